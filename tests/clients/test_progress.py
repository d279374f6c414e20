"""DuckDB tells how far it is, to whoever observes, and never prints anything itself."""

from __future__ import annotations

import signal
import threading

import pytest

from mason.clients._duckdb.connection import Limits, confine, connect
from mason.clients._duckdb.working import watched
from mason.engines.progress import Progress, observing

# Half a second of work or more, of which DuckDB knows how much it is: that of a range it does not.
LONG = "SELECT count(md5(md5(number::varchar) || md5('x' || number::varchar))) FROM numbers"


@pytest.fixture
def limits(tmp_path):
    return Limits("850MB", tmp_path)


def test_a_statement_is_reported_from_its_beginning_to_its_end(limits, capfd):
    seen: list[Progress] = []
    enough = threading.Event()

    def observe(progress: Progress) -> None:
        seen.append(progress)
        if progress.done > 0:
            enough.set()

    with observing(observe), connect(limits) as connection:
        connection.execute("CREATE TABLE numbers AS SELECT range AS number FROM range(2_000_000)")
        confine(connection, [])
        with watched(connection, "Counting", 1_000):
            # Once is enough, unless the machine is very fast.
            for _ in range(100):
                connection.execute(LONG).fetchall()
                if enough.is_set():
                    break
    assert enough.is_set()
    assert seen[0] == Progress(0, 1_000, "bytes", "Counting")
    assert seen[-1] == Progress(1_000, 1_000, "bytes", "Counting", ended=True)
    done = [progress.done for progress in seen]
    assert done == sorted(done)
    assert {(progress.total, progress.ended) for progress in seen[:-1]} == {(1_000, False)}
    assert capfd.readouterr() == ("", "")


def test_nobody_observes_and_no_thread_is_started(limits):
    with connect(limits) as connection:
        before = threading.active_count()
        with watched(connection, "Counting", 1_000):
            assert threading.active_count() == before
        asked = "SELECT value FROM duckdb_settings() WHERE name = 'enable_progress_bar'"
        assert connection.execute(asked).fetchall() == [("false",)]


def test_work_that_fails_has_ended_too(limits):
    seen: list[Progress] = []
    with (
        pytest.raises(ZeroDivisionError),
        observing(seen.append),
        connect(limits) as connection,
        watched(connection, "Failing", 10),
    ):
        raise ZeroDivisionError
    assert seen[-1] == Progress(10, 10, "bytes", "Failing", ended=True)
    assert [thread.name for thread in threading.enumerate() if thread.name == "mason-progress"] == []


def test_ctrl_c_ends_a_statement_that_is_watched(limits):
    seen: list[Progress] = []

    def observe(progress: Progress) -> None:
        seen.append(progress)
        # The third report comes from the thread that watches, while the statement runs.
        if len(seen) == 3:
            signal.raise_signal(signal.SIGINT)

    with (
        pytest.raises(KeyboardInterrupt),
        observing(observe),
        connect(limits) as connection,
        watched(connection, "Counting", 0),
    ):
        connection.execute("SELECT count(DISTINCT a.range * b.range) FROM range(1000000) a, range(1000000) b")
    assert seen[-1] == Progress(0, 0, "bytes", "Counting", ended=True)
