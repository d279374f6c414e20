"""Made-up rows by name and type of each column, or in imitation of a table that there is.

The words (names, cities, companies, sentences) come from mimesis; DuckDB draws from them and makes all the rest, so
that a million rows take seconds, and memory does not grow with the rows. mimesis and not Faker: both are maintained,
typed, under the MIT licence, run on Python 3.10 and load in a tenth of a second; but mimesis has half the size on disk,
needs no other package on any system, and makes a name or an address in 3 microseconds where Faker takes 40 to 120, so
that pools of thousands of words cost milliseconds.

The same seed gives the same rows, whatever the threads and the other columns, with the same versions of DuckDB and
mimesis.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mason.clients._duckdb.fake.column import FakeColumn
from mason.clients._duckdb.fake.dice import Dice
from mason.clients._duckdb.fake.facts import facts
from mason.clients._duckdb.fake.made_up import Values
from mason.clients._duckdb.fake.text import Texts
from mason.clients._duckdb.quoting import identifier

if TYPE_CHECKING:
    import duckdb

__all__ = ["FakeColumn", "facts", "select"]

_ROW = '"made up"."row"'


def select(connection: duckdb.DuckDBPyConnection, columns: Sequence[FakeColumn], *, size: int, seed: int) -> str:
    """A SELECT that gives ``size`` rows of exactly these columns, to be run in ``connection`` (which gets variables).

    The rows come in their order as long as the connection keeps the order of rows. Raises ``MissingDependencyError``
    where a column needs words and the library is not installed, and ``EngineError`` for types without values.
    """
    values = Values(connection, Texts(connection, seed), size)
    made = [
        f"{values.column(column, Dice(seed, column.name, _ROW))} AS {identifier(column.name)}" for column in columns
    ]
    return f'SELECT {", ".join(made)} FROM range({size}) AS "made up"("row")'
