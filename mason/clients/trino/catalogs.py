"""What Trino knows of its catalogs: names from ``information_schema``, a page at a time, columns, properties.

Texts that are looked for are parameters of prepared statements, and names stand in quotes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mason.clients._duckdb.quoting import identifier
from mason.clients._missing import missing
from mason.clients.trino.trino_names import Place, database_name, place_of
from mason.errors import EngineError, NotFoundError
from mason.values import dataclass

if TYPE_CHECKING:
    from mason.clients.trino.statement_answers import StatementAnswers

# What each catalog has, and what Trino has of its own.
_OWN_SCHEMA, _OWN_CATALOG = "information_schema", "system"


@dataclass(frozen=True, slots=True)
class ShownColumn:
    """A column as Trino tells it, ``type`` in its own words."""

    name: str
    type: str
    nullable: bool
    comment: str


class Catalogs:
    """Asks about the catalogs; ``own`` is that of the config, empty where there is none."""

    def __init__(self, answers: StatementAnswers, own: str) -> None:
        self._answers, self.own = answers, own

    def place(self, database: str) -> Place:
        """The schema that a database is. Raises ``EngineError`` for a name that is none."""
        return place_of(database, self.own)

    def names(self) -> list[str]:
        """The catalogs whose schemas are databases."""
        if self.own:
            return [self.own.lower()]
        sql = "SELECT catalog_name FROM system.metadata.catalogs ORDER BY catalog_name"
        found = [str(row[0]) for row in self._answers.each(sql, doing="list the catalogs")]
        return [each for each in found if each != _OWN_CATALOG]

    def databases(self) -> list[str]:
        """All databases, sorted by name."""
        return sorted(name for catalog in self.names() for name in self._databases(catalog))

    def _databases(self, catalog: str) -> list[str]:
        sql = f"SELECT schema_name FROM {identifier(catalog)}.information_schema.schemata"
        found = self._answers.each(sql, doing=f"list the schemas of catalog {catalog}")
        return [database_name(catalog, str(row[0]), self.own) for row in found if row[0] != _OWN_SCHEMA]

    def known(self, database: str) -> Place:
        """A database that is there. Raises ``NotFoundError`` with a near one."""
        place = self.place(database)
        try:
            names = self._databases(place.catalog)
        except NotFoundError as error:
            # There is no such catalog.
            raise missing("Database", place.database, self.databases()) from error
        if place.database not in names:
            raise missing("Database", place.database, names)
        return place

    def tables(self, place: Place) -> Iterator[tuple[str, str]]:
        """Names and kinds (``table``, ``view``) of the tables of a schema, sorted by name."""
        sql = (
            f"SELECT table_name, table_type FROM {identifier(place.catalog)}.information_schema.tables "
            "WHERE table_schema = ? ORDER BY table_name"
        )
        for name, kind in self._answers.each(sql, place.schema, doing=f"list the tables of {place.database}"):
            yield str(name), "view" if kind == "VIEW" else "table"

    def kind(self, place: Place, table: str) -> str:
        """``table`` or ``view``. Raises ``NotFoundError`` with a near name."""
        sql = (
            f"SELECT table_type FROM {identifier(place.catalog)}.information_schema.tables "
            "WHERE table_schema = ? AND table_name = ?"
        )
        doing = f"look for table {place.database}.{table}"
        try:
            for (kind,) in self._answers.each(sql, place.schema, table.lower(), doing=doing):
                return "view" if kind == "VIEW" else "table"
        except NotFoundError:
            # Of the catalog.
            self.known(place.database)
            raise
        self.known(place.database)
        names = [name for name, _ in self.tables(place)]
        raise missing("Table", table.lower(), names, f" in database {place.database}")

    def has_table(self, place: Place, table: str) -> bool:
        """Whether a table or view is there."""
        try:
            self.kind(place, table)
        except NotFoundError:
            return False
        return True

    def columns(self, place: Place, table: str) -> list[ShownColumn]:
        """The columns of a table, in their order."""
        sql = (
            "SELECT column_name, data_type, is_nullable, comment "
            f"FROM {identifier(place.catalog)}.information_schema.columns "
            "WHERE table_schema = ? AND table_name = ? ORDER BY ordinal_position"
        )
        doing = f"look at the columns of {place.database}.{table}"
        return [
            ShownColumn(str(name), str(kind), nullable != "NO", str(comment or ""))
            for name, kind, nullable, comment in self._answers.each(sql, place.schema, table.lower(), doing=doing)
        ]

    def ddl(self, place: Place, table: str, kind: str = "table") -> str:
        """The statement that would create a table or view."""
        doing = f"look at the statement of {place.database}.{table}"
        try:
            return self._first(f"SHOW CREATE {kind.upper()} {place.table(table)}", doing)
        except EngineError:
            if kind == "view":
                raise
            # It is listed among the tables.
            return self._first(f"SHOW CREATE MATERIALIZED VIEW {place.table(table)}", doing)

    def table_properties(self, catalog: str) -> frozenset[str]:
        """The properties that tables of a catalog take."""
        sql = "SELECT property_name FROM system.metadata.table_properties WHERE catalog_name = ?"
        doing = f"look at the properties of catalog {catalog}"
        return frozenset(str(row[0]) for row in self._answers.each(sql, catalog, doing=doing))

    def comment(self, place: Place, table: str) -> str:
        """What is said of a table."""
        sql = (
            "SELECT comment FROM system.metadata.table_comments "
            "WHERE catalog_name = ? AND schema_name = ? AND table_name = ?"
        )
        given = (place.catalog, place.schema, table.lower())
        doing = f"look at the comment of {place.database}.{table}"
        return next((str(row[0] or "") for row in self._answers.each(sql, *given, doing=doing)), "")

    def _first(self, sql: str, doing: str) -> str:
        return next((str(row[0]) for row in self._answers.each(sql, doing=doing)), "")
