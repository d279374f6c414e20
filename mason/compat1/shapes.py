"""The JSON of 1.x, made of today's values. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mason.engines.models import Column, Database, Job, Rows, Table

_TEXT_FORMATS = ("csv", "json", "jsonl", "xlsx")
_PANDAS = {
    "BIGINT": "int64",
    "INTEGER": "int32",
    "DOUBLE": "float64",
    "FLOAT": "float32",
    "BOOLEAN": "bool",
    "VARCHAR": "object",
}
"""What 1.x called the types that it found in text files."""


def table_shape(table: Table) -> dict[str, Any]:
    """``Name``, ``CreatedAt``, ``CreatedBy``, ``DatabaseName`` and ``Schema``. Mason does not know when a table was
    made."""
    named = {"DatabaseName": table.database} if table.database else {}
    return {"Name": table.name, "CreatedAt": "", "CreatedBy": "mason", **named, "Schema": schema_shape(table)}


def schema_shape(table: Table) -> dict[str, Any]:
    """``SchemaType``, the format, and ``Columns``."""
    columns: Sequence[Column] = table.schema.columns if table.schema else ()
    of_text = table.format in _TEXT_FORMATS
    return {
        "SchemaType": table.format,
        "Columns": [
            {"Name": each.name, "Type": _PANDAS.get(each.type, each.type) if of_text else each.type} for each in columns
        ],
    }


def data_shape(returned: Any, data: Sequence[Any]) -> list[Any]:
    """``Data`` as 1.x had it: ``returned`` is what an operator returned, ``data`` what is printed of it today."""
    if isinstance(returned, Table):
        return [table_shape(returned)]
    if isinstance(returned, Job):
        return [{"Logs": list(returned.logs)}] if returned.logs else []
    if isinstance(returned, Rows):
        return returned.to_dicts()
    if isinstance(returned, Sequence) and not isinstance(returned, str) and returned:
        if all(isinstance(each, Table) for each in returned):
            return [{"Tables": [table_shape(each) for each in returned]}]
        if all(isinstance(each, Database) for each in returned):
            return [{"Databases": [{"Name": each.name} for each in returned]}]
    return list(data)


def answer_shape(answer: Mapping[str, Sequence[Any]], returned: Any) -> dict[str, Any]:
    """``Errors``, ``Info``, ``Warnings`` and ``Data``, all four whatever they hold."""
    lists = {name: list(answer.get(name, ())) for name in ("Errors", "Info", "Warnings")}
    return {**lists, "Data": data_shape(returned, answer.get("Data", ()))}


def definition_shape(definition: Mapping[str, Any], *, current: str = "") -> dict[str, Any]:
    """One definition as ``mason get KIND ...`` of 1.x printed it; ``current`` is the id of the current config."""
    kind = definition["type"]
    if kind == "config":
        return _config_shape(definition, current)
    shape = {key: definition[key] for key in ("namespace", "command")}
    shape["description"] = definition.get("description", "")
    if kind == "operator":
        given = definition.get("parameters", {})
        shape["parameters"] = {group: [each["name"] for each in given[group]] for group in given}
        shape["supported_configurations"] = definition.get("supported_configurations", [])
    elif kind == "workflow":
        shape["dag"] = {"steps": [_step_shape(step) for step in definition["dag"]]}
        shape["supported_schedulers"] = definition.get("supported_schedulers", [])
    else:
        return dict(definition)
    return shape


def _step_shape(step: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": step["id"],
        "namespace": step["namespace"],
        "command": step["command"],
        "dependencies": list(step.get("dependencies", ())),
        "retry_method": step.get("retry"),
        "retry_max": step.get("retry_max"),
    }


def _config_shape(definition: Mapping[str, Any], current: str) -> dict[str, Any]:
    clients = definition.get("clients", {})
    shape: dict[str, Any] = {"current": definition["id"] == current, "id": definition["id"]}
    for role in ("execution", "metastore", "storage", "scheduler"):
        shape[f"{role}_client"] = [
            {"client_name": name, **clients.get(name, {}).get("configuration", {})}
            for name in definition.get(f"{role}_clients", ())
        ]
    return shape
