"""The client ``dask`` keeps the contract of execution engines, over a real cluster of two processes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mason.clients.dask import DaskClient
from mason.clients.local import LocalClient
from mason.engines.client import Client
from mason.engines.metastore import Metastore
from mason.engines.models import Table
from mason.engines.storage import Storage
from mason.testing import ExecutionSuite
from mason.testing.engines import PEOPLE

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("dask")]


class TestExecution(ExecutionSuite):
    @pytest.fixture
    def client(self, dask_scheduler: str, tmp_path: Path) -> Iterator[Client]:
        """Tables are those of ``local``, in the same folder."""
        metastore = LocalClient({}, base=tmp_path).engine("metastore")
        assert isinstance(metastore, Metastore)
        client = DaskClient({"scheduler": dask_scheduler, "part_size": "1KB"}, base=tmp_path)
        client.find_table = metastore.get_table
        yield client
        client.close()

    def storage_of(self, client: Client) -> Storage:
        """The files of the same folder: Dask is no storage itself."""
        storage = LocalClient({}, base=client.base).engine("storage")
        assert isinstance(storage, Storage)
        return storage

    @pytest.fixture
    def table(self, client: Client) -> Table:
        storage = self.storage_of(client)
        storage.write("club/people.csv", PEOPLE)
        return replace(storage.infer_table("club/people.csv", table="people"), database="club")
