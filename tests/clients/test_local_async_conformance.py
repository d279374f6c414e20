"""The client ``local_async`` keeps the contract of a scheduler."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mason.clients.local_async import LocalAsyncClient
from mason.clients.local_async.scheduler import LocalAsyncScheduler
from mason.engines.client import Client
from mason.engines.engine import Engine
from mason.engines.jobs import Token, submitting
from mason.engines.models import Dag, Job, Schedule
from mason.errors import EngineError, NotFoundError
from mason.testing import AsynchronousSuite, SelfRunningSuite
from mason.testing.schedulers import RecordingRunner


class TestScheduler(SelfRunningSuite):
    @pytest.fixture
    def client(self, tmp_path: Path) -> Client:
        return LocalAsyncClient({}, base=tmp_path)


class TestJobs(AsynchronousSuite):
    """What is triggered waits for ``mason scheduler start``, which a test plays."""

    role = "scheduler"

    @pytest.fixture
    def client(self, tmp_path: Path) -> Client:
        client = LocalAsyncClient({}, base=tmp_path)
        client.runner = RecordingRunner()
        return client

    def submit(self, engine: Engine, number: int) -> Job:
        assert isinstance(engine, LocalAsyncScheduler)
        engine.put_schedule(Schedule(f"s{number}", "0 12 * * ? *", Dag(())), overwrite=True)
        return engine.trigger_schedule(f"s{number}")

    def ended(self, engine: Engine, job: Job) -> Job:
        assert isinstance(engine, LocalAsyncScheduler)
        engine.run_waiting(str(job.result["schedule"]), job.job_id)
        return super().ended(engine, job)

    def test_an_open_job_has_no_result(self, any_engine: Engine) -> None:
        """It says which schedule was triggered."""
        assert self.submit(any_engine, 1).result == {"schedule": "s1"}

    def test_one_that_runs_is_ended_by_its_own_command(self, any_engine: Engine) -> None:
        assert isinstance(any_engine, LocalAsyncScheduler)
        job = self.submit(any_engine, 1)
        claim = any_engine.files.claim("s1", "run1", job_id=job.job_id)
        assert claim is not None
        with pytest.raises(EngineError) as raised:
            any_engine.cancel_job(job.job_id)
        assert str(raised.value) == f"Job {job.job_id} is run run1 by now. End that: mason runs cancel run1"
        any_engine.files.finish(claim, None)
        died = any_engine.get_job(job.job_id)
        assert (died.status, died.reason) == (
            "failed",
            "The process that ran it died. Go on with: mason runs resume run1",
        )

    def test_a_job_that_never_got_into_the_queue_is_not_found(self, any_engine: Engine) -> None:
        """Its file is written before the queue is: a process may die in between."""
        assert isinstance(any_engine, LocalAsyncScheduler)
        token = Token("20261121T101500.042-3f9a1c", "step_1", 1, 1)
        with submitting(token):
            job = self.submit(any_engine, 1)
        any_engine.files.cancel(job.job_id)
        (any_engine.files.warehouse.folder / "jobs" / f"{job.job_id}.json").unlink()
        # Whenever that was: it is no longer the job of that second.
        lost = replace(job, job_id=f"20260101T000000-{job.job_id.partition('-')[2]}")
        any_engine.files.warehouse.put_job(lost)
        with pytest.raises(NotFoundError):
            any_engine.find_job(str(token))
        with submitting(token):
            again = any_engine.trigger_schedule("s1")
        assert (again.status, again.job_id != lost.job_id) == ("queued", True)
        assert any_engine.find_job(str(token)) == again
