"""The example of CONTRIBUTING: a client of one folder passes the suites, and works from the command line."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, ClassVar

import pytest

from mason import packages
from mason.engines.client import Client
from mason.engines.engine import Engine
from mason.engines.execution import Execution
from mason.engines.metastore import Metastore
from mason.engines.models import Job, Table
from mason.testing import AsynchronousSuite, ExecutionSuite, MetastoreSuite
from tests.clients.sqlite_client import SqliteClient


def make_club(folder: Path) -> None:
    """The database ``club``, with the table that the suites ask about."""
    with closing(sqlite3.connect(folder / "club.sqlite")) as club:
        club.execute("CREATE TABLE people (id INTEGER, name TEXT, height REAL)")
        club.executemany("INSERT INTO people VALUES (?, ?, ?)", [(1, "Ann", 1.6), (2, "Bob", None), (3, "Bob", 1.8)])
        club.commit()


class Fixtures:
    """What the suites have to be told: how to make a client, and where it has a table."""

    @pytest.fixture
    def client(self, tmp_path: Path) -> Client:
        return SqliteClient({}, base=tmp_path)

    @pytest.fixture
    def table(self, client: Client) -> Table:
        make_club(client.base)
        metastore = client.engine("metastore")
        assert isinstance(metastore, Metastore)
        return metastore.get_table("club", "people")


class TestMetastore(Fixtures, MetastoreSuite):
    pass


class TestExecution(Fixtures, ExecutionSuite):
    pass


class TestJobs(Fixtures, AsynchronousSuite):
    role: ClassVar[str] = "execution"

    def submit(self, engine: Engine, number: int) -> Job:
        assert isinstance(engine, Execution)
        job = engine.query("SELECT 1 AS one", output=f"out{number}.csv")
        assert isinstance(job, Job)
        return job

    @pytest.fixture
    def failed(self, any_engine: Engine) -> Job:
        assert isinstance(any_engine, Execution)
        (any_engine.connection.base / "file").write_text("in the way")
        job = any_engine.query("SELECT 1 AS one", output="file/out.csv")
        assert isinstance(job, Job)
        return self.ended(any_engine, job)


YAML = """\
{type: config, id: 1, metastore_clients: [sqlite], execution_clients: [sqlite], storage_clients: [local],
 clients: {local: {configuration: {root: out}}}}
---
type: operator
namespace: table
command: export
parameters: {required: [sql, to]}
do:
  - metastore.get_table: {database: club, table: people}
    as: table
  - execution.query: {table: "{{table}}", sql: "{{sql}}", output: "{{to}}"}
"""


@pytest.fixture
def registered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The client is known by the metadata of an installed package."""
    metadata = tmp_path / "site" / "sqlite_client-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: sqlite-client\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[mason.clients]\nsqlite = tests.clients.sqlite_client:SqliteClient\n")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    packages.forget()
    yield
    packages.forget()


@pytest.mark.usefixtures("registered")
def test_from_yaml_to_a_job_that_was_waited_for(folder: Path, mason: Any) -> None:
    make_club(folder)
    (folder / "out").mkdir()
    (folder / "all.yaml").write_text(YAML)
    assert mason("apply", "-y").code == 0
    run = ("run", "operator", "table", "export", "-y", "-p")
    ended = mason(*run, "sql:SELECT name FROM $table ORDER BY id,to:names.csv")
    assert (ended.code, (folder / "out" / "names.csv").read_text().split()) == (0, ["name", "Ann", "Bob", "Bob"])
    refused = mason(*run, "sql:SELECT name FROM $table,to:names.parquet")
    assert refused.code == 1
    assert "Client sqlite does not write parquet" in refused.err
