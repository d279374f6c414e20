"""Ctrl-C stops what DuckDB does, however long a single step of it takes; and so does who gives up the work."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from mason.clients._duckdb.connection import Limits, connect
from mason.engines.interrupts import doing
from mason.runtime.walk import Control, Node, walk
from mason.runtime.workers import Attempt
from tests.waiting import read_until, rest_of

ASK = """
import sys
from pathlib import Path

from mason.clients.local import LocalClient

client = LocalClient({}, base=Path(sys.argv[1]))
table = client.engine("metastore").get_table("data", "flights")
client.engine("execution").query("SELECT 1")
print("asking", flush=True)
verb, *values = sys.argv[2:]
options = {"limit": 5} if verb == "query" and len(values) == 1 else {"output": values[1]} if verb == "query" else {}
client.engine("execution").query(values[0], table=table, **options)
"""
NEVER_DONE = "SELECT a.* FROM $table a, $table b, $table c WHERE a.delay * b.delay = 3.5"
COUNTED = "SELECT count(DISTINCT a.delay * b.delay + c.delay) FROM $table a, $table b, $table c"


@pytest.mark.parametrize("values", [[NEVER_DONE], [COUNTED], [NEVER_DONE, "out.csv"]], ids=["rows", "count", "output"])
def test_ctrl_c_ends_a_query_that_would_run_for_ever(local, values):
    local.put("data/flights.csv", "delay\n" + "".join(f"{number}\n" for number in range(100_000)))
    process = subprocess.Popen(
        [sys.executable, "-c", ASK, str(local.root), "query", *values],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    with process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "asking\n"
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1)
        process.send_signal(signal.SIGINT)
        try:
            process.wait(20)
        finally:
            process.kill()
        assert process.stderr.read().splitlines()[-1] == "KeyboardInterrupt"
    assert process.returncode == -signal.SIGINT
    assert [path.name for path in local.root.iterdir() if path.name.startswith((".out", "out"))] == []


def test_mason_run_ends_with_130_on_ctrl_c(mason, project):
    rows = "".join(f"{number}\n" for number in range(100_000))
    (project / "data" / "flights.csv").write_text("delay\n" + rows)
    operator = project / "operators" / "query.yaml"
    operator.parent.mkdir(exist_ok=True)
    sql = "SELECT a.* FROM data.flights a, data.flights b, data.flights c WHERE a.delay * b.delay = 3.5"
    operator.write_text(
        "type: operator\nnamespace: table\ncommand: ask\ndescription: Ask\n"
        f'do:\n  - execution.query: {{sql: "{sql}", limit: 5}}\n'
    )
    applied = mason("apply", "-y")
    assert applied.code == 0, applied.err
    process = subprocess.Popen(
        [sys.executable, "-m", "mason", "run", "operator", "table", "ask"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    with process:
        assert process.stderr is not None
        read_until(process.stderr, "Operator table:ask with config 1 would:")
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1)
        process.send_signal(signal.SIGINT)
        out, err = rest_of(process)
    assert (process.returncode, out, err.splitlines()[-1]) == (130, "", "Interrupted.")


def test_ctrl_c_during_a_statement_of_the_main_thread_is_ctrl_c(tmp_path):
    """As when the columns of a table are looked for."""
    timer = threading.Timer(0.5, signal.raise_signal, [signal.SIGINT])
    timer.start()
    with pytest.raises(KeyboardInterrupt), connect(Limits("1GB", tmp_path)) as connection:
        connection.execute("SELECT count(DISTINCT a.range * b.range) FROM range(1000000) a, range(1000000) b")
    timer.join()


FOR_EVER = "SELECT count(DISTINCT a.range * b.range) FROM range(1000000) a, range(1000000) b"


def test_work_that_is_given_up_ends_whichever_statement_it_is_at(tmp_path):
    """An interruption that comes between two statements stops neither, so there is more than one."""
    import duckdb

    control, ended = Control(), threading.Event()

    def work(id: str, attempt: int) -> None:
        try:
            with connect(Limits("1GB", tmp_path)) as connection:
                with pytest.raises(duckdb.InterruptException):
                    connection.execute(FOR_EVER)
                connection.execute(FOR_EVER)
        except duckdb.InterruptException:
            ended.set()

    statuses = walk([Node("a", timeout=0.5)], work, control=control)
    assert statuses["a"].status == "failed"
    assert ended.wait(20)
    control.see_off(20)
    assert (control.lost, list(tmp_path.iterdir())) == (0, [])


def test_a_connection_of_work_that_was_given_up_before_does_nothing(tmp_path):
    import duckdb

    attempt = Attempt("a", 0, 1)
    attempt.given_up = True
    with doing(attempt), pytest.raises(duckdb.InterruptException), connect(Limits("1GB", tmp_path)) as connection:
        connection.execute(FOR_EVER)
    assert attempt.interrupts == []
