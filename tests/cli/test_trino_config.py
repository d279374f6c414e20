"""The configs of the page about trino, from YAML to what a person sees, on a stand-in for Trino beside local files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_aws_configs import configs
from tests.conftest import Mason
from tests.trino_server import TrinoServer
from tests.waiting import wait_for

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("trino")]

FLIGHTS = {"database_name": "air", "table_name": "flights"}
BY_CARRIER = """\
SELECT carrier, count(*) AS flights, sum(distance) AS miles, avg(dep_delay) AS late, max(dest) AS last
FROM $table WHERE origin <> 'JFK' AND carrier IN ('UA', 'B6', 'AA') GROUP BY carrier ORDER BY flights DESC"""


@pytest.fixture
def project(mason: Mason, folder: Path, trino: TrinoServer) -> Path:
    """The scaffold, with the flights of a month as files that the server reads, registered there; configs ``trino``, by
    the page, and ``local``, which asks the same tables on this machine."""
    assert mason("init").code == 0
    for file in sorted((folder / "data" / "flights").iterdir())[1:]:
        file.unlink()
    config, _ = configs("trino.md")
    config["clients"]["trino"]["configuration"] = {"url": trino.url, "user": "etl", "catalog": "lake"}
    config["clients"]["local"] = {"configuration": {"root": "."}}
    for execution in ("trino", "local"):
        made = {**config, "id": execution, "execution_clients": [execution], "storage_clients": ["local"]}
        (folder / "configs" / f"{execution}_on_trino.yaml").write_text(json.dumps(made))
    assert mason("apply", "-y").code == 0
    # Trino's CSV has texts only.
    sql = "SELECT * EXCLUDE (time_hour), time_hour::TIMESTAMP AS time_hour FROM $table"
    given = {"database_name": "data", "table_name": "flights", "query_string": sql, "output_path": "air/f/1.parquet"}
    done = mason("run", "operator", "table", "query", "-c", "1", "-p", json.dumps(given), "-y")
    assert done.code == 0, done.err
    done = run(mason, "infer", {**FLIGHTS, "path": "air/f"})
    assert done.code == 0, done.err
    return folder


def run(mason: Mason, command: str, given: dict[str, Any], *more: str) -> Any:
    said = ("-c", "trino", "-p", json.dumps(given), "-y")
    return mason("run", "operator", "table", command, *said, *more)


def test_the_configs_of_the_page_are_planned(mason: Mason, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRINO_PASSWORD", "secret")
    for number, config in enumerate(configs("trino.md")):
        (folder / f"{number}.yaml").write_text(json.dumps(config))
    planned = mason("plan")
    assert (planned.code, planned.out.splitlines()[-1]) == (
        0,
        "Plan: 2 to create, 0 to overwrite, 0 to delete, 0 to run.",
    )


def test_every_standard_operator_runs(mason: Mason, project: Path, trino: TrinoServer) -> None:
    shown = run(mason, "get", FLIGHTS, "--json").json["Data"][0]
    assert (shown["format"], shown["location"]) == ("parquet", (project / "air" / "f").as_uri())
    assert [each["name"] for each in run(mason, "list", {"database_name": "air"}, "--json").json["Data"]] == ["flights"]
    listed = mason("run", "operator", "database", "list", "-c", "trino", "--json").json
    assert [each["name"] for each in listed["Data"]] == ["air"]
    asked = run(mason, "query", {**FLIGHTS, "query_string": "SELECT count(*) AS n FROM $table"}, "--json")
    assert asked.json["Data"] == [{"n": 27_004}]
    assert any("bytes_scanned" in line for line in asked.json["Info"])
    written = {
        "query": {"query_string": BY_CARRIER, "output_path": "table://air/by_carrier"},
        "format": {"output_path": "table://air/by_month", "format": "orc", "partition_columns": ["origin"]},
        "dedupe": {"keys": ["carrier"], "output_path": "table://air/carriers"},
    }
    for command, given in written.items():
        done = run(mason, command, {**FLIGHTS, **given})
        assert done.code == 0, done.err
    assert sorted(name for _, _, name in trino.tables) == ["by_carrier", "by_month", "carriers", "flights"]
    again = run(mason, "dedupe", {**FLIGHTS, **written["dedupe"]})
    assert (again.code, "table://air/carriers exists already." in again.err) == (1, True)
    refused = run(mason, "merge", {**FLIGHTS, "output_path": "table://air/m"})
    assert (refused.code, "trino does not support execution.merge" in refused.err) == (1, True)
    as_file = run(mason, "query", {**FLIGHTS, **written["query"], "output_path": "made/x.csv"})
    assert (as_file.code, "Client trino does not write csv" in as_file.err) == (1, True)
    deleted = run(mason, "delete", {**FLIGHTS})
    assert deleted.code == 0, deleted.err
    assert (project / "air" / "f" / "1.parquet").exists()


def test_the_same_answers_as_on_this_machine(mason: Mason, project: Path) -> None:
    """As far as a stand-in can say, which answers by DuckDB, too: of statements in Trino's SQL."""
    asked = {
        "query": {**FLIGHTS, "query_string": BY_CARRIER},
        "summarize": {**FLIGHTS, "top_values": 3, "histogram": 4},
    }
    for command, given in asked.items():
        said = ("-c", "local", "-c", "trino", "-p", json.dumps(given), "-y")
        done = mason("compare", "operator", "table", command, *said)
        told = f"Operator table:{command} with configs local and trino: the same."
        assert (done.out or done.err).splitlines()[0] == told, done.out + done.err


def test_a_run_that_is_killed_submits_once(mason: Mason, project: Path, trino: TrinoServer) -> None:
    trino.slow = 1_000_000
    given = {**FLIGHTS, "query_string": BY_CARRIER, "output_path": "table://air/by_carrier"}
    command = ["run", "operator", "table", "query", "-c", "trino", "-p", json.dumps(given), "-y"]
    process = subprocess.Popen(
        [sys.executable, "-m", "mason", *command],
        env=dict(os.environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(lambda: made(trino))
    finally:
        process.kill()
        process.wait()
    trino.slow = 0
    resumed = mason("runs", "resume", "last", "-y")
    assert resumed.code == 0, resumed.err + resumed.out
    assert len(made(trino)) == 1
    assert sorted(name for _, _, name in trino.tables) == ["by_carrier", "flights"]


def made(trino: TrinoServer) -> list[str]:
    return [text for text in trino.texts if text.startswith("CREATE TABLE") and "mason_" in text]
