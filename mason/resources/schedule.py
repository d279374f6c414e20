"""Schedules: the wish that a scheduler executes a workflow at certain times. All that there is to say of this kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mason.resources.address import work_address
from mason.resources.executed import normalized, redirected, times_findings, uses
from mason.resources.faults import Finding
from mason.resources.kind import Kind
from mason.values import dataclass


@dataclass(frozen=True, slots=True)
class Schedule:
    """The wish that a scheduler executes a workflow at certain times. ``work`` is the workflow's address."""

    name: str
    work: str
    config_id: str
    schedule: str
    parameters: Mapping[str, Any]
    time_zone: str
    catch_up: str
    overlap: str
    enabled: bool

    @classmethod
    def from_definition(cls, definition: Mapping[str, Any]) -> Schedule:
        """The typed view of a normalized schedule definition."""
        return cls(
            name=definition["name"],
            work=work_address(definition),
            config_id=definition["config_id"],
            schedule=definition["schedule"],
            parameters=definition.get("parameters", {}),
            time_zone=definition.get("time_zone", "UTC"),
            catch_up=definition.get("catch_up", "none"),
            overlap=definition.get("overlap", "skip"),
            enabled=definition.get("enabled", True),
        )


def _findings(definition: Mapping[str, Any]) -> list[Finding]:
    # Imported here: few documents are schedules.
    from mason.resources import cron, zones

    found: list[Finding] = []
    text, zone = definition.get("schedule"), definition.get("time_zone")
    if isinstance(text, str) and text:
        # Not whether its last time has passed: a file does not become wrong by itself.
        try:
            cron.parse(text)
        except cron.CronError as error:
            found += [Finding(("schedule",), f"schedule: {message}", remedy) for message, remedy in error.faults]
    if isinstance(zone, str) and zone:
        try:
            zones.find_zone(zone)
        except zones.ZoneError as error:
            found.append(Finding(("time_zone",), f"time_zone: {error.message}", error.remedy))
    return found + times_findings(definition, "say it beside parameters: this is the schedule")


SCHEDULE = Kind("schedule", ("name",), _findings, normalized, uses, redirected, effect="put")
