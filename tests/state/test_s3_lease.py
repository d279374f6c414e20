"""The lease: who holds it, when it is lost, and who may take it over."""

from __future__ import annotations

import _thread
import hashlib
from dataclasses import replace

import pytest

from mason.errors import StateError, StateLockedError, StateLockLostError
from mason.state.lock import decode_lock, encode_lock, listening, new_lock
from mason.state.s3.bucket_store import S3StateStore
from mason.state.store import LockInfo
from mason.testing.stores import resources
from tests.servers import BUCKET
from tests.state import faults
from tests.waiting import wait_for

pytestmark = pytest.mark.xdist_group("moto")


@pytest.fixture
def store(proxy, prefix):
    """A store behind a proxy whose leases last for a second."""
    endpoint = f"endpoint_url={proxy.endpoint}&timeout=2"
    return S3StateStore(f"s3://{BUCKET}/{prefix}?{endpoint}&lease=1")


@pytest.fixture
def slower(proxy, prefix):
    """Renewed after a second, so that each renewal says another second, and is another version."""
    return S3StateStore(f"s3://{BUCKET}/{prefix}?endpoint_url={proxy.endpoint}&timeout=2&lease=3")


@pytest.fixture
def another(moto, prefix, aws):
    """The same store for somebody else, with leases that outlast the test."""
    return S3StateStore(moto.url(BUCKET, prefix))


def lost(held):
    try:
        held.check()
    except StateLockLostError:
        return True
    return False


def test_the_lock_as_others_see_it(another):
    with another.lock("apply") as held:
        stored = decode_lock(another.bucket.get("lock.json").body)
        assert (stored, stored.path, stored.lease) == (held.info, another.url, 60)
        assert stored.created < stored.expires
    assert another.bucket.get("lock.json") is None


def test_the_holder_is_named_with_the_end_of_the_lease(store, another):
    with another.lock("apply") as held, pytest.raises(StateLockedError) as caught, store.lock("apply"):
        pass
    info = held.info
    assert str(caught.value) == (
        f"The state {store.url} is locked: {info.who} (process {info.pid}) has held it for 'apply' since "
        f"{info.created}. If that process has died, the lock is free after {info.expires}. "
        "Try again when that has ended, or let Mason wait for it: --lock-timeout SECONDS."
    )


@pytest.mark.slow
def test_a_lease_is_renewed_for_as_long_as_it_is_held(store, another):
    """Long after its length, and others still cannot have it."""
    with store.lock("apply") as held:
        first = held.info
        with pytest.raises(StateLockedError), another.lock("apply", timeout=5):
            pass
        held.check()
        assert held.info.expires > first.expires
        assert another.lock_info() == held.info
        store.write(resources(1), base=store.read())


def test_an_expired_lease_is_taken_over_with_a_notice(store, another):
    """Whoever died is named; nobody has to unlock anything."""
    dead = replace(new_lock("apply", path=store.url), lease=0.5, who="ann@laptop", pid=7)
    another.bucket.put("lock.json", encode_lock(dead))
    assert another.lock_info() == dead
    told = []
    with listening(told.append), store.lock("apply", timeout=30) as held:
        assert another.lock_info() == held.info
    assert told[-1] == (
        f"Took over the state lock of ann@laptop (process 7), who held it for 'apply' since {dead.created}: "
        "its lease ran out without being renewed."
    )
    assert another.lock_info() is None


@pytest.mark.parametrize("expires", ["2001-01-01T00:00:00+00:00", "2999-01-01T00:00:00+00:00"])
def test_the_clock_of_the_holder_does_not_matter(store, another, expires):
    """Whatever a holder believes of the time: a lease that was just written is good, and one that is old is not."""
    astray = replace(new_lock("apply", path=store.url), lease=60.0, expires=expires)
    another.bucket.put("lock.json", encode_lock(astray))
    with pytest.raises(StateLockedError), store.lock("apply"):
        pass
    another.bucket.put("lock.json", encode_lock(replace(astray, lease=0.5)))
    with store.lock("apply", timeout=30):
        pass


