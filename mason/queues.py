"""Taking from a queue for a time at most: the one place that knows in what CPython errs there."""

from __future__ import annotations

from queue import Empty, SimpleQueue
from typing import TypeVar

Item = TypeVar("Item")


def take(queue: SimpleQueue[Item], seconds: float) -> Item:
    """The next item, waited for at most so long; at once where there is one. Raises ``queue.Empty``.

    ``SimpleQueue.get`` of CPython (3.10 and 3.11) may find its lock free although the queue is empty: it then reckons
    how much time is left, and waits for ever where that is less than none. So it is asked without a time first, which
    leaves the lock taken.
    """
    try:
        return queue.get_nowait()
    except Empty:
        if seconds <= 0:
            raise
    return queue.get(timeout=seconds)
