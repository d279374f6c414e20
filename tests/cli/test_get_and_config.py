"""Looking at what was applied."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest

from mason.cli import COMMANDS


def test_before_anything_was_applied(mason, project):
    result = mason("get")
    assert (result.code, result.out) == (0, "")
    assert result.err == "Nothing was applied yet. Start with: mason apply\n"


def test_the_tables(mason, project):
    mason("apply", "-y")
    assert mason("get").out == (
        "Configs\n"
        "   id  execution  metastore  storage  scheduler\n"
        "*  1   local      local      local\n"
        "\n"
        "Operators\n"
        "namespace  command  description\n"
        "table      get      Get a table\n"
    )
    assert mason("get", "operator").out == ("namespace  command  description\ntable      get      Get a table\n")
    assert mason("get", "workflow").err == "No workflow was applied yet. Start with: mason apply\n"


def test_one_match_is_its_whole_definition(mason, project):
    mason("apply", "-y")
    assert json.loads(mason("get", "operator", "table", "get").out)["command"] == "get"
    assert json.loads(mason("config", "1").out)["metastore_clients"] == ["local"]


def test_secrets_are_redacted(mason, project):
    (project / "config.yaml").write_text(
        "type: config\nid: 1\nstorage_engine: memory\nclients: {memory: {configuration: {token: '{{CANARY}}'}}}\n"
    )
    mason("apply", "-y")
    assert mason("get", "config", "1").json["clients"]["memory"]["configuration"] == {"token": "REDACTED"}
    document = mason("get", "--json").json
    assert document["resources"][0]["definition"]["clients"]["memory"]["configuration"] == {"token": "REDACTED"}


def test_what_is_not_there_is_named_with_the_nearest(mason, project):
    mason("apply", "-y")
    assert mason("get", "operator", "table", "gte").err == (
        "Error: There is no operator table:gte in the state. Did you mean table:get?\n"
    )


def test_choosing_the_current_config(mason, project):
    (project / "more.yaml").write_text("type: config\nid: 3\nstorage_engine: memory\n")
    mason("apply", "-y")
    assert "*" not in mason("config").out
    assert mason("config", "3", "-s").err == "Config 3 is current.\n"
    assert mason("config", "3", "-s", "--json").json == {"format_version": "1.0", "current_config": "3"}
    assert mason("config").out.splitlines()[2].startswith("*  3 ")
    assert mason("config", "4", "-s").err.startswith("Error: There is no config 4 in the state.")
    assert mason("config", "-s").err.splitlines()[-1] == "Error: -s needs the ID of a config."


def test_the_current_config_is_that_of_one_state(mason, project):
    (project / "more.yaml").write_text("type: config\nid: 2\nstorage_engine: memory\n")
    for state in ("a", "b"):
        mason("--state", state, "apply", "-y")
    mason("--state", "a", "config", "2", "-s")
    assert mason("--state", "a", "config", "--json").json["current_config"] == "2"
    assert mason("--state", "b", "config", "--json").json["current_config"] == ""
    mason("--state", "b", "config", "1", "-s")
    assert mason("--state", "a", "config", "--json").json["current_config"] == "2"


def test_a_current_config_that_is_gone_leaves_none_where_several_are_left(mason, project):
    for number in (2, 3):
        (project / f"more{number}.yaml").write_text(f"type: config\nid: {number}\nstorage_engine: memory\n")
    mason("apply", "-y")
    mason("config", "3", "-s")
    mason("destroy", "config.3", "-y")
    assert mason("config", "--json").json["current_config"] == ""
    mason("destroy", "config.2", "-y")
    assert mason("config", "--json").json["current_config"] == "1"


@pytest.mark.parametrize("kind", ["config", "operator", "workflow"])
def test_kinds_may_be_asked_for_in_the_plural(mason, project, kind):
    mason("apply", "-y")
    result = mason("get", f"{kind}s")
    assert result.code == 0
    assert result == mason("get", kind)


def test_what_people_wrote_cannot_command_the_terminal(mason, project):
    """Neither in tables nor in JSON for people, plans, dry runs and messages; and all JSON stays the same JSON."""
    evil = "a\x1b]0;title\x07 \x7f \x9b31m \u202e \u65e5\u672c"
    description = "description: " + json.dumps(evil, ensure_ascii=True) + "\n"
    (project / "get.yaml").write_text(
        (project / "get.yaml").read_text().replace("description: Get a table\n", description)
    )
    printed = [mason("plan"), mason("apply", "-y"), mason("get"), mason("get", "operator", "table", "get")]
    printed += [mason("get", "--json"), mason("run", "operator", "table", "get", "-p", f"database_name:{evil}")]
    for result in printed:
        assert not set(result.out + result.err) & {"\x1b", "\x07", "\x7f", "\x9b", "\u202e"}
    assert "a\\u001b]0;title\\u0007 \\u007f \\u009b31m \\u202e \u65e5\u672c\n" in printed[2].out
    assert printed[3].json["description"] == evil
    assert printed[4].json["resources"][1]["definition"]["description"] == evil


def test_usage_errors_are_json_where_json_was_asked_for(mason, project):
    result = mason("get", "operatr", "--json")
    message = (
        "Invalid value for '[all|config|operator|workflow|run|schedule]': "
        "'operatr' is not one of 'all', 'config', 'operator', 'workflow', 'run', 'schedule'."
    )
    assert (result.code, result.json) == (
        1,
        {
            "format_version": "1.0",
            "error": "BadParameter",
            "errors": [{"file": "", "line": 0, "message": message, "remedy": ""}],
        },
    )
    assert result.err.splitlines()[-1] == f"Error: {message}"
    assert mason("config", "-s", "--json").json["errors"][0]["message"] == "-s needs the ID of a config."
    assert mason("get", "operatr").out == ""


def test_a_fault_of_mason_itself_is_json_too_and_ends_with_one_full_stop(mason, project, monkeypatch):
    def fault(*_):
        raise RuntimeError("Out of order.")

    monkeypatch.setattr("mason.project.applied.find", fault)
    result = mason("get", "--json")
    message = "a fault in Mason itself: RuntimeError: Out of order. Run again with: mason -l debug ..."
    assert result.code == 1
    assert (result.json["error"], result.json["errors"][0]["message"]) == ("RuntimeError", message)
    assert result.err == f"Error: {message}\n"


def test_the_log_tells_which_state_is_used_and_how_long_it_took(mason, project):
    """In a process of its own: Python keeps the handlers of a log for the life of the process."""
    command = [sys.executable, "-m", "mason", "-l"]
    done = [subprocess.run([*command, level, "get"], capture_output=True, text=True, check=False) for level in LEVELS]
    assert [given.stderr.count("INFO mason: ") for given in done] == [2, 2, 0, 0]
    assert f"INFO mason: project {project}, state file://{project}/state\nNothing was applied yet." in done[1].stderr
    assert re.search(r"\nINFO mason: the command took \d+\.\d{3} seconds\n$", done[1].stderr)


LEVELS = ("debug", "info", "warning", "error")


def test_json_of_everything(mason, project):
    mason("apply", "-y")
    document = mason("get", "--json").json
    assert document["current_config"] == "1"
    assert [given["address"] for given in document["resources"]] == ["config.1", "operator.table.get"]
    assert document["resources"][1]["file"] == "get.yaml"


@pytest.mark.parametrize("command", [*COMMANDS, "validate operator", "run operator"])
def test_every_command_has_help_with_examples(mason, folder, command):
    result = mason(*command.split(), "--help")
    assert result.code == 0
    assert f"mason {command}" in result.out.partition("Examples:")[2]


def test_the_help_of_the_group_names_all_commands(mason, folder):
    listed = mason("--help").out
    assert all(f"\n  {command} " in listed for command in COMMANDS)
    assert "mason init" in listed.partition("Examples:")[2]


def test_a_misspelt_command_is_answered_with_the_nearest(mason, folder):
    result = mason("aply")
    assert result.code == 1
    assert result.err.splitlines()[-1] == "Error: There is no command 'aply'. Did you mean 'apply'?"


def test_version(mason, folder):
    assert mason("--version").out == "mason 2.0.0\n"


def test_what_was_edited_in_the_state_is_told(mason, project):
    mason("apply", "-y")
    file = project / "state" / "state.json"
    file.write_text(file.read_text().replace("Get a table", "Get no table"))
    warning = (
        "Warning: operator.table.get was edited in the state: it is not what was applied. "
        "See what differs: mason plan\n"
    )
    result = mason("get", "operator", "table", "get")
    assert (result.code, result.err, result.json["description"]) == (0, warning, "Get no table")
    assert mason("get").err == warning
    assert [given["edited"] for given in mason("get", "--json").json["resources"]] == [False, True]
    assert mason("get", "config").err == ""


@pytest.mark.parametrize("clients", ["7", '{"local":7}', '{"local":{"configuration":7}}'])
def test_a_definition_that_was_edited_into_none_can_be_looked_at(mason, project, clients):
    (project / "config.yaml").write_text(
        (project / "config.yaml").read_text() + "clients: {local: {configuration: {warehouse: w}}}\n"
    )
    mason("apply", "-y")
    file = project / "state" / "state.json"
    edited = file.read_text().replace('"namespace":"table"', '"name":7')
    edited = edited.replace('"metastore_clients":["local"]', '"metastore_clients":[7]')
    file.write_text(edited.replace('{"local":{"configuration":{"warehouse":"w"}}}', clients))
    assert mason("get").out == (
        "Configs\n"
        "   id  execution  metastore  storage  scheduler\n"
        "*  1   local      7          local\n"
        "\n"
        "Operators\n"
        "namespace  command  description\n"
        "table      get      Get a table\n"
    )
    assert "REDACTED" in mason("get", "config", "1").out
