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

from mason.clients._duckdb.quoting import call, identifier
from mason.clients._duckdb.reading.parquet_footer import chunks, footer
from mason.clients._duckdb.reading.sparse import any_within, sparse_copies

if TYPE_CHECKING:
    import duckdb
    from duckdb.sqltypes import DuckDBPyType

# The union LogicalType with TIME (7) or TIMESTAMP (8) in nanoseconds, as Thrift's compact protocol writes it.
_NANOSECONDS = re.compile(rb"[\x7c\x8c][\x11\x12](?=\x1c\x3c\x00\x00\x00\x00)")
_WITHOUT_ZONE = b"\x8c\x12"


def whole_microseconds(
    connection: duckdb.DuckDBPyConnection, path: Path, counting: set[tuple[str, ...]]
) -> set[tuple[str, ...]]:
    """Those of the columns ``counting``, which count nanoseconds, whose values are all whole microseconds.

    Columns go by their names from the top.
    """
    likely = _whole_at_bounds(footer(path)) & counting
    if not likely:
        return likely
    wrong = _with_nanoseconds(connection, path, {parts[0] for parts in likely})
    return {parts for parts in likely if parts[0] not in wrong}


def _whole_at_bounds(described: Mapping[int, Any]) -> set[tuple[str, ...]]:
    """The columns of whose smallest and largest values, in every row group, none tells nanoseconds; they need not be
    known."""
    bounds: dict[tuple[str, ...], list[bytes | None]] = {}
    for parts, metadata in chunks(described):
        statistics = metadata.get(12, {})
        bounds.setdefault(parts, []).extend((statistics.get(5), statistics.get(6)))
    return {
        parts
        for parts, values in bounds.items()
        if all(int.from_bytes(each, "little", signed=True) % 1000 == 0 for each in values if each is not None)
    }


def _with_nanoseconds(connection: duckdb.DuckDBPyConnection, path: Path, tops: set[str]) -> set[str]:
    """Those of the columns ``tops`` in which a time tells nanoseconds."""
    with sparse_copies([path], tops, lambda data: _NANOSECONDS.sub(_WITHOUT_ZONE, data)) as copies:
        reader = call("read_parquet", str(copies[0]), {"hive_partitioning": "false"})
        relation = connection.sql(f"SELECT {', '.join(map(identifier, sorted(tops)))} FROM {reader}")
        tests = {
            name: any_within(identifier(name), kind, _tells_nanoseconds)
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


def _tells_nanoseconds(value: str, kind: DuckDBPyType) -> str:
    return f"(NOT isfinite({value}) OR epoch_ns({value}) % 1000 <> 0)" if kind.id == "timestamp_ns" else ""
