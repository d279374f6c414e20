"""Exact summaries of tables that may be larger than memory.

Counting distinct values is what costs: a hash table for each column. All of them at once outgrow a bounded memory and
spill, so columns are counted a few at a time; reading the file again is cheaper, down to the point where text has
to be parsed once more for every single column.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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

# Columns whose distinct values are counted in one reading of the table.
_AT_ONCE = 4
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
        basics: list[Any] = []
        distinct: list[int] = []
        rows = 0
        # Basics and distinct counts share the first readings of the table.
        for group in _groups(chosen):
            selected = [text for column in group for text in _basics(column)]
            selected += [f"count(DISTINCT {identifier(name)})" for name, _ in group]
            row = connection.execute(f"SELECT count(*), {', '.join(selected)} FROM ({source.sql})").fetchone()
            assert row is not None
            rows = row[0]
            basics += row[1 : 1 + 4 * len(group)]
            distinct += row[1 + 4 * len(group) :]
    return Rows(SCHEMA, [_line(c, rows, basics[4 * i : 4 * i + 4], distinct[i]) for i, c in enumerate(chosen)])


def _chosen(connection: duckdb.DuckDBPyConnection, source: Source, columns: Sequence[str] | None) -> list[Measured]:
    relation = connection.sql(source.sql)
    every = dict(zip(relation.columns, relation.types, strict=True))
    if columns is None:
        return list(every.items())
    missing = [name for name in columns if name not in every]
    if missing:
        raise NotFoundError(f"There is no column {', '.join(missing)}. Columns: {listing(every, most=30)}.")
    return [(name, every[name]) for name in dict.fromkeys(columns)]


def _groups(columns: list[Measured]) -> Iterator[list[Measured]]:
    for start in range(0, len(columns), _AT_ONCE):
        yield columns[start : start + _AT_ONCE]


def _basics(column: Measured) -> tuple[str, str, str, str]:
    """The SQL for count, min, max and mean of a column."""
    name, kind = column
    quoted = identifier(name)
    ordered = f"CASE WHEN isnan({quoted}) THEN NULL ELSE {quoted} END" if kind.id in _FLOATING else quoted
    least, most = (f"CAST({each}({ordered}) AS {fetched_type(kind)})" for each in ("min", "max"))
    if kind.id in _UNORDERED or str(kind) == "JSON":
        least = most = "NULL"
    if kind.id in _FLOATING:
        # Exact in every order of rows: a plain sum depends on which thread comes first.
        mean = f"favg({ordered})"
    elif kind.id in _WHOLE or kind.id == "decimal":
        mean = f"avg({quoted})"
    else:
        mean = "NULL"
    return f"count({quoted})", least, most, mean


def _line(column: Measured, rows: int, basics: Sequence[Any], distinct: int) -> tuple[Any, ...]:
    name, kind = column
    count, least, most, mean = basics
    ((least, most),) = _pair(kind, least, most)
    finite = mean is not None and mean - mean == 0
    return (name, str(kind), rows, count, distinct, least, most, mean if finite else None)


def _pair(kind: DuckDBPyType, least: Any, most: Any) -> list[tuple[Any, ...]]:
    return rows_ready([kind, kind], [(least, most)])
