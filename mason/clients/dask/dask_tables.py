"""The tables of the client ``dask``: files that Mason's machine and the workers reach by the same URLs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mason.clients._duckdb.reading.sources import look_at, source_of, title
from mason.errors import EngineError, NotFoundError
from mason.values import dataclass

if TYPE_CHECKING:
    from mason.clients._duckdb.connection import Limits
    from mason.clients._duckdb.reading.readers import Source
    from mason.clients._duckdb.reading.schemas import Merging, TableSchema
    from mason.clients._duckdb.roots import Roots
    from mason.clients.dask.dask_ground import Ground
    from mason.engines.models import Table


@dataclass(frozen=True, slots=True)
class DaskTables:
    """See :class:`mason.clients._duckdb.execution.Tables`."""

    client: Ground

    @property
    def root(self) -> Roots:
        """The folder of files."""
        return self.client.root

    @property
    def limits(self) -> Limits:
        """What DuckDB may use."""
        return self.client.limits

    def source(self, table: Table, *, whole: bool = True, merging: Merging | None = None) -> Source:
        """What reads a table."""
        _refuse_kept(table)
        return source_of(table, self.root, self.limits, self.client.seen, whole=whole, merging=merging)

    def schema(self, table: Table, *, merging: Merging | None = None) -> TableSchema:
        """What the files of a table hold, one by one."""
        _refuse_kept(table)
        if table.location is None:
            raise EngineError(
                f"{title(table).capitalize()} has no location, so client {self.client.name} cannot read it."
            )
        return look_at(table, self.root, self.limits, self.client.seen, whole=True, merging=merging)[1]

    def named_in_sql(self, database: str, name: str) -> Source | NotFoundError:
        """Nothing: the client is no metastore."""
        return NotFoundError(f"There is no metastore that knows table {name} in database {database}.")


def _refuse_kept(table: Table) -> None:
    if table.format == "duckdb":
        raise EngineError(
            f"{title(table).capitalize()} is kept in a warehouse of DuckDB, which workers do not read. Write it to "
            "files first (table format, with client local), and work on these."
        )
