"""A query that a person wrote, over tables of a catalog, as an engine is given it: one SELECT, in its dialect."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from mason.engines.models import Table
from mason.errors import EngineError, TranslationError
from mason.sql.statements import SELECT, kinds
from mason.sql.translations import Translation


class GivenQueries(ABC):
    """Makes statements for an engine that speaks ``dialect``."""

    dialect: ClassVar[str]

    @abstractmethod
    def name_of(self, table: Table) -> str:
        """The name of a table in the engine's SQL. Raises ``EngineError`` for one that the engine has not."""

    @abstractmethod
    def find(self, database: str, name: str) -> Table:
        """A table by its name. Raises ``NotFoundError``."""

    def columns(self, table: Table) -> Mapping[str, str]:
        """Names and DuckDB's types of the columns of a table, as translation takes them."""
        if table.schema is None:
            raise EngineError(f"The columns of table {table.database}.{table.name} are not known.")
        return table.types

    def query(self, sql: str, table: Table | None, *, dialect: str, trust: bool) -> Translation:
        """The one SELECT that ``sql`` is, in the engine's dialect.

        Raises ``TranslationError`` where it is not known to answer the same there, ``EngineError`` for anything else
        than one SELECT.
        """
        from mason.sql.dialects import given_to_engine
        from mason.sql.parsed import REFUSED
        from mason.sql.table_argument import TABLE

        check_select(sql)
        if dialect == self.dialect:
            places = {TABLE: self.name_of(table)} if table is not None else {}
            return given_to_engine(sql, {}, to=self.dialect, written=dialect, places=places)
        try:
            tables = self.tables(sql, table, dialect)
        except TranslationError as error:
            # What cannot be read is no SQL for any engine.
            raise EngineError(str(error)) from error
        try:
            return given_to_engine(
                sql,
                {named: self.columns(found) for named, found in tables.items()},
                to=self.dialect,
                written=dialect,
                trust=trust,
                places={named: self.name_of(found) for named, found in tables.items()},
            )
        except TranslationError as error:
            if error.reason.startswith(REFUSED):
                # No engine would take it.
                raise EngineError(str(error)) from error
            raise

    def tables(self, sql: str, table: Table | None, dialect: str = "duckdb") -> dict[str, Table]:
        """The tables that a query in ``dialect`` reads, by the names that it gives them."""
        from mason.sql.dialects import tables_named
        from mason.sql.table_argument import TABLE

        database = table.database if table is not None else ""
        found: dict[str, Table] = {}
        for named in tables_named(sql, dialect):
            if named == TABLE:
                if table is None:
                    raise EngineError("The query names $table, and no table was given.")
                found[named] = table
                continue
            where, _, name = named.rpartition(".")
            if not (where or database):
                raise EngineError(f"The database of the table {named} is not known: write database.{named}.")
            found[named] = self.find(where or database, name)
        return found


def check_select(sql: str) -> None:
    """Raises ``EngineError`` for anything but one SELECT."""
    found = kinds(sql)
    if found != [SELECT]:
        what = "nothing" if not found else "several statements" if len(found) > 1 else found[0]
        raise EngineError(f"The query must be one SELECT, and this is {what}.")
