"""Checks of runs whose output Spark writes, as a job on its server, from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.test_checks import CONFIG, QUERY, RUN, outcome, results
from tests.conftest import Mason
from tests.spark_servers import SparkServer

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("spark_connect")]


def test_a_run_on_spark_is_held_to_its_checks(mason: Mason, folder: Path, spark_server: SparkServer) -> None:
    clients = (
        f"clients:\n  local: {{configuration: {{}}}}\n  spark: {{configuration: {{remote: '{spark_server.remote}'}}}}\n"
    )
    (folder / "mason.yaml").write_text("name: checks\nstate: .state\n")
    (folder / "config.yaml").write_text(
        CONFIG.replace("execution_clients: [local]", "execution_clients: [spark]") + clients
    )
    (folder / "query.yaml").write_text(QUERY)
    (folder / "run.yaml").write_text(RUN)
    (folder / "data").mkdir()
    (folder / "data" / "t.csv").write_text("id,n\n1,a\n2,\n")
    applied = mason("apply", "-y")
    assert applied.code == 0, applied.err
    assert [status for _, status, _ in results(mason)] == ["passed", "warned", "passed"]
    assert outcome(folder)["rows"] == {"step_1": 2}
    before = (folder / "out" / "ids.parquet").read_bytes()
    (folder / "data" / "t.csv").write_text("id,n\n1,a\n1,b\n")
    failed = mason("apply", "-y")
    assert failed.code == 1
    assert "Check unique_id failed: 1 row of 2 repeats the id of another (Each flight once)." in failed.err
    assert [status for _, status, _ in results(mason)] == ["failed", "passed", "passed"]
    assert (folder / "out" / "ids.parquet").read_bytes() == before
    # The job that failed is not asked for again: the work is done anew, and checked again.
    assert mason("runs", "resume", "last", "-y").code == 1
    (folder / "data" / "t.csv").write_text("id,n\n1,a\n2,b\n")
    assert mason("runs", "resume", "last", "-y").code == 0
    assert [status for _, status, _ in results(mason)] == ["passed", "passed", "passed"]
