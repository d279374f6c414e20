"""Ten thousand tables of nasty values, written by other programs, are read as they were written, value by value.

Each table is made from its number alone. ``MASON_NASTY_TABLES`` says how many are tried beside those of every run, and
``MASON_NASTY_FIRST`` the number to begin with, so that a table that fails can be made again, and others be tried.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from mason.clients._duckdb import answering
from mason.clients._duckdb.connection import connect
from mason.clients._duckdb.reading.looks import Seen
from mason.clients._duckdb.reading.readers import source
from mason.clients._duckdb.reading.schemas import describe
from mason.clients._duckdb.reading.table_files import files_at
from mason.clients._duckdb.session import diagnosed, prepare
from mason.engines.models import Rows
from mason.errors import MasonError
from tests.clients.conftest import Local
from tests.clients.nasty import csv_tables, json_tables, laws, parquet_tables, sheet_tables
from tests.clients.nasty.csv_tables import Written

if TYPE_CHECKING:
    import duckdb

SEED = "nothing is read otherwise than it is written"
TABLES = int(os.environ.get("MASON_NASTY_TABLES", "10000"))
FIRST = int(os.environ.get("MASON_NASTY_FIRST", "1000"))
# Each takes some seconds.
PARTS = 10
# Reading by verbs opens connections, which takes most of the time.
BY_VERBS = 25
GUESSED = 3


@dataclass(frozen=True)
class Kind:
    """What writes tables of a kind, what finds a fault in a value of them, and how many of a hundred are of it."""

    written: Callable[[Random], Written]
    fault: Callable[[str, Any, Any], str]
    share: int


KINDS = {
    "csv": Kind(csv_tables.written, laws.fault, 50),
    "json": Kind(json_tables.written, json_tables.fault, 20),
    "parquet": Kind(parquet_tables.written, parquet_tables.fault, 15),
    "xlsx": Kind(sheet_tables.written, sheet_tables.fault, 15),
}


@dataclass(frozen=True)
class Read:
    """The columns, rows and notes of a table."""

    names: list[str]
    types: list[str]
    rows: list[tuple[Any, ...]]
    notes: tuple[str, ...]


@pytest.mark.parametrize("kind", KINDS)
def test_some_tables_are_read_as_they_are_written(local: Local, kind: str) -> None:
    check(local, kind, range(KINDS[kind].share))


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("kind", KINDS)
def test_ten_thousand_tables_are_read_as_they_are_written(local: Local, kind: str, part: int) -> None:
    count = TABLES * KINDS[kind].share // 100 // PARTS
    check(local, kind, range(FIRST + part * count, FIRST + (part + 1) * count))


def check(local: Local, kind: str, numbers: range) -> None:
    """Write and read the tables of these numbers, and fail with all that is wrong of the first ones."""
    faults: list[str] = []
    asked = refused = 0
    (local.root / "data").mkdir()
    with connect(local.client.limits) as connection:
        for number in numbers:
            made = KINDS[kind].written(Random(f"{SEED} {kind} {number}"))
            # A connection remembers files by their paths.
            path = f"data/{number}.{made.ending}"
            (local.root / path).write_bytes(made.content)
            fault = of_a_table(local, connection, kind, made, path, made.options, by_verbs=number % BY_VERBS == 0)
            if not fault and made.guessed and made.options and number % GUESSED == 0:
                asked += 1
                fault = of_a_table(local, connection, kind, made, path, {}, by_verbs=False)
                refused += fault.startswith("refused")
                # What is refused can be read with options, as it was above.
                fault = "" if fault.startswith("refused") and path in fault else fault
            if fault:
                faults.append(f"{kind} {number}: {fault}\n  {made.options}\n  {made.content[:300]!r}")
    assert not faults, f"{len(faults)} of {len(numbers)} tables:\n" + "\n".join(faults[:5])
    assert refused <= asked // 20 + 1, f"{refused} of {asked} tables need options"


def of_a_table(
    local: Local,
    connection: duckdb.DuckDBPyConnection,
    kind: str,
    made: Written,
    path: str,
    options: dict[str, Any],
    *,
    by_verbs: bool,
) -> str:
    """What is wrong with a table as it is read; empty where nothing is."""
    try:
        read = read_by_verbs(local, path, options) if by_verbs else read_by(connection, local, path, options)
    except MasonError as error:
        if made.unreadable and path in str(error):
            return ""
        return f"refused: {error}"
    rows = read.rows
    if (
        not options
        and len(rows) == len(made.rows) + 1
        and any("no line names the columns" in note for note in read.notes)
    ):
        rows = rows[1:]
    elif wrong := wrong_name(made.names, read.names):
        return f"column {wrong!r} is not named so: {read.names}"
    if len(rows) != len(made.rows):
        return f"{len(rows)} rows instead of {len(made.rows)}"
    for found, row in zip(rows, made.rows, strict=True):
        for type, value, written in zip(read.types, found, row, strict=True):
            if wrong := KINDS[kind].fault(type, written, value):
                return f"{written!r} was read as {value!r}, {type}: {wrong}"
    return ""


def wrong_name(names: list[str] | None, found: list[str]) -> str | None:
    """A name that a column lost although it can have it: no other is like it, and it is not blank."""
    folded = [name.lower() for name in names or ()]
    return next(
        (
            name
            for name, other in zip(names or (), found, strict=bool(names))
            if name.strip() and folded.count(name.lower()) == 1 and name != other
        ),
        None,
    )


def read_by(connection: duckdb.DuckDBPyConnection, local: Local, path: str, options: dict[str, Any]) -> Read:
    """What verbs read, without a connection for each of them."""
    root, limits = local.client.root, local.client.limits
    seen = Seen()
    schema = describe(lambda: connection, files_at(root, path), root, seen, title="t", partitions=(), options=options)
    reader = source(schema, root=root.path)
    with diagnosed(limits, [reader], root.show):
        prepare(connection, reader)
        answer = answering.fetch(connection, reader.sql, limits)
    return _read(answer, schema.notes)


def read_by_verbs(local: Local, path: str, options: dict[str, Any]) -> Read:
    """What a person reads: a table that is inferred, and then asked for all of its rows."""
    table = local.storage.infer_table(path, options=options)
    answer = local.execution.query("SELECT * FROM $table", table=table)
    assert isinstance(answer, Rows)
    return _read(answer, table.notes)


def _read(answer: Rows, notes: tuple[str, ...]) -> Read:
    columns = answer.schema.columns
    return Read([each.name for each in columns], [each.type for each in columns], list(answer.rows), notes)
