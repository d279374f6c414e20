"""PostgreSQL's SQL in DuckDB's: the dialect as one value.

A database sorts by a language of its own, which DuckDB does not know: texts are ordered only where the query says
COLLATE "C". The session's zone is not known either, so times with a zone are kept and compared, and not taken apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar

from mason.sql.foreign import casting_back
from mason.sql.foreign.duck_text import DUCK
from mason.sql.foreign.foreign import AggregateRule, Call, Foreign, Rule
from mason.sql.foreign.part import Part
from mason.sql.postgres import postgres_calls, postgres_names
from mason.sql.postgres.postgres_operators import COLLATED, KINDS, as_decimal
from mason.sql.sql_types import (
    BIGINT,
    BLOB,
    BOOLEAN,
    DATE,
    DOUBLE,
    FLOAT,
    HUGEINT,
    INTEGER,
    NULL,
    SMALLINT,
    TIMESTAMP,
    TIMESTAMPTZ,
    TINYINT,
    VARCHAR,
    SqlType,
    common,
    decimal,
    is_exact,
    is_number,
)
from mason.sql.translating.translated import Value

if TYPE_CHECKING:
    from sqlglot import exp

_TYPES = {
    "SMALLINT": SMALLINT,
    "INT": INTEGER,
    "BIGINT": BIGINT,
    "DOUBLE": DOUBLE,
    "TEXT": VARCHAR,
    "VARCHAR": VARCHAR,
    "BOOLEAN": BOOLEAN,
    "DATE": DATE,
    "TIMESTAMP": TIMESTAMP,
    "TIMESTAMPTZ": TIMESTAMPTZ,
}
_SEEN = (BOOLEAN, SMALLINT, INTEGER, BIGINT, FLOAT, DOUBLE, VARCHAR, DATE, TIMESTAMP, TIMESTAMPTZ, BLOB)


class FromPostgres(Foreign):
    """PostgreSQL's SQL."""

    engine = "PostgreSQL"
    dialect = "postgres"
    functions: ClassVar[Mapping[str, Rule]] = postgres_calls.FUNCTIONS
    aggregates: ClassVar[Mapping[str, AggregateRule]] = postgres_calls.AGGREGATES
    kinds: ClassVar[Mapping[str, Rule]] = KINDS
    remedies = postgres_calls.REMEDIES
    ntile_type = INTEGER
    boolean_extremes = False

    @property
    def generated(self) -> Mapping[str, SqlType]:
        """generate_series of small numbers."""
        return {"generate_series": INTEGER}

    def type_of(self, found: exp.DataType) -> SqlType | None:
        """The type that is written so; numeric has to have its digits, texts have no length."""
        name = str(found.this.value if hasattr(found.this, "value") else found.this)
        if name == "DECIMAL":
            return casting_back.decimal_written(found)
        return _TYPES.get(name) if not found.expressions else None

    def column(self, text: str, type_: SqlType) -> Value | None:
        """A column as PostgreSQL sees it: it has no TINYINT, and a HUGEINT is a numeric."""
        if type_ in (TINYINT, HUGEINT):
            seen = SMALLINT if type_ == TINYINT else decimal(38, 0)
            return Value(DUCK.cast(text, seen), seen)
        if type_.name == "LIST":
            known = type_.element.name != "LIST" and self.column("", type_.element) == Value("", type_.element)
            return Value(text, type_) if known else None
        return Value(text, type_) if type_ in _SEEN or type_.name == "DECIMAL" else None

    def common(self, one: Value, other: Value) -> SqlType | None:
        """The type in which two values meet."""
        types = [one.type, other.type]
        if COLLATED in types and all(each in (COLLATED, VARCHAR, NULL) for each in types):
            return COLLATED
        if all(is_exact(each) for each in types) and any(each.name == "DECIMAL" for each in types):
            first, second = (as_decimal(Value("", each)) for each in types)
            scale = max(first.scale, second.scale)
            whole = max(first.width - first.scale, second.width - second.scale)
            return decimal(min(38, whole + scale), scale)
        if one.is_text and other.type in (DATE, TIMESTAMP, TIMESTAMPTZ):
            return other.type if other.type != TIMESTAMPTZ else None
        if other.is_text and one.type in (DATE, TIMESTAMP, TIMESTAMPTZ):
            return one.type if one.type != TIMESTAMPTZ else None
        if FLOAT in types and one.type != other.type:
            return DOUBLE if all(is_number(each) for each in types) else common(types) if NULL in types else None
        return common(types)

    def number(self, part: Part, written: str) -> Value:
        """A number: whole ones are integer, bigint or numeric, all others numeric."""
        try:
            exact = Decimal(written)
        except ArithmeticError:
            raise part.refused(f"the number {written} is not known to be the same", "Write digits.") from None
        if written.isdigit():
            whole = int(written)
            type_ = INTEGER if whole < 2**31 else BIGINT if whole < 2**63 else decimal(len(str(whole)), 0)
            if type_.name != "DECIMAL" or type_.width <= 38:
                return Value(DUCK.integer(whole, type_), type_, True, whole)
        exponent = int(exact.as_tuple().exponent)
        digits = len(exact.as_tuple().digits) + max(exponent, 0)
        scale = max(0, -exponent)
        if max(digits, scale) > 38:
            raise part.refused("a number of more than 38 digits is not known", "Write fewer digits.")
        type_ = decimal(max(digits, scale), scale)
        return Value(DUCK.exact(exact, type_), type_, True, exact)

    def folded(self, name: str, quoted: bool) -> str:
        """A name without quotes is small."""
        return name if quoted else name.lower()

    def is_name_of(self, written: str, quoted: bool, kept: str) -> bool:
        """A name without quotes means the small one, one with quotes itself."""
        return self.folded(written, quoted) == kept

    def name_of(self, part: Part) -> str:
        """The name of a column without AS."""
        return postgres_names.name_of(part)

    def answered(self, type_: SqlType) -> SqlType:
        """Texts are texts in every order."""
        return VARCHAR if type_ == COLLATED else type_

    def check_compared(self, part: Part, type_: SqlType, *, ordered: bool) -> None:
        """Texts are ordered by the database's language where nothing else is said."""
        if ordered and type_ == VARCHAR:
            raise part.refused(
                "texts are ordered by the language of PostgreSQL's database, which is not known", 'Write COLLATE "C".'
            )

    def cast(self, call: Call, value: Value, target: SqlType, tried: bool) -> Value:
        """A cast that was written: fractions are rounded as DuckDB does."""
        if tried:
            raise call.refused("PostgreSQL has no TRY_CAST", "Use CAST.")
        if value.type == target and not value.is_text:
            return value
        if value.type == NULL:
            return Value(DUCK.cast("NULL", target), target)
        if value.is_text and target == VARCHAR:
            return Value(value.text, VARCHAR)
        if target == VARCHAR:
            return Value(value.text, VARCHAR) if value.type == COLLATED else casting_back.shown(call, value)
        if value.type == VARCHAR:
            if target == TIMESTAMPTZ:
                raise call.refused("the session's zone is not known", "Write a time without a zone.")
            return casting_back.of_text(call, value, target)
        if value.type == INTEGER and target == BOOLEAN:
            return Value(f"({value.text} <> 0)", BOOLEAN)
        zoned = TIMESTAMPTZ in (value.type, target)
        from_truth = value.type == BOOLEAN and target != INTEGER
        found = None if zoned or from_truth else casting_back.plain(call, value, target, cuts=False)
        if found is None:
            raise call.refused(f"a cast of {value.type} to {target} is not known to be the same", "Leave it out.")
        return found

    def implicit(self, part: Part, value: Value, target: SqlType) -> Value:
        """A cast that PostgreSQL makes by itself."""
        if target in (COLLATED, VARCHAR) and value.type in (COLLATED, VARCHAR):
            return Value(value.text, target)
        if target == COLLATED:
            target = VARCHAR
        return casting_back.widened(part, value, target)


FROM_POSTGRES = FromPostgres()
