"""The metastore of ``sqlite``: files as databases, and the tables in them."""

from __future__ import annotations

from contextlib import closing
from typing import ClassVar

from mason.clients._missing import missing
from mason.engines.metastore import Metastore
from mason.engines.models import Column, Database, Location, Schema, Table
from tests.clients.sqlite_client import SqliteClient


class SqliteMetastore(Metastore):
    """Reads what SQLite says of itself."""

    supports: ClassVar[frozenset[str]] = frozenset({"list_databases", "list_tables", "get_table"})
    connection: SqliteClient

    def list_databases(self) -> list[Database]:
        """A database for each file."""
        return [Database(name) for name in self.connection.databases()]

    def list_tables(self, database: str) -> list[Table]:
        """Its tables, without schemas."""
        with closing(self.connection.open(database)) as opened:
            found = opened.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY 1").fetchall()
        return [Table(name, database) for (name,) in found]

    def get_table(self, database: str, table: str, *, read_headers: bool | None = None, schema: bool = True) -> Table:
        """One table with its columns."""
        names = [each.name for each in self.list_tables(database)]
        if table not in names:
            raise missing("Table", table, names, f" in database {database}")
        with closing(self.connection.open(database)) as opened:
            columns = opened.execute("SELECT name, type FROM pragma_table_info(?)", (table,)).fetchall()
        location = Location(f"{self.connection.folder / database}.sqlite")
        return Table(table, database, Schema(tuple(Column(name, kind) for name, kind in columns)), location, "sqlite")
