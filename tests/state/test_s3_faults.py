"""What networks and busy services do to requests: the state is always old or new, and the person is told which."""

from __future__ import annotations

import itertools

import pytest

from mason.errors import StateConflictError, StateError, StateFormatError
from mason.state.s3.bucket_store import S3StateStore
from mason.testing.stores import resources
from tests.servers import BUCKET
from tests.state import faults
from tests.state.faults import proxied
from tests.waiting import wait_for

pytestmark = pytest.mark.xdist_group("moto")

ONCE = [
    faults.CUT_BEFORE,
    faults.CUT_AFTER,
    faults.CUT_BODY,
    faults.FAIL_BEFORE,
    faults.FAIL_AFTER,
    faults.BUSY,
    faults.CONTENDED,
]


@pytest.fixture
def clear(moto, prefix):
    """The store without faults."""
    return S3StateStore(moto.url(BUCKET, prefix))


def behind(proxy, clear, timeout):
    """The same store behind the proxy; it has a snapshot, and was probed."""
    url = clear.url.replace(clear.bucket.address.options["endpoint_url"], proxy.endpoint)
    store = S3StateStore(f"{url}&timeout={timeout}")
    store.write(resources(1), base=store.read())
    proxy.log.clear()
    return store


@pytest.fixture
def store(proxy, clear):
    """One that soon gives up waiting for an answer."""
    return behind(proxy, clear, 1)


@pytest.fixture
def patient(proxy, clear):
    """One that waits for as long as it takes somebody else to write, also on a busy machine."""
    return behind(proxy, clear, 30)


def test_a_fault_that_is_planned_has_to_happen(moto):
    """Else what is tested here would be less than it seems."""
    with pytest.raises(AssertionError, match="planned, and did not happen"), proxied(moto.endpoint) as proxy:
        proxy.fail("PUT", "/state.json", faults.CUT_BEFORE)


def test_a_fault_while_writing(store, proxy, clear):
    """The write succeeds, and reaches the store once: whether it arrived is looked for before it is made again."""
    for number, fault in enumerate(ONCE, start=2):
        base = store.read()
        proxy.log.clear()
        proxy.fail("PUT", "/state.json", fault)
        written = store.write(resources(number), base=base)
        assert (clear.read(), clear.read().token) == (written, written.token)
        kept_off = (faults.CUT_BEFORE, *faults.REFUSED)
        arrived = [happened for _, happened, _ in proxy.asked("PUT", "/state.json") if happened not in kept_off]
        assert len(arrived) == 1, fault
        looked = [asked for asked, *_ in proxy.asked("", "/state.json")]
        # What was refused was not done. The answer to a PUT has no body that could be cut.
        expected = {faults.BUSY: ["PUT"], faults.CONTENDED: ["PUT"], faults.CUT_BODY: []}
        assert looked[looked.index("PUT") + 1 :][:1] == expected.get(fault, ["HEAD"]), fault
    assert clear.list_backups() == list(range(1, number))


@pytest.mark.parametrize("fault", [faults.CUT_BEFORE, faults.CUT_AFTER])
def test_a_fault_while_writing_first(proxy, clear, fault):
    store = S3StateStore(clear.url.replace(clear.bucket.address.options["endpoint_url"], proxy.endpoint))
    base = store.read()
    proxy.fail("PUT", "/state.json", fault)
    written = store.write(resources(1), base=base)
    assert (clear.read(), written.serial) == (written, 1)


def test_a_fault_while_keeping_the_backup(store, proxy, clear):
    for number, fault in enumerate(ONCE, start=1):
        base = store.read()
        proxy.fail("PUT", f"/backups/state.{number}.json", fault)
        store.write(resources(number + 1), base=base)
        assert clear.get_backup(number) == base, fault


def test_a_store_that_never_answers_a_write(store, proxy, clear):
    """It is looked for whether the write arrived; here it did not."""
    base = store.read()
    proxy.always("PUT", "/state.json", faults.CUT_BEFORE)
    with pytest.raises(StateError) as caught:
        store.write(resources(2), base=base)
    assert str(caught.value) == (
        f"Cannot write {named(store)}: no whole answer came (Connection was closed before we received a valid response "
        f'from endpoint URL: "{proxy.endpoint}/{BUCKET}/{store.bucket.address.prefix}state.json"). '
        "Check the network, and try again. When Mason looked last, the state was as it had been (serial 1)."
    )
    assert clear.read() == base


