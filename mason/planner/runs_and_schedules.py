"""Which runs have to be done and which schedules put, why, and what that would call. Pure, but for what is handed in.

A run is done again when its definition, its config, what it executes or the data under its inputs changed since it last
succeeded; a schedule is put again when its definition or what it executes changed. Of what both use, only what it does
counts (see ``mason.resources.behaviour``): an edited description does no run again. Both are planned against what the
state will hold once the definitions of the same plan are saved.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from mason.dryrun.calls import Call, Estimate, Outlook, ShownStep
from mason.dryrun.planned import WorkflowPlan
from mason.dryrun.prepare import prepare
from mason.dryrun.run_results import Lookup, referred_steps, returned_otherwise
from mason.engines import models
from mason.errors import Diagnostic, MasonError, ParameterError, ResourceError
from mason.planner.plan import ActionKind, Change
from mason.planner.scheduled_dag import choose_scheduler, schedule_model
from mason.resources.address import config_address, run_address, title_of
from mason.resources.behaviour import behaviour_of, is_behaviour
from mason.resources.config import Config
from mason.resources.executed import ONLY_STEP, result_references, runs_before
from mason.resources.faults import Path
from mason.resources.resource import Resource
from mason.resources.run import RUN, Run
from mason.resources.schedule import Schedule
from mason.resources.workflow import Workflow, is_workflow
from mason.resources.workflow_file import CHECKS, WorkflowGiven, given_for_workflow
from mason.state.outcome import Outcome
from mason.state.snapshot import Entry
from mason.values import dataclass

if TYPE_CHECKING:
    from mason.dryrun.check import ClientCatalog
    from mason.resources.output_checks import Check
    from mason.state.store import LockInfo

Place = Callable[[Resource, Path], int]
"""The line of a nested value: from a resource and a path into its definition."""

Observe = Callable[[Config, Run], Mapping[str, str]]
"""The fingerprints of a run's inputs, by the paths as they are written. Calls read-only verbs, and raises what they
raise."""

Estimating = Callable[["WorkflowPlan"], tuple[Estimate, ...]]
"""What a run would cost, as far as services tell. Calls read-only verbs; what these raise is in the estimates."""

Looking = Callable[["WorkflowPlan", Config, "Run | None", Sequence[str], Mapping[str, Mapping[str, str]]], Outlook]
"""What there is to say of the queries of a run, of which the inputs at some paths changed since their columns were
known; of those of a schedule without a run. Calls read-only verbs; what these raise is left to the run."""

Applying = Callable[[], "LockInfo | None"]
"""Who holds the state's lock for an apply at this moment; nothing where nobody does."""

_WORK = {
    "operator": "what it executes",
    "workflow": "what it executes",
    "config_id": "its config",
    "parameters": "its parameters",
    "checks": "its checks",
    "inputs": "its list of inputs",
    "compare": "how its inputs are compared",
}
"""The keys of a run that make it another one; all others (its description, what it waits for) can change freely."""

_NOT_GIVEN = ("description", "protect")
"""The keys of a schedule that its scheduler is not given."""

_ASKED = "--replace asks for it"


@dataclass(frozen=True, slots=True)
class Due:
    """What has to be done for a run or a schedule, and why; as the fields of ``mason.planner.plan.Action`` say.

    ``kind`` is ``overwrite`` for a run whose definition is saved and nothing else.
    """

    kind: ActionKind
    reason: str
    calls: tuple[Call, ...] = ()
    steps: tuple[ShownStep, ...] = ()
    is_conditional: bool = False
    warnings: tuple[str, ...] = ()
    estimates: tuple[Estimate, ...] = ()
    notes: tuple[str, ...] = ()


