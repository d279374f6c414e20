"""Casts of texts that were written in a query: those that both engines read alike are cast, others stop the query."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mason.sql.foreign.duck_text import DUCK, as_type, stop_at
from mason.sql.foreign.foreign import Call
from mason.sql.foreign.part import Part
from mason.sql.sql_types import (
    BOOLEAN,
    DATE,
    DOUBLE,
    INTEGERS,
    NULL,
    TIMESTAMP,
    TIMESTAMPTZ,
    VARCHAR,
    WIDEST,
    SqlType,
    decimal,
    is_exact,
)
from mason.sql.translating.translated import Value

if TYPE_CHECKING:
    from sqlglot import exp

_TIME = r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}:\d{2}(\.\d{1,6})?)?"
SHAPES = {
    DATE: r"\d{4}-\d{2}-\d{2}",
    TIMESTAMP: _TIME,
    TIMESTAMPTZ: _TIME,
    DOUBLE: r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?",
    BOOLEAN: r"[Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee]",
    **dict.fromkeys(INTEGERS, r"[+-]?\d{1,37}"),
}
"""Texts that all engines read alike, with blanks around them."""
_DECIMAL = r"[+-]?(\d{1,20}\.?\d{0,17}|\.\d{1,17})"


def decimal_written(found: exp.DataType) -> SqlType | None:
    """DECIMAL(10,2), or DECIMAL(10) without a scale; ``None`` where digits are left out, or DuckDB has no such type."""
    written = [each.name for each in found.expressions]
    if not 0 < len(written) <= 2 or not all(each.isdecimal() for each in written):
        return None
    width, scale = int(written[0]), int(written[1]) if len(written) == 2 else 0
    return decimal(width, scale) if 0 < width <= WIDEST and scale <= width else None


def of_text(call: Call, value: Value, target: SqlType) -> Value:
    """A text as a number, a date, a time or a BOOLEAN."""
    shape = _DECIMAL if target.name == "DECIMAL" else SHAPES.get(target, "")
    if not shape:
        raise call.refused(f"a cast of texts to {target} is not known to be the same", "Leave it out.")
    trimmed = f"trim({value.text}, ' ')"
    made = DUCK.cast(trimmed, target)
    if target.name == "DECIMAL":
        made = DUCK.cast(DUCK.cast(trimmed, decimal(38, 17)), target)
    if target == TIMESTAMPTZ:
        made = f"({DUCK.cast(trimmed, TIMESTAMP)} AT TIME ZONE 'UTC')"
    if value.is_text and target in (DATE, TIMESTAMP, TIMESTAMPTZ):
        literal(call.part, value, target)
        return Value(made, target)
    stopped = stop_at(f"This text is no {target} that both engines read alike: ", value.text, target)
    call.work.rewritten(call.part, f"CAST(text AS {target})", "DuckDB takes other texts for such values")
    call.noted(
        f"a text that is not written as usual for {target} stops the query, where {call.written.engine} may read it"
    )
    matched = f"regexp_full_match({trimmed}, {DUCK.text(shape)})"
    return Value(f"CASE WHEN {value.text} IS NULL THEN NULL WHEN {matched} THEN {made} ELSE {stopped} END", target)


def literal(part: Part, value: Value, target: SqlType) -> Value:
    """A text that was written where a date or a time is asked for."""
    import datetime
    import re

    text = str(value.constant)
    if target in (DATE, TIMESTAMP, TIMESTAMPTZ) and re.fullmatch(SHAPES[target], text, re.ASCII):
        try:
            datetime.datetime.fromisoformat(text.partition(".")[0])
        except ValueError:
            raise part.refused(f"{text!r} is no {target}", "Write one that there is.") from None
        if target == TIMESTAMPTZ:
            return Value(f"({DUCK.cast(DUCK.text(text), TIMESTAMP)} AT TIME ZONE 'UTC')", target)
        return Value(DUCK.cast(DUCK.text(text), target), target)
    raise part.refused(f"the text {text!r} stands here for {target}", f"Write CAST('...' AS {target}).")


def widened(part: Part, value: Value, target: SqlType) -> Value:
    """A cast that every engine makes by itself: of NULL, wider numbers, dates where times are, texts written out."""
    given = value.type
    if given == target:
        return value
    if given == NULL:
        return Value(DUCK.cast("NULL", target), target)
    if value.is_text:
        return literal(part, value, target)
    is_wider = (
        (given in INTEGERS and target in INTEGERS and INTEGERS.index(given) < INTEGERS.index(target))
        or (is_exact(given) and (target == DOUBLE or target.name == "DECIMAL"))
        or (given.name == "FLOAT" and target == DOUBLE)
        or (given == DATE and target == TIMESTAMP)
    )
    if not is_wider:
        raise part.refused(f"{given} stands here for {target}", f"Write CAST(... AS {target}).")
    return Value(as_type(value, target), target)


def plain(call: Call, value: Value, target: SqlType, *, cuts: bool) -> Value | None:
    """A cast of no text, to no text; ``cuts``: fractions are cut off where a number becomes whole, else rounded as
    DuckDB does. ``None`` for types of which it is not known."""
    given, text = value.type, value.text
    numbers = (*INTEGERS, DOUBLE)
    if given in INTEGERS and (target in numbers or target.name == "DECIMAL"):
        return Value(DUCK.cast(text, target), target)
    if given.name == "DECIMAL" and (target == DOUBLE or target.name == "DECIMAL"):
        return Value(DUCK.cast(text, target), target)
    if (given.name == "DECIMAL" or given == DOUBLE) and target in INTEGERS:
        if cuts:
            call.work.rewritten(call.part, f"CAST({given} AS {target})", f"{call.written.engine} cuts, DuckDB rounds")
        return Value(DUCK.cast(f"trunc({text})" if cuts else text, target), target)
    if given.name == "FLOAT" and target == DOUBLE:
        return Value(DUCK.cast(text, DOUBLE), DOUBLE)
    if given == BOOLEAN and target in INTEGERS:
        return Value(DUCK.cast(text, target), target)
    if {given, target} == {DATE, TIMESTAMP}:
        return Value(DUCK.cast(text, target), target)
    if given == TIMESTAMPTZ and target in (DATE, TIMESTAMP):
        return Value(DUCK.cast(f"{text} AT TIME ZONE 'UTC'", target), target)
    if given in (DATE, TIMESTAMP) and target == TIMESTAMPTZ:
        return Value(f"({DUCK.cast(text, TIMESTAMP)} AT TIME ZONE 'UTC')", target)
    return None


def shown(call: Call, value: Value) -> Value:
    """A value as a text, as all engines write it."""
    if value.type in (*INTEGERS, BOOLEAN, DATE, TIMESTAMP) or value.type.name == "DECIMAL":
        return Value(as_type(value, VARCHAR), VARCHAR)
    raise call.refused(f"texts of {value.type} look different in DuckDB", "Cast it to a DECIMAL before.")
