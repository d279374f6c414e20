"""What happens in a run, written down on this machine while it happens, so that a run that is killed can go on.

The history in the store tells everybody how a run ended; the journal tells this machine how far it came. It is a file
of JSON lines in ``$MASON_HOME/journals``. Whoever does the run holds an OS lock, which goes with its process: a journal
without an end and without a lock is that of a run that was interrupted. Others write only that they ask it to end.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import re
import threading
import weakref
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from mason import bounds, secrets
from mason.errors import ConflictError, StateError
from mason.home import mason_home
from mason.ownership import make_private
from mason.state import whole_files
from mason.state.content import is_run_id
from mason.state.lock import turns

FOLDER = "journals"
_ENDING = ".jsonl"
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
# Seconds for which whoever only looks may hold a lock.
_LOOK = 0.5


class Journal:
    """The journal of one run, open for writing by this process alone. Use it as a context manager.

    A process that is forked while it is open has no part in it.
    """

    def __init__(self, path: Path, number: int) -> None:
        self.path = path
        self._number = number
        self._lock = threading.Lock()
        # How many bytes it had when it was last looked at, and all that was written here since.
        self._size = 0
        _open.add(self)

    @classmethod
    def create(cls, run_id: str) -> Journal:
        """A new journal. Raises ``StateError`` when it cannot be written."""
        path = journal_path(run_id)
        try:
            make_private(path.parent)
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
        journal.others_wrote()
        return journal

    @classmethod
    def _open(cls, path: Path, flags: int) -> Journal:
        number = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | flags, 0o600)
        try:
            if not any(whole_files.try_lock(number) for _ in turns(_LOOK, longest=0.02)):
                raise ConflictError(f"Run {path.stem} goes on in another process. Wait until it has ended.")
            if not os.fstat(number).st_nlink:
                # Removed by its age between the opening and the locking.
                raise FileNotFoundError(path)
        except BaseException:
            os.close(number)
            raise
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
        line = _line(event)
        with self._lock:
            try:
                written = os.write(self._number, line)
                if written < len(line):
                    # Of what is written when there is room again, half a line must not become a part.
                    os.ftruncate(self._number, os.fstat(self._number).st_size - written)
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            except OSError as error:
                raise _unwritable(self.path, error) from error
            self._size += written

    def others_wrote(self) -> bool:
        """Whether another process has added something since this was asked last. Costs next to nothing."""
        with self._lock:
            if self._number < 0:
                return False
            before, self._size = self._size, os.fstat(self._number).st_size
            return before != self._size

    def events(self) -> list[dict[str, Any]]:
        """All events so far, in their order."""
        return _events(bounds.read_file(self.path, bounds.STATE))

    def remove(self) -> None:
        """Leave nothing of a journal of a run that did not begin after all."""
        with contextlib.suppress(OSError):
            self.path.unlink()

    def close(self) -> None:
        """Force what was written to the disk, and let others have the journal."""
        with self._lock:
            number, self._number = self._number, -1
        if number >= 0:
            with contextlib.suppress(OSError):
                os.fsync(number)
            with contextlib.suppress(OSError):
                # By name too: a process that was forked without Python's knowledge may still have the file open.
                fcntl.flock(number, fcntl.LOCK_UN)
            os.close(number)

    def _forget(self) -> None:
        """In a process that was forked: let go of the file without unlocking it, which would unlock it for all."""
        number, self._number = self._number, -1
        self._lock = threading.Lock()
        if number >= 0:
            os.close(number)

    def _cut_half_line(self) -> None:
        # A process that is killed while it writes leaves half a line, to which nothing may be added.
        content = bounds.read_file(self.path, bounds.STATE)
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            os.truncate(self._number, whole)


def event_of(event: str, **facts: Any) -> dict[str, Any]:
    """An event as it is written and told: what happened, when (now), and the facts, without secrets."""
    at = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
    scrubbed: dict[str, Any] = secrets.scrub_all({"event": event, "at": at, **facts})
    return scrubbed


def add_event(run_id: str, event: Mapping[str, Any]) -> None:
    """Add an event to the journal of a run that another process does, which writes on. Raises ``StateError``."""
    path = journal_path(run_id)
    try:
        number = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        try:
            # In one go, so that it stands between what the other one writes.
            os.write(number, _line(event))
        finally:
            os.close(number)
    except OSError as error:
        raise _unwritable(path, error) from error


def was_asked(events: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The last event that asks a run to end, if one does since it began, or was resumed last."""
    last = next((event for event in reversed(events) if event["event"] in ("begun", "resumed", "asked")), None)
    return last if last is not None and last["event"] == "asked" else None


def _line(event: Mapping[str, Any]) -> bytes:
    return _encode(event).encode("utf-8", "backslashreplace") + b"\n"


def journal_path(run_id: str) -> Path:
    """Where the journal of a run is, if this machine has one. Raises ``StateError`` for an id that is none."""
    if not is_run_id(run_id):
        raise StateError(f"{run_id!r} is no run id: up to 200 letters, digits, '_', '.', ':' and '-'.")
    return mason_home() / FOLDER / f"{run_id}{_ENDING}"


