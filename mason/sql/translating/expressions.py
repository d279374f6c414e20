"""Expressions: a rule for each kind of node and for each function; what has none is refused."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from mason.sql.functions import refusal
from mason.sql.parsed import Tree
from mason.sql.sql_types import BIGINT, BOOLEAN, DOUBLE, HUGEINT, INTEGER, NULL, VARCHAR, from_tree
from mason.sql.translating import arithmetic
from mason.sql.translating.casting import explicit
from mason.sql.translating.meeting import meet
from mason.sql.translating.rules import Aggregate, Call, Dialect, Work, interval
from mason.sql.translating.scopes import Scope
from mason.sql.translating.translated import Value
from mason.sql.translating.windows import direction_of, ordered, window

_COMPARISONS = {
    "COMPARE_EQUAL": "=",
    "COMPARE_NOTEQUAL": "<>",
    "COMPARE_LESSTHAN": "<",
    "COMPARE_LESSTHANOREQUALTO": "<=",
    "COMPARE_GREATERTHAN": ">",
    "COMPARE_GREATERTHANOREQUALTO": ">=",
}
_DIRECTIONS = ("ORDER_DEFAULT", "ASCENDING", "DESCENDING")
_REMEDIES = {
    "random": "Make such values where the table is written.",
    "first": "Use arg_min(value, order), or min.",
    "any_value": "Use min or max.",
    "mode": "Count the values in a subquery.",
    "current_date": "Give the day as a parameter.",
    "now": "Give the time as a parameter.",
    "today": "Give the day as a parameter.",
    "strptime": "Write texts as 2024-01-31, and cast them.",
    "format": "Put the parts together with ||.",
    "printf": "Put the parts together with ||.",
}


def value(work: Work, node: Tree, place: Scope) -> Value:
    """Translate ``node``; raises :class:`mason.errors.TranslationError` for what has no rule."""
    kind = node.kind
    rule = KINDS.get(kind.partition(" ")[0])
    if rule is None:
        said = kind.rpartition(" ")[2].replace("_", " ").lower()
        raise node.refused(f"{said} is not known to be the same in {work.dialect.engine}", "Write it otherwise.")
    found = rule(work, node, place)
    # The name of a column is read where select lists are.
    node["alias"]
    node.close()
    return found


def _constant(work: Work, node: Tree, place: Scope) -> Value:
    held, writing = node["value"], work.dialect
    if held["is_null"]:
        return Value("NULL", NULL, True, None)
    type_ = from_tree(held["type"])
    given: Any = held["value"]
    if type_ in (INTEGER, BIGINT):
        return Value(writing.integer(given, type_), type_, True, given)
    if type_ == HUGEINT and abs(number := _wide(given)) < 10**38:
        return Value(writing.integer(number, type_), type_, True, number)
    if type_.name == "DECIMAL":
        exact = Decimal(_wide(given)).scaleb(-type_.scale)
        return Value(writing.exact(exact, type_), type_, True, exact)
    if type_ == DOUBLE:
        return Value(writing.double(given), type_, True, float(given))
    if type_ == VARCHAR and writing.can_say(given):
        return Value(writing.text(given), type_, True, given)
    if type_ == BOOLEAN:
        return Value(str(given).upper(), type_, True, given)
    raise node.refused(f"a value of {type_} is not known to be the same", "Write it otherwise.")


def _wide(given: Any) -> int:
    """A whole number, which DuckDB writes in two halves where it is wide."""
    return int(given["upper"]) * 2**64 + int(given["lower"]) if isinstance(given, dict) else int(given)


def _column(work: Work, node: Tree, place: Scope) -> Value:
    names = [str(each) for each in node["column_names"]]
    reason = refusal(names[0])
    if reason:
        raise node.refused(reason.rstrip("."), "Leave it out.")
    if len(names) == 1 and names[0].lower() in ("current_date", "current_timestamp", "current_time", "localtime"):
        raise node.refused(f"{names[0]} is another one at each run", "Give it as a parameter.")
    return place.column(node, names)


def _cast(work: Work, node: Tree, place: Scope) -> Value:
    target, tried = from_tree(node["cast_type"]), bool(node["try_cast"])
    return explicit(work, node, value(work, node.child("child"), place), target, tried)


def _comparison(work: Work, node: Tree, place: Scope) -> Value:
    sides = [value(work, node.child(name), place) for name in ("left", "right")]
    call = Call(work, node, place, "a comparison", sides)
    kind = node.kind.rpartition(" ")[2]
    if kind in _COMPARISONS:
        return arithmetic.compared(call, _COMPARISONS[kind])
    if kind in ("COMPARE_DISTINCT_FROM", "COMPARE_NOT_DISTINCT_FROM"):
        same = arithmetic.same(call)
        return Value(same if kind == "COMPARE_NOT_DISTINCT_FROM" else f"(NOT {same})", BOOLEAN)
    raise node.refused(f"{kind.lower()} is not known to be the same", "Write it otherwise.")


def _conjunction(work: Work, node: Tree, place: Scope) -> Value:
    parts = [truth(work, child, place) for child in node.children()]
    word = " AND " if node.kind.endswith("AND") else " OR "
    return Value(f"({word.join(parts)})", BOOLEAN)


def truth(work: Work, node: Tree, place: Scope) -> str:
    """A condition's text; refuses what is no BOOLEAN."""
    found = value(work, node, place)
    if found.type not in (BOOLEAN, NULL):
        raise node.refused(f"{found.type} stands for a condition", "Write a comparison.")
    return found.text if found.type == BOOLEAN else work.dialect.cast("NULL", BOOLEAN)


