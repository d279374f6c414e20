"""For which schedule work is done, and for which of its times: what is registered and recorded meanwhile says so.

The occasion belongs to the context (:mod:`contextvars`) in which the work was begun. Work that a person asked for has
none.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from mason.values import dataclass


@dataclass(frozen=True, slots=True)
class Occasion:
    """The name of a schedule, and the time (ISO 8601, UTC) that was due; empty where somebody triggered it."""

    schedule: str
    due: str = ""

    def to_dict(self) -> dict[str, str]:
        """The keys ``schedule``, and ``due`` where there is one."""
        return {"schedule": self.schedule} | ({"due": self.due} if self.due else {})


_occasion: ContextVar[Occasion | None] = ContextVar("mason_occasion", default=None)


@contextmanager
def on(occasion: Occasion | None) -> Iterator[None]:
    """Within it, work is done for ``occasion``; with ``None`` for nobody's schedule, whatever is around."""
    token = _occasion.set(occasion)
    try:
        yield
    finally:
        _occasion.reset(token)


def owner() -> str:
    """The name of the schedule for which work is done here; empty where there is none."""
    found = _occasion.get()
    return found.schedule if found is not None else ""
