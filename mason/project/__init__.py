"""Wiring: a project's settings, its state, its clients and the planner, put together for the command line and server.

Every use case of Mason is one function here; how it is asked for and how it is shown is not this module's business.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mason import secrets, settings
from mason.bulk import uncollected
from mason.errors import (
    EngineError,
    MasonError,
    MissingDependencyError,
    NotFoundError,
    ResourceError,
    SettingsError,
    StateError,
    StateFormatError,
    UnsupportedVerbError,
)
from mason.resources.address import config_address, is_name, kind_of, operator_address
from mason.resources.kinds import Config, Operator
from mason.resources.wording import nearest, quoted
from mason.settings import DEFAULT_WORKSPACE, ProjectSettings
from mason.state.snapshot import Entry, Snapshot
from mason.state.store import StateReader, StateStore, open_store, workspace_url

if TYPE_CHECKING:
    from mason.engines.client import Client
    from mason.engines.engine import Engine
    from mason.engines.models import Rows
    from mason.engines.runner import WorkflowRunner
    from mason.planner.answer import Answer
    from mason.planner.apply import Applied
    from mason.planner.dryrun import DryRun
    from mason.planner.plan import Action, Drift, Plan
    from mason.planner.workers import Control
    from mason.project.executions import Inputs, TellOf
    from mason.resources.executions import Run
    from mason.resources.parameters import Given
    from mason.resources.resource import Resources
    from mason.resources.validate import Finding


@dataclass(frozen=True, slots=True)
class Project:
    """An opened project. ``settings`` say where it is, ``store`` keeps its state: that of ``workspace`` at ``url``."""

    settings: ProjectSettings
    store: StateStore
    url: str
    workspace: str = DEFAULT_WORKSPACE


@dataclass(frozen=True, slots=True)
class Prepared:
    """A run that was checked and shown but not done: what :func:`execute` needs."""

    operator: Operator
    entry: Entry
    config: Config
    shown: DryRun
    source: bytes | None
    serial: int
    clients: Clients


def open_project(state: str | None = None, *, workspace: str | None = None) -> Project:
    """The project around the current folder, with the state at ``state`` or where the settings say, and of it that of
    ``workspace``, or of the one that the environment names.

    Raises ``SettingsError`` for settings that cannot be used and when the current folder was deleted.
    """
    found = settings.find_project(settings.current_folder())
    url, chosen = settings.state_url(state, found), settings.workspace(workspace)
    if not is_name(chosen):
        raise SettingsError(
            f"{quoted(chosen)} cannot name a workspace: use at most 100 letters, digits, _ and -, not beginning with -."
        )
    return Project(found, open_workspace(url, chosen), url, chosen)


def open_workspace(url: str, name: str) -> StateStore:
    """The store of the workspace ``name`` of the state at ``url``."""
    return open_store(url if name == DEFAULT_WORKSPACE else workspace_url(url, name))


# --- plan and apply ---------------------------------------------------------------------------------------------------


def plan(
    project: Project,
    paths: Sequence[Path] = (),
    *,
    prune: bool = False,
    targets: Sequence[str] = (),
    strict: bool = False,
    take_over: Sequence[str] = (),
    refresh: bool = False,
) -> Plan:
    """What apply would do. Reads files and state, takes no lock, calls no engine.

    Raises ``ResourceError`` with all faults of the files, and ``SettingsError`` for pruning without a project.
    """
    from mason.planner.build import Prune, build
    from mason.planner.moves import leading_to
    from mason.resources.loader import Places

    if prune and not project.settings.name:
        raise SettingsError(
            "--prune needs a project, or it could not tell whose resources to delete. "
            "Put a mason.yaml with a name into the project's folder."
        )
    root = project.settings.root
    with uncollected():
        resources = load(project, paths, strict=strict)
        pruned = None
        if prune:
            # What moved to a part of the project that is not being planned is still defined.
            everything = load(project, strict=strict) if paths else resources
            within = [os.path.relpath(Path(path).resolve(), root.resolve()) for path in paths]
            if paths:
                # Nor is anything deleted that has another name in this part, wherever that is said.
                moves = leading_to(everything.moves, {resource.address for resource in resources.items})
                resources = replace(resources, moves=moves)
            defined = {resource.address for resource in everything.items}
            pruned = Prune(defined, () if "." in within else within)
        from mason.clients import registry

        snapshot = project.store.read()
        with _observing(project) as observe:
            made = build(
                resources,
                snapshot,
                project=project.settings.name,
                place=Places(root),
                read_source=lambda digest: stored_source(project.store, digest),
                prune=pruned,
                targets=targets,
                strict=strict,
                catalog=registry,
                observe=observe,
                take_over=take_over,
                drifts=drifts(project, snapshot) if refresh else (),
            )
    # Before anything is shown or saved: somebody may have written down what a reference of a config stands for.
    remember_secrets(project.settings, made, snapshot)
    if secrets.are_known():
        _refuse_literals(project, made)
    return replace(made, state=project.store.url)


def _refuse_literals(project: Project, made: Plan) -> None:
    # Imported here: most configs have no secrets.
    from mason.project.literals import refuse_literals

    try:
        refuse_literals(made)
    except ResourceError:
        # What was just parsed is in there.
        _parse_cache(project.settings.root).unlink(missing_ok=True)
        raise


def drifts(project: Project, snapshot: Snapshot) -> tuple[Drift, ...]:
    """What engines and the store hold otherwise than a snapshot says. Calls read-only verbs."""
    # Imported here: most plans look at files and the state only.
    from mason.project.drift import find_drift

    return find_drift(project, snapshot)


@contextlib.contextmanager
def _observing(project: Project) -> Iterator[Callable[[Config, Run], Mapping[str, str]]]:
    """What looks at the inputs of runs, as long as it is needed."""
    inputs: Inputs | None = None

    def observe(config: Config, run: Run) -> Mapping[str, str]:
        nonlocal inputs
        if inputs is None:
            # Imported here: few plans have runs whose inputs are looked at.
            from mason.project.executions import Inputs

            inputs = Inputs(project)
        return inputs.fingerprints(config, run)

    try:
        yield observe
    finally:
        if inputs is not None:
            inputs.close()


def stored_source(store: StateReader, digest: str) -> bytes | None:
    """The content of a module, ``None`` where it is lost."""
    try:
        return store.get_source(digest)
    except StateFormatError:
        return None


def load(project: Project, paths: Sequence[Path] = (), *, strict: bool = False) -> Resources:
    """The resources under ``paths`` (the whole project when there are none). Raises ``ResourceError``."""
    from mason.resources import loader

    root = project.settings.root
    return loader.load(paths, root=root, cache=_parse_cache(root), strict=strict, examine=_examine)


def _parse_cache(root: Path) -> Path:
    """The file that remembers what the files of a project say."""
    from hashlib import sha256

    return settings.mason_home() / "cache" / f"parse-{sha256(os.fsencode(root)).hexdigest()[:16]}"


def _examine(definition: Mapping[str, Any], calls: Sequence[str]) -> Iterable[Finding]:
    """Check what a document says of engines and clients; they are loaded only when a document changed."""
    from mason.clients import registry
    from mason.planner.check import examiner

    return examiner(registry)(definition, calls)


def published_schema(kind: str) -> dict[str, Any]:
    """The JSON Schema of a kind of resource; a config's holds the configuration of every client that can be loaded."""
    from mason.clients import registry
    from mason.planner.check import published_client
    from mason.resources.schema import schema

    published = schema(kind)
    if kind == "config":
        known = published["properties"]["clients"]["properties"] = {}
        for name in registry.names():
            # One client of another package that is broken does not take the schema from all others.
            with contextlib.suppress(EngineError, MissingDependencyError):
                known[name] = published_client(registry.schema(name))
    return published


