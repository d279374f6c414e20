"""The objects below a prefix, which nothing may leave, as :class:`Root` has it for the files of a folder.

There are no links and no folders here: a folder is what keys with a slash make of it, and objects whose keys end with a
slash mark one and are no data. In a URL the key stands as it is, so ``%25`` and ``+`` are themselves. Paths are made
plain as those of files are (without ``.``, ``..`` and doubled slashes); a key that is not plain is read with the folder
that it is in, and by no path of its own.
"""

from __future__ import annotations

import glob
import re
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from mason.clients._duckdb.root import Root
from mason.clients._objects.object_path import ObjectPath, path_type
from mason.engines import fence
from mason.engines.file_urls import scheme_of
from mason.errors import AccessDeniedError, ConflictError, EngineError, NotFoundError

if TYPE_CHECKING:
    from mason.clients._duckdb.httpfs import ObjectAccess
    from mason.clients._objects.object_store import ObjectFacts, ObjectStore

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
BUCKET = r"(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9](?:[a-z0-9-]|\.(?!\.)){1,61}[a-z0-9]"
"""The form of names of buckets of S3."""


class ObjectRoot(Root):
    """The objects of ``store`` below ``url``; all of its buckets where the URL names none.

    client: named in errors.
    places: URLs of places where Mason keeps its own things.
    elsewhere: gives the root of another client of the config that a URL leads to, ``None`` where there is none.
    access: tells how DuckDB reaches the objects by itself; ``None`` where it reads them as streams of Mason's.
    bucket: the form of the names of buckets; ``None`` where any name will do.
    """

    def __init__(
        self,
        store: ObjectStore,
        url: str,
        *,
        client: str,
        places: tuple[str, ...] = (),
        elsewhere: Callable[[str], ObjectRoot | None] = lambda url: None,
        access: Callable[[], ObjectAccess] | None = None,
        bucket: str | None = BUCKET,
    ) -> None:
        self.store = store
        self.access = access
        self.scheme = store.scheme
        self.client = client
        self.places = places
        self.elsewhere = elsewhere
        self._type = path_type(store)
        self._bucket = bucket
        self.path: ObjectPath
        name, *parts = self._parts(url) or [""]
        if name:
            self._check_bucket(name, url)
        self.path = self._type.of(name, "/".join(parts))

    # What a path means

    def path_of(self, url: str) -> str:
        """A URL is the path itself."""
        return str(self._at(url))

    def url_of(self, path: Path) -> str:
        """``SCHEME://BUCKET/KEY``, without a slash at its end."""
        return str(path)

    def plain(self, path: str) -> str:
        """The path as it is: both forms are understood everywhere."""
        return path

    def place(self, path: str) -> Path:
        """As :meth:`resolve`, also for a glob."""
        return self._at(path)

    def locate(self, path: str) -> str:
        """The URL of what ``path`` leads to, which need not exist; wildcards stay. Nothing is asked."""
        return str(self._at(path))

    def resolve(self, path: str) -> ObjectPath:
        """The path of an object or a folder, which need not exist. Raises ``AccessDeniedError`` for one outside."""
        return self._at(path)

    def object_at(self, path: str) -> ObjectPath:
        """As :meth:`resolve`, for what is an object or may become one. Raises ``EngineError`` for a bucket."""
        found = self._at(path)
        if not found.key:
            raise EngineError(f"{path or '.'} is {self._named(found)}, not an object. Name one in it.")
        return found

    def target(self, path: str) -> ObjectPath:
        """The path of an object that is to be written. Raises ``ConflictError`` where a folder is in its way, and what
        :meth:`changeable` raises."""
        real = self.changeable(path)
        if not real.key or real.is_dir():
            raise ConflictError(f"{path or '.'} is a folder; name the file to write.")
        return real

    def changeable(self, path: str) -> ObjectPath:
        """As :meth:`resolve`, for what is to be written or deleted. Raises ``AccessDeniedError`` for no data."""
        real = self._at(path)
        self.refuse_kept_out(real, path)
        if fault := fence.fault(path) or fence.fault(self._inner_name(real)):
            raise AccessDeniedError(fault)
        return real

    def refuse_kept_out(self, real: Path, path: str) -> None:
        """Raises ``AccessDeniedError`` where ``path`` leads into Mason's own things."""
        if fault := fence.kept_fault(path or ".", str(real), self.places):
            raise AccessDeniedError(fault)

    def keeper(self, real: Path, kept_out: Collection[Path] | None = None) -> str:
        """What of Mason's own a path is or lies in; empty where it is data."""
        return next((each for each in self.places if fence.is_at(str(real), each)), "")

    def refuse_own_things_in(self, folder: Path, path: str) -> None:
        """Raises ``AccessDeniedError`` where something in a folder that is to be deleted is none of its data."""
        for place in self.places:
            if fence.is_at(place.rstrip("/"), str(folder)):
                raise AccessDeniedError(fence.own_things(path, place))
        assert isinstance(folder, ObjectPath)
        for each in folder.objects():
            if fence.is_own(each.relative_to(folder).as_posix()):
                raise AccessDeniedError(fence.holds_own(path, self.show(each)))

    def check(self) -> None:
        """There is nothing to look at: a bucket that is missing shows when it is asked."""

    def has(self, path: Path) -> bool:
        """Whether a path is, or is below, this root."""
        return path.is_relative_to(self.path)

    def owns(self, real: Path) -> bool:
        """Whether a path lies in this root or in that of another client of the config."""
        return real != self.path and (self.has(real) or self.elsewhere(str(real)) is not None)

    def would_lose(self, real: Path) -> bool:
        """Whether this root would be gone with a path; a bucket always is one."""
        return self.path.is_relative_to(real) or len(real.parts) <= 3

    def show(self, path: Path | str) -> str:
        """A path as a person would type it: relative where it lies in this root, else its URL."""
        if isinstance(path, str):
            above = f"{self.path}/" if self.path.parts[2:] else f"{self.scheme}://"
            return path.removeprefix(above) if path.startswith(above) else path
        return str(path.relative_to(self.path)) if self.has(path) else str(path)

    # What is there

    def find(self, path: str, *, strict: bool = True) -> tuple[Path, list[Path]]:
        """The folder that an object, folder or glob starts from, and all objects there that are data, sorted.

        Raises ``NotFoundError`` when a path without wildcards does not exist.
        """
        base, found = self.facts(path)
        listed: list[Path] = [self._of(base).of(base.bucket, each.key, each) for each in found]
        return base, sorted(listed, key=lambda each: each.parts)

    def facts(self, path: str) -> tuple[ObjectPath, Iterator[ObjectFacts]]:
        """As :meth:`find`, in the order of the keys and one by one, as the store lists them."""
        at = self._at(path)
        self.refuse_kept_out(at, path)
        if not at.key:
            if not at.parts[2:]:
                raise EngineError(f"{path or '.'} is {self._named(at)}. Name a bucket: {self.scheme}://BUCKET")
            return at, self._data(at)
        if not path.endswith("/") and (known := at.known()) is not None:
            return at.parent, iter([known])
        if glob.has_magic(at.key) and not at.is_dir():
            return self._matched(at)
        found = self._data(at)
        first = next(found, None)
        if first is None and not at.is_dir():
            raise NotFoundError(f"There is no object and no folder {path or '.'} in {self.path}.")
        return at, found if first is None else _again(first, found)

    def is_glob(self, path: str) -> bool:
        """Whether ``path`` has wildcards, and there is nothing that is called so."""
        at = self._at(path)
        return glob.has_magic(at.key) and not at.exists()

    def walk(self, folder: Path, *, strict: bool = True) -> Iterator[Path]:
        """All objects below a folder that are data, in the order of their keys."""
        assert isinstance(folder, ObjectPath)
        return (self._of(folder).of(folder.bucket, each.key, each) for each in self._data(folder))

    def _data(self, folder: ObjectPath) -> Iterator[ObjectFacts]:
        above = f"{folder.key}/" if folder.key else ""
        for each in folder.store.listed(folder.bucket, above):
            if self._is_data(folder.bucket, each.key, len(above)):
                yield each

    def _matched(self, pattern: ObjectPath) -> tuple[ObjectPath, Iterator[ObjectFacts]]:
        parts = pattern.key.split("/")
        plain = next(index for index, part in enumerate(parts) if glob.has_magic(part))
        base = self._of(pattern).of(pattern.bucket, "/".join(parts[:plain]))
        above = f"{base.key}/" if base.key else ""
        first = re.split(r"[*?\[]", parts[plain])[0]
        wanted = re.compile(_expression(parts[plain:]), re.DOTALL)

        def found() -> Iterator[ObjectFacts]:
            for each in base.store.listed(base.bucket, above + first):
                inside = each.key[len(above) :]
                if wanted.fullmatch(inside) and self._is_data(base.bucket, each.key, len(above)):
                    yield each

        return base, found()

    def _is_data(self, bucket: str, key: str, start: int) -> bool:
        """Whether an object holds data, by what stands behind ``start`` in its key, and by where it is."""
        # As texts: there may be a million of them.
        inside = f"/{key[start:]}"
        if "/." in inside or "/_" in inside or key.endswith(("/", "_$folder$")):
            return False
        return not self.places or not self.keeper(self._type.of(bucket, key))

    # Texts

    def _at(self, path: str) -> ObjectPath:
        """What a path or URL leads to, here or in the root of another client."""
        if scheme_of(path):
            parts = self._parts(path)
            if parts:
                self._check_bucket(parts[0], path)
            found = self._type.of(parts[0] if parts else "", "/".join(parts[1:]))
            if self.has(found):
                return found
            other = self.elsewhere(path)
            if other is None:
                raise self._outside(path)
            return other._at(path)
        if path.startswith("/"):
            raise self._outside(path)
        parts = _plain_parts(path, lambda: self._outside(path))
        if self.path.parts[2:]:
            return self._type.of(self.path.bucket, "/".join(each for each in (self.path.key, *parts) if each))
        if parts:
            self._check_bucket(parts[0], path)
        return self._type.of(parts[0] if parts else "", "/".join(parts[1:]))

    def _parts(self, url: str) -> list[str]:
        """The bucket and the parts of the key of a URL. Raises ``EngineError`` for one of another scheme."""
        if scheme_of(url) != self.scheme:
            raise self.unusable(url)
        bucket, _, key = url.partition("://")[2].partition("/")
        return [bucket, *_plain_parts(key, lambda: self._outside(url))] if bucket else []

    def _of(self, path: ObjectPath) -> type[ObjectPath]:
        return type(path)

    def _inner_name(self, real: Path) -> str:
        return str(real.relative_to(self.path)) if self.has(real) else real.name

    def _named(self, path: ObjectPath) -> str:
        return f"the bucket {path.bucket}" if path.parts[2:] else "no bucket and no object"

    def _outside(self, path: str) -> AccessDeniedError:
        return AccessDeniedError(
            f"{path} lies outside of the client's root {self.path} (choose another root in the config's {self.client} "
            "client, or add a client of that root to the config)."
        )

    def unusable(self, path: str) -> EngineError:
        """The error for what is no path of an object."""
        takes = f"paths of objects and {self.scheme}:// URLs"
        return EngineError(f"{path!r} is no path that client {self.client} can reach; it takes {takes}.")

    def _check_bucket(self, bucket: str, path: str) -> None:
        if self._bucket is not None and not re.fullmatch(self._bucket, bucket):
            raise EngineError(
                f"{path}: {bucket!r} cannot be the name of a bucket: it has 3 to 63 small letters, digits, hyphens and "
                "single dots, and begins and ends with a letter or digit."
            )


