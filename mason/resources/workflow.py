"""Workflows: DAGs of steps. All that there is to say of this kind; ``dag`` knows what an order of steps can lack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from graphlib import TopologicalSorter
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any

from mason.resources.address import kind_of
from mason.resources.dag import dag_findings
from mason.resources.faults import Finding
from mason.resources.kind import Kind, PythonClass, filled, without
from mason.resources.trigger import TRIGGER_RULES
from mason.values import dataclass

if TYPE_CHECKING:
    from mason.resources.faults import Path
    from mason.resources.output_checks import Check


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a workflow: an operator or another workflow, and after which steps it runs.

    ``retry`` is ``constant(SECONDS)``, ``exponential(SECONDS)`` or empty; ``retry_max`` says how often it is tried
    again and ``timeout`` after how many seconds it is given up (both ``None`` where nothing was said). Without
    ``wait``, jobs that go on elsewhere are handed on as they are. ``checks`` are those of its output.
    """

    id: str
    type: str
    namespace: str
    command: str
    dependencies: tuple[str, ...]
    retry: str = ""
    retry_max: int | None = None
    timeout: int | None = None
    trigger_rule: str = TRIGGER_RULES[0]
    wait: bool = True
    checks: tuple[Check, ...] = ()

    @property
    def address(self) -> str:
        """The address of what the step runs."""
        return f"{self.type}.{self.namespace}.{self.command}"


@dataclass(frozen=True, slots=True)
class Workflow:
    """A DAG of steps. ``read_only`` says that its runs only read; of its class that is the promise of its author."""

    namespace: str
    command: str
    name: str
    description: str
    supported_schedulers: tuple[str, ...]
    steps: tuple[Step, ...]
    read_only: bool = False

    @classmethod
    def from_definition(cls, definition: Mapping[str, Any]) -> Workflow:
        """The typed view of a normalized workflow definition."""
        return cls(
            namespace=definition["namespace"],
            command=definition["command"],
            name=definition.get("name", ""),
            description=definition.get("description", ""),
            supported_schedulers=tuple(definition.get("supported_schedulers", ())),
            steps=tuple(
                Step(
                    id=given["id"],
                    type=given.get("type", "operator"),
                    namespace=given["namespace"],
                    command=given["command"],
                    dependencies=tuple(given.get("dependencies", ())),
                    retry=given.get("retry", ""),
                    retry_max=given.get("retry_max"),
                    timeout=given.get("timeout"),
                    trigger_rule=given.get("trigger_rule", TRIGGER_RULES[0]),
                    wait=given.get("wait", True),
                    checks=_checks(given.get("checks")),
                )
                for given in definition.get("dag", ())
            ),
            read_only=definition.get("read_only", False),
        )


def _checks(given: Any) -> tuple[Check, ...]:
    if not given:
        return ()
    # Imported here: few steps have checks.
    from mason.resources.output_checks import of_definition

    return of_definition(given)


def ordered(steps: Sequence[Step]) -> list[Step]:
    """The steps of a workflow that has no faults, each after its dependencies; as written where that is free."""
    places = {step.id: number for number, step in enumerate(steps)}
    sorter = TopologicalSorter({step.id: step.dependencies for step in steps})
    sorter.prepare()
    order: list[Step] = []
    ready: list[int] = []
    while sorter.is_active():
        for name in sorter.get_ready():
            heappush(ready, places[name])
        following = steps[heappop(ready)]
        order.append(following)
        sorter.done(following.id)
    return order


def _findings(definition: Mapping[str, Any]) -> list[Finding]:
    steps = definition.get("dag")
    found = dag_findings(steps)
    for number, step in enumerate(steps if isinstance(steps, list) else ()):
        given = step.get("checks") if isinstance(step, Mapping) else None
        if not given:
            continue
        # Imported here: few steps have checks.
        from mason.resources.check_findings import check_findings

        path: Path = ("dag", number, "checks")
        found += check_findings(given, path)
        if step.get("type") == "workflow":
            message = f"Step {step.get('id')} is a workflow, and only its steps have outputs that could be checked"
            found.append(Finding(path, message, "write the checks at a step of that workflow"))
    return found


def _normalized(definition: Mapping[str, Any]) -> dict[str, Any]:
    return {**definition, "dag": [_step(step) for step in definition["dag"]]}


def _step(given: Mapping[str, Any]) -> dict[str, Any]:
    step: dict[str, Any] = filled({"type": "operator", **filled(given)})
    if step.get("wait") is True:
        # What is done where nothing is said.
        del step["wait"]
    return step


def _uses(definition: Mapping[str, Any]) -> tuple[str, ...]:
    steps = definition.get("dag", ())
    return tuple(dict.fromkeys(f"{step['type']}.{step['namespace']}.{step['command']}" for step in steps))


def _redirected(definition: Mapping[str, Any], before: str, after: str) -> dict[str, Any]:
    old, (_, namespace, command) = before.split("."), after.split(".")
    dag = [
        {**step, "namespace": namespace, "command": command}
        if [step["type"], step["namespace"], step["command"]] == old
        else step
        for step in definition["dag"]
    ]
    return {**definition, "dag": dag}


def _behaviour(definition: Mapping[str, Any]) -> dict[str, Any]:
    # Nor does the scheduler that keeps a workflow change what its runs do.
    words = ("namespace", "command", "name", "description", "supported_schedulers", "protect", "read_only")
    return without(definition, *words)


_OLDER = PythonClass("WorkflowDefinition", "step", ("current", "next"), needed=False)

WORKFLOW = Kind(
    "workflow",
    ("namespace", "command"),
    _findings,
    _normalized,
    _uses,
    _redirected,
    behaviour=_behaviour,
    python=PythonClass("Workflow", "step", ("current", "next"), needed=False, older=_OLDER),
)


def is_workflow(address: str) -> bool:
    """Whether there is a workflow at ``address``, and no operator."""
    return kind_of(address) == WORKFLOW.name
