"""Functions of numbers: which have the type of what they are given, and what becomes of values that have no result.

A rule that is made here checks what it is given; the dialect says its text.
"""

from __future__ import annotations

from mason.sql.sql_types import BOOLEAN, DOUBLE, FLOAT, INTEGERS, TINYINT, decimal, is_exact
from mason.sql.translating.arithmetic import computed
from mason.sql.translating.meeting import meet, number
from mason.sql.translating.rules import Call, Rule
from mason.sql.translating.translated import Value


def _abs(call: Call) -> Value:
    call.count(1)
    type_ = computed(call, number(call, 0))
    return Value(call.cast(f"abs({call.arguments[0].text})", type_), type_)


def rounded(whole: str, why: str) -> Rule:
    """round; ``whole`` rounds a DOUBLE to a whole one, halves away from zero, and ``why`` says why that looks so."""

    def rule(call: Call) -> Value:
        call.count(1, 2)
        type_ = number(call, 0)
        text = call.arguments[0].text
        digits = call.whole(1) if len(call.arguments) == 2 else 0
        if type_ in INTEGERS and digits >= 0:
            return call.arguments[0]
        if type_.name == "DECIMAL" and digits >= 0:
            digits = min(digits, type_.scale)
            result = decimal(type_.width, digits)
            return Value(call.cast(call.dialect.rounded_decimal(text, type_, digits), result), result)
        if type_ == DOUBLE and 0 <= digits <= 15:
            if digits == 0:
                return Value(whole.format(text), DOUBLE)
            call.rewritten(why)
            # Above that every DOUBLE is whole, infinite or NaN.
            unit = call.dialect.power_of_ten(digits)
            scaled, most = f"{text} * {unit}", call.dialect.power_of_ten(15, 9)
            body = f"{whole.format(scaled)} / {unit}"
            return Value(f"CASE WHEN abs({scaled}) < {most} THEN {body} ELSE {text} END", DOUBLE)
        raise call.refused(f"round of {type_} to {digits} digits is not known to be the same", "Cast it to a DECIMAL.")

    return rule


def edge(of_double: str, why: str = "") -> Rule:
    """ceil and floor; ``of_double`` is that of a DOUBLE, where it is not the function itself."""

    def rule(call: Call) -> Value:
        call.count(1)
        type_ = number(call, 0)
        name = "floor" if call.name == "floor" else "ceil"
        text = call.arguments[0].text
        if type_ in INTEGERS:
            return Value(call.cast(text, DOUBLE), DOUBLE)
        if type_.name == "DECIMAL":
            result = decimal(type_.width, 0)
            return Value(call.cast(f"{name}({text})", result), result)
        if type_ == FLOAT:
            raise call.refused(f"{call.name} of FLOAT is not known to be the same", "Cast it to DOUBLE.")
        if why:
            call.rewritten(why)
        return Value(of_double.format(text, name=name), DOUBLE)

    return rule


def cut(of_double: str, why: str = "") -> Rule:
    """trunc of numbers; ``of_double`` is that of a DOUBLE."""

    def rule(call: Call) -> Value:
        call.count(1)
        type_ = number(call, 0)
        text = call.arguments[0].text
        if type_ in INTEGERS:
            return call.arguments[0]
        if type_.name == "DECIMAL":
            result = decimal(type_.width, 0)
            return Value(call.cast(f"CASE WHEN {text} < 0 THEN ceil({text}) ELSE floor({text}) END", result), result)
        if type_ == FLOAT:
            raise call.refused("trunc of FLOAT is not known to be the same", "Cast it to DOUBLE.")
        if why:
            call.rewritten(why)
        return Value(of_double.format(text), DOUBLE)

    return rule


def _sign(call: Call) -> Value:
    call.count(1)
    type_ = number(call, 0)
    if not is_exact(type_):
        raise call.refused(f"sign of {type_} is not known to be the same", "Use a CASE.")
    call.rewritten(f"{call.dialect.engine}'s result is a DOUBLE")
    return Value(call.cast(f"sign({call.arguments[0].text})", TINYINT), TINYINT)


def bounded(template: str, bad: str, said: str) -> Rule:
    """A function that DuckDB refuses values to, where the engine says NULL or NaN."""

    def rule(call: Call) -> Value:
        call.count(1)
        number(call, 0)
        text = call.to(0, DOUBLE)
        call.rewritten(f"DuckDB stops at {said}, {call.dialect.engine} does not")
        stop = call.dialect.stop(f"{call.name} of {said}", text, DOUBLE)
        return Value(f"CASE WHEN {text} {bad} THEN {stop} ELSE {template.format(text)} END", DOUBLE)

    return rule


def doubled(template: str) -> Rule:
    """A function of a DOUBLE with a DOUBLE as result."""

    def rule(call: Call) -> Value:
        call.count(1)
        number(call, 0)
        if call.dialect.double_note:
            call.noted(call.dialect.double_note)
        return Value(template.format(call.to(0, DOUBLE)), DOUBLE)

    return rule


def extreme(call: Call) -> Value:
    """greatest and least: both pass NULL over."""
    call.count(2, 100)
    type_ = meet(call.node, call.arguments)
    if type_.name in ("LIST", "STRUCT", "MAP", "NULL"):
        raise call.refused(f"{call.name} of {type_} is not known to be the same", "Compare parts of it.")
    values = [call.work.cast(call.node, each, type_) for each in call.arguments]
    return Value(f"{call.name}({', '.join(map(call.dialect.sorted, values))})", type_)


def _nullif(call: Call) -> Value:
    call.count(2)
    one, other = call.arguments
    if one.is_text and not other.is_text:
        raise call.refused("nullif of a text and another type is not known to be the same", "Cast the text.")
    type_ = meet(call.node, call.arguments)
    if type_ != one.type and not is_exact(one.type):
        raise call.refused(f"nullif of {one.type} and {other.type} is not known to be the same", "Cast them.")
    return Value(f"CASE WHEN {call.to(0, type_)} = {call.to(1, type_)} THEN NULL ELSE {one.text} END", one.type)


def isnan(template: str) -> Rule:
    """isnan of a DOUBLE."""

    def rule(call: Call) -> Value:
        call.count(1)
        if number(call, 0) != DOUBLE:
            raise call.refused(f"isnan of {call.arguments[0].type} is not known to be the same", "Use it with DOUBLE.")
        text = call.arguments[0].text
        return Value(f"CASE WHEN {text} IS NULL THEN NULL ELSE {template.format(text)} END", BOOLEAN)

    return rule


RULES: dict[str, Rule] = {"abs": _abs, "@": _abs, "sign": _sign, "nullif": _nullif}
"""The functions that are written alike everywhere."""
