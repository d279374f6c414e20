"""The client ``athena``: SQL over tables of Glue's catalog as execution engine, and that catalog as metastore."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from mason.clients._aws.aws_client import AwsClient

__all__ = ["AthenaClient"]


class AthenaClient(AwsClient):
    """Athena of one account and region, in one workgroup."""

    name = "athena"
    engines: ClassVar[Mapping[str, str]] = {
        "metastore": "mason.clients.athena.metastore:AthenaMetastore",
        "execution": "mason.clients.athena.execution:AthenaExecution",
    }
