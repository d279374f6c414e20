"""Queries: SELECT with its clauses, unions and WITH, each put together anew from parts whose names were looked up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mason.sql.parsed import Tree, written
from mason.sql.sql_types import INTEGER, NULL, SqlType, common
from mason.sql.translating.expressions import truth, value
from mason.sql.translating.relations import from_clause
from mason.sql.translating.rules import Call, Work
from mason.sql.translating.scopes import Scope
from mason.sql.translating.translated import Defined, Queries, Query, Value
from mason.sql.translating.windows import ordered
from mason.sql.translations import Column
from mason.values import dataclass, field

_HIDDEN = "_mason_"
_SETS = {"UNION": "UNION", "EXCEPT": "EXCEPT", "INTERSECT": "INTERSECT"}


@dataclass(slots=True)
class _Modifiers:
    """What stands behind a query: its order, its limit, and whether equal rows count once."""

    orders: list[Tree] = field(default_factory=list)
    limit: str = ""
    is_distinct: bool = False
    distinct_on: list[Tree] = field(default_factory=list)


def query(
    work: Work, node: Tree, queries: Queries, *, outer: Scope | None = None, names: list[str] | None = None
) -> Query:
    """Translate a query.

    ``queries``: what WITH around it defined. ``outer``: the query around, whose names it may use. ``names``: those of
    its columns, where they are known already.
    """
    prefix, queries = _with(work, node, queries)
    if node.kind == "SELECT_NODE":
        found = _select(work, node, queries, outer, names)
    elif node.kind == "SET_OPERATION_NODE":
        found = _set_operation(work, node, queries, outer, names)
    else:
        said = node.kind.replace("_NODE", "").replace("_", " ").lower()
        engine = work.dialect.engine
        raise node.refused(f"a {said} query is not known to be the same in {engine}", "Write it with SELECT and joins.")
    node.close()
    return Query(prefix + found.text, found.columns, found.is_correlated)


def _with(work: Work, node: Tree, queries: Queries) -> tuple[str, Queries]:
    """WITH as it is written there, and what is defined now."""
    found = []
    for each in node["cte_map"]["map"]:
        name, held = str(each["key"]), Tree({"type": "CTE", **each["value"]}, node.source, node.place)
        inner = query(work, held.child("query").child("node"), queries)
        aliases = [str(alias) for alias in held["aliases"]]
        if held["materialized"] not in ("CTE_MATERIALIZE_DEFAULT", "CTE_MATERIALIZE_ALWAYS", "CTE_MATERIALIZE_NEVER"):
            raise node.refused("such a WITH is not known to be the same", "Leave MATERIALIZED out.")
        held.close()
        columns = renamed(work, node, inner.columns, aliases)
        if not work.dialect.can_name(name):
            raise node.refused(f"the name {name} {work.dialect.bad_name}", "Give it another one.")
        queries = {**queries, name.lower(): Defined(name, columns)}
        found.append(f"{work.dialect.identifier(name)}({listed(work, columns)}) AS ({inner.text})")
    return (f"WITH {', '.join(found)} " if found else ""), queries


def renamed(work: Work, node: Tree, columns: tuple[Column, ...], names: list[str]) -> tuple[Column, ...]:
    """The columns under other names, as far as there are some; refuses names that occur twice."""
    given = tuple(
        Column(names[index] if index < len(names) else column.name, column.type) for index, column in enumerate(columns)
    )
    folded = [column.name.lower() for column in given]
    if len(set(folded)) < len(folded) or not all(work.dialect.can_name(name) for name in folded):
        raise node.refused("columns of a subquery have one name", "Give each a name of its own, by AS.")
    return given


def listed(work: Work, columns: tuple[Column, ...]) -> str:
    """The names of columns, between commas."""
    return ", ".join(work.dialect.identifier(column.name) for column in columns)


def _modifiers(work: Work, node: Tree) -> _Modifiers:
    found = _Modifiers()
    for each in node.children("modifiers"):
        if each.kind == "ORDER_MODIFIER":
            found.orders = each.children("orders")
        elif each.kind == "LIMIT_MODIFIER":
            limit, offset = (_count(each.maybe(name)) for name in ("limit", "offset"))
            found.limit = work.dialect.limit(limit, offset)
        elif each.kind == "DISTINCT_MODIFIER":
            found.distinct_on = each.children("distinct_on_targets")
            found.is_distinct = not found.distinct_on
        else:
            raise node.refused("a limit in percent is not known to be the same", "Write a number of rows.")
        each.close()
    if found.limit and not found.orders:
        work.noted(node, "without ORDER BY it is not certain which rows LIMIT takes")
    return found


def _count(node: Tree | None) -> str:
    if node is None:
        return ""
    held = node.raw.get("value", {}) if node.raw.get("class") == "CONSTANT" else {}
    number = held.get("value")
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number < 2**31:
        raise node.refused("a limit that is computed is not known to be the same", "Write the number of rows.")
    return str(number)


def _select(work: Work, node: Tree, queries: Queries, outer: Scope | None, names: list[str] | None) -> Query:
    dialect = work.dialect
    scope = Scope(dialect, outer=outer, queries=queries)
    source = from_clause(work, node.child("from_table"), scope)
    where = _condition(work, node, "where_clause", scope)
    items, given = _items(work, node, scope, named=names is not None)
    columns = [Column(name, each.type) for name, each in zip(names or given, items, strict=True)]
    if not all(dialect.can_name(column.name) for column in columns):
        raise node.refused(f"the name of a column {dialect.bad_name}", "Give it another one by AS.")
    modifiers = _modifiers(work, node)
    sample = _sample(work, node)
    scope.strict = True
    groups = _groups(work, node, scope, items)
    having = _condition(work, node, "having", scope)
    qualify = _condition(work, node, "qualify", scope)
    if node["aggregate_handling"] not in ("STANDARD_HANDLING", "FORCE_AGGREGATES"):
        raise node.refused("such grouping is not known to be the same", "Use GROUP BY.")
    if modifiers.is_distinct and any(each.type.name == "MAP" for each in items):
        raise node.refused(f"{dialect.engine} does not compare maps", "Leave DISTINCT out.")
    if modifiers.is_distinct:
        _told(work, node, [each.type for each in items])
    texts = [dialect.item(each) if each.type != NULL else dialect.cast("NULL", INTEGER) for each in items]
    head = "SELECT DISTINCT " if modifiers.is_distinct else "SELECT "
    body = f"{source}{where}{groups}{having}"
    if qualify or modifiers.distinct_on:
        return _kept(work, node, scope, columns, items, body, qualify, modifiers)
    orders = [
        _order(work, each, scope, columns, items, modifiers.is_distinct) for each in _all_orders(modifiers, columns)
    ]
    said = ", ".join(
        f"{text} AS {dialect.identifier(column.name)}" for text, column in zip(texts, columns, strict=True)
    )
    order = f" ORDER BY {', '.join(orders)}" if orders else ""
    return Query(f"{head}{said}{body}{order}{modifiers.limit}{sample}", tuple(columns), scope.is_correlated)


def _sample(work: Work, node: Tree) -> str:
    """Rows by chance, of a SELECT that does nothing else: DuckDB takes them before it filters, groups and orders."""
    found, raw, random = node["sample"], node.raw, work.dialect.random
    if not found:
        return ""
    others = raw["where_clause"] or raw["group_expressions"] or raw["having"] or raw["qualify"] or raw["modifiers"]
    plain = all(each["class"] in ("COLUMN_REF", "STAR") for each in raw["select_list"])
    by_number = found["method"] == "Reservoir" and not found["is_percentage"] and found["seed"] == -1
    if not random or others or not plain or not by_number:
        raise node.refused(
            "such a sample is not known to be the same",
            "Write SELECT columns FROM table USING SAMPLE reservoir(10 ROWS), in a subquery.",
        )
    work.rewritten(node, "USING SAMPLE", "an engine's own samples are not so many rows, or the first ones")
    work.noted(node, "which rows a sample holds is by chance")
    return f" ORDER BY {random} LIMIT {int(found['sample_size']['value'])}"


def _condition(work: Work, node: Tree, name: str, scope: Scope) -> str:
    found = node.maybe(name)
    if found is None:
        return ""
    if name == "where_clause":
        scope.conjuncts |= _conjuncts(found.raw)
    word = {"where_clause": " WHERE ", "having": " HAVING ", "qualify": ""}[name]
    return word + truth(work, found, scope)


def _conjuncts(raw: Mapping[str, Any]) -> set[int]:
    if raw["type"] == "CONJUNCTION_AND":
        return set().union(*map(_conjuncts, raw["children"]))
    if raw["type"] == "OPERATOR_NOT":
        return {id(raw["children"][0])}
    return {id(raw)}


def _items(work: Work, node: Tree, scope: Scope, *, named: bool) -> tuple[list[Value], list[str]]:
    """The select list, with ``*`` written out, and the names of its columns; not all of these where they are known."""
    values: list[Value] = []
    names: list[str] = []
    for item in node.children("select_list"):
        if item.kind == "STAR":
            for name, each in _star(work, item, scope):
                values.append(each)
                names.append(name)
            continue
        alias = str(item["alias"])
        if item.raw.get("function_name") == "unnest":
            found = _unnest(work, node, item, scope)
        else:
            found = value(work, item, scope)
        values.append(found)
        names.append(alias or ("" if named else _name(item)))
        if alias:
            scope.aliases.setdefault(alias.lower(), found)
    return values, names


def _name(item: Tree) -> str:
    """The name of a column without AS."""
    raw = item.raw
    return str(raw["column_names"][-1]) if raw["class"] == "COLUMN_REF" else written(raw)


def _unnest(work: Work, node: Tree, item: Tree, scope: Scope) -> Value:
    others = sum(each.get("function_name") == "unnest" for each in node.raw["select_list"])
    grouped = node.raw["group_expressions"] or node.raw["aggregate_handling"] != "STANDARD_HANDLING"
    if others > 1 or grouped or node.raw["qualify"]:
        raise item.refused("such an unnest is not known to be the same", "Unnest one list, in a subquery of its own.")
    arguments = [value(work, child, scope) for child in item.children()]
    for name in ("function_name", "is_operator", "alias", "schema"):
        item[name]
    item.close()
    return work.dialect.unnested(Call(work, item, scope, "unnest", arguments))


def _star(work: Work, item: Tree, scope: Scope) -> list[tuple[str, Value]]:
    relation = str(item["relation_name"])
    excluded = {str(name).lower() for name in item["exclude_list"]}
    replaced = {str(each["key"]).lower(): Tree(each["value"], item.source, item.place) for each in item["replace_list"]}
    item.close()
    if not scope.star or (relation and relation.lower() not in {source.lower() for source, _, _ in scope.star}):
        raise item.refused(f"{relation or '*'} stands for no columns that are known here", "Name the columns.")
    found = []
    for source, name, each in scope.star:
        if relation and source.lower() != relation.lower():
            continue
        if name.lower() in replaced:
            found.append((name, value(work, replaced[name.lower()], scope)))
        elif name.lower() not in excluded:
            found.append((name, each))
    return found


def _groups(work: Work, node: Tree, scope: Scope, items: list[Value]) -> str:
    found = []
    for each in node.children("group_expressions"):
        raw = each.raw
        position = raw["value"]["value"] if raw["class"] == "CONSTANT" else None
        if isinstance(position, int) and not isinstance(position, bool):
            if not 1 <= position <= len(items):
                raise each.refused(f"there is no column {position}", "Name what is grouped by.")
            key = items[position - 1]
        else:
            key = value(work, each, scope)
        if key.type.name == "MAP":
            raise each.refused(f"{work.dialect.engine} does not group by maps", "Group by parts of it.")
        _told(work, each, [key.type])
        if key.is_constant:
            raise each.refused("a group by a constant is not known to be the same", "Leave it out.")
        found.append(key.text)
    sets = node["group_sets"]
    if node.raw["aggregate_handling"] == "FORCE_AGGREGATES":
        # GROUP BY ALL: what is no aggregate.
        work.rewritten(node, "GROUP BY ALL", "the columns are written out")
        plain = [each for each in node.raw["select_list"] if each["class"] != "STAR"]
        if len(plain) != len(items):
            raise node.refused("GROUP BY ALL with * is not known to be the same", "Name the columns.")
        found = [
            text.text
            for text, raw in zip(items, plain, strict=True)
            if not _aggregates(work, raw) and not text.is_constant
        ]
        sets = []
    if not found and not sets:
        return ""
    if not sets or sets == [list(range(len(found)))]:
        return f" GROUP BY {', '.join(found)}"
    if not work.dialect.grouping_sets:
        raise node.refused(f"{work.dialect.engine} has no GROUPING SETS", "Use UNION ALL of several GROUP BY.")
    said = ", ".join(f"({', '.join(found[index] for index in each)})" for each in sets)
    return f" GROUP BY GROUPING SETS ({said})"


def _told(work: Work, node: Tree, types: Iterable[SqlType]) -> None:
    """Note of values that are compared what is not as in DuckDB."""
    for said in filter(None, map(work.dialect.compared_note, types)):
        work.noted(node, said)


def _aggregates(work: Work, raw: object) -> bool:
    """Whether an expression holds an aggregate of its own query."""
    if isinstance(raw, list):
        return any(_aggregates(work, each) for each in raw)
    if not isinstance(raw, dict) or raw.get("class") == "SUBQUERY":
        return False
    if raw.get("class") == "FUNCTION" and str(raw.get("function_name")).lower() in work.dialect.aggregates:
        return True
    return any(_aggregates(work, each) for each in raw.values())


def _all_orders(modifiers: _Modifiers, columns: list[Column]) -> list[Tree]:
    """The keys of the order; ORDER BY ALL is one for each column."""
    found: list[Tree] = []
    for each in modifiers.orders:
        expression = each.raw["expression"]
        if expression["class"] != "STAR":
            found.append(each)
            continue
        star = each.child("expression")
        star["columns"]
        star.close()
        for place in range(1, len(columns) + 1):
            constant = {"type": {"id": "INTEGER", "type_info": None}, "is_null": False, "value": place}
            key = {"class": "CONSTANT", "type": "VALUE_CONSTANT", "alias": "", "value": constant}
            found.append(Tree({**each.raw, "expression": key}, each.source, each.place))
    return found


def _order(work: Work, node: Tree, scope: Scope, columns: list[Column], items: list[Value], is_distinct: bool) -> str:
    """A key of the order, by the name of an answered column where it is one."""
    expression = node.raw["expression"]
    index = _answered(node, columns, scope)
    names = [column.name.lower() for column in columns]
    if index is not None and (names.count(names[index]) == 1 or not is_distinct):
        # Of columns with one name, the expression says which.
        is_one = names.count(names[index]) == 1
        said = work.dialect.identifier(columns[index].name) if is_one else items[index].text
        held = Scope(work.dialect, merged={names[index]: Value(said, items[index].type)})
        reference = {**expression, "class": "COLUMN_REF", "type": "COLUMN_REF", "column_names": [columns[index].name]}
        reference.pop("value", None)
        key = Tree({**node.raw, "expression": reference}, node.source, node.place)
        _, text = ordered(work, key, held, named=is_one)
        return text
    scope.aliases_first = expression["class"] == "COLUMN_REF" and len(expression["column_names"]) == 1
    found, text = ordered(work, node, scope)
    scope.aliases_first = False
    if found.is_constant:
        raise node.refused("an order by a constant is not known to be the same", "Name a column.")
    if is_distinct and found.text not in {each.text for each in items}:
        raise node.refused("the order of DISTINCT rows is by what they do not hold", "Order by a column of the answer.")
    if is_distinct:
        place = next(index for index, each in enumerate(items) if each.text == found.text)
        if names.count(names[place]) > 1:
            raise node.refused("several columns have this name", "Give each a name of its own, by AS.")
        return work.dialect.identifier(columns[place].name) + text[len(work.dialect.sorted(found)) :]
    return text


def _answered(node: Tree, columns: list[Column], scope: Scope) -> int | None:
    """Which column of the answer a key of the order names, by its place or its alias; ``None`` for an expression."""
    raw = node.raw["expression"]
    if raw["class"] == "CONSTANT" and isinstance(raw["value"]["value"], int):
        place = int(raw["value"]["value"])
        if not 1 <= place <= len(columns):
            raise node.refused(f"there is no column {place}", "Name what is ordered by.")
        return place - 1
    if (
        raw["class"] != "COLUMN_REF"
        or len(raw["column_names"]) != 1
        or raw["column_names"][0].lower() not in scope.aliases
    ):
        return None
    names = [column.name.lower() for column in columns]
    name = raw["column_names"][0].lower()
    return names.index(name) if name in names else None


def _kept(
    work: Work,
    node: Tree,
    scope: Scope,
    columns: list[Column],
    items: list[Value],
    body: str,
    qualify: str,
    modifiers: _Modifiers,
) -> Query:
    """QUALIFY and DISTINCT ON: the rows are chosen around a query that also answers with what they are chosen by."""
    if modifiers.is_distinct or (qualify and modifiers.distinct_on):
        raise node.refused("QUALIFY with DISTINCT is not known to be the same", "Use a subquery.")
    identifier = work.dialect.identifier
    inner = renamed(work, node, tuple(columns), [])
    said = [
        f"{work.dialect.item(each)} AS {identifier(column.name)}" for each, column in zip(items, columns, strict=True)
    ]
    keys, orders = [], []
    for index, each in enumerate(_all_orders(modifiers, columns)):
        scope.aliases_first = each.raw["expression"]["class"] == "COLUMN_REF"
        answered = _answered(each, columns, scope)
        if answered is not None and each.raw["expression"]["class"] == "CONSTANT":
            raise each.refused("an order by a number beside QUALIFY is not known to be the same", "Name the column.")
        key, text = ordered(work, each, scope)
        scope.aliases_first = False
        name = identifier(f"{_HIDDEN}{index}")
        keys.append(text)
        said.append(f"{work.dialect.item(key)} AS {name}")
        orders.append(name + text[len(work.dialect.sorted(key)) :])
    if modifiers.distinct_on:
        if not keys:
            raise node.refused("DISTINCT ON without ORDER BY takes any rows", "Write ORDER BY.")
        by = ", ".join(value(work, each, scope).text for each in modifiers.distinct_on)
        work.rewritten(node, "DISTINCT ON", f"{work.dialect.engine} does not know it")
        work.noted(node, "of rows with an equal order, DISTINCT ON takes any")
        qualify = f"(row_number() OVER (PARTITION BY {by} ORDER BY {', '.join(keys)}) = 1)"
    else:
        work.rewritten(node, "QUALIFY", "rows are chosen in a subquery")
    said.append(f"{qualify} AS {identifier(f'{_HIDDEN}keep')}")
    order = f" ORDER BY {', '.join(orders)}" if orders else ""
    rows = f"(SELECT {', '.join(said)}{body}){work.dialect.derived}"
    text = f"SELECT {listed(work, inner)} FROM {rows} WHERE {identifier(f'{_HIDDEN}keep')}"
    return Query(f"{text}{order}{modifiers.limit}", inner, scope.is_correlated)


def _set_operation(work: Work, node: Tree, queries: Queries, outer: Scope | None, names: list[str] | None) -> Query:
    word = _SETS.get(node["setop_type"])
    if word is None:
        raise node.refused(f"{node['setop_type']} is not known to be the same", "Use UNION with the columns in order.")
    everything = " ALL" if node["setop_all"] else ""
    if everything and word not in work.dialect.set_operations_all:
        raise node.refused(f"{work.dialect.engine} has no {word} ALL", "Use a join.")
    sides = [query(work, each, queries, outer=outer) for each in _sides(node)]
    left, right = sides
    if len(left.columns) != len(right.columns):
        raise node.refused("the two sides have another number of columns", "Let both answer with the same columns.")
    columns = []
    for index, (one, other) in enumerate(zip(left.columns, right.columns, strict=True)):
        type_ = common([one.type, other.type])
        if type_ is None or type_.name in ("MAP",):
            raise node.refused(f"{one.type} and {other.type} meet in column {index + 1}", "Cast them to one type.")
        columns.append(Column((names[index] if names else one.name), type_))
    if any(side.is_correlated for side in sides):
        raise node.refused(
            "a set operation that uses names of the query around is not known to be the same", "Join it."
        )
    if not everything:
        _told(work, node, [column.type for column in columns])
    parts = [_side(work, side, columns) for side in sides]
    identifier = work.dialect.identifier
    modifiers = _modifiers(work, node)
    if modifiers.is_distinct or modifiers.distinct_on:
        raise node.refused("DISTINCT of a set operation is not known to be the same", "Use a subquery.")
    merged = {column.name.lower(): Value(identifier(column.name), column.type) for column in columns}
    scope = Scope(work.dialect, merged=merged)
    scope.aliases = dict(scope.merged)
    if len(scope.merged) < len(columns):
        raise node.refused("columns of a set operation have one name", "Give each a name of its own, by AS.")
    items = list(scope.merged.values())
    orders = []
    for each in _all_orders(modifiers, columns):
        if _answered(each, columns, scope) is None:
            raise each.refused("the order of a set operation is an expression", "Name a column, or use a subquery.")
        orders.append(_order(work, each, scope, columns, items, False))
    order = f" ORDER BY {', '.join(orders)}" if orders else ""
    return Query(f"{parts[0]} {word}{everything} {parts[1]}{order}{modifiers.limit}", tuple(columns))


def _sides(node: Tree) -> list[Tree]:
    return [node.child("left"), node.child("right")]


def _side(work: Work, side: Query, columns: list[Column]) -> str:
    if all(given == column for given, column in zip(side.columns, columns, strict=True)):
        return f"({side.text})"
    parts = []
    for given, column in zip(side.columns, columns, strict=True):
        name = work.dialect.identifier(given.name)
        text = name if given.type == column.type else work.dialect.cast(name, column.type)
        parts.append(f"{text} AS {work.dialect.identifier(column.name)}")
    return f"(SELECT {', '.join(parts)} FROM ({side.text}){work.dialect.derived})"
