"""Crawlers as schedules, on ministack, whose crawlers run for five seconds and make nothing, and on moto, whose
crawlers run until they are stopped and cannot be changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mason.clients.glue import GlueClient
from mason.clients.glue.aws_cron import crawler_times
from mason.engines.client import Client
from mason.engines.models import Dag, DagStep, Schedule
from mason.engines.scheduler import Scheduler
from mason.engines.scheduling import unkept
from mason.errors import ConflictError, EngineError, NotFoundError
from mason.resources import cron
from mason.testing import SchedulerSuite
from tests.clients.amazon import BUCKET, Account, emptied
from tests.servers import S3Server

ROLE = "arn:aws:iam::123456789012:role/crawlers"
STORAGE = {"lake": {"engines": ("storage",), "type": "s3", "url": f"s3://{BUCKET}/root"}}


def nightly(name: str = "nightly", times: str = "0 12 * * *", **given: Any) -> Schedule:
    parameters = {"database_name": "club", "table_name": "people", "path": "club/people", **given}
    dag = Dag((DagStep("step_1", "table:infer", parameters, config_id="1"),))
    return Schedule(name, times, dag, workflow="workflow.table.infer", config_id="1")


def client_of(account: Account, folder: Path) -> GlueClient:
    made = GlueClient({**account.configuration, "crawler_role": ROLE}, base=folder)
    made.neighbours = STORAGE
    return made


def scheduler_of(client: Client) -> Scheduler:
    found = client.engine("scheduler")
    assert isinstance(found, Scheduler)
    return found


@pytest.fixture
def moto_account(moto_catalog: S3Server, aws: None) -> Account:
    return emptied(moto_catalog)


@pytest.fixture
def on_moto(moto_account: Account, tmp_path: Path) -> Scheduler:
    return scheduler_of(client_of(moto_account, tmp_path))


class TestScheduler(SchedulerSuite):
    """What a crawler does is not Mason's to run, so the tests of steps are skipped, and triggering is tested below."""

    @pytest.fixture
    def client(self, ministack: S3Server, aws: None, tmp_path: Path) -> Iterator[Client]:
        made = client_of(emptied(ministack), tmp_path)
        yield made
        made.close()

    def schedule(self, name: str, times: str = "") -> Schedule:
        return nightly(name, times or self.times[0])

    def run_of(self, scheduler: Scheduler, *steps: DagStep) -> Any:
        pytest.skip("a crawler runs no steps")

    @pytest.mark.skip("a crawler runs no steps")
    def test_trigger(self) -> None: ...

    @pytest.mark.skip("a crawler runs no steps")
    def test_get_job(self) -> None: ...

    def test_classes_and_groups_are_kept_or_refused(self, scheduler: Scheduler) -> None:
        within = replace(nightly().dag.steps[0], id="part.step_1")
        dag = Dag((within,), groups={"part": "table:part"})
        scheduler.put_schedule(replace(nightly("grouped"), dag=dag))
        assert scheduler.get_schedule("grouped").dag == dag
        scheduler.delete_schedule("grouped")
        self.is_kept_or_refused(scheduler, replace(nightly(), dag=replace(dag, decided_by=("table:x",))))


def test_a_schedule_is_a_crawler_of_a_folder(moto_account: Account, on_moto: Scheduler) -> None:
    on_moto.put_schedule(nightly())
    found = moto_account.boto("glue").get_crawler(Name="nightly")["Crawler"]
    assert (found["Role"], found["DatabaseName"]) == (ROLE, "club")
    assert found["Targets"]["S3Targets"][0]["Path"] == f"s3://{BUCKET}/root/club/people/"
    assert found["Schedule"]["ScheduleExpression"] == "cron(0 12 * * ? *)"
    assert found["Description"].startswith("Made by Mason for table.infer. [mason ")
    assert on_moto.put_schedule(nightly()) == nightly()
    with pytest.raises(ConflictError):
        on_moto.put_schedule(nightly(times="0 6 * * *"))
    on_moto.put_schedule(replace(nightly("off"), enabled=False))
    assert "Schedule" not in moto_account.boto("glue").get_crawler(Name="off")["Crawler"]
    assert on_moto.get_schedule("off") == replace(nightly("off"), enabled=False)


