"""Windows and keys of orders: where NULL stands, which rows a frame holds, of which type results are."""

from __future__ import annotations

from mason.sql.foreign.foreign import Call, Work
from mason.sql.foreign.part import Part
from mason.sql.foreign.rules_back import cast
from mason.sql.foreign.sight import Sight
from mason.sql.sql_types import DOUBLE
from mason.sql.translating.translated import Value

_RANKS = ("row_number", "rank", "dense_rank", "percent_rank", "cume_dist")
_FRAMED = ("first_value", "last_value", "nth_value")
NAMES = (*_RANKS, "ntile", "lag", "lead", *_FRAMED)
"""Window functions that are no aggregates."""
_UNFRAMED = (*_RANKS, "ntile", "lag", "lead")
_EDGES = {("UNBOUNDED", "PRECEDING"), ("UNBOUNDED", "FOLLOWING"), ("CURRENT ROW", "")}


def key(work: Work, part: Part, sight: Sight) -> tuple[Value, str]:
    """A key of an ORDER BY, and it as DuckDB reads it, with its direction and the place of NULL said."""
    found = work.value(part.child("this"), sight)
    return found, directed(work, part, found, found.text)


def directed(work: Work, part: Part, value: Value, text: str) -> str:
    """A key with its direction and the place of NULL, which the dialect has its own ways for."""
    if value.type.name in ("LIST", "STRUCT", "MAP", "INTERVAL", "BLOB", "NULL"):
        raise part.refused(f"an order of {value.type} is not known to be the same", "Order by parts of it.")
    if value.is_constant:
        raise part.refused("an order by a constant is not known to be the same", "Order by columns.")
    work.written.check_compared(part, value.type, ordered=True)
    if note := work.written.compared_note(value.type):
        work.noted(part, note)
    down, first = bool(part.take("desc")), bool(part.take("nulls_first"))
    part.close()
    return f"{text} {'DESC' if down else 'ASC'} NULLS {'FIRST' if first else 'LAST'}"


def over(work: Work, part: Part, sight: Sight, name: str) -> tuple[str, int]:
    """OVER with its parentheses, and how many keys its order has."""
    part.take("over")
    if part.take("first") is not None:
        raise part.refused("such a window is not known to be the same", "Write OVER (...).")
    alias = part.maybe("alias")
    held = part
    if alias is not None:
        named = str(alias.take("this"))
        if named.lower() not in sight.windows:
            raise part.refused(f"there is no window {named}", "Write OVER (...).")
        if any(part.of.args.get(each) for each in ("partition_by", "order", "spec")):
            raise part.refused("a window that another one is made of is not known to be the same", "Write it out.")
        named_part = sight.windows[named.lower()]
        held = Part(named_part.of, part.source, part)
        held.take("this")
        held.take("over")
    partitions = []
    for each in held.children("partition_by"):
        found = work.value(each, sight)
        if found.type.name in ("MAP", "STRUCT", "INTERVAL"):
            raise each.refused(f"a partition by {found.type} is not known to be the same", "Use parts of it.")
        work.written.check_compared(each, found.type, ordered=False)
        partitions.append(found.text)
    order = held.maybe("order")
    keys = [key(work, each, sight)[1] for each in order.children()] if order is not None else []
    if order is not None:
        order.close()
    frame = _frame(work, held, name, bool(keys))
    if held is not part:
        held.close()
    if name in _UNFRAMED and not keys:
        raise part.refused(f"{name} without ORDER BY counts in no certain order", "Write OVER (ORDER BY ...).")
    if name in ("row_number", "ntile", "lag", "lead", *_FRAMED) or "ROWS" in frame:
        work.noted(part, f"of rows with an equal order, {name} takes any first")
    inside = [f"PARTITION BY {', '.join(partitions)}"] if partitions else []
    inside += [f"ORDER BY {', '.join(keys)}"] if keys else []
    inside += [frame] if frame else []
    return f"OVER ({' '.join(inside)})", len(keys)


def _frame(work: Work, part: Part, name: str, is_ordered: bool) -> str:
    spec = part.maybe("spec")
    if spec is None:
        return ""
    if name in _UNFRAMED:
        raise part.refused(f"a frame for {name} is not known to be the same", "Leave it out.")
    kind = str(spec.take("kind"))
    edges = []
    for name_of, side_of in (("start", "start_side"), ("end", "end_side")):
        edge, side = spec.take(name_of), str(spec.take(side_of) or "")
        if edge is None:
            edge, side = "CURRENT ROW", ""
        if isinstance(edge, str):
            if (edge, side) not in _EDGES:
                raise part.refused("such a frame is not known to be the same", "Use ROWS.")
            edges.append(f"{edge} {side}".strip())
            continue
        number = str(edge.args.get("this"))
        if kind != "ROWS" or type(edge).__name__ != "Literal" or not number.isdigit():
            raise part.refused("a frame with such a distance is not known to be the same", "Use ROWS and numbers.")
        edges.append(f"{number} {side}")
    spec.close()
    if kind not in ("ROWS", "RANGE"):
        raise part.refused(f"a frame of {kind} is not known to be the same", "Use ROWS.")
    if not is_ordered and kind == "ROWS":
        raise part.refused("a frame without ORDER BY holds no certain rows", "Write OVER (ORDER BY ...).")
    return f"{kind} BETWEEN {edges[0]} AND {edges[1]}"


def ranked(call: Call, over: str, keys: int, ignores: bool) -> Value:
    """A window function that is no aggregate."""
    name, written = call.name, call.written
    if ignores and not (written.ignore_nulls and name in ("lag", "lead", *_FRAMED)):
        raise call.refused(f"IGNORE NULLS in {name} is not known to be the same", "Leave it out.")
    said = " IGNORE NULLS" if ignores else ""
    if name in _RANKS:
        call.count(0)
        text = f"{name}() {over}"
        return Value(text, DOUBLE) if name in written.cumulative else cast(text, written.rank_type)
    if name == "ntile":
        call.count(1)
        if call.whole(0) < 1:
            raise call.refused("ntile of no part is not known to be the same", "Name a number from 1.")
        return cast(f"ntile({call.whole(0)}) {over}", written.ntile_type)
    if name in ("lag", "lead"):
        call.count(1, 3)
        value = call.arguments[0]
        steps = call.whole(1) if len(call.arguments) > 1 else 1
        if steps < 0:
            raise call.refused(f"{name} by a negative number is not known to be the same", "Use lag or lead.")
        default = ""
        if len(call.arguments) > 2:
            default = f", {written.implicit(call.part, call.arguments[2], value.type).text}"
        return Value(f"{name}({value.text}, {steps}{default}{said}) {over}", value.type)
    if name in _FRAMED:
        call.count(2 if name == "nth_value" else 1)
        more = f", {call.whole(1)}" if name == "nth_value" else ""
        if name == "nth_value" and call.whole(1) < 1:
            raise call.refused("nth_value counts from 1", "Name a number from 1.")
        return Value(f"{name}({call.arguments[0].text}{more}{said}) {over}", call.arguments[0].type)
    raise call.refused(f"the window function {name} has no rule", "Use row_number, rank, lag or lead.")