class Executions:
    """Decides on the runs and schedules of one plan.

    ``lookup`` gives what the state will hold, ``read_source`` the content of modules, ``catalog`` knows the clients,
    ``place`` finds lines for faults. ``observe`` is asked for the fingerprints of inputs. ``edited`` are the addresses
    of what was edited in the state and will stay so: nothing is executed with that. ``held`` gives what the state holds
    now of what will be at an address. ``moves`` leads from old addresses to those that they will be. ``applying`` tells
    who is applying now, and is asked where a run is under way, or was left so. ``estimate`` is asked what runs cost,
    and ``look`` what there is to say of their queries.
    ``again`` are the addresses of those that are done in any case.
    """

    def __init__(
        self,
        lookup: Lookup,
        *,
        read_source: Callable[[str], bytes],
        catalog: ClientCatalog,
        place: Place,
        observe: Observe,
        edited: Collection[str] = (),
        held: Lookup = lambda address: None,
        moves: Mapping[str, str] = MappingProxyType({}),
        applying: Applying = lambda: None,
        estimate: Estimating = lambda plan: (),
        again: Collection[str] = (),
        look: Looking | None = None,
    ) -> None:
        self._again = again
        self._look = look
        self._estimate = estimate
        self._lookup = lookup
        self._edited = edited
        self._held = held
        self._moves = moves
        self._applying = applying
        self._read_source = read_source
        self._catalog = catalog
        self._place = place
        self._observe = observe
        self._behaviours: dict[str, str] = {}

    def run(
        self,
        resource: Resource,
        entry: Entry | None,
        changes: Sequence[Change],
        *,
        edited: bool,
        before: Sequence[str],
        lacking: str = "",
        drift: str = "",
    ) -> Due | None:
        """What there is to do for a run whose applied entry differs by ``changes``; nothing if it is as it should be.

        ``before`` are the addresses of the runs that it waits for and that are done in this plan, ``lacking`` a reason
        why its results are needed again, ``drift`` what became of its tables since. Raises ``ResourceError`` with all
        that is wrong with it.
        """
        run = Run.from_definition(resource.definition)
        seen = self._seen(resource, run) if run.inputs else {}
        reasons = list(self._reasons(run, entry, changes, edited=edited, before=before, seen=seen))
        reasons += [reason for reason in (drift, lacking) if reason]
        if resource.address in self._again and entry is not None:
            reasons.append(_ASKED)
        is_conditional = not reasons and bool(before) and bool(run.inputs or _refers(run, before))
        if is_conditional:
            reasons.append(f"{', '.join(before)} before it may change what it is given")
        if not reasons:
            changed = entry is None or entry.digest != resource.digest
            return Due("overwrite", "its definition changed, but nothing that it does") if changed else None
        plan = self._plan_of(resource, run, before)
        steps = tuple(step.told for step in plan.steps)
        # What is done before it may change all that it reads.
        ahead = self._outlook(resource, run, plan, Outcome.of(entry), seen) if not before else Outlook()
        warnings = (*plan.warnings, *_missing_inputs(seen, before), *ahead.warnings)
        return Due(
            "run",
            "; ".join(reasons),
            steps=steps,
            is_conditional=is_conditional,
            warnings=warnings,
            estimates=self._estimate(plan),
            notes=ahead.notes,
        )

    def _outlook(
        self, resource: Resource, run: Run, plan: WorkflowPlan, outcome: Outcome | None, seen: Mapping[str, str]
    ) -> Outlook:
        """What there is to say of a run's queries. Raises ``ResourceError`` for checks that mean nothing for them, and
        for queries that are not known to answer the same where they would run."""
        config = self._lookup(config_address(run.config_id))
        if self._look is None or config is None:
            return Outlook()
        kept = outcome.columns if outcome is not None else {}
        is_last = outcome is not None and outcome.status == "succeeded"
        # Of an attempt that failed the fingerprints are kept, and of the last success the columns.
        paths = changed_paths(seen, outcome) if is_last and outcome is not None else list(run.inputs)
        found = self._look(plan, Config.from_definition(config.definition), run, paths, kept)
        if found.faults:
            raise ResourceError(self._of_queries(resource, run, *fault) for fault in found.faults)
        return found

    def _refuse_queries(self, resource: Resource, schedule: Schedule, plan: WorkflowPlan) -> None:
        """Raises ``ResourceError`` as :meth:`_outlook` does. What a schedule's queries will write is not said: that may
        be another thing when they are due."""
        config = self._lookup(config_address(schedule.config_id))
        if self._look is not None and config is not None:
            found = self._look(plan, Config.from_definition(config.definition), None, (), {})
            if found.faults:
                raise ResourceError(self._of_queries(resource, schedule, *fault) for fault in found.faults)

    def _of_queries(
        self, resource: Resource, execution: Run | Schedule, step: str, name: str, fault: str
    ) -> Diagnostic:
        """A fault of a query or of its check, at the line of that check where it is one of the run."""
        names = [check.name for check in _checks_of(execution).get(step, ())]
        path: Path = ("parameters",)
        if name in names:
            path = ("checks", *(() if _is_of_operator(resource) else (step,)), names.index(name))
        message = fault if _is_of_operator(resource) else f"Step {step}: {fault}"
        return Diagnostic(resource.file, self._place(resource, path), f"{title_of(resource.address)}: {message}")

    def schedule(
        self,
        resource: Resource,
        entry: Entry | None,
        changes: Sequence[Change],
        *,
        edited: bool,
        before: Sequence[str],
        drift: str = "",
    ) -> Due | None:
        """What there is to do for a schedule; nothing if the scheduler has it as it should be. As for runs."""
        outcome = Outcome.of(entry)
        if entry is None:
            reason = "not in the state"
        elif edited:
            reason = "it was edited in the state"
        elif any(change.path.partition(".")[0] not in _NOT_GIVEN for change in changes):
            reason = "its definition changed"
        elif outcome is not None and outcome.status == "failed":
            reason = "the scheduler did not take it last time"
        elif outcome is None or outcome.status != "succeeded" or not outcome.client:
            reason = "nobody knows whether the scheduler has it"
        else:
            kept = Schedule.from_definition(resource.definition)
            lost = self._unsupported(kept, outcome.client)
            reason = ", ".join([*self._changed_uses(kept.work, outcome), *(each for each in (lost, drift) if each)])
            if not reason and resource.address in self._again:
                reason = _ASKED
        if not reason and changes:
            return Due("overwrite", "its definition changed, but nothing that its scheduler is given")
        if not reason:
            return None
        schedule = Schedule.from_definition(resource.definition)
        plan = self._plan_of(resource, schedule, before)
        if not before:
            self._refuse_queries(resource, schedule, plan)
        model = schedule_model(schedule, plan)
        client = self._scheduler(resource, schedule, model)
        taken: tuple[Call, ...] = ()
        if entry is not None and outcome is not None and not edited and _is_elsewhere(entry, outcome, schedule, client):
            taken = schedule_deletion(entry)
        # Where this one was never put, a schedule of that name belongs to another owner.
        overwrite = entry is not None and not taken and (outcome is None or bool(outcome.client))
        arguments = {"schedule": model.to_dict(), "overwrite": overwrite}
        calls = (*taken, Call(client, "scheduler", "put_schedule", arguments, read_only=False))
        steps = tuple(step.told for step in plan.steps)
        left = self._left_behind(schedule, client) if overwrite and not edited else ()
        warnings = (*plan.warnings, *_over(schedule), *left)
        return Due("overwrite" if entry else "create", reason, calls=calls, steps=steps, warnings=warnings)

    def _left_behind(self, schedule: Schedule, client: str) -> Iterator[str]:
        """Whether the config of a schedule may lead to another scheduler now, which only a person can tell."""
        address = config_address(schedule.config_id)
        held, coming = self._held(address), self._lookup(address)
        if held is None or coming is None or not held.is_as_applied:
            return
        configs = (Config.from_definition(entry.definition) for entry in (held, coming))
        before, now = ({"type": each.type_of(client), **each.clients.get(client, {})} for each in configs)
        names = [name for name in sorted({*before, *now}) if before.get(name) != now.get(name)]
        if names:
            yield (
                f"{address} has another {' and '.join(names)} for {client}. Where that leads to another scheduler, "
                "delete the schedule first, so that it does not stay in the old one: "
                f"mason destroy schedule.{schedule.name}"
            )

    def _plan_of(self, resource: Resource, execution: Run | Schedule, before: Collection[str]) -> WorkflowPlan:
        """The dry run of what a run or schedule executes. Raises ``ResourceError`` with the lines of all faults."""
        try:
            return prepare(
                execution.work,
                given_of(execution.work, execution.parameters, resource, self._place, _checks_of(execution)),
                lookup=self._unedited,
                read_source=self._read_source,
                catalog=self._catalog,
                config_id=execution.config_id,
                redone=before,
            )
        except ResourceError as error:
            raise ResourceError(self._standing(fault, resource) for fault in error.diagnostics) from error

    def _unedited(self, address: str) -> Entry | None:
        """The entry of what is executed, or executed with. Raises ``ResourceError`` when it was edited in the state."""
        if address in self._edited:
            message = f"{address} was edited in the state: it is not what was applied"
            raise ResourceError([Diagnostic("", 0, message, "plan the files that define it, too")])
        return self._lookup(address)

    def _standing(self, fault: Diagnostic, resource: Resource) -> Diagnostic:
        """A fault with the file and the line of the run or schedule, where it has none of its own."""
        message = fault.message.removeprefix(f"Step {ONLY_STEP}: ") if _is_of_operator(resource) else fault.message
        title = title_of(resource.address)
        if fault.file:
            return replace(fault, message=f"{title}: {message}")
        # What no step is at fault for is about the work and the config together.
        line = self._place(resource, ("parameters",) if fault.message.startswith("Step ") else ("config_id",))
        return Diagnostic(resource.file, line, f"{title}: {message}", fault.remedy)

    def _reasons(
        self,
        run: Run,
        entry: Entry | None,
        changes: Sequence[Change],
        *,
        edited: bool,
        before: Sequence[str],
        seen: Mapping[str, str],
    ) -> Iterator[str]:
        outcome = Outcome.of(entry)
        if outcome is None:
            yield "it was never done"
            return
        if edited:
            yield "it was edited in the state"
        if outcome.status in ("failed", "interrupted"):
            how = "failed" if outcome.status == "failed" else "was interrupted"
            yield f"it {how} last time, as run {outcome.run_id}" if outcome.run_id else f"it {how} last time"
        elif outcome.status == "pending":
            yield self._pending(outcome)
        else:
            changed = {change.path.partition(".")[0].partition("[")[0] for change in changes}
            yield from (
                f"{what} changed" for what in dict.fromkeys(what for key, what in _WORK.items() if key in changed)
            )
            yield from self._changed_uses(run.work, outcome)
            returned = dict.fromkeys(returned_otherwise(run.parameters, outcome, self._lookup))
            # What comes before it in this plan may return what it did once more.
            yield from (f"what {address} returned changed" for address in returned if address not in before)
            yield from changed_inputs(seen, outcome)

    def _pending(self, outcome: Outcome) -> str:
        """What there is to say of a run that nobody told the end of."""
        holder = self._applying()
        # An outcome from before the lock was taken is that of an earlier apply.
        if holder is not None and outcome.at >= holder.created:
            return f"it is being done, as run {outcome.run_id}, by {holder.who}"
        return f"nobody knows how it ended last time, as run {outcome.run_id}"

    def _changed_uses(self, work: str, outcome: Outcome) -> Iterator[str]:
        if work not in outcome.uses:
            yield "nobody knows what it used last time"
        for address, digest in outcome.uses.items():
            used = self._lookup(address)
            if used is None and address in self._moves:
                yield f"{address} is {self._moves[address]} now"
            elif used is None or not self._does_the_same(address, used, digest):
                yield f"{address} changed"

    def _does_the_same(self, address: str, used: Entry, digest: str) -> bool:
        """Whether ``used`` does what that did which had ``digest`` when it was used."""
        # The digest of a whole definition was kept by earlier versions.
        if address in self._edited or digest == used.digest:
            return True
        if address not in self._behaviours:
            self._behaviours[address] = behaviour_of(used.definition, used.module)
        if is_behaviour(digest):
            return digest == self._behaviours[address]
        held = self._held(address)
        return (
            held is not None
            and digest == held.digest
            and held.is_as_applied
            and behaviour_of(held.definition, held.module) == self._behaviours[address]
        )

    def _unsupported(self, schedule: Schedule, client: str) -> str:
        """What is wrong with the scheduler ``client`` by what a workflow says now; empty where it still supports it."""
        entry, config = self._lookup(schedule.work), self._lookup(config_address(schedule.config_id))
        supported = Workflow.from_definition(entry.definition).supported_schedulers if entry is not None else ()
        type_ = Config.from_definition(config.definition).type_of(client) if config is not None else client
        return f"{schedule.work} does not support {client} any more" if supported and type_ not in supported else ""

    def _seen(self, resource: Resource, run: Run) -> Mapping[str, str]:
        """The fingerprints of the inputs of a run. Raises ``ResourceError`` where they cannot be looked at."""
        config = self._lookup(config_address(run.config_id))
        if config is None:
            return {}
        try:
            return self._observe(Config.from_definition(config.definition), run)
        except MasonError as error:
            line = self._place(resource, ("inputs",))
            message = f"{title_of(resource.address)}: its inputs cannot be looked at: {error}"
            raise ResourceError([Diagnostic(resource.file, line, message)]) from error

    def _scheduler(self, resource: Resource, schedule: Schedule, model: models.Schedule) -> str:
        """The client that keeps the schedule. Raises ``ParameterError`` that says why there is none."""
        config = self._lookup(config_address(schedule.config_id))
        work = self._lookup(schedule.work)
        assert config is not None, "what a schedule uses was looked up before"
        assert work is not None, "what a schedule uses was looked up before"
        workflow = Workflow.from_definition(work.definition)
        chosen = choose_scheduler(Config.from_definition(config.definition), workflow, model, self._catalog)
        if isinstance(chosen, str):
            return chosen
        line = self._place(resource, ("config_id",))
        raise ParameterError(
            Diagnostic(resource.file, line, f"{title_of(resource.address)}: {fault.message}", fault.remedy)
            for fault in chosen
        )


