"""Files become resources that were checked against the clients that there are, and schemas say what may stand there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from mason.errors import ResourceError
from mason.project.loading import load, parse_cache, published_schema
from tests.conftest import CONFIG, GET, Mason


def test_the_whole_project_is_loaded_or_what_was_named(opened, folder):
    (folder / "config.yaml").write_text(CONFIG)
    (folder / "operators").mkdir()
    (folder / "operators" / "get.yaml").write_text(GET)
    assert [item.address for item in load(opened).items] == ["config.1", "operator.table.get"]
    assert [item.address for item in load(opened, [folder / "operators"]).items] == ["operator.table.get"]


def test_definitions_are_checked_against_the_clients_that_there_are(opened, folder):
    (folder / "config.yaml").write_text(CONFIG.replace("metastore_engine: local", "metastore_engine: lokal"))
    with pytest.raises(ResourceError) as caught:
        load(opened)
    assert str(caught.value).startswith("config.yaml:3: ")
    assert "'lokal'" in str(caught.value)


def test_what_files_say_is_remembered_under_the_home_of_the_person(opened, folder):
    (folder / "config.yaml").write_text(CONFIG)
    load(opened)
    assert parse_cache(folder).is_file()
    assert parse_cache(folder).parent == folder.parent / "home" / "cache"
    assert parse_cache(folder) != parse_cache(folder.parent)


def test_the_schema_of_configs_holds_that_of_every_client():
    clients = published_schema("config")["properties"]["clients"]["properties"]
    assert {"local", "local_async", "memory"} <= set(clients)
    assert "root" in str(clients["local"])


def test_other_kinds_have_no_clients():
    assert "clients" not in published_schema("operator")["properties"]


DOCUMENTS = {
    "config": {
        "id": 1,
        "metastore_clients": ["local"],
        "execution_engine": "local",
        "clients": {"local": {"configuration": {"threads": 4, "memory_limit": "1GB"}}, "lake": {"type": "local"}},
    },
    "operator": {
        "namespace": "a",
        "command": "b",
        "description": "text",
        "read_only": True,
        "parameters": {"required": ["x"], "optional": [{"name": "limit", "type": "integer", "default": 100}]},
        "supported_configurations": [{"metastore": "local"}],
        "do": [{"metastore.list_tables": {"database": "x"}, "as": "tables", "when": "limit"}],
    },
    "workflow": {
        "namespace": "a",
        "command": "b",
        "dag": [
            {
                "id": "s1",
                "type": "operator",
                "namespace": "a",
                "command": "b",
                "retry": "exponential(5)",
                "retry_max": 4,
                "timeout": 60,
                "wait": False,
                "trigger_rule": "all_done",
                "dependencies": [],
                "checks": [{"not_null": ["id"], "severity": "warn"}],
            }
        ],
    },
    "run": {
        "name": "r",
        "operator": "a:b",
        "config_id": 1,
        "inputs": ["data"],
        "compare": "content",
        "protect": True,
        "parameters": {"x": 1},
        "checks": [{"unique": ["id"]}],
    },
    "schedule": {
        "name": "s",
        "workflow": "a:b",
        "config_id": 1,
        "schedule": "0 12 * * *",
        "enabled": True,
        "overlap": "skip",
        "catch_up": "none",
    },
}


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all values in a document, whole lists and mappings among them."""
    if path:
        yield path
    for step, inner in (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    ):
        yield from places(inner, (*path, step))


