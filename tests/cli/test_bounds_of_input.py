"""Files that never end, are no files, or nest without end: told like others that cannot be read, and at once."""

from __future__ import annotations

import json
import os

import pytest

DEEP = "[" * 100_000


@pytest.fixture
def pipe(project):
    os.mkfifo(project / "pipe")
    return project / "pipe"


def test_a_pipe_is_no_file(mason, project, pipe):
    assert mason("apply", "-y").code == 0
    for command, told in (
        (("state", "push", "pipe"), "Error: pipe: cannot be read (it is no regular file).\n"),
        (
            ("run", "operator", "table", "get", "-f", "pipe"),
            "Error: pipe: the parameter file cannot be read: it is no regular file\n",
        ),
        (("apply", "pipe"), "Error: pipe is no regular file, and a plan is kept in one.\n"),
    ):
        assert mason(*command).err == told
    (project / "mason.yaml").unlink()
    os.mkfifo(project / "mason.yaml")
    told = mason("plan")
    assert told.code == 1
    said = "this is neither a file nor a link to one. Mend it, or remove it."
    assert told.err == f"Error: {project}/mason.yaml: {said}\n"


@pytest.mark.parametrize("name", ["config.yaml", "mason.yaml"])
def test_a_device_is_no_file(mason, project, name):
    (project / name).unlink()
    (project / name).symlink_to("/dev/zero")
    assert mason("plan").code in (0, 1)


def test_files_that_say_that_they_are_huge_are_not_read(mason, project):
    assert mason("apply", "-y").code == 0
    for name in ("huge.json", "mason.yaml"):
        with (project / name).open("wb") as file:
            file.truncate(10**11)
    told = mason("plan").err
    assert told == f"Error: {project}/mason.yaml: cannot be read (it is larger than 1 MB).\n"
    (project / "mason.yaml").write_text("name: flights\nstate: state\n")
    assert mason("state", "push", "huge.json").err == "Error: huge.json: cannot be read (it is larger than 1000 MB).\n"
    for place, command in (
        ("state/state.json", ("plan",)),
        ("state/runs/20260102T030405.000-abcdef.json", ("runs", "show", "20260102T030405.000-abcdef")),
    ):
        (project / place).parent.mkdir(exist_ok=True)
        with (project / place).open("wb") as file:
            file.truncate(10**11)
        refused = mason(*command)
        assert refused.code == 1
        assert refused.err.startswith(f"Error: Cannot read {project}/{place}: it is larger than 1")


def test_one_run_record_that_nests_too_deeply_is_one_unreadable_entry(mason, project):
    assert mason("apply", "-y").code == 0
    assert mason("run", "operator", "table", "get", "-p", "database_name:data,table_name:airlines").code == 0
    runs = project / "state" / "runs"
    for number, content in enumerate((DEEP, '{"address":' + "[" * 200 + "]" * 200 + "}")):
        (runs / f"20260102T030405.00{number}-abcdef.json").write_text(content)
    listed = mason("runs", "list", "--json").json["runs"]
    assert [run["status"] for run in listed] == ["succeeded", "unreadable", "unreadable"]
    shown = mason("runs", "show", "20260102T030405.001-abcdef")
    assert shown.code == 1
    assert "it nests deeper than 150 levels. Delete it: it is the record of one run.\n" in shown.err


def test_one_run_record_that_is_no_file_is_one_unreadable_entry(mason, project):
    assert mason("apply", "-y").code == 0
    runs = project / "state" / "runs"
    runs.mkdir()
    os.mkfifo(runs / "20260102T030405.001-abcdef.json")
    (runs / "20260102T030405.002-abcdef.json").symlink_to("/dev/zero")
    (runs / "20260102T030405.003-abcdef.json").mkdir()
    with (runs / "20260102T030405.004-abcdef.json").open("wb") as file:
        file.truncate(10**12)
    listed = mason("runs", "list", "--json").json["runs"]
    assert [run["status"] for run in listed] == ["unreadable"] * 4


def test_a_folder_of_a_state_whose_name_is_too_long_is_told(mason, project):
    told = mason("--state", f"/{'x' * 300}", "plan").err
    assert told.startswith(f"Error: Cannot read /{'x' * 300}/state.json: File name too long. ")


def test_a_state_or_lock_that_nests_too_deeply_is_no_fault_of_mason(mason, project):
    assert mason("apply", "-y").code == 0
    (project / "state" / "lock").write_text(DEEP)
    assert mason("state", "lock-info").code == 0
    (project / "deep.json").write_text(DEEP)
    assert "deep.json" in mason("state", "push", "deep.json").err
    state = json.loads((project / "state" / "state.json").read_text())
    (project / "state" / "state.json").write_text(json.dumps(state)[:-2] + ',"config.2":' + DEEP)
    told = mason("get", "all").err
    assert told.startswith(f"Error: {project}/state/state.json is ")
    assert "fault in Mason" not in told
