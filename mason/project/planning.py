"""Use cases of plans: what apply or destroy would do."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from mason import secrets
from mason.bulk import uncollected
from mason.errors import (
    ResourceError,
    SettingsError,
    StateError,
)
from mason.project.loading import load, parse_cache
from mason.project.opened import Project, stored_source
from mason.project.remembering import remember_applied, remember_written
from mason.resources.address import kind_of
from mason.resources.config import CONFIG, Config
from mason.resources.kinds import effect_of
from mason.settings import Refresh
from mason.state.serials import meet
from mason.state.store import LockInfo
from mason.state.urls import scheme_of
from mason.values import dataclass

if TYPE_CHECKING:
    from mason.dryrun.calls import Estimate, Outlook
    from mason.dryrun.planned import WorkflowPlan
    from mason.planner.plan import Drift, Plan, Unlooked
    from mason.planner.runs_and_schedules import Looking
    from mason.project.runs.costs import Estimates
    from mason.project.runs.looking_ahead import LookingAhead
    from mason.project.runs.performing import Inputs
    from mason.resources.resource import Resources
    from mason.resources.run import Run
    from mason.state.outcome import Outcome
    from mason.state.snapshot import Snapshot

Result = TypeVar("Result")


@dataclass(slots=True)
class Reliance:
    """What a plan relied on. ``files_alone`` becomes false where that was more than the project's files, the state and
    what is installed here: there are runs or schedules, engines were asked, records of runs read, or names of the
    environment referred to."""

    files_alone: bool = True

    def noting(self, ask: Callable[..., Result]) -> Callable[..., Result]:
        """``ask``, which is no file; that it was called is noted."""

        def noted(*given: Any) -> Result:
            self.files_alone = False
            return ask(*given)

        return noted


def state_file(project: Project) -> str:
    """The file that holds the state; empty where it is kept elsewhere than in a folder of this machine."""
    if scheme_of(project.store.url) != "file":
        return ""
    from mason.state.local import STATE, folder_of

    return str(folder_of(project.store.url) / STATE)


def plan(
    project: Project,
    paths: Sequence[Path] = (),
    *,
    prune: bool = False,
    targets: Sequence[str] = (),
    strict: bool = False,
    take_over: Sequence[str] = (),
    refresh: Refresh | None = None,
    again: Sequence[str] = (),
    reliance: Reliance | None = None,
) -> Plan:
    """What apply would do. Reads files and state, and takes no lock. Of engines only read-only verbs are called: for
    the inputs of runs, for what they would cost, and for what was applied as far as ``refresh`` says (``None``: the
    project's settings). ``again`` are the addresses of runs and schedules that are done in any case. ``reliance`` is
    told what the plan relied on.

    Raises ``ResourceError`` with all faults of the files, ``SettingsError`` for pruning without a project, and
    ``NotFoundError`` for an address that is not among what is planned.
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
        resources = _loaded(project, paths, strict=strict)
        pruned = None
        everywhere = any(Path(path).resolve() == root.resolve() for path in paths) or not paths
        if project.settings.name and everywhere and not targets and not prune:
            pruned = Prune({resource.address for resource in resources.items}, deletes=False)
        elif prune:
            # What moved to a part of the project that is not being planned is still defined.
            everything = _loaded(project, (), strict=strict) if paths else resources
            within = [os.path.relpath(Path(path).resolve(), root.resolve()) for path in paths]
            if paths:
                # Nor is anything deleted that has another name in this part, wherever that is said.
                moves = leading_to(everything.moves, {resource.address for resource in resources.items})
                resources = replace(resources, moves=moves)
            defined = {resource.address for resource in everything.items}
            pruned = Prune(defined, () if "." in within else within)
        from mason.clients import registry

        relied = reliance or Reliance()
        snapshot = meet(project.store.read(), project.store.url)
        # Before anything is said: somebody may have written down what a reference of a config stands for.
        configs = (resource for resource in resources.items if kind_of(resource.address) == CONFIG.name)
        refers = remember_written(project.settings, [json.loads(resource.encoded) for resource in configs])
        if remember_applied(project.settings, snapshot) or refers or project.settings.require_signatures:
            relied.files_alone = False
        looking = refresh or project.settings.refresh
        drifts, unlooked = _drifted(project, snapshot, resources, looking, relied, strict=strict)
        with _observing(project) as observe, _estimating(project) as estimate, _looking(project) as look:
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
                observe=relied.noting(observe),
                take_over=take_over,
                drifts=drifts,
                history=relied.noting(lambda run_id: told_outcome(project, run_id)),
                applying=relied.noting(cache(lambda: _applying(project))),
                estimate=relied.noting(estimate),
                again=again,
                look=relied.noting(look),
            )
    if secrets.are_known(sure=True):
        _refuse_literals(project, made)
    if unlooked:
        # Of what is done anyway nothing has to be known.
        unchanged = set(made.unchanged)
        unlooked = tuple(each for each in unlooked if each.address in unchanged)
    return replace(made, state=project.store.url, unlooked=unlooked)


