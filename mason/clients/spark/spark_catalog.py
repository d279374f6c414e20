"""Spark's catalog, asked in SQL: what it knows of databases and tables, as values.

Tables are described in JSON (``DESCRIBE ... AS JSON``, since Spark 4), which has the true types also where Spark keeps
a table in a metastore that shows ``array<string>`` for it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any
from urllib.parse import unquote

from mason.clients._hive_tables.hadoop_locations import url_of
from mason.clients._hive_tables.partition_names import values_of
from mason.clients._tables.kept_definition import kept_parameters, kept_table
from mason.clients.spark.spark_failures import explained
from mason.clients.spark.spark_tables import CATALOG
from mason.clients.spark.spark_types import to_duckdb
from mason.engines.models import Column, Location, Partition, Schema, Table
from mason.errors import NotFoundError
from mason.sql.spark.spark_text import identifier, text

DEFAULT = "default"
"""The database that Spark makes; it is there for Mason once it holds a table."""


class SparkCatalog:
    """The catalog that the sessions of a client have. Raises the ``EngineError`` that explains what Spark refuses."""

    def __init__(self, session: Callable[[], AbstractContextManager[Any]]) -> None:
        self._session = session

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows that Spark answers to a statement."""
        with self._session() as session, explained():
            return [tuple(row) for row in session.sql(sql).collect()]

    def databases(self) -> list[str]:
        """The names of all databases that are there for Mason, sorted."""
        names = sorted(str(row[0]) for row in self.ask("SHOW DATABASES"))
        return [name for name in names if name != DEFAULT or self.tables(DEFAULT)]

    def location_of(self, database: str) -> str:
        """Where a database keeps its tables, as a URL."""
        told = dict(row[:2] for row in self.ask(f"DESCRIBE DATABASE EXTENDED {identifier(database)}"))
        return url_of(str(told.get("Location", "")))

    def tables(self, database: str) -> list[str]:
        """The names of the tables and views of a database, sorted; views of the session are none of them."""
        found = self.ask(f"SHOW TABLES IN {identifier(database)}")
        return sorted(str(name) for _, name, temporary in found if not temporary)

    def views(self, database: str) -> set[str]:
        """The names of its views."""
        return {str(row[1]) for row in self.ask(f"SHOW VIEWS IN {identifier(database)}")}

    def described(self, database: str, table: str) -> dict[str, Any] | None:
        """All that Spark tells of a table; ``None`` where there is none."""
        try:
            rows = self.ask(f"DESCRIBE TABLE EXTENDED {named(database, table)} AS JSON")
        except NotFoundError:
            return None
        found: dict[str, Any] = json.loads(rows[0][0])
        return found

    def partitions(self, database: str, table: Table) -> list[Partition]:
        """The partitions of a table of Spark's own, in the order in which Spark lists them."""
        types = table.types
        found = []
        for (path,) in self.ask(f"SHOW PARTITIONS {named(database, table.name)}"):
            values = dict(part.partition("=")[::2] for part in str(path).split("/"))
            keys = [(unquote(key), types.get(unquote(key), "")) for key in values]
            found.append(Partition(values_of(keys, [unquote(value) for value in values.values()])))
        return found


def named(*names: str) -> str:
    """Several names as one of Spark's."""
    return ".".join(identifier(name) for name in names)


def table_of(told: Mapping[str, Any]) -> Table:
    """A table of Spark's own, of what was told of it."""
    columns = tuple(
        Column(each["name"], to_duckdb(each["type"]), each.get("nullable", True), each.get("comment") or "")
        for each in told["columns"]
    )
    location = url_of(told.get("location", ""))
    provider = told.get("provider", "")
    return Table(
        name=told["table_name"],
        database=told["namespace"][-1],
        schema=Schema(columns),
        location=Location(location) if location else None,
        format=CATALOG,
        options={"provider": provider} if provider else {},
        partition_columns=tuple(told.get("partition_columns", ())),
        kind="view" if "VIEW" in told.get("type", "") else "table",
        comment=told.get("comment") or "",
    )


def kept_in(told: Mapping[str, Any]) -> Table | None:
    """The table as it was registered by Mason; ``None`` where it was not, or its columns were changed since."""
    kept = kept_table(told.get("table_properties") or {}, told["table_name"])
    if kept is None:
        return None
    return kept if list(kept.types) == [each["name"] for each in told["columns"]] else None


def properties_of(table: Table) -> str:
    """The properties by which a registered table is known again."""
    return ", ".join(f"'{name}' = {text(piece)}" for name, piece in kept_parameters(table).items())
