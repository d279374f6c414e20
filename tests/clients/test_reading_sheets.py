"""Spreadsheets as people make them: every cell, whatever its column began with, and whatever stands above the table."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.clients.conftest import Local, refusal
from tests.clients.test_reading_cases import notes, put, registered

openpyxl = pytest.importorskip("openpyxl")


def book(path: Path, **sheets: list[list[Any]]) -> None:
    """Write a workbook with openpyxl."""
    path.parent.mkdir(parents=True, exist_ok=True)
    made = openpyxl.Workbook()
    made.remove(made.active)
    for name, rows in sheets.items():
        sheet = made.create_sheet(name)
        for row in rows:
            sheet.append(row)
    made.save(path)


def test_a_title_above_the_header(local: Local) -> None:
    put(local, "xlsx", "titled.xlsx")
    assert local.columns("titled") == {"id": "DOUBLE", "amt": "DOUBLE"}
    assert local.rows("titled") == [(1.0, 10.5), (2.0, 20.0)]
    assert notes(local, "titled") == ["rows 1 to 2 were left out as a title above the header (option skip)"]


def test_workbooks_that_count_days_from_1904(local: Local) -> None:
    put(local, "xlsx", "mac.xlsx")
    assert local.rows("mac") == [(1.0, "2024-01-05")]


def test_the_first_cell_decides_nothing(local: Local) -> None:
    put(local, "xlsx")
    assert local.rows("firstnull") == [(1.0, None), (2.0, "2024-01-05T10:30:00")]
    assert local.rows("twodates") == [(1.0, None, "2024-12-31"), (2.0, "2024-01-05", "2024-12-30")]
    assert registered(local, "data/twodates.xlsx", columns={"a": "DATE"})[1] == (2.0, "2024-01-05", "2024-12-30")


def test_formats_of_numbers_make_no_times(local: Local) -> None:
    put(local, "sheets-formats", "prices.xlsx")
    assert local.rows("prices") == [
        ("rent", 1234.56, 7.5, 3.0),
        ("food", 45002.0, 12.25, 4.0),
        ("tax", 0.5, 100.0, 5.0),
    ]


def test_an_empty_first_sheet(local: Local) -> None:
    put(local, "sheets-formats", "book.xlsx")
    assert refusal(local.columns, "book") == (
        "EngineError: data/book.xlsx: its first sheet 'Sheet' is empty. Register the table with the option sheet: "
        "'data'."
    )
    assert registered(local, "data/book.xlsx", options={"sheet": "data"}) == [(1.0, "x")]
    assert refusal(local.storage.infer_table, "data/book.xlsx", options={"sheet": "x"}) == (
        "EngineError: data/book.xlsx has no sheet 'x'. Its sheets are 'Sheet', 'data'."
    )


def test_types_are_those_of_all_cells(local: Local) -> None:
    day, moment = datetime.date(2024, 1, 5), datetime.datetime(2024, 1, 5, 10, 30, 0, 123000)
    rows = [
        ["n", "b", "d", "t", "c", "long", "m", "code"],
        [1, True, day, moment, datetime.time(1, 2, 3), datetime.timedelta(hours=30, minutes=5), 1, "007"],
        [2.5, None, day, day, datetime.time(23, 59, 59), datetime.timedelta(minutes=5), "x", "1e3"],
    ]
    book(local.root / "data/t.xlsx", one=rows, two=[["a"]])
    assert local.columns("t") == {
        "n": "DOUBLE", "b": "BOOLEAN", "d": "DATE", "t": "TIMESTAMP", "c": "TIME", "long": "INTERVAL", "m": "VARCHAR",
        "code": "VARCHAR",
    }  # fmt: skip
    assert local.rows("t") == [
        (1.0, True, "2024-01-05", "2024-01-05T10:30:00.123", "01:02:03", "30:05:00", "1", "007"),
        (2.5, None, "2024-01-05", "2024-01-05T00:00:00", "23:59:59", "00:05:00", "x", "1e3"),
    ]
    assert notes(local, "t") == [
        "sheet 'one' was read, not 'two' (option sheet)",
        "column m: read as text: 1 of 2 cells is no number (G3: 'x')",
    ]


def test_cells_beside_the_header_are_read(local: Local) -> None:
    book(local.root / "data/t.xlsx", s=[["id", "n"], [1, 2, "beside"], [], [3, 4]])
    assert local.columns("t") == {"id": "DOUBLE", "n": "DOUBLE", "column2": "VARCHAR"}
    assert local.rows("t") == [(1.0, 2.0, "beside"), (None, None, None), (3.0, 4.0, None)]


def test_a_title_that_may_be_a_header(local: Local) -> None:
    book(local.root / "data/t.xlsx", s=[["Names"], ["Ann", "Lee"], ["Bob", "Ray"]])
    assert refusal(local.columns, "t") == (
        "EngineError: data/t.xlsx: row 1 has one cell, where the rows below have 2. Where it is a title, register the "
        "table with the option skip: 1, or with the option range (such as A2:F); else name the columns."
    )
    assert registered(local, "data/t.xlsx", options={"skip": 1}) == [("Bob", "Ray")]
    assert registered(local, "data/t.xlsx", options={"range": "B2:B3"}) == [("Ray",)]
    assert registered(local, "data/t.xlsx", options={"range": "A2:B", "header": False})[0] == ("Ann", "Lee")


def test_a_declared_type_that_no_cell_has(local: Local) -> None:
    book(local.root / "data/t.xlsx", s=[["id", "n"], [1, "x"]])
    assert refusal(local.storage.infer_table, "data/t.xlsx", columns={"n": "DATE"}) == (
        "EngineError: data/t.xlsx, cell B2, column n: 'x' is not of type DATE, that the column is registered with. "
        "Mend the value, or register the table with column n as VARCHAR."
    )


def test_empty_texts_and_last_rows_of_a_sheet(local: Local) -> None:
    local.execution.query(
        "SELECT * FROM (VALUES (1.0::DOUBLE, ''), (NULL, NULL)) t(a, b)", output="data/o.xlsx", overwrite=True
    )
    assert local.rows("o") == [(1.0, ""), (None, None)]


def test_partitions_and_paths_of_sheets(local: Local) -> None:
    book(local.root / "data/t/y=2020/a.xlsx", s=[["id"], [1]])
    book(local.root / "data/t/y=2021/a.xlsx", s=[["id"], [2]])
    assert sorted(local.rows("t")) == [(1.0, 2020), (2.0, 2021)]


def test_what_is_written_opens_elsewhere(local: Local) -> None:
    select = (
        "SELECT 1 AS id, 'x' AS n, DATE '2024-01-05' AS d, TIMESTAMP '2024-01-05 10:30:00' AS t, true AS b, NULL AS e"
    )
    local.execution.query(select, output="data/o.xlsx")
    found = [list(row) for row in openpyxl.load_workbook(local.root / "data/o.xlsx").active.iter_rows(values_only=True)]
    assert found == [
        ["id", "n", "d", "t", "b", "e"],
        [1, "x", datetime.datetime(2024, 1, 5), datetime.datetime(2024, 1, 5, 10, 30), True, None],
    ]


def of_parts(local: Local, rows: str, strings: str = "") -> None:
    """A workbook ``t.xlsx`` of the database ``data`` with just these rows and shared strings."""
    import zipfile

    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    of_office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    of_package = "http://schemas.openxmlformats.org/package/2006"
    kinds = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{of_package}/content-types">'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kinds}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{kinds}.worksheet+xml"/>'
        f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kinds}.sharedStrings+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{of_package}/relationships"><Relationship Id="r1" '
        f'Type="{of_office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{of_office}"><sheets>'
        '<sheet name="s" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{of_package}/relationships"><Relationship Id="r1" '
        f'Type="{of_office}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="r2" '
        f'Type="{of_office}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{rows}</sheetData></worksheet>',
        "xl/sharedStrings.xml": f'<sst xmlns="{main}">{strings}</sst>',
    }
    with zipfile.ZipFile(local.put("data/t.xlsx", ""), "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


def test_texts_in_several_formats_beside_blank_ones(local: Local) -> None:
    of_parts(
        local,
        "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>{n - 1}</v></c></row>' for n in range(1, 5)),
        "<si><t>a</t></si><si><r><rPr><b/></rPr><t>bold</t></r><r><t xml:space='preserve'> plain</t></r></si><si/>"
        "<si><t>&#xA;</t></si>",
    )
    assert local.rows("t") == [("bold plain",), ("",), ("\n",)]


def test_formats_far_below_a_sheet_are_no_rows(local: Local) -> None:
    of_parts(
        local,
        '<row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c></row><row r="2"><c r="A2"><v>1</v></c></row>'
        '<row r="3"/><row r="1048576" spans="1:16384"/>',
    )
    assert local.rows("t") == [(1.0,), (None,)]


def test_merged_headers_empty_rows_and_leading_zeros_of_sheets(local: Local) -> None:
    book(local.root / "data/t.xlsx", s=[["zip", "sales", None, "n"], ["02134", 1, 2, 3], [], ["10001", 4, 5, 6]])
    made = openpyxl.load_workbook(local.root / "data/t.xlsx")
    made.active.merge_cells("B1:C1")
    made.save(local.root / "data/t.xlsx")
    assert local.columns("t") == {"zip": "VARCHAR", "sales": "DOUBLE", "column2": "DOUBLE", "n": "DOUBLE"}
    assert local.rows("t") == [
        ("02134", 1.0, 2.0, 3.0),
        (None, None, None, None),
        ("10001", 4.0, 5.0, 6.0),
    ]


def test_early_days_of_1900(local: Local) -> None:
    book(local.root / "data/t.xlsx", s=[["d"], [1], [59], [61], [45296]])
    made = openpyxl.load_workbook(local.root / "data/t.xlsx")
    for row in range(2, 6):
        made.active.cell(row, 1).number_format = "d/m/yy"
    made.save(local.root / "data/t.xlsx")
    assert local.rows("t") == [("1900-01-01",), ("1900-02-28",), ("1900-03-01",), ("2024-01-05",)]


def test_workbooks_whose_xml_has_other_prefixes(local: Local) -> None:
    import re
    import zipfile

    book(local.root / "data/plain.xlsx", s=[["zip", "n"], ["02134", 1], ["", 2]])
    plain, prefixed = (local.root / "data" / f"{name}.xlsx" for name in ("plain", "prefixed"))
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(prefixed, "w") as target:
        for name in source.namelist():
            text = source.read(name).decode()
            if name.startswith(("xl/worksheets/sheet", "xl/workbook.xml", "xl/sharedStrings.xml")):
                text = re.sub(r"<(/?)([a-zA-Z])", r"<\1x:\2", text).replace('xmlns="', 'xmlns:x="')
                text = text.replace("<?x:xml", "<?xml")
            target.writestr(name, text)
    assert local.rows("prefixed") == local.rows("plain") == [("02134", 1.0), (None, 2.0)]
