"""What the files of a table hold, and whether they agree: differences are reported, never papered over.

Each file is looked at (a sample of text, the metadata of parquet) once, see :mod:`looks`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from mason.clients._duckdb.failures import explained
from mason.clients._duckdb.quoting import call, checked_type, identifier, struct
from mason.clients._duckdb.reading.dialect import check_options
from mason.clients._duckdb.reading.looks import SAMPLE_ROWS, Connect, FileSchema, Seen, how, rows_of_sample
from mason.clients._duckdb.reading.options import check_values
from mason.clients._duckdb.reading.table_files import DataFile
from mason.clients._duckdb.reading.text_types import DECIMAL, FLOATS
from mason.clients._duckdb.root import Root
from mason.clients._tables.columns import Columns
from mason.clients._tables.conflicts import AllNull, agree
from mason.clients._tables.merging import Merged, merge
from mason.errors import ConflictError, EngineError
from mason.values import dataclass, field

if TYPE_CHECKING:
    import duckdb

# The column that tells the file of a row.
_PATH = "file_path"
_MOST_NOTES = 20
_LONG = frozenset({"BIGINT", "UBIGINT", "HUGEINT", "UHUGEINT"})


@dataclass(frozen=True, slots=True)
class TableSchema:
    """What the files of a table hold together. ``columns`` come without the partition columns. ``changes`` are what
    was done to make files one that differ (``None``: they had to be alike), and ``path`` the name of a column that
    says which file a row is from. ``declared`` are the columns whose types a person gave, and ``notes`` what was
    assumed and found."""

    format: str
    files: tuple[FileSchema, ...]
    columns: Columns
    partitions: Columns
    options: Mapping[str, Any] = field(default_factory=dict)
    changes: tuple[Merged, ...] | None = None
    path: str = ""
    declared: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Merging:
    """How files that differ become one table: whether columns may become text, and whether one is added that holds
    the path of each row's file."""

    allow_text: bool = False
    extract_paths: bool = False


def describe(
    connection: Connect,
    files: Sequence[DataFile],
    root: Root,
    seen: Seen,
    *,
    title: str,
    partitions: Columns,
    options: Mapping[str, Any] | None = None,
    pinned: Columns | None = None,
    declared: frozenset[str] = frozenset(),
    whole: bool = False,
    merging: Merging | None = None,
) -> TableSchema:
    """The schema that all ``files`` have.

    connection: gives one where it is needed.
    title: names the table in errors.
    partitions: its partition columns.
    options: fix how files are read.
    pinned: the columns that the table was registered with, whose types win.
    declared: those of them whose types a person gave.
    whole: says that all rows will be read: damaged files are refused.
    merging: says that files may differ.

    Raises ``ConflictError`` that lists the columns in which files differ, and ``EngineError`` for files that cannot be
    read.
    """
    kind = files[0].ending.format
    given = _checked(kind, dict(options or {}), root.client)
    for file in files if whole and kind == "csv" else ():
        _refuse_damaged(file, root, seen)
    with explained(root.show, lambda: (file.path for file in files)):
        looked = _look(connection, files, given, root, seen)
        _refuse_likeness(looked, partitions, title)
        if pinned is not None:
            # What DuckDB found need not be checked by it.
            known = {kind for each in looked for _, kind in each.columns} | {kind for _, kind in partitions}
            pinned = tuple(
                (name, kind if kind in known else checked_type(connection(), name, kind)) for name, kind in pinned
            )
        filled = [each for each in looked if each.columns]
        own_columns = cache(partial(_without, others=partitions))
        named = [(each.file.name, own_columns(each.columns) or ()) for each in filled]
        changes = None
        all_null = _emptiness(connection, filled)
        if merging is not None:
            changes = _merged(all_null, named, title, merging, [name for name, _ in partitions])
            columns = tuple((each.name, each.type) for each in changes)
        else:
            columns = agree(
                named,
                title=title,
                inferred=kind in ("csv", "json"),
                sampled=kind == "csv",
                pinned=_without(pinned, partitions),
                all_null=all_null,
            )
        if kind == "csv":
            _check_types(connection, looked, dict(columns), declared, root, seen)
        elif kind == "xlsx":
            _check_cells(connection, looked, dict(columns), root, seen)
        else:
            _refuse_rounding(connection, filled, dict(columns), title, seen)
    common = _common_options(kind, looked, given)
    # Asking again with the options that were found would find the same.
    hows = how(common, 0), how(common, 1)
    for index, each in enumerate(looked):
        seen.put_schema(each, hows[index > 0])
    registered = dict(pinned or ())
    return TableSchema(
        kind,
        tuple(looked),
        columns,
        tuple((name, registered.get(name, found)) for name, found in partitions),
        common,
        changes,
        _PATH if merging is not None and merging.extract_paths else "",
        declared,
        _notes(looked, dict(columns)),
    )


