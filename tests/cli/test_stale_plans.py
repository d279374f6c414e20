"""Saved plans that no longer fit: each refusal in its own words, and nothing done by any of them."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest

from mason.state.local import LocalStateStore
from tests.cli.notes import WRITE
from tests.cli.test_planfiles import sign

RUN = """\
type: run
name: NAME
operator: note:write
config_id: 1
parameters: {path: NAME.txt, text: hello}
inputs: [data/airlines.csv]
"""
SLOW = "import mason\n\n\nclass SlowGo(mason.Operator):\n    def run(self, ctx):\n        return None\n"
AGAIN = "Nothing was applied. Plan again to see what would change now.\n"


@pytest.fixture
def refused(mason, project):
    """Applies ``release.plan``, which has to be refused and leave everything as it was; gives the error."""

    def apply():
        before = {file: file.read_bytes() for file in (project / "state").rglob("*.json")}
        result = mason("apply", "release.plan")
        assert (result.code, result.out) == (1, "")
        assert {file: file.read_bytes() for file in (project / "state").rglob("*.json")} == before
        return result.err

    return apply


def entry(project, address):
    return json.loads((project / "state" / "state.json").read_text())["resources"][address]


def by(project, address):
    """Who applied a resource, and when."""
    found = entry(project, address)
    return f"by {found['applied_by']} at {found['applied_at']}"


def operator(project, name, description="An operator"):
    (project / f"{name}.yaml").write_text(
        f"type: operator\nnamespace: many\ncommand: {name}\ndescription: {description}\n"
        "do:\n  - metastore.list_databases: {}\n"
    )


def test_a_state_that_moved_is_told_with_who_did_what(mason, project, refused):
    operator(project, "a")
    operator(project, "b")
    mason("apply", "-y")
    operator(project, "c")
    mason("plan", "--out", "release.plan")
    (project / "c.yaml").unlink()
    operator(project, "d")
    operator(project, "a", "Another description")
    (project / "b.yaml").unlink()
    mason("apply", "-y", "-o", "--prune")
    assert refused() == (
        "Error: The state moved from serial 1 to 2 since this plan was made. Since then: "
        f"operator.many.a overwritten {by(project, 'operator.many.a')}; operator.many.b deleted; "
        f"operator.many.d created {by(project, 'operator.many.d')}. {AGAIN}"
    )


def test_of_many_changes_the_first_are_told(mason, project, refused):
    mason("apply", "-y")
    operator(project, "z")
    mason("plan", "--out", "release.plan")
    (project / "z.yaml").unlink()
    for name in "abcdefg":
        operator(project, name)
    mason("apply", "-y")
    told = "; ".join(f"operator.many.{name} created {by(project, f'operator.many.{name}')}" for name in "abcde")
    assert refused() == (
        f"Error: The state moved from serial 1 to 2 since this plan was made. Since then: {told} and 2 more. {AGAIN}"
    )


def test_nothing_is_told_of_what_is_no_longer_kept(mason, project, refused):
    mason("apply", "-y")
    operator(project, "z")
    mason("plan", "--out", "release.plan")
    (project / "z.yaml").unlink()
    for number in range(11):
        operator(project, "a", f"Description {number}")
        mason("apply", "-y", "-o")
    assert refused() == f"Error: The state moved from serial 1 to 12 since this plan was made. {AGAIN}"


def test_a_damaged_backup_tells_nothing(mason, project, refused):
    mason("apply", "-y")
    operator(project, "z")
    mason("plan", "--out", "release.plan")
    (project / "z.yaml").unlink()
    operator(project, "a")
    mason("apply", "-y")
    (project / "state" / "backups" / "state.1.json").write_text("{")
    assert refused() == f"Error: The state moved from serial 1 to 2 since this plan was made. {AGAIN}"


def test_a_state_that_was_set_back_is_told(mason, project, refused):
    mason("apply", "-y")
    operator(project, "a")
    mason("apply", "-y")
    operator(project, "b")
    mason("plan", "--out", "release.plan")
    (project / "state" / "state.json").write_bytes((project / "state" / "backups" / "state.1.json").read_bytes())
    assert refused() == f"Error: The state moved from serial 2 to 1 since this plan was made. {AGAIN}"


def test_a_state_that_was_replaced_is_another_one(mason, project, refused):
    import shutil

    mason("apply", "-y")
    operator(project, "a")
    mason("plan", "--out", "release.plan")
    shutil.rmtree(project / "state")
    (project / "a.yaml").unlink()
    mason("apply", "-y")
    assert refused() == (
        "Error: This plan was made against another state (its lineage differs): what was kept here then was replaced. "
        "Nothing was applied. Plan again.\n"
    )


@pytest.mark.parametrize("made_in", [(), ("--workspace", "team")])
def test_a_plan_for_another_workspace_is_refused(mason, project, made_in):
    mason(*made_in, "plan", "--out", "release.plan")
    made, other = (f"file://{project}/state" + rest for rest in ("", "/workspaces/team"))
    if made_in:
        made, other = other, made
    result = mason(*(() if made_in else ("--workspace", "team")), "apply", "release.plan")
    assert (result.code, result.out, result.err) == (
        1,
        "",
        f"Error: This plan was made against the state {made}, not {other}. Nothing was applied. "
        "Choose that state (--state, --workspace), or plan again.\n",
    )
    assert mason(*made_in, "apply", "release.plan").code == 0


@pytest.mark.parametrize("begun", [False, True])
def test_a_plan_is_applied_to_its_state_in_another_spelling(mason, project, begun):
    """Also one of a state that nothing was written to yet, where no lineage tells."""
    (project / "real").mkdir()
    (project / "link").symlink_to(project / "real")
    if begun:
        assert mason("--state", "real", "apply", "-y", "config.yaml").code == 0
    assert mason("--state", "real", "plan", "--out", "p.plan").code == 0
    applied = mason("--state", "link", "apply", "p.plan", "-y")
    assert (applied.code, applied.err) == (0, "")
    assert mason("--state", "real", "plan").out == "No changes.\n"


def test_a_plan_is_not_applied_twice_though_the_state_moved_on_since(mason, project, refused):
    mason("apply", "-y")
    operator(project, "a")
    mason("plan", "--out", "release.plan")
    assert mason("apply", "release.plan").code == 0
    told = by(project, "operator.many.a")
    operator(project, "a", "Another description")
    mason("apply", "-y", "-o")
    assert refused() == (
        f"Error: This plan was applied already {told}: all that it would do is done. "
        f"The state has moved on since, from serial 2 to 3. {AGAIN}"
    )


def test_of_two_who_apply_a_plan_at_once_the_second_is_told_so(mason, project):
    """Both had looked at the state before the first one's turn."""
    assert mason("plan", "--out", "release.plan").code == 0
    command = [sys.executable, "-m", "mason", "apply", "release.plan", "--lock-timeout", "60"]
    with LocalStateStore(str(project / "state")).lock("state mv"):
        two = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
        for each in two:
            assert each.stderr.readline() == "Acquiring state lock...\n"
    ended = sorted((each.wait(60), each.stdout.read(), each.stderr.read()) for each in two)
    for each in two:
        each.stdout.close()
        each.stderr.close()
    assert [code for code, _, _ in ended] == [0, 1]
    assert ended[0][1].endswith("Apply complete: 2 created, 0 overwritten, 0 deleted, 0 run.\n")
    assert ended[1][2].splitlines()[-1] == (
        f"Error: This plan was applied already {by(project, 'config.1')}: all that it would do is done. "
        "Nothing was applied again."
    )


