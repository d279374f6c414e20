"""What cannot run any more once a plan is applied, and what no applied config can run. Pure, but for reading sources.

Such a plan can be applied all the same: the config that is missing may come with the next one. So this makes warnings,
and no faults. An operator counts as able to run where its unconditional sentences are; one with ``when`` may never be
said. Of a Python class, the verbs that it is seen to call count.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Set
from typing import TYPE_CHECKING, Any

from mason.dryrun.compatibility import lacks
from mason.dryrun.composing import compose
from mason.dryrun.prepare import prepare
from mason.engines import engine_type
from mason.errors import EngineError, MasonError, MissingDependencyError, ResourceError, StateFormatError
from mason.planner.integrity import references_of
from mason.planner.plan import Broken, Cause
from mason.planner.runs_and_schedules import given_of
from mason.planner.scheduled_dag import choose_scheduler, schedule_model
from mason.resources.address import config_address, work_address
from mason.resources.config import Config, is_config
from mason.resources.executed import ONLY_STEP
from mason.resources.kinds import effect_of
from mason.resources.operator import Operator, is_operator
from mason.resources.schedule import Schedule
from mason.resources.wording import listing
from mason.resources.workflow import Workflow, is_workflow
from mason.state.snapshot import Entry
from mason.values import dataclass

if TYPE_CHECKING:
    from mason.dryrun.check import ClientCatalog


@dataclass(frozen=True, slots=True)
class Side:
    """The applied resources before a plan, or after it.

    ``addresses``
        The addresses of all of them.
    ``lookup``
        The entry of an address; ``None`` for one that is not among them, or that somebody edited in the state.
    ``source``
        The content of a module by its digest. Raises ``StateFormatError`` where it is missing or damaged.
    """

    addresses: Collection[str]
    lookup: Callable[[str], Entry | None]
    source: Callable[[str], bytes]


def find_broken(
    before: Side,
    after: Side,
    changed: Set[str],
    *,
    catalog: ClientCatalog,
    calls: Mapping[str, tuple[str, ...]],
    planned: Collection[str],
) -> tuple[Broken, ...]:
    """All that a plan breaks, and what it touches that could not run before either.

    before, after
        The resources on both sides of the plan.
    changed
        The addresses that the plan creates, changes or deletes.
    catalog
        What clients support.
    calls
        By digests of modules, the verbs that their classes are seen to call, as far as that is known already.
    planned
        The runs and schedules that this plan decides on: of these it tells itself what is wrong.
    """
    return _Breaking(before, after, changed, catalog, calls).found(planned)


_Signature = tuple[tuple[str, ...], tuple[tuple[tuple[str, str], ...], ...]]
"""The verbs that an operator needs and the clients that it supports: those that share it run on the same configs."""


class _World:
    """One side of the plan, and what its configs can run."""

    def __init__(self, side: Side, catalog: ClientCatalog, calls: dict[str, tuple[str, ...]]) -> None:
        self._side = side
        self._catalog = catalog
        self._calls = calls
        self._reasons: dict[_Signature, dict[str, str]] = {}
        self._operators: dict[str, tuple[str, ...]] = {}
        self.configs = {
            entry.definition["id"]: Config.from_definition(entry.definition)
            for address in side.addresses
            if is_config(address) and (entry := self.entry(address)) is not None
        }

    def entry(self, address: str) -> Entry | None:
        """The entry of an address; ``None`` where there is none."""
        return self._side.lookup(address)

    @property
    def addresses(self) -> Collection[str]:
        """The addresses of all resources."""
        return self._side.addresses

    def reasons(self, operator: str) -> Mapping[str, str]:
        """Why each config cannot run an operator, by the ids of configs; an empty reason where it can.

        Empty for an operator of which nothing is known.
        """
        entry = self.entry(operator)
        signature = self._signature(entry) if entry is not None else None
        if signature is None:
            return {}
        if signature not in self._reasons:
            verbs, supported = signature
            needs: dict[str, frozenset[str]] = {}
            for verb in verbs:
                role, _, name = verb.partition(".")
                needs[role] = needs.get(role, frozenset()) | {name}
            self._reasons[signature] = {
                config.id: self._reason([dict(each) for each in supported], needs, config)
                for config in self.configs.values()
            }
        return self._reasons[signature]

    def can_run(self, operator: str) -> bool:
        """Whether a config can run an operator, as far as that can be known."""
        reasons = self.reasons(operator)
        return not reasons or not all(reasons.values())

    def _reason(self, supported: list[dict[str, str]], needs: Mapping[str, frozenset[str]], config: Config) -> str:
        try:
            return " ".join(lacks(supported, needs, config, self._catalog))
        except (EngineError, MissingDependencyError):
            # A client that is not installed here: what it supports cannot be known.
            return ""

    def _signature(self, entry: Entry) -> _Signature | None:
        definition = entry.definition
        if "do" in definition:
            # What is wrong with the operators that it is made of is told where they are planned, or run.
            made, _ = compose(Operator.from_definition(definition), self._written)
            verbs = {f"{each.engine}.{each.verb}" for each in made.sentences if not each.all_conditions}
            supported = tuple(tuple(sorted(each.items())) for each in made.supported_configurations)
        else:
            supported = tuple(tuple(sorted(each.items())) for each in definition.get("supported_configurations", ()))
            seen = self._seen(entry.module)
            if seen is None:
                return None
            verbs = set(filter(_is_verb, seen))
        return tuple(sorted(verbs)), supported

    def _written(self, address: str) -> Operator | None:
        entry = self.entry(address)
        return Operator.from_definition(entry.definition) if entry is not None else None

    def _seen(self, module: str | None) -> tuple[str, ...] | None:
        """The verbs that the class of a module is seen to call; ``None`` where its source cannot be read."""
        if module is None:
            return None
        if module not in self._calls:
            try:
                source = self._side.source(module)
            except StateFormatError:
                return None
            # Imported here: most operators are sentences, and of most classes it is known what they call.
            from mason.resources.module import survey

            self._calls[module] = survey(json.loads(source)).calls
        return self._calls[module]

    def operators_of(self, workflow: str) -> tuple[str, ...]:
        """The operators of a workflow and of those within it, each once."""
        if workflow not in self._operators:
            found: dict[str, None] = {}
            seen, waiting = {workflow}, [workflow]
            while waiting:
                entry = self.entry(waiting.pop())
                for used in references_of(entry) if entry is not None else ():
                    if is_operator(used):
                        found[used] = None
                    elif used not in seen:
                        seen.add(used)
                        waiting.append(used)
            self._operators[workflow] = tuple(found)
        return self._operators[workflow]

    def uses(self, address: str) -> set[str]:
        """All that a run or schedule uses, directly or not."""
        seen, waiting = {address}, [address]
        while waiting:
            entry = self.entry(waiting.pop())
            fresh = set(references_of(entry) if entry is not None else ()) - seen
            seen |= fresh
            waiting += fresh
        return seen

    def refusal(self, address: str, definition: Mapping[str, Any]) -> str:
        """Why a run or schedule cannot be done; empty where it can."""
        work, config_id = work_address(definition), str(definition["config_id"])
        try:
            plan = prepare(
                work,
                given_of(work, definition.get("parameters", {}), None, lambda resource, path: 0),
                lookup=self._side.lookup,
                read_source=self._side.source,
                catalog=self._catalog,
                config_id=config_id,
            )
        except ResourceError as error:
            message = error.diagnostics[0].message
            return message if is_workflow(work) else message.removeprefix(f"Step {ONLY_STEP}: ")
        except MasonError as error:
            return str(error)
        if effect_of(address) != "put":
            return ""
        entry, config = self.entry(work), self.configs.get(config_id)
        assert entry is not None, "it was prepared"
        if config is None:
            # Each of its steps has a config of its own.
            return f"There is no config {config_id} in the state"
        model = schedule_model(Schedule.from_definition(definition), plan)
        chosen = choose_scheduler(config, Workflow.from_definition(entry.definition), model, self._catalog)
        return "" if isinstance(chosen, str) else chosen[0].message


class _Breaking:
    """One comparison of the two sides."""

    def __init__(
        self,
        before: Side,
        after: Side,
        changed: Set[str],
        catalog: ClientCatalog,
        calls: Mapping[str, tuple[str, ...]],
    ) -> None:
        known = dict(calls)
        self._before, self._after = _World(before, catalog, known), _World(after, catalog, known)
        self._changed = changed
        self._touched = [each for each in self._before.configs if config_address(each) in changed]
        self._found: dict[str, tuple[Broken, ...]] = {}

    def found(self, planned: Collection[str]) -> tuple[Broken, ...]:
        """Operators first, then workflows, then runs and schedules."""
        if not self._before.configs and not self._after.configs:
            # Before there is any config, nothing can run, and nobody expects it to.
            return ()
        return (
            *self._operators(),
            *self._workflows(),
            *self._executed(planned),
        )

    def _operators(self) -> Iterator[Broken]:
        for operator in filter(is_operator, self._after.addresses):
            if self._touched or operator in self._changed:
                yield from self._operator(operator)

    def _operator(self, operator: str) -> tuple[Broken, ...]:
        if operator not in self._found:
            self._found[operator] = tuple(self._look_at(operator))
        return self._found[operator]

    def _look_at(self, operator: str) -> Iterator[Broken]:
        now = self._after.reasons(operator)
        if self._after.configs and not self._touched and not (now and all(now.values())):
            # As nearly all: a config can run it, and which ones can has not changed.
            return
        then = self._before.reasons(operator)
        could = [each for each, reason in then.items() if not reason]
        if not self._after.configs and could:
            yield Broken(operator, "There is no config any more.", "plan")
        elif now and all(now.values()):
            cause: Cause = "plan" if could else "earlier" if self._before.entry(operator) is not None else "new"
            # The config that could run it, else the one that lacks least.
            nearest = min(now, key=lambda each: (each not in could, len(now[each])))
            yield Broken(operator, now[nearest], cause, nearest)
        else:
            for each in self._touched:
                if now.get(each) and each in could:
                    yield Broken(operator, now[each], "plan", each, elsewhere=True)

    def _workflows(self) -> Iterator[Broken]:
        for workflow in filter(is_workflow, self._after.addresses):
            operators = self._after.operators_of(workflow)
            if not self._touched and workflow not in self._changed and self._changed.isdisjoint(operators):
                continue
            found = [broken for operator in operators for broken in self._operator(operator)]
            lost = [broken.address for broken in found if not broken.elsewhere]
            if lost:
                yield Broken(workflow, _runs(lost), self._cause(workflow))
                continue
            for config in dict.fromkeys(broken.config_id for broken in found):
                names = [broken.address for broken in found if broken.config_id == config]
                if self._before.entry(workflow) is not None:
                    yield Broken(workflow, _runs(names), "plan", config, elsewhere=True)

    def _cause(self, workflow: str) -> Cause:
        if self._before.entry(workflow) is None:
            return "new"
        return "plan" if all(map(self._before.can_run, self._before.operators_of(workflow))) else "earlier"

    def _executed(self, planned: Collection[str]) -> Iterator[Broken]:
        for address in filter(effect_of, self._after.addresses):
            entry = self._after.entry(address) if address not in planned else None
            if entry is None or self._changed.isdisjoint(self._after.uses(address)):
                continue
            if reason := self._after.refusal(address, entry.definition):
                cause: Cause = "earlier" if self._before.refusal(address, entry.definition) else "plan"
                yield Broken(address, reason, cause, str(entry.definition["config_id"]))


def _is_verb(call: str) -> bool:
    """Whether ``engine.verb`` is a verb: a class may call what is none, and fails when it does."""
    role, _, name = call.partition(".")
    try:
        return name in engine_type(role).verbs
    except EngineError:
        # The package that brings the engine is not installed here.
        return False


def _runs(operators: Iterable[str]) -> str:
    return f"It runs {listing(dict.fromkeys(operators), most=5)}."
