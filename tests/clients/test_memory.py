"""What the client ``memory`` adds to the contract: nothing touches the disk for good, and tests may look inside."""

from __future__ import annotations

import gc
from dataclasses import replace
from pathlib import Path

import pytest

from mason.clients.memory import MemoryClient
from mason.engines.execution import Execution
from mason.engines.metastore import Metastore
from mason.engines.models import Dag, DagStep, Job, Rows, Schedule
from mason.engines.scheduler import Scheduler
from mason.engines.storage import Storage
from mason.secrets import secret_values
from mason.testing.schedulers import RecordingRunner
from tests.clients.conftest import refusal


@pytest.fixture
def memory(tmp_path: Path) -> MemoryClient:
    return MemoryClient({"token": "ignored"}, base=tmp_path)


def test_the_whole_road(memory: MemoryClient, tmp_path: Path) -> None:
    storage, metastore, execution = (memory.engine(role) for role in ("storage", "metastore", "execution"))
    assert isinstance(storage, Storage)
    assert isinstance(metastore, Metastore)
    assert isinstance(execution, Execution)
    for year in (2012, 2013):
        storage.write(f"lake/t/year={year}/a.csv", f"id\n{year - 2000}\n")
    metastore.create_table("db", "t", definition=storage.infer_table("lake/t"))
    sql = "SELECT t.year, sum(t.id) FROM $table t, db.T AS other GROUP BY 1 ORDER BY 1"
    answer = execution.query(sql, table=metastore.get_table("db", "t"))
    assert isinstance(answer, Rows)
    assert answer.rows == [(2012, 24), (2013, 26)]
    assert [partition.values for partition in metastore.list_partitions("db", "t")] == [{"year": 2012}, {"year": 2013}]
    job = execution.query("SELECT 1 AS a", output="out/a.csv")
    assert isinstance(job, Job)
    assert memory.files["out/a.csv"] == b"a\n1\n"
    assert memory.jobs[job.job_id] == job
    metastore.delete_table("db", "t", delete_files=True)
    assert sorted(memory.files) == ["out/a.csv"]
    assert list(tmp_path.iterdir()) == []


def test_missing_names_are_suggested(memory: MemoryClient) -> None:
    metastore, execution = memory.engine("metastore"), memory.engine("execution")
    assert isinstance(metastore, Metastore)
    assert isinstance(execution, Execution)
    metastore.create_database("data")
    assert refusal(metastore.get_database, "dta") == "NotFoundError: Database dta not found. Did you mean data?"
    assert refusal(metastore.get_table, "data", "x") == (
        "NotFoundError: Table x not found in database data. There are no tables."
    )
    assert refusal(execution.query, "SELECT * FROM data.x") == (
        "NotFoundError: Table x not found in database data. There are no tables."
    )


NIGHTLY = Schedule("nightly", "0 12 * * ? *", Dag((DagStep("step_1", "table:get"),)), workflow="workflow.table.flow")


def test_a_triggered_schedule_is_a_job_that_says_how_its_steps_ended(memory: MemoryClient) -> None:
    scheduler = memory.engine("scheduler")
    assert isinstance(scheduler, Scheduler)
    memory.runner = RecordingRunner()
    scheduler.put_schedule(NIGHTLY)
    job = scheduler.trigger_schedule("nightly")
    told = {"schedule": "nightly", "workflow": "workflow.table.flow"}
    assert job.result == told | {"status": "succeeded", "steps": {"step_1": "succeeded"}}
    assert memory.jobs == {job.job_id: job}
    memory.runner.failing = {"step_1": 1}
    failed = scheduler.trigger_schedule("nightly")
    error = "step_1: step_1 was told to fail"
    assert (failed.status, failed.logs) == ("failed", (error,))
    assert failed.result == told | {"status": "failed", "error": error, "steps": {"step_1": "failed"}}


def test_without_a_runner_it_says_what_to_do(memory: MemoryClient) -> None:
    scheduler = memory.engine("scheduler")
    assert isinstance(scheduler, Scheduler)
    scheduler.put_schedule(NIGHTLY)
    assert refusal(scheduler.trigger_schedule, "nightly") == (
        "EngineError: Client memory keeps schedules, but nobody told it how workflows are run. Trigger the schedule "
        "through Mason (mason scheduler trigger NAME), or set the client's runner."
    )
    assert memory.jobs == {}


def test_a_workflow_whose_class_decides_is_refused(memory: MemoryClient) -> None:
    scheduler = memory.engine("scheduler")
    decided = replace(NIGHTLY, dag=replace(NIGHTLY.dag, decided_by=("table:flow",)))
    assert refusal(scheduler.put_schedule, decided) == (
        "EngineError: Schedule nightly cannot be kept: Scheduler memory does not keep the Python class of workflow "
        "table:flow, which decides on its steps (remove its __init__.py, or choose a config with another scheduler)."
    )


def test_the_token_is_a_secret() -> None:
    given = {"token": "{{TOKEN}}", "memory_limit": "1GB"}
    assert list(secret_values(given, MemoryClient.schema())) == [(("token",), "{{TOKEN}}")]


def test_another_client_is_reached_by_url_as_long_as_it_lives(memory: MemoryClient, tmp_path: Path) -> None:
    other = MemoryClient({}, base=tmp_path)
    storage, execution, theirs = memory.engine("storage"), memory.engine("execution"), other.engine("storage")
    assert isinstance(storage, Storage)
    assert isinstance(theirs, Storage)
    assert isinstance(execution, Execution)
    theirs.write("lake/a b.csv", "id,at\n1,a b\n2,c\n")
    url = theirs.locate("lake/a b.csv")
    assert url == f"memory://{other.id}/lake/a%20b.csv"
    table = storage.infer_table(url)
    assert table.location is not None
    assert table.location.path == url
    job = execution.query("SELECT sum(id) AS s FROM $table", table=table, output=theirs.locate("out/s.csv"))
    assert isinstance(job, Job)
    assert (job.result["output"], other.files["out/s.csv"]) == (f"memory://{other.id}/out/s.csv", b"s\n3\n")
    # Written twice: what a folder that Mason wrote holds is known by its note, where names are those of URLs.
    for overwrite in (False, True):
        folder = execution.format(
            table, output=theirs.locate("out/by at"), format="csv", partition_columns=["at"], overwrite=overwrite
        )
        assert [each["path"] for each in folder.result["files"]] == [
            f"memory://{other.id}/out/by%20at/at=a%2520b/data_0.csv",
            f"memory://{other.id}/out/by%20at/at=c/data_0.csv",
        ]
    assert memory.files == {}
    assert [found.path for found in storage.list_paths(theirs.locate("lake"))] == [url]
    assert storage.fingerprint(url) != ""
    assert storage.delete(url).path == url
    assert not storage.exists(url)
    del other, theirs
    gc.collect()
    assert refusal(storage.read, url) == (
        f"NotFoundError: {url} leads nowhere: the client memory that held it is gone, or in another process."
    )
