"""Tables as Glue's catalog holds them, and views as Athena writes them. Pure: values in, values out."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mason.clients._hive_tables.hive_tables import VIEW, Catalog, columns_of, describe, statement_of
from mason.clients._hive_tables.hive_tables import table_of as table_described
from mason.engines.models import Table
from mason.errors import EngineError

_GLUE = Catalog(
    "Glue's catalog",
    "Athena",
    "org.openx.data.jsonserde.JsonSerDe",
    # Where quotes are read, fields are text, and only these types are made of it (AWS Athena, "OpenCSVSerDe").
    frozenset({"string", "boolean", "int", "bigint", "double"}),
)


def input_of(table: Table) -> dict[str, Any]:
    """The ``TableInput`` of a table or view. Raises ``EngineError`` with what the catalog cannot hold of it."""
    return _view(table, columns_of(table)) if table.kind == "view" else describe(table, _GLUE)


def _view(table: Table, columns: list[tuple[str, str]]) -> dict[str, Any]:
    described = {
        "originalSql": statement_of(table),
        "catalog": "awsdatacatalog",
        "schema": table.database,
        "columns": [{"name": name, "type": _trino(kind)} for name, kind in columns],
    }
    coded = base64.b64encode(json.dumps(described, separators=(",", ":")).encode()).decode()
    return {
        "Name": table.name,
        **({"Description": table.comment} if table.comment else {}),
        "TableType": VIEW,
        "Parameters": {"presto_view": "true", "comment": "Presto View"},
        "StorageDescriptor": {
            "Columns": [{"Name": name, "Type": kind} for name, kind in columns],
            "Location": "",
            "SerdeInfo": {},
        },
        "PartitionKeys": [],
        "ViewOriginalText": f"/* Presto View: {coded} */",
        "ViewExpandedText": "/* Presto View */",
    }


def _trino(hive: str) -> str:
    """The word of Athena's queries for a type of Hive's that is not nested."""
    words = {"string": "varchar", "int": "integer", "float": "real", "binary": "varbinary", "timestamp": "timestamp(3)"}
    if "<" in hive:
        raise EngineError(f"A view with a column of type {hive} is made by Athena itself: CREATE VIEW.")
    return words.get(hive, hive)


def table_of(found: Mapping[str, Any], *, schema: bool = True) -> Table:
    """A table or view as the catalog told it (``GetTable``, ``GetTables``)."""
    table = table_described(found, schema=schema)
    return replace(table, options=_sql_of(found)) if table.kind == "view" else table


def _sql_of(found: Mapping[str, Any]) -> dict[str, Any]:
    """The statement of a view: as Athena keeps it, or as it stands there."""
    text = found.get("ViewOriginalText") or ""
    if text.startswith("/* Presto View: "):
        try:
            told = json.loads(base64.b64decode(text[len("/* Presto View: ") : -len(" */")], validate=True))
            return {"sql": str(told["originalSql"])}
        except (ValueError, KeyError, TypeError):
            # Written by something else: shown as it is.
            return {"sql": text}
    return {"sql": text} if text else {}
