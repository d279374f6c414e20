"""The execution engine: questions to tables, and work that makes tables out of tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from mason.engines.engine import Engine
from mason.engines.models import Job, Rows, Schema, Table
from mason.engines.verbs import verb
from mason.errors import UnsupportedVerbError

if TYPE_CHECKING:
    from mason.engines.checking import Asked


class Execution(Engine):
    """Runs SQL and table work. ``table`` arguments take what a metastore's ``get_table`` returned."""

    role: ClassVar[str] = "execution"

    @verb(read_only=True)
    def preview(self, table: Table, *, limit: int = 10) -> Rows:
        """The first ``limit`` rows, in no promised order."""
        raise self.lacks("preview")

    @verb(read_only=True)
    def summarize(
        self,
        table: Table,
        *,
        columns: Sequence[str] | None = None,
        exact: bool = True,
        top_values: int = 0,
        histogram: int = 0,
    ) -> Rows:
        """Per column: ``column``, ``type``, ``rows``, ``non_null``, ``distinct``, ``min``, ``max``, ``mean``.

        All numbers are exact; ``mean`` is null where the column is not numeric. ``columns`` narrows. With ``exact``
        false, ``approx_distinct`` stands for ``distinct``, an estimate. ``top_values`` adds ``top``: so many of the
        most frequent values (``value``, ``count``), equally frequent ones in their order; ``histogram`` adds
        ``histogram``: for numbers, counts in so many equal steps (``from``, ``to``, ``count``).

        NULL is no value; NaN is one, but neither smallest nor largest nor part of the mean. Raises ``NotFoundError``
        for columns that there are not.
        """
        raise self.lacks("summarize")

    @verb(read_only=True, changing_with="output", paths=("output",), writes=("output",))
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
        """Answer one SELECT statement, with ``$table`` for ``table`` and other tables of its database by name.

        Without ``output``: at most ``limit`` rows. With ``output``: all rows are written there whole or not at
        all (``format`` by its ending when not given), and a job answers; an existing target raises
        ``ConflictError`` unless ``overwrite`` is true. Anything but one SELECT raises ``EngineError``.

        ``dialect`` is that of ``sql``: an engine takes its own (``capabilities.dialect``) as it stands, and DuckDB's
        translated, so that it answers the same; ``TranslationError`` is raised where it is not known to. With ``trust``
        a text that is not known to answer the same is run nevertheless, as far as it is one SELECT.
        """
        raise self.lacks("query")

    @verb(read_only=True)
    def query_job(
        self,
        sql: str,
        *,
        table: Table | None = None,
        limit: int | None = None,
        dialect: str = "duckdb",
        trust: bool = False,
    ) -> Job:
        """As :meth:`query` without ``output``, answered with a finished job that later steps can ask for by its id.

        Its ``result`` has ``rows``, at most ``limit``, a mapping for each, and ``more``, whether there would be others.
        Nothing is changed but that the job is known.
        """
        raise self.lacks("query_job")

    @verb(read_only=False, paths=("output",), writes=("output",))
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
        """Write the table to ``output`` in another format (by its ending when not given) or partitioning.

        A path with an ending is a file, one without a folder of files: one or some for each value of
        ``partition_columns``, in folders ``key=value``, or as many as ``partitions`` says. ``filter_columns`` are the
        columns to keep, beside those of partitions, ``sample_size`` the number of rows to take by chance; a table that
        has no more is taken whole. Raises ``NotFoundError`` for columns that there are not.

        The job's result is the manifest, as of all verbs that write: ``output``, ``format``, ``rows``, ``bytes``,
        ``files`` (``path``, ``bytes``), ``schema``, and ``source``, the fingerprint of what was read. What is written
        appears whole or not at all; an existing target raises ``ConflictError`` unless ``overwrite`` is true.
        """
        raise self.lacks("format")

    @verb(read_only=True)
    def plan_merge(self, table: Table, *, allow_text: bool = False, extract_paths: bool = False) -> Rows:
        """What :meth:`merge` would do: per column of the result ``column``, ``type`` and ``change`` (null: none).

        Raises ``ConflictError`` that names the columns that have no common type, or when there is nothing to merge.
        """
        raise self.lacks("plan_merge")

    @verb(read_only=False, shown_by="plan_merge", paths=("output",), writes=("output",))
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
        """Write the files of a table, whose schemas may differ, to ``output`` with one schema.

        Columns that a file lacks are null there; types are widened, to text only with ``allow_text``.
        ``extract_paths`` adds a column ``file_path``. Answers as :meth:`format`, raises as :meth:`plan_merge`.
        """
        raise self.lacks("merge")

    @verb(read_only=False, paths=("output",), writes=("output",))
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
        """Write the table to ``output`` with one row for each value of ``keys``: the ``first`` or ``last`` by
        ``order_by``, and by all other columns where that leaves a choice, so that the result is always the same.

        NULL is a value like others as a key, and never first or last. Raises ``NotFoundError`` for columns that there
        are not. Answers as :meth:`format`, with ``rows_in`` and ``removed`` in the manifest."""
        raise self.lacks("dedupe")

    def check_table(self, table: Table, asked: Asked) -> list[dict[str, Any]]:
        """What comes of checks of a table that is there already, as :func:`~mason.engines.checking.decided` has it.

        No verb: nothing is written, and sentences say no checks. Raises ``UnsupportedVerbError`` where the client
        cannot look at a table for that.
        """
        raise UnsupportedVerbError(f"Client {self.client} cannot check a table that is there already.")

    @verb(read_only=True)
    def estimate(self, call: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """What the verb ``call`` would cost with ``arguments``, told without doing it.

        In the terms in which a job tells what it did cost (``bytes_scanned``, ``credits``); empty where it costs
        nothing, or the service cannot say. A client supports this verb only if its service can say so of some calls.
        Raises what the call would raise where that shows already.
        """
        raise self.lacks("estimate")

    @verb(read_only=False, paths=("output",), writes=("output",))
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
        """Write ``size`` made-up rows of ``schema`` (or a mapping of names to types, or a table to imitate) to
        ``output``; the same ``seed`` gives the same rows. Answers as :meth:`format`."""
        raise self.lacks("fake")
