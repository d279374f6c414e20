"""The client ``redshift``: tables of Amazon Redshift, its SQL as execution engine, and its catalog as metastore.

It speaks PostgreSQL's protocol. What differs from PostgreSQL is by Redshift's documentation: views of its own tell its
tables (``SVV_``), rows come by a cursor, names are small, and nobody tells what became of a transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from mason.clients._postgres.server_client import ServerClient
from mason.errors import EngineError

if TYPE_CHECKING:
    from mason.clients._postgres.server_catalog import ServerCatalog
    from mason.clients._postgres.server_connections import Server
    from mason.sql.redshift.redshift import Redshift

__all__ = ["RedshiftClient"]

_SETTINGS = {"datestyle": "ISO, MDY", "timezone": "UTC", "extra_float_digits": "2"}


class RedshiftClient(ServerClient):
    """One database of one cluster or workgroup."""

    name = "redshift"
    engine_name = "Redshift"
    format_name = "redshift"
    longest_name = 127
    engines: ClassVar[Mapping[str, str]] = {
        "metastore": "mason.clients.redshift.metastore:RedshiftMetastore",
        "execution": "mason.clients.redshift.execution:RedshiftExecution",
    }

    def kept(self, kind: str, name: str) -> str:
        """In small letters, which names in quotes become, too."""
        return super().kept(kind, name.lower())

    def text(self, value: str) -> str:
        """A text in plain quotes: what a backslash means depends on a setting."""
        if "\\" in value:
            raise EngineError(f"Redshift is given no text with a backslash: {value!r}. Leave the backslash out.")
        return "'" + value.replace("'", "''") + "'"

    @cached_property
    def server(self) -> Server:
        """What the configuration says."""
        from mason.clients._postgres.server_connections import Server

        given = self.configuration
        settings = dict(_SETTINGS)
        if "statement_timeout" in given:
            settings["statement_timeout"] = str(round(given["statement_timeout"] * 1000))
        return Server(
            self.engine_name,
            self.name,
            "redshift",
            self._parameters,
            settings,
            most=given.get("connections", 4),
            tells_outcomes=False,
        )

    def _parameters(self) -> dict[str, Any]:
        given = self.configuration
        names = {"host": "host", "database": "dbname", "user": "user", "password": "password"}
        found = {there: given[here] for here, there in names.items() if here in given}
        if "sslrootcert" in given:
            found["sslrootcert"] = str(self.base / given["sslrootcert"])
        return {
            **found,
            **self.lasting,
            "port": given.get("port", 5439),
            "sslmode": given.get("sslmode", "require"),
            # Redshift calls it UNICODE where nothing is said, which psycopg does not know.
            "client_encoding": "utf-8",
            # It does not know all that psycopg says of statements that it keeps.
            "prepare_threshold": None,
        }

    @cached_property
    def catalog(self) -> ServerCatalog:
        """Redshift's catalog."""
        from mason.clients.redshift.svv_catalog import RedshiftCatalog

        return RedshiftCatalog()

    @property
    def dialect(self) -> Redshift:
        """Redshift's."""
        from mason.sql.redshift.redshift import REDSHIFT

        return REDSHIFT
