"""A folder that nothing may leave: paths are resolved first (``..``, symlinks) and then checked. What is no data is
neither written nor deleted (:mod:`mason.engines.fence`), by whatever path it is reached.

Hidden files, and names that begin with ``_`` as Hadoop's markers do, are no data and are passed over.
"""

from __future__ import annotations

import errno
import glob
import os
import stat
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path, PurePosixPath

from mason.engines import fence
from mason.engines.fence import own_things
from mason.engines.file_urls import file_path, file_url
from mason.errors import AccessDeniedError, ConflictError, EngineError, NotFoundError


class Root:
    """A folder, and whether paths may lead out of it: anywhere with ``allow_outside``, and URLs into ``others``, real
    paths of folders that are asked for when they are needed. ``client`` is named in errors.

    ``kept_out`` are real paths of files and folders where Mason keeps its own things, asked for like ``others``:
    nothing is read, written or deleted there.
    """

    scheme: str = "file"

    def __init__(
        self,
        path: Path,
        *,
        client: str,
        allow_outside: bool = False,
        others: Callable[[], Collection[Path]] = tuple,
        kept_out: Callable[[], Collection[Path]] = tuple,
    ) -> None:
        self.path = Path(os.path.realpath(path))
        self.client = client
        self.allow_outside = allow_outside
        self.others = others
        self.kept_out = kept_out

    def path_of(self, url: str) -> str:
        """The absolute path that a URL means. Raises ``EngineError`` for one that leads nowhere here."""
        found = file_path(url)
        if found is None:
            raise self.unusable(url)
        return found

    def url_of(self, path: Path) -> str:
        """The inverse of :meth:`path_of`."""
        return file_url(path)

    def plain(self, path: str) -> str:
        """``path``, and where it is a URL the path that it means. Raises as :meth:`path_of`."""
        return self.path_of(path) if "://" in path else path

    def place(self, path: str) -> Path:
        """The absolute path that a path, URL or glob stands for, as it is written; nothing is checked."""
        return self.path / self.plain(path)

    def locate(self, path: str) -> str:
        """The URL of what ``path`` leads to: a file, a folder or a glob, which need not exist.

        It has no ``..`` and no links in it, but for the last name, which may be that of a link; wildcards stay. Raises
        as :meth:`resolve`.
        """
        plain = self.plain(path)
        if self._is_glob(plain):
            base, pattern = self._base(plain, is_url="://" in path)
            return self.url_of(base / pattern)
        real, named = self.resolve(path), self.path / plain
        return self.url_of(Path(os.path.realpath(named.parent)) / named.name if named.is_symlink() else real)

    def unusable(self, path: str) -> EngineError:
        """The error for what is no path of a file."""
        takes = f"paths of files and {self.scheme}:// URLs"
        return EngineError(f"{path!r} is no path that client {self.client} can reach; it takes {takes}.")

    def resolve(self, path: str) -> Path:
        """The real path that ``path`` (relative to this folder, absolute, or a URL) leads to; it need not exist.

        Raises ``AccessDeniedError`` for a path outside of the folder, or that may not be looked at, and ``EngineError``
        for what is no path.
        """
        self.check()
        try:
            real = Path(os.path.realpath(self.path / self.plain(path)))
        except ValueError as error:
            # A NUL, or half of a character.
            raise self.unusable(path) from error
        if not self._holds(real, is_url="://" in path):
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
        real = self.changeable(path)
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

    def changeable(self, path: str) -> Path:
        """As :meth:`resolve`, for a file or folder that is to be written, replaced or deleted.

        Raises ``AccessDeniedError`` for what is no data, too.
        """
        real = self.resolve(path)
        self.refuse_kept_out(real, path)
        if fault := self._name_fault(real, path):
            raise AccessDeniedError(fault)
        return real

    def refuse_kept_out(self, real: Path, path: str) -> None:
        """Raises ``AccessDeniedError`` where ``path`` leads into Mason's own things."""
        if keeper := self.keeper(real) or self._same_keeper(real):
            raise AccessDeniedError(own_things(path or ".", keeper))

    def _same_keeper(self, real: Path) -> str:
        """As :meth:`keeper`, where the file system knows a place by other names: in upper case, or mounted twice."""
        places = {met: place for place in self.kept_out() if (met := _identity(place)) is not None}
        found = (places.get(met) for each in (real, *real.parents) if (met := _identity(each)) is not None)
        return next((self.show(place) for place in found if place is not None), "")

    def keeper(self, real: Path, kept_out: Collection[Path] | None = None) -> str:
        """What of Mason's own a resolved path is or lies in, as a person would say it; empty where it is data.

        ``kept_out`` saves who asks of many paths to ask for the places again.
        """
        places = sorted(self.kept_out()) if kept_out is None else kept_out
        place = next((each for each in places if real.is_relative_to(each)), None)
        if place is not None:
            return self.show(place)
        return ".env and .mason" if real.name.lower() == ".env" or ".mason" in self._inner(real) else ""

    def refuse_own_things_in(self, folder: Path, path: str) -> None:
        """Raises ``AccessDeniedError`` where something in a folder that is to be deleted is none of its data."""
        for place in self.kept_out():
            if place.is_relative_to(folder):
                raise AccessDeniedError(own_things(path, self.show(place)))
        for inner, folders, files in os.walk(folder):
            for name in (*folders, *files):
                if fence.is_own(name) or _is_plan(Path(inner, name)):
                    raise AccessDeniedError(fence.holds_own(path, self.show(Path(inner, name))))

    def _name_fault(self, real: Path, path: str) -> str:
        """Why a path is not written or deleted, by its own names or by those of what it leads to."""
        name = PurePosixPath(*self._inner(real)).as_posix()
        return fence.fault(path) or (fence.fault(name).replace(name, path, 1) if fence.fault(name) else "")

    def _inner(self, real: Path) -> tuple[str, ...]:
        """The names of a resolved path below this folder, or below what it shares with this folder."""
        shared = Path(os.path.commonpath((self.path, real)))
        return real.relative_to(shared).parts

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

    def _holds(self, real: Path, *, is_url: bool) -> bool:
        """Whether a resolved path may be touched: only URLs lead into other roots, and links that lie there."""
        return self.has(real) or self.allow_outside or (is_url and self._is_elsewhere(real))

    def has(self, path: Path) -> bool:
        """Whether a path is, or is below, this folder."""
        return path.is_relative_to(self.path)

    def _is_elsewhere(self, path: Path) -> bool:
        return any(path.is_relative_to(other) for other in self.others())

    def owns(self, real: Path) -> bool:
        """Whether a resolved path lies in this folder or another one that the client knows of."""
        return real != self.path and (self.has(real) or self._is_elsewhere(real))

    def would_lose(self, real: Path) -> bool:
        """Whether this folder, or another one that the client knows of, would be gone with a resolved path."""
        return any(root.is_relative_to(real) for root in (self.path, *self.others()))

    def show(self, path: Path | str) -> str:
        """A path as a person would type it: relative where it lies in this folder, its URL in one of ``others``."""
        path = Path(path)
        if self.has(path):
            return path.relative_to(self.path).as_posix()
        return self.url_of(path) if self._is_elsewhere(path) else path.as_posix()

    def find(self, path: str, *, strict: bool = True) -> tuple[Path, list[Path]]:
        """The folder that a file, folder or glob starts from, and all files there that are data, sorted.

        Links that lead outside are refused, or passed over when ``strict`` is false. Raises ``NotFoundError`` when
        a path without wildcards does not exist.
        """
        if self._is_glob(plain := self.plain(path)):
            return self._matching(plain, strict, is_url="://" in path)
        real = self.resolve(path)
        self.refuse_kept_out(real, path)
        if real.is_file():
            return real.parent, [real]
        if not real.is_dir():
            raise NotFoundError(f"There is no file or folder {path or '.'} in {self.path}.")
        return real, list(self.walk(real, strict=strict))

    def is_glob(self, path: str) -> bool:
        """Whether ``path`` has wildcards, and there is nothing that is called so."""
        return self._is_glob(self.plain(path))

    def _is_glob(self, plain: str) -> bool:
        return glob.has_magic(plain) and not (self.path / plain).exists()

    def _base(self, pattern: str, *, is_url: bool) -> tuple[Path, str]:
        """The folder that a glob starts from, and what is left of it."""
        parts = PurePosixPath(pattern).parts
        plain = next(index for index, part in enumerate(parts) if glob.has_magic(part))
        base = str(PurePosixPath(*parts[:plain])) if plain else ""
        return self.resolve(self.url_of(Path(base)) if is_url else base), str(PurePosixPath(*parts[plain:]))

    def _matching(self, wanted: str, strict: bool, *, is_url: bool) -> tuple[Path, list[Path]]:
        base, pattern = self._base(wanted, is_url=is_url)
        found: set[Path] = set()
        kept_out = self.kept_out()
        for match in expanded(base, PurePosixPath(pattern).parts):
            real = Path(os.path.realpath(match))
            if not self._holds(real, is_url=is_url):
                if strict:
                    self.resolve(self.show(match))
                continue
            if self.keeper(real, kept_out) or not (real.is_dir() or real.is_file()):
                continue
            found.update(self.walk(real, strict=strict) if real.is_dir() else [real] if is_data(real.name) else [])
        return base, sorted(found)

    def walk(self, folder: Path, *, strict: bool = True) -> Iterator[Path]:
        """All data files at and below ``folder``, sorted, as real paths. Folders that are symlinks are not entered.

        A file that links lead to as well comes once. A link that leads outside raises ``AccessDeniedError``, or is
        passed over when ``strict`` is false.
        """
        met: set[Path] = set()
        for path in self._met(folder, strict, {str(place): place for place in self.kept_out()}):
            if path not in met:
                met.add(path)
                yield path

    def _met(self, folder: Path, strict: bool, kept_out: Mapping[str, Path]) -> Iterator[Path]:
        for entry in entries(folder):
            if entry.path in kept_out:
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from self._met(Path(entry.path), strict, kept_out)
            elif entry.is_symlink():
                real = self.resolve(self.show(entry.path)) if strict else Path(os.path.realpath(entry.path))
                holds = self._holds(real, is_url=self._is_elsewhere(folder)) and real.is_file()
                if holds and not self.keeper(real, kept_out.values()):
                    yield real
            elif entry.is_file():
                yield Path(entry.path)


