"""What calamine does not tell of a sheet, looked up in the file: its last row, and cells that it takes for empty ones.

These hold a text that is empty or blank, an error such as ``#N/A``, or a formula that no program has calculated.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

from mason.values import dataclass

_NAMES = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_ROW = re.compile(rb'<(?:\w+:)?row\b[^>]*?\br="(\d+)"')
_CELL = rb'<(?:\w+:)?c\b[^>]*?\br="([A-Z]+)(\d+)"[^>]*?'
_EMPTY_VALUE = rb"<(?:\w+:)?[tv](?:\s[^>]*)?(?:/>|>(\s*)</)"
_BLANK_TEXT = re.compile(
    _CELL
    + rb'\bt="(?:inlineStr|str)"[^>]*>(?:<(?:\w+:)?f\b[^>]*>[^<]*(?:</(?:\w+:)?f>)?)?(?:<(?:\w+:)?is>)?'
    + _EMPTY_VALUE
)
_ERROR = re.compile(_CELL + rb'\bt="e"[^>]*>.*?<(?:\w+:)?v>([^<]*)</')
_FORMULA = re.compile(
    _CELL + rb"><(?:\w+:)?f\b[^>]*?(?:/>|>([^<]*)</(?:\w+:)?f>)(?:<(?:\w+:)?v\s*(?:/>|></)|</(?:\w+:)?c>)"
)
# What is not in a sheet is not looked for: to find that out takes a hundredth of the time.
_INLINE = (b"></t>", b" </t>", b"\n</t>", b"\t</t>", b"<t/>", b"<t />", b":t")
_STRING = re.compile(rb"<(?:\w+:)?si(?:\s[^>]*?)?(?:/>|>.*?</(?:\w+:)?si>)", re.DOTALL)
_BLANK_STRING = re.compile(rb"<(?:\w+:)?t(?:\s[^>]*)?(?:/>|>(?:\s|&#\w+;)*</)")


@dataclass(frozen=True, slots=True)
class Parts:
    """The number of the last row (0: not known), the texts of cells by row and column (from 0) that would be taken for
    empty, and the formulas of cells that have no value."""

    last: int = 0
    texts: tuple[tuple[int, int, str], ...] = ()
    formulas: tuple[tuple[int, int, str], ...] = ()


def parts_of(path: Path, name: str, rows: int) -> Parts:
    """The parts of the sheet of that name, of which calamine gave so many ``rows``; none of a workbook that is built
    otherwise, where calamine's answer stands."""
    from xml.etree import ElementTree
    from zipfile import BadZipFile, ZipFile

    try:
        with ZipFile(path) as archive:
            book = ElementTree.fromstring(archive.read("xl/workbook.xml"))
            links = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
            target = {link.get("Id"): link.get("Target") or "" for link in links}
            wanted = next(each for each in book.iter() if each.tag.endswith("}sheet") and each.get("name") == name)
            part = target[wanted.get(_NAMES)].lstrip("/")
            content = archive.read(part if part.startswith("xl/") else f"xl/{part}")
            shared = archive.read("xl/sharedStrings.xml") if "xl/sharedStrings.xml" in archive.namelist() else b""
    except (BadZipFile, KeyError, StopIteration, ElementTree.ParseError):
        return Parts()
    texts = b't="str"' in content or (b'"inlineStr"' in content and any(mark in content for mark in _INLINE))
    blanks = _found(_BLANK_TEXT, content) if texts else ()
    errors = _found(_ERROR, content) if b't="e"' in content else ()
    formulas = _found(_FORMULA, content) if b"<f" in content or b":f" in content else ()
    return Parts(
        _last(content, rows),
        (*blanks, *errors, *_shared(content, shared)),
        tuple(formulas),
    )


def _last(content: bytes, rows: int) -> int:
    """The number of the last row. Behind a gap there are formats, up to the last row that a sheet can have."""
    tail = _ROW.findall(content, max(content.rfind(b"row "), 0) - 10 if b"row " in content else 0)
    if not tail or int(tail[-1]) <= rows:
        return rows
    numbers = {int(number) for number in _ROW.findall(content)}
    return next(row for row in itertools.count(max(rows, min(numbers))) if row + 1 not in numbers)


def index_of(letters: str) -> int:
    """The index, from 0, of a column by its letters."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number - 1


def _found(pattern: re.Pattern[bytes], content: bytes) -> Iterator[tuple[int, int, str]]:
    for column, row, *_, text in pattern.findall(content):
        yield int(row) - 1, index_of(column.decode()), unescape(text.decode("utf-8", "replace"))


def _shared(content: bytes, shared: bytes) -> Iterator[tuple[int, int, str]]:
    """The cells whose text is a blank one of those that the sheets of a workbook share."""
    if not _BLANK_STRING.search(shared):
        return
    for index, string in enumerate(_STRING.findall(shared)):
        text = unescape(re.sub(rb"<[^>]*>", b"", string).decode("utf-8", "replace"))
        if not text.strip():
            pattern = re.compile(_CELL + rb'\bt="s"[^>]*><(?:\w+:)?v>(?:%d)()<' % index)
            yield from ((row, column, text) for row, column, _ in _found(pattern, content))
