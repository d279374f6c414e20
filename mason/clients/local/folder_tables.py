"""Folders as databases and files as tables: pure looking, nothing is opened.

A database is a folder that holds data files, or folders of data files. Its tables are its data files, named without
their endings, and the folders in it that hold data at any depth (partitions, or just years and months).
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from mason.clients._duckdb.root import Root, entries, is_file, met
from mason.clients._tables.formats import ending_of

# Folders that hold other people's files by the thousand.
_FOREIGN = frozenset({"node_modules", "site-packages", "venv"})


def databases(root: Root, leave_out: frozenset[Path]) -> list[str]:
    """The names of all folders that are databases, as paths below the root (``.`` for the root itself).

    A folder of nothing but files, inside a database, is a table there and not listed as a database again. Folders that
    may not be looked into are left out.
    """
    root.check()
    return sorted(_databases(root, root.path, leave_out, inside=False))


def _databases(root: Root, folder: Path, leave_out: frozenset[Path], *, inside: bool) -> Iterator[str]:
    files, folders = _content(folder, leave_out)
    plain = [each for each in folders if "=" not in each.name]
    # The root is a project: it is a database only when data lies in it directly.
    mine = bool(files) or (folder != root.path and any(_holds_files(each, leave_out) for each in plain))
    if mine and (plain or not inside):
        yield root.show(folder)
    for each in plain:
        yield from _databases(root, each, leave_out, inside=mine)


def is_database(folder: Path, leave_out: frozenset[Path]) -> bool:
    """Whether a folder holds tables."""
    return _has_data(folder, leave_out)


def tables(folder: Path, leave_out: frozenset[Path]) -> dict[str, Path]:
    """The tables of a database: name to file or folder. Names that several share are replaced by full file names."""
    files, folders = _content(folder, leave_out)
    found = [(ending_of(file.name).stem, file) for file in files]
    found += [(each.name, each) for each in folders if _has_data(each, leave_out)]
    count = Counter(name for name, _ in found)
    return dict(sorted((name if count[name] == 1 else _full_name(path), path) for name, path in found))


def named(folder: Path, table: str, leave_out: frozenset[Path]) -> list[Path]:
    """What ``table`` may mean in a database: one path, none, or several of the same name.

    A full file name means that file, and a name with a slash at its end that folder.
    """
    files, folders = _content(folder, leave_out)
    every = [*files, *(each for each in folders if _has_data(each, leave_out))]
    exact = [path for path in every if _full_name(path) == table]
    return exact or [path for path in every if (ending_of(path.name).stem if path in files else path.name) == table]


def unreadable(folder: Path, table: str) -> Path | None:
    """A file of that name, with or without ending, that is of no format we read."""
    for entry in entries(folder):
        if is_file(entry) and not ending_of(entry.name).format and table in (entry.name, Path(entry.name).stem):
            return Path(entry.path)
    return None


def _full_name(path: Path) -> str:
    return f"{path.name}/" if path.is_dir() else path.name


def _content(folder: Path, leave_out: frozenset[Path]) -> tuple[list[Path], list[Path]]:
    """The data files and the folders of a folder."""
    files, folders = [], []
    for entry in entries(folder):
        path = Path(entry.path)
        if entry.is_dir(follow_symlinks=False):
            if path not in leave_out and entry.name not in _FOREIGN and _is_open(path):
                folders.append(path)
        elif ending_of(entry.name).format and is_file(entry):
            files.append(path)
    return files, folders


def _is_open(folder: Path) -> bool:
    """Whether a folder may be looked into, and is worth it: other people's Python packages are not."""
    return os.access(folder, os.R_OK | os.X_OK) and not (folder / "pyvenv.cfg").exists()


def _holds_files(folder: Path, leave_out: frozenset[Path]) -> bool:
    """Whether data files are in the folder itself or in partition folders of it."""
    files, folders = _content(folder, leave_out)
    return bool(files) or any("=" in each.name and _has_data(each, leave_out) for each in folders)


def _has_data(folder: Path, leave_out: frozenset[Path]) -> bool:
    # Often the first file is one, of very many.
    if any(ending_of(entry.name).format and is_file(entry) for entry in met(folder)):
        return True
    return any(_has_data(each, leave_out) for each in _content(folder, leave_out)[1])
