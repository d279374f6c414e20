"""What passes between Mason and its workers: orders, and answers to them. Values that are pickled, without secrets.

An order says in which surroundings a verb is to be done, so that a worker can make the client anew: what is public of
the configuration and of the neighbours. What the neighbours' credentials are is not in it, because a scheduler, its
logs and its dashboard see orders: workers of a cluster that is there have credentials of their own, and those that
Mason starts read them from a file that only its user may open.

Errors come back as values: of an exception that cannot be pickled, Dask would keep no more than a text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mason import errors
from mason.engines.checking import Asked
from mason.engines.models import Table
from mason.errors import EngineError, MasonError, NotFoundError
from mason.values import dataclass, field


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What makes a client on a worker what it is on Mason's machine.

    ``configuration`` and ``neighbours`` are what is public; ``private`` are the files with the whole configuration of
    some neighbours, by their names. ``base``, ``name`` and ``kept_out`` are those of the client.
    """

    configuration: Mapping[str, Any]
    base: str
    name: str
    neighbours: Mapping[str, Mapping[str, Any]]
    kept_out: tuple[str, ...]
    private: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Order:
    """One piece of work: ``call``, a verb of the execution engine or a part of one, with ``arguments``.

    ``version`` is that of the Mason that asks, ``surroundings`` are a pickled :class:`Surroundings`. ``tables`` are
    those that statements name, ``asked`` the checks of what is written. ``whole`` says that there is no other order
    beside it. ``topic`` is the name under which the work is known, and ``watched`` whether its progress is told there
    as that of ``part``.
    """

    version: str
    surroundings: bytes
    call: str
    arguments: Mapping[str, Any]
    tables: Mapping[tuple[str, str], Table | str]
    asked: Asked | None
    whole: bool
    topic: str
    watched: bool
    part: int = 0


@dataclass(frozen=True, slots=True)
class Fault:
    """An error as a value: the name of its class in :mod:`mason.errors`, its message, and what else it holds."""

    kind: str
    message: str
    details: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, error: MasonError) -> Fault:
        """The value of an error; one of a class of others is that of the nearest class of Mason's."""
        kind = next(each.__name__ for each in type(error).__mro__ if getattr(errors, each.__name__, None) is each)
        return cls(kind, str(error), dict(vars(error)))

    def error(self) -> MasonError:
        """The error, ready to be raised."""
        kind = getattr(errors, self.kind, EngineError)
        # Classes make their messages of other arguments than they keep.
        made: MasonError = kind.__new__(kind, self.message)
        Exception.__init__(made, self.message)
        vars(made).update(self.details)
        return made


class FaultError(Exception):
    """Raised where an order has a ``fault`` for an answer; those who gave it turn it into the error that it is."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of an order: ``value``, or ``fault`` where there is one."""

    value: Any = None
    fault: Fault | None = None


def found_table(tables: Mapping[tuple[str, str], Table | str], database: str, name: str) -> Table:
    """The table of that name among those that were sent along. Raises the ``NotFoundError`` that was sent instead."""
    found = tables.get((database, name), f"There is no table {name} in database {database}.")
    if isinstance(found, str):
        raise NotFoundError(found)
    return found
