"""What looks at files have found, so that none is looked at twice: in this process, and by a cache in later ones.

A file is known by its path and its stamp (size, both times, inode) and by the options that it was looked at with. What
was verified once of a file holds for that version of it only. The cache is one of :mod:`mason.caches`: what another
Mason, DuckDB or calamine found is not read, a file that changed just before it was looked at is not remembered, and
where the cache is lost or damaged, files are looked at again. It has a file for each table, and the oldest go when they
are many.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import fields, replace
from functools import cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mason import caches, home
from mason.caches import stamp_of
from mason.clients._duckdb.reading.copies import Copies
from mason.clients._duckdb.reading.quotes import Quotes
from mason.clients._duckdb.reading.table_files import DataFile
from mason.clients._duckdb.reading.text_files import Copy
from mason.clients._tables.columns import Columns
from mason.errors import SettingsError
from mason.values import dataclass

# What looks at files is imported where something of it is made: to look up what is known takes less time than that.
if TYPE_CHECKING:
    import duckdb

    from mason.clients._duckdb.reading.arrow_copies import ArrowCopy
    from mason.clients._duckdb.reading.dialect import Dialect
    from mason.clients._duckdb.reading.sheets import Area, Sheet
    from mason.clients._duckdb.reading.text_columns import TextFile

_MAGIC = b"mason-tables-1\n"
# Of one table, and of all: some hundred bytes are kept of a file.
_MOST_BYTES = 32_000_000
_MOST_TABLES = 400
_MOST_IN_ALL = 128_000_000
_DAY = 86_400

Connect = Callable[[], "duckdb.DuckDBPyConnection"]
"""What gives a connection, when one is needed."""

SAMPLE_ROWS = 20_480
"""How many rows of a long file are looked at for types."""

# The first file of a table is sampled like a file of its own; the others by this many rows, which is enough to tell
# whether they are of the same kind. A value further down that does not fit stops the query that meets it.
_OTHERS_ROWS = 2_048


@dataclass(frozen=True, slots=True)
class FileSchema:
    """The columns of one file (none: it is empty) and how to read it.

    ``text`` is what was found in a CSV file, ``sheet`` in a spreadsheet. ``nulls`` are columns whose type says that
    they have no values. ``copied`` is read instead of a parquet file that DuckDB cannot read.
    """

    file: DataFile
    columns: Columns
    text: TextFile | None = None
    sheet: Sheet | None = None
    notes: tuple[str, ...] = ()
    nulls: frozenset[str] = frozenset()
    copied: ArrowCopy | None = None

    @property
    def path(self) -> Path:
        """The file that is opened: a copy, made now at the latest, where DuckDB cannot read the file itself."""
        if self.text is not None and self.text.copied is not None:
            return self.text.copied.path
        return self.file.path if self.copied is None else self.copied.path


def rows_of_sample(index: int) -> int:
    """How many rows of the file of that index in its table are looked at."""
    return _OTHERS_ROWS if index else SAMPLE_ROWS


def how(options: Mapping[str, Any], index: int) -> str:
    """How a file is looked at: the first one of a table closer than others."""
    return f"{'others' if index else 'first'} {sorted(options.items())}"


class Seen:
    """What was found in files. ``lasting`` says that later processes shall know it, too."""

    def __init__(self, *, lasting: bool = False) -> None:
        self.copies = Copies()
        self._lasting = lasting
        self._schemas: dict[str, dict[tuple[caches.Stamp, str], FileSchema]] = {}
        self._sound: dict[str, set[tuple[caches.Stamp, str]]] = {}
        self._recalled: set[Path] = set()
        # The files that were looked at just after a change, and when.
        self._fresh: dict[str, int] = {}
        # The files of which there is something to keep that is not kept yet.
        self._unkept: set[str] = set()

    def schema(self, file: DataFile, what: str) -> FileSchema | None:
        """The schema that was found in a file, looked at as ``what`` says."""
        path = str(file.path)
        self._forget_fresh(path)
        found = self._schemas.get(path, {}).get((file.version, what))
        # It may stem from a look at another folder: names in errors follow the file that is asked for now.
        return found if found is None or found.file is file else replace(found, file=file)

    def put_schema(self, schema: FileSchema, what: str) -> None:
        """Remember what was found in a file, looked at as ``what`` says."""
        path, key = str(schema.file.path), (schema.file.version, what)
        known = self._schemas.setdefault(path, {})
        if key not in known:
            self._unkept.add(path)
        known[key] = schema
        self._note_age(path, schema.file.version)

    def is_sound(self, file: DataFile, what: str) -> bool:
        """Whether the check that ``what`` says was made of a file and found nothing."""
        path = str(file.path)
        self._forget_fresh(path)
        return (file.version, what) in self._sound.get(path, ())

    def put_sound(self, file: DataFile, what: str) -> None:
        """Remember that a check found nothing."""
        path = str(file.path)
        self._sound.setdefault(path, set()).add((file.version, what))
        self._unkept.add(path)
        self._note_age(path, file.version)

    def _note_age(self, path: str, stamp: caches.Stamp) -> None:
        now = time.time_ns()
        if caches.trusted(stamp, now) is None:
            self._fresh.setdefault(path, now)

    def _forget_fresh(self, path: str) -> None:
        """Forget what was found in a file just after it changed, once that is some time ago: it may have changed again
        without another stamp. What asks soon again, as a query does of the table that was looked at, knows it still."""
        if self._fresh and (at := self._fresh.get(path)) is not None and at < time.time_ns() - caches.RACY_NS:
            for known in (self._fresh, self._schemas, self._sound):
                known.pop(path, None)
            self.copies.forget(path)

    def recall(self, table: str, files: Sequence[DataFile]) -> None:
        """Add what earlier processes found in ``files``, which are those of the table at the absolute path ``table``;
        nothing where nothing can be read."""
        place = self._place(table)
        if place is None or place in self._recalled:
            return
        self._recalled.add(place)
        kept = caches.read(place, _header())
        if kept is None:
            return
        _mark_used(place)
        names, plain, versions = kept
        made: dict[int, FileSchema] = {}
        for file in files:
            path = str(file.path)
            known = versions.get(path)
            if known is None or known[0] != file.version:
                continue
            schemas = self._schemas.setdefault(path, {})
            for name, index in known[1]:
                schema = made.get(index)
                schema = _from_plain(plain[index], file, self.copies) if schema is None else replace(schema, file=file)
                if schema.copied is None and (schema.text is None or schema.text.copied is None):
                    made[index] = schema
                schemas[file.version, names[name]] = schema
            if known[2]:
                self._sound.setdefault(path, set()).update((file.version, names[name]) for name in known[2])

    def keep(self, table: str, files: Sequence[DataFile], looked_ns: int) -> None:
        """Let later processes know what was found in ``files``, which were met after the time ``looked_ns``."""
        place = self._place(table)
        paths = {str(file.path): file.version for file in files if caches.trusted(file.version, looked_ns)}
        if place is None or self._unkept.isdisjoint(paths):
            return
        names: dict[str, int] = {}
        plain: dict[Any, int] = {}
        versions = {}
        for path, stamp in paths.items():
            schemas = [
                (names.setdefault(what, len(names)), plain.setdefault(_plain(schema), len(plain)))
                for (seen, what), schema in self._schemas.get(path, {}).items()
                if seen == stamp
            ]
            sound = [
                names.setdefault(what, len(names)) for seen, what in sorted(self._sound.get(path, ())) if seen == stamp
            ]
            versions[path] = (stamp, tuple(schemas), tuple(sound))
        if caches.write(place, _header(), (list(names), list(plain), versions), most_bytes=_MOST_BYTES):
            _forget_oldest(place.parent)
        self._unkept.difference_update(paths)

    def _place(self, table: str) -> Path | None:
        if not self._lasting:
            return None
        try:
            own = home.mason_home()
        except SettingsError:
            return None
        return own / "cache" / "tables" / sha256(os.fsencode(table)).hexdigest()[:32]


def _plain(schema: FileSchema) -> tuple[Any, ...]:
    """A schema as ``marshal`` can write it, without its file."""
    text, sheet = schema.text, schema.sheet
    return (
        schema.columns,
        schema.notes,
        tuple(sorted(schema.nulls)),
        None
        if text is None
        else (
            _values(text.dialect),
            text.columns,
            text.copied and _plain_copy(text.copied),
            tuple(sorted(text.verified)),
            tuple(sorted(text.blank)),
            text.notes,
        ),
        None if sheet is None else (sheet.options, sheet.columns, _values(sheet.area), sheet.notes),
        schema.copied and (schema.copied.texts, schema.copied.zoned, schema.copied.fine),
    )


def _from_plain(plain: tuple[Any, ...], file: DataFile, copies: Copies) -> FileSchema:
    """The inverse of :func:`_plain`; rows of a sheet are read when they are needed."""
    columns, notes, nulls, text, sheet, by_arrow = plain
    found, read, other = None, None, None
    if text is not None:
        from mason.clients._duckdb.reading.dialect import Dialect
        from mason.clients._duckdb.reading.text_columns import TextFile

        dialect, of_text, copied, verified, blank, said = text
        copy = None
        if copied is not None:
            encoding, skip_footer, quotes = copied
            copy = Copy(copies, file, encoding, skip_footer, quotes and Quotes(*quotes))
        found = TextFile(Dialect(*dialect), of_text, copy, frozenset(verified), frozenset(blank), said)
    if sheet is not None:
        from mason.clients._duckdb.reading.sheets import Area, Sheet

        options, of_sheet, area, said = sheet
        read = Sheet(file.path, options, of_sheet, Area(*area), said)
    if by_arrow is not None:
        from mason.clients._duckdb.reading.arrow_copies import ArrowCopy

        other = ArrowCopy(copies, file, *by_arrow)
    return FileSchema(file, columns, found, read, notes, frozenset(nulls), other)


def _plain_copy(copy: Copy) -> tuple[Any, ...]:
    return copy.encoding, copy.skip_footer, copy.unmixed and _values(copy.unmixed)


def _values(value: Dialect | Area | Quotes) -> tuple[Any, ...]:
    return tuple(getattr(value, each.name) for each in fields(value))


@cache
def _header() -> bytes:
    # Of pyarrow one file tells: it has thousands.
    spec = find_spec("pyarrow")
    arrow = spec and spec.origin and stamp_of(Path(spec.origin).stat())
    return caches.header(_MAGIC, __file__, *map(_installed, ("_duckdb", "python_calamine")), arrow)


def _installed(package: str) -> list[tuple[str, int, int]] | None:
    """The files of a package, as far as they tell which version it is; it is not imported, which takes long."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin)
    files = path.parent.iterdir() if spec.submodule_search_locations else [path]
    return sorted((each.name, (found := each.stat()).st_size, found.st_mtime_ns) for each in files if each.is_file())


def _mark_used(place: Path) -> None:
    """See to it that the oldest caches are those that were not used for longest; a day more or less is all the same."""
    with suppress(OSError):
        if place.stat().st_mtime < time.time() - _DAY:
            os.utime(place)


def _forget_oldest(folder: Path) -> None:
    """Remove the oldest of too many caches. Other processes may do the same at the same time."""
    with suppress(OSError), os.scandir(folder) as entries:
        found = sorted(
            ((status := entry.stat()).st_mtime, status.st_size, entry.path) for entry in entries if entry.is_file()
        )
        left, size = len(found), sum(each for _, each, _ in found)
        for _, each, path in found:
            if left <= _MOST_TABLES and size <= _MOST_IN_ALL:
                return
            Path(path).unlink(missing_ok=True)
            left, size = left - 1, size - each
