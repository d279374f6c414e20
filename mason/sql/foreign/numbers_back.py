"""Numbers: operators and functions of them, in the type in which the dialect computes."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from mason.sql.foreign.duck_text import DUCK, as_type, stop
from mason.sql.foreign.foreign import Call, Rule
from mason.sql.foreign.rules_back import cast, meet
from mason.sql.sql_types import (
    BIGINT,
    DOUBLE,
    FLOAT,
    INTEGER,
    INTEGERS,
    NULL,
    WIDEST,
    SqlType,
    decimal,
    is_exact,
    is_number,
)
from mason.sql.translating.translated import Value

Decimals = Callable[[str, SqlType, SqlType], "SqlType | None"]
"""The type of a result of two decimals, by the operator; ``None`` where it is not known."""
AsDecimal = Callable[[Value], SqlType]
"""The decimal that stands for a whole number beside a decimal."""


def widest(one: SqlType, other: SqlType) -> SqlType:
    """The wider one of two types of whole numbers."""
    return max(one, other, key=INTEGERS.index)


def arithmetic(decimals: Decimals, as_decimal: AsDecimal) -> Rule:
    """``+``, ``-`` and ``*`` of numbers."""

    def rule(call: Call) -> Value:
        call.count(2)
        one, other = (_typed(call, index) for index in range(2))
        if one.type in INTEGERS and other.type in INTEGERS:
            type_ = widest(one.type, other.type)
            first, second = (as_type(each, type_) for each in (one, other))
            return cast(f"{first} {call.name} {second}", type_)
        if DOUBLE in (one.type, other.type):
            return Value(f"({as_type(one, DOUBLE)} {call.name} {as_type(other, DOUBLE)})", DOUBLE)
        if is_exact(one.type) and is_exact(other.type):
            types = [as_decimal(each) for each in (one, other)]
            result = decimals(call.name, *types)
            if result is None:
                raise call.refused(
                    f"{call.name} of {types[0]} and {types[1]} has more digits than fit", "Cast to fewer digits before."
                )
            if call.name == "*":
                # Wide ones, or the product is held to 18 digits.
                texts = [as_type(one, decimal(WIDEST, types[0].scale)), as_type(other, types[1])]
            else:
                texts = [as_type(each, result) for each in (one, other)]
            return cast(f"{texts[0]} {call.name} {texts[1]}", result)
        raise call.unknown(remedy="Cast both to DOUBLE.")

    return rule


def _typed(call: Call, index: int) -> Value:
    found = call.arguments[index]
    if found.type == NULL or not is_number(found.type):
        raise call.unknown(remedy="Cast both to numbers.")
    return found


def negated(call: Call) -> Value:
    """Minus; before a number that is written it is a part of it."""
    found = call.arguments[0]
    type_ = call.number(0)
    if found.is_constant and isinstance(found.constant, int) and type_ in (INTEGER, BIGINT):
        number = -found.constant
        type_ = INTEGER if number >= -(2**31) else BIGINT
        return Value(DUCK.integer(number, type_), type_, True, number)
    if found.is_constant and isinstance(found.constant, Decimal) and type_.name == "DECIMAL":
        return Value(f"(-{found.text})", type_, True, -found.constant)
    return Value(DUCK.cast(f"-{found.text}", type_), type_)


def divided_by(text: str, divisor: str, dividend: str, type_: SqlType) -> str:
    """``text``, a division, which stops the query where the divisor is zero."""
    return f"CASE WHEN {divisor} = 0 AND {dividend} IS NOT NULL THEN {stop('Division by zero', type_)} ELSE {text} END"


def of_doubles(call: Call, sign: str) -> Value:
    """A quotient or remainder of DOUBLEs, which stops at a zero."""
    one, other = (as_type(each, DOUBLE) for each in call.arguments)
    call.rewritten("DuckDB goes on after a division by zero")
    return Value(divided_by(f"{one} {sign} {other}", other, one, DOUBLE), DOUBLE)


def whole_quotient(call: Call, type_: SqlType) -> Value:
    """The quotient of two whole numbers, cut towards zero."""
    one, other = (as_type(each, type_) for each in call.arguments)
    call.rewritten("DuckDB's / of whole numbers is a DOUBLE, and // is NULL where the divisor is zero")
    return Value(divided_by(f"{one} // {other}", other, one, type_), type_)


def remainder(decimals: Decimals, as_decimal: AsDecimal, *, doubles: bool) -> Rule:
    """``%``, whose sign is that of the dividend."""

    def rule(call: Call) -> Value:
        call.count(2)
        one, other = (_typed(call, index) for index in range(2))
        if one.type in INTEGERS and other.type in INTEGERS:
            type_ = widest(one.type, other.type)
        elif is_exact(one.type) and is_exact(other.type):
            found = decimals("%", as_decimal(one), as_decimal(other))
            if found is None:
                raise call.unknown()
            type_ = found
        elif DOUBLE in (one.type, other.type) and doubles:
            return of_doubles(call, "%")
        else:
            raise call.unknown(remedy="Cast both to DECIMAL.")
        wide = type_
        if type_.name == "DECIMAL":
            # The remainder fits, what is divided need not.
            whole = max(each.width - each.scale for each in (as_decimal(one), as_decimal(other)))
            wide = decimal(min(WIDEST, whole + type_.scale), type_.scale)
        first, second = (as_type(each, wide) for each in (one, other))
        call.rewritten("DuckDB's result is NULL where the divisor is zero")
        return Value(divided_by(DUCK.cast(f"{first} % {second}", type_), second, first, type_), type_)

    return rule


def absolute(call: Call) -> Value:
    """abs, in the type of the number."""
    call.count(1)
    type_ = call.number(0)
    return cast(f"abs({call.arguments[0].text})", type_)


def extreme(call: Call) -> Value:
    """greatest and least, which pass NULL over."""
    call.count(2, 100)
    type_ = meet(call, call.arguments)
    if type_.name in ("LIST", "STRUCT", "MAP", "NULL"):
        raise call.unknown(type_, remedy="Compare parts of it.")
    call.written.check_compared(call.part, type_, ordered=True)
    texts = [call.to(index, type_) for index in range(len(call.arguments))]
    return Value(f"{call.name}({', '.join(texts)})", type_)


def coalesced(call: Call) -> Value:
    """coalesce, and its like of two arguments."""
    call.count(1, 100)
    type_ = meet(call, call.arguments)
    return Value(f"coalesce({', '.join(call.to(index, type_) for index in range(len(call.arguments)))})", type_)


def nulled(call: Call) -> Value:
    """nullif, of the type of its first argument."""
    call.count(2)
    one = call.arguments[0]
    type_ = meet(call, call.arguments)
    if one.type == NULL:
        raise call.unknown()
    call.written.check_compared(call.part, type_, ordered=False)
    return Value(f"CASE WHEN {call.to(0, type_)} = {call.to(1, type_)} THEN NULL ELSE {one.text} END", one.type)


def doubled(template: str, why: str = "") -> Rule:
    """A function of DOUBLEs with a DOUBLE as result."""

    def rule(call: Call) -> Value:
        call.count(template.count("{") if "{1}" in template else 1)
        for index in range(len(call.arguments)):
            if not is_number(call.arguments[index].type):
                raise call.unknown(remedy="Cast it to DOUBLE.")
        if why:
            call.rewritten(why)
        return Value(template.format(*(as_type(each, DOUBLE) for each in call.arguments)), DOUBLE)

    return rule


def bits(sign: str) -> Rule:
    """An operator of bits of whole numbers."""

    def rule(call: Call) -> Value:
        one, other = call.arguments
        if not (one.type in INTEGERS[:4] and other.type in INTEGERS[:4]):
            raise call.unknown(remedy="Cast both to BIGINT.")
        type_ = widest(one.type, other.type)
        first, second = (as_type(each, type_) for each in (one, other))
        return cast(f"xor({first}, {second})" if sign == "xor" else f"{first} {sign} {second}", type_)

    return rule


def inverted(call: Call) -> Value:
    """``~``."""
    type_ = call.arguments[0].type
    if type_ not in INTEGERS[:4]:
        raise call.unknown(remedy="Cast it to BIGINT.")
    return cast(f"~{call.arguments[0].text}", type_)


def no_float(call: Call) -> None:
    """Refuse FLOAT, in which engines compute otherwise."""
    if any(each.type == FLOAT for each in call.arguments):
        raise call.unknown(remedy="Cast it to DOUBLE.")
