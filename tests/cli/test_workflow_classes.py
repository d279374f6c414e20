"""Workflows whose steps a Python class decides on: what it sees, what becomes of what it says, and how it may fail."""

from __future__ import annotations

import json
import re
import signal
import sys
import tempfile

import pytest

from mason import secrets
from tests.cli.notes import ALL_LOCAL, WRITE
from tests.cli.test_workflows import READ, WAIT, WAIT_CLASS, begin, runs, step, steps_of, workflow
from tests.waiting import interrupt, rest_of, wait_for

FLAKY = """\
type: operator
namespace: note
command: flaky
parameters:
  optional:
    - {name: failures, type: integer, default: 0}
"""
FLAKY_CLASS = """\
import pathlib

import mason


class NoteFlaky(mason.Operator):
    def run(self, ctx):
        with open("tried.txt", "a") as file:
            file.write("x")
        if pathlib.Path("tried.txt").stat().st_size <= ctx.params["failures"]:
            raise OSError("not yet")
        return [{"number": 7}]
"""


def deciding(body: str, *, name: str = "NoteAll", top: str = "") -> str:
    lines = "".join(f"        {line}\n" for line in body.splitlines())
    return f"import mason\n{top}\n\nclass {name}(mason.Workflow):\n    def step(self, current, next):\n{lines}"


@pytest.fixture
def notes(mason, folder):
    """Applies a workflow with a class, and perhaps a second one with its own."""

    def apply(source: str, *steps: str, inner: tuple[str, ...] = (), inner_source: str = "") -> None:
        for name, text in {"config": ALL_LOCAL, "write": WRITE, "read": READ}.items():
            (folder / f"{name}.yaml").write_text(text)
        for name, text, python in (
            ("wait", WAIT, WAIT_CLASS),
            ("flaky", FLAKY, FLAKY_CLASS),
            ("all", workflow(*steps), source),
            ("inner", workflow(*inner, command="inner") if inner else "", inner_source),
        ):
            (folder / name).mkdir(exist_ok=True)
            (folder / name / "workflow.yaml").write_text(text)
            (folder / name / "__init__.py").write_text(python)
        applied = mason("apply", "-y", "-o")
        assert applied.code == 0, applied.err

    return apply


def run(mason, *pairs: str, parallelism: int = 1):
    given = [part for pair in pairs for part in ("-p", pair)]
    return mason("run", "workflow", "note", "all", *given, "-y", "--parallelism", str(parallelism))


def events_of(done) -> list[str]:
    """What was told while it ran, without times."""
    told = re.compile(r"[\w.]+: (started|attempt|succeeded|failed|skipped|cancelled|upstream failed)\b")
    return [re.sub(r" after \d+\.\d s", "", line) for line in done.err.splitlines() if told.match(line)]


THREE = (step("a", "flaky"), step("b", "flaky", "a"), step("c", "flaky", "b"))


def test_it_goes_on_with_what_it_is_told_and_skips_the_rest(mason, notes):
    notes(
        deciding("if next.id == 'b':\n    return self.skip('no new rows')\nreturn self.go_on() if current else None"),
        *THREE,
        step("d", "flaky", "b", more=", trigger_rule: none_failed"),
    )
    done = run(mason)
    assert done.code == 0, done.err
    assert events_of(done) == [
        "a: started",
        "a: succeeded",
        "b: skipped: no new rows",
        "c: skipped",
        "d: started",
        "d: succeeded",
    ]
    (record,) = runs(mason)
    assert done.out == f"Run {record['run_id']} succeeded: 2 succeeded, 2 skipped.\n"
    skipped = next(each for each in record["steps"] if each["step"] == "b")
    assert (skipped["attempts"], skipped["started_at"], skipped["error"]) == (0, "", "no new rows")
    assert "stopped" not in record
    told = mason("runs", "resume", record["run_id"], "-y")
    assert told.err == f"Error: Run {record['run_id']} succeeded; there is nothing left to do.\n"


def test_the_dry_run_says_who_decides(mason, notes):
    notes(deciding("pass"), *THREE)
    lines = mason("validate", "workflow", "note", "all").out.splitlines()
    assert lines[6:10] == [
        "  o  c  note:flaky",
        "",
        "Steps are decided by class NoteAll (its step is asked before each step), "
        "which can do anything on this machine.",
        "",
    ]


