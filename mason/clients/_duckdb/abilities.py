"""What clients that work with DuckDB can do with files, names and times; each of them declares what is its own.

The capabilities are values: planning reads them without loading DuckDB. Its documentation is the source of formats and
compressions (https://duckdb.org/docs/stable/data/overview), and the conformance suite proves each of them.
"""

from __future__ import annotations

from dataclasses import replace

from mason.engines.capabilities import Capabilities, FileFormat

_TEXT = ("gzip", "zstd", "none")
_PARQUET = ("snappy", "zstd", "gzip", "lz4", "brotli", "none")

FILES = (
    FileFormat("csv", _TEXT, folders=True),
    FileFormat("json", _TEXT, folders=True),
    FileFormat("jsonl", _TEXT, folders=True),
    FileFormat("parquet", _PARQUET, folders=True),
    FileFormat("xlsx"),
)
"""The formats that are written."""

READING = Capabilities(reads=(*FILES[:-1], replace(FILES[-1], folders=True)), time_digits=9, schemes=("file",))
"""A storage, which looks at files. A table may be a folder of spreadsheets; written is one."""

NAMING = replace(READING, dialect="duckdb", name_case="folded")
"""A metastore, which keeps names and tells the statements behind them."""

WORKING = replace(NAMING, writes=FILES, checks=True)
"""An execution engine, which works on tables."""
