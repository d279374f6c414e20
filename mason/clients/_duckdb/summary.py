"""Summaries of tables that may be larger than memory.

Counting distinct values is what costs: a hash table for each column, which spills when memory runs short. Measured
at 15 million rows, one reading for all columns is the fastest as long as they are not too many for the memory; text
costs more to read again than parquet, of which only the columns asked for are read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mason.clients._duckdb.connection import Limits
from mason.clients._duckdb.failures import Show
from mason.clients._duckdb.json_values import fetched_type, rows_ready
from mason.clients._duckdb.quoting import identifier
from mason.clients._duckdb.reading.readers import Source
from mason.clients._duckdb.session import opened
from mason.clients._duckdb.working import watched
from mason.clients._tables import summaries
from mason.clients._tables.columns import check_columns
from mason.clients._tables.summaries import FLOATING, NUMERIC, UNORDERED
from mason.engines.models import Rows

if TYPE_CHECKING:
    import duckdb
    from duckdb.sqltypes import DuckDBPyType

# Columns whose distinct values are counted in one reading of the table; a wide table in columns is read by fewer.
_AT_ONCE = 20
_AT_ONCE_OF_MANY = 6

Measured = tuple[str, "DuckDBPyType"]
"""A column's name and type."""


def summarize(
    limits: Limits,
    source: Source,
    show: Show,
    *,
    columns: Sequence[str] | None = None,
    exact: bool = True,
    top: int = 0,
    bins: int = 0,
) -> Rows:
    """The columns are those of :data:`mason.clients._tables.summaries.SCHEMA`. All numbers are exact; with ``exact``
    false, distinct values are estimated from a sketch, which takes a sixth of the time and errs by some percent.

    ``top`` is the number of frequent values wanted, ``bins`` the number of bars of a histogram, for columns of numbers.
    ``mean`` is null where the column is not numeric, has no values or holds an infinite one; NaN counts as
    a value but is neither smallest nor largest nor part of the mean. ``min`` and ``max`` are null for nested types.
    Raises ``NotFoundError`` for columns that there are not.
    """
    summaries.check(top, bins)
    schema = summaries.schema(exact, top, bins)
    if not source.sql:
        return Rows(schema, [])
    with opened(limits, [source], show, ordered=False) as connection:
        chosen = _chosen(connection, source, columns)
        size = _AT_ONCE_OF_MANY if source.columnar and len(chosen) > _AT_ONCE else _AT_ONCE
        groups = [chosen[start : start + size] for start in range(0, len(chosen), size)]
        lines = [line for group in groups for line in _measure(connection, source, group, exact=exact)]
        if top:
            lines = [(*line, _top(connection, source, column, top)) for line, column in zip(lines, chosen, strict=True)]
        if bins:
            histograms = _histograms(connection, source, chosen, bins)
            lines = [(*line, histogram) for line, histogram in zip(lines, histograms, strict=True)]
        return Rows(schema, lines)


def _measure(
    connection: duckdb.DuckDBPyConnection, source: Source, group: Sequence[Measured], *, exact: bool
) -> list[tuple[Any, ...]]:
    """The lines for some columns, from one reading of the table; from more when memory does not suffice for one."""
    import duckdb

    selected = [text for column in group for text in _measures(column, exact=exact)]
    try:
        with watched(connection, "Summarizing", source.size):
            row = connection.execute(f"SELECT count(*), {', '.join(selected)} FROM ({source.sql})").fetchone()
    except duckdb.OutOfMemoryException:
        if len(group) == 1:
            raise
        half = len(group) // 2
        first = _measure(connection, source, group[:half], exact=exact)
        return first + _measure(connection, source, group[half:], exact=exact)
    assert row is not None
    rows, *values = row
    return [_line(column, rows, values[5 * index : 5 * index + 5]) for index, column in enumerate(group)]


