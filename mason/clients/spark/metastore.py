"""The metastore of ``spark``: the catalog of its session, which may be Spark's own, or a Hive Metastore behind it.

What Mason registers is an external table that others can query in Spark, too; how Mason reads it is kept with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from mason.clients._jobs import now, succeeded
from mason.clients._missing import missing
from mason.clients.spark import SparkClient
from mason.engines.capabilities import Capabilities
from mason.engines.metastore import Metastore
from mason.engines.models import Database, Job, Location, Partition, Table
from mason.engines.occasion import owner
from mason.errors import ConflictError, EngineError

# What talks to Spark and looks at files is imported where it is used: planning asks what a client supports without it.
if TYPE_CHECKING:
    from mason.clients._duckdb.reading.schemas import TableSchema
    from mason.clients.spark.spark_catalog import SparkCatalog

_PROVIDERS = {"csv": "csv", "json": "json", "parquet": "parquet"}


class SparkMetastore(Metastore):
    """Names are kept in lower case, and have letters of ASCII, digits and ``_`` only: so does Spark's catalog."""

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
    capabilities: ClassVar[Capabilities] = Capabilities(
        dialect="spark", longest_name=128, name_case="lower", schemes=("file",), starts_engine=True
    )

    def __init__(self, client: SparkClient) -> None:
        super().__init__(client)
        self.spark = client

    @property
    def _catalog(self) -> SparkCatalog:
        from mason.clients.spark.spark_catalog import SparkCatalog

        return SparkCatalog(self.spark.session)

    def list_databases(self) -> list[Database]:
        """The databases of the catalog; ``default`` once it holds a table."""
        return [Database(name) for name in self._catalog.databases()]

    def get_database(self, database: str) -> Database:
        """A database, and where its tables are kept where nothing else is said."""
        name = self._known_database(database)
        return Database(name, Location(self._catalog.location_of(name)))

    def list_tables(self, database: str) -> list[Table]:
        """Tables and views."""
        name = self._known_database(database)
        views = self._catalog.views(name)
        return [Table(table, name, kind="view" if table in views else "table") for table in self._catalog.tables(name)]

    def get_table(self, database: str, table: str, *, read_headers: bool | None = None, schema: bool = True) -> Table:
        """A table that Mason registered, its files looked at again; or one of Spark's own, with its true schema."""
        from mason.clients._duckdb.reading.sources import unread

        found, registered = self._found(database, table)
        if not registered:
            return found
        if not schema:
            return unread(found, read_headers)
        return self._looked_at(found, read_headers=read_headers)[0]

    def list_partitions(self, database: str, table: str) -> list[Partition]:
        """The folders ``key=value`` of a table."""
        from mason.clients._duckdb.reading.sources import partitions_of

        found, registered = self._found(database, table)
        if not found.partition_columns:
            return []
        if not registered:
            return self._catalog.partitions(found.database, found)
        return [
            replace(each, location=replace(each.location, path=self._url(each.location.path)))
            if each.location
            else each
            for each in partitions_of(self._looked_at(found)[1], self.spark.root)
        ]

    def table_ddl(self, database: str, table: str) -> str:
        """``CREATE TABLE`` or ``CREATE VIEW`` for Spark."""
        from mason.clients.spark.spark_catalog import named

        found, registered = self._found(database, table)
        if registered:
            return f"{_statement(self._looked_at(found)[0])};"
        return str(self._catalog.ask(f"SHOW CREATE TABLE {named(found.database, found.name)}")[0][0]).strip()

    def create_database(self, database: str, *, location: str | None = None) -> Database:
        """A database of the catalog; its own tables go to ``location``, a URL, where it is given."""
        from mason.clients.spark.spark_catalog import named
        from mason.sql.spark.spark_text import text

        _check_name("database", database)
        if database.lower() in self._catalog.databases():
            raise ConflictError(f"Database {database.lower()} exists already.")
        path = self.spark.root.changeable(location) if location is not None else None
        where = f" LOCATION {text(f'file://{path}')}" if path is not None else ""
        # The one that Spark makes is there, and may be empty.
        self._catalog.ask(f"CREATE DATABASE IF NOT EXISTS {named(database)}{where}")
        return self.get_database(database)

    def create_table(
        self, database: str, table: str, *, definition: Table | Mapping[str, Any], overwrite: bool = False
    ) -> Job:
        """Register a table over files. Its columns are looked for where the definition has none."""
        from mason.clients._duckdb.reading.sources import definition_of
        from mason.clients.spark.spark_catalog import named, properties_of

        submitted = now()
        _check_name("database", database)
        _check_name("table", table)
        there = self._catalog.described(database, table)
        if there is not None and not overwrite:
            raise ConflictError(
                f"Table {table.lower()} in database {database.lower()} is registered already. Ask for overwrite to "
                "replace it."
            )
        if there is not None and there.get("type") == "MANAGED":
            raise ConflictError(
                f"Table {table.lower()} in database {database.lower()} is kept by Spark, and replacing it would delete "
                "its data. Delete it first, with delete_files."
            )
        wanted = definition_of(definition, database.lower(), table.lower())
        looked, _ = self._looked_at(wanted)
        found = replace(looked, schedule=owner())
        statement = _statement(found, f" TBLPROPERTIES ({properties_of(found)})")
        self._catalog.ask(f"CREATE DATABASE IF NOT EXISTS {named(database)}")
        if there is not None:
            self._catalog.ask(f"DROP {'VIEW' if 'VIEW' in there['type'] else 'TABLE'} {named(database, table)}")
        self._catalog.ask(statement)
        if found.partition_columns:
            self._catalog.ask(f"ALTER TABLE {named(database, table)} RECOVER PARTITIONS")
        told = (f"Registered {found.database}.{found.name} over {found.location.path if found.location else ''}",)
        job = succeeded("metastore.create_table", found.to_dict(), submitted=submitted, logs=told)
        return self.spark.own.put_job(job)

    def delete_table(self, database: str, table: str, *, delete_files: bool = False) -> Table:
        """Drop a table. Of one whose files Spark keeps, nothing would be left: that has to be asked for."""
        from mason.clients._duckdb.table_deletion import delete, own_files, remove_empty_folders
        from mason.clients.spark.spark_catalog import named

        found, registered = self._found(database, table)
        told = self._catalog.described(found.database, found.name) or {}
        if told.get("type") == "MANAGED" and not delete_files:
            raise ConflictError(
                f"Table {found.name} in database {found.database} is kept by Spark, which would delete its data "
                "with it. Ask for delete_files to do that."
            )
        if not registered and delete_files and told.get("type") == "EXTERNAL":
            raise EngineError(
                f"Table {found.name} in database {found.database} was not registered by Mason, so its files are not "
                "known. Delete it without delete_files, and then the files."
            )
        shown = self.get_table(database, table) if registered else found
        root = self.spark.root
        location = found.location.path if found.location else ""
        files = own_files(root, location) if registered and delete_files else []
        delete(root, files, found)
        kind = "VIEW" if found.kind == "view" else "TABLE"
        self._catalog.ask(f"DROP {kind} {named(found.database, found.name)}")
        remove_empty_folders(root, {file.parent for file in files})
        return shown

    def get_job(self, job_id: str) -> Job:
        """A job of this client."""
        return self.spark.jobs.get(job_id)

    def cancel_job(self, job_id: str) -> Job:
        """Stop a job that goes on: registrations are done at once."""
        return self.spark.jobs.cancel(job_id)

    def _known_database(self, database: str) -> str:
        """The name of a database that is there. Raises ``NotFoundError`` that suggests a near one."""
        names = self._catalog.databases()
        if database.lower() not in names:
            raise missing("Database", database, names)
        return database.lower()

    def _found(self, database: str, table: str) -> tuple[Table, bool]:
        """A table, and whether it is one that Mason registered. Raises ``NotFoundError``."""
        from mason.clients.spark.spark_catalog import kept_in, table_of

        told = self._catalog.described(database, table)
        if told is None:
            name = self._known_database(database)
            raise missing("Table", table, self._catalog.tables(name), f" in database {name}")
        kept = kept_in(told)
        return (kept, True) if kept is not None else (table_of(told), False)

    def _looked_at(self, table: Table, *, read_headers: bool | None = None) -> tuple[Table, TableSchema]:
        from mason.clients._duckdb.reading.sources import look_at

        client = self.spark
        found, schema = look_at(table, client.root, client.limits, client.seen, read_headers=read_headers)
        assert found.location is not None, "what was looked at is somewhere"
        return replace(found, location=replace(found.location, path=self._url(found.location.path))), schema

    def _url(self, path: str) -> str:
        """The URL of a file, folder or glob that a path from the root means."""
        root = self.spark.root
        return root.url_of(root.path / root.plain(path))


