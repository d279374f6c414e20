"""Asking the Python classes of workflows what shall become of their steps, while a run of the workflow is walked.

Steps go by the ids of the flat DAG here and by those of their own files in the classes: where a workflow stands in
another one, the outer class is asked about it as about one step, the inner class about each of its steps.
"""

from __future__ import annotations

import copy
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timezone
from functools import cache, partial
from types import MappingProxyType
from typing import Any, TypeAlias

from mason.dryrun.planned import PlannedStep, PlannedWorkflow, WorkflowPlan
from mason.engines import interrupts
from mason.errors import CancelledError, DecisionError, MasonError, OperatorError
from mason.resources.address import title_of
from mason.resources.wording import with_article
from mason.runtime import decision
from mason.runtime.decision import Decision, NextStep, StepEnd
from mason.runtime.nodes import Skip, Stop
from mason.runtime.python_source import PythonClass

_When: TypeAlias = "tuple[datetime, int]"
_NEVER = datetime.min.replace(tzinfo=timezone.utc)

MAX_DATA = 1_000_000
"""How many bytes of JSON of what one step returned a class is shown."""


class Deciders:
    """The classes of all workflows of one plan, and what they may know of its steps. To be closed in the end."""

    def __init__(self, plan: WorkflowPlan) -> None:
        self._workflows = plan.workflows
        self._deciders = {
            within: _Decider(planned, self._stop)
            for within, planned in plan.workflows.items()
            if planned.source is not None
        }
        self._stopped: str | None = None
        self._ends: dict[str, tuple[_When, StepEnd]] = {}
        self._last_steps = cache(self._find_last_steps)
        self._shown = frozenset(
            last
            for within in self._deciders
            for names in plan.workflows[within].dependencies.values()
            for name in names
            for last in self._last_steps(_joined(within, name))
        )

    def decides(self, step: str) -> bool:
        """Whether a class is asked before ``step`` begins."""
        return bool(self._deciders) and any(within in self._deciders for within, _ in _places(step))

    def shown(self, step: str, data: list[Any] | None) -> list[Any] | None:
        """What classes are shown of the data of ``step``, and so has to be kept for a run that is resumed.

        ``None`` for none of it: nobody asks, or it is too large.
        """
        return data if data is not None and step in self._shown and _is_small(data) else None

    def took(self, event: Mapping[str, Any], data: list[Any] | None) -> None:
        """Remember how a step ended: ``event`` is as the journal has it, ``data`` is what :meth:`shown` returned."""
        id, status = str(event["step"]), str(event["status"])
        if id in self._shown:
            started, finished = (_time(event.get(name)) for name in ("started_at", "finished_at"))
            ended = StepEnd(
                id,
                status,
                data if status == "succeeded" else [],
                str(event.get("error", "")),
                event.get("attempts", 0),
                started,
                finished,
            )
            # Times go by the millisecond, in which several may end.
            self._ends[id] = (finished or _NEVER, len(self._ends)), ended

    def decide(self, step: PlannedStep, parameters: Callable[[], Mapping[str, Any]]) -> None:
        """Ask about ``step`` before it begins, from the outermost workflow inwards; returns if it may.

        What was asked already is remembered, also for the steps of a workflow that was asked about as one. Raises
        ``Skip``, ``Stop`` (nothing was done; also where that was the answer about another step) or ``DecisionError``,
        with the reason; ``CancelledError`` where the step was given up meanwhile.
        """
        for within, name in _places(step.id):
            decider = self._deciders.get(within)
            if decider is not None:
                _carry_out(decider.ask(name, partial(self._question, within, name, step, parameters)))
        work = interrupts.current()
        if work is not None and work.given_up:
            # Perhaps another attempt is at it by now.
            raise CancelledError(f"{step.id} was not begun: nobody waits for it any more.")

    def close(self) -> None:
        """Forget the classes, and take their files from the disk."""
        for decider in self._deciders.values():
            decider.close()

    def _stop(self, reason: str) -> None:
        self._stopped = reason

    def _question(
        self, within: str, name: str, step: PlannedStep, parameters: Callable[[], Mapping[str, Any]]
    ) -> tuple[StepEnd | None, NextStep]:
        if self._stopped is not None:
            # The walk let it begin, but it had to wait for its turn.
            raise Stop(self._stopped, worked=False)
        whole = _joined(within, name)
        inner = self._workflows.get(whole)
        ends = {
            before: found
            for before in self._workflows[within].dependencies[name]
            if (found := self._ended(before, self._last_steps(_joined(within, before))))
        }
        last = max(ends.values(), key=lambda ended: ended.when, default=None)
        dependencies = _Ends(ends)
        # Copies that cannot be written to: the step is given what the dry run and the record tell.
        given = {} if inner is not None else copy.deepcopy(dict(parameters()))
        return (
            None if last is None else dependencies[last.id],
            NextStep(
                name,
                step.address if inner is None else inner.address,
                MappingProxyType(given),
                dependencies,
            ),
        )

    def _ended(self, name: str, steps: tuple[str, ...]) -> _Ended | None:
        found = [self._ends[step] for step in steps if step in self._ends]
        return _Ended(name, max(when for when, _ in found), [end for _, end in found]) if found else None

    def _find_last_steps(self, id: str) -> tuple[str, ...]:
        """The steps of the flat DAG after which nothing comes in ``id``: itself, unless it is a workflow."""
        planned = self._workflows.get(id)
        if planned is None:
            return (id,)
        waited_for = {name for names in planned.dependencies.values() for name in names}
        last = [name for name in planned.dependencies if name not in waited_for]
        return tuple(dict.fromkeys(step for name in last for step in self._last_steps(_joined(id, name))))


