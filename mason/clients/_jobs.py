"""Ids and times of jobs, alike for every client that does its work in this process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from mason.clients._tables.deduping import counted
from mason.engines.models import Job
from mason.errors import ConflictError


def now() -> datetime:
    """The time in UTC."""
    return datetime.now(timezone.utc)


def iso(moment: datetime) -> str:
    """A time as ISO 8601 text in UTC, to the millisecond."""
    return moment.astimezone(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def new_job_id(ending: str = "") -> str:
    """An id that sorts by time and that no other process makes: ``20261121T101500-a1b2c3``.

    ``ending`` stands for what is made up by chance, where the job is to be found by it.
    """
    import secrets

    return f"{now():%Y%m%dT%H%M%S}-{ending or secrets.token_hex(3)}"


def succeeded(
    verb: str, result: Mapping[str, Any], *, submitted: datetime, logs: tuple[str, ...] = (), ending: str = ""
) -> Job:
    """The job for work that was done while the caller waited; ``ending`` as :func:`new_job_id` has it."""
    return Job(
        job_id=new_job_id(ending),
        status="succeeded",
        verb=verb,
        logs=logs,
        result=dict(result),
        submitted=iso(submitted),
        finished=iso(now()),
    )


def is_done(job: Job) -> ConflictError:
    """The error for a job that cannot be cancelled because it has ended, ready to be raised."""
    return ConflictError(f"Job {job.job_id} is done ({job.status}); there is nothing to cancel.")


def told(manifest: Mapping[str, Any], logs: Sequence[str] = ()) -> tuple[str, ...]:
    """The log of a job that has written what ``manifest`` says; ``logs`` are lines of its own."""
    written = f"Wrote {manifest['rows']} rows to {manifest['output']}"
    return (*logs, *counted(manifest), *manifest.get("notes", ()), written)
