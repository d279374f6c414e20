"""The statement that would make a table by its description, in Hive's words, which are Athena's. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mason.clients._hive_tables.hive_tables import JOB, MADE, VIEW
from mason.clients._tables.kept_definition import KEPT

# What catalogs and their tools write for themselves; a person who makes the table anew does not say it.
_OWN = frozenset(
    {
        "transient_lastDdlTime",
        "last_modified_time",
        "last_modified_by",
        "EXTERNAL",
        JOB,
        MADE,
        "presto_view",
        "COLUMN_STATS_ACCURATE",
        "numFiles",
        "numPartitions",
        "numRows",
        "rawDataSize",
        "totalSize",
    }
)


def ddl_of(found: Mapping[str, Any], sql: str = "", *, ticks: bool = False) -> str:
    """``CREATE EXTERNAL TABLE`` of a table by its description (without ``EXTERNAL`` for one whose files the catalog
    deletes); ``CREATE VIEW`` of a view, whose statement is ``sql``, with names in ``ticks`` or in quotes."""
    name = f"{found.get('DatabaseName', '')}", found["Name"]
    if found.get("TableType") == VIEW:
        return f"CREATE VIEW {'.'.join(map(ticked if ticks else _quoted, name))} AS {sql};"
    storage, parameters = found.get("StorageDescriptor") or {}, found.get("Parameters") or {}
    serde = storage.get("SerdeInfo") or {}
    kind = "TABLE" if found.get("TableType") == "MANAGED_TABLE" else "EXTERNAL TABLE"
    lines = [
        f"CREATE {kind} {'.'.join(ticked(each) for each in name)} (",
        _columns(storage.get("Columns") or ()),
    ]
    lines.append(")")
    if found.get("Description"):
        lines.append(f"COMMENT {text(found['Description'])}")
    if found.get("PartitionKeys"):
        lines += ["PARTITIONED BY (", _columns(found["PartitionKeys"]), ")"]
    lines.append(f"ROW FORMAT SERDE {text(serde.get('SerializationLibrary', ''))}")
    if serde.get("Parameters"):
        lines.append(f"WITH SERDEPROPERTIES ({properties(serde['Parameters'])})")
    lines.append(f"STORED AS INPUTFORMAT {text(storage.get('InputFormat', ''))}")
    lines.append(f"OUTPUTFORMAT {text(storage.get('OutputFormat', ''))}")
    lines.append(f"LOCATION {text(storage.get('Location', ''))}")
    told = {key: value for key, value in parameters.items() if key not in _OWN and not key.startswith(KEPT)}
    if told:
        lines.append(f"TBLPROPERTIES ({properties(told)})")
    return "\n".join(lines) + ";"


def _columns(columns: Iterable[Mapping[str, Any]]) -> str:
    return ",\n".join(
        f"  {ticked(each['Name'])} {each.get('Type', '')}"
        + (f" COMMENT {text(each['Comment'])}" if each.get("Comment") else "")
        for each in columns
    )


def properties(given: Mapping[str, str]) -> str:
    """Names and values as a statement lists them, sorted."""
    return ", ".join(f"{text(key)} = {text(value)}" for key, value in sorted(given.items()))


def ticked(name: str) -> str:
    """A name in Hive's statements."""
    return f"`{name.replace('`', '``')}`"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """A text in Hive's statements: a backslash before what would end it."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\x01", "\\001")
    return f"'{escaped}'"
