"""What a class of a workflow is given and says, as its author makes it in tests of their own."""

from __future__ import annotations

import dataclasses

import pytest

import mason


class TableExport(mason.Workflow):
    def step(self, current: mason.StepEnd | None, next: mason.NextStep) -> mason.Decision | None:
        if current is not None and not current.data:
            return self.skip("no rows")
        if next.parameters.get("limit") == 0:
            return self.stop("nothing is wanted")
        if "check" in next.dependencies and next.dependencies["check"].status == "failed":
            return self.fail("the check failed")
        return self.go_on() if next.dependencies else None


def test_a_class_is_tried_out_without_a_run():
    theirs = TableExport()
    check = mason.StepEnd("check", "failed", [{"rows": 3}])
    step = mason.NextStep("write", "operator.table.format")
    assert theirs.step(None, step) is None
    assert theirs.step(mason.StepEnd("read", "succeeded"), step) == mason.Decision("skip", "no rows")
    assert theirs.step(None, dataclasses.replace(step, parameters={"limit": 0})) == mason.Decision(
        "stop", "nothing is wanted"
    )
    after = dataclasses.replace(step, dependencies={"check": check})
    assert theirs.step(check, after) == mason.Decision("fail", "the check failed")
    passed = dataclasses.replace(check, status="succeeded")
    assert theirs.step(passed, dataclasses.replace(step, dependencies={"check": passed})) == mason.Decision("go_on")


def test_there_are_four_verdicts():
    with pytest.raises(ValueError, match="'wait' is no verdict: go_on, skip, stop, fail"):
        mason.Decision("wait")  # type: ignore[arg-type]


def test_a_reason_is_text_that_everybody_can_write_down():
    assert mason.Decision("skip", 7).reason == "7"  # type: ignore[arg-type]
    assert mason.Decision("skip", "half \ud800").reason == "half \\ud800"


def test_a_class_needs_a_step():
    class Empty(mason.Workflow):
        pass

    with pytest.raises(TypeError, match="abstract"):
        Empty()  # type: ignore[abstract]
