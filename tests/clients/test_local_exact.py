"""What is read is what is in the file: no value rounded, dropped or cut off without a word."""

from __future__ import annotations

import gzip
import json

import duckdb
import pytest

from mason.clients._duckdb.reading import bytewise
from mason.clients._duckdb.reading.bytewise import Marks, look_through
from mason.clients._duckdb.reading.table_files import files_at
from tests.clients.conftest import Local, refusal

SAMPLE = 30_000
# Too long a file to be looked at whole for its types, and one that is short enough.
WIDE = "x" * 150
ROWS = "".join(f"{number},{WIDE}\n" for number in range(SAMPLE))
SHORT_ROWS = "".join(f"{number},x\n" for number in range(SAMPLE))


@pytest.mark.parametrize("sql", ["SELECT sum(id) FROM $table", "SELECT * FROM $table", "SELECT max(id) FROM data.t"])
def test_a_fraction_among_whole_numbers_is_not_rounded(local: Local, sql: str) -> None:
    local.put("data/t.csv", f"id,n\n{ROWS}1.5,y\n")
    expected = (
        "EngineError: data/t.csv, line 30002, column id: '1.5' is not of type BIGINT, which the values before it have. "
        "Mend the value, or register the table with column id as DOUBLE."
    )
    assert refusal(local.rows, "t", sql) == expected
    assert refusal(local.execution.summarize, local.metastore.get_table("data", "t")) == expected
    assert refusal(local.execution.preview, local.metastore.get_table("data", "t"), limit=40_000) == expected
    assert local.rows("t", "SELECT count(n) FROM $table") == [(SAMPLE + 1,)]


def test_the_remedy_works(local: Local) -> None:
    local.put("data/t.csv", f"id,n\n{ROWS}1.5,y\n")
    columns = [{"name": "id", "type": "DOUBLE"}, {"name": "n", "type": "VARCHAR"}]
    local.metastore.create_table("data", "t", definition={"location": "data/t.csv", "columns": columns})
    assert local.rows("t", "SELECT sum(id) FROM $table") == [(sum(range(SAMPLE)) + 1.5,)]


def test_a_short_file_is_looked_at_whole(local: Local) -> None:
    local.put("data/t.csv", f"id,n\n{SHORT_ROWS}1.5,y\n 8 ,x.y\n,\n")
    assert local.columns("t") == {"id": "DOUBLE", "n": "VARCHAR"}
    assert local.rows("t", "SELECT id, n FROM $table OFFSET 30000") == [(1.5, "y"), (8.0, "x.y"), (None, None)]


def test_whole_numbers_between_spaces_are_read(local: Local) -> None:
    local.put("data/t.csv", f"id,n\n{ROWS} 8 ,x.y\n,\n")
    assert local.rows("t", "SELECT id, n FROM $table OFFSET 30000") == [(8, "x.y"), (None, None)]


def test_a_word_among_whole_numbers_is_named_by_its_row(local: Local) -> None:
    local.put("data/t.csv", f"id,n\n{ROWS}zz,2.5\n")
    assert refusal(local.rows, "t", "SELECT sum(id) FROM $table") == (
        "EngineError: data/t.csv, line 30002, column id: 'zz' is not of type BIGINT, which the values before it have. "
        "Mend the value, or register the table with column id as VARCHAR."
    )


@pytest.mark.parametrize(
    ("usual", "late", "kind"),
    [
        ("2013-01-01 10:00:00", "2013-01-01 10:00:00+02", "TIMESTAMP"),
        ("2013-01-01 10:00:00", "2013-01-01 10:00:00.5-0330", "TIMESTAMP"),
        ("2013-01-01 10:00:00", "2013-01-01 10:00:00.123456789", "TIMESTAMP"),
        ("2013-01-01 10:00:00+00", "2013-01-01 10:00:00.123456789+00", "TIMESTAMP WITH TIME ZONE"),
        ("10:00:00", "10:00:00.1234567", "TIME"),
        ("10:00:00", "2013-01-01 10:00:00", "TIME"),
    ],
)
def test_times_keep_what_they_say(local: Local, usual: str, late: str, kind: str) -> None:
    local.put("data/t.csv", "t,n\n" + f"{usual},{WIDE}\n" * SAMPLE + f"{late},{WIDE}\n")
    assert local.columns("t") == {"t": kind, "n": "VARCHAR"}
    assert refusal(local.rows, "t", "SELECT max(t) FROM $table") == (
        f"EngineError: data/t.csv, line 30002, column t: '{late}' is not of type {kind}, which the values before it "
        "have. Mend the value, or register the table with column t as VARCHAR."
    )


