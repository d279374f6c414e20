"""The DuckDB file that keeps registered tables; the folder beside it, with jobs and schedules, is shared by clients.

A registration is a view over the reader of its files; the view's comment holds the definition as JSON, and that is
what Mason goes by: queries are built from it anew, with the files that are there now and paths from the root, so that a
project can be moved. The view itself serves people who open the file with DuckDB.

DuckDB locks a file that somebody has open for writing, readers included. So the file is open for moments
only, and an open that meets a lock is tried again for some seconds. Who writes waits for its turn before, for as long
as others of Mason's write: of many that try again and again some would find the file open each time.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mason import bounds
from mason.clients._duckdb.failures import explain
from mason.clients._duckdb.quoting import identifier, literal, qualified
from mason.clients._warehouse.folder import WarehouseFolder
from mason.clients._warehouse.locks import held
from mason.engines.models import Location, Table
from mason.errors import ConflictError, EngineError, TransientEngineError

if TYPE_CHECKING:
    import duckdb

_PAUSE = 0.05
# Seconds to wait for the turn to write: an hour of registrations of others.
_TURN = 3600.0
_OWN = "mason"
_HIDDEN_SCHEMAS = "('information_schema', 'pg_catalog')"
# Two connections of one process to one file must agree on reading or writing, so they take turns.
_turn = threading.RLock()


class Warehouse(WarehouseFolder):
    """The database file of a warehouse and the folder beside it.

    Reading makes nothing: no folder, no file. ``patience`` is how many seconds to wait for another process's lock.
    """

    def __init__(self, path: Path, *, client: str = "local", patience: float = 10.0) -> None:
        super().__init__(path, client=client)
        self.patience = patience

    def schemas(self) -> list[str]:
        """The names of all schemas that somebody made, or that hold something."""
        return [
            name
            for (name,) in self._ask(
                "SELECT DISTINCT schema_name FROM duckdb_schemas() WHERE database_name = current_database() "
                f"AND schema_name NOT IN {_HIDDEN_SCHEMAS} AND (schema_name <> 'main' OR EXISTS "
                "(FROM duckdb_tables() WHERE schema_name = 'main' AND NOT internal) OR EXISTS "
                "(FROM duckdb_views() WHERE schema_name = 'main' AND NOT internal)) ORDER BY 1"
            )
        ]

    def tables(self, schema: str) -> list[Table]:
        """Registrations and DuckDB's own tables and views of a schema, sorted by name; the latter without columns."""
        rows = self._ask(
            "SELECT table_name AS name, 'table' AS kind, comment FROM duckdb_tables() "
            "WHERE database_name = current_database() AND schema_name = $1 AND NOT internal UNION ALL "
            "SELECT view_name, 'view', comment FROM duckdb_views() "
            "WHERE database_name = current_database() AND schema_name = $1 AND NOT internal ORDER BY 1",
            [schema],
        )
        return [self._table(schema, name, kind, comment) for name, kind, comment in rows]

    def columns(self, schema: str, table: str) -> list[tuple[str, str]]:
        """Names and types of the columns of a table of DuckDB's own."""
        return [
            (name, kind)
            for name, kind in self._ask(
                "SELECT column_name, data_type FROM duckdb_columns() WHERE database_name = current_database() "
                "AND schema_name = $1 AND table_name = $2 ORDER BY column_index",
                [schema, table],
            )
        ]

    def create_schema(self, schema: str) -> None:
        """Make a schema, if there is none of that name. Raises ``ConflictError`` where one differs only in case."""
        with self._open(read_only=False) as connection:
            _check_case(connection, schema)
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {qualified(_catalog(connection), schema)}")

    def register(self, table: Table, reader: str, *, search: Path, excel: bool) -> None:
        """Keep a table's definition, and a view with the SELECT ``reader``, whose paths start from ``search``.

        Raises ``ConflictError`` where the name of the schema or of the table differs from another only in case.
        """
        from mason.clients._duckdb.extensions import load_excel

        comment = json.dumps({_OWN: table.to_dict()}, ensure_ascii=False)
        with self._open(read_only=False) as connection:
            _check_case(connection, table.database, table.name)
            schema = qualified(_catalog(connection), table.database)
            view = f"{schema}.{identifier(table.name)}"
            if excel:
                load_excel(connection)
            connection.execute(f"SET file_search_path = {literal(str(search))}")
            connection.execute("BEGIN")
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
            connection.execute(f"CREATE OR REPLACE VIEW {view} AS {reader}")
            connection.execute(f"COMMENT ON VIEW {view} IS {literal(comment)}")
            connection.execute("COMMIT")

    def drop(self, table: Table) -> None:
        """Forget a registration, or drop a table or view of DuckDB's own."""
        kind = "TABLE" if table.format == "duckdb" and table.kind == "table" else "VIEW"
        with self._open(read_only=False) as connection:
            name = qualified(_catalog(connection), table.database, table.name)
            connection.execute(f"DROP {kind} IF EXISTS {name}")

    def _table(self, schema: str, name: str, kind: str, comment: str | None) -> Table:
        definition = _definition(comment)
        if definition is not None:
            # The schema's and the view's names win over what the comment says: both may have been renamed.
            return Table.from_dict({**definition, "name": name, "database": schema})
        return Table(name, schema, location=Location(str(self.file)), format="duckdb", kind=kind, comment=comment or "")

    def _ask(self, sql: str, values: list[str] | None = None) -> list[tuple[Any, ...]]:
        with self.reached():
            try:
                self.file.stat()
            except FileNotFoundError:
                return []
        with self._open(read_only=True) as connection:
            return connection.execute(sql, values or []).fetchall()

    @contextmanager
    def _open(self, *, read_only: bool) -> Iterator[duckdb.DuckDBPyConnection]:
        import duckdb

        if not read_only:
            with self.reached():
                self.file.parent.mkdir(parents=True, exist_ok=True)
        with nullcontext() if read_only else self._turn_to_write(), _turn:
            try:
                connection = self._connect(read_only=read_only)
                try:
                    yield connection
                finally:
                    connection.close()
            except duckdb.Error as error:
                raise explain(error, str) from error

    @contextmanager
    def _turn_to_write(self) -> Iterator[None]:
        with self.reached(), held(self.folder / ".turn", patience=_TURN):
            yield

    def _connect(self, *, read_only: bool) -> duckdb.DuckDBPyConnection:
        import duckdb

        deadline = time.monotonic() + self.patience
        settings: dict[str, Any] = {"autoinstall_known_extensions": False, "autoload_known_extensions": False}
        while True:
            try:
                return duckdb.connect(str(self.file), read_only=read_only, config=settings)
            except duckdb.IOException as error:
                if "lock" not in str(error):
                    raise EngineError(
                        f"The warehouse {self.file} cannot be opened: {str(error).splitlines()[0]}"
                    ) from error
                if time.monotonic() > deadline:
                    raise TransientEngineError(
                        f"The warehouse {self.file} is open for writing in another process. Try again when it is done."
                    ) from error
            time.sleep(_PAUSE)


