"""A path whose file is an object of a store: what reads files reads objects by it, and as a text it is the URL.

Keys may be anything: parts that no path can have (empty ones, ``.`` and ``..``) are kept in disguise, so that a path
still is the object that it was made for. A path that a person writes never leads to such a key.
"""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PosixPath
from typing import IO, TYPE_CHECKING, Any, ClassVar, TypeVar

from mason.clients._objects.object_store import ObjectFacts
from mason.clients._objects.ranges import END, RangeReader

if TYPE_CHECKING:
    from mason.clients._objects.object_store import ObjectStore

# No system opens a path with a NUL in it: what does not know objects fails instead of meeting another file.
_TOP = "\0objects"
_DISGUISE = "\0"
# Requests that are under way at once where many objects are asked for.
AT_ONCE = 32
AHEAD = 256
"""Of how many objects something is held at once, so that the next ones need not be waited for."""

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class ObjectPath(PosixPath):
    """The object ``key`` of ``bucket``, or the folder of that prefix; to be made by :func:`path_type` of a store."""

    store: ClassVar[ObjectStore]

    @classmethod
    def of(cls, bucket: str, key: str = "", facts: ObjectFacts | None = None) -> ObjectPath:
        """The path of an object; ``facts`` are those that a listing told of it. Without a bucket, what is above all."""
        names = (_disguised(part) for part in key.split("/")) if key else ()
        made = cls("/", _TOP, *((bucket, *names) if bucket else ()))
        made.__dict__["facts"] = facts
        return made

    @property
    def bucket(self) -> str:
        """The bucket that it is in; empty for what is above all buckets."""
        return self.parts[2] if self.parts[2:] else ""

    @property
    def key(self) -> str:
        """The key; empty for the bucket itself."""
        return "/".join(_plain(part) for part in self.parts[3:])

    @property
    def name(self) -> str:
        """The last part of the key."""
        return _plain(super().name)

    def __str__(self) -> str:
        parts = self.parts
        if parts[:2] != ("/", _TOP):
            # What is left of one path below another.
            return "/".join(_plain(part) for part in parts) or "."
        return f"{self.store.scheme}://{'/'.join((*parts[2:3], *(_plain(part) for part in parts[3:])))}"

    def __fspath__(self) -> str:
        return str(self)

    def known(self, *, again: bool = False) -> ObjectFacts | None:
        """What there is to know of the object; asked for once, or ``again``. ``None`` where there is none."""
        found: ObjectFacts | None = self.__dict__.get("facts")
        if found is None or again:
            found = self.store.facts(self.bucket, self.key) if self.key else None
            self.__dict__["facts"] = found
        return found

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        """Size, time, and the version in the place of the number of a file. Raises ``FileNotFoundError``."""
        facts = self.known()
        if facts is None:
            raise FileNotFoundError(2, os.strerror(2), str(self))
        return status_of(facts)

    def lstat(self) -> os.stat_result:
        """As :meth:`stat`: there are no links."""
        return self.stat()

    def open(  # type: ignore[override]  # Path's overloads tell modes apart, and there is one here
        self, mode: str = "r", buffering: int = -1, *_: Any, **__: Any
    ) -> IO[Any]:
        """The content as bytes. Raises ``FileNotFoundError``, and what reading a range raises."""
        if mode != "rb":
            raise io.UnsupportedOperation(f"{self} is not opened as {mode!r}")
        facts = self.known()
        if facts is None:
            raise FileNotFoundError(2, os.strerror(2), str(self))
        return io.BufferedReader(RangeReader(self.store, self.bucket, facts, self.__dict__.get("end", b"")))

    def download(self, target: Path) -> None:
        """Put the content into a new file. Raises ``FileNotFoundError``, and as :meth:`open`."""
        facts = self.known()
        if facts is None:
            raise FileNotFoundError(2, os.strerror(2), str(self))
        self.store.download(self.bucket, facts, target)

    def fetch_end(self) -> None:
        """Have the last part of the content at hand for who opens it next, until :func:`with_ends` goes on."""
        facts = self.known()
        if facts is not None and facts.size:
            length = min(END, facts.size)
            part = self.store.read_range(self.bucket, facts.key, facts.size - length, length, facts.etag)
            self.__dict__["end"] = part

    def is_file(self) -> bool:
        """Whether it is an object."""
        return self.known() is not None

    def is_dir(self) -> bool:
        """Whether there are objects below it."""
        if self.__dict__.get("facts") is not None:
            return False
        prefix = f"{self.key}/" if self.key else ""
        return next(self.store.listed(self.bucket, prefix), None) is not None

    def is_symlink(self) -> bool:
        """It never is."""
        return False

    def exists(self, *, follow_symlinks: bool = True) -> bool:
        """Whether it is an object, or there are some below it."""
        return self.is_file() or self.is_dir()

    def rglob(  # type: ignore[override]  # Path's arguments differ from one Python to the next
        self, pattern: str, **_: object
    ) -> Iterator[ObjectPath]:
        """All objects below it, whatever the pattern is: no other than ``*`` is asked for."""
        assert pattern == "*"
        return self.objects()

    def objects(self) -> Iterator[ObjectPath]:
        """The objects below it, in the order of their keys; without those that only mark a folder."""
        for facts in self.store.listed(self.bucket, f"{self.key}/" if self.key else ""):
            if not facts.key.endswith("/"):
                yield self.of(self.bucket, facts.key, facts)


