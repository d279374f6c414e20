"""Who runs the workflow of a schedule, or a step of it: clients keep schedules, and do not know what a workflow is.

There are two kinds of scheduler. One tells when, and has Mason run the workflow that a schedule names
(:meth:`WorkflowRunner.run`). The other does the steps of the DAG that it was given by itself, in its order and by its
rules; what one step is, it has Mason do (:meth:`WorkflowRunner.run_step`, or by the command of the step in another
process, which does the same).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from mason.engines.models import DagStep, Schedule
from mason.values import dataclass, field


@dataclass(frozen=True, slots=True)
class Ran:
    """How a run ended: ``succeeded``, ``failed`` or ``interrupted``, and in words why it did not succeed.

    ``steps`` are how its steps ended, by their ids; those that never began are left out.
    """

    run_id: str
    status: str
    error: str = ""
    steps: Mapping[str, str] = field(default_factory=dict)


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

    def steps_of(self, run_id: str) -> Mapping[str, str]:
        """How the steps of a run that goes on stand by now, by their ids; empty where nobody can tell."""
        ...

    def run_step(
        self, schedule: Schedule, step: DagStep, results: Mapping[str, Mapping[str, Any] | str]
    ) -> Mapping[str, Any]:
        """Do one step of the DAG of ``schedule`` once, as its command does, and return what that prints: the keys
        ``Errors``, ``Warnings``, ``Info`` and ``Data``, empty ones left out. With ``Errors`` it failed.

        ``results`` are what the steps in ``step.results_of`` answered, or the word for how they ended. Its timeout,
        its retries and its trigger rule are the caller's. It raises nothing but what ends the process.
        """
        ...
