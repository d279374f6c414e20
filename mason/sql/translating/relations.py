"""FROM: tables, subqueries and joins. Each source gets its name said, and joins by USING are written out."""

from __future__ import annotations

from mason.errors import TranslationError
from mason.sql.parsed import Tree
from mason.sql.sql_types import BIGINT, NULL, VARCHAR, SqlType, common
from mason.sql.translating.expressions import truth, value
from mason.sql.translating.meeting import meet
from mason.sql.translating.rules import Call, Work
from mason.sql.translating.scopes import Scope, Source
from mason.sql.translating.translated import Value
from mason.sql.translations import Column


def from_clause(work: Work, node: Tree, scope: Scope) -> str:
    """The FROM clause with its word, empty where there is none; its sources are in sight of ``scope`` then."""
    if node.kind == "EMPTY":
        node.close()
        return ""
    return " FROM " + _relation(work, node, scope)


def _relation(work: Work, node: Tree, scope: Scope) -> str:
    rules = {"BASE_TABLE": _table, "SUBQUERY": _subquery, "JOIN": _join, "EXPRESSION_LIST": _values}
    rules |= {"TABLE_FUNCTION": _function, "SHOW_REF": _described}
    rule = rules.get(node.kind)
    if rule is None:
        said = node.kind.replace("_", " ").lower()
        raise node.refused(
            f"{said} in FROM is not known to be the same in {work.dialect.engine}", "Use tables, joins and subqueries."
        )
    text = rule(work, node, scope)
    node.close()
    return text


def _named(work: Work, node: Tree, name: str, columns: tuple[Column, ...]) -> Source:
    """A source under its name, with the columns that were renamed behind it."""
    names = [str(each) for each in node["column_name_alias"]] if "column_name_alias" in node.raw else []
    given = tuple(
        Column(names[index] if index < len(names) else column.name, column.type) for index, column in enumerate(columns)
    )
    folded = [column.name.lower() for column in given]
    if len(set(folded)) < len(folded):
        raise node.refused(f"columns of {name or 'a subquery'} have one name", "Give each a name of its own, by AS.")
    if not all(work.dialect.can_name(each) for each in (*folded, name)):
        raise node.refused(f"a name here is empty or {work.dialect.bad_name}", "Give it another one by AS.")
    return Source(name, given, work.dialect)


def _aliased(text: str, source: Source) -> str:
    identifier = source.writing.identifier
    return f"{text} AS {identifier(source.name)}({', '.join(identifier(each.name) for each in source.columns)})"


def _table(work: Work, node: Tree, scope: Scope) -> str:
    if node["catalog_name"]:
        raise node.refused(
            f"a table of a catalog is not known in {work.dialect.engine}", "Name it by database and table."
        )
    name, schema, alias = str(node["table_name"]), str(node["schema_name"]), str(node["alias"])
    identifier = work.dialect.identifier
    defined = scope.queries.get(name.lower()) if not schema else None
    if defined is not None:
        columns, said = defined.columns, identifier(defined.name)
    else:
        kept, columns = work.table(node, f"{schema}.{name}" if schema else name)
        said = work.place(kept) or ".".join(identifier(part) for part in kept.rpartition(".")[::2] if part)
    source = _named(work, node, alias or name, columns)
    scope.add(node, source)
    if source.columns != columns:
        return _aliased(said, source)
    return f"{said} AS {identifier(source.name)}"


def _subquery(work: Work, node: Tree, scope: Scope) -> str:
    query = work.relation(node.child("subquery").child("node"), scope.queries)
    # What is not named cannot be called, but engines and the columns of * need a name.
    source = _named(work, node, str(node["alias"]) or f"_mason_{len(scope.sources)}", query.columns)
    scope.add(node, source)
    return _aliased(f"({query.text})", source)


