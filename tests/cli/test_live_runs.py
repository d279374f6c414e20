"""Workflows as people watch them: on a terminal the run is a tree that changes in place, elsewhere lines."""

from __future__ import annotations

import fcntl
import os
import re
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from tests.screen import Screen

CONFIG = 'type: config\nid: "1"\nmetastore_clients: [memory]\nstorage_clients: [memory]\n'
NOOP = "type: operator\nnamespace: no\ncommand: op\ndo:\n  - metastore.list_databases: {}\n"
WORK = """\
type: operator
namespace: py
command: work
parameters:
  optional:
    - {name: seconds, type: number, default: 0}
    - {name: until, type: string, description: a file that it waits for}
    - {name: say, type: string}
    - {name: fails, type: string, description: a file that keeps it from failing once more}
"""
WORK_CLASS = """\
import time
from pathlib import Path

import mason
from mason.engines.progress import Progress, report


class PyWork(mason.Operator):
    def run(self, ctx):
        if ctx.params["say"]:
            print("printed", ctx.params["say"])
            ctx.info("told")
        tenths = int(10 * ctx.params["seconds"])
        for tenth in range(tenths):
            report(Progress(tenth, tenths, "rows", "Counting"))
            time.sleep(0.1)
        while ctx.params["until"] and not Path(ctx.params["until"]).exists():
            time.sleep(0.01)
        if ctx.params["fails"] and not Path(ctx.params["fails"]).exists():
            Path(ctx.params["fails"]).touch()
            raise ValueError("\\x1b[2J\\x1b]0;evil\\x07 日本語の長い説明 \\n of two lines")
"""


def flow(command, *steps):
    return f"type: workflow\nnamespace: t\ncommand: {command}\ndag:\n" + "".join(f"  - {{{each}}}\n" for each in steps)


def step(name, after="", more=""):
    return f"id: {name}, namespace: py, command: work, dependencies: [{after}]{more}"


@pytest.fixture
def made(mason, folder):
    """Applies a workflow beside an operator that does what its parameters say."""

    def apply(*steps, **more):
        (folder / "mason.yaml").write_text("name: live\nstate: state\n")
        (folder / "work").mkdir()
        (folder / "work" / "operator.yaml").write_text(WORK)
        (folder / "work" / "__init__.py").write_text(WORK_CLASS)
        flows = {f"{command}.yaml": flow(command, *within) for command, within in more.items()}
        texts = {"config.yaml": CONFIG, "noop.yaml": NOOP, "all.yaml": flow("all", *steps), **flows}
        for name, text in texts.items():
            (folder / name).write_text(text)
        applied = mason("apply", "-y")
        assert applied.code == 0, applied.err

    return apply


class Watched:
    """``mason ARGUMENTS`` on a terminal of its own, which Ctrl-C reaches as it does from a keyboard."""

    def __init__(self, *arguments, columns=90, lines=40, **environment):
        self.screen = Screen(columns, lines)
        inherited = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "NO_COLOR", "TERM")}
        inherited |= {"PYTHONPATH": str(Path(__file__).parents[2]), "TERM": "xterm", "PYTHONUTF8": "1"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mason", *arguments],
            env=inherited | environment,
            stdin=self.screen.stream,
            stdout=self.screen.stream,
            stderr=self.screen.stream,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )

    def press(self, keys):
        os.write(self.screen.parent, keys)

    def end(self):
        """The exit code, and what is on the screen behind the dry run, durations and ids written alike."""
        code = self.process.wait(60)
        # Which reads to the end.
        self.screen.close()
        lines = self.screen.lines
        python = "  and run its Python, which can do anything on this machine"
        behind = max((n for n, line in enumerate(lines) if line in ("  call no engine", python)), default=-1) + 1
        text = "\n".join(lines[behind:])
        # How the run ended, but for its id and what is said of it, is the last line.
        text, ending, said = re.sub(r"\d+\.\d s", "N s", text).strip("\n").rpartition("\nRun ")
        return code, [*text.split("\n"), f"{ending[1:]}{said.split(':')[0].split()[1]}"]


RUN = ("run", "workflow", "t", "all", "-y")


def test_a_run_is_a_tree_that_stays_as_it_ended(made, folder):
    inner = (step("one"), step("two", "one"))
    more = ", retry: constant(1), retry_max: 1"
    made(
        step("a"),
        "id: b, type: workflow, namespace: t, command: inner, dependencies: [a]",
        step("c", "b", more),
        step("d", "c"),
        step("e", "d"),
        inner=inner,
    )
    watched = Watched(*RUN, "-p", f"a.say:hello,c.fails:{folder}/once,d.fails:{folder}/twice", columns=150)
    assert watched.end() == (
        1,
        [
            "a: printed hello",
            "a: told",
            "d: failed after N s: Operator py:work raised ValueError: \\u001b[2J\\u001b]0;evil\\u0007 日本語の長い説明",
            " of two lines (__init__.py:21)",
            "✓ a      py:work           succeeded after N s",
            "✓ b      workflow t:inner  succeeded after N s",
            "  ✓ one  py:work           succeeded after N s",
            "  ✓ two  py:work           succeeded after N s",
            "✓ c      py:work           succeeded after N s in 2 attempts",
            "✗ d      py:work           failed after N s: Operator py:work raised ValueError: "
            "\\u001b[2J\\u001b]0;evil\\u0007 日本語の長い説明",
            "✗ e      py:work           upstream failed",
            "Run failed",
        ],
    )
    # What is shown for a moment only is not looked for on the screen.
    written = re.sub(r"\033\[\d*m", "", watched.screen.raw.decode())
    assert "↻ c      py:work           retrying in 1 s: Operator py:work raised ValueError:" in written


