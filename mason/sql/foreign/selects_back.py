"""Queries: SELECT with its clauses, set operations and WITH, each put together anew from parts that were looked up."""

from __future__ import annotations

from collections.abc import Mapping

from mason.sql.foreign.conditions_back import identifier, truth
from mason.sql.foreign.duck_text import DUCK
from mason.sql.foreign.foreign import Call, Work
from mason.sql.foreign.ordering_back import limited, orders, ordinal, outer_order
from mason.sql.foreign.part import Part
from mason.sql.foreign.rules_back import meet
from mason.sql.foreign.sight import Sight, seen
from mason.sql.foreign.sources_back import from_clause
from mason.sql.sql_types import INTEGER, NULL
from mason.sql.translating.translated import Defined, Query, Value
from mason.sql.translations import Column

_SETS = {"Union": "UNION", "Except": "EXCEPT", "Intersect": "INTERSECT"}
_GENERATORS = ("explode", "unnest")
_GROUPED = {"Rollup": "ROLLUP", "Cube": "CUBE", "GroupingSets": "GROUPING SETS"}


def query(
    work: Work, part: Part, defined: Mapping[str, Defined], *, outer: Sight | None = None, named: bool = True
) -> Query:
    """Translate a query.

    ``defined``: what WITH around it defined. ``outer``: the query around, whose names it may use. ``named``: whether
    the names of its columns are asked for; else those that are not known are made up.
    """
    prefix, defined = _with(work, part, defined)
    if part.kind == "Select":
        found = _select(work, part, defined, outer, named)
    elif part.kind in _SETS:
        found = _set_operation(work, part, defined, outer, named)
    elif part.kind == "Subquery":
        if part.take("alias") is not None:
            raise part.refused("such a subquery is not known to be the same", "Leave its name out.")
        inner = query(work, part.child("this"), defined, outer=outer, named=named)
        ordering = outer_order(work, part, inner)
        found = Query(f"({inner.text}){ordering}", inner.columns, inner.is_correlated)
    else:
        raise part.refused(f"{part.kind.lower()} as a query has no rule", "Write SELECT.")
    part.close()
    return Query(prefix + found.text, found.columns, found.is_correlated)


def _with(work: Work, part: Part, defined: Mapping[str, Defined]) -> tuple[str, Mapping[str, Defined]]:
    held = part.maybe("with_")
    if held is None:
        return "", defined
    if held.take("recursive"):
        raise held.refused("WITH RECURSIVE is not known to be the same", "Write it with SELECT and joins.")
    found = []
    for each in held.children():
        alias = each.child("alias")
        name, quoted = identifier(alias.child("this"))
        name = work.written.folded(name, quoted)
        inner = query(work, each.child("this"), defined)
        columns = renamed(work, alias, inner.columns)
        alias.close()
        each.take("materialized")
        each.close()
        defined = {**defined, name.lower(): Defined(name, columns)}
        names = ", ".join(DUCK.identifier(column.name) for column in columns)
        found.append(f"{DUCK.identifier(name)}({names}) AS ({inner.text})")
    held.close()
    return f"WITH {', '.join(found)} ", defined


