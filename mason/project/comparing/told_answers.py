"""Answers that are no rows beside each other: tables and databases as a metastore tells them, mappings, lists. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mason.engines.models import Database, Job, Location, Partition, Table
from mason.project.comparing.comparison import RowDifference
from mason.project.comparing.matching import Close
from mason.runtime.answer import data_of

_MODELS = (Database, Job, Location, Partition, Table)
ELSEWHERE = ("location", "size", "modified", "format", "options", "notes", "schedule", "comment")
"""What says where and how a client keeps something, and not what it is."""

_OF_JOBS = ("job_id", "submitted", "finished", "logs", "cost", "output", "files", "bytes", "source", "notes")
_ABSENT = object()


def document(returned: Any, *, of: str) -> tuple[Any, list[str]]:
    """What an operator returned as JSON-ready data, and the keys that are left out of it: those that say where a client
    keeps it. The columns of a table are left out too: they are compared as columns."""
    data: Any = data_of(returned, of=of)
    models = returned if isinstance(returned, (list, tuple)) else [returned]
    if not models or not all(isinstance(each, _MODELS) for each in models):
        return data, []
    left_out = (*ELSEWHERE, *_OF_JOBS) if isinstance(models[0], Job) else ELSEWHERE
    dropped: dict[str, None] = {}
    told = [_without(each, left_out, dropped) for each in data]
    if isinstance(returned, Table):
        told[0].pop("columns", None)
    return told, list(dropped)


def _without(given: Any, names: Sequence[str], dropped: dict[str, None]) -> Any:
    if not isinstance(given, Mapping):
        return given
    dropped.update(dict.fromkeys(name for name in given if name in names))
    return {name: _without(value, names, dropped) for name, value in given.items() if name not in names}


def differences(first: Any, second: Any, close: Close) -> Iterator[RowDifference]:
    """Where two documents differ, each place by its path (``columns.0.type``)."""
    for path, one, other in _walk("", first, second, close):
        name = path or "value"
        yield RowDifference(
            None if one is _ABSENT else {name: one}, None if other is _ABSENT else {name: other}, columns=(name,)
        )


def _walk(path: str, one: Any, other: Any, close: Close) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for key in dict.fromkeys([*one, *other]):
            yield from _walk(_below(path, key), one.get(key, _ABSENT), other.get(key, _ABSENT), close)
    elif isinstance(one, list) and isinstance(other, list):
        left, right = _keyed(one), _keyed(other)
        if left is None or right is None:
            left, right = dict(enumerate(one)), dict(enumerate(other))
        for key in dict.fromkeys([*left, *right]):
            yield from _walk(_below(path, key), left.get(key, _ABSENT), right.get(key, _ABSENT), close)
    elif not _same(one, other, close):
        yield path, one, other


def _below(path: str, key: Any) -> str:
    return f"{path}.{key}" if path else str(key)


def _keyed(items: list[Any]) -> dict[Any, Any] | None:
    """The items by their names, where all have one of their own: their order is no part of the answer then."""
    names = [each.get("name") if isinstance(each, Mapping) else None for each in items]
    if None in names or len(set(map(str, names))) < len(names):
        return None
    return dict(zip(map(str, names), items, strict=True))


def _same(one: Any, other: Any, close: Close) -> bool:
    numbers = all(isinstance(each, (int, float)) and not isinstance(each, bool) for each in (one, other))
    if numbers and float in (type(one), type(other)):
        return close(float(one), float(other))
    return type(one) is type(other) and bool(one == other)
