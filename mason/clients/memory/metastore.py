"""The metastore of ``memory``: databases and registrations in a mapping."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from mason.clients._duckdb.abilities import NAMING
from mason.clients._duckdb.quoting import qualified
from mason.clients._jobs import now, succeeded
from mason.clients._missing import missing
from mason.clients.memory import MemoryClient
from mason.clients.memory.holding import MemoryJobs
from mason.engines.capabilities import Capabilities
from mason.engines.metastore import Metastore
from mason.engines.models import Database, Job, Partition, Table
from mason.engines.occasion import owner
from mason.errors import ConflictError, EngineError, NotFoundError

# What reads tables is imported where it is used: planning asks what a client supports without it.
if TYPE_CHECKING:
    from mason.clients.memory.registered import Registered


class MemoryMetastore(MemoryJobs, Metastore):
    """Tables are there once they are registered; files alone are none."""

    supports: ClassVar[frozenset[str]] = frozenset(Metastore.verbs) - {"plan_table"}
    capabilities: ClassVar[Capabilities] = replace(NAMING, name_case="kept", schemes=("memory",))

    def __init__(self, client: MemoryClient) -> None:
        super().__init__(client)
        self.memory = client

    def list_databases(self) -> list[Database]:
        """The databases that were made."""
        return [Database(name) for name in sorted(self.memory.databases)]

    def get_database(self, database: str) -> Database:
        """One database."""
        if database not in self.memory.databases:
            raise missing("Database", database, self.memory.databases)
        return Database(database)

    def list_tables(self, database: str) -> list[Table]:
        """The registered tables."""
        self.get_database(database)
        return [replace(table, schema=None) for _, table in sorted(self.memory.databases[database].items())]

    def get_table(self, database: str, table: str, *, read_headers: bool | None = None, schema: bool = True) -> Table:
        """A registered table, looked at again."""
        found = self._registered(database, table)
        if not schema:
            from mason.clients._duckdb.reading.sources import unread

            return unread(found, read_headers)
        with self._on_disk() as tables:
            return tables.look_at(found, read_headers=read_headers)[0]

    def list_partitions(self, database: str, table: str) -> list[Partition]:
        """The folders ``key=value`` of a table."""
        from mason.clients._duckdb.reading.sources import partitions_of

        found = self._registered(database, table)
        with self._on_disk() as tables:
            return partitions_of(tables.look_at(found)[1], tables.root)

    def table_ddl(self, database: str, table: str) -> str:
        """A ``CREATE VIEW`` for DuckDB."""
        from mason.clients._duckdb.reading.readers import source
        from mason.clients._duckdb.reading.sources import relative

        found = self._registered(database, table)
        with self._on_disk() as tables:
            reader = source(relative(tables.look_at(found)[1], tables.root), checks=False).sql
            return f"CREATE VIEW {qualified(database, table)} AS {reader};"

    def create_database(self, database: str, *, location: str | None = None) -> Database:
        """Make an empty database; a ``location`` means nothing here and is refused."""
        if location is not None:
            raise EngineError(f"Client {self.client} takes no location: its databases are in memory.")
        if not database:
            raise EngineError("A database needs a name.")
        if database in self.memory.databases:
            raise ConflictError(f"Database {database} exists already.")
        self.memory.databases[database] = {}
        return Database(database)

    def create_table(
        self, database: str, table: str, *, definition: Table | Mapping[str, Any], overwrite: bool = False
    ) -> Job:
        """Register a table over files. Its columns are looked for where the definition has none."""
        from mason.clients._duckdb.reading.sources import definition_of

        submitted = now()
        if not database or not table:
            raise EngineError("A table needs a database and a name.")
        if table in self.memory.databases.get(database, {}) and not overwrite:
            raise ConflictError(
                f"Table {table} in database {database} is registered already. Ask for overwrite to replace it."
            )
        wanted = definition_of(definition, database, table)
        with self._on_disk() as tables:
            found, _ = tables.look_at(wanted)
        found = replace(found, schedule=owner())
        self.memory.databases.setdefault(database, {})[table] = found
        return self.memory.put_job(succeeded("metastore.create_table", found.to_dict(), submitted=submitted))

    def delete_table(self, database: str, table: str, *, delete_files: bool = False) -> Table:
        """Forget a registration, and with ``delete_files`` the files."""
        found = self._registered(database, table)
        if delete_files and found.location:
            for client, name in self._files_of(found.location.path):
                del client.files[name]
        return self.memory.databases[database].pop(table)

    def _files_of(self, location: str) -> list[tuple[MemoryClient, str]]:
        from mason.clients._duckdb.reading.table_files import files_at
        from mason.clients.memory.held import on_disk

        with on_disk(self.memory) as root:
            try:
                return [root.holder_of(file.path) for file in files_at(root, location)]
            except NotFoundError:
                return []

    def _registered(self, database: str, table: str) -> Table:
        self.get_database(database)
        tables = self.memory.databases[database]
        if table not in tables:
            raise missing("Table", table, tables, f" in database {database}")
        return tables[table]

    @contextmanager
    def _on_disk(self) -> Iterator[Registered]:
        from mason.clients.memory.held import on_disk
        from mason.clients.memory.registered import Registered

        with on_disk(self.memory) as root:
            yield Registered(self.memory, root)
