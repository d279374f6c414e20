"""From resources and a snapshot to a plan: pure, so that the same input always gives the same plan.

The loader has found every fault that a document has by itself; here are those that resources and state have
together, all of them raised at once. Resources whose digest equals the state's are not looked into.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter

from mason.errors import Diagnostic, NotFoundError, ResourceError
from mason.planner.diff import compare
from mason.planner.plan import Action, Change, Plan, Wanted
from mason.resources.address import KINDS, kind_of
from mason.resources.kinds import Workflow
from mason.resources.resource import Resource, Resources
from mason.resources.wording import suggestion
from mason.state.snapshot import Entry, Snapshot

Place = Callable[[Resource, tuple[str | int, ...]], int]
"""The line of a nested value: from a resource and a path into its definition."""


def build(
    resources: Resources,
    snapshot: Snapshot,
    *,
    project: str,
    place: Place,
    prune: Sequence[str] | None = None,
    targets: Sequence[str] = (),
) -> Plan:
    """The plan that makes the state hold ``resources``.

    ``prune`` deletes what ``project`` applied and no longer has: ``None`` for nothing, an empty list for
    everything, else the folders and files (relative to the project's root) in which it has to stand.
    ``place`` finds the line of a nested value, for faults.
    ``targets`` narrows the plan to these addresses and what they use. Raises ``ResourceError`` with all faults, and
    ``NotFoundError`` for a target that is neither in the files nor in the state.
    """
    wanted = {resource.address: resource for resource in resources.items}
    applied = snapshot.resources
    selected = _closure(targets, wanted, applied) if targets else None
    actions: list[Action] = []
    unchanged: list[str] = []
    faults: list[Diagnostic] = []
    for resource in resources.items:
        if selected is not None and resource.address not in selected:
            continue
        entry = applied.get(resource.address)
        if entry is not None and entry.digest == resource.digest:
            unchanged.append(resource.address)
            continue
        faults.extend(_dangling(resource, wanted, applied, place))
        actions.append(_save(resource, entry, project))
    # A folder without any resource is more likely the wrong folder than the wish to delete everything.
    if prune is not None and resources.items:
        actions.extend(
            Action("delete", address, reason=f"{entry.file} no longer defines it", replaces=entry.digest)
            for address, entry in _obsolete(wanted, applied, project, prune)
            if selected is None or address in selected
        )
    deleted = {action.address for action in actions if action.kind == "delete"}
    faults.extend(_orphans(deleted, wanted, applied))
    if faults:
        raise ResourceError(faults)
    return Plan(
        actions=_ordered(actions, wanted, applied),
        unchanged=tuple(unchanged),
        lineage=snapshot.lineage,
        serial=snapshot.serial,
        project=project,
        files=resources.files,
        resources=len(resources.items),
        passed_over=resources.passed_over,
        warnings=tuple(_foreign(actions, applied, project)),
    )


def build_destroy(snapshot: Snapshot, *, targets: Sequence[str] = (), project: str = "") -> Plan:
    """The plan that deletes ``targets`` and all that uses them from the state; without targets, everything in it.

    Raises ``NotFoundError`` for a target that the state does not hold.
    """
    applied = snapshot.resources
    for target in targets:
        if target not in applied:
            raise NotFoundError(f"There is no {target} in the state{_hint(target, applied)}.")
    users: dict[str, list[str]] = {}
    for address, entry in applied.items():
        for used in references_of(entry):
            users.setdefault(used, []).append(address)
    doomed = dict.fromkeys(targets or applied, "destroy was asked for")
    waiting = list(doomed)
    while waiting:
        used = waiting.pop()
        for address in users.get(used, ()):
            if address not in doomed:
                doomed[address] = f"it uses {used}"
                waiting.append(address)
    actions = [
        Action("delete", address, reason=reason, replaces=applied[address].digest) for address, reason in doomed.items()
    ]
    return Plan(_ordered(actions, {}, applied), (), snapshot.lineage, snapshot.serial, project)


def references_of(entry: Entry) -> tuple[str, ...]:
    """The addresses that an applied resource uses."""
    if entry.kind != "workflow":
        return ()
    return tuple(step.address for step in Workflow.from_definition(entry.definition).steps)


def _save(resource: Resource, entry: Entry | None, project: str) -> Action:
    module = resource.module
    wanted = Wanted(
        digest=resource.digest,
        encoded=resource.encoded,
        project=project,
        file=resource.file,
        module=module.digest if module else None,
        source=module.content if module else None,
    )
    action = Action("create", resource.address, "not in the state", resource.file, resource.line, wanted=wanted)
    if entry is None:
        return action
    # Compared as JSON: what the state gives back went through JSON as well.
    changes, unchanged = compare(entry.definition, json.loads(resource.encoded))
    if entry.module != wanted.module:
        changes += (Change("module", "changed", entry.module, wanted.module),)
    reason = (
        "its Python files changed" if len(changes) == 1 and changes[0].path == "module" else "its definition changed"
    )
    return replace(action, kind="overwrite", reason=reason, changes=changes, unchanged=unchanged, replaces=entry.digest)


def _dangling(
    resource: Resource, wanted: Mapping[str, Resource], applied: Mapping[str, Entry], place: Place
) -> Iterator[Diagnostic]:
    """References of a workflow's steps to what is neither in the files nor in the state."""
    missing = {address for address in resource.references if address not in wanted and address not in applied}
    if not missing:
        return
    known = sorted({*wanted, *applied})
    for index, step in enumerate(Workflow.from_definition(resource.definition).steps):
        if step.address in missing:
            message = f"step {step.id} uses {step.address}, which is neither in these files nor in the state"
            remedy = suggestion(step.address, [address for address in known if kind_of(address) == step.type], "known")
            yield Diagnostic(
                resource.file, place(resource, ("dag", index)), message, "" if remedy == "known: " else remedy
            )


def _obsolete(
    wanted: Mapping[str, Resource], applied: Mapping[str, Entry], project: str, within: Sequence[str]
) -> Iterator[tuple[str, Entry]]:
    for address, entry in applied.items():
        inside = not within or any(entry.file == part or entry.file.startswith(part + "/") for part in within)
        if entry.project == project and address not in wanted and inside:
            yield address, entry


def _orphans(deleted: set[str], wanted: Mapping[str, Resource], applied: Mapping[str, Entry]) -> Iterator[Diagnostic]:
    """Whatever stays and uses something that would be deleted."""
    if not deleted:
        return
    users = {address: resource.references for address, resource in wanted.items()}
    users |= {address: references_of(entry) for address, entry in applied.items() if address not in users}
    for address, references in users.items():
        for used in references if address not in deleted else ():
            if used in deleted:
                file = wanted[address].file if address in wanted else ""
                line = wanted[address].line if address in wanted else 0
                yield Diagnostic(file, line, f"{address} uses {used}, which would be deleted", "delete both or neither")


def _foreign(actions: Iterable[Action], applied: Mapping[str, Entry], project: str) -> Iterator[str]:
    for action in actions:
        if action.kind == "overwrite" and applied[action.address].project not in ("", project):
            yield f"{action.address} was applied by project {applied[action.address].project}, which is not this one."


def _closure(targets: Sequence[str], wanted: Mapping[str, Resource], applied: Mapping[str, Entry]) -> set[str]:
    """The targets and, transitively, all that they use."""
    for target in targets:
        if target not in wanted and target not in applied:
            raise NotFoundError(
                f"There is no {target} in the files or in the state{_hint(target, [*wanted, *applied])}."
            )
    closure: set[str] = set()
    waiting = list(targets)
    while waiting:
        address = waiting.pop()
        if address not in closure:
            closure.add(address)
            waiting.extend(wanted[address].references if address in wanted else ())
    return closure


def _ordered(
    actions: Sequence[Action], wanted: Mapping[str, Resource], applied: Mapping[str, Entry]
) -> tuple[Action, ...]:
    """Saves first, each after what it uses; then deletions, each before what it uses."""
    saves = {action.address: action for action in actions if action.kind in ("create", "overwrite")}
    deletions = {action.address: action for action in actions if action.kind == "delete"}
    uses = {address: wanted[address].references for address in saves}
    order = [saves[address] for address in _sorted(saves, uses)]
    uses = {address: references_of(applied[address]) for address in deletions}
    order += [deletions[address] for address in reversed(_sorted(deletions, uses))]
    return tuple(order)


def _sorted(addresses: Iterable[str], uses: Mapping[str, Sequence[str]]) -> list[str]:
    """The addresses in topological order; by kind and then by name where the order is free.

    Raises ``ResourceError`` when workflows contain one another.
    """
    by_name = sorted(addresses, key=lambda address: (KINDS.index(kind_of(address)), address))
    sorter = TopologicalSorter({address: [used for used in uses[address] if used in uses] for address in by_name})
    try:
        sorter.prepare()
    except CycleError as error:
        circle = " -> ".join(error.args[1])
        raise ResourceError([Diagnostic("", 0, f"workflows contain one another: {circle}")]) from error
    order: list[str] = []
    rank = {address: number for number, address in enumerate(by_name)}
    while sorter.is_active():
        ready = sorted(sorter.get_ready(), key=rank.__getitem__)
        order.extend(ready)
        sorter.done(*ready)
    return order


def _hint(name: str, known: Iterable[str]) -> str:
    remedy = suggestion(name, known, "known")
    return f" ({remedy})" if remedy else ""
