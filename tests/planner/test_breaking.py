"""What a plan breaks, and what could not run before: by operators, workflows, runs and schedules, with the reasons."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mason.clients import registry
from mason.errors import EngineError
from mason.planner.build import build_destroy
from mason.planner.plan import Broken
from mason.resources.module import pack, survey
from mason.resources.resource import Module
from tests.planner.conftest import config, operator, resource, snapshot, workflow

ALL = {f"{role}_clients": ["local"] for role in ("metastore", "storage", "execution", "scheduler")}
QUERY = operator("table", "query", do=[{"execution.query": {"sql": "SELECT 1"}}])
GET = operator("table", "get")
EXPORT = workflow("table", "export", "operator.table.get", "operator.table.query")
NO_EXECUTION = "No client is configured for execution."
FULL = config("1", **ALL)


def without_execution(identifier="1"):
    less = config(identifier, **ALL)
    del less["execution_clients"]
    return less


@pytest.fixture
def broken_by(plan_of):
    def broken_by(*given, against, **options):
        return list(plan_of(*given, against=snapshot(*against), catalog=registry, **options).broken)

    return broken_by


def test_what_no_config_can_run_any_more_is_told_with_the_reason(broken_by):
    assert broken_by(without_execution(), against=[FULL, GET, QUERY, EXPORT]) == [
        Broken("operator.table.query", NO_EXECUTION, "plan", "1"),
        Broken("workflow.table.export", "It runs operator.table.query.", "plan"),
    ]


def test_what_another_config_can_still_run_is_told_apart(broken_by):
    assert broken_by(without_execution(), against=[FULL, config("2", **ALL), QUERY, EXPORT, GET]) == [
        Broken("operator.table.query", NO_EXECUTION, "plan", "1", elsewhere=True),
        Broken("workflow.table.export", "It runs operator.table.query.", "plan", "1", elsewhere=True),
    ]


def test_what_could_not_run_before_either_is_told_apart(broken_by):
    other = operator("table", "count", do=[{"execution.query": {"sql": "SELECT 2"}}])
    changed = without_execution() | {"clients": {"local": {"configuration": {"warehouse": "there"}}}}
    against = [without_execution(), QUERY, other, EXPORT, GET]
    assert broken_by(changed, against=against) == [
        Broken("operator.table.query", NO_EXECUTION, "earlier", "1"),
        Broken("operator.table.count", NO_EXECUTION, "earlier", "1"),
        Broken("workflow.table.export", "It runs operator.table.query.", "earlier"),
    ]


def test_new_definitions_that_no_config_can_run(broken_by):
    assert broken_by(QUERY, GET, EXPORT, against=[without_execution()]) == [
        Broken("operator.table.query", NO_EXECUTION, "new", "1"),
        Broken("workflow.table.export", "It runs operator.table.query.", "new"),
    ]


def test_an_operator_that_needs_more_than_before(broken_by):
    assert broken_by(QUERY, against=[without_execution(), QUERY | {"do": GET["do"]}]) == [
        Broken("operator.table.query", NO_EXECUTION, "plan", "1")
    ]


def test_supported_configurations_count(broken_by):
    narrowed = GET | {"supported_configurations": [{"metastore": "memory"}]}
    reason = "Clients ['local'] do not include supported client memory for metastore."
    assert broken_by(narrowed, against=[FULL, GET]) == [Broken("operator.table.get", reason, "plan", "1")]


def test_of_several_configs_that_one_is_told_that_could(broken_by):
    assert broken_by(
        without_execution("2"),
        against=[config("1", metastore_clients=["local"], execution_clients=[]), config("2", **ALL), QUERY],
    ) == [Broken("operator.table.query", NO_EXECUTION, "plan", "2")]


def test_sentences_that_may_never_be_said_are_not_asked_for(broken_by):
    sometimes = operator("table", "some", do=[*GET["do"], *({**each, "when": "x"} for each in QUERY["do"])])
    assert broken_by(without_execution(), against=[FULL, sometimes]) == []


def test_descriptions_break_nothing_and_ask_for_no_client(broken_by, plan_of):
    class Refusing:
        def roles(self, name):
            raise AssertionError(name)

    edited = QUERY | {"description": "new"}
    made = plan_of(edited, against=snapshot(without_execution(), QUERY), catalog=Refusing())
    assert (made.count()["overwrite"], made.broken) == (1, ())


def test_before_there_is_any_config_nothing_is_said(broken_by):
    assert broken_by(QUERY, EXPORT, GET, against=[]) == []


def test_of_a_client_that_cannot_be_loaded_nothing_is_said(plan_of):
    class Unloadable:
        def roles(self, name):
            raise EngineError(name)

    made = plan_of(QUERY, against=snapshot(FULL), catalog=Unloadable())
    assert made.broken == ()


def python(body):
    text = f"import mason\n\nclass PyGo(mason.Operator):\n    def run(self, ctx):\n        {body}\n"
    digest, content = pack({"__init__.py": text})
    return Module(digest, content, "PyGo", survey({"__init__.py": text}).calls, True)


PYTHON = {"type": "operator", "namespace": "py", "command": "go"}


def test_the_verbs_that_a_class_is_seen_to_call_count(broken_by, plan_of):
    module = python("return ctx.execution.query('SELECT 1')")
    given = resource(PYTHON, module=module)
    assert broken_by(given, against=[without_execution()]) == [Broken("operator.py.go", NO_EXECUTION, "new", "1")]
    # Where only the state has it, its source is read.
    state = snapshot(FULL)
    held = snapshot(PYTHON, module=module.digest)
    both = replace(state, resources={**state.resources, **held.resources})
    for sources, broken in (
        ({module.digest: module.content}, (Broken("operator.py.go", NO_EXECUTION, "plan", "1"),)),
        ({}, ()),
    ):
        made = plan_of(without_execution(), against=both, catalog=registry, sources=sources)
        assert made.broken == broken


RUN = {"type": "run", "name": "daily", "operator": "table:query", "config_id": "1"}
NIGHTLY = {"type": "schedule", "name": "nightly", "workflow": "table:export", "config_id": "1", "schedule": "0 2 * * *"}
UNSUPPORTED = (
    "Configuration 1 not supported by configured engines for operator table:query. No client is configured for "
    "execution. Check operator.yaml for supported engine configurations."
)


def test_runs_and_schedules_that_are_not_in_the_plan_are_told_of(broken_by):
    against = [FULL, config("2", **ALL), GET, QUERY, EXPORT, RUN, NIGHTLY]
    found = [each for each in broken_by(without_execution(), against=against) if each.address[0] in "rs"]
    assert found == [
        Broken("run.daily", UNSUPPORTED, "plan", "1"),
        Broken("schedule.nightly", f"Step step_1: {UNSUPPORTED}", "plan", "1"),
    ]


def test_a_schedule_whose_config_has_no_scheduler_any_more(broken_by):
    less = config("1", **ALL)
    del less["scheduler_clients"]
    found = broken_by(less, against=[FULL, GET, QUERY, EXPORT, RUN, NIGHTLY])
    assert found == [Broken("schedule.nightly", "config 1 has no scheduler that keeps schedules", "plan", "1")]


def test_a_run_of_others_whose_operator_takes_another_parameter(broken_by):
    needing = QUERY | {"parameters": {"required": [{"name": "sql"}]}}
    assert broken_by(needing, against=[FULL, QUERY, RUN]) == [
        Broken("run.daily", "Required parameter not specified: sql", "plan", "1")
    ]


def test_a_run_that_could_not_be_done_before_either(broken_by):
    changed = QUERY | {"do": [{"execution.query": {"sql": "SELECT 2"}}]}
    found = broken_by(changed, against=[without_execution(), QUERY, RUN])
    assert found == [
        Broken("operator.table.query", NO_EXECUTION, "earlier", "1"),
        Broken("run.daily", UNSUPPORTED, "earlier", "1"),
    ]


def test_the_deletion_of_the_only_config(broken_by):
    made = build_destroy(snapshot(FULL, QUERY, EXPORT, GET), targets=["config.1"], catalog=registry)
    assert list(made.broken) == [
        Broken("operator.table.query", "There is no config any more.", "plan"),
        Broken("operator.table.get", "There is no config any more.", "plan"),
        Broken("workflow.table.export", "It runs operator.table.get, operator.table.query.", "plan"),
    ]
    assert build_destroy(snapshot(FULL, QUERY), catalog=registry).broken == ()
