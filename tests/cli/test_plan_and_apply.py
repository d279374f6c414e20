"""From files to the state and back: plan, apply, saved plans, destroy, and every way to say no."""

from __future__ import annotations

import io
import json

import pytest

from mason import cli


def state_of(project) -> dict:
    return json.loads((project / "state" / "state.json").read_text())


def test_a_first_plan_shows_what_would_be_created(mason, project):
    result = mason("plan")
    assert result.out == (
        "  + config.1  config.yaml:1\n"
        "  + operator.table.get  get.yaml:1\n"
        "\n"
        "Legend: + create\n"
        "\n"
        "Plan: 2 to create, 0 to overwrite, 0 to delete, 0 to run.\n"
    )
    assert (result.code, result.err) == (0, "")
    assert not (project / "state").exists()


def test_apply_asks_and_does(mason, project):
    result = mason("apply", answer="yes\n")
    assert result.code == 0
    assert result.err == "\nApply these changes? Only yes is accepted: \n"
    assert result.out.splitlines()[-5:] == [
        "",
        "Successfully saved Config 1",
        "Successfully saved Operator table:get",
        "",
        "Apply complete: 2 created, 0 overwritten, 0 deleted, 0 run.",
    ]
    assert sorted(state_of(project)["resources"]) == ["config.1", "operator.table.get"]
    assert mason("plan").out == "No changes.\n"
    assert mason("apply").out == "No changes.\n"


@pytest.mark.parametrize("answer", ["no\n", "y\n", "YES\n", "\n"])
def test_anything_but_yes_is_no(mason, project, answer):
    result = mason("apply", answer=answer)
    assert result.code == 1
    assert result.err.splitlines()[-1].endswith("Error: Not confirmed, so nothing was done.")
    assert not (project / "state").exists()


def test_no_answer_is_no(mason, project):
    result = mason("apply")
    assert result.code == 1
    assert result.err.splitlines()[-1] == "Error: Nobody answered, so nothing was done. Without a prompt, pass -y."
    assert not (project / "state").exists()


def test_an_overwrite_shows_its_fields_and_is_guarded_without_a_prompt(mason, project):
    mason("apply", "-y")
    text = (project / "get.yaml").read_text()
    (project / "get.yaml").write_text(text.replace("Get a table", "Show a table"))
    assert mason("plan").out == (
        "  ~ operator.table.get  get.yaml:1  (its definition changed)\n"
        '      ~ description: "Get a table" -> "Show a table"\n'
        "      # (7 unchanged fields hidden)\n"
        "\n"
        "Legend: ~ overwrite\n"
        "\n"
        "Plan: 0 to create, 1 to overwrite, 0 to delete, 0 to run.\n"
    )
    refused = mason("apply", "-y")
    assert refused.code == 1
    assert refused.err == "Error: Definition already exists for Operator table:get (pass -o to overwrite)\n"
    assert state_of(project)["serial"] == 1
    done = mason("apply", "-y", "-o")
    assert done.out.splitlines()[-3:] == [
        "Overwrote definition for Operator table:get",
        "",
        "Apply complete: 0 created, 1 overwritten, 0 deleted, 0 run.",
    ]
    assert state_of(project)["serial"] == 2


def test_yes_at_the_prompt_approves_overwrites(mason, project):
    mason("apply", "-y")
    (project / "config.yaml").write_text((project / "config.yaml").read_text() + "scheduler_engine: memory\n")
    result = mason("apply", answer="yes\n")
    assert result.code == 0
    assert "Overwrote definition for Config 1" in result.out


def test_prune_deletes_what_the_files_no_longer_define(mason, project):
    mason("apply", "-y")
    (project / "get.yaml").unlink()
    assert mason("plan").out == "1 resource is no longer defined (--prune deletes it)\nNo changes.\n"
    assert mason("plan", "--prune").out == (
        "  - operator.table.get  (get.yaml no longer defines it)\n"
        "\n"
        "Legend: - delete\n"
        "\n"
        "Plan: 0 to create, 0 to overwrite, 1 to delete, 0 to run.\n"
    )
    assert mason("apply", "--prune", "-y").out.splitlines()[-3:] == [
        "Deleted Operator table:get",
        "",
        "Apply complete: 0 created, 0 overwritten, 1 deleted, 0 run.",
    ]


