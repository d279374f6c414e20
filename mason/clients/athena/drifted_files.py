"""Files of one table whose schemas drifted apart, as statements of Athena's that make them one.

The catalog has one schema for all files of a table. So Mason looks at the files as client ``local`` does (of parquet
at footers), and each group with the same columns becomes a table of its own for as long as the statements run
(:mod:`group_tables`): over a folder that no other file is in, or over one of which the statement reads the files that
it names. What Athena is not known to read as Mason does is none of its work, and a sentence says why.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from mason.clients._duckdb.quoting import identifier, literal, qualified
from mason.clients._hive_tables.partition_names import HIVE_NULL
from mason.clients._statements.asked import Relation
from mason.clients._statements.choosing import united
from mason.clients._tables.columns import Columns
from mason.clients._tables.merging import Merged
from mason.errors import EngineError, TranslationError
from mason.values import dataclass

if TYPE_CHECKING:
    from mason.clients._duckdb.reading.readers import Source
    from mason.clients._duckdb.reading.schemas import TableSchema

Item = TypeVar("Item")

_PATH = '"$path"'
"""The column in which Athena tells the file of a row."""
_SCHEME = "s3://"
_PLAIN = re.compile(r"s3://[a-z0-9.-]+(/[A-Za-z0-9_.=-]+)+")
_MOST_GROUPS = 64
_MOST_NAMED = 100_000
"""Bytes of paths that one SELECT names."""
_MOST_TEXT = 200_000
"""Bytes of a statement, of which Athena takes 262,144 with all that is added."""
_TIMES = "kept to milliseconds, as Athena has times"


@dataclass(frozen=True, slots=True)
class Partition:
    """A partition by the values of its keys as text, and its folder."""

    values: tuple[str, ...]
    place: str


@dataclass(frozen=True, slots=True)
class Group:
    """Files with the same columns. ``place`` is a folder that they are all in, ``partitions`` are theirs, and ``named``
    are the URLs of the files where others are in these folders, too; else nothing."""

    columns: Columns
    place: str
    partitions: tuple[Partition, ...] = ()
    named: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Drifted:
    """The files of a table that is merged.

    ``changes`` is the plan. ``groups`` are for Athena, whose ``keys`` are the last of their columns; there are none
    where ``why`` says why it is not Athena's work. ``reader`` reads the files on this machine.
    """

    changes: tuple[Merged, ...]
    reader: Source
    why: str = ""
    groups: tuple[Group, ...] = ()
    keys: tuple[str, ...] = ()
    columns: Columns = ()
    path: str = ""

    def selects(self, names: Sequence[tuple[str, str]]) -> list[str]:
        """The statements, each of some of the files, where the groups are tables with these ``names`` (database and
        name). Raises ``TranslationError`` where Athena is not known to make the same of the files."""
        from mason.sql.dialects import translate

        found: list[str] = []
        columns = sum(3 * len(name) + 2 * len(kind) + 40 for name, kind in self.columns)
        for batch in _packed(self._parts(names), lambda part: len(part[1]) + columns, _MOST_TEXT):
            statement = united([relation for relation, _ in batch], self.columns)
            places = {relation.name: place for relation, place in batch}
            found.append(translate(statement.sql, statement.tables, to="athena", places=places).text)
        return found

    def _parts(self, names: Sequence[tuple[str, str]]) -> Iterator[tuple[Relation, str]]:
        """What statements read, with what stands in FROM for it."""
        number = 0
        for group, name in zip(self.groups, names, strict=True):
            columns = (*group.columns, *([(self.path, "VARCHAR")] if self.path else []))
            for some in _packed(group.named, lambda path: len(path) + 4, _MOST_NAMED) if group.named else [()]:
                number += 1
                yield Relation(columns, f"part_{number}"), _read(group, qualified(*name), some, self.path)


def drifted(schema: TableSchema, reader: Source) -> Drifted:
    """How the files of a table are merged, of which a look told the ``schema``."""
    changes = schema.changes or ()
    why = _fault(schema)
    if why:
        return Drifted(changes, reader, why)
    from mason.clients._duckdb.reading.schemas import by_kind

    kinds = by_kind(schema)
    keys = tuple(name.lower() for name, _ in schema.partitions)
    found = Drifted(
        tuple(map(_by_athena, changes)),
        reader,
        groups=tuple(_group(each, [str(file.file.path) for file in schema.files]) for each in kinds),
        keys=keys,
        columns=(*_lowered(schema.columns + schema.partitions), *([(schema.path, "VARCHAR")] if schema.path else [])),
        path=schema.path,
    )
    for group in found.groups:
        if len({each.values for each in group.partitions}) < len(group.partitions):
            return Drifted(changes, reader, "one partition has several folders")
        if len(group.columns) == len(keys):
            return Drifted(changes, reader, "some of them have no column with values")
    try:
        found.selects([("", "")] * len(found.groups))
    except TranslationError as error:
        return Drifted(changes, reader, error.reason)
    return found


def _fault(schema: TableSchema) -> str:
    """Why Athena is not known to read files as Mason does; empty where it is."""
    if schema.format != "parquet":
        return f"Athena reads {schema.format} otherwise than Mason"
    files = [each for each in schema.files if each.columns]
    if not files:
        return "they are empty"
    if any(each.copied is not None for each in files):
        return "they need a reader of their own"
    odd = next((str(each.file.path) for each in files if not _PLAIN.fullmatch(str(each.file.path))), None)
    if odd is not None:
        return f"other engines write the path {odd} otherwise"
    if any(value == "" for each in files for _, value in each.file.partitions):
        return "a value in the name of a folder is empty"
    kinds = {each.columns for each in files}
    if len(kinds) > _MOST_GROUPS:
        return f"they have more than {_MOST_GROUPS} different schemas"
    every = dict.fromkeys([*(column for each in kinds for column in each), *schema.columns, *schema.partitions])
    return next((fault for name, kind in every if (fault := _type_fault(name, kind))), "")


def _type_fault(name: str, kind: str) -> str:
    from mason.clients._hive_tables.hive_types import duckdb_type, hive_type

    try:
        same = duckdb_type(hive_type(kind)) == kind
    except EngineError:
        same = False
    return "" if same else f"Athena has no such type as that of column {name} {kind}"


def _group(schema: TableSchema, every: Sequence[str]) -> Group:
    """The files of one kind, among ``every`` file of the table."""
    own = {str(each.file.path): each for each in schema.files}
    partitions: dict[Partition, None] = {}
    for path, each in own.items():
        if each.file.partitions:
            values = tuple(HIVE_NULL if value is None else value for _, value in each.file.partitions)
            folders = path.split("/")[:-1]
            last = max(index for index, part in enumerate(folders) if part.find("=") > 0)
            partitions[Partition(values, "/".join(folders[: last + 1]))] = None
    place = _common([path.rpartition("/")[0] for path in own])
    read = tuple(f"{each.place}/" for each in partitions) or (f"{place}/",)
    alone = not any(path.startswith(read) for path in every if path not in own)
    return Group(
        _lowered(schema.columns + schema.partitions), place, tuple(partitions), () if alone else tuple(sorted(own))
    )


def _common(folders: Iterable[str]) -> str:
    """The deepest folder that all of these are in."""
    return _SCHEME + posixpath.commonpath([each.removeprefix(_SCHEME) for each in folders])


def _lowered(columns: Columns) -> Columns:
    return tuple((name.lower(), kind) for name, kind in columns)


def _by_athena(column: Merged) -> Merged:
    """What becomes of a column, with what Athena changes besides."""
    small = column.name.lower()
    told = [column.change, f"named {small}, as Athena names columns" if small != column.name else ""]
    told.append(_TIMES if column.type.startswith("TIMESTAMP") else "")
    return replace(column, name=small, change="; ".join(filter(None, told)))


def _read(group: Group, name: str, some: Sequence[str], path: str) -> str:
    """What stands in FROM for a group: ``some`` of its files (none: all), with a column of their ``path``."""
    if not (some or path):
        return name
    columns = ", ".join(identifier(column) for column, _ in group.columns)
    told = f", {_PATH} AS {identifier(path)}" if path else ""
    only = f" WHERE {_PATH} IN ({', '.join(map(literal, some))})" if some else ""
    return f"(SELECT {columns}{told} FROM {name}{only})"


def _packed(items: Iterable[Item], size: Callable[[Item], int], most: int) -> Iterator[list[Item]]:
    """The items in lists whose sizes together are ``most``, or which have one item."""
    packed: list[Item] = []
    total = 0
    for item in items:
        if packed and total + size(item) > most:
            yield packed
            packed, total = [], 0
        packed.append(item)
        total += size(item)
    if packed:
        yield packed
