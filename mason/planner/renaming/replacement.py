"""What it takes to make a state hold what another snapshot holds (a backup, a file), as a plan to be looked at. Pure.

Definitions and outcomes are compared; no engine is part of it, so what schedulers hold may be something else then.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from mason.planner.diff import compare
from mason.planner.integrity import foreign, references_of
from mason.planner.plan import Action, Change, Plan, Wanted
from mason.resources.kinds import effect_of
from mason.resources.order import topological
from mason.state.outcome import Outcome
from mason.state.snapshot import Entry, Snapshot

_OUTCOME = ("status", "at", "run_id")


def plan_replacement(
    current: Snapshot,
    other: Snapshot,
    *,
    named: str,
    shown: Callable[[Entry], Mapping[str, Any]],
    read_source: Callable[[str], bytes | None],
    state: str,
    project: str,
) -> Plan:
    """The resources that differ, with what makes them those of ``other``; warnings on what engines are not told.

    ``named`` is what people call ``other``. ``shown`` makes a definition fit to be shown, ``read_source`` gives the
    content of a module, ``None`` for one that is lost; ``state`` is the URL of the store.
    """
    now, then = current.resources, other.resources
    actions: dict[str, Action] = {}
    for address, entry in then.items():
        before = now.get(address)
        if before is None:
            reason = f"{named} has it"
            actions[address] = Action("create", address, reason, wanted=_wanted(entry))
        elif before != entry:
            changes, unchanged = _changes(before, entry, shown, read_source)
            reason = f"{named} has it otherwise"
            actions[address] = Action(
                "overwrite",
                address,
                reason,
                changes=changes,
                unchanged=unchanged,
                wanted=_wanted(entry),
                replaces=before.digest,
            )
    for address, entry in now.items():
        if address not in then:
            reason = f"{named} has it not"
            actions[address] = Action("delete", address, reason, replaces=entry.digest)
    kept = topological({address: references_of(then[address]) for address in actions if address in then})
    gone = topological({address: references_of(now[address]) for address in actions if address not in then})
    ordered = tuple(actions[address] for address in (*kept, *reversed(gone)))
    return Plan(
        ordered,
        lineage=current.lineage,
        serial=current.serial,
        state=state,
        project=project,
        warnings=tuple(_warnings(actions, now, then, read_source)),
        foreign=foreign(ordered, now, project),
    )


def _wanted(entry: Entry) -> Wanted:
    # A state that was edited by hand can hold text that is no Unicode, which ASCII can spell.
    return Wanted(entry.digest, json.dumps(entry.definition).encode(), entry.project, entry.file, entry.module)


def _changes(
    before: Entry,
    entry: Entry,
    shown: Callable[[Entry], Mapping[str, Any]],
    read_source: Callable[[str], bytes | None],
) -> tuple[tuple[Change, ...], int]:
    """What differs between two entries: fields, Python files, the outcome, and who applied it when."""
    changes, unchanged = compare(shown(before), shown(entry))
    files: tuple[Change, ...] = ()
    if before.module != entry.module:
        files = compare(_files(before.module, read_source), _files(entry.module, read_source))[0]
    told = compare(_told(before), _told(entry))[0]
    return (*changes, *files, *told), unchanged


def _files(module: str | None, read_source: Callable[[str], bytes | None]) -> Mapping[str, Any]:
    files: dict[str, Any] = json.loads((read_source(module) if module else None) or b"{}")
    return files


def _told(entry: Entry) -> dict[str, Any]:
    """What a person should see come back of an entry beside its definition."""
    outcome = entry.outcome or {}
    return {
        "applied_at": entry.applied_at,
        "applied_by": entry.applied_by,
        "project": entry.project,
        "file": entry.file,
        "outcome": {key: outcome[key] for key in _OUTCOME if key in outcome},
    }


def _warnings(
    actions: Mapping[str, Action],
    now: Mapping[str, Entry],
    then: Mapping[str, Entry],
    read_source: Callable[[str], bytes | None],
) -> Iterator[str]:
    for address in actions:
        entries = (now.get(address), then.get(address)) if effect_of(address) == "put" else ()
        if any(Outcome.of(entry) is not None for entry in entries):
            what = "stays in" if address not in then else "may differ from what is now in"
            yield f"{address} {what} its scheduler: no engine is called."
    for address in actions:
        if address not in then and now[address].definition.get("protect") is True:
            yield f"{address} is protected, and would be forgotten."
    for address in actions:
        module = then[address].module if address in then else None
        if module is not None and read_source(module) is None:
            yield f"The Python files of {address} are lost. Store them anew afterwards: mason apply --strict"
