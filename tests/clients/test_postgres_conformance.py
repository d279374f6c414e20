"""The client ``postgres`` keeps the contracts of metastores and execution engines, over a real PostgreSQL.

Where the suites read files, these are loaded into the server first; what is written to files is loaded to be looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mason.clients.postgres import PostgresClient
from mason.engines.client import Client
from mason.engines.models import Column, Rows, Schema, Table
from mason.engines.storage import Storage
from mason.testing import ExecutionSuite, MetastoreSuite
from tests.postgres_servers import LoadingStorage, emptied, load
from tests.sql.real_postgres import Postgres

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("postgres")]

PEOPLE = Rows(
    Schema((Column("id", "BIGINT"), Column("name", "VARCHAR"), Column("height", "DOUBLE"))),
    [(1, "Ann", 1.6), (2, "Bob", None), (3, "Bob", 1.8)],
)


@pytest.fixture
def configuration(postgres_server: Postgres) -> Iterator[dict[str, Any]]:
    with emptied(postgres_server) as found:
        yield found


class _OnPostgres:
    @pytest.fixture
    def client(self, configuration: dict[str, Any], tmp_path: Path) -> Iterator[Client]:
        made = PostgresClient(configuration, base=tmp_path)
        yield made
        made.close()

    @pytest.fixture
    def table(self, client: Client) -> Table:
        return load(client.configuration, "club", "people", PEOPLE)

    def storage_of(self, client: Client) -> Storage:
        return LoadingStorage(client.configuration, client.base)


class TestMetastore(_OnPostgres, MetastoreSuite):
    @pytest.fixture
    def table(self, client: Client) -> Table:
        load(client.configuration, "club", "people", PEOPLE)
        metastore = client.engine("metastore")
        return metastore.get_table("club", "people")


class TestExecution(_OnPostgres, ExecutionSuite):
    @pytest.fixture
    def storage(self, client: Client) -> Storage:
        return self.storage_of(client)
