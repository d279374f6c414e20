"""FROM: tables, subqueries, lists as rows, and joins of them."""

from __future__ import annotations

from mason.sql.foreign.conditions_back import compared, identifier, truth
from mason.sql.foreign.duck_text import DUCK
from mason.sql.foreign.foreign import Call, Work
from mason.sql.foreign.part import Part
from mason.sql.foreign.rules_back import meet
from mason.sql.foreign.sight import UNSEEN, Relation, Sight
from mason.sql.sql_types import NULL, SqlType
from mason.sql.translating.translated import Value
from mason.sql.translations import Column

_SIDES = {"": "JOIN", "LEFT": "LEFT JOIN", "RIGHT": "RIGHT JOIN", "FULL": "FULL JOIN"}


def from_clause(work: Work, part: Part, sight: Sight) -> str:
    """FROM with its joins, as DuckDB reads it; what it brings is in sight then."""
    held = part.maybe("from_")
    joins, laterals = part.children("joins"), part.children("laterals")
    if held is None:
        return ""
    text = _relation(work, held.child("this"), sight)
    held.close()
    for each in joins:
        text += _join(work, each, sight)
    for each in laterals:
        text += _view(work, each, sight)
    return f" FROM {text}"


def _called(work: Work, part: Part, default: str = "") -> tuple[str, list[str]]:
    """The name behind AS, and those of columns."""
    alias = part.maybe("alias")
    if alias is None:
        return default, []
    named = alias.maybe("this")
    name = work.written.folded(*identifier(named)) if named is not None else default
    columns = [work.written.folded(*identifier(each)) for each in alias.children("columns")]
    alias.close()
    return name, columns


def _relation(work: Work, part: Part, sight: Sight, *, in_star: bool = True) -> str:
    """A table, or what stands for one."""
    if part.kind == "Table":
        return _table(work, part, sight, in_star)
    if part.kind == "Subquery":
        name, names = _called(work, part)
        inner = work.relation(part.child("this"), sight.defined)
        _joined_inside(part)
        part.close()
        return _derived(work, part, sight, inner.text, inner.columns, name, names, in_star)
    if part.kind == "Values":
        return _values(work, part, sight)
    if part.kind in ("Unnest", "Lateral"):
        return _listed(work, part, sight)
    raise part.refused(f"{part.kind.lower()} in FROM has no rule", "Use tables, joins and subqueries.")


def _joined_inside(part: Part) -> None:
    for name in ("joins", "laterals", "sample", "pivots"):
        if part.take(name):
            raise part.refused(f"{name} here are not known to be the same", "Use a subquery.")


def _derived(
    work: Work,
    part: Part,
    sight: Sight,
    text: str,
    columns: tuple[Column, ...],
    name: str,
    names: list[str],
    in_star: bool,
) -> str:
    if names and len(names) != len(columns):
        raise part.refused(f"{len(names)} names stand for {len(columns)} columns", "Name them all.")
    name = name or f"_mason_{len(sight.relations)}"
    given = [Column(names[index] if names else column.name, column.type) for index, column in enumerate(columns)]
    prefix = DUCK.identifier(name)
    held = tuple((each.name, Value(f"{prefix}.{DUCK.identifier(each.name)}", each.type)) for each in given)
    sight.add(part, Relation(name, held), in_star=in_star)
    return f"({text}) AS {prefix}({', '.join(DUCK.identifier(each.name) for each in given)})"


def _table(work: Work, part: Part, sight: Sight, in_star: bool) -> str:
    inner = part.child("this")
    _joined_inside(part)
    if inner.kind == "Anonymous":
        if work.written.generated.get(str(inner.of.args["this"]).lower()) is None:
            raise part.refused(f"{inner.of.args['this']} in FROM has no rule", "Use a table.")
        return _series(work, part, inner, sight)
    names = []
    for each in ("catalog", "db"):
        if (found := part.maybe(each)) is not None:
            names.append(identifier(found))
    names.append(identifier(inner))
    default = work.written.folded(*names[-1])
    alias, renamed = _called(work, part, default)
    part.close()
    known = sight.defined.get(names[0][0].lower()) if len(names) == 1 else None
    if known is not None and work.written.is_name_of(*names[0], known.name):
        text, columns = DUCK.identifier(known.name), known.columns
    else:
        text, columns = work.table(part, names)
    if renamed and len(renamed) != len(columns):
        raise part.refused(f"{len(renamed)} names stand for {len(columns)} columns", "Name them all.")
    prefix = DUCK.identifier(alias)
    held = []
    for index, column in enumerate(columns):
        name = renamed[index] if renamed else column.name
        seen = f"{prefix}.{DUCK.identifier(name)}"
        value = Value(seen, column.type) if known is not None else work.written.column(seen, column.type)
        # Who names a column of a type that the dialect has not is told so.
        if value is None:
            value = Value(seen, SqlType(UNSEEN, fields=(("", column.type),)))
        held.append((name, value))
    sight.add(part, Relation(alias, tuple(held)), in_star=in_star)
    inside = f"({', '.join(DUCK.identifier(each) for each in renamed)})" if renamed else ""
    return f"{text} AS {prefix}{inside}"


