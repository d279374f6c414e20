"""The execution engine of ``spark``: questions and files by Spark's SQL, translated from DuckDB's.

All verbs are made of two: a SELECT in DuckDB's dialect over relations is either answered (``_answer``) or written
(``_write``). What tables are, which queries are let through, how outputs appear and how jobs go on is said there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

from mason.clients._duckdb.abilities import FILES
from mason.clients._statements.statement_verbs import Prepare, StatementVerbs
from mason.clients.spark import SparkClient
from mason.engines.capabilities import Capabilities
from mason.engines.checking import asked
from mason.engines.execution import Execution
from mason.engines.jobs import Handover, Token, submission
from mason.engines.models import Job, Rows, Schema, Table
from mason.errors import EngineError, NotFoundError, TranslationError
from mason.values import dataclass, field

# What talks to Spark, reads and writes is imported where it is used: planning asks what a client supports without it.
if TYPE_CHECKING:
    from mason.clients._duckdb.reading.readers import Source
    from mason.clients._statements.asked import Statement
    from mason.clients._tables.requests import Output
    from mason.clients.spark.spark_reading import SparkReading
    from mason.clients.spark.spark_tables import Relation, SparkTables
    from mason.clients.spark.spark_ways import Question
    from mason.sql.translations import Translation

# So many of a token's digest end the id of its job.
_DIGITS = 32


@dataclass(frozen=True, slots=True)
class Written:
    """One SELECT as a person, or Mason, wrote it; see :meth:`mason.engines.execution.Execution.query`."""

    sql: str
    dialect: str = "duckdb"
    trust: bool = False


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a job writes: one SELECT and the ``relations`` that it reads. Besides, ``facts`` for the manifest, each the
    answer to a question, and lines of ``logs``."""

    written: Written
    relations: Mapping[str, Relation | NotFoundError]
    facts: Mapping[str, Question] = field(default_factory=dict)
    logs: tuple[str, ...] = ()


