"""Who runs the workflow of a schedule: clients keep schedules, but what a workflow is they do not know."""

from __future__ import annotations

from typing import Protocol

from mason.engines.models import Schedule
from mason.values import dataclass


@dataclass(frozen=True, slots=True)
class Ran:
    """How a run ended: ``succeeded``, ``failed`` or ``interrupted``, and in words why it did not succeed."""

    run_id: str
    status: str
    error: str = ""


class WorkflowRunner(Protocol):
    """Runs workflows and returns when they have ended."""

    def new_run_id(self) -> str:
        """An id for a run that is about to begin: whoever keeps it can tell which run was killed."""
        ...

    def run(self, schedule: Schedule, *, run_id: str, due: str) -> Ran:
        """Run the workflow of ``schedule`` now, and keep its record in the history under ``run_id``.

        ``due`` is the time (ISO 8601, UTC) for which it is run, empty where somebody triggered it. What a person or a
        service did wrong is among what it returns; it raises nothing but what ends the process.
        """
        ...
