"""Tables as Python's csv module writes them, in several dialects."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Any

from tests.clients.nasty.values import MARKERS, column, names

Rows = list[tuple[str | None, ...]]


@dataclass(frozen=True)
class Written:
    """A file: its ``content``, the ending of its name, the options that say how it is written, the names of its columns
    (``None``: it has no line that names them), and ``rows`` of what stands in it, ``None`` where nothing does.

    ``guessed`` says that no option need be given for it to be understood, ``unreadable`` that it may be refused in any
    case.
    """

    ending: str
    content: bytes
    options: dict[str, Any]
    names: list[str] | None
    rows: list[tuple[Any, ...]]
    guessed: bool = True
    unreadable: bool = False


class _Bare(Decimal):
    """A text that the csv module takes for a number, and so does not quote."""

    __slots__ = ("text",)
    text: str

    def __str__(self) -> str:
        return self.text


def _bare(text: str) -> _Bare:
    made = _Bare(0)
    made.text = text
    return made


def written(random: Random) -> Written:
    """A table of a few rows, or now and then of some hundreds."""
    width = random.choice((1, 2, 2, 3, 4, 6))
    height = random.randrange(300, 2500) if random.random() < 0.004 else random.choice((1, 2, 3, 5, 9))
    rows: Rows = list(zip(*(column(random, height) for _ in range(width)), strict=True))
    header = names(random, width) if random.random() < 0.95 else None
    if header and not "".join(header).strip(" ") and width == 1:
        # A first line of nothing but spaces is passed over.
        header = ["c0"]
    delimiter = random.choice(",,,;\t|")
    dialect = random.choice(("minimal", "all", "texts", "backslash", "apostrophe"))
    if dialect in ("minimal", "apostrophe") and any(value and value.endswith("\r") for row in rows for value in row):
        # The csv module of some versions of Python does not quote it, and the end of the line would be another one.
        dialect = "all"
    # Where the backslash escapes, a quoted one before an N is the mark itself to DuckDB.
    marks = [mark for mark in MARKERS if not (dialect == "backslash" and "\\" in mark)]
    nulls = random.sample(marks, random.choice((1, 2))) if random.random() < 0.1 else []
    lines: list[list[str | None]] = [list(header)] if header else []
    lines += map(list, rows)
    stream = io.StringIO()
    _write(stream, dialect, delimiter, random.choice(("\n", "\n", "\r\n")), lines)
    options: dict[str, Any] = {"delimiter": delimiter, "header": header is not None}
    if dialect == "backslash":
        options |= {"escape": "\\"}
    if dialect == "apostrophe":
        options |= {"quote": "'"}
    if nulls:
        options |= {"null": nulls}
    plain = dialect in ("minimal", "all", "texts") and not nulls and header is not None
    content = stream.getvalue()
    return Written(
        "csv",
        content.encode("utf-8-sig" if content.startswith("\ufeff") or random.random() < 0.05 else "utf-8"),
        options,
        header,
        [tuple(_stands(value, dialect, width, nulls) for value in row) for row in rows],
        # One column has no delimiter that could be found.
        plain and (width > 1 or delimiter == ","),
        # Out of quotes, a return ends a line for many.
        unreadable="\r" in content.replace("\r\n", "\n") or "\0" in content,
    )


def _write(stream: io.StringIO, dialect: str, delimiter: str, end: str, lines: list[list[str | None]]) -> None:
    plain: dict[str, Any] = {"delimiter": delimiter, "lineterminator": end}
    if dialect == "all":
        csv.writer(stream, quoting=csv.QUOTE_ALL, **plain).writerows(lines)
    elif dialect == "texts":
        # Texts in quotes, nothing where there is none.
        made = [[_bare("") if value is None else value for value in line] for line in lines]
        csv.writer(stream, quoting=csv.QUOTE_NONNUMERIC, **plain).writerows(
            line if len(line) > 1 else ["" if str(line[0]) == "" else line[0]] for line in made
        )
    elif dialect == "backslash":
        csv.writer(stream, doublequote=False, escapechar="\\", quoting=csv.QUOTE_ALL, **plain).writerows(lines)
    elif dialect == "apostrophe":
        csv.writer(stream, quotechar="'", **plain).writerows(lines)
    else:
        csv.writer(stream, **plain).writerows(lines)


def _stands(value: str | None, dialect: str, width: int, nulls: list[str]) -> str | None:
    """What a file in this dialect says of a value: what is quoted is a text, and what is not may be none. The csv
    module quotes an empty text that is all of its line."""
    quoted = dialect in ("all", "backslash") or (dialect == "texts" and value is not None) or (width == 1 and not value)
    found = value or ""
    return None if not quoted and found in (nulls or [""]) else found
