"""The scheduler of Airflow against a stub of its API; what Airflow itself makes of it is in ``tests/cli``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mason.clients.airflow import AirflowClient
from mason.clients.airflow.dag_file import dag_text, read_dag_text
from mason.engines.client import Client
from mason.engines.engine import Engine
from mason.engines.jobs import Token, submitting
from mason.engines.models import Dag, DagStep, Job, Schedule
from mason.engines.scheduler import Scheduler
from mason.errors import (
    AccessDeniedError,
    ConflictError,
    EngineError,
    NotFoundError,
    TransientEngineError,
    UnknownOutcomeError,
)
from mason.testing import SchedulerSuite
from mason.testing.schedulers import RecordingRunner
from tests.clients.airflow_stub import AirflowStub, airflow_stub


@pytest.fixture
def stub(tmp_path: Path) -> Iterator[AirflowStub]:
    (tmp_path / "dags").mkdir()
    with airflow_stub(tmp_path / "dags") as made:
        yield made


def scheduler_of(stub: AirflowStub, **changed: Any) -> Scheduler:
    found = AirflowClient(stub.configuration(**changed), base=stub.dags.parent).engine("scheduler")
    assert isinstance(found, Scheduler)
    return found


def nightly(name: str = "nightly", times: str = "0 12 * * *", **parameters: Any) -> Schedule:
    dag = Dag((DagStep("step_1", "table:infer", parameters, config_id="1"),))
    return Schedule(name, times, dag, workflow="workflow.table.infer", config_id="1")


class TestScheduler(SchedulerSuite):
    """Steps are done by Airflow's workers, which a stub does not have: these are tested on a real one."""

    @pytest.fixture
    def client(self, stub: AirflowStub) -> Client:
        return AirflowClient(stub.configuration(), base=stub.dags.parent)

    def run_of(self, scheduler: Scheduler, *steps: DagStep) -> Job:
        pytest.skip("Airflow's workers do the steps")

    def ended(self, engine: Engine, job: Job) -> Job:
        pytest.skip("Airflow's workers do the steps")

    def test_trigger(self, scheduler: Scheduler, runner: RecordingRunner) -> None:
        """The job says which run it is, and how that goes."""
        scheduler.put_schedule(self.schedule("nightly"))
        job = scheduler.trigger_schedule("nightly")
        assert (job.status, job.result) == ("queued", {"schedule": "nightly", "status": "queued"})
        assert scheduler.get_job(job.job_id) == job
        assert Job.from_dict(job.to_dict()) == job


def test_a_file_says_what_was_put_whatever_that_holds() -> None:
    hostile = {"text": "it's '''\n\\ \" {{ ds }} {% raw %} \u00e9\u2028", "none": None, "numbers": [1, 2.5, True]}
    given = nightly(**hostile)
    place = {"cron": "0 12 * * *", "folder": "it's '''", "since": "2026-11-29T00:00:00+00:00"}
    text = dag_text(given, place, "who@host")
    compile(text, "dag.py", "exec")
    found = read_dag_text(text)
    assert found is not None
    assert (found.schedule, found.place, found.owner, found.edited) == (given, place, "who@host", False)
    assert read_dag_text(text.replace("TO_END = 20", "TO_END = 2")) == replace(found, edited=True)
    assert read_dag_text(text.replace('"nightly"', '"nightly')) is None
    assert read_dag_text("import os\n") is None


def test_a_schedule_that_is_too_large_is_refused() -> None:
    with pytest.raises(EngineError) as raised:
        dag_text(nightly(text="x" * 131_072), {}, "who@host")
    assert str(raised.value) == (
        "Schedule nightly: the parameters of step step_1 are too long for a command, which holds 131,071 bytes. "
        "Shorten them."
    )
    steps = tuple(DagStep(f"step_{number}", "table:infer", {"text": "x" * 100_000}) for number in range(21))
    with pytest.raises(EngineError) as raised:
        dag_text(replace(nightly(), dag=Dag(steps)), {}, "who@host")
    assert str(raised.value).startswith("Schedule nightly is too large for a DAG file: 4,2")


def test_nothing_is_written_when_it_is_there_as_it_is_to_be(stub: AirflowStub) -> None:
    scheduler = scheduler_of(stub)
    scheduler.put_schedule(nightly())
    text = (stub.dags / "mason_nightly.py").read_text()
    stub.asked.clear()
    scheduler.put_schedule(nightly())
    assert (stub.dags / "mason_nightly.py").read_text() == text
    assert stub.asked == ["GET /api/v2/dags/nightly"] * 2
    scheduler.put_schedule(replace(nightly(), enabled=False))
    assert stub.paused == {"nightly": True}
    assert scheduler.get_schedule("nightly") == replace(nightly(), enabled=False)


