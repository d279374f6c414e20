"""``mason state``: looking at a state, moving and forgetting what it holds, its versions, other places and workspaces.

What a person reads is compared exactly; what is in the files afterwards is read from there.
"""

from __future__ import annotations

import io
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mason import packages
from mason.errors import SettingsError
from mason.project.opening import open_project
from mason.project.state.migration import write_url
from mason.state.local import LocalStateStore
from mason.state.s3.bucket_store import S3StateStore
from mason.state.urls import workspace_url
from tests.cli.notes import ALL_LOCAL, WRITE
from tests.servers import BUCKET
from tests.state import faults

APPEND = """\
type: operator
namespace: note
command: append
parameters:
  required: [path, text]
"""
APPEND_CLASS = """\
import mason


class NoteAppend(mason.Operator):
    def run(self, ctx: mason.Context) -> dict[str, str]:
        with open(ctx.params["path"], "a") as opened:
            opened.write(ctx.params["text"] + "\\n")
        return {"written": ctx.params["text"]}
"""
WORKFLOW = """\
type: workflow
namespace: note
command: twice
dag:
  - {id: first, namespace: note, command: write}
  - {id: second, namespace: note, command: write, dependencies: [first]}
"""
RUNS = """\
type: run
name: daily
operator: note:append
config_id: 1
parameters: {path: log.txt, text: hello}
---
type: run
name: after
workflow: note:twice
config_id: 1
depends_on: [daily]
parameters:
  first: {config_id: 1, parameters: {path: one.txt, text: "<{{ runs.daily.written }}>"}}
  second: {parameters: {path: two.txt, text: "{{runs.daily.written}}"}}
"""
NIGHTLY = """\
type: schedule
name: nightly
workflow: note:twice
config_id: 1
schedule: "0 12 * * ? *"
parameters:
  first: {parameters: {path: one.txt, text: a}}
  second: {parameters: {path: two.txt, text: b}}
"""


@pytest.fixture
def applied(mason, folder):
    """A project with runs that were done; its state, in the folder ``st``, is at serial 5 or more and has backups."""
    (folder / "mason.yaml").write_text("name: notes\nstate: st\n")
    (folder / "config.yaml").write_text(ALL_LOCAL)
    (folder / "append").mkdir()
    (folder / "append" / "operator.yaml").write_text(APPEND)
    (folder / "append" / "__init__.py").write_text(APPEND_CLASS)
    for name, text in (("write", WRITE), ("workflow", WORKFLOW), ("runs", RUNS)):
        (folder / f"{name}.yaml").write_text(text)
    for part in ("config.yaml", "append", "write.yaml"):
        assert mason("apply", "-y", part).code == 0
    assert mason("apply", "-y").out.endswith("Apply complete: 1 created, 0 overwritten, 0 deleted, 2 run.\n")
    assert mason("plan").out == "No changes.\n"
    return folder


@pytest.fixture
def small(mason, project):
    """The small project, applied: a config and an operator, serial 1 in the folder ``state``."""
    assert mason("apply", "-y").code == 0
    return project


@pytest.fixture
def store(small):
    """The state of the small project."""
    return LocalStateStore(str(small / "state"))


def replaced(folder: Path, file: str, before: str, after: str) -> None:
    text = (folder / file).read_text()
    assert before in text
    (folder / file).write_text(text.replace(before, after))


def unmoment(text: str) -> str:
    """``text`` without what is another in each run: times and who ran it."""
    text = re.sub(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\+00:00)?", "TIME", text)
    return re.sub(r"\S+@\S+", "WHO", text)


# --- looking ----------------------------------------------------------------------------------------------------------


def test_list(mason, small):
    listed = mason("state", "list")
    assert (listed.code, listed.err) == (0, "")
    assert [re.sub(" +", " ", line) for line in unmoment(listed.out).splitlines()] == [
        "address kind project applied at applied by",
        "config.1 config flights TIME WHO",
        "operator.table.get operator flights TIME WHO",
    ]
    assert [line.split()[0] for line in mason("state", "list", "operator.ta").out.splitlines()[1:]] == [
        "operator.table.get"
    ]
    assert [line.split()[0] for line in mason("state", "list", "--kind", "config").out.splitlines()[1:]] == ["config.1"]
    nothing = mason("state", "list", "--kind", "run")
    assert (nothing.code, nothing.out, nothing.err) == (0, "", "There is no run here.\n")


def test_list_as_json(mason, small, store):
    snapshot, document = store.read(), mason("state", "list", "config", "--json").json
    entry = snapshot.resources["config.1"]
    assert document == {
        "format_version": "1.0",
        "state": {"url": store.url, "workspace": "default", "lineage": snapshot.lineage, "serial": 1},
        "resources": [
            {
                "address": "config.1",
                "kind": "config",
                "project": "flights",
                "file": "config.yaml",
                "applied_at": entry.applied_at,
                "applied_by": entry.applied_by,
            }
        ],
    }


def test_an_empty_state(mason, project):
    assert (mason("state", "list").code, mason("state", "list").err) == (0, "The state holds nothing.\n")
    nothing = f"Nothing was written to the state file://{project}/state yet."
    assert (mason("state", "history").code, mason("state", "history").err) == (0, f"{nothing}\n")
    assert mason("state", "history", "--json").json["versions"] == []
    assert (mason("state", "pull").code, mason("state", "pull").err) == (1, f"Error: {nothing}\n")
    assert mason("state", "rollback", "1", "-y").err == (
        f"Error: There is no backup of serial 1 in file://{project}/state. None is kept.\n"
    )
    assert mason("state", "migrate", "elsewhere").err == (
        f"Error: Nothing was written to the state file://{project}/state yet, so there is nothing to copy. "
        "Name the new place in mason.yaml (state:), or with --state.\n"
    )
    # Looking makes nothing.
    assert not (project / "elsewhere").exists()


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (
            ("list", "operator.tabel"),
            "No address in the state begins with operator.tabel (did you mean 'operator.table.get'?).",
        ),
        (
            ("list", "operator.*"),
            "No address in the state begins with operator.* (it is taken as it is, without wildcards: leave them out).",
        ),
        (("show", "config.2"), "There is no config.2 in the state (did you mean 'config.1'?)."),
        (
            ("mv", "operator.table.gte", "operator.a.b"),
            "There is no operator.table.gte in the state (did you mean 'operator.table.get'?).",
        ),
        (
            ("rm", "-y", "config.1", "operator.*", "config.2"),
            "There is no operator.* in the state (addresses are taken as they are, without wildcards: see mason state "
            "list).\nError: There is no config.2 in the state (did you mean 'config.1'?).",
        ),
        (
            ("mv", "operator.table.get", "config.2"),
            "'config.2' is no address for operator.table.get: a resource keeps its kind. "
            "Write operator.NAMESPACE.COMMAND.",
        ),
        (
            ("mv", "operator.table.get", "operator.table"),
            "'operator.table' is no address for operator.table.get: a resource keeps its kind. "
            "Write operator.NAMESPACE.COMMAND.",
        ),
        (
            ("mv", "config.1", "config.a b"),
            "'config.a b' is no address: names are at most 100 letters, digits, _ and -, not beginning with -.",
        ),
        (
            ("mv", "config.1", "config.1"),
            "There is config.1 in the state already. Choose another name, or forget that one first: mason state rm "
            "config.1",
        ),
    ],
)
def test_addresses_that_are_none(mason, small, store, arguments, error):
    before = (small / "state" / "state.json").read_bytes()
    result = mason("state", *arguments)
    assert (result.code, result.out, result.err) == (1, "", f"Error: {error}\n")
    assert (small / "state" / "state.json").read_bytes() == before


def test_show(mason, applied):
    shown = mason("state", "show", "operator.note.write")
    digest = LocalStateStore(str(applied / "st")).read().digests["operator.note.write"]
    head, _, definition = shown.out.partition("Definition:\n")
    assert unmoment(head) == (
        f"operator.note.write\n  Digest:   {digest}\n  Project:  notes\n  File:     write.yaml\n"
        "  Applied:  TIME by WHO\n  Used by:  workflow.note.twice\n"
    )
    assert json.loads(definition)["command"] == "write"
    document = mason("state", "show", "run.daily", "--json").json
    assert (document["address"], document["used_by"], document["edited"]) == ("run.daily", ["run.after"], False)
    assert (document["outcome"]["status"], document["definition"]["operator"]) == ("succeeded", "note:append")
    assert "Outcome:\n{\n" in mason("state", "show", "run.daily").out
    assert "  Module:   sha256:" in mason("state", "show", "operator.note.append").out


def test_show_hides_what_somebody_wrote_into_the_state_in_clear(mason, small):
    replaced(
        small, "state/state.json", '"local":{"configuration":{}}', '"glue":{"configuration":{"secret_key":"hunter2"}}'
    )
    for options in ((), ("--json",)):
        shown = mason("state", "show", "config.1", *options)
        assert (shown.code, "REDACTED" in shown.out, "hunter2" in shown.out + shown.err) == (0, True, False)
    assert "(edited since: it is not what was applied)" in mason("state", "show", "config.1").out


# --- mv ---------------------------------------------------------------------------------------------------------------

RENAMES = {
    "config": ("config.1", "config.main", ["run.after", "run.daily"]),
    "operator": ("operator.note.write", "operator.memo.put", ["workflow.note.twice"]),
    "workflow": ("workflow.note.twice", "workflow.note.two_times", ["run.after"]),
    "run": ("run.daily", "run.every_day", ["run.after"]),
}


