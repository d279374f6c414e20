"""The statements that make tables, from what Mason asks for to what a catalog takes. Pure.

What a catalog takes is what it says itself (``system.metadata.table_properties``): Hive's tables lie anywhere
(``external_location``) and are divided by columns (``partitioned_by``), Iceberg's have places of their own and are
divided by expressions (``partitioning``), others have neither.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from mason.clients._duckdb.quoting import identifier, literal
from mason.clients._hive_tables.hadoop_locations import hadoop_location
from mason.clients.trino.trino_names import SCHEMES
from mason.clients.trino.trino_types import trino_columns
from mason.engines.file_urls import scheme_of
from mason.engines.models import Table
from mason.errors import EngineError

_FORMATS = {"parquet": "PARQUET", "orc": "ORC", "avro": "AVRO", "json": "JSON", "jsonl": "JSON", "csv": "CSV"}

_PLACED = "external_location"
_BY_COLUMNS, _BY_EXPRESSIONS = "partitioned_by", "partitioning"
_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")


def registering(table: Table, sql_name: str, known: Collection[str], catalog: str) -> str:
    """The statement that registers a table over its files, or makes an empty one where it has no location.

    - ``sql_name``: its name in SQL. ``known``: the properties that its ``catalog`` takes.

    Raises ``EngineError`` for what the catalog cannot register.
    """
    columns = _divided(table)
    options: dict[str, Any] = {}
    if table.location is not None:
        options[_PLACED] = _location(table, known, catalog)
    if table.format:
        options["format"] = _format(table.format, known, catalog)
    if table.partition_columns:
        options |= partitioning(table.partition_columns, known, catalog)
    if options.get("format") == "CSV":
        _check_texts(table, columns)
        options |= _of_csv(table.options)
    written = ",\n".join(f"   {identifier(name)} {kind}{_remark(table, name)}" for name, kind in columns)
    comment = f"\nCOMMENT {literal(table.comment)}" if table.comment else ""
    return f"CREATE TABLE {sql_name} (\n{written}\n){comment}{with_options(options)}"


def partitioning(columns: Sequence[str], known: Collection[str], catalog: str) -> dict[str, Any]:
    """The property that divides a table by columns. Raises ``EngineError`` where the catalog has none."""
    names = [each.lower() for each in columns]
    if _BY_COLUMNS in known:
        return {_BY_COLUMNS: names}
    if _BY_EXPRESSIONS in known:
        # They are expressions: a name stands in quotes where it is no plain one.
        return {_BY_EXPRESSIONS: [each if _PLAIN.fullmatch(each) else identifier(each) for each in names]}
    raise EngineError(f"Catalog {catalog} has no tables in partitions. Leave partition_columns out.")


def written_format(format: str, known: Collection[str], catalog: str) -> dict[str, Any]:
    """The property for the format of files. Raises ``EngineError`` where the catalog does not take it."""
    return {"format": _format(format, known, catalog)}


def with_options(options: Mapping[str, Any]) -> str:
    """The clause of properties; empty without any."""
    if not options:
        return ""
    return "\nWITH (\n" + ",\n".join(f"   {name} = {_value(value)}" for name, value in options.items()) + "\n)"


def _value(value: Any) -> str:
    return f"ARRAY[{', '.join(map(literal, value))}]" if isinstance(value, list) else literal(value)


def _divided(table: Table) -> list[tuple[str, str]]:
    """The columns in Trino's words, those of partitions last, as Hive's tables have them."""
    columns = trino_columns(table.types.items())
    if not columns:
        raise EngineError(f"Table {table.name} has no columns. storage.infer_table finds them.")
    keys = [each.lower() for each in table.partition_columns]
    kinds = dict(columns)
    if missing := [each for each in keys if each not in kinds]:
        raise EngineError(f"Table {table.name} has no column {', '.join(missing)}, by which it is divided.")
    return [each for each in columns if each[0] not in keys] + [(name, kinds[name]) for name in keys]


def _remark(table: Table, name: str) -> str:
    column = next(each for each in (table.schema.columns if table.schema else ()) if each.name.lower() == name)
    return ("" if column.nullable else " NOT NULL") + (f" COMMENT {literal(column.comment)}" if column.comment else "")


def _location(table: Table, known: Collection[str], catalog: str) -> str:
    assert table.location is not None, "it has one"
    place = table.location.path
    if _PLACED not in known:
        raise EngineError(
            f"Catalog {catalog} keeps the files of its tables itself, so that {place} cannot be registered there. "
            f"Make the table with a query whose output is table://{table.database}/{table.name}."
        )
    if scheme_of(place) not in SCHEMES:
        raise EngineError(f"Trino takes URLs (s3://, hdfs://, gs:// and others) as locations, not {place!r}.")
    if any(each in place for each in "*?["):
        raise EngineError(f"Trino takes folders as locations, and no pattern such as {place}. Give the folder.")
    name = place.rstrip("/").rpartition("/")[2]
    if table.format and name.lower().endswith((f".{table.format}", ".gz", ".zst", ".tsv")):
        raise EngineError(f"Trino reads folders, and {place} is a file. Give the folder that it is in.")
    return hadoop_location(place)


def _format(format: str, known: Collection[str], catalog: str) -> str:
    if "format" not in known:
        raise EngineError(f"Tables of catalog {catalog} have no format that is chosen. Leave format out.")
    if format.lower() not in _FORMATS:
        raise EngineError(f"Trino has no tables of {format} (it has: {', '.join(_FORMATS)}).")
    return _FORMATS[format.lower()]


def _check_texts(table: Table, columns: Sequence[tuple[str, str]]) -> None:
    others = [name for name, kind in columns if kind != "varchar" and name not in table.partition_columns]
    if others:
        raise EngineError(
            f"Trino reads columns of CSV files as texts alone, and {', '.join(others)} of {table.name} is none. "
            "Declare them as VARCHAR, or write the table as parquet first."
        )


def _of_csv(options: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if options.get("delimiter") not in (None, ","):
        found["csv_separator"] = str(options["delimiter"])
    if options.get("quote") not in (None, '"'):
        found["csv_quote"] = str(options["quote"])
    if options.get("header"):
        found["skip_header_line_count"] = 1
    return found
