"""The state as a value: what was applied last, by whom, under which serial and lineage.

How it is written down is ``mason.state.format``'s subject, and where it is kept that of the stores. Nothing here
performs I/O.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, ItemsView, Iterator, KeysView, Mapping, Sequence, Set, ValuesView
from typing import Any

from mason.resources.resource import digest_of, encode
from mason.values import dataclass, field

FORMAT_VERSION = 1
"""The version of the state's format that this Mason writes, and the newest that it reads."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One applied resource. ``definition`` is the normalized definition, references to secrets unresolved.

    ``module`` is the digest of its source, ``project`` the name of the project that applied it, ``file`` is
    relative to that project's root; ``applied_at`` is an ISO 8601 time in UTC, ``applied_by`` is ``user@host``.
    ``outcome`` says of a run or a schedule what came of it in the engines (see ``mason.state.outcome``); it is no
    part of what the digest covers, and ``None`` for all other resources. ``signature`` says who vouches for the digest
    (see ``mason.state.signatures``), ``None`` where nobody does.
    """

    kind: str
    digest: str
    definition: Mapping[str, Any]
    module: str | None = None
    project: str = ""
    file: str = ""
    applied_at: str = ""
    applied_by: str = ""
    outcome: Mapping[str, Any] | None = None
    signature: Mapping[str, Any] | None = None

    @property
    def is_as_applied(self) -> bool:
        """Whether definition and module are those that the digest was made of, and not edited since."""
        try:
            return digest_of(encode(self.definition), self.module) == self.digest
        except (ValueError, RecursionError):
            # A definition can be edited into what no definition holds: NaN, half a surrogate pair.
            return False


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The resources by address, and the identity of this version of them.

    ``lineage`` is empty and ``serial`` 0 while nothing was ever written. ``token`` is the store's own name for this
    version (an ETag, a digest); only the store that gave it understands it, and it is not part of the content.
    ``written_at`` is when it was written (ISO 8601, UTC) and ``written_by`` who did (``user@host``); empty where a
    state was written without them. ``follows`` is the serial of the one before that was kept as a backup when it was
    written (0: none came before), ``None`` where that was not written down. ``errored_on`` is set in a snapshot that
    its store did not take and that was left in a file: the serial of the one that it should have taken the place of.
    """

    resources: Mapping[str, Entry] = field(default_factory=dict)
    serial: int = 0
    lineage: str = ""
    mason_version: str = ""
    token: str = field(default="", compare=False)
    written_at: str = field(default="", compare=False)
    written_by: str = field(default="", compare=False)
    follows: int | None = field(default=None, compare=False)
    errored_on: int | None = field(default=None, compare=False)

    @property
    def digests(self) -> Mapping[str, str]:
        """The digests of all resources by address: to be asked for once, and cheaper than the entries."""
        if isinstance(self.resources, StoredEntries):
            return self.resources.digests
        return {address: entry.digest for address, entry in self.resources.items()}

    @property
    def edited(self) -> Collection[str]:
        """The addresses whose definition was edited in the state: what stands there is not what was applied.

        To be asked for once. Where an index tells, nothing is decoded; else every definition is digested.
        """
        if isinstance(self.resources, StoredEntries):
            return self.resources.edited
        return [address for address, entry in self.resources.items() if not entry.is_as_applied]

    def select(self, addresses: Collection[str]) -> dict[str, Entry]:
        """The entries of ``addresses``, which are in the state, in that order: cheaper than one after another."""
        if isinstance(self.resources, StoredEntries):
            return self.resources.select(addresses)
        return {address: self.resources[address] for address in addresses}

    def applied_by(self, project: str, addresses: Collection[str]) -> dict[str, Entry]:
        """Those of ``addresses`` that ``project`` applied. Where an index tells lines apart, others are not decoded."""
        if isinstance(self.resources, StoredEntries):
            addresses = self.resources.naming(project, addresses)
        return {address: entry for address, entry in self.select(addresses).items() if entry.project == project}


