"""Whose root a path is relative to, where the engines of a config are different clients.

A path that a person writes is relative to the config's storage. An engine of another client is given its URL instead,
made by ``storage.locate``; and the paths that such an engine answers with, which are relative to a root of its own,
become URLs before others see them. Where one client plays all engines, nothing changes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, cast

from mason.dryrun.reach import unusable
from mason.engines import fence
from mason.engines.engine import Engine
from mason.engines.file_urls import scheme_of
from mason.engines.metastore import Metastore
from mason.engines.models import Database, Job, Location, Partition, Table
from mason.engines.storage import Storage
from mason.engines.verbs import Verb
from mason.errors import AccessDeniedError, EngineError, NotFoundError, UnsupportedVerbError


class Places:
    """The places of one run. ``clients`` are those that were chosen, by engine; empty where one engine is asked alone.

    ``open_engine`` gives the configured engine of a role.
    """

    def __init__(self, clients: Mapping[str, str], open_engine: Callable[[str], Engine]) -> None:
        self._clients = clients
        self._open_engine = open_engine

    def given(
        self, verb: Verb, engine: Engine, positional: tuple[Any, ...], named: Mapping[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments of a call with the paths and the locations of tables in them as ``engine`` reaches them.

        Raises ``UnsupportedVerbError`` for a URL of a scheme that it does not reach, ``AccessDeniedError`` for a path
        that no verb writes or deletes, and what ``storage.locate`` raises.
        """
        located = [
            self._given(verb, engine, name, value) for name, value in zip(verb.arguments, positional, strict=False)
        ]
        return (
            (*located, *positional[len(located) :]),
            {name: self._given(verb, engine, name, value) for name, value in named.items()},
        )

    def _given(self, verb: Verb, engine: Engine, name: str, value: Any) -> Any:
        if isinstance(value, Table):
            return self.table(str(verb), engine, value)
        if name in verb.paths and isinstance(value, str):
            located = self._path(str(verb), engine, value)
            if name in verb.writes and value and (fault := _refusal(engine, value, located)):
                raise AccessDeniedError(fault)
            return located
        if name in verb.paths and isinstance(value, Mapping) and isinstance(value.get("location"), str):
            return {**value, "location": self._path(str(verb), engine, value["location"])}
        return value

    def table(self, verb: str, engine: Engine, table: Table) -> Table:
        """A table as ``engine`` is to be given it for ``verb``. Raises as :meth:`given`."""
        if table.location is None:
            return table
        try:
            path = self._path(verb, engine, table.location.path)
        except AccessDeniedError:
            # Not below the root, and whole then: the file of a warehouse.
            return table
        return table if path == table.location.path else replace(table, location=replace(table.location, path=path))

    def _path(self, verb: str, engine: Engine, path: str) -> str:
        url = path
        if path and not scheme_of(path) and self._is_elsewhere(engine):
            storage = self._open_engine("storage")
            assert isinstance(storage, Storage)
            url = storage.locate(path)
        scheme = scheme_of(url)
        if scheme and scheme not in engine.capabilities.schemes:
            raise UnsupportedVerbError(f"{unusable(verb, url, engine.client, engine.capabilities.schemes)}.")
        return url

    def _is_elsewhere(self, engine: Engine) -> bool:
        """Whether paths without a scheme mean something else to ``engine`` than to the config's storage."""
        storage = self._clients.get("storage")
        return storage is not None and self._clients.get(engine.role, storage) != storage

    def answered(self, engine: Engine, answer: Any) -> Any:
        """What ``engine`` answered, with URLs where its paths would be taken for those of the storage."""
        return _Own(engine).named(answer) if self._is_elsewhere(engine) else answer


def _refusal(engine: Engine, path: str, located: str) -> str:
    """Why ``engine`` is not asked to write or delete ``path``; empty where it may be. Clients look for themselves, too:
    here it is looked at for all of them, also for those of other packages."""
    # An engine may have been made without a client.
    kept_out: tuple[str, ...] = getattr(engine.connection, "kept_out", ())
    fault = fence.fault(path)
    if fault or not kept_out:
        return fault
    if not scheme_of(located):
        try:
            located = _Own(engine).named(Location(located)).path
        except EngineError:
            # What is wrong with the path the verb says better.
            return ""
    return fence.kept_fault(path, located, kept_out)


class TableFinder:
    """Finds the tables that a statement names in the metastore of the config, for an engine of another client."""

    def __init__(self, clients: Mapping[str, str], open_engine: Callable[[str], Engine]) -> None:
        self._places = Places(clients, open_engine)
        self._open_engine = open_engine

    def __call__(self, database: str, name: str) -> Table:
        """The table ``name``, or the only one that differs from it in case, as SQL has it, with its location as the
        execution engine reaches it. Raises ``NotFoundError``, and what the metastore raises."""
        metastore = self._open_engine("metastore")
        assert isinstance(metastore, Metastore)
        try:
            table = metastore.get_table(database, name)
        except NotFoundError:
            alike = [each.name for each in metastore.list_tables(database) if each.name.lower() == name.lower()]
            if len(alike) != 1 or alike == [name]:
                raise
            table = metastore.get_table(database, alike[0])
        found: Table = self._places.answered(metastore, table)
        return self._places.table("execution.query", self._open_engine("execution"), found)


class _Own:
    """Turns paths from the root of an engine's client into URLs, as far as that client can tell them."""

    def __init__(self, engine: Engine) -> None:
        client = engine.connection
        storage = client.roles().get("storage")
        able = storage is not None and "locate" in storage.supports
        self._storage = cast(Storage, client.engine("storage")) if able else None

    def named(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self.named(each) for each in value]
        if isinstance(value, Location):
            return self._location(value)
        if isinstance(value, (Table, Partition, Database)) and value.location is not None:
            return replace(value, location=self._location(value.location))
        if isinstance(value, Job) and value.result:
            return replace(value, result=self._result(value.result))
        return value

    def _location(self, location: Location) -> Location:
        return replace(location, path=self._url(location.path))

    def _result(self, result: Mapping[str, Any]) -> dict[str, Any]:
        """Of a manifest, or of a table that was registered."""
        named = dict(result)
        for name in ("output", "location", "path"):
            if isinstance(result.get(name), str):
                named[name] = self._url(result[name])
        if isinstance(result.get("files"), list):
            named["files"] = [self._result(each) for each in result["files"]]
        return named

    def _url(self, path: str) -> str:
        if self._storage is None or not path or scheme_of(path):
            return path
        try:
            return self._storage.locate(path)
        except AccessDeniedError:
            # Not below the root, and whole then.
            return path
