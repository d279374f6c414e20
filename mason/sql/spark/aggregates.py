"""Spark's aggregates beside those that all dialects share: lists in an order, and what goes by another name."""

from __future__ import annotations

from mason.sql.sql_types import VARCHAR, list_of
from mason.sql.translating import aggregating
from mason.sql.translating.rules import Aggregate, AggregateRule
from mason.sql.translating.translated import Value


def _arg(of: Aggregate) -> Value:
    one, other = aggregating.by_order(of)
    name = "max_by" if "max" in of.call.name else "min_by"
    of.call.rewritten("DuckDB passes rows over whose value is NULL")
    both = f"CASE WHEN {one.text} IS NULL THEN NULL ELSE {other.text} END"
    return Value(of.over(f"{name}({one.text}, {both})"), one.type)


def _list(of: Aggregate) -> Value:
    call = of.call
    call.count(1)
    return Value(_collected(of, call.arguments[0].text), list_of(call.arguments[0].type))


def _collected(of: Aggregate, text: str) -> str:
    """The values as a list in the order that was said, NULLs kept, and NULL where there is no row."""
    aggregating.gathered(of, text)
    of.call.rewritten("Spark's lists have no order, and leave NULL out")
    keys = "".join(f", 'k{index}', {each.text}" for index, (each, _, _) in enumerate(of.orders))
    gathered = of.over(f"collect_list(named_struct('v', {text}{keys}))")
    compare = " ".join(_compared(f"k{index}", down, first) for index, (_, down, first) in enumerate(of.orders))
    ordered = f"array_sort({gathered}, (a, b) -> CASE {compare} ELSE 0 END)"
    return f"nullif(transform({ordered}, e -> e.v), array())"


def _compared(key: str, descending: bool, nulls_first: bool) -> str:
    left, right = f"a.{key}", f"b.{key}"
    first = -1 if nulls_first else 1
    less = 1 if descending else -1
    return (
        f"WHEN {left} IS NULL AND {right} IS NOT NULL THEN {first}"
        f" WHEN {left} IS NOT NULL AND {right} IS NULL THEN {-first}"
        f" WHEN {left} < {right} THEN {less} WHEN {left} > {right} THEN {-less}"
    )


def _string_agg(of: Aggregate) -> Value:
    mark = aggregating.texts(of)
    values = f"filter({_collected(of, of.call.arguments[0].text)}, e -> e IS NOT NULL)"
    # Of no value that is not NULL, the result is NULL.
    return Value(f"array_join(nullif({values}, array()), {mark})", VARCHAR)


_quantile = aggregating.quantile("percentile({0}, {1})", "Spark's name is percentile")

RULES: dict[str, AggregateRule] = {
    **aggregating.RULES,
    **dict.fromkeys(("count_if", "countif"), aggregating.count_if("count_if({0})")),
    "approx_count_distinct": aggregating.estimate("approx_count_distinct({0})"),
    **dict.fromkeys(("covar_pop", "covar_samp"), aggregating.pair),
    **dict.fromkeys(("median", "quantile_cont"), _quantile),
    **dict.fromkeys(aggregating.MAX_BY, _arg),
    **dict.fromkeys(aggregating.LISTS, _list),
    **dict.fromkeys(aggregating.TEXTS, _string_agg),
}