def test_deletions_are_not_done_twice(mason, project, refused):
    operator(project, "a")
    mason("apply", "-y")
    (project / "a.yaml").unlink()
    mason("plan", "--prune", "--out", "release.plan")
    assert mason("apply", "release.plan").code == 0
    assert refused() == (
        "Error: This plan was applied already: all that it would do is done. Nothing was applied again.\n"
    )


def test_a_move_is_not_done_twice(mason, project, refused):
    mason("apply", "-y")
    (project / "get.yaml").write_text((project / "get.yaml").read_text().replace("command: get", "command: fetch"))
    (project / "moved.yaml").write_text("type: moved\nfrom: operator.table.get\nto: operator.table.fetch\n")
    mason("plan", "--out", "release.plan")
    assert mason("apply", "release.plan").out.endswith("0 created, 0 overwritten, 0 deleted, 0 run, 1 moved.\n")
    assert refused() == (
        f"Error: This plan was applied already {by(project, 'operator.table.fetch')}: all that it would do is done. "
        "Nothing was applied again.\n"
    )


@pytest.fixture
def noted(mason, project):
    """A project with an operator that writes, and its run, both applied."""
    (project / "note.yaml").write_text(WRITE)
    (project / "run.yaml").write_text(RUN.replace("NAME", "one"))
    assert mason("apply", "-y").code == 0
    return project


def test_a_run_is_not_done_twice_though_its_definition_stays(mason, noted, refused):
    """All that such a plan changes in the state is what came of the run."""
    with (noted / "data" / "airlines.csv").open("a") as opened:
        opened.write("B6,JetBlue\n")
    mason("plan", "--out", "release.plan")
    assert mason("apply", "release.plan").code == 0
    (noted / "one.txt").unlink()
    assert refused() == (
        f"Error: This plan was applied already {by(noted, 'run.one')}: all that it would do is done. "
        "Nothing was applied again.\n"
    )
    assert not (noted / "one.txt").exists()


