"""Schedules as people read them: a table of them, and a line for each thing that the daemon does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mason.render.tables import table
from mason.render.terminal import Terminal
from mason.resources.wording import shortened

_STYLES = {"succeeded": "green", "failed": "red", "interrupted": "yellow", "running": "cyan"}


def schedules_table(schedules: Sequence[Mapping[str, Any]], terminal: Terminal) -> str:
    """The schedules: when they run next, in UTC, how many runs wait where any do, and how they ran last."""
    waits = any(each["waiting"] for each in schedules)
    rows = [
        [
            str(each["name"]),
            str(each["schedule"]),
            str(each["time_zone"]),
            _shown(each["next"]) if each["next"] else "never" if each["enabled"] else "disabled",
            *([str(each["waiting"] or "")] if waits else []),
            str((each["last"] or {}).get("status", "")),
            str((each["last"] or {}).get("run_id", "")),
        ]
        for each in schedules
    ]
    names = ("name", "schedule", "time zone", "next (UTC)", *(["waiting"] if waits else []), "status", "last run")
    return table(names, rows, terminal)


def daemon_line(event: Mapping[str, Any], terminal: Terminal) -> str:
    """One event of the daemon as a line, with its time (UTC) before it."""
    return f"{_shown(event['at'])}  {_said(event, terminal)}"


def _said(event: Mapping[str, Any], terminal: Terminal) -> str:
    kind, name = event["event"], event.get("schedule", "")
    if kind == "watching":
        return f"Watching the schedules of config {event['config_id']} ({event['client']}, {event['place']})."
    if kind == "due":
        return f"{name}: due {_shown(event['due'])}"
    if kind == "started":
        return f"{name}: started {_for(event)}as run {event['run_id']}"
    if kind == "ended":
        status = terminal.style(event["status"], _STYLES.get(event["status"], "red"))
        run = f"run {event['run_id']}" if event["run_id"] else "a run that did not begin"
        error = f": {_line(event['error'])}" if event.get("error") else ""
        return f"{name}: {status} {_for(event)}with {run}{error}"
    if kind == "missed":
        return f"{name}: {_missed(event)}"
    if kind == "skipped":
        return f"{name}: skipped {_shown(event['due'])}, because an earlier run goes on"
    about = f"{name}: " if name else f"config {event['config_id']}: " if event.get("config_id") else ""
    return f"{terminal.style('fault', 'red')}: {about}{_line(event['error'])}"


def _missed(event: Mapping[str, Any]) -> str:
    if event["count"] == 1:
        return f"missed {_shown(event['first'])}"
    count = f"more than {event['count']:,}" if event["more"] else f"{event['count']:,}"
    return f"missed {count} times, from {_shown(event['first'])} to {_shown(event['last'])}"


def _for(event: Mapping[str, Any]) -> str:
    return f"for {_shown(event['due'])} " if event.get("due") else ""


def _shown(moment: str) -> str:
    return moment[:19].replace("T", " ")


def _line(text: str) -> str:
    return " ".join(text.splitlines())


def job_text(job: Mapping[str, Any], *, self_running: bool = True) -> str:
    """What became of a schedule that was triggered. ``self_running``: Mason runs what waits."""
    result = job.get("result", {})
    name = result.get("schedule", "")
    if job["status"] in ("queued", "running"):
        queued = "queued" if job["status"] == "queued" else "run"
        runs = ": mason scheduler start runs it" if self_running else ""
        see = f"See: mason run operator job get -p job_id:{job['job_id']}"
        return f"Schedule {name} is {queued} as job {job['job_id']}{runs}. {see}"
    run = f" with run {result['run_id']}" if result.get("run_id") else ""
    logs = "".join(f"\n{line}" for line in job.get("logs", ()))
    # Of a run of Mason's own the history tells more.
    steps = {} if run else result.get("steps", {})
    told = f" {shortened(f'{step} {status}' for step, status in steps.items())}." if steps else ""
    return f"Schedule {name} {result.get('status', job['status'])}{run}.{told}{logs}"
