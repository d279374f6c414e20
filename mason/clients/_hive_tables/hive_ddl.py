"""The statement that would make a table by its description, in Hive's words, which are Athena's. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

# What Glue and its tools write for themselves; a person who makes the table anew does not say it.
_OWN = ("transient_lastDdlTime", "last_modified_time", "last_modified_by", "EXTERNAL", "presto_view")


def ddl_of(found: Mapping[str, Any], sql: str = "") -> str:
    """``CREATE EXTERNAL TABLE`` of a table as ``GetTable`` told it; ``CREATE VIEW`` of a view, whose statement is
    ``sql``."""
    name = f"{found.get('DatabaseName', '')}", found["Name"]
    if found.get("TableType") == "VIRTUAL_VIEW":
        return f"CREATE VIEW {'.'.join(_quoted(each) for each in name)} AS {sql};"
    storage, parameters = found.get("StorageDescriptor") or {}, found.get("Parameters") or {}
    serde = storage.get("SerdeInfo") or {}
    lines = [
        f"CREATE EXTERNAL TABLE {'.'.join(_ticked(each) for each in name)} (",
        _columns(storage.get("Columns") or ()),
    ]
    lines.append(")")
    if found.get("Description"):
        lines.append(f"COMMENT {_text(found['Description'])}")
    if found.get("PartitionKeys"):
        lines += ["PARTITIONED BY (", _columns(found["PartitionKeys"]), ")"]
    lines.append(f"ROW FORMAT SERDE {_text(serde.get('SerializationLibrary', ''))}")
    if serde.get("Parameters"):
        lines.append(f"WITH SERDEPROPERTIES ({_properties(serde['Parameters'])})")
    lines.append(f"STORED AS INPUTFORMAT {_text(storage.get('InputFormat', ''))}")
    lines.append(f"OUTPUTFORMAT {_text(storage.get('OutputFormat', ''))}")
    lines.append(f"LOCATION {_text(storage.get('Location', ''))}")
    told = {key: value for key, value in parameters.items() if key not in _OWN}
    if told:
        lines.append(f"TBLPROPERTIES ({_properties(told)})")
    return "\n".join(lines) + ";"


def _columns(columns: Iterable[Mapping[str, Any]]) -> str:
    return ",\n".join(
        f"  {_ticked(each['Name'])} {each.get('Type', '')}"
        + (f" COMMENT {_text(each['Comment'])}" if each.get("Comment") else "")
        for each in columns
    )


def _properties(properties: Mapping[str, str]) -> str:
    return ", ".join(f"{_text(key)} = {_text(value)}" for key, value in sorted(properties.items()))


def _ticked(name: str) -> str:
    return f"`{name.replace('`', '``')}`"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(value: str) -> str:
    """A text as Hive's statements have it: a backslash before what would end it."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\x01", "\\001")
    return f"'{escaped}'"
