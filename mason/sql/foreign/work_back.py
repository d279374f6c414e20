"""A query in another dialect in DuckDB's SQL: one that answers the same there, or the reason why there is none.

The law: nothing passes that is not known to be the same. What all dialects share is in this room, what is a dialect's
own in its room. The translation is given to DuckDB's own parser, over empty tables, and its types have to be those that
the rules say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mason.errors import TranslationError
from mason.sql.foreign.duck_text import DUCK
from mason.sql.foreign.expressions_back import value
from mason.sql.foreign.foreign import Foreign
from mason.sql.foreign.part import Part, position, read
from mason.sql.foreign.selects_back import query
from mason.sql.foreign.sight import Sight
from mason.sql.parsed import REFUSED, Tables, bind, types_of
from mason.sql.sql_types import INTERVAL, NULL, SqlType
from mason.sql.translating.translated import Defined, Query, Value
from mason.sql.translations import Column, Rewrite, Translation


def to_duckdb(sql: str, tables: Tables, written: Foreign) -> Translation:
    """Translate ``sql``, a query over ``tables`` in the dialect ``written``; raises :class:`TranslationError` where it
    is not known to answer the same."""
    work = _Work(types_of(tables), written)
    part = read(sql, written.dialect)
    try:
        found = query(work, part, {})
    except RecursionError:
        raise part.refused("the query nests too deeply", "Split it with WITH.") from None
    for column in found.columns:
        if column.type == NULL:
            raise part.refused(f"the column {column.name} is only NULL and of no type", "Cast it.")
        if column.type == INTERVAL:
            raise part.refused(
                f"the column {column.name} is an interval, which engines keep otherwise", "Leave it out."
            )
    try:
        answered = bind(found.text, tables)
    except TranslationError as error:
        raise TranslationError(
            f"the query is wrong: {error.reason.removeprefix(REFUSED)}", "Mend the query.", line=1, column=1
        ) from error
    for said, (name, true) in zip(found.columns, answered, strict=True):
        if written.answered(said.type) != true:
            raise TranslationError(
                f"the column {name} would be of {true}, and of {said.type} in {written.engine}",
                "Cast it to another type.",
            )
    columns = tuple(Column(name, true) for name, true in answered)
    return Translation(found.text, columns, tuple(work.rewrites), tuple(work.notes))


class _Work:
    """One translation: see :class:`mason.sql.foreign.foreign.Work`."""

    def __init__(self, tables: dict[str, dict[str, SqlType]], written: Foreign) -> None:
        self._tables = tables
        self.written = written
        self.rewrites: list[Rewrite] = []
        self.notes: list[Rewrite] = []

    def value(self, part: Part, sight: Sight) -> Value:
        """Translate an expression."""
        return value(self, part, sight)

    def subquery(self, part: Part, sight: Sight) -> Query:
        """Translate a query within an expression."""
        return query(self, part, sight.defined, outer=sight, named=False)

    def relation(self, part: Part, defined: Mapping[str, Defined]) -> Query:
        """Translate a query of a FROM clause."""
        return query(self, part, defined)

    def rewritten(self, part: Part, what: str, why: str) -> None:
        """Note that something is written otherwise, once for each place."""
        found = Rewrite(*position(part.source, part.place), what, why)
        if found not in self.rewrites:
            self.rewrites.append(found)

    def noted(self, part: Part, what: str) -> None:
        """Note a difference that the query allows, once for each place."""
        found = Rewrite(*position(part.source, part.place), "", what)
        if found not in self.notes:
            self.notes.append(found)

    def table(self, part: Part, names: Sequence[tuple[str, bool]]) -> tuple[str, tuple[Column, ...]]:
        """A table's name as DuckDB finds it, and its columns."""
        said = ".".join(name for name, _ in names)
        for kept, columns in self._tables.items():
            parts = kept.split(".") if len(names) > 1 else [kept]
            if len(parts) == len(names) and all(
                self.written.is_name_of(name, quoted, each) for (name, quoted), each in zip(names, parts, strict=True)
            ):
                text = (
                    ".".join(DUCK.identifier(each) for each in kept.rsplit(".", 1))
                    if len(names) > 1
                    else DUCK.identifier(kept)
                )
                return text, tuple(Column(column, type_) for column, type_ in columns.items())
        known = ", ".join(self._tables) or "none"
        raise part.refused(f"the columns of the table {said} are not known (known are: {known})", "Give its columns.")
