"""Models: the types of a table; a DAG for a scheduler, of which nothing is lost in JSON, and earlier ones are read."""

from __future__ import annotations

import json

from mason.engines.models import Column, Dag, DagSentence, DagStep, Schedule, Schema, Table

STEP = DagStep(
    id="step_2.inner_1",
    operator="table:query",
    parameters={"table_name": "{{steps.step_1.name}}", "limit": 5, "output_path": None, "it's": ['"', {"a": 1.5}]},
    dependencies=("step_1",),
    config_id="1",
    trigger_rule="one_failed",
    retry="exponential(5)",
    retry_max=0,
    timeout=60,
    results_of=("step_1",),
    sentences=(
        DagSentence("local", "execution", "query", {"sql": "SELECT 1", "limit": 5}, read_only=True),
        DagSentence("local", "storage", "write", known=False),
    ),
    certain=False,
)


def test_a_table_tells_the_types_of_its_columns_where_they_are_known():
    schema = Schema((Column("id", "BIGINT"), Column("n", "VARCHAR")))
    assert Table("t", schema=schema).types == {"id": "BIGINT", "n": "VARCHAR"}
    assert Table("t").types == {}


def test_a_dag_is_the_same_after_json():
    dag = Dag((DagStep("step_1", "table:infer"), STEP), groups={"step_2": "table:inner"}, decided_by=("table:outer",))
    assert Dag.from_dict(json.loads(json.dumps(dag.to_dict()))) == dag


def test_what_a_step_does_not_say_is_not_written():
    assert DagStep("step_1", "table:infer").to_dict() == {
        "id": "step_1",
        "operator": "table:infer",
        "command": ["mason", "run", "operator", "table", "infer", "--auto-approve", "--json"],
    }


def test_the_steps_of_a_workflow_within_are_its_group():
    assert (STEP.group, DagStep("a.b.c", "x:y").group, DagStep("a", "x:y").group) == ("step_2", "a.b", "")
    assert STEP.to_dict()["group"] == "step_2"


def test_the_command_keeps_types_and_is_quoted_for_a_shell():
    given = '{"table_name": "{{steps.step_1.name}}", "limit": 5, "it\'s": ["\\"", {"a": 1.5}]}'
    command = ("mason", "run", "operator", "table", "query", "--config", "1", "--parameters", given)
    assert STEP.command == (*command, "--auto-approve", "--json", "--results", "-")
    quoted = given.replace("'", "'\"'\"'")
    assert STEP.command_line == (
        f"mason run operator table query --config 1 --parameters '{quoted}' --auto-approve --json --results -"
    )


def test_a_schedule_that_an_earlier_version_kept_is_read():
    kept = {
        "name": "nightly",
        "schedule": "0 3 * * *",
        "dag": {
            "steps": [
                {"id": "step_1", "operator": "table:infer", "parameters": {"path": "a"}},
                {"id": "step_2", "operator": "table:get", "dependencies": ["step_1"]},
            ]
        },
    }
    first = DagStep("step_1", "table:infer", {"path": "a"})
    assert Schedule.from_dict(kept).dag == Dag((first, DagStep("step_2", "table:get", dependencies=("step_1",))))
