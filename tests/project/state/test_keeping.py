"""What looks after a state: who holds its lock, what it held when, and changes that are done as they were shown."""

from __future__ import annotations

import pytest

from mason.errors import NotFoundError, StateConflictError, StateError
from mason.project.opened import Project, open_workspace
from mason.project.state import keeping
from mason.state.format import decode
from tests.planner.conftest import config, operator, workflow
from tests.project.conftest import Write

RUN = {"type": "run", "name": "daily", "operator": "table:get", "config_id": "1"}
SCHEDULE = {
    "type": "schedule",
    "name": "nightly",
    "workflow": "table:export",
    "config_id": "1",
    "schedule": "0 1 * * *",
}
ALL = (config(), operator(), workflow("table", "export", "operator.table.get"), RUN, SCHEDULE)


def test_what_begins_so_is_listed(write: Write):
    snapshot = write(*ALL)
    assert list(keeping.listed(snapshot)) == [
        "config.1",
        "operator.table.get",
        "run.daily",
        "schedule.nightly",
        "workflow.table.export",
    ]
    assert list(keeping.listed(snapshot, "run.")) == ["run.daily"]
    assert list(keeping.listed(snapshot, kind="workflow")) == ["workflow.table.export"]


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("run.dayly", "No address in the state begins with run.dayly (did you mean 'run.daily'?)."),
        (
            "run.*",
            "No address in the state begins with run.* (it is taken as it is, without wildcards: leave them out).",
        ),
    ],
)
def test_a_beginning_that_nothing_has_is_told(write: Write, prefix, expected):
    with pytest.raises(NotFoundError) as caught:
        keeping.listed(write(*ALL), prefix)
    assert str(caught.value) == expected


def test_users_are_those_that_name_it(write: Write):
    snapshot = write(*ALL)
    assert keeping.users_of(snapshot, "operator.table.get") == ["run.daily", "workflow.table.export"]
    assert keeping.users_of(snapshot, "config.1") == ["run.daily", "schedule.nightly"]
    assert keeping.users_of(snapshot, "schedule.nightly") == []


def test_the_pulled_state_is_what_is_read_back(opened: Project, write: Write):
    snapshot = write(*ALL)
    pulled = decode(keeping.pulled(opened), where="here", token="", backup=lambda: "")
    assert (pulled.serial, pulled.lineage, dict(pulled.resources)) == (1, snapshot.lineage, dict(snapshot.resources))


def test_what_was_never_written_cannot_be_pulled(opened: Project):
    with pytest.raises(StateError) as caught:
        keeping.pulled(opened)
    assert str(caught.value) == f"Nothing was written to the state {opened.store.url} yet."
    assert keeping.history(opened) == []


def test_the_history_counts_what_each_version_changed(opened: Project, write: Write):
    write(config(), operator())
    write(config(), operator(description="new"), RUN)
    write(config(), RUN, outcomes={"run.daily": {"status": "succeeded"}})
    told = [
        (each.serial, each.is_current, each.resources, each.created, each.overwritten, each.deleted, each.outcomes)
        for each in keeping.history(opened)
    ]
    assert told == [(3, True, 2, 0, 0, 1, 1), (2, False, 3, 1, 1, 0, 0), (1, False, 2, 2, 0, 0, 0)]


def test_a_change_is_done_as_it_was_shown(opened: Project, write: Write):
    write(*ALL)
    change = keeping.move(opened, "operator.table.get", "operator.table.fetch")
    assert change.told.rewritten == ("run.daily", "workflow.table.export")
    done = keeping.carry_out(
        opened,
        change,
        lambda: keeping.move(opened, "operator.table.get", "operator.table.fetch"),
        operation="state mv",
        lock_timeout=0,
    )
    assert sorted(done.resources) == sorted(opened.store.read().resources)
    assert done.resources["run.daily"].definition["operator"] == "table:fetch"
    assert opened.store.lock_info() is None


def test_a_change_that_would_be_another_by_now_is_refused(opened: Project, write: Write):
    write(*ALL)
    change = keeping.forget(opened, ["operator.table.get"])
    write(config(), operator())
    with pytest.raises(StateConflictError) as caught:
        keeping.carry_out(
            opened,
            change,
            lambda: keeping.forget(opened, ["operator.table.get"]),
            operation="state rm",
            lock_timeout=0,
        )
    assert str(caught.value) == (
        f"The state {opened.store.url} was changed by somebody else, and what would be done now is not what was shown. "
        "Nothing was written. Run the command again."
    )
    assert "operator.table.get" in opened.store.read().resources


def test_forgetting_tells_what_uses_it_what_is_protected_and_whose_it_is(opened: Project, write: Write):
    write(
        config(protect=True),
        operator(),
        RUN,
        SCHEDULE,
        project="other",
        outcomes={"schedule.nightly": {"status": "succeeded"}},
    )
    told = keeping.forget(opened, ["config.1", "schedule.nightly"]).told
    assert told == keeping.Forgotten(
        ("config.1", "schedule.nightly"),
        uses=(("run.daily", "config.1"),),
        schedules=("schedule.nightly",),
        protected=("config.1",),
        foreign={"other": ("config.1", "schedule.nightly")},
    )


def test_a_rollback_is_a_plan_and_a_new_serial(opened: Project, write: Write):
    write(config(), operator())
    write(config())
    change = keeping.roll_back(opened, 1)
    assert change is not None
    assert [(action.kind, action.address) for action in change.told.actions] == [("create", "operator.table.get")]
    assert (change.base.serial, change.becomes.serial) == (2, 3)


@pytest.mark.parametrize(
    ("serial", "expected"),
    [
        (2, "The state {url} is at serial 2 already."),
        (9, "There is no backup of serial 9 in {url}. Kept are: 1. See mason state history"),
    ],
)
def test_a_rollback_to_what_is_no_backup_is_refused(opened: Project, write: Write, serial, expected):
    write(config(), operator())
    write(config())
    with pytest.raises(StateError) as caught:
        keeping.roll_back(opened, serial)
    assert str(caught.value) == expected.format(url=opened.store.url)


def test_workspaces_are_those_that_have_a_state_and_the_current_one(opened: Project, write: Write):
    write(config())
    other = open_workspace(opened.url, "stage")
    other.write(dict(opened.store.read().resources), base=other.read())
    found = [(each.name, each.serial, each.resources, each.is_current) for each in keeping.workspaces(opened)]
    assert found == [("default", 1, 1, True), ("stage", 1, 1, False)]


def test_a_state_that_goes_with_this_process_is_no_place_to_keep_one(folder):
    with pytest.raises(StateError) as caught:
        keeping.check_place("memory://x")
    assert str(caught.value) == (
        "A state at memory:// lasts as long as its process, so nothing can be kept there. Name a folder, or "
        "s3://bucket/prefix."
    )
    assert keeping.check_place(str(folder / "state")).serial == 0
