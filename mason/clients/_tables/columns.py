"""A column: a name, and a type in DuckDB's words, which are those of Mason's schemas."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from mason.errors import NotFoundError
from mason.resources.wording import listing

Columns = tuple[tuple[str, str], ...]
"""Names and SQL types, in their order."""

WHOLE = frozenset(
    f"{sign}{size}" for sign in ("", "U") for size in ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
)
"""The types of whole numbers."""

_DIGITS = {"TINYINT": 3, "SMALLINT": 5, "INTEGER": 10, "BIGINT": 19, "HUGEINT": 39}


def digits_of(kind: str) -> int:
    """How many digits whole numbers of a type have."""
    return _DIGITS[kind.removeprefix("U")]


def letters_of(index: int) -> str:
    """What spreadsheets call the column at ``index``, counted from 0: ``A``, ``Z``, ``AA``."""
    letters, number = "", index + 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def check_columns(every: Collection[str], named: Iterable[str]) -> None:
    """Raises ``NotFoundError`` for columns that a table has not."""
    missing = [name for name in named if name not in every]
    if missing:
        raise NotFoundError(f"There is no column {', '.join(missing)}. Columns: {listing(every, most=30)}.")


def id_of(kind: str) -> str:
    """A type without what it is made of, in small letters: ``decimal`` of DECIMAL(10,2), ``list`` of INTEGER[],
    ``array`` of INTEGER[3]."""
    if kind.endswith("]"):
        return "list" if kind.endswith("[]") else "array"
    return kind.partition("(")[0].strip().lower()
