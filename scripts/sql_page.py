"""The pages of what becomes of queries on an engine: the same, rewritten or refused. Tests run each of them on both."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from mason.errors import TranslationError
from mason.sql.dialects import DIALECT, translate
from tests.sql.corpus import TABLES, queries


@dataclass(frozen=True)
class Compared:
    """An engine whose answers were compared.

    ``version``: the one that answered; a test holds it to the one that answers. ``as_mason_runs_it``: how it is set up.
    ``is_back``: queries are written in its dialect, and translated to DuckDB's.
    """

    dialect: str
    engine: str
    version: str
    as_mason_runs_it: str
    is_back: bool = False

    @property
    def page(self) -> str:
        """The name of the page, without its ending."""
        return f"sql_of_{self.dialect}" if self.is_back else f"sql_on_{self.dialect}"

    @property
    def title(self) -> str:
        """The title of the page."""
        return f"What DuckDB answers as {self.engine} does" if self.is_back else f"What is the same on {self.engine}"

    @property
    def queries(self) -> list[tuple[str, str]]:
        """Kind and text of each query, in the dialect that it is written in."""
        return queries(self.dialect) if self.is_back else queries()


COMPARED = (
    Compared("spark", "Spark", "4.3.0", "ANSI mode, time zone UTC"),
    Compared("postgres", "PostgreSQL", "15", "UTF-8, a database that sorts by a language"),
    Compared("spark", "Spark", "4.3.0", "ANSI mode, time zone UTC", is_back=True),
    Compared("postgres", "PostgreSQL", "15", "UTF-8, a database that sorts by a language", is_back=True),
)


def sql_page(of: Compared) -> str:
    """The page, as Markdown."""
    sections: dict[str, list[tuple[str, str, str]]] = {}
    for kind, sql in of.queries:
        sections.setdefault(kind, []).append((sql, *_became(sql, of)))
    words = ("same", "rewritten", "refused")
    lines = [
        f"# {of.title}",
        "",
        f"Made by `make docs`. Answers were compared between DuckDB {duckdb.__version__} and {of.engine} {of.version}"
        f" ({of.as_mason_runs_it}).",
        *([f"The queries are in {of.engine}'s SQL, and translated to DuckDB's."] if of.is_back else []),
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


def _became(sql: str, of: Compared) -> tuple[str, str]:
    written, to = (of.dialect, DIALECT) if of.is_back else (DIALECT, of.dialect)
    try:
        found = translate(sql, TABLES, written=written, to=to)
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
