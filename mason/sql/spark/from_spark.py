"""Spark's SQL in DuckDB's: the dialect as one value. ANSI mode and the time zone UTC are expected, as elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from mason.sql.foreign import casting_back
from mason.sql.foreign.duck_text import DUCK
from mason.sql.foreign.foreign import Call, Foreign
from mason.sql.foreign.part import Part
from mason.sql.spark import spark_calls, spark_names
from mason.sql.spark.spark_operators import KINDS, as_decimal
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
    list_of,
)
from mason.sql.translating.translated import Value

if TYPE_CHECKING:
    from sqlglot import exp

_TYPES = {
    "TINYINT": TINYINT,
    "SMALLINT": SMALLINT,
    "INT": INTEGER,
    "BIGINT": BIGINT,
    "DOUBLE": DOUBLE,
    "TEXT": VARCHAR,
    "BOOLEAN": BOOLEAN,
    "DATE": DATE,
    "TIMESTAMPTZ": TIMESTAMPTZ,
    "TIMESTAMPLTZ": TIMESTAMPTZ,
    "TIMESTAMPNTZ": TIMESTAMP,
}
_SEEN = (BOOLEAN, TINYINT, SMALLINT, INTEGER, BIGINT, FLOAT, DOUBLE, VARCHAR, DATE, TIMESTAMP, TIMESTAMPTZ, BLOB)
_ESCAPES = {"\\": "\\", "'": "'", '"': '"', "n": "\n", "t": "\t", "r": "\r", "%": "\\%", "_": "\\_"}


class FromSpark(Foreign):
    """Spark's SQL."""

    engine = "Spark"
    dialect = "spark"
    functions = spark_calls.FUNCTIONS
    aggregates = spark_calls.AGGREGATES
    kinds = KINDS
    remedies = spark_calls.REMEDIES
    rank_type = INTEGER
    ntile_type = INTEGER
    aliases_in_having = True
    aliases_everywhere = True
    order_by_outputs = True
    group_by_all = True
    qualify = True
    semi_joins = True
    has_if = True
    lateral_views = True
    ignore_nulls = True

    @property
    def generated(self) -> Mapping[str, SqlType]:
        """range(n) has a column id."""
        return {"range": BIGINT}

    def type_of(self, found: exp.DataType) -> SqlType | None:
        """The type that is written so: VARCHAR(n) and CHAR(n) are none, because Spark takes them for STRING."""
        name = str(found.this.value if hasattr(found.this, "value") else found.this)
        if name == "DECIMAL":
            return casting_back.decimal_written(found) if found.expressions else decimal(10, 0)
        if name == "ARRAY" and len(found.expressions) == 1:
            element = self.type_of(found.expressions[0])
            return list_of(element) if element is not None else None
        return _TYPES.get(name) if not found.expressions else None

    def column(self, text: str, type_: SqlType) -> Value | None:
        """A column as Spark sees it: a HUGEINT is a decimal."""
        if type_ == HUGEINT:
            return Value(DUCK.cast(text, decimal(38, 0)), decimal(38, 0))
        if type_.name in ("LIST", "STRUCT", "MAP"):
            inside = all(self.column("", each) == Value("", each) for _, each in type_.fields)
            return Value(text, type_) if inside else None
        return Value(text, type_) if type_ in _SEEN or type_.name == "DECIMAL" else None

    def common(self, one: Value, other: Value) -> SqlType | None:
        """The type in which two values meet; a whole number beside a decimal has as many digits as its type."""
        types = [one.type, other.type]
        if any(is_exact(each) for each in types) and any(each.name == "DECIMAL" for each in types):
            if all(is_exact(each) for each in types):
                return common([as_decimal(Value("", each)) for each in types])
            return DOUBLE if DOUBLE in types else (NULL in types and common(types)) or None
        if one.is_text and other.type in (DATE, TIMESTAMP, TIMESTAMPTZ):
            return other.type
        if other.is_text and one.type in (DATE, TIMESTAMP, TIMESTAMPTZ):
            return one.type
        if FLOAT in types and one.type != other.type:
            return DOUBLE if all(is_number(each) for each in types) else common(types) if NULL in types else None
        return common(types)

    def number(self, part: Part, written: str) -> Value:
        """A number: whole ones are INT or BIGINT, with a point DECIMAL, with an exponent DOUBLE."""
        try:
            exact = Decimal(written)
        except ArithmeticError:
            raise part.refused(f"the number {written} is not known to be the same", "Write digits.") from None
        if "e" in written.lower():
            return Value(DUCK.double(float(written)), DOUBLE, True, float(written))
        if "." not in written:
            whole = int(written)
            type_ = INTEGER if whole < 2**31 else BIGINT if whole < 2**63 else decimal(len(str(whole)), 0)
            if type_.name == "DECIMAL" and type_.width > 38:
                raise part.refused("a number of more than 38 digits is not known", "Write fewer digits.")
            return Value(DUCK.integer(whole, type_), type_, True, whole)
        scale = max(0, -int(exact.as_tuple().exponent))
        width = max(len(exact.as_tuple().digits), scale)
        if width > 38:
            raise part.refused("a number of more than 38 digits is not known", "Write fewer digits.")
        return Value(DUCK.exact(exact, decimal(width, scale)), decimal(width, scale), True, exact)

    def text(self, part: Part, raw: str) -> str:
        """A text in either kind of quotes, with Spark's escapes."""
        if "${" in raw:
            raise part.refused("${ in a text is filled in by Spark", "Write concat('$', '{').")
        if len(raw) < 2 or raw[0] != raw[-1] or raw[0] not in "'\"":
            raise part.refused("a text so written is not known to be the same", "Write '...'.")
        found, signs = "", iter(raw[1:-1])
        for sign in signs:
            if sign == raw[0]:
                raise part.refused("a doubled quote is not known to be the same", "Write \\' for it.")
            if sign != "\\":
                found += sign
                continue
            escaped = next(signs, "")
            if escaped not in _ESCAPES or not escaped:
                raise part.refused(f"\\{escaped} in a text is not known to be the same", "Write \\\\, \\' or \\n.")
            found += _ESCAPES[escaped]
        return found

    def name_of(self, part: Part) -> str:
        """The name that Spark gives to a column without AS; empty where it is not known."""
        return spark_names.name_of(part)

    def cast(self, call: Call, value: Value, target: SqlType, tried: bool) -> Value:
        """A cast that was written."""
        if tried and not (value.type in INTEGERS and (target == DOUBLE or target == value.type)):
            raise call.refused("try_cast is not known to be the same", "Use CAST in a CASE that looks at the value.")
        if value.type == target and not value.is_text:
            return value
        if value.type == NULL:
            return Value(DUCK.cast("NULL", target), target)
        if target == VARCHAR:
            return value if value.type == VARCHAR else casting_back.shown(call, value)
        if value.type == VARCHAR:
            return casting_back.of_text(call, value, target)
        if value.type in INTEGERS and target == BOOLEAN:
            return Value(f"({value.text} <> 0)", BOOLEAN)
        found = casting_back.plain(call, value, target, cuts=True)
        if found is None:
            raise call.refused(f"a cast of {value.type} to {target} is not known to be the same", "Leave it out.")
        return found

    def implicit(self, part: Part, value: Value, target: SqlType) -> Value:
        """A cast that Spark makes by itself."""
        return casting_back.widened(part, value, target)


FROM_SPARK = FromSpark()
