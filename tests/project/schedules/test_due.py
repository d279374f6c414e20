"""What becomes of the times of a schedule, at whatever time somebody looks."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from itertools import count

import pytest

from mason.engines.ledger import LastRun, Ledger, Waiting
from mason.engines.models import Dag, Schedule
from mason.project.schedules.due import MOST, decide, next_time

NOON = datetime(2026, 3, 4, 12, tzinfo=timezone.utc)
MINUTELY = Schedule("minutely", "* * * * *", Dag(()))
DAILY = Schedule("daily", "0 12 * * *", Dag(()))


def at(moment: datetime) -> str:
    return f"{moment:%d %H:%M}"


def decided(schedule, considered, now, *, busy=False, queue=()):
    numbers = count(1)
    ledger = Ledger(considered, queue)
    decision = decide(schedule, ledger, now, busy=busy, new_job_id=lambda: f"job-{next(numbers)}")
    assert decision.ledger.queue == (*queue, *decision.queued)
    return decision


def words(decision):
    """What is queued, missed and skipped, and up to when times were considered."""
    return (
        [at(each.due) for each in decision.queued],
        [at(each) for each in decision.missed],
        [at(each) for each in decision.skipped],
        at(decision.ledger.considered),
    )


def test_before_its_time_nothing_changes():
    ledger = Ledger(NOON - timedelta(hours=1), last=LastRun("r", "succeeded"))
    decision = decide(DAILY, ledger, NOON - timedelta(microseconds=1), busy=False, new_job_id=str)
    assert decision.ledger is ledger
    assert next_time(DAILY, ledger) == NOON


def test_at_its_time_it_is_queued_once():
    first = decided(DAILY, NOON - timedelta(hours=1), NOON)
    assert first.queued == (Waiting("job-1", NOON),)
    assert words(first) == (["04 12:00"], [], [], "04 12:00")
    again = decide(DAILY, first.ledger, NOON + timedelta(seconds=1), busy=True, new_job_id=str)
    assert again.ledger is first.ledger
    assert next_time(DAILY, first.ledger) == NOON + timedelta(days=1)


def test_a_time_that_is_a_minute_late_was_not_missed():
    late = decided(DAILY, NOON - timedelta(hours=1), NOON + timedelta(seconds=60))
    assert words(late) == (["04 12:00"], [], [], "04 12:00")
    later = decided(DAILY, NOON - timedelta(hours=1), NOON + timedelta(seconds=60, microseconds=1))
    assert words(later) == ([], ["04 12:00"], [], "04 12:00")


@pytest.mark.parametrize(
    ("catch_up", "queued", "missed"),
    [
        ("none", [], ["01 12:00", "02 12:00", "03 12:00"]),
        ("latest", ["03 12:00"], ["01 12:00", "02 12:00"]),
        ("all", ["01 12:00", "02 12:00", "03 12:00"], []),
    ],
)
def test_what_was_missed_is_made_up_for_as_the_schedule_says(catch_up, queued, missed):
    """The daemon was down, the machine slept, or its clock was set forward: they look alike."""
    schedule = replace(DAILY, catch_up=catch_up)
    decision = decided(schedule, NOON - timedelta(days=3, hours=12), NOON - timedelta(hours=1))
    assert words(decision) == (queued, missed, [], "03 12:00")


@pytest.mark.parametrize(
    ("catch_up", "queued", "missed"),
    [
        ("none", ["04 12:00"], ["03 12:00"]),
        # What is run now brings things up to date.
        ("latest", ["04 12:00"], ["03 12:00"]),
        ("all", ["03 12:00", "04 12:00"], []),
    ],
)
def test_missed_times_and_one_that_is_due_now(catch_up, queued, missed):
    schedule = replace(DAILY, catch_up=catch_up, overlap="queue")
    decision = decided(schedule, NOON - timedelta(days=1, hours=12), NOON + timedelta(seconds=5))
    assert words(decision) == (queued, missed, [], "04 12:00")


def test_what_is_made_up_for_is_an_earlier_run_as_any_other():
    schedule = replace(DAILY, catch_up="all")
    decision = decided(schedule, NOON - timedelta(days=1, hours=12), NOON)
    assert words(decision) == (["03 12:00"], [], ["04 12:00"], "04 12:00")


@pytest.mark.parametrize("busy", [True, False])
@pytest.mark.parametrize("queue", [(), (Waiting("other"),)])
@pytest.mark.parametrize("overlap", ["skip", "queue"])
def test_a_time_that_comes_while_an_earlier_run_goes_on_or_waits(busy, queue, overlap):
    decision = decided(replace(DAILY, overlap=overlap), NOON - timedelta(hours=1), NOON, busy=busy, queue=queue)
    taken = overlap == "queue" or not (busy or queue)
    expected = (["04 12:00"], [], [], "04 12:00") if taken else ([], [], ["04 12:00"], "04 12:00")
    assert words(decision) == expected


def test_two_times_within_a_minute():
    assert words(decided(MINUTELY, NOON - timedelta(minutes=1), NOON + timedelta(minutes=1))) == (
        ["04 12:00"],
        [],
        ["04 12:01"],
        "04 12:01",
    )


def test_a_clock_that_is_set_back_brings_no_time_twice():
    first = decided(DAILY, NOON - timedelta(hours=1), NOON)
    for now in (NOON - timedelta(hours=2), NOON - timedelta(seconds=1), NOON, NOON + timedelta(hours=1)):
        assert decide(DAILY, first.ledger, now, busy=False, new_job_id=str).ledger is first.ledger


def test_what_is_not_enabled_is_never_due():
    schedule = replace(DAILY, enabled=False, catch_up="all")
    ledger = Ledger(NOON - timedelta(days=9))
    assert decide(schedule, ledger, NOON, busy=False, new_job_id=str).ledger is ledger
    assert next_time(schedule, ledger) is None


def test_of_very_many_missed_times_a_thousand_are_told():
    decision = decided(MINUTELY, NOON - timedelta(days=365), NOON - timedelta(seconds=1))
    assert len(decision.missed) == MOST
    assert decision.more
    # That of a moment ago was not missed.
    assert [at(each.due) for each in decision.queued] == ["04 11:59"]
    exactly = decided(MINUTELY, NOON - timedelta(minutes=MOST + 2), NOON - timedelta(seconds=1))
    assert (len(exactly.missed), exactly.more) == (MOST, False)


def test_all_of_very_many_are_made_up_for_a_thousand_at_a_time():
    schedule = replace(MINUTELY, catch_up="all")
    begin = NOON - timedelta(minutes=2500)
    done = []
    ledger = Ledger(begin)
    while True:
        decision = decide(schedule, ledger, NOON - timedelta(seconds=1), busy=False, new_job_id=str)
        if not decision.queued:
            break
        assert len(decision.queued) <= MOST
        waits = decide(schedule, decision.ledger, NOON - timedelta(seconds=1), busy=True, new_job_id=str)
        assert waits.queued == ()
        done += [each.due for each in decision.queued]
        ledger = replace(waits.ledger, queue=())
    # The last one was in time, and skipped: it came while those before it waited.
    assert done == [begin + timedelta(minutes=number) for number in range(1, 2499)]


def test_clocks_change_and_so_does_the_moment():
    berlin = Schedule("berlin", "30 2 * * *", Dag(()), time_zone="Europe/Berlin")
    gap = datetime(2026, 3, 29, 1, tzinfo=timezone.utc)
    assert next_time(berlin, Ledger(gap - timedelta(hours=2))) == gap
    twice = datetime(2026, 10, 25, 0, 30, tzinfo=timezone.utc)
    decision = decided(berlin, twice - timedelta(hours=2), twice)
    assert decision.queued[0].due == twice
    # An hour later clocks show 2:30 again.
    again = decide(berlin, decision.ledger, twice + timedelta(hours=1), busy=False, new_job_id=str)
    assert again.ledger is decision.ledger
