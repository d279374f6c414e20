"""A client that gives away its configuration wherever it can: what Mason must keep to itself is planted in it.

It is registered by an entry point (see ``tests/cli/test_canaries.py``), so that processes of their own find it, too.
The name of a database says how its verbs end: ``ok``, or one of ``ENDS``.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
import warnings
from collections.abc import Mapping
from typing import Any, ClassVar, NoReturn

from mason.clients._warehouse.folder import WarehouseFolder, configured_folder
from mason.clients._warehouse.scheduler import KeptScheduler
from mason.engines.capabilities import Capabilities, FileFormat
from mason.engines.client import Client
from mason.engines.engine import Engine
from mason.engines.execution import Execution
from mason.engines.metastore import Metastore
from mason.engines.models import Column, Job, Location, Rows, Schedule, Schema, Table
from mason.engines.storage import Storage
from mason.errors import EngineError, TransientEngineError

SECRETS = ("token", "password", "pem", "pin", "ratio", "short", "inner", "outer", "long")
ENDS = ("engine", "chain", "other", "transient", "exit")


class _LibraryError(Exception):
    """What a library raises, with the connection in its arguments and in its repr."""

    def __init__(self, configuration: Mapping[str, Any]) -> None:
        super().__init__(configuration, *configuration.values())
        self.configuration = configuration

    def __repr__(self) -> str:
        return f"<_LibraryError of {self.configuration!r}>"


def _end(configuration: Mapping[str, Any], how: str) -> None:
    if how == "chain":
        _chain(configuration)
    if how == "other":
        raise _LibraryError(configuration)
    if how == "exit":
        sys.exit(f"exits with {configuration}")
    if how in ENDS:
        kind = TransientEngineError if how == "transient" else EngineError
        raise kind("\n".join(f"{name} is {value}" for name, value in configuration.items()))


def _chain(configuration: Mapping[str, Any]) -> NoReturn:
    try:
        try:
            raise KeyError(json.dumps(configuration))
        except KeyError:
            raise _LibraryError(configuration)  # noqa: B904 - the first one is its context
    except _LibraryError as error:
        raise EngineError(f"denied: {configuration!a}") from error


class LeakyClient(Client):
    """Prints, logs and raises what it was configured with."""

    name = "leaky"

    @classmethod
    def roles(cls) -> Mapping[str, type[Engine]]:
        return {
            "metastore": LeakyMetastore,
            "storage": LeakyStorage,
            "execution": LeakyExecution,
            "scheduler": LeakyScheduler,
        }

    @classmethod
    def schema(cls) -> dict[str, Any]:
        properties: dict[str, Any] = {name: {"type": "string", "secret": True} for name in SECRETS}
        properties["pin"]["type"] = "integer"
        properties["ratio"]["type"] = "number"
        properties["auth"] = {"type": "object", "properties": {"key": {"type": "string", "secret": True}}}
        for name in ("url", "end", "warehouse"):
            properties[name] = {"type": "string"}
        return {"type": "object", "additionalProperties": False, "properties": properties}

    def spill(self) -> dict[str, Any]:
        """Tell the configuration on every way there is, and return it."""
        given = dict(self.configuration)
        log = logging.getLogger("leaky.library")
        for level in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR):
            log.log(level, "connecting with %r", given)
        try:
            raise _LibraryError(given)
        except _LibraryError:
            log.exception("failed")
        warnings.warn(f"deprecated: {given}", stacklevel=1)
        print(given, *given.values())
        print(json.dumps(given), file=sys.stderr)
        for character in str(given.get("token")):
            sys.stderr.write(character)
        sys.stdout.write("\nand without an end of the line " + str(given.get("token")))
        if "pytest" not in sys.modules:
            # There it would be pytest that tells of it.
            thread = threading.Thread(target=_chain, args=(given,))
            thread.start()
            thread.join()
        return given

    def close(self) -> None:
        """A connection that cannot be closed says so, again and again."""
        self.spill()
        raise _LibraryError(self.configuration)


class LeakyMetastore(Metastore):
    supports: ClassVar[frozenset[str]] = frozenset({"get_table", "create_table"})

    def get_table(self, database: str, table: str, *, read_headers: bool | None = None, schema: bool = True) -> Table:
        given = self.connection.spill()
        _end(given, given.get("end") or database)
        columns = tuple(Column(str(value), "VARCHAR", comment=repr(value)) for value in given.values())
        return Table(table, database, Schema(columns), Location(table), "csv", {"from": given}, comment=str(given))

    def create_table(
        self, database: str, table: str, *, definition: Table | Mapping[str, Any], overwrite: bool = False
    ) -> Job:
        found = self.get_table(database, table)
        return Job("1", "succeeded", logs=(repr(found),), result=found.to_dict())


class LeakyStorage(Storage):
    supports: ClassVar[frozenset[str]] = frozenset({"fingerprint", "write"})

    def fingerprint(self, path: str, *, content: bool = False) -> str:
        self.connection.spill()
        _end(self.connection.configuration, path.partition("/")[0])
        return "sha256:0"

    def write(self, path: str, content: str | bytes, *, overwrite: bool = False) -> Location:
        given = self.connection.spill()
        _end(given, path)
        return Location(f"{path}?{given}")


class LeakyExecution(Execution):
    supports: ClassVar[frozenset[str]] = frozenset({"query", "plan_merge", "merge"})
    capabilities: ClassVar[Capabilities] = Capabilities(writes=(FileFormat("csv"), FileFormat("parquet")))

    def query(
        self,
        sql: str,
        *,
        table: Table | None = None,
        output: str | None = None,
        format: str | None = None,
        overwrite: bool = False,
        limit: int | None = None,
    ) -> Rows | Job:
        given = self.connection.spill()
        _end(given, sql)
        return Rows(Schema(tuple(Column(str(each), "VARCHAR") for each in given)), [tuple(given.values())])

    def plan_merge(self, table: Table, *, allow_text: bool = False, extract_paths: bool = False) -> Rows:
        given = self.connection.spill()
        _end(given, table.name)
        return Rows(Schema(tuple(Column(str(each), "VARCHAR") for each in given)), [tuple(given.values())])

    def merge(
        self,
        table: Table,
        *,
        output: str,
        format: str | None = None,
        allow_text: bool = False,
        extract_paths: bool = False,
        overwrite: bool = False,
    ) -> Job:
        return Job("2", "succeeded", result={"of": self.connection.spill()})


class LeakyScheduler(KeptScheduler):
    """Keeps schedules in a folder, and fails to keep those of which the name says so."""

    supports: ClassVar[frozenset[str]] = KeptScheduler.supports | {"trigger_schedule"}

    def __init__(self, client: Client) -> None:
        super().__init__(client, WarehouseFolder(configured_folder(client, "warehouse", "leaky"), client="leaky"))

    def put_schedule(self, schedule: Schedule, *, overwrite: bool = False) -> Schedule:
        _end(self.connection.spill(), schedule.name)
        return super().put_schedule(schedule, overwrite=overwrite)

    def get_schedule(self, name: str) -> Schedule:
        _end(self.connection.spill(), str(self.connection.configuration.get("end", "")))
        return super().get_schedule(name)

    def trigger_schedule(self, name: str) -> Job:
        self.connection.spill()
        return self._run_now(name)
