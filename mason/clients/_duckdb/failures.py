"""DuckDB's errors as Mason's: what is wrong, where, and how to mend it, in one or two lines.

DuckDB's messages hold more (settings, stack traces, the whole statement); what a person needs of them stays.
"""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from mason.errors import AccessDeniedError, EngineError, NotFoundError, TransientEngineError

# Texts, which Python compiles when it first needs them: most runs meet no error.
_CSV_LINE = r"CSV Error on Line: (\d+)"
_CSV_FILE = r"(?m)^\s*file = (.+)$"
_CSV_VALUE = r"(?s)Error when converting column \"(.*?)\"\. Could not convert string \"(.*?)\" to '([^'\n]+)'"
_CSV_COLUMNS = r"Expected Number of Columns: (\d+) Found: (\d+)"
_JSON_PLACE = r"in file \"(.+?)\", (?:in|at byte \d+ in) (line \d+|record/value \d+): (.*)"
_CELL = r"read_xlsx: Failed to parse cell '(\w+)': (.*)"
_POINTER = r"(?s)\n+LINE \d+:.*"
_SNIFFED = r"Error when sniffing file \"(.*?)\""
_CLASH = (
    r"Ambiguous reference to catalog or schema \"(.*?)\"|Cannot create entry in system catalog"
    r"|Cannot create non-temporary entry|Only TEMPORARY table names"
)
_KIND = r"^[A-Z]\w*(?: \w+){0,2} Error: "

_REQUEST = r"(?:HTTP|IO) Error: .*(?:HTTP|ETag)"
_QUOTED_PATH = r"(?<=['\"])/[^'\"\n]+(?=['\"])"
_BARE_PATH = r"(?<=: )/\S+$"

Show = Callable[[str], str]
"""How an absolute path of a file is written for a person."""


@contextmanager
def explained(show: Show, files: Callable[[], Iterable[Path]] = tuple) -> Iterator[None]:
    """Raises the ``EngineError`` that explains a DuckDB error met inside; ``show`` shortens paths of files, and
    ``files`` are those that are read."""
    try:
        yield
    except Exception as error:
        # Often all is known without DuckDB, which takes longer to load than to look that up.
        duckdb = sys.modules.get("duckdb")
        if duckdb is None or not isinstance(error, duckdb.Error):
            raise
        raise explain(error, show, files()) from error


def explain(error: Exception, show: Show, files: Iterable[Path] = ()) -> EngineError:
    """The ``EngineError`` (or a subclass) for an exception of DuckDB. A file that it names is looked at."""
    import duckdb

    text = str(error)
    if found := _of_object(text, files):
        return found
    if isinstance(error, duckdb.PermissionException):
        return _denied(text)
    clash = re.search(_CLASH, text)
    if clash:
        return EngineError(
            f"SQL cannot name the tables of {clash[1] or 'this database'}: DuckDB keeps the name for itself. Give "
            "database_name and table_name, and say $table; or rename the folder."
        )
    if isinstance(error, duckdb.OutOfMemoryException):
        return EngineError(
            f"DuckDB ran out of memory: {_first_line(text)} "
            "Raise memory_limit in the client's configuration, or ask for fewer columns."
        )
    if "Could not set lock on file" in text:
        return TransientEngineError(f"Another process is writing to the warehouse: {_first_line(text)}")
    if "CSV Error on Line" in text:
        return _csv(text, show, files)
    sniffed = re.search(_SNIFFED, text)
    if sniffed:
        return EngineError(
            f"{show(sniffed[1])}: nothing tells how this text is cut into columns. Mend the file, or register the "
            "table with options that say so (delimiter, quote, escape, header, skip, comment)."
        )
    place = re.search(_JSON_PLACE, text)
    if place:
        in_file = "Malformed JSON" in text or "has duplicate key" in text
        if in_file and (fault := _json_fault(_named(place[1], files), show(place[1]))):
            return fault
        what = place[3].strip().rstrip(".")
        return EngineError(
            f"{show(place[1])}, {place[2]}: {what}. Mend the file, or register the table with other column types."
        )
    cell = re.search(_CELL, text)
    if cell:
        return EngineError(f"Cell {cell[1]} of an .xlsx file: {cell[2]}. Mend the file.")
    if "No space left on device" in text:
        return EngineError("The disk is full, so nothing was written. Make room on it, or write to another one.")
    if "File name too long" in text:
        return EngineError(
            "A folder would get too long a name: the name or a value of a partition column has more characters than "
            "the file system allows. Partition by columns of numbers, dates or short texts."
        )
    if isinstance(error, (duckdb.InternalException, duckdb.FatalException)):
        return EngineError(f"DuckDB failed inside: {_first_line(text)}")
    return EngineError(_shortened(text, show))


