"""DuckDB's types in Trino's words, and back. Pure.

What is read back is the type whose values a column holds, so a type may come back wider than it went (``UINTEGER`` as
``BIGINT``). A type of Trino's that DuckDB has not stays as Trino writes it, and is known to nobody here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache

from mason.clients._duckdb.quoting import identifier
from mason.errors import EngineError
from mason.sql.sql_types import SqlType, decimal, from_duckdb, list_of

_TRINO = {
    "BOOLEAN": "boolean",
    "TINYINT": "tinyint",
    "SMALLINT": "smallint",
    "INTEGER": "integer",
    "BIGINT": "bigint",
    "HUGEINT": "decimal(38,0)",
    "UTINYINT": "smallint",
    "USMALLINT": "integer",
    "UINTEGER": "bigint",
    "UBIGINT": "decimal(20,0)",
    "FLOAT": "real",
    "DOUBLE": "double",
    "VARCHAR": "varchar",
    "ENUM": "varchar",
    "DATE": "date",
    "TIME": "time(6)",
    "TIMESTAMP": "timestamp(6)",
    "TIMESTAMP_S": "timestamp(0)",
    "TIMESTAMP_MS": "timestamp(3)",
    "TIMESTAMP_NS": "timestamp(9)",
    "TIMESTAMP WITH TIME ZONE": "timestamp(6) with time zone",
    "BLOB": "varbinary",
    "UUID": "uuid",
    "JSON": "json",
}
_DUCKDB = {
    "boolean": "BOOLEAN",
    "tinyint": "TINYINT",
    "smallint": "SMALLINT",
    "integer": "INTEGER",
    "int": "INTEGER",
    "bigint": "BIGINT",
    "real": "FLOAT",
    "double": "DOUBLE",
    "date": "DATE",
    "varbinary": "BLOB",
    "uuid": "UUID",
    "json": "JSON",
}
# Presto's times have milliseconds, and say no digits.
_PLAIN_DIGITS = 3
_MOST_DIGITS = 6
_TIMESTAMPS = {0: "TIMESTAMP_S", 3: "TIMESTAMP_MS", 9: "TIMESTAMP_NS"}
_WORD = re.compile(r'\s*("(?:[^"]|"")*"|[A-Za-z_@][\w@]*|\d+|[(),])')
# Nested types deeper than any table has, and far from Python's own limit.
_DEEPEST = 50
_ZONE = ["with", "time", "zone"]
# Texts that are filled up with blanks; DuckDB takes the word for any text.
_PADDED = re.compile(r"char\(\d+\)")


@cache
def trino_type(duckdb_type: str) -> str:
    """Trino's word for the type that DuckDB writes as ``duckdb_type``. Raises ``EngineError`` where it has none."""
    # Imported here: it takes a tenth of a second, and who only reads a catalog needs none of it.
    import duckdb

    try:
        found = from_duckdb(duckdb.sqltype(duckdb_type))
    except duckdb.Error as error:
        raise EngineError(f"{duckdb_type!r} is no SQL type.") from error
    # Its name is that of a text to DuckDB.
    return "json" if duckdb_type.strip().upper() == "JSON" else _written(found, duckdb_type)


def _written(found: SqlType, whole: str) -> str:
    if found.name == "DECIMAL":
        return f"decimal({found.width},{found.scale})"
    if found.name == "LIST":
        return f"array({_written(found.element, whole)})"
    if found.name == "MAP":
        return f"map({', '.join(_written(each, whole) for _, each in found.fields)})"
    if found.name == "STRUCT":
        return f"row({', '.join(f'{identifier(name)} {_written(each, whole)}' for name, each in found.fields)})"
    if found.name not in _TRINO:
        raise EngineError(f"Trino has no type for {whole}: declare it as another one, such as VARCHAR.")
    return _TRINO[found.name]


@cache
def known_type(trino: str) -> SqlType | None:
    """DuckDB's type for Trino's ``trino``; ``None`` where it has none with the same values."""
    words = _words(trino)
    try:
        found, rest = _parsed(words, 0)
    except (IndexError, ValueError):
        return None
    return found if rest == len(words) else None


def duckdb_type(trino: str) -> str:
    """As :func:`known_type` in DuckDB's words; a type that is not known stays as Trino writes it."""
    found = known_type(trino)
    return trino.lower() if found is None else str(found)


