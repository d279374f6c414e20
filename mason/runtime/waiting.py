"""Waiting for a job that goes on elsewhere: it is looked at with growing pauses until it has ended. No client waits.

Nothing here knows of runs or journals: an engine and a job go in, and the job as it ended comes out, or the error that
says why nobody knows how it ended.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from time import monotonic

from mason.engines import interrupts
from mason.engines.engine import Engine
from mason.engines.jobs import OPEN
from mason.engines.models import Job
from mason.engines.progress import Progress, report
from mason.errors import (
    CancelledError,
    ConflictError,
    JobFailedError,
    MasonError,
    NotFoundError,
    TransientEngineError,
    UnknownOutcomeError,
)
from mason.runtime.client_errors import client_named
from mason.state.lock import refuse_lost
from mason.values import dataclass

# What passes: the service or the way to it was away when it was asked. Nothing is known of the job by that.
_PASSING = (TransientEngineError, ConnectionError, TimeoutError)
# Of a service's own words, as much as a message has room for.
_LONGEST_REASON = 1000


@dataclass(frozen=True, slots=True)
class Pauses:
    """Seconds between two looks at a job: ``first``, then ``growth`` times as long each time, up to ``longest``.

    Up to a tenth is added by chance. ``patience`` is for how long a job may not be looked at for failures that pass,
    and ``stopping`` how long a cancelled job is given to end.
    """

    first: float = 0.2
    growth: float = 1.5
    longest: float = 15.0
    patience: float = 900.0
    stopping: float = 8.0


class Wakeup:
    """What ends pauses early: the attempt is given up, or :meth:`call` is called from another thread.

    ``why`` says in a few words for what the job is to be cancelled; empty as long as it is not.
    """

    def __init__(self) -> None:
        self._event = threading.Event()
        self._why = ""
        self._work = interrupts.current()

    def __enter__(self) -> Wakeup:
        if self._work is not None:
            self._work.add(self._event.set)
        return self

    def __exit__(self, *_: object) -> None:
        if self._work is not None:
            self._work.discard(self._event.set)

    @property
    def why(self) -> str:
        """Why nobody waits any more."""
        if self._why:
            return self._why
        return "its step was given up" if self._work is not None and self._work.given_up else ""

    def call(self, why: str) -> None:
        """Let whoever waits cancel the job."""
        self._why = why
        self._event.set()

    def pause(self, seconds: float) -> None:
        """Wait so long, or until called."""
        self._event.wait(seconds)


def wait_for(engine: Engine, job: Job, wakeup: Wakeup, pauses: Pauses) -> Job:
    """``job`` as it ended, whichever way. Is told as progress meanwhile.

    Raises ``CancelledError`` when ``wakeup`` says that nobody waits any more (the job goes on), ``UnknownOutcomeError``
    when the service does not know the job any more, ``TransientEngineError`` when it did not answer for too long, and
    ``StateLockLostError`` where the lock is lost under which the work is done.
    """
    # Imported here: most jobs have ended by the time that there is one.
    import random

    what = f"Job {job.job_id} of {engine.client}"
    pause, answered = pauses.first, monotonic()
    try:
        while job.status in OPEN:
            report(Progress(0, 0, "rows", f"{what} {job.status}"))
            wakeup.pause(pause * (1 + 0.1 * random.random()))
            pause = min(pause * pauses.growth, pauses.longest)
            if wakeup.why:
                raise CancelledError(f"{what} is not waited for any more: {wakeup.why}.")
            refuse_lost()
            try:
                job = look_at(engine, job.job_id)
            except _PASSING as error:
                if monotonic() - answered > pauses.patience:
                    raise TransientEngineError(
                        f"{what} goes on, but nobody could say for {pauses.patience:.15g} seconds how it does: {error}"
                    ) from error
            else:
                answered = monotonic()
    finally:
        report(Progress(0, 0, "rows", what, ended=True))
    return job


def look_at(engine: Engine, job_id: str) -> Job:
    """A job as it is now. Raises ``UnknownOutcomeError`` where its engine does not know it, or cannot look."""
    if "get_job" not in engine.supports:
        raise UnknownOutcomeError(
            f"Client {engine.client} cannot tell as {engine.role} how job {job_id} ends. See what became of it there."
        )
    try:
        return engine.get_job(job_id)
    except NotFoundError as error:
        raise UnknownOutcomeError(
            f"Client {engine.client} does not know job {job_id} any more, so nobody knows whether it did its work. "
            f"See what became of it there. ({error})"
        ) from error


def cancel(engine: Engine, job: Job, pauses: Pauses) -> tuple[Job | None, str]:
    """Cancel ``job``; the job as it ended (``None`` where it goes on, or nobody knows), and a sentence that says which.

    Raises nothing of what the service may refuse.
    """
    what = f"Job {job.job_id} of client {engine.client}"
    if "cancel_job" not in engine.supports:
        return None, f"{what} goes on: the client cannot cancel jobs. End it there if it shall not."
    try:
        with client_named(engine.client, engine.role, "cancel_job"):
            try:
                job = engine.cancel_job(job.job_id)
            except ConflictError:
                # It ended just now.
                job = engine.get_job(job.job_id)
            pause, end = pauses.first, monotonic() + pauses.stopping
            while job.status in OPEN and monotonic() < end:
                threading.Event().wait(pause)
                job = engine.get_job(job.job_id)
    except MasonError as error:
        return None, f"{what} could not be cancelled, and may go on: {error}"
    if job.status == "cancelled":
        return job, f"{what} was cancelled."
    if job.status in OPEN:
        return None, f"{what} was asked to end, and is still {job.status}."
    return job, f"{what} was to be cancelled, but had {job.status} already."


def refuse_failed(job: Job, client: str = "") -> Job:
    """``job``, if it did not fail and was not cancelled. Raises ``JobFailedError`` that says what the service says."""
    if job.status in (*OPEN, "succeeded"):
        return job
    why = job.reason.strip()[:_LONGEST_REASON]
    last = job.logs[-1].strip()[:_LONGEST_REASON] if job.logs else ""
    if last and last != why:
        why = f"{why.rstrip('.')}. Its last line is: {last}" if why else last
    told = why.rstrip(".")
    did = "was cancelled" if job.status == "cancelled" else job.status
    whose = f" of client {client}" if client else ""
    message = f"Job {job.job_id}{whose} {did}" + (f": {told}." if told else ".")
    raise JobFailedError(message, job.to_dict())


def named(job: Job, engine: Engine) -> Job:
    """A job that goes on elsewhere with the role that was asked, where the client does not say it."""
    return replace(job, engine=engine.role) if engine.handover.elsewhere and not job.engine else job
