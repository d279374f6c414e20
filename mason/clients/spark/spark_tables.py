"""Tables as Spark reads them: views on files, with exactly the columns that a table says, or names of its catalog.

Files of parquet are read by Spark itself where it reads what ``local`` reads: types that both have, one schema for all
files, names of folders without surprises. All else (text, spreadsheets, columns that were widened, objects of a store)
is read by Mason as ``local`` reads it, and handed to Spark as parquet: of text, Spark makes other values than DuckDB in
too many ways, and to read objects it needs classes and secrets of its own.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from mason.clients._objects.object_path import ObjectPath
from mason.clients.spark.spark_ways import ParquetView
from mason.errors import EngineError
from mason.values import dataclass, field

if TYPE_CHECKING:
    from mason.clients._duckdb.reading.readers import Source
    from mason.clients._duckdb.reading.schemas import Merging, TableSchema
    from mason.clients.spark.spark_ground import Ground
    from mason.clients.spark.spark_ways import Way
    from mason.engines.models import Table

CATALOG = "spark"
"""The format of tables that Spark reads by their names."""

_PLAIN_FOLDER = re.compile(r"[A-Za-z0-9_.-]+")
_PLAIN_PATH = re.compile(r"[^*?\[\]{}\\%:#\n]+")
_CODECS = ("UNCOMPRESSED", "SNAPPY", "GZIP", "ZSTD", "LZ4_RAW")
"""The compressions of parquet that Spark has without further libraries."""
_DIGITS = 32
"""So many digits of what is in a view are its name."""
_MOST_GROUPS = 64
"""So many kinds of files one query reads: of more, its plan takes longer than to read them here."""
_WILD, _ESCAPED = re.compile(r"([*?\[\]{}\\])"), r"\\\1"
_EMPTY = ("", "null", "__hive_default_partition__")


@dataclass(frozen=True, slots=True)
class Relation:
    """A table that a query may read: its ``columns`` with DuckDB's types, and the ``place`` that stands in FROM.

    ``unread`` are columns of which Spark has no such values. ``source`` is what reads its files on this machine;
    ``None`` where the table is Spark's own.
    """

    columns: Mapping[str, str]
    place: str
    source: Source | None = None
    unread: tuple[str, ...] = ()


@dataclass(slots=True)
class SparkTables:
    """The tables of one piece of work, whose views are made on its ``way``; files on their way to Spark go to
    ``folder``.

    ``waiting`` are the views that are not made yet, with what says what is behind them; ``views`` those that are. The
    name of a view is made of what is in it, so that its way may have it already.
    """

    client: Ground
    way: Way
    folder: Callable[[], Path]
    waiting: dict[str, Callable[[str], ParquetView]] = field(default_factory=dict)
    views: list[str] = field(default_factory=list)

    def relation(self, table: Table, *, merging: Merging | None = None) -> Relation:
        """What a query reads ``table`` from, ``merging`` files that differ. Raises the ``EngineError`` that says why
        nothing can."""
        from mason.clients._duckdb.reading.sources import title

        if table.format == CATALOG:
            self.way.check_catalog()
            return _of_catalog(table)
        if table.format == "duckdb":
            raise EngineError(
                f"{title(table).capitalize()} is kept in a warehouse of DuckDB, which Spark does not read. Write it to "
                "files first (table format), and query these."
            )
        return self._relation(self._schema(table, merging), table)

    def parts(self, table: Table, merging: Merging) -> list[Relation]:
        """A relation for each of the groups of files with the same columns that ``table`` has, for a query that makes
        them one; empty where files of this kind are read together by Mason.

        They are files of parquet whose types Spark has, in not too many groups, without a column that tells a path.
        """
        from mason.clients._duckdb.reading.schemas import by_kind

        schema = self._schema(table, merging)
        alone = by_kind(schema)
        kinds = [dict(each.columns + each.partitions) for each in alone]
        if (
            schema.format != "parquet"
            or schema.path
            or not 1 < len(alone) <= _MOST_GROUPS
            or not all(each and len(_held(each)) == len(each) for each in kinds)
        ):
            return []
        return [self._relation(each, table) for each in alone]

    def forget(self, relation: Relation) -> None:
        """Do not make the view of a relation that no query reads."""
        self.waiting.pop(relation.place.strip("`"), None)

    def drop(self) -> None:
        """Do without the views. Those of a session that is lost are gone with it."""
        self.waiting.clear()
        with suppress(EngineError):
            self.way.drop(self.views)

    def _schema(self, table: Table, merging: Merging | None) -> TableSchema:
        from mason.clients._duckdb.reading.sources import look_at, title

        client = self.client
        if table.location is None:
            raise EngineError(f"{title(table).capitalize()} has no location, so client {client.name} cannot read it.")
        return look_at(table, client.root, client.limits, client.seen, whole=True, merging=merging)[1]

    def _relation(self, schema: TableSchema, table: Table) -> Relation:
        from mason.clients._duckdb.reading.sources import reader_of, title

        client = self.client
        columns = dict(schema.columns + schema.partitions)
        if schema.path:
            columns[schema.path] = "VARCHAR"
        if not columns:
            raise EngineError(f"{title(table).capitalize()} has no columns, because its files are empty.")
        held = _held(columns)
        reader = reader_of(schema, table, client.root)
        stamps = [(str(each.file.path), each.file.version) for each in schema.files]
        known = hashlib.sha256(repr((reader.sql, reader.folder, held, stamps)).encode()).hexdigest()[:_DIGITS]
        view = f"_mason_{known}"
        self.waiting[view] = partial(self._view, schema, held, reader)
        return Relation(columns, f"`{view}`", reader, tuple(name for name in columns if name not in held))

    def make(self) -> None:
        """Make the views of all relations so far. Files are read for it: what a query may be refused for comes first.

        Raises ``EngineError`` for files that cannot be read."""
        while self.waiting:
            name, view = self.waiting.popitem()
            self.views.append(name)
            if not self.way.holds(name):
                self.way.make(view(name))

    def _view(self, schema: TableSchema, held: Mapping[str, str], reader: Source, name: str) -> ParquetView:
        from mason.sql.spark.spark_text import identifier

        paths = _direct(schema, held)
        paths = paths if paths and self.way.reaches(paths) and self._decompresses(schema) else []
        base = reader.folder if paths and schema.partitions else None
        columns = ", ".join(f"{identifier(column)} {kind}" for column, kind in held.items())
        return ParquetView(name, columns, tuple(paths or [self._copied(reader, held, name)]), base)

    def _decompresses(self, schema: TableSchema) -> bool:
        """Whether Spark has the codecs of the files."""
        from mason.clients._duckdb.connection import connect
        from mason.clients._duckdb.quoting import call, literal

        seen, what = self.client.seen, "codecs of Spark"
        files = [each.file for each in schema.files if not seen.is_sound(each.file, what)]
        if not files:
            return True
        known = ", ".join(map(literal, _CODECS))
        metadata = call("parquet_metadata", [str(each.path) for each in files], {})
        with connect(self.client.limits) as connection:
            found = connection.execute(
                f"SELECT 1 FROM {metadata} WHERE compression NOT IN ({known}) LIMIT 1"
            ).fetchone()
        for each in files if found is None else ():
            seen.put_sound(each, what)
        return found is None

    def _copied(self, reader: Source, held: Mapping[str, str], view: str) -> Path:
        """A file of parquet with what DuckDB reads of a table; made once for the same view."""
        # Spark takes files that begin with an underscore for hidden.
        target = self.folder() / f"{view.lstrip('_')}.parquet"
        if not target.exists():
            _copy(self.client, reader, held, target)
        return target


def spark_path(path: Path) -> str:
    """A file as Spark's readers take it, to whom every path is a pattern."""
    return f"file://{_WILD.sub(_ESCAPED, str(path))}"


