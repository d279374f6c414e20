"""Statements that are waited for: their rows, and what stops them when nobody waits any more or they cost too much."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from threading import Event
from typing import TYPE_CHECKING, Any

from mason.clients.athena.job_states import cost_of, job_of
from mason.clients.athena.result_rows import rows_of, schema_of, with_whole_numbers
from mason.engines import interrupts
from mason.engines.models import Rows
from mason.errors import CancelledError, EngineError, JobFailedError

if TYPE_CHECKING:
    from mason.clients.athena.statement_requests import Statements
    from mason.sql.translations import Column

_LONGEST_PAUSE = 5.0


class Answers:
    """Asks one workgroup. ``configuration`` is the client's."""

    def __init__(self, statements: Statements, configuration: Mapping[str, Any]) -> None:
        self._statements = statements
        self._most = configuration.get("max_bytes_scanned")

    def rows(self, sql: str, database: str = "", limit: int | None = None, told: Sequence[Column] = ()) -> Rows:
        """The rows of a statement, at most ``limit``. ``told`` are the columns that it has in DuckDB.

        Raises ``JobFailedError`` with what Athena says, ``CancelledError``, and ``EngineError`` for one that was
        stopped because it scanned too much.
        """
        execution_id = self._statements.start(sql, database=database, reuse=True)
        execution = self.succeeded(execution_id)
        described, rows = self._statements.rows(execution, None if limit is None else limit + 1)
        more = limit is not None and len(rows) > limit
        found = rows_of(schema_of(described), rows[:limit], more=more, cost=cost_of([execution]))
        return with_whole_numbers(found, [each.type.name == "HUGEINT" for each in told])

    def succeeded(self, execution_id: str) -> Mapping[str, Any]:
        """A statement when it has succeeded. Raises as :meth:`rows`."""
        execution = self._waited(execution_id)
        if execution["Status"]["State"] != "SUCCEEDED":
            job = job_of(execution_id, [execution])
            raise JobFailedError(f"Athena did not answer the query: {job.reason or job.status}.", job.to_dict())
        return execution

    def _waited(self, execution_id: str) -> Mapping[str, Any]:
        work, given_up = interrupts.current(), Event()
        if work is not None:
            work.add(given_up.set)
        pause = 0.1
        try:
            while True:
                found = self._statements.look(execution_id)
                if found["Status"]["State"] not in ("QUEUED", "RUNNING"):
                    return found
                if scanned := self.stop_where_too_much(execution_id, found):
                    raise EngineError(
                        f"Query {execution_id} was stopped: it had scanned {scanned:,} bytes, more than "
                        f"max_bytes_scanned of client {self._statements.aws.client}."
                    )
                if given_up.wait(pause):
                    raise CancelledError(f"Query {execution_id} was stopped: nobody waits for it any more.")
                pause = min(pause * 1.5, _LONGEST_PAUSE)
        except BaseException as error:
            # Ctrl-C too: what is scanned for nobody costs all the same.
            if not isinstance(error, EngineError):
                with suppress(EngineError):
                    self._statements.stop(execution_id)
            raise
        finally:
            if work is not None:
                work.discard(given_up.set)

    def stop_where_too_much(self, execution_id: str, execution: Mapping[str, Any]) -> int:
        """Stop an execution that has scanned more than the config allows; how many bytes these are, else 0."""
        scanned = (execution.get("Statistics") or {}).get("DataScannedInBytes") or 0
        if self._most is None or scanned <= self._most:
            return 0
        self._statements.stop(execution_id)
        return int(scanned)