def plan_destroy(project: Project, targets: Sequence[str] = ()) -> Plan:
    """The deletion of ``targets`` and all that uses them; of everything in the state without targets."""
    from mason.planner.build import build_destroy

    made = build_destroy(project.store.read(), targets=targets, project=project.settings.name)
    return replace(made, state=project.store.url)


def refuse_stale(project: Project, plan: Plan) -> None:
    """Refuse a plan that no longer fits the project's state, and tell what came in between, as far as that is kept.

    For plans that were saved a while ago: :func:`apply` refuses them as well, under the lock and in fewer words. Raises
    ``StalePlanError``.
    """
    from mason.planner import stale

    snapshot = project.store.read()
    remember_secrets(project.settings, plan, snapshot)
    stale.refuse_stale(plan, snapshot, project.store.url, history=project.store)


def remember_secrets(found: ProjectSettings, plan: Plan, snapshot: Snapshot | None = None) -> None:
    """Let the secrets of all configs in a plan and a snapshot be scrubbed from now on, wherever else they stand.

    Of those that are not set here nothing is known.
    """
    _remember(
        found,
        [
            json.loads(action.wanted.encoded)
            for action in plan.actions
            if action.wanted is not None and kind_of(action.address) == "config"
        ],
    )
    if snapshot is not None:
        remember_applied(found, snapshot)


