"""What this machine remembers of a bucket: the snapshot that it met last, and that the store honours conditions.

So a team's state of ten thousand resources is downloaded when it changed, and else costs one conditional request. Kept
in ``MASON_HOME/cache``. Nothing is lost with it: damaged, out of date or impossible to write, it makes reading slower,
never wrong and never an error.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from mason import home
from mason.errors import SettingsError
from mason.state import whole_files
from mason.state.content import digest_of
from mason.state.format import lay_out_whole
from mason.state.index import encode_index, read_index
from mason.state.s3.bucket import Found
from mason.state.snapshot import Snapshot, StoredEntries


class Cache:
    """The memory of the state at ``url``."""

    def __init__(self, url: str) -> None:
        self._folder = _folder(url)

    def load(self) -> tuple[Found, str] | None:
        """The snapshot's object as it was met last, and the digest of its body."""
        content = self._read("state.json")
        try:
            head, _, body = content.partition(b"\n")
            known = json.loads(head)
            found = Found(body, known["etag"], known["write_id"])
            digest = known["digest"]
        except (ValueError, KeyError, TypeError):
            return None
        return (found, digest) if digest_of(body) == digest else None

    def index(self, found: Found, digest: str) -> Snapshot | None:
        """The snapshot in ``found``, if this machine has an index of it; its token is ``digest``."""
        return read_index(self._read("index"), found.body, token=digest)

    def keep(self, found: Found, digest: str, snapshot: Snapshot) -> None:
        """Remember ``found``, whose body has that digest and holds ``snapshot``."""
        entries = snapshot.resources
        if not isinstance(entries, StoredEntries):
            # From now on every command would find out what was edited by hand. It is found out once, here.
            entries = lay_out_whole(snapshot)
        known = {"etag": found.etag, "write_id": found.write_id, "digest": digest}
        self._leave("state.json", json.dumps(known).encode() + b"\n" + found.body)
        # Of a body that was laid out by another Mason, or by hand, nobody knows where the lines are.
        if entries.content == found.body:
            self._leave("index", encode_index(replace(snapshot, resources=entries, token=digest), entries))

    def honours_conditions(self, endpoint: str) -> bool:
        """Whether the store at ``endpoint`` was found to honour conditional writes."""
        return self._read("probed") == _probed(endpoint)

    def remember_conditions(self, endpoint: str) -> None:
        """Remember that it does."""
        self._leave("probed", _probed(endpoint))

    def _read(self, name: str) -> bytes:
        if self._folder is not None:
            with suppress(OSError):
                return (self._folder / name).read_bytes()
        return b""

    def _leave(self, name: str, content: bytes) -> None:
        if self._folder is not None:
            with suppress(OSError):
                whole_files.make_folder(self._folder)
                whole_files.leave_file(self._folder / name, content)


def _probed(endpoint: str) -> bytes:
    from hashlib import sha256

    # Its name only as a digest: one that comes from the environment may hold a password.
    digest = sha256(endpoint.encode()).hexdigest()
    return f"The store {digest} honours conditional writes. Delete this file to have it probed again.\n".encode()


def _folder(url: str) -> Path | None:
    from hashlib import sha256

    try:
        return home.mason_home() / "cache" / f"s3-{sha256(url.encode()).hexdigest()[:16]}"
    except SettingsError:
        return None
