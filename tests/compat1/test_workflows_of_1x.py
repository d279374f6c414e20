"""Workflows of 1.x: their DAG, their parameter file, and their class, which is asked between two steps."""

from __future__ import annotations

import pytest

from tests.compat1.conftest import put

CHECKED = """\
type: "workflow"
namespace: "club"
command: "checked"
name: "club_checked"
description: "Register a table and see whether it can be asked"
dag:
  - {id: "one", type: "operator", namespace: "table", command: "infer"}
  - {id: "two", type: "operator", namespace: "job", command: "get", dependencies: ["one"], retry: "exponential"}
  - {id: "three", type: "operator", namespace: "table", command: "query", dependencies: ["two"]}
  - {id: "four", type: "operator", namespace: "job", command: "get", dependencies: ["three"], retry: "exponential"}
  - {id: "five", type: "operator", namespace: "table", command: "delete", dependencies: ["four"]}
supported_schedulers: ["local"]
"""
# The last reference names its own step: in 1.x only the class knew whose job it is.
STEPS = """\
one:
  config_id: 1
  parameters: {"database_name": "club", "storage_path": "club/2013/", "table_name": "people"}
two:
  config_id: 1
  parameters: {"job_id": "<<PULLED FROM one>>"}
three:
  config_id: 1
  parameters: {"query_string": "SELECT * FROM people LIMIT 1", database_name: "club", "table_name": "people"}
four:
  config_id: 1
  parameters: {"job_id": "<<PULLED FROM four>>"}
five:
  config_id: 1
  parameters: {"database_name": "club", "table_name": "people"}
"""
CLASS = """\
from typing import Union

from mason.engines.execution.models.jobs import ExecutedJob, InvalidJob
from mason.engines.scheduler.models.dags.executed_dag_step import ExecutedDagStep
from mason.engines.scheduler.models.dags.failed_dag_step import FailedDagStep
from mason.engines.scheduler.models.dags.invalid_dag_step import InvalidDagStep
from mason.engines.scheduler.models.dags.valid_dag_step import ValidDagStep
from mason.workflows.workflow_definition import WorkflowDefinition


class ClubChecked(WorkflowDefinition):
    def step(self, current: ExecutedDagStep, next: ValidDagStep) -> Union[ValidDagStep, InvalidDagStep]:
        job = current.operator_response.object
        if not isinstance(job, ExecutedJob):
            return InvalidDagStep(f"{current.step.id} returned no job")
        %s
        return next
"""


@pytest.fixture
def prepared(mason, club, standard):
    """Applies the workflow beside the standard operators, and runs it."""
    (club / "steps.yaml").write_text(STEPS)

    def apply(python: str = ""):
        put(club, "workflows/club/checked", CHECKED, python)
        told = mason("apply", "-y")
        assert told.code == 0, told.err
        return mason("run", "workflow", "club", "checked", "-f", "steps.yaml", "-y")

    return apply


def test_a_scheduler_that_runs_steps_apart_gets_the_same_job(prepared, mason, club):
    assert prepared().code == 0
    told = mason(
        "run",
        "operator",
        "table",
        "query",
        "-c",
        "1",
        "--as-job",
        "--json",
        "-p",
        'database_name:club/2013,table_name:members,query_string:"SELECT name FROM $table WHERE age > 40"',
    )
    (job,) = told.json["Data"]
    assert job["result"] == {"rows": [{"name": "Bob"}], "more": False}
    assert mason("run", "operator", "job", "get", "-c", "1", "--json", "-p", f"job_id:{job['job_id']}").json[
        "Data"
    ] == [job]


def statuses(mason) -> list[str]:
    (run,) = mason("runs", "list", "--json").json["runs"]
    shown = mason("runs", "show", run["run_id"], "--json").json
    return [step["status"] for step in shown["steps"]]


def test_infer_ask_and_delete_by_the_jobs_of_each(prepared, mason, club):
    told = prepared()
    assert told.code == 0, told.err
    assert "<<PULLED FROM four>> is the old form of a reference, which cannot be the step itself" in told.err
    assert "do query_job(" in told.err
    assert statuses(mason) == ["succeeded"] * 5
    assert "people" not in mason("run", "operator", "table", "list", "-p", "database_name:club", "-c", "1").out


@pytest.mark.parametrize(
    ("line", "code", "expected"),
    [
        ("pass", 0, ["succeeded"] * 5),
        (
            'if current.step.id == "four":\n            return current',
            0,
            [*["succeeded"] * 4, "cancelled"],
        ),
        (
            'if current.step.id == "two":\n            return current.failed("no")',
            1,
            ["succeeded", "succeeded", "failed", "upstream_failed", "upstream_failed"],
        ),
        ('next.operator.parameters.set_required("job_id", job.id)', 0, ["succeeded"] * 5),
        (
            'next.operator.parameters.set_required("job_id", "another")',
            1,
            ["succeeded", "failed", "upstream_failed", "upstream_failed", "upstream_failed"],
        ),
    ],
)
def test_the_class_decides(prepared, mason, line, code, expected):
    told = prepared(CLASS % line)
    assert (told.code, statuses(mason)) == (code, expected), told.err


def test_what_a_class_sets_otherwise_is_told(prepared, mason):
    told = prepared(CLASS % 'next.operator.parameters.set_required("job_id", "another")')
    assert (
        "ClubChecked sets job_id of two to another value than the plan showed. Write what it refers to as the "
        "parameter, such as {{steps.one.job_id}}."
    ) in told.err
