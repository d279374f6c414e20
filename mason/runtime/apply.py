"""Carrying out a confirmed plan: exactly its actions, in its order, into a state that has not moved since.

Definitions touch no engine, so they become current together, in one write: a failure or a crash leaves the state as it
was, or as it shall be. What calls an engine is done after that, and around each of these calls the state is
written: before, that it is pending, and after, how it ended. So the state says at any moment what really happened.

Together with ``executor`` this is the only module of the room that changes anything.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Protocol

from mason.errors import MasonError, StateError
from mason.planner.carrying import behaviours_kept
from mason.planner.plan import Action, Plan
from mason.planner.saved.stale import refuse_stale
from mason.resources.address import kind_of
from mason.resources.kinds import addresses_used
from mason.runtime.nodes import Ended, Node, Observer
from mason.state.lock import next_snapshot, who, working_under
from mason.state.outcome import Outcome
from mason.state.snapshot import Entry, Snapshot
from mason.state.store import HeldLock, StateStore
from mason.values import dataclass

if TYPE_CHECKING:
    from mason.runtime.workers import Control
    from mason.state.signatures import Signer


class Performance(Protocol):
    """One action that is about to call an engine."""

    @property
    def pending(self) -> Outcome:
        """What the state says until it ended."""
        ...

    def do(self) -> Outcome:
        """Call the engine, and say how it ended: a failure of the engine is an outcome too."""
        ...


Perform = Callable[[Action, Snapshot], "Performance | None"]
"""Makes an action that calls engines ready, against the state as it is by then; calls nothing but read-only verbs.

Nothing where a conditional action turns out not to be needed. Raises what keeps it from being done.
"""


@dataclass(frozen=True, slots=True)
class Failure:
    """An action that was not done, or not to its end: why, and the id of the run in the history if there is one."""

    action: Action
    message: str
    run_id: str = ""
    is_interrupted: bool = False


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of a plan: the state now, and its actions by how they ended.

    ``spared`` are conditional runs for which nothing had changed after all; ``not_begun`` are actions that wait for one
    that failed, or that the person's Ctrl-C came before (``ended_early``), or a state that could not be written for a
    while (``halted_because``). ``unsaved`` is what the state should hold, where it could not be written after engines
    were called, and ``unsaved_because`` why.
    """

    snapshot: Snapshot
    done: tuple[Action, ...] = ()
    spared: tuple[Action, ...] = ()
    failures: tuple[Failure, ...] = ()
    not_begun: tuple[Action, ...] = ()
    unsaved: Snapshot | None = None
    unsaved_because: str = ""
    ended_early: bool = False
    halted_because: str = ""

    @property
    def is_interrupted(self) -> bool:
        """Whether a person's Ctrl-C is why something was not done, or not to its end."""
        left = self.ended_early and bool(self.not_begun) and not self.failures
        return left or any(failure.is_interrupted for failure in self.failures)


def apply_plan(
    plan: Plan,
    store: StateStore,
    *,
    lock_timeout: float,
    perform: Perform,
    parallelism: int = 1,
    control: Control | None = None,
    calling: Callable[[], AbstractContextManager[None]] = nullcontext,
    signer: Signer | None = None,
) -> Applied:
    """Make the state and the engines what ``plan`` says, under the lock.

    Schedules that are to be deleted, or to be put elsewhere, are taken from their schedulers first, while the state
    still holds the configs that lead there; then all definitions are written; then schedules are put and runs done,
    ``parallelism`` of them at a time, each after those that it waits for. One that fails takes only those with it that
    wait for it.

    ``signer`` signs each definition that is written. ``control`` ends it early. ``calling`` is entered when the lock is
    held and engines may be called from now on: until then nothing was begun, and ``KeyboardInterrupt`` may end it at
    once. Raises ``StalePlanError`` when the state is not the one that was planned against, and the store's own errors
    as long as no engine was called; after that, what could not be written is part of the answer.
    """
    with store.lock("apply", timeout=lock_timeout) as held, working_under(held):
        snapshot = store.read()
        refuse_stale(plan, snapshot, store.url)
        applying = _Applying(plan, store, snapshot, perform, held, control, signer)
        with calling():
            if applying.take_back() and applying.define():
                applying.execute(parallelism)
        return applying.applied()


