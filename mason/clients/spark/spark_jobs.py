"""Jobs over Spark Connect: handed to the server, watched by a thread, and taken over when that thread is gone.

Each job has a session of its own on the server, whose id is kept, so that any process can ask the server how it goes,
end it, and make the output of what it has written. Mason's part is done by whoever holds the job's lock: the process
that submitted it, or, once that is gone, the first one that asks for the job.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mason import bounds
from mason.clients._jobs import is_done, iso, now
from mason.clients._tables.deduping import counted
from mason.clients._warehouse.locks import take
from mason.clients.spark.spark_failures import CANCELLED, condition_of, explain, explained, is_sparks
from mason.clients.spark.spark_session import Connected, connect
from mason.clients.spark.spark_work import DONE, Work, clear, folder_of, out_of, publish, write_by_spark
from mason.engines.jobs import OPEN
from mason.engines.models import Job
from mason.errors import CancelledError, CheckFailedError, EngineError, MasonError, NotFoundError

if TYPE_CHECKING:
    from mason.clients.spark.spark_ground import Ground

# Seconds between two questions to a server about work that another process submitted.
_PAUSE = 0.5
_RECORD, _LOCK = "work.json", "lock"


class _Going:
    """A job that this process is at: its session, and what is known of it so far."""

    def __init__(self, connected: Connected) -> None:
        self.connected = connected
        self.cancelled = threading.Event()
        self.ended = threading.Event()
        self.told = ""

    def watch(self, stages: Any, *_: Any, **__: Any) -> None:
        """What pyspark calls with the stages of what is executed."""
        total = sum(stage.num_tasks for stage in stages or ())
        if total:
            self.told = f"{sum(stage.num_completed_tasks for stage in stages)} of {total} tasks are done"

    def cancel(self) -> None:
        """Have the server stop; it may be done already."""
        if not self.cancelled.is_set():
            self.cancelled.set()
            threading.Thread(target=self._interrupt, name="mason-spark-cancel", daemon=True).start()

    def _interrupt(self) -> None:
        # Again and again: what is only on its way to the server is not stopped there yet.
        while True:
            with suppress(Exception):
                self.connected.session.interruptAll()
            if self.ended.wait(_PAUSE):
                return


class SparkJobs:
    """The jobs of one client; what is kept of them is kept in its folder, for other processes as well."""

    def __init__(self, client: Ground) -> None:
        self._client = client
        self._going: dict[str, _Going] = {}
        self._lock = threading.Lock()

    def submit(self, work: Work, connected: Connected, submitted: datetime) -> Job:
        """Begin ``work`` on the server, in the session ``connected``; the job that goes on."""
        folder = folder_of(self._client, work.job_id)
        held = take(folder / _LOCK)
        assert held is not None, "a new job is nobody's"
        from mason.clients._duckdb.writing.atomic import write_whole

        write_whole(folder / _RECORD, json.dumps(work.to_dict()).encode())
        job = Job(work.job_id, "running", work.verb, submitted=iso(submitted))
        self._client.own.put_job(job)
        out = out_of(self._client, work.job_id)
        self._begin(job, work, connected, lambda: _write(connected, work, out), held)
        return job

    def do(self, work: Work, connected: Connected, submitted: datetime) -> Job:
        """Do ``work`` here and now; the job as it ended. Raises what goes wrong."""
        try:
            _write(connected, work, out_of(self._client, work.job_id))
            manifest = publish(self._client, work)
        finally:
            clear(self._client, work.job_id)
        job = Job(work.job_id, "succeeded", work.verb, submitted=iso(submitted), finished=iso(now()))
        return self._client.own.put_job(replace(job, result=manifest, logs=told(manifest, work.logs)))

    def _begin(self, job: Job, work: Work, connected: Connected, write: Callable[[], None], held: int) -> None:
        going = self._going[job.job_id] = _Going(connected)
        with suppress(AttributeError):
            connected.session.registerProgressHandler(going.watch)
        thread = threading.Thread(
            target=self._end, args=(job, work, going, write, held), name="mason-spark-job", daemon=True
        )
        thread.start()

    def _end(self, job: Job, work: Work, going: _Going, write: Callable[[], None], held: int) -> None:
        """Do the work, and keep how it ended; where this process ends first, whoever asks next takes it over."""
        ended = job
        try:
            ended = self._done(job, work, going, write)
            if ended.status not in OPEN:
                self._client.own.put_job(ended)
                clear(self._client, job.job_id)
        finally:
            going.ended.set()
            with self._lock:
                self._going.pop(job.job_id, None)
            os.close(held)
            if ended.status in OPEN:
                _leave(going.connected)
            else:
                going.connected.close()

    def _is_open(self, job_id: str) -> bool:
        try:
            return self._client.own.get_job(job_id).status in OPEN
        except EngineError:
            return True

    def _done(self, job: Job, work: Work, going: _Going, write: Callable[[], None]) -> Job:
        try:
            write()
            if going.cancelled.is_set():
                raise CancelledError("It was cancelled.")
            manifest = publish(self._client, work)
        except CancelledError:
            return replace(job, status="cancelled", reason="It was cancelled.", finished=iso(now()))
        except CheckFailedError as error:
            kept = {"checks": [dict(each) for each in error.results]}
            return replace(job, status="failed", reason=str(error), result=kept, finished=iso(now()))
        except MasonError as error:
            return replace(job, status="failed", reason=str(error), finished=iso(now()))
        except Exception as error:  # noqa: BLE001 - a thread has nobody to raise it to
            if not threading.main_thread().is_alive():
                # Python is ending, and what it lets go of fails.
                return job
            if is_sparks(error) and condition_of(error) == CANCELLED:
                return replace(job, status="cancelled", reason="It was cancelled.", finished=iso(now()))
            reason = str(explain(error, work.sql)) if is_sparks(error) else f"{type(error).__name__}: {error}"
            return replace(job, status="failed", reason=reason, finished=iso(now()))
        return replace(job, status="succeeded", result=manifest, logs=told(manifest, work.logs), finished=iso(now()))

    def get(self, job_id: str) -> Job:
        """A job as it is now; one whose process is gone is taken over. Raises ``NotFoundError``, and
        ``TransientEngineError`` where the server does not answer."""
        job = self._client.own.get_job(job_id)
        if job.status not in OPEN:
            return job
        with self._lock:
            going = self._going.get(job_id)
        if going is not None:
            return replace(job, logs=(going.told,)) if going.told else job
        return self._taken_over(job) or self._client.own.get_job(job_id)

    def find(self, ending: str) -> Job:
        """The job whose id ends so. Raises ``NotFoundError`` where nothing was submitted."""
        ids = self._client.own.jobs_that_end(ending)
        if not ids:
            raise NotFoundError(f"There is no job that ends with {ending}.")
        return self.get(ids[-1])

    def cancel(self, job_id: str) -> Job:
        """Ask the server to stop a job. Raises ``ConflictError`` when it has ended."""
        job = self.get(job_id)
        if job.status not in OPEN:
            raise is_done(job)
        with self._lock:
            going = self._going.get(job_id)
        if going is not None:
            going.cancel()
            return job
        # Another process is at it: it is told by what the server answers.
        connected = connect(self._client, self._work(job_id).session_id)
        try:
            with explained():
                connected.session.interruptAll()
        finally:
            _leave(connected)
        return job

    def _work(self, job_id: str) -> Work:
        path = folder_of(self._client, job_id) / _RECORD
        try:
            return Work.from_dict(bounds.parse_json(bounds.read_file(path, bounds.RECORD)), self._client.root.place)
        except FileNotFoundError as error:
            raise NotFoundError(f"Nothing is kept any more of what job {job_id} does.") from error
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise EngineError(f"The record of job {job_id} is damaged: {path}. Remove its folder.") from error

    def _taken_over(self, job: Job) -> Job | None:
        """The job, at which this process is now; ``None`` where another one is, or it ended just now."""
        folder = folder_of(self._client, job.job_id)
        if not folder.is_dir():
            return self._lost(job) if self._is_open(job.job_id) else None
        held = take(folder / _LOCK)
        if held is None:
            return None
        try:
            if not self._is_open(job.job_id):
                clear(self._client, job.job_id)
                os.close(held)
                return None
            work = self._work(job.job_id)
            connected = connect(self._client, work.session_id)
        except BaseException:
            os.close(held)
            raise
        out = out_of(self._client, job.job_id)
        self._begin(job, work, connected, lambda: _go_on(connected, work, out), held)
        return job

    def _lost(self, job: Job) -> Job:
        """A job whose files are gone while it was open."""
        reason = "Its files are gone, so nobody knows what Spark made of it, and nothing was written."
        return self._client.own.put_job(replace(job, status="failed", reason=reason, finished=iso(now())))


def told(manifest: Mapping[str, Any], logs: Sequence[str] = ()) -> tuple[str, ...]:
    """The log of a job that has written what ``manifest`` says; ``logs`` are lines of its own."""
    written = f"Wrote {manifest['rows']} rows to {manifest['output']}"
    return (*logs, *counted(manifest), *manifest.get("notes", ()), written)


def _write(connected: Connected, work: Work, out: Path) -> None:
    write_by_spark(connected.session, work.text, work.columns, out, sql=work.sql)


def _go_on(connected: Connected, work: Work, out: Path) -> None:
    """Wait until the server is through with what another process submitted; ask it, where that process had no time to.

    Raises ``EngineError`` where it did not write it, and ``CancelledError``.
    """
    states = _when_still(connected)
    if (out / DONE).exists():
        return
    if any(state.endswith("_CANCELLED") for state in states):
        raise CancelledError("It was cancelled.")
    failed = any(state.endswith("_FAILED") for state in states)
    if states and not failed and not out.exists():
        # The views are there, and nobody has asked for what is made of them.
        _write(connected, work, out)
        return
    raise EngineError(
        "The process that submitted it ended, and Spark's server did not finish it: it was started anew, it failed, or "
        "it ended what nobody waited for. Nothing was written."
    )


def _when_still(connected: Connected) -> list[str]:
    """The states of all that was asked of a session, once nothing of it goes on."""
    while True:
        with explained():
            statuses = [
                (each.operation_id, str(each.OperationState.Name(each.state)))
                for each in connected.session.client._get_operation_statuses().operation_statuses
            ]
        running = [name for name, state in statuses if state.endswith("_RUNNING")]
        if not running:
            return [state for _, state in statuses]
        _hold(connected, running[0])
        time.sleep(_PAUSE)


def _hold(connected: Connected, operation_id: str) -> None:
    """Take what a running operation answers, so that the server does not end it for want of a listener."""
    import importlib

    client = connected.session.client
    protocol = importlib.import_module("pyspark.sql.connect.proto.base_pb2")
    request = protocol.ReattachExecuteRequest(session_id=client._session_id, operation_id=operation_id)
    request.user_context.user_id = client._user_id or ""
    # What goes wrong on the way shows in the status, which is asked for next.
    with suppress(Exception):
        for response in client._stub.ReattachExecute(request, metadata=client._builder.metadata()):
            if response.HasField("result_complete"):
                return


def _leave(connected: Connected) -> None:
    """Close the way to the server, and leave the session to the process that works in it."""
    with suppress(Exception):
        connected.session.client.close()
