"""An execution engine over files, by DuckDB in this process; clients say where tables are and where jobs are kept."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from mason.clients._duckdb.abilities import WORKING
from mason.clients._jobs import is_done, now, succeeded
from mason.engines.capabilities import Capabilities
from mason.engines.execution import Execution
from mason.engines.models import Job, Rows, Schema, Table
from mason.errors import EngineError, NotFoundError

# Readers and writers are imported where they are used: planning asks what a client supports, and a table is looked at
# without any of them.
if TYPE_CHECKING:
    from mason.clients._duckdb.connection import Limits
    from mason.clients._duckdb.reading.readers import Source
    from mason.clients._duckdb.reading.schemas import Merging
    from mason.clients._duckdb.root import Root
    from mason.clients._duckdb.writing.outputs import Placed
    from mason.clients._tables.requests import Request
    from mason.engines.checking import Asked


class Tables(Protocol):
    """Where tables are, for as long as one verb lasts."""

    @property
    def root(self) -> Root:
        """The folder that the files of tables are in, and that outputs go to."""
        ...

    @property
    def limits(self) -> Limits:
        """What DuckDB may use."""
        ...

    def source(self, table: Table, *, whole: bool = True, merging: Merging | None = None) -> Source:
        """What reads a table, from its beginning or ``whole``, with files that may differ or not.

        Raises the ``EngineError`` that says why nothing can.
        """
        ...

    def named_in_sql(self, database: str, name: str) -> Source | NotFoundError:
        """What reads a table that a statement names, or the error that says what there is instead."""
        ...


class DuckDBExecution(Execution):
    """Each question gets a DuckDB of its own, which may open the files of the tables it names and no others.

    Jobs are done by the time that they have an id.
    """

    supports: ClassVar[frozenset[str]] = frozenset(Execution.verbs) - {"find_job", "estimate"}
    capabilities: ClassVar[Capabilities] = WORKING

    @property
    def _find_table(self) -> Callable[[str, str], Table] | None:
        found: Callable[[str, str], Table] | None = self.connection.find_table
        return found

    @abstractmethod
    def _tables(self) -> AbstractContextManager[Tables]:
        """The tables, as they are now."""

    @abstractmethod
    def _check_jobs(self) -> None:
        """Raises ``EngineError`` when no job can be kept, so that no work begins of which nothing would be known."""

    @abstractmethod
    def _put_job(self, job: Job) -> Job:
        """Keep a job, and return it."""

    @abstractmethod
    def _kept_job(self, job_id: str) -> Job:
        """A job that was kept. Raises ``NotFoundError``."""

    def preview(self, table: Table, *, limit: int = 10) -> Rows:
        """The first rows, in the order of the files."""
        from mason.clients._duckdb import answering
        from mason.clients._tables.requests import read

        read(self, "preview", {"limit": limit})
        with self._tables() as tables:
            return answering.preview(tables.limits, tables.source(table, whole=False), limit, tables.root.show)

    def summarize(
        self,
        table: Table,
        *,
        columns: Sequence[str] | None = None,
        exact: bool = True,
        top_values: int = 0,
        histogram: int = 0,
    ) -> Rows:
        """One row per column, in memory that is bounded by ``memory_limit``."""
        from mason.clients._duckdb import summary

        with self._tables() as tables:
            return summary.summarize(
                tables.limits,
                tables.source(table),
                tables.root.show,
                columns=columns,
                exact=exact,
                top=top_values,
                bins=histogram,
            )

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
        """Rows, or the job that wrote them to ``output`` as csv, parquet, json or jsonl."""
        from mason.clients._duckdb import answering
        from mason.clients._duckdb.foreign_sql import in_duckdbs
        from mason.clients._duckdb.writing.outputs import place
        from mason.clients._tables.requests import read

        asked = {"table": table, "output": output, "format": format, "overwrite": overwrite, "limit": limit}
        request = read(self, "query", asked)
        with self._tables() as tables:
            source = tables.source(table) if table else None
            database = table.database if table else ""

            def resolve(schema: str, name: str) -> Source | NotFoundError | None:
                return self._named(tables, schema or database, name)

            if dialect != self.capabilities.dialect:
                sql = in_duckdbs(
                    tables.limits,
                    sql,
                    dialect=dialect,
                    trust=trust,
                    table=source,
                    resolve=resolve,
                    show=tables.root.show,
                )
            if request.output is None:
                return answering.query(
                    tables.limits, sql, table=source, resolve=resolve, limit=limit, show=tables.root.show
                )
            submitted = self._begin()
            placed = place(tables.root, request.output)
            with self._checkable(tables, database):
                manifest = answering.query_to_output(
                    tables.limits, sql, placed, table=source, resolve=resolve, root=tables.root
                )
        return self._done("query", manifest, submitted)

    def query_job(
        self,
        sql: str,
        *,
        table: Table | None = None,
        limit: int | None = None,
        dialect: str = "duckdb",
        trust: bool = False,
    ) -> Job:
        """The rows are kept with the job."""
        submitted = self._begin()
        found = self.query(sql, table=table, limit=limit, dialect=dialect, trust=trust)
        assert isinstance(found, Rows), "without output there are rows"
        rows = found.to_dicts()
        told = f"Answered {len(rows)} rows{', and there are more' if found.more else ''}"
        kept = {"rows": rows, "more": found.more}
        return self._put_job(succeeded("execution.query_job", kept, submitted=submitted, logs=(told,)))

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
        """Done by the time that the job is there. One file keeps the order of the rows."""
        from mason.clients._duckdb.writing import reshape

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
        with self._writing("format", asked) as (request, tables, placed, submitted):
            manifest = reshape.convert(
                tables.limits,
                tables.source(table),
                placed,
                tables.root,
                columns=request.filter_columns,
                sample_size=request.sample_size,
            )
        return self._done("format", manifest, submitted)

    def plan_merge(self, table: Table, *, allow_text: bool = False, extract_paths: bool = False) -> Rows:
        """By the lattice of :mod:`merging`."""
        from mason.clients._tables.merging import planned

        with self._tables() as tables:
            return planned(self._merging(tables, table, allow_text, extract_paths).changes or ())

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
        """By the lattice of :mod:`merging`. Rows come in no promised order."""
        from mason.clients._duckdb.writing import reshape
        from mason.clients._tables.merging import said

        asked = {"table": table, "output": output, "format": format, "overwrite": overwrite}
        with self._writing("merge", asked) as (_, tables, placed, submitted):
            source = self._merging(tables, table, allow_text, extract_paths)
            manifest = reshape.merge(tables.limits, source, placed, tables.root)
        return self._done("merge", manifest, submitted, said(source.changes or ()))

    def dedupe(
        self,
        table: Table,
        *,
        keys: Sequence[str],
        output: str,
        order_by: Sequence[str] = (),
        keep: str = "first",
        format: str | None = None,
        overwrite: bool = False,
    ) -> Job:
        """The same rows every time: other columns decide where ``order_by`` does not. Their order is not promised."""
        from mason.clients._duckdb.writing import reshape
        from mason.clients._tables.deduping import counted

        asked = {
            "table": table,
            "keys": keys,
            "output": output,
            "order_by": order_by,
            "keep": keep,
            "format": format,
            "overwrite": overwrite,
        }
        with self._writing("dedupe", asked) as (request, tables, placed, submitted):
            manifest = reshape.dedupe(
                tables.limits,
                tables.source(table),
                placed,
                tables.root,
                keys=request.keys,
                order_by=request.order_by,
                keep=request.keep,
            )
        return self._done("dedupe", manifest, submitted, counted(manifest))

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
        """Words come from mimesis, by the names of columns; DuckDB makes the rest."""
        from mason.clients._duckdb.writing import reshape

        asked = {
            "schema": schema,
            "size": size,
            "output": output,
            "seed": seed,
            "format": format,
            "overwrite": overwrite,
        }
        with self._writing("fake", asked) as (request, tables, placed, submitted):
            like = tables.source(schema) if isinstance(schema, Table) else request.columns
            manifest = reshape.fake(tables.limits, like, placed, tables.root, size=request.size, seed=request.seed)
        return self._done("fake", manifest, submitted)

    def _named(self, tables: Tables, database: str, name: str) -> Source | NotFoundError | None:
        """What reads a table that a statement names; ``None`` where nothing says in which database."""
        if not database or self._find_table is None:
            return tables.named_in_sql(database, name) if database else None
        try:
            return tables.source(self._find_table(database, name))
        except NotFoundError as error:
            return error

    @contextmanager
    def _checkable(self, tables: Tables, database: str) -> Iterator[None]:
        """Within it, what is written can be checked with the tables that its checks read beside it: those of
        ``database`` by their names."""
        from mason.engines import checking

        asked = checking.asked()
        if asked is None or not any(check.kind == "sql" for check in asked.checks):
            yield
            return
        from mason.clients._duckdb.check_sources import with_sources
        from mason.clients._duckdb.writing.checked import tables_read

        found = {
            (schema, name): source
            for schema, name in tables_read(tables.limits, asked)
            if (source := self._named(tables, schema or database, name)) is not None
        }
        for source in found.values():
            if isinstance(source, NotFoundError):
                raise source
        with with_sources({name: source for name, source in found.items() if not isinstance(source, NotFoundError)}):
            yield

    def check_table(self, table: Table, asked: Asked) -> list[dict[str, Any]]:
        """In a DuckDB of its own, which reads the table and those that the checks name."""
        from mason.clients._duckdb.session import opened
        from mason.clients._duckdb.writing.checked import check_rows
        from mason.engines import checking

        with checking.asking(asked), self._tables() as tables, self._checkable(tables, table.database):
            source = tables.source(table)
            if not source.sql:
                raise EngineError("The table has no columns, because its files are empty.")
            with opened(tables.limits, [source], tables.root.show, ordered=False) as connection:
                return check_rows(connection, source.sql, asked, tables.root.show, published=True)

    def _merging(self, tables: Tables, table: Table, allow_text: bool, extract_paths: bool) -> Source:
        from mason.clients._duckdb.reading.schemas import Merging
        from mason.clients._duckdb.reading.sources import title
        from mason.clients._duckdb.writing import reshape

        source = tables.source(replace(table, schema=None), merging=Merging(allow_text, extract_paths))
        reshape.check_mergeable(source, title(table))
        return source

    @contextmanager
    def _writing(self, verb: str, asked: Mapping[str, Any]) -> Iterator[tuple[Request, Tables, Placed, datetime]]:
        """What is asked for, the tables, where the result goes, and the time at which the work begins. What cannot be
        asked for is refused before any of it is looked at."""
        from mason.clients._duckdb.writing.outputs import place
        from mason.clients._tables.requests import read

        request = read(self, verb, asked)
        assert request.output is not None, "all that write need one"
        with self._tables() as tables:
            submitted = self._begin()
            table = asked.get("table", asked.get("schema"))
            with self._checkable(tables, table.database if isinstance(table, Table) else ""):
                yield request, tables, place(tables.root, request.output), submitted

    def _begin(self) -> datetime:
        """The time at which work begins that will become a job."""
        self._check_jobs()
        return now()

    def _done(self, verb: str, manifest: Mapping[str, Any], submitted: datetime, logs: tuple[str, ...] = ()) -> Job:
        return self._put_job(written(verb, manifest, submitted, logs))

    def get_job(self, job_id: str) -> Job:
        """A job that this client did."""
        return self._kept_job(job_id)

    def cancel_job(self, job_id: str) -> Job:
        """Refused: there is nothing left to stop."""
        raise is_done(self._kept_job(job_id))


def written(verb: str, manifest: Mapping[str, Any], submitted: datetime, logs: tuple[str, ...] = ()) -> Job:
    """The job of ``verb`` that wrote what ``manifest`` says, and has ``logs`` to tell besides."""
    told = (*logs, *manifest.get("notes", ()), f"Wrote {manifest['rows']} rows to {manifest['output']}")
    return succeeded(f"execution.{verb}", manifest, submitted=submitted, logs=told)
