"""How many rows the outputs of a run had at its last success, for checks that compare with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mason.errors import StateError
from mason.project.opened import Project
from mason.runtime.prepared_run import PreparedRun
from mason.secrets import scrub_all
from mason.state.outcome import rows_of

_LOOKED_AT = 1000
"""How many runs are looked at: as many as a history keeps whatever their age. Each is a request where the state is in a
bucket."""


def rows_before(project: Project, prepared: PreparedRun) -> dict[str, int]:
    """By the ids of the steps of ``prepared`` that ask; nothing of those that never succeeded.

    Of a run resource the state tells. Of others the history does, where the newest runs that it holds (as many as
    :data:`_LOOKED_AT`) have one of the same workflow, for the same schedule, that succeeded with the same parameters of
    the step.
    """
    asking = {step.id: step for step in prepared.plan.steps if any(check.change for check in step.checks)}
    if not asking:
        return {}
    if prepared.pending is not None:
        return {step: rows for step, rows in prepared.pending.rows.items() if step in asking}
    schedule = prepared.occasion.schedule if prepared.occasion is not None else ""
    found: dict[str, int] = {}
    for run_id in reversed(project.store.list_runs()[-_LOOKED_AT:]):
        try:
            record = project.store.get_run(run_id)
        except StateError:
            # Removed meanwhile, or edited into something else.
            continue
        if (record.get("address"), record.get("status")) != (prepared.plan.address, "succeeded"):
            continue
        if record.get("schedule", "") != schedule:
            continue
        given, steps = record.get("parameters"), record.get("steps")
        for step, rows in rows_of(steps if isinstance(steps, list) else ()).items():
            if step in asking and step not in found and _same(given, step, asking[step].parameters):
                found[step] = rows
        if found.keys() == asking.keys():
            break
    return found


def _same(given: Any, step: str, parameters: Mapping[str, Any]) -> bool:
    return isinstance(given, Mapping) and given.get(step) == scrub_all(dict(parameters))
