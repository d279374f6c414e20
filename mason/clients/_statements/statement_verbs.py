"""The verbs of table work, of statements: an engine that can answer and write a SELECT has them by saying how.

An engine gives a :class:`Reading`: what its tables are called in statements, and the answers to these. What cannot be
asked for is refused first, in the words of every client; then what a table has not; and nothing is written before.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, ClassVar, Protocol

from mason.clients._statements.asked import Relation, Statement
from mason.clients._tables.columns import Columns
from mason.clients._tables.merging import Merged
from mason.clients._tables.requests import Request
from mason.engines.execution import Execution
from mason.engines.models import Job, Rows, Table
from mason.values import dataclass


class Reading(Protocol):
    """Tables for as long as one verb lasts."""

    def relation(self, table: Table) -> Relation:
        """A table as statements read it. Raises the ``EngineError`` that says why nothing can."""
        ...

    def parts(self, table: Table, *, allow_text: bool, extract_paths: bool) -> Parts:
        """The files of a table, which may differ. Raises ``ConflictError`` where they cannot become one table."""
        ...

    def ask(self, statements: Sequence[Statement]) -> Sequence[Rows]:
        """The answers, in their order; the statements may run at once."""
        ...


@dataclass(frozen=True, slots=True)
class Parts:
    """The files of a table that differ: ``relations``, each of files with the same columns, the ``columns`` of the
    merged table, and the ``changes`` that its plan names."""

    relations: tuple[Relation, ...]
    columns: Columns
    changes: tuple[Merged, ...]


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is to be written: a statement, and lines for the job's log. ``facts`` belong into the manifest: each is the
    one value that its statement answers with."""

    statement: Statement
    facts: Mapping[str, Statement]
    logs: tuple[str, ...] = ()


Prepare = Callable[[Reading, Request], Prepared]


class StatementVerbs(Execution):
    """``summarize``, ``format``, ``plan_merge``, ``merge`` and ``dedupe``, as client ``local`` does them."""

    supports: ClassVar[frozenset[str]] = frozenset({"summarize", "format", "plan_merge", "merge", "dedupe"})

    looks_first: ClassVar[bool] = False
    """Whether an estimate begins with a look at some rows, as ``summarizing`` has it."""

    @abstractmethod
    def _reading(self) -> AbstractContextManager[Reading]:
        """Tables to ask about, until they are left."""

    @abstractmethod
    def _written(self, verb: str, asked: Mapping[str, Any], prepare: Prepare) -> Job:
        """The job of ``verb`` that writes what ``prepare`` makes of its tables and of the arguments ``asked``, once
        these were checked. The manifest has what was ``told`` besides; with ``rows_in``, also ``removed``."""

    def summarize(
        self,
        table: Table,
        *,
        columns: Sequence[str] | None = None,
        exact: bool = True,
        top_values: int = 0,
        histogram: int = 0,
    ) -> Rows:
        """By statements for each column, several at once. A mean of floating numbers may differ in its last digits."""
        from mason.clients._statements.summarizing import summarize
        from mason.clients._tables.summaries import check

        check(top_values, histogram)
        with self._reading() as reading:
            return summarize(
                reading.ask,
                reading.relation(table),
                columns=columns,
                exact=exact,
                top_values=top_values,
                histogram=histogram,
                looks_first=self.looks_first,
            )

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
        """In no promised order of rows."""
        from mason.clients._statements.choosing import converted

        def prepare(reading: Reading, request: Request) -> Prepared:
            statement = converted(
                reading.relation(table),
                columns=request.filter_columns,
                partition_columns=tuple(partition_columns),
                sample_size=request.sample_size,
            )
            return Prepared(statement, {})

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
        return self._written("format", asked, prepare)

    def plan_merge(self, table: Table, *, allow_text: bool = False, extract_paths: bool = False) -> Rows:
        """As :meth:`merge` would do it."""
        from mason.clients._tables.merging import planned

        with self._reading() as reading:
            return planned(reading.parts(table, allow_text=allow_text, extract_paths=extract_paths).changes)

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
        """By the lattice of types that every client has. Rows come in no promised order."""
        from mason.clients._statements.choosing import united
        from mason.clients._tables.merging import said

        def prepare(reading: Reading, request: Request) -> Prepared:
            parts = reading.parts(table, allow_text=allow_text, extract_paths=extract_paths)
            return Prepared(united(parts.relations, parts.columns), {}, said(parts.changes))

        asked = {"table": table, "output": output, "format": format, "overwrite": overwrite}
        return self._written("merge", asked, prepare)

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
        from mason.clients._statements.choosing import counted, deduped

        def prepare(reading: Reading, request: Request) -> Prepared:
            relation = reading.relation(table)
            statement = deduped(relation, keys=request.keys, order_by=request.order_by, keep=request.keep)
            return Prepared(statement, {"rows_in": counted(relation)})

        asked = {
            "table": table,
            "keys": keys,
            "output": output,
            "order_by": order_by,
            "keep": keep,
            "format": format,
            "overwrite": overwrite,
        }
        return self._written("dedupe", asked, prepare)
