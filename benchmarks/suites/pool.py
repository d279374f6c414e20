"""Files judged in processes of their own, each in bounded time: a reader that crashes or hangs costs one file.

Mason reads in one process and the others read in another one, so that its memory is its own.
"""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from benchmarks.suites.judging import Verdict, judge, read

# A process starts anew after so many files, so that it does not carry what all of them left behind.
_FILES = 200
# Values that are nested deep have to be sent, too.
_NESTED = 20_000


class Ended(Exception):
    """A process ended; the message says how."""


def verdicts(folder: Path, files: Sequence[Path], *, timeout: float, processes: int) -> list[Verdict]:
    """The verdicts on ``files`` below ``folder``, in their order; reading each takes at most ``timeout`` seconds."""
    sys.setrecursionlimit(_NESTED)
    waiting: SimpleQueue[tuple[int, Path]] = SimpleQueue()
    for each in enumerate(files):
        waiting.put(each)
    found: dict[int, Verdict] = {}

    def work(_: int) -> None:
        reader, judges = Child(read), Child(judge)
        try:
            while True:
                try:
                    index, file = waiting.get_nowait()
                except Empty:
                    return
                found[index] = _verdict(reader, judges, folder, file, timeout)
        finally:
            reader.stop()
            judges.stop()

    with ThreadPoolExecutor(processes) as pool:
        list(pool.map(work, range(processes)))
    return [found[index] for index in range(len(files))]


def _verdict(reader: Child, judges: Child, folder: Path, file: Path, timeout: float) -> Verdict:
    shown = file.relative_to(folder).as_posix()
    try:
        answer = reader.call(timeout, folder, file)
    except TimeoutError:
        return Verdict(shown, "hung", f"took more than {timeout:g} s", timeout)
    except Ended as error:
        return Verdict(shown, "crashed", str(error))
    try:
        # The others read in Python, and may take longer.
        word, why = judges.call(5 * timeout, folder, file, answer)
    except (TimeoutError, Ended) as error:
        word, why = "unjudged", f"the other reader ended: {error or 'it took too long'}"
    return Verdict(shown, word, why, answer.seconds, answer.memory)


class Child:
    """A process that calls one function for each file, and is started again where it ends."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.process: multiprocessing.process.BaseProcess | None = None
        self.calls = 0

    def call(self, timeout: float, *arguments: Any) -> Any:
        """What the function returns. Raises ``TimeoutError`` after ``timeout`` seconds, and :class:`Ended`."""
        if self.process is None or self.calls >= _FILES:
            self.stop()
            self._start()
        assert self.process is not None
        self.calls += 1
        try:
            self.connection.send(arguments)
            if self.connection.poll(timeout):
                return self.connection.recv()
        except (EOFError, ConnectionError):
            self.process.join(10)
            code = self.process.exitcode
            self.stop()
            raise Ended(f"the process ended with {code}") from None
        self.stop()
        raise TimeoutError

    def stop(self) -> None:
        """End the process, if there is one."""
        if self.process is not None:
            self.process.kill()
            self.process.join()
            self.connection.close()
            self.process = None

    def _start(self) -> None:
        # A process that is not forked: threads of libraries do not outlive a fork.
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(self.function, theirs), daemon=True)
        self.process.start()
        theirs.close()
        self.calls = 0


def _serve(function: Callable[..., Any], connection: Connection) -> None:
    sys.setrecursionlimit(_NESTED)
    while True:
        try:
            arguments = connection.recv()
        except EOFError:
            return
        connection.send(function(*arguments))
