"""The writing itself: DuckDB copies rows to a path beside the target, and a manifest tells what it wrote."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mason.clients._duckdb.failures import Show
from mason.clients._duckdb.quoting import call, identifier, literal
from mason.clients._duckdb.reading.readers import Source
from mason.clients._duckdb.reading.table_files import fingerprint
from mason.clients._duckdb.working import watched
from mason.clients._duckdb.writing.checked import check_rows
from mason.clients._duckdb.writing.outputs import NOTE, Placed
from mason.clients._duckdb.writing.partitions import (
    check_partitions,
    folder_of_nothing,
    named_value,
    rename_folders,
    told_of_partitions,
)
from mason.clients._duckdb.writing.spreadsheet import fitted
from mason.clients._duckdb.writing.verified import check_written, told_of_infinity
from mason.clients._duckdb.writing.workbook import write_workbook
from mason.clients._duckdb.writing.writable import told_of_types, writable
from mason.clients._objects.object_path import ObjectPath, ask_again
from mason.clients._objects.published import named_anew
from mason.clients._tables.requests import Output
from mason.engines import checking
from mason.engines.models import Column
from mason.errors import EngineError

if TYPE_CHECKING:
    import duckdb
    from duckdb.sqltypes import DuckDBPyType

_OPTIONS = {
    "csv": "FORMAT csv, HEADER true",
    "parquet": "FORMAT parquet",
    "json": "FORMAT json, ARRAY true",
    "jsonl": "FORMAT json, ARRAY false",
}
# JSON has no partitions in DuckDB, but a line of it is a line of CSV with one column and no quotes.
_LINES = r"FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER e'\x1f'"
# Large enough to be read quickly, small enough to be read by many.
_LARGEST_FILE = "512MB"
_PIECE, _LINE, _ROWS, _CHECKED = "mason_piece", "mason_line", "mason_rows", "mason_checked"
_TURNS = (8, 64, 512)


def write(
    connection: duckdb.DuckDBPyConnection,
    select: str,
    placed: Placed,
    path: Path,
    sources: Sequence[Source],
    show: Show,
) -> dict[str, Any]:
    """Write the rows of ``select`` to ``path``, which will be the target of ``placed``, and return the manifest.

    Its keys: ``output``, ``format``, ``rows``, ``bytes``, ``files`` (``path``, ``bytes``), ``schema`` and, where files
    were read, ``source``, their fingerprint; ``notes`` where other readers read something else, and ``checks``, the
    results of those that were asked for. Raises ``EngineError`` when they changed meanwhile, and when the files do not
    hold what was written; ``CheckFailedError`` where they do not fulfil their checks.
    """
    output = placed.output
    before = fingerprint(_files(sources), show)
    relation = connection.sql(select)
    names, kinds = _unique(relation.columns), relation.types
    columns = dict(zip(names, kinds, strict=True))
    check_partitions(output, columns)
    asked = checking.asked()
    checks: list[dict[str, Any]] = []
    if asked is not None and not _is_read_back(output):
        select = _kept(connection, select, names)
        checks = check_rows(connection, select, asked, show)
    named = _named(connection, select, names, kinds, output)
    shown = show(str(placed.target))
    with watched(connection, f"Writing {shown}", sum(source.size for source in sources)):
        rows = _copy(connection, named, output, path)
    if isinstance(placed.target, ObjectPath) and output.folder:
        named_anew(path, secrets.token_hex(4))
    read = _files(sources)
    ask_again(read)
    if any(not each.exists() for each in read) or fingerprint(read, show) != before:
        raise EngineError("The files that were read changed meanwhile, so nothing was written. Run it again.")
    files = sorted(each for each in path.rglob("*") if each.is_file()) if output.folder else [path]
    inside = {name: kind for name, kind in columns.items() if name not in output.partition_columns}
    types = check_written(connection, files, output, rows, list(inside))
    if asked is not None and _is_read_back(output):
        staged = f"SELECT * FROM {call('read_parquet', [str(file) for file in files], {'hive_partitioning': 'false'})}"
        with watched(connection, f"Checking {shown}", sum(file.stat().st_size for file in files)):
            checks = check_rows(connection, staged, asked, show)
    notes = told_of_partitions(path, output, columns)
    if output.format == "parquet":
        notes += told_of_types(inside) + told_of_infinity(connection, files, inside)
    sizes = {
        show(str(placed.target / each.relative_to(path))) if output.folder else shown: each.stat().st_size
        for each in files
    }
    manifest = {
        "output": shown,
        "format": output.format,
        "rows": rows,
        "bytes": sum(sizes.values()),
        "files": [{"path": name, "bytes": size} for name, size in sizes.items()],
        "schema": [Column(name, types.get(name, str(kind))).to_dict() for name, kind in columns.items()],
        **({"source": before} if _files(sources) else {}),
        **({"notes": notes} if notes else {}),
        **({"checks": checks} if asked is not None else {}),
    }
    if output.folder:
        (path / NOTE).write_text(json.dumps(manifest, indent=2, ensure_ascii=False), "utf-8")
    return manifest


def _is_read_back(output: Output) -> bool:
    """Whether checks look at the files that were written: what is read of others may have another type than it had."""
    return output.format == "parquet" and not output.partition_columns


def _kept(connection: duckdb.DuckDBPyConnection, select: str, names: Sequence[str]) -> str:
    """The rows of ``select`` as a table that is read several times, and is the same each time."""
    aliases = [f"c{index}" for index in range(len(names))]
    values = ", ".join(f"{alias} AS {identifier(name)}" for alias, name in zip(aliases, names, strict=True))
    connection.execute(
        f"CREATE TEMP TABLE {_CHECKED} AS SELECT {values} FROM ({select}\n) AS rows({', '.join(aliases)})"
    )
    return f"SELECT * FROM {_CHECKED}"


def _files(sources: Sequence[Source]) -> list[Path]:
    return [path for source in sources for path in source.files]


def _unique(names: Sequence[str]) -> list[str]:
    """Names as files can have them: SQL folds case, and a result may give two columns one name."""
    taken = {name.lower() for name in names}
    met: set[str] = set()
    unique = []
    for name in names:
        found, number = name, 1
        while found.lower() in met or (found != name and found.lower() in taken):
            found, number = f"{name}_{number}", number + 1
        met.add(found.lower())
        unique.append(found)
    return unique


def _named(
    connection: duckdb.DuckDBPyConnection,
    select: str,
    names: Sequence[str],
    kinds: Sequence[DuckDBPyType],
    output: Output,
) -> str:
    """``select`` with its columns named uniquely, and as the format can hold them."""
    aliases = [f"c{index}" for index in range(len(names))]
    values = ", ".join(
        f"{_value(alias, name, kind, output, alone=len(names) == 1)} AS {identifier(name)}"
        for alias, name, kind in zip(aliases, names, kinds, strict=True)
    )
    named = f"SELECT {values} FROM ({select}\n) AS rows({', '.join(aliases)})"
    if output.format == "xlsx":
        return fitted(connection, named, list(zip(names, kinds, strict=True)))
    return named


def _value(column: str, name: str, kind: DuckDBPyType, output: Output, *, alone: bool) -> str:
    if name in output.partition_columns:
        return named_value(column, name, kind)
    value = writable(column, name, kind, output.format)
    if output.format == "csv" and alone:
        told = (
            f"Column {name} has no value in some rows, and would be alone in the file: their lines would be empty, "
            "which readers pass over. Write jsonl or parquet instead, or a second column."
        )
        return f"CASE WHEN {column} IS NULL THEN error({literal(told)}) ELSE {value} END"
    return value


def _copy(connection: duckdb.DuckDBPyConnection, select: str, output: Output, path: Path) -> int:
    """Have DuckDB write, and return the number of rows."""
    if output.format == "xlsx":
        return write_workbook(connection, select, path)
    options = [_OPTIONS[output.format]]
    keys = list(output.partition_columns)
    plain = select
    if output.files is not None:
        keys = [_unused(_PIECE, connection.sql(select).columns)]
        select = f"SELECT *, row_number() OVER () % {output.files} AS {identifier(keys[0])} FROM ({select})"
    if keys and output.format in ("json", "jsonl"):
        select, options = _lines(connection, select, keys), [_LINES]
    elif output.format == "csv":
        options.append(f"DELIMITER {literal(output.delimiter)}")
    if output.compression:
        options.append(f"COMPRESSION {literal({'none': 'uncompressed'}.get(output.compression, output.compression))}")
    if keys:
        folders = [f"FILE_EXTENSION {literal(output.ending)}"]
        folders.append(f"PARTITION_BY ({', '.join(identifier(key) for key in keys)})")
        rows = _copy_to_folders(connection, select, keys, [*options, *folders], path)
        if not rows:
            _write_nothing(connection, plain, output, options, path)
        elif output.files is not None:
            _gather(path, keys[0], output)
        else:
            rename_folders(path)
        return rows
    if output.folder and output.format in ("csv", "parquet"):
        split = [f"FILE_EXTENSION {literal(output.ending)}", f"FILE_SIZE_BYTES {literal(_LARGEST_FILE)}"]
        return _copy_once(connection, select, [*options, *split], path)
    # A folder of one file is made by hand: DuckDB splits some formats only.
    return _copy_once(connection, select, options, path / f"data_0.{output.ending}" if output.folder else path)


def _copy_once(connection: duckdb.DuckDBPyConnection, select: str, options: Sequence[str], path: Path) -> int:
    row = connection.execute(f"COPY ({select}) TO {literal(str(path))} ({', '.join(options)})").fetchone()
    return int(row[0]) if row else 0


def _copy_to_folders(
    connection: duckdb.DuckDBPyConnection, select: str, keys: Sequence[str], options: Sequence[str], path: Path
) -> int:
    """Write partitions, all at once or, because each takes memory as long as the statement lasts, in several turns."""
    import duckdb

    try:
        return _copy_once(connection, select, options, path)
    except duckdb.OutOfMemoryException:
        connection.execute(f"CREATE TEMP TABLE {_ROWS} AS {select}")
    turn = f"hash({', '.join(identifier(key) for key in keys)})"
    options = [*options, "OVERWRITE_OR_IGNORE"]
    for turns in _TURNS:
        _clear(path)
        slices = [f"SELECT * FROM {_ROWS} WHERE {turn} % {turns} = {number}" for number in range(turns)]
        try:
            return sum(_copy_once(connection, each, options, path) for each in slices)
        except duckdb.OutOfMemoryException:
            if turns == _TURNS[-1]:
                raise
    raise AssertionError("there are turns")


def _clear(folder: Path) -> None:
    import shutil

    shutil.rmtree(folder)
    folder.mkdir()


def _unused(name: str, names: Sequence[str]) -> str:
    """``name``, or one like it that no column has."""
    return _unique([*names, name])[-1]


def _write_nothing(
    connection: duckdb.DuckDBPyConnection, select: str, output: Output, options: Sequence[str], path: Path
) -> None:
    """One file without rows, so that the folder has the columns of the table, partition columns included."""
    folder = folder_of_nothing(path, output)
    folder.mkdir(parents=True, exist_ok=True)
    excluded = ", ".join(identifier(key) for key in output.partition_columns)
    columns = f"* EXCLUDE ({excluded})" if excluded else "*"
    _copy_once(connection, f"SELECT {columns} FROM ({select})", options, folder / f"data_0.{output.ending}")


def _lines(connection: duckdb.DuckDBPyConnection, select: str, keys: Sequence[str]) -> str:
    """Rows as lines of JSON, beside the columns to partition by."""
    every = connection.sql(select).columns
    fields = ", ".join(f"{literal(name)}: {identifier(name)}" for name in every if name not in keys)
    return (
        f"SELECT CAST(to_json({{{fields}}}) AS VARCHAR) AS {identifier(_unused(_LINE, every))}, "
        f"{', '.join(identifier(key) for key in keys)} FROM ({select})"
    )


def _gather(folder: Path, key: str, output: Output) -> None:
    """Pieces that were written as partitions become files of the folder itself."""
    number = 0
    for piece in sorted(folder.glob(f"{key}=*")):
        for file in sorted(piece.iterdir()):
            file.rename(folder / f"data_{number}.{output.ending}")
            number += 1
        piece.rmdir()
