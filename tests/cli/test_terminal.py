"""Mason as a process: pipes that close, Ctrl-C, colours, widths, locks held by others, disks that are full."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mason.state.lock import encode_lock
from mason.state.store import LockInfo
from tests.waiting import read_until, rest_of

MASON = [sys.executable, "-m", "mason"]


@pytest.fixture
def environment(project):
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "COLUMNS": "80"}


def run(*arguments, environment, **options):
    return subprocess.run(
        [*MASON, *arguments], env=environment, capture_output=True, text=True, timeout=60, check=False, **options
    )


def on_a_terminal(*arguments, environment, columns=80):
    """What the command prints on a terminal of that width."""
    parent, child = pty.openpty()
    process = subprocess.Popen(
        [*MASON, *arguments], env={**environment, "COLUMNS": str(columns)}, stdout=child, stderr=child, stdin=child
    )
    os.close(child)
    printed = b""
    with contextlib.suppress(OSError):
        while chunk := os.read(parent, 65536):
            printed += chunk
    os.close(parent)
    process.wait(30)
    return printed.decode().replace("\r\n", "\n")


def test_a_reader_that_has_seen_enough_is_no_fault(project, environment):
    for number in range(300):
        (project / f"more{number}.yaml").write_text(
            f"type: operator\nnamespace: more\ncommand: c{number}\ndo:\n  - metastore.list_databases: {{}}\n"
        )
    command = f"{sys.executable} -m mason plan | head -1"
    done = subprocess.run(["sh", "-c", command], env=environment, capture_output=True, text=True, check=False)
    assert done.stdout == "  + config.1  config.yaml:1\n"
    assert done.stderr == ""


def test_a_pipe_that_is_closed_at_once_is_no_fault(project, environment):
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([*MASON, "plan"], env=environment, stdout=write, stderr=subprocess.PIPE, check=False)
    os.close(write)
    assert (done.returncode, done.stderr) == (141, b"")


def test_colours_are_for_terminals_that_want_them(project, environment):
    assert "\033[32m+\033[0m" in on_a_terminal("plan", environment=environment)
    assert "\033" not in on_a_terminal("--no-color", "plan", environment=environment)
    assert "\033" not in on_a_terminal("plan", environment={**environment, "NO_COLOR": "1"})
    assert "\033" not in on_a_terminal("plan", environment={**environment, "TERM": "dumb"})
    assert "\033" not in run("plan", environment=environment).stdout


@pytest.mark.parametrize("columns", [20, 40, 200])
def test_tables_fit_the_terminal(project, environment, columns):
    run("apply", "-y", environment=environment)
    printed = on_a_terminal("--no-color", "get", "operator", environment=environment, columns=columns)
    assert max(len(line) for line in printed.splitlines()) <= columns
    assert ("…" in printed) == (columns < 40)


def test_ctrl_c_at_the_prompt_applies_nothing(project, environment):
    process = subprocess.Popen(
        [*MASON, "apply"],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    asked = read_until(process.stderr, "accepted: ")
    assert asked.startswith("\nApply these changes?")
    process.send_signal(signal.SIGINT)
    _, told = rest_of(process)
    assert process.returncode == 130
    assert told.strip() == "Error: Interrupted. Nothing was applied."
    assert not (project / "state").exists()


def test_ctrl_c_while_waiting_for_the_lock_applies_nothing(project, environment):
    run("apply", "-y", environment=environment)
    before = (project / "state" / "state.json").read_bytes()
    (project / "get.yaml").write_text(
        (project / "get.yaml").read_text() + "supported_configurations: [{storage: local}]\n"
    )
    with held_lock(project):
        process = subprocess.Popen(
            [*MASON, "apply", "-y", "-o"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert process.stderr is not None
        read_until(process.stderr, "Acquiring state lock...\n")
        process.send_signal(signal.SIGINT)
        _, told = rest_of(process)
    assert process.returncode == 130
    assert told.strip().splitlines()[-1] == "Error: Interrupted. Nothing was applied."
    assert (project / "state" / "state.json").read_bytes() == before


def test_ctrl_c_at_any_moment_of_apply_leaves_a_state_that_says_what_happened(project, environment):
    """Interrupted after ever longer waits: the message and the state always agree, and the next plan works.

    The waits grow until one was too long to interrupt anything, however fast the machine is, and over a dozen at least.
    """
    told_both = set()
    for step in range(200):
        if step >= 12 and told_both == {False, True}:
            break
        state = project / f"state{step}"
        process = subprocess.Popen(
            [*MASON, "--state", str(state), "apply", "-y"],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        time.sleep(0.04 * step)
        process.send_signal(signal.SIGINT)
        printed, told = process.communicate(timeout=30)
        applied = (state / "state.json").exists()
        told_both.add(applied)
        if applied:
            assert len(json.loads((state / "state.json").read_text())["resources"]) == 2
            assert "Apply complete" in printed or "Interrupted, but the state moved on to serial 1" in told
        else:
            assert process.returncode != 0
            assert "Apply complete" not in printed
        assert run("--state", str(state), "apply", "-y", environment=environment).returncode == 0
    assert told_both == {False, True}


@contextlib.contextmanager
def held_lock(project):
    """The lock of the project's state, held by this process in the name of another."""
    holder = LockInfo("0011223344556677", "apply", "ann@host", 7, "2026-01-02T03:04:05+00:00")
    with (project / "state" / "lock").open("r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.truncate()
        file.write(encode_lock(holder))
        file.flush()
        yield


def test_a_lock_held_by_another_process_is_waited_for_and_then_named(project, environment):
    run("apply", "-y", environment=environment)
    (project / "more.yaml").write_text("type: config\nid: 2\nstorage_engine: local\n")
    with held_lock(project):
        done = run("apply", "-y", "--lock-timeout", "0.2", environment=environment)
        assert done.returncode == 1
        # A busy machine says before that it waits.
        assert done.stderr.splitlines()[-1] == (
            f"Error: The state file://{project}/state is locked: ann@host (process 7) has held it for 'apply' since "
            "2026-01-02T03:04:05+00:00. "
            "Try again when that has ended, or let Mason wait for it: --lock-timeout SECONDS."
        )
        assert run("plan", environment=environment).returncode == 0
    assert run("apply", "-y", environment=environment).returncode == 0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty."),
        ('{"version": 1, "ser', "is truncated: it ends after 19 bytes, in the middle of the JSON."),
        ("[]", "is not a state: it holds an array where an object should be."),
        ('{"version": 99}', "was written by a newer Mason (format 99; this one reads 1). Upgrade Mason."),
    ],
)
def test_a_state_that_cannot_be_trusted_is_refused_and_left_alone(project, environment, content, message):
    file = project / "state" / "state.json"
    file.parent.mkdir()
    file.write_text(content)
    for command in (("plan",), ("apply", "-y"), ("get",)):
        done = run(*command, environment=environment)
        assert done.returncode == 1
        assert done.stderr.startswith(f"Error: {file} {message}")
        assert "Traceback" not in done.stderr
    assert file.read_text() == content


