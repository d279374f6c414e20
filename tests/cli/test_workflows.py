"""Workflows from the command line: the dry run, the walk, what a killed run leaves, and going on with it."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mason.project.runs.history import how_to_go_on
from mason.state.journal import read_journal
from mason.state.lock import who
from tests.cli.notes import ALL_LOCAL, WRITE
from tests.waiting import interrupt, rest_of

REPOSITORY = Path(__file__).parents[2]
READ = """\
type: operator
namespace: note
command: read
parameters:
  required: [path]
do:
  - storage.exists: {path: "{{path}}"}
    as: found
  - storage.read: {path: "{{path}}"}
"""
WAIT = """\
type: operator
namespace: note
command: wait
parameters:
  required:
    - {name: seconds, type: number}
  optional: [until]
"""
WAIT_CLASS = """\
import time
from pathlib import Path

import mason


class NoteWait(mason.Operator):
    def run(self, ctx: mason.Context) -> dict[str, float]:
        ctx.info("waiting")
        time.sleep(ctx.params["seconds"])
        while ctx.params["until"] and not Path(ctx.params["until"]).exists():
            time.sleep(0.01)
        return {"waited": ctx.params["seconds"]}
"""


def workflow(*steps: str, command: str = "all") -> str:
    return f"type: workflow\nnamespace: note\ncommand: {command}\ndag:\n" + "".join(
        f"  - {{{step}}}\n" for step in steps
    )


def step(name: str, command: str, *after: str, more: str = "") -> str:
    return f"id: {name}, namespace: note, command: {command}, dependencies: [{', '.join(after)}]{more}"


@pytest.fixture
def notes(mason, folder):
    """Applies a workflow beside operators that write, read and wait."""

    def apply(*steps: str, **more: str) -> None:
        for name, text in {"config": ALL_LOCAL, "write": WRITE, "read": READ, **more}.items():
            (folder / f"{name}.yaml").write_text(text)
        (folder / "wait").mkdir(exist_ok=True)
        (folder / "wait" / "operator.yaml").write_text(WAIT)
        (folder / "wait" / "__init__.py").write_text(WAIT_CLASS)
        (folder / "workflow.yaml").write_text(workflow(*steps))
        applied = mason("apply", "-y", "-o")
        assert applied.code == 0, applied.err

    return apply


def runs(mason) -> list[dict]:
    return mason("runs", "list", "--json").json["runs"]


def steps_of(record: dict) -> dict[str, str]:
    return {step["step"]: step["status"] for step in record["steps"]}


def test_a_run_writes_its_history(mason, folder, notes):
    notes(step("a", "write"), step("b", "read", "a"))
    pairs = ("-p", "a.path:x.txt,a.text:hello,b.path:x.txt")
    refused = mason("run", "workflow", "note", "all", *pairs, answer="no\n")
    assert refused.code == 1
    assert not (folder / "x.txt").exists()
    assert runs(mason) == []
    done = mason("run", "workflow", "note", "all", *pairs, answer="yes\n")
    (record,) = runs(mason)
    assert done.code == 0
    assert done.out.splitlines()[-1] == f"Run {record['run_id']} succeeded: 2 succeeded."
    assert (folder / "x.txt").read_text() == "hello"
    assert steps_of(record) == {"a": "succeeded", "b": "succeeded"}
    assert record["parameters"] == {"a": {"path": "x.txt", "text": "hello"}, "b": {"path": "x.txt"}}
    shown = mason("runs", "show", record["run_id"]).out.splitlines()[-3:]
    assert [re.sub(r"\d+\.\d$", "0.0", line) for line in shown] == [
        "step  status     attempts  seconds  error",
        "a     succeeded  1         0.0",
        "b     succeeded  1         0.0",
    ]


def test_faults_of_all_steps_are_told_at_once(mason, notes):
    notes(step("a", "write"), step("b", "read", "a"))
    told = mason("validate", "workflow", "note", "all", "-p", "a.path:x,b.pth:y,c.path:z")
    assert told.code == 1
    assert sorted(told.err.splitlines()) == [
        "4 errors.",
        "Error: Step a: Required parameter not specified: text",
        "Error: Step b: Required parameter not specified: path",
        "Error: Step b: Unknown parameter: pth (did you mean path?)",
        "Error: Unknown step: c (the steps are a, b)",
    ]


def test_a_failure_and_its_resumption(mason, folder, notes):
    notes(
        step("a", "write"),
        step("b", "read", "a"),
        step("c", "write", "b"),
        step("d", "write", "a", more=", trigger_rule: all_done"),
    )
    (folder / "steps.yaml").write_text(
        "a: {parameters: {path: a.txt, text: A}}\nb: {parameters: {path: missing.txt}}\n"
        "c: {parameters: {path: c.txt, text: C}}\nd: {parameters: {path: d.txt, text: D}}\n"
    )
    failed = mason("run", "workflow", "note", "all", "-f", "steps.yaml", "-y")
    (record,) = runs(mason)
    assert failed.code == 1
    assert steps_of(record) == {"a": "succeeded", "b": "failed", "c": "upstream_failed", "d": "succeeded"}
    assert failed.out.splitlines()[-1] == (
        f"Run {record['run_id']} failed: 2 succeeded, 1 failed, 1 upstream failed. "
        f"When the cause is mended: mason runs resume {record['run_id']}"
    )
    again = mason("runs", "resume", record["run_id"], "-y")
    assert again.code == 1
    (folder / "missing.txt").write_text("found")
    (folder / "a.txt").unlink()
    resumed = mason("runs", "resume", record["run_id"], "-y")
    assert resumed.code == 0, resumed.err
    assert "Done already: a, d." in resumed.err
    (record,) = runs(mason)
    assert record["status"] == "succeeded"
    assert steps_of(record) == dict.fromkeys("abcd", "succeeded")
    # What succeeded is not done again.
    assert not (folder / "a.txt").exists()
    assert (folder / "c.txt").read_text() == "C"
    told = mason("runs", "resume", record["run_id"], "-y")
    assert told.err == f"Error: Run {record['run_id']} succeeded; there is nothing left to do.\n"


def test_a_run_that_a_step_cleaned_up_after_is_to_be_done_anew(mason, folder, notes):
    notes(step("a", "write"), step("b", "read", "a"), step("c", "write", "b", more=", trigger_rule: one_failed"))
    pairs = "a.path:a.txt,a.text:A,b.path:nope,c.path:c.txt,c.text:C"
    failed = mason("run", "workflow", "note", "all", "-p", pairs, "-y")
    anew = (
        "When the cause is mended, run it anew, because c may have undone what is kept: mason run workflow note all ..."
    )
    run_id = runs(mason)[0]["run_id"]
    assert failed.out == f"Run {run_id} failed: 2 succeeded, 1 failed. {anew}\n"
    assert mason("runs", "show", "last").out.splitlines()[-1] == anew
    assert mason("runs", "resume", "last", answer="no\n").err.splitlines()[-6] == (
        "Warning: c may have undone what is kept, after a failure. If so, run it anew: mason run workflow note all ..."
    )
    # Where the step itself failed, it undid nothing.
    (folder / "c.txt").unlink()
    (folder / "c.txt").mkdir()
    (folder / "a.txt").unlink()
    assert mason("run", "workflow", "note", "all", "-p", pairs, "-y").code == 1
    assert mason("runs", "show", "last").out.splitlines()[-1] == (
        f"When the cause is mended: mason runs resume {runs(mason)[0]['run_id']}"
    )


@pytest.mark.parametrize(
    ("fact", "command"),
    [({"schedule": "nightly"}, "mason scheduler trigger nightly"), ({"resource": "run.both"}, "mason apply")],
)
def test_what_does_a_run_anew(fact, command):
    step = {"step": "c", "status": "succeeded", "trigger_rule": "one_failed"}
    assert how_to_go_on("x", {"address": "workflow.note.all", "steps": [step], **fact}) == (
        f"When the cause is mended, run it anew, because c may have undone what is kept: {command}"
    )


def test_other_parameters_cannot_refer_to_what_was_not_kept(mason, folder, notes):
    notes(step("a", "wait"), step("b", "read", "a"), step("c", "write", "a", "b"))
    pairs = ("-p", "a.seconds:0,b.path:nope,c.path:c.txt", "-p")
    mason("run", "workflow", "note", "all", *pairs, "c.text:c", "-y")
    (record,) = runs(mason)
    told = mason("runs", "resume", "last", *pairs, 'c.text:"{{steps.a.waited}}"', "-y")
    assert (told.code, told.out) == (1, "")
    assert told.err == (
        "Error: Step c needs {{steps.a.waited}}, but what a returned was not kept: nothing referred to it when it was "
        "done (run the workflow anew: mason run workflow note all)\n"
    )
    assert runs(mason) == [record]


def test_a_run_that_is_nowhere_is_not_looked_for_elsewhere(mason, folder, notes):
    notes(step("a", "wait"))
    nowhere = "Error: There is no run 'nope' in the state. See what there is with: mason runs list\n"
    assert [mason("runs", command, "nope").err for command in ("show", "logs", "resume")] == [nowhere] * 3


def test_of_a_file_that_cannot_be_read_nothing_else_is_told(mason, notes):
    notes(step("a", "write"), step("b", "read", "a"))
    assert mason("validate", "workflow", "note", "all", "-f", "none.yaml").err == (
        "Error: none.yaml: the parameter file cannot be read: no such file or directory\n"
    )


def test_references_carry_what_a_step_returned(mason, folder, notes):
    notes(step("a", "wait"), step("b", "write", "a"))
    pairs = ("-p", "a.seconds:0.01,b.path:b.txt", "-p", 'b.text:"waited {{steps.a.waited}}"')
    assert mason("run", "workflow", "note", "all", *pairs, "-y").code == 0
    assert (folder / "b.txt").read_text() == "waited 0.01"


def test_json_is_a_line_for_each_event(mason, notes):
    notes(step("a", "wait"))
    done = mason("run", "workflow", "note", "all", "-p", "a.seconds:0", "-y", "--json")
    events = [json.loads(line) for line in done.out.splitlines()]
    assert [event["event"] for event in events] == ["begun", "started", "said", "ended", "finished"]
    (record,) = runs(mason)
    logged = mason("runs", "logs", record["run_id"]).out.splitlines()
    assert [re.sub(r"\d+\.\d s$", "0.0 s", line.split("  ", 1)[1]) for line in logged] == [
        "a: started",
        "a: waiting",
        "a: succeeded after 0.0 s",
    ]


def begin(*pairs: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "mason", "run", "workflow", "note", "all", "-p", *pairs, "-y", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )


def until(process: subprocess.Popen, event: str, name: str | None = None) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        found = json.loads(line)
        if (found["event"], found.get("step")) == (event, name):
            return
    raise AssertionError(process.stderr.read() if process.stderr else "")


def test_what_a_step_says_is_told_when_it_says_it(mason, folder, notes):
    notes(step("a", "wait"))
    with begin("a.seconds:0,a.until:go") as process:
        until(process, "said", "a")
        (folder / "go").touch()
        rest_of(process)
    assert process.returncode == 0
    logged = [line.split("  ", 1)[1].partition(" after ")[0] for line in mason("runs", "logs", "last").out.splitlines()]
    assert logged == ["a: started", "a: waiting", "a: succeeded"]


def test_the_first_ctrl_c_finishes_what_runs(mason, folder, notes):
    notes(step("a", "wait"), step("b", "write", "a"))
    with begin("a.seconds:0,a.until:go,b.path:b.txt,b.text:B") as process:
        until(process, "started", "a")
        interrupt(process)
        (folder / "go").touch()
        rest_of(process)
    assert process.returncode == 130
    (record,) = runs(mason)
    assert (record["status"], steps_of(record)) == ("interrupted", {"a": "succeeded", "b": "cancelled"})
    assert mason("runs", "resume", record["run_id"], "-y").code == 0
    assert (folder / "b.txt").read_text() == "B"


def test_the_second_ctrl_c_waits_for_nothing(mason, notes):
    notes(step("a", "wait"))
    with begin("a.seconds:60") as process:
        until(process, "started", "a")
        interrupt(process)
        process.send_signal(signal.SIGINT)
        rest_of(process)
    assert process.returncode == 130
    (record,) = runs(mason)
    assert steps_of(record) == {"a": "interrupted"}


def test_a_run_that_goes_on_is_not_resumed_but_can_be_cancelled(mason, folder, notes):
    notes(step("a", "wait"), step("b", "wait", "a"))
    with begin("a.seconds:0,a.until:go,b.seconds:60") as process:
        until(process, "started", "a")
        (record,) = runs(mason)
        assert record["status"] == "running"
        told = mason("runs", "resume", record["run_id"], "-y")
        assert told.err == f"Error: Run {record['run_id']} goes on in another process. Wait until it has ended.\n"
        assert mason("runs", "cancel", record["run_id"]).code == 0
        until(process, "asked")
        (folder / "go").touch()
        rest_of(process)
    assert process.returncode == 130
    told = mason("runs", "cancel", record["run_id"])
    assert told.err == f"Error: Run {record['run_id']} has ended; there is nothing to cancel.\n"


def test_a_run_that_is_cancelled_twice_finishes_what_it_is_at(mason, folder, notes):
    notes(step("a", "wait"), step("b", "wait", "a"))
    with begin("a.seconds:0,a.until:go,b.seconds:60") as process:
        until(process, "started", "a")
        first, second = (mason("runs", "cancel", "last").out for _ in range(2))
        until(process, "asked")
        (folder / "go").touch()
        _, err = rest_of(process)
    (record,) = runs(mason)
    assert first == f"Asked process {process.pid} to end run {record['run_id']}.\n"
    assert second == (
        f"Process {process.pid} was asked to end run {record['run_id']} before, and finishes what it is at. "
        f"To stop it at once: mason runs cancel --now {record['run_id']}\n"
    )
    assert "Stopping at once." not in err
    assert steps_of(record) == {"a": "succeeded", "b": "cancelled"}
    logged = [line.split("  ", 1)[1] for line in mason("runs", "logs", "last").out.splitlines()]
    assert logged.count(f"{who()} asked the run to end") == 1
    # The next time that it goes on, it was not asked.
    command = [sys.executable, "-m", "mason", "runs", "resume", "last", "-y", "--json"]
    env = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env) as process:
        until(process, "said", "b")
        assert mason("runs", "cancel", "last").out.startswith("Asked process ")
        until(process, "asked")
        assert mason("runs", "cancel", "--now", "last").out == (
            f"Asked process {process.pid} to stop run {record['run_id']} at once.\n"
        )
        rest_of(process)
    (record,) = runs(mason)
    assert (process.returncode, steps_of(record)) == (130, {"a": "succeeded", "b": "interrupted"})


@pytest.mark.parametrize("seed", range(4))
def test_killed_at_any_moment_it_resumes(mason, folder, notes, seed):
    names = [f"s{number}" for number in range(6)]
    notes(
        *(step(name, "write", *names[index - 1 : index] if index else ()) for index, name in enumerate(names)),
        step("end", "wait", names[-1]),
    )
    pairs = ",".join(f"{name}.path:{name}.txt,{name}.text:{name}" for name in names) + ",end.seconds:0.05"
    chance = random.Random(seed)
    with begin(pairs) as process:
        until(process, "started", chance.choice(names))
        time.sleep(chance.random() / 50)
        process.kill()
    (record,) = runs(mason)
    if record["status"] != "succeeded":
        assert record["status"] == "interrupted"
        done = {name for name, status in steps_of(record).items() if status == "succeeded"}
        # Of a step that was killed after its call had returned, the journal has what that made.
        done |= {each["step"] for each in read_journal(record["run_id"]) or () if each["event"] == "submitted"}
        left = [name for name in names if name not in done]
        for name in names:
            # One that was killed while it was called may have written already, and is done again.
            (folder / f"{name}.txt").unlink(missing_ok=True)
        resumed = mason("runs", "resume", record["run_id"], "-y")
        assert resumed.code == 0, resumed.err
        assert [name for name in names if (folder / f"{name}.txt").exists()] == left
    (record,) = runs(mason)
    assert (record["status"], set(steps_of(record).values())) == ("succeeded", {"succeeded"})


def test_no_runs_yet(mason, notes):
    notes(step("a", "wait"))
    assert mason("runs", "list").out == "There are no runs yet.\n"
    assert mason("runs", "show", "20261121T101500.042-3f9a1c").code == 1


def test_cancelling_a_run_that_never_was(mason, notes):
    notes(step("a", "write"))
    told = mason("runs", "cancel", "nope")
    assert (told.code, told.err) == (1, mason("runs", "show", "nope").err)
    assert "nope" in told.err


def test_the_steps_that_a_run_is_at_are_shown(mason, folder, notes):
    notes(
        step("a", "write"),
        step("b", "wait", "a"),
        step("c", "wait", "a"),
        step("d", "wait", "b"),
        step("e", "wait", "d"),
    )
    with begin("a.path:a.txt,a.text:A,b.seconds:60,c.seconds:60,d.seconds:0,e.seconds:0") as process:
        until(process, "started", "b")
        until(process, "started", "c")
        going_on = mason("runs", "show", "last", "--json").json
        assert steps_of(going_on) == {"a": "succeeded", "b": "running", "c": "running"}
        text = mason("runs", "show", "last").out
        assert "resume" not in text
        process.kill()
    killed = mason("runs", "show", "last", "--json").json
    assert (killed["status"], steps_of(killed)) == (
        "interrupted",
        {"a": "succeeded", "b": "interrupted", "c": "interrupted"},
    )
    assert [each["attempts"] for each in killed["steps"]] == [1, 1, 1]
    for told, status in ((text, "running"), (mason("runs", "show", "last").out, "interrupted")):
        rows = [line.split()[:3] for line in told.splitlines() if line[:2] in ("b ", "c ")]
        assert rows == [["b", status, "1"], ["c", status, "1"]]
        assert "\n\n2 steps not begun.\n" in told
    assert mason("runs", "show", "last").out.splitlines()[-1] == (
        f"When the cause is mended: mason runs resume {killed['run_id']}"
    )


def test_a_step_that_waits_for_its_next_attempt_is_shown_with_what_made_it_fail(mason, folder, notes):
    notes(step("a", "read", more=", retry: constant(60), retry_max: 2"))
    with begin("a.path:nope") as process:
        until(process, "retrying", "a")
        (told,) = mason("runs", "show", "last", "--json").json["steps"]
        process.kill()
    assert (told["status"], told["attempts"], "nope" in told["error"]) == ("running", 1, True)
