"""A DAG done one step after the other: what its rules mean, for schedulers that do the steps themselves.

It has no journal, does nothing side by side and cannot be gone on with: runs of workflows have all that, in
``mason.runtime``. It is what a scheduler of the other kind has, which is given a DAG and knows of no workflow; here for
the client ``memory``, and for the suite that asks what schedulers keep.
"""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from mason.engines import interrupts
from mason.engines.models import Dag, DagStep
from mason.resources.retry import Retry
from mason.resources.trigger import verdict
from mason.values import dataclass, field

Answer = Mapping[str, Any]
"""What the command of a step prints: the keys ``Errors``, ``Warnings``, ``Info`` and ``Data``, empty ones left out.
With ``Errors`` the step has failed."""

Do = Callable[[DagStep, Mapping[str, "Answer | str"]], Answer]
"""Does a step once. It is handed the answers of the steps in ``results_of``, and of those that gave none the word for
how they ended. It raises nothing."""


@dataclass(frozen=True, slots=True)
class StepEnd:
    """How a step ended (``succeeded``, ``failed``, ``upstream_failed`` or ``skipped``), and what it answered last."""

    status: str
    attempts: int = 0
    answer: Answer = field(default_factory=dict)

    @property
    def error(self) -> str:
        """Why it failed; empty where it did not."""
        return "\n".join(map(str, self.answer.get("Errors", ())))


def do_in_order(dag: Dag, do: Do) -> dict[str, StepEnd]:
    """Do all steps whose trigger rules hold, in their order, with their retries and timeouts; how each ended, by its
    id.

    A step whose timeout is over is told so (:mod:`mason.engines.interrupts`), and left behind where it does not listen.
    """
    ends: dict[str, StepEnd] = {}
    for step in dag.steps:
        before = [ends[name].status for name in step.dependencies]
        failed = sum(status in ("failed", "upstream_failed") for status in before)
        ruled = verdict(step.trigger_rule, waiting=0, failed=failed, skipped=before.count("skipped"))
        if before and ruled in ("skipped", "upstream_failed"):
            ends[step.id] = StepEnd(ruled)
        else:
            handed = {name: ends[name].answer if ends[name].attempts else ends[name].status for name in step.results_of}
            ends[step.id] = _tried(step, handed, do)
    return ends


def _tried(step: DagStep, handed: Mapping[str, Answer | str], do: Do) -> StepEnd:
    retry = Retry.parse(step.retry, step.retry_max) if step.retry else None
    attempt = 1
    while True:
        answer = do(step, handed) if step.timeout is None else _in_time(step, handed, do, step.timeout)
        if not answer.get("Errors"):
            return StepEnd("succeeded", attempt, answer)
        if retry is None or attempt > retry.most:
            return StepEnd("failed", attempt, answer)
        # Imported here: most attempts are the last ones.
        import random

        time.sleep(retry.delay(attempt, random.random))
        attempt += 1


def _in_time(step: DagStep, handed: Mapping[str, Answer | str], do: Do, seconds: int) -> Answer:
    answers: list[Answer] = []
    attempt = _Attempt()

    def work() -> None:
        with interrupts.doing(attempt):
            answers.append(do(step, handed))

    thread = threading.Thread(target=contextvars.copy_context().run, args=(work,), daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        attempt.give_up()
        return {"Errors": [f"gave up after {seconds} second{'' if seconds == 1 else 's'}"]}
    # Where there is none, the thread died of something that is no answer, and the interpreter has told it.
    return answers[0] if answers else {"Errors": ["it ended without an answer"]}


class _Attempt:
    """See :class:`mason.engines.interrupts.Interruptible`."""

    def __init__(self) -> None:
        self._interrupts: list[Callable[[], object]] = []
        self._lock = threading.Lock()
        self._given_up = False

    @property
    def given_up(self) -> bool:
        return self._given_up

    def add(self, interrupt: Callable[[], object]) -> None:
        with self._lock:
            if not self._given_up:
                self._interrupts.append(interrupt)
                return
        interrupt()

    def discard(self, interrupt: Callable[[], object]) -> None:
        with self._lock, suppress(ValueError):
            self._interrupts.remove(interrupt)

    def give_up(self) -> None:
        with self._lock:
            self._given_up = True
            waiting, self._interrupts = self._interrupts, []
        for interrupt in waiting:
            interrupt()
