"""What engines and stores hold otherwise than the state says: differences in the fields that matter. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mason.planner.diff import compare
from mason.planner.plan import Drift

if TYPE_CHECKING:
    from mason.engines import models

_OF_SCHEDULES = ("schedule", "time_zone", "catch_up", "overlap", "enabled", "workflow", "config_id", "parameters")
_OF_TABLES = ("format", "location", "partition_columns", "columns")


def of_schedule(address: str, left: models.Schedule, found: models.Schedule | None) -> Drift | None:
    """The drift of a schedule that was put as ``left``, and that its scheduler has as ``found`` now."""
    what = f"schedule {left.name}"
    if found is None:
        return Drift(address, what, "missing")
    return _changed(address, what, _shown(left), _shown(found))


def _shown(schedule: models.Schedule) -> dict[str, Any]:
    given = schedule.to_dict()
    shown = {name: given[name] for name in _OF_SCHEDULES if name in given}
    # Of what the steps run a scheduler may know no more than this.
    return shown | {"steps": [f"{step.id}: {step.operator}" for step in schedule.dag.steps]}


def of_table(address: str, name: str, left: Mapping[str, Any] | None, found: Mapping[str, Any] | None) -> Drift | None:
    """The drift of the table ``name`` (``database.table``) that a run left as ``left``, and that its metastore has as
    ``found`` now.

    Both as ``models.Table.to_dict`` gives them, and ``None`` where there is no such table.
    """
    what = f"table {name}"
    if left is None:
        return Drift(address, what, "present") if found is not None else None
    if found is None:
        return Drift(address, what, "missing")
    return _changed(address, what, table_fields(left), table_fields(found))


def table_fields(table: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a table that matter: where it is, how it is read, and its columns as ``name type``."""
    fields = {name: table[name] for name in _OF_TABLES if table.get(name)}
    if "columns" in fields:
        # A list of texts, so that a plan shows the columns that differ and not their places.
        fields["columns"] = [
            f"{column.get('name')} {column.get('type')}" if isinstance(column, Mapping) else str(column)
            for column in fields["columns"]
        ]
    return fields


def _changed(address: str, what: str, left: Mapping[str, Any], found: Mapping[str, Any]) -> Drift | None:
    changes, _ = compare(left, found)
    return Drift(address, what, "changed", changes) if changes else None


def sentences(drifts: Iterable[Drift]) -> dict[str, str]:
    """What to say of each address that has drifted; what nobody could look at has not."""
    found: dict[str, list[str]] = {}
    for drift in drifts:
        if drift.kind != "unknown":
            found.setdefault(drift.address, []).append(drift.sentence)
    return {address: "; ".join(each) for address, each in found.items()}
