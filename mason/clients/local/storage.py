"""The storage of ``local``: the folder ``root`` and what is below it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, ClassVar

from mason.clients._duckdb.abilities import READING
from mason.clients._duckdb.root import refuse_plan
from mason.clients._jobs import iso
from mason.clients.local import LocalClient
from mason.engines.capabilities import Capabilities
from mason.engines.fence import fault
from mason.engines.file_urls import scheme_of
from mason.engines.models import Location, Table
from mason.engines.storage import Storage
from mason.errors import AccessDeniedError, ConflictError, EngineError, NotFoundError


class LocalStorage(Storage):
    """Paths are relative to the root; what leads out of it is refused."""

    supports: ClassVar[frozenset[str]] = frozenset(
        {"list_paths", "exists", "locate", "infer_table", "fingerprint", "read", "write", "copy", "delete"}
    )
    capabilities: ClassVar[Capabilities] = READING

    def __init__(self, client: LocalClient) -> None:
        super().__init__(client)
        self.local = client
        self.root = client.root

    def list_paths(self, path: str = "") -> list[Location]:
        """Files at and below a file, folder or glob; names that begin with ``.`` or ``_`` and what is no data
        (:mod:`mason.engines.fence`) are left out."""
        return [self._location(file) for file in self.root.find(path, strict=False)[1] if not fault(file.name)]

    def exists(self, path: str) -> bool:
        """Whether there is a file or folder; a link that leads nowhere is none."""
        return self.root.resolve(path).exists()

    def locate(self, path: str) -> str:
        """``file:///absolute/path``. A link is located itself, not what it leads to."""
        return self.root.locate(path)

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
        """The table that the files at ``path`` are; its location is the path as given, so that a glob stays one."""
        # Imported here and below: planning asks what a client supports without what reads and writes files.
        from mason.clients._duckdb.reading.inference import infer

        client = self.local
        return infer(
            path,
            self.root,
            client.limits,
            client.seen,
            table=table,
            read_headers=read_headers,
            options=options,
            columns=columns,
            sample_size=sample_size,
            seed=seed,
        )

    def fingerprint(self, path: str, *, content: bool = False) -> str:
        """A sha256 of names, and of sizes and modification times or of contents; empty where there is no file."""
        from mason.clients._duckdb.reading.table_files import fingerprint, fingerprint_of_content

        try:
            _, files = self.root.find(path, strict=False)
        except NotFoundError:
            return ""
        return (fingerprint_of_content if content else fingerprint)(files, self.root.show) if files else ""

    def read(self, path: str) -> bytes:
        """The content of a file."""
        from mason import bounds

        file = self._file(path)
        most = self.local.limits.most_bytes or bounds.STATE
        try:
            return bounds.read_file(file, most)
        except bounds.TooLargeError as error:
            raise EngineError(
                f"{path} is not read whole: {error.strerror}, as memory_limit has it. Ask for its rows with a query, "
                "or copy it."
            ) from error

    def write(self, path: str, content: str | bytes, *, overwrite: bool = False) -> Location:
        """Write a file; missing folders are made."""
        with self._beside(path, overwrite=overwrite) as beside:
            beside.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        return self._location(self.root.resolve(path))

    def copy(self, path: str, target: str, *, overwrite: bool = False) -> Location:
        """Copy a file; missing folders of the target are made."""
        import shutil

        source = self._file(path)
        with self._beside(target, overwrite=overwrite) as beside:
            # Piece by piece: it may be larger than the memory.
            shutil.copyfile(source, beside)
        return self._location(self.root.resolve(target))

    def delete(self, path: str, *, recursive: bool = False) -> Location:
        """Delete a file or folder; the root itself is refused."""
        real = self.root.resolve(path)
        if self.root.would_lose(real):
            raise AccessDeniedError(f"{path or '.'} is the client's root, which is not deleted.")
        real = self.root.changeable(path)
        # A link goes itself; what it leads to stays.
        named = self.root.path / self.root.plain(path)
        if named.is_symlink():
            named.unlink()
            return Location(self.root.show(named) if scheme_of(path) else path)
        if real.is_dir():
            if not recursive:
                raise ConflictError(f"{path} is a folder. Ask for recursive to delete it and all below it.")
            import shutil

            self.root.refuse_own_things_in(real, path)
            shutil.rmtree(real)
            return Location(self.root.show(real))
        location = self._location(self._file(path))
        refuse_plan(real, path)
        real.unlink()
        return location

    @contextmanager
    def _beside(self, path: str, *, overwrite: bool) -> Iterator[Path]:
        """Where to write what becomes the file at ``path`` at the end."""
        from mason.clients._duckdb.writing.atomic import whole

        real = self.root.target(path)
        refuse_plan(real, path)
        try:
            with whole(real, overwrite=overwrite) as beside:
                yield beside
        except FileExistsError as error:
            raise ConflictError(f"{path} exists already. Ask for overwrite to replace it.") from error

    def _file(self, path: str) -> Path:
        real = self.root.resolve(path)
        self.root.refuse_kept_out(real, path)
        if real.is_dir():
            raise EngineError(f"{path} is a folder, not a file.")
        if not real.is_file():
            raise NotFoundError(f"There is no file {path} in {self.root.path}.")
        return real

    def _location(self, file: Path) -> Location:
        status = file.stat()
        return Location(
            self.root.show(file), status.st_size, iso(datetime.fromtimestamp(status.st_mtime, tz=timezone.utc))
        )
