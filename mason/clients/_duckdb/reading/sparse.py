"""Sparse copies of parquet files: the bytes of some columns, at their places, below a footer that says something else
of them, so that DuckDB shows what it would otherwise change; and the SQL that asks something of all values there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from mason.clients._duckdb.json_values import children
from mason.clients._duckdb.quoting import literal
from mason.clients._duckdb.reading.parquet_footer import chunks, footer, footer_length

if TYPE_CHECKING:
    from duckdb.sqltypes import DuckDBPyType

_PIECE = 1 << 20

Test = Callable[[str, "DuckDBPyType"], str]
"""The SQL that asks something of a value (SQL, too) of a type; empty where it asks nothing of that type."""


@contextmanager
def sparse_copies(paths: Sequence[Path], tops: Set[str], changed: Callable[[bytes], bytes]) -> Iterator[list[Path]]:
    """Copies of files for as long as it takes.

    tops: the columns, by their names at the top, whose bytes are in the copies; no others can be read.
    changed: the bytes of the footer of a copy, from those of its file.
    """
    from mason import temporary

    with temporary.folder("reading") as folder:
        copies = [folder / f"{number}.parquet" for number in range(len(paths))]
        for path, copy in zip(paths, copies, strict=True):
            _copy_columns(path, copy, tops, changed)
        yield copies


def _copy_columns(path: Path, copy: Path, tops: Set[str], changed: Callable[[bytes], bytes]) -> None:
    size, length = path.stat().st_size, footer_length(path)
    with path.open("rb") as source, copy.open("wb") as target:
        target.write(source.read(4))
        for parts, metadata in chunks(footer(path)):
            if parts[0] in tops:
                # A dictionary, where there is one, stands before the values.
                start = min(metadata[9], metadata.get(11) or metadata[9])
                _copy_bytes(source, target, start, metadata[7])
        source.seek(size - 8 - length)
        target.seek(size - 8 - length)
        said = changed(source.read(length))
        target.write(said)
        target.write(len(said).to_bytes(4, "little"))
        source.seek(-4, 2)
        target.write(source.read(4))


def _copy_bytes(source: BinaryIO, target: BinaryIO, start: int, length: int) -> None:
    source.seek(start)
    target.seek(start)
    while length > 0:
        piece = source.read(min(length, _PIECE))
        if not piece:
            break
        target.write(piece)
        length -= len(piece)


def any_within(value: str, kind: DuckDBPyType, test: Test, depth: int = 0) -> str:
    """The SQL that is true where ``test`` is true of ``value`` or of what is inside of it; empty where it can be true
    of nothing there."""
    found = test(value, kind)
    if found:
        return found
    within = children(kind)
    if kind.id in ("list", "array"):
        return _in_a_list(value, within["child"], test, depth)
    if kind.id == "map":
        tests = [
            _in_a_list(f"map_keys({value})", within["key"], test, depth),
            _in_a_list(f"map_values({value})", within["value"], test, depth),
        ]
    else:
        tests = [
            any_within(f"struct_extract({value}, {literal(name)})", child, test, depth)
            for name, child in within.items()
        ]
    tests = [f"coalesce({each}, false)" for each in tests if each]
    return f"({' OR '.join(tests)})" if tests else ""


def _in_a_list(values: str, kind: DuckDBPyType, test: Test, depth: int) -> str:
    each = f"each_{depth}"
    found = any_within(each, kind, test, depth + 1)
    return f"list_bool_or(list_transform({values}, lambda {each}: {found}))" if found else ""