def _over(schedule: Schedule) -> Iterator[str]:
    """What is to be warned of a schedule whose last time has passed."""
    from mason.resources import cron

    yield from (message for message, _ in cron.coming_faults(schedule.schedule, schedule.time_zone))


def _is_elsewhere(entry: Entry, outcome: Outcome, schedule: Schedule, client: str) -> bool:
    """Whether a scheduler has the schedule under another name, or it is another one than is meant now."""
    where = (entry.definition.get("name"), entry.definition.get("config_id"), outcome.client)
    return bool(outcome.client) and where != (schedule.name, schedule.config_id, client)


def changed_inputs(seen: Mapping[str, str], outcome: Outcome) -> Iterator[str]:
    """Sentences on the inputs whose fingerprints are not those of the last success."""
    if changed := changed_paths(seen, outcome):
        yield f"its inputs changed: {', '.join(changed)}"


def changed_paths(seen: Mapping[str, str], outcome: Outcome) -> list[str]:
    """The inputs whose fingerprints are not those of the last attempt."""
    return [path for path, fingerprint in seen.items() if outcome.inputs.get(path) != fingerprint]


def _missing_inputs(seen: Mapping[str, str], before: Sequence[str]) -> Iterator[str]:
    """What is to be warned of inputs that are not there, unless a run that is done before may make them."""
    if not before:
        yield from (f"there is nothing at its input {path}" for path, fingerprint in seen.items() if not fingerprint)


