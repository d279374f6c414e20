"""Renames that the state follows, what is protected from deletion, and what belongs to another project."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.notes import actions

MOVED = "type: moved\nfrom: {}\nto: {}\n"


def entries(project: Path) -> dict:
    return json.loads((project / "state" / "state.json").read_text())["resources"]


@pytest.fixture
def applied(mason, project):
    """The small project, applied; gives the function that renames its operator in the files."""
    assert mason("apply", "-y").code == 0

    def rename(after: str = "fetch", *, moved: bool = True) -> None:
        file = project / "get.yaml"
        text = file.read_text()
        before = text.partition("command: ")[2].partition("\n")[0]
        file.write_text(text.replace(f"command: {before}", f"command: {after}"))
        if moved:
            with (project / "moved.yaml").open("a") as opened:
                opened.write("---\n" + MOVED.format(f"operator.table.{before}", f"operator.table.{after}"))

    return rename


def test_the_state_follows_a_rename(mason, project, applied):
    applied()
    assert mason("plan", "--prune").out == (
        "  * operator.table.fetch  get.yaml:1  (moved from operator.table.get)\n"
        '      ~ command: "get" -> "fetch"\n'
        "      # (7 unchanged fields hidden)\n"
        "\n"
        "Legend: * move\n"
        "\n"
        "Plan: 0 to create, 0 to overwrite, 0 to delete, 0 to run, 1 to move.\n"
    )
    done = mason("apply", "-y")
    assert done.out.splitlines()[-3:] == [
        "Moved Operator table:get to Operator table:fetch",
        "",
        "Apply complete: 0 created, 0 overwritten, 0 deleted, 0 run, 1 moved.",
    ]
    assert sorted(entries(project)) == ["config.1", "operator.table.fetch"]
    assert mason("plan", "--prune").out == "No changes.\n"


def test_a_part_of_a_project_is_pruned_and_the_rename_is_told_elsewhere(mason, project, applied):
    applied("fetch")
    applied("take")
    assert mason("apply", "-y", "--prune", "get.yaml").out.splitlines()[-3:] == [
        "Moved Operator table:get to Operator table:take",
        "",
        "Apply complete: 0 created, 0 overwritten, 0 deleted, 0 run, 1 moved.",
    ]
    assert sorted(entries(project)) == ["config.1", "operator.table.take"]


def test_a_move_of_what_is_gone_since(mason, project, applied):
    applied()
    assert mason("apply", "-y").code == 0
    (project / "get.yaml").unlink()
    assert mason("plan").err == (
        "Error: moved.yaml:2: operator.table.get is moved to operator.table.fetch, which these files do not define"
        " (define it, plan the files that do, or remove this move)\n"
    )


def test_a_chain_of_renames_and_a_change_at_once(mason, project, applied):
    applied("fetch")
    applied("take")
    (project / "get.yaml").write_text((project / "get.yaml").read_text().replace("Get a table", "Take a table"))
    assert actions(mason) == [("move", "operator.table.take", "moved from operator.table.get")]
    refused = mason("apply", "-y")
    assert refused.err == "Error: Definition already exists for Operator table:take (pass -o to overwrite)\n"
    assert mason("apply", "-y", "-o").code == 0
    assert entries(project)["operator.table.take"]["definition"]["description"] == "Take a table"
    assert sorted(entries(project)) == ["config.1", "operator.table.take"]


def test_a_rename_that_nobody_told_of_is_suggested(mason, project, applied):
    applied(moved=False)
    assert mason("plan", "--prune").out.splitlines()[-3] == (
        "Warning: operator.table.fetch is what operator.table.get was, which would be deleted. If it only has another "
        "name now, say so in a document: {type: moved, from: operator.table.get, to: operator.table.fetch}"
    )


def test_a_renamed_run_is_not_done_again(mason, project, applied):
    run = (
        "type: run\nname: {}\noperator: table:get\nconfig_id: 1\n"
        "parameters: {{database_name: data, table_name: airlines}}\n"
    )
    (project / "run.yaml").write_text(run.format("first"))
    assert mason("apply", "-y").code == 0
    (project / "run.yaml").write_text(run.format("second") + "---\n" + MOVED.format("run.first", "run.second"))
    assert actions(mason) == [("move", "run.second", "moved from run.first")]
    assert mason("apply", "-y").code == 0
    assert entries(project)["run.second"]["outcome"]["status"] == "succeeded"
    assert len(mason("runs", "list", "--json").json["runs"]) == 1
    assert mason("plan").out == "No changes.\n"


def test_what_uses_the_old_name_is_told(mason, project, applied):
    flow = "type: workflow\nnamespace: a\ncommand: b\ndag:\n  - {id: s, namespace: table, command: get}\n"
    (project / "flow.yaml").write_text(flow)
    assert mason("apply", "-y").code == 0
    applied()
    told = mason("plan")
    assert told.code == 1
    assert told.err == (
        "Error: flow.yaml:1: workflow.a.b uses operator.table.get, which is operator.table.fetch now"
        " (write its new name there too)\n"
    )
    (project / "flow.yaml").write_text(flow.replace("command: get", "command: fetch"))
    assert [kind for kind, _, _ in actions(mason)] == ["move", "overwrite"]
    assert mason("apply", "-y", "-o").code == 0
    assert mason("plan").out == "No changes.\n"


def test_moves_that_make_no_sense(mason, project, applied):
    (project / "moved.yaml").write_text(
        "---\n".join(
            [
                MOVED.format("operator.table.get", "operator.table.gett"),
                MOVED.format("operator.table.x", "operator.table.y"),
                MOVED.format("operator.table.x", "operator.table.get"),
            ]
        )
    )
    assert mason("plan").err.splitlines() == [
        "Error: moved.yaml:1: operator.table.get is moved to operator.table.gett, which these files do not define"
        " (did you mean 'operator.table.get'?)",
        "Error: moved.yaml:1: operator.table.get is moved, but it is still defined at get.yaml:1"
        " (remove that definition, or this move)",
        "Error: moved.yaml:5: operator.table.x is moved to operator.table.y, which these files do not define"
        " (did you mean 'operator.table.get'?)",
        "Error: moved.yaml:9: operator.table.x is moved twice, first at moved.yaml:5 (remove one of them)",
        "4 errors.",
    ]
    wrong = "type: moved\nfrom: operator.get\nto: table\nwhy: x\n---\n"
    (project / "moved.yaml").write_text(wrong + MOVED.format("run.a", "config.a"))
    assert mason("plan").err.splitlines() == [
        "Error: moved.yaml:2: from must be an address, but it is the text 'operator.get'"
        " (such as operator.table.get or run.daily_export)",
        "Error: moved.yaml:3: to must be an address, but it is the text 'table'"
        " (such as operator.table.get or run.daily_export)",
        "Error: moved.yaml:4: unknown key 'why'",
        "Error: moved.yaml:8: what is moved stays of its kind (begin it with run.)",
        "4 errors.",
    ]


def test_names_that_are_swapped(mason, project, applied):
    """Documents cannot say that, because they would say it again when it is done; what is said instead does it."""
    text = (project / "get.yaml").read_text()
    for name in ("fetch", "take"):
        (project / f"{name}.yaml").write_text(text.replace("command: get", f"command: {name}").replace("Get", name))
    flow = "type: workflow\nnamespace: a\ncommand: b\ndag:\n  - {id: s, namespace: table, command: get}\n"
    (project / "flow.yaml").write_text(flow)
    assert mason("apply", "-y").code == 0
    # get is fetch now, fetch is take, and take is get.
    (project / "flow.yaml").write_text(flow.replace("command: get", "command: fetch"))
    for name, what in (("fetch", "Get"), ("take", "fetch"), ("get", "take")):
        (project / f"{name}.yaml").write_text(text.replace("command: get", f"command: {name}").replace("Get", what))
    get, fetch, take = "operator.table.get", "operator.table.fetch", "operator.table.take"
    (project / "moved.yaml").write_text(
        "---\n".join([MOVED.format(get, fetch), MOVED.format(fetch, take), MOVED.format(take, get)])
    )
    refused = mason("plan")
    commands = (
        f"mason state mv {get} {get}_moved && mason state mv {take} {get} && mason state mv {fetch} {take} && "
        f"mason state mv {get}_moved {fetch}"
    )
    assert refused.err == (
        f"Error: moved.yaml:1: {get} -> {fetch} -> {take} -> {get} is a circle (remove these moves, and swap the names "
        f"in the state, over a third one: {commands})\n"
    )
    (project / "moved.yaml").unlink()
    for command in commands.split(" && "):
        assert mason(*command.split()[1:]).code == 0
    assert mason("plan").out == "No changes.\n"


def test_names_of_schedules_that_are_swapped(mason, project, applied):
    """They stand in their schedulers under their names, so that the state alone cannot move them."""
    flow = "type: workflow\nnamespace: a\ncommand: b\ndag:\n  - {id: s, namespace: table, command: get}\n"
    schedule = (
        "type: schedule\nname: {}\nworkflow: a:b\nconfig_id: 1\nschedule: '0 {} * * ? *'\n"
        "parameters: {{s: {{parameters: {{database_name: data, table_name: airlines}}}}}}\n"
    )

    def write(moved="", **hours):
        (project / "schedules.yaml").write_text(
            "---\n".join(schedule.format(name, hour) for name, hour in hours.items())
        )
        (project / "moved.yaml").write_text(moved)

    (project / "flow.yaml").write_text(flow)
    write(a=1, b=2)
    config = (project / "config.yaml").read_text()
    (project / "config.yaml").write_text(config + "scheduler_engine: local\n")
    assert mason("apply", "-y", "-o").code == 0
    there_and_back = MOVED.format("schedule.a", "schedule.b") + "---\n" + MOVED.format("schedule.b", "schedule.a")
    write(there_and_back, a=2, b=1)
    assert mason("plan").err == (
        "Error: moved.yaml:1: schedule.a -> schedule.b -> schedule.a is a circle (move them over a third name, by an "
        "apply for each move with no other beside it: schedule.a to schedule.a_moved, then schedule.b to schedule.a, "
        "then schedule.a_moved to schedule.b)\n"
    )
    write(MOVED.format("schedule.a", "schedule.a_moved"), a_moved=1, b=2)
    assert mason("apply", "-y").code == 0
    write(MOVED.format("schedule.b", "schedule.a"), a_moved=1, a=2)
    assert mason("apply", "-y").code == 0
    write(MOVED.format("schedule.a_moved", "schedule.b"), b=1, a=2)
    assert mason("apply", "-y").code == 0
    assert mason("plan").out == "No changes.\n"
    assert [(each["name"], each["schedule"]) for each in mason("scheduler", "list", "--json").json["schedules"]] == [
        ("a", "0 2 * * ? *"),
        ("b", "0 1 * * ? *"),
    ]


def test_both_names_in_the_state(mason, project, applied):
    (project / "both.yaml").write_text((project / "get.yaml").read_text().replace("command: get", "command: fetch"))
    assert mason("apply", "-y").code == 0
    (project / "get.yaml").unlink()
    (project / "moved.yaml").write_text(MOVED.format("operator.table.get", "operator.table.fetch"))
    assert mason("plan").out == (
        "Warning: operator.table.get and operator.table.fetch are both in the state, so the move at moved.yaml:1 "
        "cannot be followed. Delete one of them: mason destroy operator.table.get\n"
        "1 resource is no longer defined (--prune deletes it)\n"
        "No changes.\n"
    )


def test_a_saved_plan_moves_too(mason, project, applied):
    applied()
    assert mason("plan", "--out", "move.plan").code == 0
    assert mason("apply", "move.plan").code == 0
    assert sorted(entries(project)) == ["config.1", "operator.table.fetch"]
    assert mason("apply", "move.plan").code == 1


def test_what_is_protected_is_not_deleted_even_after_its_file_is_gone(mason, project, applied):
    file = project / "get.yaml"
    kept = file.read_text()
    file.write_text(kept + "protect: true\n")
    assert mason("apply", "-y", "-o").code == 0
    file.unlink()
    for command in (
        ("plan", "--prune"),
        ("apply", "--prune", "-y"),
        ("destroy", "-y"),
        ("destroy", "operator.table.get"),
    ):
        refused = mason(*command)
        assert (refused.code, refused.err) == (
            1,
            "Error: operator.table.get is protected, so it is not deleted (set protect: false in get.yaml and apply "
            "that first, or let the state forget it: mason state rm operator.table.get)\n",
        )
    file.write_text(kept + "protect: false\n")
    assert mason("apply", "-y", "-o").code == 0
    file.unlink()
    assert mason("apply", "--prune", "-y").code == 0
    assert sorted(entries(project)) == ["config.1"]


def test_protect_must_be_a_truth(mason, project):
    (project / "get.yaml").write_text((project / "get.yaml").read_text() + "protect: maybe\n")
    assert "get.yaml:9: protect must be true or false" in mason("plan").err


@pytest.fixture
def foreign(mason, project, applied):
    """Another project's folder that shares the state and defines the same operator in another way."""
    other = project.parent / "other"
    other.mkdir()
    (other / "mason.yaml").write_text(f"name: sales\nstate: {project / 'state'}\n")
    (other / "get.yaml").write_text((project / "get.yaml").read_text().replace("Get a table", "Get it"))
    return other


