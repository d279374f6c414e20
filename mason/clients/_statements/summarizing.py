"""Summaries by SQL: what is measured of each column, then its frequent values and its histogram.

Distinct values are counted of few columns in one statement: an engine that spreads rows over machines sends each row
once for every column whose distinct values it counts. On Spark (flights, 19 columns) a statement for each column,
several at once, took a fifth of the time of one for five columns, and one for all did not end. Measured from its
distinct values and how often each is there, a column took a sixth of the time that it took row by row.

An estimate looks at each row once for all columns. On Spark that takes an eighth of the time where no value is there
twice, and half as much again where values repeat, as in most columns of real tables: these are counted there, too.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from mason.clients._duckdb.quoting import identifier
from mason.clients._statements.asked import Ask, Relation, Statement, unused
from mason.clients._tables import summaries
from mason.clients._tables.columns import check_columns, digits_of, id_of
from mason.clients._tables.summaries import FLOATING, NUMERIC, UNORDERED
from mason.engines.models import Rows
from mason.resources.wording import listing

_MEASURES = ("non_null", "distinct", "min", "max", "mean")
# Digits of decimals that are averaged exactly everywhere, of products of decimals, and of counts.
_AVERAGED_DIGITS, _SUMMED_DIGITS, _COUNTED_DIGITS = 28, 37, 18
_LARGEST = sys.float_info.max
# Rows that are looked at for an estimate, and how often a value is there where values are few.
_SAMPLED, _REPEATED = 20_000, 5


def summarize(
    ask: Ask,
    relation: Relation,
    *,
    columns: Sequence[str] | None = None,
    exact: bool = True,
    top_values: int = 0,
    histogram: int = 0,
    at_once: int = 1,
    looks_first: bool = False,
) -> Rows:
    """What ``summarize`` answers.

    - ``columns``, ``exact``, ``top_values``, ``histogram``: as the verb has them.
    - ``at_once``: of how many columns one statement counts distinct values.
    - ``looks_first``: whether an estimate begins with a look at some rows, and counts columns whose values repeat: it
      is done sooner, where reading a table again costs nothing but time.

    Raises ``NotFoundError`` for columns that there are not.
    """
    summaries.check(top_values, histogram)
    schema = summaries.schema(exact, top_values, histogram)
    check_columns(relation.names, columns or ())
    kinds = dict(relation.columns)
    chosen = list(kinds) if columns is None else list(dict.fromkeys(columns))
    if not chosen:
        return Rows(schema, [])
    if exact:
        groups = [chosen[start : start + at_once] for start in range(0, len(chosen), at_once)]
        counted_by_value = set(chosen) if at_once == 1 else set()
    else:
        counted_by_value = _repeating(ask, relation, chosen) if looks_first else set()
        # An estimate is no more work for many columns than for one.
        estimated = [name for name in chosen if name not in counted_by_value]
        groups = [[name] for name in chosen if name in counted_by_value] + ([estimated] if estimated else [])
    numbers = [name for name in chosen if id_of(kinds[name]) in NUMERIC] if histogram else []
    asked = [
        grouped(relation, group[0]) if group[0] in counted_by_value else measures(relation, group, exact=exact)
        for group in groups
    ]
    asked += [frequent(relation, name, top_values) for name in chosen] if top_values else []
    asked += [extremes(relation, numbers)] if numbers else []
    answers = list(ask(asked))
    found_lines = [each for group, one in zip(groups, answers, strict=False) for each in _lines(relation, group, one)]
    lines = sorted(found_lines, key=lambda line: chosen.index(line[0]))
    if top_values:
        found = answers[len(groups) : len(groups) + len(chosen)]
        lines = [
            (*line, summaries.top([(value, n) for value, n in answer.rows]))
            for line, answer in zip(lines, found, strict=True)
        ]
    if histogram:
        edges = _edges(numbers, answers[-1], histogram) if numbers else {}
        counted = {name: counts(relation, name, each) for name, each in edges.items()}
        told = dict(zip(counted, ask(list(counted.values())), strict=True)) if counted else {}
        bars = {name: summaries.bars(edges[name], dict(answer.rows)) for name, answer in told.items()}
        lines = [(*line, bars.get(name)) for line, name in zip(lines, chosen, strict=True)]
    return Rows(schema, lines)


def _repeating(ask: Ask, relation: Relation, names: Sequence[str]) -> set[str]:
    """The columns whose first values are few: to count these takes less time than an estimate of how many there are."""
    selected = [f"approx_count_distinct({identifier(name)}) AS distinct_{index}" for index, name in enumerate(names)]
    inner = f"{relation.selected(names)} LIMIT {_SAMPLED}"
    sql = f"SELECT count(*) AS rows_, {', '.join(selected)} FROM ({inner}) AS sampled"
    (answer,) = ask([Statement(sql, (relation,), f"summarize {_said(names)}")])
    rows, *distinct = answer.rows[0]
    return {name for name, found in zip(names, distinct, strict=True) if found * _REPEATED <= rows}


def measures(relation: Relation, names: Sequence[str], *, exact: bool = True) -> Statement:
    """One row: how many rows there are, then what is measured of the columns ``names``."""
    selected = [
        f"{sql} AS {identifier(f'{measure}_{index}')}"
        for index, name in enumerate(names)
        for measure, sql in _measures(identifier(name), dict(relation.columns)[name], exact).items()
    ]
    sql = f"SELECT count(*) AS rows_, {', '.join(selected)} FROM {relation.sql}"
    return Statement(sql, (relation,), f"summarize {_said(names)}")


def grouped(relation: Relation, name: str) -> Statement:
    """As :func:`measures` of one column, from its values and how often each is there: exact sums cost most, and of
    values that repeat there are few."""
    kind = dict(relation.columns)[name]
    value, count = (identifier(unused(each, relation.names)) for each in ("value", "times"))
    measured = _measures(value, kind, True) | {
        "non_null": f"coalesce(sum(CASE WHEN {value} IS NULL THEN 0 ELSE {count} END), 0)",
        "distinct": f"count({value})",
    }
    if "mean" in measured and (total := _total(value, count, kind)):
        del measured["mean"]
        ordered = _ordered(value, kind)
        measured["total"] = total
        measured["totalled"] = f"sum(CASE WHEN {ordered} IS NULL THEN 0 ELSE {count} END)"
    selected = [f"{sql} AS {identifier(f'{measure}_0')}" for measure, sql in measured.items()]
    inner = f"SELECT {identifier(name)} AS {value}, count(*) AS {count} FROM {relation.sql} GROUP BY {identifier(name)}"
    sql = f"SELECT coalesce(sum({count}), 0) AS rows_, {', '.join(selected)} FROM ({inner}) AS counted"
    return Statement(sql, (relation,), f"summarize {_said([name])}")


def frequent(relation: Relation, name: str, most: int) -> Statement:
    """The most frequent values of a column with their counts, most frequent first, equals in their order."""
    value, count = unused("value", relation.names), unused("count_", relation.names)
    inner = (
        f"SELECT {identifier(name)} AS {value}, count(*) AS {count} FROM {relation.sql} "
        f"WHERE {identifier(name)} IS NOT NULL GROUP BY {identifier(name)}"
    )
    sql = f"SELECT {value}, {count} FROM ({inner}) AS counted ORDER BY {count} DESC, {value} LIMIT {most}"
    return Statement(sql, (relation,), f"find the most frequent values of {_said([name])}")


def extremes(relation: Relation, names: Sequence[str]) -> Statement:
    """One row: smallest and largest number of each column, as DOUBLE, without those that are not finite."""
    kinds = dict(relation.columns)
    selected = [
        f"{each}({_finite(name, kinds[name])}) AS {each}_{index}"
        for index, name in enumerate(names)
        for each in ("min", "max")
    ]
    sql = f"SELECT {', '.join(selected)} FROM {relation.sql}"
    return Statement(sql, (relation,), f"make a histogram of {_said(names)}")


def counts(relation: Relation, name: str, edges: Sequence[float]) -> Statement:
    """How many numbers of a column are from one of the ``edges`` to the next: place and count, where there are any."""
    value, bar = _finite(name, dict(relation.columns)[name]), unused("bar", relation.names)
    last, width = len(edges) - 2, (edges[-1] - edges[0]) / (len(edges) - 1)
    place = f"least({last}, floor((({value}) - {_double(edges[0])}) / {_double(width)}))" if width else "0"
    inner = f"SELECT CASE WHEN {value} IS NOT NULL THEN CAST({place} AS INTEGER) END AS {bar} FROM {relation.sql}"
    sql = f"SELECT {bar}, count(*) AS count_ FROM ({inner}) AS placed WHERE {bar} IS NOT NULL GROUP BY {bar}"
    return Statement(sql, (relation,), f"make a histogram of {_said([name])}")


def _said(names: Sequence[str]) -> str:
    return f"column{'s' if len(names) > 1 else ''} {listing(names, most=10)}"


def _lines(relation: Relation, names: Sequence[str], answer: Rows) -> list[tuple[Any, ...]]:
    (row,) = answer.to_dicts()
    kinds = dict(relation.columns)
    found = []
    for index, name in enumerate(names):
        *values, mean = (row.get(f"{measure}_{index}") for measure in _MEASURES)
        total, times = (row.get(f"{each}_{index}") for each in ("total", "totalled"))
        mean = total / times if isinstance(total, float) and times else mean
        found.append((name, kinds[name], row["rows_"], *values, summaries.mean(mean)))
    return found


def _measures(column: str, kind: str, exact: bool) -> dict[str, str]:
    """The SQL for what is measured of a column; what its type has not is left out."""
    id_ = id_of(kind)
    distinct = f"count(DISTINCT {column})" if exact else f"approx_count_distinct({column})"
    found = {"non_null": f"count({column})", "distinct": distinct}
    value = _ordered(column, kind)
    if id_ not in UNORDERED:
        found |= {"min": f"min({value})", "max": f"max({value})"}
    if id_ in FLOATING:
        found["mean"] = f"avg(CAST({value} AS DOUBLE))"
    elif id_ in NUMERIC:
        # The sum of the widest decimals has more digits than engines keep.
        found["mean"] = f"avg(CAST({column} AS DOUBLE))" if _is_wide(kind) else f"avg({column})"
    return found


def _ordered(column: str, kind: str) -> str:
    """NaN is neither smallest nor largest, nor part of the mean."""
    if id_of(kind) not in FLOATING:
        return column
    return f"CASE WHEN isnan(CAST({column} AS DOUBLE)) THEN NULL ELSE {column} END"


def _total(value: str, count: str, kind: str) -> str:
    """The SQL of a sum as DOUBLE, from values and how often each is there; empty where it has more digits than engines
    keep."""
    if id_of(kind) in FLOATING:
        return f"sum(CAST({_ordered(value, kind)} AS DOUBLE) * CAST({count} AS DOUBLE))"
    digits = _digits(kind)
    if digits + _COUNTED_DIGITS > _SUMMED_DIGITS:
        return ""
    exact = value if id_of(kind) == "decimal" else f"CAST({value} AS DECIMAL({digits}, 0))"
    return f"CAST(sum({exact} * CAST({count} AS DECIMAL({_COUNTED_DIGITS}, 0))) AS DOUBLE)"


def _digits(kind: str) -> int:
    """How many digits numbers of an exact type have."""
    return int(kind.partition("(")[2].partition(",")[0]) if id_of(kind) == "decimal" else digits_of(kind)


def _is_wide(kind: str) -> bool:
    return id_of(kind) == "decimal" and _digits(kind) > _AVERAGED_DIGITS


def _edges(names: Sequence[str], answer: Rows, bins: int) -> dict[str, tuple[float, ...]]:
    (row,) = answer.rows
    found = zip(names, row[::2], row[1::2], strict=True)
    return {name: edges for name, least, most in found if (edges := summaries.bounds(least, most, bins))}


def _finite(name: str, kind: str) -> str:
    """A column of numbers as doubles, without those that are none."""
    value = f"CAST({identifier(name)} AS DOUBLE)"
    if id_of(kind) not in FLOATING:
        return value
    return f"CASE WHEN {value} BETWEEN {_double(-_LARGEST)} AND {_double(_LARGEST)} THEN {value} END"


def _double(value: float) -> str:
    return f"CAST('{value!r}' AS DOUBLE)"
