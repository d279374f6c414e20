"""Runs and schedules as typed views, and what they refer to: configs of steps, runs that come before. Pure.

A run may use what another run returned: ``{{runs.NAME.KEY}}`` where that one executes an operator, and
``{{runs.NAME.STEP.KEY}}`` where it executes a workflow.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mason.resources.address import config_address, run_address, work_address
from mason.resources.kinds import TEMPLATE
from mason.values import dataclass

ONLY_STEP = "step_1"
"""The id of the step that a run of an operator has."""


@dataclass(frozen=True, slots=True)
class Run:
    """The wish that an operator or workflow has been executed.

    ``work`` is its address. ``inputs`` are paths of the config's storage, compared by ``compare`` (``stat`` or
    ``content``); ``before`` are the names of the runs that it waits for.
    """

    name: str
    work: str
    config_id: str
    parameters: Mapping[str, Any]
    inputs: tuple[str, ...]
    compare: str
    before: tuple[str, ...]

    @classmethod
    def from_definition(cls, definition: Mapping[str, Any]) -> Run:
        """The typed view of a normalized run definition."""
        return cls(
            name=definition["name"],
            work=work_address(definition),
            config_id=definition["config_id"],
            parameters=definition.get("parameters", {}),
            inputs=tuple(definition.get("inputs", ())),
            compare=definition.get("compare", "stat"),
            before=tuple(runs_before(definition)),
        )


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


def addresses_used(definition: Mapping[str, Any]) -> tuple[str, ...]:
    """The addresses that a normalized definition uses: what the steps of a workflow run; what a run or schedule
    executes, with which configs, and after which runs."""
    if definition["type"] in ("run", "schedule"):
        used = [work_address(definition), config_address(definition["config_id"])]
        if "workflow" in definition:
            used += map(config_address, configs_of(definition.get("parameters", {})))
        used += map(run_address, runs_before(definition))
        return tuple(dict.fromkeys(used))
    steps = definition.get("dag", ())
    return tuple(dict.fromkeys(f"{step['type']}.{step['namespace']}.{step['command']}" for step in steps))


def configs_of(parameters: Any, *, deep: bool = True) -> Iterator[str]:
    """The ids of the configs that the parameters of a workflow name for its steps; doubles included.

    With ``deep`` also for the steps of the workflows in it: or what looks so, and is a parameter of an operator.
    """
    for entry in parameters.values() if isinstance(parameters, Mapping) else ():
        if isinstance(entry, Mapping):
            given = entry.get("config_id")
            if isinstance(given, str | int) and not isinstance(given, bool):
                yield str(given)
            if deep:
                yield from configs_of(entry.get("parameters"))


def runs_before(definition: Mapping[str, Any]) -> list[str]:
    """The names of the runs that a run waits for: those of ``depends_on``, then those that its parameters refer to."""
    named = [name for name in definition.get("depends_on") or () if isinstance(name, str)]
    return list(dict.fromkeys([*named, *(parts[0] for parts in result_references(definition.get("parameters")))]))


def result_references(value: Any) -> Iterator[tuple[str, ...]]:
    """The references to results of runs in ``value``, each in its parts behind ``runs``: ``("infer", "job_id")``.

    What begins like one and names nothing is among them, with an empty part.
    """
    if isinstance(value, str):
        for match in TEMPLATE.finditer(value) if "{{" in value else ():
            first, *parts = [part.strip() for part in match[1].split(".")]
            if first == "runs":
                yield tuple(parts) or ("",)
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from result_references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from result_references(inner)
