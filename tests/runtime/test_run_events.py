"""The one place where events of runs are noted: written first, told then, and what becomes of a journal that cannot be
written."""

from __future__ import annotations

import pytest

from mason import secrets
from mason.errors import ConflictError, StateError
from mason.runtime.run_events import RunEvents
from mason.state.journal import add_event, event_of, journal_path, read_journal

RUN = "20261121T101500.042-3f9a1c"


@pytest.fixture
def journals(folder):
    """Where journals are kept."""
    return journal_path(RUN).parent


def names(run_id: str) -> list[str]:
    return [event["event"] for event in read_journal(run_id) or ()]


def test_an_event_is_in_the_journal_when_it_is_told(journals):
    told = []
    with RunEvents(RUN, lambda event: told.append((event["event"], names(RUN)))) as events:
        events.note("started", step="a", attempt=1)
        events.tell("said", step="a", attempt=1, kind="output", message="passing by")
        events.note("finished", status="succeeded")
    assert told == [("started", ["started"]), ("said", ["started"]), ("finished", ["started", "finished"])]


def test_secrets_are_taken_out_before_anybody_sees_them(journals):
    secrets.remember("s3cr3t-value")
    told = []
    with RunEvents(RUN, told.append) as events:
        noted = events.note("said", step="a", attempt=1, kind="info", message="my s3cr3t-value")
    assert told == [noted] == read_journal(RUN)
    assert noted["message"] == "my REDACTED"


def test_a_journal_that_cannot_be_made_keeps_a_run_from_beginning(journals):
    journals.parent.mkdir(parents=True, exist_ok=True)
    journals.write_text("")
    with pytest.raises(StateError, match="cannot be written: File exists"):
        RunEvents(RUN, lambda event: None)


def test_a_run_that_may_lack_its_journal_goes_on_without(journals):
    journals.parent.mkdir(parents=True, exist_ok=True)
    journals.write_text("")
    told = []
    with RunEvents(RUN, told.append, may_lack=True) as events:
        events.note("started", step="a", attempt=1)
        assert events.lack == (
            f"The journal {journal_path(RUN)} cannot be written: File exists. Make room there, or set MASON_HOME."
        )
    assert [event["event"] for event in told] == ["started"]


def test_what_can_no_longer_be_written_is_told_all_the_same(journals):
    told = []
    with RunEvents(RUN, told.append) as events:
        pass
    failure = events.note_if_possible("finished", status="succeeded")
    assert str(failure).startswith(f"The journal {journal_path(RUN)} cannot be written: ")
    assert [event["event"] for event in told] == ["finished"]
    with pytest.raises(StateError):
        events.note("finished", status="succeeded")


def test_one_run_has_one_writer(journals):
    with RunEvents(RUN, lambda event: None) as events:
        events.note("finished", status="failed")
        with pytest.raises(ConflictError):
            RunEvents(RUN, lambda event: None, resumed=True)
    with RunEvents(RUN, lambda event: None, resumed=True) as events:
        assert len(events.all()) == 1


def test_only_a_new_journal_is_taken_back(journals):
    with RunEvents(RUN, lambda event: None) as events:
        events.note("finished", status="failed")
    with RunEvents(RUN, lambda event: None, resumed=True) as events:
        events.take_back()
    assert names(RUN) == ["finished"]
    other = "20261121T101500.043-3f9a1c"
    with RunEvents(other, lambda event: None) as events:
        events.take_back()
    assert read_journal(other) is None


def test_who_asks_the_run_to_end_is_told_once(journals):
    told = []
    with RunEvents(RUN, told.append) as events:
        events.note("begun")
        assert events.asked() is None
        asked = event_of("asked", by="ann@here")
        add_event(RUN, asked)
        events.note("started", step="a", attempt=1)
        assert [events.asked(), events.asked()] == [asked, None]
    assert [event["event"] for event in told] == ["begun", "started", "asked"]