def remember_applied(found: ProjectSettings, snapshot: Snapshot) -> None:
    """As :func:`remember_secrets`, of what was applied: before anything is said of parameters, which may hold what a
    reference of any config stands for."""
    _remember(found, [entry.definition for entry in find(snapshot, "config").values() if entry.is_as_applied])


def _remember(found: ProjectSettings, definitions: Iterable[Mapping[str, Any]]) -> None:
    for definition in definitions:
        if secrets.references(definition.get("clients")):
            # Imported here: most configs have no secrets.
            from mason.clients import registry
            from mason.planner import configuration

            config = Config.from_definition(definition)
            configuration.remember_secrets(config, registry, lambda: settings.environment(found))


def apply(
    project: Project,
    plan: Plan,
    *,
    lock_timeout: float,
    tell: TellOf | None = None,
    parallelism: int = 1,
    control: Control | None = None,
) -> Applied:
    """Carry out a confirmed plan, and say what became of each of its actions. See ``apply_plan``.

    ``tell`` is told the events of runs, each with the address of its run. ``control`` ends it early.
    """
    from mason.planner.apply import apply_plan

    if not any(action.touches_engines for action in plan.actions):
        return apply_plan(plan, project.store, lock_timeout=lock_timeout, perform=_nothing)
    # Imported here: definitions are applied without all that runs need.
    from mason.planner.output import aside
    from mason.planner.workers import Control
    from mason.project.executions import Performer

    control = control or Control()
    told = tell or (lambda address, event: None)
    perform = Performer(project, plan, parallelism=parallelism, tell=told, control=control)
    with aside():
        return apply_plan(
            plan,
            project.store,
            lock_timeout=lock_timeout,
            perform=perform,
            parallelism=parallelism,
            control=control,
        )


UNSAVED = "errored.state.json"
"""The file in which a state is left that could not be written."""


def keep_unsaved(snapshot: Snapshot) -> Path:
    """Write a state that its store did not take beside the user, or, where that is not possible, into MASON_HOME.

    Returns the file, which ``mason state push`` takes; one that is there already stays. Raises ``StateError`` when it
    can be written nowhere.
    """
    from mason.state import files, format

    content = format.encode(snapshot)
    reason = ""
    for folder in (settings.current_folder(), settings.mason_home()):
        file = folder / UNSAVED
        number = 1
        while file.exists():
            number += 1
            file = folder / f"errored-{number}.state.json"
        try:
            files.make_folder(folder)
            files.replace_file(file, content)
        except OSError as error:
            reason = f"{file}: {error.strerror or error}"
        else:
            return file
    raise StateError(f"What was done could not be written down anywhere ({reason}). Plan with --refresh to see it.")


def _nothing(action: Action, snapshot: Snapshot) -> None:
    raise AssertionError(f"{action.address} calls no engine")


# --- what was applied -------------------------------------------------------------------------------------------------


_HEAD = ("type", "id", "namespace", "command", "name", "description", "parameters")


def find(snapshot: Snapshot, kind: str, names: Sequence[str] = ()) -> dict[str, Entry]:
    """The applied resources of a kind (``all`` for every kind) whose names start with ``names``, by address, sorted.

    ``names`` are a namespace and a command, or a config's id. Raises ``NotFoundError``, with the nearest name,
    when names were given and nothing has them.
    """
    # By address first: the entries of a large state are decoded when they are asked for.
    of_kind = [address for address in snapshot.resources if kind in ("all", address.partition(".")[0])]
    found = [address for address in sorted(of_kind) if address.split(".")[1 : 1 + len(names)] == list(names)]
    if names and not found:
        known = [":".join(address.split(".")[1:]) for address in of_kind]
        wanted, what = ":".join(names), "resource" if kind == "all" else kind
        meant = nearest(wanted, known)
        hint = f"Did you mean {meant}?" if meant else "See what there is with: mason get"
        raise NotFoundError(f"There is no {what} {wanted} in the state. {hint}")
    return snapshot.select(found)


def shown_definition(entry: Entry) -> dict[str, Any]:
    """An applied definition, fit to be shown: the values of secret fields are replaced."""
    given = entry.definition
    # Kept with sorted keys; people expect the name first.
    definition = {name: given[name] for name in (*_HEAD, *given) if name in given}
    if entry.kind == "config" and "clients" in definition:
        definition["clients"] = _shown_clients(definition["clients"])
    return definition


