"""When a schedule is due: cron expressions, and the moments that they mean in a time zone. Pure.

Two forms are read. Five fields are those of cron(8): minute, hour, day of the month, month, day of the week (0 and 7
are Sunday; where both days are restricted, one of them suffices), or a word such as ``@daily``. Six fields are those of
AWS: a year follows, Sunday is day 1, exactly one of the two days is ``?``; ``L``, ``W`` and ``#`` count from the end
of the month, from weekdays and by weeks. AWS's form:
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cron-expressions.html

Where clocks change: a time that does not exist (clocks go forward) is due once, at the moment right after the gap.
A time that is there twice (clocks go back) is due once, the first time. Only expressions that hold in every hour of
the day mean an interval, and go on through the repeated time.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from functools import lru_cache
from itertools import product

from mason.resources.cron_fields import Days, Field, month_words, parse_days, parse_field, weekday_words
from mason.resources.wording import nearest, quoted, shortened
from mason.resources.zones import find_zone
from mason.values import dataclass

_MINUTE = timedelta(minutes=1)
# Nothing in any zone was ever further apart: local times may lie so much before and after their moments.
_DAY = timedelta(days=1)
_SHORTHANDS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_FORMS = 'five fields, such as "0 12 * * MON-FRI", or the six of AWS, such as "0 12 ? * MON-FRI *"'
# The Gregorian calendar repeats itself after so many years.
_CYCLE = 400
# So many days are looked at for changes of clocks: ten years.
_LOOKED_AHEAD = 3653


class CronError(ValueError):
    """A cron expression that means nothing. ``faults`` are all that is wrong with it, each with its remedy (perhaps
    empty), as a diagnostic wants them; the message is one sentence for each."""

    def __init__(self, *faults: tuple[str, str]) -> None:
        self.faults = faults
        super().__init__("; ".join(f"{message} ({remedy})" if remedy else message for message, remedy in faults))


@dataclass(frozen=True, slots=True)
class Cron:
    """A parsed expression: the minutes, hours and months in which it holds, on which days, in which years.

    ``years`` is empty for every year. Made by :func:`parse`.
    """

    text: str
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    months: tuple[int, ...]
    days: Days
    years: tuple[int, ...] = ()

    def after(self, moment: datetime, zone: str) -> datetime | None:
        """The first moment after ``moment`` (aware) at which it is due, in UTC; ``None`` when it never is again.

        ``zone`` is the time zone's IANA name. Raises ``ZoneError`` for an unknown one.
        """
        return next(self._due(moment.astimezone(timezone.utc), find_zone(zone)), None)

    def between(self, after: datetime, until: datetime, zone: str, most: int) -> list[datetime]:
        """The moments in UTC at which it is due after ``after`` and not after ``until``, oldest first, at most so many.

        Raises as :meth:`after`.
        """
        found: list[datetime] = []
        for moment in self._due(after.astimezone(timezone.utc), find_zone(zone)):
            if moment > until or len(found) == most:
                break
            found.append(moment)
        return found

    def last(self, after: datetime, until: datetime, zone: str) -> datetime | None:
        """The last moment in UTC at which it is due after ``after`` and not after ``until``.

        Raises as :meth:`after`.
        """
        # Where a window holds nothing, a wider one holds little: what lies between is never gone through.
        window = timedelta(hours=1)
        while True:
            begin = max(after, until - window)
            found = None
            for moment in self._due(begin.astimezone(timezone.utc), find_zone(zone)):
                if moment > until:
                    break
                found = moment
            if found is not None or begin == after:
                return found
            window *= 24

    def is_day(self, day: date) -> bool:
        """Whether it is due on that day of the calendar."""
        return day.month in self.months and (not self.years or day.year in self.years) and self.days.match(day)

    def _due(self, after: datetime, zone: tzinfo) -> Iterator[datetime]:
        return self._by_elapsed_time(after, zone) if len(self.hours) == 24 else self._by_the_clock(after, zone)

    def _by_the_clock(self, after: datetime, zone: tzinfo) -> Iterator[datetime]:
        """Each time of the clock once. Times in a gap come down to one moment, which may be a regular time too."""
        last = after
        for day in self._days_from(_local(after, zone).date() - _DAY):
            for hour in self.hours:
                for minute in self.minutes:
                    moment = _moment(datetime.combine(day, time(hour, minute)), zone)
                    if moment > last:
                        last = moment
                        yield moment

    def _by_elapsed_time(self, after: datetime, zone: tzinfo) -> Iterator[datetime]:
        """Each minute of every hour that passes."""
        moment = after.replace(second=0, microsecond=0) + _MINUTE
        while True:
            local = _local(moment, zone)
            if not self.is_day(local.date()):
                day = next(self._days_from(local.date()), None)
                if day is None:
                    return
                # A change of clocks near midnight may put some of the day before it.
                moment = max(moment + _MINUTE, _moment(datetime.combine(day, time()), zone))
            elif local.minute in self.minutes or self._is_made_up_for(moment, local, zone):
                yield moment
                moment += _MINUTE
            else:
                moment += _MINUTE

    def _is_made_up_for(self, moment: datetime, local: datetime, zone: tzinfo) -> bool:
        """Whether clocks have just gone forward over a minute in which it would have been due."""
        skipped = _local(moment - _MINUTE, zone) + _MINUTE
        while skipped < local:
            if skipped.minute in self.minutes:
                return True
            skipped += _MINUTE
        return False

    def _days_from(self, day: date) -> Iterator[date]:
        """The days of the calendar on which it is due, from ``day`` on."""
        last = min(max(self.years) if self.years else day.year + _CYCLE, date.max.year)
        year, month = day.year, day.month
        while year <= last:
            if month in self.months and (not self.years or year in self.years):
                for number in range(1, calendar.monthrange(year, month)[1] + 1):
                    found = date(year, month, number)
                    if found >= day and self.days.match(found):
                        yield found
            year, month = (year, month + 1) if month < 12 else (year + 1, 1)


@lru_cache(maxsize=512)
def parse(text: str) -> Cron:
    """The meaning of a cron expression. Raises ``CronError`` with everything that is wrong with it."""
    given = text.strip()
    if given.lower().startswith("rate("):
        raise CronError(("rate(...) is not a cron expression", 'write what it means, such as "*/5 * * * *"'))
    wrapped = given.lower().startswith("cron(")
    if wrapped:
        if not given.endswith(")"):
            raise CronError(("the bracket after cron is not closed", f"write {given})"))
        given = given[5:-1].strip()
    if given.startswith("@"):
        given = _shorthand(given)
    words = given.upper().split()
    if len(words) == 6:
        return _of_six(text, words)
    if len(words) != 5:
        count = f"{len(words)} field{'' if len(words) == 1 else 's'}" if words else "nothing"
        raise CronError((f"a cron expression has five or six fields, and this has {count}", f"write {_FORMS}"))
    if wrapped:
        raise CronError(("cron(...) holds the six fields of AWS, and this has five", "leave cron( and ) out"))
    return _of_five(text, words)


def coming_faults(text: str, zone: str) -> list[tuple[str, str]]:
    """What is wrong with an expression for times from now on in the time zone ``zone``, which there is: each fault with
    its remedy. One whose years have passed means something, and is never due again."""
    try:
        if parse(text).after(datetime.now(timezone.utc), zone) is None:
            return [("it is never due again: its last time has passed", "choose a later year, or * for every year")]
    except CronError as error:
        return list(error.faults)
    return []


def clock_change(text: str, zone: str) -> datetime | None:
    """The first time of the clock, of the next ten years, that an expression without faults means and that a change of
    clocks in ``zone`` skips or brings twice. ``None`` where there is none, or where what counts is the time that passes
    (an expression of every hour)."""
    parsed, found = parse(text), find_zone(zone)
    if len(parsed.hours) == 24:
        return None
    noon = datetime.combine(datetime.now(found).date(), time(12))
    offset = noon.replace(tzinfo=found).utcoffset()
    for _ in range(_LOOKED_AHEAD):
        noon += _DAY
        before, offset = offset, noon.replace(tzinfo=found).utcoffset()
        if offset == before:
            continue
        for day in (noon.date() - _DAY, noon.date()):
            for hour, minute in product(parsed.hours, parsed.minutes) if parsed.is_day(day) else ():
                local = datetime.combine(day, time(hour, minute))
                if local.replace(tzinfo=found).utcoffset() != local.replace(tzinfo=found, fold=1).utcoffset():
                    return local
    return None


def forms(text: str) -> frozenset[str]:
    """What an expression without faults is made of, for schedulers that keep only some of it.

    ``five fields`` (words such as ``@daily`` are that, too) or ``six fields``; ``either day`` where one of two days
    suffices, and ``both days`` where both are restricted and have to hold; ``a year`` where it does not hold in every
    year; ``L``, ``W`` and ``#`` where a day counts so.
    """
    given = text.strip()
    words = (given[5:-1] if given.lower().startswith("cron(") else given).split()
    if len(words) < 6:
        restricted = len(words) == 5 and words[2] != "*" and words[4] != "*"
        either = restricted and not words[2].startswith("*") and not words[4].startswith("*")
        two_days = {"either day"} if either else {"both days"} if restricted else set()
        return frozenset({"five fields"} | two_days)
    of_month, of_week, year = words[2].upper(), words[4].upper(), words[5]
    # Words such as WED hold letters that mean something else in the days of the month.
    marks = {"W": of_month, "L": of_month + of_week, "#": of_week}
    return frozenset(
        {"six fields"} | ({"a year"} if year != "*" else set()) | {mark for mark, days in marks.items() if mark in days}
    )


def _shorthand(word: str) -> str:
    if word.lower() in _SHORTHANDS:
        return _SHORTHANDS[word.lower()]
    if word.lower() == "@reboot":
        raise CronError(("@reboot is no time", "write when it is to run"))
    meant = nearest(word.lower(), _SHORTHANDS)
    remedy = f"did you mean {meant}?" if meant else f"there are {shortened(_SHORTHANDS)}"
    raise CronError((f"there is no {quoted(word)}", remedy))


def _of_five(text: str, words: list[str]) -> Cron:
    faults: list[tuple[str, str]] = []
    minutes = parse_field(words[0], Field("minute", 0, 59), faults)
    hours = parse_field(words[1], Field("hour", 0, 23), faults)
    months = parse_field(words[3], Field("month", 1, 12, month_words(1)), faults)
    days_of_month = parse_days(words[2], Field("day of the month", 1, 31), faults, rich=False)
    days_of_week = parse_days(
        words[4], Field("day of the week", 0, 7, weekday_words(0), wraps=True), faults, rich=False
    )
    if faults:
        raise CronError(*faults)
    # As cron has it since the seventies: a field that begins with * restricts nothing that the other one would not.
    either = not words[2].startswith("*") and not words[4].startswith("*")
    days = Days(days_of_month, days_of_week, either=either)
    return _possible(Cron(text, minutes, hours, months, days))


def _of_six(text: str, words: list[str]) -> Cron:
    faults: list[tuple[str, str]] = []
    minutes = parse_field(words[0], Field("minute", 0, 59), faults)
    hours = parse_field(words[1], Field("hour", 0, 23), faults)
    months = parse_field(words[3], Field("month", 1, 12, month_words(1)), faults)
    years = parse_field(words[5], Field("year", 1970, 2199), faults)
    days_of_month = days_of_week = None
    if (words[2] == "?") == (words[4] == "?"):
        both = "both are" if words[2] == "?" else "neither is"
        faults.append(
            (
                f"with six fields, exactly one of day of the month and day of the week is ?, and {both}",
                "six fields are minute hour day-of-month month day-of-week year; without a year, write five",
            )
        )
    if words[2] != "?":
        days_of_month = parse_days(words[2], Field("day of the month", 1, 31), faults, rich=True)
    if words[4] != "?":
        days_of_week = parse_days(words[4], Field("day of the week", 1, 7, weekday_words(1)), faults, rich=True)
    if faults:
        raise CronError(*faults)
    chosen = () if words[5] == "*" else years
    return _possible(Cron(text, minutes, hours, months, Days(days_of_month, days_of_week), chosen))


def _possible(cron: Cron) -> Cron:
    first = min(cron.years) if cron.years else 2000
    if next(cron._days_from(date(first, 1, 1)), None) is None:
        raise CronError(("it is never due: no year has such a day", "choose a day that the months have"))
    return cron


def _local(moment: datetime, zone: tzinfo) -> datetime:
    """What clocks in ``zone`` show."""
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)


def _moment(local: datetime, zone: tzinfo) -> datetime:
    """When clocks in ``zone`` show ``local`` for the first time; where they never do, the end of the gap."""
    moment = local.replace(tzinfo=zone).astimezone(timezone.utc)
    if _local(moment, zone) == local:
        return moment
    # In a gap, fold 0 reads the clock as before the change and fold 1 as after it: the change lies between.
    before, behind = local.replace(tzinfo=zone, fold=1).astimezone(timezone.utc), moment
    offset = behind.astimezone(zone).utcoffset()
    while behind - before > timedelta(seconds=1):
        middle = before + (behind - before) / 2
        if middle.astimezone(zone).utcoffset() == offset:
            behind = middle
        else:
            before = middle
    return behind.replace(microsecond=0)
