"""Use cases of runs and schedules as resources: looking at inputs for a plan, and doing what a confirmed plan says."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING, Any

from mason.dryrun.calls import Call
from mason.dryrun.references import Unresolved, look_up
from mason.dryrun.run_results import digest_of_value, referred_steps
from mason.engines.models import Schedule as ScheduleModel
from mason.errors import ConflictError, MasonError, NotFoundError, StalePlanError, StateError, UnsupportedVerbError
from mason.planner.plan import Action, Plan
from mason.planner.runs_and_schedules import changed_inputs, given_of, unready
from mason.planner.saved.planfile import encode_step
from mason.project.applied import untouched
from mason.project.opened import Project
from mason.project.runs.clients import Clients
from mason.project.runs.preparing import prepare_work
from mason.project.runs.running import execute_run
from mason.resources.address import config_address, kind_of
from mason.resources.config import Config
from mason.resources.kinds import effect_of
from mason.resources.run import Run
from mason.resources.schedule import Schedule
from mason.runtime import records
from mason.runtime.apply import Performance
from mason.runtime.context import ask
from mason.runtime.output import aside
from mason.runtime.prepared_run import PreparedRun, RunEnd
from mason.secrets import scrub
from mason.state.outcome import Outcome
from mason.state.snapshot import Entry, Snapshot
from mason.values import dataclass

if TYPE_CHECKING:
    from mason.engines.engine import Engine
    from mason.runtime.workers import Control

TellOf = Callable[[str, Mapping[str, Any]], None]
"""Is told each event of a run, with the address of the resource that it belongs to."""


class Inputs:
    """Looks at inputs of runs, with read-only verbs. Opens a client once for each config; to be closed in the end."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._clients: dict[str, Clients] = {}

    def fingerprints(self, config: Config, run: Run) -> dict[str, str]:
        """The fingerprints of a run's inputs, by the paths as they are written.

        Raises ``UnsupportedVerbError`` when the config has no storage that can tell, and what the storage raises.
        """
        client, engine = self._storage(config)
        content = run.compare == "content"
        with aside():
            return {path: ask(client, engine, "storage", "fingerprint", path, content=content) for path in run.inputs}

    def columns(self, config: Config, run: Run, paths: Sequence[str]) -> dict[str, dict[str, str]]:
        """The columns of those of a run's inputs at ``paths`` that are a table: their types by their names."""
        from mason.clients import registry

        client, engine = self._storage(config)
        if "infer_table" not in registry.roles(config.type_of(client)).get("storage", frozenset()):
            return {}
        found = {}
        with aside():
            for path in paths:
                # What is no table has no columns: a folder of pictures, or nothing at all.
                with suppress(MasonError):
                    table = ask(client, engine, "storage", "infer_table", path)
                    if table.schema is not None:
                        found[path] = table.types
        return found

    def _storage(self, config: Config) -> tuple[str, Callable[[str], Engine]]:
        client = _able_storage(config)
        if config.id not in self._clients:
            self._clients[config.id] = Clients(self._project, config, {"storage": client})
        return client, self._clients[config.id].engine

    def close(self) -> None:
        """Close the clients."""
        for clients in self._clients.values():
            clients.close()


def _able_storage(config: Config) -> str:
    from mason.clients import registry

    for client in config.engines["storage"]:
        if "fingerprint" in registry.roles(config.type_of(client)).get("storage", frozenset()):
            return client
    raise UnsupportedVerbError(f"Config {config.id} has no storage that can tell whether files changed.")


