"""Drift: what schedulers, metastores and the store hold otherwise than what was applied, and the plan that mends it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from mason.state.s3.bucket_store import S3StateStore
from tests.cli.notes import ALL_LOCAL
from tests.servers import BUCKET

INFER = """\
type: operator
namespace: table
command: infer
parameters:
  required: [database, table, path]
do:
  - storage.infer_table: {path: "{{path}}", table: "{{table}}"}
    as: inferred
  - metastore.create_table: {database: "{{database}}", table: "{{table}}", definition: "{{inferred}}", overwrite: true}
"""
DELETE = """\
type: operator
namespace: table
command: delete
parameters:
  required: [database, table]
do:
  - metastore.delete_table: {database: "{{database}}", table: "{{table}}"}
"""
CLASS = "type: operator\nnamespace: a\ncommand: python\n"
PYTHON = "import mason\n\n\nclass APython(mason.Operator):\n    def run(self, ctx):\n        return None\n"
WORKFLOW = "type: workflow\nnamespace: table\ncommand: infer\ndag:\n  - {id: s, namespace: table, command: infer}\n"
RUNS = """\
type: run
name: planes
workflow: table:infer
config_id: 1
parameters: {s: {parameters: {database: lake, table: planes, path: data/planes.csv}}}
---
type: schedule
name: nightly
workflow: table:infer
config_id: 1
schedule: "0 2 * * *"
parameters: {s: {parameters: {database: lake, table: planes, path: data/planes.csv}}}
"""


@pytest.fixture
def applied(mason, folder) -> Path:
    (folder / "mason.yaml").write_text("name: p\nstate: state\n")
    (folder / "data").mkdir()
    (folder / "data" / "planes.csv").write_text("id,name\n1,a\n")
    (folder / "python").mkdir()
    (folder / "python" / "__init__.py").write_text(PYTHON)
    texts = {
        "config": ALL_LOCAL,
        "infer": INFER,
        "delete": DELETE,
        "flow": WORKFLOW,
        "runs": RUNS,
        "python/operator": CLASS,
    }
    for name, text in texts.items():
        (folder / f"{name}.yaml").write_text(text)
    done = mason("apply", "-y")
    assert done.code == 0, done.err
    return folder


def test_nothing_drifted(mason, applied):
    assert (mason("drift").code, mason("drift").out) == (0, "No drift.\n")
    assert mason("plan", "--refresh").out == "No changes.\n"


def test_a_table_that_is_gone(mason, applied):
    assert mason("run", "operator", "table", "delete", "-p", "database:lake,table:planes", "-y").code == 0
    found = mason("drift")
    assert (found.code, found.out) == (
        2,
        "Changed outside of Mason since it was applied:\n\n  - run.planes  table lake.planes is gone\n",
    )
    for options in ((), ("--refresh",)):
        assert mason("plan", *options).out.startswith(
            "Changed outside of Mason since it was applied:\n"
            "\n"
            "  - run.planes  table lake.planes is gone\n"
            "\n"
            "  > run.planes  runs.yaml:1  (table lake.planes is gone)\n"
        )
    assert mason("apply", "--refresh", "-y").code == 0
    assert mason("drift").out == "No drift.\n"


UNASKED = "Engines were not asked about: schedule nightly, table lake.planes (--refresh asks)\nNo changes.\n"


def test_a_plan_that_is_not_to_look_says_so(mason, applied):
    assert mason("run", "operator", "table", "delete", "-p", "database:lake,table:planes", "-y").code == 0
    assert [mason("plan", option).out for option in ("--no-refresh", "-refresh=false")] == [UNASKED, UNASKED]
    planned = mason("plan", "--refresh=never", "--json").json
    assert (planned["actions"], planned["drift"]) == ([], [])
    assert planned["not_looked_at"] == [
        {"address": "schedule.nightly", "what": "schedule nightly"},
        {"address": "run.planes", "what": "table lake.planes"},
    ]
    shown = mason("plan", "--no-refresh", "--target", "run.planes").out
    assert shown == "Engines were not asked about: table lake.planes (--refresh asks)\nNo changes.\n"
    # Of what is done anyway nothing has to be known.
    assert mason("plan", "--no-refresh", "--replace", "run.planes", "--json").json["not_looked_at"] == [
        {"address": "schedule.nightly", "what": "schedule nightly"}
    ]


def test_whether_plans_look_stands_in_the_project_file(mason, applied):
    assert mason("run", "operator", "table", "delete", "-p", "database:lake,table:planes", "-y").code == 0
    (applied / "mason.yaml").write_text("name: p\nstate: state\nrefresh: never\n")
    assert mason("plan").out == UNASKED
    assert "table lake.planes is gone" in mason("plan", "--refresh=true").out
    (applied / "mason.yaml").write_text("name: p\nstate: state\nrefresh: always\n")
    for source in (applied / "state" / "sources").rglob("*"):
        if source.is_file():
            source.unlink()
    assert mason("plan").out.splitlines()[2:4] == [
        "  - run.planes  table lake.planes is gone",
        "  - operator.a.python  its stored source is gone",
    ]
    (applied / "mason.yaml").write_text("name: p\nstate: state\nrefresh: auto\n")
    assert mason("plan").out.splitlines()[2:4] == ["  - run.planes  table lake.planes is gone", ""]


def test_apply_puts_right_what_its_plan_sees(mason, applied):
    assert mason("run", "operator", "table", "delete", "-p", "database:lake,table:planes", "-y").code == 0
    assert mason("apply", "-y", "--no-refresh").out == UNASKED
    assert mason("apply", "-y").out.endswith("Apply complete: 0 created, 0 overwritten, 0 deleted, 1 run.\n")
    assert mason("plan").out == "No changes.\n"


@pytest.mark.xdist_group("moto")
def test_files_of_a_machine_are_no_drift_of_a_state_that_others_share(mason, applied, moto, prefix, aws):
    (applied / "mason.yaml").write_text(f'name: p\nstate: "{moto.url(BUCKET, prefix)}"\n')
    shutil.rmtree(applied / "warehouse")
    assert mason("apply", "-y").code == 0
    assert mason("run", "operator", "table", "delete", "-p", "database:lake,table:planes", "-y").code == 0
    assert mason("plan").out == UNASKED
    assert "table lake.planes is gone" in mason("plan", "--refresh").out


def test_a_table_that_was_registered_otherwise(mason, applied):
    (applied / "data" / "other.csv").write_text("id,name,seats\n1,a,3\n")
    pairs = "database:lake,table:planes,path:data/other.csv"
    assert mason("run", "operator", "table", "infer", "-p", pairs, "-y").code == 0
    found = mason("drift")
    assert (found.code, found.out) == (
        2,
        "Changed outside of Mason since it was applied:\n"
        "\n"
        "  ~ run.planes  table lake.planes was changed\n"
        '      ~ location: "data/planes.csv" -> "data/other.csv"\n'
        '      + columns[2]: "seats BIGINT"\n',
    )
    (drifted,) = mason("drift", "--json").json["drift"]
    assert (drifted["address"], drifted["kind"], drifted["what"]) == ("run.planes", "changed", "table lake.planes")
    assert mason("apply", "--refresh", "-y").code == 0
    assert mason("drift").code == 0


def test_a_schedule_that_somebody_deleted_or_changed(mason, applied):
    (file,) = [each for each in (applied / "warehouse").rglob("nightly*.json") if "0 2" in each.read_text()]
    kept = json.loads(file.read_text())
    text = file.read_text().replace("0 2 * * *", "0 3 * * *")
    file.write_text(text)
    assert mason("drift").out.splitlines()[2:] == [
        "  ~ schedule.nightly  schedule nightly was changed",
        '      ~ schedule: "0 2 * * *" -> "0 3 * * *"',
    ]
    planned = mason("plan", "--refresh", "--json").json
    assert [(each["action"], each["address"], each["reason"]) for each in planned["actions"]] == [
        ("overwrite", "schedule.nightly", "schedule nightly was changed (schedule)")
    ]
    assert mason("apply", "--refresh", "-y", "-o").code == 0
    assert json.loads(file.read_text()).keys() == kept.keys()
    assert mason("drift").code == 0
    file.unlink()
    assert mason("drift").out.splitlines()[2:] == ["  - schedule.nightly  schedule nightly is gone"]
    assert mason("apply", "--refresh", "-y", "-o").code == 0
    assert (mason("drift").code, file.exists()) == (0, True)


DROP = """\
---
type: run
name: drop
operator: table:delete
config_id: 1
depends_on: [planes]
parameters: {database: lake, table: planes}
"""


@pytest.fixture
def dropped(mason, applied) -> Path:
    """As ``applied``, and another run has deleted the table in the same apply that registered it once more."""
    (applied / "data" / "planes.csv").write_text("id,name\n1,a\n2,b\n")
    run = RUNS.replace("config_id: 1\n", "config_id: 1\ninputs: [data/planes.csv]\n", 1)
    (applied / "runs.yaml").write_text(run + DROP)
    done = mason("apply", "-y", "-o")
    assert done.out.endswith("Apply complete: 0 created, 0 overwritten, 0 deleted, 2 run.\n"), done.out + done.err
    return applied


def test_what_another_run_deleted_is_no_drift(mason, dropped):
    assert (mason("drift").code, mason("drift").out) == (0, "No drift.\n")
    assert mason("plan", "--refresh").out == "No changes.\n"


def test_a_table_that_a_run_deleted_and_that_is_there_again(mason, dropped):
    pairs = "database:lake,table:planes,path:data/planes.csv"
    assert mason("run", "operator", "table", "infer", "-p", pairs, "-y").code == 0
    found = mason("drift")
    assert (found.code, found.out) == (
        2,
        "Changed outside of Mason since it was applied:\n\n  + run.drop  table lake.planes is there again\n",
    )
    (drifted,) = mason("drift", "--json").json["drift"]
    assert (drifted["address"], drifted["kind"]) == ("run.drop", "present")
    assert mason("plan", "--refresh", "--out", "x.plan").out.splitlines()[4:5] == [
        "  > run.drop  runs.yaml:15  (table lake.planes is there again)"
    ]
    assert mason("apply", "x.plan").code == 0
    assert mason("drift").out == "No drift.\n"


def test_a_run_that_registers_what_another_one_deleted_decides_again(mason, dropped):
    (dropped / "data" / "planes.csv").write_text("id,name\n3,c\n")
    assert mason("apply", "-y", "--target", "run.planes").code == 0
    assert mason("drift").out == "No drift.\n"
    assert mason("run", "operator", "table", "delete", "-p", "database:lake,table:planes", "-y").code == 0
    assert mason("drift").out.splitlines()[2:] == ["  - run.planes  table lake.planes is gone"]


def test_what_a_failed_run_did_to_a_table_is_no_drift(mason, applied):
    flow = (
        "type: workflow\nnamespace: table\ncommand: twice\ndag:\n"
        "  - {id: a, namespace: table, command: delete}\n"
        "  - {id: b, namespace: table, command: delete, dependencies: [a]}\n"
    )
    (applied / "twice.yaml").write_text(flow)
    given = "{parameters: {database: lake, table: planes}}"
    (applied / "twice_run.yaml").write_text(
        f"type: run\nname: twice\nworkflow: table:twice\nconfig_id: 1\nparameters: {{a: {given}, b: {given}}}\n"
    )
    assert mason("apply", "-y").code == 1
    assert mason("drift").out == "No drift.\n"


def test_a_stored_source_that_is_damaged(mason, applied):
    for file in (applied / "state" / "sources").rglob("*"):
        if file.is_file():
            file.unlink()
    assert mason("drift").out.splitlines()[2:] == ["  - operator.a.python  its stored source is gone"]
    assert mason("apply", "--refresh", "-y", "-o").code == 0
    assert mason("drift").code == 0


@pytest.mark.xdist_group("moto")
def test_a_source_that_was_changed_in_its_bucket_is_told_apart_from_one_that_is_gone(mason, applied, moto, prefix, aws):
    url = moto.url(BUCKET, prefix)
    (applied / "mason.yaml").write_text(f'name: p\nstate: "{url}"\n')
    assert mason("apply", "-y", "python").code == 0
    bucket = S3StateStore(url).bucket
    (source,) = bucket.names("sources/sha256/")
    bucket.put(f"sources/sha256/{source[1]}", b"{}")
    found = mason("drift")
    assert (found.code, found.out.splitlines()[2:]) == (2, ["  ~ operator.a.python  its stored source was changed"])
    (drifted,) = mason("drift", "--json").json["drift"]
    assert (drifted["kind"], drifted["changes"]) == ("changed", [])
    shown = mason("plan", "python", "--refresh", "--markdown").out
    assert "operator.a.python` (its stored source was changed)" in shown
    assert mason("apply", "python", "--refresh", "-y", "-o").code == 0
    assert mason("drift").out == "No drift.\n"


def test_a_store_that_does_not_give_sources_is_not_looked_at(mason, applied):
    for file in [each for each in (applied / "state" / "sources").rglob("*") if each.is_file()]:
        file.unlink()
        file.mkdir()
    found = mason("drift")
    assert found.code == 1
    assert "  ? operator.a.python  nobody could look at its stored source: " in found.out


def test_what_nobody_can_look_at(mason, applied):
    (applied / "warehouse").rename(applied / "kept")
    (applied / "warehouse").write_text("no folder")
    found = mason("drift")
    assert found.code == 1
    assert "? run.planes  nobody could look at table lake.planes: " in found.out
    assert "a fault in Mason" not in found.out + found.err


def test_drift_is_kept_in_a_saved_plan(mason, applied):
    mason("run", "operator", "table", "delete", "-p", "database:lake,table:planes", "-y")
    assert mason("plan", "--refresh", "--out", "x.plan").code == 0
    shown = mason("show", "x.plan")
    assert "Changed outside of Mason since it was applied:" in shown.out
    assert mason("apply", "x.plan").code == 0
    assert mason("drift").code == 0


def test_tables_are_found_after_their_config_was_renamed_in_the_state(mason, applied):
    assert mason("state", "mv", "config.1", "config.2").code == 0
    assert not any("run.planes" in line for line in mason("drift").out.splitlines())
    (applied / "config.yaml").write_text(ALL_LOCAL.replace("id: '1'", "id: '2'"))
    (applied / "runs.yaml").write_text(RUNS.replace("config_id: 1", "config_id: 2"))
    planned = mason("plan", "--json").json["actions"]
    assert [(each["action"], each["address"]) for each in planned] == [("overwrite", "schedule.nightly")]
    assert mason("apply", "-y", "-o").code == 0
    assert mason("drift").out == "No drift.\n"


def test_a_table_whose_config_is_not_in_the_state_any_more(mason, applied):
    file = applied / "state" / "state.json"
    state = json.loads(file.read_text())
    state["resources"]["run.planes"]["outcome"]["tables"][0]["config_id"] = "2"
    file.write_text(json.dumps(state))
    found = mason("drift")
    assert (found.code, found.out.splitlines()[-1]) == (
        1,
        "  ? run.planes  nobody could look at table lake.planes: there is no config.2 in the state any more",
    )
    assert [action["action"] for action in mason("plan", "--refresh", "--json").json["actions"]] == []


def test_a_table_that_was_edited_in_the_state(mason, applied):
    """Nobody falls over what stands there, in a plan that was only to look on the way."""
    file = applied / "state" / "state.json"
    state = json.loads(file.read_text())
    for location, columns in (("data/planes.csv", [5]), (5, [{"name": "id"}]), (None, [{}])):
        state["resources"]["run.planes"]["outcome"]["tables"][0]["table"] |= {"location": location, "columns": columns}
        file.write_text(json.dumps(state))
        told = mason("plan")
        assert (told.code, "a fault in Mason" in told.err) == (0, False), told.err
        assert "run.planes" in told.out
