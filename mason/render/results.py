"""What a run returned as people read it: rows and tables as tables, a job as a short block."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from mason.engines.models import Database, Job, Location, Partition, Rows, Table
from mason.render.tables import escaped, fitted
from mason.render.terminal import Terminal
from mason.runtime.answer import Answer
from mason.secrets import scrub, scrub_all
from mason.values import dataclass

_NOUNS: Mapping[type, str] = {
    Database: "database",
    Table: "table",
    Partition: "partition",
    Location: "path",
    Job: "job",
}
# Decimals and the largest integers are text where they are JSON; the type says what they are.
_NUMERIC = (
    r"(?i)(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?\d*|DECIMAL|NUMERIC|NUMBER|DOUBLE( PRECISION)?|FLOAT\d*|REAL|LONG|SHORT)"
    r"(\(.*\))?"
)
_MOST_FILES = 5
_PIECE = 500
_NOTHING = object()


def result_lines(answer: Answer, terminal: Terminal) -> Iterator[str] | None:
    """What the run returned, without secrets, line by line: many rows are laid out as they are asked for. ``None`` for
    what has no form but JSON, and for a run that failed."""
    returned = answer.returned
    if answer.failure is not None:
        return None
    if isinstance(returned, Rows):
        return _rows(returned, answer.data, answer.cut, terminal)
    # Before anything is laid out: what is cut off would hide a secret from whoever looks for it whole.
    data = scrub_all(answer.data)
    if isinstance(returned, Table):
        return iter([_table(data[0], terminal)])
    if isinstance(returned, Job):
        return iter([_block(data[0])])
    if isinstance(returned, (list, tuple)):
        return _models(returned, data, terminal)
    return None


def in_pieces(lines: Iterable[str]) -> Iterator[str]:
    """Lines in texts of some hundred: to print each by itself would take most of the time."""
    left = iter(lines)
    while piece := list(islice(left, _PIECE)):
        yield "\n".join(piece)


def rows_text(rows: Rows, terminal: Terminal) -> str:
    """Rows as a table, without secrets."""
    return "\n".join(_rows(rows, rows.to_dicts(), "", terminal))


@dataclass(frozen=True, slots=True)
class _Values:
    """The rows of an answer, without secrets, each made when it is asked for."""

    data: Sequence[Mapping[str, Any]]

    def __iter__(self) -> Iterator[Sequence[Any]]:
        for row in self.data:
            # Before anything is laid out: what is cut off would hide a secret from whoever looks for it whole.
            yield scrub_all(list(row.values()))


@dataclass(frozen=True, slots=True)
class _Cells:
    """Rows as the texts of their cells, each made when it is asked for."""

    rows: Iterable[Sequence[Any]]

    def __iter__(self) -> Iterator[Sequence[str | None]]:
        for row in self.rows:
            yield [value if value is None or isinstance(value, str) else _text(value) for value in row]


def _rows(rows: Rows, data: Sequence[Mapping[str, Any]], cut: str, terminal: Terminal) -> Iterator[str]:
    header = [scrub(str(name)) for name in (data[0] if data else rows.schema.names)]
    types = [str(column.type) for column in rows.schema.columns]
    numeric = {index for index, given in enumerate(types) if re.fullmatch(_NUMERIC, given)}
    said = cut or _counted(len(data), "row")
    if not header:
        return iter([said])
    numeric |= _numbers(header, (row.values() for row in data))
    return _listed(header, _Values(data), said, terminal, numeric=numeric)


def _models(returned: Sequence[Any], data: Sequence[Any], terminal: Terminal) -> Iterator[str] | None:
    kinds = {type(each) for each in returned}
    if not kinds:
        return iter([_counted(0, "result")])
    noun = _NOUNS.get(kinds.pop())
    if noun is None or kinds:
        return None
    flat = [_flat(each) for each in data]
    header = list(dict.fromkeys(key for each in flat for key in each))
    rows = [[each.get(key, _NOTHING) for key in header] for each in flat]
    return _listed(header, rows, _counted(len(rows), noun), terminal, numeric=_numbers(header, rows))


def _flat(model: Mapping[str, Any]) -> dict[str, Any]:
    """A row of a listing: the values of a partition are columns, and a location is its path."""
    row: dict[str, Any] = {}
    for key, value in model.items():
        if key == "values":
            row |= value
        elif key == "location":
            # A partition column may have this name as well.
            row["path" if key in row else key] = value["path"] if isinstance(value, Mapping) else value
        elif key == "columns":
            row[key] = _columns(value)
        else:
            row[key] = value
    return row


def _table(table: Mapping[str, Any], terminal: Terminal) -> str:
    """What it is called, then how and where it is kept, then its columns."""
    name = ".".join(_text(table[key]) for key in ("database", "name") if key in table)
    lines = [terminal.style(f"{_text(table.get('kind', 'table')).capitalize()} {name}", "bold")]
    facts = {key: value for key, value in table.items() if key not in ("database", "name", "kind", "columns")}
    if "partition_columns" in facts:
        facts["partitioned by"] = ", ".join(map(_text, facts.pop("partition_columns")))
    notes = facts.pop("notes", None) or ()
    width = max(map(len, facts), default=0)
    lines += [f"  {key.ljust(width)}  {_text(value)}" for key, value in facts.items()]
    columns = table.get("columns", [])
    if columns:
        header = list(dict.fromkeys(key for column in columns for key in column))
        rows = [[column.get(key, _NOTHING) for key in header] for column in columns]
        titles = ["column" if key == "name" else key for key in header]
        said = _counted(len(rows), "column")
        lines += ["", *_listed(titles, rows, said, terminal, numeric=_numbers(header, rows))]
    return "\n".join([*lines, *([""] if notes else []), *(f"Note: {_text(note)}" for note in notes)])


def _block(values: Mapping[str, Any], indent: str = "") -> str:
    """``key: value`` lines; what nests once is indented, what nests deeper is JSON."""
    lines = []
    for key, value in values.items():
        start = f"{indent}{escaped(str(key))}:"
        if key in ("columns", "schema"):
            lines.append(f"{start} {_columns(value)}")
        elif key == "files" and isinstance(value, list) and len(value) > _MOST_FILES:
            lines.append(f"{start} {len(value)} (--json lists them)")
        elif key == "files" and isinstance(value, list):
            lines.append(f"{start} {', '.join(_text(each.get('path', '')) for each in value)}")
        elif isinstance(value, Mapping) and value and not indent:
            lines += [start, _block(value, "  ")]
        elif isinstance(value, list) and value and (not indent or key == "notes"):
            lines += [start, *(f"{indent}  {_text(each)}" for each in value)]
        else:
            lines.append(f"{start} {_text(value)}")
    return "\n".join(lines)


def _columns(value: Any) -> str:
    """Columns of a table on one line: ``id BIGINT, name VARCHAR``."""
    if not isinstance(value, list) or not all(isinstance(each, Mapping) and "name" in each for each in value):
        return _text(value)
    return ", ".join(" ".join(_text(each[key]) for key in ("name", "type") if key in each) for each in value)


def _listed(
    header: Sequence[str],
    rows: Iterable[Sequence[Any]],
    said: str,
    terminal: Terminal,
    *,
    numeric: Collection[int],
) -> Iterator[str]:
    """A table and, as its last lines, what is said of it and whether columns are hidden. ``rows`` are gone through
    twice; ``numeric`` are the positions of columns of numbers."""
    lines, hidden = fitted(header, _Cells(rows), terminal, numeric=numeric)
    yield from lines
    yield ""
    yield said
    if hidden:
        yield f"{hidden} of {len(header)} columns are hidden, because the terminal is narrow; --json shows all."


def _numbers(header: Sequence[str], rows: Iterable[Iterable[Any]]) -> set[int]:
    """The positions of the columns that hold numbers and nothing else."""
    found: list[set[type]] = [set() for _ in header]
    for row in rows:
        for types, value in zip(found, row, strict=True):
            types.add(type(value))
    kinds = [types - {type(None), object} for types in found]
    return {index for index, types in enumerate(kinds) if types and types <= {int, float}}


def _text(value: Any) -> str:
    """A value in a cell or a line: text as it is, all else as JSON."""
    if value is _NOTHING:
        return ""
    if isinstance(value, str):
        return escaped(value)
    if type(value) in (int, float):
        # As JSON writes them, without the way through its encoder for each.
        return repr(value)
    return escaped(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}."