def _denied(text: str) -> AccessDeniedError:
    path = re.search(r'Cannot access file "(.*?)"', text)
    what = f"open the file {path[1]}" if path else "do this"
    return AccessDeniedError(
        f"SQL may not {what}: a query reads tables and nothing else. "
        "Ask for a table by its name (database.table), or register the file with metastore.create_table first."
    )


def _of_object(text: str, files: Iterable[Path]) -> EngineError | None:
    """What went wrong between DuckDB and a store of objects; ``None`` where it is something else. DuckDB tells a number
    at most, so the store is asked for the object once more, by who knows what its answers mean."""
    where = re.search(r"(?:s3|https?)://[^'\"\n]+", text)
    if where is None or not re.match(_REQUEST, text):
        return None
    # DuckDB names some by the address that it asked.
    url = where[0].rstrip(".,")
    if "ETag" in text:
        return EngineError(f"{url} changed while it was read. Run it again.")
    if found := _asked_again(url, files):
        return found
    status = re.search(r"HTTP (?:code )?(\d{3})", text)
    code = int(status[1]) if status else 0
    if code in (401, 403) or "ExpiredToken" in text:
        return AccessDeniedError(
            f"DuckDB cannot read {url}: access is denied ({code}). It takes s3:GetObject on the object, and "
            "credentials that have not run out."
        )
    if code == 404:
        return NotFoundError(f"{url} is not there any more. Run it again.")
    if code in (301, 307, 400):
        return EngineError(
            f"DuckDB cannot read {url}: the store answers {code}. Set aws_region to the region of the bucket."
        )
    return TransientEngineError(f"DuckDB cannot read {url}: {_first_line(text)} Check the network, and try again.")


def _asked_again(url: str, files: Iterable[Path]) -> EngineError | None:
    """Why the first byte of the object at ``url`` cannot be read; ``None`` where it can, or is not among ``files``."""
    from urllib.parse import unquote

    from mason.clients._objects.object_path import ObjectPath

    for path in files:
        # An address is as the request had it, encoded.
        if isinstance(path, ObjectPath) and (str(path) == url or unquote(url).endswith(f"/{path.bucket}/{path.key}")):
            try:
                with path.open("rb") as opened:
                    opened.read(1)
            except EngineError as error:
                return error
            except OSError:
                return None
    return None


def _named(path: str, files: Iterable[Path]) -> Path:
    """The file that DuckDB names by its path as a text."""
    return next((each for each in files if str(each) == path), Path(path))


def _csv(text: str, show: Show, files: Iterable[Path]) -> EngineError:
    line = re.search(_CSV_LINE, text)
    file = re.search(_CSV_FILE, text)
    where = f"{show(file[1].strip()) if file else 'a CSV file'}, line {line[1] if line else '?'}"
    value = re.search(_CSV_VALUE, text)
    if value:
        column, found, wanted = value.groups()
        return EngineError(
            f"{where}, column {column}: {found!r} is not of type {wanted}, which the values before it have. "
            f"Mend the value, or register the table with column {column} as VARCHAR."
        )
    if "not utf-8 encoded" in text:
        return _not_utf8(where, _named(file[1].strip(), files) if file else None, int(line[1]) if line else 0)
    counts = re.search(_CSV_COLUMNS, text)
    if counts:
        found = f"{counts[2]} column{'s' if counts[2] != '1' else ''}"
        return EngineError(f"{where}: {found} where {counts[1]} are expected. Mend the line.")
    if "unterminated quote" in text:
        return EngineError(f"{where}: a quote is opened and never closed. Mend the line.")
    sentence = next((each for each in text.splitlines()[1:] if each and not each.startswith("Original Line")), text)
    return EngineError(f"{where}: {sentence.strip()}")


def _json_fault(path: Path, shown: str) -> EngineError | None:
    from mason.clients._duckdb.reading.json_faults import json_fault

    return json_fault(path, shown) if path.is_file() else None


def _not_utf8(where: str, path: Path | None, line: int) -> EngineError:
    """The error for text in another encoding; ``where`` names the file and the line, which is looked at again."""
    import itertools

    from mason.clients._duckdb.reading.text_files import not_text

    content = b""
    if path is not None and line:
        with contextlib.suppress(OSError), path.open("rb") as file:
            content = next(itertools.islice(file, line - 1, line), b"")
    return not_text(where, content, line)


def reason_of(error: Exception) -> str:
    """What DuckDB says is wrong, in one line, without the kind of the error and what to do about it in SQL."""
    return _first_line(str(error))


def _shortened(text: str, show: Show) -> str:
    text = re.sub(_POINTER, "", text)
    text = re.sub(_QUOTED_PATH, lambda path: show(path[0]), text)
    text = re.sub(_BARE_PATH, lambda path: show(path[0]), text)
    return " ".join(re.sub(_KIND, "", text).split())


def _first_line(text: str) -> str:
    return re.sub(_KIND, "", text.strip().splitlines()[0]) if text.strip() else text