def _values(work: Work, node: Tree, scope: Scope) -> str:
    if not work.dialect.values_in_from:
        raise node.refused(f"{work.dialect.engine} has no VALUES in FROM", "Use a table, or SELECT with UNION ALL.")
    rows = [[Tree(each, node.source, node.place) for each in row] for row in node["values"]]
    empty = Scope(work.dialect, queries=scope.queries)
    found = [[value(work, each, empty) for each in row] for row in rows]
    columns = []
    for index, column in enumerate(zip(*found, strict=True)):
        type_ = _column_type(work, node, list(column))
        columns.append(Column(f"col{index}", type_))
    source = _named(work, node, str(node["alias"]) or "valueslist", tuple(columns))
    scope.add(node, source)
    texts = [
        f"({', '.join(work.cast(node, each, column.type).text for each, column in zip(row, columns, strict=True))})"
        for row in found
    ]
    return _aliased(f"(VALUES {', '.join(texts)})", source)


DESCRIBE_ONLY, DESCRIBE_REMEDY = "only DESCRIBE of a table is known", "Write (DESCRIBE flights), with the table's name."
"""Why other forms of DESCRIBE and SUMMARIZE in FROM are refused, and what to write instead."""
_DESCRIBED = ("column_name", "column_type", "null", "key", "default", "extra")


def described_table(node: Tree) -> Tree | None:
    """The table that a SHOW_REF describes; ``None`` where it is another one, or of what is no table."""
    raw = node.raw
    if raw["show_type"] != "DESCRIBE" or not (shown := raw["query"]):
        return None
    select = Tree(shown, node.source, node.place)
    inner = shown.get("from_table") or {}
    stars = [each for each in shown.get("select_list", ()) if each.get("type") == "STAR"]
    if inner.get("type") != "BASE_TABLE" or len(stars) != 1 or len(shown["select_list"]) != 1:
        return None
    for each in ("select_list", "from_table"):
        select[each]
    try:
        select.close()
        star = Tree(stars[0], node.source, node.place)
        star.close()
    except TranslationError:
        return None
    return Tree(inner, node.source, node.place)


def _described(work: Work, node: Tree, scope: Scope) -> str:
    """DESCRIBE of a table: rows that are known, because its columns are."""
    table = described_table(node)
    if table is None:
        raise node.refused(DESCRIBE_ONLY, DESCRIBE_REMEDY)
    if not work.dialect.values_in_from:
        raise node.refused(f"{work.dialect.engine} has no VALUES in FROM", "Use a table, or SELECT with UNION ALL.")
    schema, name = str(table["schema_name"]), str(table["table_name"])
    if not schema and name.lower() in scope.queries:
        raise node.refused(DESCRIBE_ONLY, DESCRIBE_REMEDY)
    kept, _ = work.table(table, f"{schema}.{name}" if schema else name)
    for each in ("show_type", "query", "alias"):
        node[each]
    work.rewritten(node, "DESCRIBE", f"{work.dialect.engine} describes tables in other words")
    source = _named(work, node, str(node["alias"]) or "described", tuple(Column(each, VARCHAR) for each in _DESCRIBED))
    scope.add(node, source)
    kind, text = work.dialect.type_name(VARCHAR), work.dialect.text
    rows = [
        f"({', '.join(f'CAST(NULL AS {kind})' if value is None else text(value) for value in row)})"
        for row in work.described(kept)
    ]
    return _aliased(f"(VALUES {', '.join(rows)})", source)


def _column_type(work: Work, node: Tree, values: list[Value]) -> SqlType:
    type_ = common([each.type for each in values]) or meet(node, values)
    if type_ == NULL:
        raise node.refused(
            f"a column of NULL alone has no type in {work.dialect.engine}", "Cast NULL to the column's type."
        )
    return type_


