"""Which edits of a definition change what it does, and which only what it is called."""

from __future__ import annotations

import pytest

from mason.resources.behaviour import behaviour_of, is_behaviour
from tests.resources.conftest import Project

OPERATOR = """\
type: operator
namespace: a
command: b
description: One
parameters:
  required: [{name: x, type: string, description: The first}, y]
  optional: [{name: z, type: integer, default: 3}]
supported_configurations: [{metastore: local}]
do:
  - metastore.list_databases: {}
    as: found
  - storage.read: {path: "{{x}}"}
    when: z
"""
WORKFLOW = """\
type: workflow
namespace: a
command: w
name: nightly
description: One
supported_schedulers: [local]
dag:
  - {id: s, namespace: a, command: b, retry: constant(1), retry_max: 2, timeout: 3}
  - {id: t, namespace: a, command: b, dependencies: [s], trigger_rule: all_done}
"""
CONFIG = """\
type: config
id: 1
metastore_clients: [local, memory]
clients: {local: {configuration: {warehouse: here}}}
"""


def behaviour(project: Project, text: str) -> str:
    project.write("a.yaml", text)
    (item,) = project.load().items
    return behaviour_of(item.definition, None)


@pytest.mark.parametrize(
    ("text", "before", "after"),
    [
        (OPERATOR, "One", "Two"),
        (OPERATOR, "description: One\n", ""),
        (OPERATOR, "The first", "Another"),
        (OPERATOR, "namespace: a\n", "namespace: a  # a comment\nprotect: true\n"),
        (OPERATOR, "{name: x, type: string, description: The first}, y", "y, {type: string, name: x}"),
        (OPERATOR, "type: operator\nnamespace: a\n", "namespace: a\ntype: operator\n"),
        (WORKFLOW, "One", "Two"),
        (WORKFLOW, "nightly", "daily"),
        (WORKFLOW, "[local]", "[local, memory]"),
        (WORKFLOW, "id: s, namespace: a", "namespace: a, id: s"),
        (CONFIG, "id: 1", "protect: true\nid: 1"),
    ],
)
def test_words_and_order_of_keys_are_no_behaviour(project: Project, text: str, before: str, after: str) -> None:
    assert before in text
    assert behaviour(project, text) == behaviour(project, text.replace(before, after))


@pytest.mark.parametrize(
    ("text", "before", "after"),
    [
        (OPERATOR, "name: x", "name: x2"),
        (OPERATOR, "type: string", "type: integer"),
        (OPERATOR, "default: 3", "default: 4"),
        (OPERATOR, ", y]", "]"),
        (OPERATOR, "metastore: local", "metastore: memory"),
        (OPERATOR, "list_databases: {}", "get_database: {database: x}"),
        (OPERATOR, 'path: "{{x}}"', "path: x"),
        (OPERATOR, "    when: z\n", ""),
        (WORKFLOW, "id: s,", "id: s1,"),
        (WORKFLOW, "command: b, retry", "command: c, retry"),
        (WORKFLOW, "constant(1)", "exponential(1)"),
        (WORKFLOW, "retry_max: 2", "retry_max: 3"),
        (WORKFLOW, "timeout: 3", "timeout: 4"),
        (WORKFLOW, "all_done", "one_failed"),
        (WORKFLOW, "dependencies: [s], ", ""),
        (CONFIG, "[local, memory]", "[memory, local]"),
        (CONFIG, "here", "there"),
    ],
)
def test_what_it_does_is_behaviour(project: Project, text: str, before: str, after: str) -> None:
    assert before in text
    changed = text.replace(before, after).replace("[s]", "[s1]" if after == "id: s1," else "[s]")
    if after == "name: x2":
        changed = changed.replace("{{x}}", "{{x2}}")
    assert behaviour(project, text) != behaviour(project, changed)


def test_each_character_of_python_counts() -> None:
    definition = {"type": "operator", "namespace": "a", "command": "b"}
    assert behaviour_of(definition, "sha256:1") != behaviour_of(definition, "sha256:2")
    assert behaviour_of(definition, "sha256:1") != behaviour_of(definition, None)


def test_a_behaviour_is_told_from_the_digest_of_a_definition() -> None:
    assert is_behaviour(behaviour_of({"type": "config"}, None))
    assert not is_behaviour("sha256:" + "0" * 64)
