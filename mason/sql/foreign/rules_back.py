"""Rules by a template, the type in which values meet, and a choice among them."""

from __future__ import annotations

from collections.abc import Sequence

from mason.sql.foreign.duck_text import DUCK
from mason.sql.foreign.foreign import Call, Rule
from mason.sql.sql_types import SqlType
from mason.sql.translating.translated import Value


def plain(template: str, result: SqlType, *takes: SqlType, why: str = "") -> Rule:
    """A function that takes these types and is ``template`` in DuckDB; ``why`` says why that looks otherwise."""

    def rule(call: Call) -> Value:
        call.count(len(takes))
        texts = [call.to(index, type_) for index, type_ in enumerate(takes)]
        if why:
            call.rewritten(why)
        return Value(template.format(*texts), result)

    return rule


def cast(text: str, type_: SqlType) -> Value:
    """``text`` cast to ``type_``, in DuckDB's words."""
    return Value(DUCK.cast(text, type_), type_)


def meet(call: Call, values: Sequence[Value]) -> SqlType:
    """The type in which all values meet; refuses types of which that is not known."""
    found = values[0]
    for each in values[1:]:
        both = call.written.common(found, each)
        if both is None:
            types = ", ".join(dict.fromkeys(str(value.type) for value in values))
            raise call.refused(
                f"the types {types} meet here, and how is not known to be the same", "Cast them to one type."
            )
        is_written = found.is_constant and each.is_constant and found.type == each.type
        found = found if is_written and both == found.type else Value("", both)
    return found.type


def chosen(call: Call, conditions: Sequence[str]) -> Value:
    """CASE with these conditions; the arguments of ``call`` are its results, and what is otherwise."""
    type_ = meet(call, call.arguments)
    texts = [call.to(index, type_) for index in range(len(call.arguments))]
    cases = " ".join(f"WHEN {when} THEN {then}" for when, then in zip(conditions, texts, strict=False))
    return Value(f"CASE {cases} ELSE {texts[-1]} END", type_)
