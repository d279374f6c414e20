"""YAML of 1.x becomes what it means today, and each plan says so, a line for each file."""

from __future__ import annotations

from pathlib import Path

import pytest

from mason.compat1.upgrading import translated
from tests.compat1.conftest import CONFIG

AS_TODAY = {
    "type": "config",
    "id": "0",
    "metastore_clients": ["local"],
    "storage_clients": ["local"],
    "execution_clients": ["local"],
    "scheduler_clients": ["local"],
    "clients": {"local": {"configuration": {"root": "."}}},
}


def test_a_config_without_type_and_id_is_one(mason, club):
    planned = mason("plan")
    assert planned.code == 0, planned.err
    assert (
        "Warning: configs/first.yaml: read as a config of Mason 1.x (write type: config); "
        'its id is "0", its place among the configs of the folder (write id: to keep it)\n'
    ) in planned.out
    assert mason("apply", "-y").code == 0
    assert mason("get", "config", "0", "--json").json["resources"][0]["definition"] == AS_TODAY
    # The same the second time: what is of 1.x is told by every plan.
    again = mason("plan")
    assert "No changes." in again.out
    assert "configs/first.yaml: read as a config of Mason 1.x" in again.out


def test_ids_are_places_among_the_configs_of_a_folder(mason, club):
    (club / "configs" / "between.yaml").write_text("type: config\nid: live\nmetastore_clients: [local]\n")
    (club / "configs" / "second.yml").write_text(CONFIG)
    (club / "configs" / "compose.yaml").write_text("services: {a: {image: b}}\n")
    assert mason("apply", "-y").code == 0
    found = mason("get", "config", "--json").json["resources"]
    assert sorted(each["address"] for each in found) == ["config.0", "config.1", "config.live"]


@pytest.mark.parametrize(
    "clients",
    [
        "[local]",
        "[{local: {configuration: {root: .}}}]",
        "[{name: local, configuration: {root: .}}]",
        "[{client_name: local, root: .}]",
    ],
)
def test_clients_may_be_a_list(mason, folder, clients):
    (folder / "config.yaml").write_text(f"id: 5\ntype: Configuration\nmetastore_clients: [local]\nclients: {clients}\n")
    assert mason("apply", "-y").code == 0
    definition = mason("get", "config", "5", "--json").json["resources"][0]["definition"]
    assert definition["clients"]["local"]["configuration"] in ({"root": "."}, {})


def test_retries_without_seconds_take_those_of_1x():
    definition = {
        "type": "workflow",
        "dag": [{"id": "a", "retry": "exponential"}, {"id": "b", "retry_method": "constant(3)"}, {"id": "c"}],
    }
    told = translated(definition, Path("workflow.yaml"))
    assert told == "retry: exponential of a is read as exponential(5); retry_method of b is read as retry"
    assert definition["dag"] == [
        {"id": "a", "retry": "exponential(5)"},
        {"id": "b", "retry": "constant(3)"},
        {"id": "c"},
    ]


@pytest.mark.parametrize(
    "definition",
    [
        {"type": "config", "id": "1", "metastore_clients": ["local"]},
        {"metastore_engine": "local", "image": "of another tool"},
        {"step_1": {"config_id": 1, "parameters": {}}},
        {"type": "workflow", "dag": [{"id": "a", "retry": "exponential(5)"}]},
    ],
)
def test_what_is_none_of_1x_stays_as_it_is(definition):
    before = repr(definition)
    assert translated(definition, Path("x.yaml")) == ""
    assert repr(definition) == before


def test_faults_of_old_configs_have_their_lines(mason, folder):
    (folder / "config.yaml").write_text("metastore_engine: local\nexecution_engine: lokal\nclients: 5\n")
    told = mason("plan")
    assert told.code == 1
    assert "config.yaml:2: unknown client 'lokal' (did you mean 'local'?)" in told.err
    assert "config.yaml:3: clients must be a mapping" in told.err


def test_a_description_for_swagger_is_passed_over(mason, club):
    (club / "operators" / "club" / "columns" / "swagger.yml").write_text("paths: {/club: {get: {}}}\n")
    told = mason("plan")
    assert told.code == 0, told.err
    assert "swagger.yml beside it is not needed any more" in told.out
