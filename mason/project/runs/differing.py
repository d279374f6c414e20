"""Whose code runs: that of the state, which may be another than the one that a person sees in the project's files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from mason.project.opened import Project
from mason.resources.address import kind_of, title_of


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
    found = _digests(project, sorted({project.settings.root / entry.file for entry in entries.values()}))
    return [
        f"{entry.file} says something else than what was applied, which is what runs ({title_of(address)}, applied by "
        f"{entry.applied_by or 'nobody knows whom'}). Apply the file first: mason apply"
        for address, entry in entries.items()
        if found.get(address) != entry.digest
    ]


def _digests(project: Project, files: Sequence[Path]) -> Mapping[str, str]:
    """The digests of what the files say, by address; without what has faults, which is not what was applied."""
    if not files:
        return {}
    # Imported here: of many operators there are no files in this project.
    from mason.project.loading import load
    from mason.resources.loader import UnfitResourcesError

    try:
        items = load(project, files, keep=False).items
    except UnfitResourcesError as error:
        items = error.rest.items
    return {each.address: each.digest for each in items}
