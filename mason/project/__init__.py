"""Wiring: a project's settings, its state, its clients and the planner, put together for the command line and server.

Every use case of Mason is one function here; how it is asked for and how it is shown is not this module's business.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mason import secrets, settings
from mason.bulk import uncollected
from mason.errors import (
    EngineError,
    MissingDependencyError,
    ResourceError,
    SettingsError,
    StateError,
    StateFormatError,
)
from mason.resources.address import is_name, kind_of
from mason.resources.kinds import Config
from mason.resources.wording import quoted
from mason.settings import DEFAULT_WORKSPACE, ProjectSettings
from mason.state.snapshot import Snapshot
from mason.state.store import LockInfo, StateReader, StateStore, open_store, workspace_url
from mason.values import dataclass

if TYPE_CHECKING:
    from mason.planner.plan import Action, Drift, Plan
    from mason.project.executions import Inputs, TellOf
    from mason.resources.resource import Resources
    from mason.resources.runs import Run
    from mason.resources.validate import Finding
    from mason.runtime.apply import Applied
    from mason.runtime.workers import Control
    from mason.state.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Project:
    """An opened project. ``settings`` say where it is, ``store`` keeps its state: that of ``workspace`` at ``url``."""

    settings: ProjectSettings
    store: StateStore
    url: str
    workspace: str = DEFAULT_WORKSPACE


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
    """What apply would do. Reads files and state, and takes no lock. Of engines only read-only verbs are called: for
    the inputs of runs, and with ``refresh`` for what was applied.

    Raises ``ResourceError`` with all faults of the files, and ``SettingsError`` for pruning without a project.
    """
    from mason.planner.build import Prune, build
    from mason.planner.renaming.moves import leading_to
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
        # Before anything is said: somebody may have written down what a reference of a config stands for.
        configs = (resource for resource in resources.items if kind_of(resource.address) == "config")
        _remember(project.settings, [json.loads(resource.encoded) for resource in configs])
        remember_applied(project.settings, snapshot)
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
                history=lambda run_id: told_outcome(project, run_id),
                applying=cache(lambda: _applying(project)),
            )
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


def told_outcome(project: Project, run_id: str) -> Outcome | None:
    """How the run of a run resource ended, as its record tells; ``None`` where that does not, or cannot be read."""
    from mason.state.outcome import Outcome

    try:
        return Outcome.from_dict(project.store.get_run(run_id).get("outcome"))
    except StateError:
        # Then nobody knows, and the run is done again.
        return None


def _applying(project: Project) -> LockInfo | None:
    """Who is applying to the project's state at this moment, as far as that can be told."""
    from mason.state.lock import may_live

    try:
        holder = project.store.lock_info()
    except StateError:
        return None
    return holder if holder is not None and holder.operation == "apply" and may_live(holder) else None


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
    from mason.dryrun.check import examiner

    return examiner(registry)(definition, calls)


def published_schema(kind: str) -> dict[str, Any]:
    """The JSON Schema of a kind of resource; a config's holds the configuration of every client that can be loaded."""
    from mason.clients import registry
    from mason.dryrun.check import published_client
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
    Refused is also one whose Python files, where they are here, are not those that were planned.

    For plans that were saved a while ago: :func:`apply` refuses what does not fit the state as well, under the lock and
    in fewer words. Raises ``StalePlanError``.
    """
    from mason.planner.saved import stale

    snapshot = project.store.read()
    remember_secrets(project.settings, plan, snapshot)
    stale.refuse_stale(plan, snapshot, project.store.url, history=project.store)
    if plan.project == project.settings.name:
        # Else files of the same name are those of another project.
        stale.refuse_changed_modules(plan, lambda file: _python_files(project.settings.root, file))


def _python_files(root: Path, file: str) -> Mapping[str, str] | None:
    """The texts of the Python files beside a resource's ``file`` by name, ``None`` where there is no module."""
    from mason.resources import module
    from mason.resources.folders import ENTRY

    # What is outside of the project is known by the path that was typed.
    folder = (Path(file) if file.startswith("..") else root / file).parent
    try:
        return module.read_files(module.list_files(str(folder)))[0] if (folder / ENTRY).is_file() else None
    except OSError:
        # What nobody here can read is as good as not there: what was reviewed is in the plan.
        return None


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
    from mason.project.applied import find

    _remember(found, [entry.definition for entry in find(snapshot, "config").values() if entry.is_as_applied])


def _remember(found: ProjectSettings, definitions: Iterable[Mapping[str, Any]]) -> None:
    for definition in definitions:
        if secrets.references(definition.get("clients")):
            # Imported here: most configs have no secrets.
            from mason.clients import registry
            from mason.dryrun import configuration

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
    calling: Callable[[], contextlib.AbstractContextManager[None]] = contextlib.nullcontext,
) -> Applied:
    """Carry out a confirmed plan, and say what became of each of its actions. See ``apply_plan``.

    ``tell`` is told the events of runs, each with the address of its run. ``control`` ends it early; ``calling`` is
    entered when there is something to end.
    """
    from mason.runtime.apply import apply_plan

    if not any(action.touches_engines for action in plan.actions):
        return apply_plan(plan, project.store, lock_timeout=lock_timeout, perform=_nothing)
    # Imported here: definitions are applied without all that runs need.
    from mason.project.executions import Performer
    from mason.runtime.output import aside
    from mason.runtime.workers import Control

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
            calling=calling,
        )


UNSAVED = "errored.state.json"
"""The file in which a state is left that could not be written."""


def keep_unsaved(snapshot: Snapshot) -> Path:
    """Write a state that its store did not take beside the user, or, where that is not possible, into MASON_HOME.

    Returns the file, which ``mason state push`` takes as long as nobody has written since; one that is there already
    stays. Raises ``StateError`` when it can be written nowhere.
    """
    from mason.state import format, whole_files

    content = format.encode(replace(snapshot, errored_on=snapshot.serial - 1))
    reason = ""
    for folder in (settings.current_folder(), settings.mason_home()):
        file = folder / UNSAVED
        number = 1
        while file.exists():
            number += 1
            file = folder / f"errored-{number}.state.json"
        try:
            whole_files.make_folder(folder)
            whole_files.replace_file(file, content)
        except OSError as error:
            reason = f"{file}: {error.strerror or error}"
        else:
            return file
    raise StateError(f"What was done could not be written down anywhere ({reason}). Plan with --refresh to see it.")


def _nothing(action: Action, snapshot: Snapshot) -> None:
    raise AssertionError(f"{action.address} calls no engine")
