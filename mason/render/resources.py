"""Applied resources as people look them up: a table per kind, one definition whole, or one JSON document."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from mason.render import JSON_FORMAT
from mason.render.tables import table
from mason.render.terminal import Terminal
from mason.resources.address import KINDS
from mason.resources.config import CONFIG
from mason.resources.roles import in_order, named_roles
from mason.resources.run import RUN
from mason.resources.schedule import SCHEDULE
from mason.state.outcome import Outcome
from mason.state.snapshot import Entry


def resources_text(entries: Mapping[str, Entry], current: str, terminal: Terminal) -> str:
    """A table for each kind that there is, configs first; ``current`` is the id of the config marked ``*``."""
    parts: list[str] = []
    kinds = [kind for kind in KINDS if any(entry.kind == kind for entry in entries.values())]
    for kind in kinds:
        chosen = {address: entry for address, entry in entries.items() if entry.kind == kind}
        text = _TABLES.get(kind, _commands)(chosen, current, terminal)
        title = terminal.style(f"{kind.capitalize()}s", "bold") + "\n"
        parts.append((title if len(kinds) > 1 else "") + text)
    return "\n\n".join(parts)


# Names come from the addresses, and the rest as it is: a state may have been edited, and looking must work then.


_ORDER = ("execution", "metastore", "storage", "scheduler")


def _configs(entries: Mapping[str, Entry], current: str, terminal: Terminal) -> str:
    others = in_order(role for entry in entries.values() for role in named_roles(entry.definition))
    order = (*_ORDER, *(role for role in others if role not in _ORDER))
    rows = [
        [
            "*" if (identifier := address.partition(".")[2]) == current else "",
            identifier,
            *(_joined(entry.definition.get(f"{role}_clients", ())) for role in order),
        ]
        for address, entry in entries.items()
    ]
    return table(["", "id", *order], rows, terminal)


def _joined(names: Any) -> str:
    return ", ".join(map(str, names)) if isinstance(names, (list, tuple)) else str(names)


def _commands(entries: Mapping[str, Entry], current: str, terminal: Terminal) -> str:
    rows = [
        [*address.partition(".")[2].partition(".")[::2], str(entry.definition.get("description", ""))]
        for address, entry in entries.items()
    ]
    return table(["namespace", "command", "description"], rows, terminal)


def _runs(entries: Mapping[str, Entry], current: str, terminal: Terminal) -> str:
    rows = []
    for address, entry in entries.items():
        given, outcome = entry.definition, Outcome.of(entry)
        rows.append(
            [
                address.partition(".")[2],
                str(given.get("workflow") or given.get("operator") or ""),
                str(given.get("config_id", "")),
                outcome.status if outcome else "",
                outcome.at.replace("T", " ").partition("+")[0] if outcome else "",
                str(given.get("description", "")),
            ]
        )
    return table(["name", "what", "config", "status", "at", "description"], rows, terminal)


def _schedules(entries: Mapping[str, Entry], current: str, terminal: Terminal) -> str:
    columns = ("workflow", "config_id", "schedule", "time_zone", "description")
    rows = [
        [address.partition(".")[2], *(str(entry.definition.get(column, "")) for column in columns)]
        for address, entry in entries.items()
    ]
    return table(["name", "workflow", "config", "schedule", "time zone", "description"], rows, terminal)


_TABLES = {CONFIG.name: _configs, RUN.name: _runs, SCHEDULE.name: _schedules}


def definition_text(definition: Mapping[str, Any]) -> str:
    """One definition whole, as JSON."""
    return json.dumps(definition, indent=2, ensure_ascii=False)


def definitions_yaml(definitions: Sequence[Mapping[str, Any]]) -> str:
    """Definitions as YAML documents, as files would say them."""
    # Imported here: it is asked for rarely.
    import yaml

    several = len(definitions) > 1
    return str(yaml.safe_dump_all(definitions, sort_keys=False, allow_unicode=True, explicit_start=several)).rstrip()


def resources_json(
    entries: Mapping[str, Entry],
    current: str,
    shown: Callable[[Entry], dict[str, Any]],
    *,
    edited: Collection[str] = (),
) -> dict[str, Any]:
    """The document that ``mason get --json`` prints; ``shown`` makes a definition fit to be shown.

    ``edited`` are the addresses whose definition is not what was applied.
    """
    return {
        "format_version": JSON_FORMAT,
        "current_config": current,
        "resources": [
            {
                "address": address,
                "definition": shown(entry),
                "edited": address in edited,
                "project": entry.project,
                "file": entry.file,
                "applied_at": entry.applied_at,
                "applied_by": entry.applied_by,
                **({"outcome": dict(entry.outcome)} if entry.outcome is not None else {}),
            }
            for address, entry in entries.items()
        ],
    }
