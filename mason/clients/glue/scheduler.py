"""The scheduler of ``glue``: crawlers, each a schedule of ``table infer``.

A crawl has no id when it begins, so a job is named for its crawler and for when the crawl was started (seconds of the
epoch; 0: the crawl that went on already).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any, ClassVar

from mason.clients._aws.denials import Asked, code_of
from mason.clients._jobs import is_done, iso, now
from mason.clients._missing import missing
from mason.clients.glue import GlueClient
from mason.clients.glue.crawlers import OPERATOR, PARAMETERS, crawler_of, is_masons, schedule_of
from mason.engines.capabilities import Capabilities
from mason.engines.jobs import OPEN, Handover
from mason.engines.models import Job, Schedule
from mason.engines.scheduler import Scheduler, check_enabled, check_schedule
from mason.engines.scheduling import Keeps
from mason.errors import ConflictError, EngineError, NotFoundError

VERB = "scheduler.trigger_schedule"
_PAGE = 1000
# Seconds by which the clocks of Glue's machines may differ.
_SKEW = 5.0
_ENDS = {"SUCCEEDED": "succeeded", "COMPLETED": "succeeded", "CANCELLED": "cancelled", "STOPPED": "cancelled"}


class GlueScheduler(Scheduler):
    """Crawlers of one account and region, those that Mason did not make included: these can be looked at and
    triggered, and are not replaced."""

    supports: ClassVar[frozenset[str]] = frozenset(
        {
            "get_schedule",
            "list_schedules",
            "put_schedule",
            "trigger_schedule",
            "delete_schedule",
            "get_job",
            "cancel_job",
        }
    )
    capabilities: ClassVar[Capabilities] = Capabilities(
        keeps=Keeps(
            cron=("five fields", "six fields", "a year", "L", "W", "#"),
            operators={OPERATOR: PARAMETERS},
            most_steps=1,
        )
    )
    # Glue knows no key of a submission: whoever was killed while it was made is asked what became of it.
    handover = Handover(elsewhere=True)
    connection: GlueClient

    def get_schedule(self, name: str) -> Schedule:
        """A crawler."""
        return schedule_of(self._crawler(name))

    def list_schedules(self) -> list[Schedule]:
        """All crawlers, sorted by name."""
        return sorted(map(schedule_of, self._crawlers()), key=lambda each: each.name)

    def put_schedule(self, schedule: Schedule, *, overwrite: bool = False) -> Schedule:
        """Make a crawler, or change the one that Mason made. One that is there as it is to be is no conflict."""
        check_schedule(schedule, self)
        described = crawler_of(schedule, self._role(), self._root())
        try:
            self._call("create_crawler", f"create crawler {schedule.name}", "CreateCrawler", schedule.name, **described)
        except ConflictError as error:
            before = self._crawler(schedule.name)
            if schedule_of(before) == schedule:
                return schedule
            if not overwrite:
                raise ConflictError(
                    f"Schedule {schedule.name} exists already. Ask for overwrite to replace it."
                ) from error
            if not is_masons(before):
                raise ConflictError(
                    f"Crawler {schedule.name} was not made by Mason, so it is not replaced. Give the schedule another "
                    "name."
                ) from error
            self._call("update_crawler", f"update crawler {schedule.name}", "UpdateCrawler", schedule.name, **described)
        return schedule

    def trigger_schedule(self, name: str) -> Job:
        """Start a crawler. One that is at it already is told as the job that it is."""
        check_enabled(schedule_of(self._crawler(name)))
        try:
            answer = self._call("start_crawler", f"start crawler {name}", "StartCrawler", name, Name=name)
        except ConflictError as error:
            if code_of(error) != "CrawlerRunningException":
                raise
            job = self.get_job(f"{name}/0")
            return Job(
                job.job_id,
                job.status,
                VERB,
                (*job.logs, f"Crawler {name} was running already: this is its crawl."),
                job.result,
                job.submitted,
                job.finished,
                self.role,
                job.reason,
            )
        return self.get_job(f"{name}/{int(_server_time(answer))}")

    def delete_schedule(self, name: str) -> Schedule:
        """Delete a crawler. Raises ``ConflictError`` while it runs."""
        found = self.get_schedule(name)
        try:
            self._call("delete_crawler", f"delete crawler {name}", "DeleteCrawler", name, Name=name)
        except ConflictError as error:
            raise ConflictError(f"Crawler {name} is running. Cancel its job, or wait, then delete it.") from error
        return found

    def get_job(self, job_id: str) -> Job:
        """How a crawl goes."""
        name, slash, started = job_id.rpartition("/")
        if not slash or not started.isdigit():
            raise NotFoundError(f"There is no job {job_id}.")
        return _job(job_id, self._crawler(name), float(started))

    def cancel_job(self, job_id: str) -> Job:
        """Stop a crawl: it may take a while."""
        job = self.get_job(job_id)
        name = job_id.rpartition("/")[0]
        if job.status not in OPEN:
            raise is_done(job)
        try:
            self._call("stop_crawler", f"stop crawler {name}", "StopCrawler", name, Name=name)
        except EngineError as error:
            if code_of(error) not in ("CrawlerNotRunningException", "CrawlerStoppingException"):
                raise
        return self.get_job(job_id)

    def _crawler(self, name: str) -> Mapping[str, Any]:
        try:
            found: Mapping[str, Any] = self._call("get_crawler", f"get crawler {name}", "GetCrawler", name, Name=name)[
                "Crawler"
            ]
        except NotFoundError as error:
            raise missing("Schedule", name, [each["Name"] for each in self._crawlers()]) from error
        return found

    def _crawlers(self) -> Iterator[Mapping[str, Any]]:
        more: dict[str, Any] = {}
        while True:
            answer = self._call("get_crawlers", "list the crawlers", "GetCrawlers", "*", MaxResults=_PAGE, **more)
            yield from answer.get("Crawlers") or ()
            if not answer.get("NextToken"):
                return
            more = {"NextToken": answer["NextToken"]}

    def _role(self) -> str:
        role = self.connection.configuration.get("crawler_role")
        if not role:
            raise EngineError(
                f"Client {self.client} has no crawler_role: the name or ARN of the role by which crawlers read the "
                "bucket and write the catalog."
            )
        return str(role)

    def _root(self) -> str:
        """The URL that paths start from: that of the config's storage."""
        for facts in self.connection.neighbours.values():
            if "storage" in facts.get("engines", ()) and facts.get("url"):
                return str(facts["url"])
        return ""

    def _call(self, operation: str, doing: str, action: str, name: str, **arguments: Any) -> Any:
        aws = self.connection.aws
        arn = f"arn:{aws.partition}:glue:{aws.region}:*:crawler/{name}"
        return aws.call("glue", operation, Asked(doing, f"glue:{action}", arn), **arguments)


