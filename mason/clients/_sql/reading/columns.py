"""What a column is to the readers of files: a name, and a type as DuckDB spells it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mason.errors import EngineError

if TYPE_CHECKING:
    import duckdb

Columns = tuple[tuple[str, str], ...]
"""Names and SQL types, in their order."""

WHOLE = frozenset(
    f"{sign}{size}" for sign in ("", "U") for size in ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
)
"""The types of whole numbers."""


def checked_type(connection: duckdb.DuckDBPyConnection, column: str, kind: str) -> str:
    """A type that somebody wrote, as DuckDB spells it; it becomes part of SQL, so nothing but a type may pass.

    Raises ``EngineError`` for what is no type.
    """
    import duckdb

    try:
        return str(connection.type(kind))
    except duckdb.Error as error:
        raise EngineError(f"Column {column} has the type {kind}, which DuckDB does not know.") from error
