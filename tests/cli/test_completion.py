"""What the shell completes: names that were applied, and nothing where it cannot be told."""

from __future__ import annotations

import pytest
from click.shell_completion import ShellComplete

from mason.cli import mason as commands

WORKFLOW = """\
type: workflow
namespace: nightly
command: look
dag:
  - {id: step_1, type: operator, namespace: table, command: get}
"""


def completed(*typed: str) -> list[str]:
    """What the shell would offer for the last word."""
    *args, incomplete = typed
    return [
        item.value for item in ShellComplete(commands, {}, "mason", "_MASON_COMPLETE").get_completions(args, incomplete)
    ]


@pytest.fixture
def applied(project, mason):
    (project / "look.yaml").write_text(WORKFLOW)
    assert mason("apply", "-y").code == 0
    return project


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        (["run", "operator", ""], ["table"]),
        (["run", "operator", "table", ""], ["get"]),
        (["run", "workflow", ""], ["nightly"]),
        (["run", "workflow", "table", ""], []),
        (["validate", "workflow", "nightly", "l"], ["look"]),
        (["run", "operator", "table", "get", "-c", ""], ["1"]),
        (["get", "operators", "t"], ["table"]),
        (["get", "config", ""], ["1"]),
        (["config", ""], ["1"]),
        (["graph", "workflow", ""], ["nightly"]),
        (["plan", "--target", "operator."], ["operator.table.get"]),
        (["apply", "--target", "w"], ["workflow.nightly.look"]),
        (["destroy", ""], ["config.1", "operator.table.get", "workflow.nightly.look"]),
        (["state", "show", "c"], ["config.1"]),
        (["state", "mv", "x", ""], []),
    ],
)
def test_names_of_what_was_applied(applied, typed, expected):
    assert completed(*typed) == expected


def test_ids_of_runs_newest_first(applied, mason):
    for _ in range(2):
        assert mason("run", "operator", "table", "get", "-p", "database_name:data,table_name:airlines").code == 0
    listed = [run["run_id"] for run in mason("runs", "list", "--json").json["runs"]]
    assert completed("runs", "show", "") == listed
    assert completed("runs", "logs", listed[0][:-1])[0] == listed[0]


def test_another_state_is_looked_at_where_it_was_typed(applied, tmp_path):
    assert completed("--state", str(tmp_path / "other"), "destroy", "") == []


def test_nothing_is_said_where_nothing_can_be_read(applied):
    (applied / "mason.yaml").write_text("name: [\n")
    assert completed("run", "operator", "") == []
    assert completed("runs", "show", "") == []


QUERY = """\
type: operator
namespace: table
command: dedupe
parameters:
  required: [database_name, table_name, keys]
  optional: [{name: overwrite, type: boolean}]
do:
  - operator.table.get: {database_name: "{{database_name}}", table_name: "{{table_name}}"}
    as: table
  - execution.dedupe: {table: "{{table}}", keys: "{{keys}}", output: x.csv, overwrite: "{{overwrite}}"}
"""


@pytest.fixture
def querying(applied, mason):
    (applied / "dedupe.yaml").write_text(QUERY)
    assert mason("apply", "-y").code == 0
    return applied


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        (["operator", "table", "dedupe", "-p", ""], ["database_name:", "table_name:", "keys:", "overwrite:"]),
        (["operator", "table", "dedupe", "-p", "database_name:data,k"], ["database_name:data,keys:"]),
        (["operator", "table", "dedupe", "-p", "keys:x", "-p", "t"], ["table_name:"]),
        (["operator", "table", "dedupe", "-p", "database_name:"], ["database_name:data"]),
        (["operator", "table", "dedupe", "-p", "overwrite:t"], ["overwrite:true"]),
        (["operator", "table", "nothing", "-p", ""], []),
        (["workflow", "nightly", "look", "-p", "step_1.t"], ["step_1.table_name:"]),
        (["workflow", "nightly", "look", "-p", "step_1.database_name:d"], ["step_1.database_name:data"]),
        (["table", "get", "-p", "database_name:nothing,table_name:"], []),
    ],
)
def test_parameters_and_what_they_name(querying, typed, expected):
    assert completed("run", *typed) == expected


def test_tables_and_columns(querying):
    word = "database_name:data,table_name:airl"
    assert completed("run", "operator", "table", "get", "-p", word) == ["database_name:data,table_name:airlines"]
    assert completed("run", "table:get", "-p", word) == ["database_name:data,table_name:airlines"]
    pairs = ("-p", "database_name:data,table_name:airlines", "-p", "keys:")
    columns = (querying / "data" / "airlines.csv").read_text().splitlines()[0].split(",")
    assert completed("validate", "operator", "table", "dedupe", *pairs) == [f"keys:{name}" for name in columns]
