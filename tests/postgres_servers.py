"""Real PostgreSQLs for tests of clients: an empty database for each client, and files that are loaded into it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from mason.clients.local import LocalClient
from mason.clients.local.storage import LocalStorage
from mason.engines.execution import Execution
from mason.engines.models import Location, Rows, Table
from mason.sql.parsed import types_of
from mason.sql.postgres.postgres import POSTGRES
from tests.sql.real_postgres import Postgres


@contextmanager
def emptied(server: Postgres) -> Iterator[dict[str, Any]]:
    """The configuration of a client for the server's database, which is emptied in the end: that takes a tenth of the
    time of a new one."""
    configuration = {"host": server.host, "user": "postgres", "database": "postgres"}
    yield configuration
    with connected(configuration) as connection:
        # Whatever a test left open.
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'mason'")
        found = connection.execute("SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_|^information_schema$'")
        for (name,) in found.fetchall():
            connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(name)))
        connection.execute("CREATE SCHEMA public")


def connected(configuration: dict[str, Any]) -> psycopg.Connection[Any]:
    """A connection of the test's own to the database of a client."""
    given = configuration
    return psycopg.connect(host=given["host"], user=given["user"], dbname=given["database"], autocommit=True)


class LoadingStorage(LocalStorage):
    """Files of a folder, which become tables of a server where their columns are looked for."""

    def __init__(self, configuration: dict[str, Any], base: Path) -> None:
        self._local = LocalClient({}, base=base)
        super().__init__(self._local)
        self._configuration = configuration

    def infer_table(self, path: str, **given: Any) -> Table:
        found = super().infer_table(path, **given)
        execution = self._local.engine("execution")
        assert isinstance(execution, Execution)
        answer = execution.query("SELECT * FROM $table", table=found)
        assert isinstance(answer, Rows)
        return load(self._configuration, "work", f"{found.name}_{uuid.uuid4().hex[:8]}", answer)


def load(configuration: dict[str, Any], schema: str, name: str, rows: Rows) -> Table:
    """A table of a server with the columns and rows of an answer."""
    kinds = types_of({"t": {column.name: column.type for column in rows.schema.columns}})["t"]
    columns = ", ".join(f"{POSTGRES.identifier(each)} {POSTGRES.type_name(kind)}" for each, kind in kinds.items())
    place = f"{POSTGRES.identifier(schema)}.{POSTGRES.identifier(name)}"
    with connected(configuration) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {POSTGRES.identifier(schema)}".encode())
        cursor.execute(f"CREATE TABLE {place} ({columns})".encode())
        with cursor.copy(f"COPY {place} FROM STDIN".encode()) as copy:
            for row in rows.rows:
                copy.write_row(row)
    return Table(name, schema, replace(rows.schema), Location(f"table://{schema}/{name}"), "postgres")