STOPPING = """\
import os

import mason


class NoteAll(mason.Workflow):
    def step(self, current, next):
        if next.id == "b" and not os.path.exists("wanted"):
            return self.stop("nobody wants it")
        if current is not None:
            print(next.id, "after", current.id, current.data)
"""


def test_a_run_that_it_stops_succeeded_and_can_be_resumed(mason, folder, notes):
    notes(STOPPING, *THREE, step("clean", "flaky", "b", more=", trigger_rule: one_failed"))
    done = run(mason)
    assert done.code == 0, done.err
    assert events_of(done) == [
        "a: started",
        "a: succeeded",
        "b: cancelled: nobody wants it",
        "c: cancelled: nobody wants it",
        "clean: cancelled: nobody wants it",
    ]
    (record,) = runs(mason)
    assert done.out == (
        f"Run {record['run_id']} succeeded: 1 succeeded, 3 cancelled. It was stopped before b: nobody wants it.\n"
    )
    assert (record["status"], record["stopped"]) == ("succeeded", {"step": "b", "reason": "nobody wants it"})
    assert "stopped: before b: nobody wants it" in mason("runs", "show", record["run_id"]).out.splitlines()
    (folder / "wanted").touch()
    resumed = mason("runs", "resume", record["run_id"], "-y")
    assert resumed.code == 0, resumed.err
    # What was done before is shown as if it had been done in this run.
    assert "b after a [{'number': 7}]\n" in resumed.err
    (record,) = runs(mason)
    assert resumed.out == f"Run {record['run_id']} succeeded: 3 succeeded, 1 skipped.\n"
    assert "stopped" not in record


def test_a_run_that_failed_before_it_was_stopped_has_failed(mason, folder, notes):
    body = "return self.stop('enough') if next.id == 'b' else None"
    notes(deciding(body), step("a", "flaky"), step("b", "wait"))
    done = run(mason, "a.failures:1,b.seconds:0")
    assert done.code == 1
    (record,) = runs(mason)
    assert steps_of(record) == {"a": "failed", "b": "cancelled"}
    assert done.out == (
        f"Run {record['run_id']} failed: 1 failed, 1 cancelled. It was stopped before b: enough. "
        f"When the cause is mended: mason runs resume {record['run_id']}\n"
    )


@pytest.mark.parametrize(("reason", "line"), [("''", ""), ("'No new\\n  data.'", ": No new data")])
def test_the_last_line_is_one_line_whatever_the_reason(mason, notes, reason, line):
    notes(deciding(f"return self.stop({reason})"), step("a", "flaky"))
    done = run(mason)
    (record,) = runs(mason)
    assert done.out == f"Run {record['run_id']} succeeded: 1 cancelled. It was stopped before a{line}.\n"


def test_no_step_begins_that_waits_for_its_turn_when_it_stops(mason, folder, notes):
    body = "print('asked', next.id)\ntime.sleep(0.2)\nreturn self.stop('enough')"
    notes(deciding(body, top="import time"), *(step(f"s{number}", "flaky") for number in range(6)))
    done = run(mason, parallelism=6)
    assert done.code == 0, done.err
    assert done.err.count("asked s") == 1
    assert sorted(events_of(done)) == [f"s{number}: cancelled: enough" for number in range(6)]
    assert not (folder / "tried.txt").exists()


RETRIED = ", retry: constant(1), retry_max: 5"


def test_a_step_that_it_fails_is_not_tried_again(mason, folder, notes):
    notes(deciding("return self.fail('too few rows')"), step("a", "flaky", more=RETRIED))
    done = run(mason)
    assert (done.code, events_of(done)) == (1, ["a: failed: too few rows"])
    assert runs(mason)[0]["errors"] == ["a: too few rows"]
    assert not (folder / "tried.txt").exists()


def test_it_is_asked_once_about_a_step_that_is_tried_often(mason, folder, notes):
    notes(deciding("print('asked', next.id)"), step("a", "flaky", more=RETRIED))
    done = run(mason, "a.failures:1")
    assert done.code == 0, done.err
    assert (folder / "tried.txt").read_text() == "xx"
    assert done.err.count("asked a") == 1
    assert [line for line in events_of(done) if line.startswith("a: started")] == [
        "a: started",
        "a: started (attempt 2)",
    ]


