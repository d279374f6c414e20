"""A statement as a value: one SELECT over tables whose columns are known, so that it can be translated."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from mason.clients._duckdb.quoting import identifier, qualified
from mason.clients._tables.columns import Columns
from mason.engines.models import Rows
from mason.errors import EngineError, TranslationError
from mason.values import dataclass

TABLE = "source"
"""What a table is called in statements where its client says nothing else."""


@dataclass(frozen=True, slots=True)
class Relation:
    """A table that a statement reads: columns with DuckDB's types, and its name, ``flights`` or ``data.flights``."""

    columns: Columns
    name: str = TABLE

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(name for name, _ in self.columns)

    @property
    def sql(self) -> str:
        """The name as it stands in FROM."""
        return qualified(*self.name.rsplit(".", 1))

    def selected(self, names: Sequence[str]) -> str:
        """The SELECT of some columns, without anything behind the table."""
        return f"SELECT {', '.join(identifier(name) for name in names)} FROM {self.sql}"


@dataclass(frozen=True, slots=True)
class Statement:
    """One SELECT in DuckDB's dialect, and the tables that it reads. ``work`` is what it is for, in words that follow
    *cannot*: ``summarize column height``."""

    sql: str
    reads: tuple[Relation, ...]
    work: str

    @property
    def tables(self) -> dict[str, dict[str, str]]:
        """Columns and types by table, as translation wants them."""
        return {each.name: dict(each.columns) for each in self.reads}

    def refused(self, error: TranslationError, engine: str) -> EngineError:
        """Why ``engine`` (``Spark``) does not run this. Places in a statement that nobody wrote are left out."""
        return EngineError(
            f"{engine} cannot {self.work} as client local does: {error.reason}. Leave such columns out, or use client "
            "local for it."
        )


Ask = Callable[[Sequence[Statement]], Sequence[Rows]]
"""Has statements answered by an engine, in their order. None needs what another one answers: they may run at once."""


def unused(name: str, names: Collection[str]) -> str:
    """A name for a column of a statement's own that no column of the table has."""
    taken = {each.lower() for each in names}
    while name in taken:
        name += "_"
    return name