def test_a_full_disk_leaves_the_state_as_it_was(project, environment):
    run("apply", "-y", environment=environment)
    before = (project / "state" / "state.json").read_bytes()
    large = f"description: {'x' * 40000}"
    (project / "more.yaml").write_text(
        f"type: operator\nnamespace: a\ncommand: b\n{large}\ndo:\n  - metastore.list_databases: {{}}\n"
    )
    # A limit on the size of files fails a write half way, as a full disk does.
    limit = "import resource, signal, runpy; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
    limit += "resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000)); runpy.run_module('mason', run_name='__main__')"
    done = subprocess.run(
        [sys.executable, "-c", limit, "apply", "-y"], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert str(project / "state") in done.stderr.splitlines()[-1]
    assert (project / "state" / "state.json").read_bytes() == before
    assert run("plan", environment=environment).stdout.endswith(
        "Plan: 1 to create, 0 to overwrite, 0 to delete, 0 to run.\n"
    )


def closed(redirection, *arguments, environment):
    """The command in a shell that closes a stream of it, or leads it elsewhere."""
    command = f'"$@" {redirection}'
    return subprocess.run(
        ["sh", "-c", command, "sh", *MASON, *arguments], env=environment, capture_output=True, text=True, check=False
    )


def test_a_closed_stdin_is_nobody_who_answers(project, environment):
    done = closed("<&-", "apply", environment=environment)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == ("Error: Nobody answered, so nothing was done. Without a prompt, pass -y.")
    assert not (project / "state").exists()


def test_with_a_closed_stdout_nothing_is_done(project, environment):
    done = closed(">&-", "apply", "-y", environment=environment)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "Error: stdout is closed, so nothing was done. If nobody wants the result, send it to /dev/null.\n"
    )
    assert not (project / "state").exists()
    assert closed(">&- 2>&-", "get", environment=environment).returncode == 1


