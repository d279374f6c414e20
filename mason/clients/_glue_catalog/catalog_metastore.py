"""The metastore over Glue's catalog, as ``glue`` and ``athena`` both play it.

Registering a table writes to the catalog alone, at once and whole; its partitions are found by the names of folders. A
registration is replaced only as it was read: what another changed meanwhile is not overwritten.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timezone
from functools import cached_property
from typing import Any, ClassVar

from mason.clients._aws.aws_client import AwsClient
from mason.clients._glue_catalog.catalog_requests import GlueCatalog, checked
from mason.clients._glue_catalog.partition_folders import partition_inputs, partitions_read
from mason.clients._glue_catalog.table_inputs import input_of, table_of
from mason.clients._hive_tables.hive_ddl import ddl_of
from mason.clients._hive_tables.hive_tables import JOB
from mason.clients._hive_tables.hive_types import LONGEST_NAME
from mason.clients._jobs import is_done, iso, new_job_id, now, succeeded
from mason.clients._tables import requests
from mason.engines.capabilities import Capabilities
from mason.engines.file_urls import scheme_of
from mason.engines.metastore import Metastore
from mason.engines.models import Column, Database, Job, Location, Partition, Rows, Schema, Table
from mason.engines.occasion import owner
from mason.errors import ConflictError, EngineError, NotFoundError, UnsupportedVerbError

_PLAN = Schema((Column("property", "VARCHAR"), Column("value", "VARCHAR")))
_JOB = re.compile(r"(\d{8}T\d{6})-[0-9a-f]+")


class CatalogMetastore(Metastore):
    """Databases, tables and views of Glue's catalog. ``connection`` is a client of AWS."""

    supports: ClassVar[frozenset[str]] = frozenset(
        {
            "list_databases",
            "get_database",
            "list_tables",
            "get_table",
            "list_partitions",
            "table_ddl",
            "create_database",
            "plan_table",
            "create_table",
            "delete_table",
            "get_job",
            "cancel_job",
        }
    )
    # The service, not Mason, turns names into lower case; stand-ins do not.
    capabilities: ClassVar[Capabilities] = Capabilities(longest_name=LONGEST_NAME, name_case="lower", schemes=("s3",))
    connection: AwsClient

    @cached_property
    def catalog(self) -> GlueCatalog:
        """What makes the requests."""
        return GlueCatalog(self.connection.aws, str(self.connection.configuration.get("catalog_id", "")))

    def list_databases(self) -> list[Database]:
        """All databases of the catalog."""
        return sorted(map(_database, self.catalog.databases()), key=lambda each: each.name)

    def get_database(self, database: str) -> Database:
        """One database."""
        return _database(self.catalog.database(database))

    def list_tables(self, database: str) -> list[Table]:
        """Its tables and views."""
        found = (table_of(each, schema=False) for each in self.catalog.tables(database))
        return sorted(found, key=lambda each: each.name)

    def get_table(self, database: str, table: str, *, read_headers: bool | None = None, schema: bool = True) -> Table:
        """One table as it is registered: no file is looked at."""
        found = table_of(self.catalog.table(database, table), schema=schema)
        if read_headers is not None and found.format == "csv":
            return replace(found, options={**found.options, "header": read_headers})
        return found

    def list_partitions(self, database: str, table: str) -> list[Partition]:
        """The registered partitions, or the folders that there are where Athena works partitions out; their values as
        text, sorted by these."""
        described = self.catalog.table(database, table)
        keys = [each["Name"] for each in described.get("PartitionKeys") or ()]
        if not keys:
            return []
        found = []
        for each in partitions_read(self.catalog, described):
            place = (each.get("StorageDescriptor") or {}).get("Location")
            values = dict(zip(keys, each["Values"], strict=False))
            found.append(Partition(values, Location(place) if place else None))
        return sorted(found, key=lambda each: tuple(each.values.values()))

    def table_ddl(self, database: str, table: str) -> str:
        """A ``CREATE EXTERNAL TABLE`` or ``CREATE VIEW`` for Athena."""
        found = self.catalog.table(database, table)
        return ddl_of(found, str(table_of(found).options.get("sql", "")))

    def create_database(self, database: str, *, location: str | None = None) -> Database:
        """Make a database; ``location`` is where tables go that are made without one."""
        if location is not None:
            self._check_location(location)
        self.catalog.create_database(database, location)
        return self.get_database(database)

    def plan_table(self, database: str, table: str, *, definition: Table | Mapping[str, Any]) -> Rows:
        """Hive's types, the partitions that there are, and how Athena works out others."""
        wanted, described = self._wanted(database, table, definition)
        keys = described["PartitionKeys"]
        columns = [*described["StorageDescriptor"]["Columns"], *keys]
        told = [
            ("location", described["StorageDescriptor"]["Location"]),
            ("columns", ", ".join(f"{each['Name']} {each['Type']}" for each in columns)),
        ]
        if keys:
            found = self._partitions_at(described)
            before = set(described["Parameters"])
            self._project(wanted, described, found)
            told += [
                ("partitioned by", ", ".join(each["Name"] for each in keys)),
                ("partitions", f"{len(found):,}"),
                *((name, value) for name, value in sorted(described["Parameters"].items()) if name not in before),
            ]
        return Rows(_PLAN, told)

    def create_table(
        self, database: str, table: str, *, definition: Table | Mapping[str, Any], overwrite: bool = False
    ) -> Job:
        """Register a table over a folder of a bucket, with the partitions that are there, or a view."""
        submitted = now()
        requests.read(self, "create_table", {"database": database, "table": table})
        wanted, described = self._wanted(database, table, definition)
        before = self._before(wanted)
        if before is not None and not overwrite:
            raise ConflictError(
                f"Table {wanted.name} in database {wanted.database} is registered already. Ask for overwrite to "
                "replace it."
            )
        # The table itself tells of its job, which so needs no place of its own.
        made_by = new_job_id()
        described["Parameters"][JOB] = made_by
        found = self._partitions_at(described) if described["PartitionKeys"] else []
        told = self._project(wanted, described, found)
        self._register(wanted, described, before)
        if described["PartitionKeys"]:
            self._register_partitions(wanted, found)
        job = succeeded("metastore.create_table", self.get_table(database, table).to_dict(), submitted=submitted)
        return replace(job, job_id=f"{wanted.database}/{wanted.name}/{made_by}", logs=told, engine=self.role)

    def get_job(self, job_id: str) -> Job:
        """The job that registered a table as it is there. Raises ``NotFoundError`` for others, and for one whose table
        was registered anew since, or deleted."""
        database, _, rest = job_id.partition("/")
        name, _, made_by = rest.partition("/")
        began = _JOB.fullmatch(made_by)
        if not (database and name and began):
            raise NotFoundError(f"There is no job {job_id}.")
        found = self.catalog.table(database, name)
        if (found.get("Parameters") or {}).get(JOB) != made_by:
            raise NotFoundError(f"There is no job {job_id} any more: table {name} was registered anew since.")
        moment = iso(datetime.strptime(began[1], "%Y%m%dT%H%M%S").replace(tzinfo=timezone.utc))
        made = table_of(found).to_dict()
        return Job(job_id, "succeeded", "metastore.create_table", (), made, moment, moment, self.role)

    def cancel_job(self, job_id: str) -> Job:
        """Refused: a registration is done by the time that it answers."""
        raise is_done(self.get_job(job_id))

    def delete_table(self, database: str, table: str, *, delete_files: bool = False) -> Table:
        """Drop the registration. Files are the storage's: deleting them as well is refused."""
        if delete_files:
            raise UnsupportedVerbError(
                f"Client {self.client} keeps registrations and no files. Delete the table without delete_files, then "
                "its folder with storage.delete."
            )
        found = self.get_table(database, table)
        self.catalog.delete_table(database, table)
        return found

    def _wanted(self, database: str, table: str, definition: Table | Mapping[str, Any]) -> tuple[Table, dict[str, Any]]:
        """The table that is asked for, and how the catalog has it."""
        wanted = definition if isinstance(definition, Table) else _read(definition)
        wanted = replace(wanted, name=checked("table", table), database=checked("database", database), schedule=owner())
        if wanted.location is not None:
            self._check_location(wanted.location.path)
        return wanted, input_of(wanted)

    def _before(self, wanted: Table) -> Mapping[str, Any] | None:
        """What is registered under that name now; a database that there is not is made."""
        try:
            return self.catalog.table(wanted.database, wanted.name)
        except NotFoundError:
            pass
        try:
            self.catalog.database(wanted.database)
        except NotFoundError:
            self.catalog.create_database(wanted.database, None)
        return None

    def _register(self, wanted: Table, described: Mapping[str, Any], before: Mapping[str, Any] | None) -> None:
        if before is None:
            self.catalog.create_table(wanted.database, described)
            return
        keys = [[each["Name"] for each in of.get("PartitionKeys") or ()] for of in (before, described)]
        if keys[0] != keys[1]:
            was, will = (", ".join(each) or "nothing" for each in keys)
            raise ConflictError(
                f"Table {wanted.name} in database {wanted.database} is partitioned by {was}, and would be by {will}: "
                "its partitions would be read wrongly. Delete the table, then register it."
            )
        try:
            self.catalog.update_table(wanted.database, described, before.get("VersionId"))
        except ConflictError as error:
            raise ConflictError(
                f"Table {wanted.name} in database {wanted.database} was changed while it was replaced, so it was left "
                "alone. See what it is now, then try again."
            ) from error

    def _partitions_at(self, described: Mapping[str, Any]) -> list[dict[str, Any]]:
        return partition_inputs(self.connection.aws, described)

    def _project(self, wanted: Table, described: dict[str, Any], found: list[dict[str, Any]]) -> tuple[str, ...]:
        """Say in ``described`` how Athena works out the partitions that were ``found``, where that fits; what there is
        to tell of it."""
        if not found or self.connection.configuration.get("partition_projection") is False:
            return ()
        from mason.clients._glue_catalog.projection import projection_of

        projected = projection_of(described, found, now().date())
        described["Parameters"] |= projected
        told = (
            f"Athena works out the partitions of {wanted.database}.{wanted.name} from the table's parameters "
            "(partition projection): new days up to today need no registration, other new values do. "
            "partition_projection: false in the configuration switches it off."
        )
        return (told,) if projected else ()

    def _register_partitions(self, wanted: Table, found: list[dict[str, Any]]) -> None:
        known = {tuple(each["Values"]) for each in self.catalog.partitions(wanted.database, wanted.name)}
        lacking = [each for each in found if tuple(each["Values"]) not in known]
        self.catalog.create_partitions(wanted.database, wanted.name, lacking)

    def _check_location(self, location: str) -> None:
        if scheme_of(location) != "s3":
            raise EngineError(f"Client {self.client} takes s3:// URLs as locations, not {location!r}.")
        if any(each in location for each in "*?["):
            raise EngineError(
                f"Glue's catalog takes folders as locations, and no pattern such as {location}. Give the folder: all "
                "files in it are read."
            )


def _database(found: Mapping[str, Any]) -> Database:
    place = found.get("LocationUri")
    return Database(found["Name"], Location(place) if place else None, found.get("Description") or "")


def _read(definition: Mapping[str, Any]) -> Table:
    try:
        return Table.from_dict({"name": "", **definition})
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise EngineError(f"The definition of the table is none: {error}. storage.infer_table gives one.") from error
