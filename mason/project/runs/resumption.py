"""Use case of going on with a run that failed or was interrupted: what its journal tells that is left to do."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mason import secrets
from mason.engines.occasion import Occasion
from mason.errors import ConflictError, Diagnostic, ParameterError, StalePlanError, StateError
from mason.project.applied import find
from mason.project.given_variables import fill_workflow
from mason.project.opened import Project
from mason.project.remembering import remember_applied
from mason.project.runs.history import KEPT, begun_by, how_to_go_on, that_cleaned_up, what_runs_anew
from mason.project.runs.preparing import prepare_work
from mason.resources.address import config_address
from mason.resources.executed import ONLY_STEP
from mason.resources.output_checks import Check
from mason.resources.wording import shortened
from mason.runtime.prepared_run import COMPARED, PreparedRun, RunEnd, Tell, Watch
from mason.state.snapshot import Snapshot

if TYPE_CHECKING:
    from mason.dryrun.expansion import FlatStep
    from mason.dryrun.planned import PlannedStep, WorkflowPlan
    from mason.resources.workflow_file import WorkflowGiven
    from mason.runtime.workers import Control


def prepare_resumption(
    project: Project,
    run_id: str,
    pairs: Sequence[str] = (),
    file: Path | None = None,
    *,
    config_id: str = "",
    submit_again: bool = False,
) -> PreparedRun:
    """The rest of a run that failed or was interrupted: what succeeded is kept.

    ``pairs`` (``-p``) and ``file`` (``-f``) give parameters for steps that are not done yet, over those that the run
    had. ``submit_again`` lets work be submitted again of which nobody knows whether it was done.

    Raises ``StateError`` when this machine has no journal of it, or a secret must be given again, ``ConflictError``
    when it goes on, has nothing left to do or was half of a comparison, ``ParameterError`` when what is given does not
    fit, or refers to results that were not kept.
    """
    from mason.state.journal import is_going_on

    events = _whole_journal(project, run_id)
    if is_going_on(run_id):
        raise ConflictError(f"Run {run_id} goes on in another process. Wait until it has ended.")
    begun = begun_by(events)
    kind, *names = begun["address"].split(".")
    if begun["given"].get(COMPARED):
        raise ConflictError(
            f"Run {run_id} was one side of a comparison, and what it wrote is of no use alone. Compare again: mason "
            f"compare operator {' '.join(names)}"
        )
    given = fill_workflow(project, _given(begun["address"], pairs, file)) if file is not None or pairs else None
    had = _had(events)
    snapshot = project.store.read()
    remember_applied(project.settings, snapshot)
    (address,) = find(snapshot, kind, names)
    record = project.store.get_run(run_id)
    resuming = _Resuming(run_id, events, record)
    prepared = prepare_work(
        project,
        snapshot,
        address,
        _over(given, had) if given is not None else _nothing_over(had),
        config_id=config_id or begun["config_id"],
        kept=resuming.kept,
    )
    done = resuming.done
    # Killed before its end was written, a run of a resource has to tell the state.
    untold = "resource" in begun and record.get("status") == "running"
    if all(step.id in done for step in prepared.plan.steps) and not untold:
        raise ConflictError(f"Run {run_id} succeeded; there is nothing left to do.")
    _refuse_what_was_not_kept(prepared.plan.steps, done, address)
    uses = _digests_when_done(prepared.plan, events, done)
    used_in_all = _used(prepared.plan, uses)
    plan, done = _with_digests(prepared.plan, done, uses)
    if cleaned_up := that_cleaned_up(events):
        undone = f"{shortened(dict.fromkeys(cleaned_up))} may have undone what is kept, after a failure"
        plan = replace(plan, warnings=(*plan.warnings, f"{undone}. If so, run it anew: {what_runs_anew(begun)}"))
    occasion = Occasion(begun["schedule"], begun.get("due", "")) if begun.get("schedule") else None
    prepared = replace(
        prepared,
        plan=plan,
        run_id=run_id,
        done=done,
        events=len(events),
        started_at=events[0]["at"],
        submit_again=submit_again,
        occasion=occasion,
    )
    if "resource" not in begun:
        return prepared
    from mason.project.runs.performing import referred_to
    from mason.state.outcome import Outcome

    return replace(
        prepared,
        resource=str(begun["resource"]),
        keep=referred_to(str(begun["resource"]), snapshot),
        pending=replace(
            Outcome.of(snapshot.resources.get(str(begun["resource"]))) or Outcome("pending"),
            status="pending",
            run_id=run_id,
            uses=used_in_all,
        )
        if _is_as_defined(project, snapshot, prepared.plan, events)
        else None,
        tables={
            (str(each["config_id"]), str(each["client"]), str(each["database"]), str(each["name"])): each
            for each in events
            if each["event"] == "registered"
        },
    )


def resume(
    project: Project,
    prepared: PreparedRun,
    *,
    again: Callable[[], PreparedRun],
    lock_timeout: float,
    parallelism: int,
    tell: Tell,
    control: Control,
    watch: Watch | None = None,
    calling: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> RunEnd:
    """Do the rest of a run that was confirmed.

    That of a run resource is done under the lock of the state, as ``mason apply`` does it, and the state is told how it
    ended. ``again`` prepares it once more, where the state has moved since; ``lock_timeout`` is in seconds. For the
    others see :func:`mason.project.runs.running.execute_run`, which also says what is raised; and besides
    ``StateLockedError`` while somebody else holds the lock, and ``StalePlanError`` when the state has moved so that
    something else would be done than what was confirmed.
    """
    from mason.project.runs.running import execute_run

    def execute(run: PreparedRun) -> RunEnd:
        return execute_run(
            project, run, parallelism=parallelism, tell=tell, control=control, watch=watch, calling=calling
        )

    if not prepared.resource:
        return execute(prepared)
    from mason.project.runs.performing import settle
    from mason.state.lock import working_under

    with project.store.lock("resume", timeout=lock_timeout) as held, working_under(held):
        if project.store.read().serial != prepared.serial:
            shown, prepared = prepared, again()
            if prepared.plan != shown.plan:
                raise StalePlanError(
                    f"The state has moved, and run {prepared.run_id} would do something else now than what was shown, "
                    f"so nothing was done. Resume it again: mason runs resume {prepared.run_id}"
                )
        end = execute(prepared)
        # What ended the run itself keeps its journal, or its record, from being right about it.
        warning = settle(project, prepared, end) if end.failure is None else ""
    return replace(end, warnings=(*end.warnings, warning)) if warning else end


class _Resuming:
    """What is done of a run. To be asked once its steps are known; see ``mason.dryrun.kept.Kept``."""

    def __init__(self, run_id: str, events: Sequence[Mapping[str, Any]], record: Mapping[str, Any]) -> None:
        self._run_id = run_id
        self._begun = events[0]
        self._ended = {each["step"]: each for each in events if each.get("event") == "ended"}
        parameters = record.get("parameters")
        self._ran = parameters if isinstance(parameters, dict) else {}
        self.done: dict[str, Mapping[str, Any]] = {}

    def kept(self, steps: Sequence[FlatStep]) -> Mapping[str, Mapping[str, Any]]:
        """With which parameters those ran that are done; ``done`` holds how they ended.

        Raises ``StateError`` where one that is not done needs a secret again.
        """
        self.done = _kept(steps, self._ended)
        self._refuse_what_was_no_reference(steps)
        lacking = [
            f"{step.id}.{name}"
            for step in steps
            if step.id not in self.done
            for name, value in step.entry.under.items()
            if secrets.REDACTED in str(value) and step.entry.values[name] is value
        ]
        if lacking:
            raise StateError(
                f"Run {self._run_id} had a secret among its parameters, which is kept nowhere. Give it again, with -f "
                f"or -p: {', '.join(lacking)}."
            )
        return {step: self._ran[step] for step in self.done if isinstance(self._ran.get(step), dict)}

    def _refuse_what_was_no_reference(self, steps: Sequence[FlatStep]) -> None:
        """Raises ``StateError`` where a run of an operator alone had text that refers to something in other runs."""
        address = self._begun["address"]
        if not address.startswith("operator.") or "resource" in self._begun:
            return
        from mason.dryrun.references import find

        for value in (value for step in steps for value in step.entry.under.values()):
            if referring := find(value, lambda text, parts: text).faults:
                raise StateError(
                    f"Run {self._run_id} was given {referring[0]} as text, which would be a reference now. "
                    f"Run the operator anew: mason run {address.replace('.', ' ')}"
                )


def _given(address: str, pairs: Sequence[str], file: Path | None) -> WorkflowGiven:
    """What is given for the rest of a run: by step, but for that of an operator, which has one step only."""
    from mason.resources.parameters import parse_pairs
    from mason.resources.workflow_file import given_for_workflow, read_workflow_file

    read = parse_pairs(pairs)
    if not address.startswith("operator."):
        return read_workflow_file(file, read)
    if file is not None:
        from mason.resources.parameter_file import read_parameter_file

        read = read.over(read_parameter_file(file))

    def of_step(name: str) -> str:
        return f"{ONLY_STEP}.{name.removeprefix(f'{ONLY_STEP}.')}"

    values = {of_step(name): value for name, value in read.values.items()}
    read = replace(read, values=values, unread=frozenset(map(of_step, read.unread)))
    return replace(given_for_workflow({}, read), complete=read.complete)


def _had(events: Sequence[Mapping[str, Any]]) -> WorkflowGiven:
    """What a run had: what it began with, and over it what was given each time that it was resumed."""
    had: WorkflowGiven | None = None
    for event in events:
        if event["event"] not in ("begun", "resumed"):
            continue
        given = _written(event["given"])
        if had is None or given.steps or given.pairs.values:
            had = _over(given, had) if had is not None else given
    assert had is not None, "a whole journal tells how the run began"
    return had


def _written(given: Mapping[str, Any]) -> WorkflowGiven:
    """What a journal tells of what was given."""
    from mason.resources.parameters import Given
    from mason.resources.workflow_file import given_for_workflow

    checks = {step: tuple(map(Check.from_dict, each)) for step, each in given.get("checks", {}).items()}
    return replace(given_for_workflow(given.get("file", {}), Given(given.get("pairs", {}))), checks=checks)


def _over(given: WorkflowGiven, had: WorkflowGiven) -> WorkflowGiven:
    # Whatever else is given, what is written has to fulfil the same checks.
    return replace(given, under=had, strict=given.strict and had.strict, checks=had.checks)


def _nothing_over(had: WorkflowGiven) -> WorkflowGiven:
    from mason.resources.workflow_file import given_for_workflow

    return replace(given_for_workflow({}), under=had, strict=had.strict, checks=had.checks)


def _is_as_defined(
    project: Project, snapshot: Snapshot, plan: WorkflowPlan, events: Sequence[Mapping[str, Any]]
) -> bool:
    """Whether a resumed run of a resource does, or did, all its steps with the parameters that its definition has."""
    begun = events[0]
    if plan.config_id != begun["config_id"]:
        return False
    try:
        defined = prepare_work(
            project, snapshot, plan.address, _written(begun["given"]), config_id=begun["config_id"]
        ).plan
    except ParameterError:
        return False
    return _parameters_of(defined) == _parameters_of(plan)


def _parameters_of(plan: WorkflowPlan) -> dict[str, Any]:
    # What was kept of steps that are done has no secrets.
    return {step.id: (step.config.id, secrets.scrub_all(dict(step.parameters))) for step in plan.steps}


def _used(plan: WorkflowPlan, when_done: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """What the whole run used, as an outcome keeps it: behaviours, and the digest of what a step used that was changed
    since, so that the run is done again."""
    changed = {
        address: digest
        for used in when_done.values()
        for address, digest in used.items()
        if digest != plan.digests.get(address)
    }
    return {**plan.behaviours, **changed}


def _digests_when_done(
    plan: WorkflowPlan, events: Sequence[Mapping[str, Any]], done: Collection[str]
) -> dict[str, dict[str, str]]:
    """Of each step that is done, in the order in which they ended, the digests of what it used, as they were then."""
    used = {step.id: (step.address, config_address(step.config.id)) for step in plan.steps}
    found: dict[str, dict[str, str]] = {}
    digests: Mapping[str, str] = {}
    for event in events:
        if event["event"] in ("begun", "resumed"):
            digests = event.get("digests", {})
        elif event["event"] == "ended" and event["step"] in done:
            found.pop(event["step"], None)
            found[event["step"]] = {each: digests[each] for each in used[event["step"]] if each in digests}
    return found


def _with_digests(
    plan: WorkflowPlan, done: Mapping[str, Mapping[str, Any]], when_done: Mapping[str, Mapping[str, str]]
) -> tuple[WorkflowPlan, dict[str, Mapping[str, Any]]]:
    """The plan, with the digests of what only steps use that are done as they were by then; and how these ended.

    A step that used what was changed since, and what others used or will use since, has ``digests`` of its own.
    """
    left = {
        each for step in plan.steps if step.id not in done for each in (step.address, config_address(step.config.id))
    }
    digests = dict(plan.digests)
    for used in when_done.values():
        digests |= {address: digest for address, digest in used.items() if address not in left}
    ended = {}
    for step, event in done.items():
        others = {each: was for each, was in when_done.get(step, {}).items() if was != digests.get(each)}
        ended[step] = {**event, "digests": others} if others else event
    return replace(plan, digests=digests), ended


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
        record = project.store.get_run(run_id)
        if record.get("scheduler"):
            raise StateError(f"{record['scheduler']} does the steps of run {run_id}. {how_to_go_on(run_id, record)}")
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


def _kept(steps: Collection[FlatStep], ended: Mapping[str, Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """How those steps ended that need not be done again: they and all that they came after went well. What came after a
    failure (to clean up, say) depended on it, and is decided anew."""
    kept: dict[str, Mapping[str, Any]] = {}
    for step in steps:
        if ended.get(step.id, {}).get("status") in KEPT and all(name in kept for name in step.dependencies):
            kept[step.id] = ended[step.id]
    return kept