SHOWN = """\
import json

import mason


class NoteAll(mason.Workflow):
    def __init__(self):
        self.asked = 0

    def step(self, current, next):
        self.asked += 1
        ends = {name: self.told(end) for name, end in next.dependencies.items()}
        print(json.dumps([self.asked, self.told(current), next.id, next.address, dict(next.parameters), ends]))

    def told(self, end):
        if end is None:
            return None
        assert end.finished is not None and (end.started is None or end.started <= end.finished)
        return [end.id, end.status, end.data, end.error, end.attempts]
"""


def told_by(done) -> list[list]:
    told = (line.partition(": ")[2] for line in done.err.splitlines())
    return [json.loads(line) for line in told if line.startswith("[")]


def test_what_it_sees(mason, folder, notes):
    notes(
        SHOWN,
        step("a", "flaky", more=RETRIED),
        step("bad", "read", "a"),
        step("end", "write", "a", "bad", more=", trigger_rule: all_done"),
    )
    done = run(mason, "a.failures:1,bad.path:missing.txt,end.path:end.txt", 'end.text:"{{steps.a.number}}"')
    a, bad, end = told_by(done)
    error = end[1][3]
    rows = ["a", "succeeded", [{"number": 7}], "", 2]
    assert a == [1, None, "a", "operator.note.flaky", {"failures": 1}, {}]
    assert bad == [2, rows, "bad", "operator.note.read", {"path": "missing.txt"}, {"a": rows}]
    failed = ["bad", "failed", [], error, 1]
    assert "missing.txt" in error
    parameters = {"path": "end.txt", "text": 7}
    assert end == [3, failed, "end", "operator.note.write", parameters, {"a": rows, "bad": failed}]


def test_parameters_that_cannot_be_had_are_shown_as_written_and_fail_a_step_that_goes_on(mason, notes):
    body = (
        "print(next.id, dict(next.parameters))\nif 'skip' in next.parameters['path']:\n    return self.skip('no data')"
    )
    notes(
        deciding(body),
        step("a", "read"),
        step("b", "read", "a", more=", trigger_rule: all_done"),
        step("c", "read", "a", more=", trigger_rule: all_done"),
    )
    done = run(mason, "a.path:missing.txt", 'b.path:"{{steps.a.b}}"', 'c.path:"skip {{steps.a.c}}"')
    assert "b {'path': '{{steps.a.b}}'}\n" in done.err
    assert events_of(done)[-2:] == [
        "b: failed: Step b needs {{steps.a.b}}, but a failed",
        "c: skipped: no data",
    ]


