"""The order of a workflow's steps: what has none, and which it is."""

from __future__ import annotations

import pytest

from mason.resources.dag import dag_findings
from mason.resources.workflow import Workflow, ordered


def dag(**steps: str) -> list[dict[str, object]]:
    """Steps by their ids, each with the ids of its dependencies."""
    return [
        {"id": name, "namespace": "a", "command": "b", "dependencies": after.split()} for name, after in steps.items()
    ]


def order(steps: list[dict[str, object]]) -> list[str]:
    made = Workflow.from_definition({"namespace": "a", "command": "b", "dag": steps})
    return [step.id for step in ordered(made.steps)]


@pytest.mark.parametrize(
    ("steps", "messages"),
    [
        (dag(step_1="", step_2="step_1 step_3", step_3="step_2"), ["Cycle detected. Repeated steps: step_2, step_3"]),
        (
            dag(step_1="", step_2="step_2x", step_2x="step_2", step_4="step_2"),
            ["Cycle detected. Repeated steps: step_2, step_2x", "Unreachable steps: ['step_4']"],
        ),
        (dag(step_1="step_9"), ["Undefined dependent steps: {'step_9'}"]),
        (dag(step_1="", step_2="step_1"), []),
    ],
)
def test_refusals_name_the_culprit(steps, messages):
    assert [finding.message for finding in dag_findings(steps)] == messages


def test_each_step_comes_after_its_dependencies_and_else_as_written():
    assert order(dag(d="b c", a="", c="a", x="", b="a")) == ["a", "c", "x", "b", "d"]


@pytest.mark.parametrize("shape", ["chain", "circle", "fan"])
def test_thousands_of_steps(shape):
    steps = dag(**{f"s{number}": f"s{number - 1}" if shape != "fan" else "s0" for number in range(1, 5000)})
    steps.insert(0, {"id": "s0", "namespace": "a", "command": "b", "dependencies": []})
    if shape == "circle":
        steps[0]["dependencies"] = ["s4999"]
        assert len(dag_findings(steps)) == 1
    else:
        assert dag_findings(steps) == []
        assert order(steps) == [f"s{number}" for number in range(5000)]


def test_a_step_says_when_and_how_often_it_runs():
    given = {"id": "s", "namespace": "a", "command": "b", "retry": "constant(5)", "retry_max": 0, "timeout": 9}
    steps = [given | {"trigger_rule": "one_failed"}, {"id": "t", "namespace": "a", "command": "b"}]
    made = Workflow.from_definition({"namespace": "a", "command": "b", "dag": steps}).steps
    assert [(step.retry, step.retry_max, step.timeout, step.trigger_rule) for step in made] == [
        ("constant(5)", 0, 9, "one_failed"),
        ("", None, None, "all_success"),
    ]
