"""How work is split: what each part reads, so that all parts together are the whole, and their outputs one output.

A summary is split by columns, because a column needs no other: what comes of it is exactly what one worker would find.
Duplicates are split by a hash of their keys: all rows with the same keys are in one part. Other work on rows is split
by files, and by groups of rows of large files of parquet. Nothing here asks a cluster.
"""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mason.clients._duckdb.connection import Limits, connect
from mason.clients._duckdb.quoting import call, identifier
from mason.clients._duckdb.reading.readers import Source, source
from mason.clients._duckdb.reading.schemas import TableSchema
from mason.clients._duckdb.writing.outputs import NOTE, Placed
from mason.clients._objects.object_path import ObjectPath
from mason.clients._objects.published import named_anew
from mason.errors import EngineError

if TYPE_CHECKING:
    from mason.clients.dask.dask_tables import DaskTables

Piece = tuple[int, int, "int | None"]
"""Rows of a table: the number of the file, the first row and the one behind the last (``None``: to the end)."""

# So many parts for each worker: those that are done early do more of them.
_FOR_EACH = 2
# Each part of what is split by a hash reads the whole table.
_MOST_HASHED = 8
_ROW = "file_row_number"


def column_groups(schema: TableSchema, limits: Limits, columns: Sequence[str], workers: int) -> list[list[str]]:
    """``columns`` of files of parquet in groups that take about as long as each other, for so many workers."""
    sizes: dict[str, int] = {}
    reader = call("parquet_metadata", [str(each.path) for each in schema.files], {})
    with connect(limits) as connection:
        found = connection.execute(
            f"SELECT path_in_schema, sum(total_uncompressed_size) FROM {reader} GROUP BY path_in_schema"
        ).fetchall()
    for path, size in found:
        name = path if path in columns else path.partition(", ")[0]
        sizes[name] = sizes.get(name, 0) + int(size)
    groups: list[list[str]] = [[] for _ in range(min(len(columns), workers * _FOR_EACH))]
    weights = [0] * len(groups)
    for name in sorted(columns, key=lambda name: -sizes.get(name, 0)):
        lightest = weights.index(min(weights))
        groups[lightest].append(name)
        weights[lightest] += sizes.get(name, 0) + 1
    # The heaviest begin first.
    return [group for _, group in sorted(zip(weights, groups, strict=True), reverse=True) if group]