def rename_in_files(folder: Path, kind: str) -> None:
    if kind == "config":
        replaced(folder, "config.yaml", "id: '1'", "id: main")
        replaced(folder, "runs.yaml", "config_id: 1", "config_id: main")
    elif kind == "operator":
        replaced(folder, "write.yaml", "namespace: note\ncommand: write", "namespace: memo\ncommand: put")
        replaced(folder, "workflow.yaml", "namespace: note, command: write", "namespace: memo, command: put")
    elif kind == "workflow":
        replaced(folder, "workflow.yaml", "command: twice", "command: two_times")
        replaced(folder, "runs.yaml", "note:twice", "note:two_times")
    else:
        replaced(folder, "runs.yaml", "daily", "every_day")


@pytest.mark.parametrize("kind", RENAMES)
def test_after_the_same_renaming_in_files_there_is_nothing_to_plan(mason, applied, kind):
    before, after, users = RENAMES[kind]
    told = f"  {before} -> {after}\n" + "".join(f"  {each} names {after} instead of {before}\n" for each in users)
    serial = mason("state", "list", "--json").json["state"]["serial"]
    dry = mason("state", "mv", before, after, "--dry-run")
    assert (dry.code, dry.out, dry.err) == (0, told, "")
    assert mason("plan").out == "No changes.\n"
    moved = mason("state", "mv", before, after)
    written = f"Moved. The state file://{applied}/st is at serial {serial + 1} now.\n"
    assert (moved.code, moved.out, moved.err) == (0, told + written, "")
    rename_in_files(applied, kind)
    assert mason("plan").out == "No changes.\n"
    # The definition says what the address says.
    assert mason("get", *after.split(".")).code == 0
    # And back again. Of a number that became text nobody knows any more that it was one.
    assert mason("state", "mv", after, before).code == 0
    if kind != "config":
        assert mason("state", "rollback", str(serial), "--dry-run").out == "No changes.\n"


def move_in_files(folder: Path, kind: str) -> None:
    rename_in_files(folder, kind)
    before, after, _ = RENAMES[kind]
    (folder / "moved.yaml").write_text(f"type: moved\nfrom: {before}\nto: {after}\n")


def known(folder: Path) -> dict[str, tuple]:
    """What the state holds of each resource, but for when it was applied."""
    resources = json.loads((folder / "st" / "state.json").read_text())["resources"]
    return {address: (each["definition"], each["digest"], each.get("outcome")) for address, each in resources.items()}


@pytest.mark.parametrize(
    ("kind", "planned"),
    [
        (
            "config",
            [
                ("move", "config.main", "moved from config.1"),
                ("overwrite", "run.daily", "config.1 is config.main now"),
                ("overwrite", "run.after", "config.1 is config.main now"),
            ],
        ),
        (
            "operator",
            [
                ("move", "operator.memo.put", "moved from operator.note.write"),
                ("overwrite", "workflow.note.twice", "its definition changed"),
                ("overwrite", "run.after", "operator.note.write is operator.memo.put now"),
            ],
        ),
        (
            "workflow",
            [
                ("move", "workflow.note.two_times", "moved from workflow.note.twice"),
                ("overwrite", "run.after", "workflow.note.twice is workflow.note.two_times now"),
            ],
        ),
        (
            "run",
            [
                ("move", "run.every_day", "moved from run.daily"),
                ("overwrite", "run.after", "run.daily is run.every_day now"),
            ],
        ),
    ],
)
def test_a_document_does_the_same_as_mv(mason, applied, kind, planned):
    assert mason("state", "mv", *RENAMES[kind][:2]).code == 0
    expected = known(applied)
    assert mason("state", "rollback", str(mason("state", "list", "--json").json["state"]["serial"] - 1), "-y").code == 0
    move_in_files(applied, kind)
    made = mason("plan", "--json").json["actions"]
    assert [(each["action"], each["address"], each["reason"]) for each in made] == planned
    assert mason("plan", "--out", "move.plan").code == 0
    before = len(mason("runs", "list", "--json").json["runs"])
    assert mason("apply", "move.plan").code == 0
    assert known(applied) == expected
    assert mason("plan").out == "No changes.\n"
    assert len(mason("runs", "list", "--json").json["runs"]) == before
    assert mason("drift").out == "No drift.\n"


def test_runs_that_are_planned_elsewhere_are_not_done_again_for_a_move(mason, applied):
    """What is in between them and what was moved may be all that is planned."""
    move_in_files(applied, "operator")
    parts = ("write.yaml", "workflow.yaml", "moved.yaml")
    shown = mason("plan", *parts).out
    assert "\n  ~ run.after  (operator.note.write is operator.memo.put now)\n" in shown
    done = mason("apply", "-y", "-o", *parts)
    assert done.out.endswith("Apply complete: 0 created, 2 overwritten, 0 deleted, 0 run, 1 moved.\n")
    (applied / "moved.yaml").unlink()
    assert mason("plan").out == "No changes.\n"


def test_runs_of_another_project_stay_its_own_after_a_move(mason, applied, tmp_path, monkeypatch):
    (tmp_path / "other").mkdir()
    run = "type: run\nname: theirs\nworkflow: note:twice\nconfig_id: '1'\nparameters:\n"
    for step in ("first", "second"):
        run += f"  {step}: {{parameters: {{path: {step}.txt, text: a}}}}\n"
    (tmp_path / "other" / "run.yaml").write_text(run)
    (tmp_path / "other" / "mason.yaml").write_text(f"name: other\nstate: {applied}/st\n")
    monkeypatch.chdir(tmp_path / "other")
    assert mason("apply", "-y").code == 0
    monkeypatch.chdir(applied)
    move_in_files(applied, "operator")
    assert mason("apply", "-y", "-o").code == 0
    assert json.loads((applied / "st" / "state.json").read_text())["resources"]["run.theirs"]["project"] == "other"
    monkeypatch.chdir(tmp_path / "other")
    assert mason("plan").out == "No changes.\n"


def test_what_had_changed_before_is_done_again_after_a_document(mason, applied):
    narrowed = "command: write\nsupported_configurations: [{storage: local}]\n"
    replaced(applied, "write.yaml", "command: write\n", narrowed)
    assert mason("apply", "-y", "-o", "--target", "operator.note.write").code == 0
    move_in_files(applied, "operator")
    made = mason("plan", "--json").json["actions"]
    assert (made[-1]["action"], made[-1]["address"], made[-1]["reason"]) == (
        "run",
        "run.after",
        "operator.memo.put changed",
    )


def test_a_move_of_what_an_unheard_run_used(mason, applied):
    """The record that tells how it ended has the old names."""
    file = applied / "st" / "state.json"
    state = json.loads(file.read_text())
    state["resources"]["run.after"]["outcome"]["status"] = "pending"
    file.write_text(json.dumps(state))
    move_in_files(applied, "operator")
    assert mason("plan", "--json").json["actions"][-1]["reason"] == "it succeeded, and the state was not told"
    assert mason("apply", "-y", "-o").out.endswith("0 created, 2 overwritten, 0 deleted, 0 run, 1 moved.\n")
    assert mason("plan").out == "No changes.\n"


def test_what_changes_with_its_name_is_done_again(mason, applied):
    move_in_files(applied, "workflow")
    replaced(applied, "runs.yaml", "path: two.txt", "path: three.txt")
    made = mason("plan", "--json").json["actions"]
    assert [(each["action"], each["address"], each["reason"]) for each in made] == [
        ("move", "workflow.note.two_times", "moved from workflow.note.twice"),
        ("run", "run.after", "its parameters changed"),
    ]


def test_what_was_edited_in_the_state_is_put_back_with_its_new_name(mason, applied):
    replaced(
        applied, "st/state.json", '"dag":[{"command":"write","id":"first"', '"dag":[{"command":"write","id":"last"'
    )
    move_in_files(applied, "workflow")
    first = mason("plan", "--json").json["actions"][0]
    assert (first["action"], first["address"]) == ("move", "workflow.note.two_times")
    assert mason("apply", "-y", "-o").code == 0
    assert mason("plan").out == "No changes.\n"


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("config", "its definition changed"),
        ("operator", "workflow.note.twice changed, operator.note.write is operator.memo.put now"),
        ("workflow", "its definition changed"),
        ("run", "its definition changed"),
    ],
)
def test_schedules_are_put_again_with_new_names(mason, applied, kind, reason):
    (applied / "schedule.yaml").write_text(NIGHTLY.replace("text: a", 'text: "{{runs.daily.written}}"'))
    assert mason("apply", "-y").code == 0
    move_in_files(applied, kind)
    edits = {"config": ("config_id: 1", "config_id: main"), "workflow": ("note:twice", "note:two_times")}
    edits["run"] = ("runs.daily", "runs.every_day")
    if kind in edits:
        replaced(applied, "schedule.yaml", *edits[kind])
    action = next(each for each in mason("plan", "--json").json["actions"] if each["address"] == "schedule.nightly")
    assert (action["action"], action["reason"]) == ("overwrite", reason)
    assert [call["verb"] for call in action["calls"]] == ["put_schedule"]
    assert mason("apply", "-y", "-o").code == 0
    assert mason("plan").out == "No changes.\n"
    assert mason("drift").out == "No drift.\n"


