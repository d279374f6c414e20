"""Use cases of workflows: prepare a run and show it, execute it with a journal, and resume what was interrupted."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mason import secrets, settings
from mason.errors import ConflictError, MasonError, StateError, TransientEngineError
from mason.project import Clients, Project, current_config, find, untouched
from mason.resources.kinds import Config, Workflow
from mason.state.snapshot import Entry

if TYPE_CHECKING:
    from mason.engines.engine import Engine
    from mason.planner.answer import Answer
    from mason.planner.nodes import Ended
    from mason.planner.walk import Control
    from mason.planner.workflow import PlannedStep, WorkflowPlan
    from mason.resources.workflow_file import WorkflowGiven

INTERRUPTED = "interrupted"
_KEPT = ("succeeded", "skipped")

Tell = Callable[[Mapping[str, Any]], None]
"""Is told each event of a run, as it is written into the journal: ``event`` says what it is."""


@dataclass(frozen=True, slots=True)
class PreparedWorkflow:
    """A run of a workflow that was checked and shown but not done. ``given`` is what it was prepared from.

    ``run_id`` and ``done`` (how steps ended, by id) are those of the run that is resumed.
    """

    plan: WorkflowPlan
    serial: int
    given: WorkflowGiven
    run_id: str = ""
    done: Mapping[str, Mapping[str, Any]] | None = None


@dataclass(frozen=True, slots=True)
class RunEnd:
    """How a run ended: ``succeeded``, ``failed`` or ``interrupted``, and its record as the history keeps it."""

    run_id: str
    status: str
    record: Mapping[str, Any]
    warning: str = ""


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
    from mason.clients import registry
    from mason.planner import configuration, workflow

    snapshot = project.store.read()
    (address,) = find(snapshot, "workflow", names)

    def lookup(wanted: str) -> Entry | None:
        if wanted not in snapshot.resources:
            return None
        entry = untouched(snapshot, wanted, snapshot.resources)
        if wanted.startswith("config."):
            # Before anything is shown: a parameter may hold what a reference of the config will become.
            config = Config.from_definition(entry.definition)
            configuration.remember_secrets(config, registry, lambda: settings.environment(project.settings))
        return entry

    plan = workflow.prepare(
        address,
        given,
        lookup=lookup,
        read_source=project.store.get_source,
        catalog=registry,
        config_id=config_id or current_config(snapshot),
    )
    return PreparedWorkflow(plan, snapshot.serial, given)


def execute_workflow(
    project: Project, prepared: PreparedWorkflow, *, parallelism: int, tell: Tell, control: Control
) -> RunEnd:
    """Walk the DAG, write its journal, and keep its record in the history.

    What a step returns is kept for the steps that refer to it. ``control`` ends the run early; what was done stays
    done. Raises ``StateError`` when the journal cannot be written, ``ConflictError`` when the run goes on elsewhere.
    """
    from mason.planner import history
    from mason.planner.nodes import Node
    from mason.planner.output import aside
    from mason.planner.retry import Retry
    from mason.planner.walk import walk
    from mason.state.journal import Journal

    started = datetime.now(timezone.utc)
    run_id = prepared.run_id or history.new_run_id(started)
    done = prepared.done or {}
    with Journal.resume(run_id) if prepared.run_id else Journal.create(run_id) as journal:
        run = _Run(project, prepared, run_id, journal.write, tell, started)
        run.begin(parallelism)
        nodes = [
            Node(
                step.id,
                step.dependencies,
                step.trigger_rule,
                Retry.parse(step.retry, step.retry_max) if step.retry else None,
                step.timeout,
            )
            for step in prepared.plan.steps
        ]
        try:
            with aside():
                ended = walk(
                    nodes,
                    run.work,
                    parallelism=parallelism,
                    observer=run,
                    done={step: _ended(event) for step, event in done.items()},
                    control=control,
                    retryable=_is_worth_a_retry,
                )
        finally:
            run.close()
        return run.end({step: each.status for step, each in ended.items()})


def prepare_resumption(
    project: Project, run_id: str, given: WorkflowGiven | None, *, config_id: str = ""
) -> PreparedWorkflow:
    """The rest of a run that failed or was interrupted: what succeeded is kept.

    ``given`` are other parameters for steps that are not done yet (``None``: those that the run had). Raises
    ``StateError`` when this machine has no journal of it, ``ConflictError`` when it goes on or has nothing left to do.
    """
    from mason.resources.parameters import Given
    from mason.resources.workflow_file import given_for_workflow
    from mason.state.journal import is_going_on, read_journal

    events = read_journal(run_id)
    if not events or events[0].get("event") != "begun":
        raise StateError(f"This machine has no journal of run {run_id}: resume it where it ran.")
    if is_going_on(run_id):
        raise ConflictError(f"Run {run_id} goes on in another process. Wait until it has ended.")
    begun = next(each for each in reversed(events) if each.get("event") in ("begun", "resumed"))
    if given is None:
        if secrets.REDACTED in str(begun["given"]):
            raise StateError(
                f"Run {run_id} had a secret among its parameters, which is kept nowhere. Give its parameters again, "
                "with -f or -p."
            )
        given = given_for_workflow(begun["given"]["file"], Given(begun["given"]["pairs"]))
    names = tuple(begun["address"].split(".")[1:])
    prepared = prepare_workflow(project, (names[0], names[1]), given, config_id=config_id or begun["config_id"])
    done = _kept(prepared.plan.steps, {each["step"]: each for each in events if each.get("event") == "ended"})
    if len(done) == len(prepared.plan.steps):
        raise ConflictError(f"Run {run_id} succeeded; there is nothing left to do.")
    return replace(prepared, run_id=run_id, done=done)


def _kept(steps: Collection[PlannedStep], ended: Mapping[str, Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """How those steps ended that need not be done again: they and all that they came after went well. What came after a
    failure (to clean up, say) depended on it, and is decided anew."""
    kept: dict[str, Mapping[str, Any]] = {}
    for step in steps:
        if ended.get(step.id, {}).get("status") in _KEPT and all(name in kept for name in step.dependencies):
            kept[step.id] = ended[step.id]
    return kept


class _Run:
    """One walk: does the work of steps, writes what happens into the journal, and tells it."""

    def __init__(
        self,
        project: Project,
        prepared: PreparedWorkflow,
        run_id: str,
        write: Callable[[Mapping[str, Any]], None],
        tell: Tell,
        started: datetime,
    ) -> None:
        self._project = project
        self._prepared = prepared
        self._steps = {step.id: step for step in prepared.plan.steps}
        self._referred = {reference.step for step in prepared.plan.steps for reference in step.references}
        self._write = write
        self._tell = tell
        self._id = run_id
        self._started = started
        self._lock = threading.Lock()
        self._clients: dict[object, Clients] = {}
        self._results: dict[str, list[Any] | str] = {
            step: each.get("data", []) if each["status"] == "succeeded" else each["status"]
            for step, each in (prepared.done or {}).items()
        }
        self._told: list[dict[str, Any]] = [dict(each) for each in (prepared.done or {}).values()]

    def begin(self, parallelism: int) -> None:
        """Write that the run begins, before anything is done."""
        plan, given = self._prepared.plan, self._prepared.given
        self._note(
            "resumed" if self._prepared.run_id else "begun",
            run_id=self._id,
            address=plan.address,
            config_id=plan.config_id,
            digests=dict(plan.digests),
            serial=self._prepared.serial,
            given={
                "file": {**given.steps, "strict": given.strict},
                "pairs": dict(given.pairs.values),
            },
            parallelism=parallelism,
            pid=os.getpid(),
        )
        self._project.store.put_run(self._id, self._record("running"))

    def work(self, step_id: str, attempt: int) -> list[Any]:
        """Do one step; what it returns is its ``Data``. Raises what made it fail."""
        from mason.planner import executor
        from mason.planner.workflow import resolve

        step = self._steps[step_id]
        shown = replace(step.shown, parameters=resolve(step, self._results))
        answer = executor.execute(step.operator, shown, self._engines(step), source=step.source, alone=False)
        self._note_messages(step_id, attempt, answer)
        if answer.failure is not None:
            raise answer.failure
        return answer.data

    def _engines(self, step: PlannedStep) -> Callable[[str], Engine]:
        with self._lock:
            # Steps of one config may need different engines, and choose different clients for them.
            key = (step.config.id, tuple(sorted(step.shown.clients.items())))
            if key not in self._clients:
                self._clients[key] = Clients(self._project.settings, step.config, step.shown.clients)
            clients = self._clients[key]

        def engine(role: str) -> Engine:
            with self._lock:
                return clients.engine(role)

        return engine

    def _note_messages(self, step_id: str, attempt: int, answer: Answer) -> None:
        for kind, messages in (("info", answer.info), ("warning", answer.warnings), ("error", answer.errors)):
            for message in messages:
                self._note("said", step=step_id, attempt=attempt, kind=kind, message=message)

    # What the walk tells; see mason.planner.nodes.Observer.

    def ready(self, id: str) -> None:
        """Nothing to write: a step that is ready begins, or is told to have ended."""

    def started(self, id: str, attempt: int) -> None:
        """An attempt begins."""
        self._note("started", step=id, attempt=attempt)

    def retrying(self, id: str, attempt: int, delay: float, error: BaseException) -> None:
        """An attempt failed, and there will be another."""
        self._note("retrying", step=id, attempt=attempt, delay=round(delay, 3), error=str(error))

    def ended(self, id: str, ended: Ended) -> None:
        """A step ended. Its result is there for others before any of them begins."""
        succeeded = ended.status == "succeeded"
        self._results[id] = ended.result if succeeded else ended.status
        kept = {"data": ended.result} if succeeded and id in self._referred else {}
        self._told.append(
            self._note(
                "ended",
                step=id,
                status=ended.status,
                attempts=ended.attempts,
                error=str(ended.error) if ended.error is not None else "",
                started_at=ended.started.isoformat(timespec="milliseconds") if ended.started else "",
                finished_at=ended.finished.isoformat(timespec="milliseconds") if ended.finished else "",
                **kept,
            )
        )

    def end(self, statuses: Mapping[str, str]) -> RunEnd:
        """Write how the run ended, and keep its record. A record that cannot be kept is a warning."""
        found = set(statuses.values())
        status = (
            INTERRUPTED
            if found & {"interrupted", "cancelled"}
            else "failed"
            if found & {"failed", "upstream_failed"}
            else "succeeded"
        )
        self._note("finished", status=status)
        record = self._record(status)
        warning = ""
        try:
            self._project.store.put_run(self._id, record)
        except MasonError as error:
            warning = f"The record of this run could not be kept: {error}"
        return RunEnd(self._id, status, record, warning)

    def close(self) -> None:
        """Close the clients that steps opened."""
        for clients in self._clients.values():
            clients.close()

    def _record(self, status: str) -> dict[str, Any]:
        from mason.planner import history

        plan = self._prepared.plan
        # Results are of use to the steps that follow and to nobody who reads the history.
        steps = [
            {key: value for key, value in each.items() if key not in ("event", "data", "at")} for each in self._told
        ]
        return history.workflow_record(
            plan.address,
            status,
            config_id=plan.config_id,
            digests=plan.digests,
            parameters={step.id: dict(step.parameters) for step in plan.steps},
            steps=steps,
            serial=self._prepared.serial,
            started=self._started,
        )

    def _note(self, event: str, **facts: Any) -> dict[str, Any]:
        at = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
        noted: dict[str, Any] = secrets.scrub_all({"event": event, "at": at, **facts})
        self._write(noted)
        self._tell(noted)
        return noted


def _ended(event: Mapping[str, Any]) -> Ended:
    from mason.planner.nodes import Ended

    return Ended(event["status"], event.get("attempts", 0), event.get("data", []))


def _is_worth_a_retry(error: BaseException) -> bool:
    """Whether another attempt may go better: not where the parameters or the config are wrong."""
    from mason.errors import MissingDependencyError, ParameterError, UnsupportedVerbError

    if isinstance(error, TransientEngineError):
        return True
    return isinstance(error, Exception) and not isinstance(
        error, (MissingDependencyError, ParameterError, UnsupportedVerbError)
    )


# --- pictures ---------------------------------------------------------------------------------------------------------


def applied_workflow(project: Project, names: tuple[str, str]) -> Workflow:
    """A workflow as it was applied. Raises ``NotFoundError`` that suggests a near name."""
    (entry,) = find(project.store.read(), "workflow", names).values()
    return Workflow.from_definition(entry.definition)


def applied_uses(project: Project) -> dict[str, list[str]]:
    """All applied resources, and for each the addresses of those that it uses and that there are."""
    snapshot = project.store.read()
    uses: dict[str, list[str]] = {address: [] for address in sorted(snapshot.resources)}
    for address, entry in find(snapshot, "workflow").items():
        steps = Workflow.from_definition(entry.definition).steps
        uses[address] = [used for used in dict.fromkeys(step.address for step in steps) if used in uses]
    return uses


# --- the history ------------------------------------------------------------------------------------------------------


def list_runs(project: Project, *, most: int = 0) -> list[tuple[str, dict[str, Any]]]:
    """The ids and records of runs, newest first, at most so many (0: all)."""
    ids = project.store.list_runs()[::-1]
    return [(run_id, show_run(project, run_id)) for run_id in (ids[:most] if most else ids)]


def show_run(project: Project, run_id: str) -> dict[str, Any]:
    """One record. A run that this machine began and no process is doing any more is ``interrupted``, and has the steps
    that its journal tells. Raises ``StateError`` for an unknown id."""
    from mason.state.journal import is_going_on, read_journal

    record = project.store.get_run(run_id)
    if record.get("status") != "running" or "steps" not in record:
        return record
    events = read_journal(run_id)
    if events is None:
        return record
    steps = {each["step"]: _without(each, "event", "data", "at") for each in events if each.get("event") == "ended"}
    status = "running" if is_going_on(run_id) else INTERRUPTED
    return {**record, "status": status, "steps": list(steps.values())}


def run_events(project: Project, run_id: str) -> list[dict[str, Any]]:
    """What happened in a run, event by event. Raises ``StateError`` where this machine has no journal of it."""
    from mason.state.journal import read_journal

    project.store.get_run(run_id)
    events = read_journal(run_id)
    if events is None:
        raise StateError(f"This machine has no journal of run {run_id}: its logs are where it ran.")
    return [_without(event, "data") for event in events]


def cancel_run(run_id: str) -> int:
    """Ask the process that does a run to finish what it is at and begin nothing new; returns the process's id.

    Raises ``StateError`` for a run of another machine, and ``ConflictError`` for one that nobody is doing.
    """
    import signal

    from mason.state.journal import is_going_on, read_journal

    events = read_journal(run_id)
    if events is None:
        raise StateError(f"This machine has no journal of run {run_id}: cancel it where it runs.")
    if not is_going_on(run_id):
        raise ConflictError(f"Run {run_id} has ended; there is nothing to cancel.")
    pid = next(int(event["pid"]) for event in reversed(events) if event.get("event") in ("begun", "resumed"))
    os.kill(pid, signal.SIGINT)
    return pid


def _without(event: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in event.items() if key not in keys}
