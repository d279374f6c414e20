"""Verbs in parts, as Mason sees them: what is split, what becomes of the parts, and when it is done as a whole instead.

Where a part fails, or the table changes meanwhile, the verb is done once more as a whole, on one worker: so what is
refused is refused in the same words, whatever was split.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mason.clients._duckdb.execution import written
from mason.clients._duckdb.reading.schemas import Merging, TableSchema
from mason.clients._duckdb.writing.outputs import Placed, beside, check_apart, place
from mason.clients._objects.object_path import ObjectPath
from mason.clients._tables.deduping import counted, with_removed
from mason.clients._tables.merging import said
from mason.clients._tables.requests import Output, Request, read
from mason.clients.dask import dask_parts
from mason.clients.dask.dask_orders import FaultError
from mason.clients.dask.dask_tables import DaskTables
from mason.engines import checking
from mason.engines.models import Job, Rows, Table
from mason.errors import EngineError, MasonError

if TYPE_CHECKING:
    from mason.clients.dask.dask_ground import Ground
    from mason.engines.execution import Execution

Parts = Sequence[Mapping[str, Any]]
Lent = Callable[[Iterable[object]], Mapping[str, Mapping[str, Any]]]


class _PartError(Exception):
    """A part failed, so that nothing is published."""


class SplitWork:
    """One verb of ``execution`` that may be split.

    ``client`` is that of the engine; ``lent`` tells the configurations of neighbours whose objects are at some places.
    """

    def __init__(self, execution: Execution, client: Ground, lent: Lent) -> None:
        self._execution = execution
        self._client = client
        self._lent = lent
        self._tables = DaskTables(client)

    @cached_property
    def _workers(self) -> int:
        return int(self._client.cluster().workers)

    def summarized(self, given: Mapping[str, Any]) -> Rows | None:
        """The summary of a table in columns, column by column; ``None`` where it is to be done as a whole."""
        table: Table = given["table"]
        schema = self._schema(table)
        if schema is None or not dask_parts.is_read_as_it_is(schema):
            return None
        every = [name for name, _ in schema.columns + schema.partitions]
        wanted = list(dict.fromkeys(every if given["columns"] is None else given["columns"]))
        if len(wanted) < 2 or not set(wanted) <= set(every):
            return None
        before = dask_parts.fingerprint_of(self._tables, schema)
        groups = dask_parts.column_groups(schema, self._client.limits, wanted, self._workers)
        found = self._done("summarize", [{**given, "columns": group} for group in groups], [table])
        if found is None or dask_parts.fingerprint_of(self._tables, schema) != before:
            return None
        lines = {row[0]: row for part in found for row in part.rows}
        return Rows(found[0].schema, [lines[name] for name in wanted])

    def written(self, verb: str, given: Mapping[str, Any], begun: datetime) -> Job | None:
        """The job of a verb that writes a folder of files, part by part; ``None`` where it is to be done as a whole.

        Raises what :func:`~mason.clients._duckdb.writing.outputs.place` raises.
        """
        request = read(self._execution, verb, given)
        table: Table = given["table"]
        output = request.output
        assert output is not None, "all that write need one"
        counts = output.files is not None or request.sample_size is not None
        if checking.asked() or not output.folder or output.partition_columns or counts:
            # Checks look at all rows, and so does who counts files or takes rows by chance; a partition is to have few
            # files. One file, one worker writes.
            return None
        merging = Merging(given["allow_text"], given["extract_paths"]) if verb == "merge" else None
        schema = self._schema(replace(table, schema=None) if merging else table, merging)
        if schema is None:
            return None
        parts = self._parts(verb, given, request, schema, merging)
        if len(parts) < 2:
            return None
        placed = place(self._tables.root, output)
        if isinstance(placed.target, ObjectPath) and not self._client.starts_cluster:
            # What workers elsewhere write, Mason could not publish.
            return None
        check_apart(placed, [self._tables.source(table, merging=merging)], self._tables.root)
        try:
            manifest = self._published(verb, parts, placed, schema, [table, output.path])
        except _PartError:
            return None
        logs = said(schema.changes or ()) if verb == "merge" else counted(manifest) if verb == "dedupe" else ()
        return written(verb, manifest, begun, logs)

    def _parts(
        self,
        verb: str,
        given: Mapping[str, Any],
        request: Request,
        schema: TableSchema,
        merging: Merging | None,
    ) -> Parts:
        limits, part_bytes = self._client.limits, self._client.part_bytes
        if verb == "dedupe":
            if self._client.starts_cluster:
                # Each part reads the whole table: here one worker with all processors takes half of the time.
                return []
            known = {name for name, _ in schema.columns + schema.partitions}
            if not dask_parts.is_read_as_it_is(schema) or not {*request.keys, *request.order_by} <= known:
                return []
            parts = dask_parts.hashed_parts(dask_parts.size_of(schema), part_bytes, self._workers)
            same = {"keys": request.keys, "order_by": request.order_by, "keep": request.keep}
            return [{"table": given["table"], "number": number, "parts": parts, **same} for number in range(parts)]
        more = {"merging": merging} if verb == "merge" else {"columns": request.filter_columns}
        pieces = dask_parts.row_parts(schema, limits, part_bytes, self._workers)
        return [{"table": given["table"], "pieces": each, **more} for each in pieces]

    def _published(
        self, verb: str, parts: Parts, placed: Placed, schema: TableSchema, places: list[object]
    ) -> dict[str, Any]:
        before = dask_parts.fingerprint_of(self._tables, schema)
        root = self._tables.root
        with beside(placed, root) as path:
            orders = [
                {**part, "placed": _of_part(placed.output, dask_parts.part_folder(path, number))}
                for number, part in enumerate(parts)
            ]
            found = self._done(f"{verb}_part", orders, places)
            if found is None:
                raise _PartError
            if dask_parts.fingerprint_of(self._tables, schema) != before:
                raise EngineError("The files that were read changed meanwhile, so nothing was written. Run it again.")
            manifest = dask_parts.joined(path, found, placed, root.show, before)
        if verb == "dedupe":
            manifest = with_removed(manifest, sum(each["rows_in"] for each in found))
        return manifest

    def _schema(self, table: Table, merging: Merging | None = None) -> TableSchema | None:
        """What the files of a table hold, where they are large enough to be split; what is wrong with them, a worker
        says."""
        try:
            schema = self._tables.schema(table, merging=merging)
        except MasonError:
            return None
        return schema if dask_parts.size_of(schema) >= 2 * self._client.part_bytes and self._workers > 1 else None

    def _done(self, call: str, parts: Parts, places: list[object]) -> list[Any] | None:
        """What came of all parts; ``None`` where one failed."""
        lent = self._lent(places)
        try:
            found: list[Any] = self._client.cluster().do(call, parts, lent=lent, tables={}, asked=None, whole=False)
            return found
        except FaultError:
            return None


def _of_part(output: Output, path: Any) -> Placed:
    return Placed(replace(output, overwrite=True), path)
