"""PostgreSQL's functions, as DuckDB says them, and what to write instead of those that have no rule."""

from __future__ import annotations

from mason.sql.foreign import aggregates_back, numbers_back, patterns_back, texts_back, times_back
from mason.sql.foreign.duck_text import DUCK, as_type
from mason.sql.foreign.foreign import Aggregate, AggregateRule, Call, Rule
from mason.sql.foreign.rules_back import cast, meet, plain
from mason.sql.postgres.postgres_operators import as_decimal, decimals
from mason.sql.sql_types import (
    BIGINT,
    BOOLEAN,
    DATE,
    DOUBLE,
    FLOAT,
    INTEGER,
    INTEGERS,
    TIMESTAMP,
    VARCHAR,
    decimal,
    is_exact,
)
from mason.sql.translating.translated import Value

_FORMATS = {"YYYY": "%Y", "YY": "%y", "MM": "%m", "DD": "%d", "HH24": "%H", "MI": "%M", "SS": "%S", "DDD": "%j"}
_FORMATS |= {"FMDay": "%A", "FMMonth": "%B", "Dy": "%a", "Mon": "%b", "HH12": "%I", "US": "%f"}


def _round(call: Call) -> Value:
    call.count(1, 2)
    type_ = call.number(0)
    text = call.arguments[0].text
    digits = call.whole(1) if len(call.arguments) == 2 else 0
    if type_ == DOUBLE and len(call.arguments) == 1:
        call.rewritten("PostgreSQL rounds to the even neighbour")
        return Value(f"round_even({text}, 0)", DOUBLE)
    if type_.name == "DECIMAL" and 0 <= digits <= 30:
        kept = min(digits, type_.scale)
        rounded = DUCK.cast(f"round({text}, {kept})", decimal(min(38, type_.width - type_.scale + kept + 1), kept))
        return Value(rounded, decimal(min(38, type_.width - type_.scale + kept + 1), kept))
    raise call.refused(f"round of {type_} to {digits} digits is not known to be the same", "Cast it to numeric(20,6).")


def _edge(call: Call) -> Value:
    call.count(1)
    type_ = call.number(0)
    name = {"ceiling": "ceil"}.get(call.name, call.name)
    text = call.arguments[0].text
    if type_ in INTEGERS or type_ == DOUBLE:
        return Value(f"{name}({as_type(call.arguments[0], DOUBLE)})", DOUBLE)
    if type_.name == "DECIMAL":
        return cast(f"{name}({text})", decimal(min(type_.width - type_.scale + 1, 38), 0))
    raise call.unknown(type_)


def _doubled(template: str) -> Rule:
    """A function of double precision; of a numeric it has other digits there."""

    def rule(call: Call) -> Value:
        if any(each.type.name == "DECIMAL" or each.type == FLOAT for each in call.arguments):
            raise call.unknown(remedy="Cast it to double precision.")
        return numbers_back.doubled(template)(call)

    return rule


def _concat(call: Call) -> Value:
    if any(each.type == BOOLEAN for each in call.arguments):
        raise call.unknown(BOOLEAN, remedy="Cast it to text.")
    return texts_back.with_mark(call) if call.name == "concat_ws" else texts_back.passing_null_over(call)


def _substring(call: Call) -> Value:
    return texts_back.substring(call, from_zero=False, backwards=False)


def _date_trunc(call: Call) -> Value:
    call.count(2)
    unit = call.told(0).lower()
    if unit not in ("year", "quarter", "month", "week", "day", "hour", "minute", "second"):
        raise call.refused(f"date_trunc to {unit} has no rule", "Use year, month, week, day or hour.")
    if call.arguments[1].type != TIMESTAMP:
        raise call.unknown(call.arguments[1].type, remedy="Cast it to timestamp: a date takes the session's zone.")
    return Value(f"date_trunc('{unit}', {call.arguments[1].text})", TIMESTAMP)


def _date_part(call: Call) -> Value:
    call.count(2)
    unit = call.told(0).lower()
    value = call.arguments[1]
    known = ("year", "month", "day", "quarter", "week", "dow", "isodow", "doy", "hour", "minute")
    if unit not in known or value.type not in (DATE, TIMESTAMP) or (unit in known[-2:] and value.type == DATE):
        raise call.refused(f"date_part of {unit} and {value.type} has no rule", "Use extract.")
    return cast(f"date_part('{unit}', {value.text})", DOUBLE)


