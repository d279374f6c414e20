"""The stores that Mason brings pass the suite that everybody's store must pass."""

import uuid

import pytest

from mason.state.content import source_name
from mason.state.local import LocalStateStore
from mason.state.memory import MemoryStateStore
from mason.state.s3.bucket_store import S3StateStore
from mason.state.store import StateStore
from mason.testing import SharedStateStoreSuite, StateStoreSuite
from tests.servers import BUCKET


class TestLocal(SharedStateStoreSuite):
    @pytest.fixture
    def store(self, tmp_path) -> StateStore:
        return LocalStateStore(f"file://{tmp_path}/home/state")

    @pytest.fixture
    def another(self, store) -> StateStore:
        return LocalStateStore(store.url)

    def overwrite_state(self, store, content):
        (store.folder / "state.json").write_bytes(content)

    def remove_state(self, store):
        (store.folder / "state.json").unlink()

    def overwrite_source(self, store, digest, content):
        (store.folder / "sources" / "sha256" / source_name(digest)).write_bytes(content)


class TestMemory(StateStoreSuite):
    @pytest.fixture
    def store(self) -> StateStore:
        return MemoryStateStore(f"memory://{uuid.uuid4()}")

    @pytest.fixture
    def another(self, store) -> StateStore:
        return MemoryStateStore(store.url)

    def overwrite_state(self, store, content):
        store.shelf.state = content

    def overwrite_source(self, store, digest, content):
        store.shelf.sources[source_name(digest)] = content


class S3Suite(SharedStateStoreSuite):
    """The store that is shared by teams, whatever keeps the objects."""

    takeover_seconds = 60.0

    @pytest.fixture
    def another(self, store) -> StateStore:
        return S3StateStore(store.url)

    def overwrite_state(self, store, content):
        store.bucket.put("state.json", content)

    def remove_state(self, store):
        store.bucket.delete("state.json")

    def overwrite_source(self, store, digest, content):
        store.bucket.put(f"sources/sha256/{source_name(digest)}", content)


@pytest.mark.xdist_group("moto")
class TestMoto(S3Suite):
    @pytest.fixture
    def store(self, moto, prefix, aws) -> StateStore:
        return S3StateStore(moto.url(BUCKET, prefix, lease="2"))


@pytest.mark.xdist_group("seaweedfs")
class TestSeaweedFS(S3Suite):
    @pytest.fixture
    def store(self, seaweed, prefix, aws) -> StateStore:
        return S3StateStore(seaweed.url(BUCKET, prefix, lease="2"))
