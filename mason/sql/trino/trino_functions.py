"""Trino's functions and aggregates, as its documentation describes them; what it leaves open is refused."""

from __future__ import annotations

from mason.sql.sql_types import BIGINT, BOOLEAN, DATE, DOUBLE, TIMESTAMP, VARCHAR, list_of
from mason.sql.translating import aggregating, arithmetic, date_rules, number_rules, text_rules
from mason.sql.translating.date_rules import timestamp
from mason.sql.translating.meeting import meet
from mason.sql.translating.number_rules import bounded, doubled
from mason.sql.translating.patterns import Flavour, regular_expression, replacement
from mason.sql.translating.rules import Aggregate, AggregateRule, Call, Rule, plain
from mason.sql.translating.translated import Value

ROUND = "(truncate({0}) + CASE WHEN abs({0} - truncate({0})) >= 0.5E0 THEN sign({0}) ELSE 0E0 END)"
"""A DOUBLE rounded, halves away from zero; how ``round`` takes them is not said. What is cut off is exact."""
_JAVA = Flavour("Trino")
_COMPARED = (DOUBLE, BIGINT, VARCHAR, TIMESTAMP, DATE)

_PARTS = {
    **{part: f"extract({part.upper()} FROM {{0}})" for part in ("year", "quarter", "month", "day", "hour", "minute")},
    "week": "extract(WEEK FROM {0})",
    "dow": "(extract(DAY_OF_WEEK FROM {0}) % 7)",
    "isodow": "extract(DAY_OF_WEEK FROM {0})",
    "doy": "extract(DAY_OF_YEAR FROM {0})",
    "isoyear": "extract(YEAR_OF_WEEK FROM {0})",
    "second": "extract(SECOND FROM {0})",
}
_FORMATS = {each: f"%{each}" for each in "YmdHybapj"}
_FORMATS |= {"I": "%h", "M": "%i", "S": "%s", "B": "%M", "A": "%W", "-d": "%e", "-m": "%c", "-H": "%k", "-I": "%l"}


def _why(unit: str) -> str:
    return "Trino counts Sunday as 7" if unit == "dow" else ""


def _counted(call: Call, unit: str, start: Value, end: Value) -> str:
    """Both at the beginning of their unit, so that whole units lie between."""
    first, last = (f"date_trunc('{unit}', {timestamp(call, each)})" for each in (start, end))
    return f"date_diff('{unit}', {first}, {last})"


def _extreme(call: Call) -> Value:
    """greatest and least: Trino's are NULL where an argument is, so that another one stands for it."""
    call.count(2, 10)
    type_ = meet(call.node, call.arguments)
    if type_ not in _COMPARED:
        raise call.refused(
            f"{call.name} of {type_} is not known to be the same in {call.dialect.engine}", "Cast to BIGINT or DOUBLE."
        )
    if said := call.dialect.compared_note(type_):
        call.noted(said)
    call.rewritten("Trino's result is NULL where an argument is")
    texts = [call.to(index, type_) for index in range(len(call.arguments))]
    parts = [f"coalesce({', '.join([each, *(other for other in texts if other != each)])})" for each in texts]
    return Value(f"{call.name}({', '.join(parts)})", type_)


def _extract(call: Call) -> Value:
    call.count(2, 3)
    group = call.whole(2) if len(call.arguments) == 3 else 0
    pattern = regular_expression(call.node, call.told(1), "", _JAVA)
    if not 0 <= group <= pattern.count("("):
        raise call.refused(f"the pattern has no group {group}", "Name a group that it has.")
    call.rewritten("Trino's result is NULL where nothing is found")
    text = call.to(0, VARCHAR)
    found = f"regexp_extract({text}, {call.dialect.text(pattern)}, {group})"
    return Value(f"CASE WHEN {text} IS NULL THEN NULL ELSE coalesce({found}, '') END", VARCHAR)


def _replaced(call: Call) -> Value:
    call.count(3, 4)
    engine = call.dialect.engine
    flags = call.told(3) if len(call.arguments) == 4 else ""
    if "g" not in flags:
        raise call.refused(f"replacing the first place only is not known to be the same in {engine}", "Use the flag g.")
    pattern = regular_expression(call.node, call.told(1), flags.replace("g", ""), _JAVA, groups=False)
    new = replacement(call.node, call.told(2))
    if "\\\\" in new:
        raise call.refused(f"a backslash in a replacement is not known to be the same in {engine}", "Use replace.")
    texts = ", ".join(map(call.dialect.text, (pattern, new)))
    return Value(f"regexp_replace({call.to(0, VARCHAR)}, {texts})", VARCHAR)


def _arg(of: Aggregate) -> Value:
    """The first of the values in their order, those without value or order last."""
    one, other = aggregating.by_order(of)
    of.call.rewritten("what Trino's does with NULL is not said")
    value = f"CASE WHEN {other.text} IS NULL THEN NULL ELSE {one.text} END"
    is_null = f"({one.text} IS NULL OR {other.text} IS NULL)"
    down = "DESC" if "max" in of.call.name else "ASC"
    return Value(f"element_at({of.over(f'array_agg({value} ORDER BY {is_null}, {other.text} {down})')}, 1)", one.type)