def by_kind(schema: TableSchema) -> list[TableSchema]:
    """The files of a table that have rows, by their columns: a schema for each group that has the same. Columns without
    any value are as if they were not there."""
    groups: dict[Any, list[FileSchema]] = {}
    for each in schema.files:
        if each.columns:
            groups.setdefault((each.columns, each.nulls), []).append(each)
    keys = {name for name, _ in schema.partitions}
    found = []
    for files in groups.values():
        own = tuple(each for each in files[0].columns if each[0] not in files[0].nulls and each[0] not in keys)
        found.append(replace(schema, files=tuple(files), columns=own, changes=None, notes=()))
    return found


def _notes(looked: Sequence[FileSchema], columns: Mapping[str, str]) -> tuple[str, ...]:
    """What was assumed and found in the files, named where they are several; nothing of columns whose types a person
    gave."""
    several = len(looked) > 1
    found = []
    for each in looked:
        own = dict(each.columns) if each.notes else {}
        for note in each.notes:
            name = note.partition(": ")[0].removeprefix("column ") if note.startswith("column ") else ""
            if name in own and columns.get(name, own[name]) != own[name]:
                continue
            found.append(f"{each.file.name}: {note}" if several else note)
    more = len(found) - _MOST_NOTES
    return (*found[:_MOST_NOTES], f"and {more} more") if more > 0 else tuple(found)


def _check_types(
    connection: Connect,
    looked: Sequence[FileSchema],
    columns: Mapping[str, str],
    declared: frozenset[str],
    root: Root,
    seen: Seen,
) -> None:
    """Raises ``EngineError`` for the first value that is not of the type that its column has in the table, where that
    is not the one that the file was seen to have: a wider one, or one that a person gave. Of a long file, the
    sample."""
    others = cache(partial(_others, columns))
    for index, each in enumerate(looked):
        other = others(each.columns) if each.text is not None else {}
        if each.text is None or not other:
            continue
        what = f"types {index > 0} {each.text.dialect} {other} {sorted(declared.intersection(other))}"
        if seen.is_sound(each.file, what):
            continue
        rows = None if each.text.verified else rows_of_sample(index)
        from mason.clients._duckdb.reading.misread import Suspect, first_misread

        suspect = Suspect(each.file, each.text, other, declared.intersection(other))
        error = first_misread(connection(), suspect, root.show, rows=rows)
        if error is not None:
            raise error
        seen.put_sound(each.file, what)


def _others(columns: Mapping[str, str], own_columns: Columns) -> dict[str, str]:
    """The columns whose types in the table are not those that they have in a file."""
    own = dict(own_columns)
    return {name: kind for name, kind in columns.items() if name in own and read_as(own[name], kind) != own[name]}


def _check_cells(
    connection: Connect, looked: Sequence[FileSchema], columns: Mapping[str, str], root: Root, seen: Seen
) -> None:
    """Raises ``EngineError`` for the first cell that cannot be of the type that its column is registered with."""
    for each in looked:
        if each.sheet is None:
            continue
        other = {name: columns[name] for name, kind in each.columns if columns.get(name, kind) not in (kind, "VARCHAR")}
        what = f"cells {each.sheet.options} {other}"
        if not other or seen.is_sound(each.file, what):
            continue
        from mason.clients._duckdb.reading import sheets

        error = sheets.first_unfit(connection(), each.sheet, other, root.show(each.file.path))
        if error is not None:
            raise error
        seen.put_sound(each.file, what)