def _loaded(project: Project, paths: Sequence[Path], *, strict: bool) -> Resources:
    """The resources of files. Raises ``ResourceError`` with all faults, those of references included."""
    from mason.resources.loader import Places, UnfitResourcesError

    try:
        return load(project, paths, strict=strict)
    except UnfitResourcesError as error:
        # Imported here: most files are right.
        from mason.planner.integrity import NOWHERE, undefined_beside

        faults = list(error.diagnostics)
        # Where the state cannot be read, that is told once the files are right.
        with contextlib.suppress(StateError):
            place = Places(project.settings.root)
            applied = project.store.read().resources
            faults += undefined_beside(error.rest, error.faulty, applied, place, NOWHERE)
        raise ResourceError(faults) from error


def _drifted(
    project: Project, snapshot: Snapshot, resources: Resources, refresh: Refresh, relied: Reliance, *, strict: bool
) -> tuple[tuple[Drift, ...], tuple[Unlooked, ...]]:
    """What drifted, and what was not looked at of what the files define."""
    if refresh == "always":
        from mason.project.drifting import find_drift

        relied.files_alone = False
        return find_drift(project, snapshot), ()
    kept = {each.address for each in resources.items if effect_of(each.address) and each.address in snapshot.digests}
    if not kept:
        return (), ()
    # Imported here: most plans are about definitions only.
    from mason.project.drifting import find_cheaply

    # Also where engines are not asked: whether a schedule can be kept depends on its client and on today's clocks.
    relied.files_alone = False
    return find_cheaply(project, snapshot, kept, at_all=refresh == "auto", trusting=not strict)


def _refuse_literals(project: Project, made: Plan) -> None:
    # Imported here: most configs have no secrets.
    from mason.project.literals import refuse_literals

    try:
        refuse_literals(made)
    except ResourceError:
        # What was just parsed is in there.
        parse_cache(project.settings.root).unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def _observing(project: Project) -> Iterator[Callable[[Config, Run], Mapping[str, str]]]:
    """What looks at the inputs of runs, as long as it is needed."""
    inputs: Inputs | None = None

    def observe(config: Config, run: Run) -> Mapping[str, str]:
        nonlocal inputs
        if inputs is None:
            # Imported here: few plans have runs whose inputs are looked at.
            from mason.project.runs.performing import Inputs

            inputs = Inputs(project)
        return inputs.fingerprints(config, run)

    try:
        yield observe
    finally:
        if inputs is not None:
            inputs.close()


@contextlib.contextmanager
def _estimating(project: Project) -> Iterator[Callable[[WorkflowPlan], tuple[Estimate, ...]]]:
    """What asks what runs would cost, as long as it is needed."""
    estimates: Estimates | None = None

    def estimate(plan: WorkflowPlan) -> tuple[Estimate, ...]:
        nonlocal estimates
        if estimates is None:
            # Imported here: most plans have no runs to do.
            from mason.project.runs.costs import Estimates

            estimates = Estimates(project)
        return estimates(plan)

    try:
        yield estimate
    finally:
        if estimates is not None:
            estimates.close()


@contextlib.contextmanager
def _looking(project: Project) -> Iterator[Looking]:
    """What looks at the queries of runs, as long as it is needed."""
    ahead: LookingAhead | None = None

    def look(
        plan: WorkflowPlan,
        config: Config,
        run: Run | None,
        paths: Sequence[str],
        columns: Mapping[str, Mapping[str, str]],
    ) -> Outlook:
        nonlocal ahead
        if ahead is None:
            # Imported here: most plans have no runs to do.
            from mason.project.runs.looking_ahead import LookingAhead

            ahead = LookingAhead(project)
        return ahead.since(plan, config, run, paths, columns)

    try:
        yield look
    finally:
        if ahead is not None:
            ahead.close()


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


def plan_destroy(project: Project, targets: Sequence[str] = ()) -> Plan:
    """The deletion of ``targets`` and all that uses them; of everything in the state without targets."""
    from mason.clients import registry
    from mason.planner.build import build_destroy

    made = build_destroy(
        project.store.read(),
        targets=targets,
        project=project.settings.name,
        catalog=registry,
        read_source=lambda digest: stored_source(project.store, digest),
    )
    return replace(made, state=project.store.url)
