"""What Spark writes into a metastore beside Hive's words: true columns, format, options and place of its tables. Pure.

Of a table of CSV or JSON, or of one with a type that Hive lacks, Hive's own words are not true: one column ``col`` of
the type ``array<string>``, and a place where nothing is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from mason.clients._duckdb.quoting import identifier
from mason.clients._hive_tables.hadoop_locations import hadoop_location, url_of
from mason.clients._hive_tables.hive_ddl import properties, text, ticked
from mason.engines.models import Column, Location, Schema, Table
from mason.errors import EngineError

_SCHEMA = "spark.sql.sources.schema"
_PROVIDER = "spark.sql.sources.provider"
OWN = "spark.sql."
"""What the names of Spark's parameters begin with."""

# Spark's words for types (org.apache.spark.sql.types), and DuckDB's.
_PLAIN: Mapping[str, str] = {
    "boolean": "BOOLEAN",
    "byte": "TINYINT",
    "short": "SMALLINT",
    "integer": "INTEGER",
    "long": "BIGINT",
    "float": "FLOAT",
    "double": "DOUBLE",
    "string": "VARCHAR",
    "binary": "BLOB",
    "date": "DATE",
    "timestamp": "TIMESTAMP WITH TIME ZONE",
    "timestamp_ntz": "TIMESTAMP",
}
_SQL: Mapping[str, str] = {"byte": "tinyint", "short": "smallint", "integer": "int", "long": "bigint"}
_OPTIONS: Mapping[str, str] = {
    "sep": "delimiter",
    "delimiter": "delimiter",
    "quote": "quote",
    "escape": "escape",
    "nullvalue": "null",
}
# What is no option of the reader.
_NOT_READ = frozenset({"path", "serialization.format", "header"})


def spark_table(found: Mapping[str, Any], told: Table) -> Table | None:
    """A table as Spark knows it; ``told`` is what Hive's words say. ``None`` where Spark knows no more than they do.

    Raises ``EngineError`` where what Spark wrote cannot be read.
    """
    parameters = found["Parameters"]
    fields = _fields(found)
    provider = parameters.get(_PROVIDER, "").lower()
    if fields is None or told.kind == "view":
        return None
    columns = tuple(
        Column(each["name"], _duckdb(each["type"]), comment=(each.get("metadata") or {}).get("comment", ""))
        for each in fields
    )
    written = {column.name.lower(): column.name for column in columns}
    names = {column.name.lower() for column in told.schema.columns} if told.schema else set()
    if not provider and set(written) != names:
        # Changed by others since Spark wrote it: so Spark itself goes by Hive's words.
        return None
    serde = found["StorageDescriptor"].get("SerdeInfo", {}).get("Parameters", {})
    place = url_of(serde.get("path", "")) if provider else ""
    options, odd = _options(serde) if provider == "csv" else ({}, [])
    return Table(
        name=told.name,
        database=told.database,
        schema=Schema(columns),
        location=Location(place) if place else told.location,
        format=provider or told.format,
        options=options if provider else told.options,
        partition_columns=tuple(written.get(name, name) for name in told.partition_columns),
        comment=told.comment,
        schedule=told.schedule,
        notes=(f"Spark reads it with options that Mason has no words for: {', '.join(odd)}.",) if odd else (),
    )


def spark_ddl(found: Mapping[str, Any], table: Table) -> str:
    """The statement of Spark's that would make a table of Spark's own; empty for one that Hive's words make."""
    provider = found["Parameters"].get(_PROVIDER, "")
    fields = _fields(found)
    if not provider or fields is None:
        return ""
    lines = [f"CREATE TABLE {ticked(table.database)}.{ticked(table.name)} ("]
    described = []
    for each in fields:
        comment = (each.get("metadata") or {}).get("comment", "")
        described.append(
            f"  {ticked(each['name'])} {_sql(each['type'])}" + (f" COMMENT {text(comment)}" if comment else "")
        )
    lines += [",\n".join(described), f") USING {provider}"]
    serde = found["StorageDescriptor"].get("SerdeInfo", {}).get("Parameters", {})
    options = {key: value for key, value in serde.items() if key not in ("path", "serialization.format")}
    if options:
        lines.append(f"OPTIONS ({properties(options)})")
    if table.partition_columns:
        lines.append(f"PARTITIONED BY ({', '.join(map(ticked, table.partition_columns))})")
    if table.location:
        lines.append(f"LOCATION {text(hadoop_location(table.location.path))}")
    if table.comment:
        lines.append(f"COMMENT {text(table.comment)}")
    return "\n".join(lines) + ";"


def _fields(found: Mapping[str, Any]) -> list[Mapping[str, Any]] | None:
    """The columns that Spark wrote; ``None`` where it wrote none."""
    parameters = found["Parameters"]
    written = parameters.get(_SCHEMA)
    if written is None:
        count = parameters.get(f"{_SCHEMA}.numParts", "")
        if not count.isdigit():
            return None
        written = "".join(parameters.get(f"{_SCHEMA}.part.{index}", "") for index in range(int(count)))
    try:
        fields: list[Mapping[str, Any]] = json.loads(written)["fields"]
        for each in fields:
            each["name"], each["type"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise EngineError(
            f"What Spark keeps with the table {found['Name']} ({_SCHEMA}) is damaged. Make the table anew in Spark."
        ) from error
    return fields


def _duckdb(kind: Any) -> str:
    """DuckDB's name of a type; where DuckDB has none, Spark's own in capitals."""
    if isinstance(kind, str):
        return kind.upper() if kind.startswith("decimal") else _PLAIN.get(kind, kind.upper())
    if kind["type"] == "array":
        return f"{_duckdb(kind['elementType'])}[]"
    if kind["type"] == "map":
        return f"MAP({_duckdb(kind['keyType'])}, {_duckdb(kind['valueType'])})"
    if kind["type"] == "struct":
        inside = ", ".join(f"{identifier(each['name'])} {_duckdb(each['type'])}" for each in kind["fields"])
        return f"STRUCT({inside})"
    return str(kind["type"]).upper()


def _sql(kind: Any) -> str:
    """Spark's name of a type in its statements."""
    if isinstance(kind, str):
        return _SQL.get(kind, kind)
    if kind["type"] == "array":
        return f"array<{_sql(kind['elementType'])}>"
    if kind["type"] == "map":
        return f"map<{_sql(kind['keyType'])}, {_sql(kind['valueType'])}>"
    if kind["type"] == "struct":
        inside = ", ".join(f"{ticked(each['name'])}: {_sql(each['type'])}" for each in kind["fields"])
        return f"struct<{inside}>"
    return str(kind["type"])


def _options(serde: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    """The options of Spark's CSV reader in Mason's words, and those that Mason has no word for."""
    given = {key.lower(): value for key, value in serde.items()}
    # What Spark takes where nothing is said.
    options: dict[str, Any] = {"delimiter": ",", "escape": "\\"}
    options |= {word: given[key] for key, word in _OPTIONS.items() if key in given}
    options["header"] = given.get("header", "false").lower() == "true"
    return options, sorted(_odd(given))


def _odd(given: Mapping[str, str]) -> Iterator[str]:
    return (key for key in given if key not in _OPTIONS and key not in _NOT_READ)
