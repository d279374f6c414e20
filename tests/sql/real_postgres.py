"""A real PostgreSQL for tests: Debian's, with a folder of its own, on a unix socket; stopped in the end.

Its database sorts by a language, as people's do, and not by bytes: answers have to be the same all the same.
"""

from __future__ import annotations

import datetime
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from mason.sql import sql_types
from mason.sql.postgres.postgres import POSTGRES
from mason.sql.sql_types import SqlType, from_duckdb
from tests.sql.comparing import fetched
from tests.sql.corpus import TABLES
from tests.sql.spark_child import plain


def _programs() -> Path | None:
    """The folder of PostgreSQL's programs, the newest one's."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda each: int(each.parts[-3]))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


PROGRAMS = _programs()


def missing() -> str:
    """What is not there of what PostgreSQL needs, with the remedy; empty where all is."""
    try:
        import psycopg  # noqa: F401
    except ImportError:
        return "psycopg is not installed: pip install 'mason[postgres]'"
    return "" if PROGRAMS else "There is no PostgreSQL to compare with. Get it: make components"


class Postgres:
    """A PostgreSQL in a process of its own, and a connection to it.

    ``by_bytes``: its database sorts by bytes, as Redshift's do.
    """

    port = 5432
    """By which its socket is called."""

    def __init__(self, *, by_bytes: bool = False) -> None:
        assert PROGRAMS is not None
        # A socket's path has to be short, and PostgreSQL refuses to be root.
        self._folder = Path(tempfile.mkdtemp(prefix="mason-pg-", dir="/tmp"))
        user = pwd.getpwnam("nobody") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
        os.chown(self._folder, user.pw_uid, user.pw_gid)
        who: dict[str, Any] = (
            {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if os.getuid() == 0 else {}
        )
        self._who, data = who, self._folder / "data"
        self._stop = [PROGRAMS / "pg_ctl", "-D", data, "-m", "immediate", "stop"]
        try:
            self._start(data, by_bytes)
        except BaseException:
            # Nobody else would end what was started.
            self._end()
            raise

    def _start(self, data: Path, by_bytes: bool) -> None:
        import psycopg

        assert PROGRAMS is not None
        language = ["--locale=C.UTF-8", "--encoding=UTF8"]
        if not by_bytes:
            language += ["--locale-provider=icu", "--icu-locale=en-US"]
        options = ["-U", "postgres", *self._authentication(), "--no-sync", *language]
        subprocess.run(
            [PROGRAMS / "initdb", "-D", data, *options],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=self._folder,
            **self._who,
        )
        self.start()
        self._connection = psycopg.connect(
            host=str(self._folder), port=self.port, user="postgres", dbname="postgres", autocommit=True
        )
        (version,) = self._connection.execute("SHOW server_version").fetchone() or ("",)
        self.version = str(version).split()[0]

    def _authentication(self) -> list[str]:
        """How users are known: whoever reaches the socket is let in."""
        return ["-A", "trust"]

    def _settings(self) -> dict[str, object]:
        """With which settings the server starts."""
        return {"listen_addresses": "", "unix_socket_directories": self._folder, "fsync": "off", "jit": "off"}

    def start(self) -> None:
        """Start the server, and wait until it takes connections."""
        assert PROGRAMS is not None
        said = [part for name, value in self._settings().items() for part in ("-c", f"{name}={value}")]
        data = self._folder / "data"
        started = [PROGRAMS / "pg_ctl", "-D", data, "-l", self._folder / "log", "-w", "-t", "60", "start", "-o"]
        subprocess.run(
            [*started, " ".join(f"'{part}'" for part in said)],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=self._folder,
            **self._who,
        )

    def stop(self) -> None:
        """End the server at once, as a crash would; its data stays."""
        subprocess.run(self._stop, check=True, stdout=subprocess.DEVNULL, cwd=self._folder, **self._who)

    @property
    def host(self) -> str:
        """What libpq is given as its host: the folder of the socket."""
        return str(self._folder)

    def ask(self, queries: Sequence[str]) -> list[dict[str, Any]]:
        """What PostgreSQL answers to each query."""
        return [self._answer(sql) for sql in queries]

    def _run(self, sql: str) -> Any:
        return self._connection.execute(sql.encode())

    def _answer(self, sql: str) -> dict[str, Any]:
        import psycopg

        try:
            cursor = self._run(sql)
            if cursor.description is None:
                return {"columns": [], "rows": []}
            names = psycopg.adapters.types
            columns = []
            for each in cursor.description:
                info = names.get(each.type_code)
                is_array = info is not None and info.array_oid == each.type_code
                columns.append([each.name, f"{info.name if info else each.type_code}{'[]' if is_array else ''}"])
            return {"columns": columns, "rows": [[plain(_in_utc(value)) for value in row] for row in cursor.fetchall()]}
        except psycopg.Error as error:
            return {"refused": str(error.sqlstate), "message": str(error)}

    def copy(self, table: str, texts: Sequence[str]) -> None:
        """Put texts into a table of one column."""
        with self._connection.cursor() as cursor, cursor.copy(f"COPY {POSTGRES.identifier(table)} FROM STDIN") as rows:
            for each in texts:
                rows.write_row((each,))

    def fill(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Make the tables, with the rows that DuckDB has and the columns that PostgreSQL has types for."""
        for name in TABLES:
            self._fill(connection, name)

    def _fill(self, connection: duckdb.DuckDBPyConnection, name: str) -> None:
        answer = connection.table(name)
        types = [from_duckdb(each) for each in answer.types]
        kept = [index for index, each in enumerate(types) if POSTGRES.type_name(each)]
        columns = [(answer.columns[index], types[index]) for index in kept]
        inside = ", ".join(f"{POSTGRES.identifier(each)} {POSTGRES.type_name(type_)}" for each, type_ in columns)
        self._run(f"CREATE TABLE {POSTGRES.identifier(name)} ({inside})")
        for row in fetched(answer):
            values = ", ".join(_literal(row[index], types[index]) for index in kept)
            self._run(f"INSERT INTO {POSTGRES.identifier(name)} VALUES ({values})")

    def close(self) -> None:
        """End the server and remove its folder."""
        self._connection.close()
        self._end()

    def _end(self) -> None:
        if (self._folder / "data" / "postmaster.pid").exists():
            self.stop()
        shutil.rmtree(self._folder)


def _in_utc(value: Any) -> Any:
    """A time with a zone as that of UTC."""
    return value.astimezone(datetime.timezone.utc).replace(tzinfo=None) if getattr(value, "tzinfo", None) else value


def _literal(value: Any, type_: SqlType) -> str:
    if value is None:
        return "NULL"
    if type_.name == "LIST":
        return (
            f"CAST(ARRAY[{', '.join(_literal(each, type_.element) for each in value)}] AS {POSTGRES.type_name(type_)})"
        )
    if type_ == sql_types.TIMESTAMPTZ:
        # DuckDB's times come as those of UTC.
        value = f"{value}+00"
    if type_ == sql_types.BLOB:
        value = f"\\x{value.hex()}"
    said = POSTGRES.text(value if type_ == sql_types.VARCHAR else str(value))
    return f"CAST({said} AS {POSTGRES.type_name(type_)})"