class _Applying:
    """One apply: the state as it was written last, and what became of the actions so far."""

    def __init__(
        self,
        plan: Plan,
        store: StateStore,
        snapshot: Snapshot,
        perform: Perform,
        held: HeldLock,
        control: Control | None,
        signer: Signer | None,
    ) -> None:
        self._plan = plan
        self._signer = signer
        self._held = held
        self._store = store
        self._found = self._snapshot = snapshot
        self._resources = dict(snapshot.resources)
        self._perform = perform
        self._now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        self._me = who()
        # Runs end in threads, and a state is written after the one before.
        self._writing = threading.Lock()
        self._done: dict[str, Action] = {}
        self._spared: dict[str, Action] = {}
        self._failures: dict[str, Failure] = {}
        self._control = control
        self._halted = False
        self._halted_because = ""
        self._unsaved: StateError | None = None
        self._called = False

    def take_back(self) -> bool:
        """Delete schedules where schedulers have them and shall not, one after the other; false when that did not go
        well, or was ended, and so nothing more is to be done."""
        actions = {action.address: action for action in self._plan.actions}
        parts = {address: part for address, action in actions.items() if (part := _taking(action)) is not None}
        if not parts:
            return True

        def ended(address: str, ended: Ended) -> None:
            if ended.status != "succeeded":
                self._ended(actions[address], ended)
            elif actions[address].kind == "delete":
                self._done[address] = actions[address]

        before = dict(zip(list(parts)[1:], parts, strict=False))
        self._walk({address: (before[address],) if address in before else () for address in parts}, parts, ended)
        assert self._control is not None, "a walk has one"
        return not self._failures and self._unsaved is None and not self._control.finishing

    def define(self) -> bool:
        """Make all definitions current that call no engine, in one write; false when that did not go well although
        engines were called. Raises what the store raises where none was."""
        defined = [action for action in self._plan.actions if not action.touches_engines]
        if not defined:
            return True
        before = dict(self._resources)
        for action in defined:
            self._set(action)
        self._resources.update(behaviours_kept(before, self._resources))
        try:
            with self._writing:
                self._snapshot = self._written()
        except StateError as error:
            if not self._called:
                raise
            # What was called is in the state already.
            self._failures[defined[0].address] = Failure(defined[0], str(error))
            return False
        self._done |= {action.address: action for action in defined}
        return True

    def execute(self, parallelism: int) -> None:
        """Put schedules and do runs."""
        actions = {
            action.address: action
            for action in self._plan.actions
            if action.touches_engines and action.address not in self._done
        }
        if not actions:
            return

        def ended(address: str, ended: Ended) -> None:
            self._ended(actions[address], ended)

        waiting = {address: _waits_for(action, actions) for address, action in actions.items()}
        self._walk(waiting, actions, ended, parallelism)
        if self._unsaved is not None:
            # Perhaps it was the network, and what was done has taken a while.
            first = self._unsaved
            try:
                self._write()
            except StateError:
                # A write that arrived unheard makes the state look as if somebody else had changed it.
                self._unsaved = first

    def _walk(
        self,
        waiting: Mapping[str, tuple[str, ...]],
        actions: Mapping[str, Action],
        ended: Callable[[str, Ended], None],
        parallelism: int = 1,
    ) -> None:
        """Do ``actions`` in threads, each after those that it is ``waiting`` for."""
        # Imported here: definitions are applied without.
        from mason.runtime.walk import walk
        from mason.runtime.workers import Control

        self._control = self._control or Control()
        walk(
            [Node(address, before) for address, before in waiting.items()],
            lambda address, attempt: self._do(actions[address]),
            parallelism=parallelism,
            observer=_Told(ended),
            control=self._control,
        )

    def _do(self, action: Action) -> bool:
        """Do one action that calls engines; whether there was anything to do. Raises ``_NotDone``."""
        try:
            performance = self._perform(action, self._snapshot)
        except MasonError as error:
            raise _NotDone(Failure(action, str(error))) from error
        if performance is None:
            self._spare(action)
            return False
        try:
            self._held.check()
            self._record(action, performance.pending)
        except StateError as error:
            # Nothing was called yet, and nothing more will be: what cannot be written down must not be done.
            self._stop()
            raise _NotDone(Failure(action, f"it was not begun: {error}")) from error
        self._called = True
        outcome = performance.do()
        try:
            self._record(action, outcome)
        except StateError as error:
            self._stop(str(error))
        if outcome.status != "succeeded":
            failure = Failure(action, outcome.error, outcome.run_id, is_interrupted=outcome.status == "interrupted")
            raise _NotDone(failure)
        return True

    def _record(self, action: Action, outcome: Outcome) -> None:
        """Write how it stands with an action, beside its definition."""
        at = datetime.now(timezone.utc).isoformat(timespec="seconds")
        with self._writing:
            before = {address: self._resources.get(address) for address in (action.moved_from, action.address)}
            gone = action.kind == "delete" and outcome.status == "succeeded"
            # Refused as new: what the scheduler may have under that name is not this.
            refused = action.kind == "create" and outcome.status == "failed"
            if gone or refused:
                del self._resources[action.address]
            else:
                entry = self._resources[action.address] if action.wanted is None else self._entry(action)
                self._resources.pop(action.moved_from, None)
                self._resources[action.address] = replace(entry, outcome=replace(outcome, at=at).to_dict())
            unsaved = self._unsaved
            try:
                self._write()
            except StateError:
                if outcome.status == "pending":
                    # It will not be begun.
                    self._unsaved = unsaved
                    self._resources.update((address, entry) for address, entry in before.items() if entry)
                    if before[action.address] is None:
                        del self._resources[action.address]
                raise

    def _spare(self, action: Action) -> None:
        """Save what there is to save of a run that has not to be done. Raises ``_NotDone``."""
        assert action.wanted is not None, "a run that is spared is defined"
        if action.replaces == action.wanted.digest and not action.moved_from and action.outcome is None:
            return
        try:
            with self._writing:
                self._set(action)
                self._write()
        except StateError as error:
            self._stop()
            raise _NotDone(Failure(action, str(error))) from error

    def _written(self) -> Snapshot:
        # Of all that one apply writes, only what was there before it is worth a backup.
        return self._store.write(self._resources, base=self._snapshot, goes_on=self._snapshot is not self._found)

    def _write(self) -> None:
        try:
            self._snapshot = self._written()
        except StateError as error:
            self._unsaved = error
            raise
        self._unsaved = None

    def _stop(self, because: str = "") -> None:
        """Begin nothing more, not by anybody's Ctrl-C but ``because`` of a state that cannot be written."""
        assert self._control is not None, "whoever calls engines does so in a walk"
        if not self._control.finishing:
            self._halted, self._halted_because = True, because
            self._control.finish()

    def _set(self, action: Action) -> None:
        if action.wanted is None:
            del self._resources[action.address]
            return
        if action.wanted.source is not None:
            self._store.put_source(action.wanted.source)
        entry = self._entry(action)
        self._resources.pop(action.moved_from, None)
        self._resources[action.address] = entry

    def _entry(self, action: Action) -> Entry:
        assert action.wanted is not None
        before = self._resources.get(action.address) or self._resources.get(action.moved_from)
        same = before is not None and before.digest == action.wanted.digest
        signature = before.signature if before is not None and same else None
        # What others applied, and this plan leaves as it is, stays theirs.
        if self._signer is not None and (not same or _puts_back(action)):
            signature = self._signer.sign(action.address, action.wanted.digest)
        return Entry(
            kind=kind_of(action.address),
            digest=action.wanted.digest,
            definition=json.loads(action.wanted.encoded),
            module=action.wanted.module,
            project=action.wanted.project,
            file=action.wanted.file,
            applied_at=self._now,
            applied_by=self._me,
            # A run whose description changed was done all the same.
            outcome=action.outcome or (before.outcome if before is not None else None),
            signature=signature,
        )

    def _ended(self, action: Action, ended: Ended) -> None:
        """One of the actions that call engines ended."""
        if ended.status == "succeeded":
            (self._done if ended.result else self._spared)[action.address] = action
        elif isinstance(ended.error, _NotDone):
            self._failures[action.address] = replace(ended.error.failure, action=action)
        elif ended.error is not None:
            self._failures[action.address] = Failure(action, str(ended.error))
        elif ended.status == "interrupted":
            self._failures[action.address] = Failure(action, "interrupted", is_interrupted=True)

    def applied(self) -> Applied:
        """What became of the plan."""
        ended = self._done.keys() | self._spared.keys() | self._failures.keys()
        return Applied(
            self._snapshot,
            done=tuple(self._done.values()),
            spared=tuple(self._spared.values()),
            failures=tuple(self._failures.values()),
            not_begun=tuple(action for action in self._plan.actions if action.address not in ended),
            unsaved=None if self._unsaved is None else next_snapshot(self._resources, self._snapshot),
            unsaved_because="" if self._unsaved is None else str(self._unsaved),
            ended_early=self._control is not None and self._control.finishing and not self._halted,
            halted_because=self._halted_because if self._unsaved is None else "",
        )


