"""The order of an answer, and how many rows of it are taken."""

from __future__ import annotations

from mason.sql.foreign.foreign import Work
from mason.sql.foreign.part import Part
from mason.sql.foreign.sight import Sight
from mason.sql.foreign.windows_back import directed
from mason.sql.translating.translated import Query, Value
from mason.sql.translations import Column


def ordinal(part: Part, count: int) -> int | None:
    """The place that a number stands for, from 0; ``None`` for other expressions."""
    if part.kind != "Literal" or part.of.args.get("is_string") or not str(part.of.this).isdigit():
        return None
    place = int(part.of.this)
    if not 1 <= place <= count:
        raise part.refused(f"there is no column {place}", "Name a column.")
    return place - 1


def orders(work: Work, part: Part, sight: Sight, columns: list[Column], items: list[Value], is_distinct: bool) -> str:
    """ORDER BY, as DuckDB reads it: columns of the answer by their places."""
    order = part.maybe("order")
    if order is None:
        return ""
    sight.outputs_first = work.written.order_by_outputs
    found = []
    for each in order.children():
        inner = each.child("this")
        index = _output(work, inner, columns)
        if index is not None:
            value = items[index]
            names = [column.name.lower() for column in columns]
            is_one = names.count(names[index]) == 1
            text = str(index + 1) if is_one or not is_distinct else ""
            if not text:
                raise each.refused(f"{names[index]} is the name of several columns", "Give each another name.")
        else:
            sight.with_aliases = work.written.order_by_outputs
            value = work.value(inner, sight)
            text = value.text
        found.append(directed(work, each, Value("", value.type), text))
    order.close()
    return f" ORDER BY {', '.join(found)}"


def _output(work: Work, part: Part, columns: list[Column]) -> int | None:
    """The column of the answer that a key of the order names."""
    place = ordinal(part, len(columns))
    if place is not None:
        return place
    if part.kind != "Column" or part.of.args.get("table"):
        return None
    named = part.of.args["this"]
    matches = [
        index
        for index, column in enumerate(columns)
        if work.written.is_name_of(str(named.this), bool(named.args.get("quoted")), column.name)
    ]
    if len(matches) > 1:
        raise part.refused(f"{named.this} is the name of several columns", "Give each a name of its own.")
    return matches[0] if matches else None


def outer_order(work: Work, part: Part, inner: Query) -> str:
    """ORDER BY and LIMIT behind a query in parentheses."""
    if not any(part.of.args.get(name) for name in ("order", "limit", "offset")):
        return ""
    values = [Value("", column.type) for column in inner.columns]
    sight = Sight(work.written)
    keys = orders(work, part, sight, list(inner.columns), values, False)
    return f"{keys}{limited(work, part, bool(keys))}"


def limited(work: Work, part: Part, is_ordered: bool) -> str:
    """LIMIT and OFFSET, or FETCH."""
    text = ""
    limit, offset = part.maybe("limit"), part.maybe("offset")
    if limit is not None:
        if limit.kind == "Fetch":
            limit.take("direction")
            options = limit.maybe("limit_options")
            if options is not None and (options.take("percent") or options.take("with_ties")):
                raise limit.refused("such a FETCH is not known to be the same", "Write a number of rows.")
            text += f" LIMIT {_count(limit.child('count'))}"
        else:
            text += f" LIMIT {_count(limit.child('expression'))}"
        limit.close()
    if offset is not None:
        text += f" OFFSET {_count(offset.child('expression'))}"
        offset.close()
    if text and not is_ordered:
        work.noted(part, "without ORDER BY it is not certain which rows LIMIT takes")
    return text


def _count(part: Part) -> int:
    if part.kind != "Literal" or part.take("is_string") or not str(part.take("this")).isdigit():
        raise part.refused("a limit that is computed is not known to be the same", "Write the number of rows.")
    return int(str(part.take("this")))
