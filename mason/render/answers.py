"""Answers of runs, and errors of all kinds, as JSON that people can read too."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from mason.errors import ResourceError, SettingsError
from mason.render import JSON_FORMAT

# How long a value may be to stand on one line: a row of plain values stays together longer than what nests.
_WIDTH = 110
_ROW_WIDTH = 170


def answer_text(answer: Mapping[str, list[Any]]) -> str:
    """An answer as JSON: values that fit on a line stand on one, so that rows read like a table's."""
    return _json(answer, "")


def _json(value: Any, indent: str) -> str:
    flat = json.dumps(value, ensure_ascii=False)
    # The outermost mapping is always opened, so that the names in it stand at the start of a line.
    is_row = isinstance(value, dict) and not any(isinstance(held, (dict, list)) for held in value.values())
    if (
        (indent and len(indent) + len(flat) <= (_ROW_WIDTH if is_row else _WIDTH))
        or not isinstance(value, (dict, list))
        or not value
    ):
        return flat
    inner = indent + "  "
    if isinstance(value, dict):
        items = [f"{json.dumps(str(key), ensure_ascii=False)}: {_json(held, inner)}" for key, held in value.items()]
    else:
        items = [_json(held, inner) for held in value]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return f"{opening}\n{inner}" + f",\n{inner}".join(items) + f"\n{indent}{closing}"


def error_json(error: Exception, message: str) -> dict[str, Any]:
    """What ``--json`` prints when a command fails: every fault with its place, or else ``message``."""
    if isinstance(error, (ResourceError, SettingsError)) and error.diagnostics:
        faults: list[dict[str, Any]] = [dict(diagnostic.to_dict()) for diagnostic in error.diagnostics]
    else:
        faults = [{"file": "", "line": 0, "message": message, "remedy": ""}]
    return {"format_version": JSON_FORMAT, "error": type(error).__name__, "errors": faults}
