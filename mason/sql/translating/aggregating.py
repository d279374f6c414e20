"""Aggregates: of which type their results are, and what they make of NULL, of no rows and of an order.

Each rule makes calls with ``over``, which puts FILTER or OVER behind every one of them.
"""

from __future__ import annotations

from mason.sql.sql_types import (
    BIGINT,
    BOOLEAN,
    DATE,
    DOUBLE,
    FLOAT,
    HUGEINT,
    INTEGERS,
    TIMESTAMP,
    VARCHAR,
    decimal,
    is_number,
)
from mason.sql.translating.meeting import number
from mason.sql.translating.rules import WIDE, Aggregate, AggregateRule, Call
from mason.sql.translating.translated import Value

ORDERED = (BOOLEAN, VARCHAR, DATE, TIMESTAMP)
"""The types beside numbers that have the same order everywhere."""


def _count(of: Aggregate) -> Value:
    of.plain(distinct=True)
    call = of.call
    if not call.arguments:
        return Value(of.over("count(*)"), BIGINT)
    call.count(1)
    if of.distinct:
        check_compared(call)
        _told(call)
    return Value(of.over(f"count({of.word}{call.arguments[0].text})"), BIGINT)


def _told(call: Call) -> None:
    if said := call.dialect.compared_note(call.arguments[0].type):
        call.noted(said)


def estimate(template: str) -> AggregateRule:
    """approx_count_distinct, which is ``template`` of its values."""

    def rule(of: Aggregate) -> Value:
        of.plain()
        call = of.call
        call.count(1)
        check_compared(call)
        call.noted(f"{call.name} is an estimate, another one on each engine")
        return Value(of.over(template.format(call.arguments[0].text)), BIGINT)

    return rule


def check_compared(call: Call) -> None:
    """Refuse maps, also within: for some engines two maps are the same in whatever order their keys are."""
    waiting = [call.arguments[0].type]
    while waiting:
        each = waiting.pop()
        if each.name == "MAP":
            raise call.refused("comparing maps is not known to be the same", "Compare parts of it.")
        waiting.extend(inner for _, inner in each.fields)


def _sum(of: Aggregate) -> Value:
    of.plain(distinct=True)
    call, total = of.call, of.call.dialect.total
    call.count(1)
    given = call.arguments[0].type
    text = call.arguments[0].text
    if given == BOOLEAN:
        raise call.refused("sum of BOOLEAN is not known to be the same", "Use count_if.")
    number(call, 0)
    if given == DOUBLE:
        _rounded(call)
        return Value(of.over(f"sum({of.word}{text})"), DOUBLE)
    if given in INTEGERS and given != HUGEINT:
        call.rewritten(f"DuckDB's sum of integers is a HUGEINT, {call.dialect.engine}'s a BIGINT that overflows")
        return Value(total(call.dialect.whole_total(of, text, given), HUGEINT), HUGEINT)
    if given.name == "DECIMAL" and given.width <= 28:
        result = decimal(38, given.scale)
        call.rewritten("DuckDB's sum has 38 digits")
        return Value(total(of.over(f"sum({of.word}{call.cast(text, decimal(28, given.scale))})"), result), result)
    if given.name == "DECIMAL" or given == HUGEINT:
        result = HUGEINT if given == HUGEINT else decimal(38, given.scale)
        call.noted(WIDE)
        return Value(call.cast(of.over(f"sum({of.word}{text})"), result), result)
    raise call.refused(f"sum of {given} is not known to be the same", "Cast it to DOUBLE.")


def _spreads(call: Call) -> None:
    _rounded(call)
    call.noted(f"{call.name} of what is infinite or NaN stops in DuckDB, and may be NaN elsewhere")


def _rounded(call: Call) -> None:
    call.noted(f"{call.name} of DOUBLE rounds in the order of the rows, which no engine promises")
    if call.dialect.double_note:
        call.noted(call.dialect.double_note)


def _avg(of: Aggregate) -> Value:
    of.plain(distinct=True)
    call = of.call
    call.count(1)
    given = number(call, 0)
    text = call.arguments[0].text
    if given == DOUBLE:
        _rounded(call)
        return Value(of.over(f"avg({of.word}{text})"), DOUBLE)
    if given == FLOAT or (given.name == "DECIMAL" and given.width > 28):
        raise call.refused(f"avg of {given} is not known to be the same", "Cast it to DOUBLE.")
    call.rewritten("DuckDB adds whole numbers and decimals without rounding, and divides as DOUBLE")
    if given == HUGEINT:
        call.noted(WIDE)
    if given in INTEGERS and given != HUGEINT:
        exact = call.dialect.whole_total(of, text, given)
    else:
        wide = text if given == HUGEINT else call.cast(text, decimal(28, given.scale))
        exact = of.over(f"sum({of.word}{wide})")
    total = call.cast(exact, DOUBLE)
    zero = call.dialect.integer(0, BIGINT)
    return Value(f"({total} / nullif({of.over(f'count({of.word}{text})')}, {zero}))", DOUBLE)


def _extreme(of: Aggregate) -> Value:
    of.plain(distinct=not of.in_window)
    call = of.call
    call.count(1)
    given = call.arguments[0].type
    if not is_number(given) and given not in (*ORDERED, *call.dialect.more_ordered):
        raise call.refused(
            f"{call.name} of {given} is not known to be the same", "Use it with numbers, texts or dates."
        )
    _told(call)
    name = call.name
    if given == BOOLEAN and not call.dialect.boolean_extremes:
        name = "bool_and" if name == "min" else "bool_or"
    return Value(of.over(f"{name}({call.dialect.sorted(call.arguments[0])})"), given)


