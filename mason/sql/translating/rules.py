"""The words that rules of translation are written in: what a rule may ask for, and what a dialect is.

A rule takes a node of the query and answers with the engine's text for it and DuckDB's type of it, or refuses. There is
no text without a rule.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, Protocol

from mason.sql.parsed import Tree
from mason.sql.sql_types import (
    BIGINT,
    BOOLEAN,
    DATE,
    HUGEINT,
    INTEGER,
    INTEGERS,
    INTERVAL,
    TIMESTAMP,
    VARCHAR,
    SqlType,
    decimal,
)
from mason.sql.translating.scopes import Scope
from mason.sql.translating.translated import Called, Queries, Query, Value
from mason.sql.translating.writing import Writing
from mason.sql.translations import Column
from mason.values import dataclass

WIDE = "numbers of more than 38 digits stop the query"
"""What is said of a HUGEINT, which has a few more in DuckDB."""


class Work(Protocol):
    """What a rule may ask of the translation that it is part of."""

    @property
    def dialect(self) -> Dialect:
        """What is translated to."""

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

    def table(self, node: Tree, name: str) -> tuple[str, tuple[Column, ...]]:
        """A table's name as its catalog writes it, and its columns."""

    def described(self, name: str) -> list[tuple[str | None, ...]]:
        """What DESCRIBE answers for a table, by its name as its catalog writes it."""

    def place(self, name: str) -> str:
        """What a table is read from, where that is not its name; empty where it is."""


@dataclass(slots=True, frozen=True)
class Call(Called):
    """A call of a function: its node, its name as DuckDB knows it, and its arguments, translated."""

    work: Work
    node: Tree
    place: Scope
    name: str
    arguments: Sequence[Value]

    @property
    def dialect(self) -> Dialect:
        """What is translated to."""
        return self.work.dialect

    def refused(self, reason: str, remedy: str) -> Exception:
        """Why this call is refused."""
        return self.node.refused(reason, remedy)

    def rewritten(self, why: str) -> None:
        """Note that this call is written otherwise."""
        self.work.rewritten(self.node, self.name, why)

    def noted(self, what: str) -> None:
        """Note a difference that this call allows."""
        self.work.noted(self.node, what)

    def to(self, index: int, target: SqlType) -> str:
        """An argument's text, cast to ``target``."""
        return self.work.cast(self.node, self.arguments[index], target).text

    def cast(self, text: str, type_: SqlType) -> str:
        """A cast in the dialect's words; the caller knows that it means what DuckDB's does."""
        return self.work.dialect.cast(text, type_)

    def bigint(self, text: str) -> Value:
        """A count, place or part, which the engine has in a narrower type where DuckDB says BIGINT."""
        return Value(self.cast(text, BIGINT), BIGINT)


Rule = Callable[[Call], Value]


@dataclass(slots=True, frozen=True)
class Aggregate:
    """An aggregate's call with what only aggregates have.

    ``distinct``: whether equal values count once. ``orders``: the texts of its ORDER BY, each with its direction
    (``descending``, ``nulls first``). ``over``: puts FILTER and OVER behind a call. ``in_window``: whether it has OVER.
    """

    call: Call
    distinct: bool
    orders: Sequence[tuple[Value, bool, bool]]
    over: Callable[[str], str]
    in_window: bool

    def plain(self, distinct: bool = False) -> None:
        """Refuse an order and, unless ``distinct``, DISTINCT where they are not known."""
        if self.orders:
            raise self.call.refused(f"{self.call.name} with ORDER BY is not known to be the same", "Leave it out.")
        if self.distinct and (not distinct or self.in_window):
            raise self.call.refused(f"{self.call.name} of DISTINCT is not known to be the same", "Use a subquery.")

    @property
    def word(self) -> str:
        """DISTINCT and a blank, where it was said."""
        return "DISTINCT " if self.distinct else ""


AggregateRule = Callable[[Aggregate], Value]


_JOINS = {"INNER": "JOIN", "LEFT": "LEFT JOIN", "RIGHT": "RIGHT JOIN", "FULL": "FULL JOIN"}


