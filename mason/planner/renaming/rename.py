"""A resource of the state under another address, and all that refers to it with it: for people who renamed it in their
files. Pure.

Definition and address always agree, and digests are those that the renamed files have, so that there is nothing left
to plan. What schedulers hold is not in reach: schedules are put anew by the next apply.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from mason.errors import ConflictError, MasonError, NotFoundError, StateFormatError
from mason.planner.integrity import references_of
from mason.resources import kinds
from mason.resources.address import config_address, is_name, kind_of
from mason.resources.behaviour import behaviour_of
from mason.resources.executed import referring_to
from mason.resources.resource import digest_of, encode
from mason.resources.wording import quoted, suggestion
from mason.state.outcome import Outcome
from mason.state.snapshot import Entry, Snapshot
from mason.values import dataclass


@dataclass(frozen=True, slots=True)
class Renamed:
    """A state after a rename. ``rewritten`` are the addresses of what referred to the old name, ``schedules`` those of
    the schedules that schedulers hold with it still. ``has_module`` says that Python stands beside what was renamed."""

    resources: Mapping[str, Entry]
    rewritten: tuple[str, ...] = ()
    schedules: tuple[str, ...] = ()
    has_module: bool = False


def rename(snapshot: Snapshot, before: str, after: str) -> Renamed:
    """The resources of ``snapshot`` with the one at ``before`` at the address ``after``.

    Raises ``NotFoundError`` when there is nothing at ``before``, ``ConflictError`` when there is something at
    ``after``, ``StateFormatError`` when something that would have to change was edited by hand, and ``MasonError`` for
    an address that cannot be had.
    """
    applied = snapshot.resources
    known(applied, [before])
    _refuse_address(before, after)
    if after in applied:
        raise ConflictError(
            f"There is {after} in the state already. Choose another name, or forget that one first: "
            f"mason state rm {after}"
        )
    users = [address for address, entry in applied.items() if before in references_of(entry)]
    edited = [address for address in (before, *users) if not applied[address].is_as_applied]
    if edited:
        raise StateFormatError(
            f"{', '.join(edited)}: edited in the state, which a new digest would hide. "
            "Put back what the files say first: mason apply"
        )
    resources = renamed(applied, {before: after})
    return Renamed(
        resources,
        rewritten=tuple(sorted(users)),
        schedules=tuple(sorted(_held(resources, {before, *users}))),
        has_module=applied[before].module is not None,
    )


def renamed(applied: Mapping[str, Entry], moves: Mapping[str, str]) -> dict[str, Entry]:
    """The resources of a state once those at the keys of ``moves`` are at their values, which nothing is at yet.

    What does not change is the same object. The definition of what was edited by hand stays as it is, and so it stays
    known as such; a schedule keeps the name that its scheduler has it under.
    """
    resources: dict[str, Entry] = {}
    for address, entry in applied.items():
        definition, after = entry.definition, moves.get(address, address)
        used = [each for each in references_of(entry) if each in moves]
        if (used or after != address) and entry.is_as_applied:
            for each in used:
                definition = kinds.redirected(definition, each, moves[each])
            if after != address and kinds.effect_of(address) != "put":
                definition = kinds.renamed(definition, after)
        resources[after] = entry if definition is entry.definition else _redigested(entry, definition)
    for address, entry in resources.items():
        if kinds.effect_of(address) == "done" and entry.outcome is not None:
            outcome = _outcome_after(entry.outcome, moves, applied, resources)
            if outcome != entry.outcome:
                resources[address] = replace(entry, outcome=outcome)
    return resources


def known(applied: Mapping[str, Entry], addresses: Iterable[str]) -> None:
    """Raises ``NotFoundError``, a line for each of the ``addresses`` at which there is nothing."""
    faults = []
    for address in addresses:
        if address not in applied:
            if re.search(r"[*?\[\]]", address):
                hint = "addresses are taken as they are, without wildcards: see mason state list"
            else:
                hint = suggestion(address, applied, "known")
            faults.append(f"There is no {quoted(address)[1:-1]} in the state{f' ({hint})' if hint else ''}.")
    if faults:
        raise NotFoundError("\n".join(faults))


def _refuse_address(before: str, after: str) -> None:
    kind = kind_of(before)
    if kinds.effect_of(before) == "put":
        raise MasonError(
            f"{before} stands in its scheduler under its name, and mv calls no engine. Rename it in its YAML, put a "
            f"document {{type: moved, from: {before}, to: {quoted(after)[1:-1]}}} beside it, and apply: mason apply"
        )
    form = kinds.kind_named(kind).form
    parts = after.split(".")
    if kind_of(after) != kind or len(parts) != len(form.split(".")):
        raise MasonError(f"{quoted(after)} is no address for {before}: a resource keeps its kind. Write {form}.")
    if not all(is_name(part) for part in parts[1:]):
        raise MasonError(
            f"{quoted(after)} is no address: names are at most 100 letters, digits, _ and -, not beginning with -."
        )


def _redigested(entry: Entry, definition: Mapping[str, Any]) -> Entry:
    return replace(entry, definition=definition, digest=digest_of(encode(definition), entry.module))


def _outcome_after(
    outcome: Mapping[str, Any], moves: Mapping[str, str], old: Mapping[str, Entry], new: Mapping[str, Entry]
) -> dict[str, Any]:
    """What came of a run, told with the new names. What had changed since it was done stays changed."""
    changed = dict(outcome)
    if isinstance(uses := outcome.get("uses"), Mapping):
        changed["uses"] = {
            (now := moves.get(address, address)): _used_after(digest, old.get(address), new.get(now))
            for address, digest in uses.items()
        }
    for before, after in moves.items():
        if kinds.effect_of(before) == "done" and isinstance(given := changed.get("given"), Mapping):
            named = referring_to(before.partition(".")[2], after.partition(".")[2])
            changed["given"] = {named(reference): digest for reference, digest in given.items()}
    if isinstance(tables := outcome.get("tables"), list):
        # By its config drift finds the metastore that a table is in.
        changed["tables"] = [_with_config(table, moves) for table in tables]
    return changed


def _used_after(digest: Any, before: Entry | None, after: Entry | None) -> Any:
    """The digest of what a run used, once that has another name, or names something that has."""
    if before is None or after is None or before.digest == after.digest or not before.is_as_applied:
        return digest
    if digest in (before.digest, behaviour_of(before.definition, before.module)):
        return behaviour_of(after.definition, after.module)
    return digest


def _with_config(table: Any, moves: Mapping[str, str]) -> Any:
    """A table that a run registered, with the id that its config has now."""
    after = moves.get(config_address(str(table.get("config_id")))) if isinstance(table, Mapping) else None
    return table if after is None else {**table, "config_id": after.partition(".")[2]}


def _held(resources: Mapping[str, Entry], changed: set[str]) -> Iterator[str]:
    """The schedules that a scheduler was given with what has changed."""
    for address, entry in resources.items():
        outcome = Outcome.of(entry) if kinds.effect_of(address) == "put" else None
        if outcome is not None and (address in changed or not changed.isdisjoint(outcome.uses)):
            yield address