def test_prune_needs_a_project_name(mason, project):
    (project / "mason.yaml").unlink()
    assert mason("plan", "--prune").err == (
        "Error: --prune needs a project, or it could not tell whose resources to delete. "
        "Put a mason.yaml with a name into the project's folder.\n"
    )


def test_an_empty_folder_says_so_and_deletes_nothing(mason, project):
    mason("apply", "-y")
    (project / "empty").mkdir()
    result = mason("plan", "empty", "--prune")
    assert result.out == (
        "There are no resources here (0 YAML files seen). Nothing is planned, and nothing for deletion.\nNo changes.\n"
    )
    assert result.code == 0


def test_documents_without_a_type_are_counted(mason, project):
    (project / "compose.yaml").write_text("services: {}\n")
    assert "(1 document without a type passed over)" in mason("plan").out


def test_target_narrows_the_plan(mason, project):
    assert "config.1" not in mason("plan", "--target", "operator.table.get").out
    refused = mason("plan", "--target", "operator.table.gte")
    assert refused.err == (
        "Error: There is no operator.table.gte in the files or in the state (did you mean 'operator.table.get'?).\n"
    )


def test_detailed_exitcode_tells_changes_from_none_and_from_errors(mason, project):
    assert mason("plan", "--detailed-exitcode").code == 2
    mason("apply", "-y")
    assert mason("plan", "--detailed-exitcode").code == 0
    (project / "get.yaml").write_text("type: operatr\n")
    assert mason("plan", "--detailed-exitcode").code == 1
    assert mason("plan", "--detailed-exitcode", "--no-such-option").code == 1


def test_the_plan_as_json(mason, project):
    document = mason("plan", "--json").json
    assert document["format_version"] == "1.0"
    assert document["summary"] == {"create": 2, "overwrite": 0, "delete": 0, "run": 0, "no-op": 0}
    assert document["actions"][1] == {
        "action": "create",
        "address": "operator.table.get",
        "reason": "not in the state",
        "file": "get.yaml",
        "line": 1,
        "changes": [],
        "unchanged_fields": 0,
        "definition": {
            "command": "get",
            "description": "Get a table",
            "do": [{"metastore.get_table": {"database": "{{database_name}}", "table": "{{table_name}}"}}],
            "namespace": "table",
            "parameters": {"required": [{"name": "database_name"}, {"name": "table_name"}]},
            "type": "operator",
        },
        "calls": [],
        "steps": [],
        "conditional": False,
        "moved_from": "",
        "notes": [],
        "estimates": [],
    }


def test_errors_as_json_leave_stdout_one_document(mason, project):
    (project / "get.yaml").write_text("type: operatr\n")
    document = mason("plan", "--json").json
    assert document["error"] == "ResourceError"
    assert document["errors"][0]["file"] == "get.yaml"
    assert document["errors"][0]["line"] == 1


def test_apply_as_json(mason, project):
    document = mason("apply", "-y", "--json").json
    assert document["summary"] == {"created": 2, "overwritten": 0, "deleted": 0, "run": 0}
    assert document["applied"][0] == {"action": "create", "address": "config.1"}


def test_a_saved_plan_is_applied_without_a_question(mason, project):
    saved = mason("plan", "--out", "release.plan")
    assert saved.err == "Saved the plan. Apply exactly this with: mason apply release.plan\n"
    (project / "get.yaml").unlink()
    result = mason("apply", "release.plan")
    assert (result.code, result.err) == (0, "")
    assert result.out.endswith("Apply complete: 2 created, 0 overwritten, 0 deleted, 0 run.\n")
    assert "operator.table.get" in state_of(project)["resources"]


