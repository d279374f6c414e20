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


_REFERENCE = r"\{\{\s*vars\s*\.\s*[A-Za-z_][A-Za-z0-9_]*\s*\}\}"

VARIABLE = {"type": "string", "pattern": rf"^\s*{_REFERENCE}\s*$"}
"""One ``{{vars.NAME}}`` and nothing else, as ``mason.resources.variables`` fills it in with its type."""


def accepting_variables(rules: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of a document as it is written: a variable may stand for every value, and within every text.

    The loader fills variables in before it holds a document to its schema, so only editors need this one.
    """
    held: dict[str, Any] = {}
    for keyword in ("properties", "patternProperties"):
        if keyword in rules:
            held[keyword] = {name: _or_variable(each) for name, each in rules[keyword].items()}
    for keyword in ("items", "additionalProperties"):
        if isinstance(rules.get(keyword), dict):
            held[keyword] = _or_variable(rules[keyword])
    return {**rules, **held}


def _or_variable(rules: Mapping[str, Any]) -> dict[str, Any]:
    within = accepting_variables(rules)
    if "enum" in within:
        return {**_without(within, "enum", "type"), "anyOf": [{"enum": within["enum"]}, VARIABLE]}
    # What a document is has to be known before its variables are.
    if "const" in within or "type" not in within:
        return within
    kinds = within["type"] if isinstance(within["type"], list) else [within["type"]]
    if "string" not in kinds:
        # The other rules are about values of the other types.
        return {**within, "type": [*kinds, "string"], "pattern": VARIABLE["pattern"]}
    return {**within, "pattern": f"(?:{within['pattern']})|{_REFERENCE}"} if "pattern" in within else within


def _without(rules: Mapping[str, Any], *keywords: str) -> dict[str, Any]:
    return {keyword: each for keyword, each in rules.items() if keyword not in keywords}
