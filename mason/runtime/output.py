"""Where the prints of operators and clients go while they work: to stderr, scrubbed; stdout belongs to the answer.

Of a step it is heard line by line, so that it is told and kept as what that step printed. What goes to the file
descriptors (by ``os.write``, by other processes) and what threads print that the work began are not heard.

That ends with the work: what a thread prints that outlives it goes where the answer goes. And nothing helps against
code that closes ``sys.__stdout__``, to which the answer is written.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import TYPE_CHECKING, TextIO

from mason.engines import interrupts
from mason.secrets import scrub

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


MOST_KEPT = 1_000_000
"""How many bytes of what one step prints are kept, each line with the event that it becomes."""
_EVENT = 100


class Printed:
    """How much room is left for what one step prints, in all of its attempts."""

    def __init__(self) -> None:
        self.room = MOST_KEPT


@contextlib.contextmanager
def hearing(printed: Printed, tell: Callable[[str, bool], None]) -> Iterator[None]:
    """Within it, what this thread prints goes to ``tell`` line by line, without secrets, where :func:`aside` leads it
    aside; and whether there is room left to keep it.

    Once a line has none, it and all that follow are not kept; a last line, which is, says how much that was. What work
    prints that was given up is heard no more.
    """
    heard = _Heard(printed, tell)
    token = _heard.set(heard)
    try:
        yield
    finally:
        _heard.reset(token)
        heard.end()


@contextlib.contextmanager
def unheard() -> Iterator[None]:
    """Within it, what this thread prints is none of the step's: whoever is told of a step may print that."""
    token = _heard.set(None)
    try:
        yield
    finally:
        _heard.reset(token)


class _Heard:
    """What one attempt prints. Its threads may share it, where they were given its context."""

    def __init__(self, printed: Printed, tell: Callable[[str, bool], None]) -> None:
        self._printed = printed
        self._line_told = tell
        self._work = interrupts.current()
        self._process = os.getpid()
        # Of the same thread too: objects that are thrown away meanwhile may print.
        self._lock = threading.RLock()
        self._pending: list[bytes] = []
        self._size = 0
        self._skipping = False
        self._unkept = 0

    def take(self, data: bytes) -> bool:
        """Whether ``data`` was heard: not in a child of this process, nor where nobody waits for the work."""
        if os.getpid() != self._process or (self._work is not None and self._work.given_up):
            return False
        with self._lock:
            if self._skipping:
                skipped, ended, data = data.partition(b"\n")
                self._unkept += len(skipped) + len(ended)
                self._skipping = not ended
            self._pending.append(data)
            self._size += len(data)
            if b"\n" in data or b"\r" in data:
                # Scrubbed before it is cut: a secret may have several lines.
                *lines, rest = scrub(b"".join(self._pending).decode("utf-8", "surrogateescape")).split("\n")
                self._keep_pending(_seen(rest).encode("utf-8", "surrogateescape") + b"\r" * rest.endswith("\r"))
                self._tell(lines)
            elif self._size > MOST_KEPT:
                # Where it were cut may be half a secret, so nobody is told any of it.
                self._skipping = True
                self._unkept += self._size
                self._printed.room = 0
                self._keep_pending(b"")
        return True

    def end(self) -> None:
        """Tell what is left of a line, and how much was not kept."""
        with self._lock:
            if self._work is not None and self._work.given_up:
                return
            left = b"".join(self._pending)
            if left:
                self._keep_pending(b"")
                self._tell([scrub(left.decode("utf-8", "surrogateescape"))])
            if self._unkept:
                self._line_told(f"{self._unkept:,} more bytes were printed; of one step, 1 MB is kept", True)

    def _keep_pending(self, data: bytes) -> None:
        self._pending, self._size = [data] if data else [], len(data)

    def _tell(self, lines: list[str]) -> None:
        with unheard():
            for line in lines:
                content = _seen(line).encode("utf-8", "surrogateescape")
                self._printed.room -= len(content) + _EVENT
                kept = self._printed.room >= 0
                if not kept:
                    # From now on nothing is, be it ever so short.
                    self._printed.room = 0
                    self._unkept += len(content) + 1
                self._line_told(content.decode("utf-8", "replace"), kept)


def _seen(line: str) -> str:
    """Of what overwrote itself, as a bar does, the last."""
    return line.rstrip("\r").rpartition("\r")[2]


_heard: ContextVar[_Heard | None] = ContextVar("mason_heard", default=None)


@contextlib.contextmanager
def aside() -> Iterator[None]:
    """While it lasts, stdout leads to stderr, for child processes too; what this process prints is scrubbed.

    To be held around whatever calls a client, be it only to close it. Within another one it changes nothing.
    """
    if isinstance(getattr(sys.stdout, "buffer", None), _Scrubbed):
        yield
        return
    with _descriptor_aside():
        target = _Scrubbed(sys.stderr or io.StringIO())
        told = io.TextIOWrapper(target, "utf-8", "surrogateescape", newline="", write_through=True)
        with contextlib.redirect_stdout(told), contextlib.redirect_stderr(told):
            try:
                yield
            finally:
                # Not through the text stream, which a person's code may have detached; it keeps nothing back. Where
                # nobody reads stderr any more, the work is done all the same.
                with contextlib.suppress(OSError):
                    target.flush()


@contextlib.contextmanager
def _descriptor_aside() -> Iterator[None]:
    """Let file descriptor 1 be what 2 is, where stdout is descriptor 1 at all and not something in memory."""
    try:
        is_real = sys.stdout.fileno() == 1
    except (OSError, ValueError, AttributeError):
        is_real = False
    if not is_real:
        yield
        return
    sys.stdout.flush()
    kept = os.dup(1)
    try:
        # stderr itself may be closed (2>&-).
        os.dup2(2 if sys.stderr is not None else os.open(os.devnull, os.O_WRONLY), 1)
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


class _Scrubbed(io.BufferedIOBase):
    """Bytes for a text stream, told line by line: a secret that is written in pieces is whole by then."""

    def __init__(self, target: TextIO) -> None:
        super().__init__()
        self._target = target
        self._pending = ""

    @property
    def name(self) -> str:
        """What stderr is called."""
        return str(getattr(self._target, "name", "<stderr>"))

    def close(self) -> None:
        """Tell what is left; what a person's code closes stays open for the rest of it, and for us."""
        self.flush()

    def writable(self) -> bool:
        """Always."""
        return True

    def fileno(self) -> int:
        """The descriptor of the stream, for children that inherit it."""
        return self._target.fileno()

    def isatty(self) -> bool:
        """As the stream."""
        return self._target.isatty()

    def write(self, data: ReadableBuffer, /) -> int:
        """Tell all whole lines so far."""
        heard = _heard.get()
        if heard is not None and heard.take(bytes(data)):
            return len(bytes(data))
        # Scrubbed before it is cut: a secret may have several lines.
        pending = scrub(self._pending + bytes(data).decode("utf-8", "surrogateescape"))
        whole = pending.rfind("\n") + 1
        self._pending = pending[whole:]
        self._tell(pending[:whole])
        return len(bytes(data))

    def flush(self) -> None:
        """Tell what is left of a line."""
        left, self._pending = self._pending, ""
        self._tell(left)

    def _tell(self, text: str) -> None:
        if text:
            self._target.write(text.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))
            self._target.flush()