def test_a_saved_plan_is_refused_once_it_was_applied(mason, project):
    mason("plan", "--out", "release.plan")
    mason("apply", "-y")
    before = state_of(project)
    result = mason("apply", "release.plan")
    assert result.code == 1
    config = before["resources"]["config.1"]
    assert result.err == (
        f"Error: This plan was applied already by {config['applied_by']} at {config['applied_at']}: "
        "all that it would do is done. Nothing was applied again.\n"
    )
    assert state_of(project) == before


def test_a_saved_plan_is_refused_for_another_state(mason, project):
    mason("apply", "-y")
    (project / "get.yaml").unlink()
    mason("plan", "--prune", "--out", "release.plan")
    mason("--state", "other", "apply", "-y")
    result = mason("--state", "other", "apply", "release.plan")
    assert result.err == (
        f"Error: This plan was made against the state file://{project}/state, not file://{project}/other. "
        "Nothing was applied. Choose that state (--state, --workspace), or plan again.\n"
    )


def test_an_edited_plan_is_refused(mason, project):
    mason("plan", "--out", "release.plan")
    file = project / "release.plan"
    file.write_text(file.read_text().replace("Get a table", "Got a table"))
    assert mason("apply", "release.plan").err == (
        "Error: release.plan was changed after it was made, so it is not what was reviewed. Plan again.\n"
    )
    file.write_text("{}")
    assert mason("apply", "release.plan").err == (
        "Error: release.plan is not a plan file (make one with: mason plan --out release.plan).\n"
    )
    assert not (project / "state").exists()


def test_a_saved_plan_for_an_empty_state_is_refused_by_another_empty_one(mason, project):
    mason("plan", "--out", "release.plan")
    result = mason("--state", "other", "apply", "release.plan")
    assert result.err == (
        f"Error: This plan was made against the state file://{project}/state, not file://{project}/other. "
        "Nothing was applied. Choose that state (--state, --workspace), or plan again.\n"
    )


def test_a_saved_plan_is_refused_when_the_same_serial_holds_something_else(mason, project):
    mason("apply", "-y")
    backup = (project / "state" / "state.json").read_bytes()
    (project / "get.yaml").write_text((project / "get.yaml").read_text().replace("Get a table", "Show a table"))
    mason("apply", "-y", "-o")
    (project / "get.yaml").write_text((project / "get.yaml").read_text().replace("Show a table", "Print a table"))
    mason("plan", "--out", "release.plan")
    (project / "state" / "state.json").write_bytes(backup)
    mason("destroy", "operator.table.get", "-y")
    assert state_of(project)["serial"] == 2
    assert mason("apply", "release.plan").err == (
        "Error: The state holds another operator.table.get than the one that this plan was made against. "
        "Nothing was applied. Plan again to see what would change now.\n"
    )


def test_a_saved_plan_carries_the_python_files(mason, project):
    (project / "go.yaml").write_text("type: operator\nnamespace: a\ncommand: b\n")
    (project / "__init__.py").write_text(
        "import mason\nclass AB(mason.Operator):\n    def run(self, ctx):\n        return 1\n"
    )
    mason("plan", "--out", "release.plan")
    (project / "__init__.py").unlink()
    assert mason("apply", "release.plan").code == 0
    assert mason("run", "operator", "a", "b", "-y").json == {"Data": [1]}


def test_changed_python_files_are_shown_line_by_line(mason, project):
    (project / "go.yaml").write_text("type: operator\nnamespace: a\ncommand: b\n")
    source = "import mason\nclass AB(mason.Operator):\n    def run(self, ctx):\n        return 1\n"
    (project / "__init__.py").write_text(source)
    mason("apply", "-y")
    (project / "__init__.py").write_text(source.replace("return 1", "return 2"))
    assert mason("plan").out.startswith(
        "  ~ operator.a.b  go.yaml:1  (its Python files changed)\n"
        "      ~ __init__.py:\n"
        "                def run(self, ctx):\n"
        "          -         return 1\n"
        "          +         return 2\n"
    )


