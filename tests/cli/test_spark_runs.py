"""The same operators on Spark by another config, on the flight data, from the command line; kills and Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mason.clients.registry import roles
from mason.clients.spark import SparkClient
from tests import spark_servers
from tests.conftest import Mason
from tests.spark_servers import SparkServer
from tests.waiting import wait_for

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("spark_connect")]

CONFIGS = """\
type: config
id: spark
metastore_clients: [local]
storage_clients: [local]
execution_clients: [spark]
scheduler_clients: [local]
clients:
  local: {{configuration: {{}}}}
  spark: {{configuration: {{remote: "{remote}"}}}}
---
type: config
id: catalog
metastore_clients: [spark]
storage_clients: [local]
execution_clients: [spark]
scheduler_clients: [local]
clients:
  local: {{configuration: {{}}}}
  spark: {{configuration: {{remote: "{remote}"}}}}
"""
BY_CARRIER = """\
SELECT a.name, count(*) AS flights, avg(f.dep_delay) AS delay, max(f.air_time) AS longest
FROM $table f JOIN airlines a ON f.carrier = a.carrier
WHERE f.dep_delay IS NOT NULL GROUP BY a.name ORDER BY flights DESC, name"""
# So long that a process can be stopped before it is done.
LONG = "SELECT sum(range * range % 7) AS s FROM range(30000000)"
ENDLESS = "SELECT sum(a.range * b.range % 7) AS s FROM range(3000000) a CROSS JOIN range(3000000) b"
FLIGHTS = {"database_name": "data", "table_name": "flights"}
# Each operator of tables whose answer depends on the engine that executes, with the paths that it writes.
OPERATORS: dict[str, dict[str, Any]] = {
    "query": {**FLIGHTS, "query_string": BY_CARRIER},
    "summarize": {"database_name": "data", "table_name": "planes"},
    "format": {"database_name": "data", "table_name": "planes", "output_path": "{}/planes.csv", "format": "csv"},
    "dedupe": {**FLIGHTS, "keys": ["carrier", "origin"], "order_by": ["dep_time"], "output_path": "{}/first.csv"},
    "merge": {**FLIGHTS, "output_path": "{}/merged.parquet"},
}


@pytest.fixture
def project(mason: Mason, folder: Path, spark_server: SparkServer) -> Path:
    """The scaffold, applied, with two configs more."""
    assert mason("init").code == 0
    (folder / "spark.yaml").write_text(CONFIGS.format(remote=spark_server.remote))
    assert mason("apply", "-y").code == 0
    return folder


def run(mason: Mason, command: str, config: str, parameters: dict[str, Any]) -> Any:
    """What an operator of tables answers."""
    given = json.dumps(parameters)
    done = mason("run", "operator", "table", command, "-p", given, "-c", config, "-y", "--json")
    assert done.code == 0, done.err
    return done.json["Data"]


def test_operators_answer_as_on_this_machine(mason: Mason, project: Path) -> None:
    """By another config and nothing else. What the engine lacks is refused by name, before anything is called."""
    supported = roles("spark")["execution"]
    for command, given in OPERATORS.items():
        if command not in supported:
            done = mason("run", "operator", "table", command, "-p", json.dumps(given), "-c", "spark", "-y")
            assert f"Client spark does not support execution.{command}." in done.err
            continue
        answers = []
        for config in ("local", "spark"):
            named = {
                name: value.replace("{}", f"made/{config}") if isinstance(value, str) else value
                for name, value in given.items()
            }
            answers.append(run(mason, command, "1" if config == "local" else config, named))
        if "output_path" not in given:
            assert answers[0] == answers[1], command
        else:
            name = given["output_path"].removeprefix("{}/")
            asked = {"database_name": "made", "query_string": "SELECT * FROM $table ORDER BY ALL", "limit": 200_000}
            read = [
                run(
                    mason,
                    "query",
                    "1",
                    {**asked, "database_name": f"made/{each}", "table_name": name.partition(".")[0]},
                )
                for each in ("local", "spark")
            ]
            assert read[0] == read[1], command


def test_the_catalog_of_spark_keeps_tables(mason: Mason, project: Path) -> None:
    """Inferred, listed, told, asked and deleted; the files stay."""
    run(mason, "infer", "catalog", {"database_name": "air", "table_name": "flights", "path": "data/flights"})
    assert [each["name"] for each in run(mason, "list", "catalog", {"database_name": "air"})] == ["flights"]
    run(mason, "infer", "catalog", {"database_name": "air", "table_name": "airlines", "path": "data/airlines.csv"})
    asked = {"database_name": "air", "table_name": "flights", "query_string": BY_CARRIER}
    assert run(mason, "query", "catalog", asked) == run(mason, "query", "1", {**asked, "database_name": "data"})
    output = {**asked, "output_path": "out/by_carrier.parquet"}
    assert run(mason, "query", "catalog", output)[0]["result"]["output"] == "out/by_carrier.parquet"
    for name in ("flights", "airlines"):
        run(mason, "delete", "catalog", {"database_name": "air", "table_name": name})
    assert (project / "data" / "airlines.csv").exists()
    done = mason("run", "operator", "table", "get", "-p", "database_name:air,table_name:flights", "-c", "catalog")
    assert done.err.splitlines()[-1] == "Error: Table flights not found in database air. There are no tables."


def begun(project: Path, sql: str, moment: str = "jobs/*.json") -> subprocess.Popen[str]:
    """A process that waits for the job of a query, as soon as there is a file that shows the ``moment``."""
    given = json.dumps({"database_name": "data", "table_name": "airlines", "query_string": sql, "output_path": "o.csv"})
    process = subprocess.Popen(
        [sys.executable, "-m", "mason", "run", "operator", "table", "query", "-p", given, "-c", "spark", "-y"],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(spark_servers.CLIENT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    kept = project / "warehouse" / "spark"
    wait_for(lambda: process.poll() is not None or list(kept.glob(moment)))
    return process


@pytest.mark.parametrize("moment", ["jobs/*.json", "work/*/out"])
def test_a_killed_run_is_gone_on_with(mason: Mason, project: Path, moment: str) -> None:
    """Killed before Spark was asked to write, or while it does: the job is found, waited for and made what it was to
    be, and nothing is submitted twice."""
    process = begun(project, LONG, moment)
    process.kill()
    process.communicate()
    assert not (project / "o.csv").exists()
    (run_id,) = [each["run_id"] for each in mason("runs", "list", "--json").json["runs"]]
    done = mason("runs", "resume", run_id, "-y")
    assert done.code == 0, done.err
    assert (project / "o.csv").read_text() == "s\n59999997\n"
    (job,) = (project / "warehouse" / "spark" / "jobs").glob("*.json")
    assert f"job {job.stem} succeeded" in done.out + done.err
    assert list((project / "warehouse" / "spark" / "work").iterdir()) == []


def test_ctrl_c_cancels_the_job(mason: Mason, project: Path, spark_server: SparkServer) -> None:
    """On the server as well, and within seconds."""
    process = begun(project, ENDLESS)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate()
    assert process.returncode == 130, told
    (job,) = (project / "warehouse" / "spark" / "jobs").glob("*.json")
    # A busy server may take longer than the process waits for it.
    client = SparkClient({"remote": spark_server.remote}, base=project)
    wait_for(lambda: client.jobs.get(job.stem).status == "cancelled", seen=lambda: job.read_text() + told)
    client.close()
    assert not (project / "o.csv").exists()
