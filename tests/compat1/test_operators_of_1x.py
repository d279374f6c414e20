"""Operators in Python of 1.x run as they are."""

from __future__ import annotations

import pytest

from mason.compat1.response import Response
from tests.compat1.conftest import put

JOBS = """\
from typing import Optional, Union

from mason.clients.engines.storage import StorageClient
from mason.clients.response import Response
from mason.configurations.config import Config
from mason.engines.execution.models.jobs import ExecutedJob, InvalidJob, Job
from mason.engines.execution.models.jobs.format_job import FormatJob
from mason.engines.execution.models.jobs.merge_job import MergeJob
from mason.engines.execution.models.jobs.preview_job import PreviewJob
from mason.engines.execution.models.jobs.query_job import QueryJob
from mason.engines.execution.models.jobs.summary_job import SummaryJob
from mason.engines.metastore.models.credentials import MetastoreCredentials
from mason.engines.metastore.models.table.table import Table
from mason.operators.operator_definition import OperatorDefinition
from mason.operators.operator_response import DelayedOperatorResponse
from mason.util.result import compute


class ClubWork(OperatorDefinition):
    def run_async(self, env, config, parameters, response):
        kind = parameters.get_required("kind")
        output = config.storage().path(parameters.get_optional("output") or "")
        assert isinstance(config.storage(), StorageClient)
        credentials = config.metastore().credentials()
        assert isinstance(credentials, MetastoreCredentials)
        place = config.storage().table_path("club", "2013/members.csv")
        table, response = config.metastore().get_table("club", "2013/members.csv", response=response)
        job: Job
        if kind == "query":
            job = QueryJob("SELECT name FROM $table WHERE age > 40", table)
        elif kind == "written":
            job = QueryJob("SELECT name FROM $table", table, output)
        elif kind == "format":
            job = FormatJob(table, output, "csv", "name", "age,name", None, credentials)
        elif kind == "preview":
            job = PreviewJob(place, "csv", output, credentials, limit=1)
        elif kind == "summary":
            job = SummaryJob(place, output, credentials)
        elif kind == "infer":
            database, response = config.metastore().get_database("club", response)
            named, response = config.storage().infer_table(place, "people", {}, response)
            ddl = config.metastore().generate_table_ddl(named, place, compute(database))
            job = QueryJob(ddl.statement, compute(database).tables.tables[0])
        else:
            job = Job("strange")
        done, response = config.execution().run_job(job, response)
        assert isinstance(done, (ExecutedJob, InvalidJob))
        return DelayedOperatorResponse(done, response)
"""
WORK = """\
type: operator
namespace: club
command: work
parameters: {required: [kind], optional: [output]}
"""
JOB = """\
from mason.operators.operator_definition import OperatorDefinition
from mason.operators.operator_response import DelayedOperatorResponse


class ClubJob(OperatorDefinition):
    def run_async(self, env, config, parameters, response):
        job, response = config.execution().get_job(parameters.get_required("id"), response)
        return DelayedOperatorResponse(job, response)
"""
JOB_YAML = "type: operator\nnamespace: club\ncommand: job\nparameters: {required: [id]}\n"

OF_10X = """\
from configurations import Config
from parameters import Parameters
from clients.response import Response
from api import operator_api as OperatorApi
from util.environment import MasonEnvironment

def api(*args, **kwargs): return OperatorApi.get("club", "old", *args, **kwargs)

def run(env: MasonEnvironment, config: Config, parameters: Parameters, response: Response):
    kind = parameters.safe_get("kind")
    if kind == "get":
        schemas, response = config.metastore.client.get_table("club", "2013/members.csv", response, {})
        assert [schema.type for schema in schemas] == ["csv"]
    elif kind == "list":
        response = config.metastore.client.list_tables("club", response)
    elif kind == "query":
        asked = {"query_string": "SELECT count(*) AS many FROM members", "database_name": "club/2013"}
        credentials = config.metastore.client.credentials()
        response = config.execution.client.run_job("query", credentials, asked, response)
    elif kind == "schedule":
        path = config.storage.client.path("x")
        response = config.scheduler.client.register_schedule("club", path, "nightly", response)
    else:
        response.add_error("no such " + parameters.unsafe_get("kind"))
    return response
"""