def test_what_mason_did_not_write_is_left_alone(stub: AirflowStub) -> None:
    scheduler = scheduler_of(stub)
    (stub.dags / "mason_nightly.py").write_text("import os\n")
    with pytest.raises(ConflictError) as raised:
        scheduler.put_schedule(nightly(), overwrite=True)
    assert str(raised.value) == (
        f"{stub.dags / 'mason_nightly.py'} was not written by Mason, or somebody broke it, so it is neither read nor "
        "replaced. Move it away, or give the schedule another name."
    )
    assert (stub.dags / "mason_nightly.py").read_text() == "import os\n"
    stub.foreign["daily"] = "/opt/dags/daily.py"
    with pytest.raises(ConflictError) as raised:
        scheduler.put_schedule(nightly("daily"), overwrite=True)
    assert str(raised.value) == (
        "Airflow has a DAG daily that Mason did not write (/opt/dags/daily.py), so it is not replaced. Give the "
        "schedule another name."
    )
    assert scheduler.list_schedules() == []


def test_a_dag_that_airflow_does_not_see_is_told_with_what_to_check(stub: AirflowStub) -> None:
    stub.unseen.add("nightly")
    with pytest.raises(EngineError) as raised:
        scheduler_of(stub, deploy_timeout=0.01).put_schedule(nightly())
    assert str(raised.value) == (
        f"Airflow does not have DAG nightly after 0.01 seconds, though {stub.dags / 'mason_nightly.py'} is written. "
        "Check that this is the folder from which Airflow takes its DAG files (dags_folder of [core]), that its DAG "
        "processor runs, how often it looks for new files (refresh_interval of [dag_processor]), and that "
        "deploy_timeout of the config is longer."
    )


def test_a_file_that_airflow_cannot_read_is_told_with_its_line(stub: AirflowStub) -> None:
    stub.unseen.add("nightly")
    trace = 'Traceback:\n  File "<frozen>", line 1\n  File "/x/mason_nightly.py", line 42, in f\nValueError: no\n'
    stub.import_errors = [{"filename": "mason_nightly.py", "timestamp": "2999-01-01T00:00:00Z", "stack_trace": trace}]
    with pytest.raises(EngineError) as raised:
        scheduler_of(stub).put_schedule(nightly())
    assert str(raised.value) == "Airflow cannot read mason_nightly.py:42: ValueError: no"


def test_a_folder_that_is_not_there_and_a_pool_that_is_not(stub: AirflowStub) -> None:
    with pytest.raises(NotFoundError) as raised:
        scheduler_of(stub, dags="elsewhere").put_schedule(nightly())
    assert str(raised.value) == (
        f"There is no folder {stub.dags.parent / 'elsewhere'}, from which Airflow takes its DAG files. Check dags in "
        "the config."
    )
    with pytest.raises(NotFoundError) as raised:
        scheduler_of(stub, pool="small").put_schedule(nightly())
    assert str(raised.value) == ("Cannot get pool small: Airflow answers 404: The Pool with ID: `small` was not found.")


def test_a_token_that_ran_out_is_renewed_once(stub: AirflowStub) -> None:
    scheduler = scheduler_of(stub)
    scheduler.put_schedule(nightly())
    stub.tokens.clear()
    assert scheduler.get_schedule("nightly") == nightly()
    stub.failing["GET /api/v2/dags/nightly"] = [(401, "Not authenticated")] * 2
    with pytest.raises(AccessDeniedError) as raised:
        scheduler.get_schedule("nightly")
    assert str(raised.value) == (
        "Cannot get DAG nightly: Airflow answers 401: Not authenticated. Check user admin of client airflow, and what "
        "it is allowed to do."
    )