def _list(of: Aggregate) -> Value:
    of.call.count(1)
    value = of.call.arguments[0]
    aggregating.gathered(of, value.text)
    return Value(of.over(f"array_agg({value.text} {aggregating.keys(of)})"), list_of(value.type))


def _string_agg(of: Aggregate) -> Value:
    mark, text = aggregating.texts(of), of.call.arguments[0].text
    aggregating.gathered(of, text)
    of.call.rewritten("Trino's name is listagg")
    return Value(of.over(f"listagg({text}, {mark}) WITHIN GROUP ({aggregating.keys(of)})"), VARCHAR)


_ENDS = "(length({1}) <= length({0}) AND substring({0}, length({0}) - length({1}) + 1) = {1})"
_RIGHT = "CASE WHEN length({0}) <= {1} THEN {0} ELSE substring({0}, length({0}) - {1} + 1) END"
_CASE_WHY = "Trino has no small letter for some, and which Unicode it knows is not said"

FUNCTIONS: dict[str, Rule] = {
    **arithmetic.RULES,
    "&": arithmetic.bits("bitwise_and({0}, {1})", BIGINT),
    "|": arithmetic.bits("bitwise_or({0}, {1})", BIGINT),
    "xor": arithmetic.bits("bitwise_xor({0}, {1})", BIGINT),
    **number_rules.RULES,
    "round": number_rules.rounded(ROUND, "Trino's documentation does not say how halves are rounded"),
    **dict.fromkeys(("ceil", "ceiling", "floor"), number_rules.edge("{name}({0})")),
    "trunc": number_rules.cut("truncate({0})", "Trino's name is truncate"),
    "sqrt": bounded("sqrt({0})", "< 0E0", "a negative number"),
    **{name: bounded(f"{name}({{0}})", "<= 0E0", "zero or a negative number") for name in ("ln", "log2", "log10")},
    "log": bounded("log10({0})", "<= 0E0", "zero or a negative number"),
    **{name: doubled(f"{name}({{0}})") for name in ("exp", "cbrt", "degrees", "radians", "atan")},
    "pi": plain("pi()", DOUBLE),
    "greatest": _extreme,
    "least": _extreme,
    "isnan": number_rules.isnan("is_nan({0})"),
    **date_rules.RULES,
    **date_rules.parts(_PARTS, "", _why),
    **dict.fromkeys(("date_trunc", "datetrunc"), date_rules.truncated("date_trunc('{0}', {1})")),
    **dict.fromkeys(
        ("date_diff", "datediff"),
        date_rules.difference(_counted, "DuckDB counts the boundaries between, Trino whole units"),
    ),
    "strftime": date_rules.strftime("date_format({0}, {1})", _FORMATS, lambda literal: literal.replace("%", "%%")),
    "dayname": date_rules.named("date_format({0}, '%W')", "Trino has no dayname"),
    "monthname": date_rules.named("date_format({0}, '%M')", "Trino has no monthname"),
    "last_day": date_rules.last_day("last_day_of_month({0})"),
    **text_rules.RULES,
    **dict.fromkeys(("upper", "ucase"), text_rules.upper("upper({0})", _CASE_WHY)),
    **dict.fromkeys(("lower", "lcase"), text_rules.lower("lower({0})", _CASE_WHY)),
    "concat": text_rules.concat("({})", "coalesce({}, '')", " || ", "DuckDB passes NULL over, Trino's concat is NULL"),
    "concat_ws": text_rules.concat_ws,
    **dict.fromkeys(text_rules.LENGTHS, plain("length({0})", BIGINT, VARCHAR)),
    "strlen": plain("length(to_utf8({0}))", BIGINT, VARCHAR),
    "left": text_rules.side("substring({0}, 1, {1})"),
    "right": text_rules.side(_RIGHT),
    "split_part": text_rules.part("CASE WHEN {0} IS NULL THEN NULL ELSE coalesce(split_part({0}, {1}, {2}), '') END"),
    **dict.fromkeys(text_rules.PLACES, text_rules.found("strpos({0}, {1})")),
    "contains": text_rules.found_in("(strpos({0}, {1}) > 0)"),
    **dict.fromkeys(("starts_with", "prefix", "^@"), plain("starts_with({0}, {1})", BOOLEAN, VARCHAR, VARCHAR)),
    **dict.fromkeys(("ends_with", "suffix"), plain(_ENDS, BOOLEAN, VARCHAR, VARCHAR)),
    **dict.fromkeys(text_rules.MATCHES, text_rules.matches("regexp_like({0}, {1})", _JAVA, "Java's")),
    "regexp_extract": _extract,
    "regexp_replace": _replaced,
    "md5": plain("lower(to_hex(md5(to_utf8({0}))))", VARCHAR, VARCHAR),
    "sha256": plain("lower(to_hex(sha256(to_utf8({0}))))", VARCHAR, VARCHAR),
}

AGGREGATES: dict[str, AggregateRule] = {
    **aggregating.RULES,
    **dict.fromkeys(("count_if", "countif"), aggregating.count_if("count_if({0})")),
    "approx_count_distinct": aggregating.estimate("approx_distinct({0})"),
    **dict.fromkeys(("covar_pop", "covar_samp"), aggregating.pair),
    **dict.fromkeys(aggregating.MAX_BY, _arg),
    **dict.fromkeys(aggregating.LISTS, _list),
    **dict.fromkeys(aggregating.TEXTS, _string_agg),
}