def _series(work: Work, part: Part, inner: Part, sight: Sight) -> str:
    """A function that makes the whole numbers from one to another one."""
    name = str(inner.take("this")).lower()
    values = [work.value(each, sight) for each in inner.children()]
    inner.close()
    call = Call(work, inner, sight, name, values)
    call.count(1, 2)
    is_range = name == "range"
    if not is_range:
        call.count(2)
    numbers = [call.whole(index) for index in range(len(values))]
    start, end = numbers if len(numbers) == 2 else [0, *numbers]
    type_ = work.written.generated[name]
    default = "id" if is_range else name
    alias, names = _called(work, part, default if not is_range else "range")
    part.close()
    column = names[0] if names else (alias if not is_range else default)
    made = f"{'range' if is_range else 'generate_series'}({start}, {end})"
    text = f"SELECT {DUCK.cast('i', type_)} FROM {made} AS _mason_series(i)"
    return _derived(work, part, sight, text, (Column(column, type_),), alias, [], True)


def _values(work: Work, part: Part, sight: Sight) -> str:
    rows = []
    for each in part.children():
        inside = each.children() if each.kind == "Tuple" else [each]
        rows.append([work.value(one, sight) for one in inside])
        if each.kind == "Tuple":
            each.close()
    name, names = _called(work, part)
    part.close()
    if len({len(row) for row in rows}) != 1:
        raise part.refused("rows of VALUES have several lengths", "Write as many values in each.")
    call = Call(work, part, sight, "VALUES", ())
    types = [meet(call, list(column)) for column in zip(*rows, strict=True)]
    if NULL in types:
        raise part.refused("a column of VALUES is only NULL", "Cast it.")
    if not names:
        if work.written.dialect != "spark":
            raise part.refused("the columns of VALUES have no names", "Write AS t(a, b).")
        names = [f"col{index + 1}" for index in range(len(types))]
    if len(names) != len(types):
        raise part.refused(f"{len(names)} names stand for {len(types)} columns", "Name them all.")
    texts = [
        [work.written.implicit(part, value, type_).text for value, type_ in zip(row, types, strict=True)]
        for row in rows
    ]
    said = ", ".join(f"({', '.join(row)})" for row in texts)
    columns = tuple(Column(each, type_) for each, type_ in zip(names, types, strict=True))
    return _derived(work, part, sight, f"VALUES {said}", columns, name, names, True)


def _listed(work: Work, part: Part, sight: Sight) -> str:
    """Elements of a list as rows: UNNEST(list) AS t(x)."""
    if part.kind == "Lateral" or part.take("offset"):
        raise part.refused("LATERAL here has no rule", "Use a join, or UNNEST(list) AS t(x).")
    lists = [work.value(each, sight) for each in part.children()]
    name, names = _called(work, part)
    part.close()
    if [each.type.name for each in lists] != ["LIST"] or len(names) > 1 or not name:
        raise part.refused("such an UNNEST is not known to be the same", "Write UNNEST(list) AS t(x).")
    (listed,) = lists
    column = Column(names[0] if names else name, listed.type.element)
    text = f"SELECT unnest({listed.text})"
    return "LATERAL " + _derived(work, part, sight, text, (column,), name, [], True)


def _join(work: Work, part: Part, sight: Sight) -> str:
    side, kind, method = (str(part.take(name) or "").upper() for name in ("side", "kind", "method"))
    on, using = part.maybe("on"), part.children("using")
    if method or (kind not in ("", "INNER", "OUTER", "CROSS", "SEMI", "ANTI")):
        raise part.refused(f"the {method or kind} join has no rule", "Use JOIN with ON.")
    inner = part.child("this")
    if kind in ("SEMI", "ANTI"):
        return _half_join(work, part, inner, sight, kind, on, using)
    before = list(sight.relations)
    star = list(sight.star)
    text = _relation(work, inner, sight)
    if kind == "CROSS" or (not side and on is None and not using):
        if on is not None or using or side:
            raise part.refused("a CROSS JOIN has no condition", "Use JOIN.")
        if kind != "CROSS" and not kind and part.source[part.place - 1 :] and side:
            raise part.refused("a join without a condition is not known to be the same", "Use CROSS JOIN.")
        part.close()
        return f" CROSS JOIN {text}"
    if inner.kind in ("Unnest", "Lateral"):
        raise part.refused("a list is joined with a condition", "Use CROSS JOIN UNNEST(list) AS t(x).")
    word = _SIDES[side]
    if using:
        condition = _using(work, part, sight, before, star, using, side)
    elif on is not None:
        condition = truth(work, on, sight)
    else:
        raise part.refused("a join without a condition is not known to be the same", "Write ON, or CROSS JOIN.")
    part.close()
    return f" {word} {text} ON {condition}"


