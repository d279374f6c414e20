"""PostgreSQL's catalog (https://www.postgresql.org/docs/current/catalogs.html), asked within a transaction.

``pg_catalog`` is asked and no ``information_schema``: that one leaves out materialized views, and what the asking user
may not read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mason.clients._postgres.column_types import ServerColumn, digits_in
from mason.clients._postgres.made_marks import MADE
from mason.clients._postgres.server_catalog import Entry
from mason.clients._postgres.server_names import located
from mason.engines.models import Partition

if TYPE_CHECKING:
    from mason.clients._postgres.server_connections import Transaction

# Tables, partitioned and foreign ones, views, materialized views; partitions are told of by their table.
_RELATIONS = "c.relkind IN ('r', 'p', 'f', 'v', 'm')"
_SCHEMAS = f"""
SELECT n.nspname, coalesce(obj_description(n.oid, 'pg_namespace'), '')
FROM pg_catalog.pg_namespace n
WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND (n.nspname <> 'public' OR EXISTS (
    SELECT FROM pg_catalog.pg_class c WHERE c.relnamespace = n.oid AND {_RELATIONS}
  ))
ORDER BY n.nspname COLLATE "C"
"""
_ENTRIES = f"""
SELECT n.nspname, c.relname, c.relkind IN ('v', 'm'), coalesce(obj_description(c.oid, 'pg_class'), '')
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE {_RELATIONS} AND {{}}
ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"
"""
_ENTRY = f"""
SELECT c.relkind::text, coalesce(obj_description(c.oid, 'pg_class'), ''),
  CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) ELSE '' END,
  CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) ELSE '' END,
  ARRAY(SELECT a.attname::text FROM pg_catalog.pg_partitioned_table p
        CROSS JOIN LATERAL unnest(p.partattrs::int2[]) WITH ORDINALITY AS k(number, place)
        JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number
        WHERE p.partrelid = c.oid ORDER BY k.place),
  EXISTS (SELECT FROM pg_catalog.pg_partitioned_table p WHERE p.partrelid = c.oid AND 0 = ANY(p.partattrs::int2[]))
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE {_RELATIONS} AND n.nspname = %s AND c.relname = %s
"""
# Of a domain, the type that it is made of; of an array, that of its elements.
_COLUMNS = """
SELECT a.attname, tn.nspname || '.' || t.typname, a.atttypmod, d.typcategory = 'A' AND d.typelem <> 0, a.attnotnull,
  coalesce(col_description(a.attrelid, a.attnum), ''), coalesce(NOT l.collisdeterministic, false),
  format_type(a.atttypid, a.atttypmod)
