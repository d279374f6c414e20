"""Jobs that make tables: one ``CREATE TABLE AS`` each, submitted once, found again, and published by who sees first
that it has succeeded.

A table is made under a name that its submission decides, and renamed when it is whole. The id of a job is that of its
query. What is to be done with the table stands in a comment at the end of the statement, which Trino keeps with the
query (``system.runtime.queries``): so another process finds the query by its token, sees how it does, and publishes.
The pages of a query are out of reach for other processes: only the one that submitted it was told where they are.
"""

from __future__ import annotations

import re
import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from typing import Any

from mason.clients._duckdb.quoting import literal
from mason.clients._jobs import iso, now
from mason.clients._statements.marked_sql import marked, told_by
from mason.clients._statements.table_targets import is_table, target_of
from mason.clients._tables.requests import Output
from mason.clients.trino import TrinoClient
from mason.clients.trino.coordinator import Query
from mason.clients.trino.made_tables import partitioning, with_options, written_format
from mason.clients.trino.replacing import name_of_mason, old_name, renamed, replace_table
from mason.clients.trino.shown_tables import format_of, properties_of
from mason.clients.trino.statement_answers import cost_of
from mason.clients.trino.trino_failures import CANCELLED, QueryGoneError
from mason.clients.trino.trino_names import Place
from mason.clients.trino.trino_types import duckdb_type
from mason.engines.jobs import Token, submission
from mason.engines.models import Column, Job
from mason.errors import ConflictError, EngineError, NotFoundError
from mason.values import dataclass

_ID = re.compile(r"\d{8}_\d{6}_\d{5}_\w{5}")
_STATES = {"FINISHED": "succeeded", "FAILED": "failed", "QUEUED": "queued", "WAITING_FOR_RESOURCES": "queued"}
_PUBLISHING = "publish"


@dataclass(frozen=True, slots=True)
class Mark:
    """What a statement says of itself: the ``token`` of its submission (its digest), the verb, where its rows go, and
    how many there were before duplicates are removed."""

    token: str
    verb: str
    output: str
    overwrite: bool = False
    rows_in: int | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """A query as Trino keeps it: its state, text, times, and the name of its error."""

    query_id: str
    state: str
    text: str
    created: str
    ended: str
    error: str

    @property
    def mark(self) -> Mark | None:
        """What its text says of it; ``None`` where it is none of Mason's."""
        told = told_by(self.text)
        try:
            return Mark(**told) if told is not None else None
        except TypeError:
            return None