def test_what_had_changed_before_a_move_is_planned_after_it(mason, applied):
    """A run that is due because something it uses changed stays due."""
    narrowed = "command: write\nsupported_configurations: [{storage: local}]\n"
    replaced(applied, "write.yaml", "command: write\n", narrowed)
    assert mason("apply", "-y", "-o", "--target", "operator.note.write").code == 0
    assert [each["address"] for each in mason("plan", "--json").json["actions"]] == ["run.after"]
    assert mason("state", "mv", "workflow.note.twice", "workflow.note.two_times").code == 0
    rename_in_files(applied, "workflow")
    (action,) = mason("plan", "--json").json["actions"]
    assert (action["action"], action["address"], action["reason"]) == (
        "run",
        "run.after",
        "operator.note.write changed",
    )


def test_a_python_class_has_to_be_renamed_by_its_owner(mason, applied):
    moved = mason("state", "mv", "operator.note.append", "operator.note.add")
    assert moved.out.splitlines()[:3] == [
        "  operator.note.append -> operator.note.add",
        "  run.daily names operator.note.add instead of operator.note.append",
        "Warning: operator.note.append has a Python class that is named after it. Rename the class in its file as "
        "well; mason apply stores it, and until then it does not run.",
    ]
    replaced(applied, "append/operator.yaml", "command: append", "command: add")
    replaced(applied, "append/__init__.py", "NoteAppend", "NoteAdd")
    replaced(applied, "runs.yaml", "note:append", "note:add")
    actions = [(each["action"], each["address"], each["reason"]) for each in mason("plan", "--json").json["actions"]]
    assert actions[0] == ("overwrite", "operator.note.add", "its Python files changed")


def test_schedules_stay_in_their_schedulers(mason, applied):
    (applied / "schedule.yaml").write_text(NIGHTLY)
    assert mason("apply", "-y").code == 0
    refused = mason("state", "mv", "schedule.nightly", "schedule.daily")
    assert (refused.code, refused.out, refused.err) == (
        1,
        "",
        "Error: schedule.nightly stands in its scheduler under its name, and mv calls no engine. Rename it in its "
        "YAML, put a document {type: moved, from: schedule.nightly, to: 'schedule.daily'} beside it, and apply: "
        "mason apply\n".replace("'", ""),
    )
    moved = mason("state", "mv", *RENAMES["workflow"][:2])
    assert moved.out.splitlines()[:4] == [
        "  workflow.note.twice -> workflow.note.two_times",
        "  run.after names workflow.note.two_times instead of workflow.note.twice",
        "  schedule.nightly names workflow.note.two_times instead of workflow.note.twice",
        "Warning: the scheduler runs schedule.nightly with what it was given before. Put it there anew: mason apply -o",
    ]
    rename_in_files(applied, "workflow")
    replaced(applied, "schedule.yaml", "note:twice", "note:two_times")
    (action,) = mason("plan", "--json").json["actions"]
    assert (action["action"], action["address"]) == ("overwrite", "schedule.nightly")
    assert mason("apply", "-y", "-o").code == 0
    assert mason("plan").out == "No changes.\n"
    assert mason("scheduler", "trigger", "nightly", "-y").code == 0
    gone = mason("state", "rm", "schedule.nightly", "-y")
    assert gone.out.splitlines()[:2] == [
        "  - schedule.nightly",
        "Warning: schedule.nightly stays in its scheduler, which goes on to run it. To take it from there: "
        "mason destroy schedule.nightly",
    ]
    assert [each["name"] for each in mason("scheduler", "list", "--json").json["schedules"]] == ["nightly"]


def test_an_edit_is_not_hidden_by_a_move(mason, applied):
    replaced(applied, "st/state.json", '"overwrite":true', '"overwrite":false')
    moved = mason("state", "mv", *RENAMES["workflow"][:2])
    assert moved.code == 0
    assert "operator.note.write was edited in the state" in mason("get", "operator").err
    for address in ("operator.note.write", "workflow.note.two_times"):
        if address.startswith("operator"):
            refused = mason("state", "mv", address, f"{address}2")
            assert (refused.code, refused.err) == (
                1,
                f"Error: {address}: edited in the state, which a new digest would hide. "
                "Put back what the files say first: mason apply\n",
            )


def test_the_current_config_moves_along(mason, small):
    (small / "other.yaml").write_text("type: config\nid: 2\nexecution_engine: local\n")
    assert mason("apply", "-y").code == 0
    mason("config", "2", "-s")
    mason("state", "mv", "config.2", "config.second")
    assert mason("get", "config", "--json").json["current_config"] == "second"
    mason("state", "mv", "config.1", "config.first")
    assert mason("get", "config", "--json").json["current_config"] == "second"


# --- rm ---------------------------------------------------------------------------------------------------------------


def test_rm_asks_and_says_what_stays(mason, applied):
    told = (
        "  - config.1\n  - operator.note.write\n"
        "Warning: run.after stays, and uses config.1.\n"
        "Warning: run.daily stays, and uses config.1.\n"
        "Warning: workflow.note.twice stays, and uses operator.note.write.\n"
    )
    before = mason("state", "pull").out
    unsure = mason("state", "rm", "config.1", "operator.note.write", answer="y\n")
    assert (unsure.code, unsure.out) == (1, told)
    assert unsure.err == "\nForget these? Only yes is accepted: \nError: Not confirmed, so nothing was done.\n"
    dry = mason("state", "rm", "config.1", "operator.note.write", "--dry-run")
    assert (dry.code, dry.out, dry.err) == (0, told, "")
    assert mason("state", "pull").out == before
    serial = json.loads(before)["serial"]
    done = mason("state", "rm", "config.1", "operator.note.write", "config.1", answer="yes\n")
    assert (done.code, done.out) == (
        0,
        f"{told}Forgot. The state file://{applied}/st is at serial {serial + 1} now.\n",
    )
    assert "config.1" not in json.loads(mason("state", "pull").out)["resources"]
    # Nothing is lost: the snapshot before is there.
    assert mason("state", "rollback", str(serial), "-y").code == 0
    assert json.loads(mason("state", "pull").out)["resources"] == json.loads(before)["resources"]


def test_what_belongs_to_others_or_is_protected_is_told(mason, small, store):
    """As much as a rollback and a push tell of it."""
    (small / "mason.yaml").write_text("name: weather\nstate: state\n")
    assert mason("state", "mv", "operator.table.get", "operator.table.fetch").out == (
        "  operator.table.get -> operator.table.fetch\n"
        "Warning: operator.table.get was applied by project flights, which is not this one.\n"
        f"Moved. The state {store.url} is at serial 2 now.\n"
    )
    (small / "other.yaml").write_text("type: config\nid: 2\nexecution_engine: local\nprotect: true\n")
    assert mason("apply", "-y", "other.yaml").code == 0
    dry = mason("state", "rm", "config.1", "config.2", "operator.table.fetch", "--dry-run")
    assert (dry.code, dry.out) == (
        0,
        "  - config.1\n  - config.2\n  - operator.table.fetch\n"
        "Warning: config.2 is protected, and would be forgotten.\n"
        "Warning: config.1, operator.table.fetch were applied by project flights, which is not this one.\n",
    )
    owned = "Warning: operator.table.fetch was applied by project flights, which is not this one.\n"
    assert owned in mason("state", "rollback", "1", "--dry-run").out
    edit(small, lambda document: document.update(serial=9, resources={}))
    both = "Warning: operator.table.fetch, config.1 were applied by project flights, which is not this one.\n"
    assert both in mason("state", "push", "edited.json", "--dry-run").out
    # Of what nobody else owns there is nothing to tell.
    (small / "mason.yaml").write_text("name: flights\nstate: state\n")
    assert mason("state", "rm", "config.1", "--dry-run").out == "  - config.1\n"


# --- the lock ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        ("mv", "config.1", "config.2"),
        ("rm", "config.1", "-y"),
        ("rollback", "1", "-y"),
        ("push", "pulled.json", "--force", "-y"),
        ("migrate", "elsewhere"),
    ],
)
def test_changes_wait_for_the_lock(mason, small, store, arguments):
    (small / "pulled.json").write_bytes((small / "state" / "state.json").read_bytes())
    mason("state", "mv", "operator.table.get", "operator.table.fetch")
    before = store.read()
    with store.lock("apply"):
        locked = mason("state", *arguments, "--lock-timeout", "0")
        assert (locked.code, store.read(), (small / "elsewhere").exists()) == (1, before, False)
        assert locked.err.splitlines()[-1].startswith(f"Error: The state {store.url} is locked: ")
        # To look needs no lock.
        looked = [
            mason("state", "list"),
            mason("state", "history"),
            mason("state", "pull"),
            mason("state", "workspaces"),
        ]
        assert [each.code for each in looked] == [0, 0, 0, 0]


def test_what_is_done_is_what_was_shown(mason, small, store):
    """Somebody else writes while the question stands: a change that is still the same is done, another one is not."""

    class Meanwhile(io.StringIO):
        def __init__(self, change) -> None:
            super().__init__("yes\n")
            self.change = change

        def readline(self, *arguments):
            base = store.read()
            store.write(self.change(dict(base.resources)), base=base)
            return super().readline(*arguments)

    kept = mason("state", "rm", "config.1", answer=Meanwhile(lambda held: held | {"config.9": held["config.1"]}))
    assert (kept.code, sorted(store.read().resources)) == (0, ["config.9", "operator.table.get"])
    lost = mason("state", "rollback", "1", answer=Meanwhile(lambda held: {}))
    assert (lost.code, store.read().resources) == (1, {})
    assert lost.err.splitlines()[-1] == (
        f"Error: The state {store.url} was changed by somebody else, and what would be done now is not what was shown. "
        "Nothing was written. Run the command again."
    )


