"""The execution engine of ``sqlite``: rows at once, files by jobs that are kept beside the databases."""

from __future__ import annotations

import csv
import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from mason.clients._jobs import iso, new_job_id, now
from mason.clients._tables import requests
from mason.engines.capabilities import Capabilities, FileFormat
from mason.engines.execution import Execution
from mason.engines.file_urls import file_path
from mason.engines.jobs import OPEN, Handover, submission
from mason.engines.models import Column, Job, Rows, Schema, Table
from mason.errors import ConflictError, EngineError, NotFoundError
from tests.clients.sqlite_client import SqliteClient

_READING = (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION)


class SqliteExecution(Execution):
    """A job is a row of ``.jobs.sqlite``. It is queued first, and done when it is asked for again."""

    supports: ClassVar[frozenset[str]] = frozenset({"query", "get_job", "find_job"})
    capabilities: ClassVar[Capabilities] = Capabilities(
        writes=(FileFormat("csv"),), dialect="sqlite", schemes=("file",)
    )
    handover = Handover(elsewhere=True)
    connection: SqliteClient

    def query(
        self,
        sql: str,
        *,
        table: Table | None = None,
        output: str | None = None,
        format: str | None = None,
        overwrite: bool = False,
        limit: int | None = None,
        dialect: str = "duckdb",
        trust: bool = False,
    ) -> Rows | Job:
        """Rows, or the job that will write all of them."""
        asked = {"sql": sql, "output": output, "format": format, "overwrite": overwrite, "limit": limit}
        requests.read(self, "query", asked)
        sql, database = (sql.replace("$table", f'"{table.name}"'), table.database) if table else (sql, "")
        rows = self._answer(sql, database)
        if output is None:
            return replace(rows, rows=rows.rows[:limit], more=limit is not None and len(rows.rows) > limit)
        path = Path(file_path(output) or self.connection.base / output)
        if path.exists() and not overwrite:
            raise ConflictError(f"{output} exists already. Ask for overwrite to replace it.")
        job = Job(new_job_id(), "queued", "execution.query", submitted=iso(now()))
        wanted = json.dumps([sql, database, str(path)])
        self._say(
            "INSERT INTO job VALUES (?, ?, ?, ?)", job.job_id, str(submission()), wanted, json.dumps(job.to_dict())
        )
        return job

    def get_job(self, job_id: str) -> Job:
        """The job as it is now."""
        told, wanted = self._found("id", job_id)
        job = Job.from_dict(json.loads(told))
        if job.status in OPEN:
            job = (
                _done(job, *json.loads(wanted), self._answer)
                if job.status == "running"
                else replace(job, status="running")
            )
            self._say("UPDATE job SET told = ? WHERE id = ?", json.dumps(job.to_dict()), job_id)
        return job

    def find_job(self, token: str) -> Job:
        """The job that was submitted under a token."""
        return Job.from_dict(json.loads(self._found("token", token)[0]))

    def _found(self, column: str, value: str) -> tuple[str, str]:
        for told, wanted in self._say(f"SELECT told, wanted FROM job WHERE {column} = ?", value):
            return told, wanted
        raise NotFoundError(f"There is no job {value}.")

    def _say(self, sql: str, *values: str) -> list[Any]:
        with closing(sqlite3.connect(self.connection.folder / ".jobs.sqlite")) as service, service:
            service.execute("CREATE TABLE IF NOT EXISTS job (id PRIMARY KEY, token, wanted, told)")
            return service.execute(sql, values).fetchall()

    def _answer(self, sql: str, database: str) -> Rows:
        opened = self.connection.open(database) if database else sqlite3.connect(":memory:")
        # SQLite itself says what a statement would do.
        opened.set_authorizer(lambda action, *_: sqlite3.SQLITE_OK if action in _READING else sqlite3.SQLITE_DENY)
        with closing(opened):
            try:
                answer = opened.execute(sql)
                rows = answer.fetchall()
            except (sqlite3.Error, sqlite3.Warning) as error:
                raise EngineError(f"SQLite refused the query: {error}.") from error
            if answer.description is None:
                raise EngineError("The query is empty. Write one SELECT.")
            return Rows(Schema(tuple(Column(name[0], "ANY") for name in answer.description)), rows)


def _done(job: Job, sql: str, database: str, path: str, answer: Any) -> Job:
    try:
        rows = answer(sql, database)
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        with Path(path).open("w", newline="") as file:
            csv.writer(file).writerows([rows.schema.names, *rows.rows])
    except (EngineError, OSError) as error:
        return replace(job, status="failed", reason=str(error), finished=iso(now()))
    result = {"output": path, "rows": len(rows.rows)}
    return replace(job, status="succeeded", result=result, cost={"rows": len(rows.rows)}, finished=iso(now()))
