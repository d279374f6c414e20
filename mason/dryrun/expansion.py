"""A workflow with the workflows in it as one flat DAG, and which step comes before which. Pure.

A step that is a workflow dissolves: its first steps take over its dependencies and its trigger rule, what depends on it
depends on its last steps, and its retry and timeout hold for each of its steps that says nothing of its own. As with
Airflow's task groups, what comes after such a step looks at those last steps alone. Without recursion, and in linear
time: chains of thousands of steps are workflows like others.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from mason.errors import Diagnostic, ResourceError
from mason.resources.address import title_of
from mason.resources.dag import step_remedy
from mason.resources.workflow import Step, Workflow, ordered
from mason.resources.workflow_file import Entry, WorkflowGiven, entries, top
from mason.values import dataclass, field

MAX_STEPS = 50_000
"""How many steps a workflow may have, with those of the workflows in it: ten that hold ten that hold ten... add up."""

MAX_NESTED = 100
"""How deep workflows may nest."""


@dataclass(frozen=True, slots=True)
class Scope:
    """One workflow within the whole: ``prefix`` stands before the ids of its steps, ``inner`` are its workflows."""

    address: str
    prefix: str
    steps: Mapping[str, Step]
    parent: Scope | None = None
    inner: dict[str, Scope] = field(default_factory=dict)

    def candidates(self, parts: Sequence[str]) -> Iterator[tuple[str, tuple[str, ...]] | str]:
        """The steps that ``parts`` may name, with what is left of it, from the nearest workflow outwards.

        A text in place of one says what is wrong with it.
        """
        scope: Scope | None = self
        while scope is not None:
            if parts[0] in scope.steps:
                yield scope._descend(parts)
            scope = scope.parent

    def _descend(self, parts: Sequence[str]) -> tuple[str, tuple[str, ...]] | str:
        scope, place = self, 0
        while parts[place] in scope.inner:
            scope, place = scope.inner[parts[place]], place + 1
            if place == len(parts) or parts[place] not in scope.steps:
                remedy = f"name one of its steps: {step_remedy('', scope.steps).removeprefix('the steps are ')}"
                return f"{scope.prefix[:-1]} is a workflow ({remedy})"
        return scope.prefix + parts[place], tuple(parts[place + 1 :])


@dataclass(frozen=True, slots=True)
class FlatStep:
    """A step of the flat DAG. ``id`` is dotted where it comes from a workflow within (``step_2.inner_1``).

    ``config_id`` is empty for the run's. Many steps may share one tuple of ``dependencies``.
    """

    id: str
    step: Step
    scope: Scope
    entry: Entry
    config_id: str
    dependencies: tuple[str, ...]
    trigger_rule: str
    retry: str
    retry_max: int | None
    timeout: int | None
    wait: bool


@dataclass(frozen=True, slots=True)
class Flat:
    """The steps, each after its dependencies and else as written; all workflows; what was given for no step."""

    steps: tuple[FlatStep, ...]
    scopes: tuple[Scope, ...]
    faults: tuple[Diagnostic, ...]


def expand(address: str, workflows: Mapping[str, Workflow], given: WorkflowGiven) -> Flat:
    """The workflow at ``address`` as a flat DAG. ``workflows`` are those that it uses; they hold no cycles.

    A step whose workflow is not among them stays as it is. Raises ``ResourceError`` when there are too many steps.
    """
    orders = {each: ordered(workflow.steps) for each, workflow in workflows.items()}
    steps: list[FlatStep] = []
    faults: list[Diagnostic] = []

    def enter(scope: Scope, level: Entry, inherited: _Inherited) -> _Level:
        found, wrong = entries(given, level, scope.steps, scope=scope.prefix)
        faults.extend(wrong)
        scopes.append(scope)
        return _Level(scope, iter(orders[scope.address]), found, inherited)

    def scope_of(each: str, prefix: str, parent: Scope | None) -> Scope:
        return Scope(each, prefix, {step.id: step for step in workflows[each].steps}, parent)

    scopes: list[Scope] = []
    stack = [enter(scope_of(address, "", None), top(given), _Inherited())]
    while stack:
        level = stack[-1]
        step = next(level.order, None)
        if step is None:
            stack.pop()
            if stack:
                stack[-1].ends[level.scope.prefix[:-1].rpartition(".")[2]] = level.last()
            continue
        flat = level.flattened(step)
        if step.address in workflows:
            if len(stack) == MAX_NESTED:
                raise _too_much(address, f"workflows nest deeper than {MAX_NESTED} levels")
            inner = scope_of(step.address, f"{flat.id}.", level.scope)
            level.scope.inner[step.id] = inner
            stack.append(enter(inner, flat.entry, _Inherited(flat)))
            continue
        level.ends[step.id] = (flat.id,)
        steps.append(flat)
        if len(steps) > MAX_STEPS:
            raise _too_much(address, f"there are more than {MAX_STEPS:,} steps, with those of the workflows in it")
    if given.under is not None:
        before = {step.id: step for step in expand(address, workflows, given.under).steps}
        steps = [_laid_over(step, before[step.id]) for step in steps]
    return Flat(tuple(steps), tuple(scopes), tuple(faults))


def _laid_over(step: FlatStep, before: FlatStep) -> FlatStep:
    """The step with what was given for it, over what was given before."""
    entry = replace(step.entry, under=before.entry.values)
    return replace(step, entry=entry, config_id=step.config_id or before.config_id)


def _too_much(address: str, what: str) -> ResourceError:
    return ResourceError([Diagnostic("", 0, f"{title_of(address)}: {what}", "split it")])


@dataclass(frozen=True, slots=True)
class _Inherited:
    """What the steps of a workflow take over from the step that is this workflow, if there is one."""

    by: FlatStep | None = None


@dataclass(slots=True)
class _Level:
    """A workflow that is being gone through. ``ends`` are the last flat steps of each of its steps so far."""

    scope: Scope
    order: Iterator[Step]
    entries: Mapping[str, Entry]
    inherited: _Inherited
    ends: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _joined: dict[tuple[str, ...], tuple[str, ...]] = field(default_factory=dict)

    def flattened(self, step: Step) -> FlatStep:
        outer = self.inherited.by
        dependencies, rule = self._after(step.dependencies), step.trigger_rule
        retry, retry_max, timeout = step.retry, step.retry_max, step.timeout
        entry = self.entries.get(step.id, Entry())
        config_id = entry.config_id
        if outer is not None:
            if not step.dependencies:
                dependencies, rule = outer.dependencies, outer.trigger_rule
            if not retry:
                retry, retry_max = outer.retry, outer.retry_max if retry_max is None else retry_max
            timeout = outer.timeout if timeout is None else timeout
            config_id = config_id or outer.config_id
        return FlatStep(
            f"{self.scope.prefix}{step.id}",
            step,
            self.scope,
            entry,
            config_id,
            dependencies,
            rule,
            retry,
            retry_max,
            timeout,
            step.wait and (outer is None or outer.wait),
        )

    def last(self) -> tuple[str, ...]:
        """The flat steps after which nothing comes in this workflow."""
        waited_for = {name for step in self.scope.steps.values() for name in step.dependencies}
        return self._after(tuple(name for name in self.scope.steps if name not in waited_for))

    def _after(self, names: tuple[str, ...]) -> tuple[str, ...]:
        if len(names) == 1:
            return self.ends[names[0]]
        # Shared, because two wide workflows behind one another have as many dependencies as their product.
        if names not in self._joined:
            self._joined[names] = tuple(dict.fromkeys(end for name in names for end in self.ends[name]))
        return self._joined[names]


class Ancestry:
    """Answers whether one step comes before another, by walking up from the later one and no further than it must.

    What was found is remembered for each earlier step that was asked about, so that a chain whose every step is asked
    about its first one is not walked again and again.
    """

    def __init__(self, steps: Sequence[FlatStep]) -> None:
        self._dependencies = {step.id: step.dependencies for step in steps}
        self._places = {step.id: number for number, step in enumerate(steps)}
        self._after: dict[str, set[str]] = {}
        self._begin("")

    def _begin(self, later: str) -> None:
        self._later = later
        self._seen = set(self._dependencies.get(later, ()))
        self._waiting = deque(self._seen)

    def is_before(self, earlier: str, later: str) -> bool:
        """Whether ``later`` waits for ``earlier``, directly or not. Asked about ``later`` again, it walks on."""
        if self._places[earlier] >= self._places[later]:
            return False
        if later != self._later:
            self._begin(later)
        after = self._after.setdefault(earlier, set())
        found = earlier in self._seen or not after.isdisjoint(self._dependencies[later])
        while not found and self._waiting:
            name = self._waiting.popleft()
            fresh = [each for each in self._dependencies[name] if each not in self._seen]
            self._seen.update(fresh)
            self._waiting.extend(fresh)
            found = earlier in fresh or not after.isdisjoint(fresh)
        if found:
            after.add(later)
        return found
