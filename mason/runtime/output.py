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
from collections import deque
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import TYPE_CHECKING, BinaryIO, TextIO, cast

from mason.engines import interrupts
from mason.secrets import scrub
from mason.sessions import current, is_outside

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


MOST_KEPT = 1_000_000
"""How many bytes of what one step prints are kept, each line with the event that it becomes: half of them from its
beginning, in all of its attempts, and half from the end of each attempt."""
_HALF = MOST_KEPT // 2
_EVENT = 100
# What is looked at beyond a cut, so that no secret is cut into halves that nobody knows: the longest that is found.
_MARGIN = 65_536


class Printed:
    """How much room is left for the beginning of what one step prints, in all of its attempts."""

    def __init__(self) -> None:
        self.room = _HALF


@contextlib.contextmanager
def hearing(printed: Printed, tell: Callable[[str, bool], None]) -> Iterator[None]:
    """Within it, what this thread prints goes to ``tell`` line by line, without secrets, where :func:`aside` leads it
    aside; and that it is to be kept.

    Once there is none, the end of it is told when the work has ended, and before that how much was left out between.
    What work prints that was given up is heard no more.
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
        # What comes once the room for the beginning is spent; looked at in the end only.
        self._tail: _Tail | None = None if printed.room > 0 else _Tail()

    def take(self, data: bytes) -> bool:
        """Whether ``data`` was heard: not in a child of this process, nor where nobody waits for the work."""
        if os.getpid() != self._process or (self._work is not None and self._work.given_up):
            return False
        with self._lock:
            if self._tail is not None:
                self._tail.add(data)
                return True
            self._pending.append(data)
            self._size += len(data)
            if b"\n" in data or b"\r" in data:
                # Scrubbed before it is cut: a secret may have several lines.
                *lines, rest = scrub(b"".join(self._pending).decode("utf-8", "surrogateescape")).split("\n")
                self._keep_pending(_seen(rest).encode("utf-8", "surrogateescape") + b"\r" * rest.endswith("\r"))
                self._tell(lines)
            elif self._size > self._printed.room + _MARGIN:
                line = scrub(b"".join(self._pending).decode("utf-8", "surrogateescape"))
                self._keep_pending(b"")
                self._tell([line], ended=False)
        return True

    def end(self) -> None:
        """Tell what is left of a line, how much was not kept, and the end of all."""
        with self._lock:
            if self._work is not None and self._work.given_up:
                return
            left = b"".join(self._pending)
            if left:
                self._keep_pending(b"")
                self._tell([scrub(left.decode("utf-8", "surrogateescape"))], ended=False)
            if self._tail is not None:
                with unheard():
                    for line in self._tail.told():
                        self._line_told(line, True)
                self._tail = None

    def _keep_pending(self, data: bytes) -> None:
        self._pending, self._size = [data] if data else [], len(data)

    def _tell(self, lines: list[str], *, ended: bool = True) -> None:
        """Tell lines as long as there is room for the beginning; the rest, from within a line on, goes to the end."""
        for at, line in enumerate(lines):
            content = _seen(line).encode("utf-8", "surrogateescape")
            room = self._printed.room - _EVENT
            self._printed.room -= len(content) + _EVENT
            if self._printed.room < 0:
                self._printed.room = 0
                self._tail = _Tail()
                if room > 0:
                    self._told(content[:room])
                rest = [content[max(room, 0) :], *(each.encode("utf-8", "surrogateescape") for each in lines[at + 1 :])]
                self._tail.add(b"\n".join(rest) + b"\n" * ended + b"".join(self._pending))
                self._keep_pending(b"")
                return
            self._told(content)

    def _told(self, content: bytes) -> None:
        with unheard():
            self._line_told(content.decode("utf-8", "replace"), True)


class _Tail:
    """The last of what is printed, whatever the amount; lines are looked for in the end."""

    def __init__(self) -> None:
        self._pieces: deque[bytes] = deque()
        self._size = 0
        self._dropped = 0

    def add(self, data: bytes) -> None:
        """Keep ``data``, and drop what is too far from the end by now."""
        self._pieces.append(data)
        self._size += len(data)
        while self._size - len(self._pieces[0]) > _HALF + _MARGIN:
            first = len(self._pieces.popleft())
            self._size -= first
            self._dropped += first

    def told(self) -> list[str]:
        """How much was left out, if anything was, and the last lines."""
        text = scrub(b"".join(self._pieces).decode("utf-8", "surrogateescape"))
        lines = text.split("\n")
        if not lines[-1]:
            lines.pop()
        room, kept = _HALF, []
        left = self._dropped
        for line in reversed(lines):
            content = _seen(line).encode("utf-8", "surrogateescape")
            within = content[-max(room - _EVENT, 0) :] if room > _EVENT else b""
            left += len(content) - len(within) + (not within)
            if within or not content:
                kept.append(within.decode("utf-8", "replace"))
            room -= len(content) + _EVENT
        if left:
            kept.append(
                f"{left:,} more bytes were printed here; of one step, the first and the last half megabyte are kept"
            )
        return kept[::-1]


def _seen(line: str) -> str:
    """Of what overwrote itself, as a bar does, the last."""
    return line.rstrip("\r").rpartition("\r")[2]


_heard: ContextVar[_Heard | None] = ContextVar("mason_heard", default=None)


@contextlib.contextmanager
def aside() -> Iterator[None]:
    """While it lasts, stdout leads to stderr for this session, for its child processes too; what it prints is scrubbed.

    To be held around whatever calls a client, be it only to close it. Within another one it changes nothing. Of a
    session that shares its process only what is printed by Python is led aside: the descriptors belong to all.
    """
    if _target() is not None:
        yield
        return
    alone = not current().shares_process
    with _streams.led(descriptor=alone) as stderr:
        target = _Scrubbed(stderr or io.StringIO())
        token = _aside.set(target)
        if alone:
            _for_threads.append(target)
        try:
            yield
        finally:
            if alone:
                _for_threads.remove(target)
            _aside.reset(token)
            # Not through the text stream, which a person's code may have detached; it keeps nothing back. Where
            # nobody reads stderr any more, the work is done all the same.
            with contextlib.suppress(OSError):
                target.flush()


_aside: ContextVar[_Scrubbed | None] = ContextVar("mason_aside", default=None)
# Where threads print that nobody gave a context, while a session has the process for itself.
_for_threads: list[_Scrubbed] = []


def _target() -> _Scrubbed | None:
    """Where to what is printed here is led; ``None`` where it goes its usual way."""
    found = _aside.get()
    if found is None and _for_threads and is_outside():
        return _for_threads[-1]
    return found


class _Streams:
    """``sys.stdout`` and ``sys.stderr``, which a process has once: as long as some session leads them aside, they ask
    at each write where it is to go."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._before: tuple[TextIO | None, TextIO | None] = (None, None)
        self._descriptor = contextlib.ExitStack()
        self._descriptor_users = 0

    @contextlib.contextmanager
    def led(self, *, descriptor: bool) -> Iterator[TextIO | None]:
        """Within it, they do, and with ``descriptor`` file descriptor 1 is what 2 is; gives stderr as it is without."""
        with self._lock:
            if descriptor:
                self._descriptor_users += 1
                if self._descriptor_users == 1:
                    self._descriptor.enter_context(_descriptor_aside(self._before[0] if self._users else sys.stdout))
            self._users += 1
            if self._users == 1:
                self._before = (sys.stdout, sys.stderr)
                sys.stdout, sys.stderr = (_text(_Routed(stream)) for stream in self._before)
            stderr = self._before[1]
        try:
            yield stderr
        finally:
            with self._lock:
                self._users -= 1
                if not self._users:
                    # Python has None for a stream that was closed.
                    sys.stdout, sys.stderr = cast(tuple[TextIO, TextIO], self._before)
                if descriptor:
                    self._descriptor_users -= 1
                    if not self._descriptor_users:
                        self._descriptor.close()


