"""What becomes of the SQL of a run on an engine of another dialect, by the types of its tables' columns.

The dry run leaves that open, because it calls nothing. Here the metastore is asked, by read-only verbs alone, before
anything else is done. What cannot be known yet is left to the run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from mason.dryrun.arguments import waits
from mason.dryrun.calls import LATER
from mason.dryrun.planned import PlannedStep
from mason.dryrun.sql_texts import SqlText, Told, of_errors, of_sentence, of_translation
from mason.engines import verbs_asked_of
from mason.engines.engine import ANY, Engine
from mason.engines.models import Table
from mason.errors import MasonError, TranslationError
from mason.resources.operator import Sentence
from mason.runtime.context import Context
from mason.runtime.executor import fitted
from mason.sql import dialects, parsed
from mason.sql.table_argument import TABLE


def depends_on_types(step: PlannedStep) -> bool:
    """Whether the dry run of a step left something open that the columns of tables tell."""
    return not step.shown.has_python and any(word == LATER for call in step.shown.calls for word, _ in call.told)


def by_types(
    step: PlannedStep, open_engine: Callable[[str], Engine], spoken: Callable[[str], str]
) -> Iterator[tuple[Told, list[str]]]:
    """What there is to tell of the SQL of each sentence of a step, and what is wrong with it.

    ``open_engine`` gives the configured engine of a role, ``spoken`` the dialect of one.
    """
    ctx = Context(
        step.parameters, open_engine, allowed=frozenset(), tell=lambda kind, message: None, clients=step.shown.clients
    )
    values: dict[str, Any] = {name: value for name, value in ctx.params.items() if name not in step.waiting}
    for number, (sentence, call) in enumerate(
        zip(step.operator.said(step.parameters), step.shown.calls, strict=False), start=1
    ):
        if sentence.engine == ANY or waits(sentence, values):
            continue
        try:
            finished = fitted(sentence, values)
            if any(word == LATER for word, _ in call.told):
                sql = _sql(sentence, number, finished, call.client, spoken)
                if sql is not None and (tables := _tables(sql, finished.get("table"), ctx)) is not None:
                    yield _translated(sql, tables)
            # What a query answers is left to the run: asking it may take long, and cost.
            if sentence.names and call.read_only and sentence.engine != "execution":
                result = ctx.call(sentence.engine, sentence.verb, **fitted(sentence, values))
                values.update(dict.fromkeys(sentence.names, result))
        except MasonError:
            # The run says so, when it comes to that.
            return


def _sql(
    sentence: Sentence, number: int, finished: Mapping[str, Any], client: str, spoken: Callable[[str], str]
) -> SqlText | None:
    verb = verbs_asked_of(sentence.engine)[sentence.verb]
    found = of_sentence(verb, number, sentence.arguments.get("sql"), finished, (), client, spoken(sentence.engine))
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


def _translated(sql: SqlText, tables: Mapping[str, Mapping[str, str]]) -> tuple[Told, list[str]]:
    try:
        found = dialects.translate(sql.text or "", tables, to=sql.spoken, written=sql.written)
    except TranslationError as error:
        return of_errors(sql, [error])
    return of_translation(sql, found), []
