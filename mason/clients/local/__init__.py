"""The client ``local``: files of this machine as tables, DuckDB as the engine; works with nothing else installed.

Storage is a folder (``root``). Databases are folders of it and schemas of a DuckDB file (``warehouse``); tables are
files, folders of files, and registrations kept in that file.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from mason.engines.client import Client

if TYPE_CHECKING:
    from mason.clients._duckdb.connection import Limits

__all__ = ["LocalClient"]


class LocalClient(Client):
    """A folder and a warehouse file. Nothing is opened or made until a verb needs it."""

    name: ClassVar[str] = "local"
    engines: ClassVar[Mapping[str, str]] = {
        "metastore": "mason.clients.local.metastore:LocalMetastore",
        "storage": "mason.clients.local.storage:LocalStorage",
        "execution": "mason.clients.local.execution:LocalExecution",
        "scheduler": "mason.clients.local.scheduler:LocalScheduler",
    }

    def __init__(self, configuration: Mapping[str, Any], *, base: Path) -> None:
        from mason.clients._duckdb.reading.schemas import Seen
        from mason.clients._duckdb.root import Root
        from mason.clients._warehouse.folder import configured_folder
        from mason.clients.local.warehouse import Warehouse

        super().__init__(configuration, base=base)
        given = self.configuration
        self.root = Root(
            configured_folder(self, "root", "."), client=self.name, allow_outside=given.get("allow_outside_root", False)
        )
        self.warehouse = Warehouse(configured_folder(self, "warehouse", "./warehouse"))
        self.seen = Seen()

    @property
    def limits(self) -> Limits:
        """What DuckDB may use. It spills into the warehouse where there is one, else into the system's folder."""
        from tempfile import gettempdir

        from mason.clients._duckdb.connection import Limits

        home = self.warehouse.folder
        return Limits(
            memory=str(self.configuration.get("memory_limit", "850MB")),
            spill=home if home.is_dir() and os.access(home, os.W_OK) else Path(gettempdir()),
            threads=self.configuration.get("threads"),
        )
