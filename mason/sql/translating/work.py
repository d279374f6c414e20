"""DuckDB's SQL in another engine's: a query that answers the same there, or the reason why there is none.

The law: nothing passes that is not known to be the same. Each construct and each function has a rule (``docs/sql.md``),
which looks at the types of what it is given. What all dialects share is in this room, what is a dialect's own in its.
"""

from __future__ import annotations

from collections.abc import Mapping

from mason.errors import TranslationError
from mason.sql.parsed import Tables, Tree, bind, described, parse, position, types_of
from mason.sql.sql_types import NULL, SqlType
from mason.sql.translating.expressions import value
from mason.sql.translating.meeting import implicit
from mason.sql.translating.queries import query
from mason.sql.translating.rules import Dialect
from mason.sql.translating.scopes import Scope
from mason.sql.translating.translated import Queries, Query, Value
from mason.sql.translations import Column, Rewrite, Translation


def translated(sql: str, tables: Tables, places: Mapping[str, str], dialect: Dialect) -> Translation:
    """Translate ``sql``, a query over ``tables``, of which those in ``places`` are read from there; raises
    :class:`TranslationError` where it is not known to answer the same."""
    work = _Work(tables, places, dialect)
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
        if note := dialect.answered_note(true.type):
            work.noted(tree, note)
        if not dialect.type_name(true.type):
            raise TranslationError(
                f"the column {true.name} is of {true.type}, which {dialect.engine} has not",
                "Cast it to another type, or leave it out.",
            )
    return Translation(found.text, answered, tuple(work.rewrites), tuple(work.notes))


class _Work:
    """One translation: see :class:`mason.sql.translating.rules.Work`."""

    def __init__(self, tables: Tables, places: Mapping[str, str], dialect: Dialect) -> None:
        self._given = tables
        self._tables = {name.lower(): (name, columns) for name, columns in types_of(tables).items()}
        self._places = {name.lower(): place for name, place in places.items()}
        self.dialect = dialect
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
        return implicit(self.dialect, node, value, target)

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

    def described(self, name: str) -> list[tuple[str | None, ...]]:
        """What DuckDB answers to DESCRIBE of a table."""
        return described(name, self._given)

    def place(self, name: str) -> str:
        """Where a table is read from."""
        return self._places.get(name.lower(), "")

    def table(self, node: Tree, name: str) -> tuple[str, tuple[Column, ...]]:
        """A table's name as its catalog writes it, and its columns."""
        found = self._tables.get(name.lower())
        if found is None:
            known = ", ".join(self._tables) or "none"
            raise node.refused(
                f"the columns of the table {name} are not known (known are: {known})", "Give its columns."
            )
        kept, columns = found
        return kept, tuple(Column(column, type_) for column, type_ in columns.items())
