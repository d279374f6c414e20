"""Answers to questions: a preview, the rows of a SELECT, or a file that holds them.

Statements that people wrote run in a database of their own that has views on the tables they name and may open the
files of these tables, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mason.clients._duckdb.connection import Limits, connect
from mason.clients._duckdb.failures import Show
from mason.clients._duckdb.json_values import fetched_type, rows_ready
from mason.clients._duckdb.quoting import identifier, literal, qualified
from mason.clients._duckdb.reading.readers import Source
from mason.clients._duckdb.root import Root
from mason.clients._duckdb.session import confine_to, diagnosed, opened, prepare
from mason.clients._duckdb.statement import one_select
from mason.clients._duckdb.working import watched
from mason.engines.models import Column, Rows, Schema
from mason.errors import EngineError, NotFoundError
from mason.sql.functions import view_refusal
from mason.sql.table_argument import TABLE

if TYPE_CHECKING:
    import duckdb
    from duckdb.sqltypes import DuckDBPyType

    from mason.clients._duckdb.writing.outputs import Placed
    from mason.clients._tables.requests import Output

Resolve = Callable[[str, str], "Source | NotFoundError | None"]
"""Finds the source of a table by schema (may be empty) and name. An error comes back as a value: the name may
be one that the statement defines itself, so it is raised only when DuckDB does not find it either."""


def preview(limits: Limits, source: Source, limit: int, show: Show) -> Rows:
    """The first ``limit`` rows of a table."""
    if not source.sql:
        return Rows(Schema(()), [])
    with opened(limits, [source], show) as connection:
        return fetch(connection, source.sql, limits, limit)


def query(limits: Limits, sql: str, *, table: Source | None, resolve: Resolve, limit: int | None, show: Show) -> Rows:
    """The rows of one SELECT, at most ``limit`` of them."""
    with (
        _ready_to_run(limits, sql, table, resolve, show) as (connection, select, sources),
        watched(connection, "Querying", sum(source.size for source in sources)),
    ):
        return fetch(connection, select, limits, limit)


def query_to_output(
    limits: Limits, sql: str, placed: Placed, *, table: Source | None, resolve: Resolve, root: Root
) -> dict[str, Any]:
    """Write the rows of one SELECT, and return the manifest of :func:`copying.write`."""
    from mason.clients._duckdb.writing.copying import write
    from mason.clients._duckdb.writing.outputs import beside, check_apart

    with (
        beside(placed, root) as path,
        _ready_to_run(limits, sql, table, resolve, root.show, output=(placed.output, path)) as (
            connection,
            select,
            sources,
        ),
    ):
        check_apart(placed, sources, root)
        return write(connection, select, placed, path, sources, root.show)


def fetch(connection: duckdb.DuckDBPyConnection, select: str, limits: Limits, limit: int | None = None) -> Rows:
    """The rows of a SELECT, JSON-ready; ``more`` when there are others behind ``limit``. Raises ``EngineError`` for
    more than the memory of ``limits`` holds."""
    relation = connection.sql(select)
    names, kinds = relation.columns, relation.types
    casts = [fetched_type(kind) for kind in kinds]
    # Aliases by position: two columns of a result may have the same name.
    aliases = [f"c{index}" for index in range(len(names))]
    held = [_held(alias, kind, limits) for alias, kind in zip(aliases, kinds, strict=True)]
    values = ", ".join(
        value if cast == str(kind) else f"CAST({value} AS {cast})"
        for value, cast, kind in zip(held, casts, kinds, strict=True)
    )
    cut = "" if limit is None else f" LIMIT {limit + 1}"
    connection.execute(f"SELECT {values} FROM ({select}\n) AS rows({', '.join(aliases)}){cut}")
    fetched = _within(connection, kinds, limits)
    more = limit is not None and len(fetched) > limit
    schema = Schema(tuple(Column(name, str(kind)) for name, kind in zip(names, kinds, strict=True)))
    return Rows(schema, rows_ready(kinds, fetched[:limit] if more else fetched), more)


def _within(
    connection: duckdb.DuckDBPyConnection, kinds: Sequence[DuckDBPyType], limits: Limits
) -> list[tuple[Any, ...]]:
    """All rows of what was executed, as long as they fit into memory: rows in Python are none that DuckDB counts."""
    room = limits.most_bytes
    if room is None:
        return connection.fetchall()
    long = [index for index, kind in enumerate(kinds) if kind.id not in _SHORT]
    rows: list[tuple[Any, ...]] = []
    while batch := connection.fetchmany(_BATCH):
        rows += batch
        room -= len(batch) * (len(kinds) + 1) * _VALUE + sum(_weight(row[index]) for index in long for row in batch)
        if room < 0:
            raise EngineError(_too_much(limits))
    return rows


def _held(alias: str, kind: DuckDBPyType, limits: Limits) -> str:
    """A column whose values stop the query where one of them is a longer list than Python has room for."""
    room = limits.most_bytes
    if room is None or kind.id not in ("list", "map"):
        return alias
    length = f"len({alias})" if kind.id == "list" else f"cardinality({alias})"
    return f"CASE WHEN {length} > {room // _VALUE} THEN error({literal(_too_much(limits))}) ELSE {alias} END"


def _too_much(limits: Limits) -> str:
    return (
        f"The answer takes more memory than memory_limit allows ({limits.memory}). Ask for fewer rows or columns, or "
        "write it to a file with output."
    )


def _weight(value: Any) -> int:
    """About how many bytes a value has beside those that every value has."""
    if isinstance(value, (str, bytes)):
        return len(value)
    if isinstance(value, dict):
        return sum(_VALUE + len(str(key)) + _weight(inner) for key, inner in value.items())
    return sum(_VALUE + _weight(inner) for inner in value) if isinstance(value, (list, tuple)) else 0


_BATCH = 2048
# What a small number or a place in a row takes in Python.
_VALUE = 32
_SHORT = frozenset(
    {"boolean", "tinyint", "smallint", "integer", "bigint", "utinyint", "usmallint", "uinteger", "ubigint", "hugeint"}
    | {"uhugeint", "float", "double", "date", "time", "timestamp", "decimal", "uuid", "interval"}
)


@contextmanager
def _ready_to_run(
    limits: Limits,
    sql: str,
    table: Source | None,
    resolve: Resolve,
    show: Show,
    *,
    output: tuple[Output, Path] | None = None,
) -> Iterator[tuple[duckdb.DuckDBPyConnection, str, list[Source]]]:
    """A confined connection that knows the tables of the statement, the statement, checked, and these tables."""
    with connect(limits) as connection:
        select = one_select(connection, sql)
        sources: dict[tuple[str, str], Source] = {}
        unknown: dict[str, NotFoundError] = {}
        for schema, name in select.tables:
            found = _own_table(table) if (schema, name) == ("", TABLE) else resolve(schema, name)
            if isinstance(found, NotFoundError):
                unknown[f"{schema}.{name}" if schema else name] = found
            elif found is not None:
                sources[schema, name] = found
            if (schema, name) not in sources and (told := view_refusal(schema, name)):
                raise EngineError(told)
        with diagnosed(limits, list(sources.values()), show), _tables_found(unknown):
            for (schema, name), source in sources.items():
                _create_view(connection, schema, name, source)
            if select.grows:
                # Else DuckDB works out constants while it plans, in memory that it does not count.
                connection.execute("SET disabled_optimizers = 'expression_rewriter'")
            confine_to(connection, list(sources.values()), output)
            yield connection, select.sql, list(sources.values())


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
