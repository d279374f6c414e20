"""Values of Trino's answers as Mason's rows have them: by the types of their columns. Pure.

JSON has no dates, decimals or bytes, so Trino writes them as texts: decimals as they are, bytes in base64, times with
a blank between day and hour. Values of a type that is not known here stay as they came.
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

from mason.clients.trino.trino_types import duckdb_type, known_type
from mason.engines.models import Column, Rows, Schema
from mason.sql.sql_types import SqlType
from mason.sql.translations import Column as Told

_Change = Callable[[Any], Any]
_LARGEST = 2**63


def schema_of(columns: Sequence[tuple[str, str]]) -> Schema:
    """The columns of an answer, with DuckDB's types; those that it has not stay as Trino writes them."""
    return Schema(tuple(Column(name, duckdb_type(kind)) for name, kind in columns))


def values_of(columns: Sequence[tuple[str, str]], rows: Sequence[Sequence[Any]]) -> list[tuple[Any, ...]]:
    """Rows as JSON-ready values."""
    changes = [_change(known_type(kind)) for _, kind in columns]
    return [tuple(_changed(change, each) for change, each in zip(changes, row, strict=True)) for row in rows]


def as_told(rows: Rows, told: Sequence[Told]) -> Rows:
    """Rows with the types that a query has in DuckDB, where its translation tells them: a number that is a whole one of
    any size there is a decimal in Trino."""
    if len(told) != len(rows.schema.columns):
        return rows
    columns = tuple(replace(each, type=str(known.type)) for each, known in zip(rows.schema.columns, told, strict=True))
    whole = [known.type.name == "HUGEINT" for known in told]
    made = [
        tuple(_whole(value) if is_whole else value for value, is_whole in zip(row, whole, strict=True))
        for row in rows.rows
    ]
    return replace(rows, schema=Schema(columns), rows=made)


def _whole(value: Any) -> Any:
    """As DuckDB's answers have it: a text where a program of 64 bits would change the number."""
    number = int(value) if value is not None else None
    return number if number is None or -_LARGEST <= number < 2 * _LARGEST else str(number)


def _changed(change: _Change | None, value: Any) -> Any:
    return value if change is None or value is None else change(value)


def _change(kind: SqlType | None) -> _Change | None:
    if kind is None:
        return None
    if kind.name == "LIST":
        inner = _change(kind.element)
        return lambda values: [_changed(inner, each) for each in values]
    if kind.name == "STRUCT":
        parts = [(name, _change(each)) for name, each in kind.fields]
        return lambda values: {name: _changed(change, each) for (name, change), each in zip(parts, values, strict=True)}
    if kind.name == "MAP":
        inner = _change(kind.element)
        return lambda values: {name: _changed(inner, each) for name, each in values.items()}
    return _PLAIN.get(kind.name)


def _number(value: Any) -> Any:
    # What JSON has no number for is a text: NaN, Infinity.
    return value if isinstance(value, str) else float(value)


def _short_number(value: Any) -> Any:
    """A number of 32 bits, of which Trino writes as few digits as tell it from others."""
    if isinstance(value, str):
        return value
    (found,) = struct.unpack("f", struct.pack("f", float(value)))
    return found


def _moment(text: Any) -> str:
    """``2024-01-01 10:00:00.000`` as ISO 8601, without zeros that say nothing."""
    whole, point, fraction = str(text).replace(" ", "T", 1).partition(".")
    digits = fraction.rstrip("0")
    return whole + (f".{digits}" if point and digits else "")


def _zoned(text: Any) -> str:
    """A time with a zone in UTC, as DuckDB's answers have it; one that cannot be reckoned stays as it is."""
    day, _, rest = str(text).partition(" ")
    time, _, zone = rest.partition(" ")
    if zone in ("UTC", "Z", "+00:00"):
        return f"{_moment(f'{day} {time}')}+00:00"
    whole, _, fraction = time.partition(".")
    try:
        there = datetime.fromisoformat(f"{day}T{whole}").replace(tzinfo=_zone(zone))
        moment = there.astimezone(timezone.utc).replace(tzinfo=None).isoformat()
    except (ValueError, KeyError, OverflowError):
        return str(text)
    return f"{_moment(f'{moment}.{fraction}')}+00:00"


def _zone(name: str) -> Any:
    from zoneinfo import ZoneInfo

    if name[:1] in "+-":
        return datetime.fromisoformat(f"2000-01-01T00:00:00{name}").tzinfo
    return ZoneInfo(name)


def _bytes(text: Any) -> str:
    return base64.b64decode(str(text)).hex()


_PLAIN: dict[str, _Change] = {
    "DOUBLE": _number,
    "FLOAT": _short_number,
    **dict.fromkeys(("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIME"), _moment),
    "TIMESTAMP WITH TIME ZONE": _zoned,
    "BLOB": _bytes,
}
