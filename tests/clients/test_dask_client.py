"""What is Dask's own, on a real scheduler and real workers: clusters that are not there, lack Mason, or die."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mason.clients import registry
from mason.clients.dask import DaskClient
from mason.clients.dask.execution import DaskExecution
from mason.clients.local import LocalClient
from mason.engines.interrupts import doing
from mason.engines.models import Rows, Table
from mason.engines.progress import Progress, observing
from mason.engines.storage import Storage
from mason.errors import EngineError, TransientEngineError
from mason.version import __version__
from tests import dask_servers
from tests.servers import free_port
from tests.waiting import wait_for

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("dask")]

# Takes minutes, and little memory.
ENDLESS = "SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE (a.range * b.range) % 7 = 8"


def execution_of(client: DaskClient) -> DaskExecution:
    found = client.engine("execution")
    assert isinstance(found, DaskExecution)
    return found


@pytest.fixture
def client(dask_scheduler: str, tmp_path: Path) -> Iterator[DaskClient]:
    made = DaskClient({"scheduler": dask_scheduler}, base=tmp_path)
    yield made
    made.close()


@pytest.fixture
def execution(client: DaskClient) -> DaskExecution:
    return execution_of(client)


@pytest.fixture
def table(tmp_path: Path) -> Table:
    storage = LocalClient({}, base=tmp_path).engine("storage")
    assert isinstance(storage, Storage)
    storage.write("club/people.csv", "id,name\n1,Ann\n2,Bob\n")
    return storage.infer_table("club/people.csv", table="people")


_WORKER = "mason.clients.dask.dask_worker"


class Work:
    """What a timeout gives up."""

    given_up = False

    def __init__(self) -> None:
        self.interrupts: list[Callable[[], object]] = []

    def add(self, interrupt: Callable[[], object]) -> None:
        self.interrupts.append(interrupt)

    def discard(self, interrupt: Callable[[], object]) -> None:
        self.interrupts.remove(interrupt)

    def give_up(self) -> None:
        self.given_up = True
        for interrupt in list(self.interrupts):
            interrupt()


def busy(client: DaskClient) -> int:
    """At how many orders its workers are."""
    # By value: workers do not have this module. One that did nothing yet has not loaded Mason's.
    found = client.cluster().ask(lambda: len(getattr(sys.modules.get(_WORKER), "_doing", ())))
    return sum(found.values())


def test_configurations() -> None:
    """What does not go together is told before anything runs."""
    given = {"scheduler": "tcp://a:1", "workers": 2, "tls": {"ca_file": "a", "certificate": "b", "key": "c"}}
    assert [(each.path, each.message) for each in registry.faults("dask", given, {"execution"})] == [
        (("workers",), "workers is of workers that Mason starts, and scheduler names a cluster that has its own"),
        (("tls",), "tls is of a cluster at tls://"),
    ]
    assert list(registry.faults("dask", {"workers": 2}, {"execution"})) == []


def test_no_scheduler(tmp_path: Path, table: Table) -> None:
    address = f"tcp://127.0.0.1:{free_port()}"
    client = DaskClient({"scheduler": address, "timeout": 1}, base=tmp_path)
    with pytest.raises(TransientEngineError) as raised:
        execution_of(client).preview(table)
    assert str(raised.value) == (
        f"No Dask scheduler answers at {address}. Start it, or mend scheduler in the config's client."
    )
    client.close()


def test_no_workers(tmp_path: Path, table: Table) -> None:
    with dask_servers.dask_cluster(tmp_path, 0) as address:
        client = DaskClient({"scheduler": address, "timeout": 1}, base=tmp_path)
        with pytest.raises(TransientEngineError) as raised:
            execution_of(client).preview(table)
        assert str(raised.value) == (f"The Dask cluster at {address} has no workers. Start some, and run it again.")
        client.close()


def test_another_mason_on_a_worker(tmp_path: Path, table: Table) -> None:
    other = tmp_path / "other" / "mason-1.6.6.dist-info"
    other.mkdir(parents=True)
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: mason\nVersion: 1.6.6\n")
    with dask_servers.dask_cluster(tmp_path, 1, environment={"PYTHONPATH": str(other.parent)}) as address:
        client = DaskClient({"scheduler": address}, base=tmp_path)
        with pytest.raises(EngineError) as raised:
            execution_of(client).preview(table)
        client.close()
    said = str(raised.value)
    assert said.startswith(f"Workers need Mason {__version__}, as it is here: tcp://127.0.0.1:"), said
    assert said.endswith(f" has Mason 1.6.6. Install it there: pip install 'mason[dask]=={__version__}'"), said


def test_workers_without_the_folder(dask_scheduler: str, tmp_path: Path, table: Table) -> None:
    """A worker that does not share the folder says which one."""
    client = DaskClient({"scheduler": dask_scheduler, "root": "nowhere"}, base=tmp_path)
    with pytest.raises(EngineError) as raised:
        execution_of(client).preview(table)
    assert str(raised.value) == (
        f"A worker has no folder {tmp_path}/nowhere. Workers need the folder of the config's files by the same path: "
        "share it with them, or keep the files in a store of objects."
    )
    client.close()


class Asking(threading.Thread):
    """Asks what takes minutes; ``work`` may be given up."""

    def __init__(self, execution: DaskExecution) -> None:
        super().__init__(daemon=True)
        self.execution, self.work, self.raised = execution, Work(), []
        self.start()

    def run(self) -> None:
        with doing(self.work):
            try:
                self.execution.query(ENDLESS)
            except EngineError as error:
                self.raised.append((type(error), str(error)))


def test_work_that_is_given_up_stops(client: DaskClient, execution: DaskExecution) -> None:
    """On the worker, too, which then does the next thing."""
    asking = Asking(execution)
    wait_for(lambda: busy(client) == 1)
    asking.work.give_up()
    asking.join()
    assert asking.raised == [(EngineError, "query was given up, and stopped on the workers.")]
    assert busy(client) == 0
    answer = execution.query("SELECT 1 AS a")
    assert isinstance(answer, Rows)
    assert list(answer.rows) == [(1,)]


def test_a_mason_that_is_gone_is_worked_for_no_more(dask_scheduler: str, client: DaskClient, tmp_path: Path) -> None:
    """As one that is killed: its connection ends."""
    other = DaskClient({"scheduler": dask_scheduler}, base=tmp_path)
    asking = Asking(execution_of(other))
    wait_for(lambda: busy(client) == 1)
    other.close()
    wait_for(lambda: busy(client) == 0)
    asking.join()
    assert [kind for kind, _ in asking.raised] == [TransientEngineError]


def test_a_scheduler_that_goes(tmp_path: Path, table: Table) -> None:
    """Before, during and after work: an error that may be tried again, and it works when the scheduler is back."""
    address = f"tcp://127.0.0.1:{free_port()}"
    client = DaskClient({"scheduler": address, "timeout": 1}, base=tmp_path)
    gone = (
        f"The Dask scheduler at {address} is gone, and the work with it: workers stop what nobody waits for. Run it "
        "again when the scheduler is back."
    )
    execution = execution_of(client)
    with dask_servers.scheduler(tmp_path, address) as process, dask_servers.worker(tmp_path, address, 0):
        assert len(execution.preview(table).rows) == 2
        asking = Asking(execution)
        wait_for(lambda: busy(client) == 1)
        process.kill()
        asking.join()
        assert asking.raised == [(TransientEngineError, gone)]
    with pytest.raises(TransientEngineError) as raised:
        execution.preview(table)
    assert str(raised.value).startswith(f"No Dask scheduler answers at {address}.")
    with dask_servers.scheduler(tmp_path, address), dask_servers.worker(tmp_path, address, 0):
        assert len(execution.preview(table).rows) == 2
    client.close()


def test_a_hundred_readers(execution: DaskExecution, table: Table) -> None:
    """By threads that share one client."""
    with ThreadPoolExecutor(100) as pool:
        found = list(pool.map(lambda limit: execution.preview(table, limit=limit).rows, [1, 2] * 50))
    assert [list(map(tuple, each)) for each in found] == [[(1, "Ann")], [(1, "Ann"), (2, "Bob")]] * 50


def test_progress_is_told(execution: DaskExecution, table: Table) -> None:
    told: list[Progress] = []
    with observing(told.append):
        execution.summarize(table)
    assert {each.what for each in told} == {"Summarizing"}
    assert told[-1].ended
    assert told[-1].done == told[-1].total
