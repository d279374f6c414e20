"""Whether a plan still fits the state: refused is what was made against another one, and told what came in between.
Also whether it still fits the Python files that it was made of.

A plan that was applied already is told apart from a state that somebody else moved on by what the state holds: all that
the plan would make, and what came of its runs since. Nothing has to be kept for that but the state and its backups.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from mason.errors import StalePlanError, StateError
from mason.planner.plan import Action, Plan
from mason.resources.wording import shortened
from mason.state.outcome import Outcome
from mason.state.snapshot import Entry, Snapshot
from mason.state.urls import is_same_state

if TYPE_CHECKING:
    from mason.state.store import StateReader

_AGAIN = "Nothing was applied. Plan again to see what would change now."

_TOLD = 5
"""How many of the changes that came in between are named."""


def refuse_stale(plan: Plan, snapshot: Snapshot, url: str, *, history: StateReader | None = None) -> None:
    """Refuse a plan that was not made against ``snapshot`` of the store at ``url``.

    ``history`` is looked at for what came in between, where somebody wants to know. Raises ``StalePlanError``.
    """
    if not is_same_state(plan.state, url):
        raise StalePlanError(
            f"This plan was made against the state {plan.state}, not {url}. Nothing was applied. "
            "Choose that state (--state, --workspace), or plan again."
        )
    if plan.lineage and plan.lineage != snapshot.lineage:
        raise StalePlanError(
            "This plan was made against another state (its lineage differs): what was kept here then was replaced. "
            "Nothing was applied. Plan again."
        )
    if plan.serial != snapshot.serial:
        raise StalePlanError(_moved(plan, snapshot, history))
    # A state that was restored from a backup may have come to the same serial by another way.
    digests = snapshot.digests
    for action in plan.actions:
        if digests.get(action.moved_from or action.address) != action.replaces:
            raise StalePlanError(
                f"The state holds another {action.address} than the one that this plan was made against. {_AGAIN}"
            )


def refuse_changed_modules(plan: Plan, read: Callable[[str], Mapping[str, str] | None]) -> None:
    """Refuse a plan whose Python files say something else by now than what was planned and reviewed.

    ``read`` gives the texts of the Python files beside a resource's file, by their names in its folder, and nothing
    where there are none: a plan holds its own, and is applied where its files are not. Raises ``StalePlanError`` with
    all that changed.
    """
    changed = {}
    for action in plan.actions:
        if action.wanted is None or action.wanted.source is None:
            continue
        then, now = json.loads(action.wanted.source), read(action.wanted.file)
        if now is not None and now != then:
            folder = posixpath.dirname(action.wanted.file)
            names = [name for name in sorted({*then, *now}) if then.get(name) != now.get(name)]
            changed[action.address] = shortened([posixpath.join(folder, name) for name in names])
    if changed:
        told = "; ".join(f"{address}: {names}" for address, names in changed.items())
        raise StalePlanError(f"Python files changed since this plan was made ({told}). {_AGAIN}")


def _moved(plan: Plan, snapshot: Snapshot, history: StateReader | None) -> str:
    """The message for a state that has another serial now, with what is known of how it came to that."""
    start = f"The state moved from serial {plan.serial} to {snapshot.serial} since this plan was made."
    if history is None or plan.serial > snapshot.serial:
        return f"{start} {_AGAIN}"
    before = _before(plan, history)
    applied = _applied_already(plan, snapshot, before)
    if applied:
        return f"{applied} Nothing was applied again."
    for kept in _since(plan, snapshot, history):
        applied = _applied_already(plan, kept, before)
        if applied:
            on = f"The state has moved on since, from serial {kept.serial} to {snapshot.serial}."
            return f"{applied} {on} {_AGAIN}"
    changes = list(_changes(before, snapshot)) if before is not None else []
    more = f" and {len(changes) - _TOLD} more" if len(changes) > _TOLD else ""
    told = f" Since then: {'; '.join(changes[:_TOLD])}{more}." if changes else ""
    return f"{start}{told} {_AGAIN}"


def _before(plan: Plan, history: StateReader) -> Snapshot | None:
    """The snapshot that the plan was made against, if it is still kept."""
    if not plan.lineage:
        return Snapshot()
    kept = _backup(plan.serial, history)
    if kept is None or kept.lineage != plan.lineage:
        return None
    digests = kept.digests
    fits = all(digests.get(action.moved_from or action.address) == action.replaces for action in plan.actions)
    return kept if fits else None


def _since(plan: Plan, snapshot: Snapshot, history: StateReader) -> Iterator[Snapshot]:
    """The snapshots that were kept since the plan was made, newest first."""
    for serial in reversed(history.list_backups()):
        if plan.serial < serial < snapshot.serial:
            kept = _backup(serial, history)
            if kept is not None and kept.lineage == snapshot.lineage:
                yield kept


def _backup(serial: int, history: StateReader) -> Snapshot | None:
    try:
        return history.get_backup(serial)
    except StateError:
        # There are ten of them, and one may be damaged: what is not there tells nothing.
        return None


def _applied_already(plan: Plan, snapshot: Snapshot, before: Snapshot | None) -> str:
    """The sentence that the plan was applied before ``snapshot``, by whom and how far; empty when it was not."""
    held = [(action, _is_held(action, snapshot, before)) for action in plan.actions]
    defined = all(is_held is not False for action, is_held in held if not action.touches_engines)
    if not defined or not any(is_held for _, is_held in held):
        return ""
    entries = [snapshot.resources[action.address] for action, is_held in held if is_held and action.wanted]
    newest = max(entries, key=lambda entry: entry.applied_at, default=None)
    by = f" by {newest.applied_by} at {newest.applied_at}" if newest is not None else ""
    left = [action.address for action, is_held in held if is_held is False or _is_unfinished(action, snapshot)]
    if not left:
        return f"This plan was applied already{by}: all that it would do is done."
    return (
        f"This plan was applied already{by}, but not to its end: not done are {shortened(left)} "
        "(see what is left with: mason plan)."
    )


def _is_held(action: Action, snapshot: Snapshot, before: Snapshot | None) -> bool | None:
    """Whether the state holds what an action makes; ``None`` where it would look the same if it was never done."""
    digest = snapshot.digests.get(action.address)
    if action.wanted is None:
        return digest is None
    if action.is_conditional:
        # Done only if it was needed.
        return None
    if digest != action.wanted.digest or (action.moved_from and action.moved_from in snapshot.digests):
        return False
    if action.replaces != digest or action.moved_from:
        return True
    if not action.touches_engines or before is None:
        return None
    return _outcome(action.address, snapshot) != _outcome(action.address, before)


def _is_unfinished(action: Action, snapshot: Snapshot) -> bool:
    if not action.touches_engines or action.is_conditional or action.wanted is None:
        return False
    outcome = _outcome(action.address, snapshot)
    return outcome is None or outcome.status != "succeeded"


def _outcome(address: str, snapshot: Snapshot) -> Outcome | None:
    return Outcome.of(snapshot.resources.get(address))


def _changes(before: Snapshot, now: Snapshot) -> Iterator[str]:
    """What differs between two snapshots, by address: ``config.2 created by ann@ci at 2026-11-21T17:00:00+00:00``."""
    was, holds = before.digests, now.digests
    for address in sorted({*was, *holds}):
        if address not in holds:
            yield f"{address} deleted"
        elif address not in was:
            yield f"{address} created {_by(now.resources[address])}"
        elif was[address] != holds[address]:
            yield f"{address} overwritten {_by(now.resources[address])}"
        elif _outcome(address, before) != _outcome(address, now):
            yield f"{address} done {_by(now.resources[address])}"


def _by(entry: Entry) -> str:
    return f"by {entry.applied_by} at {entry.applied_at}"
