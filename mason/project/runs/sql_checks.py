"""Use case of looking at the SQL of a run before it is confirmed, with the columns of its tables."""

from __future__ import annotations

from functools import partial

from mason.dryrun.planned import PlannedStep, WorkflowPlan
from mason.errors import Diagnostic, ParameterError
from mason.project.opened import Project
from mason.project.runs.clients import Clients
from mason.project.runs.step_clients import StepClients, spoken, starts_engine, unprepared


def check_sql(
    project: Project, plan: WorkflowPlan, clients: Clients | None = None, *, cheaply: bool = False
) -> dict[str, list[tuple[str, str]]]:
    """What there is to tell of the SQL of each step, by the ids of steps: pairs as in ``Call.told``.

    Asks metastores by read-only verbs, and nothing else; ``clients`` are those of a run of one step. ``cheaply``: not
    those that have to be started for an answer. Raises ``ParameterError`` with all that would be answered otherwise.
    """
    told: dict[str, list[tuple[str, str]]] = {}
    faults: list[str] = []
    asked = StepClients(project, clients)
    try:
        for step in unprepared(plan):
            if any(call.told for call in step.shown.calls) and not (cheaply and starts_engine(step)):
                _of_step(step, asked, told, faults)
    finally:
        asked.close()
    if faults:
        raise ParameterError(Diagnostic("", 0, fault) for fault in faults)
    return told


def _of_step(step: PlannedStep, asked: StepClients, told: dict[str, list[tuple[str, str]]], faults: list[str]) -> None:
    # Imported here: most SQL runs as it stands.
    from mason.runtime.known_sentences import known_sentences
    from mason.runtime.output import aside
    from mason.runtime.sql_by_types import by_types, depends_on_types

    if not depends_on_types(step):
        return
    with aside():
        for judged in by_types(list(known_sentences(step, asked.of(step).engine)), partial(spoken, step)):
            told.setdefault(step.id, []).extend(judged.told)
            faults += judged.faults