def renamed(work: Work, alias: Part, columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """The columns under the names behind an alias, as far as there are some; refuses names that occur twice."""
    names = [work.written.folded(*identifier(each)) for each in alias.children("columns")]
    if names and len(names) != len(columns):
        raise alias.refused(f"{len(names)} names stand for {len(columns)} columns", "Name them all.")
    given = tuple(Column(names[index] if names else column.name, column.type) for index, column in enumerate(columns))
    folded = [column.name.lower() for column in given]
    if len(set(folded)) < len(folded) or "" in folded:
        raise alias.refused("columns of a subquery have one name", "Give each a name of its own, by AS.")
    return given


def _select(work: Work, part: Part, defined: Mapping[str, Defined], outer: Sight | None, named: bool) -> Query:
    written = work.written
    sight = Sight(written, outer=outer, defined=defined)
    for each in part.children("windows"):
        sight.windows[str(each.of.args["this"].this).lower()] = each
    source = from_clause(work, part, sight)
    where = part.maybe("where")
    kept = ""
    if where is not None:
        kept = f" WHERE {truth(work, where.child('this'), sight)}"
        where.close()
    items, names, parts = _items(work, part, sight, named)
    columns = [Column(name, value.type) for name, value in zip(names, items, strict=True)]
    distinct = _distinct(work, part, items, columns)
    groups = _groups(work, part, sight, items, parts)
    sight.with_aliases = written.aliases_in_having
    having = part.maybe("having")
    if having is not None:
        groups += f" HAVING {truth(work, having.child('this'), sight)}"
        having.close()
    sight.with_aliases = True
    qualify = part.maybe("qualify")
    if qualify is not None:
        if not written.qualify:
            raise qualify.refused(f"{written.engine} has no QUALIFY", "Use a subquery.")
        groups += f" QUALIFY {truth(work, qualify.child('this'), sight)}"
        qualify.close()
    keys = orders(work, part, sight, columns, items, bool(distinct))
    limit = limited(work, part, bool(keys))
    said = ", ".join(
        f"{_typed(value)} AS {DUCK.identifier(column.name)}" for value, column in zip(items, columns, strict=True)
    )
    text = f"SELECT {distinct}{said}{source}{kept}{groups}{keys}{limit}"
    return Query(text, tuple(columns), sight.is_correlated)


def _typed(value: Value) -> str:
    return DUCK.cast("NULL", INTEGER) if value.type == NULL else value.text


def _items(work: Work, part: Part, sight: Sight, named: bool) -> tuple[list[Value], list[str], list[Part | None]]:
    """The select list, with ``*`` written out, the names of its columns, and what they were read from."""
    values: list[Value] = []
    names: list[str] = []
    parts: list[Part | None] = []
    for item in part.children():
        relation = _star(work, item)
        if relation is not None:
            for name, value in _of_star(work, item, sight, relation):
                values.append(value)
                names.append(name)
                parts.append(None)
            continue
        inner, alias = item, ""
        if item.kind == "Alias":
            inner = item.child("this")
            alias = work.written.folded(*identifier(item.child("alias")))
            item.close()
        sight.with_aliases = sight.columns_first = work.written.aliases_everywhere
        found = _generated(work, part, inner, sight) or work.value(inner, sight)
        sight.with_aliases = sight.columns_first = False
        name = alias or work.written.name_of(inner)
        if not name and named:
            raise inner.refused("the name of this column is not known", "Give it one by AS.")
        values.append(found)
        names.append(name or f"_mason_{len(names)}")
        parts.append(inner)
        if alias:
            sight.aliases.setdefault(alias, found)
    return values, names, parts


def _generated(work: Work, part: Part, inner: Part, sight: Sight) -> Value | None:
    """The one list of a select list whose elements become rows; ``None`` for other items."""
    if inner.kind not in ("Anonymous", "Explode") or str(inner.of.args["this"]).lower() not in _GENERATORS:
        return None
    names = [each.this if type(each).__name__ == "Alias" else each for each in part.of.args["expressions"]]
    count = sum(str(each.args.get("this")).lower() in _GENERATORS for each in names)
    if count > 1 or any(part.of.args.get(name) for name in ("group", "distinct", "having", "qualify", "order")):
        raise inner.refused("such a generator is not known to be the same", "Use one, in a subquery of its own.")
    inner.take("this")
    arguments = [work.value(each, sight) for each in inner.children()]
    if len(arguments) != 1 or arguments[0].type.name != "LIST":
        raise inner.refused("rows are made of one list only", "Name a list.")
    inner.close()
    return Value(f"unnest({arguments[0].text})", arguments[0].type.element)


def _star(work: Work, item: Part) -> str | None:
    """The relation before a ``*``, which may be empty; ``None`` for other items."""
    if item.kind == "Star":
        item.close()
        return ""
    if item.kind == "Column" and type(item.of.args["this"]).__name__ == "Star":
        star = item.child("this")
        star.close()
        name = identifier(item.child("table"))[0]
        item.close()
        return name
    return None


def _of_star(work: Work, item: Part, sight: Sight, relation: str) -> list[tuple[str, Value]]:
    found = [
        (name, seen(item, value))
        for source, name, value in sight.star
        if not relation or work.written.is_name_of(relation, False, source)
    ]
    if not found:
        raise item.refused(f"{relation or '*'} stands for no columns that are known here", "Name the columns.")
    return found


def _distinct(work: Work, part: Part, items: list[Value], columns: list[Column]) -> str:
    distinct = part.maybe("distinct")
    if distinct is None:
        return ""
    if distinct.take("on") is not None:
        raise distinct.refused("DISTINCT ON is not known to be the same", "Use row_number in a subquery.")
    distinct.close()
    for value in items:
        if value.type.name in ("MAP", "STRUCT", "INTERVAL"):
            raise distinct.refused(f"DISTINCT of {value.type} is not known to be the same", "Leave it out.")
        work.written.check_compared(distinct, value.type, ordered=False)
    return "DISTINCT "


def _groups(work: Work, part: Part, sight: Sight, items: list[Value], parts: list[Part | None]) -> str:
    group = part.maybe("group")
    if group is None:
        return ""
    sight.with_aliases = True
    if group.take("all"):
        if not work.written.group_by_all:
            raise group.refused(f"{work.written.engine} has no GROUP BY ALL", "Name the columns.")
        if None in parts:
            raise group.refused("GROUP BY ALL with * is not known to be the same", "Name the columns.")
        keys = [
            value.text
            for value, each in zip(items, parts, strict=True)
            if each is not None and not _aggregates(work, each) and not value.is_constant
        ]
        group.close()
        return f" GROUP BY {', '.join(keys)}" if keys else ""
    said: list[str] = []
    for each in [*group.children(), *group.children("rollup"), *group.children("cube")]:
        if each.kind not in _GROUPED:
            said.append(_group(work, each, sight, items))
            continue
        inside = [_set(work, one, sight, items) for one in each.children()]
        each.close()
        if not inside:
            # WITH ROLLUP stands behind all keys.
            inside, said = said, []
        said.append(f"{_GROUPED[each.kind]} ({', '.join(inside)})")
    group.close()
    sight.with_aliases = False
    return f" GROUP BY {', '.join(said)}"


def _set(work: Work, part: Part, sight: Sight, items: list[Value]) -> str:
    if part.kind in ("Tuple", "Paren"):
        inside = part.children() if part.kind == "Tuple" else [part.child("this")]
        return f"({', '.join(_group(work, each, sight, items) for each in inside)})"
    return _group(work, part, sight, items)


def _group(work: Work, part: Part, sight: Sight, items: list[Value]) -> str:
    index = ordinal(part, len(items))
    found = items[index] if index is not None else work.value(part, sight)
    if found.is_constant or found.type.name in ("MAP", "STRUCT", "INTERVAL"):
        raise part.refused("a group by such a value is not known to be the same", "Group by columns.")
    work.written.check_compared(part, found.type, ordered=False)
    return found.text


def _aggregates(work: Work, part: Part) -> bool:
    """Whether an expression holds an aggregate of its own query."""
    from sqlglot import exp

    stop = (exp.Subquery, exp.Query)
    for each in part.of.walk(prune=lambda inner: isinstance(inner, stop)):
        if isinstance(each, exp.Anonymous) and str(each.this).lower() in work.written.aggregates:
            return not isinstance(each.parent, exp.Window)
    return False


def _set_operation(work: Work, part: Part, defined: Mapping[str, Defined], outer: Sight | None, named: bool) -> Query:
    if part.take("by_name") or part.take("side") or part.take("kind") or part.take("on"):
        raise part.refused("such a set operation is not known to be the same", "Use UNION.")
    everything = not part.take("distinct")
    if everything and part.kind not in work.written.set_operations_all:
        raise part.refused(f"{work.written.engine} has no {part.kind.upper()} ALL", "Use a join.")
    sides = [
        query(work, part.child("this"), defined, outer=outer, named=named),
        query(work, part.child("expression"), defined, outer=outer, named=False),
    ]
    first, second = (each.columns for each in sides)
    if len(first) != len(second):
        raise part.refused(f"{len(first)} columns meet {len(second)}", "Select as many in both.")
    call = Call(work, part, Sight(work.written), part.kind.upper(), ())
    columns = []
    for one, other in zip(first, second, strict=True):
        type_ = meet(call, [Value("", one.type), Value("", other.type)])
        if type_.name in ("MAP", "STRUCT", "INTERVAL"):
            raise part.refused(f"{part.kind.upper()} of {type_} is not known to be the same", "Leave it out.")
        if not everything:
            work.written.check_compared(part, type_, ordered=False)
        columns.append(Column(one.name, type_))
    word = f"{_SETS[part.kind]}{' ALL' if everything else ''}"
    texts = [_side(work, part, each, columns) for each in sides]
    keys = orders(work, part, Sight(work.written), columns, [Value("", column.type) for column in columns], False)
    limit = limited(work, part, bool(keys))
    return Query(
        f"{texts[0]} {word} {texts[1]}{keys}{limit}", tuple(columns), any(each.is_correlated for each in sides)
    )


def _side(work: Work, part: Part, side: Query, columns: list[Column]) -> str:
    """A side of a set operation with the types of both."""
    names = [f"c{index}" for index in range(len(columns))]
    if all(one.type == other.type for one, other in zip(side.columns, columns, strict=True)):
        return f"({side.text})"
    said = [
        f"{work.written.implicit(part, Value(f'_mason_side.{name}', one.type), other.type).text}"
        f" AS {DUCK.identifier(other.name)}"
        for name, one, other in zip(names, side.columns, columns, strict=True)
    ]
    return f"(SELECT {', '.join(said)} FROM ({side.text}) AS _mason_side({', '.join(names)}))"
