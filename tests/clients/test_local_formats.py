"""Which files are read, however they are written, and what is said about those that are not."""

from __future__ import annotations

import gzip
from pathlib import Path

import duckdb
import pytest

from mason.clients._duckdb.extensions import load_excel
from tests.clients.conftest import Local, refusal

ROWS = [(1, "Ann", 1.5), (2, "Bob", None), (3, "Cy", 2.5)]
READS = "csv, tsv, psv, json, jsonl, ndjson, parquet, xlsx; text also as .gz or .zst"


@pytest.mark.parametrize("compression", ["", ".gz"])
@pytest.mark.parametrize("header", [True, False])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", "\t", "|", ";", "^", "~", ":", "#", "@", "\x01"])
def test_csv(local: Local, delimiter: str, end: str, header: bool, compression: str) -> None:
    lines = [["id", "name", "size"]] * header + [["1", "Ann", "1.5"], ["2", "Bob", ""], ["3", "Cy", "2.5"]]
    content = "".join(delimiter.join(line) + end for line in lines).encode()
    local.put(f"data/t.csv{compression}", gzip.compress(content) if compression else content)
    names = ["id", "name", "size"] if header else ["column0", "column1", "column2"]
    assert local.columns("t") == dict(zip(names, ["BIGINT", "VARCHAR", "DOUBLE"], strict=True))
    assert local.rows("t") == ROWS


@pytest.mark.parametrize("header", [True, False])
@pytest.mark.parametrize("delimiter", [",", ";", "^"])
def test_csv_in_zstandard(local: Local, delimiter: str, header: bool) -> None:
    local.put("data/x", "")
    duckdb.execute(
        "COPY (SELECT * FROM (VALUES (1, 'Ann', 1.5), (2, 'Bob', NULL), (3, 'Cy', 2.5)) t(id, name, size)) "
        f"TO '{local.root}/data/t.csv.zst' (HEADER {header}, DELIMITER '{delimiter}', COMPRESSION zstd)"
    )
    names = ["id", "name", "size"] if header else ["column0", "column1", "column2"]
    assert list(local.columns("t")) == names
    assert local.rows("t") == ROWS


@pytest.mark.parametrize(("ending", "delimiter"), [("tsv", "\t"), ("psv", "|"), ("CSV", ","), ("tsv", ",")])
def test_endings(local: Local, ending: str, delimiter: str) -> None:
    local.put(f"data/t.{ending}", f"id{delimiter}name\n1{delimiter}Ann\n2{delimiter}Bob\n")
    assert local.rows("t") == [(1, "Ann"), (2, "Bob")]


def test_tsv_keeps_commas(local: Local) -> None:
    local.put("data/t.tsv", "name\nLee, Ann\nRay, Bob\n")
    assert local.rows("t") == [("Lee, Ann",), ("Ray, Bob",)]


@pytest.mark.parametrize(
    ("text", "kind"),
    [("t\n10:30\n11:45\n", "VARCHAR"), ("name\nAnn Lee\nBob Ray\n", "VARCHAR"), ("x\n1\n", "BIGINT")],
)
def test_one_column_stays_one(local: Local, text: str, kind: str) -> None:
    local.put("data/t.csv", text)
    assert list(local.columns("t").values()) == [kind]


def test_spaces_delimit_numbers(local: Local) -> None:
    local.put("data/t.csv", "a b\n1 2\n3 4\n")
    assert local.rows("t") == [(1, 2), (3, 4)]


def test_header_is_as_asked(local: Local) -> None:
    local.put("data/t.csv", "2012,2013\n1,2\n")
    assert list(local.columns("t")) == ["column0", "column1"]
    assert list(local.columns("t", read_headers=True)) == ["2012", "2013"]
    assert local.rows("t", read_headers=True) == [(1, 2)]


def test_byte_order_mark_and_quoted_newlines(local: Local) -> None:
    local.put("data/t.csv", '\ufeffid,"the ""name"""\r\n1,"x\r\ny"\r\n')
    assert local.columns("t") == {"id": "BIGINT", 'the "name"': "VARCHAR"}
    assert local.rows("t") == [(1, "x\r\ny")]


def test_mixed_line_ends(local: Local) -> None:
    local.put("data/t.csv", "id,n\r\n1,x\n2,y\r\n")
    assert local.rows("t") == [(1, "x"), (2, "y")]


