"""Types of Spark and of DuckDB, each in the words of the other: what Mason's schemas say is DuckDB's."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Any

from mason.clients._duckdb.quoting import identifier
from mason.errors import TranslationError
from mason.sql.parsed import types_of
from mason.sql.sql_types import spark_name

_PLAIN: Mapping[str, str] = {
    "boolean": "BOOLEAN",
    "tinyint": "TINYINT",
    "smallint": "SMALLINT",
    "int": "INTEGER",
    "bigint": "BIGINT",
    "float": "FLOAT",
    "double": "DOUBLE",
    "string": "VARCHAR",
    "char": "VARCHAR",
    "varchar": "VARCHAR",
    "binary": "BLOB",
    "date": "DATE",
    "timestamp": "TIMESTAMP WITH TIME ZONE",
    "timestamp_ltz": "TIMESTAMP WITH TIME ZONE",
    "timestamp_ntz": "TIMESTAMP",
}
_JSON = re.compile(r"\bJSON\b")


@functools.cache
def to_spark(type_: str) -> str:
    """Spark's name of one of DuckDB's types; empty where Spark has none that holds the same values."""
    if _JSON.search(type_):
        # A document, of which Spark would make a text.
        return ""
    try:
        return spark_name(types_of({"t": {"c": type_}})["t"]["c"])
    except TranslationError:
        return ""


def to_duckdb(type_: Mapping[str, Any]) -> str:
    """DuckDB's name of a type as ``DESCRIBE ... AS JSON`` gives it; where DuckDB has none, Spark's own in capitals."""
    name = str(type_["name"])
    if name == "decimal":
        return f"DECIMAL({type_['precision']},{type_['scale']})"
    if name == "array":
        return f"{to_duckdb(type_['element_type'])}[]"
    if name == "map":
        return f"MAP({to_duckdb(type_['key_type'])}, {to_duckdb(type_['value_type'])})"
    if name == "struct":
        inside = ", ".join(f"{identifier(each['name'])} {to_duckdb(each['type'])}" for each in type_["fields"])
        return f"STRUCT({inside})"
    return _PLAIN.get(name, name.upper())
