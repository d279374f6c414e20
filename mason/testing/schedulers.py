"""The suites of schedulers; ``mason.testing.engines`` says how to use them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timezone
from threading import Event, Thread
from typing import Any, ClassVar

import pytest

from mason.engines.client import Client
from mason.engines.engine import Engine
from mason.engines.ledger import Ledger, SelfRunning, Waiting
from mason.engines.models import Dag, DagStep, Job, Schedule
from mason.engines.runner import Ran
from mason.engines.scheduler import Scheduler
from mason.engines.scheduling import CATCH_UP, CRON_FORMS, OVERLAP, unkept
from mason.engines.step_by_step import do_in_order
from mason.errors import ConflictError, EngineError, NotFoundError
from mason.resources.retry import KINDS
from mason.resources.trigger import TRIGGER_RULES
from mason.testing.engines import EngineSuite


class RecordingRunner:
    """Runs no operator, but walks DAGs by their rules, and remembers what it was asked for.

    ``ran`` are the schedules and times of runs, ``attempts`` the ids of steps, once for each attempt, and ``handed``
    the results that steps were handed. ``fails_with`` makes runs fail, ``failing`` so many attempts of a step; a step
    in ``endless`` does not end before ``released``, and tells with ``begun`` that it began.
    """

    def __init__(self) -> None:
        self.ran: list[tuple[str, str]] = []
        self.attempts: list[str] = []
        self.handed: dict[str, Mapping[str, Any]] = {}
        self.fails_with = ""
        self.failing: dict[str, int] = {}
        self.endless: set[str] = set()
        self.begun = Event()
        self.released = Event()

    def new_run_id(self) -> str:
        """``run-1``, ``run-2`` and so on, by how many were run."""
        return f"run-{len(self.ran) + 1}"

    def run(self, schedule: Schedule, *, run_id: str, due: str) -> Ran:
        """Do the steps of the DAG that the scheduler kept, and answer as told."""
        self.ran.append((schedule.name, due))
        ends = do_in_order(schedule.dag, lambda step, results: self.run_step(schedule, step, results))
        errors = [f"{step}: {end.error}" for step, end in ends.items() if end.status == "failed"]
        error = self.fails_with or "\n".join(errors)
        return Ran(run_id, "failed" if error else "succeeded", error, {step: end.status for step, end in ends.items()})

    def steps_of(self, run_id: str) -> Mapping[str, str]:
        """How the steps stand of the run that goes on: each that began runs."""
        return dict.fromkeys(self.attempts, "running")

    def run_step(self, schedule: Schedule, step: DagStep, results: Mapping[str, Any]) -> Mapping[str, Any]:
        """Remember it, and answer as told; else with the id of the step."""
        self.attempts.append(step.id)
        self.handed[step.id] = results
        if step.id in self.endless:
            self.begun.set()
            self.released.wait(60)
        if self.failing.get(step.id, 0):
            self.failing[step.id] -= 1
            return {"Errors": [f"{step.id} was told to fail"]}
        return {"Data": [{"step": step.id}]}


class SchedulerSuite(EngineSuite):
    """The sentences of ``mason.engines.scheduler``. ``times`` are two cron expressions that the scheduler keeps."""

    role: ClassVar[str] = "scheduler"
    times: ClassVar[tuple[str, str]] = ("0 12 * * *", "0 6 * * *")

    @pytest.fixture
    def runner(self) -> RecordingRunner:
        """What the client runs workflows and steps with, where it needs somebody for that."""
        return RecordingRunner()

    @pytest.fixture
    def scheduler(self, client: Client, any_engine: Engine, runner: RecordingRunner) -> Scheduler:
        """The client as scheduler."""
        assert isinstance(any_engine, Scheduler)
        client.runner = runner
        return any_engine

    def test_stamps_change_with_what_is_answered(self, scheduler: Scheduler) -> None:
        """As long as these are the same, ``get_schedule`` answers the same."""
        self.needs(scheduler, "put_schedule", "get_schedule")
        if not scheduler.capabilities.stamped:
            assert scheduler.stamps("nightly") is None
            return
        found = [scheduler.stamps("nightly")]
        for times in (*self.times, ""):
            if times:
                scheduler.put_schedule(self.schedule("nightly", times), overwrite=True)
            else:
                scheduler.delete_schedule("nightly")
            found.append(scheduler.stamps("nightly"))
            assert found[-1] == scheduler.stamps("nightly") != found[-2]
        assert found[0] == found[-1] is not None

    def schedule(self, name: str, times: str = "") -> Schedule:
        """A schedule of two steps, with rules that every scheduler keeps."""
        first = DagStep("step_1", "table:infer", {"path": "a"}, config_id="1")
        dag = Dag((first, DagStep("step_2", "table:get", dependencies=("step_1",), config_id="1")))
        return Schedule(name, times or self.times[0], dag, workflow="workflow.table.infer", config_id="1")

    def ended(self, engine: Engine, job: Job) -> Job:
        """The job of a triggered run once that has ended; one that waits for somebody to run it is run here."""
        if job.status == "queued" and isinstance(engine, SelfRunning):
            done = engine.run_waiting(job.result["schedule"], job.job_id)
            assert done is not None
            return done
        return super().ended(engine, job)

    def run_of(self, scheduler: Scheduler, *steps: DagStep) -> Job:
        """The job of a run of these steps, triggered, once it has ended."""
        self.needs(scheduler, "put_schedule", "trigger_schedule")
        scheduler.put_schedule(replace(self.schedule("nightly"), dag=Dag(steps)))
        return self.ended(scheduler, scheduler.trigger_schedule("nightly"))

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
        changed = self.schedule("nightly", self.times[1])
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

    # What a scheduler declares to keep.

    def test_what_is_kept_is_declared_in_its_words(self, scheduler: Scheduler) -> None:
        """``capabilities.keeps`` uses the words of ``mason.engines.scheduling``, the plainest of each among them."""
        keeps = scheduler.capabilities.keeps
        for declared, words in (
            (keeps.trigger_rules, TRIGGER_RULES),
            (keeps.catch_up, CATCH_UP),
            (keeps.overlap, OVERLAP),
            (keeps.cron, CRON_FORMS),
            (keeps.retries, KINDS),
        ):
            assert set(declared) <= set(words)
            assert len(set(declared)) == len(declared)
        assert keeps.trigger_rules[:1] == TRIGGER_RULES[:1]
        assert keeps.most_retries is None or keeps.most_retries > 0
        assert unkept(self.schedule("nightly"), keeps, scheduler.client) == []

    @pytest.mark.parametrize(
        "rules",
        [
            *({"trigger_rule": rule} for rule in TRIGGER_RULES),
            {"retry": "constant(5)", "retry_max": 1},
            {"retry": "exponential(5)", "retry_max": 1},
            {"retry": "constant(5)", "retry_max": 1000},
            {"timeout": 60},
            {"results_of": ("step_1",), "parameters": {"job_id": "{{steps.step_1.job_id}}"}},
        ],
        ids=str,
    )
    def test_rules_of_steps_are_kept_or_refused(self, scheduler: Scheduler, rules: dict[str, Any]) -> None:
        """A rule is kept, and returned as it was put; or ``EngineError`` names it, and nothing is kept."""
        dag = self.schedule("nightly").dag
        steps = (*dag.steps[:-1], replace(dag.steps[-1], **rules))
        self.is_kept_or_refused(scheduler, replace(self.schedule("nightly"), dag=Dag(steps)))

    @pytest.mark.parametrize(
        "rules",
        [
            *({"catch_up": word} for word in CATCH_UP),
            *({"overlap": word} for word in OVERLAP),
            {"time_zone": "Europe/Berlin"},
            *({"schedule": text} for text in ("@daily", "0 12 1 * MON", "0 12 * * ? *", "0 12 * * ? 2199")),
            *({"schedule": text} for text in ("0 12 L * ? *", "0 12 15W * ? *", "0 12 ? * 6#3 *")),
        ],
        ids=str,
    )
    def test_rules_of_schedules_are_kept_or_refused(self, scheduler: Scheduler, rules: dict[str, Any]) -> None:
        """The same for what a schedule says of its times."""
        self.is_kept_or_refused(scheduler, replace(self.schedule("nightly"), **rules))

    def test_classes_and_groups_are_kept_or_refused(self, scheduler: Scheduler) -> None:
        """The same for a Python class that decides on steps. Workflows within are never lost."""
        within = DagStep("part.step_1", "table:infer", config_id="1")
        dag = Dag((within,), groups={"part": "table:part"})
        scheduler.put_schedule(replace(self.schedule("grouped"), dag=dag))
        assert scheduler.get_schedule("grouped").dag == dag
        scheduler.delete_schedule("grouped")
        self.is_kept_or_refused(scheduler, replace(self.schedule("nightly"), dag=replace(dag, decided_by=("table:x",))))

    def is_kept_or_refused(self, scheduler: Scheduler, schedule: Schedule) -> None:
        """Put ``schedule``, and compare what happens with what the scheduler declares."""
        self.needs(scheduler, "put_schedule", "get_schedule", "list_schedules")
        lacking = unkept(schedule, scheduler.capabilities.keeps, scheduler.client)
        if not lacking:
            scheduler.put_schedule(schedule)
            assert scheduler.get_schedule(schedule.name) == schedule
            return
        with pytest.raises(EngineError) as raised:
            scheduler.put_schedule(schedule)
        assert all(message in str(raised.value) for message, _ in lacking)
        assert scheduler.list_schedules() == []

    @pytest.mark.parametrize("fails", [False, True], ids=["success", "failure"])
    @pytest.mark.parametrize("rule", TRIGGER_RULES)
    def test_trigger_rules(self, scheduler: Scheduler, runner: RecordingRunner, rule: str, fails: bool) -> None:
        """A step begins when its trigger rule says so: what is there for failures is not done after a success."""
        if rule not in scheduler.capabilities.keeps.trigger_rules:
            pytest.skip(f"{scheduler.client} does not keep {rule}")
        runner.failing = {"infer": 1} if fails else {}
        job = self.run_of(
            scheduler,
            DagStep("other", "table:get", config_id="1"),
            DagStep("infer", "table:infer", config_id="1"),
            DagStep("clean", "table:delete", {}, ("other", "infer"), "1", rule),
        )
        wanted = {
            "all_success": ("succeeded", "upstream_failed"),
            "none_failed": ("succeeded", "upstream_failed"),
            "all_done": ("succeeded", "succeeded"),
            "one_failed": ("skipped", "succeeded"),
        }[rule][fails]
        assert runner.attempts == ["other", "infer", *(["clean"] if wanted == "succeeded" else [])]
        assert job.status == ("failed" if fails else "succeeded")
        assert job.result["steps"] == {
            "other": "succeeded",
            "infer": "failed" if fails else "succeeded",
            "clean": wanted,
        }

    @pytest.mark.parametrize("kind", KINDS)
    def test_retries(self, scheduler: Scheduler, runner: RecordingRunner, kind: str) -> None:
        """A step that failed is tried again, as often as its retry says and no more."""
        if kind not in scheduler.capabilities.keeps.retries:
            pytest.skip(f"{scheduler.client} does not keep retry {kind}(SECONDS)")
        runner.failing = {"step_1": 1, "step_2": 1}
        job = self.run_of(
            scheduler,
            DagStep("step_1", "table:infer", config_id="1", retry=f"{kind}(1)", retry_max=1),
            DagStep("step_2", "table:infer", config_id="1", retry=f"{kind}(1)", retry_max=0),
        )
        assert runner.attempts == ["step_1", "step_1", "step_2"]
        assert (job.status, job.result["steps"]) == ("failed", {"step_1": "succeeded", "step_2": "failed"})

    def test_timeouts(self, scheduler: Scheduler, runner: RecordingRunner) -> None:
        """A step that takes longer than its timeout has failed."""
        if not scheduler.capabilities.keeps.timeouts:
            pytest.skip(f"{scheduler.client} does not keep timeouts")
        runner.endless = {"step_1"}
        try:
            job = self.run_of(scheduler, DagStep("step_1", "table:infer", config_id="1", timeout=1))
        finally:
            runner.released.set()
        assert (job.status, job.result["steps"]) == ("failed", {"step_1": "failed"})

    def test_results(self, scheduler: Scheduler, runner: RecordingRunner) -> None:
        """A step is handed what the steps answered that it refers to."""
        if not scheduler.capabilities.keeps.results:
            pytest.skip(f"{scheduler.client} does not hand results on")
        refers = {"job_id": "{{steps.step_1.step}}"}
        second = DagStep("step_2", "job:get", refers, ("step_1",), "1", results_of=("step_1",))
        self.run_of(scheduler, DagStep("step_1", "table:infer", config_id="1"), second)
        assert runner.handed == {"step_1": {}, "step_2": {"step_1": {"Data": [{"step": "step_1"}]}}}

    def test_trigger(self, scheduler: Scheduler, runner: RecordingRunner) -> None:
        """Runs a schedule now, or lets it be run: the job says which, and how the run goes."""
        self.needs(scheduler, "put_schedule", "trigger_schedule")
        scheduler.put_schedule(self.schedule("nightly"))
        job = scheduler.trigger_schedule("nightly")
        assert job.status in ("queued", "running", "succeeded")
        assert job.result["schedule"] == "nightly"
        assert Job.from_dict(job.to_dict()) == job
        assert runner.attempts == (["step_1", "step_2"] if job.status == "succeeded" else [])
        job = self.ended(scheduler, job)
        assert (job.status, job.result["steps"]) == ("succeeded", {"step_1": "succeeded", "step_2": "succeeded"})
        assert runner.attempts == ["step_1", "step_2"]

    def test_get_job(self, scheduler: Scheduler, runner: RecordingRunner) -> None:
        """``get_job`` tells how a triggered run goes, and how it ended. Raises ``NotFoundError``."""
        self.needs(scheduler, "put_schedule", "trigger_schedule", "get_job")
        scheduler.put_schedule(self.schedule("nightly"))
        triggered = scheduler.trigger_schedule("nightly")
        assert scheduler.get_job(triggered.job_id) == triggered
        ended = self.ended(scheduler, triggered)
        assert scheduler.get_job(triggered.job_id) == ended
        runner.failing = {"step_1": 1}
        failed = self.ended(scheduler, scheduler.trigger_schedule("nightly"))
        assert scheduler.get_job(failed.job_id) == failed
        assert (failed.status, failed.result["steps"]["step_1"]) == ("failed", "failed")
        assert "step_1 was told to fail" in failed.result["error"]
        assert "step_1 was told to fail" in failed.reason
        with pytest.raises(NotFoundError):
            scheduler.get_job("no-such-job")

    def test_trigger_what_is_not_enabled(self, scheduler: Scheduler, runner: RecordingRunner) -> None:
        """Raises ``ConflictError`` for one that is not enabled, and runs nothing."""
        self.needs(scheduler, "put_schedule", "trigger_schedule")
        scheduler.put_schedule(replace(self.schedule("nightly"), enabled=False))
        with pytest.raises(ConflictError):
            scheduler.trigger_schedule("nightly")
        assert runner.attempts == []

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


class SelfRunningSuite(SchedulerSuite):
    """What is added for a scheduler whose schedules Mason runs by itself: ``mason.engines.ledger.SelfRunning``."""

    @pytest.fixture
    def self_running(self, scheduler: Scheduler) -> SelfRunning:
        """The scheduler, with a schedule."""
        assert isinstance(scheduler, SelfRunning)
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

    def test_a_run_that_goes_on(self, self_running: SelfRunning, scheduler: Scheduler, runner: RecordingRunner) -> None:
        """The job of a run that goes on is ``running``, and says how its steps stand."""
        self.needs(scheduler, "get_job")
        runner.endless = {"step_1"}
        waiting = Waiting(self_running.new_job_id())
        self_running.change_ledger("nightly", lambda schedule, ledger, busy: replace(ledger, queue=(waiting,)))
        assert scheduler.get_job(waiting.job_id).status == "queued"
        thread = Thread(target=self_running.run_waiting, args=("nightly", waiting.job_id))
        thread.start()
        try:
            assert runner.begun.wait(60)
            job = scheduler.get_job(waiting.job_id)
        finally:
            runner.released.set()
            thread.join()
        assert (job.status, job.result["run_id"], job.result["steps"]) == ("running", "run-1", {"step_1": "running"})
        assert scheduler.get_job(waiting.job_id).status == "succeeded"

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
        scheduler.put_schedule(self.schedule("nightly", self.times[1]), overwrite=True)
        assert self_running.look("nightly")[1].considered > long_ago
