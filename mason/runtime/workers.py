"""The threads in which a walk's work is done, and how it is told to stop.

Work is never done in the thread that walks, not even where one node runs at a time: Python handles Ctrl-C in the main
thread only, between two steps of its own, and a query is one step that may take an hour. A thread that only waits
handles it at once.

Threads of Python cannot be killed. Work that is given up goes on in a thread that nobody waits for any more, until
it notices (see :class:`Interrupts`) or ends; what it returns or raises then is thrown away. All threads are daemons:
none of them keeps the process from ending.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from contextvars import Context, copy_context
from datetime import datetime, timezone
from queue import SimpleQueue
from typing import Any, TypeAlias

from mason.engines.interrupts import doing
from mason.errors import TransientEngineError
from mason.state.lock import turns


class Attempt:
    """One call of the work: node ``id``, which stands at ``position`` among the nodes, for the ``number``-th time.

    ``given_up`` is set by the walk and ``ended`` by the worker, each before it looks at the other. To engines it is
    what is being done (see ``mason.engines.interrupts``). ``told`` says that something was interrupted.
    """

    __slots__ = ("ended", "given_up", "id", "interrupts", "number", "position", "told")

    def __init__(self, id: str, position: int, number: int) -> None:
        self.id = id
        self.position = position
        self.number = number
        self.interrupts: list[Callable[[], object]] = []
        self.given_up = False
        self.ended = False
        self.told = False

    def is_wanted(self) -> bool:
        """Whether somebody waits for it: asked again, the answer may be another one."""
        return not self.given_up

    def add(self, interrupt: Callable[[], object]) -> None:
        """Call ``interrupt`` when the attempt is given up; at once where it has been already."""
        self.interrupts.append(interrupt)
        if self.given_up:
            self.told = True
            interrupt()

    def discard(self, interrupt: Callable[[], object]) -> None:
        """Forget ``interrupt``, if it was registered."""
        with suppress(ValueError):
            self.interrupts.remove(interrupt)


Report: TypeAlias = tuple[Attempt, Any, BaseException | None, datetime]
"""What a worker tells: the attempt that ended, what it returned or raised, and when."""


class Interrupts:
    """How work learns that nobody waits for it any more: its attempt took too long, or the walk was stopped at once.

    Work registers what interrupts it, from the thread in which it was called::

        def work(id: str, attempt: int) -> list[Row]:
            connection = connect()
            control.interrupts.add(connection.interrupt)
            return connection.execute(...).fetchall()

    What was registered is called from another thread, perhaps more than once and perhaps when the work has just ended;
    it has to return at once, and what it raises is ignored. It is forgotten when the attempt ends. Engines, which know
    no walk, register by ``mason.engines.interrupts``.
    """

    def __init__(self) -> None:
        self._running: dict[int, Attempt] = {}

    def add(self, interrupt: Callable[[], object]) -> None:
        """Call ``interrupt`` when the attempt in this thread is given up; at once where it has been already.

        Raises ``RuntimeError`` in a thread that a walk did not call.
        """
        self._attempt().add(interrupt)

    def discard(self, interrupt: Callable[[], object]) -> None:
        """Forget ``interrupt`` before the attempt ends, if it was registered."""
        self._attempt().discard(interrupt)

    @property
    def requested(self) -> bool:
        """Whether the attempt in this thread was given up: for work that asks now and then instead of being told."""
        return self._attempt().given_up

    def _attempt(self) -> Attempt:
        attempt = self._running.get(threading.get_ident())
        if attempt is None:
            raise RuntimeError("no work of a walk with this control runs in this thread: ask in the one it was called")
        return attempt


class Control:
    """Asks a walk to end early, from any thread and from a signal handler: nothing here takes a lock.

    Whoever walks decides what Ctrl-C means. The first one lets what runs finish, the second one does not wait::

        control = Control()

        def interrupted(number: int, frame: FrameType | None) -> None:
            control.stop() if control.finishing else control.finish()

        before = signal.signal(signal.SIGINT, interrupted)
        try:
            ended = walk(nodes, work, control=control)
        finally:
            signal.signal(signal.SIGINT, before)

    Several walks may share one control, such as a walk whose work walks in turn: all of them are asked. A control that
    was asked stays so: a walk that begins with it cancels all of its nodes. A control ``within`` another one asks its
    own walks alone, and they are asked by the other one as well, which also knows of the threads that they lost.
    """

    def __init__(self, within: Control | None = None) -> None:
        self.interrupts = Interrupts()
        self._around: tuple[Control, ...] = (within, *within._around) if within is not None else ()
        self._finishing = False
        self._stopping = False
        self._walks: dict[int, SimpleQueue[Report | None]] = {}
        self._given_up: list[Attempt] = []

    def finish(self) -> None:
        """Let nothing new begin: what runs is finished, the rest is cancelled."""
        self._finishing = True
        self._wake()

    def stop(self) -> None:
        """Let nothing new begin and wait for nothing: what runs is interrupted, the rest is cancelled."""
        self._finishing = self._stopping = True
        self._wake()

    @property
    def finishing(self) -> bool:
        """Whether :meth:`finish` or :meth:`stop` was called."""
        return self._finishing or any(control._finishing for control in self._around)

    @property
    def stopping(self) -> bool:
        """Whether :meth:`stop` was called."""
        return self._stopping or any(control._stopping for control in self._around)

    @property
    def lost(self) -> int:
        """How many threads still do work that was given up. Also to be read when the walk is over."""
        return sum(not attempt.ended for attempt in self._given_up)

    def see_off(self, seconds: float) -> None:
        """Wait, at most so long, for work that was given up and interrupted: it may have to tidy up."""
        for _ in turns(seconds, longest=0.02):
            if not any(attempt.told and not attempt.ended for attempt in self._given_up):
                return

    def _wake(self) -> None:
        # SimpleQueue.put may be interrupted by itself (it is written for that), and copying is one step.
        for reports in tuple(self._walks.values()):
            reports.put(None)


class Workers:
    """The threads of one walk. As many as were needed at a time: each of them takes the next attempt that begins."""

    def __init__(self, work: Callable[[str, int], Any], control: Control) -> None:
        self.reports: SimpleQueue[Report | None] = SimpleQueue()
        """A report for each attempt that ended, given up or not; ``None`` to have a look at the control."""
        self._control = control
        self._attempts: SimpleQueue[Attempt | None] = SimpleQueue()
        # What was set where the walk was called, such as who observes the progress, is set in each attempt.
        self._serving = (work, self._attempts, self.reports, control.interrupts._running, copy_context())
        self._threads: list[threading.Thread] = []
        self._idle = 0
        self._lost = 0
        for each in (control, *control._around):
            each._walks[id(self)] = self.reports

    def reserve(self) -> bool:
        """Whether there is a thread that has nothing to do. A new one is started for it, where the system lets us."""
        if self._idle:
            return True
        name = f"mason-worker-{len(self._threads) + 1}"
        thread = threading.Thread(target=_serve, args=self._serving, name=name, daemon=True)
        try:
            thread.start()
        except RuntimeError:
            return False
        self._threads.append(thread)
        self._idle += 1
        return True

    def begin(self, attempt: Attempt) -> None:
        """Have it done in the thread that was reserved."""
        self._idle -= 1
        self._attempts.put(attempt)

    def release(self) -> None:
        """To be called for each report of an attempt that was not given up: its thread has nothing to do."""
        self._idle += 1

    def give_up(self, attempt: Attempt) -> None:
        """Interrupt it, and never count on its thread again."""
        self._lost += 1
        for control in (self._control, *self._control._around):
            control._given_up.append(attempt)
        attempt.given_up = True
        for interrupt in tuple(attempt.interrupts):
            attempt.told = True
            # Whatever became of what it would interrupt, the walk goes on.
            with suppress(Exception):
                interrupt()

    def close(self) -> None:
        """Send the threads home, and see them off unless one of them is lost."""
        for control in (self._control, *self._control._around):
            del control._walks[id(self)]
        self._attempts.put(None)
        if not self._lost:
            for thread in self._threads:
                thread.join()


def now() -> datetime:
    """The time of day, in UTC."""
    return datetime.now(timezone.utc)


def no_thread() -> TransientEngineError:
    """The error of a walk that cannot have a single thread."""
    return TransientEngineError(
        "The system lets Mason start no thread, so no step can run: there are too many processes and threads, or too "
        "little memory. End some of them, or raise the limit (ulimit -u, or that of the container)."
    )


def _call(work: Callable[[str, int], Any], attempt: Attempt) -> Any:
    with doing(attempt):
        return work(attempt.id, attempt.number)


def _serve(
    work: Callable[[str, int], Any],
    attempts: SimpleQueue[Attempt | None],
    reports: SimpleQueue[Report | None],
    running: dict[int, Attempt],
    context: Context,
) -> None:
    """What a thread does until there is nothing more to do, or until its attempt was given up."""
    me = threading.get_ident()
    while (attempt := attempts.get()) is not None:
        if not attempt.is_wanted():
            attempt.ended = True
            return
        running[me] = attempt
        result: Any = None
        error: BaseException | None = None
        try:
            result = context.copy().run(_call, work, attempt)
        except BaseException as raised:  # noqa: BLE001 - SystemExit, too, is how this attempt failed, and no more
            error = raised
        del running[me]
        attempt.interrupts.clear()
        attempt.ended = True
        reports.put((attempt, result, error, now()))
        # The traceback of an error holds this frame: were the error in it, both would outlive the walk.
        del result, error
        if not attempt.is_wanted():
            return
    # For the next thread.
    attempts.put(None)
