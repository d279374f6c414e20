"""Whether the operators that are made of others fit them: what is wrong in the files, with its lines. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from mason.dryrun.composing import compose
from mason.errors import Diagnostic
from mason.planner.runs_and_schedules import Place
from mason.resources.operator import COMPOSED, Operator, is_operator
from mason.resources.resource import Resource
from mason.state.snapshot import Entry


def misfits(
    resources: Iterable[Resource],
    wanted: Mapping[str, Resource],
    applied: Mapping[str, Entry],
    moved: Collection[str],
    place: Place,
) -> Iterator[Diagnostic]:
    """What is wrong with the sentences of ``resources``, operators, that say other ones.

    These are looked up in ``wanted`` and then in ``applied``, without those that are ``moved`` to another address.
    What leads nowhere, and circles, are told elsewhere.
    """
    find = _finder(wanted, applied, moved)
    for resource in resources:
        _, findings = compose(Operator.from_definition(resource.definition), find)
        for path, message, remedy in findings:
            inner = str(path[2])
            if len(path) == 3 and is_operator(inner) and (find(inner) is None or _leads_in_circles(inner, find)):
                continue
            yield Diagnostic(resource.file, place(resource, path), message, remedy)


def _leads_in_circles(address: str, find: Callable[[str], Operator | None], within: tuple[str, ...] = ()) -> bool:
    """Whether the operator at ``address``, or one that it is made of, is made of itself."""
    operator = find(address)
    if operator is None or address in within:
        return operator is not None
    inner = [f"{COMPOSED}.{each.verb}" for each in operator.sentences if each.engine == COMPOSED]
    return any(_leads_in_circles(each, find, (*within, address)) for each in inner)


def _finder(
    wanted: Mapping[str, Resource], applied: Mapping[str, Entry], moved: Collection[str]
) -> Callable[[str], Operator | None]:
    known: dict[str, Operator | None] = {}

    def find(address: str) -> Operator | None:
        if address not in known:
            definition: Mapping[str, Any] | None = None
            if address in wanted:
                definition = wanted[address].definition
            elif address in applied and address not in moved:
                definition = applied[address].definition
            known[address] = Operator.from_definition(definition) if definition is not None else None
        return known[address]

    return find
