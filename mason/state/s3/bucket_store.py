"""The state in a bucket: ``s3://bucket/prefix`` (see ``mason.state.s3.bucket_url`` for the options).

::

    state.json                    the snapshot
    backups/state.<serial>.json   the snapshots before the last ten writes
    sources/sha256/<digest>       Python sources of operators and workflows, by content
    runs/<id>.json                what ran, and how it ended
    workspaces/<name>/            the state of a workspace, in the same form
    lock.json                     who holds the lock, while somebody does (see mason.state.s3.lease)

What a write promises rests on one request: ``state.json`` is put in place on condition that it still has the ETag
that was read, or that there is none. Whatever belongs to a snapshot is there before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

from mason.errors import StateConflictError, StateError, StateLockLostError
from mason.resources.address import is_name
from mason.state.content import decode_run, digest_of, encode_run, is_run_id, source_name, verified_source
from mason.state.format import decode, lay_out, lay_out_whole, missing_error
from mason.state.lock import is_first, moved_error, next_snapshot, refuse_older
from mason.state.s3.bucket import NEW, Bucket, Found, new_write_id
from mason.state.s3.bucket_url import address_of
from mason.state.s3.lease import Lease, break_lease, holder_of, leased
from mason.state.s3.probe import refuse_careless
from mason.state.s3.remembered import Cache
from mason.state.s3.responses import NotModified, Uncertain, Unmet
from mason.state.snapshot import Entry, Snapshot, StoredEntries
from mason.state.store import KEPT_BACKUPS, WORKSPACES, HeldLock, LockInfo

_STATE = "state.json"
_BACKUP = re.compile(r"state\.([0-9]{1,18})\.json")


class S3StateStore:
    """Keeps a state in a bucket, for a team (see ``mason.state.store.StateStore``)."""

    def __init__(self, url: str) -> None:
        self.bucket = Bucket(address_of(url))
        self._cache = Cache(self.url)
        self._known: tuple[Found, str] | None = None
        self._lease: Lease | None = None
        self._probed = False

    @property
    def url(self) -> str:
        """The URL of the bucket, the prefix and the options; secrets are in it as ``{{NAME}}``."""
        return self.bucket.address.url

    # Reading

    def read(self) -> Snapshot:
        """The current snapshot. One conditional request when this machine has met it before."""
        known = self._known or self._cache.load()
        met = self._fetch(known)
        if met is None and self.list_backups():
            # Looked for again: others may have begun meanwhile. Taken for empty, it would soon lose its backups, too.
            met = self._fetch(None)
            if met is None:
                named = self.bucket.address.named
                raise missing_error(named(_STATE), backups=named("backups/"), restore=self._how_to_restore())
        if met is None:
            return Snapshot()
        found, digest = met
        snapshot = self._cache.index(found, digest)
        if snapshot is None:
            where = self.bucket.address.named(_STATE)
            snapshot = decode(found.body, where=where, token=digest, backup=self._how_to_restore)
            self._cache.keep(found, digest, snapshot)
        return replace(snapshot, token=found.etag)

    def list_backups(self) -> list[int]:
        """The serials of the backups, oldest first."""
        names = ((time, _BACKUP.fullmatch(name)) for time, name in self.bucket.names("backups/"))
        # By time first: a state that was restored from a backup counts on from a lower serial.
        return [serial for _, serial in sorted((time, int(matched[1])) for time, matched in names if matched)]

    def get_backup(self, serial: int) -> Snapshot:
        """One backup."""
        where = self.bucket.address.named(_backup(serial))
        found = self.bucket.get(_backup(serial))
        if found is None:
            raise StateError(f"There is no backup {where}.")
        return decode(found.body, where=where, token=found.etag)

    def get_source(self, digest: str) -> bytes:
        """The source of that digest, verified."""
        key = _source(digest)
        found = self.bucket.get(key)
        return verified_source(found.body if found else None, digest, where=self.bucket.address.named(key))

    def lock_info(self) -> LockInfo | None:
        """Who holds the lock now."""
        return holder_of(self.bucket)

    def list_runs(self) -> list[str]:
        """The ids of all run records, oldest first."""
        names = (name for _, name in self.bucket.names("runs/"))
        return sorted(filter(is_run_id, (name.removesuffix(".json") for name in names if name.endswith(".json"))))

    def get_run(self, run_id: str) -> dict[str, Any]:
        """One run record."""
        found = self.bucket.get(_run(run_id)) if is_run_id(run_id) else None
        return decode_run(found.body if found else None, run_id, where=self.bucket.address.named(_run(run_id)))

    def list_workspaces(self) -> list[str]:
        """The names of the workspaces under this state."""
        names = filter(is_name, self.bucket.folders(f"{WORKSPACES}/"))
        return sorted(name for name in names if self.bucket.head(f"{WORKSPACES}/{name}/{_STATE}") is not None)

    # Writing

    def write(self, resources: Mapping[str, Entry], *, base: Snapshot, goes_on: bool = False) -> Snapshot:
        """Make ``resources`` the current content, if ``base`` is still the current snapshot.

        When the connection is lost just then, Mason looks whether the write arrived. Where the store stays out of
        reach, the ``StateError`` says that the state is either the old one or the new one, and how to find out.
        """
        self._check_lease()
        if resources == base.resources:
            self._current(base)
            return base
        snapshot = next_snapshot(resources, base, goes_on=goes_on)
        return self._become(
            snapshot, lay_out(snapshot, before=base), base, keeps_base=not goes_on, keeps_itself=is_first(snapshot)
        )

    def restore(self, snapshot: Snapshot, *, base: Snapshot) -> Snapshot:
        """Make ``snapshot`` as it is the current one, if ``base`` still is."""
        self._check_lease()
        refuse_older(snapshot, base)
        return self._become(snapshot, lay_out_whole(snapshot), base)

    def _check_lease(self) -> None:
        if self._lease is not None:
            self._lease.check()

    def _confirm_lease(self) -> None:
        if self._lease is not None:
            self._lease.confirm()

    def _become(
        self,
        snapshot: Snapshot,
        entries: StoredEntries,
        base: Snapshot,
        *,
        keeps_base: bool = True,
        keeps_itself: bool = False,
    ) -> Snapshot:
        with _nothing_written(base):
            self._prepare()
            before = self._current(base)
            # Before the backup, which goes there unconditionally, and so must not come long after others went on.
            self._confirm_lease()
            if before is not None and keeps_base:
                self.bucket.put(_backup(base.serial), before.body, write_id=before.write_id)
            self._check_lease()
        write_id = new_write_id()
        etag = self._replace(entries.content, serial=snapshot.serial, base=base, write_id=write_id)
        digest = digest_of(entries.content)
        self._known = (Found(entries.content, etag, write_id), digest)
        self._cache.keep(*self._known, replace(snapshot, resources=entries))
        # What is left over now is removed after the next write.
        with suppress(StateError):
            if keeps_itself:
                self.bucket.put(_backup(snapshot.serial), entries.content, write_id=write_id)
                if base.serial:
                    self.bucket.delete(_backup(base.serial))
            for old in self.list_backups()[:-KEPT_BACKUPS]:
                self.bucket.delete(_backup(old))
        return replace(snapshot, resources=entries, token=etag)

    def put_source(self, content: bytes) -> str:
        """Keep ``content`` under its digest, and return that."""
        self._prepare()
        digest = digest_of(content)
        self.bucket.put(_source(digest), content)
        return digest

    def put_run(self, run_id: str, record: Mapping[str, Any]) -> None:
        """Keep a run record."""
        content = encode_run(run_id, record)
        self._prepare()
        self.bucket.put(_run(run_id), content)

    def delete_run(self, run_id: str) -> None:
        """Remove one run record."""
        if is_run_id(run_id):
            self.bucket.delete(_run(run_id))

    # Locking

    @contextmanager
    def lock(self, operation: str, *, timeout: float = 0.0) -> Iterator[HeldLock]:
        """Hold the lock while the context lasts."""
        self._prepare()
        with leased(self.bucket, operation, timeout=timeout) as lease:
            self._lease = lease
            try:
                yield lease
            finally:
                self._lease = None

    def break_lock(self, lock_id: str) -> LockInfo:
        """Take the lock from its holder."""
        return break_lease(self.bucket, lock_id)

    # Objects

    def _fetch(self, known: tuple[Found, str] | None) -> tuple[Found, str] | None:
        """The current snapshot's object and the digest of its body, downloaded if it is not the ``known`` one."""
        try:
            found = self.bucket.get(_STATE, unless=known[0].etag if known else "")
        except NotModified:
            self._known = known
        else:
            self._known = (found, digest_of(found.body)) if found else None
        return self._known

    def _current(self, base: Snapshot) -> Found | None:
        """The current snapshot's object, which is that of ``base``. Raises ``StateConflictError`` when it is not."""
        known = self._known
        met = self._fetch(known if known and known[0].etag == base.token else None)
        if (met[0].etag if met else "") != base.token:
            raise moved_error(self.url, base)
        return met[0] if met else None

    def _replace(self, content: bytes, *, serial: int, base: Snapshot, write_id: str) -> str:
        """Put the snapshot ``serial`` in the place of ``base`` and return its ETag, or raise and say what is there."""
        with _nothing_written(base):
            try:
                return self.bucket.put_if(_STATE, content, match=base.token or NEW, write_id=write_id)
            except Unmet:
                has_moved = True
            except Uncertain as error:
                has_moved, unknown = False, error
            except KeyboardInterrupt:
                raise KeyboardInterrupt(
                    f"The state was being written: it is as it was (serial {base.serial}) or as it was to become "
                    f"(serial {serial}), and whole. See which with: mason plan"
                ) from None
        if has_moved:
            return self._overtaken(serial, base, write_id)
        if unknown.seen_old:
            # Not that it is so: what was sent may still be on its way.
            raise StateError(
                f"{unknown} When Mason looked last, the state was as it had been (serial {base.serial})."
            ) from unknown
        raise StateError(
            f"{unknown} It is not known whether this write arrived: the state is as it was (serial {base.serial}) or "
            f"as it was to become (serial {serial}), and whole. See which with: mason plan"
        ) from unknown

    def _overtaken(self, serial: int, base: Snapshot, write_id: str) -> str:
        """The ETag of the write, if somebody wrote on it before we heard of it. Else raises ``StateConflictError``."""
        try:
            # Who wrote on it has kept it as a backup.
            ours = self.bucket.head(_backup(serial))
        except StateError as error:
            raise StateError(
                f"{error} The state was changed by somebody else meanwhile, and it is not known whether this write "
                f"(serial {serial}) arrived before. See who wrote what with: mason state history"
            ) from error
        if ours is not None and ours.write_id == write_id:
            return ours.etag
        raise moved_error(self.url, base)

    def _prepare(self) -> None:
        """Before anything is written: refuse a store that ignores conditions. It is asked once from each machine."""
        if not self._probed and not self._cache.honours_conditions(self.bucket.endpoint):
            refuse_careless(self.bucket)
            self._cache.remember_conditions(self.bucket.endpoint)
        self._probed = True

    def _how_to_restore(self) -> str:
        """The sentence that names the newest backup that can be read; empty when there is none."""
        for serial in reversed(self.list_backups()):
            try:
                self.get_backup(serial)
            except StateError:
                continue
            named, endpoint = self.bucket.address.named, self.bucket.address.options.get("endpoint_url")
            reached = f" --endpoint-url {endpoint}" if endpoint else ""
            return f"Restore the newest backup: aws{reached} s3 cp {named(_backup(serial))} {named(_STATE)}"
        return ""


@contextmanager
def _nothing_written(base: Snapshot) -> Iterator[None]:
    """Say with every failure within what the state is now."""
    try:
        yield
    except (StateConflictError, StateLockLostError):
        raise
    except StateError as error:
        raise StateError(f"{error} The state is as it was (serial {base.serial}).") from error


def _backup(serial: int) -> str:
    return f"backups/state.{serial}.json"


def _source(digest: str) -> str:
    return f"sources/sha256/{source_name(digest)}"


def _run(run_id: str) -> str:
    return f"runs/{run_id}.json"
