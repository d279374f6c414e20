"""Arithmetic and comparisons: of which type a result is, and what becomes of a division by zero."""

from __future__ import annotations

from mason.sql.sql_types import (
    BOOLEAN,
    DATE,
    DOUBLE,
    FLOAT,
    HUGEINT,
    INTEGER,
    INTEGERS,
    INTERVAL,
    SMALLINT,
    TIMESTAMP,
    TINYINT,
    VARCHAR,
    WIDEST,
    SqlType,
    as_decimal,
    decimal,
    is_number,
)
from mason.sql.translating.meeting import meet
from mason.sql.translating.rules import WIDE, Call, Rule
from mason.sql.translating.translated import Value

_NARROW = 18
"""DuckDB keeps results of decimals in 64 bits where both operands are, and stops where they do not fit."""
_ORDERED = ("<", "<=", ">", ">=")


def _sign(call: Call) -> Value:
    value = call.arguments[0]
    if is_number(value.type) and value.type != FLOAT:
        if isinstance(value.constant, int) and value.is_constant and value.type != HUGEINT:
            return Value(f"(-{value.text})", value.type, True, -value.constant)
        return Value(call.cast(f"-{value.text}", computed(call, value.type)), value.type)
    raise call.refused(f"- of {value.type} is not known to be the same", "Use it with numbers.")


def _plus(call: Call) -> Value:
    if len(call.arguments) == 1:
        return call.arguments[0] if call.name == "+" else _sign(call)
    call.count(2)
    one, other = call.arguments
    if INTERVAL in (one.type, other.type):
        return _with_interval(call, one, other)
    if one.type == DATE and other.type in (TINYINT, SMALLINT, INTEGER):
        return Value(call.dialect.days_later(one.text, call.to(1, INTEGER), call.name), DATE)
    if (one.type, other.type) == (DATE, DATE) and call.name == "-":
        return call.bigint(call.dialect.days_between(one.text, other.text))
    result = computed(call, _numbers(call))
    if result.name == "DECIMAL":
        left, right = as_decimal(one.type), as_decimal(other.type)
        scale = max(left.scale, right.scale)
        width = max(left.width - left.scale, right.width - right.scale) + scale + 1
        return _decimals(call, width, scale)
    return call.dialect.computed(f"{call.to(0, result)} {call.name} {call.to(1, result)}", result)


def _times(call: Call) -> Value:
    call.count(2)
    result = computed(call, _numbers(call))
    if result.name == "DECIMAL":
        left, right = (as_decimal(each.type) for each in call.arguments)
        return _decimals(call, left.width + right.width, left.scale + right.scale)
    return call.dialect.computed(f"{call.to(0, result)} * {call.to(1, result)}", result)


def _numbers(call: Call) -> SqlType:
    """The type that an operator works in."""
    for each in call.arguments:
        if not is_number(each.type) or each.type == FLOAT:
            types = " and ".join(str(value.type) for value in call.arguments)
            raise call.refused(
                f"{call.name} of {types} is not known to be the same", "Cast them: FLOAT to DOUBLE, texts to numbers."
            )
    found = meet(call.node, call.arguments)
    if found == HUGEINT:
        call.noted(WIDE)
    if found == DOUBLE and call.dialect.double_note:
        call.noted(call.dialect.double_note)
    return found


def computed(call: Call, type_: SqlType) -> SqlType:
    """``type_``, where the engine can compute in it: in a wider one, what stops DuckDB would not stop it."""
    if type_ in call.dialect.uncomputed:
        raise call.refused(f"{call.dialect.engine} has no {type_} to compute in", "Cast it to a wider type.")
    return type_


def _decimals(call: Call, width: int, scale: int) -> Value:
    """A sum or product of decimals: engines have other digits, and some lose digits behind the point above 38."""
    kept = [as_decimal(each.type) for each in call.arguments]
    engine = call.dialect.engine
    if width >= WIDEST or HUGEINT in (each.type for each in call.arguments):
        raise call.refused(
            f"{call.name} of {kept[0]} and {kept[1]} needs more digits than {engine} keeps", "Cast them to DOUBLE."
        )
    if width > _NARROW and all(each.width <= _NARROW for each in kept):
        if call.name != "*" and scale + 1 > _NARROW:
            raise call.refused(f"{call.name} of {kept[0]} and {kept[1]} is not known to be the same", "Cast to DOUBLE.")
        width = max(_NARROW, scale) if call.name == "*" else _NARROW
    if scale > width:
        raise call.refused(f"{call.name} of {kept[0]} and {kept[1]} is not known to be the same", "Cast to DOUBLE.")
    result = decimal(width, scale)
    one, other = (call.cast(value.text, as_decimal(value.type)) for value in call.arguments)
    call.rewritten(f"{engine}'s result has other digits")
    return Value(call.cast(f"{one} {call.name} {other}", result), result)


