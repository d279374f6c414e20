"""The check of documents that say that a resource has another name now, so that the state follows it. Pure.

They have ``type: moved`` with ``from`` and ``to``, both addresses, and stay in the files as long as a state may hold
the old name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mason.resources.address import KINDS, is_name, kind_of
from mason.resources.faults import Finding, Path
from mason.resources.wording import described, suggestion

_KEYS = ("type", "from", "to")
_NAMES = {"config": 1, "operator": 2, "workflow": 2, "run": 1, "schedule": 1}


def findings(definition: Mapping[str, Any]) -> list[Finding]:
    """All that is wrong with a document of this type."""
    found = [
        Finding(
            (key,), f"unknown key '{key}'", suggestion(key, [known for known in _KEYS if known not in definition], "")
        )
        for key in definition
        if key not in _KEYS
    ]
    for key in ("from", "to"):
        if key not in definition:
            found.append(Finding((), f"missing key '{key}'", "name the address, such as operator.table.get"))
        else:
            found += _address(definition[key], (key,))
    before, after = definition.get("from"), definition.get("to")
    if not found:
        if before == after:
            found.append(Finding(("to",), "to is the same as from", "remove this document"))
        elif kind_of(before or "") != kind_of(after or ""):
            found.append(Finding(("to",), "what is moved stays of its kind", f"begin it with {kind_of(before or '')}."))
    return found


def _address(given: Any, path: Path) -> Iterator[Finding]:
    kind, *names = given.split(".") if isinstance(given, str) else ("",)
    if kind not in KINDS or len(names) != _NAMES[kind] or not all(map(is_name, names)):
        message = f"{path[0]} must be an address, but it is {described(given)}"
        yield Finding(path, message, "such as operator.table.get or run.daily_export")
