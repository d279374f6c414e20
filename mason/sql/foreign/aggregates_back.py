"""Aggregates: which types they answer with, what they do with NULL and with no row."""

from __future__ import annotations

from mason.sql.foreign.duck_text import DUCK, as_type
from mason.sql.foreign.foreign import Aggregate, AggregateRule, Call
from mason.sql.foreign.rules_back import cast
from mason.sql.sql_types import BIGINT, BOOLEAN, DOUBLE, NULL, VARCHAR, SqlType, is_number, list_of
from mason.sql.translating.translated import Value

_UNORDERED = ("LIST", "STRUCT", "MAP", "INTERVAL", "BLOB", "NULL")


def count(*, most: int = 1) -> AggregateRule:
    """count of rows, of values, or of DISTINCT values; of several, up to ``most``, rows in which none is NULL."""

    def rule(of: Aggregate) -> Value:
        of.plain(distinct=True)
        call = of.call
        call.count(1, most)
        texts = [each.text for each in call.arguments]
        if texts == ["*"]:
            return Value(of.over("count(*)"), BIGINT)
        for each in call.arguments:
            if of.distinct and each.type.name in ("MAP", "STRUCT", "INTERVAL"):
                raise call.unknown(each.type, remedy="Count parts of it.")
            if of.distinct:
                call.written.check_compared(call.part, each.type, ordered=False)
        if len(texts) == 1:
            return Value(of.over(f"count({of.word}{texts[0]})"), BIGINT)
        call.rewritten("DuckDB counts one value")
        known = " AND ".join(f"{text} IS NOT NULL" for text in texts)
        return Value(of.over(f"count({of.word}CASE WHEN {known} THEN row({', '.join(texts)}) END)"), BIGINT)

    return rule


def count_if(of: Aggregate) -> Value:
    """count of rows in which a condition holds."""
    of.plain()
    of.call.count(1)
    condition = of.call.arguments[0]
    if condition.type not in (BOOLEAN, NULL):
        raise of.call.unknown(remedy="Write a comparison.")
    return Value(of.over(f"count(CASE WHEN {condition.text} THEN 1 END)"), BIGINT)


def grouping(result: SqlType) -> AggregateRule:
    """Whether a row is of all values of a column, as a number of the engine's type."""

    def rule(of: Aggregate) -> Value:
        of.plain()
        of.call.count(1)
        return cast(f"grouping({of.call.arguments[0].text})", result)

    return rule


def extreme(of: Aggregate) -> Value:
    """min and max."""
    of.plain(distinct=True)
    call = of.call
    call.count(1)
    type_ = call.arguments[0].type
    if type_.name in _UNORDERED or (type_ == BOOLEAN and not call.written.boolean_extremes):
        raise call.unknown(type_, remedy="Use parts of it, or bool_and.")
    call.written.check_compared(call.part, type_, ordered=True)
    return Value(of.over(f"{call.name}({call.arguments[0].text})"), type_)


def truth(word: str) -> AggregateRule:
    """bool_and, bool_or and their other names."""

    def rule(of: Aggregate) -> Value:
        of.plain()
        of.call.count(1)
        if of.call.arguments[0].type != BOOLEAN:
            raise of.call.unknown(remedy="Write a comparison.")
        return Value(of.over(f"{word}({of.call.arguments[0].text})"), BOOLEAN)

    return rule


def doubled(template: str, count_of: int = 1) -> AggregateRule:
    """An aggregate of DOUBLEs with a DOUBLE as result."""

    def rule(of: Aggregate) -> Value:
        of.plain()
        call = of.call
        call.count(count_of)
        if not all(is_number(each.type) for each in call.arguments):
            raise call.unknown(remedy="Cast to DOUBLE.")
        return Value(of.over(template.format(*(as_type(each, DOUBLE) for each in call.arguments))), DOUBLE)

    return rule


def fraction(call: Call, index: int) -> str:
    """The number from 0 to 1 that was written as an argument, for :func:`quantile`; refuses all else."""
    value = call.arguments[index]
    try:
        number = float(str(value.constant)) if value.is_constant else -1.0
    except ValueError:
        number = -1.0
    if not 0 <= number <= 1:
        raise call.refused(f"{call.name} takes a fraction that is written out", "Write one from 0 to 1.")
    return repr(number)


def quantile(of: Aggregate, value: Value, fraction: str, template: str, result: SqlType = DOUBLE) -> Value:
    """A quantile of numbers, at a fraction that was written."""
    if of.distinct or of.in_window or not is_number(value.type):
        raise of.call.unknown(value.type, remedy="Cast it to DOUBLE.")
    given = as_type(value, DOUBLE) if result == DOUBLE else value.text
    return Value(of.over(template.format(given, fraction)), result)


def by_order(of: Aggregate) -> tuple[Value, Value]:
    """The value and the order of max_by and its like."""
    of.plain()
    call = of.call
    call.count(2)
    one, other = call.arguments
    if other.type.name in _UNORDERED or of.in_window or one.type == NULL:
        raise call.unknown(remedy="Use numbers, texts or dates.")
    call.written.check_compared(call.part, other.type, ordered=True)
    call.noted(f"of rows with an equal order, {call.name} takes any")
    return one, other


def joined(*, least: int = 2) -> AggregateRule:
    """Texts put together in an order that was said, NULL left out; nothing is between them where ``least`` is 1 and the
    mark is left out."""

    def rule(of: Aggregate) -> Value:
        call = of.call
        call.count(least, 2)
        mark = DUCK.text(call.told(1) if len(call.arguments) == 2 else "")
        value = call.arguments[0]
        if value.type != VARCHAR:
            raise call.unknown(value.type, remedy="Cast it to a text.")
        in_order(of, value.text)
        return Value(of.over(f"string_agg({value.text}, {mark} ORDER BY {_keys(of)})"), VARCHAR)

    return rule


def listed(of: Aggregate) -> Value:
    """Values in a list, in an order that was said."""
    of.call.count(1)
    value = of.call.arguments[0]
    if value.type.name in ("LIST", "NULL"):
        raise of.call.unknown(value.type)
    in_order(of, value.text)
    text = of.over(f"list({value.text} ORDER BY {_keys(of)})")
    return Value(text, list_of(of.call.written.answered(value.type)))


def _keys(of: Aggregate) -> str:
    return ", ".join(key for _, key in of.orders)


def in_order(of: Aggregate, text: str) -> None:
    """Refuse a list or text of many values, ``text``, without a certain order."""
    if not of.orders:
        raise of.call.refused(f"{of.call.name} without ORDER BY is in no certain order", "Say the order.")
    if of.distinct or of.in_window:
        raise of.call.refused(f"{of.call.name} so is not known to be the same", "Use it without DISTINCT and OVER.")
    if any(value.text != text for value, _ in of.orders):
        of.call.noted(f"of rows with an equal order, {of.call.name} takes any first")


def whole_sum(of: Aggregate, result: SqlType) -> Value:
    """A sum of whole numbers, held to the type ``result``."""
    return cast(of.over(f"sum({of.word}{of.call.arguments[0].text})"), result)