def test_usual_times_pass(local: Local) -> None:
    lines = f"2013-01-01 10:00:00,{WIDE}\n" * SAMPLE + "2013-01-01 10:00:00.123456000,\n2013-01-01T11:00:00,\n"
    local.put("data/t.csv", "t,n\n" + lines)
    assert local.rows("t", "SELECT count(*), max(t) FROM $table") == [(SAMPLE + 2, "2013-01-01T11:00:00")]


def test_a_time_among_dates(local: Local) -> None:
    local.put("data/t.csv", "d,n\n" + f"2013-01-01,{WIDE}\n" * SAMPLE + "2013-01-02 10:00:00,\n")
    assert refusal(local.rows, "t", "SELECT max(d) FROM $table") == (
        "EngineError: data/t.csv, line 30002, column d: '2013-01-02 10:00:00' is not of type DATE, which the values "
        "before it have. Mend the value, or register the table with column d as VARCHAR."
    )


def test_dates_without_end(local: Local) -> None:
    local.put("data/t.csv", "d,i\n-infinity,1\n2020-01-01,2\n")
    assert local.columns("t") == {"d": "DATE", "i": "BIGINT"}
    assert local.rows("t", "SELECT d::VARCHAR, i FROM $table") == [("-infinity", 1), ("2020-01-01", 2)]


@pytest.mark.parametrize(
    ("values", "kind", "rows"),
    [
        (["9223372036854775808", "1"], "HUGEINT", [9223372036854775808, 1]),
        (["-9223372036854775809"], "HUGEINT", ["-9223372036854775809"]),
        (["1" * 40, "1"], "VARCHAR", ["1" * 40, "1"]),
        (["9223372036854775808", "0.5"], "DECIMAL(38,1)", ["9223372036854775808.0", "0.5"]),
        (["1.5", "0.12345678901234567890"], "VARCHAR", None),
        (["2013-01-01 10:00:00.123456789"], "TIMESTAMP_NS", ["2013-01-01T10:00:00.123456789"]),
        (["2013-01-01 10:00:00.123456789", "1000-01-01 10:00:00"], "VARCHAR", None),
        (["10:00:00.1234567"], "VARCHAR", ["10:00:00.1234567"]),
    ],
)
def test_types_hold_all_digits(local: Local, values: list[str], kind: str, rows: list[object] | None) -> None:
    local.put("data/t.csv", "\n".join(["v,w", *(f"{value},x" for value in values)]))
    assert local.columns("t") == {"v": kind, "w": "VARCHAR"}
    assert local.rows("t", "SELECT v FROM $table") == [(value,) for value in rows or values]


def jsonl(*late: str) -> str:
    return "".join(f'{{"a": {number}, "b": "x"}}\n' for number in range(SAMPLE)) + "\n".join(late)


@pytest.mark.parametrize(
    ("late", "columns", "rows"),
    [
        ('{"a": 1.5}', {"a": "DOUBLE", "b": "VARCHAR"}, [(1.5, None)]),
        ('{"a": 1, "c": 3}', {"a": "BIGINT", "b": "VARCHAR", "c": "BIGINT"}, [(1, None, 3)]),
        ('{"a": 1, "b": "7.5"}', {"a": "BIGINT", "b": "VARCHAR"}, [(1, "7.5")]),
    ],
)
def test_late_json_counts(local: Local, late: str, columns: dict[str, str], rows: list[object]) -> None:
    local.put("data/t.jsonl", jsonl(late))
    assert local.columns("t") == columns
    assert local.rows("t", "SELECT * FROM $table OFFSET 30000") == rows


def test_late_json_inside_of_objects_and_in_one_line(local: Local) -> None:
    objects = [{"s": {"x": number}} for number in range(SAMPLE)] + [{"s": {"x": 0.5, "y": 2}}]
    local.put("data/t.json", json.dumps(objects))
    assert local.columns("t") == {"s": "STRUCT(x DOUBLE, y BIGINT)"}
    assert local.rows("t", "SELECT s FROM $table OFFSET 30000") == [({"x": 0.5, "y": 2},)]