def _refuse_rounding(
    connection: Connect, filled: Sequence[FileSchema], columns: Mapping[str, str], title: str, seen: Seen
) -> None:
    """Raises ``ConflictError`` for a number of one file that the type of the table, which comes from another file,
    would change: a long whole number or DECIMAL beside fractions."""
    rounded = cache(partial(_rounded, columns))
    for each in filled:
        tests = rounded(each.columns)
        if not tests:
            continue
        what = f"rounding {tests}"
        if seen.is_sound(each.file, what):
            continue
        path, own_types = str(each.path), dict(each.columns)
        reader = (
            call("read_json", path, {"columns": struct({name: own_types[name] for name in tests}), "format": "'auto'"})
            if each.file.ending.format == "json"
            else call(f"read_{each.file.ending.format}", path, {})
        )
        for name, test in tests.items():
            row = connection().execute(f"SELECT {identifier(name)} FROM {reader} WHERE {test} LIMIT 1").fetchone()
            if row is not None:
                holders = (other.file.name for other in filled if (name, columns[name]) in other.columns)
                where = next(holders, "the registration")
                raise ConflictError(
                    f"The files of {title} have different schemas: column {name}: {own_types[name]} in "
                    f"{each.file.name}, {columns[name]} in {where}, and the latter would change {row[0]}. Make the "
                    "files alike, or register a glob of those that are."
                )
        seen.put_sound(each.file, what)


def _rounded(columns: Mapping[str, str], own_columns: Columns) -> dict[str, str]:
    """The SQL, by column, that is true for a value that the type of the table would change."""
    tests = {}
    for name, own in own_columns:
        column, wanted = identifier(name), columns.get(name)
        if wanted in FLOATS and (own in _LONG or DECIMAL.fullmatch(own)):
            tests[name] = f"TRY_CAST(CAST({column} AS {wanted}) AS {own}) IS DISTINCT FROM {column}"
    return tests


def read_as(own: str, wanted: str) -> str:
    """The type as which to read text that has the type ``own`` in its file, where the table has ``wanted``: a date is
    one before it becomes the time at which it begins."""
    return own if wanted == "VARCHAR" or (own == "DATE" and wanted.startswith("TIMESTAMP")) else wanted


def verified(each: FileSchema, name: str, kind: str) -> bool:
    """Whether all values of a column of a CSV file were seen to have a type, by :func:`describe`."""
    return each.text is not None and name in each.text.verified


def _merged(
    all_null: AllNull,
    named: Sequence[tuple[str, Columns]],
    title: str,
    merging: Merging,
    partitions: Sequence[str],
) -> tuple[Merged, ...]:
    """The columns of files that differ. Of a type that means nothing, because there are no values, nothing is kept."""
    kinds: dict[str, set[str]] = {}
    for _, columns in named:
        for name, kind in columns:
            kinds.setdefault(name, set()).add(kind)
    known = [
        (
            file,
            tuple((name, "" if len(kinds[name]) > 1 and all_null(index, name) else kind) for name, kind in columns),
        )
        for index, (file, columns) in enumerate(named)
    ]
    taken = next((name for name in (*kinds, *partitions) if name.lower() == _PATH), None)
    if merging.extract_paths and taken is not None:
        raise ConflictError(
            f"The files of {title} have a column {taken} already, so extract_paths cannot add one. Leave extract_paths "
            "out, or rename the column."
        )
    return tuple(merge(known, title=title, allow_text=merging.allow_text))


def _refuse_damaged(file: DataFile, root: Root, seen: Seen) -> None:
    if file.ending.compression and not seen.is_sound(file, "whole"):
        from mason.clients._duckdb.reading.bytewise import look_through

        look_through(file, root.show(file.path), most_lines=0)
        seen.put_sound(file, "whole")


