"""DuckDB's types as values: what rules of translation decide by, and the type that mixed ones have in common."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mason.values import dataclass


@dataclass(slots=True, frozen=True)
class SqlType:
    """A type of DuckDB's. ``width`` and ``scale`` are those of a DECIMAL; ``fields`` those of a STRUCT, the element of
    a LIST (without a name), key and value of a MAP.
    """

    name: str
    width: int = 0
    scale: int = 0
    fields: tuple[tuple[str, SqlType], ...] = ()

    @property
    def element(self) -> SqlType:
        """The type of a LIST's elements, or of a MAP's values."""
        return self.fields[-1][1]

    def __str__(self) -> str:
        if self.name == "DECIMAL":
            return f"DECIMAL({self.width},{self.scale})"
        if self.name == "LIST":
            return f"{self.element}[]"
        if self.name == "MAP":
            return f"MAP({self.fields[0][1]}, {self.fields[1][1]})"
        if self.name == "STRUCT":
            return f"STRUCT({', '.join(f'{_quoted(name)} {each}' for name, each in self.fields)})"
        return self.name


NULL = SqlType("NULL")
BOOLEAN = SqlType("BOOLEAN")
TINYINT = SqlType("TINYINT")
SMALLINT = SqlType("SMALLINT")
INTEGER = SqlType("INTEGER")
BIGINT = SqlType("BIGINT")
HUGEINT = SqlType("HUGEINT")
FLOAT = SqlType("FLOAT")
DOUBLE = SqlType("DOUBLE")
VARCHAR = SqlType("VARCHAR")
DATE = SqlType("DATE")
TIMESTAMP = SqlType("TIMESTAMP")
TIMESTAMPTZ = SqlType("TIMESTAMP WITH TIME ZONE")
INTERVAL = SqlType("INTERVAL")
BLOB = SqlType("BLOB")

INTEGERS = (TINYINT, SMALLINT, INTEGER, BIGINT, HUGEINT)
RANGES = {TINYINT: 2**7, SMALLINT: 2**15, INTEGER: 2**31, BIGINT: 2**63, HUGEINT: 2**127}
_DIGITS = {TINYINT: 3, SMALLINT: 5, INTEGER: 10, BIGINT: 19, HUGEINT: 38}
WIDEST = 38
"""The most digits that a DECIMAL has, in DuckDB and in Spark."""

_SPARK = {
    BOOLEAN: "BOOLEAN",
    TINYINT: "TINYINT",
    SMALLINT: "SMALLINT",
    INTEGER: "INT",
    BIGINT: "BIGINT",
    HUGEINT: "DECIMAL(38,0)",
    FLOAT: "FLOAT",
    DOUBLE: "DOUBLE",
    VARCHAR: "STRING",
    DATE: "DATE",
    TIMESTAMP: "TIMESTAMP_NTZ",
    TIMESTAMPTZ: "TIMESTAMP",
    BLOB: "BINARY",
}


def decimal(width: int, scale: int) -> SqlType:
    """The type DECIMAL(width,scale)."""
    return SqlType("DECIMAL", width, scale)


def list_of(element: SqlType) -> SqlType:
    """The type of lists of ``element``."""
    return SqlType("LIST", fields=(("", element),))


def from_duckdb(found: Any) -> SqlType:
    """DuckDB's description of a type (a ``DuckDBPyType``) as a value."""
    name = found.id.upper()
    if name == "DECIMAL":
        parts = dict(found.children)
        return decimal(int(str(parts["precision"])), int(str(parts["scale"])))
    if name in ("LIST", "STRUCT", "MAP"):
        children: list[tuple[str, Any]] = list(found.children)
        names = [each if name == "STRUCT" else "" for each, _ in children]
        return SqlType(name, fields=tuple(zip(names, (from_duckdb(child) for _, child in children), strict=True)))
    if name == "VARCHAR":
        # JSON is text to DuckDB's functions, and a type of its own to those who read it.
        return SqlType(str(found))
    return SqlType("NULL" if name == '"NULL"' else name)


def from_tree(found: dict[str, Any]) -> SqlType:
    """The type that a cast or a constant of the parsed text names; types of an engine's own keep their bare name."""
    name, more = found["id"], found.get("type_info") or {}
    if name == "DECIMAL":
        return decimal(more["width"], more["scale"]) if more else decimal(18, 3)
    if name == "LIST" and more.get("child_type"):
        return list_of(from_tree(more["child_type"]))
    return SqlType(name) if not more else SqlType(str(more.get("name") or name))


def spark_name(type_: SqlType) -> str:
    """How Spark writes ``type_``; empty where it has none that holds the same values."""
    if type_.name == "DECIMAL":
        return str(type_)
    if type_.name == "LIST":
        element = spark_name(type_.element)
        return f"ARRAY<{element}>" if element else ""
    if type_.name == "MAP":
        key, value = (spark_name(each) for _, each in type_.fields)
        return f"MAP<{key}, {value}>" if key and value else ""
    if type_.name == "STRUCT":
        parts = [(name, spark_name(each)) for name, each in type_.fields]
        inside = ", ".join(f"`{name.replace('`', '``')}`: {each}" for name, each in parts)
        return f"STRUCT<{inside}>" if all(each for _, each in parts) else ""
    return _SPARK.get(type_, "")


def as_decimal(type_: SqlType) -> SqlType:
    """The DECIMAL that holds every value of an integer type; a DECIMAL itself."""
    return type_ if type_.name == "DECIMAL" else decimal(_DIGITS[type_], 0)


def is_exact(type_: SqlType) -> bool:
    """Whether values are integers or decimals."""
    return type_ in INTEGERS or type_.name == "DECIMAL"


def is_number(type_: SqlType) -> bool:
    """Whether values are numbers."""
    return is_exact(type_) or type_ in (FLOAT, DOUBLE)


def common(types: Iterable[SqlType]) -> SqlType | None:
    """The type that DuckDB casts values of ``types`` to where they meet; ``None`` where that is not known here."""
    found = NULL
    for each in types:
        both = _common(found, each)
        if both is None:
            return None
        found = both
    return found


def _common(one: SqlType, other: SqlType) -> SqlType | None:
    if one == other or other == NULL:
        return one
    if one == NULL:
        return other
    if one in INTEGERS and other in INTEGERS:
        return max(one, other, key=INTEGERS.index)
    if is_exact(one) and is_exact(other):
        one, other = as_decimal(one), as_decimal(other)
        scale = max(one.scale, other.scale)
        width = max(one.width - one.scale, other.width - other.scale) + scale
        return decimal(width, scale) if width <= WIDEST else None
    pair = {one, other}
    if DOUBLE in pair and all(is_number(each) for each in pair):
        return DOUBLE
    if pair == {DATE, TIMESTAMP}:
        return TIMESTAMP
    return None


def _quoted(name: str) -> str:
    return name if name.isidentifier() else '"' + name.replace('"', '""') + '"'
