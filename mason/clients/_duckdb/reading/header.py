"""Whether the first record of a CSV file names its columns, and how columns are called. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from mason.clients._duckdb.reading.text_types import shape
from mason.errors import EngineError

_YEARS = range(1900, 2101)


def find_header(
    records: Sequence[Sequence[str]], nulls: frozenset[str], shown: str, given: bool | None
) -> tuple[bool, tuple[str, ...]]:
    """Whether the first record names the columns, and what was assumed of it. ``nulls`` are texts that are no value,
    and ``given`` is what a person says.

    Raises ``EngineError`` that calls the file ``shown`` where it can be both.
    """
    if given is not None:
        return given, ()
    first, below = records[0], records[1:]
    shapes = [shape(value) if value else "" for value in first]
    if not below:
        return not any(each in ("number", "time") for each in shapes), ()
    columns = [[row[index] for row in below if row[index] not in nulls] for index in range(len(first))]
    named = [
        shapes[index] == "text"
        and bool(values)
        and all(shape(value) != "text" for value in values)
        and not (values and all(_is_truth(value) for value in [*values, first[index]]))
        for index, values in enumerate(columns)
    ]
    figures = [value for value, each in zip(first, shapes, strict=True) if each in ("number", "time")]
    if any(named):
        return True, ()
    if not figures:
        truths = any(_is_truth(value) for value in first)
        return not truths, ("no line names the columns (option header)",) if truths else ()
    if "text" in shapes and _may_be_names(figures):
        if any(
            _is_year(value)
            for value, values in zip(first, columns, strict=True)
            if _is_year(value)
            for value in values[:1]
        ):
            raise EngineError(
                f"{shown}: line 1 may name the columns or be a row, because it holds a year as the lines below do. "
                "Say which with read_headers: true or false."
            )
        return True, ("line 1 was taken for the names of the columns (option header)",)
    return False, ("no line names the columns, so they are called column0 and so on (option header)",)


def _is_truth(value: str) -> bool:
    return value.lower() in ("true", "false")


def _is_year(value: str) -> bool:
    return value.isascii() and value.isdigit() and len(value) == 4 and int(value) in _YEARS


def _may_be_names(figures: Sequence[str]) -> bool:
    """Whether numbers look like the names of columns: years, or a series."""
    if len(set(figures)) < len(figures) or not all(value.isascii() and value.isdigit() for value in figures):
        return False
    if all(_is_year(value) for value in figures):
        return True
    numbers = [int(value) for value in figures]
    steps = {after - before for before, after in itertools.pairwise(numbers)}
    return len(numbers) > 2 and len(steps) == 1


def unique_names(given: Sequence[str]) -> tuple[str, ...]:
    """Names for columns: empty ones are numbered, and of several alike the later ones; none gets a name that another
    one has."""
    written = {name.lower() for name in given if name.strip()}
    taken: set[str] = set()
    found = []
    for index, name in enumerate(given):
        base = name if name.strip() else f"column{index}"
        unique, count = base, 0
        while unique.lower() in taken or (unique != name and unique.lower() in written):
            count += 1
            unique = f"{base}_{count}"
        taken.add(unique.lower())
        found.append(unique)
    return tuple(found)
