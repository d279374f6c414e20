"""What rules are written in: what a rule may ask for, the call that it looks at, and what a dialect is that queries are
written in, with what its operators, clauses and functions mean.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Protocol

from mason.sql.foreign.part import Part
from mason.sql.foreign.sight import Sight
from mason.sql.sql_types import BIGINT, DOUBLE, SqlType, is_number
from mason.sql.translating.translated import Called, Defined, Query, Value
from mason.sql.translations import Column
from mason.values import dataclass

if TYPE_CHECKING:
    from sqlglot import exp


class Work(Protocol):
    """What a rule may ask of the translation that it is part of."""

    @property
    def written(self) -> Foreign:
        """The dialect that the query is written in."""

    def value(self, part: Part, sight: Sight) -> Value:
        """Translate an expression."""

    def subquery(self, part: Part, sight: Sight) -> Query:
        """Translate a query within an expression, which may use names of the one around."""

    def relation(self, part: Part, defined: Mapping[str, Defined]) -> Query:
        """Translate a query of a FROM clause or of WITH."""

    def rewritten(self, part: Part, what: str, why: str) -> None:
        """Note that something is written otherwise."""

    def noted(self, part: Part, what: str) -> None:
        """Note a difference that the query allows."""

    def table(self, part: Part, names: Sequence[tuple[str, bool]]) -> tuple[str, tuple[Column, ...]]:
        """A table's name as DuckDB finds it, and its columns; ``names`` are its parts, and whether each was quoted."""


@dataclass(slots=True, frozen=True)
class Call(Called):
    """A call of a function or an operator: its node, its name, and its arguments, translated."""

    work: Work
    part: Part
    sight: Sight
    name: str
    arguments: Sequence[Value]

    @property
    def written(self) -> Foreign:
        """The dialect that the query is written in."""
        return self.work.written

    def refused(self, reason: str, remedy: str) -> Exception:
        """Why this call is refused."""
        return self.part.refused(reason, remedy)

    def rewritten(self, why: str) -> None:
        """Note that this call is written otherwise."""
        self.work.rewritten(self.part, self.name, why)

    def noted(self, what: str) -> None:
        """Note a difference that this call allows."""
        self.work.noted(self.part, what)

    def to(self, index: int, target: SqlType) -> str:
        """An argument's text, cast to ``target`` as the engine does by itself."""
        return self.written.implicit(self.part, self.arguments[index], target).text

    def number(self, index: int) -> SqlType:
        """The type of an argument that has to be a number."""
        found = self.arguments[index].type
        if not is_number(found):
            raise self.refused(f"{self.name} of {found} is not known to be the same", "Cast it to a number.")
        return found

    def unknown(self, *types: SqlType, remedy: str = "Cast it.") -> Exception:
        """Why a call with such types is refused."""
        said = " and ".join(map(str, types or [each.type for each in self.arguments]))
        return self.refused(f"{self.name} of {said} is not known to be the same", remedy)


Rule = Callable[[Call], Value]


@dataclass(slots=True, frozen=True)
class Aggregate:
    """An aggregate's call with what only aggregates have.

    ``distinct``: whether equal values count once. ``orders``: the texts of its ORDER BY, as DuckDB reads them.
    ``over``: puts FILTER and OVER behind a call. ``in_window``: whether it has OVER.
    """

    call: Call
    distinct: bool
    orders: Sequence[tuple[Value, str]]
    over: Callable[[str], str]
    in_window: bool

    def plain(self, *, distinct: bool = False) -> None:
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


class Foreign(ABC):
    """A dialect that queries are written in. Types are named by those of DuckDB's that hold the same values."""

    engine: str
    """The engine's name, as messages say it."""
    dialect: str
    """The dialect's name, also in sqlglot."""
    functions: ClassVar[Mapping[str, Rule]] = {}
    aggregates: ClassVar[Mapping[str, AggregateRule]] = {}
    kinds: ClassVar[Mapping[str, Rule]] = {}
    """Rules of operators and of other syntax, by the class of sqlglot's node."""
    remedies: ClassVar[Mapping[str, str]] = {}
    """What to write instead of functions without a rule."""
    rank_type: SqlType = BIGINT
    """The type of row_number and its like."""
    ntile_type: SqlType = BIGINT
    cumulative: ClassVar[Mapping[str, SqlType]] = {"percent_rank": DOUBLE, "cume_dist": DOUBLE}
    aliases_in_having = False
    """Whether HAVING knows the names of the select list."""
    aliases_everywhere = False
    """Whether an item of a select list may use names of those before it."""
    order_by_outputs = False
    """Whether names within expressions of ORDER BY are those of the answer first."""
    group_by_all = False
    qualify = False
    semi_joins = False
    has_if = False
    """Whether it has IF as a function."""
    lateral_views = False
    filter_clause = True
    distinct_from = True
    """Whether it has IS DISTINCT FROM."""
    like_escape = "\\"
    """LIKE's escape character where none is said; empty where there is none."""
    boolean_extremes = True
    """Whether min and max take BOOLEAN."""
    ignore_nulls = False
    set_operations_all: Sequence[str] = ("Union", "Except", "Intersect")

    @abstractmethod
    def type_of(self, found: exp.DataType) -> SqlType | None:
        """The type that is written so; ``None`` where it is not known."""

    @abstractmethod
    def column(self, text: str, type_: SqlType) -> Value | None:
        """A column of a table, which has the type ``type_`` in DuckDB, as this engine sees it; ``None`` where it sees
        it otherwise."""

    @abstractmethod
    def common(self, one: Value, other: Value) -> SqlType | None:
        """The type in which two values meet; ``None`` where that is not known."""

    @abstractmethod
    def number(self, part: Part, written: str) -> Value:
        """A number that was written."""

    def text(self, part: Part, raw: str) -> str:
        """The text that is written as ``raw``, quotes and all; refuses what is not known."""
        if not (len(raw) > 1 and raw[0] == raw[-1] == "'"):
            raise part.refused("a text so written is not known to be the same", "Write '...'.")
        return raw[1:-1].replace("''", "'")

    def folded(self, name: str, quoted: bool) -> str:
        """A name as this engine knows it."""
        return name

    def is_name_of(self, written: str, quoted: bool, kept: str) -> bool:
        """Whether ``written`` means the column or table that is called ``kept``."""
        return written.lower() == kept.lower()

    def name_of(self, part: Part) -> str:
        """The name of a column without AS; empty where it is not known."""
        return ""

    @abstractmethod
    def cast(self, call: Call, value: Value, target: SqlType, tried: bool) -> Value:
        """A cast that was written."""

    @abstractmethod
    def implicit(self, part: Part, value: Value, target: SqlType) -> Value:
        """A cast that the engine makes by itself; refuses those that are not known."""

    def check_compared(self, part: Part, type_: SqlType, *, ordered: bool) -> None:
        """Refuse a comparison, a group or an order of values that is not the same."""

    def compared_note(self, type_: SqlType) -> str:
        """What is said where values of ``type_`` are compared or ordered, and some may not be as in DuckDB."""
        return ""

    def answered(self, type_: SqlType) -> SqlType:
        """The type of a column of the answer, in DuckDB's words."""
        return type_

    @property
    def generated(self) -> Mapping[str, SqlType]:
        """Functions that stand in FROM and make whole numbers, and the type of these."""
        return {}
