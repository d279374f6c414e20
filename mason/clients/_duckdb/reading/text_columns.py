"""The columns of a CSV file: the dialect of its first lines, and types that all its values have, or those of a sample.

A file of some megabytes is looked at whole, so that a type is true of every value. Of a longer one it is a sample; then
every query checks what it reads, see :mod:`misread`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mason.clients._duckdb.quoting import call, identifier, literal, struct
from mason.clients._duckdb.reading import text_files
from mason.clients._duckdb.reading.dialect import Dialect, Found, line_of
from mason.clients._duckdb.reading.header import unique_names
from mason.clients._duckdb.reading.table_files import DataFile
from mason.clients._duckdb.reading.text_types import (
    GROUPED,
    Formats,
    fits,
    fixed_point,
    guess,
    kind_of,
    likely_date_formats,
    measures,
    shape,
)
from mason.clients._tables.columns import Columns
from mason.values import dataclass

if TYPE_CHECKING:
    import duckdb

_VALUES = 200
_AT_ONCE = 200
_WIDE = 1_000
# What is told of columns: more than this is read by nobody.
_MOST_TOLD = 200
# A text column is said to be almost something else where most of its first values are.
_MOST = 0.5
_LADDERS = {"BIGINT": ("HUGEINT", "DOUBLE"), "TIMESTAMP": ("TIMESTAMP_NS",)}
_WORDS = {
    "BIGINT": "no number",
    "HUGEINT": "no number",
    "DOUBLE": "no number",
    "BOOLEAN": "neither true nor false",
    "DATE": "no date",
    "TIME": "no time",
}


@dataclass(frozen=True, slots=True)
class TextFile:
    """What was found in a file: how it is cut, its columns, what is read instead as ``copied`` (``None``: the file
    itself), the columns whose type all values were seen to have, those with an empty text in quotes, and what to tell a
    person."""

    dialect: Dialect
    columns: Columns
    copied: text_files.Copy | None = None
    verified: frozenset[str] = frozenset()
    blank: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()

    @property
    def copy(self) -> Path | None:
        """The path of the copy to read, made now at the latest."""
        return None if self.copied is None else self.copied.path


class Scan:
    """One file, looked at by DuckDB with all columns as text; in ``rows`` of it, or (``None``) whole."""

    connection: duckdb.DuckDBPyConnection

    def __init__(
        self,
        file: DataFile,
        found: Found,
        copy: text_files.Copy | None,
        shown: str,
        rows: int | None,
    ) -> None:
        self.file = file
        self.found = found
        self.copy = copy
        self.shown = shown
        self.formats = found.dialect.formats
        self.limit = rows
        self.whole = rows is None
        # What statements about many files have found, by what was asked.
        self.known: dict[str, tuple[Any, ...]] = {}
        self.rows = 0
        self.long = ""
        self.notes: list[str] = list(found.notes)

    @property
    def path(self) -> Path:
        """What DuckDB reads: the file, or the copy of it, which is made now at the latest."""
        return self.copy.path if self.copy is not None else self.file.path

    @cached_property
    def reader(self) -> str:
        """The call that reads the file."""
        return text_reader(self.path, self.found.dialect, self.found.names)

    @cached_property
    def sample(self) -> str:
        """The rows that are looked at."""
        return f"(SELECT * FROM {self.reader} LIMIT {self.limit})" if self.limit else self.reader

    @cached_property
    def first_values(self) -> dict[str, list[str]]:
        """Of each column the values in the first rows."""
        nulls = self.found.dialect.nulls
        return {
            name: [row[index] for row in self.found.rows[:_VALUES] if row[index] not in nulls and row[index] != ""]
            for index, name in enumerate(self.found.names)
        }

    @cached_property
    def guesses(self) -> dict[str, str]:
        """Of each column the type that its first values seem to have; empty where there are none."""
        return {name: guess(each, self.formats) for name, each in self.first_values.items()}

    def first_question(self) -> str:
        """What is asked of the rows at first, as a list of aggregates; empty where one statement cannot ask it."""
        asked = self._asked(self.guesses)
        return self._tests(asked, self._test) if self.whole and 0 < len(asked) <= _AT_ONCE and not self._wide else ""

    def look(self, connection: duckdb.DuckDBPyConnection) -> TextFile:
        """What is in the file. Raises what DuckDB raises."""
        self.connection = connection
        if not self._wide:
            return self._look()
        # DuckDB plans a statement in a time that grows with the square of its columns: values one below the other.
        self.long = identifier(f"values of {self.file.path}")
        self.connection.execute(f"CREATE OR REPLACE TEMP TABLE {self.long} (n BIGINT, v VARCHAR, row BIGINT)")
        for start in range(0, len(self.found.names), _WIDE):
            some = self.found.names[start : start + _WIDE]
            self.connection.execute(
                f"INSERT INTO {self.long} SELECT unnest(range({start}, {start + len(some)})), unnest(v), row FROM "
                f"(SELECT row_number() OVER () AS row, [{', '.join(map(identifier, some))}] AS v FROM {self.reader})"
            )
        try:
            return self._look()
        finally:
            self.connection.execute(f"DROP TABLE {self.long}")

    def _look(self) -> TextFile:
        names, values, guesses = self.found.names, dict(self.first_values), dict(self.guesses)
        settled, blank = self._settle(guesses)
        late = [name for name, kind in settled.items() if not kind]
        if late:
            values |= {name: self._first_values(name) for name in late}
            again = {name: guess(values[name], self.formats) for name in late}
            more, blanks = self._settle({name: kind for name, kind in again.items() if kind})
            guesses |= again
            settled |= dict.fromkeys(late, "VARCHAR") | more
            blank |= blanks
        for name in names:
            if settled[name] == "VARCHAR" and len(self.notes) < _MOST_TOLD:
                self._tell(name, guesses[name], values[name])
            elif settled[name] == "BIGINT" and self.formats.date_format and len(self.notes) < _MOST_TOLD:
                self._tell_dates(name, values[name])
        if not self.whole:
            self.notes.append(
                f"types are those of the first {self.rows:,} rows; a value below them that is of another type stops "
                "the query that reads it"
            )
        return TextFile(
            self.found.dialect,
            tuple(settled.items()),
            self.copy,
            frozenset(names) if self.whole else frozenset(),
            frozenset(blank),
            tuple(self.notes),
        )

    @property
    def _wide(self) -> bool:
        return self.whole and len(self.found.names) > _WIDE

    @staticmethod
    def _asked(guesses: Mapping[str, str]) -> list[tuple[str, str]]:
        return [(name, kind) for name, kind in guesses.items() if kind != "VARCHAR"]

    @staticmethod
    def _tests(asked: Iterable[tuple[str, str]], test: Callable[[str, str], str]) -> str:
        return ", ".join(test(identifier(name), kind) for name, kind in asked)

    def _settle(self, guesses: Mapping[str, str]) -> tuple[dict[str, str], set[str]]:
        """The types of columns whose ``guesses`` are checked against all rows (empty: no values), and the columns with
        empty texts."""
        asked = self._asked(guesses)
        settled = {name: kind for name, kind in guesses.items() if kind == "VARCHAR"}
        blank = set()
        failed = {}
        if not asked and not self.whole:
            self.rows = max(self.rows, self._ask(f"SELECT count(*) FROM {self.sample}")[0])
        for name, kind, found in self._measured(asked, self._test):
            self.rows = max(self.rows, found["rows"])
            if found["blanks"]:
                blank.add(name)
            if found["grouped"] or found["values"] == found["blanks"]:
                settled[name] = "VARCHAR"
            elif not kind:
                settled[name] = ""
            elif found["fitting"] + found["blanks"] < found["values"]:
                failed[name] = kind
            else:
                settled[name] = kind
        if failed:
            settled |= self._widened(failed)
        return {name: settled[name] for name in guesses}, blank

    def _measured(
        self, asked: Sequence[tuple[str, str]], test: Callable[[str, str], str]
    ) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Columns and types that are ``asked`` for, with what ``test`` says of them: the SQL of a struct of aggregates,
        by a column and a type."""
        if not self.long:
            for start in range(0, len(asked), _AT_ONCE):
                some = asked[start : start + _AT_ONCE]
                tests = self._tests(some, test)
                row = self.known.get(tests) or self._ask(f"SELECT {tests} FROM {self.sample}")
                yield from ((name, kind, found) for (name, kind), found in zip(some, row, strict=True))
            return
        numbers = {name: number for number, name in enumerate(self.found.names)}
        for wanted in dict.fromkeys(kind for _, kind in asked):
            those = {numbers[name]: name for name, kind in asked if kind == wanted}
            rows = self.connection.execute(
                f"SELECT n, {test('v', wanted)} FROM {self.long} WHERE n IN ({', '.join(map(str, those))}) GROUP BY n"
            ).fetchall()
            yield from ((those[number], wanted, found) for number, found in rows)

    def _test(self, column: str, kind: str) -> str:
        """What tells of a column: its rows and values, those that fit, the empty ones, and whether points may group."""
        fitting = f"count_if({fits(column, kind, self.formats)})" if kind else "0"
        grouped = (
            f"coalesce(bool_and(regexp_full_match(trim({column}), {literal(GROUPED)})) FILTER ({column} <> ''), false)"
            if kind == "DOUBLE" and self._may_group
            else "false"
        )
        return (
            f"{{rows: count(*), values: count({column}), fitting: coalesce({fitting}, 0), "
            f"blanks: coalesce(count_if({column} = ''), 0), grouped: {grouped}}}"
        )

    @property
    def _may_group(self) -> bool:
        # Where values are cut at commas, nobody writes fractions with them.
        return self.found.dialect.delimiter != "," and not self.formats.separated and not self.formats.decimal

    def _widened(self, failed: Mapping[str, str]) -> dict[str, str]:
        """Wider types for columns that are not what was guessed: the first that all values have, or text."""
        found = {}
        for name, kind, measured in self._measured(list(failed.items()), self._test_wider):
            ladder = _LADDERS.get(kind, ())
            wider = next((each for each, wrong in zip(ladder, measured["wrong"], strict=True) if not wrong), "")
            number = measured["number"]
            if not wider and number and number["numbers"] and number["least"] is not None:
                wider = fixed_point((number["least"], number["most"]), number["digits"])
            found[name] = wider or "VARCHAR"
        return found

    def _test_wider(self, column: str, kind: str) -> str:
        wrong = [
            f"count(*) FILTER ({column} <> '' AND ({fits(column, wider, self.formats)}) IS NOT TRUE)"
            for wider in _LADDERS.get(kind, ())
        ]
        number = measures(column, self.formats) if kind in ("BIGINT", "DOUBLE") else "NULL"
        return f"{{wrong: [{', '.join(wrong)}]::BIGINT[], number: {number}}}"

    def _of_one(self, name: str) -> tuple[str, str]:
        """The SQL for a column, and for where it is to be had."""
        if not self.long:
            return identifier(name), self.sample
        return "v", f"(SELECT v FROM {self.long} WHERE n = {self.found.names.index(name)} ORDER BY row)"

    def _first_values(self, name: str) -> list[str]:
        column, values = self._of_one(name)
        query = f"SELECT {column} FROM {values} WHERE {column} <> '' LIMIT {_VALUES}"
        return [value for (value,) in self.connection.execute(query).fetchall()]

    def _ask(self, query: str) -> tuple[Any, ...]:
        row = self.connection.execute(query).fetchone()
        assert row is not None
        return row

    def _tell(self, name: str, guessed: str, values: Sequence[str]) -> None:
        """Say why a column is text that a person may take for something else, and what would make it that."""
        if not values:
            return
        if guessed in ("", "VARCHAR"):
            kinds = [kind_of(value, self.formats) for value in values]
            known = sorted(set(kinds) - {"VARCHAR", "NaN"}, key=kinds.count)
            common = known[-1] if known else ""
            if common and kinds.count(common) >= _MOST * len(kinds):
                self._tell_exception(name, common)
            else:
                self._tell_format(name, values)
            return
        number = guessed in ("BIGINT", "DOUBLE")
        if number and self._may_group and all(_grouped(value) for value in values):
            self.notes.append(
                f"column {name}: read as text: {values[0]!r} is one number where the point is a decimal point and "
                "another where it groups thousands (options decimal and thousands)"
            )
        else:
            self._tell_exception(name, guessed)

    def _tell_exception(self, name: str, kind: str) -> None:
        column, values = self._of_one(name)
        wider = {"BIGINT": "DOUBLE"}.get(kind, kind)
        wrong = f"{column} <> '' AND ({fits(column, wider, self.formats)}) IS NOT TRUE"
        count, total = self._ask(f"SELECT count(*) FILTER ({wrong}), count(*) FILTER ({column} <> '') FROM {values}")
        if not count:
            return
        number = identifier(unique_names([name, "row"])[-1])
        numbered = f"SELECT row_number() OVER () AS {number}, {column} FROM {values}"
        row = self._ask(f"SELECT {number}, {column} FROM ({numbered}) WHERE {wrong} LIMIT 1")
        place = place_of(self.file, self.found.dialect, row[0])
        what = _WORDS.get(kind, "no time")
        noun, verb = "value" if total == 1 else "values", "is" if count == 1 else "are"
        as_it_stands = " that would be written back as it stands" if shape(row[1]) != "text" else ""
        self.notes.append(
            f"column {name}: read as text: {count:,} of {total:,} {noun} {verb} {what}"
            f"{as_it_stands} ({place}: {row[1]!r})"
        )

    def _tell_dates(self, name: str, values: Sequence[str]) -> None:
        """Say of numbers that the given format of dates reads them, too."""
        if all(_is_written_as(value, self.formats.date_format) for value in values):
            self.notes.append(
                f"column {name}: read as numbers, which the option date_format could read as dates: register the table "
                f"with column {name} as DATE if they are"
            )

    def _tell_format(self, name: str, values: Sequence[str]) -> None:
        formats = likely_date_formats(values)
        if len(formats) == 1:
            self.notes.append(f"column {name}: read as text: the option date_format: {formats[0]!r} makes dates of it")
        elif formats:
            self.notes.append(
                f"column {name}: read as text: dates such as {values[0]!r} can be read day first and month first; the "
                f"option date_format decides ({formats[0]} or {formats[1]})"
            )
        elif not self.formats.separated and all(shape(value) == "number" for value in values):
            for decimal, thousands in ((",", "."), (".", ","), (",", " "), (".", "'"), (".", " ")):
                formats_tried = Formats(decimal, thousands)
                if all(kind_of(value, formats_tried) in ("BIGINT", "DOUBLE") for value in values):
                    self.notes.append(
                        f"column {name}: read as text: {values[0]!r} is a number only with the options "
                        f"decimal: {decimal!r} and thousands: {thousands!r}"
                    )
                    return