_streams = _Streams()


def _text(target: io.BufferedIOBase) -> TextIO:
    return io.TextIOWrapper(cast(BinaryIO, target), "utf-8", "surrogateescape", newline="", write_through=True)


@contextlib.contextmanager
def _descriptor_aside(stdout: TextIO | None) -> Iterator[None]:
    """Let file descriptor 1 be what 2 is, where stdout is descriptor 1 at all and not something in memory."""
    try:
        is_real = stdout is not None and stdout.fileno() == 1
    except (OSError, ValueError, AttributeError):
        is_real = False
    if not is_real or stdout is None:
        yield
        return
    stdout.flush()
    kept = os.dup(1)
    try:
        # stderr itself may be closed (2>&-).
        os.dup2(2 if sys.stderr is not None else os.open(os.devnull, os.O_WRONLY), 1)
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


class _Routed(io.BufferedIOBase):
    """Bytes for a text stream: they go where the session that prints them leads them, else to ``usual``."""

    def __init__(self, usual: TextIO | None) -> None:
        super().__init__()
        self._usual = usual or io.StringIO()

    @property
    def name(self) -> str:
        """What the stream is called."""
        target = _target()
        return str(getattr(self._usual, "name", "")) if target is None else target.name

    def close(self) -> None:
        """Tell what is left; what a person's code closes stays open for the rest of it, and for us."""
        self.flush()

    def __del__(self) -> None:
        """Nothing: the stream behind it tells what is left. When Python ends, the names in this module are gone."""

    def writable(self) -> bool:
        """Always."""
        return True

    def fileno(self) -> int:
        """The descriptor of the stream, for children that inherit it."""
        return (_target() or self._usual).fileno()

    def isatty(self) -> bool:
        """As the stream."""
        return (_target() or self._usual).isatty()

    def write(self, data: ReadableBuffer, /) -> int:
        """Hand them on."""
        target = _target()
        if target is not None:
            return target.write(data)
        text = scrub(bytes(data).decode("utf-8", "surrogateescape"))
        self._usual.write(text.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))
        return len(bytes(data))

    def flush(self) -> None:
        """Hand on what is left."""
        # When this is collected, the stream behind it may be closed or detached, and there is nothing to hand on.
        with contextlib.suppress(ValueError):
            (_target() or self._usual).flush()


class _Scrubbed(io.BufferedIOBase):
    """Bytes for a text stream, told line by line: a secret that is written in pieces is whole by then."""

    def __init__(self, target: TextIO) -> None:
        super().__init__()
        self._target = target
        self._pieces: list[bytes] = []
        self._left = ""

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
        piece = bytes(data)
        heard = _heard.get()
        if heard is not None and heard.take(piece):
            return len(piece)
        self._pieces.append(piece)
        if b"\n" in piece:
            # Scrubbed before it is cut: a secret may have several lines. Printing is done in many pieces: to look at
            # each would take longer than all else.
            pending = self._taken()
            whole = pending.rfind("\n") + 1
            self._left = pending[whole:]
            self._tell(pending[:whole])
        return len(piece)

    def _taken(self) -> str:
        pieces, self._pieces = self._pieces, []
        left, self._left = self._left, ""
        return scrub(left + b"".join(pieces).decode("utf-8", "surrogateescape"))

    def flush(self) -> None:
        """Tell what is left of a line."""
        self._tell(self._taken())

    def _tell(self, text: str) -> None:
        if text:
            self._target.write(text.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))
            self._target.flush()