def test_a_title_above_the_header(local: Local) -> None:
    local.put("data/t.csv", "Report of 2013\n\nid,n\n1,x\n")
    assert local.metastore.get_table("data", "t").options == {"delimiter": ",", "header": True, "skip": 2}
    assert local.rows("t") == [(1, "x")]


@pytest.mark.parametrize("content", ["", "\n\n", gzip.compress(b"", mtime=0)])
def test_empty_file_has_no_columns(local: Local, content: str | bytes) -> None:
    local.put("data/t.csv.gz" if isinstance(content, bytes) else "data/t.csv", content)
    table = local.metastore.get_table("data", "t")
    assert local.columns("t") == {}
    assert local.execution.preview(table).rows == []
    assert local.execution.summarize(table).rows == []
    expected = "EngineError: Table $table has no columns, because its files are empty."
    assert refusal(local.rows, "t") == expected


def test_only_a_header(local: Local) -> None:
    local.put("data/t.csv", "id,name\n")
    assert local.columns("t") == {"id": "VARCHAR", "name": "VARCHAR"}
    assert local.rows("t") == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,n\n1,x\n2\n3,z\n", "data/t.csv, line 3: 1 column where 2 are expected. Mend the line."),
        ("id,n\n1,x\n2,y,z\n3,z\n", "data/t.csv, line 3: 3 columns where 2 are expected. Mend the line."),
        ("id,n,more\n1,x\n2,y\n", "data/t.csv, line 2: 2 columns where 3 are expected. Mend the line."),
        (
            "word\nhello, world\nfine\nyes, no, maybe\n",
            "data/t.csv, line 2: 2 columns where 1 is expected. Mend the line.",
        ),
    ],
)
def test_ragged_lines_are_named(local: Local, text: str, message: str) -> None:
    local.put("data/t.csv", text)
    assert refusal(local.columns, "t") == f"EngineError: {message}"


def test_unclosed_quote(local: Local) -> None:
    local.put("data/t.csv", 'id,n\n1,"x\n2,y\n')
    expected = (
        "EngineError: data/t.csv, line 2: a quote is opened and never closed. Mend the line, or register the table "
        "with the option quote (empty for none)."
    )
    assert refusal(local.rows, "t") == expected


NOT_UTF8 = (
    "not UTF-8. Register the table with its encoding as an option (encoding, by any name that Python knows: "
    "windows-1252 reads line {} as {!r}), or convert the file (iconv -f windows-1252 -t utf-8 OLD > NEW)."
)


def test_not_utf8(local: Local) -> None:
    local.put("data/t.csv", "id,n\n1,é\n".encode("latin-1"))
    assert refusal(local.columns, "t") == f"EngineError: data/t.csv: {NOT_UTF8.format(2, '1,é')}"


@pytest.mark.parametrize("sql", ["SELECT * FROM $table", "SELECT max(n) FROM $table"])
def test_not_utf8_after_the_sample(local: Local, sql: str) -> None:
    local.put("data/t.csv", b"id,n\n" + b"1,%b\n" % (b"x" * 150) * 30_000 + b"2,\xe9\n")
    assert refusal(local.rows, "t", sql) == f"EngineError: data/t.csv, line 30002: {NOT_UTF8.format(30_002, '2,é')}"


def test_value_of_another_type_after_the_sample(local: Local) -> None:
    local.put("data/t.csv", "id,n\n" + f"1,{'x' * 150}\n" * 30_000 + "zz,y\n")
    assert local.rows("t", "SELECT count(n) FROM $table") == [(30_001,)]
    assert refusal(local.rows, "t", "SELECT sum(id) FROM $table") == (
        "EngineError: data/t.csv, line 30002, column id: 'zz' is not of type BIGINT, which the values before it have. "
        "Mend the value, or register the table with column id as VARCHAR."
    )


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.json", '[{"a": 1, "b": {"c": [1, 2]}}, {"a": 2}]'),
        ("t.json", '{"a": 1, "b": {"c": [1, 2]}}\n{"a": 2}\n'),
        ("t.jsonl", '{"a": 1, "b": {"c": [1, 2]}}\n{"a": 2}\n'),
        ("t.ndjson.gz", gzip.compress(b'{"a": 1, "b": {"c": [1, 2]}}\n{"a": 2}\n', mtime=0)),
    ],
)
def test_json(local: Local, name: str, content: str | bytes) -> None:
    local.put(f"data/{name}", content)
    assert local.columns("t") == {"a": "BIGINT", "b": "STRUCT(c BIGINT[])"}
    assert local.rows("t") == [(1, {"c": [1, 2]}), (2, None)]


