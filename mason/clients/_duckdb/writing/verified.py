"""What is in the files that were written, against what is said of them: rows and columns.

Rows of text are counted by the ends of its lines, those of parquet by its footers, which takes some hundredths of the
time of writing them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mason.clients._duckdb.quoting import call, literal, struct
from mason.clients._duckdb.writing.workbook import SHEET
from mason.clients._tables.requests import Output
from mason.errors import EngineError

if TYPE_CHECKING:
    import duckdb
    from duckdb.sqltypes import DuckDBPyType

_PIECE = 1 << 20
# DuckDB takes some times as much memory to read one.
_LONGEST_LINE = 16_000_000
_ROW = b"<row "


def check_written(
    connection: duckdb.DuckDBPyConnection, files: Sequence[Path], output: Output, rows: int, names: Sequence[str]
) -> dict[str, str]:
    """Raises ``EngineError`` where the files do not hold as many rows as were written, or parquet other columns.

    ``names`` are those of the columns in the files, without those of partitions. The answer are the types that they
    have there, where the format has types.
    """
    kinds = {}
    if output.format == "parquet":
        kinds = _kinds(connection, files[0])
        found = _rows_of_parquet(connection, files)
    elif output.format == "xlsx":
        found = _rows_of_sheet(files[0])
    else:
        found = _rows_of_text(connection, files, output, rows, names)
    if found != rows or (kinds and list(kinds) != list(names)):
        what = (
            f"{rows:,} rows were written, but {found:,} are" if found != rows else "Other columns than were written are"
        )
        raise EngineError(
            f"{what} in the files, so they were not kept. Write another format, and report this as a fault of Mason."
        )
    return kinds


def _kinds(connection: duckdb.DuckDBPyConnection, file: Path) -> dict[str, str]:
    reader = call("read_parquet", str(file), {"hive_partitioning": "false"})
    relation = connection.sql(f"SELECT * FROM {reader}")
    return dict(zip(relation.columns, map(str, relation.types), strict=True))


def told_of_infinity(
    connection: duckdb.DuckDBPyConnection, files: Sequence[Path], columns: Mapping[str, DuckDBPyType]
) -> list[str]:
    """Which columns of parquet hold a time that is infinite, by the bounds in the footers."""
    if not any(kind.id.startswith(("date", "timestamp")) for kind in columns.values()):
        return []
    reader = call("parquet_metadata", [str(file) for file in files], {})
    infinite = "('infinity', '-infinity')"
    found = connection.execute(
        f"SELECT DISTINCT path_in_schema FROM {reader} WHERE type IN ('INT32', 'INT64') "
        f"AND (stats_min_value IN {infinite} OR stats_max_value IN {infinite})"
    ).fetchall()
    told = "infinity is a far day or an error to Spark, polars and pyarrow; write NULL or text instead"
    return [f"column {name}: {told}" for (name,) in sorted(found)]


def _rows_of_parquet(connection: duckdb.DuckDBPyConnection, files: Sequence[Path]) -> int:
    reader = call("parquet_file_metadata", [str(file) for file in files], {})
    row = connection.execute(f"SELECT sum(num_rows)::BIGINT FROM {reader}").fetchone()
    assert row is not None
    return int(row[0])


def _rows_of_sheet(file: Path) -> int:
    from zipfile import ZipFile

    with ZipFile(file) as archive, archive.open(SHEET) as sheet:
        found, last = 0, b""
        while piece := sheet.read(_PIECE):
            found += (last + piece).count(_ROW)
            last = piece[1 - len(_ROW) :]
        # The names of the columns are a row.
        return found - 1


def _rows_of_text(
    connection: duckdb.DuckDBPyConnection, files: Sequence[Path], output: Output, rows: int, names: Sequence[str]
) -> int:
    if output.format != "csv":
        # A list has a line for each of its brackets, and one between them where it is empty.
        listed = output.format == "json" and not output.partition_columns and output.files is None
        return sum(_lines(connection, file, output) for file in files) - (2 + (not rows) if listed else 0)
    # Each file has a header. Values may hold ends of lines, in which case quotes are looked at, too.
    found = sum(_lines(connection, file, output) for file in files) - len(files)
    return found if found == rows else sum(_records(connection, file, output, names) for file in files) - len(files)


def _lines(connection: duckdb.DuckDBPyConnection, file: Path, output: Output) -> int:
    if output.compression == "zstd":
        return _count(connection, file, "\x1f", "", ["line"])
    return sum(piece.count(b"\n") for piece in _pieces(file, output))


def _records(connection: duckdb.DuckDBPyConnection, file: Path, output: Output, names: Sequence[str]) -> int:
    """The lines that end outside of quotes, of which the first is the header."""
    if output.compression == "zstd":
        return _count(connection, file, output.delimiter, '"', names)
    ends = inside = 0
    for piece in _pieces(file, output):
        parts = piece.split(b'"')
        ends += sum(part.count(b"\n") for part in parts[inside::2])
        inside = (inside + len(parts) - 1) % 2
    return ends


def _count(connection: duckdb.DuckDBPyConnection, file: Path, delimiter: str, quote: str, names: Sequence[str]) -> int:
    """The records of a file in Zstandard, which Python cannot read before 3.14."""
    arguments = {
        "auto_detect": "false",
        "header": "false",
        "compression": "'zstd'",
        "delim": literal(delimiter),
        "quote": literal(quote),
        "escape": literal(quote),
        # Values may hold other ends of lines.
        "new_line": r"'\n'",
        "strict_mode": str(bool(quote)).lower(),
        "max_line_size": str(_LONGEST_LINE),
        "columns": struct(dict.fromkeys(names, "VARCHAR")),
    }
    row = connection.execute(f"SELECT count(*) FROM {call('read_csv', str(file), arguments)}").fetchone()
    assert row is not None
    return int(row[0])


def _pieces(file: Path, output: Output) -> Iterator[bytes]:
    import gzip

    with gzip.open(file) if output.compression == "gzip" else file.open("rb") as stream:
        while piece := stream.read(_PIECE):
            yield piece