def _identity(path: Path) -> tuple[int, int] | None:
    """What a file or folder is known by whatever it is called; ``None`` where nothing is, or may be looked at."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def is_data(name: str) -> bool:
    """Whether a file or folder of that name may hold data."""
    return not name.startswith((".", "_"))


def expanded(base: Path, parts: tuple[str, ...]) -> Iterator[Path]:
    """What a glob below ``base`` matches, hidden names left out; what ``**`` at its end means is the folder itself.

    ``**`` enters folders as :meth:`Root.walk` does, and none that is a link: links may lead in circles, and two of them
    to more paths than anybody can wait for.
    """
    # Path.glob would take hidden files for data.
    if "**" not in parts:
        found = glob.glob(str(PurePosixPath(*parts)), root_dir=base) if parts else ["."]  # noqa: PTH207
        yield from (base / each for each in found)
        return
    place = parts.index("**")
    for start in expanded(base, parts[:place]):
        rest = parts[place + 1 :]
        for folder in _folders(start) if rest else [start] if start.is_dir() else []:
            yield from expanded(folder, rest)


def _folders(start: Path) -> Iterator[Path]:
    """A folder and all below it that may hold data; nothing where it is none."""
    waiting = [start] if start.is_dir() else []
    while waiting:
        yield (folder := waiting.pop())
        waiting.extend(Path(entry.path) for entry in entries(folder) if entry.is_dir(follow_symlinks=False))


def entries(folder: Path) -> list[os.DirEntry[str]]:
    """What a folder holds that may be data, sorted by name. Raises ``AccessDeniedError`` when it cannot be read."""
    return sorted(met(folder), key=lambda entry: entry.name)


def met(folder: Path) -> Iterator[os.DirEntry[str]]:
    """The same in the order of the file system, one by one."""
    try:
        with os.scandir(folder) as found:
            yield from (entry for entry in found if is_data(entry.name))
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


def refuse_plan(file: Path, path: str) -> None:
    """Raises ``AccessDeniedError`` where a plan is in the file that ``path`` leads to, whatever it is called."""
    if _is_plan(file):
        raise AccessDeniedError(fence.plan_refusal(path))


def _is_plan(file: Path) -> bool:
    """Whether a file, and no link to one, is a plan. One that cannot be read is none."""
    try:
        if not stat.S_ISREG(file.lstat().st_mode):
            return False
        with file.open("rb") as opened:
            return fence.is_plan(opened.read(fence.PLAN_HEAD))
    except OSError:
        return False
