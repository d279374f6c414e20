"""Saved plans: where they are written, and that a file which no plan would fill is refused in one line."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys

import pytest

MADE_ANEW = ". Make it anew: mason plan --out release.plan\n"


def sign(document):
    """The digest of a plan file, as anybody can make it."""
    covered = {name: value for name, value in document.items() if name != "digest"}
    text = json.dumps(covered, sort_keys=True, ensure_ascii=False)
    return "sha256:" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@pytest.fixture
def forged(mason, project):
    """Saves a plan, lets it be changed and its digest be made anew, and applies it; nothing may come of that."""

    def apply(change):
        mason("plan", "--out", "release.plan")
        document = json.loads((project / "release.plan").read_text())
        change(document["plan"])
        document["digest"] = sign(document)
        (project / "release.plan").write_text(json.dumps(document))
        result = mason("apply", "release.plan")
        assert (result.code, result.out, (project / "state" / "state.json").exists()) == (1, "", False)
        return result.err

    return apply


def into(*path, value):
    """A change that puts ``value`` at ``path`` of a plan."""

    def change(plan):
        *around, last = path
        for step in around:
            plan = plan[step]
        plan[last] = value

    return change


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (into("actions", value=7), "the value of actions does not fit (type)"),
        (into("actions", 0, "kind", value="no-op"), "the value of actions.0.kind does not fit (enum)"),
        (into("actions", 0, "kind", value="run"), "what it says of config.1 is no run"),
        (into("actions", 0, "kind", value="delete"), "what it says of config.1 is no delete"),
        (into("actions", 0, "kind", value="overwrite"), "what it says of config.1 is no overwrite"),
        (into("actions", 0, "wanted", value=None), "what it says of config.1 is no create"),
        (into("actions", 0, "wanted", "definition", value="{"), None),
        (into("actions", 0, "wanted", "definition", value="[" * 5000), None),
        (into("actions", 0, "wanted", "definition", value="[]"), "the definition of config.1 is none"),
        (
            into("actions", 0, "wanted", "definition", value='{"type":"config"}'),
            "the definition of config.1 is none: missing key 'id'",
        ),
        (
            into("actions", 0, "wanted", "definition", value='{"id":"2","type":"config"}'),
            "the definition of config.1 is that of config.2",
        ),
        (
            into("actions", 0, "wanted", "definition", value='{"type":"config","id":"1"}'),
            "the definition of config.1 is not written as Mason writes it",
        ),
        (
            into("actions", 0, "wanted", "definition", value='{"id":"1","type":"config"}'),
            "the definition of config.1 has another digest",
        ),
        (
            into("actions", 0, "wanted", "source", value="{}"),
            "the Python files of config.1 are not those of its module, whose digest they lack",
        ),
        (into("actions", 0, "address", value="config.2"), "the definition of config.2 is that of config.1"),
        (lambda plan: plan["actions"].append(plan["actions"][0]), "config.1 stands there more than once"),
        (lambda plan: plan["actions"][0].pop("wanted"), "the value of actions.0 does not fit (required)"),
        (into("actions", 0, "changes", value=[["a", "b"]]), "the value of actions.0.changes.0 does not fit (minItems)"),
        (into("actions", 0, "calls", value=[[1]]), None),
        (into("serial", value="1"), "the value of serial does not fit (type)"),
        (into("warnings", value="none"), "the value of warnings does not fit (type)"),
        (into("warnings", value=[None]), "the value of warnings.0 does not fit (type)"),
    ],
)
def test_a_plan_that_mason_cannot_have_made_is_refused_though_its_digest_fits(forged, change, fault):
    error = forged(change)
    assert error.startswith("Error: release.plan holds what no plan can hold: ")
    assert error.endswith(MADE_ANEW)
    assert error.count("\n") == 1
    if fault is not None:
        assert error == f"Error: release.plan holds what no plan can hold: {fault}{MADE_ANEW}"


@pytest.mark.parametrize(
    "change",
    [
        into("warnings", value=json.loads("[" * 400 + "]" * 400)),
        into("warnings", value=["\ud800"]),
        into("files", value=float("nan")),
    ],
    ids=["deep", "half a surrogate pair", "not a number"],
)
def test_json_that_no_plan_is_written_in_is_no_plan_file(forged, change):
    assert forged(change) == (
        "Error: release.plan is not a plan file (make one with: mason plan --out release.plan).\n"
    )


def test_json_without_end_is_no_plan_file(mason, project):
    (project / "release.plan").write_text('{"format": "mason-plan", "plan": ' + "[" * 200_000)
    expected = "Error: release.plan is not a plan file (make one with: mason plan --out release.plan).\n"
    assert mason("apply", "release.plan").err == expected
    assert mason("plan", "--out", "release.plan").err == (
        "Error: release.plan exists and is no plan file, so it is not overwritten. Choose another name.\n"
    )


def test_what_a_link_points_to_is_written(mason, project):
    (project / "plans").mkdir()
    (project / "latest.plan").symlink_to("plans/1.plan")
    for _ in range(2):
        assert mason("plan", "--out", "latest.plan").code == 0
    assert (project / "latest.plan").is_symlink()
    assert (project / "plans" / "1.plan").stat().st_mode & 0o777 == 0o600
    assert [file.name for file in (project / "plans").iterdir()] == ["1.plan"]
    assert mason("apply", "latest.plan").code == 0


def test_a_plan_is_not_written_into_a_pipe(project):
    """In a process of its own, which would wait for a reader for ever."""
    os.mkfifo(project / "pipe")
    command = [sys.executable, "-m", "mason", "plan", "--out", "pipe"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (
        1,
        "",
        "Error: pipe is no regular file, and a plan is kept in one. Choose another name.\n",
    )


def test_a_plan_that_cannot_be_written_is_named(mason, project):
    assert mason("plan", "--out", "none/b.plan").err == (
        "Error: The plan could not be written to none/b.plan (No such file or directory).\n"
    )
    assert sorted(file.name for file in project.glob(".*")) == []
