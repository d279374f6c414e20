"""A DuckDB for one piece of work: it can read its sources, opens nothing else, and its errors are explained."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from mason.clients._duckdb.check_sources import check_sources
from mason.clients._duckdb.connection import Limits, confine, connect
from mason.clients._duckdb.failures import Show, explain
from mason.clients._duckdb.quoting import literal
from mason.clients._duckdb.reading.misread import MISREAD, first_misread
from mason.clients._duckdb.reading.readers import Source
from mason.clients._duckdb.reading.unreadable import first_unreadable, may_be_unreadable
from mason.resources.wording import listing

if TYPE_CHECKING:
    import duckdb

    from mason.clients._tables.requests import Output


@contextmanager
def opened(
    limits: Limits,
    sources: Sequence[Source],
    show: Show,
    *,
    ordered: bool = True,
    output: tuple[Output, Path] | None = None,
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A confined connection that may read ``sources`` and write to the path of ``output``; errors are explained."""
    with connect(limits, ordered=ordered) as connection, diagnosed(limits, sources, show):
        for source in sources:
            prepare(connection, source)
        confine_to(connection, sources, output)
        yield connection


def confine_to(
    connection: duckdb.DuckDBPyConnection, sources: Sequence[Source], output: tuple[Output, Path] | None
) -> None:
    """From now on ``connection`` reads ``sources`` and writes to the path of ``output``, and opens nothing else."""
    paths = [path for source in sources for path in source.paths]
    for source in check_sources().values():
        prepare(connection, source)
        paths += source.paths
    if output is None:
        confine(connection, paths)
        return
    wanted, path = output
    confine(connection, [*paths, path], folder=path if wanted.folder else None)


def prepare(connection: duckdb.DuckDBPyConnection, source: Source) -> None:
    """Load and attach what reading ``source`` takes."""
    for sheet in source.sheets:
        sheet.load(connection)
    if source.attach:
        connection.execute(f"ATTACH IF NOT EXISTS {literal(str(source.attach))} AS warehouse (READ_ONLY)")


@contextmanager
def diagnosed(limits: Limits, sources: Sequence[Source], shown: Show) -> Iterator[None]:
    """Explains DuckDB's errors; names the value that a check refused, or that DuckDB could not cast after it; after
    an internal error, looks for the fault in the files once more.

    DuckDB 1.5 fails inside instead of naming the line when a file turns out not to be UTF-8 and only some columns are
    read. Reading all columns, in a new database, gives the error that it meant.
    """
    import duckdb

    read = [path for source in sources for path in source.files]
    originals = {copy: path for source in sources for copy, path in source.originals.items()}

    def show(path: str) -> str:
        return shown(str(originals.get(path, path)))

    try:
        yield
    except (duckdb.InternalException, duckdb.FatalException) as error:
        _name_unreadable(limits, sources, show, error)
        for source in sources:
            _read_all(limits, source, show)
        raise explain(error, show, read) from error
    except duckdb.OutOfMemoryException as error:
        told = explain(error, show)
        files = [show(str(path)) for source in sources for path in source.files]
        raise type(told)(f"Reading {listing(files)}: {told}" if files else str(told)) from error
    except duckdb.Error as error:
        if isinstance(error, duckdb.ConversionException) or MISREAD in str(error):
            _name_misread(limits, sources, show, str(error))
        _name_unreadable(limits, sources, show, error)
        raise explain(error, show, read) from error


def _name_unreadable(limits: Limits, sources: Sequence[Source], show: Show, error: Exception) -> None:
    if may_be_unreadable(error):
        files = [path for source in sources if source.columnar for path in source.files]
        if found := first_unreadable(lambda: connect(limits), files, show):
            raise found from error


def _name_misread(limits: Limits, sources: Sequence[Source], show: Show, told: str) -> None:
    suspects = [suspect for source in sources for suspect in source.suspects]
    if suspects:
        with connect(limits) as connection:
            for suspect in suspects:
                if found := first_misread(connection, suspect, show, told=told):
                    raise found


def _read_all(limits: Limits, source: Source, show: Show) -> None:
    import duckdb

    with connect(limits, ordered=False) as connection:
        try:
            prepare(connection, source)
            connection.execute(f"SELECT count(COLUMNS(*)) FROM ({source.sql})").fetchall()
        except duckdb.Error as error:
            raise explain(error, show, source.files) from error
