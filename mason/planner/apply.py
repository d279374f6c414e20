"""Carrying out a confirmed plan: exactly its actions, in its order, into a state that has not moved since.

Together with ``executor`` this is the only module of the room that changes anything.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timezone

from mason.errors import StalePlanError
from mason.planner.plan import Action, Plan
from mason.resources.address import kind_of
from mason.state.lock import who
from mason.state.snapshot import Entry, Snapshot
from mason.state.store import StateStore


def apply_plan(plan: Plan, store: StateStore, *, lock_timeout: float, done: Callable[[Action], None]) -> Snapshot:
    """Make the state what ``plan`` says, under the lock, and return the new snapshot.

    Definitions touch no engine, so they become current together, in one write: a failure or a crash at any moment
    leaves the state as it was. ``done`` is told each action once it is safely stored. Raises
    ``StalePlanError`` when the state is not the one that was planned against, and the store's own errors.
    """
    with store.lock("apply", timeout=lock_timeout):
        snapshot = store.read()
        _refuse_stale(plan, snapshot, store.url)
        now, me = datetime.now(timezone.utc).isoformat(timespec="seconds"), who()
        resources = dict(snapshot.resources)
        for action in plan.actions:
            if action.wanted is None:
                del resources[action.address]
                continue
            if action.wanted.source is not None:
                store.put_source(action.wanted.source)
            resources[action.address] = _entry(action, now, me)
        written = store.write(resources, base=snapshot)
    for action in plan.actions:
        done(action)
    return written


def _refuse_stale(plan: Plan, snapshot: Snapshot, url: str) -> None:
    # Empty states have no lineage to tell them apart.
    if not plan.lineage and plan.state != url:
        raise StalePlanError(
            f"This plan was made against the state {plan.state}, not {url}. Nothing was applied. Plan again."
        )
    if plan.lineage != snapshot.lineage and plan.lineage:
        raise StalePlanError(
            "This plan was made against another state (its lineage differs). Nothing was applied. Plan again."
        )
    if (plan.lineage, plan.serial) != (snapshot.lineage, snapshot.serial):
        raise StalePlanError(
            f"The state moved from serial {plan.serial} to {snapshot.serial} since this plan was made. "
            "Nothing was applied. Plan again to see what would change now."
        )

    # A state that was restored from a backup may have come to the same serial by another way.
    digests = snapshot.digests
    for action in plan.actions:
        if digests.get(action.address) != action.replaces:
            raise StalePlanError(
                f"The state holds another {action.address} than the one that this plan was made against. "
                "Nothing was applied. Plan again to see what would change now."
            )


def _entry(action: Action, now: str, me: str) -> Entry:
    assert action.wanted is not None
    return Entry(
        kind=kind_of(action.address),
        digest=action.wanted.digest,
        definition=json.loads(action.wanted.encoded),
        module=action.wanted.module,
        project=action.wanted.project,
        file=action.wanted.file,
        applied_at=now,
        applied_by=me,
    )
