"""A storage of objects below a root, which ``s3`` and others share: objects are listed, read, looked at, copied and
published by the requests of their store."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timezone
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from mason.clients._duckdb.root import Root
from mason.clients._jobs import iso
from mason.clients._objects.object_store import ANY, NEW
from mason.engines.client import Client
from mason.engines.fence import fault
from mason.engines.file_urls import scheme_of
from mason.engines.models import Location, Table
from mason.engines.storage import Storage
from mason.errors import AccessDeniedError, ConflictError, EngineError, NotFoundError

if TYPE_CHECKING:
    from mason.clients._duckdb.connection import Limits
    from mason.clients._duckdb.object_root import ObjectRoot
    from mason.clients._duckdb.reading.looks import Seen
    from mason.clients._objects.object_path import ObjectPath
    from mason.clients._objects.object_store import ObjectFacts


class StoringClient(Protocol):
    """What a client needs for its storage to be one of objects."""

    @property
    def root(self) -> ObjectRoot:
        """What paths start from."""
        ...

    @property
    def limits(self) -> Limits:
        """What DuckDB may use, which reads objects, too."""
        ...

    @property
    def seen(self) -> Seen:
        """What looks at objects have found."""
        ...

    @property
    def storage_for(self) -> Callable[[str], Storage | None] | None:
        """As of every client."""
        ...


class ObjectStorage(Storage):
    """Paths are relative to the root. Of two writers at once one is told of a conflict, as far as stores can tell."""

    supports: ClassVar[frozenset[str]] = frozenset(
        {"list_paths", "exists", "locate", "infer_table", "fingerprint", "read", "write", "copy", "delete"}
    )

    def __init__(self, client: Client, keeping: StoringClient) -> None:
        super().__init__(client)
        self.keeping = keeping

    @property
    def root(self) -> ObjectRoot:
        """What paths start from."""
        return self.keeping.root

    def list_paths(self, path: str = "") -> list[Location]:
        """Objects at and below an object, folder or glob; names that begin with ``.`` or ``_`` and what is no data
        (:mod:`mason.engines.fence`) are left out."""
        base, found = self.root.facts(path)
        show = _shower(self.root, base)
        # Of a million objects few have an ending, or a time, of their own.
        refused, time = cache(lambda ending: bool(fault(f"a.{ending}"))), cache(_time)
        listed = [
            Location(show(each.key), each.size, time(each.modified_ns))
            for each in found
            if not refused(each.key.rpartition(".")[2])
        ]
        return sorted(listed, key=lambda each: each.path.split("/"))

    def exists(self, path: str) -> bool:
        """Whether there is an object at ``path``, or one below it."""
        found = self.root.resolve(path)
        return found == self.root.path or found.exists()

    def locate(self, path: str) -> str:
        """``SCHEME://BUCKET/KEY``, the key as it is. Raises ``EngineError`` for the root where that is no bucket."""
        found = self.root.locate(path)
        if found == f"{self.root.scheme}://":
            raise EngineError(f"Client {self.client} has no root, so {path or '.'} has no URL. Name a bucket.")
        return found

    def infer_table(
        self,
        path: str,
        *,
        table: str | None = None,
        read_headers: bool | None = None,
        options: Mapping[str, Any] | None = None,
        columns: Mapping[str, Any] | None = None,
        sample_size: int | None = None,
        seed: int = 0,
    ) -> Table:
        """The table that the objects at ``path`` are. Of parquet the ends of objects are read, of text the beginnings;
        spreadsheets are read whole."""
        # Imported here: planning asks what a client supports without what reads files.
        from mason.clients._duckdb.reading.inference import infer

        return infer(
            path,
            self.root,
            self.keeping.limits,
            self.keeping.seen,
            table=table,
            read_headers=read_headers,
            options=options,
            columns=columns,
            sample_size=sample_size,
            seed=seed,
        )

    def fingerprint(self, path: str, *, content: bool = False) -> str:
        """A sha256 of names, sizes and versions (ETags), or with ``content`` of names and contents, which are then
        read; empty where there is no object."""
        import hashlib

        digest, empty = hashlib.sha256(), True
        for shown, base, each in self._found(path):
            version = _digest(base, each.key) if content else f"{each.size}\0{each.etag}"
            digest.update(f"{shown}\0{version}\n".encode())
            empty = False
        return "" if empty else f"sha256:{digest.hexdigest()}"

    def read(self, path: str) -> bytes:
        """The content of an object."""
        from mason import bounds

        at = self._readable(path)
        try:
            return at.store.read(at.bucket, at.key, most=self.keeping.limits.most_bytes or bounds.STATE)
        except NotFoundError:
            raise self.no_object(at, path) from None

    def write(self, path: str, content: str | bytes, *, overwrite: bool = False) -> Location:
        """Write an object in one request, which takes effect as a whole."""
        at = self.root.target(path)
        body = content.encode("utf-8") if isinstance(content, str) else content
        try:
            facts = at.store.put(at.bucket, at.key, body, expect=_expected(overwrite))
        except ConflictError as error:
            raise ConflictError(f"{path} exists already. Ask for overwrite to replace it.") from error
        return self._location(at, facts)

    def copy(self, path: str, target: str, *, overwrite: bool = False) -> Location:
        """Copy an object: the store does it, unless it goes to that of another client of the config, or to a file of
        one or from there (``file://``)."""
        if "file" in (scheme_of(path), scheme_of(target)):
            return self._copy_file(path, target, overwrite=overwrite)
        source = self._readable(path)
        facts = source.known()
        if facts is None:
            raise self.no_object(source, path)
        at = self.root.target(target)
        theirs, ours = source.store, at.store
        expect = _expected(overwrite)
        try:
            if theirs is ours:
                written = ours.copy((source.bucket, source.key), at.bucket, at.key, facts=facts, expect=expect)
            else:
                from pathlib import Path

                from mason import temporary

                # By this machine, because the one store may not read what is in the other.
                with temporary.folder("copying") as folder:
                    held = Path(folder, "object")
                    theirs.download(source.bucket, facts, held)
                    written = ours.upload(at.bucket, at.key, held, expect=expect)
        except ConflictError as error:
            raise ConflictError(f"{target} exists already. Ask for overwrite to replace it.") from error
        return self._location(at, written)

    def _copy_file(self, path: str, target: str, *, overwrite: bool) -> Location:
        """A file of a neighbour becomes an object, or an object a file. Raises ``EngineError`` where both are files, or
        no neighbour has such files."""
        url = path if scheme_of(path) == "file" else target
        found = self.keeping.storage_for(url) if self.keeping.storage_for is not None else None
        root = getattr(found, "root", None)
        if not isinstance(root, Root) or scheme_of(path) == scheme_of(target):
            raise EngineError(
                f"Client {self.client} copies objects, and files of another client of the config to objects and back; "
                f"{path} to {target} is neither."
            )
        from mason.clients._duckdb.writing.atomic import whole

        try:
            if url == path:
                file = root.resolve(path)
                root.refuse_kept_out(file, path)
                if not file.is_file():
                    raise NotFoundError(f"There is no file {path}.")
                at = self.root.target(target)
                facts = at.store.upload(at.bucket, at.key, file, expect=_expected(overwrite))
                return self._location(at, facts)
            source = self._readable(path)
            if source.known() is None:
                raise self.no_object(source, path)
            file = root.target(target)
            with whole(file, overwrite=overwrite) as beside:
                source.download(beside)
        except (ConflictError, FileExistsError) as error:
            raise ConflictError(f"{target} exists already. Ask for overwrite to replace it.") from error
        return Location(root.url_of(file), file.stat().st_size)

    def delete(self, path: str, *, recursive: bool = False) -> Location:
        """Delete an object, or all below a prefix; the root itself is refused. Listed page by page: of many objects
        some are gone when a request fails, and the next call goes on."""
        at = self.root.resolve(path)
        if self.root.would_lose(at):
            raise AccessDeniedError(f"{path or '.'} is the client's root, which is not deleted.")
        at = self.root.changeable(path)
        facts = at.known()
        if facts is not None:
            at.store.delete(at.bucket, at.key)
            return self._location(at, facts)
        if not at.is_dir():
            raise self.no_object(at, path)
        if not recursive:
            raise ConflictError(f"{path} is a folder. Ask for recursive to delete it and all below it.")
        self.root.refuse_own_things_in(at, path)
        listed = at.store.listed(at.bucket, f"{at.key}/")
        at.store.delete_all(at.bucket, (each.key for each in listed))
        return Location(self.root.show(at))

    def _found(self, path: str) -> Iterator[tuple[str, ObjectPath, ObjectFacts]]:
        """Of each object at ``path`` how it is shown, the folder that it was listed from, and its facts."""
        try:
            base, found = self.root.facts(path)
            show = _shower(self.root, base)
            for each in found:
                yield show(each.key), base, each
        except NotFoundError:
            return

    def _readable(self, path: str) -> ObjectPath:
        at = self.root.object_at(path)
        self.root.refuse_kept_out(at, path)
        return at

    def no_object(self, at: ObjectPath, path: str) -> EngineError:
        """The error for a path at which there is no object, with the name that was probably meant."""
        if at.is_dir():
            return EngineError(f"{path} is a folder, not an object.")
        from mason.clients._missing import missing

        beside = [each.key.rpartition("/")[2] for each in at.store.content_of(at.bucket, _above(at.key))[0][:1000]]
        return missing("Object", at.name, beside, f" in {at.parent}")

    def _location(self, at: ObjectPath, facts: ObjectFacts) -> Location:
        return Location(self.root.show(at), facts.size, _time(facts.modified_ns))


def _digest(base: ObjectPath, key: str) -> str:
    import hashlib

    digest = hashlib.sha256()
    for piece in base.store.pieces(base.bucket, key):
        digest.update(piece)
    return digest.hexdigest()


def _shower(root: ObjectRoot, base: ObjectPath) -> Callable[[str], str]:
    """How keys that were listed from ``base`` are shown, without making a path of each."""
    above = f"{root.path.key}/" if root.path.key else ""
    if not root.path.parts[2:]:
        return lambda key: f"{base.bucket}/{key}"
    if root.has(base) or base == root.path:
        return lambda key: key[len(above) :]
    return lambda key: f"{root.scheme}://{base.bucket}/{key}"


def _expected(overwrite: bool) -> str:
    return ANY if overwrite else NEW


def _above(key: str) -> str:
    return key[: key.rindex("/") + 1] if "/" in key else ""


def _time(modified_ns: int) -> str:
    return iso(datetime.fromtimestamp(modified_ns / 10**9, tz=timezone.utc))
