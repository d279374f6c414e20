"""Schedules that run by themselves: real daemons, real processes, killed and interrupted where that matters."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from mason.clients.local import LocalClient
from mason.engines.models import Dag, Schedule
from mason.engines.scheduler import Scheduler
from tests.conftest import CONFIG, Mason
from tests.waiting import interrupt, rest_of, wait_for

REPOSITORY = Path(__file__).parents[2]
NOTE = """\
type: operator
namespace: note
command: write
parameters:
  required: [text]
  optional: [{name: until, type: string}, {name: leave, type: boolean}]
"""
NOTE_CLASS = """\
import os
import time
from pathlib import Path

import mason


class NoteWrite(mason.Operator):
    def run(self, ctx: mason.Context) -> None:
        print("somebody prints")
        with open("notes.txt", "a") as notes:
            notes.write(ctx.params["text"] + "\\n")
        if ctx.params.get("leave"):
            os._exit(7)
        while ctx.params.get("until") and not Path(ctx.params["until"]).exists():
            time.sleep(0.02)
"""
WORKFLOW = """\
type: workflow
namespace: note
command: twice
dag:
  - {id: step_1, type: operator, namespace: note, command: write}
  - {id: step_2, type: operator, namespace: note, command: write, dependencies: [step_1]}
"""


@pytest.fixture
def flights(project: Path, mason: Mason) -> Iterator[Path]:
    """A project whose workflow writes two notes; its schedules are kept by ``local``. No process of it is left."""
    (project / "config.yaml").write_text(CONFIG + "scheduler_engine: local\n")
    (project / "note").mkdir()
    (project / "note" / "operator.yaml").write_text(NOTE)
    (project / "note" / "__init__.py").write_text(NOTE_CLASS)
    (project / "workflow.yaml").write_text(WORKFLOW)
    assert mason("apply", "-y").code == 0
    yield project
    while _daemons:
        daemon = _daemons.pop()
        daemon.kill()
        daemon.wait()
        for stream in (daemon.stdout, daemon.stderr):
            assert stream is not None
            stream.close()
    # What a daemon that was killed left behind waits for these.
    for name in ("go", "never"):
        (project / name).touch()


_daemons: list[subprocess.Popen[str]] = []


def hours_ago(hours: int) -> str:
    """A cron expression that was due so many hours ago, and each day."""
    return f"0 {(datetime.now(timezone.utc) - timedelta(hours=hours)).hour} * * *"


def scheduler(project: Path) -> Scheduler:
    engine = LocalClient({}, base=project).engine("scheduler")
    assert isinstance(engine, Scheduler)
    return engine


def put(project: Path, name: str = "nightly", *, days: int = 1, first=None, second=None, **options) -> Schedule:
    """A schedule that was due on so many days, two hours ago."""
    parameters = {
        "step_1": {"parameters": {"text": f"{name} 1", **(first or {})}},
        "step_2": {"parameters": {"text": f"{name} 2", **(second or {})}},
    }
    given = {
        "catch_up": "all",
        "workflow": "workflow.note.twice",
        "config_id": "1",
        "parameters": parameters,
        **options,
    }
    schedule = Schedule(name, hours_ago(2), Dag(()), **given)
    kept = scheduler(project)
    kept.put_schedule(schedule, overwrite=True)
    since = datetime.now(timezone.utc) - timedelta(days=days - 1, hours=5)
    kept.change_ledger(name, lambda _, ledger, __: replace(ledger, considered=since))
    return schedule


def notes(project: Path) -> list[str]:
    file = project / "notes.txt"
    return file.read_text().splitlines() if file.exists() else []


def begin(project: Path, *arguments: str) -> subprocess.Popen[str]:
    """A daemon in a process of its own."""
    daemon = subprocess.Popen(
        [sys.executable, "-m", "mason", "scheduler", "start", "--json", *arguments],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    _daemons.append(daemon)
    return daemon


def once(project: Path) -> list[dict]:
    """The events of a daemon that runs what is due and ends."""
    process = begin(project, "--once")
    out, err = process.communicate(timeout=60)
    assert "Traceback" not in err
    return [json.loads(line) for line in out.splitlines()]


def heard(process: subprocess.Popen[str], event: str) -> dict:
    """The next event of that kind."""
    assert process.stdout is not None
    for line in process.stdout:
        told = json.loads(line)
        if told["event"] == event:
            return told
    raise AssertionError(f"it ended without {event}")


def end(process: subprocess.Popen[str], *, expected: int = 0) -> None:
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == expected


def runs(mason: Mason) -> list[dict]:
    return mason("runs", "list", "--json").json["runs"]


def test_what_is_due_is_run_once_oldest_first(flights, mason):
    put(flights, days=3)
    events = once(flights)
    assert [event["event"] for event in events if event["event"] == "due"] == ["due"] * 3
    ended = [event for event in events if event["event"] == "ended"]
    assert [event["status"] for event in ended] == ["succeeded"] * 3
    assert [event["due"] for event in ended] == sorted({event["due"] for event in ended})
    assert notes(flights) == ["nightly 1", "nightly 2"] * 3
    recorded = runs(mason)
    assert [(run["schedule"], run["due"], run["status"]) for run in reversed(recorded)] == [
        ("nightly", event["due"], "succeeded") for event in ended
    ]
    assert {run["run_id"] for run in recorded} == {event["run_id"] for event in ended}
    shown = mason("runs", "show", recorded[0]["run_id"]).out
    assert "schedule: nightly\n" in shown
    assert f"due: {recorded[0]['due']}\n" in shown
    # All of it is done.
    assert [event["event"] for event in once(flights)] == ["watching"]


def test_what_was_missed_is_told(flights, mason):
    put(flights, days=3, catch_up="latest")
    put(flights, "other", days=1, catch_up="none")
    events = [event for event in once(flights) if event["event"] in ("due", "missed")]
    assert [(event["event"], event["schedule"], event.get("count")) for event in events] == [
        ("missed", "nightly", 2),
        ("due", "nightly", None),
        ("missed", "other", 1),
    ]
    assert notes(flights) == ["nightly 1", "nightly 2"]


def test_for_people(flights, mason):
    schedule = put(flights)
    hour = schedule.schedule.split()[1].zfill(2)
    result = mason("scheduler", "start", "--once")
    assert result.code == 0
    lines = [line.partition("  ")[2] for line in result.out.splitlines()]
    run = runs(mason)[0]
    day = run["due"][:10]
    assert lines == [
        f"Watching the schedules of config 1 (local, {flights / 'warehouse' / 'schedules'}).",
        f"nightly: due {day} {hour}:00:00",
        f"nightly: started for {day} {hour}:00:00 as run {run['run_id']}",
        f"nightly: succeeded for {day} {hour}:00:00 with run {run['run_id']}",
    ]
    listed = mason("scheduler", "list")
    following = datetime.fromisoformat(run["due"].replace("Z", "+00:00")) + timedelta(days=1)
    assert [line.split() for line in listed.out.splitlines()] == [
        ["name", "schedule", "time", "zone", "next", "(UTC)", "status", "last", "run"],
        [
            "nightly",
            *schedule.schedule.split(),
            "UTC",
            f"{following:%Y-%m-%d}",
            f"{hour}:00:00",
            "succeeded",
            run["run_id"],
        ],
    ]
    assert mason("scheduler", "list", "--json").json["schedules"][0]["last"]["run_id"] == run["run_id"]


def test_four_daemons_run_each_time_once(flights, mason):
    names = ["a", "b", "c"]
    for name in names:
        put(flights, name, days=4)
    daemons = [begin(flights, "--once", "--parallelism", "2") for _ in range(4)]
    for daemon in daemons:
        _, err = daemon.communicate(timeout=120)
        assert "Traceback" not in err
    # What one of them left because another one's run went on.
    once(flights)
    assert sorted(notes(flights)) == sorted(f"{name} {step}" for name in names for step in (1, 2) for _ in range(4))
    recorded = runs(mason)
    assert len({(run["schedule"], run["due"]) for run in recorded}) == len(recorded) == 12


def test_a_daemon_that_is_killed_takes_no_run_with_it(flights, mason):
    put(flights, days=2, first={"until": "go"})
    daemon = begin(flights)
    heard(daemon, "started")
    wait_for(lambda: notes(flights))
    daemon.kill()
    daemon.wait()
    assert runs(mason)[0]["status"] == "running"
    second = begin(flights)
    heard(second, "watching")
    (flights / "go").touch()
    # The first one's run goes on by itself; what it left waiting is run by the second one.
    assert heard(second, "ended")["status"] == "succeeded"
    end(second)
    assert notes(flights) == ["nightly 1", "nightly 2"] * 2
    assert [run["status"] for run in runs(mason)] == ["succeeded"] * 2


def test_a_run_that_is_killed_is_interrupted_and_can_be_resumed(flights, mason):
    put(flights, second={"until": "go"})
    daemon = begin(flights)
    run_id = heard(daemon, "started")["run_id"]
    wait_for(lambda: len(notes(flights)) == 2)
    (begun,) = [event for event in mason("runs", "logs", run_id, "--json").json["events"] if event["event"] == "begun"]
    os.kill(begun["pid"], signal.SIGKILL)
    ended = heard(daemon, "ended")
    assert (ended["status"], ended["run_id"]) == ("interrupted", run_id)
    end(daemon)
    assert [run["status"] for run in runs(mason)] == ["interrupted"]
    assert mason("scheduler", "list", "--json").json["schedules"][0]["last"]["status"] == "interrupted"
    assert [event["event"] for event in once(flights)] == ["watching"]
    (flights / "go").touch()
    assert mason("runs", "resume", run_id, "-y").code == 0
    assert notes(flights) == ["nightly 1", "nightly 2", "nightly 2"]
    assert [(run["status"], run["schedule"]) for run in runs(mason)] == [("succeeded", "nightly")]
    assert mason("scheduler", "list", "--json").json["schedules"][0]["last"]["status"] == "succeeded"


def test_an_operator_that_exits_takes_nothing_with_it(flights, mason):
    put(flights, "bad", first={"leave": True})
    put(flights, "good")
    process = begin(flights, "--once")
    out, _ = process.communicate(timeout=60)
    ended = {event["schedule"]: event for event in map(json.loads, out.splitlines()) if event["event"] == "ended"}
    assert (ended["bad"]["status"], ended["good"]["status"]) == ("interrupted", "succeeded")
    assert ended["bad"]["error"] == "Its process ended (exit code 7)."
    assert process.returncode == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_waits_for_what_runs(flights, mason, number):
    put(flights, days=2, first={"until": "go"})
    daemon = begin(flights)
    heard(daemon, "started")
    interrupt(daemon, number)
    (flights / "go").touch()
    out, _ = rest_of(daemon)
    assert [json.loads(line)["event"] for line in out.splitlines()] == ["ended"]
    assert daemon.returncode == 0
    # The other one waits for the next daemon.
    assert notes(flights) == ["nightly 1", "nightly 2"]
    once(flights)
    assert notes(flights) == ["nightly 1", "nightly 2"] * 2


def test_the_second_signal_leaves_no_process_behind(flights, mason):
    put(flights, first={"until": "never"})
    daemon = begin(flights)
    run_id = heard(daemon, "started")["run_id"]
    wait_for(lambda: notes(flights))
    begun = mason("runs", "logs", run_id, "--json").json["events"][0]
    interrupt(daemon)
    daemon.send_signal(signal.SIGINT)
    out, _ = rest_of(daemon)
    (event,) = [json.loads(line) for line in out.splitlines()]
    assert (event["event"], event["status"], event["run_id"]) == ("ended", "interrupted", run_id)
    with pytest.raises(ProcessLookupError):
        os.kill(begun["pid"], 0)
    assert [run["status"] for run in runs(mason)] == ["interrupted"]


def test_schedules_and_workflows_change_while_it_runs(flights, mason):
    daemon = begin(flights)
    heard(daemon, "watching")
    put(flights)
    assert heard(daemon, "ended")["status"] == "succeeded"
    (flights / "workflow.yaml").write_text(WORKFLOW.partition("  - {id: step_2")[0])
    assert mason("apply", "-y", "-o").code == 0
    put(flights, "other")
    ended = heard(daemon, "ended")
    # It gives parameters for a step that is not there any more.
    assert (ended["status"], ended["error"]) == ("failed", "Unknown step: step_2 (the steps are step_1)")
    assert runs(mason)[0]["errors"] == [ended["error"]]
    assert runs(mason)[0]["schedule"] == "other"
    scheduler(flights).delete_schedule("other")
    put(flights, "third", parameters={"step_1": {"parameters": {"text": "third"}}})
    assert heard(daemon, "ended")["status"] == "succeeded"
    end(daemon)
    assert notes(flights) == ["nightly 1", "nightly 2", "third"]


def test_what_is_not_enabled_does_not_run(flights, mason):
    put(flights, enabled=False)
    assert [event["event"] for event in once(flights)] == ["watching"]
    assert mason("scheduler", "list").out.splitlines()[1].split()[-1] == "disabled"
    refused = mason("scheduler", "trigger", "nightly", "-y")
    assert (refused.code, refused.err) == (
        1,
        "Error: Schedule nightly is not enabled, so it is not run. Write enabled: true, and apply that.\n",
    )


def test_triggering_asks_and_runs(flights, mason):
    put(flights, catch_up="none")
    refused = mason("scheduler", "trigger", "nightly", answer="no\n")
    assert refused.code == 1
    assert "Run this? Only yes is accepted" in refused.err
    assert notes(flights) == []
    done = mason("scheduler", "trigger", "nightly", answer="yes\n")
    (run,) = runs(mason)
    assert (done.code, done.out) == (0, f"Schedule nightly succeeded with run {run['run_id']}.\n")
    assert run["schedule"] == "nightly"
    assert "due" not in run
    missing = mason("scheduler", "trigger", "nigthly", "-y")
    assert missing.err == "Error: Schedule nigthly not found. Did you mean nightly?\n"


def test_what_was_handed_over_is_run_by_the_daemon(flights, mason):
    (flights / "config.yaml").write_text(CONFIG + "scheduler_engine: local_async\n")
    (flights / "job.yaml").write_text(
        "type: operator\nnamespace: job\ncommand: get\nparameters: {required: [job_id]}\n"
        "do: [{execution.get_job: {job_id: '{{job_id}}'}}]\n"
    )
    assert mason("apply", "-y", "-o").code == 0
    put(flights, catch_up="none")
    job = mason("scheduler", "trigger", "nightly", "-y", "--json").json
    assert (job["event"], job["status"]) == ("triggered", "queued")
    told = mason("scheduler", "trigger", "nightly", "-y").out
    assert told.startswith("Schedule nightly is queued as job ")
    header, row = mason("scheduler", "list").out.splitlines()
    assert header.split()[-5:] == ["(UTC)", "waiting", "status", "last", "run"]
    assert row.split()[-1] == "2"
    assert ": mason scheduler start runs it. See: mason run operator job get -p job_id:" in told
    daemon = begin(flights)
    assert [heard(daemon, "ended")["status"] for _ in range(2)] == ["succeeded"] * 2
    end(daemon)
    (got,) = mason("run", "operator", "job", "get", "-p", f"job_id:{job['job_id']}", "--json").json["Data"]
    assert (got["status"], got["result"]["schedule"]) == ("succeeded", "nightly")
    assert got["result"]["run_id"] in {run["run_id"] for run in runs(mason)}


def test_one_damaged_schedule_is_told_once_and_stops_no_other(flights, mason):
    put(flights, "broken")
    put(flights, "good")
    file = flights / "warehouse" / "schedules" / "broken.json"
    file.write_text("{")
    daemon = begin(flights)
    fault = heard(daemon, "fault")
    assert (fault["schedule"], fault["error"]) == (
        "broken",
        f"Schedule broken is damaged: {file}. Remove the file, and apply the schedule again.",
    )
    assert heard(daemon, "ended")["schedule"] == "good"
    put(flights, "good")
    # Looked at many times by now, and told once.
    assert daemon.stdout is not None
    assert json.loads(daemon.stdout.readline())["event"] == "due"
    heard(daemon, "ended")
    end(daemon)


def test_a_clock_that_was_far_ahead_is_told_of_once(flights, mason):
    put(flights)
    ahead = datetime.now(timezone.utc) + timedelta(days=400)
    scheduler(flights).change_ledger("nightly", lambda _, ledger, __: replace(ledger, considered=ahead))
    put(flights, "good")
    daemon = begin(flights)
    fault = heard(daemon, "fault")
    assert fault["schedule"] == "nightly"
    assert fault["error"].startswith(f"Its times up to {ahead:%Y-%m-%dT%H:%M:%S}")
    assert heard(daemon, "ended")["schedule"] == "good"
    put(flights, "good")
    assert daemon.stdout is not None
    assert json.loads(daemon.stdout.readline())["event"] == "due"
    heard(daemon, "ended")
    end(daemon)


def test_a_config_without_such_a_scheduler(project, mason):
    assert mason("apply", "-y").code == 0
    refused = mason("scheduler", "start")
    assert (refused.code, refused.err) == (
        1,
        "Error: No config in the state has a scheduler whose schedules Mason runs. Write scheduler_clients: [local] "
        "(or local_async) into one, and apply it.\n",
    )
    assert mason("scheduler", "list").out == "There are no schedules yet.\n"


@pytest.fixture
def standard(mason: Mason, folder: Path) -> Path:
    """A project with the standard operators, a table that a schedule's run registered, and one that nobody's did."""
    assert mason("init").code == 0
    assert mason("apply", "-y").code == 0
    parameters = {
        "step_1": {
            "parameters": {
                "path": "data/planes.csv",
                "database_name": "lake",
                "table_name": "planes",
                "overwrite": True,
            }
        }
    }
    scheduler(folder).put_schedule(
        Schedule("nightly", "0 3 * * *", Dag(()), workflow="workflow.table.infer", config_id="1", parameters=parameters)
    )
    assert mason("scheduler", "trigger", "nightly", "-y").code == 0
    registered = ["-p", "path:data/airlines.csv,database_name:lake,table_name:airlines"]
    assert mason("run", "operator", "table", "infer", "-y", *registered).code == 0
    return folder


def test_a_table_that_a_schedule_owns_is_refreshed(standard, mason):
    planes = ["-p", "database_name:lake,table_name:planes"]
    (got,) = mason("run", "operator", "table", "get", *planes, "--json").json["Data"]
    assert got["schedule"] == "nightly"
    refreshed = mason("run", "operator", "table", "refresh", "-y", *planes, "--json")
    assert refreshed.code == 0
    (job,) = refreshed.json["Data"]
    assert (job["status"], job["result"]["schedule"]) == ("succeeded", "nightly")
    assert [run.get("schedule") for run in runs(mason)].count("nightly") == 2
    (got,) = mason("run", "operator", "table", "get", *planes, "--json").json["Data"]
    assert got["schedule"] == "nightly"


def test_a_table_that_no_schedule_owns_cannot_be_refreshed(standard, mason):
    refused = mason("run", "operator", "table", "refresh", "-y", "-p", "database_name:lake,table_name:airlines")
    assert refused.code == 1
    assert refused.err.splitlines()[-1].endswith(
        "No schedule owns table airlines in database lake: it was registered by hand, so nothing tells how to refresh "
        "it. Register it with table infer in a workflow that a schedule runs."
    )


def test_a_refresh_whose_run_fails_has_failed(standard, mason):
    (standard / "data" / "planes.csv").unlink()
    refused = mason("run", "operator", "table", "refresh", "-y", "-p", "database_name:lake,table_name:planes")
    assert refused.code == 1
    told = refused.err.splitlines()[-1]
    assert "of client local failed: step_1: There is no file or folder data/planes.csv" in told
    assert "When the cause is mended: mason runs resume " in told


def test_a_schedule_is_deleted(standard, mason):
    deleted = mason("run", "operator", "schedule", "delete", "-y", "-p", "schedule_name:nightly")
    assert deleted.code == 0
    assert mason("scheduler", "list").out == "There are no schedules yet.\n"
    again = mason("run", "operator", "schedule", "delete", "-y", "-p", "schedule_name:nightly")
    assert again.err.splitlines()[-1] == "Error: Schedule nightly not found. There are no schedules."


def test_a_daemon_to_whom_nobody_listens_leaves_no_process_behind(flights, mason):
    put(flights, "a", first={"until": "go"})
    put(flights, "b", first={"until": "never"})
    daemon = begin(flights, "--parallelism", "2")
    run_ids = [heard(daemon, "started")["run_id"] for _ in range(2)]
    wait_for(lambda: len(notes(flights)) == 2)
    pids = [mason("runs", "logs", each, "--json").json["events"][0]["pid"] for each in run_ids]
    assert daemon.stdout is not None
    daemon.stdout.close()
    (flights / "go").touch()
    assert daemon.wait(timeout=60) == 141
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    assert sorted(run["status"] for run in runs(mason)) == ["interrupted", "succeeded"]


def test_a_config_that_cannot_be_used_is_told_and_spoils_no_other(flights, mason):
    (flights / "other.yaml").write_text(
        "type: config\nid: '2'\nscheduler_engine: local_async\n"
        "clients: {local_async: {configuration: {warehouse: '{{NOWHERE_TO_BE_FOUND}}'}}}\n"
    )
    assert mason("apply", "-y").code == 0
    put(flights)
    events = once(flights)
    (fault,) = [event for event in events if event["event"] == "fault"]
    assert fault["config_id"] == "2"
    assert "NOWHERE_TO_BE_FOUND" in fault["error"]
    assert [event["status"] for event in events if event["event"] == "ended"] == ["succeeded"]


def test_a_schedule_that_names_no_workflow_fails(flights, mason):
    put(flights, workflow="")
    failed = mason("scheduler", "trigger", "nightly", "-y")
    (run,) = runs(mason)
    assert (failed.code, failed.out) == (
        1,
        f"Schedule nightly failed with run {run['run_id']}.\n"
        "Schedule nightly names no workflow, so Mason cannot run it. Put it again, with workflow.\n",
    )
    assert run["status"] == "failed"


def test_a_daemon_of_a_workspace_runs_in_it(flights, mason, monkeypatch):
    monkeypatch.setenv("MASON_WORKSPACE", "staging")
    assert mason("apply", "-y").code == 0
    put(flights)
    assert [event["status"] for event in once(flights) if event["event"] == "ended"] == ["succeeded"]
    assert [run["status"] for run in runs(mason)] == ["succeeded"]
    monkeypatch.delenv("MASON_WORKSPACE")
    assert runs(mason) == []
