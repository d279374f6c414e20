"""Lists, structs and maps: where counting begins, and what is answered for what is not there."""

from __future__ import annotations

from mason.sql.spark import spark_text
from mason.sql.spark.spark_text import bigint
from mason.sql.sql_types import BIGINT, BOOLEAN, INTEGER, INTEGERS, VARCHAR, SqlType, is_number, list_of, spark_name
from mason.sql.translating.meeting import meet
from mason.sql.translating.rules import Call, Rule
from mason.sql.translating.translated import Value


def _list(call: Call) -> Value:
    if not call.arguments:
        raise call.refused("an empty list is not known to be the same", "Cast NULL to the list's type.")
    type_ = meet(call.node, call.arguments)
    if not spark_name(type_):
        raise call.refused(f"a list of {type_} is not known to be the same", "Cast its elements.")
    parts = ", ".join(call.to(index, type_) for index in range(len(call.arguments)))
    return Value(f"array({parts})", list_of(type_))


def _struct(call: Call) -> Value:
    names = [str(child.raw["alias"]) for child in call.node.children()]
    if not all(spark_text.can_name(name) for name in names):
        raise call.refused("a struct without names is not known to be the same", "Write {'name': value}.")
    parts = [f"{spark_text.text(name)}, {value.text}" for name, value in zip(names, call.arguments, strict=True)]
    fields = tuple(zip(names, (value.type for value in call.arguments), strict=True))
    return Value(f"named_struct({', '.join(parts)})", SqlType("STRUCT", fields=fields))


def element(call: Call) -> Value:
    """``list[i]`` counts from 1, from the end where i is negative, and answers NULL beyond; ``map[key]`` likewise."""
    call.count(2)
    held, index = call.arguments
    if held.type.name == "LIST" and index.type in INTEGERS[:3]:
        call.rewritten("Spark counts subscripts from 0")
        return Value(f"try_element_at({held.text}, nullif({call.to(1, INTEGER)}, 0))", held.type.element)
    if held.type.name == "MAP" and not index.is_constant:
        raise call.refused("a computed key of a map is not known to be the same", "Write the key.")
    if held.type.name == "MAP":
        return Value(f"try_element_at({held.text}, {call.to(1, held.type.fields[0][1])})", held.type.element)
    if held.type.name == "STRUCT":
        return field(call, held, call.told(1))
    raise call.refused(f"a subscript of {held.type} is not known to be the same", "Use substring, or a whole number.")


def field(call: Call, held: Value, name: str) -> Value:
    """A field of a struct."""
    for each, type_ in held.type.fields:
        if each.lower() == name.lower():
            return Value(f"{held.text}.{spark_text.identifier(each)}", type_)
    raise call.refused(f"{held.type} has no field {name}", "Name one that it has.")


def _contains(call: Call) -> Value:
    call.count(2)
    held, value = call.arguments
    if held.type.name != "LIST" or not value.is_constant or value.constant is None:
        raise call.refused(f"{call.name} is known to be the same only for a written value", "Write the value.")
    call.rewritten("Spark answers NULL where the list holds NULL")
    found = f"coalesce(array_contains({held.text}, {call.to(1, held.type.element)}), FALSE)"
    return Value(f"CASE WHEN {held.text} IS NULL THEN NULL ELSE {found} END", BOOLEAN)


def _size(call: Call) -> Value:
    call.count(1)
    if call.arguments[0].type.name not in ("LIST", "MAP"):
        raise call.refused(f"{call.name} of {call.arguments[0].type} is not known to be the same", "Use length.")
    call.rewritten("Spark counts in INT")
    return bigint(f"size({call.arguments[0].text})")


def _joined(call: Call) -> Value:
    call.count(2)
    held = call.arguments[0]
    if held.type != list_of(VARCHAR):
        raise call.refused(f"{call.name} of {held.type} is not known to be the same", "Make it a list of texts.")
    return Value(f"array_join({held.text}, {spark_text.text(call.told(1))})", VARCHAR)


def _range(call: Call) -> Value:
    """Lists of whole numbers; Spark's sequence runs downwards where DuckDB's is empty."""
    call.count(1, 2)
    start, end = (0, call.whole(0)) if len(call.arguments) == 1 else (call.whole(0), call.whole(1))
    last = end - (call.name == "range")
    if not 0 <= last - start < 10_000:
        raise call.refused(
            f"{call.name} from {start} to {end} is not known to be the same", "Count upwards, below 10000."
        )
    call.rewritten("Spark's sequence runs downwards, too")
    return Value(f"sequence({start}L, {last}L)", list_of(BIGINT))


def _extreme(call: Call) -> Value:
    call.count(1)
    held = call.arguments[0].type
    if held.name != "LIST" or not (is_number(held.element) or held.element == VARCHAR):
        raise call.refused(f"{call.name} of {held} is not known to be the same", "Use it with numbers or texts.")
    return Value(f"array_{call.name.rpartition('_')[2]}({call.arguments[0].text})", held.element)


def unnested(call: Call) -> Value:
    """The one unnest of a select list: a row for each element."""
    call.count(1)
    held = call.arguments[0]
    if held.type.name != "LIST":
        raise call.refused(f"unnest of {held.type} is not known to be the same", "Unnest a list.")
    call.rewritten("Spark's name is explode")
    return Value(f"explode({held.text})", held.type.element)


RULES: dict[str, Rule] = {
    "list_value": _list,
    "list_pack": _list,
    "struct_pack": _struct,
    "list_extract": element,
    "list_element": element,
    "array_extract": element,
    "list_contains": _contains,
    "array_contains": _contains,
    "list_has": _contains,
    "array_length": _size,
    "cardinality": _size,
    "array_to_string": _joined,
    "range": _range,
    "generate_series": _range,
    "list_min": _extreme,
    "list_max": _extreme,
}
