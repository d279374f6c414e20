"""The scheduler over a warehouse's schedules: what is alike for every client that keeps its schedules there."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from typing import ClassVar

from mason.caches import Stamp
from mason.clients._jobs import new_job_id
from mason.clients._warehouse.folder import WarehouseFolder
from mason.clients._warehouse.kept_schedules import Claim, ScheduleFiles
from mason.engines.capabilities import Capabilities
from mason.engines.client import Client
from mason.engines.jobs import submission
from mason.engines.ledger import Change, Ledger, Waiting, iso
from mason.engines.models import Job, Schedule
from mason.engines.runner import WorkflowRunner
from mason.engines.scheduler import Scheduler, check_enabled
from mason.engines.scheduling import ALL_KEPT
from mason.errors import ConflictError, NotFoundError

# Of the digest of a token in the id of a job: as many as make it unique.
_DIGITS = 32


class KeptScheduler(Scheduler):
    """Keeps schedules in a warehouse's folder, where ``mason scheduler start`` finds and runs them.

    A client adds how a schedule is triggered: at once (:meth:`_run_now`), or by the daemon (:meth:`_hand_over`).
    """

    capabilities: ClassVar[Capabilities] = Capabilities(keeps=ALL_KEPT, stamped=True)
    supports: ClassVar[frozenset[str]] = frozenset(
        {"get_schedule", "list_schedules", "put_schedule", "delete_schedule", "get_job", "cancel_job"}
    )

    def __init__(self, client: Client, warehouse: WarehouseFolder) -> None:
        super().__init__(client)
        self.files = ScheduleFiles(warehouse)

    def stamps(self, name: str) -> Mapping[str, Stamp] | None:
        """That of the schedule's file."""
        return self.files.stamps(name)

    def get_schedule(self, name: str) -> Schedule:
        """One schedule."""
        return self.files.get(name)

    def list_schedules(self) -> list[Schedule]:
        """All schedules, sorted by name."""
        return [self.files.get(name) for name in self.files.names()]

    def put_schedule(self, schedule: Schedule, *, overwrite: bool = False) -> Schedule:
        """Keep a schedule. Its times count from now on."""
        return self.files.put(schedule, overwrite=overwrite)

    def delete_schedule(self, name: str) -> Schedule:
        """Forget a schedule, and what waits of it; a run that goes on is not disturbed."""
        return self.files.delete(name)

    def get_job(self, job_id: str) -> Job:
        """How a triggered run goes; one whose process died has failed. Of one that goes on, how its steps stand."""
        job = self.files.job(job_id)
        run_id = job.result.get("run_id")
        if job.status != "running" or not run_id or self.connection.runner is None:
            return job
        steps = self.runner.steps_of(run_id)
        return replace(job, result={**job.result, "steps": dict(steps)}) if steps else job

    def cancel_job(self, job_id: str) -> Job:
        """Take what waits out of the queue. A run that goes on is ended by its own command, which is said."""
        return self.files.cancel(job_id)

    # What mason.engines.ledger.SelfRunning wants.

    def place(self) -> str:
        """The folder of the schedules."""
        return str(self.files.folder.resolve())

    def new_job_id(self) -> str:
        """An id for the job of something that is to wait."""
        return new_job_id()

    def schedule_names(self) -> list[str]:
        """The names of all schedules, sorted; none of them is read."""
        return self.files.names()

    def look(self, name: str) -> tuple[Schedule, Ledger]:
        """A schedule and its ledger."""
        return self.files.look(name)

    def change_ledger(self, name: str, change: Change) -> Ledger:
        """Change a ledger alone, and return it."""
        return self.files.change(name, change)

    def run_waiting(self, name: str, job_id: str) -> Job | None:
        """Run what waits under ``job_id`` now."""
        runner = self.runner
        return self._run(runner, self.files.claim(name, runner.new_run_id(), job_id=job_id))

    def _run_now(self, name: str) -> Job:
        """Run a schedule and wait for it. Raises ``ConflictError`` while a run of it goes on, be it this one."""
        check_enabled(self.files.get(name))
        runner = self.runner
        claim = self.files.claim(name, runner.new_run_id(), Waiting(new_job_id()))
        job = self._run(runner, claim)
        if job is None:
            raise ConflictError(f"A run of schedule {name} goes on. Trigger it again when that has ended.")
        return job

    def _hand_over(self, name: str) -> Job:
        """Let a schedule be run by ``mason scheduler start``."""
        check_enabled(self.files.get(name))
        token = submission()
        if token is not None:
            with suppress(NotFoundError):
                return self._found(str(token))
        waiting = Waiting(new_job_id() if token is None else new_job_id(token.digest[:_DIGITS]))
        self.files.change(name, lambda _, ledger, __: _queued(ledger, waiting))
        return self.files.warehouse.get_job(waiting.job_id)

    def _found(self, token: str) -> Job:
        """The job that was handed over under a token. Raises ``NotFoundError``, also for one that never got into the
        queue because the process that handed it over died."""
        return self.files.handed_over(sha256(token.encode()).hexdigest()[:_DIGITS])

    def _run(self, runner: WorkflowRunner, claim: Claim | None) -> Job | None:
        if claim is None:
            return None
        ran = None
        try:
            due = iso(claim.waiting.due) if claim.waiting.due else ""
            ran = runner.run(claim.schedule, run_id=claim.run_id, due=due)
        finally:
            job = self.files.finish(claim, ran)
        return job


def _queued(ledger: Ledger, waiting: Waiting) -> Ledger:
    return Ledger(ledger.considered, (*ledger.queue, waiting), ledger.last)
