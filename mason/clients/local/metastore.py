"""The metastore of ``local``: folders and registrations as databases and tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from mason.caches import Stamp, stamp_at
from mason.clients._duckdb.abilities import NAMING
from mason.clients._duckdb.quoting import qualified
from mason.clients._jobs import is_done, now, succeeded
from mason.clients._tables.table_names import check_name, check_schema
from mason.clients.local import LocalClient
from mason.engines.capabilities import Capabilities
from mason.engines.file_urls import scheme_of
from mason.engines.metastore import Metastore
from mason.engines.models import Database, Job, Partition, Table
from mason.engines.occasion import owner
from mason.errors import ConflictError, EngineError, MasonError

# What reads tables is imported where it is used: planning asks what a client supports without it.
if TYPE_CHECKING:
    from mason.clients._duckdb.reading.schemas import TableSchema


class LocalMetastore(Metastore):
    """Looks at folders each time it is asked; what it keeps itself is in the warehouse."""

    supports: ClassVar[frozenset[str]] = frozenset(
        {
            "list_databases",
            "get_database",
            "list_tables",
            "get_table",
            "list_partitions",
            "table_ddl",
            "create_database",
            "create_table",
            "delete_table",
            "get_job",
            "cancel_job",
        }
    )
    capabilities: ClassVar[Capabilities] = replace(NAMING, stamped=True)

    def __init__(self, client: LocalClient) -> None:
        from mason.clients.local.catalog import Catalog

        super().__init__(client)
        self.local = client
        self.catalog = Catalog(client)

    def stamps(self, table: Table) -> Mapping[str, Stamp] | None:
        """Those of the warehouse's file and of the table's files; of a table that was deleted, of its database's folder
        instead, which would hold it."""
        from mason.clients._duckdb.reading.table_files import files_at

        location = table.location.path if table.location else ""
        if scheme_of(location) not in ("", "file") or (not location and "/" in table.name):
            return None
        kept = self.local.warehouse.file
        with self.local.warehouse.reached():
            found = {str(each): stamp_at(each) for each in (kept, kept.with_name(f"{kept.name}.wal"))}
        if table.format == "duckdb":
            return found
        try:
            if location:
                return found | {str(file.path): file.version for file in files_at(self.local.root, location)}
            folder = self.local.root.resolve(table.database)
            return found | {str(folder): stamp_at(folder)}
        except (MasonError, OSError):
            # What is wrong there is told by an answer.
            return None

    def list_databases(self) -> list[Database]:
        """Folders that hold data, and the warehouse's schemas."""
        return self.catalog.databases()

    def get_database(self, database: str) -> Database:
        """A folder or schema."""
        return self.catalog.database(database)

    def list_tables(self, database: str) -> list[Table]:
        """Registered tables, data files and folders of data files."""
        return self.catalog.tables(database)

    def get_table(self, database: str, table: str, *, read_headers: bool | None = None, schema: bool = True) -> Table:
        """The table, its schema found in its files (a sample of text, all metadata of parquet)."""
        found = self.catalog.table(database, table)
        if found.format == "duckdb":
            return found
        if schema:
            return self._looked_at(found, read_headers=read_headers)[0]
        from mason.clients._duckdb.reading.sources import unread

        return unread(found, read_headers)

    def list_partitions(self, database: str, table: str) -> list[Partition]:
        """The folders ``key=value`` of a table."""
        found = self.catalog.table(database, table)
        if found.format == "duckdb":
            return []
        from mason.clients._duckdb.reading.sources import partitions_of

        return partitions_of(self._looked_at(found)[1], self.local.root)

    def table_ddl(self, database: str, table: str) -> str:
        """A ``CREATE VIEW`` for DuckDB, with paths relative to the root."""
        found = self.catalog.table(database, table)
        name = qualified(database, table)
        if found.format == "duckdb":
            assert found.schema is not None
            columns = ", ".join(f"{qualified(column.name)} {column.type}" for column in found.schema.columns)
            return f"CREATE TABLE {name} ({columns});"
        reader = self._reader(self._looked_at(found)[1])
        return f"CREATE VIEW {name} AS {reader};"

    def create_database(self, database: str, *, location: str | None = None) -> Database:
        """A schema of the warehouse, which may have the name of a folder. A ``location`` is refused: a folder that
        holds data is a database already."""
        if location is not None:
            raise EngineError(f"Client {self.client} takes no location: a folder with data is a database already.")
        check_name("database", database)
        check_schema(database)
        if database == "main":
            raise ConflictError("Database main exists already: DuckDB makes it. It is listed once it holds a table.")
        if database in self.local.warehouse.schemas():
            raise ConflictError(f"Database {database} exists already.")
        self.local.warehouse.create_schema(database)
        return Database(database)

    def create_table(
        self, database: str, table: str, *, definition: Table | Mapping[str, Any], overwrite: bool = False
    ) -> Job:
        """Register a table over files below the root. Its columns are looked for where the definition has none."""
        from mason.clients._duckdb.reading.sources import definition_of, title

        submitted = now()
        if not self.catalog.is_folder(database):
            check_name("database", database)
        check_name("table", table)
        check_schema(database)
        if not overwrite and self.catalog.registered(database, table) is not None:
            raise ConflictError(
                f"Table {table} in database {database} is registered already. Ask for overwrite to replace it."
            )
        wanted = definition_of(definition, database, table)
        found, schema = self._looked_at(wanted)
        found = replace(found, schedule=owner())
        if not schema.columns:
            raise EngineError(f"{title(wanted).capitalize()} has no columns: its files are empty.")
        reader = self._reader(schema)
        logs = (f"Registered {database}.{table} over {found.location.path if found.location else ''}",)
        job = succeeded("metastore.create_table", found.to_dict(), submitted=submitted, logs=logs)
        warehouse = self.local.warehouse
        with warehouse.keeping(job):
            warehouse.register(found, reader, search=self.local.root.path, excel=schema.format == "xlsx")
        return job

    def delete_table(self, database: str, table: str, *, delete_files: bool = False) -> Table:
        """Forget a registration; with ``delete_files`` also delete the table's data files, and no other file."""
        found = self.catalog.table(database, table)
        registered = self.catalog.registered(database, table) is not None
        location = found.location.path if found.location else ""
        in_warehouse = found.format == "duckdb" and found.kind == "table"
        if not delete_files and (in_warehouse or not registered):
            raise ConflictError(
                f"Table {table} in database {database} is nothing but its data ({location}): there is no registration "
                "to delete. Ask for delete_files to delete the data."
            )
        from mason.clients._duckdb.table_deletion import delete, own_files, remove_empty_folders

        root = self.local.root
        files = own_files(root, location) if delete_files and found.format != "duckdb" else []
        # The registration goes last: as long as there are files, it is what they can be found and deleted by.
        delete(root, files, found)
        if registered:
            self.local.warehouse.drop(found)
        remove_empty_folders(root, {file.parent for file in files})
        return found

    def get_job(self, job_id: str) -> Job:
        """A job that is kept in the warehouse's folder."""
        return self.local.warehouse.get_job(job_id)

    def cancel_job(self, job_id: str) -> Job:
        """Refused: there is nothing left to stop."""
        raise is_done(self.get_job(job_id))

    def _looked_at(self, table: Table, *, read_headers: bool | None = None) -> tuple[Table, TableSchema]:
        from mason.clients._duckdb.reading.sources import look_at

        client = self.local
        return look_at(table, client.root, client.limits, client.seen, read_headers=read_headers)

    def _reader(self, schema: TableSchema) -> str:
        """The SQL that reads a table, with paths relative to the root."""
        from mason.clients._duckdb.reading.readers import source
        from mason.clients._duckdb.reading.sources import relative

        return source(relative(schema, self.local.root), checks=False).sql
