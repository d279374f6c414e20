"""Which names databases and tables may be given: those that people can type and that SQL can say. Pure."""

from __future__ import annotations

import unicodedata

from mason.errors import EngineError

# The catalogs and schemas of DuckDB itself: SQL would take a table of such a database for one of theirs.
_DUCKDB = frozenset({"temp", "system", "memory", "information_schema", "pg_catalog"})
# Control characters, halves of characters, and what ends a line.
_UNTYPABLE = frozenset({"Cc", "Cs", "Zl", "Zp"})


def check_name(kind: str, name: str) -> None:
    """Raises ``EngineError`` for what cannot be the name of a new ``kind`` (``database`` or ``table``)."""
    if not name.strip():
        raise EngineError(f"A {kind} needs a name.")
    if name.startswith(".") or "/" in name or any(unicodedata.category(each) in _UNTYPABLE for each in name):
        raise EngineError(
            f"{name!r} cannot be the name of a {kind}: it may not begin with a dot, nor hold a slash, a line break or "
            "another control character. All other characters are fine."
        )


def check_schema(name: str) -> None:
    """Raises ``EngineError`` for the name of a database that DuckDB keeps for itself."""
    if name.lower() in _DUCKDB:
        raise EngineError(
            f"No table can be registered in database {name}: DuckDB keeps the name for itself. Choose another one."
        )
