"""``mason show``: a saved plan as it was printed, as JSON and as markdown; and what is no plan."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest


@pytest.fixture
def saved(mason, project):
    """What ``mason plan`` printed of a plan with everything in it, which was saved as ``release.plan``."""
    mason("apply", "-y")
    (project / "get.yaml").write_text((project / "get.yaml").read_text().replace("Get a table", "Show `a` <b>@all</b>"))
    (project / "run.yaml").write_text(
        "type: run\nname: once\noperator: table:get\nconfig_id: 1\n"
        "parameters: {database_name: data, table_name: airlines}\n"
    )
    (project / "notes.yaml").write_text("a: 1\n")
    return mason("plan", "--out", "release.plan")


def test_a_saved_plan_is_shown_as_it_was_printed(mason, project, saved):
    for file in project.glob("*.yaml"):
        file.unlink()
    shown = mason("show", "release.plan")
    assert (shown.code, shown.out) == (0, saved.out)
    assert shown.out.endswith("Plan: 0 to create, 1 to overwrite, 0 to delete, 1 to run.\n")
    document = json.loads((project / "release.plan").read_text())
    assert shown.err == (
        f"Saved by {document['created_by']} at {document['created_at']} with Mason {document['mason_version']}, "
        f"against serial 1 of file://{project}/state\n"
    )


def test_a_saved_plan_as_json_says_where_it_is_from(mason, project, saved):
    document = json.loads((project / "release.plan").read_text())
    expected = mason("plan", "--json").json
    shown = mason("show", "release.plan", "--json")
    assert shown.err == ""
    assert list(shown.json)[:4] == ["format_version", "mason_version", "created_at", "created_by"]
    assert shown.json == expected | {name: document[name] for name in ("created_at", "created_by")}
    assert shown.json["state"]["serial"] == 1


def test_a_plan_that_was_saved_with_another_version_says_which(mason, project, saved):
    from tests.cli.test_planfiles import sign

    document = json.loads((project / "release.plan").read_text()) | {"mason_version": "2.7.1"}
    (project / "release.plan").write_text(json.dumps(document | {"digest": sign(document)}))
    assert mason("show", "release.plan", "--json").json["mason_version"] == "2.7.1"
    assert " with Mason 2.7.1, against serial 1 of " in mason("show", "release.plan").err


def test_a_saved_plan_as_markdown(mason, project, saved):
    document = json.loads((project / "release.plan").read_text())
    shown = mason("show", "release.plan", "--markdown")
    assert (shown.code, shown.err) == (0, "")
    assert (
        shown.out
        == f"""\
## Plan: 0 to create, 1 to overwrite, 0 to delete, 1 to run.

| delete | overwrite | run | create | unchanged |
| ---: | ---: | ---: | ---: | ---: |
| 0 | 1 | 1 | 0 | 1 |

Saved by `{document["created_by"]}` at `{document["created_at"]}` with Mason `{document["mason_version"]}` \
for project `flights`, against serial 1 of `file://{project}/state`

- `(1 document without a type passed over)`

### To overwrite: 1


<details><summary><code>operator.table.get</code> <code>get.yaml:1</code> (its definition changed)</summary>

```diff
- description: "Get a table"
+ description: "Show `a` <b>@all</b>"
  # (7 unchanged fields hidden)
```

</details>


### To run: 1


<details><summary><code>run.once</code> <code>run.yaml:1</code> (it was never done)</summary>

```text
step_1: Operator table:get with config 1
  1. for local as metastore do get_table(database='data', table='airlines')  [read-only]
```

