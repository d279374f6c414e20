"""Which table a description is of: as Mason registered it, as Spark knows it, or as Hive's words say. Pure.

Mason's own definition counts as long as nobody changed what is registered; a table that Hive or Spark altered since is
what they made of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mason.clients._hive_tables.hive_tables import SKIP, VIEW, Catalog, columns_of, describe, statement_of, table_of
from mason.clients._tables.kept_definition import kept_parameters, kept_table
from mason.clients.hive.spark_properties import spark_table
from mason.engines.models import Column, Schema, Table
from mason.errors import EngineError

ACID = "hive-acid"
"""The format of tables that Hive changes by transactions: only Hive knows which rows of their files count."""

_HIVE = Catalog(
    "the Hive Metastore",
    "Hive",
    "org.apache.hive.hcatalog.data.JsonSerDe",
    # Hive's reader of quoted CSV gives texts, whatever the columns are declared to be.
    frozenset({"string"}),
)


def described(table: Table) -> dict[str, Any]:
    """The description by which a table or view is registered, Mason's own definition in it. Raises ``EngineError`` with
    what the metastore cannot hold."""
    if table.kind != "view":
        found = describe(table, _HIVE)
        return {**found, "Parameters": {**found["Parameters"], **kept_parameters(table)}}
    columns = columns_of(table)
    return {
        "Name": table.name,
        "Description": table.comment,
        "TableType": VIEW,
        "Parameters": {},
        "StorageDescriptor": {"Columns": [{"Name": name, "Type": kind} for name, kind in columns], "Location": ""},
        "PartitionKeys": [],
        "ViewOriginalText": statement_of(table),
    }


def registered(found: Mapping[str, Any]) -> Table:
    """The table or view of a description that the metastore told."""
    told = table_of(found)
    if found["Parameters"].get("transactional", "").lower() == "true":
        note = "Its files hold rows that were deleted since, or are in no transaction yet: only Hive reads it."
        return replace(told, format=ACID, options={}, notes=(note,))
    seen = spark_table(found, told)
    kept = kept_table(found["Parameters"], found["Name"])
    if kept is None or not (_as_spark_has_it(kept, seen) if seen is not None else _as_hive_has_it(kept, found)):
        return seen or told
    comments = {column.name.lower(): column.comment for column in told.schema.columns} if told.schema else {}
    columns = tuple(_commented(column, comments) for column in kept.schema.columns) if kept.schema else ()
    return replace(
        kept,
        name=told.name,
        database=told.database,
        schema=Schema(columns),
        comment=told.comment,
        schedule=told.schedule,
    )


def _commented(column: Column, comments: Mapping[str, str]) -> Column:
    return replace(column, comment=comments.get(column.name.lower(), column.comment))


def _as_spark_has_it(kept: Table, seen: Table) -> bool:
    columns = [[each.name.lower() for each in of.schema.columns] if of.schema else [] for of in (kept, seen)]
    places = [of.location.path if of.location else "" for of in (kept, seen)]
    return columns[0] == columns[1] and places[0] == places[1]


def _as_hive_has_it(kept: Table, found: Mapping[str, Any]) -> bool:
    try:
        wanted = describe(kept, _HIVE)
    except EngineError:
        # Of another Mason, which could hold more or less.
        return False
    return _shape(wanted) == _shape(found)


def _shape(of: Mapping[str, Any]) -> tuple[Any, ...]:
    """What says how the files of a table are read."""
    storage = of["StorageDescriptor"]
    columns = [[(each["Name"], each["Type"]) for each in some] for some in (storage["Columns"], of["PartitionKeys"])]
    skipped = of["Parameters"].get(SKIP, "")
    return columns, storage["Location"].rstrip("/"), storage["InputFormat"], storage["SerdeInfo"], skipped
