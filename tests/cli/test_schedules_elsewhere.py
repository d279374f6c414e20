"""Schedules that are to stand elsewhere than they do: taken from there before anything else, whatever fails then."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.test_schedule_resources import NIGHTLY, WORKFLOW, WRITE, actions, config, kept, state

THERE = NIGHTLY.replace("config_id: 1", "config_id: 2")
MOVED = "---\ntype: moved\nfrom: {}\nto: {}\n"


@pytest.fixture
def applied(mason, folder):
    """A project whose schedule is in the scheduler of config 1; gives the function that writes files and applies."""
    texts = {"config": config(), "write": WRITE, "workflow": WORKFLOW, "schedule": NIGHTLY}
    (folder / "mason.yaml").write_text("name: notes\nstate: .state\n")

    def apply(*options: str, **files: str):
        for name, text in files.items():
            (folder / f"{name}.yaml").write_text(text)
        return mason("apply", "-y", "-o", *options)

    assert apply(**texts).code == 0
    return apply


def places(folder: Path) -> list[str]:
    """The schedules that schedulers have, by their warehouses."""
    return sorted(
        f"{file.relative_to(folder).parts[0]}: {json.loads(file.read_text())['name']}"
        for warehouse in ("wh", "other")
        for file in (folder / warehouse).rglob("*.json")
        if "name" in json.loads(file.read_text())
    )


def test_its_config_goes_in_the_same_plan(mason, folder, applied):
    assert places(folder) == ["wh: nightly"]
    assert applied("--prune", config=config(2, warehouse="other"), schedule=THERE).code == 0
    assert places(folder) == ["other: nightly"]
    assert mason("plan").out == "No changes.\n"


def test_its_config_and_its_workflow_have_other_names(mason, folder, applied):
    done = applied(
        config=config(2) + MOVED.format("config.1", "config.2"),
        workflow=WORKFLOW.replace("once", "one") + MOVED.format("workflow.note.once", "workflow.note.one"),
        schedule=THERE.replace("note:once", "note:one"),
    )
    assert done.code == 0, done.err
    assert [(each["name"], each["config_id"], each["workflow"]) for each in kept(mason)] == [
        ("nightly", "2", "workflow.note.one")
    ]
    assert mason("plan").out == "No changes.\n"


def test_it_has_another_name(mason, folder, applied):
    assert (
        applied(schedule=NIGHTLY.replace("nightly", "daily") + MOVED.format("schedule.nightly", "schedule.daily")).code
        == 0
    )
    assert places(folder) == ["wh: daily"]
    assert sorted(state(folder)) == ["config.1", "operator.note.write", "schedule.daily", "workflow.note.once"]
    assert mason("plan").out == "No changes.\n"


def test_where_it_is_nobody_can_take_it(mason, folder, applied, monkeypatch):
    monkeypatch.setenv("WAREHOUSE", "wh")
    hidden = config(warehouse="'{{WAREHOUSE}}'")
    assert applied(config=hidden).code == 0
    monkeypatch.delenv("WAREHOUSE")
    failed = applied(config=hidden + "---\n" + config(2, warehouse="other"), schedule=THERE)
    assert failed.code == 1
    assert places(folder) == ["wh: nightly"]
    # Nothing else was begun.
    assert "config.2" not in state(folder)
    outcome = state(folder)["schedule.nightly"]["outcome"]
    assert (outcome["status"], state(folder)["schedule.nightly"]["definition"]["config_id"]) == ("failed", "1")
    monkeypatch.setenv("WAREHOUSE", "wh")
    assert applied().code == 0
    assert places(folder) == ["other: nightly"]


def test_where_it_shall_be_nobody_can_put_it(mason, folder, applied):
    (folder / "other").write_text("")
    failed = applied("--prune", config=config(2, warehouse="other"), schedule=THERE)
    assert (failed.code, places(folder)) == (1, [])
    (folder / "other").unlink()
    # The config that led to where it was is gone, and nobody needs it.
    assert "config.1" not in state(folder)
    assert actions(mason) == [("overwrite", "schedule.nightly", "the scheduler did not take it last time")]
    assert applied().code == 0
    assert places(folder) == ["other: nightly"]
    assert mason("plan").out == "No changes.\n"


def test_somebody_elses_schedule_has_the_name_there(mason, folder, applied):
    (folder / "elsewhere").mkdir()
    (folder / "elsewhere" / "mason.yaml").write_text("name: else\nstate: .state\n")
    for name, text in {"config": config(2, warehouse="../other"), "write": WRITE, "workflow": WORKFLOW}.items():
        (folder / "elsewhere" / f"{name}.yaml").write_text(text)
    theirs = THERE.replace("0 12 *", "0 4 *")
    (folder / "elsewhere" / "schedule.yaml").write_text(theirs)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder / "elsewhere")
        assert mason("apply", "-y").code == 0
    (folder / "elsewhere" / "mason.yaml").rename(folder / "elsewhere" / ".mason.yaml")
    shutil.move(folder / "elsewhere", folder / ".elsewhere")
    for _ in range(2):
        failed = applied(config=config() + "---\n" + config(2, warehouse="other"), schedule=THERE)
        assert failed.code == 1
        assert "Schedule nightly exists already" in failed.err.splitlines()[-1]
        assert places(folder) == ["other: nightly"]
        assert any("0 4 *" in file.read_text() for file in (folder / "other").rglob("*.json"))


def test_the_config_that_leads_there_is_not_in_the_state_any_more(mason, folder, applied):
    file = folder / ".state" / "state.json"
    held = json.loads(file.read_text())
    held["resources"].pop("config.1", None)
    file.write_text(json.dumps(held))
    failed = mason("destroy", "-y", "schedule.nightly")
    assert (failed.code, failed.err) == (
        1,
        "Error: Schedule nightly failed: There is no config.1 in the state any more. Apply it again.\n",
    )
    assert places(folder) == ["wh: nightly"]


@pytest.mark.parametrize("edited", [{}, {"type": "schedule", "name": "other"}, {"name": 5, "config_id": [1]}])
def test_a_definition_that_somebody_edited_leads_nowhere(mason, folder, applied, edited):
    file = folder / ".state" / "state.json"
    held = json.loads(file.read_text())
    held["resources"]["schedule.nightly"]["definition"] = edited
    file.write_text(json.dumps(held))
    drifted = mason("drift")
    assert (drifted.code, "schedule nightly: schedule.nightly was edited in the state" in drifted.out) == (1, True)
    failed = mason("destroy", "-y", "schedule.nightly")
    assert failed.code == 1
    assert failed.err.startswith("Error: Schedule nightly failed: schedule.nightly was edited in the state")
    assert places(folder) == ["wh: nightly"]
    assert applied().code == 0
    assert (places(folder), mason("plan").out) == (["wh: nightly"], "No changes.\n")


def test_its_config_may_lead_to_another_scheduler(mason, folder, applied):
    (folder / "config.yaml").write_text(config(warehouse="other"))
    assert mason("plan").out.splitlines()[-3] == (
        "Warning: schedule.nightly: config.1 has another warehouse for local. Where that leads to another scheduler, "
        "delete the schedule first, so that it does not stay in the old one: mason destroy schedule.nightly"
    )
    assert mason("destroy", "-y", "schedule.nightly").code == 0
    assert applied().code == 0
    assert places(folder) == ["other: nightly"]


def test_the_schedules_of_a_config_that_somebody_edited_into_none(mason, folder, applied):
    file = folder / ".state" / "state.json"
    held = json.loads(file.read_text())
    held["resources"]["config.1"]["definition"] = {"clients": 3}
    file.write_text(json.dumps(held))
    listed = mason("scheduler", "list")
    assert "config.1 was edited in the state" in listed.err
    assert "a fault in Mason" not in listed.err
