"""Ctrl-C stops DuckDB, however long a single step of it takes.

Python handles a signal between two of its own steps, and DuckDB fetching the rows of a long query is one step. What
does happen at once, whatever Python is at, is that the signal's number is written to a file descriptor of our
choice: a thread waits for it there, and interrupts the connection.
"""

from __future__ import annotations

import os
import select
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

# Milliseconds between two interruptions: one that comes between two statements stops neither.
_PAUSE = 50


@contextmanager
def interruptible(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Within it, Ctrl-C ends what ``connection`` is doing, and ``KeyboardInterrupt`` follows.

    Signals are the main thread's business: in other threads, and where somebody else has taken over the handling of
    Ctrl-C, nothing is done.
    """
    ours = threading.current_thread() is threading.main_thread()
    if not ours or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    before = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    thread = threading.Thread(target=_watch, args=(reading, connection), name="mason-interrupts", daemon=True)
    thread.start()
    try:
        yield
    except RuntimeError as error:
        # What DuckDB itself makes of Ctrl-C where it looks for signals.
        if str(error) == "Query interrupted":
            raise KeyboardInterrupt from error
        raise
    finally:
        signal.set_wakeup_fd(before)
        # The end of what is to be read is what ends the thread.
        os.close(writing)
        thread.join()
        os.close(reading)


def _watch(reading: int, connection: duckdb.DuckDBPyConnection) -> None:
    """Waits for signals until there can be no more of them."""
    poll = select.poll()
    poll.register(reading, select.POLLIN)
    stopping = False
    while True:
        if poll.poll(_PAUSE if stopping else None):
            numbers = os.read(reading, 64)
            if not numbers:
                return
            stopping = stopping or signal.SIGINT in numbers
        if stopping:
            connection.interrupt()
