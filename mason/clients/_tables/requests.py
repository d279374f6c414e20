"""The arguments of table work as typed values, checked once and in the same words whichever client does the work. Pure.

A client's execution engine makes its :class:`Request` here before it looks at anything. Planning asks :func:`faults`
with the arguments that it knows, so that what cannot be asked for is refused before anything is called. What only a
table can tell (whether a column exists) is the engine's to check.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from mason.clients._tables.columns import Columns
from mason.clients._tables.formats import TEXT, ending_of, written_format
from mason.engines.capabilities import Capabilities
from mason.engines.engine import Engine
from mason.engines.fence import fault
from mason.engines.models import Schema, Table
from mason.errors import EngineError
from mason.values import dataclass

KEEP = ("first", "last")
"""Which of several rows with the same keys stays; the first where nothing is said."""

MOST_FILES = 1_000
"""How many files one output may be asked to have."""

WAITS = object()
"""Stands for the value of an argument that nobody knows yet."""

_KEPT = ("parquet", "csv", "json")
"""The formats of tables that a folder is written in where none is named."""

_SUFFIXES = {"gzip": ".gz", "zstd": ".zst"}
_SPELLINGS = {"uncompressed": "none", "gz": "gzip", "zst": "zstd"}


@dataclass(frozen=True, slots=True)
class Output:
    """What is to be written: ``path`` is a file, or a folder of files, by ``partition_columns`` or in ``files``
    (``None``: as many as their size asks for). ``compression`` is empty for what is usual with the format."""

    path: str
    format: str
    folder: bool = False
    compression: str = ""
    delimiter: str = ","
    partition_columns: tuple[str, ...] = ()
    files: int | None = None
    overwrite: bool = False

    @property
    def ending(self) -> str:
        """What the names of files in a folder end with."""
        return self.format + (_SUFFIXES.get(self.compression, "") if self.format in TEXT else "")


@dataclass(frozen=True, slots=True)
class Request:
    """What a verb that works on tables is asked for; what the verb does not take has its default.

    ``output``: where the rows go; ``None`` where they are the answer.
    ``limit``: how many rows are answered at most; ``None`` for all.
    ``filter_columns``: the columns to keep, none for all. ``sample_size``: how many rows to take by chance.
    ``keys``, ``order_by``, ``keep``: one row for each value of the keys stays, the first or the last in the order.
    ``size``, ``seed``, ``columns``: how many rows to make up, from which seed, with which columns (names and types);
    no columns where a table is imitated.
    """

    output: Output | None = None
    limit: int | None = None
    filter_columns: tuple[str, ...] = ()
    sample_size: int | None = None
    keys: tuple[str, ...] = ()
    order_by: tuple[str, ...] = ()
    keep: str = KEEP[0]
    size: int = 0
    seed: int = 0
    columns: Columns = ()


def read(engine: Engine, verb: str, asked: Mapping[str, Any]) -> Request:
    """What ``engine`` is asked for by the arguments of one of its verbs. Raises ``EngineError`` with all faults."""
    asked = _with_format(asked, engine.capabilities)
    found = faults(f"{engine.role}.{verb}", asked, client=engine.client, can=engine.capabilities)
    if found:
        raise EngineError(" ".join(found))
    schema = asked.get("schema")
    return Request(
        output=_output(asked) if asked.get("output") else None,
        limit=asked.get("limit"),
        filter_columns=_unique(asked.get("filter_columns", ())),
        sample_size=asked.get("sample_size"),
        keys=_unique(asked.get("keys", ())),
        order_by=_unique(asked.get("order_by", ())),
        keep=asked.get("keep", KEEP[0]),
        size=asked.get("size", 0),
        seed=asked.get("seed", 0),
        columns=_columns(schema) if isinstance(schema, Schema | Mapping) else (),
    )


def is_checked(verb: str) -> bool:
    """Whether :func:`faults` may find something in the arguments of ``verb``."""
    return verb in _CHECKS or verb in _WRITING


def faults(verb: str, known: Mapping[str, Any], *, client: str, can: Capabilities) -> list[str]:
    """All that is wrong with the arguments of ``verb`` (``execution.format``), as sentences.

    ``known`` are the arguments that were given, :data:`WAITS` for those that hold what an earlier sentence or step
    returns: nothing is said of these. ``can`` is what ``client`` declares.
    """
    checks = _CHECKS.get(verb, ())
    if verb in _WRITING and (known.get("output") or verb != "execution.query"):
        checks = (*checks, *_OF_OUTPUT)
    found: list[str] = []
    writer = _Writer(client, can)
    for names, wrong in checks:
        given = [known.get(name, _DEFAULTS.get(name)) for name in names]
        if WAITS not in given:
            found += wrong(writer, *given)
    return found


@dataclass(frozen=True, slots=True)
class _Writer:
    client: str
    can: Capabilities

    @property
    def formats(self) -> str:
        return ", ".join(each.name for each in self.can.writes) or "nothing"

    def refusal(self, format: str) -> str:
        """Why a format is not written; empty where it is."""
        return (
            ""
            if self.can.written(format)
            else f"Client {self.client} does not write {format} (it writes: {self.formats})."
        )


def _with_format(asked: Mapping[str, Any], can: Capabilities) -> Mapping[str, Any]:
    """``asked`` with the format of a folder for which none was named: that of the table that is read, where the client
    writes it as well and others read it, else parquet."""
    output = asked.get("output")
    if not output or asked.get("format") or not _is_plain_folder(output):
        return asked
    table = asked.get("table", asked.get("schema"))
    own = table.format if isinstance(table, Table) else ""
    written = can.written(own) if own in _KEPT else None
    return {**asked, "format": own if written is not None and written.folders else "parquet"}


def _is_plain_folder(path: str) -> bool:
    """Whether the last part of a path has no ending at all, whatever it may be."""
    return "." not in _name(path)


def _output(asked: Mapping[str, Any]) -> Output:
    path, columns, files = asked["output"], asked.get("partition_columns", ()), asked.get("partitions")
    return Output(
        path,
        _format(path, asked.get("format")),
        folder=_is_folder(path, columns, files),
        compression=_compression(path, asked.get("compression")),
        delimiter=ending_of(_name(path)).delimiter or ",",
        partition_columns=_unique(columns),
        files=files,
        overwrite=asked.get("overwrite", False),
    )


def _unique(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _name(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2]


def _format(path: str, format: str | None) -> str:
    return (format or written_format(ending_of(_name(path)))).lower()


def _is_folder(path: str, partition_columns: Sequence[str], files: int | None) -> bool:
    # As pathlib has it, which takes ten times as long: a dot that is neither first nor last begins an ending.
    name = _name(path)
    return bool(partition_columns) or files is not None or not 0 < name.rfind(".") < len(name) - 1


def _compression(path: str, given: str | None) -> str:
    wanted = (given or ending_of(_name(path)).compression).lower()
    return _SPELLINGS.get(wanted, wanted)


def _columns(schema: Schema | Mapping[str, Any]) -> Columns:
    if isinstance(schema, Schema):
        return tuple((column.name, column.type) for column in schema.columns)
    return tuple((str(name), str(kind)) for name, kind in schema.items())


def _wrong_path(writer: _Writer, output: str | None) -> Iterator[str]:
    if not output:
        yield "output is empty: give the path of a file or folder."


def _no_data(writer: _Writer, output: str | None) -> Iterator[str]:
    if output and (refusal := fault(output)):
        yield refusal


def _unfit_to_replace(writer: _Writer, output: str | None, format: str | None, overwrite: Any) -> Iterator[str]:
    name = _name(output or "")
    # Text is text: whoever calls a CSV file .txt may replace it.
    fits = written_format(ending_of(name)) or (name.lower().endswith(".txt") and (format or "").lower() in TEXT)
    if overwrite is True and format and "." in name.strip(".") and not fits:
        yield (
            f"{output} may be replaced only where its ending says what it holds: give it that of {format.lower()}, "
            "or leave out overwrite."
        )


def _wrong_format(writer: _Writer, format: str | None) -> Iterator[str]:
    if format and (refusal := writer.refusal(format.lower())):
        yield refusal


def _wrong_ending(writer: _Writer, output: str | None, format: str | None) -> Iterator[str]:
    promised = written_format(ending_of(_name(output or "")))
    if output and not format and not promised and not _is_plain_folder(output):
        yield f"The ending of {output} names no format: give it one of {writer.formats}, or give format."
    elif output and promised and not format and (refusal := writer.refusal(promised)):
        yield refusal
    elif promised and format and promised != format.lower() and writer.can.written(format.lower()):
        yield f"The ending of {output} says {promised}, but format is {format.lower()}. Change one of them."


def _wrong_folder(
    writer: _Writer, output: str | None, format: str | None, columns: Sequence[str], files: int | None
) -> Iterator[str]:
    if columns and files is not None:
        yield "Give partition_columns or partitions, not both: each says which files there are to be."
    written = writer.can.written(_format(output, format)) if output else None
    if output is None or written is None:
        return
    if not _is_folder(output, columns, files):
        if not written.files:
            better = _name(output).partition(".")[0]
            yield (
                f"Client {writer.client} writes {written.name} as a folder of files: leave out the ending ({better}), "
                f"and give format: {written.name}."
            )
        return
    if not written.folders and (columns or files is not None):
        able = ", ".join(each.name for each in writer.can.writes if each.folders) or "nothing"
        yield f"Client {writer.client} does not write {written.name} in partitions (it does: {able})."
    elif not written.folders:
        better = f"{output}.{written.name}"
        yield f"Client {writer.client} writes {written.name} as one file: end the path with .{written.name} ({better})."
    elif ending_of(_name(output)).format:
        yield f"{output} is the name of a file, but partitions make a folder of files. Leave out the ending."


def _wrong_compression(
    writer: _Writer,
    output: str | None,
    format: str | None,
    compression: str | None,
    columns: Sequence[str],
    files: int | None,
) -> Iterator[str]:
    written = writer.can.written(_format(output, format)) if output else None
    if output is None or written is None or not (wanted := _compression(output, compression)):
        return
    if wanted not in written.compressions:
        able = ", ".join(written.compressions)
        yield f"Client {writer.client} does not compress {written.name} by {wanted} (it can: {able})."
        return
    shows = written.name in TEXT and not _is_folder(output, columns, files)
    if shows and wanted != (_compression(output, None) or "none"):
        better = f"{output.removesuffix('.gz').removesuffix('.zst')}{_SUFFIXES.get(wanted, '')}"
        yield f"Compression by {wanted} shows in the name of a file: write to {better}."


def _no_keys(writer: _Writer, keys: Sequence[str]) -> Iterator[str]:
    if not keys:
        yield "keys are missing: name the columns that tell rows apart."


def _wrong_keep(writer: _Writer, keep: str) -> Iterator[str]:
    if keep not in KEEP:
        yield f"keep is {keep}, but it must be first or last."


def _wrong_schema(writer: _Writer, schema: Any) -> Iterator[str]:
    if not isinstance(schema, Schema | Mapping):
        return
    names = [name for name, _ in _columns(schema)]
    if not names:
        yield "The schema has no columns: give it as a mapping of names to types."
    met: set[str] = set()
    for name in names:
        if not name:
            yield "A column has an empty name."
        elif name.lower() in met:
            yield f"Column {name!r} is there twice."
        met.add(name.lower())


_Check = tuple[tuple[str, ...], Callable[..., Iterator[str]]]
"""The arguments that a check needs, and the check itself, which gets their values and yields what is wrong."""


def _whole(name: str, least: int, most: int | None = None) -> _Check:
    """The check of a whole number; ``None`` is one that was left out."""
    words = f"{least} or more" if most is None else f"{least} to {most}"

    def wrong(writer: _Writer, value: Any) -> Iterator[str]:
        if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
            yield f"{name} is {value!r}, but it must be a whole number."
        elif value is not None and (value < least or (most is not None and value > most)):
            yield f"{name} is {value}, but it must be {words}."

    return (name,), wrong


def _names(name: str) -> _Check:
    """The check of a list of columns. One text is none, though Python takes it for a list of its letters."""

    def wrong(writer: _Writer, value: Any) -> Iterator[str]:
        if isinstance(value, str) or not all(isinstance(each, str) and each for each in value):
            yield f"{name} is {value!r}, but it must be a list of columns."

    return (name,), wrong


def _long_name(kind: str) -> _Check:
    """The check of a name that a metastore is to keep."""

    def wrong(writer: _Writer, name: str) -> Iterator[str]:
        most = writer.can.longest_name
        if most and len(name) > most:
            yield f"Client {writer.client} keeps names of at most {most} characters, but {kind} {name} has {len(name)}."

    return (kind,), wrong


_OF_OUTPUT: tuple[_Check, ...] = (
    (("output",), _wrong_path),
    (("output",), _no_data),
    (("format",), _wrong_format),
    (("output", "format"), _wrong_ending),
    (("output", "format", "overwrite"), _unfit_to_replace),
    (("output", "format", "partition_columns", "partitions"), _wrong_folder),
    _whole("partitions", 1, MOST_FILES),
    (("output", "format", "compression", "partition_columns", "partitions"), _wrong_compression),
)
_WRITING = frozenset({"execution.query", "execution.format", "execution.merge", "execution.dedupe", "execution.fake"})
_CHECKS: Mapping[str, tuple[_Check, ...]] = {
    "execution.preview": (_whole("limit", 0),),
    "execution.query": (_whole("limit", 0),),
    "execution.format": (_names("partition_columns"), _names("filter_columns"), _whole("sample_size", 1)),
    "execution.dedupe": (_names("keys"), (("keys",), _no_keys), _names("order_by"), (("keep",), _wrong_keep)),
    "execution.fake": ((("schema",), _wrong_schema), _whole("size", 0), _whole("seed", -(2**63), 2**63 - 1)),
    "storage.write": ((("path",), _no_data),),
    "storage.copy": ((("target",), _no_data),),
    "storage.delete": ((("path",), _no_data),),
    "metastore.create_database": (_long_name("database"),),
    "metastore.create_table": (_long_name("database"), _long_name("table")),
}
_DEFAULTS: Mapping[str, Any] = {"partition_columns": (), "filter_columns": (), "order_by": (), "keep": KEEP[0]}
