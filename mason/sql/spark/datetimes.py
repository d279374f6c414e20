"""Functions of dates and timestamps: on which day a week begins, what a difference counts, how parts are written."""

from __future__ import annotations

from mason.sql.parsed import Tree
from mason.sql.spark import spark_text
from mason.sql.spark.rules import Call, Rule, bigint, cast_text
from mason.sql.spark.translated import Value
from mason.sql.sql_types import BIGINT, DATE, DOUBLE, INTEGER, INTERVAL, TIMESTAMP, VARCHAR

_PARTS = {
    "year": "year({0})",
    "month": "month({0})",
    "day": "day({0})",
    "quarter": "quarter({0})",
    "week": "weekofyear({0})",
    "dow": "(dayofweek({0}) - 1)",
    "isodow": "(weekday({0}) + 1)",
    "doy": "dayofyear({0})",
    "isoyear": "extract(YEAROFWEEK FROM {0})",
    "hour": "hour({0})",
    "minute": "minute({0})",
    "second": "CAST(floor(second({0})) AS INT)",
    "epoch": "",
}
_SAME_PARTS = {"years": "year", "months": "month", "days": "day", "dayofmonth": "day", "hours": "hour", "weeks": "week"}
_SAME_PARTS |= {
    "weekday": "dow",
    "dayofweek": "dow",
    "dayofyear": "doy",
    "weekofyear": "week",
    "y": "year",
    "yr": "year",
}
_SAME_PARTS |= {
    "mon": "month",
    "mins": "minute",
    "min": "minute",
    "minutes": "minute",
    "seconds": "second",
    "sec": "second",
}
_SAME_PARTS |= {
    "h": "hour",
    "d": "day",
    "m": "minute",
    "s": "second",
    "w": "week",
    "quarters": "quarter",
    "yrs": "year",
}
_CLOCK = ("hour", "minute", "second")
_TRUNCATED = ("year", "quarter", "month", "week", "day", "hour", "minute", "second")
_UNITS = {"to_years": "YEAR", "to_months": "MONTH", "to_days": "DAY", "to_hours": "HOUR", "to_minutes": "MINUTE"}
_UNITS |= {"to_seconds": "SECOND", "to_weeks": "WEEK", "to_quarters": "QUARTER"}
_FORMATS = {
    "Y": "yyyy",
    "m": "MM",
    "d": "dd",
    "H": "HH",
    "I": "hh",
    "M": "mm",
    "S": "ss",
    "y": "yy",
    "b": "MMM",
    "B": "MMMM",
    "a": "EEE",
    "A": "EEEE",
    "p": "a",
    "j": "DDD",
    "f": "SSSSSS",
    "-m": "M",
    "-d": "d",
    "-H": "H",
    "-I": "h",
    "-M": "m",
    "-S": "s",
    "-j": "D",
}


def _unit(call: Call, written: str) -> str:
    unit = written.lower()
    unit = _SAME_PARTS.get(unit, unit)
    if unit not in _PARTS:
        raise call.refused(f"the part {written!r} is not known to be the same", f"Use {', '.join(_PARTS)}.")
    return unit


def _moment(call: Call, index: int) -> Value:
    """An argument that has to be a DATE or a TIMESTAMP."""
    value = call.arguments[index]
    if value.type not in (DATE, TIMESTAMP):
        raise call.refused(f"{call.name} of {value.type} is not known to be the same", "Cast it to DATE or TIMESTAMP.")
    return value


def _timestamp(value: Value) -> str:
    return cast_text(value.text, TIMESTAMP) if value.type == DATE else value.text


def _micros(text: str) -> str:
    """Microseconds since 1970 of a TIMESTAMP_NTZ; the session's zone is UTC."""
    return f"unix_micros(CAST({text} AS TIMESTAMP))"


def _part_of(call: Call, unit: str, value: Value) -> Value:
    if unit == "epoch":
        call.rewritten("Spark counts whole seconds")
        return Value(f"({_micros(_timestamp(value))} / 1000000D)", DOUBLE)
    call.rewritten("Spark says INT, and counts weekdays from another day" if "dow" in unit else "Spark says INT")
    return bigint(_PARTS[unit].format(_timestamp(value) if unit in _CLOCK else value.text))


def _date_part(call: Call) -> Value:
    call.count(2)
    return _part_of(call, _unit(call, call.written(0)), _moment(call, 1))


def _named_part(call: Call) -> Value:
    call.count(1)
    return _part_of(call, _unit(call, call.name), _moment(call, 0))


def _trunc(call: Call) -> Value:
    call.count(2)
    unit = _unit(call, call.written(0))
    if unit not in _TRUNCATED:
        raise call.refused(f"date_trunc to {unit} is not known to be the same", f"Use {', '.join(_TRUNCATED)}.")
    # Spark's result has a zone, which in UTC changes nothing.
    call.rewritten("Spark's result has a zone")
    return Value(cast_text(f"date_trunc('{unit.upper()}', {_timestamp(_moment(call, 1))})", TIMESTAMP), TIMESTAMP)


