"""Schedules in a warehouse's folder: what is kept, by whom, and what becomes of runs that die."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import pytest

from mason.clients.local import LocalClient
from mason.clients.local_async import LocalAsyncClient
from mason.clients.memory import MemoryClient
from mason.engines.ledger import Ledger, Waiting
from mason.engines.models import Dag, Schedule
from mason.engines.occasion import Occasion, on
from mason.errors import MasonError, NotFoundError
from mason.testing.schedulers import RecordingRunner

NIGHTLY = Schedule("nightly", "0 3 * * *", Dag(()), workflow="workflow.table.infer", config_id="1")
LONG_AGO = datetime(2026, 1, 1, tzinfo=timezone.utc)


@pytest.fixture
def local(tmp_path: Path) -> LocalClient:
    client = LocalClient({}, base=tmp_path)
    client.runner = RecordingRunner()
    return client


def refusal(call, *arguments, **options) -> str:
    with pytest.raises(MasonError) as raised:
        call(*arguments, **options)
    return f"{type(raised.value).__name__}: {raised.value}"


def queue(scheduler, *waiting: Waiting) -> None:
    scheduler.change_ledger("nightly", lambda schedule, ledger, busy: replace(ledger, queue=waiting))


def test_reading_makes_nothing(local, tmp_path):
    scheduler = local.engine("scheduler")
    assert scheduler.list_schedules() == []
    assert refusal(scheduler.get_schedule, "nightly") == (
        "NotFoundError: Schedule nightly not found. There are no schedules."
    )
    assert refusal(scheduler.trigger_schedule, "nightly").startswith("NotFoundError: ")
    assert refusal(scheduler.delete_schedule, "../../etc").startswith("NotFoundError: ")
    assert list(tmp_path.iterdir()) == []


def test_all_that_cannot_be_is_said_at_once(local):
    wrong = replace(NIGHTLY, name="a b", schedule="61 * * * *", time_zone="Europe/Berln", catch_up="lates")
    assert refusal(local.engine("scheduler").put_schedule, wrong) == (
        "EngineError: Schedule a b cannot be kept: its name may hold letters, digits, _ and -, and is at most 100 "
        "characters long; its cron expression '61 * * * *' means nothing: minute: there is no 61 (write 0 to 59); "
        "there is no time zone 'Europe/Berln' (did you mean Europe/Berlin?); catch_up cannot be 'lates' (did you mean "
        "'latest'?)."
    )


def test_names_that_differ_in_case_only(local):
    scheduler = local.engine("scheduler")
    scheduler.put_schedule(NIGHTLY)
    assert refusal(scheduler.put_schedule, replace(NIGHTLY, name="Nightly"), overwrite=True) == (
        "ConflictError: Schedule Nightly exists already as nightly: names must differ in more than case."
    )


def test_both_clients_share_the_schedules_of_a_warehouse(local, tmp_path):
    local.engine("scheduler").put_schedule(NIGHTLY)
    other = LocalAsyncClient({}, base=tmp_path).engine("scheduler")
    assert other.list_schedules() == [NIGHTLY]
    job = other.trigger_schedule("nightly")
    assert job.to_dict() == {
        "job_id": job.job_id,
        "status": "queued",
        "verb": "scheduler.trigger_schedule",
        "result": {"schedule": "nightly", "workflow": "workflow.table.infer"},
        "submitted": job.submitted,
    }
    assert local.engine("execution").get_job(job.job_id) == job
    done = local.engine("scheduler").run_waiting("nightly", job.job_id)
    assert done is not None
    assert done.submitted == job.submitted
    assert done.result["run_id"] == "run-1"
    assert local.engine("execution").get_job(job.job_id) == done


def test_a_warehouse_that_is_a_file_has_its_schedules_beside_it(tmp_path):
    client = LocalAsyncClient({"warehouse": "data.duckdb"}, base=tmp_path)
    client.engine("scheduler").put_schedule(NIGHTLY)
    assert (tmp_path / "data_files" / "schedules" / "nightly.json").is_file()


def test_without_a_runner_it_says_what_to_do(local):
    local.runner = None
    scheduler = local.engine("scheduler")
    scheduler.put_schedule(NIGHTLY)
    assert refusal(scheduler.trigger_schedule, "nightly") == (
        "EngineError: Client local keeps schedules, but nobody told it how workflows are run. Trigger the schedule "
        "through Mason (mason scheduler trigger NAME), or set the client's runner."
    )


def test_a_schedule_that_triggers_itself_is_refused(local):
    scheduler = local.engine("scheduler")
    scheduler.put_schedule(NIGHTLY)
    told = []

    class Again(RecordingRunner):
        def run(self, schedule, *, run_id, due):
            told.append(refusal(scheduler.trigger_schedule, "nightly"))
            return super().run(schedule, run_id=run_id, due=due)

    local.runner = Again()
    assert scheduler.trigger_schedule("nightly").status == "succeeded"
    assert told == ["ConflictError: A run of schedule nightly goes on. Trigger it again when that has ended."]


def test_jobs_of_what_waits_are_cancelled_with_it(local):
    scheduler, execution = local.engine("scheduler"), local.engine("execution")
    scheduler.put_schedule(NIGHTLY)
    queue(scheduler, Waiting("one"), Waiting("two", LONG_AGO))
    assert execution.get_job("two").result["due"] == "2026-01-01T00:00:00Z"
    queue(scheduler, Waiting("two", LONG_AGO))
    scheduler.put_schedule(replace(NIGHTLY, enabled=False), overwrite=True)
    assert scheduler.look("nightly")[1].queue == ()
    queue(scheduler, Waiting("three"))
    assert scheduler.run_waiting("nightly", "three") is None
    scheduler.delete_schedule("nightly")
    assert [(execution.get_job(job).status, execution.get_job(job).logs[-1]) for job in ("one", "two", "three")] == [
        ("cancelled", "It was taken out of the queue."),
        ("cancelled", "The schedule was disabled."),
        ("cancelled", "The schedule was deleted."),
    ]


def test_times_count_from_when_it_was_enabled(local):
    scheduler = local.engine("scheduler")
    scheduler.put_schedule(replace(NIGHTLY, enabled=False))
    scheduler.change_ledger("nightly", lambda schedule, ledger, busy: replace(ledger, considered=LONG_AGO))
    scheduler.put_schedule(NIGHTLY, overwrite=True)
    assert scheduler.look("nightly")[1].considered > LONG_AGO


def test_a_schedule_that_was_deleted_and_put_again_knows_nothing_of_before(local):
    scheduler = local.engine("scheduler")
    scheduler.put_schedule(NIGHTLY)
    scheduler.trigger_schedule("nightly")
    scheduler.delete_schedule("nightly")
    scheduler.put_schedule(NIGHTLY)
    assert scheduler.look("nightly")[1].last is None


def test_deleting_does_not_disturb_the_run(local):
    scheduler = local.engine("scheduler")
    scheduler.put_schedule(NIGHTLY)

    class Deleting(RecordingRunner):
        def run(self, schedule, *, run_id, due):
            scheduler.delete_schedule("nightly")
            scheduler.put_schedule(NIGHTLY)
            return super().run(schedule, run_id=run_id, due=due)

    local.runner = Deleting()
    assert scheduler.trigger_schedule("nightly").status == "succeeded"
    assert scheduler.look("nightly")[1].last is None


def test_damaged_files_are_named(local, tmp_path):
    scheduler = local.engine("scheduler")
    scheduler.put_schedule(NIGHTLY)
    folder = tmp_path / "warehouse" / "schedules"
    ledger = folder / "ledgers" / "nightly.json"
    for content in ("", "[]", "{}", '{"considered": "2026-01-01T00:00:00", "queue": [], "last": null}'):
        ledger.write_text(content)
        assert refusal(scheduler.look, "nightly") == (
            f"EngineError: The ledger of schedule nightly is damaged: {ledger}. Remove the file: the times since the "
            "schedule was put then count as missed."
        )
    ledger.unlink()
    put_at = datetime.fromtimestamp((folder / "nightly.json").stat().st_mtime, timezone.utc)
    assert scheduler.look("nightly") == (NIGHTLY, Ledger(put_at))
    for content in ("", "[]", "{}", json.dumps({**NIGHTLY.to_dict(), "schedule": "x"}), '{"name": "other"}'):
        (folder / "nightly.json").write_text(content)
        assert refusal(scheduler.get_schedule, "nightly") == (
            f"EngineError: Schedule nightly is damaged: {folder / 'nightly.json'}. Remove the file, and apply the "
            "schedule again."
        )
    scheduler.put_schedule(NIGHTLY, overwrite=True)
    assert scheduler.get_schedule("nightly") == NIGHTLY


def test_a_warehouse_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "warehouse").write_text("a file")
    client = LocalAsyncClient({}, base=tmp_path)
    told = refusal(client.engine("scheduler").put_schedule, NIGHTLY)
    assert told == (
        f"EngineError: The warehouse {tmp_path / 'warehouse'} is a file, not a folder. Name a folder as warehouse in "
        "the config's local_async client, or a DuckDB file that ends in .duckdb or .db."
    )


DYING = """
import sys, time
from pathlib import Path
from mason.clients.local import LocalClient
from mason.testing.schedulers import RecordingRunner

