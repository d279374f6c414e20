"""Moving a state to another store: everything that belongs to it, read back and compared, the old one left as it was.

Sources and run records go first, then the snapshots from the oldest backup to the current one. So what is interrupted
has not become a state yet, or is an earlier snapshot of the same one, and the next attempt goes on from there.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mason.errors import SettingsError, StateConflictError, StateError, StateFormatError
from mason.project.opened import Project, open_workspace
from mason.settings import PROJECT_FILE
from mason.state.format import encode
from mason.state.local import folder_of
from mason.state.snapshot import Snapshot
from mason.state.store import StateStore
from mason.state.urls import is_same_state, scheme_of
from mason.values import dataclass


@dataclass(frozen=True, slots=True)
class Migration:
    """What is to be copied to ``target``: ``snapshots`` (oldest first, the current one last), of which ``present`` are
    there already, the digests of ``sources`` and the ids of ``runs``. ``lost`` are sentences on what is not copied:
    it is missing, damaged, or (a backup) does not lead to the current snapshot. ``others`` are the other workspaces of
    the state, which stay."""

    target: StateStore
    snapshots: tuple[Snapshot, ...]
    present: int
    sources: tuple[str, ...]
    runs: tuple[str, ...]
    lost: tuple[str, ...]
    others: tuple[str, ...]


def prepare_migration(project: Project, url: str) -> Migration:
    """What copying the project's state to ``url`` means; writes nothing.

    A workspace goes to the workspace of the same name there. Raises ``StateError`` when there is nothing to copy and
    when the target goes with this process, and ``StateConflictError`` when the target holds anything but an earlier
    snapshot of the same state.
    """
    from mason.project.state.keeping import refuse_passing

    refuse_passing(url)
    source, target = project.store, open_workspace(url, project.workspace)
    if target.url == source.url:
        raise StateConflictError(f"The state is at {source.url} already.")
    if is_same_state(target.url, source.url):
        raise _already_there(source, target)
    lost: list[str] = []
    current = source.read()
    snapshots = [*_backups(source, current, lost), current]
    if not current.lineage:
        raise StateError(
            f"Nothing was written to the state {source.url} yet, so there is nothing to copy. "
            f"Name the new place in {PROJECT_FILE} (state:), or with --state."
        )
    runs = source.list_runs()
    present = _present(target, snapshots)
    if not present and not set(target.list_runs()) <= set(runs):
        raise StateConflictError(f"{target.url} is not empty: it has a history of runs. Choose another place.")
    sources = tuple(_sources(source, snapshots, lost))
    return Migration(
        target,
        tuple(snapshots),
        present,
        sources,
        tuple(_readable(source, runs, lost)),
        tuple(lost),
        tuple(_others(project)),
    )


def migrate(project: Project, url: str, *, lock_timeout: float, tell: Callable[[str], None]) -> Migration:
    """Copy the project's state to ``url`` under the locks of both, and compare what is read back there.

    ``tell`` is told how far it is. Raises as :func:`prepare_migration` does, and ``StateError`` when what is read back
    is not what was copied.
    """
    with project.store.lock("state migrate", timeout=lock_timeout) as here:
        migration = prepare_migration(project, url)
        target = migration.target
        held = target.lock_info()
        if held is not None and held.id == here.info.id:
            # By another name of the same machine. To wait for this lock would be to wait for oneself.
            raise _already_there(project.store, target)
        with target.lock("state migrate", timeout=lock_timeout) as there:
            tell(f"Copying {len(migration.sources)} sources and {len(migration.runs)} runs...")
            for digest in migration.sources:
                there.check()
                target.put_source(project.store.get_source(digest))
            for run_id in migration.runs:
                there.check()
                target.put_run(run_id, project.store.get_run(run_id))
            tell(f"Copying {len(migration.snapshots)} snapshots...")
            base = target.read()
            for snapshot in migration.snapshots[migration.present :]:
                base = target.restore(snapshot, base=base)
        tell("Reading everything back...")
        _verify(project.store, open_workspace(url, project.workspace), migration)
        # Else somebody may have gone on with the old state, and this copy is no more than that of an earlier one.
        here.check()
    return migration


def _already_there(source: StateStore, target: StateStore) -> StateConflictError:
    return StateConflictError(f"{target.url} is where the state is already: {source.url}.")


def _backups(source: StateStore, current: Snapshot, lost: list[str]) -> Iterator[Snapshot]:
    """The backups that can be copied, oldest first; the others go to ``lost``."""
    last = 0
    for serial in source.list_backups():
        try:
            backup = source.get_backup(serial)
        except StateError:
            lost.append(f"The backup of serial {serial} cannot be read, and so is not copied.")
            continue
        if serial == current.serial and backup == current:
            # Kept for a write that then failed.
            continue
        if backup.serial != serial or not last < serial < current.serial:
            # Somebody copied an older file over the state.
            lost.append(f"The backup of serial {serial} does not lead to the current state, and so is not copied.")
            continue
        last = serial
        yield backup


def _readable(source: StateStore, runs: list[str], lost: list[str]) -> Iterator[str]:
    for run_id in runs:
        try:
            source.get_run(run_id)
        except StateFormatError:
            lost.append(f"The record of run {run_id} cannot be read, and so is not copied.")
            continue
        yield run_id


def _present(target: StateStore, snapshots: list[Snapshot]) -> int:
    """How many of ``snapshots`` the target has from an attempt that was interrupted. Raises ``StateConflictError``."""
    there = target.read()
    if not there.lineage:
        return 0
    if there.lineage not in {snapshot.lineage for snapshot in snapshots}:
        raise StateConflictError(
            f"{target.url} holds another state (lineage {there.lineage}, serial {there.serial}). Nothing was written. "
            "Choose another place."
        )
    for number, snapshot in enumerate(snapshots, 1):
        if encode(snapshot) == encode(there):
            return number
    raise StateConflictError(
        f"{target.url} holds this state already, and went its own way since (serial {there.serial}, here "
        f"{snapshots[-1].serial}). Nothing was written. Choose another place, or decide for one of the two."
    )


def _sources(source: StateStore, snapshots: list[Snapshot], lost: list[str]) -> Iterator[str]:
    """The digests of the sources of all snapshots that are there and sound; the others go to ``lost``."""
    wanted = {
        entry.module: address
        for snapshot in snapshots
        for address, entry in snapshot.resources.items()
        if entry.module is not None
    }
    for digest, address in sorted(wanted.items()):
        try:
            source.get_source(digest)
        except StateFormatError:
            lost.append(f"The Python files of {address} ({digest[:19]}...) are lost, and so are not copied.")
        else:
            yield digest


def _others(project: Project) -> list[str]:
    from mason.project.state.keeping import workspaces

    return [each.name for each in workspaces(project) if not each.is_current and each.serial]


def _verify(source: StateStore, target: StateStore, migration: Migration) -> None:
    """Raises ``StateError`` when ``target``, opened anew, gives back anything else than ``source``."""
    wrong = []
    *backups, current = migration.snapshots
    if encode(target.read()) != encode(current):
        wrong.append("the state itself")
    there = target.list_backups()
    for backup in backups:
        # An attempt that was interrupted long ago may have copied more backups than a state keeps.
        if backup.serial not in there or encode(target.get_backup(backup.serial)) != encode(backup):
            wrong.append(f"backup {backup.serial}")
    wrong += [f"source {digest}" for digest in migration.sources if not _has_source(target, digest)]
    wrong += [f"run {run_id}" for run_id in migration.runs if target.get_run(run_id) != source.get_run(run_id)]
    if wrong:
        raise StateError(
            f"What {target.url} gives back is not what was copied: {', '.join(wrong[:5])}. "
            f"Keep using {source.url}, which is as it was; empty the new place and try again."
        )


def _has_source(target: StateStore, digest: str) -> bool:
    try:
        target.get_source(digest)
    except StateFormatError:
        return False
    return True


# --- mason.yaml -------------------------------------------------------------------------------------------------------


def told_url(url: str, root: Path) -> str:
    """A state's URL as ``mason.yaml`` in ``root`` says it: a folder within the project is told from there."""
    if scheme_of(url) != "file":
        return url
    path, root = folder_of(url), folder_of(str(root))
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


