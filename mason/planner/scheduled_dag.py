"""What a scheduler is given to keep of a workflow, and which of a config's schedulers can keep it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mason.dryrun.compatibility import unsupported
from mason.dryrun.planned import PlannedStep, WorkflowPlan
from mason.dryrun.references import OF_RUN
from mason.engines import models
from mason.engines.scheduling import unkept
from mason.errors import Diagnostic
from mason.resources.address import title_of
from mason.resources.config import Config
from mason.resources.schedule import Schedule
from mason.resources.workflow import Workflow
from mason.secrets import scrub_all

if TYPE_CHECKING:
    from mason.dryrun.check import ClientCatalog


def choose_scheduler(
    config: Config, workflow: Workflow, model: models.Schedule, catalog: ClientCatalog
) -> str | Sequence[Diagnostic]:
    """The client of a config that keeps ``model``, a schedule of ``workflow``: the first that keeps all of it.

    Where there is none: all that is wrong with the first that would be asked.
    """
    able = [
        each
        for each in config.engines["scheduler"]
        if "put_schedule" in catalog.roles(config.type_of(each)).get("scheduler", frozenset())
    ]
    if not able:
        message = f"config {config.id} has no scheduler that keeps schedules"
        return [Diagnostic("", 0, message, "name one in its scheduler_clients, such as local")]
    named = workflow.supported_schedulers
    supported = [each for each in able if not named or config.type_of(each) in named]
    if not supported:
        return [unsupported(workflow, config.id, able)]
    faults: list[list[Diagnostic]] = []
    for client in supported:
        lacking = unkept(model, catalog.capabilities(config.type_of(client))["scheduler"].keeps, client)
        if not lacking:
            return client
        faults.append([Diagnostic("", 0, message, remedy) for message, remedy in lacking])
    return faults[0]


def schedule_model(schedule: Schedule, plan: WorkflowPlan) -> models.Schedule:
    """What a scheduler is given to keep. What is a secret in the config is none of it: references stay as written."""
    return models.Schedule(
        name=schedule.name,
        schedule=schedule.schedule,
        dag=models.Dag(
            steps=tuple(_dag_step(step) for step in plan.steps),
            groups={within: _name(planned.address) for within, planned in plan.workflows.items() if within},
            decided_by=tuple(
                dict.fromkeys(_name(each.address) for each in plan.workflows.values() if each.source is not None)
            ),
        ),
        enabled=schedule.enabled,
        workflow=schedule.work,
        config_id=schedule.config_id,
        parameters=schedule.parameters,
        time_zone=schedule.time_zone,
        catch_up=schedule.catch_up,
        overlap=schedule.overlap,
    )


def _dag_step(step: PlannedStep) -> models.DagStep:
    meant = dict.fromkeys(each.step for each in step.references if not each.step.startswith(OF_RUN))
    return models.DagStep(
        id=step.id,
        operator=_name(step.address),
        parameters=step.parameters,
        dependencies=step.dependencies,
        config_id=step.config.id,
        trigger_rule=step.trigger_rule,
        retry=step.retry,
        retry_max=step.retry_max,
        timeout=step.timeout,
        results_of=tuple(meant),
        sentences=tuple(
            models.DagSentence(
                call.client, call.engine, call.verb, scrub_all(dict(call.arguments)), call.read_only, call.known
            )
            for call in step.shown.calls
        ),
        certain=step.shown.certain,
        checks=tuple(check.name for check in step.checks),
    )


def _name(address: str) -> str:
    """``namespace:command``."""
    return title_of(address).partition(" ")[2]
