"""What columns parquet files have, and which of them DuckDB would change: these are refused by file and column.

DuckDB 1.5 takes a DECIMAL of more than 38 digits for a DOUBLE of other bytes, and cuts nanoseconds of times with a zone
and of times of day; whether a file has such nanoseconds tells :mod:`nanoseconds`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mason.clients._duckdb.failures import Show
from mason.clients._duckdb.quoting import call
from mason.clients._duckdb.reading.nanoseconds import whole_microseconds
from mason.clients._duckdb.reading.parquet_footer import beginning
from mason.clients._duckdb.reading.table_files import DataFile
from mason.clients._duckdb.reading.unreadable import may_be_unreadable, unreadable
from mason.clients._tables.columns import Columns
from mason.errors import EngineError
from mason.resources.wording import listing
from mason.values import dataclass

if TYPE_CHECKING:
    import duckdb

_MOST_DIGITS = 38
# Each file is compared with as many schemas.
_MOST_SCHEMAS = 50
# Times of old writers, which the specification says are in UTC and DuckDB reads as they stand.
_OLD_TIMES = "(converted_type LIKE 'TIMESTAMP%' AND logical_type IS NULL)"
_NANOSECOND_TIMES = ("TimestampType(isAdjustedToUTC=1", "TimeType(")


@dataclass(frozen=True, slots=True)
class ParquetFile:
    """A file with its columns, those of them whose type says that they have no values, and what was assumed."""

    file: DataFile
    columns: Columns
    nulls: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()


def look(connection: duckdb.DuckDBPyConnection, files: Sequence[DataFile], show: Show) -> list[ParquetFile]:
    """The columns of parquet files: of all, the schemas are compared, and one file of each is looked at closer.

    Raises ``EngineError`` that names file and column for what DuckDB would change, and for files that are damaged.
    """
    import duckdb

    try:
        return _looked_at(connection, files, show)
    except duckdb.Error as error:
        if len(files) > 1 and not isinstance(error, duckdb.FatalException):
            for file in files:
                look(connection, [file], show)
        if len(files) > 1 or not may_be_unreadable(error):
            raise
        path = files[0].path
        raise unreadable(error, path, show(str(path))) from error


def _looked_at(connection: duckdb.DuckDBPyConnection, files: Sequence[DataFile], show: Show) -> list[ParquetFile]:
    found = [ParquetFile(file, ()) for file in files if file.empty]
    groups = _alike([file for file in files if not file.empty])
    filled = {str(group[0].path): group for group in groups}
    if not filled:
        return found
    signatures = connection.execute(
        "SELECT file_name, string_agg(concat_ws(':', name, type, type_length, converted_type, scale, precision, "
        "logical_type, num_children), ',' ORDER BY column_id), "
        f"coalesce(max(precision) FILTER (converted_type = 'DECIMAL'), 0) > {_MOST_DIGITS}, "
        "coalesce(bool_or(contains(logical_type, 'NANOS=Nano')), false), "
        "coalesce(bool_or(logical_type = 'NullType()'), false), "
        f"coalesce(string_agg(name, ', ' ORDER BY column_id) FILTER {_OLD_TIMES}, '') "
        f"FROM {call('parquet_schema', list(filled), {})} WHERE column_id > 0 GROUP BY file_name"
    ).fetchall()
    columns: dict[str, Columns] = {}
    nulls: dict[str, frozenset[str]] = {}
    for path, signature, long, nanoseconds, null, old in signatures:
        group = filled.pop(path)
        for file in group if nanoseconds else group[:1] if long else ():
            _refuse_changed(connection, file, show, nanoseconds=nanoseconds)
        if signature not in columns:
            reader = call("read_parquet", path, {"hive_partitioning": "false"})
            described = connection.execute(f"DESCRIBE SELECT * FROM {reader}").fetchall()
            columns[signature] = tuple((row[0], row[1]) for row in described)
            nulls[signature] = _nulls(connection, path) if null else frozenset()
        notes = _notes(columns[signature], old)
        found += [ParquetFile(file, columns[signature], nulls[signature], notes) for file in group]
    # A parquet file with a schema of no columns has no row in the answer.
    return found + [ParquetFile(file, ()) for group in filled.values() for file in group]


def _alike(files: Sequence[DataFile]) -> list[list[DataFile]]:
    """Files by their schemas, as far as that is seen at a glance: of ten thousand files few have another one."""
    groups: dict[object, list[DataFile]] = {}
    known: list[bytes] = []
    for file in files:
        schema = beginning(file.path, known)
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
    leaves = _leaves(connection, path)
    return frozenset(parts[0] for parts, leaf in leaves if len(parts) == 1 and leaf["logical_type"] == "NullType()")


def _refuse_changed(connection: duckdb.DuckDBPyConnection, file: DataFile, show: Show, *, nanoseconds: bool) -> None:
    leaves = list(_leaves(connection, str(file.path)))
    counting = {parts for parts, leaf in leaves if nanoseconds and _counts_nanoseconds(leaf)}
    whole = whole_microseconds(connection, file.path, counting) if counting else set()
    for parts, leaf in leaves:
        place = f"{show(str(file.path))}, column {'.'.join(parts)}"
        if leaf["converted_type"] == "DECIMAL" and leaf["precision"] > _MOST_DIGITS:
            raise EngineError(
                f"{place}: DECIMAL({leaf['precision']},{leaf['scale']}) has more digits than the {_MOST_DIGITS} that "
                "can be read. Write the column with fewer digits, or as text."
            )
        if _counts_nanoseconds(leaf) and parts in counting - whole:
            what = "times of day" if leaf["logical_type"].startswith("TimeType") else "times with a zone"
            raise EngineError(
                f"{place}: {what} that tell nanoseconds would be cut to microseconds. Write the column as "
                f"microseconds, or as {'text' if what == 'times of day' else 'times without a zone'}."
            )


def _counts_nanoseconds(leaf: Mapping[str, Any]) -> bool:
    logical = leaf["logical_type"] or ""
    return logical.startswith(_NANOSECOND_TIMES) and "NANOS=Nano" in logical


def _leaves(connection: duckdb.DuckDBPyConnection, path: str) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """The columns that hold values, with their names from the top."""
    names = ("name", "num_children", "converted_type", "precision", "scale", "logical_type")
    rows = connection.execute(
        f"SELECT {', '.join(names)} FROM {call('parquet_schema', path, {})} ORDER BY column_id"
    ).fetchall()
    open_groups: list[tuple[str, int]] = []
    for row in rows:
        leaf = dict(zip(names, row, strict=True))
        if leaf["num_children"]:
            open_groups.append((leaf["name"], leaf["num_children"]))
            continue
        yield (*(name for name, _ in open_groups[1:]), leaf["name"]), leaf
        while open_groups:
            name, left = open_groups.pop()
            if left > 1:
                open_groups.append((name, left - 1))
                break
