"""Use cases of runs whose steps a scheduler does: what it tells of one whose end nobody wrote down, and ending one.

The last task of such a run writes its record. Where the run was cancelled, or its workers are gone, there is no such
task, and the scheduler alone knows that the run has ended.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mason.engines.jobs import OPEN
from mason.engines.models import Job
from mason.errors import NotFoundError
from mason.project.applied import applied_config
from mason.project.opened import Project
from mason.project.remembering import remember_applied
from mason.project.runs.clients import Clients
from mason.project.runs.run_parts import gathered, part_of
from mason.runtime.output import aside
from mason.runtime.run_part import Part

if TYPE_CHECKING:
    from mason.engines.engine import Engine

_STATUSES = {"succeeded": "succeeded", "failed": "failed", "cancelled": "interrupted"}


def is_elsewhere(record: Mapping[str, Any]) -> bool:
    """Whether a scheduler does the steps of a run of which nobody wrote down that it has ended."""
    return bool(record.get("scheduler")) and record.get("status") == "running"


def as_scheduler_tells(project: Project, run_id: str, record: Mapping[str, Any]) -> dict[str, Any]:
    """The record of a run that :func:`is_elsewhere`, with its end where its scheduler tells of one; nothing is kept.

    Raises what connecting to the scheduler and asking it raise.
    """
    part = part_of(run_id, record)
    with _scheduler(project, part) as engine:
        try:
            job: Job = engine.get_job(part.job_id)
        except NotFoundError as error:
            job = Job(part.job_id, "cancelled", reason=str(error))
    return dict(record) if job.status in OPEN else _ended(project, part, job)


def cancel_there(project: Project, run_id: str, record: Mapping[str, Any]) -> dict[str, Any]:
    """Have its scheduler end a run, and keep its record. Raises as :func:`as_scheduler_tells`."""
    part = part_of(run_id, record)
    with _scheduler(project, part) as engine:
        job: Job = engine.get_job(part.job_id)
        if job.status in OPEN:
            job = engine.cancel_job(part.job_id)
    ended = _ended(project, part, job)
    project.store.put_run(run_id, ended)
    return ended


def _ended(project: Project, part: Part, job: Job) -> dict[str, Any]:
    steps = job.result.get("steps") or {}
    # What it was at when the run ended, it does no more.
    ends = {str(step): "interrupted" if end == "running" else str(end) for step, end in steps.items()}
    status = _STATUSES.get(job.status, "interrupted")
    return gathered(project, part, ends, status=status, errors=[job.reason] if job.reason else [])


@contextmanager
def _scheduler(project: Project, part: Part) -> Iterator[Engine]:
    snapshot = project.store.read()
    remember_applied(project.settings, snapshot)
    config = applied_config(project, snapshot, part.config_id)
    clients = Clients(project, config, {"scheduler": part.scheduler})
    try:
        with aside():
            yield clients.engine("scheduler")
    finally:
        clients.close()
