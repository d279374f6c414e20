"""The execution engine of a server: questions and work by its SQL, translated from DuckDB's.

All verbs are made of a query in the server's words that is answered, written to files of the config's storage, or made
a table of the server (:mod:`server_outputs`). One verb sees the data of one moment.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from mason.clients._duckdb.abilities import FILES
from mason.clients._postgres.server_client import ServerClient
from mason.clients._postgres.server_names import named_in, title
from mason.clients._statements.statement_verbs import Prepare, StatementVerbs
from mason.clients._statements.table_targets import SCHEME, is_table
from mason.engines.capabilities import Capabilities
from mason.engines.checking import Asked, asking
from mason.engines.checking import asked as checks_asked
from mason.engines.execution import Execution
from mason.engines.jobs import Handover, Token, submission
from mason.engines.models import Job, Rows, Schema, Table
from mason.engines.progress import Progress, report
from mason.errors import EngineError, NotFoundError, TranslationError
from mason.values import dataclass, field

# What talks to the server, reads and writes is imported where it is used: planning asks what a client supports.
if TYPE_CHECKING:
    from mason.clients._duckdb.reading.readers import Source
    from mason.clients._postgres.server_connections import Transaction
    from mason.clients._postgres.server_reading import Readable, ServerQuery, ServerReading
    from mason.clients._tables.requests import Output

# So many digits of a token's digest end the id of its job.
_DIGITS = 32

CAPABILITIES = Capabilities(
    writes=FILES,
    name_case="folded",
    time_digits=6,
    schemes=(SCHEME, "file", "s3", "hdfs"),
    borrowed=("s3", "hdfs"),
    checks=True,
)
"""What all such engines can do; each adds its dialect."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is to be written: a query, further facts for the manifest, and lines for the job's log."""

    query: ServerQuery
    facts: Mapping[str, Any] = field(default_factory=dict)
    logs: tuple[str, ...] = ()


