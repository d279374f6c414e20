"""Where results go: a file or a folder of files, in one of the formats, whole or not at all.

What is to be written is settled, and refused if it cannot be, before anything is read. Then DuckDB writes beside the
target, and the result gets the target's name at the end. Every folder that Mason writes holds a note of what is in it;
only folders with such a note are ever replaced.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from mason.clients._duckdb.reading.readers import Source
from mason.clients._duckdb.reading.table_files import Ending, ending_of
from mason.clients._duckdb.root import Root
from mason.clients._duckdb.writing.atomic import whole
from mason.errors import ConflictError, EngineError
from mason.resources.wording import listing
from mason.values import dataclass

FORMATS = ("csv", "json", "jsonl", "parquet", "xlsx")
"""The formats that can be written."""

NOTE = "_mason.json"
"""The file in a folder that says that Mason wrote it, and what; readers pass over names that begin with ``_``."""

_COMPRESSIONS = {
    "csv": ("gzip", "zstd", "none"),
    "json": ("gzip", "zstd", "none"),
    "jsonl": ("gzip", "zstd", "none"),
    "parquet": ("snappy", "zstd", "gzip", "lz4", "brotli", "none"),
    "xlsx": ("none",),
}
_ENDINGS = {"gzip": ".gz", "zstd": ".zst"}
_MOST_FILES = 1_000
# What desktops leave in every folder that somebody looks into.
_LITTER = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})


@dataclass(frozen=True, slots=True)
class Output:
    """What is to be written: ``target`` is a file, or a folder of files, by ``partition_columns`` or in ``files``
    (``None``: as many as their size asks for)."""

    target: Path
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
        return self.format + ("" if self.format == "parquet" else _ENDINGS.get(self.compression, ""))


def settle(
    root: Root,
    output: str,
    *,
    format: str | None = None,
    compression: str | None = None,
    partition_columns: Sequence[str] = (),
    files: int | None = None,
    overwrite: bool = False,
) -> Output:
    """What ``output`` and the options ask for.

    A name with the ending of a format is a file, one without any ending a folder. Raises ``EngineError`` for what
    contradicts itself, ``ConflictError`` for a target that exists and is not to be replaced, or may not be, and what
    :meth:`Root.resolve` raises.
    """
    promised = _promised(output)
    kind = _format(output, format, promised)
    folder = bool(partition_columns) or files is not None or not Path(output).suffix
    if folder and promised.format:
        raise EngineError(
            f"{output} is the name of a file, but partitions make a folder of files. Leave out the ending."
        )
    if folder and kind == "xlsx":
        raise EngineError(f"A spreadsheet is one file: end the path with .xlsx ({output}.xlsx).")
    if partition_columns and files is not None:
        raise EngineError("Give partition_columns or partitions, not both: each says which files there are to be.")
    if files is not None and not 1 <= files <= _MOST_FILES:
        raise EngineError(f"partitions is {files}, but it must be 1 to {_MOST_FILES}.")
    target = (root.resolve if folder else root.target)(output)
    found = Output(
        target,
        kind,
        folder=folder,
        compression=_compression(output, kind, compression, promised, folder=folder),
        delimiter=promised.delimiter or ",",
        partition_columns=tuple(dict.fromkeys(partition_columns)),
        files=files,
        overwrite=overwrite,
    )
    _check_target(found, root)
    return found


def _promised(output: str) -> Ending:
    ending = ending_of(Path(output).name)
    if ending.format == "json":
        # Readers need not tell them apart.
        last = Path(output).name[len(ending.stem) :].split(".")[1].lower()
        return replace(ending, format="json" if last == "json" else "jsonl")
    return ending


def _format(output: str, format: str | None, promised: Ending) -> str:
    known = ", ".join(FORMATS)
    wanted = (format or promised.format).lower()
    if not wanted:
        raise EngineError(f"The ending of {output} names no format: give it one of {known}, or give format.")
    if wanted not in FORMATS:
        raise EngineError(f"Output can be written as {known}, not as {format}.")
    if promised.format and promised.format != wanted:
        raise EngineError(f"The ending of {output} says {promised.format}, but format is {wanted}. Change one of them.")
    return wanted


def _compression(output: str, kind: str, given: str | None, promised: Ending, *, folder: bool) -> str:
    by_name = {"gz": "gzip", "zst": "zstd"}.get(promised.compression, "")
    wanted = (given or by_name).lower()
    wanted = {"uncompressed": "none", "gz": "gzip", "zst": "zstd"}.get(wanted, wanted)
    if not wanted:
        return ""
    if wanted not in _COMPRESSIONS[kind]:
        raise EngineError(f"{kind} can be compressed by {', '.join(_COMPRESSIONS[kind])}, not by {wanted}.")
    if not folder and kind != "parquet" and wanted != (by_name or "none"):
        ending = _ENDINGS.get(wanted, "")
        better = f"{output.removesuffix('.gz').removesuffix('.zst')}{ending}"
        raise EngineError(f"Compression by {wanted} shows in the name of a file: write to {better}.")
    return wanted


def _check_target(output: Output, root: Root) -> None:
    """Raises ``ConflictError`` when something is there that is not to be replaced, or must not be."""
    target, shown = output.target, root.show(output.target)
    if target == root.path or target in root.path.parents:
        raise ConflictError(f"{shown} is the client's root, which is not replaced. Name a folder in it.")
    if not target.exists():
        return
    if not output.overwrite:
        raise exists(shown)
    if not output.folder:
        return
    if not target.is_dir():
        raise ConflictError(f"{shown} is a file, where a folder is to be written. Choose another path.")
    strangers = _strangers(target)
    if strangers is None:
        raise ConflictError(
            f"{shown} is a folder that Mason did not write, and replacing it would delete all that it holds. "
            "Choose another path, or delete it first."
        )
    if strangers:
        raise ConflictError(
            f"{shown} holds files besides those that Mason wrote, and replacing it would delete them: "
            f"{listing(strangers, most=3)}. Move them away, or choose another path."
        )


def _strangers(folder: Path) -> list[str] | None:
    """The files in a folder that are not in Mason's note of it; ``None`` where there are files but no such note."""
    found = {each.relative_to(folder).as_posix() for each in folder.rglob("*") if each.is_symlink() or each.is_file()}
    found = {each for each in found if Path(each).name not in _LITTER}
    if not found:
        return []
    try:
        note = json.loads((folder / NOTE).read_text("utf-8"))
        written = {each["path"].removeprefix(f"{note['output']}/") for each in note["files"]}
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return sorted(found - written - {NOTE})


def exists(shown: str) -> ConflictError:
    """The error for a target that is there already."""
    return ConflictError(f"{shown} exists already. Ask for overwrite to replace it.")


def check_apart(output: Output, sources: Sequence[Source], root: Root) -> None:
    """Raises ``ConflictError`` when the output would become part of a table that it is made from."""
    for source in sources:
        if source.folder is not None and source.folder in output.target.parents:
            raise ConflictError(
                f"{root.show(output.target)} lies in {root.show(source.folder)}, all of which is the table that is "
                "read: it would become part of it. Choose a path outside."
            )


@contextmanager
def beside(output: Output, root: Root) -> Iterator[Path]:
    """A path to write to; what is there at the end takes the target's name. Raises ``ConflictError`` when somebody
    else made the target in the meantime."""
    try:
        with whole(output.target, overwrite=output.overwrite) as path:
            if output.folder:
                path.mkdir()
            yield path
    except FileExistsError as error:
        raise exists(root.show(output.target)) from error
