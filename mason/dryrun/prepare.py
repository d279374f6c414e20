"""What a run of a workflow would do, told before anything is called. Pure.

Preparing makes one flat DAG of a workflow and the workflows in it, binds the parameters of every step, checks what they
refer to, and makes the dry run of each. All faults of all steps are told at once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mason.dryrun.asked_jobs import asks_for_job, with_job
from mason.dryrun.checks_of_steps import checks_of, stepless
from mason.dryrun.compatibility import unsupported
from mason.dryrun.composing import composed
from mason.dryrun.dryrun import DryRun, dry_run
from mason.dryrun.expansion import Ancestry, Flat, FlatStep, Scope, expand
from mason.dryrun.kept import Kept, others_given
from mason.dryrun.planned import PlannedStep, PlannedWorkflow, WorkflowPlan, named, of_step
from mason.dryrun.references import OF_RUN, Found, Reference, Unresolved, find, is_referring, look_up, unfilled
from mason.dryrun.run_results import Lookup, reference_to_run
from mason.errors import Diagnostic, NotFoundError, ParameterError, ResourceError, UnsupportedVerbError
from mason.resources.address import config_address, run_address, title_of
from mason.resources.behaviour import behaviour_of
from mason.resources.config import Config
from mason.resources.dag import dag_findings, step_remedy
from mason.resources.executed import ONLY_STEP
from mason.resources.operator import Operator
from mason.resources.order import cycles
from mason.resources.parameters import Given, bind
from mason.resources.wording import shortened
from mason.resources.workflow import Step, Workflow, is_workflow
from mason.resources.workflow_file import WorkflowGiven, parameters_of
from mason.state.outcome import Outcome
from mason.state.snapshot import Entry

if TYPE_CHECKING:
    from mason.dryrun.check import ClientCatalog


def prepare(
    address: str,
    given: WorkflowGiven,
    *,
    lookup: Lookup,
    read_source: Callable[[str], bytes],
    catalog: ClientCatalog,
    config_id: str = "",
    redone: Collection[str] = (),
    kept: Kept | None = None,
) -> WorkflowPlan:
    """The plan of a run of the workflow at ``address`` with the parameters ``given``; no engine is called.

    An operator is planned as a workflow of the one step ``ONLY_STEP``. ``read_source`` gives the content of a module by
    its digest, ``config_id`` names the config of the steps that have none of their own (empty: each needs one).
    ``redone`` are the addresses of runs that will be done before it, so that nobody knows what they return. ``kept``
    tells which steps are done already: they stay as they ran, and what is given for them is warned of. Raises
    ``NotFoundError`` for an unknown workflow, ``ResourceError`` for workflows whose steps cannot be put in an order,
    and ``ParameterError`` with all faults of what was given and of all steps; with ``strict: false`` the faults of
    steps are warnings, as long as a step is left.
    """
    if lookup(address) is None:
        raise NotFoundError(f"There is no {named(address)} in the state. See what there is with: mason get workflow")
    planning = _Planning(lookup, read_source, catalog, config_id, redone)
    workflows = planning.workflows(address)
    flat = expand(_AROUND_OPERATOR if not is_workflow(address) else address, workflows, given)
    planning.kept = kept(flat.steps) if kept is not None else {}
    planned, faults = planning.steps(flat, given)
    scopes = {scope.prefix[:-1]: planning.workflow(scope) for scope in flat.scopes if scope.address}
    for step, fault in _changing(planned, scopes).items():
        faults.setdefault(step, []).append(fault)
    wrong = (*given.faults, *flat.faults, *planning.unsupported(flat), *stepless(given, flat))
    left_out = _left_out(flat, faults)
    if wrong or (faults and (given.strict or len(left_out) == len(flat.steps))):
        raise ParameterError([*wrong, *(fault for each in faults.values() for fault in each)])
    return WorkflowPlan(
        address=address,
        config_id=config_id,
        steps=tuple(step for step in planned if step.id not in left_out),
        workflows=scopes,
        digests=planning.digests,
        behaviours=planning.behaviours,
        schedule=given.schedule,
        schedule_name=given.schedule_name,
        left_out=tuple(left_out),
        warnings=(*planning.warnings, *left_out.values()),
    )


class _Planning:
    """What one preparation looked up: every definition is looked up, and every module read, once."""

    def __init__(
        self,
        lookup: Lookup,
        read_source: Callable[[str], bytes],
        catalog: ClientCatalog,
        config_id: str,
        redone: Collection[str],
    ) -> None:
        self._redone = redone
        self._lookup = lookup
        self._read_source = read_source
        self._catalog = catalog
        self._config_id = config_id
        self._entries: dict[str, Entry | None] = {}
        self._operators: dict[str, Operator] = {}
        self._configs: dict[str, Config] = {}
        self._sources: dict[str, bytes] = {}
        self._jobs_asked: frozenset[str] = frozenset()
        self.kept: Mapping[str, Mapping[str, Any]] = {}
        self.warnings: list[str] = []

    @property
    def digests(self) -> dict[str, str]:
        """The digests of all that was looked up and found."""
        return {address: entry.digest for address, entry in self._entries.items() if entry is not None}

    @property
    def behaviours(self) -> dict[str, str]:
        """The digests of what everything that was looked up and found does."""
        found = {address: entry for address, entry in self._entries.items() if entry is not None}
        return {address: behaviour_of(entry.definition, entry.module) for address, entry in found.items()}

    def workflows(self, address: str) -> dict[str, Workflow]:
        """The workflow and all that are in it. Raises ``ResourceError`` for what has no order and for circles."""
        found: dict[str, Workflow] = {}
        faults: list[Diagnostic] = []
        if not is_workflow(address):
            return {_AROUND_OPERATOR: _of_one_step(address)}
        waiting = [address]
        while waiting:
            each = waiting.pop()
            entry = self._entry(each)
            if each in found or entry is None:
                continue
            faults += [
                Diagnostic("", 0, f"{title_of(each)}: {message}", remedy)
                for _, message, remedy in dag_findings(entry.definition.get("dag"))
            ]
            found[each] = Workflow.from_definition(entry.definition)
            waiting += [step.address for step in found[each].steps if is_workflow(step.address)]
        for circle in cycles({each: [step.address for step in workflow.steps] for each, workflow in found.items()}):
            message = f"workflows contain one another: {' -> '.join(circle)}"
            faults.append(Diagnostic("", 0, message, "take one of these steps out"))
        if faults:
            raise ResourceError(faults)
        return found

    def workflow(self, scope: Scope) -> PlannedWorkflow:
        entry = self._entry(scope.address)
        assert entry is not None, "it was found before its steps were"
        dependencies = {step.id: step.dependencies for step in scope.steps.values()}
        promised = entry.definition.get("read_only", False)
        return PlannedWorkflow(scope.address, entry.digest, self._source(entry), dependencies, promised)

    def unsupported(self, flat: Flat) -> Iterator[Diagnostic]:
        """The workflows that do not support the schedulers of the run's config: their authors know why."""
        entry = self._entry(config_address(self._config_id)) if self._config_id else None
        if entry is None:
            # What lacks a config is told of each step.
            return
        config = Config.from_definition(entry.definition)
        for address in dict.fromkeys(scope.address for scope in flat.scopes if scope.address):
            found = self._entry(address)
            assert found is not None, "it was found before its steps were"
            workflow = Workflow.from_definition(found.definition)
            supported = workflow.supported_schedulers
            if supported and not set(supported) & {config.type_of(each) for each in config.engines["scheduler"]}:
                yield unsupported(workflow, config.id, config.engines["scheduler"])

    def steps(self, flat: Flat, given: WorkflowGiven) -> tuple[list[PlannedStep], dict[str, list[Diagnostic]]]:
        """The steps that are valid, and the faults of the others by their ids."""
        ancestry = Ancestry(flat.steps)
        planned: list[PlannedStep] = []
        faults: dict[str, list[Diagnostic]] = {}
        self._jobs_asked = frozenset(self._asked_for_jobs(flat, ancestry))
        for step in flat.steps:
            try:
                planned.append(self._step(step, given, ancestry))
            except ResourceError as error:
                faults[step.id] = of_step(step.id, error)
        return planned, faults

    def _asked_for_jobs(self, flat: Flat, ancestry: Ancestry) -> Iterator[str]:
        """The steps of which another one wants to know the job."""
        for step in flat.steps:
            for value in step.entry.values.values():
                if asks_for_job(value):
                    yield from (each.step for each in self._found(step, value, ancestry).references)

    def _step(self, flat: FlatStep, given: WorkflowGiven, ancestry: Ancestry) -> PlannedStep:
        faults: list[Diagnostic] = []
        config = self._config(flat, given, faults)
        operator = self._operator(flat.step.address, faults)
        if operator is None:
            raise ParameterError(faults)
        bound: Mapping[str, Any] = {}
        waiting: Mapping[str, Any] = {}
        references: tuple[Reference, ...] = ()
        if flat.id in self.kept:
            bound = self.kept[flat.id]
            if others_given(flat, operator, bound, lambda value: self._found(flat, value, ancestry).value):
                self.warnings.append(f"Step {flat.id} is done: it keeps the parameters that it ran with")
        else:
            read = self._read(flat, operator, given)
            known, waiting, references = self._referring(flat, operator, read, ancestry, faults)
            try:
                bound = {**bind(operator.parameters, known, of=named(flat.step.address)), **waiting}
            except ParameterError as error:
                faults += error.diagnostics
        entry = self._entry(flat.step.address)
        # A dry run without the values that could not be read would find faults that are not there.
        if faults or config is None or entry is None or not given.complete:
            raise ParameterError(faults)
        source = self._source(entry)
        if flat.id in self._jobs_asked:
            operator = with_job(operator, bound, config, self._catalog)
        try:
            shown = dry_run(
                operator, bound, config, self._catalog, source=source, waiting=tuple(waiting), wait=flat.wait
            )
        except (ParameterError, UnsupportedVerbError) as error:
            if flat.id in self.kept:
                # The step is done already. Its operator may have changed since, so that it could not be done again.
                shown = DryRun(flat.step.address, config.id, (), {}, bound)
            elif isinstance(error, UnsupportedVerbError):
                raise ParameterError([Diagnostic("", 0, str(error))]) from error
            else:
                raise
        checks, wrong = checks_of(flat, given, shown, config, self._catalog)
        if wrong and flat.id not in self.kept:
            raise ParameterError(wrong)
        return PlannedStep(
            id=flat.id,
            operator=operator,
            config=config,
            dependencies=flat.dependencies,
            parameters=bound,
            waiting=tuple(waiting),
            references=references,
            trigger_rule=flat.trigger_rule,
            retry=flat.retry,
            retry_max=flat.retry_max,
            timeout=flat.timeout,
            wait=flat.wait,
            shown=shown,
            digest=entry.digest,
            source=source,
            checks=checks,
        )

    def _read(self, flat: FlatStep, operator: Operator, given: WorkflowGiven) -> Given:
        """What was given for a step, without what its operator does not take any more since that was given."""
        names = {name for parameter in operator.parameters for name in (parameter.name, *parameter.aliases)}
        if gone := [name for name in flat.entry.under if name not in names]:
            lacks = f"{named(flat.step.address)} does not take {shortened(gone)} any more"
            self.warnings.append(f"Step {flat.id}: {lacks}, so it is left out")
            entry = replace(
                flat.entry, under={name: flat.entry.under[name] for name in names & flat.entry.under.keys()}
            )
            return parameters_of(given, entry).named_as(operator.parameters)
        return parameters_of(given, flat.entry).named_as(operator.parameters)

    def _referring(
        self, flat: FlatStep, operator: Operator, read: Given, ancestry: Ancestry, faults: list[Diagnostic]
    ) -> tuple[Given, dict[str, Any], tuple[Reference, ...]]:
        """What was given without references, the parameters with references, and these; faults go behind ``faults``."""
        waiting: dict[str, Any] = {}
        references: dict[str, Reference] = {}
        unread: set[str] = set()
        secret = {each.name for each in operator.parameters if each.secret}
        for name, value in read.values.items():
            if not is_referring(value):
                continue
            found = self._found(flat, value, ancestry)
            place = read.places.get(name, ("", 0))
            if not found.faults:
                found = replace(found, faults=unfilled(name, value, secret=name in secret))
            faults += [Diagnostic(*place, fault) for fault in found.faults]
            self.warnings += [f"Step {flat.id}: {warning}" for warning in found.warnings]
            if found.faults:
                unread.add(name)
            elif found.references:
                waiting[name] = found.value
                references.update((reference.text, reference) for reference in found.references)
        unread.update(waiting)
        values = {name: value for name, value in read.values.items() if name not in unread}
        return replace(read, values=values, unread=read.unread | unread), waiting, tuple(references.values())

    def _found(self, flat: FlatStep, value: Any, ancestry: Ancestry) -> Found:
        """The references in one parameter of a step."""
        before = flat.step.dependencies
        return find(
            value,
            lambda text, parts: (
                self._of_run(text, parts[1:]) if parts[0] == "runs" else _meant(text, parts[1:], flat, ancestry)
            ),
            {flat.step.id: before[0]} if len(before) == 1 else {},
        )

    def _of_run(self, text: str, parts: Sequence[str]) -> Reference | str:
        """The step of another run that ``NAME.STEP.KEY`` names, or ``NAME.KEY`` where the run has one step only."""
        reference = reference_to_run(text, parts, self._lookup)
        if isinstance(reference, str):
            return reference
        run, _, step = reference.step.removeprefix(OF_RUN).partition(".")
        outcome = Outcome.of(self._lookup(run_address(run))) if run_address(run) not in self._redone else None
        known = outcome.results.get(step) if outcome is not None and outcome.status == "succeeded" else None
        if isinstance(known, list):
            try:
                look_up(reference, {reference.step: known})
            except Unresolved as error:
                return f"it needs {text}, but {error}"
        return reference

    def _config(self, flat: FlatStep, given: WorkflowGiven, faults: list[Diagnostic]) -> Config | None:
        identifier = flat.config_id or self._config_id
        place = given.place((*flat.entry.path, "config_id")) if flat.entry.config_id else ("", 0)
        if not identifier:
            remedy = "give it a config_id, name one for all with -c ID, or choose one with: mason config ID -s"
            faults.append(Diagnostic(*place, "No config is named", remedy))
            return None
        if identifier not in self._configs:
            entry = self._entry(config_address(identifier))
            if entry is None:
                message = f"There is no config {identifier} in the state"
                faults.append(Diagnostic(*place, message, "see what there is with: mason config"))
                return None
            self._configs[identifier] = Config.from_definition(entry.definition)
        return self._configs[identifier]

    def _operator(self, address: str, faults: list[Diagnostic]) -> Operator | None:
        if address not in self._operators:
            entry = self._entry(address)
            if entry is None:
                faults.append(Diagnostic("", 0, f"There is no {named(address)} in the state", "apply it first"))
                return None
            written = Operator.from_definition(entry.definition)
            try:
                self._operators[address] = composed(written, self._written)
            except ParameterError as error:
                faults += error.diagnostics
                return None
        return self._operators[address]

    def _written(self, address: str) -> Operator | None:
        entry = self._entry(address)
        return Operator.from_definition(entry.definition) if entry is not None else None

    def _entry(self, address: str) -> Entry | None:
        if address not in self._entries:
            self._entries[address] = self._lookup(address)
        return self._entries[address]

    def _source(self, entry: Entry) -> bytes | None:
        if not entry.module:
            return None
        if entry.module not in self._sources:
            self._sources[entry.module] = self._read_source(entry.module)
        return self._sources[entry.module]


