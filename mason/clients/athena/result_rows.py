"""Results as Athena's API gives them, as rows of plain values. Pure.

The API tells NULL (a field without a value) from the empty text, which the result's file does not everywhere. Nested
values are text there, in a notation of its own that cannot be read back: they stay as they are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from mason.engines.models import Column, Rows, Schema

_LARGEST = 2**63
_TYPES = {
    "boolean": "BOOLEAN",
    "tinyint": "TINYINT",
    "smallint": "SMALLINT",
    "integer": "INTEGER",
    "int": "INTEGER",
    "bigint": "BIGINT",
    "float": "FLOAT",
    "real": "FLOAT",
    "double": "DOUBLE",
    "char": "VARCHAR",
    "varchar": "VARCHAR",
    "string": "VARCHAR",
    "date": "DATE",
    "time": "TIME",
    "timestamp": "TIMESTAMP",
    "timestamp with time zone": "TIMESTAMP WITH TIME ZONE",
    "varbinary": "BLOB",
    "json": "JSON",
    "uuid": "UUID",
}


def schema_of(described: Iterable[Mapping[str, Any]]) -> Schema:
    """The columns of a result, with DuckDB's types; those that it has not stay as Athena calls them."""
    return Schema(tuple(Column(each["Name"], _type(each)) for each in described))


def rows_of(schema: Schema, rows: Sequence[Mapping[str, Any]], *, more: bool, cost: Mapping[str, Any]) -> Rows:
    """Rows as JSON-ready values."""
    ready = [_READY.get(column.type, str) for column in schema.columns]
    made = [
        tuple(_value(change, datum) for change, datum in zip(ready, each.get("Data", ()), strict=True)) for each in rows
    ]
    return Rows(schema, made, more=more, cost=cost)


def with_whole_numbers(rows: Rows, whole: Sequence[bool]) -> Rows:
    """Rows with the columns as numbers that are whole ones of any size in DuckDB; Athena has decimals for these, which
    are text."""
    if not any(whole):
        return rows
    columns = tuple(
        replace(column, type="HUGEINT") if is_whole else column
        for column, is_whole in zip(rows.schema.columns, whole, strict=True)
    )
    made = [
        tuple(_whole(value) if is_whole else value for value, is_whole in zip(row, whole, strict=True))
        for row in rows.rows
    ]
    return replace(rows, schema=Schema(columns), rows=made)


def _whole(value: Any) -> Any:
    """As DuckDB's answers have it: a text where a program of 64 bits would change the number."""
    number = int(value) if value is not None else None
    return number if number is None or -_LARGEST <= number < 2 * _LARGEST else str(number)


def _type(described: Mapping[str, Any]) -> str:
    kind = str(described.get("Type", "")).lower()
    if kind == "decimal":
        return f"DECIMAL({described.get('Precision', 38)},{described.get('Scale', 0)})"
    return _TYPES.get(kind, kind.upper())


def _value(change: Callable[[str], Any], datum: Mapping[str, Any]) -> Any:
    text = datum.get("VarCharValue")
    return None if text is None else change(text)


def _number(text: str) -> float | str:
    value = float(text)
    return value if math.isfinite(value) else "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _moment(text: str) -> str:
    """``2024-01-01 10:00:00.000`` as ISO 8601, without zeros that say nothing; zones stay as they are written."""
    time, space, zone = text.replace(" ", "T", 1).partition(" ")
    whole, point, fraction = time.partition(".")
    digits = fraction.rstrip("0")
    offset = {"UTC": "+00:00"}.get(zone, zone)
    return whole + (f".{digits}" if point and digits else "") + (offset if space else "")


_READY: Mapping[str, Callable[[str], Any]] = {
    **dict.fromkeys(("TINYINT", "SMALLINT", "INTEGER", "BIGINT"), int),
    **dict.fromkeys(("FLOAT", "DOUBLE"), _number),
    **dict.fromkeys(("TIMESTAMP", "TIMESTAMP WITH TIME ZONE"), _moment),
    "BOOLEAN": lambda text: text.lower() == "true",
    "BLOB": lambda text: text.replace(" ", ""),
}
