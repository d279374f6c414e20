"""Where the prints of operators and clients go while they work: to stderr, scrubbed; stdout belongs to the answer.

That ends with the work: what a thread prints that outlives it goes where the answer goes. And nothing helps against
code that closes ``sys.__stdout__``, to which the answer is written.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, TextIO

from mason.secrets import scrub

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


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