def changed(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    """A copy of a document with another value at ``path``."""
    whole = json.loads(json.dumps(document))
    holder = whole
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = value
    return whole


@pytest.mark.parametrize("kind", sorted(DOCUMENTS))
def test_editors_accept_a_variable_for_every_value(kind: str) -> None:
    document = {"type": kind, **DOCUMENTS[kind]}
    editor = jsonschema_rs.validator_for(published_schema(kind))
    assert [str(error) for error in editor.iter_errors(document)] == []
    refused = [
        path
        for path in places(DOCUMENTS[kind])
        if not editor.is_valid(changed(document, path, "{{ vars.some_thing }}"))
    ]
    assert refused == []


@pytest.mark.parametrize(
    ("kind", "path", "value", "is_right"),
    [
        ("workflow", ("dag", 0, "retry_max"), "{{vars.times}}", True),
        ("workflow", ("dag", 0, "retry_max"), "4", False),
        ("workflow", ("dag", 0, "retry_max"), "{{times}}", False),
        ("workflow", ("dag", 0, "retry_max"), "1{{vars.times}}", False),
        ("workflow", ("dag", 0, "trigger_rule"), "all_{{vars.rule}}", False),
        ("workflow", ("dag", 0, "trigger_rule"), "some_success", False),
        ("workflow", ("dag", 0, "id"), "step_{{vars.times}}", True),
        ("workflow", ("dag", 0, "id"), "a b", False),
        ("config", ("clients", "local", "configuration", "threads"), "{{vars.threads}}", True),
        ("config", ("clients", "local", "configuration", "threads"), "four", False),
        ("schedule", ("enabled",), "true", False),
        ("schedule", ("type",), "{{vars.kind}}", False),
    ],
)
def test_editors_accept_variables_and_no_other_text(
    kind: str, path: tuple[Any, ...], value: str, is_right: bool
) -> None:
    editor = jsonschema_rs.validator_for(published_schema(kind))
    assert editor.is_valid(changed({"type": kind, **DOCUMENTS[kind]}, path, value)) == is_right


def test_mason_accepts_what_editors_do(mason: Mason, folder: Path) -> None:
    """Variables of all types in fields of all types."""
    variables = {
        "times": 4,
        "threads": 2,
        "rule": "all_done",
        "on": True,
        "client": {"default": {"configuration": {"threads": 1}}},
        "steps": ["s1"],
    }
    (folder / "mason.yaml").write_text(json.dumps({"name": "p", "state": "state", "vars": variables}))
    local = {"configuration": {"threads": "{{vars.threads}}"}}
    documents = [
        {"type": "config", "id": 1, "metastore_engine": "local", "clients": {"local": local}},
        {"type": "config", "id": 2, "metastore_engine": "local", "clients": {"local": "{{vars.client}}"}},
        {"type": "operator", "namespace": "a", "command": "b", "do": [{"metastore.list_databases": {}}]},
        {
            "type": "workflow",
            "namespace": "a",
            "command": "b",
            "dag": [
                {"id": "s1", "namespace": "a", "command": "b"},
                {
                    "id": "s{{vars.threads}}",
                    "namespace": "a",
                    "command": "b",
                    "retry": "constant({{vars.times}})",
                    "retry_max": "{{vars.times}}",
                    "trigger_rule": "{{vars.rule}}",
                    "wait": "{{vars.on}}",
                    "dependencies": "{{vars.steps}}",
                },
            ],
        },
    ]
    (folder / "all.yaml").write_text("\n---\n".join(map(json.dumps, documents)))
    for document in documents:
        assert jsonschema_rs.validator_for(published_schema(document["type"])).is_valid(document)
    planned = mason("plan", "--json")
    assert planned.code == 0, planned.err
    step = planned.json["actions"][-1]["definition"]["dag"][1]
    assert (step["id"], step["retry_max"], step["dependencies"]) == ("s2", 4, ["s1"])
    (folder / "mason.yaml").write_text(
        json.dumps({"name": "p", "state": "state", "vars": variables | {"times": "many"}})
    )
    assert mason("plan").err.splitlines()[0] == (
        "Error: all.yaml:7: dag[1].retry cannot be the text 'constant(many)' (from {{vars.times}}) (write "
        "constant(SECONDS) or exponential(SECONDS), such as constant(5))"
    )
