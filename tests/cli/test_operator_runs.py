"""Runs of operators in the history: what is left of one that is cancelled or killed, and going on with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import datetime, timedelta, timezone

import pytest

from mason import secrets
from mason.project.opening import open_project
from mason.state.journal import journal_path, list_journals, read_journal
from tests.cli.notes import ALL_LOCAL
from tests.cli.test_workflows import READ, REPOSITORY, runs, steps_of

HANG = "type: operator\nnamespace: note\ncommand: hang\nparameters: {required: [unless]}\n"
HANG_CLASS = """\
import os, time

import mason


class NoteHang(mason.Operator):
    def run(self, ctx):
        ctx.info("looked")
        print("hanging", flush=True)
        # In short sleeps: a signal that comes just before one begins is heard when it ends.
        for _ in range(0 if os.path.exists(ctx.params["unless"]) else 600):
            time.sleep(0.1)
        return {"found": ctx.params["unless"]}
"""


@pytest.fixture
def operators(mason, folder):
    """Applies an operator that reads a file, and one that hangs unless there is a file."""
    (folder / "config.yaml").write_text(ALL_LOCAL)
    (folder / "read.yaml").write_text(READ)
    (folder / "hang").mkdir()
    (folder / "hang" / "operator.yaml").write_text(HANG)
    (folder / "hang" / "__init__.py").write_text(HANG_CLASS)
    applied = mason("apply", "-y")
    assert applied.code == 0, applied.err


def begin(*, ignoring: bool = False) -> subprocess.Popen:
    """Begins the one that hangs, and returns when it does."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN) if ignoring else None
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "mason", "run", "operator", "note", "hang", "-p", "unless:it.txt", "-y"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        )
    finally:
        if before is not None:
            signal.signal(signal.SIGINT, before)
    assert process.stderr is not None
    while process.stderr.readline() != "hanging\n":
        assert process.poll() is None
    return process


def test_a_run_that_ended_has_a_journal_of_one_step(mason, folder, operators):
    (folder / "it.txt").write_text("x")
    assert mason("run", "operator", "note", "hang", "-p", "unless:it.txt", "-y").code == 0
    (record,) = runs(mason)
    begun, *events = read_journal(record["run_id"]) or ()
    assert {key: value for key, value in begun.items() if key not in ("at", "by", "digests")} == {
        "event": "begun",
        "run_id": record["run_id"],
        "address": "operator.note.hang",
        "config_id": "1",
        "serial": 1,
        "given": {"file": {"step_1": {"parameters": {"unless": "it.txt"}}}, "pairs": {}},
        "parallelism": 1,
        "pid": os.getpid(),
    }
    assert [event["event"] for event in events] == ["started", "said", "ended", "finished"]
    logged = [line.split("  ", 1)[1].partition(" after ")[0] for line in mason("runs", "logs", "last").out.splitlines()]
    assert logged == ["step_1: started", "step_1: looked", "step_1: succeeded"]
    told = mason("runs", "resume", "last")
    assert told.err == f"Error: Run {record['run_id']} succeeded; there is nothing left to do.\n"


@pytest.mark.parametrize("ignoring", [False, True], ids=["", "where Ctrl-C is ignored"])
def test_one_that_goes_on_is_cancelled(mason, operators, ignoring):
    with begin(ignoring=ignoring) as process:
        (record,) = runs(mason)
        assert record["status"] == "running"
        told = mason("runs", "cancel", "last")
        assert told.out == f"Asked process {process.pid} to end run {record['run_id']}.\n"
        process.communicate(timeout=30)
    assert process.returncode == 130
    (record,) = runs(mason)
    assert (record["status"], record["errors"]) == ("interrupted", ["Interrupted."])
    assert mason("runs", "cancel", "last").err == (
        f"Error: Run {record['run_id']} has ended; there is nothing to cancel.\n"
    )


def test_one_that_was_killed_is_interrupted_and_done_again(mason, folder, operators):
    with begin() as process:
        process.kill()
    (record,) = runs(mason)
    assert record["status"] == "interrupted"
    assert "status: interrupted\n" in mason("runs", "show", "last").out
    (folder / "it.txt").write_text("x")
    resumed = mason("runs", "resume", "last", "-y")
    assert (resumed.code, resumed.out) == (0, f"Run {record['run_id']} succeeded: 1 succeeded.\n")
    (record,) = runs(mason)
    assert (record["status"], steps_of(record)) == ("succeeded", {"step_1": "succeeded"})


