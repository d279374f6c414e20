"""The SQL that reads a table: every option explicit, every column named and typed, so that nothing is guessed again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from mason.clients._sql import spreadsheet
from mason.clients._sql.quoting import call, exactly, identifier, literal, struct
from mason.clients._sql.schemas import FileSchema, TableSchema


@dataclass(frozen=True, slots=True)
class Source:
    """What a query needs to read one table: a ``SELECT``, the paths that it opens, and what must be loaded for it.

    A file whose name looks like a glob is among ``paths`` twice: also as the pattern that the ``SELECT`` has for it.
    ``attach`` is a DuckDB database that the statement reads as ``warehouse``. ``columnar`` says that columns that
    are not asked for cost nothing.
    """

    sql: str
    paths: tuple[Path, ...] = ()
    excel: bool = False
    attach: Path | None = None
    columnar: bool = False


def source(schema: TableSchema) -> Source:
    """How to read the table whose files were described."""
    filled = [each for each in schema.files if each.columns]
    # Files that are written alike are read by one call: a call for each would plan and open them one by one.
    ordered = sorted(filled, key=_alike)
    parts = [_part(schema, list(group)) for _, group in groupby(ordered, key=_alike)]
    sql = " UNION ALL ".join(parts) if parts else _nothing(schema)
    return Source(
        sql,
        # A confined DuckDB asks twice: whether it may use the pattern, then whether it may open what matches.
        tuple(dict.fromkeys(path for each in filled for path in (each.file.path, Path(exactly(str(each.file.path)))))),
        excel=schema.format == "xlsx",
        columnar=schema.format == "parquet",
    )


def _alike(each: FileSchema) -> str:
    if each.file.ending.format == "json":
        return ""
    if each.file.ending.format == "xlsx":
        return str(each.file.path)
    names = [name for name, _ in each.columns] if each.file.ending.format == "csv" else each.columns
    return repr((each.dialect, names))


def _part(schema: TableSchema, files: Sequence[FileSchema]) -> str:
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
    assert files[0].dialect is not None
    types = {name: wanted.get(name, "VARCHAR") for name, _ in files[0].columns}
    arguments = files[0].dialect.arguments() | {"columns": struct(types)}
    return f"SELECT {_select(schema, None)} FROM {call('read_csv', paths, arguments | _hive(schema))}"


def _select(schema: TableSchema, file: FileSchema | None) -> str:
    """The select list: casts where a parquet file's own type is another one, partition columns last."""
    own = dict(file.columns) if file else dict(schema.columns)
    columns = [
        identifier(name) if own[name] == kind else f"CAST({identifier(name)} AS {kind}) AS {identifier(name)}"
        for name, kind in schema.columns
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
