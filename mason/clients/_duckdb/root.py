"""A folder that nothing may leave: paths are resolved first (``..``, symlinks) and then checked.

Hidden files, and names that begin with ``_`` as Hadoop's markers do, are no data and are passed over.
"""

from __future__ import annotations

import errno
import glob
import os
import stat
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from mason.errors import AccessDeniedError, ConflictError, EngineError, NotFoundError


class Root:
    """A folder, and whether paths may lead out of it. ``client`` is named in errors."""

    def __init__(self, path: Path, *, client: str, allow_outside: bool = False) -> None:
        self.path = Path(os.path.realpath(path))
        self.client = client
        self.allow_outside = allow_outside

    def resolve(self, path: str) -> Path:
        """The real path that ``path`` (relative to this folder, or absolute) leads to; it need not exist.

        Raises ``AccessDeniedError`` for a path outside of the folder, or that may not be looked at, and ``EngineError``
        for what is no path.
        """
        self.check()
        unusable = f"{path!r} is no path that client {self.client} can reach; it takes paths of files."
        if "://" in path:
            raise EngineError(unusable)
        try:
            real = Path(os.path.realpath(self.path / path))
        except ValueError as error:
            # A NUL, or half of a character.
            raise EngineError(unusable) from error
        if not self.holds(real):
            raise AccessDeniedError(
                f"{path} lies outside of the client's root {self.path} "
                f"(set allow_outside_root: true in the config's {self.client} client to allow it)."
            )
        try:
            if stat.S_ISLNK(real.lstat().st_mode):
                raise EngineError(f"{path} is a link that leads in a circle. Delete it, or choose another path.")
        except PermissionError as error:
            raise AccessDeniedError(
                f"{path} cannot be reached: {error.strerror}. Check the permissions of the folders that it is in."
            ) from error
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                raise EngineError(f"{path[:60]}... is too long for a path on this machine. Shorten it.") from error
        return real

    def target(self, path: str) -> Path:
        """The real path of a file that is to be written; folders above it may be missing.

        Raises ``ConflictError`` where a file or folder is in its way, ``AccessDeniedError`` where nobody may write, and
        what :meth:`resolve` raises.
        """
        real = self.resolve(path)
        if real.is_dir():
            raise ConflictError(f"{path} is a folder; name the file to write.")
        nearest = next(parent for parent in real.parents if parent.exists())
        if not nearest.is_dir():
            raise ConflictError(
                f"{path} cannot be written: {self.show(nearest)} is a file, not a folder. Choose another path."
            )
        if not os.access(nearest, os.W_OK | os.X_OK):
            raise AccessDeniedError(
                f"{path} cannot be written: the folder {self.show(nearest)} may not be written to. Check its "
                "permissions, or choose another path."
            )
        return real

    def check(self) -> None:
        """Raises ``NotFoundError`` when this folder does not exist, and ``EngineError`` when it is none."""
        try:
            mode = self.path.stat().st_mode
        except FileNotFoundError as error:
            raise NotFoundError(
                f"The client's root {self.path} does not exist. {self._remedy('Make the folder')}"
            ) from error
        except OSError as error:
            raise AccessDeniedError(
                f"The client's root {self.path} cannot be reached: {error.strerror}. "
                f"{self._remedy('Check its permissions')}"
            ) from error
        if not stat.S_ISDIR(mode):
            raise EngineError(f"The client's root {self.path} is not a folder. {self._remedy('Make it one')}")

    def _remedy(self, first: str) -> str:
        return f"{first}, or name another one as root in the config's {self.client} client."

    def holds(self, real: Path) -> bool:
        """Whether a resolved path may be touched."""
        return self.allow_outside or real == self.path or self.path in real.parents

    def show(self, path: Path | str) -> str:
        """A path as a person would type it: relative to this folder where it lies inside."""
        path = Path(path)
        return path.relative_to(self.path).as_posix() if path.is_relative_to(self.path) else path.as_posix()

    def find(self, path: str, *, strict: bool = True) -> tuple[Path, list[Path]]:
        """The folder that a file, folder or glob starts from, and all files there that are data, sorted.

        Links that lead outside are refused, or passed over when ``strict`` is false. Raises ``NotFoundError`` when
        a path without wildcards does not exist.
        """
        if glob.has_magic(path) and not (self.path / path).exists():
            return self._matching(path, strict)
        real = self.resolve(path)
        if real.is_file():
            return real.parent, [real]
        if not real.is_dir():
            raise NotFoundError(f"There is no file or folder {path or '.'} in {self.path}.")
        return real, list(self.walk(real, strict=strict))

    def _matching(self, pattern: str, strict: bool) -> tuple[Path, list[Path]]:
        parts = PurePosixPath(pattern).parts
        plain = next(index for index, part in enumerate(parts) if glob.has_magic(part))
        base = self.resolve(str(PurePosixPath(*parts[:plain])) if plain else "")
        found: set[Path] = set()
        # Path.glob would take hidden files for data.
        for match in glob.glob(str(PurePosixPath(*parts[plain:])), root_dir=base, recursive=True):  # noqa: PTH207
            real = Path(os.path.realpath(base / match))
            if not self.holds(real):
                if strict:
                    self.resolve(self.show(base / match))
                continue
            found.update(self.walk(real, strict=strict) if real.is_dir() else [real] if is_data(real.name) else [])
        return base, sorted(found)

    def walk(self, folder: Path, *, strict: bool = True) -> Iterator[Path]:
        """All data files at and below ``folder``, sorted, as real paths. Folders that are symlinks are not entered.

        A file that links lead to as well comes once. A link that leads outside raises ``AccessDeniedError``, or is
        passed over when ``strict`` is false.
        """
        met: set[Path] = set()
        for path in self._met(folder, strict):
            if path not in met:
                met.add(path)
                yield path

    def _met(self, folder: Path, strict: bool) -> Iterator[Path]:
        for entry in entries(folder):
            if entry.is_dir(follow_symlinks=False):
                yield from self._met(Path(entry.path), strict)
            elif entry.is_symlink():
                real = self.resolve(self.show(entry.path)) if strict else Path(os.path.realpath(entry.path))
                if self.holds(real) and real.is_file():
                    yield real
            elif entry.is_file():
                yield Path(entry.path)


def is_data(name: str) -> bool:
    """Whether a file or folder of that name may hold data."""
    return not name.startswith((".", "_"))


def entries(folder: Path) -> list[os.DirEntry[str]]:
    """What a folder holds that may be data, sorted by name. Raises ``AccessDeniedError`` when it cannot be read."""
    try:
        with os.scandir(folder) as found:
            return sorted((entry for entry in found if is_data(entry.name)), key=lambda entry: entry.name)
    except PermissionError as error:
        raise AccessDeniedError(
            f"The folder {folder} cannot be read: {error.strerror}. Check its permissions, or leave it out of the path."
        ) from error


def is_file(entry: os.DirEntry[str]) -> bool:
    """Whether an entry is a file, or a link to one; a link that cannot be followed is none."""
    try:
        return entry.is_file()
    except OSError:
        return False
