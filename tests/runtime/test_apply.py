"""Applying when the store fails between calls of engines: what was called is told, what was not is not begun."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from mason.dryrun.calls import Call
from mason.errors import StateError
from mason.planner.plan import Action, Plan, Wanted
from mason.resources.resource import digest_of, encode
from mason.runtime.apply import Applied, apply_plan
from mason.runtime.workers import Control
from mason.state.local import LocalStateStore
from mason.state.outcome import Outcome
from mason.state.snapshot import Entry, Snapshot

DELETION = Call("local", "scheduler", "delete_schedule", {"name": "old"}, read_only=False)


class Full(LocalStateStore):
    """A folder on a disk that has room for so many writes."""

    room = 100

    def write(self, resources: Mapping[str, Entry], *, base: Snapshot, goes_on: bool = False) -> Snapshot:
        if not self.room:
            raise StateError("no room left")
        self.room -= 1
        return super().write(resources, base=base, goes_on=goes_on)


@dataclass
class Doing:
    """One action that goes well."""

    done: list[str]
    address: str
    pending: Outcome

    def do(self) -> Outcome:
        self.done.append(self.address)
        return Outcome("succeeded", client="local")


def wanted(definition: dict[str, object]) -> Wanted:
    encoded = encode(definition)
    return Wanted(digest_of(encoded), encoded, "p", "p.yaml")


def entry(definition: dict[str, object]) -> Entry:
    return Entry(str(definition["type"]), digest_of(encode(definition)), definition, outcome={"status": "succeeded"})


OLD = entry({"type": "schedule", "name": "old", "config_id": "1", "workflow": "a:b"})
ACTIONS = {
    "delete": Action("delete", "schedule.old", replaces=OLD.digest, calls=(DELETION,)),
    "define": Action("create", "config.2", wanted=wanted({"type": "config", "id": "2"})),
    "run": Action("run", "run.r", wanted=wanted({"type": "run", "name": "r", "operator": "a:b", "config_id": "2"})),
}


@pytest.fixture
def store(tmp_path: Path) -> Full:
    made = Full((tmp_path / "state").as_uri())
    made.write({"schedule.old": OLD}, base=made.read())
    return made


def applied(store: Full, *names: str, room: int) -> tuple[Applied, list[str]]:
    base, done = store.read(), list[str]()
    store.room = room
    plan = Plan(tuple(ACTIONS[name] for name in names), lineage=base.lineage, serial=base.serial, state=store.url)
    told = apply_plan(
        plan,
        store,
        lock_timeout=1,
        perform=lambda action, now: Doing(done, action.address, Outcome("pending", client="local")),
    )
    return told, done


def test_what_cannot_be_written_down_before_is_not_begun(store):
    told, done = applied(store, "run", room=0)
    assert (done, store.read().resources.get("run.r")) == ([], None)
    assert [failure.message for failure in told.failures] == ["it was not begun: no room left"]
    # No engine was called that the state could not be told of.
    assert (told.unsaved, told.unsaved_because) == (None, "")


def test_what_cannot_be_written_down_afterwards_is_left_to_the_person(store):
    told, done = applied(store, "run", room=1)
    assert done == ["run.r"]
    assert told.unsaved is not None
    assert told.unsaved.resources["run.r"].outcome["status"] == "succeeded"
    assert store.read().resources["run.r"].outcome["status"] == "pending"


class Unheard(Full):
    """The last write arrives, and its answer does not."""

    def write(self, resources: Mapping[str, Entry], *, base: Snapshot, goes_on: bool = False) -> Snapshot:
        written = super().write(resources, base=base, goes_on=goes_on)
        if not self.room:
            raise StateError("nobody knows whether it arrived")
        return written


def test_what_arrived_unheard_is_not_said_to_be_somebody_elses(tmp_path):
    store = Unheard((tmp_path / "state").as_uri())
    store.write({"schedule.old": OLD}, base=store.read())
    told, done = applied(store, "run", room=2)
    assert (done, told.unsaved_because) == (["run.r"], "nobody knows whether it arrived")
    assert told.unsaved is not None
    assert dict(told.unsaved.resources) == dict(store.read().resources)


def test_definitions_that_cannot_be_written_after_a_schedule_was_taken(store):
    told, done = applied(store, "delete", "define", "run", room=2)
    assert (done, list(store.read().resources)) == (["schedule.old"], [])
    assert [action.address for action in told.done] == ["schedule.old"]
    assert [(failure.action.address, failure.message) for failure in told.failures] == [("config.2", "no room left")]
    assert [action.address for action in told.not_begun] == ["run.r"]
    assert told.unsaved is None


def test_a_schedule_that_was_taken_and_cannot_be_struck_out(store):
    told, done = applied(store, "delete", "define", room=1)
    assert done == ["schedule.old"]
    assert [action.address for action in told.not_begun] == ["config.2"]
    assert told.unsaved is not None
    assert dict(told.unsaved.resources) == {}


def test_definitions_alone_that_cannot_be_written(store):
    with pytest.raises(StateError, match="no room left"):
        applied(store, "define", room=0)


class Resting(Full):
    """One write fails, and those after it go well again."""

    failing = 2

    def write(self, resources: Mapping[str, Entry], *, base: Snapshot, goes_on: bool = False) -> Snapshot:
        self.failing -= 1
        if not self.failing:
            raise StateError("out of order")
        return super().write(resources, base=base, goes_on=goes_on)


def test_a_moment_in_which_nothing_could_be_written_is_nobodys_ctrl_c(tmp_path):
    store = Resting((tmp_path / "state").as_uri())
    second = Action("run", "run.s", wanted=wanted({"type": "run", "name": "s", "operator": "a:b", "config_id": "2"}))
    done: list[str] = []
    told = apply_plan(
        Plan((ACTIONS["run"], second), state=store.url),
        store,
        lock_timeout=1,
        perform=lambda action, now: Doing(done, action.address, Outcome("pending")),
    )
    assert (done, [action.address for action in told.not_begun]) == (["run.r"], ["run.s"])
    assert (told.unsaved, told.halted_because, told.is_interrupted) == (None, "out of order", False)
    assert store.read().resources["run.r"].outcome["status"] == "succeeded"


@pytest.mark.parametrize("ending", ["finish", "stop"])
def test_schedules_are_taken_no_more_once_it_was_ended(store, ending):
    base = store.read()
    other = entry({"type": "schedule", "name": "other", "config_id": "1", "workflow": "a:b"})
    base = store.write({**base.resources, "schedule.other": other}, base=base)
    control, done = Control(), list[str]()
    deletions = [
        Action("delete", address, replaces=base.resources[address].digest, calls=(DELETION,))
        for address in base.resources
    ]

    def perform(action: Action, now: Snapshot) -> Doing:
        getattr(control, ending)()
        return Doing(done, action.address, Outcome("pending", client="local"))

    told = apply_plan(
        Plan((*deletions, ACTIONS["define"]), lineage=base.lineage, serial=base.serial, state=store.url),
        store,
        lock_timeout=1,
        perform=perform,
        control=control,
    )
    assert told.is_interrupted
    assert "config.2" not in store.read().resources
    assert "schedule.other" in [action.address for action in told.not_begun]