@pytest.mark.parametrize(("fault", "serial"), [(faults.CUT_BEFORE, 1), (faults.CUT_AFTER, 2), (faults.FAIL_AFTER, 2)])
def test_a_network_that_is_lost_for_good(store, proxy, clear, fault, serial):
    """Nobody can know whether the write arrived, so that is what is said; the state is the old one or the new one."""
    base = store.read()

    def plan(method, key):
        if not key.endswith("/state.json"):
            return faults.PASS
        if method == "PUT":
            return fault
        return faults.CUT_BEFORE if proxy.asked("PUT", "/state.json") else faults.PASS

    proxy.plan = plan
    with pytest.raises(StateError) as caught:
        store.write(resources(2), base=base)
    assert str(caught.value).endswith(
        " It is not known whether this write arrived: the state is as it was (serial 1) or as it was to become "
        "(serial 2), and whole. See which with: mason plan"
    )
    assert (clear.read().serial, dict(clear.read().resources)) == (serial, resources(serial))
    assert len(proxy.asked("PUT", "/state.json")) == 1


def test_a_write_that_arrives_when_nobody_waits_for_it(store, proxy, clear):
    """The store takes so long that the write is made again; whichever of the two it carries out first, it is once."""
    base = store.read()
    proxy.delay = 2.0
    proxy.fail("PUT", "/state.json", faults.LATE)
    written = store.write(resources(2), base=base)
    assert clear.read() == written
    later = clear.write(resources(3), base=written)
    wait_for(lambda: len(proxy.asked("PUT", "/state.json")) == 2)
    assert clear.read() == later


def test_a_write_that_arrives_after_the_next_attempt_was_refused(store, proxy, clear):
    """That refusal is none of the write before it: that the state is as it was would be a lie a moment later."""
    base = store.read()
    proxy.delay = 2.0
    proxy.fail("PUT", "/state.json", faults.LATE, faults.DENIED)
    with pytest.raises(StateError) as caught:
        store.write(resources(2), base=base)
    place = store.bucket.address
    assert str(caught.value) == (
        f'Cannot write {named(store)}: no whole answer came (Read timeout on endpoint URL: "{proxy.endpoint}/{BUCKET}/'
        f'{place.prefix}state.json"). Check the network, and try again. The next attempt failed: Cannot write '
        f"{named(store)}: access is denied (403 AccessDenied: As planned). Mason needs s3:GetObject, s3:PutObject and "
        f"s3:DeleteObject on {place.named('*')}, and s3:ListBucket on {BUCKET}. "
        "When Mason looked last, the state was as it had been (serial 1)."
    )
    wait_for(lambda: len(proxy.asked("PUT", "/state.json")) == 2)
    assert dict(clear.read().resources) == resources(2)


def test_a_lock_whose_next_attempt_was_refused(store, proxy, clear):
    """It is told as what it is, a doubt, and the person is told of both."""
    proxy.fail("PUT", "/lock.json", faults.CUT_BEFORE, faults.DENIED)
    with pytest.raises(StateError) as caught, store.lock("apply"):
        pass
    assert ": no whole answer came (" in str(caught.value)
    assert " The next attempt failed: " in str(caught.value)
    assert clear.bucket.get("lock.json") is None


def overtaken(proxy, clear, write, looks=()):
    """The fault ``write`` hits our write, and before we look what became of it, somebody else writes.

    ``looks`` are the faults that hit our looks at the backup of it. Returns the list which that snapshot will be in.
    """
    wrote, left = [], iter(looks)

    def plan(method, key):
        if method == "PUT" and key.endswith("/state.json"):
            return write
        if method == "HEAD" and key.endswith("/state.json") and not wrote:
            wrote.append(clear.write(resources(3), base=clear.read()))
        return next(left, faults.PASS) if method == "HEAD" and "/backups/" in key else faults.PASS

    proxy.plan = plan
    return wrote


@pytest.mark.parametrize("looks", [[], [faults.FAIL_BEFORE, faults.CUT_BEFORE, faults.BUSY]])
def test_somebody_writes_on_what_nobody_knew_had_arrived(patient, proxy, clear, looks):
    """The backup that the other writer kept tells that our write arrived."""
    base = patient.read()
    wrote = overtaken(proxy, clear, faults.CUT_AFTER, looks)
    written = patient.write(resources(2), base=base)
    assert (written.serial, dict(written.resources), clear.read()) == (2, resources(2), wrote[0])
    assert clear.get_backup(2) == written
    with pytest.raises(StateConflictError):
        patient.write(resources(4), base=written)


