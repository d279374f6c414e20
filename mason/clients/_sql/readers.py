"""The SQL that reads a table: every option explicit, every column named and typed, so that nothing is guessed again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from mason.clients._sql import spreadsheet
from mason.clients._sql.misread import Suspect, checked, misread
from mason.clients._sql.quoting import call, exactly, identifier, literal, struct
from mason.clients._sql.schemas import FileSchema, TableSchema


@dataclass(frozen=True, slots=True)
class Source:
    """What a query needs to read one table: a ``SELECT``, the paths that it opens, and what must be loaded for it.

    A file whose name looks like a glob is among ``paths`` twice: also as the pattern that the ``SELECT`` has for it.
    ``attach`` is a DuckDB database that the statement reads as ``warehouse``. ``columnar`` says that columns that
    are not asked for cost nothing. ``suspects`` are the files in which to look for the value that a check refused.
    """

    sql: str
    paths: tuple[Path, ...] = ()
    excel: bool = False
    attach: Path | None = None
    columnar: bool = False
    suspects: tuple[Suspect, ...] = ()


def source(schema: TableSchema, *, checks: bool = True) -> Source:
    """How to read the table whose files were described; without ``checks``, as a person would write it, for DDL."""
    filled = [each for each in schema.files if each.columns]
    # Files that are written alike are read by one call: a call for each would plan and open them one by one.
    ordered = sorted(filled, key=_alike)
    parts = [_part(schema, list(group), checks=checks) for _, group in groupby(ordered, key=_alike)]
    sql = " UNION ALL ".join(parts) if parts else _nothing(schema)
    return Source(
        sql,
        # A confined DuckDB asks twice: whether it may use the pattern, then whether it may open what matches.
        tuple(dict.fromkeys(path for each in filled for path in (each.file.path, Path(exactly(str(each.file.path)))))),
        excel=schema.format == "xlsx",
        columnar=schema.format == "parquet",
        suspects=_suspects(schema, filled) if checks and schema.format == "csv" else (),
    )


def _alike(each: FileSchema) -> str:
    if each.file.ending.format == "json":
        return ""
    if each.file.ending.format == "xlsx":
        return str(each.file.path)
    names = [name for name, _ in each.columns] if each.file.ending.format == "csv" else each.columns
    return repr((each.dialect, names, each.sampled, each.points))


def _part(schema: TableSchema, files: Sequence[FileSchema], *, checks: bool) -> str:
    paths = [str(each.file.path) for each in files]
    wanted = dict(schema.columns)
    if schema.format == "xlsx":
        return _sheet(schema, files[0])
    if schema.format == "parquet":
        reader = call("read_parquet", paths, _hive(schema))
        return f"SELECT {_select(schema, files[0])} FROM {reader}"
    if schema.format == "json":
        # JSON goes by name; a column that is also a partition's is read from the path.
        arguments = {"columns": struct(wanted), "format": "'auto'"}
        return f"SELECT {_select(schema, None)} FROM {call('read_json', paths, arguments | _hive(schema))}"
    wrong = _checks(schema, files[0]) if checks else {}
    arguments = _as_read(files[0], {name: kind for name, kind in wanted.items() if name not in wrong})
    values = {name: checked(name, wanted[name], each) for name, each in wrong.items()}
    return f"SELECT {_select(schema, None, values)} FROM {call('read_csv', paths, arguments | _hive(schema))}"


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
    found = {
        name: misread(name, kind, points=file.points, formatted=bool(formats.get(kind.split(" ")[0])))
        for name, kind in schema.columns
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


def _select(schema: TableSchema, file: FileSchema | None, values: Mapping[str, str] | None = None) -> str:
    """The select list: casts where a parquet file's own type is another one, ``values`` for columns that are not
    taken as they stand, partition columns last."""
    own = dict(file.columns) if file else dict(schema.columns)
    casts = {name: f"CAST({identifier(name)} AS {kind})" for name, kind in schema.columns if own[name] != kind}
    changed = {**casts, **(values or {})}
    columns = [
        f"{changed[name]} AS {identifier(name)}" if name in changed else identifier(name) for name, _ in schema.columns
    ]
    return ", ".join([*columns, *(identifier(name) for name, _ in schema.partitions)])


def _hive(schema: TableSchema) -> dict[str, str]:
    if not schema.partitions:
        return {"hive_partitioning": "false"}
    return {"hive_partitioning": "true", "hive_types": _types(schema.partitions)}


def _types(columns: Iterable[tuple[str, str]]) -> str:
    return "{" + ", ".join(f"{identifier(name)}: {kind}" for name, kind in columns) + "}"


def _sheet(schema: TableSchema, each: FileSchema) -> str:
    own = dict(each.columns)
    columns = []
    for name, kind in schema.columns:
        value = spreadsheet.value(name, own[name]) if each.as_text else identifier(name)
        value = value if own[name] == kind else f"CAST({value} AS {kind})"
        columns.append(f"{value} AS {identifier(name)}")
    for name, partition in each.file.partitions:
        kind = dict(schema.partitions)[name]
        columns.append(f"CAST({literal(partition)} AS {kind}) AS {identifier(name)}")
    return f"SELECT {', '.join(columns)} FROM {spreadsheet.sheet(each.file.path, schema.options, as_text=each.as_text)}"


def _nothing(schema: TableSchema) -> str:
    """A table without rows, for files that are all empty."""
    columns = [f"CAST(NULL AS {kind}) AS {identifier(name)}" for name, kind in schema.columns + schema.partitions]
    return f"SELECT {', '.join(columns)} WHERE false" if columns else ""
