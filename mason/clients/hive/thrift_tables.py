"""Descriptions of tables in Hive's Thrift, and back: the same words in another case."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mason.clients._hive_tables.hadoop_locations import hadoop_location, url_of
from mason.clients._hive_tables.hive_tables import VIEW


def description(found: Any) -> dict[str, Any]:
    """The description of a table as the metastore told it."""
    storage = found.sd
    serde = storage.serdeInfo if storage is not None else None
    parameters = dict(found.parameters or {})
    return {
        "Name": found.tableName,
        "DatabaseName": found.dbName,
        "Description": parameters.pop("comment", ""),
        "Owner": found.owner or "",
        "TableType": found.tableType or "",
        "Parameters": parameters,
        "StorageDescriptor": {
            "Columns": _columns(storage.cols),
            "Location": url_of(storage.location or ""),
            "InputFormat": storage.inputFormat or "",
            "OutputFormat": storage.outputFormat or "",
            "SerdeInfo": {
                "SerializationLibrary": (serde.serializationLib if serde else "") or "",
                "Parameters": dict((serde.parameters if serde else None) or {}),
            },
        }
        if storage is not None
        else {},
        "PartitionKeys": _columns(found.partitionKeys),
        "ViewOriginalText": found.viewOriginalText or "",
    }


def _columns(columns: Any) -> list[dict[str, str]]:
    return [
        {"Name": each.name, "Type": each.type or "", **({"Comment": each.comment} if each.comment else {})}
        for each in columns or ()
    ]


def thrift_table(described: Mapping[str, Any], *, database: str, owner: str) -> Any:
    """The table that a description is of, as the metastore takes it."""
    from pymetastore.hive_metastore.ttypes import Table

    parameters = dict(described["Parameters"])
    if described.get("Description"):
        parameters["comment"] = described["Description"]
    sql = described.get("ViewOriginalText") or None
    return Table(
        tableName=described["Name"],
        dbName=database,
        owner=owner,
        createTime=0,
        lastAccessTime=0,
        retention=0,
        sd=_storage(described["StorageDescriptor"], is_view=described["TableType"] == VIEW),
        partitionKeys=[_field(each) for each in described["PartitionKeys"]],
        parameters=parameters,
        viewOriginalText=sql,
        viewExpandedText=sql,
        tableType=described["TableType"],
    )


def _storage(storage: Mapping[str, Any], *, is_view: bool) -> Any:
    from pymetastore.hive_metastore.ttypes import SerDeInfo, StorageDescriptor

    serde = storage.get("SerdeInfo") or {}
    return StorageDescriptor(
        cols=[_field(each) for each in storage["Columns"]],
        location=None if is_view else hadoop_location(storage["Location"]),
        inputFormat=storage.get("InputFormat"),
        outputFormat=storage.get("OutputFormat"),
        compressed=False,
        numBuckets=-1,
        serdeInfo=SerDeInfo(
            serializationLib=serde.get("SerializationLibrary"), parameters=dict(serde.get("Parameters") or {})
        ),
        bucketCols=[],
        sortCols=[],
        parameters={},
        storedAsSubDirectories=False,
    )


def _field(column: Mapping[str, str]) -> Any:
    from pymetastore.hive_metastore.ttypes import FieldSchema

    return FieldSchema(column["Name"], column["Type"], column.get("Comment"))
