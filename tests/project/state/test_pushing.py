"""A whole state takes the place of another one only where it is one, and follows what is there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mason.errors import StateConflictError, StateFormatError
from mason.project.opened import Project
from mason.project.state.pushing import push
from mason.state.format import encode
from tests.planner.conftest import config, operator
from tests.project.conftest import Write


def test_the_state_that_is_there_is_no_change(opened: Project, write: Write):
    content = encode(write(config()))
    assert push(opened, content, where="s.json", force=False) is None


def test_a_newer_one_of_the_same_lineage_keeps_its_serial(opened: Project, write: Write):
    write(config())
    given = replace(write(config(), operator()), serial=7)
    opened.store.restore(replace(given, serial=3), base=opened.store.read())
    change = push(opened, encode(given), where="s.json", force=False)
    assert change is not None
    assert (change.told.serial, change.told.reasons, change.told.plan.is_empty) == (7, (), True)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (
            {"lineage": "other"},
            "it is another state (lineage other, there {lineage}) and it is older (serial 1, there 2)",
        ),
        ({}, "it is older (serial 1, there 2)"),
    ],
)
def test_what_speaks_against_it_takes_force(opened: Project, write: Write, changed, reason):
    first = write(config())
    now = write(config(), operator())
    content = encode(replace(first, **changed))
    with pytest.raises(StateConflictError) as caught:
        push(opened, content, where="s.json", force=False)
    assert str(caught.value) == (
        f"s.json is not pushed to {opened.store.url}: {reason.format(lineage=now.lineage)}. Look at what is there with "
        "mason state pull. To put the file in its place all the same: --force"
    )
    change = push(opened, content, where="s.json", force=True)
    assert change is not None
    assert change.becomes.serial == 3
    assert [(action.kind, action.address) for action in change.told.plan.actions] == [("delete", "operator.table.get")]


def test_what_an_apply_left_behind_and_others_overtook_is_refused(opened: Project, write: Write):
    left = replace(write(config()), serial=2, errored_on=1)
    write(config(), operator())
    write(config())
    with pytest.raises(StateConflictError, match="It would undo what was written since"):
        push(opened, encode(left), where="errored.state.json", force=False)


def test_all_that_no_state_can_hold_is_told_at_once(opened: Project, write: Write):
    snapshot = write(config(), operator())
    entries = dict(snapshot.resources)
    entries["operator.table.get"] = replace(entries["operator.table.get"], definition=operator("table", "other"))
    entries["run.x"] = replace(entries["config.1"], kind="run", definition={"type": "rum"})
    with pytest.raises(StateFormatError) as caught:
        push(opened, encode(replace(snapshot, resources=entries)), where="s.json", force=True)
    assert str(caught.value).splitlines() == [
        "s.json: the definition of operator.table.get is that of operator.table.other.",
        "s.json: the definition of run.x has no type that there is.",
    ]
    assert opened.store.read() == snapshot
