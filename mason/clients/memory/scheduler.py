"""The scheduler of ``memory``: schedules in a mapping, which run when somebody triggers them."""

from __future__ import annotations

from typing import ClassVar

from mason.clients._jobs import now, succeeded
from mason.clients._missing import missing
from mason.clients.memory import MemoryClient
from mason.engines.models import Job, Schedule
from mason.engines.scheduler import Scheduler, check_schedule
from mason.errors import ConflictError


class MemoryScheduler(Scheduler):
    """Knows no time: nothing runs by itself."""

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
        check_schedule(schedule)
        if schedule.name in self.memory.schedules and not overwrite:
            raise ConflictError(f"Schedule {schedule.name} exists already. Ask for overwrite to replace it.")
        self.memory.schedules[schedule.name] = schedule
        return schedule

    def trigger_schedule(self, name: str) -> Job:
        """A job that names the steps in their order; no step is called."""
        schedule = self.get_schedule(name)
        if not schedule.enabled:
            raise ConflictError(
                f"Schedule {name} is not enabled, so it is not run. Write enabled: true, and apply that."
            )
        result = {"schedule": name, "steps": [step.id for step in schedule.dag.steps]}
        return self.memory.put_job(succeeded("scheduler.trigger_schedule", result, submitted=now()))

    def delete_schedule(self, name: str) -> Schedule:
        """Drop a schedule."""
        self.get_schedule(name)
        return self.memory.schedules.pop(name)