def _check_name(kind: str, name: str) -> None:
    """Raises ``EngineError`` for a name that Spark's catalog does not keep."""
    if not (name.isascii() and name.replace("_", "a").isalnum()):
        raise EngineError(
            f"{name!r} cannot be the name of a {kind} in Spark's catalog, which takes letters of ASCII, digits and _ "
            "only. Choose another name."
        )


def _statement(table: Table, properties: str = "") -> str:
    """The statement that makes a table over files, in Spark's words. Raises ``EngineError`` where there is none."""
    from mason.clients.spark.spark_catalog import named
    from mason.clients.spark.spark_types import to_spark
    from mason.engines.file_urls import file_path
    from mason.sql.spark.spark_text import identifier, text

    provider = _PROVIDERS.get(table.format)
    if provider is None:
        raise EngineError(
            f"Spark's catalog keeps no tables over {table.format} (it does: {', '.join(_PROVIDERS)}). Write it to one "
            "of these first (table format)."
        )
    path = file_path(table.location.path) if table.location else None
    if path is None or any(letter in path for letter in "*?["):
        raise EngineError(
            "Spark's catalog keeps tables at a file or a folder. Give the location as one, without wildcards."
        )
    columns = []
    for column in table.schema.columns if table.schema else ():
        kind = to_spark(column.type)
        if not kind:
            raise EngineError(
                f"Spark has no type for column {column.name}, which is {column.type}. Declare another type for it."
            )
        comment = f" COMMENT {text(column.comment)}" if column.comment else ""
        columns.append(f"{identifier(column.name)} {kind}{comment}")
    options = ", ".join(f"{text(name)} {text(value)}" for name, value in _options(table).items())
    keys = ", ".join(map(identifier, table.partition_columns))
    return "".join(
        (
            f"CREATE TABLE {named(table.database, table.name)} ({', '.join(columns)}) USING {provider}",
            f" OPTIONS ({options})" if options else "",
            f" PARTITIONED BY ({keys})" if keys else "",
            f" COMMENT {text(table.comment)}" if table.comment else "",
            properties,
            f" LOCATION {text(f'file://{path}')}",
        )
    )


def _options(table: Table) -> dict[str, str]:
    """How Spark reads the files where others query the table there. Mason reads them by the options that it keeps."""
    if table.format == "json":
        return {"multiLine": "true"}
    if table.format != "csv":
        return {}
    given = table.options
    quote = str(given.get("quote", '"'))
    return {
        "header": str(bool(given.get("header", True))).lower(),
        "sep": str(given.get("delimiter", ",")),
        "quote": quote,
        "escape": str(given.get("escape", "") or quote),
        "multiLine": "true",
    }
