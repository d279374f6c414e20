"""Names: which column a word means, by the rules of the dialect that it is written in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from mason.sql.foreign.duck_text import DUCK
from mason.sql.foreign.part import Part
from mason.sql.sql_types import SqlType
from mason.sql.translating.translated import Defined, Value
from mason.values import dataclass, field

UNSEEN = "UNSEEN"
"""The type of a column whose own type the dialect has not."""
Named = tuple[str, bool]
"""A name as it was written, and whether it was quoted."""


class Naming(Protocol):
    """What a dialect says of names."""

    def is_name_of(self, written: str, quoted: bool, kept: str) -> bool:
        """Whether ``written`` means the column or table that is called ``kept``."""

    def column(self, text: str, type_: SqlType) -> Value | None:
        """A column of a table as the engine sees it; ``None`` where it sees it otherwise."""


@dataclass(slots=True, frozen=True)
class Relation:
    """A table or subquery of a FROM clause, under the name that it is called by, and its columns as the engine sees
    them."""

    name: str
    columns: tuple[tuple[str, Value], ...]


@dataclass(slots=True)
class Sight:
    """What names mean within one SELECT.

    ``relations``: what its FROM clause brings. ``merged``: columns of USING, by their names. ``star``: what ``*``
    stands for: the relation's name, the column's, and its value. ``aliases``: names of the select list. ``outer``: the
    query around. ``defined``: what WITH defined, by name in small letters. ``windows``: what WINDOW defined.
    ``with_aliases``: whether names may be those of the select list; ``outputs_first``: before columns,
    ``columns_first``: after them, else both may not be. ``is_correlated``: whether a name of the query around was used.
    """

    written: Naming
    relations: list[Relation] = field(default_factory=list)
    merged: dict[str, Value] = field(default_factory=dict)
    star: list[tuple[str, str, Value]] = field(default_factory=list)
    aliases: dict[str, Value] = field(default_factory=dict)
    outer: Sight | None = None
    defined: Mapping[str, Defined] = field(default_factory=dict)
    windows: dict[str, Part] = field(default_factory=dict)
    with_aliases: bool = False
    outputs_first: bool = False
    columns_first: bool = False
    is_correlated: bool = False

    def add(self, part: Part, relation: Relation, *, in_star: bool = True) -> None:
        """Bring a relation in sight."""
        if any(each.name.lower() == relation.name.lower() for each in self.relations):
            raise part.refused(f"two tables are called {relation.name}", "Give one of them another name.")
        folded = [name.lower() for name, _ in relation.columns]
        if len(set(folded)) < len(folded):
            raise part.refused(f"two columns of {relation.name} have one name", "Give each a name of its own, by AS.")
        self.relations.append(relation)
        if in_star:
            self.star += [(relation.name, name, value) for name, value in relation.columns]

    def column(self, part: Part, names: list[Named]) -> Value:
        """What a name means; raises :class:`mason.errors.TranslationError` where that is not certain."""
        found = self._here(part, names)
        if found is not None:
            return seen(part, found)
        if self.outer is not None:
            found = self.outer.column(part, names)
            if any(found.text.startswith(f"{DUCK.identifier(each.name)}.") for each in self.relations):
                raise part.refused(
                    f"the table around has the name of one in this subquery ({names[0][0]})", "Rename one."
                )
            self.is_correlated = True
            return found
        said = ".".join(name for name, _ in names)
        known = (
            ", ".join([name for each in self.relations for name, _ in each.columns][:10]) or "the columns of a table"
        )
        raise part.refused(f"there is no column {said} that is known here", f"Use one of {known}.")

    def _here(self, part: Part, names: list[Named]) -> Value | None:
        first, quoted = names[0]
        alias = self._alias(first, quoted) if self.with_aliases and len(names) == 1 else None
        if alias is not None and self.outputs_first:
            return alias
        found = self._columns(first, quoted)
        tables = [each for each in self.relations if self.written.is_name_of(first, quoted, each.name)]
        if len(names) > 1 and tables:
            if found:
                raise part.refused(f"{first} is a table and a column", "Give the table another name.")
            inside = [value for name, value in tables[0].columns if self.written.is_name_of(*names[1], name)]
            return self._fields(part, inside[0], names[2:]) if inside else None
        if len(found) > 1:
            raise part.refused(f"{first} is a column of several tables", "Put the table's name before it.")
        if found and alias is not None and alias.text != found[0].text and not self.columns_first:
            raise part.refused(f"{first} is a column and a name of the select list", "Give the latter another name.")
        return self._fields(part, found[0], names[1:]) if found else alias

    def _alias(self, name: str, quoted: bool) -> Value | None:
        return next(
            (value for kept, value in self.aliases.items() if self.written.is_name_of(name, quoted, kept)), None
        )

    def _columns(self, name: str, quoted: bool) -> list[Value]:
        merged = [value for kept, value in self.merged.items() if self.written.is_name_of(name, quoted, kept)]
        if merged:
            return merged
        held = [each for relation in self.relations for each in relation.columns]
        return [value for kept, value in held if self.written.is_name_of(name, quoted, kept)]

    def _fields(self, part: Part, value: Value, names: Iterable[Named]) -> Value:
        for name, quoted in names:
            value = field_of(part, self.written, value, name, quoted)
        return value


def seen(part: Part, value: Value) -> Value:
    """The column, unless the dialect has not its type."""
    if value.type.name == UNSEEN:
        raise part.refused(
            f"a column of {value.type.element} is of no type that this dialect has", "Leave it out, or name the others."
        )
    return value


def field_of(part: Part, written: Naming, value: Value, name: str, quoted: bool) -> Value:
    """A field of a struct."""
    for kept, type_ in value.type.fields if value.type.name == "STRUCT" else ():
        if written.is_name_of(name, quoted, kept):
            found = written.column(f"struct_extract({value.text}, {DUCK.text(kept)})", type_)
            if found is not None:
                return found
    raise part.refused(f"{value.type} has no field {name} that is known here", "Name one that it has.")
