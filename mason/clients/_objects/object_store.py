"""What a store of objects must answer, so that its objects can be read and published as files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

NEW = "*"
"""What a write expects that nothing may be there for."""
ANY = ""
"""What a write expects that takes the place of whatever is there."""


class ObjectFacts(NamedTuple):
    """What a listing tells of an object: ``etag`` names its version, ``modified_ns`` is when that was made."""

    key: str
    size: int
    etag: str
    modified_ns: int


class ObjectStore(Protocol):
    """Requests to a store. Threads may share it. Every method raises ``EngineError`` for what the store refuses.

    ``scheme`` is that of its URLs, ``SCHEME://BUCKET/KEY``, in which the key stands as it is.
    """

    scheme: str

    def facts(self, bucket: str, key: str) -> ObjectFacts | None:
        """What there is to know of an object; ``None`` where there is none."""
        ...

    def listed(self, bucket: str, prefix: str, *, after: str = "") -> Iterator[ObjectFacts]:
        """The objects whose keys begin with ``prefix`` and come behind ``after``, in the order of their keys, page by
        page. Raises ``NotFoundError`` for a missing bucket."""
        ...

    def content_of(self, bucket: str, prefix: str) -> tuple[list[ObjectFacts], list[str]]:
        """The objects of a folder (its prefix with the slash), and the names of the folders in it."""
        ...

    def read_range(self, bucket: str, key: str, start: int, length: int, etag: str) -> bytes:
        """A part of the version ``etag`` of an object. Raises ``NotFoundError``, and ``EngineError`` where it is
        another version by now."""
        ...

    def read(self, bucket: str, key: str, *, most: int) -> bytes:
        """The content of an object of at most ``most`` bytes. Raises ``NotFoundError``, and ``EngineError`` for a
        larger one, of which nothing is read."""
        ...

    def pieces(self, bucket: str, key: str) -> Iterator[bytes]:
        """The content of an object, piece by piece. Raises ``NotFoundError``."""
        ...

    def download(self, bucket: str, facts: ObjectFacts, target: Path) -> None:
        """Put one version of an object into a new file. Raises as :meth:`read_range`."""
        ...

    def put(self, bucket: str, key: str, content: bytes, *, expect: str = ANY) -> ObjectFacts:
        """Write an object whole, where what is there is what is expected: :data:`ANY`, :data:`NEW` or an ETag.

        Raises ``ConflictError`` where it is not.
        """
        ...

    def upload(self, bucket: str, key: str, file: Path, *, expect: str = ANY) -> ObjectFacts:
        """Write a file as an object, which nobody sees before it is complete. Raises as :meth:`put`."""
        ...

    def copy(
        self, source: tuple[str, str], bucket: str, key: str, *, facts: ObjectFacts, expect: str = ANY
    ) -> ObjectFacts:
        """Copy the version of an object that ``facts`` are of, within the store. Raises as :meth:`put`."""
        ...

    def delete(self, bucket: str, key: str) -> None:
        """Remove an object; one that is missing is no error."""
        ...

    def delete_all(self, bucket: str, keys: Iterable[str]) -> int:
        """Remove many objects and return how many. Raises ``EngineError`` that names those that stay."""
        ...
