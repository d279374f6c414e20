"""Which files make a table: formats by ending, partition folders, and what does not belong.

Only names, sizes and times are looked at here; nothing is opened.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

from mason.caches import Stamp, stamp_of
from mason.clients._duckdb.root import Root
from mason.clients._objects.object_path import ObjectPath
from mason.clients._tables.formats import Ending, ending_of
from mason.errors import ConflictError, EngineError, NotFoundError
from mason.resources.wording import listing
from mason.values import dataclass

NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__"
"""The value in the name of a folder whose rows have none."""
FORMATS_READ = "csv, tsv, psv, json, jsonl, ndjson, parquet, xlsx; text also as .gz or .zst"


@dataclass(frozen=True, slots=True)
class DataFile:
    """One file of a table. ``name`` is its path below the table's folder; ``version`` tells it
    from what was or will be there under its name."""

    path: Path
    name: str
    ending: Ending
    version: Stamp
    partitions: tuple[tuple[str, str | None], ...] = ()

    @property
    def keys(self) -> dict[str, str]:
        """The names of partition columns, as they are and as the path has them, where ``%20`` is a space."""
        from urllib.parse import unquote

        found = (part.partition("=")[0] for part in Path(self.name).parts[:-1] if "=" in part)
        return {unquote(key): key for key in found}

    @property
    def empty(self) -> bool:
        """Whether there is not one byte in it."""
        return self.version[0] == 0


def files_at(root: Root, location: str) -> tuple[DataFile, ...]:
    """The files of the table at ``location`` (file, folder or glob relative to ``root``).

    Raises ``NotFoundError`` when there is none, ``EngineError`` that names what cannot be read, and
    ``ConflictError`` when formats or partition folders are mixed.
    """
    base, paths = root.find(location)
    files = tuple(data_file(path, base) for path in paths)
    if not files:
        raise NotFoundError(f"There are no data files at {location or '.'}.")
    strange = [root.show(file.path) for file in files if not file.ending.format]
    if strange:
        verb = "is not a format" if len(strange) == 1 else "are not formats"
        raise EngineError(f"{listing(strange)} {verb} that client {root.client} reads ({FORMATS_READ}).")
    _check_alike(root, files, location)
    return files


def data_file(path: Path, base: Path) -> DataFile:
    """A file of the table whose folder is ``base``."""
    from urllib.parse import unquote

    status = path.stat()
    # As texts: there may be ten thousand files.
    whole, above = str(path), f"{base}".rstrip("/") + "/"
    relative = whole.removeprefix(above) if whole.startswith(above) else path.name
    partitions = []
    for part in relative.split("/")[:-1] if "=" in relative else ():
        key, equals, value = part.partition("=")
        if equals and key:
            partitions.append((unquote(key), None if value == NULL_PARTITION else unquote(value)))
    return DataFile(path, relative, ending_of(path.name), stamp_of(status), tuple(partitions))


def _check_alike(root: Root, files: Iterable[DataFile], location: str) -> None:
    first_of: dict[str, str] = {}
    keys_of: dict[tuple[str, ...], str] = {}
    for file in files:
        first_of.setdefault(file.ending.format, file.name)
        keys_of.setdefault(tuple(key for key, _ in file.partitions), file.name)
    if len(first_of) > 1:
        found = ", ".join(f"{kind} ({name})" for kind, name in first_of.items())
        raise ConflictError(f"The files at {location or '.'} have different formats: {found}. Ask for them one by one.")
    if len(keys_of) > 1:
        found = ", ".join(f"{'/'.join(keys) or 'none'} ({name})" for keys, name in keys_of.items())
        raise ConflictError(f"The files at {location or '.'} have different partition columns: {found}.")


def fingerprint(paths: Iterable[Path], show: Callable[[str], str]) -> str:
    """A sha256 of names (as ``show`` writes them), sizes and modification times, of objects also of their versions:
    another one when the data changed."""
    import hashlib

    digest = hashlib.sha256()
    for path in paths:
        status = path.stat()
        version = f"\0{status.st_ino}" if isinstance(path, ObjectPath) else ""
        digest.update(f"{show(str(path))}\0{status.st_size}\0{status.st_mtime_ns}{version}\n".encode())
    return f"sha256:{digest.hexdigest()}"


def fingerprint_of_content(paths: Iterable[Path], show: Callable[[str], str]) -> str:
    """A sha256 of names (as ``show`` writes them) and contents."""
    import hashlib

    digest = hashlib.sha256()
    for path in paths:
        # Piece by piece: files may be larger than the memory. hashlib.file_digest came with Python 3.11.
        of_file = hashlib.sha256()
        with path.open("rb") as opened:
            while piece := opened.read(1 << 20):
                of_file.update(piece)
        digest.update(f"{show(str(path))}\0{of_file.hexdigest()}\n".encode())
    return f"sha256:{digest.hexdigest()}"


def partition_types(files: Iterable[DataFile]) -> tuple[tuple[str, str], ...]:
    """The partition columns with their types: ``BIGINT`` and ``DATE`` where every value is one, else ``VARCHAR``.

    A number with leading zeros stays text, because it would not be written back as it was.
    """
    values: dict[str, set[str]] = {}
    for file in files:
        for key, value in file.partitions:
            values.setdefault(key, set()).update(() if value is None else (value,))
    return tuple((key, _type_of(found)) for key, found in values.items())


def _type_of(values: set[str]) -> str:
    if values and all(re.fullmatch(r"0|-?[1-9]\d{0,18}", value) and -(2**63) <= int(value) < 2**63 for value in values):
        return "BIGINT"
    if values and all(re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])", value) for value in values):
        return "DATE"
    return "VARCHAR"
