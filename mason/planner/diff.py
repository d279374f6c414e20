"""Which fields differ between two definitions, told by paths that a person recognises. Pure.

Lists whose items carry a ``name`` or an ``id`` are compared by it, so that a parameter put in front does not make all
the others look changed. A walker of our own, because loading a general library costs more than all of planning.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mason.planner.plan import Change


def compare(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[tuple[Change, ...], int]:
    """The changes from ``before`` to ``after``, and the number of fields (leaves) that are the same in both."""
    changes: list[Change] = []
    unchanged = 0
    for found in _walk("", before, after):
        if isinstance(found, Change):
            changes.append(found)
        else:
            unchanged += found
    return tuple(changes), unchanged


def _walk(path: str, before: Any, after: Any) -> Iterator[Change | int]:
    """Changes, and counts of unchanged leaves, at and below ``path``."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        yield from _walk_keys(path, before, after, "{}.{}" if path else "{}{}")
    elif isinstance(before, list) and isinstance(after, list):
        yield from _walk_lists(path, before, after)
    elif type(before) is type(after) and before == after:
        yield 1
    else:
        yield Change(path, "changed", before, after)


def _walk_keys(path: str, before: Mapping[Any, Any], after: Mapping[Any, Any], form: str) -> Iterator[Change | int]:
    for key in [*before, *(key for key in after if key not in before)]:
        inner = form.format(path, key)
        if key not in after:
            yield Change(inner, "removed", before=before[key])
        elif key not in before:
            yield Change(inner, "added", after=after[key])
        else:
            yield from _walk(inner, before[key], after[key])


def _walk_lists(path: str, before: list[Any], after: list[Any]) -> Iterator[Change | int]:
    for identity in ("name", "id"):
        keyed_before, keyed_after = _keyed(before, identity), _keyed(after, identity)
        if keyed_before is not None and keyed_after is not None:
            yield from _walk_keys(path, keyed_before, keyed_after, "{}[{}]")
            kept_before = [key for key in keyed_before if key in keyed_after]
            kept_after = [key for key in keyed_after if key in keyed_before]
            if kept_before != kept_after:
                yield Change(f"{path} (order)", "changed", kept_before, kept_after)
            return
    yield from _walk_keys(path, dict(enumerate(before)), dict(enumerate(after)), "{}[{}]")


def _keyed(items: list[Any], identity: str) -> dict[str, Any] | None:
    """The items by their ``identity``; ``None`` when one lacks it or two share it."""
    if not items or not all(isinstance(item, Mapping) and isinstance(item.get(identity), str) for item in items):
        return None
    keyed = {item[identity]: item for item in items}
    return keyed if len(keyed) == len(items) else None
