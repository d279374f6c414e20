"""Whether a value that Mason read is the one that is written in the file.

The rule is that of the reader itself, said a second time and without DuckDB: a value has the type by which it is
written back as it stood, and is text otherwise.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from benchmarks.suites.encodings import same_geometry

WHOLE = frozenset(f"{sign}{size}INT" for sign in ("", "U") for size in ("TINY", "SMALL", "", "BIG", "HUGE")) | {
    "INTEGER",
    "UINTEGER",
}
FLOATS = frozenset({"FLOAT", "DOUBLE"})
TIMES = frozenset({"DATE", "TIME", "TIMESTAMP", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE"})

_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)?(\.([0-9]+))?", re.ASCII)
_SCIENTIFIC = re.compile(r"-?[0-9](\.[0-9]+)?[eE][+-]?[0-9]{1,3}", re.ASCII)
_DAY = re.compile(r"(-?\d{4,6})-(\d\d)-(\d\d)", re.ASCII)
_CLOCK = re.compile(r"(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?", re.ASCII)
_OFFSET = re.compile(r"(Z|[+-]\d\d(:?\d\d)?)$", re.ASCII)
_WORDS = {"infinity": "Infinity", "inf": "Infinity", "-infinity": "-Infinity", "-inf": "-Infinity", "nan": "NaN"}


def as_written(text: str, value: Any, kind: str) -> bool:
    """Whether ``value``, of the SQL type ``kind``, is what the ``text`` of a file says and loses nothing of it."""
    if kind == "VARCHAR":
        return bool(value == text)
    if value is None:
        return text == ""
    if kind in WHOLE:
        return str(value) == text.strip(" ")
    if kind in FLOATS or kind.startswith("DECIMAL"):
        return _number_as_written(text.strip(" "), value)
    if kind == "BOOLEAN":
        return isinstance(value, bool) and text.lower() == str(value).lower()
    return kind in TIMES and same_time(text, str(value))


def _number_as_written(text: str, value: Any) -> bool:
    if isinstance(value, str) and value in _WORDS.values():
        return _WORDS.get(text.lower()) == value
    found = _NUMBER.fullmatch(text)
    if text in ("", "-") or not (found or _SCIENTIFIC.fullmatch(text)):
        return False
    if isinstance(value, float):
        # A fraction that ends with zeros would be written back without them.
        kept = found is None or not found[3] or found[3] == "0" or not found[3].endswith("0")
        every = text == f"{value:.17g}"
        return every or (kept and Decimal(repr(value)) == Decimal(text))
    fraction = str(value).partition(".")[2]
    return Decimal(str(value)) == Decimal(text) and (found is None or not found[3] or found[3] == fraction)


def same_time(text: str, value: str) -> bool:
    """Whether two texts are the same date, time of day, time or instant, to the nanosecond."""
    if text == value:
        return True
    one, other = _moment(text), _moment(value)
    return one is not None and one == other


def _moment(text: str) -> tuple[bool, int] | None:
    """Whether a text has an offset, and its nanoseconds since the epoch or midnight."""
    day = _DAY.match(text)
    rest = text[day.end() :].lstrip("T ") if day else text
    offset = _OFFSET.search(rest)
    clock = _CLOCK.fullmatch(rest[: offset.start()] if offset else rest)
    if rest and clock is None:
        return None
    days = _days(int(day[1]), int(day[2]), int(day[3])) if day else 0
    seconds = days * 86_400
    fraction = ""
    if clock:
        seconds += int(clock[1]) * 3600 + int(clock[2]) * 60 + int(clock[3] or 0)
        fraction = (clock[4] or "").rstrip("0")
    if offset and offset[1] != "Z":
        digits = offset[1][1:].replace(":", "").ljust(4, "0")
        seconds -= (int(digits[:2]) * 3600 + int(digits[2:]) * 60) * (-1 if offset[1][0] == "-" else 1)
    if len(fraction) > 9:
        return None
    return offset is not None, seconds * 10**9 + int(fraction.ljust(9, "0") or 0)


def _days(year: int, month: int, day: int) -> int:
    """Days since 1970-01-01 in the calendar that goes on before and after Python's years."""
    year, month = (year - 1, month + 9) if month < 3 else (year, month - 3)
    era = year // 400
    of_era = (year - era * 400) * 365 + (year - era * 400) // 4 - (year - era * 400) // 100
    return era * 146_097 + of_era + (153 * month + 2) // 5 + day - 1 - 719_468


def same_json(wanted: Any, value: Any, kind: str = "") -> bool:
    """Whether ``value`` is what a JSON document says, which was parsed with fractions as ``Decimal``.

    ``kind`` is the SQL type of a column; empty for what is inside of a value.
    """
    if wanted is None or value is None:
        return wanted is None and (value is None or (kind == "VARCHAR" and value == "null"))
    if isinstance(wanted, bool):
        return value is wanted or (kind == "VARCHAR" and value == str(wanted).lower())
    if isinstance(wanted, str):
        return bool(value == wanted) or (kind in TIMES and same_time(wanted, str(value)))
    if isinstance(wanted, (int, Decimal)):
        return _same_number(Decimal(wanted), value)
    if isinstance(value, str):
        try:
            value = json.loads(value, parse_float=Decimal)
        except ValueError:
            return False
    if isinstance(wanted, list):
        return isinstance(value, list) and len(value) == len(wanted) and all(map(same_json, wanted, value))
    return isinstance(value, Mapping) and all(same_json(wanted.get(key), value.get(key)) for key in {*wanted, *value})


