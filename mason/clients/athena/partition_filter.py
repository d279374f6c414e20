"""Which partitions a query reads, decided by Mason with the types of their columns. Pure.

Glue compares keys as text where they are not declared as numbers or dates ("10" comes before "9"), and one server that
speaks its protocol takes no filter at all, so the values are compared here. Only comparisons with constants that all
rows have to pass are understood; whatever else a query says leaves all partitions in, which is never too few.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from operator import eq, ge, gt, le, lt, ne
from typing import Any, TypeAlias

from mason.clients._hive_tables.partition_names import HIVE_NULL
from mason.errors import TranslationError
from mason.sql.parsed import parse
from mason.sql.table_argument import quoted

Wanted = Callable[[Sequence[str]], bool]

_COMPARED: Mapping[str, Callable[[Any, Any], bool]] = {
    "COMPARE_EQUAL": eq,
    "COMPARE_NOTEQUAL": ne,
    "COMPARE_LESSTHAN": lt,
    "COMPARE_LESSTHANOREQUALTO": le,
    "COMPARE_GREATERTHAN": gt,
    "COMPARE_GREATERTHANOREQUALTO": ge,
}
_TURNED = {lt: gt, gt: lt, le: ge, ge: le}
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_Constant: TypeAlias = "tuple[str, str]"
_NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "DECIMAL", "FLOAT", "DOUBLE")


def filter_of(sql: str, columns: Sequence[tuple[str, str]]) -> Wanted:
    """What tells of a partition's values whether the one table of the query ``sql`` is read there.

    ``columns`` are the partition columns in their order, with DuckDB's types.
    """
    places = {name.lower(): (place, kind) for place, (name, kind) in enumerate(columns)}
    try:
        tests = list(_tests(parse(quoted(sql)).raw, places)) if sql else []
    except TranslationError:
        # Refused elsewhere, with the place.
        tests = []

    def wanted(values: Sequence[str]) -> bool:
        return all(test(values[place]) for place, test in tests if place < len(values))

    return wanted


def _tests(
    tree: Mapping[str, Any], places: Mapping[str, tuple[int, str]]
) -> Iterator[tuple[int, Callable[[str], bool]]]:
    node = tree.get("node", tree)
    source = node.get("from_table") or {}
    # What WITH defines and columns under other names are no columns of the table.
    if node.get("type") != "SELECT_NODE" or (node.get("cte_map") or {}).get("map"):
        return
    if source.get("type") != "BASE_TABLE" or source.get("column_name_alias"):
        return
    waiting = [node.get("where_clause")]
    while waiting:
        each = waiting.pop()
        if not isinstance(each, dict):
            continue
        if each.get("type") == "CONJUNCTION_AND":
            waiting += each["children"]
        elif each.get("type") in _COMPARED:
            yield from _comparison(each["left"], each["right"], _COMPARED[each["type"]], places)
        elif each.get("type") == "COMPARE_BETWEEN":
            yield from _comparison(each["input"], each["lower"], ge, places)
            yield from _comparison(each["input"], each["upper"], le, places)
        elif each.get("type") == "COMPARE_IN":
            yield from _in(each["children"], places)


def _comparison(
    left: Any, right: Any, compare: Callable[[Any, Any], bool], places: Mapping[str, tuple[int, str]]
) -> Iterator[tuple[int, Callable[[str], bool]]]:
    if _column(left, places) is None:
        left, right, compare = right, left, _TURNED.get(compare, compare)
    column, constant = _column(left, places), _constant(right)
    if column is not None and constant is not None:
        place, kind = column
        yield place, lambda value: _passes(value, constant, kind, compare)


def _in(children: Sequence[Any], places: Mapping[str, tuple[int, str]]) -> Iterator[tuple[int, Callable[[str], bool]]]:
    column, constants = _column(children[0], places), [_constant(each) for each in children[1:]]
    if column is not None and None not in constants:
        place, kind = column
        yield place, lambda value: any(_passes(value, each, kind, eq) for each in constants if each is not None)


def _passes(value: str, constant: _Constant, kind: str, compare: Callable[[Any, Any], bool]) -> bool:
    """Whether a value passes a comparison; true as well where that cannot be told."""
    text, written = constant
    if value == HIVE_NULL:
        return False
    if kind == "VARCHAR":
        return compare(value, text) if written == "VARCHAR" else True
    if kind == "DATE":
        return compare(value, text) if _DAY.fullmatch(value) and _DAY.fullmatch(text) else True
    if not kind.startswith(_NUMBERS) or written == "DATE":
        return True
    try:
        return compare(Decimal(value), Decimal(text))
    except (InvalidOperation, ValueError):
        return True


def _column(node: Any, places: Mapping[str, tuple[int, str]]) -> tuple[int, str] | None:
    if not isinstance(node, dict) or node.get("class") != "COLUMN_REF":
        return None
    return places.get(str(node["column_names"][-1]).lower())


def _constant(node: Any) -> _Constant | None:
    """The text of a constant and its type: ``DATE`` for ``DATE '2024-01-01'``; other casts are none."""
    if not isinstance(node, dict):
        return None
    if node.get("class") == "CAST" and node["cast_type"]["id"] == "DATE":
        inner = _constant(node["child"])
        return (inner[0], "DATE") if inner is not None and inner[1] == "VARCHAR" else None
    if node.get("class") != "CONSTANT" or node["value"].get("is_null"):
        return None
    value, kind = node["value"]["value"], node["value"]["type"]
    if kind["id"] == "DECIMAL":
        return str(Decimal(value).scaleb(-(kind.get("type_info") or {}).get("scale", 0))), "DECIMAL"
    return (str(value), kind["id"]) if isinstance(value, (str, int, float)) else None