def _difference(call: Call) -> Value:
    call.count(3)
    unit = _unit(call, call.written(0))
    start, end = _moment(call, 1), _moment(call, 2)
    call.rewritten("DuckDB counts the boundaries between, Spark whole units")
    if unit in ("year", "quarter", "month"):
        count = {
            "year": "year({0})",
            "quarter": "(year({0}) * 4 + quarter({0}))",
            "month": "(year({0}) * 12 + month({0}))",
        }
        return bigint(f"{count[unit].format(end.text)} - {count[unit].format(start.text)}")
    if unit == "day":
        first, last = (cast_text(each.text, DATE) for each in (start, end))
        return bigint(f"datediff({last}, {first})")
    if unit in _CLOCK:
        size = {"hour": 3_600_000_000, "minute": 60_000_000, "second": 1_000_000}[unit]
        first, last = (f"floor({_micros(_timestamp(each))} / CAST({size} AS DECIMAL(10,0)))" for each in (start, end))
        return bigint(f"{last} - {first}")
    raise call.refused(f"date_diff in {unit} is not known to be the same", "Use year, month, day, hour or minute.")


def _add(call: Call) -> Value:
    call.count(2)
    if call.arguments[1].type != INTERVAL:
        raise call.refused(f"date_add of {call.arguments[1].type} is not known to be the same", "Use d + n.")
    return Value(f"({_timestamp(_moment(call, 0))} + {call.arguments[1].text})", TIMESTAMP)


def interval(node: Tree, name: str) -> Value | None:
    """``INTERVAL 3 DAY``, which DuckDB reads as a call of ``to_days``; ``None`` for other calls."""
    if name not in _UNITS:
        return None
    children = node.children()
    found = children[0].raw if len(children) == 1 else {}
    # INTERVAL 3 DAY is to_days(CAST(trunc(CAST(3 AS DOUBLE)) AS INTEGER)).
    while found.get("class") == "CAST" or found.get("function_name") == "trunc":
        found = found["child"] if found["class"] == "CAST" else found["children"][0]
    value = found.get("value", {}).get("value") if found.get("class") == "CONSTANT" else None
    if not isinstance(value, int) or isinstance(value, bool):
        raise node.refused("an interval of a computed length is not known to be the same", "Write the number.")
    number, unit = (value * 3, "MONTH") if name == "to_quarters" else (value, _UNITS[name])
    number, unit = (number * 7, "DAY") if unit == "WEEK" else (number, unit)
    return Value(f"INTERVAL '{number}' {unit}", INTERVAL)


def _strftime(call: Call) -> Value:
    call.count(2)
    written = call.written(1)
    value = _moment(call, 0)
    found, literal, place = "", "", 0
    while place < len(written):
        length = 3 if written.startswith("%-", place) else 2 if written[place] == "%" else 1
        field = written[place + 1 : place + length]
        literal, field = (literal + (field or written[place]), "") if field in ("", "%") else (literal, field)
        place += length
        if field:
            if field not in _FORMATS:
                raise call.refused(
                    f"%{field} in a format is not known to be the same", "Use %Y %m %d %H %M %S %b %a %j."
                )
            found += _quoted(literal)
            # Letters side by side would be read as one field.
            if found[-1:] == _FORMATS[field][0]:
                raise call.refused(f"%{field} there is not known to be the same", "Put another sign before it.")
            found, literal = found + _FORMATS[field], ""
    call.rewritten("Spark writes formats in other letters")
    return Value(f"date_format({_timestamp(value)}, {spark_text.text(found + _quoted(literal))})", VARCHAR)


def _quoted(literal: str) -> str:
    """A text within a format, which has to be in quotes where it is letters."""
    doubled = literal.replace("'", "''")
    return f"'{doubled}'" if literal else ""


def _name(pattern: str) -> Rule:
    def rule(call: Call) -> Value:
        call.count(1)
        call.rewritten("Spark has the short names only")
        return Value(f"date_format({_timestamp(_moment(call, 0))}, '{pattern}')", VARCHAR)

    return rule


def _last_day(call: Call) -> Value:
    call.count(1)
    return Value(f"last_day({cast_text(_moment(call, 0).text, DATE)})", DATE)


def _make_date(call: Call) -> Value:
    call.count(3)
    parts = ", ".join(cast_text(call.to(index, BIGINT), INTEGER) for index in range(3))
    return Value(f"make_date({parts})", DATE)


def _epoch(call: Call) -> Value:
    call.count(1)
    value = _moment(call, 0)
    if call.name == "epoch":
        return _part_of(call, "epoch", value)
    text = _micros(_timestamp(value))
    if call.name == "epoch_us":
        return Value(text, BIGINT)
    call.rewritten("in Spark this takes a zoned time")
    return Value(f"({text} div 1000L)", BIGINT)


RULES: dict[str, Rule] = {
    "date_part": _date_part,
    "datepart": _date_part,
    **dict.fromkeys(("year", "month", "day", "dayofmonth", "quarter", "week", "weekofyear", "hour"), _named_part),
    **dict.fromkeys(("minute", "second", "dayofweek", "isodow", "dayofyear", "weekday", "isoyear"), _named_part),
    "date_trunc": _trunc,
    "datetrunc": _trunc,
    "date_diff": _difference,
    "datediff": _difference,
    "date_add": _add,
    "strftime": _strftime,
    "dayname": _name("EEEE"),
    "monthname": _name("MMMM"),
    "last_day": _last_day,
    "make_date": _make_date,
    "epoch": _epoch,
    "epoch_ms": _epoch,
    "epoch_us": _epoch,
}