def path_type(store: ObjectStore) -> type[ObjectPath]:
    """The paths of the objects of one store."""
    return type("ObjectPath", (ObjectPath,), {"store": store})


def status_of(facts: ObjectFacts) -> os.stat_result:
    """The facts of an object as ``stat`` tells those of a file; its version is in the place of the inode."""
    from hashlib import sha256

    version = int.from_bytes(sha256(facts.etag.encode()).digest()[:7], "big")
    seconds, ns = facts.modified_ns // 10**9, facts.modified_ns
    fields = (stat.S_IFREG | 0o444, version, 0, 1, 0, 0, facts.size, seconds, seconds, seconds)
    # As os.stat has them: with a fraction, then in nanoseconds.
    return os.stat_result((*fields, *[ns / 10**9] * 3, *[ns] * 3))


def ask_again(paths: Iterable[Path]) -> None:
    """Ask for the facts of all objects among ``paths`` anew, many at once. One that is gone has none."""
    several(lambda path: path.known(again=True), [path for path in paths if isinstance(path, ObjectPath)])


def several(work: Callable[[Item], Answer], items: Sequence[Item]) -> list[Answer]:
    """What ``work`` makes of each item, many at once, in order. The first error ends it."""
    import contextvars
    from concurrent.futures import ThreadPoolExecutor

    if len(items) < 2:
        return [work(item) for item in items]
    with ThreadPoolExecutor(min(AT_ONCE, len(items))) as pool:
        # Secrets are remembered for the session of who asks.
        made = [pool.submit(contextvars.copy_context().run, work, item) for item in items]
        try:
            return [each.result() for each in made]
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def with_ends(paths: Sequence[Path]) -> Iterator[Path]:
    """The paths one by one, the last part of each object at hand when it is met: many are asked for at once."""
    for start in range(0, len(paths), AHEAD):
        batch = paths[start : start + AHEAD]
        objects = [path for path in batch if isinstance(path, ObjectPath)]
        several(ObjectPath.fetch_end, objects)
        yield from batch
        for path in objects:
            path.__dict__.pop("end", None)


@contextmanager
def brought_here(paths: Iterable[Path]) -> Iterator[dict[Path, Path]]:
    """Files that hold what the objects among ``paths`` do, by these, asked for many at once; gone afterwards."""
    objects = [path for path in paths if isinstance(path, ObjectPath)]
    if not objects:
        yield {}
        return
    from mason import temporary

    with temporary.folder("objects") as folder:
        held: dict[Path, Path] = {path: folder / f"{number}{path.suffix}" for number, path in enumerate(objects)}
        several(lambda path: path.download(held[path]), objects)
        yield held


@contextmanager
def on_this_machine(path: Path) -> Iterator[Path]:
    """A file that holds what is at ``path``: for objects a copy, which is gone afterwards."""
    if not isinstance(path, ObjectPath):
        yield path
        return
    from mason import temporary

    with temporary.folder("objects") as folder:
        # As a file of any name: a key may have one that is too long.
        held = folder / f"object{path.suffix}"
        path.download(held)
        yield held


def _disguised(part: str) -> str:
    return f"{_DISGUISE}{part}" if part in ("", ".", "..") else part


def _plain(part: str) -> str:
    return part.removeprefix(_DISGUISE)
