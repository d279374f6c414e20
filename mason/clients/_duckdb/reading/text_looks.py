"""Looks at CSV files: first Python finds how a file is cut, then DuckDB checks what its columns are.

A statement costs DuckDB more than the few rows of a small file: where there are many files, those that are cut in the
same way and seem to have the same types are checked by one statement. What it cannot tell is asked of each file alone.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mason.clients._duckdb.failures import explain
from mason.clients._duckdb.quoting import call, identifier, literal, struct
from mason.clients._duckdb.reading import text_files
from mason.clients._duckdb.reading.bytewise import lone_return
from mason.clients._duckdb.reading.copies import Copies
from mason.clients._duckdb.reading.dialect import Dialect, find
from mason.clients._duckdb.reading.header import unique_names
from mason.clients._duckdb.reading.quoted_nulls import quoted_nulls
from mason.clients._duckdb.reading.quotes import end_of_lines
from mason.clients._duckdb.reading.table_files import DataFile
from mason.clients._duckdb.reading.text_columns import Scan, TextFile, arguments_of_text
from mason.clients._tables.formats import ending_of
from mason.errors import EngineError

if TYPE_CHECKING:
    import duckdb

# Up to this size a file is looked at whole: it takes some hundredths of a second.
_WHOLE_BYTES = 4_000_000
_WHOLE_COMPRESSED = 800_000
_LONGER = re.compile(r"Maximum line size of .* Actual Size:(\d+)")


def look(
    connection: duckdb.DuckDBPyConnection,
    file: DataFile,
    given: Mapping[str, Any],
    shown: str,
    copies: Copies,
    *,
    rows: int,
) -> TextFile:
    """The dialect and columns of a CSV file, from ``rows`` of it where it is long; ``given`` are options that hold.

    Raises ``EngineError`` that calls the file ``shown`` for text in another encoding, for ragged lines, and for what
    can be understood in two ways.
    """
    begun = begin(connection, file, given, shown, copies, rows=rows)
    return begun if isinstance(begun, TextFile) else finish(connection, begun)


def begin(
    connection: duckdb.DuckDBPyConnection,
    file: DataFile,
    given: Mapping[str, Any],
    shown: str,
    copies: Copies,
    *,
    rows: int,
) -> TextFile | Scan:
    """The first half of :func:`look`: how the file is cut, and what its columns seem to be. What it is, where there are
    no columns. Raises as :func:`look`."""
    if file.empty:
        return TextFile(Dialect(), ())
    encoding = text_files.codec(str(given.get("encoding", "")))
    plain = "" if text_files.is_utf8(encoding) else encoding
    zstandard = _lines(connection, file) if file.ending.compression == "zst" else None
    if zstandard is not None and (plain or given.get("skip_footer")):
        raise EngineError(f"{shown}: encoding and skip_footer are not read from .zst files. Decompress the file.")
    head = text_files.head(file, shown, plain, zstandard)
    found = find(
        head.text,
        {**given, "encoding": encoding or head.encoding},
        shown,
        promised=file.ending.delimiter,
        complete=head.complete,
    )
    if not found.names:
        return TextFile(found.dialect, ())
    mixed = _mixed(head.text, found.dialect)
    if mixed:
        _refuse_lone_return(file, shown, found.dialect)
    if ends := _ends(head.text, found.dialect, mixed):
        found = replace(found, dialect=replace(found.dialect, ends=ends))
    copy = None
    # Behind a mark, DuckDB takes the first line of a header for all of it.
    cut = head.marked and found.dialect.header and any(re.search("[\r\n]", name) for name in found.names)
    if head.encoding or plain or found.dialect.skip_footer or mixed or cut:
        quotes = found.dialect.quotes if mixed else None
        copy = text_files.Copy(copies, file, head.encoding or plain, found.dialect.skip_footer, quotes)
    notes = quoted_nulls(
        file if copy is None else replace(file, path=copy.path, ending=ending_of(".csv")), found.dialect, shown
    )
    found = replace(found, notes=(*found.notes, *notes))
    whole = file.version[0] <= (_WHOLE_COMPRESSED if file.ending.compression else _WHOLE_BYTES)
    return Scan(file, found, copy, shown, None if whole else rows)


def finish(connection: duckdb.DuckDBPyConnection, scan: Scan) -> TextFile:
    """The second half of :func:`look`: what the columns are. Raises as :func:`look`."""
    import duckdb

    try:
        try:
            return scan.look(connection)
        except duckdb.InvalidInputException as error:
            longer = _LONGER.search(str(error))
            if longer is None:
                raise
            dialect = replace(scan.found.dialect, longest=4 * int(longer[1]))
            found = replace(scan.found, dialect=dialect)
            return Scan(scan.file, found, scan.copy, scan.shown, scan.limit).look(connection)
    except duckdb.Error as error:
        if scan.copy is None and not scan.file.ending.compression:
            _refuse_lone_return(scan.file, scan.shown, scan.found.dialect)
        raise explain(error, lambda path: scan.shown, [scan.file.path]) from error


def check_together(connection: duckdb.DuckDBPyConnection, scans: Iterable[Scan]) -> None:
    """Let each of ``scans`` know what one statement about many files finds; what fails is left to a look at each."""
    import duckdb

    alike: dict[tuple[Any, ...], list[Scan]] = defaultdict(list)
    for scan in scans:
        question = scan.first_question()
        if question and not scan.found.dialect.nulls_beside:
            alike[question, scan.found.dialect, scan.found.names].append(scan)
    for (question, dialect, names), those in alike.items():
        if len(those) == 1:
            continue
        by_path = {str(scan.path): scan for scan in those}
        name = unique_names([*names, "file"])[-1]
        arguments = arguments_of_text(dialect, names) | {"filename": literal(name)}
        reader = call("read_csv", list(by_path), arguments)
        column = identifier(name)
        try:
            answers = connection.execute(f"SELECT {column}, {question} FROM {reader} GROUP BY {column}").fetchall()
        except duckdb.InterruptException:
            raise
        except duckdb.Error:
            continue
        for path, *answer in answers:
            by_path[path].known[question] = tuple(answer)


def _lines(connection: duckdb.DuckDBPyConnection, file: DataFile) -> list[str]:
    """Lines from the start of a file, read by DuckDB because it knows all compressions."""
    arguments = {
        **Dialect(delimiter="\x1d", quote="", escape="", header=False).arguments(),
        "columns": struct({"line": "VARCHAR"}),
        "strict_mode": "false",
    }
    reader = call("read_csv", str(file.path), arguments)
    return [line or "" for (line,) in connection.execute(f"SELECT line FROM {reader} LIMIT 500").fetchall()]


def _mixed(text: str, dialect: Dialect) -> bool:
    """Whether lines end in more ways than one; not those inside of quotes."""
    if "\r" not in text:
        return False
    outside = dialect.quotes.outside(text)
    pairs = outside.count("\r\n")
    return sum((pairs > 0, outside.count("\n") > pairs, outside.count("\r") > pairs)) > 1


def _ends(text: str, dialect: Dialect, mixed: bool) -> str:
    """How lines end, where the first end of a line is another one, because it is inside of quotes; empty where it is
    not. Where ends are ``mixed``, the copy's are line feeds."""
    first = end_of_lines(text)
    real = "\n" if mixed else end_of_lines(dialect.quotes.outside(text))
    return real if first and real and first != real else ""


def _refuse_lone_return(file: DataFile, shown: str, dialect: Dialect) -> None:
    # DuckDB would drop the value that follows.
    line = lone_return(file, shown, dialect.quotes)
    if line is not None:
        raise EngineError(
            f"{shown}, line {line}: the line ends with a carriage return alone, and others end "
            "otherwise. Make all ends of lines alike (tr '\\r' '\\n' < OLD > NEW), or quote the value."
        )
