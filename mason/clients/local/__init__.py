"""The client ``local``: files of this machine as tables, DuckDB as the engine; works with nothing else installed.

Storage is a folder (``root``). Databases are folders of it and schemas of a DuckDB file (``warehouse``); tables are
files, folders of files, and registrations kept in that file.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from mason.engines.client import Client

if TYPE_CHECKING:
    from mason.clients._duckdb.connection import Limits
    from mason.clients._duckdb.roots import Roots
    from mason.clients.local.warehouse import Warehouse

__all__ = ["LocalClient"]


class LocalClient(Client):
    """A folder and a warehouse file. Nothing is opened or made until a verb needs it."""

    name = "local"
    engines: ClassVar[Mapping[str, str]] = {
        "metastore": "mason.clients.local.metastore:LocalMetastore",
        "storage": "mason.clients.local.storage:LocalStorage",
        "execution": "mason.clients.local.execution:LocalExecution",
        "scheduler": "mason.clients.local.scheduler:LocalScheduler",
    }

    def __init__(self, configuration: Mapping[str, Any], *, base: Path) -> None:
        from mason.clients._duckdb.reading.looks import Seen

        super().__init__(configuration, base=base)
        self.seen = Seen(lasting=True)

    @cached_property
    def root(self) -> Roots:
        """The folder of its files. Those of its neighbours are reached from it, too, and their objects."""
        from mason.clients._duckdb.roots import Roots, lent_objects
        from mason.clients._warehouse.folder import configured_folder

        return Roots(
            configured_folder(self, "root", "."),
            elsewhere=lent_objects(self),
            client=self.name,
            allow_outside=self.configuration.get("allow_outside_root", False),
            others=lambda: self._neighbouring_roots,
            kept_out=lambda: self.places_kept_out,
        )

    @cached_property
    def warehouse(self) -> Warehouse:
        """What it keeps itself."""
        from mason.clients._warehouse.folder import configured_folder
        from mason.clients.local.warehouse import Warehouse

        return Warehouse(configured_folder(self, "warehouse", "./warehouse"), client=self.name)

    @classmethod
    def public_facts(cls, configuration: Mapping[str, Any], *, base: Path) -> dict[str, Any]:
        """``root``, ``url`` and ``warehouse`` (its DuckDB file) beside what is configured, as they are meant."""
        client = cls(configuration, base=base)
        root = client.root
        return {
            **super().public_facts(configuration, base=base),
            "root": str(root.path),
            "url": root.url_of(root.path),
            "warehouse": str(client.warehouse.file),
        }

    @cached_property
    def _neighbouring_roots(self) -> frozenset[Path]:
        from mason.clients._warehouse.neighbouring import neighbouring_roots

        return neighbouring_roots(self)

    @cached_property
    def places_kept_out(self) -> frozenset[Path]:
        """As :func:`~mason.clients._warehouse.neighbouring.places_kept_out`."""
        from mason.clients._warehouse.neighbouring import places_kept_out

        return places_kept_out(self, self.root.path, [self.warehouse.kept()])

    def is_warehouse(self, file: Path) -> bool:
        """Whether ``file`` is the DuckDB file of its own warehouse, or of that of a neighbour."""
        files = (facts.get("warehouse") for facts in self.neighbours.values() if facts["type"] == "local")
        return file == self.warehouse.file or str(file) in files

    @property
    def limits(self) -> Limits:
        """What DuckDB may use. It spills into the warehouse where there is one, else into the system's folder."""
        from mason.clients._duckdb.connection import Limits

        home = self.warehouse.folder
        return Limits(
            prepare=self.root.reach,
            memory=str(self.configuration.get("memory_limit", "850MB")),
            spill=home if home.is_dir() and os.access(home, os.W_OK) else None,
            threads=self.configuration.get("threads"),
        )
