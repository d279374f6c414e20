"""The pages of what becomes of queries on an engine: the same, rewritten or refused. Tests run each of them on both."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from mason.errors import TranslationError
from mason.sql.dialects import translate
from tests.sql.corpus import TABLES, queries


@dataclass(frozen=True)
class Compared:
    """An engine whose answers were compared.

    ``version``: the one that answered; a test holds it to the one that answers. ``as_mason_runs_it``: how it is set up.
    """

    dialect: str
    engine: str
    version: str
    as_mason_runs_it: str

    @property
    def page(self) -> str:
        """The name of the page, without its ending."""
        return f"sql_on_{self.dialect}"


COMPARED = (
    Compared("spark", "Spark", "4.3.0", "ANSI mode, time zone UTC"),
    Compared("postgres", "PostgreSQL", "15", "UTF-8, a database that sorts by a language"),
)


def sql_page(of: Compared) -> str:
    """The page, as Markdown."""
    sections: dict[str, list[tuple[str, str, str]]] = {}
    for kind, sql in queries():
        sections.setdefault(kind, []).append((sql, *_became(sql, of.dialect)))
    words = ("same", "rewritten", "refused")
    lines = [
        f"# What is the same on {of.engine}",
        "",
        f"Made by `make docs`. Answers were compared between DuckDB {duckdb.__version__} and {of.engine} {of.version}"
        f" ({of.as_mason_runs_it}).",
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


def _became(sql: str, dialect: str) -> tuple[str, str]:
    try:
        found = translate(sql, TABLES, to=dialect)
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
