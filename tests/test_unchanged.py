"""Plans without a change that are answered before Mason is loaded: anything that a plan depends on is seen."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mason import cli
from mason.cli.invocation import Invocation
from mason.unchanged import look
from tests.waiting import wait_for

CONFIG = """\
type: config
id: "1"
metastore_clients: [local]
storage_clients: [local]
clients:
  local:
    configuration: {root: .}
"""
OPERATOR = """\
type: operator
namespace: table
command: look
parameters:
  required:
    - {name: table, type: string, description: which}
do:
  - metastore.get_table: {database: data, table: "{{table}}"}
"""

RUN = """\
type: run
name: once
operator: table:look
config_id: "1"
inputs: [data/t.csv]
parameters: {table: t.csv}
"""


def later() -> int:
    """A clock by which all files are old enough."""
    return time.time_ns() + 10**10


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project that was applied, in the current folder."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "mason.yaml").write_text("name: flights\nstate: .state\n")
    (folder / "config.yaml").write_text(CONFIG)
    (folder / "operators").mkdir()
    (folder / "operators" / "look.yaml").write_text(OPERATOR)
    monkeypatch.setenv("MASON_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(folder)
    applied()
    return folder


def applied() -> None:
    """Apply. The first plan after it remembers how far the state has come."""
    assert cli.call(["apply", "-y"]) == 0
    assert cli.call(["plan"]) == 0


def planned(*options: str) -> str | None:
    """What the plan after next is answered with, where this one is kept."""
    arguments = [*options, "plan"]
    assert cli.call(arguments, Invocation(before=look(arguments, clock=later))) == 0
    again = look(arguments)
    assert again is not None
    return again.answer


def run(arguments: str, *python: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *python, "-m", "mason", *arguments.split()], capture_output=True, text=True, check=False
    )


def test_a_plan_that_found_nothing_to_do_is_answered_by_what_it_said(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert planned() == "No changes.\n"
    assert planned("--workspace", "default", "--no-color") == "No changes.\n"
    (folder / "operators" / "look.yaml").write_text(OPERATOR + "\n---\njust: a document\n")
    capsys.readouterr()
    assert planned() == capsys.readouterr().out == "(1 document without a type passed over)\nNo changes.\n"


@pytest.mark.slow
def test_the_answer_needs_nothing_of_mason(folder: Path) -> None:
    first = run("plan")
    # What is young may change once more in the moment that its time tells.
    assert not list((folder.parent / "home" / "cache").glob("unchanged-*"))
    wait_for(lambda: run("plan") and list((folder.parent / "home" / "cache").glob("unchanged-*")))
    again = run("plan", "-X", "importtime")
    assert (again.returncode, again.stdout) == (first.returncode, first.stdout) == (0, "No changes.\n")
    loaded = {line.rpartition("|")[2].strip() for line in again.stderr.splitlines()}
    assert {each for each in loaded if each.startswith("mason")} == {"mason", "mason.unchanged", "mason.version"}
    assert not loaded & {"click", "typing", "enum", "hashlib", "pathlib"} - {"pathlib"}
    (folder / "config.yaml").write_text(CONFIG.replace("root: .", "root: operators"))
    assert "1 to overwrite" in run("plan").stdout
    closed = subprocess.run(
        ["sh", "-c", f"{sys.executable} -m mason plan >&-"], capture_output=True, text=True, check=False
    )
    assert (closed.returncode, closed.stderr) == (
        1,
        "Error: stdout is closed, so nothing was done. If nobody wants the result, send it to /dev/null.\n",
    )


def put_back(path: Path, change: Callable[[], object]) -> None:
    """Change a file, and let it look as old and as long as it was."""
    before = path.stat()
    change()
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)


CHANGES: dict[str, Callable[[Path], object]] = {
    "a file": lambda folder: (folder / "config.yaml").write_text(CONFIG + "protect: true\n"),
    "a file, its time put back": lambda folder: put_back(
        folder / "config.yaml", lambda: (folder / "config.yaml").write_text(CONFIG.replace('"1"', '"2"'))
    ),
    "another file in its place": lambda folder: put_back(
        folder / "config.yaml",
        lambda: (
            (folder / "new").write_text(CONFIG.replace('"1"', '"2"')),
            (folder / "new").replace(folder / "config.yaml"),
        ),
    ),
    "a new file": lambda folder: (folder / "operators" / "more.yml").write_text(OPERATOR),
    "a new file in a new folder": lambda folder: (
        (folder / "deep" / "er").mkdir(parents=True),
        (folder / "deep" / "er" / "more.yaml").touch(),
    ),
    "a file gone": lambda folder: (folder / "operators" / "look.yaml").unlink(),
    "a file with another name": lambda folder: (folder / "operators" / "look.yaml").rename(folder / "look.yaml"),
    "Python beside YAML": lambda folder: (folder / "operators" / "__init__.py").touch(),
    "settings of the project": lambda folder: (folder / "mason.yaml").write_text("name: others\nstate: .state\n"),
    "a file of variables": lambda folder: (folder / ".env").write_text("MASON_VAR_X=1\n"),
    "a person's file of variables": lambda folder: (folder.parent / "home" / ".env").write_text("X=1\n"),
    "whom a person trusts": lambda folder: (folder.parent / "home" / "trusted_folders").touch(),
    "how far states had come": lambda folder: (folder.parent / "home" / "met_serials.json").write_text("{}"),
    "the state": lambda folder: cli.call(["state", "rm", "operator.table.look", "-y"]),
    "the state, its time put back": lambda folder: put_back(
        folder / ".state" / "state.json",
        lambda: (folder / ".state" / "state.json").write_bytes(
            (folder / ".state" / "state.json").read_bytes().replace(b"flights", b"flyings")
        ),
    ),
    "a state that others may write": lambda folder: (folder / ".state").chmod(0o777),
    "the mode of the folder": lambda folder: folder.chmod(0o777),
    "a link to a file": lambda folder: (folder / "linked.yaml").symlink_to(folder / "config.yaml"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_seen(folder: Path, change: str) -> None:
    assert planned() == "No changes.\n"
    CHANGES[change](folder)
    seen = look(["plan"])
    assert seen is not None
    assert seen.answer is None


def test_a_link_elsewhere_is_seen(folder: Path) -> None:
    (folder.parent / "outside.yaml").write_text(OPERATOR.replace("look", "stare"))
    (folder / "linked.yaml").symlink_to(folder.parent / "outside.yaml")
    applied()
    assert planned() == "No changes.\n"
    put_back(
        folder.parent / "outside.yaml",
        lambda: (folder.parent / "outside.yaml").write_text(OPERATOR.replace("look", "gazed"[:5])),
    )
    seen = look(["plan"])
    assert seen is not None
    assert seen.answer is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MASON_STATE", "elsewhere"),
        ("MASON_WORKSPACE", "other"),
        ("Mason_Var_Region", "eu"),
        ("NO_COLOR", "1"),
        ("PYTHONPATH", "lib"),
    ],
)
def test_the_environment_is_seen(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    assert planned() == "No changes.\n"
    monkeypatch.setenv(name, value)
    seen = look(["plan"])
    assert seen is not None
    assert seen.answer is None


def test_an_archive_of_packages_is_seen(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = tmp_path / "packages.zip"
    archive.write_bytes(b"")
    os.utime(archive, ns=(0, 0))
    monkeypatch.syspath_prepend(str(archive))
    assert planned() == "No changes.\n"
    archive.write_bytes(b"")
    seen = look(["plan"])
    assert seen is not None
    assert seen.answer is None


def test_packages_that_are_installed_are_seen(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = tmp_path / "site-packages"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))
    assert planned() == "No changes.\n"
    (site / "mason_more-1.dist-info").mkdir()
    seen = look(["plan"])
    assert seen is not None
    assert seen.answer is None


@pytest.mark.parametrize(
    "arguments",
    [
        "plan --strict",
        "plan --refresh",
        "plan operators",
        "plan --out p",
        "plan --json",
        "plan --target config.1",
        "plan --var a=b",
        "-l info plan",
        "apply",
        "--state",
        "",
    ],
)
def test_other_commands_are_never_answered(folder: Path, arguments: str) -> None:
    assert look(arguments.split()) is None


def test_a_folder_within_the_project_is_never_answered_for(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder / "operators")
    assert look(["plan"]) is None


def test_links_to_folders_are_not_looked_through(folder: Path) -> None:
    (folder.parent / "shared").mkdir()
    (folder / "shared").symlink_to(folder.parent / "shared")
    assert look(["plan"]) is None


def test_an_environment_is_passed_over_unless_it_may_be_packed(folder: Path) -> None:
    (folder / "env").mkdir()
    (folder / "env" / "pyvenv.cfg").touch()
    (folder / "node_modules").mkdir()
    assert planned() == "No changes.\n"
    (folder / "env" / "any.yaml").write_text(OPERATOR)
    (folder / "node_modules" / "any.py").touch()
    seen = look(["plan"])
    assert seen is not None
    assert seen.answer == "No changes.\n"
    (folder / "node_modules" / "__init__.py").touch()
    assert look(["plan"]) is None


def test_plans_with_changes_or_warnings_are_not_kept(folder: Path) -> None:
    (folder / "config.yaml").write_text(CONFIG + "protect: true\n")
    assert planned() is None


def test_configs_that_refer_to_the_environment_are_not_answered_for(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLACE", "data")
    (folder / "config.yaml").write_text(CONFIG.replace("root: .", 'root: "{{PLACE}}"'))
    assert cli.call(["apply", "-y", "-o"]) == 0
    assert planned() is None


def test_plans_that_looked_at_inputs_are_not_kept(folder: Path) -> None:
    (folder / "data").mkdir()
    (folder / "data" / "t.csv").write_text("a\n1\n")
    (folder / "run.yaml").write_text(RUN)
    applied()
    assert planned() is None


def test_plans_of_runs_are_not_kept_whatever_was_asked(folder: Path) -> None:
    # What can be done with a run or schedule is for its client to say, which other packages may bring, and for the
    # clock.
    (folder / "data").mkdir()
    (folder / "data" / "t.csv").write_text("a\n1\n")
    (folder / "run.yaml").write_text(RUN.replace("inputs: [data/t.csv]\n", ""))
    (folder / "mason.yaml").write_text("name: flights\nstate: .state\nrefresh: never\n")
    applied()
    assert planned() is None


def test_an_answer_that_holds_a_secret_is_not_kept(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MASON_WORKSPACE", "tr0ub4dor")
    applied()
    assert planned() == "Workspace: tr0ub4dor\nNo changes.\n"
    monkeypatch.setenv("WAREHOUSE_PASSWORD", "tr0ub4dor")
    (folder / "more.yaml").touch()
    capsys.readouterr()
    assert planned() is None
    assert "tr0ub4dor" not in capsys.readouterr().out


def test_what_was_kept_is_used_whole_or_not_at_all(folder: Path) -> None:
    assert planned() == "No changes.\n"
    (kept,) = (folder.parent / "home" / "cache").glob("unchanged-*")
    whole = kept.read_bytes()
    for damaged in (b"", whole[:-1], whole[:30], whole.replace(b"No changes", b"No charges"), b"x" + whole):
        kept.write_bytes(damaged)
        seen = look(["plan"])
        assert seen is not None
        assert seen.answer is None
    kept.write_bytes(whole)
    seen = look(["plan"])
    assert seen is not None
    assert seen.answer == "No changes.\n"


def test_where_nothing_can_be_kept_plans_go_on(folder: Path) -> None:
    shutil.rmtree(folder.parent / "home" / "cache")
    (folder.parent / "home" / "cache").touch()
    assert planned() is None
