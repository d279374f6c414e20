"""The scheduler engine: DAGs that run at certain times."""

from __future__ import annotations

from typing import ClassVar

from mason.engines.engine import Engine
from mason.engines.models import Job, Schedule
from mason.engines.verbs import verb


class Scheduler(Engine):
    """Keeps schedules and triggers them."""

    role: ClassVar[str] = "scheduler"

    @verb(read_only=True)
    def get_schedule(self, name: str) -> Schedule:
        """One schedule. Raises ``NotFoundError``."""
        raise self.lacks("get_schedule")

    @verb(read_only=True)
    def list_schedules(self) -> list[Schedule]:
        """All schedules, sorted by name."""
        raise self.lacks("list_schedules")

    @verb(read_only=False)
    def put_schedule(self, schedule: Schedule, *, overwrite: bool = False) -> Schedule:
        """Create a schedule. Raises ``ConflictError`` when one of that name exists and ``overwrite`` is false."""
        raise self.lacks("put_schedule")

    @verb(read_only=False)
    def trigger_schedule(self, name: str) -> Job:
        """Run a schedule now. Raises ``NotFoundError``."""
        raise self.lacks("trigger_schedule")

    @verb(read_only=False)
    def delete_schedule(self, name: str) -> Schedule:
        """Delete a schedule and return it as it was. Raises ``NotFoundError``."""
        raise self.lacks("delete_schedule")
