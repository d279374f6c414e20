"""Long work as people watch it: a bar on a terminal, a plain line now and then where nobody can redraw one.

What is shown is a pure function of the progress, the seconds since that work began, and the terminal. :class:`Display`
draws it, between whatever else is written to the same stream meanwhile.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, TextIO

from mason.engines.progress import Progress, observing
from mason.render.tables import escaped
from mason.render.terminal import Terminal, cells, cut
from mason.secrets import scrub

# Seconds: what is done before that needs no bar; between two drawings; between two lines that stay.
_PATIENCE = 0.7
_BETWEEN_BARS = 0.08
_BETWEEN_LINES = 5.0
# Cells of a bar: the longest that there is room for, of few, so that it does not change with every number.
_BARS = (30, 20, 10)
_UNKNOWN_WIDTH = 80


def bar_text(progress: Progress, elapsed: float, terminal: Terminal) -> str:
    """One line that is narrower than the terminal: what, bar, percent, how much of what, rate and time left.

    Where there is no room for all, the rate goes first, then the amount, the bar and the time.
    """
    room = (terminal.width or _UNKNOWN_WIDTH) - 1
    what = cut(escaped(scrub(progress.what)), max(room // 3, 1))
    percent, amount, rate, left = _parts(progress, elapsed)
    bar = bool(percent)
    percent = percent.rjust(4) if percent else ""
    for parts, barred in (
        ([percent, amount, rate, left], bar),
        ([percent, amount, left], bar),
        ([percent, left], bar),
        ([percent, left], False),
        ([percent], False),
    ):
        said = "  ".join(part for part in parts if part)
        # Two cells for the brackets and one on each side.
        spare = room - cells(what) - len(said) - (4 if barred else 2)
        for width in _BARS if barred else (0,):
            if width <= spare:
                between = f" {_bar(progress, width, terminal)} " if barred else "  "
                return f"{what}{between}{said}".rstrip()
    return cut(f"{what}{percent}", max(room, 1))


def line_text(progress: Progress, elapsed: float) -> str:
    """The same for a log: ``Reading data.flights: 45%, 1.2 of 2.6 GB, 310 MB/s, 5 s left``."""
    return f"{escaped(scrub(progress.what))}: {', '.join(part for part in _parts(progress, elapsed) if part)}"


def _parts(progress: Progress, elapsed: float) -> tuple[str, str, str, str]:
    """Percent, amount, rate and time left, each empty where nobody knows it; at least one is not."""
    done, total = progress.done, progress.total
    percent = f"{100 * done // total}%" if total else ""
    if total:
        shown, of = _amount(done, progress.unit), _amount(total, progress.unit)
        alike = shown.rpartition(" ")[2] == of.rpartition(" ")[2]
        amount = f"{shown.rpartition(' ')[0] if alike else shown} of {of}"
    else:
        # Nothing else can be told but for how long.
        amount = _amount(done, progress.unit) if done else duration(elapsed)
    rate = f"{_amount(round(done / elapsed), progress.unit)}/s" if done and elapsed >= _BETWEEN_BARS else ""
    # From less than a hundredth nobody can tell.
    left = f"{duration(elapsed * (total - done) / done)} left" if total and 100 * done >= total else ""
    return percent, amount, rate, left


def _bar(progress: Progress, width: int, terminal: Terminal) -> str:
    filled = width * progress.done // progress.total
    return f"[{terminal.style('=' * filled, 'green')}{' ' * (width - filled)}]"


def _amount(number: int, unit: str) -> str:
    if unit == "rows":
        return f"{number:,} rows"
    for power, name in ((12, "TB"), (9, "GB"), (6, "MB"), (3, "kB")):
        # From where it would be rounded up to this unit.
        if number >= 10**power * 0.9995:
            size = number / 10**power
            return f"{size:.1f} {name}" if size < 99.95 else f"{size:.0f} {name}"
    return f"{number} B"


def duration(seconds: float) -> str:
    """Seconds as people say them: ``5 s``, ``1 min 30 s``, ``2 h 45 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


class Display:
    """Draws what it observes on ``stream``, and lets others write there: a bar gives way to them, and comes back.

    ``live`` is for terminals: a bar that is drawn anew and erased in the end. Else there is a line every few seconds.
    A stream that takes nothing is left alone.
    """

    def __init__(
        self,
        stream: TextIO,
        terminal: Callable[[], Terminal],
        *,
        live: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stream = stream
        self._terminal = terminal
        self._live = live
        self._clock = clock
        # Reports come from threads, and the operator writes from its own.
        self._lock = threading.RLock()
        self._what: str | None = None
        self._began = self._shown = self._since = clock()
        self._drawn = False
        self._line_ended = True

    def observe(self, progress: Progress) -> None:
        """Show ``progress``, if it is time to."""
        with self._lock:
            now = self._clock()
            if progress.what != self._what:
                self._what, self._began = progress.what, now
            if progress.ended:
                self._what = None
                self.erase()
            elif self._live and now - self._since >= _PATIENCE and now - self._shown >= _BETWEEN_BARS:
                self._show(f"\r{bar_text(progress, now - self._began, self._terminal())}\033[K", now)
            elif not self._live and now - self._shown >= _BETWEEN_LINES:
                self._show(f"{line_text(progress, now - self._began)}\n", now)

    def _show(self, text: str, now: float) -> None:
        # Not into a line that somebody else has begun.
        if self._line_ended:
            self._put(text)
            self._shown, self._drawn = now, self._live

    def erase(self) -> None:
        """Take the bar away, if there is one."""
        with self._lock:
            if self._drawn:
                self._put("\r\033[K")
                self._drawn = False

    def write(self, text: str) -> int:
        """What others write to the stream."""
        with self._lock:
            self.erase()
            self._line_ended = text.endswith("\n") if text else self._line_ended
            return self._stream.write(text)

    def _put(self, text: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(text)
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        # For those who write here, it is the stream.
        return getattr(self._stream, name)


@contextlib.contextmanager
def showing(stream: TextIO, terminal: Callable[[], Terminal], *, live: bool) -> Iterator[None]:
    """Show the progress of what is done within on ``stream``, which is stderr; nothing of a bar is left in the end."""
    display = Display(stream, terminal, live=live and os.environ.get("TERM") != "dumb")
    try:
        with contextlib.redirect_stderr(display), observing(display.observe):
            yield
    finally:
        display.erase()