def _truth(of: Aggregate) -> Value:
    of.plain(distinct=not of.in_window)
    of.call.count(1)
    return Value(of.over(f"{of.call.name}({of.call.to(0, BOOLEAN)})"), BOOLEAN)


def _spread(of: Aggregate) -> Value:
    """Deviations and variances."""
    of.plain()
    call = of.call
    call.count(1)
    number(call, 0)
    _spreads(call)
    name = {"stddev": "stddev_samp", "variance": "var_samp"}.get(call.name, call.name)
    return Value(of.over(f"{name}({call.to(0, DOUBLE)})"), DOUBLE)


def pair(of: Aggregate) -> Value:
    """Aggregates of two numbers that go by the same name everywhere: covar_pop, covar_samp."""
    of.plain()
    call = of.call
    call.count(2)
    for index in range(2):
        number(call, index)
    _spreads(call)
    return Value(of.over(f"{call.name}({call.to(0, DOUBLE)}, {call.to(1, DOUBLE)})"), DOUBLE)


def count_if(template: str) -> AggregateRule:
    """count_if, which is ``template`` of its condition."""

    def rule(of: Aggregate) -> Value:
        of.plain()
        of.call.count(1)
        of.call.rewritten("DuckDB's count_if is a HUGEINT")
        return Value(of.call.cast(of.over(template.format(of.call.to(0, BOOLEAN))), HUGEINT), HUGEINT)

    return rule


def quantile(template: str, why: str) -> AggregateRule:
    """median and quantile_cont, which are ``template`` of the numbers and of the fraction."""

    def rule(of: Aggregate) -> Value:
        of.plain()
        call = of.call
        where: object = 0.5
        if call.name == "median":
            call.count(1)
        else:
            call.count(2)
            where = call.arguments[1].constant
            if not call.arguments[1].is_constant or isinstance(where, str | bool | None) or not 0 <= where <= 1:
                raise call.refused("a quantile of a computed fraction is not known to be the same", "Write it.")
        given = number(call, 0)
        if given.name == "DECIMAL" or given in (FLOAT, HUGEINT) or of.in_window:
            raise call.refused(f"{call.name} of {given} is not known to be the same", "Cast it to DOUBLE.")
        call.rewritten(why)
        fraction = call.dialect.fraction(float(str(where)))
        return Value(of.over(template.format(call.to(0, DOUBLE), fraction)), DOUBLE)

    return rule


def by_order(of: Aggregate) -> tuple[Value, Value]:
    """The value and the order of arg_max and its like; refuses those whose order is not known."""
    of.plain()
    call = of.call
    call.count(2)
    one, other = call.arguments
    if other.type not in ORDERED and not is_number(other.type):
        raise call.refused(f"{call.name} by {other.type} is not known to be the same", "Use numbers, texts or dates.")
    if of.in_window:
        raise call.refused(f"{call.name} in a window is not known to be the same", "Use first_value.")
    call.noted(f"of rows with an equal order, {call.name} takes any")
    return one, other


def gathered(of: Aggregate, text: str) -> None:
    """Refuse a list or a text of many values, ``text``, that is in no certain order."""
    call = of.call
    if of.distinct or of.in_window:
        raise call.refused(f"{call.name} so is not known to be the same", "Use it without DISTINCT and OVER.")
    if not of.orders:
        raise call.refused(
            f"{call.name} without ORDER BY is in no certain order in {call.dialect.engine}",
            f"Write {call.name}(... ORDER BY ...).",
        )
    if not all(each.type in ORDERED or is_number(each.type) for each, _, _ in of.orders):
        raise call.refused("such an order is not known to be the same", "Order by numbers, texts or dates.")
    if any(each.text != text for each, _, _ in of.orders):
        call.noted(f"of rows with an equal order, {call.name} takes any first")


def keys(of: Aggregate) -> str:
    """The ORDER BY within an aggregate's parentheses."""
    said = [
        f"{of.call.dialect.sorted(each)} {'DESC' if down else 'ASC'} NULLS {'FIRST' if first else 'LAST'}"
        for each, down, first in of.orders
    ]
    return f"ORDER BY {', '.join(said)}"


def texts(of: Aggregate) -> str:
    """What string_agg puts between the texts that it joins; refuses what is no text."""
    call = of.call
    call.count(1, 2)
    mark = call.dialect.text(call.told(1)) if len(call.arguments) == 2 else "','"
    given = call.arguments[0].type
    if given != VARCHAR:
        raise call.refused(f"{call.name} of {given} is not known to be the same", "Cast it to VARCHAR.")
    return mark


MAX_BY = ("arg_max", "max_by", "arg_min", "min_by")
LISTS = ("list", "array_agg")
TEXTS = ("string_agg", "group_concat", "listagg")

RULES: dict[str, AggregateRule] = {
    "count_star": _count,
    "count": _count,
    "sum": _sum,
    "avg": _avg,
    "mean": _avg,
    "min": _extreme,
    "max": _extreme,
    "bool_and": _truth,
    "bool_or": _truth,
    **dict.fromkeys(("stddev", "stddev_samp", "stddev_pop", "variance", "var_samp", "var_pop"), _spread),
}
