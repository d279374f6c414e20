"""Executions as Athena tells them, as one job: its status, its times and what it cost. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from mason.clients._jobs import iso
from mason.clients.athena.marks import mark_of
from mason.engines.jobs import OPEN
from mason.engines.models import Job

_STATUS = {
    "QUEUED": "queued",
    "RUNNING": "running",
    "SUCCEEDED": "succeeded",
    "FAILED": "failed",
    "CANCELLED": "cancelled",
}


def job_of(job_id: str, executions: Sequence[Mapping[str, Any]], result: Mapping[str, Any] | None = None) -> Job:
    """The job that executions are together, with the ``result`` of one that succeeded."""
    state = worst_of(executions)
    status = _STATUS[state]
    mark = mark_of(executions[0].get("Query", ""))
    said: Mapping[str, Any] = next((each["Status"] for each in executions if each["Status"]["State"] == state), {})
    return Job(
        job_id,
        status,
        mark.verb if mark else "execution.query",
        result=dict(result or {}),
        submitted=_time(executions[0], "SubmissionDateTime"),
        finished="" if status in OPEN else max(_time(each, "CompletionDateTime") for each in executions),
        engine="execution",
        reason=str(said.get("StateChangeReason") or ("Athena gave no reason." if status == "failed" else "")),
        cost=cost_of(executions),
    )


def worst_of(executions: Sequence[Mapping[str, Any]]) -> str:
    """The state of several: one that failed is no success of the others."""
    states = {each["Status"]["State"] for each in executions}
    return next((each for each in ("FAILED", "CANCELLED", "RUNNING", "QUEUED") if each in states), "SUCCEEDED")


def cost_of(executions: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What executions cost together: ``bytes_scanned``, and ``seconds`` where they are told."""
    told = [each.get("Statistics") or {} for each in executions]
    cost: dict[str, Any] = {"bytes_scanned": sum(each.get("DataScannedInBytes") or 0 for each in told)}
    seconds = sum(each.get("TotalExecutionTimeInMillis") or 0 for each in told) / 1000
    return {**cost, "seconds": seconds} if seconds else cost


def _time(execution: Mapping[str, Any], name: str) -> str:
    found = execution["Status"].get(name)
    return iso(found) if isinstance(found, datetime) else ""
