"""Progress as people see it: pure views of every width, and what is drawn when on which kind of stream."""

from __future__ import annotations

import io
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mason import secrets
from mason.engines.progress import Progress, report
from mason.render.progress_bar import Display, bar_text, line_text, showing
from mason.render.terminal import Terminal, cells, printable

HALF = Progress(1_200_000_000, 2_400_000_000, "bytes", "Reading data.flights")


@pytest.mark.parametrize(
    ("width", "text"),
    [
        (
            110,
            "Reading data.flights [===============               ]  50%  1.2 of 2.4 GB  300 MB/s  4 s left",
        ),
        (80, "Reading data.flights [=====     ]  50%  1.2 of 2.4 GB  300 MB/s  4 s left"),
        (70, "Reading data.flights [=====     ]  50%  1.2 of 2.4 GB  4 s left"),
        (50, "Reading data.fl… [=====     ]  50%  4 s left"),
        (30, "Reading …   50%  4 s left"),
        (20, "Readi…   50%"),
        (8, "R… 50%"),
        (3, "……"),
    ],
)
def test_what_there_is_room_for(width, text):
    assert bar_text(HALF, 4.0, Terminal(width=width)) == text


@given(
    st.integers(0, 10**15),
    st.integers(0, 10**15),
    st.sampled_from(["bytes", "rows"]),
    st.text(),
    st.floats(0, 10**7),
    st.integers(2, 200),
)
def test_a_bar_is_narrower_than_the_terminal_and_on_one_line(done, more, unit, what, elapsed, width):
    text = bar_text(Progress(done, done + more, unit, what), elapsed, Terminal(width=width))
    assert cells(text) < width
    assert printable(text.replace("\n", "\0")) == text


def test_colour_is_for_terminals_that_want_it():
    assert "[\033[32m=====\033[0m     ]" in bar_text(HALF, 4.0, Terminal(color=True, width=70))


@pytest.mark.parametrize(
    ("progress", "elapsed", "text"),
    [
        (HALF, 4.0, "Reading data.flights: 50%, 1.2 of 2.4 GB, 300 MB/s, 4 s left"),
        (Progress(0, 950, "bytes", "a"), 0.0, "a: 0%, 0 of 950 B"),
        (Progress(999_950, 2_000_000_000, "bytes", "a"), 2.0, "a: 0%, 1.0 MB of 2.0 GB, 500 kB/s"),
        (Progress(1_000, 100_000, "bytes", "a"), 100.0, "a: 1%, 1.0 of 100 kB, 10 B/s, 2 h 45 min left"),
        (Progress(12_000, 24_000, "rows", "a"), 90.0, "a: 50%, 12,000 of 24,000 rows, 133 rows/s, 1 min 30 s left"),
        (Progress(12_000, 0, "rows", "a"), 3.0, "a: 12,000 rows, 4,000 rows/s"),
        (Progress(0, 0, "bytes", "a"), 75.0, "a: 1 min 15 s"),
    ],
)
def test_a_line_for_a_log(progress, elapsed, text):
    assert line_text(progress, elapsed) == text


def test_secrets_and_commands_stay_off_the_terminal():
    secrets.remember("hush-of-progress")
    what = "Reading \x1b[2Jhush-of-progress\n"
    assert line_text(Progress(0, 1, "bytes", what), 0) == "Reading \\u001b[2JREDACTED\\n: 0%, 0 of 1 B"
    assert bar_text(Progress(0, 1, "bytes", "hush-of-progress"), 0, Terminal(width=40)).startswith("REDACTED ")


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def display(*, live):
    stream, clock = io.StringIO(), Clock()
    return Display(stream, lambda: Terminal(width=50), live=live, clock=clock), stream, clock


def at(shown, clock, seconds, progress):
    clock.now = 100.0 + seconds
    shown.observe(progress)


def test_a_bar_comes_after_a_while_gives_way_and_is_erased():
    shown, stream, clock = display(live=True)
    for seconds in (0.0, 0.6):
        at(shown, clock, seconds, HALF)
    assert stream.getvalue() == ""
    at(shown, clock, 0.8, HALF)
    first = "\rReading data.fl… [=====     ]  50%  1 s left\033[K"
    assert stream.getvalue() == first
    at(shown, clock, 0.81, HALF)
    assert stream.getvalue() == first
    shown.write("begun")
    at(shown, clock, 1.0, HALF)
    shown.write(" and done\n")
    assert stream.getvalue() == first + "\r\033[Kbegun and done\n"
    at(shown, clock, 1.2, HALF)
    assert stream.getvalue() == first + "\r\033[Kbegun and done\n" + first
    at(shown, clock, 1.3, Progress(1, 1, "bytes", HALF.what, ended=True))
    assert stream.getvalue() == first + "\r\033[Kbegun and done\n" + first + "\r\033[K"
    shown.erase()
    assert stream.getvalue().endswith(first + "\r\033[K")


def test_where_no_bar_can_be_drawn_there_is_a_line_now_and_then():
    shown, stream, clock = display(live=False)
    for tenth in range(120):
        at(shown, clock, tenth / 10, HALF)
    at(shown, clock, 12.0, Progress(1, 1, "bytes", HALF.what, ended=True))
    assert stream.getvalue() == (
        "Reading data.flights: 50%, 1.2 of 2.4 GB, 240 MB/s, 5 s left\n"
        "Reading data.flights: 50%, 1.2 of 2.4 GB, 120 MB/s, 10 s left\n"
    )


def test_the_rate_is_that_of_the_work_at_hand():
    shown, stream, clock = display(live=False)
    at(shown, clock, 0.0, HALF)
    at(shown, clock, 3.0, Progress(0, 100, "rows", "Counting"))
    at(shown, clock, 5.0, Progress(50, 100, "rows", "Counting"))
    assert stream.getvalue() == "Counting: 50%, 50 of 100 rows, 25 rows/s, 2 s left\n"


def test_a_stream_that_is_closed_is_left_alone():
    shown, stream, clock = display(live=True)
    stream.close()
    at(shown, clock, 1.0, HALF)


def test_what_is_told_on_stderr_goes_through_and_stderr_is_given_back():
    stream, standard = io.StringIO(), sys.stderr
    with showing(stream, Terminal, live=True):
        print("said", file=sys.stderr)
        report(HALF)
    assert sys.stderr is standard
    assert stream.getvalue() == "said\n"
