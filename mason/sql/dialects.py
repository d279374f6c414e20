"""The dialects of SQL that are known: the one that people write in, and those that it can be translated to.

This is the one place that says so, for ``mason sql``, for planning and for clients. A dialect's rules are loaded when a
query is translated to it, and no earlier.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any

from mason.errors import TranslationError
from mason.sql.parsed import Tables, bind, parse, tables_read
from mason.sql.table_argument import TABLE, quoted
from mason.sql.translations import Column, Rewrite, Translation

DIALECT = "duckdb"
"""The dialect of SQL in which nothing else is said."""

_TRANSLATORS = {
    DIALECT: "mason.sql.dialects:unchanged",
    "spark": "mason.sql.spark.translation:to_spark",
    "postgres": "mason.sql.postgres.postgres:to_postgres",
    "redshift": "mason.sql.redshift.redshift:to_redshift",
    "trino": "mason.sql.trino.trino:to_trino",
    "athena": "mason.sql.trino.athena:to_athena",
}
"""What translates DuckDB's SQL to a dialect: ``f(sql, tables, places) -> Translation``. The names are those of
capabilities."""

_RULES = {
    "spark": "mason.sql.spark.translation:SPARK",
    "postgres": "mason.sql.postgres.postgres:POSTGRES",
    "redshift": "mason.sql.redshift.redshift:REDSHIFT",
    "trino": "mason.sql.trino.trino:TRINO",
    "athena": "mason.sql.trino.athena:ATHENA",
}
"""The rules by which DuckDB's SQL is translated, where they tell what they refuse whatever the types."""

_FOREIGN = {
    "spark": "mason.sql.spark.from_spark:FROM_SPARK",
    "postgres": "mason.sql.postgres.from_postgres:FROM_POSTGRES",
    "redshift": "mason.sql.redshift.from_redshift:FROM_REDSHIFT",
    "trino": "mason.sql.trino.from_trino:FROM_TRINO",
    "athena": "mason.sql.trino.from_trino:FROM_ATHENA",
}
"""The dialects that are translated to DuckDB's: their rules."""

Translator = Callable[[str, Tables, Mapping[str, str]], Translation]


def targets() -> tuple[str, ...]:
    """The dialects that DuckDB's SQL can be translated to, its own first."""
    return tuple(_TRANSLATORS)


def can_translate(written: str, to: str) -> bool:
    """Whether there is a translation from the dialect ``written`` to the dialect ``to``."""
    return written in sources() and to in _TRANSLATORS


def sources() -> tuple[str, ...]:
    """The dialects that a query can be translated from, DuckDB's first."""
    return (DIALECT, *_FOREIGN)


def tables_named(sql: str, written: str = DIALECT) -> list[str]:
    """The tables that a query in the dialect ``written`` reads, as it names them, each once; ``$table`` by this name.

    Raises :class:`TranslationError` for what is no query.
    """
    if written == DIALECT:
        return tables_read(quoted(sql))
    # Imported here: sqlglot reads other dialects, and only these.
    from mason.sql.foreign.part import named_tables, read

    foreign = _loaded(_FOREIGN[written])
    return named_tables(read(_ready(sql, written), written), foreign.folded)


def translate(
    sql: str, tables: Tables, *, to: str, written: str = DIALECT, places: Mapping[str, str] | None = None
) -> Translation:
    """The query ``sql``, in the dialect ``written``, as the dialect ``to`` says it.

    ``tables`` are the columns of the tables that it reads, with DuckDB's types; those of ``$table`` by this name, which
    stands in the translation as the name of a table, too. ``places`` are what tables are read from where that is not
    their name there, such as a view: their names in ``tables``, and what is put into FROM as it stands.

    Raises :class:`TranslationError` where it is not known to answer the same there, for whatever is no query, and where
    there is no such translation.
    """
    if not can_translate(written, to):
        raise untranslated(written, to)
    if written != DIALECT != to:
        return _twice(sql, tables, to=to, written=written, places=places)
    ready = _ready(sql, written)
    if written != DIALECT:
        # Imported here: sqlglot reads other dialects, and only these.
        from mason.sql.foreign.work_back import to_duckdb

        return to_duckdb(ready, tables, _loaded(_FOREIGN[written]))
    translator: Translator = _loaded(_TRANSLATORS[to])
    return translator(ready, tables, places or {})


