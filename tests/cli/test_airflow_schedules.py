"""Schedules on a real Airflow: applied, run step by step by its workers, and told of in Mason's history."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from mason.clients.airflow import AirflowClient
from mason.clients.airflow.airflow_api import Asked
from mason.engines.jobs import OPEN
from mason.engines.models import Job
from tests.airflow_servers import PASSWORD, AirflowServer
from tests.waiting import wait_for

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("airflow")]

OPERATORS = """\
type: operator
namespace: note
command: write
parameters:
  required: [path]
  optional: [{name: content, type: any, default: hello}]
do:
  - storage.write: {path: "{{path}}", content: "{{content}}", overwrite: true}
---
type: operator
namespace: note
command: read
parameters:
  required: [path]
do:
  - storage.infer_table: {path: "{{path}}"}
"""
INNER = """\
type: workflow
namespace: note
command: inner
dag:
  - {id: kept, namespace: note, command: write}
"""
FLOW = """\
type: workflow
namespace: note
command: flow
dag:
  - {id: made, namespace: note, command: write}
  - {id: part, type: workflow, namespace: note, command: inner, dependencies: [made]}
  - {id: lacks, namespace: note, command: read, dependencies: [part], retry: constant(1), retry_max: 1}
  - {id: after, namespace: note, command: write, dependencies: [lacks]}
  - {id: clean, namespace: note, command: write, dependencies: [lacks], trigger_rule: one_failed}
  - {id: always, namespace: note, command: write, dependencies: [after], trigger_rule: all_done}
  - {id: never, namespace: note, command: write, dependencies: [made], trigger_rule: one_failed}
"""
HOSTILE = "it's, \"quoted\": $HOME `id` {% if 1 %}\n''' \\ {not.a.reference} \u00e9"
REPORT = """\
type: workflow
namespace: flights
command: report
dag:
  - {id: register, namespace: table, command: infer}
  - {id: count, namespace: table, command: query, dependencies: [register], retry: exponential(5), retry_max: 3}
"""
NIGHTLY_REPORT = """\
type: schedule
name: nightly_report
workflow: flights:report
config_id: "1"
schedule: 30 4 * * *
time_zone: Europe/Berlin
catch_up: latest
parameters:
  register: {parameters: {database_name: lake, table_name: airlines, path: data/airlines.csv, overwrite: true}}
  count:
    parameters:
      database_name: lake
      table_name: airlines
      query_string: SELECT carrier, count(*) AS flights FROM $table GROUP BY carrier ORDER BY carrier
      output_path: reports/carriers.csv
      overwrite: true