def _is_written_as(value: str, date_format: str) -> bool:
    from datetime import datetime

    try:
        datetime.strptime(value, date_format)
    except ValueError:
        return False
    return True


def _grouped(value: str) -> bool:
    return re.fullmatch(GROUPED, value.strip()) is not None


def text_reader(path: Path, dialect: Dialect, names: Iterable[str]) -> str:
    """The call that reads a file with all columns as text."""
    columns = list(names)
    reader = call("read_csv", str(path), arguments_of_text(dialect, columns))
    if not dialect.nulls_beside:
        return reader
    return f"(SELECT {', '.join(f'{dialect.column(name)} AS {identifier(name)}' for name in columns)} FROM {reader})"


def arguments_of_text(dialect: Dialect, names: Iterable[str]) -> dict[str, str]:
    """The arguments of ``read_csv`` that give all columns as text."""
    columns = struct(dict.fromkeys(names, "VARCHAR"))
    return dialect.arguments() | {"columns": columns, "hive_partitioning": "false"}


def place_of(file: DataFile, dialect: Dialect, row: int) -> str:
    """Where a row (from 1) stands, as a person finds it: its line, or its number where the file is in Zstandard."""
    if file.ending.compression == "zst":
        return f"row {row}"
    import io

    encoding = dialect.encoding or "utf-8-sig"
    with text_files.opened(file) as stream:
        lines = io.TextIOWrapper(stream, encoding=encoding, errors="replace", newline="")
        return f"line {line_of(lines, dialect, row)}"
