"""The service that an asynchronous client ``memory`` hands its work to: it takes time, fails, vanishes, answers late.

What is asked for is done when it is submitted; only the answer takes as long as the configuration says. Submissions
are kept in a mapping or, with ``folder``, in a JSON file each, written whole: then jobs outlive the process that
submitted them, and a test can count what was submitted under which token.

While a file ``hold/POINT`` exists in the folder, the service hangs at that point and says so by ``held/POINT``:
``asked`` (nothing is kept yet), ``kept`` (the submission is kept, and not answered), ``looked`` (a job was looked at,
and that is not answered). A test that kills a process there needs no clock for it.
"""

from __future__ import annotations

import fcntl
import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timezone
from functools import wraps
from pathlib import Path
from typing import Any

from mason.clients._jobs import is_done, iso, now
from mason.engines.engine import Engine
from mason.engines.jobs import OPEN, Handover, submission
from mason.engines.models import Job
from mason.errors import NotFoundError, TransientEngineError
from mason.values import dataclass

# Seconds between two looks at whether the service still hangs.
_HANGS = 0.01


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How the service does, as the client's ``schema.json`` describes it. ``fails`` counts submissions of one verb."""

    polls: int = 2
    seconds: float = 0.0
    late: int = 0
    fails: int = 0
    reason: str = "The service gave up."
    vanishes: bool = False
    cancels: bool = True
    known_by: str = "token"
    cost: Mapping[str, Any] | None = None
    folder: str = ""

    @classmethod
    def of(cls, configured: Any) -> Behaviour | None:
        """What ``asynchronous`` in a configuration says; ``None`` where all work is done at once."""
        if not configured:
            return None
        return cls(**configured) if isinstance(configured, Mapping) else cls()

    @property
    def handover(self) -> Handover:
        """What an engine of it declares."""
        return Handover(elsewhere=True, idempotent=self.known_by == "key")

    @property
    def lacking(self) -> frozenset[str]:
        """The verbs that such a service does not do."""
        return frozenset(
            {
                *(() if self.known_by == "token" else ("find_job",)),
                *(() if self.cancels else ("cancel_job",)),
            }
        )


