"""The metastore of ``hive``. Registering a table writes to the catalog alone; no drop deletes files unasked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from mason.clients._hive_tables.hive_ddl import ddl_of
from mason.clients._jobs import now, succeeded
from mason.clients._tables import requests
from mason.clients.hive import HiveClient
from mason.engines.capabilities import Capabilities
from mason.engines.metastore import Metastore
from mason.engines.models import Database, Job, Location, Partition, Table
from mason.engines.occasion import owner
from mason.errors import EngineError, UnsupportedVerbError

# What knows tables and talks to the metastore is imported where it is used: planning asks what a client supports.
if TYPE_CHECKING:
    from mason.clients.hive.metastore_requests import Requests

_LONGEST_NAME = 128
_DEFAULT = "default"
_NAME = re.compile(r"\w+", re.ASCII)


class HiveMetastore(Metastore):
    """Databases, tables and views. Names are kept in lower case, of letters of ASCII, digits and ``_``."""

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
        longest_name=_LONGEST_NAME, name_case="lower", schemes=("hdfs", "file", "s3")
    )

    def __init__(self, client: HiveClient) -> None:
        super().__init__(client)
        self.hive = client

    @property
    def requests(self) -> Requests:
        """What makes the requests."""
        return self.hive.requests

    def list_databases(self) -> list[Database]:
        """All databases; ``default``, which the metastore makes, once it holds a table."""
        return [
            self.get_database(name)
            for name in self.requests.databases()
            if name != _DEFAULT or self.requests.names(_DEFAULT)
        ]

    def get_database(self, database: str) -> Database:
        """A database, and where tables go that are made without a location."""
        from mason.clients._hive_tables.hadoop_locations import url_of

        found = self.requests.database(database)
        place = url_of(found.locationUri or "")
        return Database(found.name, Location(place) if place else None, found.description or "")

    def list_tables(self, database: str) -> list[Table]:
        """Its tables and views."""
        from mason.clients.hive.registered_tables import registered
        from mason.clients.hive.thrift_tables import description

        return [
            replace(registered(description(found)), schema=None, notes=()) for found in self.requests.tables(database)
        ]

    def get_table(self, database: str, table: str, *, read_headers: bool | None = None, schema: bool = True) -> Table:
        """One table as it is registered: no file is looked at."""
        from mason.clients.hive.registered_tables import registered
        from mason.clients.hive.thrift_tables import description

        found = registered(description(self.requests.table(database, table)))
        if read_headers is not None and found.format == "csv":
            found = replace(found, options={**found.options, "header": read_headers})
        return found if schema else replace(found, schema=None)

    def list_partitions(self, database: str, table: str) -> list[Partition]:
        """The registered partitions, sorted by their values: ``None`` for what Hive keeps for NULL."""
        from mason.clients._hive_tables.hadoop_locations import url_of
        from mason.clients._hive_tables.partition_names import values_of
        from mason.clients.hive.registered_tables import registered
        from mason.clients.hive.thrift_tables import description

        found = registered(description(self.requests.table(database, table)))
        types = found.types
        keys = [(name, types.get(name, "")) for name in found.partition_columns]
        if not keys:
            return []
        partitions = []
        for each in self.requests.partitions(database, table):
            place = url_of((each.sd.location if each.sd else "") or "")
            partitions.append(Partition(values_of(keys, each.values), Location(place) if place else None))
        return sorted(partitions, key=lambda each: [(str(type(v)), v or 0) for v in each.values.values()])

    def table_ddl(self, database: str, table: str) -> str:
        """The statement of Hive's, or of Spark's for a table that only Spark reads."""
        from mason.clients.hive.registered_tables import registered
        from mason.clients.hive.spark_properties import spark_ddl
        from mason.clients.hive.thrift_tables import description

        told = self.requests.table(database, table)
        found = description(told)
        known = registered(found)
        if statement := spark_ddl(found, known):
            return statement
        # Hive takes a location as it is written.
        storage = {**found["StorageDescriptor"], "Location": (told.sd.location if told.sd else "") or ""}
        return ddl_of({**found, "StorageDescriptor": storage}, str(known.options.get("sql", "")), ticks=True)

    def create_database(self, database: str, *, location: str | None = None) -> Database:
        """Make a database; ``location`` is where tables go that are made without one."""
        from mason.clients._hive_tables.hadoop_locations import hadoop_location

        _check_name("database", database)
        if location is not None:
            self._check_location(location)
        self.requests.create_database(database, hadoop_location(location) if location is not None else None)
        return self.get_database(database)

    def create_table(
        self, database: str, table: str, *, definition: Table | Mapping[str, Any], overwrite: bool = False
    ) -> Job:
        """Register a table over a folder, with the partitions that its storage shows, or a view."""
        from mason.clients._hive_tables.hadoop_locations import hadoop_location, url_of
        from mason.clients.hive.hive_registering import Registering

        submitted = now()
        requests.read(self, "create_table", {"database": database, "table": table})
        _check_name("database", database)
        _check_name("table", table)
        wanted = definition if isinstance(definition, Table) else _read(definition)
        wanted = replace(wanted, name=table.lower(), database=database.lower(), schedule=owner())
        if wanted.location is not None:
            self._check_location(wanted.location.path)
            # As it will be read back: without a slash at its end, spaces escaped.
            place = url_of(hadoop_location(wanted.location.path))
            wanted = replace(wanted, location=replace(wanted.location, path=place))
        logs = Registering(self.hive).register(wanted, overwrite=overwrite)
        result = self.get_table(database, table).to_dict()
        return replace(
            succeeded("metastore.create_table", result, submitted=submitted, logs=tuple(logs)), engine=self.role
        )

    def delete_table(self, database: str, table: str, *, delete_files: bool = False) -> Table:
        """Drop the registration. Files of a table of Hive's own go where ``delete_files`` asks for it; others are the
        storage's."""
        from mason.clients.hive.registered_tables import registered
        from mason.clients.hive.thrift_tables import description

        told = self.requests.table(database, table)
        found = registered(description(told))
        own = told.tableType == "MANAGED_TABLE" and (told.parameters or {}).get("EXTERNAL", "").lower() != "true"
        if delete_files and not own:
            raise UnsupportedVerbError(
                f"Table {found.name} in database {found.database} is external: the metastore keeps its registration "
                "and no files. Delete the table without delete_files, then its folder with storage.delete."
            )
        self.requests.drop_table(database, table, with_data=delete_files)
        return found

    def _check_location(self, location: str) -> None:
        from mason.engines.file_urls import scheme_of

        scheme = scheme_of(location)
        if scheme not in self.capabilities.schemes:
            raise EngineError(f"Client {self.client} takes URLs (hdfs://, file://, s3://), not {location!r}.")
        if any(each in location for each in "*?["):
            raise EngineError(
                f"The metastore takes folders as locations, and no pattern such as {location}. Give the folder: all "
                "files in it are read."
            )


def _read(definition: Mapping[str, Any]) -> Table:
    try:
        return Table.from_dict({"name": "", **definition})
    except (KeyError, TypeError, AttributeError) as error:
        raise EngineError(f"The definition of the table is none: {error}. storage.infer_table makes one.") from error


def _check_name(kind: str, name: str) -> None:
    if not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
        raise EngineError(
            f"{name!r} cannot be the name of a {kind} in the Hive Metastore: it takes 1 to {_LONGEST_NAME} letters of "
            "ASCII, digits and _."
        )
