"""Window functions: their frames, where NULL stands in an order, and of which type their results are."""

from __future__ import annotations

from mason.sql.parsed import Tree
from mason.sql.sql_types import BIGINT, BLOB, DOUBLE, INTEGER
from mason.sql.translating.rules import Aggregate, Call, Work
from mason.sql.translating.scopes import Scope
from mason.sql.translating.translated import Value

_RANKS = {"row_number": BIGINT, "rank": BIGINT, "dense_rank": BIGINT, "percent_rank": DOUBLE, "cume_dist": DOUBLE}
_FRAMED = {"first_value", "last_value", "nth_value"}
_NEEDS_ORDER = {*_RANKS, "ntile", "lag", "lead", *_FRAMED}
_EDGES = {
    "UNBOUNDED_PRECEDING": "UNBOUNDED PRECEDING",
    "UNBOUNDED_FOLLOWING": "UNBOUNDED FOLLOWING",
    "CURRENT_ROW_ROWS": "CURRENT ROW",
    "CURRENT_ROW_RANGE": "CURRENT ROW",
    "EXPR_PRECEDING_ROWS": "{} PRECEDING",
    "EXPR_FOLLOWING_ROWS": "{} FOLLOWING",
}


def is_window_function(name: str) -> bool:
    """Whether a call with OVER has a rule that no aggregate has."""
    return name in _NEEDS_ORDER


def window(work: Work, node: Tree, place: Scope) -> Value:
    """A call with OVER."""
    name = str(node["function_name"]).lower()
    arguments = [work.value(child, place) for child in node.children()]
    call = Call(work, node, place, name, arguments)
    ignores = "IGNORE NULLS" if node["ignore_nulls"] else ""
    work.dialect.check_window(node, name)
    if ignores and not work.dialect.ignore_nulls:
        raise node.refused(f"{work.dialect.engine} has no IGNORE NULLS", "Leave NULL out in a subquery.")
    orders = [ordered(work, each, place) for each in node.children("orders")]
    if name in _NEEDS_ORDER and not orders:
        raise node.refused(f"{name} without ORDER BY counts in no certain order", "Write OVER (ORDER BY ...).")
    if name not in ("rank", "dense_rank", "percent_rank", "cume_dist") and (name in _NEEDS_ORDER or _counts_rows(node)):
        work.noted(node, f"of rows with an equal order, {name} takes any first")
    over = _over(work, node, place, name, [text for _, text in orders])
    filtered = node.maybe("filter_expr")
    if filtered is not None or node["arg_orders"]:
        raise node.refused("FILTER or an order in a window function is not known to be the same", "Use a CASE.")
    if name in work.dialect.aggregates:
        if ignores:
            raise node.refused(f"IGNORE NULLS in {name} is not known to be the same", "Leave it out.")
        return work.dialect.aggregates[name](
            Aggregate(call, bool(node["distinct"]), (), lambda text: f"{text} {over}", True)
        )
    if ignores and name not in {"lag", "lead", *_FRAMED}:
        raise node.refused(f"IGNORE NULLS in {name} is not known to be the same", "Leave it out.")
    return _own(call, over, f" {ignores}" if ignores else "")


def _counts_rows(node: Tree) -> bool:
    """Whether the frame is one of ROWS that ends within the partition."""
    return any("ROWS" in str(node[edge]) for edge in ("start", "end"))


def _own(call: Call, over: str, ignores: str) -> Value:
    name, node = call.name, call.node
    if name in _RANKS:
        call.count(0)
        if _RANKS[name] == DOUBLE:
            return Value(f"{name}() {over}", DOUBLE)
        return _counted(call, f"{name}() {over}")
    if name == "ntile":
        call.count(1)
        return _counted(call, f"ntile({call.whole(0)}) {over}")
    if name in ("lag", "lead"):
        offset, default = node.maybe("offset_expr"), node.maybe("default_expr")
        call.count(1)
        value = call.arguments[0]
        steps = call.work.value(offset, call.place) if offset is not None else Value("1", INTEGER, True, 1)
        if not steps.is_constant or not isinstance(steps.constant, int) or steps.constant < 0:
            raise node.refused(f"{name} by a computed or negative number is not known to be the same", "Write it.")
        parts = [call.dialect.typed(value), str(steps.constant)]
        if default is not None:
            if not call.dialect.lag_default:
                raise node.refused(f"{name} of {call.dialect.engine} takes no default", "Use coalesce.")
            parts.append(call.work.cast(node, call.work.value(default, call.place), value.type).text)
        return Value(f"{name}({', '.join(parts)}){ignores} {over}", value.type)
    if name in _FRAMED:
        call.count(2 if name == "nth_value" else 1)
        more = f", {call.whole(1)}" if name == "nth_value" else ""
        return Value(f"{name}({call.dialect.typed(call.arguments[0])}{more}){ignores} {over}", call.arguments[0].type)
    raise node.refused(f"the window function {name} is not known to be the same", "Use row_number, rank, lag or lead.")