class Service:
    """Keeps submissions; see the top of the module. Safe for several threads, and with a folder for processes."""

    def __init__(self, behaviour: Behaviour, base: Path) -> None:
        self.behaviour = behaviour
        self.folder = base / behaviour.folder if behaviour.folder else None
        self._kept: dict[str, dict[str, Any]] = {}
        self._lock = threading.RLock()
        self._depth = 0
        if self.folder is not None:
            for name in ("hold", "held"):
                (self.folder / name).mkdir(parents=True, exist_ok=True)

    @property
    def submissions(self) -> list[dict[str, Any]]:
        """All of them in their order, with ``token`` (empty: none), ``verb`` and ``job``."""
        with self._alone():
            return sorted(map(self._read, self._ids()), key=lambda each: int(each["number"]))

    def take_over(self, engine: Engine) -> None:
        """Let the verbs of ``engine`` that change something hand their work to this service."""
        engine.handover = self.behaviour.handover
        # Of this engine alone: others of its class may have no service.
        engine.__dict__["supports"] = engine.supports - self.behaviour.lacking
        for name, verb in engine.verbs.items():
            if name in engine.supports and name != "cancel_job" and (not verb.read_only or verb.changing_with):
                setattr(engine, name, self._handing_on(str(verb), getattr(engine, name)))

    def _handing_on(self, verb: str, do: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(do)
        def submit(*arguments: Any, **named: Any) -> Any:
            token = str(submission() or "")
            if self.behaviour.known_by == "key" and token:
                for each in self.submissions:
                    if each["token"] == token:
                        return self._shown(each)
            self._hang("asked")
            returned = do(*arguments, **named)
            if not isinstance(returned, Job):
                return returned
            job = self._keep(returned, verb, token)
            self._hang("kept")
            return job

        return submit

    def _keep(self, done: Job, verb: str, token: str) -> Job:
        with self._alone():
            before = self.submissions
            failing = sum(each["verb"] == verb for each in before) < self.behaviour.fails
            ended = replace(done, engine=verb.partition(".")[0], cost=dict(self.behaviour.cost or {}), finished="")
            if failing:
                ended = replace(ended, status="failed", result={}, reason=self.behaviour.reason, logs=("It began.",))
            kept = {
                "number": len(before) + 1,
                "token": token,
                "verb": verb,
                "polls": 0,
                "began": iso(now()),
                "job": ended.to_dict(),
            }
            self._write(ended.job_id, kept)
            return self._shown(kept)

    def get(self, job_id: str) -> Job:
        """A job as it is now. Each look counts."""
        with self._alone():
            kept = self._read(job_id)
            kept["polls"] += 1
            self._write(job_id, kept)
        self._hang("looked")
        if kept["polls"] <= self.behaviour.late:
            raise TransientEngineError("The service does not answer at the moment.")
        job = self._shown(kept)
        if self.behaviour.vanishes and job.status not in OPEN:
            raise NotFoundError(f"There is no job {job_id}.")
        return job

    def find(self, token: str) -> Job:
        """The job that was submitted under a token. Raises ``NotFoundError``."""
        for each in self.submissions:
            if each["token"] == token:
                return self._shown(each)
        raise NotFoundError(f"There is no job with the token {token}.")

    def cancel(self, job_id: str) -> Job:
        """End a job that is open."""
        with self._alone():
            kept = self._read(job_id)
            shown = self._shown(kept)
            if shown.status not in OPEN:
                raise is_done(shown)
            cancelled = replace(shown, status="cancelled", reason="A person cancelled it.", finished=iso(now()))
            self._write(job_id, {**kept, "job": cancelled.to_dict(), "polls": self.behaviour.polls + 1, "began": ""})
            return cancelled

    def _shown(self, kept: Mapping[str, Any]) -> Job:
        """A job as the service tells it: open until it was looked for so often, and so many seconds are over."""
        job = Job.from_dict(kept["job"])
        looks, wanted = kept["polls"] - self.behaviour.late, self.behaviour.polls
        began = datetime.fromisoformat(kept["began"].replace("Z", "+00:00")) if kept["began"] else None
        early = began is not None and (datetime.now(timezone.utc) - began).total_seconds() < self.behaviour.seconds
        if looks < wanted or early:
            status = "queued" if looks < 1 else "running"
            return replace(
                job, status=status, result={}, reason="", cost={}, logs=(f"Looked at {max(looks, 0)} times",)
            )
        return job if job.finished else replace(job, finished=iso(now()))

    def _hang(self, point: str) -> None:
        if self.folder is None:
            return
        while (self.folder / "hold" / point).exists():
            (self.folder / "held" / point).touch()
            time.sleep(_HANGS)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with self._lock:
            if self.folder is None or self._depth:
                yield
                return
            number = os.open(self.folder / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
            self._depth += 1
            try:
                fcntl.flock(number, fcntl.LOCK_EX)
                yield
            finally:
                self._depth -= 1
                os.close(number)

    def _ids(self) -> list[str]:
        if self.folder is None:
            return list(self._kept)
        return sorted(each.stem for each in self.folder.glob("*.json"))

    def _read(self, job_id: str) -> dict[str, Any]:
        if job_id not in self._ids():
            raise NotFoundError(f"There is no job {job_id}.")
        if self.folder is None:
            return self._kept[job_id]
        found: dict[str, Any] = json.loads((self.folder / f"{job_id}.json").read_bytes())
        return found

    def _write(self, job_id: str, kept: dict[str, Any]) -> None:
        if self.folder is None:
            self._kept[job_id] = kept
            return
        beside = self.folder / f".{job_id}.{os.getpid()}"
        beside.write_text(json.dumps(kept, indent=1), "utf-8")
        beside.replace(self.folder / f"{job_id}.json")
