"""What a hostile user gives to the operators that write: names, values and folders that must not become wrong data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from mason.clients._duckdb.failures import explain
from mason.clients._duckdb.writing.outputs import NOTE
from mason.engines.models import Job
from tests.clients.conftest import Local, make, refusal


def put(local: Local, select: str) -> None:
    local.execution.query(select, output="data/t.parquet", overwrite=True)


def convert(local: Local, output: str, **options: Any) -> dict[str, Any]:
    job = local.execution.format(local.metastore.get_table("data", "t"), output=output, **options)
    return dict(job.result)


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@pytest.mark.parametrize(
    ("key", "other"),
    [("mason_rank", "x"), ("x", "mason_rank"), ("MASON_RANK", "x"), ("more", "key_0"), ("key_0", "t"), ("s", "t")],
)
def test_dedupe_whatever_columns_are_called(local: Local, key: str, other: str) -> None:
    put(local, f"SELECT * FROM (VALUES (1,'b'),(1,'a'),(2,'c'),(NULL,'d'),(NULL,'c')) v({quoted(key)},{quoted(other)})")
    job = local.execution.dedupe(
        local.metastore.get_table("data", "t"), keys=[key], order_by=[other], output="data/o.parquet"
    )
    assert (job.result["rows_in"], job.result["rows"], job.result["removed"]) == (5, 3, 2)
    assert sorted(local.rows("o"), key=str) == [(1, "a"), (2, "c"), (None, "c")]
    assert list(local.columns("o")) == [key, other]


def test_top_values_whatever_columns_are_called(local: Local) -> None:
    put(local, "SELECT * FROM (VALUES (1,'x',10),(1,NULL,20),(NULL,'y',10)) t(value, \"count\", a)")
    rows = local.execution.summarize(local.metastore.get_table("data", "t"), top_values=2).rows
    assert [(row[0], row[-1]) for row in rows] == [
        ("value", [{"value": 1, "count": 2}]),
        ("count", [{"value": "x", "count": 1}, {"value": "y", "count": 1}]),
        ("a", [{"value": 10, "count": 2}, {"value": 20, "count": 1}]),
    ]


@pytest.mark.parametrize("format", ["csv", "jsonl", "parquet"])
@pytest.mark.parametrize("name", ["mason_piece", "MASON_PIECE", "mason_line"])
def test_pieces_whatever_columns_are_called(local: Local, name: str, format: str) -> None:
    put(local, f"SELECT range AS id, 7 AS {name} FROM range(20)")
    assert len(convert(local, "data/o", format=format, partitions=3)["files"]) == 3
    assert list(local.columns("o")) == ["id", name]
    assert sorted(local.rows("o")) == [(number, 7) for number in range(20)]
    convert(local, "data/p", format=format, partition_columns=[name])
    assert sorted(local.rows("p", f"SELECT id, {name} FROM $table")) == [(number, 7) for number in range(20)]


@pytest.mark.parametrize("format", ["csv", "jsonl", "parquet"])
@pytest.mark.parametrize("name", ["a=b", "a/b", "a b", "é", 'K"x', "a%b", "a'b", "a?b", "{{x}}", "filename", "a.b"])
def test_partitions_whatever_columns_are_called(local: Local, name: str, format: str) -> None:
    put(local, f"SELECT * FROM (VALUES (1, 5, 'u'), (2, 6, 'v')) t(id, {quoted(name)}, w)")
    convert(local, "data/o", format=format, partition_columns=[name])
    assert sorted(local.rows("o", f"SELECT id, {quoted(name)}, w FROM $table")) == [(1, 5, "u"), (2, 6, "v")]


@pytest.mark.parametrize(
    ("select", "message"),
    [
        (
            'SELECT 1 AS id, 2 AS "_k"',
            "EngineError: Column _k cannot be partitioned by: readers pass over folders whose names begin so. "
            "Rename it.",
        ),
        (
            'SELECT 1 AS id, 2 AS "*"',
            "EngineError: Column * cannot be partitioned by: to DuckDB it means all columns. Rename it.",
        ),
        (
            "SELECT 1 AS id, [1, 2] AS k",
            "EngineError: Column k cannot be partitioned by: it is INTEGER[], of which no name of a folder can be "
            "made. Choose a column of numbers, dates or short texts.",
        ),
        (
            "SELECT 1 AS id, '\\xAA'::BLOB AS k",
            "EngineError: Column k cannot be partitioned by: it is BLOB, of which no name of a folder can be "
            "made. Choose a column of numbers, dates or short texts.",
        ),
        (
            "SELECT 1 AS id, 'Null' AS k",
            "EngineError: Column k has the text Null, which readers of partitions take for no value at all. "
            "Change the text, or partition by other columns.",
        ),
        (
            "SELECT 1 AS id, NULL AS k UNION ALL SELECT 2, '__HIVE_DEFAULT_PARTITION__'",
            "EngineError: Column k has the text __HIVE_DEFAULT_PARTITION__, which readers of partitions take for no "
            "value at all. Change the text, or partition by other columns.",
        ),
        (
            "SELECT 1 AS id, '' AS k",
            "EngineError: Column k has the text '', which readers of partitions take for no value at all. "
            "Change the text, or partition by other columns.",
        ),
        (
            "SELECT 1 AS id, repeat('x', 300) AS k",
            "EngineError: A folder would get too long a name: the name or a value of a partition column has more "
            "characters than the file system allows. Partition by columns of numbers, dates or short texts.",
        ),
    ],
)
def test_what_cannot_be_read_back_is_not_partitioned_by(local: Local, select: str, message: str) -> None:
    put(local, select)
    key = next(name for name in local.columns("t") if name != "id")
    assert refusal(convert, local, "data/o", format="parquet", partition_columns=[key]) == message
    assert [path.name for path in (local.root / "data").iterdir()] == ["t.parquet"]


@pytest.mark.parametrize("format", ["csv", "jsonl", "parquet"])
def test_values_of_partitions(local: Local, format: str) -> None:
    texts = [
        "a/b",
        "a=b",
        "a%2Fb",
        "a:b",
        "é",
        "日本",
        "%C3%A9",
        ".",
        "..",
        " ",
        "A",
        "a",
        "a\\b",
        "%",
        "x\ny",
        "+",
        "*",
        "[x]",
    ]
    values = ", ".join(f"({number}, '{text}')" for number, text in enumerate(texts))
    put(local, f"SELECT * FROM (VALUES {values}, (99, NULL)) t(id, k)")
    convert(local, "data/o", format=format, partition_columns=["k"])
    assert sorted(local.rows("o", "SELECT id, k FROM $table")) == [*enumerate(texts), (99, None)]
    # A number that is not one of JSON, and whole ones up to the largest.
    put(local, "SELECT * FROM (VALUES (1, 'nan'::DOUBLE, 9223372036854775807), (2, '-inf', -5)) t(id, f, k)")
    convert(local, "data/p", format=format, partition_columns=["f", "k"])
    assert sorted(local.rows("p", "SELECT id, f, k FROM $table")) == [(1, "nan", 9223372036854775807), (2, "-inf", -5)]


@pytest.mark.parametrize("format", ["csv", "parquet"])
def test_partitions_of_no_rows_keep_the_columns(local: Local, format: str) -> None:
    put(local, 'SELECT 1 AS id, 2 AS "a b" WHERE false')
    for options in ({"partitions": 3}, {"partition_columns": ["a b"]}):
        assert convert(local, "data/o", format=format, overwrite=True, **options)["rows"] == 0
        assert list(local.columns("o")) == ["id", "a b"]
        assert local.rows("o") == []


def test_more_partitions_than_memory_holds_at_once(tmp_path: Path) -> None:
    local = make(tmp_path / "project", memory_limit="150MB")
    put(local, "SELECT range AS id, range % 2000 AS k FROM range(6000)")
    manifest = convert(local, "data/o", format="csv", partition_columns=["k"])
    assert (manifest["rows"], len(manifest["files"])) == (6000, 2000)
    assert local.rows("o", "SELECT count(*), count(DISTINCT k), bool_and(id % 2000 = k) FROM $table") == [
        (6000, 2000, True)
    ]


def test_a_folder_with_files_of_others_is_not_replaced(local: Local) -> None:
    put(local, "SELECT 1 AS id")
    convert(local, "data/o", format="csv")
    local.put("data/o/.DS_Store", "")
    convert(local, "data/o", format="csv", overwrite=True)
    local.put("data/o/sub/mine.txt", "mine")
    assert refusal(convert, local, "data/o", format="csv", overwrite=True) == (
        "ConflictError: data/o holds files besides those that Mason wrote, and replacing it would delete them: "
        "sub/mine.txt. Move them away, or choose another path."
    )
    assert (local.root / "data/o/sub/mine.txt").read_text() == "mine"
    (local.root / "data/o/sub/mine.txt").unlink()
    # A note of somebody else says nothing.
    local.put(f"data/o/{NOTE}", "[1]")
    assert refusal(convert, local, "data/o", format="csv", overwrite=True) == (
        "ConflictError: data/o is a folder that Mason did not write, and replacing it would delete all that it holds. "
        "Choose another path, or delete it first."
    )


def test_a_link_that_leads_in_a_circle(local: Local) -> None:
    put(local, "SELECT 1 AS id")
    (local.root / "data/loop").symlink_to(local.root / "data/loop")
    assert refusal(convert, local, "data/loop", format="csv") == (
        "EngineError: data/loop is a link that leads in a circle. Delete it, or choose another path."
    )


def test_numbers_within_nested_values(local: Local) -> None:
    large = "12345678901234567890123456789012345678"
    put(
        local,
        f"SELECT [{large}::HUGEINT, NULL] AS l, MAP {{'k': {large}::HUGEINT}} AS m, "
        "[{'f': 'nan'::DOUBLE, 'd': 12345678901234567.89::DECIMAL(19, 2)}, NULL] AS s, NULL::DOUBLE[] AS n, 1.5 AS x",
    )
    expected = [([large, None], {"k": large}, [{"f": "NaN", "d": "12345678901234567.89"}, None], None, "1.5")]
    assert local.rows("t") == expected
    convert(local, "data/o.jsonl")
    (line,) = (local.root / "data/o.jsonl").read_text().splitlines()
    assert json.loads(line) == dict(zip("lmsnx", (*expected[0][:4], 1.5), strict=True))
    for name in ("c.csv", "x.xlsx"):
        convert(local, f"data/{name}")
        ((first, second, third, *_),) = local.rows(name)
        assert [json.loads(text) for text in (first, second, third)] == list(expected[0][:3])


def test_decimals_keep_their_digits(local: Local) -> None:
    put(
        local,
        "SELECT 123456789.0123456789::DECIMAL(28, 10) AS a, 1.12345678901234567890::DECIMAL(38, 20) AS b, "
        "12345678901.25::DECIMAL(18, 2) AS c",
    )
    for name in ("o.json", "o.xlsx"):
        convert(local, f"data/{name}")
        assert local.rows(name) == [("123456789.0123456789", "1.12345678901234567890", 12345678901.25)]


def test_what_parquet_cannot_hold(local: Local) -> None:
    put(local, "SELECT INTERVAL '1 month 3.000004 seconds' AS i, INTERVAL '-1 day' AS n")
    assert local.rows("t") == [("1 month 00:00:03.000004", "-1 day")]
    message = refusal(put, local, "SELECT 170141183460469231731687303715884105727::HUGEINT AS h")
    assert message == (
        "EngineError: Column h has a whole number of 39 digits, more than parquet holds. Write csv or jsonl instead."
    )


@pytest.mark.parametrize(
    "select",
    [
        "SELECT * FROM (VALUES (1.0::DOUBLE, 'x'), (NULL, NULL), (3, ''), (NULL, NULL)) t(a, b)",
        "SELECT * FROM (VALUES (1.0::DOUBLE), (NULL), (3)) t(a)",
        "SELECT * FROM (VALUES (TIMESTAMP '2020-01-01 23:59:59.999', TIME '23:59:59.999'), (NULL, NULL), "
        "(TIMESTAMP '2020-01-01 00:00:01.001', TIME '00:00:01.001'), "
        "(TIMESTAMP '2021-05-05 05:05:05.5', TIME '00:00:00')) t(a, b)",
    ],
    ids=["rows without values", "one column", "milliseconds"],
)
def test_spreadsheets_hold_all_rows_and_times(local: Local, select: str) -> None:
    put(local, select)
    convert(local, "data/o.xlsx")
    assert local.rows("o") == local.rows("t")
    assert local.columns("o") == local.columns("t")


def test_times_finer_than_a_spreadsheet_tells_are_text(local: Local) -> None:
    put(local, "SELECT TIMESTAMP '2020-01-01 23:59:59.999999' AS a, TIME '23:59:59.999999' AS b")
    convert(local, "data/o.xlsx")
    assert local.rows("o") == [("2020-01-01 23:59:59.999999", "23:59:59.999999")]


@pytest.mark.parametrize("content", [{"a.csv": "id,File_Path\n1,p\n"}, {"file_path=1/a.csv": "id\n1\n"}])
def test_merge_adds_no_second_path(local: Local, content: dict[str, str]) -> None:
    for name, text in content.items():
        local.put(f"data/m/{name}", text)
        local.put(f"data/m/{name.replace('a.csv', 'b.csv')}", "id\n2\n")
    taken = "File_Path" if "a.csv" in content else "file_path"
    table = local.metastore.get_table("data", "m", schema=False)
    assert refusal(local.execution.merge, table, output="data/o.parquet", extract_paths=True) == (
        f"ConflictError: The files of table m in database data have a column {taken} already, so extract_paths cannot "
        "add one. Leave extract_paths out, or rename the column."
    )
    job = local.execution.merge(table, output="data/o.parquet")
    assert isinstance(job, Job)
    assert job.result["rows"] == 2


def test_a_full_disk_is_said_without_names_of_temporary_files() -> None:
    error = duckdb.IOException('IO Error: Could not write file "/p/.mason-11a5.tmp": No space left on device')
    assert str(explain(error, str)) == (
        "The disk is full, so nothing was written. Make room on it, or write to another one."
    )
