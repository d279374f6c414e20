"""How a walk is told to end, and how work learns that nobody waits for it any more."""

from __future__ import annotations

import threading

import pytest

from mason.runtime.workers import Attempt, Control, Workers
from tests.waiting import wait_for


def test_what_interrupts_an_attempt_is_called_when_it_is_given_up():
    attempt, told = Attempt("a", 0, 1), []
    attempt.add(lambda: told.append("one"))
    two = lambda: told.append("two")  # noqa: E731 - it has to be the same object twice
    attempt.add(two)
    attempt.discard(two)
    control = Control()
    workers = Workers(lambda id, number: None, control)
    workers.give_up(attempt)
    assert (told, attempt.given_up, attempt.is_wanted()) == (["one"], True, False)
    # Who comes late is told at once.
    attempt.add(two)
    assert told == ["one", "two"]
    workers.close()


def test_what_interrupts_may_raise_and_the_others_are_called_all_the_same():
    attempt, told = Attempt("a", 0, 1), []
    attempt.add(lambda: 1 / 0)
    attempt.add(lambda: told.append("called"))
    workers = Workers(lambda id, number: None, Control())
    workers.give_up(attempt)
    assert told == ["called"]
    workers.close()


def test_interrupts_belong_to_the_attempt_of_their_thread():
    control = Control()
    with pytest.raises(RuntimeError, match="no work of a walk with this control runs in this thread"):
        control.interrupts.add(print)


def test_finishing_is_less_than_stopping():
    control = Control()
    assert (control.finishing, control.stopping) == (False, False)
    control.finish()
    assert (control.finishing, control.stopping) == (True, False)
    control.stop()
    assert (control.finishing, control.stopping) == (True, True)


def test_each_report_tells_what_was_returned_or_raised():
    def work(id: str, number: int) -> str:
        if id == "bad":
            raise ValueError(f"attempt {number}")
        return f"{id} {number}"

    workers = Workers(work, Control())
    for number, id in enumerate(("good", "bad"), 1):
        assert workers.reserve()
        workers.begin(Attempt(id, number, number))
        report = workers.reports.get(timeout=60)
        assert report is not None
        attempt, result, error, _ = report
        told = result if error is None else repr(error)
        assert (attempt.id, attempt.ended, told) == (id, True, {"good": "good 1", "bad": "ValueError('attempt 2')"}[id])
        workers.release()
    workers.close()


def test_work_that_is_given_up_goes_on_and_is_counted_until_it_ends():
    control, go_on, began = Control(), threading.Event(), threading.Event()

    def work(id: str, number: int) -> None:
        began.set()
        go_on.wait(60)

    workers = Workers(work, control)
    assert workers.reserve()
    attempt = Attempt("slow", 0, 1)
    workers.begin(attempt)
    assert began.wait(60)
    workers.give_up(attempt)
    assert control.lost == 1
    # It has nothing that interrupts it: nobody waits for it.
    control.see_off(60)
    workers.close()
    go_on.set()
    wait_for(lambda: control.lost == 0)


def test_what_was_registered_is_forgotten_when_the_attempt_ends():
    control = Control()
    workers = Workers(lambda id, number: control.interrupts.add(print), control)
    assert workers.reserve()
    attempt = Attempt("a", 0, 1)
    workers.begin(attempt)
    workers.reports.get(timeout=60)
    assert attempt.interrupts == []
    workers.release()
    workers.close()
