"""Carrying a plan out: nothing before the last confirmation, planning again when only the serial moved, and what could
not be saved."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from mason.errors import CancelledError, NotConfirmedError, StalePlanError, StateError
from mason.planner.saved.planfile import write_planfile
from mason.project.applying import carry_out, interruptions_told, read_saved
from mason.project.confirming import Confirmation
from mason.project.planning import plan
from mason.state.snapshot import Snapshot
from tests.conftest import CONFIG, GET
from tests.planner.conftest import operator

ASKED = (Confirmation("First?", "one"), Confirmation("Second?"))


@pytest.fixture
def files(folder, opened):
    """Resources in files, of which nothing was applied."""
    (folder / "config.yaml").write_text(CONFIG)
    (folder / "get.yaml").write_text(GET)


def test_nothing_is_done_before_the_last_confirmation(opened, files):
    asked = []

    def confirm(confirmation):
        asked.append((confirmation, opened.store.read().serial))

    done = carry_out(opened, plan(opened), lock_timeout=0, confirmations=ASKED, confirm=confirm)
    assert asked == [(ASKED[0], 0), (ASKED[1], 0)]
    assert (done.is_complete, done.applied.snapshot.serial, done.kept) == (True, 1, None)


def test_a_no_leaves_everything_as_it_was(opened, files):
    def confirm(confirmation):
        if confirmation == ASKED[1]:
            raise NotConfirmedError("no")

    with pytest.raises(NotConfirmedError):
        carry_out(opened, plan(opened), lock_timeout=0, confirmations=ASKED, confirm=confirm)
    assert opened.store.read().serial == 0


def moving(write, *definitions):
    """A confirmation during which somebody else writes the state."""
    return lambda confirmation: write(*definitions, project="others")


def test_a_plan_whose_turn_is_only_a_later_one_is_applied(opened, files, write):
    made = plan(opened)
    done = carry_out(
        opened,
        made,
        lock_timeout=0,
        confirmations=ASKED[1:],
        confirm=moving(write, operator("other", "one")),
        again=lambda: plan(opened),
    )
    assert (done.is_complete, done.plan.serial, done.plan.actions) == (True, 1, made.actions)
    assert sorted(opened.store.read().resources) == ["config.1", "operator.other.one", "operator.table.get"]


def test_a_plan_that_would_do_something_else_by_now_is_refused(opened, files, write, folder):
    def confirm(confirmation):
        write(operator("other", "one"), project="others")
        (folder / "get.yaml").write_text(GET.replace("Get a table", "Show a table"))

    with pytest.raises(StalePlanError):
        carry_out(
            opened,
            plan(opened),
            lock_timeout=0,
            confirmations=ASKED[1:],
            confirm=confirm,
            again=lambda: plan(opened),
        )
    assert sorted(opened.store.read().resources) == ["operator.other.one"]


def test_a_saved_plan_is_not_planned_again(opened, files, write, folder):
    write_planfile(plan(opened), folder / "release.plan")
    saved = read_saved(opened, folder / "release.plan")
    with pytest.raises(StalePlanError):
        carry_out(opened, saved, lock_timeout=0, confirmations=ASKED[1:], confirm=moving(write, operator("o", "o")))
    with pytest.raises(StalePlanError):
        read_saved(opened, folder / "release.plan")


def test_an_interruption_says_whether_anything_was_applied(opened, files, write):
    made = plan(opened)
    with pytest.raises(CancelledError) as told, interruptions_told(opened, made):
        raise KeyboardInterrupt
    assert str(told.value) == "Interrupted. Nothing was applied."
    write(operator("other", "one"))
    with pytest.raises(CancelledError) as told, interruptions_told(opened, made):
        raise KeyboardInterrupt
    assert str(told.value) == (
        "Interrupted, but the state moved on to serial 1 before. See what it holds with: mason plan"
    )
    with pytest.raises(CancelledError) as told, interruptions_told(opened, made):
        raise KeyboardInterrupt("what the store says")
    assert str(told.value) == "Interrupted. what the store says"


class Failing:
    """A store that takes nothing after so many writes; else the store that it stands before."""

    def __init__(self, store, writes):
        self._store = store
        self._left = writes

    def __getattr__(self, name):
        return getattr(self._store, name)

    def write(self, resources, *, base: Snapshot, goes_on=False):
        self._left -= 1
        if self._left < 0:
            raise StateError("there is no room")
        return self._store.write(resources, base=base, goes_on=goes_on)


def test_a_state_that_cannot_be_saved_after_engines_were_called_is_kept(opened, files, folder):
    (folder / "note.txt").write_text("hello")
    (folder / "read.yaml").write_text(
        "{type: operator, namespace: note, command: read, parameters: {required: [path]}, "
        "do: [{storage.read: {path: '{{path}}'}}]}\n---\n"
        "{type: run, name: note, config_id: 1, operator: 'note:read', parameters: {path: note.txt}}\n"
    )
    failing = replace(opened, store=Failing(opened.store, 2))
    done = carry_out(failing, plan(failing), lock_timeout=0)
    assert (done.is_complete, done.kept) == (False, folder / "errored.state.json")
    kept = json.loads((folder / "errored.state.json").read_bytes())
    assert kept["resources"]["run.note"]["outcome"]["status"] == "succeeded"
