"""What is told of runs: those that ended as their records say, those that were killed as their journals do."""

from __future__ import annotations

from contextlib import contextmanager

import pytest

from mason.errors import ConflictError, NotFoundError, StateError
from mason.project.opened import Project
from mason.project.runs.history import (
    Asked,
    cancel_run,
    how_to_go_on,
    list_runs,
    meant_run,
    run_events,
    show_run,
    what_runs_anew,
)
from mason.state.journal import Journal, event_of, read_journal
from mason.state.lock import who

ID = "20260101T000000.000-a"
BEGUN = {"address": "workflow.table.export", "config_id": "1", "given": {}, "pid": 1, "by": who()}
RECORD = {"status": "running", "address": "workflow.table.export", "steps": [], "parameters": {"one": {}, "two": {}}}


def ended(step: str, status: str, error: str = "") -> dict[str, object]:
    facts = {"step": step, "status": status, "attempts": 1, "error": error, "started_at": "", "finished_at": ""}
    return event_of("ended", **facts)


@contextmanager
def journalled(*events):
    with Journal.create(ID) as journal:
        journal.write(event_of("begun", **BEGUN))
        for event in events:
            journal.write(event)
        yield


def test_the_newest_comes_first_and_a_broken_record_hides_none(opened: Project):
    for name in ("a", "b", "c"):
        opened.store.put_run(f"2026010{'abc'.index(name)}T000000.000-{name}", {"status": "succeeded"})
    opened.store.shelf.runs["20260101T000000.000-b"] = b"{"
    told = [(run_id[-1], record["status"]) for run_id, record in list_runs(opened)]
    assert told == [("c", "succeeded"), ("b", "unreadable"), ("a", "succeeded")]
    assert len(list_runs(opened, most=2)) == 2


def test_last_is_the_newest(opened: Project):
    with pytest.raises(NotFoundError, match=r"^There are no runs yet\.$"):
        meant_run(opened, "last")
    opened.store.put_run(ID, {"status": "succeeded"})
    assert (meant_run(opened, "last"), meant_run(opened, "x")) == (ID, "x")


def test_what_the_state_was_to_be_told_is_not_shown(opened: Project):
    opened.store.put_run(ID, {"status": "succeeded", "outcome": {"status": "succeeded"}})
    assert show_run(opened, ID) == {"status": "succeeded"}


@pytest.mark.parametrize(
    ("events", "status", "steps"),
    [
        ([], "interrupted", []),
        ([ended("one", "succeeded")], "interrupted", [("one", "succeeded")]),
        (
            [event_of("started", step="one", attempt=1)],
            "interrupted",
            [("one", "interrupted")],
        ),
        # It was killed when there was nothing left to do.
        ([ended("one", "succeeded"), ended("two", "skipped")], "succeeded", [("one", "succeeded"), ("two", "skipped")]),
        (
            [ended("one", "failed", "no"), ended("two", "upstream_failed"), event_of("finished", status="failed")],
            "failed",
            [("one", "failed"), ("two", "upstream_failed")],
        ),
    ],
)
def test_a_run_that_was_killed_ended_as_its_journal_tells(opened: Project, events, status, steps):
    opened.store.put_run(ID, RECORD)
    with journalled(*events):
        assert show_run(opened, ID)["status"] == "running"
    record = show_run(opened, ID)
    assert (record["status"], [(each["step"], each["status"]) for each in record["steps"]]) == (status, steps)


def test_what_is_resumed_is_told_anew_but_for_what_is_kept(opened: Project):
    opened.store.put_run(ID, RECORD)
    resumed = event_of("resumed", **BEGUN)
    with journalled(ended("one", "succeeded"), ended("two", "failed", "no"), resumed):
        assert [each["step"] for each in show_run(opened, ID)["steps"]] == ["one"]


def test_events_are_told_without_what_steps_returned(opened: Project):
    opened.store.put_run(ID, RECORD)
    with journalled(ended("one", "succeeded") | {"data": [1]}):
        assert all("data" not in event for event in run_events(opened, ID))
        assert [event["event"] for event in run_events(opened, ID)] == ["begun", "ended"]


def test_without_a_journal_it_is_said_where_the_logs_are(opened: Project):
    opened.store.put_run(ID, RECORD)
    with pytest.raises(StateError) as caught:
        run_events(opened, ID)
    assert str(caught.value) == f"This machine has no journal of run {ID}: its logs are where it ran."


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({}, f"When the cause is mended: mason runs resume {ID}"),
        (
            {
                "address": "workflow.table.export",
                "steps": [{"step": "four", "trigger_rule": "one_failed", "status": "succeeded"}],
            },
            "When the cause is mended, run it anew, because four may have undone what is kept: "
            "mason run workflow table export ...",
        ),
    ],
)
def test_how_to_go_on_minds_what_was_undone(record, expected):
    assert how_to_go_on(ID, record) == expected


@pytest.mark.parametrize(
    ("begun", "expected"),
    [
        ({"resource": "run.daily"}, "mason apply"),
        ({"schedule": "nightly"}, "mason scheduler trigger nightly"),
        ({"address": "operator.table.get"}, "mason run operator table get ..."),
    ],
)
def test_what_runs_anew_is_what_began_it(begun, expected):
    assert what_runs_anew(begun) == expected


def test_what_has_ended_or_is_elsewhere_cannot_be_cancelled(opened: Project):
    with pytest.raises(StateError) as unknown:
        cancel_run(opened, ID)
    assert "has no journal" not in str(unknown.value)
    opened.store.put_run(ID, RECORD)
    with pytest.raises(StateError, match="has no journal of run"):
        cancel_run(opened, ID)
    with journalled():
        pass
    with pytest.raises(ConflictError) as caught:
        cancel_run(opened, ID)
    assert str(caught.value) == f"Run {ID} has ended; there is nothing to cancel."


def test_a_run_is_asked_once_and_in_its_own_journal_alone(opened: Project):
    other = "20260101T000000.001-b"
    opened.store.put_run(ID, RECORD)
    with journalled(), Journal.create(other) as journal:
        journal.write(event_of("begun", **BEGUN))
        assert [cancel_run(opened, ID) for _ in range(2)] == [Asked(1), Asked(1, before=True)]
        assert [cancel_run(opened, ID, now=True) for _ in range(2)] == [Asked(1), Asked(1, before=True)]
        assert cancel_run(opened, ID) == Asked(1, before=True)
    asked = [event for event in run_events(opened, ID) if event["event"] == "asked"]
    assert [(event["by"], event.get("at_once", False)) for event in asked] == [(who(), False), (who(), True)]
    assert [event["event"] for event in read_journal(other) or ()] == ["begun"]


def test_a_run_that_goes_on_again_can_be_asked_again(opened: Project):
    opened.store.put_run(ID, RECORD)
    with journalled(event_of("asked", by=who()), event_of("finished", status="interrupted")):
        pass
    with Journal.resume(ID) as journal:
        journal.write(event_of("resumed", **BEGUN))
        assert cancel_run(opened, ID) == Asked(1)