@pytest.mark.parametrize(
    ("schedule", "said"),
    [
        (nightly(table_name="others"), "names the table of s3://lake/root/club/people after its folder: people"),
        (nightly(path="club/*.csv"), "without wildcards"),
        (nightly(path="file:///club/people"), "crawls a folder of a bucket"),
        (nightly(times="*/2 * * * *"), "at most every 5 minutes"),
        (nightly(database_name=""), "lacks database_name"),
    ],
    ids=str,
)
def test_what_a_crawler_would_do_otherwise_is_refused(on_moto: Scheduler, schedule: Schedule, said: str) -> None:
    with pytest.raises(EngineError) as raised:
        on_moto.put_schedule(schedule)
    assert said in str(raised.value)
    assert on_moto.list_schedules() == []


def test_other_workflows_are_refused_by_name_when_planning(on_moto: Scheduler) -> None:
    first = nightly().dag.steps[0]
    options = replace(first, parameters={**first.parameters, "read_headers": True, "overwrite": False})
    query = DagStep("step_2", "table:query", {}, ("step_1",), "1")
    keeps = on_moto.capabilities.keeps
    assert [message for message, _ in unkept(replace(nightly(), dag=Dag((options, query))), keeps, "glue")] == [
        "Scheduler glue does not keep read_headers of operator table:infer: step step_1 of workflow table:infer",
        "Scheduler glue does not keep operator table:query: step step_2 of workflow table:infer",
        "Scheduler glue does not keep 2 steps",
    ]


def test_a_crawl_is_a_job(on_moto: Scheduler) -> None:
    """moto's crawlers run until they are stopped; one that runs already is no failure."""
    on_moto.put_schedule(nightly())
    job = on_moto.trigger_schedule("nightly")
    assert (job.status, job.result["schedule"]) == ("running", "nightly")
    again = on_moto.trigger_schedule("nightly")
    assert again.status == "running"
    assert again.logs == ("Crawler nightly was running already: this is its crawl.",)
    assert on_moto.cancel_job(job.job_id).status in ("running", "cancelled")
    for job_id in ("nightly", "nightly/x", "other/1", ""):
        with pytest.raises(NotFoundError):
            on_moto.get_job(job_id)


@pytest.mark.slow
def test_a_crawl_ends(ministack: S3Server, aws: None, tmp_path: Path) -> None:
    account = emptied(ministack)
    scheduler = scheduler_of(client_of(account, tmp_path))
    scheduler.put_schedule(nightly())
    job = TestScheduler().ended(scheduler, scheduler.trigger_schedule("nightly"))
    assert (job.status, job.result["schedule"]) == ("succeeded", "nightly")
    assert job.submitted
    assert scheduler.get_job(job.job_id) == job
    with pytest.raises(ConflictError):
        scheduler.cancel_job(job.job_id)


def test_crawlers_of_others_are_seen_and_left_alone(ministack: S3Server, aws: None, tmp_path: Path) -> None:
    account = emptied(ministack)
    scheduler = scheduler_of(client_of(account, tmp_path))
    targets = {"S3Targets": [{"Path": f"s3://{BUCKET}/other"}]}
    account.boto("glue").create_crawler(Name="other", Role=ROLE, Targets=targets, Schedule="cron(0 6 * * ? *)")
    assert scheduler.get_schedule("other") == Schedule("other", "0 6 * * ? *", Dag(()))
    with pytest.raises(ConflictError) as raised:
        scheduler.put_schedule(nightly("other"), overwrite=True)
    assert "was not made by Mason" in str(raised.value)
    assert [each.name for each in scheduler.list_schedules()] == ["other"]


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("0 12 * * *", "cron(0 12 * * ? *)"),
        ("*/15 8-10 * * MON-FRI", "cron(0,15,30,45 8,9,10 ? * MON,TUE,WED,THU,FRI *)"),
        ("0 0 1 1,7 *", "cron(0 0 1 1,7 ? *)"),
        ("0 0 * * 0", "cron(0 0 ? * SUN *)"),
        ("0 0 * * 7", "cron(0 0 ? * SUN *)"),
        ("@weekly", "cron(0 0 ? * SUN *)"),
        ("0 12 ? * 2#1 2027", "cron(0 12 ? * 2#1 2027)"),
        ("cron(0 12 L * ? *)", "cron(0 12 L * ? *)"),
        ("59 * * * *", "cron(59 * * * ? *)"),
    ],
)
def test_times_mean_the_same_for_a_crawler(text: str, times: str) -> None:
    assert crawler_times(text) == times
    meant, made = cron.parse(text), cron.parse(times)
    assert (meant.minutes, meant.hours, meant.months) == (made.minutes, made.hours, made.months)


@pytest.mark.parametrize("text", ["0-3 * * * *", "0,58 * * * *", "0,58 23,0 * * *"])
def test_times_that_come_too_often(text: str) -> None:
    with pytest.raises(EngineError):
        crawler_times(text)
