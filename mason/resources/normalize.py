"""Definitions without cosmetic differences: what is digested, stored and compared.

Two ways of writing the same thing become one, so that a plan shows no change where nothing changed in meaning.
The order of lists is kept, because people put the preferred client and the next step where they mean it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mason.resources.kinds import ROLES, SENTENCE_WORDS

_EMPTY: tuple[Any, ...] = (None, "", [], {})


def normalize(definition: Mapping[str, Any]) -> dict[str, Any]:
    """The normalized form of a definition that passed its schema and checks; ``type`` is kept."""
    plain = _plain(definition)
    # Saying that nothing is protected is saying nothing.
    return plain | {"protect": True} if definition.get("protect") else plain


def _plain(definition: Mapping[str, Any]) -> dict[str, Any]:
    kind = definition["type"]
    if kind == "config":
        return _config(definition)
    plain = {key: value for key, value in definition.items() if key != "protect"}
    if kind in ("run", "schedule"):
        return _filled(plain | {"config_id": str(definition["config_id"])})
    if kind == "operator":
        plain["parameters"] = _parameters(definition.get("parameters") or {})
        plain["do"] = [_sentence(sentence) for sentence in definition.get("do") or ()]
    else:
        plain["dag"] = [_filled({"type": "operator", **_filled(step)}) for step in definition["dag"]]
    return _filled(plain)


def _filled(given: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in given.items() if value not in _EMPTY}


def _config(definition: Mapping[str, Any]) -> dict[str, Any]:
    plain: dict[str, Any] = {"type": "config", "id": str(definition["id"])}
    used: list[str] = []
    for role in ROLES:
        single = definition.get(f"{role}_engine")
        names = definition.get(f"{role}_clients") or ([single] if single else [])
        if names:
            plain[f"{role}_clients"] = names
            used.extend(names)
    clients: dict[str, Any] = {name: {"configuration": {}} for name in used}
    for name, given in (definition.get("clients") or {}).items():
        configuration = {
            key: value for key, value in ((given or {}).get("configuration") or {}).items() if value is not None
        }
        if configuration or name in clients:
            clients[name] = {"configuration": configuration}
    if clients:
        plain["clients"] = clients
    return plain


def _parameters(given: Mapping[str, Any]) -> dict[str, Any]:
    return _filled(
        {group: [_parameter(entry) for entry in given.get(group) or ()] for group in ("required", "optional")}
    )


def _parameter(entry: str | Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(entry, str):
        return {"name": entry}
    plain = {key: entry[key] for key in ("name", "description") if entry.get(key)}
    if entry.get("type") not in (None, "any"):
        plain["type"] = entry["type"]
    if entry.get("default") is not None:
        plain["default"] = entry["default"]
    return plain


def _sentence(given: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value if key in SENTENCE_WORDS else value or {} for key, value in given.items()}
