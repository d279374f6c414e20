"""The queries of a run before they are asked: which tables they read, with which columns, and what they will answer.

The metastore is asked, by read-only verbs alone, and DuckDB is asked on this machine what a query means for such
columns; no engine is asked to run one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mason.dryrun.changed_columns import Columns
from mason.dryrun.checks_of_steps import OUTPUT
from mason.dryrun.planned import PlannedStep
from mason.engines import verbs_asked_of
from mason.engines.models import Table
from mason.errors import MasonError
from mason.resources.operator import Sentence
from mason.runtime.context import Context
from mason.runtime.known_sentences import KnownSentence
from mason.runtime.sql_by_types import tables_of
from mason.sql import parsed
from mason.sql.table_argument import quoted
from mason.values import dataclass

_SAME = ("format", "dedupe")
"""Verbs whose output has the columns of their table."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A sentence of a step that reads tables.

    - ``step``, ``number``: its step, and its place in it (from 1).
    - ``output``: where it writes; empty where it only asks.
    - ``sql``: its query in DuckDB's dialect; empty for a verb that takes a table as it is.
    - ``tables``: what it reads, by the names that the query has for it. ``places``: where these are.
    """

    step: str
    number: int
    output: str
    sql: str
    tables: Mapping[str, Columns]
    places: Mapping[str, str]

    def columns(self, tables: Mapping[str, Columns] | None = None) -> Columns:
        """The columns that it answers with or writes, of these tables in the place of those that there are.

        Raises ``TranslationError`` for a query that has no answer then, with the place in it.
        """
        given = {**self.tables, **(tables or {})}
        if not self.sql:
            return next(iter(given.values()))
        return dict(parsed.columns_of(quoted(self.sql), given))


def readings(step: PlannedStep, sentences: Sequence[KnownSentence]) -> Iterator[Reading]:
    """Those of the ``sentences`` of a step of which it is known which columns they read."""
    for said in sentences:
        try:
            if found := _reading(step, said.sentence, said.number, said.finished, said.ctx):
                yield found
        except MasonError:
            # The run says so, when it comes to that.
            return


def _reading(
    step: PlannedStep, sentence: Sentence, number: int, finished: Mapping[str, Any], ctx: Context
) -> Reading | None:
    verb, table = verbs_asked_of(sentence.engine)[sentence.verb], finished.get("table")
    output = str(finished.get(OUTPUT) or "") if OUTPUT in verb.writes else ""
    if sentence.engine != "execution":
        return None
    if "sql" in verb.arguments:
        dialect = sentence.dialect or step.operator.dialect or finished.get("dialect") or "duckdb"
        if dialect != "duckdb" or not isinstance(finished.get("sql"), str):
            return None
        found = tables_of(finished["sql"], table, ctx)
        sql = finished["sql"]
    elif verb.name in _SAME and isinstance(table, Table):
        found, sql = {"": table}, ""
    else:
        return None
    if found is None or any(each.schema is None for each in found.values()):
        return None
    tables: dict[str, Columns] = {name: each.types for name, each in found.items()}
    if finished.get("filter_columns"):
        keep = {*finished["filter_columns"], *(finished.get("partition_columns") or ())}
        tables = {
            name: {column: kind for column, kind in each.items() if column in keep} for name, each in tables.items()
        }
    places = {name: each.location.path for name, each in found.items() if each.location is not None}
    return Reading(step.id, number, output, sql, tables, places)