def _joined(within: str, name: str) -> str:
    return f"{within}.{name}" if within else name


def _places(step: str) -> Iterator[tuple[str, str]]:
    """Where ``a.b.c`` stands, from outside inwards: ``a`` in the workflow itself, ``b`` in ``a``, ``c`` in ``a.b``."""
    within = ""
    for name in step.split("."):
        yield within, name
        within = _joined(within, name)


def _time(text: Any) -> datetime | None:
    try:
        time = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return time if time.tzinfo else None


def _is_small(data: list[Any]) -> bool:
    """Whether it takes no more than ``MAX_DATA`` as JSON; looks no further than it must."""
    size = 0
    try:
        for part in json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).iterencode(data):
            size += len(part.encode("utf-8", "surrogatepass"))
            if size > MAX_DATA:
                return False
    except RecursionError:
        return False
    return True


def _copied(data: list[Any] | None) -> list[Any] | None:
    """By way of JSON, which it can be written as: so it looks as it does in a run that was resumed."""
    copied: list[Any] | None = json.loads(json.dumps(data))
    return copied


def _carry_out(decided: Decision) -> None:
    if decided.verdict == "skip":
        raise Skip(decided.reason)
    if decided.verdict == "stop":
        raise Stop(decided.reason, worked=False)
    if decided.verdict == "fail":
        raise DecisionError(decided.reason)


class _Ended:
    """How one step of a file ended, made of how the last steps in it did."""

    def __init__(self, id: str, when: _When, ends: list[StepEnd]) -> None:
        self.id = id
        self.when = when
        self.ends = ends

    def shown(self) -> StepEnd:
        """To be given away: nobody else has its data."""
        first = self.ends[0]
        if len(self.ends) == 1:
            return replace(first, id=self.id, data=_copied(first.data))
        found = {end.status for end in self.ends}
        data = [copied for end in self.ends if (copied := _copied(end.data)) is not None]
        return StepEnd(
            self.id,
            next(each for each in ("failed", "upstream_failed", "skipped", "succeeded") if each in found),
            [item for each in data for item in each] if len(data) == len(self.ends) else None,
            "\n".join(end.error for end in self.ends if end.error),
            sum(end.attempts for end in self.ends),
            min((end.started for end in self.ends if end.started), default=None),
            max((end.finished for end in self.ends if end.finished), default=None),
        )


