"""The metastore of ``trino``: schemas of catalogs as databases. What is registered is Trino's, for all who ask it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from mason.clients._duckdb.quoting import literal
from mason.clients._jobs import now, succeeded
from mason.clients._tables import requests
from mason.clients.trino import TrinoClient, shown_tables
from mason.clients.trino.trino_names import SCHEMES
from mason.engines.capabilities import Capabilities
from mason.engines.metastore import Metastore
from mason.engines.models import Column, Database, Job, Location, Partition, Schema, Table
from mason.errors import ConflictError, EngineError, NotFoundError, UnsupportedVerbError

# What asks Trino is imported where it is used: planning asks what a client supports without it.
if TYPE_CHECKING:
    from mason.clients.trino.catalogs import Catalogs
    from mason.clients.trino.statement_answers import StatementAnswers
    from mason.clients.trino.trino_names import Place

_LONGEST_NAME = 128


class TrinoMetastore(Metastore):
    """Databases, tables and views. Names are kept in lower case; which characters they may have is the connector's."""

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
    capabilities: ClassVar[Capabilities] = Capabilities(
        dialect="trino", longest_name=_LONGEST_NAME, name_case="lower", schemes=SCHEMES
    )
    connection: TrinoClient

    @property
    def catalogs(self) -> Catalogs:
        """What asks for names, columns and properties."""
        return self.connection.catalogs

    @property
    def answers(self) -> StatementAnswers:
        """What has statements done."""
        return self.connection.answers

    def list_databases(self) -> list[Database]:
        """The schemas of the config's catalog, or of all; ``information_schema`` left out, which each has."""
        return [Database(name) for name in self.catalogs.databases()]

    def get_database(self, database: str) -> Database:
        """A schema that is there."""
        return Database(self.catalogs.known(database).database)

    def list_tables(self, database: str) -> list[Table]:
        """Its tables and views."""
        place = self.catalogs.place(database)
        found = []
        # A catalog that is not there is told as Mason tells it.
        with suppress(NotFoundError):
            found = [Table(name, place.database, kind=kind) for name, kind in self.catalogs.tables(place)]
        if not found:
            self.catalogs.known(database)
        return found

    def get_table(self, database: str, table: str, *, read_headers: bool | None = None, schema: bool = True) -> Table:
        """One table as Trino has it. Types that are not known here stay as Trino writes them."""
        place = self.catalogs.place(database)
        return self._found(place, table, with_schema=schema)[0]

    def list_partitions(self, database: str, table: str) -> list[Partition]:
        """The partitions that ``"TABLE$partitions"`` tells, by the columns that divide the table."""
        place = self.catalogs.place(database)
        found, _ = self._found(place, table, with_schema=False)
        if not found.partition_columns:
            return []
        doing = f"list the partitions of {place.database}.{found.name}"
        rows = self.answers.rows(f"SELECT * FROM {place.table(f'{found.name}$partitions')}", doing=doing).to_dicts()
        told = [each["partition"] if isinstance(each.get("partition"), Mapping) else each for each in rows]
        values = [{name: each.get(name) for name in found.partition_columns} for each in told]
        return [
            Partition(each) for each in sorted(values, key=lambda each: [(str(type(v)), v or 0) for v in each.values()])
        ]

    def table_ddl(self, database: str, table: str) -> str:
        """The statement of Trino's."""
        place = self.catalogs.place(database)
        return f"{self._found(place, table, with_schema=False)[1].strip()};"

    def create_database(self, database: str, *, location: str | None = None) -> Database:
        """Make a schema; ``location`` is where its catalog puts the files of its tables, if it takes one."""
        place = self.catalogs.place(database)
        requests.read(self, "create_database", {"database": place.schema})
        where = f" WITH (location = {literal(location)})" if location is not None else ""
        self.answers.done(f"CREATE SCHEMA {place.sql}{where}", doing=f"create database {place.database}")
        return Database(place.database, Location(location) if location else None)

    def create_table(
        self, database: str, table: str, *, definition: Table | Mapping[str, Any], overwrite: bool = False
    ) -> Job:
        """Register a table over a folder, where the catalog takes that; make an empty one, or a view."""
        submitted = now()
        place = self.catalogs.place(database)
        requests.read(self, "create_table", {"database": place.schema, "table": table})
        given = definition if isinstance(definition, Table) else _read(definition)
        wanted = replace(given, name=table.lower(), database=place.database)
        statement = self._view(place, wanted) if wanted.kind == "view" else self._registering(place, wanted)
        before = self._before(place, wanted.name)
        if before is not None:
            self._check_replaceable(*before, wanted, overwrite=overwrite)
        doing = f"register {place.database}.{wanted.name}"
        self.answers.done(f"CREATE SCHEMA IF NOT EXISTS {place.sql}", doing=doing)
        if before is None or wanted.kind == "view":
            self.answers.done(statement(wanted.name), doing=doing)
        else:
            self._replace(place, wanted, statement)
        if wanted.partition_columns and wanted.location is not None:
            self._find_partitions(place, wanted.name)
        result = self.get_table(database, table).to_dict()
        where = f" over {wanted.location.path}" if wanted.location else ""
        logs = (f"Registered {place.database}.{wanted.name}{where}",)
        return replace(succeeded("metastore.create_table", result, submitted=submitted, logs=logs), engine=self.role)

    def delete_table(self, database: str, table: str, *, delete_files: bool = False) -> Table:
        """Drop a table. Of one whose files are its catalog's nothing would be left: that has to be asked for."""
        place = self.catalogs.place(database)
        found, ddl = self._found(place, table)
        is_external = shown_tables.is_external(ddl)
        if delete_files and is_external:
            raise UnsupportedVerbError(
                f"Table {found.name} in database {found.database} is external: Trino keeps its registration and no "
                "files. Delete the table without delete_files, then its folder with storage.delete."
            )
        if found.kind == "table" and not is_external and not delete_files:
            raise ConflictError(
                f"Table {found.name} in database {found.database} is kept by its catalog, which would delete its rows "
                "with it. Ask for delete_files to do that."
            )
        kind = "MATERIALIZED VIEW" if shown_tables.is_materialized(ddl) else found.kind.upper()
        doing = f"delete {found.database}.{found.name}"
        self.answers.done(f"DROP {kind} {place.table(found.name)}", doing=doing)
        return found

    # Tables

    def _found(self, place: Place, table: str, *, with_schema: bool = True) -> tuple[Table, str]:
        """A table, and the statement that would create it. Raises ``NotFoundError``."""
        from mason.clients._hive_tables.hadoop_locations import url_of
        from mason.clients.trino.trino_types import duckdb_type

        name = table.lower()
        kind = self.catalogs.kind(place, name)
        schema = None
        if with_schema:
            schema = Schema(
                tuple(
                    Column(each.name, duckdb_type(each.type), each.nullable, each.comment)
                    for each in self.catalogs.columns(place, name)
                )
            )
        ddl = self.catalogs.ddl(place, name, kind)
        if kind == "view" or shown_tables.is_materialized(ddl):
            return Table(name, place.database, schema, kind="view", options={"sql": shown_tables.query_of(ddl)}), ddl
        properties = shown_tables.properties_of(ddl)
        location = shown_tables.location_of(properties)
        made = Table(
            name,
            place.database,
            schema,
            Location(url_of(location)) if location else None,
            shown_tables.format_of(properties),
            shown_tables.options_of(properties),
            shown_tables.partition_columns_of(properties),
            kind,
            shown_tables.comment_of(ddl),
        )
        return made, ddl

    def _before(self, place: Place, name: str) -> tuple[Table, str] | None:
        try:
            return self._found(place, name, with_schema=False)
        except NotFoundError:
            return None

    def _check_replaceable(self, before: Table, ddl: str, wanted: Table, *, overwrite: bool) -> None:
        named = f"Table {before.name} in database {before.database}"
        if not overwrite:
            raise ConflictError(f"{named} is registered already. Ask for overwrite to replace it.")
        if before.kind != wanted.kind:
            raise ConflictError(f"{named} is a {before.kind}, and is not replaced by a {wanted.kind}. Delete it first.")
        if before.kind == "table" and not shown_tables.is_external(ddl):
            raise ConflictError(
                f"{named} is kept by its catalog, and replacing it would delete its rows. Delete it first, with "
                "delete_files."
            )

    def _registering(self, place: Place, wanted: Table) -> Any:
        from mason.clients.trino.made_tables import registering

        known = self.catalogs.table_properties(place.catalog)
        # What cannot be registered is refused before anything is made.
        registering(wanted, "", known, place.catalog)
        return lambda name: registering(wanted, place.table(name), known, place.catalog)

    def _view(self, place: Place, wanted: Table) -> Any:
        from mason.sql.natives import one_query

        written = str(wanted.options.get("sql") or "")
        if not written:
            raise EngineError(f"The view {wanted.name} has no statement. Give it as sql in options, in Trino's SQL.")
        query = one_query(written, "trino")
        return lambda name: f"CREATE OR REPLACE VIEW {place.table(name)} AS\n{query}"

    def _replace(self, place: Place, wanted: Table, statement: Any) -> None:
        from mason.clients.trino.replacing import name_of_mason, replace_table

        made, doing = name_of_mason(), f"replace {place.database}.{wanted.name}"
        self.answers.done(statement(made), doing=doing)
        try:
            replace_table(self.answers, place, made, wanted.name, doing)
        except EngineError:
            with suppress(EngineError):
                self.answers.done(f"DROP TABLE IF EXISTS {place.table(made)}", doing=doing)
            raise

    def _find_partitions(self, place: Place, name: str) -> None:
        from mason.clients._duckdb.quoting import identifier

        given = f"{literal(place.schema)}, {literal(name)}, 'ADD'"
        self.answers.done(
            f"CALL {identifier(place.catalog)}.system.sync_partition_metadata({given})",
            doing=f"register the partitions of {place.database}.{name}",
        )


def _read(definition: Mapping[str, Any]) -> Table:
    try:
        return Table.from_dict({"name": "", **definition})
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise EngineError(f"The definition of the table is none: {error}. storage.infer_table makes one.") from error
