"""Table work as SQL answers as client ``local`` does, in the dialect in which it is written. No other engine runs here:
``tests/sql/test_statement_answers.py`` has Spark answer the same statements."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pytest

from mason.clients._statements.asked import Relation, Statement
from mason.clients._statements.choosing import converted, counted, deduped, united
from mason.clients._statements.summarizing import measures, summarize
from mason.engines.models import Location, Rows, Table
from tests.clients.conftest import Local, refusal

NASTY = """
    SELECT * FROM (VALUES
      (1, 'a', 1.5::DOUBLE, 1.5::FLOAT, 1.50::DECIMAL(10, 2), DATE '2013-01-01', true, 1, [1, 2], {'a': 1}),
      (2, 'B', 'nan', 'nan', 99999999.99, DATE '0001-01-01', false, 1, [], {'a': NULL}),
      (3, 'é', '-0.0', 'inf', -0.01, DATE '9999-12-31', NULL, 2, [NULL], NULL),
      (3, '', 0.0, '-inf', NULL, NULL, true, 2, NULL, {'a': 1}),
      (NULL, NULL, NULL, NULL, 0, NULL, true, 1, [1, 2], {'a': 2}),
      (NULL, 'it''s "x"', 1e300, 2.25, 1.50, DATE '2013-01-01', true, 3, [2], {'a': 1}),
      (9223372036854775807, '${x}', -1e30, 0.1, 1.5, DATE '2013-01-02', true, 1, [1], {'a': 1}),
      (-9223372036854775808, 'a', 0.1, 0.1, 1.5, DATE '2013-01-02', true, 1, [1], {'a': 1})
    ) AS t("big id", "text", d, f, p, day, ok, "rows_", list, struct)
"""
TYPES = "TIMESTAMP '2013-01-01 10:00:00.5' AS at, TIMESTAMPTZ '2013-01-01 10:00:00+00' AS zoned, 'ab'::BLOB AS blob, "
TYPES += "MAP {'k': 1} AS map, 7::TINYINT AS tiny, 12345678901234567890123456::HUGEINT AS huge"
OPTIONS: list[dict[str, Any]] = [
    {},
    {"columns": ["f", "big id"]},
    {"top_values": 2, "columns": ["big id", "text", "d", "p", "day", "ok", "rows_", "list"]},
    {"histogram": 3, "columns": ["text", "p", "f", "rows_"]},
    {"top_values": 1, "histogram": 4, "columns": ["rows_"]},
]


def put(local: Local, select: str) -> Table:
    """The table ``t`` with the rows of a SELECT."""
    local.execution.query(select, output="data/t.parquet", overwrite=True)
    return local.metastore.get_table("data", "t")


def relation_of(table: Table, name: str = "data.t") -> Relation:
    assert table.schema is not None
    return Relation(tuple((column.name, column.type) for column in table.schema.columns), name)


def asking(local: Local, table: Table) -> Any:
    def ask(statements: Sequence[Statement]) -> list[Rows]:
        found = [local.execution.query(each.sql, table=table) for each in statements]
        return [each for each in found if isinstance(each, Rows)]

    return ask


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("at_once", [1, 3, 100])
def test_summaries(local: Local, options: dict[str, Any], at_once: int) -> None:
    table = put(local, NASTY)
    found = summarize(asking(local, table), relation_of(table), at_once=at_once, **options)
    expected = local.execution.summarize(table, **options)
    assert found.schema == expected.schema
    assert same(found.rows, expected.rows), (found.rows, expected.rows)


def same(one: Any, other: Any) -> bool:
    """Whether two answers are the same, floating numbers but for the last digits."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-12)
    return type(one) is type(other) and bool(one == other)


def test_summaries_of_other_types(local: Local) -> None:
    table = put(local, f"SELECT {TYPES}")
    found = summarize(asking(local, table), relation_of(table))
    assert found.rows == local.execution.summarize(table).rows


@pytest.mark.parametrize("select", [f"{NASTY} WHERE false", "SELECT 'nan'::DOUBLE AS d", "SELECT NULL::INTEGER AS n"])
def test_summaries_of_little(local: Local, select: str) -> None:
    table = put(local, select)
    options = {"top_values": 3, "histogram": 3}
    found = summarize(asking(local, table), relation_of(table), **options)
    assert found.rows == local.execution.summarize(table, **options).rows


def test_estimates_are_labelled_and_come_in_one_statement(local: Local) -> None:
    table = put(local, "SELECT range AS id, 1 AS one FROM range(1000)")
    asked: list[Statement] = []

    def ask(statements: Sequence[Statement]) -> list[Rows]:
        asked.extend(statements)
        return list(asking(local, table)(statements))

    found = summarize(ask, relation_of(table), exact=False)
    assert found.schema.names[4] == "approx_distinct"
    assert len(asked) == 1
    assert [row[4] for row in found.rows] == [row[4] for row in local.execution.summarize(table, exact=False).rows]


