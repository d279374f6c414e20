"""Cron expressions as crawlers take them: AWS's six fields, within brackets, and at most every five minutes. Pure."""

from __future__ import annotations

from itertools import pairwise

from mason.errors import EngineError
from mason.resources import cron

_LEAST_MINUTES = 5
_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")


def crawler_times(text: str) -> str:
    """``cron(...)`` for an expression that means something. Raises ``EngineError`` for one that is due too often."""
    parsed = cron.parse(text)
    _check_gaps(parsed, text)
    if "six fields" in cron.forms(text):
        inner = text.strip()
        return inner if inner.lower().startswith("cron(") else f"cron({' '.join(inner.upper().split())})"
    of_month, of_week = parsed.days.of_month, parsed.days.of_week
    days, weekdays = "*", "?"
    if of_week is not None and len(of_week.numbers) < len(_WEEKDAYS):
        # Sunday is 1 there: names mean the same everywhere.
        days, weekdays = "?", ",".join(_WEEKDAYS[number] for number in sorted(of_week.numbers))
    elif of_month is not None:
        days = _listed(sorted(of_month.numbers), 31, 1)
    minutes, hours = _listed(parsed.minutes, 60, 0), _listed(parsed.hours, 24, 0)
    return f"cron({minutes} {hours} {days} {_listed(parsed.months, 12, 1)} {weekdays} *)"


def plain_times(text: str) -> str:
    """The fields of what a crawler has; empty where it has no times."""
    return text[len("cron(") : -1] if text.startswith("cron(") and text.endswith(")") else text


def _listed(numbers: tuple[int, ...] | list[int], most: int, first: int) -> str:
    if len(numbers) == most and numbers[0] == first:
        return "*"
    return ",".join(map(str, numbers))


def _check_gaps(parsed: cron.Cron, text: str) -> None:
    minutes = parsed.minutes
    gaps = [later - earlier for earlier, later in pairwise(minutes)]
    hours = parsed.hours
    follow = any(later - earlier == 1 for earlier, later in pairwise(hours))
    if follow or {0, 23} <= set(hours):
        gaps.append(minutes[0] + 60 - minutes[-1])
    if gaps and min(gaps) < _LEAST_MINUTES:
        raise EngineError(
            f"A crawler runs at most every {_LEAST_MINUTES} minutes, and {text!r} is due every {min(gaps)}. Choose "
            "rarer times."
        )