class _Told(Observer):
    """Hears from the walk how actions end."""

    def __init__(self, told: Callable[[str, Ended], None]) -> None:
        self._told = told

    def ended(self, id: str, ended: Ended) -> None:
        self._told(id, ended)


class _NotDone(Exception):
    """An action failed, as its ``failure`` says."""

    def __init__(self, failure: Failure) -> None:
        self.failure = failure
        super().__init__(failure.message)


def _puts_back(action: Action) -> bool:
    """Whether what the state holds is replaced though its digest is the same: somebody edited it there."""
    return action.kind == "overwrite" and not action.is_outcome_only


def _taking(action: Action) -> Action | None:
    """The part of an action that takes a schedule from its scheduler, and is about what the state holds before."""
    calls = tuple(call for call in action.calls if call.verb == "delete_schedule")
    if action.kind == "delete" or not calls:
        return action if calls else None
    address = action.moved_from or action.address
    return Action("overwrite", address, action.reason, replaces=action.replaces, calls=calls)


def _waits_for(action: Action, actions: Mapping[str, Action]) -> tuple[str, ...]:
    """Which of ``actions`` an action comes after."""
    if action.wanted is None:
        return ()
    return tuple(used for used in addresses_used(json.loads(action.wanted.encoded)) if used in actions)
