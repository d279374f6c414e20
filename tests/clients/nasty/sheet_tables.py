"""Tables as openpyxl writes them to workbooks: cells of every kind, by both calendars."""

from __future__ import annotations

import io
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import openpyxl
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from tests.clients.nasty import values
from tests.clients.nasty.csv_tables import Written


def written(random: Random) -> Written:
    """A table of a few rows below names."""
    width, height = random.choice((1, 2, 3, 5)), random.choice((1, 2, 3, 5, 9))
    names = values.names(random, width)
    names = [_clean(name) for name in names]
    # A last column without a name and values is none.
    names[-1] = names[-1] or "last"
    mac = random.random() < 0.2
    columns = [_column(random, height, mac) for _ in names]
    book = openpyxl.Workbook(write_only=False)
    if mac:
        book.epoch = CALENDAR_MAC_1904
    sheet = book.active
    assert sheet is not None
    for index, name in enumerate(names, 1):
        _text(sheet.cell(1, index), name)
    for index, column in enumerate(columns, 1):
        for row, (value, format) in enumerate(column, 2):
            cell = sheet.cell(row, index)
            if isinstance(value, str):
                _text(cell, value)
            elif value is not None:
                cell.value = value
                if format:
                    cell.number_format = format
    stream = io.BytesIO()
    book.save(stream)
    return Written(
        "xlsx",
        stream.getvalue(),
        {"header": True, "range": f"A1:{openpyxl.utils.get_column_letter(width)}{height + 1}"},
        names,
        list(zip(*([value for value, _ in column] for column in columns), strict=True)),
    )


def _text(cell: Any, value: str) -> None:
    cell.value = value
    # A text that begins with = is no formula here.
    cell.data_type = "s"


def _clean(text: str) -> str:
    return "".join(each for each in text if each >= " " or each in "\t\n")


def _column(random: Random, rows: int, mac: bool) -> list[tuple[Any, str]]:
    family = random.choice(_FAMILIES)
    found = [family(random) for _ in range(rows)]
    if random.random() < 0.4:
        found[rows - 1 if random.random() < 0.5 else random.randrange(rows)] = random.choice(_FAMILIES)(random)
    if random.random() < 0.35:
        share = random.choice((0.1, 0.5, 1.0))
        found = [(None, "") if random.random() < share else each for each in found]
    if mac:
        # Its days begin in 1904.
        found = [
            (value.replace(year=2001), format) if isinstance(value, date) else (value, format)
            for value, format in found
        ]
    return found


def _words(random: Random) -> tuple[Any, str]:
    # openpyxl writes an empty text as a cell without a value.
    return _clean(random.choice(values.FAMILIES)(random)) or None, ""


def _whole(random: Random) -> tuple[Any, str]:
    return random.choice((0, 1, -1, 2**31, 2**53, random.randrange(10**15))), random.choice(
        ("", "0", "#,##0", "00000", "@")
    )


def _fraction(random: Random) -> tuple[Any, str]:
    value = random.choice(
        (0.1, -2.5, 0.1 + 0.2, 1e300, 5e-324, 45002.5, random.uniform(-1e6, 1e6), float(values.money(random)))
    )
    # As many digits as openpyxl writes.
    value = float(f"{value:.16g}")
    return value, random.choice(
        ("", "0.00", "0%", '"h" 0.0', "[$€-407] 0.00", "#,##0.00_);[Red](#,##0.00)", "0.00E+00", '0 "days"')
    )


def _day(random: Random) -> tuple[Any, str]:
    found = date(random.choice((1900, 1904, 1999, 2024, 9999)), random.randrange(3, 13), random.randrange(1, 29))
    return found, random.choice(("", "yyyy-mm-dd", "dd/mm/yy", "d. mmmm yyyy", "[$-407]d. mmm yy", "mm-dd-yy"))


def _moment(random: Random) -> tuple[Any, str]:
    found = datetime(random.choice((1950, 2024)), random.randrange(1, 13), random.randrange(1, 29))
    found += timedelta(seconds=random.randrange(86_400), milliseconds=random.choice((0, 0, random.randrange(1000))))
    return found, random.choice(("", "yyyy-mm-dd hh:mm:ss", "m/d/yy h:mm", "dd.mm.yyyy hh:mm:ss.000"))


def _clock(random: Random) -> tuple[Any, str]:
    return time(random.randrange(24), random.randrange(60), random.randrange(60)), random.choice(
        ("", "h:mm AM/PM", "hh:mm")
    )


def _span(random: Random) -> tuple[Any, str]:
    return timedelta(seconds=random.choice((0, 59, 86_399, 86_400, 200_000, random.randrange(10**7)))), random.choice(
        ("", "[h]:mm:ss", "[mm]:ss")
    )


def _truth(random: Random) -> tuple[Any, str]:
    return random.random() < 0.5, ""


_FAMILIES = (_words, _words, _words, _whole, _whole, _fraction, _fraction, _day, _moment, _clock, _span, _truth)


def fault(kind: str, value: Any, read: Any) -> str:
    """Why ``read`` is not the ``value`` that was written; empty where it is."""
    if value is None:
        return "" if read is None else "a value where there was none"
    if read is None:
        return "no value where there was one"
    if kind == "VARCHAR":
        return "" if read in _texts(value) else f"another text than {_texts(value)}"
    if kind == "DOUBLE":
        same = isinstance(value, (int, float)) and not isinstance(value, bool) and Decimal(value) == Decimal(read)
        return "" if same else "another number"
    if kind == "BOOLEAN":
        return "" if isinstance(value, bool) and value is read else "another truth"
    return "" if read in _times(kind, value) else f"another time than {_times(kind, value)}"


def _texts(value: Any) -> set[str]:
    if isinstance(value, bool):
        return {str(value).lower()}
    if isinstance(value, (int, float)):
        return {repr(value), repr(float(value)), repr(int(value)) if value == int(value) else ""}
    if isinstance(value, timedelta):
        return {_clock_of(value)}
    return {str(value), value if isinstance(value, str) else value.isoformat()}


def _times(kind: str, value: Any) -> set[str]:
    if isinstance(value, timedelta):
        return {_clock_of(value)} if kind == "INTERVAL" else set()
    if kind == "TIMESTAMP" and isinstance(value, date):
        moment = value if isinstance(value, datetime) else datetime.combine(value, time())
        return {moment.isoformat(), moment.isoformat(timespec="milliseconds").rstrip("0")}
    return {value.isoformat()} if isinstance(value, (date, time)) else set()


def _clock_of(value: timedelta) -> str:
    seconds = value // timedelta(seconds=1)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
