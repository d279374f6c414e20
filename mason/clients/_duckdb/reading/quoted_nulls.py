"""Texts in quotes that a mark for no value would swallow, where the mark holds the escape character (``\\N``).

A mark stands for no value where it is not quoted. DuckDB cannot be told one with an escape, so that it is compared with
what was read, of which nobody knows any more whether it was quoted: the bytes of the file are looked at instead.
"""

from __future__ import annotations

import re

from mason.clients._duckdb.reading.bytewise import first_line_with
from mason.clients._duckdb.reading.dialect import Dialect
from mason.clients._duckdb.reading.table_files import DataFile
from mason.errors import EngineError


def quoted_nulls(file: DataFile, dialect: Dialect, shown: str) -> tuple[str, ...]:
    """What is to be told of marks for no value that stand in quotes as they are without.

    file: in UTF-8.
    shown: what the file is called in errors.

    Raises ``EngineError`` that names the first line whose text in quotes would be read as no value.
    """
    notes = []
    for mark in dialect.nulls_beside if dialect.quote else ():
        if file.ending.compression == "zst":
            raise EngineError(f"{shown}: the null {mark!r} is not read from .zst files. Decompress the file.")
        written = _quoted(mark, dialect)
        line = first_line_with(file, shown, _alone(written, dialect))
        if line is not None:
            raise EngineError(
                f"{shown}, line {line}: {written} is a text in quotes, and would be read as no value, because null is "
                f"{mark!r}. Write another text there, or take the quotes away where it is no value."
            )
        plain = f"{dialect.quote}{mark}{dialect.quote}"
        found = first_line_with(file, shown, _alone(plain, dialect)) if plain != written else None
        if found is not None:
            notes.append(
                f"{plain} in quotes is read as the text {mark.replace(dialect.escape, '')!r} (line {found}), because "
                "the option escape takes its first character away; without quotes it is no value (option null)"
            )
    return tuple(notes)


def _quoted(mark: str, dialect: Dialect) -> str:
    """A mark as it is written where it is a text in quotes."""
    escape = dialect.escape or dialect.quote
    inner = "".join(escape + each if each in (escape, dialect.quote) else each for each in mark)
    return f"{dialect.quote}{inner}{dialect.quote}"


def _alone(written: str, dialect: Dialect) -> re.Pattern[bytes]:
    """The bytes of a value as it is written, as long as they do not begin inside of another one."""
    escape = dialect.escape or dialect.quote
    return re.compile(rb"(?<!" + re.escape(escape.encode()) + rb")" + re.escape(written.encode()))
