"""Runs as resources: planned with their sentences, done by apply, and again only when something they use changed."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mason.state.journal import journal_path
from mason.state.local import LocalStateStore
from mason.state.lock import who
from tests.cli.notes import ALL_LOCAL, WRITE, actions
from tests.waiting import interrupt, read_until, rest_of, wait_for

APPEND = """\
type: operator
namespace: note
command: append
parameters:
  required:
    - path
    - text
    - {name: seconds, type: number}
  optional: [until]
"""
APPEND_CLASS = """\
import pathlib
import time

import mason


class NoteAppend(mason.Operator):
    def run(self, ctx: mason.Context) -> dict[str, str]:
        pathlib.Path(ctx.params["path"] + ".begun").touch()
        time.sleep(ctx.params["seconds"])
        end = time.monotonic() + 60
        while ctx.params["until"] and not pathlib.Path(ctx.params["until"]).exists():
            assert time.monotonic() < end
            time.sleep(0.01)
        if ctx.params["text"] == "fail":
            raise ValueError("asked to fail")
        with open(ctx.params["path"], "a") as opened:
            opened.write(ctx.params["text"] + "\\n")
        return {"written": ctx.params["text"] + "!"}
"""
WORKFLOW = """\
type: workflow
namespace: note
command: both
dag:
  - {id: first, namespace: note, command: append}
  - {id: second, namespace: note, command: append, dependencies: [first]}
"""
BOTH = """\
type: run
name: both
workflow: note:both
config_id: 1
parameters:
  first: {parameters: {path: log.txt, text: one, seconds: 0}}
  second: {parameters: {path: log.txt, text: two, seconds: 0}}
