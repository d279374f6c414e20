"""Spark's functions of lists, structs and maps, as DuckDB says them."""

from __future__ import annotations

from mason.sql.foreign.duck_text import DUCK, stop
from mason.sql.foreign.foreign import Call, Rule
from mason.sql.foreign.rules_back import cast, meet
from mason.sql.sql_types import BIGINT, BOOLEAN, INTEGER, INTEGERS, NULL, VARCHAR, SqlType, list_of
from mason.sql.translating.translated import Value


def _listed(call: Call, index: int = 0) -> SqlType:
    """The type of a list's elements."""
    found = call.arguments[index].type
    if found.name != "LIST" or found.element.name in ("STRUCT", "MAP"):
        raise call.unknown(found, remedy="Use a list of numbers, texts or dates.")
    return found.element


def _array(call: Call) -> Value:
    if not call.arguments:
        raise call.refused("an empty list has no rule", "Give it elements.")
    type_ = meet(call, call.arguments)
    if type_ == NULL:
        raise call.unknown(remedy="Cast its elements.")
    return Value(f"[{', '.join(call.to(index, type_) for index in range(len(call.arguments)))}]", list_of(type_))


def _struct(call: Call) -> Value:
    names = [str(each.constant) for each in call.arguments[::2] if each.is_text]
    values = call.arguments[1::2]
    if len(names) != len(values) or len(call.arguments) % 2 or any(each.type == NULL for each in values):
        raise call.refused("such a struct has no rule", "Write named_struct('name', value).")
    inside = ", ".join(f"{DUCK.text(name)}: {value.text}" for name, value in zip(names, values, strict=True))
    fields = tuple(zip(names, (value.type for value in values), strict=True))
    return Value(f"{{{inside}}}", SqlType("STRUCT", fields=fields))


def _element_at(call: Call) -> Value:
    call.count(2)
    held, index = call.arguments
    is_tried = call.name.startswith("try_")
    if held.type.name == "MAP":
        key = call.to(1, held.type.fields[0][1])
        return Value(f"{held.text}[{key}]", held.type.element)
    if held.type.name != "LIST" or index.type not in INTEGERS[:3]:
        raise call.unknown(remedy="Use a list and a number.")
    place, type_ = DUCK.cast(index.text, BIGINT), held.type.element
    none = stop("There is no element 0", type_)
    if is_tried:
        return Value(f"CASE WHEN {place} = 0 THEN {none} ELSE {held.text}[{place}] END", type_)
    call.rewritten("Spark stops where there is no such element")
    beyond = stop("There is no such element", type_)
    return Value(
        f"CASE WHEN {place} = 0 OR abs({place}) > len({held.text}) THEN {beyond} ELSE {held.text}[{place}] END", type_
    )


def _get(call: Call) -> Value:
    call.count(2)
    held, index = call.arguments
    if held.type.name != "LIST" or index.type not in INTEGERS[:3]:
        raise call.unknown(remedy="Use a list and a number.")
    call.rewritten("Spark counts from 0")
    place = DUCK.cast(index.text, BIGINT)
    return Value(f"CASE WHEN {place} >= 0 THEN {held.text}[{place} + 1] END", held.type.element)


def _size(call: Call) -> Value:
    call.count(1)
    held = call.arguments[0]
    if held.type.name not in ("LIST", "MAP"):
        raise call.unknown(remedy="Use a list or a map.")
    return cast(f"len({held.text})" if held.type.name == "LIST" else f"cardinality({held.text})", INTEGER)


def _contains(call: Call) -> Value:
    call.count(2)
    element = _listed(call)
    if call.arguments[1].type == NULL:
        raise call.unknown(remedy="Look for a value.")
    held, looked = call.arguments[0].text, call.to(1, element)
    call.rewritten("Spark's answer is NULL where NULL is in the list and the value is not")
    unknown = f"WHEN len({held}) > list_count({held}) THEN NULL"
    text = f"CASE WHEN list_contains({held}, {looked}) THEN TRUE {unknown} ELSE FALSE END"
    return Value(f"CASE WHEN {held} IS NULL OR {looked} IS NULL THEN NULL ELSE {text} END", BOOLEAN)


def _sorted(call: Call) -> Value:
    """sort_array puts NULL first, or last where it runs downwards; array_sort last. Of collect_list it is an order."""
    call.count(1, 2)
    element = _listed(call)
    down = False
    if len(call.arguments) == 2:
        if call.name != "sort_array" or call.arguments[1].constant not in (True, False):
            raise call.refused(f"{call.name} with a function has no rule", "Use sort_array(list, true).")
        down = call.arguments[1].constant is False
    call.written.check_compared(call.part, element, ordered=True)
    nulls = "NULLS FIRST" if call.name == "sort_array" and not down else "NULLS LAST"
    return Value(f"list_sort({call.arguments[0].text}, '{'DESC' if down else 'ASC'}', '{nulls}')", list_of(element))


def _extreme(name: str) -> Rule:
    def rule(call: Call) -> Value:
        call.count(1)
        element = _listed(call)
        if element.name == "LIST":
            raise call.unknown()
        return Value(f"{name}({call.arguments[0].text})", element)

    return rule


def _array_join(call: Call) -> Value:
    call.count(2)
    if _listed(call) != VARCHAR:
        raise call.unknown(remedy="Use a list of texts.")
    held, mark = call.arguments[0].text, DUCK.text(call.told(1))
    return Value(f"CASE WHEN {held} IS NULL THEN NULL ELSE coalesce(array_to_string({held}, {mark}), '') END", VARCHAR)


def _keys(name: str, which: int) -> Rule:
    def rule(call: Call) -> Value:
        call.count(1)
        held = call.arguments[0].type
        if held.name != "MAP":
            raise call.unknown(held, remedy="Use a map.")
        return Value(f"{name}({call.arguments[0].text})", list_of(held.fields[which][1]))

    return rule


LIST_RULES: dict[str, Rule] = {
    "array": _array,
    "named_struct": _struct,
    "element_at": _element_at,
    "try_element_at": _element_at,
    "get": _get,
    "size": _size,
    "cardinality": _size,
    "array_size": _size,
    "array_contains": _contains,
    "sort_array": _sorted,
    "array_sort": _sorted,
    "array_max": _extreme("list_max"),
    "array_min": _extreme("list_min"),
    "array_join": _array_join,
    "map_keys": _keys("map_keys", 0),
    "map_values": _keys("map_values", 1),
}
