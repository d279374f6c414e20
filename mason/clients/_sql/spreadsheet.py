"""Spreadsheets (.xlsx): DuckDB takes each column's type from its first cell, so the rest of the column is checked.

Where a later cell does not fit, the sheet is read as text and every other column is cast back to what it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mason.clients._sql.columns import Columns
from mason.clients._sql.connection import load_excel
from mason.clients._sql.quoting import call, identifier, literal
from mason.errors import EngineError

if TYPE_CHECKING:
    import duckdb

# As text, dates and times are days since this one, as spreadsheets count them.
_FIRST_DAY = "1899-12-30"


def look(
    connection: duckdb.DuckDBPyConnection, path: Path, options: Mapping[str, Any], shown: str
) -> tuple[Columns, bool]:
    """The columns of a sheet, and whether it must be read as text because some column mixes types.

    Raises ``MissingDependencyError`` where DuckDB's extension is not installed, and ``EngineError`` that calls
    the file ``shown`` when it cannot be read.
    """
    import duckdb

    load_excel(connection)
    typed = sheet(path, options, as_text=False)
    try:
        found = connection.execute(f"DESCRIBE SELECT * FROM {typed}").fetchall()
    except duckdb.Error as error:
        reason = str(error).partition(": ")[2].splitlines()[0]
        raise EngineError(f"{shown} is not a spreadsheet that can be read: {reason}.") from error
    columns = tuple((row[0], row[1]) for row in found)
    try:
        connection.execute(f"SELECT count(COLUMNS(*)) FROM {typed}").fetchall()
    except duckdb.InvalidInputException:
        return _fitting(connection, sheet(path, options, as_text=True), columns), True
    return columns, False


def sheet(path: Path, options: Mapping[str, Any], *, as_text: bool) -> str:
    """The table function that reads one sheet."""
    arguments = {name: literal(options[name]) for name in ("header", "sheet") if name in options}
    if as_text:
        arguments["all_varchar"] = "true"
    return call("read_xlsx", str(path), arguments)


def value(name: str, kind: str) -> str:
    """The SQL that turns a cell read as text into a value of ``kind``; ``NULL`` where it is none."""
    column = identifier(name)
    days = f"TRY_CAST({column} AS DOUBLE)"
    if kind == "DATE":
        return f"DATE '{_FIRST_DAY}' + CAST({days} AS INTEGER)"
    if kind == "TIMESTAMP":
        return f"TIMESTAMP '{_FIRST_DAY}' + to_milliseconds(CAST(round({days} * 86400000) AS BIGINT))"
    if kind == "VARCHAR":
        return column
    return f"TRY_CAST({column} AS {kind})"


def _fitting(connection: duckdb.DuckDBPyConnection, text: str, columns: Columns) -> Columns:
    """``columns``, but text where some cell is not of the type that the first cell promised."""
    lost = ", ".join(f"count({identifier(name)}) - count({value(name, kind)})" for name, kind in columns)
    row = connection.execute(f"SELECT {lost} FROM {text}").fetchone()
    assert row is not None
    return tuple(
        (name, "VARCHAR" if missing or kind == "TIME" else kind)
        for (name, kind), missing in zip(columns, row, strict=True)
    )
