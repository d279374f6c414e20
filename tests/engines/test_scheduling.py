"""What a scheduler declares to keep, and the sentences of refusal for what it does not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mason.engines.models import Dag, DagStep, Schedule
from mason.engines.scheduling import ALL_KEPT, Keeps, unkept

PLAIN = Schedule("nightly", "0 3 * * *", Dag((DagStep("step_1", "table:infer"),)), workflow="workflow.table.flow")


def with_step(**rules):
    return replace(PLAIN, dag=Dag((*PLAIN.dag.steps, DagStep("step_4", "table:get", **rules))))


LEAST = Keeps()


def told(schedule, keeps=LEAST):
    return [f"{message} ({remedy})" for message, remedy in unkept(schedule, keeps, "cron")]


def test_the_least_that_there_is_keeps_steps_in_their_order():
    assert told(with_step(dependencies=("step_1",))) == []


OTHER = ", or choose a config with another scheduler)"


@pytest.mark.parametrize(
    ("schedule", "message"),
    [
        (
            with_step(trigger_rule="one_failed"),
            "trigger_rule one_failed: step step_4 of workflow table:flow (it keeps all_success: write that",
        ),
        (
            with_step(retry="exponential(5)"),
            "retry exponential(5): step step_4 of workflow table:flow (remove the retry",
        ),
        (with_step(timeout=60), "timeout 60: step step_4 of workflow table:flow (remove the timeout"),
        (
            with_step(results_of=("step_1",)),
            "what steps return, which {{steps...}} refers to: step step_4 of workflow table:flow (write the values"
            " themselves",
        ),
        (
            replace(PLAIN, dag=replace(PLAIN.dag, decided_by=("table:flow",))),
            "the Python class of workflow table:flow, which decides on its steps (remove its __init__.py",
        ),
        (
            replace(PLAIN, schedule="0 3 ? * 2L 2030"),
            "six fields and a year and L in schedule '0 3 ? * 2L 2030' (it keeps five fields: write it so",
        ),
        (
            replace(PLAIN, time_zone="Europe/Berlin"),
            "time_zone Europe/Berlin (it keeps UTC: write the times in that",
        ),
        (replace(PLAIN, catch_up="all"), "catch_up all (it keeps none: write that"),
        (replace(PLAIN, overlap="queue"), "overlap queue (it keeps skip: write that"),
    ],
)
def test_what_is_not_declared_is_refused_by_name(schedule, message):
    assert told(schedule) == [f"Scheduler cron does not keep {message}{OTHER}"]
    assert told(schedule, ALL_KEPT) == []


def test_retries_are_kept_up_to_a_number():
    keeps = Keeps(retries=("constant",), most_retries=3)
    assert told(with_step(retry="constant(5)"), keeps) == []
    assert told(with_step(retry="constant(5)", retry_max=4), keeps) == [
        "Scheduler cron does not keep 4 retries: step step_4 of workflow table:flow "
        f"(it keeps at most 3: write a smaller retry_max{OTHER}"
    ]
    assert told(with_step(retry="exponential(5)"), keeps) == [
        "Scheduler cron does not keep retry exponential(5): step step_4 of workflow table:flow "
        f"(it keeps constant(SECONDS): write that{OTHER}"
    ]


def test_only_mason_looks_at_checks():
    checked = with_step(checks=("unique_id",))
    assert told(checked) == [
        "Scheduler cron does not keep the checks of a step: step step_4 of workflow table:flow "
        f"(take the checks away{OTHER}"
    ]
    assert told(checked, ALL_KEPT) == []


def test_all_is_told_at_once_and_steps_with_the_same_lack_together():
    steps = tuple(DagStep(f"step_{number}", "table:get", trigger_rule="all_done", timeout=5) for number in range(14))
    schedule = replace(PLAIN, dag=Dag(steps), overlap="queue", workflow="")
    twelve = ", ".join(f"step_{number}" for number in range(12))
    assert told(schedule, Keeps(trigger_rules=("all_success", "one_failed"))) == [
        f"Scheduler cron does not keep trigger_rule all_done: steps {twelve} and 2 more "
        f"(it keeps all_success, one_failed: write one of these{OTHER}",
        f"Scheduler cron does not keep timeout 5: steps {twelve} and 2 more (remove the timeout{OTHER}",
        f"Scheduler cron does not keep overlap queue (it keeps skip: write that{OTHER}",
    ]
