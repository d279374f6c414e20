"""Crawlers and triggers of Glue as a person meets them, on ministack, where a crawl takes five seconds and makes
nothing: what a crawler would have made is put there by the tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_aws_configs import TABLE, account, put_project
from tests.clients.amazon import Account
from tests.clients.test_glue_triggers import put_table

__all__ = ["account"]

WORKFLOW = """\
type: workflow
namespace: club
command: refresh
dag:
  - {id: step_1, type: operator, namespace: table, command: refresh}
"""
CRAWL = """\
type: schedule
name: nightly
workflow: table:infer
config_id: "1"
schedule: "0 3 * * *"
parameters: {step_1: {parameters: {database_name: club, table_name: people, path: club/people}}}
"""
REFRESH = """\
type: schedule
name: hourly
workflow: club:refresh
config_id: "1"
schedule: "0 * * * *"
parameters: {step_1: {parameters: {database_name: club, table_name: people}}}
"""


@pytest.fixture
def crawled(account: Account, mason: Any, folder: Path) -> Account:
    """A crawler that Mason made, and the table that it would have made."""
    put_project(folder, account.endpoint)
    (folder / "crawl.yaml").write_text(CRAWL)
    applied = mason("apply", "-y")
    assert applied.code == 0, applied.err
    boto = account.boto("glue")
    boto.create_database(DatabaseInput={"Name": "club"})
    put_table(boto, "people", {"UPDATED_BY_CRAWLER": "nightly"})
    return account


def test_schedules_become_crawlers_and_triggers(crawled: Account, mason: Any, folder: Path) -> None:
    (folder / "refresh.yaml").write_text(WORKFLOW + "---\n" + REFRESH)
    applied = mason("apply", "-y")
    assert applied.code == 0, applied.err
    boto = crawled.boto("glue")
    crawler = boto.get_crawler(Name="nightly")["Crawler"]
    assert crawler["Schedule"]["ScheduleExpression"] == "cron(0 3 * * ? *)"
    trigger = boto.get_trigger(Name="hourly")["Trigger"]
    assert (trigger["Schedule"], trigger["State"]) == ("cron(0 * * * ? *)", "ACTIVATED")
    assert trigger["Actions"] == [{"CrawlerName": "nightly"}]
    assert "No changes" in mason("plan").out
    (folder / "refresh.yaml").write_text(WORKFLOW + "---\n" + REFRESH + "enabled: false\n")
    assert mason("apply", "-y", "-o").code == 0
    assert boto.get_trigger(Name="hourly")["Trigger"]["State"] == "DEACTIVATED"
    destroyed = mason("destroy", "schedule.hourly", "-y")
    assert destroyed.code == 0, destroyed.err
    assert boto.get_triggers()["Triggers"] == []
    assert boto.get_crawler(Name="nightly")["Crawler"]["Name"] == "nightly"


@pytest.mark.slow
def test_a_table_is_refreshed_by_the_crawler_that_owns_it(crawled: Account, mason: Any) -> None:
    refreshed = mason("run", "operator", "table", "refresh", "-y", "-c", "1", "-p", TABLE, "--json")
    assert refreshed.code == 0, refreshed.err
    (job,) = refreshed.json["Data"]
    assert job["job_id"].startswith("nightly/")
    assert (job["status"], job["result"]) == ("succeeded", {"schedule": "nightly", "status": "succeeded"})
    assert crawled.boto("glue").get_crawler(Name="nightly")["Crawler"]["LastCrawl"]["Status"] == "SUCCEEDED"


@pytest.mark.slow
def test_a_crawler_that_runs_already_is_waited_for(crawled: Account, mason: Any) -> None:
    crawled.boto("glue").start_crawler(Name="nightly")
    refreshed = mason("run", "operator", "table", "refresh", "-y", "-c", "1", "-p", TABLE, "--json")
    assert refreshed.code == 0, refreshed.err
    (job,) = refreshed.json["Data"]
    assert (job["job_id"], job["status"]) == ("nightly/0", "succeeded")
    assert "Crawler nightly was running already: this is its crawl." in refreshed.out + refreshed.err


def test_a_table_that_nobody_crawls_is_not_refreshed(crawled: Account, mason: Any) -> None:
    put_table(crawled.boto("glue"), "by_hand", {})
    pairs = "database_name:club,table_name:by_hand"
    refused = mason("run", "operator", "table", "refresh", "-y", "-c", "1", "-p", pairs)
    assert refused.code == 1
    assert "No schedule owns table by_hand in database club: it was registered by hand" in refused.err
