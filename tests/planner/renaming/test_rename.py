"""Renaming in a state: what refers to the old name, in each place where something can; and what stays as it is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mason.errors import NotFoundError
from mason.planner.renaming.rename import known, rename
from mason.resources.behaviour import behaviour_of
from mason.resources.resource import digest_of, encode
from tests.planner.conftest import config, operator, snapshot, workflow

RUN = {
    "type": "run",
    "name": "export",
    "workflow": "table:infer",
    "config_id": "1",
    "depends_on": ["infer", "other"],
    "parameters": {
        "step_0": {
            "config_id": 1,
            "parameters": {
                "a": "{{runs.infer.path}} and {{ runs . infer . path }} and {{runs.inferno.path}} and {{infer.runs.a}}",
                "b": ["{{runs.infer}}", {"c": "runs.infer"}],
                "nested": {"config_id": "1", "parameters": {"config_id": True}},
            },
        },
        "step_1": {"config_id": "12"},
    },
}


def definition(state, before, after, address="run.export"):
    return rename(state, before, after).resources[address].definition


def test_references_to_runs_are_rewritten_where_they_are_meant():
    state = snapshot(RUN, {"type": "run", "name": "infer", "operator": "table:get", "config_id": "1"})
    changed = definition(state, "run.infer", "run.guess")
    assert changed["depends_on"] == ["guess", "other"]
    assert changed["parameters"]["step_0"]["parameters"] == {
        "a": "{{runs.guess.path}} and {{ runs . guess . path }} and {{runs.inferno.path}} and {{infer.runs.a}}",
        "b": ["{{runs.guess}}", {"c": "runs.infer"}],
        "nested": {"config_id": "1", "parameters": {"config_id": True}},
    }


@pytest.mark.parametrize(("after", "number"), [("2", 2), ("main", "main"), ("007", "007")])
def test_configs_of_steps_are_rewritten_as_people_write_them(after, number):
    changed = definition(snapshot(RUN, config("1")), "config.1", f"config.{after}")
    steps = changed["parameters"]
    assert (changed["config_id"], steps["step_0"]["config_id"], steps["step_1"]["config_id"]) == (after, number, "12")
    assert steps["step_0"]["parameters"]["nested"] == {"config_id": after, "parameters": {"config_id": True}}


def test_steps_are_told_apart_by_their_kind():
    state = snapshot(operator("a", "b"), workflow("a", "b", "operator.a.b"), workflow("c", "d", "workflow.a.b"))
    changed = rename(state, "operator.a.b", "operator.x.y")
    assert changed.rewritten == ("workflow.a.b",)
    assert changed.resources["workflow.a.b"].definition["dag"][0] == {
        "id": "step_0",
        "type": "operator",
        "namespace": "x",
        "command": "y",
    }
    assert changed.resources["workflow.c.d"] is state.resources["workflow.c.d"]


def test_digests_are_those_of_the_new_definitions():
    state = snapshot(operator("a", "b"), workflow("c", "d", "operator.a.b"), module="sha256:" + "1" * 64)
    renamed = rename(state, "operator.a.b", "operator.x.y")
    assert renamed.has_module
    for entry in renamed.resources.values():
        assert entry.digest == digest_of(encode(entry.definition), entry.module)


def done(state, address, uses, **more):
    """``state`` with an outcome of the run at ``address``."""
    outcome = {"status": "succeeded", "uses": uses, **more}
    entry = replace(state.resources[address], outcome=outcome)
    return replace(state, resources={**state.resources, address: entry})


def test_what_was_used_keeps_being_the_same_or_another():
    run = {"type": "run", "name": "once", "operator": "a:b", "config_id": "1"}
    state = snapshot(config("1"), operator("a", "b"), run)
    uses = {"config.1": state.digests["config.1"], "operator.a.b": "sha256:older"}
    renamed = rename(done(state, "run.once", uses), "operator.a.b", "operator.x.y").resources
    assert renamed["run.once"].outcome["uses"] == {
        "config.1": state.digests["config.1"],
        "operator.x.y": "sha256:older",
    }
    # As earlier versions kept it, and as it is kept now.
    for used in (state.digests["operator.a.b"], behaviour_of(operator("a", "b"), None)):
        uses["operator.a.b"] = used
        renamed = rename(done(state, "run.once", uses), "operator.a.b", "operator.x.y").resources
        assert renamed["run.once"].outcome["uses"]["operator.x.y"] == behaviour_of(operator("x", "y"), None)


def test_a_workflow_that_a_run_used_keeps_being_the_same():
    run = {"type": "run", "name": "once", "workflow": "w:w", "config_id": "1"}
    flow = workflow("w", "w", "operator.a.b")
    state = snapshot(config("1"), operator("a", "b"), flow, run)
    uses = {"workflow.w.w": behaviour_of(flow, None), "operator.a.b": behaviour_of(operator("a", "b"), None)}
    renamed = rename(done(state, "run.once", uses), "operator.a.b", "operator.x.y").resources
    assert renamed["run.once"].outcome["uses"] == {
        "workflow.w.w": behaviour_of(renamed["workflow.w.w"].definition, None),
        "operator.x.y": behaviour_of(operator("x", "y"), None),
    }


def test_what_another_run_gave_is_known_by_the_new_name():
    given = {"{{runs.infer.step_1.path}}": "sha256:1", "{{runs.other.path}}": "sha256:2"}
    state = done(
        snapshot(RUN, {**RUN, "name": "infer", "depends_on": [], "parameters": {}}), "run.export", {}, given=given
    )
    assert rename(state, "run.infer", "run.guess").resources["run.export"].outcome["given"] == {
        "{{runs.guess.step_1.path}}": "sha256:1",
        "{{runs.other.path}}": "sha256:2",
    }


def test_tables_are_looked_for_where_their_config_is_now():
    run = {"type": "run", "name": "once", "operator": "a:b", "config_id": "1"}
    tables = [
        {"config_id": "1", "client": "local", "table": {"name": "a"}},
        {"config_id": "12", "client": "local", "table": {"name": "b"}},
        "something edited",
    ]
    state = done(snapshot(config("1"), run), "run.once", {}, tables=tables)
    assert rename(state, "config.1", "config.2").resources["run.once"].outcome["tables"] == [
        {"config_id": "2", "client": "local", "table": {"name": "a"}},
        {"config_id": "12", "client": "local", "table": {"name": "b"}},
        "something edited",
    ]


def test_an_entry_that_was_edited_and_is_not_touched_stays_the_same_object():
    state = snapshot(config("1"), operator("a", "b"), operator("c", "d"))
    edited = replace(state.resources["operator.c.d"], definition={"edited": True})
    state = replace(state, resources={**state.resources, "operator.c.d": edited})
    assert rename(state, "operator.a.b", "operator.x.y").resources["operator.c.d"] is edited


def test_all_that_is_unknown_is_told_at_once():
    with pytest.raises(NotFoundError) as caught:
        known({"config.1": None}, ["config.2", "x" * 100, "config.1"])
    assert str(caught.value) == (
        "There is no config.2 in the state (did you mean 'config.1'?).\n"
        f"There is no {'x' * 57}... in the state (known: config.1)."
    )
