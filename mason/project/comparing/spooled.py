"""Rows on disk while they are compared: sorted by the embedded engine, which spills what has no room in memory.

A row is kept as the text of its values in one form, without the floats in it, and these beside it. Texts sort rows that
belong together next to one another; among those the floats sort them, rounded, so that what lies within the tolerance
stays together.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mason.project.comparing.canonical import Change, told
from mason.values import dataclass

if TYPE_CHECKING:
    import duckdb

_MEMORY = "512MB"
_BATCH = 4096
_PIECE = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Row:
    """A row: its place in the answer, its text without floats, and the floats."""

    place: int
    text: str
    floats: tuple[float, ...]

    def values(self) -> list[Any]:
        """The values as people read them."""
        values: list[Any] = told(json.loads(self.text), list(self.floats))
        return values


def spool(
    rows: Iterable[Sequence[Any]], places: Sequence[int], changes: Sequence[Change], file: Path, *, tolerance: float
) -> None:
    """Write ``rows`` to ``file``, of each the values at ``places``, brought to one form by ``changes``."""
    import orjson

    digits = max(0, math.floor(-math.log10(tolerance)) - 1) if 0 < tolerance < 1 else 16
    columns = list(zip(places, changes, strict=True))
    with file.open("wb") as out:
        for number, row in enumerate(rows):
            floats: list[float] = []
            values = [change(row[place], floats) for place, change in columns]
            try:
                text = orjson.dumps(values).decode()
            except TypeError:
                # Half a surrogate pair is text for Python and for nobody else.
                text = json.dumps(values, ensure_ascii=True)
            sorting = [float(f"{each:.{digits}e}") for each in floats]
            out.write(orjson.dumps({"n": number, "k": text, "f": floats, "s": sorting}))
            out.write(b"\n")


class Spooled:
    """A spooled file that is read row by row, in one order or another."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, file: Path, *, most_hash: int | None = None) -> None:
        name = "'" + str(file).replace("'", "''") + "'"
        read = (
            f"read_json({name}, format = 'newline_delimited', maximum_object_size = {_PIECE},"
            " columns = {'n': 'BIGINT', 'k': 'VARCHAR', 'f': 'DOUBLE[]', 's': 'DOUBLE[]'})"
        )
        self._from = read if most_hash is None else f"(SELECT * FROM {read} WHERE hash(k) <= {most_hash})"
        self._connection = connection

    def in_order(self) -> Iterator[Row]:
        """The rows as they were answered."""
        return self._rows("n")

    def sorted(self) -> Iterator[Row]:
        """The rows by their values; those that are the same stand next to one another."""
        return self._rows("k, s, f, n")

    def count(self) -> int:
        """How many rows there are."""
        (found,) = self._connection.execute(f"SELECT count(*) FROM {self._from}").fetchone() or (0,)
        return int(found)

    def hash_of(self, sample: int) -> int:
        """The largest hash of the ``sample`` rows with the smallest: it chooses the same rows of another file."""
        query = f"SELECT max(h) FROM (SELECT hash(k) AS h FROM {self._from} ORDER BY 1 LIMIT {sample})"
        (found,) = self._connection.execute(query).fetchone() or (0,)
        return int(found or 0)

    def _rows(self, order: str) -> Iterator[Row]:
        # A cursor of its own: two orders of one file may be read side by side.
        with self._connection.cursor() as cursor:
            cursor.execute(f"SELECT n, k, f FROM {self._from} ORDER BY {order}")
            while batch := cursor.fetchmany(_BATCH):
                for place, text, floats in batch:
                    yield Row(place, text, tuple(floats))


@contextmanager
def connected(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """What sorts spooled rows, with little memory; it spills into ``folder``."""
    import duckdb

    settings: dict[str, Any] = {
        "memory_limit": _MEMORY,
        "temp_directory": str(folder / "spill"),
        "autoinstall_known_extensions": False,
        "python_enable_replacements": False,
    }
    connection = duckdb.connect(":memory:", config=settings)
    try:
        yield connection
    finally:
        connection.close()
