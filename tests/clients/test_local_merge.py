"""Merging files whose schemas drifted apart: the lattice, the plan, and the rows."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

from mason.clients._tables.merging import Merged, merge
from mason.engines.models import Job, Rows, Table
from mason.errors import ConflictError
from tests.clients.conftest import Local, refusal


@pytest.mark.parametrize(
    ("one", "other", "common"),
    [
        ("TINYINT", "INTEGER", "INTEGER"),
        ("INTEGER", "BIGINT", "BIGINT"),
        ("UINTEGER", "USMALLINT", "UINTEGER"),
        ("UINTEGER", "INTEGER", "BIGINT"),
        ("UBIGINT", "TINYINT", "HUGEINT"),
        ("UHUGEINT", "TINYINT", "DOUBLE"),
        ("BIGINT", "DOUBLE", "DOUBLE"),
        ("INTEGER", "FLOAT", "DOUBLE"),
        ("DECIMAL(10,2)", "DECIMAL(12,1)", "DECIMAL(13,2)"),
        ("DECIMAL(10,2)", "BIGINT", "DECIMAL(21,2)"),
        ("DECIMAL(38,30)", "BIGINT", "DOUBLE"),
        ("DECIMAL(10,2)", "DOUBLE", "DOUBLE"),
        ("DATE", "TIMESTAMP", "TIMESTAMP"),
        ("DATE", "TIMESTAMP_S", "TIMESTAMP"),
        ("TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMP_NS"),
        ("VARCHAR", "ENUM('a', 'b')", "VARCHAR"),
        ("", "BLOB", "BLOB"),
        ("", "", "VARCHAR"),
        ("VARCHAR", "BIGINT", None),
        ("TIMESTAMP", "TIMESTAMP WITH TIME ZONE", None),
        ("BOOLEAN", "INTEGER", None),
        ("STRUCT(a INTEGER)", "STRUCT(b INTEGER)", None),
        ("DATE", "BIGINT", None),
    ],
)
def test_lattice(one: str, other: str, common: str | None) -> None:
    for files in ([("a", (("x", one),)), ("b", (("x", other),))], [("a", (("x", other),)), ("b", (("x", one),))]):
        (text,) = merge(files, title="t", allow_text=True)
        assert text.type == (common or "VARCHAR")
        if common is None:
            with pytest.raises(ConflictError):
                merge(files, title="t", allow_text=False)
        else:
            assert merge(files, title="t", allow_text=False)[0].type == common


def test_the_plan_says_what_changes() -> None:
    files = [
        ("a.csv", (("id", "BIGINT"), ("n", "VARCHAR"))),
        ("b.csv", (("id", "DOUBLE"), ("n", "VARCHAR"))),
        ("c.csv", (("id", "BIGINT"), ("n", ""), ("new", "DATE"))),
    ]
    assert merge(files, title="t", allow_text=False) == [
        Merged("id", "DOUBLE", "widened from BIGINT (a.csv, c.csv)"),
        Merged("n", "VARCHAR"),
        Merged("new", "DATE", "added where it is missing (it is in c.csv)"),
    ]


def table(local: Local) -> Table:
    return local.metastore.get_table("data", "t", schema=False)


def merged(local: Local, output: str, **options: Any) -> dict[str, Any]:
    job = local.execution.merge(table(local), output=output, **options)
    assert isinstance(job, Job)
    return dict(job.result)


DRIFTED = {
    "csv": [b"id,n,day\n1,x,2013-01-01\n", b"n,id\ny,2.5\n", b"id,day,more\n3,2013-01-02 10:00:00,z\n"],
    "jsonl": [
        b'{"id": 1, "n": "x", "day": "2013-01-01"}\n',
        b'{"n": "y", "id": 2.5}\n',
        b'{"id": 3, "day": "2013-01-02 10:00:00", "more": "z"}\n',
    ],
}
MERGED = [
    (1.0, "x", "2013-01-01T00:00:00", None),
    (2.5, "y", None, None),
    (3.0, None, "2013-01-02T10:00:00", "z"),
]


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet", "xlsx"])
def test_files_of_all_formats(local: Local, form: str) -> None:
    for index in range(3):
        local.put(f"made/{index}.csv", DRIFTED["csv"][index])
        name = f"data/t/{index}.{form}"
        if form in DRIFTED:
            local.put(name, DRIFTED[form][index])
        else:
            made = local.metastore.get_table("made", f"{index}")
            local.execution.format(made, output=name)
    plan = local.execution.plan_merge(table(local))
    assert isinstance(plan, Rows)
    assert [(row[0], row[1]) for row in plan.rows] == [
        ("id", "DOUBLE"),
        ("n", "VARCHAR"),
        ("day", "TIMESTAMP"),
        ("more", "VARCHAR"),
    ]
    manifest = merged(local, "data/o.parquet")
    assert manifest["rows"] == 3
    assert sorted(local.rows("o")) == MERGED
    assert merged(local, "data/o", format="csv")["rows"] == 3
    assert sorted(local.rows("o/", "SELECT id FROM $table")) == [(1.0,), (2.5,), (3.0,)]


def test_what_cannot_be_widened(local: Local) -> None:
    local.put("data/t/a.csv", "id,n,Name\n1,2,x\n")
    local.put("data/t/b.csv", "id,n,name\nx,3,y\n")
    told = (
        "ConflictError: The files of table t in database data cannot be merged: columns Name and name differ in upper "
        "and lower case only; column id: BIGINT in a.csv, VARCHAR in b.csv. Change the files, or pass allow_text to "
        "make them text."
    )
    assert refusal(local.execution.plan_merge, table(local)) == told
    assert refusal(merged, local, "o.csv") == told
    local.put("data/t/b.csv", "id,n\nx,3\n")
    assert merged(local, "data/o.csv", allow_text=True)["rows"] == 2
    assert sorted(local.rows("o")) == [("1", 2, "x"), ("x", 3, None)]


def test_nothing_to_merge(local: Local) -> None:
    local.put("data/t/a.csv", "id\n1\n")
    assert refusal(local.execution.plan_merge, table(local)) == (
        "ConflictError: Nothing to merge: table t in database data is one file. Use table format to write it otherwise."
    )


def test_paths_of_files(local: Local) -> None:
    for form in ("csv", "jsonl", "parquet", "xlsx"):
        for name in ("a", "b"):
            local.execution.query("SELECT 1 AS id", output=f"data/t/{name}.{form}", overwrite=True)
        merged(local, f"data/o.{form}.csv", extract_paths=True)
        assert sorted(local.rows(f"o.{form}.csv")) == [(1, f"data/t/a.{form}"), (1, f"data/t/b.{form}")]
        for name in ("a", "b"):
            (local.root / f"data/t/{name}.{form}").unlink()


def test_partitions_stay_columns(local: Local) -> None:
    local.put("data/t/year=2013/a.csv", "id\n1\n")
    local.put("data/t/year=2014/a.csv", "id,n\n2,x\n")
    merged(local, "data/o.csv")
    assert sorted(local.rows("o")) == [(1, None, 2013), (2, "x", 2014)]


def test_dates_widen_to_times(local: Local) -> None:
    local.put("data/t/a.csv", "day\n2013-01-25\n2013-01-26\n")
    local.put("data/t/b.csv", "day\n2013-02-01 10:00:00\n")
    merged(local, "data/o.parquet")
    assert sorted(local.rows("o")) == [
        ("2013-01-25T00:00:00",),
        ("2013-01-26T00:00:00",),
        ("2013-02-01T10:00:00",),
    ]


def test_the_same_as_an_independent_union(local: Local) -> None:
    (local.root / "data/t").mkdir(parents=True)
    for index, kind in enumerate(("INTEGER", "BIGINT", "DOUBLE")):
        extra = ", hash(i) AS h" if index else ""
        rows = f"range({index * 1000}, {index * 1000 + 1000}) r(i)"
        sql = f"SELECT CAST(i AS {kind}) AS i, i::VARCHAR AS t{extra} FROM {rows}"
        duckdb.sql(f"COPY ({sql}) TO '{local.root}/data/t/{index}.parquet'")
    merged(local, "data/o.parquet")
    union = f"SELECT * FROM read_parquet('{local.root}/data/t/*.parquet', union_by_name=true)"
    both = f"(SELECT * FROM '{local.root}/data/o.parquet')"
    assert duckdb.sql(f"({union}) EXCEPT ALL {both}").fetchall() == []
    assert duckdb.sql(f"{both} EXCEPT ALL ({union})").fetchall() == []


@pytest.mark.parametrize("ending", ["csv", "json", "parquet"])
def test_big_whole_numbers_are_not_rounded_in_merges(local: Local, ending: str) -> None:
    local.execution.query("SELECT 9007199254740993 AS n", output=f"data/t/a.{ending}")
    local.execution.query("SELECT 1.5::DOUBLE AS n", output=f"data/t/b.{ending}")
    table = local.metastore.get_table("data", "t", schema=False)
    told = refusal(local.execution.merge, table, output="out.parquet")
    assert "a." in told
    assert "9007199254740993" in told
    assert not (local.root / "out.parquet").exists()
