"""Operators that say other operators, from YAML to files and plans."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.notes import ALL_LOCAL, WRITE, actions
from tests.conftest import Mason

PAIR = """\
type: operator
namespace: note
command: pair
parameters: {required: [folder, text]}
do:
  - operator.note.write: {path: "{{folder}}/a", text: "{{text}}"}
    as: first
  - operator.note.write: {path: "{{folder}}/b", text: "beside {{first.path}}"}
"""
RUN = "type: run\nname: pairs\noperator: note:pair\nconfig_id: '1'\nparameters: {folder: out, text: one}\n"


@pytest.fixture
def project(folder: Path) -> Path:
    (folder / "mason.yaml").write_text("name: pairs\n")
    for name, text in {"config": ALL_LOCAL, "pair": PAIR, "run": RUN, "write": WRITE}.items():
        (folder / f"{name}.yaml").write_text(text)
    return folder


def test_the_plan_shows_and_does_all_sentences(mason: Mason, project: Path):
    told = mason("plan").out.splitlines()
    assert [line.strip() for line in told if " do " in line] == [
        "1. for local as storage do write(path='out/a', content='one', overwrite=True)  [changes things]",
        "2. for local as storage do write(path='out/b', content='beside {{first.path}}', overwrite=True)  "
        "[changes things]",
    ]
    assert mason("apply", "-y").code == 0
    assert [(project / "out" / name).read_text() for name in "ab"] == ["one", "beside out/a"]
    assert mason("plan").out == "No changes.\n"
    assert mason("run", "note:pair", "-p", "folder:by,text:hand", "-y").code == 0
    assert (project / "by" / "b").read_text() == "beside by/a"


def test_the_run_is_done_again_when_the_inner_one_changed(mason: Mason, project: Path):
    assert mason("apply", "-y").code == 0
    (project / "write.yaml").write_text(WRITE.replace('"{{text}}"', '"{{text}}!"'))
    assert actions(mason) == [
        ("overwrite", "operator.note.write", "its definition changed"),
        ("run", "run.pairs", "operator.note.write changed"),
    ]
    assert mason("apply", "-y", "-o").code == 0
    assert (project / "out" / "a").read_text() == "one!"


def test_everything_that_does_not_fit_is_told_with_its_line(mason: Mason, project: Path):
    (project / "pair.yaml").write_text(
        PAIR.replace('text: "{{text}}"}', "txt: x}") + "  - operator.note.wrte: {}\n  - operator.note.pair: {}\n"
    )
    expected = [
        "Error: pair.yaml:6: Operator note:write needs 'text'",
        "Error: pair.yaml:6: Operator note:write takes no 'txt' (did you mean 'text'?)",
    ]
    told = mason("plan")
    assert told.code == 1
    assert [line for line in told.err.splitlines() if line in expected] == expected
    assert (
        "Error: pair.yaml:9: sentence 3 says operator.note.wrte, which is neither in these files nor in the state "
        "(did you mean 'operator.note.write'?)" in told.err.splitlines()
    )
    circle = "operators say one another: operator.note.pair -> operator.note.pair (take one of these sentences out)"
    assert f"Error: pair.yaml:1: {circle}" in told.err.splitlines()
    told = mason("validate")
    assert "sentence 3 says operator.note.wrte, which no file here defines" in told.err


def test_what_leads_in_circles_is_told_once(mason: Mason, folder: Path):
    """Of the operators that say one another, and not of those that say one of them."""
    said = {"a": "b", "b": "c", "c": "b"}
    documents = (
        f"type: operator\nnamespace: n\ncommand: {one}\ndo:\n  - operator.n.{other}: {{}}\n"
        for one, other in said.items()
    )
    (folder / "circle.yaml").write_text("---\n".join(documents))
    assert mason("plan").err.splitlines() == [
        "Error: circle.yaml:7: operators say one another: operator.n.b -> operator.n.c -> operator.n.b "
        "(take one of these sentences out)"
    ]


def test_a_result_of_what_may_say_nothing(mason: Mason, folder: Path):
    (folder / "inner.yaml").write_text(
        "type: operator\nnamespace: n\ncommand: inner\nparameters: {optional: [{name: flag, type: boolean}]}\n"
        "do:\n  - metastore.list_databases: {}\n    when: flag\n"
    )
    (folder / "outer.yaml").write_text(
        "type: operator\nnamespace: n\ncommand: outer\ndo:\n  - operator.n.inner: {}\n    as: found\n"
    )
    assert mason("plan").err.splitlines() == [
        "Error: outer.yaml:6: operator.n.inner may say nothing, so that there is no result to be called 'found' "
        "(leave 'as' out, or give what it needs to say something)"
    ]


def test_what_an_operator_is_made_of_is_not_deleted_alone(mason: Mason, project: Path):
    assert mason("apply", "-y").code == 0
    told = mason("destroy", "operator.note.write", "-y")
    assert (told.code, "operator.note.pair" in told.out) == (0, True)
    assert mason("apply", "-y").code == 0
    (project / "write.yaml").unlink()
    assert "operator.note.pair uses operator.note.write, which would be deleted" in mason("plan", "--prune").err


def test_another_name_of_the_inner_one_is_followed(mason: Mason, project: Path):
    assert mason("apply", "-y").code == 0
    (project / "write.yaml").write_text(
        WRITE.replace("command: write", "command: put")
        + "---\ntype: moved\nfrom: operator.note.write\nto: operator.note.put\n"
    )
    (project / "pair.yaml").write_text(PAIR.replace("note.write", "note.put"))
    assert [(kind, address) for kind, address, _ in actions(mason)] == [
        ("move", "operator.note.put"),
        ("overwrite", "operator.note.pair"),
        # What it does is the same, so it is not done again.
        ("overwrite", "run.pairs"),
    ]


def test_a_run_that_failed_within_goes_on_where_it_stopped(mason: Mason, project: Path):
    assert mason("apply", "-y").code == 0
    (project / "again").mkdir()
    (project / "again" / "b").mkdir()
    assert mason("run", "note:pair", "-p", "folder:again,text:x", "-y").code == 1
    (project / "again" / "b").rmdir()
    told = mason("runs", "resume", "last", "-y")
    assert told.code == 0, told.err
    assert [(project / "again" / name).read_text() for name in "ab"] == ["x", "beside again/a"]
