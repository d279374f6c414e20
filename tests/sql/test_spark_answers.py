"""The proof: every query that is translated answers on a real Spark as it does on DuckDB, values and types."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from mason.errors import TranslationError
from mason.sql.spark.translation import Translation, to_spark
from tests.sql.comparing import Rows, asked, difference, spark_types
from tests.sql.composed import composed
from tests.sql.corpus import TABLES, connected, queries
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


def translated(texts) -> list[tuple[str, Translation]]:
    found = []
    for sql in texts:
        try:
            found.append((sql, to_spark(sql, TABLES)))
        except TranslationError:
            continue
    return found


def differences(spark, duck, pairs) -> list[str]:
    """What is not the same, one text for each query; both may stop, neither alone."""
    answers = spark.ask([translation.text for _, translation in pairs])
    found = []
    for (sql, translation), answer in zip(pairs, answers, strict=True):
        said = compared(duck, sql, answer)
        if said:
            found.append(f"{sql}\n    {translation.text}\n    {said}")
    return found


def compared(duck, sql, answer) -> str:
    try:
        names, types, rows = asked(duck, sql)
    except duckdb.Error as error:
        return "" if "refused" in answer else f"DuckDB stops ({error}), Spark answers {answer['rows'][:2]}"
    if "refused" in answer:
        return f"Spark refuses: {answer['message']}"
    if [name for name, _ in answer["columns"]] != names:
        return f"the names are {names} in DuckDB, {answer['columns']} in Spark"
    if [type_ for _, type_ in answer["columns"]] != spark_types(types):
        return f"the types are {types} in DuckDB, {answer['columns']} in Spark"
    return difference(rows, answer["rows"], is_ordered(sql))


def is_ordered(sql: str) -> bool:
    """Whether the query says in which order its rows are."""
    return "ORDER BY" in sql.rsplit(")", 1)[-1]


@pytest.mark.parametrize("kind", dict.fromkeys(kind for kind, _ in queries()))
def test_answers_are_the_same(spark, duck, kind):
    pairs = translated(sql for each, sql in queries() if each == kind)
    assert pairs
    assert differences(spark, duck, pairs) == []


@pytest.mark.parametrize("seed", [13, 14, 15])
def test_composed_queries_answer_the_same(spark, duck, seed):
    pairs = translated(composed(60, seed=seed))
    assert len(pairs) > 40
    assert differences(spark, duck, pairs) == []


def test_the_page_names_the_versions_that_answered(spark):
    page = (Path(__file__).parents[2] / "docs" / "sql_on_spark.md").read_text("utf-8")
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


def test_plain_texts_would_differ(spark, duck):
    """Were queries handed on as they are, this is what would be seen: the comparison tells it."""
    for sql in ("SELECT CAST(2.5 AS INTEGER) AS x", "SELECT dayofweek(DATE '2024-01-07') AS x"):
        (answer,) = spark.ask([sql])
        assert compared(duck, sql, answer) != ""
