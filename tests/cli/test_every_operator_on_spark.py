"""Every standard operator and workflow on Spark by ``-c``, on the flight data, beside what ``local`` answers.

They are taken from the list, so that none is left out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_spark_runs import BY_CARRIER, CONFIGS, FLIGHTS, run
from tests.conftest import Mason
from tests.spark_servers import SparkServer
from tests.test_readme import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("spark_connect")]

Scaffold = Callable[[str], Path]
EXAMPLES = ROOT / "examples"
PLANES = {"database_name": "data", "table_name": "planes"}
AIR = {"database_name": "lake", "table_name": "air"}
SCHEDULE = """\
type: schedule
name: nightly
workflow: table:infer
config_id: "{config}"
schedule: "0 3 * * *"
parameters:
  step_1: {{parameters: {{database_name: lake, table_name: air, path: data/airlines.csv, overwrite: true}}}}
"""
# In the order of a life: registered, asked, written, kept by a schedule, forgotten. "{job}" is the id of the last job.
OPERATORS: list[tuple[str, dict[str, Any]]] = [
    ("database:list", {}),
    ("table:list", {"database_name": "data"}),
    ("table:get", PLANES),
    ("table:get", {**PLANES, "output_path": "made/columns.csv"}),
    ("table:query", {**FLIGHTS, "query_string": BY_CARRIER}),
    ("table:query", {**FLIGHTS, "query_string": BY_CARRIER, "output_path": "made/by_carrier.parquet"}),
    ("job:get", {"job_id": "{job}"}),
    ("table:summarize", PLANES),
    ("table:summarize", {**PLANES, "output_path": "made/summary.csv"}),
    ("table:format", {**PLANES, "output_path": "made/planes", "format": "parquet", "partition_columns": ["engines"]}),
    ("table:merge", {**FLIGHTS, "output_path": "made/merged.parquet"}),
    ("table:dedupe", {**FLIGHTS, "keys": ["carrier", "origin"], "order_by": ["dep_time"], "output_path": "made/d.csv"}),
    ("table:fake", {**PLANES, "size": 200, "output_path": "made/fake.csv"}),
    ("table:infer", {**AIR, "path": "data/airlines.csv"}),
    ("table:delete", AIR),
    ("schedule:trigger", {"schedule_name": "nightly"}),
    ("table:refresh", AIR),
    ("schedule:delete", {"schedule_name": "nightly"}),
    ("table:delete", AIR),
]
# What changes a catalog, or a scheduler, is there once and not for each side.
REFUSED = {"table:infer", "table:delete", "table:refresh", "schedule:trigger", "schedule:delete"}
WORKFLOWS: dict[str, dict[str, dict[str, Any]]] = {
    "table:export": {
        "step_1": {**FLIGHTS, "query_string": BY_CARRIER, "output_path": "export/q.parquet"},
        "step_2": {"database_name": "export", "table_name": "q", "output_path": "export/f.csv", "format": "csv"},
    },
    "table:infer": {"step_1": {"database_name": "pond", "table_name": "air", "path": "data/airlines.csv"}},
    "table:validated_infer": {
        "step_1": {"database_name": "pond", "table_name": "ports", "path": "data/airports.csv"},
        "step_2": {"job_id": "{{steps.step_1.job_id}}"},
        "step_3": {"database_name": "pond", "table_name": "ports", "query_string": "SELECT count(*) AS n FROM $table"},
        "step_4": {"database_name": "pond", "table_name": "ports"},
    },
}
# When something happened, what it is called, which clients do it and how it is laid down: these are a config's own.
OWN = {
    "job_id",
    "submitted",
    "finished",
    "modified",
    "size",
    "bytes",
    "run_id",
    "duration",
    "notes",
    "engine",
    "source",
    "config_id",
    "dag",
}


def standard(kind: str) -> set[str]:
    """The names of all that ``mason init`` brings of a kind."""
    return {
        f"{file.parent.parent.name}:{file.parent.name}" for file in (EXAMPLES / f"{kind}s").glob(f"*/*/{kind}.yaml")
    }


def plain(told: Any) -> Any:
    """An answer without what is no part of it."""
    if isinstance(told, dict):
        return {name: plain(value) for name, value in told.items() if name not in OWN}
    return [plain(each) for each in told] if isinstance(told, list) else told


@pytest.fixture
def scaffold(mason: Mason, folder: Path, spark_server: SparkServer, monkeypatch: pytest.MonkeyPatch) -> Scaffold:
    """Makes a project in a folder of its own, and goes there: what ``mason init`` brings, with two configs more."""

    def make(name: str) -> Path:
        made = folder / name
        made.mkdir()
        monkeypatch.chdir(made)
        assert mason("init").code == 0
        for file in sorted((made / "data" / "flights").iterdir())[3:]:
            # Real all the same, and a busy machine is through with it sooner.
            file.unlink()
        (made / "spark.yaml").write_text(CONFIGS.format(remote=spark_server.remote))
        assert mason("apply", "-y").code == 0
        return made

    return make


def life(mason: Mason, project: Path, config: str) -> Iterator[tuple[str, Any]]:
    """What each operator answers, and what is in the files that they wrote."""
    (project / "nightly.yaml").write_text(SCHEDULE.format(config=config))
    assert mason("apply", "-y").code == 0
    job = ""
    for name, given in OPERATORS:
        said = json.dumps({key: job if value == "{job}" else value for key, value in given.items()})
        done = mason("run", "operator", *name.split(":"), "-p", said, "-c", config, "-y", "--json")
        assert done.code == 0, f"{name} with {config}: {done.err}"
        data = done.json.get("Data", [])
        job = data[0].get("job_id", job) if data else job
        yield name, plain(data)
    for name in sorted(path.name.partition(".")[0] for path in (project / "made").iterdir()):
        asked = {"database_name": "made", "table_name": name, "query_string": READ}
        yield name, run(mason, "query", "1", asked)


# All rows, in few words.
READ = "SELECT count(*) AS n, sum((md5_number(CAST(t AS VARCHAR)) % 1000000007)::BIGINT) AS rows FROM $table t"


def test_each_operator_answers_as_on_this_machine(mason: Mason, scaffold: Scaffold) -> None:
    assert {name for name, _ in OPERATORS} == standard("operator")
    one, other = (list(life(mason, scaffold(f"of_{config}"), config)) for config in ("1", "spark"))
    for mine, theirs in zip(one, other, strict=True):
        assert mine == theirs


def test_each_operator_is_compared_or_refused_by_name(mason: Mason, scaffold: Scaffold) -> None:
    project = scaffold("compared")
    found: dict[str, set[str]] = {}
    job = run(mason, "infer", "1", {**AIR, "path": "data/airlines.csv"})[0]["job_id"]
    for name, given in OPERATORS:
        said = json.dumps({key: job if value == "{job}" else value for key, value in given.items()})
        done = mason("compare", "operator", *name.split(":"), "-c", "1", "-c", "spark", "-p", said, "-y")
        told = done.out.splitlines()[0] if done.out else done.err.splitlines()[-1]
        found.setdefault(name, set()).add(told)
    refused = {name for name, told in found.items() if not all(each.endswith(": the same.") for each in told)}
    assert refused == REFUSED, {name: found[name] for name in refused ^ REFUSED}
    for name in refused:
        (told,) = found[name]
        verb = {"table:infer": "metastore.create_table", "table:delete": "metastore.delete_table"}.get(name, "")
        assert told.startswith(f"Error: Operator {name} says {verb or 'scheduler.'}") or name == "table:refresh", told
    assert not list(project.rglob("mason-compare-*"))


@pytest.mark.parametrize("config", ["1", "spark"])
def test_each_workflow_runs(mason: Mason, scaffold: Scaffold, config: str) -> None:
    project = scaffold("flows")
    assert set(WORKFLOWS) == standard("workflow")
    ends = {}
    for name, steps in WORKFLOWS.items():
        (project / "steps.json").write_text(json.dumps({step: {"parameters": each} for step, each in steps.items()}))
        done = mason("run", "workflow", *name.split(":"), "-f", "steps.json", "-c", config, "-y")
        ends[name] = done.out.splitlines()[-1].partition(" ")[2].partition(" ")[2] if done.code == 0 else done.err
    assert ends == {
        "table:export": "succeeded: 2 succeeded.",
        "table:infer": "succeeded: 1 succeeded.",
        "table:validated_infer": "succeeded: 3 succeeded, 1 skipped.",
    }
    flown = run(
        mason,
        "query",
        "1",
        {"database_name": "export", "table_name": "f", "query_string": "SELECT sum(flights) AS n FROM $table"},
    )
    assert flown == run(mason, "query", "1", {**FLIGHTS, "query_string": "SELECT count(dep_delay) AS n FROM $table"})