class Slow(RecordingRunner):
    def run(self, schedule, *, run_id, due):
        print("running", flush=True)
        time.sleep(60)

client = LocalClient({}, base=Path(sys.argv[1]))
client.runner = Slow()
client.engine("scheduler").run_waiting("nightly", "job")
"""


def test_a_run_whose_process_is_killed_is_interrupted_and_not_done_again(local, tmp_path):
    scheduler = local.engine("scheduler")
    scheduler.put_schedule(NIGHTLY)
    queue(scheduler, Waiting("job", LONG_AGO))
    process = subprocess.Popen([sys.executable, "-c", DYING, str(tmp_path)], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"running\n"
        running = scheduler.look("nightly")[1]
        assert (running.queue, running.last.status) == ((), "running")
        assert local.engine("execution").get_job("job").status == "running"
        assert refusal(scheduler.trigger_schedule, "nightly").startswith("ConflictError: A run of schedule nightly")
        # A look is in nobody's way, and neither is a change.
        busy = []
        scheduler.change_ledger("nightly", lambda schedule, ledger, goes_on: busy.append(goes_on) or ledger)
        assert busy == [True]
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
    last = scheduler.look("nightly")[1].last
    assert (last.status, last.due) == ("interrupted", "2026-01-01T00:00:00Z")
    assert last.error == "The process that ran it died. Go on with: mason runs resume run-1"
    assert scheduler.run_waiting("nightly", "job") is None
    assert scheduler.trigger_schedule("nightly").status == "succeeded"
    job = local.engine("execution").get_job("job")
    assert (job.status, job.logs) == ("failed", (last.error,))


CLAIMING = """
import sys
from pathlib import Path
from mason.clients.local import LocalClient
from mason.testing.schedulers import RecordingRunner