def read_journal(run_id: str) -> list[dict[str, Any]] | None:
    """The events of a run, ``None`` where this machine has no journal of it. Does not wait for who writes it.

    Lines that are not what Mason writes are passed over; see :func:`strange_lines`.
    """
    content = _content(run_id)
    return None if content is None else _events(content)


def strange_lines(run_id: str) -> list[int]:
    """The numbers (from 1) of those lines of a journal that Mason did not write, or that were edited since."""
    return [number for number, event in _parsed(_content(run_id) or b"") if event is None]


def list_journals() -> list[tuple[str, datetime]]:
    """The ids of all journals of this machine, and when each was last written to; oldest id first."""
    found = []
    with contextlib.suppress(FileNotFoundError), os.scandir(mason_home() / FOLDER) as entries:
        for entry in entries:
            run_id = entry.name.removesuffix(_ENDING)
            if run_id != entry.name and is_run_id(run_id):
                with contextlib.suppress(FileNotFoundError):
                    found.append((run_id, datetime.fromtimestamp(entry.stat().st_mtime, timezone.utc)))
    return sorted(found)


def remove_journal(run_id: str) -> bool:
    """Remove the journal of a run, if there is one. False, and nothing is done, where the run goes on."""
    path = journal_path(run_id)
    try:
        with whole_files.opened_to_look(path) as number:
            # Locked while it is removed: who waits for the lock finds out that it is gone.
            if number is not None and not whole_files.try_lock(number):
                return False
            path.unlink(missing_ok=True)
    except OSError as error:
        raise StateError(f"The journal {path} cannot be removed: {error.strerror}. Check its permissions.") from error
    return True


def is_going_on(run_id: str) -> bool:
    """Whether a process of this machine is writing the journal of a run."""
    try:
        with whole_files.opened_to_look(journal_path(run_id)) as number:
            return number is not None and not whole_files.try_lock(number, shared=True)
    except OSError:
        return False


def _content(run_id: str) -> bytes | None:
    try:
        return bounds.read_file(journal_path(run_id), bounds.STATE)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StateError(f"The journal {journal_path(run_id)} cannot be read: {error.strerror}.") from error


def _events(content: bytes) -> list[dict[str, Any]]:
    return [event for _, event in _parsed(content) if event is not None]


def _parsed(content: bytes) -> Iterator[tuple[int, dict[str, Any] | None]]:
    # What follows the last end of a line is half an event.
    for number, line in enumerate(content.split(b"\n")[:-1], 1):
        try:
            event = json.loads(line)
        except (ValueError, RecursionError):
            event = None
        yield number, event if _is_event(event) else None


_BEGINNING = {"address": str, "config_id": str, "given": dict, "pid": int}
_SUBMISSION = {"step": str, "token": str}
_CALL = {"engine": str, "verb": str, "client": str, "digest": str}
_FACTS: dict[str, dict[str, Any]] = {
    "begun": _BEGINNING,
    "resumed": _BEGINNING,
    "started": {"step": str, "attempt": int},
    "retrying": {"step": str, "attempt": int, "delay": (int, float), "error": str},
    "submitting": _SUBMISSION | _CALL,
    "submitted": _SUBMISSION | _CALL,
    "refused": _SUBMISSION,
    "job": _SUBMISSION | {"job_id": str},
    "said": {"step": str, "kind": str, "message": str},
    "ended": {"step": str, "status": str, "attempts": int, "error": str, "started_at": str, "finished_at": str},
    "asked": {"by": str},
    "finished": {"status": str},
}
"""What whoever reads a journal relies on, by event. There may be more facts, and events of other kinds."""
_TOKEN = re.compile(r"[^/]+/[^/]+/[0-9]+/[0-9]+")
_STATUSES = frozenset({"succeeded", "failed", "skipped", "upstream_failed", "interrupted", "cancelled"})


def _is_event(event: Any) -> bool:
    if not isinstance(event, dict) or not isinstance(event.get("event"), str) or not isinstance(event.get("at"), str):
        return False
    facts = _FACTS.get(event["event"], {})
    if "token" in facts and not _TOKEN.fullmatch(str(event.get("token"))):
        return False
    if "status" in facts and event.get("status") not in _STATUSES:
        return False
    return isinstance(event.get("data", []), list) and all(
        isinstance(event.get(name), kind) for name, kind in facts.items()
    )


# A lock lasts as long as any process has the file open, so a process that an operator forks and that lives longer
# than its run would keep it.
_open: weakref.WeakSet[Journal] = weakref.WeakSet()


def _forget_all() -> None:
    for journal in tuple(_open):
        journal._forget()


os.register_at_fork(after_in_child=_forget_all)


def _unwritable(path: Path, error: OSError) -> StateError:
    return StateError(f"The journal {path} cannot be written: {error.strerror}. Make room there, or set MASON_HOME.")
