"""What Ctrl-C means while runs go on: finish what runs first, stop at once when it is pressed again."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Protocol

from mason.cli.shared import tell


class Endable(Protocol):
    """What goes on and can be asked to end: the control of a walk, the daemon of schedules."""

    @property
    def finishing(self) -> bool:
        """Whether it was asked to."""
        ...

    def finish(self) -> None:
        """Begin nothing new."""
        ...

    def stop(self) -> None:
        """Wait for nothing."""
        ...


@contextmanager
def one_step_interrupt(control: Endable) -> Iterator[None]:
    """Within it, Ctrl-C and SIGTERM end a run at once that has nothing to finish first; pressed again, they raise
    ``KeyboardInterrupt`` whatever goes on.

    Also where Ctrl-C is ignored, as shells have it for what scripts start in the background.
    """

    def interrupted(number: int, frame: object) -> None:
        if control.finishing:
            raise KeyboardInterrupt
        control.stop()

    before = {number: signal.signal(number, interrupted) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def two_step_interrupt(control: Endable, *, finishing: str = "Finishing what runs") -> Iterator[None]:
    """Within it, the first Ctrl-C lets what runs finish and begins nothing new; the second one waits for nothing.

    ``finishing`` is what is told of the first one.
    SIGTERM counts as Ctrl-C; SIGHUP, which systems may send twice, as the first one, unless it is ignored (nohup).
    """

    def interrupted(number: int, frame: object) -> None:
        at_once = control.finishing and number != signal.SIGHUP
        if at_once:
            control.stop()
        else:
            control.finish()
        # The terminal may be gone, and what was being written to it when the signal came cannot be written into.
        with suppress(OSError, RuntimeError):
            tell("Stopping at once." if at_once else f"{finishing}; press Ctrl-C again to stop at once.")

    before = {signal.SIGINT: signal.getsignal(signal.SIGINT), signal.SIGTERM: signal.getsignal(signal.SIGTERM)}
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        before[signal.SIGHUP] = signal.getsignal(signal.SIGHUP)
    for number in before:
        signal.signal(number, interrupted)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
