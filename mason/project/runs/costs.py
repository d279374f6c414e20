"""Use case of telling what a run would cost before it is confirmed, where a client can tell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from mason.dryrun.calls import ESTIMATE, Estimate
from mason.dryrun.planned import PlannedStep, WorkflowPlan
from mason.project.opened import Project
from mason.project.runs.clients import Clients

if TYPE_CHECKING:
    from mason.resources.config import Config


class Estimates:
    """Asks what runs would cost. Opens a client once for each config that needs it; to be closed in the end.

    ``clients`` are those of a run of one step, where they are connected already: these are not closed.
    """

    def __init__(self, project: Project, clients: Clients | None = None) -> None:
        self._project = project
        self._given = clients
        self._clients: dict[tuple[str, tuple[tuple[str, str], ...]], Clients] = {}

    def __call__(self, plan: WorkflowPlan) -> tuple[Estimate, ...]:
        """What the steps of a run would cost. Calls read-only verbs; what these raise is said by the estimates."""
        return tuple(self._estimates(plan))

    def _estimates(self, plan: WorkflowPlan) -> Iterator[Estimate]:
        for step in plan.steps:
            if able := _able(step):
                # Imported here: most clients cannot tell.
                from mason.runtime.estimating import estimates
                from mason.runtime.output import aside

                with aside():
                    yield from estimates(step, able, self._opened(step.config, step.shown.clients).engine)

    def _opened(self, config: Config, chosen: Mapping[str, str]) -> Clients:
        if self._given is not None:
            return self._given
        key = (config.id, tuple(sorted(chosen.items())))
        if key not in self._clients:
            self._clients[key] = Clients(self._project, config, chosen)
        return self._clients[key]

    def close(self) -> None:
        """Close the clients."""
        for clients in self._clients.values():
            clients.close()


def _able(step: PlannedStep) -> set[str]:
    """The engines of a step whose clients can tell what their work would cost."""
    from mason.clients import registry

    # Those alone that it calls: others of the config may not even be installed.
    called = {call.engine: call.client for call in step.shown.calls if call.engine in step.shown.clients}
    return {
        role
        for role, client in called.items()
        if ESTIMATE in registry.roles(step.config.type_of(client)).get(role, frozenset())
    }