class ServerExecution(StatementVerbs):
    """Verbs are done when they answer. A job is found again by its record, or by the mark of the table that it made."""

    supports: ClassVar[frozenset[str]] = frozenset(
        {
            "preview",
            "summarize",
            "query",
            "format",
            "dedupe",
            "fake",
            "get_job",
            "find_job",
            "cancel_job",
        }
    )
    # A commit is the server's: it may be done though the process is gone that asked for it.
    handover = Handover(elsewhere=True)
    connection: ServerClient
    # A table of a server has one schema: there is nothing to merge.
    merge = Execution.merge
    plan_merge = Execution.plan_merge

    @abstractmethod
    def _blocks(self, query: ServerQuery, transaction: Transaction, limit: int | None) -> Iterator[bytes]:
        """The rows of a query, at most ``limit``, each as a line of CSV as :mod:`fetched_rows` has it."""

    def preview(self, table: Table, *, limit: int = 10) -> Rows:
        """Some rows, in no order."""
        from mason.clients._tables.requests import read

        read(self, "preview", {"table": table, "limit": limit})
        with self.connection.connections.asking() as transaction:
            return self.answer(self._whole(table, transaction), transaction, limit)

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
        """Rows, or the job that wrote them to files, or to a table of the server (``table://SCHEMA/NAME``)."""
        from mason.clients._tables.requests import read

        asked = {"sql": sql, "table": table, "output": output, "format": format, "overwrite": overwrite, "limit": limit}
        request = read(self, "query", asked)
        self._check_query(sql, dialect)

        def prepare(transaction: Transaction) -> Prepared:
            return Prepared(self._query(sql, table, transaction, dialect=dialect, trust=trust))

        if request.output is None:
            with self.connection.connections.asking() as transaction:
                return self.answer(prepare(transaction).query, transaction, limit)
        return self._write("query", request.output, format, prepare)

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
        """Made and written on this machine, as client ``local`` does it; the server is asked for the rows of a table
        that is imitated."""
        from mason.clients._duckdb.writing.outputs import place
        from mason.clients._duckdb.writing.reshape import fake
        from mason.clients._jobs import now
        from mason.clients._tables.requests import read

        asked = {
            "schema": schema,
            "size": size,
            "output": output,
            "seed": seed,
            "format": format,
            "overwrite": overwrite,
        }
        request = read(self, "fake", asked)
        assert request.output is not None, "all that write need one"
        if is_table(request.output.path):
            raise EngineError(f"Rows that are made up become files: give a path instead of {output}.")
        self.connection.own.check_jobs()
        self._refuse_other_tables()
        submitted, job_id = now(), _new_id(submission())
        placed = place(self.connection.root, request.output)
        with ExitStack() as held:
            like = request.columns if not isinstance(schema, Table) else held.enter_context(self._rows_of(schema))
            manifest = fake(
                self.connection.limits, like, placed, self.connection.root, size=request.size, seed=request.seed
            )
        return self._done("fake", job_id, submitted, manifest)

    def check_table(self, table: Table, asked: Asked) -> list[dict[str, Any]]:
        """By DuckDB, over the rows that the table has at one moment."""
        from mason.clients._duckdb.session import opened
        from mason.clients._duckdb.writing.checked import check_rows

        with asking(asked), self._rows_of(table) as source:
            self._refuse_other_tables()
            limits, show = self.connection.limits, self.connection.root.show
            with opened(limits, [source], show, ordered=False) as connection:
                return check_rows(connection, source.sql, asked, show, published=True)

    def get_job(self, job_id: str) -> Job:
        """A job of this client."""
        return self.connection.own.get_job(job_id)

    def find_job(self, token: str) -> Job:
        """The job that was done under a token: by its record, else by the mark of the table that it made."""
        from mason.clients._postgres.server_outputs import remade

        try:
            ending = _ending(Token.parse(token))
        except ValueError as error:
            raise NotFoundError(f"There is no job with the token {token}.") from error
        kept = self.connection.own.jobs_that_end(ending)
        if kept:
            return self.connection.own.get_job(kept[-1])
        with self.connection.connections.asking() as transaction:
            made = self.connection.catalog.made_by(transaction, ending)
            if not made:
                raise NotFoundError(f"Nothing was done under the token {token}.")
            job = remade(self.connection, transaction, made[0])
        return self.connection.own.put_job(job)

    def cancel_job(self, job_id: str) -> Job:
        """Refused: a job is done when it has an id."""
        from mason.clients._jobs import is_done

        raise is_done(self.get_job(job_id))

    # What is read

    def readable(self, table: Table, transaction: Transaction) -> Readable:
        """A table of the server. Raises ``EngineError`` for one that is elsewhere."""
        place = table.location.path if table.location else ""
        if not is_table(place):
            where = f" is at {place}" if place else " has no location"
            raise EngineError(
                f"{self.connection.engine_name} reads tables of its own, and {title(table)}{where}. Query it with "
                "client local, or load it into the server first."
            )
        return self._readable(*named_in(place), transaction)

    def translated(self, sql: str, tables: Mapping[str, Readable]) -> ServerQuery:
        """A query in DuckDB's words in the server's. Raises ``TranslationError``."""
        return self._translated(sql, tables)

    def answer(self, query: ServerQuery, transaction: Transaction, limit: int | None = None) -> Rows:
        """The rows of a query, at most ``limit``."""
        from mason.clients._duckdb import answering
        from mason.clients._duckdb.session import opened

        with self._received(query, transaction, None if limit is None else limit + 1) as source:
            limits = self.connection.limits
            with opened(limits, [source], self.connection.root.show) as connection:
                return answering.fetch(connection, source.sql, limits, limit)

    def _readable(self, schema: str, name: str, transaction: Transaction) -> Readable:
        from mason.clients._duckdb.quoting import identifier, qualified
        from mason.clients._postgres.server_catalog import known_entry
        from mason.clients._postgres.server_reading import Readable

        catalog = self.connection.catalog
        columns = catalog.columns(transaction, schema, name)
        if not columns:
            entry = known_entry(catalog, transaction, schema, name)
            raise EngineError(f"Table {entry.name} in schema {entry.schema} has no columns, so there is nothing in it.")
        place = qualified(schema, name)
        if any(each.read != identifier(each.name) for each in columns):
            read = ", ".join(f"{each.read} AS {identifier(each.name)}" for each in columns)
            place = f"(SELECT {read} FROM {place})"
        return Readable({each.name: each.computed for each in columns}, place)

    def _whole(self, table: Table, transaction: Transaction) -> ServerQuery:
        """The query for all rows of a table."""
        from mason.clients._postgres.server_reading import ServerQuery

        found = self.readable(table, transaction)
        return ServerQuery(f'SELECT * FROM {found.place} AS "read"', tuple(found.columns.items()))

    def _check_query(self, sql: str, dialect: str) -> None:
        """Raises ``EngineError`` for what is not one SELECT of DuckDB's; other dialects are looked at when they are
        translated."""
        from mason.clients._duckdb.connection import connect
        from mason.clients._duckdb.statement import one_select
        from mason.sql.dialects import DIALECT

        if dialect == DIALECT:
            with connect(self.connection.limits) as connection:
                one_select(connection, sql)

    def _query(
        self, sql: str, table: Table | None, transaction: Transaction, *, dialect: str, trust: bool
    ) -> ServerQuery:
        """What a person asks, in the server's words."""
        from mason.sql.dialects import can_translate, tables_named
        from mason.sql.table_argument import TABLE

        own = self.capabilities.dialect
        known = dialect != own and can_translate(dialect, own)
        names = tables_named(sql, dialect) if known else [TABLE] if table is not None else []
        tables = {name: self._named(name, table, transaction) for name in names}
        if dialect == own:
            return self._as_written(sql, table, tables, transaction)
        found = self._translated(sql, tables, dialect=dialect, trust=trust)
        # Of what is trusted, and translated plainly, only the server knows the columns.
        return found if found.columns else self._described(found.text, transaction)

    def _named(self, name: str, table: Table | None, transaction: Transaction) -> Readable:
        """The table that a query calls ``name``. Raises ``EngineError``."""
        from mason.clients._postgres.server_catalog import as_sql_has_it
        from mason.sql.table_argument import TABLE

        if name == TABLE:
            if table is None:
                raise EngineError("The query says $table, but no table was given.")
            return self.readable(table, transaction)
        schema, _, bare = name.rpartition(".")
        schema = schema or (table.database if table is not None else "")
        if not schema:
            raise NotFoundError(f"Nothing says in which schema the table {bare} is. Write schema.{bare}.")
        if self.connection.find_table is not None:
            return self.readable(self.connection.find_table(schema, bare), transaction)
        found = as_sql_has_it(self.connection.catalog, transaction, schema, bare)
        return self._readable(found.schema, found.name, transaction)

    def _translated(
        self, sql: str, tables: Mapping[str, Readable], *, dialect: str = "duckdb", trust: bool = False
    ) -> ServerQuery:
        from mason.clients._postgres.server_reading import ServerQuery
        from mason.sql.dialects import given_to_engine
        from mason.sql.parsed import REFUSED

        try:
            found = given_to_engine(
                sql,
                {name: each.columns for name, each in tables.items()},
                to=self.capabilities.dialect,
                written=dialect,
                trust=trust,
                places={name: each.place for name, each in tables.items()},
            )
        except TranslationError as error:
            if error.reason.startswith(REFUSED):
                # No engine would take it.
                raise EngineError(str(error)) from error
            raise
        columns = tuple((each.name, str(each.type)) for each in found.columns)
        return ServerQuery(found.text, columns, tuple(each.type for each in found.columns))

    def _as_written(
        self, sql: str, table: Table | None, tables: Mapping[str, Readable], transaction: Transaction
    ) -> ServerQuery:
        """A query in the server's own dialect, as it stands: bare names are those of the schema of ``table``."""
        from mason.clients._duckdb.quoting import identifier
        from mason.sql.dialects import given_to_engine

        own = self.capabilities.dialect
        places = {name: each.place for name, each in tables.items()}
        text = given_to_engine(sql, {}, to=own, written=own, places=places).text
        return self._described(text, transaction, identifier(table.database) if table and table.database else "")

    def _described(self, text: str, transaction: Transaction, schema: str = "") -> ServerQuery:
        """A query whose columns the server describes; bare names in it are those of ``schema``, where that is given."""
        from mason.clients._postgres.server_reading import ServerQuery

        if schema:
            transaction.run(f"SET LOCAL search_path TO {schema}, public")
        columns = self.connection.catalog.answered(transaction, transaction.described(text))
        return ServerQuery(text, tuple((each.name, each.computed) for each in columns))

    @contextmanager
    def _received(self, query: ServerQuery, transaction: Transaction, limit: int | None = None) -> Iterator[Source]:
        """The rows of a query on this machine."""
        from mason.clients._postgres.fetched_rows import received

        report(Progress(0, 0, "rows", "Querying"))
        try:
            with received(self._blocks(query, transaction, limit), query.columns) as source:
                report(Progress(0, 0, "rows", "Querying", ended=True))
                yield source
        finally:
            report(Progress(0, 0, "rows", "Querying", ended=True))

    @contextmanager
    def _rows_of(self, table: Table) -> Iterator[Source]:
        """The rows of a table on this machine, without a transaction that goes on."""
        with ExitStack() as held:
            with self.connection.connections.asking() as transaction:
                source = held.enter_context(self._received(self._whole(table, transaction), transaction))
            yield source

    @contextmanager
    def _reading(self) -> Iterator[ServerReading]:
        """Tables, and the server's answers about them."""
        with self.connection.connections.asking() as transaction:
            yield self._reading_in(transaction)

    def _reading_in(self, transaction: Transaction) -> ServerReading:
        from mason.clients._postgres.server_reading import ServerReading

        return ServerReading(self, transaction, self.connection.engine_name)

    # What is written

    def _written(self, verb: str, asked: Mapping[str, Any], prepare: Prepare) -> Job:
        """The job of a verb of table work."""
        from mason.clients._tables.requests import read

        request = read(self, verb, asked)
        assert request.output is not None, "all that write need one"

        def prepared(transaction: Transaction) -> Prepared:
            reading = self._reading_in(transaction)
            found = prepare(reading, request)
            query = reading.translated(found.statement)
            facts = {name: reading.ask([each])[0].rows[0][0] for name, each in found.facts.items()}
            return Prepared(query, facts, found.logs)

        return self._write(verb, request.output, asked.get("format"), prepared)

    def _write(self, verb: str, output: Output, format: str | None, prepare: Callable[[Transaction], Prepared]) -> Job:
        """The job of ``verb`` that has written what ``prepare`` says to ``output``. ``format`` is that which was named.

        Raises what :meth:`answer` raises, ``ConflictError`` for a target that is there, and ``CheckFailedError``.
        """
        from mason.clients._jobs import now

        self.connection.own.check_jobs()
        self._refuse_other_tables()
        submitted, job_id = now(), _new_id(submission())
        if is_table(output.path):
            if format is not None or output.partition_columns or output.files is not None:
                raise EngineError(
                    f"{output.path} is a table of {self.connection.engine_name}, which has no format and no partitions "
                    "to choose. Leave format, partition_columns and partitions out."
                )
            manifest, logs = self._to_table(output, job_id, prepare)
        else:
            manifest, logs = self._to_files(output, prepare)
        return self._done(verb, job_id, submitted, manifest, logs)

    def _to_files(
        self, output: Output, prepare: Callable[[Transaction], Prepared]
    ) -> tuple[dict[str, Any], tuple[str, ...]]:
        from mason.clients._duckdb.session import opened
        from mason.clients._duckdb.writing.copying import write
        from mason.clients._duckdb.writing.outputs import beside, place

        root, limits = self.connection.root, self.connection.limits
        placed = place(root, output)
        with ExitStack() as held:
            with self.connection.connections.asking() as transaction:
                prepared = prepare(transaction)
                source = held.enter_context(self._received(prepared.query, transaction))
            # The server is not kept waiting while files are written.
            path = held.enter_context(beside(placed, root))
            connection = held.enter_context(opened(limits, [source], root.show, output=(output, path)))
            manifest = write(connection, source.sql, placed, path, [], root.show)
        return _with_facts(manifest, prepared.facts), prepared.logs

    def _to_table(
        self, output: Output, job_id: str, prepare: Callable[[Transaction], Prepared]
    ) -> tuple[dict[str, Any], tuple[str, ...]]:
        from mason.clients._duckdb.session import opened
        from mason.clients._duckdb.writing.checked import check_rows
        from mason.clients._postgres.server_outputs import ServerOutput

        target = ServerOutput(self.connection, *named_in(output.path), job_id)
        with self.connection.connections.changing() as transaction:
            target.check(transaction, overwrite=output.overwrite)
            prepared = prepare(transaction)
            rows = target.fill(transaction, prepared.query)
            checks = checks_asked()
            found: dict[str, Any] = {}
            if checks is not None:
                whole = self._described(target.everything, transaction)
                with (
                    self._received(whole, transaction) as source,
                    opened(self.connection.limits, [source], self.connection.root.show) as connection,
                ):
                    found["checks"] = check_rows(connection, source.sql, checks, self.connection.root.show)
            manifest = _with_facts({"rows": rows}, prepared.facts)
            return {**target.publish(transaction, manifest), **found}, prepared.logs

    def _done(
        self, verb: str, job_id: str, submitted: Any, manifest: Mapping[str, Any], logs: tuple[str, ...] = ()
    ) -> Job:
        from mason.clients._jobs import succeeded, told

        job = succeeded(f"execution.{verb}", manifest, submitted=submitted, logs=told(manifest, logs))
        return self.connection.own.put_job(replace(job, job_id=job_id, engine=self.role))

    def _refuse_other_tables(self) -> None:
        """Raises ``EngineError`` for checks that read more than the output."""
        from mason.clients._duckdb.writing.checked import refuse_other_tables

        refuse_other_tables(self.connection.limits, self.client)


def _ending(token: Token) -> str:
    return token.digest[:_DIGITS]


def _new_id(token: Token | None) -> str:
    from mason.clients._jobs import new_job_id

    return new_job_id(_ending(token) if token is not None else "")


def _with_facts(manifest: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, Any]:
    from mason.clients._tables.deduping import with_removed

    told = dict(facts)
    rows_in = told.pop("rows_in", None)
    found = {**manifest, **told}
    return found if rows_in is None else with_removed(found, rows_in)