def _same_number(wanted: Decimal, value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float, str, Decimal)):
        return False
    if isinstance(value, float) and not math.isfinite(value):
        return False
    try:
        found = Decimal(repr(value) if isinstance(value, float) else value)
    except InvalidOperation:
        return False
    return found == wanted or (isinstance(value, float) and Decimal(f"{value:.17g}") == wanted)


def same_cell(wanted: Any, value: Any, kind: str, *, trimmed: bool = False) -> bool:
    """Whether ``value`` is what a cell of a spreadsheet holds, as openpyxl reads it. ``trimmed`` says that there are
    texts with blanks around them that do not count, which openpyxl keeps."""
    if trimmed and isinstance(wanted, str):
        wanted = wanted if wanted == value else wanted.strip() or None
    if wanted is None or value is None:
        return wanted in (None, "") and value in (None, "")
    if kind == "VARCHAR":
        return value == wanted if isinstance(wanted, str) else _cell_as_text(wanted, value)
    if isinstance(wanted, bool) or isinstance(value, bool):
        return value is wanted
    if isinstance(wanted, (int, float)):
        return isinstance(value, (int, float)) and float(value) == float(wanted)
    if isinstance(wanted, timedelta):
        return kind == "INTERVAL" and _cell_as_text(wanted, value)
    if isinstance(wanted, (date, time)):
        return kind in TIMES and _cell_as_text(wanted, value)
    return False


def _cell_as_text(wanted: Any, value: str) -> bool:
    if isinstance(wanted, bool):
        return value == str(wanted).lower()
    if isinstance(wanted, (int, float)):
        try:
            return float(value) == float(wanted)
        except ValueError:
            return False
    if isinstance(wanted, timedelta):
        found = re.fullmatch(r"(-?)(?:(\d+) days? ?)?(\d+):(\d\d):(\d\d(?:\.\d+)?)", value)
        if found is None:
            return False
        seconds = int(found[2] or 0) * 86_400 + int(found[3]) * 3600 + int(found[4]) * 60 + float(found[5])
        return abs((-seconds if found[1] else seconds) - wanted.total_seconds()) < 1e-6
    if isinstance(wanted, datetime):
        return same_time(wanted.isoformat(), value)
    return same_time(wanted.isoformat(), value)


def same_plain(wanted: Any, value: Any, kind: str = "") -> bool:
    """Whether ``value`` is what pyarrow read, which :mod:`references` made JSON-ready. ``kind`` is the SQL type of a
    column, empty for what is inside of a value."""
    if kind == "JSON" and isinstance(wanted, tuple):
        wanted = bytes.fromhex(wanted[1]).decode()
    if isinstance(wanted, tuple):
        what, text = wanted
        if what == "bytes":
            return isinstance(value, str) and text in (value, value.encode().hex(), _bytes_of(value))
        # pyarrow knows no time of day with a zone, which is always UTC.
        value = value.removesuffix("+00") if kind == "TIME WITH TIME ZONE" else value
        return isinstance(value, str) and same_time(text, value)
    if kind == "JSON" and isinstance(wanted, str):
        return same_json(json.loads(wanted, parse_float=Decimal), value)
    if isinstance(wanted, float) and isinstance(value, float):
        return wanted == value
    if isinstance(wanted, bool) or isinstance(value, bool):
        return wanted is value
    if isinstance(wanted, Decimal):
        return _same_number(wanted, value)
    if isinstance(wanted, list):
        inner = kind.removesuffix("[]") if kind.endswith("[]") else ""
        return (
            isinstance(value, list)
            and len(wanted) == len(value)
            and all(same_plain(one, other, inner) for one, other in zip(wanted, value, strict=True))
        )
    if isinstance(wanted, Mapping):
        return (
            isinstance(value, Mapping)
            and set(wanted) == set(value)
            and all(same_plain(wanted[key], value[key]) for key in wanted)
        )
    return bool(wanted == value)


def same_column(wanted: Any, value: Any, kind: str) -> bool:
    """:func:`same_plain`, and geometries by what they say."""
    if kind.startswith("GEOMETRY") and isinstance(wanted, tuple) and isinstance(value, str):
        return same_geometry(wanted[1], value)
    return same_plain(wanted, value, kind)


def _bytes_of(text: str) -> str:
    """The bytes, hexadecimal, of a text in which those that are no letters stand as ``\\x0A``."""
    return re.sub(r"\\x([0-9A-F]{2})", lambda code: chr(int(code[1], 16)), text).encode("latin-1", "replace").hex()


def nearly_same_time(wanted: Any, value: Any) -> bool:
    """Whether times differ in nothing but what a note may tell: a zone that is UTC, or less than a microsecond."""
    if isinstance(wanted, Mapping) and isinstance(value, Mapping):
        return set(wanted) == set(value) and all(nearly_same_time(wanted[key], value[key]) for key in wanted)
    if isinstance(wanted, list) and isinstance(value, list):
        return len(wanted) == len(value) and all(map(nearly_same_time, wanted, value))
    if isinstance(wanted, tuple) and wanted[0] == "time" and isinstance(value, str):
        one, other = _moment(wanted[1].removesuffix("Z")), _moment(value.removesuffix("Z").removesuffix("+00"))
        return one is not None and other is not None and abs(one[1] - other[1]) < 1000
    return same_plain(wanted, value)
