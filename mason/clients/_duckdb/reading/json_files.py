"""What columns a JSON file has: every value counts, because any of them may have keys and types that no other has.

DuckDB looks at a sample, and then leaves out the keys, and rounds the numbers, that turn up later. Where a file is
longer than the sample, all its keys are asked for, which takes about as long as reading it, and all its types
where they could be others. It also drops the offsets of times, rounds whole numbers that stand beside fractions, and
takes a list without an end for a whole one: texts are typed by the rules of :mod:`text_types`, and numbers by theirs.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from mason.clients._duckdb.json_values import children
from mason.clients._duckdb.quoting import call, identifier, struct
from mason.clients._duckdb.reading.bytewise import look_through
from mason.clients._duckdb.reading.json_faults import json_fault
from mason.clients._duckdb.reading.json_numbers import first_rounded, rounding_error
from mason.clients._duckdb.reading.table_files import DataFile
from mason.clients._duckdb.reading.text_files import opened
from mason.clients._duckdb.reading.text_types import PLAIN, fits, guess, measures
from mason.clients._tables.columns import Columns
from mason.errors import EngineError
from mason.resources.wording import listing

if TYPE_CHECKING:
    import duckdb
    from duckdb.sqltypes import DuckDBPyType

_EVERYTHING = -1
# Types that hold whatever comes, and those that hold all numbers without a point.
_HOLD_ALL = frozenset({"VARCHAR", "DOUBLE", "JSON"})
_HOLD_WHOLE = frozenset({"BIGINT", "UBIGINT", "HUGEINT"})
# What DuckDB may have made of a key that it could not take as a name: one like another, or an empty one.
# Texts that are all of one of these have it; a text of digits is a text.
RAW: Columns = (("json", "JSON"),)
"""The column of a file without objects that no other type holds."""
TIMES = frozenset({"DATE", "TIME", "TIMESTAMP", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE"})
"""The types that texts of JSON may have."""
_MADE_OF_TEXT = frozenset({"uuid", "date", "time", "timestamp", "timestamp with time zone"})
_FEW = 200
_PIECE = 1 << 20
_MOST_NESTED = 100
_MOST_DIGITS = 38
_LONG_NUMBER = r"(^|[:,\[])\s*-?[0-9]{16,}\s*([,}\]]|$)"
# Only a DOUBLE has one.
_NEGATIVE_ZERO = r"-0(\.0*)?"
_MADE_UP = re.compile(r".*_\d+|C\d+", re.DOTALL)


def look(connection: duckdb.DuckDBPyConnection, file: DataFile, shown: str, rows: int) -> Columns:
    """The columns of a JSON file that is not empty, from ``rows`` of it where these are enough.

    Raises ``EngineError`` that calls the file ``shown`` when it is damaged, has keys that cannot be columns, or numbers
    that would be rounded.
    """
    import duckdb

    # Each record begins with a brace, or follows a comma or the end of a line.
    longer = look_through(file, shown, most_lines=rows, ends=b"{,\n\r")
    _refuse_cut(file, shown)
    try:
        columns = _columns(connection, file, shown, rows)
        if columns[0][0] == "json" and columns[0][1].count("[]") > _MOST_NESTED and not _holds_objects(file):
            return RAW
    except duckdb.Error as error:
        # Numbers that are no values of an object are parsed as 64 bits, and lists may be nested too deep for a type.
        if isinstance(error, duckdb.FatalException) or _holds_objects(file):
            raise
        if fault := json_fault(file.path, shown):
            raise fault from error
        connection.execute(f"SELECT count(*) FROM {raw_reader([str(file.path)])}")
        return RAW
    if (
        columns == (("json", "JSON"),)
        and not connection.execute(f"SELECT 1 FROM {_reader(file, rows)} LIMIT 1").fetchall()
    ):
        return ()
    names = {name for name, _ in columns}
    if longer.lines is None:
        holding = _HOLD_ALL if longer.points else _HOLD_ALL | _HOLD_WHOLE
        if any(kind not in holding for _, kind in columns) or not _keys(connection, file) <= names:
            columns = _columns(connection, file, shown, _EVERYTHING)
    if any(_MADE_UP.fullmatch(name) for name, _ in columns):
        _refuse_made_up(connection, file, shown, columns)
    if any("DOUBLE" in kind or "JSON" in kind for _, kind in columns):
        rounded = first_rounded(connection, file)
        if rounded and [name for name, _ in columns] == ["json"] and not _holds_objects(file):
            return RAW
        if rounded:
            raise rounding_error(file, rounded, shown)
    columns = tuple((name, _as_text(_typed(connection, shown, name, kind))) for name, kind in columns)
    return _exact(connection, file, columns)


def _holds_objects(file: DataFile) -> bool:
    """Whether the file, or the list that it is, begins with an object. Nobody looks into a file in Zstandard."""
    if file.ending.compression == "zst":
        return True
    with opened(file) as stream:
        return stream.read(_PIECE).lstrip().removeprefix(b"[").lstrip()[:1] == b"{"


def _typed(connection: duckdb.DuckDBPyConnection, shown: str, name: str, kind: str) -> DuckDBPyType:
    """The type of a column. Raises ``EngineError`` for keys that are no names in SQL, at the top or further down."""
    import duckdb

    if "\0" in name or "\0" in kind:
        raise EngineError(f"{shown} has a key with a NUL character, which cannot be the name of a column. Rename it.")
    try:
        return connection.type(kind)
    except duckdb.Error as error:
        if "depth" in str(error):
            raise EngineError(f"{shown}, column {name}: values are nested too deep. Nest them less.") from error
        # DuckDB writes a STRUCT with such a key in a way that it does not read itself.
        raise EngineError(
            f"{shown} has an empty key in column {name}, which cannot be the name of a field. Name it."
        ) from error


def _refuse_cut(file: DataFile, shown: str) -> None:
    """Refuse a list that lacks its end: DuckDB reads what there is of it. A file in Zstandard is not looked into."""
    if file.ending.compression == "zst":
        return
    first = last = b""
    with opened(file) as stream:
        piece = stream.read(_PIECE)
        first = piece.lstrip()[:1]
        if not file.ending.compression and file.version[0] > 2 * _PIECE:
            stream.seek(-_PIECE, os.SEEK_END)
        while piece:
            last = piece.rstrip()[-1:] or last
            piece = stream.read(_PIECE)
    if first == b"[" and last != b"]":
        raise json_fault(file.path, shown) or EngineError(
            f"{shown} is cut off: it begins with [ and does not end with ]. Get the file again from where it came."
        )


def _exact(connection: duckdb.DuckDBPyConnection, file: DataFile, columns: Columns) -> Columns:
    """``columns``, but with types that hold what is in the file: texts that are all dates or times have the type of
    these, and numbers that a DOUBLE would round one that does not."""
    found = dict(columns)
    texts = [name for name, kind in columns if kind == "VARCHAR"]
    if texts:
        found |= _times(connection, file, texts)
    numbers = [name for name, kind in columns if kind == "DOUBLE"]
    if numbers:
        found |= _numbers(connection, file, numbers)
    nested = [name for name, kind in columns if "DOUBLE" in kind and kind != "DOUBLE"]
    if nested:
        tests = ", ".join(
            f"coalesce(bool_or(regexp_matches({identifier(name)}, '{_LONG_NUMBER}')), false)" for name in nested
        )
        row = connection.execute(f"SELECT {tests} FROM {text_reader([str(file.path)], nested)}").fetchone()
        assert row is not None
        found |= {name: "VARCHAR" for name, long in zip(nested, row, strict=True) if long}
    return tuple(found.items())


def _times(connection: duckdb.DuckDBPyConnection, file: DataFile, texts: Sequence[str]) -> dict[str, str]:
    reader = text_reader([str(file.path)], texts)
    few = connection.execute(f"SELECT * FROM {reader} LIMIT {_FEW}").fetchall()
    guesses = {name: guess(row[index] for row in few if row[index]) for index, name in enumerate(texts)}
    likely = {name: kind for name, kind in guesses.items() if kind in TIMES}
    if not likely:
        return {}
    tests = ", ".join(
        f"count(*) FILTER (NOT coalesce({fits(identifier(name), kind)}, {identifier(name)} IS NULL))"
        for name, kind in likely.items()
    )
    row = connection.execute(f"SELECT {tests} FROM {reader}").fetchone()
    assert row is not None
    return {name: kind for (name, kind), wrong in zip(likely.items(), row, strict=True) if not wrong}


def _numbers(connection: duckdb.DuckDBPyConnection, file: DataFile, numbers: Sequence[str]) -> dict[str, str]:
    """The types of columns in which there are fractions, and perhaps whole numbers that a DOUBLE rounds."""
    reader = text_reader([str(file.path)], numbers)
    tests = []
    for name in numbers:
        column = identifier(name)
        value = f"CAST(TRY_CAST({column} AS DOUBLE) AS VARCHAR)"
        kept = f"{value} IN ({column}, {column} || '.0') OR length({column}) <= 15 AND isfinite({column}::DOUBLE)"
        whole = f"count(*) FILTER ({fits(column, 'HUGEINT')}) = count({column})"
        tests.append(
            f"{{rounded: count(*) FILTER (({kept}) IS FALSE), whole: {whole}, number: {measures(column, PLAIN)}, "
            f"signed: count_if(regexp_full_match({column}, '{_NEGATIVE_ZERO}'))}}"
        )
    row = connection.execute(f"SELECT {', '.join(tests)} FROM {reader}").fetchone()
    assert row is not None
    found = {}
    for name, measured in zip(numbers, row, strict=True):
        number = measured["number"]
        if not measured["rounded"]:
            continue
        fits_decimal = (
            number["numbers"] and not measured["signed"] and number["digits"] + number["most"] <= _MOST_DIGITS
        )
        decimal = f"DECIMAL({_MOST_DIGITS},{number['most']})" if fits_decimal else "VARCHAR"
        found[name] = "HUGEINT" if measured["whole"] else decimal
    return found


def raw_reader(paths: Sequence[str], arguments: Mapping[str, str] | None = None) -> str:
    """The call that reads the values of JSON files, whatever they are, as JSON in a column ``json``: the only one of
    which DuckDB changes no number."""
    return call("read_json_objects", paths, {"format": "'auto'", **(arguments or {"hive_partitioning": "false"})})


def text_reader(paths: Sequence[str], names: Iterable[str]) -> str:
    """The call that reads columns of JSON files as text: texts as they are, all else as JSON."""
    columns = struct(dict.fromkeys(names, "VARCHAR"))
    return call("read_json", paths, {"columns": columns, "format": "'auto'", "hive_partitioning": "false"})


def _as_text(kind: DuckDBPyType) -> str:
    """A type with text instead of what DuckDB made of texts: ids, of which it changes the case of letters, and dates,
    which it makes of the word Infinity whatever their format is."""
    if kind.id in _MADE_OF_TEXT:
        return "VARCHAR"
    within = children(kind)
    inner = {name: _as_text(child) for name, child in within.items()}
    if all(inner[name] == str(child) for name, child in within.items()):
        return str(kind)
    if kind.id == "list":
        return f"{inner['child']}[]"
    if kind.id == "struct":
        return f"STRUCT({', '.join(f'{identifier(name)} {each}' for name, each in inner.items())})"
    return f"MAP({inner['key']}, {inner['value']})" if kind.id == "map" else str(kind)


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


def _columns(connection: duckdb.DuckDBPyConnection, file: DataFile, shown: str, rows: int) -> Columns:
    import duckdb

    try:
        described = connection.execute(f"DESCRIBE SELECT * FROM {_reader(file, rows)}").fetchall()
    except duckdb.NotImplementedException as error:
        key = re.search(r'Duplicate name "(.*?)" in struct', str(error), re.DOTALL)
        if key is None:
            raise
        raise EngineError(
            f"{shown} has objects in which keys differ in upper and lower case only ({key[1]}). Rename them."
        ) from error
    return tuple((row[0], row[1]) for row in described)


def _reader(file: DataFile, rows: int) -> str:
    # However many keys there are, and however alike their values: an object at the top is a row, not a map.
    options = {
        "hive_partitioning": "false",
        "sample_size": str(rows),
        "map_inference_threshold": "-1",
        # A format that no text has: without one, texts are taken for times.
        "dateformat": "'%Y\t'",
        "timestampformat": "'%Y\t'",
    }
    return call("read_json", str(file.path), options)


def _keys(connection: duckdb.DuckDBPyConnection, file: DataFile) -> set[str]:
    """The keys of all objects at the top of a file; none where it holds no objects."""
    reader = call("read_json_objects", str(file.path), {"format": "'auto'"})
    objects = f"SELECT DISTINCT json_keys(json) AS keys FROM {reader} WHERE json_type(json) = 'OBJECT'"
    return {row[0] for row in connection.execute(f"SELECT DISTINCT unnest(keys) FROM ({objects})").fetchall()}
