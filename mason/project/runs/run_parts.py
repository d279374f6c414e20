"""Use cases of runs whose steps a scheduler does one by one: the record of the whole, made of those of its parts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import Any

from mason.errors import Diagnostic, MasonError, ParameterError, StateError
from mason.project.opened import Project
from mason.resources.address import operator_address
from mason.runtime import records
from mason.runtime.run_part import Part, begins_parts
from mason.secrets import scrub

_ENDS = ("succeeded", "failed", "upstream_failed", "skipped", "interrupted")
_FAILED = ("failed", "upstream_failed")


def read_part(text: str) -> Part:
    """What a scheduler tells of a part, as JSON. Raises ``ParameterError``."""
    return Part.parse(text)


def begin(project: Project, part: Part) -> None:
    """Write that the whole run goes on, where that is not known yet. Raises ``StateError``."""
    try:
        if project.store.get_run(part.run_id).get("status") == "running":
            return
    except StateError:
        # It is the first of its parts.
        pass
    project.store.put_run(part.run_id, _whole(part, "running", []))


@contextmanager
def preparing(project: Project, part: Part, names: tuple[str, str]) -> Iterator[None]:
    """Within it a part is prepared: where that fails, its record says why."""
    begin(project, part)
    started = datetime.now(timezone.utc)
    try:
        yield
    except MasonError as error:
        record = records.workflow_record(
            operator_address(*names),
            "failed",
            config_id=part.config_id,
            digests={},
            parameters={},
            steps=[],
            serial=0,
            started=started,
            errors=scrub(str(error)).splitlines(),
        )
        project.store.put_run(part.record_id, {**record, "part_of": part.to_dict()})
        raise


def read_ends() -> dict[str, str]:
    """How steps ended, as JSON on stdin tells. Raises ``ParameterError``."""
    import sys

    from mason import bounds

    try:
        given = bounds.parse_json(bounds.read_stream(sys.stdin, bounds.PARAMETERS))
        if not isinstance(given, dict) or any(end not in _ENDS for end in given.values()):
            raise ValueError(f"it must be a mapping of steps to how they ended: {', '.join(_ENDS)}")
    except (OSError, ValueError) as error:
        raise ParameterError([Diagnostic("stdin", 0, f"How the steps ended: {error}")]) from error
    return given


def gather(project: Project, part: Part, ends: Mapping[str, str]) -> dict[str, Any]:
    """Keep the record of a whole run that has ended. ``ends`` are how its steps ended, by their ids, as the scheduler
    knows it; the rest their records tell. Returns the record. Raises ``StateError``."""
    statuses = set(ends.values())
    status = "failed" if statuses & set(_FAILED) else "interrupted" if "interrupted" in statuses else "succeeded"
    record = gathered(project, part, ends, status=status)
    project.store.put_run(part.run_id, record)
    return record


def gathered(
    project: Project, part: Part, ends: Mapping[str, str], *, status: str, errors: Sequence[str] = ()
) -> dict[str, Any]:
    """The record of a whole run that has ended so; see :func:`gather`. ``errors`` are those of the run itself."""
    found: dict[str, Mapping[str, Any]] = {str(each["step"]): each for each in steps_told(project, part.run_id)}
    steps: list[Mapping[str, Any]] = []
    for step, end in ends.items():
        told: Mapping[str, Any] | None = found.get(step)
        begun = end not in ("skipped", "upstream_failed")
        if told is None or not begun:
            lost = f"it left no record: look into its log in {part.scheduler}" if begun else ""
            told = {"step": step, "attempts": 0, "error": lost, "started_at": "", "finished_at": ""}
        elif end != "succeeded" and not told["error"]:
            told = {**told, "error": f"its process was ended: look into its log in {part.scheduler}"}
        steps.append({**told, "status": end})
    return _whole(part, status, steps, errors)


def part_of(run_id: str, record: Mapping[str, Any]) -> Part:
    """The whole run that a record tells of."""
    return Part(
        run_id=run_id,
        schedule=str(record.get("schedule", "")),
        workflow=str(record.get("address", "")),
        scheduler=str(record.get("scheduler", "")),
        job_id=str(record.get("job_id", "")),
        started_at=str(record.get("started_at", "")),
        due=str(record.get("due", "")),
        config_id=str(record.get("config_id", "")),
    )


def steps_told(project: Project, run_id: str) -> list[dict[str, Any]]:
    """How the steps of a run stand, as the records of its parts tell: of each step the last attempt."""
    latest: dict[str, tuple[int, Mapping[str, Any], Mapping[str, Any]]] = {}
    for record_id in project.store.list_runs():
        if not record_id.startswith(begins_parts(run_id)):
            continue
        try:
            record = project.store.get_run(record_id)
        except StateError:
            # Removed meanwhile, or broken: the scheduler knows how the step ended.
            continue
        place = record.get("part_of")
        if not isinstance(place, Mapping):
            continue
        step, attempt = str(place.get("step", "")), int(place.get("attempt", 0))
        if step not in latest or latest[step][0] < attempt:
            latest[step] = (attempt, record, place)
    told = []
    for step, (attempt, kept, place) in latest.items():
        rule = place.get("trigger_rule")
        told.append(
            {
                "step": step,
                "status": str(kept.get("status", "")),
                "attempts": attempt,
                "error": "\n".join(map(str, kept.get("errors", ()))),
                "started_at": str(kept.get("started_at", "")),
                "finished_at": str(kept.get("finished_at", "")),
                **({"trigger_rule": rule} if rule else {}),
            }
        )
    return sorted(told, key=lambda each: str(each["started_at"]))


def _whole(part: Part, status: str, steps: Sequence[Mapping[str, Any]], errors: Sequence[str] = ()) -> dict[str, Any]:
    return records.workflow_record(
        part.workflow,
        status,
        config_id=part.config_id,
        digests={},
        parameters={},
        steps=steps,
        serial=0,
        started=records.moment_of(part.started_at) or datetime.now(timezone.utc),
        errors=errors,
        occasion=part.of_whole(),
    )
