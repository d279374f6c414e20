"""Trino's SQL in DuckDB's, and Athena's: the dialects as values.

No Trino was asked: the rules are those that its documentation describes, and what it leaves open is refused, so that
less is translated than of dialects that run where Mason is tested.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar

from mason.sql.foreign import casting_back
from mason.sql.foreign.duck_text import DUCK
from mason.sql.foreign.foreign import Call, Foreign
from mason.sql.foreign.part import Part
from mason.sql.sql_types import (
    BIGINT,
    BOOLEAN,
    DATE,
    DOUBLE,
    FLOAT,
    HUGEINT,
    INTEGER,
    INTEGERS,
    NULL,
    SMALLINT,
    TIMESTAMP,
    TINYINT,
    VARCHAR,
    SqlType,
    common,
    decimal,
    is_exact,
    list_of,
)
from mason.sql.translating.translated import Value
from mason.sql.trino import trino_calls
from mason.sql.trino.trino_operators import KINDS, as_decimal

if TYPE_CHECKING:
    from sqlglot import exp

_TYPES = {
    "TINYINT": TINYINT,
    "SMALLINT": SMALLINT,
    "INT": INTEGER,
    "BIGINT": BIGINT,
    "DOUBLE": DOUBLE,
    "TEXT": VARCHAR,
    "VARCHAR": VARCHAR,
    "BOOLEAN": BOOLEAN,
    "DATE": DATE,
}
_SEEN = (BOOLEAN, TINYINT, SMALLINT, INTEGER, BIGINT, FLOAT, DOUBLE, VARCHAR, DATE)


class FromTrino(Foreign):
    """Trino's SQL."""

    engine = "Trino"
    dialect = "trino"
    functions = trino_calls.FUNCTIONS
    aggregates = trino_calls.AGGREGATES
    kinds = KINDS
    remedies = trino_calls.REMEDIES
    like_escape = ""
    has_if = True
    seen: ClassVar[tuple[SqlType, ...]] = (*_SEEN, TIMESTAMP)
    """The types of columns that are seen as they are."""

    def type_of(self, found: exp.DataType) -> SqlType | None:
        """The type that is written so; a timestamp has to say timestamp(6)."""
        name = str(found.this.value if hasattr(found.this, "value") else found.this)
        if name == "DECIMAL":
            return casting_back.decimal_written(found)
        if name == "TIMESTAMP" and [each.name for each in found.expressions] == ["6"] and TIMESTAMP in self.seen:
            return TIMESTAMP
        return _TYPES.get(name) if not found.expressions else None

    def column(self, text: str, type_: SqlType) -> Value | None:
        """A column as Trino sees it: a HUGEINT is a decimal."""
        if type_ == HUGEINT:
            return Value(DUCK.cast(text, decimal(38, 0)), decimal(38, 0))
        if type_.name == "LIST":
            return Value(text, list_of(type_.element)) if type_.element in self.seen else None
        return Value(text, type_) if type_ in self.seen or type_.name == "DECIMAL" else None

    def common(self, one: Value, other: Value) -> SqlType | None:
        """The type in which two values meet."""
        types = [one.type, other.type]
        if all(is_exact(each) for each in types) and any(each.name == "DECIMAL" for each in types):
            return common([as_decimal(Value("", each)) for each in types])
        if FLOAT in types and one.type != other.type:
            return common(types) if NULL in types else None
        return common(types)

    def number(self, part: Part, written: str) -> Value:
        """A number: whole ones are integer or bigint, with a point decimal, with an exponent double."""
        try:
            exact = Decimal(written)
        except ArithmeticError:
            raise part.refused(f"the number {written} is not known to be the same", "Write digits.") from None
        if "e" in written.lower():
            return Value(DUCK.double(float(written)), DOUBLE, True, float(written))
        if written.isdigit() and int(written) < 2**63:
            type_ = INTEGER if int(written) < 2**31 else BIGINT
            return Value(DUCK.integer(int(written), type_), type_, True, int(written))
        scale = max(0, -int(exact.as_tuple().exponent))
        type_ = decimal(max(len(exact.as_tuple().digits), scale), scale)
        if type_.width > 38 or written.isdigit():
            raise part.refused("such a number is not known to be the same", "Write fewer digits.")
        return Value(DUCK.exact(exact, type_), type_, True, exact)

    def name_of(self, part: Part) -> str:
        """The name of a column is its own; what others are called is not said."""
        if part.kind != "Column":
            return ""
        named = str(part.of.args["this"].this)
        return named if named == named.lower() else ""

    def cast(self, call: Call, value: Value, target: SqlType, tried: bool) -> Value:
        """A cast that was written: how numbers are rounded is not said, so none is."""
        if tried:
            raise call.refused("TRY_CAST is not known to be the same", "Use CAST.")
        if value.type == target and not value.is_text:
            return value
        if value.type == NULL:
            return Value(DUCK.cast("NULL", target), target)
        if target == VARCHAR and value.type in (*INTEGERS, BOOLEAN, DATE, VARCHAR):
            return value if value.type == VARCHAR else casting_back.shown(call, value)
        if value.type == VARCHAR:
            return casting_back.of_text(call, value, target)
        narrows = target in INTEGERS and value.type not in INTEGERS
        rounds = target.name == "DECIMAL" and (value.type.name == "DECIMAL" and value.type.scale > target.scale)
        found = None if narrows or rounds else casting_back.plain(call, value, target, cuts=False)
        if found is None:
            raise call.refused(f"a cast of {value.type} to {target} is not known to be the same", "Leave it out.")
        return found

    def implicit(self, part: Part, value: Value, target: SqlType) -> Value:
        """A cast that Trino makes by itself; a text is none."""
        if value.is_text and target != VARCHAR:
            raise part.refused(f"a text stands here for {target}", f"Write {target} '...', or a cast.")
        return casting_back.widened(part, value, target)

    def compared_note(self, type_: SqlType) -> str:
        """What is not said of NaN."""
        return f"how NaN compares is not known in {self.engine}" if type_ in (DOUBLE, FLOAT) else ""


class FromAthena(FromTrino):
    """Athena's SQL: its times have milliseconds only, so columns of times are not seen as they are."""

    engine = "Athena"
    dialect = "athena"
    seen: ClassVar[tuple[SqlType, ...]] = _SEEN


FROM_TRINO = FromTrino()
FROM_ATHENA = FromAthena()
