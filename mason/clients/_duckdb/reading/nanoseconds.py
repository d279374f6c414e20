"""Which times in a parquet file are whole microseconds, although their type has nanoseconds.

pandas writes nanoseconds whatever there is to tell, and DuckDB 1.5 cuts those of times with a zone and of times of day.
The smallest and largest values in the footer tell most columns that are not whole. For the others, a sparse copy of the
file is made: their bytes alone, at their places, below a footer that calls them times without a zone, of which DuckDB
keeps the nanoseconds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mason.clients._duckdb.json_values import children
from mason.clients._duckdb.quoting import call, identifier, literal
from mason.clients._duckdb.reading.parquet_footer import chunks, footer, footer_length

if TYPE_CHECKING:
    import duckdb
    from duckdb.sqltypes import DuckDBPyType

# The union LogicalType with TIME (7) or TIMESTAMP (8) in nanoseconds, as Thrift's compact protocol writes it.
_NANOSECONDS = re.compile(rb"[\x7c\x8c][\x11\x12](?=\x1c\x3c\x00\x00\x00\x00)")
_WITHOUT_ZONE = b"\x8c\x12"
_PIECE = 1 << 20


def whole_microseconds(
    connection: duckdb.DuckDBPyConnection, path: Path, counting: set[tuple[str, ...]]
) -> set[tuple[str, ...]]:
    """Those of the columns ``counting``, which count nanoseconds, whose values are all whole microseconds.

    Columns go by their names from the top.
    """
    described = footer(path)
    likely = _whole_at_bounds(described) & counting
    if not likely:
        return likely
    wrong = _with_nanoseconds(connection, path, described, {parts[0] for parts in likely})
    return {parts for parts in likely if parts[0] not in wrong}


def _whole_at_bounds(described: Mapping[int, Any]) -> set[tuple[str, ...]]:
    """The columns whose smallest and largest values, in every row group, are whole microseconds."""
    bounds: dict[tuple[str, ...], list[bytes | None]] = {}
    for parts, metadata in chunks(described):
        statistics = metadata.get(12, {})
        found = bounds.setdefault(parts, [])
        # In some row groups there may be nothing but nulls.
        if statistics.get(3) != metadata.get(5):
            found.extend((statistics.get(5), statistics.get(6)))
    return {
        parts
        for parts, values in bounds.items()
        if all(each is not None and int.from_bytes(each, "little", signed=True) % 1000 == 0 for each in values)
    }


def _with_nanoseconds(
    connection: duckdb.DuckDBPyConnection, path: Path, described: Mapping[int, Any], tops: set[str]
) -> set[str]:
    """Those of the columns ``tops`` in which a time tells nanoseconds."""
    from mason import temporary

    with temporary.folder("reading") as folder:
        copy = folder / "times.parquet"
        _copy_columns(path, copy, described, tops)
        reader = call("read_parquet", str(copy), {"hive_partitioning": "false"})
        relation = connection.sql(f"SELECT {', '.join(map(identifier, sorted(tops)))} FROM {reader}")
        tests = {
            name: _tells_nanoseconds(identifier(name), kind)
            for name, kind in zip(relation.columns, relation.types, strict=True)
        }
        asked = {name: test for name, test in tests.items() if test}
        if not asked:
            return set()
        row = connection.execute(
            f"SELECT {', '.join(f'coalesce(bool_or({test}), false)' for test in asked.values())} FROM {reader}"
        ).fetchone()
        assert row is not None
        return {name for name, found in zip(asked, row, strict=True) if found}


def _copy_columns(path: Path, copy: Path, described: Mapping[int, Any], tops: set[str]) -> None:
    size, length = path.stat().st_size, footer_length(path)
    with path.open("rb") as source, copy.open("wb") as target:
        target.write(source.read(4))
        for parts, metadata in chunks(described):
            if parts[0] in tops:
                # A dictionary, where there is one, stands before the values.
                start = min(metadata[9], metadata.get(11) or metadata[9])
                _copy_bytes(source, target, start, metadata[7])
        source.seek(size - 8 - length)
        target.seek(size - 8 - length)
        target.write(_NANOSECONDS.sub(_WITHOUT_ZONE, source.read(length)))
        target.write(source.read(8))


def _copy_bytes(source: Any, target: Any, start: int, length: int) -> None:
    source.seek(start)
    target.seek(start)
    while length > 0:
        piece = source.read(min(length, _PIECE))
        if not piece:
            break
        target.write(piece)
        length -= len(piece)


def _tells_nanoseconds(value: str, kind: DuckDBPyType, depth: int = 0) -> str:
    """The SQL that is true where a time in ``value`` tells nanoseconds; empty where there can be none."""
    if kind.id == "timestamp_ns":
        return f"(NOT isfinite({value}) OR epoch_ns({value}) % 1000 <> 0)"
    within = children(kind)
    if kind.id in ("list", "array"):
        return _in_a_list(value, within["child"], depth)
    if kind.id == "map":
        tests = [
            _in_a_list(f"map_keys({value})", within["key"], depth),
            _in_a_list(f"map_values({value})", within["value"], depth),
        ]
    else:
        tests = [
            _tells_nanoseconds(f"struct_extract({value}, {literal(name)})", child, depth)
            for name, child in within.items()
        ]
    tests = [f"coalesce({test}, false)" for test in tests if test]
    return f"({' OR '.join(tests)})" if tests else ""


def _in_a_list(values: str, kind: DuckDBPyType, depth: int) -> str:
    each = f"each_{depth}"
    test = _tells_nanoseconds(each, kind, depth + 1)
    return f"list_bool_or(list_transform({values}, lambda {each}: {test}))" if test else ""