def test_a_lease_that_was_broken_is_lost(store, another):
    """The holder finds out by itself, cannot write any more, and leaves the lock of the next one alone."""
    base = store.write(resources(1), base=store.read())
    with store.lock("apply") as held:
        assert another.break_lock(held.info.id) == held.info
        with another.lock("destroy") as next_one:
            wait_for(lambda: lost(held))
            with pytest.raises(StateLockLostError) as caught:
                held.check()
            with pytest.raises(StateLockLostError):
                store.write(resources(2), base=base)
            assert another.lock_info() == next_one.info
    assert str(caught.value) == (
        f"This process lost the lock of the state {store.url}. Somebody else broke it, or took it over when its lease "
        "had run out. Nothing more was begun and nothing was written since. See who holds it with mason state "
        "lock-info, then plan again."
    )
    assert (another.read(), another.lock_info()) == (base, None)
    store.write(resources(2), base=base)


def test_who_was_unlocked_can_write_no_more_from_that_moment(store, another):
    """Long before its next renewal, at which it would find out by itself."""
    base = another.write(resources(1), base=another.read())
    with another.lock("apply") as held:
        assert another.write(resources(2), base=base).serial == 2
        base = another.read()
        store.break_lock(held.info.id)
        for change in (another.write, another.restore):
            changed = resources(3) if change == another.write else replace(base, serial=7)
            with pytest.raises(StateLockLostError) as caught:
                change(changed, base=base)
            assert " Somebody else broke it, or took it over when its lease had run out. " in str(caught.value)
        assert lost(held)
    assert (store.read(), store.list_backups()) == (base, [1])


def unheard(proxy):
    """Renewals arrive from now on, and nobody hears so before there was a third one."""
    renewals = []

    def plan(method, key):
        if not key.endswith("/lock.json"):
            return faults.PASS
        if method == "PUT":
            renewals.append(key)
            return faults.CUT_AFTER if len(renewals) == 1 else faults.PASS
        return faults.CUT_BEFORE if method == "HEAD" and len(renewals) < 3 else faults.PASS

    proxy.plan = plan
    return renewals


def test_a_renewal_that_nobody_heard_of_is_no_loss(slower, proxy, another):
    """The lock is another version than the holder knows of, and still its own."""
    with slower.lock("apply") as held:
        renewals = unheard(proxy)
        wait_for(lambda: len(renewals) == 3)
        expires = held.info.expires
        wait_for(lambda: held.info.expires > expires)
        held.check()
        assert another.lock_info().id == held.info.id
    assert another.bucket.get("lock.json") is None


def test_a_lock_is_released_whose_renewal_nobody_heard_of(slower, proxy, another):
    told = []
    with listening(told.append), slower.lock("apply"):
        unheard(proxy)
        wait_for(lambda: proxy.asked("HEAD", "/lock.json"))
    assert (another.bucket.get("lock.json"), told) == (None, [])


def test_leaving_a_lost_lock_leaves_the_lock_of_the_next_one(store, another):
    with store.lock("apply") as held:
        another.break_lock(held.info.id)
        context = another.lock("destroy")
        next_one = context.__enter__()
    assert another.lock_info() == next_one.info
    context.__exit__(None, None, None)


def test_a_lease_that_cannot_be_renewed_is_lost(store, proxy, another):
    """Before anybody else may take it over, and without hearing from the store."""
    base = store.write(resources(1), base=store.read())
    with store.lock("apply") as held:
        proxy.always("", "", faults.CUT_BEFORE)
        wait_for(lambda: lost(held))
        assert another.lock_info() is not None
        with pytest.raises(StateLockLostError) as caught:
            store.write(resources(2), base=base)
        proxy.plan = lambda method, key: faults.PASS
    assert str(caught.value) == (
        f"This process lost the lock of the state {store.url}. Its lease of 1 seconds ran out: the store could not be "
        "reached to renew it, or this machine stood still. Nothing more was begun and nothing was written since. See "
        "who holds it with mason state lock-info, then plan again."
    )
    assert another.read() == base


