"""Use case of ``mason sql``: translate a query, with the columns of its tables from a config's metastore."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from mason.errors import NotFoundError, TranslationError
from mason.project.applied import applied_config
from mason.project.opened import Project
from mason.project.remembering import remember_applied
from mason.project.runs.clients import Clients
from mason.resources.config import Config
from mason.runtime.context import ask
from mason.runtime.output import aside
from mason.sql import dialects, parsed
from mason.sql.translations import Translation


def tables_of(sql: str, written: str) -> list[str]:
    """The tables that ``sql``, in the dialect ``written``, reads, as it names them. Raises :class:`TranslationError`
    for what is no query."""
    return dialects.tables_named(sql, written)


def sources() -> tuple[str, ...]:
    """The dialects that a query can be translated from."""
    return dialects.sources()


def targets() -> tuple[str, ...]:
    """The dialects that a query can be translated to."""
    return dialects.targets()


def translate(sql: str, tables: Mapping[str, Mapping[str, str]], *, written: str, to: str) -> Translation:
    """``sql``, in the dialect ``written``, in another one; raises :class:`TranslationError` where it is not known to
    answer the same there."""
    return dialects.translate(sql, tables, written=written, to=to)


def columns_written(text: str) -> dict[str, str]:
    """Columns by name, with their types, of a text such as ``id INTEGER, name VARCHAR``."""
    return parsed.columns_written(text)


def columns_kept(project: Project, names: list[str], *, config_id: str, database: str) -> dict[str, dict[str, str]]:
    """The columns of tables, as the metastore of an applied config tells them; it is only read.

    ``names`` are as in the query: ``database`` holds those without one. Raises ``NotFoundError`` for a table that is
    not there, and :class:`TranslationError` for one whose database nobody named.
    """
    snapshot = project.store.read()
    remember_applied(project.settings, snapshot)
    config = applied_config(project, snapshot, config_id)
    with _metastore(project, config) as (client, clients), aside():
        found = {}
        for name in names:
            where, _, table = name.rpartition(".")
            if not (where or database):
                remedy = f"Name it with -d, or write database.{name}; or give the columns with --table."
                raise TranslationError(f"the database of the table {name} is not known", remedy)
            model = ask(client, clients.engine, "metastore", "get_table", where or database, table)
            if model.schema is None:
                full = f"{where or database}.{table}"
                raise NotFoundError(f"The metastore of config {config.id} tells no columns of {full}.")
            found[name] = model.types
    return found


@contextmanager
def _metastore(project: Project, config: Config) -> Iterator[tuple[str, Clients]]:
    """The name of the config's metastore client, and what opens it."""
    names = config.engines.get("metastore", ())
    if not names:
        raise NotFoundError(f"Config {config.id} has no metastore. Give the columns: --table 'NAME: id INTEGER, ...'.")
    clients = Clients(project, config, {"metastore": names[0]})
    try:
        yield names[0], clients
    finally:
        clients.close()