def _shown_clients(clients: Any) -> Any:
    # In a state that was edited anything may stand here, and nobody can tell what of it is secret.
    if not isinstance(clients, Mapping) or not all(isinstance(given, Mapping) for given in clients.values()):
        return secrets.REDACTED
    return {
        name: {**given, "configuration": _redacted(name, given["configuration"])} if "configuration" in given else given
        for name, given in clients.items()
    }


def _redacted(client: str, configuration: Any) -> Any:
    if not isinstance(configuration, Mapping):
        return secrets.REDACTED
    from mason.clients import registry

    try:
        schema = registry.schema(client)
    except (EngineError, MissingDependencyError):
        # Applied by somebody who has a client that is not installed here: nobody can tell what is secret.
        return dict.fromkeys(configuration, secrets.REDACTED)
    return secrets.redact(configuration, schema)


def current_config(snapshot: Snapshot) -> str:
    """The id of the config that a run uses when none is named: the chosen one, else the only one; else empty."""
    configs = [address.partition(".")[2] for address in find(snapshot, "config")]
    chosen = settings.current_config(snapshot.lineage)
    return chosen if chosen in configs else configs[0] if len(configs) == 1 else ""


def choose_config(snapshot: Snapshot, identifier: str) -> None:
    """Make a config of this state current for this person. Raises ``NotFoundError`` when the state has it not."""
    find(snapshot, "config", [identifier])
    settings.set_current_config(snapshot.lineage, identifier)


# --- runs -------------------------------------------------------------------------------------------------------------


def prepare_operator(
    project: Project, names: tuple[str, str], given: Mapping[str, Any] | Given, *, config_id: str = ""
) -> Prepared:
    """Check parameters and config of an applied operator and make its dry run; no engine is called.

    Raises ``NotFoundError`` for an unknown operator or config, ``ParameterError`` with all faults of the
    parameters, and ``UnsupportedVerbError`` when the config cannot run it.
    """
    from mason.clients import registry
    from mason.planner.dryrun import dry_run
    from mason.resources import parameters

    snapshot = project.store.read()
    remember_applied(project.settings, snapshot)
    entry = untouched(snapshot, operator_address(*names), find(snapshot, "operator", names))
    operator = Operator.from_definition(entry.definition)
    config = applied_config(snapshot, config_id)
    bound = parameters.bind(operator.parameters, given, of=f"operator {':'.join(names)}")
    source = project.store.get_source(entry.module) if entry.module else None
    shown = dry_run(operator, bound, config, registry, source=source)
    clients = Clients(project.settings, config, shown.clients, runner=scheduled_runner(project))
    return Prepared(operator, entry, config, shown, source, snapshot.serial, clients)


def outlook(prepared: Prepared) -> Rows | None:
    """What a prepared run would change in detail, where its verbs can tell beforehand; calls read-only verbs only.

    Raises what these raise: what cannot be done is known before anybody says yes. The clients stay as they are then
    for :func:`execute`, which need not look again at what they know.
    """
    from mason.planner import executor
    from mason.planner.output import aside

    try:
        with aside():
            return executor.outlook(prepared.operator, prepared.shown, prepared.clients.engine)
    except BaseException:
        prepared.clients.close()
        raise


def execute(project: Project, prepared: Prepared) -> Answer:
    """Do a prepared run that somebody confirmed (or that is read-only), and keep its record in the history.

    Failures of engines and operators, and references of the config that are not set, are among the answer's errors. The
    record is there before the first call, so that a run which is killed leaves one. A record that cannot be kept
    is a warning: what was done is not undone by it.
    """
    from mason.planner import executor
    from mason.planner.answer import Answer
    from mason.project import retention

    record = _Record(project.store, prepared)
    clients = prepared.clients
    try:
        record.keep("running")
        retention.prune_daily(project)
        answer = executor.execute(prepared.operator, prepared.shown, clients.engine, source=prepared.source)
        answer.warnings.extend(clients.close())
    except BaseException as error:
        clients.close()
        by_person = isinstance(error, KeyboardInterrupt)
        told = Answer(errors=["Interrupted." if by_person else f"{type(error).__name__}: {error}"])
        record.keep("interrupted" if by_person else "failed", told)
        raise
    unkept = record.keep("failed" if answer.errors else "succeeded", answer)
    if unkept:
        answer.warnings.append(unkept)
    return answer


