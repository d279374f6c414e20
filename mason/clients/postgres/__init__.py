"""The client ``postgres``: tables of a PostgreSQL, its SQL as execution engine, and its catalog as metastore.

A database of Mason's is a schema of the one database that the configuration names, as in psql.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from mason.clients._postgres.server_client import ServerClient

if TYPE_CHECKING:
    from mason.clients._postgres.server_catalog import ServerCatalog
    from mason.clients._postgres.server_connections import Server
    from mason.sql.postgres.postgres import Postgres

__all__ = ["PostgresClient"]

_PARAMETERS = {"host": "host", "port": "port", "database": "dbname", "user": "user", "password": "password"}
_PARAMETERS |= {name: name for name in ("sslmode", "sslrootcert", "sslcert", "sslkey", "sslpassword")}
_FILES = ("sslrootcert", "sslcert", "sslkey")
# Answers come as the rules of translation and the readers of Mason expect them, whatever a server's own settings are.
_SETTINGS = {
    "client_encoding": "UTF8",
    "DateStyle": "ISO, MDY",
    "IntervalStyle": "postgres",
    "TimeZone": "UTC",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "standard_conforming_strings": "on",
}


class PostgresClient(ServerClient):
    """One database of one server."""

    name = "postgres"
    engine_name = "PostgreSQL"
    format_name = "postgres"
    longest_name = 63
    engines: ClassVar[Mapping[str, str]] = {
        "metastore": "mason.clients.postgres.metastore:PostgresMetastore",
        "execution": "mason.clients.postgres.execution:PostgresExecution",
    }

    @cached_property
    def server(self) -> Server:
        """What the configuration says; what it leaves out is libpq's to find (``PGPASSWORD``, ``~/.pgpass``)."""
        from mason.clients._postgres.server_connections import Server

        given = self.configuration
        settings = dict(_SETTINGS)
        if "statement_timeout" in given:
            settings["statement_timeout"] = f"{round(given['statement_timeout'] * 1000)}ms"
        return Server(
            self.engine_name, self.name, "postgres", self._parameters, settings, most=given.get("connections", 4)
        )

    def _parameters(self) -> dict[str, Any]:
        given = self.configuration
        found = {there: given[here] for here, there in _PARAMETERS.items() if here in given}
        for name in _FILES:
            # libpq's own word for the certificates that the system trusts.
            if name in found and found[name] != "system":
                found[name] = str(self.base / found[name])
        return {**found, **self.lasting}

    @cached_property
    def catalog(self) -> ServerCatalog:
        """PostgreSQL's catalog."""
        from mason.clients.postgres.pg_catalog import PostgresCatalog

        return PostgresCatalog()

    @property
    def dialect(self) -> Postgres:
        """PostgreSQL's."""
        from mason.sql.postgres.postgres import POSTGRES

        return POSTGRES
