"""The requests to the metastore, each of which says what it was about when it fails.

Lists are asked for in pieces, so that no answer is longer for a table of many partitions. No filter is ever sent: the
metastore compares values by their text where they are numbers, and takes ``like`` for a regular expression.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from mason.clients._missing import missing
from mason.clients.hive.thrift_connections import Connections
from mason.errors import ConflictError, EngineError, NotFoundError

_TABLES = 100
_PARTITIONS = 1000


class Requests:
    """Requests over ``connections``. Names go out in lower case, in which the metastore keeps them."""

    def __init__(self, connections: Connections) -> None:
        self.connections = connections

    def databases(self) -> list[str]:
        """The names of all databases."""
        return sorted(self.connections.ask("list the databases", "get_all_databases"))

    def database(self, name: str) -> Any:
        """One database. Raises ``NotFoundError``, with the name that was probably meant."""
        try:
            return self.connections.ask(f"get database {name}", "get_database", name.lower())
        except NotFoundError as error:
            raise missing("Database", name, self.databases()) from error

    def create_database(self, name: str, location: str | None) -> None:
        """Make a database. Raises ``ConflictError`` when it exists already."""
        from pymetastore.hive_metastore.ttypes import Database

        made = Database(name=name.lower(), description="", locationUri=location, parameters={})
        try:
            self.connections.ask(f"create database {name}", "create_database", made, changes=True)
        except ConflictError as error:
            raise ConflictError(f"Database {name.lower()} exists already.") from error

    def names(self, database: str) -> list[str]:
        """The names of the tables and views of a database, sorted. Raises ``NotFoundError``."""
        # Of a database that there is not, the metastore lists no tables.
        self.database(database)
        asked = f"list the tables of {database}"
        return sorted(self.connections.ask(asked, "get_all_tables", database.lower()))

    def tables(self, database: str) -> Iterator[Any]:
        """The tables and views of a database, sorted by their names; those that go meanwhile are left out."""
        from pymetastore.hive_metastore.ttypes import GetTablesRequest

        for names in _pieces(self.names(database), _TABLES):
            request = GetTablesRequest(dbName=database.lower(), tblNames=names)
            answer = self.connections.ask(f"list the tables of {database}", "get_table_objects_by_name_req", request)
            yield from sorted(answer.tables, key=lambda each: each.tableName)

    def table(self, database: str, name: str) -> Any:
        """One table or view. Raises ``NotFoundError``, with the name that was probably meant."""
        from pymetastore.hive_metastore.ttypes import GetTableRequest

        request = GetTableRequest(dbName=database.lower(), tblName=name.lower())
        try:
            asked = f"get table {database}.{name}"
            return self.connections.ask(asked, "get_table_req", request).table
        except NotFoundError as error:
            raise missing("Table", name, self.names(database), f" in database {database}") from error

    def create_table(self, table: Any) -> None:
        """Register a table. Raises ``ConflictError`` when it exists already."""
        asked = f"create table {table.dbName}.{table.tableName}"
        self.connections.ask(asked, "create_table", table, changes=True)

    def alter_table(self, table: Any) -> None:
        """Replace what is registered, without a look at what that is."""
        asked = f"replace table {table.dbName}.{table.tableName}"
        self.connections.ask(asked, "alter_table", table.dbName, table.tableName, table, changes=True)

    def drop_table(self, database: str, name: str, *, with_data: bool) -> None:
        """Drop a table with its partitions; its files as well only where ``with_data`` is true."""
        asked = f"delete table {database}.{name}"
        self.connections.ask(asked, "drop_table", database.lower(), name.lower(), with_data, changes=True)

    def partitions(self, database: str, table: str) -> Iterator[Any]:
        """The partitions of a table, in no order; those that go meanwhile are left out."""
        asked, lower = f"list the partitions of {database}.{table}", (database.lower(), table.lower())
        try:
            names = self.connections.ask(asked, "get_partition_names", *lower, -1)
        except EngineError:
            # Of a table that is gone by now, the metastore says that it failed.
            self.table(database, table)
            raise
        for some in _pieces(names, _PARTITIONS):
            yield from self.connections.ask(asked, "get_partitions_by_names", *lower, some)

    def add_partitions(self, database: str, table: str, partitions: Iterator[Any]) -> int:
        """Register partitions and return their number; those that are there already stay as they are."""
        from pymetastore.hive_metastore.ttypes import AddPartitionsRequest

        count = 0
        while some := list(islice(partitions, _PARTITIONS)):
            request = AddPartitionsRequest(database, table, some, ifNotExists=True, needResult=False)
            self.connections.ask(
                f"add partitions to {database}.{table}",
                "add_partitions_req",
                request,
                changes=True,
            )
            count += len(some)
        return count

    def alter_partitions(self, database: str, table: str, partitions: Sequence[Any]) -> None:
        """Replace partitions that are there."""
        for some in _pieces(partitions, _PARTITIONS):
            self.connections.ask(
                f"replace partitions of {database}.{table}",
                "alter_partitions",
                database,
                table,
                some,
                changes=True,
            )


def _pieces(items: Sequence[Any], most: int) -> Iterator[list[Any]]:
    for start in range(0, len(items), most):
        yield list(items[start : start + most])
