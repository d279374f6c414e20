"""PostgreSQL's operators, as DuckDB says them: of which type results are, and at which values the query stops."""

from __future__ import annotations

from mason.sql.foreign import numbers_back, patterns_back, texts_back, times_back
from mason.sql.foreign.duck_text import DUCK
from mason.sql.foreign.foreign import Call, Rule
from mason.sql.foreign.rules_back import cast, meet
from mason.sql.sql_types import (
    BIGINT,
    DATE,
    DOUBLE,
    INTEGER,
    INTEGERS,
    SMALLINT,
    TIMESTAMP,
    TIMESTAMPTZ,
    VARCHAR,
    SqlType,
    decimal,
    is_exact,
    list_of,
)
from mason.sql.translating.rules import WIDE
from mason.sql.translating.translated import Value

COLLATED = SqlType("VARCHAR", width=1)
"""Texts that are ordered by their bytes, because the query says COLLATE "C"."""
_DIGITS = {SMALLINT: 5, INTEGER: 10, BIGINT: 19}
_MOST = 38
_DOUBLES = "a double precision too large or too small stops the query in PostgreSQL, where DuckDB goes on"


def as_decimal(value: Value) -> SqlType:
    """The numeric that stands for a whole number."""
    return value.type if value.type.name == "DECIMAL" else decimal(_DIGITS[value.type], 0)


def decimals(sign: str, one: SqlType, other: SqlType) -> SqlType | None:
    """The type of a result of two numerics, whose digits before the point have no limit there."""
    scale = one.scale + other.scale if sign == "*" else max(one.scale, other.scale)
    whole = max(one.width - one.scale, other.width - other.scale) + 1
    width = one.width + other.width if sign == "*" else whole + scale
    return decimal(min(width, _MOST), scale) if scale <= _MOST else None


_ARITHMETIC = numbers_back.arithmetic(decimals, as_decimal)


def _computed(call: Call) -> Value:
    numbers_back.no_float(call)
    found = _ARITHMETIC(call)
    if found.type == DOUBLE:
        call.noted(_DOUBLES)
    if found.type.name == "DECIMAL" and found.type.width == _MOST:
        call.noted(WIDE)
    return found


def _plus_or_minus(call: Call) -> Value:
    one, other = call.arguments
    if TIMESTAMPTZ in (one.type, other.type):
        raise call.unknown(remedy="Use times without a zone.")
    found = times_back.shifted(call, call.name, date_stays=False)
    if found is not None:
        return found
    if one.type == DATE and other.type in INTEGERS:
        return times_back.days_later(call, call.name)
    if one.type in INTEGERS and other.type == DATE and call.name == "+":
        return times_back.days_later(Call(call.work, call.part, call.sight, "+", [other, one]), "+")
    if one.type == other.type == DATE and call.name == "-":
        return times_back.days_between(call, one, other, INTEGER)
    return _computed(call)


def _divide(call: Call) -> Value:
    one, other = call.arguments
    if one.type in INTEGERS and other.type in INTEGERS:
        return numbers_back.whole_quotient(call, numbers_back.widest(one.type, other.type))
    if is_exact(one.type) and is_exact(other.type):
        raise call.refused(
            "the digits of a quotient of numerics depend on its value", "Cast one side to double precision."
        )
    numbers_back.no_float(call)
    if DOUBLE not in (one.type, other.type):
        raise call.unknown(remedy="Cast both to numbers.")
    call.noted(_DOUBLES)
    return numbers_back.of_doubles(call, "/")


def _joined(call: Call) -> Value:
    types = [each.type.name for each in call.arguments]
    if "VARCHAR" not in types or "BOOLEAN" in types or COLLATED in [each.type for each in call.arguments]:
        raise call.unknown(remedy="Cast both to text.")
    return texts_back.joined(call)


def _collated(call: Call) -> Value:
    part = call.part
    named = part.take("expression")
    value = call.work.value(part.child("this"), call.sight)
    if value.type != VARCHAR or str(named.name) != "C":
        raise part.refused('another collation than "C" is not known to be the same', 'Write COLLATE "C".')
    return Value(value.text, COLLATED)