def _half_join(work: Work, part: Part, inner: Part, sight: Sight, kind: str, on: Part | None, using: list[Part]) -> str:
    if not work.written.semi_joins or str(part.of.args.get("side") or "").upper() not in ("", "LEFT"):
        raise part.refused(f"a {kind} join has no rule", "Use EXISTS.")
    held = Sight(
        work.written,
        relations=list(sight.relations),
        merged=dict(sight.merged),
        outer=sight.outer,
        defined=sight.defined,
    )
    text = _relation(work, inner, held)
    if using:
        raise part.refused(f"USING of a {kind} join is not known to be the same", "Write ON.")
    if on is not None:
        condition = truth(work, on, held)
    else:
        raise part.refused(f"a {kind} join without a condition is not known to be the same", "Write ON.")
    sight.is_correlated |= held.is_correlated
    part.close()
    return f" {kind} JOIN {text} ON {condition}"


def _using(
    work: Work,
    part: Part,
    sight: Sight,
    before: list[Relation],
    star: list[tuple[str, str, Value]],
    using: list[Part],
    side: str,
) -> str:
    """The condition of USING; its columns are one then, which stands first in ``*``."""
    joined = sight.relations[-1]
    left = Sight(work.written, relations=before, merged=dict(sight.merged))
    right = Sight(work.written, relations=[joined])
    conditions, merged = [], []
    for each in using:
        named = identifier(each)
        one, other = left.column(part, [named]), right.column(part, [named])
        call = Call(work, part, sight, "USING", ())
        first, second = compared(call, one, other, ordered=False)
        conditions.append(f"({first} = {second})")
        if one.type != other.type:
            raise part.refused(f"USING of {one.type} and {other.type} is not known to be the same", "Use ON.")
        kept = next(name for source in joined.columns for name in [source[0]] if work.written.is_name_of(*named, name))
        text = {"": one.text, "LEFT": one.text, "RIGHT": other.text}.get(side, f"coalesce({one.text}, {other.text})")
        merged.append((kept, Value(text, one.type)))
    sight.merged |= dict(merged)
    names = {name.lower() for name, _ in merged}
    rest = [each for each in sight.star if each[1].lower() not in names]
    sight.star = [("", name, value) for name, value in merged] + rest
    return " AND ".join(conditions)


def _view(work: Work, part: Part, sight: Sight) -> str:
    """LATERAL VIEW explode(list) t AS x."""
    if not (work.written.lateral_views and part.take("view")):
        raise part.refused("such a LATERAL has no rule", "Use LATERAL VIEW explode(list) t AS x.")
    call, outer = part.child("this"), bool(part.take("outer"))
    name_of = str(call.of.args.get("this")).lower()
    if call.kind != "Anonymous" or name_of not in ("explode", "posexplode"):
        raise part.refused("such a LATERAL VIEW has no rule", "Use explode or posexplode.")
    call.take("this")
    lists = [work.value(each, sight) for each in call.children()]
    call.close()
    name, names = _called(work, part)
    part.close()
    if len(lists) != 1:
        raise part.refused(f"{name_of} is not known with {len(lists)} arguments", "Use a list.")
    (listed,) = lists
    if listed.type.name != "LIST":
        raise part.refused(f"{name_of} of {listed.type} has no rule", "Use a list.")
    with_place = name_of == "posexplode"
    names = names or (["pos", "col"] if with_place else ["col"])
    values = [Column(names[-1], listed.type.element)]
    items = [f"unnest({listed.text})"]
    if with_place:
        place = SqlType("INTEGER")
        values.insert(0, Column(names[0], place))
        items.insert(0, DUCK.cast(f"unnest(range(0, len({listed.text})))", place))
    if len(names) != len(values):
        raise part.refused(f"{name_of} makes {len(values)} columns", "Name them all.")
    # Without a row of its own, OUTER says NULL.
    text = _derived(work, part, sight, f"SELECT {', '.join(items)}", tuple(values), name, names, True)
    return f" LEFT JOIN LATERAL {text} ON TRUE" if outer else f" CROSS JOIN LATERAL {text}"
