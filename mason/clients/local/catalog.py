"""Where a name leads: to a registration in the warehouse, else to a file or folder. Metastore and SQL both ask here."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mason.clients._duckdb.connection import Limits
from mason.clients._duckdb.quoting import qualified
from mason.clients._duckdb.reading.table_files import FORMATS_READ
from mason.clients._missing import missing
from mason.clients.local import LocalClient, folder_tables
from mason.engines.file_urls import scheme_of
from mason.engines.models import Column, Database, Location, Schema, Table
from mason.errors import AccessDeniedError, ConflictError, EngineError, NotFoundError

# What reads tables is imported where one is read: many are only looked at.
if TYPE_CHECKING:
    from mason.clients._duckdb.reading.readers import Source
    from mason.clients._duckdb.reading.schemas import Merging


class Catalog:
    """The databases and tables of one client."""

    def __init__(self, client: LocalClient) -> None:
        self.client = client
        self.root = client.root
        self.warehouse = client.warehouse

    @property
    def limits(self) -> Limits:
        """What DuckDB may use."""
        return self.client.limits

    def databases(self) -> list[Database]:
        """All databases, sorted by name."""
        found = {name: Database(name) for name in self.warehouse.schemas()}
        found |= {
            name: Database(name, Location(name)) for name in folder_tables.databases(self.root, self._leave_out())
        }
        return [found[name] for name in sorted(found)]

    def database(self, name: str) -> Database:
        """One database. Raises ``NotFoundError`` that suggests near names."""
        folder = self.folder(name)
        if folder is not None and folder_tables.is_database(folder, self._leave_out()):
            return Database(name, Location(self.root.show(folder)))
        if name in self.warehouse.schemas():
            return Database(name)
        raise missing("Database", name, (each.name for each in self.databases()))

    def is_folder(self, name: str) -> bool:
        """Whether a folder is the database of that name, written just so."""
        if name.startswith("/") or ".." in Path(name).parts or not name.isprintable():
            return False
        folder = self.folder(name)
        return (
            folder is not None
            and self.root.show(folder) == name
            and folder_tables.is_database(folder, self._leave_out())
        )

    def tables(self, database: str) -> list[Table]:
        """Registered tables and those that are files, sorted by name, without schemas."""
        self.database(database)
        found = {table.name: replace(table, schema=None) for table in self._in_warehouse(database)}
        folder = self.folder(database)
        if folder is not None:
            for name, path in folder_tables.tables(folder, self._leave_out()).items():
                found.setdefault(name, self._of_files(database, name, path))
        return [found[name] for name in sorted(found)]

    def table(self, database: str, name: str) -> Table:
        """Where a table is; with a schema only when it is registered. Raises ``NotFoundError`` that suggests near
        names, and ``ConflictError`` when several files have the name."""
        registered = self.registered(database, name)
        if registered is not None:
            return registered
        self.database(database)
        folder = self.folder(database)
        paths = folder_tables.named(folder, name, self._leave_out()) if folder else []
        if not paths and "/" in name:
            return self._nested(database, name)
        if len(paths) > 1:
            files = ", ".join(f"{path.name}/" if path.is_dir() else path.name for path in paths)
            raise ConflictError(
                f"Several files are table {name} in database {database}: {files}. Ask for one of them by its full name."
            )
        if paths:
            return self._of_files(database, name, paths[0])
        strange = folder_tables.unreadable(folder, name) if folder else None
        if strange:
            raise EngineError(
                f"{self.root.show(strange)} is not a format that client {self.client.name} reads ({FORMATS_READ})."
            )
        names = [table.name for table in self.tables(database)]
        raise missing("Table", name, names, f" in database {database}")

    def _nested(self, database: str, name: str) -> Table:
        """A table further below the folder of a database, by its path from there: ``2013/january.csv``. Raises as
        :meth:`table`."""
        inner = name.lstrip("/")
        parts = inner.rstrip("/").split("/")
        within = "/".join((database, *parts[:-1]))
        if not {"", ".", ".."}.isdisjoint(parts) or (inner == name and len(parts) == 1) or self.folder(within) is None:
            raise missing("Table", name, [table.name for table in self.tables(database)], f" in database {database}")
        found = self.table(within, parts[-1] + "/" * name.endswith("/"))
        return replace(found, name=inner.rstrip("/"), database=database)

    def registered(self, database: str, name: str) -> Table | None:
        """The table of that name in the warehouse."""
        found = next((table for table in self._in_warehouse(database) if table.name == name), None)
        if found is None or found.format != "duckdb":
            return found
        columns = self.warehouse.columns(database, name)
        return replace(found, schema=Schema(tuple(Column(*column) for column in columns)))

    def source(self, table: Table, *, whole: bool = True, merging: Merging | None = None) -> Source:
        """What reads a table, from its beginning or ``whole``, with files that may differ or not."""
        if table.format == "duckdb":
            from mason.clients._duckdb.reading.readers import Source

            sql = f"SELECT * FROM {qualified('warehouse', table.database, table.name)}"
            return Source(sql, attach=self._warehouse_of(table), columnar=True)
        from mason.clients._duckdb.reading.sources import source_of

        return source_of(table, self.root, self.client.limits, self.client.seen, whole=whole, merging=merging)

    def _warehouse_of(self, table: Table) -> Path:
        """The DuckDB file that a table is in. Raises ``AccessDeniedError`` for one that is none of the config's."""
        file = self.root.path / self.root.plain(table.location.path if table.location else str(self.warehouse.file))
        if not self.client.is_warehouse(file):
            raise AccessDeniedError(f"Table {table.name} is in {file}, which is no warehouse of this config's clients.")
        return file

    def named_in_sql(self, database: str, name: str) -> Source | NotFoundError:
        """The source of a table that a statement names, or the error that suggests near names.

        SQL folds case where nothing is lost by it: an exact name wins, else the only one that differs in case.
        """
        try:
            names = [table.name for table in self.tables(database)]
        except NotFoundError as error:
            return error
        alike = [each for each in names if each.lower() == name.lower()]
        exact = name if name in names or not alike else alike[0] if len(alike) == 1 else name
        try:
            return self.source(self.table(database, exact))
        except NotFoundError as error:
            return error

    def folder(self, database: str) -> Path | None:
        """The folder of that name; hidden ones and Mason's own are none. Raises ``AccessDeniedError`` for one outside
        of the root."""
        if scheme_of(database):
            # Not a name that any listing gives.
            raise self.root.unusable(database)
        real = self.root.resolve(database)
        parts = real.relative_to(self.root.path).parts if real.is_relative_to(self.root.path) else real.parts[-1:]
        hidden = any(part.startswith(".") for part in parts)
        own = real == self.warehouse.folder or self.root.keeper(real)
        return real if real.is_dir() and not hidden and not own else None

    def _in_warehouse(self, database: str) -> list[Table]:
        file = Location(self.root.show(self.warehouse.file))
        tables = self.warehouse.tables(database)
        return [replace(table, location=file) if table.format == "duckdb" else table for table in tables]

    def _of_files(self, database: str, name: str, path: Path) -> Table:
        size = path.stat().st_size if path.is_file() else None
        return Table(name, database, location=Location(self.root.show(path), size=size))

    def _leave_out(self) -> frozenset[Path]:
        return frozenset({self.warehouse.folder, *self.client.places_kept_out})
