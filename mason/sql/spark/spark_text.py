"""Texts, names and numbers as Spark reads them."""

from __future__ import annotations

from decimal import Decimal

from mason.sql.sql_types import BIGINT, DOUBLE, HUGEINT, INTEGER, RANGES, SqlType, spark_name
from mason.sql.translating.translated import Value
from mason.sql.translating.writing import Writing

_ESCAPES = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0"}


class SparkWriting(Writing):
    """Spark's names, values and types."""

    def identifier(self, name: str) -> str:
        """A name in backticks."""
        return "`" + name.replace("`", "``") + "`"

    def can_name(self, name: str) -> bool:
        """Whether Spark takes ``name`` as it stands: in ``${...}`` it fills in variables, in names too."""
        return "${" not in name and "\0" not in name and name != ""

    def type_name(self, type_: SqlType) -> str:
        """How Spark writes ``type_``; empty where it has none that holds the same values."""
        return spark_name(type_)

    def holds(self, type_: SqlType) -> bool:
        """Spark has a type for every column, if only to count it."""
        return True

    def text(self, value: str) -> str:
        """A text literal. ``${`` is written so that Spark does not fill it in from its variables or its environment,
        and what cannot be printed is escaped, so that the text may be copied."""
        return "'" + "".join(map(_letter, value)).replace("${", "\\u0024{") + "'"

    def can_say(self, value: str) -> bool:
        """Spark writes every text, also one with a zero byte."""
        return True

    def integer(self, value: int, type_: SqlType) -> str:
        """A whole number of the type."""
        if type_ == INTEGER and value > -RANGES[INTEGER]:
            return str(value) if value >= 0 else f"({value})"
        if type_ == BIGINT and value > -RANGES[BIGINT]:
            return f"{value}L" if value >= 0 else f"({value}L)"
        if type_ == HUGEINT:
            return f"CAST({value}BD AS {spark_name(type_)})"
        return f"CAST('{value}' AS {spark_name(type_)})"

    def exact(self, value: Decimal, type_: SqlType) -> str:
        """A decimal of the type."""
        return f"CAST({value:f}BD AS {spark_name(type_)})"

    def double(self, value: float) -> str:
        """A DOUBLE."""
        if value != value or value in (float("inf"), float("-inf")):
            return f"CAST('{value}' AS {spark_name(DOUBLE)})"
        said = f"{value!r}D"
        return said if value >= 0 and not said.startswith("-") else f"({said})"

    def date(self, written: str) -> str:
        """A date."""
        return f"DATE'{written}'"

    def timestamp(self, written: str) -> str:
        """A timestamp without a zone."""
        return f"TIMESTAMP_NTZ'{written}'"


SPARK_WRITING = SparkWriting()
text = SPARK_WRITING.text
identifier = SPARK_WRITING.identifier
can_name = SPARK_WRITING.can_name
double = SPARK_WRITING.double
exact = SPARK_WRITING.exact


def _letter(each: str) -> str:
    if each in _ESCAPES:
        return _ESCAPES[each]
    if each.isprintable():
        return each
    return f"\\u{ord(each):04x}" if ord(each) < 0x10000 else f"\\U{ord(each):08x}"


def cast_text(text: str, type_: SqlType) -> str:
    """A cast in Spark's words; the caller knows that it means what DuckDB's does."""
    return SPARK_WRITING.cast(text, type_)


def bigint(text: str) -> Value:
    """A count, place or part: Spark says INT where DuckDB says BIGINT."""
    return Value(cast_text(text, BIGINT), BIGINT)