def _catalog(connection: duckdb.DuckDBPyConnection) -> str:
    """What DuckDB calls the file. With it, names of schemas cannot be taken for those of other catalogs."""
    row = connection.execute("SELECT current_database()").fetchone()
    assert row is not None
    return str(row[0])


def _check_case(connection: duckdb.DuckDBPyConnection, schema: str, table: str | None = None) -> None:
    """DuckDB takes names that differ only in case for one, so the second would replace the first."""
    schemas = "SELECT schema_name FROM duckdb_schemas() WHERE database_name = current_database()"
    other = _alike(schema, connection.execute(schemas).fetchall())
    if other is not None:
        raise ConflictError(f"Database {schema} exists already as {other}.")
    if table is None:
        return
    tables = (
        "SELECT table_name FROM duckdb_tables() WHERE database_name = current_database() AND schema_name = $1 UNION "
        "SELECT view_name FROM duckdb_views() WHERE database_name = current_database() AND schema_name = $1"
    )
    other = _alike(table, connection.execute(tables, [schema]).fetchall())
    if other is not None:
        raise ConflictError(f"Table {table} in database {schema} is registered already as {other}.")


def _alike(name: str, rows: list[tuple[str]]) -> str | None:
    # Bytes: DuckDB folds the letters of ASCII and no others.
    folded = name.encode().lower()
    return next((other for (other,) in rows if other != name and other.encode().lower() == folded), None)


def _definition(comment: str | None) -> Mapping[str, Any] | None:
    """The definition in a view's comment; ``None`` for views that somebody else made."""
    try:
        held = bounds.parse_json(comment or "")
    except ValueError:
        return None
    found = held.get(_OWN) if isinstance(held, dict) else None
    return found if isinstance(found, dict) and "name" in found else None
