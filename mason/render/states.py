"""Views of what is known of a state itself: who holds its lock, what it holds, its versions, and what a change of it
means."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from mason.planner.plan import Plan
from mason.project.state.keeping import Forgotten, Moved, Version, Workspace
from mason.project.state.migration import Migration
from mason.project.state.pushing import Pushed
from mason.render import JSON_FORMAT
from mason.render.plans import foreign_text, plan_json
from mason.render.tables import table
from mason.render.terminal import Terminal
from mason.state.snapshot import Entry, Snapshot
from mason.state.store import LockInfo
from mason.state.urls import workspace_of


def lock_text(holder: LockInfo | None, *, url: str) -> str:
    """Who holds the lock of the state at ``url``, in a few lines."""
    if holder is None:
        return f"Nobody holds the lock of the state {url}."
    lines = [f"The state {url} is locked.", f"  ID:        {holder.id}"]
    if not holder.who:
        return "\n".join([*lines, "  Who:       nobody knows: what stands there is no lock of Mason's"])
    lines += [
        f"  Operation: {holder.operation}",
        f"  Who:       {holder.who} (process {holder.pid}, mason {holder.version})",
        f"  Since:     {holder.created}",
    ]
    if holder.expires:
        lines.append(f"  Expires:   {holder.expires}, unless it is renewed until then")
    return "\n".join(lines)


def lock_json(holder: LockInfo | None, *, url: str) -> dict[str, Any]:
    """The same as data; ``lock`` is ``null`` when nobody holds it."""
    return {"format_version": JSON_FORMAT, "state": {"url": url}, "lock": asdict(holder) if holder else None}


def list_text(entries: Mapping[str, Entry], terminal: Terminal) -> str:
    """A table of what the state holds."""
    rows = [
        [address, entry.kind, entry.project, _moment(entry.applied_at), entry.applied_by]
        for address, entry in entries.items()
    ]
    return table(["address", "kind", "project", "applied at", "applied by"], rows, terminal)


def list_json(entries: Mapping[str, Entry], snapshot: Snapshot, *, url: str) -> dict[str, Any]:
    """The same as data."""
    return _document(url, snapshot) | {
        "resources": [_entry(address, entry) for address, entry in entries.items()],
    }


def show_text(
    address: str,
    entry: Entry,
    definition: Mapping[str, Any],
    terminal: Terminal,
    *,
    users: Sequence[str],
    edited: bool,
) -> str:
    """One entry whole; ``definition`` is it as it may be shown, ``users`` are what uses it."""
    facts = {
        "Digest": entry.digest + (" (edited since: it is not what was applied)" if edited else ""),
        "Module": entry.module or "",
        "Project": entry.project,
        "File": entry.file,
        "Applied": " by ".join(part for part in (_moment(entry.applied_at), entry.applied_by) if part),
        "Used by": ", ".join(users),
    }
    lines = [terminal.style(address, "bold")]
    lines += [f"  {name + ':':<9} {value}" for name, value in facts.items() if value]
    if entry.outcome is not None:
        lines += ["Outcome:", json.dumps(dict(entry.outcome), indent=2, ensure_ascii=False)]
    return "\n".join([*lines, "Definition:", json.dumps(definition, indent=2, ensure_ascii=False)])


def show_json(
    address: str,
    entry: Entry,
    definition: Mapping[str, Any],
    snapshot: Snapshot,
    *,
    users: Sequence[str],
    edited: bool,
    url: str,
) -> dict[str, Any]:
    """The same as data."""
    return _document(url, snapshot) | {
        **_entry(address, entry),
        "digest": entry.digest,
        "module": entry.module,
        "edited": edited,
        "used_by": list(users),
        "outcome": dict(entry.outcome) if entry.outcome is not None else None,
        "definition": dict(definition),
    }


def _entry(address: str, entry: Entry) -> dict[str, Any]:
    return {
        "address": address,
        "kind": entry.kind,
        "project": entry.project,
        "file": entry.file,
        "applied_at": entry.applied_at,
        "applied_by": entry.applied_by,
    }


def _document(url: str, snapshot: Snapshot) -> dict[str, Any]:
    return {
        "format_version": JSON_FORMAT,
        "state": {
            "url": url,
            "workspace": workspace_of(url),
            "lineage": snapshot.lineage,
            "serial": snapshot.serial,
        },
    }


def _moment(told: str) -> str:
    return told.replace("T", " ").partition("+")[0]


_COUNTS = ("created", "overwritten", "deleted", "outcomes")


def history_text(versions: Sequence[Version], terminal: Terminal) -> str:
    """A table of the kept snapshots; ``*`` marks the current one."""
    rows = []
    for version in versions:
        mark = "*" if version.is_current else ""
        if version.error:
            rows.append([mark, str(version.serial), "cannot be read", *[""] * (len(_COUNTS) + 2)])
            continue
        counts = [_count(getattr(version, name)) for name in (*_COUNTS, "resources")]
        rows.append([mark, str(version.serial), _moment(version.written_at), version.written_by, *counts])
    return table(["", "serial", "written at", "written by", *_COUNTS, "resources"], rows, terminal)


def _count(number: int | None) -> str:
    return "?" if number is None else str(number)


def history_json(versions: Sequence[Version], *, url: str) -> dict[str, Any]:
    """The same as data; counts that nobody knows are ``null``."""
    return {
        "format_version": JSON_FORMAT,
        "state": {"url": url, "workspace": workspace_of(url)},
        "versions": [
            {**{name: value for name, value in asdict(version).items() if name != "is_current"}}
            | {"current": version.is_current}
            for version in versions
        ],
    }


def workspaces_text(workspaces: Sequence[Workspace], terminal: Terminal) -> str:
    """A table of the workspaces; ``*`` marks the current one."""
    rows = [
        ["*" if each.is_current else "", each.name, str(each.serial), str(each.resources), each.url]
        for each in workspaces
    ]
    return table(["", "name", "serial", "resources", "state"], rows, terminal)


def workspaces_json(workspaces: Sequence[Workspace]) -> dict[str, Any]:
    """The same as data."""
    return {
        "format_version": JSON_FORMAT,
        "current_workspace": next(each.name for each in workspaces if each.is_current),
        "workspaces": [
            {"name": each.name, "url": each.url, "serial": each.serial, "resources": each.resources}
            for each in workspaces
        ],
    }


def moved_text(moved: Moved) -> str:
    """What a move does, and what is left to do for a person."""
    lines = [f"  {moved.before} -> {moved.after}"]
    lines += [f"  {address} names {moved.after} instead of {moved.before}" for address in moved.rewritten]
    if moved.has_module:
        lines.append(
            f"Warning: {moved.before} has a Python class that is named after it. Rename the class in its file as well; "
            "mason apply stores it, and until then it does not run."
        )
    lines += [
        f"Warning: the scheduler runs {address} with what it was given before. Put it there anew: mason apply -o"
        for address in moved.schedules
    ]
    lines += [f"Warning: {sentence}" for sentence in foreign_text(moved.foreign)]
    return "\n".join(lines)


def forgotten_text(forgotten: Forgotten) -> str:
    """What would be forgotten, and what that leaves behind."""
    lines = [f"  - {address}" for address in forgotten.addresses]
    lines += [f"Warning: {address} stays, and uses {used}." for address, used in forgotten.uses]
    lines += [
        f"Warning: {address} stays in its scheduler, which goes on to run it. To take it from there: mason destroy "
        f"{address}"
        for address in forgotten.schedules
    ]
    lines += [f"Warning: {address} is protected, and would be forgotten." for address in forgotten.protected]
    lines += [f"Warning: {sentence}" for sentence in foreign_text(forgotten.foreign)]
    return "\n".join(lines)


def changed_json(
    told: Mapping[str, Any], now: Snapshot, *, url: str, dry_run: bool, changed: bool = True
) -> dict[str, Any]:
    """What a change of the state tells as data, ``told`` by one of the functions below; ``now`` is the state after it.

    ``changed`` says whether there was anything to do; with ``dry_run``, whether there would be.
    """
    return _document(url, now) | {"dry_run": dry_run, "changed": changed, **told}


def moved_json(moved: Moved) -> dict[str, Any]:
    """A move."""
    return {
        "from": moved.before,
        "to": moved.after,
        "rewritten": list(moved.rewritten),
        "schedules": list(moved.schedules),
        "python_class": moved.has_module,
        "foreign": _by_project(moved.foreign),
    }


def forgotten_json(forgotten: Forgotten) -> dict[str, Any]:
    """What is forgotten."""
    return {
        "forgotten": list(forgotten.addresses),
        "dangling": [{"address": address, "uses": used} for address, used in forgotten.uses],
        "schedules": list(forgotten.schedules),
        "protected": list(forgotten.protected),
        "foreign": _by_project(forgotten.foreign),
    }


_REPLACED = ("action", "address", "reason", "changes", "unchanged_fields")


def replaced_json(plan: Plan | None) -> dict[str, Any]:
    """What becomes of the resources in a rollback or a push; ``None`` where nothing does."""
    whole = plan_json(plan or Plan(()), url="")
    # Without whole definitions: what comes from elsewhere may hold in clear what belongs nowhere.
    actions = [{key: action[key] for key in _REPLACED} for action in whole["actions"]]
    return {**{key: whole[key] for key in ("summary", "warnings", "foreign")}, "actions": actions}


def pushed_json(pushed: Pushed | None) -> dict[str, Any]:
    """A push, and why it takes ``--force``."""
    reasons, edited = (pushed.reasons, pushed.edited) if pushed else ((), ())
    return replaced_json(pushed.plan if pushed else None) | {"reasons": list(reasons), "edited": list(edited)}


def _by_project(foreign: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    return {owner: list(addresses) for owner, addresses in foreign.items()}


def migration_json(migration: Migration, *, url: str, dry_run: bool, told: str, file: str) -> dict[str, Any]:
    """What is, or was, copied from ``url``. ``told`` is the new URL as the project's ``file`` says it, which is empty
    where that was not written."""
    *backups, current = migration.snapshots
    return _document(url, current) | {
        "dry_run": dry_run,
        "target": {"url": migration.target.url, "told": told, "written_to": file},
        "resources": len(current.resources),
        "backups": [snapshot.serial for snapshot in backups],
        "present": migration.present,
        "sources": list(migration.sources),
        "runs": list(migration.runs),
        "lost": list(migration.lost),
        "other_workspaces": list(migration.others),
    }


def migration_text(migration: Migration, *, done: bool) -> str:
    """What is, or was, copied where."""
    *backups, current = migration.snapshots
    what = ", ".join(
        [
            f"serial {current.serial} with {_number(len(current.resources), 'resource')}",
            _number(len(backups), "backup"),
            _number(len(migration.sources), "source"),
            _number(len(migration.runs), "run"),
        ]
    )
    lines = [f"{'Copied to' if done else 'Would copy to'} {migration.target.url}: {what}."]
    if migration.present == len(migration.snapshots) and not done:
        lines.append("It is there already, and would be compared.")
    elif migration.present and not done:
        lines.append(f"An earlier attempt was interrupted; {_number(migration.present, 'snapshot')} are there already.")
    if done:
        lines.append("Everything was read back and compared. The old state is as it was.")
    return "\n".join(lines)


def migration_warnings(migration: Migration) -> Iterator[str]:
    """What was not copied."""
    yield from migration.lost
    if migration.others:
        one = migration.others[0]
        yield (
            f"Other workspaces stay where they are: {', '.join(migration.others)}. Each is copied by itself, such as: "
            f"mason --workspace {one} state migrate ..."
        )


def _number(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