def _zoned(call: Call) -> Value:
    """``AT TIME ZONE 'UTC'``."""
    part = call.part
    value = call.work.value(part.child("this"), call.sight)
    zone = call.work.value(part.child("zone"), call.sight)
    if zone.constant != "UTC" or value.type not in (TIMESTAMP, TIMESTAMPTZ):
        raise part.refused("such a zone is not known to be the same", "Write AT TIME ZONE 'UTC'.")
    return Value(f"({value.text} AT TIME ZONE 'UTC')", TIMESTAMPTZ if value.type == TIMESTAMP else TIMESTAMP)


def _subscript(call: Call) -> Value:
    """``array[i]`` counts from 1, and is NULL beyond."""
    part = call.part
    for name in ("offset", "safe"):
        part.take(name)
    held = call.work.value(part.child("this"), call.sight)
    indices = [call.work.value(each, call.sight) for each in part.children()]
    if len(indices) != 1 or held.type.name != "LIST" or indices[0].type not in INTEGERS[:3]:
        raise call.refused("such a subscript has no rule", "Write array[1].")
    place = DUCK.cast(indices[0].text, BIGINT)
    if indices[0].is_constant and isinstance(indices[0].constant, int) and indices[0].constant > 0:
        return Value(f"{held.text}[{indices[0].constant}]", held.type.element)
    call.work.rewritten(part, "[ ]", "DuckDB counts negative places from the end")
    return Value(f"CASE WHEN {place} > 0 THEN {held.text}[{place}] END", held.type.element)


def _array(call: Call) -> Value:
    part = call.part
    for name in ("bracket_notation", "value_constructor"):
        part.take(name)
    start = part.source[part.place :]
    values = [call.work.value(each, call.sight) for each in part.children()]
    inner = Call(call.work, part, call.sight, "ARRAY", values)
    if not values or "][" in start.replace(" ", ""):
        raise part.refused("such an array has no rule", "Write ARRAY[1, 2].")
    type_ = meet(inner, values)
    if type_.name in ("LIST", "NULL"):
        raise part.refused(f"an array of {type_} has no rule", "Cast its elements.")
    return Value(f"[{', '.join(inner.to(index, type_) for index in range(len(values)))}]", list_of(type_))


_EXTRACTED = {
    name: name for name in ("year", "month", "day", "quarter", "week", "isodow", "dow", "doy", "hour", "minute")
}


def _extract(call: Call) -> Value:
    part = call.part
    name = str(part.take("this").this).lower()
    value = call.work.value(part.child("expression"), call.sight)
    inner = Call(call.work, part, call.sight, f"extract({name})", [value])
    if name in ("hour", "minute", "second") and value.type == DATE:
        raise inner.unknown(remedy="Use a timestamp.")
    if value.type not in (DATE, TIMESTAMP):
        raise inner.unknown(remedy="Use a date or a timestamp without a zone.")
    if name in _EXTRACTED:
        return cast(f"date_part('{name}', {value.text})", decimal(18, 0))
    if name == "second":
        micros = f"CAST(date_part('microseconds', {value.text}) AS DECIMAL(18,0))"
        return cast(f"{micros} * CAST('0.000001' AS DECIMAL(7,6))", decimal(18, 6))
    if name == "epoch":
        micros = f"CAST(epoch_us({DUCK.cast(value.text, TIMESTAMP)}) AS DECIMAL(20,0))"
        return cast(f"{micros} * CAST('0.000001' AS DECIMAL(7,6))", decimal(26, 6))
    raise part.refused(f"extract of {name} has no rule", "Use year, month, day, hour and their like.")


KINDS: dict[str, Rule] = {
    "Add": _plus_or_minus,
    "Sub": _plus_or_minus,
    "Mul": _computed,
    "Div": _divide,
    "Mod": numbers_back.remainder(decimals, as_decimal, doubles=False),
    "Neg": numbers_back.negated,
    "BitwiseAnd": numbers_back.bits("&"),
    "BitwiseOr": numbers_back.bits("|"),
    "BitwiseXor": numbers_back.bits("xor"),
    "BitwiseNot": numbers_back.inverted,
    "DPipe": _joined,
    "Like": texts_back.liked,
    "ILike": texts_back.liked,
    "Escape": texts_back.liked,
    "RegexpLike": patterns_back.matches(patterns_back.POSIX),
    "Interval": times_back.interval,
    "Extract": _extract,
    "Trim": texts_back.trim_from,
    "Substring": texts_back.substring_from(from_zero=False, backwards=False),
    "StrPosition": texts_back.position_in(INTEGER),
    "Bracket": _subscript,
    "Array": _array,
    "Collate": _collated,
    "AtTimeZone": _zoned,
}
