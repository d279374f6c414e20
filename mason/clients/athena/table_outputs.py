"""Outputs that are tables of the catalog, ``table://DATABASE/NAME``: made by CREATE TABLE AS, filled by INSERT.

Athena writes into a table under a name of its own, which nobody reads. When all statements have succeeded, the catalog
gets one registration under the name that was asked for, with the files of that table, and the other name goes. So no
reader sees a table that half of the statements have filled. Only the partitions of a new table are registered after it,
a hundred at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mason.clients._aws.buckets import Buckets
from mason.clients._duckdb.quoting import literal, qualified
from mason.clients._glue_catalog.catalog_requests import GlueCatalog
from mason.clients._glue_catalog.partition_folders import split
from mason.clients._hive_tables.hive_tables import MADE, VIEW
from mason.clients._tables.requests import Output
from mason.clients.athena import AthenaClient
from mason.clients.athena.marks import Mark
from mason.clients.athena.table_urls import named_in
from mason.engines.file_urls import scheme_of
from mason.errors import ConflictError, EngineError, NotFoundError

_FORMATS = {"parquet": "PARQUET", "jsonl": "JSON"}
_CLASSIFIED = {"parquet": "parquet", "jsonl": "json"}


def staged_name(token: str) -> str:
    """The name under which a submission (its digest) fills a table."""
    return f"mason_{token[:24]}"


class TableOutputs:
    """Makes tables for one client."""

    def __init__(self, client: AthenaClient, buckets: Buckets, catalog: GlueCatalog) -> None:
        self._client, self._buckets, self._catalog = client, buckets, catalog

    def check(self, output: Output) -> None:
        """Raises ``ConflictError`` where the table is there and not to be replaced, or cannot be replaced whole."""
        found = self._found(*named_in(output.path))
        if found is None:
            return
        if not output.overwrite:
            raise ConflictError(f"{output.path} exists already. Ask for overwrite to replace it.")
        _check_replaceable(output.path, found, partitioned=bool(output.partition_columns))

    def place(self, output: str, token: str, *, enforced: bool) -> str:
        """The folder for the files of a table; empty where the workgroup decides (``enforced``).

        Raises ``EngineError`` where nothing says in which bucket tables are, ``NotFoundError`` for the database.
        """
        database, name = named_in(output)
        base = self._catalog.database(database).get("LocationUri")
        if enforced:
            return ""
        if not base:
            stores = [each for each in self._client.neighbours.values() if "storage" in each.get("engines", ())]
            root = next((str(each["url"]) for each in stores if scheme_of(str(each.get("url", ""))) == "s3"), "")
            if not root:
                raise EngineError(
                    f"Nothing says where the files of {output} are to be: give database {database} a location in the "
                    "catalog, or the config a storage with a root."
                )
            base = f"{root.rstrip('/')}/{database}"
        return f"{str(base).rstrip('/')}/{name}/{token[:16]}/"

    def creating(self, sql: str, output: Output, mark: Mark, compression: str, *, empty: bool) -> str:
        """The statement that makes the table of a submission from a SELECT, with its rows or ``empty``."""
        options = [f"format = '{_FORMATS[output.format]}'", f"write_compression = '{compression.upper()}'"]
        if mark.staging:
            options.append(f"external_location = {literal(mark.staging)}")
        if output.partition_columns:
            columns = ", ".join(literal(each.lower()) for each in output.partition_columns)
            options.append(f"partitioned_by = ARRAY[{columns}]")
        ending = "\nWITH NO DATA" if empty else ""
        return f"CREATE TABLE {_staged(mark)}\nWITH ({', '.join(options)})\nAS\n{sql}{ending}"

    def inserting(self, sql: str, mark: Mark) -> str:
        """The statement that adds the rows of a SELECT to the table of a submission."""
        return f"INSERT INTO {_staged(mark)}\n{sql}"

    def staged(self, mark: Mark) -> list[str]:
        """The URLs of the files of the table that a submission filled and that is not registered yet."""
        found = self._found(named_in(mark.output)[0], staged_name(mark.token))
        return [each["path"] for each in self._facts(found)["files"]] if found is not None else []

    def publish(self, mark: Mark) -> Mapping[str, Any]:
        """Register what a submission made under the name that was asked for; facts for its manifest.

        Whoever was killed in between begins anew: what was done already is found done. Raises ``ConflictError`` where
        another table got the name meanwhile.
        """
        database, name = named_in(mark.output)
        before, staged = self._found(database, name), self._found(database, staged_name(mark.token))
        is_done = before is not None and (before.get("Parameters") or {}).get(MADE) == mark.token
        if staged is None:
            if not is_done:
                raise EngineError(
                    f"{mark.output} was not made: {staged_name(mark.token)}, which was filled for it, is not in "
                    f"database {database} any more. Something deleted it: run it again."
                )
            assert before is not None, "it is done"
            return self._facts(before)
        if not is_done:
            self._register(mark, staged, before)
        if staged.get("PartitionKeys"):
            columns = staged["StorageDescriptor"].get("Columns") or []
            listed = self._catalog.partitions(database, staged["Name"])
            partitions = [_partition_input(each, columns) for each in listed]
            self._catalog.create_partitions(database, name, partitions)
        self._catalog.delete_table(database, staged["Name"])
        return self._facts(staged)

    def discard(self, mark: Mark) -> None:
        """Take away what a submission made that did not succeed."""
        database, _ = named_in(mark.output)
        staged = self._found(database, staged_name(mark.token))
        place = mark.staging or _location(staged or {})
        if staged is not None:
            self._catalog.delete_table(database, staged["Name"])
        if place:
            self._delete_below(place)

    def _register(self, mark: Mark, staged: Mapping[str, Any], before: Mapping[str, Any] | None) -> None:
        database, name = named_in(mark.output)
        parameters = {**(staged.get("Parameters") or {}), "EXTERNAL": "TRUE", MADE: mark.token}
        described = {
            "Name": name,
            "TableType": "EXTERNAL_TABLE",
            "Parameters": {**parameters, "classification": _CLASSIFIED[mark.format]},
            "StorageDescriptor": staged["StorageDescriptor"],
            "PartitionKeys": staged.get("PartitionKeys") or [],
        }
        left = f"Its rows are in {database}.{staged['Name']}."
        try:
            if before is None:
                self._catalog.create_table(database, described)
                return
            if not mark.overwrite:
                raise ConflictError(f"{mark.output} was registered while it was made. {left}")
            _check_replaceable(mark.output, before, partitioned=bool(described["PartitionKeys"]))
            self._catalog.update_table(database, described, before.get("VersionId"))
        except ConflictError as error:
            if left in str(error):
                raise
            raise ConflictError(f"{mark.output} was changed while it was made, so it was left alone. {left}") from error
        # Files that Mason made for a table of this name, and for no other one.
        if (before.get("Parameters") or {}).get(MADE) and _location(before) != _location(staged):
            self._delete_below(_location(before))

    def _facts(self, made: Mapping[str, Any]) -> Mapping[str, Any]:
        place = _location(made)
        bucket, prefix = split(place.rstrip("/") + "/")
        files = [
            {"path": f"s3://{bucket}/{each.key}", "bytes": each.size} for each in self._buckets.listed(bucket, prefix)
        ]
        return {"location": place, "files": files, "bytes": sum(each["bytes"] for each in files)}

    def _found(self, database: str, name: str) -> Mapping[str, Any] | None:
        try:
            return self._catalog.table(database, name)
        except NotFoundError:
            return None

    def _delete_below(self, place: str) -> None:
        bucket, prefix = split(place.rstrip("/") + "/")
        if bucket and prefix.strip("/"):
            self._buckets.delete_all(bucket, [each.key for each in self._buckets.listed(bucket, prefix)])


def _check_replaceable(output: str, found: Mapping[str, Any], *, partitioned: bool) -> None:
    if found.get("TableType") == VIEW:
        raise ConflictError(f"{output} is a view, which no table replaces. Delete it first.")
    if partitioned or found.get("PartitionKeys"):
        raise ConflictError(
            f"{output} exists, and a table with partitions cannot be replaced whole: readers would see old partitions "
            "beside new ones. Delete it first, or write to another name."
        )


def _partition_input(found: Mapping[str, Any], columns: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    # Partitions are listed without their columns, which are those of the table.
    storage = {**(found.get("StorageDescriptor") or {}), "Columns": columns}
    return {"Values": found["Values"], "StorageDescriptor": storage}


def _location(found: Mapping[str, Any]) -> str:
    return str((found.get("StorageDescriptor") or {}).get("Location") or "")


def _staged(mark: Mark) -> str:
    database, _ = named_in(mark.output)
    return qualified(database, staged_name(mark.token))
