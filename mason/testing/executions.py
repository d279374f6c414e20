"""The suite of execution engines; ``mason.testing.engines`` says how to use it."""

from __future__ import annotations

import pytest

from mason.engines.client import Client
from mason.engines.execution import Execution
from mason.engines.models import Job, Rows, Table
from mason.errors import ConflictError, EngineError, NotFoundError
from mason.testing.table_work import TableWork


class ExecutionSuite(TableWork):
    """The sentences of ``mason.engines.execution``, in SQL that every engine knows."""

    def test_preview(self, execution: Execution, table: Table) -> None:
        """The first ``limit`` rows; ``more`` says that there are others."""
        self.needs(execution, "preview")
        some = execution.preview(table, limit=2)
        assert (len(some.rows), some.more) == (2, True)
        every = execution.preview(table)
        assert (len(every.rows), every.more) == (3, False)
        assert every.schema.names == ("id", "name", "height")

    def test_query(self, execution: Execution, table: Table) -> None:
        """Answers one SELECT statement, with ``$table`` for ``table`` and other tables of its database by name."""
        self.needs(execution, "query")
        sql = "SELECT t.id FROM $table t JOIN people p ON t.id = p.id WHERE t.name <> '$table' ORDER BY t.id DESC"
        assert self.rows(execution.query(sql, table=table)) == [(3,), (2,), (1,)]

    def test_query_limit(self, execution: Execution, table: Table) -> None:
        """At most ``limit`` rows."""
        self.needs(execution, "query")
        answer = execution.query("SELECT id FROM $table ORDER BY id", table=table, limit=2)
        assert isinstance(answer, Rows)
        assert (list(answer.rows), answer.more) == ([(1,), (2,)], True)

    @pytest.mark.parametrize(
        "sql",
        [
            "",
            ";",
            "SELECT 1; SELECT 2",
            "DELETE FROM people",
            "DROP TABLE people",
            "CREATE TABLE stolen AS SELECT 1 AS a",
            "INSERT INTO people VALUES (4, 'Eve', 1)",
            "SELECT FROM WHERE",
        ],
    )
    def test_anything_but_one_select(self, execution: Execution, table: Table, sql: str) -> None:
        """Anything but one SELECT raises ``EngineError``."""
        self.needs(execution, "query")
        with pytest.raises(EngineError):
            execution.query(sql, table=table)

    def test_output(self, client: Client, execution: Execution, table: Table) -> None:
        """With ``output``: all rows are written there, and a job answers, which can be asked for again."""
        self.needs(execution, "query", "get_job")
        job = execution.query("SELECT id FROM $table", table=table, output="out/ids.csv", limit=1)
        assert isinstance(job, Job)
        job = self.ended(execution, job)
        assert (job.status, job.result["rows"]) == ("succeeded", 3)
        assert execution.get_job(job.job_id) == job
        storage = self.storage_of(client)
        assert job.result["output"] == "out/ids.csv"
        assert storage.read("out/ids.csv").split() == [b"id", b"1", b"2", b"3"]

    def test_output_exists(self, client: Client, execution: Execution, table: Table) -> None:
        """An existing target raises ``ConflictError`` unless ``overwrite`` is true, and stays as it was."""
        self.needs(execution, "query")
        storage = self.storage_of(client)
        storage.write("out.csv", b"mine")
        with pytest.raises(ConflictError):
            execution.query("SELECT 1 AS a", output="out.csv")
        with pytest.raises(EngineError):
            execution.query("SELECT nothing FROM $table", table=table, output="out.csv", overwrite=True)
        assert storage.read("out.csv") == b"mine"
        job = execution.query("SELECT 1 AS a", output="out.csv", overwrite=True)
        assert isinstance(job, Job)
        assert self.ended(execution, job).status == "succeeded"
        assert storage.read("out.csv").split() == [b"a", b"1"]

    def test_missing_job(self, execution: Execution) -> None:
        """Raises ``NotFoundError``."""
        for name in ("get_job", "cancel_job"):
            if name in execution.supports:
                for job_id in ("20200101T000000-abcdef", "../../etc/passwd", ""):
                    with pytest.raises(NotFoundError):
                        getattr(execution, name)(job_id)

    def test_cancel_a_job_that_is_done(self, execution: Execution, table: Table) -> None:
        """``ConflictError`` when it is done."""
        self.needs(execution, "query", "cancel_job")
        job = execution.query("SELECT id FROM $table", table=table, output="ids.csv")
        assert isinstance(job, Job)
        self.ended(execution, job)
        with pytest.raises(ConflictError):
            execution.cancel_job(job.job_id)
