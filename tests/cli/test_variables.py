"""Variables from ``mason.yaml`` to what a run does, in the hands of a person."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.notes import ALL_LOCAL, WRITE, actions
from tests.conftest import Mason

PROJECT = """\
name: notes
vars:
  folder: {type: string, workspaces: {prod: production}}
  text: hello
"""
RUN = """\
type: run
name: note
operator: note:write
config_id: '1'
parameters: {path: '{{vars.folder}}.txt', text: '{{vars.text}} {{vars.text}}'}
"""


@pytest.fixture
def project(folder: Path) -> Path:
    for name, text in {"mason": PROJECT, "config": ALL_LOCAL, "write": WRITE, "run": RUN}.items():
        (folder / f"{name}.yaml").write_text(text)
    return folder


def test_another_value_is_a_change(mason: Mason, project: Path):
    assert mason("apply", "-y", "--var", "folder=a").code == 0
    assert (project / "a.txt").read_text() == "hello hello"
    assert mason("plan", "--var", "folder=a").out == "No changes.\n"
    # Asked again, so that what is remembered of the files is used.
    assert mason("plan", "--var", "folder=a").out == "No changes.\n"
    assert actions(mason, "--var", "folder=b") == [("run", "run.note", "its parameters changed")]
    assert '~ parameters.path: "a.txt" -> "b.txt"' in mason("plan", "--var", "folder=b").out
    assert mason("state", "show", "run.note").out.count("a.txt") == 1


def test_a_required_variable_is_asked_for_wherever_it_is_used(mason: Mason, project: Path):
    (project / "other.yaml").write_text(RUN.replace("name: note", "name: other"))
    for command in (("plan",), ("apply", "-y"), ("validate",)):
        told = mason(*command)
        remedy = "(give it one: --var folder=VALUE, MASON_VAR_folder, or a default at mason.yaml:3)"
        assert (told.code, told.err.splitlines()) == (
            1,
            [
                f"Error: other.yaml:5: variable 'folder' has no value {remedy}",
                f"Error: run.yaml:5: variable 'folder' has no value {remedy}",
                "2 errors.",
            ],
        )


def test_values_win_in_the_order_of_the_command_line(mason: Mason, project: Path, monkeypatch: pytest.MonkeyPatch):
    def path(*options: str) -> str:
        (change,) = mason(*options, "plan", "--target", "run.note", "--json", *given).json["actions"][-1]["steps"]
        return str(change["calls"][0]["arguments"]["path"])

    (project / "mine.yml").write_text("folder: file\n")
    (project / "mason.yaml").write_text(PROJECT + "ignore: [mine.yml]\n")
    given: list[str] = []
    assert path("--workspace", "prod") == "production.txt"
    monkeypatch.setenv("MASON_VAR_folder", "environment")
    assert path("--workspace", "prod") == "environment.txt"
    given = ["--var", "folder=line", "--var-file", "mine.yml"]
    assert path() == "file.txt"
    given = ["--var-file", "mine.yml", "--var", "folder=line"]
    assert path() == "line.txt"
    given = ["-var", "folder=one", "-var=folder=two"]
    assert path() == "two.txt"


def test_a_plan_file_keeps_its_values(mason: Mason, project: Path, monkeypatch: pytest.MonkeyPatch):
    assert mason("plan", "--var", "folder=kept", "--out", "it.plan").code == 0
    monkeypatch.setenv("MASON_VAR_folder", "other")
    assert "path='kept.txt'" in mason("show", "it.plan").out
    told = mason("apply", "it.plan", "--var", "folder=other")
    assert (told.code, "with the variables that it was made with" in told.err) == (1, True)
    assert mason("apply", "it.plan").code == 0
    assert ((project / "kept.txt").exists(), (project / "other.txt").exists()) == (True, False)


def test_no_secret_comes_from_a_variable(mason: Mason, project: Path):
    (project / "s3.yaml").write_text(
        "type: config\nid: s\nstorage_engine: s3\nclients:\n  s3:\n    configuration:\n      aws_region: eu-west-1\n"
        "      access_key: '{{vars.text}}'\n      secret_key: '{{KEY}}'\n"
    )
    told = mason("plan", "--var", "folder=a", "--var", "text=shibboleth")
    assert told.err.splitlines() == [
        "Error: s3.yaml:8: a literal value for the secret 'access_key' of client s3 would end up in the state "
        "(from {{vars.text}}) (use {{NAME}})"
    ]


def test_what_is_given_is_checked(mason: Mason, project: Path):
    (project / "mine.yml").write_text("foldr: x\n")
    told = mason(
        "plan", "--var", "txt=1", "--var", "oops", "--var", "=3", "--var-file", "mine.yml", "--var-file", "none.yml"
    )
    assert told.err.splitlines() == [
        "Error: --var is NAME=VALUE, and what was given has no =",
        "Error: --var is NAME=VALUE, and what was given has no name before the =",
        "Error: none.yml: the variable file cannot be read: no such file or directory",
        "Error: --var: there is no variable 'txt' (did you mean 'text'?)",
        "Error: mine.yml:1: there is no variable 'foldr' (did you mean 'folder'?)",
        "5 errors.",
    ]


def test_bytes_that_are_no_text_are_no_value(mason: Mason, project: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MASON_VAR_FOLDER", "\udcff")
    assert mason("plan", "--var", "text=a\udc80").err.splitlines() == [
        "Error: MASON_VAR_FOLDER: variable 'folder' is not UTF-8 text",
        "Error: --var: variable 'text' is not UTF-8 text",
        "2 errors.",
    ]


def test_a_file_of_variables_keeps_its_name_in_what_is_told(mason: Mason, project: Path):
    (project / "parameters.yml").write_text("")
    assert mason("plan", "--var-file", "parameters.yml").err == (
        "Error: parameters.yml: the variable file is empty (write name: value lines, or leave it out)\n"
    )


def test_parameters_of_the_command_line_take_variables(mason: Mason, project: Path):
    (project / "flow.yaml").write_text(
        "type: workflow\nnamespace: note\ncommand: flow\ndag:\n- {id: one, namespace: note, command: write}\n"
    )
    assert mason("apply", "-y", "--var", "folder=a").code == 0
    (project / "given.yml").write_text("path: '{{vars.folder}}.md'\ntext: x\n")
    told = mason("run", "note:write", "-f", "given.yml", "-y", "--var", "folder=b")
    assert (told.code, (project / "b.md").read_text()) == (0, "x")
    told = mason("validate", "operator", "note", "write", "-f", "given.yml", "-p", "text:{{vars.nothing}} {{DB}}")
    assert told.err.splitlines() == [
        "Error: Parameter text: there is no variable 'nothing' (declared are: folder, text)",
        "Error: given.yml:1: Parameter path: variable 'folder' has no value "
        "(give it one: --var folder=VALUE, MASON_VAR_folder, or a default at mason.yaml:3)",
        "2 errors.",
    ]
    told = mason("validate", "workflow", "note", "flow", "-p", "one.path:{{vars.folder}},one.text:{{vars.nothing}}")
    assert told.err.splitlines() == [
        "Error: Parameter one.path: variable 'folder' has no value "
        "(give it one: --var folder=VALUE, MASON_VAR_folder, or a default at mason.yaml:3)",
        "Error: Parameter one.text: there is no variable 'nothing' (declared are: folder, text)",
        "2 errors.",
    ]
    steps = ("-p", "one.path:w,one.text:{{vars.text}} {{vars.folder}}")
    assert mason("run", "workflow", "note", "flow", *steps, "-y", "--var", "folder=b").code == 0
    assert (project / "w").read_text() == "hello b"
    told = mason("validate", "operator", "note", "write", "-p", "path:x,text:{{DB}}")
    assert told.err == (
        "Error: Parameter text: '{{DB}}' is a reference that nothing fills in "
        "(for a variable of mason.yaml write {{vars.DB}}, else the value itself)\n"
    )


def test_a_reference_that_nothing_fills_in_is_refused_in_a_run(mason: Mason, project: Path):
    (project / "run.yaml").write_text(RUN.replace("{{vars.folder}}", "{{DB}}"))
    told = mason("plan")
    assert (told.code, told.err) == (
        1,
        "Error: run.yaml:5: Run note: Parameter path: '{{DB}}' is a reference that nothing fills in "
        "(for a variable of mason.yaml write {{vars.DB}}, else the value itself)\n",
    )
