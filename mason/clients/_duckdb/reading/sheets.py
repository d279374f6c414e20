"""Spreadsheets (.xlsx) as they are read: by calamine, which knows formats of numbers, both calendars, and all cells.

A column has the type that all of its cells have, and is text where they differ. DuckDB's own reader goes by the first
cell, takes any format with a letter h for a time, and leaves out what lies beside the first row. What calamine does not
tell, :mod:`sheet_parts` does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mason.clients._duckdb.quoting import identifier, literal
from mason.clients._duckdb.reading.header import unique_names
from mason.clients._duckdb.reading.options import RANGE
from mason.clients._duckdb.reading.sheet_parts import Parts, index_of, parts_of
from mason.clients._objects.object_path import on_this_machine
from mason.clients._tables.columns import Columns, letters_of
from mason.errors import EngineError, MissingDependencyError
from mason.values import dataclass

if TYPE_CHECKING:
    import duckdb

# More cells are read again when they are needed, instead of being kept.
_KEPT = 2_000_000
_ROWS = 20_000
_TYPES: tuple[tuple[tuple[type, ...], str], ...] = (
    ((bool,), "BOOLEAN"),
    ((float,), "DOUBLE"),
    ((date,), "DATE"),
    ((date, datetime), "TIMESTAMP"),
    ((time,), "TIME"),
    ((timedelta,), "INTERVAL"),
)
_WORDS = {"BOOLEAN": "neither true nor false", "DOUBLE": "no number", "DATE": "no date", "TIMESTAMP": "no time"}


@dataclass(frozen=True, slots=True)
class Area:
    """The cells below the header: the name of the sheet, the index of the first column, and the numbers, from 1, of the
    first row and the last."""

    sheet: str
    column: int = 0
    first: int = 1
    last: int = 0

    def cell(self, row: int, column: int) -> str:
        """What a person calls a cell, by the indexes of its row and column here."""
        return f"{letters_of(self.column + column)}{self.first + row}"

    def range(self, columns: int) -> str:
        """What a person calls all of them."""
        return f"{self.cell(0, 0)}:{letters_of(self.column + columns - 1)}{max(self.last, self.first)}"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet: where it is, its columns, what was assumed of it, and its rows where they are few."""

    path: Path
    options: tuple[tuple[str, Any], ...]
    columns: Columns
    area: Area
    notes: tuple[str, ...] = ()
    rows: tuple[tuple[Any, ...], ...] | None = None

    @property
    def table(self) -> str:
        """What its rows are called once they are loaded."""
        return f"$sheet:{self.path}"

    def load(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Make a table of its rows. They must be those that it was looked at with."""
        rows = self.rows if self.rows is not None else _read(self.path, dict(self.options), str(self.path)).rows
        typed = ", ".join(f"c{index} {kind}" for index, (_, kind) in enumerate(self.columns))
        connection.execute(f"CREATE OR REPLACE TABLE {identifier(self.table)} ({typed})")
        if not rows:
            return
        import orjson

        kinds = [kind for _, kind in self.columns]
        shape = ", ".join(f'"c{index}": ["{kind}"]' for index, kind in enumerate(kinds))
        unnested = ", ".join(f"unnest(r.c{index})" for index in range(len(kinds)))
        for start in range(0, len(rows), _ROWS):
            columns = zip(*rows[start : start + _ROWS], strict=True)
            made = {f"c{index}": _ready(cells, kinds[index]) for index, cells in enumerate(columns)}
            connection.execute(
                f"INSERT INTO {identifier(self.table)} SELECT {unnested} FROM "
                f"(SELECT from_json(?, {literal('{' + shape + '}')}) AS r)",
                [orjson.dumps(made).decode()],
            )


def look(path: Path, options: Mapping[str, Any], shown: str) -> Sheet:
    """A sheet of a workbook and the types of its columns, which all its cells have.

    Raises ``MissingDependencyError`` where calamine is not installed, and ``EngineError`` that calls the file ``shown``
    for what is no workbook, for a sheet that is not there, and for a table that does not begin at the first row.
    """
    found = _read(path, options, shown)
    columns, notes = [], list(found.notes)
    cells = zip(*found.rows, strict=True) if found.rows else [()] * len(found.names)
    for index, (name, of_column) in enumerate(zip(found.names, cells, strict=True)):
        kind, note = _type_of(of_column, index, name, found.area)
        columns.append((name, kind))
        notes += [note] if note else []
    kept = tuple(found.rows) if len(found.rows) * len(found.names) <= _KEPT else None
    return Sheet(path, tuple(sorted(options.items())), tuple(columns), found.area, tuple(notes), kept)


def first_unfit(
    connection: duckdb.DuckDBPyConnection, sheet: Sheet, columns: Mapping[str, str], shown: str
) -> EngineError | None:
    """The error that names the first cell of ``columns`` (types by name) that cannot be of its type; ``None`` where all
    can."""
    sheet.load(connection)
    for index, (name, own) in enumerate(sheet.columns):
        kind = columns.get(name, own)
        if kind == own:
            continue
        made = f"TRY_CAST(c{index} AS {kind})"
        changed = f" OR CAST({made} AS {own}) <> c{index}" if own in ("DOUBLE", "TIMESTAMP") else ""
        numbered = f"SELECT row_number() OVER () - 1 AS n, * FROM {identifier(sheet.table)}"
        row = connection.execute(
            f"SELECT n, c{index}::VARCHAR FROM ({numbered}) "
            f"WHERE c{index} IS NOT NULL AND ({made} IS NULL{changed}) LIMIT 1"
        ).fetchone()
        if row is not None:
            place = f"{shown}, cell {sheet.area.cell(row[0], index)}, column {name}"
            return EngineError(
                f"{place}: {row[1]!r} is not of type {kind}, that the column is registered with. Mend the value, or "
                f"register the table with column {name} as {own}."
            )
    return None


def _type_of(cells: Sequence[Any], column: int, name: str, area: Area) -> tuple[str, str]:
    found = set(map(type, cells)) - {type(None)}
    for types, kind in _TYPES:
        if found and found <= set(types):
            return kind, ""
    if not found or found == {str}:
        return "VARCHAR", ""
    values = [cell for cell in cells if cell is not None]
    counts = {kind: sum(isinstance(cell, types) for cell in values) for types, kind in _TYPES if kind in _WORDS}
    counts["DOUBLE"] = sum(type(cell) is float for cell in values)
    common = max(counts, key=lambda kind: counts[kind])
    other = len(values) - counts[common]
    of_most = {each for types, kind in _TYPES if kind == common for each in types} | {type(None)}
    row, first = next((row, cell) for row, cell in enumerate(cells) if type(cell) not in of_most)
    verb = "is" if other == 1 else "are"
    return "VARCHAR", (
        f"column {name}: read as text: {other:,} of {len(values):,} cells {verb} {_WORDS[common]} "
        f"({area.cell(row, column)}: {_text(first)!r})"
    )


def _ready(cells: Sequence[Any], kind: str) -> list[Any]:
    # orjson writes days and times, as SQL reads them, in a tenth of the time that Python takes.
    written = kind in ("DOUBLE", "BOOLEAN", "DATE", "TIMESTAMP", "TIME")
    if written or (kind == "VARCHAR" and set(map(type, cells)) <= {str, type(None)}):
        return list(cells)
    if kind == "VARCHAR":
        return [None if cell is None else cell if isinstance(cell, str) else _text(cell) for cell in cells]
    return [None if cell is None else _text(cell) for cell in cells]


def _text(cell: Any) -> str:
    """A cell as text, as SQL writes its type."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, timedelta):
        micros = cell // timedelta(microseconds=1)
        sign, micros = ("-" if micros < 0 else ""), abs(micros)
        seconds, fraction = divmod(micros, 1_000_000)
        rest = f".{fraction:06}".rstrip("0") if fraction else ""
        return f"{sign}{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{rest}"
    if isinstance(cell, datetime):
        return cell.isoformat(" ")
    return cell.isoformat() if isinstance(cell, (date, time)) else str(cell)


@dataclass(frozen=True, slots=True)
class _Found:
    """The names of columns, the rows below them with ``None`` for empty cells, where they are, and what was assumed."""

    names: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    area: Area
    notes: list[str]


def _read(path: Path, options: Mapping[str, Any], shown: str) -> _Found:
    notes: list[str] = []
    # calamine opens files and nothing else.
    with on_this_machine(path) as held:
        name, cells, formulas = _cells(held, options, shown, notes)
    nulls = _nulls(options)
    if nulls:
        cells = [tuple(None if type(cell) is str and cell in nulls else cell for cell in row) for row in cells]
    top = left = 0
    wanted = RANGE.fullmatch(options["range"]) if "range" in options else None
    if wanted:
        top, left = int(wanted[2]) - 1, index_of(wanted[1])
        cells = [row[left : index_of(wanted[3]) + 1] for row in cells[top : int(wanted[4] or len(cells))]]
    skip = int(options.get("skip", 0))
    cells, top = cells[skip:], top + skip
    width = max(map(_width, cells), default=0)
    if not width:
        return _Found((), [], Area(name), notes)
    cells = [row if len(row) == width else (*row[:width], *(None,) * (width - len(row))) for row in cells]
    if formulas:
        _refuse_formulas(cells, Area(name, left, top + 1), shown)
    names = tuple(f"column{index}" for index in range(width))
    if options.get("header", True):
        above = _above(cells, top, shown, notes) if "skip" not in options and not wanted else _leading(cells)
        names = unique_names(["" if cell is None else _text(cell) for cell in cells[above]])
        cells, top = cells[above + 1 :], top + above + 1
    return _Found(names, cells, Area(name, left, top + 1, top + len(cells)), notes)


def _cells(
    path: Path, options: Mapping[str, Any], shown: str, notes: list[str]
) -> tuple[str, list[tuple[Any, ...]], bool]:
    from importlib import import_module

    try:
        calamine = import_module("python_calamine")
    except ImportError as error:
        raise MissingDependencyError("Reading .xlsx files", "excel") from error
    try:
        workbook = calamine.CalamineWorkbook.from_path(str(path))
        sheets = [
            each.name for each in workbook.sheets_metadata if each.typ == calamine.SheetTypeEnum.WorkSheet
        ] or workbook.sheet_names
        name = _chosen(sheets, options, shown)
        sheet = workbook.get_sheet_by_name(name)
        cells = sheet.to_python(skip_empty_area=False)
    except calamine.PasswordError as error:
        raise EngineError(f"{shown} is protected by a password. Save it without.") from error
    except calamine.CalamineError as error:
        reason = str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
        raise EngineError(f"{shown} is not a spreadsheet that can be read: {reason}. Save it anew as .xlsx.") from error
    except Exception as error:
        # calamine's Rust panics are exceptions of no class of its own.
        if type(error).__name__ != "PanicException":
            raise
        raise EngineError(f"{shown} is not a spreadsheet that can be read: {error}. Save it anew as .xlsx.") from error
    others = [each for each in sheets if each != name]
    if not cells and others and "sheet" not in options:
        raise EngineError(
            f"{shown}: its first sheet {name!r} is empty. Register the table with the option sheet: "
            f"{' or '.join(map(repr, others))}."
        )
    if others and "sheet" not in options:
        notes.append(f"sheet {name!r} was read, not {', '.join(map(repr, others))} (option sheet)")
    parts = parts_of(path, name, len(cells))
    return name, _completed(cells, parts), bool(parts.formulas)


def _nulls(options: Mapping[str, Any]) -> frozenset[str]:
    """The texts that stand for no value."""
    null = options.get("null", ())
    return frozenset({null} if isinstance(null, str) else null)


class _Formula(str):
    """A formula that has no value."""

    __slots__ = ()


def _completed(cells: Sequence[Sequence[Any]], parts: Parts) -> list[tuple[Any, ...]]:
    """The cells that calamine gives, with those that it takes for empty ones and with all rows."""
    rows = [tuple(None if cell == "" else cell for cell in row) if "" in row else tuple(row) for row in cells]
    more = [*parts.texts, *((row, column, _Formula(formula)) for row, column, formula in parts.formulas)]
    rows += [()] * (max(parts.last, *(row + 1 for row, _, _ in more), 0) - len(rows))
    for row, column, value in more:
        found = rows[row] + (None,) * (column + 1 - len(rows[row]))
        rows[row] = (*found[:column], value, *found[column + 1 :])
    return rows


def _refuse_formulas(rows: Sequence[Sequence[Any]], area: Area, shown: str) -> None:
    for row, cells in enumerate(rows):
        for column, cell in enumerate(cells):
            if isinstance(cell, _Formula):
                raise EngineError(
                    f"{shown}, cell {area.cell(row, column)}: the formula{' =' if cell else ''}{cell} has no value, "
                    "because no program has calculated it. Open the file in a spreadsheet program and save it."
                )


def _chosen(sheets: Sequence[str], options: Mapping[str, Any], shown: str) -> str:
    wanted = options.get("sheet")
    if wanted is None:
        return sheets[0]
    if wanted not in sheets:
        raise EngineError(f"{shown} has no sheet {wanted!r}. Its sheets are {', '.join(map(repr, sheets))}.")
    return str(wanted)


def _width(row: Sequence[Any]) -> int:
    if row and row[-1] is not None:
        return len(row)
    return next((index for index in range(len(row), 0, -1) if row[index - 1] is not None), 0)


def _leading(cells: Sequence[Sequence[Any]]) -> int:
    return next(index for index, row in enumerate(cells) if any(cell is not None for cell in row))


def _above(cells: Sequence[Sequence[Any]], offset: int, shown: str, notes: list[str]) -> int:
    """How many rows above the header are a title: rows of one cell, where a full row of names above values follows."""
    start = _leading(cells)
    width = len(cells[0])
    if width == 1 or _filled(cells[start]) > 1:
        return start
    full = next((index for index in range(start, len(cells)) if _filled(cells[index]) > 1), None)
    if full is None:
        return start
    names, below = cells[full], cells[full + 1 :]
    proved = all(isinstance(cell, str) for cell in names if cell is not None) and any(
        not isinstance(cell, (str, type(None))) for row in below for cell in row
    )
    first, last = offset + 1, offset + full
    if not proved or _filled(names) < width:
        raise EngineError(
            f"{shown}: row {offset + start + 1} has one cell, where the rows below have {width}. Where it is a title, "
            f"register the table with the option skip: {last}, or with the option range (such as A{last + 1}:F); else "
            "name the columns."
        )
    which = f"rows {first} to {last} were" if full > 1 else f"row {first} was"
    notes.append(f"{which} left out as a title above the header (option skip)")
    return full


def _filled(row: Sequence[Any]) -> int:
    return sum(cell is not None for cell in row)
