"""``mason validate``: a whole project, by its files alone."""

from __future__ import annotations

from pathlib import Path

import yaml

from tests.cli.notes import ALL_LOCAL, WRITE
from tests.conftest import Mason

FLOW = "type: workflow\nnamespace: note\ncommand: flow\ndag:\n  - {id: one, namespace: note, command: WRITES}\n"
RUN = "type: run\nname: note\noperator: note:write\nconfig_id: '1'\nparameters: {path: a.txt}\n"


def write(folder: Path, **files: str) -> None:
    (folder / "mason.yaml").write_text("name: notes\nstate: s3://bucket/never-asked?endpoint_url=http://127.0.0.1:9\n")
    for name, text in {"config": ALL_LOCAL, "operators": WRITE, **files}.items():
        (folder / f"{name}.yaml").write_text(text)


def test_a_project_is_valid_without_its_state(mason: Mason, folder: Path) -> None:
    write(folder, flow=FLOW.replace("WRITES", "write"))
    told = mason("validate")
    assert (told.code, told.out, told.err) == (0, "Valid: 3 resources in 3 files.\n", "")
    assert mason("validate", "--json").json == {
        "format_version": "1.0",
        "files": 3,
        "resources": 3,
        "warnings": [],
        "broken": [],
    }


def test_all_faults_at_once(mason: Mason, folder: Path) -> None:
    write(folder, flow=FLOW.replace("WRITES", "wrte"), more="type: operator\nnamespace: a\ncommand: b\nnonsense: 1\n")
    told = mason("validate")
    assert told.code == 1
    lines = told.err.splitlines()
    assert lines[0].startswith("Error: flow.yaml:5: step one uses operator.note.wrte, which no file here defines")
    assert "did you mean 'operator.note.write'?" in lines[0]
    assert any(line.startswith("Error: more.yaml:4: unknown key 'nonsense'") for line in lines)


def test_runs_are_made_ready(mason: Mason, folder: Path) -> None:
    write(folder, run=RUN)
    told = mason("validate")
    assert told.code == 1
    assert told.err.startswith("Error: run.yaml:5: Run note: Required parameter not specified: text")
    write(folder, run=RUN.replace("a.txt", "a.txt, text: x"))
    assert mason("validate").code == 0
    assert not (folder / "a.txt").exists()


def test_what_other_projects_apply_may_be_undefined_here(mason: Mason, folder: Path) -> None:
    write(folder, flow=FLOW.replace("WRITES", "theirs"), run=RUN.replace("note:write", "their:own"))
    assert mason("validate").code == 1
    told = mason("validate", "--allow-undefined")
    assert (told.code, told.out.splitlines()[-1]) == (0, "Valid: 4 resources in 4 files.")
    assert "Warning: flow.yaml:5: step one uses operator.note.theirs, which no file here defines" in told.out
    assert "Warning: run.yaml:3: run.note uses operator.their.own, which no file here defines" in told.out
    assert mason("validate", "--allow-undefined", "operator", "note", "write").code == 1


def test_what_no_config_can_run_is_told(mason: Mason, folder: Path) -> None:
    write(folder, config="type: config\nid: '1'\nmetastore_engine: local\n")
    told = mason("validate")
    assert told.code == 0
    assert told.out.startswith("Warning: No applied config can run operator.note.write")


def test_the_hook_for_commits_calls_it() -> None:
    hooks = yaml.safe_load(Path(__file__).parents[2].joinpath(".pre-commit-hooks.yaml").read_text())
    assert [(each["entry"], each["pass_filenames"]) for each in hooks] == [
        ("mason validate", False),
        ("mason fmt", False),
    ]
