"""The page of what becomes of queries on Spark: the same, rewritten or refused. Tests run each of them on both."""

from __future__ import annotations

import duckdb

from mason.errors import TranslationError
from mason.sql.spark.translation import to_spark
from tests.sql.corpus import TABLES, queries

SPARK = "4.3.0"
"""The version that the answers were compared with; a test holds it to the one that answers."""


def sql_page() -> str:
    """The page, as Markdown."""
    sections: dict[str, list[tuple[str, str, str]]] = {}
    for kind, sql in queries():
        sections.setdefault(kind, []).append((sql, *_became(sql)))
    words = ("same", "rewritten", "refused")
    lines = [
        "# What is the same on Spark",
        "",
        f"Made by `make docs`. Answers were compared between DuckDB {duckdb.__version__} and Spark {SPARK}"
        " (ANSI mode, time zone UTC).",
        "",
        "| kind | same | rewritten | refused |",
        "|---|---|---|---|",
    ]
    for kind, rows in [*sections.items(), ("all", [row for each in sections.values() for row in each])]:
        lines.append(f"| {kind} | {' | '.join(str(sum(row[1] == word for row in rows)) for word in words)} |")
    for kind, rows in sections.items():
        lines += ["", f"## {kind}", "", "| query | is | why |", "|---|---|---|"]
        lines += [f"| {_code(sql)} | {word} | {_cell(why)} |" for sql, word, why in rows]
    return "\n".join([*lines, ""])


def _became(sql: str) -> tuple[str, str]:
    try:
        found = to_spark(sql, TABLES)
    except TranslationError as error:
        return "refused", f"{error.reason}. {error.remedy}"
    if not found.rewrites:
        return "same", ""
    return "rewritten", "; ".join(dict.fromkeys(f"{each.what}: {each.why}" for each in found.rewrites))


def _code(sql: str) -> str:
    return f"<code>{_cell(sql)}</code>"


def _cell(text: str) -> str:
    kept = {
        "&": "&amp;",
        "<": "&lt;",
        ">": "&gt;",
        "|": "&#124;",
        "*": "&#42;",
        "_": "&#95;",
        "`": "&#96;",
        "\\": "&#92;",
    }
    return "".join(kept.get(each, each) for each in text)
