"""A schedule on Airflow as a resource, against a stub of its API: put, drifted, put again, imported, taken back."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.test_schedule_resources import NIGHTLY, WORKFLOW, WRITE
from tests.clients.airflow_stub import PASSWORD, AirflowStub, airflow_stub


def config(stub: AirflowStub) -> str:
    roles = {f"{role}_clients": ["local"] for role in ("metastore", "storage", "execution")}
    clients = {"airflow": {"configuration": stub.configuration(password="{{AIRFLOW_PASSWORD}}")}}
    return json.dumps({"type": "config", "id": "1", **roles, "scheduler_clients": ["airflow"], "clients": clients})


@pytest.fixture
def stub(folder: Path, monkeypatch):
    monkeypatch.setenv("AIRFLOW_PASSWORD", PASSWORD)
    (folder.parent / "dags").mkdir()
    with airflow_stub(folder.parent / "dags") as made:
        yield made


@pytest.fixture
def applied(mason, folder: Path, stub: AirflowStub) -> AirflowStub:
    """A project whose schedule is a DAG."""
    (folder / "mason.yaml").write_text("name: notes\nstate: .state\n")
    (folder / "config.yaml").write_text(config(stub))
    (folder / "work.yaml").write_text(f"{WRITE}---\n{WORKFLOW}")
    (folder / "schedule.yaml").write_text(NIGHTLY)
    done = mason("apply", "-y")
    assert done.code == 0, done.err
    stub.asked.clear()
    return stub


def test_a_plan_without_a_change_asks_airflow_for_nothing(mason, applied):
    assert mason("plan").out == ("Engines were not asked about: schedule nightly (--refresh asks)\nNo changes.\n")
    assert applied.asked == []
    assert mason("drift").out == "No drift.\n"


@pytest.mark.parametrize(
    ("by_hand", "told"),
    [
        ("paused", "enabled"),
        ("edited", "workflow"),
        ("deleted", "is gone"),
        ("file removed", "is gone"),
    ],
)
def test_what_was_done_by_hand_is_drift_and_is_put_right(mason, folder, applied, by_hand, told):
    file = applied.dags / "mason_nightly.py"
    text = file.read_text()
    if by_hand == "paused":
        applied.paused["nightly"] = True
    elif by_hand == "edited":
        file.write_text(text.replace("TO_END = 20", "TO_END = 2"))
    elif by_hand == "deleted":
        applied.unseen.add("nightly")
    else:
        file.unlink()
    drifted = mason("drift")
    assert (drifted.code, "schedule.nightly" in drifted.out, told in drifted.out) == (2, True, True), drifted.out
    applied.unseen.clear()
    again = mason("apply", "-y", "--refresh", "-o")
    assert again.code == 0, again.err
    assert mason("drift").code == 0
    assert "TO_END = 20" in file.read_text()
    assert applied.paused == {"nightly": False}


def test_schedules_whose_yaml_is_lost_are_imported(mason, folder, applied):
    text = (applied.dags / "mason_nightly.py").read_text()
    shutil.rmtree(folder / ".state")
    (folder / "schedule.yaml").unlink()
    assert mason("apply", "-y").code == 0
    done = mason("import", "airflow", "-c", "1", "-y")
    assert done.code == 0, done.err
    assert (folder / "imported" / "airflow_schedules.yaml").read_text() == (
        "---\ntype: schedule\nname: nightly\nworkflow: note:once\nconfig_id: '1'\nschedule: 0 12 * * ? *\n"
        "time_zone: Europe/Berlin\ncatch_up: none\noverlap: skip\nenabled: true\nparameters:\n  first:\n"
        "    parameters:\n      path: x.txt\n"
    )
    assert mason("apply", "-y").code == 0
    # It was there as it is to be.
    assert (applied.dags / "mason_nightly.py").read_text() == text
    assert mason("import", "airflow", "-c", "1").err == (
        "Scheduler airflow keeps no schedule of Mason's that the state does not know.\n"
    )
    assert mason("import", "local", "-c", "1").err == (
        "Error: Config 1 has no scheduler local (it has: airflow). Name another with -c.\n"
    )


def begun(mason, stub: AirflowStub, state: str) -> tuple[str, str]:
    """A run that was triggered, and of which one step has begun; its id in Mason's history, and in Airflow's."""
    triggered = mason("scheduler", "trigger", "nightly", "-c", "1", "-y", "--json")
    assert triggered.code == 0, triggered.err
    job_id = triggered.json["job_id"]
    run = stub.runs[("nightly", job_id.partition("/")[2])]
    run |= {"state": state, "tasks": [{"task_id": "first", "state": state, "try_number": 1}]}
    within = {
        "run_id": "20261129T120000.000-0a1b2c",
        "schedule": "nightly",
        "workflow": "workflow.note.once",
        "config_id": "1",
        "scheduler": "airflow",
        "job_id": job_id,
        "started_at": "2026-11-29T12:00:01.000+00:00",
        "step": "first",
        "attempt": 1,
    }
    done = mason(
        "run", "operator", "note", "write", "-c", "1", "-p", "path:x.txt", "-y", "--within", json.dumps(within)
    )
    assert done.code == 0, done.err
    return within["run_id"], job_id


def test_a_run_is_cancelled_where_it_is_done(mason, folder, applied):
    run_id, job_id = begun(mason, applied, "running")
    done = mason("runs", "cancel", "last")
    assert (done.code, done.out) == (0, f"Run {run_id} was ended in airflow: interrupted.\n")
    assert applied.runs[("nightly", job_id.partition("/")[2])]["state"] == "failed"
    shown = mason("runs", "show", "last", "--json").json
    assert (shown["status"], shown["errors"]) == ("interrupted", ["Cancelled by Mason."])
    again = mason("runs", "cancel", "last")
    assert (again.code, "no journal" in again.err) == (1, True)


def test_a_run_whose_end_nobody_wrote_down_is_shown_as_airflow_tells(mason, folder, applied):
    begun(mason, applied, "failed")
    applied.runs.update({key: run | {"state": "failed"} for key, run in applied.runs.items()})
    assert mason("runs", "list", "--json").json["runs"][0]["status"] == "running"
    shown = mason("runs", "show", "last", "--json").json
    assert (shown["status"], shown["steps"][0]["status"]) == ("failed", "failed")
    applied.failing["GET /api/v2/version"] = [(503, "starting")]
    shown = mason("runs", "show", "last")
    assert (shown.code, shown.err) == (
        0,
        "Warning: airflow could not be asked how the run goes: Cannot ask Airflow for its version: Airflow answers "
        "503: starting.\n",
    )
    assert "status: running\n" in shown.out


def test_a_schedule_that_is_taken_out_is_deleted(mason, folder, applied):
    (folder / "schedule.yaml").unlink()
    assert mason("apply", "-y", "--prune").code == 0
    assert list(applied.dags.iterdir()) == []
    assert applied.asked[-1] == "DELETE /api/v2/dags/nightly"


def test_what_airflow_does_not_keep_is_refused_when_planning(mason, folder, applied):
    checked = NIGHTLY.replace("0 12 * * ? *", "30 2 * * *").replace("Europe/Berlin", "Europe/Berlin\noverlap: queue")
    (folder / "schedule.yaml").write_text(checked)
    refused = mason("plan")
    assert refused.code == 1
    assert applied.asked == []
    lines = refused.err.splitlines()
    assert any("does not keep 02:30 in Europe/Berlin, where clocks change over it (20" in line for line in lines)
    assert any(
        "does not keep catch_up none with overlap queue (it keeps catch_up: none with overlap: skip, catch_up: latest "
        "with overlap: skip, catch_up: all with overlap: queue: write one of these, or choose" in line
        for line in lines
    )
