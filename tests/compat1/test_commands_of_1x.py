"""Commands of 1.x do what they did, say what they are called today, and print the JSON of 1.x where it is asked for."""

from __future__ import annotations

import json
from pathlib import Path

from tests.compat1.conftest import CONFIG, put


def test_config_and_register_apply_a_path(mason, club):
    told = mason("config", "configs/", answer="yes\n")
    assert told.code == 0, told.err
    assert told.err.startswith("mason config of Mason 1.x is today: mason apply configs/\n")
    told = mason("register", "operators/", answer="yes\n")
    assert told.code == 0, told.err
    assert told.err.startswith("mason register of Mason 1.x is today: mason apply operators/\n")
    assert mason("get", "-o", "name").out == "config.0\noperator.club.columns\n"
    # Nothing is done without a yes.
    (club / "configs" / "second.yaml").write_text(CONFIG)
    assert mason("config", "configs/").code == 1


def test_operator_lists_and_runs(mason, club):
    assert mason("apply", "-y").code == 0
    assert mason("config", "-s", "0").code == 0
    listed = mason("operator")
    assert listed.err == "mason operator of Mason 1.x is today: mason get operator\n"
    assert listed.out == mason("get", "operator").out
    assert mason("operator", "club").out == mason("get", "operator", "club").out
    ran = mason("operator", "club", "columns", "-p", "folder:club,file:2013/members", answer="yes\n")
    assert ran.code == 0, ran.err
    assert ran.err.startswith(
        "mason operator of Mason 1.x is today: mason run operator club columns -p folder:club,file:2013/members\n"
    )
    (club / "given.yaml").write_text('folder: "club"\nfile: "/2013/members.csv"\n')
    again = mason("operator", "club", "columns", "-c", "given.yaml", answer="yes\n")
    assert again.err.startswith("mason operator of Mason 1.x is today: mason run operator club columns -f given.yaml\n")
    assert "height  DOUBLE" in again.out


def test_run_alone_names_the_server(mason, folder):
    told = mason("run")
    assert told.code == 1
    assert told.err.splitlines()[-1] == (
        "Error: mason run starts no server any more; that will be mason server, which is not there yet. To run what "
        "was applied: mason run operator NAMESPACE COMMAND"
    )


def test_definitions_in_the_shapes_of_1x(mason, club):
    put(
        club,
        "workflows/club/flow",
        "type: workflow\nnamespace: club\ncommand: flow\ndag:\n"
        "  - {id: a, namespace: club, command: columns, retry: constant(2)}\n",
    )
    assert mason("apply", "-y").code == 0
    assert mason("config", "0", "-s").code == 0
    assert json.loads(mason("get", "operator", "club", "columns", "--legacy-json").out) == {
        "namespace": "club",
        "command": "columns",
        "description": "What is known of members",
        "parameters": {"required": ["folder", "file"], "optional": ["first_row"]},
        "supported_configurations": [],
    }
    assert json.loads(mason("get", "workflow", "club", "flow", "--legacy-json").out) == {
        "namespace": "club",
        "command": "flow",
        "description": "",
        "dag": {
            "steps": [
                {
                    "id": "a",
                    "namespace": "club",
                    "command": "columns",
                    "dependencies": [],
                    "retry_method": "constant(2)",
                    "retry_max": None,
                }
            ]
        },
        "supported_schedulers": [],
    }
    local = [{"client_name": "local", "root": "."}]
    assert json.loads(mason("config", "0", "--legacy-json").out) == {
        "current": True,
        "id": "0",
        "execution_client": local,
        "metastore_client": local,
        "storage_client": local,
        "scheduler_client": local,
    }


def test_what_1x_left_at_home_is_offered(mason, club, tmp_path):
    home: Path = tmp_path / "home"
    put(
        home,
        "registered_operators/club/columns",
        "type: operator\nnamespace: a\ncommand: b\ndo: [{any.get_job: {job_id: x}}]\n",
    )
    (home / "configurations").mkdir()
    (home / "configurations" / "config_1.yaml").write_text(CONFIG)
    places = f"{home}/registered_operators {home}/configurations"
    expected = (
        f"{home} holds what Mason 1.x has registered (registered_operators, configurations). To see what would become "
        f"of it: mason plan {places}, and then mason apply of the same.\n"
    )
    assert mason("get").err == f"Nothing was applied yet. Start with: mason apply\n{expected}"
    assert mason("apply", *places.split(), "-y").code == 0
    assert mason("get", "-o", "name").out == "config.0\noperator.a.b\n"


def test_names_of_1x_for_standard_operators(mason, club, standard):
    assert mason("apply", "-y").code == 0
    assert mason("config", "1", "-s").code == 0
    told = mason(
        "run", "operator", "table", "infer", "-p", "database_name:club,storage_path:club/2013/members.csv", "-y"
    )
    assert told.code == 0, told.err
    assert "name='members'" not in told.err
    listed = mason("run", "operator", "table", "list", "-p", "database_name:club", "--legacy-json").json
    assert [table["Name"] for table in listed["Data"][0]["Tables"]] == ["2013", "members"]
    path = "database_name:club,table_name:/2013/members.csv"
    assert mason("run", "operator", "table", "summarize", "-p", f"{path},output_path:out/s.json", "-y").code == 0
    assert [each["column"] for each in json.loads((club / "out" / "s.json").read_text())] == ["name", "age", "height"]
    assert mason("run", "operator", "table", "fake", "-p", "size:3", "-p", 'schema:{"id": "BIGINT"}', "-y").code == 0
    assert (club / "fake.csv").read_text().startswith("id\n")
    twice = mason("validate", "operator", "table", "infer", "-p", "database_name:a,path:b,storage_path:c")
    assert twice.err == "Error: Parameter given twice: path, also as storage_path\n"