def hashed_parts(size: int, part_bytes: int, workers: int) -> int:
    """In how many parts a table of so many bytes is split by a hash."""
    return max(1, min(workers, size // part_bytes, _MOST_HASHED))


def of_hash(found: Source, keys: Sequence[str], number: int, parts: int) -> Source:
    """The rows of a source whose ``keys`` are of part ``number``; NULL is a value like others."""
    hashed = f"hash({', '.join(map(identifier, keys))})"
    return replace(found, sql=f"SELECT * FROM ({found.sql}) WHERE {hashed} % {parts} = {number}")


def row_parts(schema: TableSchema, limits: Limits, part_bytes: int, workers: int) -> list[list[Piece]]:
    """The rows of a table in parts of about the same size: whole files, and rows of large files of parquet."""
    sizes = [each.file.version[0] for each in schema.files]
    wanted = max(part_bytes, -(-sum(sizes) // (workers * _FOR_EACH)))
    counts = _rows(schema, limits, wanted)
    pieces: list[tuple[int, Piece]] = []
    for number, size in enumerate(sizes):
        rows, several = counts.get(number, 0), -(-size // wanted)
        if not rows or several < 2:
            pieces.append((size, (number, 0, None)))
            continue
        step = -(-rows // several)
        starts = range(0, rows, step)
        pieces += [(size // several, (number, start, start + step)) for start in starts[:-1]]
        pieces.append((size // several, (number, starts[-1], None)))
    parts: list[list[Piece]] = [[]]
    filled = 0
    for size, piece in pieces:
        if parts[-1] and filled + size > wanted * 1.2:
            parts.append([])
            filled = 0
        parts[-1].append(piece)
        filled += size
    return parts


def _rows(schema: TableSchema, limits: Limits, wanted: int) -> dict[int, int]:
    """How many rows the files have that are to be split, by their numbers."""
    large = {
        str(each.path): number
        for number, each in enumerate(schema.files)
        if schema.format == "parquet" and each.copied is None and each.file.version[0] > wanted
    }
    names = {name.lower() for each in schema.files for name, _ in each.columns}
    if not large or _ROW in names:
        return {}
    reader = call("parquet_file_metadata", list(large), {})
    with connect(limits) as connection:
        found = connection.execute(f"SELECT file_name, num_rows FROM {reader}").fetchall()
    return {large[name]: int(rows) for name, rows in found if name in large}


def of_rows(schema: TableSchema, pieces: Sequence[Piece], root: Path) -> Source:
    """What reads some rows of a table."""
    whole = [schema.files[number] for number, start, stop in pieces if not start and stop is None]
    found = [source(replace(schema, files=tuple(whole)), root=root)] if whole else []
    for number, start, stop in pieces:
        if start or stop is not None:
            one = source(replace(schema, files=(schema.files[number],)), root=root)
            upper = "" if stop is None else f" AND {_ROW} < {stop}"
            found.append(replace(one, sql=f"{one.sql} WHERE {_ROW} >= {start}{upper}"))
    return Source(
        " UNION ALL ".join(each.sql for each in found if each.sql),
        tuple(dict.fromkeys(path for each in found for path in each.paths)),
        sheets=tuple(sheet for each in found for sheet in each.sheets),
        columnar=schema.format == "parquet",
        suspects=tuple(suspect for each in found for suspect in each.suspects),
        files=tuple(dict.fromkeys(path for each in found for path in each.files)),
        parts=sum(each.parts for each in found),
        originals={copy: path for each in found for copy, path in each.originals.items()},
    )


def part_folder(path: Path, number: int) -> Path:
    """Where a part of what becomes the folder ``path`` is written."""
    return path / f".part-{number}"


def joined(
    path: Path,
    manifests: Sequence[Mapping[str, Any]],
    placed: Placed,
    show: Callable[[Path | str], str],
    fingerprint: str,
) -> dict[str, Any]:
    """Make the outputs of parts one folder at ``path``, which will be the target of ``placed``; the manifest of all."""
    filled = [number for number, each in enumerate(manifests) if each["rows"]] or [0]
    schemas = [manifests[number]["schema"] for number in filled]
    if any(schema != schemas[0] for schema in schemas):
        raise EngineError("Workers wrote files of differing types. Make their versions of DuckDB the same.")
    written = [file for number in filled for file in _written(part_folder(path, number))]
    for number, file in enumerate(written):
        file.rename(path / f"data_{number}.{placed.output.ending}")
    for number in range(len(manifests)):
        shutil.rmtree(part_folder(path, number))
    if isinstance(placed.target, ObjectPath):
        named_anew(path, secrets.token_hex(4))
    sizes = {show(str(placed.target / each.name)): each.stat().st_size for each in _written(path)}
    notes = list(dict.fromkeys(note for number in filled for note in manifests[number].get("notes", ())))
    manifest = {
        "output": show(str(placed.target)),
        "format": placed.output.format,
        "rows": sum(each["rows"] for each in manifests),
        "bytes": sum(sizes.values()),
        "files": [{"path": name, "bytes": size} for name, size in sizes.items()],
        "schema": schemas[0],
        "source": fingerprint,
        **({"notes": notes} if notes else {}),
    }
    (path / NOTE).write_text(json.dumps(manifest, indent=2, ensure_ascii=False), "utf-8")
    return manifest


def _written(folder: Path) -> list[Path]:
    return sorted(each for each in folder.iterdir() if each.is_file() and each.name != NOTE)


def size_of(schema: TableSchema) -> int:
    """The bytes of the files of a table."""
    return sum(each.file.version[0] for each in schema.files)


def is_read_as_it_is(schema: TableSchema) -> bool:
    """Whether all files are parquet that DuckDB reads itself."""
    return schema.format == "parquet" and all(each.copied is None for each in schema.files)


def fingerprint_of(tables: DaskTables, schema: TableSchema) -> str:
    """As the manifests of outputs have it."""
    from mason.clients._duckdb.reading.table_files import fingerprint
    from mason.clients._objects.object_path import ask_again

    paths: Iterable[Path] = [each.file.path for each in schema.files]
    ask_again(list(paths))
    return fingerprint(paths, tables.root.show)
