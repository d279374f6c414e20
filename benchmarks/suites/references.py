"""What is in a file by readers that have nothing to do with Mason: csv, json, pyarrow, openpyxl.

Each answers with what it read, or raises :class:`Invalid` for what is none of its format, or :class:`Ambiguous` for
what can be read in several ways. ``assumed`` are the options that Mason says it took: what it tells is held to, and
what it does not tell is not forgiven.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import math
import re
import struct
import sys
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from benchmarks.suites.encodings import variant

DELIMITERS = ",;\t|"
_MOST_CELLS = 50_000_000
_ENDINGS = {".tsv": "\t", ".psv": "|"}


class Invalid(Exception):
    """The file is not of its format, or is damaged."""


class Ambiguous(Exception):
    """The file can be read in several ways."""


class Unread(Exception):
    """The other reader lacks what the file needs, so that it says nothing of it."""


@dataclass(frozen=True)
class Cells:
    """Rows of values below the names of the columns."""

    names: tuple[str, ...]
    rows: Sequence[Sequence[Any]]
    blank: bool = False
    """Whether an empty text may stand in quotes."""


def content(path: Path) -> bytes:
    """The bytes of a file, out of its compression."""
    data = path.read_bytes()
    try:
        if path.suffix.lower() == ".gz":
            return gzip.decompress(data)
        if path.suffix.lower() == ".zst":
            import pyarrow

            with pyarrow.input_stream(io.BytesIO(data), compression="zstd") as stream:
                return bytes(stream.read())
    except (OSError, EOFError, zlib.error) as error:
        raise Invalid(f"damaged: {error}") from error
    return data


def text_of(path: Path, encoding: str) -> str:
    """The text of a file; raises :class:`Invalid` where it is none in ``encoding``, or in UTF-8."""
    data = content(path)
    marked = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        return data.decode(encoding or ("utf-16" if marked else "utf-8-sig")).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise Invalid(f"no text in {encoding or 'UTF-8'}: {error.reason} at byte {error.start}") from error


def csv_cells(path: Path, assumed: Mapping[str, Any] | None = None) -> Cells:
    """The records of a CSV file by the csv module, cut as ``assumed`` or, where Mason refused the file and assumed
    nothing, at the only delimiter that cuts all of them evenly."""
    given = assumed or {}
    text = text_of(path, str(given.get("encoding", "")))
    if assumed is None:
        _check_plain(text)
    skip = int(given.get("skip", 0))
    hint = re.match(r'"?sep=(.)"?\r?\n', text, re.IGNORECASE)
    text = "".join(io.StringIO(text, newline="").readlines()[skip:])
    quote = str(given.get("quote", '"'))
    cut = {each: _records(text, each, quote) for each in dict.fromkeys((*DELIMITERS, given.get("delimiter", ",")))}
    even = [each for each, records in cut.items() if records and _even(records) and len(records[0]) > 1]
    name = path.name.removesuffix(path.suffix) if path.suffix in (".gz", ".zst") else path.name
    promised = _ENDINGS.get(Path(name).suffix.lower(), "")
    if "delimiter" in given:
        delimiter = str(given["delimiter"])
    elif len(even) > 1 and promised not in even:
        raise Ambiguous(f"can be cut at {' and '.join(map(repr, even))}")
    else:
        delimiter = promised if promised in even else even[0] if even else ","
    records = cut[delimiter]
    if records is None:
        raise Invalid("a quote is opened and never closed, or text follows one")
    if not records:
        return Cells((), ())
    if not _even(records):
        raise Invalid("lines have different numbers of columns")
    if delimiter not in even and promised != delimiter and any(_likely(text, each, quote) for each in DELIMITERS):
        raise Ambiguous("some lines can be cut, and others not")
    others = [each for each in even if each != delimiter]
    if others and promised != delimiter and hint is None and assumed is not None and not _inside(records, others):
        raise Ambiguous(f"can be cut at {' and '.join(map(repr, even))}")
    if assumed is None and any(value.startswith(f" {quote}") for record in records for value in record):
        raise Ambiguous("blanks stand before quotes")
    header = bool(given.get("header", True))
    names = records[0] if header else [f"column{index}" for index in range(len(records[0]))]
    return Cells(tuple(names), records[1:] if header else records, quote * 2 in text if quote else False)


def unspaced(cells: Cells) -> Cells:
    """The same without a blank before quotes, and without these."""

    def plain(value: str) -> str:
        found = re.fullmatch(' "(.*)" *', value, re.DOTALL)
        return found[1].replace('""', '"') if found else value

    return Cells(tuple(map(plain, cells.names)), [list(map(plain, row)) for row in cells.rows], blank=True)


def _check_plain(text: str) -> None:
    if "\0" in text:
        raise Invalid("a NUL character, which no text has")
    outside = "".join(text.split('"')[::2]).replace("\r\n", "\n")
    if "\r" in outside and "\n" in outside:
        raise Ambiguous("some lines end with a return alone")


def _records(text: str, delimiter: str, quote: str, *, strict: bool = True) -> list[list[str]] | None:
    """The records that are not empty; ``None`` where a quote is never closed."""
    if len(delimiter) != 1:
        text, delimiter = text.replace(delimiter, "\x1d"), "\x1d"
    csv.field_size_limit(1 << 30)
    quoting = csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=delimiter, quotechar=quote or None, quoting=quoting, strict=strict
    )
    try:
        records = list(reader)
    except csv.Error:
        return None
    first = next((index for index, record in enumerate(records) if record), len(records))
    if all(len(record) <= 1 for record in records):
        # In a file of one column an empty line is a row without a value.
        return [record or [""] for record in records[first:]]
    return [record for record in records if record]


def _even(records: Sequence[Sequence[str]]) -> bool:
    return len({len(record) for record in records}) == 1


def _likely(text: str, delimiter: str, quote: str) -> bool:
    """Whether a delimiter cuts the first record, or most of them."""
    records = _records(text, delimiter, quote, strict=False) or []
    return sum(len(record) > 1 for record in records) * 2 >= len(records) > 1 or any(
        len(record) > 1 for record in records[:1]
    )


def _inside(records: Sequence[Sequence[str]], others: Sequence[str]) -> bool:
    """Whether what else might cut the lines is inside of figures: a decimal comma, a time."""
    return all(
        re.fullmatch(r"[0-9 .,:/+-]*", value) is not None or not any(other in value for other in others)
        for record in records
        for value in record
    )


def json_records(path: Path) -> list[Any]:
    """The values of a JSON file: those of a list, one alone, or one after the other."""
    data = content(path)
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise Invalid(f"no UTF-8: {error.reason} at byte {error.start}") from error
    if text.startswith("\ufeff"):
        raise Invalid("a byte order mark, which the json module refuses")
    sys.set_int_max_str_digits(0)
    decoder = json.JSONDecoder(parse_float=_fraction, parse_constant=_refuse_constant, object_pairs_hook=_unique)
    found = []
    at = 0
    blank = re.compile(r"[ \t\n\r]*")
    try:
        while at < len(text):
            start = blank.match(text, at)
            assert start is not None
            at = start.end()
            if at < len(text):
                value, at = decoder.raw_decode(text, at)
                found.append(value)
    except (ValueError, RecursionError) as error:
        raise Invalid(f"no JSON: {error}") from error
    try:
        json.dumps(found, default=str, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise Invalid("half of a surrogate pair, which is no character") from error
    if len(found) > 1 and isinstance(found[0], list) and not all(isinstance(each, list) for each in found):
        raise Invalid("text after the list")
    return found[0] if len(found) == 1 and isinstance(found[0], list) else found


def _fraction(text: str) -> Decimal | str:
    try:
        return Decimal(text)
    except InvalidOperation:
        # An exponent of twenty digits: nothing but the text tells what it is.
        return text


def _refuse_constant(text: str) -> Any:
    raise ValueError(f"{text} is no JSON")


def _unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) < len(pairs):
        raise Ambiguous("an object has a key twice")
    if len({key.lower() for key, _ in pairs}) < len(pairs):
        raise Ambiguous("an object has keys that differ in upper and lower case only")
    return dict(pairs)


def parquet_cells(path: Path) -> Cells:
    """The rows of a parquet file by pyarrow, JSON-ready; times are pairs of ``time`` and a text."""
    import pyarrow
    import pyarrow.parquet

    try:
        # Nanoseconds do not reach as far as some times do; then pyarrow counts on from the other end.
        file = pyarrow.parquet.ParquetFile(path)
        table = file.read()
        twelve = any(file.schema.column(index).physical_type == "INT96" for index in range(len(file.schema)))
        coarse, seconds = (
            pyarrow.parquet.ParquetFile(path, coerce_int96_timestamp_unit=unit).read() if twelve else table
            for unit in ("us", "s")
        )
        names = tuple(file.schema_arrow.names)
        if any(_wrapped(rough, least) for rough, least in zip(coarse.columns, seconds.columns, strict=True)):
            raise Unread("a time in twelve bytes is beyond what pyarrow counts in microseconds, too")
        columns = [
            _plain_column(rough if _wrapped(column, rough) else column)
            for column, rough in zip(table.columns, coarse.columns, strict=True)
        ]
    except (OSError, pyarrow.ArrowException, UnicodeDecodeError) as error:
        stricter = "annotated as required" in str(error)
        kind = Unread if stricter or isinstance(error, pyarrow.ArrowNotImplementedError) else Invalid
        raise kind(str(error).splitlines()[0] if str(error) else type(error).__name__) from error
    for index, kind in enumerate(file.schema_arrow.types):
        if _shredded(kind):
            if unsigned := _unsigned(kind):
                # VariantShredding.md lists the types of typed_value.
                raise Invalid(f"no VARIANT: its typed_value is {unsigned}")
            try:
                columns[index] = [variant(value, instant) for value in columns[index]]
            except (ValueError, IndexError, KeyError, TypeError, struct.error) as error:
                raise Invalid(f"no VARIANT: {error}") from error
    return Cells(names, list(zip(*columns, strict=True)) if columns else [()] * table.num_rows)


def _shredded(kind: Any) -> bool:
    """Whether a type is that of a VARIANT, of which older versions of pyarrow see the parts only."""
    import pyarrow.types as types

    fields = (
        {kind.field(index).name: kind.field(index).type for index in range(kind.num_fields)}
        if types.is_struct(kind)
        else {}
    )
    parts = {"metadata", "value", "typed_value"}
    return (
        len(fields) > 1
        and fields.keys() <= parts
        and all(types.is_binary(fields[name]) for name in fields.keys() - {"typed_value"})
    )


def _unsigned(kind: Any) -> str:
    """The unsigned type in a type, if there is one."""
    import pyarrow.types as types

    if types.is_unsigned_integer(kind):
        return str(kind)
    return next((found for index in range(kind.num_fields) if (found := _unsigned(kind.field(index).type))), "")


def _wrapped(column: Any, rough: Any) -> bool:
    """Whether times of twelve bytes are beyond what the unit of ``column`` can tell; ``rough`` are the same in one that
    is larger."""
    if column.type == rough.type or not str(column.type).startswith("timestamp["):
        return False
    units = {"ns": 10**9, "us": 10**6, "s": 1}
    times = units[column.type.unit] // units[rough.type.unit]
    fine = [None if each is None else each // times for each in column.cast("int64").to_pylist()]
    return bool(fine != rough.cast("int64").to_pylist())


def _plain_column(column: Any) -> list[Any]:
    import pyarrow.types as types

    kind = column.type
    if types.is_integer(kind) or types.is_string(kind) or types.is_boolean(kind):
        return list(column.to_pylist())
    return [_plain(value) for value in column]


def _plain(value: Any) -> Any:
    """A scalar of pyarrow, JSON-ready as Mason writes its type."""
    import pyarrow.types as types

    kind = value.type
    if not value.is_valid:
        return None
    if hasattr(kind, "storage_type"):
        return str(value.as_py()) if "uuid" in str(kind) else _plain(value.value)
    if types.is_dictionary(kind):
        return _plain(value.value)
    if types.is_timestamp(kind):
        return ("time", instant(value.value, kind.unit) + ("Z" if kind.tz else ""))
    if types.is_date32(kind) or types.is_date64(kind):
        days = value.value if types.is_date32(kind) else value.value // 86_400_000
        return ("time", instant(days * 86_400, "s")[:-9])
    if types.is_time(kind):
        return ("time", instant(value.value, kind.unit).partition("T")[2])
    if (
        types.is_binary(kind)
        or types.is_large_binary(kind)
        or types.is_fixed_size_binary(kind)
        or types.is_binary_view(kind)
    ):
        return ("bytes", value.as_py().hex())
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind) or types.is_list_view(kind):
        return [_plain(each) for each in value.values]
    if types.is_map(kind):
        pairs = [(_plain(each["key"]), _plain(each["value"])) for each in value.values]
        return {_key(key): each for key, each in pairs}
    if types.is_struct(kind):
        return {name: _plain(each) for name, each in value.items()}
    if types.is_floating(kind):
        number = float(value.as_py())
        return number if math.isfinite(number) else {"inf": "Infinity", "-inf": "-Infinity"}.get(str(number), "NaN")
    return value.as_py()


def _key(key: Any) -> str:
    return str(
        bytes.fromhex(key[1]).decode()
        if isinstance(key, tuple) and key[0] == "bytes"
        else key[1]
        if isinstance(key, tuple)
        else str(key).lower()
        if isinstance(key, bool)
        else key
    )


def instant(count: int, unit: str) -> str:
    """A time by the units since 1970, as ISO 8601 writes it, in a calendar without a first and last year."""
    size = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[unit]
    seconds, fraction = divmod(count, size)
    days, of_day = divmod(seconds, 86_400)
    days += 719_468
    era, of_era = divmod(days, 146_097)
    year = (of_era - of_era // 1460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    month = (5 * of_year + 2) // 153
    day = of_year - (153 * month + 2) // 5 + 1
    month, year = (month + 3, year + era * 400) if month < 10 else (month - 9, year + era * 400 + 1)
    clock = f"{of_day // 3600:02}:{of_day // 60 % 60:02}:{of_day % 60:02}"
    text = f"{'-' if year < 0 else ''}{abs(year):04}-{month:02}-{day:02}T{clock}"
    return text + (f".{fraction * (10**9 // size):09}" if fraction else "")


def _unescaped(value: Any) -> Any:
    """A value of a cell; openpyxl leaves ``_x000D_`` and the like in texts as they stand."""
    return re.sub("_x([0-9A-F]{4})_", lambda code: chr(int(code[1], 16)), value) if isinstance(value, str) else value


def trims(path: Path) -> bool:
    """Whether a workbook holds texts with blanks around them that it does not say to keep."""
    from zipfile import ZipFile

    with ZipFile(path) as archive:
        parts = [archive.read(name) for name in archive.namelist() if re.search(r"sharedStrings|sheet\d*\.xml", name)]
    return any(re.search(rb"<(\w+:)?t>(\s|&#x?[0-9A]+;|[^<]*\s<)", part) for part in parts)


def xlsx_rows(path: Path, sheet: str) -> list[list[Any]]:
    """The cells of a sheet by openpyxl, of the first one where ``sheet`` is empty; without empty rows and columns at
    the end."""
    import warnings
    from zipfile import BadZipFile

    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    warnings.simplefilter("ignore")
    try:
        book = openpyxl.load_workbook(path, data_only=True)
        found = book[sheet] if sheet else book.worksheets[0]
        if found.max_row * found.max_column > _MOST_CELLS:
            raise Unread(f"a sheet of {found.max_row} rows and {found.max_column} columns")
        rows = [[_unescaped(cell.value) for cell in row] for row in found.iter_rows(min_row=1, min_col=1)]
    except (BadZipFile, InvalidFileException) as error:
        raise Invalid(str(error)) from error
    except (ValueError, TypeError, AttributeError, OverflowError, KeyError, IndexError) as error:
        raise Unread(f"{type(error).__name__}: {error}") from error
    while rows and not any(cell is not None for cell in rows[-1]):
        rows.pop()
    width = max((index + 1 for row in rows for index, cell in enumerate(row) if cell is not None), default=0)
    return [row[:width] for row in rows]
