"""From resources and a snapshot to a plan: pure, so that the same input always gives the same plan.

The loader has found every fault that a document has by itself; here are those that resources and state have
together, all of them raised at once. Resources whose digest equals the state's are not looked into, unless they were
edited there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from mason.errors import Diagnostic, NotFoundError, ResourceError
from mason.planner.diff import compare
from mason.planner.order import cycles, topological
from mason.planner.plan import Action, Change, Plan, Wanted
from mason.resources.address import kind_of
from mason.resources.kinds import Workflow
from mason.resources.resource import Resource, Resources
from mason.resources.wording import suggestion
from mason.state.snapshot import Entry, Snapshot

Place = Callable[[Resource, tuple[str | int, ...]], int]
"""The line of a nested value: from a resource and a path into its definition."""

ReadSource = Callable[[str], bytes | None]
"""The module content that the state keeps under a digest; ``None`` where it is missing or damaged."""


class Prune:
    """What may be deleted because its file is gone: what the project applied and no longer defines.

    ``defined`` are all addresses of the project, whatever part of it is being planned. ``within`` are files and
    folders, relative to the project's root, in which it has to have stood; empty for anywhere.
    """

    def __init__(self, defined: Collection[str], within: Sequence[str] = ()) -> None:
        self.defined = defined
        self.within = within

    def obsolete(self, applied: Mapping[str, Entry], project: str) -> Iterator[tuple[str, Entry]]:
        """The applied resources that are to be deleted, by address; none while the project defines nothing at all.

        A folder without any resource is more likely the wrong folder than the wish to delete everything.
        """
        for address, entry in applied.items() if self.defined else ():
            inside = not self.within or any(
                entry.file == part or entry.file.startswith(part + "/") for part in self.within
            )
            if entry.project == project and address not in self.defined and inside:
                yield address, entry


def build(
    resources: Resources,
    snapshot: Snapshot,
    *,
    project: str,
    place: Place,
    read_source: ReadSource,
    prune: Prune | None = None,
    targets: Sequence[str] = (),
    strict: bool = False,
) -> Plan:
    """The plan that makes the state hold ``resources``.

    ``place`` finds lines for faults, ``read_source`` what Python files were before. ``prune`` says what else to delete.
    ``targets`` narrows the plan to these addresses and what they use. ``strict`` also asks whether the sources of
    unchanged resources are still there. Raises ``ResourceError`` with all faults, and ``NotFoundError`` for a
    target that is neither in the files nor in the state.
    """
    wanted = {resource.address: resource for resource in resources.items}
    applied, digests, edited = snapshot.resources, snapshot.digests, frozenset(snapshot.edited)
    selected = _closure(targets, wanted, applied) if targets else None
    actions: list[Action] = []
    unchanged: list[str] = []
    faults: list[Diagnostic] = []
    for resource in resources.items:
        if selected is not None and resource.address not in selected:
            continue
        if resource.address not in edited and digests.get(resource.address) == resource.digest:
            if strict and resource.module is not None and read_source(resource.module.digest) is None:
                actions.append(_save(resource, applied[resource.address], project, read_source))
            else:
                unchanged.append(resource.address)
            continue
        faults.extend(_dangling(resource, wanted, applied, place))
        is_edited = resource.address in edited
        actions.append(_save(resource, applied.get(resource.address), project, read_source, edited=is_edited))
    if prune is not None:
        actions.extend(
            Action("delete", address, reason=f"{entry.file} no longer defines it", replaces=entry.digest)
            for address, entry in prune.obsolete(applied, project)
            if selected is None or address in selected
        )
    faults.extend(_together(actions, wanted, applied))
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
        warnings=(*_foreign(actions, applied, project), *_left_edited(actions, edited, selected)),
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
    return Plan(
        _ordered(actions, {}, applied),
        lineage=snapshot.lineage,
        serial=snapshot.serial,
        project=project,
        warnings=tuple(_foreign(actions, applied, project)),
    )


def references_of(entry: Entry) -> tuple[str, ...]:
    """The addresses that an applied resource uses."""
    if entry.kind != "workflow":
        return ()
    try:
        return tuple(step.address for step in Workflow.from_definition(entry.definition).steps)
    except (KeyError, TypeError, AttributeError):
        # Edited by hand into something else: nobody can tell what it uses.
        return ()


def _save(
    resource: Resource, entry: Entry | None, project: str, read_source: ReadSource, *, edited: bool = False
) -> Action:
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
    files = _changed_files(entry.module, wanted, read_source)
    if edited:
        reason = "it was edited in the state"
    elif changes or not files:
        reason = "its definition changed" if changes else "its stored source is missing or damaged"
    else:
        reason = "its Python files changed"
    return replace(
        action,
        kind="overwrite",
        reason=reason,
        changes=(*changes, *files),
        unchanged=unchanged,
        replaces=entry.digest,
    )


def _changed_files(before: str | None, wanted: Wanted, read_source: ReadSource) -> tuple[Change, ...]:
    """The Python files that differ, each with its text."""
    if before == wanted.module:
        return ()
    old = json.loads((read_source(before) if before else None) or b"{}")
    return compare(old, json.loads(wanted.source or b"{}"))[0]


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
            yield Diagnostic(resource.file, place(resource, ("dag", index)), message, remedy)


def _together(
    actions: Sequence[Action], wanted: Mapping[str, Resource], applied: Mapping[str, Entry]
) -> Iterator[Diagnostic]:
    """What would be wrong with the state as a whole once the actions were done."""
    saved = {action.address for action in actions if action.kind != "delete"}
    deleted = {action.address for action in actions if action.kind == "delete"}
    if not deleted and not any(kind_of(address) == "workflow" for address in saved):
        return
    uses = {address: wanted[address].references for address in saved}
    for address, entry in applied.items():
        if address not in saved and address not in deleted:
            uses[address] = references_of(entry)
    for address, references in uses.items():
        for used in references:
            if used in deleted:
                message = f"{address} uses {used}, which would be deleted"
                yield Diagnostic(*_standing(address, wanted), message, "delete both or neither")
    for circle in cycles(uses):
        changed = next((address for address in circle if address in saved), circle[0])
        message = f"workflows contain one another: {' -> '.join(circle)}"
        yield Diagnostic(*_standing(changed, wanted), message, "take one of these steps out")


def _standing(address: str, wanted: Mapping[str, Resource]) -> tuple[str, int]:
    return (wanted[address].file, wanted[address].line) if address in wanted else ("", 0)


def _foreign(actions: Iterable[Action], applied: Mapping[str, Entry], project: str) -> Iterator[str]:
    """What is overwritten or deleted although another project applied it."""
    for action in actions:
        owner = applied[action.address].project if action.replaces is not None else ""
        if owner not in ("", project):
            yield f"{action.address} was applied by project {owner}, which is not this one."


def _left_edited(actions: Iterable[Action], edited: Collection[str], selected: Collection[str] | None) -> Iterator[str]:
    """What was edited in the state and stays so, because these files do not say what it should be."""
    for address in sorted(set(edited).difference(action.address for action in actions)):
        if selected is None or address in selected:
            yield (
                f"{address} was edited in the state and is not among these files, so it stays as it is. "
                f"Plan the files that define it, or delete it: mason destroy {address}"
            )


def _closure(targets: Sequence[str], wanted: Mapping[str, Resource], applied: Mapping[str, Entry]) -> set[str]:
    """The targets and, transitively, all that they use."""
    for target in targets:
        if target not in wanted and target not in applied:
            hint = _hint(target, [*wanted, *applied])
            raise NotFoundError(f"There is no {target} in the files or in the state{hint}.")
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
    order = [saves[address] for address in topological({address: wanted[address].references for address in saves})]
    gone = topological({address: references_of(applied[address]) for address in deletions})
    return (*order, *(deletions[address] for address in reversed(gone)))


def _hint(name: str, known: Iterable[str]) -> str:
    remedy = suggestion(name, known, "known")
    return f" ({remedy})" if remedy else ""
