"""The queries that both engines are asked, with their kinds, and the tables that they are asked of."""

from __future__ import annotations

from pathlib import Path

import duckdb

_FOLDER = Path(__file__).parent
_ROWS = (_FOLDER / "tables.sql").read_text("utf-8")


def connected() -> duckdb.DuckDBPyConnection:
    """A DuckDB with the tables."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(_ROWS)
    return connection


def _tables() -> dict[str, dict[str, str]]:
    connection = connected()
    names = [name for (name,) in connection.sql("SELECT table_name FROM duckdb_tables() ORDER BY 1").fetchall()]
    answers = {name: connection.table(name) for name in names}
    return {
        name: {column: str(type_) for column, type_ in zip(answer.columns, answer.types, strict=True)}
        for name, answer in answers.items()
    }


TABLES = _tables()


def queries(written: str = "") -> list[tuple[str, str]]:
    """Kind and text of each query in ``queries.sql``, in DuckDB's SQL; of those in the dialect ``written``."""
    kind = ""
    found = []
    name = f"{written}_queries.sql" if written else "queries.sql"
    for line in (_FOLDER / name).read_text("utf-8").splitlines():
        if line.startswith("-- "):
            kind = line.removeprefix("-- ")
        elif line:
            found.append((kind, line if written else line.removesuffix(";")))
    return found
