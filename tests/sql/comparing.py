"""How answers of DuckDB and of another engine are compared: values and types, rows in order where the query says it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import duckdb

from mason.errors import TranslationError
from mason.sql.postgres.postgres import POSTGRES
from mason.sql.sql_types import HUGEINT, TIMESTAMPTZ, SqlType, from_duckdb, spark_name
from mason.sql.translations import Translation
from tests.sql.corpus import TABLES
from tests.sql.spark_child import plain

TOLERANCE = 1e-12
"""Floating numbers are the same where they differ by less than this share of the larger one."""

Rows = list[list[Any]]


def spark_type(type_: SqlType) -> str:
    """The name of a type as Spark prints it."""
    return spark_name(type_).lower().replace(": ", ":").replace(", ", ",").replace("`", "")


def postgres_type(type_: SqlType) -> str:
    """The name of a type in PostgreSQL's catalog, which keeps no digits for what is computed."""
    if type_.name == "LIST":
        return f"{postgres_type(type_.element)}[]"
    name = POSTGRES.type_name(type_)
    return "numeric" if name.startswith("numeric") else _CATALOG.get(name, name)


_CATALOG = {"boolean": "bool", "smallint": "int2", "integer": "int4", "bigint": "int8", "real": "float4"}
_CATALOG |= {"double precision": "float8"}


def without_zeros(value: Any) -> Any:
    """A value whose decimals have no zeros at their end: a numeric that is computed has as many as it likes."""
    if isinstance(value, list):
        return [without_zeros(each) for each in value]
    if isinstance(value, Mapping) and "decimal" in value:
        text = str(value["decimal"])
        kept = text.rstrip("0").rstrip(".") if "." in text else text
        return {"decimal": "0" if kept in ("", "-0") else kept}
    return value


@dataclass(frozen=True)
class Engine:
    """An engine that is compared with DuckDB: its name, how it names types, and how it translates and answers."""

    name: str
    translate: Callable[..., Translation]
    type_name: Callable[[SqlType], str]
    ask: Callable[[Sequence[str]], list[dict[str, Any]]]
    as_compared: Callable[[Any], Any] = lambda rows: rows

    def translated(self, texts: Iterable[str]) -> list[tuple[str, Translation]]:
        """Those of the queries that are translated."""
        found = []
        for sql in texts:
            with suppress(TranslationError):
                found.append((sql, self.translate(sql, TABLES)))
        return found

    def differences(self, duck: duckdb.DuckDBPyConnection, pairs: Sequence[tuple[str, Translation]]) -> list[str]:
        """What is not the same, one text for each query; both may stop, neither alone."""
        answers = self.ask([translation.text for _, translation in pairs])
        found = []
        for (sql, translation), answer in zip(pairs, answers, strict=True):
            if said := self.compared(duck, sql, answer):
                found.append(f"{sql}\n    {translation.text}\n    {said}")
        return found

    def differences_back(self, duck: duckdb.DuckDBPyConnection, pairs: Sequence[tuple[str, Translation]]) -> list[str]:
        """As :meth:`differences`, of queries in the engine's own SQL that DuckDB answers by their translations. Where
        DuckDB stops, that is by a value, and not because it cannot read the translation."""
        answers = self.ask([sql for sql, _ in pairs])
        found = []
        for (sql, translation), answer in zip(pairs, answers, strict=True):
            if said := self.compared(duck, translation.text, answer, ordered=is_ordered(sql)):
                found.append(f"{sql}\n    {translation.text}\n    {said}")
        return found

    def compared(
        self, duck: duckdb.DuckDBPyConnection, sql: str, answer: Mapping[str, Any], *, ordered: bool | None = None
    ) -> str:
        """The difference between what DuckDB answers to a query and ``answer``; empty where there is none."""
        try:
            names, types, rows = asked(duck, sql)
        except duckdb.Error as error:
            by_value = isinstance(error, _BY_VALUE)
            return (
                ""
                if "refused" in answer and by_value
                else f"DuckDB stops ({error}), {self.name} says {answer.get('rows', answer)}"
            )
        if "refused" in answer:
            return f"{self.name} refuses: {answer['message']}"
        if [name for name, _ in answer["columns"]] != names:
            return f"the names are {names} in DuckDB, {answer['columns']} in {self.name}"
        if [type_ for _, type_ in answer["columns"]] != list(map(self.type_name, types)):
            return f"the types are {types} in DuckDB, {answer['columns']} in {self.name}"
        in_order = is_ordered(sql) if ordered is None else ordered
        return difference(self.as_compared(rows), self.as_compared(answer["rows"]), in_order)


_BY_VALUE = (duckdb.InvalidInputException, duckdb.OutOfRangeException, duckdb.ConversionException)


def is_ordered(sql: str) -> bool:
    """Whether the query says in which order its rows are."""
    return "ORDER BY" in sql.rsplit(")", 1)[-1]


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
    """A value of DuckDB's type as others show it: a HUGEINT is a decimal there, and a struct no dictionary."""
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
        return f"{len(expected)} rows in DuckDB, {len(found)} there: {expected[:3]} and {found[:3]}"
    for one, other in zip(expected, found, strict=True):
        if not same(one, other):
            return f"{one} in DuckDB, {other} there"
    return ""


def _rough(row: Any) -> str:
    """A key by which rows stand in the same order where only the last digits of floating numbers differ."""
    if isinstance(row, Mapping) and "float" in row:
        return f"{float(row['float']) + 0.0:.9g}"
    if isinstance(row, list):
        return "|".join(map(_rough, row))
    return repr(row)
