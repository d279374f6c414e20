"""What the state will hold once the definitions of a plan are saved: what runs and schedules are planned against. Pure,
but for reading sources.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from mason.errors import StateFormatError
from mason.resources.address import kind_of
from mason.resources.resource import Resource
from mason.state.snapshot import Entry, Snapshot

ReadSource = Callable[[str], bytes | None]
"""The module content that the state keeps under a digest; ``None`` where it is missing or damaged."""

_MOST_KEPT = 1_000
"""How many entries are kept for the next who asks. To decode one again takes microseconds, and there may be many."""


class Coming:
    """The resources ``saved`` by a plan, and what ``snapshot`` holds besides. ``read_source`` gives what it keeps,
    ``before`` the addresses there of those that have another one now, ``settled`` the entries of runs whose outcomes
    the plan saves, by the addresses that they will have."""

    def __init__(
        self,
        saved: Iterable[Resource],
        snapshot: Snapshot,
        read_source: ReadSource,
        before: Mapping[str, str],
        settled: Mapping[str, Entry],
    ) -> None:
        self._saved = {resource.address: resource for resource in saved}
        self._applied = snapshot.resources
        self._read_source = read_source
        self._before = before
        self._settled = settled
        self._gone = set(before.values())
        self._entries: dict[str, Entry | None] = {}
        self._sources = {
            resource.module.digest: resource.module.content for resource in self._saved.values() if resource.module
        }

    def entry(self, address: str) -> Entry | None:
        """The entry of an address, if there will be one. A run or schedule has the outcome that is known now."""
        if address in self._entries:
            return self._entries[address]
        entry = self._entry(address)
        if len(self._entries) < _MOST_KEPT:
            self._entries[address] = entry
        return entry

    def _entry(self, address: str) -> Entry | None:
        applied = self._settled.get(address) or self._applied.get(self._before.get(address, address))
        resource = self._saved.get(address)
        if resource is None:
            return None if address in self._gone else applied
        return Entry(
            kind=kind_of(address),
            digest=resource.digest,
            definition=resource.definition,
            module=resource.module.digest if resource.module else None,
            outcome=applied.outcome if applied else None,
        )

    def source(self, digest: str) -> bytes:
        """The content of a module. Raises ``StateFormatError`` where it is missing or damaged."""
        content = self._sources.get(digest) or self._read_source(digest)
        if content is None:
            raise StateFormatError(f"The source {digest} is missing or damaged. Plan with --strict to store it anew.")
        return content
