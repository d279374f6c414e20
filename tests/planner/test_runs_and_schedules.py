"""What a scheduler is given to keep of a workflow: every step with its rules, its sentences and its command."""

from __future__ import annotations

from mason import secrets
from mason.clients import registry
from mason.dryrun.prepare import prepare
from mason.engines.models import Dag, DagSentence, DagStep
from mason.planner.runs_and_schedules import schedule_model
from mason.resources.schedule import Schedule
from mason.resources.workflow_file import given_for_workflow
from tests.dryrun.test_prepare import CONFIGS, INFER, JOB, NOOP, flow, step
from tests.planner.conftest import snapshot

INNER = flow("inner", step("a", "table.infer"), step("b", "job.get", "a", timeout=9))
MAIN = flow(
    "main",
    step("first"),
    step("within", "workflow:w.inner", "first", retry="exponential(5)", retry_max=2),
    step("last", "no.op", "within", trigger_rule="one_failed"),
)
GIVEN = {
    "within": {
        "config_id": 2,
        "parameters": {
            "a": {"parameters": {"database_name": "data"}},
            "b": {"parameters": {"job_id": "{{steps.a.job_id}} of {{steps.first.0}}"}},
        },
    }
}


def model(*flows, given=None, sources=None):
    state = snapshot(*CONFIGS, INFER, JOB, NOOP, *flows)
    plan = prepare(
        "workflow.w.main",
        given_for_workflow(given or {}),
        lookup=state.resources.get,
        read_source=(sources or {}).__getitem__,
        catalog=registry,
        config_id="1",
    )
    schedule = Schedule("nightly", "workflow.w.main", "1", "0 3 * * *", given or {}, "UTC", "none", "skip", True)
    return schedule_model(schedule, plan)


def test_nothing_of_a_step_is_lost():
    listing = DagSentence("memory", "metastore", "list_databases", read_only=True)
    query = DagSentence("memory", "execution", "query", {"sql": "data", "limit": 7}, read_only=True)
    job_id = "{{steps.within.a.job_id}} of {{steps.first.0}}"
    assert model(MAIN, INNER, given=GIVEN).dag == Dag(
        (
            DagStep("first", "no:op", config_id="1", sentences=(listing,)),
            DagStep(
                "within.a",
                "table:infer",
                {"database_name": "data", "limit": 7},
                ("first",),
                config_id="2",
                retry="exponential(5)",
                retry_max=2,
                sentences=(query,),
            ),
            DagStep(
                "within.b",
                "job:get",
                {"job_id": job_id, "tags": None},
                ("within.a",),
                config_id="2",
                retry="exponential(5)",
                retry_max=2,
                timeout=9,
                results_of=("within.a", "first"),
                sentences=(DagSentence("memory", "execution", "get_job", {"job_id": job_id}, read_only=True),),
            ),
            DagStep("last", "no:op", {}, ("within.b",), "1", "one_failed", sentences=(listing,)),
        ),
        groups={"within": "w:inner"},
    )


def test_sentences_hold_no_secret():
    secrets.remember("hunter-2-hunter")
    main = flow("main", step("first", "table.infer"))
    given = {"first": {"parameters": {"database_name": "{{TOKEN}} hunter-2-hunter"}}}
    (first,) = model(main, given=given).dag.steps
    assert first.sentences[0].arguments["sql"] == "{{TOKEN}} REDACTED"
