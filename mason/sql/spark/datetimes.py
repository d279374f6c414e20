"""Spark's functions of dates and timestamps: its words for parts, its letters of formats, its zones."""

from __future__ import annotations

from mason.sql.spark.spark_text import cast_text
from mason.sql.sql_types import DATE, TIMESTAMP
from mason.sql.translating import date_rules
from mason.sql.translating.date_rules import timestamp
from mason.sql.translating.rules import Call, Rule
from mason.sql.translating.translated import Value

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
}
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
_MONTHS = {
    "year": "year({0})",
    "quarter": "(year({0}) * 4 + quarter({0}))",
    "month": "(year({0}) * 12 + month({0}))",
}
_MICROS = {"hour": 3_600_000_000, "minute": 60_000_000, "second": 1_000_000}


def _micros(text: str) -> str:
    """Microseconds since 1970 of a TIMESTAMP_NTZ; the session's zone is UTC."""
    return f"unix_micros(CAST({text} AS TIMESTAMP))"


def _why(unit: str) -> str:
    if unit == "epoch":
        return "Spark counts whole seconds"
    return "Spark says INT, and counts weekdays from another day" if "dow" in unit else "Spark says INT"


def _counted(call: Call, unit: str, start: Value, end: Value) -> str:
    if unit in _MONTHS:
        return f"{_MONTHS[unit].format(end.text)} - {_MONTHS[unit].format(start.text)}"
    if unit == "day":
        first, last = (cast_text(each.text, DATE) for each in (start, end))
        return f"datediff({last}, {first})"
    size = f"CAST({_MICROS[unit]} AS DECIMAL(10,0))"
    first, last = (f"floor({_micros(timestamp(call, each))} / {size})" for each in (start, end))
    return f"{last} - {first}"


def _quoted(literal: str) -> str:
    """A text within a format, which has to be in quotes where it is letters."""
    doubled = literal.replace("'", "''")
    return f"'{doubled}'" if literal else ""


_trunc = date_rules.truncated(
    # Spark's result has a zone, which in UTC changes nothing.
    cast_text("date_trunc('{0}', {1})", TIMESTAMP),
    "Spark's result has a zone",
    upper=True,
)
_difference = date_rules.difference(_counted, "DuckDB counts the boundaries between, Spark whole units")
_SHORT = "Spark has the short names only"

RULES: dict[str, Rule] = {
    **date_rules.RULES,
    **date_rules.parts(_PARTS, f"({_micros('{0}')} / 1000000D)", _why),
    **dict.fromkeys(("date_trunc", "datetrunc"), _trunc),
    **dict.fromkeys(("date_diff", "datediff"), _difference),
    "strftime": date_rules.strftime("date_format({0}, {1})", _FORMATS, _quoted),
    "dayname": date_rules.named("date_format({0}, 'EEEE')", _SHORT),
    "monthname": date_rules.named("date_format({0}, 'MMMM')", _SHORT),
    "last_day": date_rules.last_day("last_day({0})"),
    "make_date": date_rules.make_date,
    "epoch_ms": date_rules.since_1970(f"({_micros('{0}')} div 1000L)", "in Spark this takes a zoned time"),
    "epoch_us": date_rules.since_1970(_micros("{0}")),
}
