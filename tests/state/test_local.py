"""The local store where it hurts: many processes, killed processes, full disks, closed doors, damaged files."""

import json
import multiprocessing
import os
import random
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from mason.errors import StateConflictError, StateError, StateFormatError, StateLockedError
from mason.state.content import digest_of
from mason.state.local import LocalStateStore
from mason.state.snapshot import Snapshot
from mason.testing.stores import entry, resources

# Forked, because a new interpreter for each of a hundred processes would take most of a minute.
processes = multiprocessing.get_context("fork")


@pytest.fixture
def store(tmp_path):
    return LocalStateStore(str(tmp_path / "state"))


def files_of(store):
    return sorted(str(path.relative_to(store.folder)) for path in store.folder.rglob("*") if path.is_file())


# What is on the disk


def test_layout(store):
    base = store.write(resources(1), base=store.read())
    store.write(resources(2), base=base)
    digest = store.put_source(b"class TableGet: ...")
    store.put_run("20260102T030405-aaaaaa", {"status": "succeeded"})
    with store.lock("apply"):
        pass
    assert files_of(store) == [
        ".guard",
        ".index",
        "backups/state.1.json",
        "lock",
        "runs/20260102T030405-aaaaaa.json",
        f"sources/sha256/{digest.removeprefix('sha256:')}",
        "state.json",
    ]
    assert (store.folder / "runs/20260102T030405-aaaaaa.json").read_text() == '{\n  "status": "succeeded"\n}\n'


def test_only_the_owner_may_look(store):
    base = store.write(resources(1), base=store.read())
    store.write(resources(2), base=base)
    store.put_source(b"source")
    store.put_run("1", {})
    with store.lock("apply"):
        pass
    modes = {stat.S_IMODE(path.stat().st_mode) for path in store.folder.rglob("*") if path.is_file()}
    folders = {stat.S_IMODE(path.stat().st_mode) for path in store.folder.rglob("*") if path.is_dir()}
    assert (modes, folders, stat.S_IMODE(store.folder.stat().st_mode)) == ({0o600}, {0o700}, 0o700)


