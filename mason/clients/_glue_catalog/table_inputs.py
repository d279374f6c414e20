"""Tables as Glue's catalog holds them: the formats that Hive's readers know, their options, and views as Athena writes
them. Pure: values in, values out.

What a reader of Athena's could not do with a file is refused when the table is registered: an option that would be left
out in silence makes other rows of the same file.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from mason.clients._glue_catalog.hive_types import duckdb_type, hive_columns
from mason.engines.models import Column, Location, Schema, Table
from mason.errors import EngineError
from mason.values import dataclass

CRAWLER = "UPDATED_BY_CRAWLER"
"""The parameter in which a crawler writes its name."""
SCHEDULE = "mason.schedule"
"""The parameter in which Mason writes the schedule whose runs registered a table."""

_LONGEST_COMMENT = 255
_TEXT = ("org.apache.hadoop.mapred.TextInputFormat", "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat")
_LAZY = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
_QUOTED = "org.apache.hadoop.hive.serde2.OpenCSVSerde"
_SKIP = "skip.header.line.count"
# Where quotes are read, every field is text first, and only these types are made of it (AWS Athena, "OpenCSVSerDe").
_READ_QUOTED = frozenset({"string", "boolean", "int", "bigint", "double"})
_CSV_OPTIONS = frozenset({"delimiter", "quote", "escape", "header", "skip", "null"})


@dataclass(frozen=True, slots=True)
class Reader:
    """The classes of Hive's that read and write a format."""

    input_format: str
    output_format: str
    serde: str


READERS: Mapping[str, Reader] = {
    "csv": Reader(*_TEXT, _QUOTED),
    "json": Reader(*_TEXT, "org.openx.data.jsonserde.JsonSerDe"),
    "parquet": Reader(
        "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
        "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
        "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
    ),
    "orc": Reader(
        "org.apache.hadoop.hive.ql.io.orc.OrcInputFormat",
        "org.apache.hadoop.hive.ql.io.orc.OrcOutputFormat",
        "org.apache.hadoop.hive.ql.io.orc.OrcSerde",
    ),
    "avro": Reader(
        "org.apache.hadoop.hive.ql.io.avro.AvroContainerInputFormat",
        "org.apache.hadoop.hive.ql.io.avro.AvroContainerOutputFormat",
        "org.apache.hadoop.hive.serde2.avro.AvroSerDe",
    ),
}


def input_of(table: Table) -> dict[str, Any]:
    """The ``TableInput`` of a table or view. Raises ``EngineError`` with what the catalog cannot hold of it."""
    if table.schema is None or not table.schema.columns:
        raise EngineError(f"Table {table.name} has no columns. Give its definition a schema: storage.infer_table does.")
    columns = hive_columns((column.name, column.type) for column in table.schema.columns)
    comments = {column.name.lower(): column.comment[:_LONGEST_COMMENT] for column in table.schema.columns}
    if table.kind == "view":
        return _view(table, columns)
    if table.location is None:
        raise EngineError(f"Table {table.name} has no location: say in which folder of a bucket its files are.")
    reader, serde, parameters, columns = _reading(table, columns)
    keys = [name.lower() for name in table.partition_columns]
    lacking = [name for name in keys if name not in dict(columns)]
    if lacking or len(keys) == len(columns):
        what = f"no column {', '.join(lacking)}" if lacking else "no column that is not a partition column"
        raise EngineError(f"Table {table.name} has {what}, so it cannot be partitioned by {', '.join(keys)}.")
    described = {
        name: {"Name": name, "Type": kind, **({"Comment": comments[name]} if comments[name] else {})}
        for name, kind in columns
    }
    return {
        "Name": table.name,
        **({"Description": table.comment} if table.comment else {}),
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {
            # Without it, tools that drop the table delete its files.
            "EXTERNAL": "TRUE",
            "classification": table.format,
            **parameters,
            **({SCHEDULE: table.schedule} if table.schedule else {}),
        },
        "StorageDescriptor": {
            "Columns": [each for name, each in described.items() if name not in keys],
            "Location": table.location.path,
            "InputFormat": reader.input_format,
            "OutputFormat": reader.output_format,
            "Compressed": False,
            "NumberOfBuckets": -1,
            "SerdeInfo": {"SerializationLibrary": reader.serde, "Parameters": serde},
            "StoredAsSubDirectories": False,
        },
        "PartitionKeys": [described[name] for name in keys],
    }


