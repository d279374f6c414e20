"""A schedule as a trigger of Glue's, and back: at its times it starts the crawler that made a table, as
``table refresh`` does.

So several schedules may start one crawler, and one that has no times of its own, or that others made, gets some. Only
triggers with times are schedules: those that follow on other work, or are started by hand, have none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from mason.clients._aws.connecting import Connection
from mason.clients._aws.denials import Asked
from mason.clients.glue.aws_cron import crawler_times, plain_times
from mason.clients.glue.packed_schedules import packed, unpacked
from mason.engines.models import Dag, Schedule
from mason.errors import EngineError, NotFoundError

OPERATOR = "table:refresh"
PARAMETERS = ("database_name", "table_name")
_PAGE = 200
_TIMED = "SCHEDULED"
_ON, _OFF = ("ACTIVATING", "ACTIVATED"), ("DEACTIVATING", "DEACTIVATED")


def is_for_trigger(schedule: Schedule) -> bool:
    """Whether a schedule becomes a trigger; others become crawlers."""
    return any(step.operator == OPERATOR for step in schedule.dag.steps)


def schedule_of_trigger(trigger: Mapping[str, Any]) -> Schedule:
    """The schedule that a trigger is; of one that Mason did not make, its name and times. One that was stopped or
    started by others is told so."""
    state = trigger.get("State", "")
    found = unpacked(trigger.get("Description") or "")
    if found is None:
        return Schedule(trigger["Name"], plain_times(trigger.get("Schedule") or ""), Dag(()), enabled=state in _ON)
    return replace(found, enabled=state in _ON) if state in (*_ON, *_OFF) else found


def crawler_in(trigger: Mapping[str, Any]) -> str:
    """The crawler that a trigger starts. Raises ``EngineError`` for one that starts anything else."""
    names = [each.get("CrawlerName") for each in trigger.get("Actions") or ()]
    if len(names) != 1 or not names[0]:
        raise EngineError(
            f"Trigger {trigger['Name']} starts other things than one crawler, which Mason does not start. Glue does at "
            "its times."
        )
    return str(names[0])


class Triggers:
    """The requests about triggers of one account and region."""

    def __init__(self, aws: Connection) -> None:
        self._aws = aws

    def found(self, name: str) -> Mapping[str, Any] | None:
        """A trigger with times; ``None`` where there is none of that name."""
        try:
            answer = self._call("get_trigger", f"get trigger {name}", "GetTrigger", name, Name=name)
        except NotFoundError:
            return None
        trigger: Mapping[str, Any] = answer["Trigger"]
        return trigger if trigger.get("Type") == _TIMED else None

    def all(self) -> Iterator[Mapping[str, Any]]:
        """All triggers with times, page by page."""
        more: dict[str, Any] = {}
        while True:
            answer = self._call("get_triggers", "list the triggers", "GetTriggers", "*", MaxResults=_PAGE, **more)
            yield from (each for each in answer.get("Triggers") or () if each.get("Type") == _TIMED)
            if not answer.get("NextToken"):
                return
            more = {"NextToken": answer["NextToken"]}

    def create(self, schedule: Schedule, crawler: str) -> None:
        """Make the trigger of a schedule. Raises ``ConflictError`` where the name is taken."""
        name = schedule.name
        described = {"Name": name, "Type": _TIMED, **_described(schedule, crawler)}
        self._call(
            "create_trigger",
            f"create trigger {name}",
            "CreateTrigger",
            name,
            StartOnCreation=schedule.enabled,
            **described,
        )

    def update(self, schedule: Schedule, crawler: str) -> None:
        """Change the trigger of a schedule, and start or stop it."""
        name = schedule.name
        update = _described(schedule, crawler)
        self._call("update_trigger", f"update trigger {name}", "UpdateTrigger", name, Name=name, TriggerUpdate=update)
        doing = "start" if schedule.enabled else "stop"
        self._call(f"{doing}_trigger", f"{doing} trigger {name}", f"{doing.title()}Trigger", name, Name=name)

    def delete(self, name: str) -> None:
        """Delete a trigger."""
        self._call("delete_trigger", f"delete trigger {name}", "DeleteTrigger", name, Name=name)

    def _call(self, operation: str, doing: str, action: str, name: str, **arguments: Any) -> Any:
        arn = f"arn:{self._aws.partition}:glue:{self._aws.region}:*:trigger/{name}"
        return self._aws.call("glue", operation, Asked(doing, f"glue:{action}", arn), **arguments)


def _described(schedule: Schedule, crawler: str) -> dict[str, Any]:
    return {
        "Schedule": crawler_times(schedule.schedule),
        "Actions": [{"CrawlerName": crawler}],
        "Description": packed(schedule, "trigger", OPERATOR),
    }
