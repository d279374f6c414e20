"""A DAG done step by step: the same as a walk of Mason's own, as far as its rules go."""

from __future__ import annotations

import threading

from hypothesis import given
from hypothesis import strategies as st

from mason.engines import interrupts
from mason.engines.models import Dag, DagStep
from mason.engines.step_by_step import StepEnd, do_in_order
from mason.resources.trigger import TRIGGER_RULES
from mason.runtime.nodes import Node
from mason.runtime.walk import walk


@st.composite
def dags(draw):
    """Some steps with any rules, each after some of those before it; and which of them fail."""
    steps: list[DagStep] = []
    for number in range(draw(st.integers(1, 8))):
        before = draw(st.lists(st.sampled_from([step.id for step in steps]), unique=True)) if steps else []
        rule = draw(st.sampled_from(TRIGGER_RULES))
        steps.append(DagStep(f"s{number}", "a:b", {}, tuple(before), trigger_rule=rule))
    return Dag(tuple(steps)), draw(st.sets(st.sampled_from([step.id for step in steps])))


@given(dags())
def test_steps_end_as_in_a_walk(drawn):
    dag, failing = drawn

    def work(step_id: str, attempt: int) -> None:
        if step_id in failing:
            raise ValueError(step_id)

    walked = walk([Node(step.id, step.dependencies, step.trigger_rule) for step in dag.steps], work)
    ends = do_in_order(dag, lambda step, results: {"Errors": [step.id]} if step.id in failing else {})
    assert {step: end.status for step, end in ends.items()} == {step: end.status for step, end in walked.items()}


def test_a_step_is_handed_what_it_refers_to_and_how_others_ended():
    handed = {}

    def do(step, results):
        handed[step.id] = results
        return {"Errors": ["no"]} if step.id == "b" else {"Data": [step.id]}

    names = ("a", "b", "c")
    steps = (
        DagStep("a", "x:y"),
        DagStep("b", "x:y"),
        DagStep("c", "x:y", {}, ("a",), trigger_rule="one_failed"),
        DagStep("d", "x:y", {}, names, trigger_rule="all_done", results_of=names),
    )
    assert do_in_order(Dag(steps), do)["d"] == StepEnd("succeeded", 1, {"Data": ["d"]})
    assert handed["d"] == {"a": {"Data": ["a"]}, "b": {"Errors": ["no"]}, "c": "skipped"}


def test_a_step_whose_timeout_is_over_is_told_so_and_fails():
    told = threading.Event()

    def do(step, results):
        work = interrupts.current()
        work.add(told.set)
        assert told.wait(60)
        assert work.given_up
        return {}

    end = do_in_order(Dag((DagStep("a", "x:y", timeout=1),)), do)["a"]
    assert (end.status, end.attempts, end.error) == ("failed", 1, "gave up after 1 second")
    assert told.is_set()


def test_a_step_in_time_is_done_with_what_was_around():
    assert do_in_order(Dag((DagStep("a", "x:y", timeout=60),)), lambda step, results: {"Data": [1]})["a"].answer == {
        "Data": [1]
    }
