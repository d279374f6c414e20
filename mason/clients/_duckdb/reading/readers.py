"""The SQL that reads a table: every option explicit, every column named and typed, so that nothing is guessed again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path

from mason.clients._duckdb.quoting import call, exactly, identifier, literal, struct
from mason.clients._duckdb.reading import json_files
from mason.clients._duckdb.reading.looks import FileSchema
from mason.clients._duckdb.reading.misread import Suspect, checked
from mason.clients._duckdb.reading.schemas import TableSchema, read_as, verified
from mason.clients._duckdb.reading.sheets import Sheet
from mason.clients._duckdb.reading.text_types import DECIMAL, native, value
from mason.clients._tables.merging import Merged
from mason.errors import EngineError
from mason.values import dataclass, field


@dataclass(frozen=True, slots=True)
class Source:
    """What a query needs to read one table: a ``SELECT``, the paths that it opens, and what must be loaded for it.

    A file whose name looks like a glob is among ``paths`` twice: also as the pattern that the ``SELECT`` has for it.
    ``sheets`` are spreadsheets to be loaded, and ``attach`` is a DuckDB database that the statement reads as
    ``warehouse``. ``columnar`` says that columns that are not asked for cost nothing. ``suspects`` are the files in
    which to look for the value that a check refused. ``files`` are the table's files, and ``folder`` the folder whose
    files make up the table, if it is one. ``changes`` are what was done to files that differ. ``parts`` counts the
    groups of files that are read each in a way of its own. ``originals`` are the files of which others are copies, by
    the paths of these.
    """

    sql: str
    paths: tuple[Path, ...] = ()
    sheets: tuple[Sheet, ...] = ()
    attach: Path | None = None
    columnar: bool = False
    suspects: tuple[Suspect, ...] = ()
    files: tuple[Path, ...] = ()
    folder: Path | None = None
    changes: tuple[Merged, ...] | None = None
    parts: int = 1
    originals: Mapping[str, Path] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """The bytes of its files."""
        return sum(path.stat().st_size for path in self.files)


def source(schema: TableSchema, *, checks: bool = True, root: Path | None = None) -> Source:
    """How to read the table whose files were described; without ``checks``, as a person would write it, for DDL.

    Paths of files, where the table has a column of them, are told from ``root``.
    """
    filled = [each for each in schema.files if each.columns]
    copied = next((each for each in filled if each.copied is not None), None)
    if copied is not None and not checks:
        raise EngineError(f"{copied.file.name} is read by a copy that pyarrow makes: DuckDB has no SQL that reads it.")
    # Files that are written alike are read by one call: a call for each would plan and open them one by one.
    ordered = sorted(filled, key=_alike)
    parts = [_part(schema, list(group), root, checks=checks) for _, group in groupby(ordered, key=_alike)]
    sql = " UNION ALL ".join(parts) if parts else _nothing(schema)
    return Source(
        sql,
        # A confined DuckDB asks twice: whether it may use the pattern, then whether it may open what matches.
        tuple(dict.fromkeys(path for each in filled for path in (each.path, _pattern(each.path)))),
        sheets=tuple(each.sheet for each in filled if each.sheet is not None),
        columnar=schema.format == "parquet",
        suspects=_suspects(schema, filled) if checks and schema.format == "csv" else (),
        files=tuple(each.file.path for each in schema.files),
        changes=schema.changes,
        parts=len(parts),
        originals={str(each.path): each.file.path for each in filled if each.path != each.file.path},
    )


def _pattern(path: Path) -> Path:
    """What the ``SELECT`` has for a file; of an object that is its URL."""
    pattern = exactly(str(path))
    return path if pattern == str(path) else Path(pattern)


def _misread_by_path(each: FileSchema) -> bool:
    """Whether DuckDB would read the path of a file otherwise: it takes the text ``NULL`` for no value."""
    return any(value is not None and value.lower() == "null" for _, value in each.file.partitions)


def _alike(each: FileSchema) -> str:
    if _misread_by_path(each):
        return str(each.file.path)
    if each.file.ending.format == "json":
        return ""
    if each.file.ending.format == "xlsx":
        return str(each.file.path)
    if each.text is None:
        return repr((each.columns, each.nulls, each.copied and each.file.path))
    # A date is read as one where it becomes a time.
    columns = [(name, kind == "DATE") for name, kind in each.columns]
    # Of a copy, the file that it is of cannot be told from the path that a reader sees.
    return repr((each.text.dialect, columns, each.text.verified, each.text.blank, each.text.copied and each.file.path))


def _part(schema: TableSchema, files: Sequence[FileSchema], root: Path | None, *, checks: bool) -> str:
    if schema.format == "xlsx":
        return _sheet(schema, files[0], root, checks=checks)
    own = {name: kind for name, kind in files[0].columns if name not in files[0].nulls}
    wanted = dict(schema.columns)
    values: dict[str, str] = {}
    arguments: dict[str, str] = {}
    if schema.format == "json":
        # JSON goes by name; a column that is also a partition's is read from the path.
        # Texts that are times and numbers of many digits are read as text, of which DuckDB then changes nothing.
        own = {name: _json_type(kind) for name, kind in wanted.items()}
        values = {name: f"CAST({identifier(name)} AS {kind})" for name, kind in wanted.items() if own[name] != kind}
        arguments = {"columns": struct(own), "format": "'auto'"}
    elif schema.format == "csv":
        own, values = _text_columns(schema, files[0], checks=checks)
        arguments = _as_read(files[0], {name: kind for name, kind in own.items() if name not in values})
    alone = (checks and files[0].path != files[0].file.path) or _misread_by_path(files[0])
    if schema.path and not alone:
        arguments["filename"] = literal(schema.path)
    paths = [str(each.path if checks else each.file.path) for each in files]
    hive = {"hive_partitioning": "false"} if alone else _hive(schema)
    if schema.format == "json" and schema.columns == json_files.RAW:
        reader = json_files.raw_reader(
            paths, {name: each for name, each in arguments.items() if name == "filename"} | hive
        )
    else:
        reader = call(f"read_{schema.format}", paths, arguments | hive)
    from_path = _of_one_file(schema, files[0], root) if alone else _of_path(schema, root)
    return f"SELECT {_select(schema, own, values, from_path)} FROM {reader}"


def _json_type(kind: str) -> str:
    return "VARCHAR" if kind in json_files.TIMES or kind == "HUGEINT" or DECIMAL.fullmatch(kind) else kind


def _text_columns(schema: TableSchema, file: FileSchema, *, checks: bool) -> tuple[dict[str, str], dict[str, str]]:
    """The types in which DuckDB reads the columns of a CSV file, and the SQL of those that it reads as text and that
    are made what they are, with ``checks`` where it is not known yet that all values can be."""
    assert file.text is not None
    formats = file.text.dialect.formats
    own, values = {}, {}
    types = dict(schema.columns)
    for name, found in file.columns:
        wanted = types.get(name, "VARCHAR")
        kind = "VARCHAR" if wanted == "VARCHAR" else read_as(found, wanted)
        own[name] = kind
        column = file.text.dialect.column(name)
        if kind == "VARCHAR":
            if column != identifier(name):
                values[name] = column
            continue
        sure = verified(file, name, kind)
        plain = native(kind, formats) and column == identifier(name)
        if plain and name not in file.text.blank and (sure or not checks):
            continue
        values[name] = (
            value(column, kind, formats)
            if sure or not checks
            else checked(column, kind, formats, name=name, declared=name in schema.declared)
        )
        if kind != wanted:
            values[name] = f"CAST({values[name]} AS {wanted})"
    return own, values


def _as_read(file: FileSchema, types: Mapping[str, str]) -> dict[str, str]:
    """The arguments of ``read_csv`` for a file, with ``types``, and text where there is none."""
    assert file.text is not None
    return file.text.dialect.arguments() | {
        "columns": struct({name: types.get(name, "VARCHAR") for name, _ in file.columns})
    }


def _suspects(schema: TableSchema, files: Sequence[FileSchema]) -> tuple[Suspect, ...]:
    suspects = []
    for file in files:
        assert file.text is not None
        _, values = _text_columns(schema, file, checks=True)
        kinds = dict(file.columns)
        columns = {name: read_as(kinds[name], kind) for name, kind in schema.columns if name in values}
        if columns and not file.text.verified:
            suspects.append(Suspect(file.file, file.text, columns, schema.declared))
    return tuple(suspects)


def _select(schema: TableSchema, own: Mapping[str, str], values: Mapping[str, str], from_path: Sequence[str]) -> str:
    """The select list: casts where a column's own type is another one, NULL where there is no such column, ``values``
    for columns that are not taken as they stand, and what the path tells."""
    casts = {
        name: f"CAST({identifier(name) if name in own else 'NULL'} AS {kind})"
        for name, kind in schema.columns
        if own.get(name) != kind
    }
    changed = {**casts, **values}
    columns = [
        f"{changed[name]} AS {identifier(name)}" if name in changed else identifier(name) for name, _ in schema.columns
    ]
    return ", ".join([*columns, *from_path])


def _of_path(schema: TableSchema, root: Path | None) -> list[str]:
    """The partition columns and the path, as DuckDB finds them in the path of each file."""
    columns = [f"{identifier(key)} AS {identifier(name)}" for key, name, _ in _keys(schema)]
    if schema.path:
        path, folder = identifier(schema.path), f"{root}/" if root else ""
        columns.append(
            f"CASE WHEN starts_with({path}, {literal(folder)}) THEN substr({path}, {len(folder) + 1}) ELSE {path} END "
            f"AS {path}"
        )
    return columns


def _of_one_file(schema: TableSchema, each: FileSchema, root: Path | None) -> list[str]:
    """The same for a file whose path no reader sees, because it reads a copy or no file at all."""
    columns = []
    for name, partition in each.file.partitions:
        kind = dict(schema.partitions)[name]
        columns.append(f"CAST({literal(partition)} AS {kind}) AS {identifier(name)}")
    if schema.path:
        path = each.file.path
        shown = path.relative_to(root) if root is not None and path.is_relative_to(root) else path
        columns.append(f"{literal(shown.as_posix())} AS {identifier(schema.path)}")
    return columns


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


def _sheet(schema: TableSchema, each: FileSchema, root: Path | None, *, checks: bool) -> str:
    """A sheet by the table that it is loaded into; without ``checks`` by DuckDB's own reader, as text."""
    assert each.sheet is not None
    area, own = each.sheet.area, dict(each.columns)
    letters = [area.cell(0, index).rstrip("0123456789") for index in range(len(each.columns))]
    places = {
        name: f"c{index}" if checks else identifier(letters[index]) for index, (name, _) in enumerate(each.columns)
    }
    columns = []
    for name, kind in schema.columns:
        value = places.get(name, "NULL")
        value = value if checks and own.get(name) == kind else f"CAST({value} AS {kind})"
        columns.append(f"{value} AS {identifier(name)}")
    columns += _of_one_file(schema, each, root)
    if checks:
        return f"SELECT {', '.join(columns)} FROM {identifier(each.sheet.table)}"
    arguments = {
        "header": "false",
        "range": literal(area.range(len(each.columns))),
        "sheet": literal(area.sheet),
        # A row without any value is a row, and not the end.
        "stop_at_empty": "false",
    }
    return f"SELECT {', '.join(columns)} FROM {call('read_xlsx', str(each.file.path), arguments)}"


def _nothing(schema: TableSchema) -> str:
    """A table without rows, for files that are all empty."""
    columns = [f"CAST(NULL AS {kind}) AS {identifier(name)}" for name, kind in schema.columns + schema.partitions]
    return f"SELECT {', '.join(columns)} WHERE false" if columns else ""
