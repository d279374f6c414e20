"""References that nothing fills in are refused, with their place."""

from __future__ import annotations

import pytest

from mason.resources.templates import remedy_for
from tests.resources.conftest import Project

CONFIG = "type: config\nid: '1'\nstorage_engine: local\nclients:\n  local:\n    configuration: {warehouse: 'TEXT'}\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{{HOME}}", ""),
        ("{{ HOME }}/data", ""),
        (
            "{{aws.home}}",
            "a.yaml:6: clients.local.configuration.warehouse holds {{...}} that names no environment variable "
            "(write {{NAME}}, with letters, digits and _, or {{vars.NAME}} for a variable of mason.yaml)",
        ),
        (
            "{{HOME",
            "a.yaml:6: clients.local.configuration.warehouse opens {{ and never closes it "
            "(write {{NAME}}, with letters, digits and _, or {{vars.NAME}} for a variable of mason.yaml)",
        ),
    ],
)
def test_configurations_refer_to_the_environment_only(project: Project, text: str, told: str):
    assert project.faults_of(CONFIG.replace("TEXT", text)) == ([told] if told else [])


def test_inputs_and_defaults_refer_to_nothing(project: Project):
    run = "type: run\nname: a\noperator: table:get\nconfig_id: '1'\ndescription: '{{prose}}'\ninputs:\n- '{{DB}}/x'\n"
    assert project.faults_of(run) == [
        "a.yaml:7: '{{DB}}' in inputs[0] is a reference that nothing fills in "
        "(for a variable of mason.yaml write {{vars.DB}}, else the value itself)"
    ]
    operator = (
        "type: operator\nnamespace: a\ncommand: b\nparameters:\n  optional:\n"
        "  - {name: x, default: 'a {{other}}', description: '{{prose}}'}\ndo:\n- storage.read: {path: '{{x}}'}\n"
    )
    assert project.faults_of(operator) == [
        "a.yaml:6: '{{other}}' in parameters.optional[0].default is a reference that nothing fills in "
        "(for a variable of mason.yaml write {{vars.other}}, else the value itself)"
    ]


def test_remedies():
    assert remedy_for("var.db") == "did you mean {{vars.db}}?"
    assert remedy_for("step.a.id") == "did you mean {{steps.a.id}}?"
    assert remedy_for(" a b ") == "for a variable of mason.yaml write {{vars.NAME}}, else the value itself"
