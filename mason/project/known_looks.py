"""What plans found as it was left, kept on this machine: it is asked for again only when its files have changed.

It is one of :mod:`mason.caches`: lost or damaged, all is asked for again.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from mason import caches, home
from mason.errors import SettingsError

_MAGIC = b"mason-looks-1\n"
_MOST_BYTES = 8_000_000


class KnownLooks:
    """The things of one state that were looked at, each by its name: what it was compared with, and its files' stamps.

    With ``trusting`` false, nothing is known from before.
    """

    def __init__(self, state: str, *, trusting: bool) -> None:
        self._header = caches.header(_MAGIC, __file__)
        self._known: dict[str, str] = {}
        self._changed = False
        # Where nobody has a home, nothing is kept.
        self._place: Path | None = None
        with suppress(SettingsError):
            self._place = home.mason_home() / "cache" / "drift" / sha256(os.fsencode(state)).hexdigest()[:32]
        if trusting and self._place is not None:
            self._known = caches.read(self._place, self._header) or {}

    def has(self, name: str, left: str, stamps: Mapping[str, caches.Stamp]) -> bool:
        """Whether the thing was found as it was ``left`` when its files had these stamps."""
        return self._known.get(name) == _witness(left, stamps)

    def put(self, name: str, left: str, stamps: Mapping[str, caches.Stamp], looked_ns: int) -> None:
        """Remember that it was found so, at a look that began at ``looked_ns``, after its stamps were taken.

        Files that changed just before may change again without another stamp: of these nothing is remembered.
        """
        if all(caches.trusted(stamp, looked_ns) for stamp in stamps.values()):
            self._known[name] = _witness(left, stamps)
            self._changed = True

    def keep(self) -> None:
        """Let the next plans know."""
        if self._changed and self._place is not None:
            caches.write(self._place, self._header, self._known, most_bytes=_MOST_BYTES)


def _witness(left: str, stamps: Mapping[str, caches.Stamp]) -> str:
    return sha256(repr((left, sorted(stamps.items()))).encode()).hexdigest()
