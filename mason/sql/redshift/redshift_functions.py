"""Redshift's functions and aggregates: PostgreSQL's, without those that Redshift's documentation does not describe.

What the documentation leaves open is refused (regular expressions, weeks, texts of decimals and timestamps). Names in
quotes are those of pages of the Database Developer Guide.
"""

from __future__ import annotations

from mason.sql.postgres.postgres_functions import AGGREGATES as POSTGRES_AGGREGATES
from mason.sql.postgres.postgres_functions import FORMATS, QUANTILE, ROUND
from mason.sql.postgres.postgres_functions import FUNCTIONS as POSTGRES_FUNCTIONS
from mason.sql.sql_types import VARCHAR
from mason.sql.translating import aggregating, date_rules, number_rules, text_rules
from mason.sql.translating.date_rules import timestamp
from mason.sql.translating.rules import Aggregate, AggregateRule, Call, Rule, plain
from mason.sql.translating.translated import Value

# "Date parts for date or timestamp functions": days of the week from 0, Sunday; which week is the first is not said.
_PARTS = {part: f"extract({part} FROM {{0}})" for part in ("year", "month", "day", "quarter", "dow", "doy")}
_PARTS |= {"hour": "extract(hour FROM {0})", "minute": "extract(minute FROM {0})"}
_PARTS |= {"second": "floor(extract(second FROM {0}))"}
# "Datetime format strings" has none that leaves zeros or blanks out.
_FORMATS = {name: said for name, said in FORMATS.items() if not said.startswith("FM")}
_MARKS = frozenset(" -/:.,;")
_ABSENT = {"sqrt", "ln", "log", "log2", "log10", "isnan", "epoch_ms", "epoch_us", "make_date", "dayname"}
_ABSENT |= {"monthname", "concat_ws", "regexp_matches", "regexp_full_match", "regexp_extract", "regexp_replace"}
_ABSENT_AGGREGATES = {*aggregating.MAX_BY, *aggregating.LISTS, "covar_pop", "covar_samp"}


def _counted(call: Call, unit: str, start: Value, end: Value) -> str:
    """The boundaries between, which "DATEDIFF function" counts as DuckDB does."""
    return f"datediff({unit}, {timestamp(call, start)}, {timestamp(call, end)})"


def _punctuation(literal: str) -> str | None:
    return literal if set(literal) <= _MARKS else None


def _cased(name: str) -> Rule:
    """upper and lower, of ASCII only: what becomes of other letters is not said."""

    def rule(call: Call) -> Value:
        call.count(1)
        text = call.to(0, VARCHAR)
        call.noted("letters beyond ASCII stop the query")
        stop = call.dialect.stop_at("Upper and lower case are known for ASCII only, not for: ", text, VARCHAR)
        is_other = f"octet_length({text}) <> char_length({text})"
        return Value(f"CASE WHEN {is_other} THEN {stop} ELSE {name}({text}) END", VARCHAR)

    return rule


def _string_agg(of: Aggregate) -> Value:
    """The function of "LISTAGG function", which leaves NULL out; where NULL stands in its order is not said."""
    call = of.call
    mark, text = aggregating.texts(of), call.arguments[0].text
    aggregating.gathered(of, text)
    if any(each.text != text for each, _, _ in of.orders):
        raise call.refused(f"{call.name} in another order than its own is not known to be the same", "Order by it.")
    call.rewritten("Redshift's name is listagg")
    down = " DESC" if of.orders[0][1] else ""
    return Value(of.over(f"listagg({text}, {mark}) WITHIN GROUP (ORDER BY {text}{down})"), VARCHAR)


FUNCTIONS: dict[str, Rule] = {
    **{name: rule for name, rule in POSTGRES_FUNCTIONS.items() if name not in _ABSENT},
    "round": number_rules.rounded(ROUND, "Redshift's documentation does not say how halves are rounded"),
    **date_rules.parts(_PARTS, "", lambda unit: "Redshift's result is of another type"),
    **dict.fromkeys(("date_diff", "datediff"), date_rules.difference(_counted, "Redshift writes the unit as a word")),
    "strftime": date_rules.strftime("to_char({0}, {1})", _FORMATS, _punctuation),
    "last_day": date_rules.last_day("last_day({0})"),
    **dict.fromkeys(("upper", "ucase"), _cased("upper")),
    **dict.fromkeys(("lower", "lcase"), _cased("lower")),
    "concat": text_rules.concat("({})", "coalesce({}, '')", " || ", "DuckDB passes NULL over, Redshift's is NULL"),
    "split_part": text_rules.part("CASE WHEN {0} IS NULL THEN NULL ELSE coalesce(split_part({0}, {1}, {2}), '') END"),
    "contains": text_rules.found_in("(strpos({0}, {1}) > 0)"),
    **dict.fromkeys(("starts_with", "prefix", "^@"), text_rules.found_in("(strpos({0}, {1}) = 1)")),
    **dict.fromkeys(("ends_with", "suffix"), text_rules.found_in("(strpos(reverse({0}), reverse({1})) = 1)")),
    "sha256": plain("sha2({0}, 256)", VARCHAR, VARCHAR),
}

AGGREGATES: dict[str, AggregateRule] = {
    **{name: rule for name, rule in POSTGRES_AGGREGATES.items() if name not in _ABSENT_AGGREGATES},
    **dict.fromkeys(("median", "quantile_cont"), aggregating.quantile(QUANTILE, "Redshift's name is percentile_cont")),
    **dict.fromkeys(aggregating.TEXTS, _string_agg),
    "approx_count_distinct": aggregating.estimate("APPROXIMATE COUNT(DISTINCT {0})"),
}
