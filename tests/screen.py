"""A terminal for tests: a pseudo-terminal whose other side is modelled, so that what people see can be compared."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import termios
import threading

import pyte

from tests.waiting import wait_for


class Screen:
    """A terminal: what is written to ``stream`` is read all the time, shown, and kept by ``writes`` as it came."""

    def __init__(self, columns=40, lines=10):
        self.parent, child = pty.openpty()
        self.stream = os.fdopen(child, "w", encoding="utf-8")
        self.model = pyte.HistoryScreen(columns, lines, history=500)
        self.raw = b""
        self._feed = pyte.ByteStream(self.model)
        # The model is read while it is fed.
        self._lock = threading.Lock()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self.resize(columns, lines)
        self._reader.start()

    def _read(self):
        try:
            while chunk := os.read(self.parent, 65536):
                self.raw += chunk
                with self._lock:
                    self._feed.feed(chunk)
        except OSError:
            return

    def resize(self, columns, lines, *, modelled=True):
        fcntl.ioctl(self.stream.fileno(), termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        if modelled:
            with self._lock:
                self.model.resize(lines, columns)

    def until(self, text):
        """Waits for ``text``, a regular expression, to be on the screen."""
        wait_for(lambda: any(re.search(text, line) for line in self.lines), seen=lambda: self.lines)

    @property
    def lines(self):
        """All lines, those that scrolled away first, up to the last one that is not empty."""
        with self._lock:
            above = ["".join(line[column].data for column in sorted(line)) for line in self.model.history.top]
            shown = [*above, *self.model.display]
        return "\n".join(line.rstrip() for line in shown).rstrip("\n").split("\n")

    def close(self):
        """The end of it."""
        self.stream.close()
        self._reader.join(20)
        os.close(self.parent)
