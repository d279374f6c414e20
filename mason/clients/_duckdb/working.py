"""How far a statement of DuckDB is: a thread asks it while the statement runs, and reports to whoever observes.

DuckDB tells a fraction of the work that it knows of: exact enough for scans, a guess for joins and sorts, nothing
until it has begun to know. It may stand at 100 % for a while, so the end is reported when it is there.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mason.engines.progress import Observer, Progress, observer

if TYPE_CHECKING:
    import duckdb

# Seconds between two looks.
_PAUSE = 0.1


def enable(connection: duckdb.DuckDBPyConnection) -> None:
    """Let the connection know how far it is where somebody observes, and print nothing itself in any case.

    To be called before the settings of the connection are locked.
    """
    watching = observer() is not None
    connection.execute(f"SET enable_progress_bar = {str(watching).lower()}")
    if watching:
        connection.execute("SET enable_progress_bar_print = false")


@contextmanager
def watched(connection: duckdb.DuckDBPyConnection, what: str, total_bytes: int) -> Iterator[None]:
    """Within it, what ``connection`` executes in this thread is reported as ``what`` to whoever observes.

    Meant for one long statement, fetching its rows included; of several, each begins anew and what is reported stays
    at the furthest. ``total_bytes`` is the size of what is read, such as the files of a table together: the bytes
    that are done are the fraction of it that DuckDB tells. With 0 nothing is reported but that it works. The connection
    comes from :func:`~mason.clients._duckdb.connection.connect`. Where nobody observes there is no thread and no cost.
    Ctrl-C and :meth:`interrupt` work as they do without it; whatever is raised within goes through.
    """
    found = observer()
    if found is None:
        yield
        return
    done = threading.Event()
    thread = threading.Thread(
        target=_watch, args=(connection, what, total_bytes, found, done), name="mason-progress", daemon=True
    )
    found(Progress(0, total_bytes, "bytes", what))
    thread.start()
    try:
        yield
    finally:
        # Joined before the caller can close the connection.
        done.set()
        thread.join()
        found(Progress(total_bytes, total_bytes, "bytes", what, ended=True))


def _watch(
    connection: duckdb.DuckDBPyConnection, what: str, total: int, found: Observer, done: threading.Event
) -> None:
    furthest = 0
    while not done.wait(_PAUSE):
        # In percent; below 0 where DuckDB knows nothing, and lower than before where it has found more to do.
        furthest = max(furthest, int(connection.query_progress() * total / 100))
        found(Progress(min(furthest, total), total, "bytes", what))
