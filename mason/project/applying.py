"""Use cases of applying: have a plan confirmed, carry it out, refuse what no longer fits, keep what cannot be saved."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mason import home, settings
from mason.errors import CancelledError, SettingsError, StalePlanError, StateError
from mason.project.confirming import Confirm, Confirmation
from mason.project.opened import Project
from mason.project.remembering import remember_secrets
from mason.state.snapshot import Snapshot
from mason.values import dataclass

if TYPE_CHECKING:
    from mason.planner.plan import Action, Plan
    from mason.project.runs.performing import TellOf
    from mason.runtime.apply import Applied
    from mason.runtime.workers import Control
    from mason.state.signatures import Signer


@dataclass(frozen=True, slots=True)
class CarriedOut:
    """What became of a plan: ``plan`` is the one that was applied in the end, whose actions are those that were shown.

    ``kept`` is the file in which the state was left, where its store did not take it after engines were called.
    """

    plan: Plan
    applied: Applied
    kept: Path | None = None

    @property
    def is_complete(self) -> bool:
        """Whether all was done, and the state says so."""
        applied = self.applied
        return not (applied.failures or applied.not_begun or applied.unsaved)


def read_saved(project: Project, file: Path) -> Plan:
    """A saved plan that is to be applied. Raises as ``read_planfile``, and as :func:`refuse_stale`."""
    from mason.planner.saved.planfile import read_planfile

    plan = read_planfile(file).plan
    if not plan.is_empty:
        refuse_stale(project, plan)
    return plan


def carry_out(
    project: Project,
    plan: Plan,
    *,
    lock_timeout: float,
    confirmations: Iterable[Confirmation] = (),
    confirm: Confirm | None = None,
    again: Callable[[], Plan] | None = None,
    tell: TellOf | None = None,
    parallelism: int = 1,
    control: Control | None = None,
    calling: Callable[[], contextlib.AbstractContextManager[None]] = contextlib.nullcontext,
) -> CarriedOut:
    """Have a plan confirmed, apply it, and keep what could not be saved.

    =============  ====================================================================================================
    lock_timeout   how many seconds to wait for somebody else's lock
    confirmations  what has to be confirmed (see :func:`mason.project.confirming.of_plan`): nothing is done before the
                   last of them
    confirm        asks for one of them
    again          plans anew when somebody else has written the state meanwhile: as long as that gives the very actions
                   that were shown, their turn is only a later one. Without it such a plan is refused
    others         see :func:`apply`
    =============  ====================================================================================================

    Raises ``NotConfirmedError``, ``StalePlanError``, and as :func:`apply`; ``StateError`` when the state that could not
    be saved could be left nowhere.
    """
    from mason.runtime.apply import Applied

    for confirmation in confirmations:
        assert confirm is not None, "what has to be confirmed needs somebody who is asked"
        confirm(confirmation)
    applied = Applied(Snapshot(serial=plan.serial))
    while not plan.is_empty:
        try:
            applied = apply(
                project,
                plan,
                lock_timeout=lock_timeout,
                tell=tell,
                parallelism=parallelism,
                control=control,
                calling=calling,
            )
            break
        except StalePlanError:
            if again is None:
                # In more words, now that the lock is given back: perhaps somebody applied this very plan.
                refuse_stale(project, plan)
            fresh = again() if again else plan
            if fresh.serial == plan.serial or fresh.actions != plan.actions:
                raise
            plan = fresh
    return CarriedOut(plan, applied, keep_unsaved(applied.unsaved) if applied.unsaved is not None else None)


@contextlib.contextmanager
def interruptions_told(project: Project, plan: Plan) -> Iterator[None]:
    """Within it, a ``KeyboardInterrupt`` becomes a ``CancelledError`` that says whether anything was applied."""
    try:
        yield
    except KeyboardInterrupt as error:
        raise CancelledError(_interrupted(project, plan, str(error))) from None


def _interrupted(project: Project, plan: Plan, told: str) -> str:
    """What is said of an apply that Ctrl-C ended; ``told`` is what the store said of it."""
    if told:
        return f"Interrupted. {told}"
    try:
        now = project.store.read().serial
    except StateError as error:
        return f"Interrupted. What the state holds by now cannot be read. {error}"
    if now == plan.serial:
        return "Interrupted. Nothing was applied."
    return f"Interrupted, but the state moved on to serial {now} before. See what it holds with: mason plan"


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

    signer = _signer(project)
    if not plan.touches_engines:
        return apply_plan(plan, project.store, lock_timeout=lock_timeout, perform=_nothing, signer=signer)
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
            signer=signer,
        )


def _signer(project: Project) -> Signer | None:
    """Who signs what is applied. Raises ``SettingsError`` where the project wants signatures and this person may sign
    nothing: what they applied could be used by nobody."""
    from mason.state import signatures

    signer = signatures.own_key()
    if project.settings.require_signatures:
        allowed = signatures.signers(project.settings.root)
        if signer is None or signer.public not in allowed:
            what = "you have no key" if signer is None else f"{signatures.SIGNERS} does not list your key"
            raise SettingsError(
                f"mason.yaml says require_signatures, and {what}. Nothing was applied. "
                "Make your key, and list it: mason state sign-key"
            )
    return signer


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
    from mason.project.older_mason import Mason1
    from mason.resources import module
    from mason.resources.resource import ENTRY

    # What is outside of the project is known by the path that was typed.
    folder = (Path(file) if file.startswith("..") else root / file).parent
    try:
        if not (folder / ENTRY).is_file():
            return None
        texts = module.read_files(module.list_files(str(folder)))[0]
        old = Mason1().python(texts, str(folder), "")
        return old.texts if old is not None else texts
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
    for folder in (settings.current_folder(), home.mason_home()):
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