PLACE = "(__init__.py:6)"
HOSTILE = {
    "raises": ("raise ValueError('no')", f"Workflow note:all raised ValueError: no {PLACE}"),
    "exits": ("sys.exit(3)", f"Workflow note:all raised SystemExit: 3 {PLACE}"),
    "interrupts": ("raise KeyboardInterrupt", f"Workflow note:all raised KeyboardInterrupt {PLACE}"),
    "has words": ("raise mason.OperatorError('as it is')", "as it is"),
    "has none": (
        "class Mute(Exception):\n    def __str__(self):\n        raise TypeError\nraise Mute",
        "Workflow note:all raised Mute (__init__.py:9)",
    ),
    "says true": (
        "return True",
        "Workflow note:all returned a bool for a. Return self.go_on(), self.skip(why), self.stop(why), self.fail(why) "
        "or nothing.",
    ),
    "does not call": (
        "return self.skip",
        "Workflow note:all returned a method for a. Return self.go_on(), self.skip(why), self.stop(why), "
        "self.fail(why) or nothing.",
    ),
    "another word": (
        "return mason.Decision('wait')",
        f"Workflow note:all raised ValueError: 'wait' is no verdict: go_on, skip, stop, fail {PLACE}",
    ),
    "writes parameters": (
        "next.parameters['failures'] = 7",
        "Workflow note:all raised TypeError: 'mappingproxy' object does not support item assignment " + PLACE,
    ),
    "writes dependencies": (
        "next.dependencies['a'] = 7",
        "Workflow note:all raised TypeError: '_Ends' object does not support item assignment " + PLACE,
    ),
    "writes the step": (
        "next.id = 'b'",
        f"Workflow note:all raised FrozenInstanceError: cannot assign to field 'id' {PLACE}",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_whatever_it_does_wrong_fails_the_step(mason, notes, name):
    body, error = HOSTILE[name]
    notes(deciding(body, top="import sys"), step("a", "flaky", more=RETRIED))
    done = run(mason)
    assert (done.code, events_of(done)) == (1, [f"a: failed: {error}"])
    assert runs(mason)[0]["errors"] == [f"a: {error}"]


UNUSABLE = {
    "top": ("import mason\nprint('once')\n1 / 0\n", "ZeroDivisionError: division by zero (__init__.py:3)"),
    "init": (
        "import mason\nprint('once')\n",
        "TypeError: no (__init__.py:7)",
    ),
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_a_class_that_cannot_be_made_fails_every_step_and_is_not_loaded_again(mason, notes, name):
    top, error = UNUSABLE[name]
    source = f"{top}class NoteAll(mason.Workflow):\n    def step(self, current, next): ...\n"
    source += "    def __init__(self):\n" + "        # why\n" * (name == "init") + "        raise TypeError('no')\n"
    notes(source, step("a", "flaky"), step("b", "flaky"))
    done = run(mason)
    assert events_of(done) == [f"{each}: failed: Workflow note:all raised {error}" for each in "ab"]
    assert done.err.count("once") == 1


def test_a_class_that_only_looks_like_one(mason, notes):
    notes("class Workflow: ...\nclass NoteAll(Workflow):\n    def step(self, current, next): ...\n", step("a", "flaky"))
    assert events_of(run(mason)) == ["a: failed: Workflow note:all: class NoteAll must derive from mason.Workflow."]


def test_what_it_writes_into_data_changes_nothing(mason, folder, notes):
    body = "if current:\n    current.data[0]['number'] = 'changed'\n    assert next.dependencies['a'] is current"
    notes(deciding(body), step("a", "flaky"), step("b", "write", "a"))
    assert run(mason, "b.path:b.txt", 'b.text:"{{steps.a.number}}"').code == 0
    assert (folder / "b.txt").read_text() == "7"


ONE_AT_A_TIME = """\
import threading

import mason


class NoteAll(mason.Workflow):
    def __init__(self):
        self.inside = 0
        self.asked = 0

    def step(self, current, next):
        self.inside += 1
        self.asked += 1
        threading.Event().wait(0.01)
        assert self.inside == 1
        self.inside -= 1
        return self.skip(f"number {self.asked}")
"""


def test_it_is_asked_about_one_step_at_a_time(mason, notes):
    notes(ONE_AT_A_TIME, *(step(f"s{number}", "flaky") for number in range(8)))
    done = run(mason, parallelism=8)
    assert done.code == 0, done.err
    assert sorted(line.split(": ", 1)[1] for line in events_of(done)) == [
        f"skipped: number {number}" for number in range(1, 9)
    ]


HANGING = """\
import os
import time

import mason


class NoteAll(mason.Workflow):
    def step(self, current, next):
        print("asked", next.id)
        while next.id == "a" and not os.path.exists("free"):
            time.sleep(0.01)
"""


def test_hanging_costs_the_step_its_time_and_others_do_not_wait_for_it(mason, folder, notes):
    notes(HANGING, step("a", "flaky", more=", timeout: 1"), step("b", "flaky", "a", more=", trigger_rule: all_done"))
    done = run(mason)
    (folder / "free").touch()
    assert done.code == 1
    (record,) = runs(mason)
    assert record["errors"] == [
        "a: no decision on it came: gave up after 1 second",
        "b: Workflow note:all cannot be asked: it has not answered about a yet.",
    ]
    assert [each["attempts"] for each in record["steps"]] == [0, 0]
    assert not (folder / "tried.txt").exists()


def test_the_second_ctrl_c_does_not_wait_for_an_answer(mason, folder, notes):
    notes(deciding("open('asked', 'w')\ntime.sleep(60)", top="import time"), step("a", "flaky"))
    with begin("a.failures:0") as process:
        wait_for((folder / "asked").exists)
        interrupt(process)
        process.send_signal(signal.SIGINT)
        rest_of(process)
    assert process.returncode == 130
    (record,) = runs(mason)
    assert (record["status"], steps_of(record)) == ("interrupted", {"a": "interrupted"})
    assert not (folder / "tried.txt").exists()


def test_an_answer_that_comes_late_holds_for_the_next_attempt(mason, folder, notes):
    more = ", timeout: 1, retry: constant(1), retry_max: 3"
    body = "import time\nprint('asked', next.id)\ntime.sleep(1.5)"
    notes(deciding(body), step("a", "flaky", more=more))
    done = run(mason)
    assert done.code == 0, done.err
    assert done.err.count("asked a") == 1
    # Nobody waited for the first attempt any more when the answer came.
    assert (folder / "tried.txt").read_text() == "x"


def test_what_it_prints_does_not_meet_what_is_told(mason, notes):
    notes(deciding("print('noise')"), step("a", "flaky"))
    done = mason("run", "workflow", "note", "all", "-y", "--json")
    events = [json.loads(line) for line in done.out.splitlines()]
    assert [event["event"] for event in events] == ["begun", "said", "started", "ended", "finished"]
    assert (events[1]["kind"], events[1]["message"]) == ("output", "noise")
    assert "noise" not in done.err


def test_secrets_in_reasons_are_told_nowhere(mason, folder, notes):
    notes(deciding("return self.stop('reason-with-a-secret')"), step("a", "flaky"))
    secrets.remember("reason-with-a-secret")
    done = run(mason)
    assert "stopped before a: REDACTED." in done.out
    home = folder.parent / "home"
    assert [b"with-a-secret" in file.read_bytes() for file in (home / "journals").glob("*.jsonl")] == [False]
    assert runs(mason)[0]["stopped"] == {"step": "a", "reason": "REDACTED"}


def test_half_a_surrogate_pair_in_a_reason_is_escaped(mason, notes):
    notes(deciding("return self.skip('\\ud800')"), step("a", "flaky"))
    assert events_of(run(mason)) == ["a: skipped: \\ud800"]


def test_a_process_that_it_forks_ends_before_the_step(mason, folder, notes):
    body = "import os\nchild = os.fork()\nif child:\n    os.waitpid(child, 0)"
    notes(deciding(body), step("a", "flaky"))
    done = run(mason)
    assert (done.code, events_of(done)) == (0, ["a: started", "a: succeeded"])
    assert (folder / "tried.txt").read_text() == "x"


def test_a_run_that_it_ends_with_the_process_can_be_resumed(mason, folder, notes):
    notes(
        deciding("if next.id == 'b' and not os.path.exists('kept'):\n    os._exit(9)", top="import os"),
        step("a", "flaky"),
        step("b", "flaky", "a"),
    )
    with begin("a.failures:0") as process:
        process.communicate(timeout=60)
    assert process.returncode == 9
    (record,) = runs(mason)
    assert (record["status"], steps_of(record)) == ("interrupted", {"a": "succeeded"})
    (folder / "kept").touch()
    assert mason("runs", "resume", record["run_id"], "-y").code == 0


def test_nothing_of_it_stays(mason, notes, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    notes(deciding("from . import NoteAll\nassert NoteAll is type(self)"), step("a", "flaky"))
    before = sorted(tmp_path.iterdir())
    done = run(mason)
    assert done.code == 0, done.err
    assert sorted(tmp_path.iterdir()) == before
    assert [name for name in sys.modules if name.startswith("_mason_python_")] == []


def test_without_a_place_for_its_files_the_step_fails_with_words(mason, notes, tmp_path, monkeypatch):
    notes(deciding("pass"), step("a", "flaky"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    assert events_of(run(mason)) == [
        "a: failed: The Python files of Workflow note:all cannot be put into a temporary folder: No such file or "
        "directory. Make room there, or set TMPDIR to another one."
    ]


def test_what_was_applied_decides_and_not_what_is_in_the_folder(mason, folder, notes):
    notes(deciding("return self.skip('as applied')"), step("a", "flaky"))
    (folder / "all" / "__init__.py").write_text(deciding("return self.fail('as edited')"))
    assert events_of(run(mason)) == ["a: skipped: as applied"]


def test_a_class_that_is_named_wrongly_or_has_no_step_is_refused_when_planning(mason, folder, notes):
    notes(deciding("pass"), step("a", "flaky"))
    (folder / "all" / "__init__.py").write_text(deciding("pass", name="NotesAll"))
    assert mason("plan").err.splitlines()[0] == (
        "Error: all/__init__.py:4: Workflow note:all needs a class NoteAll, found NotesAll (rename it, or write class "
        "NoteAll(mason.Workflow))"
    )
    (folder / "all" / "__init__.py").write_text("import mason\n\n\nclass NoteAll(mason.Workflow):\n    pass\n")
    assert mason("plan").err.splitlines()[0] == (
        "Error: all/__init__.py:4: class NoteAll has no method step (write def step(self, current, next))"
    )


BIG = "type: operator\nnamespace: note\ncommand: big\nparameters: {required: [{name: size, type: integer}]}\n"
BIG_CLASS = (
    "import mason\nclass NoteBig(mason.Operator):\n    def run(self, ctx):\n        return 'x' * ctx.params['size']\n"
)


def test_data_is_shown_up_to_a_size_and_a_resumed_run_shows_the_same(mason, folder, notes):
    (folder / "big").mkdir()
    (folder / "big" / "operator.yaml").write_text(BIG)
    (folder / "big" / "__init__.py").write_text(BIG_CLASS)
    body = (
        "ends = next.dependencies.items()\n"
        "print({name: end.data and len(end.data[0]) for name, end in ends})\n"
        "if next.id == 'end':\n    return self.fail('again')"
    )
    # A list with one text in quotes takes four more.
    notes(deciding(body), step("a", "big"), step("b", "big"), step("end", "flaky", "a", "b"))
    first = run(mason, "a.size:999996,b.size:999997")
    seen = "{'a': 999996, 'b': None}\n"
    assert seen in first.err
    (record,) = runs(mason)
    again = mason("runs", "resume", record["run_id"], "-y")
    assert again.code == 1
    assert seen in again.err


NESTED = (
    step("first", "flaky"),
    f"type: workflow, {step('within', 'inner', 'first')}",
    step("last", "flaky", "within"),
)
INNER = (step("one", "flaky"), step("two", "flaky", "one"))


def test_each_class_sees_the_steps_of_its_own_file(mason, notes):
    inner = SHOWN.replace("NoteAll", "NoteInner")
    notes(SHOWN, *NESTED, inner=INNER, inner_source=inner)
    shown = mason("validate", "workflow", "note", "all").out.splitlines()
    assert [line for line in shown if "decided" in line] == [
        "Steps are decided by class NoteAll (its step is asked before each step), "
        "which can do anything on this machine.",
        "Steps of within are decided by class NoteInner (its step is asked before each step), "
        "which can do anything on this machine.",
    ]
    rows = [{"number": 7}]
    done = run(mason)
    assert done.code == 0, done.err
    ended = {name: [name, "succeeded", rows, "", 1] for name in ("first", "within", "one")}
    given = {"failures": 0}
    assert told_by(done) == [
        [1, None, "first", "operator.note.flaky", given, {}],
        [2, ended["first"], "within", "workflow.note.inner", {}, {"first": ended["first"]}],
        [1, None, "one", "operator.note.flaky", given, {}],
        [2, ended["one"], "two", "operator.note.flaky", given, {"one": ended["one"]}],
        [3, ended["within"], "last", "operator.note.flaky", given, {"within": ended["within"]}],
    ]


def test_a_workflow_within_is_skipped_or_failed_as_a_whole(mason, notes):
    body = "return self.skip('not today') if next.id == 'within' else None"
    cleaning = step("clean", "flaky", "one", more=", trigger_rule: all_done")
    notes(deciding(body), *NESTED, inner=(*INNER, cleaning))
    assert events_of(run(mason))[2:] == [
        "within.one: skipped: not today",
        "within.two: skipped",
        "within.clean: skipped: not today",
        "last: skipped",
    ]
    notes(deciding(body.replace("skip", "fail")), *NESTED, inner=(*INNER, cleaning))
    assert events_of(run(mason))[2:] == [
        "within.one: failed: not today",
        "within.two: upstream failed",
        "last: upstream failed",
        "within.clean: failed: not today",
    ]
