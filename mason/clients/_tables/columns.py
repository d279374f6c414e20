"""A column: a name, and a type in DuckDB's words, which are those of Mason's schemas."""

from __future__ import annotations

Columns = tuple[tuple[str, str], ...]
"""Names and SQL types, in their order."""

WHOLE = frozenset(
    f"{sign}{size}" for sign in ("", "U") for size in ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
)
"""The types of whole numbers."""


def letters_of(index: int) -> str:
    """What spreadsheets call the column at ``index``, counted from 0: ``A``, ``Z``, ``AA``."""
    letters, number = "", index + 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
