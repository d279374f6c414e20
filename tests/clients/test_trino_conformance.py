"""The client ``trino`` keeps the contracts, over a stand-in for Trino that the embedded engine answers for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from mason.clients.local import LocalClient
from mason.clients.trino import TrinoClient
from mason.engines.client import Client
from mason.engines.engine import Engine
from mason.engines.execution import Execution
from mason.engines.models import Job, Table
from mason.errors import ConflictError, EngineError
from mason.testing import AsynchronousSuite, ExecutionSuite, MetastoreSuite
from mason.testing.table_work import flights_text
from tests.clients.trino_people import (
    client_of,
    definition_of,
    ended,
    metastore_of,
    people,
    rows_of,
    storage_at,
)
from tests.trino_server import TrinoServer

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("trino")]


def people_of(client: Client) -> Table:
    assert isinstance(client, TrinoClient)
    return people(client)


class Fixtures:
    """A client over nothing, and a table of files beside it."""

    @pytest.fixture
    def client(self, trino: TrinoServer, tmp_path: Path) -> Iterator[Client]:
        made = client_of(trino, tmp_path)
        yield made
        made.close()

    @pytest.fixture
    def table(self, client: Client) -> Table:
        return people_of(client)


class TestMetastore(Fixtures, MetastoreSuite):
    pass


class TestExecution(Fixtures, ExecutionSuite):
    """What the stand-in answers is DuckDB's reading of Trino's SQL: it proves the wiring, not the SQL."""

    def placed(self, client: Client, name: str, content: bytes) -> Table:
        assert isinstance(client, TrinoClient)
        metastore = metastore_of(client)
        metastore.create_table("work", name, definition=definition_of(client.base, name, content), overwrite=True)
        return metastore.get_table("work", name)

    def test_output(self, client: Client, execution: Execution, table: Table) -> None:
        """As the suite has it, with a table."""
        output = "table://club/ids"
        job = ended(execution, execution.query("SELECT id FROM $table", table=table, output=output, limit=1))
        assert (job.status, job.result["rows"], job.result["output"]) == ("succeeded", 3, output)
        assert execution.get_job(job.job_id) == job
        assert rows_of(execution, "SELECT id FROM club.ids ORDER BY id", table=table) == [(1,), (2,), (3,)]

    def test_output_exists(self, client: Client, execution: Execution, table: Table) -> None:
        """As the suite has it, with a table."""
        output = "table://club/out"
        ended(execution, execution.query("SELECT 7 AS mine", output=output))
        with pytest.raises(ConflictError):
            execution.query("SELECT 1 AS a", output=output)
        with pytest.raises(EngineError):
            execution.query("SELECT nothing FROM $table", table=table, output=output, overwrite=True)
        assert rows_of(execution, "SELECT * FROM club.out") == [(7,)]
        ended(execution, execution.query("SELECT 1 AS a", output=output, overwrite=True))
        assert rows_of(execution, "SELECT a FROM club.out") == [(1,)]

    def test_cancel_a_job_that_is_done(self, execution: Execution, table: Table) -> None:
        """As the suite has it, with a table."""
        job = ended(execution, execution.query("SELECT id FROM $table", table=table, output="table://club/ids"))
        with pytest.raises(ConflictError):
            execution.cancel_job(job.job_id)

    @pytest.mark.parametrize("keep", ["first", "last"])
    def test_dedupe_real_data(self, client: Client, execution: Execution, keep: str) -> None:
        """As client ``local`` does it."""
        table = self.placed(client, "flights", flights_text())
        asked: dict[str, Any] = {"keys": ["carrier", "dest"], "order_by": ["dep_delay"], "keep": keep}
        job = ended(execution, execution.dedupe(table, output="table://work/kept", **asked))
        local = LocalClient({}, base=client.base).engine("execution")
        assert isinstance(local, Execution)
        expected = local.dedupe(table, output="kept.parquet", **asked).result
        assert (job.result["rows_in"], job.result["removed"]) == (expected["rows_in"], expected["removed"])
        made = storage_at(client.base).infer_table("kept.parquet")
        sql = "SELECT carrier, dest, dep_delay, tailnum FROM {} ORDER BY 1, 2"
        assert rows_of(execution, sql.format("work.kept")) == rows_of(local, sql.format("$table"), table=made)

    # Paths are those of a storage, which this client is not: what it writes is tested as tables.
    test_format: Any = None
    test_dedupe: Any = None
    test_format_some_columns: Any = None
    test_format_a_sample: Any = None
    test_dedupe_nulls: Any = None
    test_dedupe_refuses: Any = None
    test_refuses_formats_that_are_not_declared: Any = None
    test_refuses_compressions_and_partitions_that_are_not_declared: Any = None
    test_refuses_arguments_in_the_same_words: Any = None
    test_refuses_before_it_looks_at_the_table: Any = None


class TestJobs(Fixtures, AsynchronousSuite):
    role: ClassVar[str] = "execution"

    @pytest.fixture(autouse=True)
    def _busy(self, trino: TrinoServer, client: Client) -> Iterator[None]:
        """Tables take a while to be made."""
        people_of(client)
        trino.slow = 4
        yield
        trino.slow = 0

    def submit(self, engine: Engine, number: int) -> Job:
        assert isinstance(engine, Execution)
        job = engine.query("SELECT id FROM club.people", output=f"table://club/out{number}")
        assert isinstance(job, Job)
        return job

    @pytest.fixture
    def failed(self, any_engine: Engine) -> Job:
        assert isinstance(any_engine, Execution)
        sql = "SELECT CAST(id + 2147483647 AS INTEGER) AS n FROM club.people"
        return ended(any_engine, any_engine.query(sql, output="table://club/failed"))
