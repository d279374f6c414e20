"""The execution engine of ``athena``: statements that are answered at once, or handed over as jobs.

The id of a job is that of its execution at Athena; of a job of several statements, all of them with ``+`` between.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from contextvars import copy_context
from dataclasses import replace
from datetime import datetime, timezone
from functools import cached_property
from threading import Event
from typing import TYPE_CHECKING, Any, ClassVar

from mason.clients._jobs import is_done, iso
from mason.clients._statements.statement_verbs import Parts, Prepare, StatementVerbs
from mason.clients._tables import requests
from mason.clients.athena import AthenaClient
from mason.clients.athena.made_here import id_of, is_made_here
from mason.clients.athena.marks import Mark, mark_of
from mason.clients.athena.result_rows import rows_of, schema_of, with_whole_numbers
from mason.engines import interrupts
from mason.engines.capabilities import Capabilities, FileFormat
from mason.engines.execution import Execution
from mason.engines.file_urls import scheme_of
from mason.engines.jobs import OPEN, Handover, Token, submission
from mason.engines.models import Job, Rows, Schema, Table
from mason.errors import CancelledError, EngineError, JobFailedError, NotFoundError

if TYPE_CHECKING:
    from mason.clients._statements.asked import Relation, Statement
    from mason.clients.athena.made_here import MadeHere
    from mason.clients.athena.publishing import Publisher
    from mason.clients.athena.statement_requests import Statements
    from mason.clients.athena.written_sql import WrittenSql
    from mason.sql.translations import Column

_STATUS = {
    "QUEUED": "queued",
    "RUNNING": "running",
    "SUCCEEDED": "succeeded",
    "FAILED": "failed",
    "CANCELLED": "cancelled",
}
_PARQUET = ("snappy", "gzip", "zstd", "none")
# How UNLOAD calls the formats, and what the files of each end with.
_UNLOADED = {"parquet": ("PARQUET", "parquet"), "jsonl": ("JSON", "jsonl.gz")}
_LONGEST_PAUSE = 5.0
# Athena runs twenty at once for an account, or more.
_AT_ONCE = 4


class AthenaExecution(StatementVerbs):
    """Statements are Athena's own SQL in the end; what is written in DuckDB's is translated first."""

    supports: ClassVar[frozenset[str]] = frozenset(
        {
            "preview",
            "summarize",
            "query",
            "format",
            "dedupe",
            "fake",
            "estimate",
            "get_job",
            "find_job",
            "cancel_job",
        }
    )
    capabilities: ClassVar[Capabilities] = Capabilities(
        reads=(
            FileFormat("csv", ("gzip", "none"), folders=True, files=False),
            FileFormat("json", ("gzip", "none"), folders=True, files=False),
            FileFormat("parquet", _PARQUET, folders=True, files=False),
        ),
        writes=(
            FileFormat("csv"),
            FileFormat("parquet", _PARQUET, folders=True, files=False),
            FileFormat("jsonl", ("gzip",), folders=True, files=False),
        ),
        dialect="athena",
        longest_name=255,
        name_case="lower",
        time_digits=3,
        schemes=("s3",),
    )
    handover = Handover(elsewhere=True)
    connection: AthenaClient
    # The files of a table of the catalog have one schema: there is nothing to be looked at.
    merge = Execution.merge
    plan_merge = Execution.plan_merge

    @cached_property
    def statements(self) -> Statements:
        """What makes the requests."""
        from mason.clients.athena.statement_requests import Statements

        return Statements(self.connection.aws, self.connection.configuration)

    @cached_property
    def publisher(self) -> Publisher:
        """What puts files in their place."""
        from mason.clients._aws.buckets import Buckets
        from mason.clients.athena.publishing import Publisher

        return Publisher(Buckets(self.connection.aws), self.statements.location)

    @cached_property
    def here(self) -> MadeHere:
        """What does on this machine what Athena cannot."""
        from mason.clients._aws.buckets import Buckets
        from mason.clients.athena.made_here import MadeHere

        return MadeHere(self.connection, Buckets(self.connection.aws), self.statements.location)

    @cached_property
    def written(self) -> WrittenSql:
        """What makes statements of what verbs are given."""
        from mason.clients.athena.written_sql import WrittenSql

        return WrittenSql(self.connection)

    def preview(self, table: Table, *, limit: int = 10) -> Rows:
        """Some rows of a table."""
        requests.read(self, "preview", {"table": table, "limit": limit})
        name = self.written.name_of(table)
        return self._answer(f"SELECT * FROM {name} LIMIT {limit + 1}", table.database, limit)

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
        """Rows, or the job that writes them: as a CSV file, or in a folder by UNLOAD."""
        asked = {"sql": sql, "output": output, "format": format, "overwrite": overwrite, "limit": limit}
        request = requests.read(self, "query", asked)
        found = self.written.query(sql, table, dialect=dialect, trust=trust)
        database = table.database if table is not None else ""
        self._guard("query", {"sql": sql, "table": table, "dialect": dialect})
        if request.output is None:
            return self._answer(found.text, database, limit, found.columns)
        return self._write([found.text], request.output, "execution.query", database)

    def summarize(
        self,
        table: Table,
        *,
        columns: Sequence[str] | None = None,
        exact: bool = True,
        top_values: int = 0,
        histogram: int = 0,
    ) -> Rows:
        """By statements for each column, several at once, whose costs are added up."""
        from mason.clients._statements.summarizing import summarize
        from mason.clients._tables.summaries import check

        check(top_values, histogram)
        reading = AthenaReading(self)
        rows = summarize(
            reading.ask,
            reading.relation(table),
            columns=columns,
            exact=exact,
            top_values=top_values,
            histogram=histogram,
        )
        return replace(rows, cost={"bytes_scanned": reading.scanned})

    def format(
        self,
        table: Table,
        *,
        output: str,
        format: str | None = None,
        partition_columns: Sequence[str] = (),
        filter_columns: Sequence[str] = (),
        partitions: int | None = None,
        compression: str | None = None,
        sample_size: int | None = None,
        overwrite: bool = False,
    ) -> Job:
        """The job that writes a table anew: an UNLOAD for each hundred partitions, whose values are asked for first."""
        asked = {
            "output": output,
            "format": format,
            "partition_columns": partition_columns,
            "filter_columns": filter_columns,
            "partitions": partitions,
            "compression": compression,
            "sample_size": sample_size,
            "overwrite": overwrite,
        }
        request = requests.read(self, "format", asked)
        assert request.output is not None, "it is required"
        if partitions is not None:
            raise EngineError(
                f"Client {self.client} cannot say how many files there will be: Athena writes as many as it likes. "
                "Leave partitions out."
            )
        self._guard("format", {"table": table})
        keys = request.output.partition_columns
        select = self.written.converted(table, request.filter_columns, keys, request.sample_size)
        texts = [select] if not keys else self._parts(select, keys, table.database)
        return self._write(texts, request.output, "execution.format", table.database)

    def _parts(self, select: str, keys: Sequence[str], database: str) -> list[str]:
        from mason.clients.athena.partition_parts import distinct_values, parts_of

        return parts_of(select, keys, self._answer(distinct_values(select, keys), database, None).rows)

    def fake(
        self,
        schema: Schema | Mapping[str, Any] | Table,
        *,
        size: int,
        output: str,
        seed: int = 0,
        format: str | None = None,
        overwrite: bool = False,
    ) -> Job:
        """Made on this machine, as client ``local`` makes them, and uploaded: the job has ended when it answers."""
        asked = {
            "schema": schema,
            "size": size,
            "output": output,
            "seed": seed,
            "format": format,
            "overwrite": overwrite,
        }
        request = requests.read(self, "fake", asked)
        assert request.output is not None, "it is required"
        self._check_place(request.output)
        return self.here.fake(schema if isinstance(schema, Table) else None, request)

    def estimate(self, call: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """How many bytes the files have that a call would read at most: ``bytes_scanned``."""
        found = self._bytes(call, arguments)
        if self.connection.configuration.get("explain") and call == "query":
            self.explain(str(arguments.get("sql", "")), arguments.get("table"), str(arguments.get("dialect", "duckdb")))
        return {} if found is None else {"bytes_scanned": found}

    def explain(self, sql: str, table: Table | None, dialect: str) -> None:
        """Have Athena check a query, which costs nothing. Raises ``EngineError`` with what it says."""
        text = self.written.query(sql, table, dialect=dialect, trust=True).text
        self._answer(f"EXPLAIN {text}", table.database if table is not None else "", 0)

    def get_job(self, job_id: str) -> Job:
        """A job as it is now. What a job wrote is put in its place by who sees first that it has succeeded."""
        if is_made_here(job_id):
            return self.here.job(job_id)
        return self._job(job_id, [self.statements.look(each) for each in job_id.split("+")])

    def find_job(self, token: str) -> Job:
        """The job that was submitted under a token."""
        try:
            wanted = Token.parse(token)
        except ValueError as error:
            raise NotFoundError(f"There is no job {token}.") from error
        with suppress(NotFoundError):
            return self.here.job(id_of(wanted.digest))
        found = self.statements.find(wanted.digest, since=_began(wanted.run_id))
        mark = mark_of(found[0]["Query"]) if found else None
        if mark is None or len(found) < mark.parts:
            raise NotFoundError(f"Nothing was submitted under {token}, or not all of it.")
        return self._job("+".join(each["QueryExecutionId"] for each in found), found)

    def cancel_job(self, job_id: str) -> Job:
        """Stop the statements of a job."""
        job = self.get_job(job_id)
        if job.status not in OPEN:
            raise is_done(job)
        for each in job_id.split("+"):
            self.statements.stop(each)
        return self.get_job(job_id)

    @contextmanager
    def _reading(self) -> Iterator[AthenaReading]:
        yield AthenaReading(self)

    def _written(self, verb: str, asked: Mapping[str, Any], prepare: Prepare) -> Job:
        request = requests.read(self, verb, asked)
        assert request.output is not None, "these verbs have one"
        with self._reading() as reading:
            prepared = prepare(reading, request)
        text = self.written.statement(prepared.statement).text
        return self._write([text], request.output, f"execution.{verb}", "", rows_in=prepared.told.get("rows_in"))

    # Answers

    def _answer(self, sql: str, database: str, limit: int | None, told: Sequence[Column] = ()) -> Rows:
        """The rows of a statement, which is waited for and stopped when nobody waits any more. ``told`` are the columns
        that it has in DuckDB."""
        execution_id = self.statements.start(sql, database=database, reuse=True)
        execution = self._waited(execution_id)
        status = execution["Status"]
        if status["State"] != "SUCCEEDED":
            job = self._job(execution_id, [execution])
            raise JobFailedError(f"Athena did not answer the query: {job.reason or job.status}.", job.to_dict())
        described, rows = self.statements.rows(execution, None if limit is None else limit + 1)
        more = limit is not None and len(rows) > limit
        found = rows_of(schema_of(described), rows[:limit], more=more, cost=_cost([execution]))
        return with_whole_numbers(found, [each.type.name == "HUGEINT" for each in told])

    def _waited(self, execution_id: str) -> Mapping[str, Any]:
        work, given_up = interrupts.current(), Event()
        if work is not None:
            work.add(given_up.set)
        pause = 0.1
        try:
            while True:
                found = self.statements.look(execution_id)
                if found["Status"]["State"] not in ("QUEUED", "RUNNING"):
                    return found
                if scanned := self._stop_where_too_much(execution_id, found):
                    raise EngineError(
                        f"Query {execution_id} was stopped: it had scanned {scanned:,} bytes, more than "
                        f"max_bytes_scanned of client {self.client}."
                    )
                if given_up.wait(pause):
                    raise CancelledError(f"Query {execution_id} was stopped: nobody waits for it any more.")
                pause = min(pause * 1.5, _LONGEST_PAUSE)
        except BaseException as error:
            # Ctrl-C too: what is scanned for nobody costs all the same.
            if not isinstance(error, EngineError):
                with suppress(EngineError):
                    self.statements.stop(execution_id)
            raise
        finally:
            if work is not None:
                work.discard(given_up.set)

    # Jobs

    def _write(
        self, texts: Sequence[str], output: requests.Output, verb: str, database: str, *, rows_in: int | None = None
    ) -> Job:
        """Hand over statements whose rows are written to ``output``: several of them write parts of one folder."""
        self._check_place(output)
        token = submission()
        digest = token.digest if token is not None else uuid.uuid4().hex * 2
        self.publisher.check(output.path, folder=output.folder, overwrite=output.overwrite)
        known = self.statements.find(digest) if token is not None and len(texts) > 1 else []
        ids = {mark.part: each["QueryExecutionId"] for each in known if (mark := mark_of(each["Query"]))}
        for part, text in enumerate(texts, start=1):
            if part not in ids:
                mark = replace(self._mark(digest, verb, output, part, len(texts)), rows_in=rows_in)
                sql = self._unloading(text, output, mark) if mark.staging else text
                ids[part] = self.statements.start(sql, database=database, mark=mark)
        chosen = [ids[part] for part in sorted(ids)]
        return self._job("+".join(chosen), [self.statements.look(each) for each in chosen])

    def _check_place(self, output: requests.Output) -> None:
        if scheme_of(output.path) != "s3":
            raise EngineError(f"Client {self.client} writes to s3:// URLs, and {output.path!r} is none.")

    def _mark(self, digest: str, verb: str, output: requests.Output, part: int, parts: int) -> Mark:
        ending, staging = "", ""
        if output.folder:
            ending = _UNLOADED[output.format][1]
            staging = f"{self.statements.location}mason/{digest[:32]}/"
        path = output.path.rstrip("/")
        return Mark(digest, verb, path, output.format, ending, staging, output.overwrite, part, parts)

    def _unloading(self, sql: str, output: requests.Output, mark: Mark) -> str:
        name, _ = _UNLOADED[output.format]
        compression = output.compression or next(
            each.compressions[0] for each in self.capabilities.writes if each.name == output.format
        )
        options = [f"format = '{name}'", f"compression = '{compression.upper()}'"]
        if output.partition_columns:
            columns = ", ".join(_text(each.lower()) for each in output.partition_columns)
            options.append(f"partitioned_by = ARRAY[{columns}]")
        return f"UNLOAD (\n{sql}\n)\nTO {_text(f'{mark.staging}{mark.part:05}/')}\nWITH ({', '.join(options)})"

    def _job(self, job_id: str, executions: Sequence[Mapping[str, Any]]) -> Job:
        states = [each["Status"]["State"] for each in executions]
        # The worst of several: one that failed is no success of the others.
        state = next((each for each in ("FAILED", "CANCELLED", "RUNNING", "QUEUED") if each in states), "SUCCEEDED")
        mark = mark_of(executions[0].get("Query", ""))
        status = _STATUS[state]
        if status in OPEN:
            for each in executions:
                self._stop_where_too_much(each["QueryExecutionId"], each)
        elif state != "SUCCEEDED":
            for each in executions:
                if each["Status"]["State"] in ("RUNNING", "QUEUED"):
                    self.statements.stop(each["QueryExecutionId"])
        said: Mapping[str, Any] = next((each["Status"] for each in executions if each["Status"]["State"] == state), {})
        result: Mapping[str, Any] = {}
        if status == "succeeded":
            result = self._result(job_id, mark, executions)
        return Job(
            job_id,
            status,
            mark.verb if mark else "execution.query",
            result=dict(result),
            submitted=_time(executions[0], "SubmissionDateTime"),
            finished="" if status in OPEN else max(_time(each, "CompletionDateTime") for each in executions),
            engine=self.role,
            reason=str(said.get("StateChangeReason") or ("Athena gave no reason." if status == "failed" else "")),
            cost=_cost(executions),
        )

    def _result(self, job_id: str, mark: Mark | None, executions: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
        if mark is None:
            return {"query": job_id}
        found = self.publisher.published(job_id)
        if found is not None:
            return found
        facts: dict[str, Any] = {}
        if not mark.staging:
            columns = schema_of(self.statements.columns(executions[0]["QueryExecutionId"])).columns
            facts["schema"] = [column.to_dict() for column in columns]
        counts = [self.statements.rows_written(each["QueryExecutionId"]) for each in executions]
        if None not in counts:
            facts["rows"] = sum(each for each in counts if each is not None)
        if mark.rows_in is not None:
            facts["rows_in"] = mark.rows_in
            if "rows" in facts:
                facts["removed"] = mark.rows_in - facts["rows"]
        return self.publisher.publish(job_id, mark, executions, facts)

    # Costs

    def _bytes(self, call: str, arguments: Mapping[str, Any]) -> int | None:
        from mason.clients.athena.scan_costs import bytes_read

        return bytes_read(self.connection, self.written, call, arguments)

    def _guard(self, call: str, arguments: Mapping[str, Any]) -> None:
        """Raises ``EngineError`` for a call that may scan more than the config allows, before it is submitted."""
        most = self.connection.configuration.get("max_bytes_scanned")
        if most is None:
            return
        found = self._bytes(call, arguments)
        if found is not None and found > most:
            raise EngineError(
                f"The query may scan {found:,} bytes, and max_bytes_scanned of client {self.client} is {most:,}. Ask "
                "for fewer partitions, write the table as parquet, or raise the limit. Nothing was submitted."
            )

    def _stop_where_too_much(self, execution_id: str, execution: Mapping[str, Any]) -> int:
        """Stop an execution that has scanned more than the config allows; how many bytes these are, else 0."""
        most = self.connection.configuration.get("max_bytes_scanned")
        scanned = (execution.get("Statistics") or {}).get("DataScannedInBytes") or 0
        if most is None or scanned <= most:
            return 0
        self.statements.stop(execution_id)
        return int(scanned)


class AthenaReading:
    """Tables for the statements of one verb, whose costs are added up."""

    def __init__(self, execution: AthenaExecution) -> None:
        self._execution = execution
        self.scanned = 0

    def relation(self, table: Table) -> Relation:
        """A table of the catalog, which is read whole. Raises ``EngineError`` where that is more than allowed."""
        self._execution._guard("format", {"table": table})
        return self._execution.written.relation(table)

    def parts(self, table: Table, *, allow_text: bool, extract_paths: bool) -> Parts:
        """Files are not looked at here."""
        raise self._execution.lacks("merge")

    def ask(self, statements: Sequence[Statement]) -> Sequence[Rows]:
        """The answers of statements, several of which run at once."""
        written = self._execution.written
        found = [written.statement(each) for each in statements]
        with ThreadPoolExecutor(min(_AT_ONCE, len(found)) or 1) as pool:
            asked = [
                pool.submit(copy_context().run, self._execution._answer, each.text, "", None, each.columns)
                for each in found
            ]
            try:
                answers = [each.result() for each in asked]
                self.scanned += sum(each.cost["bytes_scanned"] for each in answers)
                return answers
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise


def _cost(executions: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    told = [each.get("Statistics") or {} for each in executions]
    cost: dict[str, Any] = {"bytes_scanned": sum(each.get("DataScannedInBytes") or 0 for each in told)}
    seconds = sum(each.get("TotalExecutionTimeInMillis") or 0 for each in told) / 1000
    return {**cost, "seconds": seconds} if seconds else cost


def _time(execution: Mapping[str, Any], name: str) -> str:
    found = execution["Status"].get(name)
    return iso(found) if isinstance(found, datetime) else ""


def _began(run_id: str) -> float:
    """When a run began, which its id says, in seconds of the epoch; 0 where it does not. A clock may be wrong by an
    hour."""
    try:
        found = datetime.strptime(run_id.partition(".")[0], "%Y%m%dT%H%M%S")
    except ValueError:
        return 0.0
    return found.replace(tzinfo=timezone.utc).timestamp() - 3600


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
