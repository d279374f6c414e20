"""The registered tables of ``memory`` while a verb reads them, which is when their files are on a disk.

Imported where tables are read: planning asks what a client supports without all that reads files.
"""

from __future__ import annotations

from mason.clients._duckdb.connection import Limits
from mason.clients._duckdb.reading.looks import Seen
from mason.clients._duckdb.reading.readers import Source
from mason.clients._duckdb.reading.schemas import Merging, TableSchema
from mason.clients._duckdb.reading.sources import look_at, source_of
from mason.clients._duckdb.root import Root
from mason.clients._missing import missing
from mason.clients.memory import MemoryClient
from mason.engines.models import Table
from mason.errors import NotFoundError
from mason.values import dataclass


@dataclass(frozen=True, slots=True)
class Registered:
    """The registered tables, with their files on disk for the time of one verb."""

    memory: MemoryClient
    root: Root

    @property
    def limits(self) -> Limits:
        """What DuckDB may use."""
        return self.memory.limits

    def look_at(self, table: Table, *, read_headers: bool | None = None) -> tuple[Table, TableSchema]:
        """The table as its files are now, and what they hold; see ``mason.clients._duckdb.reading.sources``."""
        return look_at(table, self.root, self.limits, Seen(), read_headers=read_headers)

    def source(self, table: Table, *, whole: bool = True, merging: Merging | None = None) -> Source:
        """What reads a table, from its beginning or ``whole``, with files that may differ or not."""
        return source_of(table, self.root, self.limits, Seen(), whole=whole, merging=merging)

    def named_in_sql(self, database: str, name: str) -> Source | NotFoundError:
        """What reads a registered table; upper and lower case are alike, as SQL has it."""
        if database not in self.memory.databases:
            return missing("Database", database, self.memory.databases)
        tables = self.memory.databases[database]
        alike = [each for each in tables if each.lower() == name.lower()]
        exact = name if name in tables else alike[0] if len(alike) == 1 else None
        if exact is None:
            return missing("Table", name, tables, f" in database {database}")
        return self.source(tables[exact])
