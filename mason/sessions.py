"""What belongs to one person's doing in a process that others may share: which secrets are known, where prints go, what
ends its work.

The command line makes one session for each call. A server makes one for each request or run, and sessions in
different threads share none of this. A session is found by the context (:mod:`contextvars`) in which work is done;
threads get it where they are started with a copy of the context, as the threads of walks are. What is kept for a
session is each room's own business: this module knows of none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar, cast

T = TypeVar("T")


class Session:
    """One session. One that ``shares_process`` leaves alone what a process has once, such as its file descriptors."""

    def __init__(self, *, shares_process: bool = False) -> None:
        self.shares_process = shares_process
        self._parts: dict[Callable[[], object], object] = {}

    def own(self, make: Callable[[], T]) -> T:
        """The session's own object of that kind (such as a class): made when it is first asked for."""
        found = self._parts.get(make)
        # One step for all threads: two that ask at once get the same one.
        return cast(T, found if found is not None else self._parts.setdefault(make, make()))

    @contextmanager
    def entered(self) -> Iterator[Session]:
        """Within it, this is the current session. It may be entered in several threads at once."""
        token = _current.set(self)
        _entered.append(self)
        try:
            yield self
        finally:
            _entered.remove(self)
            _current.reset(token)


_current: ContextVar[Session | None] = ContextVar("mason_session", default=None)
_entered: list[Session] = []
_outside = Session()


def current() -> Session:
    """The session in which this is done; outside of all sessions one that belongs to the process."""
    return _current.get() or _outside


def is_outside() -> bool:
    """Whether this is done outside of all sessions, such as in a thread that a library started."""
    return _current.get() is None


def around() -> tuple[Session, ...]:
    """The sessions whose secrets may be met here: the current one and that of the process.

    Where nobody knows for which session something is done (in a thread that a library started), these are all of them.
    """
    mine = _current.get()
    return (_outside, *_entered) if mine is None else (mine, _outside)
