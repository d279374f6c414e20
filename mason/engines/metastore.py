"""The metastore engine: which databases and tables there are, and what they look like."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from mason.caches import Stamp
from mason.engines.engine import Engine
from mason.engines.models import Database, Job, Partition, Rows, Table
from mason.engines.verbs import verb


class Metastore(Engine):
    """Knows names, schemas and locations; holds no data itself."""

    role: ClassVar[str] = "metastore"

    def stamps(self, table: Table) -> Mapping[str, Stamp] | None:
        """The stamps, by path, of the files from which ``get_table`` answers for ``table``: as long as these are the
        same, it answers the same. ``table`` is as it was left; without a location it was deleted.

        Nothing is opened for it, as plans ask each time. ``None`` where files do not tell; always ``None`` where
        ``capabilities.stamped`` is false.
        """
        return None

    @verb(read_only=True)
    def list_databases(self) -> list[Database]:
        """All databases, sorted by name."""
        raise self.lacks("list_databases")

    @verb(read_only=True)
    def get_database(self, database: str) -> Database:
        """One database. Raises ``NotFoundError`` when it does not exist."""
        raise self.lacks("get_database")

    @verb(read_only=True)
    def list_tables(self, database: str) -> list[Table]:
        """The tables of a database, sorted by name, without schemas. Raises ``NotFoundError``."""
        raise self.lacks("list_tables")

    @verb(read_only=True)
    def get_table(self, database: str, table: str, *, read_headers: bool | None = None, schema: bool = True) -> Table:
        """One table with its schema, or without one, which is how files that differ in their schemas are merged.

        ``read_headers`` says whether the first row of a text file holds column names (``None``: find out).
        Raises ``NotFoundError``, and ``ConflictError`` when files of one table differ in their schemas.
        """
        raise self.lacks("get_table")

    @verb(read_only=True)
    def list_partitions(self, database: str, table: str) -> list[Partition]:
        """The partitions of a table; empty when it has none. Raises ``NotFoundError``."""
        raise self.lacks("list_partitions")

    @verb(read_only=True)
    def table_ddl(self, database: str, table: str) -> str:
        """The statement that would create the table, in the client's dialect. Raises ``NotFoundError``."""
        raise self.lacks("table_ddl")

    @verb(read_only=False, paths=("location",))
    def create_database(self, database: str, *, location: str | None = None) -> Database:
        """Create a database. Raises ``ConflictError`` when it exists already."""
        raise self.lacks("create_database")

    @verb(read_only=True, paths=("definition",))
    def plan_table(self, database: str, table: str, *, definition: Table | Mapping[str, Any]) -> Rows:
        """What :meth:`create_table` would register, as far as that is more than ``definition`` says: per ``property``
        its ``value``."""
        raise self.lacks("plan_table")

    @verb(read_only=False, shown_by="plan_table", paths=("definition",))
    def create_table(
        self, database: str, table: str, *, definition: Table | Mapping[str, Any], overwrite: bool = False
    ) -> Job:
        """Register ``definition`` (location, format, options, schema) as ``database.table``.

        A missing database is created. The job's ``result`` is the registered table. A registration that
        exists raises ``ConflictError`` unless ``overwrite`` is true. No data is written, moved or read in full.
        """
        raise self.lacks("create_table")

    @verb(read_only=False)
    def delete_table(self, database: str, table: str, *, delete_files: bool = False) -> Table:
        """Delete the registration; the files as well only when ``delete_files`` is true.

        Returns the table as it was. Raises ``NotFoundError``, and ``ConflictError`` for a table that is
        nothing but files when ``delete_files`` is false (there would be nothing to delete).
        """
        raise self.lacks("delete_table")
