"""What is written is what is in the files: by pyarrow, polars, csv, json and openpyxl, which know nothing of Mason."""

from __future__ import annotations

import csv
import datetime
import gzip
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars
import pyarrow
import pyarrow.dataset
import pyarrow.parquet
import pytest

from mason.engines.models import Job
from tests.clients.conftest import Local, refusal

# A type, what is written, its type in the file by pyarrow, and its value there.
TRAVELLERS = [
    ("sum(v)::HUGEINT FROM (VALUES (9007199254740993), (1)) t(v)", "decimal128(38, 0)", Decimal(9007199254740994)),
    ("12345678901234567890123::UHUGEINT", "decimal128(38, 0)", Decimal(12345678901234567890123)),
    ("18446744073709551615::UBIGINT", "uint64", 18446744073709551615),
    ("'10:30:00.5'::TIME", "time64[us]", datetime.time(10, 30, 0, 500000)),
    ("'10:30:00.123456789'::TIME_NS", "string", "10:30:00.123456789"),
    ("'10:30:00+02'::TIMETZ", "string", "10:30:00+02"),
    ("'2024-01-05 10:30:00'::TIMESTAMP_S", "timestamp[us]", datetime.datetime(2024, 1, 5, 10, 30)),
    ("'2024-01-05 10:30:00.5'::TIMESTAMP_MS", "timestamp[us]", datetime.datetime(2024, 1, 5, 10, 30, 0, 500000)),
    ("INTERVAL '1 month 2 days 3.000001 seconds'", "string", "1 month 2 days 00:00:03.000001"),
    ("'6ba7b810-9dad-11d1-80b4-00c04fd430c8'::UUID", "string", "6ba7b810-9dad-11d1-80b4-00c04fd430c8"),
    ("'x'::ENUM('x', 'y')", "string", "x"),
    ("'0101'::BIT", "string", "0101"),
    ("[1, NULL]::INTEGER[2]", "list<element: int32>", [1, None]),
    ("{'h': [5::HUGEINT], 'u': NULL::UUID}", "struct<h: list<element: decimal128(38, 0)>, u: string>", None),
]


@pytest.mark.parametrize(("value", "kind", "expected"), TRAVELLERS)
def test_types_of_parquet_that_every_reader_knows(local: Local, value: str, kind: str, expected: Any) -> None:
    select = value if " FROM " in value else f"{value}"
    manifest = write(
        local, f"SELECT {select.replace(' FROM', ' AS v FROM', 1)}" + ("" if " FROM " in value else " AS v")
    )
    table = pyarrow.parquet.read_table(local.root / "data/o.parquet")
    assert str(table.schema.field("v").type) == kind
    values = [expected if expected is not None else {"h": [Decimal(5)], "u": None}]
    assert table.column("v").to_pylist() == values
    assert polars.read_parquet(local.root / "data/o.parquet")["v"].to_list() == values
    assert manifest["schema"] == [{"name": "v", "type": local.columns("o")["v"]}]


INFINITE = "infinity is a far day or an error to Spark, polars and pyarrow; write NULL or text instead"


@pytest.mark.parametrize(
    ("value", "note"),
    [
        ("'10:30'::TIME", "Spark reads no TIME; cast it to VARCHAR for Spark"),
        (
            "[{'t': '2024-01-05'::TIMESTAMP_NS}]",
            "Spark reads no TIMESTAMP_NS; cast it to TIMESTAMP or VARCHAR for Spark",
        ),
        ("'{}'::JSON", "polars reads JSON as bytes; cast it to VARCHAR for polars"),
        ("'-infinity'::DATE", INFINITE),
        ("unnest(['2024-01-05'::TIMESTAMPTZ, 'infinity'])", INFINITE),
        ("INTERVAL 1 DAY", "INTERVAL is written as text, because parquet has no such type"),
        ("'10:30:00+02'::TIMETZ", "TIME WITH TIME ZONE is written as text, because parquet has no such type"),
    ],
)
def test_the_answer_says_which_type_does_not_travel(local: Local, value: str, note: str) -> None:
    job = local.execution.query(f"SELECT {value} AS v, 1 AS id", output="data/o.parquet")
    assert isinstance(job, Job)
    assert job.result["notes"] == [f"column v: {note}"]
    assert job.logs == (f"column v: {note}", f"Wrote {job.result['rows']} rows to data/o.parquet")
    assert "notes" not in write(local, f"SELECT {value} AS v, 1 AS id", "data/o.csv")