def _counted(call: Call, text: str) -> Value:
    if call.name not in call.dialect.narrow_counts:
        return Value(text, BIGINT)
    call.rewritten(f"{call.dialect.engine} counts in INT")
    return call.bigint(text)


def ordered(work: Work, node: Tree, place: Scope, *, named: bool = False) -> tuple[Value, str]:
    """A key of an ORDER BY, and it as it is written there, with its direction and the place of NULL said; ``named``: it
    is the name of a column of the answer."""
    value = work.value(node.child("expression"), place)
    direction, first = direction_of(node)
    node.close()
    bytes_too = value.type != BLOB or BLOB in work.dialect.more_ordered
    if value.type.name in ("LIST", "STRUCT", "MAP", "INTERVAL") or not bytes_too:
        raise node.refused(f"an order of {value.type} is not known to be the same", "Order by parts of it.")
    if said := work.dialect.compared_note(value.type):
        work.noted(node, said)
    text = value.text if named else work.dialect.sorted(value)
    return value, f"{text} {'DESC' if direction else 'ASC'} NULLS {'FIRST' if first else 'LAST'}"


def direction_of(node: Tree) -> tuple[bool, bool]:
    """Whether an order is descending, and whether NULL comes first: last unless said otherwise, in DuckDB."""
    kind = node.kind
    nulls = node["null_order"]
    if kind not in ("ORDER_DEFAULT", "ASCENDING", "DESCENDING"):
        raise node.refused("such an order is not known to be the same", "Use ASC or DESC.")
    return kind == "DESCENDING", nulls == "NULLS FIRST"


def _over(work: Work, node: Tree, place: Scope, name: str, orders: list[str]) -> str:
    start, end = node["start"], node["end"]
    partitions = [work.value(child, place) for child in node.children("partitions")]
    for said in filter(None, (work.dialect.compared_note(each.type) for each in partitions)):
        work.noted(node, said)
    parts = [each.text for each in partitions]
    inside = [f"PARTITION BY {', '.join(parts)}"] if parts else []
    inside += [f"ORDER BY {', '.join(orders)}"] if orders else []
    edges = [_edge(work, node, place, start, "start_expr"), _edge(work, node, place, end, "end_expr")]
    default = start == "UNBOUNDED_PRECEDING" and end == "CURRENT_ROW_RANGE"
    if work.dialect.frame_needed and orders and default and (name in _FRAMED or name in work.dialect.aggregates):
        remedy = "Write ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW."
        raise node.refused(f"{work.dialect.engine} takes {name} with ORDER BY only with a frame", remedy)
    if default or name in _RANKS or name in ("ntile", "lag", "lead"):
        if not default:
            raise node.refused(f"a frame for {name} is not known to be the same", "Leave it out.")
        # Without an order every row is in the frame, which some engines have to be told for first_value and its like.
        return f"OVER ({' '.join(inside)})"
    rows = "ROWS" if {start, end} & {"CURRENT_ROW_ROWS", "EXPR_PRECEDING_ROWS", "EXPR_FOLLOWING_ROWS"} else "RANGE"
    if work.dialect.frame_needed and rows == "RANGE":
        raise node.refused(f"{work.dialect.engine} has no frames of RANGE", "Use ROWS.")
    if not orders:
        raise node.refused("a frame without ORDER BY holds no certain rows", "Write OVER (ORDER BY ...).")
    if rows == "ROWS" and {start, end} & {"CURRENT_ROW_RANGE"}:
        raise node.refused("such a frame is not known to be the same", "Use ROWS on both sides.")
    return f"OVER ({' '.join(inside)} {rows} BETWEEN {edges[0]} AND {edges[1]})"


def _edge(work: Work, node: Tree, place: Scope, kind: str, name: str) -> str:
    if kind not in _EDGES:
        raise node.refused("a frame of RANGE or GROUPS with a distance is not known to be the same", "Use ROWS.")
    distance = node.maybe(name)
    if distance is None:
        return _EDGES[kind]
    value = work.value(distance, place)
    if not value.is_constant or not isinstance(value.constant, int) or value.constant < 0:
        raise node.refused("a frame of a computed distance is not known to be the same", "Write the number.")
    return _EDGES[kind].format(value.constant)