# --- pull and push ----------------------------------------------------------------------------------------------------


def test_what_is_pulled_is_what_is_kept(mason, small):
    assert mason("state", "pull").out.encode() == (small / "state" / "state.json").read_bytes()


def edit(small: Path, change) -> None:
    """Writes ``edited.json``: the state, changed."""
    document = json.loads((small / "state" / "state.json").read_text())
    change(document)
    (small / "edited.json").write_text(json.dumps(document, indent=2))


def test_push_puts_a_newer_state_there(mason, small, store):
    def change(document):
        document["serial"] = 4
        del document["resources"]["operator.table.get"]

    edit(small, change)
    plan = (
        "  - operator.table.get  (edited.json has it not)\n\nLegend: - delete\n\n"
        "Plan: 0 to create, 0 to overwrite, 1 to delete, 0 to run.\n"
    )
    dry = mason("state", "push", "edited.json", "--dry-run")
    assert (dry.code, dry.out, dry.err, store.read().serial) == (0, plan, "", 1)
    pushed = mason("state", "push", "edited.json")
    assert (pushed.code, pushed.err) == (0, "")
    assert pushed.out == f"{plan}Pushed. The state {store.url} is at serial 4 now.\n"
    assert (list(store.read().resources), store.read().serial, store.list_backups()) == (["config.1"], 4, [1])
    again = mason("state", "push", "edited.json")
    assert (again.code, again.out) == (0, "")
    assert again.err == f"edited.json is what the state {store.url} holds. There is nothing to do.\n"


def set_lineage(document):
    document |= {"lineage": "another", "serial": 9}


def set_older(document):
    document["resources"] = {}


def test_push_refuses_what_is_another_state_or_no_newer_one(mason, small, store):
    lineage = store.read().lineage
    edit(small, set_lineage)
    remedy = "Look at what is there with mason state pull. To put the file in its place all the same: --force\n"
    start = f"Error: edited.json is not pushed to {store.url}: "
    assert mason("state", "push", "edited.json").err == (
        f"{start}it is another state (lineage another, there {lineage}). {remedy}"
    )
    edit(small, set_older)
    assert mason("state", "push", "edited.json").err == (
        f"{start}it differs from the state that has the same serial, 1 (if you edited what is there now, make that one "
        f"higher). {remedy}"
    )
    edit(small, lambda document: document.update(resources={}, written_by="ada@engine"))
    assert mason("state", "push", "edited.json").err == (
        f"{start}it differs from the state that has the same serial, 1. {remedy}"
    )
    edit(small, set_older)
    assert mason("state", "mv", "config.1", "config.2").code == 0
    assert mason("state", "push", "edited.json").err == f"{start}it is older (serial 1, there 2). {remedy}"
    assert store.read().serial == 2


def test_push_with_force_asks_loudly_and_loses_nothing(mason, small, store):
    mason("state", "mv", "config.1", "config.2")
    edit(small, lambda document: document.update(lineage="another", serial=1, resources={}))
    before = store.read()
    unsure = mason("state", "push", "edited.json", "--force", answer="no\n")
    assert (unsure.code, store.read()) == (1, before)
    assert unsure.err == (
        f"Warning: edited.json is put there although it is another state (lineage another, there {before.lineage}).\n"
        "Warning: edited.json is put there although it is older (serial 1, there 2).\n"
        f"\nREPLACE the whole state {store.url}, which others may use, by edited.json? Only yes is accepted: \n"
        "Error: Not confirmed, so nothing was done.\n"
    )
    assert mason("state", "push", "edited.json", "--force", "-y").code == 0
    after = store.read()
    # No serial comes twice, so that no backup is overwritten.
    assert (after.lineage, after.serial, dict(after.resources), store.list_backups()) == ("another", 3, {}, [1, 2])
    assert store.get_backup(2) == before


def test_push_tells_what_was_edited(mason, small, store):
    def change(document):
        document["serial"] = 2
        document["resources"]["operator.table.get"]["definition"]["description"] = "Edited"

    edit(small, change)
    pushed = mason("state", "push", "edited.json")
    assert (pushed.code, pushed.err) == (
        0,
        "Warning: operator.table.get was edited in edited.json: it is not what was applied. The next plan puts it "
        "back.\n",
    )
    assert list(store.read().edited) == ["operator.table.get"]
    (action,) = mason("plan", "--json").json["actions"]
    assert (action["address"], action["reason"]) == ("operator.table.get", "it was edited in the state")


@pytest.fixture
def leaky(folder, monkeypatch):
    """A client with secret fields, installed as a package."""
    info = folder.parent / "site" / "leaky-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: leaky\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[mason.clients]\nleaky = tests.leaky:LeakyClient\n")
    monkeypatch.syspath_prepend(str(info.parent))
    packages.forget()
    yield
    packages.forget()


def configured(clients):
    """A change that gives the config other clients."""

    def change(document):
        document["serial"] = 2
        document["resources"]["config.1"]["definition"]["clients"] = clients

    return change


def test_push_keeps_secrets_out_of_the_state(mason, small, store, leaky):
    edit(small, configured({"leaky": {"configuration": {"token": "hunter2", "pin": "{{PIN}}", "auth": {"key": "x"}}}}))
    refused = mason("state", "push", "edited.json", "--force", "-y")
    start = "Error: edited.json: config.1 holds a literal value for the secret"
    assert (refused.code, refused.out, refused.err) == (
        1,
        "",
        f"{start} 'token' of client leaky: use {{{{NAME}}}}.\n{start} 'auth.key' of client leaky: use {{{{NAME}}}}.\n",
    )
    assert store.read().serial == 1


def test_push_does_not_show_what_may_be_a_secret(mason, small):
    edit(small, configured({"acme": {"configuration": {"secret_key": "hunter2"}}}))
    # Of a client that is not installed here nobody can tell what is secret: nothing of it is shown.
    pushed = mason("state", "push", "edited.json", "--dry-run")
    assert (pushed.code, "REDACTED" in pushed.out, "hunter2" in pushed.out + pushed.err) == (0, True, False)
    document = mason("state", "push", "edited.json", "--dry-run", "--json")
    assert ("REDACTED" in document.out, "hunter2" in document.out + document.err) == (True, False)


def test_push_from_stdin(mason, small, store):
    edit(small, lambda document: document.update(serial=2, resources={}))
    content = (small / "edited.json").read_bytes()
    refused = mason("state", "push", "-", "--force", answer=io.TextIOWrapper(io.BytesIO(content)))
    assert (refused.code, refused.err) == (
        1,
        "Error: With the state on stdin nobody can answer there: pass -y as well, or a file.\n",
    )
    assert mason("state", "push", "-", answer=io.TextIOWrapper(io.BytesIO(content))).code == 0
    assert (store.read().serial, dict(store.read().resources)) == (2, {})


def entry_of(document, address="operator.table.get"):
    return document["resources"][address]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (
            lambda document: document.update(version=99),
            "edited.json was written by a newer Mason (format 99; this one reads 1). Upgrade Mason.",
        ),
        (lambda document: document.clear(), "edited.json lacks the key 'version'. Nothing was pushed."),
        (
            lambda document: document.update(serial=10**30),
            "edited.json has a serial above 1,000,000,000,000,000, which no state comes to. Nothing was pushed.",
        ),
        (
            lambda document: document.update(serial=10**12 + 1),
            "edited.json: the serial 1000000000001 is above 1,000,000,000,000. Make it a lower one.",
        ),
        (
            lambda document: document.update(lineage=""),
            "edited.json: this is the file of a state that was never written (serial 1).",
        ),
        (
            lambda document: (
                entry_of(document)["definition"].update(command="put"),
                entry_of(document, "config.1")["definition"].pop("id"),
            ),
            "edited.json: the definition of config.1 is none: missing key 'id'.\n"
            "Error: edited.json: the definition of operator.table.get is that of operator.table.put.",
        ),
        (
            lambda document: entry_of(document)["definition"].update(type="operators"),
            "edited.json: the definition of operator.table.get has no type that there is.",
        ),
    ],
)
def test_push_checks_the_whole_file_first(mason, small, store, change, error):
    edit(small, change)
    for options in ((), ("--force", "-y")):
        refused = mason("state", "push", "edited.json", *options)
        assert (refused.code, refused.out, refused.err) == (1, "", f"Error: {error}\n")
    assert store.read().serial == 1


def test_push_of_what_is_no_state(mason, small):
    (small / "notes.txt").write_text("notes\n")
    assert mason("state", "push", "notes.txt").err.startswith("Error: notes.txt is not JSON")
    assert mason("state", "push", "missing.json").err == (
        "Error: missing.json: cannot be read (No such file or directory).\n"
    )