class _Ends(Mapping[str, StepEnd]):
    """Dependencies as a class is given them. Only what it looks at is copied: a step may come after thousands."""

    def __init__(self, ended: Mapping[str, _Ended]) -> None:
        self._ended = ended
        self._made: dict[str, StepEnd] = {}

    def __getitem__(self, id: str) -> StepEnd:
        if id not in self._made:
            self._made[id] = self._ended[id].shown()
        return self._made[id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._ended)

    def __len__(self) -> int:
        return len(self._ended)

    def __repr__(self) -> str:
        return f"<how {', '.join(self._ended) or 'nothing'} ended>"


class _Decider:
    """The class of one workflow, which is loaded when it is first asked. It is asked one thing at a time."""

    def __init__(self, planned: PlannedWorkflow, stop: Callable[[str], None]) -> None:
        self._planned = planned
        self._stop = stop
        self._title = title_of(planned.address)
        self._theirs: PythonClass[decision.Workflow] | None = None
        self._answers: dict[str, Decision] = {}
        self._turn = threading.Condition()
        # Whose turn it is, what about, and whether it was given up meanwhile.
        self._asker: object = None
        self._asked_about = ""
        self._is_late = False

    def ask(self, name: str, question: Callable[[], tuple[StepEnd | None, NextStep]]) -> Decision:
        """The decision on step ``name``; what fails is a decision to fail it.

        Raises ``DecisionError`` where the class has not answered about a step that was given up for it.
        """
        work = interrupts.current()
        mine = object()

        def given_up() -> None:
            if work is not None:
                # It ends nothing: nobody shall wait for it to do so.
                work.discard(given_up)
            with self._turn:
                self._is_late = self._is_late or self._asker is mine
                self._turn.notify_all()

        if work is not None:
            work.add(given_up)
        try:
            with self._turn:
                while self._asker is not None and name not in self._answers:
                    if self._is_late or (work is not None and work.given_up):
                        raise DecisionError(self._waiting(name))
                    self._turn.wait()
                if name in self._answers:
                    return self._answers[name]
                self._asker, self._asked_about = mine, name
                self._is_late = work is not None and work.given_up
            return self._asked(name, question)
        finally:
            if work is not None:
                work.discard(given_up)

    def _waiting(self, name: str) -> str:
        late = f"has not answered about {self._asked_about} yet"
        return f"{self._title} {late}." if name == self._asked_about else f"{self._title} cannot be asked: it {late}."

    def _asked(self, name: str, question: Callable[[], tuple[StepEnd | None, NextStep]]) -> Decision:
        answer = Decision("fail", f"{self._title} did not decide on {name}.")
        try:
            answer = self._answer(name, question)
        except MasonError as error:
            answer = Decision("fail", str(error))
        finally:
            with self._turn:
                # Also what comes too late: it holds for the next attempt.
                self._answers[name] = answer
                self._asker = None
                self._turn.notify_all()
        return answer

    def _answer(self, name: str, question: Callable[[], tuple[StepEnd | None, NextStep]]) -> Decision:
        if self._theirs is None:
            assert self._planned.source is not None
            self._theirs = PythonClass[decision.Workflow](
                self._planned.source, self._planned.class_name, decision.Workflow, title=self._title
            ).__enter__()
        current, following = question()
        returned = self._theirs.call(lambda instance: instance.step(current, following))
        if returned is None:
            return Decision("go_on")
        if type(returned) is not Decision:
            raise OperatorError(
                f"{self._title} returned {with_article(type(returned).__name__)} for {name}. Return self.go_on(), "
                "self.skip(why), self.stop(why), self.fail(why) or nothing."
            )
        if returned.verdict == "stop":
            # Before it is the turn of others, who shall not begin any more.
            self._stop(returned.reason)
        return returned

    def close(self) -> None:
        """Forget the class."""
        if self._theirs is not None:
            self._theirs.__exit__(None, None, None)
