"""What a column is to the readers of files: a name, and a type as DuckDB spells it."""

from __future__ import annotations

Columns = tuple[tuple[str, str], ...]
"""Names and SQL types, in their order."""

WHOLE = frozenset(
    f"{sign}{size}" for sign in ("", "U") for size in ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
)
"""The types of whole numbers."""