def _job(job_id: str, crawler: Mapping[str, Any], started: float) -> Job:
    name, state = crawler["Name"], crawler.get("State", "READY")
    last = crawler.get("LastCrawl") or {}
    result = {"schedule": name, "status": state.lower()}
    submitted = iso(datetime.fromtimestamp(started, timezone.utc)) if started else ""
    if state != "READY":
        return Job(job_id, "running", VERB, result=result, submitted=submitted, engine="scheduler")
    began = last.get("StartTime")
    if not isinstance(began, datetime) or began.timestamp() < started - _SKEW:
        # It was asked for, and has not begun yet.
        return Job(job_id, "queued", VERB, result=result, submitted=submitted, engine="scheduler")
    status = _ENDS.get(str(last.get("Status")), "failed")
    reason = str(last.get("ErrorMessage") or "") or ("Glue gave no reason." if status == "failed" else "")
    log = f"{last['LogGroup']}/{last.get('LogStream', '')}" if last.get("LogGroup") else ""
    return Job(
        job_id,
        status,
        VERB,
        (f"Log in CloudWatch: {log}",) if log else (),
        {**result, "status": status} if status == "succeeded" else {},
        submitted,
        iso(began),
        "scheduler",
        reason,
    )


def _server_time(answer: Mapping[str, Any]) -> float:
    """When the service answered, by its own clock."""
    told = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date", "")
    try:
        return parsedate_to_datetime(told).timestamp()
    except (TypeError, ValueError):
        return now().timestamp()