def _plain_parts(path: str, outside: Callable[[], AccessDeniedError]) -> list[str]:
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            if not parts:
                raise outside()
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return parts


def _again(first: ObjectFacts, others: Iterator[ObjectFacts]) -> Iterator[ObjectFacts]:
    yield first
    yield from others


def _expression(parts: list[str]) -> str:
    """The regular expression of the keys that a glob matches: objects, and all that is in a folder that it matches."""
    last = len(parts) - 1
    # Of folders, none included; at the end, all that is below.
    many = ["(?:[^/]+/)*" if index < last else ".+" for index, _ in enumerate(parts)]
    found = [
        many[index] if part == "**" else _of_part(part) + ("/" if index < last else "(?:/.+)?")
        for index, part in enumerate(parts)
    ]
    return "".join(found)


def _of_part(part: str) -> str:
    tokens = re.findall(r"\[!?\]?[^\]]*\]|.", part, re.DOTALL)
    return "".join(map(_of_token, tokens))


def _of_token(token: str) -> str:
    if token in ("*", "?"):
        return "[^/]*" if token == "*" else "[^/]"
    if len(token) == 1:
        return re.escape(token)
    inner = token[1:-1].replace("\\", r"\\").replace("[", r"\[").replace("^", r"\^")
    return f"[^/{inner[1:]}]" if inner.startswith("!") else f"[{inner}]"
