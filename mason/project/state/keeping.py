"""Use cases that look after the state itself, and not after what it holds.

What changes a state is prepared, shown, and then done under the lock as it was shown; the snapshot before stays a
backup. No engine is called, so what schedulers hold may differ afterwards: who asks is told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Generic, TypeVar

from mason import home
from mason.errors import (
    NotFoundError,
    StateConflictError,
    StateError,
    StateLockedError,
)
from mason.project.applied import current_config, shown_definition
from mason.project.confirming import Confirmation
from mason.project.opened import Project, open_workspace, stored_source
from mason.resources.address import config_address
from mason.resources.kinds import effect_of
from mason.resources.wording import suggestion
from mason.settings import DEFAULT_WORKSPACE
from mason.state.snapshot import Entry, Snapshot
from mason.state.store import LockInfo
from mason.state.urls import open_store, scheme_of
from mason.values import dataclass

if TYPE_CHECKING:
    from mason.planner.plan import Plan

Told = TypeVar("Told")

# --- the lock ---------------------------------------------------------------------------------------------------------


def lock_info(project: Project) -> LockInfo | None:
    """Who holds the lock of the project's state now; ``None`` when nobody does."""
    return project.store.lock_info()


def holder_to_unlock(project: Project, lock_id: str) -> LockInfo:
    """Who would lose the lock if it was unlocked. Raises ``StateError`` when nobody holds it, or under another id."""
    from mason.state.lock import named_holder

    return named_holder(project.store.url, lock_info(project), lock_id)


def unlock(project: Project, lock_id: str) -> LockInfo:
    """Take the lock from its holder. Raises ``StateError`` when it is another lock or goes with its process."""
    return project.store.break_lock(lock_id)


# --- looking ----------------------------------------------------------------------------------------------------------


def listed(snapshot: Snapshot, prefix: str = "", *, kind: str = "") -> dict[str, Entry]:
    """The resources whose address begins with ``prefix``, of one kind or of all, sorted by address.

    Raises ``NotFoundError`` when there are resources, but none whose address begins so.
    """
    found = [address for address in sorted(snapshot.resources) if address.startswith(prefix)]
    if prefix and not found and snapshot.resources:
        if set(prefix) & set("*?["):
            hint = "it is taken as it is, without wildcards: leave them out"
        else:
            hint = suggestion(prefix, snapshot.resources, "known")
        raise NotFoundError(f"No address in the state begins with {prefix} ({hint}).")
    return snapshot.select([address for address in found if not kind or address.startswith(f"{kind}.")])


def entry_of(snapshot: Snapshot, address: str) -> Entry:
    """What the state holds at ``address``. Raises ``NotFoundError``."""
    from mason.planner.renaming.rename import known

    known(snapshot.resources, [address])
    return snapshot.resources[address]


def users_of(snapshot: Snapshot, address: str) -> list[str]:
    """The addresses of what uses the resource at ``address``, sorted."""
    from mason.planner.integrity import references_of

    return sorted(each for each, entry in snapshot.resources.items() if address in references_of(entry))


def pulled(project: Project) -> bytes:
    """The state as its file has it. Raises ``StateError`` when nothing was written yet."""
    from mason.state.format import encode

    snapshot = project.store.read()
    if not snapshot.lineage:
        raise StateError(f"Nothing was written to the state {project.store.url} yet.")
    return encode(snapshot)


@dataclass(frozen=True, slots=True)
class Version:
    """One snapshot of a state: when and by whom it was written (empty where nobody knows) and how many ``resources``
    it holds. ``created``, ``overwritten``, ``deleted`` and ``outcomes`` (of runs and schedules) count what changed
    since the one before, with which those that one apply wrote on its way do not count; ``None`` where that is not kept
    any more. ``error`` says why it cannot be read."""

    serial: int
    is_current: bool = False
    written_at: str = ""
    written_by: str = ""
    resources: int | None = None
    created: int | None = None
    overwritten: int | None = None
    deleted: int | None = None
    outcomes: int | None = None
    error: str = ""