class SparkExecution(StatementVerbs):
    """Over Spark Connect, what is written is a job that goes on on the server; a session here does it at once."""

    supports: ClassVar[frozenset[str]] = frozenset(Execution.verbs) - {"estimate", "query_job"}
    capabilities: ClassVar[Capabilities] = Capabilities(
        reads=FILES,
        writes=FILES,
        dialect="spark",
        name_case="folded",
        time_digits=6,
        schemes=("file", "s3", "hdfs"),
        borrowed=("s3", "hdfs"),
        checks=True,
    )

    looks_first: ClassVar[bool] = True

    def __init__(self, client: SparkClient) -> None:
        super().__init__(client)
        self.spark = client
        self.handover = Handover(elsewhere=client.is_remote or client.has_runner)

    def preview(self, table: Table, *, limit: int = 10) -> Rows:
        """Some rows, in no order."""
        from mason.clients._tables.requests import read
        from mason.sql.table_argument import TABLE

        read(self, "preview", {"limit": limit})
        with self._asking() as tables:
            found = {TABLE: tables.relation(table)}
            return self._answer(Written(f"SELECT * FROM {TABLE}"), found, tables, limit=limit)

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
        """Rows, or the job that writes them. SQL in Spark's own dialect reads ``$table``, and tables of Spark's catalog
        by their names."""
        from mason.clients._tables.requests import read
        from mason.sql.dialects import DIALECT

        asked = {"table": table, "output": output, "format": format, "overwrite": overwrite, "limit": limit}
        request = read(self, "query", asked)
        written = Written(sql, dialect, trust)
        names = self._one_select(sql) if dialect == DIALECT else self._names(sql, dialect, table)
        if request.output is None:
            with self._asking() as tables:
                return self._answer(written, self._relations(names, table, tables), tables, limit=limit)
        return self._write(
            "query", request.output, lambda tables: Prepared(written, self._relations(names, table, tables))
        )

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
        """Made and written on this machine, as client ``local`` does it; Spark is asked for rows of its own tables, to
        imitate them."""
        from mason.clients._duckdb.writing.outputs import place
        from mason.clients._duckdb.writing.reshape import fake
        from mason.clients._jobs import now, succeeded, told
        from mason.clients._tables.requests import read

        given = {
            "schema": schema,
            "size": size,
            "output": output,
            "seed": seed,
            "format": format,
            "overwrite": overwrite,
        }
        request = read(self, "fake", given)
        assert request.output is not None, "all that write need one"
        self.spark.own.check_jobs()
        self._refuse_other_tables()
        submitted, token = now(), submission()
        placed = place(self.spark.root, request.output)
        like = self._imitated(schema) if isinstance(schema, Table) else request.columns
        manifest = fake(self.spark.limits, like, placed, self.spark.root, size=request.size, seed=request.seed)
        ending = _ending(token) if token is not None else ""
        job = succeeded("execution.fake", manifest, submitted=submitted, logs=told(manifest), ending=ending)
        return self.spark.own.put_job(job)

    def _imitated(self, table: Table) -> Source:
        """What reads a table on this machine: of a table of Spark's own, a copy."""
        import secrets

        from mason.clients.spark.spark_answers import columns_of
        from mason.clients.spark.spark_work import read_back, write_by_spark

        with self._asking() as tables:
            relation = tables.relation(table)
            if relation.source is not None:
                return relation.source
            every = Written('SELECT * FROM "source"')
            translation = _translated(every, {"source": relation})
            columns = columns_of(translation, None)
            out = self.spark.staged() / secrets.token_hex(8)
        with self.spark.session() as session:
            write_by_spark(session, translation.text, columns, out)
            return read_back(out, columns)

    @contextmanager
    def _reading(self) -> Iterator[SparkReading]:
        """Tables, and Spark's answers about them."""
        with self._asking() as tables:
            yield self._reading_of(tables)

    def _reading_of(self, tables: SparkTables) -> SparkReading:
        from mason.clients.spark.spark_reading import SparkReading

        def translate(statement: Statement) -> Translation:
            return _translated(
                Written(statement.sql), {each.name: reading.views[each.name] for each in statement.reads}
            )

        reading = SparkReading(tables, translate)
        return reading

    def _written(self, verb: str, asked: Mapping[str, Any], prepare: Prepare) -> Job:
        """The job of a verb of table work."""
        from mason.clients._tables.requests import read

        request = read(self, verb, asked)
        assert request.output is not None, "all that write need one"

        def prepared(tables: SparkTables) -> Prepared:
            reading = self._reading_of(tables)
            found = prepare(reading, request)
            reading.translated(found.statement)
            facts = {name: reading.question(each) for name, each in found.facts.items()}
            return Prepared(Written(found.statement.sql), reading.views, facts, found.logs)

        return self._write(verb, request.output, prepared)

    def _one_select(self, sql: str) -> tuple[tuple[str, str], ...]:
        """The tables that ``sql`` names. Raises ``EngineError`` for what is not one SELECT."""
        from mason.clients._duckdb.statement import one_select
        from mason.sql.parsed import ask_parser

        return ask_parser(lambda connection: one_select(connection, sql)).tables

    def _names(self, sql: str, dialect: str, table: Table | None) -> tuple[tuple[str, str], ...]:
        """The tables that a query in another dialect than DuckDB's names; in Spark's own, those of Spark's catalog are
        its own matter."""
        from mason.sql.dialects import can_translate, tables_named
        from mason.sql.table_argument import TABLE

        if dialect == self.capabilities.dialect or not can_translate(dialect, self.capabilities.dialect):
            return (("", TABLE),) if table else ()
        parts = [name.rpartition(".") for name in tables_named(sql, dialect)]
        return tuple((schema, name) for schema, _, name in parts)

    def _relations(
        self, names: tuple[tuple[str, str], ...], table: Table | None, tables: SparkTables
    ) -> dict[str, Relation | NotFoundError]:
        """What stands behind the names of a query. An error is a value: the query may define the name itself."""
        from mason.sql.table_argument import TABLE

        found: dict[str, Relation | NotFoundError] = {}
        for schema, name in names:
            if (schema, name) == ("", TABLE):
                if table is None:
                    raise EngineError("The query says $table, but no table was given.")
                found[TABLE] = tables.relation(table)
                continue
            try:
                relation = tables.relation(self._found(schema or (table.database if table else ""), name))
                found[f"{schema}.{name}" if schema else name] = relation
            except NotFoundError as error:
                found[f"{schema}.{name}" if schema else name] = error
        return found

    def _found(self, database: str, name: str) -> Table:
        from mason.engines.metastore import Metastore

        if not database:
            raise NotFoundError(f"Nothing says in which database the table {name} is. Write database.{name}.")
        if self.spark.find_table is not None:
            return self.spark.find_table(database, name)
        metastore = self.spark.engine("metastore")
        assert isinstance(metastore, Metastore)
        return metastore.get_table(database, name)

    @contextmanager
    def _asking(self) -> Iterator[SparkTables]:
        """Tables for a question that is answered at once."""
        from mason.clients.spark.spark_tables import tables_of

        with self.spark.way() as way, tables_of(self.spark, way, self.spark.staged) as tables:
            yield tables

    def _answer(
        self,
        written: Written,
        relations: Mapping[str, Relation | NotFoundError],
        tables: SparkTables,
        *,
        limit: int | None = None,
    ) -> Rows:
        """The rows of one SELECT over ``relations``; at most ``limit`` of them.

        Raises :class:`TranslationError` where Spark is not known to answer the same, and ``EngineError``.
        """
        from mason.clients.spark.spark_ways import Question

        question = Question(written.sql, _translated(written, relations))
        tables.make()
        return tables.way.answers([question], limit)[0]

    def _write(
        self,
        verb: str,
        output: Output,
        prepare: Callable[[SparkTables], Prepared],
    ) -> Job:
        """The job of ``verb`` (``query``) that writes to ``output``.

        ``prepare`` is given the job's tables, and answers with what is to be written; with these tables it may ask
        (:meth:`_answer`) what it needs for that. What can be refused is refused before there is a job. Raises as
        :meth:`_answer`, and what :func:`~mason.clients._duckdb.writing.outputs.place` raises.
        """
        import secrets
        import shutil

        from mason.clients._duckdb.writing.outputs import check_apart, place
        from mason.clients._jobs import new_job_id, now
        from mason.clients.spark.spark_tables import SparkTables
        from mason.clients.spark.spark_ways import Question
        from mason.clients.spark.spark_work import fingerprint_of, folder_of
        from mason.clients.spark.submitted_work import Work

        self.spark.own.check_jobs()
        self._refuse_other_tables()
        submitted = now()
        placed = place(self.spark.root, output)
        token = submission()
        # What applications are named by is theirs alone in a namespace.
        unlike = secrets.token_hex(_DIGITS // 2) if self.spark.has_runner else ""
        job_id = new_job_id(_ending(token) if token is not None else unlike)
        way = self.spark.job_way()
        folder = folder_of(self.spark, job_id)
        try:
            tables = SparkTables(self.spark, way, lambda: folder / "in")
            prepared = prepare(tables)
            written, relations = prepared.written, prepared.relations
            sources = [each.source for each in _there(relations).values() if each.source is not None]
            check_apart(placed, sources, self.spark.root)
            question = Question(written.sql, _translated(written, relations))
            tables.make()
            files = tuple(dict.fromkeys(path for source in sources for path in source.files))
            work = Work(
                job_id=job_id,
                verb=f"execution.{verb}",
                session_id=way.session_id,
                sql=written.sql,
                text=question.translation.text,
                columns=(),
                output=output,
                target=placed.target,
                files=files,
                fingerprint=fingerprint_of(self.spark, files),
                logs=prepared.logs,
                checks=asked(),
            )
            work = way.prepare(work, question, prepared.facts)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            way.close()
            raise
        do = self.spark.jobs.submit if self.handover.elsewhere else self.spark.jobs.do
        return do(work, way, submitted)

    def _refuse_other_tables(self) -> None:
        """Raises ``EngineError`` for checks that read more than the output: when that is there, Spark has done its
        part, and its tables are out of reach."""
        from mason.clients._duckdb.writing.checked import refuse_other_tables

        refuse_other_tables(self.spark.limits, self.client)

    def get_job(self, job_id: str) -> Job:
        """A job as it is now. One whose process is gone is taken over: the server is asked how it goes."""
        return self.spark.jobs.get(job_id)

    def find_job(self, token: str) -> Job:
        """The job that was submitted under a token, whose digest its id ends with."""
        try:
            ending = _ending(Token.parse(token))
        except ValueError as error:
            raise NotFoundError(f"There is no job with the token {token}.") from error
        return self.spark.jobs.find(ending)

    def cancel_job(self, job_id: str) -> Job:
        """Have the server stop a job."""
        return self.spark.jobs.cancel(job_id)


def _ending(token: Token) -> str:
    return token.digest[:_DIGITS]


def _there(relations: Mapping[str, Relation | NotFoundError]) -> dict[str, Relation]:
    return {name: each for name, each in relations.items() if not isinstance(each, NotFoundError)}


def _translated(written: Written, relations: Mapping[str, Relation | NotFoundError]) -> Translation:
    """A query in Spark's words. Raises the ``NotFoundError`` of a table that it needs and nobody has."""
    from mason.sql.dialects import given_to_engine
    from mason.sql.parsed import REFUSED
    from mason.sql.spark.spark_text import identifier

    there = _there(relations)
    try:
        found = given_to_engine(
            written.sql,
            {name: each.columns for name, each in there.items()},
            to="spark",
            written=written.dialect,
            trust=written.trust,
            places={name: each.place for name, each in there.items()},
        )
    except TranslationError as error:
        for name, each in relations.items():
            if isinstance(each, NotFoundError) and name.rpartition(".")[2].lower() in str(error).lower():
                raise each from error
        if error.reason.startswith(REFUSED):
            # No engine would take it.
            raise EngineError(str(error)) from error
        raise
    for name, each in there.items():
        lost = next((column for column in each.unread if identifier(column) in found.text), None)
        if lost is not None:
            raise EngineError(
                f"Column {lost} of {name} is {each.columns.get(lost, 'of a type')} that Spark does not have. Leave it "
                "out of the query, or cast it with client local first."
            )
    return found