def test_backups_without_hard_links(store, tmp_path):
    """A folder of backups on another file system takes copies."""
    other = Path(tempfile.mkdtemp(dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
    try:
        store.folder.mkdir()
        (store.folder / "backups").symlink_to(other)
        written = [store.read()]
        for number in range(1, 14):
            written.append(store.write(resources(number), base=written[-1]))
        assert store.list_backups() == list(range(3, 13))
        assert [store.get_backup(serial) for serial in range(3, 13)] == written[3:13]
        assert sorted(path.name for path in other.iterdir()) == sorted(f"state.{n}.json" for n in range(3, 13))
    finally:
        shutil.rmtree(other)


def test_leftovers_of_the_killed_do_no_harm(store):
    base = store.write(resources(1), base=store.read())
    (store.folder / "state.json.tmp").write_bytes(b"half a st")
    (store.folder / "lock").write_bytes(b'{"id": "of somebody who')
    assert (store.read(), store.lock_info()) == (base, None)
    written = store.write(resources(2), base=base)
    with store.lock("apply") as held:
        assert store.lock_info() == held.info
    assert store.read() == written
    assert files_of(store) == [".guard", ".index", "backups/state.1.json", "lock", "state.json"]


def test_restored_backup_is_a_state_again(store):
    """What the error tells people to do works, and goes on from there."""
    written = [store.read()]
    for number in range(1, 5):
        written.append(store.write(resources(number), base=written[-1]))
    (store.folder / "state.json").write_bytes(b"{")
    with pytest.raises(StateFormatError) as caught:
        store.read()
    command = f"cp {store.folder}/backups/state.3.json {store.folder}/state.json"
    assert str(caught.value) == (
        f"{store.folder}/state.json is truncated: it ends after 1 bytes, in the middle of the JSON. "
        f"Restore the newest backup: {command}"
    )
    subprocess.run(command, shell=True, check=True)
    assert store.read() == written[3]
    assert store.write(resources(9), base=store.read()).serial == 4
    assert store.list_backups()[-1] == 3


def test_a_lost_state_comes_back_from_its_newest_backup(store):
    written = [store.read()]
    for number in range(1, 5):
        written.append(store.write(resources(number), base=written[-1]))
    (store.folder / "state.json").unlink()
    with pytest.raises(StateFormatError) as caught:
        store.read()
    command = f"cp {store.folder}/backups/state.3.json {store.folder}/state.json"
    assert str(caught.value) == (
        f"{store.folder}/state.json is missing, while backups of it are in {store.folder}/backups. "
        f"To begin with an empty state, move those away. Restore the newest backup: {command}"
    )
    subprocess.run(command, shell=True, check=True)
    assert store.read() == written[3]
    assert store.write(resources(9), base=store.read()).serial == 4


def test_a_lost_state_whose_backups_cannot_be_read(store):
    store.write(resources(2), base=store.write(resources(1), base=store.read()))
    (store.folder / "backups/state.1.json").write_bytes(b"{")
    (store.folder / "state.json").unlink()
    with pytest.raises(StateFormatError) as caught:
        store.read()
    assert str(caught.value) == (
        f"{store.folder}/state.json is missing, while backups of it are in {store.folder}/backups. "
        "To begin with an empty state, move those away. None of them can be read."
    )
    (store.folder / "backups").rename(store.folder / "damaged")
    assert store.read() == Snapshot()


def test_damaged_backup_is_not_recommended(store):
    base = store.read()
    for number in range(1, 4):
        base = store.write(resources(number), base=base)
    (store.folder / "backups/state.2.json").write_bytes(b"{")
    (store.folder / "backups/state.two.json").write_bytes(b"{")
    (store.folder / "state.json").write_bytes(b"")
    with pytest.raises(StateFormatError) as caught:
        store.read()
    assert str(caught.value).endswith(
        f"Restore the newest backup: cp {store.folder}/backups/state.1.json {store.folder}/state.json"
    )


def test_damaged_source(store):
    digest = store.put_source(b"honest")
    path = store.folder / "sources/sha256" / digest.removeprefix("sha256:")
    path.write_bytes(b"forged")
    with pytest.raises(StateFormatError) as caught:
        store.get_source(digest)
    assert str(caught.value) == (
        f"{path} was changed: its content no longer has the digest that names it. "
        "Store it anew with: mason apply --strict"
    )
    path.unlink()
    with pytest.raises(StateFormatError) as caught:
        store.get_source(digest)
    assert str(caught.value) == f"{path} is missing. Store it anew with: mason apply --strict"


def test_damaged_run(store):
    store.put_run("1", {})
    for content in (b"{", b"[]"):
        (store.folder / "runs/1.json").write_bytes(content)
        with pytest.raises(StateFormatError, match="Delete it"):
            store.get_run("1")


# Many processes


def add_one(url, number):
    store = LocalStateStore(url)
    while True:
        base = store.read()
        try:
            store.write({**base.resources, f"operator.table.number{number}": entry(number)}, base=base)
            return
        except StateConflictError:
            continue


def test_twenty_processes_lose_nothing(store):
    workers = [processes.Process(target=add_one, args=(store.url, number)) for number in range(20)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * 20
    final = store.read()
    assert final.serial == 20
    assert dict(final.resources) == {f"operator.table.number{number}": entry(number) for number in range(20)}
    assert store.list_backups() == list(range(10, 20))
    # Each backup holds one resource more than the one before it: serials without a gap, and nothing overwritten.
    assert [len(store.get_backup(serial).resources) for serial in range(10, 20)] == list(range(10, 20))


def write_forever(url):
    store = LocalStateStore(url)
    with store.lock("apply"):
        base = store.read()
        for number in range(base.serial + 1, 1_000_000):
            base = store.write(resources(number, count=40, size=number % 90), base=base)
            store.put_run("1", {"number": number, "text": "x" * (number % 5000)})


def test_killed_at_any_moment(store):
    moments = random.Random(4)
    serial = 0
    for _ in range(40):
        worker = processes.Process(target=write_forever, args=(store.url,))
        worker.start()
        while store.read().serial == serial:
            assert worker.is_alive()
        time.sleep(moments.uniform(0, 0.01))
        os.kill(worker.pid, signal.SIGKILL)
        worker.join()
        found = store.read()
        assert found.serial > serial
        serial = found.serial
        assert {each.definition["number"] for each in found.resources.values()} == {serial}
        assert len(found.resources) == 40
        assert store.lock_info() is None
        # Killed between backup and change, the newest backup is that of the current snapshot.
        assert max(store.list_backups(), default=0) in (serial - 1, serial)
        if store.list_runs():
            assert len(store.get_run("1")["text"]) == store.get_run("1")["number"] % 5000
    with store.lock("apply"):
        assert store.write({}, base=found).serial == serial + 1
    assert not [name for name in files_of(store) if name.endswith(".tmp") and not name.startswith("runs")]


def test_locked_by_another_process(store):
    script = (
        "import sys\nfrom mason.state.local import LocalStateStore\n"
        "with LocalStateStore(sys.argv[1]).lock('apply') as held:\n"
        "    print(held.info.who, held.info.pid, held.info.created, flush=True)\n    sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", script, store.url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        who, pid, since = process.stdout.readline().split()
        with pytest.raises(StateLockedError) as caught, store.lock("plan", timeout=0.02):
            pass
        process.stdin.close()
        process.wait()
    assert str(caught.value) == (
        f"The state {store.url} is locked: {who} (process {pid}) has held it for 'apply' since {since}. "
        "Try again when that has ended, or let Mason wait for it: --lock-timeout SECONDS."
    )
    assert int(pid) == process.pid
    with store.lock("plan"):
        pass


def look_forever(url):
    while True:
        LocalStateStore(url).lock_info()


def test_looking_at_the_lock_never_takes_it(store):
    with store.lock("apply"):
        pass
    lookers = [processes.Process(target=look_forever, args=(store.url,)) for _ in range(2)]
    for looker in lookers:
        looker.start()
    try:
        for _ in range(300):
            with store.lock("apply", timeout=0):
                pass
    finally:
        for looker in lookers:
            looker.kill()
            looker.join()


def test_conflict_says_what_to_do(store):
    base = store.write(resources(1), base=store.read())
    store.write(resources(2), base=base)
    with pytest.raises(StateConflictError) as caught:
        store.write(resources(3), base=base)
    assert str(caught.value) == (
        f"The state {store.url} was changed by somebody else since it was read (then serial 1). "
        "Nothing was written. Plan again to see what would change now."
    )


# Full disks

GROW = """
import sys
from mason.errors import StateError
from mason.state.local import LocalStateStore
from mason.testing.stores import resources

def fill(folder):
    store = LocalStateStore(folder)
    base = store.write(resources(1), base=store.read())
    for act in (
        lambda: store.write(resources(2, count=100, size=1000), base=base),
        lambda: store.put_source(b"x" * 100_000),
        lambda: store.put_run("1", {"text": "x" * 100_000}),
    ):
        try:
            act()
        except StateError as error:
            print(error)
    assert store.read() == base, "the state changed"
    assert store.write(resources(3), base=base).serial == 2
    left = [str(path) for path in store.folder.rglob("*.tmp")]
    assert not left, left
"""


def expected_refusals(folder, reason):
    name = digest_of(b"x" * 100_000).removeprefix("sha256:")
    return "".join(
        f"Cannot write {folder}/{path}: {reason}. The state is as it was. Make room, and run the command again.\n"
        for path in ("state.json", f"sources/sha256/{name}", "runs/1.json")
    )


def test_no_room_for_the_file(tmp_path):
    """The system's own limit on the size of files stands in for a full disk, wherever tests run."""
    script = GROW + (
        "import resource, signal\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))\n"
        "fill(sys.argv[1])\n"
    )
    done = subprocess.run([sys.executable, "-c", script, tmp_path], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == (expected_refusals(tmp_path, "File too large"), "")


def test_full_disk(tmp_path):
    mount = ["unshare", "--map-root-user", "--mount", "sh", "-ec", 'mount -t tmpfs -o size=64k tmpfs "$0"; exec "$@"']
    try:
        subprocess.run([*mount, tmp_path, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("needs the right to mount a file system of its own")
    command = [*mount, tmp_path, sys.executable, "-c", GROW + "fill(sys.argv[1])\n", tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == (expected_refusals(tmp_path, "No space left on device"), "")


# Closed doors


@pytest.fixture
def shown():
    """A folder that every user may walk through (pytest's own are closed), and a state in it."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        store = LocalStateStore(f"{folder}/state")
        base = store.write(resources(1), base=store.read())
        with store.lock("apply"):
            pass
        yield store, base


@pytest.fixture
def unprivileged():
    """Nobody is refused anything as root, so root becomes somebody else for a while."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def open_all(store, *, folder, file):
    for path in store.folder.rglob("*"):
        path.chmod(folder if path.is_dir() else file)
    store.folder.chmod(folder)


def test_read_only(shown, request):
    store, base = shown
    open_all(store, folder=0o555, file=0o444)
    request.getfixturevalue("unprivileged")
    assert (store.read(), store.lock_info(), store.list_runs()) == (base, None, [])
    remedy = "The state is as it was. Check the folder and its permissions, or choose another with --state."
    with pytest.raises(StateError) as caught:
        store.write(resources(2), base=base)
    assert str(caught.value) == f"Cannot write {store.folder}/state.json: Permission denied. {remedy}"
    with pytest.raises(StateError) as caught, store.lock("apply"):
        pass
    assert str(caught.value) == f"Cannot lock {store.folder}/lock: Permission denied. {remedy}"
    with pytest.raises(StateError) as caught:
        store.put_run("1", {})
    assert str(caught.value) == f"Cannot write {store.folder}/runs/1.json: Permission denied. {remedy}"
    assert store.read() == base


def test_not_to_be_read(shown, request):
    store, _ = shown
    store.folder.chmod(0)
    request.getfixturevalue("unprivileged")
    with pytest.raises(StateError) as caught:
        store.read()
    assert str(caught.value) == (
        f"Cannot read {store.folder}/state.json: Permission denied. "
        "Check the folder and its permissions, or choose another with --state."
    )


def test_a_file_is_in_the_way(tmp_path):
    (tmp_path / "state").write_text("mine")
    store = LocalStateStore(str(tmp_path / "state"))
    with pytest.raises(StateError, match=f"^Cannot read {tmp_path}/state/state.json: Not a directory. "):
        store.read()
    with pytest.raises(StateError, match=f"^Cannot write {tmp_path}/state/state.json: File exists. "):
        store.write(resources(1), base=Snapshot())
    assert (tmp_path / "state").read_text() == "mine"


def test_links_in_the_place_of_new_files_are_not_followed(store, tmp_path):
    base = store.write(resources(1), base=store.read())
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (store.folder / "state.json.tmp").symlink_to(victim)
    with pytest.raises(StateError, match=r"^Cannot write "):
        store.write(resources(2), base=base)
    assert (victim.read_text(), store.read()) == ("mine", base)


def test_the_file_is_json(store):
    store.write(resources(1), base=store.read())
    document = json.loads((store.folder / "state.json").read_bytes())
    written = ["written_at", "written_by", "follows"]
    assert list(document) == ["version", "mason_version", "serial", "lineage", *written, "resources"]


@pytest.mark.parametrize("name", ["lock", ".guard"])
def test_a_pipe_is_no_lock(store, name):
    """Whoever can write into the folder of a state could else stop all who look at it."""
    with store.lock("apply"):
        pass
    (store.folder / name).unlink()
    os.mkfifo(store.folder / name)
    with pytest.raises(StateError, match="it is no regular file"):
        store.lock_info()
    with pytest.raises(StateError, match="it is no regular file"), store.lock("apply"):
        pass


def test_an_index_that_cannot_be_read_is_none(store):
    written = store.write(resources(1), base=store.read())
    index = store.folder / ".index"
    with index.open("wb") as file:
        file.truncate(10**12)
    assert store.read() == written
    index.unlink()
    os.mkfifo(index)
    assert store.read() == written
