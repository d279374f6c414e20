"""Casts that were written: where DuckDB rounds and others cut, and which texts stand for a number, a date or a time."""

from __future__ import annotations

from decimal import Decimal

from mason.sql.parsed import Tree
from mason.sql.sql_types import (
    BIGINT,
    BOOLEAN,
    DATE,
    DOUBLE,
    FLOAT,
    INTEGERS,
    NULL,
    TIMESTAMP,
    VARCHAR,
    SqlType,
    decimal,
    is_exact,
    is_number,
)
from mason.sql.translating.meeting import from_text, widened
from mason.sql.translating.rules import Work
from mason.sql.translating.translated import Value

# Texts that all engines read alike, as regular expressions; all others stop a query.
_SHAPES = {
    DATE: r"^\d{4}-\d{2}-\d{2}$",
    TIMESTAMP: r"^\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}:\d{2}(\.\d{1,6})?)?$",
    DOUBLE: r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$",
    BOOLEAN: r"^([Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee])$",
}
_WHOLE_SHAPE = r"^[+-]?\d{1,37}$"
_DECIMAL_SHAPE = r"^[+-]?(\d{1,20}\.?\d{0,17}|\.\d{1,17})$"


def explicit(work: Work, node: Tree, value: Value, target: SqlType, tried: bool) -> Value:
    """A cast that was written in the query; ``tried`` for TRY_CAST."""
    given, dialect = value.type, work.dialect
    if not dialect.type_name(target):
        raise node.refused(f"{dialect.engine} has no {target} that holds the same values", "Use another type.")
    if given == NULL:
        return Value(dialect.cast("NULL", target), target)
    if given == target:
        return value
    if value.is_text:
        return from_text(dialect, node, str(value.constant), target, tried=tried)
    if tried and given != VARCHAR:
        raise node.refused(f"TRY_CAST of {given} is not known to be the same", "Use CAST, or cast a text.")
    if target == VARCHAR:
        return _to_text(work, node, value)
    if given == VARCHAR:
        return _of_texts(work, node, value, target, tried)
    found = _of_numbers(work, node, value, target) if is_number(given) and is_number(target) else None
    found = found or _of_others(work, value, target)
    if found is None or (target in dialect.uncomputed and not found.is_constant):
        raise node.refused(f"a cast of {given} to {target} is not known to be the same", "Leave it out.")
    return found


def _to_text(work: Work, node: Tree, value: Value) -> Value:
    given = value.type
    if work.dialect.shows(given):
        return Value(work.dialect.shown(value), VARCHAR)
    remedy = "Cast it to a DECIMAL before." if given in (FLOAT, DOUBLE) else "Leave the cast out."
    raise node.refused(f"texts of {given} look different in {work.dialect.engine}", remedy)


def _of_texts(work: Work, node: Tree, value: Value, target: SqlType, tried: bool) -> Value:
    """Texts of a column. Each engine takes some that others do not: those that all read alike are cast."""
    dialect, text = work.dialect, value.text
    cast = dialect.cast
    trimmed = f"trim(BOTH ' ' FROM {text})"
    if target in INTEGERS:
        # '2.5' is 3 for DuckDB.
        shapes = [(_WHOLE_SHAPE, cast(cast(trimmed, decimal(38, 0)), target))]
        shapes += [
            (_DECIMAL_SHAPE, cast(dialect.rounded_decimal(cast(trimmed, decimal(38, 17)), decimal(38, 17), 0), target))
        ]
    elif target.name == "DECIMAL":
        shapes = [(_DECIMAL_SHAPE, cast(cast(trimmed, decimal(38, 17)), target))]
    elif target in _SHAPES:
        shapes = [(_SHAPES[target], cast(trimmed, target))]
    else:
        raise node.refused(f"a cast of texts to {target} is not known to be the same", "Leave it out.")
    if tried or target in dialect.uncomputed:
        remedy = "Use CAST in a CASE that looks at the text."
        raise node.refused(f"TRY_CAST of texts to {target} is not known to be the same", remedy)
    cases = " ".join(f"WHEN {dialect.matching(trimmed, shape)} THEN {result}" for shape, result in shapes)
    stop = dialect.stop_at(f"This text is no {target} that both engines read alike: ", text, target)
    work.rewritten(node, f"CAST(text AS {target})", f"{dialect.engine} takes other texts for such values than DuckDB")
    work.noted(node, f"a text that is not written as usual for {target} stops the query, where DuckDB may read it")
    return Value(f"CASE WHEN {text} IS NULL THEN NULL {cases} ELSE {stop} END", target)


def _of_numbers(work: Work, node: Tree, value: Value, target: SqlType) -> Value | None:
    given, text, dialect = value.type, value.text, work.dialect
    if (wider := widened(dialect, value, target)) is not None:
        return wider
    if given in INTEGERS and (target in INTEGERS or target.name == "DECIMAL"):
        return Value(dialect.cast(text, target), target)
    if given.name == "DECIMAL" and target.name == "DECIMAL":
        if target.scale < given.scale:
            text = dialect.narrowed(text, given, target)
        return Value(dialect.cast(text, target), target)
    if given.name == "DECIMAL" and target in INTEGERS:
        work.rewritten(node, f"CAST({given} AS {target})", f"DuckDB rounds, {dialect.engine} cuts")
        return Value(dialect.cast(dialect.rounded_decimal(text, given, 0), target), target)
    if given == DOUBLE and target in INTEGERS:
        why = f"DuckDB rounds to the even neighbour, {dialect.engine} cuts"
        return _rounding(work, node, value, target, dialect.half_to_even(text), why)
    if given == DOUBLE and target.name == "DECIMAL" and target.width <= 18:
        why = f"DuckDB rounds the number itself, {dialect.engine} its shortest text"
        scaled = dialect.half_away(f"{text} * {dialect.power_of_ten(target.scale)}")
        step = dialect.exact(Decimal(1).scaleb(-target.scale), decimal(target.scale + 1, target.scale))
        return _rounding(work, node, value, target, f"{dialect.cast(scaled, BIGINT)} * {step}", why)
    return None


def _rounding(work: Work, node: Tree, value: Value, target: SqlType, text: str, why: str) -> Value:
    if text != value.text:
        work.rewritten(node, f"CAST({value.type} AS {target})", why)
    return Value(work.dialect.cast(text, target), target)


def _of_others(work: Work, value: Value, target: SqlType) -> Value | None:
    given, text, dialect = value.type, value.text, work.dialect
    if (given, target) in ((DATE, TIMESTAMP), (TIMESTAMP, DATE)):
        return Value(dialect.cast(text, target), target)
    if given == BOOLEAN and target in INTEGERS:
        return Value(dialect.truth_number(text, target), target)
    if given in INTEGERS and target == BOOLEAN:
        return Value(f"({text} <> 0)", BOOLEAN)
    return None if not (is_exact(given) and target == DOUBLE) else Value(dialect.cast(text, DOUBLE), DOUBLE)
