"""A folder that nothing may leave: paths are resolved first (``..``, symlinks) and then checked.

Hidden files, and names that begin with ``_`` as Hadoop's markers do, are no data and are passed over.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from mason.errors import AccessDeniedError, EngineError, NotFoundError


class Root:
    """A folder, and whether paths may lead out of it. ``client`` is named in errors."""

    def __init__(self, path: Path, *, client: str, allow_outside: bool = False) -> None:
        self.path = Path(os.path.realpath(path))
        self.client = client
        self.allow_outside = allow_outside

    def resolve(self, path: str) -> Path:
        """The real path that ``path`` (relative to this folder, or absolute) leads to; it need not exist.

        Raises ``AccessDeniedError`` for a path outside of the folder and ``EngineError`` for what is no path.
        """
        if "://" in path or "\0" in path:
            raise EngineError(f"{path!r} is no path that client {self.client} can reach; it takes paths of files.")
        real = Path(os.path.realpath(self.path / path))
        if not self.holds(real):
            raise AccessDeniedError(
                f"{path} lies outside of the client's root {self.path} "
                f"(set allow_outside_root: true in the config's {self.client} client to allow it)."
            )
        return real

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
        raise AccessDeniedError(f"The folder {folder} cannot be read: {error.strerror}.") from error