FROM pg_catalog.pg_attribute a
JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_type d ON d.oid = a.atttypid
JOIN pg_catalog.pg_type t ON t.oid = CASE WHEN d.typcategory = 'A' AND d.typelem <> 0 THEN d.typelem ELSE d.oid END
JOIN pg_catalog.pg_namespace tn ON tn.oid = t.typnamespace
LEFT JOIN pg_catalog.pg_collation l ON l.oid = a.attcollation
WHERE n.nspname = %s AND c.relname = %s AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum
"""
_TYPES = """
SELECT d.oid, tn.nspname || '.' || t.typname, d.typcategory = 'A' AND d.typelem <> 0
FROM pg_catalog.pg_type d
JOIN pg_catalog.pg_type t ON t.oid = CASE WHEN d.typcategory = 'A' AND d.typelem <> 0 THEN d.typelem ELSE d.oid END
JOIN pg_catalog.pg_namespace tn ON tn.oid = t.typnamespace
WHERE d.oid = ANY(%s)
"""
_PARTITIONS = """
SELECT n.nspname, c.relname, pg_get_expr(c.relpartbound, c.oid)
FROM pg_catalog.pg_inherits i
JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE i.inhparent = (SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                     WHERE n.nspname = %s AND c.relname = %s)
ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"
"""
_WORDS = {"v": "VIEW", "m": "MATERIALIZED VIEW", "f": "FOREIGN TABLE"}
_ONE_VALUE = re.compile(r"FOR VALUES IN \((NULL|'(?:[^']|'')*'|-?[0-9.]+|true|false)\)")


class PostgresCatalog:
    """Of PostgreSQL 14 and newer."""

    def schemas(self, transaction: Transaction) -> list[tuple[str, str]]:
        """Without the server's own ones; ``public``, which it makes, where it holds something."""
        return [(str(name), str(comment)) for name, comment in transaction.rows(_SCHEMAS)]

    def entries(self, transaction: Transaction, schema: str) -> list[Entry]:
        """Partitions are left out: they belong to their table."""
        return _entries(transaction, "NOT c.relispartition AND n.nspname = %s", schema)

    def entry(self, transaction: Transaction, schema: str, name: str) -> Entry | None:
        """Also a partition, by its own name."""
        rows = transaction.rows(_ENTRY, [schema, name])
        if not rows:
            return None
        ((kind, comment, definition, keydef, keys, computed),) = rows
        # What is computed is no column, and stands as it is written.
        named = (str(keydef),) if computed else tuple(map(str, keys))
        said = "view" if kind in "vm" else "table"
        return Entry(schema, name, said, str(comment), str(definition), named, _WORDS.get(kind, "TABLE"))

    def columns(self, transaction: Transaction, schema: str, name: str) -> list[ServerColumn]:
        """A domain is a type of its own, which nobody knows."""
        found = []
        for column, kind, modifier, is_array, not_null, comment, by_language, written in transaction.rows(
            _COLUMNS, [schema, name]
        ):
            digits, scale = digits_in(modifier) if kind == "pg_catalog.numeric" else (0, 0)
            found.append(
                ServerColumn(column, kind, digits, scale, is_array, not not_null, comment, by_language, written)
            )
        return found

    def answered(self, transaction: Transaction, described: Sequence[tuple[str, int, int]]) -> list[ServerColumn]:
        """By the types of the catalog."""
        numbers = sorted({number for _, number, _ in described})
        kinds: dict[int, tuple[str, bool]] = {
            number: (kind, is_array) for number, kind, is_array in transaction.rows(_TYPES, [numbers])
        }
        found = []
        for name, number, modifier in described:
            kind, is_array = kinds.get(number, (f"pg_catalog.oid{number}", False))
            digits, scale = digits_in(modifier) if kind == "pg_catalog.numeric" else (0, 0)
            found.append(ServerColumn(name, kind, digits, scale, is_array))
        return found

    def partitions(self, transaction: Transaction, entry: Entry) -> list[Partition]:
        """The value of a partition that has one; of others the bound, as PostgreSQL writes it."""
        rows = transaction.rows(_PARTITIONS, [entry.schema, entry.name])
        return [Partition(_values(entry.keys, bound), located(schema, name)) for schema, name, bound in rows]

    def made_by(self, transaction: Transaction, job: str) -> list[Entry]:
        """By the comments of tables."""
        condition = "strpos(coalesce(obj_description(c.oid, 'pg_class'), ''), %s) > 0"
        found = _entries(transaction, condition, f'-{job}"')
        return [each for each in found if MADE in each.comment]

    def size(self, transaction: Transaction, schema: str, name: str) -> int:
        """With what belongs to it beside its rows."""
        ((found,),) = transaction.rows(
            "SELECT pg_total_relation_size(format('%%I.%%I', %s::text, %s::text))", [schema, name]
        )
        return int(found)


def _entries(transaction: Transaction, condition: str, value: str) -> list[Entry]:
    rows = transaction.rows(_ENTRIES.format(condition), [value])
    return [
        Entry(str(schema), str(name), "view" if is_view else "table", str(comment))
        for schema, name, is_view, comment in rows
    ]


def _values(keys: Sequence[str], bound: str) -> dict[str, Any]:
    one = _ONE_VALUE.fullmatch(bound)
    if one is None or len(keys) != 1:
        return {", ".join(keys): bound.removeprefix("FOR VALUES ")}
    value = one[1]
    if value == "NULL":
        return {keys[0]: None}
    if value.startswith("'"):
        return {keys[0]: value[1:-1].replace("''", "'")}
    return {keys[0]: int(value) if value.lstrip("-").isdigit() else value}
