"""The execution engine of ``athena``: statements that are answered at once (:mod:`awaited`), or handed over as jobs
(:mod:`statement_jobs`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from contextvars import copy_context
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from mason.clients._jobs import is_done
from mason.clients._statements.statement_verbs import Parts, Prepare, StatementVerbs
from mason.clients._statements.table_targets import SCHEME, is_table
from mason.clients._tables import requests
from mason.clients.athena import AthenaClient
from mason.clients.athena.made_here import id_of, is_made_here
from mason.engines import checking
from mason.engines.capabilities import Capabilities, FileFormat
from mason.engines.file_urls import scheme_of
from mason.engines.jobs import OPEN, Handover, Token
from mason.engines.models import Job, Rows, Schema, Table
from mason.errors import EngineError, NotFoundError

if TYPE_CHECKING:
    from mason.clients._aws.buckets import Buckets
    from mason.clients._statements.asked import Relation, Statement
    from mason.clients.athena.awaited import Answers
    from mason.clients.athena.checked_outputs import CheckedOutputs
    from mason.clients.athena.group_tables import GroupTables
    from mason.clients.athena.made_here import MadeHere
    from mason.clients.athena.statement_jobs import Selects, StatementJobs
    from mason.clients.athena.statement_requests import Statements
    from mason.clients.athena.written_sql import WrittenSql
    from mason.engines.checking import Asked

_PARQUET = ("snappy", "gzip", "zstd", "none")
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
            "plan_merge",
            "merge",
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
        schemes=("s3", SCHEME),
        checks=True,
    )
    handover = Handover(elsewhere=True)
    connection: AthenaClient

    @cached_property
    def statements(self) -> Statements:
        """What makes the requests."""
        from mason.clients.athena.statement_requests import Statements

        return Statements(self.connection.aws, self.connection.configuration)

    @cached_property
    def answers(self) -> Answers:
        """What waits for statements."""
        from mason.clients.athena.awaited import Answers

        return Answers(self.statements, self.connection.configuration)

    @cached_property
    def jobs(self) -> StatementJobs:
        """What hands statements over."""
        from mason.clients._glue_catalog.catalog_requests import GlueCatalog
        from mason.clients.athena.publishing import Publisher
        from mason.clients.athena.statement_jobs import StatementJobs
        from mason.clients.athena.table_outputs import TableOutputs

        catalog = GlueCatalog(self.connection.aws, str(self.connection.configuration.get("catalog_id", "")))
        publisher = Publisher(self.buckets, self.statements.location)
        tables = TableOutputs(self.connection, self.buckets, catalog)
        return StatementJobs(
            self.capabilities, self.statements, self.answers, publisher, tables, self.groups, self.checked
        )

    @cached_property
    def checked(self) -> CheckedOutputs:
        """What looks at outputs before they are published."""
        from mason.clients.athena.checked_outputs import CheckedOutputs

        return CheckedOutputs(self.here)

    @cached_property
    def groups(self) -> GroupTables:
        """What makes tables of files that differ."""
        from mason.clients._glue_catalog.catalog_requests import GlueCatalog
        from mason.clients.athena.group_tables import GroupTables

        return GroupTables(GlueCatalog(self.connection.aws, str(self.connection.configuration.get("catalog_id", ""))))

    @cached_property
    def buckets(self) -> Buckets:
        """The requests to S3."""
        from mason.clients._aws.buckets import Buckets

        return Buckets(self.connection.aws)

    @cached_property
    def here(self) -> MadeHere:
        """What does on this machine what Athena cannot."""
        from mason.clients.athena.made_here import MadeHere

        return MadeHere(self.connection, self.buckets, self.statements.location)

    @cached_property
    def written(self) -> WrittenSql:
        """What makes statements of what verbs are given."""
        from mason.clients.athena.written_sql import WrittenSql

        return WrittenSql(self.connection)

    def preview(self, table: Table, *, limit: int = 10) -> Rows:
        """Some rows of a table."""
        requests.read(self, "preview", {"table": table, "limit": limit})
        name = self.written.name_of(table)
        return self.answers.rows(f"SELECT * FROM {name} LIMIT {limit + 1}", table.database, limit)

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
        asked = {"sql": sql, "table": table, "output": output, "format": format, "overwrite": overwrite, "limit": limit}
        request = requests.read(self, "query", asked)
        found = self.written.query(sql, table, dialect=dialect, trust=trust)
        database = table.database if table is not None else ""
        self._guard("query", {"sql": sql, "table": table, "dialect": dialect})
        if request.output is None:
            return self.answers.rows(found.text, database, limit, found.columns)
        return self._write(found.text, request.output, "execution.query", database)

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
            "table": table,
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
        parts = (lambda _: self._parts(select, keys, table.database)) if keys else select
        return self._write(parts, request.output, "execution.format", table.database)

    def _parts(self, select: str, keys: Sequence[str], database: str) -> list[str]:
        from mason.clients.athena.partition_parts import distinct_values, parts_of

        return parts_of(select, keys, self.answers.rows(distinct_values(select, keys), database).rows)

    def plan_merge(self, table: Table, *, allow_text: bool = False, extract_paths: bool = False) -> Rows:
        """By the lattice of types that every client has, with what Athena changes besides."""
        from mason.clients._tables.merging import planned

        return planned(self.here.drifted(table, allow_text=allow_text, extract_paths=extract_paths).changes)

    def merge(
        self,
        table: Table,
        *,
        output: str,
        format: str | None = None,
        allow_text: bool = False,
        extract_paths: bool = False,
        overwrite: bool = False,
    ) -> Job:
        """By statements over a table for each group of files with the same columns; on this machine, as client
        ``local`` does it, what Athena is not known to read so."""
        asked = {"table": table, "output": output, "format": format, "overwrite": overwrite}
        request = requests.read(self, "merge", asked)
        assert request.output is not None, "it is required"
        self._check_place(request.output)
        found = self.here.drifted(table, allow_text=allow_text, extract_paths=extract_paths)
        if found.groups:
            self.written.name_of(table)
            self.here.check_apart(found.reader, request.output)
            self._guard("merge", {"table": table})
            return self._write(
                lambda digest: self.groups.make(found, table, digest),
                request.output,
                "execution.merge",
                table.database,
                groups=len(found.groups),
            )
        if is_table(request.output.path):
            raise EngineError(
                f"Athena does not merge these files, because {found.why}, and what is merged on this machine becomes "
                f"files: give the path of a file or folder instead of {output}, and register it with table infer."
            )
        return self.here.merge(found, request.output)

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
        if is_table(request.output.path):
            raise EngineError(
                f"Rows that are made up become files: give the path of a file or folder instead of {output}, and "
                "register it with table infer."
            )
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
        self.answers.rows(f"EXPLAIN {text}", table.database if table is not None else "", 0)

    def get_job(self, job_id: str) -> Job:
        """A job as it is now. What a job wrote is put in its place by who sees first that it has succeeded."""
        if is_made_here(job_id):
            return self.here.job(job_id)
        return self.jobs.get(job_id)

    def find_job(self, token: str) -> Job:
        """The job that was submitted under a token."""
        try:
            wanted = Token.parse(token)
        except ValueError as error:
            raise NotFoundError(f"There is no job {token}.") from error
        with suppress(NotFoundError):
            return self.here.job(id_of(wanted.digest))
        return self.jobs.find(wanted)

    def cancel_job(self, job_id: str) -> Job:
        """Stop the statements of a job."""
        job = self.get_job(job_id)
        if job.status not in OPEN:
            raise is_done(job)
        self.jobs.stop(job_id)
        return self.get_job(job_id)

    @contextmanager
    def _reading(self) -> Iterator[AthenaReading]:
        yield AthenaReading(self)

    def _written(self, verb: str, asked: Mapping[str, Any], prepare: Prepare) -> Job:
        request = requests.read(self, verb, asked)
        assert request.output is not None, "these verbs have one"
        with self._reading() as reading:
            prepared = prepare(reading, request)
            facts = {name: reading.ask([each])[0].rows[0][0] for name, each in prepared.facts.items()}
        text = self.written.statement(prepared.statement).text
        return self._write(text, request.output, f"execution.{verb}", "", rows_in=facts.get("rows_in"))

    def _write(
        self,
        selects: str | Selects,
        output: requests.Output,
        verb: str,
        database: str,
        *,
        rows_in: int | None = None,
        groups: int = 0,
    ) -> Job:
        self._check_place(output)
        return self.jobs.write(selects, output, verb, database, rows_in=rows_in, groups=groups)

    def check_table(self, table: Table, asked: Asked) -> list[dict[str, Any]]:
        """On this machine, as client ``local`` reads the files."""
        return self.checked.published(table, asked)

    def _check_place(self, output: requests.Output) -> None:
        if scheme_of(output.path) not in self.capabilities.schemes:
            raise EngineError(f"Client {self.client} writes to s3:// URLs, and {output.path!r} is none.")
        if checking.asked() is not None:
            from mason.clients._duckdb.writing.checked import refuse_other_tables

            refuse_other_tables(self.here.limits, self.client)

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
        """Groups of files are tables of their own here (:meth:`AthenaExecution.merge`)."""
        raise self._execution.lacks("merge")

    def ask(self, statements: Sequence[Statement]) -> Sequence[Rows]:
        """The answers of statements, several of which run at once."""
        written = self._execution.written
        found = [written.statement(each) for each in statements]
        with ThreadPoolExecutor(min(_AT_ONCE, len(found)) or 1) as pool:
            asked = [
                pool.submit(copy_context().run, self._execution.answers.rows, each.text, "", None, each.columns)
                for each in found
            ]
            try:
                answers = [each.result() for each in asked]
                self.scanned += sum(each.cost["bytes_scanned"] for each in answers)
                return answers
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
