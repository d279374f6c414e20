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

# Before the suites are imported: their assertions then fail with the values that were compared.
pytest.register_assert_rewrite(
    "mason.testing.stores",
    "mason.testing.shared_stores",
    "mason.testing.engines",
    "mason.testing.jobs",
    "mason.testing.written",
    "mason.testing.schedulers",
)

from mason.testing.engines import EngineSuite as EngineSuite  # noqa: E402
from mason.testing.engines import MetastoreSuite as MetastoreSuite  # noqa: E402
from mason.testing.engines import StorageSuite as StorageSuite  # noqa: E402
from mason.testing.jobs import ExecutionSuite as ExecutionSuite  # noqa: E402
from mason.testing.schedulers import SchedulerSuite as SchedulerSuite  # noqa: E402
from mason.testing.shared_stores import SharedStateStoreSuite as SharedStateStoreSuite  # noqa: E402
from mason.testing.stores import StateStoreSuite as StateStoreSuite  # noqa: E402