def test_somebody_writes_instead_of_what_did_not_arrive(patient, proxy, clear):
    base = patient.read()
    wrote = overtaken(proxy, clear, faults.CUT_BEFORE)
    with pytest.raises(StateConflictError):
        patient.write(resources(2), base=base)
    assert clear.read() == wrote[0]


def test_somebody_writes_and_then_the_store_says_no_more(proxy, clear):
    """Whether our write arrived before theirs cannot be known, and that the state is as it was would be a lie."""
    # It goes on asking for all of its patience.
    store = behind(proxy, clear, 5)
    base = store.read()
    wrote = overtaken(proxy, clear, faults.CUT_AFTER, itertools.repeat(faults.CUT_BEFORE))
    with pytest.raises(StateError) as caught:
        store.write(resources(2), base=base)
    assert str(caught.value).startswith(f"Cannot read {store.bucket.address.named('backups/state.2.json')}: ")
    assert str(caught.value).endswith(
        " The state was changed by somebody else meanwhile, and it is not known whether this write (serial 2) arrived "
        "before. See who wrote what with: mason state history"
    )
    assert clear.read() == wrote[0]


def test_a_fault_while_reading(store, proxy, clear):
    for number, fault in enumerate(ONCE, start=2):
        # Written by somebody else, so that it has to be downloaded.
        written = clear.write(resources(number), base=clear.read())
        proxy.fail("GET", "/state.json", fault, fault)
        assert store.read() == written, fault


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (faults.CUT_BODY, "no whole answer came ("),
        (faults.CUT_BEFORE, "no whole answer came ("),
        (faults.FAIL_BEFORE, "the store failed (500 InternalError: As planned). Try again later."),
        (faults.BUSY, "the store has too much to do (503 SlowDown). Try again later."),
    ],
)
def test_a_store_that_cannot_be_read(store, proxy, fault, reason, tmp_path, monkeypatch):
    """An outage is none of the state's: nobody is told to restore a backup."""
    monkeypatch.setenv("MASON_HOME", str(tmp_path / "another home"))
    proxy.always("GET", "/state.json", fault)
    with pytest.raises(StateError) as caught:
        S3StateStore(store.url).read()
    assert str(caught.value).startswith(f"Cannot read {named(store)}: {reason}")
    assert not isinstance(caught.value, StateFormatError)
    assert len(proxy.asked("GET", "/state.json")) > 1


def test_an_answer_that_is_too_slow(store, proxy, clear):
    """After the ``timeout`` of the URL nobody waits any longer."""
    proxy.delay = 1.5
    proxy.always("GET", "/state.json", faults.SLOW)
    with pytest.raises(StateError) as caught:
        store.read()
    assert "Read timeout on endpoint URL" in str(caught.value)


def test_what_is_refused_is_not_asked_again(store, proxy):
    """An answer that will not change with time is an answer."""
    elsewhere = S3StateStore(store.url.replace(BUCKET, "no-such-bucket"))
    with pytest.raises(StateError) as caught:
        elsewhere.read()
    assert str(caught.value) == (
        f"Cannot read {named(elsewhere)}: there is no bucket no-such-bucket. Create it, or correct the state's URL."
    )
    assert len(proxy.asked("GET")) == 1


def test_nobody_listens(aws, prefix):
    store = S3StateStore(f"s3://{BUCKET}/{prefix}?endpoint_url=http://127.0.0.1:1")
    with pytest.raises(StateError) as caught:
        store.read()
    assert str(caught.value) == (
        f"Cannot read {named(store)}: the store cannot be reached (Could not connect to the endpoint URL: "
        f'"http://127.0.0.1:1/{BUCKET}/{prefix}/state.json"). Check the network, and the endpoint_url if one is set.'
    )


def test_a_fault_while_locking(store, proxy, clear):
    """Nobody locks themselves out: what may have been taken is looked for."""
    for fault in ONCE:
        proxy.fail("PUT", "/lock.json", fault)
        with store.lock("apply") as held:
            assert clear.lock_info() == held.info, fault
        assert clear.lock_info() is None, fault


def test_a_fault_while_unlocking(store, proxy, clear):
    for fault in ONCE:
        with store.lock("apply"):
            proxy.fail("DELETE", "/lock.json", fault)
        assert clear.lock_info() is None, fault


def test_a_fault_while_removing_a_record(store, proxy, clear):
    for fault in ONCE:
        store.put_run("run", {})
        proxy.fail("DELETE", "/run.json", fault)
        store.delete_run("run")
        assert clear.list_runs() == [], fault


def named(store):
    return store.bucket.address.named("state.json")
