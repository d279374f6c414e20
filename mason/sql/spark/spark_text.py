"""Texts, names and numbers as Spark reads them: each says exactly the value that DuckDB has."""

from __future__ import annotations

from decimal import Decimal

from mason.sql.sql_types import BIGINT, DOUBLE, HUGEINT, INTEGER, RANGES, SqlType, spark_name

_ESCAPES = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0"}


def text(value: str) -> str:
    """A text literal. ``${`` is written so that Spark does not fill it in from its variables or its environment, and
    what cannot be printed is escaped, so that the text may be copied."""
    return "'" + "".join(map(_letter, value)).replace("${", "\\u0024{") + "'"


def _letter(each: str) -> str:
    if each in _ESCAPES:
        return _ESCAPES[each]
    if each.isprintable():
        return each
    return f"\\u{ord(each):04x}" if ord(each) < 0x10000 else f"\\U{ord(each):08x}"


def identifier(name: str) -> str:
    """A name in backticks."""
    return "`" + name.replace("`", "``") + "`"


def can_name(name: str) -> bool:
    """Whether Spark takes ``name`` as it stands: in ``${...}`` it fills in variables, in names too."""
    return "${" not in name and "\0" not in name and name != ""


def integer(value: int, type_: SqlType) -> str:
    """A whole number of the type."""
    if type_ == INTEGER and value > -RANGES[INTEGER]:
        return str(value) if value >= 0 else f"({value})"
    if type_ == BIGINT and value > -RANGES[BIGINT]:
        return f"{value}L" if value >= 0 else f"({value}L)"
    if type_ == HUGEINT:
        return f"CAST({value}BD AS {spark_name(type_)})"
    return f"CAST('{value}' AS {spark_name(type_)})"


def exact(value: Decimal, type_: SqlType) -> str:
    """A decimal of the type."""
    return f"CAST({value:f}BD AS {spark_name(type_)})"


def double(value: float) -> str:
    """A DOUBLE."""
    if value != value or value in (float("inf"), float("-inf")):
        return f"CAST('{value}' AS {spark_name(DOUBLE)})"
    said = f"{value!r}D"
    return said if value >= 0 and not said.startswith("-") else f"({said})"
