"""The suite of execution engines; ``mason.testing.engines`` says how to use it."""

from __future__ import annotations

from typing import Any

import pytest

from mason.engines.client import Client
from mason.engines.execution import Execution
from mason.engines.metastore import Metastore
from mason.engines.models import Job, Location, Rows, Table
from mason.errors import ConflictError, EngineError, NotFoundError
from mason.testing.written import DeclaredFiles


class ExecutionSuite(DeclaredFiles):
    """The sentences of ``mason.engines.execution``, in SQL that every engine knows."""

    def rows(self, answer: Rows | Job) -> list[tuple[Any, ...]]:
        """The rows of an answer that has some."""
        assert isinstance(answer, Rows)
        return list(answer.rows)

    def test_preview(self, execution: Execution, table: Table) -> None:
        """The first ``limit`` rows; ``more`` says that there are others."""
        self.needs(execution, "preview")
        some = execution.preview(table, limit=2)
        assert (len(some.rows), some.more) == (2, True)
        every = execution.preview(table)
        assert (len(every.rows), every.more) == (3, False)
        assert every.schema.names == ("id", "name", "height")

    def test_summarize(self, execution: Execution, table: Table) -> None:
        """Per column: type, rows, non-null, distinct, min, max, mean; exact; mean only where numeric."""
        self.needs(execution, "summarize")
        summary = execution.summarize(table)
        assert summary.schema.names == ("column", "type", "rows", "non_null", "distinct", "min", "max", "mean")
        found = {row["column"]: row for row in summary.to_dicts()}
        assert list(found) == ["id", "name", "height"]
        keys = ("rows", "non_null", "distinct", "min", "max", "mean")
        assert [found["id"][key] for key in keys] == [3, 3, 3, 1, 3, 2.0]
        assert [found["name"][key] for key in keys] == [3, 3, 2, "Ann", "Bob", None]
        assert [found["height"][key] for key in keys] == [3, 2, 2, 1.6, 1.8, pytest.approx(1.7)]

    def test_summarize_columns(self, execution: Execution, table: Table) -> None:
        """``columns`` narrows."""
        self.needs(execution, "summarize")
        assert [row[0] for row in execution.summarize(table, columns=["name"]).rows] == ["name"]

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

    def written(self, client: Client, execution: Execution, job: Job) -> list[tuple[Any, ...]]:
        """The rows of what a job wrote, sorted, found by its manifest."""
        job = self.ended(execution, job)
        manifest = job.result
        assert {"output", "format", "rows", "bytes", "files", "schema"} <= set(manifest)
        assert manifest["bytes"] == sum(file["bytes"] for file in manifest["files"])
        assert execution.get_job(job.job_id) == job
        storage = self.storage_of(client)
        rows = self.rows(execution.query("SELECT * FROM $table", table=storage.infer_table(manifest["output"])))
        assert manifest["rows"] == len(rows)
        return sorted(rows, key=str)

    @pytest.mark.parametrize("format", ["csv", "jsonl", "parquet"])
    def test_format(self, client: Client, execution: Execution, table: Table, format: str) -> None:
        """Writes the table in another format: to a file, or to a folder of files by partitions."""
        self.needs(execution, "format", "query", "get_job")
        rows = [(1, "Ann", 1.6), (2, "Bob", None), (3, "Bob", 1.8)]
        job = execution.format(table, output=f"made/people.{format}")
        assert self.written(client, execution, job) == rows
        with pytest.raises(ConflictError):
            execution.format(table, output=f"made/people.{format}")
        job = execution.format(table, output="made/by_name", format=format, partition_columns=["name"])
        assert self.written(client, execution, job) == [(1, 1.6, "Ann"), (2, None, "Bob"), (3, 1.8, "Bob")]
        job = execution.format(table, output=f"made/ids.{format}", filter_columns=["id"], overwrite=True)
        assert self.written(client, execution, job) == [(1,), (2,), (3,)]

    def test_merge(self, client: Client, execution: Execution, table: Table) -> None:
        """Unifies files of differing schemas, and tells before what it would change."""
        self.needs(execution, "merge", "plan_merge", "query", "get_job")
        storage, metastore = self.storage_of(client), client.engine("metastore")
        assert isinstance(metastore, Metastore)
        storage.write("parts/a.csv", b"id,name\n1,Ann\n")
        storage.write("parts/b.csv", b"id,age\n2.5,7\n")
        parts = Table("parts", location=Location("parts"))
        plan = execution.plan_merge(parts)
        assert [(row["column"], row["type"]) for row in plan.to_dicts()] == [
            ("id", "DOUBLE"),
            ("name", "VARCHAR"),
            ("age", "BIGINT"),
        ]
        job = execution.merge(parts, output="made/merged.parquet")
        assert self.written(client, execution, job) == [(1.0, "Ann", None), (2.5, None, 7)]
        storage.write("parts/b.csv", b"id,age\nx,7\n", overwrite=True)
        with pytest.raises(ConflictError):
            execution.merge(parts, output="made/merged.csv")
        job = execution.merge(parts, output="made/merged.csv", allow_text=True)
        assert job.result["rows"] == 2

    def test_dedupe(self, client: Client, execution: Execution, table: Table) -> None:
        """One row for each value of the keys, the first or last; counts what was removed."""
        self.needs(execution, "dedupe", "query", "get_job")
        for keep, rows in (
            ("first", [(1, "Ann", 1.6), (2, "Bob", None)]),
            ("last", [(1, "Ann", 1.6), (3, "Bob", 1.8)]),
        ):
            job = execution.dedupe(table, keys=["name"], order_by=["id"], keep=keep, output=f"made/{keep}.parquet")
            assert self.written(client, execution, job) == rows
            assert (job.result["rows_in"], job.result["removed"]) == (3, 1)

    def test_fake(self, client: Client, execution: Execution, table: Table) -> None:
        """Makes rows up; the same seed gives the same rows."""
        self.needs(execution, "fake", "query", "get_job")
        schema = {"id": "BIGINT", "email": "VARCHAR"}
        made = [
            self.written(client, execution, execution.fake(schema, size=20, seed=seed, output=f"made/{name}.parquet"))
            for name, seed in (("a", 1), ("b", 1), ("c", 2))
        ]
        assert made[0] == made[1]
        assert made[0] != made[2]
        job = execution.fake(table, size=5, output="made/like.parquet")
        assert [column["name"] for column in job.result["schema"]] == ["id", "name", "height"]

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
        with pytest.raises(ConflictError):
            execution.cancel_job(job.job_id)
