"""Statements that are waited for: their rows, page by page, and what stops them when nobody waits any more."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from threading import Event
from typing import TYPE_CHECKING, Any

from mason.clients._duckdb.quoting import literal
from mason.clients.trino.trino_values import as_told, schema_of, values_of
from mason.engines import interrupts
from mason.engines.models import Rows
from mason.engines.progress import Progress, report
from mason.errors import CancelledError, EngineError

if TYPE_CHECKING:
    from mason.clients.trino.coordinator import Coordinator, Query
    from mason.clients.trino.trino_names import Place
    from mason.sql.translations import Column


class StatementAnswers:
    """Asks one coordinator."""

    def __init__(self, coordinator: Coordinator) -> None:
        self.coordinator = coordinator

    def rows(
        self,
        sql: str,
        *,
        doing: str = "answer the query",
        limit: int | None = None,
        told: Sequence[Column] = (),
        within: Place | None = None,
    ) -> Rows:
        """The rows of a statement, at most ``limit``; the query is stopped when there are so many.

        - ``doing``: what it is for, an infinitive, for errors.
        - ``told``: the columns that it has in DuckDB, where that is known.
        - ``within``: the schema of tables that it names without one.

        Raises what ``Coordinator.submit`` raises, and ``CancelledError``.
        """
        rows: list[Sequence[Any]] = []
        with closing(self._pages(sql, (), doing, within)) as pages:
            for query in pages:
                rows += query.rows
                if limit is not None and len(rows) > limit:
                    break
        found = Rows(
            schema_of(query.columns),
            values_of(query.columns, rows[:limit]),
            more=limit is not None and len(rows) > limit,
            cost=cost_of(query.stats),
        )
        return as_told(found, told)

    def each(self, sql: str, *parameters: str, doing: str) -> Iterator[tuple[Any, ...]]:
        """The rows of a statement one by one, of which a page is held; ``parameters`` are texts for its ``?``. Raises
        as :meth:`rows`."""
        with closing(self._pages(sql, [literal(each) for each in parameters], doing)) as pages:
            for query in pages:
                yield from values_of(query.columns, query.rows)

    def done(self, sql: str, *, doing: str) -> None:
        """Have a statement done that answers with nothing of interest. Raises as :meth:`rows`."""
        for _ in self.each(sql, doing=doing):
            pass

    def _pages(
        self, sql: str, parameters: Sequence[str], doing: str, within: Place | None = None
    ) -> Generator[Query, None, None]:
        """The query of a statement, at each of its pages; it is stopped where it is left before its end."""
        work, given_up = interrupts.current(), Event()
        if work is not None:
            work.add(given_up.set)
        query: Query | None = None
        try:
            query = self.coordinator.submit(sql, parameters, doing=doing, within=within)
            while True:
                _report(query)
                yield query
                if query.next_uri is None:
                    return
                if given_up.is_set():
                    raise CancelledError(f"Query {query.query_id} was stopped: nobody waits for it any more.")
                self.coordinator.advance(query)
        finally:
            # Ctrl-C too: what is read for nobody takes the place of others.
            if query is not None and query.next_uri is not None:
                with suppress(EngineError):
                    self.coordinator.stop(query)
            if work is not None:
                work.discard(given_up.set)


def cost_of(stats: Mapping[str, Any]) -> dict[str, Any]:
    """What a query took: ``bytes_scanned``, and ``seconds`` of the processors."""
    scanned = stats.get("physicalInputBytes", stats.get("processedBytes"))
    cost = {"bytes_scanned": scanned} if isinstance(scanned, int) else {}
    seconds = (stats.get("cpuTimeMillis") or 0) / 1000
    return {**cost, "seconds": seconds} if seconds else cost


def _report(query: Query) -> None:
    rows = query.stats.get("processedRows") or 0
    report(Progress(rows, 0, "rows", "Reading by Trino", ended=query.next_uri is None))
