"""The execution engine of ``trino``: statements that are answered at once, or handed over as jobs that make tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from mason.clients._jobs import is_done
from mason.clients._statements.asked import Relation
from mason.clients._statements.statement_verbs import Parts, Prepare, StatementVerbs
from mason.clients._statements.table_targets import SCHEME
from mason.clients._tables import requests
from mason.clients.trino import TrinoClient
from mason.clients.trino.trino_names import SCHEMES
from mason.engines.capabilities import Capabilities, FileFormat
from mason.engines.execution import Execution
from mason.engines.jobs import OPEN, Handover, Token
from mason.engines.models import Job, Rows, Table
from mason.errors import EngineError, NotFoundError

if TYPE_CHECKING:
    from mason.clients._statements.asked import Statement
    from mason.clients.trino.table_jobs import TableJobs
    from mason.clients.trino.trino_queries import TrinoQueries
    from mason.sql.translations import Translation

# A coordinator queues what is more than its resource groups allow.
_AT_ONCE = 4


class TrinoExecution(StatementVerbs):
    """Statements are Trino's own SQL in the end; what is written in DuckDB's is translated first."""

    supports: ClassVar[frozenset[str]] = frozenset(
        {"preview", "summarize", "query", "format", "dedupe", "get_job", "find_job", "cancel_job"}
    )
    capabilities: ClassVar[Capabilities] = Capabilities(
        writes=tuple(FileFormat(name, folders=True, files=False) for name in ("parquet", "orc", "avro", "jsonl")),
        dialect="trino",
        longest_name=128,
        name_case="lower",
        time_digits=6,
        schemes=(SCHEME, *SCHEMES),
    )
    handover = Handover(elsewhere=True)
    connection: TrinoClient
    # A table of Trino's has one schema: there is nothing to be looked at.
    merge = Execution.merge
    plan_merge = Execution.plan_merge

    @cached_property
    def queries(self) -> TrinoQueries:
        """What makes statements of what verbs are given."""
        from mason.clients.trino.trino_queries import TrinoQueries

        return TrinoQueries(self.connection)

    @cached_property
    def jobs(self) -> TableJobs:
        """What hands statements over."""
        from mason.clients.trino.table_jobs import TableJobs

        return TableJobs(self.connection)

    def preview(self, table: Table, *, limit: int = 10) -> Rows:
        """Some rows of a table."""
        requests.read(self, "preview", {"table": table, "limit": limit})
        sql = f"SELECT * FROM {self.queries.name_of(table)} LIMIT {limit + 1}"
        return self.connection.answers.rows(sql, doing=f"read {table.database}.{table.name}", limit=limit)

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
        """Rows, or the job that makes a table of them."""
        asked = {"sql": sql, "table": table, "output": output, "format": format, "overwrite": overwrite, "limit": limit}
        request = requests.read(self, "query", asked)
        found = self.queries.query(sql, table, dialect=dialect, trust=trust)
        within = self.queries.place_of(table) if table is not None and table.database else None
        if request.output is not None:
            return self.jobs.write(found.text, request.output, "execution.query", format=format, within=within)
        try:
            return self.connection.answers.rows(found.text, limit=limit, told=found.columns, within=within)
        except NotFoundError as error:
            raise self.queries.explained(error, table) from error

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
        """The job that makes another table of one; its columns by which it is divided come last."""
        if partitions is not None or compression is not None:
            what = "partitions" if partitions is not None else "compression"
            raise EngineError(
                f"Client {self.client} cannot say {what}: how many files there are, and how they are compressed, the "
                f"catalog decides. Leave {what} out."
            )
        return super().format(
            table,
            output=output,
            format=format,
            partition_columns=partition_columns,
            filter_columns=filter_columns,
            sample_size=sample_size,
            overwrite=overwrite,
        )

    def get_job(self, job_id: str) -> Job:
        """A job as it is now. What it made gets its name by who sees first that it has succeeded."""
        return self.jobs.get(job_id)

    def find_job(self, token: str) -> Job:
        """The job that was submitted under a token."""
        try:
            wanted = Token.parse(token)
        except ValueError as error:
            raise NotFoundError(f"There is no job {token}.") from error
        return self.jobs.find(wanted)

    def cancel_job(self, job_id: str) -> Job:
        """Have Trino stop the query of a job."""
        job = self.get_job(job_id)
        if job.status not in OPEN:
            raise is_done(job)
        return self.jobs.stop(job_id)

    @contextmanager
    def _reading(self) -> Iterator[TrinoReading]:
        yield TrinoReading(self)

    def _written(self, verb: str, asked: Mapping[str, Any], prepare: Prepare) -> Job:
        request = requests.read(self, verb, asked)
        assert request.output is not None, "these verbs have one"
        reading = TrinoReading(self, last=request.output.partition_columns)
        prepared = prepare(reading, request)
        text = reading.translated(prepared.statement).text
        self.jobs.check(request.output)
        facts = {name: reading.ask([each])[0].rows[0][0] for name, each in prepared.facts.items()}
        return self.jobs.write(
            text,
            request.output,
            f"execution.{verb}",
            format=asked.get("format"),
            rows_in=facts.get("rows_in"),
        )


class TrinoReading:
    """Tables for the statements of one verb, under names of their own; the columns ``last`` come behind the others, as
    Hive's tables have those that divide them."""

    def __init__(self, execution: TrinoExecution, *, last: Sequence[str] = ()) -> None:
        self._execution = execution
        self._last = last
        self._places: dict[str, str] = {}

    def relation(self, table: Table) -> Relation:
        """A table of a catalog."""
        name = f"source_{len(self._places)}"
        self._places[name] = self._execution.queries.name_of(table)
        found = self._execution.queries.relation(table, name)
        kinds = dict(found.columns)
        first = [each for each in found.columns if each[0] not in self._last]
        return Relation((*first, *((each, kinds[each]) for each in self._last if each in kinds)), name)

    def parts(self, table: Table, *, allow_text: bool, extract_paths: bool) -> Parts:
        """Files are not looked at here."""
        raise self._execution.lacks("merge")

    def translated(self, statement: Statement) -> Translation:
        """A statement in Trino's words. Raises ``EngineError`` where Trino is not known to answer the same."""
        return self._execution.queries.statement(statement, self._places)

    def ask(self, statements: Sequence[Statement]) -> Sequence[Rows]:
        """The answers of statements, several of which run at once. What can be refused is refused before the first."""
        found = [(each, self.translated(each)) for each in statements]
        answers = self._execution.connection.answers

        def asked(statement: Statement, translation: Translation) -> Rows:
            return answers.rows(translation.text, doing=statement.work, told=translation.columns)

        with ThreadPoolExecutor(min(_AT_ONCE, len(found)) or 1) as pool:
            going_on = [pool.submit(copy_context().run, asked, one, text) for one, text in found]
            try:
                return [each.result() for each in going_on]
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