@pytest.fixture
def applied(mason, club):
    put(club / "operators", "club/work", WORK, JOBS)
    put(club / "operators", "club/job", JOB_YAML, JOB)
    put(
        club / "operators",
        "club/old",
        "type: operator\nnamespace: club\ncommand: old\nparameters: {required: [kind]}\n",
        OF_10X,
    )
    told = mason("apply", "-y")
    assert told.code == 0, told.err
    assert mason("config", "0", "-s").code == 0
    return mason


def run(applied, command: str, pairs: str, *options: str):
    return applied("run", "operator", "club", command, "-p", pairs, "-y", *options)


def test_a_table_is_shown_as_today_and_on_request_as_in_1x(applied):
    assert run(applied, "columns", "folder:club,file:2013/members.csv", "--json").json == {
        "Info": ["2013/members.csv has 3 columns"],
        "Data": [
            {
                "database": "club",
                "name": "2013/members.csv",
                "kind": "table",
                "format": "csv",
                "location": "club/2013/members.csv",
                "size": 38,
                "columns": [
                    {"name": "name", "type": "VARCHAR"},
                    {"name": "age", "type": "BIGINT"},
                    {"name": "height", "type": "DOUBLE"},
                ],
                "options": {"delimiter": ",", "header": True},
            }
        ],
    }
    told = run(applied, "columns", "folder:club,file:/2013/members.csv,first_row:true", "--legacy-json")
    assert told.json == {
        "Errors": [],
        "Info": ["2013/members.csv has 3 columns"],
        "Warnings": [],
        "Data": [
            {
                "Name": "2013/members.csv",
                "CreatedAt": "",
                "CreatedBy": "mason",
                "DatabaseName": "club",
                "Schema": {
                    "SchemaType": "csv",
                    "Columns": [
                        {"Name": "name", "Type": "object"},
                        {"Name": "age", "Type": "int64"},
                        {"Name": "height", "Type": "float64"},
                    ],
                },
            }
        ],
    }


def test_what_is_not_there_is_an_error(applied):
    told = run(applied, "columns", "folder:club,file:2013/guests.csv")
    assert (told.code, told.err.splitlines()[-1]) == (
        1,
        "Error: Table guests.csv not found in database club/2013. Tables: members.",
    )


def test_it_is_asked_for(applied):
    told = applied("run", "operator", "club", "columns", "-p", "folder:club,file:members")
    assert told.code == 1
    assert told.err.startswith(
        "Operator club:columns with config 0 would:\n"
        "  with folder='club', file='members'\n"
        "  perhaps call any verb of its config's engines: its Python does not show which\n"
        "  and run its Python, which can do anything on this machine\n"
    )


def test_a_query_without_output_is_a_job_whose_rows_are_kept(applied):
    (job,) = run(applied, "work", "kind:query", "--json").json["Data"]
    assert (job["status"], job["result"]) == ("succeeded", {"rows": [{"name": "Bob"}], "more": False})
    assert run(applied, "job", f"id:{job['job_id']}", "--json").json["Data"] == [job]
    assert run(applied, "job", "id:none").code == 1


@pytest.mark.parametrize(
    ("kind", "output", "expected"),
    [
        ("written", "out/names.csv", "name\nAnn\nBob\n"),
        ("preview", "out/first.csv", "name,age,height\nAnn,31,1.7\n"),
        (
            "summary",
            "out/summary.csv",
            "column,type,rows,non_null,distinct,min,max,mean\nname,VARCHAR,2,2,2,Ann,Bob,\n",
        ),
    ],
)
def test_jobs_write(applied, club, kind, output, expected):
    told = run(applied, "work", f"kind:{kind},output:{output}")
    assert told.code == 0, told.err
    assert (club / output).read_text().startswith(expected)


def test_jobs_write_folders_and_register_tables(applied, club):
    assert run(applied, "work", "kind:format,output:out/by_name").code == 0
    assert sorted(each.name for each in (club / "out" / "by_name").glob("name=*")) == ["name=Ann", "name=Bob"]
    (job,) = run(applied, "work", "kind:infer", "--json").json["Data"]
    assert (job["verb"], job["result"]["name"]) == ("metastore.create_table", "people")
    # It is there now, which 1.x said in its own way: the job is invalid.
    assert run(applied, "work", "kind:infer").code == 1


