"""Types of columns that parquet does not hold, or that other programs read otherwise from it. Pure.

A client that writes such columns tells it in its answer; a dry run tells it before, where a sentence holds the types.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

NOT_IN_PARQUET = frozenset({"interval", "time with time zone", "time_ns", "bit", "bignum", "union", "variant"})
"""Types that are written as text, by their names in small letters."""

_ELSEWHERE = {
    "time": "Spark reads no TIME; cast it to VARCHAR for Spark",
    "timestamp_ns": "Spark reads no TIMESTAMP_NS; cast it to TIMESTAMP or VARCHAR for Spark",
    "json": "polars reads JSON as bytes; cast it to VARCHAR for polars",
}
_ALIASES = {"timetz": "time with time zone", "bitstring": "bit", "varint": "bignum"}


def told_of_column(name: str, kinds: Iterable[str]) -> Iterator[str]:
    """What to tell of a column in parquet.

    kinds: the names, in small letters, of its type and of those inside of it.
    """
    found = set(kinds)
    for each in sorted(found & NOT_IN_PARQUET):
        yield f"column {name}: {each.upper()} is written as text, because parquet has no such type"
    for each in sorted(found & _ELSEWHERE.keys()):
        yield f"column {name}: {_ELSEWHERE[each]}"


def told_of_schema(columns: Mapping[str, object]) -> tuple[str, ...]:
    """What to tell of columns whose types are given as SQL writes them. What is inside of STRUCT and MAP is not looked
    at: the answer tells it."""
    return tuple(note for name, kind in columns.items() for note in told_of_column(name, [_base(str(kind))]))


def _base(kind: str) -> str:
    base = " ".join(kind.lower().removesuffix("[]").partition("(")[0].split())
    return _ALIASES.get(base, base)
