"""What has to be confirmed before anything is done, as values: who asks, and how, is the caller's business.

A command line prints the questions and reads answers; a server shows them on a page. Both ask the same ones, in the
same order, and do nothing before the last of them was answered.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from mason.errors import DefinitionExistsError, ForeignProjectError
from mason.resources.address import title_of
from mason.resources.wording import shortened
from mason.values import dataclass

if TYPE_CHECKING:
    from mason.planner.plan import Plan
    from mason.project.opened import Project
    from mason.project.schedules.triggering import Putting
    from mason.runtime.prepared_run import PreparedRun

YES = "yes"


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A question to a person, and the word that has to be typed for a yes. Any other answer is a no."""

    question: str
    expected: str = YES


Confirm = Callable[[Confirmation], None]
"""Asks a person. Raises ``NotConfirmedError`` for any answer but the expected one, and for none."""


def of_plan(
    plan: Plan, question: str, *, approved: bool = False, overwrite: bool = False, take_over: Collection[str] = ()
) -> tuple[Confirmation, ...]:
    """What has to be confirmed before ``plan`` is applied.

    =========  ========================================================================================================
    question   what is asked at last, for the plan as a whole
    approved   whether the plan was approved beforehand, so that there is nobody to ask
    overwrite  whether definitions may be overwritten where there is nobody to ask
    take_over  the projects whose resources may be overwritten or deleted
    =========  ========================================================================================================

    Each other project from which the plan takes something is asked for by its name. Where there is nobody to ask,
    raises ``DefinitionExistsError`` for overwrites and ``ForeignProjectError`` for what other projects applied.
    """
    if approved and plan.overwrites and not overwrite:
        raise DefinitionExistsError(
            "\n".join(
                f"Definition already exists for {title_of(action.address)} (pass -o to overwrite)"
                for action in plan.overwrites
            )
        )
    asked = []
    for owner, addresses in plan.foreign.items():
        if owner in take_over:
            continue
        what = shortened(addresses)
        if approved:
            raise ForeignProjectError(f"{what}: applied by project {owner}. To take that over: --take-over {owner}")
        asked.append(Confirmation(f"Project {owner} applied {what}. Take that over?", owner))
    if not approved and not plan.is_empty:
        asked.append(Confirmation(question))
    return tuple(asked)


def of_run(prepared: PreparedRun, *, approved: bool = False) -> tuple[Confirmation, ...]:
    """What has to be confirmed before a run is done: nothing where it was ``approved`` beforehand, and where it cannot
    change anything."""
    if approved or prepared.plan.is_read_only:
        return ()
    return (Confirmation("Do the rest?" if prepared.run_id else "Do this?"),)


def of_schedule(*, approved: bool = False) -> tuple[Confirmation, ...]:
    """What has to be confirmed before a scheduler is given a schedule that the parameters of a run ask for."""
    return () if approved else (Confirmation("Put this schedule?"),)


def schedule_instead(project: Project, prepared: PreparedRun, *, ask_scheduler: bool = False) -> Putting | None:
    """The schedule that is to be put instead of running anything now, where the parameters say when a workflow runs;
    ``None`` where they do not. ``ask_scheduler`` finds out whether one of its name is there already.

    Raises as :func:`mason.project.schedules.triggering.plan_schedule`, and what the scheduler raises.
    """
    if not prepared.plan.schedule:
        return None
    # Imported here: most runs are done now.
    from mason.project.schedules import triggering

    return (triggering.prepare_schedule if ask_scheduler else triggering.plan_schedule)(project, prepared)
