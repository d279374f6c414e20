"""Two ways of writing the same thing have one normal form, and canonical bytes."""

from __future__ import annotations

import pytest

from mason.resources.config import Config
from mason.resources.resource import digest_of, encode
from tests.resources.conftest import Project

PAIRS = {
    "config": (
        "type: config\nid: 1\nmetastore_engine: local\nstorage_clients: [local]\nexecution_engine:\n"
        "clients: {s3: , local: {configuration: {warehouse: }}}\n",
        "id: '1'\ntype: config\nclients:\n  local: {configuration: {}}\nstorage_engine: local\n"
        "metastore_clients: [local]\n",
    ),
    "operator": (
        "type: operator\nnamespace: a\ncommand: b\ndescription: ''\nparameters:\n  required: [x]\n"
        "  optional: [{name: y, type: any, default: ~}]\ndo:\n  - storage.list_paths:\n",
        "command: b\nnamespace: a\ntype: operator\nparameters: {optional: [y], required: [{name: x, description: }]}\n"
        "supported_configurations: []\ndo: [{storage.list_paths: {}}]\n",
    ),
    "workflow": (
        "type: workflow\nnamespace: a\ncommand: b\n"
        "dag: [{id: s, namespace: a, command: c, dependencies: [], retry: }]\n",
        "type: workflow\nnamespace: a\ncommand: b\nname:\n"
        "dag:\n- id: s\n  type: operator\n  namespace: a\n  command: c\n",
    ),
}


@pytest.mark.parametrize("kind", PAIRS)
def test_cosmetic_differences_vanish(kind: str, project: Project) -> None:
    first, second = (project.write("a.yaml", text) and project.load().items[0] for text in PAIRS[kind])
    assert first == second


def test_normal_form_of_a_config(project: Project) -> None:
    text = (
        "type: config\nid: 3\nstorage_engine: s3\nclients:\n  glue: {configuration: {aws_region: '{{AWS_REGION}}'}}\n"
    )
    project.write("a.yaml", text)
    assert project.load().items[0].definition == {
        "type": "config",
        "id": "3",
        "storage_clients": ["s3"],
        "clients": {"s3": {"configuration": {}}, "glue": {"configuration": {"aws_region": "{{AWS_REGION}}"}}},
    }


def test_values_that_mean_something_are_kept(project: Project) -> None:
    text = (
        "type: operator\nnamespace: a\ncommand: b\nparameters:\n  optional:\n"
        "    - {name: x, type: integer, default: 0}\n    - {name: y, type: boolean, default: no_, description: d}\n"
        "    - {name: z, default: ''}\ndo:\n  - storage.read: {path: , n: 0}\n    as: r\n"
    ).replace("no_", "false")
    project.write("a.yaml", text)
    definition = project.load().items[0].definition
    assert definition["parameters"]["optional"] == [
        {"name": "x", "type": "integer", "default": 0},
        {"name": "y", "type": "boolean", "default": False, "description": "d"},
        {"name": "z", "default": ""},
    ]
    assert definition["do"] == [{"storage.read": {"path": None, "n": 0}, "as": "r"}]


def test_digest_covers_the_normal_form(project: Project) -> None:
    project.write("a.yaml", PAIRS["operator"][0])
    item = project.load().items[0]
    assert (encode(item.definition), digest_of(item.encoded)) == (item.encoded, item.digest)


def test_a_client_has_a_type_where_its_name_is_another(project: Project) -> None:
    """One without it has the normal form, and so the digest, that it had before there were types."""
    project.write(
        "a.yaml",
        "type: config\nid: 3\nstorage_clients: [lake, local]\nclients:\n  lake: {type: local}\n"
        "  local: {type: local, configuration: {root: x}}\n  unused: {type: local}\n",
    )
    definition = project.load().items[0].definition
    assert definition["clients"] == {
        "lake": {"type": "local", "configuration": {}},
        "local": {"configuration": {"root": "x"}},
    }
    config = Config.from_definition(definition)
    assert [config.type_of(name) for name in ("lake", "local", "other")] == ["local", "local", "other"]
