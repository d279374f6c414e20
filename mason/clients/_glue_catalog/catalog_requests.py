"""The requests to Glue's catalog: page by page, with the names that the real service keeps, and errors that say what
was meant.

Stand-ins take what Glue refuses or changes (upper-case names, pages of any size), so it is done here and not left to
the service: names go out in lower case, as Glue keeps them, and no page asks for more than Glue gives.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mason.clients._aws.connecting import Connection
from mason.clients._aws.denials import Asked
from mason.clients._hive_tables.hive_types import LONGEST_NAME
from mason.clients._missing import missing
from mason.errors import ConflictError, EngineError, NotFoundError, TransientEngineError

PAGE = {"get_databases": 100, "get_tables": 100, "get_partitions": 1000, "batch_create_partition": 100}
"""How much the real service takes or gives at once (AWS Glue, "Catalog API")."""


class GlueCatalog:
    """The catalog of one account and region, or that of ``catalog_id``."""

    def __init__(self, aws: Connection, catalog_id: str = "") -> None:
        self.aws = aws
        self._of = {"CatalogId": catalog_id} if catalog_id else {}
        self._account = catalog_id or "*"

    def databases(self) -> Iterator[Mapping[str, Any]]:
        """All databases, as ``GetDatabases`` tells them."""
        asked = self._asked("list the databases", "GetDatabases", "catalog")
        yield from self._pages("get_databases", "DatabaseList", asked)

    def database(self, name: str) -> Mapping[str, Any]:
        """One database. Raises ``NotFoundError``, with the name that was probably meant."""
        asked = self._asked(f"get database {name}", "GetDatabase", f"database/{kept(name)}")
        with self._meant("Database", name, self._database_names):
            found: Mapping[str, Any] = self._call("get_database", asked, Name=kept(name))["Database"]
        return found

    def create_database(self, name: str, location: str | None) -> None:
        """Make a database. Raises ``ConflictError`` when it exists already."""
        name = checked("database", name)
        asked = self._asked(f"create database {name}", "CreateDatabase", f"database/{name}")
        described = {"Name": name, **({"LocationUri": location} if location else {})}
        try:
            self._call("create_database", asked, DatabaseInput=described)
        except ConflictError as error:
            raise ConflictError(f"Database {name} exists already.") from error

    def tables(self, database: str) -> Iterator[Mapping[str, Any]]:
        """The tables and views of a database, as ``GetTables`` tells them. Raises ``NotFoundError``."""
        # moto and ministack answer with no tables for a database that there is not.
        self.database(database)
        asked = self._asked(f"list the tables of {database}", "GetTables", f"table/{kept(database)}/*")
        yield from self._pages("get_tables", "TableList", asked, DatabaseName=kept(database))

    def table(self, database: str, name: str) -> Mapping[str, Any]:
        """One table or view, as ``GetTable`` tells it. Raises ``NotFoundError``."""
        asked = self._asked(f"get table {database}.{name}", "GetTable", f"table/{kept(database)}/{kept(name)}")

        def names() -> list[str]:
            return [each["Name"] for each in self.tables(database)]

        with self._meant("Table", name, names, f" in database {database}"):
            found: Mapping[str, Any] = self._call("get_table", asked, DatabaseName=kept(database), Name=kept(name))[
                "Table"
            ]
        return found

    def create_table(self, database: str, described: Mapping[str, Any]) -> None:
        """Register a table or view by its ``TableInput``. Raises ``ConflictError`` when it exists already."""
        name = checked("table", described["Name"])
        asked = self._asked(f"create table {database}.{name}", "CreateTable", f"table/{kept(database)}/{name}")
        self._call("create_table", asked, DatabaseName=kept(database), TableInput={**described, "Name": name})

    def update_table(self, database: str, described: Mapping[str, Any], version: str | None) -> None:
        """Replace what is registered, if it is still the ``version`` that was read. Raises ``ConflictError``.

        The whole ``TableInput`` has to be given: what it lacks, partition keys too, is lost.
        """
        name = checked("table", described["Name"])
        asked = self._asked(f"update table {database}.{name}", "UpdateTable", f"table/{kept(database)}/{name}")
        of = {"VersionId": version} if version else {}
        self._call("update_table", asked, DatabaseName=kept(database), TableInput={**described, "Name": name}, **of)

    def delete_table(self, database: str, name: str) -> None:
        """Drop a table or view with its partitions. Raises ``NotFoundError``."""
        asked = self._asked(f"delete table {database}.{name}", "DeleteTable", f"table/{kept(database)}/{kept(name)}")
        self._call("delete_table", asked, DatabaseName=kept(database), Name=kept(name))

    def partitions(self, database: str, table: str) -> Iterator[Mapping[str, Any]]:
        """The partitions of a table, as ``GetPartitions`` tells them, without their columns.

        No filter is sent: Glue compares keys that are not declared as numbers or dates as text, and one of the
        stand-ins ignores it.
        """
        resource = f"table/{kept(database)}/{kept(table)}"
        asked = self._asked(f"list the partitions of {database}.{table}", "GetPartitions", resource)
        yield from self._pages(
            "get_partitions",
            "Partitions",
            asked,
            DatabaseName=kept(database),
            TableName=kept(table),
            ExcludeColumnSchema=True,
        )

    def create_partitions(self, database: str, table: str, described: Sequence[Mapping[str, Any]]) -> None:
        """Register partitions by their ``PartitionInput``; those that are there already stay as they are."""
        resource = f"table/{kept(database)}/{kept(table)}"
        asked = self._asked(f"create partitions of {database}.{table}", "BatchCreatePartition", resource)
        size = PAGE["batch_create_partition"]
        for first in range(0, len(described), size):
            answer = self._call(
                "batch_create_partition",
                asked,
                DatabaseName=kept(database),
                TableName=kept(table),
                PartitionInputList=list(described[first : first + size]),
            )
            for each in answer.get("Errors") or ():
                detail = each.get("ErrorDetail") or {}
                if detail.get("ErrorCode") != "AlreadyExistsException":
                    said = f"{detail.get('ErrorCode')}: {detail.get('ErrorMessage')}"
                    raise EngineError(f"Partition {'/'.join(each['PartitionValues'])} of {table} was refused ({said}).")

    def _database_names(self) -> list[str]:
        return [each["Name"] for each in self.databases()]

    def _pages(self, operation: str, key: str, asked: Asked, **arguments: Any) -> Iterator[Mapping[str, Any]]:
        seen: set[str] = set()
        while True:
            answer = self._call(operation, asked, MaxResults=PAGE[operation], **arguments)
            yield from answer.get(key) or ()
            token = answer.get("NextToken")
            if not token:
                return
            if token in seen:
                raise TransientEngineError(f"Glue gave the same page of {operation} twice. Try again later.")
            seen.add(token)
            arguments["NextToken"] = token

    def _call(self, operation: str, asked: Asked, **arguments: Any) -> Any:
        return self.aws.call("glue", operation, asked, **self._of, **arguments)

    def _asked(self, doing: str, action: str, resource: str) -> Asked:
        arn = f"arn:{self.aws.partition}:glue:{self.aws.region}:{self._account}:{resource}"
        return Asked(doing, f"glue:{action}", arn)

    def _meant(self, kind: str, name: str, names: Any, where: str = "") -> _Meant:
        return _Meant(kind, name, names, where)


class _Meant:
    """Names what was probably meant where something is not found, as far as that may be looked up."""

    def __init__(self, kind: str, name: str, names: Any, where: str) -> None:
        self._kind, self._name, self._names, self._where = kind, name, names, where

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if not isinstance(error, NotFoundError):
            return
        try:
            names = self._names()
        except EngineError as other:
            # Of a database that there is not, or where names must not be listed.
            raise (other if isinstance(other, NotFoundError) else error) from error
        raise missing(self._kind, self._name, names, self._where) from error


def kept(name: str) -> str:
    """A name as Glue keeps it, and finds it."""
    return name.lower()


def checked(kind: str, name: str) -> str:
    """A new name as Glue will keep it. Raises ``EngineError`` for one that it does not take."""
    name = kept(name)
    if not 0 < len(name.encode()) <= LONGEST_NAME:
        raise EngineError(f"The name of a {kind} in Glue's catalog has 1 to {LONGEST_NAME} bytes, unlike {name!r}.")
    if "/" in name or not name.isprintable():
        raise EngineError(f"The name of a {kind} in Glue's catalog holds no slash and no control character: {name!r}.")
    return name