def write(local: Local, sql: str, output: str = "data/o.parquet", **options: Any) -> dict[str, Any]:
    """The manifest of the rows of a statement."""
    job = local.execution.query(sql, output=output, overwrite=True, **options)
    assert isinstance(job, Job)
    return dict(job.result)


def test_more_digits_than_parquet_holds(local: Local) -> None:
    assert refusal(write, local, "SELECT 170141183460469231731687303715884105727::HUGEINT AS v") == (
        "EngineError: Column v has a whole number of 39 digits, more than parquet holds. Write csv or jsonl instead."
    )


TEXTS = ["x", "Köln", "日本", "a b/c", "01", "%41", "nul", "{}", "#", "é=ü", "x\ny", " "]


@pytest.mark.parametrize("format", ["csv", "jsonl", "parquet"])
def test_partitions_as_pyarrow_and_polars_read_them(local: Local, format: str) -> None:
    rows = [*enumerate(TEXTS), (99, None)]
    values = ", ".join(f"({number}, {'NULL' if text is None else repr(text)})" for number, text in rows)
    values = values.replace("\\n", "\n")
    local.execution.query(f"SELECT * FROM (VALUES {values}) t(id, key)", output="data/t.parquet")
    table = local.metastore.get_table("data", "t")
    job = local.execution.format(table, output="data/o", format=format, partition_columns=["key"])
    assert isinstance(job, Job)
    kind = {"jsonl": "json"}.get(format, format)
    key = pyarrow.dataset.partitioning(pyarrow.schema([("key", pyarrow.string())]), flavor="hive")
    found = pyarrow.dataset.dataset(local.root / "data/o", format=kind, partitioning=key).to_table().to_pylist()
    assert sorted((row["id"], row["key"]) for row in found) == rows
    assert sorted(local.rows("o", "SELECT id, key FROM $table")) == rows
    if format == "parquet":
        pattern, schema = local.root / "data/o/**/*.parquet", {"key": polars.String}
        frame = polars.read_parquet(pattern, hive_partitioning=True, hive_schema=schema)
        assert sorted(frame.select("id", "key").rows()) == rows


def test_texts_of_partitions_that_look_like_numbers_are_told(local: Local) -> None:
    local.put("data/t.csv", "id,month\n1,01\n2,12\n")
    table = local.metastore.get_table("data", "t")
    job = local.execution.format(table, output="data/o", format="parquet", partition_columns=["month"])
    assert isinstance(job, Job)
    assert job.result["notes"] == [
        "column month: texts such as '01' name folders, of which Spark and polars make numbers unless they are told "
        "that they are texts"
    ]
    assert sorted(local.rows("o")) == [(1, "01"), (2, "12")]


def test_a_line_of_csv_is_never_empty(local: Local) -> None:
    told = (
        "EngineError: Column v has no value in some rows, and would be alone in the file: their lines would be empty, "
        "which readers pass over. Write jsonl or parquet instead, or a second column."
    )
    assert refusal(write, local, "SELECT unnest([1, NULL]) AS v", "data/o.csv") == told
    write(local, "SELECT unnest(['', 'x']) AS v", "data/o.csv")
    assert local.rows("o") == [("",), ("x",)]


NASTY = [
    "",
    "x\ny",
    "x\r\ny",
    'say "hi"',
    "a,b",
    "\n\n",
    "\r",
    " x",
    "NULL",
    "\ufeffx",
    None,
    "1e5",
    "007",
    "#1",
    "\t",
    "'",
]


