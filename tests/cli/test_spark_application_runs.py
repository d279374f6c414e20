"""The same operators by applications on a stub of Kubernetes, with a real Spark behind it, from the command line; kills
and Ctrl-C."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.test_spark_runs import OPERATORS, run
from tests.conftest import Mason
from tests.kubernetes_server import Kubernetes, kubernetes
from tests.spark_operators import Drivers, Operator
from tests.waiting import wait_for

pytest.importorskip("kubernetes", reason="There is no client of Kubernetes. Get it: make setup")
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("spark_connect")]

CONFIG = """\
type: config
id: cluster
metastore_clients: [local]
storage_clients: [local]
execution_clients: [spark]
scheduler_clients: [local]
clients:
  local: {{configuration: {{}}}}
  spark:
    configuration:
      runner:
        type: kubernetes-operator
        spark_version: 4.3.0
        kubeconfig: {kubeconfig}
        volumes: [{{claim: mason, path: {pods}, here: .}}]
"""
QUERY = {
    "database_name": "data",
    "table_name": "airlines",
    "query_string": "SELECT count(*) AS n FROM $table",
    "output_path": "o.csv",
}


@pytest.fixture
def operator(spark_drivers: Drivers) -> Iterator[Operator]:
    """What runs applications."""
    with kubernetes() as api:
        yield Operator(api, spark_drivers.run)


@pytest.fixture
def project(mason: Mason, folder: Path, operator: Operator) -> Path:
    """The scaffold, applied, with one config more, whose pods have its folder by another path."""
    assert mason("init").code == 0
    pods = folder.parent / f"{folder.name}-pods"
    pods.symlink_to(folder)
    text = CONFIG.format(kubeconfig=operator.api.kubeconfig(folder.parent), pods=pods)
    (folder / "cluster.yaml").write_text(text)
    applied = mason("apply", "-y")
    assert applied.code == 0, applied.err
    return folder


@pytest.mark.parametrize("command", OPERATORS)
def test_operators_answer_as_on_this_machine(mason: Mason, project: Path, operator: Operator, command: str) -> None:
    """By another config and nothing else, each by one application."""
    given, answers = OPERATORS[command], []
    for config in ("1", "cluster"):
        named = {
            name: value.replace("{}", f"made/{config}") if isinstance(value, str) else value
            for name, value in given.items()
        }
        answers.append(run(mason, command, config, named))
    assert len(operator.api.made()) == 1
    if "output_path" not in given:
        assert answers[0] == answers[1]
        return
    table = given["output_path"].removeprefix("{}/").partition(".")[0]
    asked = {"table_name": table, "query_string": "SELECT * FROM $table ORDER BY ALL", "limit": 200_000}
    read = [run(mason, "query", "1", {**asked, "database_name": f"made/{each}"}) for each in ("1", "cluster")]
    assert read[0] == read[1]


def begun(project: Path) -> subprocess.Popen[str]:
    """A process that waits for the job of a query."""
    asked = json.dumps(QUERY)
    return subprocess.Popen(
        [sys.executable, "-m", "mason", "run", "operator", "table", "query", "-p", asked, "-c", "cluster", "-y"],
        cwd=project,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@pytest.mark.parametrize("moment", ["jobs/*.json", "work/*/submitted", "work/*/result.json"])
def test_a_killed_run_is_gone_on_with(mason: Mason, project: Path, operator: Operator, moment: str) -> None:
    """Killed about when the application was made, while it waits for pods, or when it had answered: one application is
    made, and its answer becomes the output."""
    if "result" not in moment:
        operator.hold.clear()
    process = begun(project)
    kept = project / "warehouse" / "spark"
    wait_for(lambda: process.poll() is not None or list(kept.glob(moment)))
    process.kill()
    process.communicate()
    operator.hold.set()
    (run_id,) = [each["run_id"] for each in mason("runs", "list", "--json").json["runs"]]
    done = mason("runs", "resume", run_id, "-y")
    assert done.code == 0, done.err
    assert (project / "o.csv").read_text() == "n\n16\n"
    assert len(operator.api.made()) == 1
    (job,) = (kept / "jobs").glob("*.json")
    assert f"job {job.stem} succeeded" in done.out + done.err
    wait_for(lambda: not list((kept / "work").iterdir()))


def test_ctrl_c_deletes_the_application(mason: Mason, project: Path, operator: Operator) -> None:
    operator.hold.clear()
    process = begun(project)
    wait_for(lambda: process.poll() is not None or operator.api.made())
    process.send_signal(signal.SIGINT)
    _, told = process.communicate()
    assert process.returncode == 130, told
    assert operator.api.deleted == operator.api.made()
    assert not (project / "o.csv").exists()
    operator.hold.set()


def test_a_job_whose_cluster_is_away_is_found_again(mason: Mason, project: Path, operator: Operator) -> None:
    """The token runs out while the job goes on: the run fails with what to do, and is resumed with what was made."""
    api: Kubernetes = operator.api
    operator.hold.clear()
    process = begun(project)
    wait_for(lambda: process.poll() is not None or list((project / "warehouse" / "spark").glob("work/*/submitted")))
    known, api.token = api.token, "another"
    _, told = process.communicate()
    assert process.returncode == 1
    assert "does not know who asks (401): the token has run out" in told
    api.token = known
    operator.hold.set()
    (run_id,) = [each["run_id"] for each in mason("runs", "list", "--json").json["runs"]]
    done = mason("runs", "resume", run_id, "-y")
    assert done.code == 0, done.err
    assert (project / "o.csv").read_text() == "n\n16\n"
    assert len(api.made()) == 1
