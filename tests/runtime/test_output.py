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


def test_a_step_keeps_a_megabyte_in_all_its_attempts(hear, heard):
    printed = Printed()
    hear(lambda: print("x" * (MOST_KEPT - 200)), printed)
    hear(lambda: print("short\n" * 3 + "ä"), printed)
    assert heard == [
        ("x" * (MOST_KEPT - 200), True),
        ("short", False),
        ("short", False),
        ("short", False),
        ("ä", False),
        ("21 more bytes were printed; of one step, 1 MB is kept", True),
    ]


def test_a_line_without_an_end_takes_no_memory_and_is_not_told(hear, heard):
    def work():
        for _ in range(12):
            sys.stdout.write("x" * 100_000)
        print("end\nnext")

    hear(work)
    assert heard == [("next", False), ("1,200,009 more bytes were printed; of one step, 1 MB is kept", True)]


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
