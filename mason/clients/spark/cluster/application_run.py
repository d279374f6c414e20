"""One application in its cluster: made once, watched until it has ended, and explained where it did not end well.

The object's name is all that is needed to find it again, so that another process can go on where this one stopped.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from mason.clients.spark.cluster.application_pods import broken, ended_badly, pending
from mason.clients.spark.cluster.applications import Seen, kind_of, seen
from mason.clients.spark.cluster.cluster_api import Cluster
from mason.clients.spark.cluster.cluster_refusals import Gone
from mason.clients.spark.cluster.cluster_runner import Runner
from mason.errors import CancelledError, ConflictError, EngineError, MasonError, TransientEngineError

# Seconds: for which the API is watched before it is asked again (what a pod waits for is in no event of its
# application), and between two tries where it does not answer.
_WATCHED, _WATCHED_QUEUED = 10, 2
_PAUSE = 1.0
_LINES = 60
# Of an operator's own words, as much as a message has room for.
_LONGEST = 400


class Application:
    """The application ``name``, whether it is there or not. Safe for several threads."""

    def __init__(self, cluster: Cluster, runner: Runner, name: str) -> None:
        self.name = name
        self._cluster, self._runner, self._kind = cluster, runner, kind_of(runner)
        self._told = ("queued", "")

    @property
    def title(self) -> str:
        """What it is called in messages."""
        return f"SparkApplication {self.name} in namespace {self._cluster.namespace}"

    def look(self) -> Seen | None:
        """What its operator says of it now; ``None`` where there is none of this name."""
        found = self._cluster.get(self._kind, self.name)
        return None if found is None else seen(found)

    def submit(self, manifest: Mapping[str, Any], job_id: str) -> None:
        """Make it; one that this job has made already is taken as it is.

        Raises ``ConflictError`` where another job's has the name, and ``TransientEngineError`` where nobody knows
        whether it was made.
        """

        def make() -> None:
            try:
                self._cluster.create(self._kind, manifest)
            except ConflictError:
                there = self.look()
                if there is not None and there.job_id != job_id:
                    raise ConflictError(
                        f"There is a {self.title} that is not of job {job_id}, but of {there.job_id or 'nobody'}. "
                        "Delete it, then run this again."
                    ) from None

        self._patiently(make)

    def delete(self) -> None:
        """Have its operator end it, and all of its pods."""
        self._cluster.delete(self._kind, self.name)

    def told(self) -> tuple[str, str]:
        """The status of its job as far as :meth:`wait` knows it, and a line about it."""
        return self._told

    def wait(self, is_given_up: Callable[[], bool]) -> None:
        """Return when it has succeeded.

        Raises ``CancelledError`` where it is gone and ``is_given_up()``, ``EngineError`` that says why it failed or
        cannot start, and ``TransientEngineError`` or ``AccessDeniedError`` where nobody can say how it goes.
        """
        begun = time.monotonic()
        while True:
            now = self._patiently(self.look)
            if now is None:
                raise self._vanished(is_given_up)
            self._check(now, time.monotonic() - begun)
            if now.status == "succeeded":
                return
            self._watch(now)

    def _watch(self, now: Seen) -> None:
        """Wait until something happens that :meth:`look` will show, or a while."""
        begun = time.monotonic()
        with suppress(Gone, TransientEngineError):
            seconds = _WATCHED_QUEUED if now.status == "queued" else _WATCHED
            for event, found in self._cluster.events(self._kind, self.name, now.version, seconds):
                then = seen(found)
                if event == "DELETED" or then.status != now.status or then.reacted != now.reacted:
                    return
                self._tell(then, "")
            if time.monotonic() - begun > _PAUSE:
                return
        # The API ended it at once, or is away: it is not asked as fast as it answers.
        time.sleep(_PAUSE)

    def _patiently(self, ask: Callable[[], Any]) -> Any:
        """The answer of an API that may be away for a while."""
        end = time.monotonic() + self._runner.seconds("api_timeout", 30)
        while True:
            try:
                return ask()
            except TransientEngineError:
                if time.monotonic() > end:
                    raise
                time.sleep(_PAUSE)

    def _check(self, now: Seen, seconds: float) -> None:
        """Raises ``EngineError`` where it failed, or will not start."""
        if now.status == "failed":
            raise self._failed(now)
        if now.status == "running" or now.status == "succeeded":
            self._tell(now, "")
            return
        reaction = self._runner.seconds("reaction_timeout", 60)
        if not now.reacted:
            self._tell(now, "no operator has reacted to it yet")
            if seconds > reaction:
                raise self._abandoned(
                    f"No operator has reacted to {self.title} for {reaction:g} seconds, so it was deleted. See whether "
                    "the operator runs (kubectl get pods -A | grep spark-operator), and watches this namespace "
                    "(spark.jobNamespaces of its chart)."
                )
            return
        pod = self._pod(now)
        why = broken(pod) if pod else ""
        if why:
            raise self._abandoned(f"The driver of {self.title} cannot start: {why} It was deleted.")
        self._tell(now, pending(pod) if pod else "")
        limit = self._runner.seconds("start_timeout", 900)
        if seconds > limit:
            told = pending(pod) if pod else f"its operator says {now.word}"
            raise self._abandoned(
                f"{self.title} did not start within {limit:g} seconds ({told}), so it was deleted. Ask for less "
                "(driver and executor of the runner), or wait longer (start_timeout)."
            )

    def _tell(self, now: Seen, why: str) -> None:
        running, known = now.executors
        line = f"{self.name}: {why or now.word or 'made'}"
        # Until its output has its name, a job is open.
        status = "queued" if now.status == "queued" else "running"
        self._told = (status, f"{line}, {running} of {known} executors run" if known else line)

    def _pod(self, now: Seen) -> dict[str, Any] | None:
        # Who may not look at pods does without what they tell.
        with suppress(EngineError):
            return self._cluster.pod(now.driver)
        return None

    def _abandoned(self, why: str) -> EngineError:
        """Nobody waits for it any more: it must not start later."""
        with suppress(MasonError):
            self.delete()
        return EngineError(why)

    def _vanished(self, is_given_up: Callable[[], bool]) -> MasonError:
        if is_given_up():
            return CancelledError("It was cancelled.")
        return EngineError(f"The {self.title} is gone, though nobody cancelled it with Mason. Nothing was written.")

    def _failed(self, now: Seen) -> EngineError:
        pod = self._pod(now)
        why = ended_badly(pod, self._runner) if pod else ""
        reason = now.reason if len(now.reason) <= _LONGEST else f"{now.reason[:_LONGEST]}..."
        said = "" if "quota" not in reason else " Namespace and quota: kubectl describe quota."
        parts = [f"The {self.title} failed ({now.word})", why or reason.rstrip(".")]
        message = ": ".join(part.rstrip(".") for part in parts if part) + "." + said
        line = self.last_line(now.driver)
        return EngineError(f"{message} The log of its driver ends with: {line}" if line else message)

    def last_line(self, driver: str) -> str:
        """The last line of the driver's log that says something; empty where there is none to be had."""
        try:
            lines = self._cluster.log(driver, _LINES)
        except EngineError:
            return ""
        spoken = [line.strip() for line in lines if line.strip() and not line.startswith(("\tat ", "+ "))]
        return spoken[-1][:_LONGEST] if spoken else ""
