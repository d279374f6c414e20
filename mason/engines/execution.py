"""The execution engine: questions to tables, and work that makes tables out of tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from mason.engines.engine import Engine
from mason.engines.models import Job, Rows, Schema, Table
from mason.engines.verbs import verb


class Execution(Engine):
    """Runs SQL and table work. ``table`` arguments take what a metastore's ``get_table`` returned."""

    role: ClassVar[str] = "execution"

    @verb(read_only=True)
    def preview(self, table: Table, *, limit: int = 10) -> Rows:
        """The first ``limit`` rows, in no promised order."""
        raise self.lacks("preview")

    @verb(read_only=True)
    def summarize(self, table: Table, *, columns: Sequence[str] | None = None) -> Rows:
        """Per column: ``column``, ``type``, ``rows``, ``non_null``, ``distinct``, ``min``, ``max``, ``mean``.

        All numbers are exact; ``mean`` is null where the column is not numeric. ``columns`` narrows.
        """
        raise self.lacks("summarize")

    @verb(read_only=True, changing_with="output")
    def query(
        self,
        sql: str,
        *,
        table: Table | None = None,
        output: str | None = None,
        format: str | None = None,
        overwrite: bool = False,
        limit: int | None = None,
    ) -> Rows | Job:
        """Answer one SELECT statement, with ``$table`` for ``table`` and other tables of its database by name.

        Without ``output``: at most ``limit`` rows. With ``output``: all rows are written there whole or not at
        all (``format`` by its ending when not given), and a job answers; an existing target raises
        ``ConflictError`` unless ``overwrite`` is true. Anything but one SELECT raises ``EngineError``.
        """
        raise self.lacks("query")

    @verb(read_only=True)
    def get_job(self, job_id: str) -> Job:
        """The job, with its status and logs. Raises ``NotFoundError``."""
        raise self.lacks("get_job")

    @verb(read_only=False)
    def format(
        self,
        table: Table,
        *,
        output: str,
        format: str,
        partition_columns: Sequence[str] = (),
        filter_columns: Sequence[str] = (),
        overwrite: bool = False,
    ) -> Job:
        """Write the table to ``output`` in another format or partitioning."""
        raise self.lacks("format")

    @verb(read_only=False)
    def merge(self, table: Table, *, output: str, overwrite: bool = False) -> Job:
        """Write the files of a table, whose schemas may differ, to ``output`` with one schema."""
        raise self.lacks("merge")

    @verb(read_only=False)
    def dedupe(
        self,
        table: Table,
        *,
        keys: Sequence[str],
        output: str,
        order_by: Sequence[str] = (),
        keep: str = "first",
        overwrite: bool = False,
    ) -> Job:
        """Write the table to ``output`` with one row for each value of ``keys``."""
        raise self.lacks("dedupe")

    @verb(read_only=False)
    def fake(
        self,
        schema: Schema | Mapping[str, Any],
        *,
        size: int,
        output: str,
        seed: int | None = None,
        overwrite: bool = False,
    ) -> Job:
        """Write ``size`` made-up rows of ``schema`` to ``output``; the same ``seed`` gives the same rows."""
        raise self.lacks("fake")

    @verb(read_only=False)
    def cancel_job(self, job_id: str) -> Job:
        """Stop a job that is not done. Raises ``NotFoundError``, and ``ConflictError`` when it is done."""
        raise self.lacks("cancel_job")
