"""Conformance suites: what a state store or a client must keep, as tests to inherit.

A package that brings its own store or client subclasses a suite, tells it how to make one, and runs pytest::

    from mason.testing import StateStoreSuite

    class TestMyStore(StateStoreSuite):
        @pytest.fixture
        def store(self, tmp_path):
            return MyStore(f"my://{tmp_path}")

        @pytest.fixture
        def another(self, store):
            return MyStore(store.url)

        def overwrite_state(self, store, content):
            ...

Every inherited test is one sentence of the contract, and that sentence is its docstring. These modules need
pytest; nothing else of Mason imports them.
"""

from __future__ import annotations

import pytest

__all__ = [
    "AsynchronousSuite",
    "EngineSuite",
    "ExecutionSuite",
    "MetastoreSuite",
    "SchedulerSuite",
    "SelfRunningSuite",
    "SharedStateStoreSuite",
    "StateStoreSuite",
    "StorageSuite",
]

# Before the suites are imported: their assertions then fail with the values that were compared.
# ruff: noqa: E402
pytest.register_assert_rewrite(
    "mason.testing.stores",
    "mason.testing.shared_stores",
    "mason.testing.engines",
    "mason.testing.asynchronous",
    "mason.testing.executions",
    "mason.testing.table_work",
    "mason.testing.metastores",
    "mason.testing.storages",
    "mason.testing.written",
    "mason.testing.schedulers",
)

from mason.testing.asynchronous import AsynchronousSuite
from mason.testing.engines import EngineSuite
from mason.testing.executions import ExecutionSuite
from mason.testing.metastores import MetastoreSuite
from mason.testing.schedulers import SchedulerSuite, SelfRunningSuite
from mason.testing.shared_stores import SharedStateStoreSuite
from mason.testing.storages import StorageSuite
from mason.testing.stores import StateStoreSuite
