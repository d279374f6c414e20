"""Types of a server's columns in Mason's words, which are DuckDB's, and back. Pure.

A type that DuckDB has no equal for keeps the server's name, with its schema: ``pg_catalog.inet``. Nothing is guessed.
Statements read such columns as the text that the server writes.
"""

from __future__ import annotations

import re

from mason.clients._duckdb.quoting import identifier, qualified
from mason.errors import EngineError
from mason.sql.sql_types import SqlType
from mason.values import dataclass

_PLAIN = {
    "pg_catalog.bool": "BOOLEAN",
    "pg_catalog.int2": "SMALLINT",
    "pg_catalog.int4": "INTEGER",
    "pg_catalog.int8": "BIGINT",
    "pg_catalog.float4": "FLOAT",
    "pg_catalog.float8": "DOUBLE",
    "pg_catalog.text": "VARCHAR",
    "pg_catalog.varchar": "VARCHAR",
    "pg_catalog.bpchar": "VARCHAR",
    "pg_catalog.date": "DATE",
    "pg_catalog.timestamp": "TIMESTAMP",
    "pg_catalog.timestamptz": "TIMESTAMP WITH TIME ZONE",
    "pg_catalog.bytea": "BLOB",
    "pg_catalog.time": "TIME",
    "pg_catalog.uuid": "UUID",
}
# What statements compute in; other types are read as text there.
_COMPUTED = frozenset(_PLAIN.values()) - {"TIME", "UUID"}
_NUMERIC = "pg_catalog.numeric"
_PADDED = "pg_catalog.bpchar"
_DECIMAL = re.compile(r"DECIMAL\((\d+),(\d+)\)")
_MOST_DIGITS = 38
# Types of DuckDB's that a table is made with, beside those that the dialect has.
_MORE = {
    "TIME": "time",
    "UUID": "uuid",
    "INTERVAL": "interval",
    "JSON": "jsonb",
    "UTINYINT": "smallint",
    "USMALLINT": "integer",
    "UINTEGER": "bigint",
    "UBIGINT": "numeric(20,0)",
    "TIMESTAMP_S": "timestamp",
    "TIMESTAMP_MS": "timestamp",
}


@dataclass(frozen=True, slots=True)
class ServerColumn:
    """A column as the server's catalog has it.

    - ``type``: the name of its type with the schema, ``pg_catalog.int4``; of an array, that of its elements.
    - ``digits``, ``scale``: of ``numeric``; 0 digits where none are declared.
    - ``is_array``: whether it is an array.
    - ``by_language``: whether texts that differ in their bytes may be equal in it (a collation that is not
      deterministic).
    - ``written``: the type as the server writes it, with all that belongs to it.
    - ``text_sql``: the SQL of its text, for ``{}``; ``is_text`` says that the server's dialect does not compute in it.
    """

    name: str
    type: str
    digits: int = 0
    scale: int = 0
    is_array: bool = False
    nullable: bool = True
    comment: str = ""
    by_language: bool = False
    written: str = ""
    text_sql: str = "CAST({} AS text)"
    is_text: bool = False

    @property
    def said(self) -> str:
        """The type in Mason's words; the server's own name where there are none."""
        if self.type == _NUMERIC:
            kind = f"DECIMAL({self.digits},{self.scale})" if self._is_decimal else _NUMERIC
        else:
            kind = _PLAIN.get(self.type, self.type)
        return f"{kind}[]" if self.is_array else kind

    @property
    def computed(self) -> str:
        """The type by which statements compute; ``VARCHAR`` where they read the text that the server writes."""
        kind = self.said.removesuffix("[]")
        known = kind in _COMPUTED or bool(_DECIMAL.fullmatch(kind))
        # Nobody has written down how arrays of these are told.
        known = known and not self.is_text and not (self.is_array and kind in ("BLOB", "TIMESTAMP WITH TIME ZONE"))
        return self.said if known else "VARCHAR"

    @property
    def read(self) -> str:
        """The SQL that reads it."""
        name = identifier(self.name)
        # The blanks that fill a char(n) are no part of its value.
        if self.computed != self.said or (self.type == _PADDED and not self.is_array):
            return self.text_sql.format(name)
        return f'{name} COLLATE "C"' if self.by_language and self.computed == "VARCHAR" else name

    @property
    def note(self) -> str:
        """What is to be told of it; empty where it is as it seems."""
        if self.computed == self.said:
            return ""
        known = "" if "." in self.said else f" ({self.said})"
        return f"column {self.name} is of the type {self.type}{'[]' * self.is_array}{known}, and is queried as text"

    @property
    def _is_decimal(self) -> bool:
        return 0 < self.digits <= _MOST_DIGITS and 0 <= self.scale <= self.digits


def server_type(type_: SqlType | None, column: str, engine: str) -> str:
    """The server's type for a column that is to be made, of a type that its dialect does not compute in.

    Raises ``EngineError`` where there is none.
    """
    found = _MORE.get(type_.name, "") if type_ is not None else ""
    if not found:
        raise EngineError(f"{engine} has no type for column {column}, which is {type_}. Declare another type for it.")
    return found


def own_type(said: str) -> str:
    """A type of the server's own, which is said with its schema, as SQL."""
    name = said.removesuffix("[]")
    return qualified(*name.split(".", 1)) + said[len(name) :]


def digits_in(modifier: int) -> tuple[int, int]:
    """Digits and scale of a ``numeric``, by the number in which the catalog keeps both; 0 digits where none are
    declared."""
    if modifier < 0:
        return 0, 0
    value = modifier - 4
    scale = value & 0x7FF
    return (value >> 16) & 0xFFFF, scale if scale < 1024 else scale - 2048
