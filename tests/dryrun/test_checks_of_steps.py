"""Checks of steps before anything is done: whose they are, and why some cannot be looked at."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mason.clients import registry
from mason.dryrun.prepare import prepare
from mason.errors import ParameterError
from mason.resources.output_checks import of_definition
from mason.resources.workflow_file import given_for_workflow
from tests.dryrun.test_prepare import CONFIGS, NOOP, flow, step
from tests.planner.conftest import snapshot

ONE = [{"unique": "id"}]
WRITE = {
    "type": "operator",
    "namespace": "t",
    "command": "write",
    "parameters": {"optional": [{"name": "output"}, {"name": "more"}]},
    "do": [
        {"execution.query": {"sql": "SELECT 1 AS id", "output": "{{output}}"}},
        {"execution.query": {"sql": "SELECT 2 AS id", "output": "{{more}}"}, "when": "more"},
    ],
}


class Unchecking:
    """The clients that there are, as if none of them looked at checks."""

    def __getattr__(self, name):
        return getattr(registry, name)

    def capabilities(self, client):
        return {role: replace(can, checks=False) for role, can in registry.capabilities(client).items()}


def planned(*steps, given=None, checks=None, catalog=registry):
    state = snapshot(*CONFIGS, NOOP, WRITE, flow("main", *steps))
    of_run = {each: of_definition(listed) for each, listed in (checks or {}).items()}
    return prepare(
        "workflow.w.main",
        replace(given_for_workflow(given or {}), checks=of_run),
        lookup=state.resources.get,
        read_source=str.encode,
        catalog=catalog,
        config_id="1",
    )


def given(**parameters):
    return {"a": {"parameters": parameters}}


def test_those_of_the_workflow_come_before_those_of_the_run():
    plan = planned(
        step("a", "t.write", checks=ONE), given=given(output="o.csv"), checks={"a": [*ONE, {"not_null": "id"}]}
    )
    assert [check.name for check in plan.steps[0].checks] == ["unique_id", "unique_id_2", "not_null_id"]
    assert plan.steps[0].told.checks == plan.steps[0].checks


@pytest.mark.parametrize(
    ("steps", "options", "message"),
    [
        (
            [step("a", "no.op", checks=ONE)],
            {},
            "Step a: there is nothing to check: it writes no table (give it an output, or take its checks away)",
        ),
        (
            [step("a", "t.write", checks=ONE)],
            {},
            "Step a: there is nothing to check: it writes no table (give it an output, or take its checks away)",
        ),
        (
            [step("a", "t.write", checks=ONE)],
            {"given": given(output="o.csv", more="p.csv")},
            "Step a: its checks could be of several outputs (execution.query, execution.query) "
            "(write each output in a step of its own)",
        ),
        (
            [step("a", "t.write", checks=ONE, wait=False)],
            {"given": given(output="o.csv")},
            "Step a: it does not wait for its job, so nobody would hear of its checks (remove wait: false)",
        ),
        (
            [step("a", "t.write", checks=ONE)],
            {"given": given(output="o.csv"), "catalog": Unchecking()},
            "Step a: client memory publishes what it writes before it could be checked "
            "(take the checks away, or run the step with another client)",
        ),
        ([step("a", "no.op")], {"checks": {"b": ONE}}, "Unknown step: b (the steps are a)"),
    ],
)  # fmt: skip
def test_what_cannot_be_checked_is_refused(steps, options, message):
    with pytest.raises(ParameterError) as raised:
        planned(*steps, **options)
    assert str(raised.value) == message
