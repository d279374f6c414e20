"""The client ``memory`` keeps the contract of every engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from mason.clients.memory import MemoryClient
from mason.engines.client import Client
from mason.testing import ExecutionSuite, MetastoreSuite, SchedulerSuite, StorageSuite


class _Memory:
    @pytest.fixture
    def client(self, tmp_path: Path) -> Client:
        return MemoryClient({}, base=tmp_path)


class TestMetastore(_Memory, MetastoreSuite):
    pass


class TestStorage(_Memory, StorageSuite):
    pass


class TestExecution(_Memory, ExecutionSuite):
    pass


class TestScheduler(_Memory, SchedulerSuite):
    pass
