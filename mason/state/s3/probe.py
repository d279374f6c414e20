"""Whether a store honours conditional writes: without them, two people overwrite each other and nobody notices.

Some stores that speak S3's protocol take a condition, ignore it and answer that all is well. So each condition is tried
once on an object of its own, when it holds and when it does not.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress

from mason.errors import StateError
from mason.state.s3.bucket import NEW, Bucket
from mason.state.s3.responses import Unmet

_WRONG = '"00000000000000000000000000000000"'


def refuse_careless(bucket: Bucket) -> None:
    """Raises ``StateError``, having changed nothing of the state, when the store at ``bucket`` ignores conditions."""
    key = f".probe-{os.urandom(8).hex()}"
    try:
        etag = bucket.put_if(key, b"1\n", match=NEW)
        ignored = [
            condition
            for condition, request in (
                ("If-None-Match on writing", lambda: bucket.put_if(key, b"2\n", match=NEW)),
                ("If-Match on writing", lambda: bucket.put_if(key, b"3\n", match=_WRONG)),
                ("If-Match on deleting", lambda: bucket.delete_if(key, match=_WRONG)),
            )
            if not _refused(request)
        ]
        if not ignored:
            etag = bucket.put_if(key, b"4\n", match=etag)
            bucket.delete_if(key, match=etag)
            return
    except Unmet:
        ignored = ["conditions that hold"]
    finally:
        with suppress(StateError):
            bucket.delete(key)
    raise StateError(
        f"The store of {bucket.address.url} does not honour conditional writes ({', '.join(ignored)}), so two people "
        "could overwrite each other's state unnoticed. Nothing was written. Keep the state in a store that honours "
        "them, such as Amazon S3, or in a folder: --state file:///path/to/folder."
    )


def _refused(request: Callable[[], object]) -> bool:
    try:
        request()
    except Unmet:
        return True
    return False