def _of_catalog(table: Table) -> Relation:
    from mason.sql.spark.spark_text import identifier

    given = table.types
    held = _held(given)
    place = f"{identifier(table.database)}.{identifier(table.name)}"
    return Relation(
        {name: kind for name, kind in given.items() if name in held},
        place,
        unread=tuple(name for name in given if name not in held),
    )


def _held(columns: Mapping[str, str]) -> dict[str, str]:
    """The columns whose values Spark can hold, with Spark's types."""
    from mason.clients.spark.spark_types import to_spark

    return {name: kind for name, duckdb_type in columns.items() if (kind := to_spark(duckdb_type))}


def _direct(schema: TableSchema, held: Mapping[str, str]) -> list[Path]:
    """The files that Spark reads as they are; none where it would read something else."""
    filled = [each for each in schema.files if each.columns]
    alike = all(each.columns == schema.columns and not each.nulls for each in filled)
    if schema.format != "parquet" or not filled or not alike or schema.path or len(filled) < len(schema.files):
        return []
    # A timestamp may be one of 96 bits, and a column without a type in Spark would be left out: DuckDB knows.
    plain = all(name in held for name, _ in schema.columns + schema.partitions)
    folders = all(_is_plain(value) for each in filled for _, value in each.file.partitions)
    paths = [each.file.path for each in filled]
    if any(isinstance(path, ObjectPath) for path in paths):
        return []
    return paths if plain and folders and all(_PLAIN_PATH.fullmatch(str(path)) for path in paths) else []


def _is_plain(value: str | None) -> bool:
    return value is None or (_PLAIN_FOLDER.fullmatch(value) is not None and value.lower() not in _EMPTY)


def _copy(client: Ground, reader: Source, held: Mapping[str, str], target: Path) -> None:
    from mason.clients._duckdb.quoting import identifier, literal
    from mason.clients._duckdb.session import opened
    from mason.clients._duckdb.working import watched
    from mason.clients._duckdb.writing.atomic import beside_of
    from mason.clients._duckdb.writing.writable import writable
    from mason.clients._tables.requests import Output

    if not held:
        raise EngineError("Spark has no type for any column of the table. Cast them with client local first.")
    target.parent.mkdir(parents=True, exist_ok=True)
    path = beside_of(target)
    output = (Output(str(path), "parquet"), path)
    with opened(client.limits, [reader], client.root.show, output=output) as connection:
        relation = connection.sql(reader.sql)
        kinds = dict(zip(relation.columns, relation.types, strict=True))
        values = ", ".join(
            f"{writable(identifier(name), name, kinds[name], 'parquet')} AS {identifier(name)}" for name in held
        )
        with watched(connection, "Reading files for Spark", reader.size):
            connection.execute(f"COPY (SELECT {values} FROM ({reader.sql})) TO {literal(str(path))} (FORMAT parquet)")
    path.rename(target)


@contextmanager
def tables_of(client: Ground, way: Way, folder: Callable[[], Path]) -> Iterator[SparkTables]:
    """The tables of a piece of work whose views are dropped at the end."""
    tables = SparkTables(client, way, folder)
    try:
        yield tables
    finally:
        tables.drop()
