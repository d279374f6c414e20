"""Numbers of JSON that DuckDB rounds before anybody sees them: fractions of more digits than a DOUBLE holds.

Whole numbers of any length reach a column of text as they stand, but a number with a point or an exponent is parsed
and written anew, also within a text or a column of JSON. Only the records themselves show it, so that they are searched
for numbers that are long enough, and what is found is compared.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from mason.clients._duckdb.quoting import call, literal
from mason.clients._duckdb.reading.table_files import DataFile
from mason.clients._duckdb.reading.text_files import opened
from mason.errors import EngineError

if TYPE_CHECKING:
    import duckdb

# As many digits as a DOUBLE may need, and no more.
_DIGITS = 17
_AT_ONCE = 1000
_LONGER = "|".join(
    [rf"[0-9]{{{_DIGITS - after},}}\.[0-9]{{{after},}}" for after in range(1, _DIGITS)] + [rf"\.[0-9]{{{_DIGITS},}}"]
)
_LIKELY = rf"(?:^|[:\[,])\s*-?(?:[1-9](?:{_LONGER})|0\.0*[1-9][0-9]{{{_DIGITS},}}|[0-9.]+[eE]-[0-9]{{3}})"


class _Rounded(Exception):
    """A number that a DOUBLE does not hold; the message is its text."""


def first_rounded(connection: duckdb.DuckDBPyConnection, file: DataFile) -> str:
    """The first number of a JSON file that a DOUBLE would change, as it is written; empty where there is none."""
    reader = call("read_json_objects", str(file.path), {"format": "'auto'"})
    found = connection.execute(f"SELECT json FROM {reader} WHERE regexp_matches(json, {literal(_LIKELY)})")
    while records := found.fetchmany(_AT_ONCE):
        for (record,) in records:
            try:
                json.loads(record, parse_float=_kept)
            except _Rounded as rounded:
                return str(rounded)
            except ValueError:
                # What the json module refuses, such as a comma before the end, is not for this place to tell.
                continue
    return ""


def rounding_error(file: DataFile, number: str, shown: str) -> EngineError:
    """The error for a file with a number that would be rounded."""
    return EngineError(
        f"{shown}{_place(file, number)}: the number {number} would be rounded, because {_DIGITS} digits are held "
        "where there is a point or an exponent. Write it with fewer digits, or as text, in quotes."
    )


def _kept(text: str) -> Any:
    value = float(text)
    if Decimal(repr(value)) != Decimal(text) and Decimal(f"{value:.{_DIGITS}g}") != Decimal(text):
        raise _Rounded(text)
    return value


def _place(file: DataFile, number: str) -> str:
    if file.ending.compression == "zst":
        return ""
    wanted = number.encode()
    with opened(file) as stream:
        return next((f", line {line}" for line, content in enumerate(stream, 1) if wanted in content), "")