@pytest.mark.parametrize("arguments", [("list",), ("show", "config.1"), ("mv", "config.1", "config.2"), ("history",)])
@pytest.mark.parametrize(
    ("content", "error"),
    [
        ('{"version": 99}', "was written by a newer Mason (format 99; this one reads 1). Upgrade Mason.\n"),
        ("[]", "is not a state: it holds an array where an object should be. Restore the newest backup: cp "),
    ],
)
def test_a_state_that_cannot_be_read(mason, small, arguments, content, error):
    (small / "state" / "state.json").write_text(content)
    refused = mason("state", *arguments)
    assert (refused.code, refused.out) == (1, "")
    assert refused.err.startswith(f"Error: {small}/state/state.json {error}")


def test_a_serial_that_was_raised_out_of_all_bounds_is_mended_by_the_backup(mason, small, store):
    assert mason("state", "mv", "config.1", "config.2").code == 0
    file = small / "state" / "state.json"
    replaced(small, "state/state.json", '"serial":2', '"serial":18446744073709551615')
    refused = mason("apply", "-y")
    remedy = f"cp {store.folder}/backups/state.1.json {file}"
    assert (refused.code, refused.err) == (
        1,
        f"Error: {file} has a serial above 1,000,000,000,000,000, which no state comes to. Restore the newest backup: "
        f"{remedy}\n",
    )
    subprocess.run(remedy.split(), check=True)
    assert (mason("apply", "-y").code, store.read().serial) == (0, 1)
    # The last one that can be read is not gone on with.
    replaced(small, "state/state.json", '"serial":1,', '"serial":1000000000000000,')
    refused = mason("state", "rm", "config.1", "-y")
    assert (refused.code, refused.err) == (
        1,
        "Error: A state has no serial above 1,000,000,000,000,000. Nothing was written. Somebody raised the serial of "
        "this one by hand: lower it in the same way, or put a backup in its place.\n",
    )
    assert store.read().serial == 10**15


# --- changes as JSON --------------------------------------------------------------------------------------------------


def test_a_move_as_json(mason, applied):
    url, serial = f"file://{applied}/st", json.loads(mason("state", "pull").out)["serial"]
    lineage = json.loads(mason("state", "pull").out)["lineage"]
    arguments = ("state", "mv", "operator.note.append", "operator.note.add", "--json")
    dry, done = mason(*arguments, "--dry-run"), mason(*arguments)
    wanted = {
        "format_version": "1.0",
        "state": {"url": url, "workspace": "default", "lineage": lineage, "serial": serial},
        "dry_run": True,
        "changed": True,
        "from": "operator.note.append",
        "to": "operator.note.add",
        "rewritten": ["run.daily"],
        "schedules": [],
        "python_class": True,
        "foreign": {},
    }
    assert (dry.code, dry.json) == (0, wanted)
    wanted |= {"dry_run": False, "state": wanted["state"] | {"serial": serial + 1}}
    assert (done.code, done.json) == (0, wanted)
    # What people are told goes where it does not disturb.
    assert done.err.startswith("  operator.note.append -> operator.note.add\n  run.daily names operator.note.add ")


def test_what_is_forgotten_as_json(mason, applied):
    (applied / "mason.yaml").write_text("name: others\nstate: st\n")
    dry = mason("state", "rm", "run.daily", "--dry-run", "--json")
    keys = ("dry_run", "changed", "forgotten", "dangling", "schedules", "protected", "foreign")
    assert {key: dry.json[key] for key in keys} == {
        "dry_run": True,
        "changed": True,
        "forgotten": ["run.daily"],
        "dangling": [{"address": "run.after", "uses": "run.daily"}],
        "schedules": [],
        "protected": [],
        "foreign": {"notes": ["run.daily"]},
    }
    serial = dry.json["state"]["serial"]
    unsure = mason("state", "rm", "run.daily", "--json", answer="no\n")
    assert (unsure.code, unsure.json["error"]) == (1, "NotConfirmedError")
    assert mason("state", "rm", "run.daily", "--json", "-y").json["state"]["serial"] == serial + 1


def test_a_push_and_a_rollback_as_json(mason, small, store):
    def change(document):
        document["serial"] = 4
        document["resources"]["operator.table.get"]["definition"]["description"] = "Edited"
        del document["resources"]["config.1"]

    edit(small, change)
    arguments = ("state", "push", "edited.json", "--json")
    replacing = {
        "summary": {"create": 0, "overwrite": 1, "delete": 1, "run": 0, "no-op": 0},
        "warnings": [],
        "foreign": {},
        "actions": [
            {
                "action": "overwrite",
                "address": "operator.table.get",
                "reason": "edited.json has it otherwise",
                "changes": [
                    {"path": "description", "kind": "changed", "before": "Get a table", "after": "Edited"},
                ],
                "unchanged_fields": 7,
            },
            {
                "action": "delete",
                "address": "config.1",
                "reason": "edited.json has it not",
                "changes": [],
                "unchanged_fields": 0,
            },
        ],
        "reasons": [],
        "edited": ["operator.table.get"],
    }
    state = {"url": store.url, "workspace": "default", "lineage": store.read().lineage, "serial": 1}
    wanted = {"format_version": "1.0", "state": state, "dry_run": True, "changed": True, **replacing}
    assert mason(*arguments, "--dry-run").json == wanted
    wanted |= {"state": state | {"serial": 4}, "dry_run": False}
    pushed = mason(*arguments)
    assert (pushed.code, pushed.json) == (0, wanted)
    nothing = {"summary": replacing["summary"] | {"overwrite": 0, "delete": 0}, "actions": []}
    assert mason(*arguments).json == wanted | {"changed": False, "edited": []} | nothing
    rolled = mason("state", "rollback", "1", "--json", "-y")
    assert [(action["action"], action["address"]) for action in rolled.json["actions"]] == [
        ("create", "config.1"),
        ("overwrite", "operator.table.get"),
    ]
    assert (rolled.json["state"]["serial"], rolled.json["changed"], rolled.json["dry_run"]) == (5, True, False)
    again = mason("state", "rollback", "1", "--json", "-y").json
    assert again == {key: value for key, value in (wanted | nothing).items() if key not in ("reasons", "edited")} | {
        "state": state | {"serial": 5},
        "changed": False,
    }


def test_a_migration_as_json(mason, small, store):
    mason("state", "mv", "config.1", "config.2")
    arguments = ("state", "migrate", "elsewhere", "--json")
    wanted = {
        "format_version": "1.0",
        "state": {"url": store.url, "workspace": "default", "lineage": store.read().lineage, "serial": 2},
        "dry_run": True,
        "target": {"url": f"file://{small}/elsewhere", "told": "elsewhere", "written_to": ""},
        "resources": 2,
        "backups": [1],
        "present": 0,
        "sources": [],
        "runs": [],
        "lost": [],
        "other_workspaces": [],
    }
    assert mason(*arguments, "--dry-run").json == wanted
    done = mason(*arguments, "--write")
    written = {"target": wanted["target"] | {"written_to": f"{small}/mason.yaml"}}
    assert (done.code, done.json) == (0, wanted | {"dry_run": False} | written)


# --- history and rollback ---------------------------------------------------------------------------------------------


def test_history(mason, small, store):
    replaced(small, "get.yaml", "description: Get a table", "description: Get one table")
    mason("apply", "-y", "-o")
    mason("state", "rm", "config.1", "-y")
    told = mason("state", "history")
    assert (told.code, told.err) == (0, "")
    assert [re.sub(" +", " ", line) for line in unmoment(told.out).splitlines()] == [
        " serial written at written by created overwritten deleted outcomes resources",
        "* 3 TIME WHO 0 0 1 0 1",
        " 2 TIME WHO 0 1 0 0 2",
        " 1 TIME WHO 2 0 0 0 2",
    ]
    current = mason("state", "history", "--json").json["versions"][0]
    snapshot = store.read()
    assert current == {
        "serial": 3,
        "current": True,
        "written_at": snapshot.written_at,
        "written_by": snapshot.written_by,
        "resources": 1,
        "created": 0,
        "overwritten": 0,
        "deleted": 1,
        "outcomes": 0,
        "error": "",
    }


def told_history(mason) -> list[list[object]]:
    """Of each version the serial and the four counts."""
    names = ("serial", "created", "overwritten", "deleted", "outcomes")
    return [[each[name] for name in names] for each in mason("state", "history", "--json").json["versions"]]


def test_history_begins_with_the_first_apply_also_where_that_does_runs(mason, applied):
    """It writes several serials, and nothing came before it."""
    shutil.rmtree(applied / "st")
    assert mason("apply", "-y").code == 0
    (first,) = told_history(mason)
    assert first[0] > 1
    assert first[1:] == [6, 0, 0, 0]
    replaced(applied, "runs.yaml", "text: hello", "text: bye")
    assert mason("apply", "-y", "-o").code == 0
    second, *rest = told_history(mason)
    assert (second[0] > first[0] + 1, second[1:], rest) == (True, [0, 1, 0, 1], [first])
    # What goes elsewhere goes with what is known of it.
    assert mason("state", "migrate", "elsewhere").code == 0
    (applied / "mason.yaml").write_text("name: notes\nstate: elsewhere\n")
    assert told_history(mason) == [second, first]


