"""Runs and steps as schedulers have them done, of the standard workflow that cleans up after failures."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace

import pytest

from mason.engines.scheduler import Scheduler
from mason.engines.step_by_step import do_in_order
from mason.project.applied import applied_config
from mason.project.opening import open_project
from mason.project.schedules.triggering import scheduler_of

CONFIG = """\
type: config
id: 9
metastore_engine: local
storage_engine: local
execution_engine: local
scheduler_clients: [local, memory]
"""
SCHEDULE = """\
type: schedule
name: nightly
workflow: table:validated_infer
config_id: 9
schedule: "0 3 * * *"
parameters:
  step_1: {parameters: {database_name: lake, table_name: planes, path: data/planes.csv}}
  step_2: {parameters: {job_id: "{{steps.step_1.job_id}}"}}
  step_3: {parameters: {database_name: lake, table_name: planes, query_string: QUERY}}
  step_4: {parameters: {database_name: lake, table_name: planes}}
"""


GOOD, BAD = "SELECT count(*) AS n FROM $table", "SELECT nothing FROM $table"


@pytest.fixture
def scheduler(mason, folder) -> Iterator[Callable[[str, str], AbstractContextManager[Scheduler]]]:
    """Applies the schedule to a local scheduler, and gives another one (``memory``) what that was given."""
    mason("init")

    @contextmanager
    def applied(client: str, query: str) -> Iterator[Scheduler]:
        (folder / "config9.yaml").write_text(CONFIG)
        (folder / "nightly.yaml").write_text(SCHEDULE.replace("QUERY", json.dumps(query)))
        done = mason("apply", "-y", "-o")
        assert done.code == 0, done.err
        project = open_project()
        config = applied_config(project, project.store.read(), "9")
        with scheduler_of(project, config, "local") as keeping, scheduler_of(project, config, client) as asked:
            if client != "local":
                asked.put_schedule(keeping.get_schedule("nightly"))
            yield asked

    return applied


def tables(mason) -> list[str]:
    listed = mason("run", "operator", "table", "list", "-c", "9", "-p", "database_name:lake", "--json")
    return [table["name"] for table in listed.json.get("Data", ())]


@pytest.mark.parametrize("client", ["local", "memory"])
def test_the_clean_up_is_not_done_after_a_success(mason, scheduler, client):
    with scheduler(client, GOOD) as asked:
        job = asked.trigger_schedule("nightly")
    assert (job.status, job.logs) == ("succeeded", ())
    assert job.result["steps"] == dict.fromkeys(("step_1", "step_2", "step_3"), "succeeded") | {"step_4": "skipped"}
    assert tables(mason) == ["planes"]


@pytest.mark.parametrize("client", ["local", "memory"])
def test_the_clean_up_is_done_after_a_failure(mason, scheduler, client):
    with scheduler(client, BAD) as asked:
        job = asked.trigger_schedule("nightly")
    assert job.status == "failed"
    assert job.result["steps"] == {
        "step_1": "succeeded",
        "step_2": "succeeded",
        "step_3": "failed",
        "step_4": "succeeded",
    }
    assert job.result["error"].startswith("step_3: ")
    assert tables(mason) == []


def test_who_triggers_is_told_how_the_steps_ended(mason, scheduler):
    with scheduler("local", BAD):
        told = mason("scheduler", "trigger", "nightly", "-c", "9", "-y", "--json").out.splitlines()[-1]
        answer = mason(
            "run", "operator", "schedule", "trigger", "-c", "9", "-p", "schedule_name:nightly", "-y", "--json"
        )
    ended = {"step_1": "succeeded", "step_2": "succeeded", "step_3": "failed", "step_4": "succeeded"}
    assert json.loads(told)["result"]["steps"] == ended
    (job,) = answer.json["Data"]
    assert (job["status"], job["result"]["steps"]) == ("failed", ended)


def test_a_step_that_cannot_be_prepared_has_failed(mason, scheduler):
    with scheduler("memory", GOOD) as asked:
        schedule = asked.get_schedule("nightly")
        lost = replace(schedule.dag.steps[0], operator="table:lost")
        (end,) = do_in_order(
            replace(schedule.dag, steps=(lost,)), lambda step, results: asked.runner.run_step(schedule, step, results)
        ).values()
    assert (end.status, end.error.splitlines()[0]) == (
        "failed",
        "There is no operator table:lost in the state. Did you mean table:list?",
    )


def test_steps_of_a_run_are_those_of_its_record(mason, scheduler):
    with scheduler("local", GOOD) as asked:
        job = asked.trigger_schedule("nightly")
        assert asked.runner.steps_of(job.result["run_id"]) == job.result["steps"]
        assert asked.runner.steps_of("no-such-run") == {}
