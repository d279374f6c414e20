"""What a summary of a table is, alike for every client: its columns, what is measured of which type, its histograms.

Pure: an engine counts, and what it counted becomes the answer here. Types go by their ids, which are DuckDB's words in
small letters without what stands in parentheses (:func:`mason.clients._tables.columns.id_of`).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from mason.engines.models import Column, Schema
from mason.errors import EngineError

SCHEMA = Schema(
    (
        Column("column", "VARCHAR", nullable=False),
        Column("type", "VARCHAR", nullable=False),
        Column("rows", "BIGINT", nullable=False),
        Column("non_null", "BIGINT", nullable=False),
        Column("distinct", "BIGINT", nullable=False),
        Column("min", "VARCHAR"),
        Column("max", "VARCHAR"),
        Column("mean", "DOUBLE"),
    )
)
"""The columns of a summary; ``min`` and ``max`` have the type of the column that they are of. An approximate one has
``approx_distinct`` for ``distinct``; on request come ``top``, the most frequent values with their counts, and
``histogram``, the counts of values from one bound to the next."""

WHOLE = frozenset(
    f"{sign}{size}" for sign in ("", "u") for size in ("tinyint", "smallint", "integer", "bigint", "hugeint")
)
"""Types of whole numbers."""

FLOATING = frozenset({"float", "double"})
"""Types whose values may be NaN or infinite: NaN is neither smallest nor largest, nor part of a mean."""

NUMERIC = WHOLE | FLOATING | {"decimal"}
"""Types that have a mean and a histogram."""

UNORDERED = frozenset({"struct", "map", "list", "array", "union", "variant", "json"})
"""Types whose values have no order that a person would call smallest and largest."""

_MOST_TOP = 1_000
_MOST_BINS = 1_000


def check(top_values: int, histogram: int) -> None:
    """Raises ``EngineError`` for numbers that no summary is made with."""
    for name, value, most in (("top_values", top_values, _MOST_TOP), ("histogram", histogram, _MOST_BINS)):
        if not 0 <= value <= most:
            raise EngineError(f"{name} is {value}, but it must be 0 to {most}.")


def schema(exact: bool, top_values: int, histogram: int) -> Schema:
    """The columns of a summary that was asked for so."""
    columns = [
        replace(column, name="approx_distinct") if column.name == "distinct" and not exact else column
        for column in SCHEMA.columns
    ]
    columns += [Column("top", "JSON")] * bool(top_values) + [Column("histogram", "JSON")] * bool(histogram)
    return Schema(tuple(columns))


def mean(value: Any) -> float | None:
    """A mean as it is answered: one that JSON has no number for is none."""
    return value if isinstance(value, int | float) and math.isfinite(value) else None


def top(values: Sequence[tuple[Any, int]]) -> list[dict[str, Any]]:
    """The most frequent values of a column with their counts."""
    return [{"value": value, "count": count} for value, count in values]


def bounds(least: float | None, most: float | None, bins: int) -> tuple[float, ...]:
    """The bounds of ``bins`` equal steps from the smallest to the largest number, one more than there are steps; none
    where there are no numbers."""
    # Of the largest doubles not even the distance is one.
    if least is None or most is None or not math.isfinite(float(most) - float(least)):
        return ()
    return (*(least + (most - least) * step / bins for step in range(bins)), most)


def bars(edges: Sequence[float], counts: Mapping[int, int]) -> list[dict[str, Any]]:
    """A histogram: the counts by their places, from one of the ``edges`` to the next."""
    return [
        {"from": low, "to": high, "count": counts.get(index, 0)}
        for index, (low, high) in enumerate(itertools.pairwise(edges))
    ]