def given_of(
    work: str,
    parameters: Mapping[str, Any],
    resource: Resource | None,
    place: Place,
    checks: Mapping[str, tuple[Check, ...]] = MappingProxyType({}),
) -> WorkflowGiven:
    """The parameters and checks of a run or schedule, with the lines at which they stand where ``resource`` has a
    file."""
    values = parameters if is_workflow(work) else {ONLY_STEP: {"parameters": dict(parameters)}}
    if resource is None:
        return replace(given_for_workflow(values), checks=checks)
    document = _Lines(resource, place, is_workflow=is_workflow(work))
    return replace(given_for_workflow(values, file=resource.file, document=document), checks=checks)


def _checks_of(execution: Run | Schedule) -> Mapping[str, tuple[Check, ...]]:
    """Those of a run; a schedule has none but those of its workflow."""
    return execution.checks if isinstance(execution, Run) else {}


@dataclass(frozen=True, slots=True)
class _Lines:
    """The lines of the parameters of a run or schedule."""

    resource: Resource
    place: Place
    is_workflow: bool

    def line_of(self, path: Path) -> int:
        if path[:1] == (CHECKS,):
            return self.place(self.resource, ("checks", *(path[1:] if self.is_workflow else path[2:])))
        # The one step of an operator and its parameters are not written out.
        return self.place(self.resource, ("parameters", *(path if self.is_workflow else path[2:])))


