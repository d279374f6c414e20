"""What a translation is made of: expressions and queries as the other engine reads them, with DuckDB's types."""

from __future__ import annotations

from collections.abc import Mapping
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
