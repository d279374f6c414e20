"""Names: which column a word means. Looked up here, by DuckDB's rules, so that no engine has a name to choose for."""

from __future__ import annotations

from collections.abc import Iterable

from mason.sql.parsed import Tree
from mason.sql.translating.translated import Queries, Value
from mason.sql.translating.writing import Writing
from mason.sql.translations import Column
from mason.values import dataclass, field


@dataclass(slots=True, frozen=True)
class Source:
    """A table or subquery of a FROM clause, under the name that it is called by."""

    name: str
    columns: tuple[Column, ...]
    writing: Writing

    @property
    def prefix(self) -> str:
        """What stands before the name of a column."""
        return f"{self.writing.identifier(self.name)}."

    def value(self, name: str) -> Value | None:
        """The column of that name."""
        for column in self.columns:
            if column.name.lower() == name.lower():
                return Value(f"{self.prefix}{self.writing.identifier(column.name)}", column.type)
        return None


@dataclass(slots=True)
class Scope:
    """What names mean within one SELECT.

    ``writing``: how the dialect writes names. ``sources``: the tables of its FROM clause that are in sight.
    ``merged``: columns of USING, by name in small
    letters. ``star``: what ``*`` stands for, each with the source's name. ``aliases``: names
    of the select list, in small letters. ``outer``: the query around, where names of it may be used. ``queries``: what
    WITH defined. ``is_correlated``: whether a name of the query around was used.
    """

    writing: Writing
    sources: list[Source] = field(default_factory=list)
    merged: dict[str, Value] = field(default_factory=dict)
    star: list[tuple[str, str, Value]] = field(default_factory=list)
    aliases: dict[str, Value] = field(default_factory=dict)
    outer: Scope | None = None
    queries: Queries = field(default_factory=dict)
    is_correlated: bool = False
    aliases_first: bool = False
    strict: bool = False
    conjuncts: set[int] = field(default_factory=set)

    def add(self, node: Tree, source: Source) -> None:
        """Bring a source in sight."""
        if any(each.name.lower() == source.name.lower() for each in self.sources):
            raise node.refused(f"two tables are called {source.name}", "Give one of them another name.")
        self.sources.append(source)
        self.star += [(source.name, column.name, source.value(column.name) or _missing()) for column in source.columns]

    def column(self, node: Tree, names: list[str]) -> Value:
        """What a name means; raises :class:`mason.errors.TranslationError` where that is not certain."""
        found = self._here(node, names) if len(names) == 1 else self._qualified(node, names)
        if found is not None and not self.writing.holds(found.type):
            raise node.refused(f"a column of {found.type} is not known there", "Leave it out.")
        if found is not None:
            return found
        if self.outer is not None:
            outer = self.outer
            found = outer.column(node, names)
            if any(found.text.startswith(each.prefix) for each in self.sources):
                raise node.refused(f"the table around has the name of one in this subquery ({names[0]})", "Rename one.")
            if outer.aliases.get(names[0].lower()) == found and len(names) == 1:
                raise node.refused(f"{names[0]} is a name of the select list around", "Write the expression.")
            self.is_correlated = True
            return found
        said = ".".join(names)
        raise node.refused(f"there is no column {said} that is known here", f"Use one of {self._known()}.")

    def _here(self, node: Tree, names: list[str]) -> Value | None:
        name = names[0].lower()
        alias = self.aliases.get(name)
        if self.aliases_first and alias is not None:
            return alias
        found = [self.merged[name]] if name in self.merged else self._columns(name)
        if len(found) > 1:
            raise node.refused(f"{names[0]} is a column of several tables", "Put the table's name before it.")
        if found and alias is not None and self.strict and alias.text != found[0].text:
            raise node.refused(f"{names[0]} is a column and a name of the select list", "Give the latter another name.")
        return found[0] if found else alias

    def _columns(self, name: str) -> list[Value]:
        return [value for source in self.sources if (value := source.value(name)) is not None]

    def _qualified(self, node: Tree, names: list[str]) -> Value | None:
        for source in self.sources:
            if source.name.lower() == names[0].lower():
                if self._columns(names[0].lower()) and len(names) > 1:
                    raise node.refused(f"{names[0]} is a table and a column", "Give the table another name.")
                value = source.value(names[1])
                return self._fields(node, value, names[2:]) if value is not None else None
        held = self._here(node, names[:1])
        return self._fields(node, held, names[1:]) if held is not None else None

    def _fields(self, node: Tree, value: Value, names: Iterable[str]) -> Value:
        for name in names:
            inside = {each.lower(): (each, type_) for each, type_ in value.type.fields}
            if value.type.name != "STRUCT" or name.lower() not in inside:
                raise node.refused(f"{value.type} has no field {name}", "Name one that it has.")
            if not self.writing.holds(value.type):
                raise node.refused(f"a column of {value.type} is not known there", "Leave it out.")
            each, type_ = inside[name.lower()]
            value = Value(f"{value.text}.{self.writing.identifier(each)}", type_)
        return value

    def _known(self) -> str:
        names = [column.name for source in self.sources for column in source.columns]
        return ", ".join(names[:10]) or "the columns of a table"


def _missing() -> Value:
    raise AssertionError("a source has its own columns")
