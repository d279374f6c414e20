"""What becomes of the SQL of a run on an engine of another dialect, by the types of its tables' columns.

The dry run leaves that open, because it calls nothing. Here the metastore is asked, by read-only verbs alone, before
anything else is done. What cannot be known yet is left to the run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from mason.dryrun.calls import LATER
from mason.dryrun.planned import PlannedStep
from mason.dryrun.sql_texts import SqlText, Told, of_errors, of_sentence, of_translation
from mason.engines import verbs_asked_of
from mason.engines.models import Table
from mason.errors import MasonError, TranslationError
from mason.runtime.context import Context
from mason.runtime.known_sentences import KnownSentence
from mason.sql import dialects, parsed
from mason.sql.table_argument import TABLE
from mason.values import dataclass


@dataclass(frozen=True, slots=True)
class Judged:
    """What becomes of the SQL of a sentence, the ``number``-th of its step (from 1).

    - ``told``: what there is to tell of it.
    - ``faults``: why it is not known to answer the same.
    - ``is_wrong``: whether it is a query that DuckDB itself does not take over such columns.
    """

    number: int
    told: Told
    faults: Sequence[str] = ()
    is_wrong: bool = False


def depends_on_types(step: PlannedStep) -> bool:
    """Whether the dry run of a step left something open that the columns of tables tell."""
    return not step.shown.has_python and any(word == LATER for call in step.shown.calls for word, _ in call.told)


def by_types(sentences: Sequence[KnownSentence], spoken: Callable[[str], str]) -> Iterator[Judged]:
    """What becomes of the SQL of the sentences of a step; ``spoken`` gives the dialect of a role's engine."""
    for said in sentences:
        if any(word == LATER for word, _ in said.call.told):
            try:
                sql = _sql(said, spoken)
                if sql is not None and (tables := _tables(sql, said.finished.get("table"), said.ctx)) is not None:
                    yield _translated(said.number, sql, tables)
            except MasonError:
                # The run says so, when it comes to that.
                return


def _sql(said: KnownSentence, spoken: Callable[[str], str]) -> SqlText | None:
    sentence = said.sentence
    verb = verbs_asked_of(sentence.engine)[sentence.verb]
    given = sentence.arguments.get("sql")
    found = of_sentence(verb, said.number, given, said.finished, (), said.call.client, spoken(sentence.engine))
    return found if found is not None and found.is_translated and found.text is not None else None


def _tables(sql: SqlText, table: Any, ctx: Context) -> dict[str, dict[str, str]] | None:
    """The columns of the tables that a text reads; ``None`` where they are not all known by types of DuckDB's."""
    found = tables_of(sql.text or "", table, ctx, written=sql.written)
    return {name: each.types for name, each in found.items()} if found is not None else None


def tables_of(sql: str, table: Any, ctx: Context, *, written: str = dialects.DIALECT) -> dict[str, Table] | None:
    """The tables that a query in the dialect ``written`` reads, by the names that it has for them, ``table`` for
    ``$table``; ``None`` where their columns are not all known by types of DuckDB's. Raises as the metastore does."""
    tables: dict[str, Table] = {}
    beside = table if isinstance(table, Table) else None
    for name in dialects.tables_named(sql, written):
        where, _, alone = name.rpartition(".")
        database = where or (beside.database if beside is not None else "")
        model = beside if name == TABLE else ctx.metastore.get_table(database, alone) if database else None
        if model is None or model.schema is None:
            return None
        tables[name] = model
    try:
        parsed.types_of({name: each.types for name, each in tables.items()})
    except TranslationError:
        return None
    return tables


def _translated(number: int, sql: SqlText, tables: Mapping[str, Mapping[str, str]]) -> Judged:
    try:
        found = dialects.translate(sql.text or "", tables, to=sql.spoken, written=sql.written)
    except TranslationError as error:
        return Judged(number, *of_errors(sql, [error]), is_wrong=error.reason.startswith(parsed.REFUSED))
    return Judged(number, of_translation(sql, found))
