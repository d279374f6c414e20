"""What changes in place on a terminal, with lines above it that stay: frames of a view, drawn now and then.

One thread draws. All others leave it what they have to say and wait for nothing: the one that walks, those that work,
and a signal handler, which may take no lock. Each frame is one write, at most ten a second, and none where nothing has
changed. The cursor rests on the line below the last one, where what a keyboard echoes is erased by the next frame.
"""

from __future__ import annotations

import contextlib
import os
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Any, TextIO

from mason.engines.progress import Progress
from mason.queues import take
from mason.render.terminal import Terminal, cells, printable_but_styles
from mason.render.tree import Tree

# Seconds between two frames.
_BETWEEN = 0.1
_UNKNOWN = os.terminal_size((80, 24))
_STYLE = re.compile(r"\033\[[\d;]*m")

View = Callable[[float, Terminal, int], Sequence[str]]
"""The lines at a moment (monotonic) for a terminal, and how many there may be at most; each narrower than it."""


class Live:
    """Draws ``view`` on ``stream``, a terminal, and is a stream itself: whole lines that are written to it stay above.

    ``terminal`` tells the colours and the width each time that it is asked. A stream that takes nothing is left alone.
    """

    def __init__(self, stream: TextIO, terminal: Callable[[], Terminal], view: View) -> None:
        self._stream = stream
        self._terminal = terminal
        self._view = view
        self._left: SimpleQueue[str | Callable[[Terminal], str] | None] = SimpleQueue()
        self._unfinished = ""
        self._drawn: list[str] = []
        self._size = _UNKNOWN
        self._thread = threading.Thread(target=self._serve, name="mason-live", daemon=True)

    def write(self, text: str) -> int:
        """Leave ``text`` to be written above."""
        if not self._thread.is_alive():
            # Those who hold this stream may outlive what it drew.
            return self._stream.write(text)
        self._left.put(text)
        return len(text)

    def flush(self) -> None:
        """Nothing to do: what was written waits for the next frame, and no longer."""

    def take(self, change: Callable[[Terminal], str]) -> None:
        """Leave something to be done in the thread that draws, in the order of what is left to it. What it returns is
        written above. It must not raise anything."""
        self._left.put(change)

    def start(self) -> None:
        """Begin to draw, in a while: what is done by then is drawn once."""
        self._thread.start()

    def stop(self) -> None:
        """Draw the last frame, which stays."""
        self._left.put(None)
        self._thread.join()

    def __getattr__(self, name: str) -> Any:
        # For those who write here, it is the stream.
        return getattr(self._stream, name)

    def _serve(self) -> None:
        going_on = True
        while going_on:
            end = monotonic() + _BETWEEN
            above = ""
            while going_on and (seconds := end - monotonic()) > 0:
                with contextlib.suppress(Empty):
                    left = take(self._left, seconds)
                    going_on = left is not None
                    above += self._whole(left)
            self._draw(above)

    def _whole(self, left: str | Callable[[Terminal], str] | None) -> str:
        """The whole lines that are there now, fit for a terminal; in the end, all that there is."""
        if isinstance(left, str):
            text, self._unfinished = self._unfinished + left, ""
        elif left is not None:
            text = f"{told}\n" if (told := left(self._fitting())) else ""
        else:
            text = f"{self._unfinished}\n" if self._unfinished else ""
        *lines, rest = text.split("\n")
        if isinstance(left, str):
            self._unfinished = rest
        return "".join(_still(line) for line in lines)

    def _fitting(self) -> Terminal:
        terminal, columns = self._terminal(), self._window().columns
        return Terminal(terminal.color, min(terminal.width or columns, columns))

    def _window(self) -> os.terminal_size:
        with contextlib.suppress(OSError):
            columns, rows = os.get_terminal_size(self._stream.fileno())
            # Who made a terminal need not have said how large it is.
            return os.terminal_size((columns or _UNKNOWN.columns, rows or _UNKNOWN.lines))
        return _UNKNOWN

    def _draw(self, above: str) -> None:
        size = self._window()
        lines = list(self._view(monotonic(), self._fitting(), size.lines - 1))
        if not above and lines == self._drawn and size == self._size:
            return
        # Terminals that became narrower have broken the lines (all but the oldest ones do).
        height = sum(max(-(-cells(_STYLE.sub("", line)) // size.columns), 1) for line in self._drawn)
        begin = f"\r\033[{height}A" if height else "\r"
        said = f"\033[J{above}" if above else ""
        # Without a break, whatever the terminal takes for a wide character.
        frame = "".join(f"{line}\033[K\n" for line in lines)
        self._put(f"{begin}{said}\033[?7l{frame}\033[?7h\033[J")
        self._drawn, self._size = lines, size

    def _put(self, text: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(text)
            self._stream.flush()


def _still(line: str) -> str:
    """A line that moves nothing: of what overwrote itself, the last; colours end with it."""
    shown = printable_but_styles(line.rstrip("\r").rpartition("\r")[2])
    return f"{shown}\033[0m\n" if "\033" in shown else f"{shown}\n"


class LiveTree:
    """The tree of a run while it goes on."""

    def __init__(self, live: Live, tree: Tree) -> None:
        self._live = live
        self._tree = tree

    def tell(self, event: Mapping[str, Any]) -> None:
        """An event happened, now."""
        now = monotonic()

        def change(terminal: Terminal) -> str:
            self._tree.take(event, now)
            return self._tree.told(event, terminal)

        self._live.take(change)

    def watch(self, step: str, progress: Progress) -> None:
        """How far the work of ``step`` is, now."""
        now = monotonic()

        def change(terminal: Terminal) -> str:
            self._tree.report(step, progress, now)
            return ""

        self._live.take(change)


@contextlib.contextmanager
def growing(stream: TextIO, terminal: Callable[[], Terminal], tree: Tree) -> Iterator[LiveTree]:
    """Within it, draw ``tree`` on ``stream``, which is stderr; what others write there goes above. The end stays."""
    live = Live(stream, terminal, tree.lines)
    live.start()
    try:
        with contextlib.redirect_stderr(live):
            yield LiveTree(live, tree)
    finally:
        live.stop()
