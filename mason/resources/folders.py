"""The Python files beside YAML, folder by folder, each looked at once in a load and not parsed while unchanged."""

# Plain strings instead of pathlib, which costs more than the work itself when there are ten thousand files.
# ruff: noqa: PTH113, PTH116

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from mason.caches import stamp_of, trusted
from mason.errors import Diagnostic
from mason.resources.parse_cache import CachedModule
from mason.resources.resource import ENTRY
from mason.resources.walking import unreadable
from mason.values import dataclass

if TYPE_CHECKING:
    from mason.resources.faults import Fault
    from mason.resources.module import Survey
    from mason.resources.older import Older


@dataclass(slots=True)
class Folder:
    """The Python files of one folder.

    ``digest`` and ``content`` are empty where there is no ``__init__.py``; see ``resource.Module`` for what they and
    ``calls`` and ``certain`` mean. With ``faults`` the rest is not to be used. ``is_older``: an older Mason's Python.
    """

    digest: str = ""
    content: bytes = b""
    calls: tuple[str, ...] = ()
    certain: bool = True
    faults: tuple[Diagnostic, ...] = ()
    is_older: bool = False
    _survey: Survey | None = None

    def survey(self) -> Survey:
        """The classes in the files, from the syntax trees (made when first asked for)."""
        from mason.resources import module

        if self._survey is None:
            self._survey = module.survey(json.loads(self.content))
        return self._survey


class Folders:
    """The folders that one load met. ``kept`` is what the cache shall remember of them, ``notes`` tell which of them
    hold an older Mason's Python."""

    def __init__(
        self,
        known: Mapping[str, CachedModule],
        looked_ns: int,
        *,
        root: str,
        strict: bool,
        older: Older | None = None,
    ) -> None:
        self._known = known
        self._older = older
        self.notes: list[str] = []
        self._looked_ns = looked_ns
        self._root = root
        self._strict = strict
        self._met: dict[str, Folder] = {}
        self.kept: dict[str, CachedModule] = {}

    def folder(self, path: str, key: str, shown: str) -> Folder:
        """The folder at ``path``, known to the cache as ``key`` and to people as ``shown`` (empty: the root)."""
        met = self._met.get(path)
        if met is None:
            try:
                met = self._look(path, key, shown) if os.path.isfile(f"{path}/{ENTRY}") else Folder()
            except OSError as error:
                met = Folder(faults=(unreadable(_join(shown, ENTRY), error),))
            self._met[path] = met
        return met

    def _look(self, path: str, key: str, shown: str) -> Folder:
        from mason.resources import module

        listed = module.list_files(path)
        if faults := module.unpackable(listed, path, self._root):
            return Folder(faults=_diagnostics(shown, faults))
        stamps = tuple((name, trusted(stamp_of(os.stat(file)), self._looked_ns)) for name, file in listed)
        known = self._known.get(key)
        if known is not None and known[0] == stamps and not self._strict and all(stamp for _, stamp in stamps):
            self.kept[key] = known
            return Folder(*known[1:])
        texts, faults = module.read_files(listed)
        if faults:
            return Folder(faults=_diagnostics(shown, faults))
        old = self._older.python(texts, path, shown) if self._older is not None else None
        if old is not None:
            self.notes.append(f"{_join(shown, ENTRY)}: {old.note}")
            texts = dict(old.texts)
        digest, content = module.pack(texts)
        if known is not None and known[1] == digest:
            self.kept[key] = (stamps, *known[1:])
            return Folder(*known[1:])
        survey = module.survey(texts)
        if survey.faults or (old is not None and old.faults):
            return Folder(faults=(*_diagnostics(shown, survey.faults), *(old.faults if old is not None else ())))
        if old is not None:
            # Not remembered: each load tells of it. Nor is it read which verbs it calls, by names that were others.
            return Folder(digest, content, (), False, is_older=True, _survey=replace(survey, calls=(), certain=False))
        self.kept[key] = (stamps, digest, content, survey.calls, survey.certain)
        return Folder(digest, content, survey.calls, survey.certain, _survey=survey)


def _join(shown: str, name: str) -> str:
    return f"{shown}/{name}" if shown else name


def _diagnostics(shown: str, faults: list[tuple[str, Fault]] | tuple[tuple[str, Fault], ...]) -> tuple[Diagnostic, ...]:
    return tuple(Diagnostic(_join(shown, name), *fault) for name, fault in faults)
