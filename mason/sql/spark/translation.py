"""DuckDB's SQL in Spark's: the dialect as one value, from its rules by subject.

The rules were made from what was run on both engines (``docs/sql.md``). Spark is expected as Mason runs it: version 4,
ANSI mode, the session's zone UTC.
"""

from __future__ import annotations

from collections.abc import Mapping

from mason.sql.parsed import Tables
from mason.sql.spark import aggregates, datetimes, lists, numbers, strings
from mason.sql.spark.spark_text import SparkWriting
from mason.sql.sql_types import BIGINT, BLOB, HUGEINT, TIMESTAMPTZ, SqlType, decimal
from mason.sql.translating import arithmetic
from mason.sql.translating.rules import Aggregate, Call, Dialect
from mason.sql.translating.translated import Value
from mason.sql.translating.work import translated
from mason.sql.translations import Translation

_FUNCTIONS = {
    **arithmetic.RULES,
    "&": arithmetic.bits("({0} & {1})"),
    "|": arithmetic.bits("({0} | {1})"),
    "xor": arithmetic.bits("({0} ^ {1})"),
    **datetimes.RULES,
    **lists.RULES,
    **numbers.RULES,
    **strings.RULES,
}
_REMEDIES = {
    "list_sort": "Order where the list is made: list(x ORDER BY x).",
    "list_distinct": "Use DISTINCT before the list is made.",
}
_JOINS = {**Dialect.joins, "SEMI": "LEFT SEMI JOIN", "ANTI": "LEFT ANTI JOIN"}


class Spark(SparkWriting, Dialect):
    """Spark's SQL."""

    engine = "Spark"
    bad_name = "holds ${, which Spark would fill in"
    functions = _FUNCTIONS
    aggregates = aggregates.RULES
    remedies = _REMEDIES
    joins = _JOINS
    boolean_extremes = True
    derived = ""
    one_row_subqueries = True
    in_only_in_where = True
    more_ordered = (TIMESTAMPTZ, BLOB)
    random = "rand()"
    narrow_counts = ("row_number", "rank", "dense_rank", "ntile")

    def series(self, call: Call, start: int, end: int) -> str:
        """Rows of whole numbers."""
        call.rewritten("Spark has range, whose end is left out")
        return f"range({start}, {max(start, end + 1)})"

    def unnested(self, call: Call) -> Value:
        """The one unnest of a select list."""
        return lists.unnested(call)

    def same(self, one: str, other: str) -> str:
        """IS NOT DISTINCT FROM."""
        return f"{one} <=> {other}"

    def computed(self, text: str, type_: SqlType) -> Value:
        """The result of an operator, which Spark's types hold to their digits."""
        return Value(f"({text})", type_)

    def total(self, text: str, type_: SqlType) -> str:
        """A sum, which Spark has in 38 digits as DuckDB."""
        return text

    def whole_total(self, of: Aggregate, text: str, type_: SqlType) -> str:
        """Of BIGINTs the sums of three parts, of 22 and twice 21 bits, each of which is a BIGINT for 2^42 rows: Spark
        takes twice as long to add decimals. Of narrower integers Spark's sum is a BIGINT."""
        if of.distinct or (of.in_window and type_ == BIGINT):
            return super().whole_total(of, text, type_)
        if type_ != BIGINT:
            return self.cast(of.over(f"sum({text})"), HUGEINT)
        wide = self.cast(text, BIGINT)
        parts = (f"shiftright({wide}, 42)", f"shiftright({wide}, 21) & 2097151L", f"{wide} & 2097151L")
        high, middle, low = (self.cast(of.over(f"sum({each})"), decimal(20, 0)) for each in parts)
        return self.cast(f"({high} * 4398046511104BD + {middle} * 2097152BD + {low})", HUGEINT)

    def stop(self, reason: str, text: str, type_: SqlType) -> str:
        """An expression that stops the query."""
        return f"raise_error('{reason}')"

    def stop_at(self, reason: str, text: str, type_: SqlType) -> str:
        """An expression that stops the query and says at which text."""
        return f"raise_error(concat('{reason}', {text}))"

    def matching(self, text: str, shape: str) -> str:
        """Whether a text has a shape."""
        return f"{text} RLIKE {self.text(shape)}"

    def holding(self, text: str, letters: str) -> str:
        """Whether a text holds one of the letters, in the words of Java's expressions."""
        shown = "".join(each if each == "-" else f"\\\\x{{{ord(each):x}}}" for each in letters)
        return f"{text} RLIKE '[{shown}]'"

    def half_away(self, text: str) -> str:
        """A DOUBLE rounded, halves away from zero."""
        return f"round({text}, 0)"

    def half_to_even(self, text: str) -> str:
        """A DOUBLE rounded, halves to the even neighbour."""
        return f"rint({text})"

    def power_of_ten(self, digits: int, factor: int = 1) -> str:
        """A power of ten as a DOUBLE."""
        return f"{factor}e{digits}D"

    def days_later(self, date: str, days: str, sign: str) -> str:
        """A date so many days later or earlier."""
        return f"date_add({date}, {'' if sign == '+' else sign}{days})"

    def days_between(self, end: str, start: str) -> str:
        """The days from one date to another one."""
        return f"datediff({end}, {start})"

    def whole_quotient(self, call: Call, one: str, other: str, type_: SqlType) -> str:
        """The quotient of two integers."""
        return f"{one} div {other}"

    def quotient(self, one: str, other: str) -> str:
        """1/0 and 1/-0.0 are infinite in IEEE's arithmetic, which power() keeps to."""
        return f"CASE WHEN {other} = 0D THEN {one} * power({other}, -1D) ELSE {one} / {other} END"


SPARK = Spark()


def to_spark(sql: str, tables: Tables, places: Mapping[str, str] | None = None) -> Translation:
    """Translate ``sql``, a query over ``tables``; ``TranslationError`` where that is not known to answer the same."""
    return translated(sql, tables, places or {}, SPARK)
