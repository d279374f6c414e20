"""How retries are written, and how long they wait."""

from __future__ import annotations

import pytest

from mason.resources.retry import Retry


def no_jitter() -> float:
    return 0.0


def test_what_workflows_write():
    assert Retry.parse("constant(5)", 7) == Retry("constant", 5.0, 7)
    assert Retry.parse("exponential(10)", 0) == Retry("exponential", 10.0, 0)
    assert Retry.parse("exponential(5)") == Retry("exponential", 5.0, 3)


@pytest.mark.parametrize(
    "text", ["", "5", "constant", "constant()", "constant(0)", "constant(-1)", "linear(5)", "constant(5) "]
)
def test_anything_else_is_refused(text):
    with pytest.raises(ValueError, match="is no retry") as raised:
        Retry.parse(text)
    assert str(raised.value) == f"{text!r} is no retry: write constant(SECONDS) or exponential(SECONDS)"


def test_constant_waits_the_same_each_time_and_exponential_doubles_up_to_an_hour():
    constant, exponential = Retry("constant", 5, 3), Retry("exponential", 5, 20)
    assert [constant.delay(attempt, no_jitter) for attempt in (1, 2, 20)] == [5, 5, 5]
    waits = [exponential.delay(attempt, no_jitter) for attempt in range(1, 13)]
    assert waits == [5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600]
    assert exponential.delay(1_000_000, no_jitter) == 3600


def test_up_to_a_tenth_is_added_by_chance():
    assert Retry("constant", 100, 3).delay(1, lambda: 0.5) == pytest.approx(105)
    assert Retry("exponential", 100, 3).delay(20, lambda: 1.0) == pytest.approx(3960)
