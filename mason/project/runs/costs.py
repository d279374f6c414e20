"""Use case of telling what a run would cost before it is confirmed, where a client can tell."""

from __future__ import annotations

from collections.abc import Iterator

from mason.dryrun.calls import ESTIMATE, Estimate
from mason.dryrun.planned import PlannedStep, WorkflowPlan
from mason.project.opened import Project
from mason.project.runs.clients import Clients
from mason.project.runs.step_clients import StepClients


class Estimates:
    """Asks what runs would cost. Opens a client once for each config that needs it; to be closed in the end.

    ``clients`` are those of a run of one step, where they are connected already: these are not closed.
    """

    def __init__(self, project: Project, clients: Clients | None = None) -> None:
        self._clients = StepClients(project, clients)

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
                    yield from estimates(step, able, self._clients.of(step).engine)

    def close(self) -> None:
        """Close the clients."""
        self._clients.close()


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
