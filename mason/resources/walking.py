"""Which files a load looks at: walks the paths that a person named, in a fixed order, each file once.

Works on plain strings and one ``stat`` a file, because a project may hold ten thousand of them and
looking must cost little more than that.
"""

# Plain strings instead of pathlib, which costs more than the work itself when there are ten thousand files.
# ruff: noqa: PTH100, PTH114, PTH116, PTH117, PTH118

from __future__ import annotations

import errno
import os
import stat
import unicodedata
from collections import deque
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from mason.caches import Stamp, stamp_of
from mason.errors import Diagnostic
from mason.settings import PROJECT_FILE

ENDINGS = (".yaml", ".yml")
MAX_BYTES = 10_000_000
"""The largest file that is read; a definition of work is never that long, a data file that lies around may be."""

_LEFT_OUT = frozenset({"node_modules", "__pycache__"})
_ENVIRONMENT = "pyvenv.cfg"


class Found(NamedTuple):
    """A YAML file. ``shown`` is how people see it, ``key`` how the cache knows it, ``named`` if it was a PATH."""

    shown: str
    key: str
    path: str
    stamp: Stamp
    named: bool


def unreadable(shown: str, error: OSError) -> Diagnostic:
    """The fault of something that the system does not let us look at, in the system's own words."""
    if error.errno == errno.ELOOP:
        return Diagnostic(shown, 0, "this link leads back to itself", "remove the link")
    return Diagnostic(shown, 0, f"cannot be read: {error.strerror or error}", "check its permissions")


def find(paths: Sequence[Path], root: Path, ignore: Sequence[str] = ()) -> tuple[list[Found], list[Diagnostic]]:
    """The YAML files at and below ``paths`` (none: ``root``), sorted as shown, and what could not be looked at.

    Hidden files and folders, ``node_modules``, ``__pycache__`` and virtual environments are left out unless they are
    named; links are followed after what is really there, so that each file and folder is met once, by its own name.

    So are those that match a pattern of ``ignore``, in which ``*`` stands for any characters: one with a slash is
    matched with the path from ``root``, another one with the name.
    """
    walk = _Walk(os.path.abspath(root), ignore)
    walk.begin(paths or [root])
    return sorted(walk.found), walk.faults


class _Walk:
    """One walk; ``found`` and ``faults`` fill up while it goes."""

    def __init__(self, root: str, ignore: Sequence[str]) -> None:
        self._root = root
        self._ignore = ignore
        self._project_file = os.path.join(root, PROJECT_FILE)
        self._files: set[tuple[int, int]] = set()
        self._folders: set[str] = set()
        self._links: deque[tuple[str, str, str]] = deque()
        self.found: list[Found] = []
        self.faults: list[Diagnostic] = []

    def begin(self, paths: Iterable[Path]) -> None:
        """Look at files first, so that a file is known as named even if a folder around it is named as well."""
        folders: list[tuple[str, str]] = []
        for given in paths:
            path = os.path.abspath(given)
            shown = self._shown(path, os.fspath(given))
            try:
                status = os.stat(path)
            except (FileNotFoundError, NotADirectoryError):
                if os.path.islink(path):
                    self._fault(shown, "this link points to nothing", "remove it, or mend its target")
                else:
                    self._fault(shown, "there is no such file or folder", "check the path")
            except OSError as error:
                self._unreadable(shown, error)
            else:
                if stat.S_ISDIR(status.st_mode):
                    folders.append((path, "" if shown == "." else shown.rstrip("/") + "/"))
                elif not path.endswith(ENDINGS):
                    self._fault(shown, "this is no .yaml or .yml file", "name a folder or a YAML file")
                else:
                    self._file(path, shown, named=True)
        for path, prefix in folders:
            self._folder(path, prefix)
        while self._links:
            self._follow(*self._links.popleft())

    def _shown(self, path: str, given: str) -> str:
        for mine, start in ((path, self._root), (os.path.realpath(path), os.path.realpath(self._root))):
            if mine == start:
                return "."
            if mine.startswith(start.rstrip(os.sep) + os.sep):
                return os.path.relpath(mine, start)
        return given

    def _folder(self, start: str, prefix: str) -> None:
        # Links are followed elsewhere, so below a real path there are real paths: no stat is needed to know a folder.
        pending = [(start, prefix, os.path.realpath(start))]
        while pending:
            path, prefix, real = pending.pop()
            if real in self._folders:
                continue
            self._folders.add(real)
            try:
                with os.scandir(path) as listing:
                    entries = list(listing)
            except OSError as error:
                self._unreadable(prefix, error)
                continue
            if path == start or not any(entry.name == _ENVIRONMENT for entry in entries):
                self._entries(path, prefix, real, entries, pending)

    def _entries(
        self,
        path: str,
        prefix: str,
        real: str,
        entries: list[os.DirEntry[str]],
        pending: list[tuple[str, str, str]],
    ) -> None:
        for entry in entries:
            name = entry.name
            if name[0] == "." or name in _LEFT_OUT or (self._ignore and self._is_ignored(prefix + name)):
                continue
            if entry.is_symlink():
                self._links.append((entry.path, prefix + name, path))
            elif entry.is_dir():
                pending.append((entry.path, f"{prefix}{name}/", f"{real}/{name}"))
            elif name.endswith(ENDINGS) and entry.path != self._project_file:
                self._file(entry.path, prefix + name)

    def _is_ignored(self, shown: str) -> bool:
        from fnmatch import fnmatchcase

        name = shown.rpartition("/")[2]
        return any(fnmatchcase(shown if "/" in pattern else name, pattern) for pattern in self._ignore)

    def _follow(self, path: str, shown: str, parent: str) -> None:
        try:
            is_folder = stat.S_ISDIR(os.stat(path).st_mode)
        except OSError as error:
            if error.errno == errno.ELOOP:
                self._unreadable(shown, error)
            elif path.endswith(ENDINGS):
                self._fault(shown, "this link points to nothing", "remove it, or mend its target")
            return
        if not is_folder:
            if path.endswith(ENDINGS) and path != self._project_file:
                self._file(path, shown)
            return
        target, here = os.path.realpath(path), os.path.realpath(parent)
        if (here + os.sep).startswith(target.rstrip(os.sep) + os.sep):
            self._fault(shown, "this link leads back to a folder that holds it", "remove the link")
        else:
            self._folder(path, shown + "/")

    def _file(self, path: str, shown: str, *, named: bool = False) -> None:
        try:
            # Not DirEntry.stat(), which knows no inode on Windows.
            status = os.stat(path)
        except OSError as error:
            self._unreadable(shown, error)
            return
        identity = (status.st_dev, status.st_ino)
        if identity in self._files:
            return
        self._files.add(identity)
        if not stat.S_ISREG(status.st_mode):
            self._fault(shown, "this is no regular file", "rename it, or move it out of the project")
        elif not shown.isprintable() and any(unicodedata.category(c) in ("Cc", "Cs") for c in shown):
            escaped = shown.encode("ascii", "backslashreplace").decode()
            escaped = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in escaped)
            self._fault(escaped, "the file's name holds control characters or is not UTF-8", "rename it")
        else:
            key = path if os.path.isabs(shown) or shown.startswith("..") else shown
            self.found.append(Found(shown, key, path, stamp_of(status), named))

    def _fault(self, shown: str, message: str, remedy: str = "") -> None:
        self.faults.append(Diagnostic(shown, 0, message, remedy))

    def _unreadable(self, shown: str, error: OSError) -> None:
        self.faults.append(unreadable(shown.rstrip("/") or ".", error))
