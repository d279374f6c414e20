"""The metastore as operators of 1.x ask it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import mason
from mason.compat1.no_answer import NO_ANSWER
from mason.compat1.response import Response
from mason.compat1.table_kinds import (
    ConflictingTable,
    Database,
    DatabaseList,
    DDLStatement,
    InvalidDatabase,
    InvalidTable,
    InvalidTables,
    MetastoreCredentials,
    Path,
    Registration,
    Schema,
    SchemaConflict,
    Table,
    TableList,
    TableNotFound,
    TableSummary,
)
from mason.errors import ConflictError, EngineError, NotFoundError


class MetastoreClient:
    """Verbs of 1.x: each answers with what it found, or why it did not, and the response."""

    client: Any = None

    def __init__(self, ctx: mason.Context) -> None:
        self._ctx = ctx

    def get_databases(self, response: Response | None = None) -> tuple[DatabaseList, Response]:
        """All databases."""
        found = [Database(each.name, TableList(()), each) for each in self._ctx.metastore.list_databases()]
        return DatabaseList(found), response or Response()

    def get_database(
        self, database_name: str, response: Response | None = None
    ) -> tuple[Database | InvalidDatabase, Response]:
        """One database with its tables."""
        response = response or Response()
        try:
            model = self._ctx.metastore.get_database(database_name)
            tables = self._ctx.metastore.list_tables(database_name)
        except NotFoundError as error:
            return InvalidDatabase(str(error)), response
        return Database(database_name, TableList([Table(each) for each in tables]), model), response

    def list_tables(
        self, database_name: str, response: Response | None = None
    ) -> tuple[TableList | InvalidTables, Response]:
        """The tables of a database."""
        try:
            tables = self._ctx.metastore.list_tables(database_name)
        except NotFoundError as error:
            return InvalidTables([TableNotFound(str(error))]), response or Response()
        return TableList([Table(each) for each in tables]), response or Response()

    def get_table(
        self,
        database_name: str,
        table_name: str,
        options: Mapping[str, Any] | None = None,
        response: Response | None = None,
    ) -> tuple[Table | InvalidTables, Response]:
        """One table. Without the option ``read_headers`` it is found out whether the first row names the columns."""
        try:
            found = self._ctx.metastore.get_table(database_name, table_name, read_headers=read_headers(options))
        except NO_ANSWER:
            raise
        except EngineError as error:
            return InvalidTables([_invalid(error)]), response or Response()
        return Table(found), response or Response()

    def summarize_table(
        self, table: Table, options: Mapping[str, Any] | None = None, response: Response | None = None
    ) -> tuple[TableSummary, Response]:
        """A row for each column."""
        return TableSummary(self._ctx.execution.summarize(table.model)), response or Response()

    def delete_table(self, database_name: str, table_name: str, response: Response | None = None) -> Response:
        """Delete a registration; its files stay."""
        response = response or Response()
        try:
            self._ctx.metastore.delete_table(database_name, table_name)
            response.add_info(f"Table {table_name} successfully deleted.")
        except NO_ANSWER:
            raise
        except EngineError as error:
            _invalid(error).to_response(response)
        return response

    def credentials(self) -> MetastoreCredentials:
        """Nothing: clients keep their own."""
        return MetastoreCredentials()

    def generate_table_ddl(self, table: Table, path: Path, database: Database) -> DDLStatement:
        """The statement that registers ``table``, for a job of the execution engine."""
        return DDLStatement(Registration.of(database.name, table.model))


class MetastoreOf10x(MetastoreClient):
    """Verbs as 1.0x has them: what they find goes into the response as well."""

    def list_tables(self, database_name: str, response: Response | None = None) -> Any:
        """The response with the tables."""
        found, response = super().list_tables(database_name, response)
        return found.to_response(response)

    def get_table(  # type: ignore[override]  # 1.0x has the response in another place
        self,
        database_name: str,
        table_name: str,
        response: Response | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> tuple[list[Schema], Response]:
        """The schemas of a table, and the response with the table."""
        found, response = super().get_table(database_name, table_name, options, response)
        return [found.schema] if isinstance(found, Table) else [], found.to_response(response)

    def parse_path(self, path: str) -> tuple[str, str]:
        """The database and the table that a path names: its first part, and the rest."""
        database, _, table = path.strip("/").partition("/")
        return database, table

    def full_path(self, path: str) -> str:
        """As verbs of today take it."""
        return path


def read_headers(options: Mapping[str, Any] | None) -> bool | None:
    """What 1.x says of headers: true, or nothing."""
    return True if (options or {}).get("read_headers") in (True, "true", "True") else None


def _invalid(error: EngineError) -> InvalidTable:
    if isinstance(error, NotFoundError):
        return TableNotFound(str(error))
    if isinstance(error, ConflictError):
        return ConflictingTable(SchemaConflict((), Schema((), "")), str(error))
    return InvalidTable(str(error))
