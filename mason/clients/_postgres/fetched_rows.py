"""Rows on their way from a server: a file of CSV, which DuckDB reads, so that values look as those of every client.

Text goes in quotes and NULL without, so the empty text stays one. Each block of COPY is one row: the longest is known
when DuckDB is told how long a line may be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from mason import temporary
from mason.clients._duckdb.quoting import identifier, literal, struct
from mason.clients._duckdb.reading.readers import Source
from mason.clients._tables.columns import id_of

NULL = "\\N"
"""What stands for NULL, without quotes."""

_LEAST_LINE = 2**21
# DuckDB wants a buffer in which several of the longest lines have room.
_LINES_HELD = 4
_BEFORE_CHRIST = r"^(\S+)(.*) BC$", r"\1 (BC)\2"
_TIMES = frozenset({"date", "timestamp", "timestamp with time zone"})

Columns = Sequence[tuple[str, str]]
"""Names and DuckDB's types of an answer; two may have one name."""


@contextmanager
def received(blocks: Iterable[bytes], columns: Columns, within: Path | None = None) -> Iterator[Source]:
    """What reads the rows in ``blocks``, one row of CSV in each, for as long as the context lasts.

    within: the folder in which the file is made; ``None`` for the system's.
    """
    with temporary.folder("rows", within=within) as folder:
        path = folder / "rows.csv"
        longest = 0
        with path.open("wb") as file:
            for block in blocks:
                longest = max(longest, len(block))
                file.write(block)
        yield _source(path, columns, longest)


def lines(rows: Iterable[Sequence[bytes | None]]) -> Iterator[bytes]:
    """Rows of texts as CSV, as COPY would give them."""
    null = NULL.encode()
    for row in rows:
        yield b",".join(null if each is None else b'"' + each.replace(b'"', b'""') + b'"' for each in row) + b"\n"


def as_text(kind: str) -> Callable[[str], str] | None:
    """What makes of a column of a type the SQL whose text DuckDB reads; ``None`` where its own text will do."""
    return (lambda column: f"to_json({column})") if id_of(kind) == "list" else None


def _source(path: Path, columns: Columns, longest: int) -> Source:
    line = max(_LEAST_LINE, longest + 1)
    names = {f"c{index}": "VARCHAR" for index in range(len(columns))}
    options = {
        "columns": struct(names),
        "auto_detect": "false",
        "header": "false",
        "delim": "','",
        "quote": "'\"'",
        "escape": "'\"'",
        "nullstr": literal(NULL),
        "allow_quoted_nulls": "false",
        # A text may hold any end of line.
        "new_line": literal("\\n"),
        "parallel": "false",
        "max_line_size": str(line),
        "buffer_size": str(line * _LINES_HELD),
    }
    said = "".join(f", {name}={value}" for name, value in options.items())
    selected = ", ".join(
        f"{_value(f'c{index}', kind)} AS {identifier(name)}" for index, (name, kind) in enumerate(columns)
    )
    return Source(f"SELECT {selected} FROM read_csv({literal(str(path))}{said})", paths=(path,))


def _value(column: str, kind: str) -> str:
    """The SQL that makes a value of what the server wrote."""
    if kind == "VARCHAR":
        return column
    if kind == "BLOB":
        return f"unhex(substr({column}, 3))"
    if kind.lower() in _TIMES:
        pattern, instead = map(literal, _BEFORE_CHRIST)
        return f"CAST(regexp_replace({column}, {pattern}, {instead}) AS {kind})"
    if id_of(kind) == "list":
        return f"CAST(CAST({column} AS JSON) AS {kind})"
    return f"CAST({column} AS {kind})"