def _operator(work: Work, node: Tree, place: Scope) -> Value:
    kind = node.kind.rpartition(" ")[2]
    children = node.children()
    if kind == "OPERATOR_NOT":
        return Value(f"(NOT {truth(work, children[0], place)})", BOOLEAN)
    found = [value(work, child, place) for child in children]
    call = Call(work, node, place, kind.lower().replace("operator_", "").replace("compare_", ""), found)
    if kind in ("OPERATOR_IS_NULL", "OPERATOR_IS_NOT_NULL"):
        return Value(f"({found[0].text} {kind[9:].replace('_', ' ')})", BOOLEAN)
    if kind in ("COMPARE_IN", "COMPARE_NOT_IN"):
        type_ = arithmetic.comparable(call)
        tested, *listed = (call.to(index, type_) for index in range(len(found)))
        return Value(f"({tested} {'NOT ' if 'NOT' in kind else ''}IN ({', '.join(listed)}))", BOOLEAN)
    if kind == "OPERATOR_COALESCE":
        type_ = meet(node, found)
        return Value(f"coalesce({', '.join(call.to(index, type_) for index in range(len(found)))})", type_)
    if kind in ("ARRAY_EXTRACT", "STRUCT_EXTRACT") and "array_extract" in work.dialect.functions:
        return work.dialect.functions["array_extract"](call)
    said = kind.lower().replace("_", " ")
    raise node.refused(f"{said} is not known to be the same in {work.dialect.engine}", "Write it otherwise.")


def _between(work: Work, node: Tree, place: Scope) -> Value:
    parts = [value(work, node.child(name), place) for name in ("input", "lower", "upper")]
    call = Call(work, node, place, "BETWEEN", parts)
    type_ = arithmetic.comparable(call)
    one, low, high = (arithmetic.sortable(call, index, type_) for index in range(3))
    # What stands between BETWEEN and AND is no whole expression in every grammar.
    low, high = (each if each == call.to(index, type_) else f"({each})" for index, each in ((1, low), (2, high)))
    return Value(f"({one} BETWEEN {low} AND {high})", BOOLEAN)


def _case(work: Work, node: Tree, place: Scope) -> Value:
    checks = [
        (Tree(each["when_expr"], node.source, node.place), Tree(each["then_expr"], node.source, node.place))
        for each in node["case_checks"]
    ]
    conditions = [truth(work, when, place) for when, _ in checks]
    results = [value(work, then, place) for _, then in checks]
    results.append(value(work, node.child("else_expr"), place))
    type_ = meet(node, results)
    texts = [work.cast(node, result, type_).text for result in results]
    cases = " ".join(f"WHEN {when} THEN {then}" for when, then in zip(conditions, texts, strict=False))
    return Value(f"CASE {cases} ELSE {texts[-1]} END", type_)


def _subquery(work: Work, node: Tree, place: Scope) -> Value:
    kind, engine = node["subquery_type"], work.dialect.engine
    comparison = node["comparison_type"]
    child = node.maybe("child")
    inner = node.child("subquery").child("node")
    if (
        kind == "ANY"
        and inner.raw["select_list"][0].get("function_name") == "unnest"
        and not inner.raw["from_table"].get("table_name")
    ):
        raise node.refused("= ANY(list) is not known to be the same", "Write IN (...), or list_contains(list, value).")
    query = work.subquery(inner, place)
    if kind == "EXISTS":
        return Value(f"EXISTS ({query.text})", BOOLEAN)
    if len(query.columns) != 1:
        raise node.refused(
            "a subquery of several columns is not known to be the same", "Let it answer with one column."
        )
    type_ = query.columns[0].type
    if kind == "SCALAR":
        if query.is_correlated and work.dialect.one_row_subqueries and not _is_one_row(inner):
            raise node.refused(
                f"{engine} takes such a subquery only if it is an aggregate without GROUP BY",
                "Write min(...), or a join.",
            )
        return Value(f"({query.text})", type_)
    if kind == "ANY" and comparison == "COMPARE_EQUAL" and child is not None:
        if work.dialect.in_only_in_where and id(node.raw) not in place.conjuncts:
            raise node.refused(
                f"{engine} answers FALSE for NULL where IN (SELECT ...) is no condition of WHERE by itself",
                "Write EXISTS.",
            )
        tested = value(work, child, place)
        if tested.type != type_ and not tested.is_text:
            raise node.refused(f"{tested.type} is looked for in a subquery of {type_}", "Cast them to one type.")
        return Value(f"({work.cast(node, tested, type_).text} IN ({query.text}))", BOOLEAN)
    raise node.refused(f"a subquery with {kind} is not known to be the same", "Use IN, EXISTS or a join.")


