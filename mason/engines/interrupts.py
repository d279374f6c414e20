"""How long work is ended early: engines say what interrupts it, and whoever waits for the work calls that.

A thread of Python cannot be killed, and a query may take an hour in one step. Who takes in what interrupts work belongs
to the context (:mod:`contextvars`) in which the work was begun; where nobody does, as in the main thread, which has
Ctrl-C, nothing is registered and nothing costs anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol


class Interruptible(Protocol):
    """One piece of work that somebody may give up, such as an attempt of a step."""

    @property
    def given_up(self) -> bool:
        """Whether nobody waits for it any more: asked again, the answer may be another one."""
        ...

    def add(self, interrupt: Callable[[], object]) -> None:
        """Call ``interrupt`` when the work is given up, from another thread; at once where it has been already."""
        ...

    def discard(self, interrupt: Callable[[], object]) -> None:
        """Forget ``interrupt``; it may be being called at this moment."""
        ...


_work: ContextVar[Interruptible | None] = ContextVar("mason_interruptible", default=None)


@contextmanager
def doing(work: Interruptible) -> Iterator[None]:
    """Within it, what is done belongs to ``work``."""
    token = _work.set(work)
    try:
        yield
    finally:
        _work.reset(token)


def current() -> Interruptible | None:
    """The work that is done here; ``None`` where nobody would give it up."""
    return _work.get()