"""


@pytest.fixture
def applied(mason, folder):
    """A project whose definitions are applied; gives the function that writes and applies ``runs.yaml``."""
    (folder / "mason.yaml").write_text("name: notes\nstate: .state\n")
    (folder / "config.yaml").write_text(ALL_LOCAL)
    (folder / "write.yaml").write_text(WRITE)
    (folder / "append").mkdir()
    (folder / "append" / "operator.yaml").write_text(APPEND)
    (folder / "append" / "__init__.py").write_text(APPEND_CLASS)
    (folder / "workflow.yaml").write_text(WORKFLOW)
    assert mason("apply", "-y").code == 0

    def apply(text: str | None = None, *options: str):
        if text is not None:
            (folder / "runs.yaml").write_text(text)
        return mason("apply", "-y", *options)

    return apply


def log(folder: Path) -> list[str]:
    return (folder / "log.txt").read_text().split() if (folder / "log.txt").exists() else []


def outcome(folder: Path, address: str) -> dict:
    return json.loads((folder / ".state" / "state.json").read_text())["resources"][address]["outcome"]


def test_the_plan_draws_a_run_and_says_its_sentences_and_apply_does_it_once(mason, folder, applied):
    (folder / "runs.yaml").write_text(BOTH)
    assert mason("plan").out == (
        "  > run.both  runs.yaml:1  (it was never done)\n"
        "\n"
        "      o  first   note:append\n"
        "      v\n"
        "      o  second  note:append\n"
        "\n"
        "      first: Operator note:append with config 1\n"
        "        with path='log.txt', text='one', seconds=0\n"
        "        call no engine\n"
        "        and run its Python, which can do anything on this machine\n"
        "      second: Operator note:append with config 1, after first\n"
        "        with path='log.txt', text='two', seconds=0\n"
        "        call no engine\n"
        "        and run its Python, which can do anything on this machine\n"
        "\n"
        "Legend: > run\n"
        "\n"
        "Plan: 0 to create, 0 to overwrite, 0 to delete, 1 to run.\n"
    )
    assert log(folder) == []
    done = applied()
    assert (done.code, log(folder)) == (0, ["one", "two"])
    assert done.out.splitlines()[-3:] == [
        "Successfully ran Run both",
        "",
        "Apply complete: 0 created, 0 overwritten, 0 deleted, 1 run.",
    ]
    assert [line.partition(" after ")[0] for line in done.err.splitlines()] == [
        "Run both: first: started",
        "Run both: first: succeeded",
        "Run both: second: started",
        "Run both: second: succeeded",
    ]
    assert mason("plan").out == "No changes.\n"
    assert (applied().out, log(folder)) == ("No changes.\n", ["one", "two"])
    (record,) = mason("runs", "list", "--json").json["runs"]
    assert (record["resource"], record["status"]) == ("run.both", "succeeded")
    assert mason("get", "run").out.splitlines()[1].split()[:4] == ["both", "note:both", "1", "succeeded"]


def test_nobody_said_yes(mason, folder, applied):
    (folder / "runs.yaml").write_text(BOTH)
    assert mason("apply", answer="no\n").code == 1
    assert (log(folder), mason("runs", "list", "--json").json["runs"]) == ([], [])


@pytest.mark.parametrize(
    ("file", "before", "after", "reason"),
    [
        ("runs.yaml", "text: two", "text: three", "its parameters changed"),
        ("config.yaml", "id: '1'\n", "id: '1'\nclients: {local: {configuration: {threads: 2}}}\n", "config.1 changed"),
        ("workflow.yaml", "[first]}", "[first], timeout: 60}", "workflow.note.both changed"),
        ("append/__init__.py", "import time\n", "import time  # so\n", "operator.note.append changed"),
    ],
)
def test_what_a_run_uses_changed(mason, folder, applied, file, before, after, reason):
    applied(BOTH)
    text = (folder / file).read_text()
    assert before in text
    (folder / file).write_text(text.replace(before, after))
    assert ("run", "run.both", reason) in actions(mason)
    assert applied(None, "-o").code == 0
    assert len(log(folder)) == 4
    assert mason("plan").out == "No changes.\n"


def test_a_new_description_is_saved_and_nothing_is_done(mason, folder, applied):
    applied(BOTH)
    (folder / "runs.yaml").write_text(BOTH + "description: both\n")
    assert actions(mason) == [("overwrite", "run.both", "its definition changed, but nothing that it does")]
    assert applied(None, "-o").code == 0
    assert (log(folder), mason("plan").out) == (["one", "two"], "No changes.\n")
    assert outcome(folder, "run.both")["status"] == "succeeded"


@pytest.mark.parametrize("compare", ["stat", "content"])
def test_inputs_that_changed(mason, folder, applied, compare):
    (folder / "in").mkdir()
    (folder / "in" / "a.csv").write_text("1")
    applied(BOTH + f"inputs: [in/*.csv, other]\ncompare: {compare}\n")
    assert mason("plan").out == "No changes.\n"
    os.utime(folder / "in" / "a.csv", (1, 1))
    touched = [("run", "run.both", "its inputs changed: in/*.csv")]
    assert actions(mason) == ([] if compare == "content" else touched)
    (folder / "in" / "b.csv").write_text("2")
    (folder / "other").write_text("3")
    assert actions(mason) == [("run", "run.both", "its inputs changed: in/*.csv, other")]
    assert applied().code == 0
    assert mason("plan").out == "No changes.\n"


def test_a_run_that_writes_into_its_own_inputs_is_told_so(mason, folder, applied):
    done = applied(BOTH + "inputs: [log.txt]\n")
    assert done.code == 0
    assert done.err.splitlines()[-1] == (
        "Run both: inputs: log.txt changed while it ran, so it will be planned again. "
        "If it writes there itself, leave that out of its inputs"
    )
    assert actions(mason) == [("run", "run.both", "its inputs changed: log.txt")]


def test_inputs_that_cannot_be_looked_at(mason, folder, applied):
    applied(BOTH + "inputs: [in]\n")
    (folder / "runs.yaml").write_text(BOTH + "inputs: [../elsewhere]\n")
    told = mason("plan")
    assert told.code == 1
    assert told.err.startswith(
        "Error: runs.yaml:8: Run both: its inputs cannot be looked at: ../elsewhere lies outside"
    )


def test_a_run_that_failed_is_planned_again_and_exit_code_and_last_line_say_so(mason, folder, applied):
    failed = applied(BOTH.replace("text: two", "text: fail"))
    (record,) = mason("runs", "list", "--json").json["runs"]
    run_id = record["run_id"]
    assert (failed.code, log(folder)) == (1, ["one"])
    assert failed.out.splitlines()[-1] == ("Apply incomplete: 0 created, 0 overwritten, 0 deleted, 0 run; 1 failed.")
    assert failed.err.splitlines()[-2:] == [
        "Error: Run both failed: second: Operator note:append raised ValueError: asked to fail (__init__.py:16)",
        f"See what it did: mason runs show {run_id}. Go on where it stopped: mason runs resume {run_id}. "
        "Or change the files, and apply again.",
    ]
    assert actions(mason) == [("run", "run.both", f"it failed last time, as run {run_id}")]
    assert applied(BOTH).code == 0
    assert (log(folder), mason("plan").out) == (["one", "one", "two"], "No changes.\n")


def test_a_failed_run_that_may_have_cleaned_up_is_to_be_looked_at(mason, folder, applied):
    (folder / "rescue.yaml").write_text(
        "type: workflow\nnamespace: note\ncommand: rescue\ndag:\n"
        "  - {id: first, namespace: note, command: append}\n"
        "  - {id: clean, namespace: note, command: append, dependencies: [first], trigger_rule: one_failed}\n"
    )
    failed = applied(
        "type: run\nname: both\nconfig_id: 1\nworkflow: note:rescue\nparameters:\n"
        "  first: {parameters: {path: log.txt, text: fail, seconds: 0}}\n"
        "  clean: {parameters: {path: log.txt, text: clean, seconds: 0}}\n"
    )
    run_id = outcome(folder, "run.both")["run_id"]
    assert failed.err.splitlines()[-1] == (
        f"See what it did, and how to go on: mason runs show {run_id}. Or change the files, and apply again."
    )
    assert mason("runs", "show", run_id).out.splitlines()[-1].endswith("may have undone what is kept: mason apply")


def test_one_run_of_an_apply_is_cancelled_and_the_others_go_on(mason, folder, applied):
    one = BOTH.replace("text: one, seconds: 0", "text: one, seconds: 0, until: go")
    other = one.replace("name: both", "name: other").replace("path: log.txt", "path: other.txt")
    (folder / "runs.yaml").write_text(f"{one}---\n{other}")
    command = [sys.executable, "-m", "mason", "apply", "-y", "--parallelism", "2"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        wait_for(lambda: (folder / "log.txt.begun").exists() and (folder / "other.txt.begun").exists())
        run_id = outcome(folder, "run.both")["run_id"]
        told = mason("runs", "cancel", run_id).out
        read_until(process.stderr, f"Run both: {who()} asked the run to end\n")
        (folder / "go").touch()
        process.wait(60)
    assert told == f"Asked process {process.pid} to end run {run_id}.\n"
    assert process.returncode == 130
    ended = {each["resource"]: each["status"] for each in mason("runs", "list", "--json").json["runs"]}
    assert ended == {"run.both": "interrupted", "run.other": "succeeded"}
    assert (log(folder), (folder / "other.txt").read_text()) == (["one"], "one\ntwo\n")


def test_a_resumed_run_settles_its_resource(mason, folder, applied):
    applied(
        BOTH.replace("seconds: 0", "seconds: 0", 1).replace("path: log.txt, text: two", "path: no/log.txt, text: two")
    )
    (record,) = mason("runs", "list", "--json").json["runs"]
    assert (record["status"], log(folder)) == ("failed", ["one"])
    (folder / "no").mkdir()
    resumed = mason("runs", "resume", "-y", record["run_id"])
    assert (resumed.code, resumed.err.splitlines()[-1].partition(" after ")[0]) == (0, "second: succeeded")
    assert (log(folder), mason("plan").out) == (["one"], "No changes.\n")


def test_a_run_resumed_after_its_operator_was_mended_is_not_done_again(mason, folder, applied):
    broken = APPEND_CLASS.replace('text"] == "fail"', 'text"] == "two"')
    (folder / "append" / "__init__.py").write_text(broken)
    applied(BOTH.replace("first: {", "first: {config_id: 1, "), "-o")
    (record,) = mason("runs", "list", "--json").json["runs"]
    (folder / "append" / "__init__.py").write_text(APPEND_CLASS)
    assert mason("apply", "-y", "-o", "append").code == 0
    assert mason("runs", "resume", "-y", record["run_id"]).code == 0
    # The first step was done by the operator as it was before.
    assert actions(mason) == [("run", "run.both", "operator.note.append changed")]


def test_a_run_resumed_with_other_parameters_stays_to_be_done(mason, folder, applied):
    applied(BOTH.replace("text: two", "text: fail"))
    (record,) = mason("runs", "list", "--json").json["runs"]
    resumed = mason("runs", "resume", "-y", record["run_id"], "-p", "second.text:2")
    assert resumed.code == 0
    assert resumed.err.splitlines()[-1] == (
        "Warning: run.both was resumed with other parameters than its definition has: it stays to be done."
    )
    assert [kind for kind, _, _ in actions(mason)] == ["run"]


def test_parameters_that_a_run_was_resumed_with_before_are_other_ones(mason, folder, applied):
    applied(BOTH.replace("path: log.txt, text: two", "path: no/log.txt, text: two"))
    (record,) = mason("runs", "list", "--json").json["runs"]
    assert mason("runs", "resume", "-y", record["run_id"], "-p", "second.text:2").code == 1
    (folder / "no").mkdir()
    resumed = mason("runs", "resume", "-y", record["run_id"])
    assert (resumed.code, (folder / "no" / "log.txt").read_text()) == (0, "2\n")
    assert resumed.err.splitlines()[-1] == (
        "Warning: run.both was resumed with other parameters than its definition has: it stays to be done."
    )


def test_the_same_parameters_are_no_other_ones(mason, folder, applied):
    applied(BOTH.replace("path: log.txt, text: two", "path: no/log.txt, text: two"))
    (record,) = mason("runs", "list", "--json").json["runs"]
    (folder / "no").mkdir()
    resumed = mason("runs", "resume", "-y", record["run_id"], "-p", "second.text:two,first.text:changed")
    assert resumed.code == 0
    assert "Warning: Step first is done: it keeps the parameters that it ran with\n" in resumed.err
    assert mason("plan").out == "No changes.\n"


def begin(*arguments: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "mason", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


HANGING = BOTH.replace("name: both", "name: hanging").replace("path: log.txt", "path: hanging.txt")


def test_a_run_resource_is_not_resumed_while_somebody_applies(mason, folder, applied):
    applied(BOTH.replace("path: log.txt, text: two", "path: no/log.txt, text: two"))
    (record,) = mason("runs", "list", "--json").json["runs"]
    (folder / "no").mkdir()
    (folder / "runs.yaml").write_text(HANGING.replace("seconds: 0", "seconds: 0, until: go"))
    with begin("apply", "-y") as process:
        wait_for(lambda: (folder / "hanging.txt.begun").exists())
        told = mason("runs", "resume", record["run_id"], "-y", "--lock-timeout", "0")
        (folder / "go").touch()
        rest_of(process)
    assert (told.code, log(folder)) == (1, ["one"])
    locked = told.err.splitlines()[-1]
    assert f"is locked: {who()} (process {process.pid}) has held it for 'apply' since " in locked
    assert mason("runs", "resume", record["run_id"], "-y", "--lock-timeout", "0").code == 0


def test_nobody_applies_while_a_run_resource_is_resumed(mason, folder, applied):
    fails = BOTH.replace("path: log.txt, text: two, seconds: 0", "path: no/log.txt, text: two, seconds: 0, until: go")
    (folder / "go").touch()
    applied(fails)
    (record,) = mason("runs", "list", "--json").json["runs"]
    (folder / "go").unlink()
    (folder / "no").mkdir()
    (folder / "other.yaml").write_text(WRITE.replace("command: write", "command: other"))
    with begin("runs", "resume", "-y", record["run_id"]) as process:
        wait_for(lambda: (folder / "no" / "log.txt.begun").exists())
        told = mason("apply", "-y", "--lock-timeout", "0")
        (folder / "go").touch()
        rest_of(process)
    assert (told.code, process.returncode) == (1, 0)
    assert f"(process {process.pid}) has held it for 'resume' since " in told.err
    assert outcome(folder, "run.both")["status"] == "succeeded"


def test_the_run_of_a_workflow_is_resumed_whoever_applies(mason, folder, applied):
    (folder / "steps.yaml").write_text(
        "first: {parameters: {path: log.txt, text: one, seconds: 0}}\n"
        "second: {parameters: {path: no/log.txt, text: two, seconds: 0}}\n"
    )
    assert mason("run", "workflow", "note", "both", "-y", "-f", "steps.yaml").code == 1
    (folder / "no").mkdir()
    (record,) = mason("runs", "list", "--json").json["runs"]
    (folder / "runs.yaml").write_text(HANGING.replace("seconds: 0", "seconds: 0, until: go"))
    with begin("apply", "-y") as process:
        wait_for(lambda: (folder / "hanging.txt.begun").exists())
        told = mason("runs", "resume", record["run_id"], "-y", "--lock-timeout", "0")
        (folder / "go").touch()
        rest_of(process)
    assert told.code == 0


TAKER = """\
type: run
name: taker
operator: note:append
config_id: 1
parameters: {path: log.txt, text: "<{{runs.take.done}}>", seconds: 0}
"""
CHAIN = """\
type: run
name: infer
operator: note:append
config_id: 1
parameters: {path: log.txt, text: a, seconds: 0}
---
type: run
name: export
operator: note:append
config_id: 1
parameters: {path: log.txt, text: "<{{runs.infer.written}}>", seconds: 0}
"""


def test_a_run_uses_what_another_returned(mason, folder, applied):
    assert applied(CHAIN).code == 0
    assert log(folder) == ["a", "<a!>"]
    assert mason("plan").out == "No changes.\n"
    (folder / "runs.yaml").write_text(CHAIN.replace("text: a", "text: b"))
    assert actions(mason) == [
        ("run", "run.infer", "its parameters changed"),
        ("run", "run.export", "run.infer before it may change what it is given"),
    ]
    assert applied().code == 0
    assert (log(folder), mason("plan").out) == (["a", "<a!>", "b", "<b!>"], "No changes.\n")


def test_what_is_known_not_to_be_in_a_result_is_refused_before_anything_runs(mason, folder, applied):
    applied(CHAIN.partition("---")[0])
    kept = CHAIN.replace("---", TAKER.replace("take.done", "infer.written").join(["---\n", "---"]))
    assert applied(kept).code == 0
    (folder / "runs.yaml").write_text(kept.replace("<{{runs.infer.written}}>", "<{{runs.infer.wrote}}>"))
    planned = mason("plan")
    assert (planned.code, planned.out) == (1, "")
    but = "it needs {{runs.infer.wrote}}, but what runs.infer.step_1 returned has no wrote (it has: written)"
    assert planned.err.splitlines() == [
        f"Error: runs.yaml:11: Run taker: {but}",
        f"Error: runs.yaml:17: Run export: {but}",
        "2 errors.",
    ]
    # When that run is done again, it may return something else.
    (folder / "runs.yaml").write_text(
        kept.replace("<{{runs.infer.written}}>", "<{{runs.infer.wrote}}>").replace("text: a", "text: b")
    )
    assert mason("plan").code == 0


def test_an_input_where_nothing_is_is_warned_of_unless_a_run_before_may_make_it(mason, folder, applied):
    (folder / "runs.yaml").write_text(BOTH + "inputs: [in, inn/*.csv]\n")
    (folder / "in").mkdir()
    (folder / "in" / "a.csv").write_text("a\n1\n")
    warning = "run.both: there is nothing at its input inn/*.csv"
    assert mason("plan", "--json").json["warnings"] == [warning]
    assert mason("apply", "-y").code == 0
    assert mason("plan").out == "No changes.\n"
    (folder / "in" / "a.csv").write_text("a\n22\n")
    assert mason("plan", "--json").json["warnings"] == [warning]
    (folder / "runs.yaml").write_text(BOTH + "inputs: [in, inn/*.csv]\ndepends_on: [infer]\n---\n" + CHAIN)
    assert mason("plan", "--json").json["warnings"] == []


def test_a_run_after_one_that_changed_nothing_for_it_is_not_done(mason, folder, applied):
    applied(CHAIN)
    (folder / "runs.yaml").write_text(CHAIN.replace("seconds: 0", "seconds: 0.0", 1))
    done = applied()
    assert log(folder) == ["a", "<a!>", "a"]
    assert done.out.splitlines()[-4:] == [
        "Successfully ran Run infer",
        "Run export was not needed: what it is given is as it was",
        "",
        "Apply complete: 0 created, 0 overwritten, 0 deleted, 1 run.",
    ]
    assert mason("plan").out == "No changes.\n"


def test_a_result_that_nobody_kept_is_made_again(mason, folder, applied):
    applied(CHAIN.partition("---")[0])
    assert applied(CHAIN).code == 0
    assert log(folder) == ["a", "a", "<a!>"]


def test_inputs_that_a_run_before_it_makes(mason, folder, applied):
    made = (
        "type: run\nname: make\noperator: note:write\nconfig_id: 1\nparameters: {path: in/a.csv, text: 'a'}\n---\n"
        + BOTH
        + "inputs: [in]\ndepends_on: [make]\n"
    )
    assert applied(made).code == 0
    assert mason("plan").out == "No changes.\n"
    (folder / "runs.yaml").write_text(made.replace("text: 'a'", "text: 'b'"))
    assert actions(mason)[1] == ("run", "run.both", "run.make before it may change what it is given")
    assert applied().code == 0
    assert (len(log(folder)), mason("plan").out) == (4, "No changes.\n")


def test_a_run_does_not_begin_when_one_that_it_waits_for_failed(mason, folder, applied):
    failed = applied(CHAIN.replace("text: a", "text: fail"))
    assert (failed.code, log(folder)) == (1, [])
    assert failed.out.splitlines()[-1] == (
        "Apply incomplete: 0 created, 0 overwritten, 0 deleted, 0 run; 1 failed, 1 not begun."
    )
    report = mason("apply", "-y", "--json").json
    assert [each["address"] for each in report["failed"]] == ["run.infer"]
    assert report["not_begun"] == [{"action": "run", "address": "run.export"}]


def test_faults_of_runs_are_told_with_their_lines_all_at_once(mason, folder, applied):
    (folder / "runs.yaml").write_text(
        BOTH.replace("second:", "third:").replace("text: one", "txt: one")
        + "---\n"
        + CHAIN.replace("runs.infer.written", "runs.infr.written").replace("text: a", "text: 1, more: 2")
    )
    told = mason("plan")
    assert told.code == 1
    assert sorted(told.err.splitlines()) == [
        "8 errors.",
        "Error: runs.yaml:13: Run infer: Unknown parameter: more"
        " (operator note:append takes: path, text, seconds, until)",
        "Error: runs.yaml:19: run.export uses run.infr, which is neither in these files nor in the state"
        " (did you mean 'run.infer'?)",
        "Error: runs.yaml:5: Run both: Step first: Required parameter not specified: text",
        "Error: runs.yaml:5: Run both: Step second: Required parameter not specified: path",
        "Error: runs.yaml:5: Run both: Step second: Required parameter not specified: seconds",
        "Error: runs.yaml:5: Run both: Step second: Required parameter not specified: text",
        "Error: runs.yaml:6: Run both: Step first: Unknown parameter: txt (did you mean text?)",
        "Error: runs.yaml:7: Run both: Unknown step: third (the steps are first, second)",
    ]


def test_a_misspelt_reference(mason, folder, applied):
    (folder / "runs.yaml").write_text(BOTH.replace("text: two", "text: '{{step.first.written}}, {{FREE}}, {{a.b}}'"))
    assert mason("plan").err == (
        "Error: runs.yaml:7: Run both: Step second: {{step.first.written}} is no reference"
        " (did you mean {{steps.first.written}}?)\n"
    )


def test_references_to_what_is_not_there(mason, folder, applied):
    (folder / "runs.yaml").write_text(
        BOTH.replace("note:both", "note:bth").replace("config_id: 1", "config_id: 7") + "depends_on: [x]\n"
    )
    told = mason("plan")
    assert sorted(told.err.splitlines()) == [
        "3 errors.",
        "Error: runs.yaml:3: run.both uses workflow.note.bth, which is neither in these files nor in the state"
        " (did you mean 'workflow.note.both'?)",
        "Error: runs.yaml:4: run.both uses config.7, which is neither in these files nor in the state"
        " (did you mean 'config.1'?)",
        # The only run there is cannot be meant: it is the one that says so.
        "Error: runs.yaml:8: run.both uses run.x, which is neither in these files nor in the state",
    ]


def test_runs_that_wait_for_one_another(mason, folder, applied):
    (folder / "runs.yaml").write_text(CHAIN.replace("text: a", "text: '{{runs.export.written}}'"))
    told = mason("plan")
    assert told.code == 1
    assert "runs wait for one another" in told.err


def test_what_a_run_uses_is_not_deleted(mason, folder, applied):
    applied(BOTH)
    (folder / "workflow.yaml").unlink()
    told = mason("plan", "--prune")
    assert (told.code, told.err) == (
        1,
        "Error: runs.yaml:1: run.both uses workflow.note.both, which would be deleted (delete both or neither)\n",
    )
    (folder / "runs.yaml").unlink()
    assert [address for _, address, _ in actions(mason, "--prune")] == ["run.both", "workflow.note.both"]
    assert mason("apply", "-y", "--prune").code == 0


def test_a_plan_file_does_what_was_reviewed(mason, folder, applied):
    (folder / "runs.yaml").write_text(BOTH)
    assert mason("plan", "--out", "release.plan").code == 0
    (folder / "runs.yaml").write_text(BOTH.replace("text: one", "text: other"))
    done = mason("apply", "release.plan")
    assert (done.code, log(folder)) == (0, ["one", "two"])
    again = mason("apply", "release.plan")
    assert again.code == 1
    assert log(folder) == ["one", "two"]


def test_runs_that_do_not_wait_for_one_another_are_done_side_by_side(mason, folder, applied):
    """None ends before the last one has begun."""
    many = "---\n".join(
        BOTH.replace("name: both", f"name: r{number}")
        .replace("text: one, seconds: 0", "text: one, seconds: 0, until: log3.txt.begun")
        .replace("path: log", f"path: log{number}")
        for number in range(4)
    )
    assert applied(many, "--parallelism", "4").code == 0
    assert [(folder / f"log{number}.txt").read_text() for number in range(4)] == ["one\ntwo\n"] * 4


TAKE_STATE = """\
import os

