"""Runs of DAGs as jobs: how their steps stand, why one failed, and the end of its log. Pure, but for asking."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from mason.clients.airflow.airflow_api import AirflowApi, Asked
from mason.engines.models import Job
from mason.errors import EngineError

VERB = "scheduler.trigger_schedule"

_STATES = {
    "success": "succeeded",
    "failed": "failed",
    "upstream_failed": "upstream_failed",
    "skipped": "skipped",
    "removed": "skipped",
    "running": "running",
    "restarting": "running",
    "up_for_retry": "running",
    "deferred": "running",
}
_RUNS = {"queued": "queued", "running": "running", "success": "succeeded", "failed": "failed"}
CANCELLED = "Cancelled by Mason."
"""The note of a run that was cancelled by Mason."""
# So many lines of a log are told.
_TAIL = 5


def run_path(dag_id: str, run_id: str) -> str:
    """Where the API has a run."""
    return f"/api/v2/dags/{quote(dag_id, safe='')}/dagRuns/{quote(run_id, safe='')}"


class DagRuns:
    """Asks one Airflow about runs."""

    def __init__(self, api: AirflowApi) -> None:
        self._api = api

    def job(self, run: Mapping[str, Any], steps: Sequence[str]) -> Job:
        """The job of a run of which the API told, whose DAG has these steps."""
        dag_id, run_id = str(run["dag_id"]), str(run["dag_run_id"])
        status = _RUNS.get(str(run.get("state")), "running")
        if status == "failed" and str(run.get("note") or "") == CANCELLED:
            status = "cancelled"
        tasks = {str(each["task_id"]): each for each in self._tasks(dag_id, run_id)}
        told = {
            step: state for step in steps if step in tasks and (state := _STATES.get(str(tasks[step].get("state")), ""))
        }
        result: dict[str, Any] = {"schedule": dag_id, "status": status}
        if told:
            result["steps"] = told
        reason, logs = "", tuple[str, ...]()
        failed = next((step for step, state in told.items() if state == "failed"), "")
        if status == "failed":
            logs = self._log(dag_id, run_id, failed, int(tasks[failed].get("try_number") or 1)) if failed else ()
            reason = f"Step {failed} failed." if failed else "Airflow gave no reason."
            result["error"] = " ".join((f"{failed}: {logs[-1]}" if logs else reason).split())
        elif status == "cancelled":
            reason = CANCELLED
        return Job(
            f"{dag_id}/{run_id}",
            status,
            VERB,
            logs,
            result,
            str(run.get("queued_at") or run.get("run_after") or ""),
            str(run.get("end_date") or "") if status not in ("queued", "running") else "",
            "scheduler",
            reason,
        )

    def _tasks(self, dag_id: str, run_id: str) -> list[Mapping[str, Any]]:
        path = f"{run_path(dag_id, run_id)}/taskInstances"
        return list(self._api.pages(f"list the tasks of run {run_id}", path, "task_instances"))

    def _log(self, dag_id: str, run_id: str, task_id: str, attempt: int) -> tuple[str, ...]:
        """The last lines of what a task said; nothing where Airflow has no log."""
        path = f"{run_path(dag_id, run_id)}/taskInstances/{quote(task_id, safe='')}/logs/{attempt}"
        try:
            answer = self._api.call(Asked(f"read the log of task {task_id}", "GET", f"{path}?full_content=true"))
        except EngineError:
            # The log is lost, and the run did end so.
            return ()
        content = answer.get("content") if isinstance(answer, Mapping) else None
        lines = []
        for each in content if isinstance(content, list) else ():
            event = str(each.get("event", "")) if isinstance(each, Mapping) else str(each)
            logger = str(each.get("logger", "")) if isinstance(each, Mapping) else ""
            if event and logger == "task.stdout":
                lines.append(event)
        return tuple(lines[-_TAIL:])
