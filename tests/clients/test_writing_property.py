"""Tables of all types of parquet, written in every format: what is in the files is what was in the table.

The files are read by pyarrow, the csv and json modules, and by Mason itself. ``MASON_NASTY_FIRST`` is the number of the
first table.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from random import Random
from typing import Any

import pyarrow.parquet
import pytest

from mason.engines.models import Rows
from mason.errors import EngineError
from tests.clients.conftest import Local
from tests.clients.nasty import laws, parquet_tables
from tests.clients.nasty.csv_tables import Written

FIRST = int(os.environ.get("MASON_NASTY_FIRST", "1000"))
FORMATS = ["parquet", "jsonl", "json", "csv", "xlsx"]
# What is refused with these words has no place in the format, or is not read back.
REFUSED = re.compile("has no value in some rows|control characters|differ in upper and lower case")


@pytest.mark.parametrize("format", FORMATS)
def test_some_tables_are_written_as_they_are(local: Local, format: str) -> None:
    check(local, format, range(8))


@pytest.mark.slow
@pytest.mark.parametrize("format", FORMATS)
def test_hundreds_of_tables_are_written_as_they_are(local: Local, format: str) -> None:
    check(local, format, range(FIRST, FIRST + 100))


def check(local: Local, format: str, numbers: range) -> None:
    """Write the tables of these numbers in a format, and fail with all values that are others there."""
    (local.root / "data").mkdir()
    faults = []
    for number in numbers:
        made = parquet_tables.written(Random(f"written {number}"))
        if not made.unreadable:
            try:
                found = of_a_table(local, made, number, format)
            except EngineError as error:
                found = "" if REFUSED.search(str(error)) else f"refused: {error}"
            faults += [f"{format} {number}: {found}"] if found else []
    assert not faults, f"{len(faults)} of {len(numbers)} tables:\n" + "\n".join(faults[:5])


def of_a_table(local: Local, made: Written, number: int, format: str) -> str:
    """What is wrong with a table as it is written; empty where nothing is."""
    source, output = f"data/{number}.parquet", f"data/o{number}.{format}"
    (local.root / source).write_bytes(made.content)
    table = local.storage.infer_table(source)
    local.execution.format(table, output=output)
    rows = [tuple(None if cell is None else parquet_tables.expected(*cell) for cell in row) for row in made.rows]
    options = {"header": True, "delimiter": ","} if format == "csv" else {}
    back = local.execution.query("SELECT * FROM $table", table=local.storage.infer_table(output, options=options))
    assert isinstance(back, Rows)
    content = (local.root / output).read_bytes()
    if format == "csv":
        texts = list(csv.reader(io.StringIO(content.decode(), newline="")))[1:]
        kinds = [column.type for column in back.schema.columns]
        for line, row in zip(texts, back.rows, strict=True):
            for kind, text, value in zip(kinds, line, row, strict=True):
                if not (text == "" and value is None) and (wrong := laws.fault(kind, text, value)):
                    return f"{text!r} was read as {value!r}, {kind}: {wrong}"
        # The csv module tells no empty text from none.
        return first_other([empty_as_none(row) for row in rows], map(empty_as_none, texts))
    if wrong := first_other(rows, back.rows):
        return f"read back: {wrong}"
    if format == "parquet":
        return by_pyarrow(local, source, output)
    if format in ("json", "jsonl"):
        lines = json.loads(content) if format == "json" else map(json.loads, content.splitlines())
        return first_other(rows, [tuple(record.values()) for record in lines])
    return ""


def by_pyarrow(local: Local, source: str, output: str) -> str:
    """The first column that pyarrow reads otherwise."""
    before = pyarrow.parquet.read_table(local.root / source)
    after = pyarrow.parquet.read_table(local.root / output)
    for name, one, other in zip(after.column_names, before.cast(after.schema), after, strict=True):
        # By their texts, because a NaN is no other one; of nanoseconds pyarrow has none.
        if "ns" not in str(other.type) and str(one.to_pylist()) != str(other.to_pylist()):
            return f"column {name} {other.type}: {one.to_pylist()} became {other.to_pylist()}"
    return ""


def first_other(rows: list[tuple[Any, ...]], found: Any) -> str:
    """The first value that is not what it was; empty where there is none."""
    for row, line in zip(rows, found, strict=True):
        for value, other in zip(row, line, strict=True):
            if not same(value, other):
                return f"{value!r} became {other!r}"
    return ""


def empty_as_none(row: Iterable[Any]) -> tuple[Any, ...]:
    """A row without empty texts."""
    return tuple(None if value == "" else value for value in row)


def same(value: Any, found: Any) -> bool:
    """Whether ``found``, perhaps the text of it, means the same as the ``value`` of an answer."""
    if value is None or found is None:
        return value is found
    if isinstance(value, (list, dict)) and isinstance(found, str):
        return same(value, json.loads(found, parse_float=Decimal))
    if isinstance(value, list):
        return isinstance(found, list) and len(value) == len(found) and all(map(same, value, found))
    if isinstance(value, dict):
        return isinstance(found, dict) and all(same(value.get(key), found.get(key)) for key in {*value, *found})
    if isinstance(value, bool):
        return str(found).lower() == str(value).lower()
    if isinstance(value, (int, float)):
        return same_number(value, found)
    if isinstance(found, str):
        return found == value or same_text(value, found)
    return not isinstance(found, bool) and same_number(value, found)


def same_number(value: Any, found: Any) -> bool:
    """Numbers are the same by their digits; of a FLOAT, which has seven, by these."""
    try:
        one, other = Decimal(str(value)), Decimal(str(found))
    except InvalidOperation:
        return False
    return one == other or (isinstance(value, float) and abs(one - other) <= abs(one) * Decimal("1e-6"))


def same_text(value: str, found: str) -> bool:
    """Times are written with a space or a T, bytes with DuckDB's escapes, and words for what is no number vary."""
    if found.replace(" ", "T", 1) in (value, value.removesuffix(":00"), f"{value}T00:00:00"):
        return True
    if value in ("NaN", "Infinity", "-Infinity"):
        return found == {"NaN": "nan", "Infinity": "inf", "-Infinity": "-inf"}[value]
    if re.fullmatch("([0-9a-f]{2})*", value):
        escaped = re.sub(r"\\x([0-9A-F]{2})", lambda each: chr(int(each[1], 16)), found)
        return escaped.encode("latin-1", "replace") == bytes.fromhex(value)
    return value in (f"{found}T00:00:00", f"{found}:00")
