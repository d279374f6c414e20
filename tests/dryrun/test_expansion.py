"""Workflows within a workflow dissolve into one flat DAG, and what comes before what is known in it."""

from __future__ import annotations

import pytest

from mason.dryrun.expansion import MAX_NESTED, MAX_STEPS, Ancestry, expand
from mason.errors import ResourceError
from mason.resources.workflow import Workflow
from mason.resources.workflow_file import given_for_workflow


def workflow(*steps: dict[str, object]) -> Workflow:
    dag = [{"namespace": "no", "command": "op", **step} for step in steps]
    return Workflow.from_definition({"namespace": "no", "command": "w", "dag": dag})


def inner(name: str, id: str = "in", **more: object) -> dict[str, object]:
    return {"id": id, "type": "workflow", "namespace": "no", "command": name, **more}


def flat_of(workflows: dict[str, Workflow], **given: object):
    named = {f"workflow.no.{name}": each for name, each in workflows.items()}
    return expand("workflow.no.w", named, given_for_workflow(given))


def test_a_flat_workflow_stays_as_it_is_with_each_step_after_what_it_waits_for():
    flat = flat_of({"w": workflow({"id": "b", "dependencies": ["a"]}, {"id": "a"}, {"id": "c"})})
    assert [(step.id, step.dependencies) for step in flat.steps] == [("a", ()), ("b", ("a",)), ("c", ())]


def test_the_first_steps_take_over_what_comes_before_and_what_follows_waits_for_the_last():
    flat = flat_of(
        {
            "w": workflow(
                {"id": "a"},
                inner("v", dependencies=["a"], trigger_rule="one_failed", retry="constant(1)", retry_max=2, timeout=9),
                {"id": "z", "dependencies": ["in"]},
            ),
            "v": workflow({"id": "x"}, {"id": "y", "dependencies": ["x"], "timeout": 3}, {"id": "q"}),
        }
    )
    told = [(s.id, s.dependencies, s.trigger_rule, s.retry, s.retry_max, s.timeout) for s in flat.steps]
    assert told == [
        ("a", (), "all_success", "", None, None),
        ("in.x", ("a",), "one_failed", "constant(1)", 2, 9),
        ("in.y", ("in.x",), "all_success", "constant(1)", 2, 3),
        ("in.q", ("a",), "one_failed", "constant(1)", 2, 9),
        ("z", ("in.y", "in.q"), "all_success", "", None, None),
    ]


def test_the_config_of_a_step_is_that_of_the_workflow_within_where_it_has_none_of_its_own():
    flat = flat_of(
        {"w": workflow(inner("v")), "v": workflow({"id": "x"}, {"id": "y"})},
        **{"in": {"config_id": 2, "parameters": {"y": {"config_id": 3}}}},
    )
    assert [(step.id, step.config_id) for step in flat.steps] == [("in.x", "2"), ("in.y", "3")]


def test_what_is_given_for_no_step_is_a_fault_at_its_level():
    flat = flat_of(
        {"w": workflow(inner("v")), "v": workflow({"id": "x"})}, **{"in": {"parameters": {"xx": {}}}, "out": {}}
    )
    assert [str(fault) for fault in flat.faults] == [
        "Unknown step: out (the steps are in)",
        "Unknown step: in.xx (did you mean 'x'?)",
    ]


def test_the_nearest_step_of_a_name_is_meant_first():
    flat = flat_of({"w": workflow({"id": "x"}, inner("v")), "v": workflow({"id": "x"}, {"id": "y"})})
    scope = next(step.scope for step in flat.steps if step.id == "in.y")
    assert list(scope.candidates(("x", "job_id"))) == [("in.x", ("job_id",)), ("x", ("job_id",))]
    assert list(scope.candidates(("in", "x", "job_id"))) == [("in.x", ("job_id",))]
    assert list(scope.candidates(("in",))) == ["in is a workflow (name one of its steps: x, y)"]


def test_what_is_too_large_or_too_deep_is_refused():
    ten = workflow(*({"id": f"s{n}"} for n in range(10)))
    nested = {"v0": ten}
    for depth in range(1, 5):
        nested[f"v{depth}"] = workflow(*(inner(f"v{depth - 1}", f"s{n}") for n in range(10)))
    with pytest.raises(ResourceError) as caught:
        flat_of({"w": nested["v4"], **nested})
    assert str(caught.value) == (
        f"Workflow no:w: there are more than {MAX_STEPS:,} steps, with those of the workflows in it (split it)"
    )
    deep = {f"v{n}": workflow(inner(f"v{n + 1}")) for n in range(MAX_NESTED + 1)}
    with pytest.raises(ResourceError) as caught:
        flat_of({"w": workflow(inner("v0")), **deep, f"v{MAX_NESTED + 1}": ten})
    assert str(caught.value) == f"Workflow no:w: workflows nest deeper than {MAX_NESTED} levels (split it)"


def test_ancestry_knows_what_comes_before_what():
    flat = flat_of(
        {
            "w": workflow(
                {"id": "a"},
                {"id": "b", "dependencies": ["a"]},
                {"id": "c"},
                {"id": "d", "dependencies": ["b", "c"]},
            )
        }
    )
    ancestry = Ancestry(flat.steps)
    pairs = {(x, y) for x in "abcd" for y in "abcd" if ancestry.is_before(x, y)}
    assert pairs == {("a", "b"), ("a", "d"), ("b", "d"), ("c", "d")}
    # Asked about again, in another order.
    assert {(x, y) for y in "dcba" for x in "dcba" if ancestry.is_before(x, y)} == pairs
