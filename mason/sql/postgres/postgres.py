"""DuckDB's SQL in PostgreSQL's: the dialect as one value.

The rules were made from what was run on both engines (``docs/sql.md``). PostgreSQL is expected in version 14 or newer,
with the encoding UTF-8, ICU's collations, and what it has by default: DateStyle ISO, standard_conforming_strings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mason.sql.parsed import Tables, Tree
from mason.sql.postgres import postgres_functions
from mason.sql.sql_types import (
    BIGINT,
    BLOB,
    BOOLEAN,
    DATE,
    DOUBLE,
    FLOAT,
    HUGEINT,
    INTEGER,
    SMALLINT,
    TIMESTAMP,
    TIMESTAMPTZ,
    TINYINT,
    VARCHAR,
    SqlType,
)
from mason.sql.translating.rules import Call, Dialect
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
    VARCHAR: "text",
    DATE: "date",
    TIMESTAMP: "timestamp",
    TIMESTAMPTZ: "timestamptz",
    BLOB: "bytea",
}
_LONGEST_NAME = 63


class Postgres(Dialect):
    """PostgreSQL's SQL."""

    engine = "PostgreSQL"
    bad_name = "is longer than 63 bytes, and would be cut"
    types = _TYPES
    functions = postgres_functions.FUNCTIONS
    aggregates = postgres_functions.AGGREGATES
    ignore_nulls = False
    double_note = "a DOUBLE too large or too small stops the query, where DuckDB goes on with infinity or zero"
    more_ordered: Sequence[SqlType] = (TIMESTAMPTZ,)
    random = "random()"
    uncomputed = (TINYINT,)

    def can_name(self, name: str) -> bool:
        """Whether PostgreSQL keeps ``name`` whole."""
        return name != "" and "\0" not in name and len(name.encode()) <= _LONGEST_NAME

    def type_name(self, type_: SqlType) -> str:
        """How the type is written; lists are arrays."""
        if type_.name == "LIST":
            element = "" if type_.element.name == "LIST" else self.type_name(type_.element)
            return f"{element}[]" if element else ""
        return f"numeric({type_.width},{type_.scale})" if type_.name == "DECIMAL" else super().type_name(type_)

    def sorted(self, value: Value) -> str:
        """A text is ordered by its bytes in the collation C, not by the database's language."""
        return f'{value.text} COLLATE "C"' if value.type == VARCHAR else value.text

    def typed(self, value: Value) -> str:
        """A text that was written is of no type until it meets one."""
        return self.cast(value.text, VARCHAR) if value.is_text else value.text

    def item(self, value: Value) -> str:
        """A column of texts that keeps its order."""
        return self.sorted(value)

    def series(self, call: Call, start: int, end: int) -> str:
        """Rows of whole numbers."""
        return f"generate_series({self.cast(str(start), BIGINT)}, {self.cast(str(end), BIGINT)})"

    def matching(self, text: str, shape: str) -> str:
        """Whether a text has a shape; digits are those of ASCII."""
        return f"{text} ~ {self.text(shape.replace(chr(92) + 'd', '[0-9]'))}"

    def half_away(self, text: str) -> str:
        """A DOUBLE rounded, halves away from zero."""
        return postgres_functions.ROUND.format(f"({text})")

    def half_to_even(self, text: str) -> str:
        """PostgreSQL's casts round so by themselves."""
        return text

    def truth_number(self, text: str, type_: SqlType) -> str:
        """A BOOLEAN as 1 or 0: only INTEGER has a cast."""
        return self.cast(self.cast(text, INTEGER), type_)

    def quotient(self, one: str, other: str) -> str:
        """The quotient, written out for a divisor of zero, which may be negative."""
        infinite = f"CASE WHEN ({one} > 0) = (CAST({other} AS text) = '0') THEN 'Infinity' ELSE '-Infinity' END"
        nothing = f"WHEN {one} IS NULL THEN NULL WHEN {one} = 0 OR {one} = 'NaN' THEN 'NaN'"
        by_zero = self.cast(f"CASE {nothing} ELSE {infinite} END", DOUBLE)
        return f"CASE WHEN {other} = 0 THEN {by_zero} ELSE {one} / {other} END"

    def whole_quotient(self, call: Call, one: str, other: str, type_: SqlType) -> str:
        """The quotient of two integers; that of numeric ones has digits behind the point."""
        return f"div({one}, {other})" if type_ == HUGEINT else f"{one} / {other}"

    def full_join(self, node: Tree, is_equal: bool) -> None:
        """PostgreSQL has no FULL JOIN but on equal columns."""
        if not is_equal:
            raise node.refused("PostgreSQL takes FULL JOIN only on equal columns", "Write ON a.x = b.y, or USING.")


POSTGRES = Postgres()


def to_postgres(sql: str, tables: Tables, places: Mapping[str, str] | None = None) -> Translation:
    """Translate ``sql``, a query over ``tables``; ``TranslationError`` where that is not known to answer the same."""
    return translated(sql, tables, places or {}, POSTGRES)
