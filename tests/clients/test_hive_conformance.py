"""The client ``hive`` keeps the contract of metastores, over a real Hive Metastore 2.3."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mason.clients.hive import HiveClient
from mason.engines.client import Client
from mason.engines.metastore import Metastore
from mason.engines.models import Column, Location, Schema, Table
from mason.errors import ConflictError, EngineError
from mason.testing import MetastoreSuite
from tests import hive_servers
from tests.hive_servers import HiveServer

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("hive")]

PEOPLE = Table(
    "people",
    schema=Schema((Column("id", "BIGINT"), Column("name", "VARCHAR"), Column("height", "DOUBLE"))),
    format="csv",
    options={"delimiter": ",", "header": True},
)


class TestMetastore(MetastoreSuite):
    @pytest.fixture
    def client(self, hive_server: HiveServer, tmp_path: Path) -> Iterator[Client]:
        made = HiveClient({"uri": hive_server.uri}, base=tmp_path)
        yield made
        hive_servers.empty(made)
        made.close()

    @pytest.fixture
    def table(self, client: Client, tmp_path: Path) -> Table:
        (tmp_path / "people").mkdir()
        metastore = client.engine("metastore")
        assert isinstance(metastore, Metastore)
        definition = replace(PEOPLE, location=Location((tmp_path / "people").as_uri()))
        metastore.create_table("club", "people", definition=definition)
        return metastore.get_table("club", "people")

    def test_databases_are_sorted(self, metastore: Metastore) -> None:
        """As the suite has it, with names that the metastore takes."""
        for name in ("zoo", "alpha", "Mid_dle"):
            metastore.create_database(name)
        assert [database.name for database in metastore.list_databases()] == ["alpha", "mid_dle", "zoo"]
        assert metastore.get_database("zoo").name == "zoo"
        with pytest.raises(ConflictError):
            metastore.create_database("zoo")

    @pytest.mark.parametrize("name", ["a b", "a;b", 'quo"te', "quo'te", "quo`te", "Straße", "日本", "x--y", ""])
    def test_any_name_works(self, metastore: Metastore, table: Table, name: str) -> None:
        """The metastore takes few characters: other names are refused before anything is done."""
        for names in ((name, "t"), ("club", name)):
            with pytest.raises(EngineError) as raised:
                metastore.create_table(*names, definition=table)
            assert "in the Hive Metastore: it takes 1 to 128 letters of ASCII, digits and _." in str(raised.value)
        assert [each.name for each in metastore.list_databases()] == ["club"]

    def test_a_word_of_sql_is_a_name(self, metastore: Metastore, table: Table) -> None:
        """Names are no code."""
        metastore.create_table("select", "table", definition=table)
        assert metastore.get_table("select", "table").schema == table.schema
        metastore.delete_table("select", "table")
