"""What runs and schedules have in common: what they execute, with which configs, and after which runs. Pure.

A run may use what another run returned: ``{{runs.NAME.KEY}}`` where that one executes an operator, and
``{{runs.NAME.STEP.KEY}}`` where it executes a workflow.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from mason.resources.address import config_address, kind_of, run_address, work_address
from mason.resources.faults import Finding
from mason.resources.templates import TEMPLATE

ONLY_STEP = "step_1"
"""The id of the step that a run of an operator has."""


def uses(definition: Mapping[str, Any]) -> tuple[str, ...]:
    """The addresses that a run or schedule uses: what it executes, with which configs, and after which runs."""
    used = [work_address(definition), config_address(definition["config_id"])]
    if "workflow" in definition:
        used += map(config_address, configs_of(definition.get("parameters", {})))
    used += map(run_address, runs_before(definition))
    return tuple(dict.fromkeys(used))


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


def times_findings(definition: Mapping[str, Any], remedy: str) -> list[Finding]:
    """What belongs into a parameter file, where nobody would look at it. A mapping there is a step of that name."""
    given = definition.get("parameters")
    if definition.get("workflow") is None or not isinstance(given, dict):
        return []
    return [
        Finding(("parameters", key), f"parameters.{key} would be passed over", remedy)
        for key in ("schedule", "schedule_name")
        if given.get(key) is not None and not isinstance(given[key], Mapping)
    ]


def normalized(definition: Mapping[str, Any]) -> dict[str, Any]:
    """A run or schedule without cosmetic differences."""
    return {**definition, "config_id": str(definition["config_id"])}


def redirected(definition: Mapping[str, Any], before: str, after: str) -> dict[str, Any]:
    """A run or schedule that names ``after`` where it named ``before``."""
    old, new = before.partition(".")[2], after.partition(".")[2]
    changed = dict(definition)
    if "." in old and work_address(definition) == before:
        changed[kind_of(before)] = new.replace(".", ":")
    if config_address(old) == before:
        changed["config_id"] = _same_kind(definition["config_id"], old, new)
        if "workflow" in definition and "parameters" in definition:
            changed["parameters"] = _with_configs(definition["parameters"], old, new)
    if run_address(old) == before:
        if "depends_on" in definition:
            changed["depends_on"] = [new if name == old else name for name in definition["depends_on"]]
        if "parameters" in definition:
            changed["parameters"] = _mapped(definition["parameters"], referring_to(old, new))
    return changed


def _same_kind(given: Any, before: str, after: str) -> Any:
    """The id ``after`` where ``given`` is ``before``: a number where that was one, as people write it."""
    if str(given) != before:
        return given
    return int(after) if isinstance(given, int) and after.isdecimal() and str(int(after)) == after else after


def _with_configs(parameters: Any, before: str, after: str) -> Any:
    """Parameters of a workflow, whose steps may name configs of their own."""
    if not isinstance(parameters, Mapping):
        return parameters
    changed = {}
    for step, given in parameters.items():
        if isinstance(given, Mapping):
            given = dict(given)
            if "config_id" in given and not isinstance(given["config_id"], bool):
                given["config_id"] = _same_kind(given["config_id"], before, after)
            if "parameters" in given:
                given["parameters"] = _with_configs(given["parameters"], before, after)
        changed[step] = given
    return changed


def referring_to(before: str, after: str) -> Callable[[str], str]:
    """Turns references to the run ``before`` in a text into references to ``after``; spaces stay as they are."""
    name = re.compile(rf"^(\s*runs\s*\.\s*){re.escape(before)}(?=\s*(?:\.|$))")

    def replaced(found: re.Match[str]) -> str:
        return "{{" + name.sub(lambda part: part[1] + after, found[1]) + "}}"

    return lambda text: TEMPLATE.sub(replaced, text)


def _mapped(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {key: _mapped(inner, change) for key, inner in value.items()}
    return [_mapped(inner, change) for inner in value] if isinstance(value, list) else value