def _refuse_likeness(looked: Sequence[FileSchema], partitions: Columns, title: str) -> None:
    """SQL folds case, so one of two columns that differ in nothing else would hide the other."""
    keys = {name.lower(): name for name, _ in partitions}
    # One file of each kind: of ten thousand files all may be of the same.
    for each in {each.columns: each for each in reversed(looked)}.values() if keys else ():
        for name, _ in each.columns:
            key = keys.get(name.lower(), name)
            if key != name:
                raise ConflictError(
                    f"Column {name} in {each.file.name} and the folders {key}= of {title} differ in upper and lower "
                    "case only, so one would hide the other. Rename one of them."
                )


def _without(columns: Columns | None, others: Columns) -> Columns | None:
    names = {name for name, _ in others}
    return None if columns is None else tuple((name, kind) for name, kind in columns if name not in names)


def _checked(kind: str, given: dict[str, Any], client: str) -> dict[str, Any]:
    check_values(given)
    if kind == "csv":
        return check_options(given, client)
    known = ("header", "sheet", "range", "skip", "null") if kind == "xlsx" else ()
    # read_headers may be asked of any table; formats that name their columns themselves have no use for it.
    given.pop("header", None) if kind in ("json", "parquet") else None
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise EngineError(f"Client {client} knows no option {', '.join(unknown)} for {kind} files.")
    return given


def _look(
    connection: Connect, files: Sequence[DataFile], given: dict[str, Any], root: Root, seen: Seen
) -> list[FileSchema]:
    """The schemas of the files; those that are not known are looked at."""
    whats = how(given, 0), how(given, 1)
    known = [seen.schema(file, whats[index > 0]) for index, file in enumerate(files)]
    missing = [index for index, schema in enumerate(known) if schema is None]
    if missing:
        from mason.clients._duckdb.reading import looking

        wanted = [(files[index], rows_of_sample(index)) for index in missing]
        for index, schema in zip(missing, looking.look(connection, wanted, given, root, seen.copies), strict=True):
            known[index] = schema
            seen.put_schema(schema, whats[index > 0])
    return [schema for schema in known if schema is not None]


def _emptiness(connection: Connect, filled: Sequence[FileSchema]) -> AllNull:
    """What tells whether a column of the file of that index has no values. One question to all parquet files at once:
    their metadata count nulls."""
    known: list[set[tuple[str, str]]] = []

    def all_null(index: int, column: str) -> bool:
        each = filled[index]
        if column in each.nulls:
            return True
        if each.file.ending.format != "parquet":
            return _all_null(connection(), each, column)
        if not known:
            metadata = call("parquet_metadata", [str(each.file.path) for each in filled], {})
            known.append(
                set(
                    connection()
                    .execute(
                        f"SELECT file_name, path_in_schema FROM {metadata} GROUP BY ALL "
                        "HAVING sum(num_values) = sum(stats_null_count)"
                    )
                    .fetchall()
                )
            )
        return (str(each.file.path), column) in known[0]

    return all_null


def _all_null(connection: duckdb.DuckDBPyConnection, each: FileSchema, column: str) -> bool:
    """Whether the column has no value in the sample of text that its type was inferred from."""
    path = str(each.file.path)
    if each.file.ending.format == "csv":
        assert each.text is not None
        from mason.clients._duckdb.reading.text_columns import text_reader

        names = [name for name, _ in each.columns]
        reader = text_reader(each.path, each.text.dialect, names)
    elif each.file.ending.format == "xlsx":
        return False
    else:
        reader = call("read_json", path, {"hive_partitioning": "false"})
    row = connection.execute(
        f"SELECT count({identifier(column)}) FROM (SELECT {identifier(column)} FROM {reader} LIMIT {SAMPLE_ROWS})"
    ).fetchone()
    return row == (0,)


def _common_options(kind: str, looked: Sequence[FileSchema], given: Mapping[str, Any]) -> dict[str, Any]:
    """The options that are the same for all files, which are the ones worth showing and keeping."""
    if kind != "csv":
        return dict(given)
    dialects = dict.fromkeys(each.text.dialect for each in looked if each.text and each.columns)
    options = [dialect.options() for dialect in dialects]
    if not options:
        return dict(given)
    first = options[0]
    return {name: value for name, value in first.items() if all(other.get(name) == value for other in options)}
