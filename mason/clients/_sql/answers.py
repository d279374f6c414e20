"""Answers to questions: a preview, the rows of a SELECT, or a file that holds them.

Statements that people wrote run in a database of their own that has views on the tables they name and may open the
files of these tables, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mason.clients._sql.atomic import beside_of, move_into_place
from mason.clients._sql.connection import Limits, confine, connect, load_excel
from mason.clients._sql.failures import Show, explain
from mason.clients._sql.misread import MISREAD, first_misread
from mason.clients._sql.quoting import identifier, literal, qualified
from mason.clients._sql.readers import Source
from mason.clients._sql.statement import TABLE, one_select, tables_mentioned
from mason.clients._sql.values import fetched_type, rows_ready
from mason.engines.models import Column, Rows, Schema
from mason.errors import ConflictError, EngineError, NotFoundError

if TYPE_CHECKING:
    import duckdb

Resolve = Callable[[str, str], "Source | NotFoundError | None"]
"""Finds the source of a table by schema (may be empty) and name. An error comes back as a value: the name may
be one that the statement defines itself, so it is raised only when DuckDB does not find it either."""

OUTPUT_FORMATS: Mapping[str, str] = {
    "csv": "FORMAT csv, HEADER true",
    "parquet": "FORMAT parquet",
    "json": "FORMAT json, ARRAY true",
    "jsonl": "FORMAT json, ARRAY false",
}
"""The formats that answers can be written in, and how DuckDB is told."""


def preview(limits: Limits, source: Source, limit: int, show: Show) -> Rows:
    """The first ``limit`` rows of a table."""
    check_limit(limit)
    if not source.sql:
        return Rows(Schema(()), [])
    with connect(limits) as connection, diagnosed(limits, [source], show):
        prepare(connection, source)
        confine(connection, source.paths)
        return fetch(connection, source.sql, limit)


def check_limit(limit: int | None) -> None:
    """Raises ``EngineError`` for a limit that is no number of rows."""
    if limit is not None and limit < 0:
        raise EngineError(f"The limit is {limit}, but it must be 0 or more.")


def query(limits: Limits, sql: str, *, table: Source | None, resolve: Resolve, limit: int | None, show: Show) -> Rows:
    """The rows of one SELECT, at most ``limit`` of them."""
    check_limit(limit)
    with _ready_to_run(limits, sql, table, resolve, show) as (connection, select):
        return fetch(connection, select, limit)


def query_to_file(
    limits: Limits,
    sql: str,
    target: Path,
    *,
    format: str,
    overwrite: bool,
    table: Source | None,
    resolve: Resolve,
    show: Show,
) -> dict[str, Any]:
    """Write the rows of one SELECT to ``target``, whole or not at all.

    Returns ``output``, ``format``, ``rows``, ``bytes`` and ``columns``. Raises ``ConflictError`` when the target
    exists and ``overwrite`` is false.
    """
    if target.is_dir():
        raise ConflictError(f"{show(str(target))} is a folder; name the file to write.")
    if target.exists() and not overwrite:
        raise _exists(target, show)
    beside = beside_of(target)
    try:
        with _ready_to_run(limits, sql, table, resolve, show, output=beside) as (connection, select):
            columns = columns_of(connection, select)
            target.parent.mkdir(parents=True, exist_ok=True)
            options = OUTPUT_FORMATS[format] + _compression(target)
            row = connection.execute(f"COPY ({select}\n) TO {literal(str(beside))} ({options})").fetchone()
        move_into_place(beside, target, overwrite=overwrite)
    except FileExistsError as error:
        raise _exists(target, show) from error
    finally:
        beside.unlink(missing_ok=True)
    return {
        "output": show(str(target)),
        "format": format,
        "rows": row[0] if row else 0,
        "bytes": target.stat().st_size,
        "columns": [column.to_dict() for column in columns],
    }


def output_format(target: str, format: str | None) -> str:
    """The format to write: as asked for, else by the ending. Raises ``EngineError`` when neither says."""
    known = ", ".join(OUTPUT_FORMATS)
    if format:
        if format.lower() not in OUTPUT_FORMATS:
            raise EngineError(f"Output can be written as {known}, not as {format}.")
        return format.lower()
    name = target.lower().removesuffix(".gz").removesuffix(".zst")
    ending = {"ndjson": "jsonl"}.get(name.rpartition(".")[2], name.rpartition(".")[2])
    if "." not in name or ending not in OUTPUT_FORMATS:
        raise EngineError(f"The ending of {target} names no format: give it one of {known}, or give format.")
    return ending


def fetch(connection: duckdb.DuckDBPyConnection, select: str, limit: int | None = None) -> Rows:
    """The rows of a SELECT, JSON-ready; ``more`` when there are others behind ``limit``."""
    relation = connection.sql(select)
    names, kinds = relation.columns, relation.types
    casts = [fetched_type(kind) for kind in kinds]
    # Aliases by position: two columns of a result may have the same name.
    aliases = [f"c{index}" for index in range(len(names))]
    values = ", ".join(
        alias if cast == str(kind) else f"CAST({alias} AS {cast})"
        for alias, cast, kind in zip(aliases, casts, kinds, strict=True)
    )
    cut = "" if limit is None else f" LIMIT {limit + 1}"
    fetched = connection.execute(f"SELECT {values} FROM ({select}\n) AS rows({', '.join(aliases)}){cut}").fetchall()
    more = limit is not None and len(fetched) > limit
    schema = Schema(tuple(Column(name, str(kind)) for name, kind in zip(names, kinds, strict=True)))
    return Rows(schema, rows_ready(kinds, fetched[:limit] if more else fetched), more)


def columns_of(connection: duckdb.DuckDBPyConnection, select: str) -> list[Column]:
    """The columns that a SELECT gives."""
    relation = connection.sql(select)
    return [Column(name, str(kind)) for name, kind in zip(relation.columns, relation.types, strict=True)]


@contextmanager
def _ready_to_run(
    limits: Limits, sql: str, table: Source | None, resolve: Resolve, show: Show, *, output: Path | None = None
) -> Iterator[tuple[duckdb.DuckDBPyConnection, str]]:
    """A confined connection that knows the tables of the statement, and the statement, checked."""
    with connect(limits) as connection:
        select = one_select(connection, sql)
        sources: dict[tuple[str, str], Source] = {}
        unknown: dict[str, NotFoundError] = {}
        for schema, name in tables_mentioned(connection, select):
            found = _own_table(table) if (schema, name) == ("", TABLE) else resolve(schema, name)
            if isinstance(found, NotFoundError):
                unknown[f"{schema}.{name}" if schema else name] = found
            elif found is not None:
                sources[schema, name] = found
        with diagnosed(limits, list(sources.values()), show), _tables_found(unknown):
            for (schema, name), source in sources.items():
                _create_view(connection, schema, name, source)
            paths = [path for source in sources.values() for path in source.paths]
            confine(connection, [*paths, output] if output else paths)
            yield connection, select


@contextmanager
def _tables_found(unknown: Mapping[str, NotFoundError]) -> Iterator[None]:
    """Says with our own words, which suggest a near name, that a table is missing."""
    import duckdb

    try:
        yield
    except duckdb.CatalogException as error:
        for name, better in unknown.items():
            if f'"{name}" does not exist' in str(error) or f"name {name} does not exist" in str(error):
                raise better from error
        raise


def _own_table(table: Source | None) -> Source:
    if table is None:
        raise EngineError("The query says $table, but no table was given.")
    return table


def _create_view(connection: duckdb.DuckDBPyConnection, schema: str, name: str, source: Source) -> None:
    if not source.sql:
        raise EngineError(f"Table {name} has no columns, because its files are empty.")
    prepare(connection, source)
    if schema:
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {identifier(schema)}")
    view = qualified(schema, name) if schema else identifier(name)
    connection.execute(f"CREATE VIEW {view} AS {source.sql}")


def prepare(connection: duckdb.DuckDBPyConnection, source: Source) -> None:
    """Load and attach what reading ``source`` takes."""
    if source.excel:
        load_excel(connection)
    if source.attach:
        connection.execute(f"ATTACH IF NOT EXISTS {literal(str(source.attach))} AS warehouse (READ_ONLY)")


@contextmanager
def diagnosed(limits: Limits, sources: list[Source], show: Show) -> Iterator[None]:
    """Explains DuckDB's errors; names the value that a check refused, or that DuckDB could not cast after it; after
    an internal error, looks for the fault in the files once more.

    DuckDB 1.5 fails inside instead of naming the line when a file turns out not to be UTF-8 and only some columns are
    read. Reading all columns, in a new database, gives the error that it meant.
    """
    import duckdb

    try:
        yield
    except (duckdb.InternalException, duckdb.FatalException) as error:
        for source in sources:
            _read_all(limits, source, show)
        raise explain(error, show) from error
    except duckdb.Error as error:
        if isinstance(error, duckdb.ConversionException) or MISREAD in str(error):
            _name_misread(limits, sources, show)
        raise explain(error, show) from error


def _name_misread(limits: Limits, sources: list[Source], show: Show) -> None:
    suspects = [suspect for source in sources for suspect in source.suspects]
    if suspects:
        with connect(limits) as connection:
            for suspect in suspects:
                if found := first_misread(connection, suspect, show):
                    raise found


def _read_all(limits: Limits, source: Source, show: Show) -> None:
    import duckdb

    with connect(limits, ordered=False) as connection:
        try:
            prepare(connection, source)
            connection.execute(f"SELECT count(COLUMNS(*)) FROM ({source.sql})").fetchall()
        except duckdb.Error as error:
            raise explain(error, show) from error


def _compression(target: Path) -> str:
    return {".gz": ", COMPRESSION gzip", ".zst": ", COMPRESSION zstd"}.get(target.suffix.lower(), "")


def _exists(target: Path, show: Show) -> ConflictError:
    return ConflictError(f"{show(str(target))} exists already. Ask for overwrite to replace it.")