client = LocalClient({}, base=Path(sys.argv[1]))
client.runner = RecordingRunner()
scheduler = client.engine("scheduler")
sys.stdin.readline()
for number in range(20):
    if scheduler.run_waiting("nightly", f"job-{number}") is not None:
        print(number)
"""


def test_what_waits_is_run_by_one_of_many_processes(local, tmp_path):
    scheduler = local.engine("scheduler")
    scheduler.put_schedule(NIGHTLY)
    queue(scheduler, *(Waiting(f"job-{number}") for number in range(20)))
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", CLAIMING, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    taken = [number for each in processes for number in each.communicate("go\n", timeout=60)[0].split()]
    left = [waiting.job_id for waiting in scheduler.look("nightly")[1].queue]
    # One that met another's run let it wait, and nothing was taken twice.
    assert len(taken) == len(set(taken))
    assert sorted(taken + [job.removeprefix("job-") for job in left], key=int) == [str(number) for number in range(20)]


@pytest.mark.parametrize("make", [LocalClient, MemoryClient])
def test_a_table_belongs_to_the_schedule_whose_run_registered_it(make, tmp_path):
    client = make({}, base=tmp_path)
    storage, metastore = client.engine("storage"), client.engine("metastore")
    storage.write("club/people.csv", b"id,name\n1,Ann\n")
    definition = storage.infer_table("club/people.csv")
    with on(Occasion("nightly")):
        job = metastore.create_table("shop", "people", definition=definition)
    assert job.result["schedule"] == "nightly"
    assert metastore.get_table("shop", "people").schedule == "nightly"
    assert metastore.get_table("shop", "people", schema=False).schedule == "nightly"
    # A copy is whose run makes it.
    metastore.create_table("shop", "copy", definition=metastore.get_table("shop", "people"))
    assert metastore.get_table("shop", "copy").schedule == ""


def test_another_process_sees_whose_a_table_is(tmp_path):
    (tmp_path / "people.csv").write_text("id,name\n1,Ann\n")
    client = LocalClient({}, base=tmp_path)
    with on(Occasion("nightly")):
        definition = client.engine("storage").infer_table("people.csv")
        client.engine("metastore").create_table("shop", "people", definition=definition)
    again = LocalClient({}, base=tmp_path)
    assert again.engine("metastore").get_table("shop", "people").to_dict()["schedule"] == "nightly"
    assert [table.schedule for table in again.engine("metastore").list_tables("shop")] == ["nightly"]


def test_a_missing_schedule_stays_missing_while_others_look(local):
    scheduler = local.engine("scheduler")
    with pytest.raises(NotFoundError):
        scheduler.change_ledger("nightly", lambda schedule, ledger, busy: ledger)
    assert not (local.base / "warehouse").exists()
