"""DuckDB's SQL in Spark's: a query that answers the same there, or the reason why there is none.

The law: nothing passes that is not known to be the same. Each construct and each function has a rule, made from what
was run on both engines (``docs/sql.md``), which looks at the types of what it is given. Spark is expected as Mason runs
it: version 4, ANSI mode, the session's zone UTC.
"""

from __future__ import annotations

from collections.abc import Mapping

from mason.errors import TranslationError
from mason.sql.parsed import Tables, Tree, bind, parse, position, types_of
from mason.sql.spark import casts
from mason.sql.spark.expressions import value
from mason.sql.spark.queries import query
from mason.sql.spark.scopes import Scope
from mason.sql.spark.translated import Queries, Query, Value
from mason.sql.sql_types import NULL, SqlType, spark_name
from mason.sql.translations import Column, Rewrite, Translation


def to_spark(sql: str, tables: Tables, places: Mapping[str, str] | None = None) -> Translation:
    """Translate ``sql``, a query over ``tables``, of which those in ``places`` are read from there; raises
    :class:`TranslationError` where it is not known to answer the same."""
    work = _Work(types_of(tables), places or {})
    tree = parse(sql)
    columns = bind(sql, tables)
    found = query(work, tree, {}, names=[name for name, _ in columns])
    answered = tuple(Column(name, type_) for name, type_ in columns)
    # What the rules say of types is held to what DuckDB says.
    for said, true in zip(found.columns, answered, strict=True):
        if said.type != true.type and said.type != NULL:
            raise TranslationError(
                f"the column {true.name} is of {true.type} in DuckDB, which is not known to be the same",
                "Cast it to a common type.",
            )
        if not spark_name(true.type):
            raise TranslationError(
                f"the column {true.name} is of {true.type}, which Spark has not", "Cast it to another type."
            )
    return Translation(found.text, answered, tuple(work.rewrites), tuple(work.notes))


class _Work:
    """One translation: see :class:`mason.sql.spark.rules.Work`."""

    def __init__(self, tables: dict[str, dict[str, SqlType]], places: Mapping[str, str]) -> None:
        self._tables = {name.lower(): columns for name, columns in tables.items()}
        self._places = {name.lower(): place for name, place in places.items()}
        self.rewrites: list[Rewrite] = []
        self.notes: list[Rewrite] = []

    def value(self, node: Tree, place: Scope) -> Value:
        """Translate an expression."""
        return value(self, node, place)

    def subquery(self, node: Tree, place: Scope) -> Query:
        """Translate a query within an expression."""
        return query(self, node, place.queries, outer=place)

    def relation(self, node: Tree, queries: Queries) -> Query:
        """Translate a query of a FROM clause."""
        return query(self, node, queries)

    def cast(self, node: Tree, value: Value, target: SqlType) -> Value:
        """A cast that DuckDB makes by itself."""
        return casts.implicit(node, value, target)

    def rewritten(self, node: Tree, what: str, why: str) -> None:
        """Note that something is written otherwise, once for each place."""
        found = Rewrite(*position(node.source, node.place), what, why)
        if found not in self.rewrites:
            self.rewrites.append(found)

    def noted(self, node: Tree, what: str) -> None:
        """Note a difference that the query allows, once for each place."""
        found = Rewrite(*position(node.source, node.place), "", what)
        if found not in self.notes:
            self.notes.append(found)

    def place(self, name: str) -> str:
        """Where a table is read from."""
        return self._places.get(name.lower(), "")

    def table(self, node: Tree, name: str) -> tuple[Column, ...]:
        """The columns of a table."""
        found = self._tables.get(name.lower())
        if found is None:
            known = ", ".join(self._tables) or "none"
            raise node.refused(
                f"the columns of the table {name} are not known (known are: {known})", "Give its columns."
            )
        return tuple(Column(column, type_) for column, type_ in found.items())
