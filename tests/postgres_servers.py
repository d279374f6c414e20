"""Real PostgreSQLs for tests of clients: an empty database for each client, and files that are loaded into it."""

from __future__ import annotations

import datetime
import os
import socket
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from mason.clients.local import LocalClient
from mason.clients.local.storage import LocalStorage
from mason.engines.execution import Execution
from mason.engines.models import Location, Rows, Schema, Table
from mason.sql.parsed import types_of
from mason.sql.postgres.postgres import POSTGRES
from tests.servers import free_port
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


SVV = """
CREATE VIEW public.svv_all_schemas AS
SELECT current_database()::varchar(128) AS database_name, nspname::varchar(128) AS schema_name
FROM pg_namespace WHERE nspname !~ '^pg_(toast|temp)';
CREATE VIEW public.svv_all_tables AS
SELECT table_catalog::varchar(128) AS database_name, table_schema::varchar(128) AS schema_name,
  table_name::varchar(128) AS table_name,
  CASE table_type WHEN 'BASE TABLE' THEN 'TABLE' ELSE 'VIEW' END::varchar(128) AS table_type
FROM information_schema.tables WHERE table_name !~ '^svv_';
CREATE VIEW public.svv_all_columns AS
SELECT table_catalog::varchar(128) AS database_name, table_schema::varchar(128) AS schema_name,
  table_name::varchar(128) AS table_name, column_name::varchar(128) AS column_name, ordinal_position::int,
  is_nullable::varchar(3), data_type::varchar(128), character_maximum_length::int, numeric_precision::int,
  numeric_scale::int, col_description((quote_ident(table_schema) || '.' || quote_ident(table_name))::regclass,
  ordinal_position)::varchar(256) AS remarks
FROM information_schema.columns;
"""
"""Views that tell what Redshift's of these names tell, by its documentation, in a PostgreSQL that stands in for it."""


class LoadingStorage(LocalStorage):
    """Files of a folder, which become tables of a server where their columns are looked for. With ``lower``, names of
    columns become small, as on Redshift."""

    def __init__(self, configuration: dict[str, Any], base: Path, *, lower: bool = False) -> None:
        self._lower = lower
        self._local = LocalClient({}, base=base)
        super().__init__(self._local)
        self._configuration = configuration

    def infer_table(self, path: str, **given: Any) -> Table:
        found = super().infer_table(path, **given)
        execution = self._local.engine("execution")
        assert isinstance(execution, Execution)
        answer = execution.query("SELECT * FROM $table", table=found)
        assert isinstance(answer, Rows)
        if self._lower:
            small = Schema(tuple(replace(each, name=each.name.lower()) for each in answer.schema.columns))
            answer = replace(answer, schema=small)
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


class GuardedPostgres(Postgres):
    """One that is reached over TCP on the loopback, by a password, and speaks TLS with a certificate for ``localhost``
    that it signed itself (``certificate``)."""

    password = "tr0ub4dor&3 'x"

    def __init__(self) -> None:
        self.port = free_port()
        super().__init__()

    @property
    def certificate(self) -> Path:
        return self._folder / "server.crt"

    def _authentication(self) -> list[str]:
        words, key = self._folder / "password", self._folder / "server.key"
        words.write_text(self.password)
        self.certificate.write_bytes(_signed(key))
        key.chmod(0o600)
        for each in (words, key, self.certificate):
            os.chown(each, self._folder.stat().st_uid, self._folder.stat().st_gid)
        return ["--auth-local=trust", "--auth-host=scram-sha-256", f"--pwfile={words}"]

    def _settings(self) -> dict[str, object]:
        tls = {"ssl": "on", "ssl_cert_file": self.certificate, "ssl_key_file": self._folder / "server.key"}
        return {**super()._settings(), "listen_addresses": "127.0.0.1", "port": self.port, **tls}

    @property
    def configuration(self) -> dict[str, Any]:
        """Of a client that gets in."""
        return {
            "host": "localhost",
            "port": self.port,
            "database": "postgres",
            "user": "postgres",
            "password": self.password,
            "connect_timeout": 60,
        }


def _signed(key_file: Path) -> bytes:
    """A certificate for ``localhost`` that is signed with its own key, which goes to ``key_file``."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    begins = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + datetime.timedelta(days=3))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    key_file.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    return certificate.public_bytes(serialization.Encoding.PEM)


@dataclass
class CommitRelay:
    """What stands before a server, at ``port``: the connection of the next COMMIT is ``cut`` before the server sees it,
    or after it was done, its answer lost. With ``alone`` nobody gets through any more from then on."""

    port: int = 0
    cut: str = ""
    alone: bool = False


@contextmanager
def commits_relayed(port: int) -> Iterator[CommitRelay]:
    """A relay to the server at ``port`` of this machine, while the context lasts. It reads what is not encrypted."""
    listening = socket.create_server(("127.0.0.1", 0))
    relay = CommitRelay(listening.getsockname()[1])

    def accept() -> None:
        while True:
            try:
                wire, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=_relay, args=(relay, wire, port), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield relay
    finally:
        with suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
        listening.close()


def _relay(relay: CommitRelay, wire: socket.socket, port: int) -> None:
    if relay.alone and not relay.cut:
        wire.close()
        return
    with wire, socket.create_connection(("127.0.0.1", port)) as server:
        lost = threading.Event()

        def answers() -> None:
            with suppress(OSError):
                while piece := server.recv(1 << 16):
                    if lost.is_set():
                        wire.shutdown(socket.SHUT_RDWR)
                        return
                    wire.sendall(piece)
                wire.shutdown(socket.SHUT_RDWR)

        threading.Thread(target=answers, daemon=True).start()
        with suppress(OSError):
            while piece := wire.recv(1 << 16):
                if b"COMMIT\0" in piece and relay.cut:
                    cut, relay.cut = relay.cut, ""
                    if cut == "before":
                        break
                    lost.set()
                server.sendall(piece)
        # To close what another thread reads from ends nothing.
        for each in (server, wire):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