def history(project: Project) -> list[Version]:
    """The kept snapshots, the current one first; none when nothing was written yet."""
    current = project.store.read()
    if not current.lineage:
        return []
    found: list[Version] = []
    kept: dict[int, Snapshot | None] = {0: Snapshot()}
    for serial in project.store.list_backups():
        if serial == current.serial:
            # Kept for a write that then failed.
            continue
        try:
            snapshot = project.store.get_backup(serial)
        except StateError as error:
            found.append(Version(serial, error=str(error)))
            kept[serial] = None
            continue
        found.append(_version(snapshot, _before(snapshot, kept)))
        kept[serial] = snapshot
    found.append(replace(_version(current, _before(current, kept)), is_current=True))
    return found[::-1]


def _before(snapshot: Snapshot, kept: Mapping[int, Snapshot | None]) -> Snapshot | None:
    """The one of the ``kept`` snapshots, oldest first, that came before ``snapshot``; ``None`` if it is not kept."""
    if snapshot.follows is not None:
        return kept.get(snapshot.follows)
    last = list(kept)[-1]
    return kept[last] if last or snapshot.serial == 1 else None


def _version(snapshot: Snapshot, before: Snapshot | None) -> Version:
    version = Version(
        snapshot.serial,
        written_at=snapshot.written_at,
        written_by=snapshot.written_by,
        resources=len(snapshot.resources),
    )
    if before is None:
        return version
    old, new = dict(before.resources), snapshot.resources
    return replace(
        version,
        created=sum(address not in old for address in new),
        overwritten=sum(address in old and old[address].digest != entry.digest for address, entry in new.items()),
        deleted=sum(address not in new for address in old),
        outcomes=sum(
            address in old and old[address].digest == entry.digest and old[address].outcome != entry.outcome
            for address, entry in new.items()
        ),
    )


@dataclass(frozen=True, slots=True)
class Workspace:
    """A workspace: its name, the URL of its state, and the ``serial`` of it (0: nothing was applied in it yet)."""

    name: str
    url: str
    serial: int
    resources: int
    is_current: bool


def workspaces(project: Project) -> list[Workspace]:
    """The default workspace, then the others that have a state, and the current one in any case; by name."""
    others = {*open_store(project.url).list_workspaces(), project.workspace} - {DEFAULT_WORKSPACE}
    found = []
    for name in (DEFAULT_WORKSPACE, *sorted(others)):
        store = open_workspace(project.url, name)
        snapshot = store.read()
        is_current = name == project.workspace
        found.append(Workspace(name, store.url, snapshot.serial, len(snapshot.resources), is_current))
    return found


def check_place(url: str) -> Snapshot:
    """What the state at ``url`` holds, once it is clear that it can be written: its lock is taken and given back.

    Raises ``StateError`` and ``SettingsError`` when it cannot be.
    """
    refuse_passing(url)
    store = open_store(url)
    # Somebody who holds the lock can write, and nothing speaks against the others.
    with suppress(StateLockedError), store.lock("init"):
        pass
    return store.read()


def refuse_passing(url: str) -> None:
    """Raise ``StateError`` when ``url`` is no place to keep a state at: it is gone with this process."""
    if scheme_of(url) == "memory":
        raise StateError(
            "A state at memory:// lasts as long as its process, so nothing can be kept there. Name a folder, or "
            "s3://bucket/prefix."
        )


# --- changing ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Change(Generic[Told]):
    """A change that was prepared: ``base`` is the snapshot that it is made to, ``becomes`` what it makes of that, and
    ``told`` what is shown of it before anybody says yes, to the ``confirmations``."""

    base: Snapshot
    becomes: Snapshot
    told: Told
    confirmations: tuple[Confirmation, ...] = ()


def carry_out(
    project: Project,
    change: Change[Told],
    again: Callable[[], Change[Told] | None],
    *,
    operation: str,
    lock_timeout: float,
) -> Snapshot:
    """Do what was shown, under the lock. ``again`` prepares it anew, for what the state is by then.

    Raises ``StateConflictError`` when that is something else than what was shown, and the store's own errors.
    """
    with project.store.lock(operation, timeout=lock_timeout):
        fresh = again()
        if fresh is None or fresh.told != change.told:
            raise StateConflictError(
                f"The state {project.store.url} was changed by somebody else, and what would be done now is not what "
                "was shown. Nothing was written. Run the command again."
            )
        return project.store.restore(fresh.becomes, base=fresh.base)


@dataclass(frozen=True, slots=True)
class Moved:
    """What a move tells: ``rewritten`` and ``schedules`` as ``mason.planner.renaming.rename.Renamed`` has them.
    ``has_module`` says that a Python class has the old name, ``is_chosen`` that it is this person's current config.
    ``foreign`` are the addresses of what changes of other projects, by project."""

    before: str
    after: str
    rewritten: tuple[str, ...]
    schedules: tuple[str, ...]
    has_module: bool
    is_chosen: bool
    foreign: Mapping[str, tuple[str, ...]]


