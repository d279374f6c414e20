"""What a scheduler is given to keep of a workflow, every step with its rules; and which scheduler that is."""

from __future__ import annotations

from mason import secrets
from mason.clients import registry
from mason.dryrun.prepare import prepare
from mason.engines.capabilities import Capabilities
from mason.engines.models import Dag, DagSentence, DagStep
from mason.engines.scheduling import ALL_KEPT, Keeps
from mason.planner.scheduled_dag import choose_scheduler, schedule_model
from mason.resources.config import Config
from mason.resources.schedule import Schedule
from mason.resources.workflow import Workflow
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
    # Another step asks for its job.
    query = DagSentence("memory", "execution", "query_job", {"sql": "data", "limit": 7}, read_only=True)
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
    given = {"first": {"parameters": {"database_name": "TOKEN hunter-2-hunter"}}}
    (first,) = model(main, given=given).dag.steps
    assert first.sentences[0].arguments["sql"] == "TOKEN REDACTED"


class Catalog:
    """Three schedulers: one takes no schedules, one keeps the least that there is, and one keeps all."""

    def roles(self, name):
        return {"scheduler": frozenset() if name == "looking" else frozenset({"put_schedule"})}

    def capabilities(self, name):
        return {"scheduler": Capabilities(keeps=ALL_KEPT if name == "able" else Keeps())}


def chosen(*schedulers, supported=()):
    workflow = Workflow("w", "main", "", "", supported, ())
    config = Config("1", {"scheduler": schedulers}, {})
    found = choose_scheduler(config, workflow, model(MAIN, INNER, given=GIVEN), Catalog())
    return found if isinstance(found, str) else [str(fault) for fault in found]


def test_the_first_scheduler_that_keeps_all_is_chosen():
    assert chosen("looking", "least", "able") == "able"
    assert chosen("able", "other", supported=("other", "able")) == "able"


def test_no_scheduler_keeps_it():
    other = "or choose a config with another scheduler"
    assert chosen("looking", "least") == [
        "Scheduler least does not keep retry exponential(5): steps within.a, within.b of workflow w:main "
        f"(remove the retry, {other})",
        f"Scheduler least does not keep timeout 9: step within.b of workflow w:main (remove the timeout, {other})",
        "Scheduler least does not keep what steps return, which {{steps...}} refers to: step within.b of workflow "
        f"w:main (write the values themselves, {other})",
        "Scheduler least does not keep trigger_rule one_failed: step last of workflow w:main "
        f"(it keeps all_success: write that, {other})",
    ]
    assert chosen("looking") == [
        "config 1 has no scheduler that keeps schedules (name one in its scheduler_clients, such as local)"
    ]
    assert chosen("able", supported=("airflow",)) == [
        "Workflow w:main supports the schedulers airflow, and config 1 has able "
        "(choose another config, or another workflow)"
    ]