def is_known(kind: str) -> bool:
    """Whether the type of a column, as :func:`duckdb_type` has it, is one of DuckDB's: these have capital letters."""
    return kind != kind.lower()


def _kept_type(kind: str) -> str:
    """Trino's word for the type of a column in a definition, which may be one of Trino's that DuckDB has not."""
    if _PADDED.fullmatch(kind):
        return kind
    try:
        return trino_type(kind)
    except EngineError:
        if is_known(kind) or not _words(kind) or '"' in kind or not _is_balanced(kind):
            raise
        return kind


def _is_balanced(text: str) -> bool:
    depth = 0
    for letter in text:
        depth += (letter == "(") - (letter == ")")
        if depth < 0:
            return False
    return depth == 0


def trino_columns(columns: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Names and DuckDB types of columns as Trino keeps them. Raises ``EngineError`` with all that it cannot."""
    faults: list[str] = []
    written: dict[str, str] = {}
    kept: list[tuple[str, str]] = []
    for name, kind in columns:
        lower = name.lower()
        if lower in written:
            faults.append(f"Columns {written[lower]} and {name} are one in lower case, in which Trino keeps names.")
        if not name:
            faults.append("A column has an empty name.")
        written[lower] = name
        try:
            kept.append((lower, _kept_type(kind)))
        except EngineError as error:
            faults.append(f"Column {name}: {error}")
    if faults:
        raise EngineError(" ".join(faults))
    return kept


def _words(text: str) -> list[str]:
    words, place = [], 0
    while place < len(text.rstrip()):
        found = _WORD.match(text, place)
        if found is None:
            return []
        words.append(found[1])
        place = found.end()
    return words


def _parsed(words: Sequence[str], place: int, depth: int = 0) -> tuple[SqlType | None, int]:
    """The type that begins at ``place``, and where it ends. ``None`` for one that is not known."""
    if depth > _DEEPEST:
        raise ValueError("too deep")
    name = words[place].lower()
    place += 1
    if name in ("array", "map", "row"):
        return _nested(name, words, place, depth)
    arguments: list[int] = []
    if place < len(words) and words[place] == "(":
        end = words.index(")", place)
        arguments = [int(each) for each in words[place + 1 : end] if each != ","]
        place = end + 1
    if name == "decimal":
        width, scale = (*arguments, 0)[:2] if arguments else (38, 0)
        return decimal(width, scale), place
    if name == "varchar":
        return SqlType("VARCHAR"), place
    if name in ("time", "timestamp"):
        digits = arguments[0] if arguments else _PLAIN_DIGITS
        has_zone = [each.lower() for each in words[place : place + 3]] == _ZONE
        return _time(name, digits, has_zone=has_zone), place + 3 * has_zone
    return (SqlType(_DUCKDB[name]) if name in _DUCKDB and not arguments else None), place


def _time(name: str, digits: int, *, has_zone: bool) -> SqlType | None:
    if name == "time":
        return SqlType("TIME") if digits <= _MOST_DIGITS and not has_zone else None
    if has_zone:
        return SqlType("TIMESTAMP WITH TIME ZONE") if digits <= _MOST_DIGITS else None
    if digits in _TIMESTAMPS:
        return SqlType(_TIMESTAMPS[digits])
    return SqlType("TIMESTAMP") if digits <= _MOST_DIGITS else None


def _nested(name: str, words: Sequence[str], place: int, depth: int) -> tuple[SqlType | None, int]:
    fields: list[tuple[str, SqlType]] = []
    is_known = True
    separator = "("
    while separator != ")":
        if words[place] != separator:
            raise ValueError(words[place])
        place += 1
        label = ""
        if name == "row":
            # Without a name it would be followed by nothing, or by what belongs to its type.
            label, place = words[place], place + 1
            if words[place] in ("(", ")", ","):
                raise ValueError(label)
        found, place = _parsed(words, place, depth + 1)
        is_known = is_known and found is not None
        if found is not None:
            fields.append((_unquoted(label), found))
        separator = ")" if words[place] == ")" else ","
    if not is_known:
        return None, place + 1
    if name == "array":
        return list_of(fields[0][1]), place + 1
    return SqlType("STRUCT" if name == "row" else "MAP", fields=tuple(fields)), place + 1


def _unquoted(word: str) -> str:
    return word[1:-1].replace('""', '"') if word.startswith('"') else word
