"""Deleting the files of a table and no other: what lies outside of it, or is no data, stops it before it begins."""

from __future__ import annotations

from pathlib import Path

from mason.clients._duckdb.reading.sources import title
from mason.clients._duckdb.reading.table_files import files_at
from mason.clients._duckdb.root import Root, refuse_plan
from mason.engines.models import Table
from mason.errors import AccessDeniedError, EngineError, NotFoundError
from mason.resources.wording import listing


def own_files(root: Root, location: str) -> list[Path]:
    """The files of the table at ``location``, and the links to them that lie in their folders, where it is a folder.

    Raises ``AccessDeniedError`` when one of them is not the table's alone, or is no data to be deleted.
    """
    named = root.path / root.plain(location)
    if named.is_symlink():
        # A link goes itself; what it leads to stays.
        root.changeable(location)
        return [named]
    try:
        base, _ = root.find(location)
        files = [file.path for file in files_at(root, location)]
    except NotFoundError:
        return []
    for file in files:
        if not root.owns(file) or base not in file.parents:
            raise AccessDeniedError(
                f"{root.show(file)} lies outside of {root.show(base)}, so it is not deleted with the table. "
                "Delete it yourself, then delete the table again."
            )
        root.changeable(root.show(file))
        refuse_plan(file, root.show(file))
    if not root.resolve(location).is_dir():
        return files
    own = set(files)
    links = [
        path
        for folder in sorted({base, *(file.parent for file in files)})
        for path in sorted(folder.iterdir())
        if path.is_symlink() and path.resolve() in own
    ]
    # Links first: without the files they lead nowhere, and nobody would find them again.
    return [*links, *files]


def delete(root: Root, files: list[Path], table: Table) -> None:
    """Delete as many as can be. Raises ``EngineError`` that says which cannot, and why."""
    kept = []
    for file in files:
        try:
            file.unlink(missing_ok=True)
        except OSError as error:
            kept.append(f"{root.show(file)} ({error.strerror})")
    if kept:
        verb = "was" if len(kept) == 1 else "were"
        raise EngineError(
            f"{listing(kept)} {verb} not deleted, so {title(table)} is not forgotten. Make it possible to delete "
            f"{'it' if len(kept) == 1 else 'them'}, then delete the table again."
        )


def remove_empty_folders(root: Root, emptied: set[Path]) -> None:
    """Remove folders that are empty now, and those above them that are then."""
    for folder in sorted(emptied, key=lambda path: len(path.parts), reverse=True):
        while not root.would_lose(folder) and folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
            folder = folder.parent
