"""Walking a DAG: every node's work is done after its dependencies have ended, several at a time, and somebody is told.

It knows nothing of what the work is, where it is recorded or how it is shown: it gets nodes and a callable, and tells
an :class:`Observer` what happens. What these look like stands in ``nodes``, threads and how they are told to stop in
``workers``, the rules by which nodes begin in ``mason.resources.trigger``, and waits between attempts in
``mason.resources.retry``.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from heapq import heappop, heappush
from queue import Empty
from time import monotonic
from types import MappingProxyType
from typing import Any, Literal

from mason.queues import take
from mason.resources.retry import Retry
from mason.resources.trigger import TRIGGER_RULES, verdict
from mason.runtime.nodes import Ended, Node, Observer, Skip, Status, Stop
from mason.runtime.workers import Attempt, Control, Report, Workers, no_thread, now

__all__ = [
    "Control",
    "Ended",
    "Node",
    "Observer",
    "Retry",
    "Skip",
    "Status",
    "Stop",
    "walk",
]

# Seconds: the longest wait, because a system may tell a signal to a thread other than the one that handles it; and how
# often somebody may have a look.
_LOOK = 0.2


class _Unobserved(Observer):
    pass


def _is_exception(error: BaseException) -> bool:
    return isinstance(error, Exception)


def walk(
    nodes: Sequence[Node],
    work: Callable[[str, int], Any],
    *,
    parallelism: int = 1,
    observer: Observer | None = None,
    done: Mapping[str, Ended] = MappingProxyType({}),
    control: Control | None = None,
    retryable: Callable[[BaseException], bool] = _is_exception,
    look: Callable[[], None] | None = None,
) -> dict[str, Ended]:
    """Call ``work`` with the id of each node and the number of the attempt (from 1), and return how each node ended.

    The answer is in the order of ``nodes``, and so is the work where there is a choice; with a ``parallelism`` of 1 the
    calls are the same each time, as far as no clock decides (retries, timeouts).

    - Work is called in threads, in a copy of the caller's context, at most ``parallelism`` at a time. What it returns
      is the result, what it raises is a failure: ``SystemExit`` and ``KeyboardInterrupt`` as well, which end nothing
      but the attempt. :class:`Skip` and :class:`Stop` are no failures.
    - A node with a ``retry`` is tried again after failures that are ``retryable`` (if it is left out: all but
      ``SystemExit`` and its like). While it waits, its worker does other work.
    - An attempt that takes longer than the ``timeout`` of its node fails with a ``TimeoutError``. Its thread cannot be
      killed: it is told (``control.interrupts``), counted (``control.lost``) and left behind, perhaps running beside
      the node's next attempt; its worker is replaced, and what it returns later is thrown away.
    - ``done`` are nodes that ended in an earlier walk: they are not done again and count for the trigger rules of
      others. Leave out those that are to be done again, such as failed ones, and what hung on them. Ids that are no
      nodes do not matter.
    - ``control`` asks the walk to end early. After ``finish``, and after ``Stop``, nothing begins any more, not even
      another attempt: a node that waits for one is failed. After ``stop``, the walk returns at once, whatever still
      runs.

    - ``look`` is called in the thread that walks, a few times a second whatever happens: for whoever can be asked from
      outside to end the walk, and hands that on to ``control``.

    It blocks the thread that calls it, in waits that Ctrl-C ends at once. Where ``KeyboardInterrupt`` is raised then
    (because the caller does not handle the signal with a ``Control``), or the observer raises something, what
    runs is interrupted and left behind as after ``stop``, the observer is told nothing more, and the exception goes on.

    Where the system starts no more threads, work waits for one that there is; ``TransientEngineError`` is raised where
    there is none at all.

    Raises ``ValueError`` before anything begins: a node twice, an unknown dependency or trigger rule, a cycle, a
    parallelism below 1, or a node in ``done`` that was interrupted or cancelled and so was never done.
    """
    _refuse(nodes, parallelism, done)
    control = Control() if control is None else control
    walked = _Walk(nodes, Workers(work, control), parallelism, observer or _Unobserved(), control, retryable)
    walked.look = look
    return walked.run(done)


def _refuse(nodes: Sequence[Node], parallelism: int, done: Mapping[str, Ended]) -> None:
    if parallelism < 1:
        raise ValueError(f"a walk needs a parallelism of at least 1, not {parallelism}")
    graph = {node.id: node.dependencies for node in nodes}
    if len(graph) < len(nodes):
        twice = [name for name, times in Counter(node.id for node in nodes).items() if times > 1]
        raise ValueError(f"nodes that are there more than once: {', '.join(twice)}")
    for node in nodes:
        for name in node.dependencies:
            if name not in graph:
                raise ValueError(f"node {node.id} depends on {name}, which is not there")
        if node.trigger_rule not in TRIGGER_RULES:
            raise ValueError(f"{node.trigger_rule!r} of node {node.id} is no trigger rule")
        if node.id in done and done[node.id].status in ("interrupted", "cancelled"):
            raise ValueError(f"node {node.id} is {done[node.id].status}, not done")
    if len(nodes) < 2 and not any(graph.values()):
        return
    # Imported here: the run of an operator alone has nothing to put in an order.
    from graphlib import CycleError, TopologicalSorter

    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        raise ValueError(f"nodes that wait for each other: {', '.join(error.args[1])}") from None


class _Walk:
    """One walk: what is known of each node, by its position among the nodes. All but the work happens in one thread."""

    def __init__(
        self,
        nodes: Sequence[Node],
        workers: Workers,
        parallelism: int,
        observer: Observer,
        control: Control,
        retryable: Callable[[BaseException], bool],
    ) -> None:
        self._nodes = nodes
        self._workers = workers
        self._parallelism = parallelism
        self._observer = observer
        self._control = control
        self._retryable = retryable
        self.look: Callable[[], None] | None = None
        self._next_look = 0.0
        self._stop: Stop | None = None
        # Of the dependencies of each node: how many have not ended, failed, were skipped. And whether a verdict is out.
        self._waiting = [0] * len(nodes)
        self._failed = [0] * len(nodes)
        self._skipped = [0] * len(nodes)
        self._decided = [False] * len(nodes)
        self._dependants: list[list[int]] = [[] for _ in nodes]
        position = {node.id: number for number, node in enumerate(nodes)}
        for number, node in enumerate(nodes):
            for name in node.dependencies:
                self._dependants[position[name]].append(number)
                self._waiting[number] += 1
        self._attempts = [0] * len(nodes)
        self._started: list[datetime | None] = [None] * len(nodes)
        self._ended: list[Ended | None] = [None] * len(nodes)
        self._ready: list[int] = []  # a heap
        self._running: dict[int, Attempt] = {}
        self._resting: dict[int, BaseException] = {}  # until the next attempt: what the one before raised
        # A heap of when (by the monotonic clock, which nobody sets), a number that tells those apart, and which attempt
        # is given up or which resting node is tried again. Those that no longer matter stay until they are due.
        self._timers: list[tuple[float, int, Attempt | int]] = []
        self._timer = 0

    def run(self, done: Mapping[str, Ended]) -> dict[str, Ended]:
        try:
            self._begin(done)
            while not self._control.stopping:
                self._start()
                if self._is_finishing:
                    self._fail_resting()
                if not self._running and not self._resting:
                    break
                self._wait()
            self._end_rest()
        finally:
            # Nothing runs any more, unless somebody raised something.
            for attempt in self._running.values():
                self._workers.give_up(attempt)
            self._workers.close()
        return {node.id: ended for node, ended in zip(self._nodes, self._ended, strict=True) if ended is not None}

    @property
    def _is_finishing(self) -> bool:
        return self._stop is not None or self._control.finishing

    def _begin(self, done: Mapping[str, Ended]) -> None:
        """Take over what is done, and find out which nodes begin without waiting for others."""
        for position, node in enumerate(self._nodes):
            if node.id in done:
                self._decided[position] = True
                self._ended[position] = done[node.id]
                self._count(position, done[node.id].status)
        for position in range(len(self._nodes)):
            # A verdict may be out by the end of one before it.
            status = None if self._decided[position] else self._decide(position)
            if status is not None:
                self._end(position, self._ended_as(position, status, now()))

    def _start(self) -> None:
        """Let work begin as long as there is a worker for it."""
        while self._ready and len(self._running) < self._parallelism and not self._is_finishing:
            if not self._workers.reserve():
                if self._running:
                    # With the threads that there are, then.
                    return
                raise no_thread()
            position = heappop(self._ready)
            node = self._nodes[position]
            self._resting.pop(position, None)
            self._attempts[position] += 1
            attempt = Attempt(node.id, position, self._attempts[position])
            if attempt.number == 1:
                self._started[position] = now()
            self._observer.started(node.id, attempt.number)
            self._running[position] = attempt
            self._workers.begin(attempt)
            if node.timeout is not None:
                self._set_timer(node.timeout, attempt)

    def _wait(self) -> None:
        """Until something happens: one attempt ends, some timers are due, or the control wants to be looked at."""
        if self.look is not None and (moment := monotonic()) >= self._next_look:
            self._next_look = moment + _LOOK
            self.look()
            if self._is_finishing:
                return
        seconds = min(max(self._timers[0][0] - monotonic(), 0), _LOOK) if self._timers else _LOOK
        try:
            # Without blocking if there is a report already: it counts even where a timer is due.
            report = take(self._workers.reports, seconds)
        except Empty:
            self._fire()
        else:
            self._take(report)

    def _matters(self, timed: Attempt | int) -> bool:
        if isinstance(timed, int):
            return timed in self._resting
        return self._running.get(timed.position) is timed

    def _set_timer(self, seconds: float, timed: Attempt | int) -> None:
        self._timer += 1
        heappush(self._timers, (monotonic() + seconds, self._timer, timed))

    def _fire(self) -> None:
        """Do what is due: give attempts up, let rested nodes be tried again."""
        moment = monotonic()
        while self._timers and self._timers[0][0] <= moment:
            timed = heappop(self._timers)[2]
            if not self._matters(timed):
                continue
            if isinstance(timed, int):
                # Resting all the same, until there is a worker.
                heappush(self._ready, timed)
                continue
            del self._running[timed.position]
            self._workers.give_up(timed)
            timeout = self._nodes[timed.position].timeout
            error = TimeoutError(f"gave up after {timeout:.15g} second{'' if timeout == 1 else 's'}")
            self._fail(timed.position, error, now())

    def _take(self, report: Report | None) -> None:
        if report is None or report[0].given_up:
            return
        attempt, result, error, finished = report
        position = attempt.position
        del self._running[position]
        self._workers.release()
        if error is None:
            self._end(position, self._ended_as(position, "succeeded", finished, result=result))
        elif isinstance(error, Stop):
            # The first one is why the rest is cancelled.
            self._stop = self._stop or error
            if error.worked:
                self._end(position, self._ended_as(position, "succeeded", finished, result=error.result))
            else:
                # Those that depend on it are cancelled like it, whatever their trigger rules say.
                self._tell_ended(position, self._ended_as(position, "cancelled", finished, error=error))
        elif isinstance(error, Skip):
            self._end(position, self._ended_as(position, "skipped", finished, error=error))
        else:
            self._fail(position, error, finished)

    def _fail(self, position: int, error: BaseException, finished: datetime) -> None:
        """An attempt failed: was it the last one?"""
        node, attempts = self._nodes[position], self._attempts[position]
        retry = node.retry
        if retry is None or attempts > retry.most or self._is_finishing or not self._retryable(error):
            self._end(position, self._ended_as(position, "failed", finished, error=error))
            return
        # Imported here: most attempts are the last ones.
        import random

        delay = retry.delay(attempts, random.random)
        self._observer.retrying(node.id, attempts, delay, error)
        self._resting[position] = error
        self._set_timer(delay, position)

    def _ended_as(
        self,
        position: int,
        status: Status,
        finished: datetime,
        *,
        result: Any = None,
        error: BaseException | None = None,
    ) -> Ended:
        started = self._started[position]
        if started is not None and finished < started:
            finished = started
        return Ended(status, self._attempts[position], result, error, started, finished)

    def _end(self, position: int, ended: Ended) -> None:
        """A node ended: tell, and find out what that means for those that depend on it, however far it reaches."""
        ending = deque([(position, ended)])
        while ending:
            position, ended = ending.popleft()
            self._tell_ended(position, ended)
            for dependant in self._count(position, ended.status):
                status = self._decide(dependant)
                if status is not None:
                    ending.append((dependant, self._ended_as(dependant, status, now())))

    def _count(self, position: int, status: Status) -> list[int]:
        """Let its dependants know how a node ended; these are returned."""
        dependants = self._dependants[position]
        for dependant in dependants:
            self._waiting[dependant] -= 1
            if status in ("failed", "upstream_failed"):
                self._failed[dependant] += 1
            elif status == "skipped":
                self._skipped[dependant] += 1
        return dependants

    def _decide(self, position: int) -> Literal["skipped", "upstream_failed"] | None:
        """Make a node ready if its trigger rule holds; its status is returned if the rule never will."""
        if self._decided[position]:
            return None
        node = self._nodes[position]
        reached = (
            verdict(
                node.trigger_rule,
                waiting=self._waiting[position],
                failed=self._failed[position],
                skipped=self._skipped[position],
            )
            if node.dependencies
            else "begin"
        )
        if reached is None or (reached == "begin" and self._is_finishing):
            return None
        self._decided[position] = True
        if reached != "begin":
            return reached
        self._observer.ready(node.id)
        heappush(self._ready, position)
        return None

    def _fail_resting(self) -> None:
        """There will be no other attempt for those that wait for one."""
        for position in sorted(self._resting):
            error = self._resting.pop(position)
            self._end(position, self._ended_as(position, "failed", now(), error=error))

    def _end_rest(self) -> None:
        """Interrupt what runs or rests, where the walk was stopped at once; cancel what never began."""
        with suppress(Empty):
            # What was done before the stop counts.
            while True:
                self._take(self._workers.reports.get_nowait())
        interrupted: dict[int, BaseException | None] = {**dict.fromkeys(self._running), **self._resting}
        for attempt in self._running.values():
            self._workers.give_up(attempt)
        self._running.clear()
        self._resting.clear()
        for position in sorted(interrupted):
            self._tell_ended(position, self._ended_as(position, "interrupted", now(), error=interrupted[position]))
        for position, ended in enumerate(self._ended):
            if ended is None:
                self._tell_ended(position, self._ended_as(position, "cancelled", now(), error=self._stop))

    def _tell_ended(self, position: int, ended: Ended) -> None:
        self._ended[position] = ended
        self._observer.ended(self._nodes[position].id, ended)
