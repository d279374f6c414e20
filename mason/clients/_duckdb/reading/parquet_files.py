"""What columns parquet files have; what DuckDB would change of them, or cannot read, :mod:`parquet_changes` tells."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from mason.clients._duckdb.failures import Show
from mason.clients._duckdb.quoting import call
from mason.clients._duckdb.reading import arrow_copies
from mason.clients._duckdb.reading.arrow_copies import ArrowCopy
from mason.clients._duckdb.reading.copies import Copies
from mason.clients._duckdb.reading.parquet_changes import MOST_DIGITS, leaves_of, readings
from mason.clients._duckdb.reading.parquet_footer import beginning, lacking
from mason.clients._duckdb.reading.table_files import DataFile
from mason.clients._duckdb.reading.unreadable import may_be_unreadable, unreadable
from mason.clients._objects.object_path import with_ends
from mason.clients._tables.columns import Columns
from mason.resources.wording import listing
from mason.values import dataclass

if TYPE_CHECKING:
    import duckdb

# Each file is compared with as many schemas.
_MOST_SCHEMAS = 50
# Times of old writers, which the specification says are in UTC and DuckDB reads as they stand.
_OLD_TIMES = "(converted_type LIKE 'TIMESTAMP%' AND logical_type IS NULL)"
# Of what DuckDB cannot even tell the types of, pyarrow reads this.
_BY_ARROW = re.compile("MAP_KEY_VALUE requires two children")


@dataclass(frozen=True, slots=True)
class ParquetFile:
    """A file with its columns, those of them whose type says that they have no values, what was assumed, and the copy
    that is read instead, if one is."""

    file: DataFile
    columns: Columns
    nulls: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()
    copied: ArrowCopy | None = None


def look(
    connection: duckdb.DuckDBPyConnection, files: Sequence[DataFile], copies: Copies, show: Show
) -> list[ParquetFile]:
    """The columns of parquet files: of all, the schemas are compared, and one file of each is looked at closer.

    Raises ``EngineError`` that names file and column for what DuckDB would change, and for files that are damaged.
    """
    import duckdb

    try:
        return _looked_at(connection, files, copies, show)
    except duckdb.Error as error:
        if len(files) > 1 and not isinstance(error, duckdb.FatalException):
            for file in files:
                look(connection, [file], copies, show)
        if len(files) > 1 or not may_be_unreadable(error):
            raise
        if found := _by_arrow(connection, files[0], copies, show, str(error)):
            return [found]
        path = files[0].path
        raise unreadable(error, path, show(str(path))) from error


def _by_arrow(
    connection: duckdb.DuckDBPyConnection, file: DataFile, copies: Copies, show: Show, reason: str
) -> ParquetFile | None:
    """A file whose types pyarrow tells; ``None`` where it cannot be asked."""
    lacks = _BY_ARROW.search(reason)
    if lacks is None or not arrow_copies.available():
        return None
    copied = ArrowCopy(copies, file)
    with copied.empty() as empty:
        alike = _looked_at(connection, [replace(file, path=empty)], copies, lambda _: show(str(file.path)))[0]
    # Of a copy no copy is made.
    if alike.copied is not None:
        return None
    return ParquetFile(file, alike.columns, notes=(f"read by pyarrow, because of DuckDB: {lacks[0]}",), copied=copied)


def _looked_at(
    connection: duckdb.DuckDBPyConnection, files: Sequence[DataFile], copies: Copies, show: Show
) -> list[ParquetFile]:
    found = [ParquetFile(file, ()) for file in files if file.empty]
    groups = _alike([file for file in files if not file.empty])
    filled = {str(group[0].path): group for group in groups}
    if not filled:
        return found
    signatures = connection.execute(
        "SELECT file_name, string_agg(concat_ws(':', name, type, type_length, converted_type, scale, precision, "
        "logical_type, num_children), ',' ORDER BY column_id), "
        f"coalesce(max(precision) FILTER (converted_type = 'DECIMAL'), 0) > {MOST_DIGITS}, "
        "coalesce(bool_or(contains(logical_type, 'NANOS=Nano') OR type = 'INT96'), false), "
        "coalesce(bool_or(logical_type = 'NullType()'), false), "
        f"coalesce(string_agg(name, ', ' ORDER BY column_id) FILTER {_OLD_TIMES}, '') "
        f"FROM {call('parquet_schema', list(filled), {})} WHERE column_id > 0 GROUP BY file_name"
    ).fetchall()
    columns: dict[str, Columns] = {}
    nulls: dict[str, frozenset[str]] = {}
    for path, signature, long, times, null, old in signatures:
        group = filled.pop(path)
        if signature not in columns:
            reader = call("read_parquet", path, {"hive_partitioning": "false"})
            described = connection.execute(f"DESCRIBE SELECT * FROM {reader}").fetchall()
            columns[signature] = tuple((row[0], row[1]) for row in described)
            nulls[signature] = _nulls(connection, path) if null else frozenset()
        own, empty, notes = columns[signature], nulls[signature], _notes(columns[signature], old)
        lacks = lacking(group[0].path) if len(group) == 1 and arrow_copies.available() else {}
        closer = (
            readings(connection, group, own, lacks, copies, show) if long or times or lacks else [None] * len(group)
        )
        found += [
            ParquetFile(file, own, empty, notes)
            if read is None
            else ParquetFile(file, read.columns, empty, (*notes, *read.notes), read.copied)
            for file, read in zip(group, closer, strict=True)
        ]
    # A parquet file with a schema of no columns has no row in the answer.
    return found + [ParquetFile(file, ()) for group in filled.values() for file in group]


def _alike(files: Sequence[DataFile]) -> list[list[DataFile]]:
    """Files by their schemas, as far as that is seen at a glance: of ten thousand files few have another one."""
    groups: dict[object, list[DataFile]] = {}
    known: list[bytes] = []
    for file, path in zip(files, with_ends([file.path for file in files]), strict=True):
        schema = beginning(path, known)
        if schema is not None and schema not in groups and len(known) < _MOST_SCHEMAS:
            known.append(schema)
        groups.setdefault(file.path if schema is None else schema, []).append(file)
    return list(groups.values())


def _notes(columns: Columns, old: str) -> tuple[str, ...]:
    notes = [f"times are read without a zone, although by their old type they are in UTC: {old}"] if old else []
    variants = [name for name, kind in columns if "VARIANT" in kind]
    if variants:
        notes.append(f"instants that tell nanoseconds are rounded to microseconds within VARIANT: {listing(variants)}")
    return tuple(notes)


def _nulls(connection: duckdb.DuckDBPyConnection, path: str) -> frozenset[str]:
    leaves = leaves_of(connection, path)
    return frozenset(parts[0] for parts, leaf in leaves if len(parts) == 1 and leaf["logical_type"] == "NullType()")
