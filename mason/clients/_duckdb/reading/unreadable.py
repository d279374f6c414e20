"""Which parquet file, and which column of it, DuckDB cannot read, and why: its own errors name neither.

Asked only once reading has failed: each column of each file is read alone until one fails in the same way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from mason.clients._duckdb.failures import Show, reason_of
from mason.clients._duckdb.quoting import call, identifier
from mason.clients._duckdb.reading import arrow_copies
from mason.clients._duckdb.reading.parquet_footer import has_encrypted_columns
from mason.errors import EngineError

if TYPE_CHECKING:
    import duckdb

Connect = Callable[[], "AbstractContextManager[duckdb.DuckDBPyConnection]"]
"""What gives a new connection: one that met a fatal error is of no use afterwards."""

_WHERE = re.compile(r"^(?:Failed to read (?:Parquet )?file|Invalid string encoding found in Parquet file) \".*?\": ")
_NAMED = re.compile(r"^T\w+Exception: |^File '[^']*' (?:is )?| in file '[^']*'| of file '[^']*'")
_LACKS = re.compile(
    r"not implemented|unsupported|not supported|only supported|requires two children|STRUCT\(\)|have to encode|"
    r"must have '",
    re.IGNORECASE,
)
_ASIDE = re.compile(r"(?: Supported options are| For more information).*", re.DOTALL)
# What pyarrow reads.
_BY_ARROW = re.compile('codec "LZ4"|BYTE_STREAM_SPLIT|requires two children')
_WITH = "with types, encodings and a compression (such as zstd or snappy) that DuckDB reads"
_ANEW = f"Write it anew {_WITH}"


def may_be_unreadable(error: Exception) -> bool:
    """Whether an error of DuckDB may come from a file, and not from the statement."""
    import duckdb

    of_files = (
        duckdb.InvalidInputException,
        duckdb.IOException,
        duckdb.NotImplementedException,
        duckdb.InternalException,
        duckdb.FatalException,
    )
    return isinstance(error, of_files) or type(error) is duckdb.Error


def first_unreadable(connect: Connect, paths: Iterable[Path], show: Show) -> EngineError | None:
    """The error that names the first parquet file that cannot be read, its column, and the reason; ``None`` where all
    can."""
    for path in paths:
        reader = call("read_parquet", str(path), {"hive_partitioning": "false"})
        error, described = _tried(connect, f"DESCRIBE SELECT * FROM {reader}")
        if error is not None:
            return unreadable(error, path, show(str(path)))
        for name in (row[0] for row in described):
            # The greatest text: all values are decoded for it, whatever their type.
            error, _ = _tried(connect, f"SELECT max(CAST({identifier(str(name))} AS VARCHAR)) FROM {reader}")
            if error is not None:
                return unreadable(error, path, f"{show(str(path))}, column {name}")
    return None


def unreadable(error: Exception, path: Path, place: str) -> EngineError:
    """The error for a parquet file that DuckDB gave up with ``error``; ``place`` is what the file is called."""
    import duckdb

    reason = _NAMED.sub("", _ASIDE.sub("", _WHERE.sub("", reason_of(error)))).rstrip(".!")
    if "encrypted" in reason or has_encrypted_columns(path):
        return EngineError(f"{place} is encrypted, and there is no key. Write it without encryption.")
    if "valid UTF8" in reason:
        return EngineError(f"{place} has text that is not UTF-8: {reason}. Write the column as UTF-8, or as binary.")
    if _BY_ARROW.search(reason) and not arrow_copies.available():
        return EngineError(f"{place} cannot be read: {reason}. {arrow_copies.REMEDY} {_WITH}.")
    if isinstance(error, duckdb.InternalException):
        return EngineError(f"{place} cannot be read: DuckDB fails inside ({reason}). {_ANEW}.")
    if isinstance(error, duckdb.NotImplementedException) or _LACKS.search(reason):
        return EngineError(f"{place} cannot be read: {reason}. {_ANEW}.")
    return EngineError(f"{place} is damaged: {reason}. Get the file again from where it came.")


def _tried(connect: Connect, query: str) -> tuple[Exception | None, list[tuple[object, ...]]]:
    import duckdb

    try:
        with connect() as connection:
            return None, connection.execute(query).fetchall()
    except duckdb.Error as error:
        return (error if may_be_unreadable(error) else None), []
