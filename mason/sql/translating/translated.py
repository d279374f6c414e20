"""What a translation is made of: expressions and queries as the other engine reads them, with DuckDB's types."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from decimal import Decimal

from mason.sql.sql_types import VARCHAR, SqlType
from mason.sql.translations import Column
from mason.values import dataclass

Constant = int | float | str | bool | Decimal | None


@dataclass(slots=True, frozen=True)
class Value:
    """An expression as the other engine reads it.

    ``type`` is DuckDB's. Where ``is_constant`` is true, ``constant`` is the value that was written in the query.
    """

    text: str
    type: SqlType
    is_constant: bool = False
    constant: Constant = None

    @property
    def is_text(self) -> bool:
        """Whether this is a text that was written in the query: DuckDB makes of it whatever stands beside it."""
        return self.is_constant and isinstance(self.constant, str) and self.type == VARCHAR


class Called(ABC):
    """A call of a function as its rule sees it, whichever way queries are translated: ``name``, as the query has it,
    and ``arguments``, translated."""

    __slots__ = ()
    name: str
    arguments: Sequence[Value]

    @abstractmethod
    def refused(self, reason: str, remedy: str) -> Exception:
        """Why this call is refused."""

    def count(self, least: int, most: int | None = None) -> None:
        """Refuse another number of arguments."""
        if not least <= len(self.arguments) <= (most or least):
            raise self.refused(f"{self.name} is not known with {len(self.arguments)} arguments", "Use its common form.")

    def whole(self, index: int) -> int:
        """The whole number that was written as an argument; refuses all else."""
        value = self.arguments[index]
        if value.is_constant and isinstance(value.constant, int) and not isinstance(value.constant, bool):
            return value.constant
        raise self._computed("number", index)

    def told(self, index: int) -> str:
        """The text that was written as an argument; refuses all else."""
        value = self.arguments[index]
        if value.is_text:
            return str(value.constant)
        raise self._computed("text", index)

    def _computed(self, what: str, index: int) -> Exception:
        return self.refused(
            f"{self.name} is known to be the same only with a {what} written out as argument {index + 1}",
            f"Write the {what}.",
        )


@dataclass(slots=True, frozen=True)
class Query:
    """A translated query and the columns that it answers with; ``is_correlated``: it uses names of the one around."""

    text: str
    columns: tuple[Column, ...]
    is_correlated: bool = False


@dataclass(slots=True, frozen=True)
class Defined:
    """A query that WITH defined: its name as it was written there, and its columns."""

    name: str
    columns: tuple[Column, ...]


Queries = Mapping[str, Defined]
"""What WITH defined, by name in small letters."""