class Performer:
    """Does the actions of one plan that call engines; see ``mason.runtime.apply.Perform``."""

    def __init__(self, project: Project, plan: Plan, *, parallelism: int, tell: TellOf, control: Control) -> None:
        self._project = project
        self._plan = plan
        self._parallelism = parallelism
        self._tell = tell
        self._control = control
        # Runs are made ready in threads.
        self._lock = threading.Lock()
        self._referred: Mapping[str, frozenset[str]] | None = None

    def __call__(self, action: Action, snapshot: Snapshot) -> Performance | None:
        """What is to be done for ``action``; nothing for a conditional run that is not needed."""
        if effect_of(action.address) == "put":
            return self._schedule(action, snapshot)
        return self._run(action, snapshot)

    def _schedule(self, action: Action, snapshot: Snapshot) -> Performance:
        if action.wanted is None:
            entry = untouched(self._project, snapshot, action.address, snapshot.resources)
            pending = replace(Outcome.of(entry) or Outcome("pending"), status="pending")
            return _Taking(self._project, snapshot, action, entry.definition, pending)
        schedule = Schedule.from_definition(json.loads(action.wanted.encoded))
        given = given_of(schedule.work, schedule.parameters, None, _nowhere)
        prepared = prepare_work(self._project, snapshot, schedule.work, given, config_id=schedule.config_id)
        _refuse_others(action, prepared)
        call = next(call for call in action.calls if call.verb == "put_schedule")
        outcome = Outcome("pending", client=call.client, uses=prepared.plan.behaviours)
        return _Putting(self._project, _config(self._project, snapshot, schedule.config_id), call, outcome)

    def _run(self, action: Action, snapshot: Snapshot) -> Performance | None:
        assert action.wanted is not None, "a run that is done is defined"
        run = Run.from_definition(json.loads(action.wanted.encoded))
        given = given_of(run.work, run.parameters, None, _nowhere, run.checks)
        prepared = prepare_work(self._project, snapshot, run.work, given, config_id=run.config_id)
        _refuse_others(action, prepared)
        if lacking := unready(json.loads(action.wanted.encoded), snapshot.resources.get):
            raise StateError(f"{'; '.join(lacking.values())}. It was not begun: plan and apply them together.")
        config = _config(self._project, snapshot, run.config_id)
        returned = _given_by_runs(prepared)
        before = Outcome.from_dict(action.outcome) or Outcome.of(
            snapshot.resources.get(action.moved_from or action.address)
        )
        with closing(Inputs(self._project)) as seen:
            inputs = seen.fingerprints(config, run) if run.inputs else {}
            if (
                action.is_conditional
                and before is not None
                and before.status == "succeeded"
                and dict(before.given) == returned
                and not any(changed_inputs(inputs, before))
            ):
                return None
            columns = seen.columns(config, run, run.inputs) if run.inputs else {}
        if before is not None and before.run_id:
            _refuse_unsettled(action.address, before.run_id)
        run_id = records.new_run_id(datetime.now(timezone.utc))
        keep = self._referred_to(snapshot).get(run.name, frozenset())
        outcome = Outcome("pending", run_id=run_id, uses=prepared.plan.behaviours, inputs=inputs, given=returned)
        if before is not None:
            outcome = replace(outcome, rows=before.rows, columns=before.columns)
        prepared = replace(prepared, resource=action.address, new_id=run_id, keep=keep, pending=outcome, alone=False)
        look = partial(self._fingerprints, config, run) if run.inputs else None
        return _Running(self, prepared, outcome, look, columns)

    def warn_of_changes(self, resource: str, seen: Mapping[str, str], look: Callable[[], Mapping[str, str]]) -> None:
        """Tell which inputs changed while a run went on: it did perhaps not see them, and is planned again."""
        try:
            now = look()
        except MasonError:
            # The next plan says what is wrong.
            return
        if changed := [path for path, fingerprint in now.items() if seen.get(path) != fingerprint]:
            message = (
                f"{', '.join(changed)} changed while it ran, so it will be planned again. "
                "If it writes there itself, leave that out of its inputs"
            )
            self._tell(resource, {"event": "said", "step": "inputs", "kind": "warning", "message": message})

    def warn(self, resource: str, message: str) -> None:
        """Tell what is to be warned of, after a run."""
        self._tell(resource, {"event": "said", "step": "warning", "kind": "warning", "message": message})

    def _fingerprints(self, config: Config, run: Run) -> dict[str, str]:
        with closing(Inputs(self._project)) as inputs:
            return inputs.fingerprints(config, run)

    def _referred_to(self, snapshot: Snapshot) -> Mapping[str, frozenset[str]]:
        """The steps whose results others refer to, by the names of their runs; those of the plan as they will be.

        The definitions are there before anything is done, so it is found out once.
        """
        with self._lock:
            if self._referred is None:
                runs = {
                    action.address: Entry(
                        kind_of(action.address), action.wanted.digest, json.loads(action.wanted.encoded)
                    )
                    for action in self._plan.actions
                    if effect_of(action.address) and action.wanted is not None
                }
                self._referred = _referred_to(dict(snapshot.resources) | runs)
            return self._referred

    def execute(self, prepared: PreparedRun) -> RunEnd:
        """Do a run that was made ready."""
        return execute_run(
            self._project,
            prepared,
            parallelism=self._parallelism,
            tell=partial(self._tell, prepared.resource),
            control=self._control,
        )


@dataclass(frozen=True, slots=True)
class _Running:
    """A run that is about to begin."""

    performer: Performer
    prepared: PreparedRun
    pending: Outcome
    look: Callable[[], Mapping[str, str]] | None
    columns: Mapping[str, Mapping[str, str]]

    def do(self) -> Outcome:
        """Do it."""
        try:
            end = self.performer.execute(self.prepared)
        except MasonError as error:
            # It did not even begin: nothing tells of it under its id.
            return replace(self.pending, status="failed", run_id="", error=scrub(str(error)))
        if self.look is not None and end.status == "succeeded":
            self.performer.warn_of_changes(self.prepared.resource, self.pending.inputs, self.look)
        if end.warnings:
            self.performer.warn(self.prepared.resource, " ".join(end.warnings))
        assert end.outcome is not None, "the run of a resource has one"
        return replace(end.outcome, columns=self.columns) if end.status == "succeeded" else end.outcome


def referred_to(resource: str, snapshot: Snapshot) -> frozenset[str]:
    """The steps of an applied run whose results other applied runs and schedules refer to."""
    return _referred_to(snapshot.resources).get(resource.partition(".")[2], frozenset())


