"""How tests wait: for what is to happen, and never for a time that should be long enough.

The limits here only keep what went wrong from lasting for ever; no machine is so busy that it needs them.
"""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable
from typing import IO

_PATIENCE = 120.0


def wait_for(condition: Callable[[], object], *, seen: Callable[[], object] = lambda: "it never came") -> None:
    """Wait until ``condition()`` is true; where it never becomes so, fail with what ``seen`` gives."""
    end = time.monotonic() + _PATIENCE
    while not condition():
        assert time.monotonic() < end, seen()
        time.sleep(0.005)


def read_until(stream: IO[str], text: str) -> str:
    """What the stream gives up to and with ``text``; fails when it ends before.

    More may have been taken from the pipe by then, which the stream keeps: ``rest_of`` knows of it, and ``communicate``
    of a process does not.
    """
    printed = ""
    while not printed.endswith(text):
        character = stream.read(1)
        assert character, f"ended before {text!r}: {printed}"
        printed += character
    return printed


def rest_of(process: subprocess.Popen[str]) -> tuple[str, str]:
    """The end of a process that says no more than pipes hold: what is left of its stdout and its stderr."""
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        process.wait(_PATIENCE)
    finally:
        process.kill()
    with process.stdout, process.stderr:
        return process.stdout.read(), process.stderr.read()


def interrupt(process: subprocess.Popen[str], number: int = signal.SIGINT) -> None:
    """Send a first Ctrl-C, and wait until the process says that it heard of it: two at once would be one."""
    assert process.stderr is not None
    process.send_signal(number)
    read_until(process.stderr, "; press Ctrl-C again to stop at once.\n")
