"""Whether the steps of a workflow can be put in an order: every dependency exists and none goes in circles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any

from mason.resources.faults import Finding
from mason.resources.wording import nearest, quoted, shortened, suggestion

if TYPE_CHECKING:
    from mason.resources.faults import Path


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
        if step.get("retry_max") and not step.get("retry"):
            message = f"Step {step['id']} has a retry_max and no retry, so it would not be tried again"
            findings.append(Finding(("dag", number, "retry_max"), message, "write retry: constant(5), or remove it"))
    graph: dict[str, set[str]] = {name: set() for name in places}
    circling: set[str] = set()
    for number, step in enumerate(steps):
        wanted = set(step.get("dependencies") or ())
        path: Path = ("dag", number, "dependencies")
        # Not with places.keys(): sets and views of dictionaries are combined in the time of the larger one.
        undefined = sorted(name for name in wanted if name not in places)
        if undefined:
            message = f"Undefined dependent steps: {{{', '.join(quoted(name) for name in undefined)}}}"
            findings.append(Finding(path, message, step_remedy(undefined[0], places)))
        if step["id"] in wanted:
            circling.add(step["id"])
            message = f"Cycle detected. Repeated steps: {step['id']}"
            findings.append(Finding(path, message, "remove it from its dependencies"))
        graph[step["id"]].update(name for name in wanted if name in places and name != step["id"])
    for circle in _circles(graph, places):
        circling.update(circle)
        message = f"Cycle detected. Repeated steps: {', '.join(circle)}"
        findings.append(Finding(("dag", places[circle[0]]), message, "remove one of the dependencies"))
    behind = sorted(_behind(circling, graph), key=places.__getitem__)
    if behind:
        message = f"Unreachable steps: [{shortened(quoted(name) for name in behind)}]"
        findings.append(Finding(("dag", places[behind[0]]), message, "they wait for steps that wait for themselves"))
    return findings


def _is_readable(step: Any) -> bool:
    if not isinstance(step, dict) or not isinstance(step.get("id"), str):
        return False
    wanted = step.get("dependencies")
    return wanted is None or (isinstance(wanted, list) and all(isinstance(name, str) for name in wanted))


def step_remedy(undefined: str, steps: Iterable[str]) -> str:
    """The step that was probably meant, but not step_4 for step_9 (numbers are no typing errors); else all steps."""
    numbers = str.maketrans("", "", "0123456789")
    steps = list(steps)
    alike = [name for name in steps if name.translate(numbers) != undefined.translate(numbers)]
    return suggestion(undefined, alike, "") if nearest(undefined, alike) else f"the steps are {shortened(steps)}"


def _circles(graph: dict[str, set[str]], places: Mapping[str, int]) -> Iterator[list[str]]:
    """The steps of each circle, as they are written."""
    while True:
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            repeated = sorted(set(error.args[1]), key=places.__getitem__)
            yield repeated
            # What hangs on this circle would be reported once more with every other circle that it touches.
            graph = {
                name: {other for other in wanted if other not in repeated}
                for name, wanted in graph.items()
                if name not in repeated
            }
        else:
            return


def _behind(circling: set[str], graph: Mapping[str, set[str]]) -> set[str]:
    """The steps that can never run because they wait, however indirectly, for one of ``circling``."""
    waiting_for: dict[str, list[str]] = {}
    for name, wanted in graph.items() if circling else ():
        for other in wanted:
            waiting_for.setdefault(other, []).append(name)
    found: set[str] = set()
    looking = list(circling)
    while looking:
        for name in waiting_for.get(looking.pop(), ()):
            if name not in found and name not in circling:
                found.add(name)
                looking.append(name)
    return found
