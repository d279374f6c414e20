"""A client whose tables are on a server, and whose files are those of the config's storage."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from mason.engines.client import Client

if TYPE_CHECKING:
    from mason.clients._duckdb.connection import Limits
    from mason.clients._duckdb.roots import Roots
    from mason.clients._postgres.server_catalog import ServerCatalog
    from mason.clients._postgres.server_connections import Connections, Server
    from mason.clients._warehouse.folder import WarehouseFolder
    from mason.sql.postgres.postgres import Postgres


class ServerClient(Client):
    """Connections are opened by the first verb and kept until :meth:`close`. Safe for several threads."""

    engine_name: ClassVar[str]
    """What the server is called in sentences."""

    format_name: ClassVar[str]
    """What the format of its tables is called."""

    longest_name: ClassVar[int]
    """Bytes of a name; the server would cut a longer one without a word."""

    def kept(self, kind: str, name: str) -> str:
        """The name of a ``kind`` of thing as the server keeps it. Raises ``EngineError`` for one that it does not."""
        from mason.clients._postgres.server_names import checked

        return checked(kind, name, self.longest_name)

    def text(self, value: str) -> str:
        """A text as a literal of the server's."""
        from mason.clients._postgres.server_names import text

        return text(value)

    @classmethod
    def public_facts(cls, configuration: Mapping[str, Any], *, base: Path) -> dict[str, Any]:
        """``kept_folder``, what Mason keeps for this client, beside what is configured."""
        client = cls(configuration, base=base)
        return {**super().public_facts(configuration, base=base), "kept_folder": str(client.own.folder)}

    @property
    @abstractmethod
    def server(self) -> Server:
        """How the server is reached."""

    @property
    @abstractmethod
    def catalog(self) -> ServerCatalog:
        """How its catalog is asked."""

    @property
    @abstractmethod
    def dialect(self) -> Postgres:
        """How its types and names are written."""

    @property
    def lasting(self) -> dict[str, Any]:
        """The parameters by which nobody waits for ever for a host that is gone, and sees that it is while nothing is
        said."""
        return {
            "connect_timeout": self.configuration.get("connect_timeout", 10),
            "application_name": "mason",
            "keepalives_idle": 60,
            "keepalives_interval": 10,
            "keepalives_count": 6,
        }

    @cached_property
    def connections(self) -> Connections:
        """The connections. Raises ``MissingDependencyError``."""
        from mason.clients._postgres.server_connections import Connections

        return Connections(self.server)

    @cached_property
    def own(self) -> WarehouseFolder:
        """What Mason keeps for this client: jobs."""
        from mason.clients._warehouse.folder import WarehouseFolder, configured_folder

        return WarehouseFolder(configured_folder(self, "folder", f"./warehouse/{self.name}"), client=self.name)

    @cached_property
    def root(self) -> Roots:
        """The folder of files, and the objects of neighbours."""
        from mason.clients._warehouse.neighbouring import root_beside

        return root_beside(self, [self.own.kept()])

    @property
    def limits(self) -> Limits:
        """What DuckDB may use, by which Mason reads answers and writes files."""
        from mason.clients._duckdb.connection import Limits

        memory = str(self.configuration.get("memory_limit", "850MB"))
        return Limits(memory=memory, prepare=self.root.reach)

    def close(self) -> None:
        """Give back the connections."""
        if "connections" in self.__dict__:
            self.connections.close()
