"""Triggers as schedules of ``table refresh``, on ministack, which keeps them and starts nothing by itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mason.engines.models import Dag, DagStep, Schedule
from mason.engines.scheduler import Scheduler
from mason.errors import ConflictError, NotFoundError
from tests.clients.amazon import BUCKET, Account, emptied
from tests.clients.conftest import refusal
from tests.clients.test_glue_scheduler import ROLE, client_of, nightly, scheduler_of
from tests.servers import S3Server


def hourly(name: str = "hourly", times: str = "0 * * * *", table: str = "people") -> Schedule:
    parameters = {"database_name": "club", "table_name": table}
    dag = Dag((DagStep("step_1", "table:refresh", parameters, config_id="1"),))
    return Schedule(name, times, dag, workflow="workflow.club.refresh", config_id="1")


@pytest.fixture
def account(ministack: S3Server, aws: None) -> Account:
    return emptied(ministack)


@pytest.fixture
def scheduler(account: Account, tmp_path: Path) -> Scheduler:
    """With a crawler, and a table that it made."""
    made = scheduler_of(client_of(account, tmp_path))
    made.put_schedule(nightly("people_crawler"))
    boto = account.boto("glue")
    boto.create_database(DatabaseInput={"Name": "club"})
    put_table(boto, "people", {"UPDATED_BY_CRAWLER": "people_crawler"})
    put_table(boto, "by_hand", {})
    put_table(boto, "orphan", {"UPDATED_BY_CRAWLER": "gone"})
    return made


def put_table(boto: Any, name: str, parameters: dict[str, str]) -> None:
    storage = {"Columns": [{"Name": "id", "Type": "int"}], "Location": f"s3://{BUCKET}/club/{name}"}
    boto.create_table(
        DatabaseName="club", TableInput={"Name": name, "Parameters": parameters, "StorageDescriptor": storage}
    )


def test_a_schedule_of_table_refresh_is_a_trigger(account: Account, scheduler: Scheduler) -> None:
    assert scheduler.put_schedule(hourly()) == hourly()
    found = account.boto("glue").get_trigger(Name="hourly")["Trigger"]
    assert (found["Type"], found["State"], found["Schedule"]) == ("SCHEDULED", "ACTIVATED", "cron(0 * * * ? *)")
    assert found["Actions"] == [{"CrawlerName": "people_crawler"}]
    assert found["Description"].startswith("Made by Mason for club.refresh. [mason ")
    assert scheduler.get_schedule("hourly") == hourly()
    assert [each.name for each in scheduler.list_schedules()] == ["hourly", "people_crawler"]
    assert scheduler.delete_schedule("hourly") == hourly()
    with pytest.raises(NotFoundError) as raised:
        scheduler.get_schedule("hourly")
    assert str(raised.value) == "Schedule hourly not found. Schedules: people_crawler."


def test_what_is_there_already_is_told(account: Account, scheduler: Scheduler) -> None:
    scheduler.put_schedule(hourly())
    assert scheduler.put_schedule(hourly()) == hourly()
    other = hourly(times="30 * * * *")
    assert refusal(scheduler.put_schedule, other) == (
        "ConflictError: Schedule hourly exists already. Ask for overwrite to replace it."
    )
    assert scheduler.put_schedule(other, overwrite=True) == other
    assert account.boto("glue").get_trigger(Name="hourly")["Trigger"]["Schedule"] == "cron(30 * * * ? *)"
    assert scheduler.get_schedule("hourly") == other
    assert refusal(scheduler.put_schedule, hourly("people_crawler"), overwrite=True) == (
        "ConflictError: Schedule people_crawler is a crawler, and would be a trigger. Delete it first, or give this "
        "schedule another name."
    )
    assert "is a trigger, and would be a crawler" in refusal(scheduler.put_schedule, nightly("hourly"), overwrite=True)


def test_a_trigger_is_started_and_stopped(account: Account, scheduler: Scheduler) -> None:
    off = replace(hourly(), enabled=False)
    scheduler.put_schedule(off)
    boto = account.boto("glue")
    assert boto.get_trigger(Name="hourly")["Trigger"]["State"] == "CREATED"
    assert scheduler.get_schedule("hourly") == off
    with pytest.raises(ConflictError) as raised:
        scheduler.trigger_schedule("hourly")
    assert "is not enabled" in str(raised.value)
    scheduler.put_schedule(hourly(), overwrite=True)
    assert boto.get_trigger(Name="hourly")["Trigger"]["State"] == "ACTIVATED"
    scheduler.put_schedule(off, overwrite=True)
    assert boto.get_trigger(Name="hourly")["Trigger"]["State"] == "DEACTIVATED"


def test_a_trigger_that_others_stopped_is_told_so(account: Account, scheduler: Scheduler) -> None:
    scheduler.put_schedule(hourly())
    account.boto("glue").stop_trigger(Name="hourly")
    assert scheduler.get_schedule("hourly") == replace(hourly(), enabled=False)


def test_triggering_starts_the_crawler_of_the_table(account: Account, scheduler: Scheduler) -> None:
    scheduler.put_schedule(hourly())
    job = scheduler.trigger_schedule("hourly")
    assert job.job_id.startswith("people_crawler/")
    assert (job.status, job.result["schedule"]) == ("running", "people_crawler")
    again = scheduler.trigger_schedule("hourly")
    assert again.logs == ("Crawler people_crawler was running already: this is its crawl.",)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("by_hand", "No crawler owns table by_hand in database club (it was registered by hand)"),
        ("orphan", "(what registered it, gone, is no crawler)"),
        ("peopl", "Did you mean people?"),
    ],
)
def test_a_table_that_no_crawler_owns(scheduler: Scheduler, table: str, said: str) -> None:
    assert said in refusal(scheduler.put_schedule, hourly(table=table))
    assert [each.name for each in scheduler.list_schedules()] == ["people_crawler"]


@pytest.mark.parametrize("times", ["*/2 * * * *", "59,0 * * * *"])
def test_times_that_come_too_often(scheduler: Scheduler, times: str) -> None:
    assert "at most every 5 minutes" in refusal(scheduler.put_schedule, hourly(times=times))


def test_triggers_of_others_are_seen_and_left_alone(account: Account, scheduler: Scheduler) -> None:
    boto = account.boto("glue")
    boto.create_trigger(
        Name="etl", Type="SCHEDULED", Schedule="cron(0 6 * * ? *)", Actions=[{"JobName": "x"}], StartOnCreation=True
    )
    boto.create_trigger(Name="by_hand", Type="ON_DEMAND", Actions=[{"JobName": "x"}])
    assert scheduler.get_schedule("etl") == Schedule("etl", "0 6 * * ? *", Dag(()))
    assert [each.name for each in scheduler.list_schedules()] == ["etl", "people_crawler"]
    assert refusal(scheduler.put_schedule, hourly("etl"), overwrite=True) == (
        "ConflictError: Trigger etl was not made by Mason, so it is not replaced. Give the schedule another name."
    )
    assert "starts other things than one crawler" in refusal(scheduler.trigger_schedule, "etl")


def test_the_role_of_crawlers_is_not_needed(account: Account, scheduler: Scheduler) -> None:
    assert ROLE in str(scheduler.connection.configuration)
    del scheduler.connection.configuration["crawler_role"]
    assert scheduler.put_schedule(hourly()) == hourly()
