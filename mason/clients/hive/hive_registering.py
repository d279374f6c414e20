"""Registering a table: a new one, or in the place of one that is registered.

The metastore replaces whatever is there: of two that write at once, it takes the later one without a word. So what is
there is read, compared right before it is replaced, and read once more afterwards; what others changed meanwhile is a
conflict that is told. Between the comparison and the writing there is one request's time in which a change by others is
not seen before it is replaced.
"""

from __future__ import annotations

import contextlib
import getpass
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mason.clients._hive_tables.hadoop_locations import hadoop_location
from mason.clients._hive_tables.hive_tables import SCHEDULE, SKIP, VIEW
from mason.clients._hive_tables.partition_names import value_in
from mason.clients._tables.kept_definition import KEPT
from mason.clients.hive.registered_tables import described, registered
from mason.clients.hive.spark_properties import OWN
from mason.clients.hive.thrift_tables import description, thrift_table
from mason.engines.models import Table
from mason.errors import ConflictError, EngineError, NotFoundError

if TYPE_CHECKING:
    from mason.clients.hive import HiveClient

# What describes the files as they were; others reckon with it.
_STATISTICS = frozenset({"COLUMN_STATS_ACCURATE", "numFiles", "numRows", "rawDataSize", "totalSize"})


class Registering:
    """Registers tables for a ``client``."""

    def __init__(self, client: HiveClient) -> None:
        self._client = client
        self._requests = client.requests

    def register(self, wanted: Table, *, overwrite: bool) -> list[str]:
        """Register a table or view; what it says is what was done. Raises ``ConflictError`` where one is registered and
        ``overwrite`` is false, or others change it meanwhile."""
        made = thrift_table(described(wanted), database=wanted.database, owner=self._owner())
        before = self._before(wanted)
        if before is None:
            try:
                self._requests.create_table(made)
            except ConflictError as error:
                raise _exists(wanted) from error
            logs = [f"Registered {wanted.database}.{wanted.name}{_over(wanted)}"]
        elif not overwrite:
            raise _exists(wanted)
        else:
            logs = self._replace(wanted, made, before)
        return [*logs, *self._add_partitions(wanted, made)] if made.partitionKeys else logs

    def _owner(self) -> str:
        with contextlib.suppress(KeyError, OSError):
            return str(self._client.configuration.get("user") or getpass.getuser())
        return ""

    def _before(self, wanted: Table) -> Any | None:
        """What is registered under that name now; a database that there is not is made."""
        try:
            return self._requests.table(wanted.database, wanted.name)
        except NotFoundError:
            pass
        try:
            self._requests.database(wanted.database)
        except NotFoundError:
            with contextlib.suppress(ConflictError):
                self._requests.create_database(wanted.database, None)
        return None

    def _replace(self, wanted: Table, made: Any, before: Any) -> list[str]:
        was, will = ([each.name for each in of.partitionKeys or ()] for of in (before, made))
        where = f"Table {wanted.name} in database {wanted.database}"
        if (before.tableType == VIEW) != (made.tableType == VIEW):
            kinds = [("view" if of.tableType == VIEW else "table") for of in (before, made)]
            raise ConflictError(f"{where} is a {kinds[0]}, and would be a {kinds[1]}. Delete it, then register it.")
        if was != will:
            names = [", ".join(each) or "nothing" for each in (was, will)]
            raise ConflictError(
                f"{where} is partitioned by {names[0]}, and would be by {names[1]}: its partitions would be read "
                "wrongly. Delete the table, then register it."
            )
        if before.tableType == "MANAGED_TABLE":
            raise ConflictError(
                f"{where} is Hive's own: its files would be left without a table, or be deleted with another one. "
                "Delete it, with delete_files if its files are to go, then register it."
            )
        logs = [f"Replaced {wanted.database}.{wanted.name}{_over(wanted)}"]
        made.owner, made.createTime = before.owner, before.createTime
        if self._keep_parameters(made, before):
            logs.append("Dropped what Spark had written of the table, for its columns or files are others now")
        if self._requests.table(wanted.database, wanted.name) != before:
            raise self._meanwhile(where)
        try:
            self._requests.alter_table(made)
        except EngineError as error:
            if "incompatible" not in str(error):
                raise
            raise ConflictError(f"{error} Delete the table, then register it: its files stay.") from error
        after = self._requests.table(wanted.database, wanted.name)
        if _core(after) != _core(made):
            raise ConflictError(f"{where} was changed by others while it was replaced: see what it is now.")
        if _read_alike(before) != _read_alike(made):
            self._alter_partitions(wanted, made)
        return logs

    def _meanwhile(self, where: str) -> ConflictError:
        return ConflictError(
            f"{where} was changed while it was replaced, so it was left alone. See what it is now, then try again."
        )

    def _keep_parameters(self, made: Any, before: Any) -> bool:
        """Let what others wrote of a table stay with it; whether something was dropped that is not true any more.

        Where columns and files are the same, the description that Spark reads it by stays, too.
        """
        old = dict(before.parameters or {})
        known = registered(description(before))
        will = registered(description(made))
        same = _meaning(known) == _meaning(will)
        spark = {key for key in old if key.startswith(OWN)}
        if same and spark:
            made.sd, made.partitionKeys = before.sd, before.partitionKeys
        lost = set() if same else spark | (_STATISTICS & old.keys())
        mine = {"EXTERNAL", "classification", SKIP, "comment", SCHEDULE}
        for key, value in old.items():
            if key not in lost and key not in mine and not key.startswith(KEPT):
                made.parameters.setdefault(key, value)
        return bool(lost & spark)

    def _alter_partitions(self, wanted: Table, made: Any) -> None:
        """Partitions have a description of their own, by which Hive reads them."""
        partitions = []
        for each in self._requests.partitions(wanted.database, wanted.name):
            each.sd = _at(made.sd, each.sd.location)
            partitions.append(each)
        self._requests.alter_partitions(wanted.database, wanted.name, partitions)

    def _add_partitions(self, wanted: Table, made: Any) -> list[str]:
        """Register the folders of partitions that the config's storage shows."""
        assert wanted.location is not None
        url = wanted.location.path
        storage = self._client.storage_for(url) if self._client.storage_for is not None else None
        if storage is None:
            return [
                f"No partition was looked for: no storage of the config reaches {url}. Hive finds them with MSCK "
                f"REPAIR TABLE {wanted.name}"
            ]
        # As Hadoop has it, names of folders stand there as they are.
        base = hadoop_location(storage.locate(url))
        keys = [each.name for each in made.partitionKeys]
        found: dict[tuple[str, ...], str] = {}
        for file in storage.list_paths(url):
            inside = hadoop_location(storage.locate(file.path))[len(base) + 1 :].split("/")
            folders = inside[:-1][: len(keys)]
            if len(folders) < len(keys):
                raise ConflictError(
                    f"{base}/{'/'.join(inside)} is in no folder {keys[len(folders)]}=..., by the table's partition "
                    "columns. Move it, or leave the partition columns out."
                )
            values = tuple(
                value_in(name, key, f"{base}/{'/'.join(folders[: place + 1])}")
                for place, (key, name) in enumerate(zip(keys, folders, strict=False))
            )
            found.setdefault(values, f"{base}/{'/'.join(folders)}")
        count = self._requests.add_partitions(
            wanted.database, wanted.name, (_partition(made, values, place) for values, place in found.items())
        )
        return [f"Looked for partitions: {count} folder{'' if count == 1 else 's'}"]


