"""The client ``athena``: SQL over tables of Glue's catalog as execution engine, and that catalog as metastore."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from mason.clients._aws.aws_client import AwsClient

if TYPE_CHECKING:
    from mason.engines.permissions import Permission

__all__ = ["AthenaClient"]


class AthenaClient(AwsClient):
    """Athena of one account and region, in one workgroup."""

    name = "athena"
    engines: ClassVar[Mapping[str, str]] = {
        "metastore": "mason.clients.athena.metastore:AthenaMetastore",
        "execution": "mason.clients.athena.execution:AthenaExecution",
    }

    @classmethod
    def permissions(
        cls, configuration: Mapping[str, Any], call: str, arguments: Mapping[str, Any], *, root: str
    ) -> Iterable[Permission]:
        """Those of queries and of the catalog."""
        role, _, verb = call.partition(".")
        if role == "metastore":
            from mason.clients._glue_catalog.catalog_permissions import of_catalog

            return of_catalog(configuration, verb, arguments, root)
        from mason.clients.athena.query_permissions import of_queries

        return of_queries(configuration, verb, arguments, root)
