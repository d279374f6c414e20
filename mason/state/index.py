"""The index of a state: which digest each resource has, where in the bytes of the state it stands, and whether it was
edited there by hand.

With it a state of ten thousand resources is read without decoding them. It is derived: whoever writes a state leaves
one beside it, and a reader uses it only if it was made by the same Mason from the very bytes that were read. Lost,
damaged or out of date, it makes reading slower, never wrong and never an error.
"""

from __future__ import annotations

import hashlib
import json

from mason.state.format import decode_lines
from mason.state.snapshot import Snapshot, StoredEntries
from mason.version import __version__

# The number grows when the meaning of what is kept changes.
_HEADER = f"mason-index 4 {__version__} ".encode()
_HASH = 32


def encode_index(snapshot: Snapshot, entries: StoredEntries) -> bytes:
    """The index of the bytes of ``entries``, which are those of ``snapshot``; its token is the digest of the bytes."""
    import orjson

    known = {
        "of": snapshot.token,
        "serial": snapshot.serial,
        "lineage": snapshot.lineage,
        "mason_version": snapshot.mason_version,
        "written": [snapshot.written_at, snapshot.written_by, snapshot.follows, snapshot.errored_on],
        "digests": entries.digests,
        "edited": entries.edited,
        "starts": entries.starts,
    }
    try:
        payload = orjson.dumps(known)
    except TypeError:
        # A state can hold text that is no Unicode. It gets no index.
        return b""
    return _HEADER + hashlib.sha256(payload).digest() + payload


def read_index(index: bytes, content: bytes, *, token: str) -> Snapshot | None:
    """The snapshot in ``content``, whose digest is ``token``; ``None`` if ``index`` is not the index of it."""
    start = len(_HEADER) + _HASH
    payload = index[start:]
    if not index.startswith(_HEADER) or hashlib.sha256(payload).digest() != index[len(_HEADER) : start]:
        return None
    known = json.loads(payload)
    if known["of"] != token:
        return None
    entries = StoredEntries(content, known["digests"], known["starts"], decode_lines, edited=known["edited"])
    return Snapshot(entries, known["serial"], known["lineage"], known["mason_version"], token, *known["written"])
