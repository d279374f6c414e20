"""What is refused whatever the columns of tables are: constructs and functions without a rule, found before any type is
known.

What is found here is refused by the translation too; what is not found may be refused all the same, by its types.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mason.errors import TranslationError
from mason.sql.functions import refusal
from mason.sql.parsed import Tree, parse
from mason.sql.translating.expressions import KINDS, remedy_for
from mason.sql.translating.relations import DESCRIBE_ONLY, DESCRIBE_REMEDY, described_table
from mason.sql.translating.rules import Dialect, is_interval
from mason.sql.translating.windows import is_window_function

_QUERIES = ("SELECT_NODE", "SET_OPERATION_NODE")
_RELATIONS = ("BASE_TABLE", "SUBQUERY", "JOIN", "EXPRESSION_LIST", "TABLE_FUNCTION", "SHOW_REF", "EMPTY")
_SERIES = ("range", "generate_series")
# Read where select lists and calls are: they are no calls of a function with a rule.
_ELSEWHERE = ("unnest", "list_sort")


def faults(sql: str, dialect: Dialect) -> list[TranslationError]:
    """Why the query ``sql`` is refused whatever its tables hold, each reason with its place; none where that is not so.

    Raises :class:`TranslationError` for what is no query.
    """
    tree = parse(sql)
    found = {(error.line, error.column, error.reason): error for error in _faults(tree, dialect)}
    return [found[key] for key in sorted(found)]


def _faults(tree: Tree, dialect: Dialect) -> Iterator[TranslationError]:
    # A stack and not recursion: queries nest deeper than Python likes to. Places are those of the nearest node around.
    waiting: list[tuple[Any, int]] = [(tree.raw, tree.place)]
    while waiting:
        raw, place = waiting.pop()
        if isinstance(raw, list):
            waiting += [(each, place) for each in raw]
        elif isinstance(raw, Mapping):
            node = Tree(raw, tree.source, place) if "type" in raw else None
            if node is not None:
                place = node.place
                yield from _of_node(node, dialect)
            function = raw.get("function") if raw.get("type") == "TABLE_FUNCTION" else None
            for key, each in raw.items():
                # Its arguments alone: its name is not that of an expression.
                waiting.append((each["children"] if function is not None and key == "function" else each, place))
            if isinstance(each := raw.get("from_table"), Mapping) and each.get("type") not in _RELATIONS:
                relation = Tree(each, tree.source, place)
                said = relation.kind.replace("_", " ").lower()
                yield relation.refused(
                    f"{said} in FROM is not known to be the same in {dialect.engine}",
                    "Use tables, joins and subqueries.",
                )


def _of_node(node: Tree, dialect: Dialect) -> Iterator[TranslationError]:
    raw, engine = node.raw, dialect.engine
    kind = str(raw["type"])
    if kind.endswith("_NODE") and kind not in _QUERIES and "modifiers" in raw:
        said = kind.replace("_NODE", "").replace("_", " ").lower()
        yield node.refused(f"a {said} query is not known to be the same in {engine}", "Write it with SELECT and joins.")
    if kind == "TABLE_FUNCTION":
        name = str(raw["function"]["function_name"]).lower()
        if name not in _SERIES:
            yield node.refused(f"{name} in FROM is not known to be the same in {engine}", "Use a table.")
    if kind == "SHOW_REF" and described_table(node) is None:
        yield node.refused(DESCRIBE_ONLY, DESCRIBE_REMEDY)
    if kind == "JOIN" and "join_type" in raw:
        reference, joined = raw["ref_type"], raw["join_type"]
        if reference not in ("REGULAR", "CROSS") or joined not in dialect.joins:
            said = f"{reference} {joined}".replace("REGULAR ", "")
            yield node.refused(f"the {said} join is not known to be the same in {engine}", "Use JOIN with ON.")
    if raw.get("class") in KINDS:
        yield from _of_expression(node, dialect)
    elif raw.get("class") not in (None, "", "STAR"):
        said = node.kind.rpartition(" ")[2].replace("_", " ").lower()
        yield node.refused(f"{said} is not known to be the same in {engine}", "Write it otherwise.")


def _of_expression(node: Tree, dialect: Dialect) -> Iterator[TranslationError]:
    raw = node.raw
    if raw["class"] not in ("FUNCTION", "WINDOW"):
        return
    name = str(raw["function_name"]).lower()
    if reason := refusal(name):
        yield node.refused(reason.removesuffix(". Leave it out."), "Leave it out.")
    elif raw["class"] == "WINDOW":
        if name not in dialect.aggregates and not is_window_function(name):
            yield node.refused(
                f"the window function {name} is not known to be the same", "Use row_number, rank, lag or lead."
            )
    elif not (name in dialect.aggregates or name in dialect.functions or name in _ELSEWHERE or is_interval(name)):
        yield node.refused(f"{name} is not known to be the same in {dialect.engine}", remedy_for(dialect, name))
