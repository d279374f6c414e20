"""Spark's functions, as DuckDB says them, and what to write instead of those that have no rule."""

from __future__ import annotations

from mason.sql.foreign import aggregates_back, numbers_back, patterns_back, texts_back
from mason.sql.foreign.duck_text import DUCK, as_type, stop
from mason.sql.foreign.foreign import Aggregate, AggregateRule, Call, Rule
from mason.sql.foreign.numbers_back import doubled
from mason.sql.foreign.rules_back import cast, chosen, plain
from mason.sql.spark import spark_times
from mason.sql.spark.spark_lists import LIST_RULES
from mason.sql.spark.spark_operators import as_decimal, decimals, divided
from mason.sql.sql_types import (
    BIGINT,
    BOOLEAN,
    DOUBLE,
    FLOAT,
    HUGEINT,
    INTEGER,
    INTEGERS,
    TINYINT,
    VARCHAR,
    decimal,
    is_exact,
    list_of,
)
from mason.sql.translating.translated import Value


def _nvl2(call: Call) -> Value:
    call.count(3)
    tested, *results = call.arguments
    return chosen(Call(call.work, call.part, call.sight, "nvl2", results), [f"{tested.text} IS NOT NULL"])


def _tested(template: str) -> Rule:
    """A test of one value of any type."""

    def rule(call: Call) -> Value:
        call.count(1)
        return Value(template.format(call.arguments[0].text), BOOLEAN)

    return rule


def _round(call: Call) -> Value:
    call.count(1, 2)
    type_ = call.number(0)
    digits = call.whole(1) if len(call.arguments) == 2 else 0
    text = call.arguments[0].text
    if type_ in INTEGERS and digits >= 0:
        return call.arguments[0]
    if type_.name == "DECIMAL" and digits >= 0:
        kept = min(digits, type_.scale)
        # One digit more, because rounding may carry.
        width = type_.width - type_.scale + kept + 1
        result = decimal(min(width, 38), kept)
        return cast(f"round({text}, {kept})", result)
    raise call.refused(f"round of {type_} to {digits} digits is not known to be the same", "Cast it to a DECIMAL.")


def _edge(call: Call) -> Value:
    call.count(1)
    type_ = call.number(0)
    name, text = "floor" if call.name == "floor" else "ceil", call.arguments[0].text
    if type_ in INTEGERS:
        return cast(text, BIGINT)
    if type_.name == "DECIMAL":
        return cast(f"{name}({text})", decimal(min(type_.width - type_.scale + 1, 38), 0))
    # Beyond 64 bits Spark holds on to the last number there is.
    edge = f"{name}({DUCK.cast(text, DOUBLE)})"
    within = f"abs({edge}) < CAST('9e18' AS DOUBLE)"
    call.noted("a number beyond 64 bits stops the query")
    return Value(f"CASE WHEN {text} IS NULL THEN NULL WHEN {within} THEN CAST({edge} AS BIGINT)"
                 f" ELSE {stop('A number beyond 64 bits', BIGINT)} END", BIGINT)  # fmt: skip


def _sign(call: Call) -> Value:
    call.count(1)
    type_ = call.number(0)
    if not (is_exact(type_)):
        raise call.unknown(type_, remedy="Use a CASE.")
    if type_.name == "DECIMAL":
        raise call.unknown(type_, remedy="Cast it to BIGINT, or use a CASE.")
    return cast(f"sign({call.arguments[0].text})", DOUBLE)


def _bounded(template: str) -> Rule:
    """A logarithm, which is NULL where there is none."""

    def rule(call: Call) -> Value:
        call.count(1)
        call.number(0)
        text = as_type(call.arguments[0], DOUBLE)
        call.rewritten("DuckDB stops where there is no logarithm")
        return Value(f"CASE WHEN {text} > 0 THEN {template.format(text)} END", DOUBLE)

    return rule


def _extract(call: Call) -> Value:
    call.count(2, 3)
    group = call.whole(2) if len(call.arguments) == 3 else 1
    pattern = patterns_back.checked(call, call.told(1), patterns_back.JAVA)
    if group < 0 or group > call.told(1).count("("):
        raise call.refused(f"regexp_extract of group {group} is not there", "Name a group, or 0 for all.")
    call.rewritten("Spark takes the first group where none is said")
    return Value(f"regexp_extract({call.to(0, VARCHAR)}, {DUCK.text(pattern)}, {group})", VARCHAR)


