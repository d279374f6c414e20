"""Tables as descriptions of Hive's: the formats that its readers know, and their options. Pure: values in, values out.

What a reader could not do with a file is refused when the table is registered: an option that would be left out in
silence makes other rows of the same file.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mason.clients._hive_tables.hive_types import duckdb_type, hive_columns
from mason.engines.models import Column, Location, Schema, Table
from mason.errors import EngineError
from mason.values import dataclass

SCHEDULE = "mason.schedule"
"""The parameter in which Mason writes the schedule whose runs registered a table."""
JOB = "mason.job"
"""The parameter in which the job stands that registered a table."""
MADE = "mason.made"
"""The parameter in which the submission stands that made a table together with its files."""
VIEW = "VIRTUAL_VIEW"
"""What the catalogs call a view."""
SKIP = "skip.header.line.count"
"""The parameter that says how many lines at the head of a file are none of its rows."""

_CRAWLER = "UPDATED_BY_CRAWLER"
_LONGEST_COMMENT = 255
_TEXT = ("org.apache.hadoop.mapred.TextInputFormat", "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat")
_LAZY = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
_QUOTED = "org.apache.hadoop.hive.serde2.OpenCSVSerde"
_CSV_OPTIONS = frozenset({"delimiter", "quote", "escape", "header", "skip", "null"})


@dataclass(frozen=True, slots=True)
class Reader:
    """The classes of Hive's that read and write a format."""

    input_format: str
    output_format: str
    serde: str


_READERS: Mapping[str, Reader] = {
    "csv": Reader(*_TEXT, _QUOTED),
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


@dataclass(frozen=True, slots=True)
class Catalog:
    """Who keeps descriptions, and who reads the files by them.

    ``name`` and ``reads`` are the names of both in sentences, ``json`` is the class that reads JSON, and
    ``read_quoted`` are the types that the reader of quoted CSV makes of its texts.
    """

    name: str
    reads: str
    json: str
    read_quoted: frozenset[str]

    def reader(self, format: str) -> Reader | None:
        """The classes for a format; ``None`` for one that is not known."""
        return Reader(*_TEXT, self.json) if format == "json" else _READERS.get(format)


def columns_of(table: Table) -> list[tuple[str, str]]:
    """Names and types of a table's columns, as catalogs keep them. Raises ``EngineError`` with all that they cannot."""
    if table.schema is None or not table.schema.columns:
        raise EngineError(f"Table {table.name} has no columns. Give its definition a schema: storage.infer_table does.")
    return hive_columns((column.name, column.type) for column in table.schema.columns)


def describe(table: Table, catalog: Catalog) -> dict[str, Any]:
    """The description of a table (no view) over files. Raises ``EngineError`` with what ``catalog`` cannot hold."""
    columns = columns_of(table)
    if table.location is None:
        raise EngineError(f"Table {table.name} has no location: say in which folder its files are.")
    reader, serde, parameters, columns = _reading(table, columns, catalog)
    keys = [name.lower() for name in table.partition_columns]
    lacking = [name for name in keys if name not in dict(columns)]
    if lacking or len(keys) == len(columns):
        what = f"no column {', '.join(lacking)}" if lacking else "no column that is not a partition column"
        raise EngineError(f"Table {table.name} has {what}, so it cannot be partitioned by {', '.join(keys)}.")
    assert table.schema is not None
    comments = {column.name.lower(): column.comment[:_LONGEST_COMMENT] for column in table.schema.columns}
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
    table: Table, columns: list[tuple[str, str]], catalog: Catalog
) -> tuple[Reader, dict[str, str], dict[str, str], list[tuple[str, str]]]:
    """How the files of a table are read: classes, parameters of the reader and of the table, and the columns' types."""
    reader = catalog.reader(table.format)
    if reader is None:
        what = f"the format {table.format}" if table.format else "no format"
        raise EngineError(
            f"{catalog.name[:1].upper()}{catalog.name[1:]} knows csv, json, parquet, orc, avro, but table {table.name} "
            f"has {what}."
        )
    options = {name: value for name, value in table.options.items() if value not in (None, False, 0)}
    known = _CSV_OPTIONS if table.format == "csv" else frozenset()
    if odd := sorted(set(options) - known):
        raise EngineError(
            f"{catalog.reads} reads {table.format} with no option {', '.join(odd)}, which table {table.name} has. "
            "Write its files anew with table format, by a config whose execution engine knows the option."
        )
    if table.format != "csv":
        return reader, {"serialization.format": "1"}, {}, columns
    skipped = int(options.get("skip", 0)) + bool(options.get("header"))
    parameters = {SKIP: str(skipped)} if skipped else {}
    delimiter = str(options.get("delimiter", ","))
    null = {"serialization.null.format": str(options["null"])} if isinstance(options.get("null"), str) else {}
    if table.options.get("quote") == "":
        lazy = Reader(*_TEXT, _LAZY)
        return lazy, {"field.delim": delimiter, "serialization.format": delimiter, **null}, parameters, columns
    if null:
        raise EngineError(
            f"{catalog.reads} reads no option null where fields of CSV may be quoted. Give table {table.name} the "
            "option quote: '' if nothing in its files is quoted."
        )
    serde = {
        "separatorChar": delimiter,
        "quoteChar": str(options.get("quote", '"')),
        "escapeChar": str(options.get("escape", "\\")),
    }
    keys = {name.lower() for name in table.partition_columns}
    # The values of partition columns are in the names of folders, and read by their types.
    read = [(name, kind if kind in catalog.read_quoted or name in keys else "string") for name, kind in columns]
    return reader, serde, parameters, read


def statement_of(view: Table) -> str:
    """The statement of a view. Raises ``EngineError`` where its definition has none."""
    sql = str(view.options.get("sql", "")).strip()
    if not sql:
        raise EngineError(f"View {view.name} has no statement: give its definition options: {{sql: SELECT ...}}.")
    return sql


def table_of(found: Mapping[str, Any], *, schema: bool = True) -> Table:
    """A table or view as its description tells it; the statement of a view is in its option ``sql``, as it stands."""
    storage, parameters = found.get("StorageDescriptor") or {}, found.get("Parameters") or {}
    keys = [each["Name"] for each in found.get("PartitionKeys") or ()]
    described = [*(storage.get("Columns") or ()), *(found.get("PartitionKeys") or ())]
    columns = [
        Column(each["Name"], duckdb_type(each.get("Type", "")), comment=each.get("Comment", "")) for each in described
    ]
    is_view = found.get("TableType") == VIEW
    format = "" if is_view else _format(storage, parameters)
    sql = found.get("ViewOriginalText") or ""
    return Table(
        name=found["Name"],
        database=found.get("DatabaseName", ""),
        schema=Schema(tuple(columns)) if schema else None,
        location=Location(storage["Location"]) if storage.get("Location") else None,
        format=format,
        options=({"sql": sql} if sql else {}) if is_view else _options(storage, parameters) if format == "csv" else {},
        partition_columns=tuple(keys),
        kind="view" if is_view else "table",
        comment=found.get("Description") or "",
        schedule=parameters.get(_CRAWLER) or parameters.get(SCHEDULE, ""),
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
    return next((name for name, reader in _READERS.items() if reader.serde == serde), serde.rpartition(".")[2])


def _options(storage: Mapping[str, Any], parameters: Mapping[str, str]) -> dict[str, Any]:
    """The options of a CSV reader, in Mason's words."""
    serde = storage.get("SerdeInfo") or {}
    given = serde.get("Parameters") or {}
    skipped = parameters.get(SKIP, given.get(SKIP, "0"))
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