class TableJobs:
    """The jobs of one client."""

    def __init__(self, client: TrinoClient) -> None:
        self._client = client
        self._lock = threading.Lock()
        # Queries that this process submitted, and jobs that it saw the end of.
        self._open: dict[str, tuple[Query, Mark, str]] = {}
        self._ended: dict[str, Job] = {}

    def check(self, output: Output) -> tuple[Place, str]:
        """Where the rows go. Raises ``ConflictError`` where the table is there and not to be replaced, and
        ``EngineError`` for what is no table."""
        if not is_table(output.path):
            raise EngineError(
                f"Client {self._client.name} writes tables of Trino's catalogs: give table://DATABASE/NAME instead of "
                f"{output.path}."
            )
        database, name = target_of(output.path)
        place = self._client.catalogs.known(database)
        if self._client.catalogs.has_table(place, name):
            if not output.overwrite:
                raise ConflictError(f"{output.path} exists already. Ask for overwrite to replace it.")
            if self._client.catalogs.kind(place, name) == "view":
                raise ConflictError(f"{output.path} is a view, which no table replaces. Delete it first.")
        return place, name.lower()

    def write(
        self,
        select: str,
        output: Output,
        verb: str,
        *,
        format: str | None,
        rows_in: int | None = None,
        within: Place | None = None,
    ) -> Job:
        """Hand over the statement that makes a table of the rows of a SELECT.

        - ``format``: that of its files where one was asked for; ``None`` leaves it to the catalog.
        - ``rows_in``: for the manifest. ``within``: the schema of tables that the SELECT names without one.
        """
        place, _ = self.check(output)
        token = submission()
        mark = Mark(
            token.digest if token is not None else uuid.uuid4().hex * 2, verb, output.path, output.overwrite, rows_in
        )
        known = self._client.catalogs.table_properties(place.catalog)
        options: dict[str, Any] = {}
        if format:
            options |= written_format(format, known, place.catalog)
        if output.partition_columns:
            options |= partitioning(output.partition_columns, known, place.catalog)
        made = place.table(name_of_mason(mark.token))
        text = marked(f"CREATE TABLE {made}{with_options(options)}\nAS\n{select}", asdict(mark))
        doing = f"make {output.path}"
        query = self._client.coordinator.register(text, doing=doing, within=within)
        submitted = iso(now())
        with self._lock:
            self._open[query.query_id] = (query, mark, submitted)
        try:
            return self.get(query.query_id)
        except EngineError:
            # It is submitted, and an error would say that it is not: who asks for the job hears what is the matter.
            return Job(query.query_id, "queued", verb, submitted=submitted, engine="execution")

    def get(self, job_id: str) -> Job:
        """A job as it is now. Raises ``NotFoundError`` for one that Trino does not know, or no more."""
        with self._lock:
            ended, going_on = self._ended.get(job_id), self._open.get(job_id)
        if ended is not None:
            return ended
        if not _ID.fullmatch(job_id):
            raise NotFoundError(
                f"There is no job {job_id!r}: Trino's queries have ids such as 20260101_120000_00001_abcde."
            )
        try:
            job = self._looked_at(*going_on) if going_on is not None else self._kept(job_id)
        except QueryGoneError:
            job = self._kept(job_id)
        if job.finished:
            with self._lock:
                self._ended[job_id] = job
                self._open.pop(job_id, None)
        return job

    def find(self, token: Token) -> Job:
        """The job that was submitted under a token. Raises ``NotFoundError``."""
        for seen in self._queries(f"strpos(query, {literal(_sign(token.digest))}) > 0"):
            mark = seen.mark
            if mark is not None and mark.token == token.digest and mark.verb != _PUBLISHING:
                return self.get(seen.query_id)
        raise NotFoundError(f"Nothing was submitted under {token}, as far as Trino remembers its queries.")

    def stop(self, job_id: str) -> Job:
        """Stop the query of a job, and return the job as it is then."""
        with self._lock:
            going_on = self._open.get(job_id)
        if going_on is not None and going_on[0].next_uri is not None:
            self._client.coordinator.stop(going_on[0])
        else:
            given = f"query_id => {literal(job_id)}, message => 'Cancelled by Mason'"
            # It may have ended meanwhile, which the job says then.
            with suppress(EngineError):
                self._client.answers.done(f"CALL system.runtime.kill_query({given})", doing=f"stop query {job_id}")
        return self.get(job_id)

    # How a query does

    def _looked_at(self, query: Query, mark: Mark, submitted: str) -> Job:
        """The job of a query that this process submitted."""
        job = Job(query.query_id, "running", mark.verb, submitted=submitted, engine="execution")
        try:
            if query.next_uri is not None:
                self._client.coordinator.advance(query)
        except EngineError as error:
            if not query.error:
                raise
            return self._failed(job, mark, query.error, str(error))
        job = replace(job, cost=cost_of(query.stats))
        state = str(query.stats.get("state", "RUNNING"))
        if query.next_uri is not None:
            return replace(job, status="queued" if _STATES.get(state) == "queued" else "running")
        return self._published(job, mark, query.count)

    def _kept(self, job_id: str) -> Job:
        """The job of a query by what Trino keeps of it."""
        seen = next(self._queries(f"query_id = {literal(job_id)}"), None)
        mark = seen.mark if seen is not None else None
        if seen is None or mark is None or mark.verb == _PUBLISHING:
            raise NotFoundError(
                f"Trino knows no job {job_id}, or no more: it keeps the last queries only (query.max-history)."
            )
        status = _STATES.get(seen.state, "running")
        job = Job(job_id, status, mark.verb, submitted=seen.created, engine="execution")
        if status == "failed":
            said = f"Trino failed with {seen.error or 'no error that it tells'}; its web page of the query says more"
            return self._failed(replace(job, finished=seen.ended), mark, seen.error, said)
        return self._published(replace(job, finished=seen.ended), mark, None) if status == "succeeded" else job

    def _failed(self, job: Job, mark: Mark, name: str, said: str) -> Job:
        """A courtesy goes with it: what is left of the table goes."""
        place, _ = self._target(mark)
        with suppress(EngineError):
            made = place.table(name_of_mason(mark.token))
            self._client.answers.done(f"DROP TABLE IF EXISTS {made}", doing="tidy up")
        status = "cancelled" if name in CANCELLED else "failed"
        return replace(job, status=status, reason=said, finished=job.finished or iso(now()))

    def _queries(self, condition: str) -> Iterator[Seen]:
        """The queries that Trino remembers."""
        # Presto tells no errors there.
        error = "CAST(NULL AS varchar)" if self._client.coordinator.is_presto else "error_code"
        sql = (
            f'SELECT query_id, state, query, created, "end", {error} AS error_code FROM system.runtime.queries '
            f"WHERE {condition} ORDER BY created DESC"
        )
        for row in self._client.answers.each(sql, doing="look for queries"):
            yield Seen(*(str(each or "") for each in row))

    # What it made

    def _published(self, job: Job, mark: Mark, count: int | None) -> Job:
        """The job of a query that has succeeded, whose table has its name. Who was killed in between begins anew."""
        place, name = self._target(mark)
        made, doing = name_of_mason(mark.token), f"publish {mark.output}"
        catalogs, answers = self._client.catalogs, self._client.answers
        if catalogs.has_table(place, made):
            sign = marked("", asdict(replace(mark, verb=_PUBLISHING)))
            if mark.overwrite and catalogs.has_table(place, name):
                replace_table(answers, place, made, name, doing, token=mark.token, sign=sign)
            else:
                try:
                    renamed(answers, place, made, name, doing, sign)
                except ConflictError as error:
                    raise ConflictError(
                        f"{mark.output} was made by others meanwhile. Its rows are in {place.database}.{made}."
                    ) from error
        elif not self._was_published(mark):
            raise EngineError(
                f"{mark.output} was not published: {place.database}.{made}, which was filled for it, is not there any "
                "more, and Trino does not remember that it got its name. See what is there."
            )
        # Of one that was killed before.
        answers.done(f"DROP TABLE IF EXISTS {place.table(old_name(mark.token))}", doing=doing)
        facts = self._facts(place, name, mark, count)
        return replace(job, status="succeeded", result=facts, finished=job.finished or iso(now()))

    def _was_published(self, mark: Mark) -> bool:
        return any(
            seen.state == "FINISHED" and seen.mark == replace(mark, verb=_PUBLISHING)
            for seen in self._queries(f"strpos(query, {literal(_sign(mark.token))}) > 0")
        )

    def _facts(self, place: Place, name: str, mark: Mark, count: int | None) -> Mapping[str, Any]:
        if count is None:
            counting = f"SELECT count(*) FROM {place.table(name)}"
            count = next(int(row[0]) for row in self._client.answers.each(counting, doing=f"count {mark.output}"))
        columns = [
            Column(each.name, duckdb_type(each.type), each.nullable)
            for each in self._client.catalogs.columns(place, name)
        ]
        facts: dict[str, Any] = {
            "output": mark.output,
            "rows": count,
            "schema": [column.to_dict() for column in columns],
        }
        if format := format_of(properties_of(self._client.catalogs.ddl(place, name))):
            facts["format"] = format
        if mark.rows_in is not None:
            facts |= {"rows_in": mark.rows_in, "removed": mark.rows_in - count}
        return facts

    def _target(self, mark: Mark) -> tuple[Place, str]:
        database, name = target_of(mark.output)
        return self._client.catalogs.place(database), name.lower()


def _sign(token: str) -> str:
    """How the comment of a statement begins that was submitted under a token, which is the first that it tells."""
    whole = marked("", {"token": token})
    # Letters of base64 stand for three bytes each four: those before the text ends.
    return whole[: len("\n-- mason ") + (len('{"token":"') + len(token)) // 3 * 4].strip()
