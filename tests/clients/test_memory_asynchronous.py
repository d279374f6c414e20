"""The client ``memory`` with ``asynchronous``: what its service promises, whatever it is known by and lacks."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pytest

from mason.clients.memory import MemoryClient
from mason.engines.client import Client
from mason.engines.engine import Engine
from mason.engines.execution import Execution
from mason.engines.jobs import Token, submitting
from mason.engines.metastore import Metastore
from mason.engines.models import Dag, Job, Schedule, Table
from mason.engines.scheduler import Scheduler
from mason.engines.storage import Storage
from mason.errors import NotFoundError, TransientEngineError
from mason.testing import AsynchronousSuite, StorageSuite
from mason.testing.schedulers import RecordingRunner


class _Asynchronous(AsynchronousSuite):
    how: ClassVar[Any] = True

    @pytest.fixture
    def client(self, tmp_path: Path) -> Client:
        return MemoryClient({"asynchronous": self.how}, base=tmp_path)


class TestExecution(_Asynchronous):
    role = "execution"

    def submit(self, engine: Engine, number: int) -> Job:
        assert isinstance(engine, Execution)
        return engine.fake({"id": "BIGINT"}, size=1, output=f"out/{number}.csv", overwrite=True)

    @pytest.fixture
    def failed(self, tmp_path: Path) -> Job:
        engine = MemoryClient({"asynchronous": {"fails": 1}}, base=tmp_path).engine("execution")
        return self.ended(engine, self.submit(engine, 1))


class TestInAFolder(TestExecution):
    how: ClassVar[Any] = {"folder": "service"}


class TestWithKeys(TestExecution):
    how: ClassVar[Any] = {"known_by": "key", "cancels": False, "folder": "service"}


class TestKnownByNothing(TestExecution):
    how: ClassVar[Any] = {"known_by": "nothing"}


class TestMetastore(_Asynchronous):
    role = "metastore"

    def submit(self, engine: Engine, number: int) -> Job:
        storage = engine.connection.engine("storage")
        assert isinstance(storage, Storage)
        assert isinstance(engine, Metastore)
        storage.write("a.csv", "id\n1\n", overwrite=True)
        return engine.create_table("club", f"t{number}", definition=storage.infer_table("a.csv"), overwrite=True)


class TestScheduler(_Asynchronous):
    role = "scheduler"

    @pytest.fixture
    def client(self, tmp_path: Path) -> Client:
        client = MemoryClient({"asynchronous": True}, base=tmp_path)
        client.runner = RecordingRunner()
        return client

    def submit(self, engine: Engine, number: int) -> Job:
        assert isinstance(engine, Scheduler)
        engine.put_schedule(Schedule(f"s{number}", "0 12 * * ? *", Dag(())), overwrite=True)
        return engine.trigger_schedule(f"s{number}")


class TestStorageOfIt(StorageSuite):
    @pytest.fixture
    def client(self, tmp_path: Path) -> Client:
        return MemoryClient({"asynchronous": True}, base=tmp_path)


def fake(client: MemoryClient, output: str = "a.csv") -> Job:
    engine = client.engine("execution")
    assert isinstance(engine, Execution)
    return engine.fake({"id": "BIGINT"}, size=1, output=output)


def test_jobs_outlive_the_process(tmp_path: Path) -> None:
    how = {"asynchronous": {"folder": "service", "polls": 3}}
    token = Token("20261121T101500.042-3f9a1c", "step_1", 1, 1)
    with submitting(token):
        job = fake(MemoryClient(how, base=tmp_path))
    other = MemoryClient(how, base=tmp_path).engine("execution")
    assert other.find_job(str(token)) == job
    assert [other.get_job(job.job_id).status for _ in range(4)] == ["running", "running", "succeeded", "succeeded"]
    assert other.get_job(job.job_id).result["rows"] == 1
    assert other.get_job(job.job_id).engine == "execution"


def test_answers_late_and_vanishes(tmp_path: Path) -> None:
    client = MemoryClient({"asynchronous": {"late": 2, "polls": 1, "vanishes": True}}, base=tmp_path)
    job, engine = fake(client), client.engine("execution")
    for _ in range(2):
        with pytest.raises(TransientEngineError, match="does not answer at the moment"):
            engine.get_job(job.job_id)
    with pytest.raises(NotFoundError):
        engine.get_job(job.job_id)


def test_takes_as_long_as_it_is_told_to(tmp_path: Path) -> None:
    client = MemoryClient({"asynchronous": {"polls": 0, "seconds": 1000}}, base=tmp_path)
    job, engine = fake(client), client.engine("execution")
    assert [engine.get_job(job.job_id).status for _ in range(3)] == ["running", "running", "running"]


def test_tells_what_it_cost(tmp_path: Path) -> None:
    client = MemoryClient({"asynchronous": {"polls": 1, "cost": {"bytes_scanned": 1000}}}, base=tmp_path)
    job = fake(client)
    assert dict(job.cost) == {}
    assert client.engine("execution").get_job(job.job_id).cost == {"bytes_scanned": 1000}


def test_work_that_is_no_job_is_done_at_once(tmp_path: Path) -> None:
    client = MemoryClient({"asynchronous": True}, base=tmp_path)
    storage = client.engine("storage")
    assert isinstance(storage, Storage)
    storage.write("a.csv", "id\n1\n")
    assert isinstance(storage.infer_table("a.csv"), Table)
    assert client.service is not None
    assert client.service.submissions == []