def move(project: Project, before: str, after: str) -> Change[Moved]:
    """The state with the resource at ``before`` at ``after``. Raises as ``mason.planner.renaming.rename`` does."""
    from mason.planner.integrity import by_owner
    from mason.planner.renaming.rename import rename

    base = project.store.read()
    renamed = rename(base, before, after)
    owned = [(address, base.resources[address].project) for address in (before, *renamed.rewritten)]
    chosen = home.current_config(base.lineage)
    told = Moved(
        before,
        after,
        renamed.rewritten,
        renamed.schedules,
        renamed.has_module,
        bool(chosen) and before == config_address(chosen) and current_config(base) == chosen,
        by_owner(owned, project.settings.name),
    )
    return Change(base, following(renamed.resources, base), told)


def follow_config(moved: Moved, snapshot: Snapshot) -> None:
    """Let this person's current config be the moved one."""
    if moved.is_chosen:
        home.set_current_config(snapshot.lineage, moved.after.partition(".")[2])


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What forgetting tells: pairs of what stays and what it ``uses`` that would be gone, the ``schedules`` that stay
    in their schedulers, what is ``protected``, and what is ``foreign``: the addresses of other projects, by project."""

    addresses: tuple[str, ...]
    uses: tuple[tuple[str, str], ...]
    schedules: tuple[str, ...]
    protected: tuple[str, ...]
    foreign: Mapping[str, tuple[str, ...]]


def forget(project: Project, addresses: Sequence[str]) -> Change[Forgotten]:
    """The state without the resources at ``addresses``. Raises ``NotFoundError`` with all that are not there."""
    from mason.planner.integrity import by_owner, references_of
    from mason.planner.renaming.rename import known
    from mason.state.outcome import Outcome

    base = project.store.read()
    known(base.resources, addresses)
    gone = dict.fromkeys(addresses)
    rest = {address: entry for address, entry in base.resources.items() if address not in gone}
    uses = [(address, used) for address, entry in rest.items() for used in references_of(entry) if used in gone]
    forgotten = {address: base.resources[address] for address in gone}
    told = Forgotten(
        tuple(gone),
        uses=tuple(sorted(uses)),
        schedules=tuple(each for each, entry in forgotten.items() if effect_of(each) == "put" and Outcome.of(entry)),
        protected=tuple(each for each, entry in forgotten.items() if entry.definition.get("protect") is True),
        foreign=by_owner(((each, entry.project) for each, entry in forgotten.items()), project.settings.name),
    )
    return Change(base, following(rest, base), told, (Confirmation("Forget these?"),))


def roll_back(project: Project, serial: int) -> Change[Plan] | None:
    """The state as its backup ``serial`` has it; ``None`` if that is what it holds.

    Raises ``StateError`` when that is not among the backups.
    """
    base = project.store.read()
    kept = project.store.list_backups()
    if serial == base.serial and serial:
        raise StateError(f"The state {project.store.url} is at serial {serial} already.")
    if serial not in kept:
        there = f"Kept are: {', '.join(map(str, kept))}. See mason state history" if kept else "None is kept."
        raise StateError(f"There is no backup of serial {serial} in {project.store.url}. {there}")
    earlier = project.store.get_backup(serial)
    if earlier.resources == base.resources:
        return None
    plan = replacement(project, base, earlier, named=f"serial {serial}")
    asked = Confirmation(f"Make the state what it was at serial {serial}?")
    return Change(base, following(earlier.resources, base), plan, (asked,))


def replacement(project: Project, base: Snapshot, other: Snapshot, *, named: str) -> Plan:
    """The plan that makes ``base`` what ``other`` is, which people know as ``named``."""
    from mason.planner.renaming.replacement import plan_replacement

    return plan_replacement(
        base,
        other,
        named=named,
        shown=shown_definition,
        read_source=lambda digest: stored_source(project.store, digest),
        state=project.store.url,
        project=project.settings.name,
    )


def following(resources: Mapping[str, Entry], base: Snapshot) -> Snapshot:
    """The snapshot of ``resources`` that comes after ``base``."""
    from mason.state.lock import next_snapshot

    return next_snapshot(resources, base)
