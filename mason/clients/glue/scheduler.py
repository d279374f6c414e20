"""The scheduler of ``glue``: crawlers, each a schedule of ``table infer``, and triggers, each one of ``table refresh``.

A crawl has no id when it begins, so a job is named for its crawler and for when the crawl was started (seconds of the
epoch; 0: the crawl that went on already).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Any, ClassVar

from mason.clients._aws.denials import Asked, code_of
from mason.clients._glue_catalog.catalog_requests import GlueCatalog
from mason.clients._glue_catalog.table_inputs import table_of
from mason.clients._jobs import is_done, iso, now
from mason.clients._missing import missing
from mason.clients.glue import GlueClient, triggers
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
    """Crawlers and timed triggers of one account and region, those that Mason did not make included: these can be
    looked at and triggered, and are not replaced. No two of them have one name in Mason."""

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
            operators={OPERATOR: PARAMETERS, triggers.OPERATOR: triggers.PARAMETERS},
            most_steps=1,
        )
    )
    # Glue knows no key of a submission: whoever was killed while it was made is asked what became of it.
    handover = Handover(elsewhere=True)
    connection: GlueClient

    @cached_property
    def triggers(self) -> triggers.Triggers:
        """The requests about triggers."""
        return triggers.Triggers(self.connection.aws)

    def get_schedule(self, name: str) -> Schedule:
        """A crawler, or a trigger with times."""
        crawler, trigger = self._found(name)
        return schedule_of(crawler) if crawler is not None else triggers.schedule_of_trigger(trigger or {})

    def list_schedules(self) -> list[Schedule]:
        """All crawlers and all triggers with times, sorted by name."""
        found = [*map(schedule_of, self._crawlers()), *map(triggers.schedule_of_trigger, self.triggers.all())]
        return sorted(found, key=lambda each: each.name)

    def put_schedule(self, schedule: Schedule, *, overwrite: bool = False) -> Schedule:
        """Make a crawler or a trigger, or change the one that Mason made. One that is there as it is to be is no
        conflict."""
        check_schedule(schedule, self)
        if triggers.is_for_trigger(schedule):
            self._put_trigger(schedule, overwrite)
        else:
            self._put_crawler(schedule, overwrite)
        return schedule

    def _put_crawler(self, schedule: Schedule, overwrite: bool) -> None:
        described = crawler_of(schedule, self._role(), self._root())
        if self.triggers.found(schedule.name) is not None:
            raise _of_other_kind(schedule.name, "trigger", "crawler")
        try:
            self._call("create_crawler", f"create crawler {schedule.name}", "CreateCrawler", schedule.name, **described)
        except ConflictError as error:
            before = self._crawler(schedule.name)
            if schedule_of(before) == schedule:
                return
            _check_replaced(schedule.name, "Crawler", is_masons(before), overwrite, error)
            self._call("update_crawler", f"update crawler {schedule.name}", "UpdateCrawler", schedule.name, **described)

    def _put_trigger(self, schedule: Schedule, overwrite: bool) -> None:
        crawler = self._owner(schedule)
        if self._crawler_there(schedule.name) is not None:
            raise _of_other_kind(schedule.name, "crawler", "trigger")
        try:
            self.triggers.create(schedule, crawler)
        except ConflictError as error:
            before = self.triggers.found(schedule.name)
            found = triggers.schedule_of_trigger(before) if before is not None else None
            if before is not None and found == schedule and triggers.crawler_in(before) == crawler:
                return
            _check_replaced(schedule.name, "Trigger", found is not None and bool(found.dag.steps), overwrite, error)
            self.triggers.update(schedule, crawler)

    def _owner(self, schedule: Schedule) -> str:
        """The crawler that made the table which a schedule refreshes. Raises ``EngineError`` where none did."""
        given = schedule.dag.steps[0].parameters
        database, name = (str(given.get(each) or "") for each in triggers.PARAMETERS)
        if not (database and name):
            raise EngineError(f"Schedule {schedule.name} lacks {' or '.join(triggers.PARAMETERS)}.")
        catalog = GlueCatalog(self.connection.aws, str(self.connection.configuration.get("catalog_id", "")))
        owner = table_of(catalog.table(database, name), schema=False).schedule
        if not owner or self._crawler_there(owner) is None:
            by = f"what registered it, {owner}, is no crawler" if owner else "it was registered by hand"
            raise EngineError(
                f"No crawler owns table {name} in database {database} ({by}), so there is nothing that a trigger could "
                "start. Schedule a workflow of table infer, which becomes a crawler."
            )
        return owner

    def trigger_schedule(self, name: str) -> Job:
        """Start a crawler, that of a trigger, too. One that is at it already is told as the job that it is."""
        crawler, trigger = self._found(name)
        if crawler is None:
            assert trigger is not None, "one of them is there"
            check_enabled(triggers.schedule_of_trigger(trigger))
            name = triggers.crawler_in(trigger)
        else:
            check_enabled(schedule_of(crawler))
        try:
            answer = self._call("start_crawler", f"start crawler {name}", "StartCrawler", name, Name=name)
        except ConflictError as error:
            if code_of(error) != "CrawlerRunningException":
                raise
            return self.get_job(f"{name}/0")
        started = int(_server_time(answer))
        try:
            return self.get_job(f"{name}/{started}")
        except EngineError:
            # It is started, and an error would say that it is not: who asks for the job hears what is the matter.
            submitted = iso(datetime.fromtimestamp(started, timezone.utc))
            return Job(f"{name}/{started}", "queued", VERB, submitted=submitted, engine=self.role)

    def delete_schedule(self, name: str) -> Schedule:
        """Delete a crawler or a trigger. Raises ``ConflictError`` while a crawler runs."""
        crawler, trigger = self._found(name)
        if crawler is None:
            self.triggers.delete(name)
            return triggers.schedule_of_trigger(trigger or {})
        try:
            self._call("delete_crawler", f"delete crawler {name}", "DeleteCrawler", name, Name=name)
        except ConflictError as error:
            raise ConflictError(f"Crawler {name} is running. Cancel its job, or wait, then delete it.") from error
        return schedule_of(crawler)

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

    def _found(self, name: str) -> tuple[Mapping[str, Any] | None, Mapping[str, Any] | None]:
        """The crawler of that name, else the trigger. Raises ``NotFoundError`` where there is neither."""
        crawler = self._crawler_there(name)
        trigger = self.triggers.found(name) if crawler is None else None
        if crawler is None and trigger is None:
            raise missing("Schedule", name, [each.name for each in self.list_schedules()])
        return crawler, trigger

    def _crawler_there(self, name: str) -> Mapping[str, Any] | None:
        try:
            found: Mapping[str, Any] = self._call("get_crawler", f"get crawler {name}", "GetCrawler", name, Name=name)[
                "Crawler"
            ]
        except NotFoundError:
            return None
        return found

    def _crawler(self, name: str) -> Mapping[str, Any]:
        found = self._crawler_there(name)
        if found is None:
            raise missing("Schedule", name, [each["Name"] for each in self._crawlers()])
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


def _of_other_kind(name: str, there: str, wanted: str) -> ConflictError:
    return ConflictError(
        f"Schedule {name} is a {there}, and would be a {wanted}. Delete it first, or give this schedule another name."
    )


def _check_replaced(name: str, kind: str, is_masons: bool, overwrite: bool, error: ConflictError) -> None:
    """Raises ``ConflictError`` unless a schedule may be replaced."""
    if not overwrite:
        raise ConflictError(f"Schedule {name} exists already. Ask for overwrite to replace it.") from error
    if not is_masons:
        raise ConflictError(
            f"{kind} {name} was not made by Mason, so it is not replaced. Give the schedule another name."
        ) from error


def _job(job_id: str, crawler: Mapping[str, Any], started: float) -> Job:
    name, state = crawler["Name"], crawler.get("State", "READY")
    last = crawler.get("LastCrawl") or {}
    result = {"schedule": name, "status": state.lower()}
    submitted = iso(datetime.fromtimestamp(started, timezone.utc)) if started else ""
    told = () if started else (f"Crawler {name} was running already: this is its crawl.",)
    if state != "READY":
        return Job(job_id, "running", VERB, told, result, submitted, engine="scheduler")
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
        (*told, f"Log in CloudWatch: {log}") if log else told,
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
