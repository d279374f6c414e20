"""A plan that found nothing to do says so again, as long as nothing is different: known before Mason itself is loaded.

The answer of ``mason plan`` depends on files, on the state, on a few settings of the environment and on the code that
is installed here. One digest of all their stamps is kept beside the answer, and while the digest is the same, the
answer is given at once. What the digest does not cover is never answered from here: plans of runs and schedules (which
ask engines, clients of other packages and the clock), plans that have something to tell, configs that refer to the
environment, and other options.

It holds no more than that: it decides nothing, and without it each plan is made as ever. Python's own start is most of
its time, so that what costs more than a millisecond to import is not imported.
"""

# Plain strings instead of pathlib, which costs more than the work itself.
# ruff: noqa: PTH100, PTH109, PTH110, PTH111, PTH113, PTH115, PTH116, PTH118, PTH120, PTH123

from __future__ import annotations

import os
import sys
from time import time_ns

from mason.version import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_FORMAT = b"mason-unchanged-1\n"
_WITH_VALUE = ("--state", "--workspace")
_READ = (".yaml", ".yml", ".py")
# What changes how a plan looks or where things are; all that begins with MASON_ besides.
_VARIABLES = ("HOME", "NO_COLOR", "TERM", "COLUMNS", "SUDO_UID", "PYTHONPATH", "PYTHONHASHSEED")
# What the person's own folder says: whom they trust, which states they met and how far these had come, which config is
# current.
_OF_HOME = (".env", "trusted_folders", "known_states", "met_serials.json", "current_configs.json")
_RACY_NS = 2_000_000_000
_DIGEST = 32


class _UncertainError(Exception):
    """Something is there whose changes no stamp would tell."""


class Look:
    """What all that a plan depends on looked like when the process began, the state aside.

    ``answer`` is to be printed instead of a plan, ``None`` where one has to be made.
    """

    def __init__(self, file: str, seen: list[str], newest: int, began: int) -> None:
        self._file = file
        self._seen = seen
        self._newest = newest
        self._began = began
        self._state = ""
        self.answer = self._kept()

    def at(self, state: str) -> Look | None:
        """This look with that at the state's file beside it, made before the state is read; ``None`` where there is no
        such file."""
        self._state = state
        try:
            self._seen.append(self._stamp(state))
        except OSError:
            return None
        return self

    def keep(self, answer: str) -> None:
        """Answer so from now on while nothing is different. Nothing is kept where a change could go unseen because a
        file is too young, or where nothing can be written."""
        # Imported here: most plans have something to do, or were answered.
        from pathlib import Path

        from mason.caches import write_whole

        if self._newest < self._began - _RACY_NS and answer.isascii():
            payload = "\0".join((self.digest, self._state, answer)).encode("utf-8", "surrogateescape")
            write_whole(Path(self._file), _FORMAT + _hash(payload) + payload)

    def _kept(self) -> str | None:
        try:
            with open(self._file, "rb", buffering=0) as file:
                if os.fstat(file.fileno()).st_uid != os.geteuid():
                    return None
                data = file.read()
            start = len(_FORMAT) + _DIGEST
            payload = data[start:]
            if not data.startswith(_FORMAT) or _hash(payload) != data[len(_FORMAT) : start]:
                return None
            digest, state, answer = payload.decode("utf-8", "surrogateescape").split("\0")
            self._seen.append(self._stamp(state))
        except (OSError, ValueError):
            return None
        known = digest == self.digest
        self._seen.pop()
        return answer if known else None

    def _stamp(self, state: str) -> str:
        stamp, newest = _stamped(state, os.stat(state))
        self._newest = max(self._newest, newest)
        folder = os.path.dirname(state)
        around = os.path.dirname(folder)
        # Folders by their owners only, because a state of other users is not used: their times change with each lock.
        # That of a workspace is in a folder of the state.
        owners = (os.stat(each) for each in (folder, around, os.path.dirname(around)))
        return " ".join((stamp, *(f"{each.st_uid} {each.st_mode}" for each in owners)))

    @property
    def digest(self) -> str:
        """One text for all that was seen so far."""
        return _hash("\0".join(self._seen).encode("utf-8", "surrogateescape")).hex()


