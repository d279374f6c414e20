"""Use case of going on with a run that failed or was interrupted: what its journal tells that is left to do."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mason import secrets
from mason.engines.occasion import Occasion
from mason.errors import ConflictError, Diagnostic, ParameterError, StateError
from mason.project import Project, remember_applied
from mason.project.applied import find
from mason.project.runs import KEPT, begun_by
from mason.project.workflows import PreparedWorkflow, prepare_work
from mason.resources.address import config_address

if TYPE_CHECKING:
    from mason.planner.workflow import PlannedStep, WorkflowPlan
    from mason.resources.workflow_file import WorkflowGiven


def prepare_resumption(
    project: Project, run_id: str, given: WorkflowGiven | None, *, config_id: str = ""
) -> PreparedWorkflow:
    """The rest of a run that failed or was interrupted: what succeeded is kept.

    ``given`` are other parameters for steps that are not done yet (``None``: those that the run had). Raises
    ``StateError`` when this machine has no journal of it, ``ConflictError`` when it goes on or has nothing left to do,
    ``ParameterError`` when ``given`` does not fit, or refers to results that were not kept.
    """
    from mason.resources.parameters import Given
    from mason.resources.workflow_file import given_for_workflow
    from mason.state.journal import is_going_on

    events = _whole_journal(project, run_id)
    same = given is None
    if is_going_on(run_id):
        raise ConflictError(f"Run {run_id} goes on in another process. Wait until it has ended.")
    begun = begun_by(events)
    if given is None:
        if secrets.REDACTED in str(begun["given"]):
            raise StateError(
                f"Run {run_id} had a secret among its parameters, which is kept nowhere. Give its parameters again, "
                "with -f or -p."
            )
        given = given_for_workflow(begun["given"].get("file", {}), Given(begun["given"].get("pairs", {})))
    kind, *names = begun["address"].split(".")
    snapshot = project.store.read()
    remember_applied(project.settings, snapshot)
    (address,) = find(snapshot, kind, names)
    prepared = prepare_work(project, snapshot, address, given, config_id=config_id or begun["config_id"])
    done = _kept(prepared.plan.steps, {each["step"]: each for each in events if each.get("event") == "ended"})
    # Killed before its end was written, a run of a resource has to tell the state.
    untold = "resource" in begun and project.store.get_run(run_id).get("status") == "running"
    if len(done) == len(prepared.plan.steps) and not untold:
        raise ConflictError(f"Run {run_id} succeeded; there is nothing left to do.")
    _refuse_what_was_not_kept(prepared.plan.steps, done, address)
    occasion = Occasion(begun["schedule"], begun.get("due", "")) if begun.get("schedule") else None
    prepared = replace(
        prepared, run_id=run_id, done=done, events=len(events), started_at=events[0]["at"], occasion=occasion
    )
    if "resource" not in begun:
        return prepared
    from mason.planner.outcome import Outcome
    from mason.project.executions import referred_to

    return replace(
        prepared,
        resource=str(begun["resource"]),
        keep=referred_to(str(begun["resource"]), snapshot),
        pending=replace(
            Outcome.of(snapshot.resources.get(str(begun["resource"]))) or Outcome("pending"),
            status="pending",
            run_id=run_id,
            uses=_digests_when_done(prepared.plan, events, done),
        )
        if same
        else None,
        tables={
            (str(each["config_id"]), str(each["client"]), str(each["database"]), str(each["name"])): each
            for each in events
            if each["event"] == "registered"
        },
    )


def _digests_when_done(
    plan: WorkflowPlan, events: Sequence[Mapping[str, Any]], done: Collection[str]
) -> dict[str, str]:
    """The digests of what the steps of a resumed run use: of those that are done, as they were by then."""
    operators = {step.id: (step.address, config_address(step.config.id)) for step in plan.steps}
    uses = dict(plan.digests)
    digests: Mapping[str, str] = {}
    for event in events:
        if event["event"] in ("begun", "resumed"):
            digests = event.get("digests", {})
        elif event["event"] == "ended" and event["step"] in done:
            uses |= {address: digests[address] for address in operators[event["step"]] if address in digests}
    return uses


def _refuse_what_was_not_kept(
    steps: Collection[PlannedStep], done: Mapping[str, Mapping[str, Any]], address: str
) -> None:
    """Raises ``ParameterError`` where other parameters refer to results that the run had no reason to keep."""
    faults = [
        Diagnostic(
            "",
            0,
            f"Step {step.id} needs {reference.text}, but what {reference.step} returned was not kept: nothing referred "
            "to it when it was done",
            f"run the workflow anew: mason run {address.replace('.', ' ')}",
        )
        for step in steps
        if step.id not in done
        for reference in step.references
        if done.get(reference.step, {}).get("status") == "succeeded" and "data" not in done[reference.step]
    ]
    if faults:
        raise ParameterError(faults)


def _whole_journal(project: Project, run_id: str) -> list[dict[str, Any]]:
    """The events of a run to be resumed. Raises ``StateError`` where there are none, or some that are not Mason's."""
    from mason.state.journal import journal_path, read_journal, strange_lines

    events = read_journal(run_id)
    if events is None:
        # Nobody should look on other machines for a run that there is nowhere.
        project.store.get_run(run_id)
        raise StateError(f"This machine has no journal of run {run_id}: resume it where it ran.")
    strange = strange_lines(run_id)
    if strange:
        raise StateError(
            f"{journal_path(run_id)}:{strange[0]}: this is not what Mason wrote. Put it back, or delete the line: then "
            "a step of whose end it told is done again."
        )
    first = events[0] if events else {}
    if first.get("event") != "begun" or not first["address"].startswith(("workflow.", "operator.")):
        raise StateError(f"The journal {journal_path(run_id)} does not tell how the run began. Run the workflow anew.")
    return events


def _kept(steps: Collection[PlannedStep], ended: Mapping[str, Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """How those steps ended that need not be done again: they and all that they came after went well. What came after a
    failure (to clean up, say) depended on it, and is decided anew."""
    kept: dict[str, Mapping[str, Any]] = {}
    for step in steps:
        if ended.get(step.id, {}).get("status") in KEPT and all(name in kept for name in step.dependencies):
            kept[step.id] = ended[step.id]
    return kept