@pytest.mark.parametrize("content", ["", "[]"])
def test_empty_json(local: Local, content: str) -> None:
    local.put("data/t.json", content)
    assert local.columns("t") == {}


def test_broken_json(local: Local) -> None:
    local.put("data/t.json", '{"a": 1')
    assert refusal(local.columns, "t") == (
        "EngineError: data/t.json is cut off: its last value has no end. Get the file again from where it came."
    )


def test_json_with_a_byte_order_mark(local: Local) -> None:
    local.put("data/t.json", '\ufeff[{"a": 1}]')
    expected = "EngineError: data/t.json begins with a byte order mark, which JSON forbids. Save it without."
    assert refusal(local.columns, "t") == expected


def test_parquet(local: Local) -> None:
    local.put("data/x", "")
    duckdb.execute(f"COPY (SELECT 1 AS id, DATE '2013-01-02' AS day) TO '{local.root}/data/t.parquet'")
    assert local.columns("t") == {"id": "INTEGER", "day": "DATE"}
    assert local.rows("t") == [(1, "2013-01-02")]


def test_broken_parquet(local: Local) -> None:
    local.put("data/t.parquet", "PAR1")
    assert refusal(local.columns, "t") == (
        "EngineError: data/t.parquet is damaged: too small to be a Parquet file. Get the file again from where it came."
    )


def sheet(path: Path, select: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        load_excel(connection)
        connection.execute(f"COPY ({select}) TO '{path}' (FORMAT xlsx, HEADER true)")


def test_xlsx(local: Local) -> None:
    sheet(local.root / "data/t.xlsx", "SELECT 1 AS id, 'Ann' AS name, DATE '2020-01-02' AS day, true AS ok")
    assert local.columns("t") == {"id": "DOUBLE", "name": "VARCHAR", "day": "DATE", "ok": "BOOLEAN"}
    assert local.rows("t") == [(1.0, "Ann", "2020-01-02", True)]
    assert local.rows("t", read_headers=False)[0] == ("id", "name", "day", "ok")


def test_xlsx_whose_first_cells_mislead(local: Local) -> None:
    first = "1 AS a, NULL AS late, TIMESTAMP '2020-01-02 03:04:05' AS at, DATE '2020-01-02' AS day, true AS ok"
    sheet(local.root / "data/t.xlsx", f"SELECT {first} UNION ALL SELECT 2, 'word', NULL, NULL, false")
    assert local.columns("t")["late"] == "VARCHAR"
    assert local.rows("t") == [
        (1.0, None, "2020-01-02T03:04:05", "2020-01-02", True),
        (2.0, "word", None, None, False),
    ]


def test_broken_xlsx(local: Local) -> None:
    local.put("data/t.xlsx", "no zip")
    expected = (
        "EngineError: data/t.xlsx is not a spreadsheet that can be read: invalid Zip archive: Could not find EOCD. "
        "Save it anew as .xlsx."
    )
    assert refusal(local.columns, "t") == expected


@pytest.mark.parametrize("asked", ["notes", "notes.docx"])
def test_unsupported_file_asked_for(local: Local, asked: str) -> None:
    local.put("data/notes.docx", "x")
    local.put("data/t.csv", "a\n1\n")
    message = f"EngineError: data/notes.docx is not a format that client local reads ({READS})."
    assert refusal(local.metastore.get_table, "data", asked) == message
    assert refusal(local.storage.infer_table, "data/notes.docx") == message
    assert [table.name for table in local.metastore.list_tables("data")] == ["t"]


def test_unsupported_files_beside_data(local: Local) -> None:
    local.put("data/t/a.csv", "a\n1\n")
    local.put("data/t/b.docx", "x")
    expected = f"EngineError: data/t/b.docx is not a format that client local reads ({READS})."
    assert refusal(local.columns, "t") == expected
    local.put("data/t/README.md", "x")
    expected = f"EngineError: data/t/README.md, data/t/b.docx are not formats that client local reads ({READS})."
    assert refusal(local.columns, "t") == expected


def test_wrong_compression(local: Local) -> None:
    local.put("data/t.csv.gz", "a\n1\n")
    assert refusal(local.columns, "t") == (
        "EngineError: data/t.csv.gz is not compressed with gzip, although its name says so. Rename it, or compress it."
    )
