"""The storage engine: paths and bytes, and what the bytes look like as a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from mason.engines.engine import Engine
from mason.engines.models import Location, Table
from mason.engines.verbs import verb


class Storage(Engine):
    """A tree of paths below the client's root. Paths use ``/``; a path outside the root is refused.

    Every verb takes the URL that :meth:`locate` gives in the place of the path. What is no data is neither written nor
    deleted, nor listed: hidden names, YAML, Python, plan files, database files and the places in ``Client.kept_out``
    raise ``AccessDeniedError`` (see :mod:`mason.engines.fence`); out of these places nothing is read or copied either.
    """

    role: ClassVar[str] = "storage"

    @verb(read_only=True, paths=("path",))
    def list_paths(self, path: str = "") -> list[Location]:
        """Files at and below ``path``, sorted; hidden ones left out. Raises ``NotFoundError``."""
        raise self.lacks("list_paths")

    @verb(read_only=True, paths=("path",))
    def exists(self, path: str) -> bool:
        """Whether there is a file or folder at ``path``."""
        raise self.lacks("exists")

    @verb(read_only=True, paths=("path",))
    def locate(self, path: str) -> str:
        """The URL of the file, folder or glob at ``path``, which other clients can be given.

        Nothing need be there. The URL is whole and the only one for its path: without ``.``, ``..``, doubled or last
        slashes; the URL of a URL is that URL. ``locate("")`` is the root, and what is below a path has a URL that
        begins with that of the path and a slash. What means something in URLs of its scheme is escaped as that scheme
        has it (for ``file``: ``%``, ``?``, ``#``, spaces and all but ASCII as ``%XX``), wildcards stay wildcards.
        Raises ``AccessDeniedError`` for a path outside the root, as all verbs do.
        """
        raise self.lacks("locate")

    @verb(read_only=True, paths=("path",))
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
        """What the file, folder or glob at ``path`` looks like as a table.

        ``table`` names the result (default: the last part of the path without its ending). ``options`` fix how files
        are read (for CSV: ``delimiter``, ``quote``, ``escape``, ``header``, ``skip``, ``skip_footer``, ``comment``,
        ``encoding``, ``null``, ``decimal``, ``thousands``, ``date_format``, ``timestamp_format``; for spreadsheets
        ``sheet``, ``range``, ``header``, ``skip``), ``columns`` the SQL types of columns by their names; the rest is
        found out. With ``sample_size`` only so many files are looked at, spread over the partitions, by a chance that
        is that of ``seed``. The table's ``notes`` say what was assumed and found, and which files a sample is. Raises
        ``NotFoundError``, ``ConflictError`` when the files' schemas differ, ``EngineError`` for a format that nobody
        can read.
        """
        raise self.lacks("infer_table")

    @verb(read_only=True, paths=("path",))
    def fingerprint(self, path: str, *, content: bool = False) -> str:
        """A digest of names, sizes and modification times at ``path`` (a file, folder or glob).

        Changes when a file there is added, removed or written, and is empty where there is no file. With ``content`` it
        is of names and what is in the files: it stays when a file is written again as it was.
        """
        raise self.lacks("fingerprint")

    @verb(read_only=True, paths=("path",))
    def read(self, path: str) -> bytes:
        """The whole content of one file. Raises ``NotFoundError``."""
        raise self.lacks("read")

    @verb(read_only=False, paths=("path",), writes=("path",))
    def write(self, path: str, content: str | bytes, *, overwrite: bool = False) -> Location:
        """Write one file whole or not at all; text as UTF-8. Raises ``ConflictError`` when it exists."""
        raise self.lacks("write")

    @verb(read_only=False, paths=("path", "target"), writes=("target",))
    def copy(self, path: str, target: str, *, overwrite: bool = False) -> Location:
        """Copy one file. Raises ``NotFoundError``, and ``ConflictError`` when the target exists."""
        raise self.lacks("copy")

    @verb(read_only=False, paths=("path",), writes=("path",))
    def delete(self, path: str, *, recursive: bool = False) -> Location:
        """Delete a file, or with ``recursive`` a folder and all below it. Raises ``NotFoundError``."""
        raise self.lacks("delete")
