"""Looks at files that are not known yet, each format by the module that knows it.

Imported when there is such a file: usually all is known, and finding that takes less time than to load these modules.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mason.clients._duckdb.failures import explained
from mason.clients._duckdb.reading.copies import Copies
from mason.clients._duckdb.reading.looks import Connect, FileSchema
from mason.clients._duckdb.reading.table_files import DataFile
from mason.clients._duckdb.root import Root
from mason.clients._objects.object_path import AHEAD, brought_here
from mason.errors import EngineError
from mason.values import dataclass

if TYPE_CHECKING:
    from concurrent.futures import Executor

    import duckdb

    from mason.clients._duckdb.reading.text_columns import Scan

# Fewer files than this are looked at one after the other: starting threads costs as much.
_FEW = 8
# Objects of at most so many bytes come to this machine to be looked at, many at once: a store answers slowly, and
# DuckDB takes tens of megabytes for each text that it has open.
_SMALL = 1 << 20


def look(
    connection: Connect, files: Sequence[tuple[DataFile, int]], given: dict[str, Any], root: Root, copies: Copies
) -> list[FileSchema]:
    """The schemas of files of one format, each looked at in as many rows as stand beside it where it is a long text;
    ``given`` are options that hold. Raises ``EngineError`` for a file that cannot be read."""
    kind = files[0][0].ending.format
    if kind == "parquet":
        from mason.clients._duckdb.reading import parquet_files

        looked = parquet_files.look(connection(), [file for file, _ in files], copies, root.show)
        by_path = {
            each.file.path: FileSchema(each.file, each.columns, nulls=each.nulls, notes=each.notes, copied=each.copied)
            for each in looked
        }
        return [by_path[file.path] for file, _ in files]

    if kind == "xlsx":
        return [_xlsx(file, given, root) for file, _ in files]
    look_at: Look = _csv if kind == "csv" else _json
    asked = _Asked(given, copies, root.show)
    if len(files) < _FEW:
        return [look_at(connection(), *each, asked) for each in files]
    from concurrent.futures import ThreadPoolExecutor

    shared = connection()

    def look_near(file: DataFile, rows: int, held: Path | None) -> FileSchema:
        if held is None:
            return look_at(shared.cursor(), file, rows, asked)
        shown = root.show(file.path)
        with explained(lambda _: shown, lambda: [held]):
            near = replace(file, path=held)
            found = look_at(shared.cursor(), near, rows, replace(asked, show=lambda _: shown))
        # A copy is known by the file that it is of.
        return replace(found, file=file) if found.path == held else look_at(shared.cursor(), file, rows, asked)

    schemas: list[FileSchema] = []
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        for start in range(0, len(files), AHEAD):
            some = files[start : start + AHEAD]
            small = [file.path for file, _ in some if file.version[0] <= _SMALL]
            with brought_here(small) as here:
                near = [(file, rows, here.get(file.path)) for file, rows in some]
                if kind == "csv":
                    _begin_together(shared, near, asked, pool)
                schemas += pool.map(lambda each: look_near(*each), near)
            asked.begun.clear()
    return schemas


@dataclass(frozen=True, slots=True)
class _Asked:
    """What all looks have in common: options that hold, copies, how a path is shown, and the CSV files whose look
    began, by their path."""

    given: Mapping[str, Any]
    copies: Copies
    show: Callable[[Path], str]
    begun: dict[Path, Scan] = field(default_factory=dict)


def _begin_together(
    connection: duckdb.DuckDBPyConnection,
    near: Iterable[tuple[DataFile, int, Path | None]],
    asked: _Asked,
    pool: Executor,
) -> None:
    """Look at small CSV files together, as far as that goes. What cannot be read is left to the look at each file,
    which says why."""
    from mason.clients._duckdb.reading import text_looks
    from mason.clients._duckdb.reading.text_columns import Scan

    def begin(file: DataFile, rows: int, held: Path | None) -> tuple[Path, Scan] | None:
        if file.version[0] > _SMALL or file.ending.compression:
            return None
        here = file if held is None else replace(file, path=held)
        try:
            scan = text_looks.begin(connection, here, asked.given, asked.show(file.path), asked.copies, rows=rows)
        except EngineError:
            return None
        return (here.path, scan) if isinstance(scan, Scan) else None

    asked.begun.update(found for found in pool.map(lambda each: begin(*each), near) if found)
    text_looks.check_together(connection.cursor(), asked.begun.values())


def _csv(connection: duckdb.DuckDBPyConnection, file: DataFile, rows: int, asked: _Asked) -> FileSchema:
    from mason.clients._duckdb.reading import text_looks

    shown = asked.show(file.path)
    begun = asked.begun.get(file.path)
    try:
        if begun is not None:
            found = text_looks.finish(connection, begun)
        else:
            found = text_looks.look(connection, file, asked.given, shown, asked.copies, rows=rows)
    except EngineError:
        if file.ending.compression:
            from mason.clients._duckdb.reading.bytewise import look_through

            look_through(file, shown, most_lines=0)
        raise
    return FileSchema(file, found.columns, found, notes=found.notes)


def _json(connection: duckdb.DuckDBPyConnection, file: DataFile, rows: int, asked: _Asked) -> FileSchema:
    from mason.clients._duckdb.reading import json_files

    if file.empty:
        return FileSchema(file, ())
    shown = asked.show(file.path)
    if not file.ending.compression and _begins_with_mark(file.path):
        raise EngineError(f"{shown} begins with a byte order mark, which JSON forbids. Save it without.")
    return FileSchema(file, json_files.look(connection, file, shown, rows))


def _xlsx(file: DataFile, given: dict[str, Any], root: Root) -> FileSchema:
    from mason.clients._duckdb.reading import sheets

    if file.empty:
        return FileSchema(file, ())
    sheet = sheets.look(file.path, given, root.show(file.path))
    return FileSchema(file, sheet.columns, sheet=sheet, notes=sheet.notes)


Look = Callable[["duckdb.DuckDBPyConnection", DataFile, int, _Asked], FileSchema]


def _begins_with_mark(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(3) == b"\xef\xbb\xbf"
