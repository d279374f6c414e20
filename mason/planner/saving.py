"""The actions of a plan that save or delete one resource, made from what the files say and what the state holds. Pure,
but for reading sources.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from mason.planner.coming import ReadSource
from mason.planner.diff import compare
from mason.planner.plan import Action, Change, Wanted
from mason.resources.resource import Resource
from mason.state.snapshot import Entry


class Saving:
    """Makes the actions that save resources, against what the state holds of them, perhaps under another address."""

    def __init__(
        self,
        applied: Mapping[str, Entry],
        project: str,
        read_source: ReadSource,
        before: Mapping[str, str],
        edited: Collection[str],
        take_over: Collection[str],
    ) -> None:
        self._applied = applied
        self._project = project
        self._read_source = read_source
        self._before = before
        self._edited = edited
        self._take_over = take_over

    def entry(self, address: str) -> Entry | None:
        """What the state holds of a resource."""
        return self._applied.get(self._before.get(address, address))

    def is_edited(self, address: str) -> bool:
        """Whether that was edited in the state."""
        return self._before.get(address, address) in self._edited

    def is_taken_over(self, address: str) -> bool:
        """Whether that belongs to a project whose resources are taken over."""
        entry = self.entry(address) if self._take_over else None
        return entry is not None and entry.project in self._take_over and entry.project != self._project

    def save(self, resource: Resource) -> Action:
        """The action that makes the state hold ``resource``."""
        module = resource.module
        wanted = Wanted(
            digest=resource.digest,
            encoded=resource.encoded,
            project=self._project,
            file=resource.file,
            module=module.digest if module else None,
            source=module.content if module else None,
        )
        action = Action("create", resource.address, "not in the state", resource.file, resource.line, wanted=wanted)
        entry = self.entry(resource.address)
        if entry is None:
            return action
        # Compared as JSON: what the state gives back went through JSON as well.
        changes, unchanged = compare(entry.definition, json.loads(resource.encoded))
        files = _changed_files(entry.module, wanted, self._read_source)
        moved_from = self._before.get(resource.address, "")
        return replace(
            action,
            kind="move" if moved_from else "overwrite",
            reason=self._reason(resource.address, entry, changes, files),
            changes=(*changes, *files),
            unchanged=unchanged,
            replaces=entry.digest,
            moved_from=moved_from,
        )

    def _reason(self, address: str, entry: Entry, changes: Sequence[Change], files: Sequence[Change]) -> str:
        if moved_from := self._before.get(address):
            return f"moved from {moved_from}"
        if address in self._edited:
            return "it was edited in the state"
        if changes or files:
            return "its definition changed" if changes else "its Python files changed"
        if self.is_taken_over(address):
            return f"it is taken over from project {entry.project}"
        return "its stored source is missing or damaged"


def _changed_files(before: str | None, wanted: Wanted, read_source: ReadSource) -> tuple[Change, ...]:
    """The Python files that differ, each with its text."""
    if before == wanted.module:
        return ()
    old = json.loads((read_source(before) if before else None) or b"{}")
    return compare(old, json.loads(wanted.source or b"{}"))[0]


def deletion(address: str, entry: Entry, reason: str) -> Action:
    """The action that deletes what the state holds at an address."""
    # Imported here: few plans delete anything.
    from mason.planner.runs_and_schedules import schedule_deletion

    return Action("delete", address, reason=reason, replaces=entry.digest, calls=schedule_deletion(entry))
