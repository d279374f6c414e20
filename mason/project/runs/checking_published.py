"""Use case of looking at the checks of runs once more, at what they published. Nothing is changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mason.engines.checking import FAILED, Asked
from mason.engines.execution import Execution
from mason.engines.models import Location, Table
from mason.errors import EngineError, MasonError, NotFoundError, UnsupportedVerbError
from mason.project.applied import untouched
from mason.project.opened import Project
from mason.resources.address import run_address
from mason.resources.wording import suggestion
from mason.secrets import scrub, scrub_all
from mason.state.outcome import Outcome
from mason.values import dataclass

if TYPE_CHECKING:
    from mason.dryrun.planned import PlannedStep
    from mason.project.runs.clients import Clients
    from mason.state.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Published:
    """What came of the checks of one step of a run. ``output`` is where its table is; ``why`` says why nobody could
    look, and is empty where the ``results`` are there."""

    address: str
    step: str
    output: str = ""
    results: tuple[Mapping[str, Any], ...] = ()
    why: str = ""

    @property
    def holds(self) -> bool:
        """Whether all checks were looked at and none failed."""
        return not self.why and not any(each["status"] == FAILED for each in self.results)


def check_published(project: Project, names: Sequence[str] = ()) -> list[Published]:
    """What came of the checks of applied runs, all that have some or those of these ``names`` (or addresses).

    Raises ``NotFoundError`` for a run that was not applied or has no checks.
    """
    snapshot = project.store.read()
    known = sorted(address for address in snapshot.resources if address.startswith("run."))
    wanted = [name if name.startswith("run.") else run_address(name) for name in names] or known
    found: list[Published] = []
    for address in wanted:
        if address not in known:
            remedy = suggestion(address, known, "applied are")
            raise NotFoundError(f"There is no {address} in the state{f' ({remedy})' if remedy else ''}.")
        of_run = list(_of_run(project, snapshot, address))
        if names and not of_run:
            raise NotFoundError(
                f"{address} has no checks. Write some below checks: in it, or at a step of its workflow."
            )
        found += of_run
    return found


def _of_run(project: Project, snapshot: Snapshot, address: str) -> Iterator[Published]:
    # Imported here: this brings all that plans runs.
    from mason.planner.runs_and_schedules import given_of
    from mason.project.runs.preparing import prepare_work
    from mason.project.runs.step_clients import StepClients
    from mason.resources.run import Run

    entry = untouched(project, snapshot, address, snapshot.resources)
    run, outcome = Run.from_definition(entry.definition), Outcome.of(entry)
    if not run.checks and not _has_checks(snapshot, run.work):
        return
    try:
        given = given_of(run.work, run.parameters, None, lambda resource, path: 0, run.checks)
        prepared = prepare_work(project, snapshot, run.work, given, config_id=run.config_id)
    except MasonError as error:
        yield Published(address, "", why=scrub(str(error)))
        return
    clients = StepClients(project)
    try:
        for step in prepared.plan.steps:
            if step.checks:
                rows = outcome.rows.get(step.id) if outcome is not None else None
                yield _of_step(address, step, clients.of(step), rows)
    finally:
        clients.close()


def _has_checks(snapshot: Snapshot, work: str) -> bool:
    """Whether a step of a workflow, or of one within it, has checks: known also where it cannot be made ready."""
    from mason.resources.workflow import Workflow, is_workflow

    entry = snapshot.resources.get(work)
    if entry is None or not is_workflow(work):
        return False
    # No workflow that was applied contains itself.
    steps = Workflow.from_definition(entry.definition).steps
    return any(step.checks or _has_checks(snapshot, step.address) for step in steps)


def _of_step(address: str, step: PlannedStep, clients: Clients, rows: int | None) -> Published:
    from mason.dryrun.checks_of_steps import OUTPUT, writes_table
    from mason.runtime.output import aside

    writing = next((call for call in step.shown.calls if writes_table(call)), None)
    output = str(writing.arguments.get(OUTPUT)) if writing is not None and writing.known else ""
    if not output or any(reference.text in output for reference in step.references):
        return Published(address, step.id, why="where it writes shows only when it runs")
    try:
        with aside():
            table = _table(step, clients, output)
            execution = clients.engine("execution")
            assert isinstance(execution, Execution), "the engine of that name is one"
            results = execution.check_table(table, Asked(step.checks, rows))
    except MasonError as error:
        return Published(address, step.id, output, why=scrub(str(error)))
    return Published(address, step.id, output, tuple(scrub_all(results)))


def _table(step: PlannedStep, clients: Clients, output: str) -> Table:
    """The table at ``output``, a path of the config's storage, as the execution engine is given it."""
    from mason.clients import registry
    from mason.runtime.context import ask

    storage = step.shown.clients.get("storage", "")
    able = registry.roles(step.config.type_of(storage)).get("storage", frozenset()) if storage else frozenset()
    if "infer_table" not in able:
        raise UnsupportedVerbError(f"Config {step.config.id} has no storage that can tell what is at {output}.")
    table = ask(storage, clients.engine, "storage", "infer_table", output)
    if not isinstance(table, Table):
        raise EngineError(f"Client {storage} tells no table at {output}.")
    if storage != step.shown.clients.get("execution"):
        table = replace(table, location=Location(ask(storage, clients.engine, "storage", "locate", output)))
    return table
