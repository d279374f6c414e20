"""What is told of a run before a person is asked: what differs from the files, what it costs, what becomes of its SQL,
and what it will write."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mason.cli.invocation import Invocation
from mason.cli.shared import progress, tell
from mason.project.opened import Project
from mason.project.runs.costs import Estimates
from mason.render import dryruns

# What workflows take is imported where it is used: a run of an operator starts faster without.
if TYPE_CHECKING:
    from mason.dryrun.planned import WorkflowPlan
    from mason.project.runs.clients import Clients
    from mason.runtime.prepared_run import PreparedRun


def tell_differing(opened: Project, prepared: PreparedRun) -> None:
    """Which of the definitions that a run uses differ from the files by now."""
    from mason.project.runs.differing import differing

    for warning in differing(opened, prepared.plan.digests):
        tell(f"Warning: {warning}")


def tell_costs(prepared: PreparedRun, estimates: Estimates) -> None:
    """What a run would cost, where that is known before."""
    if told := estimates(prepared.plan):
        tell("\n" + "\n".join(dryruns.estimate_lines(told, alone=len(prepared.plan.steps) == 1)))


def tell_sql(
    invocation: Invocation,
    opened: Project,
    plan: WorkflowPlan,
    clients: Clients | None = None,
    *,
    cheaply: bool = False,
) -> None:
    """What becomes of SQL on engines of another dialect, by the columns of its tables; ``cheaply``: where nothing has
    to be started to know these. Raises ``ParameterError``."""
    if not any(call.told for step in plan.steps for call in step.shown.calls):
        return
    # Imported here: most SQL runs as it stands.
    from mason.project.runs.sql_checks import check_sql

    for step, told in check_sql(opened, plan, clients, cheaply=cheaply).items():
        for line in dryruns.sql_lines(told, progress(invocation)):
            tell(line if len(plan.steps) == 1 else f"{step}: {line}")


def tell_outputs(opened: Project, plan: WorkflowPlan, clients: Clients | None = None) -> None:
    """What will be written, to a person who is asked: the columns, as far as they are known. Raises ``ParameterError``
    for checks that mean nothing for them."""
    from mason.dryrun.checks_of_steps import writes_table

    if not any(writes_table(call) for step in plan.steps for call in step.shown.calls):
        return
    # Imported here: most runs only ask.
    from mason.project.runs.looking_ahead import outlook_of

    found = outlook_of(opened, plan, clients)
    for note in found.notes:
        tell(dryruns.as_sentence(note))
    for warning in found.warnings:
        tell(f"Warning: {warning}")
