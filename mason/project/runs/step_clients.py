"""The clients that are asked about steps before these are done: opened once for each config that needs it."""

from __future__ import annotations

from collections.abc import Iterator

from mason.dryrun.planned import PlannedStep, WorkflowPlan
from mason.project.opened import Project
from mason.project.runs.clients import Clients


class StepClients:
    """To be closed in the end. ``given`` are those of a run of one step, where they are connected already: these are
    not closed."""

    def __init__(self, project: Project, given: Clients | None = None) -> None:
        self._project = project
        self._given = given
        self._clients: dict[tuple[str, tuple[tuple[str, str], ...]], Clients] = {}

    def of(self, step: PlannedStep) -> Clients:
        """The clients of a step."""
        if self._given is not None:
            return self._given
        chosen = step.shown.clients
        key = (step.config.id, tuple(sorted(chosen.items())))
        if key not in self._clients:
            self._clients[key] = Clients(self._project, step.config, chosen)
        return self._clients[key]

    def close(self) -> None:
        """Close the clients."""
        for clients in self._clients.values():
            clients.close()


def starts_engine(step: PlannedStep) -> bool:
    """Whether the metastore of a step has to be started for an answer: then only a run asks it."""
    from mason.clients import registry

    name = step.shown.clients.get("metastore", "")
    return bool(name) and registry.capabilities(step.config.type_of(name))["metastore"].starts_engine


def spoken(step: PlannedStep, role: str) -> str:
    """The dialect of SQL that the engine of a role speaks in a step."""
    from mason.clients import registry

    return registry.capabilities(step.config.type_of(step.shown.clients[role]))[role].dialect


def unprepared(plan: WorkflowPlan) -> Iterator[PlannedStep]:
    """The steps of a run that come after none which changes anything: what they read is there already, and as it is
    now. What others read may be made by those before them."""
    after_changes: set[str] = set()
    for step in plan.steps:
        is_after = any(each in after_changes for each in step.dependencies)
        if is_after or not step.shown.is_read_only:
            after_changes.add(step.id)
        if not is_after:
            yield step
