"""A reference to another run means one step of it, and what is kept of runs is what others refer to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mason.dryrun.references import Reference
from mason.dryrun.run_results import (
    MOST_KEPT,
    digest_of_value,
    reference_to_run,
    referred_steps,
    results_of_runs,
    returned_otherwise,
    step_of_run,
    worth_keeping,
)
from mason.state.outcome import Outcome
from tests.planner.conftest import operator, snapshot, workflow

ONE = {"type": "run", "name": "one", "operator": "table:get", "config_id": "1"}
MANY = {"type": "run", "name": "many", "workflow": "table:outer", "config_id": "1"}
HELD = snapshot(
    operator(),
    workflow("table", "outer", "operator.table.get", "workflow.table.inner"),
    workflow("table", "inner", "operator.table.get"),
    ONE,
    MANY,
)
lookup = HELD.resources.get


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("one.job_id", ("one", "step_1", ("job_id",))),
        ("one", ("one", "step_1", ())),
        ("many.step_0.job_id", ("many", "step_0", ("job_id",))),
        ("many.step_1.step_0.a.b", ("many", "step_1.step_0", ("a", "b"))),
        ("many", "run many has several steps (the steps are step_0, step_1)"),
        ("many.step_9", "Workflow table:outer has no step step_9 (the steps are step_0, step_1)"),
        ("gone.a", "there is no run gone in the state (apply it first)"),
    ],
)
def test_which_step_a_reference_means(text, expected):
    assert step_of_run(text.split("."), lookup) == expected


def test_what_was_edited_or_is_gone_is_told():
    edited = dict(HELD.resources)
    edited["run.one"] = replace(edited["run.one"], digest="sha256:0")
    del edited["workflow.table.inner"]
    assert step_of_run(["one", "a"], edited.get) == ("run one was edited in the state (plan the file that defines it)")
    assert step_of_run(["many", "step_1", "a"], edited.get) == (
        "there is no Workflow table:inner in the state (apply it first)"
    )


def test_a_reference_is_written_with_the_full_id_of_its_step():
    assert reference_to_run("{{runs.one.a}}", ["one", "a"], lookup) == Reference(
        "{{runs.one.a}}", "runs.one.step_1", ("a",)
    )
    assert reference_to_run("{{runs.gone}}", ["gone"], lookup) == (
        "{{runs.gone}}: there is no run gone in the state (apply it first)"
    )


def test_referred_steps_are_those_whose_results_are_kept():
    definitions = [{"parameters": {"a": "{{runs.one.x}} {{runs.many.step_1.step_0.y}}"}}, {"parameters": None}]
    assert referred_steps(definitions, lookup) == {"one": {"step_1"}, "many": {"step_1.step_0"}}


def with_results(**results):
    held = dict(HELD.resources)
    outcome = Outcome("succeeded", results=results).to_dict()
    held["run.one"] = replace(held["run.one"], outcome=outcome)
    return replace(HELD, resources=held)


def test_results_come_from_the_outcomes_of_runs():
    references = [Reference("", "runs.one.step_1", ("a",)), Reference("", "here", ())]
    assert results_of_runs(references, with_results(step_1=[{"a": 1}])) == {"runs.one.step_1": [{"a": 1}]}
    assert results_of_runs(references, HELD) == {}


@pytest.mark.parametrize(("now", "expected"), [([{"a": 1}], []), ([{"a": 2}], ["run.one"]), ([{"b": 1}], ["run.one"])])
def test_another_result_is_told_apart_from_the_one_that_was_given(now, expected):
    given = Outcome("succeeded", given={"{{runs.one.a}}": digest_of_value(1)})
    held = with_results(step_1=now).resources
    assert list(returned_otherwise({"x": "{{runs.one.a}}"}, given, held.get)) == expected


def test_what_is_too_long_is_not_kept():
    long = ["x" * MOST_KEPT]
    assert worth_keeping({"a": [1], "b": long}) == {"a": [1], "b": "too large to be kept in the state"}


def test_equal_values_have_equal_digests():
    assert digest_of_value({"a": 1, "b": [2]}) == digest_of_value({"b": [2], "a": 1}) != digest_of_value({"a": 1})
