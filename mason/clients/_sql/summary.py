"""Exact summaries of tables that may be larger than memory.

Counting distinct values is what costs: a hash table for each column, which spills when memory runs short. Measured
at 15 million rows, one reading for all columns is the fastest as long as they are not too many for the memory; text
costs more to read again than parquet, of which only the columns asked for are read.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mason.clients._sql.answers import diagnosed, prepare
from mason.clients._sql.connection import Limits, confine, connect
from mason.clients._sql.failures import Show
from mason.clients._sql.quoting import identifier, listing
from mason.clients._sql.readers import Source
from mason.clients._sql.values import fetched_type, rows_ready
from mason.engines.models import Column, Rows, Schema
from mason.errors import NotFoundError

if TYPE_CHECKING:
    import duckdb
    from duckdb.sqltypes import DuckDBPyType

SCHEMA = Schema(
    (
        Column("column", "VARCHAR", nullable=False),
        Column("type", "VARCHAR", nullable=False),
        Column("rows", "BIGINT", nullable=False),
        Column("non_null", "BIGINT", nullable=False),
        Column("distinct", "BIGINT", nullable=False),
        Column("min", "VARCHAR"),
        Column("max", "VARCHAR"),
        Column("mean", "DOUBLE"),
    )
)
"""The columns of a summary; ``min`` and ``max`` have the type of the column that they are of."""

# Columns whose distinct values are counted in one reading of the table; a wide table in columns is read by fewer.
_AT_ONCE = 20
_AT_ONCE_OF_MANY = 6
_WHOLE = frozenset(
    {
        "tinyint",
        "smallint",
        "integer",
        "bigint",
        "hugeint",
        "utinyint",
        "usmallint",
        "uinteger",
        "ubigint",
        "uhugeint",
    }
)
_FLOATING = frozenset({"float", "double"})
# Types whose values have no order that a person would call smallest and largest.
_UNORDERED = frozenset({"struct", "map", "list", "array", "union", "variant"})

Measured = tuple[str, "DuckDBPyType"]
"""A column's name and type."""


def summarize(limits: Limits, source: Source, show: Show, *, columns: Sequence[str] | None = None) -> Rows:
    """Per column of :data:`SCHEMA`. All numbers are exact.

    ``mean`` is null where the column is not numeric, has no values or holds an infinite one; NaN counts as
    a value but is neither smallest nor largest nor part of the mean. ``min`` and ``max`` are null for nested types.
    Raises ``NotFoundError`` for columns that there are not.
    """
    if not source.sql:
        return Rows(SCHEMA, [])
    with connect(limits, ordered=False) as connection, diagnosed(limits, [source], show):
        prepare(connection, source)
        confine(connection, source.paths)
        chosen = _chosen(connection, source, columns)
        size = _AT_ONCE_OF_MANY if source.columnar and len(chosen) > _AT_ONCE else _AT_ONCE
        groups = [chosen[start : start + size] for start in range(0, len(chosen), size)]
        return Rows(SCHEMA, [line for group in groups for line in _measure(connection, source, group)])


def _measure(connection: duckdb.DuckDBPyConnection, source: Source, group: Sequence[Measured]) -> list[tuple[Any, ...]]:
    """The lines for some columns, from one reading of the table; from more when memory does not suffice for one."""
    import duckdb

    selected = [text for column in group for text in _measures(column)]
    try:
        row = connection.execute(f"SELECT count(*), {', '.join(selected)} FROM ({source.sql})").fetchone()
    except duckdb.OutOfMemoryException:
        if len(group) == 1:
            raise
        half = len(group) // 2
        return _measure(connection, source, group[:half]) + _measure(connection, source, group[half:])
    assert row is not None
    rows, *values = row
    return [_line(column, rows, values[5 * index : 5 * index + 5]) for index, column in enumerate(group)]


def _chosen(connection: duckdb.DuckDBPyConnection, source: Source, columns: Sequence[str] | None) -> list[Measured]:
    relation = connection.sql(source.sql)
    every = dict(zip(relation.columns, relation.types, strict=True))
    if columns is None:
        return list(every.items())
    missing = [name for name in columns if name not in every]
    if missing:
        raise NotFoundError(f"There is no column {', '.join(missing)}. Columns: {listing(every, most=30)}.")
    return [(name, every[name]) for name in dict.fromkeys(columns)]


def _measures(column: Measured) -> tuple[str, str, str, str, str]:
    """The SQL for count, distinct count, min, max and mean of a column."""
    name, kind = column
    quoted = identifier(name)
    ordered = f"CASE WHEN isnan({quoted}) THEN NULL ELSE {quoted} END" if kind.id in _FLOATING else quoted
    least, most = (f"CAST({each}({ordered}) AS {fetched_type(kind)})" for each in ("min", "max"))
    if kind.id in _UNORDERED or str(kind) == "JSON":
        least = most = "NULL"
    if kind.id in _FLOATING:
        # A compensated sum: the digits of a plain one depend on which thread comes first.
        mean = f"favg({ordered})"
    elif kind.id in _WHOLE or kind.id == "decimal":
        mean = f"avg({quoted})"
    else:
        mean = "NULL"
    return f"count({quoted})", f"count(DISTINCT {quoted})", least, most, mean


def _line(column: Measured, rows: int, values: Sequence[Any]) -> tuple[Any, ...]:
    name, kind = column
    count, distinct, least, most, mean = values
    ((least, most),) = rows_ready([kind, kind], [(least, most)])
    # A mean that JSON has no number for is none.
    finite = mean is not None and math.isfinite(mean)
    return name, str(kind), rows, count, distinct, least, most, mean if finite else None