def write_url(project: Project, url: str) -> Path:
    """Make ``url`` the ``state`` of the project's ``mason.yaml``, and leave the rest of the file as it is.

    Returns the file. Raises as :func:`check_write_url` does.
    """
    with _staged(project, url) as (partial, target):
        partial.replace(target)
    return project.settings.root / PROJECT_FILE


def check_write_url(project: Project, url: str) -> None:
    """Whether :func:`write_url` can do its work; ``mason.yaml`` stays as it is.

    Raises ``SettingsError`` when there is no such file, when its ``state`` has a form that is not safely changed, and
    when it cannot be written.
    """
    with _staged(project, url):
        pass


@contextmanager
def _staged(project: Project, url: str) -> Iterator[tuple[Path, Path]]:
    """The new ``mason.yaml`` in a file that is gone afterwards, and the file whose place it is to take."""
    from mason.settings import with_state

    file = project.settings.root / PROJECT_FILE
    told = told_url(url, project.settings.root)
    # What a link points to is written, not the link.
    target = Path(os.path.realpath(file))
    partial = target.with_name(f".{target.name}.partial")
    try:
        text = with_state(file, told)
        try:
            partial.write_bytes(text.encode())
            shutil.copymode(target, partial)
            yield partial, target
        finally:
            with suppress(OSError):
                partial.unlink()
    except FileNotFoundError:
        raise SettingsError(f"There is no {PROJECT_FILE} to write to. Make one with a line: state: {told}") from None
    except OSError as error:
        raise SettingsError(f"{file}: cannot be written ({error.strerror}). Write there: state: {told}") from error
