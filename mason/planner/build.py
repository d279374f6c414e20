"""From resources and a snapshot to a plan: pure, so that the same input always gives the same plan.

The loader has found every fault that a document has by itself; here are those that resources and state have
together, all of them raised at once. Resources whose digest equals the state's are not looked into, unless they were
edited there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from mason.errors import Diagnostic, NotFoundError, ResourceError
from mason.planner.coming import Coming, ReadSource
from mason.planner.drift import sentences
from mason.planner.integrity import dangling, foreign, protected, references_of, together
from mason.planner.plan import Action, Broken, Drift, Plan
from mason.planner.renaming.moves import likely, renames
from mason.planner.saving import Saving, deletion
from mason.resources.address import kind_of
from mason.resources.config import is_config
from mason.resources.kinds import effect_of
from mason.resources.order import topological
from mason.resources.resource import Resource, Resources
from mason.resources.wording import suggestion
from mason.state.snapshot import Entry, Snapshot

if TYPE_CHECKING:
    from mason.dryrun.check import ClientCatalog
    from mason.planner.runs_and_schedules import Applying, Estimating, Looking, Observe, Place
    from mason.state.outcome import History


class Prune:
    """What may be deleted because its file is gone: what the project applied and no longer defines.

    ``defined`` are all addresses of the project, whatever part of it is being planned. ``within`` are files and
    folders, relative to the project's root, in which it has to have stood; empty for anywhere. Without ``deletes`` it
    is only counted.
    """

    def __init__(self, defined: Collection[str], within: Sequence[str] = (), *, deletes: bool = True) -> None:
        self.defined = defined
        self.within = within
        self.deletes = deletes

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
    catalog: ClientCatalog | None = None,
    observe: Observe | None = None,
    take_over: Collection[str] = (),
    drifts: Sequence[Drift] = (),
    history: History = lambda run_id: None,
    applying: Applying = lambda: None,
    estimate: Estimating = lambda plan: (),
    again: Collection[str] = (),
    look: Looking | None = None,
) -> Plan:
    """The plan that makes the state hold ``resources``.

    ``place`` finds lines for faults, ``read_source`` what Python files were before. ``prune`` says what else to delete,
    or to count.
    ``targets`` narrows the plan to these addresses and what they use. ``strict`` also asks whether the sources of
    unchanged resources are still there. ``catalog`` and ``observe`` are needed where there are runs or schedules.
    ``take_over`` are projects whose resources become this project's where it defines them too. ``drifts`` are what
    engines and the store hold otherwise, as far as somebody looked: the plan puts it right where these files define it.
    ``history`` is asked how runs ended of which the state was not told, and ``applying`` who may be at them still.
    ``estimate`` is asked what runs would cost. ``again`` are addresses of runs and schedules to be done in any case.
    ``look`` is asked what there is to say of the queries of runs.

    Raises ``ResourceError`` with all faults, and ``NotFoundError`` for a target that is neither in the files nor in the
    state.
    """
    wanted = {resource.address: resource for resource in resources.items}
    applied, digests, edited = snapshot.resources, snapshot.digests, frozenset(snapshot.edited)
    selected = _closure(targets, wanted, applied) if targets else None
    _refuse_again(again, wanted, selected)
    renamed = renames(resources.moves, wanted, digests.keys())
    drifted = sentences(drifts)
    saving = Saving(applied, project, read_source, renamed.before, edited, take_over)
    actions: list[Action] = []
    unchanged: list[str] = []
    faults: list[Diagnostic] = list(renamed.faults)
    executed: list[Resource] = []
    for resource in resources.items:
        if selected is not None and resource.address not in selected:
            continue
        if effect_of(resource.address):
            executed.append(resource)
            continue
        if resource.address not in edited and digests.get(resource.address) == resource.digest:
            damaged = strict and resource.module is not None and read_source(resource.module.digest) is None
            if damaged or resource.address in drifted or saving.is_taken_over(resource.address):
                actions.append(saving.save(resource))
            else:
                unchanged.append(resource.address)
            continue
        faults.extend(dangling(resource, wanted, applied, place))
        actions.append(saving.save(resource))
    undefined: list[str] = []
    if prune is not None:
        gone = set(renamed.before.values())
        own = snapshot.applied_by(project, [address for address in applied if address not in prune.defined])
        for address, entry in prune.obsolete(own, project):
            if address in gone or (selected is not None and address not in selected):
                continue
            if prune.deletes:
                actions.append(deletion(address, entry, f"{entry.file} no longer defines it"))
            else:
                undefined.append(address)
    warnings: list[str] = [*resources.notes, *renamed.warnings]
    here = {action.address for action in actions}.union(resource.address for resource in executed)
    moves = {before: after for after, before in renamed.before.items() if after in here}
    settled: dict[str, Entry] = {}
    followed: dict[str, Entry] = {}
    if executed or moves:
        # Imported here, and below: most plans are about definitions only.
        from mason.planner import runs_in_order

        # Decoded together, which costs half as much as one after another.
        snapshot.select([each.address for each in executed if each.address in applied])
        settled = runs_in_order.settled(executed, saving, history)
        followed = runs_in_order.followed(applied, moves, settled) if moves else {}
    coming: Coming | None = None
    if executed:
        from mason.planner.runs_and_schedules import Executions

        assert catalog is not None, "runs and schedules are planned with a catalog"
        assert observe is not None, "runs and schedules are planned by whoever can look at inputs"
        saved = {action.address for action in actions if action.wanted is not None}
        coming = Coming(
            [wanted[address] for address in saved] + executed, snapshot, read_source, renamed.before, settled
        )
        lost = {each.address: list(dangling(each, wanted, applied, place)) for each in executed}
        executions = Executions(
            coming.entry,
            read_source=coming.source,
            catalog=catalog,
            place=place,
            observe=observe,
            edited=edited.difference(saved, (each.address for each in executed)),
            held=saving.entry,
            moves=moves,
            applying=applying,
            estimate=estimate,
            again=again,
            look=look,
        )
        planned = runs_in_order.RunsInOrder(executions, saving, drifted, settled, followed, moves)
        planned.plan([each for each in executed if not lost[each.address]], coming.entry)
        actions += planned.actions
        unchanged += planned.unchanged
        faults += [*(fault for each in lost.values() for fault in each), *planned.faults]
        warnings += planned.warnings
    faults.extend(_misfits(resources.items, wanted, applied, renamed.before.values(), place, selected))
    faults.extend(together(actions, wanted, applied, digests))
    faults.extend(protected(actions, applied))
    if faults:
        raise ResourceError(faults)
    planned_here = {*edited, *(action.address for action in actions)}
    carried = runs_in_order.carried(followed, applied, moves, planned_here) if followed else ()
    broken: tuple[Broken, ...] = ()
    if catalog is not None and any(map(_does_otherwise, actions)):
        if coming is None:
            saves = [wanted[action.address] for action in actions if action.wanted is not None]
            coming = Coming(saves, snapshot, read_source, renamed.before, settled)
        broken = _broken(actions, wanted, snapshot, coming, catalog, [each.address for each in executed])
    return Plan(
        actions=(*_ordered(actions, wanted, applied), *carried),
        unchanged=tuple(unchanged),
        lineage=snapshot.lineage,
        serial=snapshot.serial,
        project=project,
        files=resources.files,
        resources=len(resources.items),
        passed_over=resources.passed_over,
        warnings=(*_left_edited(actions, edited, selected), *warnings, *likely(actions, applied)),
        foreign=foreign(actions, applied, project),
        drifts=tuple(drifts),
        broken=broken,
        undefined=tuple(undefined),
    )


def _misfits(
    resources: Sequence[Resource],
    wanted: Mapping[str, Resource],
    applied: Mapping[str, Entry],
    moved: Collection[str],
    place: Place,
    selected: Collection[str] | None,
) -> Iterator[Diagnostic]:
    """What is wrong with operators that are made of others, whether they changed or those did."""
    made = [each for each in resources if each.references and kind_of(each.address) == "operator"]
    if not made:
        return
    # Imported here: most operators are made of none.
    from mason.planner.compositions import misfits

    chosen = made if selected is None else [each for each in made if each.address in selected]
    yield from misfits(chosen, wanted, applied, set(moved), place)


_WORDS = frozenset({"description", "protect", "read_only"})
"""The last parts of the paths of changes that change nothing of what a definition does."""


def _does_otherwise(action: Action) -> bool:
    """Whether an action changes what configs, operators and workflows can do."""
    if effect_of(action.address):
        return False
    return action.kind != "overwrite" or any(change.path.rpartition(".")[2] not in _WORDS for change in action.changes)


def _broken(
    actions: Sequence[Action],
    wanted: Mapping[str, Resource],
    snapshot: Snapshot,
    coming: Coming,
    catalog: ClientCatalog,
    planned: Collection[str],
) -> tuple[Broken, ...]:
    """What cannot run once ``actions`` are done. ``planned`` are the runs and schedules that they are about."""
    # Imported here: a plan without a change asks for none of this.
    from mason.planner.breaking import Side, find_broken

    applied, edited = snapshot.resources, frozenset(snapshot.edited)
    changed = {action.address for action in actions if _does_otherwise(action)}
    saved = {action.address for action in actions if action.wanted is not None}
    moved = {action.moved_from for action in actions if action.moved_from}
    gone = moved.union(action.address for action in actions if action.kind == "delete")
    if any(map(is_config, changed)):
        # All operators are looked at: decoded together, which costs half as much as one after another.
        snapshot.select(list(applied))
    after = dict.fromkeys(address for address in applied if address not in gone) | dict.fromkeys(saved)
    stale = edited - saved
    return find_broken(
        Side(applied.keys(), lambda each: None if each in edited else applied.get(each), coming.source),
        Side(after, lambda each: coming.entry(each) if each in after and each not in stale else None, coming.source),
        changed | moved,
        catalog=catalog,
        calls={each.module.digest: each.module.calls for each in wanted.values() if each.module is not None},
        planned=planned,
    )


def build_destroy(
    snapshot: Snapshot,
    *,
    targets: Sequence[str] = (),
    project: str = "",
    catalog: ClientCatalog | None = None,
    read_source: ReadSource = lambda digest: None,
) -> Plan:
    """The plan that deletes ``targets`` and all that uses them from the state; without targets, everything in it.

    ``catalog`` and ``read_source`` are those of :func:`build`; without a catalog nothing tells what the plan breaks.
    Raises ``NotFoundError`` for a target that the state does not hold, ``ResourceError`` with all that is protected.
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
    actions = [deletion(address, applied[address], reason) for address, reason in doomed.items()]
    refused = list(protected(actions, applied))
    if refused:
        raise ResourceError(refused)
    return Plan(
        _ordered(actions, {}, applied),
        lineage=snapshot.lineage,
        serial=snapshot.serial,
        project=project,
        foreign=foreign(actions, applied, project),
        broken=_broken(actions, {}, snapshot, Coming((), snapshot, read_source, {}, {}), catalog, ())
        if catalog is not None and any(map(is_config, doomed))
        else (),
    )


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


def _refuse_again(again: Collection[str], wanted: Mapping[str, Resource], selected: Collection[str] | None) -> None:
    """Raises ``NotFoundError`` for what is to be done again and is not planned, or is not done at all."""
    for address in again:
        if address not in wanted or (selected is not None and address not in selected):
            raise NotFoundError(f"There is no {address} among what is planned{_hint(address, wanted)}.")
        if not effect_of(address):
            raise NotFoundError(f"{address} is saved and not done, so not done again either: runs and schedules are.")


def _ordered(
    actions: Sequence[Action], wanted: Mapping[str, Resource], applied: Mapping[str, Entry]
) -> tuple[Action, ...]:
    """Saves and runs first, each after what it uses; then deletions, each before what it uses."""
    saves = {action.address: action for action in actions if action.kind != "delete"}
    deletions = {action.address: action for action in actions if action.kind == "delete"}
    order = [saves[address] for address in topological({address: wanted[address].references for address in saves})]
    gone = topological({address: references_of(applied[address]) for address in deletions})
    return (*order, *(deletions[address] for address in reversed(gone)))


def _hint(name: str, known: Iterable[str]) -> str:
    remedy = suggestion(name, known, "known")
    return f" ({remedy})" if remedy else ""
