"""What people type who come from other tools: it works where it means one thing, else one line says what to type."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tests.cli.notes import ALL_LOCAL, WRITE, actions
from tests.conftest import Mason

RUN = """\
type: run
name: note
operator: note:write
config_id: "1"
parameters: {path: note.txt, text: hello}
"""
LIST = """\
type: operator
namespace: note
command: list
do:
  - storage.list_paths: {path: "."}
"""
FLOW = """\
type: workflow
namespace: note
command: flow
dag:
  - {id: one, namespace: note, command: list}
"""


@pytest.fixture
def project(mason: Mason, folder: Path) -> Path:
    """An applied project with operators, a workflow and a run; config 1 is current."""
    (folder / "mason.yaml").write_text("name: notes\n")
    (folder / "config.yaml").write_text(ALL_LOCAL)
    (folder / "operators.yaml").write_text(f"{WRITE}---\n{LIST}---\n{FLOW}")
    (folder / "run.yaml").write_text(RUN)
    assert mason("apply", "-y").code == 0
    assert mason("config", "1", "-s").code == 0
    return folder


def test_version_and_help(mason: Mason) -> None:
    assert mason("version").out == mason("--version").out
    assert mason("help").out == mason("--help").out
    assert mason("help", "state", "mv").out == mason("state", "mv", "--help").out


def test_long_options_with_one_dash(mason: Mason, folder: Path, project: Path) -> None:
    (folder / "operators.yaml").write_text(WRITE)
    told = mason("plan", "-prune", "-out=it.plan")
    assert (told.code, (folder / "it.plan").exists()) == (0, True), told.err
    assert mason("plan", "-prune", "-refresh=false", "-json").json["summary"]["delete"] == 2
    assert mason("apply", "-prune", "-auto-approve").code == 0
    assert actions(mason) == []


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (("diff", "--json"), ("plan", "--json")),
        (("describe", "operator", "note", "list"), ("get", "operator", "note", "list")),
        (("ls", "operator"), ("get", "operator")),
        (("workspace", "list"), ("state", "workspaces")),
        (("--workspace", "default", "list"), ("--workspace", "default", "get")),
        (("history",), ("runs", "list")),
        (("logs", "last"), ("runs", "logs", "last")),
        (("force-unlock", "abc"), ("state", "unlock", "abc")),
        (("validate", "note", "list"), ("validate", "operator", "note", "list")),
        (("validate", "note:flow"), ("validate", "workflow", "note", "flow")),
        (("run", "operator.note.list", "--json"), ("run", "operator", "note", "list", "--json")),
    ],
)
def test_words_that_mean_one_thing(mason: Mason, project: Path, words: tuple[str, ...], meant: tuple[str, ...]) -> None:
    said, wanted = mason(*words), mason(*meant)
    assert (said.code, said.out, said.err) == (wanted.code, wanted.out, wanted.err)


def test_delete_is_destroy(mason: Mason, project: Path) -> None:
    assert mason("delete", "operator", "note", "list", "-y").code == 0
    assert mason("delete", "workflow.note.flow", "-y").code == 1
    assert mason("get", "-o", "name").out == "config.1\noperator.note.write\nrun.note\n"


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("workspace", "select", "dev"), "mason --workspace NAME"),
        (("import", "aws_s3_bucket.b"), "declared in YAML"),
        (("taint", "run.note"), "mason apply --replace run.NAME"),
        (("plan", "-refresh-only"), "mason drift"),
        (("plan", "--select", "note"), "mason plan --target ADDRESS"),
        (("-chdir=there", "plan"), "cd FOLDER"),
        (("apply", "-input=false"), "pass -y"),
        (("get", "-w"), "watch mason get"),
        (("run", "note"), "mason apply --replace run.note"),
        (("run", "run.note"), "mason apply --replace run.note"),
        (("run", "list"), "mason run operator NAMESPACE COMMAND"),
        (("run", "note", "lst"), "Did you mean note:list?"),
        (("validate", "operators.yaml"), "mason validate alone checks the whole project, and takes no path."),
        (("validate", "."), "mason validate alone checks the whole project, and takes no path."),
    ],
)
def test_words_that_mean_something_else_say_what_to_type(
    mason: Mason, project: Path, words: tuple[str, ...], line: str
) -> None:
    told = mason(*words)
    assert told.code != 0
    assert line in told.err.splitlines()[-1]


def test_an_operator_and_a_workflow_of_one_name(mason: Mason, folder: Path, project: Path) -> None:
    (folder / "both.yaml").write_text(FLOW.replace("command: flow", "command: list"))
    assert mason("apply", "-y").code == 0
    told = mason("run", "note", "list")
    assert told.code == 1
    assert told.err.splitlines()[-1].endswith("mason run operator note list or mason run workflow note list.")


def test_plan_takes_addresses(mason: Mason, folder: Path, project: Path) -> None:
    (folder / "operators.yaml").write_text(f"{WRITE}description: one\n---\n{LIST}description: two\n---\n{FLOW}")
    assert [address for _, address, _ in actions(mason, "operator.note.list")] == ["operator.note.list"]
    assert mason("apply", "operator.note.list", "-y", "-o").code == 0
    assert [address for _, address, _ in actions(mason)] == ["operator.note.write"]
    told = mason("plan", "operator.note.lst")
    assert (told.code, "did you mean 'operator.note.list'" in told.err) == (1, True), told.err
    # A file of that name is a file.
    (folder / "operator.note.list").mkdir()
    assert mason("plan", "operator.note.list", "--json").json["files"] == 0


def test_replace_does_a_run_again(mason: Mason, folder: Path, project: Path) -> None:
    (folder / "note.txt").write_text("changed")
    assert actions(mason) == []
    assert actions(mason, "--replace", "run.note") == [("run", "run.note", "--replace asks for it")]
    assert mason("apply", "-y", "--replace", "run.note").code == 0
    assert (folder / "note.txt").read_text() == "hello"
    told = mason("plan", "--replace", "operator.note.list")
    assert (told.code, "runs and schedules are" in told.err) == (1, True)
    told = mason("plan", "--replace", "run.nte")
    assert (told.code, "did you mean 'run.note'" in told.err) == (1, True)


def test_a_planned_destruction_can_be_saved_and_applied(mason: Mason, folder: Path, project: Path) -> None:
    assert actions(mason, "--destroy", "--target", "workflow.note.flow") == [
        ("delete", "workflow.note.flow", "destroy was asked for")
    ]
    assert mason("plan", "-destroy", "-out", "all.plan").code == 0
    assert mason("apply", "all.plan").code == 0
    assert mason("get", "-o", "name").out == ""
    assert mason("plan", "--destroy", "config.yaml").code == 1


def test_get_in_other_forms(mason: Mason, project: Path) -> None:
    assert mason("get", "-o", "json").json == mason("get", "--json").json
    said = mason("get", "operator", "note", "write", "-o", "yaml").out
    assert yaml.safe_load(said)["do"] == [
        {"storage.write": {"path": "{{path}}", "content": "{{text}}", "overwrite": True}}
    ]
    assert [line.partition(":")[0] for line in said.splitlines() if line[0].isalpha()] == [
        *("type", "namespace", "command", "parameters", "do")
    ]
    assert len(list(yaml.safe_load_all(mason("get", "operator", "-o", "yaml").out))) == 2
    assert mason("get", "--json", "-o", "yaml").code == 1
    step = json.loads(mason("get", "workflow", "note", "flow").out)["dag"][0]
    assert list(step) == ["id", "type", "namespace", "command"]


def test_apply_destroy_is_destroy(mason: Mason, project: Path) -> None:
    told = mason("apply", "-destroy", "-auto-approve", "operator.note.list")
    assert told.code == 0
    assert told.out == (
        "  - workflow.note.flow  (it uses operator.note.list)\n  - operator.note.list  (destroy was asked for)\n\n"
        "Legend: - delete\n\nPlan: 0 to create, 0 to overwrite, 2 to delete, 0 to run.\n\n"
        "Deleted Workflow note:flow\nDeleted Operator note:list\n\n"
        "Apply complete: 0 created, 0 overwritten, 2 deleted, 0 run.\n"
    )
    assert "operator.note.list" not in mason("get", "-o", "name").out.split()


def test_an_address_in_words_is_a_target(mason: Mason, folder: Path, project: Path) -> None:
    (folder / "operators.yaml").write_text(f"{WRITE.replace('overwrite: true', 'overwrite: false')}---\n{FLOW}")
    assert actions(mason, "operator", "note", "write") == [
        ("overwrite", "operator.note.write", "its definition changed")
    ]
    told = mason("plan", "operator", "note", "wrote")
    assert (told.code, told.err.splitlines()[0]) == (
        1,
        "Error: There is no operator.note.wrote in the files or in the state (did you mean 'operator.note.write'?).",
    )


def test_keys_are_printed_in_the_order_in_which_people_write_them(mason: Mason, folder: Path, project: Path) -> None:
    text = (
        "type: operator\nnamespace: note\ncommand: keys\nparameters:\n  required:\n  - name: path\n    type: string\n"
        "do:\n- storage.read:\n    path: '{{path}}'\n  as: found\n  when: path\n"
    )
    (folder / "keys.yaml").write_text(text)
    assert mason("apply", "keys.yaml", "-y").code == 0
    assert mason("get", "operator", "note", "keys", "-o", "yaml").out == text
    lines = mason("get", "workflow", "note", "flow", "-o", "yaml").out.splitlines()
    assert [line.partition(":")[0] for line in lines[4:7]] == ["- id", "  type", "  namespace"]