def test_a_source_that_is_gone_is_stored_anew_by_a_strict_apply(mason, project):
    (project / "go.yaml").write_text("type: operator\nnamespace: a\ncommand: b\n")
    (project / "__init__.py").write_text(
        "import mason\nclass AB(mason.Operator):\n    def run(self, ctx):\n        return 1\n"
    )
    mason("apply", "-y")
    next((project / "state" / "sources" / "sha256").iterdir()).unlink()
    assert "mason apply --strict" in mason("run", "operator", "a", "b", "-y").err
    assert "its stored source is missing or damaged" in mason("plan", "--strict").out
    assert mason("apply", "--strict", answer="yes\n").code == 0
    assert mason("run", "operator", "a", "b", "-y").json == {"Data": [1]}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "release.yaml",
            "release.yaml: a plan is no YAML and would be taken for a resource. Give it another ending: .plan",
        ),
        ("notes.txt", "notes.txt exists and is no plan file, so it is not overwritten. Choose another name."),
    ],
)
def test_a_plan_overwrites_nothing_but_plans(mason, project, name, message):
    (project / "notes.txt").write_text("mine")
    assert mason("plan", "--out", name).err == f"Error: {message}\n"
    assert (project / "notes.txt").read_text() == "mine"
    assert not (project / "release.yaml").exists()
    assert mason("plan", "--out", "twice.plan").code == mason("plan", "--out", "twice.plan").code == 0


def test_a_path_that_is_no_path_is_named(mason, project):
    result = mason("apply", "x" * 300)
    assert result.code == 1
    assert result.err.startswith(f"Error: {'x' * 300}: cannot be read: ")


def test_somebody_elses_turn_in_between_does_not_matter_when_the_actions_stay_the_same(mason, project, monkeypatch):
    """Between the plan and the lock somebody else applies something that has nothing to do with it."""
    (project / "mine").mkdir()
    (project / "get.yaml").rename(project / "mine" / "get.yaml")

    class Answer:
        def readline(self):
            monkeypatch.setattr("sys.stdin", io.StringIO(""))
            assert cli.call(["apply", "config.yaml", "-y"]) == 0
            return "yes\n"

        def isatty(self):
            return False

    result = mason("apply", "mine", answer=Answer())
    assert result.code == 0, result.err
    assert sorted(state_of(project)["resources"]) == ["config.1", "operator.table.get"]


def test_somebody_elses_turn_that_changes_the_plan_is_not_overwritten(mason, project, monkeypatch):
    class Answer:
        def readline(self):
            monkeypatch.setattr("sys.stdin", io.StringIO(""))
            assert cli.call(["apply", "config.yaml", "-y"]) == 0
            return "yes\n"

        def isatty(self):
            return False

    result = mason("apply", answer=Answer())
    assert result.code == 1
    assert "The state moved from serial 0 to 1 since this plan was made." in result.err
    assert sorted(state_of(project)["resources"]) == ["config.1"]


def test_prune_knows_what_moved_to_another_folder(mason, project):
    (project / "a").mkdir()
    (project / "b").mkdir()
    (project / "get.yaml").rename(project / "a" / "get.yaml")
    mason("apply", "-y")
    (project / "a" / "get.yaml").rename(project / "b" / "get.yaml")
    assert mason("plan", "--prune", "a").out.splitlines()[-1] == "No changes."
    (project / "b" / "get.yaml").unlink()
    assert "  - operator.table.get" in mason("plan", "--prune", "a").out


def test_destroy_deletes_what_the_state_holds(mason, project):
    mason("apply", "-y")
    assert mason("destroy", "operator.table.get", "-y").out.splitlines()[-1] == (
        "Apply complete: 0 created, 0 overwritten, 1 deleted, 0 run."
    )
    result = mason("destroy", answer="yes\n")
    assert "Delete these definitions?" in result.err
    assert state_of(project)["resources"] == {}
    assert mason("destroy").out == "No changes.\n"
    assert (project / "get.yaml").exists()


