"""A schedule as a crawler, and back: a crawler does what ``table infer`` does, by itself and at its times. Pure.

A crawler names a table after its folder and reads no options, so only a workflow of that one step can be one, whose
table has the folder's name. What the crawler itself has no room for (the config, the workflow) is packed into its
description, from which the schedule is read as it was put.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from mason.clients.glue.aws_cron import crawler_times, plain_times
from mason.clients.glue.packed_schedules import packed, unpacked
from mason.engines.file_urls import scheme_of
from mason.engines.models import Dag, Schedule
from mason.errors import EngineError
from mason.values import dataclass

OPERATOR = "table:infer"
PARAMETERS = ("database_name", "table_name", "path")


@dataclass(frozen=True, slots=True)
class Target:
    """What a crawler crawls: the folder (an ``s3`` URL with a slash at its end), into which table of which database."""

    folder: str
    database: str
    table: str


def target_of(schedule: Schedule, root: str) -> Target:
    """What the one step of a schedule is about; ``root`` is the URL of the config's storage.

    Raises ``EngineError`` for what a crawler would do otherwise.
    """
    given = schedule.dag.steps[0].parameters
    lacking = [name for name in PARAMETERS if not given.get(name)]
    if lacking:
        raise EngineError(f"Schedule {schedule.name} lacks {', '.join(lacking)}, which a crawler needs.")
    path = str(given["path"])
    url = path if scheme_of(path) else f"{root.rstrip('/')}/{path.strip('/')}"
    if scheme_of(url) != "s3" or any(each in url for each in "*?["):
        raise EngineError(
            f"A crawler crawls a folder of a bucket, and {url} is none. Give the folder's path or s3:// URL, without "
            "wildcards."
        )
    named = re.sub(r"[^a-z0-9_]", "_", url.rstrip("/").rpartition("/")[2].lower())
    if str(given["table_name"]).lower() != named:
        raise EngineError(
            f"A crawler names the table of {url} after its folder: {named}. Schedule {schedule.name} wants "
            f"{given['table_name']}: give the table that name."
        )
    return Target(url.rstrip("/") + "/", str(given["database_name"]).lower(), named)


def crawler_of(schedule: Schedule, role: str, root: str) -> dict[str, Any]:
    """The arguments of ``CreateCrawler`` and ``UpdateCrawler``. Raises ``EngineError`` for what cannot be one."""
    target = target_of(schedule, root)
    times = crawler_times(schedule.schedule)
    return {
        "Name": schedule.name,
        "Role": role,
        "DatabaseName": target.database,
        "Description": packed(schedule, "crawler", OPERATOR),
        "Targets": {"S3Targets": [{"Path": target.folder}]},
        # One that is not enabled has no times; its own are in the description.
        "Schedule": times if schedule.enabled else "",
        "SchemaChangePolicy": {"UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": "LOG"},
        "RecrawlPolicy": {"RecrawlBehavior": "CRAWL_EVERYTHING"},
        # One table for the folder, and not one for each of the schemas in it.
        "Configuration": json.dumps({"Version": 1.0, "Grouping": {"TableGroupingPolicy": "CombineCompatibleSchemas"}}),
    }


def schedule_of(crawler: Mapping[str, Any]) -> Schedule:
    """The schedule that a crawler is; of one that Mason did not make, its name and times."""
    found = unpacked(crawler.get("Description") or "")
    if found is not None:
        return found
    times = (crawler.get("Schedule") or {}).get("ScheduleExpression") or ""
    return Schedule(crawler["Name"], plain_times(times), Dag(()), enabled=bool(times))


def is_masons(crawler: Mapping[str, Any]) -> bool:
    """Whether Mason made a crawler."""
    return bool(schedule_of(crawler).dag.steps)
