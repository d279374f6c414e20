"""PostgreSQL's functions and aggregates, made from what was run on both engines (``docs/sql.md``)."""

from __future__ import annotations

from mason.sql.sql_types import DATE, DOUBLE, INTEGER, VARCHAR, list_of
from mason.sql.translating import aggregating, arithmetic, date_rules, number_rules, text_rules
from mason.sql.translating.date_rules import timestamp
from mason.sql.translating.number_rules import doubled
from mason.sql.translating.patterns import Flavour, regular_expression
from mason.sql.translating.rules import Aggregate, AggregateRule, Call, Rule, plain
from mason.sql.translating.translated import Value

ROUND = "(trunc({0}) + CASE WHEN abs({0} - trunc({0})) >= 0.5 THEN sign({0}) ELSE 0 END)"
"""A DOUBLE rounded, halves away from zero; PostgreSQL's round takes the even neighbour. What is cut off is exact."""
EPOCH = "CAST(extract(epoch FROM {0}) AS double precision)"
_CASE_WHY = "PostgreSQL's letters are those of the database's locale, and ICU makes two of some"
_POSIX = Flavour("PostgreSQL", everything=".", end="\\Z", takes_longest=True)

PARTS = {
    **{part: f"extract({part} FROM {{0}})" for part in (*date_rules.PARTS, "hour", "minute")},
    "second": "floor(extract(second FROM {0}))",
}
FORMATS = {
    "Y": "YYYY",
    "m": "MM",
    "d": "DD",
    "H": "HH24",
    "I": "HH12",
    "M": "MI",
    "S": "SS",
    "y": "YY",
    "b": "Mon",
    "B": "FMMonth",
    "a": "Dy",
    "A": "FMDay",
    "p": "AM",
    "j": "DDD",
    "f": "US",
    "-m": "FMMM",
    "-d": "FMDD",
    "-H": "FMHH24",
    "-I": "FMHH12",
    "-M": "FMMI",
    "-S": "FMSS",
    "-j": "FMDDD",
}
_MONTHS = {
    "year": "extract(year FROM {0})",
    "quarter": "(extract(year FROM {0}) * 4 + extract(quarter FROM {0}))",
    "month": "(extract(year FROM {0}) * 12 + extract(month FROM {0}))",
}
_SECONDS = {"hour": 3600, "minute": 60, "second": 1}


def _counted(call: Call, unit: str, start: Value, end: Value) -> str:
    if unit in _MONTHS:
        return f"{_MONTHS[unit].format(end.text)} - {_MONTHS[unit].format(start.text)}"
    if unit == "day":
        return f"{call.cast(end.text, DATE)} - {call.cast(start.text, DATE)}"
    # Both at the beginning of their unit, so that what lies between is whole.
    first, last = (f"extract(epoch FROM date_trunc('{unit}', {timestamp(call, each)}))" for each in (start, end))
    return f"({last} - {first}) / {_SECONDS[unit]}"


def quoted(literal: str) -> str:
    """A text within a format of to_char, where letters stand for parts."""
    escaped = literal.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"' if literal else ""


def _ends(text: str, end: str) -> str:
    return f"(right({text}, char_length({end})) = {end})"


def _extract(call: Call) -> Value:
    call.count(2, 3)
    group = call.whole(2) if len(call.arguments) == 3 else 0
    pattern = regular_expression(call.node, call.told(1), "", _POSIX)
    if not 0 <= group <= pattern.count("(") - pattern.count("(?:"):
        raise call.refused(f"the pattern has no group {group}", "Name a group that it has.")
    call.rewritten("PostgreSQL's regular expressions are POSIX's, and its function gives all groups")
    pattern = pattern if group else f"({pattern})"
    text = call.to(0, VARCHAR)
    found = f"(regexp_match({text}, {call.dialect.text(pattern)}))[{group or 1}]"
    return Value(f"CASE WHEN {text} IS NULL THEN NULL ELSE coalesce({found}, '') END", VARCHAR)


def _replaced(call: Call) -> Value:
    call.count(3, 4)
    flags = call.told(3) if len(call.arguments) == 4 else ""
    pattern = regular_expression(call.node, call.told(1), flags.replace("g", ""), _POSIX, groups=False)
    call.rewritten("PostgreSQL's regular expressions are POSIX's")
    new = call.dialect.text(_replacement(call, call.told(2)))
    every = ", 'g'" if "g" in flags else ""
    return Value(f"regexp_replace({call.to(0, VARCHAR)}, {call.dialect.text(pattern)}, {new}{every})", VARCHAR)


def _replacement(call: Call, written: str) -> str:
    """What is put in a match's place: ``\\0`` is ``\\&`` there."""
    found, signs = "", iter(written)
    for sign in signs:
        following = next(signs, "") if sign == "\\" else ""
        if sign != "\\":
            found += sign
        elif following == "0":
            found += "\\&"
        elif following and following in "123456789\\":
            found += sign + following
        else:
            raise call.refused(f"\\{following} in a replacement is not known to be the same", "Write \\\\ or \\1.")
    return found


def _arg(of: Aggregate) -> Value:
    """The first of the values in their order, those without value or order last."""
    one, other = aggregating.by_order(of)
    of.call.rewritten("PostgreSQL has no such function")
    value = f"CASE WHEN {other.text} IS NULL THEN NULL ELSE {of.call.dialect.typed(one)} END"
    is_null = f"({one.text} IS NULL OR {other.text} IS NULL)"
    down = "DESC" if "max" in of.call.name else "ASC"
    gathered = of.over(f"array_agg({value} ORDER BY {is_null}, {of.call.dialect.sorted(other)} {down})")
    return Value(f"({gathered})[1]", one.type)


