"""The workflow of a schedule, run: what scheduler engines are given to trigger with, and what daemons' processes do."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from mason.engines import interrupts
from mason.engines.models import DagStep, Schedule
from mason.engines.occasion import Occasion
from mason.engines.runner import Ran
from mason.errors import EngineError, MasonError, StateError
from mason.project.opened import Project
from mason.project.runs.history import how_to_go_on
from mason.project.runs.preparing import prepare_workflow
from mason.project.runs.running import execute_run
from mason.resources.workflow import is_workflow
from mason.runtime.prepared_run import PreparedRun, Tell
from mason.secrets import scrub, scrub_all
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
        steps = {str(step["step"]): str(step["status"]) for step in end.record["steps"]}
        return Ran(run_id, end.status, scrub("\n".join(told)), steps)

    def steps_of(self, run_id: str) -> Mapping[str, str]:
        """How the steps of a run stand that this machine does."""
        from mason.project.runs.history import show_run

        try:
            steps = show_run(self._project, run_id).get("steps", ())
        except StateError:
            return {}
        return {str(step.get("step")): str(step.get("status")) for step in steps if isinstance(step, Mapping)}

    def run_step(
        self, schedule: Schedule, step: DagStep, results: Mapping[str, Mapping[str, Any] | str]
    ) -> Mapping[str, Any]:
        """Run the operator of a step as its command does: as the state has it now, with a record in the history."""
        from mason.dryrun.handed_results import read_results
        from mason.project.runs.operators import execute, prepare_operator
        from mason.runtime.walk import Control

        around = self._control or current().own(Control)
        if around.finishing:
            return {"Errors": ["The run was ended before this step began."]}
        namespace, _, command = step.operator.partition(":")
        given = {name: value for name, value in step.parameters.items() if value is not None}
        handed = read_results(results) if step.results_of else None
        # Whoever waits for the step with a timeout gives it up, and nothing else.
        control = around if (waiting := interrupts.current()) is None else Control()
        if waiting is not None:
            waiting.add(control.stop)
        try:
            prepared = prepare_operator(
                self._project, (namespace, command), given, config_id=step.config_id, results=handed
            )
            run = replace(prepared.run, occasion=Occasion(schedule.name))
            end = execute(self._project, replace(prepared, run=run), control=control)
        except MasonError as error:
            return {"Errors": scrub(str(error)).splitlines()}
        told: dict[str, Any] = scrub_all(end.answer.to_dict()) if end.answer is not None else {}
        if end.status != "succeeded" and not told.get("Errors"):
            told["Errors"] = [f"Run {end.run_id} was {end.status}."]
        return told

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
