"""How a CSV file is written: delimiter, quotes, header and so on, found in its first lines.

Found is what only one reading fits. A file that two delimiters cut evenly, or whose first line may name columns or be a
row, is refused with the option that decides; nothing is ever taken for a comment, and no line is left out but a title
above a header that proves itself.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from mason.clients._duckdb.quoting import identifier, literal
from mason.clients._duckdb.reading.header import find_header, unique_names
from mason.clients._duckdb.reading.quotes import Quotes
from mason.clients._duckdb.reading.text_types import Formats, kind_of, shape
from mason.errors import EngineError
from mason.values import dataclass

OPTIONS = {
    "delimiter": "delim",
    "quote": "quote",
    "escape": "escape",
    "header": "header",
    "skip": "skip",
    "skip_footer": "",
    "comment": "comment",
    "encoding": "",
    "null": "nullstr",
    "decimal": "",
    "thousands": "",
    "date_format": "",
    "timestamp_format": "",
}
"""The options of a CSV table, and what DuckDB calls those that it is told."""

_USUAL = ",;\t|"
_OTHERS = "^~:#!*%&@\x01\x1f\x1e"
_RECORDS = 500
_HINT = re.compile(r'"?sep=(.)"?', re.IGNORECASE)
_FOOTER = 3
# Longer lines than DuckDB takes unasked; its buffer is some times as long.
_MOST_CHARACTERS = 2_000_000
# What no text holds, where DuckDB wants to be told of a text at least: Unicode will never make a character of it.
_NO_TEXT = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class Dialect:
    """How the text of one file is cut into values; the names are those of :data:`OPTIONS`. ``longest`` counts the
    characters of a longer line than usual, and ``ends`` is how lines end where the first end of a line is inside of
    quotes and another one: DuckDB goes by the first."""

    delimiter: str = ","
    quote: str = '"'
    escape: str = '"'
    header: bool = True
    skip: int = 0
    skip_footer: int = 0
    comment: str = ""
    encoding: str = ""
    null: str | tuple[str, ...] = ""
    decimal: str = ""
    thousands: str = ""
    date_format: str = ""
    timestamp_format: str = ""
    longest: int = 0
    ends: str = ""

    @property
    def formats(self) -> Formats:
        """How numbers and times are written."""
        return Formats(self.decimal, self.thousands, self.date_format, self.timestamp_format)

    @property
    def quotes(self) -> Quotes:
        """How values are quoted."""
        return Quotes(self.quote, self.escape)

    @property
    def nulls(self) -> frozenset[str]:
        """The texts that are no value where they are not quoted."""
        return frozenset({self.null} if isinstance(self.null, str) else self.null)

    @property
    def nulls_beside(self) -> tuple[str, ...]:
        """Of these, the ones that DuckDB cannot be told, because they hold the escape character (``\\N``)."""
        marks = {self.escape, self.quote, self.delimiter} - {""}
        return tuple(sorted(null for null in self.nulls if any(mark in null for mark in marks)))

    def column(self, name: str) -> str:
        """The SQL for the text of a column, as a reader gives it that knows :meth:`arguments`."""
        quoted = identifier(name)
        beside = self.nulls_beside
        return f"CASE WHEN {quoted} NOT IN ({', '.join(map(literal, beside))}) THEN {quoted} END" if beside else quoted

    def arguments(self) -> dict[str, str]:
        """The arguments of ``read_csv`` that say all this, so that nothing is guessed a second time. No encoding: what
        is read is UTF-8, the file itself or a copy of it."""
        given: dict[str, Any] = {"auto_detect": False}
        for name, theirs in OPTIONS.items():
            value = getattr(self, name)
            if theirs and (value != "" or name in ("quote", "escape", "comment")):
                given[theirs] = value
        if self.nulls_beside:
            given["nullstr"] = sorted(self.nulls.difference(self.nulls_beside)) or [_NO_TEXT]
        # A quoted text is a text, be it empty.
        given["allow_quoted_nulls"] = False
        if self.ends:
            given["new_line"] = self.ends.replace("\r", "\\r").replace("\n", "\\n")
        if self.longest:
            given["max_line_size"] = self.longest
        return {name: literal(value) for name, value in given.items()}

    def options(self) -> dict[str, Any]:
        """What a person may want to know: delimiter and header always, the rest where it is unusual."""
        usual = Dialect(escape=self.quote)
        names = [name for name in OPTIONS if name in ("delimiter", "header") or self._differs(usual, name)]
        return {name: getattr(self, name) for name in names}

    def _differs(self, usual: Dialect, name: str) -> bool:
        return bool(getattr(self, name) != getattr(usual, name))


@dataclass(frozen=True, slots=True)
class Found:
    """What the first lines say: the dialect, the names of the columns, some rows, and what was assumed."""

    dialect: Dialect
    names: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()


def find(text: str, given: Mapping[str, Any], shown: str, *, promised: str = "", complete: bool = True) -> Found:
    """The dialect of a file that begins with ``text``.

    given: options by the names of :data:`OPTIONS`, which hold.
    shown: what the file is called in errors.
    promised: the delimiter that the ending of its name promises.
    complete: whether ``text`` is the whole file.

    No names where there are no lines. Raises ``EngineError`` for lines that no delimiter cuts evenly, and for what can
    be understood in two ways.
    """
    given = dict(given)
    notes: list[str] = []
    lines = _lines(text, given)
    hint = _HINT.fullmatch(lines[0][1].strip()) if lines else None
    if hint and "delimiter" not in given and "skip" not in given:
        given |= {"delimiter": hint[1], "skip": lines[0][0]}
        lines = lines[1:]
    if not lines:
        leaving_out = [name for name in ("skip", "skip_footer", "comment") if given.get(name)]
        if leaving_out and text.strip():
            options = f"option{'s' if len(leaving_out) > 1 else ''} {' and '.join(leaving_out)}"
            verb = "leave" if len(leaving_out) > 1 else "leaves"
            raise EngineError(
                f"{shown}: the {options} {verb} no line of it. Register the table with options that leave some."
            )
        return Found(_dialect(given, ","), (), ())
    delimiter, skip = _delimiter(lines, given, shown, promised, complete, notes)
    blank = None if skip else _blank_line(text, given)
    if blank and set(_widths(lines, delimiter, given, complete)) == {1}:
        # In a file of one column each line is a value: blanks alone are one, too.
        lines = [blank, *lines]
        if given.get("header", True):
            notes.append(
                f"line {blank[0]} has blanks alone, so the column is called column0; where it is no header, say so "
                f"with the option skip: {blank[0]}"
            )
    if not skip and not given.get("comment") and lines[0][0] > given.get("skip", 0) + 1:
        # DuckDB takes the first line for the header, be it empty.
        skip = lines[0][0] - 1
    if skip:
        given["skip"] = skip
        lines = [each for each in lines if each[0] > skip]
    dialect = _dialect(given, delimiter)
    _refuse_malformed(lines, dialect, shown, complete)
    records = [record for _, record in _records(lines, dialect, complete)]
    spaced = next((value for row in records for value in row if _unspaced(value, dialect) != value), None)
    if spaced is not None:
        records = [[_unspaced(value, dialect) for value in record] for record in records]
        notes.append(f"a blank before a quote is left out, such as that of {spaced!r}; other readers keep both")
    header, said = find_header(records, dialect.nulls, shown, given.get("header"))
    notes += said
    dialect = replace(dialect, header=header)
    longest = max(len(line) for _, line in lines) if not complete else max(map(len, text.splitlines()), default=0)
    if longest * 4 > _MOST_CHARACTERS:
        dialect = replace(dialect, longest=longest * 4)
    names = unique_names(records[0] if header else ("",) * len(records[0]))
    nul = next((index for index, name in enumerate(names, 1) if "\0" in name), None)
    if nul is not None:
        raise EngineError(f"{shown}: the name of column {nul} holds a NUL character. Rename the column.")
    return Found(dialect, names, tuple(map(tuple, records[1:] if header else records)), tuple(notes))


def line_of(lines: Sequence[str] | Any, dialect: Dialect, row: int) -> int:
    """The line, from 1, at which a row (from 1) begins; ``lines`` are those of the whole file."""
    count = 0
    want = row + dialect.header
    line = 1
    passed = 0

    def passing() -> Any:
        nonlocal passed
        for content in lines:
            passed += 1
            if passed > dialect.skip:
                yield content

    for record in _reader(passing(), dialect):
        if record and not (dialect.comment and record[0].startswith(dialect.comment)):
            count += 1
            if count == want:
                return line
        line = passed + 1
    return line


def _dialect(given: Mapping[str, Any], delimiter: str) -> Dialect:
    quote = given.get("quote", '"')
    known = {"delimiter": delimiter, "quote": quote, "escape": quote, **given}
    if isinstance(known.get("null"), list):
        known["null"] = tuple(known["null"])
    return Dialect(**known)


def _lines(text: str, given: Mapping[str, Any]) -> list[tuple[int, str]]:
    """The numbers, from 1, and texts of the lines that are not empty, without those that options leave out."""
    # With their ends: quoted names may have any in them.
    every = list(enumerate(re.findall("[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+", text), 1))[int(given.get("skip", 0)) :]
    footer = int(given.get("skip_footer", 0))
    every = every[: len(every) - footer] if footer else every
    comment = given.get("comment")
    # Lines inside of quotes may be empty or begin with anything, so that only the first ones are left out here.
    start = next((index for index, (_, line) in enumerate(every) if line.strip(" \r\n")), len(every))
    kept = every[start:]
    return [each for each in kept if not (comment and each[1].startswith(comment))]


def _blank_line(text: str, given: Mapping[str, Any]) -> tuple[int, str] | None:
    """The first line and its number where it has blanks alone and stands above all others that are not empty."""
    if "skip" in given or "comment" in given:
        return None
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        if line.strip("\r\n"):
            return None if line.strip(" \r\n") else (number, line)
    return None


_NUL = "\ufdd0"
"""Stands for NUL where the csv module reads: no text holds it, for it is no character."""


def _reader(lines: Any, dialect: Dialect, *, strict: bool = False) -> Any:
    if len(dialect.delimiter) != 1:
        mark = "\x1d"
        lines = (line.replace(dialect.delimiter, mark) for line in lines)
        dialect = replace(dialect, delimiter=mark)
    doubled = dialect.escape == dialect.quote or not dialect.escape
    # DuckDB takes the escape away inside of quotes only, the csv module everywhere.
    for mark in () if doubled else (each for each in dialect.nulls if each.startswith(dialect.escape)):
        lines = (line.replace(mark, dialect.escape + mark) for line in lines)
    csv.field_size_limit(1 << 30)
    return csv.reader(
        # Before Python 3.11 the module takes no NUL.
        (line.replace("\0", _NUL) for line in lines),
        delimiter=dialect.delimiter,
        quotechar=dialect.quote or None,
        quoting=csv.QUOTE_MINIMAL if dialect.quote else csv.QUOTE_NONE,
        doublequote=doubled,
        escapechar=None if doubled else dialect.escape,
        strict=strict,
    )


def _records(
    lines: Sequence[tuple[int, str]], dialect: Dialect, complete: bool, most: int = _RECORDS
) -> list[tuple[int, list[str]]]:
    """Records with the numbers of the lines that they begin at; empty lines are none. The last one is left out where
    the text was cut off, because it may be cut in two."""
    found: list[tuple[int, list[str]]] = []
    nul = any("\0" in line for _, line in lines)
    reader = _reader((line for _, line in lines), dialect)
    start = 0
    try:
        for record in reader:
            if record:
                found.append((lines[start][0], [each.replace(_NUL, "\0") for each in record] if nul else record))
            start = reader.line_num
            if len(found) >= most or start >= len(lines):
                break
    except csv.Error:
        return found
    if not complete and start >= len(lines) and len(found) > 1:
        found.pop()
    return found


def _malformed(lines: Sequence[tuple[int, str]], dialect: Dialect, complete: bool) -> tuple[int, str] | None:
    """The line at which the first record begins whose quotes are not as they must be, and how; ``None`` without one.
    The csv module and DuckDB read such records in ways of their own."""
    reader = _reader((line for _, line in lines), dialect, strict=True)
    start = 0
    try:
        for _ in reader:
            start = reader.line_num
    except csv.Error as error:
        if "expected after" in str(error):
            return lines[start][0], "text follows the quote that closes a value"
        # The end of the text is not that of a file which is longer.
        if complete and "end of data" in str(error):
            return lines[start][0], "a quote is opened and never closed"
    return None


def _refuse_malformed(lines: Sequence[tuple[int, str]], dialect: Dialect, shown: str, complete: bool) -> None:
    found = _malformed(lines, dialect, complete)
    if found is None:
        return
    escaped = replace(dialect, escape="\\")
    marked = any(f"\\{dialect.quote}" in line for _, line in lines)
    if marked and dialect.escape == dialect.quote and _malformed(lines, escaped, complete) is None:
        # Dumps of databases are written so.
        remedy = "Register the table with the option escape: '\\', which takes a quote behind it for text."
    else:
        remedy = "Mend the line, or register the table with the option quote (empty for none)."
    raise EngineError(f"{shown}, line {found[0]}: {found[1]}. {remedy}")


def _unspaced(value: str, dialect: Dialect) -> str:
    """A value as DuckDB reads it, which leaves out one blank before a quote, and no more than one."""
    quote, escape = dialect.quote, dialect.escape
    if not quote or not value.startswith(f" {quote}"):
        return value
    inner = value.rstrip(" ").removeprefix(f" {quote}").removesuffix(quote)
    return inner.replace(escape + quote, quote) if escape else inner


def _widths(lines: Sequence[tuple[int, str]], delimiter: str, given: Mapping[str, Any], complete: bool) -> list[int]:
    return [len(record) for _, record in _records(lines, _dialect(given, delimiter), complete)]


def _delimiter(
    lines: Sequence[tuple[int, str]],
    given: Mapping[str, Any],
    shown: str,
    promised: str,
    complete: bool,
    notes: list[str],
) -> tuple[str, int]:
    """The delimiter, and how many lines to leave out because they are a title."""
    if "delimiter" in given:
        wanted = str(given["delimiter"])
        _check_widths(lines, _dialect(given, wanted), shown, complete)
        return wanted, 0
    usual = promised + _USUAL.replace(promised, "")
    widths = {each: _widths(lines, each, given, complete) for each in usual}
    even = [each for each, found in widths.items() if len(set(found)) == 1 and found[0] > 1]
    if len(even) > 1:
        # Quotes beside a delimiter prove it.
        even = [each for each in even if _malformed(lines, _dialect(given, each), complete) is None] or even
    if promised and promised in even:
        return promised, 0
    if len(even) == 1:
        return even[0], 0
    if even:
        return _of_two(even, lines, given, shown, complete), 0
    likely = max(usual, key=lambda each: sum(width > 1 for width in widths[each]))
    cut = sum(width > 1 for width in widths[likely])
    most = widths[likely]
    if promised and not any(width > 1 for width in widths[promised]):
        # A name that promises tabs, and lines without any, are of one column, whatever commas its texts have.
        return promised, 0
    if not cut or (likely != "," and most[0] == 1 and cut * 2 < len(most)):
        return _unusual(lines, given, complete) or ("," if not any(w > 1 for w in widths[","]) else likely), 0
    if most[0] > 1 and cut * 2 >= len(most):
        _check_widths(lines, _dialect(given, likely), shown, complete)
    return likely, _title(lines, _dialect(given, likely), given, shown, complete, notes)


def _of_two(
    even: Sequence[str], lines: Sequence[tuple[int, str]], given: Mapping[str, Any], shown: str, complete: bool
) -> str:
    """One of several delimiters that all cut the lines evenly: the one whose values the others do not cut."""
    # What one delimiter leaves in every line as a part of the same value is punctuation of that value.
    whole = []
    for each in even:
        records = [record for _, record in _records(lines, _dialect(given, each), complete)]
        if all(shape(value) != "text" or not any(other in value for other in even) for row in records for value in row):
            whole.append(each)
    if len(whole) == 1:
        return whole[0]
    named = " and ".join(repr(each) for each in even)
    raise EngineError(
        f"{shown}: the lines can be cut at {named}. Register the table with the one that is meant as the option "
        "delimiter."
    )


def _unusual(lines: Sequence[tuple[int, str]], given: Mapping[str, Any], complete: bool) -> str:
    for each in _OTHERS:
        widths = _widths(lines, each, given, complete)
        if each in lines[0][1] and len(set(widths)) == 1 and widths[0] > 1 and not _punctuation(lines, each):
            return each
    # Two words on every line may just be names: spaces delimit only where they lay bare numbers or times.
    widths = _widths(lines, " ", given, complete)
    if len(widths) >= 3 and widths[0] > 1 and len(set(widths)) == 1:
        records = [record for _, record in _records(lines, _dialect(given, " "), complete)]
        columns = list(zip(*records[1:], strict=True))
        if any(all(kind_of(value) != "VARCHAR" for value in column) for column in columns):
            return " "
    return ""


def _punctuation(lines: Sequence[tuple[int, str]], delimiter: str) -> bool:
    """Whether it stands inside of times, percents and the like on every line below the first."""
    below = [line.strip() for _, line in lines[1:] if line.strip()]
    return delimiter == ":" and bool(below) and all(shape(line) == "time" for line in below)


def _check_widths(lines: Sequence[tuple[int, str]], dialect: Dialect, shown: str, complete: bool) -> None:
    _refuse_malformed(lines, dialect, shown, complete)
    records = _records(lines, dialect, complete)
    if not records:
        return
    _refuse_ragged(records, len(records[0][1]), shown, last=complete)


def _refuse_ragged(records: Sequence[tuple[int, list[str]]], width: int, shown: str, *, last: bool) -> None:
    for index, (line, record) in enumerate(records):
        if len(record) == width:
            continue
        columns = f"{len(record)} column{'s' if len(record) != 1 else ''}"
        verb = "is" if width == 1 else "are"
        left = len(records) - index
        footer = (
            f" If it is a footer, register the table with the option skip_footer: {left}."
            if last and left <= _FOOTER and index > 1 and all(len(each) == 1 for _, each in records[index:])
            else ""
        )
        raise EngineError(f"{shown}, line {line}: {columns} where {width} {verb} expected. Mend the line.{footer}")


def _title(
    lines: Sequence[tuple[int, str]],
    dialect: Dialect,
    given: Mapping[str, Any],
    shown: str,
    complete: bool,
    notes: list[str],
) -> int:
    """How many lines above the table are its title. A title may go where values that are no text prove the line below
    it a header; a header or rows of another width may not."""
    records = _records(lines, dialect, complete)
    first = next((index for index, (_, record) in enumerate(records) if len(record) > 1), None)
    if first is None:
        return 0
    width = len(records[first][1])
    below = records[first:]
    if not first or "skip" in given:
        _refuse_ragged(records, len(records[0][1]), shown, last=complete)
        return 0
    skip = below[0][0] - 1
    if first == 1 and any(len(record) != width for _, record in below) and not _proves_itself(below, dialect):
        _refuse_ragged(records, 1, shown, last=False)
    _refuse_ragged(below, width, shown, last=complete)
    if not _proves_itself(below, dialect):
        which = f"lines 1 to {skip} do" if skip > 1 else "line 1 does"
        they = "they are" if skip > 1 else "it is"
        raise EngineError(
            f"{shown}: {which} not have the {width} columns of those below. Where {they} a title, register the table "
            f"with the option skip: {skip}; where each line is one value, with a delimiter that is in none of them, "
            'such as delimiter: "\\t"; else mend the lines.'
        )
    which = f"lines 1 to {skip} were" if skip > 1 else "line 1 was"
    notes.append(f"{which} left out as a title above the header (option skip)")
    return skip


def _proves_itself(records: Sequence[tuple[int, list[str]]], dialect: Dialect) -> bool:
    header, below = records[0][1], [record for _, record in records[1:]]
    return bool(below) and any(
        shape(name) == "text" and all(index < len(row) and shape(row[index]) != "text" for row in below)
        for index, name in enumerate(header)
    )


def check_options(given: Mapping[str, Any], client: str) -> dict[str, Any]:
    """The options of a CSV table that a person gave. Raises ``EngineError`` that names those nobody knows."""
    unknown = sorted(set(given) - set(OPTIONS))
    if unknown:
        raise EngineError(f"Client {client} knows no CSV option {', '.join(unknown)}. Known: {', '.join(OPTIONS)}.")
    return dict(given)
