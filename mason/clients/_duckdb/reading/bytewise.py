"""One look at every byte of a text file before all of it is read: is it whole, and can numbers in it be misread?

DuckDB takes a compressed file that was cut off for a shorter one, and rounds a 1.5 that turns up in a column of whole
numbers. Reading a file's bytes costs a tenth of parsing it or less, and tells where such things cannot be.
"""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from mason.clients._duckdb.reading.quotes import Quotes
from mason.clients._duckdb.reading.table_files import DataFile
from mason.errors import EngineError
from mason.values import dataclass

_PIECE = 1 << 20
_LONGEST_FOUND = 1 << 12
_GZIP = b"\x1f\x8b"
_ZSTANDARD = 0xFD2FB528
_SKIPPABLE = range(0x184D2A50, 0x184D2A60)


@dataclass(frozen=True, slots=True)
class Marks:
    """What there is in a text file: at most ``lines`` lines (``None``: too many to count, or not counted), and whether
    there is a decimal point anywhere (which is true as well where nobody can tell)."""

    lines: int | None = None
    points: bool = True


def look_through(file: DataFile, shown: str, *, most_lines: int, ends: bytes = b"\n\r") -> Marks:
    """What a file holds, its lines counted up to ``most_lines``; ``ends`` are the bytes that may end one.

    Raises ``EngineError`` that calls the file ``shown`` when it is compressed, and damaged or cut off.
    """
    if file.ending.compression == "zst":
        if not _whole_frames(file.path):
            raise _damaged(shown, "the end of it is missing")
        return Marks()
    lines, points = 0, False
    for piece in _pieces(file, shown):
        if lines <= most_lines:
            # A line that ends with two of them counts twice, which does no harm.
            lines += sum(piece.count(end) for end in ends)
        points = points or b"." in piece
        if lines > most_lines and points and not file.ending.compression:
            break
    # The last line may lack its end.
    return Marks(lines + 1 if lines < most_lines else None, points)


def lone_return(file: DataFile, shown: str, quoting: Quotes) -> int | None:
    """The number of the first line that ends with a carriage return alone, if others end otherwise. Returns inside
    of quotes end no line. A file in Zstandard is not looked into."""
    if file.ending.compression == "zst":
        return None
    line, quotes, found, others = 1, 0, None, False
    rest = b""
    for piece in _pieces(file, shown):
        text = rest + piece
        # A return at the end of a piece may be half of an end of line.
        text, rest = (text[:-1], text[-1:]) if text.endswith(b"\r") else (text, b"")
        for content in text.splitlines(keepends=True):
            quotes += quoting.count(content.decode("latin-1"))
            if not content.endswith((b"\r", b"\n")):
                continue
            if quotes % 2 == 0 and content.endswith(b"\r"):
                found = found or line
            elif quotes % 2 == 0:
                others = True
            line += 1
        if found and others:
            return found
    # The return that ends the file.
    return (found or line) if rest and others and quotes % 2 == 0 else None


def first_line_with(file: DataFile, shown: str, pattern: re.Pattern[bytes]) -> int | None:
    """The number of the first line that holds ``pattern``, which ends no line."""
    line, rest = 1, b""
    for piece in _pieces(file, shown):
        text = rest + piece
        if found := pattern.search(text):
            return line + text.count(b"\n", 0, found.start())
        # What is found may begin in one piece and end in the next.
        rest = text[text.rfind(b"\n") + 1 :][-_LONGEST_FOUND:]
        line += text.count(b"\n", 0, len(text) - len(rest))
    return None


def _pieces(file: DataFile, shown: str) -> Iterator[bytes]:
    """The content of a file, taken out of gzip where it is in it."""
    with file.path.open("rb") as stream:
        if file.ending.compression != "gz":
            while piece := stream.read(_PIECE):
                yield piece
            return
        if stream.read(2) != _GZIP:
            raise not_gzip(shown)
        stream.seek(0)
        try:
            yield from _unzipped(iter(lambda: stream.read(_PIECE), b""), shown)
        except zlib.error as error:
            raise _damaged(shown, str(error).rpartition(": ")[2]) from error


def _unzipped(pieces: Iterator[bytes], shown: str) -> Iterator[bytes]:
    # A gzip file is one member or several, one after the other; zeros may fill it up.
    unzip = None
    for piece in pieces:
        rest = piece
        while rest:
            if unzip is None:
                rest = rest.lstrip(b"\0")
                unzip = zlib.decompressobj(wbits=31) if rest else None
                continue
            yield unzip.decompress(rest, _PIECE)
            rest = unzip.unconsumed_tail
            if unzip.eof:
                rest, unzip = unzip.unused_data, None
    while unzip is not None and (content := unzip.decompress(b"", _PIECE)):
        yield content
    if unzip is not None and not unzip.eof:
        raise _damaged(shown, "the end of it is missing")


def _whole_frames(path: Path) -> bool:
    """Whether a Zstandard file ends where its headers say (RFC 8878, section 3.1): blocks are passed over, so that no
    library is needed that can unpack them."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        while stream.tell() < size:
            magic = int.from_bytes(stream.read(4), "little")
            if magic in _SKIPPABLE:
                stream.seek(int.from_bytes(stream.read(4), "little"), os.SEEK_CUR)
            elif magic != _ZSTANDARD:
                # Not what its name says, which DuckDB reports better.
                return True
            elif not _skip_frame(stream):
                return False
        return stream.tell() == size


def _skip_frame(stream: BinaryIO) -> bool:
    """Go to the end of a frame that begins here, or behind the end of the file. False when a header is cut off."""
    descriptor = int.from_bytes(stream.read(1), "little")
    single_segment = descriptor >> 5 & 1
    content_size = (single_segment, 2, 4, 8)[descriptor >> 6]
    dictionary = (0, 1, 2, 4)[descriptor & 3]
    stream.seek(1 - single_segment + dictionary + content_size, os.SEEK_CUR)
    last = 0
    while not last:
        header = stream.read(3)
        if len(header) < 3:
            return False
        block = int.from_bytes(header, "little")
        last, kind, length = block & 1, block >> 1 & 3, block >> 3
        # A block of the second kind is one byte, to be repeated.
        stream.seek(1 if kind == 1 else length, os.SEEK_CUR)
    stream.seek(4 * (descriptor >> 2 & 1), os.SEEK_CUR)
    return True


def not_gzip(shown: str) -> EngineError:
    """The error for a file that is not what its name says."""
    return EngineError(f"{shown} is not compressed with gzip, although its name says so. Rename it, or compress it.")


def _damaged(shown: str, what: str) -> EngineError:
    return EngineError(f"{shown} is damaged: {what}. Get the file again from where it came.")
