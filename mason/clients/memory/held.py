"""The files of memory clients while a verb needs them on a disk, which is when DuckDB reads or writes them.

A client's own files are there from the beginning. Those of another client are put there when its URL is met, which
every client of the process may be given: ``memory://ID/PATH``.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from mason import temporary
from mason.clients._duckdb.root import Root
from mason.clients.memory import MemoryClient


class HeldFiles(Root):
    """A temporary folder with the files of ``memory``, and others beside it; to be closed in the end."""

    scheme = "memory"

    def __init__(self, memory: MemoryClient) -> None:
        self._opened = ExitStack()
        self._folders: dict[Path, MemoryClient] = {}
        # When each file was written, by which what is written later is known.
        self._times: dict[Path, dict[str, int]] = {}
        own = self._put_down(memory)
        super().__init__(own, client=memory.name, others=lambda: self._folders.keys() - {own})

    def path_of(self, url: str) -> str:
        """As of :class:`Root`; a URL of another client has its files put down."""
        client, name = MemoryClient.of_url(url)
        folder = next((folder for folder, known in self._folders.items() if known is client), None)
        return posixpath.join(folder or self._put_down(client), name)

    def url_of(self, path: Path) -> str:
        """The inverse of :meth:`path_of`."""
        client, name = self.holder_of(path)
        return client.url_of(name)

    def holder_of(self, path: Path) -> tuple[MemoryClient, str]:
        """Whose file or folder ``path`` is, and its path there."""
        folder = next(each for each in self._folders if path.is_relative_to(each))
        return self._folders[folder], path.relative_to(folder).as_posix()

    def _put_down(self, client: MemoryClient) -> Path:
        folder = self._opened.enter_context(temporary.folder("memory")).resolve()
        for path, content in client.files.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        self._folders[folder] = client
        self._times[folder] = {path: (folder / path).stat().st_mtime_ns for path in client.files}
        return folder

    def take_up(self) -> None:
        """Let the clients hold what was written, and drop what was deleted."""
        for folder, client in self._folders.items():
            before = self._times[folder]
            # Every file, also the notes that readers pass over.
            after = {file.relative_to(folder).as_posix(): file for file in sorted(folder.rglob("*")) if file.is_file()}
            for path in before.keys() - after.keys():
                del client.files[path], client.written[path]
            for path, file in after.items():
                if before.get(path) != file.stat().st_mtime_ns:
                    client.put_file(path, file.read_bytes())

    def close(self) -> None:
        """Take the files from the disk."""
        self._opened.close()


@contextmanager
def on_disk(memory: MemoryClient) -> Iterator[HeldFiles]:
    """All files of a client in a temporary folder; what was written there is held when the context ends without an
    error."""
    held = HeldFiles(memory)
    try:
        yield held
        held.take_up()
    finally:
        held.close()
