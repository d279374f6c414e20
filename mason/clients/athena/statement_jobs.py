"""Jobs of one or several statements whose rows are written: submitted once each, found again, and published by who sees
first that all have succeeded.

The id of a job is that of its execution at Athena; of a job of several statements, all of them with ``+`` between. What
the statements are is noted before the first is submitted, so that a crash in between leaves nothing to guess: the same
submission goes on with those that are missing.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

from mason.clients._duckdb.quoting import literal
from mason.clients._jobs import iso, now
from mason.clients._statements.table_targets import is_table
from mason.clients._tables.requests import Output
from mason.clients.athena.awaited import Answers
from mason.clients.athena.checked_outputs import CheckedOutputs
from mason.clients.athena.group_tables import GroupTables
from mason.clients.athena.job_states import job_of, worst_of
from mason.clients.athena.marks import Mark, mark_of
from mason.clients.athena.publishing import Publisher
from mason.clients.athena.result_rows import schema_of
from mason.clients.athena.statement_requests import Statements
from mason.clients.athena.table_outputs import TableOutputs
from mason.engines.capabilities import Capabilities
from mason.engines.checking import asked
from mason.engines.jobs import OPEN, Token, submission
from mason.engines.models import Job
from mason.errors import CheckFailedError, EngineError, NotFoundError, TransientEngineError

# How UNLOAD calls the formats, and what the files of each end with.
_UNLOADED = {"parquet": ("PARQUET", "parquet"), "jsonl": ("JSON", "jsonl.gz")}
# The key of a kept result whose checks failed: why nothing was published.
_FAILED = "failed"

Selects = Callable[[str], Sequence[str]]
"""Makes the statements of a submission, whose digest it is given, and what they read."""


class StatementJobs:
    """The jobs of one client that writes as ``can`` says."""

    def __init__(
        self,
        can: Capabilities,
        statements: Statements,
        answers: Answers,
        publisher: Publisher,
        tables: TableOutputs,
        groups: GroupTables,
        checks: CheckedOutputs,
    ) -> None:
        self._can = can
        self._statements, self._answers = statements, answers
        self._publisher, self._tables = publisher, tables
        self._groups, self._checks = groups, checks

    def write(
        self,
        selects: str | Selects,
        output: Output,
        verb: str,
        database: str = "",
        *,
        rows_in: int | None = None,
        groups: int = 0,
    ) -> Job:
        """Hand over statements whose rows are written to ``output``.

        - ``selects``: one SELECT, or what makes several of them that write parts of one output.
        - ``database``: that of tables without one. ``rows_in``: for the manifest.
        - ``groups``: how many tables ``selects`` makes in ``database``, which are dropped when all statements ended.
        """
        token = submission()
        digest = token.digest if token is not None else uuid.uuid4().hex * 2
        again = self._statements.find(digest) if token is not None and not isinstance(selects, str) else []
        marks = [mark_of(each["Query"]) for each in again]
        ids = {mark.part: each["QueryExecutionId"] for each, mark in zip(again, marks, strict=True) if mark}
        if not ids:
            self._check(output)
        if not (marks[:1] and marks[0] and marks[0].parts == len(ids)):
            first = replace(self._mark(digest, verb, output), rows_in=rows_in, groups=groups)
            checks = asked()
            first = replace(first, database=database if groups else "", checked=checks is not None)
            if checks is not None:
                self._publisher.keep_checks(digest, checks)
            with self._dropping(first, ids):
                texts = (
                    [selects]
                    if isinstance(selects, str)
                    else self._planned(digest, selects, output, is_kept=bool(token))
                )
                self._submit(texts, output, replace(first, parts=len(texts)), database, ids)
        job_id = "+".join(ids[part] for part in sorted(ids))
        try:
            return self.get(job_id)
        except EngineError:
            # It is submitted, and an error would say that it is not: who asks for the job hears what is the matter.
            return Job(job_id, "queued", verb, submitted=iso(now()), engine="execution")

    def _submit(self, texts: Sequence[str], output: Output, first: Mark, database: str, ids: dict[int, str]) -> None:
        """Submit the statements of which ``ids`` has none, and put them there."""
        if len(texts) > 1 and not (output.folder or is_table(output.path)):
            raise EngineError(
                f"{output.path} is one file, and it takes {len(texts)} statements to write it, each of which makes "
                "files of its own. Give the path of a folder, without an ending."
            )
        for part, text in enumerate(texts, start=1):
            if part not in ids:
                mark = replace(first, part=part)
                ids[part] = self._statements.start(self._writing(text, output, mark), database=database, mark=mark)
            if part == 1 and len(texts) > 1 and is_table(output.path):
                # The others insert into the table that it makes.
                self._answers.succeeded(ids[part])

    @contextmanager
    def _dropping(self, mark: Mark, ids: Mapping[int, str]) -> Iterator[None]:
        """Drops the tables of a submission when it fails before any statement of it is known to be submitted. Where no
        answer came, one may be."""
        try:
            yield
        except TransientEngineError:
            raise
        except EngineError:
            if not ids:
                with suppress(EngineError):
                    self._groups.drop(mark)
            raise

    def get(self, job_id: str) -> Job:
        """A job as it is now."""
        return self._job(job_id, [self._statements.look(each) for each in job_id.split("+")])

    def find(self, token: Token) -> Job:
        """The job that was submitted under a token. Raises ``NotFoundError``."""
        found = self._statements.find(token.digest, since=_began(token.run_id))
        mark = mark_of(found[0]["Query"]) if found else None
        if mark is None or len(found) < mark.parts:
            raise NotFoundError(f"Nothing was submitted under {token}, or not all of it.")
        return self._job("+".join(each["QueryExecutionId"] for each in found), found)

    def stop(self, job_id: str) -> None:
        """Stop all statements of a job."""
        for each in job_id.split("+"):
            self._statements.stop(each)

    def _check(self, output: Output) -> None:
        if asked() is not None:
            self._checks.refuse(output, self._statements.aws.client)
        if is_table(output.path):
            self._tables.check(output)
        else:
            self._publisher.check(output.path, folder=output.folder, overwrite=output.overwrite)

    def _planned(self, digest: str, selects: Selects, output: Output, *, is_kept: bool) -> Sequence[str]:
        kept = self._publisher.planned(digest) if is_kept else None
        if kept is not None:
            return kept
        texts = list(selects(digest))
        if len(texts) > 1:
            if is_table(output.path):
                # The first makes the table only.
                texts.insert(0, texts[0])
            if is_kept:
                self._publisher.keep_plan(digest, texts)
        return texts

    def _mark(self, digest: str, verb: str, output: Output) -> Mark:
        ending, staging, path = "", "", output.path.rstrip("/")
        if is_table(path):
            staging = self._tables.place(path, digest, enforced=self._statements.workgroup.enforced)
        elif output.folder:
            ending = _UNLOADED[output.format][1]
            staging = f"{self._statements.location}mason/{digest[:32]}/"
        return Mark(digest, verb, path, output.format, ending, staging, output.overwrite)

    def _writing(self, sql: str, output: Output, mark: Mark) -> str:
        if not output.folder:
            return sql
        compression = output.compression or next(
            each.compressions[0] for each in self._can.writes if each.name == output.format
        )
        if not is_table(mark.output):
            return _unloading(sql, output, mark, compression)
        if mark.part == 1:
            return self._tables.creating(sql, output, mark, compression, empty=mark.parts > 1)
        return self._tables.inserting(sql, mark)

    def _job(self, job_id: str, executions: Sequence[Mapping[str, Any]]) -> Job:
        state, mark = worst_of(executions), mark_of(executions[0].get("Query", ""))
        if state == "SUCCEEDED":
            result = self._result(job_id, mark, executions)
            done = job_of(job_id, executions, result)
            if _FAILED not in result:
                return done
            return replace(done, status="failed", reason=result[_FAILED], result={"checks": result["checks"]})
        job = job_of(job_id, executions)
        going_on = [each for each in executions if each["Status"]["State"] in ("RUNNING", "QUEUED")]
        for each in going_on:
            if job.status in OPEN:
                self._answers.stop_where_too_much(each["QueryExecutionId"], each)
            else:
                self._statements.stop(each["QueryExecutionId"])
        if mark is not None and job.status not in OPEN and not going_on:
            with suppress(EngineError):
                self._groups.drop(mark)
            self._discard(mark)
        return job

    def _discard(self, mark: Mark) -> None:
        # A courtesy, which a policy may not allow: nothing of it is where it was to be.
        with suppress(EngineError):
            (self._tables if is_table(mark.output) else self._publisher).discard(mark)

    def _result(self, job_id: str, mark: Mark | None, executions: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
        if mark is None:
            return {"query": job_id}
        found = self._publisher.published(job_id)
        if found is not None:
            return found
        self._groups.drop(mark)
        facts = self._rows(mark, executions)
        if mark.checked:
            try:
                facts["checks"] = self._checked(mark, executions)
            except CheckFailedError as error:
                refused = {_FAILED: str(error), "checks": [dict(each) for each in error.results]}
                self._publisher.keep(job_id, refused)
                self._discard(mark)
                return refused
        if is_table(mark.output):
            made = {"output": mark.output, "format": mark.format, **self._tables.publish(mark), **facts}
            self._publisher.keep(job_id, made)
            return made
        if not mark.staging:
            columns = schema_of(self._statements.columns(executions[0]["QueryExecutionId"])).columns
            facts["schema"] = [column.to_dict() for column in columns]
        return self._publisher.publish(job_id, mark, executions, facts)

    def _checked(self, mark: Mark, executions: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        schema = None
        if not (mark.staging or is_table(mark.output)):
            schema = schema_of(self._statements.columns(executions[0]["QueryExecutionId"]))
        files = self._tables.staged(mark) if is_table(mark.output) else self._publisher.staged(mark, executions)
        return self._checks.results(self._publisher.checks(mark.token), files, schema)

    def _rows(self, mark: Mark, executions: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        facts: dict[str, Any] = {}
        # Of a table that several fill, the first has none.
        first = 1 if is_table(mark.output) and mark.parts > 1 else 0
        counts = [self._statements.rows_written(each["QueryExecutionId"]) for each in executions[first:]]
        if None not in counts:
            facts["rows"] = sum(each for each in counts if each is not None)
        if mark.rows_in is not None:
            facts["rows_in"] = mark.rows_in
            if "rows" in facts:
                facts["removed"] = mark.rows_in - facts["rows"]
        return facts


def _unloading(sql: str, output: Output, mark: Mark, compression: str) -> str:
    name, _ = _UNLOADED[output.format]
    options = [f"format = '{name}'", f"compression = '{compression.upper()}'"]
    if output.partition_columns:
        columns = ", ".join(literal(each.lower()) for each in output.partition_columns)
        options.append(f"partitioned_by = ARRAY[{columns}]")
    return f"UNLOAD (\n{sql}\n)\nTO {literal(f'{mark.staging}{mark.part:05}/')}\nWITH ({', '.join(options)})"


def _began(run_id: str) -> float:
    """When a run began, which its id says, in seconds of the epoch; 0 where it does not. A clock may be wrong by an
    hour."""
    try:
        found = datetime.strptime(run_id.partition(".")[0], "%Y%m%dT%H%M%S")
    except ValueError:
        return 0.0
    return found.replace(tzinfo=timezone.utc).timestamp() - 3600
