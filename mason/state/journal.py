"""What happens in a run, written down on this machine while it happens, so that a run that is killed can go on.

The history in the store tells everybody how a run ended; the journal tells this machine how far it came. It is a file
of JSON lines in ``$MASON_HOME/journals``. Whoever writes to it holds an OS lock, which goes with its process: a journal
without an end and without a lock is that of a run that was interrupted.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mason.errors import ConflictError, StateError
from mason.settings import mason_home
from mason.state.content import is_run_id

FOLDER = "journals"
_ENDING = ".jsonl"


class Journal:
    """The journal of one run, open for writing by this process alone. Use it as a context manager."""

    def __init__(self, path: Path, number: int) -> None:
        self.path = path
        self._number = number

    @classmethod
    def create(cls, run_id: str) -> Journal:
        """A new journal. Raises ``StateError`` when it cannot be written."""
        path = journal_path(run_id)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            return cls._open(path, os.O_CREAT | os.O_EXCL)
        except OSError as error:
            raise _unwritable(path, error) from error

    @classmethod
    def resume(cls, run_id: str) -> Journal:
        """The journal of a run that ended early, to be written on.

        Raises ``StateError`` when this machine has none, and ``ConflictError`` when the run goes on in another process.
        """
        path = journal_path(run_id)
        try:
            journal = cls._open(path, 0)
        except FileNotFoundError as error:
            raise StateError(f"This machine has no journal of run {run_id}: resume it where it ran.") from error
        except OSError as error:
            raise _unwritable(path, error) from error
        journal._cut_half_line()
        return journal

    @classmethod
    def _open(cls, path: Path, flags: int) -> Journal:
        number = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | flags, 0o600)
        try:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(number)
            raise ConflictError(f"Run {path.stem} goes on in another process. Wait until it has ended.") from error
        return cls(path, number)

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def write(self, event: Mapping[str, Any]) -> None:
        """Add an event: once this returns, killing the process does not lose it. Raises ``StateError``.

        It is not forced to the disk at each event, which would take a hundred times as long: only when the machine
        itself fails can the last events be missing, and their steps are done again.
        """
        line = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace") + b"\n"
        try:
            written = os.write(self._number, line)
            if written < len(line):
                raise OSError(28, os.strerror(28))
        except OSError as error:
            raise _unwritable(self.path, error) from error

    def events(self) -> list[dict[str, Any]]:
        """All events so far, in their order."""
        return _events(self.path.read_bytes())

    def close(self) -> None:
        """Force what was written to the disk, and let others have the journal."""
        if self._number >= 0:
            with contextlib.suppress(OSError):
                os.fsync(self._number)
            os.close(self._number)
            self._number = -1

    def _cut_half_line(self) -> None:
        # A process that is killed while it writes leaves half a line, to which nothing may be added.
        content = self.path.read_bytes()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            os.truncate(self._number, whole)


def journal_path(run_id: str) -> Path:
    """Where the journal of a run is, if this machine has one. Raises ``StateError`` for an id that is none."""
    if not is_run_id(run_id):
        raise StateError(f"{run_id!r} is no run id: up to 200 letters, digits, '_', '.', ':' and '-'.")
    return mason_home() / FOLDER / f"{run_id}{_ENDING}"


def read_journal(run_id: str) -> list[dict[str, Any]] | None:
    """The events of a run, ``None`` where this machine has no journal of it. Does not wait for who writes it."""
    try:
        return _events(journal_path(run_id).read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StateError(f"The journal {journal_path(run_id)} cannot be read: {error.strerror}.") from error


def is_going_on(run_id: str) -> bool:
    """Whether a process of this machine is writing the journal of a run."""
    try:
        number = os.open(journal_path(run_id), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(number, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(number)
    return False


def _events(content: bytes) -> list[dict[str, Any]]:
    return list(_parsed(content))


def _parsed(content: bytes) -> Iterator[dict[str, Any]]:
    # What follows the last end of a line is half an event.
    for line in content.split(b"\n")[:-1]:
        with contextlib.suppress(ValueError):
            event = json.loads(line)
            if isinstance(event, dict):
                yield event


def _unwritable(path: Path, error: OSError) -> StateError:
    return StateError(f"The journal {path} cannot be written: {error.strerror}. Make room there, or set MASON_HOME.")