def test_a_job_of_ones_own_is_refused(applied):
    told = run(applied, "work", "kind:other")
    assert told.err.splitlines()[-1] == ("Error: A Job of Mason 1.x cannot be run: write it with the verbs of today.")


def test_modules_of_10x_run(applied):
    (table,) = run(applied, "old", "kind:get", "--json").json["Data"]
    assert [each["name"] for each in table["columns"]] == ["name", "age", "height"]
    assert [each["name"] for each in run(applied, "old", "kind:list", "--json").json["Data"]] == ["2013"]
    (job,) = run(applied, "old", "kind:query", "--json").json["Data"]
    assert job["result"]["rows"] == [{"many": 2}]
    assert run(applied, "old", "kind:nothing").err.splitlines()[-1] == "Error: no such nothing"


def test_schedules_made_by_calls_are_refused(applied):
    told = run(applied, "old", "kind:schedule")
    assert told.err.splitlines()[-1] == (
        "Error: register_schedule of Mason 1.0x is not kept. Write a schedule: type: schedule, name: nightly, "
        "workflow: table:infer, with the times at which it runs, and apply it."
    )


def test_an_engine_that_the_config_lacks_is_told(mason, club):
    (club / "configs" / "first.yaml").write_text("execution_engine: local\nclients: {local: {configuration: {}}}\n")
    assert mason("apply", "-y").code == 0
    told = mason("run", "operator", "club", "columns", "-p", "folder:a,file:b", "-c", "0", "-y")
    assert told.err.splitlines()[-1] == (
        "Error: No metastore is configured, and the operator asks it for get_table. Choose another config."
    )


def test_errors_before_a_run_in_the_shape_of_1x(applied):
    told = run(applied, "columns", "folder:club", "--legacy-json")
    assert (told.code, told.json) == (
        1,
        {"Errors": ["Required parameter not specified: file"], "Info": [], "Warnings": [], "Data": []},
    )


def test_data_that_an_operator_puts_in_the_place_of_another_stays():
    response = Response()
    response.add_data({"a": 1}, "model")
    other = Response()
    other.add_data({"b": 2}, "another")
    assert response.merge(other).returned() == ["model", "another"]
    response.data[0] = {"a": 1}
    assert response.returned() == [{"a": 1}, "another"]


def test_a_saved_plan_is_applied_unless_its_python_changed(mason, club):
    file = club / "operators" / "club" / "columns" / "__init__.py"
    assert mason("plan", "--out", "first.plan").code == 0
    assert mason("apply", "first.plan", "-y").code == 0
    file.write_text(f"{file.read_text()}\n# one more line\n")
    assert mason("plan", "--out", "second.plan").code == 0
    file.write_text(f"{file.read_text()}\n# and another\n")
    told = mason("apply", "second.plan", "-y")
    assert told.err.startswith(
        "Error: Python files changed since this plan was made (operator.club.columns: operators/club/columns/"
        "__init__.py)"
    )


def test_clients_that_this_mason_lacks_are_refused_when_an_operator_meets_a_config(mason, club):
    file = club / "operators" / "club" / "columns" / "operator.yaml"
    file.write_text(file.read_text() + "supported_configurations:\n  - metastore: dask\n  - metastore: athena\n")
    assert mason("apply", "-y").code == 0
    told = mason("validate", "operator", "club", "columns", "-p", "folder:a,file:b", "-c", "0")
    assert told.err.startswith(
        "Error: Configuration 0 not supported by configured engines for operator club:columns. "
        "Clients ['local'] do not include supported client dask for metastore."
    )
    file.write_text(file.read_text().replace("dask", "glui"))
    assert "unknown client 'glui'" in mason("plan").err


def test_a_class_of_1x_is_held_to_its_methods(mason, club):
    file = club / "operators" / "club" / "columns" / "__init__.py"
    file.write_text(file.read_text().replace("def run(\n", "def walk(\n"))
    told = mason("plan")
    assert told.err == (
        "Error: operators/club/columns/__init__.py:12: class ClubColumns has no method run "
        "(write def run(self, env, config, parameters, response))\n"
    )
