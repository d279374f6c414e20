"""What becomes of the times of a schedule: which are to be run, which were missed, which come while an earlier one goes
on. Pure: whoever asks says what time it is, and writes down the ledger before anything is run.

A time is considered once. The ledger says up to which time that was done, so a clock that is set back brings no time
twice, and one that is set forward makes times late, as sleep does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from mason.engines.ledger import Ledger, Waiting
from mason.engines.models import Schedule
from mason.resources import cron
from mason.values import dataclass

GRACE = timedelta(seconds=60)
"""A time that is later than this was missed."""

MOST = 1000
"""So many times wait at most for a run, and so many missed ones are told at most."""

_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to become of the times that have come: ``ledger`` is to be written, ``queued`` are in its queue now.

    ``missed`` are those that are not run because they came too long ago (``more``: not all of them are told),
    ``skipped`` those that are not run because of an earlier run.
    """

    ledger: Ledger
    queued: tuple[Waiting, ...] = ()
    missed: tuple[datetime, ...] = ()
    more: bool = False
    skipped: tuple[datetime, ...] = ()


def next_time(schedule: Schedule, ledger: Ledger) -> datetime | None:
    """The first time that was not considered; ``None`` for a schedule that is not enabled, or never due again."""
    if not schedule.enabled:
        return None
    return cron.parse(schedule.schedule).after(ledger.considered, schedule.time_zone)


def decide(schedule: Schedule, ledger: Ledger, now: datetime, *, busy: bool, new_job_id: Callable[[], str]) -> Decision:
    """Decide on all times after ``ledger.considered`` and not after ``now``. ``busy``: a run of it goes on."""
    if not schedule.enabled:
        return Decision(ledger)
    times = cron.parse(schedule.schedule)
    edge = max(ledger.considered, now - GRACE - _MOMENT)
    late = times.between(ledger.considered, edge, schedule.time_zone, MOST + 1)
    in_time = times.between(edge, now, schedule.time_zone, MOST)
    if not late and not in_time:
        return Decision(ledger)
    made_up: list[datetime] = []
    if schedule.catch_up == "all":
        room = MOST - len(ledger.queue)
        made_up, left = late[: max(room, 0)], late[max(room, 0) :]
        if left:
            # The others when these have been run: a ledger does not grow without end.
            return _decided(ledger, made_up, [], [], made_up[-1] if made_up else ledger.considered, new_job_id)
    elif schedule.catch_up == "latest" and late and not in_time:
        # What is due now brings things up to date as well.
        last = times.last(ledger.considered, edge, schedule.time_zone)
        made_up = [last] if last is not None else []
    considered = in_time[-1] if in_time else times.last(ledger.considered, edge, schedule.time_zone)
    taken, skipped = _overlapping(schedule, in_time, occupied=len(ledger.queue) + len(made_up) + busy)
    missed = [each for each in late if each not in made_up] if schedule.catch_up != "all" else []
    decision = _decided(ledger, made_up, taken, skipped, considered or ledger.considered, new_job_id)
    return replace(decision, missed=tuple(missed[:MOST]), more=len(missed) > MOST)


def _overlapping(
    schedule: Schedule, in_time: list[datetime], *, occupied: int
) -> tuple[list[datetime], list[datetime]]:
    """Which times are taken, and which are skipped, when so many runs go on or wait already."""
    room = max(0, (MOST if schedule.overlap == "queue" else 1) - occupied)
    return in_time[:room], in_time[room:]


def _decided(
    ledger: Ledger,
    made_up: list[datetime],
    taken: list[datetime],
    skipped: list[datetime],
    considered: datetime,
    new_job_id: Callable[[], str],
) -> Decision:
    queued = tuple(Waiting(new_job_id(), each) for each in (*made_up, *taken))
    after = replace(ledger, considered=considered, queue=(*ledger.queue, *queued))
    return Decision(after, queued, skipped=tuple(skipped))