def _replace(call: Call) -> Value:
    call.count(3)
    pattern = patterns_back.checked(call, call.told(1), patterns_back.JAVA, groups=False)
    text = call.told(2)
    if "\\" in text or "$" in text.replace("$1", "").replace("$2", "").replace("$3", "") or "$10" in text:
        raise call.refused("such a replacement is not known to be the same", "Use $1 to $3, and no other $ or \\.")
    for group in range(1, 4):
        if f"${group}" in text and call.told(1).count("(") < group:
            raise call.refused(f"there is no group {group}", "Name one that there is.")
        text = text.replace(f"${group}", f"\\{group}")
    call.rewritten("Spark replaces each match")
    return Value(f"regexp_replace({call.to(0, VARCHAR)}, {DUCK.text(pattern)}, {DUCK.text(text)}, 'g')", VARCHAR)


def _locate(call: Call) -> Value:
    call.count(2)
    return cast(f"instr({call.to(1, VARCHAR)}, {call.to(0, VARCHAR)})", INTEGER)


def _substring(call: Call) -> Value:
    return texts_back.substring(call, from_zero=True, backwards=True)


def _sha2(call: Call) -> Value:
    call.count(2)
    if call.whole(1) != 256:
        raise call.refused("sha2 of another length has no rule", "Use 256.")
    return Value(f"sha256({call.to(0, VARCHAR)})", VARCHAR)


def _split(call: Call) -> Value:
    call.count(2)
    mark = call.told(1)
    if not mark or any(sign in mark for sign in "\\^$.|?*+()[]{}"):
        raise call.refused("split by a pattern has no rule", "Split by a text without signs of patterns.")
    return Value(f"string_split({call.to(0, VARCHAR)}, {DUCK.text(mark)})", list_of(VARCHAR))


def _pmod(call: Call) -> Value:
    call.count(2)
    if not all(each.type in INTEGERS[:4] for each in call.arguments):
        raise call.unknown(remedy="Cast both to BIGINT.")
    type_ = numbers_back.widest(*(each.type for each in call.arguments))
    one, other = (as_type(each, type_) for each in call.arguments)
    wide = f"{DUCK.cast(one, HUGEINT)} % {DUCK.cast(other, HUGEINT)}"
    # The remainder, moved by the divisor where it is negative.
    text = DUCK.cast(f"CASE WHEN {wide} < 0 THEN ({wide} + {other}) % {other} ELSE {wide} END", type_)
    return Value(numbers_back.divided_by(text, other, one, type_), type_)


def _numbered(template: str, sound: str) -> Rule:
    """A function of DOUBLEs that DuckDB refuses values to, where Spark says NaN: those that are not ``sound``."""

    def rule(call: Call) -> Value:
        call.count(1)
        call.number(0)
        text = as_type(call.arguments[0], DOUBLE)
        nan = "CAST('NaN' AS DOUBLE)"
        call.rewritten("DuckDB stops where Spark says NaN")
        body = template.format(text)
        return Value(f"CASE WHEN {text} IS NULL THEN NULL WHEN {sound.format(text)} THEN {body} ELSE {nan} END", DOUBLE)

    return rule