def test_columns_whose_values_repeat_are_counted_for_an_estimate(local: Local) -> None:
    """After a look at some rows; all the others come in one statement, and each line stands where its column does."""
    table = put(local, "SELECT range AS id, range % 7 AS week, range * 3 AS more, 1 AS one FROM range(1000)")
    asked: list[list[Statement]] = []

    def ask(statements: Sequence[Statement]) -> list[Rows]:
        asked.append(list(statements))
        return list(asking(local, table)(statements))

    found = summarize(ask, relation_of(table), exact=False, looks_first=True)
    assert [[each.work for each in statements] for statements in asked] == [
        ["summarize columns id, week, more, one"],
        ["summarize column week", "summarize column one", "summarize columns id, more"],
    ]
    expected = {row[0]: row for row in local.execution.summarize(table).rows}
    assert [row[0] for row in found.rows] == ["id", "week", "more", "one"]
    assert [row[:4] + row[5:] for row in found.rows] == [
        expected[row[0]][:4] + expected[row[0]][5:] for row in found.rows
    ]
    assert [(row[0], row[4]) for row in found.rows if row[0] in ("week", "one")] == [("week", 7), ("one", 1)]


def test_what_is_asked_for_is_refused_as_local_refuses_it(local: Local) -> None:
    table = put(local, NASTY)
    ask, relation = asking(local, table), relation_of(table)
    for options in ({"columns": ["x", "d"]}, {"top_values": -1}, {"histogram": 1001}):
        assert refusal(summarize, ask, relation, **options) == refusal(local.execution.summarize, table, **options)


@pytest.mark.parametrize(
    "options",
    [
        {"keys": ["big id"]},
        {"keys": ["big id"], "keep": "last"},
        {"keys": ["d"], "order_by": ["p", "d"]},
        {"keys": ["f", "ok"], "order_by": ["day"], "keep": "last"},
        {"keys": ["rows_"]},
        {"keys": ["list"], "order_by": ["text"]},
        {"keys": ["struct"]},
    ],
)
def test_dedupe(local: Local, options: dict[str, Any]) -> None:
    table = put(local, NASTY)
    job = local.execution.dedupe(table, output="data/o.parquet", **options)
    expected = local.rows("o")
    asked = asking(local, table)([deduped(relation_of(table), **options), counted(relation_of(table))])
    assert sorted(asked[0].rows, key=str) == sorted(expected, key=str)
    assert asked[1].rows == [(job.result["rows_in"],)]


def test_dedupe_where_all_columns_are_keys(local: Local) -> None:
    table = put(local, "SELECT unnest([1, 1, NULL, NULL, 2]) AS a")
    (answer,) = asking(local, table)([deduped(relation_of(table), keys=["a"])])
    assert sorted(answer.rows, key=str) == [(1,), (2,), (None,)]


def test_format(local: Local) -> None:
    table = put(local, NASTY)
    relation = relation_of(table)
    asked = [converted(relation), converted(relation, columns=["day", "text"], partition_columns=["ok"])]
    asked += [converted(relation, sample_size=size) for size in (3, 100)]
    every, some, few, all_ = asking(local, table)(asked)
    assert every.schema.names == relation.names
    assert some.schema.names == ("text", "day", "ok")
    assert (len(every.rows), len(some.rows), len(few.rows), len(all_.rows)) == (8, 8, 3, 8)
    assert set(map(str, few.rows)) < set(map(str, every.rows))


def test_columns_that_there_are_not(local: Local) -> None:
    relation = relation_of(put(local, "SELECT 1 AS a, 2 AS b"))
    told = "NotFoundError: There is no column x, y. Columns: a, b."
    assert refusal(converted, relation, columns=["x", "a", "y"]) == told
    assert refusal(deduped, relation, keys=["x"], order_by=["y"]) == told


def test_merge(local: Local) -> None:
    """By one relation for the files of the same columns, with the types that the plan says."""
    local.execution.query("SELECT 1 AS id, 'x' AS name, DATE '2013-01-01' AS at", output="data/m/a.parquet")
    local.execution.query("SELECT 2.5::DOUBLE AS id, TIMESTAMP '2013-01-01 10:00' AS at", output="data/m/b.parquet")
    files = Table("m", location=Location("data/m"))
    plan = local.execution.plan_merge(files)
    columns = tuple((row[0], row[1]) for row in plan.rows)
    parts = [relation_of(local.storage.infer_table(f"data/m/{name}.parquet"), f"data.{name}") for name in "ab"]
    for name in "ab":
        local.storage.copy(f"data/m/{name}.parquet", f"data/{name}.parquet")
    table = local.metastore.get_table("data", "a")
    (found,) = asking(local, table)([united(parts, columns)])
    local.execution.merge(files, output="data/o.parquet")
    assert sorted(found.rows) == sorted(local.rows("o"))
    assert [(each.name, each.type) for each in found.schema.columns] == list(columns)


def test_statements_name_their_tables_with_types() -> None:
    relation = Relation((('a "b"', "INTEGER"), ("c", "DECIMAL(10,2)")), "data.flights")
    statement = measures(relation, ['a "b"', "c"])
    assert statement.tables == {"data.flights": {'a "b"': "INTEGER", "c": "DECIMAL(10,2)"}}
    assert statement.sql == (
        'SELECT count(*) AS rows_, count("a ""b""") AS "non_null_0", count(DISTINCT "a ""b""") AS "distinct_0", '
        'min("a ""b""") AS "min_0", max("a ""b""") AS "max_0", avg("a ""b""") AS "mean_0", '
        'count("c") AS "non_null_1", count(DISTINCT "c") AS "distinct_1", '
        'min("c") AS "min_1", max("c") AS "max_1", avg("c") AS "mean_1" FROM "data"."flights"'
    )
    assert united([Relation((("a", "INTEGER"),))], (("a", "DOUBLE"), ("b", "VARCHAR"))).sql == (
        'SELECT CAST("a" AS DOUBLE) AS "a", CAST(NULL AS VARCHAR) AS "b" FROM "source"'
    )
