"""Use case of completing the parameters of a run while they are typed: names, databases, tables and columns.

Read-only verbs of the config's metastore are called, as a listing would call them. What cannot be had is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mason.dryrun.composing import compose
from mason.dryrun.sentences import placeholder
from mason.project.applied import applied_config
from mason.project.opened import Project
from mason.resources.operator import Operator, is_operator
from mason.resources.parameters import parse_pairs
from mason.resources.workflow import Workflow
from mason.runtime.output import aside

if TYPE_CHECKING:
    from mason.resources.config import Config
    from mason.state.snapshot import Snapshot

_COLUMNS = ("columns", "keys", "order_by", "partition_columns", "filter_columns")
"""The arguments of verbs that name columns."""


def parameters(project: Project, address: str, typed: str, pairs: Sequence[str], config_id: str) -> list[str]:
    """What the pair that is typed for ``-p`` may become, for the operator or workflow at ``address``.

    ``typed`` may hold whole pairs before it, and ``pairs`` are those of earlier ``-p``. Raises ``MasonError`` where the
    state or an engine cannot be asked.
    """
    snapshot = project.store.read()
    before, comma, last = typed.rpartition(",")
    given = dict(parse_pairs([*pairs, *([before] if comma else [])]).values)
    operators = dict(_operators(snapshot, address))
    name, colon, begun = last.partition(":")
    if not colon:
        known = (f"{prefix}{each.name}" for prefix, operator in operators.items() for each in operator.parameters)
        return [f"{before}{comma}{each}:" for each in known if each.startswith(last.strip()) and each not in given]
    prefix = name[: name.rfind(".") + 1]
    operator = operators.get(prefix)
    if operator is None:
        return []
    own = {key.removeprefix(prefix): value for key, value in given.items() if key.startswith(prefix)}
    ask = _Metastore(project, applied_config(project, snapshot, config_id))
    values = ask.values(operator, name.removeprefix(prefix), own)
    return [f"{before}{comma}{name}:{value}" for value in values if value.startswith(begun)]


def _operators(snapshot: Snapshot, address: str) -> Iterator[tuple[str, Operator]]:
    """The operators of an operator or workflow, each with what stands before the names of its parameters."""

    def written(wanted: str) -> Operator | None:
        entry = snapshot.resources.get(wanted)
        return Operator.from_definition(entry.definition) if entry is not None else None

    if is_operator(address):
        operator = written(address)
        if operator is not None:
            yield "", compose(operator, written)[0]
        return
    entry = snapshot.resources.get(address)
    for step in Workflow.from_definition(entry.definition).steps if entry is not None else ():
        if is_operator(step.address) and (operator := written(step.address)) is not None:
            yield f"{step.id}.", compose(operator, written)[0]


class _Metastore:
    """The metastore of a config, asked for what a parameter may be."""

    def __init__(self, project: Project, config: Config) -> None:
        self._project = project
        self._config = config

    def values(self, operator: Operator, name: str, given: Mapping[str, Any]) -> list[str]:
        """What the parameter ``name`` may be, as far as the verbs that it is given to tell; ``given`` are others."""
        declared = {each.name: each.type for each in operator.parameters}
        if declared.get(name) == "boolean":
            return ["false", "true"]
        means = {
            passed: argument
            for sentence in operator.sentences
            for argument, value in sentence.arguments.items()
            if (passed := placeholder(value)) in declared
        }
        where = {means[each]: value for each, value in given.items() if each in means}
        database, table = where.get("database"), where.get("table")
        if means.get(name) == "database":
            return self._asked(lambda ask: [each.name for each in ask("list_databases")])
        if means.get(name) == "table" and database:
            return self._asked(lambda ask: [each.name for each in ask("list_tables", database)])
        if means.get(name) in _COLUMNS and database and table:
            return self._asked(lambda ask: list(ask("get_table", database, table).types))
        return []

    def _asked(self, question: Callable[[Callable[..., Any]], list[str]]) -> list[str]:
        from mason.project.runs.clients import Clients
        from mason.runtime.context import ask

        players = self._config.engines.get("metastore", ())
        if not players:
            return []
        clients = Clients(self._project, self._config, {"metastore": players[0]})
        try:
            with aside():
                return question(lambda verb, *arguments: ask(players[0], clients.engine, "metastore", verb, *arguments))
        finally:
            clients.close()