def _function(work: Work, node: Tree, scope: Scope) -> str:
    """``range`` and ``generate_series`` of written numbers."""
    function = node.child("function")
    name = str(function["function_name"]).lower()
    if name not in ("range", "generate_series"):
        raise node.refused(f"{name} in FROM is not known to be the same in {work.dialect.engine}", "Use a table.")
    call = Call(work, function, scope, name, [value(work, each, Scope(work.dialect)) for each in function.children()])
    call.count(1, 2)
    start, end = (0, call.whole(0)) if len(call.arguments) == 1 else (call.whole(0), call.whole(1))
    end -= name == "range"
    text = work.dialect.series(call, start, end)
    for each in ("is_operator", "alias", "schema"):
        function[each]
    function.close()
    alias = str(node["alias"]) or name
    source = _named(work, node, alias, (Column(name, BIGINT),))
    scope.add(node, source)
    return _aliased(text, source)


def _join(work: Work, node: Tree, scope: Scope) -> str:
    kind, reference = node["join_type"], node["ref_type"]
    if reference not in ("REGULAR", "CROSS") or kind not in work.dialect.joins:
        said = f"{reference} {kind}".replace("REGULAR ", "")
        raise node.refused(f"the {said} join is not known to be the same in {work.dialect.engine}", "Use JOIN with ON.")
    left = _relation(work, node.child("left"), scope)
    if node.child("right").kind == "JOIN":
        raise node.refused("a join in parentheses is not known to be the same", "Write the joins one after another.")
    before, star = list(scope.sources), list(scope.star)
    right = _relation(work, node.child("right"), scope)
    added = scope.sources[-1]
    using = [str(each) for each in node["using_columns"]]
    condition = node.maybe("condition")
    if reference == "CROSS":
        return f"{left} CROSS JOIN {right}"
    if using:
        on = _using(work, node, scope, before, added, using, str(kind))
    elif condition is not None:
        _no_subquery(condition)
        on = truth(work, condition, scope)
    else:
        raise node.refused("a join without ON is not known to be the same", "Write ON, USING or CROSS JOIN.")
    if kind == "FULL":
        work.dialect.full_join(node, bool(using) or _is_equality(condition))
    if kind in ("SEMI", "ANTI"):
        scope.sources[:], scope.star[:] = before, star
    return f"{left} {work.dialect.joins[kind]} {right} ON {on}"


def _is_equality(condition: Tree | None) -> bool:
    """Whether a condition is an equality of two columns, or several of them."""
    raw = condition.raw if condition is not None else {}
    parts = raw["children"] if raw.get("type") == "CONJUNCTION_AND" else [raw]
    return all(
        part.get("type") == "COMPARE_EQUAL" and all(part[side]["class"] == "COLUMN_REF" for side in ("left", "right"))
        for part in parts
    )


def _no_subquery(condition: Tree) -> None:
    """Refuse a subquery in ON, which engines answer otherwise where it is NULL."""
    waiting: list[object] = [condition.raw]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            if each.get("class") == "SUBQUERY":
                raise condition.refused("a subquery in ON is not known to be the same", "Put it in WHERE.")
            waiting.extend(each.values())
        elif isinstance(each, list):
            waiting.extend(each)


def _using(
    work: Work, node: Tree, scope: Scope, before: list[Source], added: Source, using: list[str], kind: str
) -> str:
    """The condition that USING stands for; its columns are one from now on, that of the side which always has it."""
    conditions = []
    merged: dict[str, Value] = {}
    for name in using:
        lefts = [found for each in before if (found := each.value(name)) is not None]
        one = scope.merged.get(name.lower()) or (lefts[0] if len(lefts) == 1 else None)
        other = added.value(name)
        if one is None or other is None or one.type != other.type:
            raise node.refused(f"{name} is not one column of the same type on both sides", "Write ON, and cast them.")
        if said := work.dialect.compared_note(one.type):
            work.noted(node, said)
        conditions.append(f"{one.text} = {other.text}")
        both = {"RIGHT": other.text, "FULL": f"coalesce({one.text}, {other.text})"}.get(kind, one.text)
        merged[name.lower()] = Value(both, one.type)
    if kind not in ("SEMI", "ANTI"):
        kept = [each for each in scope.star if each[0] != added.name or each[1].lower() not in merged]
        scope.star[:] = [(source, name, merged.get(name.lower(), each)) for source, name, each in kept]
        scope.merged |= merged
    return " AND ".join(conditions)
