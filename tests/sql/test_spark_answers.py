"""The proof: every query that is translated answers on a real Spark as it does on DuckDB, values and types."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import duckdb
import pytest

from mason.sql.foreign.work_back import to_duckdb
from mason.sql.spark.from_spark import FROM_SPARK
from mason.sql.spark.translation import to_spark
from tests.sql.comparing import Engine, Rows, difference, spark_type
from tests.sql.composed import composed
from tests.sql.composed_back import composed_back
from tests.sql.corpus import connected, queries
from tests.sql.real_spark import Spark, missing

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("spark"),
    pytest.mark.skipif(bool(missing()), reason=missing()),
]


@pytest.fixture(scope="session")
def duck():
    connection = connected()
    yield connection
    connection.close()


@pytest.fixture(scope="session")
def spark(tmp_path_factory, duck):
    session = Spark(tmp_path_factory.mktemp("spark"))
    try:
        session.fill(duck)
        yield session
    finally:
        session.close()


@pytest.fixture
def engine(spark):
    return Engine("Spark", to_spark, spark_type, spark.ask)


@pytest.mark.parametrize("kind", dict.fromkeys(kind for kind, _ in queries()))
def test_answers_are_the_same(engine, duck, kind):
    pairs = engine.translated(sql for each, sql in queries() if each == kind)
    assert pairs
    assert engine.differences(duck, pairs) == []


_LARGE = (
    "(VALUES (9223372036854775807, 2147483647), (-9223372036854775808, -2147483648), (0, 0), (-1, -1), (NULL, NULL))"
)


@pytest.mark.parametrize("times", [1, 1000])
def test_sums_of_the_largest_whole_numbers_are_exact(engine, duck, times):
    rows = f"{_LARGE} AS t(x, y), range({times})"
    few = f"{_LARGE} AS t(x, y)"
    pairs = engine.translated(
        [
            f"SELECT sum(x) AS a, sum(y::INTEGER) AS b, avg(x) AS c, avg(y::INTEGER) AS d FROM {rows} WHERE x > -2",
            f"SELECT sum(x) AS a, sum(y::INTEGER) AS b, avg(x) AS c, avg(y::INTEGER) AS d FROM {rows} WHERE x < 1",
            f"SELECT sum(x) AS a, sum(y::SMALLINT) AS b FROM {rows} WHERE x IS NULL",
            f"SELECT sum(x) FILTER (WHERE x < 0) AS a, sum(DISTINCT x) AS b FROM {rows}",
            f"SELECT x, sum(x) OVER (ORDER BY x) AS a, sum(y::INTEGER) OVER (ORDER BY x) AS b FROM {few} WHERE x > -2",
            f"SELECT x % 2 AS k, sum(x) AS a FROM {few} GROUP BY x % 2 HAVING sum(x) > 5 ORDER BY sum(x)",
        ]
    )
    assert len(pairs) == 6
    assert engine.differences(duck, pairs) == []


@pytest.mark.parametrize("seed", [13, 14, 15])
def test_composed_queries_answer_the_same(engine, duck, seed):
    pairs = engine.translated(composed(60, seed=seed))
    assert len(pairs) > 40
    assert engine.differences(duck, pairs) == []


@pytest.fixture
def back(spark):
    return Engine("Spark", partial(to_duckdb, written=FROM_SPARK), spark_type, spark.ask)


@pytest.mark.parametrize("kind", dict.fromkeys(kind for kind, _ in queries("spark")))
def test_queries_in_sparks_sql_are_answered_by_duckdb_as_by_spark(back, duck, kind):
    pairs = back.translated(sql for each, sql in queries("spark") if each == kind)
    assert pairs
    assert back.differences_back(duck, pairs) == []


@pytest.mark.parametrize("seed", [21, 22])
def test_composed_queries_in_sparks_sql_are_answered_by_duckdb_as_by_spark(back, duck, seed):
    pairs = back.translated(composed_back("spark", 80, seed=seed))
    assert len(pairs) > 70
    assert back.differences_back(duck, pairs) == []


def test_queries_in_sparks_sql_would_be_answered_otherwise_as_they_stand(back, duck):
    for sql in ("SELECT dayofweek(DATE '2024-01-07') AS x", "SELECT concat('a', NULL) AS x", "SELECT 7 % 0 AS x"):
        (answer,) = back.ask([sql])
        assert back.compared(duck, sql, answer) != ""


def test_the_page_names_the_versions_that_answered(spark):
    for name in ("sql_on_spark.md", "sql_of_spark.md"):
        page = (Path(__file__).parents[2] / "docs" / name).read_text("utf-8")
        assert f"DuckDB {duckdb.__version__} and Spark {spark.version}" in page


@pytest.mark.parametrize(
    ("expected", "found", "is_same"),
    [
        ([[1]], [[1]], True),
        ([[1]], [[True]], False),
        ([[1], [2]], [[2], [1]], False),
        ([["a"]], [[{"decimal": "1"}]], False),
        ([[{"float": "0.1"}]], [[{"float": "0.10000000000000002"}]], True),
        ([[{"float": "0.1"}]], [[{"float": "0.1001"}]], False),
        ([[{"float": "nan"}]], [[{"float": "nan"}]], True),
        ([[{"decimal": "1.5"}]], [[{"decimal": "1.50"}]], False),
        ([[None]], [[False]], False),
        ([], [[1]], False),
    ],
)
def test_the_comparison_itself(expected: Rows, found: Rows, is_same):
    assert (difference(expected, found, True) == "") is is_same


def test_plain_texts_would_differ(engine, duck):
    """Were queries handed on as they are, this is what would be seen: the comparison tells it."""
    for sql in ("SELECT CAST(2.5 AS INTEGER) AS x", "SELECT dayofweek(DATE '2024-01-07') AS x"):
        (answer,) = engine.ask([sql])
        assert engine.compared(duck, sql, answer) != ""
