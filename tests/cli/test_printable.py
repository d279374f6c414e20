"""Whatever comes from a state, a file or a service is made printable before it reaches a terminal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

# Clears the screen, names the window, turns the direction of writing around, goes up a line, rings, hides.
HOSTILE = "\033[2J\033]0;owned\007\u202eevil\033[1A\x9b31m\x08\033[8m"
COMMANDS = ("\033", "\007", "\u202e", "\x9b", "\x08")


def assert_printable(*results) -> None:
    for result in results:
        for command in COMMANDS:
            assert command not in result.out, result.out
            assert command not in result.err, result.err


@pytest.fixture
def hostile(mason, project):
    """A state that a stranger wrote into: what is no definition, and so not told by its digest, holds commands."""
    assert mason("apply", "-y").code == 0
    file = project / "state" / "state.json"
    kept = json.loads(file.read_text())
    for entry in kept["resources"].values():
        entry.update(project=HOSTILE, file=HOSTILE, applied_by=HOSTILE)
    kept.update(written_by=HOSTILE, mason_version=HOSTILE)
    file.write_text(json.dumps(kept))
    (project / "state" / "runs").mkdir(exist_ok=True)
    record = {"version": 1, "address": HOSTILE, "status": HOSTILE, "errors": [HOSTILE], "started_at": HOSTILE}
    (project / "state" / "runs" / "20260102T030405.000-abcdef.json").write_text(json.dumps(record))
    (project / "get.yaml").write_text((project / "get.yaml").read_text().replace("Get a table", "Get another"))
    return project


@pytest.mark.parametrize(
    "command",
    [
        ("get",),
        ("get", "config", "1"),
        ("plan",),
        ("plan", "--prune"),
        ("plan", "--markdown"),
        ("plan", "--json"),
        ("state", "list"),
        ("state", "show", "config.1"),
        ("state", "history"),
        ("state", "rm", "config.1", "--dry-run"),
        ("runs", "list"),
        ("runs", "show", "20260102T030405.000-abcdef"),
        ("-l", "debug", "plan"),
        ("destroy",),
        ("apply",),
    ],
)
def test_a_state_cannot_command_the_terminal(mason, hostile, command):
    assert_printable(mason(*command, answer="no\n"))


def test_a_question_cannot_command_the_terminal(mason, hostile):
    asked = mason("apply", answer="no\n")
    assert "\nProject \\u001b[2J" in asked.err
    assert asked.err.count(" is accepted: ") == 1
    assert_printable(asked)


def test_a_log_cannot_command_the_terminal(mason, project, monkeypatch):
    folder = project / HOSTILE.replace("/", "")
    folder.mkdir()
    monkeypatch.chdir(folder)
    (folder / "mason.yaml").write_text("name: x\nstate: state\n")
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-m", "mason", "-l", "debug", "plan"]
    logged = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert "INFO mason: project " in logged.stderr
    assert [each for each in COMMANDS if each in logged.stdout + logged.stderr] == []


def test_names_of_files_cannot_command_the_terminal(mason, project):
    (project / f"{os.fsdecode(HOSTILE.encode())}.yaml").write_text("type: operator\n")
    assert_printable(mason("plan"), mason("plan", "--json"))