def settle(project: Project, prepared: PreparedRun, end: RunEnd) -> str:
    """Tell the state, whose lock is held, how the resumed run of a run resource ended; returns what to warn of.

    A run that was resumed with other parameters did not do what its definition says: the state stays as it is.
    """
    if end.outcome is None:
        return f"{prepared.resource} was resumed with other parameters than its definition has: it stays to be done."
    try:
        snapshot = project.store.read()
        entry = snapshot.resources.get(prepared.resource)
        before = Outcome.of(entry)
        if entry is None or before is None or before.run_id != end.run_id:
            return f"{prepared.resource} was done again, or is gone, since that run: the state stays as it is."
        known = dict(snapshot.resources)
        # What its inputs looked like when it was resumed, nobody has looked at.
        outcome = replace(end.outcome, columns={}) if end.status == "succeeded" else end.outcome
        told = replace(entry, outcome=outcome.to_dict())
        project.store.write(known | {prepared.resource: told}, base=snapshot)
    except MasonError as error:
        return f"The state could not be told how {prepared.resource} ended: {error}"
    return ""


@dataclass(frozen=True, slots=True)
class _Putting:
    """A schedule that is about to be put."""

    project: Project
    config: Config
    call: Call
    pending: Outcome

    def do(self) -> Outcome:
        """Put it."""
        schedule, overwrite = self.call.arguments["schedule"], self.call.arguments["overwrite"]
        try:
            model = ScheduleModel.from_dict(schedule)
            _ask_scheduler(self.project, self.config, self.call, model, overwrite=overwrite)
        except MasonError as error:
            # What was refused as new is somebody else's: the next time it is so, too.
            client = self.pending.client if overwrite else ""
            return replace(self.pending, status="failed", client=client, error=scrub(str(error)))
        return replace(self.pending, status="succeeded")


@dataclass(frozen=True, slots=True)
class _Taking:
    """A schedule that is about to be taken from where its ``definition``, which the state holds, has put it."""

    project: Project
    snapshot: Snapshot
    action: Action
    definition: Mapping[str, Any]
    pending: Outcome

    def do(self) -> Outcome:
        """Take it."""
        try:
            for call in self.action.calls:
                config = _config(self.project, self.snapshot, str(self.definition["config_id"]))
                # Where somebody took it already, it is as it shall be.
                with suppress(NotFoundError):
                    _ask_scheduler(self.project, config, call, call.arguments["name"])
        except MasonError as error:
            return replace(self.pending, status="failed", error=scrub(str(error)))
        return replace(self.pending, status="succeeded", client="")


def _ask_scheduler(project: Project, config: Config, call: Call, *arguments: Any, **named: Any) -> None:
    """Make one call of a scheduler."""
    clients = Clients(project, config, {"scheduler": call.client})
    try:
        ask(call.client, clients.engine, "scheduler", call.verb, *arguments, allowed=True, **named)
    finally:
        clients.close()


def _refuse_others(action: Action, prepared: PreparedRun) -> None:
    """What was shown is what is done."""
    shown = json.loads(json.dumps([encode_step(step) for step in action.steps]))
    now = json.loads(json.dumps([encode_step(step.told) for step in prepared.plan.steps]))
    if shown != now:
        raise StalePlanError(
            f"{action.address} would do something else now than what was shown, so it was not done. Plan again."
        )


def _refuse_unsettled(address: str, run_id: str) -> None:
    """Raises ``ConflictError`` where the run before was killed while work of it went on elsewhere, which may be doing
    what would be begun anew. What was submitted by another machine is not known here."""
    # Imported here: few runs were killed.
    from mason.runtime.submitted import unsettled
    from mason.state.journal import read_journal

    if left := unsettled(read_journal(run_id) or ()):
        raise ConflictError(
            f"{address} was not begun anew: of run {run_id} it is not known how it ended ({'; '.join(left)}). Go on "
            f"with that: mason runs resume {run_id}"
        )


def _given_by_runs(prepared: PreparedRun) -> dict[str, str]:
    """Digests of what other runs returned to a run, by reference."""
    found = {}
    for step in prepared.plan.steps:
        for reference in step.references:
            if reference.step in prepared.results:
                try:
                    found[reference.text] = digest_of_value(look_up(reference, prepared.results))
                except Unresolved:
                    # The step that needs it says so.
                    continue
    return found


def _referred_to(entries: Mapping[str, Entry]) -> dict[str, frozenset[str]]:
    definitions = [entries[address].definition for address in entries if effect_of(address)]
    return {name: frozenset(steps) for name, steps in referred_steps(definitions, entries.get).items()}


def _config(project: Project, snapshot: Snapshot, identifier: str) -> Config:
    """An applied config. Raises ``StateError`` when there is none, or when it was edited in the state."""
    address = config_address(identifier)
    if address not in snapshot.resources:
        raise StateError(f"There is no {address} in the state any more. Apply it again.")
    return Config.from_definition(untouched(project, snapshot, address, snapshot.resources).definition)


def _nowhere(resource: object, path: object) -> int:
    """What comes out of a state stands on no line."""
    return 0
