"""Trino's operators, as DuckDB says them, by the documentation of its operators and decimals."""

from __future__ import annotations

from mason.sql.foreign import numbers_back, patterns_back, texts_back, times_back
from mason.sql.foreign.duck_text import DUCK, stop
from mason.sql.foreign.foreign import Call, Rule
from mason.sql.sql_types import (
    BIGINT,
    DATE,
    INTEGER,
    INTEGERS,
    SMALLINT,
    TIMESTAMP,
    TINYINT,
    SqlType,
    decimal,
    is_exact,
)
from mason.sql.translating.translated import Value

_DIGITS = {TINYINT: 3, SMALLINT: 5, INTEGER: 10, BIGINT: 19}
_MOST = 38


def as_decimal(value: Value) -> SqlType:
    """The decimal that stands for a whole number beside a decimal."""
    return value.type if value.type.name == "DECIMAL" else decimal(_DIGITS[value.type], 0)


def decimals(sign: str, one: SqlType, other: SqlType) -> SqlType | None:
    """The type of a result of two decimals, as "Decimal functions and operators" has it."""
    scale = max(one.scale, other.scale)
    whole = max(one.width - one.scale, other.width - other.scale)
    if sign == "*":
        width, scale = one.width + other.width, one.scale + other.scale
    elif sign == "%":
        width = min(one.width - one.scale, other.width - other.scale) + scale
    else:
        width = 1 + scale + whole
    return decimal(min(width, _MOST), scale) if scale <= _MOST else None


_ARITHMETIC = numbers_back.arithmetic(decimals, as_decimal)


def _computed(call: Call) -> Value:
    numbers_back.no_float(call)
    return _ARITHMETIC(call)


def _plus_or_minus(call: Call) -> Value:
    found = times_back.shifted(call, call.name, date_stays=True)
    return found if found is not None else _computed(call)


def _divide(call: Call) -> Value:
    one, other = call.arguments
    if one.type in INTEGERS and other.type in INTEGERS:
        return numbers_back.whole_quotient(call, numbers_back.widest(one.type, other.type))
    if is_exact(one.type) and is_exact(other.type):
        raise call.refused("how a quotient of decimals is rounded is not said", "Cast one side to double.")
    raise call.refused("what a double divided by zero is, is not said", "Write CASE WHEN divisor <> 0.")


def _joined(call: Call) -> Value:
    if any(each.type.name != "VARCHAR" for each in call.arguments):
        raise call.unknown(remedy="Cast both to varchar.")
    return texts_back.joined(call)


def _subscript(call: Call) -> Value:
    """``array[i]`` counts from 1, and stops beyond."""
    part = call.part
    for name in ("offset", "safe"):
        part.take(name)
    held = call.work.value(part.child("this"), call.sight)
    indices = [call.work.value(each, call.sight) for each in part.children()]
    if len(indices) != 1 or held.type.name != "LIST" or indices[0].type not in INTEGERS[:4]:
        raise call.refused("such a subscript has no rule", "Write array[1].")
    place = DUCK.cast(indices[0].text, BIGINT)
    beyond = stop("There is no such element", held.type.element)
    text = f"CASE WHEN {place} < 1 OR {place} > len({held.text}) THEN {beyond} ELSE {held.text}[{place}] END"
    return Value(text, held.type.element)


_PARTS = {"year", "quarter", "month", "week", "day", "hour", "minute", "second"}
_NAMED = {"day_of_week": "isodow", "dow": "isodow", "day_of_year": "doy", "doy": "doy"}


def part_of(call: Call, name: str, value: Value) -> Value:
    """A part of a date or time, as a bigint; weeks are ISO's, and Monday is the first day."""
    known = _NAMED.get(name, name if name in _PARTS else "")
    if (
        not known
        or value.type not in (DATE, TIMESTAMP)
        or (value.type == DATE and name in ("hour", "minute", "second"))
    ):
        raise call.refused(f"{name} of {value.type} has no rule", "Use year, month, day, hour and their like.")
    return Value(DUCK.cast(f"date_part('{known}', {value.text})", BIGINT), BIGINT)


def _extract(call: Call) -> Value:
    part = call.part
    name = str(part.take("this").this).lower()
    return part_of(call, name, call.work.value(part.child("expression"), call.sight))


KINDS: dict[str, Rule] = {
    "Add": _plus_or_minus,
    "Sub": _plus_or_minus,
    "Mul": _computed,
    "Div": _divide,
    "Mod": numbers_back.remainder(decimals, as_decimal, doubles=False),
    "Neg": numbers_back.negated,
    "DPipe": _joined,
    "Like": texts_back.liked,
    "Escape": texts_back.liked,
    "RegexpLike": patterns_back.matches(patterns_back.JAVA),
    "Interval": times_back.interval,
    "Extract": _extract,
    "Substring": texts_back.substring_from(from_zero=False, backwards=False),
    "StrPosition": texts_back.position_in(BIGINT),
    "Bracket": _subscript,
}
