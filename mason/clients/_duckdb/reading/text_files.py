"""The beginning of a text file as text: out of its compression, in its encoding, and a copy that DuckDB can read.

DuckDB reads UTF-8, and lines that end alike. A file in another encoding, with a footer or with mixed ends of lines is
copied once, as UTF-8 with ends of lines that agree, to a folder that goes when the process ends.
"""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from mason.clients._duckdb.reading.bytewise import not_gzip
from mason.clients._duckdb.reading.copies import Copies
from mason.clients._duckdb.reading.quotes import Quotes
from mason.clients._duckdb.reading.table_files import DataFile
from mason.errors import EngineError
from mason.values import dataclass

_HEAD = 1 << 17
_LONGEST_HEAD = 1 << 26
_SHOWN = 60
# The mark of UTF-16 is the beginning of one of UTF-32.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Tried in this order. Almost any bytes are text in the first two that are not UTF-16, so the others come where many
# characters are of two bytes.
_SINGLE = ("windows-1252", "latin-1")
_DOUBLE = ("gb18030", "shift_jis", "euc-kr", "big5")
# Labels of https://encoding.spec.whatwg.org/#names-and-labels that Python does not know.
_WEB_NAMES = {
    **{f"x-cp{number}": f"cp{number}" for number in range(1250, 1259)},
    "dos-874": "cp874",
    "gb_2312-80": "gbk",
    "iso-8859-8-e": "iso8859-8",
    "iso-8859-8-i": "iso8859-8",
    "iso-ir-149": "cp949",
    "koi": "koi8-r",
    "koi8": "koi8-r",
    "koi8-ru": "koi8-u",
    "unicode-1-1-utf-8": "utf-8",
    "unicode11utf8": "utf-8",
    "unicode20utf8": "utf-8",
    "unicodefffe": "utf-16-be",
    "windows-31j": "cp932",
    "windows-874": "cp874",
    "windows-949": "cp949",
    "x-euc-jp": "euc-jp",
    "x-gbk": "gbk",
    "x-mac-cyrillic": "mac-cyrillic",
    "x-mac-roman": "mac-roman",
    "x-mac-ukrainian": "mac-cyrillic",
    "x-sjis": "cp932",
    "x-unicode20utf8": "utf-8",
    "x-x-big5": "big5hkscs",
}
_LETTERS = re.compile(r"[^\W\d_]")


