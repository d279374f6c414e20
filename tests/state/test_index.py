"""The index beside ``state.json``: it makes reading quicker, and nothing that happens to it changes what is read."""

import os
import shutil
import subprocess
import sys

import pytest

from mason.errors import StateError, StateFormatError
from mason.state.index import encode_index
from mason.state.local import LocalStateStore
from mason.state.snapshot import Entry, Snapshot, StoredEntries
from mason.testing.stores import entry, resources
from mason.version import __version__


@pytest.fixture
def store(tmp_path):
    return LocalStateStore(str(tmp_path / "state"))


@pytest.fixture
def written(store):
    """A snapshot that changed, grew and shrank before it became what it is."""
    base = store.write(resources(1, count=30), base=store.read())
    base = store.write(
        {**base.resources, "config.1": entry(2, kind="config"), "workflow.z": entry(3, kind="workflow")}, base=base
    )
    kept = {address: each for address, each in base.resources.items() if not address.endswith("number7")}
    return store.write({**kept, "operator.table.number3": entry(4)}, base=base)


def read_anew(store):
    """What another process would read, and whether it used the index."""
    snapshot = LocalStateStore(store.url).read()
    return snapshot, isinstance(snapshot.resources, StoredEntries)


def test_it_is_used(store, written):
    snapshot, used = read_anew(store)
    assert used
    assert (snapshot, snapshot.token) == (written, written.token)
    assert dict(snapshot.digests) == {address: each.digest for address, each in written.resources.items()}
    (store.folder / ".index").unlink()
    decoded, used = read_anew(store)
    assert not used
    assert (decoded, decoded.token) == (snapshot, snapshot.token)
    assert list(decoded.resources.items()) == list(snapshot.resources.items())


def test_reading_makes_none(store, written):
    (store.folder / ".index").unlink()
    read_anew(store)
    assert not (store.folder / ".index").exists()
    store.write(resources(5), base=store.read())
    assert read_anew(store) == (store.read(), True)


