"""What may be read of what was written: a value keeps its type only where it would be written back as it stood.

Written from the law and not from Mason's code: numbers are compared by their digits, times by what they say.
"""

from __future__ import annotations

import re
from datetime import date, time
from decimal import Decimal
from typing import Any

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)?(?:\.[0-9]+)?", re.ASCII)
_SCIENTIFIC = re.compile(r"-?[0-9](?:\.[0-9]+)?[eE][+-]?[0-9]{1,3}", re.ASCII)
_MOMENT = re.compile(
    r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d)(?::(\d\d)(?:\.(\d+))?)?(?: ?(Z|[+-]\d\d(?::?\d\d)?))?", re.ASCII
)
_CLOCK = re.compile(r"(\d\d:\d\d:\d\d)(?:\.(\d+))?", re.ASCII)
_WORDS_OF_DOUBLES = {
    "nan": "NaN", "inf": "Infinity", "-inf": "-Infinity", "infinity": "Infinity", "-infinity": "-Infinity"
}  # fmt: skip


def fault(kind: str, text: str | None, value: Any) -> str:
    """Why ``value``, read as the type ``kind``, is not what was written as ``text``; empty where it is."""
    if text is None:
        return "" if value is None else "a value where there was none"
    if value is None:
        # What is quoted and empty is no number.
        return "" if text == "" and kind != "VARCHAR" else "no value where there was one"
    if kind == "VARCHAR":
        return "" if value == text else "another text"
    return "" if _keeps(kind, text, value) else f"not written back from {kind}"


def _keeps(kind: str, text: str, value: Any) -> bool:
    if kind in ("BIGINT", "HUGEINT"):
        return text.strip(" ") == str(int(value))
    if kind == "DOUBLE":
        return _keeps_double(text.strip(" "), value)
    if kind.startswith("DECIMAL"):
        return re.fullmatch(re.escape(text.strip(" ")) + r"(\.0+)?", value) is not None
    if kind == "BOOLEAN":
        return text.lower() == str(value).lower()
    if kind == "DATE":
        return bool(text == value and (text.endswith("infinity") or _is_date(text)))
    if kind == "TIME":
        return _keeps_time(text, value)
    if kind.startswith("TIMESTAMP"):
        return _keeps_moment(kind, text, value)
    return False


def _keeps_double(text: str, value: Any) -> bool:
    if isinstance(value, str):
        return _WORDS_OF_DOUBLES.get(text.lower()) == value
    if not re.search("[0-9]", text) or not (_NUMBER.fullmatch(text) or _SCIENTIFIC.fullmatch(text)):
        return False
    scientific = "e" in text.lower()
    if not scientific and re.search(r"\.[0-9]*0$", text) and not text.endswith(".0"):
        # The last zeros would be gone, but for a tool that writes seventeen digits always.
        return text == f"{value:.17g}"
    if text.startswith("-") and Decimal(text) == 0 and not str(value).startswith("-"):
        return False
    return Decimal(text) == Decimal(repr(value)) or text == f"{value:.17g}"


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _keeps_time(text: str, value: str) -> bool:
    written, read = _CLOCK.fullmatch(text), _CLOCK.fullmatch(value)
    return bool(written and read and written[1] == read[1] and _same_fraction(written[2], read[2]))


def _same_fraction(one: str | None, other: str | None) -> bool:
    return (one or "").rstrip("0") == (other or "").rstrip("0")


def _keeps_moment(kind: str, text: str, value: str) -> bool:
    written, read = _MOMENT.fullmatch(text), _MOMENT.fullmatch(value)
    if not written or not read or not _same_fraction(written[4], read[4]):
        return False
    if bool(written[5]) != kind.endswith("TIME ZONE"):
        return False
    try:
        return _instant(written) == _instant(read)
    except ValueError:
        return False


def _instant(parts: re.Match[str]) -> int:
    """Seconds since the day 0, in UTC: a datetime cannot go below the year 1."""
    clock = time.fromisoformat(f"{parts[2]}:{parts[3] or '00'}")
    offset = (parts[5] or "Z").replace("Z", "+00").replace(":", "").ljust(5, "0")
    shift = (int(offset[1:3]) * 60 + int(offset[3:5])) * (-60 if offset[0] == "-" else 60)
    day = date.fromisoformat(parts[1]).toordinal()
    return day * 86_400 + clock.hour * 3600 + clock.minute * 60 + clock.second - shift
