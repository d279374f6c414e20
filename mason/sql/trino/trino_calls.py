"""Trino's functions, as DuckDB says them, by their documentation; what that leaves open has no rule."""

from __future__ import annotations

from mason.sql.foreign import aggregates_back, numbers_back, patterns_back, texts_back
from mason.sql.foreign.duck_text import as_type
from mason.sql.foreign.foreign import Aggregate, AggregateRule, Call, Rule
from mason.sql.foreign.rules_back import cast, plain
from mason.sql.sql_types import (
    BIGINT,
    DATE,
    DOUBLE,
    INTEGERS,
    TIMESTAMP,
    VARCHAR,
    decimal,
    is_exact,
)
from mason.sql.translating.translated import Value
from mason.sql.trino.trino_operators import as_decimal, decimals, part_of

_UNITS = ("year", "quarter", "month", "week", "day", "hour", "minute", "second")


def _extreme(call: Call) -> Value:
    """greatest and least, which are NULL where one argument is."""
    call.rewritten("Trino's is NULL where an argument is")
    found = numbers_back.extreme(call)
    known = " AND ".join(f"{each.text} IS NOT NULL" for each in call.arguments)
    return Value(f"CASE WHEN {known} THEN {found.text} END", found.type)


def _nullif(call: Call) -> Value:
    call.count(2)
    if call.arguments[0].type != call.arguments[1].type:
        raise call.unknown(remedy="Cast both to one type.")
    return numbers_back.nulled(call)


def _concat(call: Call) -> Value:
    if any(each.type != VARCHAR for each in call.arguments):
        raise call.unknown(remedy="Cast all to varchar.")
    return texts_back.joined(call)


def _substring(call: Call) -> Value:
    return texts_back.substring(call, from_zero=False, backwards=True)


def _date_trunc(call: Call) -> Value:
    call.count(2)
    unit, value = call.told(0).lower(), call.arguments[1]
    if unit not in _UNITS or value.type not in (DATE, TIMESTAMP) or (value.type == DATE and unit in _UNITS[5:]):
        raise call.refused(f"date_trunc of {value.type} to {unit} has no rule", "Use year, month, week or day.")
    return cast(f"date_trunc('{unit}', {value.text})", value.type)


def _date_add(call: Call) -> Value:
    call.count(3)
    unit, number, value = call.told(0).lower(), call.whole(1), call.arguments[2]
    if unit not in _UNITS[:5] or unit == "quarter" or value.type not in (DATE, TIMESTAMP):
        raise call.refused(f"date_add of {unit} to {value.type} has no rule", "Use year, month, week or day.")
    return cast(f"{value.text} + INTERVAL ({number}) {unit.upper()}", value.type)


def _part(name: str) -> Rule:
    def rule(call: Call) -> Value:
        call.count(1)
        return part_of(call, name, call.arguments[0])

    return rule


def _cardinality(call: Call) -> Value:
    call.count(1)
    if call.arguments[0].type.name != "LIST":
        raise call.unknown(remedy="Use an array.")
    return cast(f"len({call.arguments[0].text})", BIGINT)


FUNCTIONS: dict[str, Rule] = {
    "coalesce": numbers_back.coalesced,
    "nullif": _nullif,
    "greatest": _extreme,
    "least": _extreme,
    "abs": numbers_back.absolute,
    "mod": numbers_back.remainder(decimals, as_decimal, doubles=False),
    "pi": plain("pi()", DOUBLE),
    "concat": _concat,
    "length": texts_back.counted("length({0})", BIGINT),
    "strpos": texts_back.counted("instr({0}, {1})", BIGINT),
    "substr": _substring,
    "substring": _substring,
    "replace": texts_back.replaced,
    "reverse": plain("reverse({0})", VARCHAR, VARCHAR),
    "starts_with": texts_back.within("starts_with({0}, {1})"),
    "lower": texts_back.in_ascii,
    "upper": texts_back.in_ascii,
    "regexp_like": patterns_back.matches(patterns_back.JAVA),
    "date_trunc": _date_trunc,
    "date_add": _date_add,
    **{name: _part(name) for name in ("year", "quarter", "month", "week", "day", "hour", "minute", "second")},
    **{name: _part(name) for name in ("day_of_week", "dow", "day_of_year", "doy")},
    "cardinality": _cardinality,
}

REMEDIES = {
    "arbitrary": "Use min or max.",
    "any_value": "Use min or max.",
    "approx_percentile": "Order the values in a window.",
    "array_agg": "Write array_agg(x ORDER BY y).",
}
"""What to write instead of functions without a rule."""


def _sum(of: Aggregate) -> Value:
    of.plain(distinct=True)
    of.call.count(1)
    type_ = of.call.arguments[0].type
    if type_ in INTEGERS:
        return aggregates_back.whole_sum(of, BIGINT)
    if type_.name == "DECIMAL":
        return aggregates_back.whole_sum(of, decimal(38, type_.scale))
    if type_ == DOUBLE:
        return Value(of.over(f"sum({of.word}{of.call.arguments[0].text})"), DOUBLE)
    raise of.call.unknown(type_, remedy="Cast it to double.")


def _avg(of: Aggregate) -> Value:
    of.plain(distinct=True)
    of.call.count(1)
    value = of.call.arguments[0]
    if value.type.name == "DECIMAL":
        raise of.call.refused("how an average of decimals is rounded is not said", "Cast it to double.")
    if value.type not in (*INTEGERS, DOUBLE):
        raise of.call.unknown(value.type, remedy="Cast it to double.")
    return Value(of.over(f"avg({of.word}{as_type(value, DOUBLE)})"), DOUBLE)


def _spread(template: str) -> AggregateRule:
    def rule(of: Aggregate) -> Value:
        if any(is_exact(each.type) and each.type not in INTEGERS for each in of.call.arguments):
            raise of.call.unknown(remedy="Cast it to double.")
        return aggregates_back.doubled(template)(of)

    return rule


AGGREGATES: dict[str, AggregateRule] = {
    "count": aggregates_back.count(),
    "sum": _sum,
    "avg": _avg,
    "min": aggregates_back.extreme,
    "max": aggregates_back.extreme,
    **dict.fromkeys(("bool_and", "every"), aggregates_back.truth("bool_and")),
    "bool_or": aggregates_back.truth("bool_or"),
    "count_if": aggregates_back.count_if,
    **dict.fromkeys(("stddev", "stddev_samp"), _spread("stddev_samp({0})")),
    "stddev_pop": _spread("stddev_pop({0})"),
    **dict.fromkeys(("variance", "var_samp"), _spread("var_samp({0})")),
    "var_pop": _spread("var_pop({0})"),
    "array_agg": aggregates_back.listed,
    "listagg": aggregates_back.joined(),
}
