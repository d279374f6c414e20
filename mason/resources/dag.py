"""Whether the steps of a workflow can be put in an order: every dependency exists and none goes in circles."""

from __future__ import annotations

from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any

from mason.resources.documents import Path
from mason.resources.validate import Finding
from mason.resources.wording import nearest, quoted, shortened, suggestion


def dag_findings(steps: Any) -> list[Finding]:
    """What is wrong with the order of a workflow's steps; nothing where their ids or dependencies cannot be read."""
    if not isinstance(steps, list) or not all(_is_readable(step) for step in steps):
        return []
    findings: list[Finding] = []
    places: dict[str, int] = {}
    for number, step in enumerate(steps):
        if step["id"] in places:
            message = f"Step {step['id']} is defined twice: dag[{places[step['id']]}] and dag[{number}]"
            findings.append(Finding(("dag", number, "id"), message, "give one of them another id"))
        places.setdefault(step["id"], number)
    graph: dict[str, set[str]] = {name: set() for name in places}
    for number, step in enumerate(steps):
        wanted = set(step.get("dependencies") or ())
        path: Path = ("dag", number, "dependencies")
        undefined = sorted(wanted - places.keys())
        if undefined:
            message = f"Undefined dependent steps: {{{', '.join(quoted(name) for name in undefined)}}}"
            findings.append(Finding(path, message, _remedy(undefined[0], places)))
        if step["id"] in wanted:
            message = f"Step {step['id']} depends on itself"
            findings.append(Finding(path, message, "remove it from its dependencies"))
        graph[step["id"]] |= (wanted & places.keys()) - {step["id"]}
    findings.extend(_cycles(graph, places))
    return findings


def _is_readable(step: Any) -> bool:
    if not isinstance(step, dict) or not isinstance(step.get("id"), str):
        return False
    wanted = step.get("dependencies")
    return wanted is None or (isinstance(wanted, list) and all(isinstance(name, str) for name in wanted))


def _remedy(undefined: str, places: Mapping[str, int]) -> str:
    """Suggest a step, but not step_4 for step_9: numbers are no typing errors."""
    numbers = str.maketrans("", "", "0123456789")
    alike = [name for name in places if name.translate(numbers) != undefined.translate(numbers)]
    return suggestion(undefined, alike, "") if nearest(undefined, alike) else f"the steps are {shortened(places)}"


def _cycles(graph: dict[str, set[str]], places: Mapping[str, int]) -> list[Finding]:
    findings = []
    while True:
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            repeated = sorted(set(error.args[1]), key=places.__getitem__)
            message = f"Cycle detected. Repeated steps: {', '.join(repeated)}"
            findings.append(Finding(("dag", places[repeated[0]]), message, "remove one of the dependencies"))
            # What hangs on this circle would be reported once more with every other circle that it touches.
            graph = {
                name: {other for other in wanted if other not in repeated}
                for name, wanted in graph.items()
                if name not in repeated
            }
        else:
            return findings