def test_registered_json_is_not_rounded(local: Local) -> None:
    local.put("data/t.jsonl", '{"a": 1}\n')
    local.metastore.create_table("data", "t", definition={"location": "data/t.jsonl", "format": "json"})
    local.put("data/t.jsonl", '{"a": 1}\n{"a": 1.5}\n')
    assert refusal(local.rows, "t") == (
        "ConflictError: The files of table t in database data have different schemas: column a: BIGINT in the "
        "registration, DOUBLE in t.jsonl. Make the files alike, or register a glob of those that are."
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '{"a": 1, "A": 2}\n',
            "data/t.jsonl has keys that differ in upper and lower case only, so they cannot be columns of one table: "
            "A, a. Rename them.",
        ),
        ('{"a": 1, "": 2}\n', "data/t.jsonl has an empty key, which cannot be the name of a column. Name it."),
    ],
)
@pytest.mark.parametrize("before", ["", jsonl()])
def test_keys_that_cannot_be_columns(local: Local, text: str, message: str, before: str) -> None:
    local.put("data/t.jsonl", before + text)
    assert refusal(local.columns, "t") == f"EngineError: {message}"


def test_keys_that_look_made_up(local: Local) -> None:
    local.put("data/t.jsonl", '{"a_1": 1, "C2": 2}\n')
    assert local.rows("t") == [(1, 2)]


def test_a_header_that_is_no_title(local: Local) -> None:
    local.put("data/t.csv", "name\nSmith, John\nDoe, Jane\nRoe, Rick\n")
    assert refusal(local.rows, "t") == (
        "EngineError: data/t.csv: line 1 does not have the 2 columns of those below. Where it is a title, "
        "register the table with the option skip: 1; where each line is one value, with a delimiter that is in none of "
        'them, such as delimiter: "\\t"; else mend the lines.'
    )


@pytest.mark.parametrize(
    ("content", "line"),
    [("a,b\r\n1,x\r2,y\r\n3,z\r\n", 2), ("a\r\nx\ry\r\nz\r\n", 2), ("a,b\n1,x\n2,y\r3,z\r\n", 3)],
)
def test_a_carriage_return_among_other_ends(local: Local, content: str, line: int) -> None:
    local.put("data/t.csv", content)
    assert refusal(local.rows, "t") == (
        f"EngineError: data/t.csv, line {line}: the line ends with a carriage return alone, and others end otherwise. "
        r"Make all ends of lines alike (tr '\r' '\n' < OLD > NEW), or quote the value."
    )


def test_carriage_returns_that_are_fine(local: Local) -> None:
    local.put("data/quoted.csv", 'a,b\n1,x\r\n2,"q\rr"\r\n3,z\n')
    assert local.rows("quoted") == [(1, "x"), (2, "q\rr"), (3, "z")]
    local.put("data/mac.csv", "a,b\r1,x\r2,y\r")
    assert local.rows("mac") == [(1, "x"), (2, "y")]


def test_a_folder_and_a_column_that_differ_in_case(local: Local) -> None:
    local.put("data/t/Yr=2013/a.csv", "id,yr\n1,2012\n")
    assert refusal(local.rows, "t") == (
        "ConflictError: Column yr in Yr=2013/a.csv and the folders Yr= of table t in database data differ in upper and "
        "lower case only, so one would hide the other. Rename one of them."
    )


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
@pytest.mark.parametrize("compression", ["gz", "zst"])
def test_a_file_that_was_cut_off(local: Local, ending: str, compression: str) -> None:
    path = local.root / "data" / f"t.{ending}.{compression}"
    path.parent.mkdir()
    duckdb.sql("SELECT range AS a, hash(range) AS b FROM range(200000)").project("*").create("made")
    duckdb.sql(f"COPY made TO '{path}'")
    duckdb.sql("DROP TABLE made")
    table = local.metastore.get_table("data", "t")
    assert local.rows("t", "SELECT count(*) FROM $table") == [(200_000,)]
    whole = path.read_bytes()
    expected = (
        f"EngineError: data/t.{ending}.{compression} is damaged: the end of it is missing. "
        "Get the file again from where it came."
    )
    for left in (len(whole) - 1, len(whole) // 2, 20):
        path.write_bytes(whole[:left])
        assert refusal(local.execution.query, "SELECT count(*) FROM $table", table=table) == expected


def test_marks(local: Local, monkeypatch: pytest.MonkeyPatch) -> None:
    content = b"a,b\n1,x\n" * 1000 + b"1.5,x"
    for ending, text in (("csv", content), ("csv.gz", gzip.compress(content) + gzip.compress(b"") + b"\0" * 600)):
        local.put(f"one/t.{ending}", text)
        (file,) = files_at(local.client.root, f"one/t.{ending}")
        assert look_through(file, "t", most_lines=3000) == Marks(2001, True)
        assert look_through(file, "t", most_lines=2000) == Marks(None, True)
        monkeypatch.setattr(bytewise, "_PIECE", 7)
        assert look_through(file, "t", most_lines=3000) == Marks(2001, True)
        monkeypatch.undo()
