"""The fields of a cron expression: numbers, names, ranges, steps and lists, and the days that AWS can say. Pure."""

from __future__ import annotations

import calendar
import re
from collections.abc import Mapping
from datetime import date

from mason.resources.wording import nearest, quoted
from mason.values import dataclass, field

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")

Faults = list[tuple[str, str]]
"""What is wrong, and how to mend it."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field: what it is called, its smallest and largest number, and the names that stand for numbers.

    ``wraps``: the largest number is another spelling of the smallest, as 7 and 0 are both Sunday.
    """

    name: str
    low: int
    high: int
    words: Mapping[str, int] = field(default_factory=dict)
    wraps: bool = False

    @property
    def values(self) -> str:
        """What it takes, as a remedy says it."""
        names = list(self.words)
        return f"{self.low} to {self.high}" + (f", or {names[0]} to {names[-1]}" if names else "")


@dataclass(frozen=True, slots=True)
class DaySet:
    """Days of the month or of the week.

    ``numbers`` are plain ones (of the week: 0 is Sunday). ``from_end`` are days before the month's last (``L`` is 0).
    ``near`` are days of the month whose nearest weekday is meant (``W``; 0: the last weekday, ``LW``). ``nth`` are
    pairs of a day of the week and which of the month it is (``#``; 0: the last one).
    """

    numbers: frozenset[int] = frozenset()
    from_end: frozenset[int] = frozenset()
    near: frozenset[int] = frozenset()
    nth: frozenset[tuple[int, int]] = frozenset()


@dataclass(frozen=True, slots=True)
class Days:
    """On which days: those that are in both sets, or with ``either`` in one; ``None`` restricts nothing."""

    of_month: DaySet | None
    of_week: DaySet | None
    either: bool = False

    def match(self, day: date) -> bool:
        """Whether ``day`` is one of them."""
        by_month = self.of_month is None or _in_month(self.of_month, day)
        by_week = self.of_week is None or _in_week(self.of_week, day)
        return by_month or by_week if self.either else by_month and by_week


def month_words(first: int) -> dict[str, int]:
    """``JAN`` to ``DEC``, January being ``first``."""
    return {word: number for number, word in enumerate(_MONTHS, first)}


def weekday_words(first: int) -> dict[str, int]:
    """``SUN`` to ``SAT``, Sunday being ``first``."""
    return {word: number for number, word in enumerate(_WEEKDAYS, first)}


def parse_field(text: str, of: Field, faults: Faults) -> tuple[int, ...]:
    """The numbers that a field means, sorted; what is wrong with it is added to ``faults``."""
    found: set[int] = set()
    for part in text.split(","):
        found |= _part(part, text, of, faults)
    return tuple(sorted(found))


def parse_days(text: str, of: Field, faults: Faults, *, rich: bool) -> DaySet | None:
    """The days that a field means. ``rich``: with ``L``, ``W`` and ``#``, as AWS has them."""
    if text == "*":
        return None
    weekly = of.words != {}
    plain: list[str] = []
    special = DaySet()
    for part in text.split(","):
        found = _special(part, of, weekly, faults) if rich else None
        if found is None:
            if not rich and (fault := _only_in_six(part, of)):
                faults.append(fault)
            else:
                plain.append(part)
        else:
            special = DaySet(
                special.numbers | found.numbers,
                special.from_end | found.from_end,
                special.near | found.near,
                special.nth | found.nth,
            )
    if weekly and "#" in text and "," in text:
        faults.append((f"{of.name}: {quoted(text)} has # in a list", "AWS takes # alone, for one day"))
    numbers = set(parse_field(",".join(plain), of, faults)) if plain else set()
    # Sunday is 0 from here on: 7 is 0 too, and AWS counts from 1.
    numbers = {(number - of.low) % 7 for number in numbers} if weekly else numbers
    return DaySet(special.numbers | numbers, special.from_end, special.near, special.nth)


def _only_in_six(part: str, of: Field) -> tuple[str, str] | None:
    """What to say of signs of AWS's form in the other."""
    if part == "?":
        return (f"{of.name}: ? belongs to the six fields of AWS", "write * instead, or add the year as sixth field")
    if part not in of.words and ("#" in part or re.fullmatch(r"L(-\d+|W)?|\d+[LW]|[A-Z]{3}L", part)):
        sign = "#" if "#" in part else "W" if "W" in part else "L"
        return (
            f"{of.name}: {sign} belongs to the six fields of AWS",
            'write six fields, with ? for the other day and the year, such as "0 12 L * ? *"',
        )
    return None


