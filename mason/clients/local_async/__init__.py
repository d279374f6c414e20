"""The client ``local_async``: schedules of this machine that somebody else runs, ``mason scheduler start``.

It keeps them where the client ``local`` does, in the warehouse's folder, and is a scheduler only: a config names it for
that beside ``local`` for the other engines, whose ``job get`` tells how a triggered run goes.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from mason.engines.client import Client

if TYPE_CHECKING:
    from mason.clients._warehouse.folder import WarehouseFolder

__all__ = ["LocalAsyncClient"]


class LocalAsyncClient(Client):
    """The folder of a warehouse. Nothing is made until a verb needs it."""

    name = "local_async"
    engines: ClassVar[Mapping[str, str]] = {
        "scheduler": "mason.clients.local_async.scheduler:LocalAsyncScheduler",
    }

    @cached_property
    def warehouse(self) -> WarehouseFolder:
        """Where it keeps schedules."""
        from mason.clients._warehouse.folder import WarehouseFolder, configured_folder

        return WarehouseFolder(configured_folder(self, "warehouse", "./warehouse"), client=self.name)
