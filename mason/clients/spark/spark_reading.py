"""Tables of Spark for table work: what statements read, and how they are said in Spark's words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from mason.clients._statements.asked import Relation, Statement
from mason.clients._statements.choosing import united
from mason.clients._statements.statement_verbs import Parts
from mason.clients.spark.spark_ways import Question
from mason.errors import ConflictError, TranslationError

if TYPE_CHECKING:
    from mason.clients._duckdb.reading.schemas import Merging
    from mason.clients._tables.columns import Columns
    from mason.clients.spark.spark_tables import Relation as View
    from mason.clients.spark.spark_tables import SparkTables
    from mason.engines.models import Rows, Table
    from mason.sql.translations import Translation


class SparkReading:
    """The tables of one verb, by their names in statements; ``translate`` says a statement in Spark's words."""

    def __init__(self, tables: SparkTables, translate: Callable[[Statement], Translation]) -> None:
        self._tables, self._translate = tables, translate
        self.views: dict[str, View] = {}

    def relation(self, table: Table) -> Relation:
        """A table under a name of its own."""
        return self._named(self._tables.relation(table))

    def parts(self, table: Table, *, allow_text: bool, extract_paths: bool) -> Parts:
        """The files of a table: by their kinds where Spark makes them one, else as DuckDB reads them together."""
        from mason.clients._duckdb.reading.schemas import Merging
        from mason.clients._duckdb.reading.sources import title
        from mason.clients._duckdb.writing.reshape import check_mergeable

        view = self._tables.relation(replace(table, schema=None), merging=Merging(allow_text, extract_paths))
        if view.source is None:
            raise ConflictError(f"Nothing to merge: {title(table)} has one schema, which Spark's catalog keeps.")
        check_mergeable(view.source, title(table))
        changes, columns = view.source.changes or (), tuple(view.columns.items())
        found = self._by_spark(table, Merging(allow_text, extract_paths), columns)
        if found:
            self._tables.forget(view)
            return Parts(found, columns, changes)
        return Parts((self._named(view),), columns, changes)

    def _by_spark(self, table: Table, merging: Merging, columns: Columns) -> tuple[Relation, ...]:
        """The files that differ, for Spark to make them one; none where it would not make the same of them."""
        views = self._tables.parts(replace(table, schema=None), merging)
        before = dict(self.views)
        found = tuple(map(self._named, views))
        try:
            if found:
                self._translate(united(found, columns))
            return found
        except TranslationError:
            # Such as texts of numbers that are no whole ones.
            self.views = before
            for each in views:
                self._tables.forget(each)
            return ()

    def translated(self, statement: Statement) -> Translation:
        """A statement in Spark's words. Raises ``EngineError`` where Spark is not known to answer the same."""
        try:
            return self._translate(statement)
        except TranslationError as error:
            raise statement.refused(error, "Spark") from error

    def question(self, statement: Statement) -> Question:
        """A statement as it is asked. Raises as :meth:`translated`."""
        return Question(statement.sql, self.translated(statement))

    def ask(self, statements: Sequence[Statement]) -> list[Rows]:
        """The answers of Spark, some statements at once. What can be refused is refused before a file is read."""
        questions = [self.question(each) for each in statements]
        self._tables.make()
        return self._tables.way.answers(questions)

    def _named(self, view: View) -> Relation:
        name = f"source_{len(self.views)}"
        self.views[name] = view
        return Relation(tuple(view.columns.items()), name)