def test_somebody_elses_turn_before_a_run_is_not_this_plan(mason, noted, refused):
    with (noted / "data" / "airlines.csv").open("a") as opened:
        opened.write("B6,JetBlue\n")
    mason("plan", "--out", "release.plan")
    operator(noted, "a")
    mason("apply", "-y", "--target", "operator.many.a")
    assert refused() == (
        "Error: The state moved from serial 3 to 4 since this plan was made. Since then: "
        f"operator.many.a created {by(noted, 'operator.many.a')}. {AGAIN}"
    )


def test_a_plan_that_was_applied_but_not_to_its_end_says_what_is_left(mason, project, refused):
    (project / "note.yaml").write_text(WRITE)
    second = RUN.replace("NAME", "two").replace("inputs:", "depends_on: [one]\ninputs:")
    (project / "run.yaml").write_text(RUN.replace("NAME", "one") + "---\n" + second)
    mason("plan", "--out", "release.plan")
    (project / "one.txt").mkdir()
    assert mason("apply", "release.plan").code == 1
    assert entry(project, "run.one")["outcome"]["status"] == "failed"
    error = refused()
    assert error == (
        f"Error: This plan was applied already {by(project, 'run.one')}, but not to its end: "
        "not done are run.one, run.two (see what is left with: mason plan). Nothing was applied again.\n"
    )


def test_a_plan_that_holds_nothing_says_so(mason, project):
    mason("apply", "-y")
    mason("plan", "--out", "release.plan")
    operator(project, "a")
    mason("apply", "-y")
    applied = mason("apply", "release.plan")
    assert (applied.code, applied.out, applied.err) == (0, "No changes.\n", "")
    document = mason("apply", "release.plan", "--json").json
    assert (document["applied"], document["state"]["serial"]) == ([], 1)


def test_a_saved_plan_applied_as_json(mason, project, refused):
    mason("plan", "--out", "release.plan")
    applied = mason("apply", "release.plan", "--json")
    assert applied.code == 0
    assert applied.json["applied"] == [
        {"action": "create", "address": "config.1"},
        {"action": "create", "address": "operator.table.get"},
    ]
    assert applied.json["state"] == {"url": f"file://{project}/state", "serial": 1}
    again = mason("apply", "release.plan", "--json")
    assert (again.code, again.json["error"]) == (1, "StalePlanError")
    assert again.json["errors"][0]["message"].startswith("This plan was applied already by ")


def test_a_plan_with_errors_is_not_saved(mason, project):
    mason("plan", "--out", "release.plan")
    before = (project / "release.plan").read_bytes()
    (project / "broken.yaml").write_text("type: operator\n")
    assert mason("plan", "--out", "release.plan").code == 1
    assert mason("plan", "--out", "other.plan").code == 1
    assert (project / "release.plan").read_bytes() == before
    assert not (project / "other.plan").exists()


@pytest.mark.parametrize("command", ["apply", "show"])
def test_a_plan_of_another_format_is_told_with_the_version_that_made_it(mason, project, command):
    mason("plan", "--out", "release.plan")
    document = json.loads((project / "release.plan").read_text())
    document |= {"version": 2, "mason_version": "3.1.0"}
    (project / "release.plan").write_text(json.dumps(document | {"digest": sign(document)}))
    assert mason(command, "release.plan").err == (
        "Error: release.plan was made by Mason 3.1.0, whose plans this version cannot read. Plan again.\n"
    )


@pytest.mark.parametrize("name", ["created_at", "created_by", "mason_version", "plan"])
@pytest.mark.parametrize("command", ["apply", "show"])
def test_who_made_a_plan_cannot_be_edited_either(mason, project, name, command):
    mason("plan", "--out", "release.plan")
    document = json.loads((project / "release.plan").read_text())
    (project / "release.plan").write_text(json.dumps(document | {name: "somebody else"}))
    assert mason(command, "release.plan").err == (
        "Error: release.plan was changed after it was made, so it is not what was reviewed. Plan again.\n"
    )


def test_a_plan_that_nobody_made_is_none(mason, project):
    mason("plan", "--out", "release.plan")
    document = json.loads((project / "release.plan").read_text())
    del document["created_by"]
    (project / "release.plan").write_text(json.dumps(document | {"digest": sign(document)}))
    assert mason("apply", "release.plan").err == (
        "Error: release.plan holds what no plan can hold: the value of created_by does not fit (type). "
        "Make it anew: mason plan --out release.plan\n"
    )


