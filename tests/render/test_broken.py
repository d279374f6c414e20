"""What a plan says of what cannot run: grouped by reason, collapsed, and in every view."""

from __future__ import annotations

import pytest

from mason.planner.plan import Action, Broken, Plan
from mason.render.markdown import plan_markdown
from mason.render.plans import broken_text, plan_json, plan_text
from mason.render.terminal import Terminal

NONE = "No client is configured for execution."


@pytest.mark.parametrize(
    ("broken", "sentences"),
    [
        (
            [Broken("operator.a.b", NONE, "plan", "1")],
            [f"This plan breaks operator.a.b: no applied config can run it any more. With config 1: {NONE}"],
        ),
        (
            [Broken("operator.a.b", NONE, "plan", "1"), Broken("operator.a.c", NONE, "plan", "1")],
            [
                "This plan breaks operator.a.b, operator.a.c: no applied config can run them any more. "
                f"With config 1: {NONE}"
            ],
        ),
        (
            [Broken(f"operator.a.{number}", NONE, "plan", "1", elsewhere=True) for number in range(17)],
            [
                "This plan breaks operator.a.0, operator.a.1, operator.a.2, operator.a.3, operator.a.4 and 12 more "
                f"with config 1: {NONE}"
            ],
        ),
        (
            [Broken("operator.a.b", NONE, "earlier", "1")],
            [f"No applied config can run operator.a.b, nor could one before this plan. With config 1: {NONE}"],
        ),
        (
            [Broken("operator.a.b", NONE, "new", "1")],
            [f"No applied config can run operator.a.b. With config 1: {NONE}"],
        ),
        (
            [Broken("workflow.a.b", "It runs operator.a.b.", "plan")],
            ["This plan breaks workflow.a.b: no applied config can run it any more. It runs operator.a.b."],
        ),
        (
            [Broken(f"workflow.a.{name}", f"It runs operator.a.{name}.", "plan", "1", elsewhere=True) for name in "bc"],
            ["This plan breaks workflow.a.b, workflow.a.c with config 1: They run operators that cannot run."],
        ),
        ([Broken("run.daily", NONE, "plan", "1")], [f"This plan breaks run.daily: {NONE}"]),
        (
            [Broken("schedule.nightly", NONE, "earlier", "1")],
            [f"schedule.nightly cannot be done, as before this plan: {NONE}"],
        ),
        (
            [Broken(f"run.r{number}", f"Reason {number}", "plan", "1") for number in range(12)],
            [f"This plan breaks run.r{number}: Reason {number}" for number in range(10)]
            + ["2 more cannot run: mason plan --json names all of them."],
        ),
    ],
)
def test_each_reason_is_one_sentence(broken, sentences):
    assert list(broken_text(broken)) == sentences


def test_every_view_tells_it():
    broken = Broken("operator.a.b", NONE, "plan", "1")
    plan = Plan((Action("overwrite", "config.1", "its definition changed"),), broken=(broken,))
    sentence = f"This plan breaks operator.a.b: no applied config can run it any more. With config 1: {NONE}"
    assert f"Warning: {sentence}" in plan_text(plan, Terminal()).splitlines()
    assert f"- **Warning:** `{sentence}`" in plan_markdown(plan, see="mason plan").splitlines()
    assert plan_json(plan, url="file:///state")["broken"] == [
        {"address": "operator.a.b", "reason": NONE, "cause": "plan", "config_id": "1", "elsewhere": False}
    ]


@pytest.mark.parametrize(
    ("addresses", "sentence"),
    [
        (("run.a",), "1 resource is no longer defined (--prune deletes it)"),
        (("run.a", "run.b"), "2 resources are no longer defined (--prune deletes them)"),
    ],
)
def test_what_is_no_longer_defined_is_counted(addresses, sentence):
    plan = Plan((), undefined=addresses)
    assert plan_text(plan, Terminal()) == f"{sentence}\nNo changes."
    assert f"- `{sentence}`" in plan_markdown(plan, see="mason plan").splitlines()
    assert plan_json(plan, url="file:///state")["undefined"] == list(addresses)
