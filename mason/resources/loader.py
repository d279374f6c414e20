"""Files to resources: the road from what a person wrote to what the planner works with.

Every fault of every file is collected and raised at once. A file that did not change since the last load is not
read again (see ``cache``), and one that changed only in its time is not parsed again.
"""

# Plain strings instead of pathlib, which costs more than the work itself when there are ten thousand files.
# ruff: noqa: PTH123

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mason.bulk import uncollected
from mason.caches import trusted
from mason.errors import Diagnostic, ResourceError
from mason.resources import walking
from mason.resources.address import MOVED, kind_of
from mason.resources.folders import Folder, Folders
from mason.resources.parse_cache import Cache, CachedFile
from mason.resources.resource import Module, Move, Resource, Resources
from mason.resources.walking import MAX_BYTES

if TYPE_CHECKING:
    from mason.resources.documents import Document
    from mason.resources.older import Older
    from mason.resources.validate import Examine
    from mason.resources.variables import Variables


class UnfitResourcesError(ResourceError):
    """Files hold resources that have faults. ``rest`` is what was found beside them, ``faulty`` are their addresses,
    empty where one cannot be told."""

    def __init__(self, diagnostics: Iterable[Diagnostic], rest: Resources, faulty: Iterable[str]) -> None:
        super().__init__(diagnostics)
        self.rest = rest
        self.faulty = frozenset(faulty)


def load(
    paths: Sequence[Path],
    *,
    root: Path,
    ignore: Sequence[str] = (),
    cache: Path | None = None,
    strict: bool = False,
    keep: bool = True,
    examine: Examine = lambda definition, calls: (),
    older: Older | None = None,
    variables: Variables | None = None,
) -> Resources:
    """All resources at and below ``paths`` (none: the project's folder ``root``), in the order of files and lines.

    What matches ``ignore`` (see :func:`walking.find`) is left out. ``cache`` is the file that remembers earlier loads
    (nothing: none is kept), and with ``keep`` this one. ``strict`` does not believe that a file with the same size,
    times and inode is the same, and compares contents. ``examine`` is asked for further faults of each document that is
    parsed; where there were none, it is not parsed again while it stays the same. ``older`` reads what an older Mason
    wrote: that is never remembered, so that each load tells of it. ``variables`` are those of the project; a file that
    uses one is read again where that has another value than before. Raises ``UnfitResourcesError`` with everything that
    is wrong in any of the files.
    """
    with uncollected():
        return _Load(root, Cache(cache), examine, older, variables, strict=strict, keep=keep).run(paths, ignore)