def _reading(
    table: Table, columns: list[tuple[str, str]]
) -> tuple[Reader, dict[str, str], dict[str, str], list[tuple[str, str]]]:
    """How the files of a table are read: classes, parameters of the reader and of the table, and the columns' types."""
    reader = READERS.get(table.format)
    if reader is None:
        what = f"the format {table.format}" if table.format else "no format"
        raise EngineError(f"Glue's catalog knows {', '.join(READERS)}, but table {table.name} has {what}.")
    options = {name: value for name, value in table.options.items() if value not in (None, False, 0)}
    known = _CSV_OPTIONS if table.format == "csv" else frozenset()
    if odd := sorted(set(options) - known):
        raise EngineError(
            f"Athena reads {table.format} with no option {', '.join(odd)}, which table {table.name} has. Write its "
            "files anew with table format, by a config whose execution engine knows the option."
        )
    if table.format != "csv":
        return reader, {"serialization.format": "1"}, {}, columns
    skipped = int(options.get("skip", 0)) + bool(options.get("header"))
    parameters = {_SKIP: str(skipped)} if skipped else {}
    delimiter = str(options.get("delimiter", ","))
    null = {"serialization.null.format": str(options["null"])} if isinstance(options.get("null"), str) else {}
    if table.options.get("quote") == "":
        lazy = Reader(*_TEXT, _LAZY)
        return lazy, {"field.delim": delimiter, "serialization.format": delimiter, **null}, parameters, columns
    if null:
        raise EngineError(
            f"Athena reads no option null where fields of CSV may be quoted. Give table {table.name} the option "
            "quote: '' if nothing in its files is quoted."
        )
    serde = {
        "separatorChar": delimiter,
        "quoteChar": str(options.get("quote", '"')),
        "escapeChar": str(options.get("escape", "\\")),
    }
    keys = {name.lower() for name in table.partition_columns}
    # The values of partition columns are in the names of folders, and read by their types.
    read = [(name, kind if kind in _READ_QUOTED or name in keys else "string") for name, kind in columns]
    return reader, serde, parameters, read


def _view(table: Table, columns: list[tuple[str, str]]) -> dict[str, Any]:
    sql = str(table.options.get("sql", "")).strip()
    if not sql:
        raise EngineError(f"View {table.name} has no statement: give its definition options: {{sql: SELECT ...}}.")
    described = {
        "originalSql": sql,
        "catalog": "awsdatacatalog",
        "schema": table.database,
        "columns": [{"name": name, "type": _trino(kind)} for name, kind in columns],
    }
    coded = base64.b64encode(json.dumps(described, separators=(",", ":")).encode()).decode()
    return {
        "Name": table.name,
        **({"Description": table.comment} if table.comment else {}),
        "TableType": "VIRTUAL_VIEW",
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
    storage, parameters = found.get("StorageDescriptor") or {}, found.get("Parameters") or {}
    keys = [each["Name"] for each in found.get("PartitionKeys") or ()]
    described = [*(storage.get("Columns") or ()), *(found.get("PartitionKeys") or ())]
    columns = [
        Column(each["Name"], duckdb_type(each.get("Type", "")), comment=each.get("Comment", "")) for each in described
    ]
    is_view = found.get("TableType") == "VIRTUAL_VIEW"
    format = "" if is_view else _format(storage, parameters)
    return Table(
        name=found["Name"],
        database=found.get("DatabaseName", ""),
        schema=Schema(tuple(columns)) if schema else None,
        location=Location(storage["Location"]) if storage.get("Location") else None,
        format=format,
        options=_sql_of(found) if is_view else _options(storage, parameters) if format == "csv" else {},
        partition_columns=tuple(keys),
        kind="view" if is_view else "table",
        comment=found.get("Description") or "",
        schedule=parameters.get(CRAWLER) or parameters.get(SCHEDULE, ""),
    )


def _format(storage: Mapping[str, Any], parameters: Mapping[str, str]) -> str:
    if parameters.get("table_type", "").upper() == "ICEBERG":
        return "iceberg"
    if parameters.get("classification"):
        return parameters["classification"].lower()
    serde = (storage.get("SerdeInfo") or {}).get("SerializationLibrary", "")
    if serde == _LAZY:
        return "csv"
    if "json" in serde.lower():
        return "json"
    return next((name for name, reader in READERS.items() if reader.serde == serde), serde.rpartition(".")[2])


def _options(storage: Mapping[str, Any], parameters: Mapping[str, str]) -> dict[str, Any]:
    """The options of a CSV reader, in Mason's words."""
    serde = storage.get("SerdeInfo") or {}
    given = serde.get("Parameters") or {}
    skipped = parameters.get(_SKIP, given.get(_SKIP, "0"))
    lines = int(skipped) if str(skipped).isdigit() else 0
    options: dict[str, Any] = {
        # What Hive takes where nothing is said.
        "delimiter": given.get("separatorChar", ",") if serde.get("SerializationLibrary") == _QUOTED else "\x01"
    }
    if serde.get("SerializationLibrary") != _QUOTED:
        options = {"delimiter": given.get("field.delim", "\x01"), "quote": ""}
        if "serialization.null.format" in given:
            options["null"] = given["serialization.null.format"]
    elif given.get("quoteChar", '"') != '"':
        options["quote"] = given["quoteChar"]
    options["header"] = lines > 0
    return options | ({"skip": lines - 1} if lines > 1 else {})


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
