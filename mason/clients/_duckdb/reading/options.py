"""What the options of a table may be, said before DuckDB says it in its own words. Pure.

Which options there are for a format is known where the format is read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mason.clients._duckdb.reading.text_files import known_encoding
from mason.errors import EngineError

RANGE = re.compile(r"([A-Za-z]{1,3})([0-9]{1,7}):([A-Za-z]{1,3})([0-9]{1,7})?")
"""A range of cells, its last row left out where it goes to the end."""

_ONE_CHARACTER = "one character of ASCII, or empty for none"
_WANTED = {
    "delimiter": "text of 1 to 4 bytes",
    "quote": _ONE_CHARACTER,
    "escape": _ONE_CHARACTER,
    "comment": _ONE_CHARACTER,
    "header": "true or false",
    "skip": "a whole number, 0 or more",
    "skip_footer": "a whole number, 0 or more",
    "encoding": "an encoding that Python knows, such as utf-8, windows-1252 or utf-16",
    "null": "text, or a list of texts",
    "decimal": "a point or a comma",
    "thousands": "a point, a comma, a space or an apostrophe, and not the decimal mark",
    "date_format": "text such as %d.%m.%Y",
    "timestamp_format": "text such as %d.%m.%Y %H:%M",
    "sheet": "the name of a sheet",
    "range": "cells such as A3:F200 or A3:F",
}


def check_values(options: Mapping[str, Any]) -> None:
    """Raises ``EngineError`` for the first option whose value cannot be meant; unknown options are let pass."""
    for name, value in options.items():
        if name in _WANTED and not (_fits(name, value) and (name != "thousands" or value != options.get("decimal"))):
            raise EngineError(f"Option {name} must be {_WANTED[name]}, not {value!r}.")


def _fits(name: str, value: Any) -> bool:
    if name == "header":
        return isinstance(value, bool)
    if name in ("skip", "skip_footer"):
        return isinstance(value, int) and not isinstance(value, bool) and value >= 0
    if name == "null" and isinstance(value, (list, tuple)):
        return all(isinstance(each, str) for each in value)
    if not isinstance(value, str):
        return False
    if name == "delimiter":
        return 1 <= len(value.encode("utf-8", "replace")) <= 4
    if name in ("quote", "escape", "comment"):
        return len(value) <= 1 and value.isascii()
    if name == "decimal":
        return value in (".", ",")
    if name == "thousands":
        return value in (".", ",", " ", "'", "\u00a0", "\u202f", "\u2019")
    if name == "range":
        return RANGE.fullmatch(value) is not None
    if name in ("date_format", "timestamp_format"):
        return "%" in value
    return name != "encoding" or known_encoding(value)
