"""Redshift's catalog, by the views that its documentation names: SVV_ALL_SCHEMAS, SVV_ALL_TABLES, SVV_ALL_COLUMNS.

Comments and definitions of views are in tables of PostgreSQL's that only the leader node has (``pg_description``,
``pg_views``): these are asked for alone, for one statement does not join both.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mason.clients._postgres.column_types import ServerColumn, digits_in
from mason.clients._postgres.made_marks import MADE
from mason.clients._postgres.server_catalog import Entry
from mason.engines.models import Partition

if TYPE_CHECKING:
    from mason.clients._postgres.server_connections import Transaction

_SCHEMAS = """
SELECT schema_name FROM svv_all_schemas
WHERE database_name = current_database() AND schema_name NOT LIKE 'pg!_%%' ESCAPE '!'
  AND schema_name NOT IN ('information_schema', 'catalog_history', %s)
"""
_TABLES = """
SELECT schema_name, table_name, table_type FROM svv_all_tables
WHERE database_name = current_database() AND schema_name = %s
"""
_COLUMNS = """
SELECT column_name, data_type, is_nullable, numeric_precision, numeric_scale, character_maximum_length, remarks
FROM svv_all_columns
WHERE database_name = current_database() AND schema_name = %s AND table_name = %s
ORDER BY ordinal_position
"""
_COMMENTS = """
SELECT n.nspname, c.relname, d.description
FROM pg_catalog.pg_description d
JOIN pg_catalog.pg_class c ON c.oid = d.objoid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE d.objsubid = 0 AND {}
"""
_DEFINITION = "SELECT definition FROM pg_catalog.pg_views WHERE schemaname = %s AND viewname = %s"
_PUBLIC = "public"
# The words of the catalog, by what PostgreSQL calls the types.
_TYPES = {
    "boolean": "bool",
    "smallint": "int2",
    "integer": "int4",
    "bigint": "int8",
    "real": "float4",
    "double precision": "float8",
    "numeric": "numeric",
    "character varying": "varchar",
    "character": "bpchar",
    "date": "date",
    "timestamp without time zone": "timestamp",
    "timestamp with time zone": "timestamptz",
    "time without time zone": "time",
}
_NUMBERS = {
    16: "bool",
    20: "int8",
    21: "int2",
    23: "int4",
    25: "text",
    700: "float4",
    701: "float8",
    1042: "bpchar",
    1043: "varchar",
    1082: "date",
    1083: "time",
    1114: "timestamp",
    1184: "timestamptz",
    1700: "numeric",
}
# Mason's rules compute in none of these on Redshift.
_TEXTS = frozenset({"timestamptz"})
# A text is a varchar(256), which a cast cuts to.
_AS_TEXT = "CAST({} AS varchar(65535))"
_SUPER, _PADDED = "JSON_SERIALIZE({})", "rtrim({})"


class RedshiftCatalog:
    """Of a cluster or a workgroup."""

    def schemas(self, transaction: Transaction) -> list[tuple[str, str]]:
        """Without the server's own ones; ``public``, which it makes, where it holds something."""
        names = sorted(str(name) for (name,) in transaction.rows(_SCHEMAS, [_PUBLIC]))
        if transaction.rows(_TABLES, [_PUBLIC]):
            names = sorted([*names, _PUBLIC])
        return [(name, "") for name in names]

    def entries(self, transaction: Transaction, schema: str) -> list[Entry]:
        """Also those of an external schema."""
        comments = self._comments(transaction, "n.nspname = %s", [schema])
        found = sorted((str(name), str(kind)) for _, name, kind in transaction.rows(_TABLES, [schema]))
        return [_entry(schema, name, kind, comments.get((schema, name), "")) for name, kind in found]

    def entry(self, transaction: Transaction, schema: str, name: str) -> Entry | None:
        """A table; of a view, with its definition."""
        rows = transaction.rows(f"{_TABLES} AND table_name = %s", [schema, name])
        if not rows:
            return None
        comments = self._comments(transaction, "n.nspname = %s AND c.relname = %s", [schema, name])
        kind = str(rows[0][2])
        defined = transaction.rows(_DEFINITION, [schema, name]) if _is_view(kind) else []
        return _entry(schema, name, kind, comments.get((schema, name), ""), str(defined[0][0]) if defined else "")

    def columns(self, transaction: Transaction, schema: str, name: str) -> list[ServerColumn]:
        """By the words that the catalog has for types."""
        found = []
        for column, kind, nullable, digits, scale, length, remarks in transaction.rows(_COLUMNS, [schema, name]):
            known = _TYPES.get(str(kind).lower(), str(kind).lower())
            is_numeric = known == "numeric"
            sized = {"numeric": f"({digits},{scale})", "varchar": f"({length})", "bpchar": f"({length})"}
            found.append(
                ServerColumn(
                    str(column),
                    f"pg_catalog.{known}",
                    int(digits or 0) if is_numeric else 0,
                    int(scale or 0) if is_numeric else 0,
                    nullable=str(nullable).lower() != "no",
                    comment=str(remarks or ""),
                    written=f"{kind}{sized.get(known, '')}",
                    text_sql=_SUPER if known == "super" else _PADDED if known == "bpchar" else _AS_TEXT,
                    is_text=known in _TEXTS,
                )
            )
        return found

    def answered(self, transaction: Transaction, described: Sequence[tuple[str, int, int]]) -> list[ServerColumn]:
        """By the numbers that PostgreSQL gave the types."""
        found = []
        for name, number, modifier in described:
            known = _NUMBERS.get(number, f"oid{number}")
            digits, scale = digits_in(modifier) if known == "numeric" else (0, 0)
            found.append(ServerColumn(name, f"pg_catalog.{known}", digits, scale, is_text=known in _TEXTS))
        return found

    def partitions(self, transaction: Transaction, entry: Entry) -> list[Partition]:
        """Tables of Redshift have none."""
        return []

    def made_by(self, transaction: Transaction, job: str) -> list[Entry]:
        """By the comments of tables."""
        found = self._comments(transaction, "d.description LIKE %s", [f'%-{job}"%'])
        return [Entry(*names, comment=comment) for names, comment in found.items() if MADE in comment]

    def size(self, transaction: Transaction, schema: str, name: str) -> int | None:
        """Only superusers may see it."""
        return None

    def _comments(self, transaction: Transaction, condition: str, values: Sequence[str]) -> dict[tuple[str, str], str]:
        rows = transaction.rows(_COMMENTS.format(condition), values)
        return {(str(schema), str(name)): str(comment) for schema, name, comment in rows}


def _is_view(kind: str) -> bool:
    return "VIEW" in kind.upper()


def _entry(schema: str, name: str, kind: str, comment: str, definition: str = "") -> Entry:
    is_view = _is_view(kind)
    return Entry(schema, name, "view" if is_view else "table", comment, definition, word="VIEW" if is_view else "TABLE")
