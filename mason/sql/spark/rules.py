"""The words that rules of translation are written in: a translated expression, and what a rule may ask for.

A rule takes a node of the query and answers with Spark's text for it and DuckDB's type of it, or refuses. There is no
text without a rule.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Protocol

from mason.sql.parsed import Tree
from mason.sql.spark import spark_text
from mason.sql.spark.scopes import Scope
from mason.sql.spark.translated import Queries, Query, Value
from mason.sql.sql_types import (
    BIGINT,
    DOUBLE,
    FLOAT,
    INTEGERS,
    NULL,
    RANGES,
    VARCHAR,
    SqlType,
    as_decimal,
    common,
    is_exact,
    is_number,
    spark_name,
)
from mason.sql.translations import Column
from mason.values import dataclass

WIDE = "numbers of more than 38 digits stop the query"
"""What is said of a HUGEINT, which has a few more in DuckDB."""


class Work(Protocol):
    """What a rule may ask of the translation that it is part of."""

    def value(self, node: Tree, place: Scope) -> Value:
        """Translate an expression."""

    def subquery(self, node: Tree, place: Scope) -> Query:
        """Translate a query within an expression, which may use names of the one around."""

    def relation(self, node: Tree, queries: Queries) -> Query:
        """Translate a query of a FROM clause or of WITH."""

    def cast(self, node: Tree, value: Value, target: SqlType) -> Value:
        """``value`` as DuckDB would cast it without being asked; refuses what it would not."""

    def rewritten(self, node: Tree, what: str, why: str) -> None:
        """Note that something is written otherwise."""

    def noted(self, node: Tree, what: str) -> None:
        """Note a difference that the query allows."""

    def table(self, node: Tree, name: str) -> tuple[Column, ...]:
        """The columns of a table."""

    def place(self, name: str) -> str:
        """What a table is read from, where that is not its name; empty where it is."""


@dataclass(slots=True, frozen=True)
class Call:
    """A call of a function: its node, its name as DuckDB knows it, and its arguments, translated."""

    work: Work
    node: Tree
    place: Scope
    name: str
    arguments: Sequence[Value]

    def refused(self, reason: str, remedy: str) -> Exception:
        """Why this call is refused."""
        return self.node.refused(reason, remedy)

    def rewritten(self, why: str) -> None:
        """Note that this call is written otherwise."""
        self.work.rewritten(self.node, self.name, why)

    def to(self, index: int, target: SqlType) -> str:
        """An argument's text, cast to ``target``."""
        return self.work.cast(self.node, self.arguments[index], target).text

    def count(self, least: int, most: int | None = None) -> None:
        """Refuse another number of arguments."""
        if not least <= len(self.arguments) <= (most or least):
            raise self.refused(f"{self.name} is not known with {len(self.arguments)} arguments", "Use its common form.")

    def whole(self, index: int) -> int:
        """The whole number that was written as an argument; refuses all else."""
        value = self.arguments[index]
        if value.is_constant and isinstance(value.constant, int) and not isinstance(value.constant, bool):
            return value.constant
        raise self.refused(
            f"{self.name} is known to be the same only with a number written out as argument {index + 1}",
            "Write the number.",
        )

    def written(self, index: int) -> str:
        """The text that was written as an argument; refuses all else."""
        value = self.arguments[index]
        if value.is_text:
            return str(value.constant)
        raise self.refused(
            f"{self.name} is known to be the same only with a text written out as argument {index + 1}",
            "Write the text.",
        )


Rule = Callable[[Call], Value]


def plain(template: str, result: SqlType, *takes: SqlType, why: str = "") -> Rule:
    """A function that takes exactly these types and is ``template`` in Spark; ``why`` says why that looks otherwise."""

    def rule(call: Call) -> Value:
        call.count(len(takes))
        texts = [call.to(index, type_) for index, type_ in enumerate(takes)]
        if why:
            call.rewritten(why)
        return Value(template.format(*texts), result)

    return rule


def cast_text(text: str, type_: SqlType) -> str:
    """A cast in Spark's words; the caller knows that it means what DuckDB's does."""
    return f"CAST({text} AS {spark_name(type_)})"


def meet(node: Tree, values: Sequence[Value]) -> SqlType:
    """The type that DuckDB casts ``values`` to where they meet in a comparison, a CASE, a list; refuses unknown ones.

    A whole number that was written takes the type beside it where it fits, a text becomes whatever stands beside it.
    """
    typed = [value for value in values if not value.is_text]
    if not typed:
        return VARCHAR if values else NULL
    whole = [value for value in typed if value.is_constant and value.type in INTEGERS]
    others = [value.type for value in typed if value not in whole]
    beside = common(others)
    if beside in INTEGERS and all(_fits(value, beside) for value in whole):
        whole = []
    found = common([*others, *(value.type for value in whole)])
    if found is None:
        names = ", ".join(dict.fromkeys(str(value.type) for value in values))
        raise node.refused(
            f"the types {names} meet here, and how is not known to be the same", "Cast them to one type."
        )
    if len(typed) < len(values) and found == NULL:
        return VARCHAR
    return found


def _fits(value: Value, type_: SqlType) -> bool:
    return isinstance(value.constant, int) and -RANGES[type_] <= value.constant < RANGES[type_]


def widened(value: Value, target: SqlType) -> Value | None:
    """``value`` as a wider number; ``None`` where that is no widening."""
    given = value.type
    if value.is_constant and isinstance(value.constant, int | Decimal) and not isinstance(value.constant, bool):
        return _constant(value.constant, target)
    if given in INTEGERS and target in INTEGERS and INTEGERS.index(given) <= INTEGERS.index(target):
        return Value(cast_text(value.text, target), target)
    if is_exact(given) and target.name == "DECIMAL":
        held = as_decimal(given)
        if held.scale <= target.scale and held.width - held.scale <= target.width - target.scale:
            return Value(cast_text(value.text, target), target)
    if target == DOUBLE and (is_exact(given) or given == FLOAT):
        return Value(cast_text(value.text, DOUBLE), DOUBLE)
    return None


def _constant(value: int | Decimal, target: SqlType) -> Value | None:
    if target in INTEGERS and isinstance(value, int) and -RANGES[target] <= value < RANGES[target]:
        return Value(spark_text.integer(value, target), target, True, value)
    if target.name == "DECIMAL" and abs(value) < 10 ** (target.width - target.scale):
        return Value(spark_text.exact(Decimal(value), target), target, True, value)
    if target == DOUBLE:
        return Value(spark_text.double(float(value)), DOUBLE, True, float(value))
    return None


def number(call: Call, index: int) -> SqlType:
    """The type of an argument that has to be a number."""
    found = call.arguments[index].type
    if not is_number(found):
        raise call.refused(f"{call.name} of {found} is not known to be the same", "Cast it to a number.")
    return found


def bigint(text: str) -> Value:
    """A count, place or part: Spark says INT where DuckDB says BIGINT."""
    return Value(cast_text(text, BIGINT), BIGINT)
