"""From files to a :class:`Table` with nothing said about it but what a person says: where it is, and how to read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mason.clients._duckdb.connection import Limits
from mason.clients._duckdb.reading.looks import Seen
from mason.clients._duckdb.reading.sampling import Sample
from mason.clients._duckdb.reading.sources import look_at
from mason.clients._duckdb.root import Root
from mason.clients._missing import missing
from mason.clients._tables.formats import ending_of
from mason.engines.models import Location, Schema, Table
from mason.errors import EngineError


def infer(
    path: str,
    root: Root,
    limits: Limits,
    seen: Seen,
    *,
    table: str | None = None,
    read_headers: bool | None = None,
    options: Mapping[str, Any] | None = None,
    columns: Mapping[str, Any] | None = None,
    sample_size: int | None = None,
    seed: int = 0,
) -> Table:
    """The table that the files at ``path`` (file, folder or glob) are; a glob stays its location as it was given.

    ``options`` say how the files are read, ``columns`` which types columns have; all that they leave out is found out,
    in all files or in ``sample_size`` of them.
    Raises ``NotFoundError`` for a column that is not there, and ``EngineError`` for an unknown option or type.
    """
    sample = Sample(sample_size, seed) if sample_size is not None else None
    if sample is not None:
        sample.check()
    base, _ = root.find(path)
    if root.is_glob(path):
        # A glob is named for the folder that it starts from.
        location, name = path, base.name
    else:
        real = root.resolve(path)
        location, name = root.show(real), ending_of(real.name).stem if real.is_file() else real.name
    wanted = Table(table or name, location=Location(location), options=dict(options or {}))
    found, _ = look_at(wanted, root, limits, seen, read_headers=read_headers, sample=sample)
    if not columns:
        return found
    return look_at(replace(found, schema=_typed(found, columns)), root, limits, seen, sample=sample)[0]


def _typed(table: Table, columns: Mapping[str, Any]) -> Schema:
    """The columns that were found, those that a person gave with the types that they gave."""
    found = table.schema.columns if table.schema else ()
    names = [column.name for column in found]
    for name, kind in columns.items():
        if name not in names:
            raise missing("Column", name, names, f" in {table.location.path if table.location else table.name}")
        if not isinstance(kind, str):
            raise EngineError(f"The type of column {name} must be text such as VARCHAR or DECIMAL(18,2), not {kind!r}.")
    return Schema(
        tuple(
            replace(column, type=columns[column.name], declared=True) if column.name in columns else column
            for column in found
        )
    )
