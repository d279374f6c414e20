"""Values that would become others without a word, found before they do harm.

Types of a long text are found in a sample, and a value further down may be of another one: ``02134`` among numbers,
``1.5`` among whole ones, a time with a zone among times without. So its columns are read as text, checked value by
value in the scan that the query makes anyway, and made what they are. What a look at the whole file has shown to be
true of all its values is not checked again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mason.clients._duckdb.failures import Show
from mason.clients._duckdb.quoting import identifier, literal
from mason.clients._duckdb.reading.header import unique_names
from mason.clients._duckdb.reading.table_files import DataFile
from mason.clients._duckdb.reading.text_columns import TextFile, place_of, text_reader
from mason.clients._duckdb.reading.text_types import Formats, fits, kind_of, likely_date_formats, value
from mason.clients._tables.columns import WHOLE
from mason.errors import EngineError
from mason.values import dataclass

if TYPE_CHECKING:
    import duckdb

MISREAD = "A value would be misread"
"""What DuckDB's error says when a check fails; :func:`first_misread` finds which value it was."""


@dataclass(frozen=True, slots=True)
class Suspect:
    """A file with columns that are checked: their types by name, and which of these a person declared."""

    file: DataFile
    found: TextFile
    columns: Mapping[str, str]
    declared: frozenset[str] = frozenset()


def checked(column: str, kind: str, formats: Formats, *, name: str, declared: bool) -> str:
    """The SQL for the value of the text that ``column`` is, or for an error that has its ``name`` where it does not
    fit."""
    made = value(column, kind, formats)
    test = fits(column, kind, formats, declared=declared)
    if test is None:
        return made
    # An empty text in quotes is no value where it cannot be text.
    return f"CASE WHEN {test} THEN {made} WHEN coalesce({column}, '') <> '' THEN error({literal(_error_of(name))}) END"


def _error_of(name: str) -> str:
    return f"{MISREAD} in {identifier(name)}"


def first_misread(
    connection: duckdb.DuckDBPyConnection, suspect: Suspect, show: Show, *, rows: int | None = None, told: str = ""
) -> EngineError | None:
    """The error that names the first value, of the first ``rows`` or of all, that is not of its column's type; ``None``
    when there is none.

    ``connection`` keeps the order of rows and may open the file. Where ``told``, the words of an error of DuckDB, names
    columns of :func:`checked`, only these are looked at: others may not have been asked for.
    """
    dialect = suspect.found.dialect
    formats = dialect.formats
    tests = {}
    named = [name for name in suspect.columns if _error_of(name) in told]
    for name in named or suspect.columns:
        kind, column = suspect.columns[name], identifier(name)
        test = fits(column, kind, formats, declared=name in suspect.declared)
        if test is not None:
            tests[name] = f"{column} <> '' AND ({test}) IS NOT TRUE"
    if not tests:
        return None
    which = " ".join(f"WHEN {test} THEN [{literal(name)}, {identifier(name)}]" for name, test in tests.items())
    path = suspect.found.copy or suspect.file.path
    names = [name for name, _ in suspect.found.columns]
    reader = text_reader(path, dialect, names)
    limited = f"(SELECT * FROM {reader} LIMIT {rows})" if rows else reader
    numbered = identifier(unique_names([*names, "row"])[-1])
    row = connection.execute(
        f"SELECT {numbered}, CASE {which} END FROM (SELECT row_number() OVER () AS {numbered}, * FROM {limited}) "
        f"WHERE {' OR '.join(f'({test})' for test in tests.values())} LIMIT 1"
    ).fetchone()
    if row is None:
        return None
    number, (column, text) = row
    kind = suspect.columns[column]
    place = f"{show(str(suspect.file.path))}, {place_of(suspect.file, dialect, number)}, column {column}"
    fitting = "DOUBLE" if kind in WHOLE and kind_of(text, formats) == "DOUBLE" else "VARCHAR"
    whose = "that the column is registered with" if column in suspect.declared else "which the values before it have"
    written = likely_date_formats([text]) if kind in ("DATE", "TIMESTAMP") and not formats.date_format else ()
    remedy = f", or give the option date_format ({' or '.join(written)})" if written else ""
    return EngineError(
        f"{place}: {text!r} is not of type {kind}, {whose}. Mend the value, or register the table with column {column} "
        f"as {fitting}{remedy}."
    )