import mason


class NoteTake(mason.Operator):
    def run(self, ctx: mason.Context) -> dict[str, str]:
        os.rename(".state/state.json", "taken.json")
        open("log.txt", "a").write("taken\\n")
        if os.path.exists("fail"):
            raise ValueError("asked to fail")
        return {"done": "well"}
"""


@pytest.fixture
def untold(folder):
    """Makes an operator during whose run the state cannot be written, and gives what brings it back."""
    (folder / "take").mkdir()
    (folder / "take" / "operator.yaml").write_text("type: operator\nnamespace: note\ncommand: take\n")
    (folder / "take" / "__init__.py").write_text(TAKE_STATE)
    return lambda: (folder / "taken.json").rename(folder / ".state" / "state.json")


def test_a_state_that_cannot_be_written_after_the_engines_is_left_beside_the_user(mason, folder, applied, untold):
    runs = "type: run\nname: take\noperator: note:take\nconfig_id: 1\n---\n" + BOTH + "depends_on: [take]\n"
    failed = applied(runs)
    assert (failed.code, log(folder)) == (1, ["taken"])
    assert failed.out.splitlines()[-3:] == [
        "Successfully ran Run take",
        "",
        "Apply incomplete: 1 created, 0 overwritten, 0 deleted, 1 run; 1 not begun.",
    ]
    kept = folder / "errored.state.json"
    assert failed.err.splitlines()[-7:] == [
        "+--",
        "| Engines were called, and the state could not be told of it:",
        f"| The state {(folder / '.state').as_uri()} was changed by somebody else since it was read (then serial 3). "
        "Nothing was written. Plan again to see what would change now.",
        f"| What it should hold is kept in {kept}. When the store works again:",
        f"|     mason state push {kept}",
        "| That is refused if somebody else has written meanwhile. Then see what is pending: mason plan",
        "+--",
    ]
    assert json.loads(kept.read_text())["resources"]["run.take"]["outcome"]["status"] == "succeeded"
    untold()
    assert mason("state", "push", str(kept)).code == 0
    assert mason("apply", "-y", "--json", "append").json["unsaved"] == ""
    assert [address for _, address, _ in actions(mason)] == ["run.both"]


TAKEN = "type: run\nname: take\noperator: note:take\nconfig_id: 1\n"


def test_a_run_that_succeeded_is_not_done_again_because_the_state_was_not_told(mason, folder, applied, untold):
    """As when the process is killed, or loses the network or its lock, before it writes how a long run ended."""
    assert applied(f"{TAKEN}---\n{TAKER}").code == 1
    untold()
    assert outcome(folder, "run.take")["status"] == "pending"
    assert actions(mason) == [
        ("overwrite", "run.take", "it succeeded, and the state was not told"),
        ("run", "run.taker", "it was never done"),
    ]
    assert mason("plan", "--out", "release.plan").code == 0
    done = mason("apply", "release.plan")
    assert (done.code, log(folder)) == (0, ["taken", "<well>"])
    assert outcome(folder, "run.take")["results"] == {"step_1": [{"done": "well"}]}
    assert mason("plan").out == "No changes.\n"
    assert "outcome" not in mason("runs", "show", outcome(folder, "run.take")["run_id"], "--json").json


def test_what_changed_since_a_run_succeeded_unheard_is_a_reason_all_the_same(mason, folder, applied, untold):
    applied(TAKEN)
    untold()
    with (folder / "take" / "__init__.py").open("a") as opened:
        opened.write("# Another one.\n")
    assert actions(mason)[1:] == [("run", "run.take", "operator.note.take changed")]


def test_a_run_that_failed_unheard_is_told_to_have_failed(mason, folder, applied, untold):
    (folder / "fail").touch()
    applied(TAKEN)
    untold()
    run_id = outcome(folder, "run.take")["run_id"]
    assert actions(mason) == [("run", "run.take", f"it failed last time, as run {run_id}")]


def test_a_run_that_was_resumed_unheard_is_not_done_again(mason, folder, applied, untold):
    (folder / "fail").touch()
    applied(TAKEN)
    untold()
    (folder / "fail").unlink()
    resumed = mason("runs", "resume", "-y", outcome(folder, "run.take")["run_id"])
    assert resumed.code == 0
    assert "Warning: The state could not be told how run.take ended: " in resumed.err
    untold()
    assert actions(mason) == [("overwrite", "run.take", "it succeeded, and the state was not told")]
    done = mason("apply", "-y")
    assert (done.code, log(folder)) == (0, ["taken", "taken"])
    assert done.out.splitlines()[-3:] == [
        "Saved how Run take ended",
        "",
        "Apply complete: 0 created, 1 overwritten, 0 deleted, 0 run.",
    ]
    assert mason("plan").out == "No changes.\n"


def test_a_run_that_was_killed_when_all_its_steps_were_done_is_resumed_to_tell_the_state(
    mason, folder, applied, untold
):
    applied(TAKEN)
    untold()
    run_id = outcome(folder, "run.take")["run_id"]
    record, journal = folder / ".state" / "runs" / f"{run_id}.json", journal_path(run_id)
    record.write_text(json.dumps({**json.loads(record.read_text()), "status": "running", "outcome": None}))
    events = journal.read_text().splitlines(keepends=True)
    journal.write_text("".join(event for event in events if json.loads(event)["event"] != "finished"))
    assert actions(mason) == [("run", "run.take", f"nobody knows how it ended last time, as run {run_id}")]
    assert mason("runs", "resume", "-y", run_id).code == 0
    assert (mason("plan").out, log(folder)) == ("No changes.\n", ["taken"])


def test_without_its_record_nobody_knows_how_a_run_ended(mason, folder, applied, untold):
    applied(TAKEN)
    untold()
    run_id = outcome(folder, "run.take")["run_id"]
    (folder / ".state" / "runs" / f"{run_id}.json").unlink()
    assert actions(mason) == [("run", "run.take", f"nobody knows how it ended last time, as run {run_id}")]


def test_a_conditional_run_that_succeeded_unheard_is_spared(mason, folder, applied, untold):
    first = CHAIN.partition("---")[0].replace("name: infer", "name: first")
    taken = TAKEN.replace("note:take", "note:both_take") + 'parameters: {text: "{{runs.first.written}}"}\n'
    (folder / "take" / "operator.yaml").write_text(
        "type: operator\nnamespace: note\ncommand: both_take\nparameters: {required: [text]}\n"
    )
    (folder / "take" / "__init__.py").write_text(TAKE_STATE.replace("NoteTake", "NoteBothTake"))
    assert applied(f"{first}---\n{taken}").code == 1
    untold()
    (folder / "runs.yaml").write_text(f"{first}---\n{taken}".replace("seconds: 0", "seconds: 0.0"))
    assert actions(mason)[1] == ("run", "run.take", "run.first before it may change what it is given")
    done = mason("apply", "-y")
    assert (done.code, log(folder)) == (0, ["a", "taken", "a"])
    assert outcome(folder, "run.take")["status"] == "succeeded"
    assert mason("plan").out == "No changes.\n"


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "mason", *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_what_somebody_is_doing_is_told_while_they_do_it(mason, folder, applied):
    (folder / "runs.yaml").write_text(BOTH.replace("seconds: 0", "seconds: 600"))
    process = start(folder, "apply", "-y")
    wait_for((folder / "log.txt.begun").exists)
    run_id = outcome(folder, "run.both")["run_id"]
    assert actions(mason) == [("run", "run.both", f"it is being done, as run {run_id}, by {who()}")]
    process.kill()
    process.communicate(timeout=30)
    left = [("run", "run.both", f"nobody knows how it ended last time, as run {run_id}")]
    assert actions(mason) == left
    # Somebody else's turn, with something else.
    store = LocalStateStore(str(folder / ".state"))
    with store.lock("state mv"):
        assert actions(mason) == left
    state = json.loads((folder / ".state" / "state.json").read_text())
    state["resources"]["run.both"]["outcome"]["at"] = "2026-01-01T00:00:00+00:00"
    (folder / ".state" / "state.json").write_text(json.dumps(state))
    with store.lock("apply"):
        assert actions(mason) == left


def test_ctrl_c_between_two_runs_is_told_by_the_exit_code(mason, folder, applied):
    (folder / "runs.yaml").write_text(CHAIN.replace("seconds: 0", "seconds: 0, until: go"))
    process = start(folder, "apply", "-y")
    wait_for((folder / "log.txt.begun").exists)
    interrupt(process)
    (folder / "go").touch()
    out, _ = rest_of(process)
    assert (process.returncode, log(folder)) == (130, ["a"])
    assert out.splitlines()[-1] == "Apply incomplete: 0 created, 0 overwritten, 0 deleted, 1 run; 1 not begun."


def test_ctrl_c_lets_what_runs_finish_and_says_what_was_not_begun(mason, folder, applied):
    (folder / "runs.yaml").write_text(BOTH.replace("seconds: 0", "seconds: 0, until: go"))
    process = start(folder, "apply", "-y")
    wait_for((folder / "log.txt.begun").exists)
    interrupt(process)
    (folder / "go").touch()
    out, _ = rest_of(process)
    assert process.returncode == 130
    assert log(folder) == ["one"]
    assert out.splitlines()[-1] == ("Apply incomplete: 0 created, 0 overwritten, 0 deleted, 0 run; 1 interrupted.")
    assert actions(mason)[0][2].startswith("it was interrupted last time, as run ")
    (record,) = mason("runs", "list", "--json").json["runs"]
    assert mason("runs", "resume", "-y", record["run_id"]).code == 0
    assert (log(folder), mason("plan").out) == (["one", "two"], "No changes.\n")


@pytest.mark.slow
def test_killed_at_random_moments_the_next_plan_knows_what_is_to_be_done(mason, folder, applied):
    """Each time with another log, which makes it another run; and what each leaves behind is mended with the plan."""
    met = set()
    for number in range(8):
        # One of them at least is killed in the midst of it.
        waits = f"seconds: 0.2, until: {number}/go" if number == 1 else "seconds: 0.2"
        folder_of_log = folder / str(number)
        folder_of_log.mkdir()
        (folder / "runs.yaml").write_text(BOTH.replace("seconds: 0", waits).replace("log.txt", f"{number}/log.txt"))
        process = start(folder, "apply", "-y")
        # At once, and when it has begun to call engines.
        if number % 4:
            wait_for((folder_of_log / "log.txt.begun").exists)
        time.sleep(random.uniform(0, 0.6))
        process.kill()
        process.communicate(timeout=30)
        (folder_of_log / "go").touch()
        done, planned = log(folder_of_log), actions(mason)
        if planned:
            ((kind, address, reason),) = planned
            assert address == "run.both"
            assert (kind == "overwrite") == (reason == "it succeeded, and the state was not told")
            met.add(reason.partition(" as run ")[0])
            if kind == "run" and (folder_of_log / "log.txt.begun").exists():
                assert reason.startswith("nobody knows how it ended last time, as run ")
                # What was being done when the kill came may be done twice, and nothing else.
                assert mason("runs", "resume", "-y", reason.rpartition(" ")[2]).code == 0
                assert log(folder_of_log) in (["one", "two"], [*done, *["one", "two"][len(done) - 1 :]])
        else:
            assert done == ["one", "two"]
        assert mason("apply", "-y").code == 0
        assert mason("plan").out == "No changes.\n"
        assert log(folder_of_log)[-1] == "two"
    assert "nobody knows how it ended last time," in met


def test_an_apply_of_many_runs_keeps_the_backups_of_earlier_applies(mason, folder, applied):
    many = "---\n".join(
        BOTH.replace("name: both", f"name: r{number}").replace("log", f"l{number}") for number in range(8)
    )
    before = mason("state", "history", "--json").json["versions"][0]["serial"]
    assert applied(many).code == 0
    kept = [each["serial"] for each in mason("state", "history", "--json").json["versions"]]
    assert kept == [before + 16, before]
