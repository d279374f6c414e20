"""SQL that is written in another dialect, for DuckDB: translated by the columns of its tables, before it runs."""

from __future__ import annotations

from mason.clients._duckdb.answering import Resolve
from mason.clients._duckdb.connection import Limits
from mason.clients._duckdb.failures import Show
from mason.clients._duckdb.reading.readers import Source
from mason.clients._duckdb.session import opened
from mason.errors import EngineError, NotFoundError
from mason.sql.table_argument import TABLE


def in_duckdbs(
    limits: Limits, sql: str, *, dialect: str, trust: bool, table: Source | None, resolve: Resolve, show: Show
) -> str:
    """``sql``, a query in ``dialect``, as DuckDB says it.

    ``trust``: what is not known to answer the same is translated plainly. ``table`` and ``resolve`` are as for
    :func:`mason.clients._duckdb.answering.query`. Raises ``TranslationError``, and ``NotFoundError`` for a table that
    is not there.
    """
    from mason.sql.dialects import DIALECT, can_translate, given_to_engine, tables_named

    tables: dict[str, dict[str, str]] = {}
    for name in tables_named(sql, dialect) if can_translate(dialect, DIALECT) else ():
        schema, _, alone = name.rpartition(".")
        source = table if name == TABLE else resolve(schema, alone)
        if name == TABLE and source is None:
            raise EngineError("The query says $table, but no table was given.")
        if isinstance(source, NotFoundError):
            raise source
        if source is not None:
            tables[name] = _columns(limits, source, show)
    return given_to_engine(sql, tables, to=DIALECT, written=dialect, trust=trust).text


def _columns(limits: Limits, source: Source, show: Show) -> dict[str, str]:
    if not source.sql:
        raise EngineError("A table has no columns, because its files are empty.")
    with opened(limits, [source], show) as connection:
        relation = connection.sql(source.sql)
        return {name: str(kind) for name, kind in zip(relation.columns, relation.types, strict=True)}