def _is_one_row(node: Tree) -> bool:
    """Whether a SELECT is one aggregate of all its rows."""
    raw = node.raw
    items = raw.get("select_list", [])
    return (
        not raw.get("modifiers")
        and not raw.get("group_expressions")
        and not raw.get("having")
        and len(items) == 1
        and items[0].get("function_name") in ("count_star", "count", "sum", "avg", "min", "max")
    )


def _function(work: Work, node: Tree, place: Scope) -> Value:
    name = str(node["function_name"]).lower()
    node["is_operator"]
    if node["schema"] not in ("", "main") or node["catalog"]:
        raise node.refused(
            f"{node['schema']}.{name} is not known in {work.dialect.engine}", "Use a function of DuckDB's own."
        )
    if (reason := refusal(name)) != "":
        raise node.refused(reason.rstrip("."), "Leave it out.")
    if name in work.dialect.aggregates:
        return _aggregate(work, node, place, name)
    if name == "list_sort" and (sorted_list := _sorted_list(node)) is not None:
        return value(work, sorted_list, place)
    found = interval(work, node, name)
    if found is not None:
        return found
    rule = work.dialect.functions.get(name)
    if rule is None:
        raise node.refused(
            f"{name} is not known to be the same in {work.dialect.engine}", remedy_for(work.dialect, name)
        )
    return rule(Call(work, node, place, name, _arguments(work, node, place, name)))


def remedy_for(dialect: Dialect, name: str) -> str:
    """What to write instead of a function that has no rule."""
    return dialect.remedies.get(name) or _REMEDIES.get(name, "Write it otherwise.")


def _sorted_list(node: Tree) -> Tree | None:
    """``list(x ORDER BY x)``, which DuckDB reads as a call of list_sort; ``None`` for other calls."""
    first, *others = node["children"]
    said = [each.get("value", {}).get("value") for each in others]
    if first.get("function_name") not in ("list", "array_agg") or len(said) != 2 or said[0] not in _DIRECTIONS:
        return None
    key = {"type": said[0], "null_order": said[1], "expression": first["children"][0]}
    order = {"type": "ORDER_MODIFIER", "orders": [key]}
    return Tree({**first, "order_bys": order}, node.source, node.place)


def _arguments(work: Work, node: Tree, place: Scope, name: str) -> list[Value]:
    children = node.children()
    if name != "struct_pack" and any(child.raw.get("alias") for child in children):
        raise node.refused(f"{name} with named arguments is not known to be the same", "Leave the names out.")
    return [value(work, child, place) for child in children]


def _aggregate(work: Work, node: Tree, place: Scope, name: str) -> Value:
    call = Call(work, node, place, name, _arguments(work, node, place, name))
    filtered = node.maybe("filter")
    if filtered is not None and not work.dialect.filter_clause:
        raise node.refused(f"{work.dialect.engine} has no FILTER", "Write CASE WHEN ... THEN ... END in the aggregate.")
    condition = f" FILTER (WHERE {truth(work, filtered, place)})" if filtered is not None else ""
    orders = []
    for each in Tree(node["order_bys"], node.source, node.place).children("orders"):
        key, _ = ordered(work, each, place)
        orders.append((key, *direction_of(each)))
    of = Aggregate(call, bool(node["distinct"]), orders, lambda text: text + condition, False)
    return work.dialect.aggregates[name](of)


KINDS = {
    "CONSTANT": _constant,
    "COLUMN_REF": _column,
    "CAST": _cast,
    "COMPARISON": _comparison,
    "CONJUNCTION": _conjunction,
    "OPERATOR": _operator,
    "BETWEEN": _between,
    "CASE": _case,
    "SUBQUERY": _subquery,
    "FUNCTION": _function,
    "WINDOW": window,
}
"""The rule of each class of expressions."""
