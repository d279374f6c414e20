"""Casts: where DuckDB rounds and Spark cuts, and which texts each of the two takes for a number, a date or a time."""

from __future__ import annotations

import datetime
import re
from decimal import Decimal

from mason.sql.parsed import Tree
from mason.sql.spark import spark_text
from mason.sql.spark.rules import Work, cast_text, widened
from mason.sql.spark.translated import Value
from mason.sql.sql_types import (
    BIGINT,
    BOOLEAN,
    DATE,
    DOUBLE,
    FLOAT,
    INTEGERS,
    NULL,
    RANGES,
    TIMESTAMP,
    TIMESTAMPTZ,
    VARCHAR,
    SqlType,
    is_exact,
    is_number,
    spark_name,
)

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_TIME = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[ T](\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?))?")
_WHOLE = re.compile(r"[+-]?\d{1,37}")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?")

# Texts that both read alike, as Java's regular expressions; all others stop a query, or are NULL where both say so.
_SHAPES = {
    DATE: r"^\\d{4}-\\d{2}-\\d{2}$",
    TIMESTAMP: r"^\\d{4}-\\d{2}-\\d{2}([ T]\\d{2}:\\d{2}:\\d{2}(\\.\\d{1,6})?)?$",
    DOUBLE: r"^[+-]?(\\d+\\.?\\d*|\\.\\d+)([eE][+-]?\\d{1,3})?$",
    BOOLEAN: r"^(?i:true|false)$",
}
_WHOLE_SHAPE = r"^[+-]?\\d{1,37}$"
_DECIMAL_SHAPE = r"^[+-]?(\\d{1,20}\\.?\\d{0,17}|\\.\\d{1,17})$"


def explicit(work: Work, node: Tree, value: Value, target: SqlType, tried: bool) -> Value:
    """A cast that was written in the query; ``tried`` for TRY_CAST."""
    given = value.type
    if not spark_name(target):
        raise node.refused(f"Spark has no {target} that holds the same values", "Use another type.")
    if given == NULL:
        return Value(cast_text("NULL", target), target)
    if given == target:
        return value
    if value.is_text:
        return from_text(node, str(value.constant), target, tried)
    if tried and given != VARCHAR:
        raise node.refused(f"TRY_CAST of {given} is not known to be the same", "Use CAST, or cast a text.")
    if target == VARCHAR:
        return _to_text(node, value)
    if given == VARCHAR:
        return _of_texts(work, node, value, target, tried)
    found = _of_numbers(work, node, value, target) if is_number(given) and is_number(target) else None
    found = found or _of_others(value, target)
    if found is None:
        raise node.refused(f"a cast of {given} to {target} is not known to be the same", "Leave it out.")
    return found


def implicit(node: Tree, value: Value, target: SqlType) -> Value:
    """A cast that DuckDB makes by itself: wider numbers, NULL, dates to timestamps, texts that were written out."""
    if value.type == target:
        return value
    if value.type == NULL:
        return Value(cast_text("NULL", target), target)
    if value.is_text:
        return from_text(node, str(value.constant), target, False)
    if value.type == DATE and target == TIMESTAMP:
        return Value(cast_text(value.text, TIMESTAMP), TIMESTAMP)
    found = widened(value, target) if is_number(value.type) and is_number(target) else None
    if found is None:
        raise node.refused(f"{value.type} stands here for {target}", f"Write CAST(... AS {target}).")
    return found


def from_text(node: Tree, written: str, target: SqlType, tried: bool) -> Value:
    """The value of a text that was written out, found out here: 2024-01-31, 2024-01-31 10:00:00, 42, 1.5."""
    if target == VARCHAR:
        return Value(spark_text.text(written), VARCHAR, True, written)
    try:
        found = _read(written, target)
    except ValueError:
        found = None
    if found is None:
        shapes = "2024-01-31, 2024-01-31 10:00:00, 42, 1.5 or true"
        verb = "TRY_CAST" if tried else "CAST"
        raise node.refused(
            f"{verb} of the text {written!r} to {target} is not known to be the same", f"Write it as in {shapes}."
        )
    return found


def _read(written: str, target: SqlType) -> Value | None:
    if target == DATE and _DATE.fullmatch(written):
        return Value(f"DATE'{datetime.date.fromisoformat(written)}'", DATE)
    if target == TIMESTAMP and (found := _TIME.fullmatch(written)):
        clock = found[2] or "00:00:00"
        datetime.datetime.fromisoformat(f"{found[1]} {clock[:8]}")
        return Value(f"TIMESTAMP_NTZ'{found[1]} {clock}'", TIMESTAMP)
    if target in INTEGERS and _WHOLE.fullmatch(written) and -RANGES[target] <= int(written) < RANGES[target]:
        return Value(spark_text.integer(int(written), target), target, True, int(written))
    if target == DOUBLE and (_NUMBER.fullmatch(written) or written.lower() in ("nan", "inf", "infinity", "-inf")):
        return Value(spark_text.double(float(written)), DOUBLE, True, float(written))
    if target.name == "DECIMAL" and _NUMBER.fullmatch(written) and "e" not in written.lower():
        value = Decimal(written)
        if -value.as_tuple().exponent <= target.scale and abs(value) < 10 ** (target.width - target.scale):  # type: ignore[operator]
            return Value(spark_text.exact(value, target), target)
    if target == BOOLEAN and written.lower() in ("true", "false", "t", "f"):
        truth = written.lower().startswith("t")
        return Value(str(truth).upper(), BOOLEAN, True, truth)
    return None


