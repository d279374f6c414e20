"""What became of the times of a schedule, for schedulers whose schedules Mason runs by itself.

A ledger says up to when times were considered, what waits to be run, what runs, and how the last run ended. Whoever
changes one holds it alone meanwhile, so that each time that is due is considered once, however many processes look.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import Any, Protocol, runtime_checkable

from mason.engines.models import Job, Schedule
from mason.values import dataclass


@dataclass(frozen=True, slots=True)
class Waiting:
    """One run that is to be done: for the time ``due``, or (``None``) because somebody triggered the schedule.

    ``job_id`` is the job that tells how it goes.
    """

    job_id: str
    due: datetime | None = None

    def to_dict(self) -> dict[str, str]:
        """The keys ``job_id``, and ``due`` as ISO 8601 text."""
        return {"job_id": self.job_id} | ({"due": iso(self.due)} if self.due else {})


@dataclass(frozen=True, slots=True)
class LastRun:
    """The run that began last: ``running``, ``succeeded``, ``failed`` or ``interrupted``. Times are ISO 8601 text."""

    run_id: str
    status: str
    job_id: str = ""
    due: str = ""
    started: str = ""
    finished: str = ""
    error: str = ""

    def to_dict(self) -> dict[str, str]:
        """Keys as the fields; empty ones left out."""
        return {name: value for name in self.__slots__ if (value := getattr(self, name))}


@dataclass(frozen=True, slots=True)
class Ledger:
    """Times after ``considered`` have not been looked at yet. ``queue`` is in the order in which it is run."""

    considered: datetime
    queue: tuple[Waiting, ...] = ()
    last: LastRun | None = None

    def to_dict(self) -> dict[str, Any]:
        """The keys ``considered``, ``queue`` and ``last``."""
        return {
            "considered": iso(self.considered),
            "queue": [each.to_dict() for each in self.queue],
            "last": self.last.to_dict() if self.last else None,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Ledger:
        """The inverse of :meth:`to_dict`. Raises ``KeyError``, ``TypeError`` or ``ValueError`` for anything else."""
        return cls(
            considered=moment(values["considered"]),
            queue=tuple(
                Waiting(str(each["job_id"]), moment(each["due"]) if "due" in each else None) for each in values["queue"]
            ),
            last=LastRun(**values["last"]) if values["last"] is not None else None,
        )


Change = Callable[[Schedule, Ledger, bool], Ledger]
"""Gives a ledger as it is to be, from a schedule, its ledger, and whether a run of it goes on."""


@runtime_checkable
class SelfRunning(Protocol):
    """What a scheduler engine has beside its verbs when Mason runs its schedules by itself (``mason scheduler start``).

    All methods raise ``EngineError`` where what is kept cannot be read or written.
    """

    @abstractmethod
    def place(self) -> str:
        """Where the schedules are kept: two engines with the same place have the same schedules."""

    @abstractmethod
    def new_job_id(self) -> str:
        """An id for the job of something that is to wait."""

    @abstractmethod
    def schedule_names(self) -> list[str]:
        """The names of all schedules, sorted; none of them is read."""

    @abstractmethod
    def look(self, name: str) -> tuple[Schedule, Ledger]:
        """A schedule and its ledger, without waiting for anybody. Raises ``NotFoundError``."""

    @abstractmethod
    def change_ledger(self, name: str, change: Change) -> Ledger:
        """Change a ledger alone, and return it; the jobs of what was put into its queue are kept.

        What ``change`` gets is true until it returns. A run that died is told as interrupted before. Raises
        ``NotFoundError``.
        """

    @abstractmethod
    def run_waiting(self, name: str, job_id: str) -> Job | None:
        """Run what waits under ``job_id`` now, and return the job as it ended.

        ``None`` when it does not wait (any more), or a run of the schedule goes on. Raises ``NotFoundError``.
        """


def iso(when: datetime) -> str:
    """A time as ISO 8601 text in UTC, to the second, and to the microsecond where there are any."""
    return when.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")


def moment(text: str) -> datetime:
    """The inverse of :func:`iso`. Raises ``ValueError``."""
    found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    if found.tzinfo is None:
        raise ValueError(f"{text} has no time zone")
    return found
