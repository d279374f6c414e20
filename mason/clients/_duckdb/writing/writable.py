"""Values as a format can hold them: what it would round, or has no way to write, goes in as text. Pure SQL.

Lists, structs and maps are gone through: a value within one is as easily changed as one of a column of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from mason.clients._duckdb.json_values import children
from mason.clients._duckdb.quoting import identifier, literal
from mason.engines.travelling import NOT_IN_PARQUET, told_of_column

if TYPE_CHECKING:
    from duckdb.sqltypes import DuckDBPyType

NESTED = frozenset({"struct", "map", "list", "array", "union", "variant"})
"""Types that are written as JSON where a format has none for them."""

_LARGE = ("hugeint", "uhugeint")
_FLOATING = ("float", "double")
_AS_TEXT = NOT_IN_PARQUET | {"uuid", "enum"}
# Digits that a double keeps.
_EXACT_DIGITS = 15


def writable(column: str, name: str, kind: DuckDBPyType, format: str) -> str:
    """The SQL for a value of ``column`` (SQL, too) in a file of ``format``; a person calls the column ``name``."""
    if format == "parquet":
        stored = _stored(kind)
        if kind.id in _LARGE:
            told = (
                f"Column {name} has a whole number of 39 digits, more than parquet holds. Write csv or jsonl instead."
            )
            value = f"TRY_CAST({column} AS {stored})"
            return f"CASE WHEN {column} IS NOT NULL AND {value} IS NULL THEN error({literal(told)}) ELSE {value} END"
        return column if stored == str(kind) else f"CAST({column} AS {stored})"
    if format in ("json", "jsonl"):
        return _in_json(column, kind)
    if format == "csv" and kind.id in NESTED:
        return as_json_text(column, kind)
    return column


def as_json_text(column: str, kind: DuckDBPyType) -> str:
    """A nested value as the text of JSON."""
    return f"CAST(to_json({_in_json(column, kind)}) AS VARCHAR)"


def rounded(column: str, kind: DuckDBPyType) -> str:
    """The SQL that is true for a DECIMAL that would be another number with the digits that a double is written with."""
    facts = dict(kind.children)
    digits, scale = facts["precision"], facts["scale"]
    assert isinstance(digits, int)
    assert isinstance(scale, int)
    if digits <= _EXACT_DIGITS:
        return "false"
    few = f"CAST({Decimal(10) ** (_EXACT_DIGITS - scale) - Decimal(10) ** -scale:f} AS {kind})"
    written = f"CAST(CAST({column} AS DOUBLE) AS VARCHAR)"
    return (
        f"CASE WHEN {column} BETWEEN -{few} AND {few} THEN false "
        f"ELSE coalesce(TRY_CAST({written} AS {kind}) <> {column}, {column} IS NOT NULL) END"
    )


def told_of_types(columns: Mapping[str, DuckDBPyType]) -> list[str]:
    """What other programs read of columns in parquet that is not what they are."""
    return [note for name, kind in columns.items() for note in told_of_column(name, _within(kind))]


def _within(kind: DuckDBPyType) -> set[str]:
    """The names of a type and of those inside of it."""
    found = {"json" if str(kind) == "JSON" else kind.id}
    return found.union(*(_within(child) for child in children(kind).values()))


def _stored(kind: DuckDBPyType) -> str:
    """The type in parquet, of which all readers make the same values. DuckDB would make a DOUBLE of a HUGEINT, cut an
    INTERVAL to milliseconds, and drop the zone of a time of day; it reads some types back as others, and of a UUID
    polars makes bytes, and Spark nothing."""
    if kind.id in _LARGE:
        return "DECIMAL(38,0)"
    if kind.id in _AS_TEXT:
        return "VARCHAR"
    if kind.id in ("timestamp_s", "timestamp_ms"):
        return "TIMESTAMP"
    within = children(kind)
    stored = {name: _stored(each) for name, each in within.items()}
    if kind.id in ("list", "array"):
        return f"{stored['child']}[]"
    if "" in stored or all(stored[name] == str(each) for name, each in within.items()):
        return str(kind)
    if kind.id == "struct":
        return f"STRUCT({', '.join(f'{identifier(name)} {each}' for name, each in stored.items())})"
    if kind.id == "map":
        return f"MAP({stored['key']}, {stored['value']})"
    return str(kind)


def _in_json(value: str, kind: DuckDBPyType, depth: int = 0) -> str:
    """Numbers that JSON has not, or that its readers would round, are text there, as they are in answers."""
    if kind.id in _FLOATING:
        return (
            f"CASE WHEN isfinite({value}) THEN to_json({value}) WHEN isnan({value}) THEN to_json('NaN') "
            f"WHEN {value} > 0 THEN to_json('Infinity') WHEN {value} < 0 THEN to_json('-Infinity') END"
        )
    if kind.id in _LARGE:
        # Of larger ones DuckDB would write a double.
        fits = f"{value} BETWEEN -9223372036854775808 AND 18446744073709551615"
        return f"CASE WHEN {fits} THEN to_json({value}) ELSE to_json(CAST({value} AS VARCHAR)) END"
    if kind.id == "decimal":
        wrong = rounded(value, kind)
        if wrong == "false":
            return value
        # Of a DECIMAL that has nothing but a fraction, DuckDB makes what is no JSON.
        return f"CASE WHEN {wrong} THEN to_json(CAST({value} AS VARCHAR)) ELSE to_json(CAST({value} AS DOUBLE)) END"
    within = children(kind)
    each = f"each_{depth}"
    if kind.id in ("list", "array"):
        inner = _in_json(each, within["child"], depth + 1)
        return value if inner == each else f"list_transform({value}, lambda {each}: {inner})"
    if kind.id == "map":
        inner = _in_json(each, within["value"], depth + 1)
        values = f"list_transform(map_values({value}), lambda {each}: {inner})"
        return value if inner == each else f"CASE WHEN {value} IS NOT NULL THEN map(map_keys({value}), {values}) END"
    if kind.id == "struct" and "" not in within:
        parts = {name: f"struct_extract({value}, {literal(name)})" for name in within}
        inners = {name: _in_json(parts[name], field, depth) for name, field in within.items()}
        if inners == parts:
            return value
        fields = ", ".join(f"{identifier(name)} := {inner}" for name, inner in inners.items())
        return f"CASE WHEN {value} IS NOT NULL THEN struct_pack({fields}) END"
    return value
