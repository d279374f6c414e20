"""HDFS as a store of objects, so that what reads and publishes objects reads and publishes its files.

A file is written beside its place under a hidden name, and renamed: readers see the old file or the new one, whole.
HDFS knows no conditions: a file that is to be new is renamed only where there is none, which HDFS itself holds; one
that is to replace a certain version is compared right before.
"""

from __future__ import annotations

import contextlib
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from mason.clients._objects.object_store import ANY, NEW, ObjectFacts
from mason.clients.hdfs.web_hdfs import Asked, WebHdfs
from mason.errors import ConflictError, EngineError, NotFoundError, TransientEngineError

_PIECE = 1 << 20
_BUFFER = str(1 << 20)
_UNFINISHED = re.compile(r"\.mason-[0-9a-f]{16}\.tmp")


class HdfsStore:
    """The files of one HDFS. A bucket is the name of the namenode or nameservice in URLs, a key the path without its
    first slash."""

    scheme = "hdfs"

    def __init__(self, web: WebHdfs) -> None:
        self.web = web

    def status(self, key: str) -> Mapping[str, Any] | None:
        """What HDFS tells of a file or folder; ``None`` where there is none."""
        asked = Asked(f"look at {_path(key)}", "GET", "GETFILESTATUS", _path(key), {})
        try:
            found: Mapping[str, Any] = self.web.call(asked)["FileStatus"]
        except NotFoundError:
            return None
        return found

    def facts(self, bucket: str, key: str) -> ObjectFacts | None:
        """As :class:`~mason.clients._objects.object_store.ObjectStore` has it; folders are no objects."""
        found = self.status(key)
        return _facts(key, found) if found is not None and found["type"] != "DIRECTORY" else None

    def listed(self, bucket: str, prefix: str, *, after: str = "") -> Iterator[ObjectFacts]:
        """All files below, in the order of their keys, folder by folder; what goes meanwhile is left out."""
        above, _, first = prefix.rpartition("/")
        above = f"{above}/" if above else ""
        for name, found in self._entries(above):
            if not name.startswith(first):
                continue
            key = f"{above}{name}"
            if found["type"] == "DIRECTORY":
                yield from self.listed(bucket, f"{key}/", after=after)
            elif key > after:
                yield _facts(key, found)

    def content_of(self, bucket: str, prefix: str) -> tuple[list[ObjectFacts], list[str]]:
        """The files of a folder, and the names of the folders in it."""
        entries = self._entries(prefix)
        files = [_facts(f"{prefix}{name}", found) for name, found in entries if found["type"] != "DIRECTORY"]
        return files, [name for name, found in entries if found["type"] == "DIRECTORY"]

    def _entries(self, above: str) -> list[tuple[str, Mapping[str, Any]]]:
        """What is in a folder, in the order in which the keys below come; nothing where there is no folder."""
        asked = Asked(f"list {_path(above)}", "GET", "LISTSTATUS", _path(above.rstrip("/")), {})
        try:
            found = self.web.call(asked)["FileStatuses"]["FileStatus"]
        except NotFoundError:
            return []
        # A file tells of itself, without a name.
        named = [(each["pathSuffix"], each) for each in found if each["pathSuffix"]]
        # What a process that was killed left half written is no file of anyone's.
        named = [each for each in named if not _UNFINISHED.fullmatch(each[0])]
        return sorted(named, key=lambda each: f"{each[0]}/" if each[1]["type"] == "DIRECTORY" else each[0])

    def read_range(self, bucket: str, key: str, start: int, length: int, etag: str) -> bytes:
        """As the protocol has it. HDFS gives whatever is there, so the version is looked at afterwards."""
        if length <= 0:
            return b""
        given = {"offset": str(start), "length": str(length), "buffersize": _BUFFER}
        with self.web.opened(Asked(f"read {_path(key)}", "GET", "OPEN", _path(key), given)) as answer:
            content = answer.read(length)
        self._check_whole(bucket, key, etag, held=len(content), wanted=length)
        return content

    def read(self, bucket: str, key: str, *, most: int) -> bytes:
        """As the protocol has it."""
        found = self.facts(bucket, key)
        if found is None:
            raise NotFoundError(f"There is no file {self._url(bucket, key)}.")
        if found.size > most:
            raise EngineError(f"{self._url(bucket, key)} has {found.size:,} bytes: more than {most:,} are not read.")
        return self.read_range(bucket, key, 0, found.size, found.etag)

    def pieces(self, bucket: str, key: str) -> Iterator[bytes]:
        """As the protocol has it."""
        found = self.facts(bucket, key)
        if found is None:
            raise NotFoundError(f"There is no file {self._url(bucket, key)}.")
        yield from self._poured(bucket, found)

    def download(self, bucket: str, facts: ObjectFacts, target: Path) -> None:
        """As the protocol has it."""
        with target.open("xb") as file:
            for piece in self._poured(bucket, facts):
                file.write(piece)

    def _poured(self, bucket: str, facts: ObjectFacts) -> Iterator[bytes]:
        # At the end of a file there is nothing to open.
        if facts.size:
            asked = Asked(f"read {_path(facts.key)}", "GET", "OPEN", _path(facts.key), {"buffersize": _BUFFER})
            held = 0
            with self.web.opened(asked) as answer:
                while piece := answer.read(_PIECE):
                    held += len(piece)
                    yield piece
            self._check_whole(bucket, facts.key, facts.etag, held=held, wanted=facts.size)

    def _check_whole(self, bucket: str, key: str, etag: str, *, held: int, wanted: int) -> None:
        """Raises ``EngineError`` where another version is there by now, and ``TransientEngineError`` where fewer bytes
        came than it has: a datanode that ends in between says nothing."""
        now = self.facts(bucket, key)
        if now is None or now.etag != etag:
            raise EngineError(f"{self._url(bucket, key)} changed while it was read. Read it again.")
        if held != wanted:
            raise TransientEngineError(
                f"{self._url(bucket, key)} was cut off while it was read: {held:,} of {wanted:,} bytes came. Read it "
                "again."
            )

    def put(self, bucket: str, key: str, content: bytes, *, expect: str = ANY) -> ObjectFacts:
        """As the protocol has it."""
        return self._written(bucket, key, content, len(content), expect)

    def upload(self, bucket: str, key: str, file: Path, *, expect: str = ANY) -> ObjectFacts:
        """As the protocol has it."""
        with file.open("rb") as body:
            return self._written(bucket, key, body, file.stat().st_size, expect)

    def copy(
        self, source: tuple[str, str], bucket: str, key: str, *, facts: ObjectFacts, expect: str = ANY
    ) -> ObjectFacts:
        """As the protocol has it; by way of this machine, for HDFS copies nothing itself."""
        from mason import temporary

        with temporary.folder("copying") as folder:
            held = Path(folder, "file")
            self.download(source[0], facts, held)
            return self.upload(bucket, key, held, expect=expect)

    def delete(self, bucket: str, key: str) -> None:
        """As the protocol has it."""
        self._deleted(key, recursive=False)

    def delete_folder(self, key: str) -> None:
        """Remove a folder and all that is in it, at once."""
        self._deleted(key, recursive=True)

    def delete_all(self, bucket: str, keys: Iterable[str]) -> int:
        """As the protocol has it."""
        count, failed = 0, []
        for key in keys:
            try:
                self._deleted(key, recursive=False)
                count += 1
            except EngineError as error:
                failed.append(str(error))
        if failed:
            raise EngineError(f"{len(failed)} files stay: {failed[0]}")
        return count

    def _deleted(self, key: str, *, recursive: bool) -> None:
        given = {"recursive": "true" if recursive else "false"}
        asked = Asked(f"delete {_path(key)}", "DELETE", "DELETE", _path(key), given, changes=True)
        # False where there is nothing, which is what was wanted.
        self.web.call(asked)

    def _written(self, bucket: str, key: str, body: bytes | IO[bytes], length: int, expect: str) -> ObjectFacts:
        folder = key.rpartition("/")[0]
        beside = f"{folder}/.mason-{secrets.token_hex(8)}.tmp".lstrip("/")
        if expect == NEW and self.status(key) is not None:
            raise ConflictError(f"{self._url(bucket, key)} exists already.")
        self._make_folder(folder)
        # A datanode that reads the name of the folder in another way must not make one.
        given = {"overwrite": "false", "createparent": "false", "buffersize": _BUFFER}
        try:
            self.web.send(
                Asked(f"write {_path(key)}", "PUT", "CREATE", _path(beside), given, changes=True), body, length
            )
            facts = self.facts(bucket, beside)
            if facts is None or facts.size != length:
                raise EngineError(f"{self._url(bucket, key)} was not written as it was sent. Write it again.")
            if expect not in (ANY, NEW):
                now = self.facts(bucket, key)
                if now is None or now.etag != expect:
                    raise ConflictError(f"{self._url(bucket, key)} was changed by others meanwhile.")
            self._rename(beside, key, replace=expect != NEW)
        except BaseException:
            with contextlib.suppress(EngineError):
                self._deleted(beside, recursive=False)
            raise
        written = self.facts(bucket, key)
        if written is None:
            raise ConflictError(f"{self._url(bucket, key)} was deleted by others right after it was written.")
        return written

    def _make_folder(self, folder: str) -> None:
        if folder:
            asked = Asked(f"make the folder {_path(folder)}", "PUT", "MKDIRS", _path(folder), {}, changes=True)
            if not (self.web.call(asked) or {}).get("boolean"):
                raise EngineError(f"Cannot make the folder {_path(folder)}: HDFS did not, and does not say why.")

    def _rename(self, source: str, target: str, *, replace: bool) -> None:
        """With options, HDFS says why it does not; without, it would only say false."""
        given = {"destination": _path(target), "renameoptions": "OVERWRITE" if replace else "NONE"}
        asked = Asked(f"write {_path(target)}", "PUT", "RENAME", _path(source), given, changes=True)
        said = self.web.call(asked)
        if isinstance(said, Mapping) and said.get("boolean") is False:
            raise ConflictError(f"Cannot write {_path(target)}: HDFS did not rename {_path(source)} to it.")

    def _url(self, bucket: str, key: str) -> str:
        return f"{self.scheme}://{bucket}/{key}"


def _path(key: str) -> str:
    return f"/{key.strip('/')}"


def _facts(key: str, found: Mapping[str, Any]) -> ObjectFacts:
    version = f"{found.get('fileId', 0)}-{found['modificationTime']}-{found['length']}"
    return ObjectFacts(key, int(found["length"]), version, int(found["modificationTime"]) * 1_000_000)
