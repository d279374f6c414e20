"""Which secrets there are: before anything is said of what may hold one, its value is known and scrubbed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mason import secrets, settings
from mason.resources.address import kind_of
from mason.resources.config import CONFIG, Config
from mason.settings import ProjectSettings
from mason.state.snapshot import Snapshot

if TYPE_CHECKING:
    from mason.planner.plan import Plan


def remember_secrets(found: ProjectSettings, plan: Plan, snapshot: Snapshot | None = None) -> None:
    """Let the secrets of all configs in a plan and a snapshot be scrubbed from now on, wherever else they stand.

    Of those that are not set here nothing is known.
    """
    remember_written(
        found,
        [
            json.loads(action.wanted.encoded)
            for action in plan.actions
            if action.wanted is not None and kind_of(action.address) == CONFIG.name
        ],
    )
    if snapshot is not None:
        remember_applied(found, snapshot)


def remember_applied(found: ProjectSettings, snapshot: Snapshot) -> bool:
    """As :func:`remember_written`, of what was applied: before anything is said of parameters, which may hold what a
    reference of any config stands for."""
    from mason.project.applied import find

    definitions = [entry.definition for entry in find(snapshot, CONFIG.name).values() if entry.is_as_applied]
    return remember_written(found, definitions)


def remember_written(found: ProjectSettings, definitions: Iterable[Mapping[str, Any]]) -> bool:
    """As :func:`remember_secrets`, of configs as they are written down. Returns whether any of them refers to the
    environment."""
    refers = False
    for definition in definitions:
        if secrets.references(definition.get("clients")):
            # Imported here: most configs have no secrets.
            from mason.clients import registry
            from mason.dryrun import configuration

            refers = True
            config = Config.from_definition(definition)
            configuration.remember_secrets(config, registry, lambda: settings.environment(found))
    return refers
