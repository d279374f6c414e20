"""How a CSV file is written: delimiter, quotes, header and so on, as DuckDB's sniffer finds them, and beyond it.

The sniffer knows four delimiters and gives up quietly: a file that it cannot split becomes one column of text. Such
an answer is looked at again here, and either another delimiter fits every line, or the line that breaks the
table is reported; a table with commas never passes as one column of text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mason.clients._duckdb.failures import explain, not_utf8
from mason.clients._duckdb.quoting import call, literal, struct
from mason.clients._duckdb.reading.bytewise import begins_with_points, lone_return
from mason.clients._duckdb.reading.misread import exact
from mason.clients._duckdb.reading.table_files import DataFile
from mason.clients._duckdb.root import Root
from mason.clients._tables.columns import Columns
from mason.errors import EngineError
from mason.values import dataclass

if TYPE_CHECKING:
    import duckdb

OPTIONS = {
    "delimiter": "delim",
    "quote": "quote",
    "escape": "escape",
    "header": "header",
    "skip": "skip",
    "comment": "comment",
    "encoding": "encoding",
    "null": "nullstr",
    "date_format": "dateformat",
    "timestamp_format": "timestampformat",
}
"""The options of a CSV table, and what DuckDB calls them."""

SAMPLE_ROWS = 20_480
_USUAL = ",;\t|"
_USUAL_DATE = "%Y-%m-%d"
_OTHERS = "^~:#!*%&@\x01\x1f\x1e"
_SAMPLE_LINES = 500


@dataclass(frozen=True, slots=True)
class Dialect:
    """How the text of one file is cut into values; the names are those of :data:`OPTIONS`. ``strict`` is false for
    files that mix line ends, which DuckDB refuses otherwise."""

    delimiter: str = ","
    quote: str = '"'
    escape: str = '"'
    header: bool = True
    skip: int = 0
    comment: str = ""
    encoding: str = ""
    null: str = ""
    date_format: str = ""
    timestamp_format: str = ""
    strict: bool = True

    def arguments(self) -> dict[str, str]:
        """The arguments of ``read_csv`` that say all this, so that nothing is guessed a second time."""
        given: dict[str, Any] = {"auto_detect": False}
        for name, theirs in OPTIONS.items():
            value = getattr(self, name)
            if value != "" or name in ("quote", "escape", "comment"):
                given[theirs] = value
        if not self.strict:
            given["strict_mode"] = False
        return {name: literal(value) for name, value in given.items()}

    def options(self) -> dict[str, Any]:
        """What a person may want to know: delimiter and header always, the rest where it is unusual."""
        usual = Dialect(escape=self.quote)
        names = [name for name in OPTIONS if name in ("delimiter", "header") or self._differs(usual, name)]
        return {name: getattr(self, name) for name in names}

    def _differs(self, usual: Dialect, name: str) -> bool:
        return bool(getattr(self, name) != getattr(usual, name))


def sniff(
    connection: duckdb.DuckDBPyConnection, file: DataFile, given: Mapping[str, Any], root: Root, *, rows: int
) -> tuple[Dialect, Columns]:
    """The dialect and columns of a CSV file, from a sample of ``rows``; ``given`` fixes options by the names of
    :data:`OPTIONS`.

    An empty file has no columns. Raises ``EngineError`` for text that is not UTF-8, is ragged or unreadable.
    """
    dialect, columns = _sniffed(connection, file, given, root, rows=rows)
    points = begins_with_points(file, root.show(file.path))
    return dialect, exact(connection, file.path, dialect.arguments(), columns, rows=rows, points=points)


def _sniffed(
    connection: duckdb.DuckDBPyConnection, file: DataFile, given: Mapping[str, Any], root: Root, *, rows: int
) -> tuple[Dialect, Columns]:
    import duckdb

    if file.empty:
        return Dialect(), ()
    promised = {"delimiter": file.ending.delimiter} if file.ending.delimiter else {}
    try:
        dialect, columns = _ask_sniffer(connection, file, {**promised, **given}, rows=rows)
    except duckdb.InvalidInputException as error:
        if "not utf-8 encoded" in str(error):
            raise not_utf8(root.show(file.path)) from error
        dialect, columns = _second_look(connection, file, given, root, error)
    if len(columns) == 1 and columns[0][1] == "VARCHAR" and "delimiter" not in given:
        return _split_otherwise(connection, file, given, root, (dialect, columns))
    if dialect.skip and "skip" not in given:
        _refuse_skipped_rows(connection, file, root, dialect, columns)
    return dialect, columns


def _refuse_skipped_rows(
    connection: duckdb.DuckDBPyConnection, file: DataFile, root: Root, dialect: Dialect, columns: Columns
) -> None:
    """The sniffer leaves out lines until the rest is a table. A title above a header may go, where values that are no
    text prove that it is one; a header or rows of another width may not."""
    skipped = _first_lines(connection, file)[: dialect.skip]
    headed = dialect.header and any(kind != "VARCHAR" for _, kind in columns)
    if not headed or any(dialect.delimiter in line for line in skipped):
        lines = f"lines 1 to {dialect.skip} do" if dialect.skip > 1 else "line 1 does"
        raise EngineError(
            f"{root.show(file.path)}: {lines} not have the {len(columns)} columns of those below. "
            f"Mend the lines, or register the table with the option skip: {dialect.skip}."
        )


def _ask_sniffer(
    connection: duckdb.DuckDBPyConnection,
    file: DataFile,
    given: Mapping[str, Any],
    *,
    strict: bool = True,
    rows: int = SAMPLE_ROWS,
) -> tuple[Dialect, Columns]:
    arguments = {OPTIONS[name]: literal(value) for name, value in given.items()} | {"sample_size": str(rows)}
    if not strict:
        arguments["strict_mode"] = "false"
    row = connection.execute(
        "SELECT Delimiter, Quote, Escape, HasHeader, SkipRows, Comment, DateFormat, TimestampFormat, Columns FROM "
        + call("sniff_csv", str(file.path), arguments)
    ).fetchone()
    assert row is not None
    delimiter, quote, escape, header, skip, comment, date_format, timestamp_format, columns = row
    # "(empty)" is the sniffer's word for "no quotes in the sample": values after the sample may well be quoted.
    found = Dialect(
        delimiter=delimiter,
        quote='"' if quote == "(empty)" else quote,
        escape=('"' if quote == "(empty)" else quote) if escape == "(empty)" else escape,
        header=header,
        skip=skip,
        comment="" if comment == "(empty)" else comment,
        # With the usual format said, DuckDB takes "infinity" for 1900-01-01; without it, see what is checked instead.
        date_format="" if date_format == _USUAL_DATE else date_format or "",
        timestamp_format=timestamp_format or "",
        strict=strict,
    )
    return replace(found, **given), tuple((column["name"], column["type"]) for column in columns)


def _second_look(
    connection: duckdb.DuckDBPyConnection, file: DataFile, given: Mapping[str, Any], root: Root, error: Exception
) -> tuple[Dialect, Columns]:
    """A file that the sniffer refused: ragged lines are reported, mixed line ends are read leniently."""
    import duckdb

    lines = [line for line in _first_lines(connection, file) if line.strip()]
    delimiter = given.get("delimiter") or _likely(lines)
    if delimiter:
        _refuse_ragged(connection, file, {**given, "delimiter": delimiter}, root, lines)
    try:
        found = _ask_sniffer(connection, file, given, strict=False)
    except duckdb.Error:
        if "Error when sniffing file" in str(error):
            raise EngineError(
                f"{root.show(file.path)}: it is not clear how its lines are cut into values. Mend the file, or "
                "register the table with the options that say it: delimiter, quote, escape, header, skip, comment."
            ) from error
        raise explain(error, lambda path: root.show(path)) from error
    # DuckDB would drop the value that follows.
    line = lone_return(file, root.show(file.path))
    if line is not None:
        raise EngineError(
            f"{root.show(file.path)}, line {line}: the line ends with a carriage return alone, and others end "
            "otherwise. Make all ends of lines alike (tr '\\r' '\\n' < OLD > NEW), or quote the value."
        )
    return found


def _split_otherwise(
    connection: duckdb.DuckDBPyConnection,
    file: DataFile,
    given: Mapping[str, Any],
    root: Root,
    sniffed: tuple[Dialect, Columns],
) -> tuple[Dialect, Columns]:
    """One column of text: empty after all, ragged, cut by a delimiter that the sniffer does not know, or just so."""
    lines = [line for line in _first_lines(connection, file) if line.strip()]
    if not lines:
        return sniffed[0], ()
    likely = _likely(lines)
    if likely:
        _refuse_ragged(connection, file, {**given, "delimiter": likely}, root, lines)
        return _ask_sniffer(connection, file, {**given, "delimiter": likely})
    for delimiter in _OTHERS:
        if len(set(_widths(lines, delimiter))) == 1 and delimiter in lines[0]:
            return _ask_sniffer(connection, file, {**given, "delimiter": delimiter})
    return _split_at_spaces(connection, file, given, lines) or sniffed


def _split_at_spaces(
    connection: duckdb.DuckDBPyConnection, file: DataFile, given: Mapping[str, Any], lines: list[str]
) -> tuple[Dialect, Columns] | None:
    # Two words on every line may just be names: spaces delimit only where they lay bare numbers or times.
    if " " not in lines[0] or len(lines) < 3 or len(set(_widths(lines, " "))) > 1:
        return None
    dialect, columns = _ask_sniffer(connection, file, {**given, "delimiter": " "})
    return (dialect, columns) if any(kind != "VARCHAR" for _, kind in columns) else None


def _first_lines(connection: duckdb.DuckDBPyConnection, file: DataFile) -> list[str]:
    """Lines from the start of the file, read by DuckDB because it knows all compressions."""
    import duckdb

    arguments = {
        **Dialect(delimiter="\x1d", quote="", escape="", header=False, strict=False).arguments(),
        "columns": struct({"line": "VARCHAR"}),
        "ignore_errors": "true",
    }
    try:
        rows = connection.execute(
            f"SELECT line FROM {call('read_csv', str(file.path), arguments)} LIMIT {_SAMPLE_LINES}"
        ).fetchall()
    except duckdb.Error:
        return []
    return [line or "" for (line,) in rows]


def _widths(lines: list[str], delimiter: str) -> list[int]:
    import csv

    try:
        return [len(record) for record in csv.reader(lines, delimiter=delimiter)]
    except csv.Error:
        return []


def _likely(lines: list[str]) -> str:
    """The usual delimiter that cuts the first line and most others into several values; empty when none does."""
    best, most = "", 1
    for delimiter in _USUAL:
        widths = _widths(lines, delimiter)
        cut = sum(width > 1 for width in widths) if widths and widths[0] > 1 else 0
        if cut * 2 >= len(widths) and cut > most:
            best, most = delimiter, cut
    return best


def _refuse_ragged(
    connection: duckdb.DuckDBPyConnection, file: DataFile, given: Mapping[str, Any], root: Root, lines: list[str]
) -> None:
    """Raises the error that names the first line of another width than the first line has."""
    import duckdb

    width = _widths(lines, given["delimiter"])[0]
    arguments = {
        **replace(Dialect(), **given).arguments(),
        "columns": struct({f"column{index}": "VARCHAR" for index in range(width)}),
    }
    try:
        connection.execute(f"SELECT count(COLUMNS(*)) FROM {call('read_csv', str(file.path), arguments)}").fetchall()
    except duckdb.InvalidInputException as error:
        if "Expected Number of Columns" in str(error) or "unterminated quote" in str(error):
            raise explain(error, lambda path: root.show(path)) from error


def check_options(given: Mapping[str, Any], client: str) -> dict[str, Any]:
    """The options of a CSV table that a person gave. Raises ``EngineError`` that names those nobody knows."""
    unknown = sorted(set(given) - set(OPTIONS))
    if unknown:
        raise EngineError(f"Client {client} knows no CSV option {', '.join(unknown)}. Known: {', '.join(OPTIONS)}.")
    return dict(given)