def _special(part: str, of: Field, weekly: bool, faults: Faults) -> DaySet | None:
    """What ``L``, ``W`` and ``#`` mean in one part; ``None`` for a part without them."""
    if weekly:
        if part == "L":
            return DaySet(numbers=frozenset({6}))
        if match := re.fullmatch(r"([^#]+)L", part):
            return DaySet(nth=frozenset({(_number(match[1], part, of, faults) - of.low, 0)}))
        if match := re.fullmatch(r"([^#]+)#(.*)", part):
            if match[2] not in ("1", "2", "3", "4", "5"):
                faults.append(
                    (f"{of.name}: {quoted(part)} asks for week {quoted(match[2])}", "write 1 to 5 after the #")
                )
                return DaySet()
            return DaySet(nth=frozenset({(_number(match[1], part, of, faults) - of.low, int(match[2]))}))
        return None
    if part == "LW":
        return DaySet(near=frozenset({0}))
    if match := re.fullmatch(r"L(?:-(\d+))?", part):
        before = int(match[1] or 0)
        if before > 30:
            faults.append((f"{of.name}: {quoted(part)} is in no month", "write L-1 to L-30"))
        return DaySet(from_end=frozenset({before}))
    if match := re.fullmatch(r"(.+)W", part):
        return DaySet(near=frozenset({_number(match[1], part, of, faults)}))
    return None


def _part(part: str, text: str, of: Field, faults: Faults) -> set[int]:
    """The numbers of one part of a list."""
    body, slash, step_text = part.partition("/")
    step = 1
    if slash:
        if not step_text.isascii() or not step_text.isdigit() or int(step_text) == 0:
            faults.append((f"{of.name}: the step in {quoted(part)} is no number from 1 on", "write */5, for instance"))
            return set()
        step = int(step_text)
        if step > of.high:
            faults.append(
                (f"{of.name}: the step in {quoted(part)} leaps over everything", f"the largest number is {of.high}")
            )
            return set()
    if body == "*":
        return set(range(of.low, of.high + 1 - of.wraps, step))
    first, dash, last = body.partition("-")
    if not part:
        faults.append((f"{of.name}: a part of {quoted(text)} is empty", "take out the comma"))
        return set()
    before = len(faults)
    begin = _number(first, part, of, faults)
    # Without an end, a step goes as far as the field does.
    end = _number(last, part, of, faults) if dash else of.high - of.wraps if slash else begin
    if of.wraps and dash and end == of.low and begin > end:
        end = of.high
    if len(faults) > before:
        return set()
    if end < begin:
        faults.append(
            (
                f"{of.name}: the range {quoted(part)} runs backwards",
                f"write two: {first}-{_last_word(of)},{_first_word(of)}-{last}",
            )
        )
        return set()
    return set(range(begin, end + 1, step))


def _first_word(of: Field) -> str:
    return next(iter(of.words), str(of.low))


def _last_word(of: Field) -> str:
    return list(of.words)[-1] if of.words else str(of.high)


def _number(word: str, part: str, of: Field, faults: Faults) -> int:
    """The number that a word means. The smallest one for what means none, which is a fault."""
    if word in of.words:
        return of.words[word]
    inside = "" if word == part else f" in {quoted(part)}"
    if not word.isascii() or not word.isdigit():
        meant = nearest(word, of.words) if word else ""
        remedy = f"did you mean {meant}?" if meant else f"write {of.values}"
        said = "a number is missing" if not word else f"{quoted(word)} is no number"
        faults.append((f"{of.name}: {said}{inside or (' in ' + quoted(part) if not word else '')}", remedy))
        return of.low
    if not of.low <= int(word) <= of.high:
        faults.append((f"{of.name}: there is no {word}{inside}", f"write {of.values}"))
        return of.low
    return int(word)


def _in_month(days: DaySet, day: date) -> bool:
    if day.day in days.numbers:
        return True
    if not days.from_end and not days.near:
        return False
    last = calendar.monthrange(day.year, day.month)[1]
    return last - day.day in days.from_end or any(_nearest_weekday(day, near, last) == day.day for near in days.near)


def _nearest_weekday(day: date, number: int, last: int) -> int:
    """The weekday nearest to a day of the month, without leaving the month; 0 for a day that the month has not."""
    wanted = number or last
    if wanted > last:
        return 0
    weekday = calendar.weekday(day.year, day.month, wanted)
    if weekday == calendar.SATURDAY:
        return wanted - 1 if wanted > 1 else wanted + 2
    if weekday == calendar.SUNDAY:
        return wanted + 1 if wanted < last else wanted - 2
    return wanted


def _in_week(days: DaySet, day: date) -> bool:
    weekday = day.isoweekday() % 7
    if weekday in days.numbers:
        return True
    if not days.nth:
        return False
    last = calendar.monthrange(day.year, day.month)[1]
    return (weekday, (day.day + 6) // 7) in days.nth or ((weekday, 0) in days.nth and day.day + 7 > last)
