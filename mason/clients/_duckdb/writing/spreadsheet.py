"""Spreadsheets (.xlsx) as they are written: what a cell would change becomes text, what no sheet holds is refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mason.clients._duckdb.quoting import identifier
from mason.clients._duckdb.working import watched
from mason.clients._duckdb.writing.writable import NESTED, as_json_text, rounded
from mason.errors import EngineError

if TYPE_CHECKING:
    import duckdb
    from duckdb.sqltypes import DuckDBPyType

MOST_ROWS = 1_048_575
"""The rows of a sheet below its header."""
MOST_COLUMNS = 16_384
"""The columns of a sheet."""

_MOST_CHARACTERS = 32_767
_MOST_EXACT = 2**53
_UNWRITABLE = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x{FFFE}\x{FFFF}]"
_OF_ANY_LENGTH = NESTED | {"varchar", "enum", "blob", "bit", "bignum"}
_INSTEAD = "Write csv or parquet instead, or less."


def fitted(connection: duckdb.DuckDBPyConnection, select: str, columns: Sequence[tuple[str, DuckDBPyType]]) -> str:
    """``select`` with its columns as cells can hold them: what a cell would change becomes text, column by column.

    Raises ``EngineError`` when there are more rows, columns or characters than a sheet can have. Reads all rows.
    """
    if len(columns) > MOST_COLUMNS:
        raise EngineError(
            f"A spreadsheet has at most {MOST_COLUMNS:,} columns, but these are {len(columns):,}. {_INSTEAD}"
        )
    changed = [_changed(identifier(name), kind) for name, kind in columns]
    texts = [_text(identifier(name), kind) for name, kind in columns]
    # The text of anything else is short, and of plain characters.
    free = [text if kind.id in _OF_ANY_LENGTH else "" for text, (_, kind) in zip(texts, columns, strict=True)]
    longest = ", ".join(f"coalesce(max(length({text})), 0)" if text else "0" for text in free)
    unwritable = " OR ".join(
        f"coalesce(bool_or(regexp_matches({text}, '{_UNWRITABLE}')), false)" for text in free if text
    )
    measures = f"SELECT count(*), [{longest}], {unwritable or 'false'}, [{', '.join(changed)}] FROM ({select})"
    with watched(connection, "Measuring", 0):
        row = connection.execute(measures).fetchone()
    assert row is not None
    rows, lengths, controls, as_text = row
    if rows > MOST_ROWS:
        raise EngineError(
            f"A spreadsheet has at most {MOST_ROWS:,} rows below its header, but these are {rows:,}. {_INSTEAD}"
        )
    for (name, _), length in zip(columns, lengths, strict=True):
        if length > _MOST_CHARACTERS:
            raise EngineError(
                f"A cell of a spreadsheet holds at most {_MOST_CHARACTERS:,} characters, but column {name} has a text "
                f"of {length:,}. {_INSTEAD}"
            )
    if controls:
        raise EngineError(f"Some text holds control characters, which a spreadsheet cannot. {_INSTEAD}")
    cells = ", ".join(
        f"{text} AS {identifier(name)}" if change else identifier(name)
        for (name, _), text, change in zip(columns, texts, as_text, strict=True)
    )
    return f"SELECT {cells} FROM ({select})"


def _text(column: str, kind: DuckDBPyType) -> str:
    if kind.id in NESTED:
        return as_json_text(column, kind)
    return f"CAST({column} AS VARCHAR)"


def _changed(column: str, kind: DuckDBPyType) -> str:
    """The SQL that is true when cells would hold other values than ``column``: a number in a cell is a double, a time
    is counted in days of 1900 and later."""
    if kind.id in ("boolean", "varchar", "tinyint", "smallint", "integer", "utinyint", "usmallint", "uinteger"):
        return "false"
    if kind.id == "time":
        return f"coalesce(bool_or(microsecond({column}) % 1000 <> 0), false)"
    if kind.id in ("bigint", "ubigint"):
        return f"coalesce(bool_or({column} NOT BETWEEN -{_MOST_EXACT} AND {_MOST_EXACT}), false)"
    if kind.id in ("float", "double"):
        return f"coalesce(bool_or(NOT isfinite({column})), false)"
    if kind.id in ("date", "timestamp"):
        # What is a fraction of a day is told apart to the millisecond.
        finer = f" OR microsecond({column}) % 1000 <> 0" if kind.id == "timestamp" else ""
        return f"coalesce(bool_or({column} NOT BETWEEN '1900-03-01' AND '9999-12-31'{finer}), false)"
    if kind.id == "decimal":
        return f"coalesce(bool_or({rounded(column, kind)}), false)"
    return "true"