def test_history_does_not_guess_what_came_before(mason, small, store):
    for number in range(3):
        mason("state", "mv", f"config.{number + 1}", f"config.{number + 2}")
    (small / "state" / "backups" / "state.2.json").unlink()
    assert told_history(mason) == [[4, 1, 0, 1, 0], [3, None, None, None, None], [1, 2, 0, 0, 0]]
    # A state that an older Mason wrote does not say what it follows.
    for file in ("state.json", "backups/state.3.json", "backups/state.1.json"):
        path = small / "state" / file
        document = json.loads(path.read_text())
        del document["follows"]
        times = path.stat()
        path.write_text(json.dumps(document))
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert told_history(mason) == [[4, 1, 0, 1, 0], [3, 1, 0, 1, 0], [1, 2, 0, 0, 0]]
    (small / "state" / "backups" / "state.1.json").unlink()
    assert told_history(mason) == [[4, 1, 0, 1, 0], [3, None, None, None, None]]


def test_history_counts_outcomes(mason, applied):
    runs = applied / "runs.yaml"
    runs.write_text(runs.read_text().replace("---\n", "inputs: [in.txt]\n---\n", 1))
    assert mason("apply", "-y").code == 0
    (applied / "in.txt").write_text("new")
    assert mason("apply", "-y").code == 0
    newest = mason("state", "history", "--json").json["versions"][0]
    assert [newest[name] for name in ("created", "overwritten", "deleted", "outcomes")] == [0, 0, 0, 1]


def test_history_of_more_than_is_kept_and_with_a_damaged_backup(mason, small, store):
    for number in range(12):
        mason("state", "mv", f"config.{number + 1}", f"config.{number + 2}")
    damaged = small / "state" / "backups" / "state.7.json"
    written = damaged.stat()
    damaged.write_text("{")
    os.utime(damaged, ns=(written.st_atime_ns, written.st_mtime_ns))
    versions = {each["serial"]: each for each in mason("state", "history", "--json").json["versions"]}
    assert list(versions) == list(range(13, 2, -1))
    # The one before is not kept any more, or cannot be read.
    assert [versions[serial]["created"] for serial in (13, 8, 4, 3)] == [1, None, 1, None]
    assert versions[7]["error"].startswith(str(damaged))
    lines = [re.sub(" +", " ", unmoment(line)).strip() for line in mason("state", "history").out.splitlines()]
    assert (lines[7], lines[11]) == ("7 cannot be read", "3 TIME WHO ? ? ? ? 2")
    refused = mason("state", "rollback", "7", "-y")
    assert refused.err.startswith(f"Error: {small}/state/backups/state.7.json ")


@pytest.mark.xdist_group("moto")
def test_the_backup_of_a_write_that_failed_is_no_version(mason, project, proxy, prefix):
    """It is there before the write, and holds what is current still."""
    store = S3StateStore(f"s3://{BUCKET}/{prefix}?endpoint_url={proxy.endpoint}")
    (project / "mason.yaml").write_text(f"name: flights\nstate: {store.url}\n")
    assert mason("apply", "-y").code == 0
    mason("state", "mv", "config.1", "config.2")
    proxy.fail("PUT", "/state.json", faults.DENIED)
    assert mason("state", "rm", "config.2", "-y").code == 1
    assert (store.read().serial, store.list_backups()) == (2, [1, 2])
    versions = mason("state", "history", "--json").json["versions"]
    assert [(each["serial"], each["created"]) for each in versions] == [(2, 1), (1, 2)]
    migrated = mason("state", "migrate", "elsewhere")
    assert (migrated.code, "Warning" in migrated.err) == (0, False)
    assert LocalStateStore(str(project / "elsewhere")).list_backups() == [1]


def test_rollback_is_a_plan_that_is_confirmed(mason, small, store):
    first = store.read()
    replaced(small, "get.yaml", "description: Get a table", "description: Get one table")
    (small / "other.yaml").write_text("type: config\nid: 2\nexecution_engine: local\n")
    mason("apply", "-y", "-o")
    mason("state", "rm", "config.1", "-y")
    plan = (
        "  + config.1\n"
        "  ~ operator.table.get  (serial 1 has it otherwise)\n"
        '      ~ description: "Get one table" -> "Get a table"\n'
        '      ~ applied_at: "TIME" -> "TIME"\n'
        "      # (7 unchanged fields hidden)\n"
        "  - config.2  (serial 1 has it not)\n"
        "\nLegend: + create, ~ overwrite, - delete\n\n"
        "Plan: 1 to create, 1 to overwrite, 1 to delete, 0 to run.\n"
    )
    dry = mason("state", "rollback", "1", "--dry-run")
    told = unmoment(dry.out)
    if '~ applied_at: "TIME"' not in told:
        # Both were applied within the same second.
        plan = plan.replace('      ~ applied_at: "TIME" -> "TIME"\n', "")
    assert (dry.code, told, dry.err, store.read().serial) == (0, plan, "", 3)
    unsure = mason("state", "rollback", "1", answer="\n")
    assert (unsure.code, store.read().serial) == (1, 3)
    assert unsure.err == (
        "\nMake the state what it was at serial 1? Only yes is accepted: \nError: Not confirmed, so nothing was done.\n"
    )
    done = mason("state", "rollback", "1", answer="yes\n")
    assert (done.code, unmoment(done.out)) == (
        0,
        f"{plan}Rolled back. The state {store.url} is at serial 4 now.\n",
    )
    after = store.read()
    assert (dict(after.resources), after.serial, after.lineage) == (dict(first.resources), 4, first.lineage)
    assert store.list_backups() == [1, 2, 3]
    again = mason("state", "rollback", "1", "-y")
    assert (again.code, again.out, store.read().serial) == (0, "No changes.\n", 4)
    assert again.err == f"The state {store.url} holds what it held at serial 1. There is nothing to do.\n"


def test_rollback_to_what_is_not_kept(mason, small, store):
    assert mason("state", "rollback", "1", "-y").err == f"Error: The state {store.url} is at serial 1 already.\n"
    mason("state", "mv", "config.1", "config.2")
    assert mason("state", "rollback", "7", "-y").err == (
        f"Error: There is no backup of serial 7 in {store.url}. Kept are: 1. See mason state history\n"
    )


def test_a_lost_state_is_refused_until_it_is_restored(mason, small, store):
    """By whatever would plan on it or write to it; and then everything goes on from the newest backup."""
    lineage = store.read().lineage
    for number in (2, 3, 4):
        mason("state", "mv", f"config.{number - 1}", f"config.{number}")
    (small / "state" / "state.json").unlink()
    command = f"cp {small}/state/backups/state.3.json {small}/state/state.json"
    for arguments in (["plan"], ["apply", "-y"], ["state", "history"], ["state", "rollback", "2", "-y"]):
        refused = mason(*arguments)
        assert (refused.code, refused.out, refused.err) == (
            1,
            "",
            f"Error: {small}/state/state.json is missing, while backups of it are in {small}/state/backups. "
            f"To begin with an empty state, move those away. Restore the newest backup: {command}\n",
        )
    assert store.list_backups() == [1, 2, 3]
    subprocess.run(command, shell=True, check=True)
    assert mason("state", "rollback", "2", "-y").code == 0
    after = store.read()
    assert (sorted(after.resources), after.serial, after.lineage) == (["config.2", "operator.table.get"], 4, lineage)


def test_outcomes_come_back_and_engines_are_told_nothing(mason, applied):
    serial = json.loads(mason("state", "pull").out)["serial"]
    (applied / "schedule.yaml").write_text(NIGHTLY)
    replaced(applied, "runs.yaml", "text: hello", "text: bye")
    assert mason("apply", "-y", "-o").code == 0
    log = (applied / "log.txt").read_text()
    rolled = mason("state", "rollback", str(serial), "-y")
    assert rolled.code == 0
    assert "      ~ outcome.run_id: " in rolled.out
    assert "Warning: schedule.nightly stays in its scheduler: no engine is called.\n" in rolled.out
    assert (applied / "log.txt").read_text() == log
    assert [each["name"] for each in mason("scheduler", "list", "--json").json["schedules"]] == ["nightly"]
    (applied / "schedule.yaml").unlink()
    replaced(applied, "runs.yaml", "text: bye", "text: hello")
    assert mason("plan").out == "No changes.\n"


def test_a_schedule_that_comes_back_may_differ_from_its_scheduler(mason, applied):
    (applied / "schedule.yaml").write_text(NIGHTLY)
    assert mason("apply", "-y").code == 0
    serial = json.loads(mason("state", "pull").out)["serial"]
    replaced(applied, "schedule.yaml", "0 12", "0 13")
    assert mason("apply", "-y", "-o").code == 0
    dry = mason("state", "rollback", str(serial), "--dry-run")
    assert "Warning: schedule.nightly may differ from what is now in its scheduler: no engine is called.\n" in dry.out


def test_what_was_edited_in_a_backup_comes_back_as_edited(mason, small):
    mason("state", "mv", "config.1", "config.2")
    replaced(small, "state/backups/state.1.json", "Get a table", "Get some table")
    assert mason("state", "rollback", "1", "-y").code == 0
    assert mason("get", "operator").err == (
        "Warning: operator.table.get was edited in the state: it is not what was applied. "
        "See what differs: mason plan\n"
    )


def test_what_is_protected_is_told_when_a_rollback_would_forget_it(mason, small):
    (small / "other.yaml").write_text("type: config\nid: 2\nexecution_engine: local\nprotect: true\n")
    assert mason("apply", "-y").code == 0
    dry = mason("state", "rollback", "1", "--dry-run")
    assert "Warning: config.2 is protected, and would be forgotten.\n" in dry.out


