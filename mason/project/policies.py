"""Use case of writing the least policy for what was applied: of an operator, a workflow, a run or a whole config.

What each sentence says is asked of its client, with the parameters that are known; nothing is called and no service is
asked. What is not known stands for everything that it may be, within the config's own places.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mason import settings
from mason.errors import NotFoundError
from mason.project.applied import applied_config, find
from mason.project.opened import Project
from mason.values import dataclass

if TYPE_CHECKING:
    from mason.engines.permissions import Permission
    from mason.resources.config import Config
    from mason.resources.operator import Operator
    from mason.state.snapshot import Snapshot

KINDS = ("operator", "workflow", "run", "config")
_VERSION = "2012-10-17"
# Verbs of execution whose output goes to the storage; that of a query does where it has one.
_WRITING = frozenset({"format", "merge", "dedupe", "fake"})
# What nobody knows is None.
_ANYTHING = {"output": None, "overwrite": None, "delete_files": None}


@dataclass(frozen=True, slots=True)
class Policy:
    """``statements`` are those of an IAM policy; ``notes`` say what they do not hold."""

    statements: tuple[Mapping[str, Any], ...]
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """The policy's document."""
        return {"Version": _VERSION, "Statement": [dict(each) for each in self.statements]}


def policy_of(
    project: Project,
    kind: str,
    names: Sequence[str],
    parameters: Mapping[str, Any],
    *,
    config_id: str = "",
) -> Policy:
    """The least policy for a resource of the state. Raises ``NotFoundError``.

    ``names`` are a namespace and a command, the name of a run, or the id of a config (none: the current one).
    """
    snapshot = project.store.read()
    if kind == "config":
        config = applied_config(project, snapshot, names[0] if names else config_id)
        asked = _Asked(project, config)
        asked.everything()
        return asked.policy()
    (address, entry) = next(iter(find(snapshot, kind, names).items()))
    definition = entry.definition
    if kind == "run":
        config_id = config_id or definition.get("config_id", "")
        named = "operator" if "operator" in definition else "workflow"
        parameters = {**definition.get("parameters", {}), **parameters}
        address = f"{named}.{definition[named].replace(':', '.')}"
    asked = _Asked(project, applied_config(project, snapshot, config_id))
    for operator, given in _operators(snapshot, address, parameters):
        asked.operator(operator, given)
    return asked.policy()


def _operators(
    snapshot: Snapshot, address: str, parameters: Mapping[str, Any]
) -> Iterator[tuple[Operator, Mapping[str, Any]]]:
    """The operators of an operator or workflow, those of workflows within too, with the parameters that are given."""
    from mason.dryrun.composing import composed
    from mason.resources.operator import Operator
    from mason.resources.workflow import Workflow

    def written(wanted: str) -> Operator | None:
        return Operator.from_definition(snapshot.resources[wanted].definition) if wanted in snapshot.resources else None

    if address not in snapshot.resources:
        raise NotFoundError(f"{address} is not in the state. See what there is with: mason get")
    definition = snapshot.resources[address].definition
    if address.startswith("operator."):
        yield composed(Operator.from_definition(definition), written), parameters
        return
    for step in Workflow.from_definition(definition).steps:
        given = parameters.get(step.id, {})
        yield from _operators(snapshot, step.address, given.get("parameters", {}) if isinstance(given, Mapping) else {})


