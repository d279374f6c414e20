"""What every client must keep: the sentences of ``mason.engines``, each as a test, a suite for each engine.

A client's tests subclass the suites of the engines that it plays, and say how to make a client and how to place data::

    class TestMyStorage(StorageSuite):
        @pytest.fixture
        def client(self, tmp_path):
            return MyClient({"url": ...}, base=tmp_path)

Tests of verbs that the client does not declare are skipped, and one test proves that calling these verbs raises
``UnsupportedVerbError``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import pytest

from mason.engines import engine_type
from mason.engines.capabilities import COMPRESSIONS, NAME_CASES
from mason.engines.client import Client
from mason.engines.engine import Engine
from mason.engines.jobs import OPEN
from mason.engines.metastore import Metastore
from mason.engines.models import Job, Table
from mason.engines.storage import Storage
from mason.errors import (
    UnsupportedVerbError,
)
from mason.state.lock import turns

PEOPLE = b"id,name,height\n1,Ann,1.6\n2,Bob,\n3,Bob,1.8\n"
"""The data that suites ask about: three rows, a null, a repeated name."""


class EngineSuite:
    """What holds for each role. Inherit from a suite below, and override the fixture ``client``."""

    role: ClassVar[str] = ""

    patience = 60.0
    """Seconds within which a job of the tests has ended."""

    @pytest.fixture
    def client(self) -> Client:
        """A client that nobody has used, over nothing."""
        raise NotImplementedError

    @pytest.fixture
    def any_engine(self, client: Client) -> Engine:
        """The client in the role of this suite."""
        return client.engine(self.role)

    def needs(self, engine: Engine, *verbs: str) -> None:
        """Skip the test when the client does not declare one of ``verbs``."""
        for verb in verbs:
            if verb not in engine.supports:
                pytest.skip(f"{engine.client} does not support {engine.role}.{verb}")

    def storage_of(self, client: Client) -> Storage:
        """Where the client keeps files; the test is skipped for one that is no storage."""
        if "storage" not in client.roles():
            pytest.skip(f"{client.name} is no storage, so its tests say nothing of files")
        storage = client.engine("storage")
        assert isinstance(storage, Storage)
        return storage

    def ended(self, engine: Engine, job: Job) -> Job:
        """The job, asked for until it has ended."""
        for _ in turns(self.patience, longest=1.0):
            if job.status not in OPEN:
                return job
            job = engine.get_job(job.job_id)
        pytest.fail(f"{job} has not ended")

    def test_is_declared(self, client: Client, any_engine: Engine) -> None:
        """A client names the engine class for each role that it plays."""
        assert isinstance(any_engine, engine_type(self.role))
        assert client.roles()[self.role] is type(any_engine)
        assert any_engine.client == client.name

    def test_is_the_same_each_time(self, client: Client, any_engine: Engine) -> None:
        """The same object each time."""
        assert client.engine(self.role) is any_engine

    def test_unsupported_verbs_raise(self, any_engine: Engine) -> None:
        """Verbs that are not named in ``supports`` raise ``UnsupportedVerbError``."""
        for name in sorted(set(any_engine.verbs) - any_engine.supports):
            arguments: Mapping[str, Any] = dict.fromkeys(any_engine.verbs[name].required)
            with pytest.raises(UnsupportedVerbError) as raised:
                getattr(any_engine, name)(**arguments)
            assert str(raised.value) == f"Client {any_engine.client} does not support {self.role}.{name}."

    def test_capabilities_use_the_words(self, any_engine: Engine) -> None:
        """Capabilities are declared in the words of ``mason.engines.capabilities``, none of them twice."""
        can = any_engine.capabilities
        assert can.name_case in NAME_CASES
        assert min(can.longest_name, can.time_digits) >= 0
        for formats in (can.reads, can.writes):
            names = [each.name for each in formats]
            assert names == list(dict.fromkeys(name.lower() for name in names))
            for each in formats:
                assert each.compressions, each.name
                assert set(each.compressions) <= set(COMPRESSIONS), each.name

    def test_closes_twice(self, client: Client) -> None:
        """``close`` is safe to call twice."""
        client.close()
        client.close()

    def test_public_facts_hold_no_secret(self, client: Client) -> None:
        """What the neighbours of a client are told is not secret, and its ``url`` is that of its storage's root."""
        canary = "a-secret-that-nobody-is-told"
        marked = [name for name, given in client.schema()["properties"].items() if given.get("secret") is True]
        facts = client.public_facts({**client.configuration, **dict.fromkeys(marked, canary)}, base=client.base)
        assert canary not in repr(facts)
        storage = client.engine("storage") if "storage" in client.roles() else None
        if isinstance(storage, Storage) and "locate" in storage.supports and "url" in facts:
            assert facts["url"] == storage.locate("")

    def test_schema_describes_every_property(self, client: Client) -> None:
        """The configuration's schema accepts only what it lists, and says what each property means."""
        schema = client.schema()
        assert schema["additionalProperties"] is False
        for name, given in schema["properties"].items():
            assert given.get("title"), name
            assert given.get("description"), name


class WithTable(EngineSuite):
    """For suites that need a table to ask about."""

    @pytest.fixture
    def table(self, client: Client) -> Table:
        """A table named ``people`` in a database named ``club``, of the rows of :data:`PEOPLE`.

        Override where it takes something else than writing a file and registering it.
        """
        storage, metastore = self.storage_of(client), client.engine("metastore")
        assert isinstance(metastore, Metastore)
        storage.write("club/people.csv", PEOPLE)
        metastore.create_table("club", "people", definition=storage.infer_table("club/people.csv"))
        return metastore.get_table("club", "people")