def test_sigterm_is_told(mason, operators):
    with begin() as process:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
    assert (process.returncode, runs(mason)[0]["status"]) == (130, "interrupted")


def test_one_that_failed_is_done_again(mason, folder, operators):
    assert mason("run", "operator", "note", "read", "-p", "path:it.txt").code == 1
    (record,) = runs(mason)
    assert record["status"] == "failed"
    (folder / "it.txt").write_text("x")
    assert mason("runs", "resume", "last").code == 0
    assert runs(mason)[0]["status"] == "succeeded"


def test_how_it_ended_is_told_where_its_record_could_not_be_kept(mason, folder, operators):
    mason("run", "operator", "note", "read", "-p", "path:it.txt")
    (record,) = runs(mason)
    store = open_project().store
    store.put_run(record["run_id"], {**store.get_run(record["run_id"]), "status": "running", "errors": []})
    (again,) = runs(mason)
    assert (again["status"], again["errors"]) == ("failed", record["errors"])


def test_a_journal_that_cannot_be_written_is_a_warning(mason, folder, operators):
    (folder / "it.txt").write_text("x")
    journals = journal_path("x").parent
    assert not journals.exists()
    journals.write_text("")
    done = mason("run", "operator", "note", "read", "-p", "path:it.txt", "--json")
    (record,) = runs(mason)
    assert (done.code, record["status"]) == (0, "succeeded")
    path = journal_path(record["run_id"])
    assert done.json["Warnings"] == [
        f"The journal {path} cannot be written: File exists. Make room there, or set MASON_HOME."
    ]


def test_its_journal_goes_with_its_record(mason, folder, operators):
    (folder / "it.txt").write_text("x")
    mason("run", "operator", "note", "read", "-p", "path:it.txt")
    (record,) = runs(mason)
    then = datetime.now(timezone.utc) - timedelta(days=40)
    old = f"{then:%Y%m%dT%H%M%S}.000-old"
    facts = {"started_at": then.isoformat(), "finished_at": then.isoformat()}
    open_project().store.put_run(old, {**record, **facts})
    journal_path(old).write_bytes(journal_path(record["run_id"]).read_bytes())
    (folder / "mason.yaml").write_text("name: notes\nhistory: {keep_runs: 1, keep_days: 30}\n")
    assert mason("runs", "prune", "--json").json["runs"] == [old]
    assert [run_id for run_id, _ in list_journals()] == [record["run_id"]]


def test_other_parameters_lie_over_those_that_it_had(mason, folder, operators):
    (folder / "it.txt").write_text("x")
    (folder / "other.yaml").write_text("path: it.txt\n")
    for other in (("-p", "path:it.txt"), ("-p", "step_1.path:it.txt"), ("-f", "other.yaml")):
        assert mason("run", "operator", "note", "read", "-p", "path:nope").code == 1
        assert mason("runs", "resume", "last", *other).code == 0
    mason("run", "operator", "note", "read", "-p", "path:nope")
    assert mason("runs", "resume", "last", "-p", "pth:x").err.splitlines()[-1] == (
        "Error: Step step_1: Unknown parameter: pth (did you mean path?)"
    )


def test_what_was_text_becomes_no_reference(mason, operators):
    """Such as what an earlier step returned, which is text whatever it looks like."""
    mason("run", "operator", "note", "read", "-p", "path:nope")
    (record,) = runs(mason)
    path = journal_path(record["run_id"])
    path.write_text(path.read_text().replace('{"path":"nope"}', '{"path":"{{runs.other.path}}"}'))
    assert mason("runs", "resume", "last").err == (
        f"Error: Run {record['run_id']} was given {{{{runs.other.path}}}} as text, which would be a reference now. "
        "Run the operator anew: mason run operator note read\n"
    )


def test_secrets_are_in_no_journal(mason, operators):
    secrets.remember("s3cr3t-value")
    mason("run", "operator", "note", "read", "-p", "path:s3cr3t-value")
    text = journal_path(runs(mason)[0]["run_id"]).read_text()
    assert "s3cr3t-value" not in text
    assert '"path":"REDACTED"' in text
    told = mason("runs", "resume", "last")
    assert told.err == (
        f"Error: Run {runs(mason)[0]['run_id']} had a secret among its parameters, which is kept nowhere. "
        "Give it again, with -f or -p: step_1.path.\n"
    )
