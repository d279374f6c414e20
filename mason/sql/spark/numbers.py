"""Functions of numbers: how they round, and what becomes of values that have no result."""

from __future__ import annotations

from mason.sql.spark.rules import Call, Rule, cast_text, meet, number, plain
from mason.sql.spark.translated import Value
from mason.sql.sql_types import (
    BOOLEAN,
    DOUBLE,
    FLOAT,
    INTEGERS,
    TINYINT,
    decimal,
    is_exact,
)


def _abs(call: Call) -> Value:
    call.count(1)
    type_ = number(call, 0)
    return Value(cast_text(f"abs({call.arguments[0].text})", type_), type_)


def _round(call: Call) -> Value:
    call.count(1, 2)
    type_ = number(call, 0)
    text = call.arguments[0].text
    digits = call.whole(1) if len(call.arguments) == 2 else 0
    if type_ in INTEGERS and digits >= 0:
        return call.arguments[0]
    if type_.name == "DECIMAL" and digits >= 0:
        digits = min(digits, type_.scale)
        result = decimal(type_.width, digits)
        return Value(cast_text(f"round({text}, {digits})", result), result)
    if type_ == DOUBLE and 0 <= digits <= 15:
        if digits == 0:
            return Value(f"round({text}, 0)", DOUBLE)
        call.rewritten("DuckDB rounds the number itself, Spark its shortest text")
        # Above that every DOUBLE is whole, infinite or NaN.
        scaled = f"{text} * 1e{digits}D"
        return Value(f"CASE WHEN abs({scaled}) < 9e15D THEN round({scaled}, 0) / 1e{digits}D ELSE {text} END", DOUBLE)
    raise call.refused(f"round of {type_} to {digits} digits is not known to be the same", "Cast it to a DECIMAL.")


def _edge(call: Call) -> Value:
    """ceil and floor."""
    call.count(1)
    type_ = number(call, 0)
    spark = "floor" if call.name == "floor" else "ceil"
    text = call.arguments[0].text
    if type_ in INTEGERS:
        return Value(cast_text(text, DOUBLE), DOUBLE)
    if type_.name == "DECIMAL":
        result = decimal(type_.width, 0)
        return Value(cast_text(f"{spark}({text})", result), result)
    if type_ == FLOAT:
        raise call.refused(f"{call.name} of FLOAT is not known to be the same", "Cast it to DOUBLE.")
    call.rewritten("Spark's result is a BIGINT, which holds no infinity and no NaN")
    return Value(f"CASE WHEN abs({text}) < 9e15D THEN {cast_text(f'{spark}({text})', DOUBLE)} ELSE {text} END", DOUBLE)


def _trunc(call: Call) -> Value:
    call.count(1)
    type_ = number(call, 0)
    text = call.arguments[0].text
    if type_ in INTEGERS:
        return call.arguments[0]
    if type_.name == "DECIMAL":
        result = decimal(type_.width, 0)
        return Value(cast_text(f"CASE WHEN {text} < 0 THEN ceil({text}) ELSE floor({text}) END", result), result)
    if type_ == FLOAT:
        raise call.refused("trunc of FLOAT is not known to be the same", "Cast it to DOUBLE.")
    call.rewritten("Spark has no trunc of numbers")
    cut = cast_text(f"CASE WHEN {text} < 0D THEN ceil({text}) ELSE floor({text}) END", DOUBLE)
    return Value(f"CASE WHEN abs({text}) < 9e15D THEN {cut} ELSE {text} END", DOUBLE)


def _sign(call: Call) -> Value:
    call.count(1)
    type_ = number(call, 0)
    if not is_exact(type_):
        raise call.refused(f"sign of {type_} is not known to be the same", "Use a CASE.")
    call.rewritten("Spark's result is a DOUBLE")
    return Value(cast_text(f"sign({call.arguments[0].text})", TINYINT), TINYINT)


def _bounded(spark: str, bad: str, said: str) -> Rule:
    """A function that DuckDB refuses values to, where Spark says NULL or NaN."""

    def rule(call: Call) -> Value:
        call.count(1)
        number(call, 0)
        text = call.to(0, DOUBLE)
        call.rewritten(f"DuckDB stops at {said}, Spark does not")
        stop = f"raise_error('{call.name} of {said}')"
        return Value(f"CASE WHEN {text} {bad} THEN {stop} ELSE {spark.format(text)} END", DOUBLE)

    return rule


def _doubled(spark: str) -> Rule:
    def rule(call: Call) -> Value:
        call.count(1)
        number(call, 0)
        return Value(f"{spark}({call.to(0, DOUBLE)})", DOUBLE)

    return rule


def _extreme(call: Call) -> Value:
    """greatest and least: both pass NULL over."""
    call.count(2, 100)
    type_ = meet(call.node, call.arguments)
    if type_.name in ("LIST", "STRUCT", "MAP", "NULL"):
        raise call.refused(f"{call.name} of {type_} is not known to be the same", "Compare parts of it.")
    return Value(f"{call.name}({', '.join(call.to(index, type_) for index in range(len(call.arguments)))})", type_)


def _nullif(call: Call) -> Value:
    call.count(2)
    one, other = call.arguments
    if one.is_text and not other.is_text:
        raise call.refused("nullif of a text and another type is not known to be the same", "Cast the text.")
    type_ = meet(call.node, call.arguments)
    if type_ != one.type and not is_exact(one.type):
        raise call.refused(f"nullif of {one.type} and {other.type} is not known to be the same", "Cast them.")
    return Value(f"CASE WHEN {call.to(0, type_)} = {call.to(1, type_)} THEN NULL ELSE {one.text} END", one.type)


def _isnan(call: Call) -> Value:
    call.count(1)
    if number(call, 0) != DOUBLE:
        raise call.refused(f"isnan of {call.arguments[0].type} is not known to be the same", "Use it with DOUBLE.")
    text = call.arguments[0].text
    return Value(f"CASE WHEN {text} IS NULL THEN NULL ELSE isnan({text}) END", BOOLEAN)


RULES: dict[str, Rule] = {
    "abs": _abs,
    "@": _abs,
    "round": _round,
    "ceil": _edge,
    "ceiling": _edge,
    "floor": _edge,
    "trunc": _trunc,
    "sign": _sign,
    "sqrt": _bounded("sqrt({})", "< 0D", "a negative number"),
    "ln": _bounded("ln({})", "<= 0D", "zero or a negative number"),
    "log10": _bounded("log10({})", "<= 0D", "zero or a negative number"),
    "log": _bounded("log10({})", "<= 0D", "zero or a negative number"),
    "log2": _bounded("log2({})", "<= 0D", "zero or a negative number"),
    "exp": _doubled("exp"),
    "cbrt": _doubled("cbrt"),
    "degrees": _doubled("degrees"),
    "radians": _doubled("radians"),
    "atan": _doubled("atan"),
    "pi": plain("pi()", DOUBLE),
    "greatest": _extreme,
    "least": _extreme,
    "nullif": _nullif,
    "isnan": _isnan,
}
