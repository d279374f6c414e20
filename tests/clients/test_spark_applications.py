"""Applications of Spark that a stub of Kubernetes is given: their script is run by a real Spark, and they keep the
contracts; what they answer is what ``local`` answers."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from mason.clients.local import LocalClient
from mason.clients.spark import SparkClient
from mason.engines.client import Client
from mason.engines.engine import Engine
from mason.engines.execution import Execution
from mason.engines.metastore import Metastore
from mason.engines.models import Job, Location, Rows, Table
from mason.engines.storage import Storage
from mason.errors import EngineError, NotFoundError
from mason.testing import AsynchronousSuite, ExecutionSuite
from mason.testing.engines import PEOPLE
from tests.clients.conftest import Local
from tests.clients.test_spark_client import VALUES, ended
from tests.clients.test_spark_runner import NAMESPACE, configured
from tests.clients.test_spark_table_work import made
from tests.clients.test_statements import NASTY, put, same
from tests.kubernetes_server import Kubernetes, kubernetes
from tests.spark_operators import Drivers, Operator, Pods

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("spark_connect")]


@pytest.fixture
def api(spark_drivers: Drivers) -> Iterator[Kubernetes]:
    """An API whose applications are run."""
    with kubernetes() as found:
        Operator(found, spark_drivers.run)
        yield found


@pytest.fixture
def spark(api: Kubernetes, local: Local) -> Iterator[Execution]:
    """Applications over the files of ``local``."""
    client = SparkClient(configured(api, local.root), base=local.root)
    engine = client.engine("execution")
    assert isinstance(engine, Execution)
    yield engine
    client.close()


class Fixtures:
    """A client with a runner, and beside it the tables and files of ``local``."""

    @pytest.fixture
    def client(self, api: Kubernetes, tmp_path: Path) -> Iterator[Client]:
        client = SparkClient(configured(api, tmp_path), base=tmp_path)
        metastore = LocalClient({}, base=tmp_path).engine("metastore")
        assert isinstance(metastore, Metastore)
        client.find_table = metastore.get_table
        yield client
        client.close()

    def storage_of(self, client: Client) -> Storage:
        """The files of the same folder."""
        storage = LocalClient({}, base=client.base).engine("storage")
        assert isinstance(storage, Storage)
        return storage

    @pytest.fixture
    def table(self, client: Client) -> Table:
        storage = self.storage_of(client)
        storage.write("club/people.csv", PEOPLE)
        metastore = LocalClient({}, base=client.base).engine("metastore")
        assert isinstance(metastore, Metastore)
        metastore.create_table("club", "people", definition=storage.infer_table("club/people.csv"))
        return metastore.get_table("club", "people")


class TestExecution(Fixtures, ExecutionSuite):
    pass


class TestJobs(Fixtures, AsynchronousSuite):
    role: ClassVar[str] = "execution"

    def submit(self, engine: Engine, number: int) -> Job:
        assert isinstance(engine, Execution)
        job = engine.query("SELECT sum(range * range % 7) AS s FROM range(3000000)", output=f"out{number}.csv")
        assert isinstance(job, Job)
        return job

    @pytest.fixture
    def failed(self, any_engine: Engine) -> Job:
        assert isinstance(any_engine, Execution)
        job: Any = any_engine.query("SELECT CAST(10000000000 + range AS INTEGER) AS n FROM range(9)", output="x.csv")
        return self.ended(any_engine, job)


def test_values_are_those_of_local(spark: Execution, local: Local) -> None:
    """Of every type that both have: as an answer, and as an output."""
    table = put(local, VALUES)
    sql = "SELECT * FROM $table ORDER BY whole"
    answer, expected = (each.query(sql, table=table) for each in (spark, local.execution))
    assert answer == expected
    jobs = [each.query(sql, table=table, output=f"{name}.parquet") for name, each in local_and(spark, local)]
    results = [ended(each, job).result for (_, each), job in zip(local_and(spark, local), jobs, strict=True)]
    assert results[1]["schema"] == results[0]["schema"]
    assert rows_of(local, "spark.parquet") == rows_of(local, "local.parquet")


def local_and(spark: Execution, local: Local) -> list[tuple[str, Execution]]:
    return [("local", local.execution), ("spark", spark)]


def rows_of(local: Local, path: str) -> list[tuple[Any, ...]]:
    """All rows of files, sorted."""
    answer = local.execution.query("SELECT * FROM $table ORDER BY ALL", table=local.storage.infer_table(path))
    assert isinstance(answer, Rows)
    return list(answer.rows)


def test_table_work(spark: Execution, local: Local, api: Kubernetes) -> None:
    """One application for each verb, and the same as ``local`` for each."""
    table = put(local, f"SELECT * EXCLUDE (list, struct) FROM ({NASTY})")
    found, expected = (each.summarize(table) for each in (spark, local.execution))
    assert found.schema == expected.schema
    assert same(found.rows, expected.rows)
    assert len(api.made()) == 1
    keys = [column.name for column in table.schema.columns][:1] if table.schema else []
    manifests = []
    for name, execution in local_and(spark, local):
        job = made(execution, execution.dedupe(table, keys=keys, output=f"dedupe/{name}.parquet"))
        manifests.append({each: job.result[each] for each in ("rows", "removed", "schema")})
        made(execution, execution.format(table, output=f"format/{name}", format="csv", partitions=2))
    assert manifests[0] == manifests[1]
    assert len(api.made()) == 3
    for what in ("dedupe/{}.parquet", "format/{}"):
        assert rows_of(local, what.format("spark")) == rows_of(local, what.format("local"))


def test_files_that_differ_are_merged(spark: Execution, local: Local) -> None:
    """Their plan is made here, and their rows there."""
    local.put("parts/a.csv", "id,name\n1,one\n2,two\n")
    local.put("parts/b.csv", "id,size\n3,1.5\n")
    table = Table("data", "parts", format="csv", location=Location("parts/*.csv"))
    assert spark.plan_merge(table) == local.execution.plan_merge(table)
    for name, execution in local_and(spark, local):
        made(execution, execution.merge(table, output=f"merged/{name}.parquet"))
    assert len(rows_of(local, "merged/local.parquet")) == 3
    assert rows_of(local, "merged/spark.parquet") == rows_of(local, "merged/local.parquet")


def test_files_that_pods_do_not_have(api: Kubernetes, local: Local) -> None:
    """They are handed over by the folder that both have."""
    table = put(local, "SELECT range AS a FROM range(5)")
    folder = local.root / "shared"
    configuration = configured(
        api, local.root, volumes=[{"claim": "a", "path": str(local.root / "p"), "here": "shared"}]
    )
    folder.mkdir()
    (local.root / "p").symlink_to(folder)
    client = SparkClient({**configuration, "folder": "shared/spark"}, base=local.root)
    execution = client.engine("execution")
    assert isinstance(execution, Execution)
    answer = execution.query("SELECT sum(a) AS s FROM $table", table=table)
    client.close()
    assert isinstance(answer, Rows)
    assert answer.rows == [(10,)]
    assert list((folder / "spark").iterdir()) == []


def test_sql_of_sparks_own(spark: Execution, local: Local) -> None:
    """Its columns have the names and types that Spark gives them."""
    table = put(local, "SELECT range AS a FROM range(3)")
    answer = spark.query("SELECT a, a, hex(a) FROM $table ORDER BY a DESC", table=table, dialect="spark")
    assert isinstance(answer, Rows)
    assert [(each.name, each.type) for each in answer.schema.columns] == [
        ("a", "BIGINT"),
        ("a", "BIGINT"),
        ("hex(a)", "VARCHAR"),
    ]
    assert answer.rows == [(2, 2, "2"), (1, 1, "1"), (0, 0, "0")]
    job = made(spark, spark.query("SELECT a AS b FROM $table", table=table, dialect="spark", output="own.csv"))
    assert [each["name"] for each in job.result["schema"]] == ["b"]


@pytest.mark.parametrize(
    ("sql", "kind", "told"),
    [
        (
            "SELECT id,\n  large + 9223372036854775807 AS n FROM $table",
            EngineError,
            "Spark stopped at line 2, column 3 (large):",
        ),
        (
            "SELECT CAST(word AS INTEGER) AS n FROM $table",
            EngineError,
            "Spark stopped: This text is no INTEGER that both engines read alike: abc.",
        ),
    ],
)
def test_what_stops_spark_is_said(spark: Execution, local: Local, sql: str, kind: type[Exception], told: str) -> None:
    """In Mason's words, with the place in the text as it was written: from a question, and from a job."""
    table = put(local, "SELECT 1 AS id, 'abc' AS word, 9223372036854775807 AS large")
    with pytest.raises(kind) as raised:
        spark.query(sql, table=table)
    assert str(raised.value).startswith(told)
    job = spark.query(sql, table=table, output="a.csv")
    assert isinstance(job, Job)
    over = ended(spark, job)
    assert (over.status, over.reason.startswith(told)) == ("failed", True)
    assert not (local.root / "a.csv").exists()


