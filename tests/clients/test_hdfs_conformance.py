"""The client ``hdfs`` keeps the contract of storages, over a real namenode and a real datanode."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from mason.clients.hdfs import HdfsClient
from mason.engines.client import Client
from mason.testing import StorageSuite
from tests.hdfs_servers import USER, HdfsServer

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("hdfs")]


class TestStorage(StorageSuite):
    @pytest.fixture
    def client(self, hdfs_server: HdfsServer, tmp_path: Path) -> Iterator[Client]:
        root = f"{hdfs_server.url}/{uuid.uuid4()}"
        made = HdfsClient({"root": root, "namenodes": hdfs_server.namenode, "user": USER}, base=tmp_path)
        yield made
        made.close()