class _Load:
    """One load: what was found so far."""

    def __init__(
        self,
        root: Path,
        cache: Cache,
        examine: Examine,
        older: Older | None,
        variables: Variables | None,
        *,
        strict: bool,
        keep: bool,
    ) -> None:
        self._root = root
        self._variables = variables
        self._keep = keep
        self._cache = cache
        self._examine = examine
        self._older = older
        self._notes: list[str] = []
        self._strict = strict
        self._looked_ns = time.time_ns()
        self._folders = Folders(cache.modules, self._looked_ns, root=str(self._root), strict=strict, older=older)
        self._faults: list[Diagnostic] = []
        self._items: list[Resource] = []
        self._moves: list[Move] = []
        self._passed_over = 0
        # The addresses of resources with faults, empty where one cannot be told.
        self._faulty: list[str] = []

    def run(self, paths: Sequence[Path], ignore: Sequence[str]) -> Resources:
        found, faults = walking.find(paths, self._root, ignore)
        self._faults.extend(faults)
        self._faulty += [""] * len(faults)
        kept: dict[str, CachedFile] = {}
        for file in found:
            entry = self._unchanged(file) or self._look(file)
            if entry is not None:
                kept[file.key] = entry
                self._add(file, entry)
        if self._keep:
            self._remember(paths, found, kept)
        self._refuse_doubles()
        notes = (*self._notes, *self._folders.notes)
        loaded = Resources(self._root, tuple(self._items), len(found), self._passed_over, tuple(self._moves), notes)
        if self._faults:
            raise UnfitResourcesError(self._faults, loaded, self._faulty)
        return loaded

    def _folder(self, file: walking.Found) -> Folder:
        dirname = os.path.dirname
        return self._folders.folder(dirname(file.path), dirname(file.key), dirname(file.shown))

    def _unchanged(self, file: walking.Found) -> CachedFile | None:
        """The entry of a file that need not be read, because its stamp says that it is as it was."""
        entry = self._cache.files.get(file.key)
        if entry is None or entry[0] != file.stamp or self._strict:
            return None
        return self._usable(file, entry)

    def _usable(self, file: walking.Found, entry: CachedFile) -> CachedFile | None:
        """The entry, if the file's content is all that it depends on or if the rest is the same as well."""
        if file.named and entry[2]:  # what is passed over in a walk is a fault in a file that was named
            return None
        if entry[5] and not self._has_same_values(entry[5]):
            return None
        if entry[4] is None:
            return entry
        folder = self._folder(file)
        return entry if entry[4] == folder.digest and not folder.faults else None

    def _has_same_values(self, used: tuple[tuple[str, str], ...]) -> bool:
        variables = self._variables
        return variables is not None and all(variables.digest(name) == digest for name, digest in used)

    def _look(self, file: walking.Found) -> CachedFile | None:
        """The entry of a file that has to be read; nothing if there are faults in it, which are collected."""
        try:
            with open(file.path, "rb", buffering=0) as opened:
                data = opened.read(MAX_BYTES + 1) if file.stamp[0] > MAX_BYTES else opened.read()
        except OSError as error:
            self._faults.append(walking.unreadable(file.shown, error))
            self._faulty.append("")
            return None
        stamp, content = trusted(file.stamp, self._looked_ns), hashlib.sha256(data).digest()
        known = self._cache.files.get(file.key)
        if known is not None and known[1] == content and self._usable(file, known):
            return known if known[0] == stamp else (stamp, *known[1:])
        # Imported here: what was only touched, or is looked at because that was asked for, is seldom parsed.
        from mason.resources.parse import parse

        parsed = parse(
            data,
            file.shown,
            named=file.named,
            folder=lambda: self._folder(file),
            examine=self._examine,
            older=self._older,
            path=file.path,
            variables=self._variables,
        )
        used = tuple(sorted(parsed.variables.items()))
        self._faults.extend(parsed.faults)
        self._notes += [f"{file.shown}: {'; '.join(parsed.notes)}"] if parsed.notes else []
        if parsed.faults:
            # What is right in it may be what others refer to. It is not remembered.
            self._faulty += parsed.faulty or [""]
            self._add(file, (None, content, parsed.passed_over, tuple(parsed.documents), parsed.module, used))
            return None
        entry = (stamp, content, parsed.passed_over, tuple(parsed.documents), parsed.module, used)
        if parsed.notes:
            self._add(file, entry)
            return None
        return entry

    def _add(self, file: walking.Found, entry: CachedFile) -> None:
        self._passed_over += entry[2]
        for address, digest, line, references, encoded, name in entry[3]:
            if address == MOVED:
                given = json.loads(encoded)
                self._moves.append(Move(given["from"], given["to"], file.shown, line))
                continue
            module = None
            if name:
                folder = self._folder(file)
                module = Module(folder.digest, folder.content, name, folder.calls, folder.certain)
            self._items.append(Resource(address, digest, file.shown, line, references, encoded, module))

    def _remember(self, paths: Sequence[Path], found: list[walking.Found], kept: dict[str, CachedFile]) -> None:
        """Write the cache: after a look at the whole project what was seen, else also what was known of the rest."""
        modules = self._folders.kept
        if paths:
            seen = {file.key for file in found}
            kept = {key: entry for key, entry in self._cache.files.items() if key not in seen} | kept
            modules = self._cache.modules | modules
        self._cache.write(kept, modules)

    def _refuse_doubles(self) -> None:
        first: dict[str, Resource] = {}
        for item in self._items:
            other = first.setdefault(item.address, item)
            if other is not item:
                message = f"{item.address} is already defined at {other.file}:{other.line}"
                names = {"config": "id", "run": "name", "schedule": "name"}
                name = names.get(kind_of(item.address), "namespace or command")
                remedy = f"give one of them another {name}, or remove one"
                self._faults.append(Diagnostic(item.file, item.line, message, remedy))


class Places:
    """Finds lines for faults that show only after a load: called with a resource and a path into its definition.

    Reads and parses a file again when it is asked about it for the first time.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._read: dict[str, list[Document]] = {}

    def __call__(self, resource: Resource, path: tuple[str | int, ...]) -> int:
        """The line of the key or item at ``path``, as the file stands now.

        The line of the nearest thing around it where it is not written out, and of the document where the file
        cannot be read any more.
        """
        if resource.file not in self._read:
            self._read[resource.file] = self._documents(resource.file)
        return _line_of(resource, path, self._read[resource.file])

    def _documents(self, name: str) -> list[Document]:
        from mason.resources.documents import read

        inside = self._root / name
        try:
            return read((inside if inside.exists() else Path(name)).read_bytes())[0]
        except OSError:
            return []


def _line_of(resource: Resource, path: tuple[str | int, ...], documents: list[Document]) -> int:
    document = next((document for document in documents if document.line == resource.line), None)
    if document is None:
        return resource.line
    first = str(path[0]) if path else ""
    if first not in document.value and first.endswith("_clients"):
        path = (first.replace("_clients", "_engine"),)
    return document.line_of(path)
