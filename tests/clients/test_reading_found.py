"""Tables that ``test_reading_property`` found to be read otherwise than they are written, each kind by its name."""

from __future__ import annotations

from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from tests.clients.conftest import Local, refusal
from tests.clients.test_reading_cases import notes, registered
from tests.clients.test_reading_sheets import book


@pytest.mark.parametrize("text", ["2024-05-08 24:00:00", "2024-05-08T24:00:00+02:00", "24:00:00"])
def test_hour_24_is_text(local: Local, text: str) -> None:
    local.put("data/t.csv", f"a,b\n{text},1\n{text.replace('24:', '23:')},2\n")
    assert local.rows("t", "SELECT a FROM $table LIMIT 1") == [(text,)]


@pytest.mark.parametrize(
    ("end", "inside"), [("\r\n", "\n"), ("\r\n", "\r"), ("\n", "\r\n"), ("\n", "\r"), ("\r", "\n"), ("\r", "\r\n")]
)
@pytest.mark.parametrize("first", ['"the{}name",b', '"x{}y",0'])
def test_the_first_end_of_a_line_is_inside_of_quotes(local: Local, end: str, inside: str, first: str) -> None:
    header = "name" in first
    rows = [first.format(inside), f'"1{inside}2",3', "4,5"]
    local.put("data/t.csv", "".join(f"{row}{end}" for row in rows))
    expected = [(f"1{inside}2", 3), ("4", 5)]
    found = registered(local, "data/t.csv", options={"header": header, "delimiter": ","})
    assert found == (expected if header else [(f"x{inside}y", 0), *expected])


@pytest.mark.parametrize(
    ("options", "value"),
    [({"quote": "'"}, "'x\r\ny'"), ({"quote": "'"}, "'5\" \r\n'"), ({"escape": "\\"}, '"\\"\r\n"')],
)
def test_ends_of_lines_inside_of_other_quotes_are_kept(local: Local, options: dict[str, str], value: str) -> None:
    local.put("data/t.csv", f"a,b\n{value},1\nz,2\n")
    expected = value[1:-1].replace('\\"', '"')
    assert registered(local, "data/t.csv", options={"delimiter": ",", **options}) == [(expected, 1), ("z", 2)]


def test_carriage_returns_inside_of_other_quotes_are_fine(local: Local) -> None:
    local.put("data/t.csv", "a,b\n'x\ry',1\n'it''s \r',2\n")
    assert registered(local, "data/t.csv", options={"quote": "'"}) == [("x\ry", 1), ("it's \r", 2)]


@pytest.mark.parametrize("options", [{}, {"escape": "\\"}])
def test_a_mark_for_no_value_takes_the_place_of_the_empty_text(local: Local, options: dict[str, str]) -> None:
    local.put("data/t.csv", "a,b\n1,\\N\n2,\n3,x\n")
    assert registered(local, "data/t.csv", options={"null": "\\N", **options}) == [(1, None), (2, ""), (3, "x")]
    both = {"null": ["\\N", ""], **options}
    assert registered(local, "data/t.csv", options=both) == [(1, None), (2, None), (3, "x")]


def test_the_word_infinity_in_json_is_no_date(local: Local) -> None:
    local.put("data/t.json", '[{"a": "-Infinity", "b": ["Infinity"], "c": {"d": "infinity"}}]')
    assert local.rows("t") == [("-Infinity", ["Infinity"], {"d": "infinity"})]


def test_the_sign_of_zero_in_json_is_kept(local: Local) -> None:
    local.put("data/t.json", '[{"a": -0.0}, {"a": 18446744073709551616}, {"a": 0.5}]')
    assert local.rows("t") == [("-0.0",), ("18446744073709551616",), ("0.5",)]


@pytest.mark.parametrize("quote", ['"', "'"])
def test_a_header_of_several_lines_behind_a_mark(local: Local, quote: str) -> None:
    local.put("data/t.csv", f"\ufeff{quote}the\nname{quote},b\n1,2\n")
    assert registered(local, "data/t.csv", options={"quote": quote}) == [(1, 2)]


@pytest.mark.parametrize("kind", [pyarrow.timestamp("ns", "UTC"), pyarrow.time64("ns")])
@pytest.mark.parametrize("nest", [lambda cell: cell, lambda cell: [None, cell], lambda cell: {"f": cell, "g": "x"}])
def test_nanoseconds_between_whole_microseconds_are_not_cut(local: Local, kind: Any, nest: Any) -> None:
    (local.root / "data").mkdir()
    for name, cells in (("fine", [0, 1_000, None, 3_000]), ("t", [0, 1, None, 3_000])):
        array = pyarrow.array([nest(None if cell is None else pyarrow.scalar(cell, kind)) for cell in cells])
        table = pyarrow.table({"id": range(len(cells)), "at": array})
        pyarrow.parquet.write_table(table, local.root / f"data/{name}.parquet", row_group_size=4)
    assert len(local.rows("fine")) == 4
    if nest(None) is None:
        assert local.columns("t") == {"id": "BIGINT", "at": "VARCHAR"}
        return
    what = "times of day" if kind == pyarrow.time64("ns") else "times with a zone"
    told = refusal(local.rows, "t")
    assert told.startswith("EngineError: data/t.parquet, column at")
    assert f": {what} that tell nanoseconds would be cut to microseconds. Write the column as microseconds, or" in told


def test_blank_texts_of_a_sheet_are_texts(local: Local) -> None:
    book(local.root / "data/t.xlsx", s=[["id", " "], [1, " "], [2, "\t"], [3, "\n"], [4, None]])
    assert local.rows("t") == [(1.0, " "), (2.0, "\t"), (3.0, "\n"), (4.0, None)]


def test_errors_of_a_sheet_are_texts_or_no_values(local: Local) -> None:
    book(local.root / "data/t.xlsx", s=[["id", "n"], [1, 0.5], [2, "#N/A"], [3, "#DIV/0!"]])
    assert local.rows("t") == [(1.0, "0.5"), (2.0, "#N/A"), (3.0, "#DIV/0!")]
    assert notes(local, "t") == ["column n: read as text: 2 of 3 cells are no number (B3: '#N/A')"]
    options = {"null": ["#N/A", "#DIV/0!"]}
    assert registered(local, "data/t.xlsx", options=options) == [(1.0, 0.5), (2.0, None), (3.0, None)]


def test_formulas_that_no_program_has_calculated(local: Local) -> None:
    book(local.root / "data/t.xlsx", s=[["id", "n"], [1, 5], [2, "=B2*2"]])
    assert refusal(local.rows, "t") == (
        "EngineError: data/t.xlsx, cell B3: the formula =B2*2 has no value, because no program has calculated it. Open "
        "the file in a spreadsheet program and save it."
    )
    assert registered(local, "data/t.xlsx", options={"range": "A1:A3"}) == [(1.0,), (2.0,)]


def test_names_that_are_made_leave_those_that_are_written(local: Local) -> None:
    local.put("data/t.csv", ",a,a,a_1,column0\n1,2,3,4,5\n")
    assert list(local.columns("t")) == ["column0_1", "a", "a_2", "a_1", "column0"]
