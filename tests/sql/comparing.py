"""How answers of DuckDB and of Spark are compared: values and types, rows in order where the query orders them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import duckdb

from mason.sql.sql_types import HUGEINT, TIMESTAMPTZ, SqlType, from_duckdb, spark_name
from tests.sql.spark_child import plain

TOLERANCE = 1e-12
"""Floating numbers are the same where they differ by less than this share of the larger one."""

Rows = list[list[Any]]


def spark_types(types: Sequence[SqlType]) -> list[str]:
    """The names of types as Spark prints them."""
    return [spark_name(each).lower().replace(": ", ":").replace(", ", ",").replace("`", "") for each in types]


def asked(connection: duckdb.DuckDBPyConnection, sql: str) -> tuple[list[str], list[SqlType], Rows]:
    """Names, types and rows that DuckDB answers with."""
    answer = connection.sql(sql)
    types = [from_duckdb(each) for each in answer.types]
    rows = [[as_spark(plain(value), type_) for value, type_ in zip(row, types, strict=True)] for row in fetched(answer)]
    return list(answer.columns), types, rows


def fetched(answer: duckdb.DuckDBPyRelation) -> list[Any]:
    """The rows of an answer; times with a zone as those of UTC, because DuckDB gives them only where pytz is."""
    if TIMESTAMPTZ not in [from_duckdb(each) for each in answer.types]:
        return answer.fetchall()
    values = [
        f"c{index} AT TIME ZONE 'UTC'" if from_duckdb(each) == TIMESTAMPTZ else f"c{index}"
        for index, each in enumerate(answer.types)
    ]
    names = ", ".join(f"c{index}" for index in range(len(values)))
    sql = f"SELECT {', '.join(values)} FROM (FROM answer) AS t({names})"
    return answer.query("answer", sql).fetchall()


def as_spark(value: Any, type_: SqlType) -> Any:
    """A value of DuckDB's type as Spark's shows it: a HUGEINT is a decimal there, and a struct no dictionary."""
    if type_ == HUGEINT and isinstance(value, int):
        return {"decimal": str(value)}
    if type_.name == "LIST" and isinstance(value, list):
        return [as_spark(each, type_.element) for each in value]
    if type_.name == "STRUCT" and value is not None:
        inside = dict(value["map"])
        return {"struct": [[name, as_spark(inside[name], each)] for name, each in type_.fields]}
    return value


def same(one: Any, other: Any) -> bool:
    """Whether two values are the same."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        if set(one) != set(other):
            return False
        if "float" in one:
            first, second = float(one["float"]), float(other["float"])
            return first == second or (math.isnan(first) and math.isnan(second)) or _near(first, second)
        return all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and one == other


def _near(first: float, second: float) -> bool:
    return math.isfinite(first) and math.isclose(first, second, rel_tol=TOLERANCE, abs_tol=TOLERANCE)


def difference(expected: Rows, found: Rows, is_ordered: bool) -> str:
    """The first difference between two answers in words; empty where there is none."""
    if not is_ordered:
        expected, found = (sorted(rows, key=_rough) for rows in (expected, found))
    if len(expected) != len(found):
        return f"{len(expected)} rows in DuckDB, {len(found)} in Spark: {expected[:3]} and {found[:3]}"
    for one, other in zip(expected, found, strict=True):
        if not same(one, other):
            return f"{one} in DuckDB, {other} in Spark"
    return ""


def _rough(row: Any) -> str:
    """A key by which rows stand in the same order where only the last digits of floating numbers differ."""
    if isinstance(row, Mapping) and "float" in row:
        return f"{float(row['float']) + 0.0:.9g}"
    if isinstance(row, list):
        return "|".join(map(_rough, row))
    return repr(row)