def _to_char(call: Call) -> Value:
    call.count(2)
    if call.arguments[0].type not in (DATE, TIMESTAMP):
        raise call.unknown(call.arguments[0].type, remedy="Use a date or a timestamp.")
    return times_back.formatted(_FORMATS, '"')(call)


def _make_date(call: Call) -> Value:
    call.count(3)
    texts = [DUCK.cast(call.to(index, INTEGER), BIGINT) for index in range(3)]
    year = call.arguments[0]
    if not (year.is_constant and isinstance(year.constant, int) and year.constant > 0):
        raise call.refused("make_date of a computed year is not known to be the same", "Write the year.")
    return Value(f"make_date({', '.join(texts)})", DATE)


def _replaced(call: Call) -> Value:
    call.count(3, 4)
    flags = call.told(3) if len(call.arguments) == 4 else ""
    if flags not in ("", "g"):
        raise call.refused(f"the flags {flags!r} are not known to be the same", "Use g, or none.")
    pattern = patterns_back.checked(call, call.told(1), patterns_back.POSIX, groups=not flags)
    text = call.told(2)
    if "\\" in text or "&" in text:
        raise call.refused("such a replacement is not known to be the same", "Use letters.")
    more = ", 'g'" if flags else ""
    return Value(f"regexp_replace({call.to(0, VARCHAR)}, {DUCK.text(pattern)}, {DUCK.text(text)}{more})", VARCHAR)


def _nullif(call: Call) -> Value:
    call.count(2)
    # The result is of the type in which both are compared.
    one, both = call.arguments[0].type, meet(call, call.arguments)
    if one != both and not one.name == both.name == "DECIMAL":
        raise call.unknown(remedy="Cast both to one type.")
    return numbers_back.nulled(call)


def _length_of(call: Call) -> Value:
    call.count(2)
    if call.arguments[0].type.name != "LIST" or call.whole(1) != 1:
        raise call.unknown(remedy="Use cardinality.")
    call.rewritten("PostgreSQL's answer for an empty array is NULL")
    return cast(f"nullif(len({call.arguments[0].text}), 0)", INTEGER)


def _cardinality(call: Call) -> Value:
    call.count(1)
    if call.arguments[0].type.name != "LIST":
        raise call.unknown(remedy="Use an array.")
    return cast(f"len({call.arguments[0].text})", INTEGER)


def _sign(call: Call) -> Value:
    call.count(1)
    type_ = call.number(0)
    if type_ in INTEGERS:
        return cast(f"sign({call.arguments[0].text})", DOUBLE)
    raise call.unknown(type_, remedy="Use a CASE.")


FUNCTIONS: dict[str, Rule] = {
    "coalesce": numbers_back.coalesced,
    "nullif": _nullif,
    "greatest": numbers_back.extreme,
    "least": numbers_back.extreme,
    "abs": numbers_back.absolute,
    "mod": numbers_back.remainder(decimals, as_decimal, doubles=False),
    "round": _round,
    "ceil": _edge,
    "ceiling": _edge,
    "floor": _edge,
    "trunc": _edge,
    "sign": _sign,
    **{name: _doubled(f"{name}({{0}})") for name in ("sqrt", "ln", "exp", "cbrt", "degrees", "radians", "atan")},
    "log": _doubled("log10({0})"),
    "log10": _doubled("log10({0})"),
    "power": _doubled("pow({0}, {1})"),
    "pi": plain("pi()", DOUBLE),
    "concat": _concat,
    "concat_ws": _concat,
    **dict.fromkeys(("length", "char_length", "character_length"), texts_back.counted("length({0})", INTEGER)),
    "octet_length": texts_back.counted("strlen({0})", INTEGER),
    "upper": texts_back.in_ascii,
    "lower": texts_back.in_ascii,
    "trim": texts_back.trimmed("trim"),
    "btrim": texts_back.trimmed("trim"),
    "ltrim": texts_back.trimmed("ltrim"),
    "rtrim": texts_back.trimmed("rtrim"),
    "substr": _substring,
    "substring": _substring,
    "left": texts_back.side(negative_is_empty=False),
    "right": texts_back.side(negative_is_empty=False),
    "lpad": texts_back.padded,
    "rpad": texts_back.padded,
    "repeat": texts_back.repeated,
    "replace": texts_back.replaced,
    "reverse": plain("reverse({0})", VARCHAR, VARCHAR),
    "split_part": texts_back.piece,
    "strpos": texts_back.counted("instr({0}, {1})", INTEGER),
    "starts_with": texts_back.within("starts_with({0}, {1})"),
    "md5": plain("md5({0})", VARCHAR, VARCHAR),
    "regexp_replace": _replaced,
    "regexp_like": patterns_back.matches(patterns_back.POSIX),
    "date_trunc": _date_trunc,
    "date_part": _date_part,
    "to_char": _to_char,
    "make_date": _make_date,
    "array_length": _length_of,
    "cardinality": _cardinality,
}

