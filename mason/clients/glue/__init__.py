"""The client ``glue``: Glue's catalog as metastore, and its crawlers as scheduler."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from mason.clients._aws.aws_client import AwsClient

__all__ = ["GlueClient"]


class GlueClient(AwsClient):
    """Glue of one account and region."""

    name = "glue"
    engines: ClassVar[Mapping[str, str]] = {
        "metastore": "mason.clients.glue.metastore:GlueMetastore",
        "scheduler": "mason.clients.glue.scheduler:GlueScheduler",
    }