def test_python_files_that_are_not_those_that_were_reviewed_are_refused(mason, project):
    (project / "go.yaml").write_text("type: operator\nnamespace: a\ncommand: b\n")
    (project / "__init__.py").write_text(
        "import mason\nclass AB(mason.Operator):\n    def run(self, ctx):\n        return 1\n"
    )
    mason("plan", "--out", "release.plan")
    document = json.loads((project / "release.plan").read_text())
    wanted = next(action["wanted"] for action in document["plan"]["actions"] if action["address"] == "operator.a.b")
    wanted["source"] = wanted["source"].replace("return 1", "return 2")
    (project / "release.plan").write_text(json.dumps(document | {"digest": sign(document)}))
    assert mason("apply", "release.plan").err == (
        "Error: release.plan holds what no plan can hold: the Python files of operator.a.b are not those of its "
        "module, whose digest they lack. Make it anew: mason plan --out release.plan\n"
    )


@pytest.fixture
def reviewed(mason, project):
    """A project with a Python operator in a folder of its own, which ``release.plan`` would create."""
    mason("apply", "-y")
    (project / "slow" / "parts").mkdir(parents=True)
    (project / "slow" / "operator.yaml").write_text("type: operator\nnamespace: slow\ncommand: go\n")
    (project / "slow" / "__init__.py").write_text(SLOW)
    (project / "slow" / "parts" / "__init__.py").write_text("")
    assert mason("plan", "--out", "release.plan").code == 0
    return project


def test_python_files_that_changed_since_are_told(mason, reviewed, refused, monkeypatch):
    (reviewed / "slow" / "__init__.py").write_text(SLOW + "# y\n")
    told = "Error: Python files changed since this plan was made (operator.slow.go: slow/__init__.py). " + AGAIN
    assert refused() == told
    monkeypatch.chdir(reviewed / "slow" / "parts")
    assert mason("apply", "../../release.plan").err == told
    monkeypatch.chdir(reviewed)
    (reviewed / "slow" / "__init__.py").write_text(SLOW)
    assert mason("apply", "release.plan").code == 0


def test_all_python_files_that_changed_are_told(mason, reviewed, refused):
    (reviewed / "fast").mkdir()
    (reviewed / "fast" / "operator.yaml").write_text("type: operator\nnamespace: fast\ncommand: go\n")
    (reviewed / "fast" / "__init__.py").write_text(SLOW.replace("Slow", "Fast"))
    assert mason("plan", "--out", "release.plan").code == 0
    (reviewed / "fast" / "__init__.py").write_text(SLOW.replace("SlowGo", "FastGo") + "# y\n")
    (reviewed / "slow" / "more.py").write_text("")
    (reviewed / "slow" / "parts" / "__init__.py").write_bytes(b"\xff")
    assert refused() == (
        "Error: Python files changed since this plan was made (operator.fast.go: fast/__init__.py; "
        "operator.slow.go: slow/more.py, slow/parts/__init__.py). " + AGAIN
    )


def test_a_plan_is_applied_where_its_files_are_not(mason, reviewed):
    """As in a job that is handed the plan and nothing else."""
    for gone in ("slow/__init__.py", "slow/parts/__init__.py", "slow/operator.yaml"):
        (reviewed / gone).unlink()
    assert mason("apply", "release.plan").code == 0
    assert json.loads(mason("get", "operator", "slow", "go").out)["command"] == "go"


def test_files_of_another_project_are_not_those_of_the_plan(mason, reviewed):
    (reviewed / "mason.yaml").write_text("name: other\nstate: state\n")
    (reviewed / "slow" / "__init__.py").write_text(SLOW + "# y\n")
    assert mason("apply", "release.plan").code == 0


def test_a_plan_of_files_outside_of_the_project_is_compared_with_them(mason, reviewed, refused):
    outside = reviewed.parent / "outside"
    (reviewed / "slow").rename(outside)
    for typed in ("../outside", str(outside)):
        (outside / "__init__.py").write_text(SLOW)
        assert mason("plan", typed, "--out", "release.plan").code == 0
        (outside / "__init__.py").write_text(SLOW + "# y\n")
        assert refused() == (
            f"Error: Python files changed since this plan was made (operator.slow.go: {typed}/__init__.py). {AGAIN}"
        )


def test_a_plan_file_is_applied_alone(mason, project):
    mason("plan", "--out", "release.plan")
    for arguments in (("release.plan", "get.yaml"), ("get.yaml", "release.plan")):
        assert mason("apply", *arguments).err == (
            "Error: release.plan is no YAML. If it is a plan file, apply it alone: mason apply release.plan\n"
        )
    assert mason("apply", "release.plan", "--prune").err == (
        "Error: release.plan is a plan file: it is applied as it was reviewed, with the variables that it was made "
        "with, and without other options.\n"
    )


def test_an_empty_file_becomes_a_plan(mason, project):
    (project / "made by mktemp").touch()
    saved = mason("plan", "--out", "made by mktemp")
    assert saved.err == "Saved the plan. Apply exactly this with: mason apply 'made by mktemp'\n"
    assert re.search("2 created", mason("apply", "made by mktemp").out)