def test_a_closed_stderr_is_done_without(project, environment):
    done = closed("2>&-", "apply", "-y", environment=environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Apply complete" in done.stdout
    assert json.loads((project / "state" / "state.json").read_text())["serial"] == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("command", ["plan", "plan --json", "plan --help", "--help", "--version"])
def test_a_result_that_cannot_be_written_is_no_fault_of_mason(project, environment, command, unbuffered):
    done = closed("> /dev/full", *command.split(), environment={**environment, "PYTHONUNBUFFERED": unbuffered})
    assert done.returncode == 1
    assert done.stderr == "Error: The result cannot be written to stdout (No space left on device).\n"


@pytest.mark.parametrize("command", ["plan", "init"])
def test_a_folder_that_was_deleted_is_left_for_another(project, environment, command):
    gone = project / "gone"
    gone.mkdir()
    line = f'rmdir "{gone}"; "$@"'
    done = subprocess.run(
        ["sh", "-c", line, "sh", *MASON, command],
        cwd=gone,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "Error: The current folder does not exist any more. Go to one that does: cd FOLDER\n"


def test_debug_shows_the_traceback(project, environment):
    done = run("-l", "debug", "plan", "nowhere", environment=environment)
    assert "Traceback" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("Error: nowhere: ")


def test_shell_completion_knows_the_commands(project, environment):
    asked = {**environment, "_MASON_COMPLETE": "bash_complete", "COMP_WORDS": "mason pl", "COMP_CWORD": "1"}
    done = subprocess.run(
        [sys.executable, "-c", "from mason.cli import main; main()"],
        env=asked,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "plain,plan\n")


@pytest.mark.parametrize(
    ("encoding", "shown"), [("latin-1", "Größe \\u2192 \\u65e5\\u672c"), ("utf-8", "Größe → 日本")]
)
def test_what_the_encoding_of_stdout_lacks_is_spelled_out(project, environment, encoding, shown):
    (project / "get.yaml").write_text((project / "get.yaml").read_text().replace("Get a table", "Größe → 日本"))
    environment = {**environment, "PYTHONIOENCODING": encoding}
    command = [*MASON, "get", "operator", "table", "get"]
    subprocess.run([*MASON, "apply", "-y"], env=environment, capture_output=True, check=True)
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert f'"description": "{shown}"' in done.stdout.decode(encoding)
    assert json.loads(done.stdout.decode(encoding))["description"] == "Größe → 日本"


def test_names_that_are_no_text_are_spelled_out(project, environment):
    done = subprocess.run(
        [*MASON, "plan", b"caf\xe9.yaml"],
        env={**environment, "LC_ALL": "C", "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "Error: caf\\udce9.yaml: there is no such file or folder (check the path)\n"


WORKING = """\
import time

import mason
from mason.engines.progress import Progress, report


class PyWork(mason.Operator):
    def run(self, ctx):
        for done in range(12):
            report(Progress(done, 12, "rows", "Counting"))
            time.sleep(0.1)
        print("counted")
        return mason.Rows(mason.Schema((mason.Column("name", "VARCHAR"),)), [("x" * 70,), (None,)])
"""


WOULD = (
    "Operator py:work with config 1 would:\n"
    "  call no engine\n"
    "  and run its Python, which can do anything on this machine\n"
)


@pytest.fixture
def working(project, environment):
    folder = project / "operators" / "work"
    folder.mkdir(parents=True)
    (folder / "operator.yaml").write_text("type: operator\nnamespace: py\ncommand: work\n")
    (folder / "__init__.py").write_text(WORKING)
    assert run("apply", "-y", environment=environment).returncode == 0
    return ("run", "operator", "py", "work", "-y")


def test_long_work_shows_a_bar_that_gives_way_to_the_result(working, environment):
    printed = on_a_terminal(*working, environment=environment, columns=60)
    before, *bars, after = printed.split("\r")
    assert before == WOULD
    assert bars
    assert {bar.partition("[")[0] for bar in bars} == {"Counting "}
    assert all(bar.endswith(" left\033[K") for bar in bars)
    shown = "x" * 59 + "…"
    assert after == f"\033[Kcounted\n\033[1mname\033[0m\n{shown}\n\033[2mNULL\033[0m\n\n2 rows.\n"


@pytest.mark.parametrize("refused", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_a_bar_is_drawn_as_the_terminal_wants_it(working, environment, refused):
    printed = on_a_terminal(*working, environment={**environment, **refused})
    assert ("\rCounting [" in printed) == ("NO_COLOR" in refused)
    assert "\033[32m" not in printed


def test_no_bar_is_drawn_for_programs(working, environment):
    assert "Counting" not in on_a_terminal(*working, "--json", environment=environment)
    done = run(*working, environment=environment)
    assert done.stdout == "name\n" + "x" * 70 + "\nNULL\n\n2 rows.\n"
    assert done.stderr == f"{WOULD}counted\n"
