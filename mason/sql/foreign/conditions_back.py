"""What rules of many places need: names as they were written, conditions, two values in one type."""

from __future__ import annotations

from mason.sql.foreign.duck_text import DUCK
from mason.sql.foreign.foreign import Call, Work
from mason.sql.foreign.part import Part
from mason.sql.foreign.rules_back import meet
from mason.sql.foreign.sight import Named, Sight
from mason.sql.sql_types import BOOLEAN, NULL
from mason.sql.translating.translated import Value


def identifier(part: Part) -> Named:
    """A name as it was written, and whether it was quoted; refuses what is none."""
    if part.kind != "Identifier":
        raise part.refused(f"{part.kind.lower()} stands for a name", "Name a column.")
    return str(part.take("this")), bool(part.take("quoted"))


def truth(work: Work, part: Part, sight: Sight) -> str:
    """A condition's text; refuses what is no BOOLEAN."""
    found = work.value(part, sight)
    if found.type not in (BOOLEAN, NULL):
        raise part.refused(f"{found.type} stands for a condition", "Write a comparison.")
    return found.text if found.type == BOOLEAN else DUCK.cast("NULL", BOOLEAN)


def compared(call: Call, one: Value, other: Value, *, ordered: bool) -> tuple[str, str]:
    """Two values in the type in which they are compared; refuses those that are not compared alike."""
    type_ = meet(call, [one, other])
    if type_.name in ("MAP", "STRUCT", "INTERVAL") or (ordered and type_.name == "LIST"):
        raise call.refused(f"a comparison of {type_} is not known to be the same", "Compare parts of it.")
    call.written.check_compared(call.part, type_, ordered=ordered)
    if note := call.written.compared_note(type_):
        call.noted(note)
    first, second = (call.written.implicit(call.part, each, type_).text for each in (one, other))
    return first, second
