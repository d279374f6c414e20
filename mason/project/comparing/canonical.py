"""Rows in one form, whichever client gave them: what values mean is kept, how they are written is dropped.

- Whole numbers and decimals are numbers: 1.50 is 1.5, and 2.0 is 2.
- Floats are taken out and kept apart, because they are the same within a tolerance only. NaN is NaN, and -0.0 is 0.0.
- Times with a zone are told in UTC; a fraction of seconds has no zeros at its end.
- Maps and structs are told by their keys; lists in their order.
- NULL is NULL, and no empty text.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any

from mason.engines.models import Column
from mason.project.comparing.comparison import ColumnDifference
from mason.sql.parsed import type_written
from mason.sql.sql_types import DOUBLE, FLOAT, INTEGERS, VARCHAR, SqlType, from_duckdb, is_exact, is_number
from mason.values import dataclass

Change = Callable[[Any, "list[float]"], Any]
"""Brings a value to the one form; floats in it go into the list, and a mark stands for each."""

MARK = "\x00"
"""Stands for a float that is kept apart. Texts that begin with it, or with :data:`_NUMBER`, get another one before."""

_NUMBER = "\x01"
_NOT_FINITE = {"nan": "NaN", "inf": "Infinity", "infinity": "Infinity", "-inf": "-Infinity", "-infinity": "-Infinity"}
_MOMENT = re.compile(r"(.*\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d(?::?\d\d(?::?\d\d)?)?)?")
_ALIKE = ({"HUGEINT", "DECIMAL(38,0)"}, {"UBIGINT", "DECIMAL(20,0)"}, {"JSON", "VARCHAR"}, {"ENUM", "VARCHAR"})
_TIMES = ("TIMESTAMP", "TIME")
_JSON = SqlType("JSON")


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of two answers that belong together.

    ``names``: those that both have. ``first`` and ``second``: where they stand in each answer. ``changes``: what brings
    the values of each to one form, by side. ``differences`` and ``notes``: what is not the same, and what was assumed.
    """

    names: tuple[str, ...]
    first: tuple[int, ...]
    second: tuple[int, ...]
    changes: tuple[tuple[Change, ...], tuple[Change, ...]]
    differences: tuple[ColumnDifference, ...]
    notes: tuple[str, ...]


def paired(first: Sequence[Column], second: Sequence[Column]) -> Columns:
    """The columns of two answers, paired by their names, those of one name by their order."""
    left, right = _named(first), _named(second)
    differences = [
        ColumnDifference(name, first[left[name]].type, "", "only with the first config")
        for name in left
        if name not in right
    ] + [
        ColumnDifference(name, "", second[right[name]].type, "only with the second config")
        for name in right
        if name not in left
    ]
    names = [name for name in left if name in right]
    order = [name for name in right if name in left]
    if order != names:
        moved = next(index for index, (one, other) in enumerate(zip(names, order, strict=True)) if one != other)
        differences.append(ColumnDifference(names[moved], "", "", f"another order of columns: {', '.join(order)}"))
    notes: dict[str, None] = {}
    changes: tuple[list[Change], list[Change]] = ([], [])
    for name in names:
        one, other = first[left[name]].type, second[right[name]].type
        types = (type_of(one), type_of(other))
        told, note = _difference(one, other, types)
        if told:
            differences.append(ColumnDifference(name, one, other, told))
        if note:
            notes[f"{name}: {note}"] = None
        for side, type_ in enumerate(_met(*types)):
            changes[side].append(change_of(type_))
    return Columns(
        tuple(names),
        tuple(left[name] for name in names),
        tuple(right[name] for name in names),
        (tuple(changes[0]), tuple(changes[1])),
        tuple(differences),
        tuple(notes),
    )


def _named(columns: Sequence[Column]) -> dict[str, int]:
    """Where each column stands, by its name; the second one of a name is ``name (2)``."""
    found: dict[str, int] = {}
    for index, column in enumerate(columns):
        name, count = column.name, 1
        while name in found:
            count += 1
            name = f"{column.name} ({count})"
        found[name] = index
    return found


def type_of(text: str) -> SqlType | None:
    """A type by DuckDB's names; ``None`` for one that it does not know."""
    import duckdb

    try:
        found = type_written(text) if text else None
    except duckdb.Error:
        return None
    # DuckDB takes JSON for another name of VARCHAR, but clients give documents taken apart.
    if found is None:
        return None
    return _JSON if str(found) == "JSON" else from_duckdb(found)


def _difference(one: str, other: str, types: tuple[SqlType | None, SqlType | None]) -> tuple[str, str]:
    """What differs between two types, and what to note of types that hold the same values."""
    if one == other or (types[0] is not None and types[0] == types[1]):
        return "", ""
    if None in types:
        unknown = one if types[0] is None else other
        if unknown.upper() in ("", "ANY"):
            return "", f"one client tells no type, the other one {one if types[1] is None else other}"
        return "another type", ""
    names = {str(each) for each in types}
    if names in _ALIKE or {each.name for each in types if each is not None} in _ALIKE:
        return "", f"{one} and {other} hold the same values here"
    return "another type", ""


