"""Redshift's SQL in DuckDB's: PostgreSQL's, as far as Redshift's documentation says that it is the same.

No Redshift was asked. What PostgreSQL has and that documentation does not speak of is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from mason.sql.foreign import texts_back
from mason.sql.foreign.foreign import AggregateRule, Call, Rule
from mason.sql.foreign.part import Part
from mason.sql.postgres.from_postgres import FromPostgres
from mason.sql.sql_types import DOUBLE, FLOAT, INTEGERS, VARCHAR, SqlType, is_number
from mason.sql.translating.translated import Value

_FUNCTIONS = frozenset(
    {"coalesce", "nullif", "abs", "mod", "sqrt", "exp", "pi", "length", "char_length", "octet_length", "upper", "lower"}
    | {"btrim", "left", "right", "repeat", "replace", "reverse", "strpos", "substring", "date_trunc", "md5"}
)
_AGGREGATES = frozenset(
    {"count", "sum", "avg", "min", "max", "bool_and", "bool_or", "stddev", "stddev_samp", "stddev_pop", "variance"}
    | {"var_samp", "var_pop"}
)
_KINDS = frozenset({"Add", "Sub", "Mul", "Div", "Mod", "Neg", "Like", "Escape", "Substring", "StrPosition"})


def _joined(call: Call) -> Value:
    if any(each.type.name != VARCHAR.name for each in call.arguments):
        raise call.unknown(remedy="Cast both to varchar.")
    return texts_back.joined(call)


class FromRedshift(FromPostgres):
    """Redshift's SQL."""

    engine = "Redshift"
    dialect = "redshift"
    functions: ClassVar[Mapping[str, Rule]] = {name: FromPostgres.functions[name] for name in _FUNCTIONS}
    aggregates: ClassVar[Mapping[str, AggregateRule]] = {name: FromPostgres.aggregates[name] for name in _AGGREGATES}
    kinds: ClassVar[Mapping[str, Rule]] = {
        **{name: FromPostgres.kinds[name] for name in _KINDS},
        "DPipe": _joined,
    }
    # "Aggregate functions" has no FILTER, "UNION, INTERSECT, and EXCEPT" ALL for UNION only.
    filter_clause = False
    distinct_from = False
    set_operations_all = ("Union",)

    @property
    def generated(self) -> Mapping[str, SqlType]:
        """None: ``generate_series`` does not run beside tables."""
        return {}

    def folded(self, name: str, quoted: bool) -> str:
        """Names are small, those in quotes too ("Names and identifiers")."""
        return name.lower()

    def text(self, part: Part, raw: str) -> str:
        """A text without a backslash, which may be an escape."""
        if "\\" in raw:
            raise part.refused("it depends on a setting whether a backslash is an escape", "Leave it out.")
        return super().text(part, raw)

    def name_of(self, part: Part) -> str:
        """The name of a column, or of a call; what others are called is not said."""
        return super().name_of(part) if part.kind == "Column" else ""

    def column(self, text: str, type_: SqlType) -> Value | None:
        """A column as Redshift sees it: it has no arrays."""
        return None if type_.name == "LIST" else super().column(text, type_)

    def cast(self, call: Call, value: Value, target: SqlType, tried: bool) -> Value:
        """A cast that was written: how numbers are rounded is not said, so none is."""
        given = value.type
        narrows = target in INTEGERS and is_number(given) and given not in INTEGERS
        if narrows or (given.name == target.name == "DECIMAL" and target.scale < given.scale):
            raise call.refused(f"how {given} is rounded to {target} is not said", "Leave the cast out.")
        return super().cast(call, value, target, tried)

    def check_compared(self, part: Part, type_: SqlType, *, ordered: bool) -> None:
        """Texts are ordered by their bytes ("Collation sequences")."""

    def compared_note(self, type_: SqlType) -> str:
        """What "Character types" says: blanks at the end count for nothing in comparisons."""
        if type_.name == VARCHAR.name:
            return "texts that differ only in blanks at their end are the same in Redshift"
        return "how NaN compares is not known in Redshift" if type_ in (DOUBLE, FLOAT) else ""


FROM_REDSHIFT = FromRedshift()