def _ready(sql: str, written: str) -> str:
    """The text with ``$table`` in the quotes of the dialect ``written``."""
    if written == DIALECT:
        return quoted(sql)
    if TABLE not in sql.lower():
        return sql
    # Imported here: sqlglot reads other dialects, and only these.
    from mason.sql.natives import table_quoted

    return table_quoted(sql, written)


def _twice(sql: str, tables: Tables, *, to: str, written: str, places: Mapping[str, str] | None = None) -> Translation:
    """A translation by way of DuckDB's SQL. Places are those of ``sql``; the second step's are its beginning."""
    first = translate(sql, tables, to=DIALECT, written=written)
    try:
        second = translate(first.text, tables, to=to, places=places)
    except TranslationError as error:
        reason = f"what it is in DuckDB's SQL is not known to be the same in {to}'s: {error.reason}"
        raise TranslationError(reason, error.remedy, line=1, column=1) from error
    rewrites = [Rewrite(1, 1, f"{each.what} (of DuckDB's SQL)", each.why) for each in second.rewrites]
    notes = [Rewrite(1, 1, "", each.why) for each in second.notes]
    return Translation(
        second.text,
        second.columns,
        tuple(dict.fromkeys([*first.rewrites, *rewrites])),
        tuple(dict.fromkeys([*first.notes, *notes])),
    )


def untranslated(written: str, to: str) -> TranslationError:
    """Why SQL in the dialect ``written`` does not run where the dialect is ``to``."""
    others = [each for each in targets() if can_translate(written, each) and each != written]
    remedy = f"Write it in {to}'s with dialect: {to}"
    said = f", or run it where one of {', '.join(others)} is spoken" if others else ""
    return TranslationError(f"there is no translation of SQL in the dialect {written} to {to}", f"{remedy}{said}.")


def unchanged(sql: str, tables: Tables, places: Mapping[str, str] | None = None) -> Translation:
    """``sql`` as it stands, if it is one query that DuckDB takes over ``tables``: it has no other places."""
    parse(sql)
    return Translation(sql, tuple(Column(name, type_) for name, type_ in bind(sql, tables)))


def looked_at(sql: str, *, to: str, written: str = DIALECT) -> tuple[Translation | None, list[TranslationError]]:
    """What is known of a query before the columns of its tables are: its translation to ``to`` where it reads no table,
    and why it is refused whatever they hold."""
    try:
        if not tables_named(sql, written):
            return translate(sql, {}, to=to, written=written), []
        if written != DIALECT:
            from mason.sql.foreign.unknown import faults as faults_of

            return None, faults_of(_ready(sql, written), _loaded(_FOREIGN[written]))
        if (named := _RULES.get(to)) is None:
            return None, []
        # Imported here: the rules are loaded when they are asked for.
        from mason.sql.translating.untyped import faults

        return None, faults(quoted(sql), _loaded(named))
    except TranslationError as error:
        return None, [error]


def _loaded(named: str) -> Any:
    module, _, name = named.partition(":")
    return getattr(importlib.import_module(module), name)


def given_to_engine(
    sql: str,
    tables: Tables,
    *,
    to: str,
    written: str = DIALECT,
    trust: bool = False,
    places: Mapping[str, str] | None = None,
) -> Translation:
    """What an engine that speaks ``to`` is given for ``sql``: a translation, or the text as it stands where it is
    written in that dialect already (its columns are not known then).

    With ``trust``, what is not known to answer the same is translated plainly, and a note says so. Raises
    :class:`TranslationError` as :func:`translate`, and for whatever is not one query that only asks.
    """
    # Imported here: most SQL is known to answer the same.
    from mason.sql.natives import one_query, translated_plainly

    if written == to != DIALECT:
        return Translation(one_query(sql, to, places), ())
    try:
        return translate(sql, tables, to=to, written=written, places=places)
    except TranslationError as error:
        if not trust:
            raise
        note = Rewrite(error.line, error.column, "", f"{error.reason}, and it is trusted (sql: trust)")
        known = can_translate(written, to)
        text = translated_plainly(sql, written, to, places) if known else one_query(sql, to, places)
        return Translation(text, (), notes=(note,))
