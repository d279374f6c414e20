"""From what a verb is given to a statement of Trino's: one SELECT, in its dialect, over tables that it knows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from mason.clients._statements.asked import Relation, Statement
from mason.clients._statements.given_queries import GivenQueries
from mason.clients.trino import TrinoClient
from mason.clients.trino.trino_names import Place
from mason.clients.trino.trino_types import is_known
from mason.engines.metastore import Metastore
from mason.engines.models import Table
from mason.errors import EngineError, NotFoundError, TranslationError
from mason.resources.wording import listing, nearest
from mason.sql.translations import Translation

DIALECT = "trino"
_NO_TABLE = re.compile(r"Table '([^']+)' does not exist")
_NO_COLUMN = re.compile(r"Column '([^']+)' cannot be resolved")
# What a statement takes of times is the same whatever digits a column keeps.
_WIDENED = {"TIMESTAMP_S": "TIMESTAMP", "TIMESTAMP_MS": "TIMESTAMP"}
# A type that no dialect has a word for stands for one that is not known.
_UNKNOWN = "BIT"


class TrinoQueries(GivenQueries):
    """Makes statements for one client."""

    dialect = DIALECT

    def __init__(self, client: TrinoClient) -> None:
        self._client = client
        self._checked: set[tuple[str, str]] = set()

    def place_of(self, table: Table) -> Place:
        """The schema that a table is in, which of a table without a name is none. Raises ``EngineError``."""
        if not table.database or not table.name:
            raise EngineError("Trino reads tables of its catalogs, and this one is in none. Register it first.")
        return self._client.catalogs.place(table.database)

    def name_of(self, table: Table) -> str:
        """The name of a table in Trino's SQL."""
        place = self.place_of(table)
        if not self._is_own and (table.database, table.name) not in self._checked:
            self._check_registered(table)
            self._checked.add((table.database, table.name))
        return place.table(table.name)

    def find(self, database: str, name: str) -> Table:
        """A table by its name. Raises ``NotFoundError``."""
        if self._client.find_table is not None:
            return self._client.find_table(database, name)
        return self._metastore.get_table(database, name)

    def columns(self, table: Table) -> Mapping[str, str]:
        """As translation takes them: times by the type that holds them, and one for all that are not known."""
        return {
            name: _WIDENED.get(kind, kind) if is_known(kind) else _UNKNOWN
            for name, kind in super().columns(table).items()
        }

    def query(self, sql: str, table: Table | None, *, dialect: str, trust: bool) -> Translation:
        """As :class:`GivenQueries` has it; columns whose types are not known, and tables of other catalogs are named
        where a query is refused for their sake."""
        try:
            return super().query(sql, table, dialect=dialect, trust=trust)
        except (TranslationError, EngineError) as error:
            if catalog := _catalog_named(sql, dialect):
                raise EngineError(
                    f'A table of another catalog is named by database and name: write "{catalog}.SCHEMA".TABLE, with '
                    "quotes."
                ) from error
            unknown = _unknown(table) if isinstance(error, TranslationError) and _UNKNOWN in str(error) else ""
            if unknown:
                raise EngineError(
                    f"The query uses columns whose types are Trino's own: {unknown}. Leave them out, or write the "
                    f"query in Trino's SQL (dialect: {DIALECT})."
                ) from error
            raise

    def relation(self, table: Table, name: str) -> Relation:
        """A table as statements of Mason's own read it, under a ``name`` of their own."""
        if unknown := _unknown(table):
            raise EngineError(
                f"Columns of table {table.database}.{table.name} have types that are Trino's own: {unknown}. Table "
                "work knows none of them: make a view without them, or cast them there."
            )
        return Relation(tuple(self.columns(table).items()), name)

    def statement(self, statement: Statement, places: Mapping[str, str]) -> Translation:
        """A statement of Mason's own in Trino's words; ``places`` are what its tables are called in Trino's SQL."""
        from mason.sql import dialects

        try:
            return dialects.translate(statement.sql, statement.tables, to=DIALECT, places=places)
        except TranslationError as error:
            raise statement.refused(error, "Trino") from error

    def explained(self, error: NotFoundError, table: Table | None) -> NotFoundError:
        """What Trino did not find, with the name that was probably meant."""
        if (found := _NO_TABLE.search(str(error))) and found[1].count(".") >= 2:
            catalog, schema, name = found[1].split(".", 2)
            names = [each for each, _ in self._client.catalogs.tables(Place(catalog, schema, f"{catalog}.{schema}"))]
            return _suggesting(error, name, names, "Tables")
        if (found := _NO_COLUMN.search(str(error))) and table is not None and table.schema is not None:
            return _suggesting(error, found[1].rpartition(".")[2], table.schema.names, "Columns")
        return error

    @property
    def _metastore(self) -> Metastore:
        metastore = self._client.engine("metastore")
        assert isinstance(metastore, Metastore)
        return metastore

    @property
    def _is_own(self) -> bool:
        """Whether tables come from Trino itself."""
        others = (each.get("engines", ()) for each in self._client.neighbours.values())
        return self._client.find_table is None or not any("metastore" in engines for engines in others)

    def _check_registered(self, table: Table) -> None:
        """Of another metastore's table: Trino has to know it by the same name, at the same place."""
        try:
            found = self._metastore.get_table(table.database, table.name, schema=False)
        except NotFoundError as error:
            raise EngineError(
                f"Trino does not know the table {table.database}.{table.name} of the config's metastore. Let catalog "
                "be Trino's catalog over that metastore."
            ) from error
        here, there = (each.location.path.rstrip("/") if each.location else "" for each in (table, found))
        if here != there:
            raise EngineError(
                f"The table {table.database}.{table.name} is at {here or 'no place'}, and Trino has it at "
                f"{there or 'no place'}: it would read other files. Let both name one place."
            )


def _catalog_named(sql: str, dialect: str) -> str:
    """A catalog that a query in DuckDB's SQL names before database and table, which nothing takes; empty for none."""
    # Imported here: a query that is refused is asked.
    import sqlglot
    from sqlglot import exp

    if dialect != "duckdb":
        return ""
    try:
        tree = sqlglot.parse_one(sql, read=dialect)
    except sqlglot.errors.SqlglotError:
        return ""
    return next((each.catalog for each in tree.find_all(exp.Table) if each.catalog), "")


def _unknown(table: Table | None) -> str:
    types = table.types.items() if table is not None else ()
    return listing([f"{name} ({kind})" for name, kind in types if not is_known(kind)])


def _suggesting(error: NotFoundError, name: str, names: Sequence[str], what: str) -> NotFoundError:
    near = nearest(name.lower(), names)
    told = f"Did you mean {near}?" if near else f"{what}: {listing(names, most=20)}." if names else ""
    return NotFoundError(f"{error} {told}".rstrip())
