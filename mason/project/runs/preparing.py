"""Use cases of runs of workflows: prepare one, and look at workflows that were applied. Nothing is called here."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from mason import settings
from mason.project.applied import current_config, find, untouched
from mason.project.given_variables import fill_workflow
from mason.project.opened import Project, usable_source
from mason.project.remembering import remember_applied
from mason.resources.config import Config
from mason.resources.kinds import uses_others
from mason.resources.workflow import Workflow
from mason.runtime.prepared_run import PreparedRun
from mason.state.serials import meet
from mason.state.snapshot import Entry, Snapshot

if TYPE_CHECKING:
    from mason.dryrun.kept import Kept
    from mason.resources.workflow_file import WorkflowGiven


def read_workflow_parameters(file: Path | None, pairs: Collection[str]) -> WorkflowGiven:
    """The parameters of ``-f FILE`` (step id to ``config_id`` and ``parameters``) and of ``-p step.name:value``."""
    from mason.resources import parameters
    from mason.resources.workflow_file import read_workflow_file

    return read_workflow_file(file, parameters.parse_pairs(pairs))


def prepare_workflow(
    project: Project, names: tuple[str, str], given: WorkflowGiven, *, config_id: str = ""
) -> PreparedRun:
    """Check an applied workflow, its parameters and the configs of its steps, and make its dry run; nothing is called.

    Raises ``NotFoundError`` for an unknown workflow, and ``ParameterError`` with all faults of all steps.
    """
    snapshot = meet(project.store.read(), project.store.url)
    remember_applied(project.settings, snapshot)
    (address,) = find(snapshot, "workflow", names)
    given = fill_workflow(project, given)
    return prepare_work(project, snapshot, address, given, config_id=config_id or current_config(snapshot))


def prepare_work(
    project: Project,
    snapshot: Snapshot,
    address: str,
    given: WorkflowGiven,
    *,
    config_id: str,
    kept: Kept | None = None,
) -> PreparedRun:
    """As :func:`prepare_workflow`, for an operator too, and against a snapshot that was read already.

    ``kept`` tells which steps of a run that is resumed are done.
    """
    from mason.clients import registry
    from mason.dryrun import configuration, prepare
    from mason.dryrun.run_results import results_of_runs

    def lookup(wanted: str) -> Entry | None:
        if wanted not in snapshot.resources:
            return None
        entry = untouched(project, snapshot, wanted, snapshot.resources)
        if wanted.startswith("config."):
            # Before anything is shown: a parameter may hold what a reference of the config will become.
            config = Config.from_definition(entry.definition)
            configuration.remember_secrets(config, registry, lambda: settings.environment(project.settings))
        return entry

    plan = prepare.prepare(
        address,
        given,
        lookup=lookup,
        read_source=lambda digest: usable_source(project.store, digest),
        catalog=registry,
        config_id=config_id,
        kept=kept,
    )
    references = [reference for step in plan.steps for reference in step.references]
    file = {**given.steps, **({} if given.strict else {"strict": False})}
    checks = {step: [check.to_dict() for check in each] for step, each in given.checks.items()}
    return PreparedRun(
        plan,
        snapshot.serial,
        {"file": file, "pairs": dict(given.pairs.values), **({"checks": checks} if checks else {})},
        results=results_of_runs(references, snapshot),
    )


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