"""


def config(server: AirflowServer, scheduler: str = "airflow") -> str:
    configuration = server.configuration(
        password="{{AIRFLOW_PASSWORD}}", mason=str(Path(sys.executable).parent / "mason"), deploy_timeout=240
    )
    return json.dumps(
        {
            "type": "config",
            "id": "1",
            **{f"{role}_clients": ["local"] for role in ("metastore", "storage", "execution")},
            "scheduler_clients": [scheduler],
            "clients": {
                "local": {"configuration": {"warehouse": "wh"}},
                "airflow": {"configuration": configuration},
            },
        }
    )


@pytest.fixture
def applied(mason, folder, airflow_server, monkeypatch):
    """A project with operators; gives the function that writes files and applies them. What it deployed is taken away
    in the end."""
    monkeypatch.setenv("AIRFLOW_PASSWORD", PASSWORD)
    assert mason("init", ".").code == 0
    (folder / "configs" / "local.yaml").write_text(config(airflow_server))
    (folder / "note.yaml").write_text(OPERATORS)

    def apply(*options: str, **files: str):
        for name, text in files.items():
            (folder / f"{name}.yaml").write_text(text)
        return mason("apply", "-y", *options)

    yield apply
    for file in airflow_server.dags.iterdir():
        if file.is_file():
            file.unlink()


def job_of(server: AirflowServer, job_id: str) -> Job:
    """A job once it has ended."""
    scheduler = AirflowClient(server.configuration(), base=server.dags).engine("scheduler")
    seen: list[Job] = []

    def has_ended() -> bool:
        time.sleep(0.5)
        seen[:] = [scheduler.get_job(job_id)]
        return seen[0].status not in OPEN

    wait_for(has_ended, seen=lambda: seen)
    return seen[0]


def test_the_nightly_report_runs_there_when_one_word_is_changed(mason, folder, applied, airflow_server):
    assert applied(workflow=REPORT).code == 0
    (folder / "configs" / "local.yaml").write_text(config(airflow_server, "local"))
    assert applied("-o", schedule=NIGHTLY_REPORT).code == 0
    # The word.
    (folder / "configs" / "local.yaml").write_text(config(airflow_server))
    done = applied("-o")
    assert done.code == 0, done.err
    assert mason("plan").out.endswith("No changes.\n")
    triggered = mason("scheduler", "trigger", "nightly_report", "-c", "1", "-y", "--json")
    assert triggered.code == 0, triggered.err
    job = job_of(airflow_server, triggered.json["job_id"])
    assert (job.status, job.result) == (
        "succeeded",
        {
            "schedule": "nightly_report",
            "status": "succeeded",
            "steps": {"register": "succeeded", "count": "succeeded"},
        },
    )
    assert (folder / "reports" / "carriers.csv").read_text().startswith("carrier,flights\n9E,1\n")
    (listed,) = mason("runs", "list", "--json").json["runs"]
    assert (listed["address"], listed["status"], listed["schedule"], listed["scheduler"], listed["job_id"]) == (
        "workflow.flights.report",
        "succeeded",
        "nightly_report",
        "airflow",
        job.job_id,
    )
    shown = mason("runs", "show", "last").out
    assert f"done by: airflow {job.job_id}\nstatus: succeeded\n" in shown
    assert [(each["step"], each["status"], each["attempts"]) for each in listed["steps"]] == [
        ("register", "succeeded", 1),
        ("count", "succeeded", 1),
    ]


def test_a_failure_is_cleaned_up_and_told(mason, folder, applied, airflow_server):
    given = {
        "made": {"path": "made.txt", "content": HOSTILE},
        "part": {"kept": {"parameters": {"path": "kept.txt", "content": "{{steps.made.path}}"}}},
        "lacks": {"path": "nothing.csv"},
        **{name: {"path": f"{name}.txt"} for name in ("after", "clean", "always", "never")},
    }
    schedule = {
        "type": "schedule",
        "name": "flow",
        "workflow": "note:flow",
        "config_id": "1",
        "schedule": "0 12 * * ? *",
        "parameters": {step: {"parameters": parameters} for step, parameters in given.items()},
    }
    done = applied(workflow=f"{INNER}---\n{FLOW}", schedule=json.dumps(schedule))
    assert done.code == 0, done.err
    triggered = mason("scheduler", "trigger", "flow", "-c", "1", "-y", "--json")
    job = job_of(airflow_server, triggered.json["job_id"])
    ends = {
        "made": "succeeded",
        "part.kept": "succeeded",
        "lacks": "failed",
        "after": "upstream_failed",
        "clean": "succeeded",
        "always": "succeeded",
        "never": "skipped",
    }
    assert (job.status, job.result["steps"], job.reason) == ("failed", ends, "Step lacks failed.")
    assert any("nothing.csv" in line for line in job.logs)
    assert {name: (folder / f"{name}.txt").exists() for name in given if name not in ("part", "lacks")} == {
        "made": True,
        "after": False,
        "clean": True,
        "always": True,
        "never": False,
    }
    # No shell and no template has read it.
    assert (folder / "made.txt").read_text() == HOSTILE
    assert (folder / "kept.txt").read_text() == "made.txt"
    (run,) = mason("runs", "list", "--json").json["runs"]
    assert {each["step"]: (each["status"], each["attempts"]) for each in run["steps"]} == {
        step: (end, 2 if step == "lacks" else 0 if end in ("skipped", "upstream_failed") else 1)
        for step, end in ends.items()
    }
    assert run["status"] == "failed"
    shown = mason("runs", "show", "last").out
    assert shown.endswith(
        "When the cause is mended, run it anew, because clean may have undone what is kept: mason scheduler trigger "
        "flow -c 1\n"
    )
    # The cause is mended, and its task is cleared with what came of it.
    (folder / "nothing.csv").write_text("a\n1\n")
    api = AirflowClient(airflow_server.configuration(), base=folder).api
    cleared = {
        "dry_run": False,
        "dag_run_id": job.job_id.partition("/")[2],
        "task_ids": ["lacks"],
        "only_failed": False,
        "include_downstream": True,
        "reset_dag_runs": True,
    }
    api.call(Asked("clear tasks", "POST", "/api/v2/dags/flow/clearTaskInstances", cleared))
    api.close()
    again = job_of(airflow_server, job.job_id)
    assert (again.status, again.result["steps"]) == (
        "succeeded",
        dict.fromkeys(ends, "succeeded") | {"clean": "skipped", "never": "skipped"},
    )
    (run,) = mason("runs", "list", "--json").json["runs"]
    assert run["status"] == "succeeded"
    assert {each["step"]: each["attempts"] for each in run["steps"]}["lacks"] == 3


SLEEP = """\
type: operator
namespace: note
command: sleep
parameters:
  required: [path]
