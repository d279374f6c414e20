"""A client of AWS: its configuration begins with what all of them take, and its engines share one connection."""

from __future__ import annotations

import json
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from mason.clients._aws.connecting import Connection
from mason.engines.client import Client


class AwsClient(Client):
    """A service of AWS, configured. The first request connects; threads may share all of it."""

    @cached_property
    def aws(self) -> Connection:
        """What all engines of this client make their requests by."""
        return Connection(self.configuration, client=self.name)

    @classmethod
    def schema(cls) -> dict[str, Any]:
        """What is the client's own, and what all clients of AWS take."""
        own = super().schema()
        return {**own, "properties": {**own["properties"], **_shared()}}

    def close(self) -> None:
        """Give back the connections."""
        if "aws" in self.__dict__:
            self.aws.close()


@cache
def _shared() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(Path(__file__).with_name("schema.json").read_text("utf-8"))
    return loaded