def look(arguments: Sequence[str], *, clock: Callable[[], int] = time_ns) -> Look | None:
    """A look at what ``mason`` with these arguments depends on; ``None`` where it is no plan of a whole project in the
    current folder, or has options that are never answered from here. ``clock`` tells nanoseconds since 1970."""
    began = clock()
    if not _is_plain(arguments):
        return None
    try:
        root = os.getcwd()
        if not os.path.isfile(f"{root}/mason.yaml"):
            return None
        home = os.path.join(root, os.path.expanduser(os.environ.get("MASON_HOME") or "~/.mason"))
        folder = os.stat(root)
        seen = [root, home, f"{folder.st_uid} {folder.st_mode}", repr(arguments), *_surroundings()]
        newest = 0
        for stamp, changed in (*_of_project(root), *_of_home(home)):
            seen.append(stamp)
            newest = max(newest, changed)
    except (OSError, _UncertainError):
        return None
    name = _hash(f"{root}\0{arguments!r}".encode("utf-8", "surrogateescape")).hex()[:16]
    return Look(f"{home}/cache/unchanged-{name}", seen, newest, began)


def _is_plain(arguments: Sequence[str]) -> bool:
    """Whether these are a plan with no options but harmless ones."""
    rest = list(arguments)
    while rest and rest[0] != "plan":
        if rest[0] in _WITH_VALUE and len(rest) > 1:
            del rest[:2]
        elif rest[0] == "--no-color":
            del rest[0]
        else:
            return False
    return rest in (["plan"], ["plan", "--detailed-exitcode"])


def _surroundings() -> Iterator[str]:
    """The environment, the terminal, and the code that is installed: Python, Mason and the packages beside it."""
    for name in sorted(os.environ):
        # Variables of a project are named in any case.
        if name in _VARIABLES or name.upper().startswith("MASON_"):
            yield f"{name}={os.environ[name]}"
    yield f"{os.isatty(1)} {os.geteuid()} {sys.version} {sys.prefix} {__version__}"
    for folder in sys.path:
        # What is installed, upgraded or removed makes or deletes an entry in one of these. Some are archives.
        yield f"{folder} {os.stat(folder).st_mtime_ns if os.path.exists(folder) else None}"
    package = os.path.dirname(os.path.abspath(__file__))
    if os.path.dirname(package).rpartition(os.sep)[2] not in ("site-packages", "dist-packages"):
        # People who work on Mason itself: its version stays the same while its rules change.
        yield from (stamp for stamp, _ in _files_below(package, (), may_link=True))


def _of_home(home: str) -> Iterator[tuple[str, int]]:
    for name in _OF_HOME:
        yield _of_file(f"{home}/{name}")


def _of_project(root: str) -> Iterator[tuple[str, int]]:
    """The stamps of all that a load of the project may read: more than it reads, because what is left out, and what
    ``ignore`` says, is known to it alone."""
    yield _of_file(f"{root}/.env")
    yield from _files_below(root, _READ)


def _files_below(root: str, endings: tuple[str, ...], *, may_link: bool = False) -> Iterator[tuple[str, int]]:
    """Stamps of the files with one of these endings (none: all) below a folder. Raises ``_UncertainError`` where a link
    leads to a folder (with ``may_link`` it is passed over), or where code may lie in a folder that is passed over."""
    pending = [root]
    while pending:
        path = pending.pop()
        with os.scandir(path) as entries:
            listed = [entry for entry in entries if entry.name[0] != "." and entry.name != "__pycache__"]
        names = {entry.name for entry in listed}
        if path != root and ("pyvenv.cfg" in names or path.endswith(f"{os.sep}node_modules")):
            if "__init__.py" in names:
                raise _UncertainError
            continue
        for entry in listed:
            if entry.is_symlink():
                if entry.is_dir():
                    if may_link:
                        continue
                    raise _UncertainError
                stamp, changed = _of_file(entry.path)
                yield f"{stamp} {os.readlink(entry.path)}", changed
            elif entry.is_dir():
                pending.append(entry.path)
            elif not endings or entry.name.endswith(endings):
                # Not DirEntry.stat(), which knows no inode on Windows.
                yield _stamped(entry.path, os.stat(entry.path))


def _of_file(path: str) -> tuple[str, int]:
    try:
        return _stamped(path, os.stat(path))
    except FileNotFoundError:
        return f"{path} none", 0


def _stamped(path: str, status: os.stat_result) -> tuple[str, int]:
    """What changes when a file is written, and when it changed last (ctime cannot be set back)."""
    mtime, ctime = status.st_mtime_ns, status.st_ctime_ns
    return f"{path} {status.st_size} {mtime} {ctime} {status.st_ino}", max(mtime, ctime)


def _hash(data: bytes) -> bytes:
    try:
        # The package around it loads OpenSSL, which takes longer than all the rest.
        from _blake2 import blake2b
    except ImportError:
        from hashlib import blake2b
    return blake2b(data, digest_size=_DIGEST).digest()