REFUSED = "Error: operator.table.get: applied by project flights. To take that over: --take-over flights\n"


def test_another_projects_resource_is_overwritten_only_when_it_is_named(mason, project, foreign, monkeypatch):
    monkeypatch.chdir(foreign)
    assert mason("plan").out.splitlines()[-3] == (
        "Warning: operator.table.get was applied by project flights, which is not this one."
    )
    assert mason("apply", "-y", "-o").err == REFUSED
    assert mason("apply", "-y", "-o", "--take-over", "other").err == REFUSED
    assert mason("apply", answer="yes\nyes\n").code == 1
    asked = mason("apply", answer="flights\nyes\n")
    assert asked.code == 0
    assert "Project flights applied operator.table.get. Take that over? Only flights is accepted: " in asked.err
    assert entries(project)["operator.table.get"]["project"] == "sales"


def test_by_an_option(mason, project, foreign, monkeypatch):
    monkeypatch.chdir(foreign)
    assert mason("apply", "-y", "-o", "--take-over", "flights").code == 0
    assert entries(project)["operator.table.get"]["project"] == "sales"


def test_a_saved_plan_asks_too(mason, project, foreign, monkeypatch):
    monkeypatch.chdir(foreign)
    assert mason("plan", "--out", "x.plan").code == 0
    assert mason("apply", "x.plan").err == REFUSED
    assert mason("apply", "x.plan", "--take-over", "flights").code == 0


def test_destroy_of_another_projects_resources(mason, project, foreign, monkeypatch):
    monkeypatch.chdir(foreign)
    assert mason("destroy", "operator.table.get", "-y").err == REFUSED
    assert mason("destroy", "operator.table.get", "-y", "--take-over", "flights").code == 0
    assert sorted(entries(project)) == ["config.1"]


def test_a_project_that_has_another_name_now_takes_over_what_is_unchanged(mason, project, applied):
    (project / "mason.yaml").write_text("name: planes\nstate: state\n")
    assert mason("plan").out == "No changes.\n"
    assert actions(mason, "--take-over", "flights") == [
        ("overwrite", "config.1", "it is taken over from project flights"),
        ("overwrite", "operator.table.get", "it is taken over from project flights"),
    ]
    assert mason("apply", "-y", "-o", "--take-over", "flights").code == 0
    assert {entry["project"] for entry in entries(project).values()} == {"planes"}
