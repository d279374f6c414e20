"""Inputs that other readers change without a word: each is read as it is written, or refused with what to do about it.

The files are in ``cases``, a folder for each kind of input.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.clients.conftest import Local, refusal

CASES = Path(__file__).parent / "cases"


def put(local: Local, kind: str, *names: str) -> None:
    """Put files of a kind of case, or all of them, into the database ``data``."""
    for path in sorted((CASES / kind).rglob("*")):
        if path.is_file() and (not names or path.name in names or path.parent.name in names):
            target = local.root / "data" / path.relative_to(CASES / kind)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)


def notes(local: Local, table: str) -> list[str]:
    """What is told about a table of the database ``data``."""
    return list(local.metastore.get_table("data", table).notes)


def registered(local: Local, path: str, **given: Any) -> list[tuple[Any, ...]]:
    """The rows of the files at ``path``, registered as they are inferred."""
    definition = local.storage.infer_table(path, **given)
    local.metastore.create_table("r", "t", definition=definition, overwrite=True)
    return local.ask("SELECT * FROM r.t")


def test_no_row_is_taken_for_a_comment(local: Local) -> None:
    put(local, "hash-rows")
    assert local.rows("colors") == [("#1", "red"), ("#2", "blue"), ("3", "green")]
    assert local.rows("units", "SELECT count(*) FROM $table") == [(39,)]


def test_a_comment_character_is_taken_when_it_is_given(local: Local) -> None:
    put(local, "hash-rows")
    assert registered(local, "data/colors.csv", options={"comment": "#"}) == [(3, "green")]


def test_dates_that_can_be_read_in_two_ways_are_text(local: Local) -> None:
    put(local, "dates")
    assert local.rows("us") == [(1, "01/02/2024"), (2, "03/04/2024"), (3, "05/06/2024")]
    assert notes(local, "us") == [
        "column d: read as text: dates such as '01/02/2024' can be read day first and month first; the option "
        "date_format decides (%d/%m/%Y or %m/%d/%Y)"
    ]
    assert registered(local, "data/us.csv", options={"date_format": "%m/%d/%Y"})[0] == (1, "2024-01-02")
    assert registered(local, "data/us.csv", options={"date_format": "%d/%m/%Y"})[0] == (1, "2024-02-01")


@pytest.mark.parametrize("code", ["1-2", "10-11", "3/4", "2024-1", "12.10", "1-2-3"])
def test_codes_are_no_dates(local: Local, code: str) -> None:
    local.put("data/codes.csv", f"id,code\n1,{code}\n2,{code}\n")
    assert [str(code) for _, code in local.rows("codes")] == [code, code]


def test_one_table_reads_its_dates_in_one_order(local: Local) -> None:
    put(local, "dates")
    expected = [(1, "12/25/2023"), (2, "11/30/2023"), (3, "01/02/2024"), (4, "03/04/2024")]
    assert local.rows("sales", "SELECT * FROM $table ORDER BY id") == expected
    assert registered(local, "data/sales", options={"date_format": "%m/%d/%Y"}) == [
        (1, "2023-12-25"),
        (2, "2023-11-30"),
        (3, "2024-01-02"),
        (4, "2024-03-04"),
    ]


@pytest.mark.parametrize(
    "text", ["1/2/24", "24-01-05", "2024-1-5", "2024/01/05", "05.01.2024", "20240105", "5 Jan 2024"]
)
def test_dates_that_are_not_written_year_first_are_text(local: Local, text: str) -> None:
    local.put("data/t.csv", f"id,d\n1,{text}\n2,{text}\n")
    assert local.rows("t")[0] == (1, int(text) if text.isdigit() else text)


LATE = [
    ("90000", "02134"),
    ("1", "0x1F"),
    ("1", "1_000"),
    ("1", "1e3"),
    ("1.5", "1e3"),
    ("1.5", "02134"),
    ("1.5", "1.10"),
    ("1", "+7"),
    ("1", "true"),
    ("true", "t"),
    ("2024-01-05", "2024-1-5"),
    ("2024-01-05", "24-01-05"),
    ("10:00:00", "9:00:00"),
    ("2024-01-05 10:00:00", "2024-01-05 10:00:00 CET"),
    ("2024-01-05 10:00:00", "2024-01-05 10:00:00Z"),
    ("2024-01-05 10:00:00Z", "n/a"),
    ("2024-01-05 10:00:00Z", "2024-01-05 10:00:00"),
]


def late_values(rows: int) -> str:
    """A file with a column for each of ``LATE``, whose last row has the late values; it has ``rows`` rows."""
    names = ",".join(f"c{index}" for index in range(len(LATE)))
    usual, late = (",".join(values) for values in zip(*LATE, strict=True))
    return f"{names}\n" + f"{usual}\n" * (rows - 1) + f"{late}\n"


def test_late_values_make_columns_text(local: Local) -> None:
    local.put("data/t.csv", late_values(20_600))
    assert set(local.columns("t").values()) == {"VARCHAR"}
    assert local.rows("t", "SELECT * FROM $table OFFSET 20599") == [tuple(late for _, late in LATE)]
    for index, ((_, late), note) in enumerate(zip(LATE, notes(local, "t"), strict=True)):
        assert note.startswith(f"column c{index}: read as text: 1 of 20,600 values is n")
        assert note.endswith(f" (line 20601: {late!r})")


def test_late_values_of_a_long_file_are_refused(local: Local) -> None:
    rows = 30_000
    local.put("data/t.csv", late_values(rows))
    for index, (usual, late) in enumerate(LATE):
        name = f"c{index}"
        assert local.rows("t", f"SELECT max({name}) FROM (FROM $table LIMIT 5)") != [(None,)], usual
        told = refusal(local.rows, "t", f"SELECT max({name}) FROM $table")
        assert told.startswith(f"EngineError: data/t.csv, line {rows + 1}, column {name}: {late!r} is not of type ")
        assert f" Mend the value, or register the table with column {name} as VARCHAR" in told
    columns = {f"c{index}": "VARCHAR" for index in range(len(LATE))}
    assert registered(local, "data/t.csv", columns=columns)[-1] == tuple(late for _, late in LATE)


def test_a_late_value_in_another_file_of_the_table(local: Local) -> None:
    local.put("data/t/a.csv", "id,zip\n" + "".join(f"{n},{90_000 + n}\n" for n in range(500)))
    local.put("data/t/b.csv", "id,zip\n" + "".join(f"{n},{90_000 + n}\n" for n in range(3000)) + "9,02134\n")
    assert refusal(local.columns, "t") == (
        "ConflictError: The files of table t in database data have different schemas: column zip: BIGINT in a.csv, "
        "VARCHAR in b.csv. Make the files alike, or register a glob of those that are."
    )


def test_numbers_in_a_header(local: Local) -> None:
    put(local, "header")
    assert local.columns("wide") == {"country": "VARCHAR", "2021": "BIGINT", "2022": "BIGINT"}
    assert local.rows("wide") == [("DE", 2, 3), ("FR", 5, 6)]


def test_a_year_in_the_first_line_and_below_it(local: Local) -> None:
    local.put("data/t.csv", "Rome,2021\nParis,2022\n")
    assert refusal(local.columns, "t") == (
        "EngineError: data/t.csv: line 1 may name the columns or be a row, because it holds a year as the lines below "
        "do. Say which with read_headers: true or false."
    )
    assert local.rows("t", read_headers=False) == [("Rome", 2021), ("Paris", 2022)]


def test_rows_without_a_header_are_told(local: Local) -> None:
    local.put("data/t.csv", "5.1,3.5,setosa\n4.9,3.0,setosa\n")
    assert list(local.columns("t")) == ["column0", "column1", "column2"]
    assert notes(local, "t")[0] == "no line names the columns, so they are called column0 and so on (option header)"


def test_empty_and_equal_names(local: Local) -> None:
    local.put("data/t.csv", ",a,A,\n1,2,3,4\n")
    assert list(local.columns("t")) == ["column0", "a", "A_1", "column3"]


def test_a_hint_for_spreadsheets(local: Local) -> None:
    local.put("data/t.csv", "sep=;\nid;n\n1;x,y\n")
    assert local.rows("t") == [(1, "x,y")]


def test_codes_are_text(local: Local) -> None:
    put(local, "codes", "hexa.csv")
    assert local.rows("hexa") == [(1, "0x1F", "0b101"), (2, "0x2A", "0b110")]


@pytest.mark.parametrize("code", ["1e3", "12E5", "007", "+1", "1_0", "T", "y", "1.10", ".", "1,5", "5.", "0x1", "NaN"])
def test_other_codes_are_text(local: Local, code: str) -> None:
    local.put("data/t.csv", f'id,c\n1,"{code}"\n2,"{code}"\n3,"1.9"\n' if code == "1.10" else f'id;c\n1;"{code}"\n')
    assert local.rows("t")[0] == (1, code)


def test_numbers_keep_their_digits(local: Local) -> None:
    local.put(
        "data/t.csv",
        "a,b,c,d,e,f\n10.50,1.5,1e-05,.5,0.12345678901234567890,1.5E-10\n"
        "20,2,2.5e+300,-.25,0.5,-2.0E10\n3.25,1234567.891,0.1,7,1,0\n",
    )
    assert local.columns("t") == {
        "a": "DECIMAL(18,2)", "b": "DOUBLE", "c": "DOUBLE", "d": "DOUBLE", "e": "VARCHAR", "f": "DOUBLE",
    }  # fmt: skip
    assert local.rows("t") == [
        ("10.50", 1.5, 1e-05, 0.5, "0.12345678901234567890", 1.5e-10),
        ("20.00", 2.0, 2.5e300, -0.25, "0.5", -2.0e10),
        ("3.25", 1234567.891, 0.1, 7.0, "1", 0.0),
    ]


def test_decimal_commas_and_grouped_thousands(local: Local) -> None:
    put(local, "separators", "betrag.csv")
    assert local.rows("betrag") == [
        ("01.02.2024", "0815", "1.234,56", "1.000"),
        ("15.03.2024", "4711", "12,50", "2.500"),
    ]
    options = {"decimal": ",", "thousands": ".", "date_format": "%d.%m.%Y"}
    assert registered(local, "data/betrag.csv", options=options) == [
        ("2024-02-01", "0815", "1234.56", 1000),
        ("2024-03-15", "4711", "12.50", 2500),
    ]
    assert notes(local, "betrag") == [
        "column Datum: read as text: the option date_format: '%d.%m.%Y' makes dates of it",
        "column Konto: read as text: 1 of 2 values is no number that would be written back as it stands (line 2: "
        "'0815')",
        "column Betrag: read as text: '1.234,56' is a number only with the options decimal: ',' and thousands: '.'",
        "column Menge: read as text: '1.000' is one number where the point is a decimal point and another where it "
        "groups thousands (options decimal and thousands)",
    ]


def test_windows_1252(local: Local) -> None:
    put(local, "separators", "kunden.csv")
    assert refusal(local.columns, "kunden") == (
        "EngineError: data/kunden.csv: not UTF-8. Register the table with its encoding as an option (encoding, by any "
        "name that Python knows: windows-1252 reads line 2 as '1;Müller'), or convert the file (iconv -f windows-1252 "
        "-t utf-8 OLD > NEW)."
    )
    expected = [(1, "Müller"), (2, "5 €")]
    assert registered(local, "data/kunden.csv", options={"encoding": "windows-1252"}) == expected
    assert registered(local, "data/kunden.csv", options={"encoding": "cp1252"}) == expected


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("shift_jis", "東京"),
        ("gb18030", "北京"),
        ("cp437", "Ü"),
        ("utf-16-le", "é"),
        ("iso8859-15", "€"),
        ("koi8-r", "Москва"),
    ],
)
def test_other_encodings(local: Local, encoding: str, text: str) -> None:
    local.put("data/t/p=1/t.csv", f"id,n\n1,{text}\n".encode(encoding))
    assert registered(local, "data/t", options={"encoding": encoding}) == [(1, text, 1)]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "utf-32"])
def test_encodings_that_a_mark_tells(local: Local, encoding: str) -> None:
    local.put("data/t.csv", "id,n\n1,é\n".encode(encoding))
    assert local.rows("t") == [(1, "é")]


def test_a_line_of_another_width(local: Local) -> None:
    put(local, "ragged")
    assert refusal(local.columns, "w") == (
        "EngineError: data/w.csv, line 4: 3 columns where 2 are expected. Mend the line."
    )


def test_a_footer(local: Local) -> None:
    local.put("data/t.csv", "id,n\n1,2\n3,4\nTotal: 2 rows\n")
    assert refusal(local.columns, "t") == (
        "EngineError: data/t.csv, line 4: 1 column where 2 are expected. Mend the line. If it is a footer, register "
        "the table with the option skip_footer: 1."
    )
    assert registered(local, "data/t.csv", options={"skip_footer": 1}) == [(1, 2), (3, 4)]


def test_times_that_cannot_be_parsed(local: Local) -> None:
    put(local, "times", "times.csv")
    assert local.rows("times", 'SELECT count("at") FROM $table') == [(4,)]
    assert local.rows("times")[2] == (3, "03/10/2024 01:25:58")


def test_a_zone_in_one_row_says_nothing_of_others(local: Local) -> None:
    put(local, "times", "mixed.csv")
    assert [at for _, at in local.rows("mixed")] == [
        "2024-03-08 01:00:00",
        "2024-03-09 02:00:00 CET",
        "2024-03-10 03:00:00",
        "2024-03-11 04:00:00",
        "2024-03-11 05:00:00Z",
        "2024-03-11 06:00:00",
    ]


def test_a_short_row_below_a_title(local: Local) -> None:
    put(local, "commas", "title.csv")
    assert refusal(local.columns, "title") == (
        "EngineError: data/title.csv, line 4: 2 columns where 3 are expected. Mend the line."
    )


def test_semicolons_between_texts_with_commas(local: Local) -> None:
    put(local, "commas", "address.csv")
    assert local.rows("address") == [(1, "Main St, Rome, Lazio, IT"), (2, "High St, Paris, Ile, FR")]


def test_ends_of_lines_that_differ_beside_quotes(local: Local) -> None:
    put(local, "commas", "m.csv")
    assert local.rows("m") == [(1, "x"), (2, "y"), (3, "z")]


def test_two_delimiters_that_both_fit(local: Local) -> None:
    local.put("data/t.csv", "a|b,c\n1|2,x\n3|4,y\n")
    assert refusal(local.columns, "t") == (
        "EngineError: data/t.csv: the lines can be cut at ',' and '|'. Register the table with the one that is meant "
        "as the option delimiter."
    )
    assert registered(local, "data/t.csv", options={"delimiter": "|"}) == [(1, "2,x"), (3, "4,y")]


def test_an_empty_text_is_not_a_missing_one(local: Local) -> None:
    local.put("data/t.csv", 'id,n\n1,""\n2,\n"",x\n')
    assert local.rows("t") == [(1, ""), (2, None), (None, "x")]


def test_a_dump_with_backslashes(local: Local) -> None:
    local.put("data/t.csv", 'id,n\n1,"say \\"hi\\", you"\n2,\\N\n')
    options = {"escape": "\\", "null": "\\N"}
    assert registered(local, "data/t.csv", options=options) == [(1, 'say "hi", you'), (2, None)]


def test_a_line_of_megabytes(local: Local) -> None:
    long = "x" * 3_000_000
    local.put("data/t.csv", f"id,n\n1,{long}\n2,y\n")
    assert local.rows("t", "SELECT id, length(n) FROM $table") == [(1, 3_000_000), (2, 1)]


def test_a_declared_type_that_cannot_work_is_refused_at_once(local: Local) -> None:
    put(local, "dates", "us.csv")
    assert refusal(local.storage.infer_table, "data/us.csv", columns={"d": "DATE"}) == (
        "EngineError: data/us.csv, line 2, column d: '01/02/2024' is not of type DATE, that the column is registered "
        "with. Mend the value, or register the table with column d as VARCHAR, or give the option date_format "
        "(%d/%m/%Y or %m/%d/%Y)."
    )


def test_a_declared_type_reads_what_is_written_otherwise(local: Local) -> None:
    local.put("data/t.csv", "a,b\n1e3,007\n1.50,8\n")
    assert registered(local, "data/t.csv", columns={"a": "DOUBLE", "b": "INTEGER"}) == [(1000.0, 7), (1.5, 8)]


def test_offsets_of_json_times_are_applied(local: Local) -> None:
    put(local, "json-offsets")
    assert local.columns("events") == {"t": "TIMESTAMP WITH TIME ZONE"}
    assert local.rows("events") == [("2026-04-29T12:38:00+00:00",), ("2026-12-29T13:38:00+00:00",)]


def test_offsets_of_times_inside_of_json_are_kept(local: Local) -> None:
    local.put(
        "data/t.json", '[{"n": {"at": "2026-04-29T14:38:00+02:00"}, "l": ["2026-04-29T14:38:00+02:00", "10:30"]}]'
    )
    assert local.rows("t") == [({"at": "2026-04-29T14:38:00+02:00"}, ["2026-04-29T14:38:00+02:00", "10:30"])]


def test_late_texts_of_json_that_are_no_times(local: Local) -> None:
    usual = '{"d": "2024-01-05", "at": "2024-01-05T10:00:00+02:00", "n": "12"}\n'
    local.put("data/t.jsonl", usual * 30_000 + '{"d": "2024-1-5", "at": "2024-01-05T10:00:00", "n": "012"}\n')
    assert local.columns("t") == {"d": "VARCHAR", "at": "VARCHAR", "n": "VARCHAR"}
    assert local.rows("t", "SELECT * FROM $table OFFSET 30000") == [("2024-1-5", "2024-01-05T10:00:00", "012")]


def test_big_numbers_of_json_keep_their_digits(local: Local) -> None:
    put(local, "codes", "mixed.json")
    assert local.rows("mixed") == [("9007199254740993.0", 1), ("1.5", 2)]
    local.put("data/b.json", '[{"a": 12345678901234567890123, "n": [9007199254740993, 0.5]}, {"a": 1, "n": [1]}]')
    assert local.rows("b") == [("12345678901234567890123", "[9007199254740993,0.5]"), (1, "[1]")]
    assert local.columns("b") == {"a": "HUGEINT", "n": "VARCHAR"}


def test_big_numbers_of_one_json_file_beside_fractions_of_another(local: Local) -> None:
    local.put("data/t/a.json", '[{"a": 9007199254740993}]')
    local.put("data/t/b.json", '[{"a": 1.5}]')
    assert refusal(local.rows, "t") == (
        "ConflictError: The files of table t in database data have different schemas: column a: BIGINT in a.json, "
        "DOUBLE in b.json, and the latter would change 9007199254740993. Make the files alike, or register a "
        "glob of those that are."
    )


def test_json_that_was_cut_off(local: Local) -> None:
    put(local, "json-cut")
    assert refusal(local.rows, "cut") == (
        "EngineError: data/cut.json is cut off: it begins with [ and does not end with ]. Get the file again from "
        "where it came."
    )


def test_keys_inside_of_json_that_differ_in_case(local: Local) -> None:
    local.put("data/t.json", '[{"a": {"x": 1, "X": 2}, "b": {"": 1}}]')
    assert refusal(local.rows, "t") == (
        "EngineError: data/t.json has objects in which keys differ in upper and lower case only (X). Rename them."
    )


def test_ids_of_json_keep_their_case(local: Local) -> None:
    local.put(
        "data/t.json",
        '[{"u": "6BA7B810-9DAD-11D1-80B4-00C04FD430C8", "n": {"u": "6BA7B810-9DAD-11D1-80B4-00C04FD430C8"}}]',
    )
    assert local.rows("t") == [("6BA7B810-9DAD-11D1-80B4-00C04FD430C8", {"u": "6BA7B810-9DAD-11D1-80B4-00C04FD430C8"})]


def test_a_column_of_nulls_in_one_parquet_file(local: Local) -> None:
    put(local, "null-column")
    shutil.copytree(CASES / "null-column", local.root / "data/t")
    assert local.columns("t") == {"a": "BIGINT", "tags": "VARCHAR[]"}
    assert sorted(local.rows("t")) == [(1, None), (2, ["x"])]
    assert local.rows("1") == [(1, None)]
    local.execution.merge(local.metastore.get_table("data", "t", schema=False), output="data/m.parquet")
    assert sorted(local.rows("m")) == [(1, None), (2, ["x"])]


def test_decimals_of_more_digits_than_can_be_read(local: Local) -> None:
    put(local, "parquet")
    assert refusal(local.rows, "bn") == (
        "EngineError: data/bn.parquet, column d: DECIMAL(50,2) has more digits than the 38 that can be read. Write the "
        "column with fewer digits, or as text."
    )


def test_nanoseconds_are_not_cut(local: Local) -> None:
    put(local, "times", "nanos.parquet")
    assert local.rows("nanos") == [
        ("2024-11-07 12:33:54.123456789Z", "2024-11-07T12:33:54.123456789", "12:34:56.123456789"),
        ("1969-12-31 23:59:59.999999999Z", "1969-12-31T23:59:59.999999999", "00:00:00.000000001"),
    ]
    assert notes(local, "nanos") == [
        "column t: read as text, because its times tell nanoseconds",
        "column utc: read as text, because its times tell nanoseconds",
    ]


@pytest.mark.parametrize("ending", ["csv", "json", "parquet"])
def test_partition_values_that_are_null_markers(local: Local, ending: str) -> None:
    markers = {"NULL": "NULL", "null": "null", "NA": "NA", "": "", "__HIVE_DEFAULT_PARTITION__": None, "x%20y": "x y"}
    for name in markers:
        local.execution.query("SELECT 1 AS v", output=f"data/t/p={name}/a.{ending}")
    expected = sorted(((1, value) for value in markers.values()), key=str)
    assert sorted(local.rows("t"), key=str) == expected
    assert local.rows("t", "SELECT count(*) FROM $table WHERE p IS NULL") == [(1,)]
    assert local.rows("t", "SELECT v FROM $table WHERE p = 'NULL'") == [(1,)]


def test_a_nul_in_the_name_of_a_column(local: Local) -> None:
    local.put("data/t.csv", "id,a\0b\n1,2\n")
    assert refusal(local.columns, "t") == (
        "EngineError: data/t.csv: the name of column 2 holds a NUL character. Rename the column."
    )


def test_decimals_of_csv_beyond_38_digits_are_text(local: Local) -> None:
    number = "1234567890123456789012345678901234567890.5"
    local.put("data/t.csv", f"n\n1.5\n{number}\n")
    assert local.rows("t") == [("1.5",), (number,)]


@pytest.mark.parametrize("text", ["24-01-05", "5/1/24", "5.1.4", "1/5/04"])
def test_years_of_one_or_two_digits_are_text(local: Local, text: str) -> None:
    local.put("data/t.csv", f"id,d\n1,{text}\n")
    assert local.rows("t") == [(1, text)]
