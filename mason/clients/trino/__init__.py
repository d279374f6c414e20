"""The client ``trino``: SQL over the tables of Trino's catalogs as execution engine, and these catalogs as metastore.

Presto is the same client with ``flavor: presto``: it answers the same protocol under other names.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from mason.engines.client import Client

if TYPE_CHECKING:
    from mason.clients.trino.catalogs import Catalogs
    from mason.clients.trino.coordinator import Coordinator
    from mason.clients.trino.statement_answers import StatementAnswers
    from mason.resources.faults import Finding

__all__ = ["TrinoClient"]


class TrinoClient(Client):
    """One coordinator. The first verb connects; threads may share it."""

    name = "trino"
    engines: ClassVar[Mapping[str, str]] = {
        "metastore": "mason.clients.trino.metastore:TrinoMetastore",
        "execution": "mason.clients.trino.execution:TrinoExecution",
    }

    @classmethod
    def faults(cls, configuration: Mapping[str, Any], roles: Collection[str]) -> Iterable[Finding]:
        """Keys that do not go together."""
        from mason.resources.faults import Finding

        secret = next((each for each in ("password", "token") if each in configuration), "")
        url = str(configuration.get("url", ""))
        if secret and url.startswith("http://"):
            yield Finding((secret,), f"{secret} would be sent without encryption", "let url begin with https://")
        if "certificate" in configuration and url.startswith("http://"):
            yield Finding(("certificate",), "certificate is for https alone", "let url begin with https://")

    @cached_property
    def coordinator(self) -> Coordinator:
        """What makes the requests."""
        from mason.clients.trino.coordinator import Coordinator

        return Coordinator(self.configuration, base=self.base)

    @cached_property
    def answers(self) -> StatementAnswers:
        """What waits for statements."""
        from mason.clients.trino.statement_answers import StatementAnswers

        return StatementAnswers(self.coordinator)

    @cached_property
    def catalogs(self) -> Catalogs:
        """What asks for names, columns and properties."""
        from mason.clients.trino.catalogs import Catalogs

        return Catalogs(self.answers, str(self.configuration.get("catalog", "")))

    def close(self) -> None:
        """Give back the connections."""
        if "coordinator" in self.__dict__:
            self.coordinator.close()