class Dialect(Writing, ABC):
    """What is an engine's own: how it writes (:class:`Writing`), its rules by function, and what its clauses lack.

    The defaults are what the SQL standard says; a dialect that has less says so here.
    """

    engine: str
    """The engine's name, as messages say it."""
    bad_name = "holds a zero byte"
    """Why a name that :meth:`can_name` refuses is refused."""
    functions: ClassVar[Mapping[str, Rule]] = {}
    aggregates: ClassVar[Mapping[str, AggregateRule]] = {}
    remedies: ClassVar[Mapping[str, str]] = {}
    """What to write instead of functions without a rule."""
    joins: ClassVar[Mapping[str, str]] = _JOINS
    like_escape = "\\"
    """LIKE's escape character."""
    derived = ' AS "_mason_kept"'
    """The name behind a subquery in FROM that nobody calls."""
    filter_clause = True
    """Whether aggregates have FILTER (WHERE ...)."""
    grouping_sets = True
    values_in_from = True
    ignore_nulls = True
    """Whether window functions have IGNORE NULLS."""
    lag_default = True
    """Whether lag and lead take a third argument."""
    frame_needed = False
    """Whether aggregates and first_value in a window with ORDER BY need a frame that was written, in ROWS."""
    one_row_subqueries = False
    """Whether a subquery for a value that uses names of the query around has to be an aggregate."""
    in_only_in_where = False
    """Whether IN (SELECT ...) is known only as a condition of WHERE."""
    set_operations_all: Sequence[str] = ("UNION", "EXCEPT", "INTERSECT")
    """The set operations that have ALL."""
    narrow_counts: Sequence[str] = ("ntile",)
    """Window functions whose result is narrower than DuckDB's BIGINT."""
    boolean_extremes = False
    """Whether min and max take BOOLEAN."""
    stops_at_zero = False
    """Whether a DOUBLE divided by zero stops the query."""
    double_note = ""
    """What is said of computing with DOUBLE, where the engine stops and DuckDB goes on."""
    more_ordered: Sequence[SqlType] = ()
    """Types beside numbers, texts and dates whose values are ordered as in DuckDB: zoned times, bytes."""
    random = ""
    """A number by chance for each row, another one at each call; empty where samples are not known."""
    uncomputed: Sequence[SqlType] = ()
    """Types that the engine has not to compute in: a result would not stop where DuckDB's does."""

    @abstractmethod
    def series(self, call: Call, start: int, end: int) -> str:
        """The rows ``start`` to ``end``, both included, for FROM; at least none."""

    def limit(self, limit: str, offset: str) -> str:
        """LIMIT and OFFSET, each empty where it was not said."""
        return (f" LIMIT {limit}" if limit else "") + (f" OFFSET {offset}" if offset else "")

    def sorted(self, value: Value) -> str:
        """``value`` where its order counts: as a key, or beside ``<``. Texts are ordered by their bytes."""
        return value.text

    def typed(self, value: Value) -> str:
        """``value`` where it decides of which type a function's result is: a text that was written may have none."""
        return value.text

    def item(self, value: Value) -> str:
        """``value`` in a select list, whose columns keep their order."""
        return value.text

    def same(self, one: str, other: str) -> str:
        """IS NOT DISTINCT FROM; empty where the engine has none."""
        return f"{one} IS NOT DISTINCT FROM {other}"

    def computed(self, text: str, type_: SqlType) -> Value:
        """The result of an operator; a HUGEINT is held to its digits."""
        return Value(self.cast(text, type_) if type_ == HUGEINT else f"({text})", type_)

    def total(self, text: str, type_: SqlType) -> str:
        """A sum of integers or decimals, which the engine may have in another type than DuckDB."""
        return self.cast(text, type_)

    def whole_total(self, of: Aggregate, text: str, type_: SqlType) -> str:
        """The exact sum of ``text``, integers of ``type_``, which no BIGINT may hold."""
        return of.over(f"sum({of.word}{self.cast(text, decimal(28, 0))})")

    def stop(self, reason: str, text: str, type_: SqlType) -> str:
        """An expression of the type ``type_`` that stops the query with ``reason`` and the value ``text``, where it is
        reached."""
        return self.stop_at(f"{reason}: ", self.cast(text, VARCHAR), type_)

    def stop_at(self, reason: str, text: str, type_: SqlType) -> str:
        """As :meth:`stop`, with the text ``text`` behind the reason: here by a cast of both to a number. It holds a
        value, or it would be worked out before any row is read."""
        number = f"CAST({self.text(reason)} || {text} AS integer)"
        if type_ == INTEGER:
            return number
        shown = self.cast(number, VARCHAR)
        return shown if type_ == VARCHAR else self.cast(shown, type_)

    @abstractmethod
    def matching(self, text: str, shape: str) -> str:
        """Whether ``text`` has the shape: a regular expression of digits, signs, alternatives and counts."""

    def holding(self, text: str, letters: str) -> str:
        """Whether ``text`` holds one of ``letters``, which may be ranges."""
        return self.matching(text, f"[{letters}]")

    @abstractmethod
    def half_away(self, text: str) -> str:
        """A DOUBLE rounded to a whole one, halves away from zero."""

    @abstractmethod
    def half_to_even(self, text: str) -> str:
        """A DOUBLE such that a cast to an integer rounds it, halves to the even neighbour."""

    def truth_number(self, text: str, type_: SqlType) -> str:
        """A BOOLEAN as 1 or 0."""
        return self.cast(text, type_)

    def fraction(self, value: float) -> str:
        """The fraction of a quantile."""
        return self.double(value)

    def power_of_ten(self, digits: int, factor: int = 1) -> str:
        """A power of ten, times ``factor``, as a DOUBLE."""
        return self.double(float(f"{factor}e{digits}"))

    def shows(self, type_: SqlType) -> bool:
        """Whether texts of the type are written as in DuckDB: of integers, decimals, BOOLEAN, dates, timestamps."""
        return type_ in (*INTEGERS, BOOLEAN, DATE, TIMESTAMP) or type_.name == "DECIMAL"

    def shown(self, value: Value) -> str:
        """An integer, a decimal, a BOOLEAN, a date or a timestamp as a text, as DuckDB writes it."""
        return self.cast(value.text, VARCHAR)

    def days_later(self, date: str, days: str, sign: str) -> str:
        """A date so many days later, or earlier where ``sign`` is ``-``."""
        return f"({date} {sign} {days})"

    def shifted(self, moment: str, sign: str, interval: str) -> str:
        """A timestamp an interval (see :meth:`interval`) later, or earlier where ``sign`` is ``-``."""
        return f"({moment} {sign} {interval})"

    def compared_note(self, type_: SqlType) -> str:
        """What is said where values of ``type_`` are compared, grouped or ordered, and some are not as in DuckDB."""
        return ""

    def answered_note(self, type_: SqlType) -> str:
        """What is said of a column of the answer whose values may not be those of DuckDB."""
        return ""

    def rounded_decimal(self, text: str, type_: SqlType, digits: int) -> str:
        """A DECIMAL of the type ``type_`` rounded to so many digits behind the point, halves away from zero."""
        return f"round({text}, {digits})"

    def narrowed(self, text: str, given: SqlType, target: SqlType) -> str:
        """A DECIMAL such that a cast to ``target``, with fewer digits, rounds halves away from zero."""
        return text

    def days_between(self, end: str, start: str) -> str:
        """The days from one date to another one."""
        return f"({end} - {start})"

    def whole_quotient(self, call: Call, one: str, other: str, type_: SqlType) -> str:
        """The quotient of two integers of the type ``type_``, cut towards zero; the divisor is no zero."""
        return f"{one} / {other}"

    def quotient(self, one: str, other: str) -> str:
        """The quotient of two DOUBLEs, infinite or NaN where the divisor is zero."""
        return f"({one} / {other})"

    def full_join(self, node: Tree, is_equal: bool) -> None:
        """Refuse a FULL JOIN that the engine has not; ``is_equal``: its condition is equalities of columns."""

    def unnested(self, call: Call) -> Value:
        """The one unnest of a select list."""
        raise call.refused(f"unnest is not known to be the same in {self.engine}", "Keep rows in a table.")

    def check_window(self, node: Tree, name: str) -> None:
        """Refuse a window function that the engine has not."""


