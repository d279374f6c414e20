"""What has to be confirmed, as values: which questions, with which word, and what is refused where nobody is asked."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mason.errors import ConflictError, DefinitionExistsError, ForeignProjectError
from mason.planner.plan import Action, Plan
from mason.project.confirming import Confirmation, of_plan, of_run, of_schedule, schedule_instead
from mason.project.runs.preparing import prepare_workflow
from mason.project.runs.running import execute_run
from mason.resources.workflow_file import given_for_workflow
from mason.runtime.workers import Control
from tests.planner.conftest import workflow

ROLES = ("metastore", "storage", "execution", "scheduler")
CONFIG = {"type": "config", "id": "1", **{f"{role}_clients": ["memory"] for role in ROLES}}
LIST = {"type": "operator", "namespace": "no", "command": "op", "do": [{"metastore.list_databases": {}}]}
DROP = LIST | {"command": "drop", "do": [{"metastore.delete_table": {"database": "a", "table": "b"}}]}
FLOWS = [workflow("w", "looks", "operator.no.op"), workflow("w", "drops", "operator.no.drop")]
QUESTION = "Apply these changes?"


@pytest.fixture
def overwriting() -> Plan:
    return Plan((Action("overwrite", "operator.table.get", "its definition changed"),))


@pytest.fixture
def run(opened, write):
    """Prepares a run of one of the two workflows."""
    write(CONFIG, LIST, DROP, *FLOWS)
    return lambda name, **given: prepare_workflow(opened, ("w", name), given_for_workflow(given), config_id="1")


def test_a_plan_is_asked_for_and_an_empty_one_is_not(overwriting):
    assert of_plan(overwriting, QUESTION) == (Confirmation(QUESTION, "yes"),)
    assert of_plan(Plan(()), QUESTION) == ()


def test_overwrites_that_nobody_is_asked_for_need_a_word_of_their_own(overwriting):
    assert of_plan(overwriting, QUESTION, approved=True, overwrite=True) == ()
    with pytest.raises(DefinitionExistsError) as refused:
        of_plan(overwriting, QUESTION, approved=True)
    assert str(refused.value) == "Definition already exists for Operator table:get (pass -o to overwrite)"


def test_each_other_project_is_asked_for_by_its_name(overwriting):
    foreign = replace(overwriting, foreign={"ships": ("operator.table.get",), "trains": ("config.1", "config.2")})
    assert of_plan(foreign, QUESTION) == (
        Confirmation("Project ships applied operator.table.get. Take that over?", "ships"),
        Confirmation("Project trains applied config.1, config.2. Take that over?", "trains"),
        Confirmation(QUESTION),
    )
    assert of_plan(foreign, QUESTION, take_over=("ships", "trains")) == (Confirmation(QUESTION),)
    with pytest.raises(ForeignProjectError) as refused:
        of_plan(foreign, QUESTION, approved=True, overwrite=True, take_over=["ships"])
    assert str(refused.value) == "config.1, config.2: applied by project trains. To take that over: --take-over trains"


def test_only_runs_that_can_change_something_are_asked_for(run):
    assert of_run(run("looks")) == ()
    assert of_run(run("drops")) == (Confirmation("Do this?"),)
    assert of_run(run("drops"), approved=True) == ()
    assert of_run(replace(run("drops"), run_id="20261121T101500.042-3f9a1c")) == (Confirmation("Do the rest?"),)


def test_where_the_parameters_say_when_it_runs_nothing_is_run_now(opened, run):
    assert schedule_instead(opened, run("looks")) is None
    prepared = run("looks", schedule="0 2 * * *")
    for ask_scheduler in (False, True):
        putting = schedule_instead(opened, prepared, ask_scheduler=ask_scheduler)
        assert putting is not None
        assert (putting.call.client, putting.call.arguments["schedule"]["schedule"]) == ("memory", "0 2 * * *")
    assert (of_schedule(), of_schedule(approved=True)) == ((Confirmation("Put this schedule?"),), ())
    with pytest.raises(ConflictError) as refused:
        execute_run(opened, prepared, parallelism=1, tell=lambda event: None, control=Control())
    assert str(refused.value) == (
        "The parameters say when Workflow w:looks runs (0 2 * * *), so nothing is run now. Give the schedule to its "
        "scheduler, or leave it out of the parameters."
    )
    assert opened.store.list_runs() == []
