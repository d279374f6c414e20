"""The client ``local_async`` keeps the contract of a scheduler."""

from __future__ import annotations

from pathlib import Path

import pytest

from mason.clients.local_async import LocalAsyncClient
from mason.engines.client import Client
from mason.testing import SelfRunningSuite


class TestScheduler(SelfRunningSuite):
    @pytest.fixture
    def client(self, tmp_path: Path) -> Client:
        return LocalAsyncClient({}, base=tmp_path)
