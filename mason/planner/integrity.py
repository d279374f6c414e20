"""What would be wrong with the state as a whole once a plan was applied: names that lead nowhere, circles, deletions of
what is used or protected, and whose resources are touched. Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from mason.errors import Diagnostic
from mason.planner.plan import Action
from mason.resources.address import config_address, kind_of, work_address
from mason.resources.kinds import addresses_used, effect_of, uses_others
from mason.resources.order import cycles
from mason.resources.resource import Resource, Resources
from mason.resources.wording import suggestion
from mason.state.snapshot import Entry

if TYPE_CHECKING:
    from mason.planner.runs_and_schedules import Place
    from mason.resources.faults import Path


NOWHERE = "which is neither in these files nor in the state"
"""How it is said that a reference leads to nothing."""


def _is_operator(address: str) -> bool:
    # Not asked of mason.resources.operator: a plan without a change needs nothing else of it.
    return kind_of(address) == "operator"


def references_of(entry: Entry) -> tuple[str, ...]:
    """The addresses that an applied resource uses."""
    try:
        return addresses_used(entry.definition)
    except (KeyError, TypeError, AttributeError, ValueError):
        # It was edited by hand into something that names nothing.
        return ()


def dangling(
    resource: Resource,
    wanted: Mapping[str, Resource],
    applied: Collection[str],
    place: Place,
    nowhere: str = NOWHERE,
) -> Iterator[Diagnostic]:
    """References of a resource to what is neither in the files nor in the state. ``nowhere`` says so."""
    missing = {address for address in resource.references if address not in wanted and address not in applied}
    if not missing:
        return
    from mason.resources.executed import configs_of
    from mason.resources.workflow import Workflow

    known = sorted({*wanted, *applied})
    if effect_of(resource.address):
        # Of the steps of workflows within, the dry run tells what they lack.
        parameters = resource.definition.get("parameters")
        missing -= {*map(config_address, configs_of(parameters))} - {
            config_address(resource.definition["config_id"]),
            *map(config_address, configs_of(parameters, deep=False)),
        }
        for address in sorted(missing):
            message = f"{resource.address} uses {address}, {nowhere}"
            others = [each for each in known if kind_of(each) == kind_of(address) and each != resource.address]
            remedy = suggestion(address, others, "known")
            yield Diagnostic(resource.file, place(resource, _naming(resource, address)), message, remedy)
        return
    if _is_operator(resource.address):
        for index, sentence in enumerate(resource.definition["do"]):
            for address in missing.intersection(sentence):
                message = f"sentence {index + 1} says {address}, {nowhere}"
                others = [each for each in known if _is_operator(each) and each != resource.address]
                line = place(resource, ("do", index, address))
                yield Diagnostic(resource.file, line, message, suggestion(address, others, "known"))
        return
    for index, step in enumerate(Workflow.from_definition(resource.definition).steps):
        if step.address in missing:
            message = f"step {step.id} uses {step.address}, {nowhere}"
            # Not the workflow in which it stands: that would be a circle.
            others = [each for each in known if kind_of(each) == step.type and each != resource.address]
            remedy = suggestion(step.address, others, "known")
            yield Diagnostic(resource.file, place(resource, ("dag", index)), message, remedy)


def undefined_beside(
    resources: Resources, faulty: Collection[str], applied: Collection[str], place: Place, nowhere: str
) -> Iterator[Diagnostic]:
    """What :func:`dangling` finds in resources beside which others have faults, at the addresses ``faulty``. Nothing
    where it is not clear which those are: they may be what is referred to."""
    if "" in faulty:
        return
    wanted = {resource.address: resource for resource in resources.items}
    known = {*applied, *faulty}
    for resource in resources.items:
        yield from dangling(resource, wanted, known, place, nowhere)


def _naming(resource: Resource, address: str) -> Path:
    """Where a run or schedule names what it uses."""
    definition = resource.definition
    if address == work_address(definition):
        return ("workflow",) if "workflow" in definition else ("operator",)
    if address == config_address(definition["config_id"]):
        return ("config_id",)
    name = address.partition(".")[2]
    if effect_of(address) == "done" and name in definition.get("depends_on", ()):
        return ("depends_on", definition["depends_on"].index(name))
    return ("parameters",)


def together(
    actions: Sequence[Action],
    wanted: Mapping[str, Resource],
    applied: Mapping[str, Entry],
    digests: Mapping[str, str],
) -> Iterator[Diagnostic]:
    """What would be wrong with the state as a whole once the actions were done. ``digests`` are those of
    ``applied``."""
    saved = {action.address for action in actions if action.kind != "delete"}
    deleted = {action.address for action in actions if action.kind == "delete"}
    moved = {action.moved_from: action.address for action in actions if action.moved_from}
    if not deleted and not moved and not any(wanted[address].references for address in saved):
        return
    uses = {address: wanted[address].references for address in sorted(saved)}
    # Operators use nothing but operators, and few do.
    of_operators = any(map(_is_operator, (*deleted, *moved))) or any(_is_operator(each) for each in saved if uses[each])
    for address in applied:
        # By address first: a large state is decoded where it is asked for, and most of it uses nothing.
        if not uses_others(address) or (_is_operator(address) and not of_operators):
            continue
        if address in saved or address in deleted or address in moved:
            continue
        if _is_operator(address) and address in wanted and digests.get(address) == wanted[address].digest:
            uses[address] = wanted[address].references
        else:
            uses[address] = references_of(applied[address])
    for address, references in uses.items():
        for used in references:
            if used in deleted:
                message = f"{address} uses {used}, which would be deleted"
                yield Diagnostic(*_standing(address, wanted), message, "delete both or neither")
            elif used in moved:
                message = f"{address} uses {used}, which is {moved[used]} now"
                yield Diagnostic(*_standing(address, wanted), message, "write its new name there too")
    for circle in cycles(uses):
        changed = next((address for address in circle if address in saved), circle[0])
        if effect_of(changed) == "done":
            message, remedy = f"runs wait for one another: {' -> '.join(circle)}", "let one of them wait for none"
        elif _is_operator(changed):
            message, remedy = f"operators say one another: {' -> '.join(circle)}", "take one of these sentences out"
        else:
            message, remedy = f"workflows contain one another: {' -> '.join(circle)}", "take one of these steps out"
        yield Diagnostic(*_standing(changed, wanted), message, remedy)


def _standing(address: str, wanted: Mapping[str, Resource]) -> tuple[str, int]:
    return (wanted[address].file, wanted[address].line) if address in wanted else ("", 0)


def foreign(actions: Iterable[Action], applied: Mapping[str, Entry], project: str) -> dict[str, tuple[str, ...]]:
    """What is overwritten, moved or deleted although another project applied it: the addresses, by project."""
    touched = (action for action in actions if action.replaces is not None)
    return by_owner(
        ((action.address, applied[action.moved_from or action.address].project) for action in touched), project
    )


def by_owner(owned: Iterable[tuple[str, str]], project: str) -> dict[str, tuple[str, ...]]:
    """The addresses of ``owned``, pairs of an address and its project, that are not this project's, by project."""
    found: dict[str, list[str]] = {}
    for address, owner in owned:
        if owner not in ("", project):
            found.setdefault(owner, []).append(address)
    return {owner: tuple(found[owner]) for owner in sorted(found)}


def protected(actions: Iterable[Action], applied: Mapping[str, Entry]) -> Iterator[Diagnostic]:
    """Deletions of what is protected in the state, also where its document is gone."""
    for action in actions:
        if action.kind == "delete" and applied[action.address].definition.get("protect") is True:
            file = applied[action.address].file
            remedy = f"set protect: false in {file} and apply that first, or let the state forget it: mason state rm"
            yield Diagnostic(
                "", 0, f"{action.address} is protected, so it is not deleted", f"{remedy} {action.address}"
            )
