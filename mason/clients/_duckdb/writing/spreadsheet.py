"""Spreadsheets (.xlsx) as they are written: what a cell would change becomes text, what no sheet holds is refused.

Texts are written as the format wants it (ECMA-376, ST_Xstring): a return as ``_x000D_``, the underscore of what looks
so as ``_x005F_``, and with a word that blanks at the ends of a text belong to it. DuckDB does none of this.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING

from mason.clients._duckdb.quoting import identifier
from mason.clients._duckdb.working import watched
from mason.clients._duckdb.writing.atomic import beside_of
from mason.clients._duckdb.writing.writable import NESTED, as_json_text, rounded
from mason.errors import EngineError

if TYPE_CHECKING:
    import duckdb
    from duckdb.sqltypes import DuckDBPyType

MOST_ROWS = 1_048_575
"""The rows of a sheet below its header."""
MOST_COLUMNS = 16_384
"""The columns of a sheet."""

SHEET = "xl/worksheets/sheet1.xml"
"""What DuckDB calls the sheet in a workbook."""

_MOST_CHARACTERS = 32_767
_MOST_EXACT = 2**53
# What a cell takes in the sheet's XML beside its text, before it is compressed, and all that is around the cells.
_CELL = 40
_MARGIN = 100_000
_UNWRITABLE = r"[\x00-\x08\x0b\x0c\x0e-\x1f]"
_ESCAPED = r"\r|_x[0-9A-Fa-f]{4}_"
_BLANKS = re.compile(rb"<t>\s|\s</t>")
_PIECE = 1 << 20
_INSTEAD = "Write csv or parquet instead, or less."


def fitted(
    connection: duckdb.DuckDBPyConnection, select: str, columns: Sequence[tuple[str, DuckDBPyType]], folder: Path
) -> str:
    """``select`` with its columns as cells can hold them: what a cell would change becomes text, column by column.

    Raises ``EngineError`` when there are more rows, columns or characters than a sheet can have, or where the disk that
    ``folder`` is on has no room for them. Reads all rows.
    """
    if len(columns) > MOST_COLUMNS:
        raise EngineError(
            f"A spreadsheet has at most {MOST_COLUMNS:,} columns, but these are {len(columns):,}. {_INSTEAD}"
        )
    changed = [_changed(identifier(name), kind) for name, kind in columns]
    texts = [_text(identifier(name), kind) for name, kind in columns]
    longest = ", ".join(f"coalesce(max(length({text})), 0)" for text in texts)
    unwritable = " OR ".join(f"coalesce(bool_or(regexp_matches({text}, '{_UNWRITABLE}')), false)" for text in texts)
    sizes = ", ".join(f"coalesce(sum(strlen({text})), 0)" for text in texts)
    escaped = ", ".join(f"coalesce(bool_or(regexp_matches({text}, '{_ESCAPED}')), false)" for text in texts)
    measured = f"count(*), [{longest}], {unwritable}, [{', '.join(changed)}], [{escaped}], list_sum([{sizes}])"
    measures = f"SELECT {measured} FROM ({select})"
    with watched(connection, "Measuring", 0):
        row = connection.execute(measures).fetchone()
    assert row is not None
    rows, lengths, controls, as_text, escapes, characters = row
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
    _check_room(int(characters) + rows * len(columns) * _CELL, folder)
    cells = ", ".join(
        f"{_escaped(text) if escape else text if change else identifier(name)} AS {identifier(_escaped_name(name))}"
        for (name, _), text, change, escape in zip(columns, texts, as_text, escapes, strict=True)
    )
    return f"SELECT {cells} FROM ({select})"


def keep_blanks(path: Path) -> None:
    """Say of all texts of a workbook that DuckDB wrote that blanks at their ends belong to them, if any has some."""
    from zipfile import ZIP_DEFLATED, ZipFile

    with ZipFile(path) as given:
        with given.open(SHEET) as sheet:
            if not any(_BLANKS.search(piece) for piece in pieces(sheet, overlap=4)):
                return
        made = beside_of(path)
        try:
            with ZipFile(made, "w", ZIP_DEFLATED) as target:
                for name in given.namelist():
                    with given.open(name) as source, target.open(name, "w") as copy:
                        _copy_texts(source, copy) if name == SHEET else copy.write(source.read())
            made.replace(path)
        finally:
            made.unlink(missing_ok=True)


def pieces(stream: IO[bytes], *, overlap: int) -> Iterator[bytes]:
    """A stream piece by piece; each begins with the last bytes of the one before it."""
    last = b""
    while piece := stream.read(_PIECE):
        yield last + piece
        last = piece[-overlap:]


def _copy_texts(source: IO[bytes], target: IO[bytes]) -> None:
    rest = b""
    while piece := source.read(_PIECE):
        piece = rest + piece
        # A mark at the end may be cut in two.
        cut = piece.rfind(b"<") if b"<" in piece[-2:] else len(piece)
        piece, rest = piece[:cut], piece[cut:]
        target.write(piece.replace(b"<t>", b'<t xml:space="preserve">'))
    target.write(rest)


def _escaped(text: str) -> str:
    marked = f"regexp_replace({text}, '_(x[0-9A-Fa-f]{{4}}_)', '_x005F_\\1', 'g')"
    return f"replace({marked}, chr(13), '_x000D_')"


def _escaped_name(name: str) -> str:
    return re.sub("_(x[0-9A-Fa-f]{4}_)", r"_x005F_\1", name).replace("\r", "_x000D_")


def _check_room(most: int, folder: Path) -> None:
    """Raises ``EngineError`` where so many bytes may not fit: DuckDB's extension would end the process on a full disk
    (duckdb-extension-excel 1.5.5), instead of raising an error."""
    status = os.statvfs(next(each for each in (folder, *folder.parents) if each.exists()))
    free = status.f_bavail * status.f_frsize
    if free < most + _MARGIN:
        raise EngineError(
            f"There may be no room for the spreadsheet: it takes up to {(most + _MARGIN) / 1e6:,.1f} MB, and "
            f"{free / 1e6:,.1f} MB are free on the disk. Nothing was written. Make room on it, or write csv or parquet."
        )


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
