"""The part of a plan that is about runs and schedules: one after the other, each run after those it waits for, and what
is carried over from other names. Pure; loaded by plans that have some.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from mason.errors import Diagnostic, ResourceError
from mason.planner.diff import compare
from mason.planner.integrity import references_of
from mason.planner.plan import Action, Wanted
from mason.planner.renaming.rename import renamed
from mason.planner.runs_and_schedules import Due, Executions, lacking_results, unready
from mason.planner.saving import Saving
from mason.resources.kinds import effect_of
from mason.resources.order import topological
from mason.resources.resource import Resource, encode
from mason.state.outcome import Outcome
from mason.state.snapshot import Entry

if TYPE_CHECKING:
    from mason.dryrun.run_results import Lookup
    from mason.state.outcome import History


class RunsInOrder:
    """Decides on runs and schedules.

    executions: decides on one of them.
    saving: what is saved of them.
    drifted: what became of what they left in engines, by address.
    settled: the entries of those of which the history knows better how they ended.
    followed: the entries of those that are, or use, what has another name now.
    moves: the new addresses by the old ones.
    """

    def __init__(
        self,
        executions: Executions,
        saving: Saving,
        drifted: Mapping[str, str],
        settled: Mapping[str, Entry],
        followed: Mapping[str, Entry],
        moves: Mapping[str, str],
    ) -> None:
        self._executions = executions
        self._drifted = drifted
        self._saving = saving
        self._settled = settled
        self._followed = followed
        self._moves = moves
        self.actions: list[Action] = []
        self.unchanged: list[str] = []
        self.faults: list[Diagnostic] = []
        self.warnings: list[str] = []

    def plan(self, resources: Sequence[Resource], lookup: Lookup) -> None:
        """Decide on ``resources``; those whose definitions are faulty become faults."""
        by_address = {resource.address: resource for resource in resources}
        lacking = lacking_results(resources, lookup)
        done: set[str] = set()
        for address in topological({each.address: each.references for each in resources}):
            resource, held = by_address[address], self._saving.entry(address)
            settled, followed = self._settled.get(address), self._followed.get(address)
            entry = followed or settled or held
            action, edited = self._saving.save(resource), self._saving.is_edited(address)
            # What is shown is what changes in the state. A run is done again for what changes besides names; schedulers
            # are told names as well.
            changes = action.changes
            if followed is not None and effect_of(address) == "done":
                changes = compare(followed.definition, resource.definition)[0]
            if held is not None and entry is not None and entry.outcome != held.outcome:
                action = replace(action, outcome=entry.outcome)
            before = [used for used in resource.references if used in done]
            try:
                if effect_of(address) == "put":
                    due = self._executions.schedule(
                        resource,
                        entry,
                        changes,
                        edited=edited,
                        before=before,
                        drift=self._drifted.get(address, ""),
                    )
                else:
                    due = self._executions.run(
                        resource,
                        entry,
                        changes,
                        edited=edited,
                        before=before,
                        lacking=lacking.get(address, ""),
                        drift=self._drifted.get(address, ""),
                    )
            except ResourceError as error:
                self.faults += error.diagnostics
                continue
            if due is None and settled is not None:
                due = Due("overwrite", "it succeeded, and the state was not told")
            if due is None and followed is not None and held is not None and not action.moved_from:
                due = Due("overwrite", _named_otherwise(held, self._moves))
            if due is None and (action.moved_from or self._saving.is_taken_over(address)):
                self.actions.append(action)
                continue
            if due is None:
                self.unchanged.append(address)
                continue
            if due.kind == "run":
                done.add(address)
            self.warnings += [f"{address}: {warning}" for warning in due.warnings]
            self.warnings += self._unready(resource, by_address.keys(), lookup)
            moved = f"moved from {action.moved_from}; " if action.moved_from else ""
            self.actions.append(
                replace(
                    action,
                    kind="move" if moved and due.kind == "overwrite" else due.kind,
                    reason=moved + due.reason,
                    calls=due.calls,
                    steps=due.steps,
                    is_conditional=due.is_conditional,
                    estimates=due.estimates,
                    notes=due.notes,
                )
            )

    def _unready(self, resource: Resource, planned: Collection[str], lookup: Lookup) -> Iterator[str]:
        """What is to be warned of for a run or schedule that needs others which this plan does not do."""
        elsewhere = [used for used in resource.references if effect_of(used) == "done" and used not in planned]
        if not elsewhere:
            return
        for used, sentence in unready(resource.definition, lookup).items():
            if used in elsewhere:
                yield f"{resource.address}: {sentence}, and it is not in this plan. Plan both together."


def settled(executed: Iterable[Resource], saving: Saving, history: History) -> dict[str, Entry]:
    """The entries of runs with the outcomes that the history knows better, by the addresses that they will have."""
    found: dict[str, Entry] = {}
    for resource in executed:
        entry = saving.entry(resource.address)
        outcome = Outcome.of(entry)
        if entry is not None and outcome is not None and (told := outcome.told(history)) is not outcome:
            found[resource.address] = replace(entry, outcome=told.to_dict())
    return found


def followed(applied: Mapping[str, Entry], moves: Mapping[str, str], better: Mapping[str, Entry]) -> dict[str, Entry]:
    """What is otherwise once ``moves`` were followed, by the addresses that it will have. ``better`` are entries that
    are known better than the state knows them."""
    before = {after: old for old, after in moves.items()}
    known = {**applied, **{before.get(address, address): entry for address, entry in better.items()}}
    return {address: entry for address, entry in renamed(known, moves).items() if known.get(address) is not entry}


def _named_otherwise(held: Entry, moves: Mapping[str, str]) -> str:
    """The new names of what a run or schedule uses."""
    outcome = Outcome.of(held)
    used = {*references_of(held), *(outcome.uses if outcome is not None else ())}
    return ", ".join(f"{before} is {after} now" for before, after in moves.items() if before in used)


def carried(
    others: Mapping[str, Entry], applied: Mapping[str, Entry], moves: Mapping[str, str], planned: Collection[str]
) -> Iterator[Action]:
    """The actions that tell runs among ``others``, which are not ``planned``, what the things that they used are called
    now, or they would be done again. They stay whose they are."""
    for address, entry in others.items():
        if effect_of(address) == "done" and address in applied and address not in planned:
            held = applied[address]
            wanted = Wanted(held.digest, encode(held.definition), held.project, held.file)
            reason = _named_otherwise(held, moves)
            yield Action("overwrite", address, reason, wanted=wanted, replaces=held.digest, outcome=entry.outcome)