def test_a_missing_path_is_named(mason, project):
    result = mason("plan", "operatrs")
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith("Error: operatrs: ")


def test_all_faults_are_told_at_once_and_nothing_is_applied(mason, project):
    (project / "a.yaml").write_text("type: operator\nnamespace: a\ncomand: b\n")
    (project / "b.yaml").write_text("type: config\nid: [1]\n")
    result = mason("apply", "-y")
    assert result.code == 1
    assert "a.yaml:3: unknown key 'comand'" in result.err
    assert "b.yaml:2: " in result.err
    assert result.err.splitlines()[-1].endswith(" errors.")
    assert not (project / "state").exists()


def test_planning_never_imports_python(mason, project):
    (project / "operators").mkdir()
    (project / "operators" / "operator.yaml").write_text("type: operator\nnamespace: bad\ncommand: news\n")
    (project / "operators" / "__init__.py").write_text(
        "import mason\n"
        "open('imported', 'w').close()\n"
        "class BadNews(mason.Operator):\n"
        "    def run(self, ctx):\n"
        "        return None\n"
    )
    assert mason("apply", "-y").code == 0
    assert mason("plan").out == "No changes.\n"
    assert mason("validate", "operator", "bad", "news").code == 0
    assert not (project / "imported").exists()
    assert mason("run", "operator", "bad", "news", "-y").code == 0
    assert (project / "imported").exists()


def edit_state(project, old, new):
    file = project / "state" / "state.json"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))


def test_what_was_edited_in_the_state_is_put_back(mason, project):
    mason("apply", "-y")
    edit_state(project, "Get a table", "Get no table")
    shown = (
        "  ~ operator.table.get  get.yaml:1  (it was edited in the state)\n"
        '      ~ description: "Get no table" -> "Get a table"\n'
        "      # (7 unchanged fields hidden)\n"
        "\n"
        "Legend: ~ overwrite\n"
        "\n"
        "Plan: 0 to create, 1 to overwrite, 0 to delete, 0 to run.\n"
    )
    assert mason("plan").out == shown
    # Somebody's apply of something else writes the state anew, and does not make the edit right.
    (project / "config.yaml").write_text((project / "config.yaml").read_text() + "clients: {local: }\n")
    (project / "list.yaml").write_text(
        "type: operator\nnamespace: database\ncommand: list\ndo: [{metastore.list_databases: {}}]\n"
    )
    assert mason("apply", "-y", "list.yaml").code == 0
    assert mason("plan").out == shown
    assert mason("apply", "-y", "-o").code == 0
    assert mason("plan").out == "No changes.\n"
    assert state_of(project)["resources"]["operator.table.get"]["definition"]["description"] == "Get a table"


@pytest.mark.parametrize("old", ['"type":"operator"', '"digest":"sha256:'])
def test_an_edit_that_changes_no_field_of_the_files_is_put_back_too(mason, project, old):
    mason("apply", "-y")
    edit_state(project, old, old.replace("r", "s").replace("6", "5"))
    assert "(it was edited in the state)" in mason("plan").out
    assert mason("apply", "-y", "-o").code == 0
    assert mason("plan").out == "No changes.\n"


def test_what_was_edited_in_the_state_and_is_in_no_file_is_told(mason, project):
    mason("apply", "-y")
    edit_state(project, "Get a table", "Get no table")
    (project / "get.yaml").unlink()
    warning = (
        "Warning: operator.table.get was edited in the state and is not among these files, so it stays as it is. "
        "Plan the files that define it, or delete it: mason destroy operator.table.get\n"
    )
    counted = "1 resource is no longer defined (--prune deletes it)\n"
    assert mason("plan").out == f"{warning}{counted}No changes.\n"
    assert mason("plan", "--target", "config.1").out == "No changes.\n"
    assert mason("destroy", "operator.table.get", "-y").code == 0
    assert mason("plan").out == "No changes.\n"


