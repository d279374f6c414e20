"""The client ``glue``: Glue's catalog as metastore, and its crawlers as scheduler."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from mason.clients._aws.aws_client import AwsClient

if TYPE_CHECKING:
    from mason.engines.permissions import Permission

__all__ = ["GlueClient"]


class GlueClient(AwsClient):
    """Glue of one account and region."""

    name = "glue"
    engines: ClassVar[Mapping[str, str]] = {
        "metastore": "mason.clients.glue.metastore:GlueMetastore",
        "scheduler": "mason.clients.glue.scheduler:GlueScheduler",
    }

    @classmethod
    def permissions(
        cls, configuration: Mapping[str, Any], call: str, arguments: Mapping[str, Any], *, root: str
    ) -> Iterable[Permission]:
        """Those of the catalog and of crawlers."""
        role, _, verb = call.partition(".")
        if role == "metastore":
            from mason.clients._glue_catalog.catalog_permissions import of_catalog

            return of_catalog(configuration, verb, arguments, root)
        from mason.clients.glue.crawler_permissions import of_crawlers

        return of_crawlers(configuration, verb, arguments)
