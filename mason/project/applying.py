"""Use cases of applying: carry out a confirmed plan, refuse one that no longer fits, keep what could not be saved."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mason import settings
from mason.errors import (
    StateError,
)
from mason.project.opening import Project
from mason.project.remembering import remember_secrets
from mason.state.snapshot import Snapshot

if TYPE_CHECKING:
    from mason.planner.plan import Action, Plan
    from mason.project.runs.performing import TellOf
    from mason.runtime.apply import Applied
    from mason.runtime.workers import Control


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
    from mason.project.runs.performing import Performer
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
    from mason.resources.resource import ENTRY

    # What is outside of the project is known by the path that was typed.
    folder = (Path(file) if file.startswith("..") else root / file).parent
    try:
        return module.read_files(module.list_files(str(folder)))[0] if (folder / ENTRY).is_file() else None
    except OSError:
        # What nobody here can read is as good as not there: what was reviewed is in the plan.
        return None


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
