"""What is in the files that were written, against what was said: rows, columns, and values as far as that is cheap.

Rows of text are counted by the ends of its lines, those of parquet by its footers, which takes some hundredths of the
time of writing them. Parquet of some megabytes is read back: how many values each column has, and the smallest and
largest of whole numbers, dates and times, must be what the footers say, which the writer gathered from the rows and not
from the pages. Reading back takes a sixth of the time of writing, and comparing all values with their source, which
would have to be read twice, half of it: so long files are taken at their footers' word.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mason.clients._duckdb.quoting import call, identifier, literal, struct
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
# The types whose footers tell the smallest and largest value as it is.
_BOUNDED = frozenset(
    {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "DATE", "TIMESTAMP"}
)
# The bytes, files and columns that are read back at most.
_READ_BACK = 64_000_000
_MOST_FILES = 256
_MOST_COLUMNS = 500


def check_written(
    connection: duckdb.DuckDBPyConnection, files: Sequence[Path], output: Output, rows: int, names: Sequence[str]
) -> dict[str, str]:
    """Raises ``EngineError`` where the files do not hold what was written.

    rows: how many were written.
    names: of the columns in the files, without those of partitions.

    The answer are the types that the columns have there, where the format has types.
    """
    kinds = {}
    if output.format == "parquet":
        kinds = _kinds(connection, files[0])
        found = _rows_of_parquet(connection, files)
        _check_values(connection, files, kinds)
    elif output.format == "xlsx":
        found = _rows_of_sheet(files[0])
    else:
        found = _rows_of_text(connection, files, output, rows, names)
    if found != rows or (kinds and list(kinds) != list(names)):
        raise _unlike(
            f"{rows:,} rows were written, but {found:,} are" if found != rows else "Other columns than were written are"
        )
    return kinds


def _unlike(what: str) -> EngineError:
    return EngineError(
        f"{what} in the files, so they were not kept. Write another format, and report this as a fault of Mason."
    )


def _check_values(connection: duckdb.DuckDBPyConnection, files: Sequence[Path], kinds: Mapping[str, str]) -> None:
    """Raises ``EngineError`` where the pages of parquet hold other values than the footers say."""
    bounded = [name for name, kind in kinds.items() if kind in _BOUNDED][:_MOST_COLUMNS]
    if not bounded or len(files) > _MOST_FILES or sum(file.stat().st_size for file in files) > _READ_BACK:
        return
    paths = [str(file) for file in files]
    said = [
        f"{aggregate} FILTER (path_in_schema = {literal(name)})"
        for name in bounded
        for aggregate in (
            "sum(num_values - stats_null_count)",
            f"min(TRY_CAST(stats_min_value AS {kinds[name]}))",
            f"max(TRY_CAST(stats_max_value AS {kinds[name]}))",
        )
    ]
    there = [f"{each}({identifier(name)})" for name in bounded for each in ("count", "min", "max")]
    metadata = f"SELECT {', '.join(said)} FROM {call('parquet_metadata', paths, {})}"
    reader = call("read_parquet", paths, {"hive_partitioning": "false"})
    told = connection.execute(metadata).fetchone()
    # Without the limit, which cuts nothing, DuckDB would answer from the footers.
    limited = f"SELECT {', '.join(map(identifier, bounded))} FROM {reader} LIMIT {2**63 - 1}"
    found = connection.execute(f"SELECT {', '.join(there)} FROM ({limited})").fetchone()
    assert told is not None
    assert found is not None
    for index, name in enumerate(bounded):
        one, other = told[3 * index : 3 * index + 3], found[3 * index : 3 * index + 3]
        # Where a footer says nothing, there is nothing to compare.
        if any(each is not None and each != value for each, value in zip(one, other, strict=True)):
            raise _unlike(f"Other values of column {name} than were written are")


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