def test_wrong_credentials_and_an_airflow_that_is_none(stub: AirflowStub) -> None:
    with pytest.raises(AccessDeniedError) as raised:
        scheduler_of(stub, password="wrong").put_schedule(nightly())
    assert str(raised.value) == (
        "Cannot sign in to Airflow: Airflow answers 401: Invalid credentials. Check user admin of client airflow, and "
        "what it is allowed to do."
    )
    with pytest.raises(AccessDeniedError) as raised:
        scheduler_of(stub, username=None, password=None).put_schedule(nightly())
    assert str(raised.value) == (
        "Client airflow has neither a token nor a username and password, and Airflow asks for one."
    )
    stub.version = "2.11.0"
    with pytest.raises(EngineError) as raised:
        scheduler_of(stub).put_schedule(nightly())
    assert str(raised.value) == f"Airflow at {stub.url} is version 2.11.0, and Mason needs 3.3 or newer."
    with pytest.raises(TransientEngineError) as unreached:
        scheduler_of(stub, url="http://127.0.0.1:9").put_schedule(nightly())
    assert str(unreached.value) == (
        "Cannot ask Airflow for its version: there is no answer from Airflow at http://127.0.0.1:9 (connection "
        "refused). Is it running, and is url right?"
    )


def test_a_submission_is_known_again_by_its_token(stub: AirflowStub) -> None:
    scheduler = scheduler_of(stub)
    scheduler.put_schedule(nightly())
    token = Token("20261129T000000.000-abcdef", "step_1", 1, 1)
    path = "/api/v2/dags/nightly/dagRuns"
    with submitting(token):
        stub.lost.add(f"POST {path}")
        with pytest.raises(UnknownOutcomeError) as raised:
            scheduler.trigger_schedule("nightly")
        stub.lost.clear()
        assert str(raised.value).startswith(
            "It is not known whether Airflow did what it was asked for, to trigger DAG nightly: the answer was lost of "
        )
        stub.failing[f"POST {path}"] = [(500, "database is locked")]
        with pytest.raises(UnknownOutcomeError) as raised:
            scheduler.trigger_schedule("nightly")
        assert str(raised.value) == (
            "Cannot trigger DAG nightly: Airflow answers 500: database is locked. It may have been done all the same. "
            "Look what there is first."
        )
        job = scheduler.trigger_schedule("nightly")
    assert job.job_id == f"nightly/mason__{token.digest[:32]}"
    assert len(stub.runs) == 1


def test_a_paused_dag_is_not_triggered(stub: AirflowStub) -> None:
    scheduler = scheduler_of(stub)
    scheduler.put_schedule(nightly())
    stub.paused["nightly"] = True
    with pytest.raises(ConflictError) as raised:
        scheduler.trigger_schedule("nightly")
    assert str(raised.value) == (
        "DAG nightly is paused, and Airflow would let its runs wait for ever. Write enabled: true and apply that, or "
        "unpause it."
    )
    assert stub.runs == {}


def test_a_run_is_cancelled(stub: AirflowStub) -> None:
    scheduler = scheduler_of(stub)
    scheduler.put_schedule(nightly())
    job = scheduler.trigger_schedule("nightly")
    cancelled = scheduler.cancel_job(job.job_id)
    assert (cancelled.status, cancelled.reason) == ("cancelled", "Cancelled by Mason.")
    with pytest.raises(ConflictError):
        scheduler.cancel_job(job.job_id)
    with pytest.raises(NotFoundError):
        scheduler.get_job("nightly/another")


def test_a_thousand_schedules_are_listed_in_pages(stub: AirflowStub) -> None:
    place = {"cron": "0 12 * * *", "since": "2026-11-29T00:00:00+00:00"}
    for number in range(250):
        schedule = nightly(f"nightly_{number:04}")
        (stub.dags / f"mason_{schedule.name}.py").write_text(dag_text(schedule, place, "who@host"))
    listed = scheduler_of(stub).list_schedules()
    assert [each.name for each in listed] == [f"nightly_{number:04}" for number in range(250)]
    assert stub.asked == ["GET /api/v2/version", "POST /auth/token", *["GET /api/v2/dags"] * 3]


@pytest.mark.parametrize(
    ("rules", "fault"),
    [
        ({"catch_up": "all"}, "Scheduler airflow does not keep catch_up all with overlap skip"),
        ({"schedule": "0 12 */2 * 1"}, "Scheduler airflow does not keep both days in schedule '0 12 */2 * 1'"),
        ({"schedule": "0 12 * * ? 2099"}, "Scheduler airflow does not keep a year in schedule '0 12 * * ? 2099'"),
        (
            {"schedule": "30 2 * * *", "time_zone": "Europe/Berlin"},
            "does not keep 02:30 in Europe/Berlin, where clocks",
        ),
    ],
)
def test_what_airflow_would_do_otherwise_is_refused(stub: AirflowStub, rules: dict[str, str], fault: str) -> None:
    with pytest.raises(EngineError) as raised:
        scheduler_of(stub).put_schedule(replace(nightly(), **rules))
    assert fault in str(raised.value)
    assert stub.asked == []
