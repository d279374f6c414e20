"""What every state store must keep: the sentences of ``mason.state.store``, each as a test.

``StateStoreSuite`` needs no more than two handles on one store; see ``mason.testing.shared_stores`` for stores that
another process can open.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any, cast

import pytest

from mason.errors import SourceChangedError, StateConflictError, StateError, StateFormatError, StateLockedError
from mason.state.lock import who
from mason.state.snapshot import FORMAT_VERSION, Entry, Snapshot
from mason.state.store import KEPT_BACKUPS, LockInfo, StateStore
from mason.state.urls import workspace_of, workspace_url


def entry(number: int = 0, *, kind: str = "operator", size: int = 0) -> Entry:
    """A resource as a state holds it; different numbers make different ones, ``size`` makes them long."""
    return Entry(
        kind=kind,
        digest="sha256:" + hashlib.sha256(str(number).encode()).hexdigest(),
        definition={"type": kind, "number": number, "text": "é" * size, "list": [1, 2.5, None, True, {"a": "b"}]},
        module=None if number % 2 else "sha256:" + "0" * 64,
        project="demo",
        file=f"operators/{number}.yaml",
        applied_at="2026-01-02T03:04:05+00:00",
        applied_by="ann@laptop",
    )


def renewable(info: LockInfo | None) -> LockInfo | None:
    """A lock without its end, which is another one whenever its holder has renewed it."""
    return info and replace(info, expires="")


def resources(number: int, *, count: int = 1, size: int = 0) -> dict[str, Entry]:
    """``count`` resources that all carry ``number``, so that a mixture of two writes is seen at once."""
    return {f"operator.table.number{index}": entry(number, size=size) for index in range(count)}


class StateStoreSuite:
    """Inherit, and override the fixtures ``store`` and ``another`` and the method ``overwrite_state``."""

    @pytest.fixture
    def store(self) -> StateStore:
        """A store that nobody has written to."""
        raise NotImplementedError

    @pytest.fixture
    def another(self, store: StateStore) -> StateStore:
        """A second handle on the same store, as another process would have it."""
        raise NotImplementedError

    def overwrite_state(self, store: StateStore, content: bytes) -> None:
        """Put ``content`` in the place of the current snapshot, past the store."""
        raise NotImplementedError

    def overwrite_source(self, store: StateStore, digest: str, content: bytes) -> None:
        """Put ``content`` in the place of a source, past the store."""
        raise NotImplementedError

    # read

    def test_nothing_was_ever_written(self, store: StateStore) -> None:
        """An empty snapshot (serial 0, no lineage) when nothing was ever written; reading changes nothing."""
        assert [store.read() for _ in range(2)] == [Snapshot(), Snapshot()]
        assert (store.list_backups(), store.list_runs(), store.lock_info()) == ([], [], None)

    def test_read_gives_what_was_written(self, store: StateStore, another: StateStore) -> None:
        """Every field of every entry comes back, through every handle."""
        wanted = {
            "config.1": entry(1, kind="config"),
            "operator.table.get": entry(2),
            "operator.table.extremes": Entry(
                "operator",
                "sha256:",
                {"big": 2**70, "small": -(2**70), "float": 0.1, "text": '"\\\u2028\x00\n😀', "": {}, "lone": "\ud800"},
            ),
        }
        written = store.write(wanted, base=store.read())
        for handle in (store, another):
            assert handle.read() == written
            assert handle.read().token == written.token
            assert dict(handle.read().resources) == wanted

    def test_values_cannot_be_changed_from_outside(self, store: StateStore) -> None:
        """Changing what was handed in or given out changes no state."""
        given = resources(1)
        store.write(given, base=store.read())
        given["operator.table.other"] = entry(2)
        dict(store.read().resources).clear()
        assert dict(store.read().resources) == resources(1)

    def test_readers_see_old_or_new(self, store: StateStore, another: StateStore) -> None:
        """Sees the old snapshot or the new one while another writes, never a mixture, and serials only grow."""
        seen: list[tuple[int, set[int]]] = []
        done = threading.Event()

        def look() -> None:
            while not done.is_set():
                snapshot = another.read()
                seen.append((snapshot.serial, {each.definition["number"] for each in snapshot.resources.values()}))

        base = store.write(resources(1, count=50), base=store.read())
        reader = threading.Thread(target=look)
        reader.start()
        try:
            for number in range(2, 30):
                base = store.write(resources(number, count=50, size=number * 7 % 500), base=base)
        finally:
            done.set()
            reader.join()
        assert seen
        assert [(serial, {serial}) for serial, _ in seen] == seen
        assert sorted(serial for serial, _ in seen) == [serial for serial, _ in seen]

    @pytest.mark.parametrize("content", [b"", b"{", b'{"version": 1', b"no json", b"[]", b"{}", b"\xff\xfe\x00"])
    def test_broken_bytes_are_refused(self, store: StateStore, content: bytes) -> None:
        """Raises ``StateFormatError`` for bytes that are truncated or not JSON."""
        store.write(resources(1), base=store.read())
        self.overwrite_state(store, content)
        with pytest.raises(StateFormatError):
            store.read()

    def test_newer_format_is_refused(self, store: StateStore) -> None:
        """Raises ``StateFormatError`` for a newer format, and says what to do."""
        store.write(resources(1), base=store.read())
        newer = FORMAT_VERSION + 1
        self.overwrite_state(store, json.dumps({"version": newer, "something": "new"}).encode())
        with pytest.raises(StateFormatError) as caught:
            store.read()
        assert str(caught.value).endswith(
            f" was written by a newer Mason (format {newer}; this one reads {FORMAT_VERSION}). Upgrade Mason."
        )

    def test_edits_are_never_lost(self, store: StateStore) -> None:
        """A write conflicts with what came to the store past it, readable or not."""
        base = store.write(resources(1), base=store.read())
        self.overwrite_state(store, b"somebody's notes")
        with pytest.raises(StateConflictError):
            store.write(resources(2), base=base)
        with pytest.raises(StateFormatError):
            store.read()

    # write

    def test_serial_grows_by_one(self, store: StateStore, another: StateStore) -> None:
        """Serial + 1 for each write that changes content, whichever handle writes."""
        serials = []
        for number in range(4):
            handle = (store, another)[number % 2]
            serials.append(handle.write(resources(number), base=handle.read()).serial)
        assert serials == [1, 2, 3, 4]

    def test_same_content_writes_nothing(self, store: StateStore) -> None:
        """When the content equals that of ``base``, nothing is written and ``base`` comes back."""
        assert store.write({}, base=store.read()) == Snapshot()
        assert store.read() == Snapshot()
        base = store.write(resources(1), base=store.read())
        again = store.write(resources(1), base=base)
        assert (again, again.token) == (base, base.token)
        assert (store.read(), store.read().token) == (base, base.token)
        assert store.list_backups() == [base.serial]

    def test_everything_may_be_deleted(self, store: StateStore) -> None:
        """An empty content is content: serial and lineage go on."""
        first = store.write(resources(1), base=store.read())
        emptied = store.write({}, base=first)
        assert (emptied.serial, emptied.lineage, dict(store.read().resources)) == (2, first.lineage, {})

    def test_lineage_is_made_once(self, store: StateStore, another: StateStore) -> None:
        """The lineage is made at the first write and stays."""
        first = store.write(resources(1), base=store.read())
        second = another.write(resources(2), base=another.read())
        assert first.lineage
        assert (second.lineage, store.read().lineage) == (first.lineage, first.lineage)

    def test_who_read_an_older_snapshot_conflicts(self, store: StateStore, another: StateStore) -> None:
        """Raises ``StateConflictError``, and writes nothing, when the current snapshot is no longer ``base``."""
        stale = another.read()
        first = store.write(resources(1), base=store.read())
        with pytest.raises(StateConflictError):
            another.write(resources(2), base=stale)
        second = store.write(resources(3), base=first)
        for content in (resources(2), resources(1)):
            with pytest.raises(StateConflictError):
                another.write(content, base=first)
        assert store.read() == second

    def test_the_lock_does_not_replace_the_check(self, store: StateStore, another: StateStore) -> None:
        """The conflict is found whether or not anybody holds the lock."""
        stale = store.read()
        first = another.write(resources(1), base=another.read())
        with store.lock("apply"), pytest.raises(StateConflictError):
            store.write(resources(2), base=stale)
        assert store.read() == first

    def test_no_update_is_lost(self, store: StateStore, another: StateStore) -> None:
        """Writers without a lock that read again after each conflict all leave their mark, without a gap."""

        def add(handle: StateStore, name: str) -> None:
            for number in range(10):
                while True:
                    base = handle.read()
                    try:
                        handle.write({**base.resources, f"operator.{name}.number{number}": entry(number)}, base=base)
                        break
                    except StateConflictError:
                        continue

        threads = [
            threading.Thread(target=add, args=(handle, f"thread{index}"))
            for index, handle in enumerate((store, another, store, another))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        final = store.read()
        assert sorted(final.resources) == sorted(f"operator.thread{t}.number{n}" for t in range(4) for n in range(10))
        assert final.serial == 40

    def test_what_json_cannot_hold_is_refused(self, store: StateStore) -> None:
        """On any failure the old snapshot is the current one, whole."""
        base = store.write(resources(1), base=store.read())
        with pytest.raises(StateError):
            store.write({"config.1": Entry("config", "sha256:", {"number": {1, 2}})}, base=base)
        assert store.read() == base

    def test_backups(self, store: StateStore, another: StateStore) -> None:
        """The snapshots before the last ten writes are kept as backups."""
        written = [store.read()]
        for number in range(1, KEPT_BACKUPS + 4):
            written.append(store.write(resources(number), base=written[-1]))
        kept = written[-KEPT_BACKUPS - 1 : -1]
        assert another.list_backups() == [snapshot.serial for snapshot in kept]
        assert [another.get_backup(snapshot.serial) for snapshot in kept] == kept
        with pytest.raises(StateError):
            another.get_backup(1)

    def test_states_in_between_are_not_kept(self, store: StateStore, another: StateStore) -> None:
        """Where a write goes on, what the same operation wrote a moment ago is no backup; what was there before is."""
        before = store.write(resources(1), base=store.read())
        begun = store.write(resources(2), base=before)
        between = store.write(resources(3), base=begun, goes_on=True)
        done = store.write(resources(4), base=between, goes_on=True)
        assert another.list_backups() == [before.serial]
        assert another.get_backup(before.serial) == before
        assert (another.read(), done.serial) == (done, begun.serial + 2)
        written = (before, begun, between, done, another.read(), another.get_backup(before.serial))
        assert [snapshot.follows for snapshot in written] == [0, *[before.serial] * 4, 0]

    def test_the_first_snapshot_is_kept_itself(self, store: StateStore, another: StateStore) -> None:
        """Of the first operation, before which there was nothing, the last snapshot is kept itself."""
        first = store.write(resources(1), base=store.read())
        assert (another.list_backups(), another.get_backup(1)) == ([1], first)
        second = store.write(resources(2), base=first, goes_on=True)
        assert (another.list_backups(), another.get_backup(2)) == ([2], second)
        store.write(resources(3), base=second)
        assert (another.list_backups(), another.get_backup(2)) == ([2], second)

    # restore

    def test_a_snapshot_says_when_and_by_whom_it_was_written(self, store: StateStore) -> None:
        """Each write is one of this person, now; the backup of a snapshot says it as the snapshot did."""
        began = datetime.now(timezone.utc).replace(microsecond=0)
        first = store.write(resources(1), base=store.read())
        store.write(resources(2), base=first)
        for snapshot in (first, store.get_backup(1), store.read()):
            assert began <= datetime.fromisoformat(snapshot.written_at) <= datetime.now(timezone.utc)
            assert snapshot.written_by == who()

    def test_a_snapshot_from_elsewhere_comes_as_it_is(self, store: StateStore, another: StateStore) -> None:
        """With its own serial, lineage and time; what was there before is a backup."""
        given = replace(
            store.write(resources(1), base=store.read()),
            serial=7,
            lineage="another",
            mason_version="1.9",
            written_at="2026-01-02T03:04:05+00:00",
            written_by="ada@engine",
            follows=5,
            errored_on=6,
        )
        given = replace(given, resources={"config.1": replace(entry(1, kind="config"), definition={"edited": True})})
        before = store.read()
        restored = store.restore(given, base=before)
        for snapshot in (restored, another.read()):
            assert snapshot == given
            assert (snapshot.written_at, snapshot.written_by) == ("2026-01-02T03:04:05+00:00", "ada@engine")
            assert (snapshot.follows, snapshot.errored_on) == (5, 6)
            assert list(snapshot.edited) == ["config.1"]
        assert (another.list_backups(), another.get_backup(1)) == ([1], before)
        after = another.write(resources(2), base=another.read())
        assert (after.serial, after.lineage, store.list_backups()) == (8, "another", [1, 7])
        assert (after.follows, after.errored_on) == (7, None)

    def test_restoring_conflicts_like_writing(self, store: StateStore, another: StateStore) -> None:
        """Nothing is written when ``base`` is not the current snapshot, or when the serial is not higher."""
        stale = another.read()
        first = store.write(resources(1), base=store.read())
        with pytest.raises(StateConflictError):
            another.restore(replace(first, serial=5, resources=resources(2)), base=stale)
        for serial in (0, 1):
            with pytest.raises(StateError):
                store.restore(replace(first, serial=serial, resources=resources(2)), base=first)
        assert (store.read(), store.list_backups()) == (first, [1])

    # workspaces

    def test_workspaces_are_states_of_their_own(self, store: StateStore) -> None:
        """Listed are those that have a state. Each has its own lock, runs and sources."""
        assert store.list_workspaces() == []
        opening = cast("Callable[[str], StateStore]", type(store))
        opened = {name: opening(workspace_url(store.url, name)) for name in ("staging", "prod_2", "new")}
        for number, name in enumerate(("staging", "prod_2")):
            opened[name].write(resources(number), base=opened[name].read())
        opened["new"].put_run("run", {})
        assert (store.list_workspaces(), store.read(), store.list_runs()) == (["prod_2", "staging"], Snapshot(), [])
        assert dict(opened["staging"].read().resources) == resources(0)
        assert dict(opened["prod_2"].read().resources) == resources(1)
        digest = opened["staging"].put_source(b"staged")
        with pytest.raises(StateFormatError):
            store.get_source(digest)
        with store.lock("apply"), opened["staging"].lock("apply"):
            assert opened["prod_2"].lock_info() is None
        assert [workspace_of(each.url) for each in (store, opened["new"])] == ["default", "new"]

    # sources

    def test_sources_come_back(self, store: StateStore, another: StateStore) -> None:
        """Content is kept under its digest; putting it twice changes nothing."""
        for content in (b"", b"class TableGet: ...", bytes(range(256)) * 500):
            digest = "sha256:" + hashlib.sha256(content).hexdigest()
            assert [store.put_source(content), another.put_source(content)] == [digest, digest]
            assert another.get_source(digest) == content

    def test_sources_are_verified(self, store: StateStore) -> None:
        """Raises ``StateFormatError`` when the bytes are missing, and that as ``SourceChangedError`` when they differ;
        putting them again mends it."""
        digest = store.put_source(b"honest")
        self.overwrite_source(store, digest, b"forged")
        with pytest.raises(SourceChangedError):
            store.get_source(digest)
        store.put_source(b"honest")
        assert store.get_source(digest) == b"honest"
        for missing in ("sha256:" + "0" * 64, "sha256:../../state.json", "", "honest"):
            with pytest.raises(StateFormatError):
                store.get_source(missing)

    # lock

    def test_lock_excludes(self, store: StateStore, another: StateStore) -> None:
        """One holder at a time, known to everybody; the one who comes second is told who holds it."""
        with store.lock("apply") as held:
            info = held.info
            assert [renewable(store.lock_info()), renewable(another.lock_info())] == [renewable(info)] * 2
            held.check()
            for handle in (another, store):
                with pytest.raises(StateLockedError) as caught, handle.lock("destroy", timeout=0.05):
                    pass
                for part in (store.url, info.who, str(info.pid), info.operation, info.created, "--lock-timeout"):
                    assert part in str(caught.value)
        assert [store.lock_info(), another.lock_info()] == [None, None]
        with another.lock("destroy") as next_one:
            assert (next_one.info.operation, next_one.info.id != info.id) == ("destroy", True)

    def test_lock_ends_with_an_exception(self, store: StateStore, another: StateStore) -> None:
        """The lock is held while the context lasts, however it ends."""
        with pytest.raises(KeyboardInterrupt), store.lock("apply"):
            raise KeyboardInterrupt
        assert store.lock_info() is None
        with another.lock("apply"):
            pass

    def test_only_the_named_lock_is_broken(self, store: StateStore, another: StateStore) -> None:
        """Raises ``StateError``, and leaves the lock alone, when nobody holds it and when its id is another."""
        with pytest.raises(StateError):
            another.break_lock("0011223344556677")
        with store.lock("apply") as held:
            for lock_id in ("0011223344556677", "", held.info.id[:-1]):
                with pytest.raises(StateError):
                    another.break_lock(lock_id)
            held.check()
            assert renewable(another.lock_info()) == renewable(held.info)

    def test_lock_is_waited_for(self, store: StateStore, another: StateStore) -> None:
        """Waits up to ``timeout`` seconds."""
        held = store.lock("apply")
        held.__enter__()
        timer = threading.Timer(0.1, held.__exit__, (None, None, None))
        timer.start()
        try:
            with another.lock("apply", timeout=60) as mine:
                assert renewable(another.lock_info()) == renewable(mine.info)
        finally:
            timer.join()

    def test_lock_does_not_hide_the_state(self, store: StateStore, another: StateStore) -> None:
        """Readers need no lock, and looking at the lock never takes it from anybody."""
        with store.lock("apply"):
            written = store.write(resources(1), base=store.read())
            assert another.read() == written
        with self._looking(another):
            for _ in range(50):
                with store.lock("apply"):
                    pass

    @contextmanager
    def _looking(self, handle: StateStore) -> Iterator[None]:
        done = threading.Event()

        def look() -> None:
            while not done.is_set():
                handle.lock_info()

        thread = threading.Thread(target=look)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    # runs

    def test_runs(self, store: StateStore, another: StateStore) -> None:
        """Run records come back by id, sorted; a record of the same id is replaced."""
        records: Mapping[str, dict[str, Any]] = {
            "20260102T030405-bbbbbb": {"status": "succeeded", "errors": []},
            "20260102T030405-aaaaaa": {"status": "failed", "errors": ["é"]},
            "20250102T030405-cccccc": {},
        }
        for run_id, record in records.items():
            store.put_run(run_id, {"status": "running"})
            store.put_run(run_id, record)
        assert another.list_runs() == sorted(records)
        assert {run_id: another.get_run(run_id) for run_id in another.list_runs()} == records
        assert store.read() == Snapshot()

    def test_run_ids_are_no_paths(self, store: StateStore) -> None:
        """Raises ``StateError`` when there is no run of that id, and for ids and records that cannot be kept."""
        store.write(resources(1), base=store.read())
        for run_id in ("missing", "../state", "", ".hidden", "a/b", "a" * 201, "\n"):
            with pytest.raises(StateError):
                store.get_run(run_id)
        for run_id in ("../state", "", ".hidden", "a/b", "a" * 201, "\n"):
            with pytest.raises(StateError):
                store.put_run(run_id, {})
        with pytest.raises(StateError):
            store.put_run("fine", {"status": object()})
        assert store.list_runs() == []

    def test_runs_are_deleted(self, store: StateStore, another: StateStore) -> None:
        """Removes one record; one that is missing, or an id that none can have, is no error."""
        written = store.write(resources(1), base=store.read())
        another.delete_run("nothing-there-yet")
        for run_id in ("20260102T030405-a", "20260102T030405-ab"):
            store.put_run(run_id, {"status": "succeeded"})
        for run_id in ("20260102T030405-a", "20260102T030405-a", "missing", "../state", "", "a" * 201):
            another.delete_run(run_id)
        assert (store.list_runs(), store.get_run("20260102T030405-ab")) == (
            ["20260102T030405-ab"],
            {"status": "succeeded"},
        )
        assert (store.read(), store.list_backups()) == (written, [1])
