"""The JSON Schemas of the resource kinds, as published by ``mason schema KIND`` and used by the loader."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mason.resources.address import KINDS, MOVED

_FOLDER = Path(__file__).with_name("schemas")


def kinds() -> tuple[str, ...]:
    """The kinds of document that have a schema: those of resources in the order in which they are listed, and moves."""
    return (*KINDS, MOVED)


def schema(kind: str) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a kind, decoded afresh. ``KeyError`` for a kind that does not exist."""
    if kind not in kinds():
        raise KeyError(kind)
    decoded: dict[str, Any] = json.loads((_FOLDER / f"{kind}.json").read_text(encoding="utf-8"))
    return decoded
