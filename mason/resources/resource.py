"""One document that a person wrote, validated: its address, its content, and where it stands.

The definition is kept encoded until somebody asks for it, because planning ten thousand resources that did
not change needs their digests only.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mason.values import dataclass, field

ENTRY = "__init__.py"
"""The file that holds the classes."""


@dataclass(frozen=True, slots=True)
class Module:
    """The Python files beside an operator's or workflow's YAML, read but never imported.

    ``digest`` is ``sha256:`` and the hash of ``content``; ``content`` is the JSON mapping of file name (relative to
    the folder) to text, sorted, which is what the state keeps as a source. ``calls`` are the
    ``engine.verb`` pairs that the syntax tree shows; ``certain`` is false when it passes engines on
    to code that cannot be followed, so that other verbs may be called as well.
    """

    digest: str
    content: bytes
    class_name: str
    calls: tuple[str, ...]
    certain: bool


@dataclass(frozen=True, slots=True)
class Resource:
    """A validated resource. ``file`` is relative to the project's root; ``line`` is where its document starts.

    ``references`` are the addresses that it uses. ``digest`` covers the normalized definition and the
    module, so two resources with the same digest behave alike.
    """

    address: str
    digest: str
    file: str
    line: int
    references: tuple[str, ...]
    encoded: bytes
    module: Module | None = field(default=None)

    @property
    def definition(self) -> dict[str, Any]:
        """The normalized definition, decoded afresh each time."""
        # A text: of bytes it would be looked first what encoding they have.
        decoded: dict[str, Any] = json.loads(self.encoded.decode())
        return decoded


@dataclass(frozen=True, slots=True)
class Move:
    """A resource has another address now: ``after`` instead of ``before``, both of one kind. ``file`` and ``line`` say
    where that is written."""

    before: str
    after: str
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Resources:
    """What a load found: resources in the order of files and lines, and how much was passed over.

    ``root`` is the project's folder, ``files`` the number of YAML files seen, ``passed_over`` the number of
    documents that are no resources (a mapping without ``type``), ``moves`` what has another name now, ``notes`` what of
    the files an older Mason wrote, a sentence for each.
    """

    root: Path
    items: tuple[Resource, ...]
    files: int
    passed_over: int
    moves: tuple[Move, ...] = ()
    notes: tuple[str, ...] = ()


def digest_of(encoded: bytes, module_digest: str | None = None) -> str:
    """``sha256:`` and the hash of an encoded definition and, where there is one, its module's digest."""
    hashed = hashlib.sha256(encoded)
    if module_digest:
        hashed.update(b"\0" + module_digest.encode())
    return "sha256:" + hashed.hexdigest()


def encode(definition: Mapping[str, Any]) -> bytes:
    """A definition as canonical JSON: sorted keys, no spaces, UTF-8, so that equal definitions are equal bytes."""
    return json.dumps(definition, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
