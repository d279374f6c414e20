"""The SQL that reads a table: every option explicit, every column named and typed, so that nothing is guessed again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path

from mason.clients._duckdb.quoting import call, exactly, identifier, literal, struct
from mason.clients._duckdb.reading import spreadsheet
from mason.clients._duckdb.reading.misread import Suspect, checked, misread
from mason.clients._duckdb.reading.schemas import FileSchema, TableSchema
from mason.clients._tables.merging import Merged
from mason.values import dataclass


@dataclass(frozen=True, slots=True)
class Source:
    """What a query needs to read one table: a ``SELECT``, the paths that it opens, and what must be loaded for it.

    A file whose name looks like a glob is among ``paths`` twice: also as the pattern that the ``SELECT`` has for it.
    ``attach`` is a DuckDB database that the statement reads as ``warehouse``. ``columnar`` says that columns that
    are not asked for cost nothing. ``suspects`` are the files in which to look for the value that a check refused.
    ``files`` are the table's files, and ``folder`` the folder whose files make up the table, if it is one. ``changes``
    are what was done to files that differ. ``parts`` counts the groups of files that are read each in a way of its own.
    """

    sql: str
    paths: tuple[Path, ...] = ()
    excel: bool = False
    attach: Path | None = None
    columnar: bool = False
    suspects: tuple[Suspect, ...] = ()
    files: tuple[Path, ...] = ()
    folder: Path | None = None
    changes: tuple[Merged, ...] | None = None
    parts: int = 1

    @property
    def size(self) -> int:
        """The bytes of its files."""
        return sum(path.stat().st_size for path in self.files)


def source(schema: TableSchema, *, checks: bool = True, root: Path | None = None) -> Source:
    """How to read the table whose files were described; without ``checks``, as a person would write it, for DDL.

    Paths of files, where the table has a column of them, are told from ``root``.
    """
    filled = [each for each in schema.files if each.columns]
    # Files that are written alike are read by one call: a call for each would plan and open them one by one.
    ordered = sorted(filled, key=_alike)
    parts = [_part(schema, list(group), root, checks=checks) for _, group in groupby(ordered, key=_alike)]
    sql = " UNION ALL ".join(parts) if parts else _nothing(schema)
    return Source(
        sql,
        # A confined DuckDB asks twice: whether it may use the pattern, then whether it may open what matches.
        tuple(dict.fromkeys(path for each in filled for path in (each.file.path, Path(exactly(str(each.file.path)))))),
        excel=schema.format == "xlsx",
        columnar=schema.format == "parquet",
        suspects=_suspects(schema, filled) if checks and schema.format == "csv" else (),
        files=tuple(each.file.path for each in schema.files),
        changes=schema.changes,
        parts=len(parts),
    )


def _alike(each: FileSchema) -> str:
    if each.file.ending.format == "json":
        return ""
    if each.file.ending.format == "xlsx":
        return str(each.file.path)
    names = [name for name, _ in each.columns] if each.file.ending.format == "csv" else each.columns
    return repr((each.dialect, names, each.sampled, each.points))


def _part(schema: TableSchema, files: Sequence[FileSchema], root: Path | None, *, checks: bool) -> str:
    if schema.format == "xlsx":
        return _sheet(schema, files[0], root)
    own = dict(files[0].columns)
    wanted = dict(schema.columns)
    values: dict[str, str] = {}
    arguments: dict[str, str] = {}
    if schema.format == "json":
        # JSON goes by name; a column that is also a partition's is read from the path.
        own = wanted
        arguments = {"columns": struct(wanted), "format": "'auto'"}
    elif schema.format == "csv":
        own = {name: _read_type(kind, wanted.get(name, "VARCHAR")) for name, kind in own.items()}
        wrong = _checks(schema, files[0]) if checks else {}
        arguments = _as_read(files[0], {name: kind for name, kind in own.items() if name not in wrong})
        values = {name: checked(name, wanted[name], each) for name, each in wrong.items()}
    if schema.path:
        arguments["filename"] = literal(schema.path)
    reader = call(f"read_{schema.format}", [str(each.file.path) for each in files], arguments | _hive(schema))
    return f"SELECT {_select(schema, own, values, root)} FROM {reader}"


def _read_type(own: str, wanted: str) -> str:
    """The type to read a text as: the one that is wanted, but dates first as dates, because they may have a format."""
    return own if own == "DATE" and wanted.startswith("TIMESTAMP") else wanted


def _as_read(file: FileSchema, types: Mapping[str, str]) -> dict[str, str]:
    """The arguments of ``read_csv`` for a file, with ``types``, and text where there is none."""
    assert file.dialect is not None
    return file.dialect.arguments() | {
        "columns": struct({name: types.get(name, "VARCHAR") for name, _ in file.columns})
    }


def _checks(schema: TableSchema, file: FileSchema) -> dict[str, str]:
    """What is wrong with a value, for the columns of a CSV file where a value can be; see :mod:`misread`."""
    dialect = file.dialect
    assert dialect is not None
    if file.sampled:
        return {}
    formats = {"DATE": dialect.date_format, "TIMESTAMP": dialect.timestamp_format}
    own = dict(file.columns)
    found = {
        name: misread(name, kind, points=file.points, formatted=bool(formats.get(kind.split(" ")[0])))
        for name, kind in schema.columns
        if name in own and _read_type(own[name], kind) == kind
    }
    return {name: wrong for name, wrong in found.items() if wrong is not None}


def _suspects(schema: TableSchema, files: Sequence[FileSchema]) -> tuple[Suspect, ...]:
    wanted = dict(schema.columns)
    suspects = []
    for file in files:
        columns = {name: wanted[name] for name in _checks(schema, file)}
        if columns:
            suspects.append(Suspect(file.file.path, _as_read(file, {}), columns))
    return tuple(suspects)


def _select(schema: TableSchema, own: Mapping[str, str], values: Mapping[str, str], root: Path | None) -> str:
    """The select list: casts where a column's own type is another one, NULL where there is no such column, ``values``
    for columns that are not taken as they stand, partition columns, and the path."""
    casts = {
        name: f"CAST({identifier(name) if name in own else 'NULL'} AS {kind})"
        for name, kind in schema.columns
        if own.get(name) != kind
    }
    changed = {**casts, **values}
    columns = [
        f"{changed[name]} AS {identifier(name)}" if name in changed else identifier(name) for name, _ in schema.columns
    ]
    columns += [f"{identifier(key)} AS {identifier(name)}" for key, name, _ in _keys(schema)]
    if schema.path:
        path, folder = identifier(schema.path), f"{root}/" if root else ""
        columns.append(
            f"CASE WHEN starts_with({path}, {literal(folder)}) THEN substr({path}, {len(folder) + 1}) ELSE {path} END "
            f"AS {path}"
        )
    return ", ".join(columns)


def _hive(schema: TableSchema) -> dict[str, str]:
    if not schema.partitions:
        return {"hive_partitioning": "false"}
    return {"hive_partitioning": "true", "hive_types": _types((key, kind) for key, _, kind in _keys(schema))}


def _keys(schema: TableSchema) -> Iterable[tuple[str, str, str]]:
    """Per partition column: what DuckDB calls it, which is what stands in the path, its name, and its type."""
    in_path = schema.files[0].file.keys if schema.files else {}
    return [(in_path.get(name, name), name, kind) for name, kind in schema.partitions]


def _types(columns: Iterable[tuple[str, str]]) -> str:
    return "{" + ", ".join(f"{identifier(name)}: {kind}" for name, kind in columns) + "}"


def _sheet(schema: TableSchema, each: FileSchema, root: Path | None) -> str:
    own = dict(each.columns)
    columns = []
    for name, kind in schema.columns:
        value = "NULL"
        if name in own:
            value = spreadsheet.value(name, own[name]) if each.as_text else identifier(name)
        value = value if own.get(name) == kind else f"CAST({value} AS {kind})"
        columns.append(f"{value} AS {identifier(name)}")
    for name, partition in each.file.partitions:
        kind = dict(schema.partitions)[name]
        columns.append(f"CAST({literal(partition)} AS {kind}) AS {identifier(name)}")
    if schema.path:
        path = each.file.path
        shown = path.relative_to(root) if root is not None and path.is_relative_to(root) else path
        columns.append(f"{literal(shown.as_posix())} AS {identifier(schema.path)}")
    return f"SELECT {', '.join(columns)} FROM {spreadsheet.sheet(each.file.path, schema.options, as_text=each.as_text)}"


def _nothing(schema: TableSchema) -> str:
    """A table without rows, for files that are all empty."""
    columns = [f"CAST(NULL AS {kind}) AS {identifier(name)}" for name, kind in schema.columns + schema.partitions]
    return f"SELECT {', '.join(columns)} WHERE false" if columns else ""
