"""The execution engine as operators of 1.x ask it: jobs go in, jobs come out."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import mason
from mason.compat1.job_kinds import (
    ExecutedJob,
    FailedJob,
    FormatJob,
    InferJob,
    InvalidJob,
    Job,
    MergeJob,
    PreviewJob,
    QueryJob,
    RetryableJob,
    SummaryJob,
)
from mason.compat1.no_answer import NO_ANSWER
from mason.compat1.response import Response
from mason.compat1.table_kinds import Path, Registration
from mason.engines import models
from mason.engines.rows_text import rows_text
from mason.errors import EngineError, OperatorError

_OPEN = ("queued", "running")


class ExecutionClient:
    """Verbs of 1.x."""

    client: Any = None

    def __init__(self, ctx: mason.Context) -> None:
        self._ctx = ctx

    def is_async(self) -> bool:
        """Whether jobs go on when a call has returned: who calls need not know, they are waited for."""
        return False

    def run_job(self, job: Job, response: Response | None = None) -> tuple[ExecutedJob | InvalidJob, Response]:
        """Do a job; what fails is answered with the reason."""
        response = response or Response()
        do = _VERBS.get(type(job))
        if do is None:
            raise OperatorError(f"A {type(job).__name__} of Mason 1.x cannot be run: write it with the verbs of today.")
        try:
            return do(self._ctx, job), response
        except NO_ANSWER:
            raise
        except EngineError as error:
            return FailedJob(str(error)), response

    def get_job(self, job_id: str, response: Response | None = None) -> tuple[ExecutedJob | InvalidJob, Response]:
        """A job by its id. Every engine that hands out jobs is asked, as ``job get`` of today does."""
        response = response or Response()
        try:
            found: models.Job = self._ctx.call("any", "get_job", job_id=job_id)
        except NO_ANSWER:
            raise
        except EngineError as error:
            return InvalidJob(str(error)), response
        if found.status in _OPEN:
            return RetryableJob(f"Job {job_id} is {found.status}"), response
        return _executed(found) if found.status == "succeeded" else FailedJob(found.reason or found.status), response


def _executed(job: models.Job) -> ExecutedJob:
    return ExecutedJob(job.job_id, logs=list(job.logs), model=job)


def _query(ctx: mason.Context, job: QueryJob) -> ExecutedJob:
    if isinstance(job.query_string, Registration):
        statement = job.query_string
        return _executed(
            ctx.metastore.create_table(statement.database, statement.table.name, definition=statement.table)
        )
    output = job.output_path.full_path() if job.output_path else ""
    if not output:
        return _executed(ctx.execution.query_job(job.query_string, table=job.table.model, limit=SHOWN))
    return _executed(_job(ctx.execution.query(job.query_string, table=job.table.model, output=output)))


def _format(ctx: mason.Context, job: FormatJob) -> ExecutedJob:
    return _executed(
        ctx.execution.format(
            job.table.model,
            output=job.output_path.full_path(),
            format=job.format,
            partition_columns=job.partition_columns,
            filter_columns=job.filter_columns,
            partitions=job.partitions,
        )
    )


def _merge(ctx: mason.Context, job: MergeJob) -> ExecutedJob:
    table = _table_at(ctx, job.input_path, job.read_headers, schema=False)
    return _executed(ctx.execution.merge(table, output=job.output_path.full_path()))


def _preview(ctx: mason.Context, job: PreviewJob) -> ExecutedJob:
    table = _table_at(ctx, job.input_path, job.read_headers)
    sql = f"SELECT * FROM $table LIMIT {int(job.limit)}"
    return _executed(_job(ctx.execution.query(sql, table=table, output=job.output_path.full_path())))


def _infer(ctx: mason.Context, job: InferJob) -> ExecutedJob:
    table = _table_at(ctx, job.input_path, job.read_headers)
    return ExecutedJob(job.id, model=table)


def _summary(ctx: mason.Context, job: SummaryJob) -> ExecutedJob:
    rows = ctx.execution.summarize(_table_at(ctx, job.input_path, job.read_headers))
    path = job.output_path.full_path()
    written = ctx.storage.write(path, rows_text(rows, path))
    return ExecutedJob(job.id, logs=[f"Wrote the summary to {written.path}"], model=written)


def _table_at(ctx: mason.Context, path: Path, headers: bool, *, schema: bool = True) -> models.Table:
    """The table at a path: that of the metastore where the path stands for one."""
    read_headers = True if headers else None
    if path.source:
        return ctx.metastore.get_table(*path.source, read_headers=read_headers, schema=schema)
    return ctx.storage.infer_table(path.full_path(), read_headers=read_headers)


def _job(answered: Any) -> models.Job:
    assert isinstance(answered, models.Job), "an engine answers with a job where there is an output"
    return answered


SHOWN = 100
"""How many rows a job keeps whose query has no output, as many as ``table query`` shows."""
_VERBS: Mapping[type, Callable[[mason.Context, Any], ExecutedJob]] = {
    QueryJob: _query,
    FormatJob: _format,
    InferJob: _infer,
    MergeJob: _merge,
    PreviewJob: _preview,
    SummaryJob: _summary,
}


class ExecutionOf10x(ExecutionClient):
    """Verbs as 1.0x has them: a kind of job and its parameters go in, the response comes out."""

    def run_job(  # type: ignore[override]  # 1.0x names the kind of job
        self, job_type: str, credentials: Any, parameters: Mapping[str, Any], response: Response
    ) -> Response:
        """Do a ``query`` or a ``merge``."""
        try:
            if job_type == "query":
                sql = str(parameters["query_string"])
                table = self._named_in(sql, str(parameters["database_name"]))
                done = self._ctx.execution.query_job(sql, table=table, limit=SHOWN)
            elif job_type == "merge":
                table = self._ctx.storage.infer_table(parameters["input_path"])
                done = self._ctx.execution.merge(table, output=parameters["output_path"])
            else:
                raise OperatorError(f"A job of the kind {job_type} of Mason 1.0x cannot be run.")
        except NO_ANSWER:
            raise
        except EngineError as error:
            response.add_error(str(error))
            return response
        return _executed(done).to_response(response)

    def _named_in(self, sql: str, database: str) -> models.Table | None:
        """A table that a query names, whose database is that of the others."""
        names = [each.name for each in self._ctx.metastore.list_tables(database)]
        named = next((name for name in names if re.search(rf"\b{re.escape(name)}\b", sql)), None)
        return self._ctx.metastore.get_table(database, named) if named is not None else None

    def get_job(self, job_id: str, response: Response | None = None) -> Any:
        """The response with the job."""
        found, response = super().get_job(job_id, response)
        return found.to_response(response)
