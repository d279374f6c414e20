"""Types that meet, and the casts that DuckDB makes by itself: of wider numbers, NULL, dates, texts written out."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from decimal import Decimal

from mason.sql.parsed import Tree
from mason.sql.sql_types import (
    BOOLEAN,
    DATE,
    DOUBLE,
    FLOAT,
    INTEGERS,
    NULL,
    RANGES,
    TIMESTAMP,
    VARCHAR,
    SqlType,
    as_decimal,
    common,
    is_exact,
    is_number,
)
from mason.sql.translating.rules import Call
from mason.sql.translating.translated import Value
from mason.sql.translating.writing import Writing

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_TIME = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[ T](\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?))?")
_WHOLE = re.compile(r"[+-]?\d{1,37}")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?")


def meet(node: Tree, values: Sequence[Value]) -> SqlType:
    """The type that DuckDB casts ``values`` to where they meet in a comparison, a CASE, a list; refuses unknown ones.

    A whole number that was written takes the type beside it where it fits, a text becomes whatever stands beside it.
    """
    typed = [value for value in values if not value.is_text]
    if not typed:
        return VARCHAR if values else NULL
    whole = [value for value in typed if value.is_constant and value.type in INTEGERS]
    others = [value.type for value in typed if value not in whole]
    beside = common(others)
    if beside in INTEGERS and all(_fits(value, beside) for value in whole):
        whole = []
    found = common([*others, *(value.type for value in whole)])
    if found is None:
        names = ", ".join(dict.fromkeys(str(value.type) for value in values))
        raise node.refused(
            f"the types {names} meet here, and how is not known to be the same", "Cast them to one type."
        )
    if len(typed) < len(values) and found == NULL:
        return VARCHAR
    return found


def _fits(value: Value, type_: SqlType) -> bool:
    return isinstance(value.constant, int) and -RANGES[type_] <= value.constant < RANGES[type_]


def number(call: Call, index: int) -> SqlType:
    """The type of an argument that has to be a number."""
    found = call.arguments[index].type
    if not is_number(found):
        raise call.refused(f"{call.name} of {found} is not known to be the same", "Cast it to a number.")
    return found


def implicit(writing: Writing, node: Tree, value: Value, target: SqlType) -> Value:
    """A cast that DuckDB makes by itself."""
    if value.type == target:
        return value
    if value.type == NULL:
        return Value(writing.cast("NULL", target), target)
    if value.is_text:
        return from_text(writing, node, str(value.constant), target, tried=False)
    if value.type == DATE and target == TIMESTAMP:
        return Value(writing.cast(value.text, TIMESTAMP), TIMESTAMP)
    found = widened(writing, value, target) if is_number(value.type) and is_number(target) else None
    if found is None:
        raise node.refused(f"{value.type} stands here for {target}", f"Write CAST(... AS {target}).")
    return found


def widened(writing: Writing, value: Value, target: SqlType) -> Value | None:
    """``value`` as a wider number; ``None`` where that is no widening."""
    given = value.type
    if value.is_constant and isinstance(value.constant, int | Decimal) and not isinstance(value.constant, bool):
        return _constant(writing, value.constant, target)
    if given in INTEGERS and target in INTEGERS and INTEGERS.index(given) <= INTEGERS.index(target):
        return Value(writing.cast(value.text, target), target)
    if is_exact(given) and target.name == "DECIMAL":
        held = as_decimal(given)
        if held.scale <= target.scale and held.width - held.scale <= target.width - target.scale:
            return Value(writing.cast(value.text, target), target)
    if target == DOUBLE and (is_exact(given) or given == FLOAT):
        return Value(writing.cast(value.text, DOUBLE), DOUBLE)
    return None


def _constant(writing: Writing, value: int | Decimal, target: SqlType) -> Value | None:
    if target in INTEGERS and isinstance(value, int) and -RANGES[target] <= value < RANGES[target]:
        return Value(writing.integer(value, target), target, True, value)
    if target.name == "DECIMAL" and abs(value) < 10 ** (target.width - target.scale):
        return Value(writing.exact(Decimal(value), target), target, True, value)
    if target == DOUBLE:
        return Value(writing.double(float(value)), DOUBLE, True, float(value))
    return None


def from_text(writing: Writing, node: Tree, written: str, target: SqlType, *, tried: bool) -> Value:
    """The value of a text that was written out, found out here: 2024-01-31, 2024-01-31 10:00:00, 42, 1.5."""
    if target == VARCHAR:
        return Value(writing.text(written), VARCHAR, True, written)
    try:
        found = _read(writing, written, target)
    except ValueError:
        found = None
    if found is None:
        shapes = "2024-01-31, 2024-01-31 10:00:00, 42, 1.5 or true"
        verb = "TRY_CAST" if tried else "CAST"
        raise node.refused(
            f"{verb} of the text {written!r} to {target} is not known to be the same", f"Write it as in {shapes}."
        )
    return found


def _is_double(writing: Writing, written: str) -> bool:
    if written.lower() in ("nan", "inf", "infinity", "-inf"):
        return writing.has_infinity
    return _NUMBER.fullmatch(written) is not None


def _read(writing: Writing, written: str, target: SqlType) -> Value | None:
    if target == DATE and _DATE.fullmatch(written):
        return Value(writing.date(str(datetime.date.fromisoformat(written))), DATE)
    if target == TIMESTAMP and (found := _TIME.fullmatch(written)):
        clock = found[2] or "00:00:00"
        datetime.datetime.fromisoformat(f"{found[1]} {clock[:8]}")
        moment = f"{found[1]} {clock}"
        return Value(writing.timestamp(moment), TIMESTAMP) if writing.has_time(moment) else None
    if target in INTEGERS and _WHOLE.fullmatch(written) and -RANGES[target] <= int(written) < RANGES[target]:
        return Value(writing.integer(int(written), target), target, True, int(written))
    if target == DOUBLE and _is_double(writing, written):
        return Value(writing.double(float(written)), DOUBLE, True, float(written))
    if target.name == "DECIMAL" and _NUMBER.fullmatch(written) and "e" not in written.lower():
        value = Decimal(written)
        if -value.as_tuple().exponent <= target.scale and abs(value) < 10 ** (target.width - target.scale):  # type: ignore[operator]
            return Value(writing.exact(value, target), target)
    if target == BOOLEAN and written.lower() in ("true", "false", "t", "f"):
        truth = written.lower().startswith("t")
        return Value(str(truth).upper(), BOOLEAN, True, truth)
    return None
