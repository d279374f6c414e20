"""Whose code runs: that of the state, which may be another than the one that a person sees in the project's files."""

from __future__ import annotations

from collections.abc import Mapping

from mason.errors import ResourceError
from mason.project.opened import Project
from mason.resources.address import kind_of, title_of
from mason.state.snapshot import Entry


def differing(project: Project, digests: Mapping[str, str]) -> list[str]:
    """What to warn of before a run of the operators and workflows with these ``digests`` (by address): those whose
    files in this project say something else than what was applied, and so than what runs."""
    snapshot = project.store.read()
    used = [each for each in digests if kind_of(each) in ("operator", "workflow") and each in snapshot.resources]
    entries = {
        address: entry
        for address, entry in snapshot.select(used).items()
        if entry.project == project.settings.name and (project.settings.root / entry.file).is_file()
    }
    return [
        f"{entry.file} says something else than what was applied, which is what runs ({title_of(address)}, applied by "
        f"{entry.applied_by or 'nobody knows whom'}). Apply the file first: mason apply"
        for address, entry in entries.items()
        if _differs(project, address, entry)
    ]


def _differs(project: Project, address: str, entry: Entry) -> bool:
    from mason.project.loading import load

    try:
        items = load(project, [project.settings.root / entry.file]).items
    except ResourceError:
        # What was applied had no faults.
        return True
    return all(each.address != address or each.digest != entry.digest for each in items)
