"""Runs of workflows as people read them: a line for each event while they go on, then tables and details."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from mason.render.tables import table
from mason.render.terminal import Terminal

_STYLES = {
    "succeeded": "green",
    "failed": "red",
    "upstream_failed": "red",
    "interrupted": "yellow",
    "cancelled": "yellow",
    "running": "cyan",
    "skipped": "dim",
}


def event_line(event: Mapping[str, Any], terminal: Terminal) -> str:
    """One event of a run as a line; empty for events that say nothing to a person."""
    kind, step = event["event"], event.get("step", "")
    if kind == "started":
        return f"{step}: started" + (f" (attempt {event['attempt']})" if event["attempt"] > 1 else "")
    if kind == "retrying":
        return f"{step}: attempt {event['attempt']} failed, the next one in {event['delay']:g} s: {event['error']}"
    if kind == "said":
        return f"{step}: {event['message']}" if event["kind"] != "error" else ""
    if kind == "ended":
        return _ended(event, terminal)
    return ""


def _ended(event: Mapping[str, Any], terminal: Terminal) -> str:
    words = [terminal.style(event["status"].replace("_", " "), _STYLES[event["status"]])]
    seconds = _seconds(event.get("started_at", ""), event.get("finished_at", ""))
    if seconds is not None:
        words.append(f"after {seconds:.1f} s")
    if event.get("attempts", 0) > 1:
        words.append(f"in {event['attempts']} attempts")
    error = f": {event['error']}" if event.get("error") else ""
    return f"{event['step']}: {' '.join(words)}{error}"


def end_line(run_id: str, record: Mapping[str, Any]) -> str:
    """The last line of a run: how it ended, how its steps did, and how to go on where something is left."""
    counted: dict[str, int] = {}
    for step in record["steps"]:
        counted[step["status"]] = counted.get(step["status"], 0) + 1
    steps = ", ".join(f"{count} {status.replace('_', ' ')}" for status, count in counted.items())
    line = f"Run {run_id} {record['status']}: {steps or 'no step ended'}."
    if record["status"] == "succeeded":
        return line
    return f"{line} When the cause is mended: mason runs resume {run_id}"


def runs_table(runs: Sequence[tuple[str, Mapping[str, Any]]], terminal: Terminal) -> str:
    """The history, newest first."""
    rows = [
        [
            run_id,
            str(record.get("address", "")),
            str(record.get("status", "")),
            str(record.get("started_at", ""))[:19].replace("T", " "),
            _took(record),
            str(record.get("run_by", "")),
        ]
        for run_id, record in runs
    ]
    return table(("id", "what", "status", "started", "seconds", "by"), rows, terminal)


def run_text(run_id: str, record: Mapping[str, Any], terminal: Terminal) -> str:
    """One run: what it was, how it ended, and its steps or calls."""
    facts = [
        ("run", run_id),
        ("what", record.get("address", "")),
        ("config", record.get("config_id", "")),
        ("status", record.get("status", "")),
        ("started", record.get("started_at", "")),
        ("finished", record.get("finished_at", "")),
        ("by", record.get("run_by", "")),
    ]
    lines = [f"{name}: {value}" for name, value in facts if value]
    lines += [f"error: {error}" for error in record.get("errors", ())]
    if record.get("steps"):
        names = ("step", "status", "attempts", "seconds", "error")
        rows = [[_took(step) if name == "seconds" else str(step[name]) for name in names] for step in record["steps"]]
        lines += ["", table(names, rows, terminal)]
    elif record.get("calls"):
        lines += ["", *record["calls"]]
    return "\n".join(lines)


def _took(record: Mapping[str, Any]) -> str:
    seconds = _seconds(str(record.get("started_at", "")), str(record.get("finished_at", "")))
    return "" if seconds is None else f"{seconds:.1f}"


def _seconds(started: str, finished: str) -> float | None:
    try:
        return (datetime.fromisoformat(finished) - datetime.fromisoformat(started)).total_seconds()
    except ValueError:
        return None
