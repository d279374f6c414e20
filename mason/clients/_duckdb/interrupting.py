"""Ctrl-C stops DuckDB, however long a single step of it takes; and so does whoever gives up the work it is part of.

Python handles a signal between two of its own steps, and DuckDB fetching the rows of a long query is one step. What
does happen at once, whatever Python is at, is that the signal's number is written to a file descriptor of our
choice: a thread waits for it there, and interrupts the connection. Signals are the main thread's business; in the
threads of workflows, work is given up by a timeout or by those who handle Ctrl-C (see ``mason.engines.interrupts``).
"""

from __future__ import annotations

import os
import select
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mason.engines.interrupts import Interruptible, current

if TYPE_CHECKING:
    import duckdb

# What ends a command; these but Ctrl-C only where somebody made them do the same.
_ENDING = frozenset({signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
# Milliseconds between two interruptions: one that comes between two statements stops neither.
_PAUSE = 50


@contextmanager
def interruptible(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Within it, Ctrl-C ends what ``connection`` is doing, and ``KeyboardInterrupt`` follows.

    Where it belongs to work that somebody may give up, that ends it too, and DuckDB's ``InterruptException`` follows.
    Where somebody else has taken over the handling of Ctrl-C, nothing is done.
    """
    work = current()
    if work is not None:
        with _given_up_with(work, connection):
            yield
        return
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


@contextmanager
def _given_up_with(work: Interruptible, connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    threads: list[threading.Thread] = []
    ended = threading.Event()
    # Held while a thread begins, so that none begins when all of them were joined.
    lock = threading.Lock()

    def again_and_again() -> None:
        while not ended.wait(_PAUSE / 1000):
            connection.interrupt()

    def interrupt() -> None:
        with lock:
            if not threads and not ended.is_set():
                connection.interrupt()
                thread = threading.Thread(target=again_and_again, name="mason-interrupts", daemon=True)
                thread.start()
                threads.append(thread)

    work.add(interrupt)
    try:
        yield
    finally:
        work.discard(interrupt)
        with lock:
            ended.set()
        for thread in threads:
            thread.join()


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
            stopping = stopping or not _ENDING.isdisjoint(numbers)
        if stopping:
            connection.interrupt()