def test_long_work_shows_how_far_it_is(made, folder):
    made(step("a"), step("b", "a"))
    watched = Watched(*RUN, "-p", "b.seconds:0.2,b.until:go")
    watched.screen.until(r"> b  py:work  running \d+ s  Counting \[")
    (folder / "go").touch()
    assert watched.end()[0] == 0


def test_a_resumed_run_begins_with_what_was_done(made, mason, folder):
    made(step("a"), step("b", "a"))
    assert mason(*RUN, "-p", f"b.fails:{folder}/once").code == 1
    (run,) = mason("runs", "list", "--json").json["runs"]
    assert Watched("runs", "resume", run["run_id"], "-y").end() == (
        0,
        [
            "Done already: a.",
            "",
            "✓ a  py:work  succeeded after N s",
            "✓ b  py:work  succeeded after N s",
            "Run succeeded",
        ],
    )


def test_ctrl_c_is_told_above_the_tree(made, folder):
    made(step("a"), step("b"), step("c", "a"))
    watched = Watched(*RUN, "--parallelism", "2", "-p", "a.until:go,b.until:never")
    watched.screen.until("> a  py:work  running")
    watched.press(b"\x03")
    watched.screen.until("Finishing what runs; press Ctrl-C again to stop at once.")
    (folder / "go").touch()
    watched.screen.until("✓ a  py:work  succeeded")
    watched.press(b"\x03")
    assert watched.end() == (
        130,
        [
            "Finishing what runs; press Ctrl-C again to stop at once.",
            "Stopping at once.",
            "✓ a  py:work  succeeded after N s",
            "✗ b  py:work  interrupted after N s",
            "- c  py:work  cancelled",
            "Run interrupted",
        ],
    )


def test_many_steps_in_a_small_window(made, folder):
    steps = [f"id: s{n}, namespace: no, command: op" for n in range(200)]
    made(*steps, step("slow", "s199"), step("bad", "slow"))
    watched = Watched(*RUN, "-p", f"slow.seconds:0.2,slow.until:go,bad.fails:{folder}/once", columns=60, lines=5)
    watched.screen.until(r"> slow  py:work  running \d+ s  Counting ")
    assert watched.screen.lines[-1] == "200 succeeded, 1 running, 1 waiting"
    (folder / "go").touch()
    code, lines = watched.end()
    assert code == 1
    failed, counted = lines[-3:-1]
    assert failed.startswith("✗ bad   py:work  failed after N s: Operator py:work ")
    assert counted == "201 succeeded, 1 failed"


def test_a_window_that_changes_its_size(made, folder):
    made(step("first"), step("second", "first"))
    watched = Watched(*RUN, "-p", "first.until:one,second.until:two")
    watched.screen.until("> first")
    watched.screen.resize(60, 40)
    (folder / "one").touch()
    watched.screen.until(r"> second  py:work  running \d+ s")
    watched.screen.resize(120, 50)
    (folder / "two").touch()
    assert watched.end() == (
        0,
        [
            "✓ first   py:work  succeeded after N s",
            "✓ second  py:work  succeeded after N s",
            "Run succeeded",
        ],
    )


@pytest.mark.parametrize(
    ("options", "environment"), [(("--no-color",), {}), ((), {"NO_COLOR": "1"}), ((), {})], ids=["option", "env", "no"]
)
def test_colours_are_left_out_where_nobody_wants_them(made, options, environment):
    made(step("a"))
    watched = Watched(*options, *RUN, **environment)
    assert watched.end()[1][0] == "✓ a  py:work  succeeded after N s"
    assert (b"\033[32m" in watched.screen.raw) == (not options and not environment)


@pytest.mark.parametrize(
    ("options", "environment"),
    [((), {"TERM": "dumb"}), (("-l", "info"), {}), ((), {"PYTHONUTF8": "0", "PYTHONIOENCODING": "latin-1"})],
    ids=["dumb", "log", "latin-1"],
)
def test_where_a_tree_cannot_be_drawn_there_are_lines(made, options, environment):
    made(step("a"))
    watched = Watched(*options, *RUN, **environment)
    code, lines = watched.end()
    assert code == 0
    assert [line for line in lines if line.startswith("a: ")] == ["a: started", "a: succeeded after N s"]
    assert b"\033[1A" not in watched.screen.raw


def test_piped_there_are_lines(made, mason):
    made(step("a"))
    done = mason(*RUN, "-p", "a.say:hello")
    assert re.sub(r"\d+\.\d s", "N s", done.err).splitlines()[-4:] == [
        "a: started",
        "a: printed hello",
        "a: told",
        "a: succeeded after N s",
    ]
