"""Columns to partition by: which can be, which texts cannot, and names of folders that all readers read alike."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from mason.clients._duckdb.quoting import literal
from mason.clients._duckdb.reading.table_files import NULL_PARTITION
from mason.clients._duckdb.root import is_data
from mason.clients._duckdb.writing.writable import NESTED
from mason.clients._tables.requests import Output
from mason.errors import EngineError
from mason.resources.wording import listing

if TYPE_CHECKING:
    from duckdb.sqltypes import DuckDBPyType

_TEXTS = ("varchar", "enum")
_BEYOND_ASCII = re.compile(r"(?:%[89A-F][0-9A-F])+")
_NUMBER = re.compile(r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?[fFdD]?|NaN|Infinity", re.ASCII)
_PLAIN = re.compile(r"0|-?[1-9][0-9]*|-?(0|[1-9][0-9]*)\.[0-9]*[1-9]", re.ASCII)


def check_partitions(output: Output, columns: Mapping[str, DuckDBPyType]) -> None:
    """Raises ``EngineError`` for columns that cannot be partitioned by."""
    for name in output.partition_columns:
        if name not in columns:
            missing = [each for each in output.partition_columns if each not in columns]
            raise EngineError(
                f"There is no column {', '.join(missing)} to partition by. Columns: {listing(columns, most=30)}."
            )
        if not is_data(name):
            raise EngineError(
                f"Column {name} cannot be partitioned by: readers pass over folders whose names begin so. Rename it."
            )
        if name == "*":
            raise EngineError("Column * cannot be partitioned by: to DuckDB it means all columns. Rename it.")
        if columns[name].id in NESTED or columns[name].id == "blob":
            raise EngineError(
                f"Column {name} cannot be partitioned by: it is {columns[name]}, of which no name of a folder can be "
                "made. Choose a column of numbers, dates or short texts."
            )
    if output.partition_columns and len(output.partition_columns) == len(columns):
        raise EngineError("All columns are partition columns, so there would be nothing in the files. Leave one out.")


def named_value(column: str, name: str, kind: DuckDBPyType) -> str:
    """The SQL for a value of ``column`` (SQL, too) that names a folder, or for the error that says why it cannot: some
    readers take the text of a folder for no value at all, and rows with and without one would share it."""
    if kind.id not in _TEXTS:
        return column
    text = f"CAST({column} AS VARCHAR)"
    told = (
        f"{literal(f'Column {name} has the text ')} || CASE {text} WHEN '' THEN '''''' ELSE {text} END || "
        f"{literal(', which readers of partitions take for no value at all. ')} || "
        f"{literal('Change the text, or partition by other columns.')}"
    )
    return f"CASE WHEN upper({text}) IN ('', 'NULL', {literal(NULL_PARTITION)}) THEN error({told}) ELSE {column} END"


def folder_of_nothing(path: Path, output: Output) -> Path:
    """The folder in ``path`` for a file without rows that tells the partition columns."""
    return path.joinpath(*(f"{_plain(quote(key, safe=''))}={NULL_PARTITION}" for key in output.partition_columns))


def rename_folders(path: Path) -> None:
    """Write letters beyond ASCII as they are in the names of folders: Spark takes ``%C3%B6`` for two letters, and all
    others read both."""
    for folder, names, _ in os.walk(path, topdown=False):
        for name in names:
            plain = _plain(name)
            if plain != name:
                Path(folder, name).rename(Path(folder, plain))


def _plain(name: str) -> str:
    return _BEYOND_ASCII.sub(lambda found: unquote(found[0]), name)


def told_of_partitions(path: Path, output: Output, columns: Mapping[str, DuckDBPyType]) -> list[str]:
    """What readers that guess the types of partitions make of texts: of ``01`` the number 1."""
    notes = []
    texts = [name for name in output.partition_columns if columns[name].id in _TEXTS]
    values: dict[str, set[str]] = {name: set() for name in texts}
    for folder in path.rglob("*=*") if texts else ():
        key, _, value = map(unquote, folder.name.partition("="))
        if key in values and value != NULL_PARTITION:
            values[key].add(value)
    for name, found in values.items():
        changed = sorted(value for value in found if not _PLAIN.fullmatch(value))
        if changed and all(_NUMBER.fullmatch(value) for value in found):
            notes.append(
                f"column {name}: texts such as {changed[0]!r} name folders, of which Spark and polars make numbers "
                "unless they are told that they are texts"
            )
    return notes
