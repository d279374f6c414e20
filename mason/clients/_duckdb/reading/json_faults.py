"""Where a JSON file is not JSON, and why, as a person finds the place: DuckDB counts bytes and says what it met there.

Asked only once reading has failed, and of files that fit into memory.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from mason.clients._duckdb.reading.table_files import data_file
from mason.clients._duckdb.reading.text_files import fitting_encodings, opened
from mason.errors import EngineError

_MOST_BYTES = 64_000_000
_BLANK = re.compile(r"[ \t\n\r]*")
_REASONS = (
    ("Expecting value", "a value is expected"),
    ("Expecting property name", "a key in double quotes is expected"),
    ("Illegal trailing comma", "a comma stands before the end"),
    ("Expecting ',' delimiter", "a comma or the end of the list or object is expected"),
    ("Expecting ':' delimiter", "a colon is expected"),
    ("Unterminated string", "a text begins that is never closed"),
    ("Invalid control character", "a control character, such as the end of a line, must be escaped in a text"),
    ("Invalid \\", "a backslash stands before what it cannot escape"),
)


class _Unfit(Exception):
    """A value is JSON, and yet cannot be read."""


def json_fault(path: Path, shown: str) -> EngineError | None:
    """The error that says what is wrong with a JSON file, and at which line; ``None`` where nothing is found, or the
    file is too large to look."""
    file = data_file(path, path.parent)
    # A file in Zstandard is not looked into.
    if file.version[0] > _MOST_BYTES or file.ending.compression == "zst":
        return None
    with opened(file) as stream:
        data = stream.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        return None
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        first = (fitting_encodings(data) or ["windows-1252"])[0]
        return EngineError(f"{shown}, line {line}: not UTF-8. Convert the file (iconv -f {first} -t utf-8 OLD > NEW).")
    at = 0
    try:
        for start, value in _values(text):
            at = start
            _check_text(value)
    except json.JSONDecodeError as error:
        if error.pos >= len(text.rstrip()):
            cut = (
                "it begins with [ and does not end with ]" if text.lstrip()[:1] == "[" else "its last value has no end"
            )
            return EngineError(f"{shown} is cut off: {cut}. Get the file again from where it came.")
        reason = next((plain for theirs, plain in _REASONS if error.msg.startswith(theirs)), error.msg)
        return EngineError(f"{shown}, line {error.lineno}, column {error.colno}: {reason}. Mend the file.")
    except _Unfit as error:
        line = text.count("\n", 0, _after_blank(text, at)) + 1
        return EngineError(f"{shown}, line {line}: {error}.")
    except RecursionError:
        return EngineError(f"{shown} has values that are nested too deep to be read. Nest them less.")
    return None


def _values(text: str) -> Iterator[tuple[int, Any]]:
    """The values at the top, or of the list there, each with the place at which the one before it ends."""
    decoder = json.JSONDecoder(parse_constant=_constant, object_pairs_hook=_unique)
    at = _after_blank(text, 0)
    if text[at : at + 1] != "[":
        while at < len(text):
            yield at, None
            value, end = decoder.raw_decode(text, at)
            yield at, value
            at = _after_blank(text, end)
        return
    at = _after_blank(text, at + 1)
    while text[at : at + 1] != "]":
        yield at, None
        value, end = decoder.raw_decode(text, at)
        yield at, value
        at = _after_blank(text, end)
        if text[at : at + 1] == ",":
            at = _after_blank(text, at + 1)
            if text[at : at + 1] == "]":
                raise json.JSONDecodeError("Expecting value", text, at)
        elif text[at : at + 1] != "]":
            raise json.JSONDecodeError("Expecting ',' delimiter", text, at)
    at = _after_blank(text, at + 1)
    if at < len(text):
        raise json.JSONDecodeError("more text follows the list that begins the file", text, at)


def _after_blank(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    assert found is not None
    return found.end()


def _constant(text: str) -> Any:
    raise _Unfit(f"{text} is no number of JSON. Write null, or a text in quotes")


def _unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in found if keys.count(key) > 1)
        raise _Unfit(f"the key {twice!r} stands twice in an object. Rename one of them")
    return found


def _check_text(value: Any) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise _Unfit("a text has half of a surrogate pair, which is no character. Mend the text") from error
