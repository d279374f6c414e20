"""Cron expressions: what they mean, when clocks change too, and what is said of those that mean nothing."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from mason.resources.cron import CronError, forms, parse

FAR = datetime(2199, 1, 1, tzinfo=timezone.utc)


def times(expression: str, start: str, most: int = 3, zone: str = "UTC") -> list[str]:
    """The next moments after ``start`` (UTC), to the minute."""
    after = datetime.fromisoformat(start).replace(tzinfo=timezone.utc)
    return [f"{moment:%Y-%m-%d %H:%M}" for moment in parse(expression).between(after, FAR, zone, most)]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("* * * * *", ["2026-01-01 00:01", "2026-01-01 00:02", "2026-01-01 00:03"]),
        ("*/20 * * * *", ["2026-01-01 00:20", "2026-01-01 00:40", "2026-01-01 01:00"]),
        ("5/20 0 * * *", ["2026-01-01 00:05", "2026-01-01 00:25", "2026-01-01 00:45"]),
        ("30 6 * * mon-fri", ["2026-01-01 06:30", "2026-01-02 06:30", "2026-01-05 06:30"]),
        ("0 0 * * 7", ["2026-01-04 00:00", "2026-01-11 00:00", "2026-01-18 00:00"]),
        ("0 0 * * FRI-SUN", ["2026-01-02 00:00", "2026-01-03 00:00", "2026-01-04 00:00"]),
        ("0 0 1,15 MAR *", ["2026-03-01 00:00", "2026-03-15 00:00", "2027-03-01 00:00"]),
        ("0 0 1-20/10 6-8 *", ["2026-06-01 00:00", "2026-06-11 00:00", "2026-07-01 00:00"]),
        ("0 0 29 2 *", ["2028-02-29 00:00", "2032-02-29 00:00", "2036-02-29 00:00"]),
        # Where both days are restricted, one of them suffices; a field that begins with * restricts nothing.
        ("0 0 2 * MON", ["2026-01-02 00:00", "2026-01-05 00:00", "2026-01-12 00:00"]),
        ("0 0 */10 * MON", ["2026-05-11 00:00", "2026-06-01 00:00", "2026-08-31 00:00"]),
        ("@hourly", ["2026-01-01 01:00", "2026-01-01 02:00", "2026-01-01 03:00"]),
        ("@daily", ["2026-01-02 00:00", "2026-01-03 00:00", "2026-01-04 00:00"]),
        ("@weekly", ["2026-01-04 00:00", "2026-01-11 00:00", "2026-01-18 00:00"]),
        ("@monthly", ["2026-02-01 00:00", "2026-03-01 00:00", "2026-04-01 00:00"]),
        ("@yearly", ["2027-01-01 00:00", "2028-01-01 00:00", "2029-01-01 00:00"]),
        # The six fields of AWS.
        ("0 12 * * ? *", ["2026-01-01 12:00", "2026-01-02 12:00", "2026-01-03 12:00"]),
        ("cron(0 12 ? * 2-6 *)", ["2026-01-01 12:00", "2026-01-02 12:00", "2026-01-05 12:00"]),
        ("0 12 ? * SUN *", ["2026-01-04 12:00", "2026-01-11 12:00", "2026-01-18 12:00"]),
        ("0 12 ? * L *", ["2026-01-03 12:00", "2026-01-10 12:00", "2026-01-17 12:00"]),
        ("0 12 1 1 ? 2026-2030/2", ["2026-01-01 12:00", "2028-01-01 12:00", "2030-01-01 12:00"]),
        ("0 12 L * ? *", ["2026-01-31 12:00", "2026-02-28 12:00", "2026-03-31 12:00"]),
        ("0 12 L-2 * ? *", ["2026-01-29 12:00", "2026-02-26 12:00", "2026-03-29 12:00"]),
        ("0 12 LW * ? *", ["2026-01-30 12:00", "2026-02-27 12:00", "2026-03-31 12:00"]),
        ("0 12 15W * ? *", ["2026-01-15 12:00", "2026-02-16 12:00", "2026-03-16 12:00"]),
        ("0 12 1W 8 ? *", ["2026-08-03 12:00", "2027-08-02 12:00", "2028-08-01 12:00"]),
        ("0 12 ? * 6L *", ["2026-01-30 12:00", "2026-02-27 12:00", "2026-03-27 12:00"]),
        ("0 12 ? * TUE#2 *", ["2026-01-13 12:00", "2026-02-10 12:00", "2026-03-10 12:00"]),
        ("0 12 ? * 3#5 *", ["2026-03-31 12:00", "2026-06-30 12:00", "2026-09-29 12:00"]),
    ],
)
def test_when_it_is_due(expression, expected):
    assert times(expression, "2026-01-01") == expected


def test_it_never_comes_again():
    cron = parse("0 12 1 1 ? 2026")
    assert cron.after(datetime(2026, 1, 1, 12, tzinfo=timezone.utc), "UTC") is None
    assert cron.after(datetime(2026, 1, 1, 11, 59, 59, tzinfo=timezone.utc), "UTC") is not None


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("61 * * * *", "minute: there is no 61 (write 0 to 59)"),
        ("* 24 * * *", "hour: there is no 24 (write 0 to 23)"),
        ("* * 0 * *", "day of the month: there is no 0 (write 1 to 31)"),
        ("* * * FEBR *", "month: 'FEBR' is no number (did you mean FEB?)"),
        ("* * * * 8", "day of the week: there is no 8 (write 0 to 7, or SUN to SAT)"),
        ("* * * * MNO", "day of the week: 'MNO' is no number (did you mean MON?)"),
        ("*/0 * * * *", "minute: the step in '*/0' is no number from 1 on (write */5, for instance)"),
        ("*/90 * * * *", "minute: the step in '*/90' leaps over everything (the largest number is 59)"),
        ("1,,2 * * * *", "minute: a part of '1,,2' is empty (take out the comma)"),
        ("-5 * * * *", "minute: a number is missing in '-5' (write 0 to 59)"),
        ("* 22-4 * * *", "hour: the range '22-4' runs backwards (write two: 22-23,0-4)"),
        ("* * * * FRI-MON", "day of the week: the range 'FRI-MON' runs backwards (write two: FRI-SAT,SUN-MON)"),
        (
            "61 24 * * *",
            "minute: there is no 61 (write 0 to 59); hour: there is no 24 (write 0 to 23)",
        ),
        (
            "* * * *",
            "a cron expression has five or six fields, and this has 4 fields (write five fields, such as "
            '"0 12 * * MON-FRI", or the six of AWS, such as "0 12 ? * MON-FRI *")',
        ),
        (
            "",
            "a cron expression has five or six fields, and this has nothing (write five fields, such as "
            '"0 12 * * MON-FRI", or the six of AWS, such as "0 12 ? * MON-FRI *")',
        ),
        ("0 0 30 2 *", "it is never due: no year has such a day (choose a day that the months have)"),
        ("0 0 31 4,6 *", "it is never due: no year has such a day (choose a day that the months have)"),
        ("0 0 29 2 ? 2027", "it is never due: no year has such a day (choose a day that the months have)"),
        (
            "0 0 ? * *",
            "day of the month: ? belongs to the six fields of AWS (write * instead, or add the year as sixth field)",
        ),
        (
            "0 0 L * *",
            "day of the month: L belongs to the six fields of AWS (write six fields, with ? for the other day and the "
            'year, such as "0 12 L * ? *")',
        ),
        (
            "0 0 * * MON#1",
            "day of the week: # belongs to the six fields of AWS (write six fields, with ? for the other day and the "
            'year, such as "0 12 L * ? *")',
        ),
        (
            "0 12 * * * *",
            "with six fields, exactly one of day of the month and day of the week is ?, and neither is (six fields are "
            "minute hour day-of-month month day-of-week year; without a year, write five)",
        ),
        (
            "0 12 ? * ? *",
            "with six fields, exactly one of day of the month and day of the week is ?, and both are (six fields are "
            "minute hour day-of-month month day-of-week year; without a year, write five)",
        ),
        ("0 12 ? * 0 *", "day of the week: there is no 0 (write 1 to 7, or SUN to SAT)"),
        ("0 12 ? * 3#6 *", "day of the week: '3#6' asks for week '6' (write 1 to 5 after the #)"),
        ("0 12 ? * 3#1,6#3 *", "day of the week: '3#1,6#3' has # in a list (AWS takes # alone, for one day)"),
        ("0 12 1 1 ? 1969", "year: there is no 1969 (write 1970 to 2199)"),
        ("rate(5 minutes)", 'rate(...) is not a cron expression (write what it means, such as "*/5 * * * *")'),
        ("cron(0 12 * * ? *", "the bracket after cron is not closed (write cron(0 12 * * ? *))"),
        ("cron(0 12 * * *)", "cron(...) holds the six fields of AWS, and this has five (leave cron( and ) out)"),
        ("@dayly", "there is no '@dayly' (did you mean @daily?)"),
        ("@reboot", "@reboot is no time (write when it is to run)"),
    ],
)
def test_what_means_nothing_is_named_with_its_remedy(expression, message):
    with pytest.raises(CronError) as raised:
        parse(expression)
    assert str(raised.value) == message


@pytest.mark.parametrize(
    ("zone", "expression", "start", "expected"),
    [
        # Clocks go from 2:00 to 3:00 at 01:00 UTC: what lies between is due once, right after the gap.
        ("Europe/Berlin", "30 2 * * *", "2026-03-28", ["2026-03-28 01:30", "2026-03-29 01:00", "2026-03-30 00:30"]),
        ("Europe/Berlin", "*/15 2 * * *", "2026-03-29", ["2026-03-29 01:00", "2026-03-30 00:00", "2026-03-30 00:15"]),
        # ... and only once where the moment right after it is a regular time as well.
        ("Europe/Berlin", "30 2,3 * * *", "2026-03-29", ["2026-03-29 01:00", "2026-03-29 01:30", "2026-03-30 00:30"]),
        ("Europe/Berlin", "0 2,3 * * *", "2026-03-29", ["2026-03-29 01:00", "2026-03-30 00:00", "2026-03-30 01:00"]),
        # From 3:00 back to 2:00 at 01:00 UTC: 2:30 is there twice, and due once.
        ("Europe/Berlin", "30 2 * * *", "2026-10-24", ["2026-10-24 00:30", "2026-10-25 00:30", "2026-10-26 01:30"]),
        (
            "Europe/Berlin",
            "*/30 2 * * *",
            "2026-10-24 23:00",
            ["2026-10-25 00:00", "2026-10-25 00:30", "2026-10-26 01:00"],
        ),
        # Every hour means an interval, which goes on.
        ("Europe/Berlin", "30 * * * *", "2026-10-25", ["2026-10-25 00:30", "2026-10-25 01:30", "2026-10-25 02:30"]),
        ("Europe/Berlin", "30 * * * *", "2026-03-29", ["2026-03-29 00:30", "2026-03-29 01:00", "2026-03-29 01:30"]),
        ("America/New_York", "30 2 * * *", "2026-03-08", ["2026-03-08 07:00", "2026-03-09 06:30", "2026-03-10 06:30"]),
        ("America/New_York", "30 1 * * *", "2026-11-01", ["2026-11-01 05:30", "2026-11-02 06:30", "2026-11-03 06:30"]),
        # Half an hour, at 15:30 UTC the day before (2:00 to 2:30), and at 15:00 (2:00 back to 1:30).
        (
            "Australia/Lord_Howe",
            "15 2 * * *",
            "2026-10-03",
            ["2026-10-03 15:30", "2026-10-04 15:15", "2026-10-05 15:15"],
        ),
        (
            "Australia/Lord_Howe",
            "45 1 * * *",
            "2026-04-04",
            ["2026-04-04 14:45", "2026-04-05 15:15", "2026-04-06 15:15"],
        ),
        (
            "Australia/Lord_Howe",
            "45 * * * *",
            "2026-04-04 14:00",
            ["2026-04-04 14:45", "2026-04-04 15:15", "2026-04-04 16:15"],
        ),
        # A day that has no midnight.
        (
            "America/Santiago",
            "0 0 * * *",
            "2026-09-05 04:30",
            ["2026-09-06 04:00", "2026-09-07 03:00", "2026-09-08 03:00"],
        ),
        # A day that was not there at all.
        ("Pacific/Apia", "0 12 30 12 *", "2011-12-29", ["2011-12-30 10:00", "2012-12-29 22:00", "2013-12-29 22:00"]),
        ("Asia/Kolkata", "0 0 * * *", "2026-01-01", ["2026-01-01 18:30", "2026-01-02 18:30", "2026-01-03 18:30"]),
    ],
)
def test_when_clocks_change(zone, expression, start, expected):
    assert times(expression, start, zone=zone) == expected


def test_every_minute_is_every_minute_when_clocks_change():
    start = datetime(2026, 10, 24, 23, tzinfo=timezone.utc)
    found = parse("* * * * *").between(start, start + timedelta(hours=4), "Europe/Berlin", 1000)
    assert found == [start + timedelta(minutes=number) for number in range(1, 241)]


@pytest.mark.parametrize("expression", ["* * * * *", "*/7 3 * * *", "30 2 * * SUN", "0 0 29 2 *", "0 12 1 1 ? 2030"])
@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Australia/Lord_Howe"])
def test_the_last_one_is_the_last_of_those_between(expression, zone):
    cron = parse(expression)
    until = datetime(2030, 4, 9, 1, 2, 3, tzinfo=timezone.utc)
    after = until - timedelta(days=3) if expression.startswith("* *") else until - timedelta(days=4000)
    between = cron.between(after, until, zone, 1_000_000)
    assert cron.last(after, until, zone) == between[-1]
    assert cron.last(until - timedelta(seconds=1), until, zone) is None
    # What is due at a moment is not after it, and is not before it either.
    assert cron.between(between[-1], until, zone, 10) == []
    assert cron.last(after, between[-1], zone) == between[-1]


def test_at_most_so_many():
    start = datetime(2026, 1, 1, tzinfo=timezone.utc)
    assert len(parse("* * * * *").between(start, FAR, "UTC", 7)) == 7
    assert parse("* * * * *").between(start, FAR, "UTC", 0) == []


@pytest.mark.parametrize(
    ("text", "made_of"),
    [
        ("@daily", {"five fields"}),
        ("0 3 * * MON-FRI", {"five fields"}),
        ("0 3 */2 * MON", {"five fields", "both days"}),
        ("0 3 * * */2", {"five fields"}),
        ("0 3 1 * MON", {"five fields", "either day"}),
        ("0 3 ? * WED *", {"six fields"}),
        ("cron(0 3 ? * WED *)", {"six fields"}),
        ("0 3 15W JUL ? 2030", {"six fields", "a year", "W"}),
        ("0 3 LW * ? *", {"six fields", "L", "W"}),
        ("0 3 ? * 6#3 *", {"six fields", "#"}),
        ("0 3 ? * fril *", {"six fields", "L"}),
    ],
)
def test_what_an_expression_is_made_of(text, made_of):
    parse(text)
    assert forms(text) == made_of
