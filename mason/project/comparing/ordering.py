"""Whether the order of a query's rows is part of its answer, and by which of its columns they are ordered. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mason.errors import TranslationError
from mason.sql.parsed import parse
from mason.sql.table_argument import quoted
from mason.values import dataclass


@dataclass(frozen=True, slots=True)
class Ordering:
    """How a query orders its rows: ``keys`` are the columns of the answer, by their places, and ``lacking`` says
    what else it orders by, which the answer does not show."""

    keys: tuple[int, ...]
    lacking: bool = False


def ordering(sql: str, names: Sequence[str]) -> Ordering | None:
    """How the query ``sql``, which answers with columns ``names``, orders its rows; ``None`` where it does not.

    Raises :class:`TranslationError` for what is no query of DuckDB's.
    """
    modifiers = parse(quoted(sql)).raw.get("modifiers") or ()
    orders = [order for each in modifiers if each["type"] == "ORDER_MODIFIER" for order in each["orders"]]
    if not orders:
        return None
    keys: list[int] = []
    lacking = False
    for order in orders:
        found = _places(order["expression"], names)
        lacking = lacking or found is None
        keys += found or ()
    return Ordering(tuple(dict.fromkeys(keys)), lacking)


def ordering_if_told(sql: str, dialect: str, names: Sequence[str]) -> Ordering | None:
    """As :func:`ordering`, of a query in any dialect: of another one than DuckDB's, rows count as not ordered."""
    try:
        return ordering(sql, names) if dialect == "duckdb" else None
    except TranslationError:
        return None


def _places(expression: Mapping[str, Any], names: Sequence[str]) -> list[int] | None:
    """The columns of the answer that an expression is; ``None`` where it is something else."""
    kind = expression["class"]
    if kind == "STAR":
        return list(range(len(names)))
    if kind == "CONSTANT" and isinstance(place := expression["value"].get("value"), int) and 0 < place <= len(names):
        return [place - 1]
    if kind == "COLUMN_REF":
        wanted = str(expression["column_names"][-1]).lower()
        found = [index for index, name in enumerate(names) if name.lower() == wanted]
        return found if len(found) == 1 else None
    return None
