"""Schedules as resources: put where the scheduler of their config keeps them, put again after changes, taken back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.notes import actions

CONFIG = (
    "type: config\nid: '{id}'\n"
    + "".join(f"{role}_engine: local\n" for role in ("metastore", "storage", "execution"))
    + "scheduler_engine: {scheduler}\nclients:\n  {scheduler}:\n    configuration: {{warehouse: {warehouse}}}\n"
)
WRITE = """\
type: operator
namespace: note
command: write
parameters:
  required: [path]
do:
  - storage.write: {path: "{{path}}", content: hello, overwrite: true}
"""
WORKFLOW = """\
type: workflow
namespace: note
command: once
dag:
  - {id: first, namespace: note, command: write}
"""
NIGHTLY = """\
type: schedule
name: nightly
workflow: note:once
config_id: 1
schedule: "0 12 * * ? *"
time_zone: Europe/Berlin
parameters:
  first: {parameters: {path: x.txt}}
"""


def config(identifier: int = 1, scheduler: str = "local", warehouse: str = "wh") -> str:
    return CONFIG.format(id=identifier, scheduler=scheduler, warehouse=warehouse)


@pytest.fixture
def applied(mason, folder):
    """A project with a workflow; gives the function that writes and applies ``schedule.yaml``."""
    (folder / "mason.yaml").write_text("name: notes\nstate: .state\n")
    (folder / "config.yaml").write_text(config())
    (folder / "write.yaml").write_text(WRITE)
    (folder / "workflow.yaml").write_text(WORKFLOW)
    assert mason("apply", "-y").code == 0

    def apply(text: str | None = None, *options: str):
        if text is not None:
            (folder / "schedule.yaml").write_text(text)
        return mason("apply", "-y", *options)

    return apply


def kept(mason) -> list[dict]:
    return mason("scheduler", "list", "--json").json["schedules"]


def state(folder: Path) -> dict:
    return json.loads((folder / ".state" / "state.json").read_text())["resources"]


def test_the_plan_says_where_it_is_put_and_what_it_will_do(mason, folder, applied):
    (folder / "schedule.yaml").write_text(NIGHTLY)
    assert mason("plan").out == (
        "  + schedule.nightly  schedule.yaml:1\n"
        "      for local as scheduler do put_schedule(schedule={'name': 'nightly', 'schedule': '0 12 * * ? *', "
        "'time_zone': 'Europe/Berlin', 'catch_up': 'none', 'overlap': 'skip', 'enabled': True, "
        "'workflow': 'workflow.note.once', 'config_id': '1'}, overwrite=False)  [changes things]\n"
        "      first: Operator note:write with config 1\n"
        "        1. for local as storage do write(path='x.txt', content='hello', overwrite=True)  [changes things]\n"
        "\n"
        "Legend: + create\n"
        "\n"
        "Plan: 1 to create, 0 to overwrite, 0 to delete, 0 to run.\n"
    )
    assert kept(mason) == []
    assert applied().code == 0
    assert [(each["name"], each["schedule"], each["time_zone"]) for each in kept(mason)] == [
        ("nightly", "0 12 * * ? *", "Europe/Berlin")
    ]
    assert not (folder / "x.txt").exists()
    assert mason("plan").out == "No changes.\n"
    assert mason("get", "schedule").out.splitlines()[1].split() == [
        *("nightly", "note:once", "1", "0", "12", "*", "*", "?", "*", "Europe/Berlin")
    ]


@pytest.mark.parametrize(
    ("file", "before", "after", "reason"),
    [
        ("schedule.yaml", "0 12 *", "0 13 *", "its definition changed"),
        ("workflow.yaml", "command: write}", "command: write, timeout: 60}", "workflow.note.once changed"),
        ("write.yaml", "content: hello", "content: bye", "operator.note.write changed"),
    ],
)
def test_it_is_put_again_when_something_changed(mason, folder, applied, file, before, after, reason):
    applied(NIGHTLY)
    text = (folder / file).read_text()
    assert before in text
    (folder / file).write_text(text.replace(before, after))
    assert ("overwrite", "schedule.nightly", reason) in actions(mason)
    assert applied(None, "-o").code == 0
    assert mason("plan").out == "No changes.\n"


def test_it_moves_with_its_config(mason, folder, applied):
    applied(NIGHTLY)
    (folder / "config2.yaml").write_text(config(2, warehouse="other"))
    (folder / "schedule.yaml").write_text(NIGHTLY.replace("config_id: 1", "config_id: 2"))
    (made,) = [each for each in mason("plan", "--json").json["actions"] if each["address"] == "schedule.nightly"]
    assert [call["verb"] for call in made["calls"]] == ["delete_schedule", "put_schedule"]
    assert applied(None, "-o").code == 0
    assert [(each["name"], each["config_id"]) for each in kept(mason)] == [("nightly", "2")]
    assert mason("plan").out == "No changes.\n"


def test_pruned_and_destroyed_it_is_taken_from_its_scheduler(mason, folder, applied):
    applied(NIGHTLY)
    (folder / "schedule.yaml").unlink()
    assert actions(mason, "--prune") == [("delete", "schedule.nightly", "schedule.yaml no longer defines it")]
    assert mason("apply", "-y", "--prune").code == 0
    assert (kept(mason), "schedule.nightly" in state(folder)) == ([], False)
    applied(NIGHTLY)
    gone = mason("destroy", "-y")
    assert gone.code == 0
    assert gone.out.splitlines()[-1] == "Apply complete: 0 created, 0 overwritten, 4 deleted, 0 run."
    assert state(folder) == {}
    assert not list((folder / "wh").rglob("*nightly*.json"))


def test_what_somebody_took_already_is_deleted_all_the_same(mason, folder, applied):
    applied(NIGHTLY)
    for file in (folder / "wh").rglob("*nightly*"):
        if file.is_file():
            file.unlink()
    assert kept(mason) == []
    assert mason("destroy", "schedule.nightly", "-y").code == 0
    assert "schedule.nightly" not in state(folder)


def test_one_of_that_name_that_nobody_applied_is_not_overwritten(mason, folder, applied):
    applied(NIGHTLY)
    assert mason("state", "rm", "-y", "schedule.nightly").code == 0
    assert mason("apply", "-y", "config.yaml", "write.yaml", "workflow.yaml").code == 0
    told = applied()
    assert told.code == 1
    assert told.out.splitlines()[-1] == "Apply incomplete: 0 created, 0 overwritten, 0 deleted, 0 run; 1 failed."
    assert "Schedule nightly exists already" in told.err.splitlines()[-1]
    assert actions(mason) == [("create", "schedule.nightly", "not in the state")]


def test_a_config_without_a_scheduler_and_a_workflow_that_supports_another(mason, folder, applied):
    (folder / "config.yaml").write_text(config().replace("scheduler_engine: local\n", ""))
    (folder / "schedule.yaml").write_text(NIGHTLY)
    assert mason("plan").err.splitlines()[0] == (
        "Error: schedule.yaml:4: Schedule nightly: config 1 has no scheduler that keeps schedules"
        " (name one in its scheduler_clients, such as local)"
    )
    (folder / "config.yaml").write_text(config())
    (folder / "workflow.yaml").write_text(WORKFLOW + "supported_schedulers: [memory]\n")
    assert mason("plan").err.splitlines()[0] == (
        "Error: schedule.yaml:4: Schedule nightly: Workflow note:once supports the schedulers memory, and config 1 has"
        " local (choose another config, or another workflow)"
    )


def test_faults_of_its_parameters_are_told_with_their_lines(mason, folder, applied):
    (folder / "schedule.yaml").write_text(NIGHTLY.replace("path: x.txt", "pth: x.txt"))
    assert sorted(mason("plan").err.splitlines()) == [
        "2 errors.",
        "Error: schedule.yaml:7: Schedule nightly: Step first: Required parameter not specified: path",
        "Error: schedule.yaml:8: Schedule nightly: Step first: Unknown parameter: pth (did you mean path?)",
    ]


def test_parameters_that_say_when_put_a_schedule_instead_of_running(mason, folder, applied):
    (folder / "when.yaml").write_text(
        "schedule: 30 2 * * *\nschedule_name: by_hand\nfirst: {parameters: {path: y.txt}}\n"
    )
    refused = mason("run", "workflow", "note", "once", "-f", "when.yaml", answer="no\n")
    assert (refused.code, kept(mason)) == (1, [])
    done = mason("run", "workflow", "note", "once", "-f", "when.yaml", "-y")
    assert done.code == 0
    assert done.err.splitlines()[-2:] == [
        "at the times of its schedule:",
        "  for local as scheduler do put_schedule(schedule={'name': 'by_hand', 'schedule': '30 2 * * *', "
        "'time_zone': 'UTC', 'catch_up': 'none', 'overlap': 'skip', 'enabled': True, 'workflow': 'workflow.note.once', "
        "'config_id': '1'}, overwrite=False)  [changes things]",
    ]
    assert done.out.startswith("Schedule by_hand is kept by local. It is due next at ")
    assert done.out.endswith(" 02:30:00 UTC. To run it now: mason scheduler trigger by_hand\n")
    assert not (folder / "y.txt").exists()
    assert mason("scheduler", "trigger", "by_hand", "-y").code == 0
    assert (folder / "y.txt").read_text() == "hello"
    again = mason("run", "workflow", "note", "once", "-f", "when.yaml", "-y", "--json")
    assert again.json["schedule"] == "by_hand"
    assert "overwrite=True" in again.err


def test_parameters_of_the_command_line_are_kept_with_the_schedule(mason, folder, applied):
    outer = WORKFLOW.replace("once", "twice") + "  - {id: inner, type: workflow, namespace: note, command: once}\n"
    assert applied(outer.replace("---\n", "")).code == 0
    (folder / "when.yaml").write_text("schedule: 30 2 * * *\nschedule_name: by_hand\ninner: {config_id: 1}\n")
    pairs = ("-p", "first.path:y.txt", "-p", "inner.first.path:z.txt")
    assert mason("run", "workflow", "note", "twice", "-f", "when.yaml", *pairs, "-y").code == 0
    schedule = json.loads((folder / "wh" / "schedules" / "by_hand.json").read_text())
    assert schedule["parameters"] == {
        "inner": {"config_id": 1, "parameters": {"first": {"parameters": {"path": "z.txt"}}}},
        "first": {"parameters": {"path": "y.txt"}},
    }
    assert mason("scheduler", "trigger", "by_hand", "-y").code == 0
    assert ((folder / "y.txt").read_text(), (folder / "z.txt").read_text()) == ("hello", "hello")


def test_no_schedule_is_put_with_a_secret(mason, folder, applied, monkeypatch):
    monkeypatch.setenv("KEY_OF_IT", "hunter2-hunter2")
    (folder / "config.yaml").write_text(config() + "  memory: {configuration: {token: '{{KEY_OF_IT}}'}}\n")
    assert mason("apply", "-y", "-o").code == 0
    (folder / "when.yaml").write_text("schedule: 30 2 * * *\nfirst: {parameters: {path: hunter2-hunter2}}\n")
    for command in ("validate", "run"):
        told = mason(command, "workflow", "note", "once", "-f", "when.yaml")
        assert told.err.splitlines()[-1] == (
            "Error: Step first: path holds the value of a secret, which would end up in the scheduler "
            "(take it out, and leave it to the config's {{NAME}})"
        )
    assert kept(mason) == []


@pytest.mark.parametrize("command", ["validate", "run"])
def test_a_workflow_that_supports_another_scheduler_does_not_run_either(mason, folder, applied, command):
    (folder / "workflow.yaml").write_text(WORKFLOW + "supported_schedulers: [memory, local_async]\n")
    assert mason("apply", "-y", "-o").code == 0
    told = mason(command, "workflow", "note", "once", "-p", "first.path:y.txt", *(["-y"] if command == "run" else []))
    assert (told.code, told.err) == (
        1,
        "Error: Workflow note:once supports the schedulers memory, local_async, and config 1 has local "
        "(choose another config, or another workflow)\n",
    )
    assert not (folder / "y.txt").exists()


@pytest.mark.parametrize("command", ["plan", "validate", "run"])
def test_what_a_scheduler_does_not_keep_is_refused_before_anything_is_called(mason, folder, applied, command):
    (folder / "config.yaml").write_text(config(scheduler="memory").replace("{warehouse: wh}", "{}"))
    (folder / "__init__.py").write_text(
        "import mason\n\nclass NoteOnce(mason.Workflow):\n    def step(self, current, next):\n        return None\n"
    )
    told = (
        "Scheduler memory does not keep the Python class of workflow note:once, which decides on its steps "
        "(remove its __init__.py, or choose a config with another scheduler)\n"
    )
    if command == "plan":
        (folder / "schedule.yaml").write_text(NIGHTLY)
        refused = mason("apply", "-y", "-o")
        assert (refused.code, refused.err) == (1, f"Error: schedule.yaml:4: Schedule nightly: {told}")
        assert "schedule.nightly" not in state(folder)
        return
    assert mason("apply", "-y", "-o").code == 0
    (folder / "when.yaml").write_text("schedule: 30 2 * * *\nfirst: {parameters: {path: y.txt}}\n")
    refused = mason(command, "workflow", "note", "once", "-f", "when.yaml", *(["-y"] if command == "run" else []))
    assert (refused.code, refused.err.splitlines()[-1]) == (1, f"Error: {told[:-1]}")


def test_an_unknown_scheduler_is_told_with_its_line(mason, folder, applied):
    (folder / "workflow.yaml").write_text(WORKFLOW + "supported_schedulers: [lokal]\n")
    assert mason("plan").err.splitlines()[0] == (
        "Error: workflow.yaml:6: unknown client 'lokal' (did you mean 'local'?)"
    )


@pytest.mark.parametrize("command", ["validate", "run"])
def test_parameters_do_not_take_over_what_was_applied(mason, folder, applied, command):
    assert applied(NIGHTLY).code == 0
    (folder / "when.yaml").write_text(
        "schedule: 30 2 * * *\nschedule_name: nightly\nfirst: {parameters: {path: y.txt}}\n"
    )
    before = kept(mason)
    refused = mason(command, "workflow", "note", "once", "-f", "when.yaml", *(["-y"] if command == "run" else []))
    assert refused.code == 1
    assert refused.err.splitlines()[-1] == (
        "Error: schedule.nightly is a resource of the state, which parameters do not replace (change its YAML and "
        "apply that, or choose another schedule_name)"
    )
    assert kept(mason) == before
    other = ("-f", "other.yaml")
    (folder / "other.yaml").write_text((folder / "when.yaml").read_text().replace("nightly", "other"))
    assert mason(command, "workflow", "note", "once", *other, *(["-y"] if command == "run" else [])).code == 0


def test_a_dry_run_says_that_a_schedule_would_be_put(mason, folder, applied):
    (folder / "when.yaml").write_text("schedule: 30 2 * * *\nfirst: {parameters: {path: y.txt}}\n")
    shown = mason("validate", "workflow", "note", "once", "-f", "when.yaml")
    assert shown.out.splitlines()[-5:] == [
        "",
        "at the times of its schedule:",
        "  for local as scheduler do put_schedule(schedule={'name': 'note_once', 'schedule': '30 2 * * *', "
        "'time_zone': 'UTC', 'catch_up': 'none', 'overlap': 'skip', 'enabled': True, 'workflow': 'workflow.note.once', "
        "'config_id': '1'})  [changes things]",
        "",
        "Valid: workflow note:once can run.",
    ]
    assert kept(mason) == []
    assert mason("validate", "workflow", "note", "once", "-f", "when.yaml", "--json").json["schedule"] == "30 2 * * *"


NAMELESS = (
    "schedule_name names no schedule: there is none, and the workflow would run now "
    '(write schedule: "0 12 * * ? *" beside it, or remove it)'
)


def test_a_schedule_whose_last_time_has_passed_is_warned_of_when_it_is_put(mason, folder, applied):
    """And is no fault of its file, which was right once."""
    (folder / "schedule.yaml").write_text(NIGHTLY.replace("0 12 * * ? *", "0 12 * * ? 2020"))
    warning = "schedule.nightly: it is never due again: its last time has passed"
    assert mason("plan", "--json").json["warnings"] == [warning]
    assert applied().code == 0
    assert mason("plan").out == "No changes.\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("first: {parameters: {path: y.txt}}\nschedule_name: x\n", f"2: {NAMELESS}"),
        ("schedule: ''\nschedule_name: x\n", f"2: {NAMELESS}"),
        (
            "schedule: 0 12 ? * MON-FRI 2020\n",
            "1: schedule: it is never due again: its last time has passed (choose a later year, or * for every year)",
        ),
    ],
)
def test_times_in_parameters_that_mean_nothing(mason, folder, applied, text, told):
    (folder / "when.yaml").write_text(text)
    for command in ("validate", "run"):
        refused = mason(command, "workflow", "note", "once", "-f", "when.yaml", "-p", "first.path:y.txt")
        assert (refused.code, refused.err) == (1, f"Error: when.yaml:{told}\n")


def test_a_time_that_never_comes_in_parameters(mason, folder, applied):
    (folder / "when.yaml").write_text("schedule: 0 0 30 2 *\nfirst: {parameters: {path: y.txt}}\n")
    assert mason("validate", "workflow", "note", "once", "-f", "when.yaml").err == (
        "Error: when.yaml:1: schedule: it is never due: no year has such a day (choose a day that the months have)\n"
    )
