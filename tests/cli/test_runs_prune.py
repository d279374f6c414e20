"""Old runs are forgotten, by a rule that never takes what goes on, what is new, or what can still be resumed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from mason.project.opening import open_project
from mason.state.journal import Journal, journal_path, list_journals
from mason.state.lock import who
from tests.cli.test_workflows import notes, step

__all__ = ["notes"]

NOW = datetime.now(timezone.utc)


def run(days: float, name: str = "a", *, status: str = "succeeded", journal: bool = True, **facts: str) -> str:
    """A run that began so many days ago, and its journal; returns its id."""
    began = NOW - timedelta(days=days)
    run_id = f"{began:%Y%m%dT%H%M%S}.000-{name}"
    told = began.isoformat()
    record = {"address": "workflow.note.all", "status": status, "started_at": told, "run_by": who(), **facts}
    open_project().store.put_run(run_id, record)
    if journal:
        write_journal(run_id, days)
    return run_id


def write_journal(run_id: str, days: float) -> None:
    with Journal.create(run_id) as journal:
        journal.write({"event": "finished", "at": "", "status": "succeeded"})
    then = (NOW - timedelta(days=days)).timestamp()
    os.utime(journal_path(run_id), (then, then))


@pytest.fixture
def settings(folder: Path):
    def write(text: str = "keep_runs: 2, keep_days: 30") -> None:
        (folder / "mason.yaml").write_text(f"name: notes\nstate: state\nhistory: {{{text}}}\n")

    write()
    return write


def kept() -> list[str]:
    return open_project().store.list_runs()


def journals() -> list[str]:
    return [run_id for run_id, _ in list_journals()]


KEPT = "Kept are the newest 2 runs and those of the last 30 days."


def test_what_is_neither_new_nor_among_the_newest_is_removed(mason, settings):
    old, older = run(40), run(50)
    newest = [run(35), run(34)]
    assert mason("runs", "prune", "--dry-run").out == f"{older}\n{old}\nWould remove 2 runs. {KEPT}\n"
    assert len(kept()) == len(journals()) == 4
    assert mason("runs", "prune").out == f"Removed 2 runs. {KEPT}\n"
    assert kept() == journals() == sorted(newest)
    assert mason("runs", "prune").out == f"There is nothing to remove. {KEPT}\n"


def test_what_is_of_the_last_days_stays_however_many_there_are(mason, settings):
    for number in range(5):
        run(number + 1, f"r{number}")
    assert mason("runs", "prune", "--json").json == {
        "format_version": "1.0",
        "dry_run": False,
        "runs": [],
        "journals": [],
    }
    assert len(kept()) == 5


@pytest.mark.parametrize("fact", ["finished_at", "resumed_at"])
def test_a_run_is_as_old_as_what_happened_in_it_last(mason, settings, fact):
    old = run(40, **{fact: (NOW - timedelta(days=3)).isoformat()})
    run(35), run(34)
    mason("runs", "prune")
    assert old in kept()


def test_a_run_that_goes_on_stays(mason, settings):
    here = run(50, "here", status="running")
    elsewhere = run(49, "there", status="running", run_by="ann@elsewhere", journal=False)
    killed = run(48, "killed", status="running")
    run(35), run(34)
    with Journal.resume(here):
        assert mason("runs", "prune", "--json").json["runs"] == [killed]
    assert kept()[:2] == [here, elsewhere]
    assert here in journals()


def test_runs_whose_age_nobody_knows_stay_and_broken_records_go(mason, folder, settings):
    store = open_project().store
    store.put_run("00-somebody-elses", {"status": "succeeded"})
    broken = run(50, journal=False)
    run(35), run(34)
    (folder / "state" / "runs" / f"{broken}.json").write_text("{")
    (listed,) = [run for run in mason("runs", "list", "--json").json["runs"] if run["run_id"] == broken]
    assert listed["status"] == "unreadable"
    assert mason("runs", "prune", "--json").json["runs"] == [broken]
    assert kept()[0] == "00-somebody-elses"


def test_journals_without_a_run_go_by_the_usual_numbers(mason, settings):
    stamp = NOW - timedelta(days=100)
    names = [f"{stamp:%Y%m%dT%H%M%S}.000-{number:04d}" for number in range(1003)]
    for number, name in enumerate(names):
        write_journal(name, days=100 if number != 1 else 89)
    assert mason("runs", "prune").out == f"Removed 0 runs and 2 journals without a run. {KEPT}\n"
    assert journals() == [names[1], *names[3:]]


def test_a_run_that_begins_prunes_once_a_day(mason, folder, notes, settings):
    notes(step("a", "write"))
    again = ("run", "workflow", "note", "all", "-p", "a.path:a.txt,a.text:A", "-y")
    first = [run(50), run(49), run(48)]
    assert mason(*again).code == 0
    # With the run that has begun, the newest are two.
    assert kept()[:-1] == first[2:]
    second = run(47)
    (folder / "a.txt").unlink()
    assert mason(*again).code == 0
    assert second in kept()
    for marker in journal_path("x").parent.glob(".pruned-*"):
        yesterday = NOW.timestamp() - 25 * 3600
        os.utime(marker, (yesterday, yesterday))
    assert mason("run", "operator", "note", "read", "-p", "path:a.txt").code == 0
    assert second not in kept()


def test_what_cannot_be_pruned_ends_no_run(mason, folder, notes, settings, caplog):
    notes(step("a", "write"))
    broken = run(50)
    run(49), run(48)
    # A folder can be deleted by no name that files have.
    record = folder / "state" / "runs" / f"{broken}.json"
    record.unlink()
    record.mkdir()
    done = mason("run", "workflow", "note", "all", "-p", "a.path:a.txt,a.text:A", "-y")
    assert done.code == 0, done.err
    (logged,) = [each.getMessage() for each in caplog.records if each.levelname == "WARNING"]
    assert logged.startswith(f"Old runs stay in the history: Cannot delete {record}: Is a directory.")


def test_json_names_all(mason, settings):
    old = run(50)
    run(49), run(48)
    orphan = "20260101T000000.000-x"
    write_journal(orphan, 100)
    told = mason("runs", "prune", "--dry-run", "--json").out
    assert json.loads(told) == {"format_version": "1.0", "dry_run": True, "runs": [old], "journals": []}


def test_two_may_prune_at_once(mason, settings):
    for number in range(300):
        run(50 + number / 1000, f"r{number}", journal=number % 2 == 0)
    newest = [run(35), run(34)]
    command = [sys.executable, "-m", "mason", "runs", "prune", "--json"]
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env) for _ in "ab"]
    ended = [(process.communicate(timeout=60), process.returncode) for process in both]
    assert [(err, code) for (_, err), code in ended] == [("", 0), ("", 0)]
    assert kept() == journals() == sorted(newest)
