"""What the Python of a step prints: kept in its logs, told with its name, and never a secret."""

from __future__ import annotations

import json
import re

import pytest

from mason import secrets
from tests.cli.notes import ALL_LOCAL
from tests.cli.test_workflows import step, workflow

NOISY = """\
type: operator
namespace: note
command: noisy
parameters:
  optional: [fail]
"""
NOISY_CLASS = """\
import os
import sys

import mason


class NoteNoisy(mason.Operator):
    def run(self, ctx):
        print("to stdout")
        print("to stderr", file=sys.stderr)
        print("password " + os.environ["CANARY"])
        os.system("echo of a child")
        if ctx.params["fail"]:
            raise ValueError("with " + os.environ["CANARY"])
"""


@pytest.fixture
def applied(mason, folder, monkeypatch):
    """A workflow of two steps that print, side by side."""
    monkeypatch.setenv("CANARY", "canary-of-the-prints")
    (folder / "config.yaml").write_text(ALL_LOCAL)
    (folder / "noisy").mkdir()
    (folder / "noisy" / "operator.yaml").write_text(NOISY)
    (folder / "noisy" / "__init__.py").write_text(NOISY_CLASS)
    (folder / "all.yaml").write_text(workflow(step("a", "noisy"), step("b", "noisy")))
    done = mason("apply", "-y")
    assert done.code == 0, done.err
    secrets.remember("canary-of-the-prints")


def run(mason, *arguments):
    return mason("run", "workflow", "note", "all", "-y", *arguments)


def logs(mason, *arguments):
    done = mason("runs", "logs", "last", *arguments)
    assert done.code == 0, done.err
    return re.sub(r"(?m)^\S+  ", "", re.sub(r"after \d\.\d s", "after N s", done.out)).splitlines()


PRINTED = ["a: to stdout", "a: to stderr", "a: password REDACTED"]


def test_prints_stand_in_the_logs_of_their_step(mason, applied):
    done = run(mason)
    assert (done.code, done.out.startswith("Run ")) == (0, True)
    assert logs(mason, "--step", "a") == ["a: started", *PRINTED, "a: succeeded after N s"]
    assert [line for line in done.err.splitlines() if line in PRINTED] == PRINTED
    assert [line.replace("b: ", "a: ") for line in done.err.splitlines() if line.startswith("b: ")][2:5] == PRINTED


def test_what_children_print_is_not_kept(mason, applied):
    run(mason)
    assert "of a child" not in "".join(logs(mason))


def test_where_a_failure_comes_from_stands_in_the_logs_only(mason, applied):
    done = run(mason, "-p", "a.fail:1")
    assert done.code == 1
    failed = "a: failed after N s: Operator note:noisy raised ValueError: with REDACTED (__init__.py:14)"
    assert logs(mason, "--step", "a") == [
        "a: started",
        *PRINTED,
        "a: Traceback (most recent call last):",
        'a:   File "__init__.py", line 14, in run',
        'a:     raise ValueError("with " + os.environ["CANARY"])',
        "a: ValueError: with REDACTED",
        failed,
    ]
    assert "Traceback" not in done.err + done.out
    assert "canary" not in done.err + done.out


def test_prints_are_events_for_programs(mason, applied):
    done = run(mason, "--json", "-p", "a.fail:1")
    told = [event for event in map(json.loads, done.out.splitlines()) if event["event"] == "said"]
    assert [(each["kind"], each["message"]) for each in told if each["step"] == "a"][:3] == [
        ("output", line.removeprefix("a: ")) for line in PRINTED
    ]
    kept = mason("runs", "logs", "last", "--step", "a", "--json")
    assert [each["kind"] for each in kept.json["events"] if each["event"] == "said"] == [
        *("output" for _ in PRINTED),
        "error",
        "traceback",
    ]
    assert "canary" not in kept.out + done.out


def test_a_run_that_is_applied_tells_its_name_too(mason, applied, folder):
    (folder / "run.yaml").write_text("type: run\nname: nightly\noperator: note:noisy\nconfig_id: '1'\n")
    done = mason("apply", "-y")
    assert done.code == 0, done.err
    assert "Run nightly: step_1: to stdout\n" in done.err
    assert logs(mason)[1:4] == [line.replace("a: ", "step_1: ") for line in PRINTED]


def test_what_a_class_prints_that_decides_on_a_step_is_that_steps(mason, applied, folder):
    (folder / "all").mkdir()
    (folder / "all.yaml").rename(folder / "all" / "workflow.yaml")
    body = "        print('asked about', next.id)\n"
    text = f"import mason\nclass NoteAll(mason.Workflow):\n    def step(self, current, next):\n{body}"
    (folder / "all" / "__init__.py").write_text(text)
    assert mason("apply", "-y", "-o").code == 0
    assert run(mason).code == 0
    assert logs(mason, "--step", "b")[:3] == ["b: asked about b", "b: started", "b: to stdout"]
