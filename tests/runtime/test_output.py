"""What a step prints is heard line by line, as far as it is kept, and without secrets."""

from __future__ import annotations

import contextvars
import os
import sys
import threading

import pytest

from mason import secrets
from mason.engines.interrupts import doing
from mason.runtime.output import MOST_KEPT, Printed, aside, hearing
from mason.runtime.workers import Attempt


@pytest.fixture
def heard():
    return []


@pytest.fixture
def hear(heard):
    """Does something within ``hearing``; ``printed`` is what the step had printed before."""

    def do(work, printed=None):
        with aside(), hearing(printed or Printed(), lambda line, kept: heard.append((line, kept))):
            work()

    return do


def test_both_streams_are_heard_in_their_order_and_by_line(hear, heard, capsys):
    def work():
        print("a", 1)
        sys.stderr.write("b ")
        sys.stdout.buffer.write("ä\nc".encode())
        sys.stdout.flush()
        print("d\r\n\ne")

    hear(work)
    assert heard == [("a 1", True), ("b ä", True), ("cd", True), ("", True), ("e", True)]
    assert capsys.readouterr().err == ""


def test_of_a_bar_that_overwrites_itself_the_last_is_heard(hear, heard):
    def work():
        for percent in range(1_000):
            sys.stderr.write(f"\r{percent} done")
        sys.stderr.write("\nnext")

    hear(work)
    assert heard == [("999 done", True), ("next", True)]


def test_secrets_are_taken_out_also_where_they_come_in_pieces(hear, heard):
    secrets.remember("printed-secret\nof two lines")

    def work():
        sys.stdout.write("a printed-se")
        sys.stdout.write("cret\nof two lines\n")
        sys.stdout.write("b printed-secret")

    hear(work)
    assert heard == [("a REDACTED", True), ("b REDACTED", True)]


HALF = MOST_KEPT // 2
EVENT = 100


def test_what_fits_is_kept_as_it_is(hear, heard):
    printed = Printed()
    hear(lambda: print("x" * (HALF - EVENT)), printed)
    hear(lambda: print("short\n" * 3 + "ä"), printed)
    assert heard == [("x" * (HALF - EVENT), True), ("short", True), ("short", True), ("short", True), ("ä", True)]


def test_the_first_and_the_last_half_megabyte_are_kept(hear, heard):
    def work():
        print("begin")
        for number in range(200_000):
            print("line", number)
        print("end")

    hear(work)
    lines = [line for line, _ in heard]
    assert all(kept for _, kept in heard)
    assert lines[:3] == ["begin", "line 0", "line 1"]
    assert lines[-3:] == ["line 199998", "line 199999", "end"]
    at = next(index for index, line in enumerate(lines) if "more bytes" in line)
    left_out = sum(len(f"line {number}\n") for number in range(int(lines[at - 1][5:]) + 1, int(lines[at + 1][5:])))
    told = int(lines[at].partition(" ")[0].replace(",", ""))
    assert lines[at].endswith(
        " more bytes were printed here; of one step, the first and the last half megabyte are kept"
    )
    assert abs(told - left_out) < 40
    assert sum(len(line) + EVENT for line in lines) <= MOST_KEPT + 2 * EVENT + len(lines[at])


@pytest.mark.parametrize("pieces", [1, 30])
def test_one_line_is_cut_inside(hear, heard, pieces):
    def work():
        for piece in range(pieces):
            sys.stdout.write("abcdefghij"[piece % 10] * (3_000_000 // pieces))
        print("end\nnext")

    hear(work)
    (first, kept), (told, _), (last, _), (following, _) = heard
    assert kept
    assert len(first) == HALF - EVENT
    assert first.startswith("aaa")
    assert told == (
        f"{3_000_003 - len(first) - len(last):,} more bytes were printed here; of one step, the first and the last "
        "half megabyte are kept"
    )
    assert len(last) == HALF - 2 * EVENT - len("next")
    assert last.endswith(("j" if pieces == 30 else "a") + "end")
    assert following == "next"


@pytest.mark.parametrize("before", [HALF - EVENT - 5, HALF - EVENT + 5, HALF + 70_000])
@pytest.mark.parametrize("after", [0, HALF - 60, HALF - EVENT - 10, HALF + 60_000, 900_000])
def test_a_secret_is_not_cut_into_halves(hear, heard, before, after):
    secrets.remember("qzvkxwjpgtrmhdns")

    def work():
        sys.stdout.write("-" * before)
        for piece in ("qzvkx", "wjpgt", "rmhdns"):
            sys.stdout.write(piece)
        for _ in range(after // 1000):
            sys.stdout.write("-" * 1000)
        sys.stdout.write("-" * (after % 1000))

    hear(work)
    told = "".join(line for line, _ in heard)
    assert not any("qzvkxwjpgtrmhdns"[at : at + 4] in told for at in range(13))


def test_work_that_was_given_up_is_heard_no_more(hear, heard, capsys):
    lost = Attempt("a", 0, 1)

    def work():
        sys.stdout.write("half ")
        lost.given_up = True
        print("late")

    with doing(lost):
        hear(work)
    assert heard == []
    assert capsys.readouterr().err == "late\n"


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")
def test_a_forked_child_is_not_heard(hear, heard, capfd):
    def work():
        sys.stdout.write("half ")
        child = os.fork()
        if not child:
            print("of the child")
            os._exit(0)
        os.waitpid(child, 0)
        print("of the parent")

    hear(work)
    assert heard == [("half of the parent", True)]
    assert capfd.readouterr().err == "of the child\n"


def test_threads_of_the_work_are_heard_in_its_context(hear, heard, capsys):
    def work():
        context = contextvars.copy_context()
        for thread in (
            threading.Thread(target=print, args=("alone",)),
            threading.Thread(target=context.run, args=(print, "with the context")),
        ):
            thread.start()
            thread.join()

    hear(work)
    assert heard == [("with the context", True)]
    assert capsys.readouterr().err == "alone\n"


def test_whoever_is_told_may_print_it(capsys):
    with aside(), hearing(Printed(), lambda line, kept: print(f"told: {line}")):
        print("a")
    assert capsys.readouterr().err == "told: a\n"
