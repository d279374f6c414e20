"""The client ``sqlite``: the example of ``CONTRIBUTING.md``, a client whose work goes on elsewhere.

A folder of SQLite files: each is a database. Questions are answered at once; a query with an output is handed over as a
job, which is kept beside the databases, and is done when the service gets round to it: here, when it is asked for.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from mason.clients._missing import missing
from mason.engines.client import Client


class SqliteClient(Client):
    """The folder. A file is opened when a verb needs it."""

    name: ClassVar[str] = "sqlite"
    engines: ClassVar[Mapping[str, str]] = {
        "metastore": "tests.clients.sqlite_client.metastore:SqliteMetastore",
        "execution": "tests.clients.sqlite_client.execution:SqliteExecution",
    }

    @property
    def folder(self) -> Path:
        """Where the databases are."""
        return self.base / str(self.configuration.get("folder", "."))

    def databases(self) -> list[str]:
        """The names of all databases, sorted."""
        return sorted(file.stem for file in self.folder.glob("*.sqlite"))

    def open(self, database: str) -> sqlite3.Connection:
        """A database, to be read only. Raises ``NotFoundError``."""
        if database not in self.databases():
            raise missing("Database", database, self.databases())
        return sqlite3.connect(f"file:{self.folder / database}.sqlite?mode=ro", uri=True)