def test_lost_python_files_are_told(mason, applied):
    serial = json.loads(mason("state", "pull").out)["serial"]
    assert mason("state", "rm", "run.after", "run.daily", "operator.note.append", "-y").code == 0
    for file in (applied / "st" / "sources" / "sha256").iterdir():
        file.unlink()
    assert (
        "Warning: The Python files of operator.note.append are lost. Store them anew afterwards: mason apply --strict\n"
    ) in mason("state", "rollback", str(serial), "--dry-run").out


# --- migrate ----------------------------------------------------------------------------------------------------------


def everything(store) -> dict[str, object]:
    """All that a store keeps, but the sources that no snapshot names."""
    backups = {serial: store.get_backup(serial) for serial in store.list_backups()}
    current = store.read()
    modules = {entry.module for each in (*backups.values(), current) for entry in each.resources.values()} - {None}
    return {
        "current": (current, current.written_at, current.written_by),
        "backups": backups,
        "sources": {digest: store.get_source(digest) for digest in modules},
        "runs": {run_id: store.get_run(run_id) for run_id in store.list_runs()},
    }


def test_migrate_copies_everything_and_leaves_the_old_state(mason, applied):
    old, new = LocalStateStore(str(applied / "st")), LocalStateStore(str(applied / "elsewhere"))
    before = everything(old)
    serial, backups = old.read().serial, len(old.list_backups())
    what = f"serial {serial} with 6 resources, {backups} backups, 1 source, 2 runs"
    hint = "To use it from now on, write into mason.yaml: state: elsewhere\n"
    dry = mason("state", "migrate", "elsewhere", "--dry-run")
    assert (dry.code, dry.err, (applied / "elsewhere").exists()) == (0, "", False)
    assert dry.out == f"Would copy to {new.url}: {what}.\n{hint}"
    done = mason("state", "migrate", "elsewhere")
    assert done.code == 0
    assert done.err == (
        f"Copying 1 sources and 2 runs...\nCopying {backups + 1} snapshots...\nReading everything back...\n"
    )
    assert done.out == (
        f"Copied to {new.url}: {what}.\nEverything was read back and compared. The old state is as it was.\n{hint}"
    )
    assert everything(new) == everything(old) == before
    assert (applied / "mason.yaml").read_text() == "name: notes\nstate: st\n"
    assert mason("--state", "elsewhere", "plan").out == "No changes.\n"
    again = mason("state", "migrate", "elsewhere", "--dry-run")
    assert again.out.splitlines()[1] == "It is there already, and would be compared."
    assert mason("state", "migrate", "elsewhere").code == 0
    assert everything(new) == before


@pytest.mark.xdist_group("moto")
def test_migrate_to_a_bucket_and_back(mason, applied, moto, prefix, aws):
    old, url = LocalStateStore(str(applied / "st")), moto.url(BUCKET, prefix)
    before = everything(old)
    moved = mason("state", "migrate", url, "--write")
    assert (moved.code, moved.out.splitlines()[-1]) == (0, f"Wrote to {applied}/mason.yaml: state: {url}")
    assert (applied / "mason.yaml").read_text() == f'name: notes\nstate: "{url}"\n'
    assert everything(S3StateStore(url)) == before
    assert mason("plan").out == "No changes.\n"
    assert mason("state", "history", "--json").json["state"]["url"] == S3StateStore(url).url
    assert mason("state", "mv", *RENAMES["run"][:2]).code == 0
    # The old place knows nothing of that, and holds an earlier snapshot: it is gone on with.
    back = mason("state", "migrate", "st", "--dry-run")
    assert "An earlier attempt was interrupted" in back.out
    assert mason("state", "migrate", "st", "--write").code == 0
    assert (applied / "mason.yaml").read_text() == 'name: notes\nstate: "st"\n'
    after, kept = everything(old), everything(S3StateStore(url))
    assert after == kept


def test_migrate_refuses_a_place_that_holds_something_else(mason, small, store):
    other = LocalStateStore(str(small / "other"))
    written = other.write({}, base=other.write(dict(store.read().resources), base=other.read()))
    refused = mason("state", "migrate", "other")
    assert (refused.code, refused.out, other.read()) == (1, "", written)
    assert refused.err == (
        f"Error: {other.url} holds another state (lineage {written.lineage}, serial 2). Nothing was written. "
        "Choose another place.\n"
    )
    history = LocalStateStore(str(small / "history"))
    history.put_run("theirs", {})
    assert mason("state", "migrate", "history").err == (
        f"Error: {history.url} is not empty: it has a history of runs. Choose another place.\n"
    )
    assert mason("state", "migrate", "state").err == f"Error: The state is at {store.url} already.\n"
    assert mason("state", "migrate", "copy").code == 0
    mason("--state", "copy", "state", "mv", "config.1", "config.2")
    assert mason("state", "migrate", "copy").err == (
        f"Error: file://{small}/copy holds this state already, and went its own way since (serial 2, here 1). Nothing "
        "was written. Choose another place, or decide for one of the two.\n"
    )


@pytest.mark.parametrize("options", [(), ("--dry-run",), ("--write",)])
def test_migrate_to_a_place_that_goes_with_the_process(mason, small, options):
    refused = mason("state", "migrate", "memory://team", *options)
    assert (refused.code, refused.out, refused.err) == (
        1,
        "",
        "Error: A state at memory:// lasts as long as its process, so nothing can be kept there. Name a folder, or "
        "s3://bucket/prefix.\n",
    )
    assert (small / "mason.yaml").read_text() == "name: flights\nstate: state\n"


def test_migrate_to_where_the_state_is(mason, small, store):
    """By another spelling."""
    (small / "link").symlink_to(small / "state")
    for arguments in ((), ("--dry-run",)):
        refused = mason("state", "migrate", "link", *arguments)
        assert (refused.code, refused.out) == (1, "")
        assert refused.err == f"Error: file://{small}/link is where the state is already: {store.url}.\n"


@pytest.mark.xdist_group("moto")
def test_migrate_to_where_the_state_is_by_another_name(mason, project, moto, prefix, aws):
    """It would wait for its own lock."""
    here = S3StateStore(moto.url(BUCKET, prefix)).url
    there = here.replace("127.0.0.1", "localhost")
    (project / "mason.yaml").write_text(f"name: flights\nstate: {here}\n")
    assert mason("apply", "-y").code == 0
    refused = mason("state", "migrate", there, "--lock-timeout", "60")
    assert (refused.code, refused.out) == (1, "")
    assert refused.err == f"Error: {there} is where the state is already: {here}.\n"


def test_an_interrupted_migration_is_gone_on_with(mason, applied):
    old, new = LocalStateStore(str(applied / "st")), LocalStateStore(str(applied / "elsewhere"))
    # As it is left when the process is killed: sources and runs, and some of the snapshots.
    run_id = old.list_runs()[0]
    new.put_run(run_id, old.get_run(run_id))
    base = new.read()
    for serial in old.list_backups()[:2]:
        base = new.restore(old.get_backup(serial), base=base)
    dry = mason("state", "migrate", "elsewhere", "--dry-run")
    assert dry.out.splitlines()[1] == "An earlier attempt was interrupted; 2 snapshots are there already."
    assert mason("state", "migrate", "elsewhere").code == 0
    assert everything(new) == everything(old)


def test_a_migration_that_is_killed_at_any_moment_is_gone_on_with(mason, applied):
    old, new = LocalStateStore(str(applied / "st")), LocalStateStore(str(applied / "elsewhere"))
    before = everything(old)
    snapshots = [*before["backups"].values(), old.read()]
    for number in range(12):
        process = subprocess.Popen(
            [sys.executable, "-m", "mason", "state", "migrate", "elsewhere"],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        # From when it says that it begins to copy, which the start of Python does not delay.
        process.stderr.readline()
        time.sleep(number * 0.001)
        process.kill()
        process.communicate()
        there = new.read()
        assert not there.lineage or there in snapshots
        assert everything(old) == before
    assert mason("state", "migrate", "elsewhere").code == 0
    assert everything(new) == before


def test_what_cannot_be_copied_is_told(mason, applied):
    (applied / "st" / "backups" / "state.2.json").write_text("{")
    (run,) = list((applied / "st" / "runs").iterdir())[:1]
    run.write_text("[")
    (source,) = (applied / "st" / "sources" / "sha256").iterdir()
    source.write_text("forged")
    done = mason("state", "migrate", "elsewhere")
    assert done.code == 0
    assert done.err.splitlines()[3:] == [
        "Warning: The backup of serial 2 cannot be read, and so is not copied.",
        f"Warning: The Python files of operator.note.append (sha256:{source.name[:12]}...) are lost, and so are not "
        "copied.",
        f"Warning: The record of run {run.name.removesuffix('.json')} cannot be read, and so is not copied.",
    ]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("name: notes\n", 'name: notes\nstate: "elsewhere"\n'),
        ("name: notes", 'name: notes\nstate: "elsewhere"\n'),
        ("# ours\nstate : state # here\r\nname: notes\r\n", '# ours\nstate: "elsewhere"\r\nname: notes\r\n'),
    ],
)
def test_write_changes_one_line_of_the_project_file(mason, small, before, after):
    (small / "mason.yaml").write_bytes(before.encode())
    (small / "mason.yaml").chmod(0o640)
    assert mason("--state", "state", "state", "migrate", "elsewhere", "--write").code == 0
    assert (small / "mason.yaml").read_bytes().decode() == after
    assert (small / "mason.yaml").stat().st_mode & 0o777 == 0o640


