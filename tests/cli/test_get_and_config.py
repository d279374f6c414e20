"""Looking at what was applied."""

from __future__ import annotations

import json

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
    assert mason("config").out.splitlines()[2].startswith("*  3 ")
    assert mason("config", "4", "-s").err.startswith("Error: There is no config 4 in the state.")
    assert mason("config", "-s").err.splitlines()[-1] == "Error: -s needs the ID of a config."


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
    if command not in ("validate", "run"):
        assert f"mason {command}" in result.out.partition("Examples:")[2]


def test_the_help_of_the_group_names_all_commands(mason, folder):
    listed = mason("--help").out
    assert all(f"\n  {command} " in listed for command in COMMANDS)


def test_a_misspelt_command_is_answered_with_the_nearest(mason, folder):
    result = mason("aply")
    assert result.code == 1
    assert result.err.splitlines()[-1] == "Error: There is no command 'aply'. Did you mean 'apply'?"


def test_version(mason, folder):
    assert mason("--version").out == "mason 2.0.0\n"
