"""The client ``hive``: a Hive Metastore, over Thrift.

Others find the same tables there: Hive, Spark and Trino read those that Mason registers, and Mason reads theirs.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from mason.engines.client import Client

if TYPE_CHECKING:
    from mason.clients.hive.metastore_requests import Requests

__all__ = ["HiveClient"]


class HiveClient(Client):
    """One metastore, or several servers of the same one. The first verb connects; threads may share it."""

    name = "hive"
    engines: ClassVar[Mapping[str, str]] = {"metastore": "mason.clients.hive.metastore:HiveMetastore"}

    @cached_property
    def requests(self) -> Requests:
        """What makes the requests."""
        from mason.clients.hive.metastore_requests import Requests
        from mason.clients.hive.thrift_connections import Connections

        return Requests(Connections(self.configuration))

    def close(self) -> None:
        """Give back the connections."""
        if "requests" in self.__dict__:
            self.requests.connections.close()
