"""DuckDB's types in Hive's words, which catalogs keep, and back.

A type that Hive has no word for is refused, unless a wider one holds the same values (``UINTEGER`` in ``bigint``). What
is read back is the type whose values the files hold, so a type may come back wider than it went.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from mason.errors import EngineError
from mason.sql.sql_types import SqlType, decimal, from_duckdb, list_of

LONGEST_NAME = 255
"""Bytes of the longest name of a column; in Glue of a database and a table, too (AWS Glue, "Catalog API")."""

_HIVE = {
    "BOOLEAN": "boolean",
    "TINYINT": "tinyint",
    "SMALLINT": "smallint",
    "INTEGER": "int",
    "BIGINT": "bigint",
    "HUGEINT": "decimal(38,0)",
    "UTINYINT": "smallint",
    "USMALLINT": "int",
    "UINTEGER": "bigint",
    "UBIGINT": "decimal(20,0)",
    "FLOAT": "float",
    "DOUBLE": "double",
    "VARCHAR": "string",
    "ENUM": "string",
    "DATE": "date",
    "TIMESTAMP": "timestamp",
    "TIMESTAMP_S": "timestamp",
    "TIMESTAMP_MS": "timestamp",
    "BLOB": "binary",
}
_DUCKDB = {
    "boolean": "BOOLEAN",
    "tinyint": "TINYINT",
    "smallint": "SMALLINT",
    "int": "INTEGER",
    "integer": "INTEGER",
    "bigint": "BIGINT",
    "float": "FLOAT",
    "real": "FLOAT",
    "double": "DOUBLE",
    "string": "VARCHAR",
    "varchar": "VARCHAR",
    "char": "VARCHAR",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "timestamp with time zone": "TIMESTAMP WITH TIME ZONE",
    "binary": "BLOB",
    "varbinary": "BLOB",
}
_REMEDIES = {
    "TIMESTAMP WITH TIME ZONE": "declare it as TIMESTAMP, which tells the times in UTC, or, of text files, as VARCHAR",
    "TIMESTAMP_NS": "declare it as TIMESTAMP",
    "TIME": "declare it as VARCHAR",
    "UUID": "declare it as VARCHAR, if the files hold it as text",
}
_WORD = re.compile(r"\s*([A-Za-z_][\w ]*|[<>(),:]|\d+|`(?:[^`]|``)*`)", re.ASCII)
# Nested types deeper than any table has, and far from Python's own limit.
_DEEPEST = 50


@cache
def hive_type(duckdb_type: str) -> str:
    """Hive's word for the type that DuckDB writes as ``duckdb_type``. Raises ``EngineError`` where it has none."""
    # Imported here: it takes a tenth of a second, and who only reads a catalog needs none of it.
    import duckdb

    try:
        found = from_duckdb(duckdb.sqltype(duckdb_type))
    except duckdb.Error as error:
        raise EngineError(f"{duckdb_type!r} is no SQL type.") from error
    return _hive(found, duckdb_type)


def _hive(found: SqlType, whole: str) -> str:
    if found.name == "DECIMAL":
        return f"decimal({found.width},{found.scale})"
    if found.name == "LIST":
        return f"array<{_hive(found.element, whole)}>"
    if found.name == "MAP":
        return f"map<{','.join(_hive(each, whole) for _, each in found.fields)}>"
    if found.name == "STRUCT":
        parts = [(name, _hive(each, whole)) for name, each in found.fields]
        odd = next((name for name, _ in parts if not re.fullmatch(r"\w+", name)), None)
        if odd is not None:
            raise EngineError(f"Hive takes no field {odd!r} within {whole}: rename it to letters and digits.")
        return f"struct<{','.join(f'{name.lower()}:{each}' for name, each in parts)}>"
    if found.name not in _HIVE:
        remedy = _REMEDIES.get(found.name, "declare it as another type, or write the files with one")
        raise EngineError(f"Hive has no type for {whole}: {remedy}.")
    return _HIVE[found.name]


@cache
def duckdb_type(hive: str) -> str:
    """The type that DuckDB has for Hive's ``hive``; a type that is not known here stays as it is written."""
    words = _words(hive)
    try:
        found, rest = _parsed(words, 0)
    except (IndexError, ValueError):
        return hive
    return str(found) if found is not None and rest == len(words) else hive


def _words(text: str) -> list[str]:
    words, place = [], 0
    while place < len(text.rstrip()):
        found = _WORD.match(text, place)
        if found is None:
            return []
        words.append(found[1].strip())
        place = found.end()
    return words


def _parsed(words: list[str], place: int, depth: int = 0) -> tuple[SqlType | None, int]:
    """The type that begins at ``place``, and where it ends. ``None`` for one that is not known."""
    if depth > _DEEPEST:
        raise ValueError("too deep")
    name = words[place].lower()
    place += 1
    if name in ("array", "map", "struct"):
        return _nested(name, words, place, depth)
    arguments: list[int] = []
    if place < len(words) and words[place] == "(":
        end = words.index(")", place)
        arguments = [int(each) for each in words[place + 1 : end] if each != ","]
        place = end + 1
    if name == "decimal":
        width, scale = (*arguments, 10, 0)[:2] if len(arguments) != 1 else (arguments[0], 0)
        return decimal(width, scale), place
    return (SqlType(_DUCKDB[name]) if name in _DUCKDB else None), place


def _nested(name: str, words: list[str], place: int, depth: int) -> tuple[SqlType | None, int]:
    fields: list[tuple[str, SqlType]] = []
    separator = "<"
    while separator != ">":
        if words[place] != separator:
            raise ValueError(words[place])
        place += 1
        label = ""
        if name == "struct":
            label, place = words[place].strip("`"), place + 2
            if words[place - 1] != ":":
                raise ValueError(words[place - 1])
        found, place = _parsed(words, place, depth + 1)
        if found is None:
            return None, place
        fields.append((label, found))
        separator = ">" if words[place] == ">" else ","
    if name == "array":
        return list_of(fields[0][1]), place + 1
    return SqlType(name.upper(), fields=tuple(fields)), place + 1


def hive_columns(columns: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Names and DuckDB types of columns as the catalog keeps them. Raises ``EngineError`` with all that it cannot."""
    faults: list[str] = []
    written: dict[str, str] = {}
    kept: list[tuple[str, str]] = []
    for name, kind in columns:
        lower = name.lower()
        if lower in written:
            faults.append(f"Columns {written[lower]} and {name} are one in lower case, in which Hive keeps names.")
        if not 0 < len(lower.encode()) <= LONGEST_NAME:
            faults.append(f"Column {name!r} must have 1 to {LONGEST_NAME} bytes.")
        written[lower] = name
        try:
            kept.append((lower, hive_type(kind)))
        except EngineError as error:
            faults.append(f"Column {name}: {error}")
    if faults:
        raise EngineError(" ".join(faults))
    return kept