</details>
"""
    )


def test_plan_as_markdown_is_the_same_without_its_maker(mason, project, saved):
    def without_maker(text):
        return re.sub(r"(Planned|Saved by .*) with Mason", "", text)

    shown = mason("plan", "--markdown")
    assert "\nPlanned with Mason `" in shown.out
    assert without_maker(shown.out) == without_maker(mason("show", "release.plan", "--markdown").out)
    both = mason("plan", "--markdown", "--out", "again.plan")
    assert (both.out, both.err) == (shown.out, "Saved the plan. Apply exactly this with: mason apply again.plan\n")


def test_nothing_to_do_as_markdown(mason, project):
    mason("apply", "-y")
    assert mason("plan", "--markdown").out.splitlines()[0] == "## No changes."


@pytest.mark.parametrize("command", [("plan",), ("show", "release.plan")])
def test_json_and_markdown_exclude_each_other(mason, project, saved, command):
    result = mason(*command, "--markdown", "--json")
    assert result.code == 1
    assert result.err.endswith("Error: Choose one of --json and --markdown.\n")
    assert result.json["errors"][0]["message"] == "Choose one of --json and --markdown."


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("get.yaml", "get.yaml is YAML, not a saved plan. See what it would change: mason plan get.yaml"),
        ("empty.yaml", "empty.yaml is YAML, not a saved plan. See what it would change: mason plan empty.yaml"),
        ("data", "data is a folder, not a saved plan. See what its files would change: mason plan data"),
        ("none.plan", "There is no file none.plan. Save a plan with: mason plan --out none.plan"),
        ("my a.plan", "There is no file my a.plan. Save a plan with: mason plan --out 'my a.plan'"),
        ("empty.plan", "empty.plan is empty: no plan was saved in it. Save one with: mason plan --out empty.plan"),
        ("data/airlines.csv", "data/airlines.csv is not a plan file (make one with: mason plan --out airlines.csv)."),
        ("mason.yaml/a.plan", "The plan file mason.yaml/a.plan could not be read (Not a directory)."),
    ],
)
def test_what_is_no_saved_plan_is_told_with_what_was_probably_meant(mason, project, file, message):
    for empty in ("empty.plan", "empty.yaml"):
        (project / empty).touch()
    shown = mason("show", file)
    assert (shown.code, shown.out, shown.err) == (1, "", f"Error: {message}\n")
    assert mason("show", file, "--json").json["errors"][0]["message"] == message


@pytest.mark.parametrize("command", ["show", "apply"])
def test_a_pipe_is_not_waited_for(project, command):
    """In a process of its own, which would wait for a writer for ever."""
    os.mkfifo(project / "pipe")
    done = subprocess.run(
        [sys.executable, "-m", "mason", command, "pipe"], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "Error: pipe is no regular file, and a plan is kept in one.\n"


@pytest.mark.parametrize("command", ["show", "apply"])
def test_a_huge_file_that_is_no_plan_is_not_read(project, command):
    """With less memory than the file is long."""
    with (project / "huge.plan").open("wb") as opened:
        opened.truncate(2_000_000_000)
    code = f"import resource, sys; resource.setrlimit(resource.RLIMIT_AS, (1 << 30,) * 2); import mason.cli; \
        sys.exit(mason.cli.call(['{command}', 'huge.plan']))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "Error: huge.plan is not a plan file (make one with: mason plan --out huge.plan).\n"


@pytest.mark.parametrize("command", ["show", "apply"])
def test_a_plan_file_that_may_not_be_read_is_named(mason, project, saved, command):
    (project / "release.plan").chmod(0)
    dropped = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    done = subprocess.run(
        [*dropped, sys.executable, "-m", "mason", command, "release.plan"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (
        1,
        "",
        "Error: The plan file release.plan could not be read (Permission denied).\n",
    )


def test_secrets_are_in_no_plan_and_no_view_of_it(mason, project, monkeypatch):
    """A canary behind a config's secret field, which somebody also wrote down where it was changed since."""
    get = (project / "get.yaml").read_text()
    (project / "two.yaml").write_text(
        "type: config\nid: 2\nmetastore_engine: memory\nstorage_engine: memory\n"
        "clients: {memory: {configuration: {token: '{{CANARY}}'}}}\n"
    )
    (project / "get.yaml").write_text(get.replace("Get a table", "canary-4711 | line\\nwith canary-4711"))
    mason("apply", "-y")
    (project / "get.yaml").write_text(get)
    (project / "two.yaml").write_text((project / "two.yaml").read_text() + "execution_engine: memory\n")
    monkeypatch.setenv("CANARY", "canary-4711")
    printed = ""
    for arguments in (
        ("plan", "--out", "release.plan"),
        ("plan", "--json"),
        ("plan", "--markdown"),
        ("show", "release.plan"),
        ("show", "release.plan", "--json"),
        ("show", "release.plan", "--markdown"),
    ):
        result = mason(*arguments)
        assert result.code == 0
        printed += result.out + result.err
    assert "REDACTED" in printed
    assert "canary" not in printed
    content = (project / "release.plan").read_text()
    assert "canary" not in content
    assert "{{CANARY}}" in content
    assert mason("apply", "release.plan").code == 0
