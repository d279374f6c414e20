"""Table work on Spark answers as client ``local`` does: on real data, and on the values at which engines part ways."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from mason.clients._statements.statement_verbs import StatementVerbs
from mason.clients.spark import SparkClient
from mason.engines.client import Client
from mason.engines.execution import Execution
from mason.engines.models import Job, Location, Rows, Table
from mason.testing import EngineSuite
from mason.testing.table_work import flights_text
from tests.clients.conftest import Local, refusal
from tests.clients.test_statements import NASTY, OPTIONS, TYPES, put, same
from tests.spark_servers import SparkServer

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("spark_connect")]


@pytest.fixture
def spark(spark_server: SparkServer, local: Local) -> Iterator[Execution]:
    """Spark over the files of ``local``."""
    client: Client = SparkClient({"remote": spark_server.remote}, base=local.root)
    engine = client.engine("execution")
    assert isinstance(engine, Execution)
    yield engine
    client.close()


def made(execution: Execution, job: Job) -> Job:
    """The job, ended well."""
    ended = EngineSuite().ended(execution, job)
    assert ended.status == "succeeded", ended.reason
    return ended


@pytest.fixture
def nasty(local: Local) -> Table:
    """The table whose values are at the edges."""
    return put(local, NASTY)


def test_summaries(spark: Execution, local: Local, nasty: Table) -> None:
    for options in OPTIONS:
        if "list" in options.get("columns", ()):
            options = options | {"columns": [name for name in options["columns"] if name != "list"]}
        found, expected = (each.summarize(nasty, **options) for each in (spark, local.execution))
        assert found.schema == expected.schema
        assert same(found.rows, expected.rows), (options, found.rows, expected.rows)


def test_summaries_of_other_types(spark: Execution, local: Local) -> None:
    table = put(local, f"SELECT {TYPES}".replace("MAP {'k': 1} AS map, ", ""))
    found, expected = (each.summarize(table) for each in (spark, local.execution))
    assert found.rows == expected.rows


@pytest.mark.parametrize("select", [f"{NASTY} WHERE false", "SELECT 'nan'::DOUBLE AS d", "SELECT NULL::INTEGER AS n"])
def test_summaries_of_little(spark: Execution, local: Local, select: str) -> None:
    options: dict[str, Any] = {"histogram": 3}
    table = put(local, select)
    assert spark.summarize(table, **options).rows == local.execution.summarize(table, **options).rows


def test_summaries_of_real_data(spark: Execution, local: Local) -> None:
    local.put("data/flights.csv", flights_text())
    table = local.metastore.get_table("data", "flights")
    options: dict[str, Any] = {"top_values": 5, "histogram": 10}
    found, expected = (each.summarize(table, **options) for each in (spark, local.execution))
    assert same(found.rows, expected.rows), (found.rows, expected.rows)


def test_what_spark_does_otherwise_is_refused_with_its_column(spark: Execution, local: Local, nasty: Table) -> None:
    remedy = "Leave such columns out, or use client local for it."
    assert refusal(spark.summarize, nasty, top_values=1) == (
        "EngineError: Spark cannot find the most frequent values of column list as client local does: an order of "
        f"INTEGER[] is not known to be the same. {remedy}"
    )
    assert refusal(spark.dedupe, nasty, keys=["day"], output="out/o.parquet") == (
        "EngineError: Spark cannot dedupe the table as client local does: an order of INTEGER[] is not known to be "
        f"the same. {remedy}"
    )
    table = put(local, "SELECT MAP {'k': 1} AS m")
    assert refusal(spark.summarize, table) == (
        f"EngineError: Spark cannot summarize column m as client local does: Spark does not group by maps. {remedy}"
    )
    assert not (local.root / "out").exists()


@pytest.mark.parametrize(
    "options",
    [
        {"keys": ["big id"]},
        {"keys": ["d"], "order_by": ["p", "d"], "keep": "last"},
        {"keys": ["f", "ok"], "order_by": ["day"], "keep": "last"},
        {"keys": ["text"], "order_by": ["day", "big id"]},
    ],
)
def test_dedupe(spark: Execution, local: Local, options: dict[str, Any]) -> None:
    table = put(local, f"SELECT * EXCLUDE (list, struct) FROM ({NASTY})")
    job = made(spark, spark.dedupe(table, output="out/spark.parquet", **options))
    expected = local.execution.dedupe(table, output="out/local.parquet", **options)
    counts = ("rows", "rows_in", "removed", "schema")
    assert {name: job.result[name] for name in counts} == {name: expected.result[name] for name in counts}
    assert rows_of(local, "spark") == rows_of(local, "local")
    assert job.logs[0] == expected.logs[0]


def test_format_and_merge(spark: Execution, local: Local, nasty: Table) -> None:
    made(spark, spark.format(nasty, output="out/spark.parquet"))
    local.execution.format(nasty, output="out/local.parquet")
    assert rows_of(local, "spark") == rows_of(local, "local")
    options: dict[str, Any] = {"output": "parts", "format": "parquet", "partition_columns": ["rows_"]}
    manifest = made(spark, spark.format(nasty, **options)).result
    assert manifest["rows"] == 8
    assert {file["path"].split("/")[1] for file in manifest["files"]} == {"rows_=1", "rows_=2", "rows_=3"}
    for number, select in enumerate(
        ("SELECT 1 AS id, 'x' AS name", "SELECT 2.5::DOUBLE AS id, DATE '2013-01-01' AS at")
    ):
        local.execution.query(select, output=f"drifted/{number}.parquet")
    files = Table("drifted", location=Location("drifted"))
    assert spark.plan_merge(files, extract_paths=True) == local.execution.plan_merge(files, extract_paths=True)
    job = made(spark, spark.merge(files, output="out/merged.parquet", extract_paths=True))
    assert rows_of(local, "merged") == [
        (1.0, "x", None, "drifted/0.parquet"),
        (2.5, None, "2013-01-01", "drifted/1.parquet"),
    ]
    assert job.logs[0].startswith("id DOUBLE: widened from INTEGER")


DRIFTED = {
    "a": "SELECT range::INTEGER AS id, range::SMALLINT AS n, 1.25::DECIMAL(6,2) AS price, DATE '2024-02-29' AS at, "
    "'x' AS s FROM range(3)",
    "b": "SELECT range + 5000000000 AS id, (range / 4)::DOUBLE AS n, 99999.125::DECIMAL(10,3) AS price, "
    "TIMESTAMP '2024-02-29 12:30:00' AS at FROM range(3)",
    "c": "SELECT NULL AS id, 2::TINYINT AS n, NULL::DECIMAL(6,2) AS price, NULL::DATE AS at, 'ü' AS s, true AS new",
    "d": "SELECT range::INTEGER AS id, range::SMALLINT AS n, 7.5::DECIMAL(6,2) AS price, DATE '2024-03-01' AS at, "
    "'y' AS s FROM range(2)",
}


@pytest.mark.parametrize(
    ("more", "by_spark"),
    [({}, True), ({"e": "SELECT 1::UINTEGER AS id"}, False), ({"e": "SELECT 'text' AS n"}, False)],
)
def test_files_that_drifted_apart_are_made_one_by_spark(
    spark: Execution, local: Local, more: dict[str, str], by_spark: bool
) -> None:
    """By the plan that is shown: Spark reads each kind of files as it is, and widens; where Mason does not know that it
    makes the same of them, it reads them itself."""
    for name, select in (DRIFTED | more).items():
        local.execution.query(select, output=f"drifted/k=1/{name}.parquet")
    files = Table("drifted", location=Location("drifted"))
    options = {"allow_text": True}
    assert spark.plan_merge(files, **options) == local.execution.plan_merge(files, **options)
    assert isinstance(spark, StatementVerbs)
    with spark._reading() as reading:
        kinds = reading.parts(files, allow_text=True, extract_paths=False).relations
    assert len(kinds) == (3 if by_spark else 1)
    done = made(spark, spark.merge(files, output="out/merged.parquet", **options))
    expected = local.execution.merge(files, output="out/local.parquet", **options)
    assert isinstance(expected, Job)
    assert (done.result["schema"], done.logs[:-1]) == (expected.result["schema"], expected.logs[:-1])
    assert rows_of(local, "merged") == rows_of(local, "local")


def rows_of(local: Local, name: str) -> list[tuple[Any, ...]]:
    """The rows of what was written, sorted."""
    table = local.storage.infer_table(f"out/{name}.parquet")
    answer = local.execution.query("SELECT * FROM $table", table=table)
    assert isinstance(answer, Rows)
    return sorted(answer.rows, key=str)
