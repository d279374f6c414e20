"""Use cases of workflows: prepare a run of one, and look at those that were applied. Nothing is called here."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mason import settings
from mason.engines.occasion import Occasion
from mason.errors import (
    MasonError,
)
from mason.project.applied import current_config, find, untouched
from mason.project.opening import Project
from mason.project.remembering import remember_applied
from mason.resources.config import Config
from mason.resources.kinds import uses_others
from mason.resources.workflow import Workflow
from mason.state.snapshot import Entry, Snapshot
from mason.values import dataclass, field

if TYPE_CHECKING:
    from mason.dryrun.kept import Kept
    from mason.dryrun.planned import WorkflowPlan
    from mason.engines.progress import Progress
    from mason.resources.workflow_file import WorkflowGiven
    from mason.state.outcome import Outcome

INTERRUPTED = "interrupted"

Tell = Callable[[Mapping[str, Any]], None]
"""Is told each event of a run, as it is written into the journal: ``event`` says what it is."""

Watch = Callable[[str, "Progress"], None]
"""Is told how far the work of a step is, by its id: perhaps many times a second, and from any thread."""


@dataclass(frozen=True, slots=True)
class PreparedWorkflow:
    """A run of a workflow that was checked and shown but not done. ``given`` is what it was prepared from.

    ``run_id``, ``done`` (how steps ended, by id), ``events`` (how many its journal had) and ``started_at`` are those
    of the run that is resumed. ``results`` are what steps of other runs returned that this one refers to.

    ``resource`` is the address of the run resource that is done by it, if it is one; ``keep`` are the steps whose
    results are asked for then, and ``new_id`` is what it is to be called. ``pending`` is what the state is told of it
    until it ended, and of a resumed one only if it has the parameters that it began with; ``tables`` are the events of
    its journal that tell of tables, by config, client, database and name. With ``alone`` false, whoever calls has led
    aside what operators print. ``occasion`` is the schedule that it is done for, if there is one.
    """

    plan: WorkflowPlan
    serial: int
    given: WorkflowGiven
    run_id: str = ""
    done: Mapping[str, Mapping[str, Any]] | None = None
    events: int = 0
    started_at: str = ""
    results: Mapping[str, list[Any] | str] = field(default_factory=dict)
    resource: str = ""
    keep: frozenset[str] = frozenset()
    new_id: str = ""
    pending: Outcome | None = None
    tables: Mapping[tuple[str, str, str, str], Mapping[str, Any]] = field(default_factory=dict)
    alone: bool = True
    occasion: Occasion | None = None


@dataclass(frozen=True, slots=True)
class RunEnd:
    """How a run ended: ``succeeded``, ``failed`` or ``interrupted``, and its record as the history keeps it.

    ``failure`` is what kept the run itself (and not one of its steps) from going on, such as a disk without room for
    its journal. ``outcome`` is what the state is to be told of it, where it is the run of a run resource.
    """

    run_id: str
    status: str
    record: Mapping[str, Any]
    warning: str = ""
    failure: MasonError | None = None
    outcome: Outcome | None = None


def read_workflow_parameters(file: Path | None, pairs: Collection[str]) -> WorkflowGiven:
    """The parameters of ``-f FILE`` (step id to ``config_id`` and ``parameters``) and of ``-p step.name:value``."""
    from mason.resources import parameters
    from mason.resources.workflow_file import read_workflow_file

    return read_workflow_file(file, parameters.parse_pairs(pairs))


def prepare_workflow(
    project: Project, names: tuple[str, str], given: WorkflowGiven, *, config_id: str = ""
) -> PreparedWorkflow:
    """Check an applied workflow, its parameters and the configs of its steps, and make its dry run; nothing is called.

    Raises ``NotFoundError`` for an unknown workflow, and ``ParameterError`` with all faults of all steps.
    """
    snapshot = project.store.read()
    remember_applied(project.settings, snapshot)
    (address,) = find(snapshot, "workflow", names)
    return prepare_work(project, snapshot, address, given, config_id=config_id or current_config(snapshot))


def prepare_work(
    project: Project,
    snapshot: Snapshot,
    address: str,
    given: WorkflowGiven,
    *,
    config_id: str,
    kept: Kept | None = None,
) -> PreparedWorkflow:
    """As :func:`prepare_workflow`, for an operator too, and against a snapshot that was read already.

    ``kept`` tells which steps of a run that is resumed are done.
    """
    from mason.clients import registry
    from mason.dryrun import configuration, prepare
    from mason.dryrun.run_results import results_of_runs

    def lookup(wanted: str) -> Entry | None:
        if wanted not in snapshot.resources:
            return None
        entry = untouched(snapshot, wanted, snapshot.resources)
        if wanted.startswith("config."):
            # Before anything is shown: a parameter may hold what a reference of the config will become.
            config = Config.from_definition(entry.definition)
            configuration.remember_secrets(config, registry, lambda: settings.environment(project.settings))
        return entry

    plan = prepare.prepare(
        address,
        given,
        lookup=lookup,
        read_source=project.store.get_source,
        catalog=registry,
        config_id=config_id,
        kept=kept,
    )
    references = [reference for step in plan.steps for reference in step.references]
    return PreparedWorkflow(plan, snapshot.serial, given, results=results_of_runs(references, snapshot))


def applied_workflow(project: Project, names: tuple[str, str]) -> Workflow:
    """A workflow as it was applied. Raises ``NotFoundError`` that suggests a near name."""
    (entry,) = find(project.store.read(), "workflow", names).values()
    return Workflow.from_definition(entry.definition)


def applied_uses(project: Project) -> dict[str, list[str]]:
    """All applied resources, and for each the addresses of those that it uses and that there are."""
    from mason.planner.integrity import references_of

    snapshot = project.store.read()
    uses: dict[str, list[str]] = {address: [] for address in sorted(snapshot.resources)}
    for address, entry in snapshot.select([each for each in uses if uses_others(each)]).items():
        uses[address] = [used for used in references_of(entry) if used in uses]
    return uses