FUNCTIONS: dict[str, Rule] = {
    **spark_times.RULES,
    **LIST_RULES,
    "nvl": numbers_back.coalesced,
    "ifnull": numbers_back.coalesced,
    "coalesce": numbers_back.coalesced,
    "nvl2": _nvl2,
    "nullif": numbers_back.nulled,
    "greatest": numbers_back.extreme,
    "least": numbers_back.extreme,
    "abs": numbers_back.absolute,
    "round": _round,
    "ceil": _edge,
    "ceiling": _edge,
    "floor": _edge,
    "sign": _sign,
    "signum": _sign,
    "pmod": _pmod,
    "mod": numbers_back.remainder(decimals, as_decimal, doubles=True),
    "sqrt": _numbered("sqrt({0})", "{0} >= 0"),
    **dict.fromkeys(("ln", "log"), _bounded("ln({0})")),
    "log10": _bounded("log10({0})"),
    "log2": _bounded("log2({0})"),
    **{name: doubled(f"{name}({{0}})") for name in ("exp", "cbrt", "degrees", "radians", "atan")},
    "pi": plain("pi()", DOUBLE),
    "power": doubled("pow({0}, {1})"),
    "pow": doubled("pow({0}, {1})"),
    "isnan": plain("coalesce(isnan({0}), FALSE)", BOOLEAN, DOUBLE),
    "isnull": _tested("({0} IS NULL)"),
    "isnotnull": _tested("({0} IS NOT NULL)"),
    "concat": texts_back.joined,
    "concat_ws": texts_back.with_mark,
    **dict.fromkeys(("length", "char_length", "character_length", "len"), texts_back.counted("length({0})", INTEGER)),
    "octet_length": texts_back.counted("strlen({0})", INTEGER),
    "upper": texts_back.upper,
    "ucase": texts_back.upper,
    "lower": texts_back.lower,
    "lcase": texts_back.lower,
    "trim": texts_back.trimmed("trim"),
    "ltrim": texts_back.trimmed("ltrim"),
    "rtrim": texts_back.trimmed("rtrim"),
    "substr": _substring,
    "substring": _substring,
    "left": texts_back.side(negative_is_empty=True),
    "right": texts_back.side(negative_is_empty=True),
    "lpad": texts_back.padded,
    "rpad": texts_back.padded,
    "repeat": texts_back.repeated,
    "replace": texts_back.replaced,
    "reverse": plain("reverse({0})", VARCHAR, VARCHAR),
    "split_part": texts_back.piece,
    "instr": texts_back.counted("instr({0}, {1})", INTEGER),
    "locate": _locate,
    "startswith": texts_back.within("starts_with({0}, {1})"),
    "endswith": texts_back.within("ends_with({0}, {1})"),
    "contains": texts_back.within("contains({0}, {1})"),
    "md5": plain("md5({0})", VARCHAR, VARCHAR),
    "sha2": _sha2,
    "split": _split,
    "regexp_extract": _extract,
    "regexp_replace": _replace,
    **dict.fromkeys(("rlike", "regexp", "regexp_like"), patterns_back.matches(patterns_back.JAVA)),
}

REMEDIES = {
    "months_between": "Take the difference of years and months.",
    "first": "Use min, max, or max_by.",
    "last": "Use min, max, or max_by.",
    "any_value": "Use min or max.",
    "mode": "Count the values in a subquery.",
    "percentile_approx": "Use percentile, which is exact.",
    "initcap": "Use upper and substring.",
    "unnest": "Use explode.",
}
"""What to write instead of functions without a rule."""


def _sum(of: Aggregate) -> Value:
    of.plain(distinct=True)
    of.call.count(1)
    type_ = of.call.arguments[0].type
    if type_ in INTEGERS:
        of.call.rewritten("DuckDB's sum is a HUGEINT")
        return aggregates_back.whole_sum(of, BIGINT)
    if type_.name == "DECIMAL":
        return aggregates_back.whole_sum(of, decimal(min(type_.width + 10, 38), type_.scale))
    if type_ in (FLOAT, DOUBLE):
        return Value(of.over(f"sum({of.word}{as_type(of.call.arguments[0], DOUBLE)})"), DOUBLE)
    raise of.call.unknown(remedy="Cast it to a number.")


def _avg(of: Aggregate) -> Value:
    of.plain(distinct=True)
    of.call.count(1)
    value = of.call.arguments[0]
    if value.type.name == "DECIMAL":
        return _exact_average(of, value)
    if value.type in (*INTEGERS, DOUBLE, FLOAT):
        return Value(of.over(f"avg({of.word}{as_type(value, DOUBLE)})"), DOUBLE)
    raise of.call.unknown(remedy="Cast it to a number.")


def _exact_average(of: Aggregate, value: Value) -> Value:
    """The average of decimals: their sum, divided with four digits more."""
    type_ = value.type
    result = decimal(min(type_.width + 4, 38), min(type_.scale + 4, 38))
    if type_.width + 4 > 38:
        raise of.call.unknown(type_, remedy="Cast it to fewer digits, or to DOUBLE.")
    total = decimal(min(type_.width + 10, 38), type_.scale)
    texts = [of.over(f"sum({of.word}{value.text})"), of.over(f"count({of.word}{value.text})")]
    inner = Call(of.call.work, of.call.part, of.call.sight, "avg", ())
    quotient = divided(inner, Value(DUCK.cast(texts[0], total), total), Value(texts[1], BIGINT))
    if quotient.type.scale < result.scale:
        raise of.call.unknown(type_, remedy="Cast it to fewer digits, or to DOUBLE.")
    # Of no rows there is no average.
    text = f"CASE WHEN {texts[1]} = 0 THEN NULL ELSE {quotient.text} END"
    return cast(text, result)


