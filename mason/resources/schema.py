"""The JSON Schemas of the resource kinds, as published by ``mason schema KIND`` and used by the loader."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from mason.resources.address import KINDS, MOVED

_FOLDER = Path(__file__).with_name("schemas")


def kinds() -> tuple[str, ...]:
    """The kinds of document that have a schema: those of resources in the order in which they are listed, and moves."""
    return (*KINDS, MOVED)


def schema(kind: str, engines: Mapping[str, str] = MappingProxyType({})) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a kind, decoded afresh. ``KeyError`` for a kind that does not exist.

    ``engines`` are those besides the four that may be named, and the packages that bring them.
    """
    if kind not in kinds():
        raise KeyError(kind)
    decoded: dict[str, Any] = _whole(_read(f"{kind}.json"))
    for role, package in engines.items():
        _add_engine(decoded, role, package)
    return decoded


def _read(name: str) -> Any:
    return json.loads((_FOLDER / name).read_text(encoding="utf-8"))


def _whole(rules: Any) -> Any:
    """``rules`` with what stands in a file of its own (``{"$ref": "checks.json#/items"}``) in its place."""
    if isinstance(rules, list):
        return [_whole(each) for each in rules]
    if not isinstance(rules, dict):
        return rules
    file, _, inner = rules.get("$ref", "").partition("#/") if isinstance(rules.get("$ref"), str) else ("", "", "")
    if not file:
        return {key: _whole(each) for key, each in rules.items()}
    found = _read(file)
    return found[inner] if inner else found


def _add_engine(rules: dict[str, Any], role: str, package: str) -> None:
    """Let ``role`` be named wherever the storage engine can be, in the same ways."""
    title = role.replace("_", " ").capitalize()
    texts = {
        "{}_clients": (
            f"{title} clients",
            f"The clients that play the {role} engine of the package {package}. The first one is preferred.",
        ),
        "{}_engine": (
            f"{title} engine",
            f"The one client that plays the {role} engine: short for {role}_clients with one entry.",
        ),
        "{}": (title, f"The client for the {role} engine."),
    }
    properties = rules.get("properties", {})
    for pattern, (heading, description) in texts.items():
        alike = properties.get(pattern.format("storage"))
        if alike is not None:
            properties[pattern.format(role)] = {**alike, "title": heading, "description": description}
    for inner in [*properties.values(), rules.get("items")]:
        if isinstance(inner, dict):
            _add_engine(inner, role, package)