def _divided(call: Call) -> Value:
    call.count(2)
    _numbers(call)
    one, other = call.to(0, DOUBLE), call.to(1, DOUBLE)
    divisor = call.arguments[1]
    if call.dialect.double_note:
        call.noted(call.dialect.double_note)
    if divisor.is_constant and divisor.constant:
        return Value(f"({one} / {other})", DOUBLE)
    text = call.dialect.quotient(one, other)
    if call.dialect.stops_at_zero:
        call.noted("a division by zero stops the query, where DuckDB says infinity")
    elif text != f"({one} / {other})":
        call.rewritten(f"DuckDB divides by zero to infinity, {call.dialect.engine} stops")
    return Value(text, DOUBLE)


def _whole_division(call: Call) -> Value:
    call.count(2)
    result = computed(call, _numbers(call))
    if result not in INTEGERS:
        raise call.refused(f"{call.name} of {result} is not known to be the same", "Use floor(a / b).")
    one, other = call.to(0, result), call.to(1, result)
    divisor = f"nullif({other}, {call.cast('0', result)})"
    said = f"DuckDB's result is NULL where the divisor is zero, {call.dialect.engine} stops"
    if call.name in ("//", "divide"):
        call.rewritten(f"{said}; its type is that of the operands")
        return Value(call.cast(call.dialect.whole_quotient(call, one, divisor, result), result), result)
    call.rewritten(said)
    return Value(call.cast(f"{one} % {divisor}", result), result)


def _with_interval(call: Call, one: Value, other: Value) -> Value:
    if one.type == INTERVAL and other.type != INTERVAL and call.name == "+":
        one, other = other, one
    if one.type not in (DATE, TIMESTAMP) or other.type != INTERVAL:
        raise call.refused(
            f"{call.name} of {one.type} and {other.type} is not known to be the same",
            "Add intervals to dates or timestamps.",
        )
    start = call.cast(one.text, TIMESTAMP) if one.type == DATE else one.text
    return Value(call.dialect.shifted(start, call.name, other.text), TIMESTAMP)


def compared(call: Call, operator: str) -> Value:
    """A comparison of two values."""
    type_ = comparable(call)
    if operator in _ORDERED:
        return Value(f"({sortable(call, 0, type_)} {operator} {sortable(call, 1, type_)})", BOOLEAN)
    return Value(f"({call.to(0, type_)} {operator} {call.to(1, type_)})", BOOLEAN)


def same(call: Call) -> str:
    """IS NOT DISTINCT FROM."""
    type_ = comparable(call)
    return f"({call.dialect.same(call.to(0, type_), call.to(1, type_))})"


def sortable(call: Call, index: int, type_: SqlType) -> str:
    """An argument of the type ``type_`` where its order counts."""
    return call.dialect.sorted(call.work.cast(call.node, call.arguments[index], type_))


def comparable(call: Call) -> SqlType:
    """The type in which the arguments of ``call`` are compared."""
    type_ = meet(call.node, call.arguments)
    if said := call.dialect.compared_note(type_):
        call.noted(said)
    if not is_number(type_) and type_ not in (BOOLEAN, VARCHAR, DATE, TIMESTAMP) and type_.name not in ("NULL",):
        zoned = type_.name == "TIMESTAMP WITH TIME ZONE" and all(not each.is_text for each in call.arguments)
        if not zoned:
            raise call.refused(f"comparing {type_} is not known to be the same", "Compare parts of it.")
    return type_


def _power(call: Call) -> Value:
    call.count(2)
    _numbers(call)
    if call.dialect.double_note:
        call.noted(call.dialect.double_note)
    return Value(f"power({call.to(0, DOUBLE)}, {call.to(1, DOUBLE)})", DOUBLE)


def bits(template: str, made: SqlType | None = None) -> Rule:
    """An operator on the bits of two integers; ``made``: the type of its result, where that is not theirs."""

    def rule(call: Call) -> Value:
        call.count(2)
        type_ = meet(call.node, call.arguments)
        if type_ not in INTEGERS or type_ == HUGEINT:
            raise call.refused(f"{call.name} of {type_} is not known to be the same", "Use it with BIGINT or smaller.")
        text = template.format(call.to(0, type_), call.to(1, type_))
        return Value(text if made in (None, type_) else call.cast(text, type_), type_)

    return rule


RULES: dict[str, Rule] = {
    "+": _plus,
    "-": _plus,
    "*": _times,
    "/": _divided,
    "//": _whole_division,
    "divide": _whole_division,
    "%": _whole_division,
    "mod": _whole_division,
    "**": _power,
    "^": _power,
    "pow": _power,
    "power": _power,
}
