"""What changes in place, on a terminal that is modelled (pyte): frames, lines above them, windows of every size."""

from __future__ import annotations

import os
import sys
import threading
from contextlib import contextmanager

import pytest

from mason.render.live import Live, growing
from mason.render.terminal import Terminal
from mason.render.tree import Tree
from tests.render.test_tree import ended, grown, started
from tests.screen import Screen
from tests.waiting import wait_for


@contextmanager
def on(screen, view, terminal=Terminal):
    live = Live(screen.stream, terminal, view)
    live.start()
    try:
        yield live
    finally:
        live.stop()


@pytest.fixture
def screen():
    made = Screen()
    yield made
    made.close()


def test_frames_follow_one_another_in_place_and_the_last_one_stays(screen):
    shown = ["one", "two", "three"]
    with on(screen, lambda now, terminal, most: list(shown)):
        screen.until("three")
        shown[1:] = ["2"]
        screen.until("2")
        assert screen.lines == ["one", "2"]
        shown.append("last")
    screen.stream.write("after\n")
    screen.stream.flush()
    screen.until("after")
    assert screen.lines == ["one", "2", "last", "after"]


def test_what_is_written_stays_above(screen):
    with on(screen, lambda now, terminal, most: ["frame"]) as live:
        for number in range(30):
            live.write(f"line {number}\n")
        live.write("half")
        screen.until("line 29")
        screen.until("frame")
        assert "half" not in "".join(screen.lines)
        live.write(" and whole\nrest")
    screen.until("rest")
    assert screen.lines == [*(f"line {number}" for number in range(30)), "half and whole", "rest", "frame"]


def test_what_is_written_cannot_move_the_cursor(screen):
    with on(screen, lambda now, terminal, most: ["frame"]) as live:
        live.write("a\033[2J\033[5A\007b\n10%\r20%\r\nwide " + "漢字" * 20 + "\n\033[31mred\nplain\n")
    screen.until("frame")
    assert screen.lines[:2] == ["a\\u001b[2J\\u001b[5A\\u0007b", "20%"]
    assert "".join(screen.lines[2:-3]) == f"wide {'漢字' * 20}"
    assert screen.lines[-3:] == ["red", "plain", "frame"]
    row = next(number for number, line in enumerate(screen.model.display) if line.startswith("red"))
    assert screen.model.buffer[row][0].fg == "red"
    assert screen.model.buffer[row + 1][0].fg == "default"


def test_a_frame_is_one_write_and_nothing_is_written_where_nothing_changed(screen):
    written = []

    class Counted:
        encoding = "utf-8"

        def write(self, text):
            written.append(text)

        def flush(self):
            pass

        def fileno(self):
            return screen.stream.fileno()

    looks = []
    live = Live(Counted(), Terminal, lambda now, terminal, most: looks.append(now) or ["frame"])
    live.start()
    wait_for(lambda: written and len(looks) > 4)
    live.write("said\n")
    live.stop()
    assert written == [
        "\r\033[?7lframe\033[K\n\033[?7h\033[J",
        "\r\033[1A\033[Jsaid\n\033[?7lframe\033[K\n\033[?7h\033[J",
    ]


def test_the_view_is_told_the_room_that_there_is(screen):
    told = []

    def view(now, terminal, most):
        told.append((terminal.width, most))
        return [f"{terminal.width}x{most}"]

    with on(screen, view):
        screen.until("40x9")
        screen.resize(60, 20)
        screen.until("60x19")
    assert screen.lines == ["60x19"]


def test_a_window_that_becomes_narrower_breaks_the_lines_that_it_shows(screen):
    """As terminals do (the model does not): the frame begins where the broken lines begin."""
    with on(screen, lambda now, terminal, most: ["x" * min(35, terminal.width - 1), "漢" * 6]):
        screen.until("漢")
        screen.raw = b""
        screen.resize(11, 10, modelled=False)
        wait_for(lambda: b"\n" in screen.raw)
    # 35 cells are four lines of eleven, and twelve cells are two.
    assert screen.raw.decode().startswith("\r\033[6A\033[?7lxxxxxxxxxx\033[K\r\n")


def test_lines_that_are_wider_than_counted_stay_on_one_line(screen):
    with on(screen, lambda now, terminal, most: ["x" * 60, "next"]):
        screen.until("next")
    assert screen.lines == ["x" * 40, "next"]


def test_a_terminal_without_a_size(screen):
    screen.resize(80, 24)
    screen.resize(0, 0, modelled=False)
    with on(screen, lambda now, terminal, most: [f"{terminal.width}x{most}"]):
        screen.until("80x23")


def test_a_terminal_that_is_gone_is_left_alone():
    screen = Screen()
    looks = []
    with on(screen, lambda now, terminal, most: looks.append(now) or [str(now)]) as live:
        os.close(screen.parent)
        live.write("into nothing\n")
        looks.clear()
        wait_for(lambda: len(looks) > 4)


def test_a_signal_handler_may_write_at_any_moment(screen):
    """Nothing here takes a lock: writing from where writing is going on neither waits nor fails."""
    with on(screen, lambda now, terminal, most: [f"{now:.6f}"]) as live:
        threads = [threading.Thread(target=lambda: [live.write("x\n") for _ in range(500)]) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert screen.raw.count(b"x\r\n") <= 2000
    live.write("afterwards\n")
    screen.stream.flush()
    screen.until("afterwards")
    assert screen.raw.count(b"x\r\n") == 2000


def test_the_tree_of_a_run(screen):
    tree = grown("a", "b=inner")
    standard = sys.stderr
    with growing(screen.stream, lambda: Terminal(width=39), tree) as grows:
        grows.tell(started("a"))
        screen.until("> a      running")
        print("printed", file=sys.stderr)
        grows.tell({"event": "said", "step": "a", "kind": "info", "message": "told"})
        grows.tell(ended("a", "failed", "so\nlong"))
    assert sys.stderr is standard
    screen.until("✗")
    assert screen.lines == [
        "printed",
        "a: told",
        "a: failed after 1.5 s: so",
        "long",
        "✗ a      failed after 1.5 s: so",
        ". b      waiting",
        "  . one  waiting",
        "  . two  waiting",
    ]
    assert isinstance(tree, Tree)
