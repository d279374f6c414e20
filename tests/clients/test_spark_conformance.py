"""The client ``spark`` keeps the contracts, over a real Spark Connect server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from mason.clients.local import LocalClient
from mason.clients.spark import SparkClient
from mason.engines.client import Client
from mason.engines.engine import Engine
from mason.engines.execution import Execution
from mason.engines.metastore import Metastore
from mason.engines.models import Job, Table
from mason.engines.storage import Storage
from mason.errors import ConflictError, EngineError
from mason.testing import AsynchronousSuite, ExecutionSuite, MetastoreSuite
from mason.testing.engines import PEOPLE
from tests import spark_servers
from tests.spark_servers import SparkServer

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("spark_connect")]


class Fixtures:
    """A client whose catalog is empty, and files beside it that ``local`` keeps."""

    @pytest.fixture
    def client(self, spark_server: SparkServer, tmp_path: Path) -> Iterator[Client]:
        client = SparkClient({"remote": spark_server.remote}, base=tmp_path)
        yield client
        spark_servers.empty(client)
        client.close()

    def storage_of(self, client: Client) -> Storage:
        """The files of the same folder: Spark is no storage itself."""
        storage = LocalClient({}, base=client.base).engine("storage")
        assert isinstance(storage, Storage)
        return storage

    @pytest.fixture
    def table(self, client: Client) -> Table:
        storage = self.storage_of(client)
        storage.write("club/people.csv", PEOPLE)
        metastore = client.engine("metastore")
        assert isinstance(metastore, Metastore)
        metastore.create_table("club", "people", definition=storage.infer_table("club/people.csv"))
        return metastore.get_table("club", "people")


class TestMetastore(Fixtures, MetastoreSuite):
    def test_databases_are_sorted(self, metastore: Metastore) -> None:
        """As the suite has it, with names that Spark's catalog takes."""
        for name in ("zoo", "alpha", "mid_dle"):
            metastore.create_database(name)
        assert [database.name for database in metastore.list_databases()] == ["alpha", "mid_dle", "zoo"]
        assert metastore.get_database("zoo").name == "zoo"
        with pytest.raises(ConflictError):
            metastore.create_database("zoo")

    @pytest.mark.parametrize("name", ["a b", "a;b", 'quo"te', "quo'te", "quo`te", "Straße", "日本", "x--y"])
    def test_any_name_works(self, metastore: Metastore, table: Table, name: str) -> None:
        """Spark's catalog takes few characters: other names are refused, and none becomes code."""
        with pytest.raises(EngineError) as raised:
            metastore.create_table(name, "t", definition=table)
        assert "cannot be the name of a database in Spark's catalog" in str(raised.value)
        assert [each.name for each in metastore.list_databases()] == ["club"]

    def test_a_word_of_sql_is_a_name(self, metastore: Metastore, table: Table) -> None:
        """Names are quoted."""
        metastore.create_table("select", "table", definition=table)
        assert metastore.get_table("select", "table").schema == table.schema
        metastore.delete_table("select", "table")


class TestExecution(Fixtures, ExecutionSuite):
    pass


class TestJobs(Fixtures, AsynchronousSuite):
    role: ClassVar[str] = "execution"

    def submit(self, engine: Engine, number: int) -> Job:
        assert isinstance(engine, Execution)
        # Some millions of rows: longer than it takes to ask how it goes.
        sql = "SELECT sum(range * range % 7) AS s FROM range(3000000)"
        job = engine.query(sql, output=f"out{number}.csv")
        assert isinstance(job, Job)
        return job

    @pytest.fixture
    def failed(self, any_engine: Engine) -> Job:
        assert isinstance(any_engine, Execution)
        job: Any = any_engine.query("SELECT CAST(10000000000 + range AS INTEGER) AS n FROM range(9)", output="x.csv")
        return self.ended(any_engine, job)
