"""The workflow of a schedule, run: what scheduler engines are given to trigger with, and what daemons' processes do."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from mason.engines.models import Schedule
from mason.engines.occasion import Occasion
from mason.engines.runner import Ran
from mason.errors import EngineError, MasonError, StateError
from mason.project.opening import Project
from mason.project.runs.history import how_to_go_on
from mason.project.runs.preparing import prepare_workflow
from mason.project.runs.running import execute_run
from mason.resources.workflow import is_workflow
from mason.runtime.prepared_run import PreparedRun, Tell
from mason.secrets import scrub
from mason.sessions import current

if TYPE_CHECKING:
    from mason.runtime.walk import Control


class Runner:
    """Runs workflows of schedules in this process; see :class:`mason.engines.runner.WorkflowRunner`.

    ``tell`` is told the events of runs, ``control`` ends them early, ``parallelism`` is how many steps run at once (0:
    as many as there are cores).
    """

    def __init__(
        self, project: Project, *, tell: Tell | None = None, control: Control | None = None, parallelism: int = 0
    ) -> None:
        self._project = project
        self._tell = tell or (lambda event: None)
        self._control = control
        self._parallelism = parallelism or os.cpu_count() or 1

    def new_run_id(self) -> str:
        """An id for a run that is about to begin."""
        from mason.runtime import records

        return records.new_run_id(datetime.now(timezone.utc))

    def run(self, schedule: Schedule, *, run_id: str, due: str) -> Ran:
        """Run the workflow of ``schedule`` as the state has it now. Where that cannot begin, the history says why."""
        from mason.runtime.walk import Control

        started = datetime.now(timezone.utc)
        occasion = Occasion(schedule.name, due)
        try:
            prepared = prepare_scheduled(self._project, schedule)
        except MasonError as error:
            return self._not_begun(schedule, run_id, started, occasion, error)
        try:
            end = execute_run(
                self._project,
                replace(prepared, new_id=run_id, occasion=occasion),
                parallelism=self._parallelism,
                tell=self._tell,
                control=self._control or current().own(Control),
            )
        except MasonError as error:
            return Ran(run_id, "failed", scrub(str(error)))
        told = [*end.record["errors"], *end.warnings]
        if end.status != "succeeded":
            told.append(how_to_go_on(run_id, end.record))
        return Ran(run_id, end.status, scrub("\n".join(told)))

    def _not_begun(
        self, schedule: Schedule, run_id: str, started: datetime, occasion: Occasion, error: MasonError
    ) -> Ran:
        from mason.runtime import records

        told = scrub(str(error))
        record = records.workflow_record(
            schedule.workflow,
            "failed",
            config_id=schedule.config_id,
            digests={},
            parameters={},
            steps=[],
            serial=0,
            started=started,
            errors=told.splitlines(),
            occasion=occasion.to_dict(),
        )
        try:
            self._project.store.put_run(run_id, record)
        except StateError as unkept:
            told = f"{told}\nThe record of this run could not be kept: {scrub(str(unkept))}"
        return Ran(run_id, "failed", told)


def prepare_scheduled(project: Project, schedule: Schedule) -> PreparedRun:
    """A run of a schedule's workflow, checked and not done. Raises as :func:`prepare_workflow`, and ``EngineError`` for
    a schedule that names no workflow."""
    from mason.resources.workflow_file import given_for_workflow

    names = schedule.workflow.partition(".")[2]
    namespace, _, command = names.partition(".")
    if not is_workflow(schedule.workflow) or not command:
        raise EngineError(
            f"Schedule {schedule.name} names no workflow, so Mason cannot run it. Put it again, with workflow."
        )
    given = given_for_workflow(schedule.parameters)
    return prepare_workflow(project, (namespace, command), given, config_id=schedule.config_id)
