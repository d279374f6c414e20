"""What comes of translating a query, as values: the same for each dialect that it is translated to."""

from __future__ import annotations

from mason.sql.sql_types import SqlType
from mason.values import dataclass


@dataclass(slots=True, frozen=True)
class Column:
    """A column that a query or a table answers with; ``type`` is DuckDB's."""

    name: str
    type: SqlType


@dataclass(slots=True, frozen=True)
class Rewrite:
    """Something that was written otherwise, so that it means the same. ``line`` and ``column`` are the query's.

    Of a note, which names a difference that the query itself allows, ``what`` is empty.
    """

    line: int
    column: int
    what: str
    why: str


@dataclass(slots=True, frozen=True)
class Translation:
    """A query in the words of another engine.

    ``columns``: names and DuckDB's types of the answer. ``rewrites``: what was written otherwise. ``notes``: where the
    query itself allows more than one answer, or may stop there.
    """

    text: str
    columns: tuple[Column, ...]
    rewrites: tuple[Rewrite, ...] = ()
    notes: tuple[Rewrite, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """The keys ``sql``, ``columns``, ``rewrites`` and ``notes`` as JSON-ready data."""
        return {
            "sql": self.text,
            "columns": [{"name": each.name, "type": str(each.type)} for each in self.columns],
            "rewrites": [_said(each) for each in self.rewrites],
            "notes": [{key: text for key, text in _said(each).items() if key != "what"} for each in self.notes],
        }


def _said(each: Rewrite) -> dict[str, object]:
    return {"line": each.line, "column": each.column, "what": each.what, "why": each.why}