@dataclass(frozen=True, slots=True)
class Head:
    """The beginning of a file as text, whole lines of it; ``complete`` where it is all there is. ``encoding`` is empty
    for UTF-8, and ``marked`` says that it begins with the mark of UTF-8."""

    text: str
    complete: bool
    encoding: str = ""
    marked: bool = False


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy of a file of text as UTF-8, which is made when its path is first asked for.

    encoding: of the file, empty for UTF-8.
    skip_footer: how many lines at its end to leave out.
    unmixed: quotes outside of which a return and a line feed become the latter alone, so that all lines end alike.
    """

    copies: Copies
    file: DataFile
    encoding: str
    skip_footer: int = 0
    unmixed: Quotes | None = None

    @property
    def path(self) -> Path:
        """Where it is. Raises ``EngineError`` for bytes that are no text in its encoding."""
        how = (self.encoding, self.skip_footer, self.unmixed)
        return self.copies.of(self.file, how, ".csv", lambda target: _copy(self.file, target, *how))


def head(file: DataFile, shown: str, encoding: str, lines_of_zstandard: Iterable[str] | None = None) -> Head:
    """The beginning of a file that is not empty.

    ``encoding`` is the one that was given, empty where none was. Raises ``EngineError`` that calls the file ``shown``
    when it is damaged, or is no text in its encoding, and then says which encodings fit.
    """
    if lines_of_zstandard is not None:
        lines = list(lines_of_zstandard)
        return Head("\n".join(lines) + "\n", complete=False)
    size = _HEAD
    while True:
        data, complete = _beginning(file, shown, size)
        mark = next((name for mark, name in _MARKS if data.startswith(mark)), "")
        marked = data.startswith(codecs.BOM_UTF8)
        found = encoding or mark
        text = _decoded(data, found or "utf-8-sig", complete, shown, guess=not found)
        if complete:
            return Head(text, True, found, marked)
        cut = max(text.rfind("\n"), text.rfind("\r"))
        if cut > 0 or size >= _LONGEST_HEAD:
            # A return at the end may be half of an end of line.
            return Head(text[: cut + 1], False, found, marked)
        size *= 8


def not_text(shown: str, data: bytes, line: int) -> EngineError:
    """The error for bytes that are not UTF-8; ``data`` is the line that they are in, which ``shown`` names."""
    fitting = fitting_encodings(data)
    read = ""
    if fitting:
        sample = data.decode(fitting[0], "replace").strip()
        sample = sample if len(sample) <= _SHOWN else f"{sample[:_SHOWN]}..."
        read = f": {fitting[0]} reads line {line} as {sample!r}"
    first = fitting[0] if fitting else "windows-1252"
    return EngineError(
        f"{shown}: not UTF-8. Register the table with its encoding as an option (encoding, by any name that Python "
        f"knows{read}), or convert the file (iconv -f {first} -t utf-8 OLD > NEW)."
    )


def fitting_encodings(data: bytes) -> list[str]:
    """The usual encodings in which ``data`` is text, the likeliest first."""
    if data.startswith(tuple(mark for mark, _ in _MARKS)) or b"\0" in data:
        zeros = data[1::2].count(0), data[::2].count(0)
        return [
            "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-16-le" if zeros[0] >= zeros[1] else "utf-16-be"
        ]
    high = sum(byte > 0x7F for byte in data)
    # Letters of two bytes come in runs; accents stand alone between other letters.
    runs = [len(run) for run in re.findall(rb"[\x80-\xff][\x40-\xff]*", data)]
    doubled = bool(runs) and sum(runs) / len(runs) >= 3 and high > len(runs)
    names = (*_DOUBLE, *_SINGLE) if doubled else (*_SINGLE, *_DOUBLE)
    found = []
    for name in names:
        try:
            data.decode(name)
        except UnicodeDecodeError:
            continue
        found.append(name)
    return found


def codec(name: str) -> str:
    """Python's name for an encoding: most names on the web are Python's, too."""
    return _WEB_NAMES.get(name.strip().lower(), name)


def known_encoding(name: str) -> bool:
    """Whether Python has an encoding of text by that name, or the web has one."""
    try:
        return bool(codecs.lookup(codec(name))._is_text_encoding)
    except (LookupError, ValueError):
        return False


def is_utf8(name: str) -> bool:
    """Whether an encoding is UTF-8 or a part of it, by whatever name."""
    return not name or codecs.lookup(name).name in ("utf-8", "utf-8-sig", "ascii")


@contextmanager
def opened(file: DataFile) -> Iterator[BinaryIO]:
    """The bytes of a file, taken out of gzip where it is in it."""
    if file.ending.compression == "gz":
        import gzip

        with file.path.open("rb") as packed, gzip.open(packed) as stream:
            yield cast("BinaryIO", stream)
        return
    with file.path.open("rb") as stream:
        yield stream


def _beginning(file: DataFile, shown: str, size: int) -> tuple[bytes, bool]:
    import zlib

    with opened(file) as stream:
        try:
            data = stream.read(size + 1)
        except EOFError:
            raise EngineError(
                f"{shown} is damaged: the end of it is missing. Get the file again from where it came."
            ) from None
        except (OSError, zlib.error) as error:
            if "Not a gzipped file" in str(error):
                raise not_gzip(shown) from error
            raise EngineError(f"{shown} is damaged: {error}. Get the file again from where it came.") from error
    return data[:size], len(data) <= size


def _decoded(data: bytes, encoding: str, complete: bool, shown: str, *, guess: bool) -> str:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        text = decoder.decode(data, complete)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        if guess:
            start = data.rfind(b"\n", 0, error.start) + 1
            end = data.find(b"\n", error.start)
            content = data if b"\0" in data[:4] else data[start : end if end >= 0 else len(data)]
            raise not_text(shown, content, line) from error
        raise _not_in(shown, encoding, line) from error
    return text.removeprefix("\ufeff")


def _not_in(shown: str, encoding: str, line: int) -> EngineError:
    return EngineError(
        f"{shown}, line {line}: no text in the encoding {encoding}. Register the table with another encoding."
    )


def _copy(file: DataFile, target: Path, encoding: str, skip_footer: int, unmixed: Quotes | None) -> None:
    from collections import deque

    with opened(file) as source, target.open("w", encoding="utf-8", newline="") as copy:
        # Ends of lines as they stand: they may be part of a quoted value.
        text = io.TextIOWrapper(source, encoding=encoding or "utf-8-sig", newline="")
        lines: Iterable[str] = text
        held: deque[str] = deque()
        line = 0
        quotes = 0
        try:
            for line, content in enumerate(lines, 1):  # noqa: B007 - the error below names it
                if unmixed is not None:
                    quotes += unmixed.count(content)
                    # A line that ends outside of quotes.
                    if quotes % 2 == 0 and content.endswith("\r\n"):
                        content = content[:-2] + "\n"
                held.append(content)
                if len(held) > skip_footer:
                    copy.write(held.popleft())
        except UnicodeDecodeError as error:
            raise _not_in(file.name, encoding, line + 1) from error
