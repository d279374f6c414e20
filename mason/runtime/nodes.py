"""What is walked and what comes of it: the nodes of a DAG, how each of them ended, and who is told. Values only."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, Protocol, TypeAlias

from mason.resources.retry import Retry
from mason.values import dataclass

Status: TypeAlias = Literal["succeeded", "failed", "skipped", "upstream_failed", "interrupted", "cancelled"]


@dataclass(frozen=True, slots=True)
class Node:
    """One piece of work: when it begins, how often it is tried, and how many seconds an attempt may take.

    ``trigger_rule`` is one of ``mason.resources.trigger.TRIGGER_RULES``.
    """

    id: str
    dependencies: tuple[str, ...] = ()
    trigger_rule: str = "all_success"
    retry: Retry | None = None
    timeout: float | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """How a node ended.

    =================  ==============================================================================================
    succeeded          its work returned ``result`` (or raised ``Stop`` with it)
    failed             its work raised ``error`` or took too long (a ``TimeoutError``), and there was no other attempt
    skipped            its trigger rule can never hold though no dependency failed, or its work raised ``Skip``, which
                       is the ``error`` then
    upstream_failed    its trigger rule can never hold because a dependency is ``failed`` or ``upstream_failed``
    interrupted        it was running, or waiting for its next attempt, when the walk was stopped at once; ``error`` is
                       what the last attempt raised, if it was waiting for the next one
    cancelled          it had not begun when the walk was asked to end, or its work raised ``Stop`` before it did
                       anything (``worked`` is false); ``error`` is the ``Stop`` that asked, if one did
    =================  ==============================================================================================

    ``attempts`` counts the calls of its work, ``started`` is when the first of them began (``None``: there was none).
    Times are in UTC, and ``finished`` is never before ``started`` even where a clock was set back.
    """

    status: Status
    attempts: int = 0
    result: Any = None
    error: BaseException | None = None
    started: datetime | None = None
    finished: datetime | None = None


class Skip(Exception):
    """Raised by work to end its node as ``skipped``; the message says why."""


class Stop(Exception):
    """Raised by work that succeeded to let nothing new begin: what runs is finished, the rest is cancelled.

    Work that did not do anything says so with ``worked=False``: its node is ``cancelled`` as well.
    """

    def __init__(self, message: str = "", result: Any = None, *, worked: bool = True) -> None:
        self.result = result
        self.worked = worked
        super().__init__(message)


class Observer(Protocol):
    """Is told what happens, always in the thread that walks and always before what it is told makes a difference.

    For each node: ``ready`` and ``started``, then ``retrying`` and ``started`` for each further attempt, then
    ``ended``; of these only ``ended`` for one that never began (perhaps after ``ready``). ``started`` is told before
    the work is called, and ``ended`` before anything begins that waited for it: a journal that writes when it is told
    is never behind what was done. What an observer raises ends the walk, as :func:`walk` says. Subclasses override
    what they want to know.
    """

    def ready(self, id: str) -> None:
        """Its trigger rule holds; it begins when there is a free worker."""
        return

    def started(self, id: str, attempt: int) -> None:
        """Its work is called now, for the ``attempt``-th time."""
        return

    def retrying(self, id: str, attempt: int, delay: float, error: BaseException) -> None:
        """The ``attempt``-th time failed with ``error``; the next one begins in ``delay`` seconds."""
        return

    def ended(self, id: str, ended: Ended) -> None:
        """It ended. Told once for each node, except for those that were ``done`` before."""
        return
