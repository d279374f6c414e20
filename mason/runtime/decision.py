"""What the Python class of a workflow sees and says: how steps ended, what comes next, and what shall become of that.

Values for people who write such classes; nothing here reaches an engine, the walk or the state.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeAlias

Verdict: TypeAlias = Literal["go_on", "skip", "stop", "fail"]
VERDICTS: tuple[Verdict, ...] = ("go_on", "skip", "stop", "fail")


@dataclass(frozen=True, slots=True)
class StepEnd:
    """How a step ended. ``id`` is that in the file of the workflow whose class is asked.

    ``status`` is ``succeeded``, ``failed``, ``skipped`` or ``upstream_failed``. ``data`` is a copy of what it returned
    (the list under ``Data``): empty where it did not succeed, and ``None`` where it takes more than 1 MB as JSON, or
    was not kept because the workflow had no class yet when the step was done. ``error`` says why it failed or was
    skipped; ``attempts`` counts how often its work was begun, ``started`` is when it first was (``None``: never), both
    times in UTC.

    A step that is a workflow ended as its last steps did: failed if one of them did, else skipped if one was; ``data``
    and errors stand one after another, attempts are added up.
    """

    id: str
    status: str
    data: list[Any] | None = field(default_factory=list)
    error: str = ""
    attempts: int = 0
    started: datetime | None = None
    finished: datetime | None = None


@dataclass(frozen=True, slots=True)
class NextStep:
    """A step that is about to begin. ``id`` is that in the file of the workflow whose class is asked.

    ``address`` is that of its operator or workflow (``operator.table.get``). ``parameters`` are what it will be given,
    read-only, references filled in; all are as written where one refers to what is not there, and a step that is a
    workflow has none of its own. ``dependencies`` are those in the file by their ids, those left out that have not
    ended (with ``trigger_rule: one_failed`` a step begins without waiting for all).
    """

    id: str
    address: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    dependencies: Mapping[str, StepEnd] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decision:
    """What shall become of a step: ``go_on``, ``skip``, ``stop`` or ``fail``, and why.

    Made by the methods of :class:`Workflow` of these names. Raises ``ValueError`` for another verdict.
    """

    verdict: Verdict
    reason: str = ""

    def __post_init__(self) -> None:
        if self.verdict not in VERDICTS:
            raise ValueError(f"{self.verdict!r} is no verdict: {', '.join(VERDICTS)}")
        # Halves of surrogate pairs, which are no text, are escaped.
        object.__setattr__(self, "reason", str(self.reason).encode("utf-8", "backslashreplace").decode())


class Workflow(ABC):
    """Base of classes that decide on the steps of a workflow: subclass it, name it after ``namespace:command``, write
    ``step``.

    There is one instance for each run (and for each place where a workflow stands in another one), so that it may keep
    counts on ``self``; a run that is resumed begins with a new one. ``os._exit`` cannot be guarded against: it ends the
    process and leaves a run that can be resumed.
    """

    @abstractmethod
    def step(self, current: StepEnd | None, next: NextStep) -> Decision | None:
        """Decide on ``next``: return ``self.go_on()`` or nothing, ``self.skip(why)``, ``self.stop(why)`` or
        ``self.fail(why)``.

        Asked once before each step begins (before its first attempt, and within its timeout), one step at a time. A
        step whose trigger rule does not hold is not asked about. ``current`` is how that of its dependencies ended
        which ended last; ``None`` for a step without dependencies. Whatever is raised fails the step, and so does
        anything else that is returned; neither is tried again.
        """

    def go_on(self) -> Decision:
        """Let the step begin."""
        return Decision("go_on")

    def skip(self, why: str) -> Decision:
        """Leave the step out, as ``skipped``: those after it go by their trigger rules."""
        return Decision("skip", why)

    def stop(self, why: str) -> Decision:
        """End the run well: neither this step nor any other begins, what runs is finished, the rest is cancelled."""
        return Decision("stop", why)

    def fail(self, why: str) -> Decision:
        """Fail the step, which is not tried again."""
        return Decision("fail", why)
