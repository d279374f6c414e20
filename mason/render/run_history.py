"""Runs of workflows as people read them: a line for each event while they go on, then tables and details."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from mason.project.runs.history import Asked, how_to_go_on
from mason.render.check_results import checks_lines, checks_of, counted_checks
from mason.render.tables import table
from mason.render.terminal import Terminal
from mason.resources.wording import cost_text
from mason.settings import History

STYLES = {
    "succeeded": "green",
    "failed": "red",
    "upstream_failed": "red",
    "interrupted": "yellow",
    "cancelled": "yellow",
    "running": "cyan",
    "retrying": "yellow",
    "skipped": "dim",
    "waiting": "dim",
}
"""How the words are coloured that say how a step does."""


def event_line(event: Mapping[str, Any], terminal: Terminal) -> str:
    """One event of a run as a line; empty for events that say nothing to a person."""
    kind, step = event["event"], event.get("step", "")
    if kind == "started":
        return f"{step}: started" + (f" (attempt {event['attempt']})" if event["attempt"] > 1 else "")
    if kind == "retrying":
        return f"{step}: attempt {event['attempt']} failed, the next one in {event['delay']:g} s: {event['error']}"
    if kind == "said":
        # How it failed is told where it ended, and where that came from in the logs only.
        return f"{step}: {event['message']}".rstrip() if event["kind"] not in ("error", "traceback") else ""
    if kind == "ended":
        return _ended(event, terminal)
    if kind == "submitted":
        return f"{step}: {_job(event)} of client {event['client']} {event['status']}" if "job_id" in event else ""
    if kind == "job":
        reason = f": {event['reason']}" if event.get("reason") else ""
        return f"{step}: {_job(event)} {event['status']}{_cost(event)}{reason}"
    if kind == "asked":
        return f"{event['by']} asked the run to end"
    return ""


def _job(event: Mapping[str, Any]) -> str:
    return f"job {event['job_id']}"


def _cost(told: Mapping[str, Any]) -> str:
    """What a job cost, behind how it ended; nothing where the service does not say."""
    cost = cost_text(told.get("cost"))
    return f" ({cost})" if cost else ""


def log_lines(event: Mapping[str, Any], terminal: Terminal) -> list[str]:
    """One event in the logs of a run, where tracebacks are told too."""
    if event["event"] == "said" and event["kind"] == "traceback":
        return [f"{event['step']}: {line}".rstrip() for line in event["message"].split("\n")]
    line = event_line(event, terminal)
    return [line] if line else []


def _ended(event: Mapping[str, Any], terminal: Terminal) -> str:
    status, *more = ended_words(event)
    error = f": {event['error']}" if event.get("error") else ""
    return f"{event['step']}: {' '.join((terminal.style(status, STYLES[event['status']]), *more))}{error}"


def ended_words(event: Mapping[str, Any]) -> list[str]:
    """How a step ended, how long that took and in how many attempts: ``succeeded``, ``after 0.3 s``, ``in 2 attempts``.

    What never began took no time, and one attempt is not worth a word.
    """
    words = [event["status"].replace("_", " ")]
    seconds = _seconds(event.get("started_at", ""), event.get("finished_at", ""))
    if seconds is not None:
        words.append(f"after {seconds:.1f} s")
    if event.get("attempts", 0) > 1:
        words.append(f"in {event['attempts']} attempts")
    return words


def end_line(run_id: str, record: Mapping[str, Any]) -> str:
    """The last line of a run: how it ended, how its steps did, and how to go on where something is left."""
    counted: dict[str, int] = {}
    for step in record["steps"]:
        counted[step["status"]] = counted.get(step["status"], 0) + 1
    steps = ", ".join(f"{count} {status.replace('_', ' ')}" for status, count in counted.items())
    line = f"Run {run_id} {record['status']}: {steps or 'no step ended'}."
    if record.get("stopped"):
        line += f" It was stopped {_stopped(record).rstrip('.')}."
    if record["status"] == "succeeded":
        return line
    return f"{line} {how_to_go_on(run_id, record)}"


def _stopped(record: Mapping[str, Any]) -> str:
    """Before which step a class stopped the run, and why, on one line; empty for other runs."""
    stopped = record.get("stopped")
    if not stopped:
        return ""
    reason = " ".join(stopped["reason"].split())
    return f"before {stopped['step']}" + (f": {reason}" if reason else "")


def runs_table(runs: Sequence[tuple[str, Mapping[str, Any]]], terminal: Terminal) -> str:
    """The history, newest first. How checks ended is a column where there were any, and so is which scheduler did the
    steps."""
    any_sources = any(_source(record) for _, record in runs)
    any_checks = any(counted_checks(record) for _, record in runs)
    rows = [
        [
            run_id,
            str(record.get("address", "")),
            str(record.get("status", "")),
            *([counted_checks(record)] if any_checks else []),
            _took(record),
            str(record.get("started_at", ""))[:19].replace("T", " "),
            *([_source(record)] if any_sources else []),
            str(record.get("run_by", "")),
        ]
        for run_id, record in runs
    ]
    checks, source = ("checks",) if any_checks else (), ("source",) if any_sources else ()
    names = ("id", "what", "status", *checks, "seconds", "started", *source, "by")
    return table(names, rows, terminal)


def _source(record: Mapping[str, Any]) -> str:
    """Which scheduler did the steps of a run, and as what it knows the run; empty where Mason did them."""
    return f"{record['scheduler']} {record.get('job_id', '')}".rstrip() if record.get("scheduler") else ""


def run_text(run_id: str, record: Mapping[str, Any], terminal: Terminal) -> str:
    """One run: what it was, how it ended, and its steps or calls."""
    facts = [
        ("run", run_id),
        ("what", record.get("address", "")),
        ("config", record.get("config_id", "")),
        ("schedule", record.get("schedule", "")),
        ("due", record.get("due", "")),
        ("done by", _source(record)),
        ("status", record.get("status", "")),
        ("stopped", _stopped(record)),
        ("started", record.get("started_at", "")),
        ("resumed", record.get("resumed_at", "")),
        ("finished", record.get("finished_at", "")),
        ("by", record.get("run_by", "")),
    ]
    lines = [f"{name}: {value}" for name, value in facts if value]
    lines += [f"error: {error}" for error in _listed(record, "errors")]
    steps = [step for step in _listed(record, "steps") if isinstance(step, Mapping)]
    if steps:
        names = ("step", "status", "attempts", "seconds", "error")
        rows = [[_took(step) if name == "seconds" else str(step.get(name, "")) for name in names] for step in steps]
        lines += ["", table(names, rows, terminal)]
    if checked := [check for step in steps for check in checks_of(step)]:
        lines += ["", *checks_lines(checked, terminal)]
    if left := _not_begun(record, steps):
        lines += ["", f"{_counted(left, 'step')} not begun."]
    if jobs := [job for job in _listed(record, "jobs") if isinstance(job, Mapping)]:
        lines += ["", _jobs_table(jobs, terminal)]
    if not steps and (calls := _listed(record, "calls")):
        lines += ["", *map(str, calls)]
    known = "calls" in record or record.get("parameters") or record.get("scheduler")
    if record.get("status") in ("failed", "interrupted") and known:
        lines += ["", how_to_go_on(run_id, record)]
    return "\n".join(lines)


def _jobs_table(jobs: Sequence[Mapping[str, Any]], terminal: Terminal) -> str:
    names = ("step", "job_id", "client", "verb", "status", "cost")
    told = [{**job, "cost": cost_text(job.get("cost"))} for job in jobs]
    return table(names, [[str(job.get(name, "")) for name in names] for job in told], terminal)


def _not_begun(record: Mapping[str, Any], steps: Sequence[Mapping[str, Any]]) -> int:
    """How many steps nothing is told of, of those whose parameters are known."""
    parameters = record.get("parameters")
    if "steps" not in record or not isinstance(parameters, Mapping):
        return 0
    return len(parameters.keys() - {str(step.get("step")) for step in steps})


def _listed(record: Mapping[str, Any], name: str) -> list[Any]:
    """What a record lists; nothing where somebody edited it so that it lists nothing."""
    listed = record.get(name)
    return listed if isinstance(listed, list) else []


def asked_text(run_id: str, asked: Asked, *, now: bool) -> str:
    """Who was asked to end a run, and how it is stopped at once where it was asked before."""
    if not asked.before:
        return f"Asked process {asked.pid} to {'stop' if now else 'end'} run {run_id}{' at once' if now else ''}."
    if now:
        return f"Process {asked.pid} was asked to stop run {run_id} at once before."
    return (
        f"Process {asked.pid} was asked to end run {run_id} before, and finishes what it is at. "
        f"To stop it at once: mason runs cancel --now {run_id}"
    )


def pruned_text(runs: Sequence[str], journals: Sequence[str], kept: History, *, dry_run: bool) -> str:
    """What was removed from the history, or would be, and what is kept."""
    days = "day" if kept.keep_days == 1 else f"{kept.keep_days:,} days"
    rule = f"Kept are the newest {_counted(kept.keep_runs, 'run')} and those of the last {days}."
    if not runs and not journals:
        return f"There is nothing to remove. {rule}"
    listed = [*runs, *(f"{run_id} (a journal without a run)" for run_id in journals)] if dry_run else []
    done = "Would remove" if dry_run else "Removed"
    alone = f" and {_counted(len(journals), 'journal')} without a run" if journals else ""
    return "\n".join([*listed, f"{done} {_counted(len(runs), 'run')}{alone}. {rule}"])


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _took(record: Mapping[str, Any]) -> str:
    seconds = _seconds(str(record.get("started_at", "")), str(record.get("finished_at", "")))
    return "" if seconds is None else f"{seconds:.1f}"


def _seconds(started: str, finished: str) -> float | None:
    try:
        return (datetime.fromisoformat(finished) - datetime.fromisoformat(started)).total_seconds()
    except ValueError:
        return None
