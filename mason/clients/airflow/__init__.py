"""The client ``airflow``: Apache Airflow as scheduler, over its REST API (v2)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from mason.engines.client import Client

if TYPE_CHECKING:
    from mason.clients.airflow.airflow_api import AirflowApi
    from mason.resources.faults import Finding

__all__ = ["AirflowClient"]


class AirflowClient(Client):
    """One Airflow, and the folder from which it takes its DAG files."""

    name = "airflow"
    engines: ClassVar[Mapping[str, str]] = {"scheduler": "mason.clients.airflow.scheduler:AirflowScheduler"}

    @classmethod
    def faults(cls, configuration: Mapping[str, Any], roles: Collection[str]) -> Iterable[Finding]:
        """A user without a password, or the other way round, where no token makes up for it."""
        # Imported here: a config without faults asks for none.
        from mason.resources.faults import Finding

        if "token" not in configuration and ("username" in configuration) != ("password" in configuration):
            yield Finding((), "username and password go together", "give both, or a token")

    @cached_property
    def api(self) -> AirflowApi:
        """The requests to it. Nothing is asked before the first one."""
        from mason.clients.airflow.airflow_api import AirflowApi

        return AirflowApi(self.configuration, client=self.name)

    def close(self) -> None:
        """Give back the connection."""
        if "api" in self.__dict__:
            self.api.close()
