"""Where results go: a file or a folder of files on this machine or in a store of objects, whole or not at all.

A target that may not be written is refused before anything is read. Then DuckDB writes beside the target, and the
result gets the target's name at the end; objects are written on this machine, and then published. Every folder that
Mason writes holds a note of what is in it; only folders with such a note are ever replaced.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from mason import bounds
from mason.clients._duckdb.reading.readers import Source
from mason.clients._duckdb.root import Root, refuse_plan
from mason.clients._duckdb.writing.atomic import whole
from mason.clients._objects.object_path import ObjectPath
from mason.clients._objects.published import published
from mason.clients._tables.requests import Output
from mason.engines.fence import LITTER
from mason.engines.file_urls import scheme_of, unescaped
from mason.errors import ConflictError, NotFoundError
from mason.resources.wording import listing
from mason.values import dataclass

NOTE = "_mason.json"
"""The file in a folder that says that Mason wrote it, and what; readers pass over names that begin with ``_``."""


@dataclass(frozen=True, slots=True)
class Placed:
    """An output, and where it is: ``target`` is its file or folder."""

    output: Output
    target: Path


def place(root: Root, output: Output) -> Placed:
    """Where ``output`` goes. Raises ``ConflictError`` for a target that exists and is not to be replaced, or may not
    be, and what :meth:`Root.resolve` raises."""
    placed = Placed(output, (root.changeable if output.folder else root.target)(output.path))
    _check_target(placed, root)
    return placed


def _check_target(placed: Placed, root: Root) -> None:
    """Raises ``ConflictError`` when something is there that is not to be replaced, or must not be."""
    output, target, shown = placed.output, placed.target, root.show(placed.target)
    if root.would_lose(target):
        raise ConflictError(f"{shown} is the client's root, which is not replaced. Name a folder in it.")
    if not target.exists():
        return
    if not output.overwrite:
        raise exists(shown)
    if not output.folder:
        refuse_plan(target, shown)
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
    # The note may be anybody's: what it lists is still no data where it is none by name.
    root.refuse_own_things_in(target, shown)


def _strangers(folder: Path) -> list[str] | None:
    """The files in a folder that are not in Mason's note of it; ``None`` where there are files but no such note."""
    found = {each.relative_to(folder).as_posix() for each in folder.rglob("*") if each.is_symlink() or each.is_file()}
    found = {each for each in found if Path(each).name not in LITTER}
    if not found:
        return []
    try:
        note = bounds.parse_json(_note(folder))
        written = {each["path"].removeprefix(f"{note['output']}/") for each in note["files"]}
        if scheme_of(note["output"]) and not isinstance(folder, ObjectPath):
            written = {unescaped(each) for each in written}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return sorted(found - written - {NOTE})


def _note(folder: Path) -> bytes:
    if isinstance(folder, ObjectPath):
        try:
            return folder.store.read(folder.bucket, f"{folder.key}/{NOTE}", most=bounds.RECORD)
        except NotFoundError as error:
            raise FileNotFoundError(str(folder)) from error
    return bounds.read_file(folder / NOTE, bounds.RECORD)


def exists(shown: str) -> ConflictError:
    """The error for a target that is there already."""
    return ConflictError(f"{shown} exists already. Ask for overwrite to replace it.")


def check_apart(placed: Placed, sources: Sequence[Source], root: Root) -> None:
    """Raises ``ConflictError`` when the output would become part of a table that it is made from."""
    for source in sources:
        if source.folder is not None and source.folder in placed.target.parents:
            raise ConflictError(
                f"{root.show(placed.target)} lies in {root.show(source.folder)}, all of which is the table that is "
                "read: it would become part of it. Choose a path outside."
            )


@contextmanager
def beside(placed: Placed, root: Root) -> Iterator[Path]:
    """A path to write to; what is there at the end takes the target's name. Raises ``ConflictError`` when somebody
    else made the target in the meantime."""
    try:
        with _published(placed) as path:
            if placed.output.folder:
                path.mkdir()
            yield path
    except FileExistsError as error:
        raise exists(root.show(placed.target)) from error


def _published(placed: Placed) -> AbstractContextManager[Path]:
    target, output = placed.target, placed.output
    if isinstance(target, ObjectPath):
        return published(target, overwrite=output.overwrite, note=NOTE if output.folder else "")
    return whole(target, overwrite=output.overwrite)
