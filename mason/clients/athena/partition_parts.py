"""A partitioned output in as many statements as Athena's limit asks for: one writes a hundred partitions at most. Pure.

https://docs.aws.amazon.com/athena/latest/ug/ctas-insert-into.html
"""

from __future__ import annotations

from collections.abc import Sequence

from mason.clients._duckdb.quoting import identifier, literal

MOST = 100
"""Partitions that one statement may write."""


def distinct_values(select: str, columns: Sequence[str]) -> str:
    """The query that answers which partitions there will be: a row for each, its values as text."""
    listed = ", ".join(f"CAST({identifier(name)} AS varchar) AS {identifier(name)}" for name in columns)
    return f"SELECT DISTINCT {listed} FROM (\n{select}\n)"


def parts_of(select: str, columns: Sequence[str], values: Sequence[Sequence[str | None]]) -> list[str]:
    """The statements that write the rows of ``select``, each of at most :data:`MOST` of the partitions ``values``."""
    if len(values) <= MOST:
        return [select]
    ordered = sorted(values, key=lambda row: tuple((value is None, value or "") for value in row))
    return [
        f"SELECT * FROM (\n{select}\n) WHERE {_any_of(columns, ordered[first : first + MOST])}"
        for first in range(0, len(ordered), MOST)
    ]


def _any_of(columns: Sequence[str], rows: Sequence[Sequence[str | None]]) -> str:
    if len(columns) == 1:
        name = f"CAST({identifier(columns[0])} AS varchar)"
        texts = [literal(row[0]) for row in rows if row[0] is not None]
        tests = [f"{name} IN ({', '.join(texts)})"] if texts else []
        return " OR ".join([*tests, *([f"{name} IS NULL"] if len(texts) < len(rows) else [])])
    return " OR ".join(f"({_all_of(columns, row)})" for row in rows)


def _all_of(columns: Sequence[str], row: Sequence[str | None]) -> str:
    names = [f"CAST({identifier(name)} AS varchar)" for name in columns]
    return " AND ".join(
        f"{name} IS NULL" if value is None else f"{name} = {literal(value)}"
        for name, value in zip(names, row, strict=True)
    )