def schedule_deletion(entry: Entry) -> tuple[Call, ...]:
    """The call that takes an applied schedule from its scheduler; none where no scheduler was ever given it."""
    outcome = Outcome.of(entry)
    if outcome is None or not outcome.client:
        return ()
    return (
        Call(outcome.client, "scheduler", "delete_schedule", {"name": entry.definition.get("name")}, read_only=False),
    )


def unready(definition: Mapping[str, Any], lookup: Lookup) -> dict[str, str]:
    """Sentences on the runs that a run waits for, or refers to, and that are not as it needs them; of a schedule on
    those whose results it refers to. By the addresses of these."""
    found: dict[str, str] = {}
    referred = referred_steps([definition], lookup)
    for name in runs_before(definition):
        outcome = Outcome.of(lookup(run_address(name)))
        if definition["type"] == RUN.name and (outcome is None or outcome.status != "succeeded"):
            found[run_address(name)] = f"{run_address(name)} did not succeed"
        elif not referred.get(name, set()) <= (outcome.results.keys() if outcome else set()):
            found[run_address(name)] = f"what {run_address(name)} returned was not kept"
    return found


def lacking_results(wanted: Collection[Resource], lookup: Lookup) -> dict[str, str]:
    """The addresses of runs whose kept results are not all that is ``wanted`` refers to, each with the reason."""
    found: dict[str, str] = {}
    for resource in wanted:
        for name, steps in referred_steps([resource.definition], lookup).items():
            outcome = Outcome.of(lookup(run_address(name)))
            if outcome is not None and outcome.status == "succeeded" and not steps <= outcome.results.keys():
                reason = f"{resource.address} refers to what it returned, which was not kept"
                found.setdefault(run_address(name), reason)
    return found


def _refers(run: Run, before: Sequence[str]) -> bool:
    return any(run_address(parts[0]) in before for parts in result_references(run.parameters))


def _is_of_operator(resource: Resource) -> bool:
    return "operator" in resource.definition