REMEDIES = {
    "age": "Take the difference of dates.",
    "to_date": "Write texts as 2024-01-31, and cast them.",
    "to_timestamp": "Write texts as 2024-01-31 10:00:00, and cast them.",
    "mode": "Count the values in a subquery.",
    "initcap": "Use upper and substring.",
}
"""What to write instead of functions without a rule."""


def _sum(of: Aggregate) -> Value:
    of.plain(distinct=True)
    of.call.count(1)
    type_ = of.call.arguments[0].type
    if type_ in INTEGERS:
        return aggregates_back.whole_sum(of, decimal(38, 0) if type_ == BIGINT else BIGINT)
    if type_.name == "DECIMAL":
        return aggregates_back.whole_sum(of, decimal(38, type_.scale))
    if type_ == DOUBLE:
        return Value(of.over(f"sum({of.word}{of.call.arguments[0].text})"), DOUBLE)
    raise of.call.unknown(type_, remedy="Cast it to double precision.")


def _of_doubles(template: str, count: int = 1) -> AggregateRule:
    """An aggregate that is a double precision of such, and a numeric of numbers with as many digits as it has."""

    def rule(of: Aggregate) -> Value:
        if any(is_exact(each.type) for each in of.call.arguments):
            raise of.call.refused(
                f"the digits of {of.call.name} of whole numbers and numerics depend on its value",
                f"Write {of.call.name}(CAST(x AS double precision)).",
            )
        return aggregates_back.doubled(template, count)(of)

    return rule


def _avg(of: Aggregate) -> Value:
    of.plain(distinct=True)
    if of.call.arguments and of.call.arguments[0].type == DOUBLE:
        return Value(of.over(f"avg({of.word}{of.call.arguments[0].text})"), DOUBLE)
    return _of_doubles("avg({0})")(of)


def _percentile(of: Aggregate) -> Value:
    """percentile_cont and percentile_disc of numbers."""
    of.call.count(1)
    fraction = aggregates_back.fraction(of.call, 0)
    if len(of.orders) != 1 or "DESC" in of.orders[0][1]:
        raise of.call.refused(f"{of.call.name} takes one ascending order", "Write WITHIN GROUP (ORDER BY x).")
    value = of.orders[0][0]
    if of.call.name == "percentile_disc":
        return aggregates_back.quantile(of, value, fraction, "quantile_disc({0}, {1})", value.type)
    return aggregates_back.quantile(of, value, fraction, "quantile_cont({0}, {1})")


AGGREGATES: dict[str, AggregateRule] = {
    "count": aggregates_back.count(),
    "sum": _sum,
    "avg": _avg,
    "min": aggregates_back.extreme,
    "max": aggregates_back.extreme,
    **dict.fromkeys(("bool_and", "every"), aggregates_back.truth("bool_and")),
    "bool_or": aggregates_back.truth("bool_or"),
    **dict.fromkeys(("stddev", "stddev_samp"), _of_doubles("stddev_samp({0})")),
    "stddev_pop": _of_doubles("stddev_pop({0})"),
    **dict.fromkeys(("variance", "var_samp"), _of_doubles("var_samp({0})")),
    "var_pop": _of_doubles("var_pop({0})"),
    "percentile_cont": _percentile,
    "percentile_disc": _percentile,
    "array_agg": aggregates_back.listed,
    "string_agg": aggregates_back.joined(),
    "grouping": aggregates_back.grouping(INTEGER),
}
