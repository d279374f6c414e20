"""How a URL or a path becomes a store."""

import os
import sys
from pathlib import Path

import pytest

from mason.errors import StateError
from mason.state.local import LocalStateStore, folder_of
from mason.state.memory import MemoryStateStore
from mason.state.s3.bucket_store import S3StateStore
from mason.state.urls import is_same_state, open_store


@pytest.mark.parametrize(
    ("url", "folder"),
    [
        ("file:///var/mason", "/var/mason"),
        ("FILE:///var/mason/", "/var/mason"),
        ("file:/var/mason", "/var/mason"),
        ("file://localhost/var/mason", "/var/mason"),
        ("file:///var/a%20b%25%C3%A9", "/var/a b%é"),
        ("file:///var/a b%", "/var/a b%"),
        ("file:///var/../etc", "/etc"),
        ("file://~/.mason", "HOME/.mason"),
        ("file://./state", "CWD/state"),
        ("file://state/team", "CWD/state/team"),
        ("/var/a%20b", "/var/a%20b"),
        ("~/.mason", "HOME/.mason"),
        ("~", "HOME"),
        ("state", "CWD/state"),
        ("./a:b", "CWD/a:b"),
        ("../state", "PARENT/state"),
        (".", "CWD"),
    ],
)
def test_folders(url, folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/ann")
    for word, value in (("CWD", tmp_path), ("PARENT", tmp_path.parent), ("HOME", "/home/ann")):
        folder = folder.replace(word, str(value))
    store = open_store(url)
    assert isinstance(store, LocalStateStore)
    assert store.folder == Path(folder)
    assert folder_of(store.url) == Path(folder)


@pytest.mark.parametrize(
    ("url", "other", "same"),
    [
        ("state", "file://CWD/state", True),
        ("state", "CWD/x/../state/", True),
        ("link", "state", True),
        ("link/workspaces/a", "state/workspaces/a", True),
        ("state", "state/workspaces/a", False),
        ("s3://bucket/team", "s3://bucket/team/?lease=5&timeout=9&region=eu-west-1&encryption=AES256", True),
        ("s3://bucket/team", "s3://bucket/team?profile=ci&addressing_style=path", True),
        ("s3://bucket/team?endpoint_url=http://a:1", "s3://bucket/team?lease=5&endpoint_url=http://a:1/", True),
        ("s3://bucket/team?endpoint_url=http://a:1", "s3://bucket/team?endpoint_url=http://a:2", False),
        ("s3://bucket/team?endpoint_url=http://a:1", "s3://bucket/team", False),
        ("s3://bucket/team", "s3://bucket/team/workspaces/a", False),
        ("s3://bucket/team", "s3://other/team", False),
        ("s3://bucket/team", "s3://bucket/team?nonsense=1", False),
        ("s3://bucket/team", "bucket/team", False),
        ("memory://a", "memory://a", True),
        ("memory://a", "memory://b", False),
        ("state", "file://", False),
    ],
)
def test_urls_of_one_state(url, other, same, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "state").mkdir()
    (tmp_path / "link").symlink_to("state")
    given = [each.replace("CWD", str(tmp_path)) for each in (url, other)]
    assert [is_same_state(*given), is_same_state(*given[::-1])] == [same, same]


def test_names_that_are_no_utf8_survive():
    folder = Path(os.fsdecode(b"/var/\xff"))
    assert LocalStateStore(str(folder)).url == "file:///var/%FF"
    assert folder_of("file:///var/%FF") == folder


def test_opening_creates_nothing(tmp_path):
    open_store(f"file://{tmp_path}/state").read()
    assert list(tmp_path.iterdir()) == []


def test_opening_a_bucket_asks_nobody():
    """Neither the store, which is not there, nor boto3, whose credentials are not set."""
    url = "s3://bucket/team?endpoint_url=http://127.0.0.1:1&secret_key={{NO_SUCH}}&access_key={{NO_SUCH}}"
    store = open_store(url)
    assert isinstance(store, S3StateStore)
    assert open_store(store.url).url == store.url


def test_memory():
    store = open_store("memory://shared")
    assert isinstance(store, MemoryStateStore)
    assert store.url == "memory://shared"


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("gs://ann:secret@bucket", "No state store is known for gs://. Known: file://, memory://, s3://."),
        ("", "'' names no folder to keep the state in. Write file:///path/to/folder, or a path."),
        ("file://", "'file://' names no folder to keep the state in. Write file:///path/to/folder, or a path."),
        (
            "file:///a%00b",
            "'file:///a%00b' names no folder to keep the state in. Write file:///path/to/folder, or a path.",
        ),
    ],
)
def test_refusals(url, text):
    with pytest.raises(StateError) as caught:
        open_store(url)
    assert str(caught.value) == text


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """A package on the path that brings two state stores, one of which lacks something."""
    metadata = tmp_path / "shelves-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: shelves\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(
        "[mason.state_stores]\nshelf = mason_shelf:Shelf\nbroken = mason_shelf_broken:Shelf\nfile = mason_shelf:Shelf\n"
    )
    (tmp_path / "mason_shelf.py").write_text(
        "from mason.state.memory import MemoryStateStore\nclass Shelf(MemoryStateStore): ...\n"
    )
    (tmp_path / "mason_shelf_broken.py").write_text("import no_such_library\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield
    for name in ("mason_shelf", "mason_shelf_broken"):
        sys.modules.pop(name, None)


def test_entry_points(installed, tmp_path):
    store = open_store("shelf://top")
    assert (type(store).__name__, store.url) == ("Shelf", "shelf://top")
    assert isinstance(open_store(f"file://{tmp_path}"), LocalStateStore)
    with pytest.raises(StateError) as caught:
        open_store("shelve://top")
    assert str(caught.value) == (
        "No state store is known for shelve://. Known: broken://, file://, memory://, s3://, shelf://."
    )


def test_entry_point_that_cannot_be_imported(installed):
    with pytest.raises(StateError) as caught:
        open_store("broken://top")
    assert str(caught.value) == (
        "The state store for broken:// cannot be loaded (No module named 'no_such_library'). "
        "Install what the package of mason_shelf_broken needs."
    )
