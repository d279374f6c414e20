"""The execution engine of ``dask``: each verb is done by the embedded engine on a worker, or in parts on many.

A part is work that needs no other part, so that what workers tell each other is nothing: a summary is split by columns,
duplicates by the hash of their keys, other table work by files and groups of rows. What cannot be split so that the
answer is the same is done as a whole, on one worker.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from mason.clients._jobs import is_done, now
from mason.clients.dask import DaskClient
from mason.clients.dask.dask_ground import CAN, SUPPORTS
from mason.engines import checking
from mason.engines.capabilities import Capabilities
from mason.engines.execution import Execution
from mason.engines.file_urls import scheme_of
from mason.engines.models import Job, Rows, Schema, Table
from mason.errors import NotFoundError

if TYPE_CHECKING:
    from mason.engines.checking import Asked

Sent = Mapping["tuple[str, str]", "Table | str"]
"""The tables that go along with an order, by database and name; a text is the message of a ``NotFoundError``."""


class DaskExecution(Execution):
    """Work ends with Mason: it is waited for, and workers stop what nobody waits for."""

    supports: ClassVar[frozenset[str]] = SUPPORTS
    capabilities: ClassVar[Capabilities] = CAN

    def __init__(self, client: DaskClient) -> None:
        super().__init__(client)
        self.dask = client

    def preview(self, table: Table, *, limit: int = 10) -> Rows:
        """The first rows, in the order of the files."""
        return self._rows("preview", {"table": table, "limit": limit})

    def summarize(
        self,
        table: Table,
        *,
        columns: Sequence[str] | None = None,
        exact: bool = True,
        top_values: int = 0,
        histogram: int = 0,
    ) -> Rows:
        """One row per column."""
        given = {
            "table": table,
            "columns": columns,
            "exact": exact,
            "top_values": top_values,
            "histogram": histogram,
        }
        from mason.clients.dask.split_work import SplitWork

        found = SplitWork(self, self.dask, self._lent).summarized(given)
        return found if found is not None else self._rows("summarize", given)

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
        given = {"sql": sql, "table": table, "limit": limit, "dialect": dialect, "trust": trust}
        database = table.database if table else ""
        if output is None:
            return self._rows("query", given, self._sent(sql, dialect, database))
        given |= {"output": output, "format": format, "overwrite": overwrite}
        begun = self._begin()
        return self._job("query", given, begun, self._sent(sql, dialect, database))

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
        given = {"sql": sql, "table": table, "limit": limit, "dialect": dialect, "trust": trust}
        begun = self._begin()
        return self._job("query_job", given, begun, self._sent(sql, dialect, table.database if table else ""))

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
        """One file keeps the order of the rows."""
        given = {
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
        return self._in_parts("format", given)

    def plan_merge(self, table: Table, *, allow_text: bool = False, extract_paths: bool = False) -> Rows:
        """As client ``local`` has it."""
        return self._rows("plan_merge", {"table": table, "allow_text": allow_text, "extract_paths": extract_paths})

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
        """Rows come in no promised order."""
        given = {
            "table": table,
            "output": output,
            "format": format,
            "allow_text": allow_text,
            "extract_paths": extract_paths,
            "overwrite": overwrite,
        }
        return self._in_parts("merge", given)

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
        """The same rows every time, in no promised order."""
        given = {
            "table": table,
            "keys": keys,
            "output": output,
            "order_by": order_by,
            "keep": keep,
            "format": format,
            "overwrite": overwrite,
        }
        return self._in_parts("dedupe", given)

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
        """The same rows as of client ``local``."""
        given = {
            "schema": schema,
            "size": size,
            "output": output,
            "seed": seed,
            "format": format,
            "overwrite": overwrite,
        }
        return self._job("fake", given, self._begin())

    def check_table(self, table: Table, asked: Asked) -> list[dict[str, Any]]:
        """On a worker."""
        sent = self._sent_for_checks(asked, table.database)
        found: list[dict[str, Any]] = self._whole("check_table", {"table": table, "asked": asked}, sent)
        return found

    def get_job(self, job_id: str) -> Job:
        """A job that this client did."""
        return self.dask.own.get_job(job_id)

    def cancel_job(self, job_id: str) -> Job:
        """Refused: there is nothing left to stop."""
        raise is_done(self.dask.own.get_job(job_id))

    # How work gets done

    def _rows(self, call: str, given: Mapping[str, Any], sent: Sent | None = None) -> Rows:
        found: Rows = self._whole(call, given, sent)
        return found

    def _begin(self) -> datetime:
        self.dask.own.check_jobs()
        return now()

    def _job(self, call: str, given: Mapping[str, Any], begun: datetime, sent: Sent | None = None) -> Job:
        """The job that a worker did, kept here."""
        from mason.clients._jobs import iso

        asked = checking.asked()
        table = given.get("table", given.get("schema"))
        if asked is not None:
            database = table.database if isinstance(table, Table) else ""
            sent = {**(sent or {}), **self._sent_for_checks(asked, database)}
        done: Job = self._whole(call, given, sent)
        return self.dask.own.put_job(replace(done, submitted=iso(begun)))

    def _in_parts(self, verb: str, given: Mapping[str, Any]) -> Job:
        """The job of a verb that is split where it can be."""
        from mason.clients.dask.split_work import SplitWork

        begun = self._begin()
        job = SplitWork(self, self.dask, self._lent).written(verb, given, begun)
        return self.dask.own.put_job(job) if job is not None else self._job(verb, given, begun)

    def _whole(self, call: str, given: Mapping[str, Any], sent: Sent | None = None) -> Any:
        """What comes of a verb that one worker does."""
        from mason.clients.dask.dask_orders import FaultError

        places = [given.get("table"), given.get("schema"), given.get("output"), *(sent or {}).values()]
        try:
            (found,) = self.dask.cluster().do(
                call,
                [given],
                lent=self._lent(places),
                tables=sent or {},
                asked=checking.asked(),
                whole=True,
            )
        except FaultError as error:
            raise error.fault.error() from None
        return found

    def _sent(self, sql: str, dialect: str, database: str) -> Sent:
        """The tables that a statement names, but for ``$table``."""
        from mason.clients._duckdb.connection import connect
        from mason.clients._duckdb.statement import one_select
        from mason.sql.dialects import can_translate, tables_named

        if dialect == self.capabilities.dialect:
            with connect(self.dask.limits) as connection:
                names: Iterable[tuple[str, str]] = one_select(connection, sql).tables
        elif can_translate(dialect, self.capabilities.dialect):
            parts = (name.rpartition(".") for name in tables_named(sql, dialect))
            names = [(schema, name) for schema, _, name in parts]
        else:
            # The worker refuses it.
            names = ()
        return self._found(names, database)

    def _sent_for_checks(self, asked: Asked, database: str) -> Sent:
        """The tables that the queries of checks name."""
        from mason.clients._duckdb.writing.checked import tables_read

        if not any(check.kind == "sql" for check in asked.checks):
            return {}
        return self._found(tables_read(self.dask.limits, asked), database)

    def _found(self, names: Iterable[tuple[str, str]], database: str) -> Sent:
        from mason.sql.table_argument import TABLE

        found: dict[tuple[str, str], Table | str] = {}
        for schema, name in names:
            where = schema or database
            if (schema, name) == ("", TABLE) or not where or self.dask.find_table is None:
                continue
            try:
                found[where, name] = self.dask.find_table(where, name)
            except NotFoundError as error:
                found[where, name] = str(error)
        return found

    def _lent(self, places: Iterable[object]) -> dict[str, Mapping[str, Any]]:
        """The configurations of the neighbours whose objects are read or written."""
        found: dict[str, Mapping[str, Any]] = {}
        for each in places:
            path = each.location.path if isinstance(each, Table) and each.location else each
            if not isinstance(path, str) or scheme_of(path) in ("", "file") or self.dask.storage_for is None:
                continue
            with suppress(NotFoundError):
                storage = self.dask.storage_for(path)
                if storage is not None:
                    found[storage.connection.name] = storage.connection.configuration
        return found
