"""Spark's operators, as DuckDB says them: of which type results are, and at which values the query stops."""

from __future__ import annotations

from mason.sql.foreign import numbers_back, patterns_back, texts_back, times_back
from mason.sql.foreign.duck_text import DUCK, as_type, quotient, stop
from mason.sql.foreign.foreign import Call, Rule
from mason.sql.foreign.numbers_back import divided_by
from mason.sql.sql_types import (
    BIGINT,
    DATE,
    INTEGER,
    INTEGERS,
    NULL,
    SMALLINT,
    TINYINT,
    SqlType,
    decimal,
    is_exact,
    is_number,
)
from mason.sql.translating.translated import Value

_DIGITS = {TINYINT: 3, SMALLINT: 5, INTEGER: 10, BIGINT: 20}
_MOST = 38


def as_decimal(value: Value) -> SqlType:
    """The decimal that stands for a whole number beside a decimal: one that is written has the digits that it shows."""
    if value.type.name == "DECIMAL":
        return value.type
    if value.is_constant and isinstance(value.constant, int):
        return decimal(len(str(abs(value.constant))), 0)
    return decimal(_DIGITS[value.type], 0)


def decimals(sign: str, one: SqlType, other: SqlType) -> SqlType | None:
    """The type of a result of two decimals; ``None`` where Spark would cut digits."""
    scale = max(one.scale, other.scale)
    if sign in "+-":
        width = max(one.width - one.scale, other.width - other.scale) + scale + 1
    elif sign == "*":
        width, scale = one.width + other.width + 1, one.scale + other.scale
    else:
        width = min(one.width - one.scale, other.width - other.scale) + scale
    if width <= _MOST:
        return decimal(width, scale)
    # Digits before the point come first, but for six behind it.
    kept = max(_MOST - (width - scale), min(scale, 6))
    return decimal(_MOST, scale) if kept == scale else None


def divided(call: Call, one: Value, other: Value) -> Value:
    """The quotient of two decimals, in Spark's digits."""
    first, second = as_decimal(one), as_decimal(other)
    scale = max(6, first.scale + second.width + 1)
    whole = first.width - first.scale + second.scale
    width = whole + scale
    if width > _MOST:
        kept = max(_MOST - whole, min(scale, 6))
        if _MOST - whole < min(scale, 6):
            raise call.refused(
                f"{first} / {second} has more digits than fit", "Cast both to fewer digits, or to DOUBLE."
            )
        width, scale = _MOST, kept
    result = decimal(width, scale)
    texts = [as_type(each, type_) for each, type_ in ((one, first), (other, second))]
    call.rewritten("DuckDB's / is a DOUBLE, Spark's a DECIMAL")
    text = quotient(texts[0], first.scale, texts[1], second.scale, result)
    return Value(divided_by(text, texts[1], texts[0], result), result)


def _divide(call: Call) -> Value:
    one, other = call.arguments
    if NULL in (one.type, other.type) or not (is_number(one.type) and is_number(other.type)):
        raise call.unknown(remedy="Cast both to numbers.")
    if is_exact(one.type) and is_exact(other.type) and "DECIMAL" in (one.type.name, other.type.name):
        return divided(call, one, other)
    numbers_back.no_float(call)
    return numbers_back.of_doubles(call, "/")


def _div(call: Call) -> Value:
    if not all(each.type in INTEGERS for each in call.arguments):
        raise call.unknown(remedy="Cast both to BIGINT.")
    return numbers_back.whole_quotient(call, BIGINT)


_ADD = numbers_back.arithmetic(decimals, as_decimal)


def _plus_or_minus(call: Call) -> Value:
    one, other = call.arguments
    found = times_back.shifted(call, call.name, date_stays=True)
    if found is not None:
        return found
    if one.type == DATE and other.type in INTEGERS:
        return times_back.days_later(call, call.name)
    numbers_back.no_float(call)
    return _ADD(call)


def _times(call: Call) -> Value:
    numbers_back.no_float(call)
    return _ADD(call)


def _subscript(call: Call) -> Value:
    """``list[i]`` counts from 0 and stops beyond; ``map[key]`` is NULL for another key."""
    part = call.part
    for name in ("offset", "safe"):
        part.take(name)
    held = call.work.value(part.child("this"), call.sight)
    indices = [call.work.value(each, call.sight) for each in part.children()]
    if len(indices) != 1:
        raise call.refused("such a subscript has no rule", "Write one.")
    return subscript(call, held, indices[0])


def subscript(call: Call, held: Value, index: Value) -> Value:
    """An element of a list, counted from 0, or the value of a map's key."""
    if held.type.name == "LIST" and index.type in INTEGERS[:3]:
        call.work.rewritten(call.part, "[ ]", "Spark counts from 0, and stops where there is no such element")
        place = DUCK.cast(index.text, BIGINT)
        beyond = stop("There is no such element", held.type.element)
        text = f"CASE WHEN {place} < 0 OR {place} >= len({held.text}) THEN {beyond} ELSE {held.text}[{place} + 1] END"
        return Value(text, held.type.element)
    if held.type.name == "MAP":
        key = call.written.implicit(call.part, index, held.type.fields[0][1])
        return Value(f"{held.text}[{key.text}]", held.type.element)
    raise call.refused(f"a subscript of {held.type} has no rule", "Use it for a list or a map.")


def _extract(call: Call) -> Value:
    from mason.sql.spark.spark_times import PARTS, seconds

    part = call.part
    name = str(part.take("this").this).lower()
    value = call.work.value(part.child("expression"), call.sight)
    inner = Call(call.work, part, call.sight, f"extract({name})", [value])
    if name in ("second", "seconds"):
        return seconds(inner)
    rule = PARTS.get({"dow": "dayofweek", "doy": "dayofyear", "week": "weekofyear"}.get(name, name))
    if rule is None or name == "weekday":
        raise part.refused(f"extract of {name} has no rule", "Use year, month, day, hour and their like.")
    return rule(inner)


KINDS: dict[str, Rule] = {
    "Add": _plus_or_minus,
    "Sub": _plus_or_minus,
    "Mul": _times,
    "Div": _divide,
    "IntDiv": _div,
    "Mod": numbers_back.remainder(decimals, as_decimal, doubles=True),
    "Neg": numbers_back.negated,
    "BitwiseAnd": numbers_back.bits("&"),
    "BitwiseOr": numbers_back.bits("|"),
    "BitwiseXor": numbers_back.bits("xor"),
    "BitwiseNot": numbers_back.inverted,
    "DPipe": texts_back.joined,
    "Like": texts_back.liked,
    "ILike": texts_back.liked,
    "Escape": texts_back.liked,
    "RegexpLike": patterns_back.matches(patterns_back.JAVA),
    "Interval": times_back.interval,
    "Extract": _extract,
    "Trim": texts_back.trim_from,
    "Substring": texts_back.substring_from(from_zero=True, backwards=True),
    "StrPosition": texts_back.position_in(INTEGER),
    "Bracket": _subscript,
}
