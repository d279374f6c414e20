"""The metastore of ``s3``: prefixes as databases and tables, and what was registered beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from mason.clients._duckdb.abilities import NAMING
from mason.clients._duckdb.quoting import qualified
from mason.clients._jobs import is_done, now, succeeded
from mason.clients._missing import missing
from mason.clients._tables.table_names import check_name, check_schema
from mason.clients.s3 import S3Client
from mason.engines.capabilities import Capabilities
from mason.engines.metastore import Metastore
from mason.engines.models import Database, Job, Location, Partition, Table
from mason.engines.occasion import owner
from mason.errors import AccessDeniedError, ConflictError, EngineError, NotFoundError

# What reads tables is imported where it is used: planning asks what a client supports without it.
if TYPE_CHECKING:
    from mason.clients._duckdb.reading.schemas import TableSchema
    from mason.clients._objects.object_path import ObjectPath
    from mason.clients.s3.registrations import Kept


class S3Metastore(Metastore):
    """Looks at prefixes each time it is asked; what it keeps itself is below ``_mason/`` in the root."""

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
    # The key of a registration, prefix of the root included, may have 1,024 bytes.
    capabilities: ClassVar[Capabilities] = replace(NAMING, schemes=("s3",), name_case="kept", longest_name=200)

    def __init__(self, client: S3Client) -> None:
        super().__init__(client)
        self.s3 = client

    @property
    def kept(self) -> Kept:
        """What is registered."""
        from mason.clients.s3.registrations import Kept

        return Kept(self.s3)

    def list_databases(self) -> list[Database]:
        """The buckets where there is no root, else the prefixes in it and what was made."""
        root = self.s3.root.path
        if not root.bucket:
            return [Database(name, Location(name)) for name in self.s3.buckets.names()]
        from mason.clients.s3 import prefix_tables

        found = {name: Database(name) for name in self.kept.databases()}
        found |= {name: Database(name, Location(name)) for name in prefix_tables.databases(root)}
        return [found[name] for name in sorted(found)]

    def get_database(self, database: str) -> Database:
        """A prefix, or a database that was made."""
        folder = self._folder(database)
        if folder is not None and self._is_there(folder):
            return Database(database, Location(self.s3.root.show(folder)))
        if self.kept.has_database(database):
            return Database(database)
        raise missing("Database", database, (each.name for each in self.list_databases()))

    def list_tables(self, database: str) -> list[Table]:
        """Registered tables, data objects and prefixes that hold data."""
        self.get_database(database)
        from mason.clients.s3 import prefix_tables

        found = {name: self._registered(database, name) for name in self.kept.tables(database)}
        folder = self._folder(database)
        for name, path in prefix_tables.tables(folder).items() if folder is not None else ():
            found.setdefault(name, self._of_objects(database, name, path))
        return [replace(table, schema=None) for _, table in sorted(found.items())]

    def get_table(self, database: str, table: str, *, read_headers: bool | None = None, schema: bool = True) -> Table:
        """The table, its schema found in its objects (a sample of text, all metadata of parquet)."""
        found = self._table(database, table)
        if schema:
            return self._looked_at(found, read_headers=read_headers)[0]
        from mason.clients._duckdb.reading.sources import unread

        return unread(found, read_headers)

    def list_partitions(self, database: str, table: str) -> list[Partition]:
        """The prefixes ``key=value`` of a table."""
        from mason.clients._duckdb.reading.sources import partitions_of

        return partitions_of(self._looked_at(self._table(database, table))[1], self.s3.root)

    def table_ddl(self, database: str, table: str) -> str:
        """A ``CREATE VIEW`` for DuckDB, with the URLs of the objects that there are now."""
        from mason.clients._duckdb.reading.readers import source

        schema = self._looked_at(self._table(database, table))[1]
        return f"CREATE VIEW {qualified(database, table)} AS {source(schema, checks=False).sql};"

    def create_database(self, database: str, *, location: str | None = None) -> Database:
        """Keep a name, which may be that of a prefix. A ``location`` is refused: a prefix is a database already."""
        if location is not None:
            raise EngineError(f"Client {self.client} takes no location: a prefix with data is a database already.")
        check_name("database", database)
        check_schema(database)
        try:
            self.kept.make_database(database)
        except ConflictError as error:
            raise ConflictError(f"Database {database} exists already.") from error
        return Database(database)

    def create_table(
        self, database: str, table: str, *, definition: Table | Mapping[str, Any], overwrite: bool = False
    ) -> Job:
        """Register a table over objects of the root. Its columns are looked for where the definition has none."""
        from mason.clients._duckdb.reading.sources import definition_of, title

        submitted = now()
        if "/" not in database or self._folder(database) is None:
            check_name("database", database)
        check_name("table", table)
        check_schema(database)
        if not overwrite and self.kept.table(database, table) is not None:
            raise _registered(table, database)
        wanted = definition_of(definition, database, table)
        found, schema = self._looked_at(wanted)
        if not schema.columns:
            raise EngineError(f"{title(wanted).capitalize()} has no columns: its objects are empty.")
        found = replace(found, schedule=owner())
        try:
            self.kept.put_table(found, overwrite=overwrite)
        except ConflictError as error:
            raise _registered(table, database) from error
        logs = (f"Registered {database}.{table} over {found.location.path if found.location else ''}",)
        return self.kept.put_job(succeeded("metastore.create_table", found.to_dict(), submitted=submitted, logs=logs))

    def delete_table(self, database: str, table: str, *, delete_files: bool = False) -> Table:
        """Forget a registration; with ``delete_files`` also delete the table's data objects, and no other."""
        found = self._table(database, table)
        registered = self.kept.table(database, table) is not None
        location = found.location.path if found.location else ""
        if not delete_files and not registered:
            raise ConflictError(
                f"Table {table} in database {database} is nothing but its data ({location}): there is no registration "
                "to delete. Ask for delete_files to delete the data."
            )
        if delete_files:
            self._delete_objects(location)
        # The registration goes last: as long as there are objects, it is what they can be found and deleted by.
        if registered:
            self.kept.drop_table(found)
        return found

    def get_job(self, job_id: str) -> Job:
        """A job that is kept in the root."""
        return self.kept.job(job_id)

    def cancel_job(self, job_id: str) -> Job:
        """Refused: there is nothing left to stop."""
        raise is_done(self.get_job(job_id))

    def _table(self, database: str, name: str) -> Table:
        """Where a table is; with a schema only when it is registered. Raises ``NotFoundError`` that suggests near
        names, and ``ConflictError`` when several objects have the name."""
        registered = self.kept.table(database, name)
        if registered is not None:
            return registered
        folder = self._folder(database)
        from mason.clients.s3 import prefix_tables

        paths = prefix_tables.named(folder, name) if folder is not None else []
        if len(paths) > 1:
            told = ", ".join(sorted(f"{path.name}" if path.known() else f"{path.name}/" for path in paths))
            raise ConflictError(
                f"Several objects are table {name} in database {database}: {told}. Ask for one by its full name."
            )
        if paths:
            return self._of_objects(database, name, paths[0])
        names = [table.name for table in self.list_tables(database)]
        raise missing("Table", name, names, f" in database {database}")

    def _registered(self, database: str, name: str) -> Table:
        found = self.kept.table(database, name)
        if found is None:
            raise NotFoundError(f"Table {name} in database {database} was deleted just now.")
        return found

    def _of_objects(self, database: str, name: str, path: ObjectPath) -> Table:
        facts = path.__dict__.get("facts")
        return Table(name, database, location=Location(self.s3.root.show(path), facts.size if facts else None))

    def _looked_at(self, table: Table, *, read_headers: bool | None = None) -> tuple[Table, TableSchema]:
        from mason.clients._duckdb.reading.sources import look_at

        return look_at(table, self.s3.root, self.s3.limits, self.s3.seen, read_headers=read_headers)

    def _folder(self, database: str) -> ObjectPath | None:
        """The prefix of a database; ``None`` for a name that can be none. Raises ``AccessDeniedError`` for one outside
        of the root."""
        hidden = any(part.startswith((".", "_")) for part in database.split("/") if part != ".")
        if not database or "://" in database or (hidden and ".." not in database.split("/")):
            return None
        if not self.s3.root.path.bucket and database in (".", ""):
            return None
        try:
            return self.s3.root.resolve(database)
        except AccessDeniedError:
            raise
        except EngineError:
            # No name of a bucket.
            return None

    def _is_there(self, folder: ObjectPath) -> bool:
        return folder.is_dir() if folder.key else self.s3.buckets.exists(folder.bucket)

    def _delete_objects(self, location: str) -> None:
        from mason.clients._duckdb.reading.table_files import files_at

        root = self.s3.root
        try:
            base, _ = root.find(location)
            files = [file.path for file in files_at(root, location)]
        except NotFoundError:
            return
        for file in files:
            if not root.owns(file) or base not in file.parents:
                raise AccessDeniedError(
                    f"{root.show(file)} lies outside of {root.show(base)}, so it is not deleted with the table. "
                    "Delete it yourself, then delete the table again."
                )
        objects = [root.changeable(str(file)) for file in files]
        objects[0].store.delete_all(objects[0].bucket, [each.key for each in objects])


def _registered(table: str, database: str) -> ConflictError:
    return ConflictError(
        f"Table {table} in database {database} is registered already. Ask for overwrite to replace it."
    )