def plain(template: str, result: SqlType, *takes: SqlType, why: str = "") -> Rule:
    """A function that takes exactly these types and is ``template`` there; ``why`` says why that looks otherwise."""

    def rule(call: Call) -> Value:
        call.count(len(takes))
        texts = [call.to(index, type_) for index, type_ in enumerate(takes)]
        if why:
            call.rewritten(why)
        return Value(template.format(*texts), result)

    return rule


_UNITS = {"to_years": "YEAR", "to_months": "MONTH", "to_days": "DAY", "to_hours": "HOUR", "to_minutes": "MINUTE"}
_UNITS |= {"to_seconds": "SECOND", "to_weeks": "WEEK", "to_quarters": "QUARTER"}


def is_interval(name: str) -> bool:
    """Whether DuckDB reads INTERVAL as a call of this function."""
    return name in _UNITS


def interval(work: Work, node: Tree, name: str) -> Value | None:
    """``INTERVAL 3 DAY``, which DuckDB reads as a call of ``to_days``; ``None`` for other calls."""
    if not is_interval(name):
        return None
    children = node.children()
    found = children[0].raw if len(children) == 1 else {}
    # INTERVAL 3 DAY is to_days(CAST(trunc(CAST(3 AS DOUBLE)) AS INTEGER)).
    while found.get("class") == "CAST" or found.get("function_name") == "trunc":
        found = found["child"] if found["class"] == "CAST" else found["children"][0]
    value = found.get("value", {}).get("value") if found.get("class") == "CONSTANT" else None
    if not isinstance(value, int) or isinstance(value, bool):
        raise node.refused("an interval of a computed length is not known to be the same", "Write the number.")
    number, unit = (value * 3, "MONTH") if name == "to_quarters" else (value, _UNITS[name])
    number, unit = (number * 7, "DAY") if unit == "WEEK" else (number, unit)
    return Value(work.dialect.interval(number, unit), INTERVAL)
