"""Values that DuckDB would take for others without a word, found before they do harm.

Types of text are found in a sample, and a value further down may be of another one. DuckDB stops at ``x`` in a
column of numbers, but rounds ``1.5`` in one of whole numbers, and drops the zone or the nanoseconds of a time. Such
columns are read as text, checked, and cast; only where the bytes of a file say that it can be necessary.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from mason.clients._duckdb.failures import Show
from mason.clients._duckdb.quoting import call, identifier, literal, struct
from mason.clients._tables.columns import WHOLE, Columns
from mason.errors import EngineError
from mason.values import dataclass

if TYPE_CHECKING:
    import duckdb

MISREAD = "A value would be misread"
"""What DuckDB's error says when a check fails; :func:`first_misread` finds which value it was."""

_TIMES = frozenset({"TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "TIME"})
_FEW = 1_024
_NANOSECONDS = r"\.[0-9]{6}[0-9]*[1-9]"
_ZONE = r":[0-9.]+ ?[+-][0-9:]*[1-9]"


@dataclass(frozen=True, slots=True)
class Suspect:
    """A file with columns that are checked: their types, by name, and the arguments that read it as text."""

    path: Path
    arguments: Mapping[str, str]
    columns: Mapping[str, str]


def misread(name: str, kind: str, *, points: bool, formatted: bool) -> str | None:
    """The SQL that is true for a text in column ``name`` whose value of type ``kind`` would be another one; ``None``
    where that cannot be. ``points`` says that the file has decimal points, ``formatted`` that times have a format,
    which DuckDB holds them to."""
    column = identifier(name)
    if kind in WHOLE and points:
        # 1.0 is 1. An exponent may make a fraction of a whole number; without a point in the file nobody writes one.
        return (
            f"length({column}) > 2 AND (contains({column}, '.') AND NOT regexp_full_match({column}, '[^.]*\\.0*\\s*') "
            f"OR contains({column}, 'e-') OR contains({column}, 'E-'))"
        )
    if formatted:
        return None
    if kind == "DATE":
        return f"length({column}) > 10 AND contains({column}, ':')"
    if kind == "TIME":
        return f"length({column}) > 8 AND regexp_matches({column}, '{_NANOSECONDS}|-')"
    if kind == "TIMESTAMP":
        return f"length({column}) > 19 AND regexp_matches({column}, '{_ZONE}|{_NANOSECONDS}')"
    if kind == "TIMESTAMP WITH TIME ZONE" and points:
        return f"length({column}) > 25 AND regexp_matches({column}, '{_NANOSECONDS}')"
    return None


def checked(name: str, kind: str, wrong: str) -> str:
    """The SQL for the value of a column that is read as text, or for an error where ``wrong`` is true of it."""
    column = identifier(name)
    return f"CASE WHEN {wrong} THEN error({literal(MISREAD)}) ELSE CAST({column} AS {kind}) END"


def first_misread(connection: duckdb.DuckDBPyConnection, suspect: Suspect, show: Show) -> EngineError | None:
    """The error that names the first value that is not of its column's type; ``None`` when there is none.

    ``connection`` keeps the order of rows and may open the file.
    """
    tests = {
        name: f"TRY_CAST({identifier(name)} AS {kind}) IS NULL AND {identifier(name)} IS NOT NULL"
        + (f" OR ({wrong})" if (wrong := misread(name, kind, points=True, formatted=False)) else "")
        for name, kind in suspect.columns.items()
    }
    which = " ".join(f"WHEN {test} THEN [{literal(name)}, {identifier(name)}]" for name, test in tests.items())
    reader = call("read_csv", str(suspect.path), suspect.arguments)
    row = connection.execute(
        f"SELECT row_number, CASE {which} END FROM (SELECT row_number() OVER () AS row_number, * FROM {reader}) "
        f"WHERE {' OR '.join(f'({test})' for test in tests.values())} LIMIT 1"
    ).fetchone()
    if row is None:
        return None
    number, (column, value) = row
    kind = suspect.columns[column]
    fitting = "DOUBLE" if kind in WHOLE and _is_number(value) else "VARCHAR"
    return EngineError(
        f"{show(str(suspect.path))}, row {number}, column {column}: {value!r} is not of type {kind}, which the values "
        f"before it have. Mend the value, or register the table with column {column} as {fitting}."
    )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def exact(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    arguments: Mapping[str, str],
    columns: Columns,
    *,
    rows: int,
    points: bool,
) -> Columns:
    """``columns`` of a CSV file, but with types that lose nothing of the first ``rows``: whole numbers that are too
    long for BIGINT become HUGEINT (or text) and not DOUBLE, and times keep their nanoseconds.

    ``points`` says that there may be decimal points, without which there are no fractions of seconds.
    """
    tests: dict[str, str] = {}
    for name, kind in columns:
        column = identifier(name)
        if kind == "DOUBLE":
            tests[name] = (
                f"CASE WHEN bool_and(regexp_full_match(trim({column}), '[+-]?[0-9]+')) "
                f"THEN {_type_that_fits(column, 'HUGEINT')} END"
            )
        elif kind in _TIMES and points:
            better = "TIMESTAMP_NS" if kind == "TIMESTAMP" else "VARCHAR"
            tests[name] = (
                f"CASE WHEN bool_or(regexp_matches({column}, '{_NANOSECONDS}')) "
                f"THEN {_type_that_fits(column, better)} END"
            )
    if not tests:
        return columns
    reader = call("read_csv", str(path), {**arguments, "columns": struct({name: "VARCHAR" for name, _ in columns})})
    better_types: dict[str, str] = {}
    # Most often the first rows tell that there is nothing to mend, and reading more takes as long as sniffing did.
    for few in (_FEW, rows):
        sample = f"(SELECT * FROM {reader} LIMIT {few})"
        row = connection.execute(f"SELECT {', '.join(tests.values())} FROM {sample}").fetchone()
        assert row is not None
        better_types = {name: kind for name, kind in zip(tests, row, strict=True) if kind}
        if not better_types:
            break
    return tuple((name, better_types.get(name, kind)) for name, kind in columns)


def _type_that_fits(column: str, kind: str) -> str:
    return f"CASE WHEN count(TRY_CAST({column} AS {kind})) = count({column}) THEN '{kind}' ELSE 'VARCHAR' END"