def _top(connection: duckdb.DuckDBPyConnection, source: Source, column: Measured, most: int) -> list[dict[str, Any]]:
    """The most frequent values of a column, most frequent first, equals in their order; NULL is no value."""
    name, kind = column
    with watched(connection, f"Counting values of {name}", source.size):
        found = connection.execute(
            f"SELECT CAST(value AS {fetched_type(kind)}), count FROM (SELECT value, count(*) AS count FROM "
            f"(SELECT {identifier(name)} FROM ({source.sql})) AS one(value) WHERE value IS NOT NULL "
            f"GROUP BY value ORDER BY count(*) DESC, value LIMIT {most})"
        ).fetchall()
    values = rows_ready([kind], [(value,) for value, _ in found])
    return summaries.top([(value, count) for (value,), (_, count) in zip(values, found, strict=True)])


def _histograms(
    connection: duckdb.DuckDBPyConnection, source: Source, columns: Sequence[Measured], bins: int
) -> list[list[dict[str, Any]] | None]:
    """Per column of numbers, counts of values in ``bins`` equal steps from the smallest to the largest, which is in the
    last; ``None`` for columns without finite numbers."""
    numbers = [column for column in columns if column[1].id in NUMERIC]
    if not numbers:
        return [None] * len(columns)
    with watched(connection, "Finding bounds", source.size):
        row = connection.execute(
            f"SELECT {', '.join(f'min({value}), max({value})' for value in map(_finite, numbers))} FROM ({source.sql})"
        ).fetchone()
    assert row is not None
    counted: dict[str, str] = {}
    edges: dict[str, tuple[float, ...]] = {}
    for (name, kind), least, most in zip(numbers, row[::2], row[1::2], strict=True):
        found = summaries.bounds(least, most, bins)
        if not found:
            continue
        edges[name] = found
        width = (most - least) / bins
        value = _finite((name, kind))
        bar = f"least({bins - 1}, floor(({value} - {_double(least)}) / {_double(width)}))" if width else "0"
        counted[name] = f"histogram(CASE WHEN {value} IS NOT NULL THEN {bar}::INTEGER END)"
    if not counted:
        return [None] * len(columns)
    with watched(connection, "Counting", source.size):
        row = connection.execute(f"SELECT {', '.join(counted.values())} FROM ({source.sql})").fetchone()
    assert row is not None
    maps = dict(zip(counted, row, strict=True))
    return [summaries.bars(edges[name], maps[name]) if name in maps else None for name, _ in columns]


def _double(value: float) -> str:
    """A number as it is: with many digits DuckDB would take it for a decimal, whose digits a DOUBLE has not."""
    return f"CAST('{value!r}' AS DOUBLE)"


def _finite(column: Measured) -> str:
    """A column of numbers as doubles, without those that are none."""
    name, kind = column
    value = f"CAST({identifier(name)} AS DOUBLE)"
    return f"CASE WHEN isfinite({value}) THEN {value} END" if kind.id in FLOATING else value


def _chosen(connection: duckdb.DuckDBPyConnection, source: Source, columns: Sequence[str] | None) -> list[Measured]:
    relation = connection.sql(source.sql)
    every = dict(zip(relation.columns, relation.types, strict=True))
    if columns is None:
        return list(every.items())
    check_columns(every, columns)
    return [(name, every[name]) for name in dict.fromkeys(columns)]


def _measures(column: Measured, *, exact: bool) -> tuple[str, str, str, str, str]:
    """The SQL for count, distinct count, min, max and mean of a column."""
    name, kind = column
    quoted = identifier(name)
    ordered = f"CASE WHEN isnan({quoted}) THEN NULL ELSE {quoted} END" if kind.id in FLOATING else quoted
    least, most = (f"CAST({each}({ordered}) AS {fetched_type(kind)})" for each in ("min", "max"))
    if kind.id in UNORDERED or str(kind) == "JSON":
        least = most = "NULL"
    if kind.id in FLOATING:
        # A compensated sum: the digits of a plain one depend on which thread comes first.
        mean = f"favg({ordered})"
    elif kind.id in NUMERIC:
        mean = f"avg({quoted})"
    else:
        mean = "NULL"
    distinct = f"count(DISTINCT {quoted})" if exact else f"approx_count_distinct({quoted})"
    return f"count({quoted})", distinct, least, most, mean


def _line(column: Measured, rows: int, values: Sequence[Any]) -> tuple[Any, ...]:
    name, kind = column
    count, distinct, least, most, mean = values
    ((least, most),) = rows_ready([kind, kind], [(least, most)])
    return name, str(kind), rows, count, distinct, least, most, summaries.mean(mean)
