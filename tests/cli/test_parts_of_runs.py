"""Steps that a scheduler does one by one, each by a command of its own: the history has one run of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_schedule_resources import WRITE, config

WHOLE = {
    "run_id": "20261129T120000.000-0a1b2c",
    "schedule": "nightly",
    "due": "2026-11-29T12:00:00Z",
    "workflow": "workflow.note.flow",
    "config_id": "1",
    "scheduler": "airflow",
    "job_id": "nightly/scheduled__1",
    "started_at": "2026-11-29T12:00:01.000+00:00",
}
READ = """\
---
type: operator
namespace: note
command: read
parameters:
  required: [path]
do:
  - storage.read: {path: "{{path}}"}
"""


@pytest.fixture
def applied(mason, folder: Path) -> None:
    (folder / "mason.yaml").write_text("name: notes\nstate: .state\n")
    (folder / "all.yaml").write_text(f"{config()}---\n{WRITE}{READ}")
    assert mason("apply", "-y").code == 0


def step(mason, name: str, command: str, path: str, attempt: int = 1, **more: Any):
    within = json.dumps({**WHOLE, "step": name, "attempt": attempt, **more})
    given = json.dumps({"path": path})
    return mason("run", "operator", "note", command, "-c", "1", "-p", given, "-y", "--json", "--within", within)


def gather(mason, **ends: str):
    return mason("runs", "gather", "--within", json.dumps(WHOLE), answer=json.dumps(ends))


def test_a_run_is_one_in_the_history_while_it_goes_on_and_when_it_has_ended(mason, folder, applied):
    assert step(mason, "one", "write", "one.txt").code == 0
    (run,) = mason("runs", "list", "--json").json["runs"]
    assert (run["run_id"], run["status"], [each["step"] for each in run["steps"]]) == (
        WHOLE["run_id"],
        "running",
        ["one"],
    )
    failed = step(mason, "two", "read", "none.txt", trigger_rule="all_done")
    assert (failed.code, failed.json["Errors"]) == (1, [f"There is no file none.txt in {folder}."])
    assert step(mason, "two", "read", "one.txt", attempt=2, trigger_rule="all_done").code == 0
    done = gather(mason, one="succeeded", two="succeeded", three="skipped")
    assert (done.code, done.out) == (0, f"Run {WHOLE['run_id']} succeeded: 2 succeeded, 1 skipped.\n")
    shown = mason("runs", "show", "last", "--json").json
    assert {name: shown[name] for name in ("address", "status", "schedule", "due", "scheduler", "job_id")} == {
        "address": "workflow.note.flow",
        "status": "succeeded",
        "schedule": "nightly",
        "due": "2026-11-29T12:00:00Z",
        "scheduler": "airflow",
        "job_id": "nightly/scheduled__1",
    }
    assert [(each["step"], each["status"], each["attempts"], each.get("trigger_rule")) for each in shown["steps"]] == [
        ("one", "succeeded", 1, None),
        ("two", "succeeded", 2, "all_done"),
        ("three", "skipped", 0, None),
    ]
    assert "source" in mason("runs", "list").out.splitlines()[0]


def test_a_failure_says_where_to_look_and_how_to_go_on(mason, folder, applied):
    # What another attempt does not mend has another exit code, and a record of its own.
    wrong = step(mason, "one", "write", "{{steps.zero.path}}")
    assert (wrong.code, wrong.err.splitlines()[-1]) == (
        3,
        "Error: Parameter path: it needs {{steps.zero.path}}, but nothing was handed over of earlier steps (pass "
        "--results FILE)",
    )
    done = gather(mason, one="failed", two="upstream_failed", three="failed")
    again = (
        "When the cause is mended, clear its failed tasks in airflow (run nightly/scheduled__1), or run it anew: mason "
        "scheduler trigger nightly -c 1"
    )
    assert (done.code, done.out) == (
        1,
        f"Run {WHOLE['run_id']} failed: 2 failed, 1 upstream failed. {again}\n",
    )
    (run,) = mason("runs", "list", "--json").json["runs"]
    assert [each["error"] for each in run["steps"]] == [
        wrong.err.splitlines()[-1].removeprefix("Error: "),
        "",
        "it left no record: look into its log in airflow",
    ]
    refused = mason("runs", "resume", "last", "-y")
    assert (refused.code, refused.err) == (
        1,
        f"Error: airflow does the steps of run {WHOLE['run_id']}. {again}\n",
    )


@pytest.mark.parametrize(
    ("within", "why"),
    [
        ("[", "Expecting value: line 1 column 2 (char 1)"),
        ("[]", "it must be a mapping"),
        ('{"run_id": 1}', "run_id is unknown, or of the wrong type"),
        ('{"step_id": "a"}', "step_id is unknown, or of the wrong type"),
        (json.dumps({**WHOLE, "run_id": "a:b"}), "run_id is no id of a run"),
    ],
)
def test_what_is_said_of_the_run_is_checked(mason, folder, applied, within, why):
    refused = mason("run", "operator", "note", "write", "-c", "1", "-p", "path:a", "-y", "--within", within)
    assert (refused.code, refused.err) == (1, f"Error: What --within says of the run: {why}\n")


def test_how_steps_ended_is_checked(mason, folder, applied):
    refused = gather(mason, one="done")
    assert (refused.code, refused.err) == (
        1,
        "Error: stdin: How the steps ended: it must be a mapping of steps to how they ended: succeeded, failed, "
        "upstream_failed, skipped, interrupted\n",
    )
