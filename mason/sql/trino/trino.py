"""DuckDB's SQL in Trino's: the dialect as one value.

No Trino was asked: the rules are those that its documentation describes, and what it leaves open is refused. Each text
was looked at by Trino's grammar.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from mason.sql.parsed import Tables
from mason.sql.sql_types import (
    BIGINT,
    BLOB,
    BOOLEAN,
    DATE,
    DOUBLE,
    FLOAT,
    HUGEINT,
    INTEGER,
    INTEGERS,
    SMALLINT,
    TIMESTAMP,
    TIMESTAMPTZ,
    TINYINT,
    VARCHAR,
    WIDEST,
    SqlType,
    decimal,
)
from mason.sql.translating.rules import Call, Dialect
from mason.sql.translating.translated import Value
from mason.sql.translating.work import translated
from mason.sql.translations import Translation
from mason.sql.trino import trino_functions

_TYPES = {
    BOOLEAN: "boolean",
    TINYINT: "tinyint",
    SMALLINT: "smallint",
    INTEGER: "integer",
    BIGINT: "bigint",
    HUGEINT: "decimal(38,0)",
    FLOAT: "real",
    DOUBLE: "double",
    VARCHAR: "varchar",
    DATE: "date",
    TIMESTAMP: "timestamp(6)",
    TIMESTAMPTZ: "timestamp(6) with time zone",
    BLOB: "varbinary",
}
_HALF_TO_EVEN = (
    "CASE WHEN abs({0} - truncate({0})) = 0.5E0 THEN 2E0 * truncate(({0} + sign({0}) * 0.5E0) / 2E0)"
    " ELSE truncate({0} + sign({0}) * 0.5E0) END"
)
_MOST_ROWS = 10_000


class Trino(Dialect):
    """Trino's SQL."""

    engine = "Trino"
    types = _TYPES
    functions = trino_functions.FUNCTIONS
    aggregates = trino_functions.AGGREGATES
    narrow_counts = ()
    one_row_subqueries = True
    random = "random()"

    def type_name(self, type_: SqlType) -> str:
        """How the type is written; lists are arrays."""
        if type_.name == "LIST":
            element = self.type_name(type_.element)
            return f"array({element})" if element else ""
        return f"decimal({type_.width},{type_.scale})" if type_.name == "DECIMAL" else super().type_name(type_)

    def integer(self, value: int, type_: SqlType) -> str:
        """A whole number of the type; one that does not fit in 64 bits is a decimal."""
        if type_ == HUGEINT:
            return self.cast(f"DECIMAL '{value}'", type_)
        return super().integer(value, type_)

    def exact(self, value: Decimal, type_: SqlType) -> str:
        """A decimal of the type."""
        return self.cast(f"DECIMAL '{value:f}'", type_)

    def double(self, value: float) -> str:
        """A DOUBLE."""
        if value != value:
            return "nan()"
        if value in (float("inf"), float("-inf")):
            return "infinity()" if value > 0 else "(-infinity())"
        return f"DOUBLE '{value!r}'"

    def timestamp(self, written: str) -> str:
        """A timestamp, whose literal has as many digits as are written."""
        return self.cast(f"TIMESTAMP '{written}'", TIMESTAMP)

    def interval(self, number: int, unit: str) -> str:
        """An interval, whose sign stands before it."""
        return f"INTERVAL {'-' if number < 0 else ''}'{abs(number)}' {unit}"

    def limit(self, limit: str, offset: str) -> str:
        """OFFSET stands first."""
        return (f" OFFSET {offset}" if offset else "") + (f" LIMIT {limit}" if limit else "")

    def series(self, call: Call, start: int, end: int) -> str:
        """Rows of whole numbers; a sequence runs downwards, too."""
        if not 0 <= end - start < _MOST_ROWS:
            raise call.refused(f"{call.name} from {start} to {end} is not known to be the same", "Count upwards.")
        first, last = (self.integer(each, BIGINT) for each in (start, end))
        return f"UNNEST(sequence({first}, {last}))"

    def compared_note(self, type_: SqlType) -> str:
        """What is not said of NaN."""
        return f"how NaN compares is not known in {self.engine}" if type_ in (DOUBLE, FLOAT) else ""

    def shows(self, type_: SqlType) -> bool:
        """Whether texts of that type are known; how decimals and timestamps look is not said."""
        return type_ in INTEGERS or type_ in (BOOLEAN, DATE)

    def shown(self, value: Value) -> str:
        """A value as a text."""
        if value.type == BOOLEAN:
            return f"CASE WHEN {value.text} THEN 'true' WHEN NOT {value.text} THEN 'false' END"
        if value.type == DATE:
            return f"date_format({value.text}, '%Y-%m-%d')"
        return super().shown(value)

    def matching(self, text: str, shape: str) -> str:
        """Whether a text has a shape."""
        return f"regexp_like({text}, {self.text(shape)})"

    def half_away(self, text: str) -> str:
        """A DOUBLE rounded, halves away from zero."""
        return trino_functions.ROUND.format(f"({text})")

    def half_to_even(self, text: str) -> str:
        """A DOUBLE rounded before the cast, whose way is not said."""
        return _HALF_TO_EVEN.format(f"({text})")

    def rounded_decimal(self, text: str, type_: SqlType, digits: int) -> str:
        """A DECIMAL cut off after a half was added, in units of its last digit."""
        wide = decimal(min(type_.width + 1, WIDEST), type_.scale)
        half = self.exact(Decimal(5).scaleb(-digits - 1), decimal(digits + 2, digits + 1))
        unit = self.exact(Decimal(1).scaleb(-digits), decimal(digits + 1, digits))
        moved = f"({self.cast(text, wide)} + CASE WHEN {text} < 0 THEN -{half} ELSE {half} END)"
        return f"(({moved} - {moved} % {unit}))"

    def narrowed(self, text: str, given: SqlType, target: SqlType) -> str:
        """A DECIMAL rounded before the cast, whose way is not said."""
        return self.rounded_decimal(text, given, target.scale)

    def truth_number(self, text: str, type_: SqlType) -> str:
        """A BOOLEAN as 1 or 0."""
        return self.cast(f"CASE WHEN {text} THEN 1 WHEN NOT {text} THEN 0 END", type_)

    def days_later(self, date: str, days: str, sign: str) -> str:
        """A date so many days later or earlier."""
        return f"date_add('day', {'' if sign == '+' else '-'}{days}, {date})"

    def days_between(self, end: str, start: str) -> str:
        """The days from one date to another one."""
        return f"date_diff('day', {start}, {end})"

    def whole_quotient(self, call: Call, one: str, other: str, type_: SqlType) -> str:
        """The quotient of two integers; that of decimals is rounded."""
        if type_ == HUGEINT:
            raise call.refused(
                f"{call.name} of HUGEINT is not known to be the same in {self.engine}", "Cast to BIGINT."
            )
        return f"{one} / {other}"


TRINO = Trino()


def to_trino(sql: str, tables: Tables, places: Mapping[str, str] | None = None) -> Translation:
    """Translate ``sql``, a query over ``tables``; ``TranslationError`` where that is not known to answer the same."""
    return translated(sql, tables, places or {}, TRINO)
