"""Paths on their way between engines of different clients: what becomes a URL, what stays, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mason.clients.memory import MemoryClient
from mason.engines import ENGINES
from mason.engines.engine import Engine
from mason.engines.models import Database, Job, Location, Partition, Table
from mason.engines.storage import Storage
from mason.errors import NotFoundError, UnsupportedVerbError
from mason.runtime.places import Places, TableFinder


class World:
    """Two clients, ``lake`` and ``desk``, of which one plays each role; ``verbs`` and answers pass through places."""

    def __init__(self, base: Path, **roles: str) -> None:
        self.clients = {"lake": MemoryClient({}, base=base), "desk": MemoryClient({}, base=base)}
        for name, client in self.clients.items():
            client.name = name
        self.roles = {"metastore": "lake", "storage": "lake", "execution": "desk", "scheduler": "desk", **roles}
        self.asked: list[str] = []
        self.places = Places(self.roles, self.engine)

    def engine(self, role: str) -> Engine:
        self.asked.append(role)
        return self.clients[self.roles[role]].engine(role)

    def url(self, client: str, path: str) -> str:
        storage = self.clients[client].engine("storage")
        assert isinstance(storage, Storage)
        return storage.locate(path)

    def given(self, engine: str, verb: str, *positional: Any, **named: Any) -> Any:
        opened = self.clients[self.roles[engine]].engine(engine)
        return self.places.given(ENGINES[engine].verbs[verb], opened, positional, named)

    def answered(self, engine: str, answer: Any) -> Any:
        return self.places.answered(self.clients[self.roles[engine]].engine(engine), answer)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


TABLE = Table("t", "db", location=Location("a b/t.csv", size=3))


def test_paths_and_tables_become_urls_of_the_storage(world: World) -> None:
    located = replace(TABLE, location=Location(world.url("lake", "a b/t.csv"), size=3))
    assert world.given("execution", "format", TABLE, output="out", overwrite=True) == (
        (located,),
        {"output": world.url("lake", "out"), "overwrite": True},
    )
    assert world.given("execution", "query", "SELECT 1", table=TABLE, output=None) == (
        ("SELECT 1",),
        {"table": located, "output": None},
    )


def test_definitions_are_located_and_other_mappings_are_not(tmp_path: Path) -> None:
    world = World(tmp_path, metastore="desk")
    assert world.given("metastore", "create_table", "db", "t", definition={"location": "t.csv", "format": "csv"}) == (
        ("db", "t"),
        {"definition": {"location": world.url("lake", "t.csv"), "format": "csv"}},
    )
    # Here it is the name of a column.
    columns = ({"location": "VARCHAR"},)
    assert world.given("execution", "fake", *columns, size=1, output="") == (columns, {"size": 1, "output": ""})


def test_more_arguments_than_a_verb_takes_are_left_to_the_verb(world: World) -> None:
    assert world.given("storage", "exists", "a", "b", "c") == (("a", "b", "c"), {})


def test_where_one_client_plays_all_nothing_changes(tmp_path: Path) -> None:
    world = World(tmp_path, execution="lake", scheduler="lake")
    assert world.given("execution", "format", TABLE, output="./out/") == ((TABLE,), {"output": "./out/"})
    assert world.answered("metastore", TABLE) is TABLE
    assert world.asked == []


def test_the_storage_is_given_paths_as_they_are(world: World) -> None:
    assert world.given("storage", "copy", "a//b", "c/../d") == (("a//b", "c/../d"), {})


def test_an_engine_that_is_asked_alone_is_given_paths_as_they_are(world: World) -> None:
    places = Places({}, world.engine)
    desk = world.clients["desk"].engine("storage")
    assert places.given(ENGINES["storage"].verbs["exists"], desk, ("a",), {}) == (("a",), {})


def test_urls_of_foreign_schemes_are_refused_whoever_plays_what(tmp_path: Path) -> None:
    world = World(tmp_path, execution="lake")
    with pytest.raises(UnsupportedVerbError) as refused:
        world.given("execution", "query", "SELECT 1", output="s3://bucket/a.csv")
    assert str(refused.value) == ("execution.query cannot use s3://bucket/a.csv: client lake reaches memory:// URLs.")
    with pytest.raises(UnsupportedVerbError) as refused:
        world.given("execution", "preview", replace(TABLE, location=Location("file:///t.csv")))
    assert str(refused.value) == "execution.preview cannot use file:///t.csv: client lake reaches memory:// URLs."


def test_answers_of_other_clients_than_the_storage_are_told_by_urls(tmp_path: Path) -> None:
    world = World(tmp_path, metastore="desk")
    url = world.url("desk", "d/t.csv")
    table = Table("t", location=Location("d/t.csv", size=1))
    assert world.answered("metastore", [table]) == [replace(table, location=Location(url, size=1))]
    assert world.answered("metastore", Database("d", Location("d"))) == Database("d", Location(world.url("desk", "d")))
    partition = Partition({"a": 1}, Location("d/a=1"))
    assert world.answered("metastore", partition) == Partition({"a": 1}, Location(world.url("desk", "d/a=1")))
    manifest = {"output": "d/t.csv", "rows": 1, "files": [{"path": "d/t.csv", "bytes": 2}]}
    assert world.answered("execution", Job("1", "succeeded", result=manifest)) == Job(
        "1", "succeeded", result={"output": url, "rows": 1, "files": [{"path": url, "bytes": 2}]}
    )
    assert world.answered("metastore", Job("1", "succeeded", result={"location": url})).result == {"location": url}
    assert world.answered("metastore", Database("d")) == Database("d")


def test_names_in_statements_are_found_in_the_metastore_of_the_config(world: World) -> None:
    storage, metastore = world.clients["lake"].engine("storage"), world.clients["lake"].engine("metastore")
    for name in ("T", "U", "u"):
        storage.write(f"{name}.csv", "id\n1\n")  # type: ignore[attr-defined]
        metastore.create_table("db", name, definition={"location": f"{name}.csv"})  # type: ignore[attr-defined]
    find = TableFinder(world.roles, world.engine)
    for name in ("T", "t"):
        found = find("db", name)
        assert (found.name, found.location and found.location.path) == ("T", world.url("lake", "T.csv"))
    assert find("db", "u").name == "u"
    with pytest.raises(NotFoundError):
        find("db", "x")
    with pytest.raises(NotFoundError):
        find("nowhere", "t")
