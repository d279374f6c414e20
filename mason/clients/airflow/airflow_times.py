"""The times of a schedule as Airflow's timetables take them. Pure.

Airflow reads cron by croniter: six fields are seconds there, not years, and a list of all days of the month counts as
no day at all. So the days are written anew as numbers, of which there is one meaning only. What the clocks do on the
days when they change is kept by refusing times that they skip or show twice (``Keeps.clock_changes``).
"""

from __future__ import annotations

from collections.abc import Sequence

from mason.resources import cron

_EVERY_WEEKDAY = frozenset(range(7))
_EVERY_DAY = frozenset(range(1, 32))


def timetable(text: str) -> str:
    """An expression that means something and that Airflow keeps, as five fields of croniter."""
    parsed = cron.parse(text)
    of_month, of_week = "*", "*"
    days = parsed.days
    if days.of_month is not None and days.of_month.numbers != _EVERY_DAY:
        of_month = _listed(sorted(days.of_month.numbers))
    if days.of_week is not None and days.of_week.numbers != _EVERY_WEEKDAY:
        nth = [f"{weekday}#{count}" for weekday, count in sorted(days.of_week.nth)]
        of_week = ",".join([*map(str, sorted(days.of_week.numbers)), *nth])
    if days.either and "*" in (of_month, of_week):
        # One of the two is every day.
        of_month = of_week = "*"
    hours = "*" if len(parsed.hours) == 24 else _listed(parsed.hours)
    months = "*" if len(parsed.months) == 12 else _listed(parsed.months)
    return f"{_listed(parsed.minutes)} {hours} {of_month} {months} {of_week}"


def _listed(numbers: Sequence[int]) -> str:
    return ",".join(map(str, numbers))