def _list(of: Aggregate) -> Value:
    of.call.count(1)
    value = of.call.arguments[0]
    aggregating.gathered(of, value.text)
    return Value(of.over(f"array_agg({of.call.dialect.typed(value)} {aggregating.keys(of)})"), list_of(value.type))


def _string_agg(of: Aggregate) -> Value:
    mark, text = aggregating.texts(of), of.call.arguments[0].text
    aggregating.gathered(of, text)
    typed = of.call.dialect.typed(of.call.arguments[0])
    return Value(of.over(f"string_agg({typed}, {mark} {aggregating.keys(of)})"), VARCHAR)


FUNCTIONS: dict[str, Rule] = {
    **arithmetic.RULES,
    "&": arithmetic.bits("({0} & {1})"),
    "|": arithmetic.bits("({0} | {1})"),
    "xor": arithmetic.bits("({0} # {1})"),
    **number_rules.RULES,
    "round": number_rules.rounded(ROUND, "DuckDB rounds halves away from zero, PostgreSQL to the even neighbour"),
    **dict.fromkeys(("ceil", "ceiling", "floor"), number_rules.edge("{name}({0})")),
    "trunc": number_rules.cut("trunc({0})"),
    **{name: doubled(f"{name}({{0}})") for name in ("sqrt", "ln", "exp", "cbrt", "degrees", "radians", "atan")},
    "log10": doubled("log({0})"),
    "log": doubled("log({0})"),
    "log2": doubled("(ln({0}) / ln(CAST(2 AS double precision)))"),
    "pi": plain("pi()", DOUBLE),
    "greatest": number_rules.extreme,
    "least": number_rules.extreme,
    "isnan": number_rules.isnan("({0} = CAST('NaN' AS double precision))"),
    **date_rules.RULES,
    **date_rules.parts(PARTS, EPOCH, lambda unit: "PostgreSQL's result is of another type"),
    **dict.fromkeys(("date_trunc", "datetrunc"), date_rules.truncated("date_trunc('{0}', {1})")),
    **dict.fromkeys(("date_diff", "datediff"), date_rules.difference(_counted, "PostgreSQL has no date_diff")),
    "strftime": date_rules.strftime("to_char({0}, {1})", FORMATS, quoted),
    "dayname": date_rules.named("to_char({0}, 'FMDay')", "PostgreSQL has no dayname"),
    "monthname": date_rules.named("to_char({0}, 'FMMonth')", "PostgreSQL has no monthname"),
    "last_day": date_rules.last_day(
        "CAST(date_trunc('month', CAST({0} AS timestamp)) + INTERVAL '1' MONTH - INTERVAL '1' DAY AS date)"
    ),
    "make_date": date_rules.make_date,
    "epoch_ms": date_rules.since_1970("CAST(trunc(extract(epoch FROM {0}) * 1000) AS bigint)"),
    "epoch_us": date_rules.since_1970("CAST(extract(epoch FROM {0}) * 1000000 AS bigint)"),
    **text_rules.RULES,
    **dict.fromkeys(("upper", "ucase"), text_rules.upper('upper({0} COLLATE "und-x-icu")', _CASE_WHY)),
    **dict.fromkeys(("lower", "lcase"), text_rules.lower('lower({0} COLLATE "und-x-icu")', _CASE_WHY)),
    "concat": text_rules.concat("concat({})", "{}", ", ", ""),
    "concat_ws": text_rules.concat_ws,
    **dict.fromkeys(text_rules.LENGTHS, text_rules.counted("char_length({0})")),
    "strlen": text_rules.counted("octet_length({0})"),
    **dict.fromkeys(("left", "right"), text_rules.side("{name}({0}, {1})")),
    "repeat": text_rules.repeated,
    "split_part": text_rules.part("split_part({0}, {1}, {2})"),
    **dict.fromkeys(text_rules.PLACES, text_rules.found("strpos({0}, {1})")),
    **dict.fromkeys(
        text_rules.WITHIN,
        text_rules.contains("(strpos({0}, {1}) > 0)", "starts_with({0}, {1})", _ends("{0}", "{1}")),
    ),
    **dict.fromkeys(text_rules.MATCHES, text_rules.matches("({0} ~ {1})", _POSIX, "POSIX's")),
    "regexp_extract": _extract,
    "regexp_replace": _replaced,
    "md5": plain("md5({0})", VARCHAR, VARCHAR),
    "sha256": plain("encode(sha256(convert_to({0}, 'UTF8')), 'hex')", VARCHAR, VARCHAR),
    "ascii": plain("ascii({0})", INTEGER, VARCHAR),
}

QUANTILE = "percentile_cont({1}) WITHIN GROUP (ORDER BY {0})"

AGGREGATES: dict[str, AggregateRule] = {
    **aggregating.RULES,
    **dict.fromkeys(("count_if", "countif"), aggregating.count_if("count(CASE WHEN {0} THEN 1 END)")),
    "approx_count_distinct": aggregating.estimate("count(DISTINCT {0})"),
    **dict.fromkeys(("covar_pop", "covar_samp"), aggregating.pair),
    **dict.fromkeys(
        ("median", "quantile_cont"), aggregating.quantile(QUANTILE, "PostgreSQL's name is percentile_cont")
    ),
    **dict.fromkeys(aggregating.MAX_BY, _arg),
    **dict.fromkeys(aggregating.LISTS, _list),
    **dict.fromkeys(aggregating.TEXTS, _string_agg),
}
