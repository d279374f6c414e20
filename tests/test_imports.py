"""What a start may load: looked up in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.waiting import wait_for

HEAVY = {"boto3", "botocore", "pandas", "numpy", "duckdb", "pyspark", "kubernetes", "sqlglot", "s3fs", "fsspec"}

# Runs the command line as the console script does and leaves the names of all loaded modules in a file.
LOADED = """
import sys
target = sys.argv.pop(1)
from mason.cli import main
try:
    main()
finally:
    with open(target, "w") as file:
        file.write(" ".join(sys.modules))
"""


def loaded_by(folder: Path, *arguments: str) -> set[str]:
    """The modules that ``mason ARGUMENTS`` loads when it is called in ``folder``."""
    names = folder.parent / "modules.txt"
    environment = {key: value for key, value in os.environ.items() if key != "MASON_STATE"}
    subprocess.run(
        [sys.executable, "-c", LOADED, str(names), *arguments],
        cwd=folder,
        env=environment | {"MASON_HOME": str(folder.parent / "home")},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return set(names.read_text().split())


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A scaffolded project whose resources were applied."""
    folder = tmp_path_factory.mktemp("imports") / "project"
    folder.mkdir()
    loaded_by(folder, "init")
    loaded_by(folder, "apply", "-y")
    return folder


@pytest.mark.xdist_group("imports")
@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["plan", "--help"],
        ["get"],
        ["get", "operator", "table", "get"],
        ["plan"],
        ["plan", "--strict", "--json"],
        ["validate", "operator", "table", "get", "-p", "database_name:data,table_name:flights"],
    ],
    ids=" ".join,
)
def test_starts_load_nothing_heavy(project, arguments):
    assert loaded_by(project, *arguments) & HEAVY == set()


@pytest.mark.xdist_group("imports")
def test_a_plan_without_a_change_loads_no_more_than_it_compares(project):
    """Neither engines nor clients, nor what plans runs and schedules, nor what applies, nor what most projects lack."""
    loaded = {name for name in loaded_by(project, "plan") if name.startswith("mason.")}
    unneeded = {
        "mason.clients.local",
        "mason.engines",
        "mason.runtime.apply",
        "mason.planner.breaking",
        "mason.planner.runs_and_schedules",
        "mason.dryrun.planned",
        "mason.dryrun.prepare",
        "mason.project.given_variables",
        "mason.resources.operator",
        "mason.resources.templates",
    }
    assert loaded & unneeded == set()


@pytest.mark.xdist_group("imports")
@pytest.mark.parametrize("client", ["memory", "local", "local_async"])
def test_what_a_client_supports_is_known_without_what_reads_and_writes_tables(client):
    code = f"import sys; from mason.clients.registry import roles; roles({client!r}); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert f"mason.clients.{client}.scheduler" in loaded
    assert [
        name for name in loaded if name.startswith(("mason.clients._duckdb.reading", "mason.clients._duckdb.writ"))
    ] == []


@pytest.mark.xdist_group("imports")
def test_what_spark_supports_is_known_without_spark(tmp_path):
    """Nor without what talks to it: planning asks on machines that have none of it."""
    asked = "from mason.clients.registry import roles, schema; roles('spark'); schema('spark')"
    code = f"import sys; {asked}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert {"mason.clients.spark.execution", "mason.clients.spark.metastore"} <= set(loaded)
    assert {*HEAVY, "grpc", "py4j", "pyarrow"} & set(loaded) == set()
    assert [name for name in loaded if name.startswith("mason.clients.spark.spark_")] == []


@pytest.mark.xdist_group("imports")
def test_a_short_run_of_a_workflow_loads_what_it_needs(tmp_path):
    """Nothing heavy, and not what reads YAML or tables, asks classes, keeps a log, or only finds out the name of this
    machine."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "mason.yaml").write_text("name: short\n")
    (folder / "all.yaml").write_text(
        "{type: config, id: 1, metastore_engine: memory}\n---\n"
        "{type: operator, namespace: no, command: op, do: [{metastore.list_databases: {}}]}\n---\n"
        "{type: workflow, namespace: no, command: op, dag: [{id: only, namespace: no, command: op}]}\n"
    )
    loaded_by(folder, "apply", "-y")
    run = ("run", "workflow", "no", "op")
    # The first run of a day looks for old ones.
    loaded_by(folder, *run)
    loaded = loaded_by(folder, *run)
    assert loaded & {*HEAVY, "yaml", "logging", "socket", "rich", "random"} == set()
    assert loaded & {"mason.clients._duckdb.reading", "mason.runtime.decision", "mason.runtime.deciding"} == set()


REGISTERED = """\
{type: config, id: 1, metastore_engine: local}
---
type: operator
namespace: a
command: b
do:
  - metastore.create_table: {database: lake, table: planes, definition: {location: planes.csv}, overwrite: true}
---
{type: run, name: planes, operator: "a:b", config_id: 1}
"""


@pytest.mark.slow
@pytest.mark.xdist_group("imports")
def test_a_plan_asks_for_a_table_only_once_its_files_changed(tmp_path):
    """What it looks at unasked costs a ``stat``: DuckDB is loaded when there may be something new, and not else."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "mason.yaml").write_text("name: short\nstate: state\n")
    (folder / "all.yaml").write_text(REGISTERED)
    (folder / "planes.csv").write_text("id,name\n1,a\n")
    loaded_by(folder, "apply", "-y")
    # Of files that changed just before nothing is remembered.
    wait_for(lambda: "duckdb" not in loaded_by(folder, "plan"))
    assert loaded_by(folder, "plan") & HEAVY == set()
    assert "duckdb" in loaded_by(folder, "plan", "--strict")
    assert "duckdb" in loaded_by(folder, "plan", "--refresh")
    assert loaded_by(folder, "plan", "--no-refresh") & HEAVY == set()
    before = (folder / "planes.csv").stat()
    (folder / "planes.csv").write_text("id,nAme\n1,a\n")
    os.utime(folder / "planes.csv", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert "duckdb" in loaded_by(folder, "plan")


@pytest.mark.xdist_group("imports")
def test_running_a_query_is_seen_to_load_duckdb(project):
    """The probe itself: were nothing ever seen, the test above could not fail."""
    given = "database_name:data,table_name:airlines,query_string:SELECT 1 AS n"
    arguments = ["run", "operator", "table", "query", "-p", given]
    assert "duckdb" in loaded_by(project, *arguments)
