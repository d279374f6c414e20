"""Spark's functions of numbers."""

from __future__ import annotations

from mason.sql.spark.spark_text import cast_text
from mason.sql.sql_types import DOUBLE
from mason.sql.translating import number_rules
from mason.sql.translating.number_rules import bounded, doubled
from mason.sql.translating.rules import Rule, plain

_EDGE = f"CASE WHEN abs({{0}}) < 9e15D THEN {cast_text('{name}({0})', DOUBLE)} ELSE {{0}} END"
_CUT = cast_text("CASE WHEN {0} < 0D THEN ceil({0}) ELSE floor({0}) END", DOUBLE)
_edge = number_rules.edge(_EDGE, "Spark's result is a BIGINT, which holds no infinity and no NaN")

RULES: dict[str, Rule] = {
    **number_rules.RULES,
    "round": number_rules.rounded("round({0}, 0)", "DuckDB rounds the number itself, Spark its shortest text"),
    "ceil": _edge,
    "ceiling": _edge,
    "floor": _edge,
    "trunc": number_rules.cut(
        f"CASE WHEN abs({{0}}) < 9e15D THEN {_CUT} ELSE {{0}} END", "Spark has no trunc of numbers"
    ),
    "sqrt": bounded("sqrt({})", "< 0D", "a negative number"),
    "ln": bounded("ln({})", "<= 0D", "zero or a negative number"),
    "log10": bounded("log10({})", "<= 0D", "zero or a negative number"),
    "log": bounded("log10({})", "<= 0D", "zero or a negative number"),
    "log2": bounded("log2({})", "<= 0D", "zero or a negative number"),
    "exp": doubled("exp({0})"),
    "cbrt": doubled("cbrt({0})"),
    "degrees": doubled("degrees({0})"),
    "radians": doubled("radians({0})"),
    "atan": doubled("atan({0})"),
    "pi": plain("pi()", DOUBLE),
    "greatest": number_rules.extreme,
    "least": number_rules.extreme,
    "isnan": number_rules.isnan("isnan({0})"),
}
