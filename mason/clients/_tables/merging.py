"""One schema for files whose schemas drifted apart: which columns are added, which types widened, and what cannot be.

Pure: types in, types out. The lattice, narrow to wide:

- whole numbers to larger whole numbers, and to DECIMAL where its digits suffice;
- whole numbers, DECIMAL and FLOAT to DOUBLE;
- DATE to TIMESTAMP, and times to those with finer units;
- a column without any value to whatever the others have;
- everything to VARCHAR, but only with ``allow_text``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from mason.clients._tables.columns import WHOLE, Columns, digits_of
from mason.engines.models import Column, Rows, Schema
from mason.errors import ConflictError
from mason.resources.wording import listing
from mason.values import dataclass

_SIGNED = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
_UNSIGNED = tuple(f"U{kind}" for kind in _SIGNED)
_TIMES = ("DATE", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP", "TIMESTAMP_NS")
_DECIMAL = re.compile(r"DECIMAL\((\d+),\s*(\d+)\)")
_MOST_DIGITS = 38
_MOST_FILES = 3
_PLAN = Schema((Column("column", "VARCHAR"), Column("type", "VARCHAR"), Column("change", "VARCHAR")))


@dataclass(frozen=True, slots=True)
class Merged:
    """A column of the result: its type, and what was done to get there (empty: it is the same in all files)."""

    name: str
    type: str
    change: str = ""


def merge(files: Sequence[tuple[str, Columns]], *, title: str, allow_text: bool) -> list[Merged]:
    """The columns of all ``files`` (names and columns; an empty type for a column without values), in the order in
    which they are first met.

    Raises ``ConflictError`` that names all columns whose types have no common one.
    """
    has: dict[str, dict[str, list[str]]] = {}
    for file, columns in files:
        for name, kind in columns:
            has.setdefault(name, {}).setdefault(kind, []).append(file)
    faults = _spelled_alike(has)
    merged = []
    for name, by_type in has.items():
        kinds = [kind for kind in by_type if kind]
        common = _common(kinds, allow_text=allow_text)
        if common is None:
            found = ", ".join(f"{kind} in {_some(where)}" for kind, where in by_type.items() if kind)
            faults.append(f"column {name}: {found}")
        else:
            merged.append(Merged(name, common, _change(by_type, common, len(files))))
    if faults:
        remedy = "" if allow_text else ", or pass allow_text to make them text"
        raise ConflictError(f"The files of {title} cannot be merged: {'; '.join(faults)}. Change the files{remedy}.")
    return merged


def planned(columns: Sequence[Merged]) -> Rows:
    """The plan of a merge, a row for each column of the result."""
    return Rows(_PLAN, [(each.name, each.type, each.change or None) for each in columns])


def said(columns: Sequence[Merged]) -> tuple[str, ...]:
    """What a merge changed, a line for each column that it changed."""
    return tuple(f"{each.name} {each.type}: {each.change}" for each in columns if each.change)


def _spelled_alike(has: Mapping[str, object]) -> list[str]:
    spellings: dict[str, list[str]] = {}
    for name in has:
        spellings.setdefault(name.lower(), []).append(name)
    return [
        f"columns {' and '.join(names)} differ in upper and lower case only"
        for names in spellings.values()
        if len(names) > 1
    ]


def _change(by_type: Mapping[str, Sequence[str]], common: str, files: int) -> str:
    having = {file for where in by_type.values() for file in where}
    changes = []
    if len(having) < files:
        changes.append(f"added where it is missing (it is in {_some(sorted(having))})")
    narrower = [kind for kind in by_type if kind and kind != common]
    if narrower:
        changes.append(f"widened from {', '.join(f'{kind} ({_some(by_type[kind])})' for kind in narrower)}")
    return "; ".join(changes)


def _some(files: Sequence[str]) -> str:
    return listing(files, most=_MOST_FILES)


def _common(kinds: Sequence[str], *, allow_text: bool) -> str | None:
    """The narrowest type that holds all values of ``kinds``; ``None`` where there is none."""
    if not kinds:
        return "VARCHAR"
    common: str | None = kinds[0]
    for kind in kinds[1:]:
        common = common and _wider(common, kind)
    if common is None and allow_text:
        return "VARCHAR"
    return common


def _wider(one: str, other: str) -> str | None:
    if one == other:
        return one
    kinds = {one, other}
    if kinds <= WHOLE:
        return _whole(one, other)
    if kinds <= set(_TIMES):
        # DATE goes to TIMESTAMP at least: nobody writes days as seconds.
        at_least = _TIMES.index("TIMESTAMP") if "DATE" in kinds else 0
        return _TIMES[max(at_least, *(_TIMES.index(kind) for kind in kinds))]
    if all(kind in WHOLE or kind in ("FLOAT", "DOUBLE") or _DECIMAL.fullmatch(kind) for kind in kinds):
        return "DOUBLE" if kinds & {"FLOAT", "DOUBLE"} else _decimal(one, other)
    if all(kind == "VARCHAR" or kind.startswith("ENUM(") for kind in kinds):
        return "VARCHAR"
    return None


def _whole(one: str, other: str) -> str:
    if one in _SIGNED and other in _SIGNED:
        return _SIGNED[max(_SIGNED.index(one), _SIGNED.index(other))]
    if one in _UNSIGNED and other in _UNSIGNED:
        return _UNSIGNED[max(_UNSIGNED.index(one), _UNSIGNED.index(other))]
    signed, unsigned = (one, other) if one in _SIGNED else (other, one)
    # A signed type of the next size holds all values of an unsigned one, up to the largest.
    size = max(_SIGNED.index(signed), _UNSIGNED.index(unsigned) + 1)
    return _SIGNED[size] if size < len(_SIGNED) else "DOUBLE"


def _decimal(one: str, other: str) -> str:
    before = after = 0
    for kind in (one, other):
        found = _DECIMAL.fullmatch(kind)
        digits, scale = (int(found[1]), int(found[2])) if found else (digits_of(kind), 0)
        before, after = max(before, digits - scale), max(after, scale)
    return f"DECIMAL({before + after},{after})" if before + after <= _MOST_DIGITS else "DOUBLE"
