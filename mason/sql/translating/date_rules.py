"""Functions of dates and timestamps: which parts there are, what a difference counts, how formats are read.

A rule that is made here checks what it is given; the dialect says its text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mason.sql.sql_types import BIGINT, DATE, DOUBLE, INTEGER, INTERVAL, TIMESTAMP, VARCHAR
from mason.sql.translating.rules import Call, Rule
from mason.sql.translating.translated import Value

PARTS = ("year", "month", "day", "quarter", "week", "dow", "isodow", "doy", "isoyear")
CLOCK = ("hour", "minute", "second")
_KNOWN = (*PARTS, *CLOCK, "epoch")
_SAME = {"years": "year", "y": "year", "yr": "year", "yrs": "year", "quarters": "quarter", "months": "month"}
_SAME |= {"mon": "month", "weeks": "week", "w": "week", "weekofyear": "week", "days": "day", "d": "day"}
_SAME |= {"dayofmonth": "day", "weekday": "dow", "dayofweek": "dow", "dayofyear": "doy", "hours": "hour", "h": "hour"}
_SAME |= {"minutes": "minute", "mins": "minute", "min": "minute", "m": "minute", "seconds": "second", "sec": "second"}
_SAME |= {"s": "second"}
_TRUNCATED = ("year", "quarter", "month", "week", "day", *CLOCK)
COUNTED = ("year", "quarter", "month", "day", *CLOCK)


def unit_of(call: Call, written: str) -> str:
    """The name of a part that was written in one of its ways."""
    unit = written.lower()
    unit = _SAME.get(unit, unit)
    if unit not in _KNOWN:
        raise call.refused(f"the part {written!r} is not known to be the same", f"Use {', '.join(_KNOWN)}.")
    return unit


def moment(call: Call, index: int) -> Value:
    """An argument that has to be a DATE or a TIMESTAMP."""
    value = call.arguments[index]
    if value.type not in (DATE, TIMESTAMP):
        raise call.refused(f"{call.name} of {value.type} is not known to be the same", "Cast it to DATE or TIMESTAMP.")
    return value


def timestamp(call: Call, value: Value) -> str:
    """A DATE or TIMESTAMP as a TIMESTAMP."""
    return call.cast(value.text, TIMESTAMP) if value.type == DATE else value.text


def parts(templates: Mapping[str, str], epoch: str, why: Callable[[str], str]) -> dict[str, Rule]:
    """date_part, epoch and the functions that are called as a part is; what has no template is refused.

    ``epoch``: seconds since 1970 of a timestamp, as a DOUBLE. ``why``: why a part looks otherwise, empty where it does
    not.
    """

    def part_of(call: Call, unit: str, value: Value) -> Value:
        if reason := why(unit):
            call.rewritten(reason)
        if unit == "epoch" and epoch:
            return Value(epoch.format(timestamp(call, value)), DOUBLE)
        if unit not in templates:
            raise call.refused(f"{unit} is not known to be the same in {call.dialect.engine}", "Leave it out.")
        return call.bigint(templates[unit].format(timestamp(call, value) if unit in CLOCK else value.text))

    def date_part(call: Call) -> Value:
        call.count(2)
        return part_of(call, unit_of(call, call.told(0)), moment(call, 1))

    def named(call: Call) -> Value:
        call.count(1)
        return part_of(call, unit_of(call, call.name), moment(call, 0))

    names = ["year", "month", "day", "dayofmonth", "quarter", "week", "weekofyear", "hour", "minute", "second"]
    names += ["dayofweek", "isodow", "dayofyear", "weekday", "isoyear", "epoch"]
    return {"date_part": date_part, "datepart": date_part, **dict.fromkeys(names, named)}


def truncated(template: str, why: str = "", *, upper: bool = False) -> Rule:
    """date_trunc, of a unit, in capital letters where ``upper`` says so, and of a timestamp."""

    def rule(call: Call) -> Value:
        call.count(2)
        unit = unit_of(call, call.told(0))
        if unit not in _TRUNCATED:
            raise call.refused(f"date_trunc to {unit} is not known to be the same", f"Use {', '.join(_TRUNCATED)}.")
        if why:
            call.rewritten(why)
        return Value(template.format(unit.upper() if upper else unit, timestamp(call, moment(call, 1))), TIMESTAMP)

    return rule


def difference(counted: Callable[[Call, str, Value, Value], str], why: str) -> Rule:
    """date_diff, which counts the boundaries between: ``counted`` of the unit, the start and the end."""

    def rule(call: Call) -> Value:
        call.count(3)
        unit = unit_of(call, call.told(0))
        start, end = moment(call, 1), moment(call, 2)
        call.rewritten(why)
        if unit not in COUNTED:
            remedy = "Use year, month, day, hour or minute."
            raise call.refused(f"date_diff in {unit} is not known to be the same", remedy)
        return call.bigint(counted(call, unit, start, end))

    return rule


def _add(call: Call) -> Value:
    call.count(2)
    if call.arguments[1].type != INTERVAL:
        raise call.refused(f"date_add of {call.arguments[1].type} is not known to be the same", "Use d + n.")
    shifted = call.dialect.shifted(timestamp(call, moment(call, 0)), "+", call.arguments[1].text)
    return Value(shifted, TIMESTAMP)


def strftime(template: str, fields: Mapping[str, str], quoted: Callable[[str], str | None]) -> Rule:
    """strftime; ``fields``: how each is written there, ``quoted``: texts between them, ``None`` where not known."""

    def between(call: Call, literal: str) -> str:
        found = quoted(literal)
        if found is None:
            raise call.refused(f"{literal!r} in a format is not known to be the same", "Join the parts by ||.")
        return found

    def rule(call: Call) -> Value:
        call.count(2)
        written = call.told(1)
        value = moment(call, 0)
        made, literal, place = "", "", 0
        while place < len(written):
            length = 3 if written.startswith("%-", place) else 2 if written[place] == "%" else 1
            name = written[place + 1 : place + length]
            literal, name = (literal + (name or written[place]), "") if name in ("", "%") else (literal, name)
            place += length
            if not name:
                continue
            if name not in fields:
                raise call.refused(
                    f"%{name} in a format is not known to be the same", "Use %Y %m %d %H %M %S %b %a %j."
                )
            made += between(call, literal)
            # Letters side by side would be read as one field.
            if made[-1:] == fields[name][0] and made[-1:].isalpha():
                raise call.refused(f"%{name} there is not known to be the same", "Put another sign before it.")
            made, literal = made + fields[name], ""
        call.rewritten(f"{call.dialect.engine} writes formats in other letters")
        text = call.dialect.text(made + between(call, literal))
        return Value(template.format(timestamp(call, value), text), VARCHAR)

    return rule


def named(template: str, why: str) -> Rule:
    """dayname or monthname, of a timestamp."""

    def rule(call: Call) -> Value:
        call.count(1)
        call.rewritten(why)
        return Value(template.format(timestamp(call, moment(call, 0))), VARCHAR)

    return rule


def last_day(template: str) -> Rule:
    """The last day of a date's month."""

    def rule(call: Call) -> Value:
        call.count(1)
        return Value(template.format(call.cast(moment(call, 0).text, DATE)), DATE)

    return rule


def make_date(call: Call) -> Value:
    """A date of year, month and day."""
    call.count(3)
    numbers = ", ".join(call.cast(call.to(index, BIGINT), INTEGER) for index in range(3))
    return Value(f"make_date({numbers})", DATE)


def since_1970(template: str, why: str = "") -> Rule:
    """epoch_ms or epoch_us, of a timestamp."""

    def rule(call: Call) -> Value:
        call.count(1)
        if why:
            call.rewritten(why)
        return Value(template.format(timestamp(call, moment(call, 0))), BIGINT)

    return rule


RULES: dict[str, Rule] = {"date_add": _add}
"""The functions that are written alike everywhere."""
