"""DuckDB's SQL in Redshift's: PostgreSQL's dialect with Redshift's lacks and its own words.

No Redshift was asked: the rules are those that its documentation describes, and what it leaves open is refused. Names
in quotes are those of pages of the Database Developer Guide.
"""

from __future__ import annotations

from collections.abc import Mapping

from mason.sql.parsed import Tables
from mason.sql.postgres.postgres import Postgres
from mason.sql.redshift import redshift_functions
from mason.sql.sql_types import (
    BIGINT,
    BOOLEAN,
    DATE,
    DOUBLE,
    FLOAT,
    HUGEINT,
    INTEGER,
    INTEGERS,
    SMALLINT,
    TIMESTAMP,
    TINYINT,
    VARCHAR,
    SqlType,
    decimal,
)
from mason.sql.translating.rules import Call
from mason.sql.translating.translated import Value
from mason.sql.translating.work import translated
from mason.sql.translations import Translation

_TYPES = {
    BOOLEAN: "boolean",
    TINYINT: "smallint",
    SMALLINT: "smallint",
    INTEGER: "integer",
    BIGINT: "bigint",
    HUGEINT: "numeric(38,0)",
    FLOAT: "real",
    DOUBLE: "double precision",
    # "Character types": text is a varchar(256), which a cast cuts to.
    VARCHAR: "varchar(65535)",
    DATE: "date",
    TIMESTAMP: "timestamp",
}
_LONGEST_NAME = 127
_HALF_TO_EVEN = (
    "CASE WHEN abs({0} - trunc({0})) = 0.5 THEN 2 * trunc(({0} + sign({0}) * 0.5) / 2)"
    " ELSE trunc({0} + sign({0}) * 0.5) END"
)


class Redshift(Postgres):
    """Redshift's SQL."""

    engine = "Redshift"
    bad_name = "is longer than 127 bytes, or has capital letters, which become small ones"
    types = _TYPES
    functions = redshift_functions.FUNCTIONS
    aggregates = redshift_functions.AGGREGATES
    has_infinity = False
    ignore_nulls = True
    more_ordered = ()
    like_escape = "^"
    # "Window function syntax summary", "LAG window function".
    frame_needed = True
    lag_default = False
    # "Aggregate functions", "FROM clause", "Correlated subqueries" and "UNION, INTERSECT, and EXCEPT".
    filter_clause = False
    values_in_from = False
    one_row_subqueries = True
    set_operations_all = ("UNION",)
    stops_at_zero = True

    def can_name(self, name: str) -> bool:
        """Whether a name stays as it is: "Names and identifiers" makes those in quotes small, too."""
        return name != "" and "\0" not in name and len(name.encode()) <= _LONGEST_NAME and name == name.lower()

    def type_name(self, type_: SqlType) -> str:
        """How the type is written; there are no arrays."""
        return "" if type_.name == "LIST" else super().type_name(type_)

    def can_say(self, value: str) -> bool:
        """Whether a text can be written: it depends on a setting whether a backslash is an escape."""
        return "\\" not in value and "\0" not in value

    def sorted(self, value: Value) -> str:
        """A text as it is: "Collation sequences" orders by bytes."""
        return value.text

    def compared_note(self, type_: SqlType) -> str:
        """What "Character types" says: blanks at the end count for nothing in comparisons."""
        if type_ == VARCHAR:
            return "texts that differ only in blanks at their end are the same in Redshift"
        return "how NaN compares is not known in Redshift" if type_ in (DOUBLE, FLOAT) else ""

    def same(self, one: str, other: str) -> str:
        """IS NOT DISTINCT FROM, of which the documentation does not speak."""
        return f"coalesce({one} = {other}, {one} IS NULL AND {other} IS NULL)"

    def interval(self, number: int, unit: str) -> str:
        """The arguments that stand for an interval in ``dateadd``."""
        return f"{unit.lower()}, {number}"

    def shifted(self, moment: str, sign: str, interval: str) -> str:
        """A later timestamp: in "DATEADD function" a day that the month has not becomes its last one, as in DuckDB."""
        unit, _, number = interval.partition(", ")
        return f"dateadd({unit}, {number if sign == '+' else -int(number)}, {moment})"

    def days_later(self, date: str, days: str, sign: str) -> str:
        """A date so many days later or earlier."""
        return self.cast(f"dateadd(day, {'' if sign == '+' else '-'}{days}, {date})", DATE)

    def days_between(self, end: str, start: str) -> str:
        """The days from one date to another one."""
        return f"datediff(day, {start}, {end})"

    def series(self, call: Call, start: int, end: int) -> str:
        """Refused: ``generate_series`` does not run beside tables."""
        raise call.refused(f"{call.name} in FROM is not known to be the same in Redshift", "Use a table.")

    def shows(self, type_: SqlType) -> bool:
        """Whether texts of that type are known."""
        return type_ in INTEGERS or type_ in (BOOLEAN, DATE)

    def shown(self, value: Value) -> str:
        """A value as a text; BOOLEAN has no such cast."""
        if value.type == BOOLEAN:
            return f"CASE WHEN {value.text} THEN 'true' WHEN NOT {value.text} THEN 'false' END"
        if value.type == DATE:
            return f"to_char({value.text}, 'YYYY-MM-DD')"
        return super().shown(value)

    def fraction(self, value: float) -> str:
        """A constant, as "PERCENTILE_CONT function" asks for."""
        return repr(value)

    def half_to_even(self, text: str) -> str:
        """A DOUBLE rounded before the cast, whose way is not said."""
        return _HALF_TO_EVEN.format(f"({text})")

    def rounded_decimal(self, text: str, type_: SqlType, digits: int) -> str:
        """A DECIMAL cut off after a half was added."""
        half = self.cast(f"0.{'0' * digits}5", decimal(digits + 1, digits + 1))
        return f"trunc({text} + sign({text}) * {half}, {digits})"

    def narrowed(self, text: str, given: SqlType, target: SqlType) -> str:
        """A DECIMAL rounded before the cast, whose way is not said."""
        return self.rounded_decimal(text, given, target.scale)

    def truth_number(self, text: str, type_: SqlType) -> str:
        """A BOOLEAN as 1 or 0."""
        return self.cast(f"CASE WHEN {text} THEN 1 WHEN NOT {text} THEN 0 END", type_)

    def quotient(self, one: str, other: str) -> str:
        """The quotient, which stops the query where the divisor is zero."""
        return f"({one} / {other})"

    def whole_quotient(self, call: Call, one: str, other: str, type_: SqlType) -> str:
        """The quotient of two integers: that of numeric ones has digits behind the point."""
        if type_ == HUGEINT:
            raise call.refused(f"{call.name} of HUGEINT is not known to be the same in Redshift", "Cast to BIGINT.")
        return f"{one} / {other}"


REDSHIFT = Redshift()


def to_redshift(sql: str, tables: Tables, places: Mapping[str, str] | None = None) -> Translation:
    """Translate ``sql``, a query over ``tables``; ``TranslationError`` where that is not known to answer the same."""
    return translated(sql, tables, places or {}, REDSHIFT)