def test_a_workflow_that_was_edited_into_none_can_be_planned_and_destroyed(mason, project):
    (project / "flow.yaml").write_text(
        "type: workflow\nnamespace: a\ncommand: b\ndag: [{id: s, namespace: table, command: get}]\n"
    )
    mason("apply", "-y")
    edit_state(project, '"dag":[', '"dag":[7,')
    assert "~ workflow.a.b  flow.yaml:1  (it was edited in the state)\n" in mason("plan").out
    assert mason("plan", "--prune").code == 0
    assert mason("destroy", "-y").code == 0


def test_a_call_of_no_verb_is_told_where_it_stands(mason, project):
    folder = project / "operators" / "go"
    folder.mkdir(parents=True)
    (folder / "operator.yaml").write_text("type: operator\nnamespace: py\ncommand: go\n")
    (folder / "more.py").write_text("\n\ndef more(ctx):\n    return ctx.metastore.get_tabel('a', 'b')\n")
    (folder / "__init__.py").write_text(
        "import mason\n\n\nclass PyGo(mason.Operator):\n    def run(self, ctx):\n        return ctx.storage.raed('a')\n"
    )
    assert mason("plan").err.splitlines() == [
        "Error: operators/go/__init__.py:6: the class calls storage.raed, which is no verb (did you mean 'read'?)",
        "Error: operators/go/more.py:4: the class calls metastore.get_tabel, which is no verb "
        "(did you mean 'get_table'?)",
        "2 errors.",
    ]


def test_ctrl_c_when_nobody_can_say_what_the_state_holds(mason, project):
    class Person:
        def isatty(self):
            return True

        def readline(self):
            (project / "state").mkdir()
            (project / "state" / "state.json").write_text("{")
            raise KeyboardInterrupt

    interrupted = mason("apply", answer=Person())
    assert interrupted.code == 130
    assert interrupted.err.splitlines()[-1].endswith(
        f"Error: Interrupted. What the state holds by now cannot be read. {project}/state/state.json is truncated: it "
        "ends after 1 bytes, in the middle of the JSON. There is no backup to restore. Mend it by hand, or move it "
        "away to start with an empty state."
    )


def test_a_config_that_loses_an_engine_tells_what_that_breaks(mason, project):
    (project / "query.yaml").write_text(
        "type: operator\nnamespace: table\ncommand: query\ndo: [{execution.query: {sql: SELECT 1}}]\n"
    )
    assert mason("apply", "-y").code == 0
    config = project / "config.yaml"
    config.write_text("".join(line for line in config.read_text().splitlines(True) if "execution" not in line))
    planned = mason("plan", "--out", "saved.plan")
    warning = (
        "Warning: This plan breaks operator.table.query: no applied config can run it any more. "
        "With config 1: No client is configured for execution."
    )
    assert planned.code == 0
    assert planned.out.splitlines()[-3:] == [
        warning,
        "",
        "Plan: 0 to create, 1 to overwrite, 0 to delete, 0 to run.",
    ]
    assert warning in mason("show", "saved.plan").out.splitlines()
    # It is a warning: what is missing may come with the next plan.
    assert mason("apply", "-y", "-o").code == 0
    assert mason("plan").out == "No changes.\n"


def test_what_has_no_file_any_more_is_counted_where_the_whole_project_is_planned(mason, project):
    assert mason("apply", "-y").code == 0
    (project / "get.yaml").unlink()
    counted = "1 resource is no longer defined (--prune deletes it)\nNo changes.\n"
    assert mason("plan").out == counted
    assert mason("plan", ".").out == counted
    assert mason("plan", "--json").json["undefined"] == ["operator.table.get"]
    for part in (("config.yaml",), ("--target", "config.1")):
        assert mason("plan", *part).out == "No changes.\n"
    assert mason("plan", "--prune").out.splitlines()[-1] == "Plan: 0 to create, 0 to overwrite, 1 to delete, 0 to run."
    (project / "mason.yaml").write_text("name: another\nstate: state\n")
    assert "no longer defined" not in mason("plan").out
