"""Use case of checking a whole project by its files alone: no state is read and no engine called, as CI and commits
want it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mason.bulk import uncollected
from mason.errors import ResourceError
from mason.project.loading import load
from mason.project.opened import Project
from mason.values import dataclass

if TYPE_CHECKING:
    from mason.planner.plan import Broken
    from mason.resources.resource import Resource, Resources

_NOWHERE = "which no file here defines"


@dataclass(frozen=True, slots=True)
class Validated:
    """How much was looked at, sentences on what may be wrong, and what no config of the project can run."""

    files: int
    resources: int
    warnings: tuple[str, ...]
    broken: tuple[Broken, ...]


def validate(project: Project, paths: Sequence[Path] = (), *, allow_undefined: bool = False) -> Validated:
    """Check all that can be known of the files under ``paths`` (the whole project without any).

    Runs and schedules are made ready as a plan would make them, with what the files define. With ``allow_undefined``,
    a reference to what no file defines is a warning, because other projects may apply that; what refers to it is
    checked by itself only. Raises ``ResourceError`` with all faults of the files.
    """
    from mason.clients import registry
    from mason.planner.build import build
    from mason.planner.integrity import undefined_beside
    from mason.resources.loader import Places, UnfitResourcesError
    from mason.state.snapshot import Snapshot

    place = Places(project.settings.root)
    with uncollected():
        try:
            resources = load(project, paths)
        except UnfitResourcesError as error:
            beside = [] if allow_undefined else undefined_beside(error.rest, error.faulty, (), place, _NOWHERE)
            raise ResourceError([*error.diagnostics, *beside]) from error
        undefined = list(undefined_beside(resources, (), (), place, _NOWHERE))
        try:
            made = build(
                replace(resources, items=tuple(_closed(resources))) if undefined else resources,
                Snapshot(),
                project=project.settings.name,
                place=place,
                read_source=lambda digest: None,
                catalog=registry,
                observe=lambda config, run: {},
            )
        except ResourceError as error:
            raise ResourceError([*error.diagnostics, *(() if allow_undefined else undefined)]) from error
        if undefined and not allow_undefined:
            raise ResourceError(undefined)
    warnings = (*map(str, undefined), *made.warnings)
    return Validated(resources.files, len(resources.items), warnings, made.broken)


def _closed(resources: Resources) -> Iterator[Resource]:
    """The resources whose references, and those of what they refer to, all lead to resources."""
    known = {resource.address: resource for resource in resources.items}
    while lost := [address for address, each in known.items() if any(used not in known for used in each.references)]:
        for address in lost:
            del known[address]
    yield from known.values()
