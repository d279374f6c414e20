"""Jobs that go on elsewhere: handed on, waited for by a thread, and taken over when that thread is gone.

Each job has a way of its own, which is found again by what is kept of it, so that any process can ask how it goes, end
it, and make the output of what Spark has written. Mason's part is done by whoever holds the job's lock: the process
that submitted it, or, once that is gone, the first one that asks for the job.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from mason import bounds
from mason.clients._jobs import is_done, iso, now, told
from mason.clients._warehouse.locks import take
from mason.clients.spark.spark_ways import JobWay, Unanswered
from mason.clients.spark.spark_work import clear, folder_of, publish
from mason.clients.spark.submitted_work import Work
from mason.engines.jobs import OPEN
from mason.engines.models import Job
from mason.errors import (
    CancelledError,
    CheckFailedError,
    EngineError,
    MasonError,
    NotFoundError,
    TransientEngineError,
)

if TYPE_CHECKING:
    from mason.clients.spark.spark_ground import Ground

# Seconds between two requests that Spark stop.
_PAUSE = 0.5
_RECORD, _LOCK = "work.json", "lock"


class _Going:
    """A job that this process is at, and its way to Spark."""

    def __init__(self, way: JobWay) -> None:
        self.way = way
        self.cancelled = threading.Event()
        self.ended = threading.Event()

    def cancel(self) -> None:
        """Have Spark stop; it may be done already."""
        if not self.cancelled.is_set():
            self.cancelled.set()
            threading.Thread(target=self._interrupt, name="mason-spark-cancel", daemon=True).start()

    def _interrupt(self) -> None:
        # Again and again: what is only on its way there is not stopped yet.
        while True:
            with suppress(Exception):
                self.way.cancel()
            if self.ended.wait(_PAUSE):
                return


class SparkJobs:
    """The jobs of one client; what is kept of them is kept in its folder, for other processes as well."""

    def __init__(self, client: Ground) -> None:
        self._client = client
        self._going: dict[str, _Going] = {}
        self._lock = threading.Lock()

    def submit(self, work: Work, way: JobWay, submitted: datetime) -> Job:
        """Begin ``work`` on its way; the job that goes on. Raises ``EngineError`` where it is refused, and
        ``TransientEngineError`` where nobody knows whether it was begun: then the job is kept, and found again."""
        from mason.clients._duckdb.writing.atomic import write_whole

        folder = folder_of(self._client, work.job_id)
        held = take(folder / _LOCK)
        assert held is not None, "a new job is nobody's"
        job = Job(work.job_id, "running", work.verb, submitted=iso(submitted))
        try:
            write_whole(folder / _RECORD, json.dumps(work.to_dict()).encode())
            self._client.own.put_job(job)
            way.begin(work)
        except BaseException as error:
            if isinstance(error, EngineError) and not isinstance(error, TransientEngineError):
                self._client.own.put_job(replace(job, status="failed", reason=str(error), finished=iso(now())))
                clear(self._client, work.job_id)
            os.close(held)
            way.close()
            raise
        self._wait(job, work, way, way.write, held)
        return job

    def do(self, work: Work, way: JobWay, submitted: datetime) -> Job:
        """Do ``work`` here and now; the job as it ended. Raises what goes wrong."""
        try:
            work = way.write(work)
            manifest = publish(self._client, work)
        finally:
            clear(self._client, work.job_id)
            way.close()
        job = Job(work.job_id, "succeeded", work.verb, submitted=iso(submitted), finished=iso(now()))
        return self._client.own.put_job(replace(job, result=manifest, logs=told(manifest, work.logs)))

    def _wait(self, job: Job, work: Work, way: JobWay, do: Callable[[Work], Work], held: int) -> None:
        going = self._going[job.job_id] = _Going(way)
        thread = threading.Thread(
            target=self._end, args=(job, work, going, do, held), name="mason-spark-job", daemon=True
        )
        thread.start()

    def _end(self, job: Job, work: Work, going: _Going, do: Callable[[Work], Work], held: int) -> None:
        """Do the work, and keep how it ended; where this process ends first, whoever asks next takes it over."""
        ended = job
        try:
            ended = self._done(job, work, going, do)
            if ended.status not in OPEN:
                self._client.own.put_job(ended)
                clear(self._client, job.job_id)
        finally:
            going.ended.set()
            with self._lock:
                self._going.pop(job.job_id, None)
            os.close(held)
            if ended.status in OPEN:
                going.way.leave()
            else:
                going.way.close()

    def _is_open(self, job_id: str) -> bool:
        try:
            return self._client.own.get_job(job_id).status in OPEN
        except EngineError:
            return True

    def _done(self, job: Job, work: Work, going: _Going, do: Callable[[Work], Work]) -> Job:
        try:
            work = do(work)
            if going.cancelled.is_set():
                raise CancelledError("It was cancelled.")
            manifest = publish(self._client, work)
        except Unanswered:
            return job
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
            return replace(job, status="failed", reason=f"{type(error).__name__}: {error}", finished=iso(now()))
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
            status, line = going.way.told()
            return replace(job, status=status, logs=(line,) if line else job.logs)
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
        # Another process is at it: it is told by what Spark answers.
        way = self._client.job_way(self._work(job_id))
        try:
            way.cancel()
        finally:
            way.leave()
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
            way = self._client.job_way(work)
        except BaseException:
            os.close(held)
            raise
        self._wait(job, work, way, way.go_on, held)
        return job

    def _lost(self, job: Job) -> Job:
        """A job whose files are gone while it was open."""
        reason = "Its files are gone, so nobody knows what Spark made of it, and nothing was written."
        return self._client.own.put_job(replace(job, status="failed", reason=reason, finished=iso(now())))
