"""What is to be known of a table to imitate it, in two scans at most: bounds, shares of nulls, few values, shapes.

Two things are never taken over: values of columns whose names speak of persons (see :mod:`names`), and texts
that hardly repeat. A table of thirty customers is imitated without naming one of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from mason.clients._duckdb.fake.column import FakeColumn, TextShape
from mason.clients._duckdb.fake.column_names import meaning_of
from mason.clients._duckdb.fake.made_up import FLOATING, TIMESTAMPS, WHOLE_LIMITS
from mason.clients._duckdb.quoting import identifier

if TYPE_CHECKING:
    import duckdb
    from duckdb.sqltypes import DuckDBPyType

_MOST_VALUES = 50
# Counts of the first scan are approximate, a few percent off.
_NEARLY_FEW = 60
# Fewer unique numbers than this may be so by chance; then only the name can tell that they are a key.
_SURELY_KEY = 100
_LONGEST_VALUE = 1_000
_ORDERED = frozenset({*WHOLE_LIMITS, *FLOATING, *TIMESTAMPS, "decimal", "date", "time", "time_ns", "interval"})
_COUNTED = frozenset({*_ORDERED, "varchar", "boolean", "enum", "uuid"})
_CHOSEN = frozenset({"varchar", "boolean", "enum"})


def facts(connection: duckdb.DuckDBPyConnection, sql: str, columns: Sequence[tuple[str, str]]) -> list[FakeColumn]:
    """The columns of the SELECT ``sql``, whose names and types are ``columns``, with what its rows tell.

    The number of distinct values is approximate; uniqueness and the values of columns with few are exact.
    """
    if not columns:
        return []
    kinds = connection.sql(f"SELECT {', '.join(f'CAST(NULL AS {kind})' for _, kind in columns)}").types
    first = [f"[{', '.join(_measures(name, kind))}]" for (name, _), kind in zip(columns, kinds, strict=True)]
    row = connection.execute(f"SELECT count(*), {', '.join(first)} FROM ({sql})").fetchone()
    assert row is not None
    rows, *measured = row
    found = [
        _fact(FakeColumn(*column), kind, rows, values)
        for column, kind, values in zip(columns, kinds, measured, strict=True)
    ]
    return _looked_closer(connection, sql, found, kinds, rows)


def _measures(name: str, kind: DuckDBPyType) -> list[str]:
    """The SQL of what the first scan measures, as texts: count, distinct count, min, max, and what the type adds."""
    column = identifier(name)
    counted = kind.id in _COUNTED and str(kind) != "JSON"
    measures = [f"count({column})", f"approx_count_distinct({column})" if counted else "NULL"]
    if kind.id in _ORDERED:
        finite = f"CASE WHEN isfinite({column}) THEN {column} END"
        value = finite if kind.id in FLOATING or kind.id in TIMESTAMPS or kind.id == "date" else column
        measures += [f"min({value})", f"max({value})"]
        if kind.id in FLOATING:
            measures += [f"bool_and({value} = trunc({value}))", f"bool_and({value} = round({value}, 2))"]
        if kind.id in TIMESTAMPS:
            micros = f"epoch_us({value})"
            whole = f"{value} = make_timestamp_ns(epoch_us({value}) * 1000)" if kind.id == "timestamp_ns" else "true"
            measures += [f"bool_and({whole} AND {micros} % {step} = 0)" for step in (86_400_000_000, 1_000_000)]
    elif counted and kind.id == "varchar":
        measures += [
            f"min(length({column}))",
            f"max(length({column}))",
            f"bool_and(translate({column}, '0123456789', '') = '')",
            f"bool_or(contains({column}, ' '))",
            f"bool_and({column} = upper({column}))",
            f"bool_and({column} = lower({column}))",
        ]
    return [f"CAST({measure} AS VARCHAR)" for measure in measures]


def _fact(column: FakeColumn, kind: DuckDBPyType, rows: int, measured: Sequence[str | None]) -> FakeColumn:
    count, distinct = int(measured[0] or 0), int(measured[1] or 0)
    column = replace(
        column,
        null_share=(rows - count) / rows if rows else 0.0,
        distinct=distinct if 0 < distinct * 2 <= count else None,
    )
    if len(measured) == 2 or not count or measured[2] is None:
        return column
    least, most, *more = measured[2:]
    flags = [answer == "true" for answer in more]
    if kind.id == "varchar":
        digits, words, upper, lower = flags
        letters = "digits" if digits else "words" if words else "upper" if upper else "lower" if lower else "mixed"
        return replace(column, text=TextShape(int(least or 0), int(most or 0), letters))
    names = ("1", "0.01") if kind.id in FLOATING else ("day", "second")
    step = next((name for name, holds in zip(names, flags, strict=False) if holds), "")
    return replace(column, min=least, max=most, step=step)


def _looked_closer(
    connection: duckdb.DuckDBPyConnection,
    sql: str,
    found: Sequence[FakeColumn],
    kinds: Sequence[DuckDBPyType],
    rows: int,
) -> list[FakeColumn]:
    """The second scan: the values where they may be few, and whether whole numbers are unique where they may be."""
    asked: dict[int, str] = {}
    for place, (column, kind) in enumerate(zip(found, kinds, strict=True)):
        name = identifier(column.name)
        if _may_be_few(column, kind):
            asked[place] = f"histogram(CAST({name} AS VARCHAR))"
        elif kind.id in WHOLE_LIMITS and _may_be_key(column, rows):
            asked[place] = f"count(DISTINCT {name}) = count(*)"
    if not asked:
        return list(found)
    row = connection.execute(f"SELECT {', '.join(asked.values())} FROM ({sql})").fetchone()
    assert row is not None
    closer = list(found)
    for place, answer in zip(asked, row, strict=True):
        if isinstance(answer, dict):
            closer[place] = _with_values(found[place], answer)
        else:
            closer[place] = replace(found[place], unique=bool(answer))
    return closer


def _may_be_few(column: FakeColumn, kind: DuckDBPyType) -> bool:
    if kind.id not in _CHOSEN or str(kind) == "JSON":
        return False
    if kind.id == "varchar":
        short = column.text is not None and column.text.longest <= _LONGEST_VALUE
        repeated = column.distinct is not None and column.distinct <= _NEARLY_FEW
        return short and repeated and not meaning_of(column.name).personal
    return True


def _may_be_key(column: FakeColumn, rows: int) -> bool:
    meaning = meaning_of(column.name)
    full = column.null_share == 0 and column.distinct is None
    return full and rows > 0 and (meaning.key or meaning.reference or rows >= _SURELY_KEY)


def _with_values(column: FakeColumn, counts: dict[str, int]) -> FakeColumn:
    if not counts or len(counts) > _MOST_VALUES:
        return column
    total = sum(counts.values())
    often = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return replace(column, values=tuple((value, count / total) for value, count in often))