def test_a_column_that_only_spark_misses(spark: Execution, local: Local) -> None:
    table = put(local, "SELECT 1 AS height")
    with pytest.raises(NotFoundError, match=r"^Spark finds no column heigth\.") as raised:
        spark.query("SELECT heigth FROM $table", table=table, dialect="spark")
    assert "JVM" not in str(raised.value)


def test_apaches_operator(api: Kubernetes, local: Local) -> None:
    """The same with an object of its kind."""
    client = SparkClient(configured(api, local.root, type="apache-kubernetes-operator"), base=local.root)
    execution = client.engine("execution")
    assert isinstance(execution, Execution)
    job = made(execution, execution.query("SELECT 1 AS a", output="a.csv"))
    client.close()
    assert job.result["rows"] == 1
    assert (local.root / "a.csv").read_text() == "a\n1\n"
    (name,) = api.made()
    assert api.objects[name]["apiVersion"] == "spark.apache.org/v1"


def test_a_driver_as_a_process_of_its_own(spark_drivers: Drivers, local: Local, tmp_path: Path) -> None:
    """As a pod has it: the script finds pyspark and its arguments by itself, and stops what it started. What is
    cancelled ends with its application."""
    table = put(local, "SELECT range AS a FROM range(5)")
    logs = tmp_path / "logs"
    logs.mkdir()
    with kubernetes() as api:
        pods = Pods(api, logs)
        Operator(api, pods)
        client = SparkClient(configured(api, local.root), base=local.root)
        execution = client.engine("execution")
        assert isinstance(execution, Execution)
        answer = execution.query("SELECT sum(a) AS s FROM $table", table=table)
        assert isinstance(answer, Rows)
        assert answer.rows == [(10,)]
        sql = "SELECT sum(a.range * b.range % 7) AS s FROM range(3000000) a, range(3000000) b"
        job = execution.query(sql, output="endless.csv")
        assert isinstance(job, Job)
        name = api.made()[-1]
        while execution.get_job(job.job_id).status == "queued" or name not in pods.processes:
            pass
        execution.cancel_job(job.job_id)
        assert ended(execution, job).status == "cancelled"
        assert pods.processes[name].wait(60) != 0
        client.close()
    assert not (local.root / "endless.csv").exists()


def test_folders_are_open_to_the_user_of_pods(spark: Execution, local: Local, api: Kubernetes) -> None:
    """Who is another one than Mason's: they write into a job's folder, and may not remove what is Mason's in it."""
    seen: list[int] = []
    run = api.on_made

    def look(name: str) -> None:
        (folder,) = (local.root / "warehouse" / "spark" / "work").iterdir()
        seen.append(stat.S_IMODE(folder.stat().st_mode))
        run(name)

    api.on_made = look
    made(spark, spark.query("SELECT 1 AS a", output="a.csv"))
    assert seen == [0o1777]
    assert api.objects[api.made()[0]]["metadata"]["namespace"] == NAMESPACE
