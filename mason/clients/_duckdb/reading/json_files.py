"""What columns a JSON file has: every value counts, because any of them may have keys and types that no other has.

DuckDB looks at a sample, and then leaves out the keys, and rounds the numbers, that turn up later. Where a file is
longer than the sample, all its keys are asked for, which takes about as long as reading it, and all its types
where they could be others.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mason.clients._duckdb.quoting import call
from mason.clients._duckdb.reading.bytewise import look_through
from mason.clients._duckdb.reading.table_files import DataFile
from mason.clients._tables.columns import Columns
from mason.errors import EngineError
from mason.resources.wording import listing

if TYPE_CHECKING:
    import duckdb

_EVERYTHING = -1
# Types that hold whatever comes, and those that hold all numbers without a point.
_HOLD_ALL = frozenset({"VARCHAR", "DOUBLE", "JSON"})
_HOLD_WHOLE = frozenset({"BIGINT", "UBIGINT", "HUGEINT"})
# What DuckDB may have made of a key that it could not take as a name: one like another, or an empty one.
_MADE_UP = re.compile(r".*_\d+|C\d+", re.DOTALL)


def look(connection: duckdb.DuckDBPyConnection, file: DataFile, shown: str, rows: int) -> Columns:
    """The columns of a JSON file that is not empty, from ``rows`` of it where these are enough.

    Raises ``EngineError`` that calls the file ``shown`` when it is damaged, or has keys that cannot be columns.
    """
    # Each record begins with a brace, or follows a comma or the end of a line.
    longer = look_through(file, shown, most_lines=rows, ends=b"{,\n\r")
    columns = _columns(connection, file, rows)
    if (
        columns == (("json", "JSON"),)
        and not connection.execute(f"SELECT 1 FROM {_reader(file, rows)} LIMIT 1").fetchall()
    ):
        return ()
    names = {name for name, _ in columns}
    if longer.lines is None:
        holding = _HOLD_ALL if longer.points else _HOLD_ALL | _HOLD_WHOLE
        if any(kind not in holding for _, kind in columns) or not _keys(connection, file) <= names:
            columns = _columns(connection, file, _EVERYTHING)
    if any(_MADE_UP.fullmatch(name) for name, _ in columns):
        _refuse_made_up(connection, file, shown, columns)
    return columns


def _refuse_made_up(connection: duckdb.DuckDBPyConnection, file: DataFile, shown: str, columns: Columns) -> None:
    keys = _keys(connection, file)
    if all(name in keys for name, _ in columns):
        return
    if "" in keys:
        raise EngineError(f"{shown} has an empty key, which cannot be the name of a column. Name it.")
    alike: dict[str, list[str]] = {}
    for key in sorted(keys):
        alike.setdefault(key.lower(), []).append(key)
    found = listing(each for group in alike.values() if len(group) > 1 for each in group)
    raise EngineError(
        f"{shown} has keys that differ in upper and lower case only, so they cannot be columns of one table: {found}. "
        "Rename them."
    )


def _columns(connection: duckdb.DuckDBPyConnection, file: DataFile, rows: int) -> Columns:
    described = connection.execute(f"DESCRIBE SELECT * FROM {_reader(file, rows)}").fetchall()
    return tuple((row[0], row[1]) for row in described)


def _reader(file: DataFile, rows: int) -> str:
    # However many keys there are, and however alike their values: an object at the top is a row, not a map.
    options = {"hive_partitioning": "false", "sample_size": str(rows), "map_inference_threshold": "-1"}
    return call("read_json", str(file.path), options)


def _keys(connection: duckdb.DuckDBPyConnection, file: DataFile) -> set[str]:
    """The keys of all objects at the top of a file; none where it holds no objects."""
    reader = call("read_json_objects", str(file.path), {"format": "'auto'"})
    objects = f"SELECT DISTINCT json_keys(json) AS keys FROM {reader} WHERE json_type(json) = 'OBJECT'"
    return {row[0] for row in connection.execute(f"SELECT DISTINCT unnest(keys) FROM ({objects})").fetchall()}
