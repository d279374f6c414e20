"""The suite of schedulers; ``mason.testing.engines`` says how to use it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from threading import Thread
from typing import Any, ClassVar

import pytest

from mason.engines.client import Client
from mason.engines.engine import Engine
from mason.engines.ledger import Ledger, SelfRunning, Waiting
from mason.engines.models import Dag, DagStep, Job, Schedule
from mason.engines.runner import Ran
from mason.engines.scheduler import Scheduler
from mason.errors import ConflictError, EngineError, NotFoundError
from mason.testing.engines import EngineSuite


class RecordingRunner:
    """Runs no workflow, but remembers for which schedules and times it was asked. ``fails_with`` makes runs fail."""

    def __init__(self) -> None:
        self.ran: list[tuple[str, str]] = []
        self.fails_with = ""

    def new_run_id(self) -> str:
        """``run-1``, ``run-2`` and so on, by how many were run."""
        return f"run-{len(self.ran) + 1}"

    def run(self, schedule: Schedule, *, run_id: str, due: str) -> Ran:
        """Remember it, and answer as told."""
        self.ran.append((schedule.name, due))
        return Ran(run_id, "failed" if self.fails_with else "succeeded", self.fails_with)


class SchedulerSuite(EngineSuite):
    """The sentences of ``mason.engines.scheduler``."""

    role: ClassVar[str] = "scheduler"

    @pytest.fixture
    def runner(self) -> RecordingRunner:
        """What the client runs workflows with, where it needs somebody for that."""
        return RecordingRunner()

    @pytest.fixture
    def scheduler(self, client: Client, any_engine: Engine, runner: RecordingRunner) -> Scheduler:
        """The client as scheduler."""
        assert isinstance(any_engine, Scheduler)
        client.runner = runner
        return any_engine

    def schedule(self, name: str, times: str = "0 12 * * ? *") -> Schedule:
        """A schedule of two steps."""
        first = DagStep("step_1", "table:infer", {"path": "a"})
        dag = Dag((first, DagStep("step_2", "table:get", dependencies=("step_1",))))
        return Schedule(name, times, dag, workflow="workflow.table.infer", config_id="1", time_zone="Europe/Berlin")

    def test_put_and_get(self, scheduler: Scheduler) -> None:
        """A schedule is returned as it was put; all of them sorted by name."""
        self.needs(scheduler, "put_schedule", "get_schedule", "list_schedules")
        for name in ("zeta", "alpha"):
            assert scheduler.put_schedule(self.schedule(name)) == self.schedule(name)
        assert scheduler.get_schedule("zeta") == self.schedule("zeta")
        assert [schedule.name for schedule in scheduler.list_schedules()] == ["alpha", "zeta"]

    def test_put_twice(self, scheduler: Scheduler) -> None:
        """Raises ``ConflictError`` when one of that name exists and ``overwrite`` is false."""
        self.needs(scheduler, "put_schedule", "get_schedule")
        scheduler.put_schedule(self.schedule("nightly"))
        changed = self.schedule("nightly", "0 6 * * ? *")
        with pytest.raises(ConflictError):
            scheduler.put_schedule(changed)
        assert scheduler.get_schedule("nightly") == self.schedule("nightly")
        scheduler.put_schedule(changed, overwrite=True)
        assert scheduler.get_schedule("nightly") == changed

    @pytest.mark.parametrize(
        "fault",
        [
            {"name": "a b"},
            {"name": "../a"},
            {"name": ""},
            {"schedule": "0 12 * *"},
            {"schedule": "0 0 30 2 *"},
            {"time_zone": "Europe/Berln"},
            {"catch_up": "some"},
            {"overlap": "both"},
        ],
        ids=str,
    )
    def test_put_refuses_what_cannot_be(self, scheduler: Scheduler, fault: dict[str, Any]) -> None:
        """Raises ``EngineError`` for a schedule that cannot be, and keeps nothing of it."""
        self.needs(scheduler, "put_schedule", "list_schedules")
        with pytest.raises(EngineError):
            scheduler.put_schedule(replace(self.schedule("nightly"), **fault))
        assert scheduler.list_schedules() == []

    def test_trigger(self, scheduler: Scheduler, runner: RecordingRunner) -> None:
        """Runs a schedule now, or lets it be run: the job says which."""
        self.needs(scheduler, "put_schedule", "trigger_schedule")
        scheduler.put_schedule(self.schedule("nightly"))
        job = scheduler.trigger_schedule("nightly")
        assert job.status in ("queued", "running", "succeeded")
        assert job.result["schedule"] == "nightly"
        assert Job.from_dict(job.to_dict()) == job
        assert runner.ran == ([("nightly", "")] if "run_id" in job.result else [])

    def test_trigger_what_is_not_enabled(self, scheduler: Scheduler, runner: RecordingRunner) -> None:
        """Raises ``ConflictError`` for one that is not enabled, and runs nothing."""
        self.needs(scheduler, "put_schedule", "trigger_schedule")
        scheduler.put_schedule(replace(self.schedule("nightly"), enabled=False))
        with pytest.raises(ConflictError):
            scheduler.trigger_schedule("nightly")
        assert runner.ran == []

    def test_delete(self, scheduler: Scheduler) -> None:
        """Deletes a schedule and returns it as it was."""
        self.needs(scheduler, "put_schedule", "delete_schedule", "list_schedules")
        scheduler.put_schedule(self.schedule("nightly"))
        assert scheduler.delete_schedule("nightly") == self.schedule("nightly")
        assert scheduler.list_schedules() == []

    def test_missing(self, scheduler: Scheduler) -> None:
        """Raises ``NotFoundError``, and names the schedule that was probably meant."""
        self.needs(scheduler, "put_schedule")
        scheduler.put_schedule(self.schedule("nightly"))
        for name in ("get_schedule", "trigger_schedule", "delete_schedule"):
            if name in scheduler.supports:
                with pytest.raises(NotFoundError) as raised:
                    getattr(scheduler, name)("nigthly")
                assert "nightly" in str(raised.value)

    @pytest.fixture
    def self_running(self, scheduler: Scheduler) -> SelfRunning:
        """The scheduler, where Mason runs its schedules by itself."""
        if not isinstance(scheduler, SelfRunning):
            pytest.skip(f"{scheduler.client} runs its schedules itself")
        scheduler.put_schedule(self.schedule("nightly"))
        return scheduler

    def test_what_waits_is_run_once(self, self_running: SelfRunning, runner: RecordingRunner) -> None:
        """What was put into a queue is run when it is asked for, and ``None`` is returned when it waits no more."""
        waiting = Waiting(self_running.new_job_id(), datetime(2026, 3, 1, 12, tzinfo=timezone.utc))
        self_running.change_ledger("nightly", lambda schedule, ledger, busy: replace(ledger, queue=(waiting,)))
        assert self_running.look("nightly")[1].queue == (waiting,)
        job = self_running.run_waiting("nightly", waiting.job_id)
        assert job is not None
        assert (job.job_id, job.status, job.result["due"]) == (waiting.job_id, "succeeded", "2026-03-01T12:00:00Z")
        assert self_running.run_waiting("nightly", waiting.job_id) is None
        assert runner.ran == [("nightly", "2026-03-01T12:00:00Z")]
        last = self_running.look("nightly")[1].last
        assert last is not None
        assert (last.run_id, last.status, last.job_id) == ("run-1", "succeeded", waiting.job_id)

    def test_a_run_that_fails(self, self_running: SelfRunning, runner: RecordingRunner) -> None:
        """A run that failed is a job that failed, and the ledger says why."""
        runner.fails_with = "step_1: no such file"
        waiting = Waiting(self_running.new_job_id())
        self_running.change_ledger("nightly", lambda schedule, ledger, busy: replace(ledger, queue=(waiting,)))
        job = self_running.run_waiting("nightly", waiting.job_id)
        assert job is not None
        assert (job.status, job.logs) == ("failed", ("step_1: no such file",))
        last = self_running.look("nightly")[1].last
        assert last is not None
        assert (last.status, last.error) == ("failed", "step_1: no such file")

    def test_a_ledger_is_changed_alone(self, self_running: SelfRunning) -> None:
        """Who changes a ledger holds it alone: no change of another is lost."""

        def add(schedule: Schedule, ledger: Ledger, busy: bool) -> Ledger:
            return replace(ledger, queue=(*ledger.queue, Waiting(self_running.new_job_id())))

        threads = [Thread(target=self_running.change_ledger, args=("nightly", add)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len({waiting.job_id for waiting in self_running.look("nightly")[1].queue}) == 8

    def test_put_again_keeps_what_was_considered(self, self_running: SelfRunning, scheduler: Scheduler) -> None:
        """Times are not considered anew when a schedule is put that runs at the same times; else they count anew."""
        long_ago = datetime(2026, 3, 1, tzinfo=timezone.utc)
        self_running.change_ledger("nightly", lambda schedule, ledger, busy: replace(ledger, considered=long_ago))
        scheduler.put_schedule(replace(self.schedule("nightly"), catch_up="all"), overwrite=True)
        assert self_running.look("nightly")[1].considered == long_ago
        scheduler.put_schedule(self.schedule("nightly", "0 6 * * *"), overwrite=True)
        assert self_running.look("nightly")[1].considered > long_ago