class _Asked:
    """Collects what the clients of a config need."""

    def __init__(self, project: Project, config: Config) -> None:
        from mason.clients import registry
        from mason.dryrun.configuration import resolve_public

        self._config = config
        self._registry = registry
        self._known = {
            name: resolve_public(
                config,
                name,
                registry.schema(config.type_of(name)),
                settings.environment(project.settings),
            )
            for name in dict.fromkeys(client for clients in config.engines.values() for client in clients)
        }
        storage = next(iter(config.engines.get("storage", ())), "")
        self._root = str(self._known.get(storage, {}).get("root", ""))
        self._found: list[Permission] = []
        self._notes: dict[str, None] = {}

    def everything(self) -> None:
        """All that the clients of the config can be asked."""
        for role, clients in self._config.engines.items():
            for client in clients:
                for verb in sorted(self._registry.roles(self._config.type_of(client)).get(role, ())):
                    self._ask(client, f"{role}.{verb}", _ANYTHING)
                    if verb == "query":
                        self._ask(client, f"{role}.{verb}", {**_ANYTHING, "output": "{{output}}"})

    def operator(self, operator: Operator, parameters: Mapping[str, Any]) -> None:
        """What the sentences of an operator say."""
        from mason.dryrun.sentences import finish

        if not operator.sentences:
            self._notes[
                f"operator {operator.namespace}:{operator.command} is written in Python, and what it calls is not "
                "known: all verbs of the config are allowed"
            ] = None
            self.everything()
            return
        defaults = {each.name: each.default for each in operator.parameters if not each.required}
        types = {each.name: each.type for each in operator.parameters}
        values: dict[str, Any] = {
            **defaults,
            **{name: _typed(value, types.get(name, "any")) for name, value in parameters.items()},
        }
        for sentence in operator.sentences:
            if any(name in values and bool(values[name]) is not wanted for name, wanted in sentence.all_conditions):
                continue
            arguments = finish(sentence, values)
            for role, client in self._players(sentence.engine, sentence.verb):
                self._ask(client, f"{role}.{sentence.verb}", arguments)
            result = {
                "database": arguments.get("database"),
                "name": arguments.get("table"),
                "location": arguments.get("path"),
            }
            values.update(dict.fromkeys(sentence.names, result))

    def _players(self, engine: str, verb: str) -> list[tuple[str, str]]:
        """Engines that a sentence is said to, with their clients: of ``any`` engine, all that know the verb."""
        engines = self._config.engines
        if engine != "any":
            return [(engine, engines[engine][0])] if engines.get(engine) else []
        every = [(role, client) for role, clients in engines.items() for client in clients]
        known = {client: self._registry.roles(self._config.type_of(client)) for _, client in every}
        return [(role, client) for role, client in every if verb in known[client].get(role, ())]

    def _ask(self, client: str, call: str, arguments: Mapping[str, Any]) -> None:
        found = self._needed(client, call, arguments)
        role, _, verb = call.partition(".")
        storage = next(iter(self._config.engines.get("storage", ())), client)
        if not found and role == "execution" and client != storage:
            # It has no rules of its own: the objects that it works on are asked for as the storage asks for them.
            table = arguments.get("table")
            place = table.get("location") if isinstance(table, Mapping) else None
            found = self._needed(storage, "storage.read", {"path": place})
            if verb in _WRITING or (verb == "query" and arguments.get("output")):
                found += self._needed(storage, "storage.write", {"path": arguments.get("output")})
                if arguments.get("overwrite", False) is not False:
                    found += self._needed(storage, "storage.delete", {"path": arguments.get("output")})
        self._found += found

    def _needed(self, client: str, call: str, arguments: Mapping[str, Any]) -> list[Permission]:
        cls = self._registry.client_class(self._config.type_of(client))
        return list(cls.permissions(self._known[client], call, arguments, root=self._root))

    def policy(self) -> Policy:
        """All that was found: one statement for each set of resources, sorted."""
        by_resources: dict[tuple[str, ...], set[str]] = {}
        for each in self._found:
            by_resources.setdefault(tuple(sorted(each.resources)), set()).update(each.actions)
        statements = [
            {"Effect": "Allow", "Action": sorted(actions), "Resource": list(resources)}
            for resources, actions in sorted(by_resources.items())
        ]
        return Policy(tuple(statements), tuple(self._notes))


def _typed(value: Any, wanted: str) -> Any:
    """A parameter as its operator takes it; as it is where it does not fit, which running it would refuse."""
    from mason.resources.parameters import convert

    try:
        return convert(value, wanted)
    except ValueError:
        return value