class StoredEntries(Mapping[str, Entry]):
    """The resources of a snapshot as they stand in a store's bytes: decoded when they are asked for, and once.

    ``content`` are the bytes, ``digests`` those of all resources by address, in the order of their lines. ``starts``
    says where in ``content`` each line starts, and where one after the last would; a single byte stands between two.
    ``decode`` makes entries of lines and the addresses that stand on them; ``decoded`` are all the entries when they
    are known already. ``edited`` are the addresses whose entries are not what was applied (see ``Snapshot.edited``).
    Whatever needs a decoding raises what ``decode`` raises.
    """

    def __init__(
        self,
        content: bytes,
        digests: Mapping[str, str],
        starts: Sequence[int],
        decode: Callable[[bytes | memoryview, Set[str]], Mapping[str, Entry]],
        *,
        decoded: Mapping[str, Entry] | None = None,
        edited: Collection[str] = (),
    ) -> None:
        self.content = content
        self.digests = digests
        self.starts = starts
        self.edited = edited
        self._decode = decode
        self._decoded = dict(decoded or {})
        self._numbers: dict[str, int] = {}

    def __getitem__(self, address: str) -> Entry:
        entry = self._decoded.get(address)
        if entry is None:
            if address not in self.digests:
                raise KeyError(address)
            entry = self.select([address])[address]
        return entry

    def __contains__(self, address: object) -> bool:
        return address in self.digests

    def __iter__(self) -> Iterator[str]:
        return iter(self.digests)

    def __len__(self) -> int:
        return len(self.digests)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Mapping):
            return NotImplemented
        return other is self or (len(self) == len(other) and self._all() == dict(other))

    def __repr__(self) -> str:
        return repr(self._all())

    def keys(self) -> KeysView[str]:
        """All addresses. Decodes everything together, because ``dict()`` and ``**`` go on to ask for each entry."""
        return self._all().keys()

    def values(self) -> ValuesView[Entry]:
        """All entries."""
        return self._all().values()

    def items(self) -> ItemsView[str, Entry]:
        """All addresses and entries."""
        return self._all().items()

    def select(self, addresses: Collection[str]) -> dict[str, Entry]:
        """The entries of ``addresses``, in that order. Raises ``KeyError`` for one that is not there."""
        decoded = self._decoded
        missing = dict.fromkeys(address for address in addresses if address not in decoded).keys()
        if missing:
            decoded.update(self._decode(self._lines(missing), missing))
        return {address: decoded[address] for address in addresses}

    def naming(self, project: str, addresses: Collection[str]) -> list[str]:
        """Those of ``addresses`` on whose lines ``project`` is named as one; in rare cases not as their own."""
        named = b'"project":%b' % json.dumps(project, ensure_ascii=False).encode()
        return [
            address
            for number, address in self._numbered(addresses)
            if self.content.find(named, self.starts[number], self.starts[number + 1]) >= 0
        ]

    def strangers(self, entries: Mapping[str, Entry]) -> dict[str, Entry]:
        """Those ``entries`` that are not the very objects that were decoded here."""
        decoded = self._decoded
        return {address: entry for address, entry in entries.items() if decoded.get(address) is not entry}

    def _all(self) -> dict[str, Entry]:
        if len(self._decoded) < len(self.digests):
            self._decoded = self.select(self.digests.keys())
        return self._decoded

    def _lines(self, addresses: Set[str]) -> bytes | memoryview:
        starts = self.starts
        if addresses == self.digests.keys():
            return memoryview(self.content)[starts[0] : starts[-1] - 1]
        return b",".join(
            [self.content[starts[number] : starts[number + 1] - 1] for number, _ in self._numbered(addresses)]
        )

    def _numbered(self, addresses: Collection[str]) -> Iterator[tuple[int, str]]:
        """The number of the line of each of ``addresses``, and the address."""
        if addresses and not self._numbers:
            self._numbers = dict(zip(self.digests, range(len(self.digests)), strict=True))
        return ((self._numbers[address], address) for address in addresses)