def test_an_edited_state_is_noticed(store, written):
    """Even when size and time stay as they were."""
    path = store.folder / "state.json"
    before = path.stat()
    path.write_bytes(path.read_bytes().replace(b"ann@laptop", b"bob@laptop"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    snapshot, used = read_anew(store)
    assert not used
    assert {each.applied_by for each in snapshot.resources.values()} == {"bob@laptop"}
    path.write_bytes(path.read_bytes().replace(b'"kind":"operator"', b'"kind":"gremlins"', 1))
    with pytest.raises(StateFormatError, match="a resource of kind 'gremlins'"):
        read_anew(store)


def test_a_restored_backup_is_noticed(store, written):
    shutil.copy(store.folder / "backups/state.2.json", store.folder / "state.json")
    snapshot, used = read_anew(store)
    assert (snapshot, used) == (store.get_backup(2), False)


def test_damage(store, written):
    path = store.folder / ".index"
    sound = path.read_bytes()
    flipped = [sound[:at] + bytes([sound[at] ^ 1]) + sound[at + 1 :] for at in range(0, len(sound), 41)]
    for content in (b"", b"{", sound[:-1], sound + b" ", sound[: len(sound) // 2], b"\0" * len(sound), *flipped):
        path.write_bytes(content)
        assert read_anew(store) == (written, False)
    path.write_bytes(sound)
    assert read_anew(store) == (written, True)


def test_another_version(store, written):
    path = store.folder / ".index"
    sound = path.read_bytes()
    assert sound.startswith(f"mason-index 4 {__version__} ".encode())
    for other in ("mason-index 5 " + __version__, "mason-index 4 1.6.6"):
        path.write_bytes(sound.replace(f"mason-index 4 {__version__}".encode(), other.encode()))
        assert read_anew(store) == (written, False)


def test_of_another_state(store, written, tmp_path):
    other = LocalStateStore(str(tmp_path / "other"))
    other.write(resources(9), base=other.read())
    shutil.copy(other.folder / ".index", store.folder / ".index")
    assert read_anew(store) == (written, False)


def test_one_that_lies(store, written):
    """Its checksum holds, so it is believed until an entry is asked for."""
    entries = written.resources
    lie = StoredEntries(entries.content, entries.digests, [0, *entries.starts[1:]], lambda lines, addresses: {})
    (store.folder / ".index").write_bytes(encode_index(written, lie))
    snapshot, used = read_anew(store)
    assert used
    with pytest.raises(StateFormatError) as caught:
        dict(snapshot.resources)
    assert str(caught.value) == (
        "The state does not hold what its index says. Delete the file .index beside state.json: "
        "Mason works without it, and makes it again."
    )


def test_what_is_in_its_place(store, written, tmp_path):
    path, victim = store.folder / ".index", tmp_path / "victim"
    victim.write_text("mine")
    path.unlink()
    path.symlink_to(victim)
    assert read_anew(store) == (written, False)
    base = store.write(resources(8), base=store.read())
    assert (victim.read_text(), path.is_symlink(), read_anew(store)) == ("mine", False, (base, True))
    path.unlink()
    path.mkdir()
    base = store.write(resources(9), base=base)
    assert (path.is_dir(), read_anew(store)) == (True, (base, False))


def test_a_failed_write_leaves_it(store, written):
    (store.folder / "state.json.tmp").symlink_to(store.folder / "nowhere")
    with pytest.raises(StateError, match=r"^Cannot write "):
        store.write(resources(8), base=written)
    assert read_anew(store) == (written, True)


def test_text_that_is_no_unicode(store):
    base = store.write({"config.1": Entry("config", "\ud800", {})}, base=store.read())
    assert read_anew(store) == (base, False)


def test_an_empty_state(store, written):
    base = store.write({}, base=written)
    assert (base.resources, read_anew(store)) == ({}, (base, True))
    grown = store.write(resources(1), base=store.read())
    assert (dict(grown.resources), read_anew(store)) == (resources(1), (grown, True))


def test_a_first_read_gives_no_index(store):
    assert read_anew(store) == (Snapshot(), False)


# Full disks

LIMITED = """
import resource, signal, sys
from pathlib import Path
from mason.state.whole_files import leave_file

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
path = Path(sys.argv[1])
for size in (10_000, 100_000, 5_000):
    leave_file(path, b"x" * size)
    print(path.stat().st_size if path.exists() else "nothing")
"""


def test_no_room_for_the_file(tmp_path):
    """The system's own limit on the size of files stands in for a full disk, wherever tests run."""
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, tmp_path / "file"], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("10000\nnothing\n5000\n", "")


FULL = """
import os, sys
from mason.state.local import LocalStateStore
from mason.testing.stores import resources

store = LocalStateStore(sys.argv[1] + "/state")
base = store.write(resources(1, count=40), base=store.read())
(store.folder / ".index").unlink()
(store.folder / "backups" / "state.1.json").unlink()
filler = os.open(sys.argv[1] + "/filler", os.O_WRONLY | os.O_CREAT)
try:
    while True:
        os.write(filler, b"x" * 4096)
except OSError:
    pass
pages = -(-(store.folder / "state.json").stat().st_size // 4096)
os.ftruncate(filler, os.fstat(filler).st_size - pages * 4096)
written = store.write(resources(3, count=40), base=base)
print((store.folder / ".index").exists(), store.read() == written)
"""


def test_a_disk_with_room_for_the_state_alone(tmp_path):
    mount = ["unshare", "--map-root-user", "--mount", "sh", "-ec", 'mount -t tmpfs -o size=256k tmpfs "$0"; exec "$@"']
    try:
        subprocess.run([*mount, tmp_path, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("needs the right to mount a file system of its own")
    command = [*mount, tmp_path, sys.executable, "-c", FULL, tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("False True\n", "")
