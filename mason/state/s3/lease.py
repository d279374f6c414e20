"""The lock of a state in a bucket: an object that only one process can make, that says who it is, and that runs out.

The holder writes it anew every third of its length, always on condition that it is still the version that it wrote
last, so that whoever was taken over finds out. Whether a lease ran out is judged without comparing the clocks of two
machines: others subtract the object's ``Last-Modified`` from the ``Date`` of the same answer, which are both the
store's own time; the holder counts from before it sent its last renewal, on a clock of its own that goes on while the
machine sleeps. The holder gives up more than a second before anybody else may take over. Even if all of that went
wrong, state is only ever written on condition that it has not moved.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta, timezone

from mason.errors import StateError
from mason.state.lock import (
    Waiting,
    decode_lock,
    encode_lock,
    locked_error,
    lost_error,
    named_holder,
    new_lock,
    tell,
    turns,
)
from mason.state.s3.bucket import NEW, Bucket, Found
from mason.state.s3.responses import Unmet
from mason.state.store import LockInfo

KEY = "lock.json"

# Seconds. Dates are told to the second, so an age may be off by one, and a store may have several clocks.
_MARGIN = 2.0
# What does not say how long it holds gets as much time as a lease of ours.
_UNSAID = 60.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 1.0
_BROKEN = "Somebody else broke it, or took it over when its lease had run out."
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class Lease:
    """The lock while it is held (see ``mason.state.store.HeldLock``)."""

    def __init__(self, bucket: Bucket, operation: str) -> None:
        self._bucket = bucket
        self._seconds = bucket.address.lease
        self._info = replace(new_lock(operation, path=bucket.address.url), lease=self._seconds)
        self._asked = False
        self._etag = ""
        self._until = 0.0
        self._why = ""
        self._ended = threading.Event()
        self._renewing = threading.Thread(target=self._keep, name="mason-lease", daemon=True)

    @property
    def info(self) -> LockInfo:
        """What others are told of it now."""
        return self._info

    def check(self) -> None:
        """Raises ``StateLockLostError`` when the lock is no longer held."""
        if self._why:
            raise lost_error(self._bucket.address.url, self._why)
        if _now() >= self._until:
            raise lost_error(
                self._bucket.address.url,
                f"Its lease of {self._seconds:g} seconds ran out: the store could not be reached to renew it, or this "
                "machine stood still.",
            )

    def confirm(self) -> None:
        """As ``check``, and asks the store: whoever was unlocked a moment ago has not noticed yet.

        Raises ``StateError`` when the store does not answer.
        """
        self.check()
        if not self._found_etag():
            self._why = _BROKEN
        self.check()

    def take(self, timeout: float) -> None:
        """Become the holder, and stay it by renewing. Raises ``StateLockedError`` that names the holder."""
        holder = None
        with Waiting(timeout) as waiting:
            for _ in turns(timeout, first=_FIRST_PAUSE, longest=_LONGEST_PAUSE):
                if self._write(NEW):
                    break
                found = self._bucket.get(KEY)
                holder = _holder(found, bucket=self._bucket) if found else None
                if found and holder and _ran_out(found, holder) and self._write(found.etag):
                    tell(_took_over(holder))
                    break
                self._asked = False
                waiting.met(holder)
            else:
                raise locked_error(self._bucket.address.url, holder)
        self._renewing.start()

    def release(self) -> None:
        """Give the lock back, if it is still held; asked for while it was being taken, too. Raises nothing."""
        self._ended.set()
        if self._renewing.is_alive():
            self._renewing.join()
        try:
            if self._etag and self._deleted(self._etag):
                return
            # Taken or renewed without anybody hearing so: somebody pressed Ctrl-C just then, or the answer was lost.
            etag = self._found_etag() if self._asked else ""
            if etag:
                self._deleted(etag)
        except StateError as error:
            tell(f"The state lock could not be released, and is free after {self._info.expires}: {error}")

    def _deleted(self, etag: str) -> bool:
        try:
            self._bucket.delete_if(KEY, match=etag)
        except Unmet:
            return False
        return True

    def _found_etag(self) -> str:
        """The ETag of what is there, if that is this lock; else empty."""
        found = self._bucket.get(KEY)
        holder = decode_lock(found.body) if found else None
        return found.etag if found and holder and holder.id == self._info.id else ""

    def _write(self, match: str, *, patience: float | None = None) -> bool:
        """Write the lock as ours if what is there has the ETag ``match``; returns whether it had."""
        expires = datetime.now(timezone.utc) + timedelta(seconds=self._seconds)
        info = replace(self._info, expires=expires.isoformat(timespec="seconds"))
        # Before it is sent: the store cannot have dated it earlier.
        until = _now() + self._seconds
        self._asked = True
        try:
            self._etag = self._bucket.put_if(KEY, encode_lock(info), match=match, patience=patience)
        except Unmet:
            return False
        self._info, self._until = info, until
        return True

    def _keep(self) -> None:
        """Renew until the end, or until somebody else has the lock."""
        pause = self._seconds / 3
        while not self._ended.wait(pause):
            try:
                if not self._renew():
                    self._etag, self._asked, self._why = "", False, _BROKEN
                    return
                pause = self._seconds / 3
            except StateError:
                # What check says does not depend on it: until then the lock is held, and another attempt may succeed.
                pause = self._seconds / 10

    def _renew(self) -> bool:
        """Write the lock anew; returns whether it was still ours."""
        patience = self._seconds / 3
        if self._write(self._etag, patience=patience):
            return True
        # An earlier renewal may have arrived although no answer to it did.
        etag = self._found_etag()
        return bool(etag) and self._write(etag, patience=patience)


@contextmanager
def leased(bucket: Bucket, operation: str, *, timeout: float) -> Iterator[Lease]:
    """Hold the lock of the state in ``bucket`` while the context lasts."""
    lease = Lease(bucket, operation)
    try:
        lease.take(timeout)
        yield lease
    finally:
        lease.release()


def holder_of(bucket: Bucket) -> LockInfo | None:
    """Who holds the lock now."""
    found = bucket.get(KEY)
    if found is None:
        return None
    holder = _holder(found, bucket=bucket)
    return None if _ran_out(found, holder) else holder


def break_lease(bucket: Bucket, lock_id: str) -> LockInfo:
    """Take the lock from its holder. Raises ``StateError`` when its id is another."""
    for _ in turns(bucket.address.timeout):
        found = bucket.get(KEY)
        holder = named_holder(bucket.address.url, _holder(found, bucket=bucket) if found else None, lock_id)
        assert found is not None, "what nobody holds was refused"
        # Renewed meanwhile: it may still be the same one.
        with suppress(Unmet):
            bucket.delete_if(KEY, match=found.etag)
            return holder
    raise StateError(f"The lock of {bucket.address.url} changed again and again. Nothing was unlocked. Try again.")


def _holder(found: Found, *, bucket: Bucket) -> LockInfo:
    """Who holds the lock. A lock that Mason did not write gets its ETag as id."""
    unknown = LockInfo(found.etag.strip('"'), "", "", 0, "", path=bucket.address.url, lease=_UNSAID)
    return decode_lock(found.body) or unknown


def _ran_out(found: Found, holder: LockInfo) -> bool:
    return found.age is not None and found.age > (holder.lease or _UNSAID) + _MARGIN


def _took_over(holder: LockInfo) -> str:
    if not holder.who:
        return "Took over the state lock: what was there said not who held it, and was not renewed."
    return (
        f"Took over the state lock of {holder.who} (process {holder.pid}), who held it for '{holder.operation}' since "
        f"{holder.created}: its lease ran out without being renewed."
    )


def _now() -> float:
    return time.clock_gettime(_CLOCK)