def _meant(text: str, parts: Sequence[str], flat: FlatStep, ancestry: Ancestry) -> Reference | str:
    """The step that a reference names (its parts behind ``steps``): the nearest of that id that comes before the step
    which refers to it."""
    wrong = ""
    for candidate in flat.scope.candidates(parts):
        if isinstance(candidate, str):
            wrong = wrong or f"{text}: {candidate}"
            continue
        step, path = candidate
        if ancestry.is_before(step, flat.id):
            return Reference(f"{{{{{'.'.join(('steps', step, *path))}}}}}", step, path)
        if step == flat.id:
            wrong = wrong or f"{text}: a step cannot refer to itself"
        elif ancestry.is_before(flat.id, step):
            wrong = wrong or f"{text}: {step} comes after {flat.id} (refer to a step before it)"
        else:
            wrong = wrong or f"{text}: {step} does not come before {flat.id} (add it to the dependencies of {flat.id})"
    return wrong or f"{text}: there is no step {parts[0]} ({step_remedy(parts[0], flat.scope.steps)})"


def _changing(steps: Sequence[PlannedStep], workflows: Mapping[str, PlannedWorkflow]) -> dict[str, Diagnostic]:
    """What is wrong with steps that may change something although a workflow around them says ``read_only: true``.

    By the ids of these steps. A class that decides on a step and promises nothing may change something, too.
    """
    reading = {within: each for within, each in workflows.items() if each.is_promised}
    faults: dict[str, Diagnostic] = {}
    for step in steps if reading else ():
        around = [within for within in workflows if not within or step.id.startswith(f"{within}.")]
        said = next((workflows[within] for within in around if within in reading), None)
        if said is None:
            continue
        remedy = "remove read_only: true from the workflow, or the step"
        deciding = [workflows[within] for within in around if workflows[within].source is not None]
        but = f"may change things, but {title_of(said.address)} says read_only: true"
        if not step.shown.is_read_only:
            faults[step.id] = Diagnostic("", 0, f"Step {step.id}: {title_of(step.address)} {but}", remedy)
        elif unchecked := [each for each in deciding if not each.is_promised]:
            message = f"Step {step.id}: class {unchecked[0].class_name}, which decides on it, {but}"
            faults[step.id] = Diagnostic("", 0, message, remedy)
    return faults


_AROUND_OPERATOR = ""
"""The address of the workflow that is planned for an operator: nobody wrote it, and no other has it."""


def _of_one_step(operator: str) -> Workflow:
    """The workflow that does one operator and nothing else."""
    _, namespace, command = operator.split(".")
    return Workflow(namespace, command, "", "", (), (Step(ONLY_STEP, "operator", namespace, command, ()),))


def _left_out(flat: Flat, faults: Mapping[str, Sequence[Diagnostic]]) -> dict[str, str]:
    """The steps that are invalid or wait for one that is, and for each a sentence that says so."""
    left_out: dict[str, str] = {}
    for step in flat.steps if faults else ():
        if step.id in faults:
            told = "; ".join(str(fault).replace(f"Step {step.id}: ", "", 1) for fault in sorted(faults[step.id]))
            left_out[step.id] = f"Step {step.id} is left out: {told}"
        elif not left_out.keys().isdisjoint(step.dependencies):
            lacking = [name for name in step.dependencies if name in left_out]
            left_out[step.id] = f"Step {step.id} is left out: it depends on {shortened(lacking)}"
    return left_out
