"""Which columns of what a run reads changed since it last succeeded, in words. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase

from mason.resources.wording import listing
from mason.values import dataclass

Columns = Mapping[str, str]
"""Types by the names of columns."""

_MOST = 20


@dataclass(frozen=True, slots=True)
class Changed:
    """What changed of the columns at ``path``, an input of a run: as they were, and as they are."""

    path: str
    before: Columns
    now: Columns

    @property
    def names(self) -> list[str]:
        """The columns that were there and are another now, or gone."""
        return [name for name, kind in self.before.items() if self.now.get(name) != kind]

    def __str__(self) -> str:
        """``+ gate VARCHAR, delay BIGINT -> DOUBLE, - tail VARCHAR``."""
        return difference(self.before, self.now)

    def is_of(self, place: str) -> bool:
        """Whether a table at ``place`` is at this input, or a part of it."""
        path, place = self.path.rstrip("/"), place.rstrip("/")
        is_within = place.startswith(f"{path}/") or path.startswith(f"{place}/")
        return path == place or is_within or fnmatchcase(place, path)


def changes(before: Mapping[str, Columns], now: Mapping[str, Columns]) -> list[Changed]:
    """The inputs whose columns are known from ``before`` and ``now``, and differ."""
    return [
        Changed(path, before[path], columns)
        for path, columns in now.items()
        if path in before and dict(before[path]) != dict(columns)
    ]


def difference(before: Columns, now: Columns) -> str:
    """What there is to say of two lists of columns, of which one became the other; empty where they are the same."""
    return listing(_differences(before, now), most=_MOST)


def _differences(before: Columns, now: Columns) -> Iterator[str]:
    yield from (f"+ {name} {kind}" for name, kind in now.items() if name not in before)
    yield from (f"{name} {kind} -> {now[name]}" for name, kind in before.items() if now.get(name, kind) != kind)
    yield from (f"- {name} {kind}" for name, kind in before.items() if name not in now)