def _met(one: SqlType | None, other: SqlType | None) -> tuple[SqlType | None, SqlType | None]:
    """The types as which two columns are compared: where one holds floats, both do."""
    if one is None or other is None:
        return one or other, other or one
    if FLOAT in (one, other) and is_number(one) and is_number(other):
        return FLOAT, FLOAT
    if one != other and is_number(one) and is_number(other) and DOUBLE in (one, other):
        return DOUBLE, DOUBLE
    if _JSON in (one, other):
        return _JSON, _JSON
    return one, other


def change_of(type_: SqlType | None) -> Change:
    """What brings the values of a type to the one form; ``None`` goes by the values themselves."""
    if type_ is None:
        return loose
    if type_ == FLOAT:
        return _single
    if type_ == DOUBLE:
        return _float
    if is_exact(type_) or type_ in INTEGERS or type_.name in _WIDE:
        return _exact
    if type_.name.startswith(_TIMES):
        return _moment
    if type_ == _JSON:
        return _document
    if type_.name in ("LIST", "ARRAY") and type_.fields:
        return partial(_list, change_of(type_.element))
    if type_.name == "MAP":
        return partial(_map, change_of(type_.element))
    if type_.name == "STRUCT":
        return partial(_struct, {name: change_of(each) for name, each in type_.fields})
    return _text if type_ == VARCHAR else loose


_WIDE = ("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT")


def loose(value: Any, floats: list[float]) -> Any:
    """A value whose type is not known, by what Python takes it for."""
    if isinstance(value, str):
        return _text(value, floats)
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, float):
        return _float(value, floats)
    if isinstance(value, (int, Decimal)):
        return _exact(value, floats)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value).hex()
    if isinstance(value, dict):
        return {str(key): loose(value[key], floats) for key in sorted(value, key=str)}
    if isinstance(value, (list, tuple)):
        return [loose(each, floats) for each in value]
    return _text(str(value), floats)


def _text(value: Any, floats: list[float]) -> Any:
    if isinstance(value, str):
        return MARK + value if value[:1] in (MARK, _NUMBER) else value
    return None if value is None else loose(value, floats)


def _float(value: Any, floats: list[float]) -> Any:
    if value is None:
        return None
    if isinstance(value, str) and value.lower() in _NOT_FINITE:
        return _NUMBER + _NOT_FINITE[value.lower()]
    try:
        number = float(value)
    except (TypeError, ValueError):
        return loose(value, floats)
    if number != number or number in (float("inf"), float("-inf")):
        return _NUMBER + _NOT_FINITE[str(number)]
    floats.append(number)
    return MARK


def _single(value: Any, floats: list[float]) -> Any:
    """A float of 32 bits, which clients write out with more or fewer digits."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        value = ctypes.c_float(value).value
    return _float(value, floats)


def _exact(value: Any, floats: list[float]) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if not isinstance(value, int):
        try:
            number = Decimal(str(value))
            value = int(number) if number == number.to_integral_value() else number
        except (InvalidOperation, OverflowError, ValueError):
            return loose(value, floats) if not isinstance(value, Decimal) else _NUMBER + str(value)
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**63 else f"{_NUMBER}{value}"
    return _NUMBER + f"{value.normalize():f}"


def _moment(value: Any, floats: list[float]) -> Any:
    found = _MOMENT.fullmatch(value.replace(" ", "T", 1)) if isinstance(value, str) else None
    if found is None:
        return loose(value, floats)
    whole, fraction, zone = found[1], (found[2] or "").rstrip("0"), found[3]
    if zone and zone not in ("Z", "+00", "+00:00", "+0000") and "T" in whole:
        hours, minutes = int(zone[1:3]), int(zone[3:].replace(":", "")[:2] or 0)
        offset = timedelta(hours=hours, minutes=minutes) * (1 if zone[0] == "+" else -1)
        try:
            whole, zone = (datetime.fromisoformat(whole) - offset).isoformat(), "Z"
        except (ValueError, OverflowError):
            # Years that Python does not know stay as they are written.
            return _text(value, floats)
    return f"{whole}{'.' if fraction else ''}{fraction}{'Z' if zone else ''}"


def _document(value: Any, floats: list[float]) -> Any:
    """A JSON document, which one client gives as text and another one taken apart."""
    import json

    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return _text(value, floats)
    return loose(value, floats)


def _list(change: Change, value: Any, floats: list[float]) -> Any:
    return [change(each, floats) for each in value] if isinstance(value, (list, tuple)) else loose(value, floats)


def _map(change: Change, value: Any, floats: list[float]) -> Any:
    if not isinstance(value, dict):
        return loose(value, floats)
    return {str(key): change(value[key], floats) for key in sorted(value, key=str)}


def _struct(changes: dict[str, Change], value: Any, floats: list[float]) -> Any:
    if not isinstance(value, dict):
        return loose(value, floats)
    return {str(key): changes.get(str(key), loose)(value[key], floats) for key in sorted(value, key=str)}


def told(value: Any, floats: list[float]) -> Any:
    """A value of the one form as people read it; ``floats`` are those that are kept apart, in their order, and are
    taken from there."""
    if isinstance(value, str):
        if value == MARK:
            return floats.pop(0)
        return value[1:] if value[:1] in (MARK, _NUMBER) else value
    if isinstance(value, list):
        return [told(each, floats) for each in value]
    if isinstance(value, dict):
        return {key: told(inner, floats) for key, inner in value.items()}
    return value
