"""What the options of a table may be, said before DuckDB says it in its own words. Pure.

Which options there are for a format is known where the format is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mason.errors import EngineError

_ENCODINGS = ("utf-8", "latin-1", "utf-16")
_ONE_CHARACTER = "one character of ASCII, or empty for none"
_WANTED = {
    "delimiter": "text of 1 to 4 bytes",
    "quote": _ONE_CHARACTER,
    "escape": _ONE_CHARACTER,
    "comment": _ONE_CHARACTER,
    "header": "true or false",
    "skip": "a whole number, 0 or more",
    "encoding": "utf-8, latin-1 or utf-16",
    "null": "text, or a list of texts",
    "date_format": "text such as %d.%m.%Y",
    "timestamp_format": "text such as %d.%m.%Y %H:%M",
    "sheet": "text",
}


def check_values(options: Mapping[str, Any]) -> None:
    """Raises ``EngineError`` for the first option whose value cannot be meant; unknown options are let pass."""
    for name, value in options.items():
        if name in _WANTED and not _fits(name, value):
            raise EngineError(f"Option {name} must be {_WANTED[name]}, not {value!r}.")


def _fits(name: str, value: Any) -> bool:
    if name == "header":
        return isinstance(value, bool)
    if name == "skip":
        return isinstance(value, int) and not isinstance(value, bool) and value >= 0
    if name == "null" and isinstance(value, (list, tuple)):
        return all(isinstance(each, str) for each in value)
    if not isinstance(value, str):
        return False
    if name == "delimiter":
        return 1 <= len(value.encode("utf-8", "replace")) <= 4
    if name in ("quote", "escape", "comment"):
        return len(value) <= 1 and value.isascii()
    return name != "encoding" or value.lower() in _ENCODINGS