@pytest.mark.parametrize(
    "name", ["o.csv", "o.csv.gz", "o.csv.zst", "o.tsv", "o.json", "o.jsonl.gz", "o.jsonl.zst", "o.xlsx"]
)
def test_texts_of_all_kinds_are_counted_and_come_back(local: Local, name: str) -> None:
    (local.root / "data").mkdir()
    texts = NASTY
    pyarrow.parquet.write_table(
        pyarrow.table({"id": range(len(texts)), "t": texts, "u": texts[::-1]}), local.root / "data/t.parquet"
    )
    manifest = write(local, "SELECT * FROM data.t", f"data/{name}")
    assert manifest["rows"] == len(texts)
    rows = [(number, text, texts[-1 - number]) for number, text in enumerate(texts)]
    assert local.rows("o.xlsx" if name == "o.xlsx" else "o") == rows
    if name != "o.xlsx" and not name.endswith("zst"):
        # The csv module tells no empty text from none.
        plain = rows if "json" in name else [(number, one or "", other or "") for number, one, other in rows]
        assert elsewhere(local.root / "data" / name) == plain


def test_cells_as_openpyxl_reads_them(local: Local) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    texts = [" x ", "\n", " ", "a\tb\rc", "<&>\"'", "x", "日本"]
    values = ", ".join(f"{literal(text)} AS c{index}" for index, text in enumerate(texts))
    select = (
        f'{values}, 5 AS " n\n", NULL AS "<e>", -0.5 AS f, 1e300::DOUBLE AS d, 1.10::DECIMAL(20, 2) AS m, '
        "DATE '2024-02-29' AS y, TIMESTAMP '1999-12-31 23:59:59.123' AS t, TIME '10:30:15' AS k, true AS b"
    )
    write(local, f"SELECT {select}", "data/o.xlsx")
    header, row = openpyxl.load_workbook(local.root / "data/o.xlsx").active.iter_rows(values_only=True)
    assert header == (*(f"c{index}" for index in range(7)), " n\n", "<e>", "f", "d", "m", "y", "t", "k", "b")
    day, moment = datetime.datetime(2024, 2, 29), datetime.datetime(1999, 12, 31, 23, 59, 59, 123000)
    assert row == (*texts, 5, None, -0.5, 1e300, 1.1, day, moment, datetime.time(10, 30, 15), True)
    before = (local.root / "data/o.xlsx").read_bytes()
    write(local, f"SELECT {select}", "data/o.xlsx")
    assert (local.root / "data/o.xlsx").read_bytes() == before


def test_texts_of_cells_that_look_escaped(local: Local) -> None:
    write(local, "SELECT '_x0041_' AS \"_x0042_\", '_x005F_' AS b", "data/o.xlsx")
    assert local.columns("o") == {"_x0042_": "VARCHAR", "b": "VARCHAR"}
    assert local.rows("o") == [("_x0041_", "_x005F_")]


def test_cells_below_ones_without_a_value(local: Local) -> None:
    select = "SELECT range AS id, if(range = 5, NULL, range) AS n, if(range = 9, NULL, DATE '2024-01-05') AS d "
    write(local, f"{select} FROM range(5000)", "data/o.xlsx")
    found = local.rows("o", "SELECT id FROM $table WHERE n IS DISTINCT FROM id OR d IS DISTINCT FROM DATE '2024-01-05'")
    assert found == [(5.0,), (9.0,)]


def literal(text: str) -> str:
    """A text as SQL."""
    return "'" + text.replace("'", "''") + "'"


def elsewhere(path: Path) -> list[tuple[Any, ...]]:
    """The rows of a file by Python's own modules."""
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    if ".json" in path.name:
        records = map(json.loads, content.splitlines()) if "jsonl" in path.name else json.loads(content)
        return [tuple(record.values()) for record in records]
    lines = csv.reader(content.decode().splitlines(keepends=True), delimiter="\t" if path.suffix == ".tsv" else ",")
    return [(int(number), *texts) for number, *texts in list(lines)[1:]]


def test_fractions_of_many_digits_in_json(local: Local) -> None:
    values = "0.5::DECIMAL(18,18) AS a, '0.123456789012345678'::DECIMAL(18,18) AS b, [-0.25::DECIMAL(38,38)] AS c"
    write(local, f"SELECT {values}", "data/o.jsonl")
    expected = {"a": 0.5, "b": ".123456789012345678", "c": [-0.25]}
    assert json.loads((local.root / "data/o.jsonl").read_text()) == expected