def _partition(made: Any, values: tuple[str, ...], place: str) -> Any:
    from pymetastore.hive_metastore.ttypes import Partition

    return Partition(
        values=list(values),
        dbName=made.dbName,
        tableName=made.tableName,
        createTime=0,
        lastAccessTime=0,
        sd=_at(made.sd, place),
        parameters={},
    )


def _at(storage: Any, location: str) -> Any:
    import copy

    moved = copy.copy(storage)
    moved.location = location
    return moved


def _meaning(table: Table) -> tuple[Any, ...]:
    columns = [(each.name.lower(), each.type) for each in table.schema.columns] if table.schema else []
    place = table.location.path.rstrip("/") if table.location else ""
    return columns, place, table.format, {key: value for key, value in table.options.items() if value is not None}


def _read_alike(table: Any) -> Mapping[str, Any]:
    found = description(table)["StorageDescriptor"]
    return {key: value for key, value in found.items() if key != "Location"}


def _core(table: Any) -> tuple[Any, ...]:
    """What is the same after a table was written, whatever the metastore adds."""
    found = description(table)
    kept = {key: value for key, value in found["Parameters"].items() if key.startswith("mason.")}
    return found["StorageDescriptor"], found["PartitionKeys"], found["ViewOriginalText"], kept


def _over(table: Table) -> str:
    return f" over {table.location.path}" if table.location else ""


def _exists(table: Table) -> ConflictError:
    return ConflictError(
        f"Table {table.name} in database {table.database} is registered already. Ask for overwrite to replace it."
    )