class _Record:
    """The record of one run, written when it begins and again when it ends."""

    def __init__(self, store: StateStore, prepared: Prepared) -> None:
        from mason.planner import history

        self._store = store
        self._prepared = prepared
        self._started = datetime.now(timezone.utc)
        self._id = history.new_run_id(self._started)

    def keep(self, status: str, answer: Answer | None = None) -> str:
        """Write the record; returns what to warn of when that is not possible, else nothing."""
        from mason.planner import history

        prepared = self._prepared
        record = history.record_of(
            prepared.shown,
            status,
            answer,
            digest=prepared.entry.digest,
            serial=prepared.serial,
            started=self._started,
        )
        try:
            self._store.put_run(self._id, record)
        except MasonError as error:
            return f"The record of this run could not be kept: {error}"
        return ""


def read_parameters(file: Path | None, pairs: Iterable[str]) -> Given:
    """The parameters of ``-f FILE`` (a YAML or JSON mapping) and of ``-p`` pairs, which win; and all their faults.

    Faults are raised by :func:`prepare_operator`, together with those that show when the parameters are bound.
    """
    from mason.resources import parameters

    given = parameters.parse_pairs(pairs)
    if file is not None:
        from mason.resources.parameter_file import read_parameter_file

        given = given.over(read_parameter_file(file))
    return given


def untouched(snapshot: Snapshot, address: str, found: Mapping[str, Entry]) -> Entry:
    """The entry of ``address``, if it is what was applied. Raises ``StateFormatError`` when it was edited since."""
    entry = found[address]
    if not entry.is_as_applied:
        raise StateFormatError(
            f"{address} was edited in the state (serial {snapshot.serial}): it is not what was applied. "
            "See what differs with: mason plan. Put back what the files say with: mason apply"
        )
    return entry


def applied_config(snapshot: Snapshot, identifier: str) -> Config:
    """An applied config, or the current one where ``identifier`` is empty. Raises ``NotFoundError``."""
    wanted = identifier or current_config(snapshot)
    if not wanted:
        known = [address.partition(".")[2] for address in find(snapshot, "config")]
        if not known:
            raise NotFoundError("There is no config in the state. Write one (see: mason schema config) and apply it.")
        raise NotFoundError(
            f"There are several configs ({', '.join(known)}) and none is current. "
            "Name one with -c ID, or choose it for good with: mason config ID -s"
        )
    address = config_address(wanted)
    return Config.from_definition(untouched(snapshot, address, find(snapshot, "config", [wanted])).definition)


def scheduled_runner(project: Project) -> Callable[[], WorkflowRunner]:
    """What makes the runner of schedules' workflows, for clients that want one."""

    def make() -> WorkflowRunner:
        # Imported when a client connects: few operators trigger schedules.
        from mason.project.scheduled import Runner

        return Runner(project)

    return make


class Clients:
    """The clients of one run: each is configured when the first of its engines is asked for, and closed in the end.

    ``runner`` makes what clients run the workflows of their schedules with; without it they can keep, but not trigger.
    """

    def __init__(
        self,
        project: ProjectSettings,
        config: Config,
        chosen: Mapping[str, str],
        *,
        runner: Callable[[], WorkflowRunner] | None = None,
    ) -> None:
        self._project = project
        self._runner = runner
        self._config = config
        self._chosen = chosen
        self._open: dict[str, Client] = {}

    def engine(self, role: str) -> Engine:
        """The engine that plays ``role``. Raises ``UnsupportedVerbError`` when the config has none."""
        name = self._chosen.get(role)
        if not name:
            raise UnsupportedVerbError(f"Config {self._config.id} has no client for {role}.")
        if name not in self._open:
            self._open[name] = self._connect(name)
        return self._open[name].engine(role)

    def _connect(self, name: str) -> Client:
        from mason.clients import registry
        from mason.planner import configuration

        cls = registry.client_class(name)
        resolved = configuration.resolve(self._config, name, cls.schema(), settings.environment(self._project))
        client = cls(resolved, base=self._project.root)
        client.runner = self._runner() if self._runner else None
        return client

    def close(self) -> list[str]:
        """Close all that was opened; returns what to warn of."""
        from mason.planner.output import aside

        warnings = []
        with aside():
            for name, client in self._open.items():
                try:
                    _close(name, client)
                except EngineError as error:
                    # The other clients are closed all the same.
                    warnings.append(str(error))
        return warnings


def _close(name: str, client: Client) -> None:
    try:
        client.close()
    except Exception as error:
        # A client's library may raise anything.
        raise EngineError(f"Client {name} could not be closed: {type(error).__name__}: {error}") from error
