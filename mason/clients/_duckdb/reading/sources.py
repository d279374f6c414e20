"""From files to a :class:`Table` and back to what reads it: the two steps that every client over files takes."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mason.clients._duckdb.connection import Limits, on_demand
from mason.clients._duckdb.reading.looks import FileSchema, Seen
from mason.clients._duckdb.reading.schemas import Merging, TableSchema, describe
from mason.clients._duckdb.reading.table_files import DataFile, files_at, partition_types
from mason.clients._duckdb.root import Root
from mason.engines.models import Column, Location, Partition, Schema, Table
from mason.errors import EngineError

if TYPE_CHECKING:
    from mason.clients._duckdb.reading.readers import Source
    from mason.clients._duckdb.reading.sampling import Sample


def look_at(
    table: Table,
    root: Root,
    limits: Limits,
    seen: Seen,
    *,
    read_headers: bool | None = None,
    whole: bool = False,
    merging: Merging | None = None,
    sample: Sample | None = None,
) -> tuple[Table, TableSchema]:
    """The table with its schema, and that schema file by file.

    ``table`` has at least a location; its options and columns, where it has them, are held to. With ``read_headers``
    the columns are found anew; ``whole`` says that all rows will be read, and ``merging`` that files may
    differ. With ``sample`` only some files are looked at. Raises what :func:`files_at` and :func:`describe` raise.
    """
    location = table.location.path if table.location else ""
    looked_ns = time.time_ns()
    files = files_at(root, location)
    place = os.fspath(root.place(location))
    chosen = files if sample is None else sample.of(files)
    seen.recall(place, chosen)
    pinned = [(c.name, c.type) for c in table.schema.columns] if table.schema else None
    declared = frozenset(c.name for c in table.schema.columns if c.declared) if table.schema else frozenset[str]()
    options = dict(table.options)
    if read_headers is not None:
        options["header"], pinned = read_headers, None
    with on_demand(limits) as connection:
        schema = describe(
            connection,
            chosen,
            root,
            seen,
            partitions=partition_types(files),
            title=title(table) if table.database else f"{location or '.'}",
            options=options,
            pinned=tuple(pinned) if pinned is not None else None,
            declared=declared if pinned is not None else frozenset(),
            whole=whole,
            merging=merging,
        )
    seen.keep(place, chosen, looked_ns)
    if sample is not None and len(chosen) < len(files):
        schema = replace(schema, notes=(*schema.notes, sample.note(chosen, files)))
    return _with_schema(table, schema, files), schema


def unread(table: Table, read_headers: bool | None) -> Table:
    """The table for verbs that take files whatever their schemas are: where it is, and how to read it."""
    header = {} if read_headers is None else {"header": read_headers}
    return replace(table, schema=None, options={**table.options, **header})


def title(table: Table) -> str:
    """How a table is called in errors."""
    return f"table {table.name} in database {table.database}" if table.database else f"table {table.name}"


def _with_schema(table: Table, schema: TableSchema, files: Sequence[DataFile]) -> Table:
    comments = {c.name: c for c in table.schema.columns} if table.schema else {}
    columns = tuple(
        replace(comments[name], type=kind) if name in comments else Column(name, kind)
        for name, kind in schema.columns + schema.partitions
    )
    assert table.location is not None
    return replace(
        table,
        schema=Schema(columns),
        location=replace(table.location, size=sum(file.version[0] for file in files)),
        format=schema.format,
        options=schema.options,
        partition_columns=tuple(name for name, _ in schema.partitions),
        notes=schema.notes,
    )


def source_of(
    table: Table, root: Root, limits: Limits, seen: Seen, *, whole: bool, merging: Merging | None = None
) -> Source:
    """What reads a table, whose files are looked at again if they changed; see :func:`look_at`."""
    if table.location is None:
        raise EngineError(f"{title(table).capitalize()} has no location, so client {root.client} cannot read it.")
    return reader_of(look_at(table, root, limits, seen, whole=whole, merging=merging)[1], table, root)


def reader_of(schema: TableSchema, table: Table, root: Root) -> Source:
    """What reads a table, or some of its files, of which ``schema`` tells."""
    # Many tables are looked at and not read.
    from mason.clients._duckdb.reading.readers import source

    assert table.location is not None, "its files were looked at"
    found = replace(source(schema, root=root.path), changes=schema.changes)
    folder = root.place(table.location.path)
    return replace(found, folder=folder) if folder not in found.files and folder.is_dir() else found


def relative(schema: TableSchema, root: Root) -> TableSchema:
    """The same files by paths from the root, for SQL that must survive a move of the project."""

    def moved(each: FileSchema) -> FileSchema:
        path = each.file.path
        return replace(each, file=replace(each.file, path=path.relative_to(root.path) if root.has(path) else path))

    return replace(schema, files=tuple(moved(each) for each in schema.files))


def partitions_of(schema: TableSchema, root: Root) -> list[Partition]:
    """The partitions of a table, in the order of their folders, values in the types of their columns."""
    types = dict(schema.partitions)
    found: dict[Path, Partition] = {}
    for each in schema.files:
        folder = each.file.path.parent
        if each.file.partitions and folder not in found:
            values = {
                key: int(value) if value is not None and types[key] == "BIGINT" else value
                for key, value in each.file.partitions
            }
            found[folder] = Partition(values, Location(root.show(folder)))
    return list(found.values())


def definition_of(given: Table | Mapping[str, Any], database: str, table: str) -> Table:
    """What is to be registered, under the name that it gets. Raises ``EngineError`` when it has no location."""
    try:
        found = given if isinstance(given, Table) else Table.from_dict({"name": table, **given})
    except (KeyError, TypeError, ValueError) as error:
        raise EngineError(f"The definition of table {table} is not that of a table: {error}.") from error
    if found.location is None or not found.location.path:
        raise EngineError(f"The definition of table {table} has no location.")
    if found.schema is not None and not isinstance(given, Table):
        # Whoever writes types down means them.
        columns = tuple(replace(column, declared=True) for column in found.schema.columns)
        found = replace(found, schema=Schema(columns))
    return replace(found, name=table, database=database, kind="table")