def _median(of: Aggregate) -> Value:
    of.plain()
    of.call.count(1)
    return aggregates_back.quantile(of, of.call.arguments[0], "0.5", "quantile_cont({0}, {1})")


def _percentile(of: Aggregate) -> Value:
    of.plain()
    of.call.count(2)
    fraction = aggregates_back.fraction(of.call, 1)
    return aggregates_back.quantile(of, of.call.arguments[0], fraction, "quantile_cont({0}, {1})")


def _percentile_cont(of: Aggregate) -> Value:
    of.call.count(1)
    if len(of.orders) != 1 or "DESC" in of.orders[0][1]:
        raise of.call.refused("percentile_cont takes one ascending order", "Write WITHIN GROUP (ORDER BY x).")
    fraction = aggregates_back.fraction(of.call, 0)
    return aggregates_back.quantile(of, of.orders[0][0], fraction, "quantile_cont({0}, {1})")


def _by(of: Aggregate) -> Value:
    one, other = aggregates_back.by_order(of)
    of.call.rewritten("DuckDB passes rows over whose value is NULL")
    name = "arg_max_null" if of.call.name == "max_by" else "arg_min_null"
    known = f"CASE WHEN {other.text} IS NULL THEN NULL ELSE {other.text} END"
    return Value(of.over(f"{name}({one.text}, {known})"), one.type)


def _collected(of: Aggregate) -> Value:
    """collect_list and collect_set: NULL left out, and an empty list where there is no row."""
    of.plain()
    of.call.count(1)
    value = of.call.arguments[0]
    if value.type.name in ("LIST", "STRUCT", "MAP", "NULL") or of.in_window:
        raise of.call.unknown(value.type, remedy="Collect numbers, texts or dates.")
    of.call.written.check_compared(of.call.part, value.type, ordered=True)
    of.call.noted("such a list is in no certain order; sort_array gives it one")
    word = "DISTINCT " if of.call.name == "collect_set" else ""
    gathered = of.over(f"list({word}{value.text} ORDER BY {value.text})")
    empty = DUCK.cast("[]", list_of(value.type))
    return Value(f"coalesce(list_filter({gathered}, lambda e: e IS NOT NULL), {empty})", list_of(value.type))


def _estimate(of: Aggregate) -> Value:
    of.plain()
    of.call.count(1)
    of.call.noted("an estimate is each engine's own")
    return Value(of.over(f"approx_count_distinct({of.call.arguments[0].text})"), BIGINT)


AGGREGATES: dict[str, AggregateRule] = {
    "count": aggregates_back.count(most=20),
    "sum": _sum,
    "avg": _avg,
    "mean": _avg,
    "min": aggregates_back.extreme,
    "max": aggregates_back.extreme,
    **dict.fromkeys(("bool_and", "every"), aggregates_back.truth("bool_and")),
    **dict.fromkeys(("bool_or", "some"), aggregates_back.truth("bool_or")),
    "count_if": aggregates_back.count_if,
    **dict.fromkeys(("stddev", "stddev_samp", "std"), aggregates_back.doubled("stddev_samp({0})")),
    "stddev_pop": aggregates_back.doubled("stddev_pop({0})"),
    **dict.fromkeys(("variance", "var_samp"), aggregates_back.doubled("var_samp({0})")),
    "var_pop": aggregates_back.doubled("var_pop({0})"),
    "covar_pop": aggregates_back.doubled("covar_pop({0}, {1})", 2),
    "covar_samp": aggregates_back.doubled("covar_samp({0}, {1})", 2),
    "median": _median,
    "percentile": _percentile,
    "percentile_cont": _percentile_cont,
    "max_by": _by,
    "min_by": _by,
    **dict.fromkeys(("listagg", "string_agg"), aggregates_back.joined(least=1)),
    **dict.fromkeys(("collect_list", "collect_set", "array_agg"), _collected),
    "grouping": aggregates_back.grouping(TINYINT),
    "approx_count_distinct": _estimate,
}
