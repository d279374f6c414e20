"""The fence as a person meets it: outputs stay out of Mason's own things, and the dry run says so already."""

from __future__ import annotations

import pytest

from tests.cli.notes import ALL_LOCAL, WRITE


@pytest.fixture
def applied(mason, project):
    (project / "write.yaml").write_text(WRITE)
    (project / "query.yaml").write_text(QUERY)
    (project / "config.yaml").write_text(ALL_LOCAL)
    assert mason("apply", "-y").code == 0
    return project


QUERY = """\
type: operator
namespace: table
command: query
parameters:
  required: [sql]
  optional: [output, format]
do:
  - execution.query: {sql: "{{sql}}", output: "{{output}}", format: "{{format}}", overwrite: true}
"""


def files(folder):
    return {file: file.read_bytes() for file in folder.rglob("*") if file.is_file() and "runs" not in file.parts}


@pytest.mark.parametrize(
    ("path", "format", "told"),
    [
        ("state/state.json", "json", "Mason keeps its own things in "),
        (
            "state/backups/state.1.json",
            "json",
            "Mason keeps its own things in ",
        ),
        ("warehouse/x.json", "json", "Mason keeps its own things in "),
        ("warehouse/warehouse.duckdb", "csv", "it may be a warehouse, which only its database changes."),
        ("mason.yaml", "csv", "YAML is where people write resources and settings."),
        (".env", "csv", ".env is a hidden name, and hidden files are no data."),
        (".mason/state/state.json", "json", ".mason is a hidden name, and hidden files are no data."),
        ("operators/__init__.py", "csv", "Python files are code that Mason may run."),
    ],
)
def test_an_output_does_not_replace_masons_own_things(mason, applied, path, format, told):
    before = files(applied)
    written = mason("run", "operator", "table", "query", "-p", f"sql:SELECT 1,output:{path},format:{format}", "-y")
    noted = mason("run", "operator", "note", "write", "-p", f"path:{path},text:x", "-y")
    for refused in (written, noted):
        assert refused.code == 1
        assert told in refused.err, refused.err
    assert files(applied) == before
    assert mason("get", "operator").code == 0


def test_the_dry_run_refuses_it_already(mason, applied):
    refused = mason("validate", "operator", "note", "write", "-p", "path:mason.yaml,text:x")
    assert refused.code == 1
    assert "No verb writes or deletes mason.yaml: YAML is where people write resources and settings." in refused.err


def test_the_first_apply_makes_a_backup(mason, applied):
    (applied / "state" / "state.json").write_text("[]")
    refused = mason("get", "operator")
    backup = applied / "state" / "backups" / "state.1.json"
    assert refused.err.endswith(f"Restore the newest backup: cp {backup} {applied / 'state' / 'state.json'}\n")
    backup.replace(applied / "state" / "state.json")
    assert mason("plan").out == "No changes.\n"


def test_a_state_that_went_back_is_told_once(mason, applied):
    state = applied / "state" / "state.json"
    first = state.read_bytes()
    assert mason("plan").err == ""
    (applied / "write.yaml").write_text(WRITE.replace("type: operator", "type: operator\ndescription: another"))
    assert mason("apply", "-y", "-o").code == 0
    assert mason("plan").err == ""
    state.write_bytes(first)
    told = (
        f"The state file://{applied}/state went back from serial 2 to 1 since this machine met it last: somebody "
        "restored an older one. What was replaced meanwhile is what runs now. See: mason state history\n"
    )
    assert mason("plan").err == told
    assert mason("plan").err == ""


def test_what_is_kept_for_a_person_is_for_them_alone(mason, applied, tmp_path, monkeypatch):
    monkeypatch.setenv("MASON_HOME", str(tmp_path / "new" / "home"))
    mason("config", "1", "-s")
    mason("plan")
    assert mason("run", "operator", "note", "write", "-p", "path:a.txt,text:x", "-y").code == 0
    found = list((tmp_path / "new").rglob("*"))
    assert {file.name for file in found} >= {"home", "current_configs.json", "cache", "journals"}
    assert {oct(each.stat().st_mode & 0o777) for each in found if each.is_dir()} == {"0o700"}
    assert {oct(each.stat().st_mode & 0o777) for each in found if each.is_file()} == {"0o600"}