def test_write_says_when_it_has_no_effect(mason, small, monkeypatch):
    monkeypatch.setenv("MASON_STATE", "state")
    done = mason("state", "migrate", "elsewhere", "--write")
    assert done.code == 0
    assert done.err.endswith("Warning: MASON_STATE is set, and goes before what mason.yaml says.\n")


def test_write_leaves_a_project_file_that_is_too_clever(mason, small):
    """It is told before anything is copied."""
    (small / "mason.yaml").write_text("name: notes\n'state': state\n")
    for options in ((), ("--dry-run",)):
        refused = mason("state", "migrate", "elsewhere", "--write", *options)
        assert (refused.code, refused.out, refused.err, (small / "elsewhere").exists()) == (
            1,
            "",
            f"Error: {small}/mason.yaml: 'state' is written in a way that only you can change. "
            'Write there: state: "elsewhere"\n',
            False,
        )
    assert (small / "mason.yaml").read_text() == "name: notes\n'state': state\n"


def test_write_that_cannot_be_written_copies_nothing(mason, small):
    before = (small / "mason.yaml").read_text()
    (small / ".mason.yaml.partial").mkdir()
    refused = mason("state", "migrate", "elsewhere", "--write")
    assert (refused.code, refused.out, refused.err, (small / "elsewhere").exists()) == (
        1,
        "",
        f"Error: {small}/mason.yaml: cannot be written (Is a directory). Write there: state: elsewhere\n",
        False,
    )
    (small / "mason.yaml").unlink()
    assert mason("--state", "state", "state", "migrate", "elsewhere", "--write").err == (
        "Error: There is no mason.yaml to write to. Make one with a line: state: elsewhere\n"
    )
    (small / "mason.yaml").write_text(before)
    (small / ".mason.yaml.partial").rmdir()
    assert mason("state", "migrate", "elsewhere", "--write").code == 0


def test_a_write_that_fails_leaves_nothing_behind(small):
    opened = open_project()
    before = (small / "mason.yaml").read_text()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    # As a disk that is full.
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, hard))
    try:
        with pytest.raises(SettingsError, match=r"mason.yaml: cannot be written \(File too large\)"):
            write_url(opened, "elsewhere")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (small / "mason.yaml").read_text() == before
    assert not (small / ".mason.yaml.partial").exists()


@pytest.mark.xdist_group("moto")
def test_write_changes_a_state_that_is_a_block(mason, small, moto, prefix, aws):
    """In the form that people are told to write, with what they noted there."""
    url, _, options = moto.url(BUCKET, prefix).partition("?")
    assert options.startswith("endpoint_url=")
    endpoint = options.removeprefix("endpoint_url=")
    text = (
        "name: flights\nstate:  # the team's\n"
        f"  endpoint_url: {endpoint}  # not Amazon\n"
        f"  url: {url}/old # since 2026\n\n  # in case\n  region: eu-west-1\nhistory:\n  keep_runs: 5\n"
    )
    assert mason("state", "migrate", f"{url}/old?{options}").code == 0
    (small / "mason.yaml").write_text(text)
    moved = mason("state", "migrate", f"{url}/new?{options}&lease=30", "--write")
    assert moved.code == 0, moved.err
    in_bucket = (small / "mason.yaml").read_text()
    assert in_bucket == (
        "name: flights\nstate:  # the team's\n"
        f"  endpoint_url: {endpoint}  # not Amazon\n"
        f'  url: "{url}/new?lease=30" # since 2026\n\n  # in case\nhistory:\n  keep_runs: 5\n'
    )
    assert mason("plan").out == "No changes.\n"
    assert mason("state", "migrate", "st", "--write").code == 0
    assert (small / "mason.yaml").read_text() == (
        'name: flights\nstate:  # the team\'s\n  url: "st" # since 2026\n\n  # in case\nhistory:\n  keep_runs: 5\n'
    )
    assert mason("plan").out == "No changes.\n"


# --- workspaces -------------------------------------------------------------------------------------------------------


def test_workspaces_are_kept_apart(mason, small, store, monkeypatch):
    first = mason("--workspace", "staging", "plan")
    assert first.out.splitlines()[-3:] == [
        "Workspace: staging (nothing was applied in it yet)",
        "",
        "Plan: 2 to create, 0 to overwrite, 0 to delete, 0 to run.",
    ]
    assert mason("--workspace", "staging", "get").err == (
        "Nothing was applied yet in workspace staging. Start with: mason apply\n"
    )
    assert mason("--workspace", "staging", "apply", "-y").code == 0
    assert mason("--workspace", "staging", "plan").out == "Workspace: staging\nNo changes.\n"
    assert mason("plan").out == "No changes.\n"
    assert mason("--workspace", "staging", "state", "mv", "config.1", "config.2").code == 0
    monkeypatch.setenv("MASON_WORKSPACE", "staging")
    assert [line.split()[0] for line in mason("state", "list").out.splitlines()[1:]] == [
        "config.2",
        "operator.table.get",
    ]
    assert mason("plan", "--json").json["state"]["workspace"] == "staging"
    assert mason("--workspace", "default", "state", "list", "--json").json["state"]["url"] == store.url
    staging = LocalStateStore(workspace_url(store.url, "staging"))
    with store.lock("apply"), staging.lock("apply"):
        assert (staging.read().serial, store.read().serial) == (2, 1)
    assert mason("config", "2", "-s").code == 0
    assert mason("--workspace", "default", "get", "config", "--json").json["current_config"] == "1"


def test_workspaces_are_listed(mason, small, store):
    mason("--workspace", "staging", "apply", "-y")
    listed = mason("state", "workspaces")
    assert [line.split() for line in listed.out.splitlines()] == [
        ["name", "serial", "resources", "state"],
        ["*", "default", "1", "2", store.url],
        ["staging", "1", "2", f"{store.url}/workspaces/staging"],
    ]
    assert mason("--workspace", "new", "state", "workspaces", "--json").json == {
        "format_version": "1.0",
        "current_workspace": "new",
        "workspaces": [
            {"name": "default", "url": store.url, "serial": 1, "resources": 2},
            {"name": "new", "url": f"{store.url}/workspaces/new", "serial": 0, "resources": 0},
            {"name": "staging", "url": f"{store.url}/workspaces/staging", "serial": 1, "resources": 2},
        ],
    }


@pytest.mark.parametrize("name", ["../state", "a/b", "-a", "ä", "a" * 101, ".", " "])
def test_workspaces_have_names(mason, small, monkeypatch, name):
    monkeypatch.setenv("MASON_WORKSPACE", name)
    refused = mason("plan")
    assert (refused.code, refused.out) == (1, "")
    assert refused.err.endswith(
        " cannot name a workspace: use at most 100 letters, digits, _ and -, not beginning with -.\n"
    )


def test_a_plan_of_one_workspace_is_refused_in_another(mason, project, folder):
    """Before there is a state, by its URL, and afterwards."""
    url = f"file://{folder}/state/workspaces"
    error = (
        f"Error: This plan was made against the state {url}/staging, not {url}/prod. "
        "Nothing was applied. Choose that state (--state, --workspace), or plan again.\n"
    )
    mason("--workspace", "staging", "plan", "--out", "release.plan")
    refused = mason("--workspace", "prod", "apply", "release.plan")
    assert (refused.code, refused.err) == (1, error)
    for name in ("staging", "prod"):
        mason("--workspace", name, "apply", "-y")
    replaced(project, "get.yaml", "Get a table", "Get one table")
    mason("--workspace", "staging", "plan", "--out", "release.plan")
    refused = mason("--workspace", "prod", "apply", "release.plan")
    assert (refused.code, refused.err) == (1, error)
    assert mason("--workspace", "staging", "apply", "release.plan").code == 0


def test_a_workspace_migrates_to_the_workspace_of_its_name(mason, small, store):
    mason("--workspace", "staging", "apply", "-y")
    mason("--workspace", "prod", "apply", "-y")
    done = mason("--workspace", "staging", "state", "migrate", "elsewhere")
    assert done.out.startswith(f"Copied to file://{small}/elsewhere/workspaces/staging: serial 1 ")
    assert done.err.splitlines()[-1] == (
        "Warning: Other workspaces stay where they are: default, prod. Each is copied by itself, such as: "
        "mason --workspace default state migrate ..."
    )
    assert (
        LocalStateStore(str(small / "elsewhere")).list_workspaces(),
        (small / "elsewhere" / "state.json").exists(),
    ) == (
        ["staging"],
        False,
    )


@pytest.mark.xdist_group("moto")
def test_workspaces_in_a_bucket(mason, project, moto, prefix, aws):
    url = moto.url(BUCKET, prefix)
    (project / "mason.yaml").write_text(f'name: flights\nstate: "{url}"\n')
    assert mason("--workspace", "staging", "apply", "-y").code == 0
    assert mason("--workspace", "staging", "plan").out == "Workspace: staging\nNo changes.\n"
    listed = mason("state", "workspaces", "--json").json["workspaces"]
    base = S3StateStore(url).url
    assert [(each["name"], each["serial"], each["url"]) for each in listed] == [
        ("default", 0, base),
        ("staging", 1, base.replace(prefix, f"{prefix}/workspaces/staging")),
    ]
