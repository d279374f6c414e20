"""Old runs beyond the newest are forgotten with their journals; what goes on, or may be resumed, is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from mason.project.opened import Project
from mason.project.runs import retention
from mason.settings import History
from mason.state.journal import Journal, event_of, journal_path
from mason.state.lock import who

NOW = datetime.now(timezone.utc)


def run_id(days: int, name: str = "a") -> str:
    """The id of a run that began so many days ago."""
    return f"{NOW - timedelta(days=days):%Y%m%dT%H%M%S}.000-{name}"


@pytest.fixture
def frugal(opened: Project) -> Project:
    """The project, which keeps one run, and those of the last day."""
    return replace(opened, settings=replace(opened.settings, history=History(keep_runs=1, keep_days=1)))


def record(opened: Project, id: str) -> None:
    opened.store.put_run(id, {"status": "succeeded", "address": "operator.table.get"})


def test_only_what_is_old_and_not_among_the_newest_goes(frugal: Project):
    old, young, newest = run_id(9), run_id(0, "b"), run_id(0, "c")
    for each in (old, young, newest):
        record(frugal, each)
    assert retention.prune(frugal, dry_run=True).runs == (old,)
    assert frugal.store.list_runs() == [old, young, newest]
    assert retention.prune(frugal).runs == (old,)
    assert frugal.store.list_runs() == [young, newest]


def test_steps_that_a_scheduler_had_done_go_with_their_run(frugal: Project):
    old, newest = run_id(9), run_id(2)
    ids = [old, f"{old}:one:1", f"{old}:two:1", newest, f"{newest}:one:1", f"{newest}:one:2", f"{newest}:two:1"]
    for each in ids:
        record(frugal, each)
    assert retention.prune(frugal).runs == tuple(ids[:3])
    assert frugal.store.list_runs() == ids[3:]


def test_the_newest_stays_however_old_it_is(frugal: Project):
    record(frugal, run_id(999))
    assert retention.prune(frugal).runs == ()


def test_a_run_that_goes_on_stays_and_its_journal_too(frugal: Project):
    old = run_id(9)
    frugal.store.put_run(old, {"status": "running", "address": "operator.table.get", "run_by": who()})
    record(frugal, run_id(0))
    with Journal.create(old) as journal:
        journal.write(event_of("begun", address="operator.table.get", config_id="1", given={}, pid=1))
        assert retention.prune(frugal).runs == ()
    assert retention.prune(frugal).runs == (old,)
    assert not journal_path(old).exists()


def test_without_time_nothing_is_removed_and_that_is_told(frugal: Project):
    record(frugal, run_id(9))
    record(frugal, run_id(0))
    assert retention.prune(frugal, seconds=-1) == retention.Pruned((), (), complete=False)


def test_once_a_day_is_enough(frugal: Project):
    record(frugal, run_id(0))
    retention.prune_daily(frugal)
    record(frugal, run_id(9))
    retention.prune_daily(frugal)
    assert len(frugal.store.list_runs()) == 2
