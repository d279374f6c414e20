"""Dates and times: parts of them, intervals, what is left of them."""

from __future__ import annotations

from collections.abc import Mapping

from mason.sql.foreign.duck_text import DUCK, as_type
from mason.sql.foreign.foreign import Call, Rule
from mason.sql.sql_types import DATE, INTEGER, INTEGERS, INTERVAL, TIMESTAMP, TIMESTAMPTZ, VARCHAR, SqlType
from mason.sql.translating.translated import Value

TIMES = (TIMESTAMP, TIMESTAMPTZ)
_UNITS = ("YEAR", "MONTH", "DAY", "WEEK", "HOUR", "MINUTE", "SECOND")
_OF_DATES = ("YEAR", "MONTH", "DAY", "WEEK")


def moment(call: Call, value: Value) -> str:
    """A date or time as one without a zone: that of UTC, in which the engine's session is."""
    if value.type == TIMESTAMPTZ:
        return f"({value.text} AT TIME ZONE 'UTC')"
    if value.type in (DATE, TIMESTAMP):
        return value.text
    raise call.unknown(value.type, remedy="Cast it to a DATE.")


def part_of(part: str, result: SqlType, template: str = "date_part('{1}', {0})") -> Rule:
    """A part of a date or time, as a whole number of the type ``result``."""

    def rule(call: Call) -> Value:
        call.count(1)
        text = moment(call, call.arguments[0])
        if part in ("hour", "minute", "second") and call.arguments[0].type == DATE:
            raise call.unknown(DATE, remedy="Use a time.")
        return Value(DUCK.cast(template.format(text, part), result), result)

    return rule


def interval(call: Call) -> Value:
    """``INTERVAL '3' DAY``: a whole number of one unit."""
    part = call.part
    unit = part.take("unit")
    number = part.maybe("this")
    said = str(unit.this).upper().removesuffix("S") if unit is not None else ""
    value = call.work.value(number, call.sight) if number is not None else None
    text = str(value.constant) if value is not None and value.is_constant else ""
    if said not in _UNITS or not text.lstrip("+-").isdigit() or abs(int(text)) >= 2**31:
        raise call.refused("such an interval is not known to be the same", "Write INTERVAL '3' DAY.")
    number_of = int(text) * (7 if said == "WEEK" else 1)
    unit_of = "DAY" if said == "WEEK" else said
    return Value(f"INTERVAL ({number_of}) {unit_of}", INTERVAL, True, f"{said} {text}")


def unit_of(value: Value) -> str:
    """The unit of an interval that was written."""
    return str(value.constant).partition(" ")[0]


def shifted(call: Call, sign: str, *, date_stays: bool) -> Value | None:
    """A date or time an interval later or earlier; ``None`` for other operands. ``date_stays``: a date and days, months
    or years are a date."""
    one, other = call.arguments
    if one.type == INTERVAL and sign == "+":
        one, other = other, one
    if other.type != INTERVAL:
        return None
    unit = unit_of(other)
    if one.type == DATE and (unit in _OF_DATES or not date_stays):
        text = f"({one.text} {sign} {other.text})"
        if date_stays:
            call.rewritten("DuckDB's result is a time")
            return Value(DUCK.cast(text, DATE), DATE)
        return Value(text, TIMESTAMP)
    if one.type == TIMESTAMP:
        return Value(f"({one.text} {sign} {other.text})", TIMESTAMP)
    if one.type == TIMESTAMPTZ:
        call.rewritten("the session's zone is UTC")
        return Value(f"(({moment(call, one)} {sign} {other.text}) AT TIME ZONE 'UTC')", TIMESTAMPTZ)
    raise call.unknown(one.type, INTERVAL, remedy="Cast it to a time.")


def days_later(call: Call, sign: str) -> Value:
    """A date so many days later or earlier."""
    date, days = call.arguments
    if days.type not in INTEGERS[:3]:
        raise call.unknown(remedy="Cast the number of days to INTEGER.")
    if date.is_text:
        date = call.written.implicit(call.part, date, DATE)
    if date.type != DATE:
        raise call.unknown(date.type, remedy="Cast it to a DATE.")
    return Value(f"({date.text} {sign} {as_type(days, INTEGER)})", DATE)


def days_between(call: Call, end: Value, start: Value, result: SqlType) -> Value:
    """The days from one date to another one."""
    texts = []
    for each in (end, start):
        held = call.written.implicit(call.part, each, DATE) if each.is_text else each
        texts.append(held.text if held.type == DATE else DUCK.cast(moment(call, held), DATE))
    return Value(DUCK.cast(f"date_diff('day', {texts[1]}, {texts[0]})", result), result)


def formatted(letters: Mapping[str, str], escape: str) -> Rule:
    """A date or time in a format that was written; ``letters`` are those of the dialect with DuckDB's, ``escape`` the
    quotes around texts."""

    def rule(call: Call) -> Value:
        call.count(2)
        value = call.arguments[0]
        return Value(
            f"strftime({moment(call, value)}, {DUCK.text(format_of(call, call.told(1), letters, escape))})",
            VARCHAR,
        )

    return rule


def format_of(call: Call, pattern: str, letters: Mapping[str, str], escape: str) -> str:
    """A format in DuckDB's letters; refuses those that are not known."""
    found, place = "", 0
    while place < len(pattern):
        sign = pattern[place]
        if sign == escape:
            end = pattern.find(escape, place + 1)
            if end < 0 or end == place + 1:
                raise call.refused("such quotes in a format are not known to be the same", "Leave them out.")
            found += pattern[place + 1 : end].replace("%", "%%")
            place = end + 1
            continue
        if not sign.isalpha():
            if sign in "#[]{}":
                raise call.refused(f"{sign} in a format has a meaning of its own", "Leave it out.")
            found += "%%" if sign == "%" else sign
            place += 1
            continue
        word = next((each for each in sorted(letters, key=len, reverse=True) if pattern.startswith(each, place)), "")
        after = pattern[place + len(word) : place + len(word) + 1]
        if not word or (len(set(word)) == 1 and after == word[0]):
            raise call.refused(f"the letter {sign} of this format has no rule", f"Use {', '.join(letters)}.")
        found += letters[word]
        place += len(word)
    return found
