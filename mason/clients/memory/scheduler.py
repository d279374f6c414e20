"""The scheduler of ``memory``: schedules in a mapping, which run when somebody triggers them.

It is one of the kind that knows of no workflow: it does the steps of the DAG that it was given, by the rules that these
carry, as Airflow would. What one step is it has its runner do (``WorkflowRunner.run_step``), which does the same as the
step's command: a command in another process would find none of what the client holds.
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from mason.clients._jobs import iso, new_job_id, now
from mason.clients._missing import missing
from mason.clients.memory import MemoryClient
from mason.clients.memory.holding import MemoryJobs
from mason.engines.capabilities import Capabilities
from mason.engines.models import Job, Schedule
from mason.engines.scheduler import Scheduler, check_enabled, check_schedule
from mason.engines.scheduling import ALL_KEPT
from mason.engines.step_by_step import do_in_order
from mason.errors import ConflictError

VERB = "scheduler.trigger_schedule"


class MemoryScheduler(MemoryJobs, Scheduler):
    """Knows no time: nothing runs by itself, so there is no rule about times that it could break."""

    capabilities: ClassVar[Capabilities] = Capabilities(keeps=replace(ALL_KEPT, classes=False))
    supports: ClassVar[frozenset[str]] = frozenset(Scheduler.verbs)

    def __init__(self, client: MemoryClient) -> None:
        super().__init__(client)
        self.memory = client

    def get_schedule(self, name: str) -> Schedule:
        """One schedule."""
        if name not in self.memory.schedules:
            raise missing("Schedule", name, self.memory.schedules)
        return self.memory.schedules[name]

    def list_schedules(self) -> list[Schedule]:
        """All schedules, sorted by name."""
        return [self.memory.schedules[name] for name in sorted(self.memory.schedules)]

    def put_schedule(self, schedule: Schedule, *, overwrite: bool = False) -> Schedule:
        """Hold a schedule."""
        check_schedule(schedule, self)
        if schedule.name in self.memory.schedules and not overwrite:
            raise ConflictError(f"Schedule {schedule.name} exists already. Ask for overwrite to replace it.")
        self.memory.schedules[schedule.name] = schedule
        return schedule

    def trigger_schedule(self, name: str) -> Job:
        """Do the steps of its DAG now. The job has succeeded or failed, and its result says how each step ended."""
        schedule = self.get_schedule(name)
        check_enabled(schedule)
        runner, submitted = self.runner, now()
        ends = do_in_order(schedule.dag, lambda step, results: runner.run_step(schedule, step, results))
        errors = [f"{step}: {line}" for step, end in ends.items() for line in end.error.splitlines()]
        status = "failed" if any(end.status == "failed" for end in ends.values()) else "succeeded"
        result = {
            "schedule": name,
            "workflow": schedule.workflow,
            "status": status,
            "error": "\n".join(errors),
            "steps": {step: end.status for step, end in ends.items()},
        }
        shown = {key: value for key, value in result.items() if value}
        ended = (iso(submitted), iso(now()))
        job = Job(new_job_id(), status, VERB, tuple(errors), shown, *ended, reason=next(iter(errors), ""))
        return self.memory.put_job(job)

    def delete_schedule(self, name: str) -> Schedule:
        """Drop a schedule."""
        self.get_schedule(name)
        return self.memory.schedules.pop(name)
