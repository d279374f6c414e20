"""Use cases of the history: which runs there were, what happened in one of them, and asking one to end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mason.errors import ConflictError, NotFoundError, StateError, StateFormatError
from mason.project.opened import Project
from mason.resources.executed import ONLY_STEP
from mason.resources.wording import shortened
from mason.runtime.prepared_run import INTERRUPTED
from mason.state.lock import who
from mason.values import dataclass

KEPT = ("succeeded", "skipped")
"""How a step ended that is not done again when its run is resumed."""


def begun_by(events: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """How a run began, or was resumed last. Raises ``StateError`` where its journal does not tell."""
    begun: Mapping[str, Any] | None = next(
        (event for event in reversed(events) if event["event"] in ("begun", "resumed")), None
    )
    if begun is None:
        raise StateError("The journal of this run does not tell how it began: somebody edited it.")
    return begun


def how_to_go_on(run_id: str, record: Mapping[str, Any]) -> str:
    """What to do about a run that did not succeed: a sentence with a command at its end.

    It is resumed, unless a step succeeded in it that was there for a failure: what that undid, the steps that are done
    would not do again.
    """
    steps = record.get("steps")
    cleaned_up = that_cleaned_up(steps if isinstance(steps, list) else ())
    if not cleaned_up and record.get("scheduler"):
        return (
            f"When the cause is mended, clear its failed tasks in {record['scheduler']} (run {record.get('job_id')}), "
            f"or run it anew: {what_runs_anew(record)}"
        )
    if not cleaned_up:
        return f"When the cause is mended: mason runs resume {run_id}"
    return (
        f"When the cause is mended, run it anew, because {shortened(cleaned_up)} may have undone what is kept: "
        f"{what_runs_anew(record)}"
    )


def that_cleaned_up(steps: Sequence[Any]) -> list[str]:
    """The ids of those steps (as a record or journal tells of them) that were there for a failure, and succeeded."""
    return [
        str(step.get("step"))
        for step in steps
        if isinstance(step, Mapping) and (step.get("trigger_rule"), step.get("status")) == ("one_failed", "succeeded")
    ]


def what_runs_anew(begun: Mapping[str, Any]) -> str:
    """The command that does from the beginning what a record tells of, or how a journal says that it began."""
    if begun.get("resource"):
        return "mason apply"
    if begun.get("schedule"):
        of_config = f" -c {begun['config_id']}" if begun.get("scheduler") and begun.get("config_id") else ""
        return f"mason scheduler trigger {begun['schedule']}{of_config}"
    return f"mason run {str(begun.get('address', '')).replace('.', ' ')} ..."


def list_runs(project: Project, *, most: int = 0) -> list[tuple[str, dict[str, Any]]]:
    """The ids and records of runs, newest first, at most so many (0: all). A record that is none is ``unreadable``."""
    found = []
    ids = _whole_runs(project)[::-1]
    for run_id in ids[:most] if most else ids:
        try:
            found.append((run_id, show_run(project, run_id)))
        except StateFormatError as error:
            # One that somebody broke does not hide all others.
            found.append((run_id, {"status": "unreadable", "errors": [str(error)]}))
        except StateError:
            # Removed meanwhile, or nothing can be read at all.
            if run_id in project.store.list_runs():
                raise
    return found


LAST = "last"
"""What people write for the id of the newest run."""


def meant_run(project: Project, run_id: str) -> str:
    """The id itself, or that of the newest run for ``last``. Raises ``NotFoundError`` when there is none yet."""
    if run_id != LAST:
        return run_id
    ids = _whole_runs(project)
    if not ids:
        raise NotFoundError("There are no runs yet.")
    return ids[-1]


def _whole_runs(project: Project) -> list[str]:
    """The ids of runs, oldest first. Records of steps that a scheduler had done one by one are parts of theirs."""
    from mason.runtime.run_part import is_part

    return [run_id for run_id in project.store.list_runs() if not is_part(run_id)]


def show_run(project: Project, run_id: str) -> dict[str, Any]:
    """One record. A run that this machine began and no process is doing any more ended as its journal tells, or is
    ``interrupted``, and so are the steps that it was at. Raises ``StateError`` for an unknown id."""
    from mason.state.journal import is_going_on, read_journal

    # What the state was to be told is in the state.
    record = _without(project.store.get_run(run_id), "outcome")
    if record.get("status") != "running":
        return record
    # Looked at before the journal is read, to which nothing comes then that would have to be known.
    goes_on = is_going_on(run_id)
    events = read_journal(run_id)
    if events is None:
        if "scheduler" not in record:
            return record
        from mason.project.runs.run_parts import steps_told

        return {**record, "steps": steps_told(project, run_id)}
    steps, begun, finished = _as_told(events)
    if jobs := _jobs_told(events):
        record["jobs"] = jobs
    is_operator = "steps" not in record
    # In a record that was edited anything may stand here.
    parameters = record.get("parameters")
    expected = {ONLY_STEP} if is_operator else set(parameters) if isinstance(parameters, dict) else set()
    if goes_on:
        status = "running"
    elif finished or set(steps) != expected:
        status = finished or INTERRUPTED
    else:
        # It was killed when there was nothing left to do.
        status = "succeeded" if all(each["status"] in KEPT for each in steps.values()) else INTERRUPTED
    # Of steps that were kept, the journal does not tell them by step.
    digests = {each.get("step"): each.get("digests") for each in record.get("steps", ()) if isinstance(each, dict)}
    if is_operator:
        errors = [line for each in steps.values() for line in each["error"].splitlines()]
        return {**record, "status": status, **({"errors": errors} if errors else {})}
    for each in steps.values():
        if known := digests.get(each["step"]):
            each["digests"] = known
    at_work = [{**each, "status": "running" if goes_on else INTERRUPTED} for each in begun.values()]
    return {**record, "status": status, "steps": [*steps.values(), *at_work]}


def _jobs_told(events: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    # Imported here: most runs that are shown have ended.
    from mason.runtime.submitted import jobs_of

    return jobs_of(events)


def _as_told(
    events: Sequence[Mapping[str, Any]],
) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, Any]], str]:
    """How the steps of a run ended by now, those that began and did not end, and how the run did: empty where nothing
    tells."""
    steps: dict[str, dict[str, Any]] = {}
    begun: dict[str, dict[str, Any]] = {}
    finished = ""
    for event in events:
        if event["event"] == "resumed":
            # The others are done again.
            steps = {step: each for step, each in steps.items() if each["status"] in KEPT}
            begun = {}
            finished = ""
        elif event["event"] == "started":
            first = begun.get(event["step"], {"started_at": event["at"]})["started_at"]
            told = {"attempts": event["attempt"], "error": "", "started_at": first, "finished_at": ""}
            begun[event["step"]] = {"step": event["step"], "status": "running", **told}
        elif event["event"] == "retrying" and event["step"] in begun:
            begun[event["step"]]["error"] = event["error"]
        elif event["event"] == "ended":
            begun.pop(event["step"], None)
            steps[event["step"]] = _without(event, "event", "data", "at")
        elif event["event"] == "finished":
            finished = event["status"]
    return steps, begun, finished


def run_events(project: Project, run_id: str) -> list[dict[str, Any]]:
    """What happened in a run, event by event. Raises ``StateError`` where this machine has no journal of it."""
    from mason.state.journal import read_journal

    project.store.get_run(run_id)
    events = read_journal(run_id)
    if events is None:
        raise StateError(f"This machine has no journal of run {run_id}: its logs are where it ran.")
    return [_without(event, "data") for event in events]


@dataclass(frozen=True, slots=True)
class Asked:
    """The process that does a run which was asked to end. ``before`` is true where it was asked before, and was not
    asked again."""

    pid: int
    before: bool = False


def cancel_run(project: Project, run_id: str, *, now: bool = False) -> Asked:
    """Ask a run to finish what it is at and begin nothing new: once, however often this is called. Other runs of the
    process that does it go on. With ``now`` it is asked to wait for nothing.

    Raises ``StateError`` for an unknown run and one of another machine or person, and ``ConflictError`` for one that
    nobody is doing.
    """
    from mason.state.journal import add_event, event_of, is_going_on, read_journal, was_asked

    # One that does not exist is told before anybody speaks of journals.
    project.store.get_run(run_id)
    events = read_journal(run_id)
    if events is None:
        raise StateError(f"This machine has no journal of run {run_id}: cancel it where it runs.")
    if not is_going_on(run_id):
        raise ConflictError(f"Run {run_id} has ended; there is nothing to cancel.")
    begun = begun_by(events)
    # Another container may share the journals, and not the process that looks into them.
    host = str(begun.get("by", "")).rpartition("@")[2]
    if host and host != who().rpartition("@")[2]:
        raise StateError(f"Run {run_id} is done on {host}: cancel it there.")
    asked = was_asked(events)
    pid = int(begun["pid"])
    if asked is not None and (not now or asked.get("at_once")):
        return Asked(pid, before=True)
    add_event(run_id, event_of("asked", by=who(), **({"at_once": True} if now else {})))
    return Asked(pid)


def _without(event: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in event.items() if key not in keys}
