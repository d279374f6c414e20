"""The page of what may stand in YAML: every key of every kind, from the schemas that editors and Mason itself use."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any

from mason.clients import registry

KINDS = ("config", "operator", "workflow", "run", "schedule", "moved")


def yaml_page() -> str:
    """The page, as Markdown."""
    parts = [
        "# What stands in YAML\n\nMade by `make docs` from the JSON Schemas, which `mason schema KIND` prints. A "
        "key in bold has to be given. A list has `[]` behind its name.\n"
    ]
    for kind in KINDS:
        schema = json.loads(files("mason.resources.schemas").joinpath(f"{kind}.json").read_text("utf-8"))
        parts.append(f"## {kind}\n\n{schema['description']}\n\n{_table(schema)}")
    parts.append("## Configuration of clients\n\nWhat stands under `clients: NAME: configuration:` in a config.\n")
    parts += [f"### {name}\n\n{_table(registry.schema(name))}" for name in registry.names()]
    return "\n".join(parts)


def _table(schema: Mapping[str, Any]) -> str:
    rows = [f"| {key} | {kind} | {said} |\n" for key, kind, said in _keys(schema, "")]
    return "| key | is | says |\n|---|---|---|\n" + "".join(rows) if rows else "No keys.\n"


def _keys(schema: Mapping[str, Any], above: str) -> Iterator[tuple[str, str, str]]:
    """Key, type and description of what may stand in a mapping, and of what may stand below it."""
    for name, each in schema.get("properties", {}).items():
        path = f"{above}{name}"
        shown = f"**`{path}`**" if name in schema.get("required", ()) else f"`{path}`"
        said = " ".join(str(each.get("description", "")).split()).replace("|", "\\|")
        yield shown, _kind(each), said
        if "properties" in each:
            yield from _keys(each, f"{path}.")
        items = each.get("items")
        if isinstance(items, dict) and "properties" in items:
            yield from _keys(items, f"{path}[].")


def _kind(schema: Mapping[str, Any]) -> str:
    """The type of a value, or the values that there are."""
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return ", ".join(f"`{json.dumps(each).strip(chr(34))}`" for each in schema["enum"] if each is not None)
    kinds = schema.get("type", "any")
    words = [each for each in ([kinds] if isinstance(kinds, str) else kinds) if each != "null"]
    items = schema.get("items")
    inner = f" of {_kind(items)}" if isinstance(items, dict) and "type" in items else ""
    return " or ".join(word + (inner if word == "array" else "") for word in words)
