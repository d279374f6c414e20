"""Values of DuckDB as JSON-ready Python values, one rule per type, the same for every view.

Types that Python cannot hold exactly (decimals, zoned times, nanoseconds, years beyond 9999) are cast to text by
DuckDB before they are fetched; what is left to do in Python is little and done only for columns that need it.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from mason.clients._duckdb.quoting import identifier

if TYPE_CHECKING:
    from duckdb.sqltypes import DuckDBPyType

Ready = Callable[[Any], Any]

_PLAIN = frozenset({"boolean", "tinyint", "smallint", "integer", "bigint", "utinyint", "usmallint", "uinteger"})
_PLAIN_TEXT = frozenset({"varchar", "enum", "uuid", "decimal", "interval", "bit", "time", "time_ns"})
_WHOLE_ZONE = re.compile(r"([+-]\d\d)$")
_BC = re.compile(r"(\d+)(-\d\d-\d\d) \(BC\)(.*)")
_LARGEST = 2**63


def fetched_type(kind: DuckDBPyType) -> str:
    """The type to cast a value to before it is fetched; that of ``kind`` itself where nothing is lost."""
    name = kind.id
    if name in _PLAIN or name in ("ubigint", "hugeint", "uhugeint", "float", "double", "blob", "varchar"):
        return str(kind)
    if name in ("list", "array"):
        return fetched_type(children(kind)["child"]) + "[]"
    if name == "struct" and "" not in children(kind):
        fields = ", ".join(f"{identifier(field)} {fetched_type(inner)}" for field, inner in children(kind).items())
        return f"STRUCT({fields})"
    if name == "map":
        return f"MAP(VARCHAR, {fetched_type(children(kind)['value'])})"
    # As text DuckDB writes neither quotes nor types of what a VARIANT holds: the text 1 would be like the number.
    return "JSON" if name == "variant" else "VARCHAR"


def ready(kind: DuckDBPyType) -> Ready | None:
    """What turns a fetched value of ``kind`` into a JSON-ready one; ``None`` when it is one already."""
    name = kind.id
    if str(kind) == "JSON" or name == "variant":
        return _document
    if name == "date":
        return _before_christ
    if name in _PLAIN or name in _PLAIN_TEXT:
        return None
    if name in ("float", "double"):
        return _number
    if name in ("ubigint", "hugeint", "uhugeint"):
        return _whole_number
    if name == "blob":
        return lambda value: bytes(value).hex()
    if name.startswith("timestamp"):
        return _timestamp
    # Nested values are many: those in which nothing changes are not gone through.
    if name in ("list", "array"):
        inner = _or_null(ready(children(kind)["child"]))
        if inner is None:
            return list if name == "array" else None
        return lambda values: [inner(value) for value in values]
    if name == "struct" and "" not in children(kind):
        changes = {field: each for field, child in children(kind).items() if (each := _or_null(ready(child)))}
        if not changes:
            return None
        return lambda values: values | {field: change(values[field]) for field, change in changes.items()}
    if name == "map":
        value_ready = _or_null(ready(children(kind)["value"])) or (lambda value: value)
        return lambda values: {str(key): value_ready(value) for key, value in values.items()}
    return None


def rows_ready(kinds: Sequence[DuckDBPyType], rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Fetched rows, JSON-ready."""
    changes = [(index, change) for index, change in enumerate(map(ready, kinds)) if change is not None]
    if not changes:
        return list(rows)
    done = []
    for row in rows:
        values = list(row)
        for index, change in changes:
            if values[index] is not None:
                values[index] = change(values[index])
        done.append(tuple(values))
    return done


def _or_null(change: Ready | None) -> Ready | None:
    return change and (lambda value: None if value is None else change(value))


def _document(text: str) -> Any:
    """A JSON document. Numbers that a float or a program of 64 bits would change are texts."""
    return json.loads(
        text, parse_float=_fraction, parse_int=lambda digits: _whole_number(int(digits)), parse_constant=str
    )


def _fraction(text: str) -> float | str:
    from decimal import Decimal

    value = float(text)
    return value if math.isfinite(value) and Decimal(repr(value)) == Decimal(text) else text


def _number(value: float) -> float | str:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _whole_number(value: int) -> int | str:
    return value if -_LARGEST <= value < 2 * _LARGEST else str(value)


def _timestamp(text: str) -> str:
    # DuckDB writes "2013-01-01 10:00:00+00"; ISO 8601 wants the T and minutes in the offset.
    text = _before_christ(text)
    return _WHOLE_ZONE.sub(r"\1:00", text.replace(" ", "T", 1)) if ":" in text else text


def _before_christ(text: str) -> str:
    """A date or time whose year DuckDB counts back from 1 (BC) as ISO 8601 counts it, with a year 0000."""
    found = _BC.fullmatch(text)
    if found is None:
        return text
    year = int(found[1]) - 1
    return f"{'-' if year else ''}{year:04}{found[2]}{found[3]}"


def children(kind: DuckDBPyType) -> dict[str, DuckDBPyType]:
    """The types within a type, by the names that DuckDB gives them; none where it is not nested."""
    # DuckDB raises an error for most of the others.
    if kind.id not in ("list", "array", "struct", "map", "union"):
        return {}
    # Lists, structs and maps have types for children; the annotation covers decimals and enums as well.
    return {name: child for name, child in kind.children if not isinstance(child, (int, list))}
