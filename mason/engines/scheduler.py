"""The scheduler engine: DAGs that run at certain times."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from mason.caches import Stamp
from mason.engines.engine import Engine
from mason.engines.models import Job, Schedule
from mason.engines.runner import WorkflowRunner
from mason.engines.scheduling import CATCH_UP, OVERLAP, unkept
from mason.engines.verbs import verb
from mason.errors import ConflictError, EngineError


class Scheduler(Engine):
    """Keeps schedules and triggers them. Which of their rules it keeps is in ``capabilities.keeps``."""

    role: ClassVar[str] = "scheduler"

    @property
    def runner(self) -> WorkflowRunner:
        """What runs workflows and steps for the scheduler. Raises ``EngineError`` where nobody set the client's."""
        runner: WorkflowRunner | None = self.connection.runner
        if runner is None:
            raise EngineError(
                f"Client {self.client} keeps schedules, but nobody told it how workflows are run. Trigger the schedule "
                "through Mason (mason scheduler trigger NAME), or set the client's runner."
            )
        return runner

    def stamps(self, name: str) -> Mapping[str, Stamp] | None:
        """The stamps, by path, of the files from which ``get_schedule`` answers, as ``Metastore.stamps``."""
        return None

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
        """Create a schedule. Raises ``EngineError`` for one that cannot be, or that holds a rule which this scheduler
        does not keep (see :func:`check_schedule`), and ``ConflictError`` when one of that name exists and ``overwrite``
        is false."""
        raise self.lacks("put_schedule")

    @verb(read_only=False)
    def trigger_schedule(self, name: str) -> Job:
        """Run a schedule now, or let it be run: the job says which. Raises ``NotFoundError``, and ``ConflictError`` for
        one that is not enabled."""
        raise self.lacks("trigger_schedule")

    @verb(read_only=False)
    def delete_schedule(self, name: str) -> Schedule:
        """Delete a schedule and return it as it was. Raises ``NotFoundError``."""
        raise self.lacks("delete_schedule")


def check_enabled(schedule: Schedule) -> None:
    """Raises ``ConflictError`` for a schedule that is to be triggered and is not enabled."""
    if not schedule.enabled:
        raise ConflictError(
            f"Schedule {schedule.name} is not enabled, so it is not run. Write enabled: true, and apply that."
        )


def check_schedule(schedule: Schedule, scheduler: Scheduler | None = None) -> None:
    """Raises ``EngineError`` that names everything about a schedule that no scheduler could keep (its name, its cron
    expression, its time zone, what becomes of times that are missed or overlap), or else all that ``scheduler`` does
    not keep."""
    # Imported here: planning loads engines, and puts nothing.
    from mason.resources import cron
    from mason.resources.address import is_name
    from mason.resources.wording import quoted, suggestion
    from mason.resources.zones import ZoneError, find_zone

    faults = []
    if not is_name(schedule.name):
        faults.append("its name may hold letters, digits, _ and -, and is at most 100 characters long")
    try:
        cron.parse(schedule.schedule)
    except cron.CronError as error:
        faults.append(f"its cron expression {quoted(schedule.schedule)} means nothing: {error}")
    try:
        find_zone(schedule.time_zone)
    except ZoneError as error:
        faults.append(str(error))
    for name, value, known in (("catch_up", schedule.catch_up, CATCH_UP), ("overlap", schedule.overlap, OVERLAP)):
        if value not in known:
            faults.append(f"{name} cannot be {quoted(value)} ({suggestion(value, known, 'it can be')})")
    if not faults and scheduler is not None:
        lacking = unkept(schedule, scheduler.capabilities.keeps, scheduler.client)
        faults = [f"{message} ({remedy})" for message, remedy in lacking]
    if faults:
        raise EngineError(f"Schedule {quoted(schedule.name)[1:-1]} cannot be kept: {'; '.join(faults)}.")