def _to_text(node: Tree, value: Value) -> Value:
    given = value.type
    if given in INTEGERS or given in (BOOLEAN, DATE, TIMESTAMP) or given.name == "DECIMAL":
        return Value(cast_text(value.text, VARCHAR), VARCHAR)
    remedy = "Cast it to a DECIMAL before." if given in (FLOAT, DOUBLE) else "Leave the cast out."
    raise node.refused(f"texts of {given} look different in Spark", remedy)


def _of_texts(work: Work, node: Tree, value: Value, target: SqlType, tried: bool) -> Value:
    """Texts of a column. Each engine takes some that the other one does not: those that both read alike are cast."""
    text = value.text
    trimmed = f"trim(BOTH ' ' FROM {text})"
    if target in INTEGERS:
        # '2.5' is 3 for DuckDB and stops Spark.
        shapes = [(_WHOLE_SHAPE, cast_text(cast_text(trimmed, _wide(0)), target))]
        shapes += [(_DECIMAL_SHAPE, cast_text(f"round({cast_text(trimmed, _wide(17))}, 0)", target))]
    elif target.name == "DECIMAL":
        shapes = [(_DECIMAL_SHAPE, cast_text(cast_text(trimmed, _wide(17)), target))]
    elif target in _SHAPES:
        shapes = [(_SHAPES[target], cast_text(trimmed, target))]
    else:
        raise node.refused(f"a cast of texts to {target} is not known to be the same", "Leave it out.")
    if tried:
        raise node.refused(
            f"TRY_CAST of texts to {target} is not known to be the same", "Use CAST in a CASE that looks at the text."
        )
    cases = " ".join(f"WHEN {trimmed} RLIKE '{shape}' THEN {result}" for shape, result in shapes)
    stop = f"raise_error(concat('This text is no {target} that both engines read alike: ', {text}))"
    work.rewritten(node, f"CAST(text AS {target})", "Spark takes other texts for such values than DuckDB")
    work.noted(node, f"a text that is not written as usual for {target} stops the query, where DuckDB may read it")
    return Value(f"CASE WHEN {text} IS NULL THEN NULL {cases} ELSE {stop} END", target)


def _wide(scale: int) -> SqlType:
    return SqlType("DECIMAL", 38, scale)


def _of_numbers(work: Work, node: Tree, value: Value, target: SqlType) -> Value | None:
    given, text = value.type, value.text
    if (wider := widened(value, target)) is not None:
        return wider
    if given in INTEGERS and (target in INTEGERS or target.name == "DECIMAL"):
        return Value(cast_text(text, target), target)
    if given.name == "DECIMAL" and target.name == "DECIMAL":
        return Value(cast_text(text, target), target)
    if given.name == "DECIMAL" and target in INTEGERS:
        work.rewritten(node, f"CAST({given} AS {target})", "DuckDB rounds, Spark cuts")
        return Value(cast_text(f"round({text}, 0)", target), target)
    if given == DOUBLE and target in INTEGERS:
        work.rewritten(node, f"CAST({given} AS {target})", "DuckDB rounds to the even neighbour, Spark cuts")
        return Value(cast_text(f"rint({text})", target), target)
    if given == DOUBLE and target.name == "DECIMAL" and target.width <= 18:
        work.rewritten(node, f"CAST({given} AS {target})", "DuckDB rounds the number itself, Spark its shortest text")
        whole = cast_text(f"round({text} * 1e{target.scale}D, 0)", BIGINT)
        unit = Decimal(1).scaleb(-target.scale)
        step = SqlType("DECIMAL", target.scale + 1, target.scale)
        return Value(cast_text(f"{whole} * {spark_text.exact(unit, step)}", target), target)
    return None


def _of_others(value: Value, target: SqlType) -> Value | None:
    given, text = value.type, value.text
    if (given, target) in ((DATE, TIMESTAMP), (TIMESTAMP, DATE)):
        return Value(cast_text(text, target), target)
    if given == BOOLEAN and target in INTEGERS:
        return Value(cast_text(text, target), target)
    if given in INTEGERS and target == BOOLEAN:
        return Value(f"({text} <> 0)", BOOLEAN)
    if (given, target) in ((TIMESTAMPTZ, TIMESTAMP), (TIMESTAMP, TIMESTAMPTZ)):
        return None
    if given.name == "LIST" and target.name == "LIST":
        return None
    return None if not (is_exact(given) and target == DOUBLE) else Value(cast_text(text, DOUBLE), DOUBLE)
