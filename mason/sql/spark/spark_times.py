"""Spark's functions of dates and times, as DuckDB says them."""

from __future__ import annotations

from mason.sql.foreign import times_back
from mason.sql.foreign.duck_text import DUCK
from mason.sql.foreign.foreign import Call, Rule
from mason.sql.foreign.rules_back import cast
from mason.sql.foreign.times_back import moment
from mason.sql.sql_types import BIGINT, DATE, INTEGER, INTEGERS, TIMESTAMP, TIMESTAMPTZ, VARCHAR, decimal
from mason.sql.translating.translated import Value

_NAMED = ("year", "month", "day", "quarter", "hour", "minute", "second")
PARTS: dict[str, Rule] = {
    **{name: times_back.part_of(name, INTEGER) for name in _NAMED},
    "dayofmonth": times_back.part_of("day", INTEGER),
    "weekofyear": times_back.part_of("week", INTEGER),
    "dayofyear": times_back.part_of("doy", INTEGER),
    "dayofweek": times_back.part_of("dow", INTEGER, "date_part('{1}', {0}) + 1"),
    "weekday": times_back.part_of("isodow", INTEGER, "date_part('{1}', {0}) - 1"),
}
_FORMATS = {"yyyy": "%Y", "yy": "%y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S", "EEE": "%a"}
_FORMATS |= {
    "EEEE": "%A",
    "MMM": "%b",
    "MMMM": "%B",
    "hh": "%I",
    "a": "%p",
    "DDD": "%j",
    "M": "%-m",
    "d": "%-d",
    "SSSSSS": "%f",
}
_TRUNCATED = {"year": "year", "yyyy": "year", "yy": "year", "quarter": "quarter", "month": "month", "mm": "month"}
_TRUNCATED |= {"mon": "month", "week": "week"}
_OF_TIMES = {"day": "day", "dd": "day", "hour": "hour", "minute": "minute", "second": "second"}


def seconds(call: Call) -> Value:
    """Seconds with their fraction, of extract."""
    if call.arguments[0].type == DATE:
        raise call.unknown(DATE, remedy="Use a time.")
    type_ = decimal(8, 6)
    micros = f"CAST(date_part('microseconds', {moment(call, call.arguments[0])}) AS DECIMAL(18,0))"
    return Value(DUCK.cast(f"{micros} * CAST('0.000001' AS DECIMAL(7,6))", type_), type_)


def _date_add(sign: str) -> Rule:
    def rule(call: Call) -> Value:
        call.count(2)
        return times_back.days_later(call, sign)

    return rule


def _datediff(call: Call) -> Value:
    call.count(2)
    return times_back.days_between(call, call.arguments[0], call.arguments[1], INTEGER)


def _add_months(call: Call) -> Value:
    call.count(2)
    date, months = call.arguments
    if date.type != DATE or months.type not in INTEGERS[:3]:
        raise call.unknown(remedy="Cast the first to a DATE.")
    text = f"{date.text} + to_months({DUCK.cast(months.text, INTEGER)})"
    return cast(text, DATE)


def _date_trunc(call: Call) -> Value:
    call.count(2)
    unit = ({**_TRUNCATED, **_OF_TIMES}).get(call.told(0).lower())
    if unit is None:
        raise call.refused(f"date_trunc to {call.told(0)} has no rule", "Use YEAR, QUARTER, MONTH, WEEK, DAY or HOUR.")
    call.rewritten("Spark's result has a zone, the session's: UTC")
    text = DUCK.cast(moment(call, call.arguments[1]), TIMESTAMP)
    return Value(f"(date_trunc('{unit}', {text}) AT TIME ZONE 'UTC')", TIMESTAMPTZ)


def _trunc(call: Call) -> Value:
    call.count(2)
    unit = _TRUNCATED.get(call.told(1).lower())
    if unit is None or call.arguments[0].type != DATE:
        raise call.unknown(remedy="Write trunc(date, 'MM').")
    return cast(f"date_trunc('{unit}', {call.arguments[0].text})", DATE)


def _last_day(call: Call) -> Value:
    call.count(1)
    return cast(f"last_day({moment(call, call.arguments[0])})", DATE)


def _make_date(call: Call) -> Value:
    call.count(3)
    texts = [DUCK.cast(call.to(index, INTEGER), BIGINT) for index in range(3)]
    return Value(f"make_date({', '.join(texts)})", DATE)


def _to_date(call: Call) -> Value:
    call.count(1)
    return call.written.cast(call, call.arguments[0], DATE, False)


def _to_timestamp(call: Call) -> Value:
    call.count(1)
    return call.written.cast(call, call.arguments[0], TIMESTAMPTZ, False)


def _unix(call: Call) -> Value:
    call.count(1)
    value = call.arguments[0]
    if value.type not in (TIMESTAMP, TIMESTAMPTZ, DATE):
        raise call.unknown(remedy="Cast it to a TIMESTAMP.")
    return cast(f"epoch_us({DUCK.cast(moment(call, value), TIMESTAMP)}) // 1000000", BIGINT)


def _name_of(sign: str) -> Rule:
    def rule(call: Call) -> Value:
        call.count(1)
        return Value(f"strftime({moment(call, call.arguments[0])}, '{sign}')", VARCHAR)

    return rule


RULES: dict[str, Rule] = {
    **PARTS,
    "date_add": _date_add("+"),
    "dateadd": _date_add("+"),
    "date_sub": _date_add("-"),
    "datediff": _datediff,
    "date_diff": _datediff,
    "add_months": _add_months,
    "date_trunc": _date_trunc,
    "trunc": _trunc,
    "last_day": _last_day,
    "make_date": _make_date,
    "to_date": _to_date,
    "date": _to_date,
    "to_timestamp": _to_timestamp,
    "date_format": times_back.formatted(_FORMATS, "'"),
    "unix_timestamp": _unix,
    "dayname": _name_of("%a"),
    "monthname": _name_of("%b"),
}
