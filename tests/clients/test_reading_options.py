"""What cannot be known of a file is said by options, and what an option leaves open is told."""

from __future__ import annotations

import pytest

from tests.clients.conftest import Local, refusal
from tests.clients.test_reading_cases import notes, registered


@pytest.mark.parametrize(
    ("options", "text", "value"),
    [
        ({"decimal": ","}, "12,50", "12.50"),
        ({"decimal": ",", "thousands": "."}, "1.234,56", "1234.56"),
        ({"decimal": ",", "thousands": " "}, "1 234,56", "1234.56"),
        ({"thousands": ","}, '"1,234"', 1234),
        ({"thousands": "'"}, "1'234.56", 1234.56),
        ({"thousands": ","}, '"1,23,456"', "1,23,456"),
        ({"date_format": "%d/%m/%y"}, "01/02/24", "2024-02-01"),
        ({"date_format": "%d %b %Y"}, "5 Jan 2024", "2024-01-05"),
        ({"timestamp_format": "%d.%m.%Y %H:%M"}, "05.01.2024 10:30", "2024-01-05T10:30:00"),
        ({"null": "NA"}, "NA", None),
        ({"null": ["NA", "-"]}, "-", None),
        ({"quote": "'"}, "'x;y'", "x;y"),
        ({"quote": ""}, '"x', '"x'),
        ({"escape": "\\"}, '"x \\" y"', 'x " y'),
    ],
)
def test_an_option_decides_what_a_text_is(local: Local, options: dict[str, object], text: str, value: object) -> None:
    other = "12,50" if options.get("decimal") == "," else '"12"' if "thousands" in options else text
    local.put("data/t.csv", f"id;v\n1;{text}\n2;{other}\n")
    assert registered(local, "data/t.csv", options={"delimiter": ";", **options})[0] == (1, value)


def test_options_leave_out_lines(local: Local) -> None:
    local.put("data/t.csv", "Report\n\nid,n\n1,2\n# a remark\n3,4\nTotal,2\n")
    options = {"skip": 2, "skip_footer": 1, "comment": "#"}
    assert registered(local, "data/t.csv", options=options) == [(1, 2), (3, 4)]
    assert registered(local, "data/t.csv", options={**options, "header": False})[0] == ("id", "n")


@pytest.mark.parametrize("encoding", ["utf-8", "UTF8", "utf_8", "utf-8-sig", "ascii", "us-ascii"])
def test_names_of_utf_8(local: Local, encoding: str) -> None:
    local.put("data/t.csv", b"id,n\n1,x\n")
    assert registered(local, "data/t.csv", options={"encoding": encoding}) == [(1, "x")]


@pytest.mark.parametrize(
    ("encoding", "python", "text"),
    [
        ("windows-1251", "cp1251", "Москва"),
        ("iso-8859-2", "iso8859-2", "Łódź"),
        ("windows-31j", "cp932", "①髙"),
        ("x-sjis", "cp932", "①"),
        ("windows-949", "cp949", "한국"),
        ("Windows-874", "cp874", "ไทย"),
        ("x-mac-cyrillic", "mac-cyrillic", "Київ"),
        ("unicodeFFFE", "utf-16-be", "é"),
    ],
)
def test_encodings_by_their_web_names(local: Local, encoding: str, python: str, text: str) -> None:
    local.put("data/t.csv", f"id,n\n1,{text}\n2,x\n".encode(python))
    assert registered(local, "data/t.csv", options={"encoding": encoding}) == [(1, text), (2, "x")]


def test_numbers_that_a_format_of_dates_reads_are_told(local: Local) -> None:
    local.put("data/t.csv", "d,n\n20240105,1\n20241231,99\n")
    options = {"date_format": "%Y%m%d"}
    table = local.storage.infer_table("data/t.csv", options=options)
    assert table.notes == (
        "column d: read as numbers, which the option date_format could read as dates: register the table with column d "
        "as DATE if they are",
    )
    assert registered(local, "data/t.csv", options=options) == [(20240105, 1), (20241231, 99)]
    assert registered(local, "data/t.csv", options=options, columns={"d": "DATE"})[0] == ("2024-01-05", 1)


def test_the_remedy_for_quotes_behind_backslashes_loses_nothing(local: Local) -> None:
    local.put("data/t.csv", '"1","a\\"b"\n"2","c"\n')
    assert refusal(local.columns, "t") == (
        "EngineError: data/t.csv, line 1: text follows the quote that closes a value. Register the table with the "
        "option escape: '\\', which takes a quote behind it for text."
    )
    assert registered(local, "data/t.csv", options={"escape": "\\"}) == [(1, 'a"b'), (2, "c")]


@pytest.mark.parametrize("name", ["n", "row", "row_number", "values"])
def test_what_is_told_of_a_column_whatever_it_is_called(local: Local, name: str) -> None:
    local.put("data/t.csv", f"{name}\n" + "1\n" * 9 + "007\n")
    assert notes(local, "t") == [
        f"column {name}: read as text: 1 of 10 values is no number that would be written back as it stands (line 11: "
        "'007')"
    ]
    assert refusal(local.storage.infer_table, "data/t.csv", columns={name: "DATE"}).startswith(
        f"EngineError: data/t.csv, line 2, column {name}: '1' is not of type DATE"
    )