"""
SLEEP_PYTHON = """\
import os
import time
from pathlib import Path

import mason


class NoteSleep(mason.Operator):
    def run(self, ctx):
        Path(ctx.params["path"]).write_text(f"{os.getpid()} {os.getppid()}")
        time.sleep(600)
"""
SLEEPS = """\
type: workflow
namespace: note
command: {command}
dag:
  - {{id: waits, namespace: note, command: sleep{timeout}}}
"""
AT_ONCE = """\
type: schedule
name: {name}
workflow: note:{name}
config_id: "1"
schedule: 0 12 * * *
parameters: {{waits: {{parameters: {{path: {path}}}}}}}
"""


def is_gone(pid: int) -> bool:
    """Whether a process has ended, be it that nobody has heard of that yet."""
    try:
        told = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True
    return told.rpartition(")")[2].split()[0] == "Z"


def pids(file: Path) -> list[int]:
    """The process that does a step, and that of its task; none where the step has not begun."""
    return [int(pid) for pid in file.read_text().split()] if file.exists() else []


def test_three_at_once_of_which_one_takes_too_long_one_is_cancelled_and_one_is_killed(
    mason, folder, applied, airflow_server
):
    operator = folder / "operators" / "note" / "sleep"
    operator.mkdir(parents=True)
    (operator / "operator.yaml").write_text(SLEEP)
    (operator / "__init__.py").write_text(SLEEP_PYTHON)
    timeouts = {"slow": ", timeout: 5", "endless": "", "killed": ""}
    workflows = [SLEEPS.format(command=name, timeout=timeout) for name, timeout in timeouts.items()]
    paths = {name: folder / f"{name}.pid" for name in timeouts}
    schedules = [AT_ONCE.format(name=name, path=json.dumps(str(path))) for name, path in paths.items()]
    done = applied(workflow="---\n".join(workflows), schedule="---\n".join(schedules))
    assert done.code == 0, done.err
    jobs = {name: mason("scheduler", "trigger", name, "-c", "1", "-y", "--json").json["job_id"] for name in timeouts}
    wait_for(lambda: pids(paths["endless"]) and pids(paths["killed"]))
    runs = {run["schedule"]: run for run in mason("runs", "list", "--json").json["runs"]}
    assert runs["endless"]["status"] == "running"
    cancelled = mason("runs", "cancel", runs["endless"]["run_id"])
    assert (cancelled.code, cancelled.out) == (
        0,
        f"Run {runs['endless']['run_id']} was ended in airflow: interrupted.\n",
    )
    os.kill(pids(paths["killed"])[1], signal.SIGKILL)
    # The process of a step is ended with its task.
    for name in ("endless", "killed"):
        wait_for(lambda name=name: is_gone(pids(paths[name])[0]))
    for name in ("slow", "killed"):
        job = job_of(airflow_server, jobs[name])
        assert (job.status, job.result["steps"]) == ("failed", {"waits": "failed"})
    # It may have been ended before it wrote anything.
    wait_for(lambda: all(is_gone(pid) for pid in pids(paths["slow"])))
    runs = {run["schedule"]: run for run in mason("runs", "list", "--json").json["runs"]}
    assert {name: run["status"] for name, run in runs.items()} == {
        "endless": "interrupted",
        "killed": "failed",
        "slow": "failed",
    }
