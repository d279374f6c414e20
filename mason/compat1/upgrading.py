"""Documents of 1.x to documents of today: configs without type and id, clients in a list, ``retry: exponential``.

Pure, but for a look at the files beside a config that has no id: 1.0x counted configs, and so its id is its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mason import bounds
from mason.resources.roles import ROLES

_NAMED = frozenset(f"{role}_{kind}" for role in ROLES for kind in ("engine", "clients"))
_OF_CONFIG = _NAMED | {"clients", "id", "source"}
_CONFIG_WORDS = ("Config", "configuration", "Configuration")
_RETRIES = {"exponential": "exponential(5)", "constant": "constant(5)"}
"""What 1.x did where a retry did not say how many seconds."""


def translated(definition: dict[str, Any], file: Path) -> str:
    """Turn a document of ``file`` into one of today in place, and return what was made of what, in one sentence.

    Empty where the document is none of 1.x, and then it stays as it is.
    """
    told = [*_config(definition, file), *_workflow(definition)]
    return "; ".join(told)


def _config(definition: dict[str, Any], file: Path) -> Iterator[str]:
    if "type" not in definition and _is_config(definition):
        definition["type"] = "config"
        yield "read as a config of Mason 1.x (write type: config)"
    elif definition.get("type") in _CONFIG_WORDS:
        yield f"type: {definition['type']} is read as type: config"
        definition["type"] = "config"
    if definition.get("type") != "config":
        return
    if "id" not in definition:
        definition["id"] = str(_place(file))
        yield f'its id is "{definition["id"]}", its place among the configs of the folder (write id: to keep it)'
    if "source" in definition:
        del definition["source"]
        yield "source is left out"
    if isinstance(definition.get("clients"), list):
        named = dict(_named(each) for each in definition["clients"])
        if len(named) == len(definition["clients"]) and "" not in named:
            definition["clients"] = named
            yield "the list of clients is read as a mapping of their names"


def _is_config(definition: dict[str, Any]) -> bool:
    return not _NAMED.isdisjoint(definition) and _OF_CONFIG.issuperset(definition)


def _place(file: Path) -> int:
    """How many files of the folder stand before this one and hold a config that has no id either."""
    return sum(_has_no_id(each) for each in _yaml_beside(file) if each.name < file.name)


def _yaml_beside(file: Path) -> Iterator[Path]:
    return (each for each in file.parent.iterdir() if each.suffix in (".yaml", ".yml") and each.is_file())


def _has_no_id(file: Path) -> bool:
    try:
        text = bounds.read_file(file, bounds.PARAMETERS).decode("utf-8", "replace")
    except OSError:
        # The loader tells of it.
        return False
    written = {match[1] for match in re.finditer(r"^([a-z_]+)\s*:", text, re.MULTILINE)}
    return not _NAMED.isdisjoint(written) and "id" not in written


def _named(client: Any) -> tuple[str, Any]:
    """The name and the entry of one client in a list: ``glue``, ``{glue: {...}}`` or ``{name: glue, ...}``."""
    if isinstance(client, str):
        return client, {}
    if not isinstance(client, dict):
        return "", {}
    for word in ("name", "client_name", "client"):
        if isinstance(client.get(word), str):
            rest = {key: value for key, value in client.items() if key != word}
            return client[word], rest if "configuration" in rest or not rest else {"configuration": rest}
    return next(iter(client.items())) if len(client) == 1 else ("", {})


def _workflow(definition: dict[str, Any]) -> Iterator[str]:
    steps = definition.get("dag")
    if definition.get("type") != "workflow" or not isinstance(steps, list):
        return
    for step in steps:
        if not isinstance(step, dict):
            continue
        if "retry_method" in step and "retry" not in step:
            step["retry"] = step.pop("retry_method")
            yield f"retry_method of {step.get('id')} is read as retry"
        retry = step.get("retry")
        if isinstance(retry, str) and retry in _RETRIES:
            step["retry"] = _RETRIES[retry]
            yield f"retry: {retry} of {step.get('id')} is read as {_RETRIES[retry]}"