def test_a_short_outage_does_not_lose_the_lease(slower, proxy, another):
    """Of two renewals, the second of which is made twice."""
    with slower.lock("apply") as held:
        proxy.fail("PUT", "/lock.json", faults.CUT_AFTER, faults.CUT_BEFORE, faults.FAIL_AFTER)
        wait_for(lambda: not proxy.left or lost(held))
        expires = held.info.expires
        wait_for(lambda: held.info.expires > expires or lost(held))
        held.check()
        assert another.lock_info().id == held.info.id


def test_ctrl_c_while_the_lock_is_taken_leaves_none(store, proxy, another):
    """The store has taken it down, and the person is gone before the answer comes."""
    store.put_run("probed", {})

    def carried(method, key):
        if method == "PUT" and key.endswith("/lock.json"):
            _thread.interrupt_main()

    proxy.carried = carried
    with pytest.raises(KeyboardInterrupt), store.lock("apply"):
        pass
    assert another.bucket.get("lock.json") is None
    assert [asked for asked, *_ in proxy.asked(key="/lock.json")] == ["PUT", "GET", "DELETE"]


def test_a_lock_that_cannot_be_released_is_told(store, proxy, another):
    told = []
    with listening(told.append), store.lock("apply") as held:
        proxy.always("DELETE", "/lock.json", faults.CUT_BEFORE)
    assert len(told) == 1
    assert told[0].startswith(
        f"The state lock could not be released, and is free after {held.info.expires}: Cannot delete "
        f"{store.bucket.address.named('lock.json')}: no whole answer came ("
    )
    with another.lock("apply", timeout=30):
        pass


def test_breaking_a_lock(store, another):
    """Refused for nobody's lock, and for an id that is not the holder's."""
    with pytest.raises(StateError) as caught:
        another.break_lock("0011223344556677")
    assert str(caught.value) == f"Nobody holds the lock of the state {another.url}: there is nothing to unlock."
    with store.lock("apply") as held:
        info = held.info
        with pytest.raises(StateError) as caught:
            another.break_lock("0011223344556677")
        held.check()
        assert another.lock_info().id == info.id
    assert str(caught.value) == (
        f"'0011223344556677' is not the lock of the state {another.url}: {info.who} (process {info.pid}) has held it "
        f"for 'apply' since {info.created}, under the id {info.id}. Nothing was unlocked. Look again with: "
        "mason state lock-info"
    )


@pytest.mark.parametrize(
    "notes",
    [
        b"",
        b"{}",
        b"somebody's notes",
        b'{"id": "1", "operation": "apply", "who": "a@b", "pid": 1, "created": "2026-01-01", "lease": "long"}',
        b'{"id": 1, "operation": "apply", "who": "a@b", "pid": 1, "created": "2026-01-01"}',
    ],
)
def test_what_is_no_lock_is_held_by_nobody_known(store, another, notes):
    """It is told all the same, and can be removed under the id that is told."""
    another.bucket.put("lock.json", notes)
    with pytest.raises(StateLockedError) as caught, store.lock("apply"):
        pass
    lock_id = hashlib.md5(notes).hexdigest()
    assert str(caught.value) == (
        f"The state {store.url} is locked: what stands there is no lock of Mason's, and says not who made it. If it "
        f"should not be there, remove it with mason state unlock {lock_id}. "
        "Try again when that has ended, or let Mason wait for it: --lock-timeout SECONDS."
    )
    assert another.lock_info() == LockInfo(lock_id, "", "", 0, "", path=another.url, lease=60)
    with pytest.raises(StateError) as caught:
        another.break_lock("1")
    assert str(caught.value) == (
        f"'1' is not the lock of the state {another.url}: what stands there is no lock of Mason's, and says not who "
        f"made it, under the id {lock_id}. Nothing was unlocked. Look again with: mason state lock-info"
    )
    assert another.break_lock(lock_id).id == lock_id
    with store.lock("apply"):
        pass
