"""How far long work is: engines report it, and whoever wants to show it observes.

Work that nobody observes costs nothing. Who observes belongs to the context (:mod:`contextvars`) in which the work was
begun: what reports from another thread asks for the observer before that thread is started, and calls it there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal, TypeAlias

from mason.values import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """How much of ``total`` is ``done`` (never more), in ``unit``; ``total`` is 0 where nobody knows it.

    ``what`` names the work as people read it (``Reading data.flights``). A last report has ``ended``, whether the work
    succeeded or not: estimates may reach their total before it is done.
    """

    done: int
    total: int
    unit: Literal["bytes", "rows"]
    what: str
    ended: bool = False


Observer: TypeAlias = Callable[[Progress], None]
"""Called with each report, perhaps many times a second and from any thread. It raises nothing."""

_observer: ContextVar[Observer | None] = ContextVar("mason_progress", default=None)


@contextmanager
def observing(observer: Observer) -> Iterator[None]:
    """Within it, work reports to ``observer``."""
    token = _observer.set(observer)
    try:
        yield
    finally:
        _observer.reset(token)


def observer() -> Observer | None:
    """Who observes here: to hold for another thread, or to find out that nobody wants to know."""
    return _observer.get()


def report(progress: Progress) -> None:
    """Tell whoever observes here."""
    found = _observer.get()
    if found is not None:
        found(progress)
