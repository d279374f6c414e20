"""Aggregates: of which type their results are, and what they make of NULL, of no rows and of an order.

Each rule makes calls with ``over``, which puts FILTER or OVER behind every one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mason.sql.spark import spark_text
from mason.sql.spark.rules import WIDE, Call, cast_text, number
from mason.sql.spark.translated import Value
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
    SqlType,
    decimal,
    is_number,
    list_of,
)
from mason.values import dataclass


@dataclass(slots=True, frozen=True)
class Aggregate:
    """An aggregate's call with what only aggregates have.

    ``distinct``: whether equal values count once. ``orders``: the texts of its ORDER BY, each with its direction
    (``descending``, ``nulls first``). ``over``: puts FILTER and OVER behind a call. ``in_window``: whether it has OVER.
    """

    call: Call
    distinct: bool
    orders: Sequence[tuple[Value, bool, bool]]
    over: Callable[[str], str]
    in_window: bool

    def plain(self, distinct: bool = False) -> None:
        """Refuse an order and, unless ``distinct``, DISTINCT where they are not known."""
        if self.orders:
            raise self.call.refused(f"{self.call.name} with ORDER BY is not known to be the same", "Leave it out.")
        if self.distinct and (not distinct or self.in_window):
            raise self.call.refused(f"{self.call.name} of DISTINCT is not known to be the same", "Use a subquery.")

    @property
    def word(self) -> str:
        """DISTINCT and a blank, where it was said."""
        return "DISTINCT " if self.distinct else ""


AggregateRule = Callable[[Aggregate], Value]
_ORDERED = (BOOLEAN, VARCHAR, DATE, TIMESTAMP)


def _count(of: Aggregate) -> Value:
    of.plain(distinct=True)
    call = of.call
    if not call.arguments:
        return Value(of.over("count(*)"), BIGINT)
    call.count(1)
    return Value(of.over(f"count({of.word}{call.arguments[0].text})"), BIGINT)


def _sum(of: Aggregate) -> Value:
    of.plain(distinct=True)
    call = of.call
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
        call.rewritten("DuckDB's sum of integers is a HUGEINT, Spark's a BIGINT that overflows")
        return Value(of.over(f"sum({of.word}{cast_text(text, decimal(28, 0))})"), HUGEINT)
    if given.name == "DECIMAL" and given.width <= 28:
        result = decimal(38, given.scale)
        call.rewritten("DuckDB's sum has 38 digits")
        return Value(of.over(f"sum({of.word}{cast_text(text, decimal(28, given.scale))})"), result)
    if given.name == "DECIMAL" or given == HUGEINT:
        result = HUGEINT if given == HUGEINT else decimal(38, given.scale)
        call.work.noted(call.node, WIDE)
        return Value(cast_text(of.over(f"sum({of.word}{text})"), result), result)
    raise call.refused(f"sum of {given} is not known to be the same", "Cast it to DOUBLE.")


def _rounded(call: Call) -> None:
    call.work.noted(call.node, f"{call.name} of DOUBLE rounds in the order of the rows, which no engine promises")


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
        call.work.noted(call.node, WIDE)
    wide = text if given == HUGEINT else cast_text(text, decimal(28, given.scale))
    total = cast_text(of.over(f"sum({of.word}{wide})"), DOUBLE)
    return Value(f"({total} / nullif({of.over(f'count({of.word}{text})')}, 0L))", DOUBLE)


def _extreme(of: Aggregate) -> Value:
    of.plain(distinct=not of.in_window)
    call = of.call
    call.count(1)
    given = call.arguments[0].type
    if not is_number(given) and given not in _ORDERED:
        raise call.refused(
            f"{call.name} of {given} is not known to be the same", "Use it with numbers, texts or dates."
        )
    return Value(of.over(f"{call.name}({call.arguments[0].text})"), given)


def _truth(of: Aggregate) -> Value:
    of.plain(distinct=not of.in_window)
    of.call.count(1)
    return Value(of.over(f"{of.call.name}({of.call.to(0, BOOLEAN)})"), BOOLEAN)


def _count_if(of: Aggregate) -> Value:
    of.plain()
    of.call.count(1)
    of.call.rewritten("DuckDB's count_if is a HUGEINT")
    return Value(cast_text(of.over(f"count_if({of.call.to(0, BOOLEAN)})"), HUGEINT), HUGEINT)


def _spread(of: Aggregate) -> Value:
    """Deviations and variances."""
    of.plain()
    call = of.call
    call.count(1)
    number(call, 0)
    _rounded(call)
    name = {"stddev": "stddev_samp", "variance": "var_samp"}.get(call.name, call.name)
    return Value(of.over(f"{name}({call.to(0, DOUBLE)})"), DOUBLE)


def _pair(of: Aggregate) -> Value:
    of.plain()
    call = of.call
    call.count(2)
    for index in range(2):
        number(call, index)
    _rounded(call)
    return Value(of.over(f"{call.name}({call.to(0, DOUBLE)}, {call.to(1, DOUBLE)})"), DOUBLE)


def _median(of: Aggregate) -> Value:
    of.plain()
    call = of.call
    call.count(1)
    return _continuous(of, "0.5D")


def _quantile(of: Aggregate) -> Value:
    of.plain()
    call = of.call
    call.count(2)
    where = call.arguments[1].constant
    if not call.arguments[1].is_constant or isinstance(where, str | bool | None) or not 0 <= where <= 1:
        raise call.refused("a quantile of a computed fraction is not known to be the same", "Write the fraction.")
    return _continuous(of, spark_text.double(float(where)))


def _continuous(of: Aggregate, where: str) -> Value:
    call = of.call
    given = number(call, 0)
    if given.name == "DECIMAL" or given in (FLOAT, HUGEINT) or of.in_window:
        raise call.refused(f"{call.name} of {given} is not known to be the same", "Cast it to DOUBLE.")
    call.rewritten("Spark's name is percentile")
    return Value(of.over(f"percentile({call.to(0, DOUBLE)}, {where})"), DOUBLE)


def _arg(of: Aggregate) -> Value:
    of.plain()
    call = of.call
    call.count(2)
    one, other = call.arguments
    if other.type not in _ORDERED and not is_number(other.type):
        raise call.refused(f"{call.name} by {other.type} is not known to be the same", "Use numbers, texts or dates.")
    if of.in_window:
        raise call.refused(f"{call.name} in a window is not known to be the same", "Use first_value.")
    name = "max_by" if "max" in call.name else "min_by"
    call.rewritten("DuckDB passes rows over whose value is NULL")
    call.work.noted(call.node, f"of rows with an equal order, {call.name} takes any")
    both = f"CASE WHEN {one.text} IS NULL THEN NULL ELSE {other.text} END"
    return Value(of.over(f"{name}({one.text}, {both})"), one.type)


def _list(of: Aggregate) -> Value:
    call = of.call
    call.count(1)
    return Value(_collected(of, call.arguments[0].text, call.arguments[0].type), list_of(call.arguments[0].type))


def _collected(of: Aggregate, text: str, type_: SqlType) -> str:
    """The values as a list in the order that was said, NULLs kept, and NULL where there is no row."""
    call = of.call
    if of.distinct or of.in_window:
        raise call.refused(f"{call.name} so is not known to be the same", "Use it without DISTINCT and OVER.")
    if not of.orders:
        raise call.refused(
            f"{call.name} without ORDER BY is in no certain order in Spark", f"Write {call.name}(... ORDER BY ...)."
        )
    if not all(each.type in _ORDERED or is_number(each.type) for each, _, _ in of.orders):
        raise call.refused("such an order is not known to be the same", "Order by numbers, texts or dates.")
    if any(each.text != text for each, _, _ in of.orders):
        call.work.noted(call.node, f"of rows with an equal order, {call.name} takes any first")
    call.rewritten("Spark's lists have no order, and leave NULL out")
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
    call = of.call
    call.count(1, 2)
    mark = spark_text.text(call.written(1)) if len(call.arguments) == 2 else "','"
    if call.arguments[0].type != VARCHAR:
        raise call.refused(
            f"{call.name} of {call.arguments[0].type} is not known to be the same", "Cast it to VARCHAR."
        )
    values = f"filter({_collected(of, call.arguments[0].text, VARCHAR)}, e -> e IS NOT NULL)"
    # Of no value that is not NULL, the result is NULL.
    return Value(f"array_join(nullif({values}, array()), {mark})", VARCHAR)


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
    "count_if": _count_if,
    "countif": _count_if,
    **dict.fromkeys(("stddev", "stddev_samp", "stddev_pop", "variance", "var_samp", "var_pop"), _spread),
    **dict.fromkeys(("covar_pop", "covar_samp"), _pair),
    "median": _median,
    "quantile_cont": _quantile,
    **dict.fromkeys(("arg_max", "max_by", "arg_min", "min_by"), _arg),
    **dict.fromkeys(("list", "array_agg"), _list),
    **dict.fromkeys(("string_agg", "group_concat", "listagg"), _string_agg),
}
