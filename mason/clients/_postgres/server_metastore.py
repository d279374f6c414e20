"""The metastore of a server: schemas are databases. A table here holds its rows, and no files are registered.

Nothing is dropped whose loss was not asked for: without ``delete_files`` a view that Mason made goes, and a table that
Mason made and nobody filled.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from mason.clients._jobs import now, succeeded
from mason.clients._postgres.server_client import ServerClient
from mason.clients._postgres.server_names import located
from mason.clients._statements.table_targets import SCHEME, is_table
from mason.clients._tables import requests
from mason.engines.capabilities import Capabilities
from mason.engines.metastore import Metastore
from mason.engines.models import Column, Database, Job, Partition, Schema, Table
from mason.errors import ConflictError, EngineError, UnsupportedVerbError

# What talks to the server is imported where it is used: planning asks what a client supports.
if TYPE_CHECKING:
    from mason.clients._postgres.column_types import ServerColumn
    from mason.clients._postgres.server_catalog import Entry, ServerCatalog
    from mason.clients._postgres.server_connections import Transaction

CAPABILITIES = Capabilities(schemes=(SCHEME,))
"""What all such metastores can do; each adds what becomes of names."""


class ServerMetastore(Metastore):
    """Databases, tables and views."""

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
        }
    )
    connection: ServerClient

    @property
    def _catalog(self) -> ServerCatalog:
        return self.connection.catalog

    def list_databases(self) -> list[Database]:
        """The schemas that people made, and ``public`` once it holds a table."""
        with self.connection.connections.asking() as transaction:
            return [Database(name, comment=comment) for name, comment in self._catalog.schemas(transaction)]

    def get_database(self, database: str) -> Database:
        """A schema."""
        from mason.clients._postgres.server_catalog import known_schema

        with self.connection.connections.asking() as transaction:
            name, comment = known_schema(self._catalog, transaction, self._kept(database))
            return Database(name, comment=comment)

    def list_tables(self, database: str) -> list[Table]:
        """Tables and views, without the partitions of tables."""
        from mason.clients._postgres.server_catalog import known_schema

        database = self._kept(database)
        with self.connection.connections.asking() as transaction:
            known_schema(self._catalog, transaction, database)
            return [self._table(each, None) for each in self._catalog.entries(transaction, database)]

    def get_table(self, database: str, table: str, *, read_headers: bool | None = None, schema: bool = True) -> Table:
        """A table as it is now. ``read_headers`` is of files, and of no meaning here."""
        with self.connection.connections.asking() as transaction:
            return self._known(transaction, database, table, schema=schema)

    def list_partitions(self, database: str, table: str) -> list[Partition]:
        """The tables of which it is made; by the value that each holds, or by its bounds where it holds several."""
        from mason.clients._postgres.server_catalog import known_entry

        with self.connection.connections.asking() as transaction:
            found = known_entry(self._catalog, transaction, self._kept(database), self._kept(table))
            return self._catalog.partitions(transaction, found) if found.keys else []

    def table_ddl(self, database: str, table: str) -> str:
        """``CREATE TABLE`` with columns, and ``CREATE VIEW`` with the statement that the server keeps. Constraints,
        indexes and partitions are left out."""
        from mason.clients._duckdb.quoting import qualified
        from mason.clients._postgres.server_catalog import known_entry

        with self.connection.connections.asking() as transaction:
            found = known_entry(self._catalog, transaction, self._kept(database), self._kept(table))
            name = qualified(found.schema, found.name)
            if found.kind == "view":
                return f"CREATE VIEW {name} AS\n{found.definition.strip().rstrip(';')};"
            columns = self._catalog.columns(transaction, found.schema, found.name)
            return f"CREATE TABLE {name} ({', '.join(_written(each) for each in columns)});"

    def create_database(self, database: str, *, location: str | None = None) -> Database:
        """Make a schema. A server decides itself where data is."""
        from mason.clients._duckdb.quoting import identifier

        requests.read(self, "create_database", {"database": database})
        database = self.connection.kept("schema", database)
        if location is not None:
            raise UnsupportedVerbError(
                f"{self.connection.engine_name} keeps the data of a schema itself: leave out location."
            )
        with self.connection.connections.changing() as transaction:
            if database in dict(self._catalog.schemas(transaction)):
                raise ConflictError(f"Database {database} exists already.")
            transaction.run(f"CREATE SCHEMA {identifier(database)}")
        return self.get_database(database)

    def create_table(
        self, database: str, table: str, *, definition: Table | Mapping[str, Any], overwrite: bool = False
    ) -> Job:
        """Make an empty table with the columns of ``definition``, or a view (``kind: view``, its query in the option
        ``sql``, in the server's dialect)."""
        from mason.clients._duckdb.quoting import identifier, qualified
        from mason.clients._postgres.made_marks import marked

        submitted = now()
        requests.read(self, "create_table", {"database": database, "table": table})
        database, table = self.connection.kept("schema", database), self.connection.kept("table", table)
        wanted = definition if isinstance(definition, Table) else _read(definition)
        self._check_kept_here(wanted)
        name = qualified(database, table)
        statement = self._statement(wanted, name)
        with self.connection.connections.changing() as transaction:
            there = self._catalog.entry(transaction, database, table)
            if there is not None:
                if not overwrite:
                    raise ConflictError(f"Table {table} in database {database} exists already. Ask for overwrite.")
                self._drop(transaction, there, "replaced", overwrite=True)
            # To make one that is there takes a right, too.
            if not transaction.rows("SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = %s", [database]):
                transaction.run(f"CREATE SCHEMA {identifier(database)}")
            transaction.run(statement)
            kind = "VIEW" if wanted.kind == "view" else "TABLE"
            transaction.run(f"COMMENT ON {kind} {name} IS {self.connection.text(marked(wanted.comment))}")
            for column in wanted.schema.columns if wanted.schema is not None else ():
                if column.comment:
                    transaction.run(
                        f"COMMENT ON COLUMN {name}.{identifier(column.name)} IS {self.connection.text(column.comment)}"
                    )
            made = self._known(transaction, database, table)
        logs = (f"Made {made.kind} {database}.{table}",)
        job = succeeded("metastore.create_table", made.to_dict(), submitted=submitted, logs=logs)
        return replace(job, engine=self.role)

    def delete_table(self, database: str, table: str, *, delete_files: bool = False) -> Table:
        """Drop a table; one whose rows would be lost, or that Mason did not make, only with ``delete_files``."""
        from mason.clients._postgres.server_catalog import known_entry

        with self.connection.connections.changing() as transaction:
            entry = known_entry(self._catalog, transaction, self._kept(database), self._kept(table))
            found = self._known(transaction, database, table)
            self._drop(transaction, entry, "deleted", anyway=delete_files)
            return found

    def _drop(
        self, transaction: Transaction, entry: Entry, what: str, *, anyway: bool = False, overwrite: bool = False
    ) -> None:
        """Drop a table. Raises ``ConflictError`` where something would be lost that was not asked for."""
        from mason.clients._duckdb.quoting import qualified
        from mason.clients._postgres.made_marks import is_made

        name = qualified(entry.schema, entry.name)
        remedy = "Delete it first, with delete_files." if overwrite else "Ask for delete_files to do that."
        title = f"{entry.kind.capitalize()} {entry.name} in database {entry.schema}"
        if not anyway and not is_made(entry.comment):
            raise ConflictError(f"{title} was not made by Mason, so it is not {what} unasked. {remedy}")
        if not anyway and entry.kind != "view":
            # Nobody fills it between the look and the drop.
            transaction.run(f"LOCK TABLE {name}")
            if transaction.rows(f"SELECT EXISTS (SELECT 1 FROM {name})")[0][0]:
                raise ConflictError(
                    f"{title} holds rows, which {self.connection.engine_name} would delete with it. {remedy}"
                )
        transaction.run(f"DROP {entry.word} {name}")

    def _kept(self, name: str) -> str:
        """A name that is looked for; one that the server cannot keep is simply not there."""
        return name.lower() if self.capabilities.name_case == "lower" else name

    def _known(self, transaction: Transaction, database: str, table: str, *, schema: bool = True) -> Table:
        from mason.clients._postgres.server_catalog import known_entry

        entry = known_entry(self._catalog, transaction, self._kept(database), self._kept(table))
        columns = self._catalog.columns(transaction, entry.schema, entry.name) if schema else None
        return self._table(entry, columns)

    def _table(self, entry: Entry, columns: list[ServerColumn] | None) -> Table:
        from mason.clients._postgres.made_marks import parted

        found = Table(
            entry.name,
            entry.schema,
            location=located(entry.schema, entry.name),
            format=self.connection.format_name,
            kind=entry.kind,
            comment=parted(entry.comment)[0],
        )
        if columns is None:
            return found
        return replace(
            found,
            schema=Schema(tuple(Column(each.name, each.said, each.nullable, each.comment) for each in columns)),
            partition_columns=entry.keys if {*entry.keys} <= {each.name for each in columns} else (),
            options={"sql": entry.definition.strip()} if entry.kind == "view" else {},
            notes=tuple(each.note for each in columns if each.note),
        )

    def _check_kept_here(self, wanted: Table) -> None:
        place = wanted.location.path if wanted.location is not None else ""
        if place and not is_table(place):
            raise UnsupportedVerbError(
                f"{self.connection.engine_name} keeps rows of its own and registers no files, but the table is at "
                f"{place}. Leave out the location to make an empty table with its columns."
            )
        if wanted.partition_columns:
            raise UnsupportedVerbError(
                f"Client {self.client} makes no tables in partitions: leave partition_columns out, or make the table "
                "with the server's own tools."
            )

    def _statement(self, wanted: Table, name: str) -> str:
        """The statement that makes a table or a view. Raises ``EngineError`` where there is none."""
        from mason.clients._duckdb.quoting import identifier
        from mason.clients._postgres.column_types import own_type, server_type
        from mason.sql.natives import one_query
        from mason.sql.parsed import types_of

        if wanted.kind == "view":
            sql = str(wanted.options.get("sql", ""))
            if not sql:
                raise EngineError("A view needs its query, as the option sql.")
            return f"CREATE VIEW {name} AS\n{one_query(sql, str(self.connection.format_name))}"
        columns = wanted.schema.columns if wanted.schema is not None else ()
        if not columns:
            raise EngineError(f"Give the columns of the table: {self.connection.engine_name} cannot find them out.")
        # Of the server's own types, which have its schema in their names, DuckDB knows nothing.
        known = types_of({"table": {each.name: each.type for each in columns if "." not in each.type}})["table"]
        written = []
        for each in columns:
            if not self.connection.dialect.can_name(each.name):
                raise EngineError(f"The name of column {each.name!r} {self.connection.dialect.bad_name}.")
            found = known.get(each.name)
            own = own_type(each.type) if found is None else self.connection.dialect.type_name(found)
            kind = own or server_type(found, each.name, self.connection.engine_name)
            written.append(f"{identifier(each.name)} {kind}{'' if each.nullable else ' NOT NULL'}")
        return f"CREATE TABLE {name} ({', '.join(written)})"


def _written(column: ServerColumn) -> str:
    from mason.clients._duckdb.quoting import identifier

    return f"{identifier(column.name)} {column.written}{'' if column.nullable else ' NOT NULL'}"


def _read(definition: Mapping[str, Any]) -> Table:
    try:
        return Table.from_dict({"name": "", **definition})
    except (KeyError, TypeError, AttributeError) as error:
        raise EngineError(
            f"The definition of the table is none: {error}. Give columns, as table get shows them."
        ) from error
