"""Use case of looking at the queries of a run before it is confirmed: what they will write, and what will fail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

from mason.dryrun.calls import Outlook
from mason.dryrun.changed_columns import Changed, Columns, changes
from mason.project.opened import Project
from mason.project.runs.clients import Clients
from mason.project.runs.step_clients import StepClients, spoken, starts_engine, unprepared

if TYPE_CHECKING:
    from mason.dryrun.planned import PlannedStep, WorkflowPlan
    from mason.project.runs.performing import Inputs
    from mason.resources.config import Config
    from mason.resources.run import Run


class LookingAhead:
    """Asks by read-only verbs. Opens a client once for each config that needs it; to be closed in the end.

    ``clients`` are those of a run of one step, where they are connected already: these are not closed.
    """

    def __init__(self, project: Project, clients: Clients | None = None) -> None:
        self._project = project
        self._clients = StepClients(project, clients)
        self._inputs: Inputs | None = None

    def __call__(self, plan: WorkflowPlan) -> Outlook:
        """What there is to say of a run of which nothing is known of its last success."""
        return self._look(plan, {}, {})

    def since(
        self, plan: WorkflowPlan, config: Config, run: Run | None, paths: Sequence[str], before: Mapping[str, Columns]
    ) -> Outlook:
        """The same of the run of a resource, whose inputs at ``paths`` changed since their columns were those of
        ``before`` (of a schedule, without a run, nothing is known before); and of its SQL on engines of another
        dialect, by the types of columns. For a plan: a metastore that has to be started for an answer is not asked."""
        known = [path for path in paths if path in before] if run is not None else []
        now = self._columns(config, run, known) if run is not None and known else {}
        return self._look(plan, before, now, cheaply=True)

    def _columns(self, config: Config, run: Run, paths: Sequence[str]) -> Mapping[str, Columns]:
        if self._inputs is None:
            from mason.project.runs.performing import Inputs

            self._inputs = Inputs(self._project)
        return self._inputs.columns(config, run, paths)

    def _look(
        self,
        plan: WorkflowPlan,
        before: Mapping[str, Columns],
        now: Mapping[str, Columns],
        *,
        cheaply: bool = False,
    ) -> Outlook:
        changed = changes(before, now)
        found = Outlook(tuple(f"columns of {each.path} changed since the last success: {each}" for each in changed))
        for step in unprepared(plan):
            if step.shown.has_python or (cheaply and starts_engine(step)):
                continue
            if any(call.engine == "execution" for call in step.shown.calls):
                found += self._of_step(step, changed, alone=len(plan.steps) == 1, judge=cheaply)
        return found

    def _of_step(self, step: PlannedStep, changed: Sequence[Changed], *, alone: bool, judge: bool) -> Outlook:
        """What there is to say of one step; ``judge``: also of its SQL on an engine of another dialect."""
        # Imported here: of most runs no query is looked at.
        from mason.runtime.ahead import readings
        from mason.runtime.known_sentences import known_sentences
        from mason.runtime.outlook import of_sql, outlook
        from mason.runtime.output import aside
        from mason.runtime.sql_by_types import by_types, depends_on_types

        with aside():
            known = list(known_sentences(step, self._clients.of(step).engine))
            found = outlook(step, list(readings(step, known)), changed, alone=alone)
            if judge and depends_on_types(step):
                found += of_sql(step, list(by_types(known, partial(spoken, step))), alone=alone)
        return found

    def close(self) -> None:
        """Close the clients."""
        self._clients.close()
        if self._inputs is not None:
            self._inputs.close()


def outlook_of(project: Project, plan: WorkflowPlan, clients: Clients | None = None) -> Outlook:
    """What there is to say of one run. Raises ``ParameterError`` for checks that mean nothing for what it writes."""
    from mason.errors import Diagnostic, ParameterError

    with closing(LookingAhead(project, clients)) as look:
        found = look(plan)
    if found.faults:
        raise ParameterError(Diagnostic("", 0, f"Step {step}: {fault}") for step, _, fault in found.faults)
    return found
