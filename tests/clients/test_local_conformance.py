"""The client ``local`` keeps the contract of every engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from mason.clients.local import LocalClient
from mason.engines.client import Client
from mason.testing import ExecutionSuite, MetastoreSuite, SelfRunningSuite, StorageSuite


class _Local:
    @pytest.fixture
    def client(self, tmp_path: Path) -> Client:
        return LocalClient({}, base=tmp_path)


class TestMetastore(_Local, MetastoreSuite):
    pass


class TestStorage(_Local, StorageSuite):
    pass


class TestExecution(_Local, ExecutionSuite):
    pass


class TestScheduler(_Local, SelfRunningSuite):
    pass
